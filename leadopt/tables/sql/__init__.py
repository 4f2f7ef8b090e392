"""Tables in databases: read by name or by query, written back in one transaction.

A database is named by a URL, as SQLAlchemy writes them, with a table or a query at its end:
``sqlite:///crm.db?table=leads``, ``postgresql://crm@host/sales?query=select * from leads where owner is null``.
DuckDB is read by its own library, all others by SQLAlchemy and the driver that the URL names. What a program has read
itself with SQLAlchemy is a table, too.
"""

from leadopt.tables.sql.address import Address, is_database
from leadopt.tables.sql.database import Column, Kind
from leadopt.tables.sql.reading import read_sql
from leadopt.tables.sql.results import is_result, mend_of, read_result, row_as_mapping
from leadopt.tables.sql.writing import Saved, check_target, load_saved, write_sql

__all__ = [
    "Address",
    "Column",
    "Kind",
    "Saved",
    "check_target",
    "is_database",
    "is_result",
    "load_saved",
    "mend_of",
    "read_result",
    "read_sql",
    "row_as_mapping",
    "write_sql",
]
