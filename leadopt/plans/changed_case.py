"""A case in which something is changed: slots, limits, pins, who is away."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.owners import owners_first, without_owner_notes
from leadopt.decision.sharing.even_share import evenly_shared, unshared
from leadopt.errors import InvalidInput, did_you_mean, enumerate_some
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.presolved.proven import proven
from leadopt.problem.problem import Limit
from leadopt.tables.cells import is_number

_MOST_SLOTS = 2**62  # no load comes near
_BOUNDS = ("lower", "upper", "penalty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A case after a change.

    Parameters
    ----------
    case
        as it is then
    limit_prices
        float64 (n_limits of that case,), those of the plan for the limits that stayed, 0 for new ones
    place
        of each of its limits among those of the case before, -1 = new
    notes
        what was changed, in words
    """

    case: Case
    limit_prices: Floats
    place: tuple[int, ...]
    notes: tuple[str, ...]


def bound_by_prices(change: Change, prices: Floats, lead_prices: Floats | None) -> float:
    """Return what no answer to the changed case exceeds, by prices that were right before the change."""
    nobody = np.full(change.case.problem.n_leads, -1, dtype=np.int64)
    return proven(change.case.problem, nobody, prices, change.limit_prices, lead_prices).bound - change.case.credit


def changed(
    case: Case,
    limit_prices: Floats,
    *,
    capacity: Mapping[Any, int],
    without: Collection[str],
    away: Collection[Any],
    limits: "Mapping[str, Limit | Mapping[str, float | None]]",
    pins: Mapping[Any, Any],
    clock: Clock | None = None,
) -> Change:
    """Return the case after a change; see `Plan.what_if` for what each part means."""
    slots, slot_notes = _slots(case, capacity)
    gone, gone_notes = _meant(case, without)
    absent = _absent(case, away)
    slots[absent] = 0
    kept = [(k, limit) for k, limit in enumerate(case.problem.limits) if k not in gone and _is_said(case, limit)]
    kept, away_notes = _without_minimums(case, kept, absent)
    kept, limit_notes = _with_limits(case, kept, limits)
    pinned, pin_notes = _pins(case, pins)
    slots += _slots_of_other_hours(case, kept, absent)
    problem = case.problem.replace(capacity=slots, limits=tuple(limit for _, limit in kept), pins=pinned)
    away_now = case.away.copy()
    away_now[absent] = True
    away_now[[case.rep(rep) for rep in capacity if slots[case.rep(rep)] > 0]] = False
    notes = (*slot_notes, *gone_notes, *away_notes, *limit_notes, *pin_notes)
    after, place = replace(case, problem=problem, away=away_now), [k for k, _ in kept]
    if _means_even_share(case, without):
        after = replace(after, assumed=None, problem=unshared(problem, np.where(after.away, 0.0, 1.0)))
        case = replace(case, assumed=None)
    assumed = None if capacity or case.assumed is None else case.assumed.copy()  # capacities are said then
    after = _owners_left(case, after, gone, limits)
    if after.owned is not None:
        after, place = _owners_anew(case, after, place, assumed, absent, clock)
    if assumed is not None:
        after = evenly_shared(after, clock, away=absent)
    place += [-1] * (len(after.problem.limits) - len(place))
    return Change(
        case=replace(after, notes=(*after.notes, *(f"what if: {note}" for note in notes))),
        limit_prices=np.array([limit_prices[k] if k >= 0 else 0.0 for k in place], dtype=np.float64),
        place=tuple(place),
        notes=notes,
    )


def _owners_left(case: Case, after: Case, gone: Collection[int], limits: Mapping[Any, Any]) -> Case:
    """Return the case with the owners who still come first: none where a change leaves that out, or sets it itself."""
    before = {k: limit for k, limit in enumerate(case.problem.limits) if limit.kind is LimitKind.OWNER}
    names = case.limit_names()
    if case.owned is None or not before:
        return after
    set_anew = {k for name in limits for k in _called(case, names, name)[:1]}
    if set(before) <= set(gone) or set_anew & set(before):
        return replace(after, owned=None, notes=without_owner_notes(after.notes))
    reps = [limit.of for k, limit in before.items() if k in gone and isinstance(limit.of, int)]
    return replace(after, owned=case.owned.without(reps))


