"""The calibration curve of a backtest: estimated chances beside what happened."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from leadopt.errors import InvalidInput
from leadopt.plot.canvas import BLUE, PALE, in_percents, own_axes
from leadopt.tables.text import count, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Calibrated(Protocol):
    """What is read of a bin of leads with like chances."""

    @property
    def n(self) -> int: ...
    @property
    def chance(self) -> float: ...
    @property
    def rate(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class Backtested(Protocol):
    """What is read of a `leadopt.evaluate.Backtest`."""

    @property
    def bins(self) -> Sequence[Calibrated]: ...
    @property
    def level(self) -> float: ...
    @property
    def n_judged(self) -> int: ...


def plot_calibration(backtest: Backtested, *, ax: "Axes | None" = None) -> "Axes":
    """Draw how often leads were won against the chance that was estimated before, in bins of like chances.

    Estimates are calibrated where the points lie on the diagonal; bars are the intervals of the rates.

    Parameters
    ----------
    backtest
        what `leadopt.evaluate.backtests.backtest` returns
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed, or nothing was judged
    """
    bins = getattr(backtest, "bins", None)
    if not bins:
        raise InvalidInput("backtest: has judged no outcome, so there is no calibration to draw")
    ax = own_axes(ax, 5.6, 5.2)
    chance, rate = [one.chance for one in bins], [one.rate for one in bins]
    errors = [[one.rate - one.low for one in bins], [one.high - one.rate for one in bins]]
    most = min(1.0, 1.08 * max(*chance, *(one.high for one in bins)))
    ax.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":", label="as estimated")
    label = f"won, with {percent(backtest.level)} interval"
    ax.errorbar(chance, rate, yerr=errors, color=BLUE, marker="o", markersize=5, linewidth=1.2, capsize=3, label=label)
    ax.set(xlim=(0, most), ylim=(0, most), xlabel="estimated chance (%)", ylabel="share won (%)")
    in_percents(ax.xaxis, ax.yaxis)
    ax.grid(color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    title = f"Calibration on {count(backtest.n_judged, 'lead')} not learned from, {count(len(bins), 'bin')}"
    ax.set_title(title, loc="left", fontsize=10)
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    return ax
