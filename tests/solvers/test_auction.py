"""`Auction`: any hint and any time limit, with compiled loops and without; the rest is in `test_every_solver`."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt import progress
from leadopt.errors import Infeasible, InvalidInput
from leadopt.matching import Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.solvers import Auction, Envelope, MinCostFlow, Near, auction
from leadopt.solvers.capacities import bid_kernels, samples
from leadopt.solvers.capacities.bid_kernels import Leads, Lists, Scratch
from tests import many_seeds, seeds
from tests.loops import needs_loops, plain
from tests.oracles import brute_force
from tests.strategies import examples, problems

BOTH = [Auction(), Auction(compiled=False)]
both = pytest.mark.parametrize("solver", BOTH, ids=lambda solver: solver.name)
EXACT = 2e-12


def size(problem):
    gains = problem.affinity.dense()
    reserve = abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0
    return max(np.abs(gains[np.isfinite(gains)]).max(initial=0.0), reserve, 1e-300) * (1 + problem.n_leads)


@pytest.fixture(autouse=True)
def samples_of_few(monkeypatch):
    """Let the numpy path take samples of problems that a flow over all pairs would solve faster."""
    monkeypatch.setattr(samples, "_LEAST", 4)
    monkeypatch.setattr(samples, "_LEAST_PER_REP", 1)


def hard_problems(seed, n=90, m=6):
    """Problems of every kind, large enough for bids, samples and cores."""
    rng = np.random.default_rng(seed)
    gains = rng.random((n, m))
    tight, scarce = np.full(m, n // m), rng.integers(0, n // m, m)
    yield "random", Problem(affinity=gains, capacity=tight + 2)
    yield "scarce", Problem(affinity=gains, capacity=scarce)
    yield "must be placed", Problem(affinity=gains, capacity=tight, reserve=-np.inf)
    yield "pool", Problem(affinity=gains - 0.5, capacity=scarce, reserve=0.1)
    yield "whole", Problem(affinity=rng.integers(0, 9, (n, m)).astype(float), capacity=tight)
    yield "binary", Problem(affinity=rng.integers(0, 2, (n, m)).astype(float), capacity=scarce, reserve=0.5)
    yield "outer", Problem(affinity=np.outer(rng.random(n), rng.random(m)), capacity=scarce)
    yield "near ties", Problem(affinity=1 + 1e-9 * rng.integers(0, 4, (n, m)), capacity=scarce)
    yield "wide", Problem(affinity=10.0 ** rng.uniform(-12, 12, (n, m)), capacity=tight)
    yield "pinned", Problem(affinity=gains, capacity=tight, pins={0: 0, 5: 2})
    closed = np.where(rng.random((n, m)) < 0.4, -np.inf, gains)
    yield "ineligible", Problem(affinity=closed, capacity=scarce)
    yield (
        "ineligible, tight",
        Problem(affinity=np.where(np.eye(m)[rng.integers(0, m, n)] > 0, gains, closed), capacity=n),
    )
    yield "factored", Problem(affinity=Affinity(rates=gains, scale=rng.lognormal(0, 1, n)), capacity=scarce)


def named(seed=0):
    return [pytest.param(problem, id=name) for name, problem in hard_problems(seed)]


def is_as_good(found, best):
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(best.objective, abs=EXACT * size(best.problem), rel=0)


# Hints


@both
@pytest.mark.parametrize("problem", named())
def test_any_hint_leaves_the_answer_exact(solver, problem):
    best = solve(problem, MinCostFlow())
    rng, m = np.random.default_rng(1), problem.n_reps
    largest = problem.affinity.largest
    for hint in (best.prices, 1.3 * best.prices, rng.random(m) * largest, np.zeros(m), np.full(m, 1e3 * largest)):
        is_as_good(solve(problem, solver, near=Near(prices=hint)), best)


@both
@given(problem=problems(limits=False), data=st.data())
@examples(40)
def test_any_hint_equals_brute_force(solver, problem, data):
    assume((oracle := brute_force(problem)).feasible)
    hint = data.draw(st.lists(st.floats(0, 1e13), min_size=problem.n_reps, max_size=problem.n_reps))
    found = solve(problem, solver, near=Near(prices=hint))
    assert found.objective == pytest.approx(oracle.best, abs=EXACT * size(problem), rel=0)
    assert found.status is Status.OPTIMAL


@both
def test_an_answer_is_found_anew_after_a_rep_left_and_leads_came(solver):
    rng = np.random.default_rng(0)
    gains, capacity = rng.random((2000, 12)), np.full(12, 170)
    first = match(gains, capacity, solver=solver)
    capacity[3] = 0
    gains[::100] = rng.random((20, 12))
    is_as_good(match(gains, capacity, solver=solver, prices=first.prices), match(gains, capacity, solver=MinCostFlow()))


# Time limits


def check_stopped(found, problem, best):
    assert not certify(problem, found.rep_of_lead).violations
    tolerance = EXACT * size(problem)
    assert found.objective <= best + tolerance
    assert found.bound >= best - tolerance
    assert found.gap >= -EXACT
    if found.status is Status.OPTIMAL:
        assert found.objective == pytest.approx(best, abs=1e-9 * size(problem), rel=0)


@both
@given(problem=problems(limits=False))
@examples(40)
def test_next_to_no_time_gives_an_allowed_answer_and_an_honest_bound(solver, problem):
    oracle = brute_force(problem)
    if not oracle.feasible:
        with pytest.raises(Infeasible):
            solve(problem, solver, time_limit_s=1e-9)
        return
    check_stopped(solve(problem, solver, time_limit_s=1e-9), problem, oracle.best)


class Clock:
    """Moves on by a second each time somebody looks, so that a limit in seconds is one in looks."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


