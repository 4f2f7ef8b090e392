"""A table or the answer to a query, as columns."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from leadopt.errors import enumerate_some
from leadopt.tables.sql.address import EXAMPLE, Address
from leadopt.tables.sql.cells import columns_of
from leadopt.tables.sql.database import found_place, spelled
from leadopt.tables.sql.opening import opened


def read_sql(source: str | Address, text: Collection[str] = ("lead_id", "rep_id")) -> dict[str, list[Any]]:
    """Return the table that an address names, or the answer to its query, as lists by column.

    Nothing is changed: what a query writes is taken back. Typed columns stay typed (decimals become floats, UUIDs stay
    UUIDs); a column of text is read as in a CSV file.

    Parameters
    ----------
    source
        a URL with ``?table=`` or ``?query=``, see `Address.of`
    text
        columns of text that stay text whatever they hold: the ids

    Raises
    ------
    InvalidInput
        no such database, table or column (names the nearest table), a login or query that is refused, columns of one
        name, a package that is not installed; a password is never shown

    Examples
    --------
    >>> import sqlite3, tempfile
    >>> path = tempfile.mkdtemp() + "/crm.db"
    >>> with sqlite3.connect(path) as crm:
    ...     _ = crm.execute("create table leads as select 7 lead_id, 'web' source, '2026-01-31' at")
    >>> crm.close()
    >>> read_sql(f"sqlite:///{path}?table=leads")
    {'lead_id': [7], 'source': ['web'], 'at': [datetime.date(2026, 1, 31)]}
    """
    address = source if isinstance(source, Address) else Address.of(source)
    with opened(address) as database:
        if address.query is not None:
            names, rows = database.ask(address.query)
        elif address.table is not None:
            names, rows = database.read(found_place(database, address))
        else:
            tables = enumerate_some(map(spelled, database.places()))
            address.refuse(
                f"name a table or a query, as in {EXAMPLE}; {f'it holds {tables}' if tables else 'it is empty'}"
            )
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        address.refuse(f'column names must be unique; found "{twice[0]}" twice: give one another name with AS')
    return columns_of(names, rows, text)
