"""The curve against SciPy's and one counted by hand; what censored rows may and may not do; how often limits hold."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from leadopt.learning.rates.intervals import wilson
from leadopt.learning.rates.kaplan_meier import kaplan_meier

LEVEL = 0.9
ROWS = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25)


def curve_of(rows, weight=None):
    time, ended = zip(*rows, strict=True) if rows else ((), ())
    return kaplan_meier(np.array(time, dtype=np.float64), np.array(ended, dtype=bool), weight)


def by_hand(rows, time):
    """The part that waits still after a time, and Greenwood's sum, in fractions."""
    left, spread = Fraction(1), Fraction(0)
    for at in sorted({when for when, ended in rows if ended and when <= time}):
        n, d = sum(when >= at for when, _ in rows), sum(when == at and ended for when, ended in rows)
        left *= 1 - Fraction(d, n)
        spread += Fraction(d, n * (n - d)) if n > d else 0
    return left, spread


@given(ROWS)
def test_it_is_that_of_fractions(rows):
    curve = curve_of(rows)
    for place, at in enumerate(curve.at.tolist()):
        left, spread = by_hand(rows, at)
        assert curve.waiting[place] == pytest.approx(float(left), abs=1e-12)
        if left:
            assert curve.spread[place] == pytest.approx(float(spread), rel=1e-9)


@given(ROWS.filter(lambda rows: any(ended for _, ended in rows)))
def test_it_is_that_of_scipy(rows):
    seen = CensoredData(uncensored=[at for at, ended in rows if ended], right=[at for at, ended in rows if not ended])
    survival = ecdf(seen).sf
    curve = curve_of(rows)
    assert np.allclose(survival.evaluate(curve.at), curve.waiting, atol=1e-12)


def test_a_textbook_example():
    # Six waits, one of them not over at 3: 1 - 1/6, then of 4 that are left one, then two of three.
    curve = curve_of([(1, True), (3, False), (4, True), (5, True), (5, True), (9, False)])
    assert curve.waiting == pytest.approx([5 / 6, 5 / 6 * 3 / 4, 5 / 6 * 3 / 4 * 1 / 3])
    assert (curve.n, curve.n_ended, curve.reach) == (6, 4, 9.0)
    assert curve.quantile(0.5, LEVEL).value == 5.0
    assert curve.by(4.5, LEVEL).value == pytest.approx(1 - 5 / 8)
    assert np.isnan(curve.by(9.5, LEVEL).value)
    assert curve.quantile(0.9, LEVEL) == pytest.approx((np.inf, 5.0, np.inf))


@given(ROWS, st.integers(0, 12), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_wait_that_lasts_still_brings_no_quantile_forward(rows, until, part):
    before, after = curve_of(rows), curve_of([*rows, (until, False)])
    assert after.quantile(part, LEVEL).value >= before.quantile(part, LEVEL).value


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_is_nothing(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    one, other = curve_of(rows), curve_of(mixed)
    assert np.array_equal(one.waiting, other.waiting)
    assert one.quantile(0.5, LEVEL) == other.quantile(0.5, LEVEL)


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 3)), min_size=1, max_size=12))
def test_a_weight_of_two_is_two_rows_as_to_the_curve(rows):
    weighted = curve_of([row[:2] for row in rows], np.array([row[2] for row in rows], dtype=np.float64))
    repeated = curve_of([row[:2] for row in rows for _ in range(row[2])])
    assert np.allclose(weighted.at, repeated.at)
    assert np.allclose(weighted.waiting, repeated.waiting, atol=1e-12)


@given(ROWS)
def test_equal_weights_change_nothing(rows):
    one, other = curve_of(rows), curve_of(rows, np.full(len(rows), 0.3))
    assert np.allclose(one.waiting, other.waiting, atol=1e-12)
    assert one.by(6.0, LEVEL) == pytest.approx(other.by(6.0, LEVEL), nan_ok=True)
    assert one.quantile_within(0.5, 6.0, LEVEL) == pytest.approx(other.quantile_within(0.5, 6.0, LEVEL), nan_ok=True)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=20), st.integers(0, 12))
def test_where_all_have_ended_the_interval_is_wilsons(times, until):
    k, n = sum(at <= until for at in times), len(times)
    assert curve_of([(at, True) for at in times]).by(float(until), LEVEL) == pytest.approx(
        (k / n, *wilson(k, n, LEVEL))
    )


@given(ROWS, st.sampled_from([0.1, 0.5, 0.9]))
def test_a_value_is_within_its_limits(rows, part):
    curve = curve_of(rows)
    found = [curve.quantile(part, LEVEL), *(curve.by(float(at), LEVEL) for at in range(13))]
    found += [curve.quantile_within(part, float(at), LEVEL) for at in range(13)]
    for one in found:
        assert np.isnan(one.value) or one.low - 1e-9 <= one.value <= one.high + 1e-9


def test_nothing_seen_is_not_known():
    curve = curve_of([])
    for found in (curve.by(1.0, LEVEL), curve.quantile(0.5, LEVEL), curve.quantile_within(0.5, 1.0, LEVEL)):
        assert np.isnan(found.value)


def test_long_ago_nothing_had_ended_of_those_who_were_seen_so_long():
    # A hundred are seen for a day, and one for thirty: of the thirtieth day that one alone tells.
    curve = curve_of([(1, False)] * 100 + [(30, False)])
    assert curve.by(30.0, LEVEL) == pytest.approx((0.0, *wilson(0, 1, LEVEL)))


def test_a_twentieth_that_waits_still_leaves_the_upper_end_open():
    curve = curve_of([(1, True)] * 19 + [(2, False)])
    ended = curve.by(2.0, LEVEL)
    assert ended == pytest.approx((0.95, *wilson(19, 20, LEVEL)))
    assert curve.by(30.0, LEVEL) == pytest.approx((0.95, ended.low, 1.0))
    assert np.isnan(curve_of([(1, True)] * 18 + [(2, False)] * 2).by(30.0, LEVEL).value)


def test_of_wins_within_a_time_the_median_is_that_of_wins():
    # Of ten, four end within 8, at 1, 2, 4 and 8; without any censored, the median of these is the second.
    curve = curve_of([(1, True), (2, True), (4, True), (8, True), *[(20, False)] * 6])
    assert curve.quantile_within(0.5, 8.0, LEVEL).value == 2.0
    assert curve.quantile_within(0.5, 4.5, LEVEL).value == 2.0
    assert curve.quantile(0.5, LEVEL).value == np.inf


def held(truth, found):
    return found.low <= truth <= found.high


@pytest.mark.parametrize("n", [40, 150])
def test_intervals_hold_the_truth_as_often_as_they_say(n):
    rng, trials = np.random.default_rng(8), 400
    hits = np.zeros(3)
    for _ in range(trials):
        wait, seen = rng.exponential(1.0, n), rng.uniform(0.3, 3.0, n)
        curve = kaplan_meier(np.minimum(wait, seen), wait <= seen)
        part = 1 - np.exp(-1.5)
        truths = (1 - np.exp(-0.8), np.log(2.0), -np.log(1 - part / 2))
        found = (curve.by(0.8, LEVEL), curve.quantile(0.5, LEVEL), curve.quantile_within(0.5, 1.5, LEVEL))
        hits += [held(truth, one) for truth, one in zip(truths, found, strict=True)]
    assert (hits / trials > 0.86).all(), hits / trials
    assert (hits / trials < 0.95).all(), hits / trials
