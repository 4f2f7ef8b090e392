"""Numeric attributes as levels: bins between edges, given or learned as quantiles."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import isfinite, isnan
from numbers import Integral
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.tables.cells import as_level, as_number, each_once, is_missing, is_number
from leadopt.tables.ids import alike
from leadopt.tables.text import count

Edges = tuple[float, ...]

USUAL_BINS = 8
"""Of a column of measurements that no setting bins: enough for a bend, while each bin holds an eighth of the outcomes;
levels are shrunk apart from their neighbours, so that more of them would each be told less."""


def check_bins(name: str, bins: Any, columns: Sequence[str] | None) -> dict[str, int | Edges]:
    """Return the bins of each column as a whole number, or as ascending edges.

    Parameters
    ----------
    name
        what a message calls the setting
    bins
        None, or a mapping from columns
    columns
        those that may be binned; None = any

    Raises
    ------
    InvalidInput
        no mapping from known columns to a number of bins or to edges
    """
    if bins is None:
        return {}
    if not isinstance(bins, Mapping):
        raise InvalidInput(f"{name}: must map columns to a number of bins or to edges; found {bins!r}")
    for column in bins:
        if not isinstance(column, str) or (columns is not None and column not in columns):
            raise InvalidInput(f"{name}: {column!r} is none of the columns {list(columns or ())}")
    return {column: _number_or_edges(f"{name}.{column}", value) for column, value in bins.items()}


def _number_or_edges(name: str, value: Any) -> int | Edges:
    if isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 2:
        return int(value)
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) and all(map(is_number, value)):
        edges = tuple(float(edge) for edge in value)
        if edges and np.isfinite(edges).all() and (np.diff(edges) > 0).all():
            return edges
    raise InvalidInput(f"{name}: must be a number of bins, 2 or more, or ascending edges; found {value!r}")


def are_measurements(values: Sequence[Any]) -> bool:
    """Return whether these values are measurements, to be binned: numbers alone, some of them not whole.

    >>> are_measurements([1, 2, 3]), are_measurements([0.5, 2, None] + [i / 7 for i in range(20)])
    (False, True)
    """
    known = {value for value in set(values) if not is_missing(value)}
    if len(known) <= USUAL_BINS or not all_numbers(known):
        return False
    return any(isfinite(number := as_number(value)) and not number.is_integer() for value in known)


def all_numbers(values: Iterable[Any]) -> bool:
    """Return whether these values are numbers, infinite ones too, missing ones aside."""
    return not any(isnan(as_number(value)) for value in values if not is_missing(value))


def quantile_edges(values: Floats, weights: Floats, n_bins: int) -> Edges:
    """Return the inner edges of bins that hold about equally much weight; fewer where many values are equal.

    A value that holds as much as a bin by itself has one of its own, if there are enough of them, and the others share
    the bins that are left in the same way: of a column that is 0 in nine rows of ten, all bins but one are above 0.

    Parameters
    ----------
    values
        float64 (n,); what is infinite or NaN is left out
    weights
        float64 (n,), 0 or more
    n_bins
        how many bins there may be

    Examples
    --------
    >>> quantile_edges(np.arange(9.0), np.ones(9), 3)
    (3.0, 6.0)
    >>> quantile_edges(np.array([0.0, 4.0, 5.0, 6.0]), np.array([90.0, 2.0, 4.0, 4.0]), 2)
    (4.0,)
    """
    known = np.isfinite(values) & (weights > 0.0)
    levels, place = np.unique(values[known], return_inverse=True)
    if len(levels) < 2:
        return ()
    held = np.bincount(place, weights[known]).astype(np.float64)
    total, (heavy, rest, n_left) = held.cumsum(), _by_themselves(held, n_bins)
    wanted = rest.sum() * np.arange(1, n_left) / n_left
    edges = np.minimum(np.searchsorted(rest.cumsum(), wanted, side="right"), len(levels) - 1)
    starts = np.unique(np.concatenate([edges, heavy, heavy + 1]))
    starts = starts[(starts > 0) & (starts < len(levels))]
    while len(starts) >= n_bins:
        bounds = np.append(0.0, total)[np.concatenate([[0], starts, [len(levels)]])]
        starts = np.delete(starts, np.argmin(bounds[2:] - bounds[:-2]))  # the two lightest neighbours are one
    return tuple(float(edge) for edge in levels[starts])


def _by_themselves(held: Floats, n_bins: int) -> tuple[Ints, Floats, int]:
    """Return which levels have a bin of their own, what the others hold, and how many bins are left for these."""
    rest, heavy = held.copy(), list[int]()
    for level in np.argsort(-held, kind="stable")[: n_bins - 1].tolist():
        if rest[level] * (n_bins - len(heavy)) < rest.sum():
            break
        heavy.append(level)
        rest[level] = 0.0
    return np.array(heavy, dtype=np.int64), rest, n_bins - len(heavy)


def binned(name: str, values: Sequence[Any], edges: Edges) -> list[str | None]:
    """Return the bin of each value in words, None where it is missing.

    Raises
    ------
    InvalidInput
        a value is no number

    Examples
    --------
    >>> binned("leads.age", [5, 10, 99, None], (10.0, 20.0))
    ['below 10', '10 to 20', '20 or more', None]
    """
    names = _names(edges)
    labels: list[str | None] = []
    for value in values:
        number = as_number(value)
        if is_missing(value):
            labels.append(None)
        elif np.isnan(number):
            raise InvalidInput(f"{name}: is binned, so values must be numbers; found {value!r}")
        else:
            labels.append(names[int(np.searchsorted(edges, number, side="right"))])
    return labels


def learned_edges(asked: int | Edges | None, values: Sequence[Any], weights: Floats) -> Edges | None:
    """Return the inner edges of a column's bins: those asked for, else of quantiles if it measures; None = no bins."""
    if isinstance(asked, tuple):
        return asked
    n_bins = asked or (USUAL_BINS if are_measurements(values) else None)
    if n_bins is None:
        return None
    return quantile_edges(np.array([as_number(value) for value in values], dtype=np.float64), weights, n_bins)


