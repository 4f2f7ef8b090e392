"""Any database that SQLAlchemy knows, inside one transaction."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from leadopt.errors import InvalidInput
from leadopt.progress import loaded
from leadopt.tables.sql.address import Address
from leadopt.tables.sql.database import Column, Kind, Place, missing

if TYPE_CHECKING:
    import sqlalchemy as sa  # 150 ms, and an extra: imported where a database is met

_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
_NO_DRIVER = "there is no driver for"
_SYSTEM = ("information_schema", "pg_catalog", "sys", "mysql", "performance_schema")


@contextmanager
def transaction(address: Address, *, write: bool) -> Iterator["Alchemy"]:
    """Open a database; see `leadopt.tables.sql.database.opened`."""
    try:
        loaded("sqlalchemy")
        import sqlalchemy as sa
    except ModuleNotFoundError:
        raise missing("sqlalchemy") from None
    engine = _engine(address, write=write)
    try:
        with engine.connect() as connection, connection.begin() as begun:
            yield Alchemy(connection)
            (begun.commit if write else begun.rollback)()
    except sa.exc.SQLAlchemyError as error:
        address.refuse(_reason(error))
    except InvalidInput:
        raise
    except (OverflowError, ValueError) as error:  # a driver's own, of a cell that Python or the database cannot hold
        address.refuse(f"a cell cannot be read or written: {error}")
    finally:
        engine.dispose()


class Alchemy:
    """A `Database` of SQLAlchemy."""

    def __init__(self, connection: "sa.Connection") -> None:
        self._connection = connection

    def places(self) -> list[Place]:
        import sqlalchemy as sa

        look = sa.inspect(self._connection)
        places = [Place(name) for name in _names(look, None)]
        if self.usual_schema is not None:
            others = [name for name in look.get_schema_names() if name not in (self.usual_schema, *_SYSTEM)]
            places += [Place(name, schema) for schema in others for name in _names(look, schema)]
        return places

    @property
    def usual_schema(self) -> str | None:
        import sqlalchemy as sa

        dialect = self._connection.dialect.name
        return None if dialect == "sqlite" else sa.inspect(self._connection).default_schema_name

    def read(self, place: Place) -> tuple[list[str], list[Sequence[Any]]]:
        return _fetched(self._connection.execute(_everything(place)))

    def ask(self, query: str) -> tuple[list[str], list[Sequence[Any]]]:
        # Without parameters, so that a colon or a per cent sign in it is one.
        return _fetched(self._connection.execution_options(no_parameters=True).exec_driver_sql(query))

    def columns(self, place: Place) -> list[str]:
        return list(self._connection.execute(_everything(place).limit(0)).keys())

    def create(self, place: Place, kinds: Mapping[str, Kind]) -> None:
        import sqlalchemy as sa

        types = _types(self._connection.dialect.name)
        columns = [sa.Column(name, types[kind]) for name, kind in kinds.items()]
        sa.Table(place.name, sa.MetaData(), *columns, schema=place.schema).create(self._connection, checkfirst=False)

    def drop(self, place: Place) -> None:
        import sqlalchemy as sa

        sa.Table(place.name, sa.MetaData(), schema=place.schema).drop(self._connection, checkfirst=False)

    def empty(self, place: Place) -> None:
        import sqlalchemy as sa

        self._connection.execute(sa.delete(sa.table(place.name, schema=place.schema)))

    def insert(self, place: Place, columns: Mapping[str, Column]) -> None:
        import sqlalchemy as sa

        types = _types(self._connection.dialect.name)
        table = sa.table(
            place.name, *(sa.column(name, types[column.kind]) for name, column in columns.items()), schema=place.schema
        )
        texts = [name for name, column in columns.items() if column.kind is Kind.UUID and _is_text(types[column.kind])]
        cells = {name: _as_text(column.cells) if name in texts else column.cells for name, column in columns.items()}
        rows = zip(*cells.values(), strict=True)
        if told := [dict(zip(columns, row, strict=True)) for row in rows]:
            self._connection.execute(sa.insert(table), told)

    def forget(self, place: Place, column: str, value: str) -> None:
        import sqlalchemy as sa

        table = sa.table(place.name, sa.column(column, sa.Text()), schema=place.schema)
        self._connection.execute(sa.delete(table).where(table.c[column] == value))


def _engine(address: Address, *, write: bool) -> "sa.Engine":
    import sqlalchemy as sa

    try:
        url = sa.make_url(address.url)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with warnings.catch_warnings():
            warnings.simplefilter("error", sa.exc.SAWarning)
            engine.dialect.create_connect_args(url)
    except sa.exc.SAWarning as warning:  # of a parameter that the driver does not know
        address.refuse(str(warning).partition(" and are being ignored")[0])
    except sa.exc.NoSuchModuleError:
        address.refuse(
            f"{_NO_DRIVER} {address.scheme}:// addresses; install its SQLAlchemy dialect, or check the spelling"
        )
    except sa.exc.ArgumentError:
        address.refuse("is not a database's URL, such as sqlite:///crm.db or postgresql://user@host/database")
    except ModuleNotFoundError as error:
        raise missing(error.name or address.scheme) from None
    except (ValueError, TypeError) as error:
        address.refuse(f"is not a database's URL: {error}")
    if engine.dialect.name == "sqlite":
        _let_sqlalchemy_begin(engine, "BEGIN IMMEDIATE" if write else "BEGIN")
    if engine.dialect.name == "postgresql" and not write:
        return engine.execution_options(postgresql_readonly=True)
    return engine


def _let_sqlalchemy_begin(engine: "sa.Engine", begin: str) -> None:
    """Have SQLite begin a transaction before any statement: by itself, Python's driver does so before few of them.

    Else a DROP TABLE would stay though what comes after it fails.
    """
    import sqlalchemy as sa

    @sa.event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begun(connection: "sa.Connection") -> None:
        connection.exec_driver_sql(begin)


def _names(look: "sa.Inspector", schema: str | None) -> list[str]:
    names = [*look.get_table_names(schema), *look.get_view_names(schema)]
    try:
        return [*names, *look.get_materialized_view_names(schema)]
    except NotImplementedError:
        return names


def _everything(place: Place) -> "sa.Select[Any]":
    import sqlalchemy as sa

    return sa.select(sa.literal_column("*")).select_from(sa.table(place.name, schema=place.schema))


def _fetched(result: "sa.CursorResult[Any]") -> tuple[list[str], list[Sequence[Any]]]:
    return list(result.keys()), [tuple(row) for row in result]


def _types(dialect: str) -> dict[Kind, "sa.types.TypeEngine[Any]"]:
    """Return the types of columns: a UUID is one where the database knows them, and else text with its dashes."""
    import sqlalchemy as sa

    long = sa.Text(length=2**32 - 1) if dialect in ("mysql", "mariadb") else sa.Text()
    own = {"postgresql": sa.Uuid(), "mssql": sa.Uuid()}
    return {
        Kind.WHOLE: sa.BigInteger(),
        Kind.NUMBER: sa.Double(),
        Kind.TEXT: long,
        Kind.UUID: own.get(dialect, sa.Text()),
        Kind.TRUTH: sa.Boolean(),
    }


def _is_text(kind: "sa.types.TypeEngine[Any]") -> bool:
    import sqlalchemy as sa

    return isinstance(kind, sa.Text)


def _as_text(cells: Sequence[Any]) -> list[str | None]:
    return [None if cell is None else str(cell) for cell in cells]


def _reason(error: "sa.exc.SQLAlchemyError") -> str:
    """Return what the database said, without the statement and its parameters."""
    import sqlalchemy as sa

    if isinstance(error, sa.exc.ResourceClosedError):
        return "the query returns no rows, so it is no table; write one that begins with SELECT"
    original = getattr(error, "orig", None)
    lines = str(original or error).strip().splitlines() or [type(original or error).__name__]
    return f"the database refuses: {lines[0].strip()}"
