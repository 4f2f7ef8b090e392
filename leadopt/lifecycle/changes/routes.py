"""What changes as leads are given to reps, pools and managers."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle import credit, events
from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.changes.common import AT_REST, NOT_HELD, begin, moved, own_account
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Rep, Review, replace


def review_asked(event: events.ReviewAsked, book: Book, stamp: Stamp) -> None:
    """Put the question to a manager; it runs under the rules of now."""
    review = Review(rule=event.rule, rep=event.rep, asked_at=stamp.at, offer=event.offer)
    moved(book, event, stamp, **{**AT_REST, "review": review, "rules": stamp.rules})


def review_ended(event: events.ReviewEnded, book: Book, stamp: Stamp) -> None:
    """Put the question away; what follows is another event."""
    moved(book, event, stamp, **AT_REST)


def assigned(event: events.Assigned, book: Book, stamp: Stamp) -> None:
    """Begin an ownership and its periods, book credit, and count it for the day of its rep."""
    owned = {"owner": event.rep, "via": event.via, "started": stamp.at}
    lead = moved(book, event, stamp, **{**NOT_HELD, **AT_REST, **owned, "rules": stamp.rules})
    chance = event.decision.get("chance")
    begin(book, lead, stamp, chance=None if chance is None else float(chance), event=event)
    own_account(book, lead, stamp.at)
    credit.book_assigned(book, event, stamp.at)
    _count_received(book, event, stamp)


def pooled(event: events.Pooled, book: Book, stamp: Stamp) -> None:
    """Put a lead into a pool under the rules of now, with its embargo."""
    place = {"pool": event.pool, "embargo_until": event.embargo_until, "rules": stamp.rules}
    moved(book, event, stamp, **{**AT_REST, **place})


def unpooled(event: events.Unpooled, book: Book, stamp: Stamp) -> None:
    """Put a lead back among the new ones."""
    moved(book, event, stamp, **AT_REST)


def _count_received(book: Book, event: events.Assigned, stamp: Stamp) -> None:
    """Count a lead for the local day of its rep, and a claim if it was one."""
    rep = book.get(Rep, event.rep)
    if rep is None:
        return
    day = str(book.rules_at(stamp.at).calendar.day(stamp.at))
    received, claimed = rep.on(day)
    book.put(replace(rep, day=day, received=received + 1, claimed=claimed + (event.via == "claim")))


CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    events.ReviewAsked: review_asked,
    events.ReviewEnded: review_ended,
    events.Assigned: assigned,
    events.Pooled: pooled,
    events.Unpooled: unpooled,
}
