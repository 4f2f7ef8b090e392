"""`Affinity`: what each lead is worth with each rep: dense, in factored form, or its eligible pairs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.blocks import over_blocks
from leadopt.problem.sparse_rows import FEW, SparseRows

T = TypeVar("T")

_WORTH_LISTING = 1 << 17  # cells: with fewer, no solve takes long
_SAMPLED = 500  # rows that say whether few pairs are eligible
_FEW_LEADS = 32  # a row; below that, one sort of all leads beats one a row


class _Known:
    """What an `Affinity` found out about itself. Not fields: they are neither shown nor saved nor copied."""

    __slots__ = ("_by_size", "_is_amount", "_is_dense", "_largest", "_largest_rate", "_n_options", "_plain")

    def _once(self, name: str, find: Callable[[], T]) -> T:
        """Return what is known by that name, and find it out the first time."""
        if not hasattr(self, name):
            object.__setattr__(self, name, find())
        return cast(T, getattr(self, name))


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
        rates = _rates(self.rates)
        n_rows = len(rates)
        row = np.arange(n_rows) if self.row is None else _indices(self.row, n_rows)
        scale = np.ones(len(row)) if self.scale is None else _floats(self.scale, "affinity.scale", 1)
        if len(scale) != len(row):
            missing = "without `row`, `scale` needs one entry per row" if self.row is None else ""
            rule = f"affinity: {missing}" if missing else "affinity.scale must have one entry per lead"
            raise InvalidInput(f"{rule}; found {len(scale)} for {len(row)}{'' if missing else ' leads'}")
        largest_rate = _largest_rate(rates)
        if len(scale) and not (scale.min() >= 0 and scale.max() < np.inf):
            bad = int(np.flatnonzero(~(np.isfinite(scale) & (scale >= 0)))[0])
            raise InvalidInput(f"affinity.scale of lead {bad}: must be finite and not negative; found {scale[bad]}")
        if isinstance(rates, SparseRows) or (self.row is None and self.scale is None):
            self._once("_is_dense", lambda: not isinstance(rates, SparseRows))
        for name, array in (("rates", rates), ("row", row), ("scale", scale)):
            object.__setattr__(self, name, array if isinstance(array, SparseRows) else _frozen(array))
        self._once("_largest_rate", lambda: largest_rate)

    @property
    def n_leads(self) -> int:
        """How many leads there are."""
        return len(self.row)

    @property
    def n_reps(self) -> int:
        """How many reps there are."""
        return int(self.rates.shape[1])

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """All that it holds: two are the same where these are."""
        rates = self.rates
        held = (rates.first, rates.rep, rates.gain) if isinstance(rates, SparseRows) else (rates,)
        return (*held, self.row, self.scale)

    @property
    def n_rows(self) -> int:
        """How many rows of rates there are."""
        return len(self.rates)

    @property
    def is_sparse(self) -> bool:
        """Whether `rates` hold the eligible pairs alone."""
        return isinstance(self.rates, SparseRows)

    @property
    def eligible(self) -> Bools:
        """Which pairs may be matched, per row of `rates`: bool (n_rows, n_reps)."""
        return np.asarray(self.full_rates() > -np.inf)

    @property
    def n_options(self) -> Ints:
        """How many reps are eligible, int64 (n_rows,)."""
        return self._once("_n_options", self._find_options)

    @property
    def n_pairs(self) -> int:
        """How many pairs of leads and reps are eligible."""
        return int(self.n_options[self.row].sum())

    @property
    def n_negative(self) -> int:
        """How many eligible rates are below 0."""
        if isinstance(self.rates, SparseRows):
            return int((self.rates.gain < 0).sum())
        return int(((self.rates < 0) & (self.rates > -np.inf)).sum())

    @property
    def is_dense(self) -> bool:
        """Whether the gains are `rates` as they are: lead i has row i and scale 1."""
        return self._once("_is_dense", self._find_dense)

    @property
    def largest(self) -> float:
        """The largest absolute gain of any eligible pair; inf where it is beyond float64, 0 without pairs."""
        return self._once("_largest", self._find_largest)

    @property
    def largest_at_most(self) -> float:
        """What `largest` is at most, known without another look at the rates."""
        rate = self._once("_largest_rate", lambda: _largest_rate(self.rates))
        # Of Python's own numbers, which know no warnings; to ask numpy for none takes longer than all of this.
        return float(rate) * float(self.scale.max(initial=0.0))

    @property
    def is_amount(self) -> bool:
        """Whether no pair is ineligible or negative, as of what a limit counts."""
        rates = self.rates
        return not isinstance(rates, SparseRows) and self._once("_is_amount", lambda: bool((rates >= 0).all()))

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
        chosen = np.asarray(leads)
        if isinstance(self.rates, SparseRows):
            which = np.arange(self.n_leads)[chosen]
            found = self.pairs(np.atleast_1d(which)).dense()
            return found if which.ndim else np.asarray(found[0])
        gains: Floats = self.rates.take(self.row[chosen], axis=0)
        return gains if self.is_dense else scaled(gains, self.scale[chosen, None])

    def pairs(self, leads: Ints | None = None) -> SparseRows:
        """Return the eligible pairs of some leads, a row each, and what they gain; None = of all."""
        rates, row, scale = self.rates, self.row, self.scale
        if leads is None and isinstance(rates, SparseRows):
            return rates if self._is_plain else rates.take(row).times(scale)
        chosen = np.arange(self.n_leads) if leads is None else leads
        if isinstance(rates, SparseRows):
            found = rates.take(row[chosen])
            return found if self._is_plain else found.times(scale[chosen])
        return SparseRows.joined(
            over_blocks(len(chosen), self.n_reps, partial(self._pairs_of_block, chosen)), self.n_reps
        )

    def pairs_between(self, start: int, stop: int) -> SparseRows:
        """Return the same for consecutive leads, to be read only; cheapest where leads have a row each, in order."""
        if isinstance(self.rates, SparseRows) and self._is_plain:
            return self.rates.between(start, stop)
        return self.pairs(np.arange(start, stop))

    def lean(self) -> Affinity | None:
        """Return the same as eligible pairs alone, None where these are not few, or little is saved.

        A sample of rows says whether it is worth a pass over all.
        """
        rates, n_rows = self.rates, self.n_rows
        if isinstance(rates, SparseRows) or n_rows * self.n_reps < _WORTH_LISTING or self.n_leads > _FEW_LEADS * n_rows:
            return None
        some = rates[:: 1 + n_rows // _SAMPLED]
        if np.count_nonzero(some > -np.inf) > FEW * some.size:
            return None
        parts = over_blocks(n_rows, self.n_reps, lambda start, stop, _: SparseRows.of_dense(rates[start:stop]))
        return Affinity(rates=SparseRows.joined(parts, self.n_reps), row=self.row, scale=self.scale)

    def over_pairs(self, leads: Ints | None, work: Callable[[int, SparseRows], T]) -> list[T]:
        """Return what `work` returns for each block of some leads, given the place of the first and their pairs.

        One block's pairs are held at a time. None = all leads.
        """
        n = self.n_leads if leads is None else len(leads)

        def block(start: int, stop: int, _: Floats) -> T:
            if leads is None:
                return work(start, self.pairs_between(start, stop))
            return work(start, self.pairs(leads[start:stop]))

        width = self.n_reps if not self.is_sparse else 1 + self.n_pairs // max(1, self.n_leads)
        return over_blocks(n, width, block)

    def may(self, rows: ArrayLike) -> Bools:
        """Return which reps are eligible by some rows of rates, bool (len(rows), n_reps)."""
        return np.asarray(self.rates_of(rows) > -np.inf)

    def rates_of(self, rows: ArrayLike, out: Floats | None = None) -> Floats:
        """Return some rows of rates with every rep, float64 (len(rows), n_reps), in `out` if that is given."""
        if isinstance(self.rates, SparseRows):
            return self.rates.take(np.asarray(rows, dtype=np.int64)).dense(out)
        # Rows were checked: "clip" changes none, and spares the copy that "raise" makes.
        found: Floats = self.rates.take(np.asarray(rows, dtype=np.int64), axis=0, out=out, mode="clip")
        return found

    def rates_row(self, row: int) -> Floats:
        """Return one row of rates with every rep, float64 (n_reps,), to be read only."""
        return np.asarray(self.rates_of([row])[0] if isinstance(self.rates, SparseRows) else self.rates[row])

    def full_rates(self) -> Floats:
        """Return the rates of every row with every rep, float64 (n_rows, n_reps), to be read only.

        Warns
        -----
        MemoryWarning
            eligible pairs alone were given, and all take 1 GB or more
        """
        if not isinstance(self.rates, SparseRows):
            return self.rates
        return self.rates.dense()

    def reaches(self, reps: ArrayLike) -> Bools:
        """Return which rows are eligible for any of some reps (indices or a mask), bool (n_rows,)."""
        if isinstance(self.rates, SparseRows):
            inside = np.zeros(self.n_reps, dtype=bool)
            inside[np.asarray(reps)] = True
            return np.asarray(self.rates.only(inside[self.rates.rep]).n_of_row > 0)
        return np.asarray((self.rates[:, np.asarray(reps)] > -np.inf).any(axis=1))

    def best_rates(self, reps: ArrayLike | None = None) -> Floats:
        """Return the largest rate of each row with some reps (indices or a mask; None = all), -inf without any."""
        if isinstance(self.rates, SparseRows):
            inside = np.full(self.n_reps, reps is None)
            if reps is not None:
                inside[np.asarray(reps)] = True
            return self.rates.only(inside[self.rates.rep]).best(-np.inf)
        rates = self.rates if reps is None else self.rates[:, np.asarray(reps)]
        return np.asarray(rates.max(axis=1, initial=-np.inf))

    def best_of(self, leads: Ints, open_reps: Bools) -> tuple[Ints, Floats]:
        """Return the rep who gains most with each of some leads among those that are open, and how much.

        int64 and float64 (len(leads),); rep 0 and -inf where no open one is eligible.
        """

        def of_pairs(_: int, pairs: SparseRows) -> tuple[Ints, Floats]:
            pairs = pairs.only(open_reps[pairs.rep])
            place = pairs.best_place()
            return np.where(place < 0, 0, np.append(pairs.rep, 0)[place]), np.append(pairs.gain, -np.inf)[place]

        def of_block(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            gains = np.where(open_reps, self.of(leads[start:stop]), -np.inf)
            best = gains.argmax(axis=1)
            return best, gains[np.arange(len(best)), best]

        parts = self.over_pairs(leads, of_pairs) if self.is_sparse else over_blocks(len(leads), self.n_reps, of_block)
        reps, gains = zip(*parts, strict=True) if parts else ((), ())
        return np.concatenate([np.zeros(0, dtype=np.int64), *reps]), np.concatenate([np.zeros(0), *gains])

    def mapped(self, change: Callable[[Floats], Floats], scale: Floats | None = None) -> Affinity:
        """Return the same eligible pairs with rates that `change` makes of theirs, and the same scales or others."""
        other = self.scale if scale is None else scale
        if isinstance(self.rates, SparseRows):
            return Affinity(rates=self.rates.mapped(change), row=self.row, scale=other)
        eligible = self.rates > -np.inf
        rates = np.full(self.rates.shape, -np.inf)
        rates[eligible] = change(self.rates[eligible])
        return Affinity(rates=rates, row=self.row, scale=other)

    def shifted(self, by: Floats, kind_of_row: Ints) -> Affinity:
        """Return the same eligible pairs with rates that are higher by what the kind of their row says.

        `by` is float64 (n_kinds, n_reps), `kind_of_row` int64 (n_rows,).
        """
        rates = self.rates
        if isinstance(rates, SparseRows):
            more = by[kind_of_row[rates.row], rates.rep]
            return Affinity(rates=rates.mapped(lambda gain: gain + more), row=self.row, scale=self.scale)
        shifted = rates + np.where(np.isneginf(rates), 0.0, by[kind_of_row])
        return Affinity(rates=shifted, row=self.row, scale=self.scale)

    def extended(self, rates: Floats, row: Ints, scale: Floats) -> Affinity:
        """Return an affinity with more rows of rates, float64 (n_more, n_reps), below these, and the rows of leads."""
        if isinstance(self.rates, SparseRows):
            below = SparseRows.joined([self.rates, SparseRows.of_dense(rates)], self.n_reps)
            return Affinity(rates=below, row=row, scale=scale)
        return Affinity(rates=np.vstack([self.rates, rates]), row=row, scale=scale)

    def between(self, start: int, stop: int, scratch: Floats) -> Floats:
        """Return the gains of consecutive leads with every rep, float64 (stop - start, n_reps), to be read only.

        They are in `scratch`, which has that shape, or where they always were if `is_dense`.
        """
        if isinstance(self.rates, SparseRows):
            return self.pairs_between(start, stop).dense(scratch)
        if self.is_dense:
            return self.rates[start:stop]
        # Rows were checked: "clip" changes none, and spares the copy that "raise" makes.
        gains = self.rates.take(self.row[start:stop], axis=0, out=scratch, mode="clip")
        return scaled(gains, self.scale[start:stop, None])

    def at(self, leads: ArrayLike, reps: ArrayLike) -> Floats:
        """Return the gain of each lead with the rep at the same place, float64 (len(leads),)."""
        chosen = np.asarray(leads)
        if isinstance(self.rates, SparseRows):
            gains = self.rates.at(self.row[chosen], np.asarray(reps))
        else:
            gains = np.asarray(self.rates[self.row[chosen], np.asarray(reps)])
        if self._is_plain:
            return gains
        scale = self.scale[chosen]
        with np.errstate(invalid="ignore"):
            gains = np.asarray(gains * scale)
        return gains if scale.all() else np.where(np.isnan(gains), -np.inf, gains)

    def rate_at(self, leads: Ints, reps: Ints) -> Floats:
        """Return the same before each lead's scale."""
        if isinstance(self.rates, SparseRows):
            return self.rates.at(self.row[leads], reps)
        return np.asarray(self.rates[self.row[leads], reps])

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
        return self.is_dense if not self.is_sparse else self._once("_plain", self._find_dense)

    def _find_options(self) -> Ints:
        if isinstance(self.rates, SparseRows):
            return self.rates.n_of_row
        rates = self.rates
        found = over_blocks(self.n_rows, self.n_reps, lambda a, b, _: np.count_nonzero(rates[a:b] > -np.inf, axis=1))
        return np.concatenate([np.zeros(0, dtype=np.int64), *found])

    def _pairs_of_block(self, leads: Ints, start: int, stop: int, _: Floats) -> SparseRows:
        return SparseRows.of_dense(self.of(leads[start:stop]))

    def _find_dense(self) -> bool:
        n_rows = len(self.rates)
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

    def largest_of_rows(self) -> Floats:
        """Return the largest absolute rate of each row, float64 (n_rows,); 0 without pairs."""
        rates = self.rates
        if isinstance(rates, SparseRows):
            return rates.mapped(np.abs).best(0.0)

        def largest(start: int, stop: int, scratch: Floats) -> Floats:
            block = rates[start:stop]
            return np.asarray(np.maximum(block.max(axis=1, initial=0.0), -_lowest(block, scratch, axis=1)))

        return np.concatenate([np.zeros(0), *over_blocks(self.n_rows, self.n_reps, largest)])

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


