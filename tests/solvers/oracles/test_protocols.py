"""Answers of parts of the leads put together are those of all: a run over shards needs no other solver."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from leadopt.matching import solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers import MinCostFlow
from leadopt.solvers.capacities.descent import descend
from leadopt.solvers.capacities.finish import Box, finish
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.lagrangian.dual import PairOracle
from leadopt.solvers.oracles.envelopes import EnvelopeOracle
from leadopt.solvers.oracles.nearest import NearestOracle
from leadopt.solvers.oracles.protocols import Open, SlopedLoads, SlopedOracle
from leadopt.solvers.oracles.pruning import RowOracle
from tests.strategies import examples, general_problems


@dataclass(frozen=True, kw_only=True)
class Shards:
    """Asks an oracle of each part of the leads, and puts the answers together as `Oracle` says."""

    parts: tuple
    places: tuple

    @classmethod
    def of(cls, make, n_leads, n_shards, rng):
        owner = rng.integers(0, n_shards, n_leads)
        places = tuple(np.flatnonzero(owner == shard) for shard in range(n_shards))
        places = tuple(some for some in places if len(some))
        return cls(parts=tuple(map(make, places)), places=places)

    def open(self, low, high):
        choice = np.empty(sum(map(len, self.places)), dtype=np.int64)
        leads, reps = [], []
        for some, part in zip(self.places, self.parts, strict=True):
            found = part.open(low, high)
            choice[some] = found.choice
            leads.append(np.repeat(some[found.lead], np.diff(found.first)))
            reps.append(found.rep)
        lead, rep = np.concatenate(leads), np.concatenate(reps)
        order = np.lexsort((rep, lead))
        first = np.flatnonzero(np.diff(lead[order], prepend=-1))
        return Open(choice=choice, lead=lead[order][first], first=np.append(first, len(lead)), rep=rep[order])

    def loads(self, prices, broad=0.0):
        found = [part.loads(prices, broad) for part in self.parts]
        joined = [np.concatenate([getattr(one, name) for one in found]) for name in ("a", "b", "weight")]
        a, b, weight = joined
        load, value = sum(one.load for one in found), sum(one.value for one in found)
        return SlopedLoads(load=load, value=value, a=a, b=b, weight=weight)

    def entries(self, prices, reps):
        return np.max([part.entries(prices, reps) for part in self.parts], axis=0)


def problem_of(seed, n=80, m=6):
    rng = np.random.default_rng(seed)
    affinity = Affinity(rates=rng.random((5, m)), row=rng.integers(0, 5, n), scale=rng.lognormal(0, 1, n))
    return Problem(affinity=affinity, capacity=np.full(m, n // m), reserve=0.1), rng


def envelopes(problem, leads):
    return EnvelopeOracle.of(problem.affinity, leads, problem.reserve)


def rows(problem, leads):
    return RowOracle(affinity=problem.affinity, leads=leads, reserve=problem.reserve)


def nearest(problem, leads):
    return NearestOracle.of(problem.affinity, leads, problem.reserve, jolt=1e-3)


@pytest.mark.parametrize("oracle", [envelopes, nearest])
@given(seed=st.integers(0, 10**6), n_shards=st.integers(1, 5))
@example(seed=155774, n_shards=4)  # a rep is best between two leads of the whole, and for none
@examples(40)
def test_loads_and_values_add_up_and_the_highest_entry_counts(oracle, seed, n_shards):
    problem, rng = problem_of(seed)
    whole = oracle(problem, np.arange(problem.n_leads))
    shards: SlopedOracle = Shards.of(lambda some: oracle(problem, some), problem.n_leads, n_shards, rng)
    prices, reps = rng.random(problem.n_reps), np.arange(problem.n_reps)
    one, many = whole.loads(prices), shards.loads(prices)
    assert many.load.tolist() == one.load.tolist()
    assert many.value == pytest.approx(one.value, rel=1e-12)
    np.testing.assert_allclose(shards.entries(prices, reps), whole.entries(prices, reps), rtol=1e-12)


@given(seed=st.integers(0, 10**6), dear=st.integers(0, 5), above=st.floats(0, 2))
@example(seed=155774, dear=5, above=0.0)
@examples(40)
def test_the_entry_of_a_rep_that_nobody_takes_is_what_some_lead_would_pay(seed, dear, above):
    problem, rng = problem_of(seed)
    gains = problem.affinity.rates[problem.affinity.row] * problem.affinity.scale[:, None]
    prices = rng.random(problem.n_reps)
    others = np.maximum(np.delete(gains - prices, dear, axis=1).max(axis=1), problem.reserve)
    entry = max((gains[:, dear] - others).max(), 0.0)
    prices[dear] = entry * (1.0 + 1e-9) + above
    whole = envelopes(problem, np.arange(problem.n_leads))
    assert whole.entries(prices, np.array([dear]))[0] == pytest.approx(entry, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("oracle", [envelopes, rows, nearest])
@given(seed=st.integers(0, 10**6), n_shards=st.integers(1, 5), width=st.floats(0, 0.5))
@examples(25)
def test_what_shards_leave_open_is_what_all_leave_open(oracle, seed, n_shards, width):
    problem, rng = problem_of(seed)
    low = rng.random(problem.n_reps)
    whole = oracle(problem, np.arange(problem.n_leads)).open(low, low + width)
    parts = Shards.of(lambda some: oracle(problem, some), problem.n_leads, n_shards, rng).open(low, low + width)
    for name in ("choice", "lead", "first", "rep"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()


@pytest.mark.parametrize("oracle", [envelopes, nearest])
@pytest.mark.parametrize("seed", range(3))
def test_newton_steps_and_the_finish_are_exact_over_shards(oracle, seed):
    problem, rng = problem_of(seed, 3_000, 12)
    rest = Remainder.of(problem)
    shards = Shards.of(lambda some: oracle(problem, some), problem.n_leads, 4, rng)
    end = descend(shards, rest.room.upper.astype(float), np.zeros(problem.n_reps), Meter(), 150)
    assert end.wrong <= 2 * problem.n_reps
    answer = finish(problem, rest.tree, rest.room, rest.leads, shards, end.box(16.0), Meter())
    proof = certify(problem, answer.rep_of_lead, answer.prices)
    assert proof.optimal
    assert proof.objective == pytest.approx(solve(problem, MinCostFlow()).objective, rel=1e-12)


def test_a_box_that_is_wrong_is_mended_over_shards_too():
    problem, rng = problem_of(9, 400, 5)
    rest = Remainder.of(problem)
    shards = Shards.of(lambda some: rows(problem, some), problem.n_leads, 3, rng)
    answer = finish(problem, rest.tree, rest.room, rest.leads, shards, Box(low=np.full(5, 3.0), high=np.full(5, 3.1)))
    assert certify(problem, answer.rep_of_lead, answer.prices).optimal


@given(problem=general_problems(max_leads=12, max_reps=4), seed=st.integers(0, 10**6), n_shards=st.integers(1, 4))
@examples(40)
def test_loads_under_limits_of_any_kind_add_up_over_shards(problem, seed, n_shards):
    assume(problem.n_reps)
    rows_of, rng = Rows.of(problem), np.random.default_rng(seed)
    free = np.flatnonzero(problem.pins < 0)
    owner = rng.integers(0, n_shards, len(free))
    y = rng.random(rows_of.n)
    whole = PairOracle.of(problem, rows_of, free).loads(y)
    parts = [PairOracle.of(problem, rows_of, free[owner == shard]).loads(y) for shard in range(n_shards)]
    np.testing.assert_allclose(sum(part.load for part in parts), whole.load, rtol=1e-12, atol=1e-12)
    assert sum(part.value for part in parts) == pytest.approx(whole.value, rel=1e-12, abs=1e-12)
