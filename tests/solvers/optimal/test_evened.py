"""Ties under limits of any kind: as even as any answer of the same worth, at no loss, and without favour."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import LeadoptError
from leadopt.matching import Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Milp, Near
from leadopt.solvers.optimal.evened import evened
from leadopt.solvers.optimal.unevenness import Unevenness
from tests.oracles import brute_force
from tests.strategies import affinities, around_known, examples, general_problems, problems


def loads(found):
    return np.bincount(found.rep_of_lead[found.rep_of_lead >= 0], minlength=found.problem.n_reps)


def unevenness(problem, answers):
    counts = (answers[..., None] == np.arange(problem.n_reps)).sum(axis=-2)
    return (counts**2 / np.maximum(problem.capacity, 1)).sum(axis=-1)


def hours(each, there, leads=None):
    return [Limit(reps=[rep], leads=leads, usage=each, upper=upper) for rep, upper in enumerate(there)]


def as_even_as_any(problem, seed=0):
    """Solve, and compare with every answer there is, if the best one was found."""
    oracle = brute_force(problem)
    assume(oracle.feasible)
    try:
        found = solve(problem, rng=seed)
    except LeadoptError:
        assume(False)
    size = max(1.0, np.abs(oracle.worth[np.isfinite(oracle.worth)]).max(initial=0.0))
    assume(found.objective >= oracle.best - 1e-9 * size)
    best = oracle.allowed & (oracle.worth >= oracle.best - 1e-9 * size)
    assert unevenness(problem, found.rep_of_lead) <= unevenness(problem, oracle.answers[best]).min() + 1e-9


@st.composite
def timed(draw):
    """Few distinct gains, and hours for each rep: tight, loose, or different ones."""
    n_leads, n_reps = draw(st.integers(1, 7)), draw(st.integers(1, 3))
    affinity = draw(affinities(n_leads, n_reps, draw(st.sampled_from(["tied", "few"]))))
    size = st.sampled_from(draw(st.sampled_from([[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [0.7, 1.3, 1.9, 2.2]])))
    each = np.array(draw(st.lists(size, min_size=n_leads, max_size=n_leads)))
    there = draw(st.lists(st.integers(0, 6), min_size=n_reps, max_size=n_reps))
    capacity = draw(st.lists(st.integers(0, n_leads), min_size=n_reps, max_size=n_reps))
    return Problem(affinity=affinity, capacity=capacity, limits=hours(each, there))


@st.composite
def valued(draw):
    """Leads worth the same with all reps, and a band of value for each, hard or soft."""
    n_leads, n_reps = draw(st.integers(2, 7)), draw(st.integers(2, 3))
    scale = np.array(draw(st.lists(st.sampled_from([1.0, 2.0, 5.0]), min_size=n_leads, max_size=n_leads)))
    value = Affinity(rates=np.ones((1, n_reps)), row=np.zeros(n_leads, dtype=np.int64), scale=scale)
    low, high = draw(st.sampled_from([(0.0, 1.0), (0.5, 1.5), (0.8, 1.2)]))
    due, penalty = scale.sum() / n_reps, draw(st.sampled_from([None, None, 0.3, 5.0]))
    band = [Limit(reps=[rep], usage=value, lower=low * due, upper=high * due, penalty=penalty) for rep in range(n_reps)]
    return Problem(affinity=value, capacity=n_leads, limits=band, reserve=draw(st.sampled_from([0.0, 0.0, -1.0])))


@given(problem=timed(), seed=st.integers(0, 99))
@examples(45)
def test_loads_under_hours_are_as_even_as_brute_force_finds(problem, seed):
    as_even_as_any(problem, seed)


@given(problem=valued(), seed=st.integers(0, 99))
@examples(35)
def test_loads_under_value_bands_are_as_even_as_brute_force_finds(problem, seed):
    as_even_as_any(problem, seed)


@given(problem=general_problems(max_leads=6), seed=st.integers(0, 99))
@examples(45)
def test_loads_under_any_limits_are_as_even_as_brute_force_finds(problem, seed):
    as_even_as_any(problem, seed)


@given(problem=problems(kind="few", max_leads=6, max_reps=3), seed=st.integers(0, 99))
@examples(45)
def test_loads_under_limits_that_nest_are_as_even_as_brute_force_finds(problem, seed):
    as_even_as_any(problem, seed)


@given(known=around_known(), seed=st.integers(0, 99), late=st.booleans(), kept=st.booleans())
@examples(45)
def test_any_allowed_answer_never_loses_and_never_breaks_a_limit(known, seed, late, kept):
    problem, answer = known
    before = certify(problem, answer)
    assume(not before.violations)
    given_answer = replace(Milp().solve(problem, Near(rep_of_lead=answer), Meter()), rep_of_lead=answer)
    near = answer if kept else None
    found = evened(problem, given_answer, np.random.default_rng(seed), near, lambda: not late)
    after = certify(problem, found)
    assert not after.violations
    assert after.objective >= before.objective - 1e-12 * max(1.0, abs(before.objective))
    assert unevenness(problem, found) <= unevenness(problem, answer) + 1e-9
    again = evened(problem, given_answer, np.random.default_rng(seed), near, lambda: not late)
    assert np.array_equal(found, again)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
@pytest.mark.parametrize("seed", range(3))
def test_four_leads_of_two_lengths_are_two_for_each(order, seed):
    each, there = np.array([1.0, 2.0, 1.0, 2.0]), np.array([40.0, 30.0])[order]
    assert loads(match(np.ones((4, 2)), 4, limits=hours(each, there), rng=seed)).tolist() == [2, 2]


def test_two_short_leads_are_exchanged_for_a_long_one_where_hours_are_full():
    each = np.array([2.0, 2.0, 1.0, 1.0, 1.0, 1.0])
    assert loads(match(np.ones((6, 2)), 6, limits=hours(each, [4, 4]))).tolist() == [3, 3]


def test_shares_follow_capacity_and_hours():
    each = np.full(12, 0.5)
    assert loads(match(np.ones((12, 3)), [4, 8, 12], limits=hours(each, [20, 20, 20]))).tolist() == [2, 4, 6]
    assert loads(match(np.ones((12, 3)), 12, limits=hours(each, [1, 20, 20]))).tolist() == [2, 5, 5]


def test_usage_by_pair_and_crossing_limits_are_kept_while_loads_become_even():
    pace = np.array([1.0, 2.0, 1.0])
    limits = [*hours(np.outer(np.ones(9), pace), [4, 6, 9]), Limit(reps=[0, 1], leads=np.arange(6), upper=4)]
    found = match(np.ones((9, 3)), 9, limits=limits)
    assert loads(found).tolist() == [3, 3, 3]
    assert found.objective == 9


@pytest.mark.parametrize("penalty", [0.5, 2.0])
def test_a_soft_limit_that_nests_leaves_loads_even_within_it(penalty):
    found = match(np.ones((6, 3)), 6, limits=[Limit(reps=[0, 1], upper=5, penalty=penalty)])
    assert loads(found).tolist() == [2, 2, 2]


@pytest.mark.parametrize("n_leads, n_reps, tight", [(60, 5, 1.1), (60, 12, 1.1), (200, 10, 1.3)])
def test_searched_answers_of_middling_size_are_even_too(n_leads, n_reps, tight):
    each = np.random.default_rng(0).uniform(0.5, 3.0, n_leads)
    limits = hours(each, np.full(n_reps, tight * each.sum() / n_reps))
    found = match(np.ones((n_leads, n_reps)), n_leads, limits=limits)
    assert found.objective == n_leads
    assert np.ptp(loads(found)) <= (n_leads % n_reps > 0)


def test_hours_that_leave_leads_behind_still_share_out_the_others():
    each = np.random.default_rng(1).choice([1.0, 2.0, 3.0], 40)
    found = match(np.ones((40, 4)), 40, limits=hours(each, np.full(4, 0.7 * each.sum() / 4)))
    assert found.status is not Status.FEASIBLE
    assert np.ptp(loads(found)) <= 1


def test_no_rep_and_no_position_profits_under_hours():
    n_seeds, problem = (
        200,
        Problem(affinity=np.ones((4, 3)), capacity=4, limits=hours(np.full(4, 1.5), [9.5, 9.5, 9.5])),
    )
    answer = Milp().solve(problem, Near(), Meter())
    reps, leads = np.zeros(3), np.zeros((4, 3))
    for seed in range(n_seeds):
        found = evened(problem, answer, np.random.default_rng(seed), None, lambda: True)
        reps[np.argmax(np.bincount(found, minlength=3))] += 1
        leads[np.arange(4), found] += 1
    # Five standard deviations of a binomial with p = 1/3.
    assert np.abs(np.concatenate([reps, leads.reshape(-1)]) - n_seeds / 3).max() <= 5 * np.sqrt(n_seeds * 2 / 9)


def test_an_answer_that_is_known_stays_where_it_is_as_even():
    problem = Problem(affinity=np.ones((6, 3)), capacity=6, limits=hours(np.full(6, 1.5), [9.5, 9.5, 9.5]))
    known = np.array([2, 2, 0, 0, 1, 1])
    assert solve(problem, Milp(), near=Near(rep_of_lead=known)).rep_of_lead.tolist() == known.tolist()
    odd = Problem(affinity=np.ones((7, 3)), limits=hours(np.full(7, 1.5), [9.5, 9.5, 9.5]), capacity=7)
    for rep in range(3):  # whoever has the odd lead keeps it, whatever the lot
        one_more = np.append(known, rep)
        for seed in range(3):
            found = solve(odd, Milp(), near=Near(rep_of_lead=one_more), rng=seed)
            assert found.rep_of_lead.tolist() == one_more.tolist()
    lopsided = np.array([2, 2, 2, 0, 1, 1])
    found = solve(problem, Milp(), near=Near(rep_of_lead=lopsided)).rep_of_lead
    assert loads(solve(problem, Milp(), near=Near(rep_of_lead=lopsided))).tolist() == [2, 2, 2]
    assert (found != lopsided).sum() == 1


@given(st.integers(1, 5), st.integers(0, 9), st.data())
@examples(40)
def test_no_loads_are_below_the_least_that_is_told(n_reps, more, data):
    some = st.lists(st.integers(0, 4), min_size=n_reps, max_size=n_reps)
    held, capacity = np.array(data.draw(some)), np.array(data.draw(some))
    problem = Problem(affinity=np.ones((0, n_reps)), capacity=capacity)
    measure = Unevenness.of(problem, np.random.default_rng(0))
    room = int(np.maximum(capacity - held, 0).sum())
    told = measure.least(held, min(more, room), capacity)
    poured = held.copy()
    for _ in range(min(more, room)):
        poured[np.argmin(np.where(poured < capacity, measure.added(poured), np.inf))] += 1
    assert told == pytest.approx(float(measure.total(poured)))
