"""Separators and headers are found among what people put above and between."""

import pytest

from leadopt.tables.reading.grids import header_row, hinted_separator, likely_separator


@pytest.mark.parametrize(
    ("lines", "separator"),
    [
        (["lead_id;value", "1;2,5", "2;3,5"], ";"),
        (["id,name", '1,"a;b;c"', '2,"d;e;f"'], ","),
        (["id\tnote", "1\ta, b, c"], "\t"),
        (["id|note", "1|a, b"], "|"),
        (["Report, of leads", "", "id;source;value", "1;web;2,5"], ";"),
        (["lead_id"], ","),
        ([""], ","),
    ],
)
def test_separators(lines, separator):
    assert likely_separator(lines) == separator


@pytest.mark.parametrize(
    ("rows", "wanted", "place"),
    [
        ([["id", "v"], ["1", "2"]], [], 0),
        ([["Leads of March", ""], ["", ""], ["id", "v"], ["1", "2"]], [], 2),
        ([["Date:", "2025-01-31", ""], ["id", "source", "value"], ["1", "web", "7"]], [], 1),
        ([["a", "b", "c"], ["lead_id", "x", ""], ["1", "2", "3"]], ["lead_id"], 1),
        ([["lead_id"], ["1"]], [], 0),
        ([["note"], ["a"], ["b"]], [], 0),
        ([], [], 0),
    ],
)
def test_headers(rows, wanted, place):
    assert header_row(rows, wanted) == place


@pytest.mark.parametrize(("line", "mark"), [("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t", "\t"), ("separator", None)])
def test_hints(line, mark):
    assert hinted_separator(line) == mark
