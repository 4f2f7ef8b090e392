"""Leads that are alike: who is, and changing places."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.optimal.alike import drawn, kinds, settled_in
from tests.strategies import examples, general_problems

KINDS = st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2), st.integers(-1, 2)), max_size=8)


def held(kind, answer):
    return sorted(zip(kind.tolist(), answer.tolist(), strict=True))


@given(KINDS, st.integers(0, 99))
@examples(60)
def test_whoever_changes_places_each_kind_has_what_it_had(rows, seed):
    kind, answer, wanted = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found, lots = settled_in(kind, answer, wanted), drawn(kind, answer, np.random.default_rng(seed))
    assert held(kind, found) == held(kind, answer) == held(kind, lots)
    most = sum(
        min(((kind == k) & (answer == rep)).sum(), ((kind == k) & (wanted == rep)).sum())
        for k in range(3)
        for rep in range(-1, 3)
    )
    assert (found == wanted).sum() == most


@given(general_problems())
@examples(35)
def test_leads_of_one_kind_gain_and_take_the_same_everywhere(problem):
    kind = kinds(problem, np.arange(problem.n_leads))
    gains = problem.affinity.dense()
    for k in np.unique(kind):
        first, *others = np.flatnonzero(kind == k)
        for other in others:
            assert np.array_equal(gains[first], gains[other])
            for limit in problem.limits:
                inside = set(range(problem.n_leads) if limit.leads is None else limit.leads.tolist())
                assert (first in inside) == (other in inside)
                one, two = (np.broadcast_to(limit.usage_of([lead]), (1, problem.n_reps)) for lead in (first, other))
                assert np.array_equal(one, two)


def test_leads_are_told_apart_by_gain_usage_and_limit():
    rows = Affinity(rates=[[1.0, 2.0], [1.0, 2.0]], row=[0, 1, 0, 0, 0], scale=[1.0, 1.0, 2.0, 1.0, 1.0])
    limits = [Limit(usage=[1.0, 1.0, 1.0, 2.0, 1.0]), Limit(leads=[0, 1, 2, 3])]
    found = kinds(Problem(affinity=rows, capacity=1, limits=limits), np.arange(5))
    assert found[0] == found[1]
    assert len(set(found.tolist())) == 4
