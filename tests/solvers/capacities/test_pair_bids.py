"""Bids over eligible pairs alone: where they chase each other, what is proved of them, and when they stop."""

import numpy as np
import pytest

from leadopt.matching import Status, solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.progress import Meter
from leadopt.solvers import Auction, MinCostFlow
from leadopt.solvers.capacities import pair_bids
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.pair_bids import PairFloor
from tests.loops import both, needs_loops


def sparse(rates, capacity, **more):
    return Problem(affinity=Affinity(rates=SparseRows.of_dense(rates)), capacity=capacity, **more)


def rank_one(n=600, m=40, share=0.15, seed=0):
    """All want the same reps, by margins that are products: small bids chase each other for long."""
    rng = np.random.default_rng(seed)
    rates = np.outer(0.1 + rng.random(n), 0.1 + rng.random(m))
    rates[rng.random((n, m)) > share] = -np.inf
    return sparse(rates, max(1, n // (2 * m)))


def scattered(n=400, m=120, share=0.05, seed=0):
    rng = np.random.default_rng(seed)
    rates = rng.random((n, m))
    rates[rng.random((n, m)) > share] = -np.inf
    return sparse(rates, 2)


@pytest.mark.parametrize("make", [rank_one, scattered])
@pytest.mark.parametrize("seed", range(3))
def test_bids_leave_nobody_waiting_and_no_dear_slot_free(make, seed):
    problem = make(seed=seed)
    floor = PairFloor.of(Remainder.of(problem))
    step = floor.sell(floor.step(), Meter())
    rep_of, prices = floor.holders(), floor.prices
    load = np.bincount(rep_of[rep_of >= 0], minlength=problem.n_reps)
    assert (load <= problem.capacity).all()
    assert (prices[load < problem.capacity] <= step).all()
    reduced = problem.affinity.dense() - prices
    mine = np.where(rep_of < 0, 0.0, reduced[np.arange(len(rep_of)), rep_of])
    assert (mine >= np.maximum(reduced.max(axis=1), 0.0) - 20 * step).all()


@pytest.mark.parametrize("make", [rank_one, scattered])
def test_an_answer_is_proved_by_the_least_prices_or_not_at_all(make):
    problem = make(seed=5)
    best = solve(problem, MinCostFlow())
    floor = PairFloor.of(Remainder.of(problem))
    prices = floor.proved(best.rep_of_lead)
    np.testing.assert_allclose(prices, best.prices, atol=1e-9)
    assert certify(problem, best.rep_of_lead, prices).optimal
    worse = best.rep_of_lead.copy()
    worse[np.flatnonzero(worse >= 0)[0]] = -1
    assert floor.proved(worse) is None
    assert floor.proved(np.full(problem.n_leads, -1)) is None


@needs_loops
@pytest.mark.parametrize(("patience", "begun_anew"), [(12, False), (0, True)])
def test_the_loops_are_their_python_to_the_bit(monkeypatch, patience, begun_anew):
    monkeypatch.setattr(pair_bids, "_BIDS", patience)
    problem = scattered(n=1200, m=60, share=0.08)
    whole = solve(problem, MinCostFlow())
    with both() as counts:
        found = solve(problem, Auction())
    assert found.objective == pytest.approx(whole.objective, rel=1e-12)
    assert counts["pair_bid_bid_for_pairs"] and counts["pair_bid_least_prices"]
    assert bool(counts["bid_refill"]) == begun_anew


@needs_loops
def test_where_bids_miss_the_best_answer_a_core_finds_it(monkeypatch):
    monkeypatch.setattr(pair_bids, "_STEP", 3.0)
    problem = scattered(n=1200, m=400, share=0.012)
    with both() as counts:
        found = solve(problem, Auction())
    assert counts["simplex_simplex"] and found.stats["open_pairs"]
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(solve(problem, MinCostFlow()).objective, rel=1e-12)


def test_who_must_be_placed_and_cannot_be_does_not_bid_for_ever():
    problem = sparse(np.ones((300, 2)), [200, 200], reserve=-np.inf)
    assert solve(problem, Auction()).status is Status.OPTIMAL
    floor = PairFloor.of(Remainder.of(sparse(np.ones((300, 2)), [100, 100], reserve=-np.inf)))
    floor.sell(floor.step(), Meter())
    assert floor.proved(floor.holders()) is None


def test_a_time_limit_leaves_an_allowed_answer():
    problem = scattered(n=2_000, m=200)
    found = solve(problem, Auction(), time_limit_s=1e-9)
    assert found.stats["stopped"] == 1.0
    assert found.status is not Status.OPTIMAL or found.gap <= 1e-9
    assert not certify(problem, found.rep_of_lead).violations
