"""Rows of a view, with how many there are in all."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from leadopt.tables import Table
from leadopt.tables.text import count

Row = Mapping[str, Any]


class Listing(Sequence[Row]):
    """Rows, as dicts; `frame()` has them as a table.

    Parameters
    ----------
    rows
        those that are shown
    total
        how many there are
    what
        what a row is
    like
        a table of the user's kind; None = there was none yet
    """

    def __init__(self, rows: Sequence[Row], total: int, what: str, like: Table | None = None) -> None:
        self._rows, self.total, self._what, self._like = tuple(rows), total, what, like

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        return self._rows[place]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def summary(self) -> str:
        """Return how many there are, and how many of them are shown."""
        told = count(self.total, self._what)
        return f"{told}, the first {len(self):,} shown." if len(self) < self.total else f"{told}."

    def frame(self) -> Any:
        """Return one row per row shown, as the kind of table that this desk was given last."""
        names = dict.fromkeys(name for row in self._rows for name in row)
        like = self._like if self._like is not None else Table([], "rows")
        return like.build({name: [row.get(name) for row in self._rows] for name in names})

    def __repr__(self) -> str:
        return f"<Listing: {self.summary()}>"
