"""How cells of a history, and of tables after it, become levels of the columns that are learned from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput
from leadopt.learning.history.bins import Edges, levels_of, spelled
from leadopt.learning.history.codes import Segment, tuples
from leadopt.tables import Table
from leadopt.tables.cells import as_level, as_number
from leadopt.tables.cells.coded import Coded, crossed
from leadopt.tables.text import cell

_MOST = 1e100  # of a weight: products of more could not be added up


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Levels:
    """Columns in use, and what their levels are.

    Parameters
    ----------
    asked
        all columns that were asked for, those of reps before those of leads
    rep_by, segment_by
        those in use that describe the rep, and the lead
    weight
        column with how much each outcome counts; None = 1 each
    edges
        inner edges of the columns that are binned
    spellings
        of each other column, its levels by what all their spellings have in common
    numbers
        those of the others whose levels are numbers
    reps
        ids that are another one in another spelling, and which
    """

    asked: tuple[str, ...]
    rep_by: tuple[str, ...]
    segment_by: tuple[str, ...]
    weight: str | None
    edges: Mapping[str, Edges]
    spellings: Mapping[str, Mapping[str, str | None]]
    numbers: Collection[str]
    reps: Mapping[Any, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """What columns are called, those of the rep first: its id is "rep"."""
        return ("rep", *self.rep_by, *self.segment_by)

    def of_cells(self, table: str, column: str, cells: Coded) -> Coded:
        """Return the levels of a column's cells; `table` is what messages call it."""
        return levels_of(f"{table}.{column}", cells, self.edges.get(column), self.spellings.get(column))

    def of_table(self, table: Table, column: str) -> Coded:
        """Return the levels of a table's column."""
        cells = cells_of(table, column, self.edges, self.numbers)
        edges, spellings = self.edges.get(column), self.spellings.get(column)
        return levels_of(f"{table.name}.{column}", cells, edges, spellings, table.reading.note)

    def of_segments(self, table: Table) -> Coded:
        """Return the segment of each of a table's leads."""
        return crossed([self.of_table(table, column) for column in self.segment_by], table.n_rows)

    def as_known(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return segments in the spellings by which their levels are known.

        Raises
        ------
        InvalidInput
            one is no tuple with a level for each column
        """
        for number, segment in enumerate(segments):
            if not isinstance(segment, tuple) or len(segment) != len(self.segment_by):
                raise InvalidInput(
                    f"segments, entry {number + 1}: must be a tuple with one level for each of "
                    f"{list(self.segment_by)}; found {segment!r}"
                )
        levels = [
            spelled([as_level(segment[k]) for segment in segments], self.spellings.get(column, {}))
            for k, column in enumerate(self.segment_by)
        ]
        return tuples(levels, len(segments))

    def of_groups(self, keys: Sequence[Coded]) -> tuple[Coded, Coded, Floats]:
        """Return rep rows, segments and weights of groups, by their cells of the rep and the columns asked for."""
        reps = keys[0].replaced(self.reps)
        cells = dict(zip(self.asked, keys[1:], strict=False))  # weights may follow
        levels = {name: self.of_cells("history", name, cells[name]) for name in (*self.rep_by, *self.segment_by)}
        rows = crossed([reps, *(levels[name] for name in self.rep_by)], len(reps))
        segments = crossed([levels[name] for name in self.segment_by], len(reps))
        return rows, segments, weights_of(self.weight, keys)


def cells_of(table: Table, column: str, edges: Collection[str], numbers: Collection[str]) -> Coded:
    """Return the cells of a column: as numbers or days if it is binned, text as the number it spells if levels are."""
    if column in edges:
        return Coded.of(table.quantities(column))
    return Coded.of(table.spelled(column)) if column in numbers else table.coded(column)


def weights_of(column: str | None, keys: Sequence[Coded]) -> Floats:
    """Return how much each outcome of each group counts; the last of its keys says so, if there is such a column."""
    if column is None:
        return np.ones(len(keys[0]))
    weights = keys[-1].quantities(as_number)
    wrong = np.flatnonzero(~((weights >= 0.0) & (weights <= _MOST)))
    if len(wrong):
        found = cell(keys[-1][wrong[0]])
        raise InvalidInput(f"history.{column}: a weight must be a number from 0 to {_MOST:g}; found {found}")
    return weights