def scaled(gains: Floats, scale: Floats) -> Floats:
    """Multiply gains in place. A lead that is worth nothing is still ineligible where its row says so."""
    with np.errstate(invalid="ignore"):
        gains *= scale
    if not scale.all():
        np.copyto(gains, -np.inf, where=np.isnan(gains))  # 0 * -inf
    return gains


def _rates(rates: Any) -> Floats | SparseRows:
    if isinstance(rates, SparseRows):
        return rates
    if hasattr(rates, "tocsr") and hasattr(rates, "format"):  # scipy.sparse need not be imported to know its kind
        return SparseRows.of_scipy(rates)
    return _floats(rates, "affinity.rates", 2)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _largest_rate(rates: Floats | SparseRows) -> float:
    """Return the largest absolute value beside -inf, and refuse NaN and +inf."""
    if isinstance(rates, SparseRows):
        return float(np.abs(rates.gain).max(initial=0.0))
    n_rows, n_reps = rates.shape

    def largest(start: int, stop: int, scratch: Floats) -> float:
        size = _largest_in(rates[start:stop], scratch)
        return size if size < np.inf else _refuse(rates[start:stop], start)

    return max(over_blocks(n_rows, n_reps, largest), default=0.0)


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
        f"affinity, row {start + row}: gains must be finite, or -inf for an ineligible pair; found {block[row, rep]}"
    )


def _floats(values: ArrayLike, name: str, ndim: int) -> Floats:
    try:
        array = np.asarray(values, dtype=np.float64, order="C")
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{name}: must be numbers of shape {'(rows, reps)' if ndim == 2 else '(leads,)'}; {error}"
        ) from None
    if array.ndim != ndim:
        raise InvalidInput(f"{name}: must have {ndim} dimension{'s' * (ndim > 1)}; found {array.ndim}")
    return array


def _indices(values: ArrayLike, n_rows: int) -> Ints:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InvalidInput(f"affinity.row: must be whole numbers of shape (leads,); found {array.dtype} {array.shape}")
    if array.size and (array.min() < 0 or array.max() >= n_rows):
        raise InvalidInput(f"affinity.row: must be from 0 to {n_rows - 1}; found {array.min()} to {array.max()}")
    return np.ascontiguousarray(array, dtype=np.int64)
