"""What a database refuses, in one sentence: where, why, and how to mend it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from leadopt.errors import StorageFailed

WAIT_S = 5.0  # how long a write waits for another process
_WHY = {
    "SQLITE_BUSY": f"another process has held its lock for {WAIT_S:g} s; try again, or end that process",
    "SQLITE_LOCKED": "another statement of this process holds its lock; end its transaction first",
    "SQLITE_FULL": "there is no room left on the disk; nothing of this was written, make room and try again",
    "SQLITE_NOTADB": "it is no SQLite database; name another file, or one that does not exist yet",
    "SQLITE_READONLY": "it may only be read; allow writing to the file and to its folder",
    "SQLITE_PERM": "it may not be opened; allow reading and writing the file and its folder",
    "SQLITE_AUTH": "it may not be opened; allow reading and writing the file and its folder",
    "SQLITE_CANTOPEN": "it cannot be opened; see whether it is a file, and whether you may write to it and its folder",
    "SQLITE_CORRUPT": "the file is damaged; take it from a backup, and check that with a checkpoint",
    "SQLITE_IOERR": "the disk could not be read or written; see whether it is full or has faults",
    "SQLITE_NOMEM": "there is no memory left",
    "SQLITE_PROTOCOL": "too many processes opened it at once; try again",
    "SQLITE_NOLFS": "the file is larger than this disk's file system allows",
    "SQLITE_TOOBIG": "a value is larger than the database takes",
}


@contextmanager
def told(url: sa.URL) -> Iterator[None]:
    """Say what a database refuses in words.

    Raises
    ------
    StorageFailed
        the file, not the statement, is at fault; a broken constraint or a wrong statement stays what it is
    """
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        if (failure := failure_of(error, url)) is None:
            raise
        raise failure from error


def failure_of(error: BaseException, url: sa.URL) -> StorageFailed | None:
    """Return what to say of a driver's error; None = the statement is at fault, not the file."""
    origin = getattr(error, "orig", None) or error
    name = getattr(origin, "sqlite_errorname", None) or ""
    why = next((why for code, why in _WHY.items() if name == code or name.startswith(f"{code}_")), None)
    return None if why is None else failed(url, why)


def failed(url: sa.URL, why: str) -> StorageFailed:
    """Return an error that names the database."""
    return StorageFailed(f"the desk {url.render_as_string(hide_password=True)}: {why}")
