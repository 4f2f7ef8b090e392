"""A CRM's history as it is exported: other names, missing columns, several owners, cells that cannot be."""

import numpy as np
import polars as pl
import pytest

from leadopt import InvalidInput
from leadopt.desk.figures import HistoryColumns, Period, facts_of_history, metrics
from tests.desk.figures.floors import HOUR, at, floor, micro

ONE = {"rep_id": "Ann", "assigned_at": "2026-01-05T09:00", "first_response_at": "2026-01-05T10:30"}


def test_names_are_settings():
    columns = HistoryColumns(rep_id="Owner", assigned_at="Given", first_response_at="First call")
    history = pl.DataFrame({"Owner": ["Ann"], "Given": ["05.01.2026 09:00"], "First call": ["05.01.2026 10:30"]})
    facts = facts_of_history(history, columns=columns)
    told = metrics(facts, Period.weeks("2026-01-05", 1))
    assert told.figure("rep_response_median").value == 1.5
    assert isinstance(told.frame(), pl.DataFrame)


def test_times_without_a_zone_are_those_of_the_zone():
    berlin, utc = facts_of_history([ONE], zone="Europe/Berlin"), facts_of_history([ONE])
    assert utc.owned.since[0] - berlin.owned.since[0] == HOUR
    aware = facts_of_history([{**ONE, "assigned_at": "2026-01-05T09:00+02:00"}], zone="Europe/Berlin")
    assert berlin.owned.since[0] - aware.owned.since[0] == HOUR


def test_without_a_moment_of_export_it_is_the_end_of_the_last_day():
    assert facts_of_history([ONE]).known_until == micro(at(1))
    assert facts_of_history([ONE], now="2026-02-01").known_until == micro(at(28))
    assert facts_of_history([ONE], now="2026-02-01T12:00").known_until == micro(at(27.5))


def test_rows_of_a_lead_are_its_owners_one_after_the_other():
    rows = [
        {"lead_id": 7, "rep_id": "Bo", "assigned_at": at(3), "at": at(9), "converted": "won"},
        {"lead_id": 7, "rep_id": "Ann", "assigned_at": at(1), "at": None, "converted": None},
        {"lead_id": None, "rep_id": "Cy", "assigned_at": at(2), "at": at(2.5), "converted": "lost"},
        {"lead_id": None, "rep_id": "Cy", "assigned_at": at(2), "at": None, "converted": ""},
    ]
    facts = facts_of_history(rows)
    owned = facts.owned
    assert owned.number.tolist() == [2, 1, 1, 1]
    assert owned.exit == ("won", "passed on", "lost", "")
    assert owned.until[:3].tolist() == [micro(at(9)), micro(at(3)), micro(at(2.5))]
    assert facts.leads.received.tolist() == [micro(at(1)), micro(at(2)), micro(at(2))]
    assert facts.leads.won[0] == micro(at(9))
    assert np.isnan(facts.leads.won[1:]).all()
    assert np.isnan(facts.leads.ended).tolist() == [False, False, True]


def test_rows_that_tell_nothing_are_left_out_and_told():
    rows = [ONE, {**ONE, "rep_id": None}, {**ONE, "assigned_at": None}]
    facts = facts_of_history(rows)
    assert len(facts.owned.since) == 1
    assert facts.notes[0] == "2 history rows without a rep or assigned_at, left out"


def test_an_answer_before_the_lead_was_given_came_at_once():
    facts = facts_of_history([{**ONE, "first_response_at": "2026-01-05T08:00"}])
    assert metrics(facts, Period.weeks("2026-01-05", 1)).figure("rep_response_median").value == 0.0


def test_days_without_times_may_be_those_of_moments():
    facts = facts_of_history([{**ONE, "at": "2026-01-05", "converted": 1}])
    assert facts.owned.won.tolist() == [True]


@pytest.mark.parametrize("complaints", [[1, 0, None], [True, False, None], ["yes", "no", ""]])
def test_complaints_are_numbers_or_truths(complaints):
    facts = facts_of_history([{**ONE, "complaints": one} for one in complaints])
    assert facts.owned.complaints.tolist() == [1.0, 0.0, 0.0]


def test_complaints_may_be_many():
    assert facts_of_history([{**ONE, "complaints": 3}, ONE | {"complaints": 1}]).owned.complaints.tolist() == [3.0, 1.0]


@pytest.mark.parametrize(
    ("row", "options", "said"),
    [
        ({"rep_id": "Ann"}, {}, 'column "assigned_at" is missing'),
        (ONE, {"mix": "tier"}, 'column "tier" is missing'),
        ({**ONE, "assigned_at": "soon"}, {}, "history.assigned_at, row 1: must be a moment like 2026-01-31T09:30"),
        ({**ONE, "assigned_at": None}, {}, "history.assigned_at: no row tells when a rep got a lead"),
        (
            {**ONE, "at": "2026-01-01", "converted": 1},
            {},
            "history.at, row 1: a lead cannot be settled before it was given to somebody, in assigned_at; found "
            "'2026-01-01'. Mend one of the dates.",
        ),
        (ONE, {"now": "2026-01-04"}, "history.assigned_at, row 1: cannot be after now, 2026-01-04; found"),
        (ONE, {"now": "later"}, "now: must be a date or a moment like 2026-01-31T09:30; found 'later'"),
        ({**ONE, "complaints": "many"}, {}, "history.complaints, row 1: must be a finite number, 0 or more"),
        (ONE, {"zone": "Mars"}, "Mars"),
    ],
)
def test_what_cannot_be_is_refused_in_words(row, options, said):
    with pytest.raises(InvalidInput) as error:
        facts_of_history([row], **options)
    assert said in str(error.value)


def test_a_name_that_is_none_is_refused():
    with pytest.raises(InvalidInput, match=r"columns\.at: must be the name of a column; found None"):
        HistoryColumns(at=None)


@pytest.mark.parametrize("kind", ["list", "pandas", "polars", "lazy", "arrow", "csv text"])
def test_it_reads_tables_of_any_kind(kind):
    rows = [
        {**row, "converted": None if row["converted"] is None else int(row["converted"])}
        for row in floor(np.random.default_rng(4), 60)
    ]
    truth = metrics(facts_of_history(rows), Period.weeks("2026-01-05", 8))
    frame = pl.DataFrame(rows)
    text = [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in rows]
    table = {
        "list": lambda: rows,
        "pandas": frame.to_pandas,
        "polars": lambda: frame,
        "lazy": frame.lazy,
        "arrow": frame.to_arrow,
        "csv text": lambda: text,
    }[kind]()
    found = metrics(facts_of_history(table, mix="source"), Period.weeks("2026-01-05", 8))
    assert repr(found.figures) == repr(truth.figures)
    for made in (found.frame, found.rep_frame, found.week_frame):
        assert len(made()) > 0
