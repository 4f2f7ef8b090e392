"""Why a lead stays in the pool, as a code, a sentence and the smallest change that would place it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from leadopt.case import Case
from leadopt.errors import enumerate_some
from leadopt.solvers.exchange import Exchange
from leadopt.tables import number
from leadopt.values import Id

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Reason(Enum):
    """Why a lead was not given to anybody; the value is the code in tables and JSON."""

    NO_ELIGIBLE_REP = "no_eligible_rep"
    EXCLUDED_BY_RULE = "excluded_by_rule"
    ALL_AWAY = "all_away"
    ALL_FULL = "all_full"
    BELOW_RESERVE = "below_reserve"
    LEFT_BY_METHOD = "left_by_method"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unassigned:
    """A lead in the pool.

    Parameters
    ----------
    lead_id
        the lead
    reason
        its code
    because
        the reason in a sentence
    remedy
        what would place it
    """

    lead_id: Id
    reason: Reason
    because: str
    remedy: str


def loads_of(case: Case, rep_of_lead: Ints) -> Ints:
    """Return how many leads each rep has, int64 (n_reps,)."""
    return np.bincount(rep_of_lead[rep_of_lead >= 0], minlength=case.problem.n_reps)


def why_unassigned(
    case: Case, rep_of_lead: Ints, loads: Ints, lead: int, reduced: Floats, exchange: Exchange | None
) -> Unassigned:
    """Return why a lead is in the pool.

    Parameters
    ----------
    case, rep_of_lead, lead
        the decision, the answer, and the lead in question
    loads
        int64 (n_reps,), `loads_of` the answer: many leads are asked about at once
    reduced
        float64 (n_reps,), the lead's gains less the prices of the limits it would enter
    exchange
        what moves cost; None for an answer that is not proven best
    """
    gains = case.problem.affinity.of([lead])[0]
    eligible = np.isfinite(gains)
    if not eligible.any():
        return _no_rep(case, lead)
    present = eligible & ~case.away
    if not present.any():
        names = _names(case, np.flatnonzero(eligible), "and")
        return _because(case, lead, Reason.ALL_AWAY, f"everyone eligible is away: {names}", f"wait for {names}")
    best = float(gains[present].max())
    if best <= case.problem.reserve:
        return _because(
            case,
            lead,
            Reason.BELOW_RESERVE,
            f"its best gain, {number(best)} with {case.rep_ids[int(np.argmax(np.where(present, gains, -np.inf)))]}, "
            f"is not above the reserve of {number(case.problem.reserve)}",
            f"lower the reserve below {number(best)}",
        )
    wanted = np.flatnonzero(present & (gains > case.problem.reserve))
    wanted = wanted[np.argsort(-reduced[wanted], kind="stable")]
    return _full(case, rep_of_lead, loads, lead, wanted, reduced, exchange)


def _no_rep(case: Case, lead: int) -> Unassigned:
    asks = [verdicts.words[verdicts.kind_of_lead[lead]] for verdicts in case.rules]
    verdicts = [rule.allowed[rule.kind_of_lead[lead]] for rule in case.rules]
    described = [allowed for rule, allowed in zip(case.rules, verdicts, strict=True) if not rule.excludes]
    fitting = _all_of(described, case.problem.n_reps)
    if fitting.any() and len(described) < len(verdicts):
        names = _names(case, np.flatnonzero(fitting), "and")
        return _because(
            case,
            lead,
            Reason.EXCLUDED_BY_RULE,
            f"the only reps who fit are excluded: {names}",
            f"remove the exclusion of {_names(case, np.flatnonzero(fitting), 'or')}",
        )
    if not case.rep_ids:
        return _because(case, lead, Reason.NO_ELIGIBLE_REP, "there are no reps", "add a rep")
    failing = [ask for ask, allowed in zip(asks, verdicts, strict=True) if not allowed.all()]
    if not failing:
        because = "the given affinity is -inf with every rep"
        return _because(case, lead, Reason.NO_ELIGIBLE_REP, because, "give it a gain with some rep")
    because = f"no rep meets: {'; '.join(failing)}"
    return _because(case, lead, Reason.NO_ELIGIBLE_REP, because, _mend(case, asks, verdicts))


def _mend(case: Case, asks: Sequence[str], verdicts: Sequence[Bools]) -> str:
    for k, ask in enumerate(asks):
        others = _all_of([allowed for other, allowed in enumerate(verdicts) if other != k], case.problem.n_reps)
        if others.any() and not verdicts[k].all():
            return (
                f'drop the rule "{ask}" for this lead (then {_names(case, np.flatnonzero(others), "or")} could take it)'
            )
    return "give a rep what the lead asks for, or drop these rules for it"


def _full(
    case: Case, rep_of_lead: Ints, loads: Ints, lead: int, wanted: Ints, reduced: Floats, exchange: Exchange | None
) -> Unassigned:
    """Return the reason of a lead that somebody could gain from; `wanted` are these reps, the cheapest first."""
    free = wanted[loads[wanted] < case.problem.capacity[wanted]]
    if not len(free):
        because = f"all eligible reps are full: {_names(case, wanted, 'and')}"
        return _because(case, lead, Reason.ALL_FULL, because, _room_for(case, lead, wanted, reduced, exchange))
    if binding := _binding(case, rep_of_lead, lead, free):
        because = f"{_names(case, free, 'and')} can take no more under: {enumerate_some(binding, 3)}"
        return _because(case, lead, Reason.ALL_FULL, because, f"loosen {enumerate_some(binding, 3)}")
    because = "this method found nobody for it"
    return _because(case, lead, Reason.LEFT_BY_METHOD, because, f"{_names(case, free, 'or')} could take it")


def _room_for(case: Case, lead: int, wanted: Ints, reduced: Floats, exchange: Exchange | None) -> str:
    """Return which slots would place the lead: one more where it is next in line, else more, or a pin at its cost."""
    waits = case.problem.reserve - reduced[wanted]
    noise = 1e-9 * float(np.abs(case.problem.affinity.of([lead])[0, wanted]).max())
    next_in_line = wanted[waits <= noise]
    if len(next_in_line):
        return f"one more slot for {_names(case, next_in_line[:3], 'or')}"
    more = f"several more slots for {_names(case, wanted[:2], 'or')}, as other leads gain more there"
    if exchange is None:
        return more
    costs = exchange.move_costs(lead)[wanted]
    cheapest = int(np.argmin(costs))
    if not np.isfinite(costs[cheapest]):
        return more
    return f"{more}; or pin it to {case.rep_ids[wanted[cheapest]]}, which costs {number(float(costs[cheapest]))}"


def _binding(case: Case, rep_of_lead: Ints, lead: int, reps: Ints) -> list[str]:
    """Return the limits around these pairs that are full, or that keep slots for others by their minimum."""
    found = []
    for limit, name in zip(case.problem.limits, case.limit_names(), strict=True):
        around = (limit.leads is None or lead in limit.leads) and (
            limit.reps is None or np.isin(reps, limit.reps).any()
        )
        load = case.problem.load(limit, rep_of_lead)
        if (around and load + 1 > limit.upper) or (not around and limit.lower > 0 and load <= limit.lower):
            found.append(name)
    return found


def _because(case: Case, lead: int, reason: Reason, because: str, remedy: str) -> Unassigned:
    return Unassigned(lead_id=case.lead_ids[lead], reason=reason, because=because, remedy=remedy)


def _all_of(masks: Sequence[Bools], n_reps: int) -> Bools:
    return np.asarray(np.logical_and.reduce([np.ones(n_reps, dtype=bool), *masks]))


def _names(case: Case, reps: Ints, last: str) -> str:
    names = [str(case.rep_ids[rep]) for rep in reps]
    if len(names) > 4:
        return enumerate_some(names, 3)
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nobody"
