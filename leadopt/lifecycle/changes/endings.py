"""What changes as leads rest, are won, lost, closed, opened again and put back."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from leadopt.lifecycle import credit, events
from leadopt.lifecycle.book import Book, Stamp, Where
from leadopt.lifecycle.changes.common import AT_REST, NOT_HELD, end, moved, need
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Account, Lead, Ownership, Rep, Review, replace
from leadopt.lifecycle.stages import Stage, Via


def _ended(book: Book, event: Event, stamp: Stamp, *, outcome: str | None = None, **changes: Any) -> None:
    """Close the ownership that lasts, and move the lead to where the event leaves it, with nobody and nothing due."""
    lead = need(book, event.subject)
    end(book, lead, stamp, exit_=event.kind, outcome=outcome, reason=changes.get("reason"))
    moved(book, event, stamp, **{**NOT_HELD, **AT_REST, "previous": lead.owner or lead.previous, **changes})


def parked(event: events.Parked, book: Book, stamp: Stamp) -> None:
    """End the ownership: nobody has a lead that rests."""
    _ended(book, event, stamp, parked_until=event.until, reason=event.reason)


def unparked(event: events.Unparked, book: Book, stamp: Stamp) -> None:
    """Put a lead back among the new ones."""
    moved(book, event, stamp, **AT_REST)


def won(event: events.Won, book: Book, stamp: Stamp) -> None:
    """Put a won lead, whose rep owns its account from now on."""
    _outcome(book, event, stamp, {"value": event.value, "reason": None})
    lead = need(book, event.lead)
    if lead.account is not None:
        book.put(Account(id=lead.account, lead=lead.id, owner=event.rep, at=stamp.at))


def lost(event: events.Lost, book: Book, stamp: Stamp) -> None:
    """Put a lost lead; its rep cools off."""
    lead = need(book, event.lead)
    cooling = dict(lead.cooling)
    if event.rep is not None and event.cool_until is not None:
        cooling[event.rep] = event.cool_until
    _outcome(book, event, stamp, {"reason": event.reason, "value": None, "cooling": cooling})


def _outcome(book: Book, event: events.Won | events.Lost, stamp: Stamp, changes: Mapping[str, Any]) -> None:
    """Put a won or lost lead, whose owner stays named for the record."""
    lead = need(book, event.lead)
    end(book, lead, stamp, exit_=event.kind, reason=changes["reason"])
    owned = book.find(Ownership, Where(lead=lead.id))
    last = max((one for one in owned if one.rep == event.rep), key=lambda one: one.begun, default=None)
    for one in owned:  # of two outcomes the later one stands, for the last time that its rep had the lead
        outcome = event.kind if one is last else None
        if one.outcome != outcome:
            book.put(replace(one, outcome=outcome))
    named = {"owner": event.rep, "via": lead.via, "previous": event.rep or lead.previous}
    kept = {"first_at": lead.first_at, "last_at": lead.last_at, "outcome_at": event.occurred_at}
    moved(book, event, stamp, **{**NOT_HELD, **AT_REST, **named, **kept, **changes})


def reopened(event: events.Reopened, book: Book, stamp: Stamp) -> None:
    """Clear the outcome, and the owner that was kept for the record."""
    cleared = {"outcome_at": None, "value": None, "merged_into": None}
    moved(book, event, stamp, **{**NOT_HELD, **AT_REST, **cleared})


def closed(event: events.Closed, book: Book, stamp: Stamp) -> None:
    """End a lead without an outcome."""
    _ended(book, event, stamp, reason=event.reason)


def erased(event: events.Erased, book: Book, stamp: Stamp) -> None:
    """End a lead, and drop what tells whose it was."""
    _ended(book, event, stamp, reason="erased", columns={}, account=None, linked=(), value=None)


def undone(event: events.Undone, book: Book, stamp: Stamp) -> None:
    """Put a lead and its ownerships as they were before an act; what it booked is taken back, or booked again."""
    now, before = need(book, event.lead), lead_from(event.restored)
    known = {one.key: one for one in book.find(Ownership, Where(lead=now.id))}
    for one in known.values():
        if one.begun >= event.of:
            _take_back(book, one, stamp)
    for was in (Ownership(**data) for data in event.ownerships):
        if known[was.key].reversed and not was.reversed:
            credit.book_again(book, was, stamp.at)
        book.put(was)
    not_before = max(event.not_before or 0, before.not_before)
    book.put(replace(before, version=now.version + 1, seq=stamp.seq, not_before=not_before))
    _restore_account(book, before)


def _take_back(book: Book, one: Ownership, stamp: Stamp) -> None:
    """Put an ownership that an undone act began: it earns and costs nothing, nor does it count for its day."""
    if not one.reversed:
        credit.reverse(book, one, stamp.at)
    until, ended = (stamp.at, stamp.seq) if one.until is None else (one.until, one.ended)
    book.put(replace(one, until=until, ended=ended, exit="undone", outcome=None, reversed=True))
    rep = book.get(Rep, one.rep)
    day = str(book.rules_at(stamp.at).calendar.day(one.since))
    if rep is not None and rep.day == day:
        claimed = rep.claimed - (one.via == Via.CLAIM)
        book.put(replace(rep, received=rep.received - 1, claimed=claimed))


def _restore_account(book: Book, lead: Lead) -> None:
    """Put the owner of an account: of its latest lead that is owned or won, leaving out what was undone."""
    if lead.account is None:
        return
    leads = book.find(Lead, Where(account=lead.account))
    owned = [one for each in leads for one in book.find(Ownership, Where(lead=each.id)) if one.exit != "undone"]
    last = max(owned, key=lambda one: (_latest(one), one.begun), default=None)
    if last is None:
        book.put(Account(id=lead.account, lead=lead.id, owner="", at=0))
    else:
        book.put(Account(id=lead.account, lead=last.lead, owner=last.rep, at=_latest(last)))


def _latest(one: Ownership) -> int:
    """Return since when an ownership speaks for an account: when it was won, else when it began."""
    return one.until if one.outcome == Stage.WON and one.until is not None else one.since


_SETS = ("refused_by", "complained_of")


def lead_data(lead: Lead) -> dict[str, Any]:
    """Return a lead as plain data."""
    data = {one.name: getattr(lead, one.name) for one in fields(lead)}
    data |= {name: sorted(data[name]) for name in _SETS} | {"stage": str(lead.stage), "linked": list(lead.linked)}
    data["review"] = None if lead.review is None else {one.name: getattr(lead.review, one.name) for one in _REVIEW}
    return data


def lead_from(data: Mapping[str, Any]) -> Lead:
    """Return a lead from plain data."""
    review = data.get("review")
    made: dict[str, Callable[[Any], Any]] = {"stage": Stage, "linked": tuple, **dict.fromkeys(_SETS, frozenset)}
    known = {name: made[name](value) if name in made else value for name, value in data.items()}
    return Lead(**{**known, "review": None if review is None else Review(**review)})


_REVIEW = fields(Review)

CHANGES: dict[type[Event], Callable[[Any, Book, Stamp], None]] = {
    events.Parked: parked,
    events.Unparked: unparked,
    events.Won: won,
    events.Lost: lost,
    events.Reopened: reopened,
    events.Closed: closed,
    events.Erased: erased,
    events.Undone: undone,
}
