"""An act is taken back: the lead is as before, credit and claims too, and both acts stay in the log."""

import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.records import Account, Rep
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import DAY, shown
from tests.lifecycle.worlds import World

STEADY = {"credit": {"half_life": "off"}}
KEPT = ("version", "seq", "not_before", "look_at")  # of what undo does not put back as it was


def facts(lead):
    return {name: getattr(lead, name) for name in lead.__dataclass_fields__ if name not in KEPT}


def last(world, lead, kind):
    """Return the sequence number of the last event of a kind that a lead had."""
    return [stamp.seq for stamp, event in world.book.history(lead) if event.kind == kind][-1]


def undo(world, lead, kind):
    return world.manager("Undo", lead, of=last(world, lead, kind))


ACTS = {
    "transferred": lambda world, lead: world.manager("Transfer", lead, to="bo"),
    "parked": lambda world, lead: world.manager("Park", lead, until=world.at + DAY, reason="not_now"),
    "closed": lambda world, lead: world.manager("Close", lead, reason="spam"),
    "protected": lambda world, lead: world.manager("Protect", lead, until=world.at + DAY),
    "complained": lambda world, lead: commands.Complain(by="eve", role="manager", lead=lead),
    "refused": lambda world, lead: world.by_rep("Refuse", lead, "ann", reason="mistake"),
    "released": lambda world, lead: world.by_rep("Release", lead, "ann", reason="mistake"),
    "won": lambda world, lead: world.by_rep("Win", lead, "ann", value=5.0),
    "lost": lambda world, lead: world.by_rep("Lose", lead, "ann"),
    "changed": lambda world, lead: commands.Change(by="eve", role="manager", lead=lead, columns={"segment": "y"}),
    "reassigned": lambda world, lead: world.manager("Relieve", rep="ann"),
}


@pytest.mark.parametrize("kind", ACTS)
def test_undo_of_any_act_restores_the_lead_its_ownership_credit_and_loads(kind):
    world = World(rules=STEADY, never={("y", "ann")})
    lead = world.held("ann", segment="x", account="acme")
    before, credit, owned = world.lead(lead), world.credit(), world.ownerships(lead)
    loads = [(rep.open, rep.kept) for rep in world.book.find(Rep, Where())]
    account = world.book.get(Account, "acme")
    world.wait("1 hour").do(ACTS[kind](world, lead))
    assert facts(world.lead(lead)) != facts(before)
    world.wait("1 hour").do(undo(world, lead, kind))
    assert facts(world.lead(lead)) == facts(before)
    assert [one for one in world.ownerships(lead) if one.exit != "undone"] == owned
    assert world.credit() == pytest.approx({**dict.fromkeys(world.credit(), 0.0), **credit})
    assert [(rep.open, rep.kept) for rep in world.book.find(Rep, Where())] == loads
    assert (world.book.get(Account, "acme").owner, account.owner) == ("ann", "ann")


def test_deadlines_are_as_before_but_leave_time_for_a_reminder():
    world = World()
    lead, other = world.held("ann"), world.held("ann")
    for one in (lead, other):
        world.do(world.manager("Transfer", one, to="bo"))
    world.wait("1 hour").do(undo(world, lead, "transferred"))
    assert world.deadline(lead) == "2026-03-05 09:00"
    world.goto("2026-03-04 14:00").do(undo(world, other, "transferred"))
    assert world.deadline(other) == "2026-03-05 14:00"


def test_undo_of_a_claim_gives_the_claim_back():
    world = World(rules={"claim": {"embargo": 0, "per_day": 1}})
    lead, other = world.pooled(), world.pooled()
    world.do(world.by_rep("Claim", lead, "ann"))
    assert world.denied(world.by_rep("Claim", other, "ann")).code == "no_claims_left"
    world.do(undo(world, lead, "assigned"))
    assert world.stage(lead) is Stage.POOL
    world.do(world.by_rep("Claim", other, "ann"))
    assert world.owner(other) == "ann"


def test_undo_of_a_recall_and_of_the_rep_who_got_the_lead_then():
    world = World()
    lead = world.held("ann")
    world.run_until("2026-03-06 09:00")
    assert world.owner(lead) != "ann"
    world.do(undo(world, lead, "assigned"))  # any event of the act
    assert (world.owner(lead), world.lead(lead).cooling, world.lead(lead).returned) == ("ann", {}, 0)
    assert world.deadline(lead) == "2026-03-09 18:00"  # a day from now, which is Saturday


