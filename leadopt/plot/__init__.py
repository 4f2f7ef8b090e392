"""Plots: loads, estimated rates, prices, Lorenz curves, frontiers and calibration; matplotlib is imported inside.

Every function returns the matplotlib axes that it drew on. Without `ax` these are the axes of a new figure that pyplot
does not know: it needs no display, ``ax.figure.savefig("loads.png")`` writes it, and a notebook shows it where a cell
ends with it. Colours are those of Okabe & Ito and cividis, which everybody can tell apart.
"""

from leadopt.plot.calibration import plot_calibration
from leadopt.plot.frontiers import plot_frontier
from leadopt.plot.plans import Planned, plot_affinity, plot_loads, plot_lorenz, plot_prices
from leadopt.plot.seasons import plot_seasons
from leadopt.plot.throughput import plot_throughput

__all__ = [
    "Planned",
    "plot_affinity",
    "plot_calibration",
    "plot_frontier",
    "plot_loads",
    "plot_lorenz",
    "plot_prices",
    "plot_seasons",
    "plot_throughput",
]
