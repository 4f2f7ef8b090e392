"""What administrators do: imports, reps, absences, rules and policy, erasing."""

import pytest

from leadopt.lifecycle import commands
from leadopt.lifecycle.records import Account, Rep, replace
from leadopt.lifecycle.stages import Stage
from tests.lifecycle.moments import DAY, moment
from tests.lifecycle.worlds import RULES, World


def admin(name, **facts):
    return getattr(commands, name)(by="root", role="admin", **facts)


@pytest.mark.parametrize("stage", ["new", "assigned", "working", "pool", "parked", "won", "lost", "closed"])
def test_a_lead_is_taken_over_as_it_was(stage):
    world = World()
    owner = "ann" if stage in ("assigned", "working", "won", "lost") else None
    world.do(
        admin("Import", lead="I1", stage=stage, owner=owner, account="acme", value=9.0 if stage == "won" else None)
    )
    assert (world.stage("I1"), world.lead("I1").owner) == (Stage(stage), owner)
    assert world.load("ann") == (stage in ("assigned", "working"))
    assert world.credit() == {}
    assert world.do(admin("Import", lead="I1", stage="new")) == []  # the same file twice


def test_periods_of_imported_leads_begin_now():
    world = World()
    facts = {"owner": "ann", "received_at": moment("2025-01-01 09:00")}
    world.do(admin("Import", lead="I1", stage="assigned", **facts))
    world.do(admin("Import", lead="I2", stage="working", **facts))
    assert (world.deadline("I1"), world.deadline("I2")) == ("2026-03-05 09:00", "2026-03-16 09:00")
    assert world.lead("I1").received_at == moment("2025-01-01 09:00")


def test_an_import_may_exceed_a_cap_and_nothing_comes_on_top():
    world = World(["ann"], max_open=1)
    for number in range(3):
        world.do(admin("Import", lead=f"I{number}", stage="working", owner="ann"))
    assert world.load("ann") == 3
    world.place(lead := world.receive())
    assert world.stage(lead) is Stage.POOL


@pytest.mark.parametrize("owner", ["zoe", "bo"])
def test_an_owner_who_is_unknown_or_gone_owns_nothing_open(owner):
    world = World()
    world.do(admin("RepLeaves", rep="bo"))
    world.do(admin("Import", lead="I1", stage="working", owner=owner))
    assert (world.stage("I1"), world.lead("I1").owner) == (Stage.NEW, None)
    note = next(event.note for _, event in world.book.history("I1"))
    assert note == ("owner_unknown" if owner == "zoe" else "owner_gone")


def test_an_account_belongs_to_the_latest_lead_in_whatever_order_they_come():
    world = World()
    for lead, owner, at in (("I1", "ann", "2026-01-01 09:00"), ("I2", "bo", "2025-01-01 09:00")):
        facts = {"outcome_at": moment(at), "account": "acme", "owner": owner}
        world.do(admin("Import", lead=lead, stage="won", **facts))
    assert world.book.get(Account, "acme").owner == "ann"


def test_bad_imports_are_denied_in_words():
    world = World()
    denied = world.denied(admin("Import", lead="I1", stage="asigned"))
    assert (denied.code, "assigned" in denied.sentence) == ("bad_value", True)
    assert world.denied(admin("Import", lead="I1", stage="review")).code == "bad_value"
    assert world.denied(admin("Import", lead="I1", stage="pool", pool="mian")).code == "not_found"
    assert world.denied(admin("Import", lead="I1", stage="won", outcome_at=world.at + 1)).code == "in_the_future"


def test_a_rep_is_set_once_and_changes():
    world = World()
    assert world.rep("ann") == []
    assert world.rep("ann", max_open=3, team="east", tags=("senior",)) == ["rep_set"]
    for name, facts in (("house", {}), ("manager", {}), ("", {}), ("dee", {"max_open": -1})):
        assert world.denied(admin("SetRep", rep=name, **facts)).code == "bad_value"


def test_a_lowered_cap_takes_nothing_away():
    world = World(max_open=5)
    leads = [world.held("ann") for _ in range(3)]
    world.rep("ann", max_open=1)
    assert [world.owner(lead) for lead in leads] == ["ann"] * 3
    assert world.denied(world.manager("AssignTo", world.receive(), to="ann")).code == "full"


