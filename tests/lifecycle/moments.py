"""Moments of tests as people write them, and the working time that a clock on the wall shows, minute by minute."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones
from zoneinfo._zoneinfo import ZoneInfo as ReadZone  # the one in Python, which keeps the changes of its file

from leadopt.lifecycle.calendar import Calendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
ZONES = sorted(zone for zone in available_timezones() if zone not in ("localtime", "Factory"))
WEEK = "Mon-Fri 9-12, 13-18"
BERLIN = Calendar("Europe/Berlin", WEEK)


def moment(text, zone="Europe/Berlin", fold=0):
    """Return "2026-11-27 18:00" of a zone as whole microseconds."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return (local.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def shown(at, zone="Europe/Berlin"):
    """Return a moment as the clock on the wall shows it."""
    return wall(at, zone).strftime("%Y-%m-%d %H:%M")


def wall(at, zone):
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(zone))


@cache
def changes_in_file(zone, first=2024, last=2030):
    """Return the moments at which clocks of a zone change, as its file or its rule for the future says."""
    read = ReadZone(zone)
    begin, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (first, last + 1))
    found = {at for at in read._trans_utc if begin <= at < end}
    rule = read._tz_after
    for year in range(first, last + 1) if hasattr(rule, "transitions") else ():
        start, stop = rule.transitions(year)  # seconds of local time before each change
        since = read._trans_utc[-1] if read._trans_utc else float("-inf")
        ruled = (start - rule.std.utcoff.total_seconds(), stop - rule.dst.utcoff.total_seconds())
        found |= {int(at) for at in ruled if at > since and begin <= at < end}
    return sorted(at * 1_000_000 for at in found)


def works(calendar, at):
    """Whether the clock on the wall stands within the hours: by its date and time alone."""
    clock = wall(at, calendar.zone)
    if clock.date() in calendar.holidays:
        return False
    minute = clock.hour * 60 + clock.minute
    return any(begin <= minute < end for begin, end in calendar.hours.of_day[clock.weekday()])


def walked(calendar, start, work):
    """Return the moment after `work` minutes of working time, found minute by minute from a whole minute."""
    at = start
    while work:
        work -= works(calendar, at)
        at += MINUTE
    return at


@cache
def distinct_zones():
    """Return one zone for each history of clock changes that there is, 2024 to 2030: others are its aliases."""
    begin = moment("2024-01-01 00:00", "UTC")
    found = {}
    for zone in ZONES:
        offsets = [wall(at, zone).utcoffset() for at in (begin, *changes_in_file(zone))]
        found.setdefault((*changes_in_file(zone), *offsets), zone)
    return sorted(found.values())
