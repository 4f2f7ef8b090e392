"""Plots of plans and models: loads, estimated rates, prices, Lorenz curves."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.metrics import gini
from leadopt.plot.canvas import (
    BLUE,
    ORANGE,
    PALE,
    VERMILLION,
    bar_thickness,
    finish_bars,
    height_of,
    in_percents,
    name_axis,
    own_axes,
)
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Problem
from leadopt.tables.text import count, number, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Segment = tuple[str | None, ...]

_LEVEL = 0.9  # of the credible intervals that are drawn
_FAR = 3.0  # times the largest load: slots beyond would squeeze the loads
_MOST_TEXTS = 60  # cells with figures in them
_TEXT_CELL = (0.55, 0.3)  # inches that a cell with figures needs
_SQUARE = 10.0  # pixels a cell, from which it can be read how much of it is filled
_LEAST_RANGE = 0.01  # of the colours: smaller differences are none to see


class Chances(Protocol):
    """Estimated chances of conversion, (n_segments, n_reps)."""

    @property
    def probability(self) -> Floats: ...
    def interval(self, level: float = ...) -> tuple[Floats, Floats]: ...


class Learned(Protocol):
    """What is read of a fitted `leadopt.AffinityModel`."""

    segment_by_: tuple[str, ...]

    def estimate(self, segments: Sequence[Segment], reps: Sequence[Any]) -> Chances: ...


class Evidence(Protocol):
    """What history says of a plan's segments."""

    @property
    def segment_by(self) -> tuple[str, ...]: ...
    @property
    def segments(self) -> Sequence[Segment]: ...
    @property
    def estimates(self) -> Chances: ...


class Case(Protocol):
    """What is read of the decision behind a plan."""

    @property
    def problem(self) -> Problem: ...
    @property
    def rep_ids(self) -> Sequence[Any]: ...
    @property
    def away(self) -> Bools: ...
    @property
    def newcomer(self) -> Bools: ...
    @property
    def unit(self) -> str: ...
    @property
    def evidence(self) -> Evidence | None: ...
    def limit_names(self) -> tuple[str, ...]: ...


class Planned(Protocol):
    """What is read of a `leadopt.Plan`."""

    @property
    def case(self) -> Case: ...
    @property
    def rep_of_lead(self) -> Ints: ...
    @property
    def capacity_prices(self) -> Floats: ...
    @property
    def limit_prices_of_problem(self) -> Floats: ...


def plot_loads(plan: Planned, *, ax: "Axes | None" = None) -> "Axes":
    """Draw each rep's leads beside its slots, most leads first; newcomers apart, and the fairness band if there is one.

    Parameters
    ----------
    plan
        a `leadopt.Plan`
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed, or this is no plan
    """
    case = _case(plan)
    loads = _loads(plan)
    order = np.argsort(-loads, kind="stable")
    ax = own_axes(ax, 7.0, height_of(len(order)))
    y, new = np.arange(len(order)), case.newcomer[order]
    thick = bar_thickness(ax, len(order))
    band = _draw_band(ax, case, order, apart=thick < 1.0)
    for chosen, colour, label in ((~new, BLUE, "leads"), (new, ORANGE, "leads of a newcomer")):
        if chosen.any():
            ax.barh(y[chosen], loads[order][chosen], height=thick, color=colour, label=label)
    _draw_slots(ax, case.problem.capacity[order], max(float(loads.max(initial=0)), band, 1.0))
    names = [f"(away) {case.rep_ids[rep]}" if case.away[rep] else case.rep_ids[rep] for rep in order]
    placed, total = int(loads.sum()), len(plan.rep_of_lead)
    finish_bars(ax, names, f"Leads by rep: {placed:,} of {count(total, 'lead')} placed", "leads", "rep")
    ax.locator_params(axis="x", integer=True)
    return ax


