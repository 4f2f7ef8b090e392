"""What managers do: decide reviews, give and take leads, let them rest, end them, and correct what went wrong."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.lifecycle import bars, commands, events, placing
from leadopt.lifecycle.acts.by_feeds import absorb, cool_off, eligible, reverse_credit
from leadopt.lifecycle.acts.by_reps import BAD_LEAD
from leadopt.lifecycle.acts.moving import hand_over
from leadopt.lifecycle.acts.undoing import undo
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.records import Lead, Rep, Review
from leadopt.lifecycle.stages import Stage, Via

SHARED = ("leads", "value", "hot")  # what credit is kept of


# ---- reviews


def approve(draft: Draft, command: commands.Approve) -> None:
    """Give a lead to the rep proposed, or to another one; a proposal that is no longer allowed is replaced."""
    lead, review = _in_review(draft, command.lead)
    if command.to is not None:
        _name(draft, lead, review, command.to, command.override)
    elif review.rep is None:
        raise Denied("no_proposal", f"nobody is proposed for lead {lead.id!r}", "name a rep: to=")
    else:
        draft.emit(events.ReviewEnded(lead=lead.id, how="approved"))
        go_on(draft, draft.lead(lead.id), review, override=command.override)


def go_on(draft: Draft, lead: Lead, review: Review, *, override: str | None = None) -> None:
    """Give a lead whose review has ended to the rep proposed, if that rep may still have it, else to the best other."""
    rep = None if review.rep is None else draft.rep(review.rep)
    if rep is None or why_not(draft, lead, rep, override) is not None:
        placing.place(draft, [lead.id], Via.REVIEW, reviewed=True)
    else:
        via = Via.CLAIM if review.offer.get("claim") else Via.REVIEW
        _give(draft, lead, rep, via, review.offer, override)


def decline(draft: Draft, command: commands.Decline) -> None:
    """Put a lead that a manager does not agree with into the pool."""
    lead, _ = _in_review(draft, command.lead)
    _known_pool(draft, command.pool)
    draft.emit(events.ReviewEnded(lead=lead.id, how="declined", reason=command.reason))
    placing.to_pool(draft, draft.lead(lead.id), "declined", pool=command.pool)


def _in_review(draft: Draft, lead: str) -> tuple[Lead, Review]:
    """Return a lead with what a manager is asked about it, or deny."""
    found = draft.lead(lead)
    if found.stage is not Stage.REVIEW or found.review is None:
        sentence = f"lead {lead!r} is not under review: it is {found.stage}"
        raise Denied("wrong_stage", sentence, "look at the reviews again")
    return found, found.review


def _name(draft: Draft, lead: Lead, review: Review, to: str, override: str | None) -> None:
    """Give a lead under review to the rep that the manager names."""
    how = "approved" if to == review.rep else "changed"
    draft.emit(events.ReviewEnded(lead=lead.id, how=how, reason=override))
    after, rep = draft.lead(lead.id), draft.rep(to)
    _check(draft, after, rep, override)
    decision = {**placing.explained_now(draft, after, rep), **_cost(review, rep.id)}
    _give(draft, after, rep, Via.REVIEW, decision, override)


def _cost(review: Review, rep: str) -> dict[str, Any]:
    """Return what it costs to name another rep than the plan, as far as the plan has told it."""
    costs = review.offer.get("costs")
    told = costs.get(rep) if isinstance(costs, Mapping) and rep != review.rep else None
    return {} if told is None else {"cost": told}


# ---- leads go from hand to hand


def assign(draft: Draft, command: commands.AssignTo) -> None:
    """Give a lead that nobody owns to a rep."""
    lead, rep = draft.lead(command.lead), draft.rep(command.to)
    if lead.is_held and lead.owner == rep.id:
        return
    if lead.stage is Stage.REVIEW and lead.review is not None:
        _name(draft, lead, lead.review, rep.id, command.override)
        return
    if lead.stage not in (Stage.NEW, Stage.POOL):
        remedy = (
            "transfer it" if lead.is_held else "unpark it first" if lead.stage is Stage.PARKED else "reopen it first"
        )
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}", remedy)
    _check(draft, lead, rep, command.override)
    decision = placing.explained_now(draft, lead, rep)
    _give(draft, lead, rep, Via.TRANSFER, decision, command.override)


def transfer(draft: Draft, command: commands.Transfer) -> None:
    """Give a lead of one rep to another, who has a full period; the old one cools off, and credit moves."""
    lead, rep = draft.lead(command.lead), draft.rep(command.to)
    if not lead.is_held or lead.owner is None:
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}: nobody owns it", "assign it")
    if lead.owner == rep.id:
        return
    _check(draft, lead, rep, command.override)
    reason, cooling = command.reason, cool_off(draft)
    draft.emit(events.Transferred(lead=lead.id, rep=lead.owner, reason=reason, cool_until=cooling))
    reverse_credit(draft, lead.id, "transfer")
    after = draft.lead(lead.id)
    decision = placing.explained_now(draft, after, rep)
    _give(draft, after, rep, Via.TRANSFER, decision, command.override)


def relieve(draft: Draft, command: commands.Relieve) -> None:
    """Take leads that are not followed up yet off a rep, as far as others have room."""
    rep = draft.rep(command.rep)
    if command.most is not None and command.most < 0:
        raise Denied("bad_value", f"most must be 0 or more; found {command.most}", "leave it out for all")
    leads = draft.book.find(Lead, Where(owner=rep.id, stage=Stage.ASSIGNED))
    hand_over(draft, leads, rep.id, "overload", most=command.most)


def pool(draft: Draft, command: commands.Pool) -> None:
    """Put a lead that nobody owns into a pool; where it is there already, its embargo goes on."""
    lead = draft.lead(command.lead)
    _known_pool(draft, command.pool)
    if lead.stage not in (Stage.NEW, Stage.REVIEW, Stage.POOL):
        remedy = "its owner releases it" if lead.is_held else "unpark it first" if lead.is_open else "reopen it first"
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}", remedy)
    if lead.stage is Stage.POOL and command.pool in (None, lead.pool):
        return
    placing.to_pool(draft, lead, "by_manager", pool=command.pool)


def _give(draft: Draft, lead: Lead, rep: Rep, via: str, decision: Mapping[str, Any], override: str | None) -> None:
    """Give a lead by a manager's word; where an override passes nothing, it is the reason and no override."""
    passes = override is not None and bars.why_not(draft, lead, rep) is not None
    told = decision if override is None or passes else {**decision, "reason": override}
    placing.give(draft, lead, rep.id, via, decision=told, override=override if passes else None)


