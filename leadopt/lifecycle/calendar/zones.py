"""Local time of a zone in whole numbers: which moment a date and time of day is, and the reverse.

`zoneinfo` knows the offset of every moment, and not when it changes. Changes are found once a year of a zone: by
looking every 4 days, then by bisection. In all the zones there are, no two changes since 1970 are less than 6 days
apart; tests/lifecycle/calendar/test_zones.py holds them against the files they are from.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.calendar.durations import DAY

FIRST_YEAR, LAST_YEAR = 1970, 9998
EPOCH = date(1970, 1, 1).toordinal()
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
_LOOK = 4 * DAY
_MACHINE = ("localtime", "posixrules", "Factory")  # another zone on another machine, or none
_OTHER_CLOCKS = ("right/", "posix/")

Change = tuple[int, int]
"""A moment, and what local time is ahead of UTC from then on, in microseconds."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone whose moments are whole microseconds UTC and whose local times are such of a clock on the wall.

    Parameters
    ----------
    key
        its name, such as "Europe/Berlin"
    """

    key: str
    info: ZoneInfo = field(init=False, repr=False, compare=False)
    _years: dict[int, tuple[Change, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Find the zone, or refuse it."""
        object.__setattr__(self, "info", _found(self.key))

    def offset(self, at: int) -> int:
        """Return what local time is ahead of UTC at a moment."""
        changes = self.changes(year_of(at // DAY))
        return changes[max(bisect_right(changes, (at, DAY)) - 1, 0)][1]  # no offset is a day

    def _asked(self, at: int) -> int:
        """Return the same as the zone itself says, which takes five times as long."""
        ahead = self.info.utcoffset(self.info.fromutc((_ZERO + timedelta(microseconds=at)).replace(tzinfo=self.info)))
        assert ahead is not None  # a zone always says
        return round(ahead.total_seconds()) * 1_000_000

    def local(self, at: int) -> int:
        """Return the local time of a moment, in microseconds since local midnight of 1 January 1970."""
        return at + self.offset(at)

    def moment(self, local: int) -> int:
        """Return the moment of a local time.

        A local time that exists twice, where clocks go back, is its first. One that does not exist, where clocks go
        forward, is the moment at which they do: so a later local time is never an earlier moment.
        """
        changes = self.changes(year_of(local // DAY))
        for (since, ahead), (until, _) in zip(changes, (*changes[1:], (None, 0)), strict=True):
            if until is None or local - ahead < until:  # the first period in which it has not passed yet
                return max(local - ahead, since)
        raise AssertionError("the last period has no end")

    def changes(self, year: int) -> tuple[Change, ...]:
        """Return the changes of the offset that local times of a year may meet, the first as before all others."""
        if year not in self._years:
            begin, end = (first_of_year(y) - 2 * DAY + (y > year) * 4 * DAY for y in (year, year + 1))
            found: list[Change] = [(begin, self._asked(begin))]
            for stop in (*range(begin + _LOOK, end, _LOOK), end):
                if (ahead := self._asked(stop)) != found[-1][1]:
                    found.append((self._change_between(max(stop - _LOOK, begin), stop), ahead))
            self._years[year] = tuple(found)
        return self._years[year]

    def _change_between(self, early: int, late: int) -> int:
        """Return the first whole second after `early` with the offset of `late`."""
        after = self._asked(late)
        low, high = early // 1_000_000, late // 1_000_000
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._asked(middle * 1_000_000) == after else (middle, high)
        return high * 1_000_000

    def pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return when the clock on the wall shows times from `begin` to before `end`, which are of one day.

        One piece on most days; a part of it or none where clocks go forward, two where they go back.
        """
        changes = self.changes(year_of(begin // DAY))
        if len(changes) == 1:
            return [(begin - changes[0][1], end - changes[0][1])]
        first = max(bisect_right(changes, (begin - 2 * DAY, 0)) - 1, 0)
        last = bisect_right(changes, (end + 2 * DAY, 0))
        found = []
        for k in range(first, last):
            since, ahead = changes[k]
            low = max(begin - ahead, since) if k else begin - ahead
            high = min(end - ahead, changes[k + 1][0]) if k + 1 < len(changes) else end - ahead
            if low < high:
                found.append((low, high))
        return found


@lru_cache(maxsize=64)
def zone_of(key: str) -> Zone:
    """Return the zone of a name; one for all who ask, as it remembers its changes."""
    return Zone(key)


def year_of(day: int) -> int:
    """Return the year of a day, counted from 1 January 1970."""
    return date.fromordinal(day + EPOCH).year


def first_of_year(year: int) -> int:
    """Return the first midnight of a year, in microseconds of a clock that shows UTC."""
    return (date(year, 1, 1).toordinal() - EPOCH) * DAY


def _found(key: str) -> ZoneInfo:
    if not isinstance(key, str) or not key.strip():
        raise InvalidInput(f'zone: must be the name of a time zone such as "Europe/Berlin"; found {key!r}')
    try:
        if key in _MACHINE or key.startswith(_OTHER_CLOCKS):
            raise ZoneInfoNotFoundError(key)
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f'zone: "{key}" is no time zone{_near(key)}') from None


def _near(key: str) -> str:
    """Return the nearest zone: of the same place if the continent is wrong or left out."""
    from zoneinfo import available_timezones

    zones = sorted(zone for zone in available_timezones() if zone not in _MACHINE)
    if not zones:
        return "; this machine knows none: install tzdata"
    place = key.rpartition("/")[2].casefold().replace(" ", "_")
    same = [zone for zone in zones if zone.rpartition("/")[2].casefold() == place]
    return f'; did you mean "{same[0]}"?' if same else did_you_mean(key, zones)
