"""Limits of any kind: allowed, bounded, and equal to brute force where the search ends."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from leadopt.errors import Infeasible, SolverFailed
from leadopt.matching import Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers import Milp, MinCostFlow
from leadopt.solvers.lagrangian import pairs, program, work
from tests.loops import needs_loops, plain
from tests.oracles import brute_force, linear_programme
from tests.strategies import examples, general_problems, problems


def close(a, b):
    return a == pytest.approx(b, rel=1e-6, abs=1e-6)


@examples(40)
@given(general_problems())
def test_small_problems_equal_brute_force(problem):
    truth = brute_force(problem)
    try:
        found = solve(problem, Milp())
    except Infeasible as error:
        assert not truth.feasible
        assert error.witness.limits or error.witness.leads
        return
    assert truth.feasible
    assert found.status in (Status.OPTIMAL, Status.SOLVED)
    assert close(found.objective, truth.best)
    assert found.bound >= truth.best - 1e-9 * max(1.0, abs(truth.best))
    assert not certify(problem, found.rep_of_lead).violations


@examples(30)
@given(problems(kind="floats"))
def test_nested_limits_equal_the_flow(problem):
    try:
        flow = solve(problem, MinCostFlow())
    except Infeasible:
        with pytest.raises(Infeasible):
            solve(problem, Milp())
        return
    found = solve(problem, Milp())
    assert close(found.objective, flow.objective)
    assert close(found.bound, flow.bound)


@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-100, 1e-12, 1e12, 1e100, 1e280])
def test_the_unit_of_gains_does_not_matter(unit):
    gains = np.array([[4.0, 1.0], [3.0, 2.0], [5.0, 5.0], [2.0, 4.0]])
    limits = [Limit(usage=np.array([1.0, 2.0, 1.5, 1.0]), reps=[0], upper=2.5), Limit(leads=[0, 2], reps=[1], lower=1)]
    plain, scaled = (match(factor * gains, 2, limits=limits, solver=Milp()) for factor in (1.0, unit))
    assert scaled.rep_of_lead.tolist() == plain.rep_of_lead.tolist()
    assert scaled.objective == pytest.approx(unit * plain.objective, rel=1e-12)


@examples(15)
@given(general_problems(), st.integers(0, 3))
def test_same_input_same_answer(problem, seed):
    def once():
        try:
            return solve(problem, Milp(), rng=seed)
        except Infeasible as error:
            return str(error)

    first, second = once(), once()
    if isinstance(first, str):
        assert first == second
    else:
        assert first.rep_of_lead.tolist() == second.rep_of_lead.tolist()
        assert first.bound == second.bound


@examples(20)
@given(general_problems(reserves=(0.0, 0.3, -1.5)), st.data())
def test_relaxing_a_limit_never_lowers_the_optimum(problem, data):
    k = data.draw(st.integers(0, len(problem.limits) - 1))
    tight = problem.limits[k]
    loose = Limit(
        reps=tight.reps, leads=tight.leads, usage=tight.usage, lower=tight.lower / 2, upper=2 * tight.upper,
        penalty=tight.penalty,
    )  # fmt: skip
    wider = problem.replace(limits=(*problem.limits[:k], loose, *problem.limits[k + 1 :]))
    try:
        before = solve(problem, Milp()).objective
    except Infeasible:
        return
    assert solve(wider, Milp()).objective >= before - 1e-6 * max(1.0, abs(before))


def floor_of_reps(n, m, seed=0):
    """A sales floor under overlapping limits of three kinds: value bands, hot leads, a quota of newcomers."""
    rng = np.random.default_rng(seed)
    value = rng.lognormal(0, 1, n)
    gains = Affinity(rates=value[:, None] / (1 + np.exp(1.2 - 0.5 * rng.normal(size=(n, m)))))
    capacity = np.full(m, int(np.ceil(1.1 * n / m)))
    best = match(gains, capacity).objective / m
    hot = np.flatnonzero(value > np.quantile(value, 0.8))
    limits = [
        *(Limit(reps=[j], usage=gains, lower=0.6 * best, upper=1.1 * best, name=f"value of {j}") for j in range(m)),
        *(Limit(reps=[j], leads=hot, upper=np.ceil(1.2 * len(hot) / m), name=f"hot of {j}") for j in range(m)),
        Limit(reps=[0, 1], lower=np.ceil(1.8 * n / m), name="newcomers"),
    ]
    return Problem(affinity=gains, capacity=capacity, limits=limits)


def test_many_leads_under_limits_of_three_kinds_come_near_the_bound():
    problem = floor_of_reps(2500, 10)
    found = solve(problem, Milp())
    assert not certify(problem, found.rep_of_lead).violations
    assert 0 <= found.gap < 1e-3
    assert found.limit_prices[-1] <= 0


def test_without_compiled_loops_the_same_chains_are_fewer_and_still_allowed():
    problem = floor_of_reps(150, 5)
    with plain():
        found = solve(problem, Milp(whole_options=0))
    assert not certify(problem, found.rep_of_lead).violations
    assert 0 <= found.gap < 0.02


def test_the_bound_of_priced_leads_is_that_of_the_relaxation():
    problem = floor_of_reps(300, 5)
    assert solve(problem, Milp(whole_options=0)).bound == pytest.approx(linear_programme(problem), rel=1e-7)


@examples(20)
@given(general_problems(reserves=(0.0, 0.3, -1.5)))
def test_pricing_and_pruning_are_right_on_small_problems_too(problem):
    truth = brute_force(problem)
    try:
        found = solve(problem, Milp(whole_options=0, open_leads=1, open_leads_per_row=0))
    except (Infeasible, SolverFailed) as error:
        assert isinstance(error, SolverFailed) or not truth.feasible
        return
    assert truth.feasible
    assert not certify(problem, found.rep_of_lead).violations
    assert found.objective <= truth.best + 1e-9 * max(1.0, abs(truth.best))
    assert found.bound >= truth.best - 1e-9 * max(1.0, abs(truth.best))


def test_a_time_limit_brings_an_allowed_answer_that_says_so():
    problem = floor_of_reps(2500, 10)
    found = solve(problem, Milp(), time_limit_s=0.01)
    assert found.stats["stopped"] == 1
    assert not certify(problem, found.rep_of_lead).violations
    assert found.gap < 0.2


def out_of_time(*_, **__):
    raise OutOfTime


@pytest.mark.parametrize("n", [1000, 3000])
def test_where_time_is_over_before_an_answer_is_allowed_the_error_names_what_is_missing(n, monkeypatch):
    monkeypatch.setattr(program.Core, "relaxed", out_of_time)
    gains = np.random.default_rng(0).random((n, 8))
    usage = np.where(np.arange(n) % 2, 0.5, 0.4)  # not all the same, or leads were counted
    hours = Limit(reps=[1], leads=np.arange(300), usage=usage, lower=300, name="hours of Bo")
    message = (
        r"^Milp found no allowed answer in time: 1 of the hard limits are still broken, most of all hours of Bo, by \d+"
        r".*; allow more time \(time_limit_s=...\), loosen a limit, or give one a penalty$"
    )
    with pytest.raises(SolverFailed, match=message):
        match(gains, n, limits=[hours], time_limit_s=1e-9)


def test_shares_that_take_longer_than_there_is_time_are_out_of_time(monkeypatch):
    """As the backend reports it: status 1, stopped at a limit."""
    limits = []
    stopped = SimpleNamespace(status=1)
    monkeypatch.setattr(Meter, "grace_s", 1e-6)
    monkeypatch.setattr(work, "best_draft", lambda *_: None)  # else it is the answer at once
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, options, **__: limits.append(options) or stopped)
    problem = floor_of_reps(300, 10)
    found = solve(problem, Milp(), time_limit_s=1e-9)
    assert found.stats["stopped"] == 1
    assert not certify(problem, found.rep_of_lead).violations
    assert [limit["time_limit"] for limit in limits] == [1e-3]


def test_where_time_is_over_at_once_the_best_draft_is_the_answer(monkeypatch):
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: pytest.fail("no time for that"))
    problem = floor_of_reps(300, 10)
    found = solve(problem, Milp(), time_limit_s=1e-9)
    assert not certify(problem, found.rep_of_lead).violations
    assert found.objective > 0.8 * found.bound


def test_where_time_is_over_before_the_core_is_solved_every_leads_best_option_is_mended(monkeypatch):
    monkeypatch.setattr(program.Core, "relaxed", out_of_time)
    problem = floor_of_reps(2500, 10)
    found = solve(problem, Milp(), time_limit_s=1e-9)
    assert found.stats["stopped"] == 1
    assert found.status is Status.FEASIBLE
    assert not certify(problem, found.rep_of_lead).violations


@pytest.mark.parametrize(
    "limits, reserve, message",
    [
        ([Limit(reps=[0], usage=2.0, lower=5, name="hours"),
          Limit(reps=[0, 1], usage=[1.0, 2.0, 3.0], upper=1, name="cap")],
         0.0, "cap, hours cannot be met together"),
        ([Limit(reps=[0], usage=3.0, lower=10, name="hours")], 0.0, "hours cannot be met"),
        ([Limit(usage=[1.0, 1.0, 2.0], upper=3.5, name="hours")], -np.inf,
         "hours cannot be met, as every lead must be placed"),
        ([Limit(reps=[0], usage=2.0, lower=3, upper=3, name="three"), Limit(reps=[0, 1], name="x")], 0.0,
         "no whole number of leads that take 2 each lies from 3 to 3, as three asks"),
    ],
)  # fmt: skip
def test_limits_that_contradict_each_other_are_named(limits, reserve, message):
    with pytest.raises(Infeasible, match=f"^{message}$") as refused:
        match(np.ones((3, 2)), 3, limits=limits, reserve=reserve, solver=Milp())
    assert refused.value.witness.limits


def test_pins_that_exceed_a_limit_are_named():
    limits = [Limit(reps=[0], usage=[2.0, 2.0, 1.0], upper=3, name="hours of Ann")]
    with pytest.raises(Infeasible, match="2 leads are pinned to 0 and take 4, and hours of Ann allows 3"):
        match(np.ones((3, 2)), 3, limits=limits, pins={0: 0, 1: 0})


def test_many_leads_that_cannot_meet_a_minimum_are_refused_in_words():
    gains = np.random.default_rng(0).random((3000, 8))
    hours = Limit(reps=[1], usage=np.append(0.25, np.full(2999, 0.5)), lower=400, name="hours of Bo")
    cap = Limit(reps=[0, 1], upper=700, name="team")
    with pytest.raises(Infeasible, match=r"hours of Bo.* cannot be met together"):
        match(gains, 500, limits=[hours, cap])


@pytest.mark.parametrize("n, m", [(40, 3), (3000, 8)])
def test_an_exact_share_of_value_that_none_is_found_for_is_named_and_not_called_impossible(n, m):
    gains = Affinity.coerce(np.random.default_rng(0).lognormal(0, 1, (n, m)))
    bands = [Limit(reps=[j], usage=gains, lower=n / m, upper=n / m, name=f"value of {j}") for j in range(2)]
    with pytest.raises(SolverFailed) as failed:
        match(gains, n, limits=bands, solver=Milp(most_work=0.5))
    assert str(failed.value) == (
        "Milp found no allowed answer, though there may be one: value of 0, value of 1 leave next to no room between "
        "the lower and the upper bound, and leads cannot be divided to meet them; widen them, or give a penalty"
    )


def test_an_exact_figure_that_round_amounts_add_up_to_is_met():
    hours = np.tile([0.25, 0.5, 1.0, 1.5], 25)
    limits = [Limit(reps=[j], usage=hours, lower=20, upper=20, name=f"hours of {j}") for j in range(2)]
    found = match(np.random.default_rng(0).random((100, 3)), 100, limits=limits)
    assert hours[found.rep_of_lead == 0].sum() == hours[found.rep_of_lead == 1].sum() == 20


@pytest.mark.parametrize("seed, times", [(3, 1.8), (4, 2.4), (6, 1.8)])
def test_minimums_of_value_that_can_be_met_are_not_taken_for_exact_shares(seed, times):
    """A minimum has no upper end, and inf - lower <= inf: every one that rounding missed at first was refused."""
    rng = np.random.default_rng(seed)
    gains = rng.lognormal(0.0, 1.2, size=(40, 4)).round(4)
    dealt = np.arange(40) % 4
    least = [gains[dealt == rep, rep].sum() for rep in range(4)]
    limits = [Limit(reps=[rep], usage=gains, lower=times * least[rep], name=f"value of {rep}") for rep in range(4)]
    found = match(gains, 12, limits=limits, solver=Milp(most_work=0.2))
    assert found.gap < 0.05
    assert all(found.problem.load(limit, found.rep_of_lead) >= limit.lower for limit in limits)


def test_the_best_one_lead_for_a_minimum_is_taken_and_not_two():
    """Any lead is more than the minimum, and was a rounding step short of it: two, or another, were called best."""
    gains = [
        [-0.257, -0.485, -0.455, -0.726, -0.324, -0.826],
        [-0.622, -0.099, -0.635, -0.255, -0.796, -0.908],
        [-0.145, -0.087, -0.605, -0.740, -0.553, -0.621],
        [-0.976, -0.539, -0.234, -0.155, -0.242, -0.982],
        [-0.366, -0.681, -0.407, -0.709, -0.204, -0.927],
        [-0.131, -0.892, -0.213, -0.189, -0.854, -0.722],
    ]
    hours = np.tile([0.5, 2.0, 0.5, 3.7, 3.7, 0.0], (6, 1))
    found = match(gains, 1, reserve=0.3, limits=[Limit(usage=hours, lower=0.5)])
    assert found.rep_of_lead.tolist() == [-1, -1, 1, -1, -1, -1]
    assert found.status is Status.SOLVED


@pytest.mark.parametrize("n_reps", [40, 60])
def test_hours_of_a_dozen_leads_by_many_reps_are_searched(n_reps):
    rng = np.random.default_rng(0)
    gains, hours, calls = rng.random((12, n_reps)), rng.random(12) + 0.5, rng.random(12)
    limits = [Limit(usage=hours, upper=5.0), Limit(reps=np.arange(n_reps // 2), usage=calls, lower=2.3)]
    found = match(gains, 1, limits=limits)
    each_lead, each_rep = np.kron(np.eye(12), np.ones(n_reps)), np.kron(np.ones(12), np.eye(n_reps))
    there = np.kron(calls, np.arange(n_reps) < n_reps // 2)
    rows = np.vstack([each_lead, each_rep, np.kron(hours, np.ones(n_reps)), -there])
    most = LinearConstraint(rows, ub=[*np.ones(12 + n_reps), 5.0, -2.3])
    best = milp(-gains.reshape(-1), constraints=most, bounds=Bounds(0, 1), integrality=np.ones(gains.size))
    assert found.status is Status.SOLVED
    assert found.objective == pytest.approx(-best.fun, rel=1e-6)


@needs_loops
def test_nested_limits_under_a_time_limit_are_a_flow_if_that_is_found_in_its_part():
    rng = np.random.default_rng(0)
    gains = rng.random((2_000, 12))
    limits = [Limit(reps=[rep], lower=100) for rep in range(12)] + [Limit(reps=[0, 1, 2], upper=330)]
    problem = Problem(affinity=gains, capacity=200, limits=limits)
    found = solve(problem, Milp(), time_limit_s=1e4)
    assert (found.solver, found.status) == ("Milp", Status.OPTIMAL)
    assert found.objective == pytest.approx(solve(problem, MinCostFlow()).objective, rel=1e-12)


@needs_loops
def test_a_flow_that_is_not_found_in_time_leaves_the_rest_of_it_to_a_search(monkeypatch):
    monkeypatch.setattr(MinCostFlow, "solve_in_time", out_of_time)
    gains = np.random.default_rng(0).random((2_500, 10))
    limits = [Limit(reps=[rep], lower=100) for rep in range(10)]
    found = match(gains, 300, limits=limits, solver=Milp(), time_limit_s=1e4)
    assert not certify(found.problem, found.rep_of_lead, found.prices, found.limit_prices).violations
    assert found.gap < 1e-2


def test_where_time_ends_with_the_prices_leads_dealt_at_those_of_a_sample_are_the_answer(monkeypatch):
    """Bands on value that nobody meets by chance: before, no answer was found."""

    def late(problem, rows, leads, y, meter, kept_s=0.0):
        meter._limit_s = 0.0
        return y

    rng = np.random.default_rng(0)
    gains = rng.lognormal(0.0, 1.0, (9_000, 1)) * rng.uniform(0.1, 1.0, (9_000, 6)) * np.linspace(0.3, 1.0, 6)
    share = 0.6 * gains.max(axis=1).sum() / 6
    limits = [Limit(reps=[rep], usage=gains, lower=0.8 * share, upper=1.3 * share) for rep in range(6)]
    monkeypatch.setattr(pairs, "priced", late)
    found = match(gains, 1_700, limits=limits, time_limit_s=1e4)
    value = [gains[found.rep_of_lead == rep, rep].sum() for rep in range(6)]
    assert found.stats["stopped"] and found.gap < 0.02
    assert np.bincount(found.rep_of_lead[found.rep_of_lead >= 0], minlength=6).max() <= 1_700
    assert min(value) >= 0.8 * share * (1 - 1e-9) and max(value) <= 1.3 * share * (1 + 1e-9)
