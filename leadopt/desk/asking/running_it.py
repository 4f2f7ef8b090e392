"""What administrators do: reps, absences, rules, policy, and leads taken over from another system."""

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, overload

import sqlalchemy as sa

from leadopt.desk.asking.asking import Ask, Who, actor, ask, check_who, flag, in_chunks, last, once, refused, until
from leadopt.desk.asking.cells import moment
from leadopt.desk.asking.columns import of_reps
from leadopt.desk.asking.intake import RepRow, cleared_of_reps, rep_rows, table_of
from leadopt.desk.asking.renaming import TAKEN, renamed
from leadopt.desk.asking.rep_notes import notes_of_reps
from leadopt.desk.database.beside import policy as policies
from leadopt.desk.people import persons
from leadopt.desk.people.names import text_of, whole
from leadopt.desk.people.persons import REP, Person
from leadopt.desk.work.answers import DONE, UNCHANGED, Answer
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results, result_of
from leadopt.desk.work.session import Session
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.commands import ADMIN
from leadopt.lifecycle.records import Absence, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy

LEAVES = Ask(name="rep_leaves", command=commands.RepLeaves, role=ADMIN, of="rep")
RETURNS = Ask(name="rep_returns", command=commands.RepReturns, role=ADMIN, of="rep")


def _one_absence(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    """Return an absence with its id: that of the one of the same rep with the same start, else a new one."""
    for name in ("start", "end"):
        if given.get(name) is None and not (name == "end" and given.get("cancelled")):
            raise InvalidInput(f"{name}: say when the absence {'begins' if name == 'start' else 'ends'}")
    same = [one for one in session.book.find(Absence, Where(rep=given["rep"])) if one.start == given["start"]]
    end = given.get("end") if given.get("end") is not None else same[0].end if same else given["start"] + 1
    if end <= given["start"]:
        raise InvalidInput("end: must be after start")
    return {**given, "end": end, "absence": same[0].id if same else session.names.new("V")}


ABSENCE = Ask(
    name="absence",
    command=commands.SetAbsence,
    role=ADMIN,
    fields={"start": until, "end": last, "cancelled": flag},
    of="rep",
    fill=_one_absence,
)


class RunningIt:
    """What administrators do."""

    _core: Core

    def reps(
        self,
        reps: Any,
        *,
        clear: str | Collection[str] = (),
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
    ) -> Results:
        """Set reps: who joins, and what changed of who is here. Who is not in the table stays as is.

        An id in another spelling (letter case, blanks) is that of the rep who is known, whose id it does not change.

        Of a rep who is known, what a row does not tell keeps what is known: a column that is not there, or a blank
        cell, such as that of `max_open`.

        Parameters
        ----------
        reps
            a table (a dict is one rep): `rep_id`, perhaps `max_open` (`Rules.caps.open`), `team`, `tags`, `hired_on`
            and the columns that the policy reads. All columns are kept in the table of persons; the log holds caps,
            team, tags and what the policy reads
        clear
            columns of the table whose blank cells empty what is known: ``clear="max_open"`` lifts the cap of who has a
            blank one
        by, role, key
            as of all commands

        Returns
        -------
        Results
            one for each row; `notes` name ids that are known in another spelling, reps of several rows, who is new
            where somebody is missing and perhaps the same person, blank cells of who is available, and how columns
            were read

        Raises
        ------
        InvalidInput
            the table has no ids, or no column that is to be cleared
        """
        who = Who(by=by, role=role, key=key)
        check_who(who)
        with self._core.read() as snapshot:
            policy, rules = self._core.policy_of(snapshot), snapshot.book.rules_at(snapshot.now)
        table = table_of(reps, "reps", policy)
        self._core.like = table.head(0)
        cleared = cleared_of_reps(table, clear, policy)
        rows, faults = rep_rows(table, policy, rules, clear=cleared)
        with self._core.read() as snapshot:
            notes = (*notes_of_reps(snapshot, rows, table, policy, cleared), *table.reading.notes)
        done = in_chunks(self._core, rows, partial(_set, who=who, faults=faults))
        return Results(done, table, policy.columns.rep_id, notes)

    def rep_leaves(
        self, rep: Any, *, by: Any = None, role: str | None = None, key: str | None = None
    ) -> Result | Results:
        """Let reps leave: they get nothing any more, and their open leads go to others, else to the pool."""
        return ask(self._core, LEAVES, rep, {}, Who(by=by, role=role, key=key))

    def rep_returns(
        self, rep: Any, *, by: Any = None, role: str | None = None, key: str | None = None
    ) -> Result | Results:
        """Let reps who had left be here again."""
        return ask(self._core, RETURNS, rep, {}, Who(by=by, role=role, key=key))

    def rename_rep(
        self, rep: Any, to: Any, *, by: Any = None, role: str | None = None, key: str | None = None
    ) -> Result:
        """Call a rep otherwise from now on: leads, credit, absences and all that was learned stay the rep's own.

        The old name is nobody's from then on: tables and feeds have to say the new one. What they said before, such as
        columns of leads that name a rep, is kept as it came in.

        Parameters
        ----------
        rep
            an id
        to
            the new id: text or a whole number, which no other rep has, however it is written
        by, role, key
            as of all commands

        Returns
        -------
        Result
            "unchanged" where the rep is called so; "conflict" where another one is; the sentence says so if the policy
            in force names the rep by the old id

        Raises
        ------
        InvalidInput
            `to` is no id
        """
        who = Who(by=by, role=role, key=key)
        check_who(who)
        return self._core.write(lambda session: renamed(session, rep, to, who))

    def absence(
        self,
        rep: Any,
        start: date | datetime | None = None,
        end: date | datetime | None = None,
        *,
        cancelled: bool = False,
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
    ) -> Result | Results:
        """Say when reps are away: idle deadlines pause, and once it begins what cannot wait is given to others.

        Parameters
        ----------
        rep
            an id, or a table with `rep_id`, `start`, `end` and perhaps `cancelled`
        start, end
            the first and the last day, or moments with a time zone. An absence of the same rep with the same start is
            the same absence, with another end
        cancelled
            whether there is none after all
        by, role, key
            as of all commands
        """
        who = Who(by=by, role=role, key=key)
        given = {"start": start, "end": end, "cancelled": cancelled}
        return ask(self._core, ABSENCE, rep, given, who)

    @overload
    def rules(self, rules: None = None) -> Rules: ...
    @overload
    def rules(
        self, rules: Rules | Mapping[str, Any], *, starts_at: Any = None, by: Any = None, key: str | None = None
    ) -> Result: ...
    def rules(
        self,
        rules: Rules | Mapping[str, Any] | None = None,
        *,
        starts_at: Any = None,
        by: Any = None,
        key: str | None = None,
    ) -> Rules | Result:
        """Put rules into force, now or from a moment on; without any, return those that are in force.

        What has begun keeps its rules; new rules govern what begins later, and new holidays only move deadlines later.

        Parameters
        ----------
        rules
            as `Rules.from_toml` or `from_dict` makes them, or plain data; None = ask which are in force
        starts_at
            from when; None = now
        by, key
            as of all commands
        """
        if rules is None:
            with self._core.read() as snapshot:
                return snapshot.book.rules_at(snapshot.now)
        data = (rules if isinstance(rules, Rules) else Rules.from_dict(rules)).to_dict()
        start = None if starts_at is None else moment(starts_at, "starts_at")
        return self._core.write(lambda session: set_rules(session, data, start, Who(by=by, key=key)))

    @overload
    def policy(self, policy: None = None) -> Policy: ...
    @overload
    def policy(self, policy: Policy, *, by: Any = None, key: str | None = None) -> Result: ...
    def policy(self, policy: Policy | None = None, *, by: Any = None, key: str | None = None) -> Policy | Result:
        """Put a policy into force; without one, return the one that is."""
        if policy is None:
            with self._core.read() as snapshot:
                return self._core.policy_of(snapshot)
        if not isinstance(policy, Policy):
            raise InvalidInput(f"policy: must be a leadopt.Policy; found {type(policy).__name__}")
        return self._core.write(lambda session: set_policy(session, policy, Who(by=by, key=key)))


def set_rules(session: Session, data: Mapping[str, Any], starts_at: int | None, who: Who) -> Result:
    """Put rules into force."""

    def work(key: str | None) -> Answer:
        asks = actor(session, who, who.by, commands.SetRules.roles, ADMIN)
        return session.answer(commands.SetRules(data=data, starts_at=starts_at, key=key, **asks))

    return result_of(once(session, who, 0, ["rules", data, starts_at], work), session)


def set_policy(session: Session, policy: Policy, who: Who) -> Result:
    """Put a policy into force; what it says is kept beside the log, as it may name people."""

    def work(key: str | None) -> Answer:
        asks = actor(session, who, who.by, commands.SetPolicy.roles, ADMIN)
        keep_policy(session, policy)
        return session.answer(commands.SetPolicy(fingerprint=policy.fingerprint, key=key, **asks))

    return result_of(once(session, who, 0, ["policy", policy.to_dict()], work), session)


def keep_policy(session: Session, policy: Policy) -> None:
    """Keep what a policy says, by its fingerprint."""
    table, fingerprint = policies, policy.fingerprint
    known = session.connection.execute(sa.select(table.c.data).where(table.c.fingerprint == fingerprint)).first()
    if known is None:
        text = json.dumps(policy.to_dict(), sort_keys=True, ensure_ascii=False)
        session.connection.execute(sa.insert(table), {"fingerprint": fingerprint, "data": text})


def _set(session: Session, row: RepRow, place: int, *, who: Who, faults: Mapping[int, str]) -> Result:
    def work(key: str | None) -> Answer:
        return set_rep(session, row, who, key)

    told = ["reps", row.data, *([sorted(row.blank)] if row.blank else [])]
    answer = refused(faults[place]) if place in faults else once(session, who, place, told, work)
    return result_of(answer, session, row.id)


def set_rep(session: Session, row: RepRow, who: Who, key: str | None) -> Answer:
    """Set one rep, who gets a random id if new; what the row does not tell stays as it is known."""
    external = text_of(row.id)
    if external in TAKEN:
        return refused(f"reps: no rep is called {external!r}, as the desk means something else by it; take another id")
    found = persons.called_so(session.connection, REP, external)
    if len(found) > 1:
        names = enumerate_some(repr(one.external) for one in found)
        return refused(f"reps: {external!r} may be any of {names}; write the id as one of them")
    known = found[0] if found else Person(id=session.names.new("R"), kind=REP, external=external)
    before = session.book.get(Rep, known.id) or Rep(id=known.id)
    policy = session.core.policy_of(session)
    read = of_reps(policy)
    columns = {name: value for name, value in {**before.columns, **row.levels}.items() if value is not None}
    command = commands.SetRep(
        rep=known.id,
        columns={name: value for name, value in columns.items() if name in read},
        **{name: row.facts.get(name, getattr(before, name)) for name in ("max_open", "team", "tags", "hired_on")},
        key=key,
        **actor(session, who, who.by, commands.SetRep.roles, ADMIN),
    )
    answer = session.answer(command, known.id)
    kept = {name: cell for name, cell in known.data.items() if name not in row.blank}
    spelled = {policy.columns.rep_id} if external != known.external else frozenset()
    told = {name: cell for name, cell in row.data.items() if name not in spelled}
    data = {**kept, **told, **whole(row.id)}
    if answer.code in (DONE, UNCHANGED) and (not found or data != known.data):
        persons.put(session.connection, [replace(known, data=data)])
    return answer