def _check(draft: Draft, lead: Lead, rep: Rep, override: str | None) -> None:
    denied = why_not(draft, lead, rep, override)
    if denied is not None:
        raise denied


def why_not(draft: Draft, lead: Lead, rep: Rep, override: str | None) -> Denied | None:
    """Return why a rep does not get a lead from a manager; an override with its reason passes caps and cool-off."""
    if override is not None and not override.strip():
        return Denied("no_reason", "an override needs a reason", "say why, by a code")
    denied = bars.why_not(draft, lead, rep, override=override is not None)
    if denied is None and not eligible(draft, lead, rep.id):
        sentence = f"the policy does not let rep {rep.id!r} have lead {lead.id!r}"
        return Denied("not_eligible", sentence, "name another rep")
    return denied


def _known_pool(draft: Draft, name: str | None) -> None:
    try:
        if name is not None:
            draft.rules.pool_named(name)
    except InvalidInput as error:
        raise Denied("not_found", str(error), "name a pool of the rules") from None


# ---- leads rest and end


def park(draft: Draft, command: commands.Park) -> None:
    """Let a lead rest until a moment: no route reaches it, and it comes back by itself."""
    lead = draft.lead(command.lead)
    if not lead.is_open or lead.stage is Stage.PARKED:
        remedy = "unpark it first" if lead.is_open else "reopen it first"
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}", remedy)
    _check_future(draft, command.until, "a lead is parked until a moment in the future")
    draft.emit(events.Parked(lead=lead.id, until=command.until, reason=command.reason))


def unpark(draft: Draft, command: commands.Unpark) -> None:
    """Look at a parked lead before its date."""
    lead = draft.lead(command.lead)
    if lead.stage is not Stage.PARKED:
        raise Denied("wrong_stage", f"lead {lead.id!r} is not parked: it is {lead.stage}", "look at the lead again")
    draft.emit(events.Unparked(lead=lead.id))


