"""Who has the leads now, as a column says: as `keep=` does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leadopt
from leadopt import InvalidInput, Policy
from leadopt.policy import exclude
from leadopt.tables.columns import Columns
from tests.oracles import brute_force
from tests.strategies import examples
from tests.tables_strategies import KINDS, framed, records

LEADS = {"lead_id": [1, 2, 3, 4], "current_rep": ["Ann", " BO", None, "Zed"]}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [4, 4]}
GAINS = np.array([[5.0, 6.0], [9.0, 2.0], [1.0, 7.0], [2.0, 3.0]])


def rep_of(plan):
    return {row["lead_id"]: row["rep_id"] for row in records(plan.assignments)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_column_is_the_same_as_keep(kind):
    policy = Policy(move_cost=2.0)
    plan = leadopt.assign(framed(kind, LEADS), framed(kind, REPS), affinity=GAINS, policy=policy)
    other = leadopt.assign({"lead_id": [1, 2, 3, 4]}, REPS, affinity=GAINS, keep={1: "Ann", 2: "Bo"}, move_cost=2.0)
    assert rep_of(plan) == rep_of(other) == {1: "Ann", 2: "Ann", 3: "Bo", 4: "Bo"}
    assert plan.objective == other.objective and [move.lead_id for move in plan.moves().moves] == [4, 2]
    assert plan.notes[1:] == (
        "3 leads with a rep now (current_rep): taking one away costs 2 (policy.move_cost)",
        "1 lead had a rep who is not in reps any more (Zed): free to go anywhere",
    )


@pytest.mark.parametrize("leaves", ["away", "excluded", "gone"])
def test_leaving_a_rep_who_cannot_keep_a_lead_costs_nothing(leaves):
    """At a move cost of 10, a plan would be worth -2 if leaving Ann were charged."""
    reps = {"rep_id": ["Ann", "Bo"], "capacity": [4, 4], "available": [0 if leaves == "away" else 1, 1]}
    policy = Policy(move_cost=10.0, eligibility=[exclude([(1, "Ann")])] if leaves == "excluded" else [])
    gains = GAINS[:2]
    if leaves == "gone":
        reps, gains = {name: cells[1:] for name, cells in reps.items()}, gains[:, 1:]
    leads = {"lead_id": [1, 2], "current_rep": ["Ann", "Bo"]}
    plan = leadopt.assign(leads, reps, affinity=gains, policy=policy)
    assert rep_of(plan) == {1: "Bo", 2: "Bo"}
    assert plan.objective == pytest.approx(6.0 + 2.0)
    (lost,) = plan.moves().moves
    said = {"away": "is away", "excluded": "may not have it any more", "gone": "is not in reps any more"}[leaves]
    assert (lost.lead_id, lost.cost, lost.why) == (1, 0.0, f"Ann {said}")
    told = "1 lead had a rep who is away (Ann): free to go anywhere"
    assert (told in plan.notes) is (leaves == "away")


def test_keep_wins_over_the_column_and_says_so():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, keep={1: "Bo"}, move_cost=9.0)
    assert plan.explain(1).previous == "Bo" and plan.explain(2).previous is None
    assert 'who has the leads is as keep= says: the column "current_rep" is not used' in plan.notes


def test_a_cost_of_the_call_wins_over_that_of_the_policy():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=Policy(move_cost=2.0), move_cost=0.0)
    assert rep_of(plan)[1] == "Bo"


def test_a_cost_that_counts_for_nothing_is_told():
    bare = {"lead_id": [1, 2, 3, 4]}
    plan = leadopt.assign(bare, REPS, affinity=GAINS, policy=Policy(move_cost=2.0))
    assert plan.notes[1:] == (
        "policy.move_cost counts for nothing, as nobody has the leads: no column current_rep, and no keep=",
    )
    with pytest.raises(InvalidInput, match=r"pass keep=, or a column current_rep of leads"):
        leadopt.assign(bare, REPS, affinity=GAINS, move_cost=2.0)


def test_the_column_may_have_any_name_and_be_blank():
    leads = {"lead_id": [1, 2, 3, 4], "Besitzer": ["ann", "bo", "", None]}
    policy = Policy(columns=Columns(current_rep="Besitzer"), move_cost=100)
    assert leadopt.assign(leads, REPS, affinity=GAINS, policy=policy).moves().summary() == "none of 2 leads moves"
    nobody = leads | {"Besitzer": [None] * 4}
    plan = leadopt.assign(nobody, REPS, affinity=GAINS, policy=policy)
    assert plan.case.kept is None and len(plan.notes) == 1


def test_a_frontier_over_the_cost_of_moves():
    found = leadopt.frontier(LEADS, REPS, affinity=GAINS, over="move_cost", values=[0, 2, 100])
    assert [len(plan.moves().moves) for plan in found.plans] == [3, 2, 1]  # Zed is gone, so lead 4 moves anyway


@examples(30)
@given(st.data())
def test_moves_cost_what_the_policy_says_as_every_answer_tells(data):
    n, m = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    names = list("ABC")[:m]
    held = data.draw(st.lists(st.sampled_from([*names, None, "Zed"]), min_size=n, max_size=n))
    owner = data.draw(st.lists(st.sampled_from([*names, None]), min_size=n, max_size=n))
    account = data.draw(st.lists(st.sampled_from(["x", "y", None]), min_size=n, max_size=n))
    gains = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n * m, max_size=n * m)), dtype=float).reshape(n, m)
    cost = data.draw(st.sampled_from([0.0, 1.5, 20.0]))
    policy = Policy(
        move_cost=cost,
        together=data.draw(st.sampled_from([None, "account"])),
        columns=Columns(owner=data.draw(st.sampled_from([None, "owner_of_it"]))),
    )
    leads = {"lead_id": list(range(n)), "current_rep": held, "owner_of_it": owner, "account": account}
    reps = {"rep_id": names, "capacity": data.draw(st.lists(st.integers(0, 4), min_size=m, max_size=m))}
    plan = leadopt.assign(leads, reps, affinity=gains, policy=policy)
    truth = brute_force(plan.case.problem.replace(affinity=gains))
    had = np.array([names.index(one) if one in names else -1 for one in held])
    lost = ((had >= 0) & (truth.answers != had)).sum(axis=1)
    best = (truth.worth - cost * lost)[truth.allowed].max()
    assert plan.objective == pytest.approx(best) and plan.bound >= best - 1e-9
    assert str(plan.moves()) if plan.case.kept is not None else cost == 0 or not (had >= 0).any()
