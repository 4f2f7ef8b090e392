"""Nested limits by few pairs of each lead, against one flow over every pair."""

import numpy as np
import pytest
from hypothesis import given

from benchmarks import limits, matrices
from leadopt.errors import Infeasible
from leadopt.matching import Status, match, solve
from leadopt.problem.problem import Limit
from leadopt.solvers import MinCostFlow
from leadopt.solvers.flow import column_generation, every_pair
from tests import strategies


@pytest.fixture
def by_columns(monkeypatch):
    """Few pairs of each lead however few leads there are, and samples of samples."""
    monkeypatch.setattr(every_pair, "LEAST_PAIRS", 0)
    monkeypatch.setattr(column_generation, "_WHOLE", 2_000)
    monkeypatch.setattr(column_generation, "_OPTIONS", 2)


def outcome(problem):
    try:
        found = solve(problem, solver=MinCostFlow())
    except Infeasible as refusal:
        return str(refusal)
    return found.status, found.objective


@given(strategies.problems(max_leads=9, max_reps=5))
@strategies.examples(300)
def test_any_nested_limits_have_the_answer_of_every_pair(problem):
    whole = outcome(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(every_pair, "LEAST_PAIRS", 0)
        patch.setattr(column_generation, "_WHOLE", 8)
        patch.setattr(column_generation, "_OPTIONS", 1)
        few = outcome(problem)
    if isinstance(whole, str):
        assert few == whole
    else:
        assert few[0] == whole[0]
        assert few[1] == pytest.approx(whole[1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", ["dense", "factored"])
def test_teams_tiers_and_minimums_are_proven_best_on_few_pairs(kind, by_columns):
    instance = matrices.MAKERS[kind](1_500, 40)
    args = instance.affinity(), instance.capacity
    found = match(*args, limits=limits.nested(instance), solver=MinCostFlow())
    assert found.status is Status.OPTIMAL
    assert found.stats["rounds"] >= 1
    assert found.stats["pairs"] < 0.3 * 1_500 * 40
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(every_pair, "LEAST_PAIRS", 10**9)
        whole = match(*args, limits=limits.nested(instance), solver=MinCostFlow())
    assert whole.stats["rounds"] == 0
    assert found.objective == pytest.approx(whole.objective, rel=1e-10)


def test_leads_that_must_be_placed_are(by_columns):
    gains = np.random.default_rng(0).random((60, 8))
    gains[:, 5:] = -1.0
    found = match(gains, 8, limits=[Limit(reps=[0, 1], upper=14)], reserve=-np.inf, solver=MinCostFlow())
    assert found.status is Status.OPTIMAL
    assert (found.rep_of_lead >= 0).all()


def test_limits_that_contradict_each_other_are_named_as_ever(by_columns):
    gains = np.random.default_rng(1).random((60, 8))
    with pytest.raises(Infeasible, match="quota of the new"):
        match(gains, [1] * 8, limits=[Limit(reps=[0, 1], lower=5, name="quota of the new")], solver=MinCostFlow())
