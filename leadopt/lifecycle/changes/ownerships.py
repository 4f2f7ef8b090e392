"""What changes while a rep owns a lead, and as that ends."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Stamp, Where
from leadopt.lifecycle.changes.common import NOT_HELD, after_event, end, first_due, moved, need
from leadopt.lifecycle.due import deadline, timing
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead, Ownership, replace


def _left(book: Book, event: Any, stamp: Stamp, **changes: Any) -> None:
    """Close the ownership, whose rep may cool off, and leave the lead with nobody."""
    lead = need(book, event.lead)
    end(book, lead, stamp, exit_=event.kind, reason=event.reason)
    cooling = lead.cooling if event.cool_until is None else {**lead.cooling, event.rep: event.cool_until}
    moved(book, event, stamp, **{**NOT_HELD, "previous": event.rep, "cooling": cooling, **changes})


def refused(event: events.Refused, book: Book, stamp: Stamp) -> None:
    """Bar the rep for good, and count a return."""
    lead = need(book, event.lead)
    _left(book, event, stamp, refused_by=lead.refused_by | {event.rep}, returned=lead.returned + 1)


def released(event: events.Released, book: Book, stamp: Stamp) -> None:
    """Count a return."""
    _left(book, event, stamp, returned=need(book, event.lead).returned + 1)


def recalled(event: events.Recalled, book: Book, stamp: Stamp) -> None:
    """Count a return."""
    _left(book, event, stamp, returned=need(book, event.lead).returned + 1)


def reassigned(event: events.Reassigned | events.Transferred, book: Book, stamp: Stamp) -> None:
    """End the ownership: no return, as its rep did not give it back."""
    _left(book, event, stamp)


def followed_up(event: events.FollowedUp, book: Book, stamp: Stamp) -> None:
    """Keep the first and the last follow-up of the ownership in which it occurred; one that lasts begins a period."""
    lead = need(book, event.lead)
    mine = ownership_at(book, event.lead, event.rep, event.occurred_at)
    if mine is None:
        book.put(replace(lead, version=lead.version + 1, seq=stamp.seq))
        return
    first = event.occurred_at if mine.first_at is None else min(mine.first_at, event.occurred_at)
    last = event.occurred_at if mine.last_at is None else max(mine.last_at, event.occurred_at)
    over = mine.until is not None or event.late
    before = None if over else deadline(_unprotected(lead), timing(book, lead, stamp.at))
    by = mine.first_due
    if by is None:
        by = before if not over and lead.first_at is None else first_due(book, lead, stamp)
    book.put(replace(mine, first_at=first, last_at=last, first_due=by, follow_ups=mine.follow_ups + 1))
    if over:
        book.put(replace(lead, version=lead.version + 1, seq=stamp.seq))
        return
    begun = after_event(lead, event, stamp, first_at=first, last_at=event.occurred_at, rules=stamp.rules)
    after = deadline(_unprotected(begun), timing(book, begun, stamp.at))
    # The latest deadline of those that a follow-up ends and begins: it brings none nearer, in any order.
    not_before = max(lead.not_before, before or 0, after or 0)
    book.put(replace(begun, last_at=last, not_before=not_before))


def _unprotected(lead: Lead) -> Lead:
    """Return a lead as its deadlines are without protection."""
    return lead if lead.protected_until is None else replace(lead, protected_until=None)


def reminded(event: events.Reminded, book: Book, stamp: Stamp) -> None:
    """Keep which deadline the rep was told of, and when that is read: in working time."""
    calendar = timing(book, need(book, event.lead), stamp.at).calendar
    moved(book, event, stamp, reminded=event.due, reminded_at=calendar.next_working(stamp.at))


def escalated(event: events.Escalated, book: Book, stamp: Stamp) -> None:
    """Keep of which deadline the manager was told."""
    moved(book, event, stamp, escalated=event.due)


def complained(event: events.Complained, book: Book, stamp: Stamp) -> None:
    """Bar the rep, and count the complaint at its last ownership."""
    lead = moved(book, event, stamp, complained_of=need(book, event.lead).complained_of | {event.rep})
    of_rep = [one for one in book.find(Ownership, Where(lead=lead.id)) if one.rep == event.rep]
    if of_rep:
        last = max(of_rep, key=lambda one: one.begun)
        book.put(replace(last, complaints=last.complaints + 1))


def protected(event: events.Protected, book: Book, stamp: Stamp) -> None:
    """Keep until when it is not recalled."""
    moved(book, event, stamp, protected_until=event.until)


def bar_lifted(event: events.BarLifted, book: Book, stamp: Stamp) -> None:
    """Forget whatever bars the rep: a refusal, a complaint, a cool-off."""
    lead = need(book, event.lead)
    moved(
        book,
        event,
        stamp,
        refused_by=lead.refused_by - {event.rep},
        complained_of=lead.complained_of - {event.rep},
        cooling={rep: until for rep, until in lead.cooling.items() if rep != event.rep},
    )


def ownership_at(book: Book, lead: str, rep: str, at: int) -> Ownership | None:
    """Return the ownership of a rep in which a moment falls."""
    owned = book.find(Ownership, Where(lead=lead))
    inside = [one for one in owned if one.rep == rep and one.since <= at and (one.until is None or at < one.until)]
    return max(inside, key=lambda one: one.begun, default=None)


CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    events.Refused: refused,
    events.Released: released,
    events.Recalled: recalled,
    events.Reassigned: reassigned,
    events.Transferred: reassigned,
    events.FollowedUp: followed_up,
    events.Reminded: reminded,
    events.Escalated: escalated,
    events.Complained: complained,
    events.Protected: protected,
    events.BarLifted: bar_lifted,
}
