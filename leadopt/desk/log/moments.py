"""Moments: aware datetimes outside, integer microseconds since 1970 UTC inside."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from leadopt.errors import InvalidInput

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime, what: str = "a moment") -> int:
    """Return a moment in microseconds since 1970 UTC.

    Raises
    ------
    InvalidInput
        the moment has no time zone

    Examples
    --------
    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    if not isinstance(moment, datetime):
        raise InvalidInput(f"{what}: must be a datetime with a time zone, such as datetime.now(UTC); found {moment!r}")
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InvalidInput(f"{what} has no time zone: {moment.isoformat()}; give one, such as datetime.now(UTC)")
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(at: int) -> datetime:
    """Return the moment, in UTC, that microseconds tell.

    >>> moment_of(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return _EPOCH + timedelta(microseconds=at)


def system_clock() -> datetime:
    """Return what the machine's clock says; the only clock that is not passed in."""
    return datetime.now(UTC)
