"""Where an allowed answer is plain to see, one comes back that is worth as much, in as much time as there is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.matching import solve
from leadopt.problem.certify import certify
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Milp, MinCostFlow, Near
from leadopt.solvers.drafts import drafts
from leadopt.solvers.drafts.drafts import best_draft, greedy, in_turn, mended, worth
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.drafts.served import served
from tests import oracles
from tests.strategies import around_known, examples, general_problems, problems

LARGE = Milp(whole_options=0, open_leads=1, open_leads_per_row=0)  # the way of many leads, for a few
SOLVERS = st.sampled_from([Milp(), LARGE, Milp(whole_options=0), Milp(most_work=1e-4, searched=3)])


def added_up(problem, answer):
    """What an answer is worth, lead by lead; -inf if it breaks a rule."""
    gains, total = problem.affinity.dense(), 0.0
    for lead, rep in enumerate(answer.tolist()):
        if problem.pins[lead] not in (-1, rep):
            return -np.inf
        total += gains[lead, rep] if rep >= 0 else problem.reserve
    if (np.bincount(answer[answer >= 0], minlength=problem.n_reps) > problem.capacity).any():
        return -np.inf
    for limit in problem.limits:
        load = oracles.loads(problem, limit, answer[None, :])[0]
        beyond = max(load - limit.upper, limit.lower - load, 0.0)
        if limit.penalty is None and beyond > 1e-9 * max(1.0, load):
            return -np.inf
        total -= (limit.penalty or 0.0) * beyond
    return total


def pair_by_pair(problem, fits=lambda *_: True):
    """The greatest gain that is still possible, again and again, under what `fits` says besides capacities."""
    gains, answer = problem.affinity.dense(), problem.pins.copy()
    pairs = np.argwhere(gains > problem.reserve)
    for lead, rep in sorted(pairs.tolist(), key=lambda pair: (-gains[pair[0], pair[1]], *pair)):
        if answer[lead] < 0 and (answer == rep).sum() < problem.capacity[rep] and fits(answer, lead, rep):
            answer[lead] = rep
    return answer


def dealt_in_turn(problem, fits=lambda *_: True, *, least=None):
    """Each lead goes to the next rep who may have it, if it gains more than `least`, by default the reserve."""
    gains, answer, turn = problem.affinity.dense(), problem.pins.copy(), 0
    least = problem.reserve if least is None else least
    for lead in np.flatnonzero(answer < 0).tolist():
        for rep in [(turn + step) % problem.n_reps for step in range(problem.n_reps)]:
            may = gains[lead, rep] > least and (answer == rep).sum() < problem.capacity[rep]
            if may and fits(answer, lead, rep):
                answer[lead], turn = rep, rep + 1
                break
    return answer


def under_limits(problem):
    """Return whether a lead still fits with a rep under every hard upper bound."""

    def fits(answer, lead, rep):
        there = answer.copy()
        there[lead] = rep
        return all(
            limit.penalty is not None
            or oracles.loads(problem, limit, there[None, :])[0]
            <= max(limit.upper, oracles.loads(problem, limit, answer[None, :])[0])
            for limit in problem.limits
        )

    return fits


@given(problems(max_leads=9, max_reps=4, limits=False))
@examples(40)
def test_leads_are_dealt_greedily_and_in_turn_as_by_hand(problem):
    assert greedy(problem).tolist() == pair_by_pair(problem).tolist()
    for least in (problem.reserve, -np.inf):
        assert in_turn(problem, least).rep_of_lead.tolist() == dealt_in_turn(problem, least=least).tolist()
    if not in_turn(problem, problem.reserve).refused:
        assert dealt_in_turn(problem, least=-np.inf).tolist() == dealt_in_turn(problem, least=problem.reserve).tolist()


@given(general_problems(), st.data())
@examples(30)
def test_a_draft_is_worth_what_the_certificate_says(problem, data):
    rep = st.integers(-1, problem.n_reps - 1)
    answer = np.array(data.draw(st.lists(rep, min_size=problem.n_leads, max_size=problem.n_leads)), dtype=np.int64)
    proof = certify(problem, answer)
    if proof.violations:
        assert worth(problem, answer) == -np.inf
    else:
        assert worth(problem, answer) == pytest.approx(proof.objective, rel=1e-12, abs=1e-12)


@given(around_known(), st.data())
@examples(30)
def test_upper_bounds_that_are_broken_are_mended_unless_minimums_hold_the_leads(drawn, data):
    problem, _ = drawn
    free = problem.replace(
        limits=[limit for limit in problem.limits if limit.lower == 0], reserve=max(problem.reserve, -10.0)
    )
    rep = st.integers(-1, problem.n_reps - 1)
    answer = np.array(data.draw(st.lists(rep, min_size=problem.n_leads, max_size=problem.n_leads)), dtype=np.int64)
    placed = np.flatnonzero(answer >= 0)
    answer[placed[np.isneginf(problem.affinity.at(placed, answer[placed]))]] = -1
    assert not certify(free, mended(free, Rows.of(free), answer)).violations


@given(around_known(), SOLVERS, st.sampled_from([None, None, 1e-9, 0.05]))
@examples(20)
def test_an_answer_that_is_known_is_never_lost(drawn, solver, limit_s):
    problem, known = drawn
    assert added_up(problem, known) > -np.inf
    found = solver.solve(problem, Near(rep_of_lead=known), Meter(None, limit_s))
    assert not certify(problem, found.rep_of_lead).violations
    least = added_up(problem, known)
    assert added_up(problem, found.rep_of_lead) >= least - 1e-9 * max(1.0, abs(least))


@given(around_known(), SOLVERS, st.sampled_from([None, None, 1e-9, 0.05]))
@examples(20)
def test_what_anybody_would_do_is_never_out_of_reach(drawn, solver, limit_s):
    problem, _ = drawn
    fits = under_limits(problem)
    plain = (
        *(problem.pins, pair_by_pair(problem)),
        *(dealt_in_turn(problem), dealt_in_turn(problem, least=-np.inf)),
    )
    least = max(added_up(problem, answer) for answer in plain)
    for answer in (pair_by_pair(problem, fits), dealt_in_turn(problem, fits)) if limit_s is None else ():
        least = max(least, added_up(problem, answer) if solver == Milp() else -np.inf)
    if least == -np.inf:
        return
    found = solver.solve(problem, Near(), Meter(None, limit_s))
    assert not certify(problem, found.rep_of_lead).violations
    assert added_up(problem, found.rep_of_lead) >= least - 1e-6 * max(1.0, abs(least))


def under_hours(n, m, spread, seed=0):
    """Reps whose hours suffice for 0.6 of the work: to place nobody is allowed."""
    rng = np.random.default_rng(seed)
    gains = 1 / (1 + np.exp(1.5 - rng.normal(0, 0.7, (n, 1)) - rng.normal(0, 0.5, (n, m))))
    effort = rng.lognormal(0, spread, n)
    limits = [Limit(reps=[rep], usage=effort, upper=0.6 * effort.sum() / m, name=f"hours of {rep}") for rep in range(m)]
    return Problem(affinity=gains, capacity=n, limits=limits)


def under_values(n, m, part, seed=0):
    """Reps who may get a part of the mean best share of the value: to deal in turn is allowed, or nearly."""
    rng = np.random.default_rng(seed)
    gains = Affinity(rates=rng.lognormal(0, 1, (n, 1)) * rng.random((n, m)))
    most = part * gains.dense().max(axis=1).sum() / m
    limits = [Limit(reps=[rep], usage=gains, upper=most, name=f"value of {rep}") for rep in range(m)]
    return Problem(affinity=gains, capacity=n // m, limits=limits)


@pytest.mark.parametrize(
    "problem", [under_hours(1000, 30, 0.6), under_hours(500, 50, 1.0), under_values(2000, 20, 0.44)]
)
def test_where_only_upper_bounds_are_tight_an_answer_comes_back_in_time(problem):
    """Each of them was refused after 20 s: `Milp found no allowed answer`."""
    found = solve(problem, Milp(), time_limit_s=0.5)
    assert added_up(problem, found.rep_of_lead) == pytest.approx(found.objective)
    dealt = [in_turn(problem, least).rep_of_lead for least in (problem.reserve, -np.inf)]
    assert added_up(problem, found.rep_of_lead) >= max(
        added_up(problem, answer) for answer in (problem.pins, greedy(problem), *dealt)
    )
    sooner = solve(problem, Milp(), time_limit_s=0.05)
    assert added_up(problem, sooner.rep_of_lead) == pytest.approx(sooner.objective)


@pytest.mark.parametrize("n, m", [(60, 5), (200, 10)])
def test_minimums_that_dealing_in_turn_meets_are_met_where_the_pool_gains_more(n, m):
    """The pool gains more than any rep, so that no draft dealt any lead, and these minimums were refused."""
    rng = np.random.default_rng(n)
    usage, dealt = rng.lognormal(0.0, 0.5, n), np.arange(n) % m
    load = np.bincount(dealt, usage, minlength=m)
    limits = tuple(Limit(reps=[rep], usage=usage, lower=load[rep], upper=2.0 * load[rep]) for rep in range(m))
    problem = Problem(affinity=rng.random((n, m)), capacity=n, limits=limits, reserve=1.5)
    found = solve(problem, Milp(), time_limit_s=0.05)
    assert added_up(problem, found.rep_of_lead) >= added_up(problem, dealt) > -np.inf


@pytest.mark.parametrize("time_limit_s", [None, 0.05])
def test_where_everybody_is_pinned_the_pins_are_the_answer(time_limit_s):
    """Nobody was free, and numpy counted nothing in fractions: a bare TypeError."""
    limit = Limit(reps=[0], usage=[1.0, 2.0, 3.5], upper=7.0)
    problem = Problem(affinity=[[0.5], [0.2], [0.7]], capacity=3, pins=[0, 0, 0], limits=[limit])
    assert solve(problem, time_limit_s=time_limit_s).rep_of_lead.tolist() == [0, 0, 0]


def test_where_time_is_limited_and_every_draft_breaks_a_minimum_minimums_are_served_first():
    """Hot leads are a tenth of all: who gains most has them all, dealt in turn two have too few."""
    rng = np.random.default_rng(0)
    gains, hot = rng.random((400, 8)), np.arange(40)
    gains[hot, 0] += 5.0
    limits = [Limit(reps=[rep], leads=hot, lower=lower) for rep, lower in enumerate([12, 10, 2, 2, 2, 2, 2, 2])]
    limits += [Limit(reps=[rep], lower=40) for rep in range(8)]
    problem = Problem(affinity=gains, capacity=np.full(8, 60), limits=limits)
    rows = Rows.of(problem)
    draft = best_draft(problem, rows, meter=Meter(time_limit_s=1e4), usual=np.ones(rows.n))
    assert worth(problem, draft) > 0.5 * gains.max(axis=1).sum()
    others = greedy(problem), in_turn(problem, 0.0).rep_of_lead, problem.pins
    assert all(worth(problem, mended(problem, rows, other)) == -np.inf for other in others)


def test_where_drafts_break_minimums_and_time_for_them_is_over_one_is_mended_and_no_other(monkeypatch):
    calls = []
    monkeypatch.setattr(drafts, "mended", lambda problem, rows, draft: calls.append(draft) or draft)
    monkeypatch.setattr(drafts, "_SOON_S", 0.0)
    problem = Problem(affinity=np.ones((6, 2)), capacity=3, limits=[Limit(reps=[0], lower=4)])
    assert best_draft(problem, Rows.of(problem), meter=Meter(time_limit_s=1e-9)) is None
    assert [draft.tolist() for draft in calls] == [in_turn(problem, 0.0).rep_of_lead.tolist()]
    # Where nobody placed is allowed, something better is found, however late it is.
    allowed = problem.replace(limits=[Limit(upper=4)])
    assert worth(allowed, best_draft(allowed, Rows.of(allowed), meter=Meter(time_limit_s=1e-9))) == 0
    assert [draft.tolist() for draft in calls[1:]] == [[-1] * 6, [0, 1] * 3]


def test_a_rep_who_is_full_and_lacks_value_gives_small_leads_away_for_large_ones():
    """Two small leads gain most with rep 0, who needs two large ones, and has two slots."""
    gains = np.array([[5.0, 1.0], [5.0, 1.0], [5.0, 8.0], [5.0, 8.0], [4.0, 8.0]])
    value = Limit(reps=[0], usage=[1.0, 1.0, 6.0, 6.0, 6.0], lower=12.0)
    problem = Problem(affinity=gains, capacity=[2, 3], limits=[value])
    rows = Rows.of(problem)
    answer = served(problem, rows, np.zeros(rows.n), np.ones(rows.n))
    assert np.flatnonzero(answer == 0).tolist() == [2, 3]
    assert np.flatnonzero(answer == 1).tolist() == [0, 1, 4]


def test_leads_served_at_good_prices_lose_little():
    """What reps need at least, they get of those who lose least; the first two want everybody."""
    rng = np.random.default_rng(1)
    gains = rng.random((600, 6)) + np.array([1.0, 0.8, 0.0, 0.0, 0.0, 0.0])
    limits = [Limit(reps=[rep], lower=80, upper=130) for rep in range(6)]
    problem = Problem(affinity=gains, capacity=np.full(6, 130), limits=limits)
    rows, best = Rows.of(problem), solve(problem, solver=MinCostFlow())
    at = {}
    for name, y in {"best": np.concatenate([best.prices, best.limit_prices]), "none": np.zeros(rows.n)}.items():
        answer = served(problem, rows, y, np.ones(rows.n))
        counts = np.bincount(answer[answer >= 0], minlength=6)
        assert counts.min() >= 80 and counts.max() <= 130
        at[name] = worth(problem, answer)
    assert at["best"] > 0.998 * best.objective
    assert at["none"] < at["best"]


@pytest.mark.parametrize("ineligible", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("least", [0.0, 0.5, -np.inf])
def test_leads_dealt_in_turn_at_once_are_dealt_as_one_by_one(ineligible, least):
    rng = np.random.default_rng(3)
    gains = rng.normal(0.6, 1.0, (700, 5))
    gains[rng.random(gains.shape) < ineligible] = -np.inf
    gains[::9, 4] = 1.0
    problem = Problem(affinity=gains, capacity=[40, 200, 0, 90, 300], pins=np.where(np.arange(700) % 9, -1, 4))
    slots = problem.capacity - np.bincount(problem.pins[problem.pins >= 0], minlength=5)
    wanted, turn = problem.pins.copy(), 0
    for lead in np.flatnonzero(problem.pins < 0).tolist():
        order = [(turn + k) % 5 for k in range(5)]
        rep = next((rep for rep in order if slots[rep] > 0 and gains[lead, rep] > least), -1)
        if rep >= 0:
            wanted[lead], turn = rep, rep + 1
            slots[rep] -= 1
    assert in_turn(problem, least).rep_of_lead.tolist() == wanted.tolist()
