"""Branch and bound by packings: the best answer there is, and what it rules out is worth too little."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import Infeasible
from leadopt.matching import Status, solve
from leadopt.problem.knapsack_bound import Knapsacks, knapsack_bound
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Milp
from leadopt.solvers.drafts.drafts import worth
from leadopt.solvers.lagrangian import small
from leadopt.solvers.lagrangian.packing_kernels import ENDED, FOUND, Effort, begin, explore, price
from leadopt.solvers.lagrangian.packings import Search
from tests.loops import both, needs_loops
from tests.oracles import brute_force
from tests.solvers.lagrangian.test_neighbourhoods import correlated
from tests.strategies import examples

pytestmark = needs_loops  # without, nobody searches by packings
_MUCH = 10**9


@st.composite
def hours_alone(draw, whole=None):
    """Return up to six leads and three reps, some of whose hours are limited; fractions, ineligible pairs, the pool."""
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    unit = draw(st.sampled_from([1.0, 0.25, 0.1, 1 / 60, 3e-9, 7e5] if whole is None else [1.0]))
    use = rng.integers(0, 9, (n, m)) * unit if draw(st.booleans()) or whole else rng.random((n, m))
    gain = rng.integers(-9, 20, (n, m)).astype(float) if draw(st.booleans()) else rng.normal(1.0, 2.0, (n, m))
    gain[rng.random((n, m)) < draw(st.sampled_from([0.0, 0.3]))] = -np.inf
    share = draw(st.sampled_from([0.0, 0.3, 0.6, 1.0]))
    limits = [Limit(reps=[rep], usage=use[:, rep], upper=share * use[:, rep].sum()) for rep in range(m)]
    reserve = draw(st.sampled_from([0.0, -3.0, 1.5, -np.inf]))
    problem = Problem(affinity=gain, capacity=n, limits=limits, reserve=reserve)
    packs = Knapsacks.of(problem)
    assume(packs is not None and packs.alone)  # where all amounts are 1, they are no hours
    return problem


def begun(problem, known=None, work=_MUCH, meter=None):
    packs = Knapsacks.of(problem, up=True)
    assert packs.alone
    return Search(problem, packs, known, np.zeros(problem.n_leads), meter or Meter(), 0.0, work)


def close_to(worth):
    return 1e-9 * max(1.0, abs(worth))


@given(hours_alone())
@examples(150)
def test_what_is_found_is_the_best_answer_or_one_that_does_not_claim_to_be(problem):
    truth, search = brute_force(problem), begun(problem)
    found = search.run()
    if not truth.feasible:
        assert found.rep_of_lead is None
        return
    assert knapsack_bound(problem, found.lead_prices) >= truth.best - close_to(truth.best)
    if search.exact:
        assert found.complete
        assert search.bound >= truth.best - close_to(truth.best)
        assert search.value == pytest.approx(truth.best, abs=2 * close_to(search.size))
    assert search.value <= truth.best + close_to(truth.best)


@given(hours_alone(), st.integers(0, 2**32 - 1))
@examples(100)
def test_an_option_loses_no_more_than_it_is_said_to_whatever_the_prices(problem, seed):
    truth, search = brute_force(problem), begun(problem)
    begin(search.packing, search.room, search.slots, search.everybody)
    u = np.random.default_rng(seed).normal(0.0, 5.0, problem.n_leads)
    bound = price(search.packing, u, -np.inf, Effort(1, 0.0, 0, 0))
    answers, worth = truth.answers[truth.allowed], truth.worth[truth.allowed]
    for lead in range(problem.n_leads):
        for rep in range(problem.n_reps + 1):
            having = answers[:, lead] == (rep if rep < problem.n_reps else -1)
            if having.any() and search.exact:
                best = worth[having].max()
                assert bound - search.packing.scratch.loss[rep, lead] >= best - close_to(abs(bound) + abs(best))


@given(hours_alone(whole=True), st.sampled_from([0, 1, 5]))
@examples(80)
def test_a_search_ends_without_a_target_beyond_the_best_and_finds_the_best(problem, steps):
    truth, search = brute_force(problem), begun(problem)
    assume(truth.feasible and search.whole)
    for target, wanted in ((truth.best + 1.0, ENDED), (truth.best, FOUND)):
        assert begin(search.packing, search.room, search.slots, search.everybody)
        search.packing.path.u[0] = search.u
        found = explore(search.packing, target - 1e-6, Effort(max(1, steps), 1.5, _MUCH, _MUCH), False, _MUCH)
        assert found == wanted
        if found == ENDED:  # all is open and free again
            assert search.packing.free.number[0] == problem.n_leads
            assert (search.packing.packs.room == search.room).all()
            assert search.packing.open_.number.sum() == np.isfinite(search.packing.packs.gain).sum()


@given(hours_alone(), st.integers(0, 2**32 - 1))
@examples(60)
def test_amounts_rounded_up_fit_where_amounts_do_and_rounded_down_never_hide_an_answer(problem, seed):
    down, up = Knapsacks.of(problem), Knapsacks.of(problem, up=True)
    taken = np.random.default_rng(seed).random((problem.n_leads, problem.n_reps)) < 0.5
    for limit in problem.limits:
        rep = int(limit.reps[0])
        leads = np.flatnonzero(taken[:, rep])
        load = limit.usage_at(leads, np.full(len(leads), rep)).sum()
        if (up.weight * taken)[:, rep].sum() <= up.room[rep]:
            assert load <= limit.upper * (1 + 1e-8)
        if load <= limit.upper:
            assert (down.weight * taken)[:, rep].sum() <= down.room[rep]


@pytest.mark.parametrize("seed", range(4))
def test_work_that_ends_early_leaves_an_allowed_answer_and_the_same_every_time(seed):
    problem = correlated(40, 5, seed)
    first, again = (begun(problem, work=200_000_000).run() for _ in range(2))
    assert first.rep_of_lead.tolist() == again.rep_of_lead.tolist()
    assert (problem.loads(first.rep_of_lead) <= [limit.upper for limit in problem.limits]).all()


def test_without_time_a_known_answer_comes_back():
    problem = correlated(30, 3)
    known = begun(problem, work=100_000_000).run().rep_of_lead
    assert known is not None
    found = begun(problem, known=known, meter=Meter(time_limit_s=1e-9)).run()
    assert (found.rep_of_lead == known).all()


def test_a_match_whose_hours_are_whole_is_searched_by_packings_alone(monkeypatch):
    monkeypatch.setattr(small.Small, "_searched", None)
    problem = correlated(40, 5)
    found = solve(problem, Milp())
    assert found.status is not Status.FEASIBLE
    assert found.bound == knapsack_bound(problem, found.lead_prices)


def test_amounts_in_no_unit_are_searched_by_packings_first_and_then_by_others(monkeypatch):
    rng, called = np.random.default_rng(0), []
    use, gain = rng.random((20, 3)), rng.random((20, 3))
    limits = [Limit(reps=[rep], usage=use[:, rep], upper=2.5) for rep in range(3)]
    search = small.Small._searched
    monkeypatch.setattr(small.Small, "_searched", lambda *given: called.append(given) or search(*given))
    found = solve(Problem(affinity=gain, capacity=20, limits=limits), Milp())
    assert called and found.status is not Status.FEASIBLE


@pytest.mark.parametrize("seed", range(8))
def test_gains_as_small_as_numbers_get_are_searched_too(seed):
    rng = np.random.default_rng(seed)
    gains, hours = rng.integers(0, 50, (7, 3)).astype(float), rng.integers(1, 9, (7, 3))
    problem = Problem(affinity=gains, capacity=7, limits=[Limit(reps=[rep], usage=hours, upper=12) for rep in range(3)])
    best = brute_force(problem).best * 5e-324
    found = solve(problem.replace(affinity=gains * 5e-324))
    assert found.objective <= best <= found.bound
    assert found.status is Status.FEASIBLE or found.objective == best


def test_a_known_answer_that_fits_no_more_once_hours_are_rounded_up_is_searched_around():
    big, third = 0.4010000008, 0.0030000000000000035  # 0.003 within rounding, but not when rounded up to whole steps
    hours = np.array(
        [
            [big, big, big],
            [big, big, big],
            [0.00100000000001, 0.00300000000003, 0.0029999999997],
            [third, 0.004000000008, 0.00400000000004],
            [0.0030000000030000005, 0.001000000000000001, 0.00300000000003],
        ]
    )
    some = 1.0 + 1e-7 * np.array([[0, 2, 2], [0, 2, 2], [0, 0, 1], [1, 0, 1], [1, 0, 2]])
    limits = [Limit(reps=[rep], usage=hours[:, rep], upper=most) for rep, most in enumerate([0.003, 0.007, 0.004])]
    problem = Problem(affinity=some, capacity=5, limits=limits)
    packs = Knapsacks.of(problem, up=True)
    assert packs is not None and packs.weight[3, 0] > packs.room[0]
    found = solve(problem)
    assert brute_force(problem).best <= found.objective <= found.bound
    assert found.objective == pytest.approx(3.0000003, rel=1e-12)  # which that takes to break a limit by rounding


def test_a_huge_loss_that_nobody_takes_leaves_the_answer_proved():
    gains = np.random.default_rng(7).random((6, 2)) * 1e-3
    hours = np.random.default_rng(8).integers(3, 20, (6, 2))
    limits = [Limit(reps=[rep], usage=hours, upper=25) for rep in range(2)]
    problem = Problem(affinity=gains, capacity=6, limits=limits)
    best = brute_force(problem).best
    gains[[0, 3], [1, 0]] = -1e12
    found = solve(problem.replace(affinity=gains))
    assert found.status is not Status.FEASIBLE
    without = np.where(gains < 0, -np.inf, gains)
    assert found.objective == pytest.approx(brute_force(problem.replace(affinity=without)).best, rel=1e-9)
    assert found.objective <= best


@pytest.mark.parametrize("loss", [1e9, 1e12])
@pytest.mark.parametrize("pool", [1.0, np.inf])  # of the loss: what a lead that is not placed costs
@pytest.mark.parametrize("seed", [1, 2, 7, 14])
def test_a_huge_loss_that_stands_for_may_not_hides_no_better_answer(loss, pool, seed):
    """The pool is no better than it, so that it does not say of these options that nobody wants them."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(15, 30)), int(rng.integers(3, 6))
    gain, use = rng.random((n, m)), rng.integers(5, 26, (n, m)).astype(float)
    may_not = rng.random((n, m)) < 0.3
    may_not[np.arange(n), use.argmin(axis=1)] = False
    limits = [Limit(reps=[rep], usage=use, upper=np.floor(0.9 * use[:, rep].sum() / m)) for rep in range(m)]
    hours = Problem(affinity=np.where(may_not, -np.inf, gain), capacity=n, limits=limits, reserve=-pool * loss)
    found, best = solve(hours.replace(affinity=np.where(may_not, -loss, gain))), solve(hours)
    assert found.status is not Status.FEASIBLE
    assert found.objective == pytest.approx(best.objective, rel=2e-9)


