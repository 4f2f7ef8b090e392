"""What would place a lead: room where it is next in line, else much room, a pin, the end of a rule, a lower reserve."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.case import Case
from leadopt.errors import enumerate_some
from leadopt.plans.why_unassigned.barriers import Pool, Way, Ways, ways_to
from leadopt.plans.why_unassigned.wording import loosen, names_of
from leadopt.problem.problem import ROUNDING
from leadopt.tables.text import number


def lower_reserve(pool: Pool, lead: int, gains: Floats, n: int) -> str:
    """Return how low the reserve must be for the best gain with somebody who has room, else the room it takes too."""
    reps = np.flatnonzero(np.isfinite(gains))
    ways = ways_to(pool, lead, reps, gains[reps])
    if ways.is_open.any():
        return f"lower the reserve below {number(float(ways.gain[ways.is_open].max()) / n)}"
    best = ways.at(int(np.argmax(ways.gain)))
    room = loosen(pool, best) if n == 1 else f"make room for {n} leads at {pool.case.rep_ids[best.rep]}"
    return f"lower the reserve below {number(best.gain / n)} and {room}, or more where other leads gain more there"


def room_for(pool: Pool, lead: int, ways: Ways) -> tuple[list[str], list[Mapping[str, Any]]]:
    r"""Return what would place the lead: room where it is next in line, else much room, a pin, the end of a rule.

    It is next in line where it gains as much as the room it needs is worth, :math:`gain_{ij} - reserve \ge \sum price`:
    no answer could make more of that room.
    """
    case = pool.case
    noise = 1e-9 * float(np.abs(ways.gain).max())
    places = np.flatnonzero(ways.gain - ways.price >= case.problem.reserve - noise)
    if next_in_line := [way for way in map(ways.at, places.tolist()) if not _own_come_first(pool, lead, way)]:
        remedies, changes = [_room_at(pool, next_in_line)], [change(pool, way) for way in next_in_line]
    else:
        remedies, changes = _beside_others(pool, lead, ways)
    return [*remedies, *_open_by_rule(pool, lead)], changes


def _own_come_first(pool: Pool, lead: int, way: Way) -> bool:
    """Return whether room there goes to leads of its owners first: what_if places as many of them as can be anew."""
    owned, limits = pool.case.owned, pool.case.problem.limits
    if owned is None:
        return False
    waiting = (owned.owner >= 0) & (pool.answer.rep_of_lead != owned.owner)
    waiting[pool.case.members(lead)] = False
    reps = np.unique(owned.owner[waiting])
    held = [reps if (chosen := limits[k].reps) is None else np.intersect1d(reps, chosen) for k in way.short]
    return bool((reps == way.rep).any()) or any(len(found) > 0 for found in held)


def _room_at(pool: Pool, ways: Sequence[Way]) -> str:
    """Return the room that would do, slots of several reps in one phrase."""
    slots = [way.rep for way in ways if way.full and not way.short][:3]
    phrases = [f"one more slot for {names_of(pool.case, np.array(slots), 'or')}"] if slots else []
    held = [way for way in ways if way.short][: 3 - len(slots)]
    return "; or ".join(dict.fromkeys([*phrases, *(loosen(pool, way) for way in held)]))


def change(pool: Pool, way: Way) -> Mapping[str, Any]:
    """Return the room at one rep as arguments of `Plan.what_if`."""
    names, limits = pool.answer.limit_names, pool.case.problem.limits
    # A hair more than is lacking, lest rounding leaves the lead outside; a limit that counts leads stays whole.
    bounds = {
        names[k]: {
            "upper": limits[k].upper
            + (lacks if limits[k].counts_leads else lacks + ROUNDING * (limits[k].upper + lacks))
        }
        for k, lacks in way.short.items()
    }
    room: dict[str, Any] = {"limits": bounds} if bounds else {}
    return room | ({"capacity": {pool.case.rep_ids[way.rep]: 1}} if way.full else {})


def _beside_others(pool: Pool, lead: int, ways: Ways) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Return the remedies of a lead that others are ahead of: much room, or a pin at its cost."""
    case, first = pool.case, ways.at(0)
    ahead = "its own leads come first there" if _own_come_first(pool, lead, first) else "other leads gain more there"
    if first.short:
        more = f"{loosen(pool, first)}, by more than one lead takes, as {ahead}"
    else:
        nearest = [rep for rep in ways.rep[:2].tolist() if not ways.barriers.held[rep]]
        names = names_of(case, np.array(nearest), "or")
        more = f"several more slots for {names}{_caps_then(pool, lead, first)}, as {ahead}"
    if pool.answer.exchange is None:
        return [more], []
    costs = pool.answer.exchange.move_costs(lead)[ways.rep]
    cheapest = int(np.argmin(costs))
    if not np.isfinite(costs[cheapest]):
        return [more], []
    rep = case.rep_ids[ways.rep[cheapest]]
    pin = f"pin it to {rep}, which costs {number(float(costs[cheapest]))}"
    return [more, pin], [{"pins": {case.lead_ids[lead]: rep}}]


