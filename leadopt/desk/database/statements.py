"""SQL that is compiled once and run on the driver's own cursor.

A statement of SQLAlchemy Core, told in Python and compiled for the database's dialect; what it costs to run is then
the driver's: 4 microseconds for a row by its key where `Connection.execute` takes 40. Such statements take and return
plain values alone (int, float, str, bytes, None), as no type of SQLAlchemy stands between.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

Value = int | float | str | bytes | None
Row = tuple[Any, ...]

# The driver of each dialect, and parameters by place: psycopg takes them so too.
_DRIVERS = {"sqlite": ("sqlite", "qmark"), "postgresql": ("postgresql+psycopg", "format")}


class Statement:
    r"""A statement whose parameters are told by place.

    Parameters
    ----------
    element
        a select, insert, update or delete of SQLAlchemy Core
    names
        the names of its `bindparam`s, or the columns of an insert, in the order in which values will be given

    Examples
    --------
    >>> table = sa.table("rep", sa.column("id"), sa.column("open"))
    >>> of_rep = Statement(sa.select(table.c.open).where(table.c.id == sa.bindparam("id")), "id")
    >>> of_rep.sql("sqlite").replace(" \n", " ")
    'SELECT rep.open FROM rep WHERE rep.id = ?'
    """

    __slots__ = ("_compiled", "_element", "_names")

    def __init__(self, element: sa.Executable, *names: str) -> None:
        self._element = element
        self._names = names
        self._compiled: dict[str, Compiled] = {}

    def all(self, connection: sa.Connection, *values: Value) -> list[Row]:
        """Return all rows."""
        found: list[Row] = self._run(connection, values).fetchall()
        return found

    def first(self, connection: sa.Connection, *values: Value) -> Row | None:
        """Return the first row; None = there is none."""
        found: Row | None = self._run(connection, values).fetchone()
        return found

    def run(self, connection: sa.Connection, *values: Value) -> int:
        """Run it once; return how many rows it changed."""
        changed: int = self._run(connection, values).rowcount
        return changed

    def run_many(self, connection: sa.Connection, rows: Sequence[Sequence[Value]]) -> None:
        """Run it once for each row of values."""
        if len(rows) == 1:
            self._run(connection, rows[0])
        elif rows:
            compiled = self._for(connection.dialect.name)
            bound = rows if compiled.places is None else [_bound(compiled.places, row) for row in rows]
            _cursor(connection).executemany(compiled.sql, bound)

    def sql(self, dialect: str) -> str:
        """Return its text in a dialect."""
        return self._for(dialect).sql

    def _run(self, connection: sa.Connection, values: Sequence[Value]) -> Any:
        compiled = self._for(connection.dialect.name)
        cursor = _cursor(connection)
        cursor.execute(compiled.sql, values if compiled.places is None else _bound(compiled.places, values))
        return cursor

    def _for(self, dialect: str) -> "Compiled":
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = _compile(self._element, dialect, self._names)
        return found


class Compiled(NamedTuple):
    """A statement's text in a dialect, and what stands at each of its places.

    Parameters
    ----------
    sql
        the text
    places
        for each place which value is given there, or (a constant of the statement,); None = the values as they come
    """

    sql: str
    places: list[int | tuple[Value]] | None


def _compile(element: sa.Executable, dialect: str, names: Sequence[str]) -> Compiled:
    driver, style = _DRIVERS[dialect]
    kind: Any = sa.make_url(f"{driver}://").get_dialect()
    text = element.compile(dialect=kind(paramstyle=style), column_keys=list(names) or None)  # type: ignore[attr-defined]
    stand = list(text.positiontup or ())
    if missing := set(names) - set(stand):
        raise ValueError(f"{', '.join(sorted(missing))} stand nowhere in {text}")
    if stand == list(names):
        return Compiled(str(text), None)
    return Compiled(str(text), [names.index(name) if name in names else (text.params[name],) for name in stand])


def _cursor(connection: sa.Connection) -> Any:
    """Return a cursor of the driver inside a transaction, which begins with its first statement as SQLAlchemy's do."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def _bound(places: Iterable[int | tuple[Value]], values: Sequence[Value]) -> Row:
    return tuple([values[place] if isinstance(place, int) else place[0] for place in places])
