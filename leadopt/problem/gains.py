"""`Affinity`: what each lead is worth with each rep: rows of rates, one for each lead or shared by many, and scales."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.blocks import over_blocks
from leadopt.problem.rates.full_rows import FullRows
from leadopt.problem.rates.given import floats_of
from leadopt.problem.rates.rows import Rows
from leadopt.problem.rates.sparse_rows import SparseRows

T = TypeVar("T")

_FEW_LEADS = 32  # a row; below that, one sort of all leads beats one a row


class _Known:
    """What an `Affinity` found out about itself. Not fields: they are neither shown nor saved nor copied."""

    __slots__ = (
        *("_by_size", "_is_amount", "_largest", "_largest_at_most", "_largest_with", "_n_options", "_plain", "_rows"),
    )

    def _once(self, name: str, find: Callable[[], T]) -> T:
        """Return what is known by that name, and find it out the first time."""
        try:
            return cast(T, getattr(self, name))
        except AttributeError:
            found = find()
        object.__setattr__(self, name, found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affinity(_Known):
    """Expected gains in factored form: ``gain[i, j] = rates[row[i], j] * scale[i]``.

    Leads of one segment share a row of rates and differ by their own size (deal value, score), so that ten million
    leads by a thousand reps with two hundred rows take 160 MB and not 80 GB. An ineligible pair is ``-inf`` in `rates`.

    Parameters
    ----------
    rates
        float64 (n_rows, n_reps), finite or -inf
    row
        int64 (n_leads,), which row of `rates` a lead has; None = one row per lead, in order (a dense matrix)
    scale
        float64 (n_leads,), zero or more, by which a lead multiplies its row; None = 1

    Raises
    ------
    InvalidInput
        wrong shapes, NaN, +inf, a row that does not exist, a negative scale

    Notes
    -----
    The arrays are copied only where their type or order requires it, and made read-only. `rates` are read once, on
    every core. Of a sparse matrix, `rates` become `SparseRows`.

    Examples
    --------
    >>> a = Affinity(rates=[[0.1, 0.3]], row=[0, 0], scale=[1.0, 10.0])
    >>> a.dense()
    array([[0.1, 0.3],
           [1. , 3. ]])
    """

    rates: Floats | SparseRows
    row: Ints = None  # type: ignore[assignment]  # filled in by __post_init__
    scale: Floats = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Validate once, and freeze the arrays."""
        rows = _rows(self.rates)
        n_rows, is_plain = len(rows), self.row is None and self.scale is None
        row = np.arange(n_rows) if self.row is None else _indices(self.row, n_rows)
        scale = np.ones(len(row)) if self.scale is None else floats_of(self.scale, "affinity.scale", 1)
        if len(scale) != len(row):
            missing = "without `row`, `scale` needs one entry per row" if self.row is None else ""
            rule = f"affinity: {missing}" if missing else "affinity.scale must have one entry per lead"
            raise InvalidInput(f"{rule}; found {len(scale)} for {len(row)}{'' if missing else ' leads'}")
        largest = rows.largest()
        if not is_plain:
            largest *= _largest_scale(scale)
        for name, value in (("rates", rows.held), ("row", _frozen(row)), ("scale", _frozen(scale))):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_largest_at_most", largest)
        if is_plain:
            object.__setattr__(self, "_plain", True)

    @property
    def rows(self) -> Rows:
        """The rows of rates, for all that can be asked of them without their leads."""
        return self._once("_rows", lambda: _rows(self.rates))

    @property
    def n_leads(self) -> int:
        """How many leads there are."""
        return len(self.row)

    @property
    def n_reps(self) -> int:
        """How many reps there are."""
        return int(self.rates.shape[1])

    @property
    def n_rows(self) -> int:
        """How many rows of rates there are."""
        return len(self.rates)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All that it holds: two are the same where these are."""
        return (*self.rows.arrays, self.row, self.scale)

    @property
    def is_sparse(self) -> bool:
        """Whether `rates` hold the eligible pairs alone."""
        return self.rows.is_sparse

    @property
    def is_dense(self) -> bool:
        """Whether the gains are `rates` as they are: a matrix in which lead i has row i and scale 1."""
        return self._is_plain and not self.is_sparse

    @property
    def eligible(self) -> Bools:
        """Which pairs may be matched, per row of `rates`: bool (n_rows, n_reps)."""
        return np.asarray(self.full_rates() > -np.inf)

    @property
    def n_options(self) -> Ints:
        """How many reps are eligible, int64 (n_rows,)."""
        return self._once("_n_options", lambda: self.rows.n_of_row)

    @property
    def n_pairs(self) -> int:
        """How many pairs of leads and reps are eligible."""
        return int(self.n_options[self.row].sum())

    @property
    def n_negative(self) -> int:
        """How many eligible rates are below 0."""
        return self.rows.n_negative

    @property
    def largest(self) -> float:
        """The largest absolute gain of any eligible pair; inf where it is beyond float64, 0 without pairs."""
        return self._once("_largest", self._find_largest)

    @property
    def largest_at_most(self) -> float:
        """What `largest` is at most, known without another look at the rates."""
        return self._once("_largest_at_most", lambda: self.rows.largest() * _largest_scale(self.scale))

    def largest_with(self, open_reps: Bools) -> float:
        """Return the largest absolute gain with some reps, 0 without pairs; found once for the same ones."""
        known: dict[bytes, float] = self._once("_largest_with", dict)
        asked = open_reps.tobytes()
        if asked not in known:
            known[asked] = self._find_largest_with(open_reps)
        return known[asked]

    @property
    def is_amount(self) -> bool:
        """Whether no pair is ineligible or negative, as of what a limit counts."""
        return self._once("_is_amount", lambda: self.rows.are_amounts)

    @property
    def by_size(self) -> tuple[Ints, Ints]:
        """The leads by row and, within a row, by scale; and where each row starts among them.

        int64 (n_leads,) and int64 (n_rows + 1,). Leads that are alike stay in order. Found once and kept: for ten
        million leads of two hundred rows, 80 MB and about a second.
        """
        return self._once("_by_size", self._find_by_size)

    def is_along(self, other: Affinity) -> bool:
        """Return whether leads have the same rows and scales as in another one, so that only rates differ."""
        if self is other:
            return True
        same_rows = self.row is other.row or np.array_equal(self.row, other.row)
        return same_rows and (self.scale is other.scale or np.array_equal(self.scale, other.scale))

    def of(self, leads: ArrayLike) -> Floats:
        """Return the gains of some leads with every rep, float64 (len(leads), n_reps); -inf where ineligible."""
        return self.rows.of(*self._of(np.asarray(leads)))

    def pairs(self, leads: Ints | None = None) -> SparseRows:
        """Return the eligible pairs of some leads, a row each, and what they gain; None = of all."""
        if leads is None and self._is_plain:
            return self.rows.pairs()
        return self.rows.pairs(*self._of(slice(None) if leads is None else leads))

    def pairs_between(self, start: int, stop: int) -> SparseRows:
        """Return the same for consecutive leads, to be read only; cheapest where leads have a row each, in order."""
        if self._is_plain:
            return self.rows.pairs_between(start, stop)
        return self.rows.pairs(*self._of(slice(start, stop)))

    def lean(self) -> Affinity | None:
        """Return the same as eligible pairs alone, None where these are not few, or little is saved."""
        few = None if self.n_leads > _FEW_LEADS * self.n_rows else self.rows.lean()
        return None if few is None else Affinity(rates=few, row=self.row, scale=self.scale)

    def over_pairs(self, leads: Ints | None, work: Callable[[int, SparseRows], T]) -> list[T]:
        """Return what `work` returns for each block of some leads, given the place of the first and their pairs.

        One block's pairs are held at a time. None = all leads.
        """

        def block(start: int, stop: int, _: Floats) -> T:
            if leads is None:
                return work(start, self.pairs_between(start, stop))
            return work(start, self.pairs(leads[start:stop]))

        return over_blocks(self.n_leads if leads is None else len(leads), self.rows.width(self.row), block)

    def may(self, rows: ArrayLike) -> Bools:
        """Return which reps are eligible by some rows of rates, bool (len(rows), n_reps)."""
        return np.asarray(self.rates_of(rows) > -np.inf)

    def rates_of(self, rows: ArrayLike, out: Floats | None = None) -> Floats:
        """Return some rows of rates with every rep, float64 (len(rows), n_reps), in `out` if that is given."""
        return self.rows.of(np.asarray(rows, dtype=np.int64), None, out)

    def full_rates(self) -> Floats:
        """Return the rates of every row with every rep, float64 (n_rows, n_reps), to be read only.

        Warns
        -----
        MemoryWarning
            eligible pairs alone were given, and all take 1 GB or more
        """
        return self.rows.full()

    def reaches(self, reps: ArrayLike) -> Bools:
        """Return which rows are eligible for any of some reps (indices or a mask), bool (n_rows,)."""
        return np.asarray(self.best_rates(reps) > -np.inf)

    def best_rates(self, reps: ArrayLike | None = None) -> Floats:
        """Return the largest rate of each row with some reps (indices or a mask; None = all), -inf without any."""
        return self.rows.best_rates(None if reps is None else np.asarray(reps))

    def best_of(self, leads: Ints, open_reps: Bools) -> tuple[Ints, Floats]:
        """Return the rep who gains most with each of some leads among those that are open, and how much.

        int64 and float64 (len(leads),); rep 0 and -inf where no open one is eligible.
        """

        def of_block(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            return self.rows.best_of(*self._of(leads[start:stop]), open_reps)

        parts = over_blocks(len(leads), self.rows.width(self.row), of_block)
        reps, gains = zip(*parts, strict=True) if parts else ((), ())
        return np.concatenate([np.zeros(0, dtype=np.int64), *reps]), np.concatenate([np.zeros(0), *gains])

    def mapped(self, change: Callable[[Floats], Floats], scale: Floats | None = None) -> Affinity:
        """Return the same eligible pairs with rates that `change` makes of theirs, and the same scales or others."""
        other = self.scale if scale is None else scale
        return Affinity(rates=self.rows.mapped(change).held, row=self.row, scale=other)

    def shifted(self, by: Floats, kind_of_row: Ints) -> Affinity:
        """Return the same eligible pairs with rates that are higher by what the kind of their row says.

        `by` is float64 (n_kinds, n_reps), `kind_of_row` int64 (n_rows,).
        """
        return Affinity(rates=self.rows.shifted(by, kind_of_row).held, row=self.row, scale=self.scale)

    def extended(self, rates: Floats, row: Ints, scale: Floats) -> Affinity:
        """Return an affinity with more rows of rates, float64 (n_more, n_reps), below these, and the rows of leads."""
        return Affinity(rates=self.rows.extended(rates).held, row=row, scale=scale)

    def between(self, start: int, stop: int, scratch: Floats) -> Floats:
        """Return the gains of consecutive leads with every rep, float64 (stop - start, n_reps), to be read only.

        They are in `scratch`, which has that shape, or where they always were if `is_dense`.
        """
        if self._is_plain:
            return self.rows.between(start, stop, scratch)
        return self.rows.of(*self._of(slice(start, stop)), scratch)

    def at(self, leads: ArrayLike, reps: ArrayLike) -> Floats:
        """Return the gain of each lead with the rep at the same place, float64 (len(leads),)."""
        row, scale = self._of(np.asarray(leads))
        gains = self.rows.at(row, np.asarray(reps))
        if scale is None:
            return gains
        with np.errstate(invalid="ignore"):
            gains = np.asarray(gains * scale)
        return gains if scale.all() else np.where(np.isnan(gains), -np.inf, gains)

    def rate_at(self, leads: Ints, reps: Ints) -> Floats:
        """Return the same before each lead's scale."""
        return self.rows.at(self.row[leads], reps)

    def dense(self) -> Floats:
        """Return the whole matrix, float64 (n_leads, n_reps): for small problems and tests."""
        return self.of(np.arange(self.n_leads))

    @classmethod
    def coerce(cls, gains: Affinity | ArrayLike) -> Affinity:
        """Return an `Affinity` as it is, and a matrix (n_leads, n_reps) as a dense one."""
        return gains if isinstance(gains, Affinity) else cls(rates=gains)  # type: ignore[arg-type]

    @property
    def _is_plain(self) -> bool:
        """Whether lead i has row i and scale 1."""
        return self._once("_plain", self._find_plain)

    def _of(self, leads: Any) -> tuple[Ints, Floats | None]:
        """Return the rows of some leads and their scales, None where all are 1."""
        return self.row[leads], None if self._is_plain else self.scale[leads]

    def _find_plain(self) -> bool:
        n_rows = self.n_rows
        in_order = len(self.row) == n_rows and np.array_equal(self.row, np.arange(n_rows))
        return in_order and bool((self.scale == 1.0).all())

    def _find_largest(self) -> float:
        if self._is_plain:
            return self.largest_at_most
        of_row = self.largest_of_rows()

        def largest(start: int, stop: int, _: Floats) -> float:
            with np.errstate(over="ignore"):
                return float((of_row[self.row[start:stop]] * self.scale[start:stop]).max())

        return max(over_blocks(self.n_leads, 1, largest), default=0.0)

    def _find_largest_with(self, open_reps: Bools) -> float:
        if self.is_sparse:
            best = self.over_pairs(
                None, lambda _, pairs: float(np.abs(pairs.gain[open_reps[pairs.rep]]).max(initial=0.0))
            )
            return max(best, default=0.0)
        rates, reps = self.full_rates(), np.flatnonzero(open_reps)

        def largest(start: int, stop: int, _: Floats) -> Floats:
            sizes = np.abs(rates[start:stop, reps])
            return np.asarray(sizes.max(axis=1, initial=0.0, where=sizes < np.inf))

        of_row = np.concatenate([np.zeros(0), *over_blocks(len(rates), len(reps), largest)])
        return float((of_row[self.row] * self.scale).max(initial=0.0))

    def largest_of_rows(self) -> Floats:
        """Return the largest absolute rate of each row, float64 (n_rows,); 0 without pairs."""
        return self.rows.largest_of_rows()

    def _find_by_size(self) -> tuple[Ints, Ints]:
        n_rows = len(self.rates)
        start = np.concatenate([[0], np.bincount(self.row, minlength=n_rows).cumsum()]).astype(np.int64)
        if self.n_leads < _FEW_LEADS * n_rows:
            order = np.lexsort((self.scale, self.row))
        else:
            order = np.argsort(self.row.astype(np.uint16) if n_rows < 1 << 16 else self.row, kind="stable")
            leads_a_row = self.n_leads // max(1, n_rows)
            over_blocks(n_rows, leads_a_row, lambda low, high, _: self._sort_rows(order, start, low, high))
        for array in (order, start):
            array.flags.writeable = False
        return order, start

    def _sort_rows(self, order: Ints, start: Ints, low: int, high: int) -> None:
        """Sort the leads of some rows, which are together already, by scale."""
        for first, end in zip(start[low:high].tolist(), start[low + 1 : high + 1].tolist(), strict=True):
            leads = order[first:end]
            leads[:] = leads[np.argsort(self.scale[leads], kind="stable")]


