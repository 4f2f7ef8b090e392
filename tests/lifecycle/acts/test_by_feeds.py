"""What feeds report, where two of them differ."""

from leadopt.lifecycle import commands
from tests.lifecycle.moments import moment
from tests.lifecycle.worlds import World


def test_a_win_of_another_rep_is_no_win_of_the_owner():
    world = World()
    lead = world.held("ann")
    world.do(commands.Win(by="crm", role="feed", lead=lead, rep="bo", value=5.0))
    assert world.lead(lead).owner == "bo"
    assert [(one.rep, one.outcome) for one in world.ownerships(lead)] == [("ann", None)]


def test_of_two_outcomes_the_later_one_stands_and_counts_once():
    world = World()
    lead = world.held("ann")
    world.goto("2026-03-02 12:00").do(world.manager("Transfer", lead, to="bo"))
    world.goto("2026-03-02 15:00")
    for kind, rep, at, done in (
        ("Lose", None, "14:00", ["lost"]),
        ("Win", "ann", "13:30", []),
        ("Win", "ann", "14:30", ["won"]),
        ("Win", "ann", "14:30", []),
    ):
        facts = {"occurred_at": moment(f"2026-03-02 {at}"), **({"rep": rep} if rep else {})}
        assert world.do(getattr(commands, kind)(by="crm", role="feed", lead=lead, **facts)) == done
    assert [(one.rep, one.outcome) for one in world.ownerships(lead)] == [("ann", "won"), ("bo", None)]
