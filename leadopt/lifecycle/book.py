"""The book: all records as they stand. A protocol, kept in memory here and in tables by the desk."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from leadopt.errors import InvalidInput
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import (
    Absence,
    Account,
    Conduct,
    Credit,
    Lead,
    Message,
    Ownership,
    Record,
    Rep,
    RuleFile,
    State,
)
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import Stage

R = TypeVar("R", Lead, Rep, Credit, Absence, Account, Ownership, Conduct, Message, RuleFile, State)
KINDS: tuple[type[Record], ...] = (
    *(Lead, Rep, Credit, Absence, Account, Ownership, Conduct, Message, RuleFile, State),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where and when an event stands in the log, and who did it."""

    seq: int
    at: int
    actor: str = "system"
    cause: int | None = None
    request: str | None = None
    rules: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which records are asked for: those whose fields equal what is given; None = any.

    `before` bounds `look_at` of leads from above, and `quiet` asks for those that have none; `since` bounds the end of
    ownerships from below (those that last count).
    """

    stage: Stage | None = None
    owner: str | None = None
    pool: str | None = None
    account: str | None = None
    rep: str | None = None
    lead: str | None = None
    before: int | None = None
    since: int | None = None
    quiet: bool = False

    def holds(self, record: Record) -> bool:
        """Return whether a record is asked for."""
        for name in ("stage", "owner", "pool", "account", "rep", "lead"):
            asked = getattr(self, name)
            if asked is not None and getattr(record, name, None) != asked:
                return False
        if self.quiet and isinstance(record, Lead) and record.look_at is not None:
            return False
        if self.before is not None and isinstance(record, Lead):
            return record.look_at is not None and record.look_at <= self.before
        if self.since is not None and isinstance(record, Ownership):
            return record.until is None or record.until >= self.since
        return True


EVERY = Where()


class Book(Protocol):
    """What `decide` and `evolve` read and write."""

    def get(self, kind: type[R], key: str) -> R | None:
        """Return a record, or None."""
        ...

    def find(self, kind: type[R], where: Where) -> list[R]:
        """Return all records that are asked for, in the order of their keys."""
        ...

    def put(self, record: Record) -> None:
        """Keep a record in place of the one with its key."""
        ...

    def head(self) -> tuple[int, int]:
        """Return the sequence number and the moment of the last event; (0, 0) = none yet."""
        ...

    def history(self, lead: str) -> Iterable[tuple[Stamp, Event]]:
        """Return what happened to a lead, oldest first."""
        ...

    def rules(self, fingerprint: str) -> Rules:
        """Return the rule file of a fingerprint."""
        ...

    def rules_at(self, at: int) -> Rules:
        """Return the rules in force at a moment."""
        ...


class MemoryBook:
    """A book in memory: what tests and simulations run on."""

    def __init__(self) -> None:
        self._records: dict[type[Record], dict[str, Record]] = {kind: {} for kind in KINDS}
        self._owned: dict[str, dict[str, Ownership]] = {}  # lead -> its ownerships
        self._log: list[tuple[Stamp, Event]] = []
        self._past: dict[str, list[tuple[Stamp, Event]]] = {}  # lead -> what happened to it
        self._rules: dict[str, Rules] = {}

    def get(self, kind: type[R], key: str) -> R | None:
        """Return a record, or None."""
        found = self._records[kind].get(key)
        return found if isinstance(found, kind) else None

    def find(self, kind: type[R], where: Where) -> list[R]:
        """Return all records that are asked for, in the order of their keys."""
        known: Mapping[str, Record] = self._records[kind]
        if kind is Ownership and where.lead is not None:
            known = self._owned.get(where.lead, {})
        found = [one for one in known.values() if isinstance(one, kind) and where.holds(one)]
        return sorted(found, key=lambda one: one.key)

    def put(self, record: Record) -> None:
        """Keep a record in place of the one with its key."""
        self._records[type(record)][record.key] = record
        if isinstance(record, Ownership):
            self._owned.setdefault(record.lead, {})[record.key] = record

    def head(self) -> tuple[int, int]:
        """Return the sequence number and the moment of the last event."""
        return (self._log[-1][0].seq, self._log[-1][0].at) if self._log else (0, 0)

    def history(self, lead: str) -> Iterable[tuple[Stamp, Event]]:
        """Return what happened to a lead, oldest first."""
        return tuple(self._past.get(lead, ()))

    def log(self) -> tuple[tuple[Stamp, Event], ...]:
        """Return everything that happened."""
        return tuple(self._log)

    def rules(self, fingerprint: str) -> Rules:
        """Return the rule file of a fingerprint."""
        return rules_of(self, fingerprint, self._rules)

    def rules_at(self, at: int) -> Rules:
        """Return the rules in force at a moment."""
        return self.rules(in_force(self, at))

    def keep(self, events: Iterable[tuple[Stamp, Event]]) -> None:
        """Add to the log what has happened (the records were put already)."""
        for stamp, event in events:
            self._log.append((stamp, event))
            self._past.setdefault(event.subject, []).append((stamp, event))


class Overlay:
    """A book over another one: what a command changes, until it is kept or dropped."""

    def __init__(self, under: Book) -> None:
        self._under = under
        self._changed: dict[type[Record], dict[str, Record]] = {kind: {} for kind in KINDS}
        self._log: list[tuple[Stamp, Event]] = []

    def get(self, kind: type[R], key: str) -> R | None:
        """Return a record, or None."""
        found = self._changed[kind].get(key)
        return found if isinstance(found, kind) else self._under.get(kind, key)

    def find(self, kind: type[R], where: Where) -> list[R]:
        """Return all records that are asked for, in the order of their keys."""
        changed = self._changed[kind]
        if not changed:
            return self._under.find(kind, where)
        found = {one.key: one for one in self._under.find(kind, where) if one.key not in changed}
        found |= {key: one for key, one in changed.items() if isinstance(one, kind) and where.holds(one)}
        return [one for _, one in sorted(found.items())]

    def put(self, record: Record) -> None:
        """Keep a record in place of the one with its key."""
        self._changed[type(record)][record.key] = record

    def head(self) -> tuple[int, int]:
        """Return the sequence number and the moment of the last event."""
        return (self._log[-1][0].seq, self._log[-1][0].at) if self._log else self._under.head()

    def history(self, lead: str) -> Iterable[tuple[Stamp, Event]]:
        """Return what happened to a lead, oldest first."""
        yield from self._under.history(lead)
        yield from ((stamp, event) for stamp, event in self._log if event.subject == lead)

    def rules(self, fingerprint: str) -> Rules:
        """Return the rule file of a fingerprint."""
        return rules_of(self, fingerprint, {}) if self._changed[RuleFile] else self._under.rules(fingerprint)

    def rules_at(self, at: int) -> Rules:
        """Return the rules in force at a moment."""
        return self.rules(in_force(self, at)) if self._changed[RuleFile] else self._under.rules_at(at)

    def log(self, stamp: Stamp, event: Event) -> None:
        """Add an event that has happened."""
        self._log.append((stamp, event))

    @property
    def happened(self) -> tuple[tuple[Stamp, Event], ...]:
        """Return what happened on this book, oldest first."""
        return tuple(self._log)

    def changes(self) -> Iterator[Record]:
        """Yield the records that changed."""
        for kind in KINDS:
            yield from self._changed[kind].values()


def in_force(book: Book, at: int) -> str:
    """Return the fingerprint of the rules in force at a moment: of those that have begun, the ones set last."""
    return in_force_of(book.find(RuleFile, EVERY), at)


def in_force_of(files: Iterable[RuleFile], at: int) -> str:
    """Return the same of all rule files; "" = none has begun."""
    begun = [one for one in files if one.starts_at <= at]
    return max(begun, key=lambda one: one.seq).fingerprint if begun else ""


def rules_of(book: Book, fingerprint: str, known: dict[str, Rules]) -> Rules:
    """Return a rule file by its fingerprint, read once."""
    if fingerprint not in known:
        found = next((one for one in book.find(RuleFile, Where()) if one.fingerprint == fingerprint), None)
        if found is None:
            raise InvalidInput("desk: must have rules in force at that moment; found none; set a rule file first")
        known[fingerprint] = Rules.from_dict(found.data)
    return known[fingerprint]