def plot_affinity(plan_or_model: "Planned | Learned", *, ax: "Axes | None" = None) -> "Axes":
    """Draw the estimated chance of every rep with every segment; the surer it is, the more of its cell is filled.

    The side of a rectangle is 1 less the width of the 90% interval. Where cells are too small for that, the wider the
    interval, the paler the colour; where they are few, the figures stand in them. Reps and segments with the highest
    mean rate come first.

    Parameters
    ----------
    plan_or_model
        a `leadopt.Plan` (the segments of its leads), or a fitted `leadopt.AffinityModel` (all that history holds)
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed, or there is no evidence: no history, or a model that has learned nothing

    Notes
    -----
    An interval takes some microseconds: a million cells take seconds.
    """
    reps, segments, columns, estimates = _evidence(plan_or_model)
    low, high = estimates.interval(level=_LEVEL)
    rows = np.argsort(-_mean(estimates.probability, 0), kind="stable")
    across = np.argsort(-_mean(estimates.probability, 1), kind="stable")
    rate, low, high = (part[np.ix_(across, rows)].T for part in (estimates.probability, low, high))
    ax = own_axes(ax, *_map_size(*rate.shape))
    cell = _cell_inches(ax, *rate.shape)
    how = _draw_cells(ax, rate, high - low, apart=min(cell) * ax.figure.dpi >= _SQUARE)
    if rate.size <= _MOST_TEXTS and cell[0] >= _TEXT_CELL[0] and cell[1] >= _TEXT_CELL[1]:
        _write_cells(ax, rate, low, high)
    levels = [segments[k] for k in across]
    name_axis(ax.yaxis, [reps[k] for k in rows])
    name_axis(ax.xaxis, levels, upright=max(map(len, levels), default=0) * 0.075 > cell[0])
    ax.set_xlabel(f"segment ({', '.join(columns)})" if columns else "segment", parse_math=False)
    ax.set_ylabel("rep")
    ax.set_title(f"Estimated chance of conversion\n{how}", loc="left", fontsize=10)
    return ax


def plot_prices(plan: Planned, *, ax: "Axes | None" = None) -> "Axes":
    """Draw what one more slot of each rep and one more unit of each limit would add at most, dearest first.

    Limits without a price, which decide nothing, are counted in the title. A minimum that costs has a price below 0. A
    price without bound, where a lead must be placed and only that slot is left, is drawn beyond all others.

    Parameters
    ----------
    plan
        a `leadopt.Plan`
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed, or this is no plan
    """
    case = _case(plan)
    slots, limits, endless = _within_sight(plan.capacity_prices, plan.limit_prices_of_problem)
    reps, priced = np.argsort(-slots, kind="stable"), np.flatnonzero(limits)
    priced = priced[np.argsort(-limits[priced], kind="stable")]
    names = case.limit_names()
    ax = own_axes(ax, 7.0, height_of(len(reps) + len(priced)))
    thick = bar_thickness(ax, len(reps) + len(priced))
    ax.barh(np.arange(len(reps)), slots[reps], height=thick, color=BLUE, label="one more slot of a rep")
    if len(priced):
        y = len(reps) + np.arange(len(priced))
        ax.barh(y, limits[priced], height=thick, color=VERMILLION, label="one more unit of a limit")
    ax.axvline(0.0, color="black", linewidth=0.8)
    free = len(limits) - len(priced)
    rest = f"; {count(free, 'limit')} without a price" if free else ""
    rest += f"; {count(endless, 'price')} without bound" if endless else ""
    places = [*(case.rep_ids[rep] for rep in reps), *(names[k] for k in priced)]
    what = "rep, limit" if len(priced) else "rep"
    return finish_bars(ax, places, f"Prices of slots and limits{rest}", f"price (expected {case.unit} per unit)", what)


def _within_sight(slots: Floats, limits: Floats) -> tuple[Floats, Floats, int]:
    """Return prices that can be drawn, and how many have no bound: these are a fifth beyond all others."""
    both = np.concatenate([slots, limits])
    known = np.isfinite(both)
    end = 1.2 * float(np.abs(both[known]).max(initial=0.0)) or 1.0
    drawn = np.where(known, both, np.where(both > 0.0, end, np.where(both < 0.0, -end, 0.0)))
    return drawn[: len(slots)], drawn[len(slots) :], int((~known).sum())


