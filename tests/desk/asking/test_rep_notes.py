"""What is said of a table of reps beside its rows: who may be whom, and what blank cells mean."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.desk.work.results import Results
from tests.desk.desks import opened
from tests.strategies import examples


def table(*names, **columns):
    return [{"rep_id": name, **columns} for name in names]


def typed(desk, note):
    """Do what a note says to type where a rep came twice, and return whether all of it was done."""
    _, after = note.split("by a new name: ")
    done = []
    for command in after.split("; ")[:-1]:
        words = shlex.split(command)
        assert words[:2] == ["leadopt", "desk"]
        if words[2] == "rename-rep":
            done.append(desk.rename_rep(words[3], words[5]).ok)
        else:
            done.append(words[2] == "rep-leaves" and desk.rep_leaves(words[3]).ok)
    return len(done) == 3 and all(done)


def test_who_is_new_and_looks_like_somebody_who_is_not_in_the_table_is_noted(tmp_path):
    desk = opened(tmp_path)  # Ann, Bo and Cy
    desk.reps(table("Robert Lee", "R-03"))
    got = desk.reps(table("Ann", "Bo", "Cy", "Roberta Lee", "R-04"))
    first, second = got.notes
    assert first.startswith("rep 'Roberta Lee' is new, and looks like 'Robert Lee', who is not in this table. ")
    assert second.startswith("'R-04' is new, and 'R-03' is not in this table. Somebody with another id is another rep.")
    assert desk.reps(table("Annn")).notes == ()  # a table of few says nothing of who is not in it
    assert desk.reps(table("Ann", "Bo", "Cy", "Roberta Lee", "R-04")).notes == ()


def test_what_is_typed_where_a_table_had_the_new_name_first_makes_one_rep_of_two(tmp_path):
    desk = opened(tmp_path)
    desk.receive([{"lead_id": 1}])
    desk.assign(1, to="Cy")
    (note,) = desk.reps(table("Ann", "Bo", "Cyril O'Moe", max_open=7)).notes
    assert typed(desk, note)
    assert desk.reps(table("Ann", "Bo", "Cyril O'Moe", max_open=7)).notes == ()
    assert desk.lead(1).owner == "Cyril O'Moe"
    assert (desk.rep("Cyril O'Moe").open, desk.rep("Cyril O'Moe").columns["max_open"]) == (1, 7)


def test_of_several_who_vanish_and_appear_nobody_is_paired_off(tmp_path):
    (note,) = opened(tmp_path).reps(table("Ann", "Bo", "Dee", "Eve")).notes
    assert note.startswith("'Dee', 'Eve' are new, and 'Cy' is not in this table. ")
    assert "leadopt desk rename-rep OLD --to NEW;" in note


@pytest.mark.parametrize("names", [("Dee",), ("Ann", "Dee"), ("Ann", "Bo", "Cy", "Dee"), ("Ann", "Bo"), ()])
def test_who_joins_or_is_not_told_of_is_no_news_of_anybody_else(tmp_path, names):
    told = opened(tmp_path).reps(table(*names)).notes
    assert told == ()


def test_an_id_in_another_spelling_is_the_rep_who_is_known(tmp_path):
    desk = opened(tmp_path)
    got = desk.reps(table(" ann ", "BO", max_open=9))
    assert [(one.id, one.code) for one in got] == [("Ann", "done"), ("Bo", "done")]
    assert got.notes == ('reps of this table written in another way are one: " ann " is "Ann", "BO" is "Bo"',)
    assert desk.rep("Ann").columns["rep_id"] == "Ann"
    assert desk.rep("Ann").columns["max_open"] == 9


@examples(30)
@given(st.lists(st.sampled_from(["Dee", "dee", " DEE", "D\u00a0ee", "Eve", "eve "]), min_size=1, max_size=6))
def test_one_table_makes_one_rep_of_all_spellings_and_says_so(tmp_path_factory, names):
    desk = opened(tmp_path_factory.mktemp("desk"), reps=None)
    got = desk.reps([{"rep_id": name, "max_open": k} for k, name in enumerate(names)])
    folded = [" ".join(name.casefold().split()) for name in names]
    assert isinstance(got, Results)
    assert len({one.id for one in got}) == len(set(folded))
    for key in set(folded):
        mine = [k for k, one in enumerate(folded) if one == key]
        assert desk.rep(names[mine[0]]).columns["max_open"] == mine[-1]
        said = [note for note in got.notes if note.startswith(f"rep {names[mine[0]]!r} has several rows (row ")]
        assert len(said) == (len(mine) > 1)


def test_a_blank_cell_of_who_is_available_says_what_it_counts_as(tmp_path):
    desk = opened(tmp_path)
    rows = [{"rep_id": "Ann", "available": "no"}, {"rep_id": "Bo", "available": ""}, {"rep_id": "Cy"}]
    there = "who has no word there counts as there"
    assert desk.reps(rows).notes == (f"\"available\" is blank for 'Bo', 'Cy': {there}",)
    again = [{"rep_id": "Ann", "available": " "}, {"rep_id": "Bo", "available": "yes"}]
    assert desk.reps(again).notes == ("\"available\" is blank for 'Ann' (no): it stays as it was told before",)
    assert desk.rep("Ann").columns["available"] == "no"
    assert desk.reps(again, clear="available").notes == (f"\"available\" is blank for 'Ann': {there}",)
    assert desk.reps(table("Ann", "Bo")).notes == ()
