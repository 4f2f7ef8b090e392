"""Durations and working time: which moment is "3 days" or "8 working hours" later, in a zone with hours and holidays.

`Duration` is a period as people write it, `Hours` the working hours of a week, `zones` has local time, `spans` the work
of a year, and `Calendar` is the door of them all. Working time over clock changes, several spans a day and holidays is
a page of bisection over spans, and `zoneinfo` knows the changes: no library is used beside it. Those that come near
know whole days alone (workalendar, holidays, numpy's busday), or walk through time step by step and do not end on some
calendars (businesstimedelta, https://github.com/seppemans/businesstimedelta/issues/9).
"""

from leadopt.lifecycle.calendar.durations import Duration
from leadopt.lifecycle.calendar.hours import Hours
from leadopt.lifecycle.calendar.working_time import Calendar

__all__ = ["Calendar", "Duration", "Hours"]
