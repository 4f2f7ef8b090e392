"""What a work is given to read and write by, and how it leaves nothing behind if it fails."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa

from leadopt.desk.log import store
from leadopt.desk.log.moments import Clock, microseconds
from leadopt.desk.log.records import Envelope, Head, Record, chained, head_after

Answer = TypeVar("Answer")


class Transaction:
    """A work's part of a transaction.

    Attributes
    ----------
    connection
        reads and writes; it is in a transaction, which the work neither commits nor rolls back
    now
        the moment of all that the work does, in microseconds: what the clock says, or the moment of the last record
        where the clock is behind it
    records
        what the work has appended so far
    """

    __slots__ = ("_ended", "_head", "_hooks", "connection", "now", "records")

    def __init__(self, connection: sa.Connection, head: Head, now: int) -> None:
        self.connection, self.now = connection, max(now, head.at)
        self.records: list[Record] = []
        self._head, self._hooks, self._ended = head, list[Callable[[Transaction], None]](), False

    @property
    def head(self) -> Head:
        """Where the log ends, with what the work has appended so far."""
        return self._head

    def append(self, *events: Envelope) -> list[Record]:
        """Add events to the log and return their records; they are written when the work has ended.

        Raises
        ------
        InvalidInput
            an event names a cause that is not before it, or holds what no database can store
        """
        if self._ended:
            raise RuntimeError("the work has ended: what runs when it is written cannot append to the log")
        records = chained(self._head, events, self.now)
        self._head = head_after(self._head, records)
        self.records += records
        return records

    def on_flush(self, hook: Callable[["Transaction"], None]) -> None:
        """Have something run once the work has ended and its records are written: there changed rows are written."""
        self._hooks.append(hook)

    def flush(self) -> Head:
        """Write the records, then whatever was registered, in order; return where the log now ends."""
        self._ended = True
        if self.records:
            store.insert(self.connection, self.records)
        for hook in self._hooks:
            hook(self)
        return self._head


class TransactionLost(Exception):
    """The database has undone the whole transaction and not the failed work alone; its cause says why."""


class Group:
    """Works in one transaction, each by itself.

    Parameters
    ----------
    connection
        in a transaction that may write
    clock
        asked anew for each work
    """

    __slots__ = ("_clock", "_connection", "_cursor", "_head")

    def __init__(self, connection: sa.Connection, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self._cursor = connection.connection.cursor()
        self._head = store.head(connection)

    def run(self, work: Callable[[Transaction], Answer]) -> Answer:
        """Do a work and write what it did; what it raises is raised, and it has written nothing then.

        Raises
        ------
        TransactionLost
            nothing of the whole group has been written
        """
        self._cursor.execute("SAVEPOINT work")
        try:
            transaction = Transaction(self._connection, self._head, microseconds(self._clock(), "the clock's moment"))
            answer = work(transaction)
            self._head = transaction.flush()
        except Exception as error:
            self._undo(error)
            raise
        self._cursor.execute("RELEASE work")
        return answer

    def _undo(self, error: Exception) -> None:
        try:
            self._cursor.execute("ROLLBACK TO work")
            self._cursor.execute("RELEASE work")
        except Exception:  # SQLite undoes all by itself where a disk is full or fails
            raise TransactionLost from error
