"""Outcomes are counted alike in every kind of table, and what cannot be read is named."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from leadopt.errors import InvalidInput
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.tables import Table
from tests.tables_strategies import KINDS

every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def refused(history, *columns):
    with pytest.raises(InvalidInput) as caught:
        count_outcomes(history, *columns)
    return str(caught.value)


HISTORY = {
    "rep": ["A", "A", "B", "A", None, "B"],
    "part": ["x", "x", None, "x", "y", "x"],
    "won": [1, 0, 1, 1, None, 0],
    "at": [date(2026, 1, 1)] * 4 + [None, date(2026, 1, 2)],
}


@every_kind
@pytest.mark.parametrize("at", [None, "at"])
def test_every_kind_counts_outcomes_the_same(kind, at):
    counted = count_outcomes(Table(KINDS[kind](HISTORY), "history"), "rep", ["part"], "won", at)
    days = [0] * len(counted.count) if at is None else (counted.day - date(2026, 1, 1).toordinal()).tolist()
    groups = zip(*counted.keys, days, counted.converted.tolist(), counted.count.tolist(), strict=True)
    expected = {("A", "x", 0, 1, 2), ("A", "x", 0, 0, 1), ("B", None, 0, 1, 1), ("B", "x", 1 if at else 0, 0, 1)}
    assert set(groups) == expected
    assert (counted.n_rows, counted.n_open) == (6, 1)


def test_dates_in_an_object_column_of_pandas_are_read_like_others():
    frame = pd.DataFrame({"rep": ["A", "A"], "won": [1, 0], "at": [date(2026, 1, 1), datetime(2026, 1, 1, 9)]})
    assert frame["at"].dtype == object
    counted = count_outcomes(Table(frame, "history"), "rep", [], "won", "at")
    assert counted.day.tolist() == [date(2026, 1, 1).toordinal()] * 2


def test_compact_iso_times_in_rows_are_dates():
    rows = [{"rep": 1, "won": 1, "at": " 20260131T101500"}]
    counted = count_outcomes(Table(rows, "history"), "rep", [], "won", "at")
    assert counted.day.tolist() == [date(2026, 1, 31).toordinal()]


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb", "list of dicts"])
@pytest.mark.parametrize(
    "change, said",
    [
        (
            {"won": ["1", "won", "maybe", "0", "0", "0"]},
            "history.won, row 3: an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is "
            "open; found 'maybe'. Say in the policy what it means: "
            '[outcomes] won = ["maybe"], lost = ["maybe"] or open = ["maybe"]',
        ),
        (
            {"won": [1, 2, 0, 0, 0, 0]},
            "history.won, row 2: an outcome must be 0, 1, true, false, won, lost, yes, no, or missing while it is "
            "open; found 2",
        ),
        (
            {"at": HISTORY["at"][:3] + [None] * 3},
            "history.at, row 4: every settled row needs a date like 2026-01-31; found nothing (and 1 more row)",
        ),
        (
            {"at": ["2026-01-01T00:00Z"] + ["2026-01-01T00:00"] * 5},
            "history.at: times must be either all with a time zone or all without; found both",
        ),
        (
            {"at": list(range(6))},
            "history.at, row 1: must be a date or an ISO date like 2026-01-31; found 0 (and 5 more rows)",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(kind, change, said):
    history = Table(KINDS[kind](HISTORY | change), "history")
    assert refused(history, "rep", ["part"], "won", "at") == said


def test_collections_cannot_be_counted():
    for cell in (["x"], {"x"}, np.array([1]), bytearray(b"x")):
        history = Table(HISTORY | {"part": [cell] * 6}, "history")
        said = refused(history, "rep", ["part"], "won")
        assert said.startswith("history.part, row 1: must be a plain value, not a collection; found ")


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_collections_in_a_frame_cannot_be_counted(kind):
    history = Table(KINDS[kind](HISTORY | {"part": [["x"]] * 6}), "history")
    assert history.n_levels("part") == 1
    assert "must " in refused(history, "rep", ["part"], "won")


@every_kind
def test_blank_text_is_an_open_lead(kind):
    """As `csv.DictReader` and a column read as text have it."""
    rows = {"rep": ["A", "A", "", " "], "won": ["1", "", " ", "0"]}
    counted = count_outcomes(Table(KINDS[kind](rows), "history"), "rep", [], "won")
    assert set(zip(counted.keys[0], counted.converted.tolist(), strict=True)) == {("A", 1), (None, 0)}
    assert counted.n_open == 2
