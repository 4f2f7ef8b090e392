"""What all changes share: a lead moved by the table of transitions, an ownership begun and ended, the next look."""

from collections.abc import Mapping
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.lifecycle import events
from leadopt.lifecycle.book import Book, Stamp, Where
from leadopt.lifecycle.credit import SharesText
from leadopt.lifecycle.due import deadline, due, timing
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Account, Lead, Ownership, replace
from leadopt.lifecycle.stages import TRANSITIONS


def need(book: Book, lead: str) -> Lead:
    """Return a lead that must be there."""
    found = book.get(Lead, lead)
    if found is None:
        raise InvalidInput(f"log: must speak of leads that came in; found {lead!r}")
    return found


def moved(book: Book, event: Event, stamp: Stamp, **changes: Any) -> Lead:
    """Put a lead as the event leaves it: its stage by the table of transitions, and the fields that are given."""
    after = after_event(need(book, event.subject), event, stamp, **changes)
    book.put(after)
    return after


def after_event(lead: Lead, event: Event, stamp: Stamp, **changes: Any) -> Lead:
    """Return a lead as the event leaves it."""
    stage = TRANSITIONS[event.kind][1] or lead.stage
    since = stamp.at if stage is not lead.stage else lead.since
    stamped: dict[str, Any] = {"stage": stage, "since": since, "version": lead.version + 1, "seq": stamp.seq}
    return replace(lead, **{**stamped, **changes})


_OF_OWNERSHIP = ("owner", "via", "first_at", "last_at", "reminded", "reminded_at", "escalated", "protected_until")
NOT_HELD: Mapping[str, Any] = {**dict.fromkeys(_OF_OWNERSHIP), "not_before": 0}
AT_REST: Mapping[str, Any] = dict.fromkeys(
    ("pool", "embargo_until", "parked_until", "review", "reason", "waits_for", "waits_until")
)


def begin(book: Book, lead: Lead, stamp: Stamp, *, chance: float | None, event: events.Assigned | None = None) -> None:
    """Put an ownership that begins now."""
    book.put(
        Ownership(
            lead=lead.id,
            begun=stamp.seq,
            rep=lead.owner or "",
            via=lead.via or "",
            since=stamp.at,
            first_at=lead.first_at,
            last_at=lead.last_at,
            chance=chance,
            entitled=SharesText.of(event.entitled) if event is not None and event.entitled else {},
            received={} if event is None else event.received,
            override=None if event is None else event.override,
        )
    )


def own_account(book: Book, lead: Lead, at: int) -> None:
    """Make the owner of a lead that of its account, unless a later lead of the account is known."""
    known = None if lead.account is None else book.get(Account, lead.account)
    if lead.account is not None and lead.owner is not None and (known is None or known.at <= at):
        book.put(Account(id=lead.account, lead=lead.id, owner=lead.owner, at=at))


def end(
    book: Book, lead: Lead, stamp: Stamp, *, exit_: str, outcome: str | None = None, reason: str | None = None
) -> None:
    """Close the ownership that lasts, and keep by when its first follow-up had been due."""
    for one in book.find(Ownership, Where(lead=lead.id)):
        if one.until is None:
            by = one.first_due if one.first_due is not None else first_due(book, lead, stamp)
            ended = replace(one, until=stamp.at, ended=stamp.seq, exit=exit_, reason=reason)
            book.put(replace(ended, outcome=outcome, first_due=by))


def first_due(book: Book, lead: Lead, stamp: Stamp) -> int | None:
    """Return when the first follow-up of an ownership was due."""
    not_yet = lead if lead.first_at is lead.last_at is None else replace(lead, first_at=None, last_at=None)
    return deadline(not_yet, timing(book, not_yet, stamp.at))


def keep_look(book: Book, lead: Lead, stamp: Stamp) -> None:
    """Keep the next moment at which something looks at a lead; what no period runs for has the daily look."""
    found = due(lead, timing(book, lead, stamp.at))
    look_at = None if found is None or found.what == "tell" else found.at
    due_at = None if found is None else found.deadline
    if (look_at, due_at) != (lead.look_at, lead.due_at):
        book.put(replace(lead, look_at=look_at, due_at=due_at))
