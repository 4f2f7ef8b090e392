"""A large desk to measure at: years of a sales team, told to the log in bulk and evolved from it.

Its events are appended as the log appends them, hashed and chained, and its tables are made by `Desk.rebuild`, as those
of any desk may be: an event costs a fifth of a millisecond so, in place of one. Leads come in, a thousand a day, and
are given to one of fifty reps, or pooled; they are followed up, and half of them have ended twenty days later. Those
that are held are followed up until the log is as long as asked for.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from operator import itemgetter

import numpy as np
import sqlalchemy as sa

from benchmarks.harness import timed
from leadopt import Fairness, Policy
from leadopt.desk.book.events_of import envelope
from leadopt.desk.database.beside import outbox
from leadopt.desk.database.following import message
from leadopt.desk.desk import Desk
from leadopt.desk.log import store
from leadopt.desk.log.checkpoint import Checkpoint
from leadopt.desk.log.moments import microseconds
from leadopt.desk.log.records import chained, head_after
from leadopt.desk.people import persons
from leadopt.desk.people.persons import LEAD, WHOLE, Person
from leadopt.desk.work.session import Session
from leadopt.lifecycle import events
from leadopt.lifecycle.book import Stamp, Where
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Rep

REPS, A_DAY, POOLED, ENDS_AFTER = 50, 1_000, 40, 20  # reps; leads a day; one held lead in 40 is pooled; days
AT_ONCE = 5_000  # events of a transaction
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
INDUSTRIES, SOURCES = ("steel", "wood", "glass", "paper", "food", "energy"), ("web", "fair", "call", "partner")
POLICY = Policy(segment_by=("industry", "source"), fairness=Fairness())
RULES = {"time": {"zone": "Europe/Berlin"}, "review": [], "sticky": {"by": "off"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many events the log holds at least, how many leads are open beside new ones, have ended, and are new."""

    events: int = 1_000_000
    held: int = 100_000
    ended: int = 100_000
    new: int = 2_500

    def __str__(self) -> str:
        return f"of {self.events:,} events, {self.held:,} open leads, {self.ended:,} ended"


WHOLE_SIZE = Size()
QUICK_SIZE = Size(events=20_000, held=2_000, ended=2_000, new=450)


