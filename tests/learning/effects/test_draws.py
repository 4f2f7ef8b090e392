"""Draws of logits: their mean, their scatter, what they share, and what is saved of them."""

from dataclasses import replace

import numpy as np
import pytest

from leadopt.learning.effects import crossed as linear
from leadopt.learning.effects import nested
from leadopt.learning.effects.draws import Joint
from leadopt.learning.effects.mixture import Mixture
from tests.learning.effects.test_logistic import OWN, drawn, every_pair, fitted


@pytest.mark.parametrize("most_dense", [800, -1], ids=["covariance", "draws"])
def test_draws_have_the_mean_and_the_variance_they_should(most_dense, monkeypatch):
    monkeypatch.setattr(linear, "MOST_DENSE", most_dense)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", 0)
    _, tried, converted = drawn(np.random.default_rng(8), n_reps=6, n_levels=4)
    mixture = Mixture.of(fitted(tried, converted))
    assert (mixture.n_nodes > 1) == (most_dense > 0)
    places, cell = every_pair((7, 5), np.pad(tried, ((0, 1), (0, 1))))
    known = mixture.logits(places, cell)
    middle = known.mean + known.shift()
    mean = np.tensordot(known.weight, middle, 1)
    variance = np.tensordot(known.weight, known.variance + (middle - mean) ** 2, 1)
    draws = mixture.draw(places, cell, 8_000, np.random.default_rng(1))
    assert draws.shape == (8_000, 7, 5)
    assert draws.mean(0) == pytest.approx(mean, abs=0.08)
    # Where variances are known from draws alone, they are rough themselves.
    assert draws.std(0) == pytest.approx(np.sqrt(variance), rel=0.06 if most_dense > 0 else 0.35)
    # What two segments share, they share in every draw.
    assert np.corrcoef(draws[:, 6, 0], draws[:, 6, 1])[0, 1] > 0.1


def test_draws_are_on_average_over_chances_what_is_expected():
    _, tried, converted = drawn(np.random.default_rng(9), n_reps=3, n_levels=2)
    mixture = Mixture.of(fitted(tried, converted))
    places, cell = every_pair((4, 3), np.pad(tried, ((0, 1), (0, 1))))
    chances = 1.0 / (1.0 + np.exp(-mixture.draw(places, cell, 20_000, np.random.default_rng(0))))
    assert chances.mean(axis=0) == pytest.approx(mixture.logits(places, cell).rate(), rel=0.05)


def test_one_draw_may_be_of_any_spreads():
    _, tried, converted = drawn(np.random.default_rng(2), n_reps=3, n_levels=2, tries=4.0)
    mixture = Mixture.of(fitted(tried, converted))
    new = [np.array([3]), np.array([2])], np.array([(tried > 0).sum()])
    rng = np.random.default_rng(0)
    one_by_one = np.array([mixture.draw(*new, 1, rng)[0, 0] for _ in range(400)])
    together = mixture.draw(*new, 1_500, rng)[:, 0]
    assert one_by_one.std() == pytest.approx(together.std(), rel=0.2)


def joints(own_prior=OWN):
    """What draws rest on, and the same as plans of an earlier version have it."""
    _, tried, converted = drawn(np.random.default_rng(3), n_reps=8, n_levels=5, tries=40.0)
    fit = fitted(tried, converted, own_prior)
    mixture = Mixture.of(fit)
    new = Joint.of(fit, mixture, *every_pair(tried.shape, tried))
    return new, replace(new, seen=None, nodes=None, weight=None, base_deviation=fit.likelihood.base_deviation)


def test_what_is_saved_draws_what_was_learned():
    new, _ = joints()
    one, other = (replace(new).draw(50, np.random.default_rng(4)) for _ in range(2))
    assert (one == other).all()


def test_what_an_earlier_version_saved_is_drawn_by_what_it_holds():
    new, old = joints()
    assert old.mixture is None
    draws, now = (joint.draw(4_000, np.random.default_rng(0)) for joint in (old, new))
    assert draws.mean(axis=0) == pytest.approx(now.mean(axis=0), abs=0.3)
    assert (draws.std(axis=0) > 0.8 * now.std(axis=0)).all()  # they were too wide then
