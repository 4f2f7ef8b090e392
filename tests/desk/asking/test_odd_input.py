"""What nobody should give a desk: each is one sentence in the user's words, and leaves nothing behind."""

from datetime import date
from uuid import UUID

import pytest

from leadopt.errors import InvalidInput
from tests.desk.desks import leads, opened, owner, with_leads


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda desk: desk.transfer(1, to=None), "to: is needed, and missing"),
        (lambda desk: desk.close_lead(1, reason=None), "reason: is needed, and missing"),
        (lambda desk: desk.park(1, until=None, reason="x"), "until: is needed, and missing"),
        (lambda desk: desk.follow_up(1, expect=True), "expect: must be the version that you have seen"),
        (lambda desk: desk.undo(True), "of: must be the result of a command"),
        (lambda desk: desk.ack(5), "messages: must be ids"),
        (lambda desk: desk.policy("x"), "policy: must be a leadopt.Policy; found str"),
        (lambda desk: desk.at(date(2026, 1, 1)), "moment: must be a datetime with a time zone"),
        (lambda desk: desk.plan([99]), "leads: there is no lead 99; look at how it was called"),
        (lambda desk: desk.plan("99"), "leads: there is no lead '99'"),
        (lambda desk: desk.export(99), "there is no lead 99"),
        (lambda desk: desk.rep("house"), "there is no rep 'house'"),
        (lambda desk: desk.receive({"lead_id": 2}, role="boss"), "manager, system, admin; found 'boss'"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path, ask, sentence):
    desk = with_leads(tmp_path, 1)
    end = desk.checkpoint()
    with pytest.raises(InvalidInput, match=sentence):
        ask(desk)
    assert desk.checkpoint() == end


def test_a_list_may_hold_ids_of_any_kind_and_what_is_none_is_refused_by_itself(tmp_path):
    key = UUID(int=9)
    desk = with_leads(tmp_path, 1, 2, key)
    got = desk.follow_up([1.0, "2", key, None, 2.5])
    assert [one.code for one in got] == ["done", "done", "done", "denied", "denied"]
    assert got[3].sentence == "entry 4: the id of a lead must be text or a whole number; found None"
    assert list(desk.follow_up([])) == []


def test_a_lead_that_nobody_knows_is_not_placed_and_the_others_are(tmp_path):
    desk = with_leads(tmp_path, 1, place=False)
    assert [one.code for one in desk.place([99, 1])] == ["not_found", "done"]
    assert [one.id for one in desk.place(99)] == [99]


@pytest.mark.parametrize("name", ["house", "manager", "system"])
def test_no_rep_is_called_as_the_desk_calls_its_own(tmp_path, name):
    desk = opened(tmp_path)
    (got,) = desk.reps({"rep_id": name})
    assert got.code == "denied"
    assert got.sentence.startswith(f"reps: no rep is called {name!r}, as the desk means something else by it")


def test_a_negative_worth_is_refused_as_no_plan_could_be_made_of_it(tmp_path):
    desk = with_leads(tmp_path, 1, 2)
    assert desk.won(1, value=-5).sentence == "A won lead is worth 0 or more; found -5.0."
    assert desk.won(1, value=0).ok
    assert desk.plan() is not None


def test_a_lead_that_was_won_before_anybody_had_it_is_learned_from(tmp_path):
    desk = with_leads(tmp_path, 1, 2)
    desk.receive(leads(3, 4))
    assert desk.won(3, rep="Ann", value=5).ok
    assert desk.lead(3).owner == "Ann"
    assert len(desk.plan().leads) == 1


def test_a_remedy_that_asks_ends_as_a_question(tmp_path):
    desk = with_leads(tmp_path, 1)
    assert str(desk.transfer(1, to="Anne")).endswith('Remedy: did you mean "Ann"?')


def test_a_pool_is_found_however_its_name_is_written(tmp_path):
    desk = with_leads(tmp_path, 1, place=False)
    assert desk.to_pool(1, pool="MAIN").ok
    assert desk.pool("Main").total == 1


def test_what_is_imported_of_an_unknown_owner_says_so_in_words(tmp_path):
    desk = opened(tmp_path)
    (got,) = desk.import_([{"lead_id": 1, "stage": "won", "rep_id": "Zoe"}])
    assert got.sentence == "Lead 1 was taken over from another system as won; its owner is no rep here."


def test_how_a_lead_comes_to_a_pool_depends_on_where_it_is(tmp_path):
    desk = with_leads(tmp_path, 1)
    assert desk.to_pool(1).remedy == "its owner releases it"
    desk.lost(1, by=owner(desk, 1))
    assert desk.to_pool(1).remedy == "reopen it first"


def test_a_slip_in_a_name_does_not_report_for_somebody_else(tmp_path):
    desk = with_leads(tmp_path, 1)
    found = desk.follow_up(1, by="An")
    assert found.code == "not_found"
    assert "Ann" in found.remedy and "role='feed'" in found.remedy
    assert desk.follow_up(1, by="An", role="feed").ok and desk.follow_up(1, by="the mail server").ok
