"""Amounts by group: sums of them, of their logarithms, and of the squares of both."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints

LOG_UNIT = 2.0**-24
"""Logarithms are added up in whole numbers of this, so that neither engines nor the order of rows make a difference."""
MOST_AMOUNT = 1e100
"""What is worth more could not be added up."""
LEAST_AMOUNT = 1e-150
"""The square of what is worth less, but more than 0, could not be told from 0."""
WIDTH = 2**24
"""Of a magnitude, in units of the logarithm: amounts of one magnitude are within a factor of e of each other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Amounts:
    """What groups of rows hold of a column of amounts, a number for each group.

    Parameters
    ----------
    rows, known, free, wrong
        how many rows; how many of these hold anything; how many an amount of 0; and how many no amount from 0 to
        `MOST_AMOUNT`
    logs, squared_logs
        sums of the natural logarithms of amounts above 0, and of their squares
    total, squares
        sums of the amounts, and of their squares
    """

    rows: Ints
    known: Ints
    free: Ints
    wrong: Ints
    logs: Floats
    squared_logs: Floats
    total: Floats
    squares: Floats

    @classmethod
    def of_rows(cls, group: Ints, plain: Floats, known: Bools, times: Ints | None = None) -> "Amounts":
        """Return the amounts of rows: each row's group, its number (NaN where it is none), and whether it has one.

        `times` is how many rows each of them stands for; None = one.
        """
        sound, free = (plain > 0.0) & (plain <= MOST_AMOUNT), known & (plain == 0.0)
        amount, log = np.where(sound, plain, 0.0), np.log(np.where(sound, plain, 1.0))

        def added(each: Any) -> Any:
            sums = np.zeros(group.max(initial=-1) + 1, dtype=np.asarray(each).dtype)
            np.add.at(sums, group, each if times is None else each * times)
            return sums

        return cls(
            rows=added(np.ones(len(plain), dtype=np.int64)),
            known=added(known.astype(np.int64)),
            free=added(free.astype(np.int64)),
            wrong=added((known & ~sound & ~free).astype(np.int64)),
            logs=LOG_UNIT * added(np.rint(log / LOG_UNIT).astype(np.int64)),
            squared_logs=LOG_UNIT * added(np.rint(log * log / LOG_UNIT).astype(np.int64)),
            total=added(amount),
            squares=added(amount**2),
        )

    @property
    def paid(self) -> Ints:
        """How many rows hold an amount above 0."""
        return self.known - self.free - self.wrong

    def take(self, groups: Ints) -> "Amounts":
        """Return some of the groups."""
        return Amounts(**{field.name: getattr(self, field.name)[groups] for field in fields(self)})

    def times(self, factor: Floats) -> "Amounts":
        r"""Return the same in another unit: with a group's factor f, :math:`\log x` becomes :math:`\log x + \log f`."""
        shift = np.log(factor)
        return replace(
            self,
            logs=self.logs + self.paid * shift,
            squared_logs=self.squared_logs + 2.0 * self.logs * shift + self.paid * shift**2,
            total=self.total * factor,
            squares=self.squares * factor * factor,  # the factor's own square may be too large
        )


def magnitudes(plain: Floats) -> Ints:
    """Return which magnitude each amount is of, so that groups by it hold amounts that are much alike; 0 of none.

    >>> magnitudes(np.array([1.0, 2.0, 3.0, 1e-2, 0.0, -5.0, np.nan])).tolist()
    [0, 0, 1, -5, 0, 0, 0]
    """
    sound = (plain > 0.0) & (plain <= MOST_AMOUNT)
    return np.rint(np.log(np.where(sound, plain, 1.0)) / LOG_UNIT).astype(np.int64) // WIDTH
