"""Crossed effects: how much of the difference between cells their levels explain, and how surely."""

import numpy as np
import pytest

from leadopt.learning.effects import crossed as linear
from leadopt.learning.effects import logistic, nested
from leadopt.learning.effects.logistic import Binomial, expected_rate, sigmoid
from leadopt.learning.effects.posterior import fit_effects
from leadopt.learning.effects.spreads import half_normal

OWN = half_normal(1.0)


def fitted(tried, converted, own_prior=OWN):
    """Effects of a rep x level table of counts, without cells that nothing was tried in."""
    rep, level = np.nonzero(tried)
    counts = Binomial(tried=tried[rep, level].astype(float), converted=converted[rep, level].astype(float))
    return fit_effects([rep, level], tried.shape, (half_normal(1.5),) * 2, counts, own_prior=own_prior)


def own_cells(fit):
    """Levels and numbers of the cells that a fit was learned from."""
    return list(fit.crossed.places[1:] - fit.crossed.starts[1:, None]), np.arange(len(fit.own_mean))


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


def every_pair(shape, tried):
    """Levels of every pair of a table, and its cell."""
    places = [np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]]
    cell = np.full(shape, (tried > 0).sum())
    cell[np.nonzero(tried)] = np.arange((tried > 0).sum())
    return places, cell


def test_fit_recovers_the_spread_of_each_family_and_of_the_cells():
    fits = [fitted(*drawn(np.random.default_rng(seed), tries=60)[1:]) for seed in range(6)]
    found = np.mean([[*fit.deviations, fit.own_deviation] for fit in fits], axis=0)
    # A little above the truth, on purpose: high quantiles of the posterior.
    assert found == pytest.approx([0.57, 0.8, 0.33], abs=0.12)


def test_families_without_signal_vanish_and_so_does_the_interaction():
    telling = []
    for seed in range(10):
        fit = fitted(*drawn(np.random.default_rng(seed), deviations=(0, 0, 0))[1:])
        assert max(*fit.deviations, fit.own_deviation) < 0.25
        telling += [spread.is_telling for spread in (*fit.spreads, fit.own_spread)]
    assert np.mean(telling) < 0.15  # 5% by design


def test_an_interaction_is_noticed():
    for seed in range(3):
        fit = fitted(*drawn(np.random.default_rng(seed), deviations=(0.5, 0.5, 1.0))[1:])
        assert fit.own_spread.is_telling
        assert 0.7 < fit.own_deviation < 1.4


def test_intervals_hold_the_truth_as_often_as_they_say():
    inside, newcomer = [], []
    for seed in range(8):
        truth, tried, converted = drawn(np.random.default_rng(seed))
        tried[0], converted[0] = 0, 0
        places, cell = every_pair(truth.shape, tried)
        mean, variance = fitted(tried, converted).total([places[0] + 0, places[1] + 0], cell)
        low, high = (sigmoid(mean + side * 1.645 * np.sqrt(variance)) for side in (-1, 1))
        held = (low <= truth) & (truth <= high)
        inside.append(held[1:])
        newcomer.append(held[0])
    assert 0.86 < np.mean(inside) < 0.95
    assert 0.8 < np.mean(newcomer) < 0.99


def test_the_posterior_is_the_nearest_normal_one():
    """Its mean solves E[gradient] = 0, checked by quadrature apart from the code that stepped there."""
    fit = fitted(*drawn(np.random.default_rng(4))[1:], own_prior=None)
    levels, cell = own_cells(fit)
    missed = fit.likelihood.converted - fit.likelihood.tried * expected_rate(*fit.total(levels, cell))
    pull = np.bincount(levels[0], missed) - fit.mean[1:31] / fit.deviations[0] ** 2
    # The standard deviations still move by up to 3% when the steps end.
    assert np.abs(pull).max() < 0.35
    assert np.abs(fit.pull - missed).max() < 0.35