def bins_note(name: str, values: Sequence[Any], outcomes: Ints, noun: str = "outcome") -> list[str]:
    """Return what is said of a column that is binned: one number alone, and numbers without end.

    Parameters
    ----------
    name
        of the column
    values
        one for each group of outcomes
    outcomes
        int64 (n_groups,), how many there are of each
    noun
        what a note calls an outcome
    """
    numbers = np.array([as_number(value) for value in values], dtype=np.float64).reshape(len(values))
    finite, endless = np.unique(numbers[np.isfinite(numbers)]), int(outcomes[np.isinf(numbers)].sum())
    notes = []
    if len(finite) == 1:
        notes.append(f"{name} holds no number but {finite[0]:g}: there is nothing to bin")
    if not len(finite) and len(numbers):
        notes.append(f"{name} holds no finite number: there is nothing to bin")
    if endless:
        notes.append(f"{name} is infinite in {count(endless, noun)}, which counts as beyond all other numbers")
    return notes


def levels_of(
    name: str, values: Sequence[Any], edges: Edges | None, spellings: Mapping[str, str] | None = None
) -> list[str | None]:
    """Return each value's bin, or without edges its level, in the spelling that is known of what it is alike to."""
    if edges is not None:
        return binned(name, values, edges)
    levels = each_once(as_level, values)
    return levels if spellings is None else spelled(levels, spellings)


def spelled(levels: Sequence[str | None], spellings: Mapping[str, str]) -> list[str | None]:
    """Return levels in the spellings by which they are known, as of `Attributes`; others stay as they are.

    >>> spelled(["WEB ", None, "Fair"], {"web": "Web"})
    ['Web', None, 'Fair']
    """
    known = {level: spellings.get(alike(level), level) for level in set(levels) if level is not None}
    return [None if level is None else known[level] for level in levels]


def _names(edges: Edges) -> list[str]:
    if not edges:
        return ["any"]
    # As many digits as tell them apart: days as numbers such as 20250108 differ in the last ones alone.
    told = next(
        each for digits in range(6, 18) if len(set(each := [f"{edge:.{digits}g}" for edge in edges])) == len(each)
    )
    return [f"below {told[0]}", *(f"{low} to {high}" for low, high in pairwise(told)), f"{told[-1]} or more"]
