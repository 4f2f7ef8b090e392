"""The log in its table: what is appended comes back, and any condition is found by an index."""

from itertools import product

import pytest
import sqlalchemy as sa

from leadopt.desk.database.engine import reading, writing
from leadopt.desk.log import store
from leadopt.desk.log.records import EMPTY
from leadopt.desk.log.verify import verify
from tests.desk.logs import event, filled, opened, records


def test_what_is_appended_is_what_is_read(tmp_path):
    engine = opened(tmp_path)
    with writing(engine).begin() as connection:
        told = store.append(connection, event(0, cause=None), 10)
        told += store.append(connection, [event(number) for number in range(1, 9)], 7)
        assert store.append(connection, [], 30) == []
    with reading(engine) as connection:
        assert list(store.read(connection)) == told
        assert store.head(connection) == (9, told[-1].hash, 10)


def test_a_new_log_is_empty(tmp_path):
    with reading(opened(tmp_path)) as connection:
        assert store.head(connection) == EMPTY
        assert list(store.read(connection, since=0, until=2**62, subject="L-1")) == []


@pytest.fixture(scope="module")
def log_of_300(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("log"), 300), records(300)


def conditions():
    moments = [None, 0, records(300)[120].at, records(300)[120].at + 1, 2**61]
    return product([0, 100, 400], moments, moments, [None, "L-3", "L-99"], [None, "follow_up"])


def test_conditions_choose_what_a_loop_over_all_records_chooses(log_of_300):
    engine, told = log_of_300
    with reading(engine) as connection:
        for after, since, until, subject, kind in conditions():
            expected = [
                record
                for record in told
                if record.seq > after
                and (since is None or record.at >= since)
                and (until is None or record.at < until)
                and (subject is None or record.subject == subject)
                and (kind is None or record.kind == kind)
            ]
            found = store.read(connection, after=after, since=since, until=until, subject=subject, kind=kind)
            assert list(found) == expected


def test_records_of_one_moment_are_all_before_or_all_after_it(tmp_path):
    engine = opened(tmp_path)
    with writing(engine).begin() as connection:
        for now in (5, 5, 5, 8, 8):
            store.append(connection, event(0, cause=None), now)
        assert [record.seq for record in store.read(connection, until=8)] == [1, 2, 3]
        assert [record.seq for record in store.read(connection, since=6)] == [4, 5]


@pytest.mark.parametrize(
    "chosen, index",
    [
        ((5, None, None, None), "PRIMARY KEY"),
        ((5, 9, None, None), "PRIMARY KEY"),
        ((1, None, "L-1", None), "ix_log_subject_seq"),
        ((5, 9, "L-1", None), "ix_log_subject_seq"),
        ((1, None, None, "follow_up"), "ix_log_kind_seq"),
        ((5, 9, None, "follow_up"), "ix_log_kind_seq"),
        ((5, 9, "L-1", "follow_up"), "ix_log_"),
    ],
)
def test_no_condition_scans_or_sorts(log_of_300, chosen, index):
    engine, _ = log_of_300
    with reading(engine) as connection:
        plan = explained(connection, store._chosen(*chosen))
    assert index in plan and "SEARCH" in plan and "SCAN" not in plan and "TEMP B-TREE" not in plan


def test_head_and_moments_are_found_by_an_index(log_of_300):
    engine, _ = log_of_300
    with reading(engine) as connection:
        for statement in (store._HEAD, store._FIRST_SINCE):
            plan = explained(connection, statement._element, {"moment": 1})
            assert "SCAN" not in plan and "TEMP B-TREE" not in plan


def explained(connection, statement, values=None):
    text = str(statement.params(values or {}).compile(connection, compile_kwargs={"literal_binds": True}))
    return "\n".join(row[-1] for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))).replace(
        "INTEGER PRIMARY KEY", "PRIMARY KEY"
    )


def test_a_reader_sees_one_moment_while_others_write(tmp_path):
    engine = filled(tmp_path, 2_500)
    with reading(engine) as connection:
        found = store.read(connection)
        first = next(found)
        with writing(engine).begin() as writer:
            store.append(writer, [event(number) for number in range(50)], 0)
        assert first.seq == 1 and len(list(found)) == 2_499
        assert store.head(connection).seq == 2_500
    with reading(engine) as connection:
        assert store.head(connection).seq == 2_550
        assert verify(connection).ok