def test_the_mean_is_that_of_long_sampling():
    """Against Metropolis sampling with the same spreads, on few cells with few outcomes, where the mode is wrong."""
    tried, converted = np.array([[3, 1, 2], [4, 0, 1], [1, 5, 2]]), np.array([[3, 0, 1], [1, 0, 0], [1, 5, 2]])
    fit = fitted(tried, converted, own_prior=None)
    cells = fit.likelihood
    deviations = np.repeat([logistic.BASE_DEVIATION, *fit.deviations], [1, 3, 3])
    rng, n_chains = np.random.default_rng(0), 400
    values = np.tile(fit.mean, (n_chains, 1))

    def log_density(u):
        logit = u[:, fit.crossed.places].sum(axis=1)
        return (cells.converted * logit - cells.tried * np.logaddexp(0, logit)).sum(1) - 0.5 * (
            (u / deviations) ** 2
        ).sum(1)

    root = np.linalg.cholesky(fit.crossed.covariance)
    density, total, squares, n_kept = log_density(values), 0.0, 0.0, 0
    for number in range(2_500):
        proposal = values + 0.8 * rng.standard_normal(values.shape) @ root.T
        new = log_density(proposal)
        taken = np.log(rng.random(n_chains)) < new - density
        values, density = np.where(taken[:, None], proposal, values), np.where(taken, new, density)
        if number >= 500:
            logit = values[:, fit.crossed.places].sum(axis=1)
            total, squares, n_kept = total + logit.mean(0), squares + (logit**2).mean(0), n_kept + 1
    mean, variance = fit.total(*own_cells(fit))
    sampled = total / n_kept
    assert mean == pytest.approx(sampled, abs=0.2)
    assert np.sqrt(variance) == pytest.approx(np.sqrt(squares / n_kept - sampled**2), rel=0.2)


@pytest.mark.parametrize("n_draws", [48, 0], ids=["draws", "variances"])
def test_many_effects_give_nearly_the_same_as_few(n_draws, monkeypatch):
    counts = drawn(np.random.default_rng(3), tries=60)[1:]
    exact = fitted(*counts)
    monkeypatch.setattr(linear, "MOST_DENSE", -1)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", 0)
    monkeypatch.setattr(linear, "_MOST_DRAWS", n_draws)
    sparse = fitted(*counts)
    assert exact.crossed.covariance is not None
    assert sparse.crossed.covariance is None
    assert (sparse.crossed.draws is None) == (n_draws == 0)
    (mean, variance), (other, rough) = exact.total(*own_cells(exact)), sparse.total(*own_cells(exact))
    assert expected_rate(other, rough) == pytest.approx(expected_rate(mean, variance), abs=0.04)
    assert np.sqrt(rough).mean() == pytest.approx(np.sqrt(variance).mean(), rel=0.15)
    found, right = ([*fit.deviations, fit.own_deviation] for fit in (sparse, exact))
    assert found == pytest.approx(right, rel=0.2)


@pytest.mark.parametrize(
    ("most_dense", "most_products"), [(800, 0), (-1, 10**9), (-1, 0)], ids=["covariance", "blocks", "draws"]
)
def test_a_level_never_seen_has_no_effect_and_the_variance_of_its_family(most_dense, most_products, monkeypatch):
    monkeypatch.setattr(linear, "MOST_DENSE", most_dense)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", most_products)
    _, tried, converted = drawn(np.random.default_rng(7))
    fit = fitted(tried, converted)
    nowhere = np.array([(tried > 0).sum()])
    mean, variance = fit.total([np.array([30]), np.array([15])], nowhere)
    assert mean == pytest.approx(fit.mean[:1])
    own = (fit.deviations**2).sum() + fit.own_deviation**2
    assert variance == pytest.approx(
        fit.crossed.variances()[0] + own, rel=0.6 if most_dense + most_products < 0 else 1e-6
    )
    assert (
        fit.total([np.array([30]), np.array([3])], nowhere)[1] > fit.total([np.array([0]), np.array([3])], nowhere)[1]
    )


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
    places, cell = every_pair(tried.shape, tried)
    mean, variance = fitted(tried, converted).total(places, cell)
    chance = expected_rate(mean, variance)
    assert ((chance > 0) & (chance < 1)).all()
    assert np.isfinite(variance).all()


def test_the_sigmoid_stays_inside_its_bounds():
    rates = sigmoid(np.array([-1e9, 0.0, 1e9]))
    assert rates[1] == 0.5
    assert 0 < rates[0] < rates[1] < rates[2] < 1


def test_the_expected_rate_is_that_of_many_draws():
    rng = np.random.default_rng(0)
    for mean, deviation in ((0.0, 1.0), (-3.0, 2.0), (2.0, 0.1), (1.0, 4.0)):
        sampled = sigmoid(mean + deviation * rng.standard_normal(400_000)).mean()
        assert expected_rate(np.array(mean), np.array(deviation**2)) == pytest.approx(sampled, abs=0.003)