def protect(draft: Draft, command: commands.Protect) -> None:
    """Keep a lead from idle recall until a moment; the first follow-up is due all the same."""
    lead = draft.lead(command.lead)
    if not lead.is_held:
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}: nobody owns it", "assign it first")
    if draft.rules.protect.max is None:
        raise Denied("off", "leads are not protected under these rules", "set protect.max in the rules")
    _check_future(draft, command.until, "a lead is protected until a moment in the future")
    most = draft.calendar.add(draft.at, draft.rules.protect.max)
    if command.until > most:
        raise Denied("too_long", f"protection lasts {draft.rules.protect.max} at most", "name an earlier moment", most)
    if command.until != lead.protected_until:
        draft.emit(events.Protected(lead=lead.id, until=command.until))


def _check_future(draft: Draft, until: int, sentence: str) -> None:
    if until <= draft.at:
        raise Denied("in_the_past", sentence, "name a later moment")


def merge(draft: Draft, command: commands.Merge) -> None:
    """Let another lead take over what is known of a copy, whose holder's credit is given back."""
    copy, survivor = draft.lead(command.lead), draft.lead(command.into)
    if copy.merged_into == survivor.id:
        return
    if copy.id == survivor.id:
        raise Denied("same_lead", f"lead {copy.id!r} is no copy of itself", "name the lead that lives on")
    for lead in (copy, survivor):
        if not lead.is_open:
            raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}: open leads are merged", "reopen it first")
    absorb(draft, survivor.id, copy)


def close(draft: Draft, command: commands.Close) -> None:
    """End a lead without an outcome; who gave it back as a bad one has the credit back."""
    lead = draft.lead(command.lead)
    if lead.stage is Stage.CLOSED:
        return
    if not lead.is_open:
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage}", "reopen it first")
    draft.emit(events.Closed(lead=lead.id, reason=command.reason))
    if lead.review is not None and lead.review.rule == BAD_LEAD:
        reverse_credit(draft, lead.id, "bad_lead")


def reopen(draft: Draft, command: commands.Reopen) -> None:
    """Open a lead again: back to its last owner, if present, unbarred and with room, else it is new."""
    lead = draft.lead(command.lead)
    if lead.is_open:
        raise Denied("wrong_stage", f"lead {lead.id!r} is open: it is {lead.stage}", "look at the lead again")
    if lead.reason in ("erased", "merged"):
        remedy = f"look at lead {lead.merged_into!r}" if lead.merged_into is not None else ""
        raise Denied(lead.reason, f"lead {lead.id!r} is {lead.reason}: that is for good", remedy)
    draft.emit(events.Reopened(lead=lead.id))
    last = lead.owner or lead.previous
    rep = None if last is None else draft.book.get(Rep, last)
    after = draft.lead(lead.id)
    if rep is not None and why_not(draft, after, rep, None) is None:
        reverse_credit(draft, lead.id, "reopened")  # it was booked when the rep got it first
        placing.give(draft, after, rep.id, Via.REOPEN, decision=placing.explained_now(draft, after, rep))


# ---- corrections


def lift_bar(draft: Draft, command: commands.LiftBar) -> None:
    """Let a rep have a lead again that it refused, that its customer complained of, or that it cools off from."""
    lead, rep = draft.lead(command.lead), draft.rep(command.rep).id
    if rep in lead.refused_by or rep in lead.complained_of or lead.cooling.get(rep, 0) > draft.at:
        draft.emit(events.BarLifted(lead=lead.id, rep=rep))


def adjust_credit(draft: Draft, command: commands.AdjustCredit) -> None:
    """Correct what a rep is owed, against the house."""
    rep = draft.rep(command.rep)
    if rep.left_at is not None:
        raise Denied("left", f"rep {rep.id!r} has left: the house has its credit", "name a rep who is here")
    if command.of not in SHARED:
        raise Denied("bad_value", f"credit is kept of {', '.join(SHARED)}; found {command.of!r}", "name one of these")
    if not math.isfinite(command.amount):
        raise Denied("bad_value", f"credit is a number; found {command.amount}", "say how much")
    if command.amount:
        amount = float(command.amount)
        draft.emit(events.CreditBooked(rep=rep.id, of=command.of, amount=amount, reason=command.reason))


ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    commands.Approve: approve,
    commands.Decline: decline,
    commands.AssignTo: assign,
    commands.Transfer: transfer,
    commands.Relieve: relieve,
    commands.Pool: pool,
    commands.Park: park,
    commands.Unpark: unpark,
    commands.Protect: protect,
    commands.Merge: merge,
    commands.Close: close,
    commands.Reopen: reopen,
    commands.LiftBar: lift_bar,
    commands.AdjustCredit: adjust_credit,
    commands.Undo: undo,
}
