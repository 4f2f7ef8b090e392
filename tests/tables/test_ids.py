"""Ids are one however they are written, unless a table lists two; who may be the same is proposed, never assumed."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadopt.tables.ids import (
    NOWHERE,
    IdBook,
    alike,
    level_key,
    look_alikes,
    nothing_note,
    one_nothing,
    one_spelling,
    respelled,
    spellings_of,
    twice_but_for_blanks,
)

TEXTS = st.text(alphabet="aAbB ßéÉ１1\u00a0\u200b", min_size=1, max_size=4).filter(alike)


@given(st.lists(TEXTS, max_size=6), TEXTS)
@example(["a", "a"], "A")  # of two who are written alike, neither is meant
def test_an_id_is_found_as_it_is_before_any_that_is_alike(ids, wanted):
    found = IdBook(ids).place(wanted)
    same = [one for one in ids if alike(one) == alike(wanted)]
    if wanted in ids:
        assert ids[found] == wanted
    elif len(same) == 1:
        assert ids[found] == same[0]
    else:
        assert found is None


@given(st.dictionaries(TEXTS, st.integers(1, 5), max_size=6), st.lists(TEXTS, max_size=3, unique=True))
def test_one_spelling_joins_what_is_alike_and_nothing_else(written, known):
    other = one_spelling(written, known)
    read = {text: other.get(text, text) for text in written}
    for text, one in read.items():
        assert alike(text) == alike(one)
        listed = [name for name in known if alike(name) == alike(text)]
        if text in known or len(listed) > 1:
            assert one == text
        elif len(listed) == 1:
            assert one == listed[0]
        else:
            assert {read[same] for same in written if alike(same) == alike(text)} == {one}


def test_the_most_frequent_spelling_counts_and_numbers_stay():
    assert respelled(["WEB", "web", "web ", "web", None, 7]) == {"WEB": "web", "web ": "web"}
    assert respelled(["WEB", "web"], [5, 1]) == {"web": "WEB"}
    assert respelled([1, 2, None]) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann Lee", "LEE, Ann"),
        ("Ann Lee", "ann.lee@firm.com"),
        ("R1", "R001"),
        ("007", "7"),
        ("Müller", "Mueller"),
        ("Jörg Weiß", "Joerg Weiss"),
        ("王伟", "王伟 (华东)"),
        ("Ann", "Ann Lee"),
    ],
)
def test_who_may_be_the_same_is_proposed(one, other):
    assert look_alikes([one], ["Zed Quux", other]) == {one: other}


@pytest.mark.parametrize(
    ("one", "other"), [("R1", "R2"), ("Rep 1", "Rep 10"), ("Ann", "Bo"), ("Bo", "Bea"), ("A", "B")]
)
def test_who_is_another_is_not(one, other):
    assert look_alikes([one], [other]) == {}


def test_blanks_alone_make_no_second_id():
    assert twice_but_for_blanks(["L1", "l1", "L1 "]) == ("L1", "L1 ")
    assert twice_but_for_blanks(["L1", "l1", 1, 2]) is None


@given(st.text(alphabet="aB é", min_size=1, max_size=6), st.data())
def test_marks_of_no_width_do_not_tell_texts_apart(text, data):
    place = data.draw(st.integers(0, len(text)))
    mark = data.draw(st.sampled_from("\u200b\ufeff\u200e\u00ad"))
    assert alike(text[:place] + mark + text[place:]) == alike(text)


@given(st.lists(st.sampled_from([None, "", " ", "N/A", "n/a", "-", "null", "None", "#N/A", "web", "fair"]), min_size=1))
def test_levels_that_say_nothing_are_one(column):
    """An export that writes "" never met a table that writes None, and each spelling of nothing was a level."""
    known = spellings_of({one_nothing(set(column)).get(level, level) for level in column})
    of = {level: known.get(level_key(level), level) for level in [*column, None, "", "NULL", "web"]}
    nothing = [level for level in column if level_key(level) == NOWHERE]
    assert len({of[level] for level in [*nothing, None, "", "NULL"]}) <= (1 if nothing else 3)
    assert {of["web"]} == {"web"}
    if len(set(nothing)) > 1:
        assert of[nothing[0]] is None
        assert nothing_note("leads.source", one_nothing(set(column)))
    elif nothing:
        assert of[nothing[0]] == nothing[0]  # alone it may be a kind of its own
