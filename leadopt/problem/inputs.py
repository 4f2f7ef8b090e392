"""Arrays and numbers as they are given, or one sentence that says what they must be."""

from collections.abc import Mapping
from math import isnan
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.problem.gains import Affinity

_UNBOUNDED = 2**62  # no load comes near
_WHOLE = np.dtype(np.int64)
_LONGEST = 60  # letters of what was found that a message repeats


def array_of(values: Any, name: str, rule: str) -> NDArray[Any]:
    """Return values as an array of any kind; raise `InvalidInput` where their rows differ in length.

    Examples
    --------
    >>> array_of([[1], [2, 3]], "capacity", "whole numbers")
    Traceback (most recent call last):
        ...
    leadopt.errors.InvalidInput: capacity: must be whole numbers; found [[1], [2, 3]]
    """
    try:
        return np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name}: must be {rule}; found {told(values)}") from None


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


def told(value: Any) -> str:
    """Return what was found, on one line and not too long.

    >>> told("a" * 100)[-8:]
    'aaaaa...'
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def capacity_of(capacity: ArrayLike, n_reps: int) -> Ints:
    """Return how many leads each rep may get, int64 (n_reps,)."""
    array = array_of(capacity, "capacity", f"one whole number, or one for each of {n_reps} reps")
    if array.dtype.kind not in "iuf":
        raise InvalidInput(f"capacity: must be whole numbers; found {array.dtype}")
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


def pins_of(pins: Mapping[int, int] | ArrayLike | None, affinity: Affinity) -> Ints:
    """Return the rep that each lead is fixed to, int64 (n_leads,), -1 = free."""
    array = np.empty(affinity.n_leads, dtype=np.int64)
    array.fill(-1)
    if pins is None:
        return frozen(array)
    if isinstance(pins, Mapping):
        for lead, rep in pins.items():
            if not (isinstance(lead, Integral) and 0 <= lead < affinity.n_leads):
                raise InvalidInput(f"pins: lead {lead} does not exist; there are {affinity.n_leads}")
            if isinstance(rep, bool) or not isinstance(rep, Integral):
                raise InvalidInput(f"pins: lead {lead} must be pinned to a rep's index; found {rep!r}")
            array[lead] = max(-_UNBOUNDED, min(int(rep), _UNBOUNDED))
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
