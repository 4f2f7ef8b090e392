"""`Affinity`: what each lead is worth with each rep, in factored form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.blocks import over_blocks

T = TypeVar("T")

_FEW_LEADS = 32  # a row; below that, one sort of all leads beats one a row


class _Known:
    """What an `Affinity` found out about itself. Not fields: they are neither shown nor saved nor copied."""

    __slots__ = ("_by_size", "_is_amount", "_is_dense", "_largest", "_largest_rate")

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
    every core.

    Examples
    --------
    >>> a = Affinity(rates=[[0.1, 0.3]], row=[0, 0], scale=[1.0, 10.0])
    >>> a.dense()
    array([[0.1, 0.3],
           [1. , 3. ]])
    """

    rates: Floats
    row: Ints = None  # type: ignore[assignment]  # filled in by __post_init__
    scale: Floats = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Validate once, and freeze the arrays."""
        rates = _floats(self.rates, "affinity.rates", 2)
        n_rows = rates.shape[0]
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
        if self.row is None and self.scale is None:
            self._once("_is_dense", lambda: True)
        for name, array in (("rates", rates), ("row", row), ("scale", scale)):
            frozen = array.view()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)
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
    def eligible(self) -> NDArray[np.bool_]:
        """Which pairs may be matched, per row of `rates`: bool (n_rows, n_reps)."""
        return np.asarray(self.rates > -np.inf)

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
        return self._once("_is_amount", lambda: bool((self.rates >= 0).all()))

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
        gains = self.rates.take(self.row[chosen], axis=0)
        return gains if self.is_dense else scaled(gains, self.scale[chosen, None])

    def between(self, start: int, stop: int, scratch: Floats) -> Floats:
        """Return the gains of consecutive leads with every rep, float64 (stop - start, n_reps), to be read only.

        They are in `scratch`, which has that shape, or where they always were if `is_dense`.
        """
        if self.is_dense:
            return self.rates[start:stop]
        # Rows were checked: "clip" changes none, and spares the copy that "raise" makes.
        gains = self.rates.take(self.row[start:stop], axis=0, out=scratch, mode="clip")
        return scaled(gains, self.scale[start:stop, None])

    def at(self, leads: ArrayLike, reps: ArrayLike) -> Floats:
        """Return the gain of each lead with the rep at the same place, float64 (len(leads),)."""
        chosen = np.asarray(leads)
        gains = np.asarray(self.rates[self.row[chosen], np.asarray(reps)])
        if self.is_dense:
            return gains
        scale = self.scale[chosen]
        with np.errstate(invalid="ignore"):
            gains = np.asarray(gains * scale)
        return gains if scale.all() else np.where(np.isnan(gains), -np.inf, gains)

    def dense(self) -> Floats:
        """Return the whole matrix, float64 (n_leads, n_reps): for small problems and tests."""
        return self.of(np.arange(self.n_leads))

    @classmethod
    def coerce(cls, gains: Affinity | ArrayLike) -> Affinity:
        """Return an `Affinity` as it is, and a matrix (n_leads, n_reps) as a dense one."""
        return gains if isinstance(gains, Affinity) else cls(rates=gains)  # type: ignore[arg-type]

    def _find_dense(self) -> bool:
        n_rows = len(self.rates)
        in_order = len(self.row) == n_rows and np.array_equal(self.row, np.arange(n_rows))
        return in_order and bool((self.scale == 1.0).all())

    def _find_largest(self) -> float:
        if self.is_dense:
            return self.largest_at_most
        n_rows, n_reps = self.rates.shape
        of_row = np.concatenate([np.zeros(0), *over_blocks(n_rows, n_reps, self._largest_of_rows)])

        def largest(start: int, stop: int, _: Floats) -> float:
            with np.errstate(over="ignore"):
                return float((of_row[self.row[start:stop]] * self.scale[start:stop]).max())

        return max(over_blocks(self.n_leads, 1, largest), default=0.0)

    def _largest_of_rows(self, start: int, stop: int, scratch: Floats) -> Floats:
        block = self.rates[start:stop]
        return np.asarray(np.maximum(block.max(axis=1, initial=0.0), -_lowest(block, scratch, axis=1)))

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


def _largest_rate(rates: Floats) -> float:
    """Return the largest absolute value beside -inf, and refuse NaN and +inf."""
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
