"""Annealing: smooth sums that tend to the dual, and prices near the best ones."""

import numpy as np
import pytest

from leadopt.matching import solve
from leadopt.problem.certify import certify
from leadopt.progress import Meter
from leadopt.solvers import Milp
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.factored import annealing, line_oracle
from leadopt.solvers.factored.annealing import Bins, Soft, annealed
from leadopt.solvers.lagrangian.dual import Dual
from tests.loops import plain
from tests.oracles import linear_programme
from tests.solvers.factored.test_line_oracle import banded, oracles


def soft_of(problem, most, temperature):
    _, lines = oracles(problem)
    bins = Bins.of(lines, most)
    y = np.zeros(Rows.of(problem).n)
    options = annealing.options_near(lines, bins, y, np.inf)
    return lines, Soft(oracle=lines, bins=bins, options=options, temperature=temperature)


def some_prices(problem, seed=2):
    rng = np.random.default_rng(seed)
    m = problem.n_reps
    return np.concatenate([rng.random(m), rng.normal(0.0, 0.2, 2 * m), [-0.1]])


def test_bins_hold_every_lead_once_in_order():
    _, lines = oracles(banded(n=500))
    bins = Bins.of(lines, 7)
    assert bins.first[0] == 0 and bins.first[-1] == 500 and (np.diff(bins.first) > 0).all()
    assert bins.scale @ bins.size == pytest.approx(lines.pairs.problem.affinity.scale.sum())
    assert (np.diff(bins.kind) >= 0).all()


def test_the_colder_the_nearer_to_the_dual_from_above():
    problem = banded(n=500)
    y, above = some_prices(problem), []
    for temperature in (1.0, 0.1, 0.01, 1e-4):
        lines, soft = soft_of(problem, 500, temperature)
        above.append(soft.loads(y).value - lines.loads(y).value)
    assert above[0] > above[1] > above[2] > above[3] >= 0.0
    assert above[3] < 1e-4 * lines.loads(y).value


def test_loads_are_the_slope_of_the_smooth_sum():
    problem = banded(n=400)
    _, soft = soft_of(problem, 5, 0.2)
    y = some_prices(problem)
    load = soft.loads(y).load
    for k in (0, 7, 13, 25, 30):
        step = np.zeros(len(y))
        step[k] = 1e-5
        slope = (soft.loads(y + step).value - soft.loads(y - step).value) / 2e-5
        assert -slope == pytest.approx(load[k], rel=1e-5)


@pytest.mark.parametrize("reserve", [0.3, -np.inf])
def test_without_compiled_loops_the_sums_are_the_same(reserve):
    problem = banded(n=400, reserve=reserve)
    _, soft = soft_of(problem, 5, 0.05)
    found = soft.loads(some_prices(problem))
    with plain():
        by_numpy = soft.loads(some_prices(problem))
    assert by_numpy.value == pytest.approx(found.value, rel=1e-11)
    np.testing.assert_allclose(by_numpy.load, found.load, rtol=1e-8, atol=1e-9)


def test_annealed_prices_bound_nearly_as_tightly_as_the_linear_programme():
    problem = banded(n=1_500, m=8, n_rows=3)
    pairs, lines = oracles(problem)
    dual = Dual.of(pairs, pairs.rows)
    y, _ = annealed(lines, dual, np.zeros(pairs.rows.n), Meter(None, None))
    bound = dual.value(y, pairs.loads(y).value)
    best = linear_programme(problem)
    assert best <= bound * (1 + 1e-9)
    assert bound <= best * (1 + 3e-3)  # Newton's steps come after it


def test_milp_anneals_where_rows_are_shared(monkeypatch):
    monkeypatch.setattr(line_oracle, "_LEAST_PAIRS", 0)
    problem = banded(n=4_000, m=10, n_rows=4)
    found = solve(problem, Milp())
    audit = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert not audit.violations
    assert found.gap <= 1e-3
