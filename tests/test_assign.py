"""Tables in, the best allowed plan out: each rule really holds, and nothing but the user's data decides."""

import itertools
from collections import Counter
from datetime import date
from math import ceil, floor

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import coo_array

from leadopt import (
    Affinity,
    AffinityModel,
    Columns,
    Fairness,
    Infeasible,
    InvalidInput,
    NewcomerQuota,
    Plan,
    Policy,
    assign,
)
from leadopt.frontier import frontier
from leadopt.policy import exclude, match, skills
from leadopt.problem.rates import full_rows
from tests.strategies import examples
from tests.tables_strategies import IDS, KINDS, floors, framed, policies, records, rows_of


def leads_of(n, **columns):
    return {"lead_id": list(range(n))} | columns


def reps_of(*capacity, **columns):
    return {"rep_id": ["Ann", "Bo", "Cy", "Di"][: len(capacity)], "capacity": list(capacity)} | columns


def history_of(cells):
    """History from {(rep, segment): (won, tried)}."""
    rows = [(rep, segment, k < won) for (rep, segment), (won, tried) in cells.items() for k in range(tried)]
    return {"rep_id": [r for r, _, _ in rows], "kind": [s for _, s, _ in rows], "converted": [c for _, _, c in rows]}


HISTORY = history_of({("Ann", "a"): (18, 20), ("Ann", "b"): (10, 20), ("Bo", "a"): (12, 20), ("Bo", "b"): (2, 20)})


def given_to(plan):
    return {row["lead_id"]: row["rep_id"] for row in records(plan.assignments)}


def loads(plan):
    return Counter(given_to(plan).values())


def best_by_trying(gains, allowed, reserve=0.0):
    """The best objective over every way to hand the leads out that `allowed(reps of leads)` accepts; None if none."""
    n_leads, n_reps = gains.shape
    best = None
    for reps in itertools.product(range(-1, n_reps), repeat=n_leads):
        if allowed(reps):
            worth = sum(reserve if rep < 0 else gains[lead, rep] for lead, rep in enumerate(reps))
            best = worth if best is None else max(best, worth)
    return best


gain_matrices = (
    st.integers(1, 4)
    .flatmap(
        lambda n: st.integers(1, 3).flatmap(
            lambda m: st.lists(st.lists(st.integers(0, 9), min_size=m, max_size=m), min_size=n, max_size=n)
        )
    )
    .map(lambda rows: np.array(rows, dtype=float))
)


def within(reps, capacity):
    return all(reps.count(rep) <= most for rep, most in enumerate(capacity))


@given(gain_matrices, st.data())
@examples(25)
def test_the_band_holds_and_costs_no_more_than_it_must(gains, data):
    n_leads, n_reps = gains.shape
    capacity = data.draw(st.lists(st.integers(1, 4), min_size=n_reps, max_size=n_reps))
    low, high = data.draw(st.sampled_from([(0.5, 1.5), (1.0, 1.0), (0.8, 1.2)]))
    share = [n_leads * c / sum(capacity) if n_leads < sum(capacity) else c for c in capacity]

    def allowed(reps):
        return within(reps, capacity) and all(
            floor(low * e + 1e-9) <= reps.count(rep) <= ceil(high * e - 1e-9) for rep, e in enumerate(share)
        )

    plan = assign(leads_of(n_leads), reps_of(*capacity), affinity=gains, fairness=Fairness(low=low, high=high))
    assert allowed(plan.rep_of_lead.tolist())
    assert plan.objective == pytest.approx(best_by_trying(gains, allowed))


@given(gain_matrices, st.data())
@examples(25)
def test_the_quota_holds_and_costs_no_more_than_it_must(gains, data):
    n_leads, n_reps = gains.shape
    capacity = data.draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    new = data.draw(st.lists(st.booleans(), min_size=n_reps, max_size=n_reps))
    share, least = data.draw(st.sampled_from([(0.3, None), (None, 1), (0.5, 1)]))

    def allowed(reps):
        together = sum(reps.count(rep) for rep in range(n_reps) if new[rep])
        need = ceil((share or 0) * min(n_leads, sum(capacity)) - 1e-9) if any(new) else 0
        each = all(reps.count(rep) >= (least or 0) for rep in range(n_reps) if new[rep])
        return within(reps, capacity) and together >= need and each

    best = best_by_trying(gains, allowed)
    call = {"affinity": gains, "newcomers": NewcomerQuota(share=share, min_leads=least)}
    reps = reps_of(*capacity, is_newcomer=new)
    if best is None:
        with pytest.raises(Infeasible):
            assign(leads_of(n_leads), reps, **call)
    else:
        plan = assign(leads_of(n_leads), reps, **call)
        assert allowed(plan.rep_of_lead.tolist())
        assert plan.objective == pytest.approx(best)


