"""Why a lead stays in the pool, as a code, a sentence and the smallest change that would place it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.decision.case import Case
from leadopt.errors import enumerate_some
from leadopt.plans.why_unassigned.barriers import Pool, Ways, ways_to
from leadopt.plans.why_unassigned.remedies import change, droppable, lower_reserve, passing_all, room_for, then_room
from leadopt.plans.why_unassigned.too_large import Need, need_of
from leadopt.plans.why_unassigned.wording import limits_at, names_of
from leadopt.problem.problem import ROUNDING
from leadopt.tables.cells import Id
from leadopt.tables.text import number


class Reason(Enum):
    """Why a lead was not given to anybody; the value is the code in tables and JSON."""

    NO_ELIGIBLE_REP = "no_eligible_rep"
    EXCLUDED_BY_RULE = "excluded_by_rule"
    ALL_AWAY = "all_away"
    ALL_FULL = "all_full"
    TOO_LARGE = "too_large"
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
    changes
        the remedies that are changes of capacities, limits or pins, each as arguments of `Plan.what_if`: each alone
        leads to a best plan that places the lead (where others gain just as much, to one that places them instead)
    """

    lead_id: Id
    reason: Reason
    because: str
    remedy: str
    changes: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)


def why_unassigned(pool: Pool, lead: int) -> Unassigned:
    """Return why a lead is in the pool, and what would place it."""
    case = pool.case
    members, reserve = case.members(lead), case.problem.reserve
    if len(members) > 1:  # all go to one rep, or none
        reserve *= len(members)
    gains = case.gains.of(members).sum(axis=0)
    eligible = np.isfinite(gains)
    if not eligible.any():
        return _no_rep(pool, lead)
    present = eligible & ~case.away
    if not present.any():
        names = names_of(case, np.flatnonzero(eligible), "and")
        return _because(case, lead, Reason.ALL_AWAY, f"everyone eligible is away: {names}", f"wait for {names}")
    best = float(gains[present].max())
    if best <= reserve:
        return _below_reserve(pool, lead, np.where(present, gains, -np.inf))
    gaining = np.flatnonzero(present & (gains > reserve))
    ways = ways_to(pool, lead, gaining, gains[gaining])
    return _too_large(pool, lead, ways) or _no_room(pool, lead, ways)


def _below_reserve(pool: Pool, lead: int, gains: Floats) -> Unassigned:
    """Return the reason of a lead that gains nothing above the reserve; -inf = who cannot have it."""
    case, best, rep = pool.case, float(gains.max()), int(np.argmax(gains))
    n = len(case.members(lead))  # who stays with it counts too
    reserve, lower = number(case.problem.reserve * n), lower_reserve(pool, lead, gains, n)
    if n == 1 and case.unit == "value" and case.gains.scale[lead] == 0:
        because = f"its value is 0, so that it gains nothing with anybody, and the reserve is {reserve}"
        remedy = f"{lower}; or fill in its value, and leave it empty where it is not known"
        return _because(case, lead, Reason.BELOW_RESERVE, because, remedy)
    because = f"its best gain, {number(best)} with {case.rep_ids[rep]}, is not above the reserve of {reserve}"
    return _because(case, lead, Reason.BELOW_RESERVE, because, lower)


def _no_rep(pool: Pool, lead: int) -> Unassigned:
    case = pool.case
    verdicts = [rule.allowed[rule.kind_of_lead[lead]] for rule in case.rules]
    described = [allowed for rule, allowed in zip(case.rules, verdicts, strict=True) if not rule.excludes]
    fitting = passing_all(described, case.problem.n_reps)
    if fitting.any() and len(described) < len(verdicts):
        reps = np.flatnonzero(fitting)
        because = f"the only reps who fit are excluded: {names_of(case, reps, 'and')}"
        remedy = f"remove the exclusion of {names_of(case, reps, 'or')}{then_room(pool, lead, reps)}"
        return _because(case, lead, Reason.EXCLUDED_BY_RULE, because, remedy)
    if not case.rep_ids:
        return _because(case, lead, Reason.NO_ELIGIBLE_REP, "there are no reps", "add a rep")
    asks = [rule.words[rule.kind_of_lead[lead]] for rule in case.rules]
    failing = [ask for ask, allowed in zip(asks, verdicts, strict=True) if not allowed.all()]
    if not failing:
        because = "no rep is eligible by the given affinity"
        return _because(case, lead, Reason.NO_ELIGIBLE_REP, because, "give it a gain with some rep")
    because = f"no rep meets: {'; '.join(failing)}"
    drops = droppable(pool, lead)
    remedy = (
        " or ".join(
            f'drop the rule "{ask}" for this lead (then {names_of(case, reps, "or")} could take it)'
            f"{then_room(pool, lead, reps)}"
            for ask, reps in drops[:1]
        )
        or "give a rep what the lead asks for, or drop these rules for it"
    )
    return _because(case, lead, Reason.NO_ELIGIBLE_REP, because, remedy)


