"""Searches of neighbourhoods: never worse, always allowed, and better where branch and bound over all leads is not."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt.matching import Status, solve
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter
from leadopt.solvers import Milp
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.lagrangian import by_packings, neighbourhoods, program, small, work
from leadopt.solvers.lagrangian.neighbourhoods import nearest, searched_around
from tests.strategies import examples, general_problems


def core_of(problem):
    """Return the core of every lead and option of a problem, the pool last."""
    rows, leads = Rows.of(problem), np.arange(problem.n_leads)
    options = np.isfinite(np.column_stack([problem.affinity.of(leads), np.full(len(leads), problem.reserve)]))
    return program.Core.of(problem, rows, leads, *np.nonzero(options), np.zeros(rows.n))


def correlated(n, m, seed=0):
    """Return leads that all have to be placed, each rep's time just enough; what takes little time gains little."""
    rng = np.random.default_rng(seed)
    use = rng.integers(1, 101, (n, m)).astype(float)
    gain = use - 111 + rng.integers(-10, 11, (n, m))
    limits = [Limit(reps=[rep], usage=use[:, rep], upper=np.floor(0.8 * use[:, rep].sum() / m)) for rep in range(m)]
    return Problem(affinity=gain, capacity=np.full(m, n), limits=limits, reserve=-np.inf)


@given(general_problems())
@examples(25)
def test_what_is_found_is_allowed_and_worth_no_less(problem):
    assume((problem.pins < 0).all())
    core = core_of(problem)
    assume((np.diff(core.first) > 0).all())
    found = core.whole(np.ones(len(core.rep), dtype=bool), core.first[:-1], 2.0, np.inf)
    start = core.whole(np.ones(len(core.rep), dtype=bool), core.first[:-1], 0.01, np.inf).at
    assume(start is not None and core.allows(start) and found.complete)
    at = searched_around(core, np.zeros(len(core.lower)), start, Meter(), 0.0)
    assert core.allows(at)
    assert core.worth(start) <= core.worth(at) + 1e-9
    assert core.worth(at) <= core.worth(found.at) + 1e-6 * max(1.0, abs(core.worth(found.at)))


def test_a_better_answer_than_that_of_few_nodes_is_found_and_the_same_every_time(monkeypatch):
    monkeypatch.setattr(neighbourhoods, "_MOST", 10)  # enough to find something better
    core = core_of(correlated(60, 6))
    everything = np.ones(len(core.rep), dtype=bool)
    start = core.whole(everything, core.first[:-1], 0.01, np.inf).at
    prices = core.relaxed(np.full(len(core.lower), 1e4)).prices
    found, again = (searched_around(core, prices, start, Meter(), 0.0) for _ in range(2))
    assert core.allows(found)
    assert core.worth(found) > core.worth(start)
    assert (found == again).all()


def test_without_time_nothing_moves():
    core = core_of(correlated(30, 3))
    start = core.whole(np.ones(len(core.rep), dtype=bool), core.first[:-1], 0.01, np.inf).at
    assert (searched_around(core, np.zeros(len(core.lower)), start, Meter(time_limit_s=0.0), 0.0) == start).all()


def test_a_search_without_an_allowed_answer_to_begin_with_has_all_the_time(monkeypatch):
    given, search = [], program.Core.whole

    def whole(core, open_, at, most_work, left_s, most_nodes=None):
        given.append(left_s)
        return search(core, open_, at, most_work, left_s, most_nodes)

    monkeypatch.setattr(program.Core, "whole", whole)
    monkeypatch.setattr(small, "improved", lambda core, *_: (core.first[:-1].copy(), 1e9))  # all with the first rep
    monkeypatch.setattr(work.Work, "best", lambda *_: None)
    monkeypatch.setattr(by_packings, "compiled", lambda: False)  # hours alone are searched by packings where loops are
    assert solve(correlated(20, 3), Milp(), time_limit_s=100.0).rep_of_lead.min() >= 0
    assert given[0] > 85.0


