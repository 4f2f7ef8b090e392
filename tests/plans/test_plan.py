"""A plan's figures, its views, and its way through JSON and back."""

import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Columns, Fairness, Infeasible, InvalidInput, NewcomerQuota, Plan, Policy, assign
from leadopt.limit_rules import LimitRule
from leadopt.policy import exclude, match
from tests.strategies import examples
from tests.tables_strategies import IDS, floors, policies
from tests.test_assign import HISTORY, leads_of, reps_of


def busy_plan(**more):
    leads = leads_of(9, kind=["a", "b", "a"] * 3, value=[5, 1, 2] * 3, territory=["N", "S", None] * 3)
    reps = reps_of(3, 2, 2, territory=["N", "S", "N"], is_newcomer=[0, 0, 1], available=[1, 1, 0.5])
    policy = Policy(
        segment_by="kind",
        eligibility=[match("territory"), exclude([(0, "Ann")])],
        fairness=Fairness(low=0.5, high=1.5),
        newcomers=NewcomerQuota(share=0.1),
    )
    return assign(leads, reps, HISTORY, policy=policy, pins={2: "Bo"}, **more)


def test_the_figures_can_be_recomputed_from_the_case():
    plan = busy_plan()
    gains = plan.case.problem.affinity.dense()
    placed = np.flatnonzero(plan.rep_of_lead >= 0)
    assert plan.objective == pytest.approx(gains[placed, plan.rep_of_lead[placed]].sum())
    assert plan.objective == pytest.approx(sum(row["gain"] for row in plan.assignments))
    assert plan.objective == pytest.approx(sum(row["gain"] for row in plan.loads()))
    assert plan.bound == pytest.approx(plan.objective)
    assert abs(plan.gap) <= 1e-9
    assert plan.status == "OPTIMAL"
    assert len(plan.assignments) + len(plan.unassigned) == 9
    assert plan.prices.keys() == {"Ann", "Bo", "Cy"}
    assert list(plan.limit_prices) == plan.case.limit_names()


def test_the_runner_up_is_the_next_best_after_prices():
    plan = assign(leads_of(2), reps_of(1, 1, 1), affinity=[[5.0, 1.0, 2.0], [4.0, 3.0, 1.0]])
    assert [(row["runner_up"], row["runner_up_gain"]) for row in plan.assignments] == [("Cy", 2.0), ("Ann", 4.0)]
    alone = assign(leads_of(1), reps_of(1))
    assert (alone.assignments[0]["runner_up"], alone.assignments[0]["runner_up_gain"]) == (None, None)


