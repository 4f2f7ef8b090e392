"""Ties: shared out evenly by capacity, drawn without favour, and never at a price."""

from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import Infeasible
from leadopt.matching import Status, match
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Auction, Hungarian, MinCostFlow, Near
from leadopt.solvers.optimal import ties
from leadopt.solvers.optimal.ties import _widths, spread_ties
from tests import instances, many_seeds, seeds
from tests.loops import either, needs_loops
from tests.oracles import brute_force
from tests.strategies import examples, problems

ways = pytest.mark.parametrize("way", ["flow", "simplex", "one by one"])
both = pytest.mark.parametrize("solver", [Hungarian(), MinCostFlow()], ids=lambda solver: solver.name)
SEEDS = seeds(150, 3_000)


def loads(found):
    return np.bincount(found.rep_of_lead[found.rep_of_lead >= 0], minlength=found.problem.n_reps).tolist()


@contextmanager
def sharing(way):
    """Share out ties by a flow, as where loops are not compiled, by a compiled simplex, or lead by lead."""
    with either(way != "flow"), pytest.MonkeyPatch.context() as patch:
        if way != "one by one":
            patch.setattr(ties, "shared_one_by_one", lambda *_: None)
        yield


def shared_out(gains, capacity, rng, way, reserve=0.0):
    """Return the reps of a best answer, its ties shared out one way."""
    problem = Problem(affinity=gains, capacity=capacity, reserve=reserve)
    answer = MinCostFlow().solve(problem, Near(), Meter())
    with sharing(way):
        return spread_ties(problem, answer, np.random.default_rng(rng))


@both
def test_thirty_equal_leads_and_three_reps_get_ten_each(solver):
    problem = instances.thirty_equal_leads()
    found = match(problem.affinity, problem.capacity, solver=solver)
    assert loads(found) == [10, 10, 10]
    assert found.objective == 30.0


@both
@pytest.mark.parametrize("seed", range(5))
def test_thirty_one_equal_leads_differ_by_one(solver, seed):
    assert sorted(loads(match(np.ones((31, 3)), 31, rng=seed, solver=solver))) == [10, 10, 11]


@pytest.mark.parametrize(
    "capacity, expected",
    [
        ([10, 20, 30], [5, 10, 15]),
        ([15, 15, 30], [8, 7, 15]),
        ([30, 30, 0], [15, 15, 0]),
        ([1, 30, 30], [0, 15, 15]),
        ([10**6, 2 * 10**6, 3 * 10**6], [5, 10, 15]),
        ([10**9, 10**9, 2 * 10**9], [8, 7, 15]),
        ([1, 2**62, 2**62], [1, 15, 15]),
    ],
)
def test_equal_leads_are_shared_out_by_capacity(capacity, expected):
    found = loads(match(np.ones((30, 3)), capacity))
    assert sum(found) == 30
    assert np.abs(np.array(found) - expected).max() <= 1


@many_seeds
@ways
def test_no_rep_and_no_position_profits_over_many_seeds(way):
    n_seeds = len(SEEDS)
    reps, leads = np.zeros(3), np.zeros((4, 3))
    for seed in SEEDS:
        found = shared_out(np.ones((4, 3)), 4, seed, way)  # somebody gets 2
        reps[np.argmax(np.bincount(found, minlength=3))] += 1
        leads[np.arange(4), found] += 1
    # Five standard deviations of a binomial with p = 1/3.
    assert np.abs(np.concatenate([reps, leads.reshape(-1)]) - n_seeds / 3).max() <= 5 * np.sqrt(n_seeds * 2 / 9)


@many_seeds
@ways
def test_no_position_is_left_in_the_pool_more_often_than_another(way):
    n_seeds = len(SEEDS)
    pooled = sum((shared_out(np.ones((6, 2)), 1, seed, way) < 0).astype(int) for seed in SEEDS)
    assert np.abs(pooled - n_seeds * 2 / 3).max() <= 5 * np.sqrt(n_seeds * 2 / 9)


