"""What room is worth: what one more slot or one more unit of a limit adds, exactly where that is known, else at most.

A price says what more room adds at most, and that only of an answer that is proven best. What another answer lacks to
the bound may be gained as well by whoever solves again. Where limits nest, what one more slot adds is known exactly: a
price may stand for a slot that a band beside it keeps empty.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.problem.certify import OPTIMAL_GAP
from leadopt.problem.fitting import fitting
from leadopt.problem.presolved.proven import proven
from leadopt.problem.problem import ROUNDING, Limit
from leadopt.problem.together import contraction_of
from leadopt.tables.text import number

_MOST_PAIRS = 20_000_000  # of which all moves are compared: 160 MB
_NOTHING = 1e-14  # of the objective: what sums of gains are rounded by
_FEW_PAIRS = 20_000  # up to which a bound is worked out anew for each rep and limit
_QUICK, _FEW_REPS = 500_000, 200  # pairs and reps up to which that takes no longer than a table may


class Adds(NamedTuple):
    """What more room adds: so much if `exact`, else so much at most."""

    amount: float
    exact: bool = False

    def __str__(self) -> str:
        if self.exact:
            return number(self.amount) if self.amount else "nothing"
        return f"{number(self.amount)} at most"


def one_more_slot(plan: Answered, rep: int) -> Adds:
    """Return what one more slot of a rep adds: nothing for one who is away."""
    return _one_more(plan, rep, None)


def _one_more(plan: Answered, rep: int, next_ones: Floats | None) -> Adds:
    if plan.case.away[rep]:
        return Adds(0.0, exact=True)
    problem, price = plan.case.problem, _slot_price(plan, rep)
    if _groups_are_too_large(plan):
        return _no_more(_bounded_anew(plan, True, capacity=_with_slot(plan, rep)))
    at_most = more_room(plan, price)
    if not at_most.amount or not problem.limits:
        return Adds(at_most.amount, exact=plan.certificate_of_room.optimal)
    if problem.n_leads * problem.n_reps > _MOST_PAIRS:
        return _at_most(plan, rep, price)
    if plan.exchange is None:
        found = next_in_line(plan) if next_ones is None else next_ones
        return _at_most(plan, rep, min(price, float(found[rep])))
    adds = min(at_most.amount, plan.exchange.slot_gain(rep))
    return Adds(adds if adds > _NOTHING * abs(plan.objective) else 0.0, exact=True)


def _slot_price(plan: Answered, rep: int) -> float:
    """Return the price of one more slot: of all that a group takes where it is the last of them, and else of none."""
    price, whole = float(plan.capacity_prices[rep]), contraction_of(plan.case.problem)
    if whole is None:
        return price
    slots = int(plan.case.problem.capacity[rep])
    return price * whole.unit * ((slots + 1) // whole.unit - slots // whole.unit)


def next_in_line(plan: Answered) -> Floats:
    r"""Return what one more slot of each rep adds at most at the others' prices, float64 (n_reps,).

    With the price of one rep left open and all others as they are, the dual function of c slots is, over
    :math:`t \ge 0`,

    .. math:: \sum_i u_i + \sum_i \max(0, a_i - t) + c t,

    with u_i what lead i gains elsewhere, prices paid, and a_i by how much more it would gain here. Its minimum is the
    sum of the c largest of those a_i that are positive, so one slot more adds the next one of them at most. A price
    may be any number from there to the one before, and has no upper end where a rep has no slots.
    """
    problem, prices = plan.case.problem, plan.capacity_prices
    if problem.together is not None or not problem.n_reps:
        return np.full(problem.n_reps, np.inf)
    pins, found = problem.pins, np.zeros(problem.n_reps)
    free = np.flatnonzero(pins < 0)
    gains = plan.reduced_gains(free)
    best = gains.argmax(axis=1) if len(free) else np.zeros(0, dtype=np.int64)
    rows = np.arange(len(free))
    first = gains[rows, best]
    gains[rows, best] = -np.inf
    second = gains.max(axis=1, initial=-np.inf)
    gains[rows, best] = first
    for rep in range(problem.n_reps):
        elsewhere = np.maximum(np.where(best == rep, second, first), problem.reserve)
        here = gains[:, rep] + prices[rep]
        with np.errstate(invalid="ignore"):
            more = np.where(np.isneginf(here), -np.inf, here - elsewhere)
        place = int(problem.capacity[rep]) - int((pins == rep).sum())  # pinned leads take their slots first
        if place < len(more):
            found[rep] = np.inf if place < 0 else max(0.0, float(np.sort(more)[::-1][place]))
    return found


def _at_most(plan: Answered, rep: int, price: float) -> Adds:
    """Return what one more slot of such a price adds at most, which is never more than the best lead of the rep.

    Whoever has the best answer with that slot can give it back with its lead: what is left needs no slot more.
    """
    room, best = more_room(plan, price).amount, _best_lead(plan, rep)
    anew = _bounded_anew(plan, capacity=_with_slot(plan, rep))
    return _no_more(min(room, best if plan.is_best else more_room(plan, best).amount, anew))


def _groups_are_too_large(plan: Answered) -> bool:
    """Return whether some leads that stay together need more slots than a rep has: room for them has no price."""
    whole = contraction_of(plan.case.problem)
    return whole is not None and whole.slots_are_limits and fitting(whole.problem) is not whole.problem


def _with_slot(plan: Answered, rep: int) -> Ints:
    capacity = plan.case.problem.capacity.copy()
    capacity[rep] += 1
    return capacity


def _no_more(amount: float) -> Adds:
    """Return that room adds so much at most; as it never takes anything away, none at most is nothing."""
    return Adds(amount, exact=amount == 0.0)


def _bounded_anew(plan: Answered, anyway: bool = False, **more: Any) -> float:
    """Return what more room adds at most by all prices; inf where there are none of leads, or many pairs."""
    problem = plan.case.problem
    if not anyway and (plan.lead_prices is None or problem.n_leads * problem.n_reps > _FEW_PAIRS):
        return np.inf
    roomier, prices, limit_prices = problem.replace(**more), plan.capacity_prices, plan.limit_prices_of_problem
    bound = proven(roomier, plan.rep_of_lead, prices, limit_prices, plan.lead_prices).bound
    gained = max(0.0, bound - plan.certificate.objective)
    return gained if gained > OPTIMAL_GAP * abs(bound) else 0.0


def _best_lead(plan: Answered, rep: int) -> float:
    """Return what the best lead gains with a rep beside the pool; no bound where something asks for more than slots."""
    problem = plan.case.problem
    if problem.together is not None or any(limit.lower > 0 or limit.penalty is not None for limit in problem.limits):
        return np.inf
    best = np.where(problem.pins < 0, fitting(problem).affinity.at(np.arange(problem.n_leads), rep), 0.0)
    return max(0.0, float(best.max(initial=0.0)) - problem.reserve)


def most_added(plan: Answered) -> list[float]:
    """Return what one more slot of each rep adds at most: a look at each rep beside the others, where that is quick."""
    problem, reps = plan.case.problem, range(plan.case.problem.n_reps)
    if (problem.n_leads * problem.n_reps <= _QUICK and problem.n_reps <= _FEW_REPS) or _groups_are_too_large(plan):
        found = next_in_line(plan) if problem.limits and plan.exchange is None else None
        return [_one_more(plan, rep, found).amount for rep in reps]
    prices = [_slot_price(plan, rep) for rep in reps]
    # Where there are no slots, a price has no upper end.
    most = [more_room(plan, prices[rep]) if problem.capacity[rep] else _at_most(plan, rep, prices[rep]) for rep in reps]
    return [0.0 if plan.case.away[rep] else most[rep].amount for rep in reps]


def room_in(plan: Answered, k: int, units: float = 1.0) -> Adds:
    """Return what some units more of room in a limit add, or less of its minimum where that has a price, at most.

    Where all leads take the same, they are room for whole leads alone. Where some are too large for it, they may fit
    then, which no price tells: the bound is found anew.
    """
    problem, price = plan.case.problem, float(plan.limit_prices_of_problem[k])
    limit, unit, bounded, whole = problem.limits[k], 1.0, problem, contraction_of(problem)
    if whole is not None:
        limit, unit, bounded = whole.limit(k), float(whole.units[k]), whole.problem
    end = 1 if price > 0 else 0
    reach = abs(_looser(limit, units / unit).reachable[end] - limit.reachable[end]) if price else 0.0
    all_fit = fitting(bounded) is bounded
    if all_fit and not price:
        return more_room(plan, 0.0)
    limits = [*problem.limits[:k], _looser(problem.limits[k], units), *problem.limits[k + 1 :]]
    by_price = more_room(plan, abs(price) * unit * reach).amount if all_fit else np.inf
    return _no_more(min(by_price, _bounded_anew(plan, not all_fit, limits=limits)))


def _looser(limit: Limit, by: float) -> Limit:
    return replace(limit, lower=max(limit.lower - by, 0.0), upper=limit.upper + by)


def more_room(plan: Answered, price: float) -> Adds:
    """Return what so much more room as costs `price` adds at most, whatever else is there."""
    certificate = plan.certificate_of_room
    lacking = 0.0 if certificate.optimal else max(0.0, certificate.bound - certificate.objective)
    return Adds(max(0.0, price) + lacking)


def all_known(plan: Answered) -> bool:
    """Return whether prices alone say exactly what slots add: nothing but slots holds, and the answer is proven."""
    return plan.certificate_of_room.optimal and not plan.case.problem.limits


def without_room(plan: Answered, lead: int, rep: int) -> list[tuple[str, bool]]:
    """Return the names of what has no room for a lead of another rep, as all else is, and whether they are slots.

    Where a search proves a plan, what holds a rep may have no price: half a lead would fit.
    """
    case, here = plan.case, int(plan.rep_of_lead[lead])
    full = plan.n_leads_of_rep[rep] + len(case.members(lead)) > case.problem.capacity[rep]
    found = [(f"capacity of {case.rep_ids[rep]}", True)] if full else []
    given_back = case.limits_around(lead, here, plan.limits_of_reps[here]) if here >= 0 else {}
    for k, takes in case.limits_around(lead, rep, plan.limits_of_reps[rep]).items():
        upper = case.problem.limits[k].upper
        if float(plan.used[k]) + takes - given_back.get(k, 0.0) > upper * (1.0 + ROUNDING):
            found.append((plan.limit_names[k], False))
    return found
