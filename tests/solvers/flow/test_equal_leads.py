"""Identical leads as one group, whatever their number, and dealt out again without losing one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.problem.gains import Affinity
from leadopt.solvers.flow.equal_leads import distinct_share, equal_rows, few_kinds, group_leads
from tests.strategies import examples, problems


def grouped(affinity, classes=None, leads=None):
    kinds = np.zeros(affinity.n_leads, dtype=np.int64) if classes is None else np.array(classes)
    return group_leads(affinity, kinds, np.arange(affinity.n_leads) if leads is None else np.array(leads))


def parts(groups):
    return sorted(groups.members[groups.start[g] : groups.start[g + 1]].tolist() for g in range(len(groups.size)))


def test_equal_rows_scales_and_classes_are_one_group():
    affinity = Affinity(rates=[[1.0, 2.0], [1.0, 2.0], [1.0, 3.0]], row=[0, 1, 2, 0, 1], scale=[1, 1, 1, 2, 1])
    assert parts(grouped(affinity)) == [[0, 1, 4], [2], [3]]
    assert parts(grouped(affinity, classes=[0, 1, 0, 0, 0])) == [[0, 4], [1], [2], [3]]


def test_negative_zero_is_zero_and_ineligible_is_not_zero():
    affinity = Affinity(rates=[[0.0, 1.0], [-0.0, 1.0], [-np.inf, 1.0], [-np.inf, 1.0]])
    assert parts(grouped(affinity)) == [[0, 1], [2, 3]]


def test_only_the_given_leads_are_grouped():
    affinity = Affinity(rates=np.ones((5, 2)))
    assert parts(grouped(affinity, leads=[1, 4])) == [[1, 4]]
    assert parts(grouped(affinity, leads=np.zeros(0, dtype=np.int64))) == []


@given(problem=problems(max_leads=8), data=st.data())
@examples(40)
def test_leads_share_a_group_only_if_their_gains_are_equal(problem, data):
    groups = grouped(problem.affinity)
    assert sorted(groups.members.tolist()) == list(range(problem.n_leads))
    gains = problem.affinity.dense()
    for members in parts(groups):
        assert (gains[members] == gains[members[0]]).all()
    dealt = np.full(problem.n_leads, -7)
    split = np.array([data.draw(st.integers(0, int(size))) for size in groups.size], dtype=np.int64)
    index = np.arange(len(groups.size))
    groups.deal_out(
        np.concatenate([index, index]),
        np.concatenate([np.zeros_like(index), np.ones_like(index)]),
        np.concatenate([split, groups.size - split]),
        dealt,
    )
    for g in index:
        members = groups.members[groups.start[g] : groups.start[g + 1]]
        assert np.bincount(dealt[members], minlength=2).tolist() == [split[g], groups.size[g] - split[g]]


def test_the_share_of_distinct_leads_is_told_where_it_is_small():
    rng = np.random.default_rng(0)
    few, many = rng.random((5, 9))[rng.integers(0, 5, 100)], rng.random((100, 9))
    leads = np.arange(100)
    assert distinct_share(Affinity(rates=few), leads) == 0.05
    assert distinct_share(Affinity(rates=many), leads) is None
    assert distinct_share(Affinity(rates=np.vstack([few[:50], many[:50]])), leads) is None
    row = rng.integers(0, 2, 100)
    assert distinct_share(Affinity(rates=many[:2], row=row, scale=np.ones(100)), leads) == 0.02
    assert distinct_share(Affinity(rates=many[:2], row=row, scale=rng.random(100)), leads) is None
    assert distinct_share(Affinity(rates=few), leads[:0]) == 0.0


def test_few_kinds_are_counted_in_pairs():
    scales = np.repeat([1.0, 2.0, 3.0], 20)
    affinity = Affinity(rates=np.ones((1, 4)), row=np.zeros(60, dtype=np.int64), scale=scales)
    assert few_kinds(affinity, most_pairs=12)
    assert not few_kinds(affinity, most_pairs=11)
    assert not few_kinds(Affinity(rates=np.random.default_rng(0).random((60, 4))), most_pairs=10**9)
    assert few_kinds(Affinity(rates=np.ones((60, 4))), most_pairs=240)


def test_only_rows_in_use_decide_who_is_equal():
    affinity = Affinity(rates=[[1.0, 2.0], [9.0, 9.0], [1.0, 2.0]], row=[0, 2, 0, 1], scale=np.ones(4))
    assert parts(grouped(affinity, leads=[0, 1, 2])) == [[0, 1, 2]]


@given(
    n_columns=st.sampled_from([1, 3, 9, 40, 150]),
    seed=st.integers(0, 10**6),
    n_values=st.integers(1, 3),
    data=st.data(),
)
@examples(60)
def test_rows_are_one_exactly_if_they_are_equal(n_columns, seed, n_values, data):
    """Ones that few columns cannot tell apart too: rounded, mostly ineligible, or different in one cell."""
    rng = np.random.default_rng(seed)
    rates = np.array([-np.inf, 0.0, 1.0])[rng.integers(0, n_values, (40, n_columns))]
    rates[20:] = rates[rng.integers(0, 20, 20)]
    rates[rng.integers(0, 40), rng.integers(0, n_columns)] = 0.5
    leads = np.sort(rng.choice(40, data.draw(st.integers(1, 40)), replace=False))
    found = equal_rows(Affinity(rates=rates), leads)
    same = (rates[leads][:, None] == rates[leads][None]).all(axis=2)
    assert ((found[:, None] == found) == same).all()
