"""`run_due`: what is due happens. All that a scheduler must call, as often as it likes."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from leadopt.desk.database import following
from leadopt.desk.database.beside import mark
from leadopt.desk.database.statements import Statement
from leadopt.desk.erasing import sweep_again
from leadopt.desk.showing.listing import Listing
from leadopt.desk.work.core import Core
from leadopt.desk.work.session import Session
from leadopt.desk.work.words import sentence, when_in
from leadopt.errors import InvalidInput
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Stamp
from leadopt.lifecycle.commands import SYSTEM
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.events import Event
from leadopt.lifecycle.records import Lead, State

AT_ONCE = 1000  # leads that fire in one transaction, those taken back by one solution; others wait to write meanwhile
LAST_RUN = "last_run"

_leads, _absences = following.lead, following.absence
_NOW = sa.bindparam("now", type_=sa.BigInteger)
_DUE = Statement(
    sa.select(_leads.c.id)
    .where(_leads.c.look_at <= _NOW)
    .order_by(_leads.c.look_at, _leads.c.id)
    .limit(sa.bindparam("most", type_=sa.BigInteger)),
    "now",
    "most",
)
_BEGINNING = Statement(
    sa.select(_absences.c.id)
    .where(_absences.c.waiting == sa.literal_column("1"), _absences.c.start <= _NOW)
    .order_by(_absences.c.start, _absences.c.id),
    "now",
)
_MARK = Statement(sa.select(mark.c.value).where(mark.c.name == sa.bindparam("name", type_=sa.Text)), "name")
_wish = insert(mark)
_SET_MARK = Statement(
    _wish.on_conflict_do_update(index_elements=[mark.c.name], set_={"value": _wish.excluded.value}), "name", "value"
)
_SYSTEM: dict[str, Any] = {"by": SYSTEM, "role": SYSTEM}


def run_due(core: Core) -> Listing:
    """Let happen what is due, and return what did; see `Desk.run_due`."""
    core.learn_of_the_day()
    fired = core.write(_begin)
    looked: set[str] = set()
    while True:
        found = core.write(lambda session: _fire(session, looked))
        if found is None:
            break
        fired += found
    sweep_again(core)
    return Listing(fired, len(fired), "event", core.like)


def _begin(session: Session) -> list[dict[str, Any]]:
    """Go on after a gap, begin the day, begin absences."""
    happened: list[tuple[Stamp, Event]] = []
    last = _MARK.first(session.connection, LAST_RUN)
    if last is not None:
        happened += session.do(commands.Resume(last_run=min(last[0], session.now), **_SYSTEM))
    state = session.book.get(State, "desk") or State()
    if state.day < str(session.book.rules_at(session.now).calendar.day(session.now)):
        happened += session.do(commands.BeginDay(**_SYSTEM))
    for (absence,) in _BEGINNING.all(session.connection, session.now):
        happened += session.do(commands.BeginAbsence(absence=absence, **_SYSTEM))
    _SET_MARK.run(session.connection, LAST_RUN, session.now)
    return _rows(session, happened)


def _fire(session: Session, looked: set[str]) -> list[dict[str, Any]] | None:
    """Let what is due of some leads happen; None = of none there is anything due that was not looked at in this run."""
    found = _DUE.all(session.connection, session.now, AT_ONCE + len(looked))
    due = [lead for (lead,) in found if lead not in looked][:AT_ONCE]
    if not due:
        return None
    try:
        rows = _rows(session, session.do(commands.FireAll(leads=tuple(due), **_SYSTEM)))
    except (Denied, InvalidInput):
        rows = [row for lead in due for row in _fire_alone(session, lead)]
    after = ((lead, session.book.get(Lead, lead)) for lead in due)
    looked |= {lead for lead, now in after if now is not None and (now.look_at or session.now + 1) <= session.now}
    return rows


def _fire_alone(session: Session, lead: str) -> list[dict[str, Any]]:
    """Let what is due of one lead happen; what cannot is told, so that it keeps no other lead waiting."""
    try:
        return _rows(session, session.do(commands.Fire(lead=lead, **_SYSTEM)))
    except (Denied, InvalidInput) as error:
        said = session.names.told(f"What is due of lead {lead} cannot happen: {error}.")
        return [{"seq": None, "kind": "failed", "lead": session.names.called(lead), "rep": None, "sentence": said}]


def _rows(session: Session, happened: Sequence[tuple[Stamp, Event]]) -> list[dict[str, Any]]:
    when = when_in(session.book.rules_at(session.now).calendar)
    return [
        {
            "seq": stamp.seq,
            "kind": event.kind,
            "lead": session.names.called(getattr(event, "lead", None)),
            "rep": session.names.called(getattr(event, "rep", None)),
            "sentence": session.names.told(sentence(event, when)),
        }
        for stamp, event in happened
    ]
