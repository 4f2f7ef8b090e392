"""Plans: made from the desk as it is, and applied in chunks that survive a crash."""

import json
from collections.abc import Collection, Iterable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import sqlalchemy as sa

from leadopt.desk.asking.asking import Who, actor, check_who
from leadopt.desk.database.beside import planned
from leadopt.desk.database.statements import Row, Statement
from leadopt.desk.database.tables import log
from leadopt.desk.log import store
from leadopt.desk.planning.applying import CHUNK, start_of, steps_of
from leadopt.desk.planning.plans import DeskPlan, make_plan
from leadopt.desk.work.answers import DONE, UNCHANGED
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results, result_of
from leadopt.desk.work.session import Session, Snapshot
from leadopt.errors import InvalidInput
from leadopt.lifecycle import commands
from leadopt.lifecycle.commands import SYSTEM
from leadopt.lifecycle.denied import Denied
from leadopt.progress import OnProgress
from leadopt.tables.cells import as_id

_PLAN = sa.bindparam("plan", type_=sa.Text)
_BEGUN = Statement(sa.select(planned.c.place).where(planned.c.plan == _PLAN).limit(1), "plan")
_NEXT = Statement(
    sa.select(planned.c.place, planned.c.lead, planned.c.command)
    .where(planned.c.plan == _PLAN, planned.c.place >= sa.bindparam("place", type_=sa.BigInteger))
    .order_by(planned.c.place)
    .limit(sa.bindparam("most", type_=sa.BigInteger)),
    "plan",
    "place",
    "most",
)
_UNFINISHED = Statement(sa.select(planned.c.plan).distinct().order_by(planned.c.plan))
_KEEP = Statement(sa.insert(planned), *planned.c.keys())
_DONE = Statement(
    sa.delete(planned).where(planned.c.plan == _PLAN, planned.c.place == sa.bindparam("place", type_=sa.BigInteger)),
    "plan",
    "place",
)
_KIND = sa.bindparam("kind", type_=sa.Text)
_LAST_PLAN = Statement(
    sa.select(log.c.body).where(log.c.kind == _KIND).order_by(log.c.at.desc(), log.c.seq.desc()).limit(1), "kind"
)
_COUNTS = -1  # the place of the row that says how many leads were given and skipped so far
_APPLIED = "plan_applied"


