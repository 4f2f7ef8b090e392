"""What one cell means: a level, an id, a number, an outcome, a moment, a set, or nothing at all.

Nothing here knows a table; a value that cannot be read comes back as None (or NaN), and `Table` says where it stood.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import isfinite, isnan
from numbers import Integral, Real
from types import NoneType
from typing import Any, TypeVar
from uuid import UUID

import numpy as np

from leadopt.tables.reading.words import AWAY, LOST, NO, THERE, WON, YES, folded, folded_outcome

Id = int | str | UUID
T = TypeVar("T")

# Equal values of one of these types are alike in all that is read from them. Decimals (1.0 and 1.00), datetimes (of two
# zones) and tuples (of 1 and True) are not, and collections do not hash.
_ALIKE = {NoneType, bool, int, float, str, date, UUID, np.str_} | {
    np.dtype(code).type for code in "?" + np.typecodes["AllInteger"] + np.typecodes["Float"]
}
_NUMERAL = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INTERVAL = "MonthDayNano"  # Arrow's, of which DuckDB makes intervals; the name saves the import
_NOTHING = ("NAType", "NaTType")  # pandas' NA and NaT cannot be compared; their type's name is the portable sign


def each_once(read: Callable[[Any], T], values: Sequence[Any]) -> list[T]:
    """Return read(value) for each value; values that are sure to read alike are read once.

    >>> each_once(as_level, [1, True, 1.0, 1])
    ['1', 'true', '1', '1']
    """
    kinds = set(map(type, values))
    if not kinds <= _ALIKE:
        return [read(value) for value in values]
    if len(kinds - {NoneType}) <= 1:
        known = {value: read(value) for value in set(values)}
        return [known[value] for value in values]
    cells = list(zip(map(type, values), values, strict=True))  # 1, 1.0 and True are equal, and different
    known_cells = {cell: read(cell[1]) for cell in set(cells)}
    return [known_cells[cell] for cell in cells]


def is_alike(kind: type) -> bool:
    """Return whether equal values of a type are alike in all that is read from them."""
    return kind in _ALIKE


def kind_of(value: object) -> str:
    """Return how a message calls the type of an id."""
    return "whole numbers" if isinstance(value, int) else "text" if isinstance(value, str) else type(value).__name__


def as_level(value: Any) -> str | None:
    """Return a category as text: 1, 1.0, True and numpy's scalars look alike in every engine.

    >>> as_level(1.0), as_level("1"), as_level(True), as_level(float("nan"))
    ('1', '1', 'true', None)
    """
    if type(value) is str:
        return value
    if is_missing(value):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if (lasted := as_duration(value)) is not None:
        return str(lasted)
    whole = _whole(value) if isinstance(value, Real | Decimal) and not isinstance(value, np.timedelta64) else None
    return str(value if whole is None else whole)


def as_outcome(value: Any) -> int | None:
    """Return 1 for a won lead, 0 for a lost one, None for a value that says neither.

    >>> as_outcome("Won"), as_outcome("verloren"), as_outcome(0.0), as_outcome("1.0"), as_outcome(2)
    (1, 0, 0, 1, None)
    """
    level = as_level(value)
    word = "" if level is None else folded_outcome(level)
    return 1 if word in WON or word in YES else 0 if word in LOST or word in NO else None


def as_moment(value: Any) -> date | datetime | None:
    """Return a date or datetime (or ISO text of one) as itself, None for anything else."""
    if isinstance(value, date):  # a datetime is a date, and pandas' NaT is a datetime
        return None if is_missing(value) else value
    if isinstance(value, np.datetime64):
        return as_moment(value.astype("datetime64[us]").item())
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    return None


def day_of(moment: date | datetime) -> date:
    """Return the day of a moment: in UTC where it has a time zone, so that one moment is on one day in all zones.

    >>> day_of(datetime.fromisoformat("2025-03-31T08:00+09:00"))
    datetime.date(2025, 3, 30)
    """
    return moment if not isinstance(moment, datetime) else in_utc(moment).date()


def in_utc(moment: datetime) -> datetime:
    """Return a moment that has a time zone in UTC, and any other as it is."""
    try:
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # in the first or the last hours that there are
        return moment


def as_id(value: Any) -> Id | None:
    """Return an id as a plain int, str or UUID, None for a value that cannot be one.

    >>> as_id(7.0), as_id("A7"), as_id(7.5), as_id(True), as_id(float("nan"))
    (7, 'A7', None, None, None)
    """
    if type(value) is int:
        return value
    if type(value) is float:
        return _whole(value)
    if type(value) is str:
        return value if value.strip() else None
    if isinstance(value, bool | np.bool_ | np.timedelta64) or is_missing(value):
        return None
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real | Decimal):
        return _whole(value)
    if isinstance(value, str):
        return str(value) if value.strip() else None
    return value if isinstance(value, UUID) else None


def as_set(value: Any) -> frozenset[str]:
    """Return a collection, or text separated by ; or |, as a set of text without blanks.

    >>> sorted(as_set(" de | en;"))
    ['de', 'en']
    """
    if is_missing(value):
        return frozenset()
    parts = re.split(r"[;|]", value) if isinstance(value, str) else list(_iterable(value))
    levels = (as_level(part) for part in parts)
    return frozenset(level.strip() for level in levels if level is not None and level.strip())


def _iterable(value: Any) -> Sequence[Any]:
    return list(value) if isinstance(value, list | tuple | set | frozenset | np.ndarray) else [value]


def blanked(values: Sequence[Any]) -> list[Any]:
    """Return values with None for null, NaN and NaT; most types have none of these, and are not looked at."""
    suspects = {kind for kind in set(map(type, values)) if may_be_missing(kind)}
    if not suspects:
        return list(values)
    return [None if type(value) in suspects and is_missing(value) else value for value in values]


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or NA, of Python, numpy or pandas."""
    if value is None:
        return True
    if isinstance(value, float | np.floating):
        return isnan(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return type(value).__name__ in _NOTHING


def may_be_missing(kind: type) -> bool:
    """Return whether `is_missing` can be true of a value of this type that is not None."""
    return issubclass(kind, float | np.floating | Decimal | np.datetime64 | np.timedelta64) or kind.__name__ in _NOTHING


def is_number(value: object) -> bool:
    """Return whether a setting is a number: true and false are none."""
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_ | np.timedelta64)


