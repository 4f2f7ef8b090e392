"""A history row by row in numbers: who had each lead, of which levels, whether it was won, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.reading.footers import without_footer
from leadopt.errors import InvalidInput
from leadopt.evaluate.history.combinations import crossed
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results
from leadopt.learning.history.outcomes import count_outcomes, rep_ids
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_level, as_moment, as_outcome, each_once
from leadopt.tables.columns import Columns
from leadopt.tables.dates import check_settled, is_before
from leadopt.tables.engines import history_table
from leadopt.tables.ids import respelled, spellings_note
from leadopt.tables.text import with_day

SETTLED = 0.9
"""Part of the leads with each outcome that was settled by the age from which leads are judged. Of wins that take 45
days, .95 would be 135 days, and too little is left to judge; with .8 the level of what is judged is off by a tenth."""
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
    n_open, n_read
        rows of the history that are left out, as they have no outcome yet, and all that it has
    began
        seconds since 1970 when each lead was assigned, NaN where that is not known; None where history does not say
    everything
        the same of all rows, those without an outcome too, whose `won` and `time` are NaN; None where history does not
        say when leads were assigned
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
    n_read: int
    began: Floats | None = None
    everything: Records | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """How many outcomes there are."""
        return len(self.won)

    def take(self, rows: Ints) -> Records:
        """Return some rows, by number and in that order."""
        levels = self.levels[:, rows]
        return replace(
            self,
            table=self.table.take(rows),
            row=self.row[rows],
            rep=self.rep[rows],
            levels=levels,
            segment=crossed(levels)[1],
            won=self.won[rows],
            day=None if self.day is None else self.day[rows],
            time=None if self.time is None else self.time[rows],
            began=None if self.began is None else self.began[rows],
        )

    def mature(self, part: float = SETTLED) -> Bools:
        """Whether each lead was assigned so long ago that nearly all like it are settled, bool (n_rows,).

        So long that this part of those that were won, and of those that were lost, took no longer. Among younger ones
        quick outcomes are too many: they would be judged by who was quick. All, where that cannot be told.
        """
        every = None if self.everything is None else self.everything.began
        if self.began is None or self.time is None or every is None or not self.n_rows:
            return np.ones(self.n_rows, dtype=bool)
        last = float(np.nanmax(np.append(self.time, every)))
        with np.errstate(invalid="ignore"):
            took, age = self.time - self.began, last - self.began
        known = [took[(self.won == outcome) & ~np.isnan(took)] for outcome in (0.0, 1.0)]
        horizon = max((float(np.quantile(each, part)) for each in known if len(each)), default=0.0)
        return np.asarray(~(age < horizon))  # of whom the age is not known, nothing is known against

    @property
    def cell(self) -> Ints:
        """Each row's combination of rep and segment, from 0, -1 = nobody is named."""
        cell = crossed(np.stack([self.rep + 1, np.where(self.rep < 0, 0, self.segment)]))[1]
        return cell - int((self.rep < 0).any())


