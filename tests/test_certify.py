"""The certificate: recomputed by brute force, valid for any prices, and never kind to a worse answer."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.certify import OPTIMAL_GAP, certify
from leadopt.errors import Infeasible
from leadopt.matching import Status, match
from leadopt.problem import Limit, Problem
from tests.oracles import brute_force, linear_programme
from tests.strategies import examples, problems

PRICES = st.one_of(st.floats(-3, 20), st.sampled_from([0.0, 1.0, 1e6]))


def small(problem):
    """The largest gain, to compare sums with."""
    gains = problem.affinity.dense()
    penalties = [limit.penalty or 0.0 for limit in problem.limits]
    return max([np.abs(gains[np.isfinite(gains)]).max(initial=0.0), *penalties, 1.0])


@given(problem=problems(max_leads=4, max_reps=3), data=st.data())
@examples(120)
def test_objective_and_feasibility_agree_with_brute_force_for_any_answer(problem, data):
    oracle = brute_force(problem)
    k = data.draw(st.integers(0, len(oracle.answers) - 1))
    certificate = certify(problem, oracle.answers[k])
    assert (not certificate.violations) == oracle.allowed[k]
    if oracle.allowed[k]:
        assert certificate.objective == pytest.approx(oracle.worth[k], abs=1e-12 * small(problem), rel=1e-12)


@given(problem=problems(max_leads=5, max_reps=3), data=st.data())
@examples(120)
def test_the_bound_holds_for_any_prices(problem, data):
    oracle = brute_force(problem)
    assume(oracle.feasible)
    prices = data.draw(st.lists(PRICES, min_size=problem.n_reps, max_size=problem.n_reps))
    q = data.draw(st.lists(PRICES, min_size=len(problem.limits), max_size=len(problem.limits)))
    signs = data.draw(st.lists(st.sampled_from([-1, 1]), min_size=len(q), max_size=len(q)))
    answer = oracle.answers[oracle.allowed][0]
    bound = certify(problem, answer, np.array(prices), np.array(q) * signs).bound
    assert bound >= oracle.best - 1e-12 * (small(problem) + max([0.0, *prices, *q])) * 100
    relaxation = linear_programme(problem) if small(problem) < 1e4 else None
    whole = all(float(b).is_integer() or np.isinf(b) for lim in problem.limits for b in (lim.lower, lim.upper))
    if relaxation is not None and whole:
        assert bound >= relaxation - 1e-5 * max(1.0, abs(relaxation))


@given(problem=problems(max_leads=4, max_reps=3), unit=st.sampled_from([1e-12, 1e-3, 1e6, 1e12]))
@examples(100)
def test_gap_and_status_do_not_depend_on_the_unit_of_the_gains(problem, unit):
    try:
        plain = match(
            problem.affinity, problem.capacity, limits=problem.limits, pins=problem.pins, reserve=problem.reserve
        )
    except Infeasible:
        assume(False)
    scaled = match(
        problem.affinity.dense() * unit,
        problem.capacity,
        limits=[
            Limit(reps=lim.reps, leads=lim.leads, lower=lim.lower, upper=lim.upper,
                  penalty=None if lim.penalty is None else lim.penalty * unit)
            for lim in problem.limits
        ],
        pins=problem.pins,
        reserve=problem.reserve * unit,
    )  # fmt: skip
    assert scaled.status is plain.status is Status.OPTIMAL
    assert scaled.objective == pytest.approx(plain.objective * unit, rel=1e-9, abs=2e-11 * small(problem) * unit)
    free = certify(problem, plain.rep_of_lead)
    free_scaled = certify(scaled.problem, plain.rep_of_lead)
    assert free_scaled.gap == pytest.approx(free.gap, rel=1e-9, abs=1e-12)


@given(problem=problems(max_leads=4, max_reps=3), data=st.data())
@examples(100)
def test_a_worse_answer_is_never_called_optimal(problem, data):
    oracle = brute_force(problem)
    assume(oracle.feasible)
    best = match(problem.affinity, problem.capacity, limits=problem.limits, pins=problem.pins, reserve=problem.reserve)
    unit = max(abs(best.bound), small(problem))
    worse = oracle.allowed & (oracle.worth < oracle.best - 4 * OPTIMAL_GAP * unit)
    for answer in oracle.answers[worse][:20]:
        assert not certify(problem, answer, best.prices, best.limit_prices).optimal
    for answer in oracle.answers[~oracle.allowed][:20]:
        assert not certify(problem, answer, best.prices, best.limit_prices).optimal


def test_gap_is_relative_to_the_larger_of_bound_and_gain():
    problem = Problem(affinity=[[4.0, 1.0], [4.0, 0.0]], capacity=1)
    certificate = certify(problem, np.array([0, 1]), np.array([3.0, 0.0]))
    assert (certificate.objective, certificate.bound, certificate.gap) == (4.0, 5.0, 0.2)
    assert not certificate.optimal


def test_prices_of_none_bound_by_every_leads_best():
    problem = Problem(affinity=[[4.0, 1.0], [4.0, -2.0]], capacity=1, reserve=0.5)
    assert certify(problem, np.array([0, -1])).bound == 8.0


def test_prices_that_are_not_numbers_prove_nothing():
    problem = Problem(affinity=[[1.0]], capacity=1)
    assert not certify(problem, np.array([0]), np.array([np.nan])).optimal


def test_a_limit_price_beyond_its_penalty_counts_as_the_penalty():
    limit = Limit(upper=1, penalty=2.0)
    problem = Problem(affinity=np.full((3, 1), 5.0), capacity=3, limits=[limit])
    assert (
        certify(problem, np.zeros(3), None, [100.0]).bound == certify(problem, np.zeros(3), None, [2.0]).bound == 11.0
    )


def test_objective_charges_each_unit_beyond_either_bound():
    limits = [Limit(reps=[0], upper=1, penalty=2.0), Limit(reps=[1], lower=2, penalty=0.5)]
    problem = Problem(affinity=np.full((4, 2), 5.0), capacity=4, limits=limits, reserve=-1.0)
    assert certify(problem, np.array([0, 0, 0, -1])).objective == 15.0 - 1.0 - 2 * 2.0 - 2 * 0.5


def test_usage_counts_in_limits_and_in_the_bound():
    limit = Limit(usage=[2.0, 3.0], upper=4.0, name="hours")
    problem = Problem(affinity=[[4.0], [9.0]], capacity=2, limits=[limit])
    assert certify(problem, np.array([0, 0])).violations == ("limit hours has 5, not from 0 to 4",)
    assert certify(problem, np.array([-1, 0]), None, [3.0]).bound == 3.0 * 4.0
    pairs = problem.replace(limits=(Limit(usage=[[2.0], [3.0]], leads=[1], upper=2.0),))
    assert certify(pairs, np.array([0, 0])).violations == ("limit 0 has 3, not from 0 to 2",)
    assert certify(pairs, np.array([0, -1]), None, [3.0]).bound == 4.0 + 3.0 * 2.0


BASE = {"affinity": np.array([[1.0, -np.inf], [1.0, 1.0], [1.0, 1.0]]), "capacity": [2, 2]}


@pytest.mark.parametrize(
    "answer, more, violation",
    [
        ([1, 0, 0], {}, "lead 0 is not eligible for rep 1"),
        ([0, 0, 0], {}, "rep 0 has 3 leads and capacity 2"),
        ([0, 0, 1], {"pins": {1: 1}}, "lead 1 is pinned to rep 1 but went to 0"),
        ([0, -1, 1], {"pins": {1: 1}}, "lead 1 is pinned to rep 1 but went to -1"),
        ([0, 1, -1], {"reserve": -np.inf}, "lead 2 must be placed"),
        ([0, 0, 1], {"limits": [Limit(reps=[0], upper=1, name="cap")]}, "limit cap has 2, not from 0 to 1"),
        ([0, 0, 1], {"limits": [Limit(reps=[1], lower=2)]}, "limit 0 has 1, not from 2 to inf"),
        ([0, 0], {}, "the answer must give each of 3 leads a rep from 0 to 1, or -1"),
        ([0, 0, 1, 1], {}, "the answer must give each of 3 leads a rep from 0 to 1, or -1"),
        ([0, 0, 2], {}, "the answer must give each of 3 leads a rep from 0 to 1, or -1"),
        ([0, 0, -2], {}, "the answer must give each of 3 leads a rep from 0 to 1, or -1"),
    ],
)
def test_every_broken_rule_is_named(answer, more, violation):
    certificate = certify(Problem(**(BASE | more)), np.array(answer))
    assert certificate.violations == (violation,)
    assert not certificate.optimal


def test_several_broken_rules_are_all_named():
    certificate = certify(Problem(**BASE, limits=[Limit(upper=1, name="cap")]), np.array([1, 1, 1]))
    assert len(certificate.violations) == 3


def test_an_answer_that_is_no_answer_is_worth_nothing():
    certificate = certify(Problem(**BASE), np.array([0, 5, 1]))
    assert (certificate.objective, certificate.gap) == (-np.inf, np.inf)


def test_blocks_of_pairs_do_not_change_the_bound(monkeypatch):
    rng = np.random.default_rng(0)
    problem = Problem(affinity=rng.random((50, 7)), capacity=5, pins={3: 2}, limits=[Limit(leads=[1, 30], reps=[2])])
    prices, whole = rng.random(7), []
    for chunk in (1, 20, 1 << 21):
        monkeypatch.setattr("leadopt.certify._CHUNK", chunk)
        whole.append(certify(problem, np.full(50, -1), prices, [-0.3]).bound)
    assert whole == pytest.approx([whole[0]] * 3, rel=1e-14)
