"""The certificate: recomputed by brute force, valid for any prices, and never kind to a worse answer."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.decision.shares import worth
from leadopt.errors import Infeasible
from leadopt.matching import Status, match
from leadopt.problem import blocks
from leadopt.problem import certify as module
from leadopt.problem.certify import OPTIMAL_GAP, Bound, Certificate, certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.reduced_gains import largest_gain, reduced_gains
from tests.oracles import brute_force, linear_programme
from tests.strategies import examples, problems, shared_rows

PRICES = st.one_of(st.floats(-3, 20), st.sampled_from([0.0, 1.0, 1e6]))


def small(problem):
    """The largest gain, to compare sums with."""
    gains = problem.affinity.dense()
    penalties = [limit.penalty or 0.0 for limit in problem.limits]
    return max([np.abs(gains[np.isfinite(gains)]).max(initial=0.0), *penalties, 1.0])


@given(problem=problems(max_leads=4, max_reps=3), data=st.data())
@examples(35)
def test_objective_and_feasibility_agree_with_brute_force_for_any_answer(problem, data):
    oracle = brute_force(problem)
    k = data.draw(st.integers(0, len(oracle.answers) - 1))
    certificate = certify(problem, oracle.answers[k])
    assert (not certificate.violations) == oracle.allowed[k]
    if oracle.allowed[k]:
        assert certificate.objective == pytest.approx(oracle.worth[k], abs=1e-12 * small(problem), rel=1e-12)


@given(problem=problems(max_leads=5, max_reps=3), data=st.data())
@examples(25)
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
@examples(20)
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
@examples(40)
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
        ([0, 0, 2**63 - 1], {}, "the answer must give each of 3 leads a rep from 0 to 1, or -1"),
        ([0, 0, -(2**63)], {}, "the answer must give each of 3 leads a rep from 0 to 1, or -1"),
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
    for block in (1, 20, 1 << 17):
        monkeypatch.setattr(blocks, "_BLOCK", block)
        whole.append(certify(problem, np.full(50, -1), prices, [-0.3]).bound)
    assert whole == pytest.approx([whole[0]] * 3, rel=1e-14)


@pytest.mark.parametrize("shared", [False, True])
def test_threads_do_not_change_the_certificate(shared, monkeypatch):
    rng = np.random.default_rng(0)
    rates = rng.random((50 if shared else 20_000, 100))
    affinity = Affinity(rates=rates, row=rng.integers(0, len(rates), 90_000), scale=rng.lognormal(size=90_000))
    problem = Problem(affinity=affinity, capacity=900, pins={3: 2, 70_000: 4})
    answer, prices, found = rng.integers(-1, 100, 90_000), rng.random(100), []
    for n in (1, 2, 5):
        monkeypatch.setattr(blocks, "cores", lambda n=n: n)
        found.append(certify(problem, answer, prices))
    assert len({(one.objective, one.bound, one.gap) for one in found}) == 1
    assert found[0].violations == found[1].violations == found[2].violations != ()


def by_definition(problem, prices, limit_prices=()):
    """Each free lead's best reduced gain, pair by pair."""
    everywhere = prices.copy()
    for limit, price in zip(problem.limits, limit_prices, strict=True):
        everywhere[slice(None) if limit.reps is None else limit.reps] += price * limit.usage
    reduced = problem.affinity.dense() - everywhere
    return reduced.max(axis=1, initial=problem.reserve)[problem.pins < 0]


@given(shared_rows())
@examples(60)
def test_the_best_of_shared_rows_is_that_of_every_pair(drawn):
    problem, prices = drawn
    best = by_definition(problem, prices)
    turnover = sum(map(abs, best)) + prices.max() * len(best)
    for found in (_by_size(problem, prices), module._best_by_pair(problem, prices, [])):
        assert found == pytest.approx(math.fsum(best), rel=1e-12, abs=1e-14 * turnover)


def _by_size(problem, prices, partial=()):
    return module._best_by_size(problem, prices, partial, module._kinds(problem.n_leads, partial))


