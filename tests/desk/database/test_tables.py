"""Tables and statements: nothing that SQLite takes and PostgreSQL does not."""

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from leadopt.desk.database import tables
from leadopt.desk.database.statements import Statement
from leadopt.desk.log import store

PLAIN = (sa.BigInteger, sa.Text, sa.Double, sa.LargeBinary)


@pytest.mark.parametrize("table", tables.METADATA.sorted_tables, ids=lambda table: table.name)
def test_every_table_can_be_made_in_postgresql(table):
    dialect = postgresql.dialect()
    made = str(sa.schema.CreateTable(table).compile(dialect=dialect))
    assert "INTEGER" not in made, "numbers have 64 bits"
    for index in table.indexes:
        assert str(sa.schema.CreateIndex(index).compile(dialect=dialect)).startswith("CREATE ")


@pytest.mark.parametrize("table", tables.METADATA.sorted_tables, ids=lambda table: table.name)
def test_columns_are_plain_and_what_a_table_is_for_is_told(table):
    for column in table.columns:
        assert isinstance(column.type, PLAIN), f"{table.name}.{column.name}"
    assert table.name in ("log", "version") or table.info in (tables.FOLLOWS, tables.BESIDE)


def statements():
    return {name: value for name, value in vars(store).items() if isinstance(value, Statement)}


@pytest.mark.parametrize("statement", statements().values(), ids=statements())
def test_every_statement_can_be_said_in_postgresql(statement):
    assert statement.sql("postgresql").split()[0] == statement.sql("sqlite").split()[0]
    assert "?" not in statement.sql("postgresql")


def test_an_index_is_named_after_its_columns():
    names = {index.name for index in tables.log.indexes}
    assert names == {"ix_log_subject_seq", "ix_log_kind_seq", "ix_log_at"}
