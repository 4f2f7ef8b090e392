"""Works in one transaction: each sees those before it, and one that fails leaves nothing."""

import pytest
import sqlalchemy as sa

from leadopt.desk.database.engine import reading, writing
from leadopt.desk.log import store
from leadopt.desk.log.moments import microseconds
from leadopt.desk.log.transaction import Group, Transaction, TransactionLost
from leadopt.desk.log.verify import verify
from leadopt.errors import InvalidInput
from tests.desk.logs import START, SetClock, event, filled, opened

NOW = microseconds(START)
NOTES = sa.table("note", sa.column("lead", sa.Text))


def note(transaction, lead):
    """Write to another table, at once."""
    transaction.connection.execute(sa.insert(NOTES), {"lead": lead})


@pytest.fixture
def engine(tmp_path):
    engine = opened(tmp_path)
    with writing(engine).begin() as connection:
        connection.exec_driver_sql("create table note (lead text unique)")
    return engine


def notes(engine):
    with reading(engine) as connection:
        return list(connection.execute(sa.select(NOTES.c.lead)).scalars())


def seqs(engine):
    with reading(engine) as connection:
        assert verify(connection).ok
        return [record.seq for record in store.read(connection)]


def test_records_are_returned_at_once_and_written_when_the_work_has_ended(engine):
    def work(transaction):
        first = transaction.append(event(0, cause=None))
        then = transaction.append(event(1, cause=first[0].seq), event(2, cause=first[0].seq))
        assert transaction.records == first + then and [record.seq for record in first + then] == [1, 2, 3]
        assert list(store.read(transaction.connection)) == []
        return transaction.records

    with writing(engine).begin() as connection:
        told = Group(connection, SetClock()).run(work)
        assert list(store.read(connection)) == told
    assert seqs(engine) == [1, 2, 3]


def test_a_work_sees_what_the_works_before_it_have_written(engine):
    def claim(transaction):
        if transaction.connection.execute(sa.select(NOTES)).first():
            return "taken"
        note(transaction, "L-1")
        return "done"

    with writing(engine).begin() as connection:
        group = Group(connection, SetClock())
        assert [group.run(claim) for _ in range(3)] == ["done", "taken", "taken"]


def test_a_work_that_fails_leaves_nothing_and_takes_no_seq(engine):
    def work(number, fails):
        def run(transaction):
            transaction.append(event(number, cause=None))
            note(transaction, f"L-{number}")
            if fails:
                raise KeyError(number)

        return run

    with writing(engine).begin() as connection:
        group = Group(connection, SetClock())
        for number in range(6):
            if number % 2:
                with pytest.raises(KeyError):
                    group.run(work(number, fails=True))
            else:
                group.run(work(number, fails=False))
    assert seqs(engine) == [1, 2, 3] and notes(engine) == ["L-0", "L-2", "L-4"]


def test_what_fails_when_it_is_written_is_the_work_that_failed(engine):
    def work(transaction):
        transaction.append(event(0, cause=None))
        transaction.on_flush(lambda same: note(same, "L-1"))

    with writing(engine).begin() as connection:
        group = Group(connection, SetClock())
        group.run(work)
        with pytest.raises(sa.exc.IntegrityError):
            group.run(work)
    assert seqs(engine) == [1] and notes(engine) == ["L-1"]


def test_hooks_run_in_order_after_the_records_are_written_and_cannot_append(engine):
    seen = []

    def work(transaction):
        transaction.on_flush(lambda same: seen.append(len(list(store.read(same.connection)))))
        transaction.append(event(0, cause=None))
        transaction.on_flush(lambda same: seen.append("second"))

    def late(transaction):
        transaction.on_flush(lambda same: same.append(event(1, cause=None)))

    with writing(engine).begin() as connection:
        group = Group(connection, SetClock())
        group.run(work)
        with pytest.raises(RuntimeError, match="the work has ended: what runs when it is written cannot append to the"):
            group.run(late)
    assert seen == [1, "second"] and seqs(engine) == [1]


def test_now_is_what_the_clock_says_but_never_before_the_last_record(engine):
    clock, told = SetClock(), []

    def work(transaction):
        told.append(transaction.now)
        return transaction.append(event(0, cause=None))[0].at

    with writing(engine).begin() as connection:
        group, ats = Group(connection, clock), []
        for seconds in (0, 60, -3600, 30, 7200):
            clock.move(seconds=seconds)
            ats.append(group.run(work))
    assert told == ats == [NOW + 1_000_000 * after for after in (0, 60, 60, 60, 3690)]


def test_a_clock_without_a_zone_is_refused_and_nothing_is_written(engine):
    with (
        pytest.raises(InvalidInput, match=r"^the clock's moment has no time zone"),
        writing(engine).begin() as connection,
    ):
        Group(connection, SetClock(START.replace(tzinfo=None))).run(lambda transaction: transaction.append(event(0)))
    assert seqs(engine) == []


def test_a_transaction_that_the_database_undid_is_lost_as_a_whole(engine):
    def undone(transaction):
        transaction.connection.connection.cursor().execute("ROLLBACK")
        raise MemoryError("as where SQLite undoes all by itself")

    with writing(engine).connect() as connection, connection.begin() as begun:
        group = Group(connection, SetClock())
        group.run(lambda transaction: transaction.append(event(0, cause=None)))
        with pytest.raises(TransactionLost) as lost:
            group.run(undone)
        assert isinstance(lost.value.__cause__, MemoryError)
        begun.rollback()
    assert seqs(engine) == []


def test_a_work_of_many_events_is_one_insert(tmp_path):
    with writing(filled(tmp_path, 3)).begin() as connection:
        transaction, statements = Transaction(connection, store.head(connection), NOW), []
        transaction.append(*(event(number, cause=None) for number in range(40)))
        connection.connection.dbapi_connection.set_trace_callback(statements.append)
        transaction.flush()
        connection.connection.dbapi_connection.set_trace_callback(None)
        assert store.head(connection).seq == 43
    assert {statement.split("(")[0] for statement in statements} == {"INSERT INTO log "}
