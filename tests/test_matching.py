"""`match` and `Auto`: what comes back, in which order things are reported, and who is chosen."""

import numpy as np
import pytest

from leadopt.certify import certify
from leadopt.errors import InvalidInput, SolverFailed
from leadopt.matching import Auto, Status, match
from leadopt.problem import Limit, Problem
from leadopt.progress import Progress
from leadopt.solvers import Answer, Hungarian, MinCostFlow
from leadopt.solvers.base import Solver


def test_a_match_can_be_recomputed_from_itself():
    rng = np.random.default_rng(0)
    found = match(rng.random((40, 5)), 7, limits=[Limit(reps=[0, 1], upper=9)], pins={3: 2}, reserve=0.4)
    again = certify(found.problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert (again.objective, again.bound, again.gap) == (found.objective, found.bound, found.gap)
    assert found.rep_of_lead.dtype == np.int64
    assert found.prices.shape == (5,)
    assert found.limit_prices.shape == (1,)
    assert found.rep_of_lead[3] == 2
    assert found.stats["groups"] == 39


def test_auto_takes_hungarian_for_unit_capacities_and_flow_for_the_rest():
    square = Problem(affinity=np.ones((3, 3)), capacity=1)
    assert Auto().choose(square) == Hungarian()
    assert Auto().choose(square.replace(capacity=2)) == MinCostFlow()
    assert Auto().choose(square.replace(limits=(Limit(upper=2),))) == MinCostFlow()


@pytest.mark.parametrize("solver", [None, Auto()])
def test_a_match_names_the_solver_that_was_chosen(solver):
    assert match([[1.0]], 1, solver=solver).solver == "Hungarian"
    assert match([[1.0]], 2, solver=solver).solver == "MinCostFlow"


def test_progress_tells_every_stage_in_order():
    seen: list[Progress] = []
    found = match([[1.0, 2.0]], 1, on_progress=seen.append)
    assert [report.stage for report in seen] == ["build", "solve", "certify", "spread ties", "done"]
    assert [report.iteration for report in seen] == list(range(5))
    assert seen[0].objective is None
    assert (seen[-1].objective, seen[-1].bound) == (found.objective, found.bound)


class Careless:
    """Gives every lead to rep 0, with prices of nothing."""

    name = "Careless"

    def refuses(self, problem):
        return None

    def solve(self, problem, on_progress=None):
        return Answer(
            rep_of_lead=np.zeros(problem.n_leads, dtype=np.int64),
            prices=np.zeros(problem.n_reps),
            limit_prices=np.zeros(len(problem.limits)),
        )


def test_an_answer_without_proof_is_feasible_not_optimal():
    solver: Solver = Careless()
    found = match([[1.0, 3.0], [1.0, 0.0]], 2, solver=solver)
    assert (found.objective, found.bound, found.status) == (2.0, 4.0, Status.FEASIBLE)
    assert found.gap == 0.5
    assert found.rep_of_lead.tolist() == [0, 0]


def test_a_solver_that_breaks_a_rule_is_found_out():
    with pytest.raises(SolverFailed, match="Careless broke a rule: rep 0 has 2 leads and capacity 1; please report"):
        match([[1.0, 3.0], [1.0, 0.0]], 1, solver=Careless())


def test_limits_that_cross_go_to_the_callers_own_solver():
    crossing = [Limit(reps=[0, 1]), Limit(reps=[1, 2])]
    found = match(np.ones((3, 3)), 3, limits=crossing, solver=Careless())
    assert found.status is Status.OPTIMAL  # all are tied, and its prices prove it
    assert found.rep_of_lead.tolist() == [0, 0, 0]  # ties across crossing limits stay


def test_every_status_says_what_to_do():
    assert [status.name for status in Status] == ["OPTIMAL", "FEASIBLE"]
    assert "certificate proves" in Status.OPTIMAL.value
    assert "allow more time or another solver" in Status.FEASIBLE.value


def test_a_seed_that_is_none_is_refused():
    for rng in ("x", -1, 0.5):
        with pytest.raises(InvalidInput, match=r"^rng: must be a whole number, 0 or more, or a numpy Generator; found"):
            match([[1.0]], 1, rng=rng)
