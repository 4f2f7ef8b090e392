"""One table of solvers, one set of claims; oracles that share no mathematics with them."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import Infeasible, InvalidInput, PrecisionWarning
from leadopt.matching import Auto, Status, match, solve
from leadopt.problem.certify import OPTIMAL_GAP, certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Auction, Envelope, Hungarian, Milp, MinCostFlow, Near
from tests import instances
from tests.oracles import brute_force, linear_programme, networkx_flow, scipy_assignment
from tests.strategies import examples, problems

SOLVERS = [Auction(), Auction(compiled=False), Envelope(), Hungarian(), MinCostFlow(), Auto()]
CAPACITIES_ALONE = (Auction, Envelope, Hungarian)
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
FINITE = (0.0, 0.3, 2.0, -1.5)
EXACT = 2e-12  # relative: what rounding to a solver's integers and ties within 1e-12 may cost


def size(problem):
    """The unit in which two objectives are compared: the largest number that goes into one."""
    gains = problem.affinity.dense()
    penalties = [limit.penalty or 0.0 for limit in problem.limits]
    reserve = abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0
    return max([np.abs(gains[np.isfinite(gains)]).max(initial=0.0), reserve, *penalties, 1e-300]) * (
        1 + problem.n_leads
    )


def best(problem, solver=None):
    """The optimum, -inf where there is none."""
    try:
        return solve(problem, solver).objective
    except Infeasible:
        return -np.inf


def problems_for(solver):
    return problems(limits=not isinstance(solver, CAPACITIES_ALONE))


# What every solver promises


@every_solver
@given(data=st.data())
@examples(60)
def test_every_answer_is_allowed_and_equals_brute_force(solver, data):
    problem = data.draw(problems_for(solver))
    oracle = brute_force(problem)
    if not oracle.feasible:
        with pytest.raises(Infeasible):
            solve(problem, solver)
        return
    tolerance = EXACT * size(problem)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", PrecisionWarning)
        found = solve(problem, solver)
    if said:  # gains from 1e-4 to 1e11 do not fit the integers of one flow: it says so, and keeps to what it says
        assert found.solver == "MinCostFlow" and len(problem.limits)
        assert found.objective <= oracle.best + tolerance and oracle.best <= found.bound + tolerance
        return
    assert found.objective == pytest.approx(oracle.best, abs=tolerance, rel=0)
    assert found.objective <= found.bound + tolerance
    # What a flow of 64 bits leaves open is searched, which may prove less by prices.
    searched = isinstance(solver, Auto) and found.solver == "Milp"
    assert found.status is Status.OPTIMAL or (searched and found.status is Status.SOLVED)
    assert abs(found.gap) <= OPTIMAL_GAP or searched
    row = np.flatnonzero((oracle.answers == found.rep_of_lead).all(axis=1))
    assert oracle.allowed[row].all()
    assert oracle.worth[row] == pytest.approx(found.objective, abs=tolerance, rel=0)
    assert searched or found.solver in ("Auction", "Auction (numpy)", "Envelope", "Hungarian", "MinCostFlow")


def moved_by_rounding(data, limit):
    """A limit whose bounds are those of another to within rounding, as sums and products leave them."""
    down, up = sorted(data.draw(st.tuples(*[st.sampled_from((-1e-13, -2e-16, 0.0, 2e-16, 1e-13))] * 2)))
    return replace_limit(limit, lower=limit.lower * (1 + down), upper=limit.upper * (1 + up))


def replace_limit(limit, **more):
    names = ("reps", "leads", "usage", "lower", "upper", "penalty", "name")
    return Limit(**({name: getattr(limit, name) for name in names} | more))


@pytest.mark.parametrize("solver", [MinCostFlow(), Milp(), Auto()], ids=lambda solver: solver.name)
@given(data=st.data())
@examples(60)
def test_bounds_that_rounding_has_moved_change_nothing(solver, data):
    problem = data.draw(problems())
    hard = [replace_limit(limit, penalty=None) for limit in problem.limits]
    problem = problem.replace(limits=hard)
    moved = problem.replace(limits=[moved_by_rounding(data, limit) for limit in hard])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        found, same = (best(each, solver) for each in (problem, moved))
    assert same == pytest.approx(found, abs=EXACT * size(problem), rel=0)


@every_solver
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@examples(20)
def test_same_seed_same_answer(solver, data, seed):
    problem = data.draw(problems_for(solver))
    assume(brute_force(problem).feasible)
    first, second = solve(problem, solver, rng=seed), solve(problem, solver, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(first.rep_of_lead, second.rep_of_lead)
    np.testing.assert_array_equal(first.prices, second.prices)


@every_solver
@given(data=st.data())
@examples(20)
def test_relabelling_leads_and_reps_keeps_the_value(solver, data):
    problem = data.draw(problems_for(solver))
    leads = np.array(data.draw(st.permutations(range(problem.n_leads))), dtype=np.int64)
    reps = np.array(data.draw(st.permutations(range(problem.n_reps))), dtype=np.int64)
    new_lead, new_rep = np.argsort(leads), np.append(np.argsort(reps), -1)  # the last serves pin -1
    limits = [
        Limit(
            name=limit.name,
            reps=None if limit.reps is None else new_rep[limit.reps],
            leads=None if limit.leads is None else new_lead[limit.leads],
            lower=limit.lower,
            upper=limit.upper,
            penalty=limit.penalty,
        )
        for limit in problem.limits
    ]
    relabelled = Problem(
        affinity=problem.affinity.dense()[np.ix_(leads, reps)],
        capacity=problem.capacity[reps],
        limits=limits,
        pins=new_rep[problem.pins[leads]],
        reserve=problem.reserve,
    )
    assert best(relabelled, solver) == pytest.approx(best(problem, solver), abs=EXACT * size(problem), rel=0)


@every_solver
@given(data=st.data())
@examples(25)
def test_more_capacity_never_hurts(solver, data):
    problem = data.draw(problems_for(solver))
    extra = data.draw(st.lists(st.integers(0, 2), min_size=problem.n_reps, max_size=problem.n_reps))
    wider = problem.replace(capacity=problem.capacity + np.array(extra))
    assume(np.isfinite(narrow := best(problem, solver)))
    assert best(wider, solver) >= narrow - EXACT * size(problem)


@given(problem=problems(), data=st.data())
@examples(25)
def test_a_tighter_limit_never_helps(problem, data):
    assume(problem.limits)
    k = data.draw(st.integers(0, len(problem.limits) - 1))
    limit = problem.limits[k]
    lower = limit.lower + data.draw(st.integers(0, 2))
    upper = max(lower, limit.upper - data.draw(st.integers(0, 2)))
    assume(upper <= limit.upper)
    tighter = Limit(
        name=limit.name, reps=limit.reps, leads=limit.leads, lower=lower, upper=upper, penalty=limit.penalty
    )
    changed = problem.replace(limits=(*problem.limits[:k], tighter, *problem.limits[k + 1 :]))
    assume(np.isfinite(after := best(changed)))
    assert after <= best(problem) + EXACT * size(problem)


# Other oracles


@every_solver
@given(problem=problems(max_leads=12, max_reps=6, limits=False, pins=False, reserves=FINITE))
@examples(25)
def test_capacities_alone_equal_scipy_on_the_expanded_matrix(solver, problem):
    assert best(problem, solver) == pytest.approx(scipy_assignment(problem), abs=EXACT * size(problem), rel=0)


@every_solver
@given(
    problem=problems(
        max_leads=12, max_reps=6, kind="integers", limits=False, pins=False, reserves=(0.0, 2.0, -3.0)
    )
)  # fmt: skip
@examples(25)
def test_whole_gains_equal_networkx_exactly(solver, problem):
    assume(np.array_equal(problem.affinity.scale, np.floor(problem.affinity.scale)))
    assert best(problem, solver) == networkx_flow(problem)


@given(problem=problems(max_leads=10, max_reps=5))
@examples(25)
def test_nested_limits_equal_the_relaxation(problem):
    gains = problem.affinity.dense()
    assume(np.abs(gains[np.isfinite(gains)]).max(initial=0.0) < 1e4)  # HiGHS' tolerances are absolute
    assume(all(float(b).is_integer() or np.isinf(b) for lim in problem.limits for b in (lim.lower, lim.upper)))
    optimum = linear_programme(problem)
    assert best(problem) == pytest.approx(-np.inf if optimum is None else optimum, abs=1e-5, rel=1e-6)


@given(problem=problems(limits=False, most_capacity=1))
@examples(25)
def test_unit_capacity_equals_hungarian(problem):
    assert best(problem, MinCostFlow()) == pytest.approx(
        best(problem, Hungarian()), abs=EXACT * size(problem), rel=0
    )  # fmt: skip


# Prices


def with_capacity(problem, rep, by):
    capacity = problem.capacity.copy()
    capacity[rep] += by
    return problem.replace(capacity=capacity)


@every_solver
@given(data=st.data())
@examples(20)
def test_a_slot_more_adds_at_most_its_price_and_one_fewer_costs_at_least_it(solver, data):
    problem = data.draw(problems_for(solver))
    assume(brute_force(problem).feasible)
    found, tolerance = solve(problem, solver), EXACT * size(problem)
    assert (found.prices >= 0).all()
    for rep in range(problem.n_reps):
        assert brute_force(with_capacity(problem, rep, +1)).best <= found.objective + found.prices[rep] + tolerance
        if problem.capacity[rep] and (fewer := brute_force(with_capacity(problem, rep, -1))).feasible:
            assert fewer.best <= found.objective - found.prices[rep] + tolerance


@pytest.mark.parametrize("solver", [Auction(), Hungarian(), MinCostFlow()], ids=lambda solver: solver.name)
@given(problem=problems(limits=False))
@examples(35)
def test_with_capacities_alone_a_price_is_exactly_what_one_more_slot_adds(solver, problem):
    assume(brute_force(problem).feasible)
    found, tolerance = solve(problem, solver), EXACT * size(problem)
    for rep in range(problem.n_reps):
        gained = brute_force(with_capacity(problem, rep, +1)).best - found.objective
        assert gained == pytest.approx(found.prices[rep], abs=tolerance, rel=0)


def with_bounds(problem, k, lower=0, upper=0):
    old = problem.limits[k]
    new = Limit(
        name=old.name,
        reps=old.reps,
        leads=old.leads,
        penalty=old.penalty,
        lower=old.lower + lower,
        upper=old.upper + upper,
    )
    return problem.replace(limits=(*problem.limits[:k], new, *problem.limits[k + 1 :]))


@given(problem=problems())
@examples(35)
def test_limit_prices_bound_what_a_wider_limit_adds(problem):
    assume(problem.limits and brute_force(problem).feasible)
    found, tolerance = solve(problem), EXACT * size(problem)
    for k, (limit, price) in enumerate(zip(problem.limits, found.limit_prices, strict=True)):
        if np.isfinite(limit.upper):
            wider = brute_force(with_bounds(problem, k, upper=1)).best
            assert wider <= found.objective + max(price, 0) + tolerance
        if limit.lower >= 1:
            wider = brute_force(with_bounds(problem, k, lower=-1)).best
            assert wider <= found.objective + max(-price, 0) + tolerance


@given(problem=problems())
@examples(35)
def test_limit_prices_have_the_sign_of_the_bound_that_holds(problem):
    assume(problem.limits and brute_force(problem).feasible)
    found = solve(problem)
    for limit, price in zip(problem.limits, found.limit_prices, strict=True):
        load = problem.load(limit, found.rep_of_lead)
        whole_upper = np.floor(limit.upper) if limit.penalty is None else limit.upper
        whole_lower = np.ceil(limit.lower) if limit.penalty is None else limit.lower
        if price > 0:
            assert load >= whole_upper
        if price < 0:
            assert load <= whole_lower
        if limit.penalty is not None:
            assert abs(price) <= limit.penalty + EXACT * size(problem)


def test_a_minimum_that_everyone_meets_has_no_positive_price():
    problem = instances.minimum_that_everyone_meets()
    found = solve(problem)
    assert found.limit_prices.tolist() == [0.0]
    assert found.status is Status.OPTIMAL


def test_a_fractional_minimum_is_certified_at_the_whole_number_above():
    found = solve(instances.fractional_band())
    assert (found.objective, found.bound, found.status) == (-2.0, -2.0, Status.OPTIMAL)


# What the caller hands over


@every_solver
def test_nothing_passed_in_is_changed_and_read_only_float32_and_strided_arrays_are_legal(solver):
    rng = np.random.default_rng(3)
    gains = rng.random((12, 8)).astype(np.float32)[::2, ::-2]
    capacity, pins = np.array([3, 0, 2, 0, 1, 0, 1, 0], dtype=np.int32)[::2], np.full(6, -1, dtype=np.int8)
    pins[2] = 1
    kept = gains.copy(), capacity.copy(), pins.copy()
    gains.flags.writeable = capacity.flags.writeable = False
    found = match(gains, capacity, pins=pins, solver=solver)
    for now, then in zip((gains, capacity, pins), kept, strict=True):
        np.testing.assert_array_equal(now, then)
    assert pins.flags.writeable
    again = match(np.asarray(gains, dtype=np.float64).copy(), capacity.tolist(), pins={2: 1}, solver=solver)
    assert found.objective == again.objective


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64, np.float32, np.float64])
def test_capacities_of_every_whole_type_are_legal(dtype):
    assert match([[1.0, 2.0]], np.array([1, 1], dtype=dtype)).objective == 2.0


@every_solver
def test_reserve_leads_stay_where_nobody_is_worth_more(solver):
    found = match([[0.2, 0.5], [0.1, 0.2]], 2, reserve=0.3, solver=solver)
    assert found.rep_of_lead.tolist() == [1, -1]
    assert found.objective == pytest.approx(0.8)


def test_greedy_is_not_optimal_and_match_is():
    assert solve(instances.greedy_trap()).rep_of_lead.tolist() == [0, 1]


# Numbers


@every_solver
def test_gains_from_1e_minus_12_to_1e12_in_one_matrix(solver):
    gains = np.array([[1e12, 1e-12], [1e12, 2e-12], [3e-12, 1.0], [-1e12, 1e6]])
    problem = Problem(affinity=gains, capacity=1)
    found = solve(problem, solver)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(brute_force(problem).best)


@every_solver
@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-300, 1e-100, 1e-12, 1e12, 1e100, 1e280])
def test_tiny_and_huge_gains_give_the_same_answer_as_plain_ones(solver, unit):
    gains = np.array([[1.0, 2.0, 5.0], [3.0, 5.0, 6.0], [2.0, 2.0, 9.0], [-1.0, -2.0, 3.0]])
    plain = match(gains, 1, solver=solver)
    scaled = match(gains * unit, 1, solver=solver)
    assert scaled.rep_of_lead.tolist() == plain.rep_of_lead.tolist()
    assert scaled.status is Status.OPTIMAL
    np.testing.assert_allclose(scaled.prices, plain.prices * unit, rtol=1e-12)


@pytest.mark.parametrize("gain", [1e300, -1e300, 1.7e308])
def test_gains_that_cannot_be_added_up_are_refused(gain):
    with pytest.raises(InvalidInput, match=r"affinity of lead 1: gains must be at most 1e\+290"):
        match([[1.0], [gain]], 1)


def test_gains_that_overflow_only_by_their_scale_are_refused():
    with pytest.raises(InvalidInput, match="affinity of lead 0: gains must be at most"):
        match(Affinity(rates=[[1e200]], scale=[1e200]), 1)


@given(
    cells=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=6, max_size=6),
    capacity=st.integers(0, 3),
    reserve=st.floats(allow_nan=False, allow_infinity=False),
)
@examples(120)
def test_any_float_gives_a_valid_match_or_invalid_input(cells, capacity, reserve):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrecisionWarning)
        try:
            found = match(np.array(cells).reshape(3, 2), capacity, reserve=reserve)
        except InvalidInput:
            return
    assert not certify(found.problem, found.rep_of_lead).violations
    assert brute_force(found.problem).best <= found.bound + EXACT * size(found.problem)


@every_solver
def test_all_zero_gains_are_worth_zero(solver):
    found = match(np.zeros((5, 2)), 2, solver=solver)
    assert (found.objective, found.bound, found.gap, found.status) == (0.0, 0.0, 0.0, Status.OPTIMAL)


@every_solver
def test_negative_gains_stay_in_the_pool_unless_the_reserve_is_worse(solver):
    gains = -np.arange(1.0, 7.0).reshape(3, 2)
    assert match(gains, 3, solver=solver).rep_of_lead.tolist() == [-1, -1, -1]
    assert match(gains, 3, reserve=-4.5, solver=solver).rep_of_lead.tolist() == [0, 0, -1]
    assert match(gains, 3, reserve=-np.inf, solver=solver).rep_of_lead.tolist() == [0, 0, 0]


@every_solver
@pytest.mark.parametrize("n_leads, n_reps", [(0, 3), (3, 0), (0, 0)])
def test_no_leads_or_no_reps_is_a_valid_match(solver, n_leads, n_reps):
    found = match(np.zeros((n_leads, n_reps)), 2, reserve=0.5, solver=solver)
    assert found.rep_of_lead.tolist() == [-1] * n_leads
    assert found.prices.shape == (n_reps,)
    assert (found.objective, found.status) == (0.5 * n_leads, Status.OPTIMAL)


@every_solver
def test_no_reps_for_leads_that_must_be_placed_is_infeasible(solver):
    with pytest.raises(Infeasible, match=r"2 leads \(0, 1\) are eligible for no rep"):
        match(np.zeros((2, 0)), 1, reserve=-np.inf, solver=solver)


@every_solver
def test_one_lead_and_one_rep(solver):
    found = match([[0.7]], 1, solver=solver)
    assert (found.rep_of_lead.tolist(), found.objective, found.prices.tolist()) == ([0], 0.7, [0.0])


@every_solver
@pytest.mark.parametrize("capacity", [2**41, 2**62, 2**63 - 1, 1e30])
def test_capacity_beyond_any_number_of_leads(solver, capacity):
    found = match(np.ones((30, 3)), capacity, solver=solver)
    assert found.objective == 30.0
    assert np.bincount(found.rep_of_lead).tolist() == [10, 10, 10]


def test_gains_finer_than_the_integers_warn_and_say_what_they_may_cost():
    limit = Limit(upper=0, penalty=1e40, reps=[0], name="never")
    gains = np.tile([0.0, 1.0], (10_001, 1))  # fewer would be searched after the flow
    gains[1] = [0.0, 2.0]
    with pytest.warns(PrecisionWarning, match="gains were rounded to fit MinCostFlow's integers: up to"):
        found = match(gains, 1, limits=[limit], solver=MinCostFlow())
    assert found.status is Status.FEASIBLE
    assert found.bound >= 2.0


# Solvers that refuse


def test_hungarian_refuses_limits_and_too_many_cells():
    problem = Problem(affinity=np.ones((3, 2)), capacity=1, limits=[Limit(upper=1)])
    assert Hungarian().refuses(problem) == "there are 1 limits besides the capacities"
    with pytest.raises(InvalidInput, match="Hungarian cannot solve this: there are 1 limits besides the capacities"):
        Hungarian().solve(problem, Near(), Meter())
    assert Hungarian(most_cells=5).refuses(problem.replace(limits=())) == (
        "6 cells of leads x slots are more than most_cells=5"
    )


def test_min_cost_flow_refuses_limits_that_cross_and_says_which():
    limits = [Limit(reps=[0, 1], name="north"), Limit(reps=[1, 2], name="juniors")]
    problem = Problem(affinity=np.ones((3, 3)), capacity=1, limits=limits)
    reason = "limit 'north' and limit 'juniors' overlap, and neither contains the other"
    assert MinCostFlow().refuses(problem) == reason
    with pytest.raises(InvalidInput, match=f"MinCostFlow solves nested limits only: {reason}"):
        MinCostFlow().solve(problem, Near(), Meter())
    assert Auto().choose(problem) == Milp()
    assert match(np.ones((3, 3)), 1, limits=limits).objective == 3.0


@given(problem=problems())
@examples(25)
def test_auto_refuses_nothing_nested(problem):
    assert Auto().refuses(problem) is None