class Filled:
    """A desk of some size, and its clock; `first` is a lead that is worked on since `first_given`.

    Attributes
    ----------
    desk, now, size
        the desk, what its clock says, and what it holds
    filled_s, rebuilt_s
        how long it took to append the events, and to make the tables
    checkpoint
        of the log 20,000 events before its end
    """

    def __init__(self, size: Size) -> None:
        self.now, self.size = START, size
        self._folder = tempfile.TemporaryDirectory()
        self.desk = Desk.open(
            f"sqlite:///{self._folder.name}/desk.db", rules=RULES, policy=POLICY, clock=lambda: self.now, rng=0
        )
        self.desk.reps([{"rep_id": f"rep {n}", "max_open": 1_000_000} for n in range(REPS)])
        with self.desk._core.read() as snapshot:
            self._reps = sorted(rep.id for rep in snapshot.book.find(Rep, Where()))
        self._rules, self._rng = self.desk.rules().fingerprint, np.random.default_rng(0)
        self._told: list[tuple[int, Event]] = []
        self._people: list[Person] = []
        self.first = size.ended + size.held - 1
        self.first_given = START
        self.filled_s, _ = timed(self._append_all)
        self.rebuilt_s, rebuilt = timed(self.desk.rebuild)
        assert rebuilt.events >= size.events, rebuilt
        with self.desk._core.read() as snapshot:
            at = store.record(snapshot.connection, rebuilt.events - 20_000 if rebuilt.events > 20_000 else 1)
            assert at is not None
            self.checkpoint = Checkpoint(at.seq, at.hash)
        assert self.desk.verify().ok

    def _append_all(self) -> None:
        for told in self._lives():
            self._told.append((microseconds(self.now, "now"), told))
            if len(self._told) == AT_ONCE:
                self._write()
        self._write()

    def _lives(self) -> Iterator[Event]:
        """Yield what happens, moving the clock on."""
        size = self.size
        owned = size.held + size.ended
        days = -(-owned // A_DAY)
        ending = range(0, owned, owned // size.ended)
        assert len(ending) == size.ended, size
        count = 0
        for day in range(days + ENDS_AFTER):
            self.now = START + timedelta(days=day)
            for number in range(day * A_DAY, min((day + 1) * A_DAY, owned)):
                if number == self.first:
                    self.first_given = self.now
                yield from self._comes_in(number)
                count += 2 + (not self._is_pooled(number))
            then = day - ENDS_AFTER
            self.now += timedelta(hours=2)
            for number in range(max(then, 0) * A_DAY, min((then + 1) * A_DAY, owned)):
                if self._ends(number):
                    yield self._end(number)
                    count += 1
        self.now += timedelta(hours=1)
        for number in range(owned, owned + size.new):
            yield self._receive(number)
            count += 1
        held = [number for number in range(owned) if not self._ends(number)]
        while count < size.events:
            self.now += timedelta(hours=1)
            for number in held:
                pooled = self._is_pooled(number)
                yield self._change(number, count) if pooled else self._follow_up(number)
            count += len(held)

    def _ends(self, number: int) -> bool:
        share = (self.size.held + self.size.ended) // self.size.ended
        return number % share == 0

    def _is_pooled(self, number: int) -> bool:
        return not self._ends(number) and number // 2 % POOLED == 0

    def _comes_in(self, number: int) -> Iterator[Event]:
        yield self._receive(number)
        if self._is_pooled(number):
            yield events.Pooled(lead=key(number), pool="main", why="no_room")
            return
        decision = {"gain": 1.0, "chance": 0.3, "next": [], "barred": {"full": 2}}
        yield events.Assigned(lead=key(number), rep=self._rep(number), via="router", decision=decision)
        yield self._follow_up(number)

    def _receive(self, number: int) -> Event:
        columns = {
            "industry": INDUSTRIES[number % 6],
            "source": SOURCES[int(self._rng.integers(4))],
            "value": float(self._rng.integers(100, 1_000)),
        }
        data = {"lead_id": number, "name": f"Name {number}", "email": f"n{number}@example.com", **columns, WHOLE: True}
        known = {"id": key(number), "kind": LEAD, "external": str(number), "mail": data["email"]}
        self._people.append(Person(**known, data=data))
        return events.Received(lead=key(number), columns=columns)

    def _change(self, number: int, count: int) -> Event:
        return events.Changed(lead=key(number), columns={"value": float(count)})

    def _follow_up(self, number: int) -> Event:
        return events.FollowedUp(
            lead=key(number), rep=self._rep(number), evidence="call", occurred_at=microseconds(self.now, "now")
        )

    def _end(self, number: int) -> Event:
        won = self._rng.random() < 0.1 + 0.3 * (number % 7) / 7
        told = {"lead": key(number), "rep": self._rep(number), "occurred_at": microseconds(self.now, "now")}
        return events.Won(**told, value=500.0) if won else events.Lost(**told, reason="lost")

    def _rep(self, number: int) -> str:
        return self._reps[number * 7_919 % REPS]

    def _write(self) -> None:
        told, self._told = self._told, []
        people, self._people = self._people, []
        self.desk._core.write(lambda session: self._append(session, told, people))

    def _append(self, session: Session, told: list[tuple[int, Event]], people: list[Person]) -> None:
        head = store.head(session.connection)
        for at, some in groupby(told, key=itemgetter(0)):
            stamp = Stamp(seq=0, at=at, actor="feed:crm", rules=self._rules)  # the chain says which seq
            records = chained(head, [envelope(stamp, event) for _, event in some], at)
            store.insert(session.connection, records)
            head = head_after(head, records)
        persons.put(session.connection, people)

    def send(self) -> None:
        """Put all messages into the outbox, as they are where events are evolved as they happen."""
        columns = [message.c.seq, message.c.number, sa.literal(microseconds(self.now, "now"))]
        names = ["seq", "number", "not_before"]
        fill = sa.insert(outbox).from_select(names, sa.select(*columns))
        self.desk._core.write(lambda session: session.connection.execute(fill))


@cache
def filled(size: Size) -> Filled:
    """Return a desk of some size, filled once a process; it is on the disk until the process ends."""
    return Filled(size)


def key(number: int) -> str:
    """Return the id of a lead, in an order that is not that in which they came."""
    digits = number * 7919 % 32**6 + 32**6
    letters = ""
    while digits:
        digits, letter = divmod(digits, 32)
        letters += "abcdefghijklmnopqrstuvwxyz234567"[letter]
    return f"L-{letters:a<16}"
