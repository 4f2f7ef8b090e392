"""What a desk shows: pools with hidden fields, reviews, what is overdue, reps, why."""

from datetime import timedelta

import polars as pl
import pytest

from leadopt.errors import InvalidInput
from tests.desk.desks import REPS, leads, opened, owner, with_leads

PERSON = {"email": "a@x.de", "Company Name": "Acme", "Mobile": "0170 1234567", "industry": "steel"}


def pooled(folder, **settings):
    desk = opened(folder, **settings)
    desk.receive(leads(1, **PERSON))
    assert desk.to_pool(1).ok
    return desk


def test_a_pool_hides_from_reps_what_rules_hide_and_shows_managers_all(tmp_path):
    desk = pooled(tmp_path)
    seen = desk.pool(by="Ann")[0]
    assert {name: seen[name] for name in PERSON} == {**dict.fromkeys(PERSON, "hidden"), "industry": "steel"}
    assert {name: desk.pool()[0][name] for name in PERSON} == PERSON
    assert desk.lead(1, by="Ann").columns["email"] == "hidden"
    assert desk.claim(1, by="Ann").ok
    assert desk.lead(1, by="Ann").columns["email"] == "a@x.de"
    assert desk.lead(1, by="Bo").columns["email"] == "hidden"


def test_a_pool_says_what_keeps_a_rep_from_claiming(tmp_path):
    desk = opened(tmp_path, rules={"claim": {"embargo": "12 hours"}})
    desk.receive(leads(1, 2))
    desk.to_pool(1)
    assert desk.pool(by="Ann")[0]["why_not"] == "embargo"
    desk.clock.move(hours=13)
    assert desk.pool(by="Ann")[0]["why_not"] is None
    desk.absence("Ann", desk.clock.now, desk.clock.now + timedelta(days=2))
    assert desk.pool(by="Ann")[0]["why_not"] == "absent"


def test_a_pool_is_shown_in_parts_and_says_how_much_there_is(tmp_path):
    desk = opened(tmp_path)
    desk.receive(pl.DataFrame(leads(*range(7))))
    desk.to_pool(list(range(7)))
    some = desk.pool(most=3)
    assert (len(some), some.total) == (3, 7)
    assert some.summary() == "7 leads, the first 3 shown."
    assert isinstance(some.frame(), pl.DataFrame)
    with pytest.raises(InvalidInput, match="most: must be a whole number, 1 or more; found 0"):
        desk.pool(most=0)


def test_only_members_see_a_pool_and_the_nearest_name_is_told(tmp_path):
    pools = [{"name": "north", "members": {"teams": ["N"]}, "default": True}]
    desk = opened(tmp_path, rules={"pool": pools}, reps=[{**REPS[0], "team": "N"}, {**REPS[1], "team": "S"}])
    assert list(desk.pool("north", by="Ann")) == []
    with pytest.raises(InvalidInput, match="rep 'Bo' is not in pool 'north'"):
        desk.pool("north", by="Bo")
    with pytest.raises(InvalidInput, match="there is no pool 'nort'; did you mean \"north\""):
        desk.pool("nort")


def test_reviews_show_the_rule_the_proposal_and_until_when(tmp_path):
    desk = opened(tmp_path, rules={"review": [{"name": "key", "where": {"tier": "key"}, "within": "4 working hours"}]})
    desk.receive(leads(1, 2, tier="key"))
    desk.place([1, 2])
    row = next(row for row in desk.reviews() if row["lead"] == 1)
    assert (row["rule"], row["gain"]) == ("key", 1.0)
    assert row["proposed"] in ("Ann", "Bo", "Cy")
    assert row["until"] == desk.clock.now + timedelta(hours=5)  # lunch is in between
    assert desk.approve(1, by="Mia").ok
    assert desk.lead(1).owner == row["proposed"]
    assert desk.decline(2, reason="no", by="Mia").ok
    assert desk.lead(2).stage == "pool"
    assert list(desk.reviews()) == []


