"""Figures of reps by hand, and what rules announce, lift and leave alone."""

import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.conduct import Counts, counts, figures, in_ramp, together
from leadopt.lifecycle.records import Conduct, Rep
from tests.lifecycle.moments import DAY, moment, shown
from tests.lifecycle.worlds import World

SLOW = {
    "restrict": [
        {
            "name": "slow",
            "when": {"on_time": "< 0.8", "n": ">= 5"},
            "until": {"overdue": "<= 1"},
            "then": {"new_leads": False, "claims_per_day": 0},
        }
    ],
    "recall": {"after": "off"},
}
GOOD = {
    "reward": [{"name": "prompt", "when": {"on_time": ">= 0.55"}, "then": {"entitlement": 1.2, "claims_per_day": 3}}]
}


def counted(world, rep):
    return counts(world.book, rep, world.now)


def test_first_follow_ups_count_from_when_they_were_due():
    world = World(rules={"recall": {"after": "off"}})
    prompt, late, missed, young, refused = (world.held("ann") for _ in range(5))
    world.wait("1 hour").do(world.by_rep("Refuse", refused, "ann", reason="no_time"))
    world.follow_up(prompt, "ann")
    assert counted(world, "ann").due == 0
    world.goto("2026-03-05 15:00").follow_up(late, "ann")
    world.do(world.manager("Protect", young, until=world.at + DAY))
    world.goto("2026-03-06 09:00")
    young = world.held("ann")
    found = counted(world, "ann")
    assert (found.n, found.due, found.on_time, found.overdue) == (6, 4, 1, 2)
    assert missed != young


def test_a_late_report_of_a_prompt_call_is_on_time():
    world = World(rules={"recall": {"after": "off"}})
    lead = world.held("ann")
    world.goto("2026-03-05 16:00")
    call = {"lead": lead, "kind": "call", "occurred_at": moment("2026-03-05 08:00")}
    world.do(commands.FollowUp(by="crm", role="feed", **call))
    assert counted(world, "ann").on_time == 1


def test_after_thirty_days_nothing_of_it_counts():
    world = World()
    lead = world.held("ann")
    world.goto("2026-03-06 10:00").run()
    world.goto("2026-03-07 10:00").run()
    assert world.owner(lead) != "ann"
    assert counted(world, "ann").due == 1
    assert (counted(world.goto("2026-04-04 10:00"), "ann").due, counted(world, "ann").n) == (0, 1)
    assert counted(world.goto("2026-04-07 08:00"), "ann") == Counts()


def test_won_to_expected_adds_up_the_chances_of_what_ended():
    world = World(gains={("x", "ann"): 5.0, ("x", "bo"): 5.0})  # chances are a tenth of gains
    for outcome in ("Win", "Win", "Lose"):
        lead = world.held("ann", segment="x")
        world.do(world.by_rep(outcome, lead, "ann"))
    lead = world.held("bo", segment="x")
    world.do(world.by_rep("Lose", lead, "bo"))
    ann, bo = counted(world, "ann"), counted(world, "bo")
    assert (ann.ended, ann.won, ann.expected) == (3, 2, pytest.approx(1.5))
    team = together([ann, bo])
    by_hand = ((2 + 20 * 0.5) / 23) / ((1.5 + 20 * 0.5) / 23)  # the team won 2 of 4, and 2 were expected
    assert figures(ann, team)["won_to_expected"] == pytest.approx(by_hand)
    assert figures(bo, team)["won_to_expected"] < 1 < figures(ann, team)["won_to_expected"]


def test_what_was_taken_off_a_rep_for_no_doing_of_the_rep_does_not_count():
    world = World(max_open=9)
    for kind in ("Transfer", "Merge", "undo", "absence"):
        lead = world.held("ann")
        if kind == "Transfer":
            world.do(world.manager("Transfer", lead, to="bo"))
        if kind == "Merge":
            world.do(world.manager("Merge", lead, into=world.receive()))
        if kind == "undo":
            world.do(world.manager("Undo", lead, of=world.lead(lead).seq))
        if kind == "absence":
            world.away("ann", "2026-03-02 00:00", "2026-03-30 00:00")
            world.do(world.system("BeginAbsence", absence="A1"))
    assert counted(world, "ann") == Counts()


