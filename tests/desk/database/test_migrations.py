"""Older files become the present version in one go, newer ones and those of other programs are left alone."""

import json
import sqlite3

import pytest
import sqlalchemy as sa

from leadopt.desk.database import following, migrations, tables
from leadopt.desk.database.engine import open_engine, reading, writing
from leadopt.errors import StorageFailed
from tests.desk.desks import again, with_leads
from tests.desk.logs import filled, opened, url_of
from tests.desk.logs import records as told

NOW = 1 + len(migrations.STEPS)


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

    return metadata, (*migrations.STEPS, add_wall, add_bar)


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
    assert numbers(engine) == [NOW]


def test_an_older_file_becomes_what_a_new_one_is_and_keeps_its_records(tmp_path):
    (tmp_path / "new").mkdir()
    old, metadata_steps = filled(tmp_path, 9), later()
    metadata, steps = metadata_steps
    migrations.bring_up_to_date(old, writing(old), steps, metadata)
    new = sa.create_engine(url_of(tmp_path / "new"))
    migrations.bring_up_to_date(new, new, steps, metadata)
    assert schema(old) == schema(new)
    assert numbers(old) == [NOW, NOW + 2] and numbers(new) == [NOW + 2]
    with reading(old) as connection:
        assert connection.execute(sa.select(tables.log.c.hash)).scalars().all() == [x.hash for x in told(9)]
    migrations.bring_up_to_date(old, writing(old), steps, metadata)  # nothing is left to do
    assert numbers(old) == [NOW, NOW + 2]
    new.dispose()


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path):
    engine = filled(tmp_path, 9)
    before, (metadata, (*steps, _)) = schema(engine), later()

    def fail(connection):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        migrations.bring_up_to_date(engine, writing(engine), (*steps, fail), metadata)
    assert schema(engine) == before and numbers(engine) == [NOW]


def test_a_newer_file_is_refused(tmp_path):
    engine = filled(tmp_path, 3)
    metadata, steps = later()
    migrations.bring_up_to_date(engine, writing(engine), steps, metadata)
    said = f"a newer leadopt has written it: its tables are of version {NOW + 2}, and this one knows {NOW}; "
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


def test_shares_of_a_file_of_version_1_become_text(tmp_path):
    desk = with_leads(tmp_path, 1, 2)
    engine = desk._core.engine
    with writing(engine).begin() as connection:  # as version 1 had them
        for lead, record in connection.execute(
            sa.select(following.ownership.c.lead, following.ownership.c.record)
        ).all():
            plain = {**json.loads(record), "entitled": json.loads(json.loads(record)["entitled"])}
            text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
            connection.execute(
                sa.update(following.ownership).where(following.ownership.c.lead == lead).values(record=text)
            )
        connection.execute(sa.update(tables.version).values(number=1))
    desk.close()
    assert again(desk).rebuild().ok
    assert numbers(engine) == [1, NOW]
