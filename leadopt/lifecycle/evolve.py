"""What an event changes: records before it in, records after it put. The only way in which a record changes."""

from collections.abc import Callable
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.changes import arrivals, endings, ownerships, reps, routes, whole_desk
from leadopt.lifecycle.changes.common import keep_look, need
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.messages import messages_of
from leadopt.lifecycle.records import Lead, Rep, replace
from leadopt.lifecycle.stages import TRANSITIONS, Stage

_CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    **arrivals.CHANGES,
    **routes.CHANGES,
    **ownerships.CHANGES,
    **endings.CHANGES,
    **reps.CHANGES,
    **whole_desk.CHANGES,
}


def evolve(book: Book, event: Event, stamp: Stamp) -> None:
    """Put into the book what an event changes.

    Parameters
    ----------
    book
        as it was before
    event, stamp
        what happened, and where it stands in the log

    Raises
    ------
    InvalidInput
        the event is about a lead that is not there, or that is at a stage from which it cannot come
    """
    before = _lead_before(book, event)
    _CHANGES[type(event)](event, book, stamp)
    if before is not None:
        after = need(book, before.id)
        _keep_loads(book, before, after)
        keep_look(book, after, stamp)
    for message in messages_of(book, event, stamp, before):
        book.put(message)


def _lead_before(book: Book, event: Event) -> Lead | None:
    """Return the lead that an event is about, as it was; None where it is about none."""
    if isinstance(event, events.Received | events.Imported):
        return Lead(id=event.lead)
    if isinstance(event, events.Undone):
        return need(book, event.lead)
    if event.kind not in TRANSITIONS:
        return None
    lead = need(book, event.subject)
    if lead.stage not in TRANSITIONS[event.kind][0] and not getattr(event, "late", False):
        raise InvalidInput(f"log: {event.kind} cannot come while a lead is {lead.stage}; found lead {lead.id!r}")
    return lead


def _keep_loads(book: Book, before: Lead, after: Lead) -> None:
    """Keep how much each rep has open, and how many slots are kept."""
    for name, was, is_ in (("open", _holder(before), _holder(after)), ("kept", _kept_for(before), _kept_for(after))):
        if was != is_:
            _add(book, was, name, -1)
            _add(book, is_, name, 1)


def _holder(lead: Lead) -> str | None:
    """Return the rep whose open leads a lead counts among."""
    return lead.owner if lead.is_held else None


def _kept_for(lead: Lead) -> str | None:
    """Return the rep for whom a slot is kept until a manager decides."""
    return lead.review.rep if lead.stage is Stage.REVIEW and lead.review is not None else None


def _add(book: Book, rep: str | None, name: str, amount: int) -> None:
    found = None if rep is None else book.get(Rep, rep)
    if found is not None:
        book.put(replace(found, **{name: getattr(found, name) + amount}))
