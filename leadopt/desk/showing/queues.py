"""Pools, reviews, what is overdue, and messages to send: the first rows of each, found by an index."""

from typing import Any

import sqlalchemy as sa

from leadopt.desk.book.codec import decode
from leadopt.desk.book.events_of import told
from leadopt.desk.database import beside, following
from leadopt.desk.database.statements import Statement
from leadopt.desk.log import store
from leadopt.desk.log.moments import moment_of
from leadopt.desk.people import persons
from leadopt.desk.people.persons import WHOLE
from leadopt.desk.showing.hidden import masked
from leadopt.desk.showing.leads import moment
from leadopt.desk.showing.listing import Listing
from leadopt.desk.work.session import Snapshot
from leadopt.desk.work.words import sentence, when_in
from leadopt.errors import did_you_mean
from leadopt.lifecycle import bars
from leadopt.lifecycle.commands import Claim
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.draft import Draft
from leadopt.lifecycle.due import deadline, due_of, timing
from leadopt.lifecycle.records import Lead, Message, Rep
from leadopt.lifecycle.stages import Stage
from leadopt.tables.ids import alike

_leads = following.lead
_MOST = sa.bindparam("most", type_=sa.BigInteger)


def _some(condition: sa.ColumnElement[bool], order: sa.Column[Any], *names: str) -> tuple[Statement, Statement]:
    """Return the statements that read the first leads for which something holds, and count all of them."""
    rows = sa.select(_leads.c.record).where(condition).order_by(order, _leads.c.id).limit(_MOST)
    number = sa.select(sa.func.count()).select_from(_leads).where(condition)
    return Statement(rows, *names, "most"), Statement(number, *names)


_IN_POOL = _some(_leads.c.pool == sa.bindparam("pool", type_=sa.Text), _leads.c.since, "pool")
_IN_STAGE = _some(_leads.c.listed == sa.bindparam("stage", type_=sa.Text), _leads.c.id, "stage")
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_LATE = _some(_leads.c.late <= _NOW, _leads.c.late, "now")
_LOOKED_AT = _some(_leads.c.look_at <= _NOW, _leads.c.look_at, "now")
_TO_SEND = Statement(
    sa.select(beside.outbox.c.seq, beside.outbox.c.number)
    .where(beside.outbox.c.not_before <= sa.bindparam("now", type_=sa.BigInteger))
    .order_by(beside.outbox.c.not_before, beside.outbox.c.seq, beside.outbox.c.number)
    .limit(_MOST),
    "now",
    "most",
)
_N_TO_SEND = Statement(
    sa.select(sa.func.count())
    .select_from(beside.outbox)
    .where(beside.outbox.c.not_before <= sa.bindparam("now", type_=sa.BigInteger)),
    "now",
)


def pool(snapshot: Snapshot, name: str, by: str | None, most: int) -> Listing:
    """Return the leads of a pool, those that came first first; for a rep whether each may be claimed, fields hidden.

    Raises
    ------
    Denied
        there is no such pool, or the rep is no member
    """
    rules, rep = snapshot.book.rules_at(snapshot.now), None if by is None else snapshot.book.get(Rep, by)
    known = {alike(one.name): one.name for one in rules.pool}
    if alike(name) not in known:
        raise Denied("not_found", f"there is no pool {name!r}", did_you_mean(name, known.values()).removeprefix("; "))
    name = known[alike(name)]
    if rep is not None and name not in (mine := rules.pools_of(rep.team, rep.tags)):
        raise Denied("not_in_pool", f"rep {rep.id!r} is not in pool {name!r}", f"pools of the rep: {', '.join(mine)}")
    found, total = _read(snapshot, _IN_POOL, most, name)
    rows = []
    for lead in found:
        row: dict[str, Any] = {"pooled_at": moment_of(lead.since), "embargo_until": moment(lead.embargo_until)}
        if rep is not None:
            row["why_not"] = _why_not(snapshot, lead, rep)
        rows.append({**_shown(snapshot, lead, hide=rep is not None), **row})
    return Listing(rows, total, "lead", snapshot.core.like)


def _why_not(snapshot: Snapshot, lead: Lead, rep: Rep) -> str | None:
    """Return the code of what keeps a rep from claiming a lead now; None = nothing that is known without claiming."""
    if lead.embargo_until is not None and lead.embargo_until > snapshot.now:
        return "embargo"
    command = Claim(lead=lead.id, by=rep.id, role="rep")
    draft = Draft(snapshot.book, command, snapshot.now, snapshot.core.worths_of(snapshot))
    denied = bars.why_not(draft, lead, rep)
    return None if denied is None else denied.code


