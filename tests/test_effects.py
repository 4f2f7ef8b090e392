"""Crossed effects: how much of the difference between cells their levels explain."""

import numpy as np
import pytest

from leadopt import effects
from leadopt.effects import Cells


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


def test_many_effects_give_nearly_the_same_as_few(monkeypatch):
    cells = crossed(*drawn(np.random.default_rng(3))[1:])
    exact = effects.fit_effects(cells)
    monkeypatch.setattr(effects, "_MOST_DENSE", 0)
    sparse = effects.fit_effects(cells)
    levels = list(cells.levels)
    assert sparse.covariance.ndim == 1
    assert sparse.rate(levels) == pytest.approx(exact.rate(levels), abs=0.02)
    assert sparse.deviations == pytest.approx(exact.deviations, rel=0.1)


def test_the_mode_is_stationary():
    cells = crossed(*drawn(np.random.default_rng(4))[1:])
    fit = effects.fit_effects(cells)
    residual = cells.converted - cells.tried * fit.rate(list(cells.levels))
    pull = np.bincount(cells.levels[0], residual) - fit.values[1:31] / fit.deviations[1] ** 2
    assert np.abs(pull).max() < 0.01


@pytest.mark.parametrize("most_dense", [600, 0], ids=["covariance", "variances"])
def test_a_level_never_seen_has_no_effect_and_the_variance_of_its_family(most_dense, monkeypatch):
    monkeypatch.setattr(effects, "_MOST_DENSE", most_dense)
    fit = effects.fit_effects(crossed(*drawn(np.random.default_rng(7))[1:]))
    base, unseen = [np.array([30]), np.array([15])], [np.array([30]), np.array([3])]
    assert fit.rate(base) == pytest.approx(effects.sigmoid(fit.values[:1]))
    own = fit.covariance[0] if most_dense == 0 else fit.covariance[0, 0]
    assert fit.logit_variance(base) == pytest.approx(own + (fit.deviations[1:] ** 2).sum(), rel=1e-3)
    assert fit.logit_variance(unseen) > fit.logit_variance([np.array([0]), np.array([3])])


def test_the_sigmoid_stays_inside_its_bounds():
    rates = effects.sigmoid(np.array([-1e9, 0.0, 1e9]))
    assert rates[1] == 0.5
    assert 0 < rates[0] < rates[1] < rates[2] < 1
