"""What a solve of a case may begin with; refusals name limits that conflict, of which none can be left out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, Limit, Policy, assign, frontier
from leadopt.decision import clock as solving
from leadopt.decision.solve import refuse, solved
from leadopt.errors import Witness
from leadopt.limit_rules import LimitRule
from leadopt.matching import solve
from leadopt.policy import exclude
from leadopt.problem.problem import Problem
from leadopt.solvers import Near
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of


def case_of(n, *capacity, limits=()):
    case = assign(leads_of(n), reps_of(*capacity)).case
    return replace(case, problem=case.problem.replace(limits=limits))


@given(st.integers(1, 4), st.lists(st.integers(0, 3), min_size=2, max_size=3), st.data())
@examples(40)
def test_named_minimums_conflict_and_none_of_them_is_idle(n_leads, capacity, data):
    least = data.draw(st.lists(st.integers(0, 3), min_size=len(capacity), max_size=len(capacity)))
    try:
        assign(leads_of(n_leads), reps_of(*capacity, min_leads=least))
    except Infeasible as error:
        named = [name for name in error.witness.limits if not name.startswith("capacity")]
    else:
        return
    limits = {
        f"minimum of {name}": Limit(reps=[rep], lower=least[rep])
        for rep, name in enumerate(["Ann", "Bo", "Cy"][: len(capacity)])
    }
    problem = Problem(affinity=np.ones((n_leads, len(capacity))), capacity=np.array(capacity))
    for out in [None, *named]:
        kept = problem.replace(limits=tuple(limits[name] for name in named if name != out))
        if out is None:
            with pytest.raises(Infeasible):
                solve(kept)
        else:
            solve(kept)


def said(case, **witness):
    with pytest.raises(Infeasible) as caught:
        refuse(case, Witness(**witness))
    return str(caught.value).removeprefix("no plan meets every limit: ")


def test_limits_that_no_lead_or_rep_stands_for_are_named_together():
    limits = (Limit(name="hours of Ann", upper=8), Limit(name="value band of Ann", lower=1.5, upper=2))
    case = case_of(2, 1, 1, limits=limits)
    assert said(case, rows=(2, 3), need=0, room=0) == (
        "hours of Ann (at most 8), value band of Ann (1.5 to 2) cannot be met together. "
        "Widen one of them, or give one a penalty."
    )
    assert said(case, rows=(2,), need=0, room=0) == (
        "hours of Ann (at most 8) cannot be met. Widen its bounds, or give it a penalty."
    )
    assert said(case, need=0, room=0) == "a limit cannot be met. Widen its bounds, or give it a penalty."


def test_limits_that_conflict_in_hours_or_value_are_told_with_their_bounds():
    """What a search proves has no count of leads: it used to say "must get 0 leads or more, and can get 0"."""
    leads, reps = leads_of(2, effort=[1, 2]), reps_of(1, 1, hours=[8, 8], min_leads=[2, 0])
    with pytest.raises(Infeasible) as caught:
        assign(leads, reps)
    assert str(caught.value) == (
        "no plan meets every limit: minimum of Ann (at least 2), capacity of Ann (at most 1) cannot be met together. "
        "Widen one of them, or give one a penalty."
    )


def test_slots_are_named_after_their_rep():
    case = case_of(2, 1, 1, limits=(Limit(reps=[1], lower=2, name="minimum of Bo"),))
    assert said(case, rows=(2, 1), reps=(1,), need=2, room=1) == (
        "minimum of Bo, capacity of Bo cannot be met: Bo must get 2 leads or more, and can get 1. "
        "Lower these minimums, raise these reps' capacity, or let them take more kinds of leads."
    )


# What is known


@pytest.fixture
def hints(monkeypatch):
    """What each solve was told is near."""
    seen = []

    def watched(problem, **call):
        seen.append(call["near"])
        return solve(problem, **call)

    monkeypatch.setattr(solving, "solve", watched)
    return seen


def test_who_had_the_leads_is_a_known_answer(hints):
    leads, reps = leads_of(3), reps_of(2, 2)
    plan = assign(leads, reps, keep={0: "Bo", 2: "Ann"}, move_cost=0.1)
    assert hints[-1].rep_of_lead.tolist() == [1, -1, 0]
    assign(leads, reps, keep=plan)
    assert hints[-1].rep_of_lead.tolist() == plan.rep_of_lead.tolist()
    plan.what_if(capacity={"Ann": 0})
    assert hints[-1].rep_of_lead.tolist() == plan.rep_of_lead.tolist()
    assert hints[-1].prices.tolist() == plan.capacity_prices.tolist()


def test_a_frontier_begins_each_plan_with_the_last(hints):
    drawn = frontier(leads_of(4), reps_of(2, 2), values=[1.0, 0.5])
    assert hints[-1].rep_of_lead.tolist() == drawn.plans[0].rep_of_lead.tolist()


def test_prices_of_other_limits_are_forgotten(hints):
    case = assign(leads_of(4), reps_of(2, 2), fairness=Fairness()).case
    found = solved(case, near=Near(prices=np.zeros(2), limit_prices=np.zeros(99)))
    assert (hints[-1].prices.tolist(), hints[-1].limit_prices) == ([0.0, 0.0], None)
    assert found.status.name == "OPTIMAL"


@pytest.mark.parametrize(
    "pins, said",
    [
        ({0: "Bo"}, "1 lead (0) is pinned to Bo, who is away. Remove the pin, or wait for Bo."),
        ({0: "Bo", 1: "Bo"}, "2 leads (0, 1) are pinned to Bo, who is away. Remove these pins, or wait for Bo."),
    ],
)
def test_a_pin_to_who_is_away_says_so(pins, said):
    for reps in (reps_of(4, 4, available=[1, 0]), {"rep_id": ["Ann", "Bo"], "available": [1, 0]}):
        with pytest.raises(Infeasible) as caught:
            assign(leads_of(3), reps, pins=pins)
        assert str(caught.value) == f"no plan meets every limit: {said}"


def test_leads_that_must_be_placed_with_who_is_away_say_so():
    rules = Policy(reserve=-np.inf, eligibility=[exclude([(0, "Ann")])])
    with pytest.raises(Infeasible, match=r"1 lead \(0\) can only go to Bo, who is away\. Raise"):
        assign(leads_of(2), reps_of(4, 4, available=[1, 0]), policy=rules)


def refused(n_leads, slots, accounts=None, pins=None, **rules):
    together = {"together": "acc"} if accounts else {}
    leads = [{"lead_id": i, "acc": (accounts or "x" * n_leads)[i - 1], "size": i} for i in range(1, n_leads + 1)]
    reps = [{"rep_id": rep, "capacity": room, "team": "N"} for rep, room in zip("ABC", slots, strict=False)]
    limit = [LimitRule(**rules)] if rules else []
    gains = np.ones((n_leads, len(reps)))
    with pytest.raises(Infeasible) as error:
        assign(leads, reps, affinity=gains, pins=pins, policy=Policy(limit=limit, **together))
    return str(error.value).removeprefix("no plan meets every limit: ")


BY_ACCOUNT = ", by themselves or with their account (policy.together), with room for"


@pytest.mark.parametrize(
    "case, said",
    [
        ({"slots": [1], "n_leads": 2, "accounts": "pp"}, f"2 leads (1, 2) are pinned to A{BY_ACCOUNT} 1."),
        ({"slots": [1, 5], "n_leads": 3, "accounts": "ppq"}, f"2 leads (1, 2) are pinned to A{BY_ACCOUNT} 1."),
        ({"slots": [2, 5], "n_leads": 5, "accounts": "pppqq"}, f"3 leads (1, 2, 3) are pinned to A{BY_ACCOUNT} 2."),
        (
            {"slots": [5, 5], "n_leads": 3, "accounts": "ppq", "reps": {"team": "N"}, "most": 1},
            f"2 leads (1, 2) are pinned to A{BY_ACCOUNT} 1 under leads of team N.",
        ),
        (
            {"slots": [5, 5], "n_leads": 4, "pins": {2: "A", 3: "A"}, "usage": "size", "most": 3},
            "2 leads (2, 3) are pinned to A and take 5, with room for 3 under size of all reps.",
        ),
    ],
)
def test_pins_with_too_little_room_are_counted_as_leads(case, said):
    assert refused(**({"pins": {1: "A"}} | case)).startswith(said)


@pytest.mark.parametrize(
    "case, said",
    [
        ({"n_leads": 6, "slots": [3] * 3, "least": 7}, "can get 6. Lower these minimums: there are only 6 leads."),
        ({"n_leads": 1, "slots": [3] * 3, "least": 2}, "can get 1. Lower these minimums: there is only 1 lead."),
        (
            {"n_leads": 6, "slots": [1] * 3, "least": 5},
            "raise these reps' capacity, or let them take more kinds of leads.",
        ),
        ({"n_leads": 6, "slots": [3] * 3, "least": 2.2, "most": 2.5}, "lies from 2.2 to 2.5. Widen its bounds."),
        (
            {"n_leads": 3, "slots": [3], "leads": [1], "least": 2},
            "A must get 2 leads or more, and can get 1. Lower these minimums, or let them take more kinds of leads.",
        ),
    ],
)
def test_capacity_is_to_be_raised_only_where_slots_are_short(case, said):
    assert refused(**case).endswith(said)