@given(gain_matrices, st.data())
@examples(30)
def test_minimums_pins_and_reserve_hold_and_cost_no_more_than_they_must(gains, data):
    n_leads, n_reps = gains.shape
    capacity = data.draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    least = data.draw(st.lists(st.integers(0, 1), min_size=n_reps, max_size=n_reps))
    reserve = data.draw(st.sampled_from([0.0, 3.5, -2.0, float("-inf")]))
    pins = data.draw(st.dictionaries(st.integers(0, n_leads - 1), st.integers(0, n_reps - 1), max_size=2))

    def allowed(reps):
        return (
            within(reps, capacity)
            and all(reps.count(rep) >= most for rep, most in enumerate(least))
            and all(reps[lead] == rep for lead, rep in pins.items())
            and (np.isfinite(reserve) or -1 not in reps)
        )

    best = best_by_trying(gains, allowed, reserve if np.isfinite(reserve) else 0.0)
    reps = reps_of(*capacity, min_leads=least)
    named = {lead: reps["rep_id"][rep] for lead, rep in pins.items()}
    call = {"affinity": gains, "policy": Policy(reserve=reserve), "pins": named}
    if best is None:
        with pytest.raises(Infeasible) as caught:
            assign(leads_of(n_leads), reps, **call)
        assert "rep 0" not in str(caught.value)
    else:
        plan = assign(leads_of(n_leads), reps, **call)
        assert allowed(plan.rep_of_lead.tolist())
        assert plan.objective == pytest.approx(best)
        assert {lead: given_to(plan)[lead] for lead in named} == named


@given(st.data(), st.integers(0, 5), st.integers(1, 3))
@examples(30)
def test_rules_hold_and_cost_no_more_than_they_must(data, n_leads, n_reps):
    zones = st.sampled_from(["N", "S", None])
    tongues = st.sampled_from([[], ["de"], ["de", "fr"]])
    draw = lambda values, size: data.draw(st.lists(values, min_size=size, max_size=size))  # noqa: E731
    leads = leads_of(n_leads, zone=draw(zones, n_leads), skills=draw(tongues, n_leads))
    reps = reps_of(*[2] * n_reps, zone=draw(zones, n_reps), skills=draw(tongues, n_reps))
    banned = (
        data.draw(st.sets(st.tuples(st.integers(0, n_leads - 1), st.sampled_from(reps["rep_id"])))) if n_leads else ()
    )
    gains = np.array([draw(st.integers(1, 9), n_reps) for _ in range(n_leads)], dtype=float).reshape(n_leads, n_reps)

    def fits(lead, rep):
        return (
            leads["zone"][lead] in (None, reps["zone"][rep])
            and set(leads["skills"][lead]) <= set(reps["skills"][rep])
            and (lead, reps["rep_id"][rep]) not in banned
        )

    def allowed(answer):
        return within(answer, [2] * n_reps) and all(rep < 0 or fits(lead, rep) for lead, rep in enumerate(answer))

    rules = [match("zone"), skills(), exclude(sorted(banned))]
    plan = assign(leads, reps, affinity=gains, policy=Policy(eligibility=rules))
    assert allowed(plan.rep_of_lead.tolist())
    assert plan.objective == pytest.approx(best_by_trying(gains, allowed))


# Evidence and values


def test_gains_are_probability_times_value_times_score():
    leads = leads_of(2, kind=["a", "b"], value=[100, 10], hot=["yes", "no"])
    policy = Policy(segment_by="kind", score={"hot": {"yes": 1, "no": 0.5}})
    plan = assign(leads, reps_of(2, 2), HISTORY, policy=policy)
    model = AffinityModel(segment_by="kind").fit(HISTORY)
    for row in records(plan.assignments):
        chance = model.probability([{"rep_id": row["rep_id"], "kind": leads["kind"][row["lead_id"]]}])[0]
        assert row["probability"] == pytest.approx(chance)
        assert row["gain"] == pytest.approx(chance * leads["value"][row["lead_id"]] * [1, 0.5][row["lead_id"]])
    assert plan.unit == "score-weighted value"


