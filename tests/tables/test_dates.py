"""What day it is, and which outcomes cannot have been settled yet."""

from datetime import UTC, date, datetime, timedelta

import pytest

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
