"""Hours hold whatever else changes, and are named where they hold: by the tables' own arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, Limit, assign, match
from leadopt.problem.certify import certify
from leadopt.problem.limit_kinds import LimitKind
from leadopt.solvers import Milp
from tests.oracles import brute_force
from tests.plans.small_plans import small_plans
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of


@given(small_plans(), st.data())
@examples(60)
def test_what_if_keeps_every_table_and_is_worth_what_the_changed_tables_say(drawn, data):
    small, plan, rules = drawn
    rep = data.draw(st.integers(0, len(plan.case.rep_ids) - 1))
    more = data.draw(st.sampled_from([-1, 1, 1, 2]))
    capacity = list(small.reps["capacity"])
    capacity[rep] += more
    best = small.best(plan, capacity)
    if best is None:
        with pytest.raises(Infeasible):
            plan.what_if(capacity={plan.case.rep_ids[rep]: more})
        return
    found = plan.what_if(capacity={plan.case.rep_ids[rep]: more})
    assert small.keeps(found.plan.rep_of_lead, capacity)
    assert found.plan.objective == pytest.approx(best)
    assert found.plan.is_best
    assert found.change <= found.change_at_most + 1e-9
    if not rules & {"leads", "value", "newcomers"}:  # these follow from capacities, and what_if leaves them as they are
        anew = small.with_reps(capacity=capacity).plan()
        assert anew.objective == pytest.approx(found.plan.objective)


@given(small_plans(rules=("hours", "alike hours", "together", "minimum")), st.data())
@examples(40)
def test_other_hours_are_worth_what_the_changed_tables_say(drawn, data):
    small, plan, _ = drawn
    if "hours" not in small.reps:
        return
    rep = data.draw(st.integers(0, len(plan.case.rep_ids) - 1))
    hours = list(small.reps["hours"])
    hours[rep] = data.draw(st.sampled_from([0.0, 1.0, 4.0, 9.0]))
    name = f"hours of {plan.case.rep_ids[rep]}"
    try:
        anew = small.with_reps(hours=hours).plan()
    except Infeasible:
        with pytest.raises(Infeasible):
            plan.what_if(limits={name: {"upper": hours[rep]}})
        return
    found = plan.what_if(limits={name: {"upper": hours[rep]}})
    assert found.plan.objective == pytest.approx(anew.objective)


def test_one_more_slot_is_none_where_all_leads_take_the_same_hours():
    leads, reps = leads_of(4, effort=[2] * 4), reps_of(9, 9, hours=[4, 100])
    plan = assign(leads, reps, affinity=[[2.0, 1.0]] * 4)
    found = plan.what_if(capacity={"Ann": 1})
    assert found.change == 0
    assert found.change_at_most == pytest.approx(0, abs=1e-9)
    assert found.plan.rep_of_lead.tolist().count(0) == 2
    ann = plan.explain_rep("Ann")
    assert [(bound.name, bound.load, bound.upper) for bound in ann.bounds] == [
        ("capacity of Ann", 2, 9),
        ("hours of Ann", 4, 4),
    ]
    assert ann.one_more_slot == plan.prices["Ann"] == 0
    assert "One more slot would add nothing: hours of Ann would still hold." in ann.lines
    assert plan.limit_prices["hours of Ann"] == 0.5  # an hour's; a lead takes two
    lost = next(lead for lead in range(4) if plan.rep_of_lead[lead] == 1)
    assert "Ann would gain 2 (1 more) but is held by hours of Ann" in str(plan.explain(lost))
    assert plan.what_if(limits={"hours of Ann": {"upper": 6}}).change == 1


def test_a_slot_without_hours_for_it_stays_empty():
    plan = assign(leads_of(1, effort=[2]), reps_of(1, hours=[1]), affinity=[[2.0]])
    found = plan.what_if(capacity={"Ann": 1})
    assert found.change == 0
    assert plan.unassigned_leads[0].reason.value == "too_large"


@pytest.mark.parametrize("effort", [[1, 1, 1], [1, 2, 1]])
def test_more_hours_are_more_slots_where_the_table_says_nothing_else(effort):
    leads, reps = leads_of(3, effort=effort), {"rep_id": ["Ann", "Bo"], "hours": [1, 1]}
    plan = assign(leads, reps, affinity=[[3.0, 1.0]] * 3)
    anew = assign(leads, reps | {"hours": [9, 1]}, affinity=[[3.0, 1.0]] * 3)
    found = plan.what_if(limits={"hours of Ann": {"upper": 9}})
    assert found.plan.objective == anew.objective == 9
    assert found.plan.what_if(limits={"hours of Ann": {"upper": 1}}).plan.objective == plan.objective
    assert plan.what_if(without=["hours of Ann"]).plan.objective == 9


@given(st.data(), st.sampled_from([0.5, 1.0, 2.0, 3.0]), st.booleans())
@examples(60)
def test_limits_that_count_leads_are_solved_as_slots_and_prove_as_they_are(data, usage, crossed):
    n, m = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    cells = st.lists(st.integers(-1, 5).map(float), min_size=n * m, max_size=n * m)
    gains = np.array(data.draw(cells)).reshape(n, m)
    upper = data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.5, 4.0, 6.0]), min_size=m, max_size=m))
    limits = [Limit(reps=[rep], usage=usage, upper=most) for rep, most in enumerate(upper)]
    if crossed:
        limits.append(Limit(leads=[0], usage=[1.0] * n, upper=0.5))
    found = match(gains, 2, limits=limits)
    assert found.objective == pytest.approx(brute_force(found.problem).best)
    assert found.status.name == "OPTIMAL"
    assert certify(found.problem, found.rep_of_lead, found.prices, found.limit_prices).violations == ()
    assert found.objective == pytest.approx(match(gains, 2, limits=limits, solver=Milp()).objective)
    held = [rep for rep in range(m) if found.prices[rep] > 0]
    assert all(np.floor(upper[rep] / usage) >= 2 for rep in held)  # slots have a price where they hold, else hours


def test_a_lead_that_no_rep_has_hours_for_asks_for_no_price():
    leads, reps = leads_of(4, effort=[2, 3, 2, 3]), reps_of(1, 9, hours=[1, 100])
    plan = assign(leads, reps, affinity=[[2.0, 1.0]] * 4)
    found = plan.what_if(capacity={"Ann": 1})
    assert (found.change, found.unproven) == (0, 0)
    assert found.change_at_most == pytest.approx(0, abs=1e-9)
    assert plan.limit_prices["hours of Ann"] == 0
    ann = plan.explain_rep("Ann")
    assert (ann.bounds[0].load, ann.bounds[0].upper, ann.n_lost, ann.n_too_large) == (0, 1, 0, 4)
    assert "4 leads would gain most here and are too large for its limits." in ann.lines
    to_ann = plan.explain(3).alternatives[0]
    assert (to_ann.move_cost, to_ann.too_large.takes, to_ann.too_large.has) == (np.inf, 3, 1)
    assert "Ann would gain 2 (1 more) but it takes 3 of hours of Ann, which allows 1." in plan.explain(3).lines
    two = {"hours of Ann": {"upper": 2}}
    adds = {bound.name: bound.adds.amount for bound in ann.bounds}
    assert plan.what_if(limits=two).change == 1 <= adds["hours of Ann"]


@given(small_plans(rules=("hours", "alike hours", "value", "together", "minimum", "leads")))
@examples(40)
def test_what_an_explanation_names_holds_the_lead(drawn):
    """A rep who is free of what is named could have the lead; who is held by nothing could have it as things are."""
    _, plan, _ = drawn
    problem, names = plan.case.problem, plan.limit_names
    for lead in np.flatnonzero(plan.rep_of_lead >= 0).tolist():
        for other in plan.explain(plan.case.lead_ids[lead], most=9).alternatives:
            rep = plan.case.rep(other.rep_id)
            there = brute_force(problem.replace(pins={lead: rep}))
            cost = plan.objective - there.best if there.feasible else np.inf
            assert other.move_cost == pytest.approx(cost)  # so few pairs that a solve tells where limits do not nest
            if other.too_large is None:
                continue
            assert not there.feasible and other.too_large.beyond > 0
            held = other.too_large.name or f"hours of {other.rep_id}"
            looser = [
                Limit(reps=one.reps, leads=one.leads, usage=one.usage, lower=one.lower, kind=one.kind, of=one.of)
                if name == held
                else one
                for name, one in zip(names, problem.limits, strict=True)
            ]
            kinds = [one for one in problem.limits if one.kind is not LimitKind.MINIMUM and one.lower == 0]
            if len(kinds) == len(problem.limits) == problem.n_reps:  # nothing else can be in the way but slots
                free = problem.replace(limits=looser, capacity=problem.n_leads, pins={lead: rep})
                assert brute_force(free).feasible


def test_costs_of_moves_are_told_of_small_plans_and_not_of_large_ones_under_hours():
    gains = [[3.0, 1.0], [3.0, 1.0], [2.0, 2.0]]
    plan = assign(leads_of(3, effort=[1, 2, 2]), reps_of(2, 2, hours=[3, 3]), affinity=gains)
    assert plan.explain(0).alternatives[0].move_cost == 2
    large = [[3.0, 1.0], [3.0, 1.0], [2.0, 2.0]] * 17 + [[1.0, 1.0]]
    reps = reps_of(40, 40, hours=[500, 60])
    plan = assign(leads_of(52, effort=[1, 2, 2] * 17 + [1]), reps, affinity=large)
    assert plan.is_best
    other = plan.explain(0).alternatives[0]
    assert other.move_cost is None
    assert "moving it there" not in plan.explain(0).lines[1]


def test_who_gains_more_is_held_by_what_has_no_room_where_nothing_has_a_price():
    """A band of 5 has room for 2 beside a lead of 3: two thirds of a lead more would fit, and prices say nothing."""
    band = Fairness(of="value", low=0, high=1.0)
    plan = assign(leads_of(3), reps_of(2, 2), affinity=[[3.0, 3.0], [1.0, 3.0], [4.0, 1.0]], fairness=band)
    assert plan.is_best and plan.limit_prices["value band of Bo"] == 0
    (bo,) = plan.explain(1).alternatives
    assert (bo.gain, plan.explain(1).gain) == (3, 1)
    assert [one.name for one in bo.held_by] == ["value band of Bo"]
    assert plan.what_if(limits={"value band of Bo": {"upper": 6}}).change == 2 == bo.adds[0].amount


@given(small_plans())
@examples(40)
def test_who_gains_more_elsewhere_is_told_why(drawn):
    _, plan, _ = drawn
    for lead in np.flatnonzero(plan.rep_of_lead >= 0).tolist():
        told = plan.explain(plan.case.lead_ids[lead], most=9)
        here = told.gain if told.gain_together is None else told.gain_together
        for other in told.alternatives:
            minimum = any(limit.lower > 0 for limit in plan.case.problem.limits)
            assert other.gain <= here + 1e-9 or other.held_by or other.too_large or other.away or minimum
