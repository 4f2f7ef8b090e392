"""Identical leads as one group, whatever their number, and dealt out again without losing one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.affinity import Affinity
from leadopt.solvers.grouping import group_leads
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
@examples(100)
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
