"""One transaction at a time for all threads of a process, and one flush to the disk for all who wait.

Whoever finds nobody writing leads: takes what waits, does every work by itself in one transaction, commits once, and
answers all. The others wait, and the first who came meanwhile leads next. So a script of one thread never waits for
another thread, and sixteen threads share what a commit costs. Where others were under way with the last group, the
leader waits up to `GATHER_S` for as many to come back.

Other processes are kept out by the database: a transaction begins with the right to write, or waits for it.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any, Generic, TypeVar
from weakref import WeakSet

import sqlalchemy as sa

from leadopt.desk.database.engine import writing
from leadopt.desk.database.failures import failed, failure_of
from leadopt.desk.log.moments import Clock
from leadopt.desk.log.transaction import Group, Transaction, TransactionLost
from leadopt.errors import StorageFailed

GATHER_S = 0.003
_LOOK_S = 0.5  # how often who waits lets Python see that it was interrupted
MOST = 256
INTERRUPTED = "the thread that wrote for all was interrupted; look whether this was written, and ask again if not"

Answer = TypeVar("Answer")
_WRITERS: "WeakSet[Writer]" = WeakSet()
_PAUSED: "list[Writer]" = []
_FORKING = threading.Lock()  # whoever holds it may change `_PAUSED`


class Writer:
    """The door for writing; safe to use from many threads.

    Parameters
    ----------
    engine
        from `leadopt.desk.database.engine.open_engine`; the writer does not close it
    clock
        says what time it is, with a time zone
    most
        how many works one transaction takes
    gather_s
        how long it waits for others who were under way, in seconds

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from tempfile import TemporaryDirectory
    >>> from leadopt.desk.database.engine import open_engine
    >>> from leadopt.desk.log.records import Envelope
    >>> with TemporaryDirectory() as folder:
    ...     engine = open_engine(f"sqlite:///{folder}/desk.db")
    ...     writer = Writer(engine, lambda: datetime(2026, 3, 2, 9, tzinfo=UTC))
    ...     come = Envelope(kind="lead.received", subject="L-7f3c", actor="feed", body=b"{}")
    ...     records = writer.run(lambda transaction: transaction.append(come))
    ...     writer.close()
    ...     engine.dispose()
    >>> records[0].seq, records[0].hash.hex()[:12]
    (1, '8abd63aacb3d')
    """

    def __init__(self, engine: sa.Engine, clock: Clock, *, most: int = MOST, gather_s: float = GATHER_S) -> None:
        self._engine, self._clock, self._most, self._gather_s = writing(engine), clock, most, gather_s
        self._closed = False
        self._begin_anew()
        _WRITERS.add(self)

    def run(self, work: Callable[[Transaction], Answer]) -> Answer:
        """Do a work in a transaction and return what it returns, once that is on the disk.

        Parameters
        ----------
        work
            reads and writes by the transaction that it is given; what it raises is raised here, and it leaves nothing
            behind then. It may be done by another thread than the one that asks.

        Raises
        ------
        StorageFailed
            the database cannot be written, or the writer is closed; nothing of the work was written
        """
        self._refuse_within_a_work()
        ticket = _Ticket(work)
        try:
            if self._queue(ticket):
                self._lead()
        except BaseException:
            self._withdraw(ticket)
            raise
        return ticket.answer(self._engine.url)

    def close(self) -> None:
        """Let who waits be answered, and refuse who comes later; closing twice does no harm."""
        self._refuse_within_a_work()
        with self._lock:
            self._closed = True
            self._idle.wait_for(lambda: self._leader is None)

    def _refuse_within_a_work(self) -> None:
        if self._leader == threading.get_ident():
            raise RuntimeError("a work cannot ask the writer that does it; write by the transaction that it was given")

    def _begin_anew(self) -> None:
        """Start with nobody waiting: in a new writer, and in a process that was forked while others waited."""
        self._lock = threading.Lock()
        self._turn = threading.RLock()  # held while a transaction is under way: no process forks meanwhile
        self._filled, self._idle = threading.Condition(self._lock), threading.Condition(self._lock)
        self._waiting = deque[_Ticket[Any]]()
        self._leader: int | None = None  # the thread that leads
        self._wanted = 1  # so many were under way with the last group

    def _queue(self, ticket: "_Ticket[Any]") -> bool:
        """Wait for one's turn or answer; return whether one has to lead."""
        with self._lock:
            if self._closed:
                raise failed(self._engine.url, "it was closed; open it again")
            self._waiting.append(ticket)
            if self._leader is None:
                self._leader = ticket.thread
                return True
            if len(self._waiting) >= self._wanted:
                self._filled.notify()
        # Some libraries leave signals so that they do not end a wait: who waits looks now and then by itself.
        while not ticket.woken.acquire(timeout=_LOOK_S):
            pass
        return ticket.leads

    def _lead(self) -> None:
        group = list[_Ticket[Any]]()
        try:
            self._gather(group)
            self._write(group)
        finally:
            self._hand_over()
            for ticket in group:
                if ticket not in self._waiting:  # after an interrupt it may still be, and has its turn later
                    ticket.woken.release()

    def _gather(self, group: "list[_Ticket[Any]]") -> None:
        with self._lock:
            wanted = min(self._wanted, self._most)
            self._filled.wait_for(lambda: len(self._waiting) >= wanted, self._gather_s)
            group += islice(self._waiting, self._most)  # noted before they leave: an interrupt loses none
            for _ in group:
                self._waiting.popleft()
            self._wanted = len(group)

    def _write(self, tickets: "list[_Ticket[Any]]") -> None:
        """Do all works in one transaction; who is not answered once it is committed has an error."""
        try:
            with self._turn, self._engine.connect() as connection, connection.begin():
                group = Group(connection, self._clock)
                for ticket in tickets:
                    ticket.be_done_in(group, self._engine.url)
        except Exception as error:
            cause = error.__cause__ if isinstance(error, TransactionLost) else error
            for ticket in tickets:
                ticket.error, ticket.answered = self._failure(cause or error), True
        except BaseException:
            for ticket in tickets:
                ticket.answered = False
            raise

    def _failure(self, error: BaseException) -> StorageFailed:
        said = failure_of(error, self._engine.url) or failed(self._engine.url, f"the transaction failed: {error}")
        said.__cause__ = error
        return said

    def _hand_over(self) -> None:
        """Let the first who waits lead."""
        with self._lock:
            if self._waiting:
                heir = self._waiting[0]
                heir.leads = True
                heir.woken.release()
                self._leader = heir.thread
            else:
                self._leader = None
                self._idle.notify_all()

    def _withdraw(self, ticket: "_Ticket[Any]") -> None:
        """Leave the queue after an interrupt, so that nobody waits for a leader who is gone."""
        with self._lock:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        if self._leader == ticket.thread:
            self._hand_over()


