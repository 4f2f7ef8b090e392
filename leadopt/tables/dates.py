"""What day it is, and which outcomes of a history cannot have been settled yet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.cells import as_moment, as_outcome, day_of
from leadopt.tables.reading.moments import Moment

_FARTHEST_EAST, _FARTHEST_WEST = timedelta(hours=14), timedelta(hours=12)


def latest_day(now: Any) -> date:
    """Return the last day on which an outcome can have been settled, if it is `now`; None = by the clock.

    On the current day, somewhere the next one may have begun: a history may be kept in another time zone.

    Raises
    ------
    InvalidInput
        no date

    Examples
    --------
    >>> latest_day("2026-01-31")
    datetime.date(2026, 1, 31)
    """
    anywhere = (datetime.now(UTC) + _FARTHEST_EAST).date()
    if now is None:
        return anywhere
    moment = as_moment(now)
    if moment is None:
        raise InvalidInput(f"now: must be a date or an ISO date like 2026-01-31; found {now!r}")
    day = max(day_of(moment), _written(moment))
    return max(day, anywhere) if day >= date.today() else day


def is_later(moment: Moment, latest: date) -> bool:
    """Return whether a moment is after a day: one that has a time zone after its end everywhere.

    >>> is_later(datetime.fromisoformat("2026-02-01T08:00Z"), date(2026, 1, 31))  # 20:00 of January 31st on an island
    False
    """
    if day_of(moment) <= latest:
        return False
    return not _zoned(moment) or day_of(moment - _FARTHEST_WEST) > latest


def is_before(one: Moment, other: Moment) -> bool:
    """Return whether a moment is on a day before another's: in UTC and as they are written.

    Where only one of them has a time zone, it has to be so wherever the other one was written.

    >>> is_before(datetime.fromisoformat("2025-03-30T23:30Z"), datetime.fromisoformat("2025-03-31T08:00+09:00"))
    False
    """
    if day_of(one) >= day_of(other) or _written(one) >= _written(other):
        return False
    if _zoned(one) == _zoned(other):
        return True
    return day_of(one + _FARTHEST_EAST if _zoned(one) else one) < day_of(
        other - _FARTHEST_WEST if _zoned(other) else other
    )


def _zoned(moment: Moment) -> bool:
    return isinstance(moment, datetime) and moment.tzinfo is not None


def _written(moment: Moment) -> date:
    """Return the day of a moment where it was written."""
    return moment.date() if isinstance(moment, datetime) else moment


def check_settled(history: Table, converted: str, at: str, now: Any) -> list[str]:
    """Return a note of the dates that cannot be read; of these it is not known whether they are later than `now`.

    One group-by in the engine that holds the history, if all can be read.

    Raises
    ------
    InvalidInput
        an outcome was settled later than it is `now`
    """
    if at not in history:
        return []
    latest = latest_day(now).toordinal()
    days, notes = _days_of_settled(history, converted, at)
    if any(day is not None and day_of(day).toordinal() > latest for day in days):
        check_later(history, converted, at, now)
    return notes


def _days_of_settled(history: Table, converted: str, at: str) -> tuple[list[date | None], list[str]]:
    """Return the days of settled outcomes as far as they can be read, and a note of those that cannot."""
    history = history.judged(converted)
    try:
        outcomes, days, _ = history.grouped([converted], at)
        moments, notes = [as_moment(day) for day in days], list[str]()
    except InvalidInput:  # some date cannot be read; where dates count, that is refused
        try:
            history = history.combinations([converted, at])
            outcomes, (moments, wrong) = history.values(converted), history.moments(at)
            notes = [_unread(history, at, wrong)] if wrong else []
        except InvalidInput as error:  # it cannot be told how dates are written
            return [], [f"dates of history are not used: {error}"]
    settled = zip(outcomes, moments, strict=True)
    return [moment for outcome, moment in settled if as_outcome(outcome) is not None], notes


def _unread(history: Table, at: str, wrong: list[int]) -> str:
    more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    told = f"{history.name}.{at}: {history.values(at)[wrong[0]]!r}{more} cannot be read as a date"
    return f"{told}; as no half-life is set, such an outcome counts as any other"


def check_later(history: Table, converted: str, at: str, now: Any) -> None:
    """Raise `InvalidInput` for the first outcome that was settled later than it is `now`, if there is one."""
    latest = latest_day(now)
    history = history.judged(converted).combinations([converted, at])
    outcomes, (moments, _) = history.values(converted), history.moments(at)
    late = [
        row
        for row, (outcome, moment) in enumerate(zip(outcomes, moments, strict=True))
        if moment is not None and as_outcome(outcome) is not None and is_later(moment, latest)
    ]
    if not late:
        return
    rule, mend = f"an outcome cannot be settled after {latest}", "Mend the date, or set now to the day that it is."
    history.refuse(at, late[0], rule, history.values(at)[late[0]], mend, more=len(late) - 1, day=moments[late[0]])
