"""`run_due`: what is due happens, once; the clock may go back; messages go out once each."""

from datetime import timedelta

import pytest

from leadopt.errors import InvalidInput
from leadopt.lifecycle.commands import Fire, FireAll
from leadopt.lifecycle.decide import ACTS
from tests.desk.desks import leads, opened, with_leads


def fired(desk):
    return [row["kind"] for row in desk.run_due()]


def test_a_lead_that_nobody_follows_up_is_reminded_escalated_and_recalled(tmp_path):
    desk = with_leads(tmp_path, 1)
    first, told = desk.lead(1).owner, []
    for _ in range(5 * 24):
        desk.clock.move(hours=1)
        told += [(desk.clock.now.strftime("%a %H"), kind) for kind in fired(desk)]
    told = [one for one in told if one[1] not in ("day_began", "told")]
    assert told == [("Wed 08", "reminded"), ("Thu 08", "escalated"), ("Fri 08", "recalled"), ("Fri 08", "assigned")]
    assert desk.lead(1).owner != first
    assert list(desk.lead(1).cooling) == [first]


def test_nothing_fires_twice_when_the_clock_goes_back(tmp_path):
    desk = with_leads(tmp_path, 1)
    desk.clock.move(days=2)
    assert "reminded" in fired(desk)
    for back in (timedelta(seconds=1), timedelta(days=2)):
        desk.clock.now -= back
        assert fired(desk) == []
        assert desk.why(desk.checkpoint().seq).at <= desk.clock.now + timedelta(days=3)
    desk.clock.move(days=2, seconds=1)
    assert fired(desk) == []
    assert desk.verify().ok


def test_what_was_missed_while_nothing_ran_is_told_before_anybody_loses_a_lead(tmp_path):
    desk = with_leads(tmp_path, 1)
    desk.run_due()
    desk.clock.move(days=9)
    kinds = fired(desk)
    assert kinds[0] == "resumed"
    assert [kind for kind in kinds if kind in ("reminded", "escalated", "recalled")] == ["reminded", "escalated"]
    desk.clock.move(days=1)
    assert "recalled" in fired(desk)


def test_an_absence_begins_and_its_leads_go_to_others(tmp_path):
    desk = with_leads(tmp_path, 1)
    who, now = desk.lead(1).owner, desk.clock.now
    assert desk.absence(who, now + timedelta(days=1), now + timedelta(days=20)).ok
    desk.run_due()
    assert desk.lead(1).owner == who
    desk.clock.move(days=1, hours=1)
    assert "absence_began" in fired(desk)
    assert desk.lead(1).owner not in (who, None)
    assert desk.rep(who).away_until == now + timedelta(days=20)
    assert fired(desk) == []


def test_leads_that_are_taken_back_in_one_run_go_to_others_by_one_solution(tmp_path):
    reps = [{"rep_id": one, "max_open": most} for one, most in (("Ann", 2), ("Bo", 1), ("Cy", 1))]
    desk = opened(tmp_path, reps=reps)
    desk.receive(leads(1, 2))
    desk.assign([1, 2], to="Ann")
    desk.run_due()
    for _ in range(5):
        desk.clock.move(days=1)
        desk.run_due()
    assert {desk.lead(1).owner, desk.lead(2).owner} == {"Bo", "Cy"}


def test_a_message_is_there_until_it_is_acknowledged_and_waits_for_working_time(tmp_path):
    desk = opened(tmp_path)
    desk.clock.move(hours=10)  # Monday 19:00 in Berlin
    desk.receive(leads(1))
    desk.place()
    assert list(desk.messages()) == []
    desk.clock.move(hours=14)
    message = desk.messages()[0]
    assert (message["to"], message["kind"], message["lead"]) == (desk.lead(1).owner, "assigned", 1)
    assert desk.ack(message["id"]) == 1
    assert desk.ack([message["id"]]) == 0
    assert list(desk.messages()) == []
    assert desk.rebuild().ok
    assert list(desk.messages()) == []


def test_what_is_no_message_is_refused(tmp_path):
    desk = opened(tmp_path)
    with pytest.raises(InvalidInput, match="messages: must be ids as "):
        desk.ack(["x"])


def test_a_lead_whose_moment_cannot_come_keeps_no_other_waiting(tmp_path, monkeypatch):
    desk = with_leads(tmp_path, 1, 2)
    fire, fire_all = ACTS[Fire], ACTS[FireAll]
    with desk._core.read() as snapshot:
        broken = snapshot.names.lead(1).id

    def of_one(draft, command):
        if command.lead == broken:
            raise InvalidInput("it is broken")
        fire(draft, command)

    def of_all(draft, command):
        if broken in command.leads:
            raise InvalidInput("one is broken")
        fire_all(draft, command)

    monkeypatch.setitem(ACTS, Fire, of_one)
    monkeypatch.setitem(ACTS, FireAll, of_all)
    desk.clock.move(days=2)
    rows = [row for row in desk.run_due() if row["lead"] is not None]
    assert {row["lead"]: row["kind"] for row in rows} == {1: "failed", 2: "reminded"}
    assert "What is due of lead 1 cannot happen: it is broken." in [row["sentence"] for row in rows]
