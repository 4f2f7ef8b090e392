import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import Infeasible, InvalidInput, SolverFailed
from leadopt.matching import Status, match, solve
from leadopt.problem.certify import certify
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.together import contraction_of
from tests.oracles import brute_force
from tests.strategies import examples, general_problems, problems, together


def check(problem):
    truth = brute_force(problem)
    if not truth.feasible:
        with pytest.raises((Infeasible, SolverFailed)):
            solve(problem)
        return
    best = truth.best
    found = solve(problem)
    turnover = max(1.0, abs(best), np.abs(problem.affinity.dense()[np.isfinite(problem.affinity.dense())]).sum())
    assert found.objective == pytest.approx(best, rel=1e-9, abs=1e-9 * turnover)
    assert found.bound >= best - 1e-9 * turnover
    assert found.status in (Status.OPTIMAL, Status.SOLVED)
    proof = certify(problem, found.rep_of_lead, found.prices, found.limit_prices)
    assert not proof.violations
    assert proof.bound >= best - 1e-9 * turnover


@examples(40)
@given(st.data())
def test_leads_that_stay_together_as_every_answer_tells(data):
    check(data.draw(together(data.draw(problems(max_leads=5, max_reps=3)))))


@examples(20)
@given(st.data())
def test_under_limits_of_any_kind(data):
    check(data.draw(together(data.draw(general_problems(max_leads=5, max_reps=3)))))


@examples(40)
@given(st.data())
def test_any_prices_bound_every_allowed_answer(data):
    problem = data.draw(together(data.draw(general_problems(max_leads=5, max_reps=3))))
    price = st.floats(-3, 5, allow_subnormal=False)
    prices = data.draw(st.lists(price, min_size=problem.n_reps, max_size=problem.n_reps))
    limit_prices = data.draw(st.lists(price, min_size=len(problem.limits), max_size=len(problem.limits)))
    nobody = np.full(problem.n_leads, -1)
    bound = certify(problem, nobody, np.array(prices), np.array(limit_prices)).bound
    truth = brute_force(problem)
    if truth.feasible:
        best = truth.best
        assert bound >= best - 1e-9 * max(1.0, abs(best), abs(bound))


def test_groups_of_one_size_stay_a_flow():
    rng = np.random.default_rng(1)
    found = match(rng.random((40, 4)), 11, together=np.repeat(np.arange(20), 2))
    assert (found.solver, found.status) == ("MinCostFlow", Status.OPTIMAL)
    assert (found.rep_of_lead[::2] == found.rep_of_lead[1::2]).all()
    assert np.bincount(found.rep_of_lead).tolist() == [10, 10, 10, 10]  # of 11 slots, 5 pairs


def test_what_divides_a_group_is_a_broken_rule():
    problem = Problem(affinity=np.ones((3, 2)), capacity=3, together=[7, -1, 7])
    assert certify(problem, np.array([0, 1, 1])).violations == ("leads 0, 2 stay together, but are divided",)
    assert certify(problem, np.array([1, 0, 1])).violations == ()


def test_leads_that_are_all_alone_are_no_groups():
    assert Problem(affinity=np.ones((3, 2)), capacity=3, together=[-1, 4, -1]).together is None
    assert Problem(affinity=np.ones((0, 2)), capacity=3, together=np.zeros(0, dtype=int)).together is None


def test_a_pin_of_one_holds_for_all():
    problem = Problem(affinity=np.ones((3, 2)), capacity=3, together=[0, 0, 1], pins={1: 1})
    assert problem.pins.tolist() == [1, 1, -1]
    with pytest.raises(InvalidInput, match=r"pins: leads 0 and 1 stay together, but are pinned to reps 0 and 1"):
        problem.replace(pins={0: 0, 1: 1})


def test_a_group_needs_a_rep_who_may_have_all_of_it():
    gains = np.array([[5.0, 1.0], [-np.inf, 1.0], [2.0, -np.inf]])
    assert match(gains, 3, together=[0, 0, 1]).rep_of_lead.tolist() == [1, 1, 0]
    assert match(gains, 3, together=[0, 0, 0]).rep_of_lead.tolist() == [-1, -1, -1]
    with pytest.raises(InvalidInput, match=r"lead 1 is pinned to rep 0, which is not eligible"):
        Problem(affinity=gains, capacity=3, together=[0, 0, 1], pins={0: 0})


def test_a_group_that_no_capacity_holds_says_who():
    with pytest.raises(Infeasible, match=r"while leads stay together"):
        match(np.ones((3, 2)), 2, together=[0, 0, 0], reserve=-np.inf)
    with pytest.raises(Infeasible, match=r"leads 0, 1, 2"):
        match(np.ones((6, 2)), 2, together=[0, 0, 0, 1, 1, 1], reserve=-np.inf)


@pytest.mark.parametrize("bad", [[0, 1], [0.5, 1, 2], "abc", [[0], [1], [2]]])
def test_what_is_no_grouping(bad):
    with pytest.raises(InvalidInput, match=r"together: must be one whole number for each lead"):
        Problem(affinity=np.ones((3, 2)), capacity=3, together=bad)


def test_a_limit_counts_whole_groups():
    gains = np.array([[3.0, 0.0], [3.0, 0.0], [4.0, 0.1], [1.0, 0.9]])
    of_first = Limit(reps=[0], leads=[0, 2], upper=1, name="of each kind")
    assert match(gains, 4, together=[0, 0, 1, 1], limits=[of_first]).rep_of_lead.tolist() == [0, 0, 1, 1]


def test_what_several_limits_count_stays_one_object_for_groups_too():
    hours = np.arange(24.0).reshape(6, 4)
    limits = [Limit(reps=[rep], usage=hours, upper=50.0) for rep in range(4)]
    limits += [Limit(reps=[rep], leads=[0, 1, 2], usage=hours, upper=50.0) for rep in range(2)]
    whole = contraction_of(Problem(affinity=np.ones((6, 4)), capacity=6, limits=limits, together=[0, 0, 1, 1, 2, 2]))
    usages = [limit.usage for limit in whole.problem.limits]
    assert all(usage is usages[0] for usage in usages[:4])
    assert usages[4] is usages[5] is not usages[0]
    assert usages[0].tolist() == (hours[::2] + hours[1::2]).tolist()
    assert usages[4].tolist() == [(hours[0] + hours[1]).tolist(), hours[2].tolist(), [0.0] * 4]
