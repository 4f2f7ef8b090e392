"""Facts of a desk's book: what happened in a small world, told by its records."""

import numpy as np
import pytest

from leadopt.desk.figures import Period, facts_of_book, metrics, monthly, weekly
from leadopt.lifecycle import commands
from leadopt.lifecycle.records import Conduct
from tests.desk.figures.floors import HOUR
from tests.lifecycle.moments import DAY, moment
from tests.lifecycle.worlds import World

WEEK = Period.weeks("2026-03-02", 1, "Europe/Berlin")


def facts_of(world, **options):
    return facts_of_book(world.book, world.at, **options)


def figures_of(world, period=WEEK):
    return metrics(facts_of(world), period)


@pytest.fixture
def world():
    return World(reps=("ann", "bo", "cy"), max_open=10)


def test_a_lead_is_answered_when_its_rep_follows_up(world):
    lead = world.held("ann")
    world.wait("2 hours")
    world.follow_up(lead, "ann")
    world.held("ann")  # nobody has answered this one
    world.wait("5 hours")
    told = figures_of(world)
    assert told.figure("arrived").value == 2
    assert told.figure("rep_response_median").value == 2.0
    assert told.figure("working_response_median").value == 2.0
    assert told.figure("in_time").n == 0  # three days have not passed
    assert told.figure("utilised").note == ""


def test_a_recall_ends_an_ownership_and_another_begins(world):
    lead = world.held("ann")
    world.run_until("2026-03-08 09:00", step="4 hours")
    facts = facts_of(world)
    assert facts.owned.number.tolist() == [1, 2]
    assert facts.owned.exit == ("recalled", "")
    assert facts.owned.reason[0] == "first"
    told = figures_of(world)
    assert told.figure("recalls").value == 0.5
    assert (told.figure("in_time").value, told.figure("in_time").n) == (0.0, 1)
    by_rep = {one.rep: one for one in told.reps}
    assert (by_rep["ann"].recalled, by_rep["ann"].due, by_rep["ann"].in_time) == (1, 1, 0)
    assert world.owner(lead) != "ann"


def test_an_override_is_told_by_why():
    world = World(reps=("ann", "bo"), max_open=1)
    world.held("ann")
    world.held("ann")  # beyond the cap: the world's managers pass it by a reason
    assert facts_of(world).owned.override == ("", "test")
    assert figures_of(world).figure("overrides").value == 0.5  # of the leads given


def test_a_refusal_is_told_by_its_reason(world):
    lead = world.held("ann")
    world.do(world.by_rep("Refuse", lead, "ann", reason="wrong_segment"))
    report = weekly(facts_of(world), WEEK)
    refused = [line for line in report.lines if line.what == "refused"]
    assert [(line.of, line.reason, line.n) for line in refused] == [("ann", "wrong_segment", 1)]
    assert "1 refused (wrong_segment 1)" in report.summary()


def test_claims_are_counted(world):
    lead = world.pooled()
    world.do(world.by_rep("Claim", lead, "bo"))
    world.wait("1 hours")
    told = figures_of(world)
    assert told.figure("claims").value == 1.0
    assert next(one.claimed for one in told.reps if one.rep == "bo") == 1


def test_wins_complaints_and_the_cycle(world):
    lead = world.held("ann")
    world.wait("3 hours").follow_up(lead, "ann")
    world.wait("2 days").do(world.by_rep("Win", lead, "ann"))
    world.do(world.manager("Complain", lead, rep="ann"))
    world.wait("3 days")
    told = figures_of(world)
    assert told.figure("won").value == 1
    assert told.figure("complaints").value == 1.0
    assert told.figure("cycle").value == pytest.approx(2 + 3 / 24)
    assert told.weeks[0].won == 1


def test_a_bad_lead_is_counted_by_its_source(world):
    lead = world.receive()
    world.do(world.manager("Close", lead, reason="spam"))
    report = weekly(facts_of(world), WEEK)
    assert [(line.of, line.n) for line in report.lines if line.what == "bad"] == [("unknown", 1)]
    assert report.metrics.figure("bad").value == 1


def test_who_is_overdue_is_told_now(world):
    world.held("ann")
    world.goto("2026-03-06 09:00")  # no run has taken it back
    report = weekly(facts_of(world), WEEK)
    assert "1 follow-up is overdue now (ann 1)" in report.summary()
    assert np.isnan(facts_of(world).owned.until[0])


