"""What pins cost, and what moves of single leads would: the best objectives with and without, less one another."""

from dataclasses import replace
from time import monotonic

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.solve import solved
from leadopt.errors import Infeasible, SolverFailed
from leadopt.matching import Status
from leadopt.solvers import Near
from leadopt.solvers.base import checked_time_limit
from leadopt.tables.cells import Id

_TIME_S = 10.0
_MOST_PAIRS = 100  # leads x reps up to which a solve for a move takes 15 to 100 ms: 25 x 4 under hours, bands, accounts
_NOTHING = 1e-11  # of the objective: what sums of gains are rounded by


def pin_costs(plan: Answered, time_limit_s: float | None = _TIME_S) -> dict[Id, float]:
    """Return what each pin costs: how much removing it alone would add. NaN where that is not known.

    Where limits nest, it is read off the plan, exactly. Under other limits each pin takes a solve, and is not known if
    time is over first, or the search for a better plan without it does not end. What a pin costs a plan that is not
    proven best (`Plan.is_best`) is never known: what it is less is not known either.

    Parameters
    ----------
    time_limit_s
        seconds for all such solves together; inf or None = no limit

    Raises
    ------
    InvalidInput
        the limit is no positive number
    """
    limit_s = checked_time_limit(time_limit_s)
    costs, until_s = known_pin_costs(plan), monotonic() + (np.inf if limit_s is None else limit_s)
    if plan.exchange is not None or not plan.is_best:
        return costs
    return {lead: _solved_again(plan, lead, until_s) for lead in costs}


def known_pin_costs(plan: Answered) -> dict[Id, float]:
    """Return the same without another solve."""
    pinned = np.flatnonzero(plan.case.problem.pins >= 0).tolist()
    if not pinned:
        return {}
    exchange = plan.exchange
    saved = [np.nan if exchange is None else -float(exchange.move_costs(lead).min()) for lead in pinned]
    return {plan.case.lead_ids[lead]: max(cost, 0.0) for lead, cost in zip(pinned, saved, strict=True)}


def _solved_again(plan: Answered, lead_id: Id, until_s: float) -> float:
    left_s = until_s - monotonic()
    if left_s <= 0:
        return float("nan")
    found = solved(_without(plan.case, lead_id), near=_near(plan), clock=Clock(left_s))
    if found.status is Status.FEASIBLE:
        return float("nan")
    return max(0.0, found.objective - plan.certificate.objective)


def _near(plan: Answered) -> Near:
    prices, limit_prices = plan.capacity_prices, plan.limit_prices_of_problem
    return Near(prices=prices, limit_prices=limit_prices, rep_of_lead=plan.rep_of_lead)


def _without(case: Case, lead_id: Id) -> Case:
    pins = case.problem.pins.copy()
    pins[case.members(case.lead(lead_id))] = -1
    return replace(case, problem=case.problem.replace(pins=pins))


def costs_of_moves(plan: Answered, lead: int, reps: Ints) -> Floats | None:
    r"""Return what the plan would lose if a lead had to go to each of some reps, all else rearranged at its best.

    .. math:: cost_j = z(plan) - \max \{ z(x) : x_{lead, j} = 1 \}

    float64 (len(reps),), inf where no plan allows it, NaN where a search for the best such plan did not end. Where
    limits nest, it is read off the residual graph (`Exchange`). Under other limits every rep takes a solve with a pin,
    which is made for up to 100 pairs of leads and reps. None for more, and for a plan that is not known to be the best;
    `Plan.what_if(pins=...)` says then what a move comes to.
    """
    if plan.exchange is not None:
        return np.asarray(plan.exchange.move_costs(lead)[reps])
    if not plan.is_best or plan.case.problem.n_leads * plan.case.problem.n_reps > _MOST_PAIRS:
        return None
    return np.array([_cost_of_move(plan, lead, rep) for rep in reps.tolist()], dtype=np.float64)


def _cost_of_move(plan: Answered, lead: int, rep: int) -> float:
    case = plan.case
    if rep == int(plan.rep_of_lead[lead]):
        return 0.0
    pins = case.problem.pins.copy()
    pins[case.members(lead)] = rep
    try:
        found = Clock().solve(case.problem.replace(pins=pins), "what a move costs", near=_near(plan))
    except Infeasible:
        return np.inf
    except SolverFailed:
        return np.nan
    if found.status is Status.FEASIBLE:
        return np.nan
    cost = plan.certificate.objective - found.objective
    return cost if abs(cost) > _NOTHING * max(abs(found.objective), abs(found.bound)) else 0.0