def test_few_leads_say_little_and_many_speak_for_themselves():
    team = Counts(due=1000, on_time=800)
    rates = [figures(Counts(due=n, on_time=n // 2), team)["on_time"] for n in (0, 2, 200)]
    assert rates == pytest.approx([0.8, (1 + 16) / 22, (100 + 16) / 220])
    nobody = figures(Counts(), Counts())
    assert (nobody["on_time"], nobody["won_to_expected"]) == (1.0, 1.0)


def slow_world(**facts):
    """Return a world in which Ann owns eight leads, all overdue, and Bo as many, all followed up."""
    world = World(["ann", "bo"], rules=SLOW, checked=False, **facts)
    leads = [world.held("ann") for _ in range(8)]
    for _ in range(30):
        world.follow_up(world.held("bo"), "bo")
    world.check()
    world.goto("2026-03-09 06:00")
    return world, leads


def announced(world):
    return world.book.find(Conduct, Where())


def test_a_restriction_is_announced_two_working_days_before_with_what_lifts_it():
    world, _ = slow_world()
    assert "conduct_set" in world.do(world.system("BeginDay"))
    (one,) = announced(world)
    assert (one.rep, one.kind, one.rule, shown(one.starts_at)) == ("ann", "restrict", "slow", "2026-03-11 09:00")
    assert one.figures["on_time"] < 0.8
    told = {message.to: message.body for message in world.messages("conduct")}
    assert told["ann"]["until"] == "overdue <= 1"
    assert set(told) == {"ann", "manager"}
    first, second = world.receive(), world.receive()
    world.do(world.manager("AssignTo", first, to="ann"))  # not yet
    world.goto("2026-03-11 09:00")
    assert world.denied(world.manager("AssignTo", second, to="ann")).code == "restricted"
    world.place(second)
    assert world.owner(second) == "bo"


def test_a_restriction_lasts_until_what_lifts_it_and_is_not_announced_where_that_holds():
    world, leads = slow_world()
    world.do(world.system("BeginDay"))
    for day, done in (("2026-03-10", 3), ("2026-03-12", 7)):
        world.goto(f"{day} 06:00")
        for lead in leads[:done]:
            world.follow_up(lead, "ann")
        kinds = world.do(world.system("BeginDay"))
        assert ("conduct_ended" in kinds) == (done == 7)
    assert announced(world)[0].ended_at == world.at
    assert world.messages("conduct_ended", to="ann")
    world.goto("2026-03-13 06:00")
    assert "conduct_set" not in world.do(world.system("BeginDay"))  # still slow, but nothing is overdue


def test_newcomers_in_ramp_are_left_alone():
    world, _ = slow_world(ramp_days=90.0)
    world.rep("ann", hired_on=moment("2026-01-15 00:00"))
    assert "conduct_set" not in world.do(world.system("BeginDay"))
    world.goto("2026-04-16 06:00")  # 91 days
    assert not in_ramp(world.book.get(Rep, "ann"), world.at, 90.0)
    assert in_ramp(world.book.get(Rep, "ann"), world.at, 92.0)
    assert not in_ramp(Rep(id="dee"), world.at, 92.0)


def test_a_reward_raises_the_share_and_the_claims_while_it_holds():
    world = World(["ann", "bo"], rules={**GOOD, "claim": {"embargo": 0, "per_day": 1}, "recall": {"after": "off"}})
    for _ in range(4):
        world.follow_up(world.held("ann"), "ann")
        world.held("bo")
    world.goto("2026-03-06 06:00").do(world.system("BeginDay"))
    (one,) = announced(world)
    assert (one.rep, one.kind, one.entitlement) == ("ann", "reward", 1.2)
    assert shown(one.starts_at) == "2026-03-10 09:00"
    world.goto("2026-03-10 09:00")
    world.place(lead := world.receive())
    mine = world.ownerships(lead)[0]
    assert mine.entitled["leads"]["ann"] / mine.entitled["leads"]["bo"] == pytest.approx(1.2)
    for _ in range(4):
        world.do(world.by_rep("Claim", world.pooled(), "ann"))
    assert world.denied(world.by_rep("Claim", world.pooled(), "ann")).code == "no_claims_left"


def test_two_rewards_together_stay_within_bounds():
    rewards = [{"name": name, "when": {"n": ">= 1"}, "then": {"entitlement": 1.25}} for name in ("a", "b")]
    world = World(["ann", "bo"], rules={"reward": rewards})
    world.held("ann")
    world.do(world.system("BeginDay"))
    world.goto("2026-03-04 10:00")
    world.place(lead := world.receive())
    shares = world.ownerships(lead)[-1].entitled["leads"]
    assert shares["ann"] / shares["bo"] == pytest.approx(1.25)


def test_conduct_of_a_rule_that_is_there_no_more_ends():
    world, _ = slow_world()
    world.do(world.system("BeginDay"))
    world.do(commands.SetRules(by="root", role="admin", data={"time": {"zone": "Europe/Berlin"}, "review": []}))
    world.goto("2026-03-10 06:00")
    assert "conduct_ended" in world.do(world.system("BeginDay"))


def test_without_rules_nobody_is_rated():
    world = World()
    world.held("ann")
    world.goto("2026-03-10 06:00")
    assert world.do(world.system("BeginDay")) == ["day_began"]


def test_nobody_is_rewarded_for_what_was_not_due_yet():
    """The team's rate stands for whom nothing is known of; where nothing was due at all, that is all in time."""
    world = World(["ann", "bo"], rules=GOOD)
    for _ in range(30):
        world.held("ann")
    world.goto("2026-03-03 06:00")
    assert "conduct_set" not in world.do(world.system("BeginDay"))
