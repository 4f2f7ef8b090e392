"""Whole leads from shares: whole ones stay, counts are met, and large leads are not what breaks a bound."""

import numpy as np
import pytest

from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.lagrangian.program import Core
from leadopt.solvers.lagrangian.relax_and_fix import rounded


def core_of(problem):
    n, m = problem.n_leads, problem.n_reps
    lead, rep = np.repeat(np.arange(n), m + 1), np.tile(np.arange(m + 1), n)
    return Core.of(problem, Rows.of(problem), np.arange(n), lead, rep, np.zeros(m + len(problem.limits)))


def solved(problem):
    core, unit = core_of(problem), np.ones(problem.n_reps + len(problem.limits))
    shares = core.relaxed(100 * unit)
    return core, shares, rounded(core, shares.z, shares.prices, unit, Meter(None))


def test_whole_shares_stay():
    gains = np.random.default_rng(0).random((30, 4))
    _, shares, at = solved(Problem(affinity=gains, capacity=8))
    assert shares.z[at].tolist() == [1.0] * 30


def test_no_leads_no_options():
    _, _, at = solved(Problem(affinity=np.zeros((0, 3)), capacity=1))
    assert at.tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_bounds_on_value_are_met_to_within_small_leads(seed):
    rng = np.random.default_rng(seed)
    value = rng.lognormal(0, 1, 400)
    gains = value[:, None] * rng.uniform(0.2, 1, (400, 6))
    limits = [Limit(reps=[j], usage=gains, upper=0.9 * gains.max(axis=1).sum() / 6) for j in range(6)]
    core, shares, at = solved(Problem(affinity=gains, capacity=70, limits=limits))
    plain = np.lexsort((-shares.z, core.lead))[core.first[:-1]]
    assert (core.lead[at] == np.arange(400)).all()
    assert not core.broken(at)[:6].any()
    assert core.broken(at).sum() < 0.25 * core.broken(plain).sum()
    assert core.gain[at].sum() == pytest.approx(core.gain @ shares.z, rel=1e-3)
