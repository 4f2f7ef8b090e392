"""How long a large desk takes to be read, and to find that nothing is due: none of it scans from the beginning.

The desk is filled by its own events, evolved as they always are: each lead comes in, is given to one of fifty reps, and
is followed up until the log has as many events as asked for.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.harness import Row, timed
from leadopt.desk.desk import Desk
from leadopt.desk.people import persons
from leadopt.desk.people.persons import LEAD, Person
from leadopt.desk.work.session import Session
from leadopt.lifecycle import events
from leadopt.lifecycle.records import Rep

READ_S, IDLE_S, VERIFY_S = 0.1, 0.05, 10.0
REPS, AT_ONCE, POOLED = 50, 1_000, 20  # one lead in 20 is in the pool
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Filling:
    """A desk that is filled, and a clock that stands still."""

    def __init__(self, url: str, n_events: int, n_leads: int) -> None:
        self.now, self.n_leads = START, n_leads
        rules = {"time": {"zone": "Europe/Berlin"}, "review": [], "sticky": {"by": "off"}}
        self.desk = Desk.open(url, rules=rules, clock=lambda: self.now, rng=0)
        self.desk.reps([{"rep_id": f"r{n}", "max_open": 1_000_000} for n in range(REPS)])
        rules_hash = self.desk.rules().fingerprint
        self._each(n_leads, lambda session, n: self._begin(session, n, rules_hash))
        self.checkpoint = None
        rounds = max((n_events - 2 * n_leads) // n_leads, 0)
        for number in range(rounds):
            self.now += timedelta(minutes=30)
            if number == rounds - 1:
                self.checkpoint = self.desk.checkpoint()
            self._each(n_leads, lambda session, n: self._go_on(session, n, rules_hash))

    def _each(self, count: int, work: Callable[[Session, int], None]) -> None:
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count))
            self.desk._core.write(lambda session, numbers=numbers: [work(session, n) for n in numbers])

    def _begin(self, session: Session, number: int, rules: str) -> None:
        lead = key(number)
        data = {"lead_id": number, "name": f"Name {number}", "email": f"n{number}@example.com", "industry": "steel"}
        one = Person(id=lead, kind=LEAD, external=str(number), data={**data, persons.WHOLE: True}, mail=data["email"])
        persons.put(session.connection, [one])
        session.happen(events.Received(lead=lead, columns={"industry": "steel"}), actor="feed:crm", rules=rules)
        if number % POOLED == 0:
            event: events.Event = events.Pooled(lead=lead, pool="main", why="no_room")
        else:
            decision = {"gain": 1.0, "chance": 0.3, "next": [], "barred": {"full": 2}}
            event = events.Assigned(lead=lead, rep=self._rep(session, number), via="router", decision=decision)
        session.happen(event, actor="system:system", rules=rules)

    def _go_on(self, session: Session, number: int, rules: str) -> None:
        if number % POOLED == 0:
            changed = events.Changed(lead=key(number), columns={"industry": "steel"})
            session.happen(changed, actor="feed:crm", rules=rules)
            return
        rep = self._rep(session, number)
        event = events.FollowedUp(lead=key(number), rep=rep, evidence="call", occurred_at=session.now)
        session.happen(event, actor="feed:crm", rules=rules)

    def _rep(self, session: Session, number: int) -> str:
        reps = session.book._whole(Rep)
        return reps[number * 7919 % len(reps)].id


def key(number: int) -> str:
    """Return the id of a lead, in an order that is not that in which they came."""
    digits = number * 7919 % 32**6 + 32**6
    letters = ""
    while digits:
        digits, letter = divmod(digits, 32)
        letters += "abcdefghijklmnopqrstuvwxyz234567"[letter]
    return f"L-{letters:a<16}"


def rows(n_events: int = 1_000_000, n_leads: int = 100_000, url: str = "") -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        filled = Filling(url or f"sqlite:///{folder}/desk.db", n_events, n_leads)
        yield from measured(filled, n_events, n_leads)
        filled.desk.close()


def measured(filled: Filling, n_events: int, n_leads: int) -> Iterator[Row]:
    desk, lead = filled.desk, n_leads // 2 + 1
    size = f"of {n_events:,} events, {n_leads:,} open leads"
    filled.now += timedelta(hours=1)
    desk.run_due()
    yield row(f"run_due, nothing due, {size}", desk.run_due, IDLE_S, lambda found: len(found) == 0)
    yield row(f"lead {size}", lambda: desk.lead(lead), READ_S, lambda found: found.stage == "working")
    yield row(
        f"lead as it was {size}", lambda: desk.at(START).lead(lead), READ_S, lambda found: len(found.history) == 2
    )
    yield row(f"pool {size}", lambda: desk.pool(by="r1"), READ_S, lambda found: found.total == -(-n_leads // POOLED))
    yield row(f"overdue {size}", desk.overdue, READ_S, lambda found: len(found) == 0)
    yield row(f"messages {size}", lambda: desk.messages(most=100), READ_S, lambda found: len(found) == 100)
    yield row(f"reviews {size}", desk.reviews, READ_S, lambda found: len(found) == 0)
    yield row(f"why {size}", lambda: desk.why(n_events // 2), READ_S, lambda found: found.seq == n_events // 2)
    yield row(
        f"rep with {n_leads // REPS:,} leads {size}", lambda: desk.rep("r1"), READ_S, lambda found: found.open > 0
    )
    if filled.checkpoint is not None:
        mark = filled.checkpoint
        yield row(f"verify from a checkpoint, {size}", lambda: desk.verify(mark), VERIFY_S, lambda found: found.ok)


def row(name: str, read: Callable[[], Any], goal: float, right: Callable[[Any], bool]) -> Row:
    """Return the time of the second read, as a desk that runs has it; the answer must be right."""
    assert right(read()), name
    seconds, found = timed(read)
    assert right(found), name
    return Row(instance=name, seconds=seconds, goal=goal, note="")


def quick_rows() -> Iterator[Row]:
    yield from rows(n_events=20_000, n_leads=2_000)
