"""What noisy effects say about their spread, against the model they are drawn from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadopt.learning.effects.spreads import learn_spread


def pulls(rng, spread, information):
    seen = rng.normal(0, np.sqrt(spread**2 + 1 / information))
    return information * seen


@pytest.mark.parametrize("spread", [0.2, 0.7, 2.0])
def test_many_levels_reveal_the_spread(spread):
    rng = np.random.default_rng(0)
    information = rng.gamma(2.0, 30.0, 400)
    found = learn_spread(pulls(rng, spread, information), information, 2.0)
    assert found.deviation == pytest.approx(spread, rel=0.15)
    assert found.low < spread < found.high
    assert found.is_telling


def test_chance_alone_is_telling_once_in_twenty():
    rng = np.random.default_rng(1)
    information = np.full(30, 25.0)
    found = [learn_spread(pulls(rng, 0.0, information), information, 1.0) for _ in range(2_000)]
    assert 0.03 < np.mean([spread.is_telling for spread in found]) < 0.07
    assert np.median([spread.deviation for spread in found]) < 0.08


def test_the_interval_holds_the_spread_as_often_as_it_says():
    rng, inside = np.random.default_rng(2), []
    information = np.full(12, 20.0)
    for _ in range(1_500):
        spread = abs(rng.normal(0, 1.0))
        found = learn_spread(pulls(rng, spread, information), information, 1.0)
        inside.append(found.low <= spread <= found.high)
    assert 0.87 < np.mean(inside) < 0.93


def test_without_levels_the_prior_speaks():
    found = learn_spread(np.zeros(0), np.zeros(0), 1.0)
    assert found.evidence == 0.0
    assert 1.0 < found.deviation < 1.6  # the 80% quantile of a half-normal


@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(0, 1e4)), min_size=1, max_size=20), st.floats(0.1, 3))
@settings(max_examples=200, deadline=None)
def test_results_are_finite_and_in_order(effects, scale):
    pull, information = np.array(effects).T
    found = learn_spread(pull * np.sqrt(information), information, scale)
    assert 0 < found.low <= found.high <= 8
    assert 0 < found.deviation <= 8
    assert np.isfinite(found.evidence)
    assert found.evidence >= 0


def test_effects_far_beyond_the_prior_are_weighed_against_it():
    """Hypothesis found an interval without an end where the prior's density vanished wherever the effect was likely."""
    pull, information, scale = np.array([20.0 * np.sqrt(0.5)]), np.array([0.5]), 0.115234375
    found = learn_spread(pull, information, scale)
    grid = np.linspace(1e-4, 8.0, 200_000)
    density = np.exp(
        -0.5 * (grid / scale) ** 2
        - 0.5 * np.log1p(grid**2 * information)
        + 0.5 * grid**2 * pull**2 / (1 + grid**2 * information)
    )
    mass = density.cumsum() / density.sum()
    assert (found.low, found.high) == pytest.approx(np.interp((0.05, 0.95), mass, grid), rel=0.03)