@pytest.mark.parametrize(
    "columns, policy, unit",
    [
        ({}, None, "deals"),
        ({"value": [5, 5]}, None, "value"),
        ({}, Policy(score={"kind": {"a": 1}}), "score-weighted deals"),
    ],
)
def test_the_unit_says_what_a_gain_of_one_is(columns, policy, unit):
    assert assign(leads_of(2, kind=["a", "b"], **columns), reps_of(1, 1), HISTORY, policy=policy).unit == unit


def test_leads_without_a_value_count_as_the_median_and_a_note_says_so():
    plan = assign(leads_of(4, value=[10, None, 30, 50]), reps_of(9))
    assert plan.objective == 10 + 30 + 30 + 50
    assert "1 lead without value, counted as the median: 30" in plan.notes
    assert assign(leads_of(2, value=[None, None]), reps_of(9)).objective == 2


def test_without_history_the_split_is_even_and_a_note_says_so():
    for history in (None, [], {"rep_id": ["Ann"], "converted": [None]}):
        plan = assign(leads_of(9), reps_of(9, 9, 9), history)
        assert loads(plan) == {"Ann": 3, "Bo": 3, "Cy": 3}
        assert any(note.startswith("no evidence: no settled outcomes") for note in plan.notes)
        assert {row["probability"] for row in records(plan.assignments)} == {None}
        assert plan.unit == "leads"


def test_a_fitted_model_a_matrix_and_an_affinity_are_taken_as_they_are():
    model = AffinityModel(segment_by="kind").fit(HISTORY)
    leads = leads_of(3, kind=["a", "b", "a"])
    by_history = assign(leads, reps_of(2, 2), HISTORY, policy=Policy(segment_by="kind"))
    by_model = assign(leads, reps_of(2, 2), affinity=model)
    gains = model.affinity(leads, reps_of(2, 2))
    by_affinity = assign(leads, reps_of(2, 2), affinity=gains)
    by_matrix = assign(leads, reps_of(2, 2), affinity=gains.dense().tolist())
    assert {given_to(plan)[1] for plan in (by_history, by_model, by_affinity, by_matrix)} == {"Ann"}
    assert by_history.objective == by_model.objective == by_affinity.objective == by_matrix.objective
    assert by_matrix.unit == by_affinity.unit == "gain"
    assert by_model.unit == "deals"


def test_a_sparse_matrix_holds_the_eligible_pairs():
    gains = [[3.0, -np.inf, 0.0], [2.0, 1.0, -np.inf], [-np.inf, -np.inf, -np.inf], [4.0, -np.inf, 2.0]]
    stored = coo_array(([3.0, 0.0, 2.0, 1.0, 4.0, 2.0], ([0, 0, 1, 1, 3, 3], [0, 2, 0, 1, 0, 2])), shape=(4, 3))
    policy = Policy(eligibility=[match("territory")], reserve=-0.5)
    leads = leads_of(4, territory=["EU", "EU", "EU", "US"])
    reps = {**reps_of(1, 1, 1), "territory": ["EU", "EU", "US"]}
    few, whole = (assign(leads, reps, affinity=one, policy=policy, pins={1: "Ann"}) for one in (stored, gains))
    assert few.case.problem.affinity.is_sparse and not whole.case.problem.affinity.is_sparse
    assert given_to(few) == given_to(whole)
    assert few.objective == whole.objective
    for lead in range(4):
        assert str(few.explain(lead)) == str(whole.explain(lead))
    assert str(few.explain_rep("Ann")) == str(whole.explain_rep("Ann"))
    assert few.report() == whole.report().replace(whole.method, few.method)
    assert str(few.what_if(capacity={"Ann": 2})) == str(whole.what_if(capacity={"Ann": 2}))
    assert Plan.from_json(few.to_json()).to_json() == few.to_json()
    with pytest.raises(InvalidInput, match="affinity: must have a row per lead and a column per rep"):
        assign(leads_of(3), reps_of(1), affinity=stored)


