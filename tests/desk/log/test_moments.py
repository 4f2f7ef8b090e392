"""Moments: whole microseconds inside, aware datetimes outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.desk.log.moments import microseconds, moment_of, system_clock
from leadopt.errors import InvalidInput

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones))
def test_a_moment_is_the_same_in_every_zone_and_comes_back(moment):
    assert moment_of(microseconds(moment)) == moment
    assert microseconds(moment.astimezone(UTC)) == microseconds(moment)


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(InvalidInput, match=r"^until has no time zone: 2026-03-02T09:00:00; give one, such as datetime"):
        microseconds(datetime(2026, 3, 2, 9), "until")


def test_the_system_clock_knows_its_zone():
    assert abs(moment_of(microseconds(system_clock())) - datetime.now(UTC)) < timedelta(hours=1)
