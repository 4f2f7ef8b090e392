"""Who is to hear of what: the messages that an event causes, written with it, sent by who runs the desk."""

from collections.abc import Mapping
from typing import Any

from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Stamp
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead, Message
from leadopt.lifecycle.stages import HELD

MANAGER = "manager"


def messages_of(book: Book, event: Event, stamp: Stamp, before: Lead | None) -> list[Message]:
    """Return the messages that an event causes: each goes out at the first working minute at or after it."""
    told = _told(event, before)
    if not told:
        return []
    not_before = book.rules_at(stamp.at).calendar.next_working(stamp.at)
    lead = getattr(event, "lead", None)
    return [
        Message(seq=stamp.seq, number=number, to=to, kind=kind, lead=lead, not_before=not_before, body=body)
        for number, (to, kind, body) in enumerate(told, start=1)
    ]


def _told(event: Event, before: Lead | None) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return who hears of an event, as what, with which facts."""
    match event:
        case events.Assigned():
            return [(event.rep, "assigned", {"via": event.via})]
        case events.Reminded():
            return [(event.rep, "reminder", {"what": event.what, "due": event.due})]
        case events.Escalated():
            facts = {"what": event.what, "due": event.due, "rep": event.rep}
            return [(event.rep, "escalation", facts), (MANAGER, "escalation", facts)]
        case events.Recalled():
            facts = {"reason": event.reason, "rep": event.rep}
            return [(event.rep, "recalled", facts), (MANAGER, "recalled", facts)]
        case events.Reassigned() | events.Transferred():
            return [(event.rep, event.kind, {"reason": event.reason})]
        case events.ReviewAsked():
            return [(MANAGER, "review", {"rule": event.rule, "rep": event.rep})]
        case events.Complained():
            return [(MANAGER, "complaint", {"rep": event.rep})]
        case events.ConductEnded():
            return [(event.rep, "conduct_ended", {"rule": event.rule})]
        case events.ConductSet():
            facts = {"rule": event.rule, "effect": event.effect, "starts_at": event.starts_at, "until": event.until}
            return [(event.rep, "conduct", facts), (MANAGER, "conduct", {**facts, "rep": event.rep})]
        case events.Told():
            return [(MANAGER, "open_leads", dict(event.leads))]
        case events.Undone() | events.Closed() | events.Parked() | events.Merged():
            return _owners_told(event, None if before is None or not before.is_held else before.owner)
        case _:
            return []


def _owners_told(event: Event, had: str | None) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return who loses a lead by an event, and, if an act is taken back, who has it again."""
    restored = event.restored if isinstance(event, events.Undone) else {}
    has = restored.get("owner") if restored.get("stage") in HELD else None
    told = [] if had == has else [(had, event.kind), (has, "given_back")]
    return [(rep, kind, {}) for rep, kind in told if rep is not None]
