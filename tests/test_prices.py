"""Prices as longest paths, on graphs small enough to see through."""

import numpy as np
import pytest

from leadopt.matching import match
from leadopt.problem import Limit
from leadopt.solvers.prices import Constraints, NotOptimal, potentials


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
