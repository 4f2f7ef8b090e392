"""Keys of requests: the same key gets the same answer, and nothing happens twice."""

import pytest

from leadopt.errors import InvalidInput
from leadopt.lifecycle.records import Lead
from tests.desk.desks import again, leads, opened, records, with_leads


def test_the_same_key_gets_the_same_answer_and_nothing_happens_twice(tmp_path):
    desk = with_leads(tmp_path, 1)
    who, end = desk.lead(1).owner, None
    first = desk.follow_up(1, by=who, kind="call", key="k1")
    end = desk.checkpoint()
    assert desk.follow_up(1, by=who, kind="call", key="k1") == first
    assert desk.checkpoint() == end
    assert first.code == "done"


def test_a_denial_is_answered_again_too(tmp_path):
    desk = with_leads(tmp_path, 1)
    first = desk.claim(1, by="Ann", key="k")
    assert first.code == "denied"
    desk.to_pool(desk.receive(leads(2))[0].id)
    assert desk.claim(1, by="Ann", key="k") == first


def test_the_same_key_for_something_else_is_a_conflict_and_changes_nothing(tmp_path):
    desk = with_leads(tmp_path, 1, 2)
    who = desk.lead(1).owner
    desk.follow_up(1, by=who, key="k1")
    end = desk.checkpoint()
    for other in (
        desk.follow_up(2, by=desk.lead(2).owner, key="k1"),
        desk.follow_up(1, by=who, kind="email", key="k1"),
        desk.won(1, by=who, key="k1"),
    ):
        assert (other.code, other.reason) == ("conflict", "key_used")
    assert desk.checkpoint() == end


def test_a_key_holds_after_the_desk_was_opened_again_and_in_another_process(tmp_path):
    desk = with_leads(tmp_path, 1)
    who = desk.lead(1).owner
    first = desk.follow_up(1, by=who, key="k1")
    assert again(desk).follow_up(1, by=who, key="k1") == first


def test_each_row_of_a_table_has_its_own_answer_so_a_table_that_was_cut_short_goes_on(tmp_path):
    desk = opened(tmp_path)
    table = leads(*range(7))
    part = desk.receive(table[:3], key="file")
    whole = desk.receive(table, key="file")
    assert list(whole[:3]) == list(part)
    assert [one.code for one in whole] == ["done"] * 7
    assert desk.receive(table, key="file")[5] == whole[5]
    assert len(records(desk)[Lead]) == 7


def test_the_key_itself_is_nowhere_in_the_file(tmp_path):
    desk = with_leads(tmp_path, 1)
    desk.follow_up(1, by=desk.lead(1).owner, key="ann.lee@example.com/7")
    desk.close()
    assert b"ann.lee@example.com" not in (tmp_path / "desk.db").read_bytes()


@pytest.mark.parametrize("key", ["", 5])
def test_what_is_no_key_is_refused(tmp_path, key):
    desk = opened(tmp_path)
    with pytest.raises(InvalidInput, match="key: must be a text that is new for each request; found"):
        desk.follow_up(1, key=key)


def test_a_version_that_is_not_the_seen_one_is_a_conflict(tmp_path):
    desk = with_leads(tmp_path, 1)
    seen = desk.lead(1)
    assert desk.follow_up(1, by=seen.owner, expect=seen.version).ok
    stale = desk.follow_up(1, by=seen.owner, expect=seen.version)
    assert stale.code == stale.reason == "conflict"
    assert "at version 3; the command had seen 2" in stale.sentence
