"""Folds: what is judged is never learned from, time runs forwards, and folds are even."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.evaluate.history.folds import random_folds, rolling_folds, splits


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(2, 6))
def test_blocks_of_time_learn_from_the_past_alone(times, n_folds):
    time = np.array(times, dtype=np.float64)
    fold = rolling_folds(time, n_folds)
    assert fold.min() == 0 and fold.max() <= n_folds
    for _, learned, judged in splits(fold, by_time=True):
        assert learned.any() and judged.any()
        assert time[learned].max() < time[judged].min()


def test_blocks_of_distinct_times_are_even():
    fold = rolling_folds(np.random.default_rng(0).permutation(1000).astype(np.float64), 5)
    assert np.bincount(fold).tolist() == [500, 100, 100, 100, 100, 100]


@given(st.integers(2, 60), st.integers(2, 6), st.integers(0, 5))
def test_folds_by_lot_judge_every_row_once_by_all_others(n_rows, n_folds, seed):
    fold = random_folds(n_rows, n_folds, np.random.default_rng(seed))
    sizes = np.bincount(fold, minlength=n_folds + 1)[1:]
    assert sizes.sum() == n_rows and sizes.max() - sizes.min() <= 1
    times_judged = np.zeros(n_rows)
    for _, learned, judged in splits(fold, by_time=False):
        assert not (learned & judged).any() and (learned | judged).all()
        times_judged += judged
    assert (times_judged == 1).all()


def test_the_same_seed_draws_the_same_folds():
    one, other, third = (random_folds(50, 5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (one == other).all() and (one != third).any()
