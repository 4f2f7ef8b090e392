"""The database of a desk, opened as a log needs it.

Write-ahead logging, so that readers and the writer do not wait for each other; ``synchronous=FULL``, so that what was
committed outlives a power cut; deleted cells are overwritten. Python's driver begins transactions by itself before
some statements only, so SQLAlchemy begins them in its place: ``BEGIN IMMEDIATE`` where something will be written, so
that what a writer has read still holds when it writes, and ``BEGIN`` elsewhere, so that a reader sees one moment.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa

from leadopt.desk.database import migrations
from leadopt.desk.database.failures import WAIT_S, failed, told
from leadopt.errors import InvalidInput

_WRITES = "desk_writes"  # the execution option of a connection that writes
_PRAGMAS = (f"busy_timeout = {WAIT_S * 1000:.0f}", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON")
_ASK_EVERY_S = 0.001
_OPEN: WeakSet[sa.Engine] = WeakSet()


def open_engine(url: str | sa.URL) -> sa.Engine:
    """Open the database of a desk, made if it is not there, and brought up to date.

    Parameters
    ----------
    url
        such as ``sqlite:///desk.db``, or ``sqlite:////srv/desk.db`` from the root

    Raises
    ------
    InvalidInput
        this is no URL of an SQLite file
    StorageFailed
        the file cannot be opened, is no desk, or was written by a newer leadopt
    """
    address = _address(url)
    engine = sa.create_engine(address)
    _set_up(engine)
    try:
        with told(address):
            migrations.bring_up_to_date(engine.execution_options(**{_WRITES: False}), writing(engine))
    except BaseException:
        engine.dispose()
        raise
    return engine


def is_there(url: str | sa.URL) -> bool:
    """Return whether there is such a file.

    Raises
    ------
    InvalidInput
        this is no URL of an SQLite file
    StorageFailed
        its folder is not there
    """
    return Path(_file(_address(url))).exists()


def writing(engine: sa.Engine) -> sa.Engine:
    """Return the engine for transactions that write; it shares the connections."""
    return engine.execution_options(**{_WRITES: True})


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection that sees the database as it is now, until it ends, whatever others write.

    Raises
    ------
    StorageFailed
        the file cannot be read
    """
    with told(engine.url), engine.connect() as connection, connection.begin():
        yield connection


def forget_deleted(engine: sa.Engine, *, wait_s: float = WAIT_S) -> bool:
    """Have what was deleted leave the disk: the log ahead, which has older pages, is written back and cut to nothing.

    Cells in the file itself were overwritten when they were deleted.

    Parameters
    ----------
    engine
        of the desk
    wait_s
        how long who reads what was before is waited for

    Returns
    -------
    bool
        whether nobody was in the way; else nothing is lost, and it can be tried again

    Raises
    ------
    StorageFailed
        the file cannot be read or written
    """
    with told(engine.url), closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()  # outside a transaction, which alone would keep the older pages
        cursor.execute(f"PRAGMA busy_timeout = {wait_s * 1000:.0f}")
        try:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            ((in_use, *_),) = cursor.fetchall()
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {WAIT_S * 1000:.0f}")
        return not in_use


def _address(url: str | sa.URL) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise InvalidInput(f"{url!r} is no URL of a desk; write it as sqlite:///desk.db") from None
    if address.get_backend_name() != "sqlite":
        raise InvalidInput(f"a desk is a file of SQLite, such as sqlite:///desk.db; found {address.drivername}://")
    name = _file(address)
    if name in ("", ":memory:") or "memory" in address.query.get("mode", ""):
        raise InvalidInput("a desk outlives the process that opened it, so it is a file: write sqlite:///desk.db")
    if not Path(name).parent.is_dir():
        raise failed(address, f"there is no folder {Path(name).parent}; make it first")
    return address


def _file(address: sa.URL) -> str:
    return (address.database or "").removeprefix("file:")


def _set_up(engine: sa.Engine) -> None:
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "begin", _begin)
    _OPEN.add(engine)


def _connected(driver: Any, _: Any) -> None:
    driver.isolation_level = None
    for pragma in _PRAGMAS:
        driver.execute(f"PRAGMA {pragma}")
    _log_ahead(driver)


def _log_ahead(driver: Any) -> None:
    """Turn write-ahead logging on; for that SQLite does not wait for others who open the file at the same time."""
    until = time.monotonic() + WAIT_S
    while driver.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            driver.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _close_idle() -> None:
    """Close what nobody uses before a process forks.

    SQLite keeps in memory which locks a process holds on a file. A child that inherits an open file believes that it
    holds locks which it does not, and another process may then delete the log ahead under its hands.
    """
    for engine in list(_OPEN):
        engine.dispose()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_close_idle)


def _begin(connection: sa.Connection) -> None:
    cursor = connection.connection.cursor()
    if connection.get_execution_options().get(_WRITES):
        _begin_to_write(cursor)
    else:
        cursor.execute("BEGIN")


def _begin_to_write(cursor: Any) -> None:
    """Begin with the right to write, asked for every millisecond.

    SQLite itself asks ten times a second after a while: beside seven processes that write without a pause, one that
    hits a gap of a hundredth of the time so rarely has not had its turn after `WAIT_S` seconds now and then.
    """
    until = time.monotonic() + WAIT_S
    cursor.execute("PRAGMA busy_timeout = 0")
    try:
        while not _begun(cursor, until):
            time.sleep(_ASK_EVERY_S)
    finally:
        cursor.execute(f"PRAGMA {_PRAGMAS[0]}")


def _begun(cursor: Any, until: float) -> bool:
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if not _is_busy(error) or time.monotonic() > until:
            raise
        return False
    return True


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorname.startswith("SQLITE_BUSY")
