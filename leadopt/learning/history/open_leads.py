"""Leads that are open still, since when, and how long settled ones took: a history with dates, read into counts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.learning.history.outcomes import ordinal_of, reps_of, settled_as, truths
from leadopt.tables import Table
from leadopt.tables.cells import as_moment, as_outcome, is_missing
from leadopt.tables.cells.coded import Coded
from leadopt.tables.dates import check_later, is_before, is_later, latest_day
from leadopt.tables.ids import alike
from leadopt.tables.text import count, with_day

_MOST_DAYS = 50 * 365  # before the last date of a history; a date of 1900 or of year 1 says that none is known

_Groups = tuple[tuple[Coded, ...], Ints, Ints]  # leads by keys and the day they were assigned, and how many


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenLeads:
    """Open leads by group, and settled ones by how long they took.

    Parameters
    ----------
    keys
        of open leads: one column for the reps' ids and one for each other, as in `OutcomeCounts`
    assigned, count
        int64 (n_groups,): proleptic ordinals of the day they were assigned, and how many
    settled_keys
        of settled leads: those columns that may tell how long they take
    won, days, settled_count
        int64 (n_settled_groups,): 1 or 0, days from being assigned to being settled, and how many
    entry
        int64 (n_settled_groups,): age at which history tells of ends for the first time, 0 where that was earlier
    early_keys, early_assigned, early_count
        as `keys`, `assigned` and `count`, of all leads that were assigned before `first_day`, settled or open
    ended_keys, ended_assigned, ended_count
        the same of settled leads, where a history before may have had them open; else none
    first_day
        proleptic ordinal of the first day on which a lead is known to be settled: one that was settled before is not
        in the history, if that was cut there
    dates_all
        whether every settled lead has a day on which it was assigned
    last_day
        proleptic ordinal of the last day of which history tells: ages are counted to its end
    notes
        what is left out, and which day that is where it may surprise, in words
    """

    keys: tuple[Coded, ...]
    assigned: Ints
    count: Ints
    settled_keys: tuple[Coded, ...]
    won: Ints
    days: Ints
    settled_count: Ints
    entry: Ints
    early_keys: tuple[Coded, ...]
    early_assigned: Ints
    early_count: Ints
    ended_keys: tuple[Coded, ...]
    ended_assigned: Ints
    ended_count: Ints
    first_day: int
    dates_all: bool
    last_day: int
    notes: tuple[str, ...] = ()

    @property
    def age(self) -> Ints:
        """For how many days each group is open."""
        return np.asarray(self.last_day - self.assigned)


def read_open_leads(
    history: Table,
    rep: str,
    columns: Sequence[str],
    kinds: Sequence[str],
    converted: str,
    assigned: str,
    at: str,
    now: Any = None,
    *,
    n_open: int,
    before: OpenLeads | None = None,
) -> OpenLeads | None:
    """Return the open leads of a history, None where it has none, or no dates to tell how long they are open.

    Group-bys in the engine that holds the history: by outcome and each of the days, of settled leads by kind, outcome
    and how long they took, and of open ones by rep, columns and day.

    Parameters
    ----------
    history
        table with a row for each past lead
    rep, columns, converted, assigned, at
        names of columns
    kinds
        those of `columns` by which it may differ how long leads take
    now
        the day that it is. What history tells ends with the day before, or with the last day on which anything
        happened in it: if that is longer ago than anything like it, it is taken for the day of its export
    n_open
        how many rows have no outcome
    before
        leads that were open in a history before, and may be settled in this one, which is then read even if none is
        open; history tells of ends since that one does

    Raises
    ------
    InvalidInput
        where leads are open: a date cannot be read, lies in the future, or 50 years before the last one. Always: a
        lead was settled before it was assigned
    """
    if not (history.holds(assigned, "assigned_at") and at in history and history.n_rows):
        return None
    history, matters = history.judged(converted), bool(n_open) or before is not None
    try:
        dated = history.with_days(assigned).with_days(at)
    except InvalidInput:
        if matters:
            raise
        return None  # nothing depends on these dates
    if not matters:
        *_, outcomes, took, _, _ = dated.narrowed(at, assigned).grouped_spells([converted], assigned, at)
        if any(as_outcome(outcome) is not None for outcome in outcomes.take(np.flatnonzero(took < 0)).cells):
            _check_early(history, converted, assigned, at)
        return None
    outcomes, begun, _, begun_counts = dated.grouped([converted, assigned])
    ended_as, ended, *_ = dated.grouped([converted, at])
    truth_of = truths(history, converted, outcomes.cells)
    begin, end = (days.mapped(ordinal_of).numbers() for days in (begun, ended))
    settled, is_end = (settled_as(history, converted, each) >= 0 for each in (outcomes, ended_as))
    ends = end[is_end & (end >= 0)]
    _check_past(history, converted, assigned, at, now, begin, ends)
    _check_age(history, converted, assigned, at, begin, ends)
    last_day, stale = _last_day(np.unique(np.concatenate([begin[begin >= 0], ends])), now)
    first_day = int(ends.min(initial=last_day if before is None else before.first_day))
    early_days = begun.take(np.flatnonzero((begin >= 0) & (begin < first_day))).cells
    *cells, outcome_of, took, entry, times = dated.grouped_spells(
        [*kinds, converted], assigned, at, first_day if early_days else 0
    )
    ends_as = settled_as(history, converted, outcome_of)
    timed = np.flatnonzero(ends_as >= 0)
    spell, settled_count = took[timed], times[timed]
    if (spell < 0).any():
        _check_early(history, converted, assigned, at)
        spell = np.maximum(spell, 0)  # the day of one is that of its moment in UTC, and of the other that of its place
    still = dated.missing_in(
        converted, [cell for cell in outcomes.cells if cell not in truth_of and not is_missing(cell)]
    )
    open_keys, since_day, open_count = _open_groups(still, history, rep, columns, assigned)
    known = np.flatnonzero(since_day >= 0)
    undated = int(open_count.sum() - open_count[known].sum())
    untimed = int(begun_counts[settled].sum() - settled_count.sum())
    early_keys, early_assigned, early_count = _open_groups(
        dated.where(assigned, early_days), history, rep, columns, assigned
    )
    nothing = np.zeros(0, dtype=np.int64)
    later_ended: _Groups = tuple(Coded.of([]) for _ in range(1 + len(columns))), nothing, nothing
    if before is not None:
        later_ended = _ended_groups(dated, history, rep, columns, converted, assigned)
    return OpenLeads(
        keys=tuple(keys.take(known) for keys in open_keys),
        assigned=since_day[known],
        count=open_count[known],
        settled_keys=tuple(keys.take(timed) for keys in cells),
        won=ends_as[timed],
        days=spell,
        settled_count=settled_count,
        entry=entry[timed],
        early_keys=early_keys,
        early_assigned=early_assigned,
        early_count=early_count,
        ended_keys=later_ended[0],
        ended_assigned=later_ended[1],
        ended_count=later_ended[2],
        first_day=first_day,
        dates_all=bool((begin[settled] >= 0).all()),
        last_day=last_day,
        notes=(
            *stale,
            *([f"{count(undated, 'open lead')} of history without {assigned}, left out"] if undated else []),
            *(
                [f"{count(untimed, 'settled outcome')} without {assigned} or {at}: they tell of chances, not of delays"]
                if untimed
                else []
            ),
        ),
    )


def _open_groups(still: Table, history: Table, rep: str, columns: Sequence[str], assigned: str) -> _Groups:
    reps, *levels, since, counts = still.grouped([rep, *columns], assigned)
    return (reps_of(history, rep, reps), *levels), since.mapped(ordinal_of).numbers(), counts


def _ended_groups(
    dated: Table, history: Table, rep: str, columns: Sequence[str], converted: str, assigned: str
) -> _Groups:
    *cells, outcomes, since, counts = dated.grouped([rep, *columns, converted], assigned)
    day = since.mapped(ordinal_of).numbers()
    rows = np.flatnonzero((settled_as(history, converted, outcomes) >= 0) & (day >= 0))
    reps, *levels = (keys.take(rows) for keys in cells)
    return (reps_of(history, rep, reps), *levels), day[rows], counts[rows]


_UNMATCHED = (
    "outcomes that came later do not say when their leads were assigned: which of them were open before is not known, "
    "and those count as open still, too"
)


def joined_open(one: OpenLeads | None, other: OpenLeads | None, *, settles: bool) -> OpenLeads | None:
    """Return what two histories tell together, the second of which is later: what is open is what that says is open.

    Where the second has no open leads at all, those of the first are open still, but for those that it settles; if it
    settles any and does not say when they were assigned, that is told.
    """
    if one is None:
        return other
    if other is None:
        return replace(one, notes=tuple(dict.fromkeys([*one.notes, *([_UNMATCHED] if settles else [])])))
    later = other if len(other.count) else _without_ended(one, other)
    return replace(
        later,
        settled_keys=tuple(mine.joined(more) for mine, more in zip(one.settled_keys, other.settled_keys, strict=True)),
        won=np.concatenate([one.won, other.won]),
        days=np.concatenate([one.days, other.days]),
        settled_count=np.concatenate([one.settled_count, other.settled_count]),
        entry=np.concatenate([one.entry, other.entry]),
        early_keys=one.early_keys,
        early_assigned=one.early_assigned,
        early_count=one.early_count,
        first_day=one.first_day,
        dates_all=one.dates_all and other.dates_all,
        last_day=max(one.last_day, other.last_day),
        notes=tuple(dict.fromkeys([*one.notes, *other.notes])),
    )


def _without_ended(one: OpenLeads, other: OpenLeads) -> OpenLeads:
    """Return the open leads without as many of each group as were settled later."""
    ended = Counter[tuple[Any, ...]]()
    for key, n in zip(_group_keys(other.ended_keys, other.ended_assigned), other.ended_count.tolist(), strict=True):
        ended[key] += n
    count = one.count.copy()
    for row, key in enumerate(_group_keys(one.keys, one.assigned)):
        gone = min(int(count[row]), ended[key])
        count[row] -= gone
        ended[key] -= gone
    left = np.flatnonzero(count)
    keys = tuple(keys.take(left) for keys in one.keys)
    return replace(one, keys=keys, assigned=one.assigned[left], count=count[left])


def _group_keys(keys: tuple[Coded, ...], assigned: Ints) -> list[tuple[Any, ...]]:
    """Return what tells groups apart; reps are the same whose ids differ in letter case or blanks alone."""
    reps, *levels = keys
    return list(zip(reps.mapped(lambda rep: alike(str(rep))), *levels, assigned.tolist(), strict=True))


def _check_past(history: Table, converted: str, assigned: str, at: str, now: Any, begin: Ints, end: Ints) -> None:
    latest = latest_day(now)
    if end.max(initial=0) > latest.toordinal():
        check_later(history, converted, at, now)
    if begin.max(initial=0) > latest.toordinal():
        history = history.combinations([assigned])
        moments, _ = history.moments(assigned)
        late = [row for row, moment in enumerate(moments) if moment is not None and is_later(moment, latest)]
        rule, mend = f"no lead can be assigned after {latest}", "Mend the date, or set now to the day that it is."
        if late:
            _refuse_day(history, assigned, late, rule, mend)


def _check_age(history: Table, converted: str, assigned: str, at: str, begin: Ints, end: Ints) -> None:
    last = int(max(begin.max(initial=0), end.max(initial=0)))
    least = last - _MOST_DAYS
    for column, days in ((assigned, begin), (at, end)):
        if not ((days >= 0) & (days < least)).any():
            continue
        table = history.combinations([converted, column])
        outcomes = table.values(converted)
        old = [
            row
            for row, day in enumerate(table.days(column))
            if day is not None and day < least and (column == assigned or as_outcome(outcomes[row]) is not None)
        ]
        rule = f"a date cannot be more than 50 years before the last one of history, {date.fromordinal(last)}"
        mend = "Mend the date, or leave it empty where it is not known."
        _refuse_day(table, column, old, rule, mend)


def _check_early(history: Table, converted: str, assigned: str, at: str) -> None:
    table = history.narrowed(at, assigned).combinations([converted, assigned, at])
    (begin, _), (end, _), outcomes = table.moments(assigned), table.moments(at), table.values(converted)
    early = [
        row
        for row, (first, last, outcome) in enumerate(zip(begin, end, outcomes, strict=True))
        if first is not None and last is not None and is_before(last, first) and as_outcome(outcome) is not None
    ]
    if not early:
        return
    row = early[0]
    came = with_day(str(table.values(assigned)[row]), begin[row])
    rule = f"a lead cannot be settled before it was assigned, which is {came} in {assigned}"
    _refuse_day(table, at, early, rule, "Mend one of the dates.")


def _refuse_day(history: Table, column: str, rows: Sequence[int], rule: str, mend: str) -> NoReturn:
    row = rows[0]
    day = history.moments(column)[0][row]
    history.refuse(column, row, rule, history.values(column)[row], mend, more=len(rows) - 1, day=day)


def _last_day(days: Ints, now: Any) -> tuple[int, list[str]]:
    """Return the last day of which history tells, and what is said if that is long ago."""
    last = int(days.max(initial=0))
    moment = None if now is None else as_moment(now)
    yesterday = last if moment is None else moment.toordinal() - 1
    if yesterday <= last:
        return last, []
    if yesterday - last <= max((after - before for before, after in pairwise(days.tolist())), default=0):
        return yesterday, []
    told = date.fromordinal(last)
    return last, [f"history ends on {told}: for how long leads are open is counted to that day"]
