"""What acts of people cost is what a solve with a pin says: exactly where the plan is proven, else between bounds."""

from typing import Any

import numpy as np
import pytest

from leadopt import Fairness, Policy
from leadopt.desk.planning.costs import Cost, absence_cost, move_cost
from leadopt.errors import Infeasible
from leadopt.lifecycle import commands
from leadopt.lifecycle.events import Assigned
from leadopt.plans.plan import Plan
from tests.desk.planning.floors import Floor, called

NESTED = Policy(segment_by=("industry",), fairness=Fairness(low=0.5, high=1.6))
CROSSING = Policy(
    segment_by=("industry",),
    fairness=(Fairness(low=0.4, high=1.8), Fairness(of="value", low=0.3, high=1.9, entitlement="equal")),
)


def plan_of(policy: Policy, seed: int, n_leads: int = 14) -> Plan:
    rng, floor = np.random.default_rng(seed), Floor(policy=policy)
    for rep in ("R-a", "R-b", "R-c", "R-d"):
        floor.rep(rep, max_open=int(rng.integers(3, 9)))
    gains = rng.uniform(1, 10, size=(n_leads, 4))
    for number in range(n_leads):
        floor.receive(f"L-{number}", industry=str(rng.choice(["steel", "wood"])), value=float(gains[number].max()))
    floor.apply(floor.plan())
    for number in range(n_leads):
        lead = floor.lead(f"L-{number}")
        if lead.is_held:
            floor.act(commands.Win if rng.random() < 0.5 else commands.Lose, lead=lead.id)
    for number in range(n_leads):
        floor.receive(f"L-new-{number}", industry=str(rng.choice(["steel", "wood"])), value=float(rng.integers(1, 50)))
    floor.learn()
    return floor.plan()


def solved_with(plan: Plan, lead: int, rep: int) -> float:
    """Return what the plan loses if a lead is pinned; inf where nothing fits."""
    try:
        other = plan.what_if(pins={plan.case.lead_ids[lead]: plan.case.rep_ids[rep]}).plan
    except Infeasible:
        return float("inf")
    assert other.is_best
    return plan.objective - other.objective


@pytest.mark.parametrize("seed", range(3))
def test_moves_cost_what_a_pin_costs(seed: int) -> None:
    plan = plan_of(NESTED, seed)
    assert plan.status == "OPTIMAL"
    costly = 0
    for lead in range(len(plan.rep_of_lead)):
        for rep in range(4):
            cost = move_cost(plan, lead, rep)
            assert cost.exact
            assert cost.at_least == pytest.approx(solved_with(plan, lead, rep), abs=1e-9)
            costly += 1e-6 < cost.at_least < np.inf
    assert costly > 5


@pytest.mark.parametrize("seed", range(3))
def test_under_limits_that_cross_prices_bound_and_a_solve_tells(seed: int) -> None:
    plan = plan_of(CROSSING, seed, n_leads=10)
    assert plan.exchange is None
    for lead in range(0, len(plan.rep_of_lead), 2):
        for rep in range(4):
            truth = solved_with(plan, lead, rep)
            bounded, found = move_cost(plan, lead, rep), move_cost(plan, lead, rep, time_limit_s=None)
            assert bounded.at_least <= truth + 1e-9
            assert bounded.at_most >= truth - 1e-9
            assert found.exact
            assert found.at_least == pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize("policy", [NESTED, CROSSING])
def test_an_absence_costs_what_the_plan_without_the_rep_is_worth_less(policy: Policy) -> None:
    plan = plan_of(policy, 4, n_leads=8)
    for rep in range(4):
        cost = absence_cost(plan, rep)
        try:
            truth = plan.objective - plan.what_if(away=[plan.case.rep_ids[rep]]).plan.objective
        except Infeasible:
            truth = np.inf
        assert cost.exact
        assert cost.at_least == pytest.approx(truth)


def test_the_pool_has_its_price_too() -> None:
    plan = plan_of(NESTED, 1)
    lead = int(np.flatnonzero(plan.rep_of_lead >= 0)[0])
    problem = plan.case.problem
    scale = problem.affinity.scale.copy()
    worthless = move_cost(plan, lead, -1)
    assert worthless.exact
    assert worthless.at_least > 0
    assert scale[lead] > 0


def test_a_plan_answers_in_the_users_ids() -> None:
    floor = Floor(policy=NESTED)
    floor.reps(**{"R-a": 2, "R-b": 2})
    for number in range(3):
        floor.receive(f"L-{number}", value=float(number + 1))
    plan = floor.plan()
    lead = plan.case.lead_ids[0]
    here = plan.case.rep_ids[int(plan.rep_of_lead[0])]
    assert str(plan.cost(lead, here)) == "0 value"
    assert plan.cost(lead, None).at_least == pytest.approx(1.0)
    assert plan.cost_of_absence(called("R-a")).exact


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((2.0, 2.0), "2 deals"),
        ((1.0, 3.0), "at least 1 deals, at most 3"),
        ((1.0, np.inf), "at least 1 deals"),
        ((np.inf, np.inf), "no plan allows it"),
        ((-np.inf, 3.0), "nobody knows how little deals, at most 3"),
    ],
)
def test_costs_are_told_in_words(ends: tuple[float, float], words: str) -> None:
    assert str(Cost(at_least=ends[0], at_most=ends[1], unit="deals")) == words


def proposed(**columns: Any) -> Floor:
    floor = Floor(policy=Policy(fairness=Fairness()))
    floor.reps(**{"R-a": 2, "R-b": 2})
    floor.receive("L-key", tier="key", value=9.0, **columns)
    floor.receive("L-1", value=5.0)
    return floor


def test_a_review_knows_what_each_other_rep_would_cost_and_the_log_keeps_it() -> None:
    floor = proposed()
    plan = floor.plan()
    assert floor.apply(plan) == {}
    asked = floor.lead("L-key").review
    assert asked is not None
    other = next(rep for rep in ("R-a", "R-b") if rep != asked.rep)
    cost = plan.cost(called("L-key"), called(other))
    costs: Any = asked.offer["costs"]
    assert costs[other] == cost.told()
    assert cost.exact
    floor.act(commands.Approve, lead="L-key", to=other)
    given = floor.book.log()[-1][1]
    assert isinstance(given, Assigned)
    assert given.decision["cost"] == cost.told()
