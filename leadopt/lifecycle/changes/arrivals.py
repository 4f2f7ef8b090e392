"""What changes as leads come in, change, and turn out to be copies."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.changes.common import AT_REST, NOT_HELD, begin, end, moved, need, own_account
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead
from leadopt.lifecycle.stages import Stage, Via


def received(event: events.Received, book: Book, stamp: Stamp) -> None:
    """Put a new lead, with what earlier leads of the same person bar."""
    book.put(
        Lead(
            id=event.lead,
            version=1,
            seq=stamp.seq,
            since=stamp.at,
            received_at=stamp.at,
            columns=event.columns,
            account=event.account,
            no_contact=event.no_contact,
            linked=event.linked,
            rules=stamp.rules,
            refused_by=frozenset(event.refused_by),
            complained_of=frozenset(event.complained_of),
            waits_for=event.waits_for,
            waits_until=event.waits_until,
        )
    )


def imported(event: events.Imported, book: Book, stamp: Stamp) -> None:
    """Put a lead as it was elsewhere; an owner has had it from now on, so that its periods begin now."""
    stage = Stage(event.stage)
    lead = Lead(
        id=event.lead,
        version=1,
        seq=stamp.seq,
        stage=stage,
        since=stamp.at,
        started=stamp.at,
        columns=event.columns,
        account=event.account,
        no_contact=event.no_contact,
        owner=event.owner,
        via=None if event.owner is None else Via.IMPORT,
        pool=event.pool,
        reason=event.reason,
        outcome_at=event.outcome_at,
        value=event.value,
        rules=stamp.rules,
        received_at=stamp.at if event.received_at is None else event.received_at,
        first_at=stamp.at if stage is Stage.WORKING else None,
        last_at=stamp.at if stage is Stage.WORKING else None,
    )
    book.put(lead)
    if event.owner is not None:
        begin(book, lead, stamp, chance=None)
        known_at = (event.outcome_at, event.received_at, stamp.at)
        own_account(book, lead, next(at for at in known_at if at is not None))
        if not lead.is_held:
            end(book, lead, stamp, exit_=str(stage), outcome=str(stage))


def changed(event: events.Changed, book: Book, stamp: Stamp) -> None:
    """Put new levels beside the old ones; a consent that was withdrawn stays so."""
    lead = need(book, event.lead)
    moved(
        book,
        event,
        stamp,
        columns={**lead.columns, **event.columns},
        account=event.account or lead.account,
        no_contact=lead.no_contact or event.no_contact,
    )


def merged(event: events.Merged, book: Book, stamp: Stamp) -> None:
    """End a copy, whoever has it, and keep into which lead it went."""
    lead = need(book, event.lead)
    end(book, lead, stamp, exit_="merged")
    gone = {**NOT_HELD, **AT_REST, "previous": lead.owner or lead.previous}
    moved(book, event, stamp, **{**gone, "merged_into": event.into, "reason": "merged"})


def absorbed(event: events.Absorbed, book: Book, stamp: Stamp) -> None:
    """Add what a copy bars to what the lead bars; of columns the lead's own come first."""
    lead = need(book, event.lead)
    cooling = dict(lead.cooling)
    for rep, until in event.cooling.items():
        cooling[rep] = max(until, cooling.get(rep, 0))
    moved(
        book,
        event,
        stamp,
        refused_by=lead.refused_by | set(event.refused_by),
        complained_of=lead.complained_of | set(event.complained_of),
        cooling=cooling,
        no_contact=lead.no_contact or event.no_contact,
        columns={**event.columns, **lead.columns},
    )


CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    events.Received: received,
    events.Imported: imported,
    events.Changed: changed,
    events.Merged: merged,
    events.Absorbed: absorbed,
}
