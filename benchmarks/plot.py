"""The figure of docs/benchmarks.md: seconds against leads, both on a logarithmic scale, lines named at their ends."""

from collections.abc import Mapping, Sequence
from typing import Any

OURS = "leadopt "
# Okabe and Ito's palette, told apart by colour-blind readers too; peers also have their own marks.
STYLE = {
    "leadopt Auction": ("#0072B2", "o"),
    "leadopt Envelope": ("#009E73", "o"),
    "leadopt MinCostFlow": ("#56B4E9", "o"),
    "leadopt Hungarian": ("#332288", "o"),
    "OR-Tools": ("#D55E00", "s"),
    "POT": ("#CC79A7", "^"),
    "SciPy": ("#E69F00", "D"),
    "lapx": ("#7F7F7F", "v"),
    "HiGHS": ("#000000", "x"),
    "networkx": ("#882255", "P"),
}
APART = 0.052  # of the height of a panel: how close the middles of two names may come


def draw(panels: Sequence[Mapping[str, Any]], path: str) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(panels), figsize=(12.5, 5.6), sharey=True, layout="constrained", squeeze=False)
    for axis, panel in zip(axes[0], panels, strict=True):
        _panel(axis, panel)
    axes[0][0].set_ylabel("seconds of a solve (bold: leadopt)")
    for axis, panel in zip(axes[0], panels, strict=True):
        _name_lines(axis, panel["curves"])
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _panel(axis: Any, panel: Mapping[str, Any]) -> None:
    axis.set(xscale="log", yscale="log", xlabel="leads", title=panel["title"])
    axis.grid(True, which="major", color="#E5E5E5", linewidth=0.8)
    axis.minorticks_off()
    axis.spines[["top", "right"]].set_visible(False)
    for name, points in panel["curves"].items():
        color, mark = STYLE[name]
        leads, seconds = zip(*points, strict=True)
        own = name.startswith(OURS)
        axis.plot(
            leads,
            seconds,
            color=color,
            marker=mark,
            markersize=5,
            linewidth=2.4 if own else 1.3,
            zorder=3 if own else 2,
        )
    first, last = axis.get_xlim()
    axis.set_xlim(first, last * (last / first) ** 0.34)  # room for the names
    ticks = [10.0**power for power in range(3, 9) if 10.0**power <= last]
    axis.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")


def _name_lines(axis: Any, curves: Mapping[str, Any]) -> None:
    """Write each name right of the end of its line, moved up or down where two would overlap."""
    from matplotlib.patheffects import withStroke

    ends = {name: points[-1] for name, points in curves.items()}
    for leads in {end[0] for end in ends.values()}:
        here = sorted((name for name in ends if ends[name][0] == leads), key=lambda name: ends[name][1])
        heights = _apart([_height(axis, ends[name]) for name in here])
        for name, height in zip(here, heights, strict=True):
            axis.annotate(
                name.removeprefix(OURS).strip(),  # ours are bold: the full name would run into the next line's
                xy=ends[name],
                xycoords="data",
                xytext=(axis.transAxes.inverted().transform(axis.transData.transform(ends[name]))[0] + 0.018, height),
                textcoords="axes fraction",
                va="center",
                fontsize=9.5,
                color=STYLE[name][0],
                fontweight="bold" if name.startswith(OURS) else "normal",
                path_effects=[withStroke(linewidth=3.5, foreground="white")],
                zorder=4,
            )


def _height(axis: Any, point: Sequence[float]) -> float:
    return float(axis.transAxes.inverted().transform(axis.transData.transform(point))[1])


def _apart(heights: Sequence[float]) -> list[float]:
    """Return rising heights with neighbours that are too close pushed apart, both by the same."""
    moved = list(heights)
    for _ in range(200):
        for below in range(len(moved) - 1):
            if (lack := APART - (moved[below + 1] - moved[below])) > 0:
                moved[below] -= lack / 2
                moved[below + 1] += lack / 2
    return moved
