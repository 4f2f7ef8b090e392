"""Eligible pairs alone give the answers of the whole matrix: every solver, certificate, price and explanation."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import Infeasible, PrecisionWarning
from leadopt.matching import Status, match, solve
from leadopt.metrics import envy_up_to_one, largest_envy
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.problem.reduced_gains import reduced_gains, reduced_pairs
from leadopt.solvers import Auction, Auto, Envelope, Hungarian, Milp, MinCostFlow, Near
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.samples import row_oracle
from leadopt.solvers.compiled import compiled
from leadopt.solvers.optimal.move_costs import Exchange
from tests.oracles import brute_force
from tests.strategies import examples, general_problems, problems, together

SOLVERS = [Auction(), Auction(compiled=False), Envelope(), Hungarian(), MinCostFlow(), Auto()]
CAPACITIES_ALONE = (Auction, Envelope, Hungarian)
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
EXACT = 2e-12


def sparse(problem):
    """The same problem, of which only the eligible pairs are held."""
    affinity = problem.affinity
    rates = SparseRows.of_dense(affinity.full_rates())
    return problem.replace(affinity=Affinity(rates=rates, row=affinity.row, scale=affinity.scale))


def size(problem):
    gains = problem.affinity.dense()
    numbers = [np.abs(gains[np.isfinite(gains)]).max(initial=0.0), *(limit.penalty or 0.0 for limit in problem.limits)]
    reserve = abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0
    return max([*numbers, reserve, 1e-300]) * (1 + problem.n_leads)


def outcome(problem, solver):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        try:
            return solve(problem, solver)
        except Infeasible as error:
            return error


@every_solver
@given(data=st.data())
@examples(80)
def test_eligible_pairs_alone_give_the_best_answer(solver, data):
    problem = data.draw(problems(limits=not isinstance(solver, CAPACITIES_ALONE)))
    oracle, few = brute_force(problem), sparse(problem)
    found = outcome(few, solver)
    whole = outcome(problem, solver)
    assert type(found) is type(whole)
    if isinstance(found, Infeasible):
        assert not oracle.feasible
        assert found.witness.need > found.witness.room
        assert found.witness.leads == whole.witness.leads
        return
    tolerance = EXACT * size(problem)
    assert found.objective == pytest.approx(whole.objective, abs=tolerance, rel=0)
    if whole.status is Status.OPTIMAL and not whole.stats.get("rounding", 0) > tolerance:
        assert found.status is Status.OPTIMAL
        assert found.objective == pytest.approx(oracle.best, abs=tolerance, rel=0)
    again = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert not again.violations
    assert again.objective == pytest.approx(found.objective, abs=tolerance, rel=0)
    if found.solver != "Milp":
        assert again.bound == pytest.approx(found.bound, abs=tolerance, rel=0)


@given(st.data())
@examples(60)
def test_limits_of_any_kind_and_accounts_give_the_best_answer_too(data):
    problem = data.draw(general_problems(max_leads=5))
    if data.draw(st.booleans()) and problem.n_leads:
        problem = data.draw(together(problem))
    oracle, found = brute_force(problem), outcome(sparse(problem), None)
    if isinstance(found, Infeasible):
        assert not oracle.feasible
        return
    assert found.objective == pytest.approx(oracle.best, abs=EXACT * size(problem), rel=1e-9)
    assert not certify(problem, found.rep_of_lead).violations


@given(st.data())
@examples(60)
def test_a_bound_is_that_of_the_whole_matrix_at_any_prices(data):
    problem = data.draw(general_problems())
    price = st.sampled_from([0.0, 0.0, 0.3, 1.0, 7.0])
    p = np.array(data.draw(st.lists(price, min_size=problem.n_reps, max_size=problem.n_reps)))
    n_limits = len(problem.limits)
    q = np.array(data.draw(st.lists(price.map(lambda x: x - 1.0), min_size=n_limits, max_size=n_limits)))
    few, nobody = sparse(problem), np.full(problem.n_leads, -1)
    one, other = certify(problem, nobody, p, q), certify(few, nobody, p, q)
    assert other.bound == pytest.approx(one.bound, rel=1e-12, abs=1e-12 * size(problem))
    assert other.violations == one.violations
    leads = np.arange(problem.n_leads)
    reduced = reduced_gains(problem, leads, p, q)
    np.testing.assert_allclose(reduced_pairs(few, leads, few.affinity.pairs(), p, q).dense(), reduced, atol=1e-12)
    np.testing.assert_allclose(reduced_gains(few, leads, p, q), reduced, atol=1e-12)


@given(st.data())
@examples(60)
def test_what_prices_leave_open_is_the_same(data):
    problem = data.draw(problems(limits=False, pins=False, reserves=(0.0, 0.3, 2.0, -1.5)))
    price = st.sampled_from([0.0, 0.3, 1.0, 7.0, np.inf])
    low = np.array(data.draw(st.lists(price, min_size=problem.n_reps, max_size=problem.n_reps)))
    high = low + data.draw(st.sampled_from([0.0, 0.5, 3.0]))
    rest, few = (Remainder.of(one) for one in (problem, sparse(problem)))
    one, other = row_oracle(rest).open(low, high), row_oracle(few).open(low, high)
    for name in ("choice", "lead", "first", "rep"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    prices = np.where(np.isfinite(low), low, 0.0)
    assert few.bound(prices) == pytest.approx(rest.bound(prices), rel=1e-12, abs=1e-12 * size(problem))


@given(st.data())
@examples(60)
def test_what_a_move_costs_is_the_same(data):
    problem = data.draw(problems())
    found = outcome(problem, MinCostFlow())
    if isinstance(found, Infeasible) or found.status is not Status.OPTIMAL:
        return
    one, other = (Exchange.of(each, found.rep_of_lead) for each in (problem, sparse(problem)))
    for lead in range(problem.n_leads):
        np.testing.assert_allclose(other.move_costs(lead), one.move_costs(lead), atol=1e-9 * size(problem), rtol=1e-9)
    for rep in range(problem.n_reps):
        assert other.slot_gain(rep) == pytest.approx(one.slot_gain(rep), abs=1e-9 * size(problem))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("gains", ["reals", "whole"])
@pytest.mark.parametrize("compiled", [True, False])
def test_large_sparse_problems_equal_a_flow_over_the_whole_matrix(seed, gains, compiled):
    """Where bids chase each other, many leads are tied, and slots are scarce or not."""
    rng = np.random.default_rng(seed)
    n, m = 400, 60
    rates = rng.random((n, m)) if gains == "reals" else rng.integers(0, 4, (n, m)).astype(float)
    rates[rng.random((n, m)) > 0.08] = -np.inf
    problem = Problem(affinity=rates, capacity=rng.integers(0, 9, m), reserve=float(rng.choice([0.0, 0.4, -1.0])))
    whole, found = solve(problem, MinCostFlow()), solve(sparse(problem), Auction(compiled=compiled))
    assert found.objective == pytest.approx(whole.objective, rel=1e-12)
    assert found.status is Status.OPTIMAL
    again = certify(problem, found.rep_of_lead, found.prices)
    assert again.optimal
    np.testing.assert_allclose(found.prices, whole.prices, atol=1e-9)


def test_every_lead_of_a_sparse_problem_is_placed_or_it_is_said_who_cannot_be():
    rates = SparseRows(first=[0, 1, 2, 3], rep=[0, 0, 1], gain=[1.0, 1.0, 1.0], n_reps=3)
    with pytest.raises(Infeasible):
        match(Affinity(rates=rates), [1, 5, 5], reserve=-np.inf, solver=Milp())
    for solver in SOLVERS:
        with pytest.raises(Infeasible) as refused:
            match(Affinity(rates=rates), [1, 5, 5], reserve=-np.inf, solver=solver)
        assert refused.value.witness.leads == (0, 1)
        assert refused.value.witness.reps == (0,)


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
def test_rows_and_columns_without_any_pair_stay_out(solver):
    nothing = SparseRows(first=[0, 0, 0], rep=[], gain=[], n_reps=3)
    assert match(Affinity(rates=nothing), 2, solver=solver).rep_of_lead.tolist() == [-1, -1]
    one = SparseRows(first=[0, 0, 1], rep=[1], gain=[2.0], n_reps=3)
    assert match(Affinity(rates=one), 2, solver=solver).rep_of_lead.tolist() == [-1, 1]
    assert match(Affinity(rates=one), 0, solver=solver).rep_of_lead.tolist() == [-1, -1]


def test_known_prices_and_time_limits_are_taken():
    rng = np.random.default_rng(0)
    rates = rng.random((300, 20))
    rates[rng.random((300, 20)) > 0.2] = -np.inf
    few = sparse(Problem(affinity=rates, capacity=9))
    first = solve(few)
    assert solve(few, near=Near(prices=first.prices)).objective == pytest.approx(first.objective, rel=1e-12)
    assert solve(few, time_limit_s=60.0).objective == pytest.approx(first.objective, rel=1e-12)


@given(st.data())
@examples(30)
def test_envy_is_that_of_the_whole_matrix(data):
    problem = data.draw(problems(limits=False, pins=False, kind="floats", reserves=(0.0,)))
    found = outcome(problem, None)
    one, other = problem.affinity, sparse(problem).affinity
    for measure in (largest_envy, envy_up_to_one):
        assert measure(one, found.rep_of_lead) == measure(other, found.rep_of_lead)


@pytest.mark.parametrize("factored", [False, True])
def test_a_matrix_of_which_little_is_eligible_is_solved_by_its_pairs_and_proved_by_all_of_it(factored):
    rng = np.random.default_rng(3)
    rates = rng.random((700, 300))
    rates[rng.random(rates.shape) > 0.03] = -np.inf
    affinity = Affinity(rates=rates, scale=1.0 + rng.random(700)) if factored else Affinity(rates=rates)
    problem = Problem(affinity=affinity, capacity=2, pins={0: int(rates[0].argmax())})
    whole, found = solve(problem, MinCostFlow()), solve(problem)
    assert found.problem is problem
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(whole.objective, rel=1e-12)
    assert certify(problem, found.rep_of_lead, found.prices).optimal
    np.testing.assert_allclose(found.prices, whole.prices, atol=1e-9)
    assert affinity.lean().n_pairs == (rates > -np.inf).sum()
    assert Affinity(rates=np.zeros((700, 300))).lean() is None
    assert solve(problem, Hungarian(most_cells=10**9)).objective == pytest.approx(whole.objective, rel=1e-12)


def test_nested_limits_take_eligible_pairs_alone_too():
    rng = np.random.default_rng(4)
    rates = rng.random((600, 300))
    rates[rng.random(rates.shape) > 0.04] = -np.inf
    limits = [
        Limit(reps=np.arange(100), upper=150, name="team"),
        Limit(reps=np.arange(50), lower=60, name="newcomers"),
        Limit(lower=520, penalty=0.3, name="all"),
    ]
    problem = Problem(affinity=rates, capacity=3, limits=limits)
    whole, found = solve(problem, MinCostFlow()), solve(problem)
    assert found.objective == pytest.approx(whole.objective, rel=1e-12)
    assert found.status is Status.OPTIMAL
    few = solve(sparse(problem))
    assert few.objective == pytest.approx(whole.objective, rel=1e-12)
    np.testing.assert_allclose(few.limit_prices, whole.limit_prices, atol=1e-9)


def test_many_leads_of_a_few_sparse_rows_are_priced_by_envelopes():
    rng = np.random.default_rng(5)
    rates = np.where(rng.random((20, 100)) < 0.3, rng.random((20, 100)), -np.inf)
    affinity = Affinity(
        rates=SparseRows.of_dense(rates), row=rng.integers(0, 20, 30_000), scale=1.0 + rng.random(30_000)
    )
    found = match(affinity, 250)
    assert found.solver == "Envelope"
    assert found.status is Status.OPTIMAL
    assert match(affinity, 250, solver=Auction()).objective == pytest.approx(found.objective, rel=1e-12)


@pytest.mark.skipif(not compiled(), reason="loops are not compiled here")
def test_few_leads_and_reps_are_solved_as_if_every_pair_was_given():
    rng = np.random.default_rng(4)
    whole = Problem(affinity=np.where(rng.random((80, 9)) < 0.3, rng.random((80, 9)), -np.inf), capacity=7)
    few = sparse(whole)
    found, wanted = solve(few), solve(whole)
    assert (found.solver, found.objective) == (wanted.solver, wanted.objective)
    assert found.solver == "MinCostFlow"
    assert found.rep_of_lead.tolist() == wanted.rep_of_lead.tolist()
    assert Auto().choose(few.replace(capacity=1)) == Hungarian()
