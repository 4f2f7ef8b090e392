"""What feeds report: leads, changes, follow-ups, complaints, outcomes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from leadopt.lifecycle import bars, commands, events, placing
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.changes.ownerships import ownership_at
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.records import Account, Lead, Ownership, Rep
from leadopt.lifecycle.stages import Stage

_LATE = 24 * 3600 * 1_000_000  # how long after it occurred something may be recorded, in microseconds


def receive(draft: Draft, command: commands.Receive) -> None:
    """Take a lead in: a known one is changed, a twin among open leads lives on, an account's owner gets it first."""
    if draft.book.get(Lead, command.lead) is not None:
        changed = {name: getattr(command, name) for name in ("lead", "columns", "account", "no_contact")}
        change(draft, commands.Change(by=command.by, role=command.role, **changed))
        return
    twins = [lead for lead in map(draft.lead, command.twins) if lead.reason != "erased"]
    open_ = [lead for lead in twins if lead.is_open]
    came = received(command, [lead for lead in twins if not lead.is_open and lead.merged_into is None])
    draft.emit(came if open_ else replace(came, **waiting(draft, came)))
    if open_:
        merge(draft, [*open_, draft.lead(command.lead)])
    else:
        stick(draft, draft.lead(command.lead))


def received(command: commands.Receive, ended: Sequence[Lead]) -> events.Received:
    """Return a lead as it comes in, with what it takes over from earlier leads of the same person that have ended."""
    return events.Received(
        lead=command.lead,
        columns=command.columns,
        account=command.account or next((lead.account for lead in ended if lead.account), None),
        no_contact=command.no_contact or any(lead.no_contact for lead in ended),
        linked=tuple(lead.id for lead in ended),
        refused_by=tuple(sorted(frozenset[str]().union(*(lead.refused_by for lead in ended)))),
        complained_of=tuple(sorted(frozenset[str]().union(*(lead.complained_of for lead in ended)))),
    )


def change(draft: Draft, command: commands.Change) -> None:
    """Change what is known of a lead; an owner who is no longer eligible gives it up."""
    lead = draft.lead(command.lead)
    if command.role == commands.REP and lead.owner != command.by:
        raise not_owner(command.by, lead)
    new = {name: level for name, level in command.columns.items() if lead.columns.get(name, None) != level}
    account = command.account if command.account != lead.account else None
    withdrawn = command.no_contact and not lead.no_contact
    if lead.reason == "erased" or not (new or account or withdrawn):
        return
    draft.emit(events.Changed(lead=lead.id, columns=new, account=account, no_contact=withdrawn))
    after = draft.lead(lead.id)
    if after.is_held and after.owner is not None and not eligible(draft, after, after.owner):
        draft.emit(events.Reassigned(lead=lead.id, rep=after.owner, reason="mismatch"))
        reverse_credit(draft, lead.id, "mismatch")
        placing.place(draft, [lead.id], "router")


def follow_up(draft: Draft, command: commands.FollowUp) -> None:
    """Note that a rep did something; a bare note does not count."""
    lead = draft.lead(command.lead)
    evidence = draft.rules.follow.evidence
    if command.kind not in evidence:
        listed = ", ".join(evidence)
        sentence = f"{command.kind!r} is no follow-up under the rules"
        raise Denied("no_evidence", sentence, f"kinds that count: {listed}")
    rep = command.rep or (command.by if command.role == commands.REP else lead.owner)
    if rep is None or (command.role == commands.REP and rep != command.by):
        raise not_owner(command.by, lead)
    occurred = occurred_at(draft, command.occurred_at)
    mine = ownership_at(draft.book, lead.id, rep, occurred)
    if mine is None:
        raise not_owner(rep, lead)
    late = not (lead.is_held and mine.until is None)
    if late and command.role == commands.REP and command.occurred_at is None:
        raise not_owner(rep, lead)
    draft.emit(events.FollowedUp(lead=lead.id, rep=rep, evidence=command.kind, occurred_at=occurred, late=late))


