"""Where the command line's tables come from and go to: files, and tables or queries in databases."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from leadopt.errors import InvalidInput
from leadopt.tables import Table, files
from leadopt.tables.files import read_table
from leadopt.tables.sql import Address, check_target, is_database, read_sql

Source = str | Path
Columns = dict[str, list[Any]]


def read_source(source: Source, ids: Collection[str]) -> Any:
    """Return the table in a file or a database; `ids` are the columns whose text stays text."""
    return read_sql(str(source), ids) if is_database(source) else read_table(Path(source), ids)


def shown(source: Source) -> str:
    """Return a source for people: without a password."""
    return Address.of(str(source)).shown if is_database(source) else str(source)


def place(source: Source) -> str:
    """Return what two names of one source have in common."""
    if not is_database(source):
        return str(Path(source).resolve())
    address = Address.of(str(source))
    return f"{address.url}\n{(address.table or '').casefold()}"


def check_writable(target: Source, *, replace: bool = False) -> None:
    """Raise `InvalidInput` if no table can be written there, as far as that shows before any work is done."""
    if is_database(target):
        check_target(str(target), replace=replace)
    else:
        files.check_writable(Path(target))


def with_ids_alike(tables: Sequence[Any], ids: Sequence[Sequence[str]]) -> list[Any]:
    """Return tables whose ids can meet: a file's are text, and a database's may be whole numbers or UUIDs.

    Text becomes what the database has if all of it can; else all become text. `ids` are, for each kind of id, what each
    of the tables calls its column.
    """
    for names in ids:
        columns = {k: _cells(table, names[k]) for k, table in enumerate(tables) if table is not None}
        cells = {k: column for k, column in columns.items() if column is not None}
        read = _reader({type(cell) for column in cells.values() for cell in column}, cells)
        if read is not None:
            tables = [
                _with_column(table, names[k], [None if cell is None else read(cell) for cell in cells[k]])
                if k in cells
                else table
                for k, table in enumerate(tables)
            ]
    return list(tables)


def _cells(table: Any, name: str) -> list[Any] | None:
    found = Table(table, name)
    return found.values(name) if name in found else None


def _with_column(table: Any, name: str, cells: list[Any]) -> Any:
    plain = Table(table, name)
    columns: Mapping[str, list[Any]] = {column: plain.values(column) for column in plain.columns}
    return {**columns, name: cells}


def _reader(kinds: set[type], columns: Mapping[int, list[Any]]) -> Callable[[Any], Any] | None:
    """Return what makes ids of several kinds one, None if they are."""
    kinds = kinds - {type(None)}
    if len(kinds) <= 1:
        return None
    for kind, read in ((int, _whole), (UUID, _uuid)):
        if kinds == {str, kind}:
            texts = [cell for column in columns.values() for cell in column if isinstance(cell, str)]
            if all(read(text) is not None for text in texts):
                return lambda cell: read(cell) if isinstance(cell, str) else cell
    return str


def _whole(text: str) -> int | None:
    with suppress(ValueError):
        return int(text) if str(int(text)) == text else None
    return None


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None


def refuse_replacing(target: Source, inputs: Collection[Source]) -> None:
    """Raise `InvalidInput` if writing would replace what is read."""
    if place(target) in {place(source) for source in inputs}:
        kind = "table" if is_database(target) else "file"
        raise InvalidInput(f"{shown(target)}: is also read, and would be replaced; write to another {kind}")
