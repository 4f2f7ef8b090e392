"""Draws of a family's effects against the exact posterior, by sums over a fine grid."""

import numpy as np
import pytest

from leadopt.learning.loads.redraws import Family

GRID = np.linspace(-12, 12, 4001)


@pytest.mark.parametrize("precision", [0.4, 4.0])
def test_draws_have_the_moments_of_the_exact_posterior(precision):
    rng = np.random.default_rng(0)
    level = np.repeat([0, 1, 2], [3, 12, 80])  # the fewest are the least normal
    won = np.concatenate([np.ones(3), np.zeros(12), rng.random(80) < 0.3]).astype(float)
    others = rng.normal(-0.5, 0.5, len(level))
    family, drawn = Family(level, np.zeros(3)), []
    for _ in range(6000):
        family.redraw(others, won, precision, rng)
        drawn.append(family.effects)
    kept = np.array(drawn[50:])
    for k in range(3):
        logit = others[level == k] + GRID[:, None]
        log = (won[level == k] * logit - np.logaddexp(0, logit)).sum(axis=1) - 0.5 * precision * GRID**2
        weight = np.exp(log - log.max())
        weight /= weight.sum()
        mean = weight @ GRID
        deviation = np.sqrt(weight @ (GRID - mean) ** 2)
        assert kept[:, k].mean() == pytest.approx(mean, abs=0.08 * deviation)
        assert kept[:, k].std() == pytest.approx(deviation, rel=0.05)


@pytest.mark.parametrize("truth", [0.0, 0.45, 1.0])
def test_the_spread_of_weeks_is_found(truth):
    rng = np.random.default_rng(3)
    spreads = np.array([0.0, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0])
    level = np.repeat(np.arange(800), 12)
    won = (rng.random(len(level)) < 1 / (1 + np.exp(1.0 - rng.normal(0, truth, 800)[level]))).astype(float)
    family = Family(level, np.zeros(800))
    draws = [family.redraw_spread(np.full(len(level), -1.0), won, spreads, rng) for _ in range(200)]
    assert np.mean(draws) == pytest.approx(truth, abs=0.12)


def test_a_family_without_effects_adds_nothing():
    family = Family(np.array([0, 1, 1]), np.array([1.0, -2.0]))
    assert family.each().tolist() == [1.0, -2.0, -2.0]
    assert family.clear().tolist() == [0.0, 0.0, 0.0]