class Planning:
    """What plans ask of a desk."""

    _core: Core

    def plan(
        self,
        leads: Collection[Any] | None = None,
        *,
        rng: int | np.random.Generator = 0,
        time_limit_s: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> DeskPlan:
        """Return the best plan for all leads that nobody owns, proven and explained; nothing happens yet.

        Leads are those in `new` and in pools, the oldest first, but for those that wait for the owner of their account.
        Reps have the room that caps, open work, kept slots, absences, restrictions and the day leave; who refused a
        lead, was complained of or cools off does not get it; credit and conduct count. Chances are learned from what
        has happened here, anew if more has ended since.

        Parameters
        ----------
        leads
            ids of leads; None = all
        rng, time_limit_s, on_progress
            as of `leadopt.assign`

        Raises
        ------
        InvalidInput, Infeasible, NoPlanFound
            as `leadopt.assign`
        """
        plan_id = self._core.write(lambda session: session.names.new("P"))
        with self._core.read() as snapshot:
            policy = self._core.policy_of(snapshot)
            asked = None if leads is None else _ids(snapshot, [leads] if as_id(leads) is not None else leads)
            return make_plan(
                snapshot.book,
                snapshot.names.called,
                policy,
                self._core.learning.known(snapshot, policy, fresh=True),
                snapshot.now,
                plan_id=plan_id,
                leads=asked,
                carried=_carried(snapshot),
                rng=rng,
                time_limit_s=time_limit_s,
                on_progress=on_progress,
                like=self._core.like,
            )

    def apply(self, plan: DeskPlan | None = None, *, by: Any = None, role: str | None = None) -> Results:
        """Do what a plan says, lead by lead; leads and reps that changed since it was made are skipped, with why.

        A few hundred leads go in a transaction. After a crash, the same call goes on with the first lead that was not
        done; so does ``apply()``, from any process.

        Parameters
        ----------
        plan
            from `Desk.plan`; None = all that were begun and not finished
        by, role
            as of all commands

        Returns
        -------
        Results
            one for each lead that was done now, or skipped
        """
        who = Who(by=by, role=role)
        check_who(who)
        if plan is not None and not isinstance(plan, DeskPlan):
            raise InvalidInput(f"plan: must be a plan of this desk, from Desk.plan; found {type(plan).__name__}")
        begun = self._core.write(partial(_begin, plan=plan, who=who))
        done: list[Result] = []
        for plan_id in begun:
            while (found := self._core.write(partial(_chunk, plan_id=plan_id, who=who))) is not None:
                done += found
        return Results(done, self._core.like, "lead_id")


def _ids(snapshot: Snapshot, leads: Iterable[Any]) -> list[str]:
    try:
        return [snapshot.names.lead(lead).id for lead in leads]
    except Denied as denied:
        raise InvalidInput(f"leads: {denied.sentence}; {denied.remedy}") from None


def _carried(snapshot: Snapshot) -> dict[str, float]:
    """Return what each rep had left of a slot after the last plan that was applied."""
    found = _LAST_PLAN.first(snapshot.connection, "plan_made")
    facts = {} if found is None else json.loads(found[0]).get("facts", {})
    carried: dict[str, float] = facts.get("carried", {})
    return carried


def _begin(session: Session, plan: DeskPlan | None, who: Who) -> list[str]:
    """Note that a plan is begun, keep what it is to do, and return the plans that are to go on."""
    if plan is None:
        return [row[0] for row in _UNFINISHED.all(session.connection)]
    if _BEGUN.first(session.connection, plan.id) is None and not _is_applied(session, plan.id):
        asks = actor(session, who, who.by, commands.StartPlan.roles, SYSTEM)
        happened = session.do(start_of(plan, **asks))
        _KEEP.run_many(session.connection, _rows(plan, steps_of(plan, **asks), happened[0][0].seq))
    return [plan.id] if _BEGUN.first(session.connection, plan.id) is not None else []


def _is_applied(session: Session, plan: str) -> bool:
    """Return whether a plan was applied to its end."""
    found = store.read(session.connection, kind=_APPLIED)
    return any(json.loads(record.body)["plan"] == plan for record in found)


def _rows(plan: DeskPlan, steps: Iterable[commands.ApplyPlanned], cause: int) -> list[Row]:
    rows: list[Row] = [(plan.id, _COUNTS, "", json.dumps([0, 0]))]
    for place, step in enumerate(steps):
        told = {one.name: getattr(step, one.name) for one in fields(step)} | {"cause": cause}
        rows.append((plan.id, place, step.lead, json.dumps(told)))
    return rows


def _chunk(session: Session, plan_id: str, who: Who) -> list[Result] | None:
    """Do the next leads of a plan; None = all of it was done."""
    counts = _NEXT.first(session.connection, plan_id, _COUNTS, 1)
    if counts is None or counts[0] != _COUNTS:
        return None
    given, skipped = json.loads(counts[2])
    answers = []
    rows = _NEXT.all(session.connection, plan_id, 0, CHUNK)
    for _, lead, command in rows:
        answers.append(session.answer(commands.ApplyPlanned(**json.loads(command)), lead))
    given += sum(one.code in (DONE, UNCHANGED) for one in answers)
    skipped += sum(one.code not in (DONE, UNCHANGED) for one in answers)
    _DONE.run_many(session.connection, [(plan_id, place) for place in (_COUNTS, *(row[0] for row in rows))])
    if rows:
        _KEEP.run(session.connection, plan_id, _COUNTS, "", json.dumps([given, skipped]))
        return [result_of(one, session.names) for one in answers]
    asks = actor(session, who, who.by, commands.FinishPlan.roles, SYSTEM)
    session.do(commands.FinishPlan(plan=plan_id, applied=given, skipped=skipped, **asks))
    return None
