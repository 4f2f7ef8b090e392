"""Who counts in which limit, coded once: every solver and the certificate read it off the problem."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.gains import Affinity

T = TypeVar("T")

_AT_ONCE = 31  # sets that the bits of one word tell apart, so that a class and a word fit in an int64


class _Known:
    """What a `Counted` found out. Not a field: it follows from them, and is neither shown nor copied."""

    __slots__ = ("_classes",)
    _classes: "Classes"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counted(_Known):
    """Which leads each limit counts, and by what usage.

    Parameters
    ----------
    n_leads
        how many leads there are
    sets
        the distinct sets of leads, ascending indices; the first is all leads, None
    usages
        the distinct usages; the first, 1.0, stands for all numbers
    set_of, usage_of
        int64 (n_limits,), which of them each limit has
    """

    n_leads: int
    sets: tuple[Ints | None, ...]
    usages: tuple[float | Floats | Affinity, ...]
    set_of: Ints
    usage_of: Ints

    @classmethod
    def of(cls, n_leads: int, leads: Sequence[Ints | None], usages: Sequence[float | Floats | Affinity]) -> "Counted":
        """Return the code of limits, given their leads and usages; of two that are equal, both are one object."""
        one = 1.0
        sets, set_of = _numbered([None, *leads])
        kinds, usage_of = _numbered([one, *(one if isinstance(usage, float) else usage for usage in usages)])
        return cls(n_leads=n_leads, sets=tuple(sets), usages=tuple(kinds), set_of=set_of[1:], usage_of=usage_of[1:])

    @property
    def families(self) -> list[list[int]]:
        """The limits that count the same leads by the same usage, together; so are all whose usage is a number."""
        found: dict[tuple[int, int], list[int]] = {}
        for k, kind in enumerate(zip(self.set_of.tolist(), self.usage_of.tolist(), strict=True)):
            found.setdefault(kind, []).append(k)
        return list(found.values())

    @property
    def classes(self) -> "Classes":
        """The leads by the sets that they are in. Found out once and kept: 8 bytes a lead."""
        if not hasattr(self, "_classes"):
            found = Classes.of(self.n_leads, [leads for leads in self.sets if leads is not None])
            object.__setattr__(self, "_classes", found)
        return self._classes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classes:
    """Leads by the sets that they are in: those of one class are in the same ones.

    Parameters
    ----------
    of_lead
        int64 (n_leads,), the class of each lead
    example
        int64 (n_classes,), the first lead of each
    """

    of_lead: Ints
    example: Ints

    @classmethod
    def of(cls, n_leads: int, sets: Iterable[Ints]) -> "Classes":
        """Return the classes of leads by some sets: O(what the sets hold), and O(n_leads) for every 31 of them.

        Examples
        --------
        >>> Classes.of(4, [np.array([1, 2]), np.array([2])]).of_lead
        array([0, 1, 2, 0])
        """
        found, n_found = np.zeros(n_leads, dtype=np.int64), 1
        word = np.zeros(n_leads, dtype=np.int64)
        for some in _batches(sets):
            for bit, leads in enumerate(some):
                word[leads] += 1 << bit
            inside = np.flatnonzero(word)
            _, new = np.unique((found[inside] << _AT_ONCE) + word[inside], return_inverse=True)
            found[inside] = n_found + new.reshape(-1)
            n_found += int(new.max(initial=-1)) + 1
            word[inside] = 0
            if n_found > 2 * n_leads:  # most of them have nobody left
                found, n_found = _renumbered(found, n_found)
        of_lead, n_classes = _renumbered(found, n_found)
        example = np.empty(n_classes, dtype=np.int64)
        example[of_lead[::-1]] = np.arange(n_leads)[::-1]  # of several leads the last one written stays
        for array in (of_lead, example):
            array.flags.writeable = False
        return cls(of_lead=of_lead, example=example)

    def within(self, leads: Ints | None) -> Ints:
        """Return the classes that one of the sets holds, ascending; each is in it as a whole."""
        if leads is None:
            return np.arange(len(self.example))
        return np.flatnonzero(np.bincount(self.of_lead[leads], minlength=len(self.example)))


def _batches(sets: Iterable[Ints]) -> Iterator[list[Ints]]:
    left = iter(sets)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _renumbered(found: Ints, n_found: int) -> tuple[Ints, int]:
    """Return classes numbered without those that have nobody, and how many there are."""
    used = np.bincount(found, minlength=n_found) > 0
    return (np.cumsum(used) - 1)[found], int(used.sum())


def _numbered(values: Sequence[T]) -> tuple[list[T], Ints]:
    """Return the distinct objects in order, and the number of each value."""
    numbers: dict[int, int] = {}
    found = np.array([numbers.setdefault(id(value), len(numbers)) for value in values], dtype=np.int64)
    first = np.unique(found, return_index=True)[1]
    return [values[place] for place in first.tolist()], found
