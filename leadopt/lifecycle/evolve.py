"""What an event changes: records before it in, records after it put. The only way in which a record changes."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import singledispatch
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.lifecycle import credit, events
from leadopt.lifecycle.book import Book, Stamp, Where
from leadopt.lifecycle.due import deadline, due, timing
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.messages import messages_of
from leadopt.lifecycle.records import (
    Absence,
    Account,
    Conduct,
    Lead,
    Ownership,
    Rep,
    Review,
    RuleFile,
    State,
)
from leadopt.lifecycle.stages import HELD, TRANSITIONS, Stage


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
    _apply(event, book, stamp)
    if before is not None:
        after = need(book, before.id)
        _keep_loads(book, before, after, stamp)
        _keep_look(book, after, stamp)
    elif isinstance(event, events.Received | events.Imported):
        lead = need(book, event.lead)
        _keep_loads(book, Lead(id=lead.id), lead, stamp)
        _keep_look(book, lead, stamp)
    for message in messages_of(book, event, stamp, before):
        book.put(message)


def need(book: Book, lead: str) -> Lead:
    """Return a lead that must be there."""
    found = book.get(Lead, lead)
    if found is None:
        raise InvalidInput(f"log: must speak of leads that came in; found {lead!r}")
    return found


def _lead_before(book: Book, event: Event) -> Lead | None:
    if event.kind not in TRANSITIONS or isinstance(event, events.Received):
        return need(book, event.subject) if isinstance(event, events.Undone) else None
    lead = need(book, event.subject)
    if lead.stage not in TRANSITIONS[event.kind][0] and not getattr(event, "late", False):
        raise InvalidInput(f"log: {event.kind} cannot come while a lead is {lead.stage}; found lead {lead.id!r}")
    return lead


@singledispatch
def _apply(event: Event, book: Book, stamp: Stamp) -> None:
    """Change what one kind of event changes; `evolve` keeps loads, deadlines and messages."""
    raise InvalidInput(f"log: must hold events that this version knows; found {event.kind!r}")


def _moved(book: Book, event: Event, stamp: Stamp, **changes: Any) -> Lead:
    """Put a lead as the event leaves it: its stage by the table of transitions, and the fields that are given."""
    lead = need(book, event.subject)
    stage = TRANSITIONS[event.kind][1] or lead.stage
    since = stamp.at if stage is not lead.stage else lead.since
    after = replace(lead, **{"stage": stage, "since": since, "version": lead.version + 1, "seq": stamp.seq} | changes)
    book.put(after)
    return after


_NOT_HELD: Mapping[str, Any] = {
    **{"owner": None, "via": None, "first_at": None, "last_at": None, "reminded": None, "reminded_at": None},
    **{"escalated": None, "protected_until": None, "not_before": 0},
}
_AT_REST: Mapping[str, Any] = {
    **{"pool": None, "embargo_until": None, "parked_until": None, "review": None, "reason": None},
}


# ---- leads come in


@_apply.register
def _(event: events.Received, book: Book, stamp: Stamp) -> None:
    book.put(
        Lead(
            **{"id": event.lead, "version": 1, "seq": stamp.seq, "since": stamp.at, "received_at": stamp.at},
            **{"columns": event.columns, "account": event.account, "no_contact": event.no_contact},
            **{"linked": event.linked, "rules": stamp.rules},
            refused_by=frozenset(event.refused_by),
            complained_of=frozenset(event.complained_of),
        )
    )


@_apply.register
def _(event: events.Imported, book: Book, stamp: Stamp) -> None:
    stage = Stage(event.stage)
    lead = Lead(
        **{"id": event.lead, "version": 1, "seq": stamp.seq, "stage": stage, "since": stamp.at, "started": stamp.at},
        **{"columns": event.columns, "account": event.account, "no_contact": event.no_contact},
        **{"pool": event.pool, "reason": event.reason, "outcome_at": event.outcome_at, "value": event.value},
        **{"owner": event.owner, "via": None if event.owner is None else "import", "rules": stamp.rules},
        received_at=stamp.at if event.received_at is None else event.received_at,
        first_at=stamp.at if stage is Stage.WORKING else None,
        last_at=stamp.at if stage is Stage.WORKING else None,
    )
    book.put(lead)
    if event.owner is not None:
        _begin(book, lead, stamp, chance=None)
        if not lead.is_held:
            _end(book, lead, stamp, exit_=str(stage), outcome=str(stage))


@_apply.register
def _(event: events.Changed, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    _moved(
        book,
        event,
        stamp,
        columns={**lead.columns, **event.columns},
        account=event.account or lead.account,
        no_contact=lead.no_contact or event.no_contact,
    )


@_apply.register
def _(event: events.Merged, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    _end(book, lead, stamp, exit_="merged")
    gone = {**_NOT_HELD, **_AT_REST, "previous": lead.owner or lead.previous}
    _moved(book, event, stamp, **{**gone, "merged_into": event.into, "reason": "merged"})


@_apply.register
def _(event: events.Absorbed, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    cooling = dict(lead.cooling)
    for rep, until in event.cooling.items():
        cooling[rep] = max(until, cooling.get(rep, 0))
    _moved(
        book,
        event,
        stamp,
        refused_by=lead.refused_by | set(event.refused_by),
        complained_of=lead.complained_of | set(event.complained_of),
        cooling=cooling,
        no_contact=lead.no_contact or event.no_contact,
        columns={**event.columns, **lead.columns},
    )


# ---- where it goes


@_apply.register
def _(event: events.ReviewAsked, book: Book, stamp: Stamp) -> None:
    review = Review(rule=event.rule, rep=event.rep, asked_at=stamp.at, offer=event.offer)
    _moved(book, event, stamp, **{**_AT_REST, "review": review, "rules": stamp.rules})


@_apply.register
def _(event: events.ReviewEnded, book: Book, stamp: Stamp) -> None:
    _moved(book, event, stamp, **_AT_REST)


@_apply.register
def _(event: events.Assigned, book: Book, stamp: Stamp) -> None:
    owned = {"owner": event.rep, "via": event.via, "started": stamp.at}
    lead = _moved(book, event, stamp, **{**_NOT_HELD, **_AT_REST, **owned, "rules": stamp.rules})
    chance = event.decision.get("chance")
    _begin(book, lead, stamp, chance=None if chance is None else float(chance), event=event)
    credit.book_assigned(book, event, stamp.at)
    _count_received(book, event, stamp)


@_apply.register
def _(event: events.Pooled, book: Book, stamp: Stamp) -> None:
    place = {"pool": event.pool, "embargo_until": event.embargo_until, "rules": stamp.rules}
    _moved(book, event, stamp, **{**_AT_REST, **place})


@_apply.register
def _(event: events.Unpooled, book: Book, stamp: Stamp) -> None:
    _moved(book, event, stamp, **_AT_REST)


# ---- what ends an ownership


def _left(book: Book, event: Any, stamp: Stamp, **changes: Any) -> None:
    lead = need(book, event.lead)
    _end(book, lead, stamp, exit_=event.kind)
    cooling = lead.cooling if event.cool_until is None else {**lead.cooling, event.rep: event.cool_until}
    _moved(book, event, stamp, **{**_NOT_HELD, "previous": event.rep, "cooling": cooling, **changes})


@_apply.register
def _(event: events.Refused, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    _left(book, event, stamp, refused_by=lead.refused_by | {event.rep}, returned=lead.returned + 1)


@_apply.register
def _(event: events.Released, book: Book, stamp: Stamp) -> None:
    _left(book, event, stamp, returned=need(book, event.lead).returned + 1)


@_apply.register
def _(event: events.Recalled, book: Book, stamp: Stamp) -> None:
    _left(book, event, stamp, returned=need(book, event.lead).returned + 1)


@_apply.register(events.Reassigned)
@_apply.register(events.Transferred)
def _(event: events.Reassigned | events.Transferred, book: Book, stamp: Stamp) -> None:
    _left(book, event, stamp)


# ---- while it is held


@_apply.register
def _(event: events.FollowedUp, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    mine = _ownership_at(book, event, lead)
    if mine is not None:
        first = event.occurred_at if mine.first_at is None else min(mine.first_at, event.occurred_at)
        last = event.occurred_at if mine.last_at is None else max(mine.last_at, event.occurred_at)
        book.put(replace(mine, first_at=first, last_at=last, follow_ups=mine.follow_ups + 1))
    if event.late or mine is None or mine.until is not None:
        book.put(replace(lead, version=lead.version + 1, seq=stamp.seq))
        return
    begun = {} if lead.first_at is not None else {"reminded": None, "reminded_at": None, "escalated": None}
    times = {"first_at": first, "last_at": last, "rules": stamp.rules, "not_before": 0}
    _moved(book, event, stamp, **{**begun, **times})


@_apply.register
def _(event: events.Reminded, book: Book, stamp: Stamp) -> None:
    calendar = timing(book, need(book, event.lead), stamp.at).calendar
    _moved(book, event, stamp, reminded=event.due, reminded_at=calendar.next_working(stamp.at))


@_apply.register
def _(event: events.Escalated, book: Book, stamp: Stamp) -> None:
    _moved(book, event, stamp, escalated=event.due)


@_apply.register
def _(event: events.Complained, book: Book, stamp: Stamp) -> None:
    lead = _moved(book, event, stamp, complained_of=need(book, event.lead).complained_of | {event.rep})
    of_rep = [one for one in book.find(Ownership, Where(lead=lead.id)) if one.rep == event.rep]
    if of_rep:
        last = max(of_rep, key=lambda one: one.begun)
        book.put(replace(last, complaints=last.complaints + 1))


@_apply.register
def _(event: events.Protected, book: Book, stamp: Stamp) -> None:
    _moved(book, event, stamp, protected_until=event.until)


@_apply.register
def _(event: events.BarLifted, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    _moved(
        book,
        event,
        stamp,
        refused_by=lead.refused_by - {event.rep},
        complained_of=lead.complained_of - {event.rep},
        cooling={rep: until for rep, until in lead.cooling.items() if rep != event.rep},
    )


# ---- how it ends, for now or for good


def _ended(book: Book, event: Event, stamp: Stamp, *, outcome: str | None = None, **changes: Any) -> None:
    lead = need(book, event.subject)
    _end(book, lead, stamp, exit_=event.kind, outcome=outcome)
    _moved(book, event, stamp, **{**_NOT_HELD, **_AT_REST, "previous": lead.owner or lead.previous, **changes})


@_apply.register
def _(event: events.Parked, book: Book, stamp: Stamp) -> None:
    _ended(book, event, stamp, parked_until=event.until, reason=event.reason)


@_apply.register
def _(event: events.Unparked, book: Book, stamp: Stamp) -> None:
    _moved(book, event, stamp, **_AT_REST)


@_apply.register
def _(event: events.Won, book: Book, stamp: Stamp) -> None:
    _outcome(book, event, stamp, {"value": event.value, "reason": None})
    lead = need(book, event.lead)
    if lead.account is not None:
        book.put(Account(id=lead.account, lead=lead.id, owner=event.rep, at=stamp.at))


@_apply.register
def _(event: events.Lost, book: Book, stamp: Stamp) -> None:
    lead = need(book, event.lead)
    cooling = dict(lead.cooling)
    if event.rep is not None and event.cool_until is not None:
        cooling[event.rep] = event.cool_until
    _outcome(book, event, stamp, {"reason": event.reason, "value": None, "cooling": cooling})


def _outcome(book: Book, event: events.Won | events.Lost, stamp: Stamp, changes: Mapping[str, Any]) -> None:
    """Put a won or lost lead, whose owner stays named for the record."""
    lead = need(book, event.lead)
    _end(book, lead, stamp, exit_=event.kind, outcome=event.kind)
    past = [one for one in book.find(Ownership, Where(lead=lead.id)) if one.rep == event.rep]
    if past and not lead.is_held:  # the later of two outcomes stands
        book.put(replace(max(past, key=lambda one: one.begun), outcome=event.kind))
    named = {"owner": event.rep, "via": lead.via, "previous": event.rep or lead.previous}
    kept = {"first_at": lead.first_at, "last_at": lead.last_at, "outcome_at": event.occurred_at}
    _moved(book, event, stamp, **{**_NOT_HELD, **_AT_REST, **named, **kept, **changes})


@_apply.register
def _(event: events.Reopened, book: Book, stamp: Stamp) -> None:
    cleared = {"outcome_at": None, "value": None, "merged_into": None}
    _moved(book, event, stamp, **{**_NOT_HELD, **_AT_REST, **cleared})


@_apply.register
def _(event: events.Closed, book: Book, stamp: Stamp) -> None:
    _ended(book, event, stamp, reason=event.reason)


@_apply.register
def _(event: events.Erased, book: Book, stamp: Stamp) -> None:
    _ended(book, event, stamp, reason="erased", columns={}, account=None, linked=(), value=None)


@_apply.register
def _(event: events.Undone, book: Book, stamp: Stamp) -> None:
    """Put a lead as it was before an act; what was booked for it is taken back."""
    now, before = need(book, event.lead), lead_from(event.restored)
    if now.is_held and now.owner is not None:
        _end(book, now, stamp, exit_="undone")
    kept = {"version": now.version + 1, "seq": stamp.seq, "not_before": event.not_before or before.not_before}
    bars = {"refused_by": before.refused_by, "complained_of": before.complained_of, "cooling": before.cooling}
    book.put(replace(before, **{**kept, **bars}))
    _reopen_ownership(book, before, after=event.of)


# ---- reps


@_apply.register
def _(event: events.RepSet, book: Book, stamp: Stamp) -> None:
    rep = book.get(Rep, event.rep) or Rep(id=event.rep)
    facts = {"columns": event.columns, "max_open": event.max_open, "team": event.team, "tags": event.tags}
    book.put(replace(rep, version=rep.version + 1, hired_on=event.hired_on, **facts))


@_apply.register
def _(event: events.RepLeft, book: Book, stamp: Stamp) -> None:
    _change_rep(book, event.rep, left_at=stamp.at)
    credit.leave(book, event.rep, stamp.at)


@_apply.register
def _(event: events.RepReturned, book: Book, stamp: Stamp) -> None:
    _change_rep(book, event.rep, left_at=None)


@_apply.register
def _(event: events.AbsenceSet, book: Book, stamp: Stamp) -> None:
    old = book.get(Absence, event.absence)
    times = {"start": event.start, "end": event.end, "cancelled": event.cancelled}
    begun = old is not None and old.begun and event.start <= stamp.at
    book.put(Absence(id=event.absence, rep=event.rep, begun=begun, **times))
    for stage in sorted(HELD):
        for lead in book.find(Lead, Where(owner=event.rep, stage=stage)):
            _keep_look(book, lead, stamp)


@_apply.register
def _(event: events.AbsenceBegan, book: Book, stamp: Stamp) -> None:
    absence = book.get(Absence, event.absence)
    if absence is not None:
        book.put(replace(absence, begun=True))


@_apply.register
def _(event: events.ConductSet, book: Book, stamp: Stamp) -> None:
    book.put(
        Conduct(
            **{"rep": event.rep, "rule": event.rule, "kind": event.effect, "figures": event.figures},
            **{"announced_at": stamp.at, "starts_at": event.starts_at, "entitlement": event.entitlement},
            claims_per_day=event.claims_per_day,
            new_leads=not event.no_new_leads,
        )
    )


@_apply.register
def _(event: events.ConductEnded, book: Book, stamp: Stamp) -> None:
    found = book.get(Conduct, f"{event.rep}/{event.rule}")
    if found is not None:
        book.put(replace(found, ended_at=stamp.at))


@_apply.register
def _(event: events.CreditBooked, book: Book, stamp: Stamp) -> None:
    credit.move(book, event.rep, event.of, event.amount, stamp.at)


@_apply.register
def _(event: events.CreditReversed, book: Book, stamp: Stamp) -> None:
    found = book.get(Ownership, f"{event.lead}/{event.begun}")
    if found is not None and not found.reversed:
        credit.reverse(book, found, stamp.at)
        book.put(replace(found, reversed=True))


# ---- the desk


def _change_state(book: Book, **changes: Any) -> None:
    book.put(replace(book.get(State, "desk") or State(), **changes))


@_apply.register
def _(event: events.Opened, book: Book, stamp: Stamp) -> None:
    _change_state(book, opened_at=stamp.at)


@_apply.register
def _(event: events.RulesSet, book: Book, stamp: Stamp) -> None:
    dates = {"starts_at": event.starts_at, "set_at": stamp.at, "seq": stamp.seq}
    book.put(RuleFile(fingerprint=event.fingerprint, data=event.data, **dates))


@_apply.register
def _(event: events.PolicySet, book: Book, stamp: Stamp) -> None:
    _change_state(book, policy=event.fingerprint)


@_apply.register
def _(event: events.PlanMade, book: Book, stamp: Stamp) -> None:
    """Change nothing: what a plan does is in the events that it causes."""


@_apply.register
def _(event: events.PlanApplied, book: Book, stamp: Stamp) -> None:
    _change_state(book, planned_at=stamp.at)


@_apply.register
def _(event: events.Told, book: Book, stamp: Stamp) -> None:
    _change_state(book, told_at=stamp.at)


@_apply.register
def _(event: events.DayBegan, book: Book, stamp: Stamp) -> None:
    _change_state(book, day=event.day)


@_apply.register
def _(event: events.Resumed, book: Book, stamp: Stamp) -> None:
    _change_state(book, hold_until=event.hold_until)


# ---- ownerships, loads, deadlines


def _begin(book: Book, lead: Lead, stamp: Stamp, *, chance: float | None, event: events.Assigned | None = None) -> None:
    who = {"lead": lead.id, "begun": stamp.seq, "rep": lead.owner or "", "via": lead.via or "", "since": stamp.at}
    booked = {} if event is None else {"entitled": event.entitled, "received": event.received}
    seen = {"first_at": lead.first_at, "last_at": lead.last_at}
    book.put(Ownership(**who, **booked, **seen, chance=chance))
    if lead.account is not None and lead.owner is not None:
        book.put(Account(id=lead.account, lead=lead.id, owner=lead.owner, at=stamp.at))


def _end(book: Book, lead: Lead, stamp: Stamp, *, exit_: str, outcome: str | None = None) -> None:
    """Close the ownership that lasts, and keep by when its first follow-up had been due."""
    for one in book.find(Ownership, Where(lead=lead.id)):
        if one.until is None:
            closed = {"until": stamp.at, "ended": stamp.seq, "exit": exit_, "outcome": outcome}
            book.put(replace(one, **closed, first_due=_first_due(book, lead, stamp)))


def _first_due(book: Book, lead: Lead, stamp: Stamp) -> int | None:
    not_yet = replace(lead, first_at=None, last_at=None)
    return deadline(not_yet, timing(book, not_yet, stamp.at))


def _reopen_ownership(book: Book, before: Lead, *, after: int) -> None:
    """Go on with the ownership that an act had ended and that is restored."""
    for one in book.find(Ownership, Where(lead=before.id)):
        if before.is_held and one.rep == before.owner and one.ended is not None and one.ended >= after:
            book.put(replace(one, until=None, ended=None, exit=None, outcome=None))


def _ownership_at(book: Book, event: events.FollowedUp, lead: Lead) -> Ownership | None:
    """Return the ownership in which a follow-up occurred."""
    mine = [one for one in book.find(Ownership, Where(lead=lead.id)) if one.rep == event.rep]
    inside = [
        one for one in mine if one.since <= event.occurred_at and (one.until is None or event.occurred_at < one.until)
    ]
    return max(inside, key=lambda one: one.begun) if inside else None


def _count_received(book: Book, event: events.Assigned, stamp: Stamp) -> None:
    rep = book.get(Rep, event.rep)
    if rep is None:
        return
    day = str(book.rules_at(stamp.at).calendar.day(stamp.at))
    received, claimed = rep.on(day)
    book.put(replace(rep, day=day, received=received + 1, claimed=claimed + (event.via == "claim")))


def _change_rep(book: Book, rep: str, **changes: Any) -> None:
    found = book.get(Rep, rep)
    if found is not None:
        book.put(replace(found, version=found.version + 1, **changes))


def _keep_loads(book: Book, before: Lead, after: Lead, stamp: Stamp) -> None:
    """Keep how much each rep has open, and how many slots are kept."""
    for owner, sign in ((_holder(before), -1), (_holder(after), 1)):
        _add(book, owner, "open", sign)
    for rep, sign in ((_kept_for(before), -1), (_kept_for(after), 1)):
        _add(book, rep, "kept", sign)


def _holder(lead: Lead) -> str | None:
    return lead.owner if lead.is_held else None


def _kept_for(lead: Lead) -> str | None:
    return lead.review.rep if lead.stage is Stage.REVIEW and lead.review is not None else None


def _add(book: Book, rep: str | None, name: str, amount: int) -> None:
    found = None if rep is None else book.get(Rep, rep)
    if found is not None:
        book.put(replace(found, **{name: getattr(found, name) + amount}))


def _keep_look(book: Book, lead: Lead, stamp: Stamp) -> None:
    """Keep the next moment at which something looks at a lead; what no period runs for has the daily look."""
    found = due(lead, timing(book, lead, stamp.at))
    book.put(replace(lead, look_at=None if found is None or found.what == "tell" else found.at))


# ---- a lead as plain data, for what is restored

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
