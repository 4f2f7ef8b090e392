"""Combinations of cells of a table that stays in its engine, for messages about them."""

from collections.abc import Sequence
from datetime import date
from typing import NoReturn

from leadopt.tables.table import Table
from leadopt.tables.text import count


class Combinations(Table):
    """The combinations of cells of a `Remote`, a row for each: it is called by how many rows have its cells."""

    __slots__ = ("rows",)

    rows: Sequence[int]

    def row_name(self, row: int) -> str:
        """Return how many rows of the engine a message is about."""
        return f"in {count(self.rows[row], 'row')}"

    def refuse(
        self, column: str, row: int, rule: str, found: object, mend: str = "", more: int = 0, day: date | None = None
    ) -> NoReturn:
        """Raise `InvalidInput` for one cell: how many combinations of cells break the rule as well is no news."""
        super().refuse(column, row, rule, found, mend, day=day)