@many_seeds
@ways
def test_leads_of_different_groups_with_the_same_ties_are_not_favoured_either(way):
    n_seeds, gains = len(SEEDS), np.array([[1.0, 1.0, 0.1], [1.0, 1.0, 0.2], [1.0, 1.0, 0.3]])
    firsts = sum((shared_out(gains, [1, 1, 0], seed, way) < 0).astype(int) for seed in SEEDS)
    assert np.abs(firsts - n_seeds / 3).max() <= 5 * np.sqrt(n_seeds * 2 / 9)


def test_ties_keep_to_pins_and_limits():
    limits = [Limit(reps=[0], upper=4, name="cap"), Limit(reps=[1], lower=9, name="floor")]
    found = match(np.ones((30, 4)), 30, limits=limits, pins={0: 3, 1: 3, 2: 3})
    assert found.rep_of_lead[:3].tolist() == [3, 3, 3]
    assert loads(found)[0] == 4
    assert sorted(loads(found)[1:]) == [8, 9, 9]
    assert loads(found)[1] == 9


def test_pinned_leads_count_towards_an_even_load():
    assert loads(match(np.ones((30, 3)), 30, pins=dict.fromkeys(range(8), 0))) == [10, 10, 10]


def test_leads_with_one_best_rep_count_towards_an_even_load():
    gains = np.ones((30, 3))
    gains[:8, 1] = 2.0
    assert loads(match(gains, 30)) == [10, 10, 10]


def test_quotas_of_some_leads_hold_while_ties_are_spread():
    quota = Limit(reps=[0], leads=np.arange(15), upper=2, name="tier A of rep 0")
    found = match(np.ones((30, 3)), 30, limits=[quota])
    assert loads(found) == [10, 10, 10]
    assert (found.rep_of_lead[:15] == 0).sum() <= 2


def test_a_lead_worth_no_more_than_the_reserve_stays_in_the_pool():
    found = match(np.array([[1.0, 1.0], [0.5, 0.5]]), 2, reserve=0.5)
    assert found.rep_of_lead[1] == -1


def test_scarce_slots_are_all_filled():
    found = match(np.ones((30, 3)), [2, 3, 4])
    assert loads(found) == [2, 3, 4]
    assert found.prices.tolist() == [1.0, 1.0, 1.0]


def test_five_thousand_equal_leads_and_fifty_reps_differ_by_one():
    found = loads(match(np.ones((5_000, 50)), 150))
    assert max(found) - min(found) <= 1


def test_five_thousand_leads_with_ties_of_several_kinds_differ_by_two():
    rng = np.random.default_rng(0)
    gains = np.repeat(rng.choice([0.1, 0.2, 0.3], 5_000)[:, None], 50, axis=1)
    gains[:300, 7] += 0.05  # more than a fair share of 100: only these leads stay with rep 7
    found = loads(match(gains, 400))
    assert found[7] == 300
    others = np.delete(found, 7)
    assert others.max() - others.min() <= 2


@pytest.mark.parametrize("n_leads", [40, 4_000])
@pytest.mark.parametrize("slots", [0.7, 1.0, 1.3])
def test_many_ties_of_many_kinds_come_out_as_even_either_way(n_leads, slots):
    rng = np.random.default_rng(0)
    gains, weight = rng.integers(0, 3, (n_leads, 20)).astype(float), rng.uniform(0.5, 1.5, 20)
    capacity = np.floor(slots * n_leads * weight / weight.sum()).astype(int) + 1

    def unevenness(way):
        found = shared_out(gains, capacity, 0, way)
        assert gains[found >= 0, found[found >= 0]].sum() == best
        return (np.bincount(found[found >= 0], minlength=20) ** 2 / capacity).sum()

    best = match(gains, capacity, solver=MinCostFlow()).objective
    assert unevenness("simplex") == unevenness("one by one") == pytest.approx(unevenness("flow"))


