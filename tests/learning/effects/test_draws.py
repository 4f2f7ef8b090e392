"""Draws of logits: their mean, their scatter and what they share."""

from dataclasses import replace

import numpy as np
import pytest

from leadopt.learning.effects import crossed as linear
from leadopt.learning.effects import nested
from leadopt.learning.effects.draws import draw_logits
from tests.learning.effects.test_logistic import drawn, every_pair, fitted


def certain(fit):
    """The same effects, as if how much each family differs were known."""
    own = replace(fit.own_spread, quantiles=(fit.own_deviation,))
    known = zip(fit.spreads, fit.deviations, strict=True)
    spreads = tuple(replace(spread, quantiles=(deviation,)) for spread, deviation in known)
    return replace(fit, spreads=spreads, own_spread=own)


@pytest.mark.parametrize("most_dense", [800, -1], ids=["covariance", "draws"])
def test_draws_have_the_mean_and_the_variance_they_should(most_dense, monkeypatch):
    monkeypatch.setattr(linear, "MOST_DENSE", most_dense)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", 0)
    _, tried, converted = drawn(np.random.default_rng(8), n_reps=6, n_levels=4)
    fit = certain(fitted(tried, converted))
    places, cell = every_pair((7, 5), np.pad(tried, ((0, 1), (0, 1))))
    mean, variance = fit.total(places, cell)
    draws = draw_logits(fit, places, cell, 6_000, np.random.default_rng(1))
    assert draws.shape == (6_000, 7, 5)
    assert draws.mean(0) == pytest.approx(mean, abs=0.08)
    # Where variances are known from draws alone, they are rough themselves.
    assert draws.std(0) == pytest.approx(np.sqrt(variance), rel=0.06 if most_dense > 0 else 0.35)
    # What two segments share, they share in every draw.
    assert np.corrcoef(draws[:, 6, 0], draws[:, 6, 1])[0, 1] > 0.2


def test_uncertain_spreads_widen_what_is_known_of_newcomers():
    _, tried, converted = drawn(np.random.default_rng(9), n_reps=6, n_levels=4)
    fit = fitted(tried, converted)
    # A newcomer's effect has no mean to shrink, and its scatter is that of the spreads that are drawn.
    places, cell = [np.array([6]), np.array([4])], np.array([(tried > 0).sum()])
    draws = draw_logits(fit, places, cell, 5_000, np.random.default_rng(0))[:, 0]
    spreads = [np.array(spread.quantiles) for spread in (*fit.spreads, fit.own_spread)]
    expected = sum((spread**2).mean() for spread in spreads) + fit.crossed.variances()[0]
    assert draws.var() == pytest.approx(expected, rel=0.06)
    assert draws.mean() == pytest.approx(fit.mean[0], abs=0.05)


def test_effects_of_little_evidence_are_drawn_nearer_to_none():
    _, tried, converted = drawn(np.random.default_rng(2), deviations=(0.5, 0.7, 0.0), tries=5.0)
    fit = fitted(tried, converted)
    places, cell = every_pair(tried.shape, tried)
    apart = [
        draw_logits(each, places, cell, 400, np.random.default_rng(0)).mean(axis=0).std()
        for each in (fit, certain(fit))
    ]
    assert 0.6 * apart[1] < apart[0] < apart[1]
