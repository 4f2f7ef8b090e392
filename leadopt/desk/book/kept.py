"""Which table keeps a kind of record, by which key, and by which columns it is found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from leadopt.lifecycle.stages import Stage


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

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the columns of the key."""
        return tuple(column.name for column in self.table.primary_key)


_FREE = frozenset({Stage.NEW, Stage.REVIEW, Stage.POOL, Stage.PARKED})


def _listed(lead: Lead) -> str | None:
    """Return the stage of a lead that is listed by it: those that reps work on rarely are, so few indexes change."""
    return lead.stage.value if lead.stage in _FREE or (lead.is_held and lead.look_at is None) else None


def _late(lead: Lead) -> int | None:
    """Return the deadline of a lead that may pass before anything looks at it."""
    return lead.due_at if lead.due_at is not None and (lead.look_at is None or lead.look_at > lead.due_at) else None


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
        row=lambda one: (
            *(one.id, one.stage.value, one.since, one.owner, one.pool, one.account, one.look_at),
            *(_listed(one), _late(one)),
        ),
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


def _by_key(kept: Kept) -> Statement:
    """Return the statement that reads the record with a key."""
    names = kept.keys
    found = [kept.table.c[name] == _bound(kept.table.c[name]) for name in names]
    return Statement(sa.select(kept.table.c.record).where(*found), *names)


def _upsert(kept: Kept) -> Statement:
    """Return the statement that writes a record in place of the one with its key."""
    wish = insert(kept.table)
    changed = {column.name: wish.excluded[column.name] for column in kept.table.c if not column.primary_key}
    keys = list(kept.table.primary_key)
    return Statement(wish.on_conflict_do_update(index_elements=keys, set_=changed), *kept.table.c.keys())


def by_fields(kind: type[Record], names: tuple[str, ...]) -> Statement:
    """Return the statement that reads the records whose fields equal what is given; `before` and `since` are bounds."""
    if (kind, names) not in _BY_FIELDS:
        table = KEPT[kind].table
        bound = (name for name in names if name != "quiet")
        found = sa.select(table.c.record).where(*(_condition(table, name) for name in names))
        _BY_FIELDS[kind, names] = Statement(found, *bound)
    return _BY_FIELDS[kind, names]


def asked(kind: type[Record], where: Where) -> tuple[tuple[str, ...], tuple[Value, ...]]:
    """Return the names of what is asked for that have a column, and their values; the rest is looked at afterwards."""
    columns = KEPT[kind].table.c
    there = {"before": "look_at" in columns, "since": kind is Ownership, "quiet": where.quiet and "look_at" in columns}
    named = [(name, getattr(where, name)) for name in Where.__slots__ if there.get(name, name in columns)]
    given = [(name, value) for name, value in named if value is not None]
    values = (str(value) if name == "stage" else value for name, value in given if name != "quiet")
    by_list = kind is Lead and (where.stage in _FREE or where.quiet)
    names = ("listed" if name == "stage" and by_list else name for name, _ in given)
    return tuple(names), tuple(values)


class Writes:
    """The statements that write a kind of record: only columns that changed, so that few indexes do."""

    def __init__(self, kept: Kept) -> None:
        self._kept, self._updates = kept, dict[tuple[int, ...], Statement]()
        self._names = kept.table.c.keys()
        self._n_keys = len(kept.keys)
        self._upsert = _upsert(kept)

    def write(self, connection: sa.Connection, changed: Sequence[tuple[Record | None, Record]]) -> None:
        """Write records in place of what they were (None = there was none, or it is not known)."""
        batches: dict[tuple[int, ...] | None, list[Row]] = {}
        for before, record in changed:
            row, text = self._kept.row(record), encode(record)
            if before is None:
                batches.setdefault(None, []).append((*row, text))
                continue
            old = self._kept.row(before)
            other = tuple(place for place in range(self._n_keys, len(row)) if row[place] != old[place])
            values = (*(row[place] for place in other), text, *row[: self._n_keys])
            batches.setdefault(other, []).append(values)
        for places, rows in batches.items():
            (self._upsert if places is None else self._update(places)).run_many(connection, rows)

    def _update(self, places: tuple[int, ...]) -> Statement:
        if places not in self._updates:
            table = self._kept.table
            names = [*(self._names[place] for place in places), "record"]
            keys = [f"of_{name}" for name in self._kept.keys]
            found = [
                table.c[name] == _bound(table.c[name], key) for name, key in zip(self._kept.keys, keys, strict=True)
            ]
            values = {name: _bound(table.c[name], f"new_{name}") for name in names}
            given = [*(f"new_{name}" for name in names), *keys]
            self._updates[places] = Statement(sa.update(table).where(*found).values(values), *given)
        return self._updates[places]


def _bound(column: sa.Column[Any], name: str | None = None) -> sa.BindParameter[Any]:
    return sa.bindparam(name or column.name, type_=column.type)


def _condition(table: sa.Table, name: str) -> sa.ColumnElement[bool]:
    if name == "quiet":
        return table.c.look_at.is_(None)
    if name == "before":
        return table.c.look_at <= _bound(table.c.look_at, name)
    if name == "since":
        return sa.or_(table.c.until.is_(None), table.c.until >= _bound(table.c.until, name))
    return table.c[name] == _bound(table.c[name], name)


BY_KEY = {kind: _by_key(kept) for kind, kept in KEPT.items()}
WRITES = {kind: Writes(kept) for kind, kept in KEPT.items()}
_BY_FIELDS: dict[tuple[type[Record], tuple[str, ...]], Statement] = {}