def test_messages_alone_do_not_stand_in_the_way():
    world = World()
    lead = world.held("ann")
    world.do(world.manager("Transfer", lead, to="bo"))
    assert ("2026-03-04 09:00", "reminded") in world.run_until("2026-03-04 10:00")
    world.do(undo(world, lead, "transferred"))
    assert world.owner(lead) == "ann"
    (lost_it,) = world.messages("undone")
    (has_it,) = world.messages("given_back")
    assert (lost_it.to, has_it.to) == ("bo", "ann")


def test_what_something_followed_is_not_undone():
    world = World()
    lead = world.held("ann")
    world.do(world.manager("Transfer", lead, to="bo"))
    of = last(world, lead, "transferred")
    world.follow_up(lead, "bo")
    denied = world.denied(world.manager("Undo", lead, of=of))
    assert denied.code == "changed_since"
    assert "followed up" in denied.sentence


@pytest.mark.parametrize("kind", ["received", "followed_up", "erased", "undone", "reminded"])
def test_what_is_for_good_is_not_undone(kind):
    world = World()
    lead = world.held("ann")
    if kind == "followed_up":
        world.follow_up(lead, "ann")
    if kind == "erased":
        world.do(commands.Erase(by="root", role="admin", lead=lead))
    if kind == "undone":
        world.do(world.manager("Transfer", lead, to="bo"))
        world.do(undo(world, lead, "transferred"))
    if kind == "reminded":
        world.run_until("2026-03-04 10:00")
    assert world.denied(undo(world, lead, kind)).code == "not_undoable"


def test_what_a_feed_reported_is_not_undone():
    world = World()
    lead = world.held("ann")
    world.do(commands.Win(by="crm", role="feed", lead=lead))
    assert world.denied(undo(world, lead, "won")).code == "not_undoable"
    assert world.denied(world.manager("Undo", lead, of=999)).code == "not_found"


@pytest.mark.parametrize("why", ["left", "absent", "full"])
def test_a_lead_is_not_given_back_to_who_cannot_have_it(why):
    world = World(max_open=1)
    lead = world.held("ann")
    world.do(world.manager("Transfer", lead, to="bo"))
    of = last(world, lead, "transferred")
    if why == "left":
        world.do(commands.RepLeaves(by="root", role="admin", rep="ann"))
    if why == "absent":
        world.away("ann", "2026-03-01 00:00", "2026-03-30 00:00")
    if why == "full":
        world.held("ann")
    assert world.denied(world.manager("Undo", lead, of=of)).code == why


def test_undo_of_the_first_assignment_leaves_an_account_to_its_earlier_owner():
    world = World()
    first = world.held("ann", account="acme")
    world.do(world.by_rep("Win", first, "ann"))
    second = world.receive(account="acme")
    world.do(world.manager("Transfer", second, to="bo"))
    assert world.book.get(Account, "acme").owner == "bo"
    world.do(undo(world, second, "transferred"))
    assert world.book.get(Account, "acme").owner == "ann"
    third = world.receive(account="new")
    world.do(world.manager("AssignTo", third, to="cy"))
    world.do(undo(world, third, "assigned"))
    fourth = world.receive(account="new")
    assert world.owner(fourth) is None


def test_a_review_that_is_restored_leaves_time_before_it_is_over():
    world = World(rules={"review": [{"name": "key", "where": {"tier": "key"}, "within": "1 hour"}]})
    lead = world.receive(tier="key")
    world.place(lead)
    world.do(world.manager("Decline", lead, reason="no"))
    world.wait("9 hours").do(undo(world, lead, "review_ended"))
    assert (world.stage(lead), world.due(lead)) == (Stage.REVIEW, ("review", "2026-03-03 18:00"))


def test_half_faded_credit_is_as_if_the_act_had_never_been():
    one, other = World(), World()
    for world in (one, other):
        lead = world.held("ann")
        world.wait("45 days")
    one.do(one.manager("Transfer", lead, to="bo"))
    one.do(undo(one, lead, "transferred"))
    assert one.credit() == pytest.approx(other.credit())
    assert one.credit()["ann"] == pytest.approx(-2 / 3 * 0.5**0.5, rel=1e-3)  # 45 of 90 days, one of 23 hours


def test_a_batch_is_many_undos_each_answered():
    world = World(rules=STEADY)
    leads = [world.receive() for _ in range(3)]
    world.place(*leads)
    world.follow_up(leads[1], world.owner(leads[1]))
    world.do(undo(world, leads[0], "assigned"))
    world.denied(undo(world, leads[1], "assigned"))
    world.do(undo(world, leads[2], "assigned"))
    assert [world.stage(lead) for lead in leads] == [Stage.NEW, Stage.WORKING, Stage.NEW]
    assert shown(world.at) == "2026-03-02 09:00"
