"""Which table keeps a kind of record, by which key, and by which columns it is found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from leadopt.desk.book.codec import encode
from leadopt.desk.database import following
from leadopt.desk.database.statements import Row, Statement, Value
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.records import (
    Absence,
    Account,
    Conduct,
    Credit,
    Lead,
    Message,
    Ownership,
    Record,
    Rep,
    RuleFile,
    State,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kept:
    """Where records of a kind are.

    Parameters
    ----------
    table
        with the columns of the key first, then those it is found by, then `record`
    row
        what stands before `record` in the row of a record
    key
        what stands in the columns of the key of a record with that key
    group
        the field whose few records are read together: those of a lead, of a rep; None = there is none
    whole
        whether all are read together: there are few
    """

    table: sa.Table
    row: Callable[[Any], Row]
    key: Callable[[str], Row]
    group: str | None = None
    whole: bool = False

    def rows(self, records: Sequence[Record]) -> list[Row]:
        """Return the rows of records."""
        return [(*self.row(record), encode(record)) for record in records]


def _one(key: str) -> Row:
    return (key,)


def _two(key: str) -> Row:
    first, _, second = key.partition("/")
    return first, second


def _place(key: str) -> Row:
    seq, _, number = key.partition("-")
    return int(seq), int(number)


def _begun(key: str) -> Row:
    lead, _, begun = key.partition("/")
    return lead, int(begun)


KEPT: dict[type[Record], Kept] = {
    Lead: Kept(
        table=following.lead,
        row=lambda one: (one.id, one.stage.value, one.since, one.owner, one.pool, one.account, one.look_at, one.due_at),
        key=_one,
    ),
    Rep: Kept(table=following.rep, row=lambda one: (one.id,), key=_one, whole=True),
    Credit: Kept(table=following.credit, row=lambda one: (one.rep, one.of), key=_two, group="rep"),
    Absence: Kept(
        table=following.absence,
        row=lambda one: (one.id, one.rep, one.start, int(not one.begun and not one.cancelled)),
        key=_one,
        group="rep",
    ),
    Account: Kept(table=following.account, row=lambda one: (one.id,), key=_one),
    Ownership: Kept(
        table=following.ownership,
        row=lambda one: (one.lead, one.begun, one.rep, one.until),
        key=_begun,
        group="lead",
    ),
    Conduct: Kept(table=following.conduct, row=lambda one: (one.rep, one.rule), key=_two, group="rep"),
    Message: Kept(table=following.message, row=lambda one: (one.seq, one.number), key=_place),
    RuleFile: Kept(table=following.rule_file, row=lambda one: (one.seq,), key=lambda key: (int(key),), whole=True),
    State: Kept(table=following.state, row=lambda one: (one.key,), key=_one),
}


@cache
def by_key(kind: type[Record]) -> Statement:
    """Return the statement that reads the record with a key."""
    table = KEPT[kind].table
    names = [column.name for column in table.primary_key]
    asked = [table.c[name] == _bound(table.c[name]) for name in names]
    return Statement(sa.select(table.c.record).where(*asked), *names)


@cache
def upsert(kind: type[Record]) -> Statement:
    """Return the statement that writes a record in place of the one with its key."""
    table = KEPT[kind].table
    wish = insert(table)
    changed = {column.name: wish.excluded[column.name] for column in table.c if not column.primary_key}
    return Statement(
        wish.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed), *table.c.keys()
    )


@cache
def by_fields(kind: type[Record], names: tuple[str, ...]) -> Statement:
    """Return the statement that reads the records whose fields equal what is given; `before` and `since` are bounds."""
    table = KEPT[kind].table
    return Statement(sa.select(table.c.record).where(*(_condition(table, name) for name in names)), *names)


def counted_by(table: sa.Table, *names: str) -> Statement:
    """Return the statement that counts the rows whose columns equal what is given."""
    return Statement(
        sa.select(sa.func.count()).select_from(table).where(*(_condition(table, name) for name in names)), *names
    )


def asked(kind: type[Record], where: Where) -> tuple[tuple[str, ...], tuple[Value, ...]]:
    """Return the names of what is asked for that have a column, and their values; the rest is looked at afterwards."""
    columns = KEPT[kind].table.c
    named = [(name, getattr(where, name)) for name in Where.__slots__]
    there = {"before": "look_at" in columns, "since": kind is Ownership}
    given = [(name, value) for name, value in named if value is not None and there.get(name, name in columns)]
    return tuple(name for name, _ in given), tuple(str(value) if name == "stage" else value for name, value in given)


def _bound(column: sa.Column[Any], name: str | None = None) -> sa.BindParameter[Any]:
    return sa.bindparam(name or column.name, type_=column.type)


def _condition(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
    if name == "before":
        return table.c.look_at <= _bound(table.c.look_at, name)
    if name == "since":
        return sa.or_(table.c.until.is_(None), table.c.until >= _bound(table.c.until, name))
    return table.c[name] == _bound(table.c[name], name)
