"""The book as it was at a moment, as far as one lead needs it: its own events, and rules, absences and gaps of then."""

from collections.abc import Iterator

import sqlalchemy as sa

from leadopt.desk.book.events_of import all_told
from leadopt.desk.database.statements import Statement
from leadopt.desk.database.tables import log
from leadopt.desk.log import store
from leadopt.desk.log.records import Record
from leadopt.desk.work.session import Snapshot
from leadopt.lifecycle.book import MemoryBook, Stamp
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.evolve import evolve

_OF_THE_DESK = ("opened", "resumed", "told", "plan_applied", "day_began", "policy_set")
_OF_A_REP = ("rep_set", "rep_left", "rep_returned", "absence_set", "absence_began")
_LAST_OF_KIND = Statement(
    sa.select(*log.c)
    .where(log.c.kind == sa.bindparam("kind", type_=sa.Text), log.c.seq <= sa.bindparam("seq", type_=sa.BigInteger))
    .order_by(log.c.seq.desc())
    .limit(1),
    "kind",
    "seq",
)


def book_at(snapshot: Snapshot, lead: str, moment: int) -> MemoryBook:
    """Return a book that knows of one lead what was known at a moment; without it if it had not come in."""
    mine = [one for one in snapshot.book.history(lead) if one[0].at <= moment]
    last = _seq_at(snapshot, moment)
    owners = {rep for _, event in mine if (rep := getattr(event, "rep", None) or getattr(event, "owner", None))}
    told = [*_of_the_desk(snapshot, last), *_of_reps(snapshot, sorted(owners), last), *mine]
    book = MemoryBook()
    for stamp, event in sorted(told, key=lambda one: one[0].seq):
        evolve(book, event, stamp)
        book.keep([(stamp, event)])
    return book


def _seq_at(snapshot: Snapshot, moment: int) -> int:
    return store.first_since(snapshot.connection, moment + 1) - 1


def _of_the_desk(snapshot: Snapshot, last: int) -> Iterator[tuple[Stamp, Event]]:
    """Yield all rule files until then, and the last event of each kind that is about the desk as a whole."""
    rules = store.read(snapshot.connection, kind="rules_set")
    yield from all_told(one for one in rules if one.seq <= last)
    for kind in _OF_THE_DESK:
        row = _LAST_OF_KIND.first(snapshot.connection, kind, last)
        yield from all_told([Record(*row)] if row is not None else [])


def _of_reps(snapshot: Snapshot, reps: list[str], last: int) -> Iterator[tuple[Stamp, Event]]:
    for rep in reps:
        records = store.of_subject(snapshot.connection, rep)
        yield from all_told(one for one in records if one.seq <= last and one.kind in _OF_A_REP)
