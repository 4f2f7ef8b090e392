"""The event log: append to its end, read it, ask where it ends."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from leadopt.desk.database.statements import Statement
from leadopt.desk.database.tables import log
from leadopt.desk.log.checkpoint import Checkpoint
from leadopt.desk.log.records import EMPTY, Envelope, Head, Record, chained

_AT_ONCE = 1000  # rows that are held while a log is read
# Columns as the driver reads them: a type of SQLAlchemy would make bytes of whatever somebody has put in their place.
_AS_STORED: list[Any] = [sa.type_coerce(column, sa.types.NULLTYPE).label(column.name) for column in log.c]
_INSERT = Statement(sa.insert(log), *Record._fields)
_LAST = sa.select(sa.func.max(log.c.seq)).scalar_subquery()
_HEAD = Statement(sa.select(log.c.seq, log.c.hash, log.c.at).where(log.c.seq == _LAST))
_AT = sa.bindparam("moment", type_=sa.BigInteger)
_FIRST_SINCE = Statement(sa.select(log.c.seq).where(log.c.at >= _AT).order_by(log.c.at, log.c.seq).limit(1), "moment")

_BY_SEQ = Statement(sa.select(*log.c).where(log.c.seq == sa.bindparam("seq", type_=sa.BigInteger)), "seq")
_OF_SUBJECT = Statement(
    sa.select(*log.c).where(log.c.subject == sa.bindparam("subject", type_=sa.Text)).order_by(log.c.seq), "subject"
)


def append(connection: sa.Connection, envelopes: Envelope | Iterable[Envelope], now: int) -> list[Record]:
    """Write events to the end of the log, in a transaction that writes; return their records.

    Parameters
    ----------
    connection
        its transaction has begun with the right to write (`leadopt.desk.database.engine.writing`)
    envelopes
        one event, or many in order
    now
        what the clock says, in microseconds

    Raises
    ------
    InvalidInput
        an event names a cause that is not before it, or holds what no database can store
    """
    events = [envelopes] if isinstance(envelopes, Envelope) else envelopes
    records = chained(head(connection), events, now)
    insert(connection, records)
    return records


def insert(connection: sa.Connection, records: Sequence[Record]) -> None:
    """Write records that `chained` made after this log's head."""
    _INSERT.run_many(connection, records)


def head(connection: sa.Connection) -> Head:
    """Return where the log ends."""
    found = _HEAD.first(connection)
    return Head(*found) if found else EMPTY


def checkpoint(connection: sa.Connection) -> Checkpoint:
    """Return where the log ends, as a line to keep elsewhere."""
    end = head(connection)
    return Checkpoint(end.seq, end.hash)


def record(connection: sa.Connection, seq: int) -> Record | None:
    """Return a record by its seq; None = there is none."""
    found = _BY_SEQ.first(connection, seq)
    return None if found is None else Record(*found)


def of_subject(connection: sa.Connection, subject: str) -> list[Record]:
    """Return all records of a lead, a rep or the like, in order."""
    return [Record(*row) for row in _OF_SUBJECT.all(connection, subject)]


def read(
    connection: sa.Connection,
    *,
    after: int = 0,
    since: int | None = None,
    until: int | None = None,
    subject: str | None = None,
    kind: str | None = None,
) -> Iterator[Record]:
    """Yield the records of the log in order, few at a time; any of the conditions is found without a scan.

    Parameters
    ----------
    after
        only records whose seq is greater
    since, until
        only records at or after the one and before the other moment, in microseconds
    subject, kind
        only records of these
    """
    first = max(after + 1, 1 if since is None else first_since(connection, since))
    last = None if until is None else first_since(connection, until) - 1
    for row in connection.execute(_chosen(first, last, subject, kind).execution_options(yield_per=_AT_ONCE)):
        yield Record._make(row)


def _chosen(first: int, last: int | None, subject: str | None, kind: str | None) -> sa.Select[Any]:
    found = sa.select(*_AS_STORED).where(log.c.seq >= first).order_by(log.c.seq)
    if last is not None:
        found = found.where(log.c.seq <= last)
    if subject is not None:
        found = found.where(log.c.subject == subject)
    return found if kind is None else found.where(log.c.kind == kind)


def first_since(connection: sa.Connection, moment: int) -> int:
    """Return the seq of the first record at or after a moment, or the next one to come; `at` never goes back."""
    found = _FIRST_SINCE.first(connection, moment)
    return found[0] if found else head(connection).seq + 1
