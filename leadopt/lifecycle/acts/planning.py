"""A plan is applied lead by lead: what changed since it was made is skipped, with why, and it goes on after a crash."""

import math

from leadopt.lifecycle import bars, commands, events, placing
from leadopt.lifecycle.acts.by_feeds import eligible
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.events import frozen
from leadopt.lifecycle.records import Lead, State
from leadopt.lifecycle.stages import Stage, Via


def start_plan(draft: Draft, command: commands.StartPlan) -> None:
    """Note that a plan is about to be applied; where it was begun and not finished, it goes on."""
    desk = draft.book.get(State, "desk") or State()
    if desk.plan != command.plan:
        facts = frozen(command.facts)
        draft.emit(events.PlanMade(plan=command.plan, leads=command.leads, placed=command.placed, facts=facts))


def apply_planned(draft: Draft, command: commands.ApplyPlanned) -> None:
    """Give a lead to the rep of a plan, or to nobody, if both are still as the plan saw them."""
    lead = draft.lead(command.lead)
    if lead.stage not in (Stage.NEW, Stage.POOL):
        raise Denied("wrong_stage", f"lead {lead.id!r} is {lead.stage} by now", "plan again")
    if placing.waits(draft, lead):
        sentence = f"lead {lead.id!r} waits for the owner of its account"
        raise Denied("waiting", sentence, "plan again when that rep is back", lead.waits_until)
    if command.rep is None:
        _to_nobody(draft, lead, command)
    else:
        _to_rep(draft, lead, command, command.rep)


def _to_rep(draft: Draft, lead: Lead, command: commands.ApplyPlanned, name: str) -> None:
    """Give a lead to the rep of a plan, or propose it where rules ask a manager first."""
    rep = draft.rep(name)
    denied = bars.why_not(draft, lead, rep)
    if denied is not None:
        raise denied
    if not eligible(draft, lead, rep.id):
        raise Denied("not_eligible", f"the policy does not let rep {rep.id!r} have lead {lead.id!r}", "plan again")
    decision = frozen({**command.decision, "plan": command.plan})
    rule = placing.review_rule(draft, lead)
    if rule is not None:
        placing.to_review(draft, lead, rule, rep.id, decision)
        return
    _check_booking(command)
    shares = {"entitled": frozen(command.entitled), "received": frozen(command.received)}
    draft.emit(events.Assigned(lead=lead.id, rep=rep.id, via=Via.PLAN, decision=decision, **shares))


def _to_nobody(draft: Draft, lead: Lead, command: commands.ApplyPlanned) -> None:
    """Leave a lead where it is, or put a new one into the pool if the plan says why nobody gets it."""
    reps = draft.reps()
    offers = draft.worths.offers([lead], reps).get(lead.id, {})
    if placing.nobody_left(draft, lead, reps, offers):
        placing.to_review(draft, lead, placing.NOBODY_LEFT, None, placing.explained(draft, lead, None, reps, offers))
    elif command.why is not None and lead.stage is Stage.NEW:
        placing.to_pool(draft, lead, command.why, pool=command.pool)


def _check_booking(command: commands.ApplyPlanned) -> None:
    """Deny shares that do not add up: credit would come from nothing."""
    if not command.entitled:
        return
    for of, amount in command.received.items():
        shares = sum(command.entitled.get(of, {}).values())
        if not math.isclose(shares, amount, rel_tol=1e-9, abs_tol=1e-9):
            sentence = f"of {of}, {shares:g} is booked as entitled and {amount:g} as received"
            raise Denied("unbalanced", sentence, "make them equal")


def finish_plan(draft: Draft, command: commands.FinishPlan) -> None:
    """Note that all of a plan was applied, once."""
    desk = draft.book.get(State, "desk") or State()
    if desk.plan == command.plan:
        facts = {"applied": command.applied, "skipped": command.skipped}
        draft.emit(events.PlanApplied(plan=command.plan, **facts))
