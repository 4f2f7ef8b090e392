"""Outcomes by cell, discounted by age and by weight."""

import numpy as np
import pytest

from leadopt.learning.history.tally import Tally

NOWHERE = np.zeros(2, dtype=np.int64)


def test_a_half_life_halves():
    tally = Tally.of(NOWHERE, np.array([4, 4]), np.array([1, 0]), day=np.array([100, 130]), half_life=30.0)
    assert tally.tried.tolist() == [8, 0]
    assert tally.weighted_tried.tolist() == [6.0, 0.0]
    assert tally.weighted_converted.tolist() == [2.0, 0.0]


def test_weights_multiply_counts():
    tally = Tally.of(NOWHERE, np.array([4, 4]), np.array([1, 0]), weight=np.array([0.5, 2.0]))
    assert tally.tried.tolist() == [8, 0]
    assert tally.weighted_tried.tolist() == [10.0, 0.0]
    assert tally.weighted_converted.tolist() == [2.0, 0.0]


def test_a_key_without_a_cell_finds_the_empty_one():
    tally = Tally.of(np.array([7, 3, 7]), np.array([1, 2, 3]), np.array([1, 0, 0]))
    assert tally.keys.tolist() == [3, 7]
    assert tally.tried[tally.find(np.array([7, 5, 3, 99]))].tolist() == [4, 0, 2, 0]


@pytest.mark.parametrize("half_life", [None, 30.0])
@pytest.mark.parametrize("kind", ["whole", "parts"])
def test_no_last_digit_depends_on_the_order_of_the_history(half_life, kind):
    rng = np.random.default_rng(1)
    keys, count, won, day = (rng.integers(n, size=500) for n in (9, 20, 2, 300))
    weight = rng.integers(1, 9, size=500).astype(float) if kind == "whole" else rng.random(500)
    found = set()
    for seed in range(4):
        row = np.random.default_rng(seed).permutation(500)
        parts = {"weight": weight[row], "day": day[row], "half_life": half_life}
        tally = Tally.of(keys[row], count[row], won[row], **parts)
        found.add((tally.weighted_tried.tobytes(), tally.weighted_converted.tobytes(), tally.keys.tobytes()))
    assert len(found) == 1
    if half_life is None:
        assert tally.weighted_tried[:-1] == pytest.approx(np.bincount(keys, count * weight), rel=1e-12)
