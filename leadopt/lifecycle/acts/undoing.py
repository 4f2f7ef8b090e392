"""An act is taken back: a lead is as it was before it, where nothing but messages happened to it since."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from leadopt.lifecycle import bars, commands, events
from leadopt.lifecycle.acts.past import Past, past_of
from leadopt.lifecycle.book import Stamp, Where
from leadopt.lifecycle.changes.endings import lead_data
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead, Ownership, Rep, replace
from leadopt.lifecycle.stages import Stage

MESSAGES = frozenset({"reminded", "escalated"})
FINAL = frozenset({"received", "imported", "followed_up", "erased", "undone"})
_FEED = "feed:"

Happened = Sequence[tuple[Stamp, Event]]


def undo(draft: Draft, command: commands.Undo) -> None:
    """Put a lead back to where it was before an act; of a merge both leads, or neither."""
    lead = draft.lead(command.lead)
    deeds = {lead.id: act_of(list(draft.book.history(lead.id)), command.of, lead.id)}
    for other in _partners(deeds[lead.id]):
        deeds[other] = _same_act(list(draft.book.history(other)), deeds[lead.id], other, lead.id)
    backs = [_back(draft, draft.lead(one), deed) for one, deed in deeds.items()]
    for back in backs:
        draft.emit(back)


def act_of(history: Happened, of: int, lead: str) -> Happened:
    """Return all that one act did to a lead, of which `of` is one event: what it caused and was caused by."""
    found = next((stamp for stamp, _ in history if stamp.seq == of), None)
    if found is None:
        raise Denied("not_found", f"event {of} did nothing to lead {lead!r}", "name an event of its history")
    inside = [(stamp, event) for stamp, event in history if _alike(stamp, found)]
    known, size = {of}, 0
    while len(known) != size:
        size = len(known)
        causes = {stamp.cause for stamp, _ in inside if stamp.seq in known} - {None}
        known |= {stamp.seq for stamp, _ in inside if stamp.seq in causes or stamp.cause in causes | known}
    return [(stamp, event) for stamp, event in inside if stamp.seq in known]


def _alike(one: Stamp, other: Stamp) -> bool:
    """Return whether two events may be of one command."""
    return (one.at, one.actor, one.request) == (other.at, other.actor, other.request)


def _partners(deed: Happened) -> Iterable[str]:
    """Return the other lead of a merge."""
    for _, event in deed:
        if (partner := _partner(event)) is not None:
            yield partner


def _partner(event: Event) -> str | None:
    """Return the other lead of a merge; None where the event is of none."""
    if isinstance(event, events.Merged):
        return event.into
    return event.other if isinstance(event, events.Absorbed) else None


def _same_act(history: Happened, deed: Happened, lead: str, partner: str) -> Happened:
    """Return what the act did to the other lead of a merge: of several merges at one moment, the one with this lead."""
    begun = deed[0][0]
    merging = (stamp.seq for stamp, event in history if _partner(event) == partner and _alike(stamp, begun))
    return act_of(history, next(merging), lead)


def _back(draft: Draft, lead: Lead, deed: Happened) -> events.Undone:
    """Return the event that puts a lead back, or deny it."""
    first = deed[0][0].seq
    _check_last(draft, lead, deed)
    past = past_of(draft.book, lead.id, before=first)
    before = past.get(Lead, lead.id)
    if before is None:
        raise _final(lead)
    _check_room(draft, lead, before)
    return events.Undone(
        lead=lead.id,
        of=first,
        restored=lead_data(before),
        ownerships=tuple(_restored(draft, past, lead)),
        not_before=_not_before(draft, before),
    )


def _check_last(draft: Draft, lead: Lead, deed: Happened) -> None:
    """Deny what is for good, what a feed reported, and what something followed."""
    seqs = {stamp.seq for stamp, _ in deed}
    if any(event.kind in FINAL or stamp.actor.startswith(_FEED) for stamp, event in deed):
        raise _final(lead)
    if all(event.kind in MESSAGES for _, event in deed):
        raise Denied("not_undoable", f"lead {lead.id!r} did not change: a message went out", "nothing is to be done")
    since = [
        (stamp, event)
        for stamp, event in draft.book.history(lead.id)
        if stamp.seq > min(seqs) and stamp.seq not in seqs and event.kind not in MESSAGES
    ]
    if since:
        stamp, event = since[0]
        if isinstance(event, events.Undone) and event.of in seqs:
            sentence = f"event {event.of} was taken back already, by event {stamp.seq}"
            raise Denied("changed_since", sentence, "nothing is to be done")
        sentence = f"lead {lead.id!r} changed since: {event.kind.replace('_', ' ')} is event {stamp.seq}"
        raise Denied("changed_since", sentence, "undo what came later first, or transfer the lead")


def _final(lead: Lead) -> Denied:
    sentence = f"what happened to lead {lead.id!r} is not taken back: follow-ups, feeds' events and erasing stand"
    return Denied("not_undoable", sentence, "correct it by another act")


def _check_room(draft: Draft, lead: Lead, before: Lead) -> None:
    """Deny to give a lead back to a rep who left, is away, or has no room any more."""
    name = before.owner if before.is_held else before.review.rep if before.review is not None else None
    rep = None if name is None else draft.rep(name)
    if rep is None:
        return
    if before.is_held:
        _check_there(draft, rep)
    most = bars.most_open(draft.rules, rep)
    loaded = rep.open + rep.kept - (_loads(lead) == rep.id)
    if most is not None and _loads(lead) != rep.id and loaded >= most:
        raise Denied("full", f"rep {rep.id!r} has {loaded} of {most} open leads", "end one of them first")


def _check_there(draft: Draft, rep: Rep) -> None:
    """Deny to give a lead back to a rep who left or is away."""
    if rep.left_at is not None:
        raise Denied("left", f"rep {rep.id!r}, who had it, has left", "assign it to somebody who is here")
    away = bars.absence_at(draft.book, rep.id, draft.at)
    if away is not None:
        raise Denied("absent", f"rep {rep.id!r}, who had it, is away", "assign it to somebody who is here", away.end)


def _loads(lead: Lead) -> str | None:
    """Return the rep of whose room a lead takes a slot."""
    return lead.owner if lead.is_held else lead.review.rep if lead.review is not None else None


def _not_before(draft: Draft, before: Lead) -> int | None:
    """Return before when a lead that is put back has no deadline: its rep is reminded first."""
    if not before.is_held and before.stage is not Stage.REVIEW:
        return None
    notice = draft.rules.periods(before.columns).remind_before
    return max(before.not_before, draft.at if notice is None else draft.calendar.add(draft.at, notice))


def _restored(draft: Draft, past: Past, lead: Lead) -> Iterable[dict[str, Any]]:
    """Yield the ownerships that the act changed, as they were before it."""
    now = {one.key: one for one in draft.book.find(Ownership, Where(lead=lead.id))}
    for was in past.find(Ownership, Where(lead=lead.id)):
        one = now[was.key]
        known = replace(was, first_due=was.first_due if was.until is None else one.first_due)
        if known != one:
            yield {field.name: getattr(known, field.name) for field in fields(known)}
