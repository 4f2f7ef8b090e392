"""The posterior of a normal quantity equals a dense computation by hand, and the noise is the likeliest one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.effects import crossed, nested
from leadopt.learning.effects.normal import USUAL_NOISE, Normal
from leadopt.learning.effects.posterior import fit_effects, more_diverse
from leadopt.learning.effects.spreads import half_normal
from tests.strategies import examples


def drawn(rng, n=150, sizes=(6, 4), deviations=(0.8, 0.3), noise=0.7):
    """Observations, the level of each in every family, and by cell: levels, sizes, count, sum, sum of squares."""
    levels = np.stack([rng.integers(0, size, n) for size in sizes])
    drawn_effects = zip(deviations, sizes, levels, strict=True)
    y = rng.normal(0.0, noise, n) + sum(rng.normal(0.0, d, s)[k] for d, s, k in drawn_effects)
    return y - y.mean(), levels, summed(y - y.mean(), levels, sizes)


def summed(y, levels, sizes):
    cells, cell = np.unique(levels, axis=1, return_inverse=True)
    count, total, squares = (np.bincount(cell.reshape(-1), part) for part in (np.ones(len(y)), y, y**2))
    return cells, sizes, count, total, squares


def fitted(levels, sizes, count, total, squares):
    return fit_effects(levels, sizes, (half_normal(1.0),) * len(sizes), Normal.of(count, total, squares))


def design(levels, sizes):
    """One row for each observation: the base, then an indicator of its level of each family."""
    return np.hstack([np.ones((levels.shape[1], 1)), *(np.eye(s)[k] for s, k in zip(sizes, levels, strict=True))])


def by_hand(y, levels, sizes, deviations, noise):
    x = design(levels, sizes)
    precision = np.repeat(np.append(1e-6, 1.0 / deviations**2), [1, *sizes])
    covariance = np.linalg.inv(x.T @ x / noise + np.diag(precision))
    return covariance @ x.T @ y / noise, covariance


@pytest.mark.parametrize("seed", range(3))
def test_the_posterior_equals_one_computed_observation_by_observation(seed):
    y, levels, sums = drawn(np.random.default_rng(seed))
    for fit in (effects := fitted(*sums), more_diverse(effects)):
        mean, covariance = by_hand(y, levels, sums[1], fit.deviations, fit.likelihood.noise)
        np.testing.assert_allclose(fit.mean, mean, atol=1e-8)
        np.testing.assert_allclose(fit.crossed.covariance[0], covariance[0], atol=1e-7)
        rows = design(*sums[:2])
        known = (*fit.known(list(sums[0])), fit.with_base(list(sums[0])))
        np.testing.assert_allclose(known[0], rows @ mean, atol=1e-8)
        np.testing.assert_allclose(known[1], np.einsum("ij,jk,ik->i", rows, covariance, rows), atol=1e-7)
        np.testing.assert_allclose(known[2], rows @ covariance[0], atol=1e-7)


def test_the_noise_is_where_the_marginal_likelihood_with_its_prior_is_greatest():
    y, levels, sums = drawn(np.random.default_rng(5))
    fit = fitted(*sums)
    x = design(levels, sums[1])[:, 1:]
    spread = x @ np.diag(np.repeat(fit.deviations**2, sums[1])) @ x.T + 1e6 * np.ones((len(y), len(y)))

    sizes, axes = np.linalg.eigh(spread)
    along = axes.T @ y

    def log_posterior(noise):
        likelihood = -0.5 * (np.log(sizes + noise) + along**2 / (sizes + noise)).sum()
        return likelihood - 0.5 * (np.log(noise) + USUAL_NOISE / noise)

    grid = fit.likelihood.noise * np.exp(np.linspace(-0.3, 0.3, 121))
    assert grid[np.argmax([log_posterior(noise) for noise in grid])] == pytest.approx(fit.likelihood.noise, rel=0.01)


def test_spreads_and_noise_are_found_where_there_are_many_levels():
    found = []
    for seed in range(6):
        _, _, sums = drawn(np.random.default_rng(seed), 2_000, (60, 40), (0.8, 0.3), 0.7)
        fit = fitted(*sums)
        found.append([*fit.deviations, np.sqrt(fit.likelihood.noise)])
    np.testing.assert_allclose(np.mean(found, axis=0), [0.8, 0.3, 0.7], rtol=0.12)


def test_families_without_signal_shrink_to_nothing():
    fits = [fitted(*drawn(np.random.default_rng(seed), 400, (8, 5), (0.0, 0.0))[2]) for seed in range(20)]
    assert np.median([fit.deviations for fit in fits]) < 0.02
    assert np.mean([spread.is_telling for fit in fits for spread in fit.spreads]) < 0.15


def test_many_effects_by_draws_agree_with_the_exact_posterior(monkeypatch):
    _, _, sums = drawn(np.random.default_rng(3), 1_500, (80, 60), (0.8, 0.4))
    exact = fitted(*sums)
    monkeypatch.setattr(crossed, "MOST_DENSE", 20)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", 0)
    sparse = fitted(*sums)
    assert not sparse.crossed.is_dense
    np.testing.assert_allclose(sparse.deviations, exact.deviations, rtol=0.15)
    assert sparse.likelihood.noise == pytest.approx(exact.likelihood.noise, rel=0.03)
    levels = list(sums[0])
    assert np.corrcoef(sparse.known(levels)[0], exact.known(levels)[0])[0, 1] > 0.995
    assert np.median(sparse.known(levels)[1] / exact.known(levels)[1]) == pytest.approx(1.0, abs=0.2)


def test_one_observation_is_enough_and_no_scatter_is_no_harm():
    one, many = (fitted([np.zeros(1, int)], (1,), np.array([n]), np.zeros(1), np.zeros(1)) for n in (1.0, 999.0))
    assert np.isfinite(one.mean).all()
    assert one.likelihood.noise == pytest.approx(USUAL_NOISE)
    assert many.likelihood.noise == pytest.approx(USUAL_NOISE / 999.0, rel=0.01)


def test_without_families_the_base_is_the_mean():
    y = np.array([-1.0, 0.0, 1.0, 4.0])
    fit = fitted([], (), np.array([4.0]), np.array([y.sum()]), np.array([(y**2).sum()]))
    assert fit.mean[0] == pytest.approx(1.0, abs=1e-4)
    assert fit.likelihood.noise == pytest.approx((((y - 1.0) ** 2).sum() + 1.0) / 4.0, rel=1e-3)


@examples(40)
@given(st.data())
def test_the_order_of_cells_and_the_shift_of_levels_change_nothing(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    y, _, sums = drawn(rng, data.draw(st.integers(1, 60)), (4, 3))
    order = rng.permutation(len(sums[2]))
    mixed = (sums[0][:, order], sums[1], *(part[order] for part in sums[2:]))
    here, there = fitted(*sums), fitted(*mixed)
    np.testing.assert_allclose(here.mean, there.mean, atol=1e-6)
    assert here.likelihood.noise == pytest.approx(there.likelihood.noise, rel=1e-6)
    assert here.likelihood.noise > 0.0
    assert 0.0 <= here.likelihood.freedom <= len(y)
