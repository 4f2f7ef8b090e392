"""Outcomes whose logit is a sum of effects plus a known offset: a likelihood of cells seen at several levels."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.logistic import BASE_DEVIATION, LEAST_INFORMATION, Binomial, expected_slopes
from leadopt.learning.effects.spreads import Spread
from leadopt.learning.effects.waiting import Waiting
from leadopt.tables.cells.coded import compacted

# Gauss-Hermite, of which rows take the most time here; 17 nodes, as `logistic` has, move no chance by 1e-4.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_RULE = (_NODES, _WEIGHTS / _WEIGHTS.sum())
_STEP = 0.1  # on the logit: outcomes of a cell whose offsets differ by less are counted together, which costs 1e-4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OffsetBinomial:
    """Outcomes by cell and offset, of which the sum of effects and the offset is the logit; see `Likelihood`.

    Parameters
    ----------
    n_cells
        how many cells there are
    cell
        int64 (n_rows,), which one each row is of
    tried, converted
        float64 (n_rows,), ``0 <= converted <= tried``; fractions are fine
    offset, scatter
        float64 (n_rows,), mean and variance of what is added to the sum of the cell's effects
    waiting
        leads that are open still, by row where `Waiting` says cell; None = there are none, or nothing is known of them
    """

    n_cells: int
    cell: Ints
    tried: Floats
    converted: Floats
    offset: Floats
    scatter: Floats
    waiting: Waiting | None = None

    is_normal: ClassVar[bool] = False
    base_deviation: ClassVar[float] = BASE_DEVIATION
    tolerance: ClassVar[float] = Binomial.tolerance
    noise: ClassVar[float] = 1.0
    freedom: ClassVar[float] = np.inf

    def merged(self) -> Self:
        """Return the same with the rows of a cell counted together whose offsets are next to equal."""
        bins = np.round(self.offset / _STEP).astype(np.int64)
        bins -= bins.min(initial=0)
        n_bins = int(bins.max(initial=0)) + 1
        first, row = compacted(self.cell * n_bins + bins, self.n_cells * n_bins)
        size, waiting = self.tried, self.waiting
        if waiting is not None:
            size = size + np.bincount(waiting.cell, np.abs(waiting.count), minlength=len(size))
            waiting = replace(waiting, cell=row[waiting.cell])
        tried, converted, some, offset, scatter = (
            np.bincount(row, each, minlength=len(first)).astype(np.float64)
            for each in (self.tried, self.converted, size, size * self.offset, size * self.scatter)
        )
        some = np.maximum(some, 1e-300)
        return replace(
            self,
            cell=self.cell[first],
            tried=tried,
            converted=converted,
            offset=offset / some,
            scatter=scatter / some,
            waiting=waiting,
        )

    def raised(self, by: float) -> Self:
        """Return the same where sums are so much higher and offsets so much lower."""
        return replace(self, offset=self.offset - by)

    def first_base(self) -> float:
        """Return the logit of the rate of all cells together, where nothing is added."""
        added = float((self.tried * self.offset).sum()) / max(float(self.tried.sum()), 1e-300)
        return Binomial(tried=self.tried, converted=self.converted).first_base() - added

    def by_cell(self, rows: Floats) -> Floats:
        """Return what rows add up to in each cell, float64 (n_cells,)."""
        return np.bincount(self.cell, rows, minlength=self.n_cells).astype(np.float64)

    def by_row(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Return each row's pull and information, for sums of this mean and variance (n_cells,).

        Open leads add what `Waiting.slopes` says, which may be less than nothing.
        """
        logit, scatter = mean[self.cell] + self.offset, variance[self.cell] + self.scatter
        return expected_slopes(logit, scatter, self.tried, self.converted, self.waiting, _RULE)

    def slopes(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Return what cells won beyond expectation, and their information."""
        pull, information = self.by_row(mean, variance)
        return self.by_cell(pull), np.maximum(self.by_cell(information), LEAST_INFORMATION)

    def deviation(self, spread: Spread) -> float:
        """Return what `Binomial` does."""
        return spread.deviation

    def learned(self, crossed: Crossed, mean: Floats) -> Self:
        """Return the same: a chance says how much outcomes scatter."""
        return self
