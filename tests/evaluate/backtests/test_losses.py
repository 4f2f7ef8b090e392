"""Scores and paired differences: against SciPy, against plain loops, and against what they mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from leadopt.evaluate.backtests.losses import auc, brier_scores, calibration, difference, log_losses
from leadopt.learning.rates.intervals import wilson

rows = st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 2)), min_size=1, max_size=40)


def arrays(drawn):
    chance, won, fold = (np.array(part) for part in zip(*drawn, strict=True))
    return chance / 10.0, won.astype(np.float64), fold


@given(rows)
def test_auc_is_the_share_of_pairs_of_one_fold_in_the_right_order(drawn):
    chance, won, fold = arrays(drawn)
    pairs = [
        1.0 if chance[i] > chance[j] else 0.5 if chance[i] == chance[j] else 0.0
        for i in np.flatnonzero(won)
        for j in np.flatnonzero(won == 0)
        if fold[i] == fold[j]
    ]
    assert auc(chance, won, fold) == pytest.approx(np.mean(pairs) if pairs else np.nan, nan_ok=True)


def test_losses_are_surprise_and_squared_error():
    chance, won = np.array([0.25, 0.25]), np.array([1.0, 0.0])
    assert log_losses(chance, won) == pytest.approx([np.log(4), np.log(4 / 3)])
    assert brier_scores(chance, won) == pytest.approx([0.75**2, 0.25**2])


@given(st.integers(0, 30), st.integers(1, 30), st.sampled_from([0.8, 0.9, 0.95]))
def test_wilson_agrees_with_scipy(k, more, level):
    interval = binomtest(k, k + more).proportion_ci(level, method="wilson")
    assert wilson(k, k + more, level) == pytest.approx((interval.low, interval.high), abs=1e-12)


@given(rows)
def test_bins_hold_every_row_once_in_order_and_their_own_rates(drawn):
    chance, won, _ = arrays(drawn)
    bins = calibration(chance, won)
    assert sum(one.n for one in bins) == len(won)
    assert sum(one.n * one.rate for one in bins) == pytest.approx(won.sum())
    assert sum(one.n * one.chance for one in bins) == pytest.approx(chance.sum())
    assert [one.chance for one in bins] == sorted(one.chance for one in bins)
    assert all(one.low <= one.rate <= one.high for one in bins)


def test_chances_that_are_all_alike_make_one_bin():
    chance = 0.6 + 0.001 * np.arange(20)
    assert len(calibration(chance, np.ones(20))) == 1
    assert len(calibration(np.linspace(0.1, 0.9, 100), np.ones(100))) == 10
    assert calibration(np.zeros(0), np.zeros(0)) == ()


@given(st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 4)), min_size=2, max_size=30))
def test_a_difference_has_the_error_of_its_clusters(drawn):
    paired, cluster = (np.array(part) for part in zip(*drawn, strict=True))
    found = difference("a", "b", np.zeros(len(paired)), paired, cluster, level=0.9)
    names = sorted(set(cluster.tolist()))
    assert found.gain == pytest.approx(paired.mean())
    if len(names) < 2:
        assert (found.error, found.low, found.high) == (np.inf, -np.inf, np.inf)
        return
    sums = [(paired[cluster == name] - paired.mean()).sum() for name in names]
    sizes = [(cluster == name).sum() for name in names]
    error = np.sqrt(len(names) / (len(names) - 1) * np.sum(np.square(sums))) / len(paired)
    freedom = np.sum(sizes) ** 2 / np.sum(np.square(sizes)) - 1
    assert found.error == pytest.approx(error, abs=1e-12)
    assert found.freedom == pytest.approx(freedom)
    assert found.high - found.gain == pytest.approx(t.ppf(0.95, freedom) * error, rel=1e-6, abs=1e-12)


def test_clusters_of_one_row_have_the_textbook_error():
    paired = np.random.default_rng(0).normal(size=50)
    found = difference("a", "b", np.zeros(50), paired, np.arange(50), level=0.9)
    assert found.error == pytest.approx(paired.std(ddof=1) / np.sqrt(50))
    assert found.freedom == pytest.approx(49)


def test_folds_by_lot_widen_the_error():
    paired, cluster = np.random.default_rng(0).normal(size=60), np.arange(60) % 20
    by_time, by_lot = (
        difference("a", "b", np.zeros(60), paired, cluster, level=0.9, folds_by_lot=folds) for folds in (0, 5)
    )
    assert by_lot.error == pytest.approx(by_time.error * np.sqrt(1 + 5 / 4))
    assert by_lot.gain == by_time.gain
