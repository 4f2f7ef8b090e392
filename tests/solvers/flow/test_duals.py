"""Prices as longest paths, on graphs small enough to see through."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.matching import match
from leadopt.problem.problem import Limit
from leadopt.solvers.flow.duals import NONE, Constraints, NotOptimal, potentials, potentials_above
from tests.strategies import examples


def graph(n, edges):
    tail, head, least = (np.array(column, dtype=np.int64) for column in zip(*edges, strict=True))
    return Constraints.of([(tail, head, least)], n)


def test_nodes_that_the_root_reaches_get_their_longest_path():
    assert potentials(graph(3, [(2, 0, 1), (0, 1, 4), (2, 1, 3)])).tolist() == [1, 5, 0]


def test_nodes_that_only_lead_to_the_root_get_their_greatest_value():
    assert potentials(graph(3, [(0, 1, 4), (1, 2, -1), (0, 2, -9)])).tolist() == [-3, 1, 0]


def test_nodes_tied_to_nothing_start_at_zero_and_still_keep_their_constraints():
    y = potentials(graph(3, [(0, 1, 4)]))
    assert y[1] - y[0] >= 4
    assert y[2] == 0


def test_an_answer_that_is_not_optimal_has_no_prices():
    with pytest.raises(NotOptimal, match="positive cycle"):
        potentials(graph(3, [(2, 0, 1), (0, 1, 1), (1, 0, 1)]))


def test_a_price_is_what_the_next_lead_would_have_gained():
    found = match([[0.9], [0.6], [0.2]], 1)
    assert found.prices.tolist() == pytest.approx([0.6])


def test_a_slot_that_nobody_waits_for_is_free():
    assert match([[0.9], [0.6]], 2).prices.tolist() == [0.0]


def test_a_minimum_costs_what_its_dearest_lead_loses():
    found = match([[1.0, 0.2], [1.0, 0.7]], 2, limits=[Limit(reps=[1], lower=2, name="newcomers")])
    assert found.limit_prices.tolist() == pytest.approx([-0.8])


def test_a_team_cap_is_worth_what_it_keeps_out():
    found = match([[0.9, 0.1], [0.6, 0.5]], 2, limits=[Limit(reps=[0, 1], upper=1, name="team")])
    assert found.limit_prices.tolist() == pytest.approx([0.6])
    assert found.prices.tolist() == [0.0, 0.0]


def test_a_price_never_exceeds_the_penalty_that_is_paid_instead():
    found = match([[0.9], [0.6], [0.5]], 3, limits=[Limit(upper=1, penalty=0.05, name="soft")])
    assert found.rep_of_lead.tolist() == [0, 0, 0]
    assert found.limit_prices.tolist() == pytest.approx([0.05])
    assert found.objective == pytest.approx(2.0 - 0.1)


def test_the_least_potentials_above_a_floor_stay_at_it_where_nothing_pushes():
    constraints = graph(3, [(0, 1, 4), (2, 0, 1)])
    assert potentials_above(constraints, np.array([2, 3, 0])).tolist() == [2, 6, 0]


def test_a_floor_that_would_lift_the_root_gives_way_to_no_floor_at_all():
    constraints = graph(3, [(0, 2, -5), (2, 1, 3)])  # y[0] <= 5
    assert potentials_above(constraints, np.array([9, 0, 0])).tolist() == [5, 3, 0]


def test_between_two_bounds_both_give_way_until_there_is_a_potential_near_them():
    constraints = graph(3, [(0, 2, -5)])
    y = potentials_above(constraints, np.array([9, 7, 0]), np.array([11, 8, 0]))
    assert y[2] == 0
    assert 0 <= y[0] <= 5  # moved by a few widths of its own, not to the other end of the world
    assert 0 <= y[1] <= 8


def test_a_wrong_floor_does_not_carry_others_beyond_their_bounds():
    constraints = graph(4, [(0, 1, 0), (1, 2, 0)])  # what lifts node 0 lifts all
    low, high = np.array([1000, 10, 10, 0]), np.array([1010, 20, 20, 0])
    y = potentials_above(constraints, low, high)
    assert y[1] < 1000
    assert y[2] < 1000
    assert y[0] <= y[1] <= y[2]


@given(seed=st.integers(0, 10**6), n=st.integers(2, 12), n_arcs=st.integers(0, 60), bounded=st.booleans())
@examples(100)
def test_known_potentials_lead_to_the_same_ones_as_a_search(seed, n, n_arcs, bounded):
    """Even where they meet no constraint, or where there are no potentials between the bounds."""
    rng = np.random.default_rng(seed)
    known = rng.integers(0, 30, n)
    known[-1] = 0
    tail, head = rng.integers(0, n, n_arcs), rng.integers(0, n, n_arcs)
    least = known[head] - known[tail] - rng.integers(0, 20, n_arcs)
    constraints = Constraints.of([(tail, head, least)], n)
    low = np.append(rng.integers(0, 30, n - 1), 0)
    high = low + np.append(rng.integers(0, 9, n - 1), 0) if bounded else None
    expected = potentials_above(constraints, low, high).tolist()
    assert potentials_above(constraints, low, high, known).tolist() == expected
    assert potentials_above(constraints, low, high, known + rng.integers(-9, 9, n)).tolist() == expected


def test_many_constraints_and_few_reduce_to_the_same_strictest_ones():
    rng = np.random.default_rng(0)
    tail, head, least = (rng.integers(low, high, 5_000) for low, high in ((0, 9), (0, 9), (-50, 50)))
    whole = Constraints.of([(tail, head, least)], 9)
    parts = Constraints.of([(tail[k : k + 4], head[k : k + 4], least[k : k + 4]) for k in range(0, 5_000, 4)], 9)
    expected = np.full((9, 9), NONE)
    np.maximum.at(expected, (tail, head), least)
    np.fill_diagonal(expected, NONE)
    for found in (whole, parts):
        np.testing.assert_array_equal(found.dense(), expected)


@pytest.mark.parametrize("n_bounds", [40, 120, 5_000], ids=["few", "some", "every pair"])
def test_potentials_are_longest_paths_however_many_constraints_there_are(n_bounds):
    rng = np.random.default_rng(n_bounds)
    n = 30
    tail, head, slack = rng.integers(n, size=n_bounds), rng.integers(n, size=n_bounds), rng.integers(99, size=n_bounds)
    met = rng.integers(2**40, size=n)  # potentials that meet all, so that there is no positive cycle
    constraints = Constraints.of([(tail, head, met[head] - met[tail] - slack)], n)
    least = constraints.dense()
    y = potentials(constraints)
    assert (y[head] - y[tail] >= met[head] - met[tail] - slack).all()
    graph = nx.DiGraph((a, b, {"weight": -int(least[a, b])}) for a, b in np.argwhere(least != NONE).tolist())
    graph.add_node(n - 1)
    longest = nx.single_source_bellman_ford_path_length(graph, n - 1)
    assert {node: int(y[node]) for node in longest} == {node: -length for node, length in longest.items()}
