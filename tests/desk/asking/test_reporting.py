"""What feeds report: known leads, two feeds, twins, rows that are refused by themselves, moments."""

import re
from datetime import datetime, timedelta

import polars as pl
import pytest

from leadopt.errors import InvalidInput
from leadopt.lifecycle.records import Lead
from tests.desk.desks import leads, opened, records, with_leads

BY_TIER = {"review": [{"name": "key", "where": {"tier": "key"}}]}


def test_the_same_lead_again_is_unchanged_and_with_another_level_changed(tmp_path):
    desk = opened(tmp_path, rules=BY_TIER)
    table = leads(1, tier="key", note="call her")
    assert [desk.receive(table)[0].code for _ in range(2)] == ["done", "unchanged"]
    changed = desk.receive(leads(1, tier="c"))[0]
    assert (changed.code, changed.sentence) == ("done", "Lead 1 changed in tier.")
    assert desk.lead(1).columns == {"lead_id": 1, "tier": "c", "note": "call her"}


def test_the_log_holds_of_a_lead_what_rules_name_and_nothing_else(tmp_path):
    desk = opened(tmp_path, rules=BY_TIER)
    desk.receive(leads(1, tier="key", note="call her", email="eve@example.com"))
    assert desk.why(desk.checkpoint().seq).body == {"columns": {"tier": "key"}, "lead": records(desk)[Lead][0].id}


def test_a_rule_whose_column_the_first_leads_lack_is_refused_and_a_default_one_is_off_with_a_note(tmp_path):
    desk = opened(tmp_path, rules={"recall": {"for": [{"where": {"product": "a"}, "first_within": "1 day"}]}})
    with pytest.raises(InvalidInput, match='leads have no column "product"; did you mean "Produkt"'):
        desk.receive(leads(1, Produkt="a"))
    got = desk.receive(leads(1, product="a"))
    assert got.notes == ('rules.sticky.by is off: leads have no column "account"',)
    assert desk.receive(leads(2), feed="web").ok


def test_the_same_id_of_two_feeds_is_two_leads_and_asking_for_it_names_them(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads(7), feed="crm")
    desk.receive(leads(7), feed="web")
    doubt = desk.follow_up(7, by="Ann")
    assert doubt.code == "conflict"
    assert doubt.sentence == "Lead 7 is one of several systems: 'crm', 'web'."
    assert desk.lead(7, feed="web").feed == "web"
    assert len(records(desk)[Lead]) == 2


def test_two_feeds_with_one_person_are_one_lead_which_the_one_that_is_owned_is(tmp_path):
    desk = opened(tmp_path)
    desk.receive(leads(1, email="Ann.Lee+spring@x.de"), feed="crm")
    desk.place()
    desk.receive(leads("a", email="ann.lee@X.de"), feed="web")
    assert desk.lead("a").stage == "closed"
    assert desk.lead("a").merged_into == 1
    assert desk.follow_up("a", by=desk.lead(1).owner).id == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"phone": "+49 (0)170 1234567"}, {"phone": "0049 170 1234567"}, True),
        ({"phone": "0170 1234567", "email": "a@x.de"}, {"phone": "0170 1234567", "email": "b@x.de"}, False),
        ({"phone": "0170 1234567", "email": "a@x.de"}, {"Mobile": "0170 1234567"}, True),
        ({"email": "a@x.de"}, {"E-Mail": " A+b@X.DE "}, True),
        ({"email": "none"}, {"email": "none"}, False),
        ({"phone": "12"}, {"phone": "12"}, False),
    ],
)
def test_a_person_is_known_by_mail_and_by_phone_where_mails_do_not_differ(tmp_path, one, other, same):
    desk = opened(tmp_path)
    desk.receive([{"lead_id": 1, **one}])
    desk.receive([{"lead_id": 2, **other}])
    assert (desk.lead(2).merged_into == 1) is same


def test_two_rows_of_one_person_in_one_table_are_one_lead(tmp_path):
    desk = opened(tmp_path)
    assert desk.receive(leads(1, 2, email="a@x.de")).ok
    assert desk.lead(2).merged_into == 1


def test_outcomes_of_two_feeds_in_any_order_leave_the_later_one(tmp_path):
    for number, order in enumerate(((0, 1), (1, 0))):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = with_leads(folder, 1)
        began = desk.clock.now
        desk.clock.move(hours=6)
        for which in order:
            if which:
                assert desk.won(1, value=9, occurred_at=began + timedelta(hours=3)).ok
            else:
                assert desk.lost(1, occurred_at=began + timedelta(hours=2)).ok
        assert (desk.lead(1).stage, desk.lead(1).value) == ("won", 9.0)


def test_a_bad_row_is_refused_with_its_line_and_nothing_else(tmp_path):
    desk = opened(tmp_path)
    got = desk.receive(pl.DataFrame({"lead_id": ["a", None, "c", "d"], "value": ["1.5", "2", "much", "3"]}))
    assert [one.code for one in got] == ["done", "denied", "denied", "done"]
    assert got[1].sentence == "leads.lead_id, row 2: the id of a lead must be text or a whole number; found nothing"
    assert got[2].sentence == "leads.value, row 3: must be a finite number, 0 or more; found 'much'"
    assert isinstance(got.frame(), pl.DataFrame)
    assert got.summary() == "4 rows: 2 done, 2 denied."


