r"""What acts of people cost the whole plan: a lead that goes elsewhere, a rep who is away.

A move costs what the plan is worth less the best one in which the lead is where a person puts it, all else rearranged:

.. math:: cost_{ij} = z(plan) - \max \{ z(x) : x_{ij} = 1 \}

Where limits nest and the plan is proven best, the residual graph says it exactly, without solving (`Exchange`). Else
the plan's prices bound it from below: with :math:`r` the gains less prices, :math:`u_i = \max_j r_{ij}` and :math:`B`
the bound by these prices, no allowed answer with the pair exceeds :math:`B - (u_i - r_{ij})`, so

.. math:: cost_{ij} \ge z(plan) - B + u_i - r_{ij}

A solve with a pin, if there is time for it, bounds it from above, and closes the gap where it is proven too.
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.errors import Infeasible, NoPlanFound
from leadopt.plans.plan import Plan
from leadopt.tables.text import number

_POOL = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an act costs the plan, in its unit.

    Parameters
    ----------
    at_least, at_most
        between which it is; equal where it is known exactly, inf where no plan allows it. Below 0 where the plan is not
        the best, or a pin that cost something goes
    unit
        of gains
    """

    at_least: float
    at_most: float
    unit: str

    @property
    def exact(self) -> bool:
        """Whether it is known exactly."""
        return self.at_least == self.at_most

    def told(self) -> dict[str, float | bool | None]:
        """Return it as plain data; what has no bound is None."""
        ends = {"at_least": self.at_least, "at_most": self.at_most}
        return {"exact": self.exact, **{name: end if np.isfinite(end) else None for name, end in ends.items()}}

    def __str__(self) -> str:
        if self.exact:
            return "no plan allows it" if np.isinf(self.at_least) else f"{number(self.at_least)} {self.unit}"
        least = f"at least {number(self.at_least)}" if self.at_least > -np.inf else "nobody knows how little"
        return f"{least} {self.unit}" + (f", at most {number(self.at_most)}" if np.isfinite(self.at_most) else "")


def move_cost(plan: Plan, lead: int, rep: int, *, time_limit_s: float | None = 0.0) -> Cost:
    """Return what it costs to put a lead with another rep: an override at review, a claim, a transfer.

    Parameters
    ----------
    lead, rep
        indices of the plan's case; rep -1 = the pool
    time_limit_s
        for a solve with a pin, where the plan alone does not say it exactly; 0 = none is made, None = no limit

    Notes
    -----
    .03 to 1.5 ms where it is read off the plan.
    """
    if int(plan.rep_of_lead[lead]) == rep:
        return Cost(at_least=0.0, at_most=0.0, unit=plan.unit)
    if plan.exchange is not None:
        cost = float(plan.exchange.move_costs(lead)[rep])
        return Cost(at_least=cost, at_most=cost, unit=plan.unit)
    bounded = Cost(at_least=_least(plan, lead, rep), at_most=np.inf, unit=plan.unit)
    if rep == _POOL or time_limit_s == 0.0:
        return bounded
    return _pinned(plan, lead, rep, bounded, time_limit_s)


def absence_cost(plan: Plan, rep: int, *, time_limit_s: float | None = 10.0) -> Cost:
    """Return what it costs that a rep is away and gets nothing: solved anew, from the prices of the plan."""
    try:
        other = plan.what_if(away=[plan.case.rep_ids[rep]], time_limit_s=time_limit_s).plan
    except Infeasible:
        return Cost(at_least=np.inf, at_most=np.inf, unit=plan.unit)
    except NoPlanFound:
        return Cost(at_least=0.0 if plan.is_best else -np.inf, at_most=np.inf, unit=plan.unit)
    return _between(plan, other)


def _least(plan: Plan, lead: int, rep: int) -> float:
    """Return what a move costs at least, by prices alone."""
    problem, n_members = plan.case.problem, len(plan.case.members(lead))
    reduced = np.append(plan.reduced_gains(np.array([lead]))[0], n_members * problem.reserve)
    if not np.isfinite(reduced[rep]):
        return np.inf
    pin = int(problem.pins[lead])
    here = reduced.max() if pin < 0 else reduced[pin]  # what the bound counts for the lead
    return float(here - reduced[rep]) - float(plan.certificate_of_room.bound - plan.certificate.objective)


def _pinned(plan: Plan, lead: int, rep: int, known: Cost, time_limit_s: float | None) -> Cost:
    case = plan.case
    try:
        other = plan.what_if(pins={case.lead_ids[lead]: case.rep_ids[rep]}, time_limit_s=time_limit_s).plan
    except Infeasible:
        return Cost(at_least=np.inf, at_most=np.inf, unit=plan.unit)
    except NoPlanFound:
        return known
    found = _between(plan, other)
    least = found.at_least if found.exact else min(max(found.at_least, known.at_least), found.at_most)
    return replace(found, at_least=least)


def _between(plan: Plan, other: Plan) -> Cost:
    """Return what the best of some other plans is worth less, of which one is known: exact where that is the best."""
    most = float(plan.objective - other.objective)
    least = most if other.is_best else min(most, float(plan.objective - other.bound))
    return Cost(at_least=least, at_most=most, unit=plan.unit)