@both
@many_seeds
@pytest.mark.parametrize("problem", named())
def test_time_may_run_out_at_any_look(solver, problem, monkeypatch):
    best = solve(problem, MinCostFlow()).objective
    stopped = 0
    for looks in seeds(range(1, 40, 3), range(1, 40)):
        monkeypatch.setattr(progress, "perf_counter", Clock())
        found = solve(problem, solver, time_limit_s=looks)
        check_stopped(found, problem, best)
        stopped += found.stats.get("stopped", 0.0)
    assert stopped


@both
def test_time_enough_is_as_if_there_were_no_limit(solver):
    for _, problem in hard_problems(3):
        free, limited = solve(problem, solver), solve(problem, solver, time_limit_s=1e6)
        np.testing.assert_array_equal(free.rep_of_lead, limited.rep_of_lead)
        assert "stopped" not in limited.stats


def alike(seed=0, n=3_000, m=8, n_kinds=20):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 4, (n_kinds, m)).astype(float)
    return Problem(affinity=Affinity(rates=kinds, row=rng.integers(0, n_kinds, n)), capacity=n // m // 2)


def test_a_flow_of_alike_leads_is_thought_to_take_as_long_as_its_kinds(monkeypatch):
    asked = []
    monkeypatch.setattr(auction, "flow_seconds", lambda n_pairs: asked.append(n_pairs) or 0.0)
    assert solve(alike(), solver=Auction(), time_limit_s=60).status is Status.OPTIMAL
    assert asked == [20 * 8]


def test_a_flow_that_takes_too_long_leaves_time_for_prices(monkeypatch):
    def late(*_, meter):
        assert meter.left_s < 60
        raise progress.OutOfTime

    best = solve(alike(), solver=MinCostFlow())
    monkeypatch.setattr(auction, "solve_every_pair", late)
    found = solve(alike(), solver=Auction(), time_limit_s=90)
    assert found.objective == best.objective


@both
def test_a_stopped_match_says_so_and_is_not_called_optimal(solver):
    rng = np.random.default_rng(0)
    found = match(rng.random((400, 5)), 60, solver=solver, time_limit_s=1e-9)
    assert (found.status, found.stats["stopped"]) == (Status.FEASIBLE, 1.0)
    assert 0 < found.gap < 1
    assert np.bincount(found.rep_of_lead + 1, minlength=6)[1:].tolist() == [60] * 5


@both
def test_who_must_be_placed_is_placed_though_time_is_over(solver):
    # Lead 0 can only go where lead 1 would rather go: haste finds no place for it.
    no = -np.inf
    gains = np.vstack([[[0.1, no, no], [9.0, 0.2, no]], np.tile([[no, 0.1, 0.5]], (9, 1))])
    gains[2:] += np.random.default_rng(0).random((9, 3))
    found = match(gains, [1, 1, 9], reserve=-np.inf, solver=solver, time_limit_s=1e-9)
    assert found.rep_of_lead[:2].tolist() == [0, 1]
    with pytest.raises(Infeasible):
        match(gains, [1, 0, 9], reserve=-np.inf, solver=solver, time_limit_s=1e-9)


# Progress


@both
def test_the_stages_of_an_auction_are_told(solver):
    seen = []
    match(np.random.default_rng(0).random((900, 5)), 100, solver=solver, on_progress=seen.append)
    stages = [report.stage for report in seen]
    assert stages[:3] == ["build", "solve", "price"]
    assert stages[-3:] == ["certify", "spread ties", "done"]
    assert {"prune", "core"} <= set(stages)
    assert [report.iteration for report in seen] == list(range(len(seen)))


@needs_loops
def test_bids_are_told_of_as_long_as_they_last(monkeypatch):
    from leadopt.solvers.capacities import bids

    monkeypatch.setattr(bids, "_BIDS_A_LOOK", 50)
    monkeypatch.setattr(progress, "perf_counter", Clock())
    seen = []
    match(np.random.default_rng(0).random((900, 5)), 100, solver=Auction(compiled=True), on_progress=seen.append)
    assert [report.stage for report in seen].count("price") > 10


# With loops that are compiled, and without


@needs_loops
def test_the_name_says_what_ran():
    assert [Auction(compiled=True).name, Auction(compiled=False).name] == ["Auction", "Auction (numpy)"]
    assert Auction().name == "Auction"
    with plain():
        assert Auction().name == "Auction (numpy)"
        with pytest.raises(
            InvalidInput, match=r"Auction\(compiled=True\) needs compiled loops, .* C compiler: install"
        ):
            match([[1.0]], 1, solver=Auction(compiled=True))


@pytest.mark.parametrize("problem", named(5))
def test_without_compiled_loops_the_answer_is_as_exact(problem):
    wanted = solve(problem, MinCostFlow())
    is_as_good(solve(problem, Auction(compiled=False)), wanted)
    with plain():
        is_as_good(solve(problem, Auction()), wanted)


WITHOUT = """
import numpy as np
from leadopt.matching import match
from leadopt.solvers import Auction
gains = np.random.default_rng(0).random((5000, 8))
found = match(gains, 600, solver=Auction())
print(found.solver, found.status.name, match(gains, 600, solver=Auction(), time_limit_s=1e-9).status.name)
"""


def test_a_match_works_where_loops_are_not_compiled():
    without = {**os.environ, "LEADOPT_COMPILED": "0"}
    ran = subprocess.run([sys.executable, "-c", WITHOUT], env=without, capture_output=True, text=True, check=True)
    assert ran.stdout == "Auction (numpy) OPTIMAL FEASIBLE\n"


def test_nothing_heavy_is_imported_before_it_is_used():
    heavy = ("ortools", "scipy.optimize")
    code = f"import sys, leadopt, leadopt.solvers; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@examples(25)
@given(st.integers(1, 70), st.integers(1, 7), st.integers(0, 2**32 - 1), st.sampled_from([2, 1000]))
def test_a_short_list_holds_the_best_reps_and_the_best_of_the_rest(n_reps, n_listed, seed, n_values):
    rng = np.random.default_rng(seed)
    rates = rng.integers(0, n_values, (3, n_reps)).astype(float)
    rates[rng.random(rates.shape) < 0.3] = -np.inf
    prices = rng.integers(0, 2, n_reps).astype(float)
    prices[rng.random(n_reps) < 0.2] = np.inf
    scale = np.array([0.0, 1.0, 0.7])
    n_listed = min(n_listed, n_reps)
    reps, gains, left_out = np.empty((3, n_listed), np.int32), np.empty((3, n_listed)), np.empty(3)
    leads, lists = Leads(rates, np.arange(3), scale, 0.0), Lists(reps, gains, left_out)
    bid_kernels.shortlist(leads, lists, prices, 0, 3, Scratch.of(n_reps, n_listed))
    with np.errstate(invalid="ignore"):
        after = rates * scale[:, None] - prices
    after[np.isnan(after)] = -np.inf
    for lead in range(3):
        best = [rep for rep in np.argsort(-after[lead], kind="stable") if after[lead, rep] > -np.inf]
        found = reps[lead][gains[lead] > -np.inf].tolist()
        assert found == best[:n_listed]
        assert (gains[lead, : len(found)] == rates[lead, found] * scale[lead]).all()
        assert left_out[lead] == max((after[lead, rep] for rep in best[n_listed:]), default=-np.inf)


def test_two_threads_may_solve_at_a_time():
    gains = np.random.default_rng(0).random((2, 3000, 10))
    wanted = [match(gains[k], 320, solver=MinCostFlow()).objective for k in range(2)]
    found = {}

    def work(k):
        found[k] = [match(gains[k], 320, solver=Auction()).objective for _ in range(5)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(2):
        assert found[k] == pytest.approx([wanted[k]] * 5, rel=1e-12)


def test_rounding_far_above_every_price_does_not_overflow():
    """Found by the honesty benchmark: the first core's noise, at the scale of 1e-12, exceeded 64 bits."""
    gains = np.array([[1.99948671e-12, 1.19266920e-09], [2.80219060e10, 5.93039219e06]])
    found = match(gains, [1, 0], solver=Auction())
    assert found.rep_of_lead.tolist() == [-1, 0]
    assert found.status is Status.OPTIMAL


@needs_loops
@pytest.mark.parametrize("sampled", [0.0, 0.12, 1.0])
def test_samples_of_any_size_lead_to_the_best(sampled):
    for _, problem in hard_problems(2):
        is_as_good(solve(problem, Auction(compiled=True, sampled=sampled)), solve(problem, MinCostFlow()))


@pytest.mark.parametrize("solver", [Auction(), Envelope()])
def test_one_slot_too_few_for_all_who_must_be_placed_is_said_at_once(solver):
    """20,000 x 100 took seconds, and 100,000 x 200 minutes, to price what no prices can place."""
    gains = np.round(np.random.default_rng(0).random((2_000, 40)), 2)
    capacity = np.full(40, 50)
    capacity[3] = 49
    problem = Problem(affinity=gains, capacity=capacity, reserve=-np.inf)
    with pytest.raises(Infeasible, match=r"there are 2000 leads .* and 1999 slots in all") as refused:
        solve(problem, solver)
    assert (refused.value.witness.need, refused.value.witness.room) == (2_000, 1_999)
    assert len(refused.value.witness.leads) == 2_000


@pytest.mark.parametrize("huge", [1e12, 1e25])
@pytest.mark.parametrize("held", ["matrix", "pairs", "rows"])
@pytest.mark.parametrize("solver", [*BOTH, Envelope(), None], ids=["bids", "samples", "envelope", "auto"])
def test_gains_that_nobody_can_have_do_not_say_what_is_small(solver, held, huge):
    """Reps without slots, whose gains are 10^12 times as large: the answer, its proof and its prices stay."""
    rng = np.random.default_rng(3)
    gains = np.where(rng.random((600, 20)) < 0.3, rng.random((600, 20)), -np.inf)
    found = []
    for factor in (1.0, huge):
        rates = gains * np.where(np.arange(20) < 3, factor, 1.0)
        affinity = {
            "matrix": Affinity(rates=rates),
            "pairs": Affinity(rates=SparseRows.of_dense(rates)),
            "rows": Affinity(rates=rates[:40], row=np.arange(600) % 40, scale=1.0 + np.arange(600) % 7),
        }[held]
        found.append(solve(Problem(affinity=affinity, capacity=[0] * 3 + [25] * 17), solver))
    assert [one.status for one in found] == [Status.OPTIMAL] * 2
    assert found[1].objective == pytest.approx(found[0].objective, rel=1e-12)
    np.testing.assert_allclose(found[1].prices[3:], found[0].prices[3:], atol=1e-9)
