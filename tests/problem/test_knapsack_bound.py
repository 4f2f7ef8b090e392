"""A bound from prices of leads: never below the best answer, and tighter than prices of time."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.matching import Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.knapsack_bound import Knapsacks, knapsack_bound
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Milp
from leadopt.solvers.lagrangian import by_packings, neighbourhoods
from leadopt.solvers.lagrangian.lead_prices import lead_prices
from tests.oracles import brute_force
from tests.strategies import examples, general_problems


@examples(50)
@given(general_problems(), st.data())
def test_no_answer_is_worth_more_whatever_the_prices(problem, data):
    price = st.floats(-10.0, 10.0, allow_subnormal=False)
    prices = np.array(data.draw(st.lists(price, min_size=problem.n_leads, max_size=problem.n_leads)))
    truth = brute_force(problem)
    if truth.feasible:
        assert knapsack_bound(problem, prices) >= truth.best - 1e-9 * max(1.0, abs(truth.best))


@examples(40)
@given(general_problems())
def test_prices_found_lower_the_bound_and_stay_above_the_best(problem):
    truth, packs = brute_force(problem), Knapsacks.of(problem)
    if packs is None or not truth.feasible:
        return
    start = np.zeros(problem.n_leads)
    found = lead_prices(packs, problem.reserve, start, truth.best, Meter(None))
    bound = knapsack_bound(problem, found)
    assert truth.best - 1e-9 * max(1.0, abs(truth.best)) <= bound <= knapsack_bound(problem, start) + 1e-9


def generalised(n, m, seed):
    """What takes little time costs much, as in type D of the generalised assignment problem."""
    rng = np.random.default_rng(seed)
    use = rng.integers(1, 101, (n, m)).astype(float)
    most = np.floor(0.8 * use.sum(axis=0) / m)
    limits = [Limit(reps=[j], usage=use[:, j], upper=most[j], name=f"time of {j}") for j in range(m)]
    gains = use - 111 + rng.integers(-10, 11, (n, m))
    return Problem(affinity=gains, capacity=n, limits=limits, reserve=-np.inf)


@pytest.mark.parametrize("n, m, status", [(30, 4, Status.OPTIMAL), (40, 6, Status.FEASIBLE)])
def test_a_search_that_does_not_end_is_bounded_by_knapsacks(n, m, status, monkeypatch):
    monkeypatch.setattr(neighbourhoods, "_MOST", 10)  # the bound rests on prices alone
    monkeypatch.setattr(by_packings, "compiled", lambda: False)
    problem = generalised(n, m, 0)
    found = solve(problem, Milp(most_work=1e-4))
    by_time = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert found.status is status
    assert found.bound == knapsack_bound(problem, found.lead_prices) == np.floor(found.bound)
    assert found.objective <= found.bound < by_time.bound
    ratio = (found.bound - found.objective) / (by_time.bound - found.objective)
    assert found.gap == pytest.approx(by_time.gap * ratio, abs=1e-12)


def test_fractional_amounts_are_rounded_so_that_the_bound_holds():
    rng = np.random.default_rng(1)
    gains, hours = rng.random((7, 2)), rng.random((7, 2))
    problem = Problem(affinity=gains, capacity=7, limits=[Limit(reps=[0], usage=hours, upper=1.2)])
    best = brute_force(problem).best
    for prices in rng.random((20, 7)):
        assert knapsack_bound(problem, prices) >= best


@pytest.mark.parametrize("unit", [1e-15, 1e-12, 1e-6, 1e6, 1e12])
@pytest.mark.parametrize("step", [1.0, 0.25])
def test_hours_are_whole_steps_in_any_unit(unit, step):
    hours = np.random.default_rng(2).integers(3, 30, (8, 2)) * step

    def packs(unit):
        limits = [Limit(reps=[rep], usage=unit * hours, upper=unit * 40 * step) for rep in range(2)]
        return Knapsacks.of(Problem(affinity=np.ones((8, 2)), capacity=8, limits=limits))

    known, found = packs(1.0), packs(unit)
    assert known.exact and found.exact and found.room.all()
    assert np.array_equal(found.weight * known.room, known.weight * found.room)


def test_amounts_too_small_to_tell_beside_the_others_leave_these_whole():
    hours = Limit(reps=[0], usage=[5.0, 0.1 + 0.2 - 0.3, 3.0], upper=7)
    found = Knapsacks.of(Problem(affinity=np.ones((3, 1)), capacity=3, limits=[hours]))
    assert found.exact and found.weight[:, 0].tolist() == [5, 0, 3]


@pytest.mark.parametrize(
    "limits, pins",
    [
        ([], {}),
        ([Limit(reps=[0], upper=1)], {}),
        ([Limit(reps=[0, 1], usage=2.0, upper=3)], {}),
        ([Limit(reps=[0], usage=2.0, upper=3, penalty=1.0)], {}),
        ([Limit(reps=[0], usage=2.0, upper=3)], {0: 0}),
    ],
)
def test_where_no_rep_has_a_knapsack_there_is_no_bound(limits, pins):
    problem = Problem(affinity=np.ones((3, 2)), capacity=2, limits=limits, pins=pins)
    assert knapsack_bound(problem, np.zeros(3)) == np.inf


def test_elsewhere_a_match_has_no_prices_of_leads():
    assert match(np.ones((3, 2)), 2).lead_prices is None


@pytest.mark.parametrize(("n", "m"), [(40_000, 500), (1_000_000, 300)])
def test_bands_on_value_of_many_pairs_are_no_knapsacks_and_take_no_number_for_each(n, m):
    rng = np.random.default_rng(3)
    value = Affinity(rates=rng.random((2, m)), row=rng.integers(0, 2, n), scale=rng.random(n))
    bands = [Limit(reps=[rep], usage=value, upper=1e3) for rep in range(m)]
    problem = Problem(affinity=value, capacity=n // m, limits=bands)
    tracemalloc.start()
    assert Knapsacks.of(problem) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * n * m / 4
