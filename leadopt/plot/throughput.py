"""Plots of throughput: the capacity that history suggests for each rep."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from leadopt.plot.canvas import BLUE, PALE, bar_thickness, finish_bars, height_of, own_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_throughput(proposals: Sequence[Any], unit: str, *, ax: "Axes | None" = None) -> "Axes":
    """Draw each rep's proposed capacity with its interval beside the loads that were seen.

    Parameters
    ----------
    proposals
        `Proposal` of each rep
    unit
        what is counted, such as "leads in 7 days"
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed
    """
    ax = own_axes(ax, 6.8, height_of(len(proposals)))
    places = range(len(proposals))
    most = [one.most for one in proposals]
    ax.barh(places, most, color=PALE, height=bar_thickness(ax, len(most)), label="most that was seen")
    for seen, face, label in ((True, BLUE, "drop begins, 90% interval"), (False, "white", "none seen so far")):
        chosen = [k for k in places if (proposals[k].drop_chance >= 0.5) == seen]
        if not chosen:
            continue
        capacity = [proposals[k].capacity for k in chosen]
        known = [k for k in chosen if seen or proposals[k].capacity > proposals[k].most]  # the latter from others
        ends = [max(most) if proposals[k].high is None else proposals[k].high for k in known]
        ax.hlines(known, [proposals[k].low for k in known], ends, color=BLUE, linewidth=1.6)
        ax.plot(capacity, chosen, "o", color=BLUE, markerfacecolor=face, label=label)
    return finish_bars(ax, [one.rep_id for one in proposals], "Proposed capacity", unit, "")
