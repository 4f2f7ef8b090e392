"""Leads and history taken over from another system, as they are there."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

from leadopt.decision.reading.segments import found_segments
from leadopt.desk.asking.asking import Who, actor, check_who, in_chunks, once, refused
from leadopt.desk.asking.cells import Faults, code_of, days, each, levels, numbers
from leadopt.desk.asking.intake import LeadRow, RepRow, lead_rows, table_of
from leadopt.desk.asking.reporting import account_of, keep_person, levels_of
from leadopt.desk.asking.running_it import set_policy, set_rep
from leadopt.desk.people import persons
from leadopt.desk.people.names import text_of
from leadopt.desk.people.persons import LEAD, NAMELESS, Person
from leadopt.desk.work.answers import DONE, UNCHANGED, Answer, denial
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results, result_of
from leadopt.desk.work.session import Session
from leadopt.errors import InvalidInput
from leadopt.learning.history.outcomes import truths
from leadopt.lifecycle import commands
from leadopt.lifecycle.commands import ADMIN
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.rules import Rules
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_id

_OF_OUTCOME = {1: "won", 0: "lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row of a table of another system: the lead, and where it stands there.

    Parameters
    ----------
    lead
        what came in of it
    stage
        as the other system has it; None = as an owner says
    owner
        what the user calls the rep who has or had it
    received_at, outcome_at
        in microseconds; None = unknown
    value
        what it was won for
    pool, reason
        which pool it is in, and why it was lost, parked or closed
    nameless
        what stands for it where it has no id: the hash of what it holds, so that the same file twice is the same
    """

    lead: LeadRow
    stage: str | None
    owner: Id | None
    received_at: int | None
    outcome_at: int | None
    value: float | None
    pool: str | None
    reason: str | None
    nameless: str | None = None


class Importing:
    """What is taken over from another system."""

    _core: Core

    def import_(
        self,
        leads: Any = None,
        history: Any = None,
        *,
        feed: str = "",
        by: Any = None,
        role: str | None = None,
        key: str | None = None,
    ) -> Results:
        """Take leads over as another system has them; periods start now, and no credit is booked.

        A lead that is here already stays as it is: importing the same file twice does nothing.

        Parameters
        ----------
        leads
            a table as of `receive`, with `stage` ("new", "assigned", "working", "pool", "parked", "won", "lost",
            "closed"; without one, who has a rep is assigned, and `converted` says what was won and lost), `rep_id` (or
            `current_rep`): who has it, and perhaps `received_at`, `at` (of the outcome), `value`, `pool` and `reason`
        history
            past leads as `leadopt.assign` takes them. Reps whom nobody set are taken over as reps who have left. Where
            the policy leaves `segment_by` to be found, it is found here once, and named in the policy from then on
        feed
            the system whose ids these are
        by, role, key
            as of all commands

        Returns
        -------
        Results
            one for each row, those of history last
        """
        who = Who(by=by, role=role, key=key, feed=feed)
        check_who(who)
        if leads is None and history is None:
            raise InvalidInput("import_: give leads, history or both; found neither")
        if history is not None:
            self._name_segments(history, who)
        done: list[Result] = []
        like = None
        for data, past in ((leads, False), (history, True)):
            if data is not None:
                table, taken, faults = self._read(data, past=past)
                like = like or table
                work = partial(_imported, who=who, faults=faults, past=past)
                done += in_chunks(self._core, taken, work)
        return Results(done, like, "lead_id")

    def _read(self, data: Any, *, past: bool) -> tuple[Table, list[Taken], Faults]:
        with self._core.read() as snapshot:
            policy, rules = self._core.policy_of(snapshot), snapshot.book.rules_at(snapshot.now)
        table = table_of(data, "history" if past else "leads", policy)
        taken, faults = taken_rows(table, policy, rules, past=past)
        return table, taken, faults

    def _name_segments(self, history: Any, who: Who) -> None:
        """Name the columns in the policy by which leads are told apart, if it leaves that to be found."""
        with self._core.read() as snapshot:
            policy = self._core.policy_of(snapshot)
        if policy.segment_by is not None:
            return
        table = table_of(history, "history", policy)
        table.require(policy.columns.converted)
        judged = table.judged(policy.columns.converted)
        found = found_segments(judged, policy.columns, together=policy.together)
        named = policy.replace(segment_by=found.columns)
        self._core.write(lambda session: set_policy(session, named, Who(by=who.by, role=who.role)))


