"""What pins cost: the best objective without one, less the objective with it, all else being as it is."""

from dataclasses import replace
from time import monotonic

import numpy as np

from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.solve import solved
from leadopt.matching import Status
from leadopt.solvers import Near
from leadopt.solvers.base import checked_time_limit
from leadopt.tables.cells import Id

_TIME_S = 10.0


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
    near = Near(prices=plan.capacity_prices, limit_prices=plan.limit_prices_of_problem, rep_of_lead=plan.rep_of_lead)
    found = solved(_without(plan.case, lead_id), near=near, clock=Clock(left_s))
    if found.status is Status.FEASIBLE:
        return float("nan")
    return max(0.0, found.objective - plan.certificate.objective)


def _without(case: Case, lead_id: Id) -> Case:
    pins = case.problem.pins.copy()
    pins[case.members(case.lead(lead_id))] = -1
    return replace(case, problem=case.problem.replace(pins=pins))
