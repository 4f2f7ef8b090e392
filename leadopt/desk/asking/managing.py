"""What managers do: answer reviews, assign, transfer, relieve, park, protect, merge, close, reopen, undo."""

from collections.abc import Iterable, Sequence
from typing import Any

from leadopt.desk.asking.asking import (
    Ask,
    Who,
    actor,
    ask,
    check_who,
    in_chunks,
    lead,
    number,
    once,
    rep,
    text,
    until,
    whole,
)
from leadopt.desk.log import store
from leadopt.desk.work.answers import DONE, UNCHANGED, Answer, denial
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results, result_of
from leadopt.desk.work.session import Session
from leadopt.desk.work.words import what_happened
from leadopt.errors import InvalidInput
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Stamp, Where
from leadopt.lifecycle.commands import MANAGER, SYSTEM
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead
from leadopt.lifecycle.stages import Stage
from leadopt.tables.cells import as_id

APPROVE = Ask(
    name="approve", command=commands.Approve, role=MANAGER, fields={"to": rep, "override": text}, reps_column="to"
)
DECLINE = Ask(name="decline", command=commands.Decline, role=MANAGER, fields={"reason": text, "pool": text})
ASSIGN = Ask(
    name="assign", command=commands.AssignTo, role=MANAGER, fields={"to": rep, "override": text}, reps_column="to"
)
TRANSFER = Ask(
    name="transfer",
    command=commands.Transfer,
    role=MANAGER,
    fields={"to": rep, "reason": text, "override": text},
    reps_column="to",
)
PARK = Ask(name="park", command=commands.Park, role=MANAGER, fields={"until": until, "reason": text})
UNPARK = Ask(name="unpark", command=commands.Unpark, role=MANAGER)
PROTECT = Ask(name="protect", command=commands.Protect, role=MANAGER, fields={"until": until})
MERGE = Ask(name="merge", command=commands.Merge, role=MANAGER, fields={"into": lead})
CLOSE = Ask(name="close_lead", command=commands.Close, role=MANAGER, fields={"reason": text})
REOPEN = Ask(name="reopen", command=commands.Reopen, role=MANAGER)
LIFT_BAR = Ask(name="lift_bar", command=commands.LiftBar, role=MANAGER, fields={"rep": rep}, reps_column="rep")
TO_POOL = Ask(name="to_pool", command=commands.Pool, role=MANAGER, fields={"pool": text})
RELIEVE = Ask(name="relieve", command=commands.Relieve, role=MANAGER, fields={"most": whole}, of="rep")
ADJUST_CREDIT = Ask(
    name="adjust_credit",
    command=commands.AdjustCredit,
    role=MANAGER,
    fields={"amount": number, "reason": text, "of": text},
    of="rep",
)


