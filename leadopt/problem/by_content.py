"""Arrays told apart by what they hold: what is equal is made one object, so that it can be told apart by address.

One set of leads can come as one mask that many limits share, as equal masks, or as indices in any order; one usage as
a number, or as an array that holds nothing else. None of that may change an answer.
"""

import zlib
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.problem.gains import Affinity

Array = NDArray[Any]
T = TypeVar("T")

# Bytes up to which an array is hashed whole, at 1.3 GB/s; of a larger one a sample is, as two of them seldom look alike
# and are not equal. A thousand sets of a few thousand leads take 20 ms. Half or twice were not measured.
_WHOLE = 1 << 20
_SAMPLE = 1 << 10  # cells, strided; not measured: what looks alike by them is compared cell by cell
_GLANCE = 256  # cells by which nearly every array shows that it holds more than one number


class Interned:
    """Sets of leads and usages as limits come by, each in the place of the first that is equal.

    Not kept: once the limits of a problem are read, what is equal is one object.

    Parameters
    ----------
    affinity
        the gains, which may be what a limit counts too
    """

    def __init__(self, affinity: Affinity) -> None:
        self._n_leads = affinity.n_leads
        self._sets: _Distinct[Ints | None] = _Distinct()
        self._usages: _Distinct[float | Floats | Affinity] = _Distinct()
        self._usages.found(affinity, lambda: affinity)

    def leads(self, chosen: Array | None, indices: Callable[[Array], Ints]) -> Ints | None:
        """Return a set of leads, None for all; `indices` makes ascending indices of a mask, and refuses strangers."""
        if chosen is None:
            return None

        def some() -> Ints | None:
            found = indices(chosen)
            return None if len(found) == self._n_leads else found

        return self._sets.found(chosen, some)

    def usage(self, usage: Floats | Affinity) -> float | Floats | Affinity:
        """Return a usage, as a number where it is the same for all pairs."""
        return self._usages.found(usage, lambda: _as_number(usage))


class _Distinct(Generic[T]):
    """Values by content; one that lies where an earlier one does is not looked at again."""

    def __init__(self) -> None:
        self._by_place: dict[object, T] = {}
        self._by_content: dict[_Content, T] = {}

    def found(self, given: Array | Affinity, made: Callable[[], T]) -> T:
        """Return the first value that is equal to what is made of the given one."""
        place = _place(given)
        if place in self._by_place:
            return self._by_place[place]
        value = made()
        if isinstance(value, np.ndarray | Affinity):
            value = self._by_content.setdefault(_Content(value), value)
        self._by_place[place] = value
        return value


def _place(given: Array | Affinity) -> object:
    """Return what is equal for two views of the same memory, and for nothing else that is alive."""
    if isinstance(given, Affinity):
        return id(given)
    return given.__array_interface__["data"][0], given.shape, given.strides, given.dtype.char


class _Content:
    """Arrays as a key of a dictionary: each is hashed once at most, and compared with one whose hash is the same."""

    __slots__ = ("_arrays", "_digest", "_hash")

    def __init__(self, value: Array | Affinity) -> None:
        self._arrays = value.arrays if isinstance(value, Affinity) else (value,)
        self._digest: int | None = None
        self._hash = hash((*((array.shape, _glanced(array)) for array in self._arrays),))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Content) or len(self._arrays) != len(other._arrays):
            return False
        pairs = [(a, b) for a, b in zip(self._arrays, other._arrays, strict=True) if a is not b]
        if any(a.shape != b.shape for a, b in pairs):
            return False
        return self.digest == other.digest and all(np.array_equal(a, b) for a, b in pairs)

    @property
    def digest(self) -> int:
        """A checksum of everything; where two differ, so do the arrays."""
        if self._digest is None:
            self._digest = hash(tuple(zlib.crc32(array.data) for array in self._arrays))
        return self._digest


def _glanced(array: Array) -> int:
    """Return a checksum of a small array, or of a few cells of a large one."""
    if array.nbytes <= _WHOLE:
        return zlib.crc32(array.data)
    return zlib.crc32(array.reshape(-1)[:: array.size // _SAMPLE].tobytes())


def _as_number(usage: Floats | Affinity) -> float | Floats | Affinity:
    parts = (usage.full_rates(), usage.scale) if isinstance(usage, Affinity) else (usage,)
    return float(np.prod([part.flat[0] for part in parts])) if all(_is_one_number(part) for part in parts) else usage


def _is_one_number(array: Floats) -> bool:
    cells = array.reshape(-1)
    return cells.size > 0 and bool((cells[:_GLANCE] == cells[0]).all()) and bool((cells == cells[0]).all())