def test_rules_that_leave_few_pairs_among_many_list_these_alone(monkeypatch):
    territories = [f"T{k}" for k in range(40)]
    leads = leads_of(120, territory=territories * 3)
    reps = [{"rep_id": f"r{k}", "capacity": 2, "territory": territories[k % 40]} for k in range(60)]
    policy = Policy(eligibility=[match("territory")])
    whole = assign(leads, reps, policy=policy, pins={1: "r1"})
    monkeypatch.setattr(full_rows, "_MANY_CELLS", 1000)
    few = assign(leads, reps, policy=policy, pins={1: "r1"})
    assert few.case.problem.affinity.is_sparse and not whole.case.problem.affinity.is_sparse
    np.testing.assert_array_equal(few.case.problem.affinity.dense(), whole.case.problem.affinity.dense())
    assert given_to(few) == given_to(whole)
    assert few.notes == whole.notes


def test_segments_are_the_columns_that_leads_and_history_share():
    leads = leads_of(2, kind=["a", "b"], note=["x", "y"], value=[1, 2], size=[1.5, 2.5])
    history = HISTORY | {"value": [1] * 80, "size": [1.5] * 80, "other": ["x"] * 80}
    plan = assign(leads, reps_of(1, 1), history)
    assert plan.case.evidence.segment_by == ("kind",)
    assert "segments by kind (set segment_by to choose)" in plan.notes
    alone = assign(leads_of(2), reps_of(1, 1), HISTORY)
    assert alone.notes[0] == (
        "segments by no column: leads and history share none with 2 to 50 categories (set segment_by to choose)"
    )


def test_half_life_makes_late_outcomes_count_more():
    history = HISTORY | {"at": [date(2025, 1, 1)] * 80}
    history["at"][:20] = [date(2020, 1, 1)] * 20  # Ann's wins with a
    policy = Policy(segment_by="kind", half_life_days=30)
    faded, plain = (
        assign(leads_of(1, kind=["a"]), reps_of(1), history, policy=p)
        for p in (policy, policy.replace(half_life_days=None))
    )
    assert faded.objective < plain.objective


# Capacity and availability


def test_availability_and_open_work_bound_the_loads():
    plan = assign(leads_of(20), reps_of(8, 8, 8, available=[0.5, 0, 1], open_leads=[1, 0, 6], max_open=[9, 9, 8]))
    assert loads(plan) == {"Ann": 4, "Cy": 2}
    assert plan.case.away.tolist() == [False, True, False]


def test_without_a_capacity_column_the_shares_are_even_and_a_note_says_so():
    plan = assign(leads_of(7), {"rep_id": ["Ann", "Bo", "Cy"]})
    assert sorted(loads(plan).values()) == [2, 2, 3]
    assert 'no column "capacity" in reps: leads are shared evenly by availability, at most 3 each' in plan.notes


def test_column_names_are_settings():
    columns = Columns(lead_id="id", rep_id="id", capacity="max")
    plan = assign(
        [{"id": 1}, {"id": 2}], [{"id": "A", "max": 1}, {"id": "B", "max": 1}], policy=Policy(columns=columns)
    )
    assert {row["lead_id"]: row["rep_id"] for row in plan.assignments}.keys() == {1, 2}


# Pins


def test_pins_are_kept_counted_priced_and_reported():
    gains = [[5.0, 1.0], [4.0, 1.0], [3.0, 1.0]]
    plan = assign(leads_of(3), reps_of(2, 2), affinity=gains, pins={2: "Ann"})
    assert given_to(plan) == {0: "Ann", 1: "Bo", 2: "Ann"}
    assert plan.objective == 9 < assign(leads_of(3), reps_of(2, 2), affinity=gains).objective
    assert plan.pin_costs()[2] == pytest.approx(1.0)
    assert "## Pins" in plan.report()
    assert plan.explain(2).pinned


def test_a_pin_against_a_rule_is_kept_with_a_note():
    leads, reps = leads_of(2, zone=["N", "N"]), reps_of(2, 2, zone=["N", "S"])
    plan = assign(leads, reps, policy=Policy(eligibility=[match("zone")]), pins={0: "Bo"})
    assert given_to(plan) == {0: "Bo", 1: "Ann"}
    assert 'lead 0 is pinned to Bo against: zone must be "n"' in plan.notes
    assert plan.status == "OPTIMAL"


# Nothing but the data decides


