"""Stretches of one best choice: what they say of each lead is what a look at every choice says."""

import numpy as np
from hypothesis import given

from leadopt.problem.certify_by_scale import Lines
from tests.strategies import examples, shared_rows


def stretches_of(problem, prices):
    """The leads in order of row and size, and their stretches; None if a lead has no choice."""
    order, first = problem.affinity.by_size
    size = problem.affinity.scale[order]
    return order, Lines(problem.affinity.rates, prices, problem.reserve).stretches(size, first)


@given(shared_rows())
@examples(60)
def test_the_choice_of_a_stretch_is_the_best_of_each_of_its_leads(drawn):
    problem, prices = drawn
    order, found = stretches_of(problem, prices)
    worth = (problem.affinity.dense()[order] - prices).max(axis=1, initial=problem.reserve)
    assert (found is None) == np.isneginf(worth).any()
    if found is not None:
        start, rate, price = (np.repeat(array, np.diff(found[0], append=len(order))) for array in found)
        size = problem.affinity.scale[order]
        noise = 1e-14 * (np.abs(worth) + np.abs(prices).max() + np.abs(price))
        assert len(start) == len(order)
        assert (np.abs(rate * size - price - worth) <= noise).all()


@given(shared_rows())
@examples(50)
def test_stretches_start_in_order_and_none_spans_two_rows(drawn):
    problem, prices = drawn
    _, found = stretches_of(problem, prices)
    if found is not None:
        start, first = found[0], problem.affinity.by_size[1]
        assert (np.diff(start) > 0).all()
        assert set(first[:-1][np.diff(first) > 0]) <= set(start)


def test_small_leads_stay_in_the_pool_and_large_ones_go_to_the_steeper_rep():
    lines = Lines(rates=np.array([[1.0, 2.0]]), prices=np.array([1.0, 4.0]), reserve=0.0)
    size = np.array([0.0, 0.5, 1.5, 2.0, 2.5, 3.5, 4.0, 9.0])
    start, rate, price = lines.stretches(size, np.array([0, 8]))
    count = np.diff(start, append=8)
    assert np.repeat(rate, count).tolist() == [0, 0, 1, 1, 1, 2, 2, 2]
    assert np.repeat(price, count).tolist() == [0, 0, 1, 1, 1, 4, 4, 4]


def test_rounding_does_not_cut_a_row_to_pieces():
    rng = np.random.default_rng(2)
    rates, prices = 0.3 + rng.integers(0, 3, (1, 80)) * 2.0**-54, 0.7 + rng.integers(0, 3, 80) * 2.0**-53
    size = np.sort(rng.lognormal(size=100_000))
    start, _, _ = Lines(rates, prices, 0.0).stretches(size, np.array([0, len(size)]))
    assert len(start) < 20
