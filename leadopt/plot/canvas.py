"""What all plots share: axes, colours, bars from the top, names and percents along an axis."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.progress import loaded
from leadopt.tables.text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREEN, VERMILLION, PALE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#D9D9D9"

_GAP = 5.0  # pixels a bar, from which gaps between bars are drawn alike
_LEGEND = 3  # entries side by side


def own_axes(ax: "Axes | None", width: float, height: float) -> "Axes":
    """Return the axes given, or new ones of a size in inches; raise `InvalidInput` where nothing can be drawn."""
    try:
        loaded("matplotlib.figure")
        loaded("matplotlib.ticker")
        from leadopt.plot.axes import new_axes
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise InvalidInput(f'plots need {package}; install it with: pip install "leadopt[plot]"') from None
    return new_axes(width, height) if ax is None else ax


def height_of(n_bars: int) -> float:
    """Return inches for so many bars; beyond fifty, bars grow thinner and not the figure higher."""
    return float(np.clip(1.7 + 0.19 * n_bars, 2.4, 11.0))


def finish_bars(ax: "Axes", names: Sequence[object], title: str, unit: str, what: str) -> "Axes":
    """Finish a chart of bars from the top: names, titles, and the legend between title and bars."""
    name_axis(ax.yaxis, names)
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    ax.xaxis.set_major_formatter(lambda value, _: number(value, 6))
    ax.set_xlabel(unit)
    ax.set_ylabel(what)
    ax.spines[["top", "right"]].set_visible(False)
    rows = -(-len(ax.get_legend_handles_labels()[0]) // _LEGEND)
    ax.set_title(title, loc="left", fontsize=10, pad=6 + 15 * rows)
    if rows:
        ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=_LEGEND, frameon=False, fontsize=8, borderpad=0.2)
    return ax


def bar_thickness(ax: "Axes", n_bars: int) -> float:
    """Return the thickness of bars 1 apart: with gaps, unless these would be too thin to be drawn alike."""
    return 0.62 if ax.bbox.height / max(1, n_bars) >= _GAP else 1.0


def in_percents(*axes: Any) -> None:
    """Write the numbers along some axes as per cents."""
    from matplotlib.ticker import PercentFormatter

    for axis in axes:
        axis.set_major_formatter(PercentFormatter(1.0))


def name_axis(axis: Any, names: Sequence[object], *, upright: bool = False) -> None:
    """Put names along an axis, as many as have room."""
    from leadopt.plot.axes import name_places

    name_places(axis, names, upright=upright)