class _Ticket(Generic[Answer]):
    """A work that waits, the latch that its thread waits at, and what came of it."""

    __slots__ = ("_answer", "_work", "answered", "error", "leads", "thread", "woken")

    def __init__(self, work: Callable[[Transaction], Answer]) -> None:
        self._work, self.thread, self.leads = work, threading.get_ident(), False
        self.error: BaseException | None = None
        self.answered = False
        self.woken = threading.Lock()
        self.woken.acquire()

    def be_done_in(self, group: Group, url: sa.URL) -> None:
        """Do the work and keep its answer or its error for later; a lost transaction is the group's error."""
        try:
            self._answer = group.run(self._work)
            self.answered = True
        except TransactionLost:
            raise
        except Exception as error:
            self.error, self.answered = failure_of(error, url) or error, True

    def answer(self, url: sa.URL) -> Answer:
        if not self.answered:
            raise failed(url, INTERRUPTED)
        if self.error is not None:
            raise self.error
        return self._answer


# A child that was forked in the middle of a transaction would believe that it is under way for ever.


def _pause() -> None:
    _FORKING.acquire()
    _PAUSED.extend(_WRITERS)
    for writer in _PAUSED:
        writer._turn.acquire()


def _go_on() -> None:
    for writer in _PAUSED:
        writer._turn.release()
    _PAUSED.clear()
    _FORKING.release()


def _go_on_in_child() -> None:
    for writer in _PAUSED:
        writer._begin_anew()
    _PAUSED.clear()
    _FORKING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_pause, after_in_parent=_go_on, after_in_child=_go_on_in_child)
