"""Columns of tables cell by cell: where one cannot be read, that is the fault of its row alone."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar

import numpy as np

from leadopt.desk.log.moments import microseconds
from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.records import Level
from leadopt.tables import Table
from leadopt.tables.cells import as_level, is_missing, is_number

T = TypeVar("T")
Faults = dict[int, str]
"""What is wrong with a row, in a sentence that names column and row."""


_CODE = re.compile(r"(?=.{1,60}$)\w[\w \-/.,]*")
_NUMBER = re.compile(r"\d{5,}")  # of a phone, whose digits are written apart at times


def code_of(given: str, what: str) -> str:
    """Return a coded reason: it stands in the log, where nothing is erased, so it is no text about a person.

    >>> code_of("out of scope", "reason")
    'out of scope'
    """
    if not _CODE.fullmatch(given) or _NUMBER.search(re.sub(r"[ \-/.,]", "", given)):
        raise InvalidInput(
            f'{what}: must be a code, such as "wrong_segment", of up to 60 letters, digits, spaces and _ - / . , '
            f"without mails or phones, as the log keeps it for good; found {given!r}"
        )
    return given


def each(table: Table, column: str, read: Callable[[Table], Sequence[T]], faults: Faults) -> list[T | None]:
    """Return a column as it is read, with None where a cell cannot be; each fault is noted for its row.

    A column is read as a whole, as one cell tells how others are meant; so where that fails, the cells that fail by
    themselves are left out, then those that are written in another way than most, and each of the former is tried again
    with all the others.
    """
    try:
        return list(read(table))
    except InvalidInput as error:
        if table.n_rows == 1:
            faults.setdefault(0, str(error))
            return [None]
    alone = [_fault(table, [row], column, read) for row in range(table.n_rows)]
    good = [row for row, fault in enumerate(alone) if fault is None]
    while odd := _written_otherwise(table, good, column, read):
        faults.update({row: faults.get(row, told) for row, told in odd.items()})
        good = [row for row in good if row not in odd]
    for row, fault in enumerate(alone):
        if fault is not None and (again := _fault(table, [*good, row], column, read)) is not None:
            faults.setdefault(row, again)
        elif fault is not None:
            good = sorted([*good, row])
    found: list[T | None] = [None] * table.n_rows
    if good:
        for row, value in zip(good, read(table.take(np.array(good))), strict=True):
            found[row] = value
    return found


def _fault(table: Table, rows: Sequence[int], column: str, read: Callable[[Table], Sequence[T]]) -> str | None:
    """Return what is wrong with the last of some rows, under its own number; None = nothing is."""
    if not rows:
        return None
    try:
        _tried(table, rows, read)
    except InvalidInput as error:
        _, colon, rest = str(error).partition(": ")
        return f"{table.name}.{column}, {table.row_name(rows[-1])}: {rest}" if colon else str(error)
    return None


def _written_otherwise(table: Table, rows: list[int], column: str, read: Callable[[Table], Sequence[T]]) -> Faults:
    """Return which rows cannot be read beside most of the others, and why; none where all are read together.

    Two cells that contradict each other are found, and the side that fewer cells are of is at fault; where the sides
    are equal, so are all cells that they would have read in two ways.
    """
    if _fault(table, rows, column, read) is None:
        return {}
    end = _first(range(1, len(rows) + 1), lambda end: _fault(table, rows[:end], column, read) is not None)
    begin = _first(range(end - 1, -1, -1), lambda begin: _fault(table, rows[begin:end], column, read) is not None)
    one, other = rows[begin], rows[end - 1]
    if _fault(table, [one, other], column, read) is None:  # it takes more than two to contradict each other
        return {other: _fault(table, rows[:end], column, read) or ""}
    against = {
        side: [row for row in rows if _fault(table, [side, row], column, read) is not None] for side in (one, other)
    }
    cells = table.values(column)
    if len(against[one]) == len(against[other]):
        said = " and ".join(f"{cells[row]!r} in {table.row_name(row)}" for row in (one, other))
        told = f"{table.name}.{column}: {said} are written in two ways, and nothing tells which one is meant"
        return {row: told for row in rows if not _same_beside(table, row, against, read)}
    most = min(against, key=lambda side: len(against[side]))
    than = f"than {cells[most]!r} in {table.row_name(most)}, as most are. Write all in one way"
    return {
        row: f"{table.name}.{column}, {table.row_name(row)}: {cells[row]!r} is written in another way {than}"
        for row in against[most]
    }


def _first(places: Sequence[int], fails: Callable[[int], bool]) -> int:
    """Return a place that fails while the one before it does not, by halving; the last of them fails."""
    low, high = -1, len(places) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fails(places[middle]) else (middle, high)
    return places[high]


def _same_beside(table: Table, row: int, sides: Iterable[int], read: Callable[[Table], Sequence[T]]) -> bool:
    """Return whether a cell is read in one way beside each of some others."""
    try:
        return len({repr(_tried(table, [side, row], read)[1]) for side in sides}) == 1
    except InvalidInput:
        return False


def _tried(table: Table, rows: Sequence[int], read: Callable[[Table], Sequence[T]]) -> Sequence[T]:
    """Return some rows as they are read; what is only tried leaves no notes of how it was."""
    notes = table.reading.notes
    before = dict(notes)
    try:
        return read(table.take(np.array(rows)))
    finally:
        notes.clear()
        notes.update(before)


def levels(table: Table, column: str) -> list[Level]:
    """Return cells as levels: true and false, numbers, text without blanks around, None."""
    return [level(cell) for cell in table.values(column)]


def level(cell: Any) -> Level:
    """Return a cell as a level."""
    if is_missing(cell):
        return None
    if isinstance(cell, bool | np.bool_):
        return bool(cell)
    if is_number(cell):
        number = float(cell)
        return number if np.isfinite(number) else None
    return (as_level(cell) or "").strip() or None


def numbers(table: Table, column: str, faults: Faults) -> list[float | None]:
    """Return cells as numbers, 0 or more."""
    found = each(table, column, lambda part: part.numbers(column, low=0.0, missing=np.nan).tolist(), faults)
    return [None if number is None or np.isnan(number) else number for number in found]


def days(table: Table, column: str, calendar: Calendar, faults: Faults) -> list[int | None]:
    """Return the first moment of each day of a column; None where there is none, or no such column."""
    if column not in table:
        return [None] * table.n_rows
    found = each(table, column, lambda part: part.days(column), faults)
    return [None if day is None else calendar.start_of(date.fromordinal(day)) for day in found]


def moment(given: Any, what: str, calendar: Calendar | None = None) -> int:
    """Return a moment in microseconds; a day is its first moment in the zone of a calendar, where one is given.

    Raises
    ------
    InvalidInput
        this is no moment with a time zone
    """
    if isinstance(given, datetime):
        return microseconds(given, what)
    if isinstance(given, str):
        return moment(_parsed(given, what), what, calendar)
    if isinstance(given, date) and calendar is not None:
        return calendar.start_of(given)
    kind = "a datetime with a time zone" + ("" if calendar is None else ", or a date")
    raise InvalidInput(f"{what}: must be {kind}; found {given!r}")


def _parsed(text: str, what: str) -> date | datetime:
    stripped = text.strip()
    try:
        return date.fromisoformat(stripped) if len(stripped) == len("2026-11-30") else datetime.fromisoformat(stripped)
    except ValueError:
        raise InvalidInput(f"{what}: must be a moment such as 2026-11-30T09:00+01:00; found {text!r}") from None
