"""A level that wanders: the filter against dense normal distributions, and forecasts that hold the truth."""

import numpy as np
import pytest

from leadopt.learning.effects import level as module
from leadopt.learning.effects.level import learn_level

GAPS = {
    "weeks": np.full(20, 7.0),
    "gaps, the longest of a year": np.array([7.0, 7, 14, 365, 7, 7, 21, 7, 70]),
    "one alone": np.array([7.0]),
    "days": np.full(15, 1.0),
}


def wandering(rng, n_days, spread, memory):
    """Return an Ornstein-Uhlenbeck path, day by day."""
    path, kept = [rng.normal(0.0, spread)], np.exp(-1.0 / memory)
    for _ in range(n_days - 1):
        path.append(kept * path[-1] + rng.normal(0.0, spread * np.sqrt(1.0 - kept**2)))
    return np.array(path)


def dense(day, seen, information, ahead):
    """Return what `learn_level` and its forecast should say, by matrices over all periods."""
    n, everywhere = len(day), np.append(day, day[-1] + ahead)
    apart, likelihood, means, variances = np.abs(everywhere[:, None] - everywhere), [], [], []
    for spread, memory in zip(module._SPREAD, module._MEMORY, strict=True):
        prior = spread**2 * np.exp(-apart / memory)
        noisy = prior[:n, :n] + np.diag(1.0 / information)
        inverse, one = np.linalg.inv(noisy), np.ones(n)
        precision = one @ inverse @ one
        usual = one @ inverse @ seen / precision
        missed = seen - usual
        gain = prior[:, :n] @ inverse
        likelihood.append(-0.5 * (np.linalg.slogdet(noisy)[1] + np.log(precision) + missed @ inverse @ missed))
        means.append(usual + gain @ missed)
        variances.append(np.diag(prior) - (gain * prior[:, :n]).sum(axis=1) + (1.0 - gain @ one) ** 2 / precision)
    chance = module._posterior(np.array(likelihood))
    return module._mixed(np.array(means).T, np.array(variances).T, chance)


@pytest.mark.parametrize("gaps", GAPS.values(), ids=GAPS)
def test_the_filter_agrees_with_dense_normal_distributions(gaps):
    rng, ahead = np.random.default_rng(len(gaps)), np.array([0.0, 3.5, 40.0, 900.0])
    day = gaps.cumsum()
    seen, information = rng.normal(-1.0, 0.6, len(day)), rng.uniform(0.01, 60.0, len(day))
    level = learn_level(day, seen, information)
    mean, variance = dense(day, seen, information, ahead)
    forecast = level.forecast(ahead)
    assert np.append(level.mean, forecast[0]) == pytest.approx(mean, abs=1e-9)
    assert np.append(level.variance, forecast[1]) == pytest.approx(variance, abs=1e-9)


def test_a_level_that_is_raised_is_that_of_raised_sights():
    rng, day = np.random.default_rng(0), np.arange(30) * 7.0
    seen, information = rng.normal(0.0, 0.5, 30), rng.uniform(1.0, 9.0, 30)
    raised, other = learn_level(day, seen, information).raised(0.7), learn_level(day, seen + 0.7, information)
    assert raised.mean == pytest.approx(other.mean)
    ahead = np.array([5.0, 500.0])
    assert np.stack(raised.forecast(ahead)) == pytest.approx(np.stack(other.forecast(ahead)))


def test_a_forecast_goes_back_to_the_usual_level_and_is_less_certain_the_farther_ahead():
    day = np.arange(104) * 7.0
    seen = np.where(day < 620, -2.0 + 0.3 * np.sin(day / 40.0), -1.0)
    level = learn_level(day, seen, np.full(104, 50.0))
    mean, variance = level.forecast(np.array([1.0, 30.0, 90.0, 400.0, 4000.0]))
    assert (np.diff(mean) < 0).all() and (np.diff(variance) > 0).all()
    assert mean[0] == pytest.approx(-1.0, abs=0.1) and mean[-1] < -1.5


def test_where_nothing_wanders_little_is_left_open():
    rng, day = np.random.default_rng(1), np.arange(52) * 7.0
    level = learn_level(day, rng.normal(-1.0, 0.2, 52), np.full(52, 25.0))
    assert not level.spread.is_telling
    assert float(level.forecast(np.array(30.0))[1]) < 0.1**2


def test_forecasts_hold_the_truth_as_often_as_they_say():
    inside = []
    for seed in range(120):
        rng, memory = np.random.default_rng([seed, 9]), (30.0, 60.0, 90.0)[seed % 3]
        path, day = wandering(rng, 400, 0.5, memory), np.arange(52) * 7.0
        seen = path[3:364:7] + rng.normal(0.0, 0.3, 52)
        mean, variance = learn_level(day, seen, np.full(52, 1.0 / 0.09)).forecast(np.array(14.0))
        inside.append(abs(path[3 + 51 * 7 + 14] - mean) < 1.645 * np.sqrt(variance))
    assert 0.84 <= np.mean(inside) <= 0.96


def test_spread_and_memory_are_found():
    rng, found = np.random.default_rng(3), []
    for _ in range(12):
        path = wandering(rng, 3 * 365, 0.5, 60.0)
        found.append(learn_level(np.arange(0, 3 * 365, 7.0), path[::7] + rng.normal(0.0, 0.2, 157), np.full(157, 25.0)))
    assert 0.4 < np.mean([level.spread.deviation for level in found]) < 0.65
    assert 30.0 < np.median([level.memory_days for level in found]) < 120.0
    assert all(level.spread.low < 0.65 and level.spread.high > 0.4 for level in found)
    assert all(level.spread.is_telling for level in found)