def plot_lorenz(plan: Planned, *, per_slot: bool = False, ax: "Axes | None" = None) -> "Axes":
    """Draw the Lorenz curves of leads and of expected gain among reps, with the Gini coefficient of each.

    A point says which share of all the reps with least have together. The further below the diagonal, the less even;
    the Gini coefficient is twice the area between. Reps without slots and leads are left out.

    Parameters
    ----------
    plan
        a `leadopt.Plan`
    per_slot
        True = leads and gain over the rep's slots, so that who works half-time is not poor
    ax
        matplotlib axes to draw on; None = those of a new figure

    Raises
    ------
    InvalidInput
        matplotlib is not installed, this is no plan, a rep's leads together are expected to lose, or, per slot, a rep
        has leads and no slots
    """
    case = _case(plan)
    loads, slots = _loads(plan), case.problem.capacity
    there = (loads > 0) | (slots > 0)
    if per_slot and (bad := np.flatnonzero((loads > 0) & (slots == 0))[:1].tolist()):
        raise InvalidInput(
            f"per_slot: rep {case.rep_ids[bad[0]]} has leads and no slots to divide them by; leave per_slot out"
        )
    parts = {"leads": loads.astype(np.float64)}
    if case.unit != "leads":  # without evidence both would be one
        parts[f"expected {case.unit}"] = _gains(plan)
    ax = own_axes(ax, 5.6, 5.2)
    ax.plot([0, 1], [0, 1], color="black", linewidth=0.8, linestyle=":", label="all equal")
    for (name, have), colour, line in zip(parts.items(), (BLUE, VERMILLION), ("-", "--"), strict=False):
        shares = have[there] / slots[there] if per_slot else have[there]
        label = f"{name}{' per slot' if per_slot else ''}: Gini {number(gini(shares))}"
        ax.plot(*_lorenz(shares), color=colour, linestyle=line, linewidth=2, label=label)
    in_percents(ax.xaxis, ax.yaxis)
    ax.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="reps, those with least first (% of reps)", ylabel="what they have (% of all)"
    )
    ax.set_title(f"Lorenz curve of {count(int(there.sum()), 'rep')}", loc="left", fontsize=10)
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    return ax


def _case(plan: Planned) -> Case:
    if not hasattr(plan, "case"):
        raise InvalidInput(f"plan: must be a Plan, as leadopt.assign returns it; found {type(plan).__name__}")
    return plan.case


def _loads(plan: Planned) -> Ints:
    return np.bincount(plan.rep_of_lead[plan.rep_of_lead >= 0], minlength=plan.case.problem.n_reps)


def _gains(plan: Planned) -> Floats:
    leads = np.flatnonzero(plan.rep_of_lead >= 0)
    reps = plan.rep_of_lead[leads]
    gains = plan.case.problem.affinity.at(leads, reps)
    return np.bincount(reps, weights=gains, minlength=plan.case.problem.n_reps).astype(np.float64)


def _draw_band(ax: "Axes", case: Case, order: Ints, *, apart: bool) -> float:
    """Draw the fairness band of each rep, behind its leads or in front of bars without gaps; return where they end."""
    place = {int(rep): y for y, rep in enumerate(order)}
    bands: dict[int, tuple[float, float]] = {}
    for limit in case.problem.limits:
        if limit.kind is LimitKind.FAIRNESS_BAND and isinstance(limit.of, int):
            bands.setdefault(place[limit.of], (limit.lower, limit.upper))  # of two settings, the first is drawn
    if not bands:
        return 0.0
    y, (lower, upper) = np.array(list(bands)), np.array(list(bands.values())).T
    look: dict[str, Any] = {"height": 0.96} if apart else {"height": 1.0, "alpha": 0.5, "zorder": 2}
    ax.barh(y, upper - lower, left=lower, color=PALE, label="fairness band", **look)
    return float(upper.max())


def _draw_slots(ax: "Axes", slots: Ints, most: float) -> None:
    """Mark each rep's slots; those far beyond the rest of the plot as an arrow at its edge."""
    near, y = slots <= _FAR * most, np.arange(len(slots))
    edge = 1.05 * max(most, float(slots[near].max(initial=0)))
    if near.any():
        ax.vlines(slots[near], y[near] - 0.5, y[near] + 0.5, color="black", linewidth=1.4, label="slots")
    if not near.all():
        ax.plot(np.full((~near).sum(), edge), y[~near], ">", color="black", markersize=4, label="slots, far more")
    ax.set_xlim(0, edge * 1.01)