@pytest.mark.parametrize("history", [None, history_of({(r, k): (5, 10) for r in ("Ann", "Bo", "Cy") for k in "ab"})])
def test_thirty_equal_leads_are_ten_each_and_nobody_is_favoured(history):
    leads, reps = leads_of(30, kind=["a"] * 30), reps_of(30, 30, 30)
    first = Counter()
    for seed in range(30):
        plan = assign(leads, reps, history, rng=seed)
        assert loads(plan) == {"Ann": 10, "Bo": 10, "Cy": 10}
        first[given_to(plan)[0]] += 1
    assert set(first) == {"Ann", "Bo", "Cy"}


def test_one_lead_more_than_an_even_split_goes_to_everybody_in_turn():
    extra = Counter(loads(assign(leads_of(4), reps_of(9, 9, 9), rng=seed)).most_common(1)[0][0] for seed in range(60))
    assert min(extra[rep] for rep in ("Ann", "Bo", "Cy")) >= 8


def test_the_same_input_gives_the_same_bytes_and_another_seed_the_same_worth():
    call = leads_of(12, kind=["a", "b"] * 6), reps_of(5, 5), HISTORY
    assert assign(*call).to_json() == assign(*call).to_json()
    assert assign(*call, rng=5).to_json() == assign(*call, rng=np.random.default_rng(5)).to_json()
    assert assign(*call).objective == pytest.approx(assign(*call, rng=7).objective)


def plan_or_refusal(tables, policy, rng=0):
    try:
        return assign(**tables, policy=policy, rng=rng)
    except (Infeasible, InvalidInput) as error:
        return type(error)


@given(floors(), st.data())
@examples(25)
def test_the_order_of_rows_does_not_change_the_worth(floor_, data):
    policy = data.draw(policies(floor_))
    one = plan_or_refusal(floor_, policy)
    other = plan_or_refusal({name: table and _shuffled(data, table) for name, table in floor_.items()}, policy, rng=1)
    if isinstance(one, type):
        assert one is other
    else:
        assert other.objective == pytest.approx(one.objective, rel=1e-9, abs=1e-9)


def _shuffled(data, table):
    size = len(next(iter(table.values())))
    order = data.draw(st.permutations(range(size)))
    return {name: [column[row] for row in order] for name, column in table.items()}


@given(gain_matrices, st.data())
@examples(25)
def test_how_many_leads_of_each_kind_each_rep_gets_does_not_hang_on_the_order_of_leads(gains, data):
    n_leads, n_reps = gains.shape
    assume(len(np.unique(gains)) == gains.size)  # without ties there is one best plan
    order = data.draw(st.permutations(range(n_leads)))
    capacity = data.draw(st.lists(st.integers(0, 2), min_size=n_reps, max_size=n_reps))
    noise = 1e-3 * np.sqrt(np.arange(1, gains.size + 1)).reshape(gains.shape)
    one = assign(leads_of(n_leads), reps_of(*capacity), affinity=gains + noise)
    other = assign({"lead_id": order}, reps_of(*capacity), affinity=(gains + noise)[list(order)])
    assert given_to(one) == given_to(other)


@given(floors(), st.data())
@examples(25)
def test_more_capacity_never_hurts(floor_, data):
    assume("capacity" in floor_["reps"] and floor_["reps"]["rep_id"])
    one = plan_or_refusal(floor_, Policy())
    assume(not isinstance(one, type))
    more = dict(floor_["reps"])
    more["capacity"] = [c + data.draw(st.integers(0, 2)) for c in more["capacity"]]
    other = plan_or_refusal(floor_ | {"reps": more}, Policy())
    assert other.objective >= one.objective - 1e-9


# Every kind of table

OWN = {
    "pandas": pd.DataFrame, "pandas nullable": pd.DataFrame, "pandas arrow": pd.DataFrame,
    "pandas categorical": pd.DataFrame, "polars": pl.DataFrame, "polars lazy": pl.DataFrame, "pyarrow": pa.Table,
    "duckdb": pa.Table, "list of dicts": list, "dict of lists": list,
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_gives_the_same_plan_in_its_own_kind(kind):
    leads, reps = (
        leads_of(5, kind=["a", "b", None, "a", "z"], value=[1.0, 2, 3, None, 5]),
        reps_of(2, 2, available=[1, 0.5]),
    )
    plain = assign(rows_of(leads), rows_of(reps), rows_of(HISTORY))
    plan = assign(framed(kind, leads), framed(kind, reps), framed(kind, HISTORY))
    assert plan.to_json() == plain.to_json()
    for name in ("assignments", "unassigned"):
        assert isinstance(getattr(plan, name), OWN[kind])
        assert records(getattr(plan, name)) == getattr(plain, name)
    assert isinstance(plan.loads(), OWN[kind])


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "list of dicts"])
@pytest.mark.parametrize("ids", sorted(IDS))
def test_ids_of_every_type_come_back_as_they_went_in(kind, ids):
    lead_ids, rep_ids = [IDS[ids](k) for k in range(4)], [IDS[ids](k) for k in range(7, 9)]
    plan = assign(framed(kind, {"lead_id": lead_ids}), framed(kind, {"rep_id": rep_ids, "capacity": [2, 1]}))
    assert plan.case.lead_ids == tuple(lead_ids)
    assert len(records(plan.assignments)) == 3
    again = type(plan).from_json(plan.to_json())
    assert again.to_json() == plan.to_json()
    assert {row["lead_id"] for row in again.assignments} | {row["lead_id"] for row in again.unassigned} == set(lead_ids)


