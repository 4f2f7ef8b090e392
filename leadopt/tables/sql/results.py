"""Answers that a program has from a database already: what SQLAlchemy returns, and rows that know their columns."""

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.progress import loaded
from leadopt.tables.sql.cells import columns_of

_MEND = "pass what a query returns, as connection.execute(select(...)) does, or the database's URL as text"
_LIBRARIES = ("sqlalchemy", "sqlmodel", "sqlite3", "psycopg", "duckdb", "_duckdb")


def is_result(data: object) -> bool:
    """Return whether this is what SQLAlchemy answers a query with, as rows or as mappings."""
    library = sys.modules.get("sqlalchemy")  # who has a result has imported it
    return library is not None and isinstance(data, library.engine.Result | library.engine.MappingResult)


def read_result(result: Any, name: str, text: Collection[str] = ("lead_id", "rep_id")) -> dict[str, list[Any]]:
    """Return the rows that a result still holds as lists by column, read as `read_sql` does.

    The connection stays its owner's: nothing is committed, taken back or closed.

    Raises
    ------
    InvalidInput
        it returns no rows or was read before, columns of one name, or whatever the database refuses
    """
    loaded("sqlalchemy")
    import sqlalchemy as sa

    over = f"{name}: the result holds no rows any more: it was read before, or its query returns none; run it again"
    # SQLAlchemy reads what is used up as if it were empty, and has no public word for it.
    used_up = bool(getattr(result, "_soft_closed", False))
    try:
        names = list(result.keys())
        rows = [tuple(row.values()) if isinstance(row, Mapping) else tuple(row) for row in result]
    except sa.exc.ResourceClosedError:
        raise InvalidInput(over) from None
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise InvalidInput(f"{name}: the database refuses: {reason}") from None
    if used_up and not rows:
        raise InvalidInput(over)
    if twice := [column for column, times in Counter(names).items() if times > 1]:
        raise InvalidInput(f'{name}: column names must be unique; found "{twice[0]}" twice: rename one with AS')
    return columns_of(names, rows, text)


def row_as_mapping(row: Any) -> Mapping[str, Any] | None:
    """Return a row that knows its columns by name (of SQLAlchemy, sqlite3, or a named tuple), None for any other.

    >>> from collections import namedtuple
    >>> row_as_mapping(namedtuple("Lead", "lead_id source")(7, "web")), row_as_mapping((7, "web"))
    ({'lead_id': 7, 'source': 'web'}, None)
    """
    if isinstance(row, Sequence) and hasattr(row, "_asdict"):
        named: dict[str, Any] = row._asdict()
        return named
    return dict(zip(row.keys(), row, strict=True)) if type(row).__module__ == "sqlite3" else None


def mend_of(data: object) -> str:
    """Return what to pass in place of an engine, a connection, a cursor or a statement; "" for anything else."""
    return _MEND if type(data).__module__.partition(".")[0] in _LIBRARIES else ""
