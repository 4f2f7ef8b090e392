"""Outcomes by cell and period: the course of the level of all chances, and the likelihood of effects beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.effects.offsets import OffsetBinomial
from leadopt.learning.effects.waiting import Waiting
from leadopt.learning.history.tally import are_whole
from leadopt.tables.cells.coded import compacted

WIDTHS = (7, 1)
"""Days of a period, over which the level counts as one: weeks, each of which has its weekend, and days where half of
the outcomes are of fewer than `FEWEST` weeks."""
FEWEST = 6  # periods with outcomes; from fewer, neither spread nor memory can be learned


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Outcomes by cell and period; rows (n_rows,).

    Parameters
    ----------
    codes, sizes
        of the cells, as of `fit_families`
    cell, period
        int64, which one of the cells and of the periods each row is of; `n_periods` = none yet, but the one of the
        forecast, where only open leads are
    day
        float64 (n_periods,), ascending: the middle of each period, 0 being the end of the last one
    width
        days that a period has
    n_outcomes
        in all, whatever they weigh
    tried, converted
        float64, how many outcomes, and how many were won
    half_life
        days after which an outcome counts half for the structure, never for the level; None = it does not fade
    waiting
        leads that are open still, by row where `Waiting` says cell; None = there are none, or nothing is known of them
    """

    codes: Sequence[Ints]
    sizes: Sequence[int]
    cell: Ints
    period: Ints
    day: Floats
    width: int
    n_outcomes: float
    tried: Floats
    converted: Floats
    half_life: float | None = None
    waiting: Waiting | None = None

    @classmethod
    def of(
        cls,
        codes: Sequence[Ints],
        sizes: Sequence[int],
        cell: Ints,
        days: Ints,
        n: Ints,
        converted: Ints,
        *,
        weight: Floats | None = None,
        half_life: float | None = None,
        waiting: Waiting | None = None,
        waiting_since: Ints | None = None,
    ) -> "Course":
        """Return the course of groups of outcomes: cell, day (an ordinal), how many, whether won, what each weighs.

        Groups of open leads have a day as well; later than all outcomes, their level is that of the forecast.
        """
        outcomes = n * (np.ones(len(n)) if weight is None else weight)
        if not are_whole(outcomes):
            # In this order sums, and so last digits, do not depend on the order of the history.
            order = np.lexsort((outcomes, converted, days, cell))
            cell, days, outcomes, converted = cell[order], days[order], outcomes[order], converted[order]
        width, last = _width(days, outcomes), int(days.max(initial=0))
        ago = (last - days) // width
        first, period = compacted(ago.max(initial=0) - ago, int(ago.max(initial=0)) + 1)
        periods = -ago[first]
        if waiting is not None and waiting_since is not None:
            # Where no outcome is of their period, the next one is near enough.
            since = np.searchsorted(periods, -((last - waiting_since) // width))
            cell, period = np.append(cell, waiting.cell), np.append(period, since)
        first, row = compacted(cell * (len(periods) + 1) + period, len(codes[0]) * (len(periods) + 1))
        row, of_waiting = np.split(row, [len(outcomes)])
        tried, won = (np.bincount(row, each, minlength=len(first)) for each in (outcomes, outcomes * converted))
        return cls(
            codes=codes,
            sizes=sizes,
            cell=cell[first],
            period=period[first],
            day=np.asarray((periods - 0.5) * width, dtype=np.float64),
            width=width,
            n_outcomes=float(n.sum()),
            tried=tried.astype(np.float64),
            converted=won.astype(np.float64),
            half_life=half_life,
            waiting=None if waiting is None else replace(waiting, cell=of_waiting),
        )

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return len(self.codes[0])

    def by_period(self, rows: Floats) -> Floats:
        """Return what rows add up to in each period, float64 (n_periods,)."""
        return np.bincount(self.period, rows, minlength=len(self.day) + 1)[:-1].astype(np.float64)

    def part(self, chosen: Bools) -> "Course":
        """Return the chosen rows, bool (n_rows,)."""
        rows = {name: getattr(self, name)[chosen] for name in ("cell", "period", "tried", "converted")}
        waiting = self.waiting
        if waiting is not None:
            stay, place = chosen[waiting.cell], chosen.cumsum() - 1
            groups = {name: getattr(waiting, name)[stay] for name in ("count", "if_won", "if_lost")}
            waiting = replace(waiting, cell=place[waiting.cell[stay]], others=None, **groups)
        return replace(self, waiting=waiting, **rows)

    def until(self, period: int) -> "Course":
        """Return the course before a period, as it was known then."""
        end = self.day[period - 1] + 0.5 * self.width
        return replace(self.part(self.period < period), day=self.day[:period] - end)

    def likelihood(self, mean: Floats, variance: Floats, *, fades: bool = True) -> OffsetBinomial:
        """Return the likelihood of the cells, given each period's level; that of the forecast is 0."""
        ago = -np.append(self.day, 0.0)[self.period]
        counts_as = 0.5 ** (ago / ((self.half_life if fades else None) or np.inf))
        waiting = self.waiting
        if waiting is not None:
            waiting = replace(waiting, count=waiting.count * counts_as[waiting.cell])
        return OffsetBinomial(
            n_cells=self.n_cells,
            cell=self.cell,
            tried=self.tried * counts_as,
            converted=self.converted * counts_as,
            offset=np.append(mean, 0.0)[self.period],
            scatter=np.append(variance, 0.0)[self.period],
            waiting=waiting,
        )

    def log_likelihood(self, rate: Floats) -> float:
        """Return the logarithm of the likelihood of what happened, given each row's rate, (n_rows,)."""
        settled = float((self.converted * np.log(rate) + (self.tried - self.converted) * np.log1p(-rate)).sum())
        return settled + (0.0 if self.waiting is None else self.waiting.log_likelihood(rate))


def _width(days: Ints, outcomes: Floats) -> int:
    """Return how many days a period has."""
    for width in WIDTHS[:-1]:
        n = np.bincount((days.max(initial=0) - days) // width, outcomes)
        if np.searchsorted(n.cumsum(), 0.5 * n.sum()) + 1 >= FEWEST:
            return width
    return WIDTHS[-1]
