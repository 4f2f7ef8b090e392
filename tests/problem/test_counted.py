"""Who counts in which limit is coded by content, and leads are of one class if the same sets hold them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.problem.counted import Classes
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from tests.strategies import examples

GAINS = np.random.default_rng(0).random((6, 2))


def coded(*limits, affinity=GAINS):
    return Problem(affinity=affinity, capacity=3, limits=limits).counted


def test_one_set_of_leads_is_one_however_it_is_given():
    mask = np.array([True, False, True, True, False, False])
    indices = np.array([0, 2, 3])
    given = [mask, mask, mask.copy(), indices, indices.copy(), indices.astype(np.int32), indices[::-1], [3, 0, 2, 2]]
    found = coded(*(Limit(leads=leads, reps=[0]) for leads in given))
    assert found.set_of.tolist() == [1] * len(given)
    assert [None if leads is None else leads.tolist() for leads in found.sets] == [None, [0, 2, 3]]
    assert len(found.families) == 1


def test_all_leads_are_all_leads_however_they_are_given():
    found = coded(*(Limit(leads=leads) for leads in (None, np.ones(6, dtype=bool), range(6), range(5))))
    assert found.set_of.tolist() == [0, 0, 0, 1]


def test_one_usage_is_one_however_it_is_given():
    hours, pairs = np.arange(6.0), np.arange(12.0).reshape(6, 2)
    value = Affinity(rates=[[1.0, 2.0], [3.0, 0.5]], row=[0, 1, 0, 1, 0, 1], scale=np.arange(1.0, 7.0))
    again = Affinity(rates=value.rates.copy(), row=value.row.copy(), scale=value.scale.copy())
    given = [1.0, hours, hours.copy(), pairs, pairs.copy(), value, again, 2.0, np.ones(6), np.full((6, 2), 2.0)]
    given += [Affinity(rates=np.full((1, 2), 4.0), row=np.zeros(6, dtype=int), scale=np.full(6, 0.5))]
    problem = Problem(affinity=GAINS, capacity=3, limits=[Limit(usage=usage, upper=9) for usage in given])
    assert problem.counted.usage_of.tolist() == [0, 1, 1, 2, 2, 3, 3, 0, 0, 0, 0]
    assert [limit.usage for limit in problem.limits if isinstance(limit.usage, float)] == [1.0, 2.0, 1.0, 2.0, 2.0]
    assert problem.limits[5].usage is problem.limits[6].usage is value


def test_a_usage_equal_to_the_gains_is_the_gains():
    affinity = Affinity(rates=GAINS)
    problem = Problem(affinity=affinity, capacity=3, limits=[Limit(usage=Affinity(rates=GAINS.copy()))])
    assert problem.limits[0].usage is affinity


def test_large_arrays_that_differ_in_one_cell_are_two():
    n = 300_000
    hours = np.random.default_rng(1).random(n)
    other = hours.copy()
    other[1] += 1.0
    limits = [Limit(usage=usage) for usage in (hours, other, hours.copy(), other.copy())]
    problem = Problem(affinity=np.ones((n, 1)), capacity=3, limits=limits)
    assert problem.counted.usage_of.tolist() == [1, 2, 1, 2]


def test_limits_and_their_arrays_stay_what_they_are_where_nothing_else_is_equal():
    leads, hours = np.array([1, 4]), np.arange(6.0)
    limit = Limit(leads=leads, usage=hours)
    problem = Problem(affinity=GAINS, capacity=3, limits=[limit])
    assert problem.limits[0] is limit
    assert np.shares_memory(problem.limits[0].leads, leads)
    assert problem.replace(capacity=2).limits[0] is limit


def test_limits_that_are_made_as_they_are_read_are_told_apart():
    # What lies where a forgotten array lay is not that array.
    problem = Problem(affinity=np.ones((600, 2)), capacity=3, limits=(Limit(leads=[i, i + 1]) for i in range(500)))
    assert [limit.leads.tolist() for limit in problem.limits] == [[i, i + 1] for i in range(500)]
    assert len(problem.counted.families) == 500


def test_leads_of_another_problem_are_refused_by_the_limit_that_has_them():
    with pytest.raises(InvalidInput, match="limit 'b': leads must be from 0 to 5; found 1 to 6"):
        coded(Limit(leads=[1], name="a"), Limit(leads=[1, 6], name="b"))


@given(data=st.data())
@examples(50)
def test_classes_are_leads_in_the_same_sets(data):
    n = data.draw(st.integers(0, 12))
    n_sets = data.draw(st.sampled_from([0, 1, 3, 31, 32, 70]))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    masks = rng.random((n_sets, n)) < data.draw(st.sampled_from([0.1, 0.5, 0.95]))
    classes = Classes.of(n, [np.flatnonzero(mask) for mask in masks])
    same = (masks[:, :, None] == masks[:, None, :]).all(axis=0)
    assert np.array_equal(classes.of_lead[:, None] == classes.of_lead, same)
    assert np.array_equal(classes.of_lead[classes.example], np.arange(len(classes.example)))
    assert all((np.flatnonzero(classes.of_lead == k)[0] == first) for k, first in enumerate(classes.example))
    for mask in masks:
        assert np.array_equal(classes.within(np.flatnonzero(mask)), np.unique(classes.of_lead[mask]))
    assert np.array_equal(classes.within(None), np.arange(len(classes.example)))


def test_a_thousand_sets_make_as_many_classes_as_differ():
    n = 1_000
    classes = Classes.of(n, [np.arange(k) for k in range(1, n)])
    assert len(classes.example) == n