def _no_room(pool: Pool, lead: int, ways: Ways) -> Unassigned:
    """Return the reason of a lead that somebody could gain from; `ways` are to these reps, the cheapest first."""
    case = pool.case
    if len(case.members(lead)) > 1:
        return _no_room_together(pool, lead, ways)
    if ways.is_open.any():
        free = names_of(case, ways.rep[ways.is_open], "or")
        because = "this method found nobody for it"
        return _because(case, lead, Reason.LEFT_BY_METHOD, because, f"{free} could take it")
    if ways.full.all():
        because = f"all eligible reps are full: {names_of(case, ways.rep, 'and')}"
    else:
        held = ways.rep[~ways.full]
        names = limits_at(pool, ways, held)
        because = f"{names_of(case, held, 'and')} can take no more under: {names}"
    remedies, changes = room_for(pool, lead, ways)
    return _because(case, lead, Reason.ALL_FULL, because, "; or ".join(remedies), changes)


def _no_room_together(pool: Pool, lead: int, ways: Ways) -> Unassigned:
    """Return the reason of a lead that stays with others: room for all is needed, and prices prove nothing of it."""
    case, first = pool.case, ways.at(0)
    n = len(case.members(lead))
    all_of_them = f"all {n} leads of its {case.policy.together or 'group'}"
    if ways.is_open.any():
        free = names_of(case, ways.rep[ways.is_open], "or")
        return _because(
            case, lead, Reason.LEFT_BY_METHOD, f"this plan leaves out {all_of_them}", f"{free} could take them"
        )
    limits, names = pool.answer.limit_names, limits_at(pool, ways, ways.rep[~ways.full])
    under = f" under: {names}" if names else ""
    room = int(case.problem.capacity[first.rep] - pool.answer.n_leads_of_rep[first.rep])
    more = [f"{n - room} more slot{'s' * (n - room != 1)}"] if first.full else []
    more += [f"room under {enumerate_some([limits[k] for k in first.short], 3)}"] if first.short else []
    remedy = f"give {case.rep_ids[first.rep]} {' and '.join(more)}, or more where other leads gain more there"
    because = f"{names_of(case, ways.rep, 'and')} cannot take {all_of_them}{under}"
    return _because(case, lead, Reason.ALL_FULL, because, f"{remedy}; or let its leads go one by one")


def _too_large(pool: Pool, lead: int, ways: Ways) -> Unassigned | None:
    """Return the reason of a lead that is too large for every rep even if nobody had anything else; None if it fits."""
    case, needs = pool.case, list[Need]()
    for rep in ways.rep.tolist():
        need = need_of(pool.answer, lead, rep)
        if need.beyond <= ROUNDING * need.has:
            return None
        needs.append(need)
    least = min(needs)
    who, lead_id, takes, has = case.rep_ids[least.rep], case.lead_ids[lead], number(least.takes), number(least.has)
    others = ", and no other rep can take it either" if len(needs) > 1 else ""
    if least.name:
        because = f"lead {lead_id} alone takes {takes} of {least.name}, which allows {has}{others}"
        remedy = f"split it, or raise {least.name} to {takes} or more"
    elif len({need.takes for need in needs}) == 1:
        because = f"lead {lead_id} takes {takes} hours, and nobody eligible has more than {has} ({who})"
        remedy = f"split it, or give {who} {takes} hours or more"
    else:  # each at a pace of one's own
        because = f"lead {lead_id} takes {takes} hours of {who}, who has {has}{others}"
        remedy = f"split it, or give {who} {takes} hours or more"
    way = ways.at(int(np.flatnonzero(ways.rep == least.rep)[0]))
    changes = [change(pool, way)] if way.short else []
    return _because(case, lead, Reason.TOO_LARGE, because, remedy, changes)


def _because(
    case: Case, lead: int, reason: Reason, because: str, remedy: str, changes: Sequence[Mapping[str, Any]] = ()
) -> Unassigned:
    return Unassigned(
        lead_id=case.lead_ids[lead], reason=reason, because=because, remedy=remedy, changes=tuple(changes)
    )