@given(drawn=shared_rows(), data=st.data())
@examples(40)
def test_the_best_of_shared_rows_under_limits_of_some_leads_and_of_value_is_that_of_every_pair(drawn, data):
    problem, prices = drawn
    value = worth(problem.affinity)
    n, m = problem.n_leads, problem.n_reps
    made = st.builds(
        Limit,
        leads=st.none()
        | st.lists(st.integers(0, max(n - 1, 0)), max_size=n).map(lambda leads: np.array(leads, dtype=int)),
        reps=st.none() | st.lists(st.integers(0, m - 1), min_size=1).map(np.array),
        usage=st.sampled_from([1.0, 0.5, value]),
        upper=st.just(1.0),
    )
    limits = data.draw(st.lists(made, max_size=4))
    q = data.draw(st.lists(st.floats(-1.5, 1.5), min_size=len(limits), max_size=len(limits)))
    problem = problem.replace(limits=limits)
    charged = module.charges(problem, prices, q)
    assert module._are_lines(problem.affinity, *charged)
    gains = np.where(problem.affinity.dense() > -np.inf, np.abs(problem.affinity.dense()), 0.0)
    size = 5 * (prices.max() * n + gains.sum() + n)
    expected = module._best_by_pair(problem, *charged)
    assert _by_size(problem, *charged) == pytest.approx(expected, rel=1e-12, abs=1e-14 * size)


def test_a_million_pairs_under_bands_on_value_are_bounded_as_pair_by_pair(monkeypatch):
    rng = np.random.default_rng(5)
    n, m = 70_000, 64
    affinity = Affinity(rates=rng.random((4, m)), row=rng.integers(0, 4, n), scale=rng.lognormal(0.0, 1.0, n))
    hot = np.flatnonzero(affinity.scale > 2.0)
    limits = [
        *(Limit(reps=[rep], usage=affinity, lower=10.0, upper=900.0) for rep in range(m)),
        *(Limit(reps=[rep], leads=hot, lower=5, upper=300) for rep in range(m)),
        Limit(reps=np.arange(8), lower=9_000, penalty=0.5),
    ]
    problem = Problem(affinity=affinity, capacity=1_200, limits=limits, pins={3: 1, 9: 60})
    answer, prices, q = rng.integers(-1, m, n), rng.random(m), rng.normal(0.0, 0.3, len(limits))
    answer[[3, 9]] = 1, 60
    quick = certify(problem, answer, prices, q)
    monkeypatch.setattr(module, "_rows_are_shared", lambda _: False)
    assert quick.bound == pytest.approx(certify(problem, answer, prices, q).bound, rel=1e-13)
    loads = [problem.load(limit, answer) for limit in problem.limits]
    np.testing.assert_allclose(problem.loads(answer), loads, rtol=1e-13)


@pytest.mark.parametrize("reserve", [0.2, -np.inf])
def test_a_million_shared_pairs_are_summed_to_the_last_digits(reserve):
    rng = np.random.default_rng(1)
    rates = np.where(rng.random((4, 70)) < 0.2, -np.inf, rng.normal(1.0, 1.0, (4, 70)))
    affinity = Affinity(rates=rates, row=rng.integers(0, 4, 70_000), scale=rng.lognormal(0.0, 3.0, 70_000))
    problem = Problem(affinity=affinity, capacity=1000, reserve=reserve, limits=[Limit(reps=[1, 2], usage=2, upper=9)])
    prices = rng.lognormal(0.0, 2.0, 70)
    assert module._rows_are_shared(affinity)
    bound = Bound.at(problem, prices, np.array([0.25])).value
    expected = math.fsum([*by_definition(problem, prices, [0.25]), *(1000 * prices), 0.25 * 8])
    assert bound == pytest.approx(expected, rel=1e-14)


def test_a_lead_without_any_choice_has_no_bound_whatever_its_size():
    affinity = Affinity(rates=[[1.0], [-np.inf]], row=[0, 1, 0], scale=[1.0, 0.0, 2.0])
    problem = Problem(affinity=affinity, capacity=3, reserve=-np.inf)
    assert _by_size(problem, np.zeros(1)) == -np.inf
    assert certify(problem, np.full(3, -1)).bound == -np.inf


