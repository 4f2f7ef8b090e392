"""Desks to test with: a clock that is set by hand, a few reps, and tables that they are filled from."""

from datetime import UTC, datetime

from leadopt.desk.desk import Desk
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.records import Absence, Account, Conduct, Credit, Lead, Message, Ownership, Rep, RuleFile, State
from tests.desk.logs import SetClock, url_of

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)  # 09:00 in Berlin
RULES = {"time": {"zone": "Europe/Berlin"}, "review": [], "claim": {"embargo": 0}}
REPS = [{"rep_id": "Ann", "max_open": 3}, {"rep_id": "Bo", "max_open": 3}, {"rep_id": "Cy", "max_open": 3}]
KINDS = (Lead, Rep, Credit, Absence, Account, Ownership, Conduct, Message, RuleFile, State)
DESKS = []  # for `tests.desk.conftest` to close


def opened(folder, *, clock=None, rules=None, reps=REPS, rng=0, **settings):
    """Return a desk with three reps, whose clock is `desk.clock`; it is closed when the test has ended."""
    clock = clock or SetClock(MONDAY)
    desk = Desk.open(url_of(folder), rules={**RULES, **(rules or {})}, clock=clock, rng=rng, **settings)
    desk.clock = clock
    DESKS.append(desk)
    if reps:
        assert desk.reps(reps).ok
    return desk


def again(desk, **settings):
    """Return the same desk, opened once more, as another process would."""
    other = Desk.open(desk._core.engine.url, clock=desk.clock, **settings)
    other.clock = desk.clock
    DESKS.append(other)
    return other


def leads(*ids, **columns):
    return [{"lead_id": one, **columns} for one in ids]


def with_leads(folder, *ids, place=True, **settings):
    """Return a desk with some leads, given to reps."""
    desk = opened(folder, **settings)
    assert desk.receive(leads(*ids)).ok
    if place:
        assert desk.place().ok
    return desk


def records(desk):
    """Return all records of a desk, by kind."""
    with desk._core.read() as snapshot:
        return {kind: snapshot.book.find(kind, Where()) for kind in KINDS}


def owner(desk, lead):
    return desk.lead(lead).owner


def kinds(desk):
    """Return the kinds of all events, in order."""
    return [desk.why(seq).kind for seq in range(1, desk.checkpoint().seq + 1)]