def test_copies_and_what_was_undone_never_were(world):
    one, other = world.held("ann"), world.held("bo")
    world.do(world.manager("Merge", other, into=one))
    facts = facts_of(world)
    assert len(facts.leads.received) == 1
    assert len(facts.owned.since) == 1


def test_leads_taken_over_from_elsewhere_were_not_seen_from_their_arrival(world):
    taken = {"lead": "old", "stage": "working", "owner": "ann", "received_at": world.at - 30 * DAY}
    world.do(commands.Import(by="root", role="admin", **taken))
    facts = facts_of(world)
    assert facts.leads.seen.tolist() == [False]
    told = figures_of(world)
    assert told.figure("arrived").value == 0
    assert told.figure("given").value == 0


def test_idle_is_the_time_before_the_first_follow_up_and_in_the_pool(world):
    lead = world.held("ann")
    world.wait("6 hours").follow_up(lead, "ann")
    world.wait("18 hours")
    assert figures_of(world).figure("idle_share").value == pytest.approx(6 / 24)


def test_a_parked_lead_is_not_open(world):
    lead = world.held("ann")
    world.wait("6 hours")
    world.do(world.manager("Park", lead, until=world.at + 20 * DAY, reason="customer asked"))
    world.wait("2 days")
    facts = facts_of(world)
    assert facts.leads.ended[0] - facts.leads.received[0] == 6 * HOUR


def test_reps_who_left_and_slots_in_use(world):
    for _ in range(4):
        world.held("ann")
    world.wait("7 days")
    world.do(commands.RepLeaves(by="root", role="admin", rep="cy"))
    world.wait("1 hour")
    facts = facts_of(world)
    used = {one.rep: one.used for one in metrics(facts, Period.weeks("2026-03-02", 2, "Europe/Berlin")).reps}
    assert used["ann"] == pytest.approx(4 / 10)  # reps are there from 9 on Monday
    told = metrics(facts, Period.weeks("2026-03-02", 2, "Europe/Berlin"))
    assert told.figure("attrition").n == 3
    assert told.figure("attrition").value > 0


def test_credit_that_was_booked_tells_how_even_it_was():
    world = World(reps=("ann", "bo"), max_open=10)
    for _ in range(6):
        world.place(world.receive())
    world.wait("1 hours")
    told = figures_of(world)
    assert told.figure("gini_leads").value < 0.2
    assert sum(one.received for one in told.reps) == pytest.approx(6.0)
    assert sum(one.entitled for one in told.reps) == pytest.approx(6.0)
    world.goto("2026-04-01 09:00")
    owed = facts_of(world).owed
    assert owed == {rep: pytest.approx(credit) for rep, credit in world.credit().items() if rep != "house"}
    assert dict(monthly(facts_of(world)).owed) == owed


def test_rewards_and_restrictions_are_told_when_they_were_announced_and_lifted(world):
    facts = {"rule": "late", "kind": "restrict", "announced_at": world.at, "starts_at": world.at + DAY}
    world.book.put(Conduct(rep="bo", ended_at=world.at + 8 * DAY, **facts))
    world.wait("15 days")
    told = [weekly(facts_of(world), week).lines for week in Period.weeks("2026-03-02", 2, "Europe/Berlin").each_week()]
    lines = [[(line.what, line.of) for line in week if line.what in ("announced", "lifted")] for week in told]
    assert lines == [[("announced", "bo: late")], [("lifted", "bo: late")]]


def test_reps_are_called_as_people_call_them(world):
    world.held("ann")
    facts = facts_of(world, name_of=str.title)
    assert facts.reps.names == ("Ann", "Bo", "Cy")
    assert moment("2026-03-02 09:00") == facts.leads.received[0]


def test_reps_who_were_gone_before_the_desk_knew_them_did_not_leave_in_its_time(tmp_path):
    from tests.desk.desks import MONDAY, opened

    desk = opened(tmp_path)
    assert desk.import_(history={"rep_id": ["Zoe"], "converted": [1], "at": ["2026-01-05"]}).ok
    desk.clock.now = MONDAY.replace(day=16)
    found = desk.metrics((MONDAY.date(), MONDAY.date().replace(day=15)))
    assert found.figure("attrition").value == 0.0
    assert found.figure("head_count").value == pytest.approx(3 * (14 * 24 - 9) / (14 * 24))  # they came at 9
