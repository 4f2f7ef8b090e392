"""Lines by class and row say of limits on counts and on value what a look at every pair says."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.decision.shares import worth
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.factored import line_oracle as module
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.lagrangian.dual import PairOracle
from tests.strategies import examples, shared_rows


def oracles(problem):
    pairs = PairOracle.of(problem, Rows.of(problem), np.flatnonzero(problem.pins < 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_SHARED_BY", 0)
        patch.setattr(module, "_LEAST_PAIRS", 0)
        return pairs, LineOracle.if_lines(pairs)


def banded(n=3_000, m=10, n_rows=4, seed=0, **more):
    """Bands on value and on the large leads of every rep, and a quota, which bind."""
    rng = np.random.default_rng(seed)
    affinity = Affinity(rates=rng.random((n_rows, m)), row=rng.integers(0, n_rows, n), scale=rng.lognormal(size=n))
    share = rng.dirichlet(np.full(m, 20.0))
    hot, total = np.sort(np.argsort(-affinity.scale)[: n // 5]), 0.8 * affinity.scale.sum()
    limits = [
        *(
            Limit(reps=[j], usage=affinity, lower=0.6 * total * share[j], upper=1.2 * total * share[j])
            for j in range(m)
        ),
        *(Limit(reps=[j], leads=hot, lower=int(0.06 * share[j] * n), upper=int(0.3 * share[j] * n)) for j in range(m)),
        Limit(reps=[0, 1], lower=0.15 * n),
    ]
    return Problem(affinity=affinity, capacity=np.ceil(1.1 * n * share), limits=limits, **more)


@given(drawn=shared_rows(), data=st.data())
@examples(20)
def test_totals_and_margins_are_those_of_every_pair(drawn, data):
    problem, prices = drawn
    assume(problem.n_leads > 0)
    n, m = problem.n_leads, problem.n_reps
    some = st.lists(st.integers(0, max(n - 1, 0)), max_size=n).map(lambda leads: np.array(leads, dtype=int))
    made = st.builds(
        Limit,
        leads=st.none() | some,
        reps=st.none() | st.lists(st.integers(0, m - 1), min_size=1).map(np.array),
        usage=st.sampled_from([1.0, 0.5, worth(problem.affinity)]),
        upper=st.just(1.0),
    )
    limits = data.draw(st.lists(made, max_size=4))
    q = data.draw(st.lists(st.floats(-1.5, 1.5), min_size=len(limits), max_size=len(limits)))
    pairs, lines = oracles(problem.replace(limits=limits, pins=None))
    y = np.concatenate([prices, q])
    gains = np.where(problem.affinity.dense() > -np.inf, np.abs(problem.affinity.dense()), 0.0)
    size = 5 * (prices.max() * n + gains.sum() + n)
    expected = pairs.loads(y)
    assume(expected.value > -np.inf)  # or else a lead has no choice
    assert lines.loads(y).value == pytest.approx(expected.value, rel=1e-12, abs=1e-14 * size)
    (_, margin), (_, there) = lines.margins(y), pairs.margins(y)
    np.testing.assert_allclose(margin, there, rtol=1e-12, atol=1e-12 * size)


def test_loads_are_those_of_every_pair():
    problem = banded()
    rng = np.random.default_rng(1)
    pairs, lines = oracles(problem)
    y = np.concatenate([rng.random(10), rng.normal(0.0, 0.3, 10), rng.normal(0.0, 0.3, 10), [-0.2]])
    np.testing.assert_allclose(lines.loads(y).load, pairs.loads(y).load, rtol=1e-11)
    np.testing.assert_array_equal(lines.margins(y)[0], pairs.margins(y)[0])


def test_there_are_no_lines_where_other_amounts_count_or_rows_are_hardly_shared(monkeypatch):
    problem = banded(n=300)
    other = Affinity(rates=problem.affinity.rates, row=problem.affinity.row, scale=np.ones(300))
    for limit in (Limit(usage=np.arange(300.0), upper=9), Limit(usage=other, upper=9)):
        assert oracles(problem.replace(limits=(limit,)))[1] is None
    pairs = PairOracle.of(problem, Rows.of(problem), np.arange(100))
    monkeypatch.setattr(module, "_LEAST_PAIRS", 0)
    assert LineOracle.if_lines(pairs) is None


@pytest.mark.parametrize("q", [[1.0, -1.0], [0.5, -0.5], [1.0, 0.5], [2.0, 1.5]])
def test_two_limits_on_the_same_gain_take_their_parts_of_it_and_none_of_what_the_other_leaves(q):
    affinity = Affinity(rates=np.array([[1.0, -np.inf]]), row=np.zeros(3, dtype=int), scale=np.array([1.0, 0.0, 2.0]))
    limits = [Limit(usage=worth(affinity), upper=1.0), Limit(leads=[0], usage=worth(affinity), upper=1.0)]
    pairs, lines = oracles(Problem(affinity=affinity, capacity=np.array([3, 3]), limits=limits))
    y = np.array([0.0, 0.0, *q])
    expected = max(0.0, 1.0 - sum(q)) + max(0.0, 2.0 * (1.0 - q[0]))
    assert pairs.loads(y).value == pytest.approx(expected)
    assert lines.loads(y).value == pytest.approx(expected)
