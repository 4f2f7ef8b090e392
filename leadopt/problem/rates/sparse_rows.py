"""`SparseRows`: a matrix of which only the eligible pairs are held, row by row."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput, MemoryWarning

FEW = 0.05  # share of the pairs up to which listing them pays: each takes twice the memory, and is found by a search
_CELLS = 1 << 19  # looked at together
_LARGE = 1 << 27  # cells: 1 GB
_FORMATS = ("csr", "csc", "coo")  # in which what is stored is what was given; others fill up or drop zeros


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseRows:
    """Eligible pairs of rows and reps (compressed sparse rows): what is not among them is ineligible, -inf. See `Rows`.

    Parameters
    ----------
    first
        int64 (n_rows + 1,), where the pairs of each row begin; those of row r are ``first[r] : first[r + 1]``
    rep
        int64 (n_pairs,), ascending within each row
    gain
        float64 (n_pairs,), finite; 0 is a gain like any other
    n_reps
        how many reps there are

    Raises
    ------
    InvalidInput
        shapes that do not fit, reps that do not exist, are out of order or twice in a row, NaN or inf

    Notes
    -----
    16 bytes a pair and 8 a row. The arrays are copied only where their type requires it, and made read-only.

    Examples
    --------
    >>> rows = SparseRows(first=[0, 2, 2], rep=[0, 2], gain=[0.3, 0.0], n_reps=3)
    >>> rows.dense()
    array([[ 0.3, -inf,  0. ],
           [-inf, -inf, -inf]])
    """

    first: Ints
    rep: Ints
    gain: Floats
    n_reps: int

    is_sparse: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Check once, and freeze the arrays."""
        try:
            first, rep = (np.ascontiguousarray(part, dtype=np.int64) for part in (self.first, self.rep))
            gain = np.ascontiguousarray(self.gain, dtype=np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidInput(f"affinity: eligible pairs must be arrays of numbers; {error}") from None
        _check_shape(first, rep, gain)
        _check_pairs(first, rep, gain, self.n_reps)
        for name, array in (("first", first), ("rep", rep), ("gain", gain)):
            frozen = array.view()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)

    @classmethod
    def made(cls, first: Ints, rep: Ints, gain: Floats, n_reps: int) -> Self:
        """Return pairs that are known to be in order, without another look at them."""
        rows = object.__new__(cls)
        for name, value in (("first", first), ("rep", rep), ("gain", gain), ("n_reps", n_reps)):
            object.__setattr__(rows, name, value)
        return rows

    @classmethod
    def of_scipy(cls, matrix: Any) -> Self:
        """Return what a matrix of `scipy.sparse` stores: each stored pair is eligible, also one that gains 0.

        Pairs that it stores twice are added up, as scipy does; a stored -inf is ineligible.
        """
        if matrix.ndim != 2 or matrix.format not in _FORMATS:
            kind = f"{matrix.format} with {matrix.ndim} dimension{'s' * (matrix.ndim > 1)}"
            raise InvalidInput(
                "affinity: a sparse matrix must be of shape (leads, reps) and in the format csr, csc or coo, in which "
                f"exactly what is stored is eligible; found {kind}"
            )
        if matrix.dtype.kind not in "biuf":
            raise InvalidInput(f"affinity: gains must be real numbers; found {matrix.dtype}")
        _check_indices(matrix)
        # A copy, as putting it in order would change the user's own.
        rows = matrix.tocsr(copy=True)
        rows.sum_duplicates()
        first, rep, gain = rows.indptr.astype(np.int64), rows.indices, rows.data.astype(np.float64)
        if np.isneginf(gain).any():
            kept = gain > -np.inf
            kept |= np.isnan(gain)  # which is refused below
            first = np.concatenate([[0], np.cumsum(kept)])[first]
            rep, gain = rep[kept], gain[kept]
        return cls(first=first, rep=rep, gain=gain, n_reps=int(rows.shape[1]))

    @classmethod
    def of_dense(cls, rates: Floats) -> Self:
        """Return the pairs of a matrix that are not -inf."""
        row, rep = np.nonzero(rates > -np.inf)
        first = np.searchsorted(row, np.arange(len(rates) + 1))
        return cls.made(first.astype(np.int64), np.ascontiguousarray(rep), rates[row, rep], rates.shape[1])

    @classmethod
    def joined(cls, parts: Sequence[SparseRows], n_reps: int) -> SparseRows:
        """Return the rows of all parts, one below another."""
        sizes = np.concatenate([np.zeros(0, dtype=np.int64), *(part.n_of_row for part in parts)])
        return cls.made(
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            np.concatenate([np.zeros(0, dtype=np.int64), *(part.rep for part in parts)]),
            np.concatenate([np.zeros(0), *(part.gain for part in parts)]),
            n_reps,
        )

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and reps there are."""
        return len(self), self.n_reps

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        return self.first, self.rep, self.gain

    @property
    def held(self) -> SparseRows:
        return self

    @property
    def n_pairs(self) -> int:
        """How many pairs are eligible."""
        return len(self.rep)

    @property
    def n_of_row(self) -> Ints:
        """How many pairs each row has, int64 (n_rows,)."""
        return np.diff(self.first)

    @property
    def n_negative(self) -> int:
        return int((self.gain < 0).sum())

    @property
    def are_amounts(self) -> bool:
        return False

    @property
    def row(self) -> Ints:
        """The row of each pair, int64 (n_pairs,)."""
        return np.repeat(np.arange(len(self)), self.n_of_row)

    def take(self, rows: Ints) -> SparseRows:
        """Return some rows, in the order given."""
        size = self.first[rows + 1] - self.first[rows]
        first = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
        place = np.repeat(self.first[rows] - first[:-1], size) + np.arange(first[-1])
        return SparseRows.made(first, self.rep[place], self.gain[place], self.n_reps)

    def times(self, scale: Floats) -> SparseRows:
        """Return the rows, each multiplied by its scale."""
        return SparseRows.made(self.first, self.rep, self.gain * np.repeat(scale, self.n_of_row), self.n_reps)

    def mapped(self, change: Callable[[Floats], Floats]) -> SparseRows:
        """Return the same pairs with their gains changed."""
        return SparseRows.made(self.first, self.rep, change(self.gain), self.n_reps)

    def only(self, kept: Bools) -> SparseRows:
        """Return some of the pairs."""
        first = np.concatenate([[0], np.cumsum(kept)])[self.first].astype(np.int64)
        return SparseRows.made(first, self.rep[kept], self.gain[kept], self.n_reps)

    def width(self, rows: Ints) -> int:
        return 1 + int(self.n_of_row[rows].sum()) // max(1, len(rows))

    def largest(self) -> float:
        return float(np.abs(self.gain).max(initial=0.0))

    def largest_of_rows(self) -> Floats:
        return self.mapped(np.abs).best(0.0)

    def full(self) -> Floats:
        return self.dense()

    def of(self, rows: Ints, scale: Floats | None = None, out: Floats | None = None) -> Floats:
        found = self.pairs(np.atleast_1d(rows), None if scale is None else np.atleast_1d(scale)).dense(out)
        return found if out is not None else found.reshape(*np.shape(rows), self.n_reps)

    def between(self, start: int, stop: int, out: Floats) -> Floats:
        return self.pairs_between(start, stop).dense(out)

    def pairs(self, rows: Ints | None = None, scale: Floats | None = None) -> SparseRows:
        found = self if rows is None else self.take(rows)
        return found if scale is None else found.times(scale)

    def pairs_between(self, start: int, stop: int) -> SparseRows:
        """Return consecutive rows; the pairs are views."""
        low, high = self.first[start], self.first[stop]
        return SparseRows.made(self.first[start : stop + 1] - low, self.rep[low:high], self.gain[low:high], self.n_reps)

    def best_rates(self, reps: Ints | Bools | None) -> Floats:
        if reps is None:
            return self.best(-np.inf)
        inside = np.zeros(self.n_reps, dtype=bool)
        inside[reps] = True
        return self.only(inside[self.rep]).best(-np.inf)

    def best_of(self, rows: Ints, scale: Floats | None, open_reps: Bools) -> tuple[Ints, Floats]:
        pairs = self.pairs(rows, scale)
        pairs = pairs.only(open_reps[pairs.rep])
        place = pairs.best_place()
        return np.where(place < 0, 0, np.append(pairs.rep, 0)[place]), np.append(pairs.gain, -np.inf)[place]

    def summed(self, change: Callable[[Floats], NDArray[Any]], weight: Floats) -> Floats:
        found = np.bincount(self.rep, weights=change(self.gain) * weight[self.row], minlength=self.n_reps)
        return found.astype(np.float64)

    def shifted(self, by: Floats, kind_of_row: Ints) -> SparseRows:
        more = by[kind_of_row[self.row], self.rep]
        return self.mapped(lambda gain: gain + more)

    def extended(self, rates: Floats) -> SparseRows:
        return SparseRows.joined([self, SparseRows.of_dense(rates)], self.n_reps)

    def ruled(self, rows: Ints, may: Callable[[Any, Any], Bools]) -> SparseRows:
        pairs = self.take(rows)
        return pairs.only(may(pairs.row, pairs.rep))

    def lean(self) -> None:
        return None

    def at(self, rows: Ints, reps: Ints) -> Floats:
        """Return the gain of each row with the rep at the same place, -inf where that is ineligible.

        O(log pairs of the row) each.
        """
        rows, reps = np.broadcast_arrays(rows, reps)
        low, high = self.first[rows].copy(), self.first[rows + 1].copy()
        end = high.copy()
        for _ in range(int((high - low).max(initial=0)).bit_length()):
            middle = (low + high) // 2
            less = (low < high) & (self.rep.take(middle, mode="clip") < reps)
            low, high = np.where(less, middle + 1, low), np.where(less, high, middle)
        gains = np.full(rows.shape, -np.inf)
        if self.n_pairs:
            found = (low < end) & (self.rep.take(low, mode="clip") == reps)
            np.copyto(gains, self.gain.take(low, mode="clip"), where=found)
        return gains

    def best_place(self) -> Ints:
        """Return where the first largest gain of each row stands among the pairs, int64 (n_rows,); -1 without any."""
        row, place = self.row, np.full(len(self), -1, dtype=np.int64)
        at = np.flatnonzero(self.gain == self.best(-np.inf)[row])[::-1]
        place[row[at]] = at
        return place

    def best(self, least: float) -> Floats:
        """Return the largest gain of each row, or `least` where that is more, float64 (n_rows,)."""
        found = np.full(len(self), least)
        filled = np.flatnonzero(self.n_of_row)
        if len(filled):
            found[filled] = np.maximum(np.maximum.reduceat(self.gain, self.first[filled]), least)
        return found

    def dense(self, out: Floats | None = None) -> Floats:
        """Return the whole matrix, float64 (n_rows, n_reps), -inf where ineligible.

        Warns
        -----
        MemoryWarning
            it takes 1 GB or more
        """
        if out is None and (cells := len(self) * self.n_reps) >= _LARGE:
            warnings.warn(
                f"what is asked for needs all {len(self):,} x {self.n_reps:,} gains at once, {cells * 8 / 1e9:.1f} GB, "
                f"though only {self.n_pairs:,} pairs are eligible",
                MemoryWarning,
                stacklevel=3,
            )
        matrix = np.empty(self.shape) if out is None else out
        matrix.fill(-np.inf)
        matrix[self.row, self.rep] = self.gain
        return matrix


def few_pairs(n_rows: int, n_reps: int, rates_of: Callable[[int, int], Floats]) -> SparseRows | None:
    """Return the pairs of a matrix that are not -inf, None where these are too many to be worth listing.

    Parameters
    ----------
    rates_of
        returns the rows from one to another in full, of which a few are held at a time
    """
    step, parts, found = max(1, _CELLS // max(1, n_reps)), list[SparseRows](), 0
    for start in range(0, n_rows, step):
        stop = min(start + step, n_rows)
        parts.append(SparseRows.of_dense(rates_of(start, stop)))
        found += parts[-1].n_pairs
        if found > FEW * stop * n_reps + _CELLS:
            return None
    return SparseRows.joined(parts, n_reps) if found <= FEW * n_rows * n_reps else None


def _check_indices(matrix: Any) -> None:
    """Raise where the arrays of a matrix of `scipy.sparse` contradict each other, on which its own loops may crash."""
    if matrix.format != "coo":
        try:
            matrix.check_format(full_check=True)
        except (ValueError, TypeError, IndexError) as error:
            raise InvalidInput(f"affinity: the sparse matrix must be a sound one; {error}") from None
        return
    for found, size, side in zip((matrix.row, matrix.col), matrix.shape, ("row", "column"), strict=True):
        if len(found) != len(matrix.data):
            rule = f"a {side} for each of its {len(matrix.data)} numbers"
            raise InvalidInput(f"affinity: the sparse matrix must have {rule}; found {len(found)}")
        if bad := np.flatnonzero((found < 0) | (found >= size))[:1].tolist():
            rule = f"{side}s from 0 to {size - 1}"
            raise InvalidInput(f"affinity: the sparse matrix must have {rule}; found {found[bad[0]]}")


def _check_shape(first: Ints, rep: Ints, gain: Floats) -> None:
    if not (first.ndim == rep.ndim == gain.ndim == 1 and len(rep) == len(gain) and len(first)):
        raise InvalidInput(
            "affinity: eligible pairs need first (rows + 1,), rep (pairs,) and gain (pairs,); "
            f"found {first.shape}, {rep.shape} and {gain.shape}"
        )
    if first[0] != 0 or first[-1] != len(rep) or (first[1:] < first[:-1]).any():
        raise InvalidInput(f"affinity.first: must rise from 0 to the {len(rep)} pairs; found {first[0]} to {first[-1]}")


def _check_pairs(first: Ints, rep: Ints, gain: Floats, n_reps: int) -> None:
    def row(pair: int) -> int:
        return int(np.searchsorted(first, pair, side="right")) - 1

    if bad := np.flatnonzero((rep < 0) | (rep >= n_reps))[:1].tolist():
        raise InvalidInput(f"affinity, row {row(bad[0])}: reps must be from 0 to {n_reps - 1}; found {rep[bad[0]]}")
    ascends = rep[1:] > rep[:-1]
    inside = first[(first > 0) & (first < len(rep))]
    ascends[inside - 1] = True  # a new row
    if bad := np.flatnonzero(~ascends)[:1].tolist():
        raise InvalidInput(
            f"affinity, row {row(bad[0])}: its reps must ascend, each once; found {rep[bad[0]]}, then {rep[bad[0] + 1]}"
        )
    if bad := np.flatnonzero(~np.isfinite(gain))[:1].tolist():
        raise InvalidInput(
            f"affinity, row {row(bad[0])}, rep {rep[bad[0]]}: the gain of an eligible pair must be finite; "
            f"found {gain[bad[0]]}"
        )
