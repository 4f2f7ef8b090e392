"""Plots of simulations: what policies win season by season."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.plot.canvas import BLUE, GREEN, ORANGE, VERMILLION, in_percents, own_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, "#CC79A7", "#000000", "#56B4E9", "#F0E442")
_MARKS = "os^Dvph*"


def plot_seasons(simulation: Any, *, ax: "Axes | None" = None) -> "Axes":
    """Draw the value that each policy wins beyond the first one's, season by season, with standard errors.

    Parameters
    ----------
    simulation
        what `leadopt.evaluate.seasons.simulate` returned
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed
    """
    ax = own_axes(ax, 6.8, 4.2)
    first, *others = simulation.policies
    lift = simulation.lifts  # (n_runs, n_policies, n_seasons)
    seasons = np.arange(lift.shape[2]) + 1
    mean, error = lift.mean(axis=0), lift.std(axis=0, ddof=1) / np.sqrt(len(lift))
    ax.axhline(0.0, color="0.4", linewidth=1.0, linestyle=":", label=first)
    for place, name in enumerate(others, start=1):
        aside = seasons + 0.03 * (place - len(others) / 2)
        colour, mark = _COLOURS[(place - 1) % 8], _MARKS[(place - 1) % 8]
        ax.errorbar(aside, mean[place], yerr=error[place], color=colour, marker=mark, capsize=2.5, label=name)
    ax.set_xticks(seasons)
    in_percents(ax.yaxis)
    ax.set_xlabel("season")
    ax.set_ylabel(f"value won beyond {first}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"{len(lift)} simulated floors, +- standard error", loc="left", fontsize=10)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8)
    return ax
