"""Logs to test with: events that differ, a clock that is set by hand, and files that are filled."""

from datetime import UTC, datetime, timedelta
from functools import cache

from leadopt.desk.database.engine import open_engine, writing
from leadopt.desk.log import store
from leadopt.desk.log.records import EMPTY, Envelope, chained, head_after

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPENED = []  # engines, for `tests.desk.conftest` to close
KINDS = ("lead.received", "lead.assigned", "follow_up", "lead.claimed")


class SetClock:
    """A clock that says what it was set to, and may be set back."""

    def __init__(self, now=START):
        self.now = now

    def __call__(self):
        return self.now

    def move(self, **delta):
        self.now += timedelta(**delta)


def event(number, **fields):
    """Return an event that differs from others in every field, now and then without a cause, a request or rules."""
    usual = {
        "kind": KINDS[number % 4],
        "v": 1 + number % 2,
        "subject": f"L-{number % 7}",
        "actor": f"R-{number % 5}",
        "cause": number if number % 3 else None,
        "request": None if number % 4 == 0 else "" if number % 4 == 1 else f"q{number}",
        "rules": f"{number:04x}" if number % 5 else None,
        "body": f'{{"n":{number}}}'.encode(),
    }
    return Envelope(**usual | fields)


def records(count, step=1_000):
    """Return the records of so many events, one every so many microseconds."""
    return list(_records(count, step))


@cache
def _records(count, step):
    head, found = EMPTY, []
    for number in range(count):
        found += chained(head, [event(number)], 1_700_000_000_000_000 + number * step)
        head = head_after(head, found[-1:])
    return found


def url_of(folder, name="desk.db"):
    return f"sqlite:///{folder / name}"


def opened(folder, name="desk.db"):
    """Return the engine of a desk, which is closed when the test has ended."""
    OPENED.append(open_engine(url_of(folder, name)))
    return OPENED[-1]


def filled(folder, count):
    """Return the engine of a new desk whose log has so many records."""
    engine = opened(folder)
    with writing(engine).begin() as connection:
        store.insert(connection, records(count))
    return engine
