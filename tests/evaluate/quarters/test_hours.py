"""Working time as hours, against a walk minute by minute."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from leadopt.evaluate.quarters.hours import at_work, moment_of, next_work, worked
from tests.strategies import examples


def is_work(minute):
    day, of_day = divmod(minute, 24 * 60)
    return day % 7 < 5 and (9 * 60 <= of_day < 12 * 60 or 13 * 60 <= of_day < 18 * 60)


WALKED = np.concatenate([[0], np.cumsum([is_work(minute) for minute in range(3 * 7 * 24 * 60)])]) / 60.0


@given(st.integers(0, 3 * 7 * 24 * 60))
@examples(200)
def test_hours_worked_are_those_walked_minute_by_minute(minute):
    assert abs(float(worked(minute / 60.0)) - WALKED[minute]) < 1e-9


@given(st.floats(0, 119.9))
@examples(200)
def test_a_moment_at_work_is_when_so_much_was_worked(hours):
    moment = at_work(hours)
    assert abs(float(worked(moment)) - hours) < 1e-9
    assert is_work(int(moment * 60 + 1e-6))


@given(st.floats(0, 400))
@examples(200)
def test_the_next_working_moment_is_the_first(moment):
    found = next_work(moment)
    assert found >= moment - 1e-9
    assert abs(float(worked(found)) - float(worked(moment))) < 1e-9


def test_a_moment_keeps_the_time_on_the_wall_when_the_clocks_change():
    zone = ZoneInfo("Europe/Berlin")
    before, after = (moment_of(date(2026, 3, 23), hours, zone) for hours in (9.0, 7 * 24 + 9.0))
    assert (before.hour, after.hour) == (9, 9)
    assert before.utcoffset() != after.utcoffset()
