"""What stays open: the nearest to a tie, and the cheapest moves to and from every rep, by class of leads."""

import numpy as np
import pytest

from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.lagrangian.dual import PairOracle
from leadopt.solvers.lagrangian.open_options import open_options


@pytest.fixture
def oracle():
    rng = np.random.default_rng(0)
    gains = rng.lognormal(0, 1, (400, 1)) * rng.random((400, 6))
    gains[:50, 2] = -np.inf
    hot = np.arange(0, 400, 20)
    problem = Problem(affinity=gains, capacity=80, limits=[Limit(reps=[1], leads=hot, lower=2)], reserve=0.1)
    return PairOracle.of(problem, Rows.of(problem), np.arange(400))


def losses(oracle):
    """What each option loses at no prices, (n_leads, n_reps + 1), in the order of the oracle."""
    worth = np.column_stack([oracle.problem.affinity.dense()[oracle.leads], np.full(400, oracle.problem.reserve)])
    return worth.max(axis=1)[:, None] - worth


def opened(found):
    held = np.zeros((400, 7), dtype=bool)
    held[found.places[found.lead], found.rep] = True
    return held


def test_the_leads_nearest_to_a_tie_are_open_with_all_that_loses_no_more(oracle):
    found, loss = open_options(oracle, np.zeros(7), 30), losses(oracle)
    margin = np.sort(loss, axis=1)[:, 1]
    nearest = np.sort(margin)[29]
    assert set(np.flatnonzero(margin <= nearest)) <= set(found.places)
    assert opened(found)[margin <= nearest][(loss <= nearest)[margin <= nearest]].all()


def test_the_cheapest_moves_to_each_rep_are_open_in_every_class(oracle):
    found, loss = open_options(oracle, np.zeros(7), 30), losses(oracle)
    held, moved = opened(found), np.where(loss > 0, loss, np.inf)
    for start, stop in zip(oracle.starts[:-1], oracle.starts[1:], strict=True):
        for rep in range(6):
            cheapest = start + np.argsort(moved[start:stop, rep])[: min(15, np.isfinite(moved[start:stop, rep]).sum())]
            assert held[cheapest, rep].all()


def test_the_cheapest_moves_from_each_rep_are_open_in_every_class(oracle):
    found, loss = open_options(oracle, np.zeros(7), 30), losses(oracle)
    best, margin = loss.argmin(axis=1), np.sort(loss, axis=1)[:, 1]
    for start, stop in zip(oracle.starts[:-1], oracle.starts[1:], strict=True):
        for rep in range(6):
            there = start + np.flatnonzero(best[start:stop] == rep)
            assert set(there[np.argsort(margin[there])[:15]]) <= set(found.places)


def test_the_others_are_settled_at_their_best(oracle):
    found, loss = open_options(oracle, np.zeros(7), 30), losses(oracle)
    settled = np.flatnonzero(found.settled >= 0)
    assert not set(settled) & set(found.places)
    assert (loss[settled, found.settled[settled]] == 0).all()
    assert (np.bincount(found.lead) > 1).all()


def test_everything_is_open_where_so_many_leads_are_asked_for(oracle):
    found = open_options(oracle, np.zeros(7), 400)
    assert len(found.rep) == 400 * 7 - 50
    assert (found.settled == -1).all()
