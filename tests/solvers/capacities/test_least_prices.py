"""The least prices from others that prove the same answer: against a linear program, and a flow."""

import numpy as np
import pytest
from hypothesis import assume, given
from scipy.optimize import linprog

from leadopt.errors import Infeasible
from leadopt.matching import Status, match
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers import Auction, MinCostFlow, Near
from leadopt.solvers.capacities import finish
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.least_prices import lowered
from tests.loops import needs_loops
from tests.strategies import examples, problems

pytestmark = needs_loops


def prices_of(rest, direction):
    """Return best prices by a linear program, those whose sum is least (1) or greatest (-1); closed reps are left out.

    They are all those at which leads' best options and slots together are worth no more than the answer.
    """
    problem = rest.problem
    gains, open_ = problem.affinity.of(rest.leads), np.flatnonzero(~rest.closed)
    n, m, slots = len(gains), len(open_), rest.room.upper[open_].astype(float)
    rows, columns = np.nonzero(gains[:, open_] > -np.inf)
    sides = np.zeros((len(rows), n + m))
    sides[np.arange(len(rows)), rows] = sides[np.arange(len(rows)), n + columns] = -1.0
    least = -gains[rows, open_[columns]]
    cost = np.concatenate([np.ones(n), slots])
    low = None if rest.all_placed else problem.reserve
    bounds = [(low, None)] * n + [(0.0, None)] * m
    best = linprog(cost, sides, least, bounds=bounds, method="highs")
    assert best.status == 0
    again = linprog(
        np.concatenate([np.zeros(n), direction * np.ones(m)]),
        np.vstack([sides, cost]),
        np.append(least, best.fun + 1e-9),
        bounds=bounds[:n] + [(0.0, 50.0)] * m,
        method="highs",
    )
    assert again.status == 0
    prices = np.zeros(problem.n_reps)
    prices[open_] = again.x[n:]
    return prices


@given(problem=problems(kind="tied", limits=False))
@examples(60)
def test_they_are_the_least_of_a_linear_program_and_of_a_flow(problem):
    try:
        rest, answer = Remainder.of(problem), MinCostFlow().solve(problem, Near(), Meter())
    except Infeasible:
        assume(False)
    assume(problem.affinity.is_dense and len(rest.leads) and not rest.closed.all() and problem.affinity.largest < 40)
    high = prices_of(rest, -1)
    found = lowered(rest, answer.rep_of_lead[rest.leads], high, 1e-7)
    assert found is not None
    assert found == pytest.approx(prices_of(rest, 1), abs=1e-6)
    still = ~rest.closed
    assert found[still] == pytest.approx(answer.prices[still], abs=1e-6)


@pytest.mark.parametrize("reserve", [-np.inf, 0.0])
def test_distances_on_a_line_need_no_more_openings(reserve, monkeypatch):
    """One to one, all prices hang together along the line: a box that holds them up would be opened to everything."""
    rng = np.random.default_rng(0)
    a, b = rng.random(400), rng.random(400)
    gains = (0.0 if reserve == -np.inf else 0.5) - (a[:, None] - b) ** 2
    found = match(gains, 1, reserve=reserve, solver=Auction())
    monkeypatch.setattr(finish, "lowered", lambda *_: None)
    before = match(gains, 1, reserve=reserve, solver=Auction())
    assert found.status is before.status is Status.OPTIMAL
    assert found.objective == pytest.approx(before.objective, rel=1e-12)
    assert found.prices == pytest.approx(before.prices, abs=1e-9)


def test_prices_that_bound_more_than_those_given_are_refused():
    """From prices that do not prove the answer, paths are no measure: what comes of them may bound more."""
    gains = np.array([[3.0, 4.0], [2.0, 3.0], [4.0, 3.0]])
    rest = Remainder.of(Problem(affinity=gains, capacity=1))
    best = MinCostFlow().solve(rest.problem, Near(), Meter())
    given = best.prices + 0.5
    assert lowered(rest, best.rep_of_lead, given, 1e-12) == pytest.approx(best.prices)
    assert lowered(rest, np.array([0, -1, 1]), np.array([1.0, 4.0]), 1e-12) is None
