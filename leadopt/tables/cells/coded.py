"""`Coded`: a column as numbers: its distinct cells, and which of them each row has."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.tables.cells.meaning import blanked, is_alike, may_be_missing

_ROOM, _MOST_COUNTED = 32, 1 << 24  # numbers, for each row and in all, among which codes are marked in place of sorted


class Coded(Sequence[Any]):
    """A column, of which every cell is held once: whatever is read of cells is read of as many as differ.

    Parameters
    ----------
    cells
        distinct ones, each of which some row has; None = missing
    code
        int64 (n_rows,), the place in `cells` of each row's
    """

    __slots__ = ("cells", "code")

    def __init__(self, cells: Sequence[Any], code: Ints) -> None:
        self.cells, self.code = cells, code

    @classmethod
    def of(cls, values: Sequence[Any]) -> "Coded":
        """Return a column of values, in order of appearance; of what is missing all is None.

        Values that are equal and may be read in two ways, such as 1 and True, are two.

        >>> column = Coded.of(["web", float("nan"), "web", None])
        >>> column.cells, column.code.tolist(), Coded.of([1, True, 1.0]).cells
        (['web', None], [0, 1, 0, 1], [1, True, 1.0])
        """
        if isinstance(values, Coded):
            return values
        kinds = set(map(type, values))
        if any(map(may_be_missing, kinds)):
            values = blanked(values)
            kinds = set(map(type, values))
        if len(kinds - {type(None)}) <= 1 and all(map(is_alike, kinds)):
            return cls(*_numbered(values))
        code = _numbered([(type(value), value if is_alike(type(value)) else repr(value)) for value in values])[1]
        return cls([values[row] for row in first_rows(code).tolist()], code)

    @classmethod
    def of_numbers(cls, numbers: Ints) -> "Coded":
        """Return a column of whole numbers, int64 (n_rows,)."""
        low, high = (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)
        first, code = compacted(numbers - low, high - low + 1)
        return cls(numbers[first].tolist(), code)

    @overload
    def __getitem__(self, row: int) -> Any: ...
    @overload
    def __getitem__(self, row: slice) -> "Coded": ...
    def __getitem__(self, row: int | slice) -> Any:
        return self.take(np.arange(len(self))[row]) if isinstance(row, slice) else self.cells[self.code[row]]

    def __len__(self) -> int:
        return len(self.code)

    def __iter__(self) -> Iterator[Any]:
        return map(self.cells.__getitem__, self.code.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __contains__(self, cell: object) -> bool:
        return cell in self.cells

    def mapped(self, read: Callable[[Any], Any]) -> "Coded":
        """Return the column of what is read of each cell."""
        return self.as_cells([read(cell) for cell in self.cells])

    def as_cells(self, cells: Sequence[Any]) -> "Coded":
        """Return the column with other cells, one in place of each of its own; of equal ones there is one."""
        distinct, place = _numbered(cells)
        return Coded(cells, self.code) if len(distinct) == len(cells) else Coded(distinct, place[self.code])

    def replaced(self, other: Mapping[Any, Any]) -> "Coded":
        """Return the column with other cells in place of some."""
        return self.as_cells([other.get(cell, cell) for cell in self.cells]) if other else self

    def take(self, rows: Ints) -> "Coded":
        """Return some rows, by number and in that order."""
        code = self.code[rows]
        present = np.flatnonzero(np.bincount(code, minlength=len(self.cells)))
        if len(present) == len(self.cells):
            return Coded(self.cells, code)
        place = np.zeros(len(self.cells), dtype=np.int64)
        place[present] = np.arange(len(present))
        return Coded([self.cells[cell] for cell in present.tolist()], place[code])

    def joined(self, other: "Coded") -> "Coded":
        """Return the rows of this column and then those of another."""
        both = Coded.of([*self.cells, *other.cells])
        return Coded(both.cells, both.code[np.concatenate([self.code, other.code + len(self.cells)])])

    def numbers(self) -> Ints:
        """Return a column of whole numbers as int64 (n_rows,)."""
        return np.array(self.cells, dtype=np.int64).reshape(len(self.cells))[self.code]

    def quantities(self, read: Callable[[Any], float]) -> Floats:
        """Return the number that is read of each row's cell, float64 (n_rows,)."""
        return np.array([read(cell) for cell in self.cells], dtype=np.float64).reshape(len(self.cells))[self.code]

    def rows_of(self, cells: Collection[str]) -> list[int]:
        """Return the rows that have one of some texts."""
        if not cells:
            return []
        chosen = np.array([isinstance(cell, str) and cell in cells for cell in self.cells], dtype=bool)
        return np.flatnonzero(chosen[self.code]).tolist()

    def times(self, counts: Ints | None = None) -> Ints:
        """Return how often each cell occurs, int64 (n_cells,), by how many times each row counts (None = once)."""
        return np.bincount(self.code, counts, minlength=len(self.cells)).astype(np.int64)

    def in_order(self) -> "Coded":
        """Return the column with its cells in order of appearance."""
        first = first_rows(self.code)
        order = np.argsort(first)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return Coded([self.cells[cell] for cell in order.tolist()], place[self.code])


