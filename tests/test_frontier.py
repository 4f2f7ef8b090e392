"""A frontier: each point is what `assign` finds, dearer bands are fairer, and the knee is where it is defined to be."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import AffinityModel, Columns, Fairness, InvalidInput, NewcomerQuota, Policy, assign, frontier
from leadopt.fairness import entitlements
from leadopt.frontier import Frontier, Point
from leadopt.matching import match
from leadopt.metrics import gini, measures
from leadopt.problem.problem import Limit
from tests.real_data import DATA
from tests.strategies import examples
from tests.tables_strategies import KINDS, records
from tests.test_assign import HISTORY, leads_of, reps_of

BANDS = [1.0, 0.6, 0.3, 0.1, 0.0]


def unequal(n=30, seed=0):
    """Leads that Ann is best with, and the others less and less."""
    rng = np.random.default_rng(seed)
    return leads_of(n), reps_of(n, n, n), rng.random((n, 3)) * [3.0, 2.0, 1.0]


def test_each_point_is_the_plan_that_assign_finds():
    leads, reps, gains = unequal()
    found = frontier(leads, reps, affinity=gains, over="band", values=BANDS)
    for half, point in zip(BANDS, found.points, strict=True):
        alone = assign(leads, reps, affinity=gains, fairness=Fairness(low=1 - half, high=1 + half))
        assert point.plan.objective == pytest.approx(alone.objective, rel=1e-12)
        assert point.plan.status == "OPTIMAL"
        assert point.plan.case.policy == alone.case.policy
        loads = np.bincount(point.plan.rep_of_lead, minlength=3)
        assert point.gini == gini(loads / entitlements([30, 30, 30], [30, 30, 30], 30))
        even = measures(gains, point.plan.rep_of_lead)
        assert (point.jain, point.min_max) == pytest.approx((even.leads.jain, even.leads.min_max))
        assert point.envy == pytest.approx(even.envy)
    free = assign(leads, reps, affinity=gains)
    assert found.points[-1].price_of_fairness == pytest.approx(1 - found.points[-1].gain / free.objective)


@given(st.integers(1, 8), st.integers(1, 3), st.data())
@examples(30)
def test_a_narrower_band_never_gains_more(n_leads, n_reps, data):
    cells = data.draw(st.lists(st.integers(-1, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = data.draw(st.lists(st.integers(0, 9), min_size=n_reps, max_size=n_reps))
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    found = frontier(leads_of(n_leads), reps_of(*capacity), affinity=gains, values=BANDS)
    objectives = [plan.objective for plan in found.plans]
    assert all(wide >= narrow - 1e-9 for wide, narrow in pairwise(objectives))
    assert all(point.price_of_fairness >= -1e-9 for point in found.points if point.plan is not None)
    assert all(plan.gap <= 1e-9 for plan in found.plans)


@given(st.integers(1, 7), st.integers(2, 3), st.data())
@examples(40)
def test_a_higher_weight_never_makes_the_split_less_fair(n_leads, n_reps, data):
    cells = data.draw(st.lists(st.integers(0, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    fair = n_leads // n_reps

    def outside(weight):
        bands = [Limit(reps=[rep], lower=fair, upper=fair + 1, penalty=weight) for rep in range(n_reps)]
        loads = np.bincount(match(gains, n_leads, limits=bands).rep_of_lead + 1, minlength=n_reps + 1)[1:]
        return float((np.maximum(0, fair - loads) + np.maximum(0, loads - fair - 1)).sum())

    amounts = [outside(weight) for weight in (0.25, 1.25, 3.75, 20.25)]
    assert amounts == sorted(amounts, reverse=True)


@given(st.integers(1, 6), st.integers(1, 3), st.data())
@examples(20)
def test_relaxing_any_limit_never_lowers_the_optimum(n_leads, n_reps, data):
    cells = data.draw(st.lists(st.integers(-2, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = data.draw(st.lists(st.integers(1, 6), min_size=n_reps, max_size=n_reps))
    quota = data.draw(st.sampled_from([None, NewcomerQuota(share=0.2)]))
    reps = reps_of(*capacity, is_newcomer=[0] * (n_reps - 1) + [1])
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    plan = assign(leads_of(n_leads), reps, affinity=gains, fairness=Fairness(low=0.5), newcomers=quota)
    for name, limit in zip(plan.limit_prices, plan.case.problem.limits, strict=True):
        changes = [{"limits": {name: {"upper": limit.upper + 1}}}, {"without": [name]}]
        changes += [{"limits": {name: {"lower": limit.lower - 1}}}] if limit.lower >= 1 else []
        changes += [{"limits": {name: {"penalty": 0.5}}}]
        for change in changes:
            assert plan.what_if(**change).change >= -1e-9
    for rep in plan.case.rep_ids:
        assert plan.what_if(capacity={rep: 1}).change >= -1e-9


def points_of(*pairs):
    """Points with the given price of fairness and Gini, each with some plan."""
    plan = assign(leads_of(1), reps_of(1))
    return tuple(
        Point(value=k, plan=plan, gain=1 - price, price_of_fairness=price, gini=uneven)
        for k, (price, uneven) in enumerate(pairs)
    )


def made(*pairs):
    points = points_of(*pairs)
    return Frontier(over="band", unit="deals", points=points, like=points[0].plan.like)


def test_dominated_points_are_dropped():
    found = made((0.0, 0.5), (0.1, 0.6), (0.1, 0.3), (0.2, 0.3), (0.3, 0.1), (0.3, 0.1))
    assert [point.value for point in found.efficient] == [0, 2, 4]
    assert [row["efficient"] for row in found.frame()] == [True, False, True, False, True, False]
    assert [row[-1] for row in found.below().tables[0][1]] == ["", "dominated", "knee", "dominated", "", "alike"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=9))
@examples(50)
def test_the_efficient_points_are_those_that_no_other_dominates(pairs):
    found = made(*((x / 10, y / 10) for x, y in pairs))
    undominated = {
        (x, y)
        for x, y in pairs
        if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in pairs)
    }  # fmt: skip
    assert {pairs[point.value] for point in found.efficient} == undominated
    assert len(found.efficient) == len(undominated)


def test_the_knee_is_farthest_below_the_chord():
    assert made((0.0, 0.5), (0.01, 0.1), (0.02, 0.09), (0.2, 0.0)).knee.value == 1
    assert made((0.0, 0.5), (0.1, 0.25), (0.2, 0.0)).knee is None  # on the chord
    assert made((0.0, 0.5), (0.15, 0.4), (0.2, 0.0)).knee is None  # above it
    assert made((0.0, 0.5), (0.2, 0.0)).knee is None


def test_pick_is_as_fair_as_the_money_buys():
    leads, reps, gains = unequal()
    found = frontier(leads, reps, affinity=gains, values=BANDS)
    for cost in (0.0, 0.02, 0.1, 1.0):
        cheap = [point for point in found.points if point.price_of_fairness <= cost + 1e-9]
        assert found.pick(cost) is min(cheap, key=lambda point: point.gini).plan
    with pytest.raises(InvalidInput, match=r"no plan of this frontier costs -1.00% or less; the cheapest costs 0.00%"):
        found.pick(-0.01)
    with pytest.raises(InvalidInput, match=r"max_cost: must be a number, as in 0.02 for 2%; found '2%'"):
        found.pick("2%")


def test_values_that_cannot_be_met_stay_in_the_frame_with_their_reason():
    leads, reps, gains = unequal(6)
    found = frontier(leads, reps, affinity=gains, values=[1, 0.5, 0], pins=dict.fromkeys(range(3), "Cy"))
    assert len(found.plans) == 2
    last = found.frame()[-1]
    assert last["infeasible"].startswith("no plan meets every limit: 3 leads (0, 1, 2) are pinned to Cy, with room for")
    assert (last["objective"], last["gini"], last["efficient"]) == (None, None, False)
    assert found.summary().endswith("; 1 value cannot be met")
    assert (
        found.below().tables[0][1][-1][-1]
        == last["infeasible"].removeprefix("no plan meets every limit: ").split(". ")[0]
    )
    assert len(found.below().tables[0][1][-1][-1]) < 100
    none = frontier(leads, reps, affinity=gains, values=[0], pins=dict.fromkeys(range(3), "Cy"))
    assert (none.plans, none.efficient, none.knee) == ((), (), None)
    with pytest.raises(InvalidInput, match="no value of it can be met"):
        none.pick()
    str(none), none._repr_html_()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_frame_is_of_the_leads_kind(kind):
    leads, reps, gains = unequal(6)
    rows = records(frontier(KINDS[kind](leads), reps, affinity=gains, values=[1, 0]).frame())
    assert [row["value"] for row in rows] == [1.0, 0.0]
    assert rows[0]["objective"] >= rows[1]["objective"]
    assert all(row["infeasible"] is None for row in rows)


def test_any_setting_can_be_gone_along():
    leads, reps, gains = unequal(12)
    reps |= {"is_newcomer": [0, 0, 1]}
    quotas = frontier(leads, reps, affinity=gains, over="newcomers.share", values=[0.0, 0.25, 0.5])
    assert [
        (plan.rep_of_lead == 2).sum() >= 12 * share for plan, share in zip(quotas.plans, (0, 0.25, 0.5), strict=True)
    ]
    assert quotas.plans[2].case.policy.newcomers == NewcomerQuota(share=0.5)
    upper = frontier(leads, reps, affinity=gains, over="fairness.high", values=[2, 1])
    assert [plan.case.policy.fairness.high for plan in upper.plans] == [2, 1]
    reserves = frontier(leads, reps, affinity=gains, over="reserve", values=[0, 1, 2])
    assert [plan.case.problem.reserve for plan in reserves.plans] == [0, 1, 2]
    by_hand = frontier(
        leads, reps, affinity=gains, over=lambda policy, value: policy.replace(reserve=value), values=[0, 1]
    )
    assert [plan.objective for plan in by_hand.plans] == [plan.objective for plan in reserves.plans[:2]]
    assert len(frontier(leads, reps, affinity=gains).points) == 11


def test_settings_that_learning_rests_on_are_learned_again():
    leads = leads_of(6, kind=["a", "b"] * 3)
    found = frontier(leads, reps_of(2, 2), HISTORY, over="segment_by", values=[(), ("kind",)])
    for plan, by in zip(found.plans, [(), ("kind",)], strict=True):
        assert plan.case.evidence.segment_by == by
        assert plan.objective == assign(leads, reps_of(2, 2), HISTORY, policy=Policy(segment_by=by)).objective


@pytest.mark.parametrize(
    "call, said",
    [
        ({"values": []}, "values: must hold a value at least; found none"),
        ({"over": "reserve"}, "values: must hold a value at least; found none"),
        ({"values": "0.1"}, "values: must be a list of values; found '0.1'"),
        ({"values": [-0.1]}, "values: half the width of a band must be a number, 0 or more; found -0.1"),
        ({"values": [1], "over": "fairness.hihg"},
         "over: policy.fairness has no setting 'hihg'; did you mean \"high\"?"),
        ({"values": [1], "over": "reserve.x"}, "over: policy.reserve has no settings of its own; found 'reserve.x'"),
        ({"values": [1], "over": lambda policy, value: value},
         "over: the function must return a leadopt.Policy; found int"),
        ({"values": [1], "policy": 3}, "policy: must be a leadopt.Policy; found int"),
    ],
)  # fmt: skip
def test_what_is_no_setting_is_refused(call, said):
    leads, reps, gains = unequal(3)
    with pytest.raises(InvalidInput) as caught:
        frontier(leads, reps, affinity=gains, **call)
    assert str(caught.value) == said


def test_it_prints_its_knee_and_says_what_is_dominated():
    leads, reps, gains = unequal()
    found = frontier(leads, reps, affinity=gains, values=[1, 0.8, 0.6, 0.4, 0.2, 0])
    text = str(found)
    assert text.count("| knee") == (found.knee is not None)
    assert f"{len(found.efficient)} efficient" in repr(found)
    assert "<table>" in found._repr_html_()


def test_it_is_drawn_with_its_knee():
    pytest.importorskip("matplotlib")
    leads, reps, gains = unequal()
    found = frontier(leads, reps, affinity=gains, values=[1, 0.6, 0.4, 0.2, 0], pins={0: "Cy"})
    axes = found.plot()
    line = axes.lines[0]
    assert line.get_xdata().tolist() == sorted(point.price_of_fairness for point in found.points)
    assert len(axes.lines) == 1 + (found.knee is not None)
    assert found.plot(x="objective", y="envy", ax=axes) is axes
    with pytest.raises(InvalidInput, match='column "nothing" is missing'):
        found.plot(y="nothing")


def real(name):
    """Leads, reps with room for half as many leads again, and history, with the settings that read them."""
    if not (DATA / name).exists():
        pytest.skip(f"no {name} in {DATA}")
    if name == "incidents":
        arrived = pl.col("first_event").str.to_datetime(time_zone="UTC")
        rows = pl.read_csv(DATA / name / "incidents.csv").sort(arrived, "case_id")
        columns = Columns(lead_id="case_id", rep_id="first_group", converted="first_line_only")
        by = ["product", "impact"]
    else:
        rows = pl.read_csv(DATA / name / "sales_pipeline.csv").sort("engage_date", "opportunity_id")
        rows = rows.with_columns(won=pl.col("deal_stage").replace_strict({"Won": 1, "Lost": 0}, default=None))
        columns, by = Columns(lead_id="opportunity_id", rep_id="sales_agent", converted="won"), ["product"]
    cut = len(rows) * 3 // 4
    taken = rows[cut:].group_by(columns.rep_id).agg(capacity=(pl.len() * 1.5).ceil().cast(pl.Int64))
    leads = rows[cut:].select(columns.lead_id, *by)
    return leads, taken.sort(columns.rep_id), rows[:cut], Policy(segment_by=by, columns=columns)


@pytest.mark.parametrize("name", ["incidents", "maven-crm"])
def test_on_real_data_every_point_is_certified_and_no_narrower_band_gains_more(name):
    leads, reps, history, policy = real(name)
    rep, converted = policy.columns.rep_id, policy.columns.converted
    model = AffinityModel(segment_by=policy.segment_by, rep=rep, converted=converted).fit(history)
    found = frontier(leads, reps, affinity=model, policy=policy, over="band", values=[1, 0.5, 0.2, 0.05, 0])
    assert [plan.status for plan in found.plans] == ["OPTIMAL"] * 5
    assert all(abs(plan.gap) <= 1e-9 for plan in found.plans)
    objectives = found.frame()["objective"].to_list()
    assert all(wide >= narrow - 1e-9 for wide, narrow in pairwise(objectives))
    assert found.frame()["price_of_fairness"].is_between(-1e-12, 1).all()
    anew = assign(leads, reps, affinity=model, policy=policy, fairness=Fairness(low=0.95, high=1.05))
    assert objectives[3] == pytest.approx(anew.objective, rel=1e-9)
    assert found.points[-1].gini <= found.points[0].gini


def test_a_weight_on_value_buys_evenness_of_value_and_costs_gain():
    rng = np.random.default_rng(3)
    leads = [{"lead_id": i, "value": float(v)} for i, v in enumerate(rng.lognormal(0, 1, 60))]
    reps = [{"rep_id": f"R{j}", "capacity": 25} for j in range(4)]
    gains = np.array([lead["value"] for lead in leads])[:, None] * rng.uniform(0.1, 0.6, (60, 4)) * [1.5, 1, 1, 0.8]
    policy = Policy(fairness=Fairness(of="value", low=1.0, high=1.0, entitlement="equal"))
    found = frontier(leads, reps, affinity=gains, policy=policy, over="weight", values=[0.0, 0.1, 0.5])
    objectives, ginis = [point.gain for point in found.points], [point.gini for point in found.points]
    assert objectives[0] > objectives[-1]
    assert ginis[0] > 2 * ginis[-1]
    assert all(point.plan.gap < 1e-2 for point in found.points)


def test_a_band_changes_every_setting_of_fairness():
    leads = [{"lead_id": i, "value": float(1 + i % 7)} for i in range(40)]
    reps = [{"rep_id": f"R{j}", "capacity": 15} for j in range(4)]
    policy = Policy(fairness=[Fairness(of="leads"), Fairness(of="hot")])
    found = frontier(leads, reps, policy=policy, over="band", values=[0.5, 0.2])
    assert [[one.low for one in point.plan.case.policy.fairnesses] for point in found.points] == [[0.5] * 2, [0.8] * 2]


def test_a_reserve_is_no_gain():
    """With the reserve of leads in the pool counted, the plan that placed fewest leads looked best."""
    gains = [[5.0, 4.0], [4.0, 3.0], [3.0, 3.0], [2.0, 1.0]]
    found = frontier(leads_of(4), reps_of(2, 2), affinity=gains, over="reserve", values=[0.0, 2.5, 4.5])
    placed = [int((plan.rep_of_lead >= 0).sum()) for plan in found.plans]
    assert placed == sorted(placed, reverse=True) and placed[-1] < placed[0]
    for point in found.points:
        assert point.gain == pytest.approx(sum(row["gain"] for row in point.plan.assignments))
    assert found.points[0].price_of_fairness == 0.0 < found.points[-1].price_of_fairness
    band = frontier(leads_of(4), reps_of(4, 4), affinity=gains, policy=Policy(reserve=2.5), values=[1.0, 0.0])
    assert min(point.price_of_fairness for point in band.points) >= 0.0  # the same reserve for all counts
