"""What administrators do: take leads over from elsewhere, set reps, absences, rules and the policy, erase."""

from collections.abc import Callable
from typing import Any

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle import commands, events, placing
from leadopt.lifecycle.acts.by_feeds import reverse_credit
from leadopt.lifecycle.acts.moving import propose_others
from leadopt.lifecycle.book import Where, in_force
from leadopt.lifecycle.commands import Command
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.events import frozen
from leadopt.lifecycle.messages import MANAGER
from leadopt.lifecycle.records import HOUSE, Absence, Lead, Rep, RuleFile, State
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import HELD, OWNED, Stage

_IMPORTED = tuple(str(stage) for stage in Stage if stage is not Stage.REVIEW)


# ---- leads


def import_(draft: Draft, command: commands.Import) -> None:
    """Take a lead over as another system has it: its periods begin now, and nothing is booked. Known ones stay."""
    if draft.book.get(Lead, command.lead) is not None:
        return
    stage = _stage(command.stage)
    owner, note = _owner(draft, stage, command.owner)
    stage = Stage.NEW if owner is None and stage in HELD else stage
    if command.outcome_at is not None and command.outcome_at > draft.at:
        raise Denied("in_the_future", "its outcome is said to be in the future", "check the clock of the source")
    draft.emit(
        events.Imported(
            lead=command.lead,
            stage=str(stage),
            columns=command.columns,
            account=command.account,
            no_contact=command.no_contact,
            owner=owner,
            received_at=command.received_at,
            outcome_at=command.outcome_at,
            value=command.value,
            pool=_pool(draft, command) if stage is Stage.POOL else None,
            reason=command.reason,
            note=note,
        )
    )


def _stage(name: str) -> Stage:
    """Return the stage of an imported lead, or deny one that is none."""
    if name not in _IMPORTED:
        sentence = f"{name!r} is no stage that is imported{did_you_mean(name, _IMPORTED)}"
        raise Denied("bad_value", sentence, f"stages: {', '.join(_IMPORTED)}")
    return Stage(name)


def _owner(draft: Draft, stage: Stage, name: str | None) -> tuple[str | None, str | None]:
    """Return who owns an imported lead, and what is to be noted: an owner who is unknown or gone owns nothing open."""
    rep = None if name is None else draft.book.get(Rep, name)
    if stage not in OWNED or name is None:
        return None, None
    if rep is None:
        return None, "owner_unknown"
    return (None, "owner_gone") if rep.left_at is not None and stage in HELD else (rep.id, None)


def _pool(draft: Draft, command: commands.Import) -> str:
    """Return the pool of an imported lead: the one named, else the one that the rules name."""
    if command.pool is None:
        return draft.rules.pool_of(command.columns).name
    try:
        return draft.rules.pool_named(command.pool).name
    except InvalidInput as error:
        raise Denied("not_found", str(error), "name a pool of the rules") from None


def erase(draft: Draft, command: commands.Erase) -> None:
    """End a lead for good, and keep nothing of it that tells whose it was."""
    lead = draft.lead(command.lead)
    if lead.reason != "erased":
        draft.emit(events.Erased(lead=lead.id))


# ---- reps


def set_rep(draft: Draft, command: commands.SetRep) -> None:
    """Let a rep join, or change what is known of one."""
    if command.rep in (HOUSE, MANAGER, ""):
        raise Denied("bad_value", f"no rep is called {command.rep!r}", "take another id")
    if command.max_open is not None and command.max_open < 0:
        raise Denied("bad_value", f"max_open must be 0 or more; found {command.max_open}", "leave it out for no limit")
    facts = {name: getattr(command, name) for name in ("columns", "max_open", "team", "tags", "hired_on")}
    known = draft.book.get(Rep, command.rep)
    if known is None or any(getattr(known, name) != value for name, value in facts.items()):
        draft.emit(events.RepSet(rep=command.rep, **facts))


def rep_leaves(draft: Draft, command: commands.RepLeaves) -> None:
    """Let a rep leave: credit goes to the house, open leads to others by one solution, else to the pool."""
    rep = draft.rep(command.rep)
    if rep.left_at is not None:
        return
    draft.emit(events.RepLeft(rep=rep.id))
    causes = {}
    for lead in [lead for stage in sorted(HELD) for lead in draft.book.find(Lead, Where(owner=rep.id, stage=stage))]:
        causes[lead.id] = draft.emit(events.Reassigned(lead=lead.id, rep=rep.id, reason="left"))
        reverse_credit(draft, lead.id, "left")
    placing.place(draft, list(causes), "router", causes=causes)
    asked = draft.book.find(Lead, Where(stage=Stage.REVIEW))
    propose_others(draft, [lead for lead in asked if lead.review is not None and lead.review.rep == rep.id], rep)


def rep_returns(draft: Draft, command: commands.RepReturns) -> None:
    """Let a rep who had left be here again."""
    if draft.rep(command.rep).left_at is not None:
        draft.emit(events.RepReturned(rep=command.rep))


def rename_rep(draft: Draft, command: commands.RenameRep) -> None:
    """Note that a rep is called otherwise: nothing else changes."""
    draft.emit(events.RepRenamed(rep=draft.rep(command.rep).id))


def set_absence(draft: Draft, command: commands.SetAbsence) -> None:
    """Note that a rep will be away, is away, or is not after all."""
    rep = draft.rep(command.rep)
    if command.end <= command.start:
        raise Denied("bad_value", "an absence ends after it starts", "say when it ends")
    known = draft.book.get(Absence, command.absence)
    if known is not None and known.rep != rep.id:
        sentence = f"absence {command.absence!r} is of another rep"
        raise Denied("conflict", sentence, "take another id")
    dates = {name: getattr(command, name) for name in ("start", "end", "cancelled")}
    if known is None or any(getattr(known, name) != value for name, value in dates.items()):
        draft.emit(events.AbsenceSet(rep=rep.id, absence=command.absence, **dates))


# ---- the desk


def set_rules(draft: Draft, command: commands.SetRules) -> None:
    """Let a rule file take effect from a moment on; what has begun keeps the rules that it began under."""
    try:
        rules = Rules.from_dict(command.data)
    except InvalidInput as error:
        raise Denied("bad_rules", str(error), "mend the rule file") from None
    starts_at = draft.at if command.starts_at is None else command.starts_at
    if starts_at < draft.at:
        raise Denied(
            "in_the_past", "rules take effect now or later: no deadline moves in the past", "name a later moment"
        )
    files = draft.book.find(RuleFile, Where())
    later = [one for one in files if one.starts_at > draft.at]
    known = any((one.fingerprint, one.starts_at) == (rules.fingerprint, starts_at) for one in later)
    if not known and (later or in_force(draft.book, draft.at) != rules.fingerprint):
        data = frozen(rules.to_dict())
        draft.emit(events.RulesSet(fingerprint=rules.fingerprint, starts_at=starts_at, data=data))


def set_policy(draft: Draft, command: commands.SetPolicy) -> None:
    """Let a policy take effect."""
    desk = draft.book.get(State, "desk") or State()
    if desk.policy != command.fingerprint:
        draft.emit(events.PolicySet(fingerprint=command.fingerprint, data=frozen(command.data)))


ACTS: dict[type[Command], Callable[[Draft, Any], None]] = {
    commands.Import: import_,
    commands.Erase: erase,
    commands.SetRep: set_rep,
    commands.RepLeaves: rep_leaves,
    commands.RepReturns: rep_returns,
    commands.RenameRep: rename_rep,
    commands.SetAbsence: set_absence,
    commands.SetRules: set_rules,
    commands.SetPolicy: set_policy,
}
