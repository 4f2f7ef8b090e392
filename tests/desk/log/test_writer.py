"""One writer for many threads: who waits shares a commit, each is answered for itself, and nobody hangs."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from leadopt.desk.database import engine as opening
from leadopt.desk.database.engine import reading, writing
from leadopt.desk.log import store
from leadopt.desk.log.verify import verify
from leadopt.desk.log.writer import Writer
from leadopt.errors import StorageFailed
from tests import many_seeds, seeds
from tests.desk.logs import SetClock, event, filled, opened

WAIT_S = 60
ALONE = "LEADOPT_TEST_ALONE"


@pytest.fixture
def engine(tmp_path):
    return opened(tmp_path)


@pytest.fixture
def writer(engine):
    writer = Writer(engine, SetClock())
    yield writer
    writer.close()


def append(number=0, **fields):
    return lambda transaction: transaction.append(event(number, **{"cause": None} | fields))[0]


def all_records(engine):
    with reading(engine) as connection:
        assert verify(connection).ok
        return list(store.read(connection))


def begins(engine):
    """Return a list that grows with every transaction that writes."""
    said = []
    sa.event.listen(engine, "begin", said.append)
    return said


def start(*works):
    """Run each in a thread of its own; return the threads."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads


def join(threads):
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "somebody hangs"


def answer(answers, writer, work):
    """Return what keeps the answer of a work, or its error."""

    def run():
        try:
            answers.append(writer.run(work))
        except Exception as error:
            answers.append(error)

    return run


class Held:
    """A work that goes on when it is let go, so that others come meanwhile."""

    def __init__(self, then=None):
        self.begun, self.free, self.then = threading.Event(), threading.Event(), then or append(99)

    def __call__(self, transaction):
        self.begun.set()
        assert self.free.wait(WAIT_S)
        return self.then(transaction)


def behind(writer, held, works):
    """Have works wait behind one that is held; let it go once all wait, and return its answer and theirs."""
    first, answers = [], []
    threads = start(answer(first, writer, held))
    assert held.begun.wait(WAIT_S)
    for count, work in enumerate(works, 1):
        threads += start(answer(answers, writer, work))
        wait_until(lambda so_far=count: len(writer._waiting) == so_far)
    held.free.set()
    join(threads)
    return first[0], answers


def wait_until(holds):
    tick = threading.Event()
    for _ in range(WAIT_S * 1000):
        if holds():
            return
        tick.wait(0.001)
    raise AssertionError("what was waited for did not come")


def test_one_thread_does_its_own_work_and_what_it_returns_is_in_the_file(engine, writer):
    threads = []
    record = writer.run(lambda transaction: threads.append(threading.get_ident()) or append()(transaction))
    assert threads == [threading.get_ident()]
    assert all_records(engine) == [record]


def test_who_waits_shares_one_commit_and_each_is_answered_for_itself(engine, writer):
    said = begins(engine)
    first, answers = behind(writer, Held(), [append(number, actor=f"R-{number}") for number in range(15)])
    assert len(said) == 2
    assert first.seq == 1 and {record.actor for record in answers} == {f"R-{number}" for number in range(15)}
    assert sorted(record.seq for record in answers) == list(range(2, 17))
    assert all_records(engine)[1:] == sorted(answers, key=lambda record: record.seq)


def test_a_transaction_takes_no_more_than_it_may(engine):
    writer, said = Writer(engine, SetClock(), most=4), begins(engine)
    behind(writer, Held(), [append(number) for number in range(10)])
    assert len(said) == 1 + 3 and len(all_records(engine)) == 11


def test_who_was_under_way_is_waited_for(engine):
    """A leader whose group was of three waits for three; a fourth who does not come back costs the wait once."""
    writer = Writer(engine, SetClock(), gather_s=WAIT_S)
    behind(writer, Held(), [append(number) for number in range(3)])
    said, answers = begins(engine), []
    threads = start(*(answer(answers, writer, append(number)) for number in range(3)))
    join(threads)
    assert len(said) == 1 and len(answers) == 3