def _largest_scale(scale: Floats) -> float:
    """Return the largest scale of a lead as Python's own number, which knows no warnings where a product is inf."""
    if not len(scale):
        return 0.0
    largest = float(scale.max())
    if not (scale.min() >= 0 and largest < np.inf):
        bad = int(np.flatnonzero(~(np.isfinite(scale) & (scale >= 0)))[0])
        raise InvalidInput(f"affinity.scale of lead {bad}: must be finite and not negative; found {scale[bad]}")
    return largest


def _rows(rates: Any) -> Rows:
    if isinstance(rates, SparseRows):
        return rates
    if hasattr(rates, "tocsr") and hasattr(rates, "format"):  # scipy.sparse need not be imported to know its kind
        return SparseRows.of_scipy(rates)
    return FullRows(_frozen(floats_of(rates, "affinity.rates", 2)))


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _indices(values: ArrayLike, n_rows: int) -> Ints:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InvalidInput(f"affinity.row: must be whole numbers of shape (leads,); found {array.dtype} {array.shape}")
    if array.size and (array.min() < 0 or array.max() >= n_rows):
        raise InvalidInput(f"affinity.row: must be from 0 to {n_rows - 1}; found {array.min()} to {array.max()}")
    return np.ascontiguousarray(array, dtype=np.int64)
