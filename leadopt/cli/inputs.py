"""The tables that a command line names: files, sheets of workbooks, or one workbook that holds them all."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from leadopt.cli.sources import Source, read_source
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.tables import Table
from leadopt.tables.books.sheets import BOOKS, choose_sheet, holds_kind, split_sheet
from leadopt.tables.files import sheets_of
from leadopt.tables.sql import is_database

TABLES = ("leads", "reps", "history", "pins")


def asked_sheets(options: Sequence[str], tables: Sequence[str] = TABLES) -> dict[str, str]:
    """Return the sheet that options ask for of each table: ``leads=Neue Leads``; where there is one table, its name.

    Raises
    ------
    InvalidInput
        no such table, or none is named where there are several
    """
    found = {}
    for option in options:
        table, named, sheet = option.partition("=")
        if not named and len(tables) == 1:
            table, sheet = tables[0], option
        if table not in tables or not sheet:
            raise InvalidInput(f"--sheet: must be like {tables[0]}=NAME, for {', '.join(tables)}; found {option!r}")
        found[table] = sheet
    return found


def read_tables(
    files: Mapping[str, Source | None], ids: Sequence[str], sheets: Mapping[str, str] | None = None
) -> dict[str, Table | None]:
    """Return the tables in files and databases by their names: "leads", "reps", "history", "pins"; None = no file.

    A workbook that is the only file, or that of leads and reps, is looked through for the other tables' sheets.

    Raises
    ------
    InvalidInput
        a file cannot be read, no reps are named, or two tables are to come from the same sheet
    """
    asked, named = dict(sheets or {}), dict(files)
    leads = named["leads"]
    shown = list[str]()
    one_book = leads is not None and _is_book(leads) and split_sheet(str(leads))[1] is None
    if named["reps"] is None:
        if not one_book:
            raise InvalidInput("reps: name their file after that of the leads; only a workbook can hold both")
        named["reps"] = leads
    if one_book and leads is not None and named["reps"] == leads:
        names, shown, charts = sheets_of(leads)
        named |= {
            kind: leads
            for kind in ("history", "pins")
            if named[kind] is None and (holds_kind(shown, kind) or kind in asked)
        }
        own = [table for table in named if named[table] == leads]
        asked |= {table: choose_sheet(str(leads), names, shown, table, asked.get(table), charts) for table in own}
    if unread := [table for table in asked if named[table] is None]:
        raise InvalidInput(f"--sheet {unread[0]}={asked[unread[0]]}: no file is named for {unread[0]}")
    tables = {
        table: None if path is None else read_source(path, ids, name=table, sheet=asked.get(table))
        for table, path in named.items()
    }
    _check_apart(tables)
    _say_sheets(tables, shown)
    return tables


def _say_sheets(tables: Mapping[str, Table | None], shown: Sequence[str]) -> None:
    """Note which table came from which sheet, where one workbook holds several, and which were not read."""
    places = {name: table.place.file for name, table in tables.items() if table is not None and table.place is not None}
    parts = {name: file.rsplit(", sheet ", 1) for name, file in places.items() if ", sheet " in file}
    for book in dict.fromkeys(file for file, _ in parts.values()):
        told = [f"{name} from sheet {sheet!r}" for name, (file, sheet) in parts.items() if file == book]
        table = tables["leads"]
        if len(told) > 1 and table is not None:
            table.reading.note(f"{book}: {', '.join(told)} (--sheet {next(iter(parts))}=NAME names another)")
            unread = [sheet for sheet in shown if sheet not in {sheet for _, sheet in parts.values()}]
            if unread:
                free = [name for name in TABLES if tables.get(name) is None]
                mend = f" (--sheet {free[0]}=NAME reads one)" if free else ""
                table.reading.note(f"{book}: not read: {enumerate_some([f'sheet {one!r}' for one in unread], 6)}{mend}")


def _is_book(path: Source) -> bool:
    return not is_database(path) and Path(split_sheet(str(path))[0]).suffix.lower() in BOOKS


def _check_apart(tables: Mapping[str, Table | None]) -> None:
    """Refuse two tables of one sheet: its name speaks of neither, so that nobody knows which it is."""
    first: dict[str, str] = {}
    for name, table in tables.items():
        if table is None or table.place is None or table.place.unit != "row":
            continue
        if table.place.file in first:
            raise InvalidInput(
                f"{table.place.file}: cannot be both {first[table.place.file]} and {name}; say which sheet is which: "
                f"--sheet {name}=NAME"
            )
        first[table.place.file] = name
