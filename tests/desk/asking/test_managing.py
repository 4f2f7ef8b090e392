"""What managers and administrators do, by the users' own ids and tables."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from leadopt.desk.people import persons
from leadopt.errors import InvalidInput
from leadopt.lifecycle.records import Rep
from tests.desk.desks import leads, opened, owner, with_leads


def test_a_table_of_leads_is_transferred_and_taken_back_each_by_itself(tmp_path):
    desk = with_leads(tmp_path, *range(6))
    before = {lead: owner(desk, lead) for lead in range(6)}
    moved = desk.transfer(list(range(6)), to="Cy", by="Mia", override="mistake")
    assert {one.code for one in moved} == {"done", "unchanged"}  # Cy has two of them already
    touched = next(one.id for one in moved if one.code == "done")
    assert desk.follow_up(touched, by="Cy").ok
    back = desk.undo(moved, by="Mia")
    assert [one.reason for one in back if not one.ok] == ["changed_since"]
    assert {lead: owner(desk, lead) for lead in range(6)} == {**before, touched: "Cy"}
    with pytest.raises(InvalidInput, match="of: must be the result of a command, its seq, or several; found 'x'"):
        desk.undo(["x"])
    assert desk.undo(10**6).code == "not_found"
    assert desk.undo(1).reason == "wrong_kind"


def test_each_command_of_managers_does_what_it_says(tmp_path):
    desk = with_leads(tmp_path, 1, 2, 3)
    who = owner(desk, 1)
    assert desk.protect(1, until=desk.clock.now + timedelta(days=30)).ok
    assert desk.lead(1).protected_until == desk.clock.now + timedelta(days=30)
    assert desk.park(1, until=date(2026, 3, 9), reason="asked").ok
    assert (desk.lead(1).stage, str(desk.lead(1).parked_until)) == ("parked", "2026-03-08 23:00:00+00:00")
    assert desk.unpark(1).ok
    assert desk.assign(1, to=next(rep for rep in ("Ann", "Bo", "Cy") if rep != who)).ok
    assert desk.merge(2, into=3).ok
    assert (desk.lead(2).stage, desk.lead(2).merged_into) == ("closed", 3)
    assert desk.close_lead(3, reason="spam").ok
    assert desk.reopen(3).ok
    assert desk.relieve("Ann").ok


def test_a_bar_is_lifted(tmp_path):
    desk = with_leads(tmp_path, 1)
    who = owner(desk, 1)
    desk.refuse(1, by=who, reason="wrong_segment")
    assert desk.transfer(1, to=who).reason == "refused"
    assert desk.lift_bar(1, rep=who).ok
    assert desk.transfer(1, to=who).ok


def test_roles_are_kept_and_named(tmp_path):
    desk = with_leads(tmp_path, 1)
    got = desk.transfer(1, to="Cy", by="Ann", role="rep")
    assert (got.code, got.reason, got.remedy) == ("denied", "not_allowed", "roles that may: manager")
    with pytest.raises(InvalidInput, match=r"role: must be one of .*; found 'manger'; did you mean \"manager\""):
        desk.transfer(1, to="Cy", role="manger")
    with pytest.raises(InvalidInput, match="by: name the rep"):
        desk.claim(1)


def test_an_absence_of_days_is_from_the_first_to_the_last(tmp_path):
    desk = opened(tmp_path)
    assert desk.absence("Ann", date(2026, 3, 9), date(2026, 3, 13)).ok
    start, end = desk.rep("Ann").absences[0]
    assert (end - start) == timedelta(days=5)
    assert desk.absence("Ann", date(2026, 3, 9), date(2026, 3, 10)).ok  # the same one, shorter
    assert [(end - start).days for start, end in desk.rep("Ann").absences] == [2]
    with pytest.raises(InvalidInput, match="end: must be after start"):
        desk.absence("Ann", date(2026, 3, 9), date(2026, 3, 1))
    with pytest.raises(InvalidInput, match="end: say when the absence ends"):
        desk.absence("Ann", date(2026, 3, 9))


def test_a_table_of_reps_changes_who_changed_and_a_bad_row_is_its_own(tmp_path):
    desk = opened(tmp_path)
    rows = [{"rep_id": "Ann", "max_open": 3}, {"rep_id": "Bo", "max_open": 9}, {"rep_id": "Dee", "max_open": 1.5}]
    got = desk.reps(rows)
    assert [one.code for one in got] == ["unchanged", "done", "denied"]
    assert got[2].sentence == "reps.max_open, row 3: must be a whole number, 0 or more; found 1.5"
    assert desk.rep("Bo").max_open == 9


def test_what_is_taken_over_is_as_it_was_and_twice_is_once(tmp_path):
    desk = opened(tmp_path)
    table = [
        {"lead_id": 1, "stage": "working", "rep_id": "Ann"},
        {"lead_id": 2, "stage": "assigned", "rep_id": "Nobody"},
        {"lead_id": 3, "stage": "won", "rep_id": "Bo", "value": 7, "at": "2026-02-01"},
        {"lead_id": 4, "stage": "sold", "rep_id": "Bo"},
    ]
    past = [{"rep_id": "Old", "converted": 1, "at": "2025-05-05", "industry": "steel"}] * 2
    got = desk.import_(table, past)
    assert [one.code for one in got] == ["done", "done", "done", "denied", "done", "done"]
    assert "stages: new, assigned" in got[3].remedy
    assert [desk.lead(n).stage for n in (1, 2, 3)] == ["working", "new", "won"]
    assert (desk.lead(3).owner, desk.lead(3).value) == ("Bo", 7.0)
    assert desk.rep("Old").left_at is not None
    assert {one.code for one in desk.import_(table[:3], past)} == {"unchanged"}
    with pytest.raises(InvalidInput, match="import_: give leads, history or both; found neither"):
        desk.import_()


def test_leads_are_placed_on_request_or_all_that_are_new(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads(*range(12)))
    assert [one.code for one in desk.place([3, 4])] == ["done", "done"]
    assert len(desk.place()) == 10
    assert [desk.rep(rep).open for rep in ("Ann", "Bo", "Cy")] == [3, 3, 3]
    assert desk.pool().total == 3


FACTS = {"max_open": 4, "team": "north", "tags": "a;b", "hired_on": "2025-01-01", "pace": 1.5}


def known_of(desk):
    with desk._core.read() as snapshot:
        rep = snapshot.book.get(Rep, snapshot.names.rep("Dee"))
        data = persons.by_id(snapshot.connection, rep.id).data
    return rep, {name: data.get(name) for name in FACTS}


@pytest.mark.parametrize("name", FACTS)
def test_what_a_row_of_reps_does_not_tell_stays_until_it_is_cleared(tmp_path, name):
    desk = opened(tmp_path)
    assert desk.reps({"rep_id": "Dee", **FACTS}).ok
    before = known_of(desk)
    without = {column: cell for column, cell in FACTS.items() if column != name}
    for row in (without, {**without, name: None}, {**without, name: " "}, {}):
        assert desk.reps({"rep_id": "Dee", **row})[0].code == "unchanged"
        assert known_of(desk) == before
    assert desk.reps({"rep_id": "Dee", name: None}, clear=name)[0].code == "done"
    rep, data = known_of(desk)
    assert data == {**FACTS, name: None}
    emptied = {"columns": {}} if name == "pace" else {name: () if name == "tags" else None}
    assert rep == replace(before[0], version=rep.version, **emptied)
    desk.reps({"rep_id": "Dee", **FACTS})
    assert replace(known_of(desk)[0], version=0) == replace(before[0], version=0)


def test_only_columns_of_the_table_that_can_be_empty_are_cleared(tmp_path):
    desk = opened(tmp_path)
    with pytest.raises(InvalidInput, match="clear: reps has no column 'max_opne'; did you mean \"max_open\""):
        desk.reps({"rep_id": "Ann", "max_open": None}, clear="max_opne")
    with pytest.raises(InvalidInput, match="clear: 'rep_id' cannot be emptied: it says who the rep is"):
        desk.reps({"rep_id": "Ann"}, clear=["rep_id"])
