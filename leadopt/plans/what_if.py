"""What if a rep had more slots, a limit fell, somebody were away: the change of a case, and what comes of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any, Generic, TypeVar

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.case import Answered, Case
from leadopt.decision.clock import Clock
from leadopt.decision.owners import owners_first, without_owner_notes
from leadopt.decision.sharing.even_share import evenly_shared, unshared
from leadopt.errors import InvalidInput, did_you_mean, enumerate_some
from leadopt.problem.certify import certify
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit
from leadopt.tables.cells import Id, is_number
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import count, number

_SHOWN = 10
_SAME = 1e-12  # relative: objectives closer than this are alike
_BOUNDS = ("lower", "upper", "penalty")


P = TypeVar("P", bound=Answered)


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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WhatIf(Result, Generic[P]):
    """A plan beside the one that it would be after a change.

    Parameters
    ----------
    before, plan
        the plan as it was, and as it would be
    bound
        what the new plan could be worth at most, by the old prices alone, before it was solved
    notes
        what was changed, in words
    place
        of each limit of the new plan among those of the plan as it was, -1 = new
    """

    before: P
    plan: P
    bound: float
    notes: tuple[str, ...]
    place: tuple[int, ...]

    @property
    def change(self) -> float:
        """What the new plan is worth more, in the plan's unit."""
        return self.plan.objective - self.before.objective

    @property
    def change_at_most(self) -> float:
        """What the old prices said that it could be worth more at most."""
        return self.bound - self.before.objective

    @property
    def unproven(self) -> float:
        """What the best new plan may be worth more than that found, in the plan's unit; 0 where it is proven best."""
        if self.plan.is_best:
            return 0.0
        most = min(self.plan.certificate.bound - self.plan.case.credit, self.bound)
        return max(most - self.plan.objective, 0.0)

    @property
    def moved(self) -> Ints:
        """Indices of the leads that go elsewhere, int64."""
        return np.flatnonzero(self.before.rep_of_lead != self.plan.rep_of_lead)

    @property
    def _there(self) -> tuple[Ints, Ints, Floats, Floats]:
        """Return where the leads that go elsewhere were and will be, and what they gain there, by the same gains."""
        old, new = (answer.rep_of_lead[self.moved] for answer in (self.before, self.plan))
        was, now = (self.before.case.gains_of(self.moved, reps) for reps in (old, new))
        return old, new, was, now

    @cached_property
    def moves(self) -> Any:
        """One row per lead that goes elsewhere: id, from, to (None = pool), gain before and after, and the change.

        The same kind of table as the leads were; the greatest loss and gain come last and first.
        """
        lead_id = self.before.case.policy.columns.written[0]
        columns = {lead_id if name == "lead" else name: values for name, values in self._columns.items()}
        own = (lead_id,) if lead_id == self.before.case.policy.columns.lead_id else ()
        return self.before.like.build(columns, numbers=("gain_before", "gain_after", "change"), own=own)

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        case = self.before.case
        old, new, was, now = self._there
        order = np.argsort(was - now, kind="stable")
        return {
            "lead": [case.lead_ids[lead] for lead in self.moved[order]],
            "from": [_rep(case, rep) for rep in old[order]],
            "to": [_rep(case, rep) for rep in new[order]],
            "gain_before": was[order].tolist(),
            "gain_after": now[order].tolist(),
            "change": (now - was)[order].tolist(),
        }

    @cached_property
    def loads(self) -> Any:
        """One row per rep: leads, capacity and expected gain before and after; like the leads."""
        before, after = self.before, self.plan
        return before.like.build(
            {
                before.case.policy.columns.written[1]: list(before.case.rep_ids),
                "leads_before": before.n_leads_of_rep.tolist(),
                "leads_after": after.n_leads_of_rep.tolist(),
                "capacity_before": before.case.problem.capacity.tolist(),
                "capacity_after": after.case.problem.capacity.tolist(),
                "gain_before": before.gain_of_rep.tolist(),
                "gain_after": after.gain_of_rep.tolist(),
            }
        )

    @cached_property
    def prices(self) -> Any:
        """One row per capacity and limit: its price before and after, None where it does not exist; like the leads."""
        before, after, m = self.before, self.plan, len(self.before.case.rep_ids)
        slots = [f"capacity of {rep}" for rep in before.case.rep_ids]
        names, new = after.case.limit_names(), [at for at, k in enumerate(self.place) if k < 0]
        was = [*before.capacity_prices.tolist(), *before.limit_prices_of_problem.tolist()]
        now: list[float | None] = [*after.capacity_prices.tolist(), *[None] * (len(was) - m)]
        for at, price in enumerate(after.limit_prices_of_problem.tolist()):
            if self.place[at] >= 0:
                now[m + self.place[at]] = price
        return before.like.build(
            {
                "limit": [*slots, *before.case.limit_names(), *(names[at] for at in new)],
                "before": [*was, *(None for _ in new)],
                "after": [*now, *(float(after.limit_prices_of_problem[at]) for at in new)],
            },
            numbers=("before", "after"),
        )

    def summary(self) -> str:
        """Return what changes in one sentence."""
        unit, noise = self.plan.case.unit, _SAME * max(abs(self.before.objective), abs(self.plan.objective))
        change, at_most = (0.0 if abs(value) <= noise else value for value in (self.change, self.change_at_most))
        elsewhere = f"{count(len(self.moved), 'lead')} elsewhere{self._left_open}"
        return (
            f"{'; '.join(self.notes) or 'nothing changed'}: {'+' * (change > 0)}{number(change, 4)} {unit} "
            f"(the prices said {number(at_most, 4)} at most), {elsewhere}"
        )

    @property
    def _left_open(self) -> str:
        """Return what searches that proved nothing leave open, in words; none where both plans are proven best."""
        told = ""
        if not self.plan.is_best:
            most, unit = self.change + self.unproven, self.plan.case.unit
            told = f"; the new plan is {_below(self.plan)}: the change may be up to {'+' * (most > 0)}"
            told += f"{number(most, 4)} {unit}"
        if not self.before.is_best and not self.before.certificate.violations:
            told += f"; the plan before is {_below(self.before)}"
        return told

    @property
    def _shown(self) -> list[list[str]]:
        """Return the first moves as cells."""
        leads, old, new, was, now, _ = (values[:_SHOWN] for values in self._columns.values())
        names = [["pool" if rep is None else str(rep) for rep in reps] for reps in (old, new)]
        return [list(row) for row in zip(map(str, leads), *names, map(number, was), map(number, now), strict=True)]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        rest = len(self.moved) - _SHOWN
        more = [f"and {rest} more in .moves"] if rest > 0 else []
        if not page:
            lines = [f"{lead}: {old} -> {new}, {was} -> {now}" for lead, old, new, was, now in self._shown]
            return Parts(lines=[*lines, *more])
        table = (["lead", "from", "to", "gain before", "gain after"], self._shown)
        return Parts(tables=[table] if len(self.moved) else [], notes=[*more, str(self.plan)])

    def _told(self) -> dict[str, Any]:
        return {
            "notes": self.notes,
            "change": self.change,
            "change_at_most": self.change_at_most,
            "unproven": self.unproven,
            "before": str(self.before),
            "after": str(self.plan),
            "moves": self._columns,
        }


def _below(plan: Answered) -> str:
    return f"at most {max(0.0, plan.certificate.gap):.2%} below the best"


def bound_by_prices(change: Change, prices: Floats) -> float:
    """Return what no answer to the changed case exceeds, by prices that were right before the change."""
    nobody = np.full(change.case.problem.n_leads, -1, dtype=np.int64)
    return certify(change.case.problem, nobody, prices, change.limit_prices).bound - change.case.credit


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
    changed = {k for name in limits for k in _called(case, names, name)[:1]}
    if set(before) <= set(gone) or changed & set(before):
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
        if slots[rep] + int(more) < 0:
            raise InvalidInput(
                f"capacity of {rep_id!r}: has {slots[rep]} slots, so {int(more)} is too many to take away"
            )
        slots[rep] += int(more)
        notes.append(f"{int(more):+d} slot{'s' * (abs(int(more)) != 1)} for {rep_id}")
    return slots, notes


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


def _rep(case: Case, rep: int) -> Id | None:
    return None if rep < 0 else case.rep_ids[rep]