def test_without_a_time_limit_so_many_are_searched_and_no_more(monkeypatch):
    core = core_of(correlated(60, 6))
    everything = np.ones(len(core.rep), dtype=bool)
    start, searched = core.whole(everything, core.first[:-1], 0.01, np.inf).at, []
    whole = program.Core.whole
    monkeypatch.setattr(neighbourhoods, "_MOST", 7)
    monkeypatch.setattr(program.Core, "whole", lambda *given: searched.append(1) or whole(*given))
    searched_around(core, np.zeros(len(core.lower)), start, Meter(), 0.0)
    assert len(searched) == 7


def test_where_too_many_options_are_open_only_neighbourhoods_are_searched(monkeypatch):
    monkeypatch.setattr(neighbourhoods, "_MOST", 10)
    monkeypatch.setattr(by_packings, "compiled", lambda: False)
    problem, opened = correlated(60, 6), []
    whole = program.Core.whole
    monkeypatch.setattr(program.Core, "whole", lambda *given: opened.append(given[1].sum()) or whole(*given))
    found = solve(problem, solver=Milp(searched=100))
    assert len(opened) > 1 and max(opened) < 60 * 6
    assert (problem.loads(found.rep_of_lead) <= [limit.upper for limit in problem.limits]).all()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 40))
def test_the_nearest_are_those_that_a_sort_puts_first_and_all_that_lose_as_little(loss, number):
    last = sorted(loss)[min(number, len(loss) - 1)]
    assert nearest(np.array(loss, dtype=float), number).tolist() == [some <= last for some in loss]


@given(st.integers(2, 12), st.integers(1, 4), st.integers(0, 2**32))
def test_leads_of_few_reps_are_drawn_once_each_from_two_reps_at_least(n, m, seed):
    core, rng = core_of(correlated(n, m)), np.random.default_rng(seed)
    at = core.first[:-1] + rng.integers(0, m, n)
    size = int(rng.integers(1, n + 1))
    drawn = neighbourhoods._of_few_reps(core, np.ones(n), at, size, rng)
    count = np.bincount(core.rep[at], minlength=m)
    assert len(set(drawn.tolist())) == len(drawn) == size
    # No rep is drawn from once two or more before it have enough leads.
    reps = np.unique(core.rep[at[drawn]])
    assert len(reps) <= 2 or count[reps].sum() - count[reps].max() < size


@pytest.mark.parametrize(("limit_s", "doubled"), [(None, 0), (1e9, neighbourhoods._DOUBLED)])
def test_searches_that_find_nothing_take_more_effort_where_time_is_limited_and_then_end(monkeypatch, limit_s, doubled):
    core, effort = core_of(correlated(30, 3)), []
    start = core.whole(np.ones(len(core.rep), dtype=bool), core.first[:-1], 0.01, np.inf).at

    def whole(core, open_, at, most_work, left_s):
        effort.append(most_work)
        return program.Whole(at, True)

    monkeypatch.setattr(program.Core, "whole", whole)
    at = searched_around(core, np.zeros(len(core.lower)), start, Meter(time_limit_s=limit_s), 0.0)
    assert (at == start).all()
    expected = [neighbourhoods._WORK * 2**k for k in range(doubled + 1) for _ in range(neighbourhoods._PATIENCE)]
    assert effort == expected


def test_a_search_among_few_options_is_begun_with_where_time_is_limited_and_proves_nothing(monkeypatch):
    opened, search = [], program.Core.whole

    def whole(core, open_, at, most_work, left_s, most_nodes=None):
        opened.append(int(open_.sum()))
        found = search(core, open_, at, 0.01, left_s, None)
        return found._replace(complete=len(opened) == 1)

    monkeypatch.setattr(program.Core, "whole", whole)
    monkeypatch.setattr(neighbourhoods, "_PATIENCE", 3)
    monkeypatch.setattr(by_packings, "compiled", lambda: False)
    problem = correlated(40, 6)
    found = solve(problem, Milp(exactly=0), time_limit_s=1e6)
    assert found.status is Status.FEASIBLE
    assert opened[0] <= 3 * 40 + 1 < 6 * 40 == sum(np.isfinite(problem.affinity.dense()).ravel())
    assert (problem.loads(found.rep_of_lead) <= [limit.upper for limit in problem.limits]).all()
    assert found.rep_of_lead.min() >= 0
    opened.clear()
    solve(problem, Milp(exactly=0, most_nodes=1))
    assert opened[0] > 3 * 40 + 1
