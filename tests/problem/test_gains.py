"""`Affinity`: gains by their definition, what it finds out about itself, and what it refuses."""

import copy
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.problem import blocks
from leadopt.problem import gains as module
from leadopt.problem.gains import Affinity
from tests.strategies import affinities, examples


def test_affinity_is_rates_times_scale():
    gains = Affinity(rates=[[0.1, -np.inf]], row=[0, 0], scale=[1.0, 0.0])
    assert gains.dense().tolist() == [[0.1, -np.inf], [0.0, -np.inf]]
    assert gains.at([0, 1], [0, 1]).tolist() == [0.1, -np.inf]
    assert (gains.n_leads, gains.n_reps, gains.eligible.tolist()) == (2, 2, [[True, False]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"rates": [[np.nan]]},
            "affinity, row 0, rep 0: gains must be finite, or -inf for an ineligible pair; found nan",
        ),
        ({"rates": [0.1]}, "affinity.rates: must have 2 dimensions; found 1"),
        ({"rates": [["x"]]}, "affinity.rates: must be numbers"),
        ({"rates": [[0.1]], "row": [1]}, "affinity.row: must be from 0 to 0; found 1 to 1"),
        ({"rates": [[0.1]], "row": [0.5]}, "affinity.row: must be whole numbers"),
        ({"rates": [[0.1]], "scale": [1, 2]}, "without `row`, `scale` needs one entry per row; found 2 for 1"),
        ({"rates": [[0.1]], "row": [0, 0], "scale": [1]}, "one entry per lead; found 1 for 2 leads"),
        ({"rates": [[0.1]], "scale": [-1]}, "affinity.scale of lead 0: must be finite and not negative; found -1.0"),
    ],
)
def test_a_wrong_affinity_says_where_and_what(arguments, message):
    with pytest.raises(InvalidInput) as refused:
        Affinity(**arguments)
    assert message in str(refused.value)


def naive(affinity):
    """The gains by their definition."""
    with np.errstate(invalid="ignore"):
        gains = affinity.rates[affinity.row] * affinity.scale[:, None]
    return np.where(np.isnan(gains), -np.inf, gains)


@given(st.integers(1, 9).flatmap(lambda n: affinities(n, 3)), st.data())
@examples(40)
def test_every_way_to_ask_for_a_gain_gives_the_same(affinity, data):
    gains, n = naive(affinity), affinity.n_leads
    leads = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=12)), dtype=np.int64)
    start = data.draw(st.integers(0, n))
    stop = data.draw(st.integers(start, n))
    mask = gains[:, 0] > 0
    np.testing.assert_array_equal(affinity.dense(), gains)
    np.testing.assert_array_equal(affinity.of(leads), gains[leads])
    np.testing.assert_array_equal(affinity.of(mask), gains[mask])
    np.testing.assert_array_equal(affinity.of(n - 1), gains[n - 1])
    np.testing.assert_array_equal(affinity.at(leads, leads % 3), gains[leads, leads % 3])
    np.testing.assert_array_equal(affinity.at(leads, 1), gains[leads, 1])
    np.testing.assert_array_equal(affinity.between(start, stop, np.empty((stop - start, 3))), gains[start:stop])
    assert affinity.largest == np.abs(gains[gains > -np.inf]).max(initial=0.0) <= affinity.largest_at_most
    if affinity.is_dense:
        assert affinity.rates.tobytes() == gains.tobytes()


def test_what_is_returned_is_the_callers_own():
    rates = np.ones((3, 2))
    affinity = Affinity(rates=rates)
    for gains in (affinity.dense(), affinity.of([0, 1]), affinity.of(0), affinity.at([0], [1])):
        gains[...] = 7.0
    assert (affinity.rates == 1.0).all()


@pytest.mark.parametrize(
    ("arguments", "is_dense"),
    [
        ({}, True),
        ({"row": [0, 1, 2], "scale": [1.0, 1.0, 1.0]}, True),
        ({"row": [0, 2, 1]}, False),
        ({"row": [0, 1]}, False),
        ({"scale": [1.0, 1.0, 2.0]}, False),
    ],
)
def test_a_matrix_is_dense_however_it_is_given(arguments, is_dense):
    assert Affinity(rates=np.ones((3, 2)), **arguments).is_dense is is_dense


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))])
def test_a_copy_finds_out_again_what_is_known(again):
    affinity = Affinity(rates=[[1.0, -2.0], [0.5, -np.inf]], row=[1, 0, 1], scale=[3.0, 1.0, 2.0])
    for one in (affinity, again(affinity)):
        assert (one.largest, one.largest_at_most, one.is_dense) == (2.0, 6.0, False)
        assert [array.tolist() for array in one.by_size] == [[1, 2, 0], [0, 1, 3]]


