"""What a newcomer quota costs, in all and for each newcomer."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.matching import Match, Status
from leadopt.solvers import Near
from leadopt.tables.cells import Id
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import number


@dataclass(frozen=True, slots=True, kw_only=True)
class NewcomerCost:
    """A newcomer's part of the cost.

    Parameters
    ----------
    leads, leads_without
        with the quota and without
    gain, gain_without
        expected, with the quota and without
    cost
        part of the whole cost, in proportion to how much the quota changes the rep's number of leads; where it changes
        nobody's, to equal parts
    """

    leads: int
    leads_without: int
    gain: float
    gain_without: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class QuotaCost(Result):
    """What the limits of a newcomer quota cost, in the unit of the plan.

    Parameters
    ----------
    total
        what the best plan without them is worth more
    uncertain
        by how much that can be wrong, as neither plan needs to be the very best; 0 where both are known to be
    unit
        "deals", "value", ...
    newcomers
        by rep id
    """

    total: float
    uncertain: float
    unit: str
    newcomers: dict[Id, NewcomerCost]

    def summary(self) -> str:
        """Return the whole cost in one sentence."""
        unsure = f", give or take {number(self.uncertain)}" if self.uncertain else ""
        return f"The quota costs {number(self.total)} {self.unit}{unsure}."

    @property
    def cells(self) -> Cells:
        """Headers and rows, one for each newcomer, for people."""
        headers = ["rep", "leads", "without quota", f"expected {self.unit}", "without quota", "costs"]
        return headers, [
            [str(rep), str(one.leads), str(one.leads_without)]
            + [number(amount) for amount in (one.gain, one.gain_without, one.cost)]
            for rep, one in self.newcomers.items()
        ]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(tables=[self.cells])


def quota_cost(plan: Answered) -> QuotaCost | None:
    r"""Return what the newcomer quota costs: the same decision is solved again without its limits.

    .. math:: cost = objective(\text{without the quota}) - objective(\text{with it}) \ge 0

    Its minimums and its ceiling on hot leads are lifted; protected leads stay protected, and the ramp stays. None where
    the plan has no such limits.

    Notes
    -----
    Takes as long as the plan did.
    """
    case, found = plan.case, plan.certificate
    kept = tuple(limit for limit in case.problem.limits if not limit.kind.is_newcomer_quota)
    if len(kept) == len(case.problem.limits):
        return None
    known = Near(rep_of_lead=plan.rep_of_lead)  # an answer that is allowed without the quota, too
    free = Clock().solve(case.problem.replace(limits=kept), "what the quota costs", near=known)
    lacks = 0.0 if plan.is_best else found.bound - found.objective
    lacks_without = 0.0 if free.status is not Status.FEASIBLE else free.bound - free.objective
    total = max(0.0, free.objective - found.objective)
    return QuotaCost(
        total=total,
        uncertain=max(lacks, lacks_without, 0.0),
        unit=case.unit,
        newcomers=_each(case, plan.rep_of_lead, free, total),
    )


def _each(case: Case, answer: Ints, free: Match, total: float) -> dict[Id, NewcomerCost]:
    leads, gains = _received(case, answer)
    leads_without, gains_without = _received(case, free.rep_of_lead)
    new = np.flatnonzero(case.newcomer)
    moved = np.abs(leads - leads_without)[new].astype(np.float64)
    part = moved / moved.sum() if moved.any() else np.full(len(new), 1 / max(1, len(new)))
    return {
        case.rep_ids[rep]: NewcomerCost(
            leads=int(leads[rep]),
            leads_without=int(leads_without[rep]),
            gain=float(gains[rep]),
            gain_without=float(gains_without[rep]),
            cost=total * share,
        )
        for rep, share in zip(new.tolist(), part.tolist(), strict=True)
    }


def _received(case: Case, answer: Ints) -> tuple[Ints, Floats]:
    placed, m = np.flatnonzero(answer >= 0), case.problem.n_reps
    gains = case.problem.affinity.at(placed, answer[placed])
    leads = np.bincount(answer[placed], minlength=m).astype(np.int64)
    return leads, np.bincount(answer[placed], weights=gains, minlength=m).astype(np.float64)
