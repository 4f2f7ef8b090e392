"""Planning again: the objective counts moves, tables count gains, and what each move brings is exact."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Infeasible, InvalidInput, Plan, Policy, assign
from leadopt.decision.keep import with_stay_bonus
from leadopt.policy import match
from leadopt.problem.problem import Problem
from tests.oracles import brute_force
from tests.strategies import affinities, examples
from tests.test_assign import HISTORY, leads_of, reps_of

REPS = ["Ann", "Bo", "Cy"]


@st.composite
def floors(draw):
    n_leads, n_reps = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = draw(st.lists(st.integers(0, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    capacity = draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    had = draw(st.lists(st.sampled_from([None, *range(n_reps)]), min_size=n_leads, max_size=n_leads))
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    return gains, capacity, {lead: None if rep is None else REPS[rep] for lead, rep in enumerate(had)}


def worth(problem: Problem, had, cost):
    """Every allowed answer's gains less what its moves cost."""
    answers = brute_force(problem)
    moved = np.zeros(len(answers.answers))
    for lead, rep in had.items():
        if rep is not None:
            moved += answers.answers[:, lead] != REPS.index(rep)
    return (answers.worth - cost * moved)[answers.allowed]


@given(floors(), st.sampled_from([0.0, 0.5, 2.0, 20.0]))
@examples(40)
def test_the_objective_is_gains_less_move_costs_and_the_best_there_is(floor, cost):
    gains, capacity, had = floor
    plan = assign(leads_of(len(gains)), reps_of(*capacity), affinity=gains, keep=had, move_cost=cost)
    plain = Problem(affinity=gains, capacity=np.array(capacity))
    assert plan.objective == pytest.approx(worth(plain, had, cost).max())
    assert plan.bound == pytest.approx(plan.objective)
    assert plan.status == "OPTIMAL"
    placed = np.flatnonzero(plan.rep_of_lead >= 0)
    told = plan.moves()
    assert sum(row["gain"] for row in plan.assignments) == gains[placed, plan.rep_of_lead[placed]].sum()
    assert plan.objective == pytest.approx(sum(row["gain"] for row in plan.assignments) - told.cost)
    n_moved = sum(rep is not None and plan.rep_of_lead[lead] != REPS.index(rep) for lead, rep in had.items())
    assert (len(told.moves), told.cost) == (n_moved, pytest.approx(n_moved * cost))
    assert told.n_kept == sum(rep is not None for rep in had.values()) - n_moved


@given(floors(), st.sampled_from([0.5, 2.0]))
@examples(25)
def test_a_move_brings_what_the_plan_loses_if_the_lead_must_stay(floor, cost):
    gains, capacity, had = floor
    call = {"affinity": gains, "keep": had, "move_cost": cost}
    plan = assign(leads_of(len(gains)), reps_of(*capacity), **call)
    for move in plan.moves().moves:
        assert move.net == pytest.approx(move.gain_after - move.gain_before - cost)
        try:
            stays = assign(leads_of(len(gains)), reps_of(*capacity), pins={move.lead_id: move.rep_before}, **call)
        except Infeasible:
            assert move.brings == np.inf
        else:
            assert move.brings == pytest.approx(plan.objective - stays.objective)
            assert move.brings >= 0


@given(floors(), st.sampled_from([0.0, 0.5, 2.0]))
@examples(30)
def test_the_moves_bring_what_the_plan_is_worth_more_than_if_all_stayed(floor, cost):
    gains, capacity, had = floor
    plan = assign(leads_of(len(gains)), reps_of(*capacity), affinity=gains, keep=had, move_cost=cost)
    stays = {lead: REPS.index(rep) for lead, rep in had.items() if rep is not None}
    oracle = brute_force(Problem(affinity=gains, capacity=np.array(capacity), pins=stays))
    told = plan.moves()
    if not told.moves:
        assert told.brings == 0
    elif not oracle.feasible:
        assert told.brings is None
        assert "not all could stay" in told.summary()
    else:
        assert told.brings == pytest.approx(plan.objective - oracle.best)
        assert told.brings >= -1e-9


