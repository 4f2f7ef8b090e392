"""Open the database of an address by the library that knows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

from leadopt.tables.sql.address import Address
from leadopt.tables.sql.alchemy import transaction as of_sqlalchemy
from leadopt.tables.sql.database import Database
from leadopt.tables.sql.duck import transaction as of_duckdb

_FILES = ("sqlite", "duckdb")  # databases that are files


@contextmanager
def opened(address: Address, *, write: bool = False) -> Iterator[Database]:
    """Open a database and hand it out inside one transaction, which only writing commits, and no error does.

    Raises
    ------
    InvalidInput
        no such file, driver, host or login, or whatever the database refuses: its own words in one line
    """
    address = _of_a_file(address, write=write)
    transaction = of_duckdb if address.scheme == "duckdb" else of_sqlalchemy
    with transaction(address, write=write) as database:
        yield database


def is_new_file(address: Address) -> bool:
    """Return whether a database is a file that writing would make; refuses one that cannot be made."""
    address = _of_a_file(address, write=True)
    path = address.url.partition(":///")[2].partition("?")[0]
    return _is_file(address.scheme) and not _is_special(path) and not Path(path).exists()


def _is_file(scheme: str) -> bool:
    return scheme.split("+", maxsplit=1)[0].lower() in _FILES


def _is_special(path: str) -> bool:
    """Return whether the path of a database that is a file is none: in memory, a driver's own URI, or in a cloud."""
    return path in ("", ":memory:") or path.startswith(("file:", "md:"))


def _of_a_file(address: Address, *, write: bool) -> Address:
    """Return the address of a database that is a file and can be opened, or refuse it; others as they are."""
    scheme, _, rest = address.url.partition("://")
    if not _is_file(scheme):
        return address
    if not rest.startswith(("/", "?")) and rest:
        address.refuse(f"a file needs three slashes: {scheme}:///{rest.partition('?')[0]}")
    name, mark, more = rest.removeprefix("/").partition("?")
    if name in ("", ":memory:") and write:
        address.refuse("is in memory alone, and gone with this run; name a file")
    if _is_special(name):
        return address
    if not Path(name).exists() and Path(unquote(name)).exists():
        name = unquote(name)
    if not Path(name).is_file() and (not write or Path(name).exists()):
        address.refuse("there is no such file" if not Path(name).exists() else "is no file")
    if not Path(name).parent.is_dir():
        address.refuse(f"cannot be written: there is no folder {Path(name).parent}")
    return Address(url=f"{scheme}:///{name}{mark}{more}", table=address.table, query=address.query)
