"""What managers do, and what they are denied."""

from itertools import combinations, permutations

import numpy as np
import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import DAY, HOUR, moment, shown
from tests.lifecycle.worlds import World

KEY = {"review": [{"name": "key", "where": {"tier": "key"}, "within": "4 working hours"}]}
STEADY = {"credit": {"half_life": "off"}}


def under_review(**facts):
    """Return a world with a lead that is proposed to Ann, to whom it is worth most."""
    world = World(**{"rules": KEY, "gains": {("x", "ann"): 9.0}, **facts})
    lead = world.receive(segment="x", tier="key")
    world.place(lead)
    assert (world.stage(lead), world.lead(lead).review.rep) == (Stage.REVIEW, "ann")
    return world, lead


def test_an_approved_lead_goes_to_the_rep_proposed():
    world, lead = under_review()
    assert world.do(world.manager("Approve", lead)) == ["review_ended", "assigned"]
    assert (world.owner(lead), world.lead(lead).via) == ("ann", "review")


def test_a_slot_is_kept_while_a_manager_thinks():
    world, lead = under_review(max_open=1)
    world.place(other := world.receive(segment="x"))
    assert world.owner(other) in ("bo", "cy")
    world.do(world.manager("Approve", lead))
    assert world.owner(lead) == "ann"


def test_an_override_that_passes_nothing_is_a_reason_and_no_override():
    world = World(["ann", "bo"])
    lead = world.receive()
    world.do(world.manager("AssignTo", lead, to="bo", override="knows_customer"))
    _, given = world.book.history(lead)[-1]
    assert (given.override, given.decision["reason"]) == (None, "knows_customer")


def test_a_manager_may_name_somebody_else_and_pass_a_cap_by_an_override_with_its_reason():
    world, lead = under_review(max_open=1)
    world.held("bo")
    assert world.denied(world.manager("Approve", lead, to="bo")).code == "full"
    assert world.denied(world.manager("Approve", lead, to="bo", override=" ")).code == "no_reason"
    world.do(world.manager("Approve", lead, to="bo", override="knows_customer"))
    assert (world.owner(lead), world.load("bo")) == ("bo", 2)
    ended, given = [event for _, event in world.book.history(lead)][-2:]
    assert (ended.how, ended.reason, given.override) == ("changed", "knows_customer", "knows_customer")


def test_what_is_not_under_review_is_not_approved():
    world, lead = under_review()
    world.goto("2026-03-03 09:00").run()
    assert "review" in world.denied(world.manager("Approve", lead)).sentence
    nobody = World(["ann"], never={("y", "ann")})
    lead = nobody.receive(segment="y")
    nobody.place(lead)
    assert nobody.denied(nobody.manager("Approve", lead)).code == "no_proposal"
    assert nobody.denied(nobody.manager("Approve", lead, to="ann")).code == "not_eligible"


def test_a_declined_lead_goes_to_the_pool_that_is_named():
    world, lead = under_review()
    assert world.denied(world.manager("Decline", lead, reason="no", pool="mian")).sentence.count("main") == 1
    world.do(world.manager("Decline", lead, reason="no", pool="main"))
    assert (world.stage(lead), world.lead(lead).pool) == (Stage.POOL, "main")


def test_a_claim_under_review_counts_as_a_claim_once_it_is_approved():
    world = World(rules={**KEY, "claim": {"embargo": 0, "per_day": 1}})
    lead, other = world.receive(tier="key"), world.pooled()
    world.do(world.manager("Pool", lead))
    world.do(world.by_rep("Claim", lead, "cy"))
    assert (world.stage(lead), world.lead(lead).review.rep) == (Stage.REVIEW, "cy")
    world.do(world.manager("Approve", lead))
    assert (world.owner(lead), world.lead(lead).via) == ("cy", "claim")
    assert world.denied(world.by_rep("Claim", other, "cy")).code == "no_claims_left"


@pytest.mark.parametrize(
    ("stage", "remedy"), [("held", "transfer it"), ("parked", "unpark it first"), ("won", "reopen it first")]
)
def test_only_a_lead_that_nobody_owns_is_assigned(stage, remedy):
    world = World()
    lead = world.held("ann")
    if stage == "parked":
        world.do(world.manager("Park", lead, until=world.at + DAY, reason="not_now"))
    if stage == "won":
        world.do(world.by_rep("Win", lead, "ann"))
    assert world.denied(world.manager("AssignTo", lead, to="bo")).remedy == remedy


def test_a_manager_assigns_a_lead_under_review_as_by_approval():
    world, lead = under_review()
    world.do(world.manager("AssignTo", lead, to="bo"))
    assert (world.owner(lead), world.lead(lead).via) == ("bo", "review")


def test_with_a_transfer_the_credit_moves_and_the_old_owner_cools_off():
    world = World(rules=STEADY)
    lead = world.held("ann")
    assert world.credit() == pytest.approx({"ann": -2 / 3, "bo": 1 / 3, "cy": 1 / 3})
    world.do(world.manager("Transfer", lead, to="bo"))
    assert world.credit() == pytest.approx({"ann": 0.0, "bo": -0.5, "cy": 0.5})  # Ann cools off: no share of this lead
    assert shown(world.lead(lead).cooling["ann"]) == "2026-03-16 09:00"
    assert world.do(world.manager("Transfer", lead, to="bo")) == []
    assert world.denied(world.manager("Transfer", world.receive(), to="bo")).remedy == "assign it"