def complain(draft: Draft, command: commands.Complain) -> None:
    """Note a complaint: that rep never gets the lead again, and gives it up if it is the owner."""
    lead = draft.lead(command.lead)
    rep = command.rep or lead.owner or lead.previous
    if rep is None:
        raise Denied("no_owner", f"nobody owned lead {lead.id!r}", "name the rep complained of")
    draft.rep(rep)
    if rep in lead.complained_of and lead.owner != rep:
        return
    draft.emit(events.Complained(lead=lead.id, rep=rep))
    end_complained_of(draft, draft.lead(lead.id))


def win(draft: Draft, command: commands.Win) -> None:
    """Note a win; of two outcomes the later one stands."""
    lead = draft.lead(command.lead)
    occurred = occurred_at(draft, command.occurred_at)
    rep = command.rep or (lead.owner if lead.owner is not None else lead.previous if command.role != "rep" else None)
    if command.role == commands.REP and lead.owner != command.by:
        raise not_owner(command.by, lead)
    if rep is None:
        raise Denied("no_owner", f"nobody owns lead {lead.id!r}", "name the rep who won it")
    draft.rep(rep)
    if command.value is not None and not 0 <= command.value < math.inf:
        sentence = f"a won lead is worth 0 or more; found {command.value}"
        raise Denied("bad_value", sentence, "leave it out where it is not known")
    if supersedes(draft, lead, command.occurred_at, Stage.WON, command.value):
        draft.emit(events.Won(lead=lead.id, rep=rep, occurred_at=occurred, value=command.value))


def lose(draft: Draft, command: commands.Lose) -> None:
    """Note a loss; who had the lead cools off."""
    lead = draft.lead(command.lead)
    if command.role == commands.REP and lead.owner != command.by:
        raise not_owner(command.by, lead)
    occurred = occurred_at(draft, command.occurred_at)
    if supersedes(draft, lead, command.occurred_at, Stage.LOST, None):
        cooling = cool_off(draft) if lead.owner is not None else None
        draft.emit(
            events.Lost(lead=lead.id, occurred_at=occurred, reason=command.reason, rep=lead.owner, cool_until=cooling)
        )


# ---- what several of these share


def waiting(draft: Draft, came: events.Received) -> dict[str, Any]:
    """Return for whom a lead waits and until when: for the owner of its account, if only away and back soon."""
    lead = Lead(
        id=came.lead,
        columns=came.columns,
        account=came.account,
        refused_by=frozenset(came.refused_by),
        complained_of=frozenset(came.complained_of),
    )
    found = account_owner(draft, lead)
    wait = draft.rules.sticky.wait
    denied = None if found is None else bars.why_not(draft, lead, found[1])
    if found is None or wait is None or denied is None or denied.code != "absent" or denied.until is None:
        return {}
    back_soon = denied.until <= draft.calendar.add(draft.at, wait)
    return {"waits_for": found[1].id, "waits_until": denied.until} if back_soon else {}


def stick(draft: Draft, lead: Lead) -> bool:
    """Give a lead to the owner of its account, if that rep may have it now, and return whether it did."""
    found = account_owner(draft, lead)
    if found is None or bars.why_not(draft, lead, found[1]) is not None:
        return False
    account, rep = found
    offer = draft.worths.offers([lead], [rep])[lead.id][rep.id]
    decision = {"gain": offer.gain, "chance": offer.chance, "account_of": account.lead}
    placing.give(draft, lead, rep.id, "sticky", decision=decision)
    return True


def account_owner(draft: Draft, lead: Lead) -> tuple[Account, Rep] | None:
    """Return the account of a lead and the owner of its latest lead, if the policy lets that rep have this one."""
    if lead.account is None or draft.rules.sticky.by is None:
        return None
    account = draft.book.get(Account, lead.account)
    rep = None if account is None else draft.book.get(Rep, account.owner)
    return None if account is None or rep is None or not eligible(draft, lead, rep.id) else (account, rep)


