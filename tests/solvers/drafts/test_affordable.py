"""Choices that lose hugely go once an answer without them is known, and none that a better answer has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.matching import Status, solve
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.drafts.affordable import affordable
from tests.oracles import brute_force
from tests.strategies import around_known, examples


@st.composite
def with_huge_losses(draw):
    """Return a problem some of whose pairs, or whose pool, lose hugely, and an answer that it allows."""
    problem, known = draw(around_known(max_leads=5, max_reps=3))
    gains = problem.affinity.dense()
    loss = 10.0 ** draw(st.integers(0, 12))
    lost = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).random(gains.shape) < 0.3
    gains[lost & np.isfinite(gains)] = -loss
    deep = draw(st.booleans()) and np.isfinite(problem.reserve)
    return problem.replace(affinity=gains, reserve=-loss if deep else problem.reserve), known


@given(with_huge_losses())
@examples(300)
def test_every_answer_better_than_the_known_one_stays(case):
    problem, known = case
    left = affordable(problem, known)
    if left is None:
        return
    before, after = brute_force(problem), brute_force(left)
    at_known = (before.answers == known).all(axis=1)
    better = before.allowed & (before.worth >= before.worth[at_known])
    assert after.allowed[better].all()
    assert (after.allowed <= before.allowed).all()


@pytest.mark.parametrize("loss", [1e9, 1e12])
@pytest.mark.parametrize("where", ["pairs", "pool", "both"])
@pytest.mark.parametrize("rules", ["slots", "quota"])
def test_huge_losses_that_nobody_takes_call_no_other_answer_the_best(loss, where, rules):
    """With a pool at 1e12 and quotas, a search called an answer SOLVED that was 2.4e-5 below the best."""
    rng = np.random.default_rng(3)
    gains = rng.random((120, 6))
    may_not = rng.random(gains.shape) < (0.0 if where == "pool" else 0.3)
    may_not[np.arange(120), np.arange(120) % 6] = False
    leads = np.arange(0, 120, 2)
    limits = [Limit(reps=[0, 1], leads=leads, upper=18), Limit(reps=[1, 2], leads=leads, lower=12)]
    exact = Problem(
        affinity=np.where(may_not, -np.inf, gains),
        capacity=21,
        limits=limits if rules == "quota" else (),
        reserve=-np.inf,
    )
    huge = exact.replace(affinity=np.where(may_not, -loss, gains), reserve=-np.inf if where == "pairs" else -loss)
    found, best = solve(huge), solve(exact)
    assert found.status is not Status.FEASIBLE
    assert found.objective == pytest.approx(best.objective, rel=1e-9)


def test_where_the_pool_or_a_pair_is_needed_it_stays():
    problem = Problem(affinity=[[1.0, -1e9], [2.0, -1e9], [3.0, -1e9]], capacity=[2, 1], reserve=-1e9)
    assert affordable(problem, np.array([-1, 0, 0])) is None
    assert affordable(problem, np.array([1, 0, 0])) is None
    roomy = problem.replace(capacity=3)
    left = affordable(roomy, np.array([0, 0, 0]))
    assert left is not None
    assert left.reserve == -np.inf
    assert np.isneginf(left.affinity.dense()[:, 1]).all()
