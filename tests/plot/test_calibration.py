"""The calibration curve shows the bins of a backtest."""

import pytest

import leadopt
from leadopt.evaluate import backtest
from leadopt.plot import plot_calibration
from leadopt.plot.axes import new_axes
from tests.evaluate.backtests.test_backtest import history


def test_points_and_bars_are_the_bins():
    found = backtest(history(0, 800, rep_sd=0.5), segment_by="source")
    ax = found.plot()
    points = next(line for line in ax.get_lines() if line.get_marker() == "o")
    assert points.get_xdata().tolist() == [one.chance for one in found.bins]
    assert points.get_ydata().tolist() == [one.rate for one in found.bins]
    (bars,) = ax.collections
    ends = [tuple(segment[:, 1]) for segment in bars.get_segments()]
    assert ends == [pytest.approx((one.low, one.high)) for one in found.bins]
    assert ax.get_title(loc="left") == f"Calibration on 400 leads not learned from, {len(found.bins)} bins"
    assert ax.get_xlim()[1] >= max(one.chance for one in found.bins)
    assert ax.get_ylim()[1] >= max(one.high for one in found.bins)


def test_it_is_drawn_on_the_axes_it_is_given():
    ax = new_axes(3, 3)
    assert plot_calibration(backtest(history(0, 100)), ax=ax) is ax


def test_nothing_judged_cannot_be_drawn():
    with pytest.raises(
        leadopt.InvalidInput, match=r"^backtest: has judged no outcome, so there is no calibration to draw$"
    ):
        backtest([]).plot()
