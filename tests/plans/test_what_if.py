"""What if: the same as building the changed problem and solving it from nothing; bounds, moves and words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, InvalidInput, Limit, Plan, assign
from leadopt.matching import solve
from leadopt.tables.text import number
from tests.oracles import brute_force
from tests.strategies import examples
from tests.tables_strategies import KINDS, records
from tests.test_assign import leads_of, reps_of

GAINS = [[5.0, 1.0, 2.0], [4.0, 2.95, 1.0], [3.0, 2.9, 2.8], [2.0, 1.0, 0.5], [1.0, 0.9, 0.8]]


def plan_of(**more):
    return assign(leads_of(5), reps_of(2, 1, 1), affinity=GAINS, **more)


@st.composite
def plans(draw):
    """A small plan, with a band and minimums now and then, and the call that made it."""
    n_leads, n_reps = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = draw(st.lists(st.integers(-2, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    band = draw(st.sampled_from([None, Fairness(low=0, high=1.2), Fairness(low=0.8, high=1.5, entitlement="equal")]))
    return assign(
        leads_of(n_leads), reps_of(*capacity), affinity=np.array(cells, float).reshape(n_leads, n_reps), fairness=band
    )


@given(plans(), st.data())
@examples(40)
def test_a_change_is_worth_what_solving_from_nothing_says(plan, data):
    problem, case = plan.case.problem, plan.case
    rep = data.draw(st.integers(0, problem.n_reps - 1))
    more = data.draw(st.integers(-int(problem.capacity[rep]), 3))
    gone = data.draw(st.sets(st.sampled_from(case.limit_names()), max_size=2)) if problem.limits else set()
    kept = [limit for limit in problem.limits if limit.name not in gone]
    slots = problem.capacity.copy()
    slots[rep] += more
    oracle = brute_force(problem.replace(capacity=slots, limits=tuple(kept)))
    if not oracle.feasible:
        with pytest.raises(Infeasible):
            plan.what_if(capacity={case.rep_ids[rep]: more}, without=sorted(gone))
        return
    found = plan.what_if(capacity={case.rep_ids[rep]: more}, without=sorted(gone))
    assert found.plan.status == "OPTIMAL"
    assert found.plan.objective == pytest.approx(oracle.best)
    assert found.change == pytest.approx(oracle.best - plan.objective)
    assert found.change <= found.change_at_most + 1e-9
    if more >= 0:
        assert found.change >= -1e-9  # more room and fewer limits never cost


@given(plans(), st.data())
@examples(30)
def test_who_is_away_gets_nothing_and_own_minimums_fall(plan, data):
    rep = data.draw(st.sampled_from(plan.case.rep_ids))
    try:
        found = plan.what_if(away=[rep])
    except Infeasible:  # the others' minimums are more than there are leads
        return
    place = plan.case.rep(rep)
    assert not (found.plan.rep_of_lead == place).any()
    assert found.plan.case.away[place]
    lower = [0.0 if limit.reps.tolist() == [place] else limit.lower for limit in plan.case.problem.limits]
    assert [limit.lower for limit in found.plan.case.problem.limits] == lower
    assert found.plan.status == "OPTIMAL"


@given(plans())
@examples(25)
def test_no_change_moves_nobody_however_many_plans_are_as_good(plan):
    found = plan.what_if()
    assert found.change == pytest.approx(0)
    assert not len(found.moved)
    assert found.summary().startswith("nothing changed: 0 gain")


def test_ties_do_not_move_leads_that_have_no_reason_to():
    plan = assign(leads_of(200), reps_of(70, 70, 70), affinity=np.ones((200, 3)))
    found = plan.what_if(away=["Ann"])
    # Ann's leads alone are moved, as far as there is room.
    assert set(plan.rep_of_lead[found.moved]) == {0}
    assert found.change == -60


def test_tables_say_who_moves_and_what_changes():
    plan = plan_of()
    found = plan.what_if(capacity={"Ann": +1})
    assert found.change == pytest.approx(1.9)
    assert found.change_at_most == pytest.approx(1.9)
    assert found.moves == [
        {"lead_id": 3, "from": "Bo", "to": "Ann", "gain_before": 1.0, "gain_after": 2.0, "change": 1.0},
        {"lead_id": 4, "from": None, "to": "Bo", "gain_before": 0.0, "gain_after": 0.9, "change": 0.9},
    ]
    assert [(row["leads_before"], row["leads_after"]) for row in found.loads] == [(2, 3), (1, 1), (1, 1)]
    assert [(row["capacity_before"], row["capacity_after"]) for row in found.loads] == [(2, 3), (1, 1), (1, 1)]
    assert found.loads[0]["gain_after"] - found.loads[0]["gain_before"] == pytest.approx(2.0)
    assert found.prices[0]["limit"] == "capacity of Ann"
    assert found.prices[0]["after"] < found.prices[0]["before"]
    assert str(found) == (
        "+1 slot for Ann: +1.9 gain (the prices said 1.9 at most), 2 leads elsewhere\n"
        "  3: Bo -> Ann, 1 -> 2\n"
        "  4: pool -> Bo, 0 -> 0.9"
    )
    assert "+1 slot for Ann" in found._repr_html_()
    assert repr(found) == f"<WhatIf: {found.summary()}>"
    assert found.plan.notes[-1] == "what if: +1 slot for Ann"


def test_rounding_is_no_change():
    """0.1 + 0.2 - 0.3 is not 0: what a sum leaves behind must not be told as a gain."""
    leads, reps = leads_of(3), reps_of(9, 9)
    plan = assign(leads, reps, affinity=[[0.1, 0.0], [0.2, 0.0], [0.0, 0.3]])
    assert plan.what_if(capacity={"Ann": +5}).summary() == (
        "+5 slots for Ann: 0 gain (the prices said 0 at most), 0 leads elsewhere"
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_tables_are_of_the_leads_kind(kind):
    plan = assign(KINDS[kind](leads_of(2)), reps_of(1), affinity=[[1.0], [2.0]])
    found = plan.what_if(capacity={"Ann": 1})
    assert [row["lead_id"] for row in records(found.moves)] == [0]
    assert [row["leads_after"] for row in records(found.loads)] == [2]


def test_families_of_limits_are_left_out_by_the_words_of_their_name():
    plan = plan_of(fairness=Fairness(low=0.9, high=1.1))
    for name in ("band", "fairness band", "Fairness"):
        found = plan.what_if(without=[name])
        assert found.plan.case.problem.limits == ()
        assert found.notes == (f"without 3 limits ({name})",)
    one = plan.what_if(without=["fairness band of Bo"])
    assert one.plan.case.limit_names() == ["fairness band of Ann", "fairness band of Cy"]
    assert [row["after"] is None for row in one.prices] == [False, False, False, False, True, False]


def test_bounds_change_and_limits_come():
    plan = plan_of(fairness=Fairness(low=0, high=1))
    found = plan.what_if(limits={"fairness band of Ann": {"upper": 1}})
    assert found.notes == ("fairness band of Ann: 0 to 1",)
    assert (found.plan.rep_of_lead == 0).sum() == 1
    cap = plan.what_if(limits={"team": Limit(reps=[0, 1], upper=1)})
    assert np.isin(cap.plan.rep_of_lead, [0, 1]).sum() == 1
    assert cap.plan.limit_prices.keys() == {*plan.limit_prices, "team"}
    instead = plan.what_if(limits={"fairness band of Ann": Limit(reps=[0], upper=2)})
    assert instead.plan.case.limit_names() == plan.case.limit_names()


def test_pins_come_and_go():
    pinned = plan_of().what_if(pins={4: "Ann"})
    assert pinned.plan.rep_of_lead[4] == 0
    assert pinned.change < 0
    back = pinned.plan.what_if(pins={4: None})
    assert back.plan.objective == pytest.approx(plan_of().objective)
    assert back.notes == ("4 not pinned",)


def test_what_if_can_be_asked_again_and_saved():
    plan = plan_of().what_if(capacity={"Bo": 1}).plan.what_if(away=["Cy"]).plan
    assert Plan.from_json(plan.to_json()).to_json() == plan.to_json()
    slots = np.array([2, 2, 0])
    assert plan.objective == pytest.approx(solve(plan_of().case.problem.replace(capacity=slots)).objective)


@pytest.mark.parametrize(
    "call, said",
    [
        ({"capacity": {"An": 1}}, "rep 'An' is not in this plan; did you mean \"Ann\"?"),
        ({"capacity": {"Ann": 0.5}},
         "capacity of 'Ann': must be a whole number of slots, more or fewer; found 0.5"),
        ({"capacity": {"Ann": -3}}, "capacity of 'Ann': has 2 slots, so -3 is too many to take away"),
        (
            {"capacity": {"Ann": 2**63}},
            "capacity of 'Ann': must be at most 4,611,686,018,427,387,904 slots; found 9223372036854775808 more",
        ),
        ({"capacity": ["Ann"]}, "capacity: must be a dict, rep id -> more slots (or fewer, below 0); found list"),
        ({"away": "Ann"}, "away: must be a list of names; found 'Ann'"),
        ({"away": ["Zoe"]}, "rep 'Zoe' is not in this plan; known are Ann, Bo, Cy"),
        ({"without": ["fairnes band of Ann"]},
         "without: no limit is called 'fairnes band of Ann'; did you mean \"fairness band of Ann\"?"),
        ({"without": [" "]}, "without: no limit is called ' '; known are fairness band of Ann, fairness band of Bo, "
         "fairness band of Cy, fairness band"),
        ({"limits": {"band": {"upper": 1}}}, "limits: no limit is called 'band'; known are fairness band of Ann, "
         "fairness band of Bo, fairness band of Cy"),
        ({"limits": {"fairness band of Ann": {"uper": 1}}},
         "limits of 'fairness band of Ann': unknown key \"uper\"; did you mean \"upper\"?"),
        ({"limits": {"fairness band of Ann": {"upper": "x"}}},
         "limits of 'fairness band of Ann': upper must be a number; found 'x'"),
        ({"limits": {"fairness band of Ann": {"upper": -1}}},
         "limit 'fairness band of Ann': upper must be a number, 0 or more; found -1"),
        ({"pins": {9: "Ann"}}, "lead 9 is not in this plan; known are 0, 1, 2, 3, 4"),
    ],
)  # fmt: skip
def test_what_is_unknown_is_named(call, said):
    with pytest.raises(InvalidInput) as caught:
        plan_of(fairness=Fairness(low=0, high=2)).what_if(**call)
    assert str(caught.value) == said


def test_a_pin_to_a_rep_who_is_not_eligible_is_refused():
    plan = assign(leads_of(1), reps_of(1, 1), affinity=[[1.0, -np.inf]])
    with pytest.raises(InvalidInput, match="pins: lead 0 may not go to rep 'Bo': not eligible"):
        plan.what_if(pins={0: "Bo"})


def test_what_cannot_be_met_is_said_in_the_users_words():
    plan = plan_of(fairness=Fairness(low=1, high=1))
    with pytest.raises(Infeasible) as caught:
        plan.what_if(limits={"fairness band of Ann": {"lower": 2}}, capacity={"Ann": -1})
    assert str(caught.value) == (
        "no plan meets every limit: fairness band of Ann cannot be met: Ann must get 2 leads or more, and can get 1. "
        "Lower these minimums, raise these reps' capacity, or let them take more kinds of leads."
    )
    with pytest.raises(Infeasible, match=r"1 lead \(0\) is pinned to Ann, who is away\. Remove the pin"):
        plan_of(pins={0: "Ann"}).what_if(away=["Ann"])


def searched(time_limit_s):
    """A plan whose hours a flow does not take, and for which a moment is too short."""
    rng = np.random.default_rng(0)
    leads, reps = leads_of(60, effort=rng.lognormal(0, 0.5, 60).round(2).tolist()), reps_of(20, 20, 20, hours=[12] * 3)
    return assign(leads, reps, affinity=rng.random((60, 3)), time_limit_s=time_limit_s)


def test_a_change_that_was_searched_for_too_shortly_says_how_much_more_it_may_be():
    plan = searched(time_limit_s=1e-6)
    short, long = (plan.what_if(capacity={"Ann": 1}, time_limit_s=limit_s) for limit_s in (1e-6, 20.0))
    assert not plan.is_best and not short.plan.is_best and long.plan.is_best
    most = min(short.plan.bound, short.bound) - plan.objective
    assert short.change + short.unproven == pytest.approx(most)
    assert long.plan.objective <= short.plan.objective + short.unproven + 1e-9
    below = f"at most {short.plan.gap:.2%} below the best"
    assert f"; the new plan is {below}: the change may be up to +{number(most, 4)} gain" in str(short)
    assert f'"unproven":{short.unproven}' in short.to_json().replace(" ", "")
    assert long.unproven == 0.0
    before = f"; the plan before is at most {plan.gap:.2%} below the best"
    assert before in short.summary() and long.summary().endswith(before)


def test_nothing_is_left_open_where_both_plans_are_proven_best():
    found = plan_of().what_if(capacity={"Ann": 1})
    assert found.unproven == 0.0
    assert "below the best" not in found.summary()


def test_a_baseline_that_breaks_rules_is_no_plan_that_was_searched_for():
    reps = reps_of(3, 2, 2, min_leads=[0, 2, 2])
    plan = assign(leads_of(5), reps, affinity=GAINS).baseline("greedy")
    assert plan.status == "BROKEN"
    assert "below the best" not in plan.what_if(capacity={"Ann": 1}).summary()
