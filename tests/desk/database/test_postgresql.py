"""PostgreSQL comes next: it takes the tables, and the log does there what it does in SQLite."""

import pytest
import sqlalchemy as sa

from leadopt.desk.database import tables
from leadopt.desk.log import store
from leadopt.desk.log.transaction import Group
from leadopt.desk.log.verify import verify
from tests.desk.logs import SetClock, event, records
from tests.tables.sql.conftest import postgres

__all__ = ["postgres"]  # the fixture


@pytest.fixture
def connection(postgres):
    engine = sa.create_engine(postgres.rstrip("?&").replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection, connection.begin() as begun:
        yield connection
        begun.rollback()
    engine.dispose()


def test_the_log_is_the_same_in_postgresql(connection):
    tables.METADATA.create_all(connection)
    told = records(50)
    assert store.head(connection).seq == 0
    store.insert(connection, told)
    group = Group(connection, SetClock())
    told += group.run(lambda transaction: transaction.append(event(1), event(2)))
    with pytest.raises(ZeroDivisionError):
        group.run(lambda transaction: [transaction.append(event(3)), 1 / 0])
    assert list(store.read(connection)) == told and verify(connection).n_records == 52
    chosen = store.read(connection, since=told[10].at, until=told[40].at, subject="L-3")
    assert list(chosen) == [record for record in told[10:40] if record.subject == "L-3"]
