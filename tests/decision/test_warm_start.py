"""Solving again from any prices gives what solving from nothing gives."""

import numpy as np
import pytest

from leadopt.decision import warm_start
from leadopt.decision.warm_start import solve_again
from leadopt.errors import Infeasible
from leadopt.matching import solve
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers import MinCostFlow


def banded(seed, *, n=600, m=100, width=0.3, **more):
    rng = np.random.default_rng(seed)
    fair = n / m
    limits = tuple(
        Limit(reps=[rep], lower=np.floor((1 - width) * fair), upper=np.ceil((1 + width) * fair), name=f"band {rep}")
        for rep in range(m)
    )
    gains = rng.random((n, m)) * rng.lognormal(0, 0.3, m)
    return Problem(affinity=gains, capacity=np.full(m, int(2 * fair)), limits=limits, **more)


def tried(monkeypatch):
    """What each pruned solve came to: True where it was enough."""
    outcomes, original = [], warm_start._solve_pruned

    def watched(*call):
        found = original(*call)
        outcomes.append(not isinstance(found, tuple))
        return found

    monkeypatch.setattr(warm_start, "_solve_pruned", watched)
    return outcomes


@pytest.mark.parametrize("seed", range(3))
def test_good_prices_leave_little_open_and_the_answer_is_the_best(seed, monkeypatch):
    outcomes, last = tried(monkeypatch), solve(banded(seed, width=0.4))
    problem = banded(seed)
    found = solve_again(problem, last.prices, last.limit_prices)
    anew = solve(problem, MinCostFlow())
    assert outcomes[-1]
    assert found.problem is problem
    assert found.status.name == "OPTIMAL"
    assert found.objective == pytest.approx(anew.objective, rel=1e-12)
    assert found.bound == pytest.approx(anew.bound, rel=1e-12)


@pytest.mark.parametrize("prices", [0.0, 5.0, "random"])
def test_wrong_prices_cost_time_and_nothing_else(prices):
    problem, rng = banded(7, pins={3: 99, 4: 0}), np.random.default_rng(0)
    p = rng.random(100) * 3 if prices == "random" else np.full(100, prices)
    found = solve_again(problem, p, -p[::-1])
    assert found.objective == pytest.approx(solve(problem).objective, rel=1e-12)
    assert (found.rep_of_lead[3], found.rep_of_lead[4]) == (99, 0)


def test_reps_without_slots_keep_a_price(monkeypatch):
    outcomes, problem = tried(monkeypatch), banded(1, width=1.0)
    slots = problem.capacity.copy()
    slots[:5] = 0
    closed = problem.replace(capacity=slots)
    last = solve(problem)
    found = solve_again(closed, last.prices, last.limit_prices)
    assert outcomes[-1]
    assert found.objective == pytest.approx(solve(closed).objective, rel=1e-12)
    assert found.bound == pytest.approx(found.objective, rel=1e-12)
    assert found.prices[:5].max() > 0


def test_what_cannot_be_met_is_refused_with_a_witness_of_the_whole_problem():
    problem = banded(2)
    limits = (*problem.limits[1:], Limit(reps=[0], lower=400, name="too much"))
    with pytest.raises(Infeasible) as caught:
        solve_again(problem.replace(limits=limits), np.zeros(100), np.zeros(100))
    assert "too much" in caught.value.witness.limits


def test_little_problems_and_other_limits_are_solved_as_ever(monkeypatch):
    outcomes = tried(monkeypatch)
    small = banded(0, n=20, m=4)
    assert solve_again(small, np.zeros(4), np.zeros(4)).status.name == "OPTIMAL"
    assert solve_again(banded(0), np.zeros(100), np.zeros(3)).status.name == "OPTIMAL"
    assert solve_again(banded(0).replace(limits=()), np.zeros(100), np.zeros(0)).status.name == "OPTIMAL"
    assert not outcomes
