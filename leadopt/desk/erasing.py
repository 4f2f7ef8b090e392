"""A person is erased, so that no byte of what told who it was is left in the file; or exported, as the law asks."""

import json
from typing import Any

import sqlalchemy as sa

from leadopt.desk.asking.asking import Who, actor
from leadopt.desk.database.beside import mark
from leadopt.desk.database.engine import forget_deleted
from leadopt.desk.people import persons
from leadopt.desk.people.persons import WHOLE
from leadopt.desk.showing.leads import lead_view
from leadopt.desk.work.answers import DONE, Answer, denial
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, result_of
from leadopt.desk.work.session import Session, Snapshot
from leadopt.lifecycle import commands
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.commands import ADMIN
from leadopt.lifecycle.denied import Denied
from leadopt.lifecycle.events import Absorbed
from leadopt.lifecycle.records import Lead
from leadopt.tables.text import count

_SWEEP = "sweep"  # a mark: what was erased is still in the write-ahead log, which somebody was reading
_PATIENCE_S = 0.1  # for who reads: they go on, and the next run tries again


def erase(core: Core, lead: Any, who: Who) -> Result:
    """Erase a lead and its copies; parameters as of `Desk.erase`."""
    result = core.write(lambda session: _erased(session, lead, who))
    if result.ok and not forget_deleted(core.engine, wait_s=_PATIENCE_S):
        core.write(lambda session: _set_sweep(session, wanted=True))
    return result


def sweep_again(core: Core) -> None:
    """Cut the write-ahead log if that could not be done when something was erased."""
    with core.read() as snapshot:
        wanted = _is_marked(snapshot)
    if wanted and forget_deleted(core.engine, wait_s=_PATIENCE_S):
        core.write(lambda session: _set_sweep(session, wanted=False))


def copies_of(snapshot: Snapshot, lead: str) -> list[str]:
    """Return a lead and all copies that it took over, and theirs; not one whose merge was taken back."""
    found = [lead]
    for one in found:
        taken = (event.other for _, event in snapshot.book.history(one) if isinstance(event, Absorbed))
        found += [other for other in dict.fromkeys(taken) if _is_copy(snapshot, other, one)]
    return found


def _is_copy(snapshot: Snapshot, lead: str, of: str) -> bool:
    record = snapshot.book.get(Lead, lead)
    return record is not None and record.merged_into == of


def export(snapshot: Snapshot, lead: str) -> str:
    """Return all that is known of the person behind a lead, as JSON: what came in, and what happened."""
    known = []
    for one in copies_of(snapshot, lead):
        view, person = lead_view(snapshot, one), persons.by_id(snapshot.connection, one)
        record = json.loads(view.to_json())
        contacts = {} if person is None else {"mail": person.mail, "phone": person.phone}
        known.append({**record, "matched_by": contacts, "columns": _columns(person)})
    return json.dumps({"leads": known}, ensure_ascii=False, indent=1, sort_keys=True)


def _columns(person: persons.Person | None) -> dict[str, Any]:
    return {} if person is None else {name: value for name, value in person.data.items() if name != WHOLE}


def _erased(session: Session, given: Any, who: Who) -> Result:
    try:
        lead = session.survivor(session.names.lead(given, who.feed).id)
        asks = actor(session, who, who.by, commands.Erase.roles, ADMIN)
    except Denied as denied:
        return result_of(denial(denied), session, given)
    record = session.book.get(Lead, lead)
    linked, gone, seq = () if record is None else record.linked, copies_of(session, lead), None
    accounts = {found.account for one in gone if (found := session.book.get(Lead, one)) is not None and found.account}
    for one in gone:
        happened = session.do(commands.Erase(lead=one, **asks))
        seq = seq if seq is not None or not happened else happened[0][0].seq
    lonely = [one for one in accounts if not session.book.find(Lead, Where(account=one))]
    earlier = "" if not linked else f"; the same person had {', '.join(linked)}, erase these too if asked"
    told_ = f"{count(len(gone), 'lead')} and all that told whose they were are erased{earlier}."
    answer = result_of(Answer(code=DONE, subject=lead, seq=seq, sentence=told_), session)
    persons.erase(session.connection, [*gone, *lonely])
    return answer


def _is_marked(snapshot: Snapshot) -> bool:
    return snapshot.connection.execute(sa.select(mark.c.value).where(mark.c.name == _SWEEP)).first() is not None


def _set_sweep(session: Session, *, wanted: bool) -> None:
    session.connection.execute(sa.delete(mark).where(mark.c.name == _SWEEP))
    if wanted:
        session.connection.execute(sa.insert(mark), {"name": _SWEEP, "value": 1})
