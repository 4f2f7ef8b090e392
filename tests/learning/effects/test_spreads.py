"""What noisy effects say about their spread, against the model they are drawn from."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadopt.learning.effects.spreads import alike, exponential, half_normal, learn_spread, log_likelihood, spread_under


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


def test_families_that_are_alike_tell_each_other_what_they_share():
    rng, information = np.random.default_rng(0), np.full(200, 60.0)
    known = [pulls(rng, 0.3, information) for _ in range(3)]
    faint = pulls(rng, 0.3, np.full(4, 3.0))
    ways = [partial(log_likelihood, pull=pull, information=np.full(len(pull), h)) for pull, h in
            [*((each, 60.0) for each in known), (faint, 3.0)]]  # fmt: skip
    prior = alike(ways, half_normal(1.0))[-1]
    beside = spread_under(prior, faint, np.full(4, 3.0))
    alone = learn_spread(faint, np.full(4, 3.0), 1.0)
    assert abs(np.median(beside.quantiles) - 0.3) < 0.08
    assert np.ptp(beside.quantiles[4:-4]) < np.ptp(alone.quantiles[4:-4])


def test_families_that_differ_are_learned_each_by_itself():
    rng, information = np.random.default_rng(1), np.full(300, 100.0)
    pull = [pulls(rng, spread, information) for spread in (0.8, 0.0, 0.0, 0.0)]
    ways = [partial(log_likelihood, pull=each, information=information) for each in pull]
    for prior, each in zip(alike(ways, half_normal(1.0)), pull, strict=True):
        found, alone = spread_under(prior, each, information), learn_spread(each, information, 1.0)
        assert abs(found.deviation - alone.deviation) < 0.05


@given(st.integers(0, 10**6), st.floats(0.1, 2.0))
def test_a_prior_beside_others_is_one(seed, scale):
    rng, information = np.random.default_rng(seed), np.full(5, 10.0)
    ways = [partial(log_likelihood, pull=pulls(rng, spread, information), information=information)
            for spread in (0.0, 0.3, 1.0)]  # fmt: skip
    grid = np.geomspace(1e-4, 50.0, 4_000)
    for prior in [*alike(ways, half_normal(scale)), *alike(ways, exponential(scale))]:
        assert 0.0 <= prior.nothing <= 1.0
        assert np.trapezoid(np.exp(prior.log_density(grid)), grid) == pytest.approx(1.0, abs=0.02)
