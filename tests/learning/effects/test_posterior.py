"""What any likelihood must keep, and what the fit makes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.effects.logistic import Binomial
from leadopt.learning.effects.normal import Normal
from leadopt.learning.effects.posterior import effects_under, fit_effects
from leadopt.learning.effects.spreads import half_normal
from tests.strategies import examples


def likelihoods(rng, n=8):
    count = rng.integers(1, 30, n).astype(float)
    total = rng.normal(0.0, 1.0, n) * count
    return Binomial(tried=count, converted=rng.binomial(count.astype(int), 0.3).astype(float)), Normal.of(
        count, total, total**2 / count + rng.gamma(1.0, 1.0, n)
    )


@examples(40)
@given(st.integers(0, 10**6))
def test_the_information_is_how_fast_the_pull_falls(seed):
    rng = np.random.default_rng(seed)
    mean, variance, step = rng.normal(0.0, 2.0, 8), rng.gamma(1.0, 1.0, 8), 1e-4
    for likelihood in likelihoods(rng):
        above, below = (likelihood.slopes(mean + side * step, variance)[0] for side in (1, -1))
        information = likelihood.slopes(mean, variance)[1]
        np.testing.assert_allclose((below - above) / (2.0 * step), information, rtol=1e-5, atol=1e-6)
        assert (information > 0.0).all()


@pytest.mark.parametrize("place", [0, 1], ids=["binomial", "normal"])
def test_where_the_fit_begins_makes_no_difference_to_a_normal_quantity_and_little_to_outcomes(place):
    rng = np.random.default_rng(1)
    likelihood, levels = likelihoods(rng, 40)[place], [rng.integers(0, 5, 40), rng.integers(0, 3, 40)]
    here = fit_effects(levels, (5, 3), (half_normal(1.0),) * 2, likelihood)
    there = fit_effects(levels, (5, 3), (half_normal(1.0),) * 2, likelihood, start=here)
    np.testing.assert_allclose(there.mean, here.mean, atol=1e-9 if likelihood.is_normal else 0.03)


@pytest.mark.parametrize("place", [0, 1], ids=["binomial", "normal"])
def test_evidence_tells_a_family_that_matters_from_one_that_does_not(place):
    rng = np.random.default_rng(2)
    level, other = rng.integers(0, 6, 300), rng.integers(0, 6, 300)
    total = rng.normal(0.0, 1.0, 6)[level]
    count = np.full(300, 10.0)
    outcomes = Binomial(tried=count, converted=rng.binomial(10, 1.0 / (1.0 + np.exp(-total))).astype(float))
    seen = total + rng.normal(0.0, 0.1, 300)
    likelihood = (outcomes, Normal.of(count, count * seen, count * (seen**2 + 0.1)))[place]
    assert fit_effects([], (), (), likelihood).evidence(level, 6, half_normal(1.0)) > 20.0
    known = fit_effects([level], (6,), (half_normal(1.0),), likelihood)
    assert known.evidence(other, 6, half_normal(1.0)) < 3.0
    assert known.evidence(level, 6, half_normal(1.0)) < 1.0  # what is in the model already adds nothing


@pytest.mark.parametrize("place", [0, 1], ids=["binomial", "normal"])
def test_effects_under_the_spreads_that_were_learned_are_those_that_were_learned(place):
    rng = np.random.default_rng(3)
    likelihood, levels = likelihoods(rng, 60)[place], [rng.integers(0, 5, 60), rng.integers(0, 3, 60)]
    found = fit_effects(levels, (5, 3), (half_normal(1.0),) * 2, likelihood)
    told = effects_under(levels, (5, 3), found.deviations, found.likelihood)
    np.testing.assert_allclose(told.mean, found.mean, atol=0.02)
    np.testing.assert_allclose(told.crossed.variances(), found.crossed.variances(), rtol=0.05)