def reviews(snapshot: Snapshot, most: int) -> Listing:
    """Return what managers are asked, with what is proposed, and until when."""
    found, total = _read(snapshot, _IN_STAGE, most, Stage.REVIEW.value)
    rows = []
    for lead in found:
        asked, due = lead.review, due_of(snapshot.book, lead, snapshot.now)
        proposed = None if asked is None else asked.rep
        rows.append(
            {
                **_shown(snapshot, lead),
                "rule": None if asked is None else asked.rule,
                "proposed": snapshot.names.called(proposed),
                "asked_at": moment(None if asked is None else asked.asked_at),
                "until": moment(None if due is None else due.deadline),
                "gain": None if asked is None else asked.offer.get("gain"),
            }
        )
    return Listing(rows, total, "review", snapshot.core.like)


def overdue(snapshot: Snapshot, most: int) -> Listing:
    """Return the leads whose follow-up or review is late, the latest first, and what happens next to each.

    The index says who may be; each is asked again by the formula that enforces, as absences and holidays move deadlines
    later. So `total` counts those that may be, unless all of them are shown.
    """
    late, n_late = _read(snapshot, _LATE, most, snapshot.now)
    due_now, n_due = _read(snapshot, _LOOKED_AT, most, snapshot.now)  # what a run has not looked at yet
    both = {lead.id: lead for lead in (*late, *due_now)}
    found, total = sorted(both.values(), key=lambda lead: (lead.due_at or 0, lead.id))[:most], n_late + n_due
    rows = []
    for lead in found:
        due = due_of(snapshot.book, lead, snapshot.now)
        held = deadline(lead, timing(snapshot.book, lead, snapshot.now)) if lead.is_held else None
        by = held if lead.is_held else None if due is None else due.deadline
        if by is None or by > snapshot.now:
            continue
        rows.append(
            {
                "lead": snapshot.names.called(lead.id),
                "stage": str(lead.stage),
                "owner": snapshot.names.called(lead.owner),
                "deadline": moment_of(by),
                "late_hours": (snapshot.now - by) / 3.6e9,
                "next": None if due is None else due.what,
                "next_at": moment(None if due is None else due.at),
            }
        )
    return Listing(rows, len(rows) if len(found) == total else total, "overdue lead", snapshot.core.like)


def messages(snapshot: Snapshot, most: int) -> Listing:
    """Return the messages that may go out now and were not acknowledged, oldest first."""
    rows = []
    for seq, number in _TO_SEND.all(snapshot.connection, snapshot.now, most):
        message = snapshot.book.get(Message, f"{seq}-{number}")
        record = store.record(snapshot.connection, seq)
        if message is not None and record is not None:
            when = when_in(snapshot.book.rules_at(snapshot.now).calendar)
            rows.append(
                {
                    "id": message.key,
                    "to": snapshot.names.called(message.to),
                    "kind": message.kind,
                    "lead": snapshot.names.called(message.lead),
                    "not_before": moment_of(message.not_before),
                    "sentence": snapshot.names.told(sentence(told(record)[1], when)),
                }
            )
    total = (_N_TO_SEND.first(snapshot.connection, snapshot.now) or (0,))[0]
    return Listing(rows, total, "message", snapshot.core.like)


def _read(snapshot: Snapshot, how: tuple[Statement, Statement], most: int, *values: Any) -> tuple[list[Lead], int]:
    rows, number = how
    found = [decode(Lead, text) for (text,) in rows.all(snapshot.connection, *values, most)]
    return found, len(found) if len(found) < most else (number.first(snapshot.connection, *values) or (0,))[0]


def _shown(snapshot: Snapshot, lead: Lead, *, hide: bool = False) -> dict[str, Any]:
    """Return a lead's id and all that came in of it."""
    person = persons.by_id(snapshot.connection, lead.id)
    id_column = snapshot.core.policy_of(snapshot).columns.lead_id
    data = {} if person is None else {key: one for key, one in person.data.items() if key not in (WHOLE, id_column)}
    shown = masked(data, snapshot.book.rules_at(snapshot.now).claim.hide) if hide else data
    return {"lead": lead.id if person is None else person.called, **shown}
