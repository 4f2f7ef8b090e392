"""Outcomes by cell, discounted by age and by weight."""

import numpy as np

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
