"""Statements: compiled once, their values by place, in SQLite and for PostgreSQL."""

import pytest
import sqlalchemy as sa

from leadopt.desk.database.engine import reading, writing
from leadopt.desk.database.statements import Statement
from leadopt.desk.database.tables import log
from tests.desk.logs import filled, records

OF_SUBJECT = sa.select(log.c.seq).where(log.c.subject == sa.bindparam("who"), log.c.seq > sa.bindparam("after"))


def test_rows_are_those_that_sqlalchemy_finds(tmp_path):
    with reading(filled(tmp_path, 40)) as connection:
        expected = [tuple(row) for row in connection.execute(OF_SUBJECT, {"who": "L-3", "after": 9})]
        assert len(expected) > 3
        assert Statement(OF_SUBJECT, "who", "after").all(connection, "L-3", 9) == expected
        assert Statement(OF_SUBJECT, "after", "who").all(connection, 9, "L-3") == expected
        assert Statement(OF_SUBJECT, "who", "after").first(connection, "L-3", 9) == expected[0]
        assert Statement(OF_SUBJECT, "who", "after").first(connection, "nobody", 9) is None


def test_constants_and_values_that_stand_twice(tmp_path):
    seq = sa.bindparam("seq")
    near = sa.select(log.c.seq).where(log.c.seq > seq - 2, log.c.seq < seq + 2).order_by(log.c.seq).limit(2)
    with reading(filled(tmp_path, 9)) as connection:
        assert Statement(near, "seq").all(connection, 5) == [(4,), (5,)]


def test_what_is_run_changes_rows_once_or_for_each(tmp_path):
    move = Statement(sa.update(log).values(actor=sa.bindparam("who")).where(log.c.seq == sa.bindparam("n")), "who", "n")
    move_up = Statement(
        sa.update(log).values(v=log.c.v + 1, actor=sa.bindparam("who")).where(log.c.seq == sa.bindparam("n")),
        *("who", "n"),
    )
    with writing(filled(tmp_path, 9)).begin() as connection:
        assert move.run(connection, "R-9", 1) == 1
        assert move.run(connection, "R-9", 99) == 0
        move.run_many(connection, [])
        move.run_many(connection, [("A", 2)])
        move.run_many(connection, [("B", 3), ("C", 4)])
        move_up.run_many(connection, [("D", 5), ("E", 6)])
        rows = connection.execute(sa.select(log.c.actor, log.c.v).order_by(log.c.seq).limit(6)).all()
    assert [row.actor for row in rows] == ["R-9", "A", "B", "C", "D", "E"]
    assert [row.v for row in rows][4:] == [record.v + 1 for record in records(6)[4:]]


def test_a_transaction_begins_with_the_first_statement(tmp_path):
    engine = filled(tmp_path, 9)
    with writing(engine).connect() as connection:
        assert Statement(sa.delete(log)).run(connection) == 9
        assert connection.in_transaction()
    with reading(engine) as connection:
        assert len(Statement(sa.select(log.c.seq)).all(connection)) == 9


def test_a_name_that_stands_nowhere_is_refused():
    with pytest.raises(ValueError, match=r"^rep stand nowhere in SELECT"):
        Statement(OF_SUBJECT, "who", "after", "rep").sql("sqlite")


def test_postgresql_takes_the_same_statement():
    text = Statement(OF_SUBJECT, "after", "who").sql("postgresql")
    assert " ".join(text.split()) == "SELECT log.seq FROM log WHERE log.subject = %s::VARCHAR AND log.seq > %s::BIGINT"