def test_a_work_that_fails_is_told_its_own_error_and_the_others_are_in(engine, writer):
    def fail(transaction):
        append(7)(transaction)
        raise KeyError("mine")

    _, answers = behind(writer, Held(), [append(1), fail, append(2), fail])
    assert sorted(type(each).__name__ for each in answers) == ["KeyError", "KeyError", "Record", "Record"]
    assert len(all_records(engine)) == 3
    with pytest.raises(KeyError, match="mine"):
        writer.run(fail)
    assert writer.run(append()).seq == 4


def test_a_commit_that_fails_is_told_to_everybody(engine, writer):
    with writing(engine).begin() as connection:
        connection.exec_driver_sql("create table parent (id integer primary key)")
        connection.exec_driver_sql(
            "create table child (id integer primary key, of integer references parent deferrable initially deferred)"
        )

    def orphan(transaction):
        transaction.connection.exec_driver_sql("insert into child values (1, 1)")

    _, answers = behind(writer, Held(), [append(1), orphan, append(2)])
    for error in answers:
        assert isinstance(error, StorageFailed)
        assert "the transaction failed: (sqlite3.IntegrityError) FOREIGN KEY constraint failed" in str(error)
    assert len({id(error) for error in answers}) == 3
    assert len(all_records(engine)) == 1 and writer.run(append()).seq == 2


def test_a_transaction_that_the_database_undid_is_told_to_everybody(engine, writer):
    def undone(transaction):
        transaction.connection.connection.cursor().execute("ROLLBACK")
        raise MemoryError("gone")

    _, answers = behind(writer, Held(), [append(1), undone, append(2)])
    assert [str(error).split(": ")[1:] for error in answers] == [["the transaction failed", "gone"]] * 3
    assert len(all_records(engine)) == 1 and writer.run(append()).seq == 2


def test_a_file_that_another_holds_is_told_to_everybody_and_works_again_later(tmp_path, monkeypatch):
    engine = filled(tmp_path, 3)
    monkeypatch.setattr(opening, "WAIT_S", 0.02)
    writer, other = Writer(engine, SetClock()), sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match="another process has held its lock for 5 s"):
        writer.run(append())
    other.execute("ROLLBACK")
    other.close()
    assert writer.run(append()).seq == 4


def test_a_full_disk_is_told_to_everybody_and_smaller_works_go_on(tmp_path):
    engine = filled(tmp_path, 5)
    with reading(engine) as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    sa.event.listen(engine, "connect", lambda driver, _: driver.execute(f"PRAGMA max_page_count = {pages + 8}"))
    engine.dispose()
    writer = Writer(engine, SetClock())

    def large(transaction):
        transaction.append(*(event(number, cause=None, body=b"x" * 1000) for number in range(200)))

    _, answers = behind(writer, Held(), [append(1), large, append(2)])
    for error in answers:  # SQLite then undoes the whole transaction
        assert isinstance(error, StorageFailed) and "there is no room left on the disk; nothing of this" in str(error)
    assert len(answers) == 3 and writer.run(append()).seq == 7
    assert len(all_records(engine)) == 7


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_a_leader_that_is_interrupted_leaves_nobody_waiting(engine, writer, interrupt):
    def stop(transaction):
        append(5)(transaction)
        raise interrupt

    ended, answers, held = [], [], Held(then=stop)

    def lead():
        try:
            writer.run(held)
        except BaseException as error:
            ended.append(type(error))

    threads = start(lead)
    assert held.begun.wait(WAIT_S)
    threads += start(answer(answers, writer, append(1)), answer(answers, writer, append(2)))
    wait_until(lambda: len(writer._waiting) == 2)
    held.free.set()
    join(threads)
    assert ended == [interrupt] and sorted(record.seq for record in answers) == [1, 2]
    assert len(all_records(engine)) == 2