def test_a_rep_is_relieved_of_what_is_not_begun_as_far_as_others_have_room():
    world = World(max_open=2, rules=STEADY)
    leads = [world.held("ann") for _ in range(6)]  # by override
    world.follow_up(leads[0], "ann")
    world.do(world.manager("Relieve", rep="ann"))
    assert world.owner(leads[0]) == "ann"
    assert [world.load(rep) for rep in ("ann", "bo", "cy")] == [2, 2, 2]
    moved = [lead for lead in leads if world.owner(lead) != "ann"]
    assert all("ann" in world.lead(lead).cooling for lead in moved)
    assert world.credit()["ann"] == pytest.approx(-2 * 2 / 3)  # two of the six are Ann's, the others as if never hers


@pytest.mark.parametrize("seed", range(6))
def test_relief_of_a_few_leads_moves_those_that_bring_most(seed):
    """Against all ways to move so many leads: the answer is the best of them."""
    rng = np.random.default_rng(seed)
    names = [f"L{number}" for number in range(1, 6)]
    gains = {(lead, rep): float(rng.integers(1, 20)) for lead in names for rep in ("ann", "bo", "cy")}
    world = World(gains=gains, rules=STEADY)
    for lead in names:
        world.held("ann", lead)
    for rep, most in (("bo", 1), ("cy", 2)):
        world.rep(rep, max_open=most)
    world.do(world.manager("Relieve", rep="ann", most=2))
    moved = {lead: world.owner(lead) for lead in names if world.owner(lead) != "ann"}
    assert len(moved) == 2

    def brings(moves):
        return sum(gains[lead, rep] - gains[lead, "ann"] for lead, rep in moves)

    ways = [
        list(zip(chosen, reps, strict=True))
        for chosen in combinations(names, 2)
        for reps in permutations(("bo", "cy", "cy"), 2)
    ]
    assert brings(moved.items()) == max(map(brings, ways))


def test_relief_of_no_leads_and_of_fewer_than_none():
    world = World()
    world.held("ann")
    assert world.do(world.manager("Relieve", rep="ann", most=0)) == []
    assert world.denied(world.manager("Relieve", rep="ann", most=-1)).code == "bad_value"


def test_pooling_again_does_not_begin_the_embargo_anew():
    world = World(rules={"claim": {"embargo": "12 hours"}})
    lead = world.pooled()
    until = world.lead(lead).embargo_until
    assert world.wait("5 hours").do(world.manager("Pool", lead)) == []
    world.do(commands.Change(by="crm", role="feed", lead=lead, columns={"segment": "x"}))
    assert world.lead(lead).embargo_until == until
    denied = world.denied(world.by_rep("Claim", lead, "ann"))
    assert (denied.code, denied.until) == ("embargo", until)
    assert world.denied(world.manager("Pool", world.held("ann"))).code == "wrong_stage"


def test_a_lead_rests_until_its_date_or_until_a_manager_looks():
    world = World()
    lead = world.held("ann")
    assert world.denied(world.manager("Park", lead, until=world.at, reason="x")).code == "in_the_past"
    assert world.denied(world.manager("Unpark", lead)).code == "wrong_stage"
    world.do(world.manager("Park", lead, until=world.at + DAY, reason="not_now"))
    assert world.denied(world.manager("Park", lead, until=world.at + DAY, reason="x")).remedy == "unpark it first"
    world.do(world.manager("Unpark", lead))
    assert (world.stage(lead), world.load("ann")) == (Stage.NEW, 0)


def test_protection_keeps_idle_leads_and_never_the_first_follow_up():
    world = World()
    first, idle = world.held("ann"), world.held("ann")
    world.follow_up(idle, "ann")
    until = moment("2026-06-01 12:30")
    for lead in (first, idle):
        world.do(world.manager("Protect", lead, until=until))
    assert world.deadline(first) == "2026-03-05 09:00"
    assert world.deadline(idle) == "2026-06-01 18:00"  # at lunch: the end of that day
    too_long = world.denied(world.manager("Protect", idle, until=world.at + 181 * DAY))
    assert (too_long.code, shown(too_long.until)) == ("too_long", "2026-08-29 09:00")
    assert world.denied(world.manager("Protect", world.receive(), until=until)).code == "wrong_stage"
    off = World(rules={"protect": {"max": "off"}})
    assert off.denied(off.manager("Protect", off.held("ann"), until=until)).code == "off"


def test_open_leads_alone_are_merged_and_no_lead_into_itself():
    world = World()
    one, other, won = world.receive(), world.receive(), world.held("ann")
    world.do(world.by_rep("Win", won, "ann"))
    assert world.denied(world.manager("Merge", one, into=one)).code == "same_lead"
    assert world.denied(world.manager("Merge", one, into=won)).code == "wrong_stage"
    world.do(world.manager("Merge", one, into=other))
    assert world.do(world.manager("Merge", one, into=other)) == []