def is_numeral(value: object) -> bool:
    """Return whether a value is text that spells a number.

    >>> is_numeral("-1.5"), is_numeral("1,200"), is_numeral("many"), is_numeral(3)
    (True, False, False, False)
    """
    return isinstance(value, str) and _NUMERAL.fullmatch(value.strip()) is not None


def _whole(value: Any) -> int | None:
    try:
        return int(value) if isfinite(value) and value == int(value) else None  # a float would lose digits
    except OverflowError:  # a fraction too large for isfinite
        return None


def is_hashable(value: Any) -> bool:
    """Return whether a value can be counted."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def as_duration(value: Any) -> timedelta | None:
    """Return a duration of Python, NumPy, pandas or Arrow as Python's, None for anything else, such as a month.

    >>> as_duration(np.timedelta64(90, "m")), as_duration(90)
    (datetime.timedelta(seconds=5400), None)
    """
    if isinstance(value, timedelta):  # a Timedelta of pandas is one, and prints in another way
        return timedelta(value.days, value.seconds, value.microseconds)
    if isinstance(value, tuple) and type(value).__name__ == _INTERVAL:
        months, days, nanoseconds = value
        return None if months else timedelta(days=days, microseconds=nanoseconds // 1_000)
    found = value.astype("timedelta64[us]").item() if isinstance(value, np.timedelta64) else None
    return found if isinstance(found, timedelta) else None


def as_number(value: Any) -> float:
    """Return the value as a float, NaN where it is none (a bool is none)."""
    if type(value) is float:
        return value
    if isinstance(value, Real | Decimal) and not isinstance(value, bool | np.bool_ | np.timedelta64):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
        except ValueError:  # Decimal's signalling NaN
            return float("nan")
    return float("nan")


def as_share(value: Any) -> float | None:
    """Return true, false, a word for them ("away") or a number from 0 to 1 as a float, None as 1, the rest as None."""
    if value is None:
        return 1.0
    if isinstance(value, bool | np.bool_):
        return float(value)
    word = folded(value) if isinstance(value, str) else ""
    outcome = 1 if word in THERE else 0 if word in AWAY else as_outcome(word)
    number = float(outcome) if outcome is not None else as_number(value)
    return number if 0.0 <= number <= 1.0 else None
