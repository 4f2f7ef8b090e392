"""What day it is, and which outcomes cannot have been settled yet."""

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from leadopt import AffinityModel, Policy, assign
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.dates import check_settled, is_before, is_later, latest_day


@pytest.mark.parametrize(
    "now", ["2026-01-31", date(2026, 1, 31), datetime(2026, 1, 31, 23), " 2026-01-31T10:00:00+01:00"]
)
def test_a_day_in_the_past_is_itself(now):
    assert latest_day(now) == date(2026, 1, 31)


def test_today_lasts_until_it_ends_everywhere():
    """A history in UTC, planned in the evening in Los Angeles, has outcomes of tomorrow."""
    farthest = (datetime.now(UTC) + timedelta(hours=14)).date()
    assert latest_day(None) >= farthest
    assert latest_day(date.today()) >= farthest
    assert latest_day(farthest + timedelta(days=5)) == farthest + timedelta(days=5)


def test_what_is_no_day_is_refused():
    with pytest.raises(InvalidInput) as caught:
        latest_day("soon")
    assert str(caught.value) == "now: must be a date or an ISO date like 2026-01-31; found 'soon'"


def test_only_settled_outcomes_with_dates_that_can_be_read_are_judged():
    rows = {"won": ["lost", None, "", "won"], "at": ["2026-01-05", "2030-01-01", "2030-01-01", "soon"]}
    check_settled(Table(rows, "history"), "won", "at", "2026-01-31")
    check_settled(Table(rows, "history"), "won", "closed", "2026-01-31")  # no such column: nothing to judge
    with pytest.raises(InvalidInput) as caught:
        check_settled(Table(rows, "history"), "won", "at", "2026-01-04")
    assert str(caught.value) == (
        "history.at, row 1: an outcome cannot be settled after 2026-01-04; found '2026-01-05'. "
        "Mend the date, or set now to the day that it is."
    )


@pytest.mark.parametrize("days, said", [(["soon", "2026-01-02"], ""), (["soon", "never"], " and 1 more")])
def test_dates_that_nobody_asks_for_and_cannot_be_read_are_told(days, said):
    history = [{"rep_id": "Ann", "converted": k % 2, "at": day} for k, day in enumerate([*days, "2026-01-03"])]
    reps = [{"rep_id": "Ann", "capacity": 1}]
    told = f"history.at: 'soon'{said} cannot be read as a date; as no half-life is set, such an outcome counts as any "
    told += "other"
    assert told in assign([{"lead_id": 1}], reps, history, now="2026-01-31").notes
    late = [*history, {"rep_id": "Ann", "converted": 1, "at": "2026-02-02"}]
    with pytest.raises(InvalidInput, match="an outcome cannot be settled after 2026-01-31"):
        assign([{"lead_id": 1}], reps, late, now="2026-01-31")


def test_who_is_hired_later_than_now_is_told():
    reps = {"rep_id": ["Ann", "Bo"], "capacity": [1, 1], "hired_on": ["2026-01-01", "2026-03-01"]}
    plan = assign([{"lead_id": 1}], reps, now="2026-01-31")
    told = "1 rep hired after 2026-01-31 (Bo): on their first day by tenure; who is not there yet is available = 0"
    assert told in plan.notes
    assert told not in assign([{"lead_id": 1}], reps | {"is_newcomer": [0, 0]}, now="2026-01-31").notes
    assert told not in assign([{"lead_id": 1}], reps, now="2026-03-01").notes


def _in(hours):
    return lambda moment: moment.astimezone(timezone(timedelta(hours=hours)))


def _as_text(hours):
    return lambda moment: _in(hours)(moment).isoformat()


def _moments(begun, ended):
    rng = np.random.default_rng(0)
    since = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=int(x)) for x in rng.integers(0, 60 * 24 * 80, 200)]
    at = [
        moment + timedelta(minutes=int(x)) for moment, x in zip(since, rng.exponential(60 * 24 * 6, 200), strict=True)
    ]
    outcome = [["", "won", "lost", "lost"][x] for x in rng.integers(0, 4, 200)]
    return {
        "rep_id": [str(x) for x in rng.integers(0, 4, 200)],
        "converted": outcome,
        "assigned_at": list(map(begun, since)),
        "at": [ended(moment) if word else None for moment, word in zip(at, outcome, strict=True)],
    }


def _polars(begun, ended):
    frame = pl.DataFrame(_moments(_in(0), _in(0)))
    return frame.with_columns(
        pl.col("assigned_at").dt.convert_time_zone(begun), pl.col("at").dt.convert_time_zone(ended)
    )


def _duckdb(frame, zone):
    connection = duckdb.connect()
    connection.execute(f"set timezone = '{zone}'")
    return connection.from_arrow(frame.to_arrow())


