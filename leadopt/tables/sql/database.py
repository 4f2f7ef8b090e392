"""What reading and writing ask of a database, whichever library talks to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from leadopt.errors import InvalidInput, did_you_mean
from leadopt.tables.sql.address import Address

_PACKAGES = {"MySQLdb": "mysqlclient", "psycopg2": "psycopg2-binary"}  # which are called otherwise than their modules


class Kind(Enum):
    """What the cells of a column are, in any database."""

    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    UUID = "uuid"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column to be written."""

    kind: Kind
    cells: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A table as the database names it; `schema` None = the usual one."""

    name: str
    schema: str | None = None


class Database(Protocol):
    """An open database inside one transaction."""

    def places(self) -> list[Place]:
        """Return its tables and views; those of the usual schema name none."""

    @property
    def usual_schema(self) -> str | None:
        """The schema of tables that name none; None = there are no schemas."""

    def read(self, place: Place) -> tuple[list[str], list[Sequence[Any]]]:
        """Return the names of a table's columns, and its rows."""

    def ask(self, query: str) -> tuple[list[str], list[Sequence[Any]]]:
        """Return the names of the columns that a statement gives, and its rows."""

    def columns(self, place: Place) -> list[str]:
        """Return the names of a table's columns."""

    def create(self, place: Place, kinds: Mapping[str, Kind]) -> None:
        """Make a table."""

    def drop(self, place: Place) -> None:
        """Remove a table with its rows."""

    def empty(self, place: Place) -> None:
        """Remove the rows of a table."""

    def insert(self, place: Place, columns: Mapping[str, Column]) -> None:
        """Add rows to a table."""

    def forget(self, place: Place, column: str, value: str) -> None:
        """Remove the rows of a table in which a column holds a text."""


def found_place(database: Database, address: Address) -> Place:
    """Return the table that an address names: by its name as it is, or else by the only one that differs in case.

    Raises
    ------
    InvalidInput
        there is none; names the nearest
    """
    place = named(database, address.table or "")
    if place is None:
        names = [spelled(one) for one in database.places()]
        near = did_you_mean(address.table or "", names) if names else "; the database holds no table"
        address.refuse(f'there is no table "{address.table}"{near}')
    return place


def named(database: Database, name: str) -> Place | None:
    """Return the table of a name, None if there is none; "public.leads" is "leads" where that is the usual schema."""
    places, usual = database.places(), database.usual_schema
    if usual and name.startswith(f"{usual}.") and Place(name) not in places:
        name = name.removeprefix(f"{usual}.")
    exact = [place for place in places if spelled(place) == name]
    alike = [place for place in places if spelled(place).casefold() == name.casefold()]
    return exact[0] if exact else alike[0] if len(alike) == 1 else None


def spelled(place: Place) -> str:
    """Return a table as an address names it."""
    return place.name if place.schema is None else f"{place.schema}.{place.name}"


def missing(package: str) -> InvalidInput:
    """Return what to say where a package is not installed."""
    ours = package in ("sqlalchemy", "duckdb", "psycopg")
    extra = 'pip install "leadopt[sql]"' if ours else f"pip install {_PACKAGES.get(package, package)}"
    return InvalidInput(f"reading and writing this database needs {package}; install it with: {extra}")
