"""What a backtest found: scores, differences, tests and calibration, as tables, pages and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.backtests.heterogeneity import Heterogeneity
from leadopt.evaluate.backtests.losses import Bin, Difference
from leadopt.evaluate.backtests.verdict import Verdict, odds, signed
from leadopt.evaluate.counterfactual.matched import Matched
from leadopt.learning.past_assignment import PastAssignment
from leadopt.plot import plot_calibration
from leadopt.tables import Table
from leadopt.tables.records import columns_of, digits
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well one kind of estimate foretold the outcomes that it was not learned from.

    Parameters
    ----------
    method
        which
    log_loss
        mean surprise in nats; lower is better
    brier
        mean squared error; lower is better
    auc
        how often a won lead had the higher chance than a lost one; 0.5 = by luck; NaN if all were alike
    """

    method: str
    log_loss: float
    brier: float
    auc: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Backtest(Result):
    """Estimates beside what happened, on outcomes that they were not learned from.

    Parameters
    ----------
    verdict
        whether it matters who gets the lead, in words
    scheme
        what was learned from and what was judged, in words
    scores
        one for each kind of estimate, all on the same rows
    differences
        which of two is better, with its standard error and interval
    tests
        whether reps, and their pairs with segments, differ by more than chance, and what would have shown
    bins
        calibration of the affinity model
    level
        of all intervals
    n_judged
        outcomes that were judged
    segment_by
        the columns of a lead that make its segment
    notes
        what was left out or noticed, in words
    past
        how past leads were handed out, as far as history shows
    matched
        what matching would have brought, and what outcomes say of that; None without segments, or if nothing is judged
    chances
        float64 (n_judged,) for each kind of estimate, that every figure rests on
    won, fold, cell
        of the same rows: what happened, when it was judged, and its combination of rep and segment
    """

    verdict: Verdict
    scheme: str
    scores: tuple[Score, ...]
    differences: tuple[Difference, ...]
    tests: tuple[Heterogeneity, ...]
    bins: tuple[Bin, ...]
    level: float
    n_judged: int
    segment_by: tuple[str, ...]
    notes: tuple[str, ...]
    past: PastAssignment
    matched: Matched | None
    chances: Mapping[str, Floats] = field(repr=False)
    won: Floats = field(repr=False)
    fold: Ints = field(repr=False)
    cell: Ints = field(repr=False)
    like: Table = field(repr=False)

    def frame(self) -> Any:
        """Return one row per kind of estimate: method, log_loss, brier, auc; the same kind of table as the history."""
        return self.like.build(columns_of(self.scores))

    @cached_property
    def intervals(self) -> Any:
        """One row per comparison: method, over, gain in nats a lead, its error, low, high, freedom."""
        return self.like.build(columns_of(self.differences))

    @cached_property
    def calibration(self) -> Any:
        """One row per bin of the affinity model's chances: n, chance, rate, low, high."""
        return self.like.build(columns_of(self.bins))

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the calibration curve; see `leadopt.plot.plot_calibration`."""
        return plot_calibration(self, ax=ax)

    def summary(self) -> str:
        """Return the verdict."""
        return f"Verdict: {self.verdict}"

    @property
    def by_matching(self) -> list[str]:
        """What matching would have brought, and what outcomes say of that, in words; nothing without segments."""
        return [] if self.matched is None else [self.matched.note()]

    @property
    def _score_cells(self) -> Cells:
        rows = [[s.method, f"{s.log_loss:.4f}", f"{s.brier:.4f}", digits(s.auc, 3)] for s in self.scores]
        return ["estimate", "log-loss", "Brier", "AUC"], rows

    @property
    def _difference_cells(self) -> Cells:
        rows = [[d.method, d.over, signed(d), digits(d.low, 4, "+"), digits(d.high, 4, "+")] for d in self.differences]
        return ["estimate", "over", "gain (nats a lead)", "low", "high"], rows

    @property
    def _test_cells(self) -> Cells:
        rows = [
            [
                test.groups,
                f"{test.n_groups:,}",
                odds(test.deviation),
                number(test.p_value, 1),
                odds(test.detectable),
                "-" if test.needed is None else f"{test.needed:,}",
            ]
            for test in self.tests
        ]
        wanted = odds(self.tests[0].wanted) if self.tests else ""
        return ["between", "how many", "odds differ by", "p", "would have shown", f"outcomes for {wanted}"], rows

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        tables = [self._score_cells, self._difference_cells, self._test_cells] if self.n_judged else []
        return Parts(tables=tables, notes=[self.scheme, *self.by_matching, *self.notes])