@given(floors())
@examples(25)
def test_a_higher_move_cost_never_moves_more_leads(floor):
    gains, capacity, had = floor
    moved = [
        len(assign(leads_of(len(gains)), reps_of(*capacity), affinity=gains, keep=had, move_cost=cost).moves().moves)
        for cost in (0.25, 1.25, 8.25, 100.0)
    ]
    assert moved == sorted(moved, reverse=True)


@given(floors())
@examples(25)
def test_planning_the_same_again_moves_nobody(floor):
    gains, capacity, _ = floor
    call = {"affinity": gains}
    first = assign(leads_of(len(gains)), reps_of(*capacity), rng=1, **call)
    again = assign(leads_of(len(gains)), reps_of(*capacity), rng=2, keep=first, **call)
    assert not again.moves().moves
    assert again.objective == pytest.approx(first.objective)


@given(st.data())
@examples(30)
def test_the_bonus_is_added_where_a_lead_was_and_nowhere_else(data):
    n_leads, n_reps = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    affinity = data.draw(affinities(n_leads, n_reps, "floats"))
    had = np.array(data.draw(st.lists(st.integers(-1, n_reps - 1), min_size=n_leads, max_size=n_leads)))
    problem = Problem(affinity=affinity, capacity=np.ones(n_reps, dtype=int))
    expected = affinity.dense().copy()
    for lead in np.flatnonzero(had >= 0):
        expected[lead, had[lead]] += 0.5
    np.testing.assert_array_equal(with_stay_bonus(problem, had, 0.5).affinity.dense(), expected)
    assert with_stay_bonus(problem, had, 0.0) is problem


def kept_plan(**more):
    gains = [[5.0, 1.0], [4.0, 3.0], [3.0, 2.9]]
    had = {0: "Bo", 1: "Ann", 2: "Bo"}
    return assign(leads_of(3), reps_of(2, 2), affinity=gains, keep=had, **{"move_cost": 0.5, **more})


def test_the_words_say_what_moves_bring():
    plan = kept_plan()
    assert str(plan.moves()) == (
        "1 of 3 leads moves: net 3.5 gain more, 0.5 for moving\n  0: Bo -> Ann, gains 4, net 3.5; keeping it costs 3.5"
    )
    assert "<table>" in plan.moves()._repr_html_()
    assert repr(plan.moves()) == f"<Moves: {plan.moves().summary()}>"
    assert [row["rep_before"] for row in plan.moves().frame()] == ["Bo"]
    assert "It was with Bo; taking it away costs 0.5." in str(plan.explain(0))
    assert "It stays where it was; taking it away costs 0.5." in str(plan.explain(1))
    assert str(kept_plan(move_cost=50).moves()) == "none of 3 leads moves"


def test_a_plan_that_keeps_survives_json_and_what_if():
    plan = kept_plan()
    again = Plan.from_json(plan.to_json())
    assert again.to_json() == plan.to_json()
    assert (again.objective, str(again.moves())) == (plan.objective, str(plan.moves()))
    assert again.report() == plan.report()
    assert str(again.compare()) == str(plan.compare())
    away = plan.what_if(away=["Ann"])
    assert away.plan.moves().n_kept == 1
    assert away.change <= away.change_at_most + 1e-9
    assert away.plan.objective == pytest.approx(3 + 2.9 - 2 * 0.5)


def test_a_damaged_plan_that_keeps_is_refused():
    data = json.loads(kept_plan().to_json())
    data["case"]["kept"]["previous"].update(data=[0], shape=[1])
    with pytest.raises(InvalidInput, match=r"kept.previous must have 3 entries; found 1"):
        Plan.from_json(json.dumps(data))


def test_the_comparison_counts_the_same_worth_for_all():
    plan = kept_plan()
    ours, *others = plan.compare().outcomes
    assert ours.gain == sum(row["gain"] for row in plan.assignments)
    assert all(other.broken or other.lift >= -1e-9 for other in others)


