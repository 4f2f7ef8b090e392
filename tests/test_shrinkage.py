"""The mathematics of the estimates, on counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadopt import shrinkage
from leadopt.effects import Cells, fit_effects
from leadopt.shrinkage import Tally
from tests.test_effects import crossed, drawn

rates = st.floats(0.001, 0.999)
tries = st.integers(0, 10_000)


def test_fit_recovers_the_spread_of_each_family():
    fits = [shrinkage.fit(crossed(*drawn(np.random.default_rng(seed), tries=60)[1:]))[0] for seed in range(6)]
    assert np.mean([fit.deviations[1:] for fit in fits], axis=0) == pytest.approx([0.5, 0.65], abs=0.12)


def test_families_without_signal_vanish_and_so_does_the_interaction():
    effects, concentration = shrinkage.fit(crossed(*drawn(np.random.default_rng(2), deviations=(0, 0, 0))[1:]))
    assert (effects.deviations[1:] < 0.15).all()
    assert concentration > 300


def test_an_interaction_is_noticed():
    tables = [drawn(np.random.default_rng(seed), deviations=(0.5, 0.5, 1.0))[1:] for seed in range(3)]
    assert all(shrinkage.fit(crossed(*table))[1] < 30 for table in tables)


def test_intervals_hold_the_truth_as_often_as_they_say():
    inside = []
    for seed in range(8):
        truth, tried, converted = drawn(np.random.default_rng(seed))
        tried[0], converted[0] = 0, 0  # a newcomer
        effects, concentration = shrinkage.fit(crossed(tried, converted))
        places = [np.arange(30)[:, None], np.arange(15)[None, :]]
        expected = effects.rate(places)
        estimate = shrinkage.shrunk(tried, converted, expected, concentration)
        outcomes = shrinkage.effective_outcomes(
            estimate, tried=tried, expected=expected, logit_variance=effects.logit_variance(places),
            concentration=concentration,
        )  # fmt: skip
        low, high = shrinkage.credible_interval(estimate, outcomes, 0.9)
        inside.append((low <= truth) & (truth <= high))
    assert 0.8 < np.mean(inside) < 0.97
    assert 0.8 < np.mean([seed[0] for seed in inside]) < 0.99  # the newcomer's alone


@pytest.mark.parametrize(
    ("tried", "converted"),
    [
        ([[5, 5], [5, 5]], [[5, 5], [5, 5]]),
        ([[5, 5], [5, 5]], [[0, 0], [0, 0]]),
        ([[9, 9], [9, 9]], [[9, 9], [0, 0]]),
        ([[10**9, 1]], [[10**9, 0]]),
        ([[1]], [[1]]),
        ([[0]], [[0]]),
    ],
    ids=["all won", "all lost", "separated", "huge", "one outcome", "nothing"],
)
def test_extreme_counts_give_finite_estimates(tried, converted):
    tried, converted = np.array(tried), np.array(converted)
    effects, concentration = shrinkage.fit(crossed(tried, converted))
    places = [np.arange(tried.shape[0])[:, None], np.arange(tried.shape[1])[None, :]]
    estimate = shrinkage.shrunk(tried, converted, effects.rate(places), concentration)
    assert ((estimate > 0) & (estimate < 1)).all()
    assert np.isfinite(effects.covariance).all()
    assert np.isfinite(concentration)


def test_leave_one_out_agrees_with_leaving_one_out():
    cells = crossed(*drawn(np.random.default_rng(5), n_reps=8, n_levels=6)[1:])
    rate, _ = shrinkage.leave_one_out(cells, fit_effects(cells))
    for left in range(0, len(cells.tried), 7):
        without = np.where(np.arange(len(cells.tried)) == left, 0.0, 1.0)
        refitted = fit_effects(cells.discounted(without)).rate(list(cells.levels))
        assert rate[left] == pytest.approx(refitted[left], abs=0.06)


def test_a_half_life_halves():
    keys, ones = np.zeros(2, dtype=np.int64), np.array([4, 4])
    tally = Tally.of(keys, ones, np.array([1, 0]), np.array([100, 130]), 30.0)
    assert tally.tried.tolist() == [8, 0]
    assert tally.weighted_tried.tolist() == [6.0, 0.0]
    assert tally.weighted_converted.tolist() == [2.0, 0.0]


def test_a_half_life_does_not_hide_the_interaction():
    plain = crossed(*drawn(np.random.default_rng(6), tries=60, deviations=(0.5, 0.5, 0.6))[1:])
    whole = shrinkage.fit(plain)[1]
    # Each outcome weighs a half: sum(w) / sum(w**2) is 2.
    halved = shrinkage.fit(
        Cells(levels=plain.levels, sizes=plain.sizes, tried=plain.tried / 2, converted=plain.converted / 2,
              inflation=np.full(len(plain.tried), 2.0))
    )[1]  # fmt: skip
    assert halved == pytest.approx(whole, rel=0.3)


@given(rates, tries, st.integers(0, 10_000), st.floats(0.1, 1e6), st.floats(0, 20), st.floats(0.05, 0.99))
@settings(max_examples=200, deadline=None)
def test_the_interval_contains_the_estimate(expected, tried, won, concentration, variance, level):
    converted = min(won, tried)
    estimate = shrinkage.shrunk(np.array(tried), np.array(converted), np.array(expected), concentration)
    outcomes = shrinkage.effective_outcomes(
        estimate, tried=np.array(tried), expected=np.array(expected), logit_variance=np.array(variance),
        concentration=concentration,
    )  # fmt: skip
    low, high = shrinkage.credible_interval(estimate, outcomes, level)
    assert 0 <= low <= estimate <= high <= 1
    assert 0 < estimate < 1


@given(rates, st.integers(1, 10_000), st.floats(0.1, 1e6), st.data())
@settings(max_examples=100, deadline=None)
def test_one_more_won_never_lowers_the_estimate(expected, tried, concentration, data):
    converted = data.draw(st.integers(0, tried - 1))
    less, more = shrinkage.shrunk(
        np.array(tried), np.array([converted, converted + 1]), np.array(expected), concentration
    )
    assert less < more


def test_log_gamma_is_that_of_scipy():
    from scipy.special import gammaln

    x = np.concatenate([np.logspace(-8, 8, 2001), np.linspace(7.9, 8.1, 201), np.arange(1, 200)])
    assert shrinkage.log_gamma(x) == pytest.approx(gammaln(x), rel=1e-13, abs=1e-11)
