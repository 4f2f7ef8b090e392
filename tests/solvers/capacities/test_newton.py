"""Tied gains by Newton steps and moves: the best answer, whatever is tied, and a way back where steps lead nowhere."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import Infeasible
from leadopt.matching import match, solve
from leadopt.problem.certify import certify
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers import Auction, MinCostFlow, auction
from leadopt.solvers.capacities import newton
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.newton import jolt_of, solve_by_newton
from tests.loops import both, needs_loops
from tests.strategies import examples

UNITS = st.sampled_from([1e-12, 1.0, 1e12])
KINDS = st.sampled_from(
    ["whole", "two values", "all equal", "nearly equal", "rank one", "rounded", "mostly ineligible"]
)


def tied_gains(kind, n, m, rng):
    """Return gains (n, m) of a kind of which many tie, or nearly."""
    if kind == "rank one":
        return rng.integers(1, 5, (n, 1)) * rng.integers(0, 4, m).astype(float)
    if kind == "nearly equal":
        return rng.random((n, 1)) + 1e-6 * rng.random((n, m))
    if kind == "rounded":
        return (rng.lognormal(0.0, 1.0, (n, 1)) * rng.random((n, m))).round(1)
    most = {"whole": 9, "two values": 1, "all equal": 0, "mostly ineligible": 3}[kind]
    gains = rng.integers(0, most + 1, (n, m)) + 1.0
    if kind == "mostly ineligible":
        gains[rng.random((n, m)) < 0.8] = -np.inf
    return gains


def tied_problem(kind, unit, seed, n=40, m=5):
    rng = np.random.default_rng(seed)
    return Problem(
        affinity=tied_gains(kind, n, m, rng) * unit,
        capacity=rng.integers(0, rng.choice([4, 9, 14]), m),
        reserve=rng.choice([0.0, 1.5 * unit, -np.inf], p=[0.6, 0.2, 0.2]),
    )


@needs_loops
@pytest.mark.filterwarnings("ignore::leadopt.errors.PrecisionWarning")
@given(kind=KINDS, unit=UNITS, seed=st.integers(0, 10**6), jolt=st.sampled_from([0.0, 1e-9, 1e-3, 0.3]))
@examples(150)
def test_steps_and_moves_lead_to_the_best_answer_or_nowhere(kind, unit, seed, jolt):
    """However ties are broken: by too little or by more than gains differ, too."""
    problem = tied_problem(kind, unit, seed)
    rest = Remainder.of(problem)
    if rest.closed.all():
        return
    found = solve_by_newton(rest, jolt * unit, None, Meter())
    if found is None:
        return
    best = solve(problem, MinCostFlow())
    certificate = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert certificate.optimal
    assert certificate.objective == pytest.approx(best.objective, rel=1e-12)
    np.testing.assert_allclose(found.prices, best.prices, rtol=1e-9, atol=1e-12 * problem.affinity.largest)


@needs_loops
@given(kind=KINDS, unit=UNITS, seed=st.integers(0, 10**6), hinted=st.booleans())
@examples(60)
def test_a_match_of_tied_gains_is_proved_best(kind, unit, seed, hinted):
    problem = tied_problem(kind, unit, seed)
    hint = np.random.default_rng(seed).random(5) * unit if hinted else None
    try:
        best = solve(problem, MinCostFlow())
    except Infeasible:
        with pytest.raises(Infeasible):
            match(problem.affinity, problem.capacity, reserve=problem.reserve, solver=Auction())
        return
    with mock.patch.object(newton, "_WORTH_STEPS", 0):
        found = match(problem.affinity, problem.capacity, reserve=problem.reserve, solver=Auction(), prices=hint)
    assert found.status.name == "OPTIMAL"
    assert found.objective == pytest.approx(best.objective, rel=1e-12)


@needs_loops
@pytest.mark.parametrize("slots", [0.4, 0.9, 1.1])
@pytest.mark.parametrize("kind", ["whole", "two values", "nearly equal"])
def test_thousands_of_ties_are_priced_by_steps(kind, slots):
    """Not by the bids that take their place where steps lead nowhere: a path for each lead out of place shows it."""
    rng = np.random.default_rng(0)
    gains = tied_gains(kind, 6_000, 20, rng)
    found = match(gains, round(300 * slots), solver=Auction())
    best = match(gains, round(300 * slots), solver=MinCostFlow())
    assert found.status.name == "OPTIMAL"
    assert found.objective == pytest.approx(best.objective, rel=1e-12)
    assert "paths" in found.stats or (kind == "nearly equal" and slots > 1)


def test_ties_call_for_steps_and_differences_for_bids(monkeypatch):
    monkeypatch.setattr(newton, "_WORTH_STEPS", 4_000)
    rng = np.random.default_rng(0)

    def jolt(gains, slots):
        return jolt_of(Remainder.of(Problem(affinity=gains, capacity=slots)))

    gains = rng.random((400, 10))
    assert jolt(gains, 30) is None
    assert jolt(rng.integers(0, 10, (400, 10)).astype(float), 30) == pytest.approx(1 / 44)
    assert jolt(rng.random((400, 1)) + 1e-6 * gains, 30) == 0.0
    assert jolt(rng.random((400, 1)) + 1e-6 * gains, 50) is None  # slots to spare: bids end at once
    assert jolt(np.ones((30, 10)), 3) is None  # few leads a rep
    assert jolt(np.zeros((400, 10)), 30) > 0.0
    assert jolt(np.full((400, 10), -np.inf), 30) is None
    assert jolt(np.ones((399, 10)), 30) is None  # few pairs
    monkeypatch.setattr(newton, "_WORTH_STEPS", 0)
    assert jolt(gains[:, :1], 30) is None


@needs_loops
def test_bids_take_the_place_of_steps_that_lead_nowhere(monkeypatch):
    monkeypatch.setattr(newton, "_LOST", -1.0)
    monkeypatch.setattr(newton, "_WORTH_STEPS", 0)
    monkeypatch.setattr(auction, "are_worth_steps", lambda _: False)  # nor of the simplex
    gains = np.random.default_rng(0).integers(0, 4, (400, 10)).astype(float)
    found = match(gains, 30, solver=Auction())
    assert found.status.name == "OPTIMAL"
    assert "paths" not in found.stats


@needs_loops
@given(kind=KINDS, seed=st.integers(0, 10**6))
@examples(15)
def test_loops_of_steps_give_the_same_bits(kind, seed):
    rest = Remainder.of(tied_problem(kind, 1.0, seed))
    if not rest.closed.all():
        with both():
            solve_by_newton(rest, 1e-3, None, Meter())
