"""Working time as hours: moments are hours of local time since a Monday at 0:00, work is Mon-Fri 9-12 and 13-18."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from leadopt.arrays import Floats

DAY, WEEK = 24.0, 168.0  # hours
WORK_DAY, WORK_WEEK = 8.0, 40.0  # working hours
_NINE, _NOON, _LUNCH = 9.0, 3.0, 1.0  # work begins; working hours before lunch; how long lunch is


def worked(moment: float | Floats) -> Floats:
    """Return the working hours from the start until a moment.

    >>> worked(np.array([9.0, 12.5, 14.0, 24.0, 5 * 24.0, 7 * 24 + 10.0])).tolist()
    [0.0, 3.0, 4.0, 8.0, 40.0, 41.0]
    """
    week, hour = np.divmod(moment, WEEK)
    day, hour = np.divmod(hour, DAY)
    morning = np.clip(hour - _NINE, 0.0, _NOON)
    afternoon = np.clip(hour - _NINE - _NOON - _LUNCH, 0.0, WORK_DAY - _NOON)
    today = np.where(day < 5, morning + afternoon, 0.0)
    return np.asarray(week * WORK_WEEK + np.minimum(day, 5) * WORK_DAY + today)


def at_work(hours: float) -> float:
    """Return the moment at which so many hours were worked since the start.

    >>> [at_work(hours) for hours in (0.0, 3.5, 8.0, 40.0)]
    [9.0, 13.5, 33.0, 177.0]
    """
    week, rest = divmod(hours, WORK_WEEK)
    day, rest = divmod(rest, WORK_DAY)
    return week * WEEK + day * DAY + _NINE + rest + (_LUNCH if rest >= _NOON else 0.0)


def next_work(moment: float) -> float:
    """Return the first working moment at or after a moment.

    >>> next_work(10.5), next_work(12.5), next_work(20.0)
    (10.5, 13.0, 33.0)
    """
    return at_work(float(worked(moment)))


def moment_of(start: date, hours: float, zone: ZoneInfo) -> datetime:
    """Return a moment as an aware datetime, to the minute.

    >>> moment_of(date(2026, 1, 5), 33.5, ZoneInfo("Europe/Berlin")).isoformat()
    '2026-01-06T09:30:00+01:00'
    """
    naive = datetime(start.year, start.month, start.day) + timedelta(minutes=int(hours * 60.0))
    return naive.replace(tzinfo=zone)
