"""Leximin shares are those of brute force: no unfair answer is let in, and the most gainful fair one is not cut off."""

import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.errors import Infeasible, InvalidInput
from leadopt.matching import solve
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.leximin import leximin as module
from leadopt.solvers.leximin import programs
from leadopt.solvers.leximin.leximin import leximin, leximin_limits
from tests.oracles import brute_force, loads
from tests.strategies import examples, problems, together

SHARES = st.sampled_from([0.0, 1.0, 1.0, 1.0, 2.0, 0.5, 3.0, 0.1, 1 / 3])


def hard(problem):
    return tuple(limit for limit in problem.limits if limit.penalty is None)


def shares_of(problem, measure, entitlement, answers):
    every = [Limit(reps=[rep], leads=measure.leads, usage=measure.usage) for rep in np.flatnonzero(entitlement > 0)]
    return np.column_stack([loads(problem, limit, answers) for limit in every]) / entitlement[entitlement > 0]


def fair_answers(problem, measure, entitlement):
    """Every answer under the hard limits, and which have the largest sorted vector of shares, by looking at all."""
    found = brute_force(problem, limits=hard(problem))
    ordered = np.sort(shares_of(problem, measure, entitlement, found.answers), axis=1)
    fair = found.allowed.copy()
    for column in ordered.T:
        if fair.any():
            fair &= column >= column[fair].max() - 1e-9
    return found, fair


def names_of(problem):
    return [f"R{rep}" for rep in range(problem.n_reps)]


@st.composite
def shared_out(draw, *, usage=None, **settings):
    problem = draw(problems(**settings))
    assume(problem.n_reps > 0)
    entitlement = np.array(draw(st.lists(SHARES, min_size=problem.n_reps, max_size=problem.n_reps)))
    assume(entitlement.any())
    leads = None
    if draw(st.integers(0, 2)) == 0:
        leads = np.array(sorted(draw(st.sets(st.integers(0, max(0, problem.n_leads - 1))))), dtype=np.int64)
        assume(not len(leads) or leads[-1] < problem.n_leads)
    amounts = 1.0 if usage is None else draw(usage(problem))
    return problem, Limit(usage=amounts, leads=leads), entitlement


def of_one_rep(problem):
    """The same problem with each limit cut to its first rep, and without soft ones."""
    limits = [
        Limit(reps=reps[:1], leads=limit.leads, lower=limit.lower, upper=limit.upper, name=limit.name)
        for limit in hard(problem)
        if len(reps := np.arange(problem.n_reps) if limit.reps is None else limit.reps)
    ]
    return problem.replace(limits=limits)


def check(problem, measure, entitlement):
    """Compare with brute force; return the result and whether every fair answer is let in; None if none is allowed."""
    found, fair = fair_answers(problem, measure, entitlement)
    settings = {"entitlement": entitlement, "names": names_of(problem), "usage": measure.usage, "leads": measure.leads}
    if not found.feasible:
        with pytest.raises(Infeasible):
            leximin(problem, **settings)
        return None
    result = leximin(problem, **settings)
    under = brute_force(problem, limits=hard(problem) + result.limits).allowed
    assert under.any() and not (under & ~fair).any(), "an unfair answer is let in, or none"
    worth = brute_force(problem).worth
    assert worth[under].max() == pytest.approx(worth[fair].max(), rel=1e-6, abs=1e-6), "the best fair one is cut off"
    return result, np.array_equal(under, fair)


@examples(50)
@given(shared_out(limits=False))
def test_counts_under_capacities_are_all_the_leximin_ones(drawn):
    problem, measure, entitlement = drawn
    if (outcome := check(problem, measure, entitlement)) and (measure.leads is None or problem.reserve > -np.inf):
        assert outcome[0].method == "flow" and outcome[1]


@examples(50)
@given(shared_out())
def test_counts_under_limits_of_single_reps_are_all_the_leximin_ones(drawn):
    problem, measure, entitlement = drawn
    problem = of_one_rep(problem)
    outcome = check(problem, measure, entitlement)
    if outcome and measure.leads is None:
        assert outcome[0].method == "flow" or len(hard(problem)) > 1  # two may overlap
    if outcome and outcome[0].method == "flow":
        assert outcome[1]


@examples(25)
@given(shared_out(max_leads=5, max_reps=3))
def test_counts_under_nested_limits_are_leximin(drawn):
    problem, measure, entitlement = drawn
    check(problem.replace(limits=hard(problem)), measure, entitlement)


