"""Named problems, each with its reason."""

import numpy as np

from leadopt.problem.problem import Limit, Problem


def thirty_equal_leads(n_leads=30, n_reps=3, capacity=30, **more):
    """Nothing tells leads or reps apart: only fairness can decide, and no position may profit."""
    return Problem(affinity=np.ones((n_leads, n_reps)), capacity=capacity, **more)


def greedy_trap():
    """Lead 1 is worth most with rep 0, yet the best answer gives rep 0 to lead 0: 1.0 + 0.9 beats 1.1 + 0.1."""
    return Problem(affinity=[[1.0, 0.1], [1.1, 0.9]], capacity=1)


def two_leads_one_slot():
    """Hall's condition fails: leads 0 and 1 can only go to rep 0, which has one slot."""
    return Problem(affinity=[[1.0, -np.inf], [1.0, -np.inf], [1.0, 1.0]], capacity=[1, 5], reserve=-np.inf)


def minimum_starves_a_lead():
    """Every lead finds room, but then a minimum lacks one: the minimum is to blame, not the leads' slots."""
    limit = Limit(reps=[1], lower=2, name="minimum of rep 1")
    return Problem(affinity=[[1.0, -np.inf], [1.0, 1.0]], capacity=[2, 2], limits=[limit], reserve=-np.inf)


def minimum_that_everyone_meets():
    """The load equals n_leads and the minimum, well below the maximum: the price must not be positive."""
    return Problem(affinity=np.ones((3, 1)), capacity=10, limits=[Limit(lower=3, upper=10, name="band")])


def fractional_band():
    """A hard minimum of 1.5 leads means 2: a bound computed from 1.5 could never be tight."""
    return Problem(affinity=-np.ones((3, 1)), capacity=10, limits=[Limit(lower=1.5, name="band")])


def quota_under_a_team_cap():
    """A team may take 3, and rep 1 must take 2 of them: 1 place is left for the two leads of rep 0."""
    limits = [
        Limit(reps=[0, 1], upper=3, name="team cap"),
        Limit(reps=[1], lower=2, name="minimum of rep 1"),
    ]
    no = -np.inf
    gains = [[1.0, no, no], [1.0, no, no], [no, 1.0, 1.0], [no, 1.0, 1.0]]
    return Problem(affinity=gains, capacity=9, limits=limits, reserve=-np.inf)


def minimum_above_its_team_cap():
    """No lead is missing: the minimum of a rep exceeds the cap of its team."""
    limits = [Limit(reps=[0, 1], upper=1, name="team cap"), Limit(reps=[0], lower=2, name="minimum of rep 0")]
    return Problem(affinity=np.ones((4, 2)), capacity=4, limits=limits)


def pins_met_one_minimum():
    """Rep 0 has its minimum from a person's hand; rep 1 lacks one lead. Only rep 1's minimum is in conflict."""
    limits = [Limit(reps=[0], lower=1, name="minimum of rep 0"), Limit(reps=[1], lower=3, name="minimum of rep 1")]
    return Problem(affinity=np.ones((5, 2)), capacity=9, limits=limits, pins={0: 0, 1: 0, 2: 0})


def soft_minimum_beside_a_hard_one():
    """The soft minimum can be paid for; the hard one has too few leads. The soft one must not be blamed."""
    limits = [
        Limit(reps=[0], lower=2, penalty=1.0, name="soft minimum of rep 0"),
        Limit(reps=[1], lower=3, name="hard minimum of rep 1"),
    ]
    return Problem(affinity=np.ones((2, 2)), capacity=9, limits=limits)


def nested_minimums():
    """Three limits, the middle one without a minimum: the outer one's 4 already counts the inner one's 3."""
    limits = [
        Limit(reps=[0, 1, 2], lower=4, name="company"),
        Limit(reps=[0, 1], upper=9, name="team"),
        Limit(reps=[0], lower=3, name="rep 0"),
    ]
    return Problem(affinity=np.ones((2, 3)), capacity=9, limits=limits)