def test_limits_of_some_leads_charge_those_alone():
    rng = np.random.default_rng(3)
    gains, leads = rng.random((30, 5)), np.array([3, 29, 0, 11, 3])
    effort = Affinity(rates=rng.random((4, 5)), row=rng.integers(0, 4, 30), scale=rng.random(30))
    some = np.array([1, 3, 11])
    limits = [
        Limit(leads=some, reps=[1], usage=effort),
        Limit(leads=some, reps=[1, 2, 3, 4], usage=effort),
        Limit(leads=some, reps=[0], usage=2.0),
        Limit(leads=some, usage=0.5),
        Limit(leads=[0, 3, 20], reps=[1, 4]),
        Limit(leads=[29, 11], usage=rng.random((30, 5))),
        Limit(reps=[2], usage=rng.random(30)),
        Limit(usage=rng.random((30, 5)), reps=[0, 3]),
        Limit(leads=[]),
        Limit(reps=[0]),
    ]
    problem = Problem(affinity=gains, capacity=9, limits=limits)
    prices, q = rng.random(5), rng.normal(size=len(limits))
    expected = gains - prices
    for limit, price in zip(problem.limits, q, strict=True):
        rows = np.arange(30) if limit.leads is None else limit.leads
        columns = np.arange(5) if limit.reps is None else limit.reps
        given = limit.usage.dense() if isinstance(limit.usage, Affinity) else limit.usage
        usage = np.zeros((30, 5)) + (given if np.ndim(given) != 1 else given[:, None])
        expected[np.ix_(rows, columns)] -= price * usage[np.ix_(rows, columns)]
    np.testing.assert_allclose(reduced_gains(problem, leads, prices, q), expected[leads], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        module._best_by_pair(problem, *module.charges(problem, prices, q)),
        np.maximum(expected.max(axis=1), 0.0).sum(),
        rtol=1e-13,
    )


def test_prices_that_are_not_numbers_prove_nothing_about_shared_rows():
    rng = np.random.default_rng(4)
    affinity = Affinity(rates=rng.random((2, 64)), row=rng.integers(0, 2, 70_000), scale=rng.random(70_000))
    assert module._rows_are_shared(affinity)
    prices = np.zeros(64)
    prices[5] = np.nan
    assert not certify(Problem(affinity=affinity, capacity=9), np.full(70_000, -1), prices).optimal


@given(problem=problems())
@examples(40)
def test_the_largest_gain_is_that_of_an_eligible_pair_with_capacity_or_the_reserve(problem):
    gains = problem.affinity.dense()[:, problem.capacity > 0]
    reserve = abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0
    assert largest_gain(problem) == np.abs(gains[gains > -np.inf]).max(initial=reserve)


@given(problem=problems(kind="few"), seed=st.integers(0, 2**32 - 1))
@examples(40)
def test_one_bound_certifies_every_answer_as_if_it_were_the_first(problem, seed):
    rng = np.random.default_rng(seed)
    prices, limit_prices = rng.random(problem.n_reps), rng.normal(size=len(problem.limits))
    bound = Bound.at(problem, prices, limit_prices)
    for _ in range(3):
        answer = rng.integers(-1, problem.n_reps, problem.n_leads)
        assert bound.certify(answer) == certify(problem, answer, prices, limit_prices)


def test_what_is_proved_is_plain_numbers():
    found = Certificate(objective=np.float64(1), bound=np.float64(2), gap=np.float32(0.5))
    assert [type(number) for number in (found.objective, found.bound, found.gap)] == [float] * 3
    assert "np." not in repr(found)


def test_a_price_that_is_charged_and_given_back_hides_no_better_answer():
    must = Problem(affinity=[[1.0, -np.inf, -np.inf], [-np.inf, 5.0, 2.0]], capacity=1, reserve=-np.inf)
    prices = np.array([1e20, 0.0, 0.0])
    assert certify(must, np.array([0, 1]), prices).optimal
    found = certify(must, np.array([0, 2]), prices)
    assert found.bound == 6.0
    assert not found.optimal


@pytest.mark.parametrize("n", [3, 300])  # beyond the first, no bound is added up in fractions
@pytest.mark.parametrize("pinned", [False, True])
def test_a_price_of_who_has_no_room_hides_no_better_answer(n, pinned):
    gains = np.random.default_rng(0).random((n, 200))
    gains[:, 0] = 1e15
    pins = np.full(n, -1)
    pins[0] = 0 if pinned else -1
    gains[0, 0] = 1.0 if pinned else 1e15
    capacity = np.append(int(pinned), np.full(199, n))
    problem = Problem(affinity=gains, capacity=capacity, pins=pins)
    prices = np.append(2e15, np.zeros(199))
    best = gains[:, 1:].argmax(axis=1) + 1
    best[0] = 0 if pinned else best[0]
    worse = best.copy()
    worse[-1] = -1
    assert certify(problem, best, prices).optimal
    assert not certify(problem, worse, prices).optimal
