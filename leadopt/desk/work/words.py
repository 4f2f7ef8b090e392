"""What happened, in words: one sentence for each kind of event, by random ids that `Names.told` puts into names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from leadopt.desk.log.moments import in_zone, moment_of
from leadopt.lifecycle import events
from leadopt.lifecycle.calendar import Calendar
from leadopt.lifecycle.events import Event
from leadopt.tables.text import count

When = Callable[[int], str]

_ROUTES = {
    "plan": "by the plan",
    "router": "as it is worth most there now",
    "sticky": "as its account is that rep's",
    "review": "as a manager approved",
    "claim": "who claimed it out of the pool",
    "transfer": "as a manager says",
    "import": "as another system had it",
    "reopen": "who had it last",
}
_BARRED = {
    "refused": "refused it before",
    "complained": "the customer complained of",
    "cooling": "had it and cools off",
    "left": "left",
    "absent": "away",
    "full": "full",
    "day_full": "got their leads of the day",
    "restricted": "get no new leads for now",
    "not_eligible": "not eligible by the policy",
}
_WHY_POOLED = {
    "no_room": "nobody who may have it has room",
    "released": "it was given back",
    "recalled": "it was taken back",
    "declined": "a manager declined",
    "by_manager": "a manager says so",
    "timed_out": "nobody decided in time",
}
_TAKEN = {
    "leave": "who is away",
    "left": "who has left",
    "mismatch": "who may no longer have it by the policy",
    "complaint": "of whom the customer complained",
    "overload": "who has too much to do",
}


_NOTES = {"owner_unknown": "its owner is no rep here", "owner_gone": "its owner has left"}


def when_in(calendar: Calendar) -> When:
    """Return how a moment is told in the zone of a calendar: "Mon 2026-11-30 09:00"."""
    return lambda at: in_zone(moment_of(at), calendar.zone)


def what_happened(happened: Sequence[Event], calendar: Calendar) -> str:
    """Return what a command made happen: its first event, and where its lead went from there, or whose copy it is."""
    when, first = when_in(calendar), happened[0]
    went = [one for one in happened[1:] if isinstance(one, _GOES) and one.subject == first.subject]
    others = len({one.subject for one in happened if isinstance(one, _GOES)} - {first.subject})
    told = [sentence(first, when), *(sentence(one, when) for one in went[-1:])]
    moved = count(others, "other lead" if hasattr(first, "lead") else "lead")  # a rep is no lead
    return " ".join([*told, *([f"{moved} moved."] if others and not went else [])])


_GOES = (events.Assigned, events.Pooled, events.ReviewAsked, events.Merged)


def sentence(event: Event, when: When) -> str:
    """Return what happened in one sentence.

    Parameters
    ----------
    event
        of any kind
    when
        how a moment is told
    """
    return _OF[type(event)](event, when)


def _received(event: events.Received, when: When) -> str:
    known = count(len(event.linked), "earlier lead")
    return f"Lead {event.lead} came in" + (f"; the same person had {known}." if event.linked else ".")


def _imported(event: events.Imported, when: When) -> str:
    whose = f" with {event.owner}" if event.owner else ""
    said = f"; {_NOTES.get(event.note, event.note)}" if event.note else ""
    return f"Lead {event.lead} was taken over from another system as {event.stage}{whose}{said}."


def _changed(event: events.Changed, when: When) -> str:
    what = [*event.columns, *(["account"] if event.account else []), *(["consent"] if event.no_contact else [])]
    return f"Lead {event.lead} changed in {', '.join(what)}."


def _asked(event: events.ReviewAsked, when: When) -> str:
    whom = f"; {event.rep} is proposed" if event.rep else ""
    return f'A manager is asked about lead {event.lead} (rule "{event.rule}"){whom}.'


def _review_ended(event: events.ReviewEnded, when: When) -> str:
    said = f" ({event.reason})" if event.reason else ""
    return f"The question about lead {event.lead} is closed: {event.how.replace('_', ' ')}{said}."


def _assigned(event: events.Assigned, when: When) -> str:
    route = _ROUTES.get(event.via, f"by {event.via}")
    passed = f"; the manager passed caps or a cool-off ({event.override})" if event.override else ""
    reason = f" ({event.decision['reason']})" if event.decision.get("reason") else ""
    return f"Lead {event.lead} goes to {event.rep}, {route}{passed}{reason}."


def _pooled(event: events.Pooled, when: When) -> str:
    embargo = f", to be claimed from {when(event.embargo_until)}" if event.embargo_until else ""
    why = _WHY_POOLED.get(event.why, event.why.replace("_", " "))
    return f"Lead {event.lead} is in pool {event.pool}{embargo}: {why}."


def _with_reason(event: Any) -> str:
    return f" ({event.reason})" if event.reason else ""


def _cools(event: Any, when: When) -> str:
    return f"; no return before {when(event.cool_until)}" if event.cool_until else ""


def _recalled(event: events.Recalled, when: When) -> str:
    due = f" that was due {when(event.due)}" if event.due else ""
    which = "first" if event.reason == "first" else "next"
    return f"Lead {event.lead} was taken back from {event.rep}: no {which} follow-up{due}{_cools(event, when)}."


def _reassigned(event: events.Reassigned, when: When) -> str:
    why = f", {_TAKEN[event.reason]}" if event.reason in _TAKEN else _with_reason(event)
    return f"Lead {event.lead} was taken off {event.rep}{why}{_cools(event, when)}."


def _followed_up(event: events.FollowedUp, when: When) -> str:
    late = "; that ownership had ended" if event.late else ""
    return f"{event.rep} followed lead {event.lead} up by {event.evidence} at {when(event.occurred_at)}{late}."


def _won(event: events.Won, when: When) -> str:
    worth = f" for {event.value:,g}" if event.value is not None else ""
    return f"{event.rep} won lead {event.lead}{worth} at {when(event.occurred_at)}."


def _lost(event: events.Lost, when: When) -> str:
    whose = f" with {event.rep}" if event.rep else ""
    return f"Lead {event.lead} was lost{whose} at {when(event.occurred_at)} ({event.reason})."


def _undone(event: events.Undone, when: When) -> str:
    stage = event.restored.get("stage", "before")
    return f"Event {event.of} was taken back: lead {event.lead} is {stage} as before."


def _rep_set(event: events.RepSet, when: When) -> str:
    room = "no limit of open leads" if event.max_open is None else f"at most {count(event.max_open, 'open lead')}"
    team = f", team {event.team}" if event.team else ""
    return f"Rep {event.rep} was set: {room}{team}."


def _absence(event: events.AbsenceSet, when: When) -> str:
    if event.cancelled:
        return f"Rep {event.rep} is not away from {when(event.start)} after all."
    return f"Rep {event.rep} is away from {when(event.start)} to {when(event.end)}."


def _conduct_set(event: events.ConductSet, when: When) -> str:
    does = [f"entitlement x {event.entitlement:g}"] if event.entitlement != 1.0 else []
    does += [f"claims a day {event.claims_per_day:+d}"] if event.claims_per_day else []
    does += ["no claims"] if event.claims_per_day == 0 else []
    does += ["no new leads"] if event.no_new_leads else []
    said = ", ".join(does) or "nothing"
    figures = ", ".join(f"{name} {_figure(value)}" for name, value in event.figures.items())
    kind = "Reward" if event.effect == "reward" else "Restriction"
    return f'{kind} "{event.rule}" for {event.rep} from {when(event.starts_at)}: {said} ({figures}).'


def _figure(value: Any) -> str:
    return "unknown" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _booked(event: events.CreditBooked, when: When) -> str:
    return f"Credit of {event.rep} changed by {event.amount:+.3g} {event.of} against the house ({event.reason})."


def _told(event: events.Told, when: When) -> str:
    counts = ", ".join(f"{number:,} {stage}" for stage, number in event.leads.items()) or "none"
    return f"Managers heard of open leads that no period runs for: {counts}."


def _plan_made(event: events.PlanMade, when: When) -> str:
    return f"Plan {event.plan} places {event.placed:,} of {count(event.leads, 'lead')}."


def _plan_applied(event: events.PlanApplied, when: When) -> str:
    skipped = f"; {event.skipped:,} had changed and were left out" if event.skipped else ""
    return f"Plan {event.plan} was applied to {count(event.applied, 'lead')}{skipped}."


_OF: Mapping[type[Event], Callable[[Any, When], str]] = {
    events.Received: _received,
    events.Imported: _imported,
    events.Changed: _changed,
    events.Merged: lambda one, when: f"Lead {one.lead} is a copy of lead {one.into}, which lives on.",
    events.Absorbed: lambda one, when: f"Lead {one.lead} took over what was known of its copy {one.other}.",
    events.ReviewAsked: _asked,
    events.ReviewEnded: _review_ended,
    events.Assigned: _assigned,
    events.Pooled: _pooled,
    events.Unpooled: lambda one, when: f"Lead {one.lead} left the pool unclaimed.",
    events.Refused: lambda one, when: f"{one.rep} refused lead {one.lead}{_with_reason(one)} and never gets it again.",
    events.Released: lambda one, when: f"{one.rep} gave lead {one.lead} back{_with_reason(one)}{_cools(one, when)}.",
    events.Recalled: _recalled,
    events.Reassigned: _reassigned,
    events.Transferred: lambda one, when: (
        f"A manager took lead {one.lead} from {one.rep} for somebody else{_with_reason(one)}{_cools(one, when)}."
    ),
    events.FollowedUp: _followed_up,
    events.Reminded: lambda one, when: (
        f"{one.rep} was reminded of the {one.what} follow-up of lead {one.lead}, due {when(one.due)}."
    ),
    events.Escalated: lambda one, when: (
        f"{one.rep} and the manager were told that the {one.what} follow-up of lead {one.lead} was due {when(one.due)}."
    ),
    events.Complained: lambda one, when: (
        f"The customer of lead {one.lead} complained of {one.rep}, who never gets it again."
    ),
    events.Protected: lambda one, when: f"A manager keeps lead {one.lead} from idle recall until {when(one.until)}.",
    events.BarLifted: lambda one, when: f"A manager lets {one.rep} have lead {one.lead} again.",
    events.Parked: lambda one, when: f"Lead {one.lead} rests until {when(one.until)}{_with_reason(one)}.",
    events.Unparked: lambda one, when: f"Lead {one.lead} is looked at again after it was parked.",
    events.Won: _won,
    events.Lost: _lost,
    events.Reopened: lambda one, when: f"Lead {one.lead} is open again.",
    events.Closed: lambda one, when: f"Lead {one.lead} was closed without an outcome{_with_reason(one)}.",
    events.Erased: lambda one, when: f"What tells whose lead {one.lead} was is gone.",
    events.Undone: _undone,
    events.RepSet: _rep_set,
    events.RepLeft: lambda one, when: f"Rep {one.rep} left and gets nothing any more.",
    events.RepReturned: lambda one, when: f"Rep {one.rep} is here again.",
    events.RepRenamed: lambda one, when: f"Rep {one.rep} was called otherwise before.",
    events.AbsenceSet: _absence,
    events.AbsenceBegan: lambda one, when: f"An absence of {one.rep} began: what cannot wait was given to others.",
    events.ConductSet: _conduct_set,
    events.ConductEnded: lambda one, when: f'"{one.rule}" no longer holds for {one.rep}.',
    events.CreditBooked: _booked,
    events.CreditReversed: lambda one, when: (
        f"What was booked in credit for lead {one.lead} by event {one.begun} was taken back{_with_reason(one)}."
    ),
    events.Opened: lambda one, when: f"The desk was opened with leadopt {one.leadopt}.",
    events.RulesSet: lambda one, when: (
        f"A file of rules ({one.fingerprint[:8]}) is in force from {when(one.starts_at)}."
    ),
    events.PolicySet: lambda one, when: f"A policy ({one.fingerprint[:8]}) is in force.",
    events.PlanMade: _plan_made,
    events.PlanApplied: _plan_applied,
    events.Told: _told,
    events.DayBegan: lambda one, when: f"The first run of {one.day}: conduct was looked at.",
    events.Resumed: lambda one, when: (
        f"Nothing had run since {when(one.last_run)}: nobody is recalled before {when(one.hold_until)}."
    ),
}


def details(event: Event) -> list[str]:
    """Return what a decision rests on, line by line: the choice, who came next, who was barred, its cost."""
    facts: Mapping[str, Any] = getattr(event, "decision", None) or getattr(event, "offer", None) or {}
    lines = list(_chosen(facts))
    lines += [_next(one) for one in facts.get("next", ())]
    barred = facts.get("barred") or {}
    if barred:
        lines.append("Barred: " + ", ".join(f"{n} {_BARRED.get(why, why)}" for why, n in sorted(barred.items())) + ".")
    lines += _others(facts)
    override = getattr(event, "override", None)
    return [*lines, *([f"Override: {override}."] if override else [])]


def _chosen(facts: Mapping[str, Any]) -> Iterable[str]:
    if facts.get("gain") is not None:
        chance = f", chance {facts['chance']:.1%}" if facts.get("chance") is not None else ""
        price = f", price of a slot {facts['price']:,.4g}" if facts.get("price") is not None else ""
        yield f"Expected gain {facts['gain']:,.4g}{chance}{price}."
    if isinstance(facts.get("cost"), Mapping):
        yield f"Beside the plan it costs {_cost(facts['cost'])}."
    if facts.get("certificate") is not None:
        yield _certificate(facts["certificate"])
    if facts.get("before") is not None and facts.get("gain") is not None:
        before = facts["before"]
        brings = facts["gain"] - before["gain"]
        yield f"With {before['rep']}, who had it, it was worth {before['gain']:,.4g}: moving brings {brings:+,.4g}."
    if facts.get("account_of") is not None:
        yield f"Its account was last served in lead {facts['account_of']}."


def _cost(told: Mapping[str, Any]) -> str:
    least, most = told.get("at_least"), told.get("at_most")
    if least is None and most is None:
        return "more than any plan allows" if told.get("exact") else "nobody knows how much"
    if told.get("exact") or least is None:
        return f"{'' if told.get('exact') else 'at most '}{most if least is None else least:,.4g}"
    return f"at least {least:,.4g}" + ("" if most is None else f", at most {most:,.4g}")


def _certificate(told: Mapping[str, Any]) -> str:
    if told["status"] in ("OPTIMAL", "SOLVED"):
        return f"Its plan, worth {told['objective']:,.4g}, is proven best."
    return f"Its plan is worth {told['objective']:,.4g}, at most {told['gap']:.2%} below the best."


def _next(one: Mapping[str, Any]) -> str:
    gain = f" (gain {one['gain']:,.4g})" if one.get("gain") is not None else ""
    why = str(one.get("why", "worth less"))
    cost = one.get("cost")
    moving = f"; with {one['rep']} the plan would be worth {cost:,.4g} less" if cost else ""
    return f"Next was {one['rep']}{gain}: {_BARRED.get(why, why)}{moving}."


_KNOWN = {"gain", "chance", "price", "next", "barred", "account_of", "costs", "certificate"}


def _others(facts: Mapping[str, Any]) -> Iterable[str]:
    """Yield what else a decision holds: plan, model, cost, certificate."""
    for name, value in sorted(facts.items()):
        if name not in _KNOWN and value is not None and not isinstance(value, Mapping):
            yield f"{name.replace('_', ' ').capitalize()}: {_figure(value)}."
