"""What one move costs: exactly what pinning the lead there and solving again costs."""

import numpy as np
import pytest
from hypothesis import given, settings

from leadopt.errors import Infeasible
from leadopt.matching import match, solve
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers import MinCostFlow
from leadopt.solvers.optimal.move_costs import Exchange
from tests.strategies import problems


def worth(problem: Problem) -> float:
    try:
        return solve(problem, MinCostFlow()).objective
    except Infeasible:
        return -np.inf


def proven(problem):
    """The proven match of a problem, None if there is none."""
    if not np.isfinite(worth(problem)):
        return None
    found = solve(problem, MinCostFlow())
    return found if found.status.name == "OPTIMAL" else None


def large(problem):
    """A large gain of a problem, at least 1."""
    gains = problem.affinity.dense()
    return max(1.0, float(np.abs(gains[np.isfinite(gains)]).max(initial=0.0)))


@pytest.mark.filterwarnings("ignore::leadopt.errors.PrecisionWarning")
@settings(max_examples=60, deadline=None)
@given(problem=problems(max_leads=5, max_reps=3))
def test_a_move_costs_what_pinning_and_solving_again_costs(problem):
    if (found := proven(problem)) is None:
        return
    best, exchange, size = worth(problem), Exchange.of(problem, found.rep_of_lead), large(problem)
    for lead in np.flatnonzero(problem.pins < 0):
        costs = exchange.move_costs(int(lead))
        for rep in np.flatnonzero(np.isfinite(problem.affinity.of([lead])[0]) & (problem.capacity > 0)):
            pins = problem.pins.copy()
            pins[lead] = rep
            expected = best - worth(problem.replace(pins=pins))
            assert costs[rep] == pytest.approx(expected, abs=1e-7 * size)


@pytest.mark.filterwarnings("ignore::leadopt.errors.PrecisionWarning")
@settings(max_examples=100, deadline=None)
@given(problem=problems(max_leads=5, max_reps=3))
def test_a_pin_and_a_slot_are_worth_what_solving_again_says(problem):
    if (found := proven(problem)) is None:
        return
    best, exchange, size = worth(problem), Exchange.of(problem, found.rep_of_lead), large(problem)
    for lead in np.flatnonzero(problem.pins >= 0):
        pins = problem.pins.copy()
        pins[lead] = -1
        saved = max(0.0, -exchange.move_costs(int(lead)).min())
        assert saved == pytest.approx(worth(problem.replace(pins=pins)) - best, abs=1e-7 * size)
    for rep in range(problem.n_reps):
        slots = problem.capacity.copy()
        slots[rep] += 1
        more = worth(problem.replace(capacity=slots)) - best
        assert exchange.slot_gain(rep) == pytest.approx(more, abs=1e-7 * size)
        assert more <= found.prices[rep] + 1e-7 * size


def test_a_pin_that_meets_a_minimum_costs_what_meeting_it_otherwise_leaves():
    # Without the pin lead 1 has to meet the minimum, which costs 1 of the 8 that lead 0 gains.
    limits = [Limit(reps=[0], lower=1)]
    found = match([[1.0, 9.0], [3.0, 4.0]], 2, limits=limits, pins={0: 0}, solver=MinCostFlow())
    assert Exchange.of(found.problem, found.rep_of_lead).move_costs(0).min() == -7


def test_one_more_slot_adds_nothing_where_a_limit_around_it_holds():
    limits = [Limit(reps=[1], upper=1)]
    found = match([[5.0, 6.0], [6.0, 9.0], [1.0, 7.0]], [2, 1], limits=limits, solver=MinCostFlow())
    exchange = Exchange.of(found.problem, found.rep_of_lead)
    assert [exchange.slot_gain(rep) for rep in range(2)] == [0, 0]
    assert found.prices.sum() + found.limit_prices.sum() > 0


def test_a_full_rep_can_be_cheap_to_move_to():
    gains = [[5.0, 4.9, 0.0], [0.0, 3.0, 2.99], [0.0, 0.0, 0.0]]
    found = match(gains, capacity=1)
    costs = Exchange.of(found.problem, found.rep_of_lead).move_costs(0)
    # Lead 0 to rep 1 sends lead 1 on to rep 2, which is nearly as good.
    assert costs == pytest.approx([0.0, 0.11, 5.0, 5.0])


def test_the_pool_is_the_last_place_and_limits_can_forbid_a_move():
    found = match([[2.0, 1.0]], capacity=1, limits=[Limit(reps=[1], upper=0, name="none")], solver=MinCostFlow())
    assert Exchange.of(found.problem, found.rep_of_lead).move_costs(0).tolist() == [0.0, np.inf, 2.0]
