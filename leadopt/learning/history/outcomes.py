"""Past outcomes in numbers: how often each rep won and lost in each segment, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from leadopt.arrays import Ints
from leadopt.tables import Table
from leadopt.tables.cells import (
    Id,
    as_id,
    as_moment,
    as_outcome,
    is_missing,
    kind_of,
)
from leadopt.tables.cells.coded import Coded
from leadopt.tables.group_by import MOST_GROUPS
from leadopt.tables.reading.reader import OUTCOME_RULE


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """History in numbers: one entry for each rep, segment, day and outcome that occurs, with how often.

    `keys` has one column for the rep's ids and one for each segment column; missing values are None. `latest` is the
    latest day; where days are counted by spans (`exact` is false), no group's may be that.
    """

    keys: tuple[Coded, ...]
    day: Ints | None
    converted: Ints
    count: Ints
    n_rows: int
    n_open: int
    latest: int | None = None
    exact: bool = True


def count_outcomes(
    history: Table, rep: str, segments: Sequence[str], converted: str, at: str | None = None
) -> OutcomeCounts:
    """Return how often each outcome occurs by rep, segment and, with `at`, day.

    The outcome is itself a key of the group-by, so that every distinct value is validated.

    Raises
    ------
    InvalidInput
        a column is missing or holds collections, an outcome or a rep's id cannot be read, or a settled outcome has no
        date
    """
    history = history.judged(converted)
    *raw_keys, outcomes, days, counts = history.grouped([rep, *segments, converted], at)
    exact = history.span == 1 or at is None
    truth = settled_as(history, converted, outcomes)
    settled = np.flatnonzero(truth >= 0)
    reps, *levels = (keys.take(settled) for keys in raw_keys)
    day = _day_numbers(history, at, converted, days.take(settled)) if at else None
    return OutcomeCounts(
        keys=(reps_of(history, rep, reps), *levels),
        day=day,
        converted=truth[settled],
        count=counts[settled],
        n_rows=int(counts.sum()),
        n_open=int(counts.sum() - counts[settled].sum()),
        latest=None if day is None else _latest(history, at or "", converted, day),
        exact=exact,
    )


def _latest(history: Table, at: str, converted: str, day: Ints) -> int:
    """Return the latest day of a settled outcome; where days may be spans, one more group-by tells."""
    if len(day) and history.n_rows > MOST_GROUPS:
        outcomes, days, _ = history.grouped([converted], at)
        known = days.take(np.flatnonzero(settled_as(history, converted, outcomes) >= 0))
        day = _day_numbers(history, at, converted, known)
    return int(day.max(initial=0))


def truths(history: Table, converted: str, outcomes: Sequence[Any]) -> dict[Any, int]:
    """Return 1 for each of these cells that says won and 0 for each that says lost; open ones are left out.

    Raises
    ------
    InvalidInput
        an outcome cannot be read
    """
    # Reading a value costs microseconds, and there are many groups but few distinct values.
    found = {outcome: as_outcome(outcome) for outcome in dict.fromkeys(outcomes) if not _says_nothing(outcome)}
    if None in found.values():
        _refuse_outcome(history, converted)
    return {outcome: truth for outcome, truth in found.items() if truth is not None}


def settled_as(history: Table, converted: str, outcomes: Coded) -> Ints:
    """Return 1 for each of these cells that says won, 0 for each that says lost and -1 for open ones, int64 (n_rows,).

    Raises
    ------
    InvalidInput
        an outcome cannot be read
    """
    truth_of = truths(history, converted, outcomes.cells)
    return outcomes.mapped(lambda outcome: truth_of.get(outcome, -1)).numbers()


def _day_numbers(history: Table, at: str, converted: str, days: Coded) -> Ints:
    ordinals = days.mapped(ordinal_of)
    if -1 in ordinals.cells:
        _refuse_day(history, at, converted)
    return ordinals.numbers()


def ordinal_of(cell: Any) -> int:
    """Return the proleptic ordinal of a day or moment, -1 where a cell is none."""
    moment = as_moment(cell)
    return -1 if moment is None else moment.toordinal()


def _refuse_day(history: Table, at: str, converted: str) -> NoReturn:
    history = history.combinations([converted, at])
    outcomes, (moments, _) = history.values(converted), history.moments(at)
    rows = [row for row, moment in enumerate(moments) if moment is None and as_outcome(outcomes[row]) is not None]
    value = history.values(at)[rows[0]]
    rule = "every settled row needs a date like 2026-01-31"
    history.refuse(at, rows[0], rule, value, history.mend_day(at, value), more=len(rows) - 1)


def _says_nothing(cell: Any) -> bool:
    """Return whether a cell is missing or blank text, as a file has it that was read as text."""
    return is_missing(cell) or (isinstance(cell, str) and not cell.strip())


def _refuse_outcome(history: Table, column: str) -> NoReturn:
    history = history.combinations([column])
    values = history.values(column)
    rows = [row for row, value in enumerate(values) if not _says_nothing(value) and as_outcome(value) is None]
    history.refuse(column, rows[0], OUTCOME_RULE, values[rows[0]], more=len(rows) - 1)


def joined(one: OutcomeCounts, other: OutcomeCounts) -> OutcomeCounts:
    """Return the counts of two histories together; days only where both have them."""
    days = None if one.day is None or other.day is None else np.concatenate([one.day, other.day])
    return OutcomeCounts(
        keys=tuple(mine.joined(more) for mine, more in zip(one.keys, other.keys, strict=True)),
        day=days,
        converted=np.concatenate([one.converted, other.converted]),
        count=np.concatenate([one.count, other.count]),
        n_rows=one.n_rows + other.n_rows,
        n_open=one.n_open + other.n_open,
        latest=None if one.latest is None or other.latest is None else max(one.latest, other.latest),
        exact=one.exact and other.exact,
    )


def reps_of(history: Table, column: str, cells: Coded) -> Coded:
    """Return the ids that a column holds; as of `rep_ids`."""
    return cells.as_cells(rep_ids(history, column, cells.cells))


def rep_ids(history: Table, column: str, cells: Sequence[Any]) -> list[Id | None]:
    """Return the ids that these cells of a history hold, None where they name nobody.

    Raises
    ------
    InvalidInput
        a cell is neither blank nor text nor a whole number, or they are of several kinds
    """
    ids = {cell: as_id(cell) for cell in dict.fromkeys(cells)}
    nobody = {cell for cell in ids if _says_nothing(cell)}
    kinds = {type(rep) for cell, rep in ids.items() if cell not in nobody}
    if None in {rep for cell, rep in ids.items() if cell not in nobody} or len(kinds) > 1:
        _refuse_rep(history, column)
    return [ids[cell] for cell in cells]


def _refuse_rep(history: Table, column: str) -> NoReturn:
    history, first = history.combinations([column]), None
    for row, value in enumerate(history.values(column)):
        rep = as_id(value)
        if _says_nothing(value):
            continue
        if rep is None:
            history.refuse(column, row, "an id must be text or a whole number", value)
        if first is None:
            first = (row, rep)
        if type(rep) is not type(first[1]):
            rule = f"ids must be of one kind, and {history.row_name(first[0])} holds {kind_of(first[1])} ({first[1]!r})"
            history.refuse(column, row, rule, value, "Read the column as text.")
    raise AssertionError("called without an id to refuse")
