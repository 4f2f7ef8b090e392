"""Open leads and delays as they are read: from every kind of table, and what is refused or told of bad ones."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from leadopt import AffinityModel, Columns, InvalidInput, Plan, Policy, assign
from leadopt.learning.history.open_leads import read_open_leads
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.score_model import ScoreModel
from leadopt.tables import Table

ROWS = {
    "rep_id": ["Ann", "Ann", "Bo", "Bo", "Bo", "Cy"],
    "source": ["web", "web", "web", "fair", "fair", "fair"],
    "assigned_at": ["2026-01-01", "2026-01-05", "2026-01-05", "2026-01-02", "2026-01-08", "2026-01-08"],
    "at": ["2026-01-03", "2026-01-05", None, "2026-01-09", None, None],
    "converted": [1, 0, None, 1, None, None],
}
KINDS = {
    "dict": lambda rows: rows,
    "rows": lambda rows: [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)],
    "pandas": pd.DataFrame,
    "pandas dates": lambda rows: pd.DataFrame(rows).assign(
        **{name: pd.to_datetime(pd.Series(rows[name])) for name in ("assigned_at", "at")}
    ),
    "polars": pl.DataFrame,
    "polars dates": lambda rows: pl.DataFrame(rows).with_columns(pl.col("assigned_at", "at").str.to_date()),
    "polars moments": lambda rows: pl.DataFrame(rows).with_columns(pl.col("assigned_at", "at").str.to_datetime()),
    "pyarrow": pa.table,
}


def read(rows, now=None, kinds=("source",), columns=("source",)):
    table = Table(rows, "history")
    n_open = count_outcomes(table, "rep_id", columns, "converted").n_open
    return read_open_leads(table, "rep_id", columns, kinds, "converted", "assigned_at", "at", now, n_open=n_open)


def told(leads):
    """Return the groups in an order of their own."""
    still = sorted(zip(*leads.keys, leads.age.tolist(), leads.count.tolist(), strict=True))
    ended = zip(*leads.settled_keys, leads.won.tolist(), leads.days.tolist(), leads.settled_count.tolist(), strict=True)
    return still, sorted(ended)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_tells_the_same(kind):
    still, ended = told(read(KINDS[kind](ROWS)))
    assert still == [("Bo", "fair", 1, 1), ("Bo", "web", 4, 1), ("Cy", "fair", 1, 1)]
    assert ended == [("fair", 1, 7, 1), ("web", 0, 0, 1), ("web", 1, 2, 1)]


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars"])
def test_outcomes_in_words_and_times_of_day_tell_the_same(kind):
    words = {1: "Won", 0: "Lost", None: ""}
    rows = ROWS | {
        "converted": [words[one] for one in ROWS["converted"]],
        "assigned_at": [f"{day} 09:30:00" for day in ROWS["assigned_at"]],
        "at": [None if day is None else f"{day}T08:00" for day in ROWS["at"]],
    }
    assert told(read(KINDS[kind](rows))) == told(read(ROWS))


def test_dates_as_people_write_them():
    def german(day):
        return None if day is None else date.fromisoformat(day).strftime("%d.%m.%Y")

    rows = ROWS | {name: [german(day) for day in ROWS[name]] for name in ("assigned_at", "at")}
    rows["assigned_at"][0], rows["at"][0] = "31.12.2025", "02.01.2026"
    assert told(read(rows)) == told(read(ROWS))
    assert told(read(pl.DataFrame(rows))) == told(read(ROWS))


def test_the_order_of_rows_does_not_matter():
    turned = {name: column[::-1] for name, column in ROWS.items()}
    assert told(read(turned)) == told(read(ROWS))


def test_without_open_leads_or_dates_there_is_nothing_to_read():
    assert read({name: column[:2] for name, column in ROWS.items()}) is None
    for gone in ("assigned_at", "at"):
        assert read({name: column for name, column in ROWS.items() if name != gone}) is None
    assert read({name: [] for name in ROWS}) is None


@pytest.mark.parametrize("rows", [ROWS, {name: column[:2] for name, column in ROWS.items()}], ids=["open", "settled"])
@pytest.mark.parametrize("kind", ["dict", "pandas", "polars"])
def test_a_lead_that_ended_before_it_was_assigned_is_refused(rows, kind):
    early = rows | {"at": ["2025-12-30", *rows["at"][1:]]}
    said = (
        r"history\.at, row 1: a lead cannot be settled before it was assigned, which is 2026-01-01 in assigned_at; "
        r"found '2025-12-30'\. Mend one of the dates\."
    )
    with pytest.raises(InvalidInput, match=said):
        AffinityModel().fit(KINDS[kind](early))


def test_dates_that_cannot_be_read_are_refused_where_leads_are_open_alone():
    soon = ROWS | {"assigned_at": ["soon", *ROWS["assigned_at"][1:]]}
    with pytest.raises(InvalidInput, match=r"history\.assigned_at, row 1: must be a date"):
        AffinityModel().fit(soon)
    settled = {name: column[:2] for name, column in soon.items()}
    assert AffinityModel().fit(settled).n_outcomes_ == 2


def test_no_lead_is_assigned_or_settled_after_it_is_now():
    with pytest.raises(InvalidInput, match=r"history\.assigned_at, row 5: no lead can be assigned after 2026-01-07"):
        AffinityModel(now="2026-01-07").fit(ROWS | {"at": ["2026-01-03", "2026-01-05", None, "2026-01-06", None, None]})
    with pytest.raises(InvalidInput, match=r"history\.at, row 4: an outcome cannot be settled after 2026-01-08"):
        AffinityModel(now="2026-01-08").fit(ROWS)


def test_leads_are_as_old_as_on_the_day_before_now_unless_history_ends_long_before():
    assert read(ROWS).last_day == date(2026, 1, 9).toordinal()
    assert read(ROWS, now="2026-01-11").last_day == date(2026, 1, 10).toordinal()
    assert read(ROWS, now=datetime(2026, 1, 9, 8)).last_day == date(2026, 1, 9).toordinal()
    stale = read(ROWS, now="2026-03-01")  # never before was it silent for so long
    assert stale.last_day == date(2026, 1, 9).toordinal()
    assert stale.notes == ("history ends on 2026-01-09: for how long leads are open is counted to that day",)


def test_rows_without_a_date_are_told_and_left_out():
    rows = ROWS | {"assigned_at": [None, *ROWS["assigned_at"][1:4], None, "2026-01-08"]}
    leads = read(rows)
    assert leads.count.sum() == 2 and leads.settled_count.sum() == 2 and not leads.dates_all
    assert leads.notes == (
        "1 open lead of history without assigned_at, left out",
        "1 settled outcome without assigned_at or at: they tell of chances, not of delays",
    )


def test_what_is_said_of_open_leads():
    (used, *_) = AffinityModel().fit(ROWS).notes_[-3:]
    without = AffinityModel().fit({name: column for name, column in ROWS.items() if name != "assigned_at"}).notes_
    assert without[-1].startswith(
        "3 history rows without an outcome, left out as if wins and losses took equally long: whose leads are new "
        "looks worse than he is where wins take longer"
    )
    assert used.startswith("3 open leads of history count by their age, as half of the wins take up to ")
    none = AffinityModel().fit(ROWS | {"converted": [None] * 6})
    assert none.notes_[-1] == (
        "6 history rows without an outcome, left out: nothing that is settled has assigned_at and at, so how long they "
        "are open tells nothing"
    )
    assert none.probability({"rep_id": ["Ann"]})[0] == pytest.approx(0.5)
    nobody = AffinityModel().fit(ROWS | {"assigned_at": [*ROWS["assigned_at"][:2], None, "2026-01-02", None, None]})
    assert "no lead has assigned_at" in nobody.notes_[-1]


def test_one_outcome_and_a_rep_with_open_leads_alone():
    rows = {name: column[2:] for name, column in ROWS.items()}
    model = AffinityModel(segment_by="source").fit(rows)
    assert model.n_outcomes_ == 1 and model.reps_ == ["Bo", "Cy"]
    frame = model.frame()
    assert [(row["tried"], row["open"], row["raw_rate"]) for row in frame] == [(1, 1, 1.0), (0, 1, None), (0, 1, None)]
    assert all(0 < row["low"] < row["estimate"] < row["high"] < 1 for row in frame)


def test_another_spelling_and_another_column_of_days():
    rows = {("given" if name == "assigned_at" else name): column for name, column in ROWS.items()}
    rows["rep_id"] = ["Ann", "Ann", "bo", "Bo", "BO ", "cy"]
    model = AffinityModel(segment_by="source", assigned="given").fit(rows, ["Bo", "Cy"])
    assert model.reps_ == ["Ann", "Bo", "Cy"] and model.delays_ is not None
    with pytest.raises(InvalidInput, match='column "given" is missing'):
        AffinityModel(assigned="given").fit(ROWS)
    assert ScoreModel(columns="source", assigned="given").fit(rows).model_.delays_ is not None


def test_a_plan_says_what_is_open_and_comes_back_with_it():
    rows = {("given" if name == "assigned_at" else name): column for name, column in ROWS.items()}
    policy = Policy(segment_by=["source"], columns=Columns(history={"assigned_at": "given"}))
    leads, reps = {"lead_id": [1], "source": ["fair"]}, {"rep_id": ["Bo"], "capacity": [1]}
    plan = assign(leads, reps, rows, policy=policy, now="2026-01-10")
    assert any(note.startswith("3 open leads of history count by their age") for note in plan.notes)
    assert "1 won of 1 and 1 open with source=fair" in str(plan.explain(1))
    assert str(Plan.from_json(plan.to_json()).explain(1)) == str(plan.explain(1))
    cy = assign(leads, {"rep_id": ["Cy"], "capacity": [1]}, rows, policy=policy, now="2026-01-10")
    assert "none settled and 1 open with source=fair" in str(cy.explain(1))


def test_histories_that_come_in_parts():
    first = {name: column[:3] for name, column in ROWS.items()}
    second = {name: column[3:] for name, column in ROWS.items()}
    model = AffinityModel().fit(first).partial_fit(second)
    assert model.n_outcomes_ == 3
    assert "2 open leads of history count" in " ".join(model.notes_)  # those that the later one says are open
    ended = {name: [column[3]] for name, column in ROWS.items()}
    assert "1 open lead of history counts" in " ".join(AffinityModel().fit(first).partial_fit(ended).notes_)
    assert np.isfinite(model.probability({"rep_id": ["Ann", "Bo", "Cy"]})).all()


def as_known(rows, first, last):
    """Return the rows that were assigned or settled between two days, outcomes as they were known on the last one."""
    chosen = [row for row in rows if row["at"] >= first and row["assigned_at"] <= last]
    return [row if row["at"] <= last else {**row, "at": None, "converted": None} for row in chosen]


def year_of_leads(rng, n=900):
    begin = np.sort(rng.integers(0, 300, n))
    won = rng.random(n) < np.where(np.arange(n) % 3 == 0, 0.5, 0.2)
    end = begin + 1 + rng.exponential(np.where(won, 45.0, 15.0)).astype(int)
    day = np.datetime64("2025-01-01")
    return [
        {
            "rep_id": f"r{k % 3}",
            "source": f"s{k % 2}",
            "assigned_at": str(day + b),
            "at": str(day + e),
            "converted": int(w),
        }
        for k, (b, e, w) in enumerate(zip(begin.tolist(), end.tolist(), won, strict=True))
    ]


@pytest.mark.parametrize("kind", ["rows", "polars"])
def test_what_settles_later_was_open_but_once(kind):
    rows, build = year_of_leads(np.random.default_rng(3)), {"rows": list, "polars": pl.DataFrame}[kind]
    cut, end = "2025-10-27", "2025-12-20"  # the last lead is assigned before the cut: later there are but outcomes
    settings = {"segment_by": "source", "drift": False}
    whole = AffinityModel(**settings).fit(build(as_known(rows, "", end)))
    later = [row for row in as_known(rows, "2025-10-28", end) if row["at"] is not None]
    assert 50 < len(later) < 150
    grown = AffinityModel(**settings).fit(build(as_known(rows, "", cut))).partial_fit(build(later))
    assert (
        (grown.n_outcomes_, grown.n_open_) == (whole.n_outcomes_, whole.n_open_) == (900 - whole.n_open_, whole.n_open_)
    )
    pairs = {"rep_id": ["r0", "r1", "r2"] * 2, "source": ["s0"] * 3 + ["s1"] * 3}
    np.testing.assert_allclose(grown.probability(pairs), whole.probability(pairs), rtol=1e-9)
    assert [note for note in grown.notes_ if "open" in note] == [note for note in whole.notes_ if "open" in note]


def test_outcomes_without_a_day_of_assignment_may_count_beside_open_leads():
    rows = year_of_leads(np.random.default_rng(5), n=60)
    first, later = as_known(rows, "", "2025-08-01"), as_known(rows, "2025-08-02", "2025-09-01")
    undated = [{"rep_id": row["rep_id"], "converted": row["converted"]} for row in later if row["at"] is not None]
    grown = AffinityModel(drift=False).fit(first)
    assert not any("count as open still" in note for note in grown.notes_)
    assert any("those count as open still, too" in note for note in grown.partial_fit(undated).notes_)


def test_leads_open_since_before_a_later_history_wait_since_they_came():
    rows = year_of_leads(np.random.default_rng(4))
    cut, end = "2025-08-01", "2025-10-27"
    settings = {"segment_by": "source", "drift": False}
    whole = AffinityModel(**settings).fit(as_known(rows, "", end))
    grown = AffinityModel(**settings).fit(as_known(rows, "", cut)).partial_fit(as_known(rows, "2025-08-02", end))
    assert (grown.n_outcomes_, grown.n_open_) == (whole.n_outcomes_, whole.n_open_)
    pairs = {"rep_id": ["r0", "r1", "r2"] * 2, "source": ["s0"] * 3 + ["s1"] * 3}
    np.testing.assert_allclose(grown.probability(pairs), whole.probability(pairs), rtol=1e-9)


@pytest.mark.parametrize("column", ["assigned_at", "at"])
@pytest.mark.parametrize("old", [date(1900, 1, 1), date(1, 1, 1)])
@pytest.mark.parametrize("kind", ["dict", "pandas", "polars"])
def test_a_date_that_is_older_than_any_lead_is_refused(column, old, kind):
    days = {name: [None if day is None else str(day) for day in ROWS[name]] for name in ("assigned_at", "at")}
    days["assigned_at"][0] = days[column][0] = old.isoformat()
    said = (
        r"history\.assigned_at, row 1: a date cannot be more than 50 years before the last one of history, 2026-01-0\d"
    )
    with pytest.raises(InvalidInput, match=said):
        AffinityModel().fit(KINDS[kind](ROWS | days))


def test_a_date_that_was_a_number_is_told_as_both():
    rows = ROWS | {"at": [45000, *ROWS["at"][1:]]}
    said = r"which is 2026-01-01 in assigned_at; found 45000, read as 2023-03-15\."
    with pytest.raises(InvalidInput, match=said):
        AffinityModel().fit(rows)
    late = ROWS | {"at": [73000, *ROWS["at"][1:]]}
    with pytest.raises(InvalidInput, match=r"cannot be settled after .*; found 73000, read as 2099-11-11"):
        AffinityModel(now=date(2026, 1, 31)).fit(late)
