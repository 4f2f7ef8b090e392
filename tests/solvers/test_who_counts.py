"""An answer does not depend on how a set of leads or a usage is given, nor on how many limits there are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import Infeasible
from leadopt.matching import Status, match
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers import Milp, MinCostFlow
from tests import many_seeds, seeds
from tests.strategies import examples

WAYS = {
    "mask": lambda indices, mask: mask,
    "equal masks": lambda indices, mask: mask.copy(),
    "indices": lambda indices, mask: indices,
    "indices in any order": lambda indices, mask: np.random.default_rng(0).permutation(indices),
    "int32": lambda indices, mask: indices[::-1].astype(np.int32),
    "a list": lambda indices, mask: [*indices.tolist(), *indices[:1].tolist()],
}


def given_as(way, sets, n):
    """The sets of leads, those that are one object as one mask if the way says so."""
    masks = {id(indices): np.isin(np.arange(n), indices) for indices in sets}
    return [WAYS[way](indices, masks[id(indices)]) for indices in sets]


def copied(usage):
    if isinstance(usage, Affinity):
        return Affinity(rates=usage.rates.copy(), row=usage.row.copy(), scale=usage.scale.copy())
    return usage if np.ndim(usage) == 0 else np.array(usage)


def limits_of(sets, usages, bounds, m, way, n, copy=False):
    given = given_as(way, sets, n)
    return [
        Limit(reps=[k % m], leads=leads, usage=copied(usage) if copy else usage, name=f"limit {k}", **bound)
        for k, (leads, usage, bound) in enumerate(zip(given, usages, bounds, strict=True))
    ]


def solved(gains, capacity, limits, solver):
    try:
        return match(gains, capacity, limits=limits, solver=solver)
    except Infeasible as error:
        return str(error)


def assert_same(one, other):
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    assert other.objective == pytest.approx(one.objective, rel=1e-12)
    assert other.bound == pytest.approx(one.bound, rel=1e-12)
    assert other.status is one.status
    proof = certify(other.problem, other.rep_of_lead, other.prices, other.limit_prices)
    assert not proof.violations
    assert proof.bound >= other.objective - 1e-9 * max(1.0, abs(other.objective))


@st.composite
def many(draw):
    """Gains, and as many sets, usages and bounds as limits; a few sets and usages serve several."""
    n, m = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    gains = rng.random((n, m)).round(3)
    n_limits = draw(st.sampled_from([1, 3, 10, 70]))
    pool = [np.flatnonzero(rng.random(n) < 0.6) for _ in range(draw(st.integers(1, 4)))]
    value = Affinity(rates=gains.copy())
    kinds = [1.0, 0.5, np.ones(n), rng.random(n).round(2), rng.random((n, m)).round(2), value]
    sets = [pool[k] for k in rng.integers(0, len(pool), n_limits)]
    usages = [kinds[k] for k in rng.integers(0, len(kinds), n_limits)]
    bounds = [
        {"upper": float(rng.integers(1, n + 2)), "penalty": draw(st.sampled_from([None, None, 0.5]))} for _ in sets
    ]
    return gains, sets, usages, bounds


@given(drawn=many(), way=st.sampled_from(sorted(WAYS)))
@examples(15)
def test_an_answer_does_not_depend_on_how_sets_and_usages_are_given(drawn, way):
    gains, sets, usages, bounds = drawn
    n, m = gains.shape
    one = solved(gains, n, limits_of(sets, usages, bounds, m, "mask", n), None)
    assert_same(one, solved(gains, n, limits_of(sets, usages, bounds, m, way, n, copy=True), None))


@pytest.mark.parametrize("solver", [MinCostFlow(), Milp()], ids=["MinCostFlow", "Milp"])
@pytest.mark.parametrize("n_limits", [10, 63, 64, 65])
@pytest.mark.parametrize("nested", [True, False], ids=["nested", "overlapping"])
def test_as_many_limits_as_there_are_on_sets_of_their_own(n_limits, nested, solver):
    rng = np.random.default_rng(n_limits)
    n, m = 80, 4
    gains = rng.random((n, m)).round(3)
    order = rng.permutation(n)
    sets = [np.sort(order[: k + 5]) if nested else np.flatnonzero(rng.random(n) < 0.5) for k in range(n_limits)]
    bounds = [{"upper": 4 + k // 3, "penalty": None if k % 3 else 2.0} for k in range(n_limits)]
    first = limits_of(sets, [1.0] * n_limits, bounds, m, "mask", n)
    if not nested and isinstance(solver, MinCostFlow):
        assert MinCostFlow().refuses(Problem(affinity=gains, capacity=25, limits=first))
        return
    one = solved(gains, 25, first, solver)
    if nested and isinstance(solver, MinCostFlow):
        assert one.status is Status.OPTIMAL
    for way in ("indices in any order", "int32"):
        usages = [1.0 if k % 2 else np.ones(n) for k in range(n_limits)]
        assert_same(one, solved(gains, 25, limits_of(sets, usages, bounds, m, way, n), solver))


def test_seventy_limits_that_share_a_mask_are_limits_on_one_set():
    rng = np.random.default_rng(0)
    n, m = 60, 7
    gains, mask = rng.random((n, m)), rng.random(n) < 0.5
    hours = rng.random(n)
    limits = [Limit(reps=[k % m], leads=mask, usage=hours, upper=2.0 + k // m / 10) for k in range(70)]
    tight = match(gains, n, limits=limits[:m])
    found = match(gains, n, limits=limits)
    assert found.objective == pytest.approx(tight.objective, rel=1e-12)
    # Hours alone are searched by packings where each rep has one limit, and by prices of all limits elsewhere.
    assert tight.objective <= tight.bound <= found.bound * (1.0 + 1e-9)
    assert found.bound == pytest.approx(tight.bound, rel=0.02)


@many_seeds
@pytest.mark.parametrize("n_limits", seeds([500, 2_000], [500, 5_000]))
def test_thousands_of_nested_limits_are_solved_to_the_proof(n_limits):
    rng = np.random.default_rng(2)
    n, m = n_limits // 10, 10
    gains, order = rng.random((n, m)), rng.permutation(n)
    limits = [Limit(reps=[k % m], leads=np.sort(order[: k // m + 1]), upper=1 + k // 40) for k in range(n_limits)]
    found = match(gains, n, limits=limits)
    assert found.status is Status.OPTIMAL
    counts = np.zeros((n, m))
    counts[np.arange(n)[found.rep_of_lead[order] >= 0], found.rep_of_lead[order][found.rep_of_lead[order] >= 0]] = 1
    most = np.array([limit.upper for limit in limits]).reshape(n, m)
    assert (counts.cumsum(axis=0) <= most).all()


def test_overlapping_limits_by_the_thousand_are_kept():
    rng = np.random.default_rng(3)
    n, m, n_limits = 60, 5, 5_000
    gains = rng.random((n, m))
    sets = [np.flatnonzero(rng.random(n) < 0.5) for _ in range(n_limits)]
    limits = [Limit(reps=[k % m], leads=leads, upper=float(len(leads))) for k, leads in enumerate(sets)]
    found = match(gains, n, limits=limits, solver=Milp())
    assert found.objective == pytest.approx(gains.max(axis=1).sum(), rel=1e-12)
    assert not certify(found.problem, found.rep_of_lead, found.prices, found.limit_prices).violations
