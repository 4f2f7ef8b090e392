"""From what a user asks to commands, and from what they are answered to results; a few hundred in a transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from leadopt.desk.asking.cells import moment
from leadopt.desk.asking.intake import ids_of, table_of
from leadopt.desk.people.names import text_of
from leadopt.desk.work import requests
from leadopt.desk.work.answers import DENIED, Answer, denial
from leadopt.desk.work.core import Core
from leadopt.desk.work.results import Result, Results, result_of
from leadopt.desk.work.session import Session
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.lifecycle.commands import REP, ROLES, Command
from leadopt.lifecycle.denied import Denied
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_id, is_number

AT_ONCE = 500  # rows of a table that one transaction takes
LEAD = "lead"
Reader = Callable[[Session, str, Any], Any]
T = TypeVar("T")


# ---- how a parameter is read


def text(session: Session, name: str, given: Any) -> str:
    """Return a code, such as a reason."""
    if not isinstance(given, str) or not given.strip():
        raise InvalidInput(f"{name}: must be a text; found {given!r}")
    return given.strip()


def number(session: Session, name: str, given: Any) -> float:
    """Return a number."""
    if not is_number(given) or not abs(float(given)) < float("inf"):
        raise InvalidInput(f"{name}: must be a finite number; found {given!r}")
    return float(given)


def whole(session: Session, name: str, given: Any) -> int:
    """Return a whole number, 0 or more."""
    if not is_number(given) or int(given) != given or given < 0:
        raise InvalidInput(f"{name}: must be a whole number, 0 or more; found {given!r}")
    return int(given)


def flag(session: Session, name: str, given: Any) -> bool:
    """Return true or false."""
    if not isinstance(given, bool):
        raise InvalidInput(f"{name}: must be true or false; found {given!r}")
    return given


def at(session: Session, name: str, given: Any) -> int:
    """Return a moment."""
    return moment(given, name)


def until(session: Session, name: str, given: Any) -> int:
    """Return a moment; a day is its first one."""
    return moment(given, name, session.book.rules_at(session.now).calendar)


def last(session: Session, name: str, given: Any) -> int:
    """Return a moment; of a last day it is the first one after it."""
    is_day = isinstance(given, date) and not isinstance(given, datetime)
    is_day = is_day or (isinstance(given, str) and len(given.strip()) == len("2026-11-30"))
    if not is_day:
        return moment(given, name)
    day = given if isinstance(given, date) else date.fromisoformat(given.strip())
    return session.book.rules_at(session.now).calendar.start_of(day + timedelta(days=1))


def rep(session: Session, name: str, given: Any) -> str:
    """Return the id of a rep."""
    return session.names.rep(given)


def lead(session: Session, name: str, given: Any) -> str:
    """Return the id of a lead."""
    return session.names.lead(given).id


# ---- what is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A command as users ask for it.

    Parameters
    ----------
    name
        of the method
    command
        makes the command of what was read
    role
        in which it is asked unless somebody says otherwise; reps are reps where a rep may
    fields
        parameter -> how it is read; each is a column of a table too
    reps_column
        the parameter that a column of rep ids tells; None = none
    of
        whether it is about leads or reps
    survivors
        whether what is asked of a copy is meant for the lead that lives on
    fill
        completes what was read; None = it is complete
    """

    name: str
    command: Callable[..., Command]
    role: str
    fields: Mapping[str, Reader] = field(default_factory=dict)
    reps_column: str | None = None
    of: str = LEAD
    survivors: bool = False
    fill: Callable[[Session, dict[str, Any]], dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who asks, and how: see `leadopt.lifecycle.commands.Command`; `feed` = whose ids of leads are meant."""

    by: Any = None
    role: str | None = None
    key: str | None = None
    expect: int | None = None
    feed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is asked: of whom, with what, what it is called where it stands, and what is wrong with it."""

    subject: Id | None
    given: Mapping[str, Any]
    place: str = ""
    fault: str | None = None


def ask(core: Core, what: Ask, subject: Any, given: Mapping[str, Any], who: Who) -> Result | Results:
    """Do what is asked, of one lead or rep or of each row of a table.

    Parameters
    ----------
    core
        of the desk
    what
        is asked
    subject
        an id, several, or a table with a column of ids and perhaps others for the parameters
    given
        parameters by name; a cell of the table comes before them
    who
        asks

    Raises
    ------
    InvalidInput
        what was asked of one lead or rep cannot be read; in a table, that is a `Result` of its row
    """
    check_who(who)
    if as_id(subject) is not None:
        row = Row(subject=as_id(subject), given=given)
        return core.write(lambda session: _answered(session, what, row, 0, who, alone=True))
    rows, like, column = _rows(core, what, subject, given)
    done = in_chunks(core, rows, lambda session, row, place: _answered(session, what, row, place, who))
    return Results(done, like, column)


def in_chunks(core: Core, rows: Sequence[T], work: Callable[[Session, T, int], Result]) -> list[Result]:
    """Return what comes of each row, a few hundred in a transaction."""
    done: list[Result] = []
    for begin in range(0, len(rows), AT_ONCE):
        numbered = list(enumerate(rows[begin : begin + AT_ONCE], begin))
        done += core.write(lambda session, part=numbered: [work(session, row, place) for place, row in part])  # type: ignore[misc]
    return done


def check_who(who: Who) -> None:
    """Refuse a role that is none, a key that is no text, and a version that is no number."""
    if who.role is not None and who.role not in ROLES:
        raise InvalidInput(
            f"role: must be one of {', '.join(ROLES)}; found {who.role!r}{did_you_mean(who.role, ROLES)}"
        )
    if who.key is not None and not (isinstance(who.key, str) and who.key):
        raise InvalidInput(f"key: must be a text that is new for each request; found {who.key!r}")
    if who.expect is not None and (not isinstance(who.expect, int) or isinstance(who.expect, bool)):
        raise InvalidInput(f"expect: must be the version that you have seen, a whole number; found {who.expect!r}")


def once(session: Session, who: Who, place: int, what: Any, work: Callable[[str | None], Answer]) -> Answer:
    """Return what a key was answered, or do the work and keep its answer; `work` is given what stands for the key."""
    if who.key is None:
        return work(None)
    key, asked = requests.hashed(who.key, place), requests.asked(what, who.by, who.role, who.expect, who.feed)
    known = requests.answered(session.connection, key, asked)
    if known is not None:
        return known
    answer = work(key)
    requests.keep(session.connection, key, asked, answer, session.now)
    return answer


def actor(session: Session, who: Who, by: Any, allowed: frozenset[str], usual: str) -> dict[str, Any]:
    """Return `by` and `role` of a command: who is a rep asks as one, where reps may.

    Raises
    ------
    Denied
        there is no such rep, or one who is called nearly so
    InvalidInput
        nobody is named where a rep has to be
    """
    if usual == REP and who.role in (None, REP):
        if by is None:
            raise InvalidInput("by: name the rep")
        return {"by": session.names.rep(by), "role": REP}
    if by is None:
        return {"by": who.role or usual, "role": who.role or usual}
    if who.role is None and REP in allowed:
        session.names.refuse_misspelt(by)
    name, is_rep = session.names.actor(by)
    return {"by": name, "role": who.role or (REP if is_rep and REP in allowed else usual)}


def _answered(session: Session, what: Ask, row: Row, place: int, who: Who, *, alone: bool = False) -> Result:
    def work(key: str | None) -> Answer:
        try:
            return _done(session, what, row, who, key)
        except Denied as denied:
            return denial(denied)
        except InvalidInput as error:
            if alone:
                raise
            return refused(f"{row.place}: {error}")

    told = [what.name, text_of(row.subject), {name: str(value) for name, value in row.given.items()}]
    answer = refused(row.fault) if row.fault is not None else once(session, who, place, told, work)
    return result_of(answer, session.names, row.subject)


def refused(sentence: str) -> Answer:
    """Return what a row is answered that cannot be read."""
    return Answer(code=DENIED, reason="bad_input", sentence=sentence, remedy="mend the row and send it again")


def _done(session: Session, what: Ask, row: Row, who: Who, key: str | None) -> Answer:
    if what.of == LEAD:
        subject = session.names.lead(row.subject, who.feed).id
        subject = session.survivor(subject) if what.survivors else subject
    else:
        subject = session.names.rep(row.subject)
    allowed: frozenset[str] = getattr(what.command, "roles", frozenset())
    by = row.given.get("by", who.by)
    asks = actor(session, who, who.by if by is None else by, allowed, what.role)
    given = {name: (name, value) for name, value in row.given.items() if value is not None and name in what.fields}
    read = {name: what.fields[name](session, name, value) for name, (_, value) in given.items()}
    whole_command = {what.of: subject, **read, **asks, "key": key, "expect": who.expect}
    told = what.fill(session, whole_command) if what.fill else whole_command
    for name, one in getattr(what.command, "__dataclass_fields__", {}).items():
        if one.default is MISSING and one.default_factory is MISSING and name not in told:
            raise InvalidInput(f"{name}: is needed, and missing")
    return session.answer(what.command(**told), subject)


def _rows(core: Core, what: Ask, subject: Any, given: Mapping[str, Any]) -> tuple[list[Row], Table | None, str]:
    with core.read() as snapshot:
        policy = core.policy_of(snapshot)
    column = policy.columns.lead_id if what.of == LEAD else policy.columns.rep_id
    if isinstance(subject, list | tuple | set | frozenset) and not any(isinstance(one, Mapping) for one in subject):
        return [_entry(what, one, place, given) for place, one in enumerate(subject, 1)], None, column
    table = table_of(subject, "leads" if what.of == LEAD else "reps", policy)
    return list(_table_rows(table, what, given, policy, column)), table, column


def _entry(what: Ask, one: Any, number: int, given: Mapping[str, Any]) -> Row:
    place, key = f"entry {number}", as_id(one)
    fault = None if key is not None else f"{place}: the id of a {what.of} must be text or a whole number; found {one!r}"
    return Row(subject=key, given=given, place=place, fault=fault)


def _table_rows(table: Table, what: Ask, given: Mapping[str, Any], policy: Policy, column: str) -> Iterator[Row]:
    faults: dict[int, str] = {}
    ids = ids_of(table, column, f"a {what.of}", faults)
    named = {name: name for name in (*what.fields, "by") if name in table and name != column}
    reps = policy.columns.rep_id
    if what.reps_column is not None and what.reps_column not in named and reps in table and reps != column:
        named[what.reps_column] = reps
    cells = {name: table.values(shown) for name, shown in named.items()}
    for row, key in enumerate(ids):
        own = {name: values[row] for name, values in cells.items() if values[row] is not None}
        place = f"{table.name}, {table.row_name(row)}"
        yield Row(subject=key, given={**given, **own}, place=place, fault=faults.get(row))
