"""What happens by itself: leads placed and taken back, reviews that end, absences and days that begin, gaps."""

import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.events import Resumed
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import moment, shown
from tests.lifecycle.worlds import World

STEADY = {"credit": {"half_life": "off"}}
KEY = [{"name": "key", "where": {"tier": "key"}, "within": "4 working hours"}]


# ---- placing


def test_leads_of_one_command_are_solved_together():
    """One by one, the first lead would take Ann, and the second, which Ann alone is good for, would go to Bo."""
    gains = {("L1", "ann"): 5.0, ("L1", "bo"): 4.0, ("L2", "ann"): 5.0, ("L2", "bo"): 1.0}
    world = World(["ann", "bo"], max_open=1, gains=gains)
    world.receive(), world.receive()
    world.place("L1", "L2")
    assert (world.owner("L1"), world.owner("L2")) == ("bo", "ann")
    (told,) = [event.decision["next"] for _, event in world.book.history("L1") if event.kind == "assigned"]
    assert [(one["rep"], one["gain"], one["why"]) for one in told] == [("ann", 5.0, "worth more with another lead")]


def test_credit_breaks_ties_and_no_more():
    world = World(["ann", "bo"], gains={("y", "ann"): 1.001}, rules=STEADY)
    world.do(world.manager("AdjustCredit", rep="bo", amount=50.0, reason="swap"))
    equal, better = world.receive(segment="x"), world.receive(segment="y")
    world.place(equal, better)
    assert (world.owner(equal), world.owner(better)) == ("bo", "ann")


def test_what_has_moved_on_is_left_where_it_is():
    world = World()
    held, parked, free = world.held("ann"), world.receive(), world.receive()
    world.do(world.manager("Park", parked, until=world.at + 1, reason="not_now"))
    assert world.place(held, parked, free, free) == ["assigned"]
    assert world.do(world.system("Place", leads=())) == []


def test_a_lead_that_nobody_has_room_for_goes_to_the_pool_once():
    world = World(max_open=0)
    lead = world.receive()
    assert world.place(lead) == ["pooled"]
    assert world.place(lead) == []
    world.rep("bo", max_open=1)
    world.place(lead)
    assert world.owner(lead) == "bo"


def test_a_lead_below_the_reserve_stays_in_the_pool():
    world = World(reserve=2.0)
    lead = world.receive()
    assert world.place(lead) == ["pooled"]


# ---- what is due


def test_what_is_not_due_does_not_fire():
    world = World()
    lead = world.held("ann")
    assert world.do(world.system("Fire", lead=lead)) == []
    world.goto("2026-03-06 12:00").follow_up(lead, "ann")
    assert world.do(world.system("Fire", lead=lead)) == []  # the recall was due, and is no more


def test_a_follow_up_that_arrives_late_but_before_the_recall_prevents_it():
    world = World()
    lead = world.held("ann")
    world.run_until("2026-03-06 08:00")
    world.do(commands.FollowUp(by="crm", role="feed", lead=lead, kind="email", occurred_at=moment("2026-03-05 08:30")))
    assert "recalled" not in {kind for _, kind in world.run_until("2026-03-10 09:00")}
    assert world.owner(lead) == "ann"


def test_nobody_is_recalled_without_the_time_of_a_reminder():
    """The desk did not run for three days and a bit: the reminder that goes out late moves the recall."""
    world = World(rules={"recall": {"after": 0}})
    lead = world.held("ann")
    world.goto("2026-03-05 16:00")
    assert world.do(world.system("Fire", lead=lead)) == ["reminded", "escalated"]
    assert world.due(lead) == ("recall", "2026-03-06 16:00")
    world.goto("2026-03-06 16:00")
    assert world.do(world.system("Fire", lead=lead)) == ["recalled", "assigned"]


def test_a_recalled_lead_goes_to_the_pool_where_the_rules_say_so():
    world = World(rules={"recall": {"to": "pool"}})
    lead = world.held("ann")
    world.run_until("2026-03-06 09:00")
    assert (world.stage(lead), world.lead(lead).reason) == (Stage.POOL, None)


