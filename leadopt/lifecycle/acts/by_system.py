"""What happens by itself: leads are placed, deadlines fire, absences and days begin, runs go on after a gap."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from leadopt.lifecycle import commands, conduct, events, placing
from leadopt.lifecycle.acts.by_feeds import cool_off, stick
from leadopt.lifecycle.acts.by_managers import go_on
from leadopt.lifecycle.acts.moving import hand_over
from leadopt.lifecycle.acts.planning import apply_planned, finish_plan, start_plan
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.calendar import Duration
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.due import Due, deadline, due_of, timing
from leadopt.lifecycle.records import Absence, Lead, State
from leadopt.lifecycle.stages import HELD, Stage

_DAY = Duration(1, "days")
_POSSIBLY_QUIET = (Stage.NEW, Stage.REVIEW, Stage.POOL, Stage.PARKED, *sorted(HELD))


def place(draft: Draft, command: commands.Place) -> None:
    """Give leads that nobody owns to the reps to whom they are worth most now; what has moved on meanwhile is left."""
    leads = [draft.lead(lead) for lead in dict.fromkeys(command.leads)]
    free = [lead.id for lead in leads if lead.stage in (Stage.NEW, Stage.POOL)]
    placing.place(draft, free, command.via)


# ---- what is due


def fire(draft: Draft, command: commands.Fire) -> None:
    """Let what is due of one lead happen, if it still is."""
    _fire(draft, [command.lead])


def fire_all(draft: Draft, command: commands.FireAll) -> None:
    """Let what is due of several leads happen; those that are taken back go to others by one solution."""
    _fire(draft, list(dict.fromkeys(command.leads)))


def _fire(draft: Draft, leads: Sequence[str]) -> None:
    """Let what is due of each lead happen, then give all that were taken back to others together."""
    taken = {lead: seq for lead in leads if (seq := _fire_one(draft, lead)) is not None}
    draft.begin()
    placing.place(draft, list(taken), "router", causes={lead: seq for lead, seq in taken.items() if seq})


def _fire_one(draft: Draft, lead: str) -> int | None:
    """Let what is due of a lead happen, and return the event that made it ask for another rep (0 = none did)."""
    draft.begin()
    while True:
        now = draft.lead(lead)
        due = due_of(draft.book, now, draft.at)
        if due is None or due.at > draft.at or due.what == "tell":
            return None
        if due.what not in _TOLD:
            return _STEPS[due.what](draft, now, due)
        _TOLD[due.what](draft, now, due)  # and then what else is due: who is told late is told once of each


def _remind(draft: Draft, lead: Lead, due: Due) -> None:
    draft.emit(events.Reminded(**_of_deadline(lead, due)))


def _escalate(draft: Draft, lead: Lead, due: Due) -> None:
    draft.emit(events.Escalated(**_of_deadline(lead, due)))


def _of_deadline(lead: Lead, due: Due) -> dict[str, Any]:
    return {"lead": lead.id, "rep": lead.owner, "what": _which(lead), "due": due.deadline}


def _which(lead: Lead) -> str:
    """Return which follow-up a lead waits for."""
    return "first" if lead.first_at is None else "next"


def _recall(draft: Draft, lead: Lead, due: Due) -> int | None:
    """Take a lead back: to the rep to whom it is worth most now, to the pool, or to a manager if it came back often."""
    rules = timing(draft.book, lead, draft.at).rules
    which, cooling = _which(lead), cool_off(draft)
    seq = draft.emit(
        events.Recalled(lead=lead.id, rep=lead.owner or "", reason=which, cool_until=cooling, due=due.deadline)
    )
    after = draft.lead(lead.id)
    if rules.periods(lead.columns).recall_to == "best" or placing.review_rule(draft, after) == placing.RETURNED:
        return seq
    placing.to_pool(draft, after, "recalled")
    return None


def _end_review(draft: Draft, lead: Lead, due: Due) -> int | None:
    """Let the time of a review be over: the proposal is checked once more, or the lead goes to the pool."""
    review = lead.review
    rule = None if review is None else timing(draft.book, lead, draft.at).rules.review_named(review.rule)
    if review is None or rule is None:
        return None
    draft.emit(events.ReviewEnded(lead=lead.id, how="timed_out"))
    after = draft.lead(lead.id)
    if rule.on_timeout == "assign":
        go_on(draft, after, review)
    else:
        placing.to_pool(draft, after, "timed_out")
    return None


def _unpark(draft: Draft, lead: Lead, due: Due) -> int | None:
    draft.emit(events.Unparked(lead=lead.id))
    return None


def _stick(draft: Draft, lead: Lead, due: Due) -> int | None:
    """Give a lead to the owner of its account, who is back, else to whom it is worth most."""
    return None if stick(draft, lead) else 0


_TOLD: dict[str, Callable[[Draft, Lead, Due], None]] = {"remind": _remind, "escalate": _escalate}
_STEPS: dict[str, Callable[[Draft, Lead, Due], int | None]] = {
    "recall": _recall,
    "review": _end_review,
    "unpark": _unpark,
    "stick": _stick,
}


# ---- absences and days begin


def begin_absence(draft: Draft, command: commands.BeginAbsence) -> None:
    """Begin an absence: what cannot wait until its end is given to others, all else waits."""
    absence = draft.book.get(Absence, command.absence)
    if absence is None:
        raise Denied("not_found", f"there is no absence {command.absence!r}", "set it first")
    if absence.begun or absence.cancelled or absence.start > draft.at:
        return
    draft.emit(events.AbsenceBegan(rep=absence.rep, absence=absence.id))
    if absence.end > draft.at:
        held = [lead for stage in sorted(HELD) for lead in draft.book.find(Lead, Where(owner=absence.rep, stage=stage))]
        hand_over(draft, [lead for lead in held if _cannot_wait(draft, lead, absence)], absence.rep, "leave")


def _cannot_wait(draft: Draft, lead: Lead, absence: Absence) -> bool:
    """Return whether an absence is long, or ends after the first follow-up of a lead would be due without it."""
    longest = draft.rules.leave.reassign_after
    if longest is not None and draft.calendar.add(absence.start, longest) < absence.end:
        return True
    known = timing(draft.book, lead, draft.at)
    others = tuple(one for one in known.absences if one.id != absence.id)
    by = deadline(lead, replace(known, absences=others)) if lead.first_at is None else None
    return by is not None and by < absence.end


def begin_day(draft: Draft, command: commands.BeginDay) -> None:
    """Begin a local day, once: conduct is looked at, and managers hear of leads that no period runs for."""
    desk = draft.book.get(State, "desk") or State()
    today = draft.calendar.day(draft.at)
    if desk.day >= str(today):
        return
    draft.emit(events.DayBegan(day=str(today)))
    conduct.review(draft)
    if draft.calendar.has_working_day(today):
        quiet = Counter(str(lead.stage) for stage in _POSSIBLY_QUIET for lead in _quiet(draft, stage))
        if quiet:
            draft.emit(events.Told(day=str(today), leads=dict(sorted(quiet.items()))))


def _quiet(draft: Draft, stage: Stage) -> list[Lead]:
    """Return leads of a stage of which nothing is due but that managers hear of them."""
    found = [lead for lead in draft.book.find(Lead, Where(stage=stage, quiet=True)) if lead.look_at is None]
    dues = ((lead, due_of(draft.book, lead, draft.at)) for lead in found)
    return [lead for lead, due in dues if due is not None and due.what == "tell" and due.at <= draft.at]


def resume(draft: Draft, command: commands.Resume) -> None:
    """Go on after a gap: after one longer than a day and the time of a reminder, no recall for as long as that time."""
    notice = draft.rules.follow.remind_before
    if notice is None:
        return
    longest = draft.calendar.add(draft.calendar.add(command.last_run, _DAY), notice)
    if draft.at > longest:
        draft.emit(events.Resumed(last_run=command.last_run, hold_until=draft.calendar.add(draft.at, notice)))


ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    commands.Place: place,
    commands.Fire: fire,
    commands.FireAll: fire_all,
    commands.BeginAbsence: begin_absence,
    commands.BeginDay: begin_day,
    commands.Resume: resume,
    commands.StartPlan: start_plan,
    commands.ApplyPlanned: apply_planned,
    commands.FinishPlan: finish_plan,
}
