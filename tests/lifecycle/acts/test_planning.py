"""A plan is applied: what changed since is skipped with why, and going on after a crash changes nothing twice."""

import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import DAY
from tests.lifecycle.worlds import World

SHARES = {"entitled": {"leads": {"ann": 0.5, "bo": 0.25, "cy": 0.25}}, "received": {"leads": 1.0}}


def planned(world, lead, rep, **facts):
    return world.system("ApplyPlanned", lead=lead, rep=rep, plan="P1", **facts)


def test_a_plan_says_why_and_books_what_it_shared():
    world = World()
    lead = world.receive()
    decision = {"gain": 3.0, "chance": 0.25, "next": [{"rep": "bo", "gain": 2.0}]}
    world.do(planned(world, lead, "ann", decision=decision, **SHARES))
    assert world.credit() == {"ann": -0.5, "bo": 0.25, "cy": 0.25}
    assert world.lead(lead).via == "plan"
    (mine,) = world.ownerships(lead)
    assert mine.chance == 0.25
    event = next(event for _, event in world.book.history(lead) if event.kind == "assigned")
    assert (event.decision["plan"], event.decision["next"][0]["rep"]) == ("P1", "bo")


def test_shares_that_do_not_add_up_are_denied():
    world = World()
    lead = world.receive()
    shares = {"entitled": {"leads": {"ann": 0.5}}, "received": {"leads": 1.0}}
    assert world.denied(planned(world, lead, "ann", **shares)).code == "unbalanced"


CHANGES = {
    "conflict": lambda world, lead: commands.Change(by="crm", role="feed", lead=lead, columns={"segment": "y"}),
    "wrong_stage": lambda world, lead: world.manager("Park", lead, until=world.at + DAY, reason="not_now"),
    "complained": lambda world, lead: commands.Complain(by="eve", role="manager", lead=lead, rep="ann"),
    "left": lambda world, lead: commands.RepLeaves(by="root", role="admin", rep="ann"),
    "full": lambda world, lead: commands.SetRep(by="root", role="admin", rep="ann", max_open=0),
    "not_found": lambda world, lead: commands.SetRep(by="root", role="admin", rep="dee"),
}


@pytest.mark.parametrize("code", CHANGES)
def test_what_changed_since_the_plan_is_skipped_with_why(code):
    world = World()
    lead = world.receive()
    version = world.lead(lead).version
    world.do(CHANGES[code](world, lead))
    expect = version if code == "conflict" else None
    rep = "zoe" if code == "not_found" else "ann"
    assert world.denied(planned(world, lead, rep, expect=expect)).code == code


def test_a_key_account_of_a_plan_goes_to_review_and_from_there_to_its_rep():
    world = World(rules={"review": [{"name": "key", "where": {"tier": "key"}}]})
    lead = world.receive(tier="key")
    assert world.do(planned(world, lead, "cy", decision={"next": []})) == ["review_asked"]
    world.do(world.manager("Approve", lead))
    assert world.owner(lead) == "cy"


def test_what_a_plan_gives_nobody_goes_to_the_pool_with_why_or_stays():
    world = World()
    stays, goes, pooled = world.receive(), world.receive(), world.pooled()
    assert world.do(planned(world, stays, None)) == []
    assert world.do(planned(world, goes, None, why="full")) == ["pooled"]
    assert world.do(planned(world, pooled, None, why="full")) == []
    assert (world.stage(stays), world.stage(goes)) == (Stage.NEW, Stage.POOL)
    assert next(event.why for _, event in world.book.history(goes) if event.kind == "pooled") == "full"


def test_what_no_one_may_have_goes_to_a_manager():
    world = World(never={("y", rep) for rep in ("ann", "bo", "cy")})
    lead = world.receive(segment="y")
    assert world.do(planned(world, lead, None)) == ["review_asked"]
    assert dict(world.lead(lead).review.offer["barred"]) == {"not_eligible": 3}


def test_a_plan_begins_and_ends_once():
    world = World()
    start = world.system("StartPlan", plan="P1", leads=2, placed=1, facts={"gap": 0.0})
    finish = world.system("FinishPlan", plan="P1", applied=1, skipped=0)
    assert [world.do(command) for command in (start, start, finish, finish)] == [
        *(["plan_made"], [], ["plan_applied"], [])
    ]
    assert world.desk().planned_at == world.at