def taken_rows(table: Table, policy: Policy, rules: Rules, *, past: bool) -> tuple[list[Taken], Faults]:
    """Return the rows of a table of another system, and what is wrong with some of them."""
    columns = policy.columns
    if past and columns.count is not None and columns.count in table:
        raise InvalidInput(f"history: a desk takes past leads one by one; found counts in column {columns.count!r}")
    leads, faults = lead_rows(table, policy, rules, nameless=past and columns.lead_id not in table)
    owner = next((name for name in (columns.rep_id, columns.current_rep) if name in table), None)
    owners = [None] * table.n_rows if owner is None else [as_id(cell) for cell in table.values(owner)]
    stages = _texts(table, "stage", past=past)
    outcomes = _outcomes(table, policy, faults)
    begun, settled = (days(table, name, rules.calendar, faults) for name in ("received_at", columns.at))
    assigned = days(table, columns.assigned_at, rules.calendar, faults)
    values = numbers(table, columns.value, faults) if columns.value in table else [None] * table.n_rows
    pools, reasons = _texts(table, "pool", past=past), _texts(table, "reason", past=past)
    _refuse_no_codes(reasons, faults)
    nameless = _hashes(leads) if past and columns.lead_id not in table else [None] * table.n_rows
    taken = [
        Taken(
            lead=leads[row],
            stage=stages[row] or outcomes[row],
            owner=owners[row],
            received_at=begun[row] if begun[row] is not None else assigned[row],
            outcome_at=settled[row],
            value=values[row] if (stages[row] or outcomes[row]) == "won" else None,
            pool=pools[row],
            reason=reasons[row],
            nameless=nameless[row],
        )
        for row in range(table.n_rows)
    ]
    return taken, faults


def _hashes(leads: Sequence[LeadRow]) -> list[str | None]:
    """Return what stands for rows without ids; of rows that hold the same, each is another one."""
    seen, found = Counter[str](), list[str | None]()
    for lead in leads:
        told = json.dumps(lead.data, sort_keys=True, ensure_ascii=False)
        seen[told] += 1
        found.append(f"{NAMELESS}{sha256(f'{seen[told]} {told}'.encode()).hexdigest()}")
    return found


def _texts(table: Table, column: str, *, past: bool) -> list[str | None]:
    if past or column not in table:
        return [None] * table.n_rows
    return [None if cell is None else str(cell).strip().casefold() for cell in levels(table, column)]


def _refuse_no_codes(reasons: list[str | None], faults: Faults) -> None:
    for row, reason in enumerate(reasons):
        try:
            code_of(reason or "none", "reason")
        except InvalidInput as error:
            faults.setdefault(row, str(error))


def _outcomes(table: Table, policy: Policy, faults: Faults) -> list[str | None]:
    """Return "won", "lost" or None for what is open or unknown."""
    column = policy.columns.converted
    if column not in table:
        return [None] * table.n_rows

    def read(part: Table) -> list[str | None]:
        judged = part.judged(column)
        cells = judged.values(column)
        won = truths(judged, column, cells)
        return [_OF_OUTCOME[won[cell]] if cell in won else None for cell in cells]

    return each(table, column, read, faults)


def _imported(session: Session, row: Taken, place: int, *, who: Who, faults: Mapping[int, str], past: bool) -> Result:
    def work(key: str | None) -> Answer:
        try:
            return _take_over(session, row, who, key, past=past)
        except Denied as denied:
            return denial(denied)

    what = ["history" if past else "import", row.lead.data]
    # Rows of history have places of their own: with one key for both tables, none stands for two.
    number = -1 - place if past else place
    answer = refused(faults[place]) if place in faults else once(session, who, number, what, work)
    return result_of(answer, session, row.lead.id)


def _take_over(session: Session, row: Taken, who: Who, key: str | None, *, past: bool) -> Answer:
    feed, policy = who.feed or "", session.core.policy_of(session)
    external = row.nameless or text_of(row.lead.id)
    known = persons.by_external(session.connection, LEAD, external, feed)
    lead = known[0].id if known else session.names.new("L")
    owner = _owner(session, row, who, past=past)
    stage = row.stage or ("assigned" if owner is not None else "new")
    command = commands.Import(
        lead=lead,
        stage=stage,
        columns=levels_of(session, row.lead, policy, new=True),
        account=account_of(session, row.lead),
        no_contact=row.lead.no_contact,
        owner=owner,
        received_at=row.received_at,
        outcome_at=row.outcome_at if stage in ("won", "lost") else None,
        value=row.value,
        pool=row.pool,
        reason=row.reason,
        key=key,
        **actor(session, who, who.by, commands.Import.roles, ADMIN),
    )
    answer = session.answer(command, lead)
    if known and row.nameless is None and answer.code == UNCHANGED:
        told = f"Lead {lead} is known already: nothing was changed; `receive` changes what is known of a lead."
        return replace(answer, sentence=told)
    if not known and answer.code in (DONE, UNCHANGED):
        person = Person(id=lead, kind=LEAD, external=external, feed=feed)
        if row.nameless is None:
            keep_person(session, row.lead, feed, person)
        else:
            persons.put(session.connection, [person])
    return answer


def _owner(session: Session, row: Taken, who: Who, *, past: bool) -> str | None:
    """Return the id of who has a lead; who is known from history alone is taken over as a rep who has left."""
    if row.owner is None:
        return None
    known = session.names.rep_or_none(row.owner)
    if known is not None or not past:
        return known or text_of(row.owner)
    rep = set_rep(session, RepRow(id=row.owner), Who(by=who.by, role=who.role), None).subject
    asks = actor(session, who, who.by, commands.RepLeaves.roles, ADMIN)
    session.do(commands.RepLeaves(rep=rep or "", **asks))
    return rep
