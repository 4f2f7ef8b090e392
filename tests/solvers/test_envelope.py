"""`Envelope` on problems large enough that prices, not the exact core, do the work."""

import numpy as np
import pytest

from leadopt.errors import Infeasible, InvalidInput
from leadopt.matching import Status, match
from leadopt.problem.certify import OPTIMAL_GAP
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Envelope, MinCostFlow, Near
from leadopt.solvers.capacities.descent import Descent, descend
from leadopt.solvers.oracles.envelopes import EnvelopeOracle
from tests.loops import plain
from tests.oracles import scipy_assignment


def floor(n=4_000, m=20, n_rows=8, seed=0, whole=False):
    """Leads of a few rows with log-normal values, or whole ones that tie."""
    rng = np.random.default_rng(seed)
    rates = rng.integers(0, 5, (n_rows, m)).astype(float) if whole else rng.random((n_rows, m))
    scale = rng.integers(1, 20, n).astype(float) if whole else rng.lognormal(3, 1, n)
    return Affinity(rates=rates, row=rng.integers(0, n_rows, n), scale=scale)


def optimum(affinity, capacity, **more):
    return match(affinity, capacity, solver=MinCostFlow(), **more).objective


@pytest.mark.parametrize("slots", [0.6, 1.0, 1.3])
@pytest.mark.parametrize("whole", [False, True], ids=["log-normal", "ties"])
def test_it_equals_the_flow_over_all_pairs(slots, whole):
    affinity, capacity = floor(whole=whole), np.full(20, int(slots * 200))
    found = match(affinity, capacity, solver=Envelope())
    assert found.solver == "Envelope"
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(optimum(affinity, capacity), rel=1e-12)


def test_pins_closed_reps_ineligible_pairs_and_a_reserve():
    affinity = floor()
    rates = affinity.rates.copy()
    rates[2, ::3] = -np.inf
    affinity = Affinity(rates=rates, row=affinity.row, scale=affinity.scale)
    capacity = np.full(20, 150)
    capacity[[3, 7]] = 0
    pins = np.full(4_000, -1)
    pins[np.flatnonzero(affinity.row != 2)[:90]] = 5
    found = match(affinity, capacity, pins=pins, reserve=2.0, solver=Envelope())
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(optimum(affinity, capacity, pins=pins, reserve=2.0), rel=1e-12)


def test_leads_that_must_be_placed_are_or_the_reason_is_given():
    affinity = floor()
    found = match(affinity, 200, reserve=-np.inf, solver=Envelope())
    assert (found.rep_of_lead >= 0).all()
    assert found.objective == pytest.approx(optimum(affinity, 200, reserve=-np.inf), rel=1e-12)
    with pytest.raises(Infeasible, match="every lead must be placed"):
        match(affinity, 199, reserve=-np.inf, solver=Envelope())


def test_prices_bound_what_a_slot_more_adds_and_one_fewer_costs():
    affinity, capacity = floor(), np.full(20, 180)
    found = match(affinity, capacity, solver=Envelope())
    tolerance = 1e-9 * found.objective
    for rep in range(0, 20, 5):
        one = np.eye(20, dtype=np.int64)[rep]
        assert optimum(affinity, capacity + one) <= found.objective + found.prices[rep] + tolerance
        assert optimum(affinity, capacity - one) <= found.objective - found.prices[rep] + tolerance


def test_without_compiled_loops_the_answer_is_as_good():
    affinity, capacity = floor(), np.full(20, 180)
    with plain():
        found = match(affinity, capacity, solver=Envelope())
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(optimum(affinity, capacity), rel=1e-12)


def test_prices_of_an_earlier_match_start_the_next():
    affinity, capacity = floor(), np.full(20, 180)
    first = match(affinity, capacity, solver=Envelope())
    capacity[4] = 0
    again = match(affinity, capacity, solver=Envelope(), prices=first.prices)
    assert again.status is Status.OPTIMAL
    assert again.objective == pytest.approx(optimum(affinity, capacity), rel=1e-12)


def test_next_to_no_time_gives_an_allowed_answer_and_an_honest_bound():
    affinity, capacity = floor(), np.full(20, 180)
    found = match(affinity, capacity, solver=Envelope(), time_limit_s=1e-9)
    best = optimum(affinity, capacity)
    assert found.objective <= best * (1 + 1e-12)
    assert found.bound >= best * (1 - 1e-12)
    assert found.status is Status.OPTIMAL or found.gap > OPTIMAL_GAP


