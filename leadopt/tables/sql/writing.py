"""A plan's table into a database, with the whole plan beside it: all of it in one transaction, or nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from leadopt.tables.sql.address import Address
from leadopt.tables.sql.database import Column, Database, Kind, Place, found_place, named, spelled
from leadopt.tables.sql.opening import is_new_file, opened

SAVED = "leadopt_plans"
"""The table that says which tables leadopt wrote, and holds their plans."""
_KINDS = dict.fromkeys(("table_name", "written_at", "summary", "columns", "plan"), Kind.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A plan as a database keeps it beside its table.

    Parameters
    ----------
    written_at
        when, in ISO format with its time zone
    summary
        the plan in a sentence, for who looks into the table
    plan
        what `Plan.from_json` reads
    """

    written_at: str
    summary: str
    plan: str


def write_sql(target: str | Address, columns: Mapping[str, Column], saved: Saved, *, replace: bool = False) -> None:
    """Write columns to a table, and the plan they are of to the table `leadopt_plans`, in one transaction.

    A table that leadopt wrote, and that has the columns it was given then, is replaced by the new one; any other is
    left alone, unless `replace` says otherwise. Where the columns stay the same, only the rows are replaced: what
    depends on the table (indexes, views, grants) stays.

    Raises
    ------
    InvalidInput
        another table of this name, or whatever the database refuses; then it is left as it was
    """
    address = _named(target)
    with opened(address, write=True) as database:
        place = _place(database, address)
        registry = Place(SAVED, place.schema)
        _refuse_other(database, address, place, replace=replace)
        _make_room(database, place, {name: column.kind for name, column in columns.items()})
        database.insert(place, columns)
        if named(database, spelled(registry)) is None:
            database.create(registry, _KINDS)
        database.forget(registry, "table_name", place.name)
        kinds = json.dumps({name: column.kind.value for name, column in columns.items()})
        line = (place.name, saved.written_at, saved.summary, kinds, saved.plan)
        database.insert(
            registry, {name: Column(kind=Kind.TEXT, cells=[cell]) for name, cell in zip(_KINDS, line, strict=True)}
        )


def check_target(target: str | Address, *, replace: bool = False) -> None:
    """Raise `InvalidInput` if `write_sql` would refuse the table, before there is anything to write."""
    address = _named(target)
    if is_new_file(address):
        return
    with opened(address) as database:
        _refuse_other(database, address, _place(database, address), replace=replace)


def load_saved(source: str | Address) -> str:
    """Return the plan that `write_sql` kept beside a table, as JSON.

    Raises
    ------
    InvalidInput
        no such table, or one that leadopt did not write
    """
    address = _named(source)
    with opened(address) as database:
        place = found_place(database, address)
        line = _line(database, place)
    if line is None:
        address.refuse("leadopt did not write this table, so there is no plan to it")
    return line["plan"]


def _named(target: str | Address) -> Address:
    address = target if isinstance(target, Address) else Address.of(target)
    if address.table is None:
        address.refuse("name the table of the plan, as in sqlite:///crm.db?table=plan")
    return address


def _place(database: Database, address: Address) -> Place:
    """Return the table that an address names, whether it is there already or not."""
    name = address.table or ""
    there = named(database, name)
    if there is not None:
        return there
    schema, dot, table = name.partition(".")
    return Place(table, schema) if dot and database.usual_schema is not None else Place(name)


def _refuse_other(database: Database, address: Address, place: Place, *, replace: bool) -> None:
    """Refuse a table that leadopt did not write, or that somebody has given other columns since."""
    if place.name.casefold() == SAVED:
        address.refuse(f"{SAVED} is where leadopt keeps its plans; name another table")
    if replace or named(database, spelled(place)) is None:
        return
    line = _line(database, place)
    if line is None or database.columns(place) != list(json.loads(line["columns"])):
        what = "has other columns than leadopt wrote" if line else "was not written by leadopt"
        address.refuse(
            f"the table is there already and {what}; name another, or let it be replaced (--replace; in Python "
            "replace=True)"
        )


def _make_room(database: Database, place: Place, kinds: Mapping[str, Kind]) -> None:
    """Leave an empty table with the columns to be written."""
    if named(database, spelled(place)) is None:
        database.create(place, kinds)
        return
    line = _line(database, place)
    written = {} if line is None else json.loads(line["columns"])
    same = written == {name: kind.value for name, kind in kinds.items()}
    if same and database.columns(place) == list(kinds):
        database.empty(place)
    else:
        database.drop(place)
        database.create(place, kinds)


def _line(database: Database, place: Place) -> dict[str, str] | None:
    """Return what the registry says of a table, None if leadopt did not write it."""
    registry = Place(SAVED, place.schema)
    if named(database, spelled(registry)) is None:
        return None
    names, rows = database.read(registry)
    lines = [dict(zip(names, row, strict=True)) for row in rows]
    return next((line for line in lines if line.get("table_name") == place.name), None)
