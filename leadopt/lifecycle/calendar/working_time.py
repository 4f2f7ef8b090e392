"""`Calendar`: what moment a duration later is, and what working time is, in a zone with hours and holidays.

With w(t) the working time up to t, which never falls, working time between two moments is w(b) - w(a), and the moment h
working hours after a is the first t with w(t) = w(a) + h. Spans of work and their running sum are made once a year of
the calendar and searched by bisection, so that nothing walks through time.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from itertools import accumulate
from typing import Any, Self

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar.durations import DAY, MINUTE, Duration
from leadopt.lifecycle.calendar.hours import Hours
from leadopt.lifecycle.calendar.zones import EPOCH, FIRST_YEAR, LAST_YEAR, Zone, first_of_year, year_of, zone_of

_BEGIN, _END = first_of_year(FIRST_YEAR), first_of_year(LAST_YEAR + 1) - 4 * DAY
_SECOND = 1_000_000
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""What a day looks like as text, as a regular expression of a JSON schema."""


@dataclass(frozen=True, slots=True)
class _Year:
    """The work of a year: of a calendar year of UTC, but `days`, which are those of the calendar on the wall."""

    begins: array[int]  # moments at which spans begin, in order
    ends: array[int]
    done: array[int]  # working time of the year up to each end
    day_ends: array[int]  # when the last span of each working day ends
    days: array[int]  # working days, counted from 1 January 1970


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
    _closed: frozenset[int] = field(init=False, repr=False, compare=False)
    _years: dict[int, _Year] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Read hours and holidays, and find the zone."""
        object.__setattr__(self, "_zone", zone_of(self.zone) if isinstance(self.zone, str) else Zone(self.zone))
        object.__setattr__(self, "hours", Hours.of(self.hours))
        object.__setattr__(self, "holidays", as_days(self.holidays))
        object.__setattr__(self, "_closed", frozenset(day.toordinal() - EPOCH for day in self.holidays))

    @property
    def tzinfo(self) -> tzinfo:
        """The zone as `datetime` takes it."""
        return self._zone.info

    def with_holidays(self, more: Iterable[date | str]) -> Self:
        """Return the same calendar with more days without work."""
        return replace(self, holidays=(*self.holidays, *as_days(more)))

    # ---- moments and days

    def day(self, at: int) -> date:
        """Return the local date of a moment."""
        return date.fromordinal(self._local_day(at) + EPOCH)

    def start_of(self, day: date) -> int:
        """Return the first moment of a local date; that of the next one where a zone left the date out."""
        return self._zone.moment(_checked((day.toordinal() - EPOCH) * DAY))

    def has_working_day(self, day: date) -> bool:
        """Return whether there is work on a local date."""
        number = day.toordinal() - EPOCH
        days = self._year(year_of(_checked(number * DAY) // DAY)).days
        place = bisect_left(days, number)
        return place < len(days) and days[place] == number

    # ---- working time

    def is_working(self, at: int) -> bool:
        """Return whether a moment is in working time; the moment at which a span ends is not."""
        year = self._year_at(at)
        place = bisect_right(year.begins, at) - 1
        return place >= 0 and at < year.ends[place]

    def next_working(self, at: int) -> int:
        """Return the first moment of working time at or after a moment, such as that at which a message may leave."""
        return at if self.is_working(at) else self._first(at, "begins")

    def deadline(self, at: int) -> int:
        """Return when something due at a moment is due: in working time, and at the end of a span, at that moment.

        All others move to the first end of a working day at or after them, never earlier: what is due at lunch or
        before work on that day's evening, what is due at night or on a day without work at the next one's. A day ends
        at midnight at the latest, also where work goes on.
        """
        if self.is_working(at) or (at > _BEGIN and self.is_working(at - 1)):
            return at
        return self._first(at, "day_ends")

    def working_microseconds(self, start: int, end: int) -> int:
        """Return the working time between two moments, negative where the end is before the start."""
        if end < start:
            return -self.working_microseconds(end, start)
        first, last = _year_number(start), _year_number(end)
        whole = sum(_total(self._year(year)) for year in range(first, last))
        return whole + _worked(self._year(last), end) - _worked(self._year(first), start)

    def working_seconds(self, start: int, end: int) -> float:
        """Return the working time between two moments in seconds."""
        return self.working_microseconds(start, end) / _SECOND

    def add(self, start: int, duration: Duration) -> int:
        """Return the moment that is a duration after another.

        Minutes and hours pass at night too. Days keep the local time: 3 days over a clock change may have 71 or 73
        hours. Working hours pass in working time alone, and end with the span that completes them. Working days keep
        the local time and count days with work alone; from a day without, they count from the first working moment
        after it, so that 1 working day from Sunday is Tuesday at the time at which Monday's work began. 0 of whichever
        is the start.

        Raises
        ------
        InvalidInput
            it would be after the year 9998
        """
        _checked(start)
        if not duration.amount:
            return start
        if duration.unit == "working hours":
            return self._add_work(start, duration.microseconds)
        if not duration.unit.endswith("days"):
            return _checked(start + duration.microseconds)
        if duration.unit == "working days" and not self.has_working_day(self.day(start)):
            start = self.next_working(start)
        day, time = divmod(self._zone.local(start), DAY)
        count = int(duration.amount)
        day = day + count if duration.unit == "days" else self._working_day_after(day, count)
        return self._zone.moment(_checked(day * DAY + time))

    def subtract(self, end: int, duration: Duration) -> int:
        """Return the moment of which another is a duration after: the latest one, where several are.

        Working hours and working days count back over working time alone, days keep the local time. 0 is the end.
        """
        _checked(end)
        if not duration.amount:
            return end
        if duration.unit == "working hours":
            return self._subtract_work(end, duration.microseconds)
        if not duration.unit.endswith("days"):
            return _checked(end - duration.microseconds)
        day, time = divmod(self._zone.local(end), DAY)
        for _ in range(int(duration.amount) if duration.unit == "working days" else 0):
            day = self._working_day_before(day)
        day -= int(duration.amount) if duration.unit == "days" else 0
        return self._zone.moment(_checked(day * DAY + time))

    def next_midnight(self, at: int) -> int:
        """Return the first moment of the local date after that of a moment."""
        return self.start_of(date.fromordinal(self._local_day(at) + 1 + EPOCH))

    def next_day(self, at: int) -> int:
        """Return the first moment of the first local date with work after that of a moment."""
        day = self._working_day_after(self._local_day(at), 1)
        return self.start_of(date.fromordinal(day + EPOCH))

    def closures(self, least: int = 14) -> Iterator[tuple[date, date]]:
        """Yield the first and last day of each time without work that is so many days long, for holidays' sake."""
        seen = -1
        for holiday in self.holidays:
            number = holiday.toordinal() - EPOCH
            if number < seen or not _BEGIN <= number * DAY < _END:
                continue
            before, seen = self._working_day_before(number), self._working_day_after(number, 1)
            if seen - before > least:
                yield date.fromordinal(before + 1 + EPOCH), date.fromordinal(seen - 1 + EPOCH)

    # ---- years

    def _local_day(self, at: int) -> int:
        return self._zone.local(_checked(at)) // DAY

    def _year_at(self, at: int) -> _Year:
        return self._year(_year_number(at))

    def _first(self, at: int, what: str) -> int:
        """Return the first begin of a span, or end of a day, at or after a moment."""
        for number in range(_year_number(at), LAST_YEAR + 1):
            moments: array[int] = getattr(self._year(number), what)
            if (place := bisect_left(moments, at)) < len(moments):
                return moments[place]
        raise _beyond()

    def _add_work(self, start: int, work: int) -> int:
        number = _year_number(start)
        work += _worked(self._year(number), start)
        while number <= LAST_YEAR:
            year = self._year(number)
            if work <= _total(year):
                place = bisect_left(year.done, work)
                return year.ends[place] - (year.done[place] - work)
            work -= _total(year)
            number += 1
        raise _beyond()

    def _subtract_work(self, end: int, work: int) -> int:
        number = _year_number(end)
        left = _worked(self._year(number), end) - work
        while left < 0:
            number -= 1
            if number < FIRST_YEAR:
                raise _beyond()
            left += _total(self._year(number))
        year = self._year(number)
        place = bisect_right(year.done, left)  # of two moments with as much work done, the begin of the later span
        return year.ends[place] - (year.done[place] - left)

    def _working_day_after(self, day: int, count: int) -> int:
        number = year_of(day)
        days = self._year(number).days
        place = bisect_right(days, day) + count - 1
        while place >= len(days):
            place -= len(days)
            number += 1
            if number > LAST_YEAR:
                raise _beyond()
            days = self._year(number).days
        return days[place]

    def _working_day_before(self, day: int) -> int:
        for number in range(year_of(day), FIRST_YEAR - 1, -1):
            days = self._year(number).days
            if place := bisect_left(days, day):
                return days[place - 1]
        return -1

    def _year(self, number: int) -> _Year:
        if number not in self._years:
            self._years[number] = self._make(number)
        return self._years[number]

    def _make(self, number: int) -> _Year:
        """Return the work of a year, from its days and those beside it whose work is in it by the clock of UTC."""
        begin, end = first_of_year(number), first_of_year(number + 1)
        spans, day_ends, days = list[tuple[int, int]](), list[int](), array("q")
        for day in range(begin // DAY - 2, end // DAY + 2):
            pieces = self._pieces(day)
            if not pieces:
                continue
            spans += [(max(low, begin), min(high, end)) for low, high in pieces if low < end and high > begin]
            if begin <= pieces[-1][1] < end:
                day_ends.append(pieces[-1][1])
            if begin <= day * DAY < end:
                days.append(day)
        spans.sort()
        return _Year(
            array("q", [low for low, _ in spans]),
            array("q", [high for _, high in spans]),
            array("q", accumulate(high - low for low, high in spans)),
            array("q", sorted(day_ends)),
            days,
        )

    def _pieces(self, day: int) -> list[tuple[int, int]]:
        """Return the moments of the work of one day, in order."""
        spans = self.hours.of_day[(day + 3) % 7]  # 1 January 1970 was a Thursday
        if not spans or day in self._closed:
            return []
        midnight = day * DAY
        return sorted(
            piece
            for low, high in spans
            for piece in self._zone.pieces(midnight + low * MINUTE, midnight + high * MINUTE)
        )


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


def _checked(at: int) -> int:
    if not _BEGIN <= at < _END:
        raise _beyond()
    return at


def _beyond() -> InvalidInput:
    return InvalidInput(f"calendar: knows the years {FIRST_YEAR} to {LAST_YEAR}; found a moment before or after them")


def _year_number(at: int) -> int:
    return year_of(_checked(at) // DAY)


def _total(year: _Year) -> int:
    return year.done[-1] if year.done else 0


def _worked(year: _Year, at: int) -> int:
    """Return the working time of a year up to a moment of it."""
    place = bisect_right(year.begins, at) - 1
    return 0 if place < 0 else year.done[place] - max(year.ends[place] - at, 0)
