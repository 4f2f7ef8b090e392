"""A desk's file: opened so that what is committed stays, and every way it can fail is one sentence."""

import os
import sqlite3
import threading

import pytest
import sqlalchemy as sa

from leadopt.desk.database import engine as opening
from leadopt.desk.database import tables
from leadopt.desk.database.engine import forget_deleted, open_engine, reading, writing
from leadopt.desk.log import store
from leadopt.errors import InvalidInput, StorageFailed
from tests.desk.logs import OPENED, event, filled, opened, url_of


def pragma(connection, name):
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_what_is_committed_outlives_a_power_cut_and_deleted_cells_are_overwritten(tmp_path):
    with reading(opened(tmp_path)) as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2  # FULL
        assert pragma(connection, "busy_timeout") == 5000
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "secure_delete") == 1


def test_writes_begin_with_the_right_to_write_and_reads_with_their_own_moment(tmp_path):
    engine, said = opened(tmp_path), []
    engine.dispose()
    sa.event.listen(engine, "connect", lambda driver, _: driver.set_trace_callback(said.append))
    with reading(engine) as connection:
        assert said == ["BEGIN"] and connection.in_transaction()
    with writing(engine).begin():
        assert [each for each in said if "PRAGMA" not in each] == ["BEGIN", "COMMIT", "BEGIN IMMEDIATE"]
        with reading(engine) as connection:
            assert store.head(connection).seq == 0


def test_who_waits_to_write_has_its_turn_in_a_short_gap(tmp_path):
    """Others hold the lock for 20 ms of every 21: SQLite alone, which asks ten times a second, would miss most gaps."""
    engine, ended = filled(tmp_path, 3), threading.Event()

    def hog():
        other = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
        while not ended.is_set():
            other.execute("BEGIN IMMEDIATE")
            ended.wait(0.02)
            other.execute("ROLLBACK")
            ended.wait(0.001)
        other.close()

    thread = threading.Thread(target=hog)
    thread.start()
    try:
        for _ in range(10):
            write_one(engine)
    finally:
        ended.set()
        thread.join()
    with reading(engine) as connection:
        assert store.head(connection).seq == 13
        assert pragma(connection, "busy_timeout") == 5000


def test_what_fails_in_a_transaction_leaves_nothing(tmp_path):
    engine = opened(tmp_path)
    with pytest.raises(ZeroDivisionError), writing(engine).begin() as connection:
        store.append(connection, event(0, cause=None), 5)
        assert store.head(connection).seq == 1
        raise ZeroDivisionError
    with reading(engine) as connection:
        assert store.head(connection).seq == 0


def test_a_desk_that_is_opened_again_holds_what_it_held(tmp_path):
    filled(tmp_path, 5).dispose()
    with reading(opened(tmp_path)) as connection:
        assert store.head(connection).seq == 5


@pytest.mark.parametrize(
    "url, said",
    [
        ("desk.db", r"^'desk\.db' is no URL of a desk; write it as sqlite:///desk\.db$"),
        ("sqlite://", r"^a desk outlives the process that opened it, so it is a file: write sqlite:///desk\.db$"),
        ("sqlite:///:memory:", "^a desk outlives the process"),
        ("sqlite:///file:x?mode=memory&uri=true", "^a desk outlives the process"),
        ("postgresql://me:secret@host/x", r"^a desk is a file of SQLite, such as \S+; found postgresql://$"),
    ],
)
def test_what_is_no_file_is_refused(url, said):
    with pytest.raises(InvalidInput, match=said):
        open_engine(url)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    said = rf"^the desk sqlite:///{tmp_path}/no/desk\.db: there is no folder {tmp_path}/no; make it first$"
    with pytest.raises(StorageFailed, match=said):
        open_engine(f"sqlite:///{tmp_path}/no/desk.db")


