"""`Calendar`: what moment a duration later is, and what working time is, in a zone with hours and holidays."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from functools import lru_cache
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar.durations import DAY, Duration
from leadopt.lifecycle.calendar.hours import Hours
from leadopt.lifecycle.calendar.spans import ALL_DAYS, Spans, checked
from leadopt.lifecycle.calendar.zones import EPOCH, Zone, zone_of

_SECOND = 1_000_000
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""What a day looks like as text, as a regular expression of a JSON schema."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Working time of an organisation; moments are whole microseconds since 1970, UTC, in the years 1970 to 9998.

    A local time that exists twice, where clocks go back, is its first; one that does not exist, where clocks go
    forward, is the moment at which they do. Clock changes make spans shorter and longer: a day worked from 0 to 24 may
    have 23 or 25 hours.

    Parameters
    ----------
    zone
        the time zone by its name, such as "Europe/Berlin"
    hours
        the working hours of a week, as `Hours.of` reads them; an hour in 14 days at least
    holidays
        days without work, as dates or as ISO text; they may be more than 14 in a row

    Raises
    ------
    InvalidInput
        an unknown zone (names the nearest), hours that are none, or a holiday that is no date

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> calendar = Calendar("Europe/Berlin", "Mon-Fri 9-12, 13-18", ["2026-12-25"])
    >>> noon = int(datetime(2026, 12, 24, 12, 30, tzinfo=calendar.tzinfo).timestamp()) * 1_000_000
    >>> due = calendar.add(noon, Duration(7, "working hours"))  # 5 hours today, none tomorrow, 2 on Monday
    >>> str(datetime.fromtimestamp(due // 1_000_000, calendar.tzinfo))
    '2026-12-28 11:00:00+01:00'
    """

    zone: str
    hours: Hours
    holidays: tuple[date, ...] = ()
    _zone: Zone = field(init=False, repr=False, compare=False)
    _spans: Spans = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read hours and holidays, and find the zone."""
        zone = zone_of(self.zone) if isinstance(self.zone, str) else Zone(self.zone)
        object.__setattr__(self, "_zone", zone)
        object.__setattr__(self, "hours", Hours.of(self.hours))
        object.__setattr__(self, "holidays", as_days(self.holidays))
        closed = frozenset(map(_number, self.holidays))
        object.__setattr__(self, "_spans", Spans(zone, self.hours, closed))

    @property
    def tzinfo(self) -> tzinfo:
        """The zone as `datetime` takes it."""
        return self._zone.info

    def with_holidays(self, more: Iterable[date | str]) -> "Calendar":
        """Return the same calendar with more days without work, made once."""
        days = tuple(sorted({*self.holidays, *as_days(more)}))
        return self if days == self.holidays else _with(self, days)

    # ---- moments and days

    def day(self, at: int) -> date:
        """Return the local date of a moment."""
        return _day(self._zone.local(checked(at)) // DAY)

    def start_of(self, day: date) -> int:
        """Return the first moment of a local date; that of the next one where a zone left the date out."""
        return self._zone.moment(checked(_number(day) * DAY))

    def next_midnight(self, at: int) -> int:
        """Return the first moment of the local date after that of a moment."""
        return self.start_of(_day(_number(self.day(at)) + 1))

    def next_day(self, at: int) -> int:
        """Return the first moment of the first local date with work after that of a moment."""
        return self.start_of(_day(self._spans.day_after(_number(self.day(at)), 1)))

    def has_working_day(self, day: date) -> bool:
        """Return whether there is work on a local date."""
        return self._spans.is_working_day(_number(day))

    # ---- working time

    def is_working(self, at: int) -> bool:
        """Return whether a moment is in working time; the moment at which a span ends is not."""
        return self._spans.is_in(at)

    def next_working(self, at: int) -> int:
        """Return the first moment of working time at or after a moment, such as that at which a message may leave."""
        return at if self.is_working(at) else self._spans.first_begin(at)

    def deadline(self, at: int) -> int:
        """Return when something due at a moment is due: in working time, and at the end of a span, at that moment.

        All others move to the first end of a working day at or after them, never earlier: what is due at lunch or
        before work on that day's evening, what is due at night or on a day without work at the next one's. A day ends
        at midnight at the latest, also where work goes on.
        """
        return at if self._is_inside(at) else self._spans.first_day_end(at)

    def day_end(self, at: int) -> int:
        """Return the first end of a working day at or after a moment."""
        return self._spans.first_day_end(at)

    def _is_inside(self, at: int) -> bool:
        """Return whether a moment is in working time or at the end of a span of it."""
        return self.is_working(at) or (at > 0 and self.is_working(at - 1))

    def working_microseconds(self, start: int, end: int) -> int:
        """Return the working time between two moments, negative where the end is before the start."""
        return self._spans.work_between(start, end) if start <= end else -self._spans.work_between(end, start)

    def working_seconds(self, start: int, end: int) -> float:
        """Return the working time between two moments in seconds."""
        return self.working_microseconds(start, end) / _SECOND

    # ---- durations

    def add(self, start: int, duration: Duration) -> int:
        """Return the moment that is a duration after another.

        Minutes and hours pass at night too. Days keep the local time: 3 days over a clock change may have 71 or 73
        hours. Working hours pass in working time alone, and end with the span that completes them. Working days count
        days with work alone, from the first working moment at or after the start, whose local time they keep: 1 working
        day from Sunday is Tuesday at the time at which Monday's work began, and a later start or a holiday more never
        brings an earlier end. 0 of whichever is the start.

        Raises
        ------
        InvalidInput
            it would be after the year 9998
        """
        if not duration.amount or not duration.unit.endswith("days"):
            return self._by_clock(start, duration, 1)
        if duration.is_working:
            start = self.next_working(start)
        day, time = divmod(self._zone.local(checked(start)), DAY)
        count = int(duration.amount)
        day = self._spans.day_after(day, count) if duration.is_working else day + count
        return self._zone.moment(checked(day * DAY + time))

    def subtract(self, end: int, duration: Duration) -> int:
        """Return the moment that is a duration before another, such as that of a reminder.

        As `add`, the other way round: working hours begin as late as they can, and working days count back from the
        last working moment at or before the end.

        Raises
        ------
        InvalidInput
            it would be before 1970
        """
        if not duration.amount or not duration.unit.endswith("days"):
            return self._by_clock(end, duration, -1)
        if duration.is_working and not self._is_inside(end):
            end = self._spans.last_end(end)
        day, time = divmod(self._zone.local(checked(end)), DAY)
        count = int(duration.amount)
        day = self._spans.day_before(day, count) if duration.is_working else day - count
        return self._zone.moment(checked(day * DAY + time))

    def _by_clock(self, at: int, duration: Duration, sign: int) -> int:
        """Return the moment that is a period of the clock, or of working time, after or before another."""
        if not duration.is_working or not duration.amount:
            return checked(checked(at) + sign * duration.microseconds)
        work = self._spans.after_work if sign > 0 else self._spans.before_work
        return work(at, duration.microseconds)

    def closures(self, least: int = 14) -> Iterator[tuple[date, date]]:
        """Yield the first and last day of each time without work that is so many days long, for holidays' sake."""
        seen = -1
        for number in map(_number, self.holidays):
            if number <= seen or number not in ALL_DAYS:
                continue
            before, seen = self._last_day_before(number), self._spans.day_after(number, 1)
            if seen - before > least:
                yield _day(before + 1), _day(seen - 1)

    def _last_day_before(self, day: int) -> int:
        """Return the working day before a day, or the day before all if none is in the years there are."""
        try:
            return self._spans.day_before(day, 1)
        except InvalidInput:
            return -1


@lru_cache(maxsize=64)
def _with(calendar: Calendar, holidays: tuple[date, ...]) -> Calendar:
    """Return a calendar with other holidays; it costs milliseconds, and each lead under older rules asks for it."""
    return replace(calendar, holidays=holidays)


def _number(day: date) -> int:
    """Return a date as days since 1 January 1970."""
    return day.toordinal() - EPOCH


def _day(number: int) -> date:
    return date.fromordinal(number + EPOCH)


def as_days(given: Iterable[date | str], where: str = "holidays") -> tuple[date, ...]:
    """Return days, each once and in order.

    >>> as_days(["2026-12-26", date(2026, 12, 25), "2026-12-26"])
    (datetime.date(2026, 12, 25), datetime.date(2026, 12, 26))
    """
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InvalidInput(f'{where}: must be a list of days such as "2026-12-25"; found {given!r}')
    return tuple(sorted({_as_day(day, where) for day in given}))


def _as_day(given: Any, where: str) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    try:
        if isinstance(given, str) and re.fullmatch(DATE_PATTERN, given):
            return date.fromisoformat(given)
    except ValueError:  # such as 30 February
        pass
    raise InvalidInput(f'{where}: must be days such as "2026-12-25"; found {given!r}')
