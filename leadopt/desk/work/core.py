"""What a desk holds in a process: its file, its writer, its clock and chance, its policy, and what it knows."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import numpy as np
import sqlalchemy as sa

from leadopt.desk.book.known import Known
from leadopt.desk.database.beside import policy as policies
from leadopt.desk.database.engine import reading
from leadopt.desk.database.statements import Statement
from leadopt.desk.log import store
from leadopt.desk.log.moments import Clock, microseconds
from leadopt.desk.log.transaction import Transaction
from leadopt.desk.log.writer import Writer
from leadopt.desk.work.learning import Learning, NothingLearned
from leadopt.desk.work.session import Session, Snapshot
from leadopt.lifecycle.draft import Worths
from leadopt.lifecycle.records import State
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.tables import Table

T = TypeVar("T")
_POLICY = Statement(
    sa.select(policies.c.data).where(policies.c.fingerprint == sa.bindparam("fingerprint", type_=sa.Text)),
    "fingerprint",
)


class Core:
    """What a desk holds in a process.

    Parameters
    ----------
    engine
        the open file
    clock
        says what time it is, with a time zone
    rng
        from which random ids are drawn
    worths
        makes of a policy what leads are worth with whom; None = as is learned from what has happened here
    learn_every
        how old what was learned may be before a plan learns anew; None = no older than the last outcome

    Attributes
    ----------
    known
        what the writer knows of the records
    shelf
        rule files by fingerprint
    like
        a table of the kind that the user gave last, without rows
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        rng: np.random.Generator,
        worths: Callable[[Policy], Worths] | None = None,
        learn_every: timedelta | None = None,
    ) -> None:
        self.engine, self.clock, self.rng = engine, clock, rng
        self.writer = Writer(engine, clock)
        self.known = Known()
        self.shelf: dict[str, Rules] = {}
        self.like: Table | None = None
        self.learning = Learning(learn_every)
        self._make = worths
        self._policies: dict[str, Policy] = {}
        self._made: dict[str, Worths] = {}

    def write(self, work: Callable[[Session], T]) -> T:
        """Do a work in a transaction, and return what it returns once that is on the disk.

        Raises
        ------
        StorageFailed
            the file cannot be written; nothing of the work was
        """

        def in_transaction(transaction: Transaction) -> T:
            return work(Session(self, transaction))

        while True:
            try:
                return self.writer.run(in_transaction)
            except NothingLearned:  # of that work nothing was kept
                self.learn()

    def learn(self) -> None:
        """Learn by the policy in force, unless it was learned already."""
        with self.read() as snapshot:
            self.learning.known(snapshot, self.policy_of(snapshot))

    def learn_of_the_day(self) -> None:
        """Learn anew on the first run of a day, in a process that has learned before; others learn when asked."""
        with self.read() as snapshot:
            policy = self.policy_of(snapshot)
            if self.learning.is_of_another_day(snapshot, policy):
                self.learning.known(snapshot, policy, fresh=True)

    @contextmanager
    def read(self) -> Iterator[Snapshot]:
        """Give the desk as it is now.

        Raises
        ------
        StorageFailed
            the file cannot be read
        """
        with reading(self.engine) as connection:
            now = microseconds(self.clock(), "the clock's moment")
            yield Snapshot(self, connection, store.head(connection), Known(), now)

    def policy_of(self, snapshot: Snapshot) -> Policy:
        """Return the policy in force."""
        state = snapshot.book.get(State, "desk")
        fingerprint = "" if state is None else state.policy
        if fingerprint not in self._policies:
            found = _POLICY.first(snapshot.connection, fingerprint)
            self._policies[fingerprint] = Policy() if found is None else Policy.from_dict(json.loads(found[0]))
        return self._policies[fingerprint]

    def worths_of(self, snapshot: Snapshot) -> Worths:
        """Return what leads are worth with whom, by the policy in force."""
        policy = self.policy_of(snapshot)
        if self._make is None:
            return self.learning.worths(snapshot, policy)
        if policy.fingerprint not in self._made:
            self._made[policy.fingerprint] = self._make(policy)
        return self._made[policy.fingerprint]

    def close(self) -> None:
        """Let who writes be answered, and close the file."""
        self.writer.close()
        self.engine.dispose()