def _owners_anew(
    before: Case, case: Case, place: Sequence[int], assumed: Floats | None, absent: Sequence[int], clock: Clock | None
) -> tuple[Case, list[int]]:
    """Return the case with as many leads with their owner as can be then, and the place of each limit before."""
    problem = case.problem
    rest = [at for at, limit in enumerate(problem.limits) if limit.kind is not LimitKind.OWNER]
    bare = problem.replace(limits=[problem.limits[at] for at in rest])
    if assumed is not None:
        assumed[absent] = 0.0
        bare = unshared(bare, assumed)
    fresh = owners_first(replace(case, problem=bare), clock or Clock())
    had = {limit.of: k for k, limit in enumerate(before.problem.limits) if limit.kind is LimitKind.OWNER}
    new = [had.get(limit.of, -1) for limit in fresh.problem.limits[len(rest) :]]
    notes = (*without_owner_notes(case.notes), *fresh.notes[len(case.notes) :])
    return replace(fresh, notes=notes), [*(place[at] for at in rest), *new]


def _is_said(case: Case, limit: Limit) -> bool:
    """Return whether a limit stays as it is: what is assumed is assumed anew after a change."""
    return case.assumed is None or limit.kind is not LimitKind.EVEN_SHARE


def _slots(case: Case, capacity: Mapping[Any, int]) -> tuple[Ints, list[str]]:
    slots, notes = case.problem.capacity.copy(), []
    for rep_id, more in _mapping("capacity", capacity, "rep id -> more slots (or fewer, below 0)").items():
        rep = case.rep(rep_id)
        if isinstance(more, bool) or not isinstance(more, Integral):
            raise InvalidInput(
                f"capacity of {rep_id!r}: must be a whole number of slots, more or fewer; found {more!r}"
            )
        if int(slots[rep]) + int(more) < 0:
            raise InvalidInput(
                f"capacity of {rep_id!r}: has {slots[rep]} slots, so {int(more)} is too many to take away"
            )
        if int(slots[rep]) + int(more) > _MOST_SLOTS:
            raise InvalidInput(f"capacity of {rep_id!r}: must be at most {_MOST_SLOTS:,} slots; found {more!r} more")
        slots[rep] += int(more)
        notes.append(f"{int(more):+d} slot{'s' * (abs(int(more)) != 1)} for {rep_id}")
    return slots, notes


def _slots_of_other_hours(case: Case, limits: Sequence[tuple[int, Limit]], absent: Sequence[int]) -> Ints:
    """Return how many slots more or fewer reps have whose slots follow from hours that are changed, int64 (n_reps,)."""
    if case.hours is None or not case.hours.alone:
        return np.zeros(case.problem.n_reps, dtype=np.int64)
    before, now = (_hours(case, some) for some in (case.problem.limits, [limit for _, limit in limits]))
    more = case.hours.most_in(now) - case.hours.most_in(before)
    more[case.away] = 0
    more[list(absent)] = 0
    return more


def _hours(case: Case, limits: Sequence[Limit]) -> Floats:
    """Return how many hours limits leave each rep, float64 (n_reps,)."""
    left = np.full(case.problem.n_reps, np.inf)
    for limit in limits:
        if limit.kind is LimitKind.HOURS:
            left[limit.reps] = limit.upper
    return left


def _meant(case: Case, without: Collection[str]) -> tuple[set[int], list[str]]:
    """Return the limits that are meant, by their exact name or by their kind, and what they are, in words."""
    names, kinds = case.limit_names(), [limit.kind for limit in case.problem.limits]
    gone: set[int] = set()
    notes = []
    for wanted in _collection("without", without):
        if _means_even_share(case, [wanted]):  # whose limit is never kept
            notes.append("without an even share")
            continue
        exact = [] if isinstance(wanted, LimitKind) else _called(case, names, wanted)
        meant = {wanted} if isinstance(wanted, LimitKind) else LimitKind.called(str(wanted))
        found = exact or [k for k, kind in enumerate(kinds) if kind in meant]
        if not found:
            known = dict.fromkeys([*names, *kinds])
            none = "" if known else "; the plan has none"
            raise InvalidInput(f"without: no limit is called {str(wanted)!r}{did_you_mean(str(wanted), known)}{none}")
        gone.update(found)
        notes.append(f"without {names[found[0]] if len(found) == 1 else f'{len(found)} limits ({wanted})'}")
    return gone, notes


def _means_even_share(case: Case, without: Collection[str]) -> bool:
    """Return whether the even share is to be left out that is assumed where nobody names a capacity."""
    return case.assumed is not None and any(
        LimitKind.called(str(wanted)) == {LimitKind.EVEN_SHARE} for wanted in without
    )


