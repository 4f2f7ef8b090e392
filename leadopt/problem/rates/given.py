"""What was given, as arrays of numbers; or one sentence that says which cell is none, and how to mend it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput

_LONGEST = 60  # letters of what was found that a message repeats
_SHAPES = {1: "(leads,)", 2: "(rows, reps)"}


def told(value: Any) -> str:
    """Return what was found, on one line and not too long.

    >>> told("a" * 100)[-8:]
    'aaaaa...'
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def array_of(values: Any, name: str, rule: str) -> NDArray[Any]:
    """Return values as an array of any kind; raise `InvalidInput` where rows differ in length, or cells are masked.

    Examples
    --------
    >>> array_of([[1], [2, 3]], "capacity", "whole numbers")
    Traceback (most recent call last):
        ...
    leadopt.errors.InvalidInput: capacity: must be whole numbers; found [[1], [2, 3]]
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name}: must be {rule}; found {told(values)}") from None
    _refuse_masked(values, name)
    return array


def floats_of(values: Any, name: str, ndim: int) -> Floats:
    """Return numbers as float64 in the order of C, without a copy where they are that already.

    Texts, dates, durations and complex numbers are none, though some can be turned into one.

    Examples
    --------
    >>> floats_of([[1, None]], "affinity.rates", 2)
    Traceback (most recent call last):
        ...
    leadopt.errors.InvalidInput: affinity.rates, row 0, rep 1: must be a number; found None
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(f"{name}: must be numbers of shape {_SHAPES[ndim]}; {_unequal(values)}") from None
    _refuse_masked(values, name)
    if array.dtype.kind not in "biufO" and array.size:
        found = f"{array.dtype}, such as {told(array.reshape(-1)[0].item())}"
        raise InvalidInput(f"{name}: must be numbers of shape {_SHAPES[ndim]}; found {found}")
    if array.ndim != ndim:
        raise InvalidInput(f"{name}: must have {ndim} dimension{'s' * (ndim > 1)}; found {array.ndim}")
    if array.dtype.kind == "O":
        return _of_objects(array, name)
    return np.asarray(array, dtype=np.float64, order="C")


def _of_objects(array: NDArray[Any], name: str) -> Floats:
    """Return numbers of any kind of Python's, cell by cell."""
    found = np.empty(array.shape)
    for place, cell in np.ndenumerate(array):
        try:
            if isinstance(cell, str | bytes):
                raise TypeError
            found[place] = float(cell)
        except (TypeError, ValueError, OverflowError):
            where = f"row {place[0]}, rep {place[1]}" if len(place) > 1 else f"lead {place[0]}"
            raise InvalidInput(f"{name}, {where}: must be a number; found {told(cell)}") from None
    return found


def _refuse_masked(values: Any, name: str) -> None:
    """Raise where cells of a `numpy.ma` array are masked: what stands below a mask is not meant."""
    if type(values) is np.ndarray or not (isinstance(values, np.ndarray) and hasattr(values, "filled")):
        return  # without `numpy.ma`, which takes as long to import as all of leadopt
    if (masked := np.ma.getmaskarray(values)).any():
        place = ", ".join(map(str, np.argwhere(masked)[0].tolist()))
        raise InvalidInput(
            f"{name}: must not be masked, as at place {place}; fill it first: .filled(-numpy.inf) makes pairs "
            "ineligible"
        )


def _unequal(values: Any) -> str:
    """Say which row is the first of another length, or what was found instead of rows."""
    try:
        lengths = [len(row) for row in values]
    except TypeError:
        return f"found {told(values)}"
    other = next((k for k, length in enumerate(lengths) if length != lengths[0]), None)
    return f"found {told(values)}" if other is None else f"row {other} has {lengths[other]}, row 0 has {lengths[0]}"
