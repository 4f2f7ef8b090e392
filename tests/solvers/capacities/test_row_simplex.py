"""The simplex over rows of gains: the best answer from any prices; and where leads bid on and on, it is found so."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.matching import match
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers import Auction, MinCostFlow, auction
from leadopt.solvers.capacities import newton
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.newton import solve_contested
from leadopt.solvers.capacities.row_simplex import sampled_by_simplex, seated, solve_by_simplex, solved_from
from tests.loops import both, needs_loops
from tests.solvers.capacities.test_exchanges import best_of, in_units
from tests.strategies import examples, problems

UNITS = st.sampled_from([1e-12, 1.0, 1e12])
STRUCTURES = {
    "rank one": lambda rng, n, m: np.outer(rng.random(n), rng.random(m)),
    "rank two": lambda rng, n, m: rng.random((n, 2)) @ rng.random((2, m)),
    "sums": lambda rng, n, m: np.add.outer(rng.random(n), rng.random(m)),
    "distances": lambda rng, n, m: 1.0 - abs(np.subtract.outer(rng.random(n), rng.random(m))),
    "Machol and Wien": lambda rng, n, m: 1.0 - np.outer(np.arange(n), np.arange(m)) / (n * m),
}


def structured(name, slots, n=600, m=20, ineligible=0.0):
    rng = np.random.default_rng(0)
    gains = STRUCTURES[name](rng, n, m)
    gains[rng.random((n, m)) < ineligible] = -np.inf
    weight = rng.uniform(0.5, 1.5, m)
    upto = np.rint(np.cumsum(weight) / weight.sum() * round(slots * n)).astype(int)
    return gains, np.diff(upto, prepend=0)


@needs_loops
@pytest.mark.filterwarnings("ignore::leadopt.errors.PrecisionWarning")
@given(problem=problems(max_leads=8, limits=False), unit=UNITS, seed=st.integers(0, 10**6))
@examples(300)
def test_any_prices_lead_to_the_best_answer(problem, unit, seed):
    problem = in_units(problem, unit)
    if (best := best_of(problem)) is None:
        return
    rest = Remainder.of(problem)
    if not len(rest.leads) or rest.closed.all():
        return
    prices = np.random.default_rng(seed).random(problem.n_reps) * rest.largest
    found = solve_by_simplex(rest, prices, Meter())
    assert found is not None
    worth = problem_worth(problem, found.rep_of_lead)
    assert worth == pytest.approx(best.objective, rel=1e-9, abs=1e-9 * unit)


def problem_worth(problem, rep_of_lead):
    placed = np.flatnonzero(rep_of_lead >= 0)
    pooled = len(rep_of_lead) - len(placed)
    reserve = problem.reserve * pooled if pooled else 0.0
    return float(problem.affinity.at(placed, rep_of_lead[placed]).sum()) + reserve


@needs_loops
@pytest.mark.parametrize("slots", [0.7, 1.0, 1.1])
@pytest.mark.parametrize("name", STRUCTURES)
def test_where_leads_bid_on_and_on_the_best_answer_is_found_otherwise(name, slots):
    for ineligible in (0.0, 0.2):
        gains, capacity = structured(name, slots, ineligible=ineligible)
        with mock.patch.object(newton, "_WORTH_STEPS", 0):
            found = match(gains, capacity, solver=Auction())
        assert found.status.name == "OPTIMAL"
        assert found.objective == pytest.approx(match(gains, capacity, solver=MinCostFlow()).objective, rel=1e-9)


@needs_loops
def test_bids_of_rank_one_end_soon(monkeypatch):
    asked = []
    monkeypatch.setattr(newton, "_WORTH_STEPS", 0)
    monkeypatch.setattr(auction, "solve_contested", lambda *given: asked.append(given) or solve_contested(*given))
    gains, capacity = structured("rank one", 1.1)
    assert match(gains, capacity, solver=Auction()).status.name == "OPTIMAL"
    assert len(asked) == 1
    match(np.random.default_rng(0).random((600, 20)), capacity, solver=Auction())
    assert len(asked) == 1


@needs_loops
def test_bids_go_on_where_nothing_else_helps(monkeypatch):
    monkeypatch.setattr(newton, "_WORTH_STEPS", 0)
    monkeypatch.setattr(auction, "solve_contested", lambda *_: None)
    gains, capacity = structured("rank one", 1.1)
    found = match(gains, capacity, solver=Auction())
    assert found.status.name == "OPTIMAL"
    assert "paths" not in found.stats


@needs_loops
def test_prices_of_a_sample_leave_few_leads_out_of_place():
    for name in ("rank one", "rank two"):
        gains, capacity = structured(name, 1.1, n=8000)
        rest = Remainder.of(Problem(affinity=gains, capacity=capacity))
        after = gains - sampled_by_simplex(rest, Meter())
        loads = np.bincount(after.argmax(axis=1), minlength=len(capacity))
        assert np.maximum(loads - capacity, 0).sum() <= 0.05 * len(gains)


@needs_loops
@pytest.mark.parametrize("name", STRUCTURES)
def test_a_draft_at_good_prices_is_allowed_and_nearly_best(name):
    gains, capacity = structured(name, 1.0, n=8000)
    problem = Problem(affinity=gains, capacity=capacity)
    rest = Remainder.of(problem)
    rep_of = seated(rest, sampled_by_simplex(rest, Meter()))
    assert (np.bincount(rep_of[rep_of >= 0], minlength=len(capacity)) <= capacity).all()
    assert problem_worth(problem, rep_of) >= 0.9 * match(gains, capacity).objective


@needs_loops
def test_a_simplex_keeps_time():
    gains, capacity = structured("rank one", 1.0)
    rest = Remainder.of(Problem(affinity=gains, capacity=capacity))
    with pytest.raises(OutOfTime):
        solve_by_simplex(rest, np.zeros(len(capacity)), Meter(None, 0.0))


@needs_loops
@pytest.mark.parametrize("name", STRUCTURES)
def test_loops_of_the_simplex_give_the_same_bits(name):
    gains, capacity = structured(name, 0.9, n=60, m=5, ineligible=0.2)
    rest = Remainder.of(Problem(affinity=gains, capacity=capacity))
    with both():
        solved_from(rest, rest.leads, capacity, np.linspace(0.0, 0.4, 5), Meter())
