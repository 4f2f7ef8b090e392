"""The table of persons: the one place where it stands who a random id is. Erasing deletes its rows."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from leadopt.desk.database.beside import person
from leadopt.desk.database.statements import Statement
from leadopt.tables.ids import alike

LEAD, REP, ACCOUNT, USER = "lead", "rep", "account", "user"
_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of who is behind an id.

    Parameters
    ----------
    id
        random, with a letter for its kind before it
    kind
        "lead", "rep", "account" or "user" (of the desk)
    external
        what it is called outside
    feed
        which system calls it so; "" = none
    mail, phone
        as `contacts` makes them alike; None = unknown
    data
        all columns as they came in
    """

    id: str
    kind: str
    external: str
    feed: str = ""
    mail: str | None = None
    phone: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def called(self) -> str | int:
        """What it is called outside: a whole number where it came as one, its random id where it has no name."""
        if self.external.startswith(NAMELESS):
            return self.id
        return int(self.external) if self.data.get(WHOLE) else self.external


NAMELESS = "sha256:"  # before what stands for a row without an id: the hash of what it holds
WHOLE = "\x00whole"  # in `data`: the external id came as a whole number

_READ = sa.select(*(person.c[name] for name in ("id", "kind", "external", "feed", "mail", "phone", "data")))


def _asked(*names: str) -> Statement:
    return Statement(_READ.where(*(person.c[name] == sa.bindparam(name, type_=sa.Text) for name in names)), *names)


_BY_ID, _BY_FEED = _asked("id"), _asked("kind", "feed", "external")
_BY_EXTERNAL, _BY_ALIKE = _asked("kind", "external"), _asked("kind", "alike")
_BY_MAIL, _BY_PHONE = _asked("kind", "mail"), _asked("kind", "phone")
_wish = insert(person)
_CHANGED = ("feed", "external", "alike", "mail", "phone", "data")
_PUT = Statement(
    _wish.on_conflict_do_update(index_elements=[person.c.id], set_={name: _wish.excluded[name] for name in _CHANGED}),
    *person.c.keys(),
)
_DELETE = Statement(sa.delete(person).where(person.c.id == sa.bindparam("id", type_=sa.Text)), "id")


def by_id(connection: sa.Connection, key: str) -> Person | None:
    """Return who has a random id."""
    found = _BY_ID.first(connection, key)
    return None if found is None else _person(found)


def by_external(connection: sa.Connection, kind: str, external: str, feed: str | None = None) -> list[Person]:
    """Return who is called so: in a system, or in any."""
    if feed is not None:
        rows = _BY_FEED.all(connection, kind, feed, external)
    else:
        rows = _BY_EXTERNAL.all(connection, kind, external)
    return [_person(row) for row in rows]


def by_spelling(connection: sa.Connection, kind: str, text: str) -> list[Person]:
    """Return who is called so, however that is written."""
    return [_person(row) for row in _BY_ALIKE.all(connection, kind, alike(text))]


def called_so(connection: sa.Connection, kind: str, text: str) -> list[Person]:
    """Return who is called exactly so; where nobody is, who is however that is written."""
    return by_external(connection, kind, text) or by_spelling(connection, kind, text)


def same(connection: sa.Connection, mail: str | None, phone: str | None) -> list[Person]:
    """Return the leads of the same person: by mail, and by phone where mails do not differ."""
    found = {} if mail is None else {row[0]: _person(row) for row in _BY_MAIL.all(connection, LEAD, mail)}
    for row in [] if phone is None else _BY_PHONE.all(connection, LEAD, phone):
        one = _person(row)
        if mail is None or one.mail is None or one.mail == mail:
            found.setdefault(one.id, one)
    return [found[key] for key in sorted(found)]


def put(connection: sa.Connection, persons: Iterable[Person]) -> None:
    """Write persons in place of those with their ids."""
    _PUT.run_many(
        connection,
        [
            (one.id, one.kind, one.feed, one.external, alike(one.external), one.mail, one.phone, _text(one.data))
            for one in persons
        ],
    )


def erase(connection: sa.Connection, keys: Collection[str]) -> None:
    """Delete the rows of some ids."""
    _DELETE.run_many(connection, [(key,) for key in sorted(keys)])


def _person(row: tuple[Any, ...]) -> Person:
    key, kind, external, feed, mail, phone, data = row
    return Person(id=key, kind=kind, external=external, feed=feed, mail=mail, phone=phone, data=json.loads(data))