def _caps_then(pool: Pool, lead: int, way: Way) -> str:
    """Return the limits that would hold next where a rep gets several more slots, in words."""
    answer, limits = pool.answer, pool.case.problem.limits
    around = pool.case.limits_around(lead, way.rep, answer.limits_of_reps[way.rep])
    next_ = [
        k
        for k, takes in around.items()
        if limits[k].penalty is None
        and np.isfinite(limits[k].upper)
        and limits[k].upper - float(answer.used[k]) < 2.0 * takes
    ]
    return f" and more room under {enumerate_some([answer.limit_names[k] for k in next_], 3)}" if next_ else ""


def then_room(pool: Pool, lead: int, reps: Ints) -> str:
    """Return what else it takes where a rule is not all that bars a lead from these reps."""
    case = pool.case
    there = reps[~case.away[reps]]
    if not len(there):
        return f" and wait for {names_of(case, reps, 'or')}, who {'is' if len(reps) == 1 else 'are'} away"
    gains = _would_gain(case, lead, there)
    if (gains <= case.problem.reserve).all():
        return f" and lower the reserve below {number(float(gains.max()))}"
    ways = ways_to(pool, lead, there, gains)
    if (ways.is_open & ~(ways.gain <= case.problem.reserve)).any():
        return ""
    nearest = ways.at(0)
    if np.isnan(nearest.gain):
        return f" and make room: {loosen(pool, nearest)}, or more where other leads gain more there"
    ahead = nearest.gain - nearest.price < case.problem.reserve
    return f" and {loosen(pool, nearest)}{', by more than one lead takes, as others gain more there' if ahead else ''}"


def _open_by_rule(pool: Pool, lead: int) -> list[str]:
    """Return the rule whose end alone would place a lead with somebody who has room, where its gain is known."""
    case = pool.case
    for ask, reps in droppable(pool, lead):
        room = _with_room(pool, lead, reps)
        room = room[_would_gain(case, lead, room) > case.problem.reserve]
        if len(room):
            return [f'drop the rule "{ask}" for this lead (then {names_of(case, room, "or")} could take it)']
    return []


def droppable(pool: Pool, lead: int) -> list[tuple[str, Ints]]:
    """Return each rule that alone bars some reps, in words, with these reps; rules that open a way come first."""
    case, found = pool.case, []
    verdicts = [rule.allowed[rule.kind_of_lead[lead]] for rule in case.rules]
    for k, rule in enumerate(case.rules):
        others = passing_all([allowed for other, allowed in enumerate(verdicts) if other != k], case.problem.n_reps)
        if len(reps := np.flatnonzero(others & ~verdicts[k])):
            found.append((rule.words[rule.kind_of_lead[lead]], reps))
    return sorted(found, key=lambda item: not len(_with_room(pool, lead, item[1])))


def _with_room(pool: Pool, lead: int, reps: Ints) -> Ints:
    """Return which of some reps are there and could take a lead right away."""
    case = pool.case
    return np.asarray(reps[pool.barriers(lead).is_open[reps] & ~case.away[reps]])


def _would_gain(case: Case, lead: int, reps: Ints) -> Floats:
    """Return what a lead would gain with reps that a rule bars it from; NaN where the gains were given."""
    if case.evidence is not None:
        chance = case.evidence.estimates.probability[case.evidence.segment_of_lead[lead], reps]
        return np.asarray(chance * case.gains.scale[lead])
    return np.full(len(reps), np.nan if case.unit == "gain" else case.gains.scale[lead])


def passing_all(masks: Sequence[Bools], n_reps: int) -> Bools:
    """Return which reps pass all of some masks, bool (n_reps,)."""
    return np.asarray(np.logical_and.reduce([np.ones(n_reps, dtype=bool), *masks]))