@given(st.data(), st.integers(1, 4), st.integers(1, 3))
@examples(30)
def test_a_pin_costs_what_removing_it_adds(data, n_leads, n_reps):
    cells = data.draw(st.lists(st.integers(-3, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = data.draw(st.lists(st.integers(1, 2), min_size=n_reps, max_size=n_reps))
    lead, rep = data.draw(st.integers(0, n_leads - 1)), data.draw(st.integers(0, n_reps - 1))
    call = {"affinity": np.array(cells, dtype=float).reshape(n_leads, n_reps)}
    name = reps_of(*capacity)["rep_id"][rep]
    plan = assign(leads_of(n_leads), reps_of(*capacity), pins={lead: name}, **call)
    free = assign(leads_of(n_leads), reps_of(*capacity), **call)
    assert plan.pin_costs() == {lead: pytest.approx(free.objective - plan.objective)}


def test_a_pin_against_a_rule_costs_what_removing_it_adds():
    leads, reps = leads_of(1, zone=["N"]), reps_of(1, 1, zone=["N", "S"])
    policy = Policy(eligibility=[match("zone")])
    plan = assign(leads, reps, affinity=[[5.0, 1.0]], policy=policy, pins={0: "Bo"})
    assert plan.objective == 1
    assert plan.pin_costs() == {0: 4.0}


def test_the_pins_of_a_baseline_have_no_known_cost():
    broken = assign(leads_of(3), reps_of(3, 3, min_leads=[0, 2]), pins={0: "Ann"}).baseline("round robin")
    assert broken.status == "BROKEN"
    assert np.isnan(broken.pin_costs()[0])


def test_two_tables_whose_ids_have_one_name_keep_them_apart():
    columns = Columns(lead_id="id", rep_id="id")
    plan = assign([{"id": 1}], [{"id": "A", "capacity": 1}], policy=Policy(columns=columns))
    assert plan.assignments[0]["lead_id"] == 1
    assert plan.assignments[0]["rep_id"] == "A"


def test_the_report_is_short_and_whole():
    plan = busy_plan()
    report = plan.report()
    for section in ("# leadopt plan", "## Reps", "## Newcomers", "## Pins", "## In the pool", "## Notes"):
        assert section in report
    assert report.endswith(f"Policy {plan.case.policy.fingerprint}.")
    assert len(report.splitlines()) < 60
    many = assign({"lead_id": list(range(500))}, {"rep_id": list(range(30)), "capacity": [1] * 30})
    assert len(many.report().splitlines()) < 80
    assert "450 more are in `plan.unassigned`." in many.report()
    assert "10 more reps in plan.loads()" in many._repr_html_()
    assert len(many._repr_html_()) < 8000


def test_names_are_escaped_in_html_and_keep_markdown_tables_whole():
    plan = assign(
        {"lead_id": ["a|b", "<i>"]}, {"rep_id": ["<script>", "x|y\nz"], "capacity": [1, 0]}, pins={"a|b": "<script>"}
    )
    html = plan._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    tables = [line for line in plan.report().splitlines() if line.startswith("|")]
    assert any("x\\|y z" in line for line in tables)
    widths = [line.replace("\\|", "").count("|") for line in tables]
    assert widths == [8] * 4 + [4] * 3 + [5] * 3


def test_a_plan_prints_as_its_summary():
    plan = assign(leads_of(2), reps_of(1))
    assert str(plan) == "1 of 2 leads placed, proven best (Hungarian)"
    assert repr(plan) == f"<Plan: {plan}>"
    worse = assign(leads_of(2), reps_of(1, 1), affinity=[[2.0, 1.0], [4.0, 1.0]]).baseline("round robin")
    assert str(worse) == "2 of 2 leads placed, expected gain 3, at most 40.00% below the best (round robin)"


# JSON


def same_answers(one, other):
    assert one.to_json() == other.to_json()
    assert one.certificate == other.certificate
    assert str(one.compare()) == str(other.compare())
    assert one.report() == other.report()
    for lead in one.case.lead_ids:
        assert one.explain(lead) == other.explain(lead)


def test_a_loaded_plan_says_all_that_the_written_one_did():
    plan = busy_plan()
    again = Plan.from_json(plan.to_json())
    same_answers(plan, again)
    assert again.assignments == plan.assignments
    assert again.unassigned == plan.unassigned
    same_answers(plan.baseline("round robin"), Plan.from_json(plan.baseline("round robin").to_json()))


@pytest.mark.parametrize("ids", sorted(IDS))
def test_ids_of_every_type_survive_json(ids):
    lead_ids, rep_ids = [IDS[ids](k) for k in range(3)], [IDS[ids](k) for k in range(2)]
    policy = Policy(eligibility=[exclude([(lead_ids[0], rep_ids[0])])])
    plan = assign({"lead_id": lead_ids}, {"rep_id": rep_ids, "capacity": [1, 1]}, policy=policy)
    again = Plan.from_json(plan.to_json())
    assert again.case.lead_ids == tuple(lead_ids)
    assert again.case.rep_ids == tuple(rep_ids)
    assert again.case.policy == plan.case.policy
    same_answers(plan, again)


@given(floors(), st.data())
@examples(25)
def test_any_plan_survives_json(floor, data):
    try:
        plan = assign(**floor, policy=data.draw(policies(floor)))
    except (Infeasible, InvalidInput):
        return
    text = plan.to_json()
    same_answers(plan, Plan.from_json(text))
    assert Plan.from_json(text).to_json() == text
    assert pickle.loads(pickle.dumps(plan)).to_json() == text
    assert copy.deepcopy(plan).to_json() == text


def test_a_plan_that_a_complete_search_found_says_so_though_the_bound_is_higher():
    """One lead cannot be divided: "at most 64% below the best" was true, and told nobody that it is the best."""
    fairness = Fairness(of="value", low=0.9, high=1.1, weight=2.0)
    plan = assign(leads_of(1), reps_of(1, 1), affinity=[[0.5, 0.5]], fairness=fairness)
    assert plan.gap > 0.1
    assert (plan.status, plan.complete) == ("SOLVED", True)
    assert "best of a complete search (Milp)" in str(plan)
    again = Plan.from_json(plan.to_json())
    assert (again.status, str(again)) == (plan.status, str(plan))
    older = json.loads(plan.to_json())
    del older["complete"]
    assert Plan.from_json(json.dumps(older)).status == "FEASIBLE"
    assert plan.baseline("round robin").status == "FEASIBLE"


@pytest.mark.parametrize(
    "more, said, counted",
    [
        ({"policy": Policy(reserve=1.5)}, "1 of 2 leads placed, expected gain 2 (3.5 with the reserve)", 3.5),
        ({"policy": Policy(limit=[LimitRule(most=0, weight=1.5)])}, "expected gain 2 (0.5 with penalties)", 0.5),
        ({"policy": Policy(limit=[LimitRule(most=0, weight=9)])}, "0 of 2 leads placed, expected gain 0, proven", 0.0),
        ({"keep": {0: "Bo", 1: "Ann"}, "move_cost": 10.0}, "expected gain 3 (-7 with move costs)", -7.0),
        ({"keep": {0: "Ann", 1: "Ann"}, "move_cost": 10.0}, "expected gain 3, proven best", 3.0),
        (
            {"keep": {0: "Bo", 1: "Ann"}, "move_cost": 10.0, "policy": Policy(limit=[LimitRule(least=3, weight=2)])},
            "expected gain 3 (-9 with move costs and penalties)",
            -9.0,
        ),
    ],
)
def test_the_headline_calls_expected_what_the_leads_gain(more, said, counted):
    reps = reps_of(2, 0)
    plan = assign(leads_of(2), reps, affinity=[[1.0, 0.0], [2.0, 0.0]], **more)
    assert said in plan.summary() and plan.expected == counted
    assert Plan.from_json(plan.to_json()).summary() == plan.summary()


def test_an_even_share_that_nobody_asked_for_is_no_penalty_in_the_headline():
    plan = assign(leads_of(5), {"rep_id": ["Ann", "Bo"]}, affinity=[[1.0, 2.0]] * 5)
    assert "expected gain" in plan.summary() and "penalties" not in plan.summary()
