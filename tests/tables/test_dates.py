"""What day it is, and which outcomes cannot have been settled yet."""

from datetime import UTC, date, datetime, timedelta

import pytest

from leadopt import assign
from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.dates import check_settled, latest_day


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