def test_who_leaves_and_returns_begins_level():
    world = World(rules={"credit": {"half_life": "off"}})
    world.held("bo")
    assert world.do(admin("RepLeaves", rep="ann")) == ["rep_left"]
    assert world.do(admin("RepLeaves", rep="ann")) == []
    assert world.credit()["house"] == pytest.approx(1 / 3)
    assert world.do(admin("RepReturns", rep="ann")) == ["rep_returned"]
    assert world.do(admin("RepReturns", rep="ann")) == []
    assert world.credit()["ann"] == 0.0
    world.place(lead := world.receive())
    assert world.owner(lead) in ("ann", "cy")


def test_a_rename_changes_nothing_but_a_version():
    world = World()
    lead, before = world.held("ann"), world.book.get(Rep, "ann")
    assert world.do(admin("RenameRep", rep="ann")) == ["rep_renamed"]
    assert world.owner(lead) == "ann"
    assert world.book.get(Rep, "ann") == replace(before, version=before.version + 1)
    assert world.denied(admin("RenameRep", rep="nobody")).code == "not_found"


def test_a_proposal_of_who_leaves_is_made_anew():
    world = World(rules={"review": [{"name": "key", "where": {"tier": "key"}}]}, gains={("x", "ann"): 9.0})
    world.place(lead := world.receive(segment="x", tier="key"))
    assert world.lead(lead).review.rep == "ann"
    world.do(admin("RepLeaves", rep="ann"))
    assert world.lead(lead).review.rep in ("bo", "cy")
    assert world.lead(lead).review.rule == "key"


def test_absences_are_of_one_rep_and_end_after_they_start():
    world = World()
    world.away("ann", "2026-03-05 09:00", "2026-03-09 09:00")
    assert world.away("ann", "2026-03-05 09:00", "2026-03-09 09:00") == []
    bad = admin("SetAbsence", rep="ann", absence="A2", start=5, end=5)
    assert world.denied(bad).code == "bad_value"
    assert world.denied(admin("SetAbsence", rep="bo", absence="A1", start=5, end=6)).code == "conflict"


def test_a_new_rule_file_governs_what_begins_later():
    world = World()
    old = world.held("ann")
    data = {**RULES, "follow": {"first_within": "1 day"}}
    world.do(admin("SetRules", data=data, starts_at=world.at + DAY))
    assert world.do(admin("SetRules", data=data, starts_at=world.at + DAY)) == []
    before = world.held("ann")
    world.wait("1 day")
    after = world.held("ann")
    assert [world.deadline(lead) for lead in (old, before, after)] == ["2026-03-05 09:00"] * 2 + ["2026-03-04 09:00"]
    assert world.denied(admin("SetRules", data=data, starts_at=world.at - 1)).code == "in_the_past"


def test_new_holidays_move_running_deadlines_later_and_never_nearer():
    world = World()
    lead = world.held("ann")
    data = {**RULES, "time": {"zone": "Europe/Berlin", "holidays": ["2026-03-05"]}}
    world.do(admin("SetRules", data=data))
    assert world.deadline(lead) == "2026-03-06 18:00"
    assert "recalled" not in {kind for _, kind in world.run_until("2026-03-06 18:00")}


def test_the_same_rules_and_the_same_policy_again_change_nothing():
    world = World()
    assert world.do(admin("SetRules", data=RULES)) == []
    assert world.do(admin("SetPolicy", fingerprint="abc", data={"a": [1]})) == ["policy_set"]
    assert world.do(admin("SetPolicy", fingerprint="abc")) == []


def test_of_an_erased_lead_nothing_is_kept_that_tells_whose_it_was():
    world = World()
    lead = world.held("ann", segment="x", account="acme")
    assert world.do(admin("Erase", lead=lead)) == ["erased"]
    assert world.do(admin("Erase", lead=lead)) == []
    now = world.lead(lead)
    assert (now.stage, now.columns, now.account, world.load("ann")) == (Stage.CLOSED, {}, None, 0)
