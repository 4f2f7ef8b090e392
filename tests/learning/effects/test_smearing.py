"""Amounts are corrected where the log-normal form clearly misses them, and left alone where chance would do as much."""

import numpy as np
import pytest

from leadopt.learning.effects.smearing import learn_correction


def correction(y, expected):
    """Of amounts in one cell."""
    return learn_correction(
        np.array([expected]), np.array([float(len(y))]), np.array([y.sum()]), np.array([(y**2).sum()])
    )


def test_amounts_that_are_clearly_missed_are_met():
    y = np.random.default_rng(0).choice([10.0, 1000.0], 4_000)
    found = correction(y, 3.0 * y.mean())
    assert found.log_factor == pytest.approx(-np.log(3.0), rel=0.02)
    assert 0.0 < found.variance < 2e-3


def test_chance_is_left_alone_most_of_the_time():
    factors = []
    for seed in range(200):
        y = np.exp(np.random.default_rng(seed).normal(0.0, 1.0, 200))
        factors.append(correction(y, np.exp(0.5)).log_factor)
    assert np.mean(np.array(factors) == 0.0) > 0.6
    assert np.sqrt(np.mean(np.square(factors))) < 0.08  # the plain ratio scatters by 0.09


def test_a_few_huge_amounts_say_little():
    y = np.append(np.full(200, 100.0), [100_000.0, 100_000.0])
    assert correction(y, 130.0).log_factor == 0.0


def test_the_unit_makes_no_difference():
    y = np.exp(np.random.default_rng(1).normal(0.0, 1.0, 500))
    plain, large = correction(y, 1.0), correction(1e80 * y, 1e80)
    assert plain.log_factor == pytest.approx(large.log_factor)
    assert plain.log_factor > 0.1
