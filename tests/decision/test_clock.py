"""All searches of a call share its time, and a call that is given none ends as it would without a limit."""

import math
from dataclasses import replace

import numpy as np
import pytest

from leadopt import Fairness, InvalidInput, Policy, assign, frontier
from leadopt.decision import clock as clocks
from leadopt.decision import entitlements
from leadopt.decision.clock import LIMIT_S, Clock, allow_more
from leadopt.errors import NoPlanFound, SolverFailed
from leadopt.matching import Status, match, solve
from leadopt.plans.plan import Plan
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter, OutOfTime

BAND = Fairness(of="value", low=0.8, high=1.1)


def tables(n: int = 40, m: int = 5, seed: int = 0, **more):
    gains = np.random.default_rng(seed).lognormal(0, 0.8, (n, m)).round(3)
    leads = {"lead_id": list(range(n)), "effort": np.random.default_rng(1).lognormal(0, 0.5, n).round(2).tolist()}
    return {"leads": leads, "reps": {"rep_id": list(range(m)), "capacity": [n // m + 2] * m, **more}, "affinity": gains}


def crossing(n: int = 30, m: int = 4, seed: int = 0) -> Problem:
    """Return a problem that no flow takes: hours, and two sets of leads that overlap."""
    rng = np.random.default_rng(seed)
    effort = rng.lognormal(0, 0.5, n)
    hours = [Limit(reps=[rep], usage=effort, upper=float(effort.sum()) / m * 0.8) for rep in range(m)]
    return Problem(affinity=rng.random((n, m)), capacity=n, limits=hours)


@pytest.fixture
def seconds(monkeypatch):
    """What each search was given, and whether it was to end by itself."""
    seen = []

    def watched(problem, **call):
        seen.append((call.get("time_limit_s"), call.get("capped", False)))
        return solve(problem, **call)

    monkeypatch.setattr(clocks, "solve", watched)
    return seen


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, -math.inf, "1", True, [1.0]])
def test_a_limit_that_is_no_time_is_refused_before_any_work(limit):
    with pytest.raises(InvalidInput, match=r"must be a positive number of seconds, inf for no limit, or None for 10;"):
        assign(**tables(), history=object(), time_limit_s=limit)
    with pytest.raises(InvalidInput, match=r"must be a positive number of seconds, inf for no limit, or None for 10;"):
        frontier(**tables(), history=object(), time_limit_s=limit)


def test_none_is_ten_seconds_and_inf_is_no_limit(seconds):
    for limit, (least, most, capped) in {
        None: (8.0, LIMIT_S, True),
        3.0: (2.0, 3.0, False),
        math.inf: (None, None, False),
        np.float32(2): (1.5, 2.0, False),
    }.items():
        seconds.clear()
        Clock(limit).solve(crossing())
        ((given, ends_by_itself),) = seconds
        assert ends_by_itself is capped
        assert given is None if least is None else least < given <= most


def test_without_a_limit_what_is_asked_on_the_way_to_a_plan_has_as_long_as_with_none(seconds):
    Clock(math.inf).solve(crossing(), "what is shared out", part=0.5, capped=True)
    ((given, ends_by_itself),) = seconds
    assert given == 0.5 * LIMIT_S
    assert ends_by_itself


def test_a_flow_has_no_limit(seconds):
    Clock(1e-9).solve(Problem(affinity=np.ones((3, 2)), capacity=2))
    assert seconds == [(None, False)]


@pytest.mark.parametrize("seed", range(4))
def test_without_a_limit_named_the_answer_is_that_of_a_search_without_one(seed):
    for problem in (crossing(20, 4, seed), crossing(12, 3, seed)):
        free, usual = solve(problem), Clock().solve(problem)
        assert usual.rep_of_lead.tolist() == free.rep_of_lead.tolist()
        assert (usual.objective, usual.bound, usual.status) == (free.objective, free.bound, free.status)


def test_a_meter_that_only_caps_ends_by_itself():
    assert Meter().ends_by_itself
    assert Meter(None, 5.0, capped=True).ends_by_itself
    assert not Meter(None, 5.0).ends_by_itself
    assert Meter(None, 5.0, capped=True).left_s <= 5.0


def test_every_search_of_a_call_takes_from_the_same_time(seconds):
    plan = assign(**tables(hours=[9.0] * 5), fairness=BAND, time_limit_s=3.0)
    assert len(seconds) == 2  # what is shared out, then the plan
    assert seconds[0][0] <= 1.0 and seconds[0][1]
    assert seconds[1][0] <= 0.9 * 3.0 and not seconds[1][1]  # a tenth is left for why there is none
    assert plan.certificate.violations == ()


def test_who_listens_hears_what_is_searched_for_and_for_how_long():
    heard = []
    assign(**tables(hours=[9.0] * 5), fairness=BAND, time_limit_s=3.0, on_progress=lambda one: heard.append(one.stage))
    searches = [stage for stage in heard if stage.startswith("search for")]
    assert [stage.partition(",")[0] for stage in searches] == ["search for what is shared out", "search for the plan"]
    assert all(stage.endswith(" s at most") for stage in searches)


def test_a_plan_whose_search_time_ended_says_so_and_how_to_allow_more():
    plan = assign(**tables(), fairness=BAND, time_limit_s=0.001)
    assert plan.status == "FEASIBLE" and plan.certificate.violations == ()
    assert plan.summary().endswith("(Milp, ended by its time limit of 0.001 s)")
    told = f"% below the best; to find out, {allow_more(0.001)}"
    assert [note for note in plan.notes if note.startswith("the search ended after its 0.001 s") and told in note]
    assert told in plan.report()
    again = Plan.from_json(plan.to_json())
    assert (again.summary(), again.notes) == (plan.summary(), plan.notes)
    assert again.what_if(capacity={0: 1}).plan.time_limit_s is None


def test_a_plan_whose_search_ended_by_itself_says_nothing_of_time():
    for limit in (None, math.inf):
        plan = assign(**tables(20, 3), fairness=BAND, time_limit_s=limit)
        assert plan.time_limit_s is None and "time" not in plan.summary() + "".join(plan.notes)
        assert '"time_limit_s"' not in plan.to_json()


@pytest.mark.parametrize("limit", [None, 50.0, math.inf])
def test_a_search_that_ended_by_itself_and_proved_nothing_says_so(monkeypatch, limit):
    def unproven(problem, **call):
        return replace(solve(problem, **call), status=Status.FEASIBLE, gap=0.0123)

    monkeypatch.setattr(clocks, "solve", unproven)
    plan = assign(**tables(20, 3), fairness=BAND, time_limit_s=limit)
    (note,) = [note for note in plan.notes if note.startswith("the search ended")]
    told = "the search ended by itself before it proved its plan the best, at most 1.2% below the best"
    longer = "; in a time of its own it may find a better one: time_limit_s=60 (--time-limit 60)"
    assert note == told + longer * (limit is None)
    assert plan.time_limit_s is None and note in plan.report()


def test_a_flow_is_no_search_and_a_proof_needs_no_words(monkeypatch):
    assert not [note for note in assign(**tables(20, 3), fairness=BAND).notes if "search ended" in note]
    monkeypatch.setattr(
        clocks, "solve", lambda problem, **call: replace(solve(problem, **call), status=Status.FEASIBLE)
    )
    assert not [note for note in assign(**tables(20, 3)).notes if "search ended" in note]


def test_a_total_that_was_not_found_out_in_time_says_so():
    call = tables(300, 8, hours=[20.0] * 8)
    notes = assign(**call, fairness=Fairness(of="value", high=1.5), time_limit_s=1e-6).notes
    (note,) = [note for note in notes if note.startswith("entitlements divide")]
    assert "of the best plan without fairness and quota that was found in time, at most " in note


@pytest.mark.parametrize(
    "fairness, kind, mend",
    [
        (Fairness(of="value", low=0.9999, high=1.0001), "value band of 0", "widen it"),
        (Fairness(of="leads", low=0.0, high=2.0), "hours of 0", "raise the hours"),
    ],
)
def test_where_none_is_found_a_solve_says_which_rule_to_loosen(fairness, kind, mend, monkeypatch):
    """The search is made to fail wherever limits of that kind are there."""
    tried = []

    def stuck(problem, **call):
        kinds = {limit.name.partition(" of ")[0] for limit in problem.limits}
        tried.append(kinds)
        if kind.partition(" of ")[0] in kinds and len(tried) > 1:
            raise SolverFailed("found no allowed answer in time")
        return solve(problem, **call)

    monkeypatch.setattr(clocks, "solve", stuck)
    with pytest.raises(NoPlanFound) as told:
        tried.clear()
        tried.append(set())
        assign(**tables(12, 3, hours=[9.0] * 3), fairness=fairness, time_limit_s=5.0)
    said = str(told.value)
    assert said.startswith("no plan that meets every limit was found in 5 s, though there may be one. Without ")
    assert kind in said and mend in said and said.endswith(f"or {allow_more(5.0)}.")
    assert isinstance(told.value, SolverFailed)


def test_where_no_single_kind_helps_the_sentence_says_so(monkeypatch):
    def stuck(problem, **call):
        raise SolverFailed("found no allowed answer in time")

    monkeypatch.setattr(clocks, "solve", stuck)
    said = "None was found without hours either: loosen several of them, or allow more time"
    with pytest.raises(NoPlanFound, match=said):
        assign(**tables(12, 3, hours=[9.0] * 3), policy=Policy())


def test_match_knows_no_limit_unless_it_is_given_one():
    found = match(np.random.default_rng(0).random((12, 3)), 4, limits=crossing(12, 3).limits[:1])
    assert found.status in (Status.OPTIMAL, Status.SOLVED)


def test_fair_shares_that_were_not_found_in_time_are_not_asked_for_and_a_note_says_so(monkeypatch):
    def slow(*_, **__):
        raise OutOfTime

    monkeypatch.setattr(entitlements, "leximin", slow)
    plan = assign(**tables(100, 5, hours=[20.0] * 5), fairness=Fairness(of="value", maximin=True), time_limit_s=1.0)
    note = f"fair shares were not found in time, and none is asked for; {allow_more(1.0)}"
    assert note in plan.notes
    assert not [limit for limit in plan.case.problem.limits if limit.kind == "fair share"]


def test_each_plan_of_a_frontier_has_its_own_time(seconds):
    call = tables(30, 3, hours=[9.0] * 3)
    heard = []
    found = frontier(
        **call,
        policy=Policy(fairness=Fairness(of="leads")),
        over="band",
        values=[0.5, 0.4],
        time_limit_s=2.0,
        on_progress=lambda one: heard.append(one.stage),
    )
    assert len(found.plans) == 2
    assert all(1.0 < given <= 2.0 for given, _ in seconds)
    assert sum(stage.startswith("search for the plan, 1.") for stage in heard) == 3  # and the one without a band
