"""`SparseRows`: what a sparse matrix says, every way to ask for it, and what it refuses."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput, MemoryWarning
from leadopt.matching import match
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates import sparse_rows
from leadopt.problem.rates.sparse_rows import SparseRows, few_pairs
from tests.strategies import affinities, examples

FORMATS = [getattr(scipy.sparse, f"{name}_{kind}") for name in ("csr", "csc", "coo") for kind in ("array", "matrix")]
NO = -np.inf


def sparse(affinity):
    return Affinity(rates=SparseRows.of_dense(affinity.rates), row=affinity.row, scale=affinity.scale)


@pytest.mark.parametrize("make", FORMATS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("dtype", [float, np.float32, int, bool])
def test_what_a_sparse_matrix_stores_is_eligible_even_where_it_gains_nothing(make, dtype):
    stored = scipy.sparse.coo_array((np.array([1, 0, 1], dtype=dtype), ([0, 0, 2], [2, 0, 1])), shape=(4, 3))
    given_matrix = make(stored)
    found = Affinity(rates=given_matrix)
    assert found.is_sparse and not found.is_dense
    assert found.dense().tolist() == [[0.0, NO, 1.0], [NO, NO, NO], [NO, 1.0, NO], [NO, NO, NO]]
    assert match(given_matrix, 1).rep_of_lead.tolist() == [2, -1, 1, -1]
    assert Problem(affinity=given_matrix, capacity=1).affinity.n_pairs == 3


def test_what_is_stored_twice_is_added_up_and_what_is_out_of_order_is_put_in_order():
    twice = scipy.sparse.coo_array(([1.0, 2.0, 4.0], ([0, 0, 0], [1, 0, 1])), shape=(1, 3))
    assert Affinity(rates=twice).dense().tolist() == [[2.0, 5.0, NO]]
    mixed = scipy.sparse.csr_array((np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), np.array([0, 3])), shape=(1, 3))
    before = mixed.indices.tolist()
    assert Affinity(rates=mixed).dense().tolist() == [[2.0, NO, 5.0]]
    assert mixed.indices.tolist() == before  # the user's own stays as it is


def test_a_stored_minus_inf_is_ineligible_as_in_a_matrix():
    stored = scipy.sparse.csr_array(([1.0, NO], ([0, 0], [0, 1])), shape=(1, 2))
    found = Affinity(rates=stored)
    assert found.n_pairs == 1 and found.dense().tolist() == [[1.0, NO]]


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (
            scipy.sparse.csr_array([[0.0, np.nan]]),
            "affinity, row 0, rep 1: the gain of an eligible pair must be finite",
        ),
        (
            scipy.sparse.csc_array([[0.0], [np.inf]]),
            "affinity, row 1, rep 0: the gain of an eligible pair must be finite",
        ),
        (scipy.sparse.csr_array([[1j]]), "affinity: gains must be real numbers; found complex128"),
        (scipy.sparse.lil_array([[1.0]]), "in the format csr, csc or coo"),
        (scipy.sparse.dia_array([[1.0]]), "found dia with 2 dimensions"),
        (scipy.sparse.coo_array([1.0]), "found coo with 1 dimension"),
    ],
)
def test_a_sparse_matrix_that_cannot_be_meant_is_refused(matrix, message):
    with pytest.raises(InvalidInput) as refused:
        Affinity(rates=matrix)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gain": [1.0]}, "need first (rows + 1,), rep (pairs,) and gain (pairs,)"),
        ({"first": []}, "need first (rows + 1,), rep (pairs,) and gain (pairs,)"),
        ({"first": [0, 2, 1, 3]}, "affinity.first: must rise from 0 to the 3 pairs; found 0 to 3"),
        ({"first": [0, 1]}, "affinity.first: must rise from 0 to the 3 pairs; found 0 to 1"),
        ({"rep": [0, 2, 1]}, "affinity, row 0: reps must be from 0 to 1; found 2"),
        ({"rep": [1, 0, 1]}, "affinity, row 0: its reps must ascend, each once; found 1, then 0"),
        ({"rep": [1, 1, 1]}, "affinity, row 0: its reps must ascend, each once; found 1, then 1"),
        (
            {"gain": [1.0, 2.0, np.nan]},
            "affinity, row 2, rep 1: the gain of an eligible pair must be finite; found nan",
        ),
        ({"gain": ["x", 1, 2]}, "affinity: eligible pairs must be arrays of numbers"),
    ],
)
def test_wrong_pairs_say_where_and_what(changes, message):
    right = {"first": [0, 2, 2, 3], "rep": [0, 1, 1], "gain": [1.0, 2.0, 3.0], "n_reps": 2}
    assert SparseRows(**right).n_pairs == 3
    with pytest.raises(InvalidInput) as refused:
        SparseRows(**{**right, **changes})
    assert message in str(refused.value)


@given(st.integers(1, 9).flatmap(lambda n: affinities(n, 3)), st.data())
@examples(60)
def test_every_way_to_ask_for_a_gain_gives_that_of_the_whole_matrix(affinity, data):
    few, n = sparse(affinity), affinity.n_leads
    gains = affinity.dense()
    leads = np.array(data.draw(st.lists(st.integers(0, n - 1), max_size=12)), dtype=np.int64)
    start = data.draw(st.integers(0, n))
    stop = data.draw(st.integers(start, n))
    np.testing.assert_array_equal(few.dense(), gains)
    np.testing.assert_array_equal(few.of(leads), gains[leads])
    np.testing.assert_array_equal(few.of(gains[:, 0] > 0), gains[gains[:, 0] > 0])
    np.testing.assert_array_equal(few.of(n - 1), gains[n - 1])
    np.testing.assert_array_equal(few.at(leads, leads % 3), gains[leads, leads % 3])
    np.testing.assert_array_equal(few.at(leads, 1), gains[leads, 1])
    np.testing.assert_array_equal(few.between(start, stop, np.empty((stop - start, 3))), gains[start:stop])
    for each in (affinity, few):
        np.testing.assert_array_equal(each.pairs(leads).dense(), gains[leads])
        np.testing.assert_array_equal(each.pairs().dense(), gains)
        np.testing.assert_array_equal(each.pairs_between(start, stop).dense(), gains[start:stop])
        parts = each.over_pairs(leads, lambda first, pairs: (first, pairs.dense()))
        np.testing.assert_array_equal(np.concatenate([np.zeros((0, 3)), *(part for _, part in parts)]), gains[leads])
        assert each.n_pairs == (gains > NO).sum()
        np.testing.assert_array_equal(each.may(each.row), gains > NO)
        np.testing.assert_array_equal(each.reaches([0, 2])[each.row], (gains[:, [0, 2]] > NO).any(axis=1))
        assert each.largest == np.abs(gains[gains > NO]).max(initial=0.0) <= each.largest_at_most
    for name in ("n_options", "eligible", "n_negative", "largest_of_rows", "best_rates", "full_rates"):
        one, other = (getattr(each, name) for each in (affinity, few))
        np.testing.assert_array_equal(other() if callable(other) else other, one() if callable(one) else one)
    mask = np.array([True, False, True])
    open_gains = np.where(mask, gains[leads], NO)
    for each in (affinity, few):
        best, gain = each.best_of(leads, mask)
        np.testing.assert_array_equal(best, open_gains.argmax(axis=1) if len(leads) else leads)
        np.testing.assert_array_equal(gain, open_gains.max(axis=1, initial=NO))
    np.testing.assert_array_equal(few.best_rates(mask), affinity.best_rates(mask))
    for change in (np.zeros_like, np.negative):
        np.testing.assert_array_equal(few.mapped(change).full_rates(), affinity.mapped(change).full_rates())
    more, row, scale = (
        np.array([[1.0, NO, 0.0]]),
        np.append(affinity.row, affinity.n_rows),
        np.append(affinity.scale, 2.0),
    )
    np.testing.assert_array_equal(few.extended(more, row, scale).dense(), affinity.extended(more, row, scale).dense())
    by, kind = np.arange(6.0).reshape(2, 3), np.arange(affinity.n_rows) % 2
    np.testing.assert_array_equal(few.shifted(by, kind).full_rates(), affinity.shifted(by, kind).full_rates())


@given(st.integers(1, 9).flatmap(lambda n: affinities(n, 3)), st.data())
@examples(60)
def test_both_kinds_of_rows_are_summed_and_ruled_alike(affinity, data):
    rates, n_rows = affinity.rates, affinity.n_rows
    weight = np.array(data.draw(st.lists(st.sampled_from([0.0, 0.5, 2.0]), min_size=n_rows, max_size=n_rows)))
    some = np.array(data.draw(st.lists(st.integers(0, n_rows - 1), max_size=12)), dtype=np.int64)
    allowed = np.array(data.draw(st.lists(st.booleans(), min_size=6, max_size=6))).reshape(2, 3)
    kind = np.arange(len(some)) % 2
    for rows in (affinity.rows, sparse(affinity).rows):
        found = rows.summed(lambda rates: np.maximum(rates, 0.0), weight)
        np.testing.assert_allclose(found, np.maximum(rates, 0.0).T @ weight, rtol=1e-12)
        np.testing.assert_array_equal(rows.summed(lambda rates: rates > NO, weight), (rates > NO).T @ weight)
        ruled = rows.ruled(some, lambda places, reps: allowed[kind[places], reps])
        np.testing.assert_array_equal(ruled.full(), np.where(allowed[kind], rates[some], NO))
        for row in range(n_rows):
            np.testing.assert_array_equal(rows.of(np.int64(row)), rates[row])


def test_what_is_held_is_read_only_copied_and_pickled_as_it_is():
    few = Affinity(rates=scipy.sparse.csr_array([[1.0, 2.0]]))
    with pytest.raises(ValueError, match="read-only"):
        few.rates.gain[0] = 7.0
    for other in (copy.copy(few), copy.deepcopy(few), pickle.loads(pickle.dumps(few))):
        assert other.dense().tolist() == [[1.0, 2.0]]


def test_what_a_limit_counts_is_known_of_every_pair():
    few = Affinity(rates=scipy.sparse.csr_array([[1.0, 2.0]]))
    with pytest.raises(InvalidInput, match="for every pair, and not of some pairs alone"):
        Limit(usage=few, upper=1.0)


def test_a_matrix_of_which_little_is_eligible_is_not_held_in_full_without_a_word(monkeypatch):
    few = Affinity(rates=scipy.sparse.csr_array((3, 4)))
    assert few.full_rates().shape == (3, 4)
    monkeypatch.setattr(sparse_rows, "_LARGE", 12)
    with pytest.warns(MemoryWarning, match="all 3 x 4 gains at once, 0.0 GB, though only 0 pairs are eligible"):
        few.full_rates()


@pytest.mark.parametrize(("share", "listed"), [(0.01, True), (0.3, False)])
def test_pairs_are_listed_only_where_they_are_few(monkeypatch, share, listed):
    monkeypatch.setattr(sparse_rows, "_CELLS", 200)
    rates = np.where(np.random.default_rng(0).random((50, 40)) < share, 1.0, NO)
    found = few_pairs(50, 40, lambda start, stop: rates[start:stop])
    assert (found is not None) == listed
    if found is not None:
        np.testing.assert_array_equal(found.dense(), rates)