def test_a_lead_that_came_back_three_times_goes_to_a_manager_even_so():
    world = World(rules={"recall": {"to": "pool"}, "cool_off": "off"})
    lead = world.held("ann")
    for rep in ("bo", "cy"):
        world.do(world.by_rep("Release", lead, world.owner(lead), reason="no_time"))
        world.do(world.manager("AssignTo", lead, to=rep))
    world.run_until("2026-03-07 09:00")
    assert (world.stage(lead), world.lead(lead).review.rule) == (Stage.REVIEW, "returned")


def test_recalls_of_one_run_are_solved_together():
    gains = {("L1", "bo"): 5.0, ("L1", "cy"): 4.0, ("L2", "bo"): 5.0, ("L2", "cy"): 1.0}
    world = World(max_open=2, gains=gains)
    world.held("ann"), world.held("ann")
    for rep in ("bo", "cy"):
        world.rep(rep, max_open=1)
    world.run_until("2026-03-06 09:00")
    assert (world.owner("L1"), world.owner("L2")) == ("cy", "bo")
    causes = [stamp.cause for lead in ("L1", "L2") for stamp, event in world.book.history(lead)][-1:]
    recalled = [stamp.seq for stamp, event in world.book.history("L2") if event.kind == "recalled"]
    assert causes == recalled  # each lead's own


@pytest.mark.parametrize(
    ("on_timeout", "stage", "owner"), [("assign", Stage.ASSIGNED, "ann"), ("pool", Stage.POOL, None)]
)
def test_when_the_time_of_a_review_is_over_it_goes_on(on_timeout, stage, owner):
    world = World(rules={"review": [{**KEY[0], "on_timeout": on_timeout}]}, gains={("x", "ann"): 9.0})
    world.place(lead := world.receive(segment="x", tier="key"))
    assert world.due(lead) == ("review", "2026-03-02 14:00")  # 4 working hours, lunch at 12
    assert world.goto("2026-03-02 13:59").do(world.system("Fire", lead=lead)) == []
    world.goto("2026-03-02 14:00").run()
    assert (world.stage(lead), world.owner(lead)) == (stage, owner)
    assert world.denied(world.manager("Approve", lead)).code == "wrong_stage"


def test_a_review_that_waits_is_told_of_each_working_day():
    world = World(rules={"review": [{**KEY[0], "on_timeout": "wait"}]})
    world.place(lead := world.receive(tier="key"))
    world.run_until("2026-03-04 09:00")
    assert world.stage(lead) is Stage.REVIEW
    assert [dict(message.body) for message in world.messages("open_leads")] == [{"review": 1}] * 2


def test_a_review_keeps_the_rules_that_it_began_under():
    world = World(rules={"review": KEY})
    world.place(lead := world.receive(tier="key"))
    world.do(commands.SetRules(by="root", role="admin", data={"time": {"zone": "Europe/Berlin"}, "review": []}))
    world.goto("2026-03-02 14:00").run()
    assert world.stage(lead) is Stage.ASSIGNED


# ---- absences


def away(world, end, start="2026-03-02 09:00"):
    world.away("ann", start, end)
    return world.do(world.system("BeginAbsence", absence="A1"))


def test_a_long_absence_gives_all_leads_to_others_and_a_short_one_what_cannot_wait():
    for end, kept in (("2026-03-06 09:00", 1), ("2026-03-16 09:00", 0)):
        world = World(rules=STEADY)
        soon, begun = world.held("ann"), world.held("ann")
        world.follow_up(begun, "ann")
        away(world, end)
        assert world.load("ann") == kept
        assert world.owner(soon) != "ann"
        assert world.credit()["ann"] == pytest.approx(-2 / 3 * kept)
        assert "ann" not in world.lead(soon).cooling  # nobody's fault
        assert away(world, end) == []  # once


def test_leads_that_nobody_can_take_stay_and_their_deadline_waits():
    world = World(["ann", "bo"], max_open=1)
    lead = world.held("ann")
    world.held("bo")
    assert away(world, "2026-03-16 09:00") == ["absence_began"]
    assert (world.owner(lead), world.deadline(lead)) == ("ann", "2026-03-19 18:00")
    world.run_until("2026-03-16 08:00", step="4 hours")
    assert world.owner(lead) == "ann"


def test_an_absence_that_is_longer_than_it_was_is_looked_at_again():
    world = World()
    lead = world.held("ann")
    away(world, "2026-03-03 09:00")
    assert world.owner(lead) == "ann"
    world.away("ann", "2026-03-02 09:00", "2026-03-30 09:00")
    assert "reassigned" in world.do(world.system("BeginAbsence", absence="A1"))


