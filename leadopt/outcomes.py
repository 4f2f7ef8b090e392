"""Past outcomes in numbers: how often each rep won and lost in each segment, day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from leadopt.errors import InvalidInput
from leadopt.frames import Table
from leadopt.values import Id, as_id, as_moment, as_outcome, blanked, is_missing

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OutcomeCounts:
    """History in numbers: one entry for each rep, segment, day and outcome that occurs, with how often.

    `keys` has one list for the rep and one for each segment column; missing values are None.
    """

    keys: tuple[list[Any], ...]
    day: Ints | None
    converted: Ints
    count: Ints
    n_rows: int
    n_open: int


def count_outcomes(
    history: Table, rep: str, segments: Sequence[str], converted: str, at: str | None = None
) -> OutcomeCounts:
    """Return how often each outcome occurs by rep, segment and, with `at`, day.

    The outcome is itself a key of the group-by, so that every distinct value is validated.

    Raises
    ------
    InvalidInput
        a column is missing or holds collections, an outcome cannot be read, or a settled one has no date
    """
    *raw_keys, outcomes, days, counts = history.grouped([rep, *segments, converted], at)
    truth_of = truths(history, converted, outcomes)
    settled = [row for row, outcome in enumerate(outcomes) if outcome in truth_of]
    count = np.array(counts, dtype=np.int64)
    return OutcomeCounts(
        keys=tuple(blanked([keys[row] for row in settled]) for keys in raw_keys),
        day=_day_numbers(f"{history.name}.{at}", [days[row] for row in settled]) if at else None,
        converted=np.array([truth_of[outcomes[row]] for row in settled], dtype=np.int64).reshape(len(settled)),
        count=count[settled],
        n_rows=history.n_rows,
        n_open=int(count.sum() - count[settled].sum()),
    )


def truths(history: Table, converted: str, outcomes: Sequence[Any]) -> dict[Any, int]:
    """Return 1 for each of these cells that says won and 0 for each that says lost; open ones are left out.

    Raises
    ------
    InvalidInput
        an outcome cannot be read
    """
    # Reading a value costs microseconds, and there are many groups but few distinct values.
    found = {outcome: as_outcome(outcome) for outcome in dict.fromkeys(outcomes) if not is_missing(outcome)}
    if None in found.values():
        _refuse_outcome(history, converted)
    return {outcome: truth for outcome, truth in found.items() if truth is not None}


def _day_numbers(name: str, days: Sequence[Any]) -> Ints:
    moments = {day: as_moment(day) for day in set(days)}
    for day, moment in moments.items():
        if moment is None:
            found = "nothing" if day is None else repr(day)
            raise InvalidInput(f"{name}: every row needs a date like 2026-01-31; found {found}")
    ordinals = {day: moment.toordinal() for day, moment in moments.items() if moment is not None}
    return np.array([ordinals[day] for day in days], dtype=np.int64)


def _refuse_outcome(history: Table, column: str) -> NoReturn:
    values = history.values(column)
    row = next(row for row, value in enumerate(values) if value is not None and as_outcome(value) is None)
    history.refuse(
        column,
        row,
        "an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is open",
        values[row],
    )


def joined(one: OutcomeCounts, other: OutcomeCounts) -> OutcomeCounts:
    """Return the counts of two histories together; days only where both have them."""
    days = None if one.day is None or other.day is None else np.concatenate([one.day, other.day])
    return OutcomeCounts(
        keys=tuple([*mine, *more] for mine, more in zip(one.keys, other.keys, strict=True)),
        day=days,
        converted=np.concatenate([one.converted, other.converted]),
        count=np.concatenate([one.count, other.count]),
        n_rows=one.n_rows + other.n_rows,
        n_open=one.n_open + other.n_open,
    )


def rep_ids(name: str, keys: Sequence[Any]) -> list[Id | None]:
    """Return the ids that these cells of a history hold, None where they name nobody.

    Raises
    ------
    InvalidInput
        a cell is neither blank nor text nor a whole number; `name` says where
    """
    ids = {key: as_id(key) for key in set(keys)}
    for key, rep in ids.items():
        blank = key is None or (isinstance(key, str) and not key.strip())
        if rep is None and not blank:
            raise InvalidInput(f"{name}: an id must be text or a whole number; found {key!r}")
    return [ids[key] for key in keys]
