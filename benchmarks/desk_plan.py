"""How long a plan takes from a large desk, and to apply it: 5,000 leads that nobody owns, beside all that are held.

The desk is filled by its own events, evolved as they always are: leads come in, are given to reps, followed up until
the log is as long as asked for, and some of them are won or lost. A plan is asked for twice: by a process that has yet
to learn what has happened so far, and by the same one once more.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.harness import Row, timed
from leadopt import Fairness, Policy
from leadopt.desk.desk import Desk
from leadopt.desk.people import persons
from leadopt.desk.people.persons import LEAD, Person
from leadopt.desk.work.session import Session
from leadopt.lifecycle import events
from leadopt.lifecycle.records import Rep

REPS, AT_ONCE, GOAL_S = 50, 1_000, 3.0
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
INDUSTRIES, SOURCES = ("steel", "wood", "glass", "paper", "food", "energy"), ("web", "fair", "call", "partner")
POLICY = Policy(segment_by=("industry", "source"), fairness=Fairness())


class Filling:
    """A desk with some leads that ended, some that are held and some that nobody owns, and a clock."""

    def __init__(self, url: str, n_events: int, n_held: int, n_ended: int, n_new: int) -> None:
        self.now, self.rng = START, np.random.default_rng(0)
        rules = {"time": {"zone": "Europe/Berlin"}, "review": [], "sticky": {"by": "off"}}
        self.desk = Desk.open(url, rules=rules, policy=POLICY, clock=lambda: self.now, rng=0)
        self.desk.reps([{"rep_id": f"rep {n}", "max_open": 1_000_000} for n in range(REPS)])
        self.rules_hash = self.desk.rules().fingerprint
        owned = n_held + n_ended
        days = max(owned // 1_000, 1)  # a thousand leads a day
        self._each(range(owned), self._come_in, days)
        self.now += timedelta(days=1)
        for _ in range(max((n_events - 2 * owned - n_ended - n_new) // owned, 0)):
            self._each(range(owned), self._follow_up, 1)
        self._each(range(n_ended), self._end, days)
        self.now += timedelta(days=1)
        self._each(range(owned, owned + n_new), self._receive, 1)

    def _each(self, numbers: range, work: Callable[[Session, int], None], days: int) -> None:
        for first in range(numbers.start, numbers.stop, AT_ONCE):
            some = range(first, min(first + AT_ONCE, numbers.stop))
            self.desk._core.write(lambda session, some=some: [work(session, number) for number in some])
            self.now += timedelta(days=1) if days > 1 else timedelta(0)

    def _receive(self, session: Session, number: int) -> None:
        persons.put(session.connection, [Person(id=key(number), kind=LEAD, external=f"lead {number}")])
        columns = {
            "industry": INDUSTRIES[number % 6],
            "source": SOURCES[int(self.rng.integers(4))],
            "value": float(self.rng.integers(100, 1_000)),
        }
        self._happen(session, events.Received(lead=key(number), columns=columns))

    def _come_in(self, session: Session, number: int) -> None:
        self._receive(session, number)
        self._happen(session, events.Assigned(lead=key(number), rep=self._rep(session, number), via="router"))

    def _follow_up(self, session: Session, number: int) -> None:
        rep = self._rep(session, number)
        event = events.FollowedUp(lead=key(number), rep=rep, evidence="call", occurred_at=session.now)
        self._happen(session, event)

    def _end(self, session: Session, number: int) -> None:
        rep, won = self._rep(session, number), self.rng.random() < 0.1 + 0.3 * (number % 7) / 7
        told = {"lead": key(number), "rep": rep, "occurred_at": session.now}
        self._happen(session, events.Won(**told, value=500.0) if won else events.Lost(**told, reason="lost"))

    def _happen(self, session: Session, event: events.Event) -> None:
        session.happen(event, actor="feed:crm", rules=self.rules_hash)

    def _rep(self, session: Session, number: int) -> str:
        reps = sorted(rep.id for rep in session.book._whole(Rep))
        return reps[number * 7_919 % len(reps)]


def key(number: int) -> str:
    """Return the id of a lead, in an order that is not that in which they came."""
    return f"L-{number * 2_654_435_761 % 2**32:016x}"


def rows(n_events: int = 1_000_000, n_held: int = 100_000, n_ended: int = 100_000, n_new: int = 5_000) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        filled = Filling(f"sqlite:///{folder}/desk.db", n_events, n_held, n_ended, n_new)
        desk, size = filled.desk, f"of {desk_size(filled.desk):,} events, {n_held:,} held, {n_ended:,} ended"
        took_first, first = timed(desk.plan)
        took, plan = timed(desk.plan)
        for each in (first, plan):
            assert each.status == "OPTIMAL" and len(each.rep_of_lead) == n_new, each.summary()
        assert first.objective == plan.objective
        name = f"desk.plan, {n_new:,} x {REPS}, {size}"
        yield Row(instance=f"{name}: learns first", seconds=took_first, note="once a process, and as more has ended")
        yield Row(instance=name, seconds=took, goal=GOAL_S)
        took, done = timed(lambda: desk.apply(plan))
        assert done.ok and len(done) == n_new, done.summary()
        yield Row(instance=f"desk.apply of {n_new:,} leads", seconds=took, note="500 a transaction")
        desk.close()


def desk_size(desk: Desk) -> int:
    return desk.checkpoint().seq


def quick_rows() -> Iterator[Row]:
    yield from rows(n_events=20_000, n_held=2_000, n_ended=2_000, n_new=500)