def test_an_absence_begins_when_it_does():
    world = World()
    world.held("ann")
    assert away(world, "2026-03-16 09:00", start="2026-03-03 09:00") == []
    assert world.denied(world.system("BeginAbsence", absence="A9")).code == "not_found"
    world.do(
        commands.SetAbsence(
            by="root",
            role="admin",
            rep="ann",
            absence="A1",
            start=moment("2026-03-03 09:00"),
            end=moment("2026-03-16 09:00"),
            cancelled=True,
        )
    )
    assert world.goto("2026-03-04 09:00").do(world.system("BeginAbsence", absence="A1")) == []
    assert world.load("ann") == 1


def test_key_accounts_of_who_is_away_go_to_a_manager_first():
    world = World(rules={"review": KEY})
    world.receive("L1", tier="key")
    world.do(world.manager("AssignTo", "L1", to="ann"))
    away(world, "2026-03-16 09:00")
    assert (world.stage("L1"), world.lead("L1").review.rep in ("bo", "cy")) == (Stage.REVIEW, True)


# ---- days and gaps


def test_a_day_begins_once_and_managers_hear_on_working_days_without_a_plan():
    world = World()
    world.receive()
    assert world.do(world.system("BeginDay")) == ["day_began"]  # it came today
    assert world.goto("2026-03-03 06:00").do(world.system("BeginDay")) == ["day_began", "told"]
    assert world.goto("2026-03-03 18:00").do(world.system("BeginDay")) == []
    (message,) = world.messages("open_leads")
    assert (message.to, shown(message.not_before)) == ("manager", "2026-03-03 09:00")
    assert world.goto("2026-03-07 06:00").do(world.system("BeginDay")) == ["day_began"]  # Saturday
    world.goto("2026-03-09 06:00").do(world.system("StartPlan", plan="P1", leads=1, placed=0))
    world.do(world.system("FinishPlan", plan="P1", applied=0, skipped=0))
    assert world.do(world.system("BeginDay")) == ["day_began"]
    assert world.goto("2026-03-08 06:00").do(world.system("BeginDay")) == []  # a clock that goes back


def test_managers_hear_of_held_leads_whose_periods_are_off():
    world = World(rules={"follow": {"first_within": "off", "next_within": "off"}})
    world.held("ann")
    world.goto("2026-03-03 06:00").do(world.system("BeginDay"))
    assert [dict(message.body) for message in world.messages("open_leads")] == [{"assigned": 1}]


def test_after_a_gap_of_more_than_a_day_and_a_reminder_no_recall_before_a_reminder_has_passed():
    world = World()
    lead = world.held("ann")
    world.run_until("2026-03-05 10:00")
    last_run = world.at
    world.goto("2026-03-09 10:00")
    assert world.do(world.system("Resume", last_run=last_run)) == ["resumed"]
    assert world.run() == ["day_began"]
    assert world.due(lead) == ("recall", "2026-03-10 10:00")
    assert ("2026-03-10 10:00", "recalled") in world.run_until("2026-03-10 10:00")


def test_a_short_gap_is_none():
    world = World()
    for end, kinds in (("2026-03-04 09:00", []), ("2026-03-04 09:01", ["resumed"])):
        assert world.goto(end).do(world.system("Resume", last_run=moment("2026-03-02 09:00"))) == kinds
    resumed = [event for _, event in world.book.log() if isinstance(event, Resumed)]
    assert shown(resumed[0].hold_until) == "2026-03-05 09:01"
    off = World(rules={"follow": {"remind_before": "off"}})
    assert off.goto("2026-06-01 09:00").do(off.system("Resume", last_run=moment("2026-03-02 09:00"))) == []


def test_a_desk_that_was_down_for_four_days_recalls_nobody_without_notice():
    world = World()
    leads = [world.held("ann") for _ in range(3)]
    world.goto("2026-03-10 09:00")
    world.do(world.system("Resume", last_run=moment("2026-03-02 09:00")))
    assert sorted(world.run()) == ["day_began", *["escalated"] * 3, *["reminded"] * 3]
    assert {world.due(lead) for lead in leads} == {("recall", "2026-03-11 09:00")}