def crossed(columns: Sequence[Coded], n_rows: int) -> Coded:
    """Return the combinations of some columns' cells, a column of tuples; without columns, of empty ones.

    >>> crossed([Coded.of(["a", "b", "a"]), Coded.of([None, "x", None])], 3).cells
    [('a', None), ('b', 'x')]
    """
    first, code = combined([(column.code, len(column.cells)) for column in columns], n_rows)
    if not columns:
        return Coded([()] * len(first), code)
    cells = ([column.cells[cell] for cell in column.code[first].tolist()] for column in columns)
    return Coded(list(zip(*cells, strict=True)), code)


def combined(codes: Sequence[tuple[Ints, int]], n_rows: int) -> tuple[Ints, Ints]:
    """Return the first row of each combination of codes, ascending by them, and which of these each row has.

    Codes are int64 (n_rows,) and come with a number that is larger than all of them, and at most about `n_rows`.
    """
    whole, size = codes[0] if codes else (np.zeros(n_rows, dtype=np.int64), 1)
    for code, n in codes[1:]:
        if size * n > _ROOM * n_rows:
            first, whole = compacted(whole, size)
            size = len(first)
        whole, size = whole * n + code, size * n
    return compacted(whole, size)


def counted(columns: Sequence[Coded], n_rows: int, times: Ints | None = None) -> list[Any]:
    """Return the combinations of some columns' cells, in order of appearance, a column each, and how often each occurs.

    `times` says how often each row counts; None = once.
    """
    first, code = combined([(column.code, len(column.cells)) for column in columns], n_rows)
    order = np.argsort(first)
    counts = np.bincount(code, times, minlength=len(first)).astype(np.int64)
    return [*(column.take(first[order]) for column in columns), counts[order]]


def first_rows(code: Ints) -> Ints:
    """Return the first row that has each code, int64; all up to the largest occur."""
    first = np.zeros(code.max(initial=-1) + 1, dtype=np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]  # of several, the last one stays
    return first


def compacted(code: Ints, size: int) -> tuple[Ints, Ints]:
    """Return the first row of each code that occurs, ascending by codes, and which of these each row has.

    Parameters
    ----------
    code, size
        int64 (n_rows,), 0 or more, and a number above all
    """
    if size > min(_ROOM * len(code) + 1024, max(_MOST_COUNTED, len(code))):
        _, first, place = np.unique(code, return_index=True, return_inverse=True)
        return first, place
    there = np.zeros(size, dtype=bool)
    there[code] = True
    found = (there.cumsum(dtype=np.int32) - 1)[code].astype(np.int64)
    return first_rows(found), found


def _numbered(items: Sequence[Any]) -> tuple[list[Any], Ints]:
    """Return the distinct items in order of appearance, and where each item stands among them."""
    place = {item: number for number, item in enumerate(dict.fromkeys(items))}
    return list(place), np.fromiter(map(place.__getitem__, items), dtype=np.int64, count=len(items))