def test_a_merge_that_brings_a_complaint_of_the_owner_takes_the_lead_off():
    world = World(["ann", "bo"])
    copy, lead = world.receive(), world.held("ann")
    world.do(commands.Complain(by="eve", role="manager", lead=copy, rep="ann"))
    world.do(world.manager("Merge", copy, into=lead))
    assert world.owner(lead) == "bo"


def test_who_gave_a_bad_lead_back_is_credited_when_a_manager_closes_it_and_not_before():
    world = World(rules=STEADY)
    lead = world.held("ann")
    world.do(world.by_rep("Refuse", lead, "ann", reason="spam"))
    assert (world.stage(lead), world.lead(lead).review.rule) == (Stage.REVIEW, "bad lead")
    assert world.credit()["ann"] == pytest.approx(-2 / 3)
    world.do(world.manager("Close", lead, reason="spam"))
    assert world.credit() == pytest.approx({"ann": 0, "bo": 0, "cy": 0})


def test_a_lead_that_is_closed_for_its_owner_stays_booked():
    world = World(rules=STEADY)
    lead = world.held("ann")
    world.do(world.manager("Close", lead, reason="out_of_scope"))
    assert world.credit()["ann"] == pytest.approx(-2 / 3)
    assert world.do(world.manager("Close", lead, reason="spam")) == []
    won = world.held("ann")
    world.do(world.by_rep("Win", won, "ann"))
    assert world.denied(world.manager("Close", won, reason="spam")).remedy == "reopen it first"


def test_a_reopened_lead_goes_back_to_its_last_owner_and_is_booked_once():
    world = World(rules=STEADY)
    lead = world.held("ann")
    owed = world.credit()
    world.do(world.by_rep("Win", lead, "ann"))
    world.do(world.manager("Reopen", lead))
    assert (world.owner(lead), world.lead(lead).via, world.deadline(lead)) == ("ann", "reopen", "2026-03-05 09:00")
    assert world.credit() == pytest.approx(owed)


@pytest.mark.parametrize("why", ["left", "away", "full", "cooling"])
def test_a_reopened_lead_is_new_if_its_last_owner_cannot_have_it(why):
    world = World(max_open=1)
    lead = world.held("ann")
    world.do(world.by_rep("Lose" if why == "cooling" else "Win", lead, "ann"))
    if why == "left":
        world.do(commands.RepLeaves(by="root", role="admin", rep="ann"))
    if why == "away":
        world.away("ann", "2026-03-01 00:00", "2026-03-04 00:00")
    if why == "full":
        world.held("ann")
    world.do(world.manager("Reopen", lead))
    assert (world.stage(lead), world.lead(lead).owner) == (Stage.NEW, None)


def test_what_was_merged_or_erased_is_not_reopened_nor_what_is_open():
    world = World()
    one, other, gone = world.receive(), world.receive(), world.receive()
    world.do(world.manager("Merge", one, into=other))
    world.do(commands.Erase(by="root", role="admin", lead=gone))
    assert [world.denied(world.manager("Reopen", lead)).code for lead in (one, gone, other)] == [
        *("merged", "erased", "wrong_stage")
    ]


def test_lifting_what_is_no_bar_changes_nothing():
    world = World()
    lead = world.held("ann")
    assert world.do(world.manager("LiftBar", lead, rep="bo")) == []
    assert world.denied(world.manager("LiftBar", lead, rep="zoe")).code == "not_found"


def test_credit_is_corrected_against_the_house():
    world = World()
    world.do(world.manager("AdjustCredit", rep="ann", amount=2, reason="swap"))
    assert world.credit() == {"ann": 2.0, "house": -2.0}
    assert world.do(world.manager("AdjustCredit", rep="ann", amount=0, reason="swap")) == []
    for facts in ({"amount": float("nan")}, {"amount": 1, "of": "beer"}):
        assert world.denied(world.manager("AdjustCredit", rep="ann", reason="swap", **facts)).code == "bad_value"
    world.do(commands.RepLeaves(by="root", role="admin", rep="ann"))
    assert world.credit() == {"ann": 0.0, "house": 0.0}
    assert world.denied(world.manager("AdjustCredit", rep="ann", amount=1, reason="swap")).code == "left"


def test_what_managers_may_reps_may_not():
    world = World()
    lead = world.held("ann")
    denied = world.denied(commands.Transfer(by="ann", role="rep", lead=lead, to="bo"))
    assert (denied.code, denied.remedy) == ("not_allowed", "roles that may: manager")


def test_a_claimed_lead_is_given_back_by_release_alone():
    world = World()
    lead = world.pooled()
    world.do(world.by_rep("Claim", lead, "ann"))
    assert world.denied(world.by_rep("Refuse", lead, "ann", reason="no_time")).remedy == "release it"
    world.wait("1 hour").do(world.by_rep("Release", lead, "ann", reason="no_time"))
    assert world.stage(lead) is Stage.POOL
    assert world.at - world.lead(lead).since < HOUR
