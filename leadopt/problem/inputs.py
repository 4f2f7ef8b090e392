"""Numbers, capacities and pins as they are given, or one sentence that says what they must be."""

from collections.abc import Mapping
from math import inf, isnan
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.problem.gains import Affinity
from leadopt.problem.rates.given import array_of, told

_UNBOUNDED = 2**62  # no load comes near
_WHOLE = np.dtype(np.int64)


def number_of(value: Any, name: str, rule: str) -> float:
    """Return a number as a float; raise `InvalidInput` where it is none, or not a number (NaN)."""
    if type(value) is float and not isnan(value):  # nearly always
        return value
    if not isinstance(value, bool | np.bool_) and (isinstance(value, Real) or getattr(value, "ndim", 1) == 0):
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not np.isnan(number):
            return number
    raise InvalidInput(f"{name} must be {rule}; found {told(value)}")


def capacity_of(capacity: ArrayLike, n_reps: int) -> Ints:
    """Return how many leads each rep may get, int64 (n_reps,)."""
    rule = f"one whole number, or one for each of {n_reps} reps"
    array = array_of(capacity, "capacity", rule)
    if array.dtype.kind == "O" and not isinstance(capacity, Mapping):
        array = _whole_numbers(array)
    if array.dtype.kind not in "iuf":
        raise InvalidInput(f"capacity: must be {rule}; found {told(capacity)}")
    if array.ndim == 0:
        array = np.full(n_reps, array)
    if array.shape != (n_reps,):
        raise InvalidInput(f"capacity: must be one number, or one for each of {n_reps} reps; found shape {array.shape}")
    # Without a sign, what is negative is beyond all bounds.
    if array.dtype == _WHOLE and np.maximum.reduce(array.view(np.uint64), initial=0) <= _UNBOUNDED:
        return frozen(array.copy())
    fine = array >= 0
    if array.dtype.kind == "f":
        fine &= np.isfinite(array) & (array == np.floor(array))
    if not fine.all():
        bad = np.flatnonzero(~fine)[:1].tolist()
        raise InvalidInput(f"capacity of rep {bad[0]}: must be a whole number, 0 or more; found {array[bad[0]]}")
    return frozen(np.array([min(int(most), _UNBOUNDED) for most in array.tolist()], dtype=np.int64))


def _whole_numbers(cells: NDArray[Any]) -> NDArray[Any]:
    """Return Python's own numbers, of any size, as int64, as large as matters.

    Raises
    ------
    InvalidInput
        a cell is no whole number
    """
    found = np.empty(cells.shape, dtype=np.int64)
    for place, cell in np.ndenumerate(cells):
        number: Any = cell if isinstance(cell, Real) and not isinstance(cell, bool) else np.nan
        if not (0 <= number < inf and number == int(number)):  # NaN is not
            whose = f" of rep {place[0]}" if place else ""
            raise InvalidInput(f"capacity{whose}: must be a whole number, 0 or more; found {told(cell)}")
        found[place] = int(min(number, _UNBOUNDED))
    return found


def pins_of(pins: Mapping[int, int] | ArrayLike | None, affinity: Affinity) -> Ints:
    """Return the rep that each lead is fixed to, int64 (n_leads,), -1 = free."""
    array = np.empty(affinity.n_leads, dtype=np.int64)
    array.fill(-1)
    if pins is None:
        return frozen(array)
    if isinstance(pins, Mapping):
        for lead, rep in pins.items():
            if isinstance(lead, bool) or not (isinstance(lead, Integral) and 0 <= lead < affinity.n_leads):
                raise InvalidInput(f"pins: lead {lead} does not exist; there are {affinity.n_leads}")
            if isinstance(rep, bool) or not isinstance(rep, Integral):
                raise InvalidInput(f"pins: lead {lead} must be pinned to a rep's index; found {rep!r}")
            if not -1 <= rep < affinity.n_reps:
                raise InvalidInput(f"pins: lead {lead} is pinned to rep {rep}, which does not exist")
            array[lead] = rep
    else:
        given = array_of(pins, "pins", "one rep index (or -1) per lead")
        if given.shape != (affinity.n_leads,) or (given.size and given.dtype.kind not in "iu"):
            raise InvalidInput(f"pins: must be one rep index (or -1) per lead; found {given.dtype} {given.shape}")
        array[:] = given
    pinned = np.flatnonzero(array != -1)
    if bad := pinned[(array[pinned] < 0) | (array[pinned] >= affinity.n_reps)][:1].tolist():
        raise InvalidInput(f"pins: lead {bad[0]} is pinned to rep {array[bad[0]]}, which does not exist")
    if bad := pinned[np.isneginf(affinity.at(pinned, array[pinned]))][:1].tolist():
        raise InvalidInput(f"pins: lead {bad[0]} is pinned to rep {array[bad[0]]}, which is not eligible for it")
    return frozen(array)


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that nobody writes to."""
    # A view: the caller's own array stays writable.
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