@needs_loops  # without them, so small a problem is solved by a flow, which does not look
@given(problem=problems(kind="few", limits=False))
@examples(20)
def test_who_is_undecided_by_prices_holds_all_ties(problem):
    try:
        answer = Auction().solve(problem, Near(), Meter())
    except Infeasible:
        assume(False)
    assume(answer.undecided is not None)
    options = problem.affinity.of(np.arange(problem.n_leads)) - answer.prices
    options[:, problem.capacity <= np.bincount(problem.pins[problem.pins >= 0], minlength=problem.n_reps)] = -np.inf
    options = np.column_stack([options, np.full(problem.n_leads, problem.reserve)])
    best = np.maximum(options.max(axis=1, keepdims=True), np.finfo(float).min)
    tied = ((options >= best - 1e-12).sum(axis=1) > 1) & (problem.pins < 0)
    assert set(np.flatnonzero(tied)) <= set(answer.undecided)


@ways
@given(problem=problems(kind="few"), seed=st.integers(0, 1000))
@examples(20)
def test_ties_never_change_the_objective_and_never_break_a_rule(way, problem, seed):
    try:
        answer = MinCostFlow().solve(problem, Near(), Meter())
    except Infeasible:
        assume(False)
    before = certify(problem, answer.rep_of_lead, answer.prices, answer.limit_prices)
    with sharing(way):
        spread = spread_ties(problem, answer, np.random.default_rng(seed))
    after = certify(problem, spread, answer.prices, answer.limit_prices)
    assert not after.violations
    assert after.objective == pytest.approx(before.objective, abs=1e-9)


@ways
@given(problem=problems(kind="tied", limits=False, pins=False, reserves=(0.0, -np.inf)))
@examples(40)
def test_loads_are_as_even_as_any_best_answer_allows(way, problem):
    oracle = brute_force(problem)
    assume(oracle.feasible)
    found = shared_out(problem.affinity, problem.capacity, 0, way, problem.reserve)

    def unevenness(answers):
        counts = (answers[:, :, None] == np.arange(problem.n_reps)).sum(axis=1)
        return (counts**2 / np.maximum(problem.capacity, 1)).sum(axis=1)

    # Leads that are worth as much in the pool stay there, so compare among answers that place as many.
    placed = (oracle.answers >= 0).sum(axis=1)
    best = oracle.allowed & np.isclose(oracle.worth, oracle.best) & (placed == (found >= 0).sum())
    assert unevenness(found[None])[0] <= unevenness(oracle.answers[best]).min() + 1e-9


def test_a_small_difference_beside_gains_that_nobody_has_is_no_tie():
    # Leads 0 and 3 have a large rate and no size: the largest gain is 1, and 5e-10 of it is not rounding.
    affinity = Affinity(rates=[[1e3], [1.0], [1e-9]], row=[0, 1, 2, 0], scale=[0.0, 1.0, 0.5, 0.0])
    assert match(affinity, 2).rep_of_lead.tolist() == [-1, 0, 0, -1]


@pytest.mark.parametrize("solver", [Auction(), Hungarian(), MinCostFlow()], ids=lambda solver: solver.name)
@pytest.mark.parametrize("closed", [False, True])
def test_ties_are_shared_out_where_nobody_loses_anything_at_all(solver, closed):
    # The best options of each lead, which are all that is looked at, are equally good: no cost tells the unit of gains.
    gains = np.where(np.arange(40) < 30, 2e-6, 1e-6) * np.ones((4, 1))
    capacity = np.where(np.arange(40) % 10 < 2, 9, 1)
    capacity[5] = 0 if closed else 1
    found = match(gains, capacity, reserve=-np.inf, solver=solver)
    assert sorted(loads(found))[-4:] == [1, 1, 1, 1]
    assert capacity[found.rep_of_lead].tolist() == [9, 9, 9, 9]
    assert found.objective == 8e-6


def test_near_ties_within_rounding_still_give_an_optimal_match():
    rng = np.random.default_rng(1)
    gains = rng.integers(0, 4, (300, 300)) * 0.1 + rng.integers(0, 3, (300, 1)) * 0.2
    found = match(gains, 1)
    assert found.status is Status.OPTIMAL


