"""Nested limits by few pairs of each lead, against one flow over every pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import limits, matrices
from leadopt.errors import Infeasible
from leadopt.matching import Status, match, solve
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers import MinCostFlow, Near
from leadopt.solvers.flow import column_generation, every_pair
from tests import strategies


@pytest.fixture(params=[0, 10**9], ids=["compiled", "by OR-Tools"])
def by_columns(monkeypatch, request):
    """Few pairs of each lead however few leads there are, and samples of samples."""
    monkeypatch.setattr(every_pair, "LEAST_PAIRS", 0)
    monkeypatch.setattr(column_generation, "LEAST_PAIRS", request.param)
    monkeypatch.setattr(column_generation, "_WHOLE", 2_000)
    monkeypatch.setattr(column_generation, "_OPTIONS", 2)


def outcome(problem, near=None):
    try:
        found = solve(problem, solver=MinCostFlow(), near=near)
    except Infeasible as refusal:
        return str(refusal)
    return found.status, found.objective


@given(strategies.problems(max_leads=9, max_reps=5), st.sampled_from([0, 10**9]))
@strategies.examples(120)
def test_any_nested_limits_have_the_answer_of_every_pair(problem, least_compiled):
    whole = outcome(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(every_pair, "LEAST_PAIRS", 0)
        patch.setattr(column_generation, "LEAST_PAIRS", least_compiled)
        patch.setattr(column_generation, "_WHOLE", 8)
        patch.setattr(column_generation, "_OPTIONS", 1)
        few = outcome(problem)
    if isinstance(whole, str):
        assert few == whole
    else:
        assert few[0] == whole[0]
        assert few[1] == pytest.approx(whole[1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", ["dense", "factored"])
def test_teams_tiers_and_minimums_are_proven_best_on_few_pairs(kind, by_columns):
    instance = matrices.MAKERS[kind](1_500, 40)
    args = instance.affinity(), instance.capacity
    found = match(*args, limits=limits.nested(instance), solver=MinCostFlow())
    assert found.status is Status.OPTIMAL
    assert found.stats["rounds"] >= 1
    assert found.stats["pairs"] < 0.3 * 1_500 * 40
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(every_pair, "LEAST_PAIRS", 10**9)
        whole = match(*args, limits=limits.nested(instance), solver=MinCostFlow())
    assert whole.stats["rounds"] == 0
    assert found.objective == pytest.approx(whole.objective, rel=1e-10)


def test_leads_that_must_be_placed_are(by_columns):
    gains = np.random.default_rng(0).random((60, 8))
    gains[:, 5:] = -1.0
    found = match(gains, 8, limits=[Limit(reps=[0, 1], upper=14)], reserve=-np.inf, solver=MinCostFlow())
    assert found.status is Status.OPTIMAL
    assert (found.rep_of_lead >= 0).all()


def test_limits_that_contradict_each_other_are_named_as_ever(by_columns):
    gains = np.random.default_rng(1).random((60, 8))
    with pytest.raises(Infeasible, match="quota of the new"):
        match(gains, [1] * 8, limits=[Limit(reps=[0, 1], lower=5, name="quota of the new")], solver=MinCostFlow())


# Prices that are known


def banded(seed, *, n=600, m=100, width=0.3, **more):
    """Enough pairs for known prices, too few for a sample; limits are bands on counts."""
    rng = np.random.default_rng(seed)
    fair = n / m
    limits = tuple(
        Limit(reps=[rep], lower=np.floor((1 - width) * fair), upper=np.ceil((1 + width) * fair), name=f"band {rep}")
        for rep in range(m)
    )
    gains = rng.random((n, m)) * rng.lognormal(0, 0.3, m)
    return Problem(affinity=gains, capacity=np.full(m, int(2 * fair)), limits=limits, **more)


def prices_of(match):
    return Near(prices=match.prices, limit_prices=match.limit_prices)


@pytest.mark.parametrize("seed", range(3))
def test_good_prices_leave_little_open_and_the_answer_is_the_best(seed):
    last, problem = solve(banded(seed, width=0.4)), banded(seed)
    found, anew = solve(problem, near=prices_of(last)), solve(problem, MinCostFlow())
    assert found.stats["pairs"] < 0.1 * anew.stats["pairs"]
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(anew.objective, rel=1e-12)
    assert found.bound == pytest.approx(anew.bound, rel=1e-12)


@pytest.mark.parametrize("prices", [0.0, 5.0, "random"])
def test_wrong_prices_cost_time_and_nothing_else(prices):
    problem, rng = banded(7, pins={3: 99, 4: 0}), np.random.default_rng(0)
    p = rng.random(100) * 3 if prices == "random" else np.full(100, prices)
    found = solve(problem, near=Near(prices=p, limit_prices=-p[::-1]))
    assert found.stats["rounds"] > 0
    assert found.objective == pytest.approx(solve(problem).objective, rel=1e-12)
    assert (found.rep_of_lead[3], found.rep_of_lead[4]) == (99, 0)


@given(problem=strategies.problems(max_leads=9, max_reps=5), data=st.data())
@strategies.examples(80)
def test_any_prices_lead_to_the_answer_of_every_pair(problem, data):
    whole = outcome(problem)
    numbers = st.floats(-1e3, 1e3)
    prices = np.abs(data.draw(st.lists(numbers, min_size=problem.n_reps, max_size=problem.n_reps)))
    n_limits = len(problem.limits)
    limit_prices = data.draw(st.lists(numbers, min_size=n_limits, max_size=n_limits))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(every_pair, "LEAST_PAIRS_NEAR", 0)
        patch.setattr(column_generation, "LEAST_PAIRS", data.draw(st.sampled_from([0, 10**9])))
        patch.setattr(column_generation, "_OPTIONS", 1)
        few = outcome(problem, Near(prices=prices, limit_prices=limit_prices))
    if isinstance(whole, str):
        assert few == whole
    else:
        assert few[0] == whole[0]
        assert few[1] == pytest.approx(whole[1], rel=1e-9, abs=1e-9)


def test_reps_without_slots_keep_a_price():
    teams = tuple(Limit(reps=[rep, rep + 1], upper=14, name=f"team {rep}") for rep in range(0, 100, 2))
    problem = banded(1).replace(limits=teams)
    slots = problem.capacity.copy()
    slots[:5] = 0
    closed = problem.replace(capacity=slots)
    found, anew = solve(closed, near=prices_of(solve(problem))), solve(closed)
    assert found.stats["pairs"] < 0.1 * anew.stats["pairs"]
    assert found.objective == pytest.approx(anew.objective, rel=1e-12)
    assert found.bound == pytest.approx(found.objective, rel=1e-12)
    assert found.prices[:5].max() > 0


def test_what_cannot_be_met_is_refused_with_a_witness_of_the_whole_problem():
    problem = banded(2)
    limits = (*problem.limits[1:], Limit(reps=[0], lower=400, name="too much"))
    with pytest.raises(Infeasible) as caught:
        solve(problem.replace(limits=limits), near=Near(prices=np.zeros(100), limit_prices=np.zeros(100)))
    assert "too much" in caught.value.witness.limits


@pytest.mark.parametrize("shape", [{"n": 20, "m": 4}, {}])
def test_little_problems_and_prices_of_capacities_alone_are_solved_as_ever(shape):
    problem = banded(0, **shape)
    limit_prices = np.zeros(len(problem.limits)) if shape else None
    found = solve(problem, near=Near(prices=np.zeros(problem.n_reps), limit_prices=limit_prices))
    assert (found.status, found.stats["rounds"]) == (Status.OPTIMAL, 0)
