"""Any draft becomes the best answer by moves of leads between reps, with the least prices that prove it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import Infeasible
from leadopt.matching import solve
from leadopt.problem.certify import certify
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers import MinCostFlow
from leadopt.solvers.capacities.exchanges import finish_by_exchanges
from leadopt.solvers.capacities.free_leads import Remainder
from tests.loops import both, needs_loops
from tests.strategies import examples, problems

UNITS = st.sampled_from([1e-12, 1.0, 1e12])


def in_units(problem, unit):
    affinity = problem.affinity
    rates = affinity.rates * unit
    smaller = type(affinity)(rates=rates, row=affinity.row, scale=affinity.scale)
    return problem.replace(affinity=smaller, reserve=problem.reserve * unit)


def size_of(problem):
    return max(problem.affinity.largest, abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0)


def draft_of(rest, prices):
    """Return who goes where at some prices, room or not; who may be placed nowhere is in the pool."""
    after = rest.problem.affinity.of(rest.leads) - np.where(rest.closed, np.inf, prices)
    best = after.max(axis=1, initial=-np.inf)
    taken = after.argmax(axis=1) if rest.problem.n_reps else np.zeros(len(after), dtype=np.int64)
    return np.where((best >= rest.problem.reserve) & np.isfinite(best), taken, -1)


def best_of(problem):
    """Return the best match, None if there is none; problems whose pins alone are too many are no matter here."""
    try:
        return solve(problem, MinCostFlow())
    except Infeasible:
        return None


@pytest.mark.filterwarnings("ignore::leadopt.errors.PrecisionWarning")
@given(problem=problems(max_leads=8, limits=False), unit=UNITS, seed=st.integers(0, 10**6), priced=st.booleans())
@examples(300)
def test_any_draft_becomes_the_best_answer_with_its_least_prices(problem, unit, seed, priced):
    """At any prices, however wrong; from any places."""
    problem, rng = in_units(problem, unit), np.random.default_rng(seed)
    try:
        rest = Remainder.of(problem)
    except Infeasible:
        return
    prices = rng.random(problem.n_reps) * size_of(problem) * priced
    draft = draft_of(rest, prices) if rng.random() < 0.7 else np.full(len(rest.leads), -1)
    found, best = finish_by_exchanges(rest, draft, prices, Meter()), best_of(problem)
    if best is None:
        assert found is None
        return
    if found is None:  # nobody can be moved out of the pool where nobody may be in it
        assert rest.all_placed
        assert (draft < 0).any()
        return
    certificate, size = certify(problem, found.rep_of_lead, found.prices, found.limit_prices), size_of(problem)
    assert not certificate.violations
    assert certificate.optimal or certificate.bound - certificate.objective <= 1e-13 * size * problem.n_leads
    assert certificate.objective == pytest.approx(best.objective, rel=1e-12, abs=1e-13 * size * problem.n_leads)
    np.testing.assert_allclose(found.prices, best.prices, rtol=1e-9, atol=1e-12 * size)


@needs_loops
@given(problem=problems(max_leads=8, limits=False, pins=False), seed=st.integers(0, 10**6))
@examples(40)
def test_loops_of_exchanges_give_the_same_bits(problem, seed):
    rest, prices = Remainder.of(problem), np.random.default_rng(seed).random(problem.n_reps)
    with both():
        finish_by_exchanges(rest, draft_of(rest, prices), prices, Meter())


def test_leads_that_can_go_nowhere_are_left_to_who_can_say_why():
    rest = Remainder.of(Problem(affinity=np.ones((3, 2)), capacity=1, reserve=-np.inf))
    assert finish_by_exchanges(rest, np.zeros(3, dtype=np.int64), np.zeros(2), Meter()) is None


def test_time_that_is_over_ends_the_moves(monkeypatch):
    monkeypatch.setattr("leadopt.solvers.capacities.exchanges._PATHS_A_LOOK", 1)
    rest = Remainder.of(Problem(affinity=np.random.default_rng(0).random((30, 3)), capacity=10))
    with pytest.raises(OutOfTime):
        finish_by_exchanges(rest, np.zeros(30, dtype=np.int64), np.zeros(3), Meter(None, 0.0))


def test_a_draft_full_of_cycles_is_given_up(monkeypatch):
    monkeypatch.setattr("leadopt.solvers.capacities.exchanges._CYCLES", 1)
    gains = np.eye(6)
    rest = Remainder.of(Problem(affinity=gains, capacity=1))
    draft = np.array([1, 0, 3, 2, 5, 4])
    assert finish_by_exchanges(rest, draft, np.zeros(6), Meter()) is None
    monkeypatch.setattr("leadopt.solvers.capacities.exchanges._CYCLES", 9)
    found = finish_by_exchanges(rest, draft, np.zeros(6), Meter())
    assert found.rep_of_lead.tolist() == list(range(6))