def test_one_cell_tells_how_the_others_are_meant_even_beside_a_bad_one(tmp_path):
    desk = opened(tmp_path)
    got = desk.receive({"lead_id": [1, 2, 3], "value": ["1.200", "3,5", "much"]})
    assert [one.code for one in got] == ["done", "done", "denied"]
    values = {one.columns["value"] for one in records(desk)[Lead]}
    assert values == {1200.0, 3.5}


def test_nothing_without_a_time_zone_from_the_future_or_long_past(tmp_path):
    desk = with_leads(tmp_path, 1)
    who, now = desk.lead(1).owner, desk.clock.now
    with pytest.raises(InvalidInput, match="occurred_at has no time zone: 2026-03-02T08:00:00; give one"):
        desk.follow_up(1, by=who, occurred_at=datetime(2026, 3, 2, 8))
    assert desk.follow_up(1, by=who, occurred_at=now + timedelta(seconds=1)).reason == "in_the_future"
    desk.clock.move(days=2)
    assert desk.follow_up(1, by=who, occurred_at=now).reason == "too_late"
    row = [{"lead_id": 1, "rep_id": who, "occurred_at": "2026-03-02T08:00", "kind": "call"}]
    assert "leads, row 1: occurred_at has no time zone" in desk.follow_up(row)[0].sentence


def test_a_table_tells_each_row_its_own_parameters(tmp_path):
    desk = with_leads(tmp_path, 1, 2, 3)
    rows = [{"lead_id": one, "rep_id": desk.lead(one).owner, "kind": kind} for one, kind in ((1, "visit"), (2, "nod"))]
    got = desk.follow_up(rows)
    assert [one.code for one in got] == ["done", "denied"]
    assert got[0].sentence.startswith(f"{desk.lead(1).owner} followed lead 1 up by visit at Mon 2026-03-02 09:00.")
    assert got[1].reason == "no_evidence"


def test_unknown_ids_are_not_found_and_the_nearest_is_named(tmp_path):
    desk = with_leads(tmp_path, 1)
    assert desk.follow_up("nobody's", by="Ann").code == "not_found"
    lost = desk.claim(1, by="An")
    assert (lost.code, lost.remedy) == ("not_found", 'did you mean "Ann"?')
    with pytest.raises(InvalidInput, match="there is no lead 'x'"):
        desk.lead("x")
    with pytest.raises(InvalidInput, match="there is no rep 'Zoe'"):
        desk.rep("Zoe")


def test_random_ids_are_taken_as_well_as_the_users_own(tmp_path):
    desk = with_leads(tmp_path, 1)
    key = records(desk)[Lead][0].id
    assert desk.lead(key).id == 1
    assert desk.lead("1").id == desk.lead(1.0).id == 1
    assert desk.rep("ann ").id == "Ann"


def test_a_blank_cell_keeps_what_is_known_unless_its_column_is_to_be_cleared(tmp_path):
    desk = opened(tmp_path, rules=BY_TIER)
    desk.receive(leads(1, tier="key", note="call her", email="eve@example.com"))
    blank = leads(1, tier=None, note="", email=None)
    assert desk.receive(blank)[0].code == "unchanged"
    assert desk.lead(1).columns == {"lead_id": 1, "tier": "key", "note": "call her", "email": "eve@example.com"}
    cleared = desk.receive(blank, clear=["tier", "email"])[0]
    assert cleared.sentence == "Lead 1 changed in tier. Beside the log, it changed in email."
    assert desk.lead(1).columns == {"lead_id": 1, "note": "call her"}
    assert desk.receive(leads(2, email="eve@example.com"))[0].sentence == "Lead 2 came in."  # nobody has that mail now
    assert desk.rebuild().ok


def test_what_no_rule_names_is_told_where_it_changes_though_no_event_holds_it(tmp_path):
    desk = opened(tmp_path, rules=BY_TIER)
    desk.receive(leads(1, tier="key", note="call her"))
    changed = desk.receive(leads(1, tier="key", note="call him"))[0]
    cleared = desk.receive(leads(1, tier="key", note=None), clear="note")[0]
    again = desk.receive(leads(1, tier="key", note=None), clear="note")[0]
    assert (changed.code, changed.seq, cleared.code) == ("done", None, "done")
    assert changed.sentence == "Lead 1 changed in note, which neither policy nor rules name: no event."
    assert cleared.sentence == changed.sentence
    assert (again.code, again.sentence) == ("unchanged", "It is so already: nothing was changed.")
    assert desk.lead(1).columns == {"lead_id": 1, "tier": "key"}


def test_to_clear_again_with_the_same_key_is_answered_alike_and_without_it_is_another_request(tmp_path):
    desk = opened(tmp_path, rules=BY_TIER)
    desk.receive(leads(1, tier="key"))
    codes = [desk.receive(leads(1, tier=None), clear=clear, key="k")[0].code for clear in ("tier", "tier", ())]
    assert codes == ["done", "done", "conflict"]


@pytest.mark.parametrize(
    ("clear", "said"),
    [
        ("teir", "clear: leads has no column 'teir'; did you mean \"tier\"?"),
        ("lead_id", "clear: 'lead_id' cannot be emptied: ids, accounts and a consent that was withdrawn stay"),
        (["tier", "account"], "clear: 'account' cannot be emptied"),
        ("no_contact", "clear: 'no_contact' cannot be emptied"),
    ],
)
def test_what_cannot_be_cleared_is_refused(tmp_path, clear, said):
    desk = opened(tmp_path, rules=BY_TIER)
    with pytest.raises(InvalidInput, match=re.escape(said)):
        desk.receive(leads(1, tier="key", account="Acme", no_contact=False), clear=clear)
    assert desk.checkpoint().seq == 6  # nothing came in