def _evidence(source: Planned | Learned) -> tuple[Sequence[object], list[str], tuple[str, ...], Chances]:
    """Return reps, segments in words, the columns that make a segment, and the estimates (segments, reps)."""
    if hasattr(source, "estimate"):
        reps, levels = getattr(source, "reps_", []), getattr(source, "segments_", [])
        model = cast("Learned", source)
        estimates, columns = model.estimate(levels, reps), model.segment_by_
    else:
        case = _case(source)
        if case.evidence is None:
            raise InvalidInput("plan: has no estimated chances to draw, as it was made without history")
        reps, levels = case.rep_ids, case.evidence.segments
        estimates, columns = case.evidence.estimates, case.evidence.segment_by
    return reps, [_segment_name(level) for level in levels], columns, estimates


def _segment_name(levels: Sequence[str | None]) -> str:
    return ", ".join("(missing)" if level is None else level for level in levels) or "any lead"


def _mean(rates: Floats, axis: int) -> Floats:
    return np.asarray(rates.mean(axis=axis)) if rates.size else np.zeros(rates.shape[1 - axis])


def _map_size(n_reps: int, n_segments: int) -> tuple[float, float]:
    if n_reps * n_segments <= _MOST_TEXTS:
        return max(5.0, 3.0 + 0.95 * n_segments), 2.2 + 0.45 * n_reps
    return float(np.clip(3.5 + 0.3 * n_segments, 6.0, 13.0)), height_of(n_reps) + 1.0


def _cell_inches(ax: "Axes", n_rows: int, n_columns: int) -> tuple[float, float]:
    """Set the view of a map, and return the width and the height of a cell."""
    ax.set_xlim(-0.5, max(n_columns, 1) - 0.5)
    ax.set_ylim(max(n_rows, 1) - 0.5, -0.5)
    box, dpi = ax.bbox, ax.figure.dpi
    return box.width / dpi / max(n_columns, 1), box.height / dpi / max(n_rows, 1)


def _draw_cells(ax: "Axes", rate: Floats, width: Floats, *, apart: bool) -> str:
    """Draw the map, and return in words how it shows what is unsure."""
    from matplotlib.collections import PolyCollection
    from matplotlib.ticker import PercentFormatter

    if apart:
        shown: Any = PolyCollection(list(_rectangles(1.0 - width)), array=rate.ravel(), cmap="cividis", snap=False)
        ax.add_collection(shown)
        how = "a cell is filled less, the wider the 90% interval"
    else:
        shown = ax.imshow(rate, cmap="cividis", alpha=(1.0 - width) ** 2, aspect="auto", interpolation="nearest")
        how = "paler, the wider the 90% interval"
    shown.set_clim(*_colour_range(rate))
    ax.figure.colorbar(shown, ax=ax, label="chance (%)", format=PercentFormatter(1.0), alpha=1.0)
    return how


def _colour_range(rate: Floats) -> tuple[float, float]:
    low, high = (float(rate.min()), float(rate.max())) if rate.size else (0.0, 1.0)
    more = max(0.0, _LEAST_RANGE - (high - low)) / 2
    return low - more, high + more


def _rectangles(side: Floats) -> Floats:
    """Return the corners of a rectangle of each side amid its cell, (n_cells, 4, 2)."""
    row, column = np.divmod(np.arange(side.size), max(1, side.shape[1]))
    half = side.reshape(-1, 1) / 2
    return np.stack([column[:, None] + half * [-1, 1, 1, -1], row[:, None] + half * [-1, -1, 1, 1]], axis=-1)


def _write_cells(ax: "Axes", rate: Floats, low: Floats, high: Floats) -> None:
    from matplotlib.patheffects import withStroke

    edge = [withStroke(linewidth=2.5, foreground="white")]  # readable on dark, on light, and on the rim
    figures = zip(rate.ravel().tolist(), low.ravel().tolist(), high.ravel().tolist(), strict=True)
    for place, (chance, least, most) in enumerate(figures):
        row, column = divmod(place, rate.shape[1])
        text = f"{percent(chance)}\n{percent(least)} to {percent(most)}"
        ax.text(column, row, text, ha="center", va="center", fontsize=7.5, path_effects=edge)


def _lorenz(shares: Floats) -> tuple[Floats, Floats]:
    """Return the curve from (0, 0) to (1, 1); the diagonal where nobody has anything."""
    held = np.concatenate([[0.0], np.sort(shares).cumsum()])
    across = np.linspace(0.0, 1.0, len(held)) if len(shares) else np.zeros(1)
    return across, held / held[-1] if held[-1] > 0 else across
