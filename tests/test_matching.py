"""`match` and `Auto`: what comes back, in which order things are reported, and who is chosen."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from leadopt.errors import InvalidInput, SolverFailed
from leadopt.matching import Auto, Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter, Progress
from leadopt.solvers import Answer, Auction, Hungarian, Milp, MinCostFlow, Near
from leadopt.solvers.base import Solver
from leadopt.solvers.compiled import compiled


def test_a_match_can_be_recomputed_from_itself():
    rng = np.random.default_rng(0)
    found = match(rng.random((40, 5)), 7, limits=[Limit(reps=[0, 1], upper=9)], pins={3: 2}, reserve=0.4)
    again = certify(found.problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert (again.objective, again.bound, again.gap) == (found.objective, found.bound, found.gap)
    assert found.rep_of_lead.dtype == np.int64
    assert found.prices.shape == (5,)
    assert found.limit_prices.shape == (1,)
    assert found.rep_of_lead[3] == 2
    assert found.stats["groups"] == 39


def test_auto_takes_hungarian_for_unit_capacities_and_flow_for_the_rest():
    square = Problem(affinity=np.ones((3, 3)), capacity=1)
    assert Auto().choose(square) == Hungarian()
    assert Auto().choose(square.replace(capacity=2)) == MinCostFlow()
    assert Auto().choose(square.replace(limits=(Limit(upper=2),))) == MinCostFlow()


def test_auto_takes_in_limited_time_what_is_surely_quick_enough_else_the_auction_or_beside_limits_a_search():
    problem = Problem(affinity=np.ones((3, 3)), capacity=1)
    assert Auto().choose(problem, 1) == (Hungarian() if compiled() else Auction())
    assert Auto().choose(problem.replace(capacity=2), 1) == (MinCostFlow() if compiled() else Auction())
    assert Auto().choose(problem, 0.01) == Auction()
    assert match(np.ones((3, 3)), 1, time_limit_s=1e-3).solver == Auction().name
    assert sorted(Auto().solve(problem, Near(), Meter(time_limit_s=60)).rep_of_lead) == [0, 1, 2]
    limited = problem.replace(limits=[Limit(upper=2)])
    assert Auto().choose(limited) == MinCostFlow()
    assert Auto().choose(limited, 1) == MinCostFlow()
    assert Auto().choose(limited, 0.01) == Milp()
    large = Problem(affinity=np.ones((5000, 100)), capacity=60, limits=[Limit(upper=2)])
    assert (Auto().choose(large, 60), Auto().choose(large, 1)) == (MinCostFlow(), Milp())
    found = match(np.ones((3, 3)), 1, limits=[Limit(upper=2)], time_limit_s=60)
    assert (found.objective, found.status, found.solver) == (2.0, Status.OPTIMAL, "MinCostFlow")


class Asked:
    """Takes note of the hints it is given, and leaves all leads in the pool."""

    name = "Asked"
    untimed = None

    def refuses(self, problem):
        return None

    def solve(self, problem, near, meter):
        self.near, self.limit_s = near, meter.limit_s
        return Answer(
            rep_of_lead=np.full(problem.n_leads, -1),
            prices=np.zeros(problem.n_reps),
            limit_prices=np.zeros(len(problem.limits)),
        )


def test_hints_reach_the_solver_as_numbers():
    solver = Asked()
    match([[1.0, 2.0]], 1, solver=solver, prices=[1, 0], time_limit_s=np.float32(2))
    assert (solver.near.prices.dtype, solver.near.prices.tolist()) == (np.float64, [1.0, 0.0])
    assert type(solver.limit_s) is float
    assert 0.0 < solver.limit_s <= 2.0  # building the problem took its part
    match([[1.0, 2.0]], 1, solver=solver)
    assert (solver.near.prices, solver.limit_s) == (None, None)
    problem = Problem(affinity=[[1.0, 2.0]], capacity=1, limits=[Limit(upper=1)])
    solve(problem, solver, near=Near(limit_prices=[-2], rep_of_lead=np.array([1], dtype=np.int32)))
    assert (solver.near.limit_prices.dtype, solver.near.limit_prices.tolist()) == (np.float64, [-2.0])
    assert (solver.near.rep_of_lead.dtype, solver.near.rep_of_lead.tolist()) == (np.int64, [1])


@pytest.mark.parametrize(
    "near, found",
    [
        (Near(limit_prices=[1.0]), r"limit_prices: must be one for each of 0 limits; found shape \(1,\)"),
        (Near(rep_of_lead=[0, 1]), r"rep_of_lead: must be whole numbers, one for each of 1 leads; found int64 of sh"),
        (Near(rep_of_lead=[0.5]), r"rep_of_lead: must be whole numbers, one for each of 1 leads; found float64 of sh"),
        (Near(rep_of_lead=[2]), "rep of lead 0: must be -1 to 1; found 2"),
        (Near(rep_of_lead=[-2]), "rep of lead 0: must be -1 to 1; found -2"),
    ],
)
def test_a_known_answer_that_belongs_to_another_problem_is_refused(near, found):
    with pytest.raises(InvalidInput, match=found):
        solve(Problem(affinity=[[1.0, 2.0]], capacity=1), near=near)


@pytest.mark.parametrize(
    "prices, found",
    [
        ([1.0], r"prices: must be one for each of 2 reps; found shape \(1,\)"),
        (3.0, r"prices: must be one for each of 2 reps; found shape \(\)"),
        ([0.0, np.nan], "prices of rep 1: must be finite, 0 or more; found nan"),
        ([-1.0, 0.0], "prices of rep 0: must be finite, 0 or more; found -1.0"),
        ([0.0, np.inf], "prices of rep 1: must be finite, 0 or more; found inf"),
        (["a", "b"], r"prices: must be numbers, one for each of 2 reps; found \['a', 'b'\]"),
    ],
)
@pytest.mark.parametrize("solver", [None, Auction()])
def test_hints_that_cannot_be_prices_are_refused(solver, prices, found):
    with pytest.raises(InvalidInput, match=found):
        match([[1.0, 2.0]], 1, prices=prices, solver=solver)


@pytest.mark.parametrize("limit", [0, -1.0, -np.inf, np.nan, "1", True, [1.0]])
def test_a_time_limit_that_is_no_time_is_refused(limit):
    with pytest.raises(
        InvalidInput, match=r"time_limit_s: must be a positive number of seconds, or inf or None for no limit; found"
    ):
        match([[1.0]], 1, time_limit_s=limit)


@pytest.mark.parametrize("limit", [np.inf, float("inf"), np.float32(np.inf)])
def test_inf_is_no_time_limit_for_whoever_keeps_none_either(limit):
    for solver in (None, Hungarian(), MinCostFlow(), Auction()):
        assert match([[1.0]], 1, solver=solver, time_limit_s=limit).status is Status.OPTIMAL


@pytest.mark.parametrize("solver, backend", [(Hungarian(), "SciPy"), (MinCostFlow(), "OR-Tools")])
def test_who_cannot_keep_a_time_limit_says_so(solver, backend):
    reason = f"{solver.name} cannot keep a time limit, as {backend} has none; leave time_limit_s out or use Auction"
    with pytest.raises(InvalidInput, match=reason):
        match([[1.0]], 1, solver=solver, time_limit_s=1.0)
    assert match([[1.0]], 1, solver=solver, prices=[0.5]).prices.tolist() == [0.0]


@pytest.mark.parametrize("solver", [None, Auto()])
def test_a_match_names_the_solver_that_was_chosen(solver):
    assert match([[1.0]], 1, solver=solver).solver == "Hungarian"
    assert match([[1.0]], 2, solver=solver).solver == "MinCostFlow"


def test_progress_tells_every_stage_in_order():
    seen: list[Progress] = []
    found = match([[1.0, 2.0]], 1, on_progress=seen.append)
    assert [report.stage for report in seen] == ["build", "solve", "certify", "spread ties", "done"]
    assert [report.iteration for report in seen] == list(range(5))
    assert seen[0].objective is None
    assert (seen[-1].objective, seen[-1].bound) == (found.objective, found.bound)


class Careless:
    """Gives every lead to rep 0, with prices of nothing."""

    name = "Careless"
    untimed = None

    def refuses(self, problem):
        return None

    def solve(self, problem, near, meter):
        return Answer(
            rep_of_lead=np.zeros(problem.n_leads, dtype=np.int64),
            prices=np.zeros(problem.n_reps),
            limit_prices=np.zeros(len(problem.limits)),
        )


def test_an_answer_without_proof_is_feasible_not_optimal():
    solver: Solver = Careless()
    found = match([[1.0, 3.0], [1.0, 0.0]], 2, solver=solver)
    assert (found.objective, found.bound, found.status) == (2.0, 4.0, Status.FEASIBLE)
    assert found.gap == 0.5
    assert found.rep_of_lead.tolist() == [0, 0]


def test_a_solver_that_breaks_a_rule_is_found_out():
    with pytest.raises(SolverFailed, match="Careless broke a rule: rep 0 has 2 leads and capacity 1; please report"):
        match([[1.0, 3.0], [1.0, 0.0]], 1, solver=Careless())


def test_limits_that_cross_go_to_the_callers_own_solver():
    crossing = [Limit(reps=[0, 1]), Limit(reps=[1, 2])]
    found = match(np.ones((3, 3)), 3, limits=crossing, solver=Careless())
    assert found.status is Status.OPTIMAL  # all are tied, and its prices prove it
    assert sorted(found.rep_of_lead.tolist()) == [0, 1, 2]  # ties across crossing limits are shared out too


def test_every_status_says_what_to_do():
    assert [status.name for status in Status] == ["OPTIMAL", "SOLVED", "FEASIBLE"]
    assert "certificate proves" in Status.OPTIMAL.value
    assert "allow more time or another solver" in Status.FEASIBLE.value


def test_a_seed_that_is_none_is_refused():
    for rng in ("x", -1, 0.5, np.int64(-1), [-1]):
        with pytest.raises(InvalidInput, match=r"^rng: must be a whole number, 0 or more, or a numpy Generator; found"):
            match([[1.0]], 1, rng=rng)


def test_a_seed_and_its_generator_draw_the_same():
    gains = np.ones((12, 3))
    drawn = {tuple(match(gains, 6, rng=seed).rep_of_lead.tolist()) for seed in range(5)}
    assert len(drawn) > 1
    for seed in range(5):
        for rng in (np.int64(seed), np.random.default_rng(seed)):
            assert match(gains, 6, rng=seed).rep_of_lead.tolist() == match(gains, 6, rng=rng).rep_of_lead.tolist()


def test_a_match_says_what_it_is_in_text_html_and_json():
    found = match([[0.3, 0.1], [0.4, 0.3], [0.1, 0.1]], capacity=1)
    assert found.summary() == "2 of 3 leads placed, worth 0.6: OPTIMAL (Hungarian)"
    assert str(found) == found.summary() and repr(found) == f"<Match: {found.summary()}>"
    assert found.summary() in found._repr_html_()
    told = json.loads(found.to_json())
    assert told["rep_of_lead"] == [0, 1, -1] and told["status"] == "OPTIMAL" and "problem" not in told


def test_a_small_gap_is_not_rounded_to_none_and_that_of_a_complete_search_is_not_told():
    found = match([[0.3, 0.1], [0.4, 0.3]], capacity=1)
    assert replace(found, status=Status.FEASIBLE, gap=3e-5).summary().endswith(", at most 0.003% below the best")
    assert replace(found, status=Status.SOLVED, gap=0.02).summary().endswith("SOLVED (Hungarian)")


def test_capacities_with_labels_are_those_of_the_columns():
    gains = pd.DataFrame({"Ann": [3.0, 3.0], "Bo": [1.0, 1.0]})
    capacity = pd.Series({"Bo": 2, "Ann": 0})
    assert match(gains, capacity).rep_of_lead.tolist() == [1, 1]
    for by_position in (pd.Series([0, 2]), [0, 2], capacity.to_numpy()[::-1]):
        assert match(gains, by_position).rep_of_lead.tolist() == [1, 1]
    assert match(gains.to_numpy(), pd.Series({"x": 0, "y": 2})).rep_of_lead.tolist() == [1, 1]
    with pytest.raises(InvalidInput, match=r"its labels must be the columns of affinity \(Ann, Bo\); found Ann, Cy"):
        match(gains, pd.Series({"Ann": 1, "Cy": 1}))


@pytest.mark.parametrize("size", [1e13, 1e100, 1e280])
@pytest.mark.parametrize("seed", range(6))
def test_gains_with_a_rep_who_has_no_room_change_nothing(size, seed):
    rng = np.random.default_rng(seed)
    gains, capacity = rng.random((6, 5)), np.array([0, 1, 6, 6, 0])
    gains[:, [0, 4]] *= size
    without = np.where(gains < 1.0, gains, -np.inf)
    pins = np.full(6, -1)
    if seed % 2:  # what is full by pins has no room either
        capacity[0], pins[0], gains[0, 0], without[0, 0] = 1, 0, 0.5, 0.5
    for solver in (None, Hungarian(), MinCostFlow(), Auction()):
        found, best = (match(some, capacity, pins=pins, solver=solver) for some in (gains, without))
        assert found.status is Status.OPTIMAL
        assert np.array_equal(found.rep_of_lead, best.rep_of_lead)


@pytest.mark.parametrize("seed", range(5))
def test_where_leads_stay_together_a_dear_pool_rounds_no_bound_below_the_answer(seed):
    gains = np.random.default_rng(seed).random((5, 2)) * 1e-9
    found = match(gains, 5, reserve=-1.0, together=[2, 2, 1, -1, 0])
    best = gains[:2].sum(axis=0).max() + gains[2:].max(axis=1).sum()
    assert found.objective == pytest.approx(best, rel=1e-12, abs=0.0)
    assert best * (1.0 - 1e-15) <= found.bound <= best + 1e-14
