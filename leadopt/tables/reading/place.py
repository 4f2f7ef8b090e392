"""Where the rows of a table stand in the file that they came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The file of a table, and the line or row of each of its rows.

    Parameters
    ----------
    file
        as the user named it, with the sheet if it has several: "leads.csv", "book.xlsx, sheet Leads"
    unit
        what messages count: "line" or "row"
    numbers
        returns the number of each row; worked out when a message needs it
    """

    file: str
    unit: str
    numbers: Callable[[], Sequence[int]]

    def of(self, row: int) -> str:
        """Return where a row stands: ``leads.csv, line 5``."""
        return f"{self.file}, {self.unit} {self.numbers()[row]}"

    def take(self, rows: Sequence[int]) -> "Place":
        """Return the place of some of the rows."""

        def numbers() -> Sequence[int]:
            known = self.numbers()
            return [known[row] for row in rows]

        return Place(file=self.file, unit=self.unit, numbers=numbers)
