"""What reps do with their own leads and pools: refuse, release, claim."""

from collections.abc import Callable
from typing import Any

from leadopt.lifecycle import bars, commands, events, placing
from leadopt.lifecycle.acts.by_feeds import cool_off, eligible, not_owner
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.records import Lead, Rep
from leadopt.lifecycle.stages import Stage, Via

BAD_LEAD = "bad lead"


def refuse(draft: Draft, command: commands.Refuse) -> None:
    """Take a lead from a rep who does not want it: never back to that rep, and at once to whom it is worth most."""
    lead = _own(draft, command.lead, command.by)
    if lead.stage is not Stage.ASSIGNED:
        sentence = f"lead {lead.id!r} was followed up: it can be released, not refused"
        raise Denied("wrong_stage", sentence, "release it")
    if lead.via == Via.CLAIM:
        raise Denied("wrong_stage", f"lead {lead.id!r} was claimed: it is given back, not refused", "release it")
    draft.emit(events.Refused(lead=lead.id, rep=command.by, reason=command.reason))
    if command.reason in draft.rules.credit.bad_lead_reasons:
        placing.to_review(draft, lead, BAD_LEAD, None, {"reason": command.reason, "rep": command.by})
    else:
        placing.place(draft, [lead.id], "router")


def release(draft: Draft, command: commands.Release) -> None:
    """Take a lead from a rep who gives it back: into a pool, and a bad one to a manager."""
    lead = _own(draft, command.lead, command.by)
    rep = draft.rep(command.by)
    if command.pool is not None and command.pool not in draft.rules.pools_of(rep.team, rep.tags):
        mine = ", ".join(draft.rules.pools_of(rep.team, rep.tags)) or "none"
        raise Denied("not_in_pool", f"rep {rep.id!r} is not in pool {command.pool!r}", f"pools of the rep: {mine}")
    draft.emit(events.Released(lead=lead.id, rep=rep.id, reason=command.reason, cool_until=cool_off(draft)))
    after = draft.lead(lead.id)
    if command.reason in draft.rules.credit.bad_lead_reasons:
        placing.to_review(draft, after, BAD_LEAD, None, {"reason": command.reason, "rep": rep.id})
    elif placing.review_rule(draft, after) == placing.RETURNED:
        placing.place(draft, [lead.id], "router")
    else:
        placing.to_pool(draft, after, "released", pool=command.pool)


def claim(draft: Draft, command: commands.Claim) -> None:
    """Give a lead of a pool to who claims it: a member, embargo over, no bar, room, claims left today."""
    lead, rep = draft.lead(command.lead), draft.rep(command.by)
    if lead.stage is not Stage.POOL or lead.pool is None:
        if lead.is_held and lead.owner == rep.id:
            return
        where = " any more" if lead.is_held else f": it is {lead.stage}"
        raise Denied("not_in_pool", f"lead {lead.id!r} is not in a pool{where}", "look at the pool again")
    if lead.pool not in draft.rules.pools_of(rep.team, rep.tags):
        raise Denied("not_in_pool", f"rep {rep.id!r} is not in pool {lead.pool!r}", "a manager sets who is in it")
    if lead.embargo_until is not None and lead.embargo_until > draft.at:
        raise Denied("embargo", f"lead {lead.id!r} may not be claimed yet", "wait", lead.embargo_until)
    denied = bars.why_not(draft, lead, rep)
    if denied is not None:
        raise denied
    if not eligible(draft, lead, rep.id):
        raise Denied("not_eligible", f"the policy does not let rep {rep.id!r} have lead {lead.id!r}", "claim another")
    _check_claims(draft, rep)
    rule = placing.review_rule(draft, lead)
    decision = placing.explained_now(draft, lead, rep)
    if rule is not None:
        placing.to_review(draft, lead, rule, rep.id, {**decision, "claim": True})
    else:
        placing.give(draft, lead, rep.id, "claim", decision=decision)


def _check_claims(draft: Draft, rep: Rep) -> None:
    """Deny a claim beyond those of the day, counting those under review."""
    most = claims_per_day(draft, rep)
    if most is None:
        return
    claimed = rep.on(str(draft.calendar.day(draft.at)))[1] + _claims_under_review(draft, rep)
    if claimed >= most:
        sentence = f"rep {rep.id!r} made {claimed} of {most} claims today"
        raise Denied("no_claims_left", sentence, "wait until tomorrow", draft.calendar.next_midnight(draft.at))


def _claims_under_review(draft: Draft, rep: Rep) -> int:
    """Return how many claims of a rep from today a manager has yet to look at."""
    today = draft.calendar.day(draft.at)
    asked = (lead.review for lead in draft.book.find(Lead, Where(stage=Stage.REVIEW)) if lead.review is not None)
    mine = (one for one in asked if one.rep == rep.id and one.offer.get("claim"))
    return sum(draft.calendar.day(one.asked_at) == today for one in mine)


def claims_per_day(draft: Draft, rep: Rep) -> int | None:
    """Return how many claims a rep has a day, by rules and conduct; None = no limit."""
    most = draft.rules.claim.per_day
    in_force = [one for one in draft.conduct(rep.id) if one.holds(draft.at)]
    least = [one.claims_per_day for one in in_force if one.kind == "restrict" and one.claims_per_day is not None]
    more = sum(one.claims_per_day or 0 for one in in_force if one.kind == "reward")
    if least:
        return min([*least, *([] if most is None else [most])])
    return None if most is None else most + more


def _own(draft: Draft, lead: str, rep: str) -> Lead:
    """Return a lead that a rep has, or deny."""
    found = draft.lead(lead)
    if found.owner != rep or not found.is_held:
        raise not_owner(rep, found)
    return found


ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    commands.Refuse: refuse,
    commands.Release: release,
    commands.Claim: claim,
}
