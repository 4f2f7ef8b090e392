"""Nothing that is done for a lead brings its deadline nearer, and reports may come in any order."""

import itertools

import pytest

from leadopt.lifecycle import commands
from tests.lifecycle.moments import moment
from tests.lifecycle.worlds import World


def test_a_call_after_lunch_brings_what_was_due_at_lunch_no_nearer():
    world = World()
    lead = world.held("ann")
    world.goto("2026-03-04 12:30").follow_up(lead, "ann")
    assert world.deadline(lead) == "2026-03-18 18:00"
    world.goto("2026-03-04 14:00").follow_up(lead, "ann")
    assert world.deadline(lead) == "2026-03-18 18:00"
    world.goto("2026-03-05 14:00").follow_up(lead, "ann")
    assert world.deadline(lead) == "2026-03-19 14:00"


def test_a_call_on_monday_brings_what_a_mail_on_sunday_promised_no_nearer():
    world = World()
    lead = world.held("ann")
    world.goto("2026-03-08 20:00").follow_up(lead, "ann")
    assert world.deadline(lead) == "2026-03-23 18:00"
    world.goto("2026-03-09 09:00").follow_up(lead, "ann")
    assert world.deadline(lead) == "2026-03-23 18:00"


@pytest.mark.parametrize("hours", [0, 1, 2, 3, 5, 24, 47])
def test_an_absence_shortens_no_deadline(hours):
    world = World(at="2026-03-06 16:30", rules={"follow": {"first_within": "1 day"}})
    lead = world.held("ann")
    assert world.deadline(lead) == "2026-03-09 18:00"
    world.do(
        commands.SetAbsence(
            by="root",
            role="admin",
            rep="ann",
            absence="A1",
            start=moment("2026-03-06 17:00"),
            end=moment("2026-03-06 18:00") + hours * 3_600_000_000,
        )
    )
    assert world.deadline(lead) >= "2026-03-09 18:00"


PAIRS = [("FollowUp", "FollowUp"), *itertools.product(["Win", "Lose"], repeat=2)]


@pytest.mark.parametrize("names", PAIRS)
def test_it_does_not_matter_whose_report_comes_first(names):
    ends = []
    for order in (0, 1), (1, 0):
        world = World()
        lead = world.held("ann")
        world.goto("2026-03-06 20:30")
        for which in order:
            at = moment(("2026-03-06 12:30", "2026-03-06 14:00")[which])
            facts = {"FollowUp": {"kind": "call"}, "Win": {"value": 5.0}, "Lose": {"reason": f"r{which}"}}[names[which]]
            name = getattr(commands, names[which])
            world.do(name(by="crm", role="feed", lead=lead, occurred_at=at, **facts))
        found = world.lead(lead)
        told = (found.stage, found.owner, found.first_at, found.last_at, found.outcome_at, found.value, found.reason)
        ends.append((*told, found.not_before))
    assert ends[0] == ends[1]