def test_who_shared_the_transaction_of_an_interrupted_leader_is_told(engine, writer):
    def stop(transaction):
        raise SystemExit

    held, answers, others = Held(), [], []

    def lead():
        with pytest.raises(SystemExit):
            writer.run(stop)

    threads = start(answer(answers, writer, held))
    assert held.begun.wait(WAIT_S)
    for count, work in enumerate([lead, answer(others, writer, append(1)), answer(others, writer, append(2))], 1):
        threads += start(work)
        wait_until(lambda so_far=count: len(writer._waiting) == so_far)
    held.free.set()
    join(threads)
    said = "was interrupted; look whether this was written, and ask again if not"
    assert len(others) == 2 and all(isinstance(x, StorageFailed) and said in str(x) for x in others)
    assert len(all_records(engine)) == 1 and writer.run(append()).seq == 2


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only where a thread can be sent a signal")
def test_a_writer_hears_ctrl_c_in_a_process_of_its_own():
    """Signals are a process's: what other tests left running is not to hear this one."""
    test = f"{__file__}::test_who_is_interrupted_while_it_waits_does_not_become_the_leader"
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", test]
    ran = subprocess.run(command, env=os.environ | {ALONE: "1"}, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout


@pytest.mark.skipif(ALONE not in os.environ, reason="run by the test above, in a process of its own")
def test_who_is_interrupted_while_it_waits_does_not_become_the_leader(engine, writer):
    held, answers, main = Held(), [], threading.get_ident()
    threads = start(answer(answers, writer, held))
    assert held.begun.wait(WAIT_S)

    def interrupt():
        wait_until(lambda: len(writer._waiting) == 1)
        signal.pthread_kill(main, signal.SIGINT)

    threads += start(interrupt)
    with pytest.raises(KeyboardInterrupt):
        writer.run(append(1))
    assert len(writer._waiting) == 0
    threads += start(answer(answers, writer, append(2)))
    wait_until(lambda: len(writer._waiting) == 1)
    held.free.set()
    join(threads)
    assert len(all_records(engine)) == 2


def test_a_work_that_asks_its_own_writer_is_refused(engine, writer):
    with pytest.raises(RuntimeError, match="a work cannot ask the writer that does it; write by the transaction"):
        writer.run(lambda transaction: writer.run(append()))
    with pytest.raises(RuntimeError, match="a work cannot ask the writer that does it"):
        writer.run(lambda transaction: writer.close())
    assert writer.run(append()).seq == 1


def test_closing_answers_who_waits_and_refuses_who_comes_later(engine, writer):
    held, answers = Held(), []
    threads = start(answer(answers, writer, held))
    assert held.begun.wait(WAIT_S)
    threads += start(answer(answers, writer, append(1)), answer(answers, writer, append(2)))
    wait_until(lambda: len(writer._waiting) == 2)
    threads += start(writer.close)
    wait_until(lambda: writer._closed)
    with pytest.raises(StorageFailed, match=r"desk\.db: it was closed; open it again$"):
        writer.run(append(3))
    held.free.set()
    join(threads)
    assert len(answers) == len(all_records(engine)) == 3
    writer.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the threads of this test
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_process_forked_while_others_wait_writes_for_itself(engine, writer):
    held, answers = Held(), []
    writer.run(append(0))
    threads = start(answer(answers, writer, held))
    assert held.begun.wait(WAIT_S)
    threads += start(answer(answers, writer, append(1)))
    wait_until(lambda: len(writer._waiting) == 1)
    threading.Timer(0.1, held.free.set).start()
    child = os.fork()  # waits until the transaction under way has ended
    if child == 0:
        try:
            os._exit(0 if writer.run(append(2)).seq in (3, 4) else 1)
        finally:
            os._exit(2)
    join(threads)
    assert os.waitpid(child, 0)[1] == 0
    assert len(all_records(engine)) == 4


@many_seeds
def test_sixteen_threads_at_once_lose_nothing(engine, writer):
    per_thread = 20 if seeds(20, 400) == range(20) else 400
    told = [[] for _ in range(16)]

    def go(thread):
        for number in range(per_thread):
            if number % 5 == 4:
                with pytest.raises(KeyError):
                    writer.run(fails)
            else:
                told[thread].append(writer.run(append(number, actor=f"R-{thread}")))

    def fails(transaction):
        append(1, actor="R-fails")(transaction)
        raise KeyError

    join(start(*(lambda thread=thread: go(thread) for thread in range(16))))
    assert sorted((record for each in told for record in each), key=lambda record: record.seq) == all_records(engine)
    for each in told:
        assert [record.seq for record in each] == sorted(record.seq for record in each)
    assert sum(map(len, told)) == 16 * per_thread * 4 // 5