def _called(case: Case, names: Sequence[str], wanted: object) -> list[int]:
    """Return the limits that are shown by a name; else those whose own name it is, shown with a number behind."""
    shown = [k for k, name in enumerate(names) if name == wanted]
    return shown or [k for k, limit in enumerate(case.problem.limits) if limit.name == wanted]


def _absent(case: Case, away: Collection[Any]) -> list[int]:
    return [case.rep(rep) for rep in _collection("away", away)]


def _without_minimums(
    case: Case, limits: list[tuple[int, Limit]], absent: Sequence[int]
) -> tuple[list[tuple[int, Limit]], list[str]]:
    """Return the limits without the minimums on those who are away, each on its own, and what was dropped."""
    names, left, dropped = case.limit_names(), [], []
    for k, limit in limits:
        alone = limit.reps is not None and len(limit.reps) > 0 and set(limit.reps.tolist()) <= set(absent)
        if alone and limit.lower > 0:
            dropped.append(names[k])
        left.append((k, replace(limit, lower=0.0) if alone and limit.lower > 0 else limit))
    notes = [f"{case.rep_ids[rep]} away" for rep in absent]
    if dropped:
        notes[-1] += f" (nothing is asked of them any more by {enumerate_some(dropped)})"
    return left, notes


def _with_limits(
    case: Case, limits: list[tuple[int, Limit]], changes: "Mapping[str, Limit | Mapping[str, float | None]]"
) -> tuple[list[tuple[int, Limit]], list[str]]:
    """Return the limits with some bounds changed, and new ones added."""
    result, notes = list(limits), []
    changes = _mapping("limits", changes, "limit name -> new bounds, or a Limit")
    names, left = case.limit_names(), {k: at for at, (k, _) in enumerate(limits)}
    place = {name: left[k] for name in changes for k in _called(case, names, name)[:1] if k in left}
    for name, change in changes.items():
        if isinstance(change, Limit):
            item = (-1, replace(change, name=name))
            if name in place:
                result[place[name]] = (limits[place[name]][0], item[1])
            else:
                result.append(item)
            notes.append(f"with {name}: {_bounds(item[1])}")
            continue
        if name not in place:
            raise InvalidInput(
                f"limits: no limit is called {name!r}{did_you_mean(str(name), [names[k] for k in left])}"
            )
        k, limit = result[place[name]]
        result[place[name]] = (k, replace(limit, **_new_bounds(name, change)))
        notes.append(f"{name}: {_bounds(result[place[name]][1])}")
    return result, notes


def _new_bounds(name: str, change: Any) -> Mapping[str, Any]:
    bounds = _mapping(f"limits of {name!r}", change, "lower, upper or penalty -> number")
    for key, value in bounds.items():
        if key not in _BOUNDS:
            raise InvalidInput(f'limits of {name!r}: unknown key "{key}"{did_you_mean(str(key), _BOUNDS)}')
        if not (is_number(value) or (value is None and key == "penalty")):
            raise InvalidInput(f"limits of {name!r}: {key} must be a number; found {value!r}")
    return bounds


def _pins(case: Case, pins: Mapping[Any, Any]) -> tuple[Ints, list[str]]:
    pinned, notes = case.problem.pins.copy(), []
    for lead_id, rep_id in _mapping("pins", pins, "lead id -> rep id, or None to remove a pin").items():
        lead = case.lead(lead_id)
        rep = -1 if rep_id is None else case.rep(rep_id)
        members = case.members(lead)
        if rep >= 0 and np.isneginf(case.problem.affinity.at(members, np.full(len(members), rep))).any():
            raise InvalidInput(f"pins: lead {lead_id!r} may not go to rep {rep_id!r}: not eligible")
        pinned[members] = rep
        notes.append(f"{lead_id} not pinned" if rep < 0 else f"{lead_id} pinned to {rep_id}")
    return pinned, notes


def _mapping(name: str, given: Any, meaning: str) -> Mapping[Any, Any]:
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{name}: must be a dict, {meaning}; found {type(given).__name__}")
    return given


def _collection(name: str, given: Any) -> Collection[Any]:
    if isinstance(given, str | Mapping) or not isinstance(given, Collection):
        raise InvalidInput(f"{name}: must be a list of names; found {given!r}")
    return given


def _bounds(limit: Limit) -> str:
    soft = "" if limit.penalty is None else f", penalty {limit.penalty:g}"
    return (
        f"{limit.lower:g} to {limit.upper:g}{soft}" if np.isfinite(limit.upper) else f"at least {limit.lower:g}{soft}"
    )