def test_a_folder_is_no_desk(tmp_path):
    (tmp_path / "desk.db").mkdir()
    with pytest.raises(StorageFailed, match=r"desk\.db: it cannot be opened; see whether it is a file, and whether"):
        opened(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    (tmp_path / "desk.db").write_text("lead_id,score\n" * 400)
    with pytest.raises(StorageFailed, match=r"desk\.db: it is no SQLite database; name another file, or one that does"):
        opened(tmp_path)
    assert (tmp_path / "desk.db").read_text() == "lead_id,score\n" * 400


def test_a_damaged_file_is_told(tmp_path):
    filled(tmp_path, 300).dispose()
    file = tmp_path / "desk.db"
    told = bytearray(file.read_bytes())
    told[8192:] = b"\xff" * (len(told) - 8192)
    file.write_bytes(told)
    with pytest.raises(StorageFailed, match="the file is damaged; take it from a backup, and check that with a check"):
        read_all(opened(tmp_path))


def read_all(engine):
    with reading(engine) as connection:
        return list(store.read(connection))


def test_a_file_that_may_only_be_read_is_read_and_not_written(tmp_path):
    filled(tmp_path, 5)
    engine = open_engine(f"sqlite:///file:{tmp_path}/desk.db?mode=ro&uri=true")
    OPENED.append(engine)
    assert len(read_all(engine)) == 5
    with (
        pytest.raises(StorageFailed, match="it may only be read; allow writing to the file and to its folder"),
        opening.told(engine.url),
        writing(engine).begin() as connection,
    ):
        store.append(connection, event(0, cause=None), 5)


def test_a_file_that_another_holds_is_told_after_a_while(tmp_path, monkeypatch):
    engine = filled(tmp_path, 5)
    other = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(opening, "WAIT_S", 0.02)
    with pytest.raises(StorageFailed, match=r"another process has held its lock for 5 s; try again, or end that"):
        write_one(engine)
    assert len(read_all(engine)) == 5
    other.execute("ROLLBACK")
    other.close()
    write_one(engine)


def write_one(engine):
    with opening.told(engine.url), writing(engine).begin() as connection:
        store.append(connection, event(0, cause=None), 5)


def test_a_full_disk_is_told_and_nothing_of_the_write_is_left(tmp_path):
    engine = filled(tmp_path, 5)
    with reading(engine) as connection:
        pages = pragma(connection, "page_count")
    sa.event.listen(engine, "connect", lambda driver, _: driver.execute(f"PRAGMA max_page_count = {pages + 2}"))
    engine.dispose()
    with (
        pytest.raises(StorageFailed, match="there is no room left on the disk; nothing of this was written, make room"),
        opening.told(engine.url),
        writing(engine).begin() as connection,
    ):
        store.append(connection, [event(number, cause=None) for number in range(500)], 5)
    assert len(read_all(engine)) == 5
    write_one(engine)


def test_many_threads_open_one_new_file(tmp_path):
    engines, failures = [], []

    def go():
        try:
            engines.append(open_engine(url_of(tmp_path)))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=go) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    OPENED.extend(engines)
    assert not failures and len(engines) == 12


def bytes_of(folder):
    return b"".join(file.read_bytes() for file in folder.glob("desk.db*"))


def delete(engine):
    with writing(engine).begin() as connection:
        connection.execute(sa.delete(tables.log))


def test_what_was_deleted_leaves_the_disk(tmp_path):
    engine = opened(tmp_path)
    with writing(engine).begin() as connection:
        store.append(connection, [event(0, cause=None, body=b"Ada Lovelace" * 40) for _ in range(50)], 5)
    assert b"Ada Lovelace" in bytes_of(tmp_path)
    delete(engine)
    assert b"Ada Lovelace" in bytes_of(tmp_path), "the log ahead still has it"
    assert forget_deleted(engine)
    assert b"Ada Lovelace" not in bytes_of(tmp_path)
    write_one(engine)
    assert len(read_all(engine)) == 1


def test_what_somebody_still_reads_is_told(tmp_path):
    engine = filled(tmp_path, 50)
    with reading(engine) as connection:
        assert store.head(connection).seq == 50
        delete(engine)
        assert not forget_deleted(engine, wait_s=0.02)
    assert forget_deleted(engine)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # of threads of the test runner
def test_a_forked_process_uses_connections_of_its_own(tmp_path):
    engine = filled(tmp_path, 5)
    read_all(engine)
    child = os.fork()
    if child == 0:
        try:
            write_one(engine)
            os._exit(0 if len(read_all(engine)) == 6 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    write_one(engine)
    assert len(read_all(engine)) == 7