def merge(draft: Draft, leads: list[Lead]) -> None:
    """Merge open leads of one person into the one that is owned longest, else the oldest."""
    survivor = min(leads, key=lambda lead: (not lead.is_held, lead.started if lead.is_held else 0, lead.received_at))
    for lead in leads:
        if lead.id != survivor.id:
            absorb(draft, survivor.id, lead)


def absorb(draft: Draft, survivor: str, lead: Lead) -> None:
    """Let one lead take over what is known of a copy, whose holder's booking is taken back."""
    draft.emit(events.Merged(lead=lead.id, into=survivor))
    if lead.is_held:
        reverse_credit(draft, lead.id, "duplicate")
    draft.emit(
        events.Absorbed(
            lead=survivor,
            other=lead.id,
            refused_by=tuple(sorted(lead.refused_by)),
            complained_of=tuple(sorted(lead.complained_of)),
            cooling=dict(lead.cooling),
            no_contact=lead.no_contact,
            columns=lead.columns,
        )
    )
    end_complained_of(draft, draft.lead(survivor))


def end_complained_of(draft: Draft, lead: Lead) -> None:
    """Take a lead off an owner of whom its customer complained."""
    if lead.is_held and lead.owner in lead.complained_of:
        draft.emit(events.Reassigned(lead=lead.id, rep=lead.owner, reason="complaint", cool_until=cool_off(draft)))
        placing.place(draft, [lead.id], "router")


def reverse_credit(draft: Draft, lead: str, reason: str) -> None:
    """Take back what the last ownership of a lead booked, once."""
    owned = draft.book.find(Ownership, Where(lead=lead))
    last = max(owned, key=lambda one: one.begun, default=None)
    if last is not None and last.entitled and not last.reversed:
        draft.emit(events.CreditReversed(lead=lead, begun=last.begun, reason=reason))


def eligible(draft: Draft, lead: Lead, rep: str) -> bool:
    """Return whether the policy lets a rep have a lead, whatever bars there are."""
    return rep in draft.worths.offers([lead], [draft.rep(rep)]).get(lead.id, {})


def cool_off(draft: Draft) -> int | None:
    """Return until when who had a lead cools off from it; None = not at all."""
    length = draft.rules.cool_off
    return None if length is None else draft.calendar.add(draft.at, length)


def occurred_at(draft: Draft, occurred: int | None) -> int:
    """Return when something occurred: not in the future, and recorded at most a day later."""
    if occurred is None:
        return draft.at
    if occurred > draft.at:
        raise Denied("in_the_future", "it is said to have occurred in the future", "check the clock of the feed")
    if draft.at - occurred > _LATE:
        raise Denied("too_late", "it occurred more than 24 hours before it was recorded", "import it with its history")
    return occurred


def supersedes(draft: Draft, lead: Lead, occurred: int | None, stage: Stage, value: float | None) -> bool:
    """Return whether an outcome changes anything: not one that occurred before it, nor the same one said again.

    Of two that say when, the later one stands though they say the same, so that it does not matter which came first.
    """
    if lead.stage is Stage.CLOSED:
        sentence = f"lead {lead.id!r} is closed ({lead.reason})"
        raise Denied("wrong_stage", sentence, "report it of the lead that lives on, or reopen this one")
    if lead.outcome_at is None:
        return True
    if occurred is None:
        return lead.stage is not stage or lead.value != value
    return occurred > lead.outcome_at


def not_owner(rep: str, lead: Lead) -> Denied:
    """Return the denial for who does not own a lead."""
    return Denied("not_owner", f"{rep!r} does not own lead {lead.id!r}", "look at the leads that you own")


ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    commands.Receive: receive,
    commands.Change: change,
    commands.FollowUp: follow_up,
    commands.Complain: complain,
    commands.Win: win,
    commands.Lose: lose,
}
