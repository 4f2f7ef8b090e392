"""One transaction at work: commands are decided on its book, and what happened goes into the log and the tables."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import sqlalchemy as sa

from leadopt.desk.book.events_of import envelope
from leadopt.desk.book.known import Known
from leadopt.desk.book.sql_book import SqlBook
from leadopt.desk.log.records import Head, Record
from leadopt.desk.log.transaction import Transaction
from leadopt.desk.people.names import Names
from leadopt.desk.work.answers import DONE, UNCHANGED, Answer, denial
from leadopt.desk.work.words import what_happened
from leadopt.lifecycle.book import Stamp
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.decide import decide
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Offer, Worths
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.evolve import evolve
from leadopt.lifecycle.records import Lead, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.tables import Table


class Held(Protocol):
    """What a desk holds in a process, as its transactions need it: see `leadopt.desk.work.core.Core`."""

    known: Known
    shelf: dict[str, Rules]
    rng: np.random.Generator
    like: Table | None

    def policy_of(self, snapshot: "Snapshot") -> Policy:
        """Return the policy in force."""
        ...

    def worths_of(self, snapshot: "Snapshot") -> Worths:
        """Return what leads are worth with whom, by the policy in force."""
        ...


class Snapshot:
    """The desk as it is at one moment, whatever others write.

    Attributes
    ----------
    connection, book, names
        to read by
    now
        what the clock says, or the moment of the last event where the clock is behind it
    """

    def __init__(
        self,
        core: Held,
        connection: sa.Connection,
        head: Head,
        known: Known,
        now: int,
        pending: Sequence[Record] = (),
    ) -> None:
        self.core, self.connection, self.now = core, connection, max(now, head.at)
        self.book = SqlBook(connection, (head.seq, head.at, head.hash), known, core.shelf, pending)
        self.names = Names(connection)

    @property
    def zone(self) -> str:
        """Return the time zone of the desk, in which people are told moments."""
        return self.book.rules_at(self.now).calendar.zone

    def survivor(self, lead: str) -> str:
        """Return the lead that lives on, of a copy."""
        seen = {lead}
        while (found := self.book.get(Lead, lead)) is not None and found.merged_into not in (None, *seen):
            lead = str(found.merged_into)
            seen.add(lead)
        return lead


class Session(Snapshot):
    """A work: what it decides is kept as a whole, or dropped as a whole.

    Parameters
    ----------
    core
        what the desk holds in this process
    transaction
        that the writer has begun
    """

    def __init__(self, core: Held, transaction: Transaction) -> None:
        now, pending = transaction.now, transaction.records
        super().__init__(core, transaction.connection, transaction.head, core.known, now, pending)
        self.names = Names(transaction.connection, core.rng)
        self._transaction = transaction
        transaction.on_flush(self._flush)

    def answer(self, command: Command, subject: str | None = None) -> Answer:
        """Do a command and return what it is answered; one that is denied changes nothing."""
        try:
            happened = self.do(command)
        except Denied as denied:
            return denial(denied, subject)
        if not happened:
            return Answer(code=UNCHANGED, subject=subject, sentence="It is so already: nothing was changed.")
        sentence = what_happened([event for _, event in happened], self.book.rules_at(self.now).calendar)
        return Answer(code=DONE, subject=subject, seq=happened[0][0].seq, sentence=sentence)

    def do(self, command: Command) -> Sequence[tuple[Stamp, Event]]:
        """Decide a command; keep what happened.

        Raises
        ------
        Denied
            with a code, a sentence, a remedy and until when; nothing has happened
        """
        draft = decide(self.book, command, self.now, _Worths(self))
        for record in draft.book.changes():
            self.book.put(record)
        self._append(draft.happened)
        return draft.happened

    def happen(self, event: Event, *, actor: str, rules: str = "") -> None:
        """Let something happen that no command decides: the opening of a desk."""
        seq, at = self.book.head()
        stamp = Stamp(seq=seq + 1, at=max(at, self.now), actor=actor, rules=rules)
        evolve(self.book, event, stamp)
        self._append([(stamp, event)])

    def _append(self, happened: Sequence[tuple[Stamp, Event]]) -> None:
        if happened:
            self._transaction.append(*(envelope(stamp, event) for stamp, event in happened))
            self.book.move(happened[-1][0].seq, happened[-1][0].at)

    def _flush(self, transaction: Transaction) -> None:
        self.book.flush(transaction.head.hash)


class _Worths:
    """What leads are worth with whom, looked up once a command asks: few commands do."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def _found(self) -> Worths:
        return self._session.core.worths_of(self._session)

    @property
    def reserve(self) -> float:
        return self._found.reserve

    @property
    def ramp_days(self) -> float:
        return self._found.ramp_days

    def offers(self, leads: Sequence[Lead], reps: Sequence[Rep]) -> Mapping[str, Mapping[str, Offer]]:
        return self._found.offers(leads, reps)

    def shared(self, lead: Lead) -> Mapping[str, float]:
        return self._found.shared(lead)

    def weights(self, reps: Sequence[Rep]) -> Mapping[str, float]:
        return self._found.weights(reps)
