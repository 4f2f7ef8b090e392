"""`FullRows`: a matrix of rates of which every pair is held, -inf where it is ineligible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.blocks import over_blocks
from leadopt.problem.linear_algebra import applied
from leadopt.problem.rates.rows import Rows
from leadopt.problem.rates.sparse_rows import FEW, SparseRows, few_pairs

_WORTH_LISTING = 1 << 17  # cells: with fewer, no solve takes long
_MANY_CELLS = 1 << 22  # 32 MB of rates: fewer are quickest in full, though few be eligible
_SAMPLED = 500  # rows that say whether few pairs are eligible


@dataclass(frozen=True, slots=True, eq=False)
class FullRows:
    """Rates of every pair, float64 (n_rows, n_reps); see `Rows`."""

    held: Floats

    is_sparse: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.held)

    @property
    def shape(self) -> tuple[int, int]:
        return self.held.shape

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        return (self.held,)

    @property
    def n_of_row(self) -> Ints:
        found = over_blocks(*self.shape, lambda a, b, _: np.count_nonzero(self.held[a:b] > -np.inf, axis=1))
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    @property
    def n_negative(self) -> int:
        return int(((self.held < 0) & (self.held > -np.inf)).sum())

    @property
    def are_amounts(self) -> bool:
        return bool((self.held >= 0).all())

    def width(self, rows: Ints) -> int:
        return self.shape[1]

    def largest(self) -> float:
        def largest(start: int, stop: int, scratch: Floats) -> float:
            size = _largest_in(self.held[start:stop], scratch)
            return size if size < np.inf else _refuse(self.held[start:stop], start)

        return max(over_blocks(*self.shape, largest), default=0.0)

    def largest_of_rows(self) -> Floats:
        def largest(start: int, stop: int, scratch: Floats) -> Floats:
            block = self.held[start:stop]
            return np.asarray(np.maximum(block.max(axis=1, initial=0.0), -_lowest(block, scratch, axis=1)))

        return np.concatenate([np.zeros(0), *over_blocks(*self.shape, largest)])

    def full(self) -> Floats:
        return self.held

    def of(self, rows: Ints, scale: Floats | None = None, out: Floats | None = None) -> Floats:
        # Rows were checked: "clip" changes none, and spares the copy that "raise" makes.
        found = self.held.take(rows, axis=0, out=out, mode="clip")
        return found if scale is None else scaled(found, scale[..., None])

    def between(self, start: int, stop: int, out: Floats) -> Floats:
        return self.held[start:stop]

    def at(self, rows: Ints, reps: Ints) -> Floats:
        return np.asarray(self.held[rows, reps])

    def pairs(self, rows: Ints | None = None, scale: Floats | None = None) -> SparseRows:
        def listed(start: int, stop: int, _: Floats) -> SparseRows:
            if rows is None:
                return self.pairs_between(start, stop)
            return SparseRows.of_dense(self.of(rows[start:stop], None if scale is None else scale[start:stop]))

        n, n_reps = len(self if rows is None else rows), self.shape[1]
        return SparseRows.joined(over_blocks(n, n_reps, listed), n_reps)

    def pairs_between(self, start: int, stop: int) -> SparseRows:
        return SparseRows.of_dense(self.held[start:stop])

    def best_rates(self, reps: Ints | Bools | None) -> Floats:
        return np.asarray((self.held if reps is None else self.held[:, reps]).max(axis=1, initial=-np.inf))

    def best_of(self, rows: Ints, scale: Floats | None, open_reps: Bools) -> tuple[Ints, Floats]:
        gains = np.where(open_reps, self.of(rows, scale), -np.inf)
        best = gains.argmax(axis=1)
        return best, gains[np.arange(len(best)), best]

    def summed(self, change: Callable[[Floats], NDArray[Any]], weight: Floats) -> Floats:
        return applied(change(self.held).T, weight)

    def mapped(self, change: Callable[[Floats], Floats]) -> FullRows:
        eligible = self.held > -np.inf
        rates = np.full(self.shape, -np.inf)
        rates[eligible] = change(self.held[eligible])
        return FullRows(rates)

    def shifted(self, by: Floats, kind_of_row: Ints) -> FullRows:
        return FullRows(self.held + np.where(np.isneginf(self.held), 0.0, by[kind_of_row]))

    def extended(self, rates: Floats) -> FullRows:
        return FullRows(np.vstack([self.held, rates]))

    def ruled(self, rows: Ints, may: Callable[[Any, Any], Bools]) -> Rows:
        """Return what `Rows.ruled` does: eligible pairs alone where they are few among many."""

        def left(start: int, stop: int) -> Floats:
            rates = self.of(rows[start:stop])
            rates[~may(slice(start, stop), slice(None))] = -np.inf
            return rates

        n, n_reps = len(rows), self.shape[1]
        few = few_pairs(n, n_reps, left) if n * n_reps > _MANY_CELLS else None
        return FullRows(left(0, n)) if few is None else few

    def lean(self) -> SparseRows | None:
        """Return what `Rows.lean` does: a sample of rows says whether it is worth a pass over all."""
        if self.held.size < _WORTH_LISTING:
            return None
        some = self.held[:: 1 + len(self) // _SAMPLED]
        return None if np.count_nonzero(some > -np.inf) > FEW * some.size else self.pairs()


def scaled(gains: Floats, scale: Floats) -> Floats:
    """Multiply gains in place. A lead that is worth nothing is still ineligible where its row says so."""
    with np.errstate(invalid="ignore"):
        gains *= scale
    if not scale.all():
        np.copyto(gains, -np.inf, where=np.isnan(gains))  # 0 * -inf
    return gains


def _largest_in(block: Floats, scratch: Floats) -> float:
    """Return the largest absolute value beside -inf; inf if any is NaN or +inf."""
    low, high = float(block.min(initial=0.0)), float(block.max(initial=0.0))
    if not high < np.inf:  # NaN is not either
        return np.inf
    return max(high, -low if low > -np.inf else -float(_lowest(block, scratch)))


def _lowest(block: Floats, scratch: Floats, axis: int | None = None) -> Floats:
    """Return the least value beside -inf, or 0 if that is less, of all or along an axis."""
    with np.errstate(invalid="ignore"):
        np.multiply(block, 0.0, out=scratch)  # NaN for -inf, which fmin passes over: five times as fast as a mask
        scratch += block
    return np.asarray(np.fmin.reduce(scratch, axis=axis, initial=0.0))


def _refuse(block: Floats, start: int) -> NoReturn:
    row, rep = np.argwhere(~(block < np.inf))[0]
    raise InvalidInput(
        f"affinity, row {start + row}, rep {rep}: gains must be finite, or -inf for an ineligible pair; "
        f"found {block[row, rep]}"
    )