ZONES = {
    "rows": lambda: _moments(_in(-3), _in(5)),
    "text": lambda: _moments(_as_text(-3), _as_text(5)),
    "text and UTC": lambda: _moments(_as_text(9), _as_text(0)),
    "pandas": lambda: pd.DataFrame(_moments(_in(-3), _in(5))),
    "pandas, text": lambda: pd.DataFrame(_moments(_as_text(-3), _as_text(5))),
    "pyarrow": lambda: _polars("Pacific/Auckland", "America/New_York").to_arrow(),
    "polars": lambda: _polars("Pacific/Auckland", "America/New_York"),
    "polars, text": lambda: pl.DataFrame(_moments(_as_text(-3), _as_text(5))),
    "polars, half hours": lambda: pl.DataFrame(_moments(_as_text(5.5), _as_text(-3.5))),
    "polars, lazy": lambda: _polars("Pacific/Auckland", "America/New_York").lazy(),
    "polars, lazy text": lambda: pl.DataFrame(_moments(_as_text(-3), _as_text(5))).lazy(),
    "DuckDB": lambda: _duckdb(_polars("UTC", "UTC"), "Pacific/Auckland"),
    "DuckDB, text": lambda: _duckdb(pl.DataFrame(_moments(_as_text(-3), _as_text(5))), "UTC"),
}


@pytest.mark.parametrize("kind", sorted(ZONES))
@pytest.mark.parametrize("half_life", [None, 30])
def test_moments_are_the_same_in_every_zone_and_engine(kind, half_life):
    leads, reps = {"lead_id": list(range(30))}, {"rep_id": ["0", "1", "2", "3"], "capacity": [8] * 4}
    plans = [
        assign(leads, reps, history, policy=Policy(half_life_days=half_life), now="2025-06-01")
        for history in (_moments(_in(0), _in(0)), ZONES[kind]())
    ]
    assert plans[0].objective == pytest.approx(plans[1].objective, rel=1e-12)


TABLES = {
    "lists": dict,
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "lazy": lambda table: pl.DataFrame(table).lazy(),
    "DuckDB": lambda table: duckdb.from_arrow(pa.table(table)),
}
BEFORE = [
    ("2025-03-30T23:30:00+00:00", "2025-03-31T08:00:00+09:00", False),  # half an hour later
    ("2025-03-31T00:00-05:00", "2025-03-31T20:00-05:00", False),  # a day alone, written as its midnight
    ("2025-03-30T23:30:00+00:00", "2025-03-31", False),  # where it is the 31st already
    ("2025-03-31", "2025-03-31T20:00-05:00", False),
    ("2025-03-29T20:00Z", "2025-03-31T20:00Z", True),
    ("2025-03-30T08:00Z", "2025-03-31", True),  # the 31st has begun nowhere
    ("2025-03-30", "2025-03-31", True),
]


@pytest.mark.parametrize(("at", "since", "before"), BEFORE)
def test_what_is_before_is_so_by_moments_and_by_days_where_there_are_only_days(at, since, before):
    one, other = (date.fromisoformat(t) if len(t) == 10 else datetime.fromisoformat(t) for t in (at, since))
    assert is_before(one, other) is before
    assert not is_before(other, one)


@pytest.mark.parametrize("kind", sorted(TABLES))
@pytest.mark.parametrize(("at", "since", "before"), BEFORE)
@pytest.mark.parametrize("words", [["won", "lost"], ["won", ""]], ids=["settled", "some open"])
def test_a_history_is_refused_where_outcomes_came_before_their_leads(kind, at, since, before, words):
    history = {"rep_id": ["a", "b"] * 9, "converted": words * 9, "assigned_at": [since] * 18, "at": [at] * 18}
    model = AffinityModel(now="2025-06-01")
    if not before:
        model.fit(TABLES[kind](history))
        return
    with pytest.raises(InvalidInput, match="a lead cannot be settled before it was assigned"):
        model.fit(TABLES[kind](history))


@pytest.mark.parametrize(
    ("at", "later"), [("2025-04-01T01:00Z", False), ("2025-03-31T20:00-05:00", False), ("2025-04-01T12:00Z", True)]
)
@pytest.mark.parametrize("kind", sorted(TABLES))
def test_a_moment_is_after_a_day_when_it_has_ended_everywhere(kind, at, later):
    assert is_later(datetime.fromisoformat(at), date(2025, 3, 31)) is later
    history = TABLES[kind]({"rep_id": ["a", "b"] * 9, "converted": ["won", "lost"] * 9, "at": [at] * 18})
    for policy in (Policy(), Policy(half_life_days=30)):
        said = pytest.raises(InvalidInput, match="an outcome cannot be settled after 2025-03-31")
        with said if later else nullcontext():
            assign({"lead_id": [1]}, {"rep_id": ["a"]}, history, policy=policy, now="2025-03-31")


def test_times_with_and_without_a_zone_are_refused_in_every_engine():
    history = {"rep_id": ["a", "b"], "converted": ["won", "lost"], "at": ["2025-03-01T08:00+02:00", "2025-03-01T08:00"]}
    for kind in TABLES.values():
        with pytest.raises(InvalidInput, match="all with a time zone or all without; found both"):
            AffinityModel(now="2025-06-01", half_life_days=30).fit(kind(history))


@pytest.mark.parametrize("now", [pd.NaT, np.datetime64("NaT"), float("nan"), "x", ""])
def test_a_day_that_is_none_is_refused_whether_it_is_asked_for_or_not(now):
    history = {"rep_id": ["a", "b"], "converted": ["won", "lost"], "at": ["2025-03-01", "2025-03-02"]}
    leads, reps = {"lead_id": [1]}, {"rep_id": ["a"], "capacity": [1]}
    for act in (
        lambda: assign(leads, reps, history, now=now),
        lambda: assign(leads, reps, affinity=[[1.0]], now=now),
        lambda: AffinityModel(now=now).fit(history),
    ):
        with pytest.raises(InvalidInput, match="now: must be a date or an ISO date like 2026-01-31; found"):
            act()
