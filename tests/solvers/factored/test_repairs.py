"""Repairs: bounds that are broken by little, mended by chains, pairs and paths."""

import numpy as np
import pytest

from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.factored.repairs import repaired
from leadopt.solvers.lagrangian.dual import PairOracle
from leadopt.solvers.lagrangian.program import Core
from tests.loops import either


def core_of(problem):
    rows = Rows.of(problem)
    n, m = problem.n_leads, problem.n_reps
    oracle = PairOracle.of(problem, rows, np.arange(n))
    lead, rep = oracle.options(np.zeros(rows.n), np.arange(n), np.full(n, np.inf), np.full(m + 1, np.inf))
    return rows, Core.of(problem, rows, oracle.leads, lead, rep, np.zeros(rows.n))


def ring(n_reps):
    """Reps in a ring, each full but the last; a lead can go to its own rep or to the next one."""
    gains = np.full((n_reps + 1, n_reps), -np.inf)
    gains[np.arange(n_reps), np.arange(n_reps)] = 2.0
    gains[np.arange(n_reps - 1), np.arange(1, n_reps)] = 1.9
    gains[n_reps, 0] = 3.0
    return Problem(affinity=gains, capacity=[1] * (n_reps - 1) + [2], reserve=-np.inf)


def test_a_lead_too_many_is_passed_on_along_a_path_to_where_there_is_room():
    problem = ring(9)  # longer than any chain
    rows, core = core_of(problem)
    start = np.array([np.flatnonzero((core.lead == i) & (core.rep == i % 9))[0] for i in range(10)])
    assert not core.allows(start)
    at = repaired(core, problem, rows, np.zeros(rows.n), start, np.ones(rows.n), Meter())
    assert core.allows(at)
    assert core.rep[at].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 8, 0]


def test_a_rep_with_too_few_gets_one_along_a_path():
    gains = np.full((10, 10), -np.inf)
    gains[np.arange(10), np.arange(10)] = 2.0
    gains[np.arange(9), np.arange(1, 10)] = 1.9
    gains[9, 0], gains[9, 9] = 1.0, -np.inf
    limits = [Limit(reps=[j], lower=1.0, name=f"least of {j}") for j in range(1, 10)]
    problem = Problem(affinity=gains, capacity=2, limits=limits)
    rows, core = core_of(problem)
    start = np.array([np.flatnonzero((core.lead == i) & (core.rep == (0 if i == 9 else i)))[0] for i in range(10)])
    at = repaired(core, problem, rows, np.zeros(rows.n), start, np.ones(rows.n), Meter())
    assert core.allows(at)
    assert core.rep[at].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]


@pytest.mark.parametrize("compiled", [True, False])
def test_hours_that_are_broken_by_little_are_mended(compiled):
    rng = np.random.default_rng(5)
    n, m = 120, 6
    hours, gains = rng.uniform(0.2, 2.0, n), rng.random((n, m))
    mean = hours.sum() / m
    limits = [Limit(reps=[j], usage=hours, lower=0.97 * mean, upper=1.03 * mean) for j in range(m)]
    problem = Problem(affinity=gains, capacity=n, limits=limits)
    rows, core = core_of(problem)
    start = np.array([np.flatnonzero((core.lead == i) & (core.rep == i % m))[0] for i in range(n)])
    assert not core.allows(start)
    before = start.copy()
    with either(compiled):
        at = repaired(core, problem, rows, np.zeros(rows.n), start, np.full(rows.n, 0.5), Meter())
    assert core.allows(at)
    assert (start == before).all()


def test_what_is_allowed_stays_as_it_is():
    problem = Problem(affinity=np.random.default_rng(0).random((6, 2)), capacity=6)
    rows, core = core_of(problem)
    start = core.first[:-1].copy()
    assert repaired(core, problem, rows, np.zeros(rows.n), start, np.ones(rows.n), Meter()).tolist() == start.tolist()


def test_a_pair_is_found_that_changes_an_amount_by_just_enough():
    rng = np.random.default_rng(2)
    n, m = 2_000, 4
    hours, at_first = rng.lognormal(size=n), np.arange(n) % m
    gains = 0.1 * rng.random((n, m)) + (at_first[:, None] == np.arange(m))
    load = np.bincount(at_first, hours, minlength=m)
    off = np.array([0.3, 0.0, 0.0, -0.3])  # what the first one has too much and the last too little, to within a trifle
    limits = [
        *(Limit(reps=[j], usage=hours, lower=load[j] - off[j] - 1e-4, upper=load[j] - off[j] + 1e-4) for j in (0, 3)),
        *(Limit(reps=[j], lower=n // m, upper=n // m) for j in range(m)),
    ]
    problem = Problem(affinity=gains, capacity=n, limits=limits)
    rows, core = core_of(problem)
    start = np.array([np.flatnonzero((core.lead == i) & (core.rep == at_first[i]))[0] for i in range(n)])
    assert not core.allows(start)
    at = repaired(core, problem, rows, np.zeros(rows.n), start, np.full(rows.n, 0.5), Meter())
    assert core.allows(at)
    assert (core.rep[at] != at_first).sum() <= 12
