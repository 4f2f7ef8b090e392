"""What changes of reps: who they are, when they are away, conduct and credit."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle import credit, events
from leadopt.lifecycle.book import Book, Stamp, Where
from leadopt.lifecycle.changes.common import keep_look
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Absence, Conduct, Lead, Ownership, Rep, replace
from leadopt.lifecycle.stages import HELD


def rep_set(event: events.RepSet, book: Book, stamp: Stamp) -> None:
    """Put a rep as it is now, all facts anew; load and day stay."""
    rep = book.get(Rep, event.rep) or Rep(id=event.rep, since=stamp.at)
    book.put(
        replace(
            rep,
            version=rep.version + 1,
            columns=event.columns,
            max_open=event.max_open,
            team=event.team,
            tags=event.tags,
            hired_on=event.hired_on,
        )
    )


def rep_left(event: events.RepLeft, book: Book, stamp: Stamp) -> None:
    """Note since when a rep is gone; its credit goes to the house."""
    change_rep(book, event.rep, left_at=stamp.at)
    credit.leave(book, event.rep, stamp.at)


def rep_returned(event: events.RepReturned, book: Book, stamp: Stamp) -> None:
    """Put a rep who had left as one who is here."""
    change_rep(book, event.rep, left_at=None)


def rep_renamed(event: events.RepRenamed, book: Book, stamp: Stamp) -> None:
    """Count a version more: what the rep is called stands beside the log."""
    change_rep(book, event.rep)


def absence_set(event: events.AbsenceSet, book: Book, stamp: Stamp) -> None:
    """Put an absence, begun where it is an earlier one that only ends sooner, and move deadlines of its leads."""
    old = book.get(Absence, event.absence)
    begun = old is not None and old.begun and event.start <= stamp.at and event.end <= old.end
    book.put(
        Absence(
            id=event.absence,
            rep=event.rep,
            start=event.start,
            end=event.end,
            begun=begun,
            cancelled=event.cancelled,
        )
    )
    for stage in sorted(HELD):
        for lead in book.find(Lead, Where(owner=event.rep, stage=stage)):
            keep_look(book, lead, stamp)


def absence_began(event: events.AbsenceBegan, book: Book, stamp: Stamp) -> None:
    """Note that an absence has begun, so that it begins once."""
    absence = book.get(Absence, event.absence)
    if absence is not None:
        book.put(replace(absence, begun=True))


def conduct_set(event: events.ConductSet, book: Book, stamp: Stamp) -> None:
    """Put a reward or restriction, announced now."""
    book.put(
        Conduct(
            rep=event.rep,
            rule=event.rule,
            kind=event.effect,
            announced_at=stamp.at,
            starts_at=event.starts_at,
            entitlement=event.entitlement,
            figures=event.figures,
            claims_per_day=event.claims_per_day,
            new_leads=not event.no_new_leads,
        )
    )


def conduct_ended(event: events.ConductEnded, book: Book, stamp: Stamp) -> None:
    """Put the end of a reward or restriction."""
    found = book.get(Conduct, f"{event.rep}/{event.rule}")
    if found is not None:
        book.put(replace(found, ended_at=stamp.at))


def credit_booked(event: events.CreditBooked, book: Book, stamp: Stamp) -> None:
    """Move credit between a rep and the house."""
    credit.move(book, event.rep, event.of, event.amount, stamp.at)


def credit_reversed(event: events.CreditReversed, book: Book, stamp: Stamp) -> None:
    """Take back what was booked for an ownership, once."""
    found = book.get(Ownership, f"{event.lead}/{event.begun}")
    if found is not None and not found.reversed:
        credit.reverse(book, found, stamp.at)
        book.put(replace(found, reversed=True))


def change_rep(book: Book, rep: str, **changes: Any) -> None:
    """Put a rep with some facts changed; one who is not known is left."""
    found = book.get(Rep, rep)
    if found is not None:
        book.put(replace(found, version=found.version + 1, **changes))


CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    events.RepSet: rep_set,
    events.RepLeft: rep_left,
    events.RepReturned: rep_returned,
    events.RepRenamed: rep_renamed,
    events.AbsenceSet: absence_set,
    events.AbsenceBegan: absence_began,
    events.ConductSet: conduct_set,
    events.ConductEnded: conduct_ended,
    events.CreditBooked: credit_booked,
    events.CreditReversed: credit_reversed,
}
