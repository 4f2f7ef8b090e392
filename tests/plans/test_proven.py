"""What a search proved of an answer stays proven of its plan: told, saved, asked what if."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from leadopt import Plan, Policy, assign, match
from leadopt.desk.planning.costs import move_cost
from leadopt.matching import solve
from leadopt.problem.knapsack_bound import knapsack_bound
from tests.oracles import brute_force
from tests.plans.small_plans import small_plans
from tests.strategies import examples

GAINS = [[3.0, 2.0], [3.0, 1.0], [4.0, 4.0], [1.0, 1.0]]


def plan_with_hours(hours):
    leads = {"lead_id": [0, 1, 2, 3], "effort": [2, 2, 3, 1]}
    reps = {"rep_id": ["A", "B"], "capacity": [2, 2], "hours": [hours, hours]}
    return assign(leads, reps, affinity=GAINS)


@given(small_plans())
@examples(60)
def test_a_plan_is_proven_as_far_as_its_match_is_and_worth_the_most_there_is(drawn):
    small, plan, _ = drawn
    found = solve(plan.case.problem)
    assert plan.status == found.status.name
    assert plan.gap == pytest.approx(found.gap, abs=1e-12)
    assert plan.bound == pytest.approx(found.bound, rel=1e-12)
    assert plan.is_best
    assert plan.objective == pytest.approx(small.best(plan))
    assert plan.bound >= plan.objective - 1e-9
    again = Plan.from_json(plan.to_json())
    told = ("status", "gap", "bound", "is_best", "objective", "prices")
    assert [getattr(again, name) for name in told] == [getattr(plan, name) for name in told]
    unchanged = plan.what_if()
    assert unchanged.plan.is_best
    assert unchanged.unproven == 0
    assert unchanged.change == pytest.approx(0)


@given(small_plans())
@examples(30)
def test_what_more_slots_add_is_never_more_than_is_said(drawn):
    _, plan, _ = drawn
    problem, best = plan.case.problem, brute_force(plan.case.problem).best
    for rep, price in enumerate(plan.prices.values()):
        more = problem.capacity.copy()
        more[rep] += 1
        assert brute_force(problem.replace(capacity=more)).best - best <= price + 1e-9


@given(small_plans())
@examples(30)
def test_what_one_more_unit_of_a_limit_adds_is_never_more_than_is_said(drawn):
    _, plan, _ = drawn
    problem, best = plan.case.problem, brute_force(plan.case.problem).best
    told = {bound.name: bound for rep_id in plan.case.rep_ids for bound in plan.explain_rep(rep_id).bounds}
    for k, name in enumerate(plan.limit_names):
        limit = problem.limits[k]
        looser = replace(limit, upper=limit.upper + 1) if limit.upper < np.inf else replace(limit, lower=0)
        if limit.upper == np.inf and limit.lower > 1:
            continue
        others = [*problem.limits[:k], looser, *problem.limits[k + 1 :]]
        adds = brute_force(problem.replace(limits=others)).best - best
        assert (
            adds <= told[name].adds.amount + 1e-9 or told[name].price * (1 if looser.upper > limit.upper else -1) <= 0
        )


@given(small_plans())
@examples(30)
def test_what_a_desk_says_that_a_move_costs_at_least_it_costs(drawn):
    _, plan, _ = drawn
    problem, best = plan.case.problem, brute_force(plan.case.problem).best
    for lead in range(problem.n_leads):
        for rep in range(problem.n_reps):
            there = brute_force(problem.replace(pins={lead: rep}))
            cost = best - there.best if there.feasible else float("inf")
            assert move_cost(plan, lead, rep).at_least <= cost + 1e-9


@pytest.mark.parametrize("hours", [1, 2, 3])
def test_hours_that_a_search_proves_are_proven_best(hours):
    plan = plan_with_hours(hours)
    assert plan.status == "OPTIMAL"
    assert "proven best" in str(plan)


def test_accounts_that_a_search_proves_are_proven_best():
    gains, accounts = [[3.0, 1.0], [3.0, 1.0], [2.0, 2.0]], [1, 2, 2]
    reps = {"rep_id": ["A", "B"], "capacity": [2, 2]}
    plan = assign({"lead_id": [0, 1, 2], "account": accounts}, reps, affinity=gains, policy=Policy(together="account"))
    assert plan.status == match(gains, 2, together=accounts).status.name == "OPTIMAL"
    assert plan.lead_prices is not None


def test_room_is_priced_by_the_bound_of_its_prices_and_not_by_that_of_leads():
    plan = plan_with_hours(3)
    by_leads = knapsack_bound(plan.case.problem, plan.lead_prices)
    assert plan.certificate.bound == pytest.approx(by_leads)
    assert plan.certificate_of_room.bound > plan.bound
    rows = {bound.name: bound.adds.amount for bound in plan.explain_rep("A").bounds}
    one_more = plan.what_if(limits={"hours of A": {"upper": 4}})
    assert one_more.change == 2 <= rows["hours of A"]
    assert one_more.change <= one_more.change_at_most


def test_a_price_of_a_lead_that_is_no_number_proves_nothing():
    plan = plan_with_hours(3)
    broken = replace(plan, lead_prices=plan.lead_prices * np.nan)
    assert broken.certificate == plan.certificate_of_room
    assert not broken.is_best
