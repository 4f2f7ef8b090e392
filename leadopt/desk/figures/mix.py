"""The mix of leads made alike: leads of one period count as if as many of each kind had come as in another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.tables.cells import as_level, as_number, each_once, is_number
from leadopt.tables.text import count, percent

_MOST_TOLD = 3
_MOST_NUMBERS = 8  # distinct ones that still are kinds, such as a tier from 1 to 5; of more, each fifth is one
_PARTS = 5
MISSING = "-"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mix:
    """The kinds of leads of two periods.

    Parameters
    ----------
    names
        the kinds
    old, new
        int64 (n_leads,), the kind of each lead of either set of facts
    came_before, came_after
        int64 (n_kinds,), how many of each came in either period
    """

    names: tuple[str, ...]
    old: Ints
    new: Ints
    came_before: Ints
    came_after: Ints

    @classmethod
    def of(
        cls, old: Sequence[Sequence[Any]], came_before: Bools, new: Sequence[Sequence[Any]], came_after: Bools
    ) -> Mix:
        """Return the mix of two periods, given the cells of all leads and which of them came in it."""
        if old and new and len(old[0]) != len(new[0]):  # one of them tells nothing of kinds
            old, new = [()] * len(old), [()] * len(new)
        kinds = kinds_of([*old, *new])
        names = tuple(sorted(set(kinds)))
        place = {name: number for number, name in enumerate(names)}
        codes = np.array([place[kind] for kind in kinds], dtype=np.int64)
        before, after = codes[: len(old)], codes[len(old) :]
        return cls(
            names=names,
            old=before,
            new=after,
            came_before=np.bincount(before[came_before], minlength=len(names)),
            came_after=np.bincount(after[came_after], minlength=len(names)),
        )

    def weights(self, old: Ints, new: Ints) -> tuple[Floats, Floats]:
        r"""Return how much rows count, given the leads they are of: those before by the mix after.

        With :math:`n_{0k}` rows of kind k before and :math:`n_{1k}` after, a row before counts
        :math:`\frac{n_{1k} / n_1}{n_{0k} / n_0}` and one after 1, over kinds that have both; others count nothing.
        """
        before, after = self.old[old], self.new[new]
        n0, n1 = (np.bincount(kind, minlength=len(self.names)).astype(np.float64) for kind in (before, after))
        both = (n0 > 0.0) & (n1 > 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(both, (n1 / n1[both].sum()) / (n0 / n0[both].sum()), 0.0)
        return each[before], both[after].astype(np.float64)

    def told(self) -> tuple[str, ...]:
        """Return in words how the mix changed: the kinds whose share changed most, and those left out."""
        if self.names in ((), ("",)):
            return ("the lead mix is not looked at, as no column says what leads are like",)
        n0, n1 = max(int(self.came_before.sum()), 1), max(int(self.came_after.sum()), 1)
        shares = np.stack([self.came_before / n0, self.came_after / n1])
        most = np.argsort(-np.abs(shares[1] - shares[0]), kind="stable")[:_MOST_TOLD]
        moved = [
            f"{self.names[k]} {percent(shares[0, k])} -> {percent(shares[1, k])}"
            for k in most.tolist()
            if shares[0, k] != shares[1, k]
        ]
        told = f"lead mix: {', '.join(moved)}" if moved else "the lead mix is the same"
        return (f"{told}; shares and waits before are by the mix after", *self._left_out())

    def _left_out(self) -> list[str]:
        alone = (self.came_before == 0) != (self.came_after == 0)
        n = int((self.came_before + self.came_after)[alone].sum())
        if not n:
            return []
        return [f"{count(n, 'lead')} of kinds that came in one period alone {'is' if n == 1 else 'are'} left out"]


# ---- what leads are like: the levels of some columns as one text each


def kinds_of(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Return what each of some leads is like, given its cells; "" where there are none.

    Numbers of many values are cut into fifths of all that there are.

    >>> kinds_of([("web", 1), (None, 2)])
    ('web / 1', '- / 2')
    """
    if not rows or not rows[0]:
        return ("",) * len(rows)
    return tuple(map(" / ".join, zip(*(_levels(column) for column in zip(*rows, strict=True)), strict=True)))


def _levels(column: Sequence[Any]) -> list[str]:
    numbers = {value for value in column if is_number(value)}
    if len(numbers) <= _MOST_NUMBERS or any(isinstance(value, str) for value in column):
        return [MISSING if level is None else level for level in each_once(as_level, column)]
    values = np.array([as_number(value) if is_number(value) else np.nan for value in column], dtype=np.float64)
    edges = np.unique(np.nanquantile(values, np.arange(1, _PARTS) / _PARTS))
    bounds = ["", *(f"{edge:g}" for edge in edges), ""]
    names = [
        f"{low} to {high}" if low and high else f"below {high}" if high else f"{low} or more"
        for low, high in pairwise(bounds)
    ]
    places = np.searchsorted(edges, values, side="right").tolist()
    return [MISSING if np.isnan(value) else names[place] for value, place in zip(values.tolist(), places, strict=True)]
