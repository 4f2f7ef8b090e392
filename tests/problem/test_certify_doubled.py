"""The bound in doubled numbers is that of fractions, to within what it says, and nothing is proved by rounding."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.problem.certify import OPTIMAL_GAP, Bound, certify
from leadopt.problem.certify_doubled import doubled_bound, exact_penalty
from leadopt.problem.fitting import fitting
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from tests.exact import mixed_problem, used
from tests.strategies import examples, general_problems


def exact_bound(problem, prices, limit_prices):
    """The Lagrangian dual in fractions, one pair at a time."""
    p, q = [[Fraction(price) for price in some.tolist()] for some in (prices, limit_prices)]
    priced = [(limit, price, used(problem, limit)) for limit, price in zip(problem.limits, q, strict=True) if price]
    total = sum(price * int(most) for price, most in zip(p, problem.capacity.tolist(), strict=True))
    total += sum(price * Fraction(limit.reachable[1 if price > 0 else 0]) for limit, price, _ in priced)
    for lead, (gains, pin) in enumerate(zip(problem.affinity.dense().tolist(), problem.pins.tolist(), strict=True)):
        options = [] if pin >= 0 or np.isneginf(problem.reserve) else [Fraction(problem.reserve)]
        for rep, gain in enumerate(gains):
            if gain > -np.inf and (pin == rep or (pin < 0 and problem.capacity[rep] > 0)):
                options.append(
                    Fraction(gain) - sum((price * amounts[lead][rep] for _, price, amounts in priced), p[rep])
                )
        if not options:
            return -np.inf
        total += max(options)
    return total


def prices_of(rng, problem, unit):
    """Prices of slots and limits over many orders of magnitude, within what penalties allow."""
    p = rng.choice([0.0, 1.0, 1e13, 1e-7], size=problem.n_reps) * rng.random(problem.n_reps) * unit
    q = rng.choice([0.0, 1.0, 1e13, 1e-7, -1.0, -1e13], size=len(problem.limits)) * rng.random() * unit
    bounded = Bound.at(problem, p, q)
    return bounded.prices, bounded.limit_prices


@given(st.integers(0, 2**40), st.sampled_from([1.0, 1e12, 1e-12]))
@examples(150)
def test_a_doubled_bound_is_the_one_in_fractions_to_within_what_it_says(seed, unit):
    rng = np.random.default_rng(seed)
    try:
        problem = mixed_problem(rng)
    except InvalidInput:
        assume(False)
    p, q = prices_of(rng, problem, unit)
    exact = exact_bound(problem, p, q)
    affinity = problem.affinity
    for held in (affinity, Affinity(rates=SparseRows.of_dense(affinity.full_rates()))):
        found, off = doubled_bound(problem.replace(affinity=held), p, q)
        if exact == -np.inf:
            assert found == -np.inf
        else:
            assert abs(Fraction(found) - exact) <= Fraction(off)
            of_limits = [
                abs(price) * float(np.max(limit.usage)) for limit, price in zip(problem.limits, q, strict=True)
            ]
            size = problem.n_leads * (affinity.largest + p.max(initial=0.0) + sum(of_limits))
            assert off <= 1.2e-16 * abs(found) + 1e-27 * size


@pytest.mark.parametrize("price", [1e290, 1e301, 1e305, -1e305])
@pytest.mark.parametrize("usage", [2.0, [2.0, 3.0], [0.1, 1e2]])
def test_prices_near_the_largest_number_are_charged_exactly(price, usage):
    limit = Limit(usage=usage, lower=1e-3, upper=1.0)
    problem = Problem(affinity=[[1.0, 0.5], [0.5, 1.0]], capacity=2, limits=[limit])
    found, off = doubled_bound(problem, np.zeros(2), np.array([price]))
    exact = exact_bound(problem, np.zeros(2), np.array([price]))
    assert abs(Fraction(found) - exact) <= Fraction(off)
    assert off <= 2e-16 * abs(found) + 1e-25 * abs(price)


@given(general_problems(), st.integers(0, 2**40))
@examples(60)
def test_the_bound_of_the_certificate_is_the_one_in_fractions_to_within_its_rounding(problem, seed):
    p, q = prices_of(np.random.default_rng(seed), problem, 1.0)
    exact, found = exact_bound(fitting(problem), p, q), Bound.at(problem, p, q)
    if exact == -np.inf:
        return
    noise = found.rounding * (found.charged + problem.n_leads * problem.affinity.largest)
    assert exact <= Fraction(found.value) + Fraction(noise)


def test_a_bound_holds_where_prices_dwarf_what_is_gained():
    """One lead is worth 1e12 and may not be had: what is charged for it hides the gains of all others in rounding."""
    gains = np.array([[1e12, 1e12], [1e-5, 2e-5], [3e-5, 1e-5]])
    limit = Limit(leads=[0], upper=0)
    problem = Problem(affinity=gains, capacity=[2, 2], limits=[limit])
    answer = np.array([-1, 1, 0])
    found = certify(problem, answer, [0.0, 0.0], [1e12])
    assert found.bound >= found.objective == pytest.approx(5e-5)
    assert found.optimal


@pytest.mark.parametrize("n_leads, n_reps", [(4, 3), (1_000, 60), (30_000, 64)])
@pytest.mark.parametrize("rows", ["dense", "shared", "sparse"])
def test_prices_that_swallow_the_gains_prove_no_worse_answer(n_leads, n_reps, rows):
    """All must be placed and pay 1e13, which slots give back: of gains up to 1e-4, nothing is left beside it."""
    rng = np.random.default_rng(0)
    rates, row = rng.random((3, n_reps)) * 1e-4, rng.integers(0, 3, n_leads)
    affinity = Affinity(rates=rates, row=row)
    if rows != "shared":
        affinity = Affinity(rates=rates[row] if rows == "dense" else SparseRows.of_dense(rates[row]))
    capacity = np.bincount(np.arange(n_leads) % n_reps, minlength=n_reps)
    problem = Problem(affinity=affinity, capacity=capacity, reserve=-np.inf)
    worse = np.argsort(rng.random(n_leads)) % n_reps
    found = certify(problem, worse, np.full(n_reps, 1e13))
    assert found.gap > 0.1
    assert found.bound == pytest.approx(rates.max(axis=1)[row].sum(), rel=1e-9)


def test_reps_that_cost_nothing_add_no_rounding_however_many_there_are(monkeypatch):
    """Nobody has to look at a million prices of 0 in doubled numbers: these add up without any rounding."""
    monkeypatch.setattr("leadopt.problem.certify.doubled_bound", lambda *_: pytest.fail("rounding could not show"))
    n_reps = 1_000_000
    gains, prices = np.ones((1, n_reps)), np.zeros(n_reps)
    gains[0, 5] = 2.0
    prices[5] = 1.0
    assert certify(Problem(affinity=gains, capacity=1), np.array([5]), prices).optimal
    few, none = (Bound.at(Problem(affinity=gains, capacity=1), at).rounding for at in (prices, np.zeros(n_reps)))
    assert none < few < 1e-13


def test_nothing_is_no_best_answer_because_prices_are_large():
    """A lead of 1e13 may not be had and one of 1e-5 could be: who places neither has gained nothing, not the best."""
    problem = Problem(affinity=[[1e13], [1e-5]], capacity=2, limits=[Limit(leads=[0], upper=0)])
    assert not certify(problem, np.array([-1, -1]), [0.0], [1e13]).optimal
    assert certify(problem, np.array([-1, 0]), [0.0], [1e13]).optimal


@given(general_problems(), st.integers(0, 2**40))
@examples(60)
def test_a_gap_too_wide_for_rounding_to_decide_has_all_of_it_added(problem, seed):
    """No second look at every pair, in doubled numbers, for an answer that is far from proved."""
    rng = np.random.default_rng(seed)
    p, q = rng.random(problem.n_reps) * problem.affinity.largest, np.zeros(len(problem.limits))
    exact = exact_bound(fitting(problem), p, q)
    looks = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("leadopt.problem.certify._NOISY", 0.0)
        patched.setattr(
            "leadopt.problem.certify.doubled_bound", lambda *given: looks.append(1) or doubled_bound(*given)
        )
        found = certify(problem, problem.pins, p, q)
    nothing = (found.objective, found.bound) == (0.0, 0.0)  # can be gained, whatever prices say
    assert found.bound >= exact or looks or nothing
    wide = np.isfinite(found.objective) and exact > found.objective + 1e-6 * (abs(exact) + abs(found.objective))
    assert not (wide and looks)


def test_who_gains_nothing_where_nothing_can_be_gained_is_best():
    problem = Problem(affinity=[[-1.0], [0.0]], capacity=2)
    found = certify(problem, np.array([-1, -1]), [1e-20])
    assert found.optimal
    assert found.bound == 0.0
    closed = Problem(affinity=[[1.0]], capacity=0)
    assert certify(closed, np.array([-1]), [0.3]).optimal


@pytest.mark.parametrize("gain", [0.0, -2.0])
def test_nobody_looks_for_the_least_gain_of_every_pair_where_no_pair_gains(gain, monkeypatch):
    monkeypatch.setattr(Affinity, "over_pairs", lambda *_: pytest.fail("a look at every pair"))
    found = certify(Problem(affinity=np.full((3, 4), gain), capacity=1), np.full(3, -1), np.zeros(4))
    assert found.optimal
    assert found.bound == 0.0


def test_a_gap_that_rounding_could_hide_counts_it():
    n = 2_000
    problem = Problem(affinity=np.ones((n, 1)), capacity=n)
    off = certify(problem, np.zeros(n, dtype=int), [0.0])
    assert off.optimal
    assert off.bound == n
    near = problem.replace(affinity=np.concatenate([np.ones(n - 1), [1.0 - (OPTIMAL_GAP - 1e-14) * n]])[:, None])
    left = certify(near, np.zeros(n, dtype=int), [0.0])
    assert left.optimal
    last = np.zeros(n, dtype=int)
    last[-1] = -1
    tight = Problem(affinity=np.concatenate([np.ones(n - 1), [(OPTIMAL_GAP - 1e-16) * n]])[:, None], capacity=n)
    assert not certify(tight, last, [0.0]).optimal


@pytest.mark.parametrize("n_leads", [3, 30_000])
def test_what_a_broken_limit_costs_is_exact_of_any_number_of_leads(n_leads):
    rng = np.random.default_rng(1)
    usage = rng.random(n_leads)
    exact = sum(map(Fraction, usage.tolist()), Fraction(0))
    limit = Limit(usage=usage, upper=float(exact), penalty=1e17)
    over = max(exact - Fraction(limit.upper), Fraction(0)) * Fraction(1e17)
    assert exact_penalty(limit, np.zeros(n_leads, dtype=int)) == pytest.approx(float(over), rel=1e-12)
