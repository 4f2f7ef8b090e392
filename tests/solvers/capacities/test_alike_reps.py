"""Reps that gain the same with every lead are one rep with all their slots, and back: the same answers and proofs."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadopt.errors import Infeasible
from leadopt.matching import Status, solve
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.solvers import Auction, Envelope
from leadopt.solvers.capacities import alike_reps
from leadopt.solvers.capacities.alike_reps import AlikeReps
from tests.oracles import brute_force
from tests.strategies import problems

SOLVERS = [Auction(), Auction(compiled=False), Envelope()]


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
@given(problem=problems(max_leads=5, max_reps=2, limits=False), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_merged_reps_give_the_best_answer_its_proof_and_the_same_refusals(solver, problem, data):
    rep = st.integers(0, max(0, problem.n_reps - 1))
    of_rep = [*range(problem.n_reps), *(data.draw(st.lists(rep, min_size=1, max_size=2)) if problem.n_reps else ())]
    affinity = problem.affinity
    rates = affinity.rates[:, np.array(of_rep, dtype=int)]
    capacity = data.draw(st.lists(st.integers(0, 3), min_size=len(of_rep), max_size=len(of_rep)))
    copied = problem.replace(
        affinity=Affinity(rates=rates, row=affinity.row, scale=affinity.scale), capacity=np.array(capacity, dtype=int)
    )
    oracle = brute_force(copied)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alike_reps, "_WORTH_A_LOOK", 1)
        try:
            found = solve(copied, solver)
        except Infeasible as error:
            assert not oracle.feasible
            patch.setattr(alike_reps, "_WORTH_A_LOOK", np.inf)
            with pytest.raises(Infeasible) as whole:
                solve(copied, solver)
            assert error.witness == whole.value.witness
            return
    size = float(np.abs(copied.affinity.dense()[copied.affinity.dense() > -np.inf]).max(initial=1.0))
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(oracle.best, abs=2e-12 * size * (1 + problem.n_leads))


def test_only_reps_who_are_alike_in_every_row_are_merged():
    rng = np.random.default_rng(0)
    rates = rng.random((40_000, 4))[:, [0, 1, 0, 0, 1, 2]]
    rates[7, 2] += 1.0  # in no sample of rows, perhaps
    found = AlikeReps.of(Problem(affinity=rates, capacity=[1, 2, 3, 4, 5, 0], pins={0: 3}))
    assert found.rep_of.tolist() == [0, 1, 2, 0, 1, 3]
    assert found.merged.capacity.tolist() == [5, 7, 3, 0]
    assert found.merged.pins[0] == 0
    assert AlikeReps.of(Problem(affinity=rng.random((40_000, 4)), capacity=1)) is None


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.name)
def test_a_hundred_alike_reps_share_the_best_leads_evenly(solver):
    rng = np.random.default_rng(0)
    worth = rng.lognormal(size=(3_000, 1))
    found = solve(Problem(affinity=np.repeat(worth, 100, axis=1), capacity=25), solver)
    assert found.status is Status.OPTIMAL
    assert set(np.bincount(found.rep_of_lead[found.rep_of_lead >= 0]).tolist()) == {25}
    assert found.objective == pytest.approx(np.sort(worth[:, 0])[-2_500:].sum())
    assert np.ptp(found.prices) == 0.0