class Managing:
    """What managers do; each command may be of one lead, of several, or of a table with a row for each.

    `by` says who asks (None = "manager"), `role` as what, `key` makes asking twice harmless, `expect` is the version
    seen, and `feed` says whose ids of leads are meant.
    """

    _core: Core

    def approve(
        self,
        lead: Any,
        *,
        to: Any = None,
        override: str | None = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Agree with what a review proposes, or name another rep.

        Whether the rep may still have the lead is looked at again; a proposal that is no longer allowed is replaced.
        `override`, a coded reason, passes caps and a cool-off, never a refusal, a complaint or an absence.
        """
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, APPROVE, lead, {"to": to, "override": override}, who)

    def decline(
        self,
        lead: Any,
        *,
        reason: str,
        pool: str | None = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Turn a proposal down, by a coded reason: the lead goes to a pool (None = the one that the rules name)."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, DECLINE, lead, {"reason": reason, "pool": pool}, who)

    def assign(
        self,
        lead: Any,
        *,
        to: Any,
        override: str | None = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Give leads that nobody owns to a rep; `override`, a coded reason, passes caps and a cool-off."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, ASSIGN, lead, {"to": to, "override": override}, who)

    def transfer(
        self,
        lead: Any,
        *,
        to: Any,
        reason: str = "transfer",
        override: str | None = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Give leads of one rep to another, who has a full period; the old one cools off."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, TRANSFER, lead, {"to": to, "reason": reason, "override": override}, who)

    def park(
        self,
        lead: Any,
        *,
        until: Any,
        reason: str,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Let leads rest until a moment or a day, by a coded reason: nobody has or gets them, then they are new."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, PARK, lead, {"until": until, "reason": reason}, who)

    def unpark(
        self,
        lead: Any,
        *,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Look at parked leads before their date."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, UNPARK, lead, {}, who)

    def protect(
        self,
        lead: Any,
        *,
        until: Any,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Keep leads from idle recall until a moment or a day, never from the first follow-up."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, PROTECT, lead, {"until": until}, who)

    def merge(
        self,
        lead: Any,
        *,
        into: Any,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Say that leads are copies of another one, which lives on."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, MERGE, lead, {"into": into}, who)

    def close_lead(
        self,
        lead: Any,
        *,
        reason: str,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """End leads without an outcome, by a coded reason: "spam", "out of scope", ..."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, CLOSE, lead, {"reason": reason}, who)

    def reopen(
        self,
        lead: Any,
        *,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Open ended leads again: to their last owner if that rep is here, unbarred and has room, else they are new."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, REOPEN, lead, {}, who)

    def lift_bar(
        self,
        lead: Any,
        *,
        rep: Any,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Let a rep have leads again that the rep refused, cools off from, or was complained of."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, LIFT_BAR, lead, {"rep": rep}, who)

    def to_pool(
        self,
        lead: Any,
        *,
        pool: str | None = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Put leads into a pool, for whoever claims them; None = the one that the rules name."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, TO_POOL, lead, {"pool": pool}, who)

    def relieve(
        self, rep: Any, *, most: int | None = None, by: Any = None, role: str | None = None, key: str | None = None
    ) -> Result | Results:
        """Take load off reps: leads not yet followed up are given to others, at most so many of each rep."""
        return ask(self._core, RELIEVE, rep, {"most": most}, Who(by=by, role=role, key=key))

    def adjust_credit(
        self,
        rep: Any,
        *,
        amount: float,
        reason: str,
        of: str = "leads",
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
    ) -> Result | Results:
        """Correct what a rep is owed of leads, value or hot leads, by a coded reason, against the house."""
        given = {"amount": amount, "reason": reason, "of": of}
        return ask(self._core, ADJUST_CREDIT, rep, given, Who(by=by, role=role, key=key))

    def place(self, leads: Any = None, *, by: Any = None, role: str | None = None, key: str | None = None) -> Results:
        """Give new leads to the reps to whom they are worth most now, solved together over the room that there is.

        Who is nowhere eligible, or barred everywhere, goes to a manager, as does what a rule of review asks for; what
        nobody has room for goes to the pool.

        Parameters
        ----------
        leads
            ids; None = all that are new
        by, role, key
            as of all commands
        """
        who = Who(by=by, role=role, key=key)
        check_who(who)
        return Results(self._core.write(lambda session: _placed(session, leads, who)), None, "lead_id")

    def undo(self, of: Any, *, by: Any = None, role: str | None = None, key: str | None = None) -> Result | Results:
        """Take acts back: each lead as it was before, or why not.

        Only where nothing but messages happened to the lead since; not follow-ups, what feeds reported, or erasure.

        Parameters
        ----------
        of
            a `Result` or its `seq`; or several, as the `Results` of a table
        by, role, key
            as of all commands
        """
        who = Who(by=by, role=role, key=key)
        check_who(who)
        if (isinstance(of, int) and not isinstance(of, bool)) or isinstance(of, Result):
            return self._core.write(lambda session: _undone(session, _seq(of), 0, who))
        if not isinstance(of, Iterable):
            raise InvalidInput(f"of: must be the result of a command, its seq, or several; found {of!r}")
        seqs = [seq for one in of if (seq := _seq(one)) is not None]
        return Results(
            in_chunks(self._core, seqs, lambda session, seq, place: _undone(session, seq, place, who)), None, "lead_id"
        )


def _seq(of: Any) -> int | None:
    found = of.seq if isinstance(of, Result) else of
    if found is not None and (not isinstance(found, int) or isinstance(found, bool) or found < 1):
        raise InvalidInput(f"of: must be the result of a command, its seq, or several; found {of!r}")
    return found


def _undone(session: Session, seq: int | None, place: int, who: Who) -> Result:
    def work(key: str | None) -> Answer:
        try:
            lead = _lead_of(session, seq)
            asks = actor(session, who, who.by, commands.Undo.roles, MANAGER)
        except Denied as denied:
            return denial(denied)
        return session.answer(commands.Undo(lead=lead, of=seq or 0, key=key, **asks), lead)

    return result_of(once(session, who, place, ["undo", seq], work), session.names)


def _lead_of(session: Session, seq: int | None) -> str:
    """Return the lead that an event was about."""
    record = None if seq is None else store.record(session.connection, seq)
    if record is None:
        raise Denied("not_found", f"there is no event {seq}" if seq else "nothing happened", "name the seq of a result")
    if session.book.get(Lead, record.subject) is None:
        raise Denied("wrong_kind", f"event {seq} ({record.kind}) is not about a lead", "only acts on leads are undone")
    return record.subject


def _placed(session: Session, leads: Any, who: Who) -> list[Result]:
    if leads is None:
        found: list[str | Answer] = [lead.id for lead in session.book.find(Lead, Where(stage=Stage.NEW))]
        given: Sequence[Any] = found
    else:
        given = [leads] if as_id(leads) is not None else list(leads)
        found = [_known(session, one, who) for one in given]
    ids = tuple(one for one in found if isinstance(one, str))
    asks = actor(session, who, who.by, commands.Place.roles, SYSTEM)
    happened = session.do(commands.Place(leads=ids, **asks)) if ids else ()
    answers = [_went(session, one, happened) if isinstance(one, str) else one for one in found]
    return [result_of(answer, session.names, as_id(one)) for answer, one in zip(answers, given, strict=True)]


def _known(session: Session, lead: Any, who: Who) -> str | Answer:
    """Return the id of a lead, or that there is none."""
    try:
        return session.names.lead(lead, who.feed).id
    except Denied as denied:
        return denial(denied)


def _went(session: Session, lead: str, happened: Sequence[tuple[Stamp, Event]]) -> Answer:
    """Return where a lead went."""
    mine = [(stamp, event) for stamp, event in happened if event.subject == lead]
    if not mine:
        return Answer(code=UNCHANGED, subject=lead, sentence=f"Lead {lead} stays where it is.")
    told = what_happened([event for _, event in mine], session.book.rules_at(session.now).calendar)
    return Answer(code=DONE, subject=lead, seq=mine[0][0].seq, sentence=told)