def test_progress_is_told():
    seen = []
    assign(leads_of(2), reps_of(1, 1), on_progress=seen.append)
    stages = list(dict.fromkeys(progress.stage for progress in seen))
    assert stages[:3] == ["read", "learn", "limits"]
    assert stages[-1] == "done"


def test_an_affinity_with_its_own_rows_keeps_the_leads_apart_by_rule():
    gains = Affinity(rates=[[2.0, 1.0]], row=[0, 0, 0], scale=[1.0, 2.0, 3.0])
    leads, reps = leads_of(3, zone=["N", "S", None]), reps_of(3, 3, zone=["N", "S"])
    plan = assign(leads, reps, affinity=gains, policy=Policy(eligibility=[match("zone")]))
    assert given_to(plan) == {0: "Ann", 1: "Bo", 2: "Ann"}
    assert plan.objective == 2 + 2 + 6


def test_a_limit_of_time_ends_the_search_and_the_gap_says_what_may_be_missing():
    gains = np.random.default_rng(3).lognormal(size=(60, 4)).round(3)
    call = {"leads": leads_of(60), "reps": reps_of(*[20] * 4), "affinity": gains}
    band = Fairness(of="value", low=0.9, high=1.1)
    plan = assign(**call, fairness=band, time_limit_s=0.5)
    assert plan.certificate.violations == ()
    assert plan.bound >= plan.objective > 0
    exact, limited = assign(**call, fairness=Fairness()), assign(**call, fairness=Fairness(), time_limit_s=0.01)
    assert (limited.status, limited.objective) == ("OPTIMAL", exact.objective)  # a flow: no search that could be ended
    with pytest.raises(
        InvalidInput,
        match="time_limit_s: must be a positive number of seconds, inf for no limit, or None for 10; found 0",
    ):
        assign(**call, fairness=Fairness(), time_limit_s=0)
    again = plan.what_if(capacity={"Ann": +1}, time_limit_s=0.5)
    assert again.plan.certificate.violations == ()


def test_a_frontier_tells_how_much_a_plan_that_was_cut_short_may_lack():
    gains = np.random.default_rng(3).lognormal(size=(60, 4)).round(3)
    policy = Policy(fairness=Fairness(of="value"))
    found = frontier(leads_of(60), reps_of(*[20] * 4), affinity=gains, policy=policy, values=[0.2], time_limit_s=0.01)
    (plan,) = found.plans
    told = [row[-1] for row in found.below().tables[0][1]]
    unknown = plan.status == "FEASIBLE" and plan.gap >= 1e-3
    assert told == ([f"at most {100 * plan.gap:.1f}% below the best"] if unknown else [""])


def test_hours_that_suffice_for_a_part_of_the_work_leave_the_rest_in_the_pool():
    """It was refused, though a plan that places nobody is allowed."""
    rng = np.random.default_rng(0)
    effort = rng.lognormal(0, 0.6, 800)
    leads = {"lead_id": range(800), "effort": effort, "value": rng.lognormal(0, 1, 800)}
    room = 0.6 * effort.sum() / 30
    reps = {"rep_id": range(30), "hours": [room] * 30}
    plan = assign(leads, reps, affinity=leads["value"][:, None] * rng.random((800, 30)), time_limit_s=0.3)
    placed = records(plan.assignments)
    used = np.bincount([row["rep_id"] for row in placed], [effort[row["lead_id"]] for row in placed], minlength=30)
    assert 0 < len(placed) < 800
    assert (used <= room * (1 + 1e-9)).all()
