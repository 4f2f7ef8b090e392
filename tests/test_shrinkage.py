"""The mathematics of the estimates, on counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadopt import shrinkage
from leadopt.shrinkage import Cells, Tally

rates = st.floats(0.001, 0.999)
tries = st.integers(0, 10_000)


def crossed(tried, converted):
    """Cells of a rep x level table of counts, without those that nothing was tried in."""
    rep, level = np.nonzero(tried)
    n, k = tried[rep, level].astype(float), converted[rep, level].astype(float)
    return Cells(levels=np.array([rep, level]), sizes=tried.shape, tried=n, converted=k, inflation=np.ones(len(n)))


def drawn(rng, *, n_reps=30, n_levels=15, tries=20.0, deviations=(0.5, 0.7, 0.3), base=-1.0):
    rep, level, cell = deviations
    logit = (
        base
        + rng.normal(0, rep, (n_reps, 1))
        + rng.normal(0, level, n_levels)
        + rng.normal(0, cell, (n_reps, n_levels))
    )
    truth = 1 / (1 + np.exp(-logit))
    tried = rng.poisson(tries * rng.gamma(0.5, 2.0, truth.shape))
    return truth, tried, rng.binomial(tried, truth)


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
        low, high = shrinkage.credible_interval(
            shrinkage.shrunk(tried, converted, expected, concentration),
            tried=tried, expected=expected, logit_variance=effects.logit_variance(places),
            concentration=concentration, level=0.9,
        )  # fmt: skip
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


def test_many_effects_give_nearly_the_same_as_few(monkeypatch):
    cells = crossed(*drawn(np.random.default_rng(3))[1:])
    exact = shrinkage.fit_effects(cells)
    monkeypatch.setattr(shrinkage, "_MOST_DENSE", 0)
    sparse = shrinkage.fit_effects(cells)
    levels = list(cells.levels)
    assert sparse.covariance.ndim == 1
    assert sparse.rate(levels) == pytest.approx(exact.rate(levels), abs=0.02)
    assert sparse.deviations == pytest.approx(exact.deviations, rel=0.1)


def test_the_mode_is_stationary():
    cells = crossed(*drawn(np.random.default_rng(4))[1:])
    effects = shrinkage.fit_effects(cells)
    residual = cells.converted - cells.tried * effects.rate(list(cells.levels))
    pull = np.bincount(cells.levels[0], residual) - effects.values[1:31] / effects.deviations[1] ** 2
    assert np.abs(pull).max() < 0.01


def test_leave_one_out_agrees_with_leaving_one_out():
    cells = crossed(*drawn(np.random.default_rng(5), n_reps=8, n_levels=6)[1:])
    rate, _ = shrinkage.leave_one_out(cells, shrinkage.fit_effects(cells))
    for left in range(0, len(cells.tried), 7):
        without = np.where(np.arange(len(cells.tried)) == left, 0.0, 1.0)
        refitted = shrinkage.fit_effects(cells.discounted(without)).rate(list(cells.levels))
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
    low, high = shrinkage.credible_interval(
        estimate, tried=np.array(tried), expected=np.array(expected), logit_variance=np.array(variance),
        concentration=concentration, level=level,
    )  # fmt: skip
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
