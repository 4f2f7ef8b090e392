"""The load that each past lead met: a history with dates, read into numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results
from leadopt.learning.history.checks import copies_notes
from leadopt.learning.history.outcomes import count_outcomes, rep_ids
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_outcome, each_once
from leadopt.tables.dates import is_before, is_later, latest_day
from leadopt.tables.ids import respelled, spellings_note
from leadopt.tables.text import count

_STILL_OPEN = np.iinfo(np.int64).max // 4  # later than any day, and still far from overflow when a day is added

_LEAD_ID = "lead_id"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastLoads:
    """A history in numbers, arrays (n_rows,) unless noted.

    Parameters
    ----------
    table
        the history
    reps
        ids, sorted; `rep` points into them, -1 = nobody is named
    columns
        int64 (n_columns, n_rows), the level of each segment column
    day
        proleptic ordinal of when each lead came, -1 where that is not known
    load
        how many leads the rep had then
    won
        1, 0, or NaN while open
    used
        whether a lead's outcome and its load are known
    notes
        what is left out, in words
    """

    table: Table
    reps: list[Id]
    rep: Ints
    columns: Ints
    day: Ints
    load: Ints
    won: Floats
    used: Bools
    notes: tuple[str, ...]


def read_loads(
    table: Table,
    segment_by: tuple[str, ...],
    window: int | None,
    rep: str,
    converted: str,
    at: str,
    assigned: str,
    now: Any = None,
) -> PastLoads:
    """Return the outcomes of a history with the load that each lead met; arguments as of `throughput.estimate`.

    Raises
    ------
    InvalidInput
        a column is missing, an id, outcome or date cannot be read, an outcome is older than its lead, or a date lies in
        the future
    """
    if not table.columns:  # an empty list of dicts cannot name its columns
        table = Table({name: [] for name in (rep, *segment_by, converted, at, assigned)}, "history")
    count_outcomes(table, rep, segment_by, converted)  # refuses what cannot be read
    table = table.judged(converted)
    outcomes = each_once(as_outcome, table.values(converted))
    won = np.array([np.nan if outcome is None else outcome for outcome in outcomes], dtype=np.float64)
    ids = rep_ids(table, rep, table.values(rep))
    other = respelled(ids)
    ids = [other.get(one, one) for one in ids]
    reps = sorted({one for one in ids if one is not None}, key=lambda one: (type(one).__name__, one))
    place = {one: number for number, one in enumerate(reps)}
    who = np.array([-1 if one is None else place[one] for one in ids], dtype=np.int64)
    came = assigned if window is None or table.holds(assigned, "assigned_at") else at
    day = _days(table, came, np.ones(len(won), dtype=bool) if came == assigned else ~np.isnan(won))
    _check_past(table, came, day, now)
    there = (who >= 0) & (day >= 0)
    load = np.zeros(len(won), dtype=np.int64)
    if window is None:
        load[there] = open_load(who[there], day[there], _settled(table, (came, at), day, ~np.isnan(won), now)[there])
    else:
        load[there] = recent_load(who[there], day[there], window)
    # Before history begins there may have been leads that it does not know.
    begun = day >= (day[there].min() if there.any() else 0) + (window or 1) - 1
    used = there & begun & ~np.isnan(won)
    cells = {column: table.values(column) for column in segment_by}
    known = (~np.isnan(won)).astype(np.int64)
    read = read_attributes("history", cells, known, Results.of_won(won, known), weights=np.ones(len(won)))
    codes = [_codes(levels) for levels in read.levels.values()]
    return PastLoads(
        table=table,
        reps=reps,
        rep=who,
        columns=np.array(codes, dtype=np.int64).reshape(len(codes), len(won)),
        day=day,
        load=load,
        won=won,
        used=used,
        notes=(
            *_notes(there, begun, won, who, window, came, assigned),
            *_class_notes(won[used]),
            *spellings_note("reps of history", other),
            *read.notes,
            *copies_notes(table, converted, (_LEAD_ID, rep, came)),
        ),
    )


def _days(table: Table, column: str, needed: Bools) -> Ints:
    """Return day numbers, -1 where there is no date and none is needed."""
    days = table.days(column)
    for row in np.flatnonzero(needed).tolist():
        if days[row] is None:
            table.refuse(column, row, "every lead that counts needs a date like 2026-01-31", None)
    return np.array([-1 if day is None else day for day in days], dtype=np.int64)


def _check_past(table: Table, column: str, day: Ints, now: Any) -> None:
    if now is None:
        return
    latest = latest_day(now)
    late, moments = np.flatnonzero(day > latest.toordinal()).tolist(), table.moments(column)[0]
    for row in late:
        if (moment := moments[row]) is not None and is_later(moment, latest):
            rule = f"no lead that counts can be dated after {latest}"
            table.refuse(column, row, rule, table.values(column)[row], "Mend the date.")


def _settled(table: Table, days: tuple[str, str], came: Ints, needed: Bools, now: Any) -> Ints:
    at = days[1]
    settled = np.where(needed, _days(table, at, needed), -1)
    _check_past(table, at, settled, now)
    early = (settled >= 0) & (settled < came)
    begin, end = ([None] * table.n_rows if not early.any() else table.moments(column)[0] for column in days)
    for row in np.flatnonzero(early).tolist():
        first, last = begin[row], end[row]
        if first is not None and last is not None and is_before(last, first):
            rule = "an outcome cannot be settled before the rep had the lead"
            table.refuse(at, row, rule, table.values(at)[row], day=last)
    return np.where(early, came, settled)


def _codes(levels: Sequence[str | None]) -> Ints:
    place = {level: code for code, level in enumerate(sorted(set(levels), key=lambda level: (level is None, level)))}
    return np.array([place[level] for level in levels], dtype=np.int64)


def _class_notes(won: Floats) -> list[str]:
    if not len(won) or 0 < won.sum() < len(won):
        return []
    return [f"all of {count(len(won), 'outcome')} are {'won' if won[0] else 'lost'}: no drop of conversion can show"]


def _notes(
    there: Bools, begun: Bools, won: Floats, who: Ints, window: int | None, came: str, assigned: str
) -> tuple[str, ...]:
    notes = []
    if came != assigned:
        notes.append(f"history has no column {assigned}, so leads count on the day of their outcome ({came})")
    if nobody := int((who < 0).sum()):
        notes.append(f"{count(nobody, 'row')} without a rep: left out")
    if undated := int(((who >= 0) & ~there).sum()):
        notes.append(f"{count(undated, 'row')} without a date: no load that can be counted")
    if early := int((there & ~begun & ~np.isnan(won)).sum()):
        notes.append(
            f"{count(early, 'outcome')} of the first {(window or 1) - 1} days: counted as load alone, as history does "
            "not say what came before"
        )
    return tuple(notes)


def recent_load(rep: Ints, day: Ints, window_days: int) -> Ints:
    """Return how many leads each lead's rep got in the days that end with the lead's own, itself included.

    Parameters
    ----------
    rep
        int64 (n_leads,), from 0
    day
        int64 (n_leads,), when each lead came
    window_days
        how many days count, 1 = the lead's own day alone

    Examples
    --------
    >>> recent_load(np.array([0, 0, 1, 0]), np.array([1, 2, 2, 9]), 7)
    array([1, 2, 1, 1])
    """
    return _up_to(rep, day, rep, day) - _up_to(rep, day, rep, day - window_days)


def open_load(rep: Ints, came: Ints, settled: Ints) -> Ints:
    """Return how many leads each lead's rep had open on the day it came, itself and those settled that day included.

    `settled` is below 0 where a lead is open still. Otherwise as `recent_load`.

    Examples
    --------
    >>> open_load(np.array([0, 0, 0]), np.array([1, 2, 5]), np.array([2, -1, 6]))
    array([1, 2, 2])
    """
    end = np.where(settled < 0, _STILL_OPEN, settled)
    return _up_to(rep, came, rep, came) - _up_to(rep, end, rep, came - 1)


def _up_to(rep: Ints, day: Ints, asked_rep: Ints, asked_day: Ints) -> Ints:
    """Return how many rows have the asked rep, and the asked day or an earlier one."""
    days, code = np.unique(np.concatenate([day, asked_day]), return_inverse=True)
    n_days = len(days) + 1
    keys = np.sort(rep * n_days + code[: len(day)] + 1)
    asked = asked_rep * n_days
    first = np.searchsorted(keys, asked)
    return np.asarray(np.searchsorted(keys, asked + code[len(day) :] + 1, side="right") - first)
