"""Reps and segments as numbers: the levels of every column, and the cell of every pair."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.tables.cells import Id
from leadopt.tables.cells.coded import Coded

Segment = tuple[str | None, ...]
RepRow = tuple[Id | str | None, ...]
Pairs = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodeBook:
    """What history holds, in order: every number here is a place in one of these lists, its length what history lacks.

    Parameters
    ----------
    reps
        the distinct ids, None last where history has outcomes without a rep
    rep_rows
        the distinct combinations of a rep's id and the levels of its further columns
    segments
        the distinct combinations of the levels of a lead's columns
    levels
        the distinct levels of each column but the rep: first those of reps, then those of leads
    n_rep_columns
        how many columns describe the rep, its id among them
    """

    reps: tuple[Id | None, ...]
    rep_rows: tuple[RepRow, ...]
    segments: tuple[Segment, ...]
    levels: tuple[tuple[str | None, ...], ...]
    n_rep_columns: int

    @classmethod
    def of(
        cls, rep_rows: Collection[RepRow], segments: Collection[Segment], n_rep_columns: int, n_columns: int
    ) -> "CodeBook":
        """Return the code book of what rows history holds, of which n columns describe the rep, its id among them."""
        reps = sorted({row[0] for row in rep_rows}, key=_rep_order)
        of_reps: list[set[Any]] = [{row[place] for row in rep_rows} for place in range(1, n_rep_columns)]
        of_leads: list[set[Any]] = [
            {segment[place] for segment in segments} for place in range(n_columns - n_rep_columns)
        ]
        return cls(
            reps=tuple(reps),
            rep_rows=tuple(sorted(set(rep_rows), key=lambda row: (_rep_order(row[0]), *map(_none_first, row[1:])))),
            segments=tuple(sorted(set(segments), key=lambda segment: tuple(map(_none_first, segment)))),
            levels=tuple(tuple(sorted(column, key=_none_first)) for column in (*of_reps, *of_leads)),
            n_rep_columns=n_rep_columns,
        )

    @property
    def sizes(self) -> list[int]:
        """How many levels each column has, the rep first."""
        return [len(self.reps), *map(len, self.levels)]

    def keys(self, rep_row: Ints, segment: Ints) -> Ints:
        """Return one number for each pair of places in `rep_rows` and `segments`; they may broadcast."""
        return np.asarray(rep_row * (len(self.segments) + 1) + segment)

    def codes_of_keys(self, keys: Ints) -> list[Ints]:
        """Return each column's code for the cells with these keys."""
        rep_row, segment = np.divmod(keys, len(self.segments) + 1)
        return self.codes(self.rep_rows, self.segments, (rep_row, segment))

    def keys_of(self, rep_rows: Coded, segments: Coded) -> Ints:
        """Return the number of each row's pair."""
        row, segment = self.places(rep_rows.cells, segments.cells)
        return self.keys(row[rep_rows.code], segment[segments.code])

    def places(self, rep_rows: Sequence[RepRow], segments: Sequence[Segment]) -> Pairs:
        """Return where these stand in `rep_rows` and `segments`."""
        return codes_of(_numbered(self.rep_rows), rep_rows), codes_of(_numbered(self.segments), segments)

    def codes(self, rep_rows: Sequence[RepRow], segments: Sequence[Segment], pairs: Pairs) -> list[Ints]:
        """Return each column's code for pairs of pointers into two lists, which may broadcast."""
        rep = codes_of(_numbered(self.reps), [row[0] for row in rep_rows])
        n_of_reps = self.n_rep_columns - 1
        of_reps = [
            codes_of(_numbered(levels), [row[1 + place] for row in rep_rows])
            for place, levels in enumerate(self.levels[:n_of_reps])
        ]
        of_leads = [
            codes_of(_numbered(levels), [segment[place] for segment in segments])
            for place, levels in enumerate(self.levels[n_of_reps:])
        ]
        return [*(codes[pairs[0]] for codes in (rep, *of_reps)), *(codes[pairs[1]] for codes in of_leads)]


def in_words(columns: Sequence[str], segment: Segment) -> str:
    """Return a segment in words: ``industry=steel, source=web``."""
    levels = zip(columns, segment, strict=True)
    return ", ".join(f"{column}={'(missing)' if level is None else level}" for column, level in levels) or "any lead"


def codes_of(code: Mapping[Any, int], items: Sequence[Any]) -> Ints:
    """Return the code of each item, one past the last for an item without."""
    return np.fromiter(map(code.get, items, repeat(len(code))), dtype=np.int64, count=len(items))


def distinct(items: Sequence[Any]) -> tuple[list[Any], Ints]:
    """Return the distinct items in order of appearance, and where each item stands among them."""
    if isinstance(items, Coded):
        column = items.in_order()
        return list(column.cells), column.code
    code = {item: number for number, item in enumerate(dict.fromkeys(items))}
    return list(code), codes_of(code, items)


def tuples(columns: Sequence[Sequence[str | None]], n_rows: int) -> list[Segment]:
    """Return the levels of each row; without columns, as many empty ones."""
    return list(zip(*columns, strict=True)) if columns else [()] * n_rows


def every_pair(n_reps: int, n_segments: int) -> Pairs:
    """Return pointers to every rep (columns) and every segment (rows)."""
    return np.arange(n_reps)[None, :], np.arange(n_segments)[:, None]


def _numbered(items: Sequence[Any]) -> dict[Any, int]:
    return {item: number for number, item in enumerate(items)}


def _rep_order(rep: Any) -> tuple[bool, str, Any]:
    # Ids of one kind are sorted as they are; outcomes without a rep come last.
    return (rep is None, type(rep).__name__, 0 if rep is None else rep)


def _none_first(level: Any) -> tuple[bool, str]:
    return level is not None, level or ""
