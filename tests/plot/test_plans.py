"""Plots show the plan's numbers, can be read at any size, and need neither pyplot nor a display."""

import os
import subprocess
import sys
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leadopt import AffinityModel, Fairness, InvalidInput, Plan, Policy, assign
from leadopt.evaluate.seasons.floor import sales_floor
from leadopt.metrics import gini
from leadopt.plot import plot_affinity, plot_frontier, plot_loads, plot_lorenz, plot_prices
from leadopt.plot.axes import new_axes, plain
from tests.plans.test_plan import busy_plan
from tests.test_assign import HISTORY, leads_of, reps_of

PLOTS = (plot_loads, plot_affinity, plot_prices, plot_lorenz)
FRONTIER = {
    "objective": [10.0, 9.0, 9.5, 6.0],
    "price_of_fairness": [0.0, 0.1, 0.05, 0.4],
    "gini": [0.5, 0.1, 0.3, 0.0],
    "band": ["free", "tight", "loose", "equal"],
}


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


@cache
def floor_plan(n_reps, **more):
    floor = sales_floor(n_leads=10 * n_reps, n_reps=n_reps, n_history=200 * n_reps)
    policy = Policy(segment_by=["industry", "source"], **more)
    return assign(floor.leads, floor.reps, floor.history, policy=policy)


def drawn(ax):
    """Draw, and return the axes' names along y and along x as shown."""
    ax.figure.draw_without_rendering()
    return [[label.get_text() for label in axis.get_ticklabels()] for axis in (ax.yaxis, ax.xaxis)]


def bars(ax, label):
    """The bars with a label in the legend, as {place: length}."""
    (container,) = [found for found in ax.containers if found.get_label() == label]
    return {round(bar.get_y() + bar.get_height() / 2): bar.get_width() for bar in container}


def line(ax, start):
    (found,) = [line for line in ax.get_lines() if str(line.get_label()).startswith(start)]
    return found


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_loads_are_those_of_the_plan_sorted_and_newcomers_are_apart():
    plan = busy_plan()
    ax = plot_loads(plan)
    rows = sorted(plan.loads(), key=lambda row: -row["leads"])
    assert drawn(ax)[0] == [row["rep_id"] for row in rows]
    old, new = bars(ax, "leads"), bars(ax, "leads of a newcomer")
    assert old == {place: row["leads"] for place, row in enumerate(rows) if not row["newcomer"]}
    assert new == {place: row["leads"] for place, row in enumerate(rows) if row["newcomer"]}
    (slots,) = ax.collections
    assert [segment[0, 0] for segment in slots.get_segments()] == [row["capacity"] for row in rows]
    placed = sum(row["leads"] for row in rows)
    assert ax.get_title(loc="left") == f"Leads by rep: {placed} of 9 leads placed"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("leads", "rep")
    assert set(legend(ax)) == {"slots", "fairness band", "leads", "leads of a newcomer"}


def test_the_band_is_that_of_the_limits():
    plan = busy_plan()
    ax = plot_loads(plan)
    limits = {limit.name: limit for limit in plan.case.problem.limits}
    names, band = drawn(ax)[0], bars(ax, "fairness band")
    assert band == {
        place: limits[f"fairness band of {name}"].upper - limits[f"fairness band of {name}"].lower
        for place, name in enumerate(names)
    }
    assert "fairness band" not in legend(plot_loads(assign(leads_of(3), reps_of(2, 2))))


def test_slots_far_beyond_the_loads_are_arrows_at_the_edge():
    ax = plot_loads(assign(leads_of(3), reps_of(2, 1_000_000), affinity=[[2.0, 1.0]] * 3))
    assert "slots, far more" in legend(ax)
    assert ax.get_xlim()[1] < 10
    assert line(ax, "slots, far more").get_ydata().tolist() == [1]


def test_who_is_away_is_said_to_be():
    ax = plot_loads(assign(leads_of(3), reps_of(2, 2, available=[1, 0])))
    assert drawn(ax)[0] == ["Ann", "(away) Bo"]


def test_prices_are_those_of_the_plan_dearest_first():
    fairness = Fairness(low=0.5, high=1.0, entitlement="equal")
    gains = np.arange(1.0, 10.0)[:, None] * [3.0, 2.0, 1.0] + [0.0, 0.5, 0.0]
    plan = assign(leads_of(9), reps_of(9, 9, 2), affinity=gains, fairness=fairness)
    ax = plot_prices(plan)
    slots = sorted(plan.prices.items(), key=lambda item: -item[1])
    limits = sorted(((k, v) for k, v in plan.limit_prices.items() if v), key=lambda item: -item[1])
    names = drawn(ax)[0]
    assert names[: len(slots)] == [str(name) for name, _ in slots]
    assert names[len(slots) :] == [plain(name) for name, _ in limits]
    assert list(bars(ax, "one more slot of a rep").values()) == pytest.approx([price for _, price in slots])
    assert limits
    assert list(bars(ax, "one more unit of a limit").values()) == pytest.approx([price for _, price in limits])
    assert ax.get_xlabel() == "price (expected gain per unit)"
    free = len(plan.limit_prices) - len(limits)
    assert free == 1
    assert ax.get_title(loc="left") == "Prices of slots and limits; 1 limit without a price"


