"""The best two options of each lead, from short lists, and how many leads change hands by price."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.problem.gains import Affinity
from leadopt.solvers.oracles.nearest import NearestOracle
from tests.strategies import examples


def gains_of(oracle):
    """Return the gains with their jolts, as the loops take them."""
    reps = np.arange(oracle.affinity.n_reps)
    return oracle.affinity.of(oracle.leads) + oracle.gains.jolts[oracle.gains.place[:, None] + reps]


def an_oracle(seed, n=30, m=9, reserve=0.2, jolt=0.0, n_values=4):
    rng = np.random.default_rng(seed)
    rates = rng.random((n, m)) if n_values == 0 else rng.integers(0, n_values, (n, m)).astype(float)
    rates[rng.random((n, m)) < 0.3 * (seed % 2)] = -np.inf
    leads = np.sort(rng.choice(n, n - 3, replace=False))
    affinity = Affinity(rates=rates, row=rng.integers(0, n, n), scale=rng.integers(0, 3, n).astype(float))
    return NearestOracle.of(affinity, leads, reserve, jolt), rng


@given(
    seed=st.integers(0, 10**6),
    m=st.integers(1, 40),
    reserve=st.sampled_from([0.0, 0.7, -np.inf]),
    jolt=st.sampled_from([0.0, 1e-3]),
    n_values=st.sampled_from([0, 1, 4]),
)
@examples(80)
def test_short_lists_tell_what_whole_rows_do_wherever_prices_go(seed, m, reserve, jolt, n_values):
    oracle, rng = an_oracle(seed, m=m, reserve=reserve, jolt=jolt, n_values=n_values)
    prices, whole = rng.random(m), gains_of(oracle)
    for _ in range(6):
        after = np.sort(np.column_stack([np.full((len(whole), 1), -np.inf), whole - prices]), axis=1)[:, ::-1]
        loads = oracle.loads(prices)
        worth = np.maximum(after[:, 0], reserve)
        assert loads.value == pytest.approx(worth[np.isfinite(worth)].sum())
        found = oracle.choices(prices)
        placed = found.worth > reserve
        np.testing.assert_allclose(found.worth[placed], after[placed, 0])
        assert (after[~placed, 0] <= reserve).all()
        second = placed & (after[:, 1] > reserve)
        np.testing.assert_allclose(found.next_worth[second], after[second, 1])
        assert loads.load.sum() == placed.sum()
        assert (loads.weight >= 0).all()
        prices = np.maximum(prices + rng.normal(0.0, rng.choice([0.01, 0.5]), m), 0.0)
        prices[rng.random(m) < 0.1] = np.inf


def test_as_many_leads_change_hands_as_their_density_says():
    rng = np.random.default_rng(0)
    affinity = Affinity(rates=rng.random((40_000, 4)))
    oracle = NearestOracle.of(affinity, np.arange(40_000), 0.0)
    prices = np.array([0.1, 0.0, 0.05, 0.0])
    here = oracle.loads(prices, 0.02)
    change = np.zeros(4)
    for rep, step in ((0, 0.01), (2, -0.01)):
        moved = oracle.loads(prices + step * (np.arange(4) == rep)).load - here.load
        change[:] = 0.0
        for a, b, weight in zip(here.a, here.b, here.weight, strict=True):
            if rep in (a, b):
                other = b if a == rep else a
                change[rep] -= step * weight
                if other < 4:
                    change[other] += step * weight
        np.testing.assert_allclose(moved, change, rtol=0.2, atol=20.0)


def test_what_a_rep_may_cost_at_most_before_nobody_wants_it():
    oracle, _ = an_oracle(2, jolt=1e-3)
    prices = np.full(9, 0.5)
    prices[[2, 5]] = 1e6
    highest = oracle.entries(prices, np.array([2, 5]))
    for rep, price in zip((2, 5), highest, strict=True):
        for factor, wanted in ((1 - 1e-9, True), (1 + 1e-9, False)):
            asked = prices.copy()
            asked[rep] = price * factor
            assert (oracle.wanted(asked) == rep).any() == wanted
