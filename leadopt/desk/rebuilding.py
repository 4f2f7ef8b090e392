"""The tables that follow from the log, dropped and made anew from it: equal, or it is said where they were not."""

from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from leadopt.desk.book.events_of import told
from leadopt.desk.book.kept import KEPT
from leadopt.desk.book.known import Known
from leadopt.desk.book.sql_book import SqlBook
from leadopt.desk.log import store
from leadopt.desk.work.core import Core
from leadopt.desk.work.session import Session
from leadopt.lifecycle.evolve import evolve
from leadopt.tables.text import count

_LOOK_EVERY = 500  # events
_MOST = 300_000  # records that are held while a log is evolved anew, some 1 kB each: each is written once if all fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What came of making the tables anew.

    Parameters
    ----------
    events
        how many the log holds
    records
        how many records follow from them
    differing
        records that were otherwise before, as "table key": the tables had been changed behind the log's back
    """

    events: int
    records: int
    differing: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the tables were what follows from the log."""
        return not self.differing

    def __str__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """Return it in one sentence."""
        same = "all as they were" if self.ok else f"{count(len(self.differing), 'record')} had been otherwise"
        return f"{count(self.records, 'record')} made anew from {count(self.events, 'event')}: {same}."


def rebuild(core: Core) -> Rebuilt:
    """Drop all that follows from the log and evolve it anew, in one transaction."""
    return core.write(_rebuilt)


def _rebuilt(session: Session) -> Rebuilt:
    connection = session.connection
    before = _digests(connection)
    for kept in KEPT.values():
        connection.execute(sa.delete(kept.table))
    session.core.known.forget()
    events = replay(connection, session)
    after = _digests(connection)
    differing = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return Rebuilt(events=events, records=len(after), differing=tuple(differing))


def replay(connection: sa.Connection, session: Session) -> int:
    """Write the records that follow from the log; return how many events it holds."""
    known = Known(_MOST)
    book = SqlBook(connection, (0, 0, b""), known, session.core.shelf)
    number = 0
    for number, record in enumerate(store.read(connection), 1):
        stamp, event = told(record)
        evolve(book, event, stamp)
        book.move(stamp.seq, stamp.at)
        if number % _LOOK_EVERY == 0 and known.is_full:
            book.flush(record.hash, to_send=False)
            known.begin(record.hash)  # which forgets
    book.flush(b"", to_send=False)
    return number


def _digests(connection: sa.Connection) -> dict[str, bytes]:
    """Return the hash of each record, by table and key."""
    found = {}
    for kept in KEPT.values():
        keys = list(kept.table.primary_key)
        for row in connection.execute(sa.select(*keys, kept.table)):
            name = f"{kept.table.name} {'/'.join(map(str, row[: len(keys)]))}"
            found[name] = sha256(repr(tuple(row)).encode()).digest()
    return found
