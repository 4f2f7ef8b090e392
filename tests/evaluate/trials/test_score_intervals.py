"""Score intervals agree with published ones, and their rates are the likeliest there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import xlogy

from leadopt.evaluate.trials.measure_lift import _by_lead
from leadopt.evaluate.trials.score_intervals import (
    _likeliest_apart,
    _likeliest_in_ratio,
    _score,
    difference_interval,
    ratio_interval,
)
from tests.evaluate.trials.test_conditional import counts

Z = 1.959964


def test_differences_are_those_of_miettinen_and_nurminen():
    """Newcombe (1998), table II, method 6, cases (a), (b): 56 of 70 against 48 of 80, and 9 of 10 against 3 of 10."""
    assert difference_interval(counts((70, 80, 56, 48)), Z) == pytest.approx((0.0528, 0.3382), abs=5e-5)
    assert difference_interval(counts((10, 10, 9, 3)), Z) == pytest.approx((0.1700, 0.8406), abs=5e-5)


def test_ratios_are_those_of_koopman():
    """His example: 36 of 40 against 16 of 80; Miettinen and Nurminen's have n / (n - 1) more variance."""
    assert ratio_interval(counts((40, 80, 36, 16)), Z) == pytest.approx((2.940, 7.152), abs=0.03)


def test_nothing_converted_at_random_leaves_ratios_without_end():
    low, high = ratio_interval(counts((20, 10, 9, 0)), Z)
    assert low > 0.0 and high == np.inf
    assert ratio_interval(counts((20, 10, 0, 0)), Z) == (0.0, np.inf)


@pytest.mark.parametrize("close", [3.0267146129828824e-12, 1e-9, 0.0, -1e-9])
def test_rates_of_none_and_of_all_are_ends_of_the_range(close):
    """Found by Hypothesis: nothing of 2 and 2 converted, rates 3e-12 apart: the cubic's root was 4e-9 for 0."""
    none, every = counts((2, 2, 0, 0)), counts((1, 41, 1, 41))
    assert np.stack(_likeliest_apart(none, close)).min() == 0.0
    assert np.stack(_likeliest_apart(every, close)).max() == 1.0
    assert np.stack(_likeliest_in_ratio(none, 1.0 + close)).max() == 0.0
    assert np.stack(_likeliest_in_ratio(every, 1.0 + close)).max() == pytest.approx(1.0, abs=1e-15)


@given(st.data())
def test_rates_are_the_likeliest_that_differ_so_much(data):
    n1, n0 = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40))
    k1, k0 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n0))
    apart, ratio = data.draw(st.floats(-0.95, 0.95)), data.draw(st.floats(0.05, 20.0))
    trial, grid = counts((n1, n0, k1, k0)), np.linspace(0.0, 1.0, 2001)

    def fit(p1, p0):
        return xlogy(k1, p1) + xlogy(n1 - k1, 1 - p1) + xlogy(k0, p0) + xlogy(n0 - k0, 1 - p0)

    p0 = max(0.0, -apart) + grid * (min(1.0, 1.0 - apart) - max(0.0, -apart))
    assert fit(*_likeliest_apart(trial, apart))[0] >= fit(np.clip(p0 + apart, 0, 1), p0).max() - 1e-8
    p0 = grid * min(1.0, 1.0 / ratio)
    assert fit(*_likeliest_in_ratio(trial, ratio))[0] >= fit(np.clip(p0 * ratio, 0, 1), p0).max() - 1e-8


def scores(trial, differences):
    """By how many standard errors each difference is off."""
    apart = [(d, *_likeliest_apart(trial, float(d))) for d in differences]
    return np.array([_score(trial, trial.difference - d, p1, p0, 1.0) for d, p1, p0 in apart])


def test_scores_that_rise_again_do_not_make_measured_intervals_disagree():
    """Found by Hypothesis: 4 of 4 converted in one stratum of three. The test rejects 0 and not what is just above.

    So 0 is between differences that are not rejected, and the score of ratios, which falls, excludes 1.
    """
    trial = counts((1, 1, 0, 0), (1, 2, 0, 0), (1, 4, 0, 4))
    at_0, above = scores(trial, [0.0, 0.05])
    assert at_0 == pytest.approx(-2.0) and above > -Z
    assert difference_interval(trial, Z)[1] > 0.05 and ratio_interval(trial, Z)[1] < 1.0
    (_, high), (_, ratio_high) = _by_lead(trial, 0.95)
    assert (high < 0.0) == (ratio_high < 1.0)


@given(st.lists(st.tuples(*[st.integers(1, 9)] * 2, *[st.floats(0, 1)] * 2), min_size=1, max_size=4))
def test_both_intervals_hold_what_was_seen_and_exclude_nothing_only_where_the_test_does(strata):
    trial = counts(*((n1, n0, round(n1 * p1), round(n0 * p0)) for n1, n0, p1, p0 in strata))
    low, high = difference_interval(trial, Z)
    ratio_low, ratio_high = ratio_interval(trial, Z)
    assert low - 1e-9 <= trial.difference <= high + 1e-9
    at_0 = scores(trial, [0.0])[0]
    for lowest, highest, nothing in ((low, high, 0.0), (ratio_low, ratio_high, 1.0)):
        assert lowest <= nothing + 1e-6 or at_0 > Z - 1e-6
        assert highest >= nothing - 1e-6 or at_0 < -Z + 1e-6
    falls = (np.diff(scores(trial, np.linspace(-0.999, 0.999, 334))) <= 1e-9).all()
    if falls and abs(low) > 1e-6 and abs(high) > 1e-6 and (trial.k1 + trial.k0).any():
        assert (low > 0) == (ratio_low > 1) and (high < 0) == (ratio_high < 1)