def test_the_descent_brings_every_load_near_its_slots():
    affinity = floor(40_000)
    oracle = EnvelopeOracle.of(affinity, np.arange(40_000), 0.0)
    slots = np.full(20, 1_800.0)
    end = descend(oracle, slots, np.full(20, 5.0), Meter(), Envelope().most_steps)
    assert end.wrong <= 2 * 20
    assert np.abs(end.loads.load - slots).max() <= 40


@pytest.mark.parametrize("factor", [0.97, 1.03])
@pytest.mark.parametrize("total", [0.9, 1.2])
def test_prices_that_move_together_take_the_surplus_away(total, factor):
    """Else the few leads between reps that cost something and the others cannot take it, and the core's prices jump."""
    affinity, weight = floor(6_000, 30, 50), np.random.default_rng(0).uniform(0.5, 1.5, 30)
    slots = np.floor(weight / weight.sum() * total * 6_000)
    best = match(affinity, slots.astype(int)).prices
    oracle = EnvelopeOracle.of(affinity, np.arange(6_000), 0.0)
    off = Descent.at(oracle, slots, factor * best)
    assert np.sign(off.surplus) == np.sign(1.0 - factor)
    assert abs(Descent.at(oracle, slots, off.together()).surplus) < 0.6 * abs(off.surplus)


def test_limits_are_refused_by_number():
    problem = Problem(affinity=[[1.0]], capacity=[1], limits=[Limit(upper=1)])
    with pytest.raises(InvalidInput, match="Envelope cannot solve this: there are 1 limits besides the capacities"):
        Envelope().solve(problem, Near(), Meter())


@pytest.mark.parametrize(
    "solver", [Envelope(most_steps=0), Envelope(most_steps=3, open_leads=0.0), Envelope(open_leads=500.0)]
)
def test_settings_cost_time_and_nothing_else(solver):
    affinity = floor(3_000)
    best = match(affinity, 140, solver=MinCostFlow())
    found = match(affinity, 140, solver=solver)
    assert (found.status, found.solver) == (Status.OPTIMAL, "Envelope")
    assert found.objective == pytest.approx(best.objective, rel=1e-12)


def test_rows_that_no_leads_share_are_refused_where_there_are_many():
    rates = np.ones((50_001, 10))
    alone, shared = np.arange(50_001), np.arange(400_008) % 50_001
    with pytest.raises(InvalidInput, match=r"rows of rates that many leads share, and each of these 50,001 .* Auction"):
        match(Affinity(rates=rates, row=alone), 1, solver=Envelope())
    assert Envelope().refuses(Problem(affinity=Affinity(rates=rates, row=shared), capacity=1)) is None
    assert Envelope().refuses(Problem(affinity=Affinity(rates=rates[:50_000], row=alone[:50_000]), capacity=1)) is None


@pytest.mark.parametrize("gains", ["random", "log-normal", "negative", "whole"])
def test_tight_slots_for_all_who_must_be_placed_are_no_contradiction(gains):
    """The sample that prices begin from has its slots rounded, and may have fewer than leads: that proves nothing."""
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n, m = int(rng.integers(8, 60)), int(rng.integers(2, 7))
        known = rng.integers(0, m, n)
        capacity = np.bincount(known, minlength=m)
        eligible = rng.random((n, m)) < rng.choice([0.3, 0.6, 1.0])
        eligible[np.arange(n), known] = True
        drawn = {
            "random": rng.random((n, m)),
            "log-normal": rng.lognormal(0, 3, (n, m)),
            "negative": -rng.random((n, m)),
            "whole": rng.integers(0, 3, (n, m)).astype(float),
        }
        affinity = np.where(eligible, drawn[gains], -np.inf)
        best = scipy_assignment(Problem(affinity=affinity, capacity=capacity, reserve=-np.inf))
        found = [match(affinity, capacity, reserve=-np.inf, solver=Envelope())]
        with plain():
            found.append(match(affinity, capacity, reserve=-np.inf, solver=Envelope()))
        for one in found:
            assert (one.rep_of_lead >= 0).all()
            assert one.status is Status.OPTIMAL
            assert one.objective == pytest.approx(best, rel=1e-9)
