"""Periods of whole days in the time of a zone."""

from datetime import date, datetime

import pytest

from leadopt import InvalidInput
from leadopt.desk.figures import Period
from tests.desk.figures.floors import DAY, HOUR


def test_a_period_has_the_days_of_its_zone():
    period = Period(first="2026-03-23", last=date(2026, 3, 29), zone="Europe/Berlin")  # clocks go forward on the last
    assert period.n_days == 7
    assert period.end - period.start == 7 * DAY - HOUR
    assert Period(first=datetime(2026, 3, 23, 12), last="2026-03-29", zone="Europe/Berlin") == period


def test_weeks_of_a_period_are_all_of_it():
    period = Period(first="2026-01-05", last="2026-01-31")
    weeks = list(period.each_week())
    assert [week.n_days for week in weeks] == [7, 7, 7, 6]
    assert (weeks[0].start, weeks[-1].end) == (period.start, period.end)
    assert [one.end for one in weeks[:-1]] == [one.start for one in weeks[1:]]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Period(first="soon", last="2026-01-31"), "period.first: must be a date or an ISO date"),
        (lambda: Period(first="2026-02-01", last="2026-01-31"), "period.last: must be 2026-02-01, the first day, or"),
        (lambda: Period.weeks("2026-01-05", 0), "weeks: must be a whole number, 1 or more; found 0"),
        (lambda: Period.weeks("2026-01-05", 1, "Berlin"), "Europe/Berlin"),
    ],
)
def test_what_is_no_period_is_refused(make, said):
    with pytest.raises(InvalidInput) as error:
        make()
    assert said in str(error.value)
