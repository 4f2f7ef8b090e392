"""Reps with hours alone over many pairs: everybody has a place in time, and what is found is proved."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.matching import solve
from leadopt.problem.certify import certify
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers import Milp
from leadopt.solvers.compiled import compiled
from leadopt.solvers.drafts.drafts import best_draft, worth
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.lagrangian import by_packings
from leadopt.solvers.lagrangian.by_packings import ByPackings
from leadopt.solvers.lagrangian.dual import Dual, PairOracle
from leadopt.solvers.lagrangian.work import Work
from tests.oracles import brute_force
from tests.strategies import examples

needs_loops = pytest.mark.skipif(not compiled(), reason="packings need compiled loops")


def correlated(n, m, seed=0, unit=1.0, reserve=-np.inf):
    """What takes a rep little time costs much, and all must be placed, in any unit of gains and of time."""
    rng = np.random.default_rng(seed)
    hours = rng.integers(1, 101, (n, m)).astype(float)
    gains = hours - 111.0 + rng.integers(-10, 11, (n, m))
    limits = [
        Limit(reps=[rep], usage=hours[:, rep] / unit, upper=0.8 * hours[:, rep].sum() / m / unit) for rep in range(m)
    ]
    return Problem(affinity=unit * gains, capacity=n, limits=limits, reserve=reserve)


def usual(problem, rows):
    return Dual.of(PairOracle.of(problem, rows, np.flatnonzero(problem.pins < 0)), rows).unit


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("n, m", [(40, 4), (300, 10), (400, 40)])
def test_where_all_must_be_placed_a_draft_places_them_without_any_search(n, m, unit):
    """No other draft does: whoever goes by gains alone fills reps with what takes long."""
    problem = correlated(n, m, unit=unit)
    rows = Rows.of(problem)
    assert best_draft(problem, rows) is None
    draft = best_draft(problem, rows, usual=usual(problem, rows))
    assert not certify(problem, draft).violations
    # The least price at which all find room is better than room alone.
    hours = np.column_stack([limit.usage for limit in problem.limits])
    assert worth(problem, draft) > problem.affinity.at(np.arange(n), hours.argmin(axis=1)).sum()


def test_the_draft_at_prices_keeps_to_rules_of_other_kinds_too():
    """Slots beside hours, a quota over some leads, ineligible pairs and a pin."""
    problem = correlated(120, 6)
    gains = problem.affinity.dense().copy()
    gains[np.random.default_rng(1).random(gains.shape) < 0.3] = -np.inf
    gains[3, 2] = -100.0
    pins = np.full(120, -1)
    pins[3] = 2
    limits = [*problem.limits, Limit(reps=[0, 1], leads=np.arange(60), upper=25)]
    problem = Problem(affinity=gains, capacity=23, limits=limits, pins=pins, reserve=-np.inf)
    rows = Rows.of(problem)
    draft = best_draft(problem, rows, usual=usual(problem, rows))
    assert draft[3] == 2
    assert not certify(problem, draft).violations


@pytest.mark.parametrize("n, m", [(300, 10), (1000, 20)])
@pytest.mark.parametrize("limit_s", [1e-9, 0.01, 0.3])
def test_an_answer_comes_back_in_any_time(n, m, limit_s):
    """Each of them was refused: `Milp found no allowed answer in time`."""
    problem = correlated(n, m)
    found = solve(problem, Milp(), time_limit_s=limit_s)
    assert not certify(problem, found.rep_of_lead).violations


@needs_loops
@given(st.integers(0, 10_000), st.sampled_from([-np.inf, -60.0, 0.0]), st.sampled_from([1e-9, 1.0, 1e9]))
@examples(20)
def test_small_ones_come_to_what_trying_all_does(seed, reserve, unit):
    problem = correlated(7, 2, seed, unit, unit * reserve)
    way = ByPackings(work=Work.of(problem, Meter()), packs=by_packings.Knapsacks.of(problem, up=True))
    answer = way.answer(np.zeros(len(way.work.rows.lower)))
    if answer is None:  # others look on
        assert way.work.draft is None
        return
    best = brute_force(problem).best
    assert worth(problem, answer.rep_of_lead) <= best + 1e-9 * abs(best)
    if answer.complete:
        assert worth(problem, answer.rep_of_lead) == pytest.approx(best, rel=1e-9)


@needs_loops
def test_small_or_other_problems_go_other_ways():
    assert ByPackings.of(Work.of(correlated(30, 5), Meter())) is None
    problem = correlated(300, 10)
    assert ByPackings.of(Work.of(problem, Meter())) is not None
    with_slots = problem.replace(capacity=40)
    assert ByPackings.of(Work.of(with_slots, Meter())) is None


@needs_loops
def test_without_time_the_draft_is_left_as_it_is():
    problem = correlated(300, 10)
    way = ByPackings.of(Work.of(problem, Meter()))
    late = ByPackings(work=Work.of(problem, Meter(time_limit_s=0.0)), packs=way.packs)
    with pytest.raises(OutOfTime):
        late.answer(np.zeros(len(way.work.rows.lower)))
