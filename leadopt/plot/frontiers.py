"""Plots of frontiers: what fairness costs."""

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput
from leadopt.metrics import price_of_fairness
from leadopt.plot.canvas import BLUE, PALE, VERMILLION, in_percents, own_axes
from leadopt.tables import Table
from leadopt.tables.text import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_frontier(
    points: Any,
    *,
    x: str = "price_of_fairness",
    y: str = "gini",
    knee: int | None = None,
    names: str | Sequence[object] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw what fairness costs: one point for each answer, joined from left to right.

    Parameters
    ----------
    points
        one row for each answer: a data frame, a list of dicts or a dict of lists
    x, y
        columns of numbers. Where `points` have no "price_of_fairness", it is reckoned from their "objective", the
        highest being the best
    knee
        row, counted from 0, of the answer to mark; None = none
    names
        what the points are called: a column, or one for each; as many are written as do not overlap. None = nothing
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed, a column is missing or holds no numbers, or there is no such row or too few names
    """
    table = Table(points, "points")
    across, up = _column(table, x), _column(table, y)
    texts = _point_names(table, names)
    whole = isinstance(knee, Integral) and not isinstance(knee, bool)
    if knee is not None and not (whole and 0 <= knee < table.n_rows):
        raise InvalidInput(f"knee: must be a row of the {table.n_rows} points, counted from 0; found {knee}")
    ax = own_axes(ax, 6.4, 4.4)
    order = np.lexsort((up, across))
    ax.plot(across[order], up[order], color=BLUE, linewidth=1.2, marker="o", markersize=5, label="answers")
    if knee is not None:
        ax.plot(across[knee], up[knee], "*", color=VERMILLION, markersize=15, markeredgecolor="black", label="knee")
        ax.legend(frameon=False, fontsize=9)
    for axis, column in ((ax.xaxis, x), (ax.yaxis, y)):
        axis.set_label_text(_AXIS_NAMES.get(column, column.replace("_", " ")), parse_math=False)
    if x == "price_of_fairness":
        in_percents(ax.xaxis)
    ax.margins(0.08)
    ax.grid(color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_title(f"What fairness costs: {count(table.n_rows, 'answer')}", loc="left", fontsize=10)
    if texts is not None:
        _write_names(ax, across, up, texts, first=[] if knee is None else [knee])
    return ax


_AXIS_NAMES = {
    "price_of_fairness": "price of fairness (% of the best objective given up)",
    "gini": "Gini coefficient (0 = all equal)",
    "jain": "Jain's index (1 = all equal)",
    "theil": "Theil's T (0 = all equal)",
    "min_max": "smallest over largest share (1 = all equal)",
    "envy": "largest envy (units of gain)",
    "envy_up_to_one": "largest envy up to one lead (units of gain)",
    "objective": "objective (units of gain)",
}


def _column(table: Table, column: str) -> Floats:
    if column == "price_of_fairness" and column not in table and "objective" in table:
        objective = table.numbers("objective")
        return np.array([price_of_fairness(objective.max(), fair) for fair in objective])
    return table.numbers(column)


def _point_names(table: Table, names: str | Sequence[object] | None) -> list[object] | None:
    if names is None:
        return None
    found = table.values(names) if isinstance(names, str) else list(names)
    if len(found) != table.n_rows:
        raise InvalidInput(f"names: must be a column, or one for each of {table.n_rows} points; found {len(found)}")
    return ["" if name is None else name for name in found]


def _write_names(ax: "Axes", x: Floats, y: Floats, names: Sequence[object], first: list[int]) -> None:
    """Write names beside points, some first and then from the ends inwards, as many as do not overlap."""
    from leadopt.plot.axes import plain

    left, right = ax.get_xlim()  # asking settles the view, by which overlaps are told
    ax.get_ylim()
    order = np.lexsort((y, x)).tolist()
    taken: list[Any] = []
    ends_first = sorted(range(len(order)), key=lambda place: min(place, len(order) - 1 - place))
    for k in dict.fromkeys([*first, *(order[place] for place in ends_first)]):
        inwards = ("right", -6) if x[k] > 0.25 * left + 0.75 * right else ("left", 6)
        text = ax.annotate(
            plain(names[k]), (x[k], y[k]), (inwards[1], 5), textcoords="offset points", ha=inwards[0], fontsize=8
        )
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)
