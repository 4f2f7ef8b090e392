"""DuckDB by its own library, inside one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from uuid import UUID

from leadopt.progress import loaded
from leadopt.tables.sql.address import Address
from leadopt.tables.sql.database import Column, Kind, Place, missing

if TYPE_CHECKING:
    import duckdb

_TYPES = {Kind.WHOLE: "BIGINT", Kind.NUMBER: "DOUBLE", Kind.TEXT: "VARCHAR", Kind.UUID: "UUID", Kind.TRUTH: "BOOLEAN"}
_OTHER_SETTINGS = "different configuration"  # the same process has the file open for writing


@contextmanager
def transaction(address: Address, *, write: bool) -> Iterator["Duck"]:
    """Open a database; see `leadopt.tables.sql.database.opened`."""
    try:
        loaded("duckdb")
        import duckdb
    except ModuleNotFoundError:
        raise missing("duckdb") from None
    try:
        connection = _connected(address, write=write)
    except duckdb.Error as error:
        address.refuse(_reason(error))
    try:
        connection.execute("BEGIN TRANSACTION")
        yield Duck(connection)
        connection.execute("COMMIT" if write else "ROLLBACK")
    except duckdb.Error as error:
        address.refuse(_reason(error))
    finally:
        connection.close()  # takes back what is not committed


class Duck:
    """A `Database` of DuckDB."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        self._connection = connection

    def places(self) -> list[Place]:
        rows = self._connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_catalog = current_database() order by table_schema <> current_schema(), 1, 2"
        ).fetchall()
        return [Place(name, None if schema == self.usual_schema else schema) for schema, name in rows]

    @property
    def usual_schema(self) -> str | None:
        return str(self.ask("select current_schema()")[1][0][0])

    def read(self, place: Place) -> tuple[list[str], list[Sequence[Any]]]:
        return self.ask(f"select * from {_quoted(place)}")

    def ask(self, query: str) -> tuple[list[str], list[Sequence[Any]]]:
        answer = self._connection.execute(query)
        return [column[0] for column in answer.description or ()], [*answer.fetchall()]

    def columns(self, place: Place) -> list[str]:
        return self.ask(f"select * from {_quoted(place)} limit 0")[0]

    def create(self, place: Place, kinds: Mapping[str, Kind]) -> None:
        columns = ", ".join(f"{_quote(name)} {_TYPES[kind]}" for name, kind in kinds.items())
        self._connection.execute(f"create table {_quoted(place)} ({columns})")

    def drop(self, place: Place) -> None:
        self._connection.execute(f"drop table {_quoted(place)}")

    def empty(self, place: Place) -> None:
        self._connection.execute(f"delete from {_quoted(place)}")

    def insert(self, place: Place, columns: Mapping[str, Column]) -> None:
        # A list for each column in one statement: a statement for each row takes a thousand times as long.
        names = ", ".join(map(_quote, columns))
        lists = ", ".join(f"unnest(?::{_TYPES[column.kind]}[])" for column in columns.values())
        cells = [[_told(cell) for cell in column.cells] for column in columns.values()]
        self._connection.execute(f"insert into {_quoted(place)} ({names}) select {lists}", cells)

    def forget(self, place: Place, column: str, value: str) -> None:
        self._connection.execute(f"delete from {_quoted(place)} where {_quote(column)} = ?", [value])


def _connected(address: Address, *, write: bool) -> "duckdb.DuckDBPyConnection":
    import duckdb

    path, _, settings = address.url.partition("://")[2].removeprefix("/").partition("?")
    config: dict[str, str | bool | int | float | list[str]]
    path, config = path or ":memory:", {**dict(parse_qsl(settings))}
    read_only = not write and path != ":memory:"
    try:
        return duckdb.connect(path, read_only=read_only, config=config)
    except duckdb.ConnectionException as error:
        if _OTHER_SETTINGS not in str(error):
            raise
        return duckdb.connect(path, read_only=not read_only, config=config)


def _told(cell: Any) -> Any:
    return str(cell) if isinstance(cell, UUID) else cell


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(place: Place) -> str:
    return ".".join(_quote(part) for part in (place.schema, place.name) if part is not None)


def _reason(error: Exception) -> str:
    import duckdb

    quote = '; names such as "at" need double quotes around them' if isinstance(error, duckdb.ParserException) else ""
    return f"the database refuses: {(str(error).strip() or type(error).__name__).splitlines()[0]}{quote}"
