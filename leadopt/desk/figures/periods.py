"""Periods of whole days, in the time of a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.lifecycle.calendar.zones import zone_of
from leadopt.tables.cells import as_moment

MICROSECONDS_A_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, both ends included.

    Parameters
    ----------
    first, last
        its first and last day, as dates or ISO text
    zone
        in whose time days begin and end

    Raises
    ------
    InvalidInput
        a day is none, the last is before the first, or the zone is unknown

    Examples
    --------
    >>> print(Period(first="2026-01-05", last="2026-02-01", zone="Europe/Berlin"))
    2026-01-05 to 2026-02-01
    >>> Period.weeks("2026-01-05", 4) == Period(first="2026-01-05", last="2026-02-01")
    True
    """

    first: date
    last: date
    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Read the days and find the zone."""
        for name in ("first", "last"):
            object.__setattr__(self, name, _day(getattr(self, name), f"period.{name}"))
        if self.last < self.first:
            raise InvalidInput(f"period.last: must be {self.first}, the first day, or later; found {self.last}")
        zone_of(self.zone)

    @classmethod
    def weeks(cls, first: Any, n: int, zone: str = "UTC") -> Period:
        """Return so many weeks from a day on."""
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise InvalidInput(f"weeks: must be a whole number, 1 or more; found {n!r}")
        begin = _day(first, "first")
        return cls(first=begin, last=begin + timedelta(7 * n - 1), zone=zone)

    @property
    def start(self) -> int:
        """Its first moment, in microseconds since 1970."""
        return moment_of(self.first, self.zone)

    @property
    def end(self) -> int:
        """The first moment after it."""
        return moment_of(self.last + timedelta(1), self.zone)

    @property
    def n_days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def each_week(self) -> Iterator[Period]:
        """Yield its weeks, from its first day on; the last may be shorter."""
        for ahead in range(0, self.n_days, 7):
            begin = self.first + timedelta(ahead)
            yield Period(first=begin, last=min(begin + timedelta(6), self.last), zone=self.zone)

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def moment_of(day: date, zone: str) -> int:
    """Return the moment at which a day begins, in microseconds since 1970."""
    return zone_of(zone).moment((day.toordinal() - _EPOCH) * MICROSECONDS_A_DAY)


def _day(given: Any, where: str) -> date:
    moment = as_moment(given)
    if moment is None:
        raise InvalidInput(f"{where}: must be a date or an ISO date like 2026-01-31; found {given!r}")
    return moment.date() if isinstance(moment, datetime) else moment
