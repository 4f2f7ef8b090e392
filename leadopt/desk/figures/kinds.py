"""What leads are like: the levels of some columns as one text each, by which the mix of two periods is made alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from leadopt.tables.cells import as_level, as_number, each_once, is_number

_MOST_NUMBERS = 8  # distinct ones that still are kinds, such as a tier from 1 to 5; of more, each fifth is one
_PARTS = 5
MISSING = "-"


def kinds_of(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Return what each of some leads is like, given its cells; "" where there are none.

    Numbers of many values are cut into fifths of all that there are.

    >>> kinds_of([("web", 1), (None, 2)])
    ('web / 1', '- / 2')
    """
    if not rows or not rows[0]:
        return ("",) * len(rows)
    return tuple(map(" / ".join, zip(*(_levels(column) for column in zip(*rows, strict=True)), strict=True)))


def _levels(column: Sequence[Any]) -> list[str]:
    numbers = {value for value in column if is_number(value)}
    if len(numbers) <= _MOST_NUMBERS or any(isinstance(value, str) for value in column):
        return [MISSING if level is None else level for level in each_once(as_level, column)]
    values = np.array([as_number(value) if is_number(value) else np.nan for value in column], dtype=np.float64)
    edges = np.unique(np.nanquantile(values, np.arange(1, _PARTS) / _PARTS))
    bounds = ["", *(f"{edge:g}" for edge in edges), ""]
    names = [
        f"{low} to {high}" if low and high else f"below {high}" if high else f"{low} or more"
        for low, high in pairwise(bounds)
    ]
    places = np.searchsorted(edges, values, side="right").tolist()
    return [MISSING if np.isnan(value) else names[place] for value, place in zip(values.tolist(), places, strict=True)]
