"""`finish`: exact from any box, with least prices, and the best so far when time is over."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt import progress
from leadopt.errors import Infeasible
from leadopt.matching import match
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers import MinCostFlow, Near
from leadopt.solvers.capacities import finish
from leadopt.solvers.capacities.finish import Box
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.oracles.pruning import RowOracle
from tests.loops import either
from tests.oracles import brute_force
from tests.strategies import examples, problems

EXACT = 2e-12


def answer_from(problem, box, meter=None, compiled=True):
    rest = Remainder.of(problem)
    oracle = RowOracle(affinity=problem.affinity, leads=rest.leads, reserve=problem.reserve)
    with either(compiled):
        return finish.finish(problem, rest.tree, rest.room, rest.leads, oracle, box, meter)


def size(problem):
    reserve = abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0
    return (problem.affinity.largest + reserve) * (1 + problem.n_leads)


def worth(problem, answer):
    placed = answer.rep_of_lead >= 0
    pooled = 0.0 if placed.all() else problem.reserve * float((~placed).sum())
    return float(problem.affinity.at(np.flatnonzero(placed), answer.rep_of_lead[placed]).sum()) + pooled


def boxes(n_reps):
    numbers = st.lists(st.sampled_from([0.0, 1e-9, 0.3, 1.0, 4.0, 1e3, 1e12]), min_size=n_reps, max_size=n_reps)
    return st.builds(
        lambda low, width: Box(low=np.array(low), high=np.array(low) + width), numbers, numbers.map(np.array)
    )


@pytest.mark.parametrize("compiled", [False, True])
@given(problem=problems(limits=False), data=st.data())
@examples(40)
def test_any_box_gives_the_best_answer_and_least_prices(compiled, problem, data):
    assume(problem.n_reps)
    box = data.draw(boxes(problem.n_reps))
    if not (oracle := brute_force(problem)).feasible:
        with pytest.raises(Infeasible):
            answer_from(problem, box, compiled=compiled)
        return
    found, tolerance = answer_from(problem, box, compiled=compiled), EXACT * size(problem)
    assert worth(problem, found) == pytest.approx(oracle.best, abs=tolerance, rel=0)
    for rep in range(problem.n_reps):
        capacity = problem.capacity.copy()
        capacity[rep] += 1
        gained = brute_force(problem.replace(capacity=capacity)).best - oracle.best
        assert gained == pytest.approx(found.prices[rep], abs=tolerance, rel=0)


@pytest.mark.parametrize("compiled", [False, True])
def test_units_that_get_finer_as_the_box_opens_do_not_make_an_answer_worse(compiled):
    """Found by fuzzing: the least prices were sought beyond the digits that the core had rounded away."""
    gains = np.ones((6, 4))
    gains[0, 0], gains[0, 3], gains[2, 3], gains[3, 2] = 1e-9, -1.0, 10.0, 1e8
    problem = Problem(affinity=gains, capacity=[4, 0, 1, 1])
    box = Box(low=np.array([0.0, 0.0, 0.0, 0.3]), high=np.array([0.0, 0.0, 1e12, 0.3]))
    found = answer_from(problem, box, compiled=compiled)
    assert worth(problem, found) == brute_force(problem).best
    assert found.prices == pytest.approx([0.0, 1.0, 1.0, 0.0], abs=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_gains_of_rows_without_a_lead_do_not_let_prices_begin_too_high(compiled):
    """Found by fuzzing: beside a price of 10,000, units were coarser than the only gain in use."""
    affinity = Affinity(rates=[[1e-11], [1e5]], row=[0], scale=[0.5])
    box = Box(low=np.array([1e12]), high=np.array([1e12]))
    found = answer_from(Problem(affinity=affinity, capacity=[1]), box, compiled=compiled)
    assert found.rep_of_lead.tolist() == [0]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("low", [1e-9, 1e-3, 0.29])
def test_who_falls_last_is_not_held_up_by_who_was_never_held_up_before(low, compiled):
    """Found by fuzzing: in the last round, one rep's price came down to another's lower bound and stayed there."""
    problem = Problem(affinity=np.ones((4, 3)), capacity=[1, 0, 3])
    found = answer_from(problem, Box(low=np.array([low, 0.0, 0.3]), high=np.array([0.3, 0.0, 0.3])), compiled=compiled)
    assert found.prices == pytest.approx([0.0, 0.0, 0.0], abs=1e-14)


@pytest.mark.parametrize("many", [0, 100_000])
@pytest.mark.parametrize("most", [1, 5, 1000])
def test_cores_of_ties_are_thinned_without_loss(many, most, monkeypatch):
    monkeypatch.setattr(finish, "_MANY", many)
    rng = np.random.default_rng(most)
    problem = Problem(affinity=rng.integers(0, most + 1, (300, 30)).astype(float), capacity=8)
    best = MinCostFlow().solve(problem, Near(), Meter())
    for box in (Box(low=np.zeros(30), high=np.full(30, 2.0 * most)), Box.around(best.prices, 0.5, 0.5)):
        assert worth(problem, answer_from(problem, box)) == worth(problem, best)


def test_some_leads_within_some_room_are_a_problem_of_their_own():
    rng = np.random.default_rng(0)
    gains = rng.random((80, 4))
    problem = Problem(affinity=gains, capacity=25)
    rest, leads = Remainder.of(problem), np.arange(0, 80, 2)
    room = finish.Room(lower=rest.room.lower, upper=np.full(4, 9))
    oracle = RowOracle(affinity=problem.affinity, leads=leads, reserve=0.0)
    # A box far off is no way out to the whole problem either.
    for low in (0.0, 1e6):
        found = finish.finish(
            problem, rest.tree, room, leads, oracle, Box(low=np.full(4, low), high=np.full(4, low + 1))
        )
        assert worth(problem, found) == pytest.approx(match(gains[::2], 9, solver=MinCostFlow()).objective)
        assert (found.rep_of_lead[1::2] == -1).all()


class Clock:
    """Moves on by a second each time somebody looks."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def test_without_time_there_is_the_best_answer_so_far_or_none(monkeypatch):
    rng = np.random.default_rng(0)
    problem = Problem(affinity=rng.random((60, 5)), capacity=10)
    best = answer_from(problem, Box(low=np.zeros(5), high=np.ones(5)))
    stopped = []
    for looks in range(1, 30):
        monkeypatch.setattr(progress, "perf_counter", Clock())
        try:
            found = answer_from(problem, Box(low=np.full(5, 0.9), high=np.full(5, 1.0)), Meter(time_limit_s=looks))
        except OutOfTime:
            assert not stopped
            continue
        stopped.append(found.stopped)
        assert (np.bincount(found.rep_of_lead + 1, minlength=6)[1:] <= 10).all()
        assert worth(problem, found) <= worth(problem, best) + 1e-12
    assert stopped == sorted(stopped, reverse=True)
    assert set(stopped) == {True, False}