def test_where_nothing_fits_others_say_so():
    limits = [Limit(reps=[rep], usage=np.full(3, 2.0) + np.arange(3), upper=3.0) for rep in range(2)]
    with pytest.raises(Infeasible):
        solve(Problem(affinity=np.ones((3, 2)), capacity=3, limits=limits, reserve=-np.inf), Milp())


@given(hours_alone())
@examples(10)
def test_loops_give_the_same_bits(problem):
    with both():
        begun(problem, work=20_000).run()


@st.composite
def hours_beside_rules(draw):
    """Hours beside slots, minimums, a quota over some leads, and a soft one, in whole and in other gains."""
    n, m = draw(st.integers(2, 6)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    hours = rng.integers(1, 9, (n, m)).astype(float)
    gains = rng.integers(0, 20, (n, m)).astype(float) if draw(st.booleans()) else 20.0 * rng.random((n, m))
    gains[rng.random((n, m)) < draw(st.sampled_from([0.0, 0.3]))] = -np.inf
    upper = np.ceil(hours.sum(axis=0) * draw(st.sampled_from([0.4, 0.7, 1.0])) / m)
    lower = draw(st.sampled_from([0.0, 0.0, 0.3, 0.7])) * upper
    limits = [Limit(reps=[rep], usage=hours[:, rep], lower=lower[rep], upper=upper[rep]) for rep in range(m)]
    some = np.flatnonzero(rng.random(n) < 0.5)
    if draw(st.booleans()) and len(some):
        penalty = draw(st.sampled_from([None, 0.5, 5.0]))
        limits.append(Limit(reps=[0], leads=some, lower=draw(st.integers(0, 1)), upper=1, penalty=penalty))
    capacity = draw(st.sampled_from([n, max(1, n // m), 1]))
    reserve = draw(st.sampled_from([0.0, 0.0, 3.0, -np.inf]))
    return Problem(affinity=gains, capacity=capacity, limits=limits, reserve=reserve)


def priced_at(problem, seed):
    """Prices that anybody may have thought of: a bound holds at any of them."""
    rng = np.random.default_rng(seed)
    return np.concatenate([3.0 * rng.random(problem.n_reps), 4.0 * rng.random(len(problem.limits)) - 2.0])


@given(hours_beside_rules(), st.integers(0, 9))
@examples(150)
def test_beside_rules_of_other_kinds_the_best_answer_is_found_at_any_prices(problem, seed):
    packs = Knapsacks.of(problem, up=True)
    assume(packs is not None)
    truth, y = brute_force(problem), priced_at(problem, seed)
    found = Search(problem, packs, None, np.zeros(problem.n_leads), Meter(), 0.0, _MUCH, y).run()
    if not truth.feasible:
        assert found.rep_of_lead is None
        return
    if found.rep_of_lead is None:
        assert not found.complete
        return
    value = worth(problem, found.rep_of_lead)
    assert value <= truth.best + close_to(truth.best)
    assert not found.complete or value == pytest.approx(truth.best, rel=1e-8, abs=1e-8)
    m = problem.n_reps
    assert knapsack_bound(problem, found.lead_prices, y[:m], y[m:]) >= truth.best - close_to(truth.best)


@given(hours_beside_rules())
@examples(60)
def test_beside_rules_of_other_kinds_a_match_is_the_best_one(problem):
    truth = brute_force(problem)
    if not truth.feasible:
        with pytest.raises(Infeasible):
            solve(problem, Milp())
        return
    found = solve(problem, Milp())
    assert found.objective == pytest.approx(truth.best, rel=1e-8, abs=1e-8)
    assert found.bound >= truth.best - close_to(truth.best)
