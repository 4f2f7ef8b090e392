"""Nested limits as a tree; limits that cross are refused with both names."""

import numpy as np
import pytest
from hypothesis import given

from leadopt.errors import Infeasible
from leadopt.matching import Status, match
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.flow.limit_tree import NotNested, limit_tree, room_beside_pins
from tests.strategies import examples, problems

ONES = np.ones((4, 3))


def tree_of(*limits, **more):
    return limit_tree(Problem(**({"affinity": ONES, "capacity": 2, "limits": limits} | more)))


def test_capacities_alone_hang_from_the_root():
    tree = tree_of()
    assert tree.root == 3
    assert tree.parent.tolist() == [3, 3, 3]
    assert tree.entry.tolist() == [[0, 1, 2]]


def test_a_chain_runs_from_the_innermost_limit_to_the_root():
    tree = tree_of(
        Limit(name="company"),
        Limit(name="team", reps=[0, 1]),
        Limit(name="tier A of rep 0", reps=[0], leads=[1, 2]),
        Limit(name="tier A1 of rep 0", reps=[0], leads=[2]),
    )
    company, team, tier, inner = 3, 4, 5, 6
    assert tree.parent[[inner, tier, 0, 1, team, 2, company]].tolist() == [tier, 0, team, team, company, company, 7]
    assert tree.entry[tree.class_of_lead, 0].tolist() == [0, tier, inner, 0]
    assert tree.entry[tree.class_of_lead, 1].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "limits, crossing",
    [
        ([Limit(reps=[0, 1], name="north"), Limit(reps=[1, 2], name="juniors")], ("limit 'north'", "limit 'juniors'")),
        ([Limit(reps=[0, 1]), Limit(reps=[1, 2])], ("limit 0", "limit 1")),
        ([Limit(reps=[0, 1], leads=[0, 1], name="tier A")], ("the capacity of rep 0", "limit 'tier A'")),
        (
            [Limit(reps=[0], leads=[0, 1], name="old"), Limit(reps=[0], leads=[1, 2], name="big")],
            ("limit 'old'", "limit 'big'"),
        ),
    ],
)
def test_crossing_limits_are_refused_with_both_names(limits, crossing):
    with pytest.raises(NotNested) as caught:
        tree_of(*limits)
    assert str(caught.value) == f"{crossing[0]} and {crossing[1]} overlap, and neither contains the other"


@pytest.mark.parametrize(
    "limit, reason",
    [
        (Limit(usage=2.0, name="hours"), "limit 'hours' counts other amounts than one per lead"),
        (Limit(usage=[1.0, 1.0, 1.0, 0.5]), "limit 0 counts other amounts than one per lead"),
        (
            Limit(upper=1.5, penalty=1.0, name="soft"),
            "limit 'soft' has a penalty and bounds that are not whole numbers",
        ),
        (Limit(lower=0.5, penalty=1.0), "limit 0 has a penalty and bounds that are not whole numbers"),
    ],
)
def test_limits_that_do_not_count_leads_are_refused(limit, reason):
    with pytest.raises(NotNested) as caught:
        tree_of(limit)
    assert str(caught.value) == reason


def test_two_limits_of_the_same_pairs_contain_each_other():
    tree = tree_of(Limit(reps=[0, 1], name="one"), Limit(reps=[0, 1], name="other"))
    assert tree.parent.tolist() == [3, 3, 5, 4, 5]


def test_disjoint_lead_sets_within_one_rep_are_siblings():
    tree = tree_of(Limit(reps=[0], leads=[0, 1]), Limit(reps=[0], leads=[2, 3]))
    assert tree.parent[3:].tolist() == [0, 0]


def test_all_leads_by_index_are_the_same_as_none():
    assert tree_of(Limit(reps=[0, 1], leads=[0, 1, 2, 3])).parent.tolist() == [3, 3, 4, 4]


def test_a_limit_on_nobody_or_nothing_contains_and_crosses_nothing():
    tree = tree_of(Limit(reps=[]), Limit(reps=[0, 1], leads=[]), Limit(reps=[1, 2]))
    assert (tree.parent > np.arange(6)).sum() + 1 >= 3
    assert tree.entry[tree.class_of_lead, 0].tolist() == [0] * 4


def test_bounds_are_rounded_inwards_and_one_out_of_reach_stays_out_of_reach():
    tree = tree_of(Limit(reps=[0], lower=0.5, upper=2.5), Limit(reps=[1], upper=100.0), capacity=[2, 4, 2**60])
    assert tree.lower.tolist() == [0, 0, 0, 1, 0]
    assert tree.upper.tolist() == [2, 4, 5, 2, 5]


def test_bounds_that_rounding_has_moved_are_the_whole_numbers_beside_them():
    """As in the certificate: three times .1 of ten leads is three."""
    for whole in (1, 3, 7, 1000):
        low, high = np.nextafter(whole, 0), np.nextafter(whole, 2 * whole)
        for lower, upper in ((low, low), (high, high), (low, high), (whole * (1 + 1e-13), np.inf)):
            tree = limit_tree(
                Problem(affinity=np.ones((2000, 2)), capacity=2000, limits=[Limit(lower=lower, upper=upper)])
            )
            assert (tree.lower[2], tree.upper[2]) == (whole, whole if upper < np.inf else 2001)
    assert tree_of(Limit(lower=3.0 + 1e-9, upper=4.0 - 1e-9)).lower[3] == 4


@pytest.mark.parametrize("least", [1e12, 1e20, 1e290])
def test_a_minimum_may_be_beyond_all_whole_numbers_of_the_machine(least):
    with pytest.raises(Infeasible, match="asks for at least"):
        match(ONES, 4, limits=[Limit(reps=[0], lower=least)])
    soft = match(ONES, 4, limits=[Limit(reps=[0], lower=least, penalty=0.5)])
    assert soft.status is Status.OPTIMAL
    assert soft.rep_of_lead.tolist() == [0, 0, 0, 0]


def test_room_is_what_pins_leave():
    problem = Problem(
        affinity=ONES,
        capacity=2,
        limits=[Limit(reps=[0, 1], lower=2, upper=3)],
        pins={0: 0, 1: 0, 2: 1},
    )
    room = room_beside_pins(problem, limit_tree(problem))
    assert room.upper.tolist() == [0, 1, 2, 0]
    assert room.lower.tolist() == [0, 0, 0, 0]


@given(problem=problems())
@examples(40)
def test_loads_through_the_tree_equal_those_counted_from_the_answer(problem):
    tree = limit_tree(problem)
    rng = np.random.default_rng(0)
    answer = rng.integers(-1, problem.n_reps, size=problem.n_leads)
    placed = np.flatnonzero(answer >= 0)
    entered = np.bincount(tree.entry[tree.class_of_lead[placed], answer[placed]], minlength=tree.root)
    counted = [*np.bincount(answer[placed], minlength=problem.n_reps)]
    counted += [problem.load(limit, answer) for limit in problem.limits]
    assert tree.loads(entered).tolist() == counted
