"""Rates and differences against sums over all outcomes, SciPy and sampling."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2, poisson

from leadopt.learning.rates.estimate import UNKNOWN, Estimate, difference, events_over, ratio, share

LEVEL = 0.9


@given(st.integers(0, 60), st.floats(0.1, 50))
def test_events_have_the_limits_of_garwood(count, exposure):
    low = chi2.ppf(0.05, 2 * count) / 2 if count else 0.0
    found = events_over(count, exposure, LEVEL)
    assert found == pytest.approx((count / exposure, low / exposure, chi2.ppf(0.95, 2 * count + 2) / 2 / exposure))


@pytest.mark.parametrize("mean", [0.3, 1.0, 3.0, 12.0])
def test_limits_of_events_are_never_too_narrow(mean):
    counts = np.arange(80)
    inside = [events_over(k, 1.0, LEVEL).low <= mean <= events_over(k, 1.0, LEVEL).high for k in counts.tolist()]
    assert poisson.pmf(counts, mean)[inside].sum() >= LEVEL


@given(st.integers(1, 30), st.data())
def test_a_weight_for_all_is_none(n, data):
    k = data.draw(st.integers(0, n))
    happened = np.array([1.0] * k + [0.0] * (n - k))
    one, other = share(happened, np.ones(n), LEVEL), share(happened, np.full(n, 0.25), LEVEL)
    assert one == pytest.approx(other)
    assert one.low <= k / n <= one.high


def test_weighted_rows_tell_less():
    happened = np.array([1.0, 0.0] * 20)
    even, uneven = np.ones(40), np.array([1.0] * 20 + [4.0] * 20)
    wide, narrow = share(happened, uneven, LEVEL), share(happened, even, LEVEL)
    assert wide.value == narrow.value == 0.5
    assert wide.high - wide.low > narrow.high - narrow.low


def test_of_nothing_nothing_is_known():
    assert np.isnan(share(np.zeros(0), np.zeros(0), LEVEL).value)
    assert np.isnan(events_over(0, 0.0, LEVEL).value)
    assert np.isnan(difference(UNKNOWN, Estimate(1.0, 0.5, 2.0)).value)
    assert np.isnan(difference(Estimate(float("inf"), 3.0, float("inf")), Estimate(1.0, 0.5, 2.0)).value)
    assert np.isnan(ratio(Estimate(1.0, 0.5, 2.0), Estimate(0.0, 0.0, 2.0)).value)


def test_an_open_end_stays_open():
    found = difference(Estimate(5.0, 4.0, float("inf")), Estimate(1.0, 0.5, 2.0))
    assert (found.value, found.high) == (4.0, float("inf"))
    assert found.low == pytest.approx(4.0 - 2**0.5)
    assert ratio(Estimate(5.0, 4.0, float("inf")), Estimate(1.0, 0.0, 2.0)).high == float("inf")


@pytest.mark.parametrize(("p1", "p0"), [(0.3, 0.2), (0.1, 0.1), (0.95, 0.8)])
def test_differences_of_rates_hold_the_truth_as_often_as_they_say(p1, p0):
    n1, n0, total = 30, 25, 0.0
    of = {(k, n): share(np.arange(n) < k, np.ones(n), LEVEL) for n in (n1, n0) for k in range(n + 1)}
    for k1, k0 in product(range(n1 + 1), range(n0 + 1)):
        found = difference(of[k1, n1], of[k0, n0])
        total += (found.low <= p1 - p0 <= found.high) * binom.pmf(k1, n1, p1) * binom.pmf(k0, n0, p0)
    assert 0.87 < total < 0.96


def test_a_ratio_is_a_difference_of_logarithms():
    rng, hits = np.random.default_rng(2), 0
    for _ in range(400):
        one, other = events_over(rng.poisson(40), 2.0, LEVEL), events_over(rng.poisson(25), 1.0, LEVEL)
        found = ratio(one, other)
        hits += found.low <= 0.8 <= found.high
    assert 0.87 < hits / 400 < 0.96