def read_records(
    history: Any,
    *,
    segment_by: Sequence[str],
    columns: Columns,
    now: date | None = None,
    name: str = "history",
    also: Sequence[str | None] = (),
) -> Records:
    """Return the settled outcomes of a history.

    `columns` names the lead, the rep, the outcome, and when it was known and the lead assigned. Of a lazy frame the
    columns that are named come, and those of `also`.

    Raises
    ------
    InvalidInput
        a column is missing; an id, an outcome or a date cannot be read; a settled row has no date though others have,
        or a date after `now`; a lead's outcome with one rep stands twice, or is older than the lead
    """
    lead, rep, converted, at = columns.lead_id, columns.rep_id, columns.converted, columns.at
    assigned = columns.assigned_at
    needed = {lead, rep, *segment_by, converted, at, assigned, *(column for column in also if column)}
    table = history_table(history, name, ids=(rep, lead)).held(needed)
    if not table.columns:  # an empty list of dicts cannot name its columns
        table = Table({column: [] for column in (rep, *segment_by, converted)}, name)
    table, left_out = without_footer(table, rep)
    table = table.judged(converted)
    for column in segment_by:
        table = table.measured(column)
    days = table.days(at) if table.holds(at, "at") else [None] * table.n_rows
    dated = any(day is not None for day in days)
    ends = table.moments(at)[0] if dated else []
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
    if lead in table:
        _check_copies(table, lead, settled, ids, days, outcomes)
    reps = sorted({one for one in ids if one is not None}, key=lambda one: (type(one).__name__, one))
    cells = {column: table.values(column) for column in segment_by}
    there = np.array([outcome is not None for outcome in outcomes], dtype=np.int64)
    won = np.array([np.nan if outcome is None else outcome for outcome in outcomes], dtype=np.float64)
    read = read_attributes(name, cells, there, Results.of_won(won, there))
    levels = np.array([_codes(found) for found in read.levels.values()], dtype=np.int64)
    levels = levels.reshape(len(read.levels), len(outcomes))
    everything = Records(
        table=table,
        row=np.arange(len(outcomes)),
        reps=tuple(reps),
        rep=_codes(ids, [*reps]),
        columns=tuple(read.levels),
        levels=levels,
        segment=crossed(levels)[1],
        won=won,
        day=np.array([-1 if day is None else day for day in days], dtype=np.int64) if dated else None,
        time=np.where(there == 1, _seconds(table.moments(at)[0]), np.nan) if dated else None,
        n_open=n_open,
        n_read=len(outcomes),
        began=_began(table, at, assigned, ends, there) if dated else None,
        notes=tuple(
            f"{note}."
            for note in (*left_out, *spellings_note("reps of history", other), *read.notes, *table.reading.notes)
        ),
    )
    return replace(everything.take(settled), everything=None if everything.began is None else everything)


def _began(table: Table, at: str, assigned: str, ends: Sequence[date | datetime | None], there: Ints) -> Floats | None:
    """Return when each lead was assigned, in seconds; None where history does not say."""
    if not table.holds(assigned, "assigned_at"):
        return None
    if all(day is None for day in table.days(assigned)):
        return None
    since = table.moments(assigned)[0]
    for row in np.flatnonzero(there).tolist():
        first, last = since[row], ends[row]
        if first is not None and last is not None and is_before(last, first):
            came = with_day(str(table.values(assigned)[row]), first)
            rule = f"a lead cannot be settled before it was assigned, which is {came}"
            table.refuse(at, row, rule, table.values(at)[row], "Mend one of the dates.", day=last)
    return _seconds(since)


def _check_days(table: Table, at: str, settled: Ints, days: Sequence[int | None]) -> None:
    for row in settled.tolist():
        if days[row] is None:
            table.refuse(at, row, "every settled row needs a date like 2026-01-31 where others have one", None)


def _check_copies(
    table: Table,
    lead: str,
    settled: Ints,
    reps: Sequence[Id | None],
    days: Sequence[int | None],
    outcomes: Sequence[int | None],
) -> None:
    leads, first, again = each_once(as_level, table.values(lead)), dict[Any, int](), dict[int, int]()
    for row in settled.tolist():
        if leads[row] is not None and (before := first.setdefault((leads[row], reps[row], days[row]), row)) != row:
            again[row] = before
    if not again:
        return
    row, before = next(iter(again.items()))
    rule = f"the outcome of this lead with rep {reps[row]!r} stands in {table.row_name(before)} already"
    if outcomes[row] != outcomes[before]:
        rule += f", and is {'won' if outcomes[before] else 'lost'} there"
    differ = sum(outcomes[one] != outcomes[other] for one, other in again.items())
    copies = len(again) - differ
    mends = ["Remove the copy." if copies == 1 else "Remove the copies."] if copies else []
    mends += ["Of won and lost keep the one that holds."] if differ else []
    table.refuse(lead, row, rule, table.values(lead)[row], " ".join(mends), more=len(again) - 1)


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