def amounts(problem):
    size = (problem.n_leads, problem.n_reps)
    cells = st.sampled_from([0.0, 1.0, 2.0, 2.5, 7.0])
    matrix = st.lists(cells, min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
        lambda values: np.array(values).reshape(size)
    )
    return st.one_of(
        st.lists(cells, min_size=size[0], max_size=size[0]).map(np.array), matrix, st.sampled_from([0.0, 0.5])
    )


@examples(25)
@given(shared_out(max_leads=5, max_reps=3, usage=amounts))
def test_any_usage_is_leximin(drawn):
    problem, measure, entitlement = drawn
    check(problem.replace(limits=hard(problem)), measure, entitlement)


def test_a_factored_value_is_shared_as_its_matrix_is():
    value = Affinity(rates=[[1.0, 2.0], [3.0, 1.0]], row=[0, 1, 0, 1], scale=[1.0, 2.0, 3.0, 0.5])
    problem = Problem(affinity=value, capacity=3)
    asked = {"entitlement": [1, 2], "names": "ab"}
    factored, full = (leximin(problem, usage=usage, **asked) for usage in (value, value.dense()))
    np.testing.assert_allclose(factored.least, full.least)
    assert check(problem, Limit(usage=value.dense()), np.array([1.0, 2.0]))[0].method == "milp"


def test_the_last_leads_go_where_they_gain_most():
    gains = np.zeros((10, 3))
    gains[:, 1] = 1.0
    problem = Problem(affinity=gains, capacity=10)
    limits = leximin_limits(problem, entitlement=[1, 1, 1], names=["ann", "bob", "cid"])
    found = solve(problem.replace(limits=limits))
    assert np.bincount(found.rep_of_lead).tolist() == [3, 4, 3]
    assert [limit.name for limit in limits][-2:] == ["fair share of cid", "fair share of ann, bob, cid"]


def test_fairness_comes_before_gain_and_places_leads_at_a_loss():
    problem = Problem(affinity=-np.ones((4, 2)), capacity=4, reserve=0.0)
    limits = leximin_limits(problem, entitlement=[1, 1], names="ab")
    assert np.bincount(solve(problem.replace(limits=limits)).rep_of_lead, minlength=2).tolist() == [2, 2]


def test_a_rep_with_a_full_desk_leaves_more_to_the_others():
    limits = leximin_limits(Problem(affinity=np.ones((10, 3)), capacity=[1, 9, 9]), entitlement=[1, 1, 1], names="abc")
    assert [limit.lower for limit in limits] == [1, 4, 4, 9]


def test_pins_count_towards_the_share():
    problem = Problem(affinity=np.ones((6, 2)), capacity=9, pins={0: 0, 1: 0, 2: 0, 3: 0})
    limits = leximin_limits(problem, entitlement=[1, 1], names="ab")
    assert [limit.lower for limit in limits] == [4, 2]


def test_a_rep_that_is_not_entitled_has_no_share_and_blocks_none():
    problem = Problem(affinity=np.ones((4, 2)), capacity=9, pins={0: 1})
    (limit,) = leximin_limits(problem, entitlement=[1, 0], names="ab")
    assert (limit.reps.tolist(), limit.lower) == ([0], 3)


@pytest.mark.parametrize(
    ("n_leads", "capacity", "lower"),
    [(0, [3, 3], []), (3, [0, 0], []), (5, [2, 2], [2, 2]), (5, [0, 9], [5])],
)
def test_degenerate_cases(n_leads, capacity, lower):
    problem = Problem(affinity=np.ones((n_leads, 2)), capacity=capacity)
    assert [lim.lower for lim in leximin_limits(problem, entitlement=[1, 1], names="ab")] == lower
    usage = np.full(n_leads, 2.0) * np.arange(1, n_leads + 1)
    assert check(problem, Limit(usage=usage), np.ones(2))[0].method == ("milp" if n_leads else "flow")


def test_one_rep_gets_all_it_can():
    (limit,) = leximin_limits(Problem(affinity=np.ones((4, 1)), capacity=3), entitlement=[2], names="a")
    assert limit.lower == 3


@pytest.mark.parametrize(
    ("entitlement", "message"),
    [
        ([0.0, 0.0], "entitlement: all are 0, so no rep has a share to raise; give at least one rep more than 0"),
        ([1.0, -1.0], r"entitlement of rep 1: must be finite, 0 or more; found -1\.0"),
        ([1.0, np.nan], "entitlement of rep 1: must be finite, 0 or more; found nan"),
        ([1.0], r"entitlement: must be one number for each of 2 reps; found shape \(1,\)"),
        (["a", "b"], "entitlement: must be numbers, one for each of 2 reps"),
    ],
)
def test_bad_entitlements_are_refused(entitlement, message):
    with pytest.raises(InvalidInput, match=message):
        leximin_limits(Problem(affinity=np.ones((2, 2)), capacity=1), entitlement=entitlement, names="ab")


