"""The spans of work of a zone with hours and holidays, and the working time w(t) up to a moment, which never falls.

Spans and their running sum are made once a year and searched by bisection, so that nothing walks through time. A year
of them has about 500 spans and takes 12 kB.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar.durations import DAY, MINUTE
from leadopt.lifecycle.calendar.hours import Hours
from leadopt.lifecycle.calendar.zones import FIRST_YEAR, LAST_YEAR, Zone, first_of_year, year_of

_BEGIN, _END = first_of_year(FIRST_YEAR), first_of_year(LAST_YEAR + 1) - 4 * DAY
ALL_DAYS = range(_BEGIN // DAY, _END // DAY)


@dataclass(frozen=True, slots=True)
class Year:
    """The work of a year: of a calendar year of UTC, but `days`, which are those of the calendar on the wall."""

    begins: array[int]  # moments at which spans begin, in order
    ends: array[int]
    done: array[int]  # working time of the year up to each end
    day_ends: array[int]  # when the last span of each working day ends
    days: array[int]  # working days, counted from 1 January 1970

    @property
    def total(self) -> int:
        """The working time of the year."""
        return self.done[-1] if self.done else 0

    def worked(self, at: int) -> int:
        """Return the working time of the year up to a moment of it."""
        place = bisect_right(self.begins, at) - 1
        return 0 if place < 0 else self.done[place] - max(self.ends[place] - at, 0)


@dataclass(frozen=True, slots=True)
class Spans:
    """All spans of work.

    Parameters
    ----------
    zone, hours
        the zone and the working hours of a week
    closed
        days without work, counted from 1 January 1970
    """

    zone: Zone
    hours: Hours
    closed: frozenset[int]
    _years: dict[int, Year] = field(init=False, repr=False, compare=False, default_factory=dict)

    def is_in(self, at: int) -> bool:
        """Return whether a moment is in a span; that at which it ends is not."""
        year = self.year(number_of(at))
        place = bisect_right(year.begins, at) - 1
        return place >= 0 and at < year.ends[place]

    def is_working_day(self, day: int) -> bool:
        """Return whether a day has spans."""
        days = self.year(year_of(checked(day * DAY) // DAY)).days
        place = bisect_left(days, day)
        return place < len(days) and days[place] == day

    def first_begin(self, at: int) -> int:
        """Return the first begin of a span at or after a moment."""
        return self._first(at, "begins")

    def first_day_end(self, at: int) -> int:
        """Return the first end of a working day at or after a moment."""
        return self._first(at, "day_ends")

    def last_end(self, at: int) -> int:
        """Return the end of the last span that has begun at a moment."""
        for number in range(number_of(at), FIRST_YEAR - 1, -1):
            year = self.year(number)
            if place := bisect_right(year.begins, at):
                return year.ends[place - 1]
        raise beyond()

    def work_between(self, start: int, end: int) -> int:
        """Return w(end) - w(start), for a start that is not after the end."""
        first, last = number_of(start), number_of(end)
        whole = sum(self.year(number).total for number in range(first, last))
        return whole + self.year(last).worked(end) - self.year(first).worked(start)

    def after_work(self, start: int, work: int) -> int:
        """Return the first t with w(t) = w(start) + work."""
        number = number_of(start)
        work += self.year(number).worked(start)
        while work > self.year(number).total:
            work -= self.year(number).total
            number += 1
            if number > LAST_YEAR:
                raise beyond()
        year = self.year(number)
        place = bisect_left(year.done, work)
        return year.ends[place] - (year.done[place] - work)

    def before_work(self, end: int, work: int) -> int:
        """Return the last t with w(t) = w(end) - work."""
        number = number_of(end)
        left = self.year(number).worked(end) - work
        while left < 0:
            number -= 1
            if number < FIRST_YEAR:
                raise beyond()
            left += self.year(number).total
        year = self.year(number)
        place = bisect_right(year.done, left)
        return year.ends[place] - (year.done[place] - left)

    def day_after(self, day: int, count: int) -> int:
        """Return the working day that is so many working days after a day, 1 or more."""
        for number in range(year_of(day), LAST_YEAR + 1):
            days = self.year(number).days
            place = bisect_right(days, day) + count - 1
            if place < len(days):
                return days[place]
            count = place - len(days) + 1
        raise beyond()

    def day_before(self, day: int, count: int) -> int:
        """Return the working day that is so many working days before a day, 1 or more."""
        for number in range(year_of(day), FIRST_YEAR - 1, -1):
            days = self.year(number).days
            place = bisect_left(days, day)
            if place >= count:
                return days[place - count]
            count -= place
        raise beyond()

    def year(self, number: int) -> Year:
        """Return the work of a year, which is made once."""
        if number not in self._years:
            self._years[number] = self._make(number)
        return self._years[number]

    def _first(self, at: int, what: str) -> int:
        for number in range(number_of(at), LAST_YEAR + 1):
            moments: array[int] = getattr(self.year(number), what)
            if (place := bisect_left(moments, at)) < len(moments):
                return moments[place]
        raise beyond()

    def _make(self, number: int) -> Year:
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
        return Year(
            array("q", [low for low, _ in spans]),
            array("q", [high for _, high in spans]),
            array("q", accumulate(high - low for low, high in spans)),
            array("q", sorted(day_ends)),
            days,
        )

    def _pieces(self, day: int) -> list[tuple[int, int]]:
        """Return the moments of the work of one day, in order."""
        spans = self.hours.of_day[(day + 3) % 7]  # 1 January 1970 was a Thursday
        if not spans or day in self.closed:
            return []
        midnight = day * DAY
        return sorted(
            piece
            for low, high in spans
            for piece in self.zone.pieces(midnight + low * MINUTE, midnight + high * MINUTE)
        )


def number_of(at: int) -> int:
    """Return the year of UTC of a moment."""
    return year_of(checked(at) // DAY)


def checked(at: int) -> int:
    """Return a moment of the years there are, refuse others."""
    if not _BEGIN <= at < _END:
        raise beyond()
    return at


def beyond() -> InvalidInput:
    """Return the refusal of a moment before or after all years."""
    return InvalidInput(f"calendar: knows the years {FIRST_YEAR} to {LAST_YEAR}; found a moment before or after them")
