"""Periods hold rows of one time, and none is on both sides of a change of day, week, month or quarter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.evaluate.history.periods import habits, periods

DAY = 86_400.0


@given(st.integers(1, 400), st.integers(1, 60), st.floats(0.1, 40.0), st.integers(0, 2**32 - 1))
def test_periods_keep_times_together_and_in_order(n, size, days, seed):
    rng = np.random.default_rng(seed)
    time = np.round(rng.uniform(0.0, days, n), 1) * DAY
    found = periods(time, size)
    assert sorted(set(found.tolist())) == list(range(found.max() + 1))
    order = np.argsort(time, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    assert (np.diff(found[order])[np.diff(time[order]) == 0] == 0).all()


@pytest.mark.parametrize("a_day, size, unit", [(20.0, 20, "D"), (2.5, 20, "W"), (0.5, 20, "M"), (0.2, 20, "Q")])
def test_no_period_is_in_two_units_of_the_calendar(a_day, size, unit):
    n = int(a_day * 720)
    time = np.sort(np.random.default_rng(0).uniform(19_723, 19_723 + 720, n)) * DAY
    day = np.floor(time / DAY).astype(np.int64)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    code = {"D": day, "W": (day + 3) // 7, "M": month, "Q": month // 3}[unit]
    found = periods(time, size)
    for number in range(found.max() + 1):
        assert len(set(code[found == number].tolist())) == 1
    rows = np.bincount(found)
    assert 0.5 * size <= rows.mean() <= 1.5 * size


def test_few_rows_are_one_period():
    assert periods(np.arange(5) * 300 * DAY, 20).tolist() == [0] * 5
    assert periods(np.zeros(0), 20).tolist() == []


def test_habits_are_days_of_the_week_and_hours():
    time = np.array([4.0, 5.0, 11.0, 12.25]) * DAY  # a Monday, a Tuesday, a Monday, a Tuesday at six
    weekday, hour = habits(time)
    assert weekday.tolist() == [0, 1, 0, 1] and hour.tolist() == [0, 0, 0, 1]
    assert habits(np.array([4.0, 11.0]) * DAY) == []
