"""Which leads a `where` is about."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.lifecycle.rules.conditions import VALUE_PATTERN, Where
from tests.strategies import examples


def holds(value, cell):
    return Where.of({"column": value}).holds({"column": cell})


@pytest.mark.parametrize(
    ("value", "yes", "no"),
    [
        ("key", ["key", "KEY", " key "], ["gold", "", None, "keys", 1]),
        (["key", "gold"], ["key", "Gold"], ["silver", None]),
        (5, [5, 5.0, "5", "5.0", "05", "5e0"], [6, "five", None, True, "5 %"]),
        ("5", [5, 5.0, "5", "5.0"], [6, "five", None]),
        (True, [True, "true", "True"], [False, 1, "1", "yes", None]),
        ("< 5", [4, 4.99, "4", "-1e3", float("-inf")], [5, "5", "many", "", None, float("nan"), True]),
        ("<=5", [5, "5.0", 4], [5.01, "6"]),
        ("> 5", [6, "5.01", float("inf")], [5, "4"]),
        (">= 5", [5, "5", 7.5], [4.99, None]),
        (">= 0.3", [0.3, "0.3", "0.30"], [0.29999999999999993]),
        ("missing", [None, "", "  ", float("nan")], [0, False, "x", "missing"]),
        (["missing", "< 5"], [None, 3], [5]),
        (12345678901234567, [12345678901234567, "12345678901234567"], [12345678901234568, "12345678901234568"]),
    ],
)
def test_what_a_cell_must_be(value, yes, no):
    assert [cell for cell in yes if not holds(value, cell)] == []
    assert [cell for cell in no if holds(value, cell)] == []


def test_all_columns_of_a_table_hold_and_tables_are_alternatives():
    where = Where.of([{"tier": "key", "value": ">= 5000"}, {"source": "fair"}])
    assert where.holds({"tier": "key", "value": 6000})
    assert where.holds({"source": "Fair", "tier": "none"})
    assert not where.holds({"tier": "key", "value": 4000, "source": "web"})
    assert not where.holds({})
    assert where.columns == ("tier", "value", "source")
    assert str(where) == "tier is key and value >= 5000, or source is fair"


def test_a_column_that_is_not_there_is_missing():
    assert Where.of({"tier": "missing"}).holds({})


def test_the_order_of_columns_is_none():
    assert Where.of({"a": 1, "b": 2}) == Where.of({"b": 2, "a": 1})


def test_conditions_are_equal_if_they_say_the_same():
    assert Where.of({"a": 5}) == Where.of({"a": 5.0})
    assert Where.of({"a": 1}) != Where.of({"a": True})
    assert Where.of({"a": ">=5"}) == Where.of({"a": ">= 5"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, 'where: must look like {tier = "key", value = ">= 5000"}; found {}'),
        ([], "found an empty list"),
        ([{"a": 1}, {}], "found {}"),
        ("tier = key", "found 'tier = key'"),
        (None, "found None"),
        ({"a": None}, "where.a: must be text, a number, true, false"),
        ({"a": ""}, "where.a: must be text"),
        ({"a": []}, "where.a: must be a value or a list of values; found an empty list"),
        ({"a": [["b"]]}, "where.a: must be text"),
        ({"a": {"b": 1}}, "where.a: must be text"),
        ({"a": float("nan")}, "where.a: must be a number from -1e30 to 1e30; found nan"),
        ({"a": float("inf")}, "where.a: must be a number from -1e30 to 1e30; found inf"),
        ({"a": 10**400}, "where.a: must be a number from -1e30 to 1e30"),
        ({"a": "< many"}, 'a comparison is "<", "<=", ">" or ">=" and a number; found \'< many\''),
        ({"a": "!= key"}, "a comparison is"),
        ({"a": "== 5"}, "a comparison is"),
        ({"a": "<> 5"}, "a comparison is"),
        ({"a": "<"}, "a comparison is"),
        ({" ": 1}, "must name columns; found ' '"),
        ({1: 1}, "must name columns; found 1"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(given, said):
    with pytest.raises(InvalidInput) as caught:
        Where.of(given)
    assert said in str(caught.value)


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 4)),
    st.sampled_from(["key", "missing", "< 5", ">=-0.5", "> 1e3", " Größe "]),
)
TABLES = st.dictionaries(
    st.sampled_from("abc"), st.one_of(VALUES, st.lists(VALUES, min_size=1, max_size=3)), min_size=1
)


@examples(100)
@given(st.one_of(TABLES, st.lists(TABLES, min_size=1, max_size=3)))
def test_plain_data_come_back(given):
    where = Where.of(given)
    assert Where.of(where.plain()) == where
    assert Where.of(where.plain()).plain() == where.plain()


@examples(100)
@given(st.sampled_from(["<", "<=", ">", ">="]), st.decimals(-99, 99, places=2), st.decimals(-99, 99, places=2))
def test_comparisons_are_exact(sign, bound, cell):
    expected = {"<": cell < bound, "<=": cell <= bound, ">": cell > bound, ">=": cell >= bound}[sign]
    for written in (str(cell), float(cell)):
        assert holds(f"{sign} {bound}", written) == expected
    assert isinstance(cell, Decimal)


@examples(100)
@given(st.text(max_size=12))
def test_no_text_breaks_it_and_the_pattern_is_what_is_taken(text):
    holds("key", text)
    holds("< 5", text)
    try:
        taken = Where.of({"a": text}) is not None
    except InvalidInput:
        taken = False
    assert bool(re.search(VALUE_PATTERN, text)) == taken