class Endless:
    """A plan in which one more slot of the second rep has no bound."""

    def __init__(self, plan):
        self.plan, self.capacity_prices = plan, np.array([2.0, np.inf])

    def __getattr__(self, name):
        return getattr(self.plan, name)


def test_a_price_without_bound_is_drawn_beyond_the_others_and_told():
    ax = plot_prices(Endless(assign(leads_of(4), reps_of(1, 1), affinity=[[2.0, 1.0]] * 4)))
    assert list(bars(ax, "one more slot of a rep").values()) == [2.4, 2.0]
    assert ax.get_title(loc="left").endswith("; 1 price without bound")
    ax.figure.draw_without_rendering()


def test_a_minimum_that_costs_has_a_price_below_zero():
    plan = assign(leads_of(4), reps_of(4, 4, min_leads=[0, 2]), affinity=[[2.0, 1.0]] * 4)
    assert list(bars(plot_prices(plan), "one more unit of a limit").values()) == [-1.0]


def test_the_map_shows_the_estimates_of_the_plan():
    plan = busy_plan()
    ax = plot_affinity(plan)
    estimates = plan.case.evidence.estimates
    low, high = estimates.interval(level=0.9)
    names, segments = drawn(ax)
    rows = [plan.case.rep(name) for name in names]
    levels = [level for (level,) in plan.case.evidence.segments]
    across = [levels.index(name) for name in segments]
    rate = estimates.probability[np.ix_(across, rows)].T
    (cells,) = ax.collections
    assert cells.get_array().tolist() == rate.ravel().tolist()
    assert (np.diff(rate.mean(axis=0)) <= 0).all()
    assert (np.diff(rate.mean(axis=1)) <= 0).all()
    sides = [path.vertices[:, 0].max() - path.vertices[:, 0].min() for path in cells.get_paths()]
    assert sides == pytest.approx((1 - (high - low))[np.ix_(across, rows)].T.ravel())
    first = f"{100 * rate[0, 0]:.0f}%\n{100 * low[across[0], rows[0]]:.0f}% to {100 * high[across[0], rows[0]]:.0f}%"
    assert ax.texts[0].get_text() == first
    assert len(ax.texts) == rate.size
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("segment (kind)", "rep")
    assert ax.get_title(loc="left").startswith("Estimated chance of conversion\n")
    assert ax.figure.axes[1].get_ylabel() == "chance (%)"


def test_a_map_of_many_reps_is_paler_where_it_is_unsure():
    plan = floor_plan(120)
    ax = plot_affinity(plan)
    (image,) = ax.get_images()
    estimates = plan.case.evidence.estimates
    assert sorted(image.get_array().ravel()) == pytest.approx(sorted(estimates.probability.ravel()))
    low, high = estimates.interval(level=0.9)
    assert sorted(image.get_alpha().ravel()) == pytest.approx(sorted(((1 - (high - low)) ** 2).ravel()))
    assert not ax.texts


def test_a_model_shows_all_that_its_history_holds():
    model = AffinityModel(segment_by="kind").fit(HISTORY)
    ax = plot_affinity(model)
    names, segments = drawn(ax)
    assert set(names) == {"Ann", "Bo"}
    assert set(segments) == {"a", "b"}
    rows = [{"rep_id": name, "kind": segment} for name in names for segment in segments]
    assert ax.collections[0].get_array().tolist() == pytest.approx(model.probability(rows).tolist())
    alone = plot_affinity(AffinityModel().fit(HISTORY))
    assert drawn(alone)[1] == ["any lead"]
    assert alone.get_xlabel() == "segment"


def test_rates_that_hardly_differ_look_alike():
    history = {"rep_id": ["a", "b"] * 50, "converted": [0, 0, 1, 1] * 25}
    low, high = plot_affinity(AffinityModel().fit(history)).collections[0].get_clim()
    assert high - low == pytest.approx(0.01)


def test_a_map_needs_evidence():
    said = "plan: has no estimated chances to draw, as it was made without history"
    assert refused(plot_affinity, assign(leads_of(2), reps_of(2))) == said
    assert "has learned nothing yet" in refused(plot_affinity, AffinityModel())