def test_names_must_be_one_for_each_rep():
    with pytest.raises(InvalidInput, match="names: must be one for each of 2 reps; found 1"):
        leximin_limits(Problem(affinity=np.ones((2, 2)), capacity=1), entitlement=[1, 1], names=["a"])


def test_limits_that_nothing_meets_are_named():
    limits = [Limit(lower=5, name="company"), Limit(reps=[0, 1], lower=9, name="team")]
    with pytest.raises(Infeasible, match=r"no assignment meets every hard limit \(company, team\), so none is fair"):
        leximin_limits(Problem(affinity=np.ones((3, 3)), capacity=5, limits=limits), entitlement=[1, 1, 1], names="abc")
    with pytest.raises(Infeasible, match="every lead must be placed, but 3 leads"):
        leximin_limits(Problem(affinity=np.ones((3, 1)), capacity=1, reserve=-np.inf), entitlement=[1], names="a")


def kinds(rng, n, m, n_rows=20, ineligible=0.5):
    rates = rng.random((n_rows, m))
    rates[rng.random(rates.shape) < ineligible] = -np.inf
    return Affinity(rates=rates, row=rng.integers(n_rows, size=n), scale=rng.lognormal(0, 1, n))


@pytest.mark.parametrize("by_capacity", [False, True])
def test_many_leads_get_the_same_levels_as_linear_programmes(by_capacity):
    """Beyond brute force: with divisible leads, no level differs by more than one lead, and the sum of all by none."""
    rng = np.random.default_rng(3)
    capacity = rng.integers(20, 90, 30)
    problem = Problem(affinity=kinds(rng, 1_500, 30), capacity=capacity)
    entitlement = capacity if by_capacity else np.ones(30)
    exact = leximin(problem, entitlement=entitlement, names=names_of(problem))
    beside = problem.replace(limits=[Limit(lower=1, name="of all")])
    relaxed = leximin(beside, entitlement=entitlement, names=names_of(problem))
    assert (exact.method, relaxed.method) == ("flow", "lp") and "as if leads could be divided" in relaxed.note
    assert np.abs(exact.least - relaxed.least).max() <= 1.0
    found = solve(problem.replace(limits=exact.limits))
    assert (found.rep_of_lead >= 0).sum() == min(1_500, capacity.sum())


def test_levels_of_divided_value_are_reached_to_a_hundredth():
    rng = np.random.default_rng(4)
    value = kinds(rng, 900, 5, ineligible=0.0)
    problem = Problem(affinity=value, capacity=250)
    result = leximin(problem, entitlement=np.ones(5), names="abcde", usage=value)
    assert result.method == "lp" and "99% of each is asked for" in result.note
    assert np.ptp(result.least) <= 1e-6 * result.least.max()


def test_a_lead_larger_than_a_share_goes_to_one_rep_and_leaves_the_others_theirs():
    """One of 1,000 and 59 of 1: as if it could be divided, everybody would be asked for 211.8."""
    value = np.append(1_000.0, np.ones(59))
    found = leximin(Problem(affinity=np.ones((60, 5)), capacity=60), entitlement=np.ones(5), names="abcde", usage=value)
    assert found.method == "lp" and found.least == pytest.approx(np.full(5, 0.99 * 59 / 4), rel=1e-4)


def test_too_many_pairs_without_a_method_are_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_PAIRS", 1_000)
    problem = Problem(affinity=np.ones((900, 5)), capacity=250)
    with pytest.raises(InvalidInput, match="leximin: linear programmes take at most 1,000 pairs; found 4,500"):
        leximin(problem, entitlement=np.ones(5), names="abcde", usage=np.linspace(1, 2, 900))


def crossing(n, m):
    rng = np.random.default_rng(0)
    hours = [Limit(reps=[rep], usage=rng.lognormal(0, 0.5, n), upper=0.4 * n) for rep in range(m)]
    return Problem(affinity=rng.random((n, m)), capacity=n, limits=hours)


def test_a_flow_needs_no_time():
    problem = Problem(affinity=np.ones((10, 3)), capacity=10)
    found = leximin(problem, entitlement=[1, 1, 1], names="abc", meter=Meter(None, 1e-9))
    assert (found.method, found.least.tolist()) == ("flow", [3, 3, 3])


