"""Older files become the present version in one go, newer ones and those of other programs are left alone."""

import sqlite3

import pytest
import sqlalchemy as sa

from leadopt.desk.database import migrations, tables
from leadopt.desk.database.engine import open_engine, reading, writing
from leadopt.errors import StorageFailed
from tests.desk.logs import filled, opened, url_of
from tests.desk.logs import records as told


def later():
    """Return tables as a later version might have them, and the steps to them: a new table, a column, an index."""
    metadata = sa.MetaData()
    for table in tables.METADATA.sorted_tables:
        table.to_metadata(metadata)
    metadata.tables["log"].append_column(sa.Column("wall", sa.BigInteger))
    sa.Table("bar", metadata, sa.Column("lead", sa.Text, primary_key=True), sa.Column("until", sa.BigInteger))
    sa.Index("ix_bar_until", metadata.tables["bar"].c.until)

    def add_wall(connection):
        connection.exec_driver_sql("ALTER TABLE log ADD COLUMN wall BIGINT")

    def add_bar(connection):
        metadata.tables["bar"].create(connection)

    return metadata, (add_wall, add_bar)


def schema(engine):
    look = sa.inspect(engine)
    return {
        name: ([column["name"] for column in look.get_columns(name)], sorted(map(plain, look.get_indexes(name))))
        for name in look.get_table_names()
    }


def plain(index):
    """Return an index as text; what it is limited to is told as an object that equals no other."""
    return str({**index, "dialect_options": {key: str(one) for key, one in index["dialect_options"].items()}})


def numbers(engine):
    with reading(engine) as connection:
        return list(connection.execute(sa.select(tables.version.c.number)).scalars())


def test_a_new_file_has_every_table_at_the_present_version(tmp_path):
    engine = opened(tmp_path)
    assert set(schema(engine)) == set(tables.METADATA.tables)
    assert numbers(engine) == [1 + len(migrations.STEPS)]


def test_an_older_file_becomes_what_a_new_one_is_and_keeps_its_records(tmp_path):
    (tmp_path / "new").mkdir()
    old, metadata_steps = filled(tmp_path, 9), later()
    metadata, steps = metadata_steps
    migrations.bring_up_to_date(old, writing(old), steps, metadata)
    new = sa.create_engine(url_of(tmp_path / "new"))
    migrations.bring_up_to_date(new, new, steps, metadata)
    assert schema(old) == schema(new)
    assert numbers(old) == [1, 3] and numbers(new) == [3]
    with reading(old) as connection:
        assert connection.execute(sa.select(tables.log.c.hash)).scalars().all() == [x.hash for x in told(9)]
    migrations.bring_up_to_date(old, writing(old), steps, metadata)  # nothing is left to do
    assert numbers(old) == [1, 3]
    new.dispose()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path):
    engine = filled(tmp_path, 9)
    before, (metadata, (add_wall, _)) = schema(engine), later()

    def fail(connection):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrations.bring_up_to_date(engine, writing(engine), (add_wall, fail), metadata)
    assert schema(engine) == before and numbers(engine) == [1]


def test_a_newer_file_is_refused(tmp_path):
    engine = filled(tmp_path, 3)
    metadata, steps = later()
    migrations.bring_up_to_date(engine, writing(engine), steps, metadata)
    said = r"a newer leadopt has written it: its tables are of version 3, and this one knows 1; update leadopt$"
    with pytest.raises(StorageFailed, match=said):
        open_engine(url_of(tmp_path))


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path):
    other = sqlite3.connect(tmp_path / "desk.db")
    other.execute("create table invoice (id int)")
    other.close()
    said = r"it is a database of another program, with the tables invoice; name a file of its own$"
    with pytest.raises(StorageFailed, match=said):
        opened(tmp_path)
    other = sqlite3.connect(tmp_path / "desk.db")
    assert other.execute("select name from sqlite_master").fetchall() == [("invoice",)]
    other.close()


def test_a_table_that_is_gone_is_told(tmp_path):
    filled(tmp_path, 3).dispose()
    other = sqlite3.connect(tmp_path / "desk.db")
    other.execute("drop table log")
    other.close()
    with pytest.raises(StorageFailed, match=r"its table log is gone; take the file from a backup$"):
        opened(tmp_path)