def test_lorenz_curves_end_where_they_should_and_name_their_gini():
    plan = busy_plan()
    ax = plot_lorenz(plan)
    rows = plan.loads()
    for name, column in (("leads", "leads"), ("expected value", "gain")):
        have = sorted(row[column] for row in rows)
        curve = line(ax, name)
        x, y = curve.get_data()
        assert x == pytest.approx(np.linspace(0, 1, len(have) + 1))
        assert y == pytest.approx(np.concatenate([[0], np.cumsum(have)]) / sum(have))
        # Twice the area between the diagonal and the curve, by the trapezoidal rule, is the Gini coefficient.
        assert 1 - 2 * np.trapezoid(y, x) == pytest.approx(gini(have))
        assert curve.get_label() == f"{name}: Gini {gini(have):.3g}"
    assert ax.get_title(loc="left") == "Lorenz curve of 3 reps"
    assert ax.get_xlabel() == "reps, those with least first (% of reps)"
    assert ax.get_ylabel() == "what they have (% of all)"


def test_lorenz_per_slot_divides_by_the_slots():
    plan = assign(leads_of(6), reps_of(4, 2), affinity=np.ones((6, 2)))
    assert line(plot_lorenz(plan), "leads").get_label() == "leads: Gini 0.167"
    assert line(plot_lorenz(plan, per_slot=True), "leads").get_label() == "leads per slot: Gini 0"


def test_lorenz_leaves_out_who_is_away_and_draws_a_plan_of_nothing():
    away = assign(leads_of(4), reps_of(2, 2, 2, available=[1, 1, 0]))
    ax = plot_lorenz(away)
    assert ax.get_title(loc="left") == "Lorenz curve of 2 reps"
    assert len(ax.get_lines()) == 2  # without evidence, leads are all there is
    nothing = plot_lorenz(assign([], reps_of(2, 2)))
    assert line(nothing, "leads").get_ydata().tolist() == [0, 0.5, 1]
    assert plot_lorenz(assign([], [])).get_title(loc="left") == "Lorenz curve of 0 reps"


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame, lambda data: pl.DataFrame(data).to_dicts()])
def test_a_frontier_joins_the_points_from_left_to_right(kind):
    ax = plot_frontier(kind(FRONTIER), knee=1, names="band")
    x, y = line(ax, "answers").get_data()
    assert x.tolist() == [0, 0.05, 0.1, 0.4]
    assert y.tolist() == [0.5, 0.3, 0.1, 0.0]
    assert [values.tolist() for values in line(ax, "knee").get_data()] == [[0.1], [0.1]]
    assert ax.get_xlabel() == "price of fairness (% of the best objective given up)"
    assert ax.get_ylabel() == "Gini coefficient (0 = all equal)"
    assert ax.get_title(loc="left") == "What fairness costs: 4 answers"
    assert {text.get_text() for text in ax.texts} == {"free", "tight", "loose", "equal"}


def test_a_frontier_reckons_the_price_of_fairness_from_the_objectives():
    ax = plot_frontier({"objective": [10, 9, 9.5, 6], "share of $ in all $": [1, 2, 3, 4]}, y="share of $ in all $")
    assert line(ax, "answers").get_xdata() == pytest.approx([0, 0.05, 0.1, 0.4])
    drawn(ax)
    assert ax.get_ylabel() == "share of $ in all $"
    assert not ax.texts


def test_names_of_points_do_not_overlap_and_the_knee_has_its_own():
    rng = np.random.default_rng(0)
    price = np.sort(rng.random(60)) ** 3
    names = [f"band of {k} $ and $ more" for k in range(60)]
    ax = plot_frontier({"price_of_fairness": price, "gini": np.exp(-9 * price)}, knee=30, names=names)
    assert plain(names[30]) in {text.get_text() for text in ax.texts}
    assert 3 <= len(ax.texts) < 60
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


@pytest.mark.parametrize(
    "call, said",
    [
        ({"knee": 4}, "knee: must be a row of the 4 points, counted from 0; found 4"),
        ({"knee": 0.5}, "knee: must be a row of the 4 points, counted from 0; found 0.5"),
        ({"knee": True}, "knee: must be a row of the 4 points, counted from 0; found True"),
        ({"knee": -1}, "knee: must be a row of the 4 points, counted from 0; found -1"),
        ({"names": ["a"]}, "names: must be a column, or one for each of 4 points; found 1"),
        ({"y": "gni"}, 'points: column "gni" is missing; did you mean "gini"?'),
        ({"y": "band"}, "points.band, row 1: must be a finite number; found 'free'"),
    ],
)
def test_a_frontier_of_no_points_or_names_is_refused(call, said):
    assert refused(plot_frontier, FRONTIER, **call).startswith(said)