@pytest.mark.parametrize(("most", "rounds"), [(0, 1), (128, 1), (256, 1), (257, 2), (100_000, 3)])
def test_loads_that_one_grid_prices_exactly_take_one_round(most, rounds):
    assert len(_widths(most)) == rounds


@needs_loops
@pytest.mark.parametrize("gains, slots", [(np.ones((4, 4)), 1), (np.ones((5, 3)), 3)])
def test_one_by_one_no_lead_gets_a_rep_more_often_than_another(gains, slots):
    counts, n = np.zeros(gains.shape), len(SEEDS)
    for seed in SEEDS:
        counts[np.arange(len(gains)), shared_out(gains, slots, seed, "one by one")] += 1
    chance = 1 / gains.shape[1]
    assert np.abs(counts - n * chance).max() <= 5 * np.sqrt(n * chance * (1 - chance))


@needs_loops
def test_who_has_no_place_at_first_gets_one_along_a_path():
    """Lead i may go to reps i and i + 1 alone: of the two answers, chance finds neither."""
    n, found = 60, set()
    gains = np.eye(n) + np.roll(np.eye(n), 1, axis=1)
    for seed in range(20):
        rep = shared_out(gains, 1, seed, "one by one")
        assert rep.tolist() in (list(range(n)), [*range(1, n), 0])
        found.add(int(rep[0]))
    assert found == {0, 1}


@needs_loops
@given(
    n_leads=st.integers(1, 60),
    n_reps=st.integers(1, 8),
    levels=st.integers(1, 4),
    slots=st.sampled_from([0.5, 0.9, 1.0, 1.5, 4.0]),
    reserve=st.sampled_from([0.0, 1.0, -1.0]),
    seed=st.integers(0, 2**32 - 1),
)
@examples(100)
def test_one_by_one_loads_come_out_as_even_as_by_a_flow(n_leads, n_reps, levels, slots, reserve, seed):
    rng = np.random.default_rng(seed)
    gains = rng.integers(0, levels, (n_leads, n_reps)).astype(float)
    gains[rng.random(gains.shape) < rng.choice([0.0, 0.6])] = -np.inf
    capacity = np.ceil(slots * n_leads / n_reps * rng.uniform(0.2, 2.0, n_reps)).astype(int)
    problem = Problem(affinity=gains, capacity=capacity, reserve=reserve)
    answer = MinCostFlow().solve(problem, Near(), Meter())

    def unevenness(way):
        with sharing(way):
            found = spread_ties(problem, answer, np.random.default_rng(seed))
        certificate = certify(problem, found, answer.prices)
        assert certificate.optimal
        assert not certificate.violations
        load = np.bincount(found[found >= 0], minlength=n_reps)
        return load.sum(), (load**2 / capacity).sum()

    assert unevenness("one by one") == pytest.approx(unevenness("flow"))


@needs_loops
@pytest.mark.parametrize("n, m, slots", [(600, 600, 1), (5_000, 20, 300), (5_000, 20, 125)])
@pytest.mark.parametrize("levels", ["two", "many"])
def test_no_flow_is_needed_where_some_have_the_choices_of_others_and_more(n, m, slots, levels, monkeypatch):
    """By lot alone, leads with many choices take the few that others have, and most have to make way again."""
    monkeypatch.setattr(ties, "rebalanced", lambda *_: pytest.fail("a flow shares out what one pass can"))
    lead, rep = m * np.arange(n)[:, None], n * np.arange(m)
    gains = np.where(lead >= rep, 1.0, 0.0) if levels == "two" else 1.0 * np.minimum(lead, rep)
    found = match(gains, slots)
    assert found.status is Status.OPTIMAL
    if levels == "two" or n == m:
        # Everybody gets a rep that is open to them, as long as there are slots; of n squares, only on the diagonal.
        assert found.objective == (min(n, m * slots) if levels == "two" else float(n * np.arange(n).sum()))
    monkeypatch.undo()
    with sharing("simplex"):
        by_flow = match(gains, slots)
    assert sum(x**2 for x in loads(found)) == sum(x**2 for x in loads(by_flow))
