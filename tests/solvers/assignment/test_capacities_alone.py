"""Capacities alone by compiled loops: against every answer, SciPy, and the flows whose place they take."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from leadopt.errors import Infeasible
from leadopt.matching import Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers import Auction, Auto, Hungarian, MinCostFlow
from leadopt.solvers.assignment import capacities_alone, matrix_kernels
from leadopt.solvers.assignment.capacities_alone import is_quick, solve_capacities
from leadopt.solvers.assignment.places_kernels import Columns, Leads, begin, enter
from leadopt.solvers.base import Near
from leadopt.solvers.flow.duals import with_closed_prices
from leadopt.solvers.flow.limit_tree import Room
from leadopt.solvers.flow.simplex_kernels import bring_in
from tests.loops import needs_loops
from tests.oracles import brute_force
from tests.strategies import examples, problems

pytestmark = needs_loops
either_way = pytest.mark.parametrize("few", [True, False], ids=["all pairs", "the best pairs"])


def by_flow(problem):
    """Return what a flow finds, as where loops are not compiled."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadopt.solvers.min_cost_flow.solve_capacities", lambda problem: None)
        return MinCostFlow().solve(problem, Near(), Meter())


def by_loops(problem, few, options=1):
    """Return what loops find, with one pair of each lead looked at first where these are not all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capacities_alone, "_are_few", lambda n_leads, n_reps: few)
        patch.setattr(capacities_alone, "_AT_ONCE", 0)
        patch.setattr(capacities_alone, "_OPTIONS", options)
        return solve_capacities(problem)


@either_way
@given(problem=problems(limits=False))
@examples(150)
def test_it_is_best_at_the_prices_of_a_flow(few, problem):
    found = by_loops(problem, few)
    if found is None:
        return
    certificate, best = certify(problem, found.rep_of_lead, found.prices), brute_force(problem).best
    size = max(1.0, problem.affinity.largest, float(np.abs(found.prices).max(initial=0.0)))
    assert certificate.optimal
    assert certificate.objective == pytest.approx(best, rel=1e-9, abs=1e-9 * size)
    # The least prices there are: there is one answer to what one more slot would add.
    assert found.prices == pytest.approx(by_flow(problem).prices, rel=1e-9, abs=1e-9 * size)


@either_way
@given(problem=problems(limits=False))
@examples(100)
def test_nothing_is_found_only_where_nothing_is_allowed_or_nobody_is_free(few, problem):
    if by_loops(problem, few, options=4) is None and is_quick(problem) and (problem.pins < 0).any():
        with pytest.raises(Infeasible) as refused:
            solve(problem, MinCostFlow())
        assert refused.value.witness is not None


@either_way
@given(
    gains=st.lists(st.lists(st.integers(-1, 3), min_size=3, max_size=3), min_size=1, max_size=5), room=st.integers(1, 2)
)
@examples(150)
def test_nobody_is_undecided_only_where_no_other_answer_is_as_good(few, gains, room):
    problem = Problem(affinity=np.array(gains, dtype=float), capacity=room)
    found = by_loops(problem, few, options=4)
    if len(found.undecided):
        return
    every = brute_force(problem)
    assert np.count_nonzero(every.worth[every.allowed] == every.best) == 1


def matrices():
    """Gains of every kind at sizes where loops take every turn."""
    rng = np.random.default_rng(5)
    n, m = 90, 60
    sparse = rng.random((n, m))
    sparse[rng.random((n, m)) > 0.08] = -np.inf
    lonely = rng.random((n, m))
    lonely[::7] = -np.inf
    return {
        "uniform": rng.random((n, m)),
        "whole": rng.integers(0, 4, (n, m)).astype(float),
        "one for all": np.ones((n, m)),
        "rank one": rng.random((n, 1)) * rng.random((1, m)),
        "rank three": rng.random((n, 3)) @ rng.random((3, m)),
        "negative": rng.normal(size=(n, m)),
        "sparse": sparse,
        "rows of nobody": lonely,
        "equal leads": np.repeat(rng.random((n // 10, m)), 10, axis=0),
    }


@either_way
@pytest.mark.parametrize("capacity", [1, 2, "some"])
@pytest.mark.parametrize("kind", matrices())
def test_it_is_worth_what_scipy_finds(kind, capacity, few):
    gains = matrices()[kind]
    n_reps = gains.shape[1]
    room = np.full(n_reps, capacity) if capacity != "some" else np.random.default_rng(0).integers(0, 4, n_reps)
    problem = Problem(affinity=gains, capacity=room)
    found = by_loops(problem, few, options=8)
    worth = np.maximum(gains, 0.0)[:, np.repeat(np.arange(n_reps), room)]
    lead, slot = linear_sum_assignment(worth, maximize=True)
    certificate = certify(problem, found.rep_of_lead, found.prices)
    assert certificate.optimal
    assert certificate.objective == pytest.approx(worth[lead, slot].sum(), rel=1e-12)


@either_way
@pytest.mark.parametrize("reserve", [-np.inf, -0.5, 0.5])
def test_reserves_are_kept(reserve, few):
    gains = matrices()["uniform"]
    problem = Problem(affinity=gains, capacity=2, reserve=reserve)
    found, flow = by_loops(problem, few, options=8), by_flow(problem)
    certificates = [certify(problem, one.rep_of_lead, one.prices) for one in (found, flow)]
    assert all(one.optimal for one in certificates)
    assert certificates[0].objective == pytest.approx(certificates[1].objective, rel=1e-12)
    assert found.prices == pytest.approx(flow.prices, rel=1e-9)


@either_way
@pytest.mark.parametrize("unit", [5e-324, 1e-310, 1e-100, 1e-12, 1e12, 1e100, 1e280])
def test_the_unit_does_not_matter(unit, few):
    gains = np.random.default_rng(0).integers(-2, 9, (20, 6)).astype(float)
    plain, scaled = (by_loops(Problem(affinity=gains * by, capacity=2), few, options=8) for by in (1.0, unit))
    problem = Problem(affinity=gains * unit, capacity=2)
    assert certify(problem, scaled.rep_of_lead, scaled.prices).optimal
    assert scaled.prices / unit == pytest.approx(plain.prices)


def test_a_closed_rep_costs_what_a_first_slot_would_add():
    gains = np.random.default_rng(1).random((8, 3))
    prices = solve_capacities(Problem(affinity=gains, capacity=[2, 0, 2])).prices
    now, more = (match(gains, [2, slots, 2], solver=Hungarian()).objective for slots in (0, 1))
    assert prices[1] == pytest.approx(more - now)


def test_pins_take_their_slots_first():
    gains = np.random.default_rng(2).random((9, 3))
    found = match(gains, [3, 2, 4], pins={0: 1, 4: 1}, solver=MinCostFlow())
    assert found.status is Status.OPTIMAL
    assert found.rep_of_lead[[0, 4]].tolist() == [1, 1]
    assert found.objective == pytest.approx(brute_force(found.problem).best)


def structured(n):
    """Gains on which few pairs of each lead tell nothing, or paths are long."""
    rng = np.random.default_rng(3)
    place = np.arange(1.0, n + 1)
    x, y = rng.random((n, 2)), rng.random((n, 2))
    return {
        "rank one": rng.random((n, 1)) * rng.random((1, n)),
        "rank one, nearly": rng.random((n, 1)) * rng.random((1, n)) + 1e-4 * rng.random((n, n)),
        "rank three": rng.random((n, 3)) @ rng.random((3, n)),
        "largest products": np.outer(place, place),
        "least products": n**2 - np.outer(place, place),
        "on a line": 1.0 - (x[:, :1] - y[:, 0]) ** 2,
        "in a plane": 2.0 - np.hypot(*(x[:, None] - y).transpose(2, 0, 1)),
        "few levels": np.floor(4.0 * rng.random((n, n))),
    }


@pytest.mark.parametrize("slots", [1.0, 0.6, 1.5])
@pytest.mark.parametrize("kind", structured(2))
def test_all_pairs_are_looked_at_where_few_tell_too_little(kind, slots):
    gains = structured(150)[kind]
    gains = gains[: round(150 / slots)] if slots > 1 else gains[:, : round(150 * slots)]
    found = by_loops(Problem(affinity=gains, capacity=1), few=False, options=16)
    lead, rep = linear_sum_assignment(gains, maximize=True)
    certificate = certify(Problem(affinity=gains, capacity=1), found.rep_of_lead, found.prices)
    assert certificate.optimal
    assert certificate.objective == pytest.approx(gains[lead, rep].sum(), rel=1e-12)
    if kind.startswith("rank"):
        assert found.stats["pairs"] == gains.size


@given(
    seed=st.integers(0, 2**32 - 1),
    n_leads=st.integers(5, 80),
    n_reps=st.integers(1, 5),
    n_kinds=st.integers(1, 5),
    share=st.floats(0.0, 1.0),
)
@examples(150)
def test_fewer_leads_are_placed_than_at_first_where_that_is_best(seed, n_leads, n_reps, n_kinds, share):
    """The first tree of all pairs serves who loses most, and may place some whom the best answer leaves."""
    rng = np.random.default_rng(seed)
    gains = rng.random((n_kinds, n_reps))[rng.integers(0, n_kinds, n_leads)] * rng.lognormal(0.0, 1.0, n_leads)[:, None]
    room, reserve = rng.integers(0, 1 + 2 * n_leads // n_reps, n_reps), float(np.quantile(gains, share))
    problem = Problem(affinity=gains, capacity=room, reserve=reserve)
    found = by_loops(problem, few=True)
    worth = np.hstack([gains[:, np.repeat(np.arange(n_reps), room)], np.full((n_leads, n_leads), reserve)])
    best = worth[linear_sum_assignment(worth, maximize=True)].sum()
    certificate = certify(problem, found.rep_of_lead, found.prices)
    assert certificate.optimal
    assert certificate.objective == pytest.approx(best, rel=1e-12)


def test_another_solver_tells_why_nothing_is_allowed():
    gains = np.full((3, 3), -np.inf)
    gains[:, 0] = 1.0
    for other in (None, Auction()):
        with pytest.raises(Infeasible):
            match(gains, 1, reserve=-np.inf, solver=Hungarian(otherwise=other))
    assert Auto().choose(Problem(affinity=np.ones((1500, 1500)), capacity=1)) == Hungarian(otherwise=Auction())


@given(problem=problems(limits=False), closed=st.integers(0, 4))
@examples(100)
def test_a_price_of_who_has_no_room_is_what_a_first_place_adds(problem, closed):
    none = problem.replace(capacity=np.where(np.arange(problem.n_reps) == closed, 0, problem.capacity))
    if (problem.pins == closed).any() or (found := solve_capacities(none)) is None:
        return
    leads = np.flatnonzero(none.pins < 0)
    room = none.capacity - np.bincount(none.pins[none.pins >= 0], minlength=none.n_reps)
    room = Room(lower=np.zeros_like(room), upper=room)
    assert found.prices.tolist() == with_closed_prices(none, leads, room, found.prices, np.zeros(0)).tolist()


def test_an_assignment_is_the_same_every_time():
    gains = np.random.default_rng(6).integers(0, 3, (40, 12)).astype(float)
    first, second = (match(gains, 3, rng=1) for _ in range(2))
    assert first.rep_of_lead.tolist() == second.rep_of_lead.tolist()


@given(
    n_leads=st.integers(1, 4),
    n_reps=st.integers(1, 90),
    seed=st.integers(0, 2**32 - 1),
    levels=st.sampled_from([3, 30, 0]),
    reserve=st.sampled_from([0.0, -1.0, 0.5, -np.inf]),
)
@examples(200)
def test_reps_whom_nobody_may_want_are_left_out_at_no_loss(n_leads, n_reps, seed, levels, reserve):
    rng = np.random.default_rng(seed)
    gains = rng.random((n_leads, n_reps)) if levels == 0 else rng.integers(0, levels, (n_leads, n_reps)) / 8.0
    gains[rng.random(gains.shape) < rng.choice([0.0, 0.5, 0.98])] = -np.inf
    room = rng.choice([rng.integers(0, 3, n_reps), np.ones(n_reps, dtype=int), 3 * (rng.random(n_reps) < 0.1)])
    problem = Problem(affinity=gains, capacity=room, reserve=reserve)
    found = solve_capacities(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(capacities_alone, "_wanted", lambda *_: None)
        whole = solve_capacities(problem)
    assert (found is None) == (whole is None)
    if found is None:
        return
    assert found.prices == pytest.approx(whole.prices, abs=1e-9)
    assert (found.undecided is None) == (whole.undecided is None)
    if whole.undecided is not None:
        assert found.undecided.tolist() == whole.undecided.tolist()
    certificate = certify(problem, found.rep_of_lead, found.prices)
    assert certificate.optimal
    assert certificate.objective == pytest.approx(certify(problem, whole.rep_of_lead, whole.prices).objective)


def test_of_many_reps_only_those_are_looked_at_whom_leads_may_want():
    rng = np.random.default_rng(0)
    gains, room = rng.random((2, 1_000)), np.ones(1_000, dtype=np.int64)
    best = np.unique(np.argsort(gains, axis=1)[:, -3:]).tolist()
    assert capacities_alone._wanted(gains, room, 0.0, 1.0).tolist() == best
    room[best[0]] = 0  # who is closed is none of them
    assert best[0] not in capacities_alone._wanted(gains, room, 0.0, 1.0)
    few = np.where(np.isin(np.arange(1_000), [3, 700]), 5, 0)
    assert capacities_alone._wanted(rng.random((4_000, 1_000)), few, 0.0, 1.0).tolist() == [3, 700]
    assert capacities_alone._wanted(gains, np.zeros_like(room), 0.0, 1.0).tolist() == []
    # What ties with the worst of them may be who is taken, by lot: all are looked at.
    assert capacities_alone._wanted(np.round(gains, 1), room, 0.0, 1.0) is None
    assert capacities_alone._wanted(gains[:, :40].copy(), room[:40], 0.0, 1.0) is not None
    assert capacities_alone._wanted(gains[:, :20].copy(), room[:20], 0.0, 1.0) is None


def test_prices_of_few_leads_and_many_reps_take_as_many_looks_as_leads_have_reps():
    """Who takes nobody leads on to no other rep: a look at all reps for each of them would be their number squared."""
    n_leads, n_reps = 3, 400
    cost = np.zeros(n_leads * (n_reps + 1), dtype=np.int64)
    leads, columns = Leads(*np.full((6, n_leads), -1)), Columns(*np.zeros((4, n_reps + 1), dtype=np.int64))
    columns.head[:] = -1
    for lead in range(n_leads):
        enter(lead, 7 * lead, 0, leads, columns)
    columns.price[: 7 * n_leads] = 5  # the first ones only, and more than the least
    looks = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix_kernels, "least_of", lambda *row: looks.append(1) or int(np.subtract(*row).min()))
        matrix_kernels.lower_all(cost, leads, columns, *np.empty((2, n_reps + 1), dtype=np.int64))
    assert len(looks) == n_leads
    assert columns.price.tolist() == [0] * (n_reps + 1)


@pytest.mark.parametrize("n_leads", [1, 2])
@pytest.mark.parametrize("levels", [1, 2])
def test_ties_with_a_million_reps_take_no_million_looks_at_each(n_leads, levels):
    """Eight minutes, as long as the work grew with the square of the reps: now a tenth of a second."""
    n_reps = 1_000_000 // n_leads
    gains = np.random.default_rng(0).integers(0, levels, (n_leads, n_reps)) + 1.0
    found = match(gains, 1)
    assert found.status is Status.OPTIMAL
    assert found.objective == n_leads * levels
    assert len(set(found.rep_of_lead.tolist())) == n_leads
    assert not found.prices.any()


@pytest.mark.parametrize("kind", ["places of a size or less", "places in order"])
def test_a_first_tree_is_near_the_best_where_places_are_few_and_nobody_loses_more_in_the_pool(kind):
    n_leads, n_reps, room = 200, 10, np.full(10, 10)
    lead, rep = np.arange(n_leads)[:, None], np.arange(n_reps)
    by_size = np.where(n_reps * lead >= n_leads * rep, 1.0, 0.0)
    gains = by_size if kind == "places of a size or less" else 1.0 * n_leads * n_reps - lead * rep
    leads, columns = Leads(*np.full((6, n_leads), -1)), Columns(*np.zeros((4, n_reps + 1), dtype=np.int64))
    matrix = matrix_kernels.Matrix(np.empty((n_leads + 1) * (n_reps + 1), dtype=np.int64), np.empty(n_leads, dtype=int))
    tree = matrix_kernels.tree_of(np.empty((6, n_leads + n_reps + 2), int), np.empty((13, n_reps + 1), int))
    matrix_kernels.write_matrix(gains, room, 0.0, gains.max(), matrix, leads, np.empty(n_leads))
    begin(room, leads, columns)
    value = np.empty(n_reps + 1, dtype=np.int64)
    matrix_kernels.serve(matrix, columns, tree, value)
    pivots = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matrix_kernels, "bring_in", lambda *of: pivots.append(1) or bring_in(*of))
        assert matrix_kernels.improve(matrix.cost, tree, value)
    assert len(pivots) <= 2 * n_leads
    matrix_kernels.read_off(matrix, tree, value, leads, columns)
    placed = np.flatnonzero(leads.rep < n_reps)
    assert len(placed) == room.sum()
    slot = np.repeat(rep, room)
    best = gains[:, slot][linear_sum_assignment(gains[:, slot], maximize=True)].sum()
    assert gains[placed, leads.rep[placed]].sum() == best