@pytest.mark.parametrize("escalate", ["0", "off"])
def test_what_is_overdue_says_so_itself_whether_a_run_has_looked_or_not(tmp_path, escalate):
    desk = with_leads(tmp_path, 1, 2, rules={"follow": {"escalate_after": escalate}})
    desk.follow_up(2, by=owner(desk, 2))
    for hours, late in ((48, []), (23, []), (2, [1])):
        desk.clock.move(hours=hours)
        assert [row["lead"] for row in desk.overdue()] == late
        desk.run_due()
        assert [row["lead"] for row in desk.overdue()] == late
    row = desk.overdue()[0]
    assert (row["owner"], row["late_hours"], row["next"]) == (owner(desk, 1), 1.0, "recall")
    assert row["deadline"] == desk.lead(1).deadline
    desk.follow_up(1, by=row["owner"])
    assert list(desk.overdue()) == []


def test_the_deadline_shown_is_the_one_at_which_something_happens(tmp_path):
    desk = with_leads(tmp_path, 1)
    for _ in range(8):
        shown = desk.lead(1).next
        if shown is None or shown.what == "tell":
            break
        desk.clock.now = shown.at - timedelta(microseconds=1)
        assert shown.what not in {row["kind"] for row in desk.run_due()}
        desk.clock.now = shown.at
        happened = {row["kind"] for row in desk.run_due()}
        assert {"remind": "reminded", "escalate": "escalated", "recall": "recalled"}[shown.what] in happened


def test_a_rep_is_shown_with_load_room_absence_and_leads(tmp_path):
    desk = with_leads(tmp_path, *range(6))
    seen = desk.rep("Ann")
    assert (seen.open, seen.room, len(seen.leads)) == (2, 1, 2)
    assert {row["lead"] for row in seen.leads} == {lead for lead in range(6) if owner(desk, lead) == "Ann"}
    start, end = desk.clock.now, desk.clock.now + timedelta(days=2)
    desk.absence("Ann", start, end)
    assert (desk.rep("Ann").room, desk.rep("Ann").away_until) == (0, end)
    assert desk.rep("Ann").absences == [(start, end)]
    assert desk.absence("Ann", start, cancelled=True).ok
    assert desk.rep("Ann").away_until is None
    assert desk.rep_leaves("Ann").ok
    assert (desk.rep("Ann").open, desk.rep("Ann").room) == (0, 0)
    assert str(desk.rep("Ann")).startswith("Rep Ann has 0 open leads, room for 0 more, has left.")
    assert '"left_at": "2026-03-02' in desk.rep("Ann").to_json()


def test_why_tells_who_came_next_who_was_barred_and_what_led_here(tmp_path):
    desk = with_leads(tmp_path, 1)
    first = owner(desk, 1)
    refused = desk.refuse(1, by=first, reason="wrong_segment")
    told = desk.why(refused.seq + 1)
    assert told.sentence == f"Lead 1 goes to {owner(desk, 1)}, as it is worth most there now."
    assert told.lines[0] == "Expected gain 1."
    assert "Barred: 1 refused it before." in told.lines
    assert told.cause == f"{first} refused lead 1 (wrong_segment) and never gets it again."
    assert told.by == f"{first} (rep)"
    with pytest.raises(InvalidInput, match=f"from 1 to {desk.checkpoint().seq}; found 99"):
        desk.why(99)


def test_who_gives_a_command_is_named_and_is_not_in_the_log(tmp_path):
    desk = with_leads(tmp_path, 1)
    got = desk.park(1, until=desk.clock.now + timedelta(days=3), reason="asked", by="Mia Manager")
    assert desk.why(got.seq).by == "Mia Manager (manager)"
    with desk._core.read() as snapshot:
        rows = snapshot.connection.exec_driver_sql("SELECT actor || CAST(body AS TEXT) FROM log").scalars().all()
    assert not any("Mia" in row or "Ann" in row for row in rows)