def test_a_frontier_without_points_is_empty():
    ax = plot_frontier({"price_of_fairness": [], "gini": []}, names=[])
    assert ax.get_title(loc="left") == "What fairness costs: 0 answers"
    drawn(ax)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("n_reps", [1, 50, 120])
def test_names_along_an_axis_never_overlap(plot, n_reps):
    ax = plot(floor_plan(n_reps))
    ax.figure.draw_without_rendering()
    for axis in (ax.yaxis, ax.xaxis):
        labels = [label for label in axis.get_ticklabels() if label.get_text()]
        boxes = [label.get_window_extent() for label in labels]
        assert boxes
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))
    if n_reps <= 50 and plot is not plot_lorenz:
        assert len(drawn(ax)[0]) >= n_reps


def test_names_come_back_where_a_user_zooms_in():
    ax = plot_loads(floor_plan(120))
    all_of_them = drawn(ax)[0]
    ax.set_ylim(20.5, -0.5)
    closer = drawn(ax)[0]
    assert len(all_of_them) < 100  # of 120
    assert len(closer) == 21
    assert all_of_them[0] == closer[0]


def test_names_are_shown_as_they_are_on_one_short_line():
    names = ["$x_1$ and $", "a\nb", "_hidden", "long " * 20]
    plan = assign(leads_of(4), {"rep_id": names, "capacity": [1] * 4}, affinity=np.eye(4))
    shown = drawn(plot_loads(plan))[0]
    assert shown == [r"\$x_1\$ and \$", "a b", "_hidden", "long long long long long long lon…"]


@pytest.mark.parametrize("plot", PLOTS)
def test_a_plot_is_drawn_where_it_is_told(plot):
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    assert plot(busy_plan(), ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    figure.draw_without_rendering()


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("leads, reps", [([], []), ([], reps_of(2)), (leads_of(2), reps_of(0, 0))])
def test_plans_of_nothing_can_be_drawn(plot, leads, reps):
    plan = assign(leads or {"lead_id": [], "kind": []}, reps or {"rep_id": [], "capacity": []}, HISTORY)
    ax = plot(plan)
    drawn(ax)
    assert ax.get_title(loc="left")


def test_a_plan_from_json_is_drawn_the_same():
    plan = busy_plan()
    again = Plan.from_json(plan.to_json())
    assert bars(plot_loads(again), "leads") == bars(plot_loads(plan), "leads")
    assert bars(plot_prices(again), "one more slot of a rep") == bars(plot_prices(plan), "one more slot of a rep")


@pytest.mark.parametrize("plot", PLOTS)
def test_what_is_no_plan_is_refused(plot):
    assert refused(plot, [1]) == "plan: must be a Plan, as leadopt.assign returns it; found list"


def test_a_notebook_gets_a_picture():
    ax = plot_loads(busy_plan())
    assert isinstance(ax, Axes)
    assert ax._repr_png_().startswith(b"\x89PNG")
    part = Figure().subfigures(1, 2)[0].add_subplot(axes_class=type(new_axes(1, 1)))
    assert part._repr_png_().startswith(b"\x89PNG")


def run(code, **environment):
    keep = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "MPLBACKEND")}
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=keep | environment, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_plots_need_no_display_and_leave_pyplot_alone():
    code = (
        "import io, sys, leadopt; from leadopt.plot import plot_loads; print('matplotlib' in sys.modules); "
        "plan = leadopt.assign({'lead_id': [1]}, {'rep_id': [1], 'capacity': [1]}); "
        "plot_loads(plan).figure.savefig(io.BytesIO()); print('matplotlib.pyplot' in sys.modules)"
    )
    assert run(code, MPLBACKEND="TkAgg") == "False\nFalse"


def test_without_matplotlib_every_plot_says_how_to_get_it():
    code = (
        "import sys; sys.modules['matplotlib'] = None; import leadopt; from leadopt.plot import *\n"
        "plan = leadopt.assign({'lead_id': [1]}, {'rep_id': [1], 'capacity': [1]}, {'rep_id': [1], 'converted': [1]})\n"
        "for draw in (plot_loads, plot_affinity, plot_prices, plot_lorenz, plot_frontier):\n"
        "    try: draw({'price_of_fairness': [0], 'gini': [0]} if draw is plot_frontier else plan)\n"
        "    except leadopt.InvalidInput as error: print(error)"
    )
    assert run(code).splitlines() == ['plots need matplotlib; install it with: pip install "leadopt[plot]"'] * 5