ODD = {
    "float32": lambda a: a.astype(np.float32),
    "integers": lambda a: a.astype(np.int16),
    "big-endian": lambda a: a.astype(">f8"),
    "columns first": np.asfortranarray,
    "every other row": lambda a: np.repeat(a, 2, axis=0)[::2],
    "backwards": lambda a: a[::-1].copy()[::-1],
    "a list": lambda a: a.tolist(),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_rates_of_any_type_and_order_are_legal(odd):
    rates = np.arange(12.0).reshape(4, 3)
    affinity = Affinity(rates=odd(rates))
    assert affinity.rates.flags.c_contiguous
    assert affinity.rates.tobytes() == affinity.dense().tobytes() == rates.tobytes()


def test_rates_that_fit_are_not_copied_and_may_be_read_only():
    rates = np.ones((4, 3))
    assert np.shares_memory(Affinity(rates=rates).rates, rates)
    rates.flags.writeable = False
    assert np.shares_memory(Affinity(rates=rates).rates, rates)


@pytest.mark.parametrize("block", [1, 40, 1 << 17])
@pytest.mark.parametrize("cell", [(0, 0), (0, 3), (51, 1), (99, 3)])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("ineligible", [False, True])
def test_a_wrong_rate_is_found_wherever_it_is(block, cell, wrong, ineligible, monkeypatch):
    monkeypatch.setattr(blocks, "_BLOCK", block)
    monkeypatch.setattr(blocks, "_WORTH_THREADS", 0)
    rates = np.ones((100, 4))
    rates[:, 2] = -np.inf if ineligible else -1.0
    rates[cell] = wrong
    rates[99, 3] = wrong  # the first one is named
    where = f"affinity, row {cell[0]}, rep {cell[1]}"
    message = f"{where}: gains must be finite, or -inf for an ineligible pair; found {wrong}"
    with pytest.raises(InvalidInput) as refused:
        Affinity(rates=rates)
    assert str(refused.value) == message


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1e-300, -np.inf])
def test_a_wrong_scale_is_found_wherever_it_is(wrong):
    scale = np.ones(50)
    scale[[41, 49]] = wrong
    with pytest.raises(InvalidInput, match=r"affinity.scale of lead 41: must be finite and not negative; found"):
        Affinity(rates=[[1.0]], row=np.zeros(50, dtype=int), scale=scale)


@pytest.mark.parametrize(("n_leads", "n_rows"), [(0, 0), (0, 3), (1, 1), (50, 40), (5000, 7), (5000, 1), (200, 200)])
@pytest.mark.parametrize("few_leads", [0, 10**9])
def test_by_size_orders_the_leads_of_each_row_and_keeps_ties_in_order(n_leads, n_rows, few_leads, monkeypatch):
    monkeypatch.setattr("leadopt.problem.gains._FEW_LEADS", few_leads)
    rng = np.random.default_rng(0)
    row, scale = rng.integers(0, max(1, n_rows), n_leads), rng.integers(0, 30, n_leads) / 7
    affinity = Affinity(rates=np.ones((n_rows, 2)), row=row, scale=scale)
    order, start = affinity.by_size
    assert order.tolist() == sorted(range(n_leads), key=lambda lead: (row[lead], scale[lead], lead))
    assert [row[order[low:high]].tolist() for low, high in pairwise(start)] == [
        [k] * int((row == k).sum()) for k in range(n_rows)
    ]
    assert (order.dtype, start.dtype, len(start), start[-1]) == (np.int64, np.int64, n_rows + 1, n_leads)
    assert affinity.by_size[0] is order
    with pytest.raises(ValueError, match="read-only"):
        start[0] = 1


def test_more_rows_than_16_bits_are_sorted_too():
    row = np.repeat(np.array([70_000, 3, 65_539, 3]), 40)
    affinity = Affinity(rates=np.ones((70_001, 1)), row=row, scale=np.arange(160.0)[::-1])
    assert affinity.by_size[0].tolist() == np.lexsort((affinity.scale, row)).tolist()


def test_the_largest_gain_with_some_reps_is_found_once(monkeypatch):
    affinity, asked = Affinity(rates=[[1.0, -3.0], [2.0, -np.inf]]), []

    def counted(*given):
        asked.append(given)
        return blocks.over_blocks(*given)

    monkeypatch.setattr(module, "over_blocks", counted)
    first, both = np.array([True, False]), np.array([True, True])
    assert [affinity.largest_with(reps) for reps in (first, both, first, both)] == [2.0, 3.0, 2.0, 3.0]
    assert len(asked) == 2