def test_leads_that_cannot_stay_are_free_and_notes_say_so():
    leads = leads_of(4, zone=["N", "N", "S", "S"])
    reps = reps_of(4, 4, zone=["N", "S"])
    policy = Policy(eligibility=[match("zone")])
    plan = assign(leads, reps, policy=policy, keep={0: "Bo", 1: "Zoe", 2: "Bo", 9: "Ann"}, move_cost=0.1)
    assert "1 lead had a rep who is not in reps any more: free to go anywhere" in plan.notes
    assert "1 lead may not stay with their rep: not eligible any more" in plan.notes
    assert plan.case.kept.previous.tolist() == [-1, -1, 1, -1]
    assert plan.objective == pytest.approx(4)
    assert str(plan.moves()) == (
        "2 of 3 leads move, as they may not stay\n  0: Bo -> Ann, Bo may not have it any more\n"
        "  1: Zoe -> Ann, Zoe is not in reps any more"
    )
    assert "It was with Zoe, who may not have it any more." in str(plan.explain(1))


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame])
def test_leads_that_must_go_are_told_before_those_that_gain_by_it(kind):
    leads, reps = kind(leads_of(4, zone=["N", "N", "S", "S"])), kind(reps_of(1, 2, zone=["N", "S"]))
    had = {0: "Zoe", 1: "Bo", 2: "Bo", 3: "Ann"}
    gains = [[3.0, 1], [2, 1], [1, 1], [1, 4]]
    plan = assign(leads, reps, affinity=gains, keep=had, policy=Policy(eligibility=[match("zone")]))
    again = Plan.from_json(plan.to_json())
    for told in (plan.moves(), again.moves()):
        assert [(move.lead_id, move.rep_before, move.rep_after) for move in told.moves] == [
            (0, "Zoe", "Ann"), (1, "Bo", None), (3, "Ann", "Bo")]  # fmt: skip
        assert [(move.gain_before, move.net) for move in told.moves] == [(None, None)] * 3
        assert told.n_kept == 1
    damaged = json.loads(plan.to_json())
    damaged["case"]["kept"]["lost"]["items"][0]["items"][0] = 9
    with pytest.raises(InvalidInput, match=r"kept\.lost must hold indices from 0 to 3"):
        Plan.from_json(json.dumps(damaged))


def test_kept_leads_of_a_segment_keep_their_evidence():
    leads, policy = leads_of(4, kind=["a", "b", "a", "b"], value=[1, 2, 3, 4]), Policy(segment_by="kind")
    free = assign(leads, reps_of(2, 2), HISTORY, policy=policy)
    plan = assign(leads, reps_of(2, 2), HISTORY, policy=policy, keep=free, move_cost=0.01)
    assert not plan.moves().moves
    assert plan.assignments == free.assignments
    assert plan.objective == pytest.approx(free.objective, rel=1e-12)


@pytest.mark.parametrize(
    "call, said",
    [
        ({"keep": {0: "Ann"}, "move_cost": -1}, "move_cost: must be a finite number, 0 or more; found -1"),
        ({"keep": {0: "Ann"}, "move_cost": "x"}, "move_cost: must be a finite number, 0 or more; found 'x'"),
        ({"keep": {0: "Ann"}, "move_cost": float("nan")}, "move_cost: must be a finite number, 0 or more; found nan"),
        ({"move_cost": 1}, "move_cost: counts for leads that somebody has: pass keep=, or a column "
                             "current_rep of leads; found 1 without"),
        ({"keep": [0]}, "keep: must be a Plan or a dict from lead id to rep id; found list"),
        ({"keep": {7: "Ann"}}, "keep: none of its 1 leads is among the leads; pass the plan of the same leads"),
        ({"keep": {"0": "Ann"}}, "keep (lead ids) holds text ('0') and leads holds whole numbers (0): ids must be of "
         "one kind to match. Read both columns as text."),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(call, said):
    with pytest.raises(InvalidInput) as caught:
        assign(leads_of(2), reps_of(1, 1), **call)
    assert str(caught.value) == said


def test_a_plan_without_keep_knows_of_no_moves():
    with pytest.raises(InvalidInput, match="this plan knows of no earlier one"):
        assign(leads_of(1), reps_of(1)).moves()
