"""What a process has learned by the policy in force: once, kept until a plan or a new day finds that more has ended."""

import threading
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple, NoReturn

from leadopt.desk.planning.history import history_of
from leadopt.desk.planning.learned import Learned, learned_from
from leadopt.desk.planning.source import may_have_ended, n_ended, past_leads
from leadopt.desk.planning.worths import Excluding, LearnedWorths, excludes_pairs
from leadopt.desk.work.session import Snapshot
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.draft import Offer, Worths
from leadopt.lifecycle.records import Lead, Level, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.tables.cells import Id


class NothingLearned(Exception):
    """A work asked what leads are worth, and this process has not learned it yet: learn, then do the work again."""


class Learning:
    """What was learned, by policy. Safe to use from many threads.

    A model is never fitted inside of a transaction that writes: others would have to wait for it.

    Parameters
    ----------
    every
        how old what was learned may be before a plan learns anew; None = no older than the last outcome
    """

    def __init__(self, every: timedelta | None = None) -> None:
        self._every = every
        self._learned: dict[str, _Known] = {}
        self._worths: tuple[tuple[str, int, str, date], LearnedWorths] | None = None
        self._asked: tuple[Policy, str] | None = None
        self._fitting = threading.Lock()

    def worths(self, snapshot: Snapshot, policy: Policy) -> Worths:
        """Return what leads are worth with whom; where nothing is learned yet, what raises when it is asked."""
        rules = snapshot.book.rules_at(snapshot.now)
        fingerprint, today = self._fingerprint(policy), rules.calendar.day(snapshot.now)
        known = self._learned.get(fingerprint)
        key = (fingerprint, 0 if known is None else id(known.learned), rules.fingerprint, today)
        made = self._worths
        if made is None or made[0] != key:
            found: LearnedWorths = _Unknown(policy, rules, today)
            if known is not None:
                found = LearnedWorths(policy, known.learned, rules, today, _here(snapshot))
            made = self._worths = key, found
        return Excluding(made[1], snapshot.names.called) if excludes_pairs(policy) else made[1]

    def _fingerprint(self, policy: Policy) -> str:
        """Return the fingerprint of a policy, worked out once: every command asks for it."""
        if self._asked is None or self._asked[0] is not policy:
            self._asked = policy, policy.fingerprint
        return self._asked[1]

    def known(self, snapshot: Snapshot, policy: Policy, *, fresh: bool = False) -> Learned:
        """Return what was learned by a policy.

        Parameters
        ----------
        snapshot
            of a desk that is read
        policy
            in force
        fresh
            whether to learn anew if more has ended since, or the day is another one
        """
        with self._fitting:
            fingerprint = self._fingerprint(policy)
            known = self._learned.get(fingerprint)
            if known is None or (fresh and self._is_old(snapshot, known)):
                known = _learn(snapshot, policy)
                self._learned = {fingerprint: known}
            return known.learned

    def is_of_another_day(self, snapshot: Snapshot, policy: Policy) -> bool:
        """Return whether this process has learned by a policy, and not today."""
        known = self._learned.get(self._fingerprint(policy))
        return known is not None and known.learned.on != snapshot.book.rules_at(snapshot.now).calendar.day(snapshot.now)

    def _is_old(self, snapshot: Snapshot, known: "_Known") -> bool:
        if _is_renamed(snapshot, known.learned):
            return True
        today = snapshot.book.rules_at(snapshot.now).calendar.day(snapshot.now)
        on = known.learned.on
        if self._every is not None and on is not None and today - on < self._every:
            return False
        if on != today:
            return True
        return may_have_ended(snapshot.connection, known.seq) and known.n_ended != n_ended(snapshot.connection)


class _Unknown(LearnedWorths):
    """What leads are worth where nothing is learned yet: whoever asks must learn first."""

    def __init__(self, policy: Policy, rules: Rules, today: date) -> None:
        super().__init__(policy, Learned(), rules, today)

    def offers(self, leads: Sequence[Lead], reps: Sequence[Rep]) -> Mapping[str, Mapping[str, Offer]]:
        self._ask()

    def shared(self, lead: Lead) -> Mapping[str, float]:
        self._ask()

    def weights(self, reps: Sequence[Rep]) -> Mapping[str, float]:
        self._ask()

    def _ask(self) -> NoReturn:
        raise NothingLearned


class _Known(NamedTuple):
    """What was learned, how many leads had ended by then, and where the log ended."""

    learned: Learned
    n_ended: int
    seq: int


def _learn(snapshot: Snapshot, policy: Policy) -> _Known:
    calendar = snapshot.book.rules_at(snapshot.now).calendar
    called, past = _called(snapshot), list(past_leads(snapshot.connection))
    lately = sorted(past, key=lambda one: one.received_at)
    learned = learned_from(
        history_of(past, called.get, calendar, policy.columns, _states(snapshot, policy)),
        policy,
        on=calendar.day(snapshot.now),
        called=called,
        sample=[one.columns for one in lately],
    )
    return _Known(learned, n_ended(snapshot.connection), snapshot.book.head()[0])


def _states(snapshot: Snapshot, policy: Policy) -> dict[str, dict[str, Level]]:
    """Return what describes each rep now, by the columns that the policy names for that."""
    reps = snapshot.book.find(Rep, Where()) if policy.rep_by else []
    return {name: {rep.id: rep.columns.get(name) for rep in reps} for name in policy.rep_by}


def _here(snapshot: Snapshot) -> list[Rep]:
    return [rep for rep in snapshot.book.find(Rep, Where()) if rep.left_at is None]


def _is_renamed(snapshot: Snapshot, learned: Learned) -> bool:
    """Return whether a rep is called otherwise than the model calls it: a plan would take it for somebody new."""
    now = {one.id: one.external for one in snapshot.names.all_reps()}
    return any(now.get(rep, str(name)) != str(name) for rep, name in learned.called.items())


def _called(snapshot: Snapshot) -> dict[str, Id]:
    """Return what each rep is called, by random id: whole numbers where all came so."""
    found: dict[str, Id] = {one.id: one.called for one in snapshot.names.all_reps()}
    if all(isinstance(name, int) for name in found.values()):
        return found
    return {key: str(name) for key, name in found.items()}
