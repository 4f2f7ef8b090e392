"""What feeds report: leads, changes, follow-ups, complaints, outcomes."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa

from leadopt.desk.asking.asking import (
    Ask,
    Who,
    actor,
    ask,
    at,
    check_who,
    code,
    in_chunks,
    number,
    once,
    refused,
    rep,
    text,
)
from leadopt.desk.asking.intake import LeadRow, cleared_of_leads, lead_rows, table_of
from leadopt.desk.database import following
from leadopt.desk.people import persons
from leadopt.desk.people.contacts import MAIL, PHONE, column_of
from leadopt.desk.people.names import text_of, whole
from leadopt.desk.people.persons import ACCOUNT, LEAD, Person
from leadopt.desk.work.answers import DONE, UNCHANGED, Answer, denial
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results, result_of
from leadopt.desk.work.session import Session
from leadopt.lifecycle import commands
from leadopt.lifecycle.commands import FEED
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.records import Level
from leadopt.policy import Policy

FOLLOW_UP = Ask(
    name="follow_up",
    command=commands.FollowUp,
    role=FEED,
    fields={"kind": text, "occurred_at": at, "rep": rep},
    reps_column="rep",
    survivors=True,
)
COMPLAIN = Ask(
    name="complain", command=commands.Complain, role=FEED, fields={"rep": rep}, reps_column="rep", survivors=True
)
WON = Ask(
    name="won",
    command=commands.Win,
    role=FEED,
    fields={"value": number, "occurred_at": at, "rep": rep},
    reps_column="rep",
    survivors=True,
)
LOST = Ask(name="lost", command=commands.Lose, role=FEED, fields={"reason": code, "occurred_at": at}, survivors=True)


_ANY_LEAD = sa.select(following.lead.c.id).limit(1)


class Reporting:
    """What feeds report; each command may be of one lead, of several, or of a table with a row for each."""

    _core: Core

    def receive(
        self,
        leads: Any,
        *,
        feed: str = "",
        clear: str | Collection[str] = (),
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
    ) -> Results:
        """Take leads in, or what is known of them now.

        A lead with the same id of the same feed is the same lead: it is changed, or unchanged. Another lead with the
        same mail, or the same phone where mails do not differ, is the same person: among open leads the one that was
        owned longest lives on, and a new lead takes over what earlier ones bar. Of a lead that is known, a blank cell
        keeps what is known. A row that cannot be read is refused by itself.

        Parameters
        ----------
        leads
            a table as `leadopt.assign` takes one (a dict is one lead): `lead_id`, the columns that policy and rules
            name, perhaps an account (`Rules.sticky.by`), a mail, a phone and `no_contact`, true where consent was
            withdrawn. All columns are kept in the table of persons, and the log holds those that policy or rules name
        feed
            the system whose ids these are
        clear
            columns of the table whose blank cells empty what is known
        by, role, key, expect
            as of all commands: who asks, as what, a text that makes asking twice harmless, and the version seen

        Returns
        -------
        Results
            one for each row; `notes` say which rules are off, as the first leads lack their column

        Raises
        ------
        InvalidInput
            the table has no ids, or no column that is to be cleared, or these are the first leads and a rule of the
            user's names a column that they lack
        """
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        check_who(who)
        with self._core.read() as snapshot:
            policy, rules = self._core.policy_of(snapshot), snapshot.book.rules_at(snapshot.now)
            first = snapshot.connection.execute(_ANY_LEAD).first() is None
        table = table_of(leads, "leads", policy)
        self._core.like = table.head(0)
        # Later feeds may lack columns that the first one had; a rule that names none of them is a slip of the pen.
        off = rules.check(table.columns) if first and table.n_rows else ()
        rows, faults = lead_rows(table, policy, rules, clear=cleared_of_leads(table, clear, policy, rules))
        work = partial(_received, who=who, faults=faults, policy=policy)
        done = in_chunks(self._core, rows, work)
        return Results(done, table, policy.columns.lead_id, (*off, *table.reading.notes))

    def follow_up(
        self,
        lead: Any,
        *,
        by: Any = None,
        kind: str = "call",
        occurred_at: Any = None,
        rep: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Note that a rep did something about a lead.

        Parameters
        ----------
        lead
            an id, several, or a table with `lead_id` and perhaps `kind`, `occurred_at` and `rep_id`
        by
            who says so: a rep of its own lead; None = a feed does
        kind
            what was done: "call", "meeting", ...; the rules say what counts (`Rules.follow.evidence`)
        occurred_at
            when, with a time zone, at most 24 hours ago; None = now
        rep
            who did it; None = `by` if that is a rep, else the owner
        role, key, expect, feed
            as of all commands
        """
        given = {"kind": kind, "occurred_at": occurred_at, "rep": rep}
        return ask(self._core, FOLLOW_UP, lead, given, Who(by=by, role=role, key=key, expect=expect, feed=feed))

    def complain(
        self,
        lead: Any,
        *,
        rep: Any = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Note that the customer complains of a rep, who never gets the lead again; None = of its owner."""
        who = Who(by=by, role=role, key=key, expect=expect, feed=feed)
        return ask(self._core, COMPLAIN, lead, {"rep": rep}, who)

    def won(
        self,
        lead: Any,
        *,
        value: float | None = None,
        occurred_at: Any = None,
        rep: Any = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Note that leads were won, for what, when (None = now) and by whom (None = by their owner)."""
        given = {"value": value, "occurred_at": occurred_at, "rep": rep}
        return ask(self._core, WON, lead, given, Who(by=by, role=role, key=key, expect=expect, feed=feed))

    def lost(
        self,
        lead: Any,
        *,
        reason: str = "lost",
        occurred_at: Any = None,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
        expect: int | None = None,
        feed: str | None = None,
    ) -> Result | Results:
        """Note that leads were lost, by a coded reason, and when (None = now)."""
        given = {"reason": reason, "occurred_at": occurred_at}
        return ask(self._core, LOST, lead, given, Who(by=by, role=role, key=key, expect=expect, feed=feed))


def _received(
    session: Session, row: LeadRow, place: int, *, who: Who, faults: Mapping[int, str], policy: Policy
) -> Result:
    def work(key: str | None) -> Answer:
        try:
            return _take_in(session, row, who, key, policy)
        except Denied as denied:
            return denial(denied)

    told = ["receive", row.data, *([sorted(row.blank)] if row.blank else [])]
    answer = refused(faults[place]) if place in faults else once(session, who, place, told, work)
    return result_of(answer, session, row.id)


def _take_in(session: Session, row: LeadRow, who: Who, key: str | None, policy: Policy) -> Answer:
    feed = who.feed or ""
    known = next(iter(persons.by_external(session.connection, LEAD, text_of(row.id), feed)), None)
    lead = session.names.new("L") if known is None else session.survivor(known.id)
    command = commands.Receive(
        lead=lead,
        columns=levels_of(session, row, policy, new=known is None),
        account=account_of(session, row),
        no_contact=row.no_contact,
        twins=() if known is not None else twins_of(session, row),
        key=key,
        expect=who.expect,
        **actor(session, who, who.by, commands.Receive.roles, FEED),
    )
    answer = session.answer(command, lead)
    if answer.code not in (DONE, UNCHANGED):
        return answer
    kept = keep_person(session, row, feed, known or Person(id=lead, kind=LEAD, external=text_of(row.id), feed=feed))
    beside = [name for name in kept if name not in command.columns]
    if known is None or not beside:
        return answer
    if answer.code == DONE:
        return replace(answer, sentence=f"{answer.sentence} Beside the log, it changed in {', '.join(beside)}.")
    sentence = f"Lead {known.id} changed in {', '.join(beside)}, which neither policy nor rules name: no event."
    return replace(answer, code=DONE, sentence=sentence)


def levels_of(session: Session, row: LeadRow, policy: Policy, *, new: bool) -> dict[str, Level]:
    """Return what the log holds of a lead: levels, and random ids for reps and accounts that a column names.

    A blank cell tells nothing, unless it is to empty what is known.
    """
    found: dict[str, Level] = dict(row.levels)
    for name, reps in row.reps.items():
        ids = sorted(filter(None, map(session.names.rep_or_none, reps)))
        found[name] = ";".join(ids) or None
    if policy.together is not None and row.account is not None:
        found[policy.together] = account_of(session, row)
    return {name: level for name, level in found.items() if level is not None or (name in row.blank and not new)}


def account_of(session: Session, row: LeadRow) -> str | None:
    """Return the random id of a lead's account."""
    return None if row.account is None else session.names.known_as(ACCOUNT, row.account)


def twins_of(session: Session, row: LeadRow) -> tuple[str, ...]:
    """Return the leads of the same person, copies as those that live on."""
    same = persons.same(session.connection, row.mail, row.phone)
    return tuple(dict.fromkeys(session.survivor(one.id) for one in same))


def keep_person(session: Session, row: LeadRow, feed: str, known: Person) -> list[str]:
    """Write who a lead is, if that is news; return the columns that changed."""
    kept = {name: cell for name, cell in known.data.items() if name not in row.blank}
    mail = None if row.mail is None and column_of(row.blank, MAIL) else row.mail or known.mail
    phone = None if row.phone is None and column_of(row.blank, PHONE) else row.phone or known.phone
    after = replace(known, feed=feed, data={**kept, **row.data, **whole(row.id)}, mail=mail, phone=phone)
    if after != known or not known.data:
        persons.put(session.connection, [after])
    return [name for name in {**known.data, **after.data} if known.data.get(name) != after.data.get(name)]
