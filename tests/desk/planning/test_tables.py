"""What the desk knows of leads and reps counts in a plan: room, absences, bars, conduct, hours, newcomers, minimums."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from leadopt import Fairness, NewcomerQuota, Policy, assign
from leadopt.desk.planning.bars import CODES, bars_of
from leadopt.desk.planning.decisions import decisions_of
from leadopt.desk.planning.plans import DeskPlan, carried_by, make_plan
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.records import Conduct, Rep
from leadopt.policy import exclude, match
from tests.desk.planning.floors import DAY, MONDAY, NOTHING_FADES, Floor, called

TWO: Mapping[str, int | None] = {"R-a": 9, "R-b": 9}


def loads(plan: DeskPlan) -> dict[str, int]:
    return {rep.id: int(n) for rep, n in zip(plan.reps, plan.n_leads_of_rep, strict=True)}


def rep_of(plan: DeskPlan) -> dict[str, str | None]:
    answer = zip(plan.leads, plan.rep_of_lead.tolist(), strict=True)
    return {lead.id: None if rep < 0 else plan.reps[rep].id for lead, rep in answer}


def floor_of(
    n_leads: int = 6, *, policy: Policy | None = None, caps: Any = None, reps: Mapping[str, int | None] = TWO
) -> Floor:
    settings = NOTHING_FADES if caps is None else {**NOTHING_FADES, "caps": caps}
    floor = Floor(policy=policy or Policy(), settings=settings)
    floor.reps(**reps)
    for number in range(n_leads):
        floor.receive(f"L-{number}", value=float(10 + number))
    return floor


def test_it_is_the_plan_of_assign_for_the_same_tables() -> None:
    rng = np.random.default_rng(5)
    policy = Policy(segment_by=("industry",), eligibility=(match("team"),), fairness=Fairness(weight=5.0))
    floor = Floor(policy=policy)
    for rep in ("R-a", "R-b", "R-c"):
        floor.rep(rep, max_open=30, columns={"team": str(rng.choice(["x", "y"]))})
    for number in range(60):
        cells = {"industry": str(rng.choice(["steel", "wood"])), "value": float(rng.integers(1, 99))}
        floor.receive(f"L-{number}", **cells, team=str(rng.choice(["x", "y"])))
    floor.learn()
    floor.apply(floor.plan())
    for number in range(40):
        lead, kind = f"L-{number}", commands.Win if rng.random() < 0.4 else commands.Lose
        if floor.lead(lead).is_held:
            floor.act(kind, lead=lead)
    for number in range(20):
        floor.receive(f"L-new-{number}", industry=str(rng.choice(["steel", "wood"])), value=float(number), team="x")
    floor.learn()
    plan = floor.plan()
    leads = [{"lead_id": called(lead.id), **lead.columns} for lead in plan.leads]
    reps = [
        {
            "rep_id": called(rep.id),
            **rep.columns,
            "max_open": rep.max_open,
            "open_leads": rep.open,
            "credit": floor.owed()[rep.id],
        }
        for rep in plan.reps
    ]
    same = assign(leads, reps, affinity=floor.learned.model, policy=policy, now=floor.rules.calendar.day(floor.now))
    assert plan.objective == pytest.approx(same.objective)
    assert plan.report().splitlines()[2:8] == same.report().splitlines()[2:8]
    assert plan.status == "OPTIMAL"


def test_open_leads_and_kept_slots_take_room() -> None:
    floor = floor_of(4, reps={"R-a": 5, "R-b": 1})
    floor.apply(floor.plan())
    for number in range(4):
        floor.receive(f"L-more-{number}", value=1.0)
    assert sum(loads(floor.plan()).values()) == 2  # of six slots four are taken
    first = next(rep for rep in floor.book.find(Rep, Where()) if rep.id == "R-a")
    floor.book.put(replace(first, kept=1))
    assert sum(loads(floor.plan()).values()) == 1


def test_what_is_left_of_the_day_is_room() -> None:
    floor = floor_of(9, caps={"per_day": 2}, reps={"R-a": 9, "R-b": 1})
    assert loads(floor.plan()) == {"R-a": 2, "R-b": 1}
    floor.apply(floor.plan())
    floor.receive("L-late", value=1.0)
    assert loads(floor.plan()) == {"R-a": 0, "R-b": 0}
    floor.now += DAY
    assert loads(floor.plan()) == {"R-a": 2, "R-b": 0}


def test_without_any_cap_everybody_has_room() -> None:
    assert sum(loads(floor_of(7, reps={"R-a": None, "R-b": None}).plan()).values()) == 7
    assert sum(loads(floor_of(7, reps={"R-a": None, "R-b": 1}).plan()).values()) == 7


def test_the_capacity_of_a_batch_that_a_user_names_is_kept() -> None:
    floor = floor_of(9)
    floor.rep("R-a", max_open=9, columns={"capacity": 2.0})
    floor.rep("R-b", max_open=1, columns={"capacity": 5.0})
    assert loads(floor.plan()) == {"R-a": 2, "R-b": 1}


def test_who_is_away_gets_nothing_and_is_told_so() -> None:
    floor = floor_of(2)
    floor.act(commands.SetAbsence, rep="R-a", absence="A-1", start=floor.now, end=floor.now + DAY)
    plan = floor.plan()
    assert loads(plan)["R-a"] == 0
    assert next(iter(decisions_of(plan))).told["barred"] == {"absent": 1}
    floor.now += DAY
    assert loads(floor.plan())["R-a"] == 1


@pytest.mark.parametrize("bar", ["refused", "complained", "cooling"])
def test_bars_hold_and_say_why(bar: str) -> None:
    floor = floor_of(1, reps={"R-a": 9, "R-b": 9})
    floor.act(commands.AssignTo, lead="L-0", to="R-a")
    given = {"lead": "L-0", "by": "R-a"}
    if bar == "refused":
        floor.act(commands.Refuse, **given, reason="wrong_segment")
    elif bar == "complained":
        floor.act(commands.Complain, lead="L-0")
    else:
        floor.act(commands.Release, **given, reason="no_time")
    if floor.lead("L-0").is_held:  # placed again, with somebody else: make it free once more
        assert floor.lead("L-0").owner == "R-b"
        floor.act(commands.Release, lead="L-0", by="R-b", reason="no_time")
    plan = floor.plan()
    assert rep_of(plan)["L-0"] in (None, "R-b")
    codes = floor_codes(plan)
    assert bar in codes
    words = [verdict.words for verdict in plan.case.rules if verdict.excludes]
    assert f"user's R-a ({CODES[bar]})" in words[0][0]


def floor_codes(plan: DeskPlan) -> set[str]:
    reps = frozenset(rep.id for rep in plan.reps)
    return {code for lead in plan.leads for _, code in bars_of(lead, reps, plan.at)}


def test_a_cool_off_ends() -> None:
    floor = floor_of(1, reps={"R-a": 9})
    floor.act(commands.AssignTo, lead="L-0", to="R-a")
    floor.act(commands.Release, lead="L-0", by="R-a", reason="no_time")
    assert rep_of(floor.plan())["L-0"] is None
    floor.now += 15 * DAY
    assert rep_of(floor.plan())["L-0"] == "R-a"


def conduct(floor: Floor, rep: str, **effect: Any) -> None:
    floor.book.put(
        Conduct(rep=rep, rule="a rule", kind="reward", announced_at=floor.now, starts_at=floor.now, **effect)
    )


@pytest.mark.parametrize("entitlement", ["capacity", "equal", "performance", "weight"])
def test_conduct_multiplies_what_a_rep_is_entitled_to(entitlement: str) -> None:
    policy = Policy(fairness=Fairness(entitlement=entitlement, low=1.0, high=1.0))
    floor = floor_of(27, policy=policy)
    for rep in ("R-a", "R-b"):
        floor.rep(rep, max_open=40, columns={"weight": 1.0})
    conduct(floor, "R-a", entitlement=1.25)
    assert loads(floor.plan()) == {"R-a": 15, "R-b": 12}


def test_a_restriction_takes_all_new_leads() -> None:
    floor = floor_of(4)
    conduct(floor, "R-a", new_leads=False)
    plan = floor.plan()
    assert loads(plan) == {"R-a": 0, "R-b": 4}
    assert next(iter(decisions_of(plan))).told["barred"] == {"restricted": 1}


def test_hours_count_open_work() -> None:
    policy = Policy()
    floor = Floor(policy=policy)
    for rep in ("R-a", "R-b"):
        floor.rep(rep, columns={"hours": 10.0})
    for number in range(4):
        floor.receive(f"L-{number}", value=1.0, effort=4.0)
    plan = floor.plan()
    assert loads(plan) == {"R-a": 2, "R-b": 2}
    floor.apply(plan)
    for number in range(4):
        floor.receive(f"L-more-{number}", value=1.0, effort=2.0)
    assert loads(floor.plan()) == {"R-a": 1, "R-b": 1}


def test_newcomers_are_known_by_the_day_on_which_they_were_hired() -> None:
    policy = Policy(newcomers=NewcomerQuota(share=0.5, tenure_days=30, ramp_days=20))
    floor = Floor(policy=policy)
    for number in range(8):
        floor.receive(f"L-{number}", value=1.0)
    floor.rep("R-old", max_open=9, hired_on=MONDAY - 400 * DAY)
    floor.rep("R-new", max_open=8, hired_on=MONDAY - 10 * DAY)
    plan = floor.plan()
    assert loads(plan) == {"R-old": 4, "R-new": 4}  # half of 8 slots, as half of the ramp is behind


def test_minimums_and_bands_of_the_policy_hold() -> None:
    policy = Policy(fairness=Fairness(low=0.5, high=1.5))
    floor = floor_of(10, policy=policy)
    floor.rep("R-a", max_open=20, columns={"min_leads": 7.0})
    floor.rep("R-b", max_open=20, columns={"min_leads": 0.0})
    assert loads(floor.plan())["R-a"] == 7


def test_the_oldest_come_first_and_leads_that_wait_do_not_come() -> None:
    floor = floor_of(3)
    floor.book.put(replace(floor.lead("L-1"), waits_for="R-a", waits_until=floor.now + DAY))
    assert [lead.id for lead in floor.plan().leads] == ["L-0", "L-2"]
    floor.now += DAY
    assert [lead.id for lead in floor.plan().leads] == ["L-0", "L-1", "L-2"]


def test_pairs_that_a_policy_excludes_count_where_both_are_here() -> None:
    pairs = [(called("L-0"), called("R-a")), ("elsewhere", called("R-a")), (called("L-0"), "nobody")]
    floor = floor_of(2, policy=Policy(eligibility=(exclude(pairs),)))
    assert rep_of(floor.plan())["L-0"] == "R-b"


def test_what_a_setting_names_and_no_lead_has_is_missing() -> None:
    floor = floor_of(2, policy=Policy(segment_by=("industry",), eligibility=(match("team"),)))
    floor.rep("R-a", max_open=2, columns={"team": "x"})
    assert sum(loads(floor.plan()).values()) == 2


def test_leads_of_one_name_are_called_by_their_ids() -> None:
    floor = floor_of(2)
    plan = floor.plan()
    same = make_plan(floor.book, lambda key: "one name", floor.policy, floor.learned, floor.now, plan_id="P-9")
    assert same.case.lead_ids == tuple(lead.id for lead in plan.leads)


def test_an_empty_desk_has_an_empty_plan() -> None:
    floor = floor_of(0)
    plan = floor.plan()
    assert plan.summary().startswith("0 of 0 leads placed")
    assert floor.apply(plan) == {}
    alone = Floor()
    alone.receive("L-0", value=1.0)
    assert rep_of(alone.plan()) == {"L-0": None}


@pytest.mark.parametrize("entitlement", ["equal", "weight"])
def test_on_a_day_on_which_nobody_who_shares_has_room_there_is_a_plan(entitlement: str) -> None:
    floor = Floor(policy=Policy(fairness=Fairness(entitlement=entitlement)))
    floor.rep("R-a", max_open=0, columns={"weight": 1.0})
    for rep, most in (("R-out", 5), ("R-too", 1)):
        floor.rep(rep, max_open=most, columns={"weight": 0.0, "in_fairness": False})
    for number in range(4):
        floor.receive(f"L-{number}", value=1.0)
    plan = floor.plan()
    assert sum(loads(plan).values()) == 4
    assert "fairness is left out of this plan: nobody who shares has room now" in plan.notes
    floor.apply(plan)
    assert floor.owed() == {"R-a": 0.0, "R-out": 0.0, "R-too": 0.0}


def test_a_minimum_is_one_of_a_day_and_gives_way_where_there_are_few_leads() -> None:
    floor = floor_of(10)
    for rep, least in (("R-a", 6.0), ("R-b", 2.0)):
        floor.rep(rep, max_open=20, columns={"min_leads": least})
    floor.apply(floor.plan())
    assert {rep: floor.book.get(Rep, rep).received >= least for rep, least in (("R-a", 6), ("R-b", 2))}  # type: ignore[union-attr]
    floor.receive("L-late", value=1.0)
    assert sum(loads(floor.plan()).values()) == 1  # the minimums of today are met
    floor.apply(floor.plan())
    floor.now += DAY
    for number in range(4):
        floor.receive(f"L-next-{number}", value=1.0)
    plan = floor.plan()
    assert loads(plan)["R-a"] >= 3  # 4 leads for minimums of 8: half of each
    assert loads(plan)["R-b"] == 4 - loads(plan)["R-a"]


def test_a_lead_without_effort_takes_as_long_as_usual() -> None:
    floor = Floor()
    floor.rep("R-a", columns={"hours": 6.0})
    for number, known in enumerate([{"effort": 3.0}, {}, {"effort": 3.0}]):
        floor.receive(f"L-{number}", value=1.0, **known)
    assert loads(floor.plan()) == {"R-a": 2}
    alone = Floor()
    alone.rep("R-a", columns={"hours": 6.0})
    alone.receive("L-0", value=1.0)
    assert loads(alone.plan()) == {"R-a": 1}


def test_a_capacity_of_half_a_lead_is_one_every_other_plan() -> None:
    floor, carried, had = Floor(), dict[str, float](), 0
    floor.rep("R-a", max_open=50, columns={"capacity": 0.5})
    for day in range(6):
        floor.receive(f"L-{day}", value=1.0)
        plan = floor.plan(carried=carried)
        carried = carried_by(plan)
        floor.apply(plan)
        had += loads(plan)["R-a"]
    assert had == 3
