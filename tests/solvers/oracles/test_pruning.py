"""What a box of prices leaves open: no pair of any best answer is pruned, and little else is kept."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers import MinCostFlow, Near
from leadopt.solvers.capacities.bids import Floor
from leadopt.solvers.oracles.pruning import RowOracle
from tests.oracles import brute_force
from tests.strategies import examples, problems


def rows(problem):
    return RowOracle(affinity=problem.affinity, leads=np.arange(problem.n_leads), reserve=problem.reserve)


def options_of(opened, lead):
    """The reps that are open to a lead, -1 = pool; for a settled one what it takes."""
    place = np.flatnonzero(opened.lead == lead)
    if len(place):
        return opened.rep[opened.first[place[0]] : opened.first[place[0] + 1]].tolist()
    return [int(opened.choice[lead])]


def test_only_options_that_may_be_best_within_the_box_are_open():
    problem = Problem(affinity=[[5.0, 4.0, 1.0], [5.0, 2.0, 1.0], [0.1, 0.2, 0.0]], capacity=1)
    opened = rows(problem).open(np.array([1.0, 1.0, 1.0]), np.array([2.5, 1.5, 1.0]))
    assert opened.lead.tolist() == [0]
    assert options_of(opened, 0) == [0, 1]
    assert opened.choice.tolist() == [0, 0, -1]


def test_at_a_tie_with_the_pool_a_lead_is_open_though_only_one_rep_is():
    opened = rows(Problem(affinity=[[1.0, 0.0]], capacity=1)).open(np.array([1.0, 1.0]), np.array([1.0, 1.0]))
    assert (opened.choice.tolist(), opened.lead.tolist(), opened.rep.tolist()) == ([-1], [0], [0])


def test_a_rep_whose_price_is_infinite_takes_nobody():
    opened = rows(Problem(affinity=[[9.0, 1.0]], capacity=1)).open(np.array([np.inf, 0.0]), np.array([np.inf, 0.5]))
    assert (opened.choice.tolist(), opened.lead.tolist()) == ([1], [])


def test_no_reps_leave_everybody_in_the_pool():
    opened = rows(Problem(affinity=np.zeros((3, 0)), capacity=1)).open(np.zeros(0), np.zeros(0))
    assert (opened.choice.tolist(), len(opened.lead), opened.first.tolist()) == ([-1, -1, -1], 0, [0])


@given(problem=problems(limits=False, pins=False), data=st.data())
@examples(30)
def test_every_best_answer_uses_open_pairs_alone(problem, data):
    assume((oracle := brute_force(problem)).feasible and problem.n_reps and (problem.capacity > 0).all())
    prices = MinCostFlow().solve(problem, Near(), Meter()).prices
    sides = st.lists(st.floats(0, 3), min_size=problem.n_reps, max_size=problem.n_reps)
    # Prices in whole numbers over a scale are off by a few roundings.
    blur = 1e-9 * (1.0 + problem.affinity.largest)
    low = np.maximum(prices - np.array(data.draw(sides)) - blur, 0.0)
    opened = rows(problem).open(low, prices + np.array(data.draw(sides)) + blur)
    gap = oracle.best - oracle.worth
    for answer in oracle.answers[oracle.allowed & (gap <= 0)]:
        for lead, rep in enumerate(answer.tolist()):
            assert rep in options_of(opened, lead) or (rep < 0 and lead in opened.lead)


@given(seed=st.integers(0, 10**6), factored=st.booleans(), width=st.sampled_from([0.0, 0.01, 0.2]))
@examples(25)
def test_short_lists_leave_open_what_rows_do(seed, factored, width):
    rng = np.random.default_rng(seed)
    n, m = 60, 20
    rates = np.where(rng.random((n, m)) < 0.2, -np.inf, rng.integers(0, 30, (n, m)) / 10)
    affinity = Affinity(rates=rates, row=rng.integers(0, n, n), scale=rng.integers(0, 4, n) / 2) if factored else rates
    problem = Problem(affinity=affinity, capacity=rng.integers(0, 4, m), reserve=0.5)
    listed = rng.random(m)
    floor = Floor.of(problem, np.arange(n), problem.capacity, listed)
    # Looks at prices on either side of those at which the lists were drawn up, of few reps far below.
    low = np.maximum(listed - rng.random(m) * (rng.random(m) < 0.2), 0.0)
    low = np.where(problem.capacity > 0, low, np.inf)
    ours, theirs = floor.open(low, low + width), rows(problem).open(low, low + width)
    np.testing.assert_array_equal(ours.lead, theirs.lead)
    np.testing.assert_array_equal(ours.first, theirs.first)
    np.testing.assert_array_equal(ours.rep, theirs.rep)
    settled = np.setdiff1d(np.arange(n), ours.lead)
    np.testing.assert_array_equal(ours.choice[settled], theirs.choice[settled])
