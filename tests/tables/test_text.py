"""Small tables for people: aligned, escaped, and with numbers that can be read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.tables.text import as_it_stands, cell, html, markdown, number, percent
from tests.strategies import examples


def test_a_pipe_or_a_line_break_in_a_cell_keeps_the_table_whole():
    lines = markdown(["a|b", "n"], [["x|y", "1"], ["x\ny", "12"]]).splitlines()
    assert lines == ["| a\\|b |   n |", "| ---- | --: |", "| x\\|y |   1 |", "| x y  |  12 |"]


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=4))
@examples(60)
def test_every_row_is_one_line_of_as_many_cells(rows):
    lines = markdown(["first", "second"], rows).split("\n")
    assert len(lines) == 2 + len(rows)
    assert {line.replace("\\|", "").count("|") for line in lines} == {3}
    assert not any(len(line.splitlines()) > 1 for line in lines)


def test_html_escapes_every_cell():
    found = html(["<b>"], [["<script>alert('&')</script>"], ["1"]])
    assert "<script>" not in found
    assert "<b>" not in found
    assert "&lt;script&gt;alert(&#x27;&amp;&#x27;)&lt;/script&gt;" in found


def test_columns_of_numbers_stand_right():
    assert 'text-align:right">1' in html(["n"], [["1"], ["-"]])
    assert 'text-align:left">1' in html(["n"], [["1"], ["x"]])
    assert markdown(["n"], []) == "| n   |\n| --- |"


@pytest.mark.parametrize(
    "value, shown",
    [
        (0, "0"),
        (-0.0, "0"),
        (0.12345, "0.123"),
        (-0.5, "-0.5"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (1e15, "1,000,000,000,000,000"),
        (0.000012, "1.20e-05"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        (float("nan"), "nan"),
    ],
)
def test_numbers_show_what_matters(value, shown):
    assert number(value) == shown


@given(st.floats(1e-4, 1e12))
@examples(60)
def test_a_shown_number_is_within_half_a_percent(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=0.005)


def test_percent_rounds():
    assert percent(0.999) == "100%"
    assert percent(-0.014, 1) == "-1.4%"


@given(st.integers(1, 10**12 - 1), st.integers(-300, 300))
@examples(100)
def test_amounts_are_shown_in_digits_that_read_as_the_same_amount(digits, power):
    amount = float(f"{digits}e{power}")
    assert float(as_it_stands(amount).replace(",", "")) == pytest.approx(amount, rel=1e-15)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (np.float64(5.150273884356446e299), "5.150273884356446e+299"),
        (np.int64(-3), "-3"),
        (np.bool_(True), "True"),
        (np.str_("web"), "'web'"),
        (-(10**400), "a whole number of about 401 digits"),
        (10**40, str(10**40)),
        ([1], "[1]"),
    ],
)
def test_cells_are_shown_as_they_stand_in_a_table(found, shown):
    assert cell(found) == shown


def test_a_number_that_python_does_not_write_is_told_by_its_length():
    assert cell(10**5_000) == "a whole number of about 5,001 digits"
