"""A history row by row in numbers: who had each lead, of which levels, whether it was won, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.reading.footers import without_footer
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.combinations import crossed
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.outcomes import count_outcomes, rep_ids
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_level, as_moment, as_outcome, each_once
from leadopt.tables.dates import check_settled
from leadopt.tables.engines import history_table
from leadopt.tables.ids import respelled, spellings_note

_LEAD_ID = "lead_id"
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Records:
    """Settled outcomes; arrays (n_rows,) unless noted.

    Parameters
    ----------
    table
        their rows, as the user's kind of table
    row
        int64, where each stands in the history, from 0
    reps
        ids; `rep` points into them, -1 = nobody is named
    columns
        the segment columns in use: those that name leads are left out
    levels
        int64 (n_columns, n_rows), the level of each of them, from 0; measurements are binned
    segment
        int64, the combination of levels
    won
        float64, 1 or 0
    day
        proleptic ordinals; None where history has no dates
    time
        seconds since 1970, to tell the order within a day; days alone count from midnight
    n_open
        rows of the history that are left out, as they have no outcome yet
    notes
        what was noticed of the columns, in words
    """

    table: Table
    row: Ints
    reps: tuple[Id, ...]
    rep: Ints
    columns: tuple[str, ...]
    levels: Ints
    segment: Ints
    won: Floats
    day: Ints | None
    time: Floats | None
    n_open: int
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """How many outcomes there are."""
        return len(self.won)

    @property
    def cell(self) -> Ints:
        """Each row's combination of rep and segment, from 0, -1 = nobody is named."""
        cell = crossed(np.stack([self.rep + 1, np.where(self.rep < 0, 0, self.segment)]))[1]
        return cell - int((self.rep < 0).any())


def read_records(
    history: Any,
    *,
    segment_by: Sequence[str],
    rep: str,
    converted: str,
    at: str = "at",
    now: date | None = None,
    name: str = "history",
    also: Sequence[str | None] = (),
) -> Records:
    """Return the settled outcomes of a history.

    Of a lazy frame the columns that are named come, and those of `also`.

    Raises
    ------
    InvalidInput
        a column is missing; an id, an outcome or a date cannot be read; a settled row has no date though others have,
        or a date after `now`; a lead's outcome with one rep stands twice
    """
    needed = {rep, *segment_by, converted, at, _LEAD_ID, *(column for column in also if column)}
    table = history_table(history, name, ids=(rep, _LEAD_ID)).held(needed)
    if not table.columns:  # an empty list of dicts cannot name its columns
        table = Table({column: [] for column in (rep, *segment_by, converted)}, name)
    table, left_out = without_footer(table, rep)
    table = table.judged(converted)
    for column in segment_by:
        table = table.measured(column)
    days = table.days(at) if table.holds(at, "at") else [None] * table.n_rows
    dated = any(day is not None for day in days)
    n_open = count_outcomes(table, rep, segment_by, converted).n_open  # refuses what cannot be read
    outcomes = each_once(as_outcome, table.values(converted))
    settled = np.array([row for row, outcome in enumerate(outcomes) if outcome is not None], dtype=np.int64)
    if dated:
        _check_days(table, at, settled, days)
        if now is not None:
            check_settled(table, converted, at, now)
        table = table.with_iso_days(at)  # what the whole column tells, a part of it may leave in doubt
    ids = rep_ids(table, rep, table.values(rep))
    other = respelled(ids)
    ids = [other.get(one, one) for one in ids]
    if _LEAD_ID in table:
        _check_copies(table, settled, ids, days)
    reps = sorted({one for one in ids if one is not None}, key=lambda one: (type(one).__name__, one))
    kept = table.take(settled)
    cells = {column: kept.values(column) for column in segment_by}
    read = read_attributes(name, cells, np.ones(len(settled), dtype=np.int64))
    levels = np.array([_codes(found) for found in read.levels.values()], dtype=np.int64)
    levels = levels.reshape(len(read.levels), len(settled))
    return Records(
        table=kept,
        row=settled,
        reps=tuple(reps),
        rep=_codes(ids, [*reps])[settled],
        columns=tuple(read.levels),
        levels=levels,
        segment=crossed(levels)[1],
        won=np.array([outcomes[row] for row in settled], dtype=np.float64),
        day=np.array([days[row] for row in settled], dtype=np.int64) if dated else None,
        time=_seconds(table.moments(at)[0])[settled] if dated else None,
        n_open=n_open,
        notes=tuple(
            f"{note}."
            for note in (*left_out, *spellings_note("reps of history", other), *read.notes, *table.reading.notes)
        ),
    )


def _check_days(table: Table, at: str, settled: Ints, days: Sequence[int | None]) -> None:
    for row in settled.tolist():
        if days[row] is None:
            table.refuse(at, row, "every settled row needs a date like 2026-01-31 where others have one", None)


def _check_copies(table: Table, settled: Ints, reps: Sequence[Id | None], days: Sequence[int | None]) -> None:
    leads, first = each_once(as_level, table.values(_LEAD_ID)), dict[Any, int]()
    for row in settled.tolist():
        event = (leads[row], reps[row], days[row])
        if leads[row] is not None and event in first:
            rule = f"the outcome of this lead with rep {reps[row]!r} stands in {table.row_name(first[event])} already"
            table.refuse(_LEAD_ID, row, rule, table.values(_LEAD_ID)[row], "Remove the copy.")
        first[event] = row


def _seconds(values: Sequence[Any]) -> Floats:
    return np.array(each_once(_second, values), dtype=np.float64)


def _second(value: Any) -> float:
    moment = as_moment(value)
    if not isinstance(moment, datetime):
        return float("nan") if moment is None else (moment.toordinal() - _EPOCH) * 86400.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _codes(items: Sequence[Any], known: Sequence[Any] | None = None) -> Ints:
    """Return each item's place among the known ones, -1 where it has none; by default all are known, missing first."""
    order = sorted(set(items), key=lambda item: (item is not None, item or "")) if known is None else known
    place = {item: code for code, item in enumerate(order)}
    return np.array([place.get(item, -1) for item in items], dtype=np.int64)


def checked_columns(segment_by: Sequence[str] | str | None, name: str = "segment_by") -> tuple[str, ...]:
    """Return the columns that a setting names as a tuple.

    Raises
    ------
    InvalidInput
        they are no distinct names
    """
    columns = (segment_by,) if isinstance(segment_by, str) else tuple(segment_by or ())
    if not all(isinstance(column, str) for column in columns) or len(set(columns)) < len(columns):
        raise InvalidInput(f"{name}: must be distinct names of columns; found {segment_by!r}")
    return columns
