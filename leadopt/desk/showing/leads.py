"""One lead, as it is and as it was at any moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from leadopt.desk.log.moments import in_zone, moment_of
from leadopt.desk.people import persons
from leadopt.desk.people.persons import WHOLE
from leadopt.desk.showing.hidden import masked
from leadopt.desk.work.session import Snapshot
from leadopt.desk.work.words import sentence, when_in
from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.due import deadline, due_of, timing
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead
from leadopt.tables.cells import Id
from leadopt.tables.result import Parts, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What happens next if nobody does anything: what, when at the earliest, and by which rule."""

    what: str
    at: datetime
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event in the history of a lead: where it stands in the log, when, by whom, and what happened."""

    seq: int
    at: datetime
    kind: str
    by: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LeadView(Result):
    """A lead as the desk shows it.

    Parameters
    ----------
    id, feed
        what it is called, and by which system
    stage, since, version
        where it is, since when, and how many events it has had
    owner, via
        who has it (had it, if won or lost), and by which route
    deadline, next
        by when a follow-up or review is due, and what happens next
    pool, embargo_until
        its pool, and until when it cannot be claimed
    refused_by, complained_of, cooling
        who gets it never again, and who not before when
    protected_until, parked_until, reason
        by a manager, and why
    review
        rule and proposed rep of the question that a manager is asked
    value, outcome_at
        what it was won for, and when its outcome occurred
    no_contact
        whether consent was withdrawn
    merged_into, linked
        the lead that it is a copy of, and earlier leads of the same person
    columns
        all that came in of it
    history
        what happened to it, oldest first
    zone
        the time zone of the desk, in which its text tells moments; as data they are in UTC
    """

    id: Id
    feed: str
    stage: str
    since: datetime
    version: int
    owner: Id | None = None
    via: str | None = None
    deadline: datetime | None = None
    next: Next | None = None
    pool: str | None = None
    embargo_until: datetime | None = None
    refused_by: tuple[Id | None, ...] = ()
    complained_of: tuple[Id | None, ...] = ()
    cooling: Mapping[Any, datetime] = field(default_factory=dict)
    protected_until: datetime | None = None
    parked_until: datetime | None = None
    reason: str | None = None
    review: Mapping[str, Any] | None = None
    value: float | None = None
    outcome_at: datetime | None = None
    no_contact: bool = False
    merged_into: Id | None = None
    linked: tuple[Id | None, ...] = ()
    columns: Mapping[str, Any] = field(default_factory=dict)
    history: Sequence[Entry] = ()
    zone: str = "UTC"

    def summary(self) -> str:
        """Return where it is in one sentence."""
        whose = f" with {self.owner}" if self.owner is not None else f" {self.pool}" if self.pool else ""
        by = f", due {in_zone(self.deadline, self.zone)}" if self.deadline is not None else ""
        return f"Lead {self.id} is {self.stage}{whose}{by}."

    def below(self, page: bool = True) -> Parts:
        """Return its history."""
        return Parts(lines=[f"{in_zone(one.at, self.zone)}  {one.sentence} [{one.seq}]" for one in self.history])

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = plain(Result._told(self))
        return told


def plain(value: Any) -> Any:
    """Return a value with moments as ISO text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Entry | Next):
        return {name: plain(getattr(value, name)) for name in value.__slots__}
    return value


def lead_view(snapshot: Snapshot, lead: str, *, by: str | None = None) -> LeadView:
    """Return a lead as it is; hidden fields are masked for a rep who does not own it."""
    found = snapshot.book.get(Lead, lead)
    if found is None:
        raise LookupError(lead)
    hide = by is not None and found.owner != by
    return viewed(snapshot, snapshot.book, found, list(snapshot.book.history(lead)), snapshot.now, hide=hide)


def viewed(
    snapshot: Snapshot,
    book: Book,
    lead: Lead,
    history: Sequence[tuple[Stamp, Event]],
    now: int,
    *,
    hide: bool = False,
) -> LeadView:
    """Return a lead as a book has it at a moment."""
    names, person = snapshot.names, persons.by_id(snapshot.connection, lead.id)
    data = {} if person is None else {name: one for name, one in person.data.items() if name != WHOLE}
    rules = book.rules_at(now)
    due = due_of(book, lead, now)
    by = deadline(lead, timing(book, lead, now)) if lead.is_held else None if due is None else due.deadline
    return LeadView(
        id=lead.id if person is None else person.called,
        feed="" if person is None else person.feed,
        stage=str(lead.stage),
        since=moment_of(lead.since),
        version=lead.version,
        owner=names.called(lead.owner),
        via=lead.via,
        deadline=moment(by),
        next=None if due is None else Next(what=due.what, at=moment_of(due.at), rule=due.rule),
        pool=lead.pool,
        embargo_until=moment(lead.embargo_until),
        refused_by=tuple(map(names.called, sorted(lead.refused_by))),
        complained_of=tuple(map(names.called, sorted(lead.complained_of))),
        cooling={names.called(rep): moment_of(until) for rep, until in lead.cooling.items() if until > now},
        protected_until=moment(lead.protected_until),
        parked_until=moment(lead.parked_until),
        reason=lead.reason,
        review=None if lead.review is None else {"rule": lead.review.rule, "rep": names.called(lead.review.rep)},
        value=lead.value,
        outcome_at=moment(lead.outcome_at),
        no_contact=lead.no_contact,
        merged_into=names.called(lead.merged_into),
        linked=tuple(map(names.called, lead.linked)),
        columns=masked(data, rules.claim.hide) if hide else data,
        history=[entry(snapshot, book, stamp, event) for stamp, event in history],
        zone=snapshot.zone,
    )


def entry(snapshot: Snapshot, book: Book, stamp: Stamp, event: Event) -> Entry:
    """Return an event as a line of history."""
    role, _, who = stamp.actor.partition(":")
    told = snapshot.names.told(sentence(event, when_in(book.rules_at(max(stamp.at, snapshot.now)).calendar)))
    by = role if who in ("", role) else f"{snapshot.names.said(who)} ({role})"
    return Entry(seq=stamp.seq, at=moment_of(stamp.at), kind=event.kind, by=by, sentence=told)


def moment(at: int | None) -> datetime | None:
    """Return a moment, None for none."""
    return None if at is None else moment_of(at)
