"""What day it is, and which outcomes of a history cannot have been settled yet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn

from leadopt.errors import InvalidInput
from leadopt.tables import Table
from leadopt.tables.cells import as_moment, as_outcome

_FARTHEST_EAST = timedelta(hours=14)


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
    day = moment.date() if isinstance(moment, datetime) else moment
    return max(day, anywhere) if day >= date.today() else day


def check_settled(history: Table, converted: str, at: str, now: Any) -> None:
    """Raise `InvalidInput` if an outcome was settled later than it is `now`; dates that cannot be read are not judged.

    One group-by in the engine that holds the history.
    """
    if at not in history:
        return
    latest = latest_day(now).toordinal()
    if any(day is not None and day.toordinal() > latest for day in _days_of_settled(history, converted, at)):
        refuse_later(history, converted, at, now)


def _days_of_settled(history: Table, converted: str, at: str) -> list[date | None]:
    history = history.judged(converted)
    try:
        outcomes, days, _ = history.grouped([converted], at)
        moments = [as_moment(day) for day in days]
    except InvalidInput:  # some date cannot be read; where dates count, that is refused
        try:
            history = history.combinations([converted, at])
            outcomes, (moments, _) = history.values(converted), history.moments(at)
        except InvalidInput:  # it cannot be told how dates are written
            return []
    return [moment for outcome, moment in zip(outcomes, moments, strict=True) if as_outcome(outcome) is not None]


def refuse_later(history: Table, converted: str, at: str, now: Any) -> NoReturn:
    """Raise `InvalidInput` for the first outcome that was settled later than it is `now`."""
    latest = latest_day(now)
    history = history.judged(converted).combinations([converted, at])
    outcomes, (moments, _) = history.values(converted), history.moments(at)
    late = [
        row
        for row, (outcome, moment) in enumerate(zip(outcomes, moments, strict=True))
        if moment is not None and as_outcome(outcome) is not None and moment.toordinal() > latest.toordinal()
    ]
    rule, mend = f"an outcome cannot be settled after {latest}", "Mend the date, or set now to the day that it is."
    history.refuse(at, late[0], rule, history.values(at)[late[0]], mend, more=len(late) - 1)
