"""Where the rows of a table stand in the file that they came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace


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
    decimals
        of columns of numbers whose decimal mark the file leaves open, a cell that shows it: ``{"value": "12,5"}``
    """

    file: str
    unit: str
    numbers: Callable[[], Sequence[int]]
    decimals: Mapping[str, str] = field(default_factory=dict, hash=False)

    def of(self, row: int) -> str:
        """Return where a row stands: ``leads.csv, line 5``."""
        numbers = self.numbers()
        return f"{self.file}, {self.unit} {numbers[row]}" if row < len(numbers) else self.file

    def take(self, rows: Sequence[int]) -> "Place":
        """Return the place of some of the rows."""

        def numbers() -> Sequence[int]:
            known = self.numbers()
            return [known[row] for row in rows]

        return replace(self, numbers=numbers)
