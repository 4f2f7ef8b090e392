"""Where the command line's tables come from and go to: files, and tables or queries in databases."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from leadopt.errors import InvalidInput
from leadopt.tables import Table, files
from leadopt.tables.books.sheets import split_sheet
from leadopt.tables.files import read_file
from leadopt.tables.sql import Address, check_target, is_database

Source = str | Path

_HEAD = 1_000  # letters of a file by which it is known


def read_source(source: Source, ids: Collection[str], *, name: str, sheet: str | None = None) -> Table:
    """Return the table in a file or a database.

    Parameters
    ----------
    ids
        the columns whose text stays text
    name
        what messages call the table
    sheet
        of a workbook
    """
    if not is_database(source):
        return read_file(source, ids, name=name, sheet=sheet)
    if sheet is not None:
        raise InvalidInput(f"{shown(source)}: has no sheets; only workbooks have them")
    return Table(str(source), name, ids=ids)


def shown(source: Source) -> str:
    """Return a source for people: without a password."""
    return Address.of(str(source)).shown if is_database(source) else str(source)


def place(source: Source) -> str:
    """Return what two names of one source have in common."""
    if not is_database(source):
        return str(Path(split_sheet(str(source))[0]).resolve())
    address = Address.of(str(source))
    return f"{address.url}\n{(address.table or '').casefold()}"


def check_writable(target: Source, *, replace: bool = False) -> None:
    """Raise `InvalidInput` if no table can be written there, as far as that shows before any work is done."""
    if is_database(target):
        check_target(str(target), replace=replace)
    else:
        files.check_writable(Path(target))


def with_ids_alike(tables: Mapping[str, Table | None], ids: Sequence[Mapping[str, str]]) -> Mapping[str, Table | None]:
    """Return tables whose ids can meet: a file's are text, and a database's may be whole numbers or UUIDs.

    Text becomes what the database has if all of it can; else all become text. `ids` are, for each kind of id, what each
    of the tables calls its column.
    """
    for names in ids:
        there = {name: table for name, table in tables.items() if table is not None and names[name] in table}
        cells = {name: table.values(names[name]) for name, table in there.items()}
        read = _reader({type(cell) for column in cells.values() for cell in column}, cells)
        if read is not None:
            told = {
                name: _with_column(table, names[name], [None if cell is None else read(cell) for cell in cells[name]])
                for name, table in there.items()
            }
            tables = {**tables, **told}
    return tables


def _with_column(table: Table, name: str, cells: list[Any]) -> Table:
    columns = {column: table.values(column) for column in table.columns}
    return Table({**columns, name: cells}, table.name, table.reading, table.place)


def _reader(kinds: set[type], columns: Mapping[str, list[Any]]) -> Callable[[Any], Any] | None:
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


def refuse_foreign(path: Path, is_own: Callable[[str], bool], option: str, *, force: bool = False) -> None:
    """Raise `InvalidInput` if a file is there that leadopt did not write as what is to be written now."""
    if force or not path.is_file() or path.stat().st_size == 0:
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        if not is_own(file.read(_HEAD)):
            more = ", or let it be replaced with --force" if option == "-o" else ""
            raise InvalidInput(
                f"{path}: is there already, and leadopt did not write it; name another with {option}{more}"
            )


def is_settings(head: str) -> bool:
    """Return whether a file that begins so is a schema of policies or the page of it."""
    return '"title": "leadopt policy"' in head or "`leadopt policy schema --page`" in head


def is_plan(head: str) -> bool:
    """Return whether a file that begins so is a plan as JSON."""
    return head.lstrip().startswith("{") and '"format"' in head and '"leadopt"' in head
