"""Intervals of few conversions hold the truth often enough, and not too often: every outcome is counted."""

import numpy as np
import pytest
from scipy.stats import binom

from leadopt.evaluate.trials import measure_lift as measuring
from leadopt.evaluate.trials.measure_lift import _by_lead
from leadopt.evaluate.trials.rate_limits import newcombe
from tests.evaluate.trials.test_conditional import counts


def held(n1, n0, p1, p0):
    """How often 95% intervals hold the difference, and how often they say "helps" and "harms", over all outcomes."""
    total = np.zeros(4)
    for k1 in range(int(binom.ppf(1e-4, n1, p1)), int(binom.isf(1e-4, n1, p1)) + 1):
        for k0 in range(int(binom.ppf(1e-4, n0, p0)), int(binom.isf(1e-4, n0, p0)) + 1):
            chance = binom.pmf(k1, n1, p1) * binom.pmf(k0, n0, p0)
            if chance > 1e-5:
                low, high = _by_lead(counts((n1, n0, k1, k0)), 0.95)[0]
                total += chance * np.array([1.0, low <= p1 - p0 <= high, low > 0, high < 0])
    return total[1:] / total[0]


@pytest.mark.parametrize(
    "n1, n0, p1, p0",
    [(57, 3, 0.055, 0.05), (48, 12, 0.02, 0.02), (95, 5, 0.026, 0.02), (48, 12, 0.4, 0.4), (50, 50, 0.2, 0.1)],
)
def test_the_truth_is_held_often_enough(n1, n0, p1, p0):
    holds, helps, harms = held(n1, n0, p1, p0)
    assert holds >= 0.94
    if p1 == p0:
        assert helps <= 0.025 and harms <= 0.025


def test_intervals_of_enough_deals_are_no_wider_than_need_be():
    assert held(60, 60, 0.35, 0.35)[0] < 0.97


def test_without_widening_it_is_held_too_seldom(monkeypatch):
    monkeypatch.setattr(measuring, "few", lambda counts: False)
    assert held(95, 5, 0.026, 0.02)[0] < 0.93


def test_without_strata_it_is_newcombes():
    """His table II, case (a), method 10."""
    assert newcombe(counts((70, 80, 56, 48)), 0.95) == pytest.approx((0.0524, 0.3339), abs=5e-5)