@pytest.mark.parametrize("n", [10, 100])
def test_programmes_end_with_the_time(n):
    with pytest.raises(OutOfTime):
        leximin(crossing(n, 3), entitlement=[1, 1, 1], names="abc", meter=Meter(None, 1e-9))


def test_enough_time_changes_nothing():
    for n in (10, 100):
        free = leximin(crossing(n, 3), entitlement=[1, 1, 1], names="abc")
        timed = leximin(crossing(n, 3), entitlement=[1, 1, 1], names="abc", meter=Meter(None, 1e3))
        assert (timed.method, timed.least.tolist()) == (free.method, free.least.tolist())


def test_where_exact_shares_take_too_long_those_of_divided_leads_are_asked_for(monkeypatch):
    def slow(*_):
        raise OutOfTime

    monkeypatch.setattr(module, "best_leximin", slow)
    found = leximin(crossing(10, 3), entitlement=[1, 1, 1], names="abc", meter=Meter(None, 1e3))
    assert found.method == "lp" and "as if leads could be divided" in found.note


def test_counts_under_crossing_hours_are_proven_where_no_linear_bound_is_near():
    """20 leads in three parts are 6, 7 and 7 at best; a search that did not count in whole leads took for ever."""
    problem = crossing(20, 3)
    found = leximin(problem, entitlement=[1, 1, 1], names="abc")
    assert (found.method, found.note, sorted(found.least)) == ("milp", "", [6, 7, 7])
    answer = solve(problem.replace(limits=(*problem.limits, *found.limits)), time_limit_s=1).rep_of_lead
    assert sorted(np.bincount(answer, minlength=3)) == [6, 7, 7]


@pytest.mark.parametrize("seed", range(4))
def test_a_search_that_gives_up_holds_what_it_found_and_says_how_fair_that_is(seed, monkeypatch):
    """The least share is compared with that of the fairest of all answers."""
    problem, value = crossing(7, 3), np.random.default_rng(seed).lognormal(0, 1, 7)
    monkeypatch.setattr(programs, "_NODES", 1)
    result = leximin(problem, entitlement=[1, 1, 1], names="abc", usage=value)
    found, fair = fair_answers(problem, Limit(usage=value), np.ones(3))
    assert brute_force(problem, limits=problem.limits + result.limits).feasible
    fairest = shares_of(problem, Limit(usage=value), np.ones(3), found.answers[fair]).min(axis=1).max()
    (told,) = re.findall(r"^fair shares are the best that a search found .* at most ([\d.]+)% below", result.note)
    assert result.least.min() >= (1 - float(told) / 100) * fairest
    assert result.least.min() <= fairest * (1 + 1e-9)


def test_a_search_that_finds_nothing_leaves_it_to_divided_leads(monkeypatch):
    monkeypatch.setattr(programs, "mixed", lambda **_: programs.Mixed(None, False))
    found = leximin(crossing(10, 3), entitlement=[1, 1, 1], names="abc")
    assert found.method == "lp" and "as if leads could be divided" in found.note


def test_where_only_the_gain_of_fair_answers_is_not_settled_it_says_so(monkeypatch):
    problem, ask = crossing(7, 3), {"entitlement": [1, 1, 1], "names": "abc"}
    exact = leximin(problem, **ask)
    all_but_the_last = iter([True, True, True, False])
    search = programs.mixed
    monkeypatch.setattr(programs, "mixed", lambda **asked: search(**asked)._replace(complete=next(all_but_the_last)))
    found = leximin(problem, **ask)
    assert sorted(found.least) == sorted(exact.least)
    assert exact.note == ""
    assert found.note == "shares are fair; whether others as fair gain more was not settled by the search"


@examples(20)
@given(st.data())
def test_leads_that_stay_together_are_had_together(data):
    problem, measure, entitlement = data.draw(shared_out(max_leads=5, max_reps=3))
    check(data.draw(together(problem)), measure, entitlement)


def test_groups_beyond_an_exact_search_are_met_to_one_group():
    groups = np.repeat(np.arange(50), np.tile([1, 2, 3, 1, 3], 10))
    problem = Problem(affinity=np.random.default_rng(0).random((100, 5)), capacity=30, together=groups)
    found = leximin(problem, entitlement=np.ones(5), names=names_of(problem))
    assert (found.method, found.least.tolist()) == ("lp", [pytest.approx(16.8)] * 5)
    answer = solve(problem.replace(limits=found.limits)).rep_of_lead
    assert np.bincount(answer, minlength=5).min() >= 17
