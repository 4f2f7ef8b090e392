"""The test of heterogeneity within periods: against dense matrices, and where shifts go with the season."""

import numpy as np
import pytest

from leadopt.evaluate.backtests.between_reps import Times
from leadopt.evaluate.backtests.heterogeneity import Null, heterogeneity
from leadopt.evaluate.backtests.within_periods import Within
from leadopt.learning.effects.logistic import sigmoid
from tests import many_seeds, seeds

DAY, SEEDS = 86_400.0, seeds(6, 150)


def test_score_and_moments_are_those_of_dense_matrices():
    rng, n = np.random.default_rng(0), 120
    rep, segment, free = rng.integers(4, size=n), rng.integers(3, size=n), rng.integers(5, size=n)
    period, won = np.arange(n) // 12, (rng.random(n) < 0.3).astype(np.float64)
    null = Null.of([segment, period // 3], won)
    within = Within.of(null, period, [free])
    v, p = null.variance[null.cell], null.rate[null.cell]
    design = np.zeros((n, len(within.precisions)))
    for place in within.places:
        design[np.arange(n), place[within.cell]] = 1.0
    every, prior = np.hstack([design, np.eye(10)[period]]), np.diag(np.append(within.precisions, np.zeros(10)))
    taken = np.diag(v) @ every
    m = np.diag(v) - taken @ np.linalg.inv(every.T @ taken + prior) @ taken.T
    residual = m @ ((won - p) / v + np.log(p / (1.0 - p)))
    groups = np.eye(4)[rep]
    k = groups.T @ m @ groups
    score, spectrum = within.score(rep)
    expected = ((groups.T @ residual) ** 2).sum() - (residual**2).sum() - np.trace(k) + np.trace(m)
    assert within.residual == pytest.approx(residual, abs=1e-8)
    assert np.bincount(period, within.residual) == pytest.approx(np.zeros(10), abs=1e-8)
    assert score == pytest.approx(expected, abs=1e-7)
    assert spectrum.diagonal == pytest.approx(np.diag(k), abs=1e-7)
    assert (spectrum.square, spectrum.single) == pytest.approx((np.trace(k @ k), np.trace(m @ m)), abs=1e-7)


def shifts(seed, *, mixed=0.0, rep_sd=0.0, n=1500, days=720):
    """Eight reps, of whom four work in months whose level is 1 higher; a part of all leads goes to anybody."""
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, days, n)) * DAY
    high = (time // (30 * DAY)).astype(int) % 2
    rep = rng.integers(4, size=n) + 4 * np.where(rng.random(n) < mixed, rng.integers(2, size=n), high)
    segment = rng.integers(3, size=n)
    logit = -1.2 + high - 0.5 + rng.normal(0, 0.6, 3)[segment] + rep_sd * rng.normal(size=8)[rep]
    return rep, segment, time, (rng.random(n) < sigmoid(logit)).astype(np.float64)


def found(seed, within, **settings):
    rep, segment, time, won = shifts(seed, **settings)
    times = Times.of(time, [segment], 20)
    null = Null.of([segment, times.coarse], won)
    return heterogeneity("reps", rep, Within.of(null, times.fine, times.moving) if within else null, wanted=0.25).found


@many_seeds
def test_reps_who_work_when_all_goes_well_are_not_found_to_differ():
    """With periods of 100 outcomes, shrunk, nearly all are; more than 1 of 6 at 1% have a chance of 0.1%."""
    assert np.mean([found(seed, False) for seed in SEEDS[:3]]) >= 0.8
    assert np.mean([found(seed, True) for seed in SEEDS]) <= 1 / 6


@many_seeds
def test_reps_who_differ_and_work_in_mixed_shifts_are_found():
    shown = np.array([[found(seed, within, mixed=1.0, rep_sd=0.45) for within in (False, True)] for seed in SEEDS])
    assert shown[:, 1].mean() >= shown[:, 0].mean() - 0.2 >= 0.4


def test_families_with_more_effects_than_are_corrected_for_are_left_out_the_largest_first():
    rng = np.random.default_rng(1)
    account, segment = rng.integers(200, size=600), rng.integers(3, size=600)
    null = Null.of([account, segment], (rng.random(600) < 0.3).astype(np.float64))
    few = null.largest_left_out(10)
    assert len(few.precisions) == 4 and few.rate is null.rate
    assert np.array_equal(few.places[1] - 1, null.places[2] - 201)
    assert len(null.largest_left_out(300).precisions) == 4 + len(np.unique(account))
