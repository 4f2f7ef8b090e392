import datetime as dt
import sqlite3
from functools import cache
from uuid import UUID

import pytest

from leadopt import AffinityModel, Columns, Policy, assign
from leadopt.errors import InvalidInput
from leadopt.evaluate import backtest
from leadopt.score_model import ScoreModel
from leadopt.tables import Table
from leadopt.tables.sql import read_sql
from tests.tables.sql.conftest import run


def refused(source, **more):
    with pytest.raises(InvalidInput) as error:
        read_sql(source, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def crm(tmp_path):
    """A file of SQLite, and what runs a script in it."""
    path = tmp_path / "crm.db"

    def script(text):
        with sqlite3.connect(path) as connection:
            connection.executescript(text)
        connection.close()
        return f"sqlite:///{path}"

    return script


def test_names_of_any_kind_are_found(database):
    run(
        database,
        'create table "Open Leads 100%" (lead_id integer, "at" date, "select" varchar(9), "A""b" integer)',
        """insert into "Open Leads 100%" values (1, '2026-01-31', 'a%b:c', 2)""",
        'create view few as select lead_id from "Open Leads 100%"',
    )
    whole = {"lead_id": [1], "at": [dt.date(2026, 1, 31)], "select": ["a%b:c"], 'A"b': [2]}
    for name in ("Open Leads 100%", "Open%20Leads%20100%25", "open leads 100%"):
        assert read_sql(f"{database}table={name}") == whole
    assert read_sql(f"{database}table=few") == {"lead_id": [1]}
    where = "\"select\" like 'a%:c' and ':x' = ':x' and '%s' <> '%(x)s'"
    assert read_sql(f'{database}query=select "at" from "Open Leads 100%" where {where}') == {"at": whole["at"]}
    assert refused(f"{database}table=fewer").endswith('there is no table "fewer"; did you mean "few"?')


def test_nothing_is_changed_by_reading(database):
    run(database, "create table leads (lead_id integer)", "insert into leads values (1)")
    for statement in (
        "delete from leads",
        "drop table leads",
        "delete from leads returning lead_id",
        "select 1; drop table leads",
    ):
        try:
            read_sql(f"{database}query={statement}")
        except InvalidInput as error:
            assert "\n" not in str(error)
    assert read_sql(f"{database}table=leads") == {"lead_id": [1]}


def test_an_empty_table_has_its_columns(database):
    run(database, 'create table leads (lead_id integer, "Source" varchar(9))')
    assert read_sql(f"{database}table=leads") == {"lead_id": [], "Source": []}
    plan = assign(f"{database}table=leads", [{"rep_id": "Ann", "capacity": 1}])
    assert plan.summary().startswith("0 of 0 leads placed")


def test_typed_columns_stay_typed(database):
    if database.startswith("sqlite"):
        pytest.skip("has no types for these")
    run(
        database,
        "create table t (u uuid, n decimal(10, 2), k decimal(30, 0), b boolean, d date, z timestamp with time zone, "
        "x real, nothing varchar(9), words varchar(9))",
        "insert into t values ('00000000-0000-0000-0000-000000000007', 12.50, 12345678901234567890, true, "
        "'2026-01-31', '2026-01-31 10:00:00+05', 1.5, null, ' a '), "
        "(null, null, null, null, null, null, null, null, '')",
    )
    table = read_sql(f"{database}table=t")
    assert table.pop("z")[0] == dt.datetime(2026, 1, 31, 5, tzinfo=dt.UTC)
    assert {name: values[0] for name, values in table.items()} == {
        **{"u": UUID(int=7), "n": 12.5, "k": 12345678901234567890, "b": True, "d": dt.date(2026, 1, 31), "x": 1.5},
        **{"nothing": None, "words": "a"},
    }
    assert {values[1] for values in table.values()} == {None}


def test_text_is_read_as_in_a_csv_file(crm):
    url = crm(
        "create table t (lead_id text, n text, k text, won text, at text, zip text, mixed, few text);"
        "insert into t values ('7', '1.5', '2', 'TRUE', '2026-01-31', '0123', 1, ' '), "
        "('8', ' ', '3', 'false', '', '4', 'a', ''), ('9', '-2e3', '4', NULL, NULL, NULL, 2.0, NULL)"
    )
    assert read_sql(f"{url}?table=t") == {
        **{"lead_id": ["7", "8", "9"], "n": [1.5, None, -2000.0], "k": [2, 3, 4], "won": [True, False, None]},
        **{"at": [dt.date(2026, 1, 31), None, None], "zip": ["0123", "4", None], "mixed": ["1", "a", "2"]},
        "few": [None, None, None],
    }
    assert read_sql(f"{url}?table=t", text=("n",))["n"] == ["1.5", None, "-2e3"]


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("", "name a table or a query, as in sqlite:///crm.db?table=leads, or ...?query=select ...; it holds leads"),
        ("?query=select lead from leads", "the database refuses: no such column: lead"),
        ("?query=selec 1", 'the database refuses: near "selec": syntax error'),
        ("?query=select 1; select 2", "the database refuses: You can only execute one statement at a time."),
        ("?query=select 1 a, 2 a", 'column names must be unique; found "a" twice: give one another name with AS'),
        ("?query=delete from leads", "the query returns no rows, so it is no table; write one that begins with SELECT"),
        ("?query=select cast(x'ff' as text) a", "the database refuses: Could not decode to UTF-8 column 'a'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(crm, rest, said):
    url = crm("create table leads (lead_id)")
    assert f"{url}{rest.split('?query')[0]}: {said}" in refused(url + rest)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("sqlite:///none.db?table=a", "sqlite:///none.db?table=a: there is no such file"),
        ("duckdb:///none.db?table=a", "duckdb:///none.db?table=a: there is no such file"),
        ("sqlite:///.?table=a", "sqlite:///.?table=a: is no file"),
        ("sqlite://crm.db?table=a", "sqlite://crm.db?table=a: a file needs three slashes: sqlite:///crm.db"),
        ("sqlite://?table=a", 'sqlite://?table=a: there is no table "a"; the database holds no table'),
        ("nodb://h/d?table=a", "there is no driver for nodb:// addresses; install its SQLAlchemy dialect"),
        ("oracle://h/d?table=a", "this database needs oracledb; install it with: pip install oracledb"),
        ("mysql://h/d?table=a", "this database needs MySQLdb; install it with: pip install mysqlclient"),
        ("postgresql://h:port/d?table=a", "postgresql://h:port/d?table=a: is not a database's URL"),
        ("sqlite://?nonsense=1&table=a", "table=a: Query string argument(s) 'nonsense' are not accepted"),
        ("duckdb://?query=select at from leads", 'near "from"; names such as "at" need double quotes'),
    ],
)  # fmt: skip
def test_what_is_no_database_is_refused_in_a_sentence(tmp_path, monkeypatch, source, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(source)


@pytest.mark.parametrize("library", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_refused(tmp_path, library):
    (tmp_path / "a.db").write_text("lead_id,source\n" * 500)
    assert "not a" in refused(f"{library}:///{tmp_path}/a.db?table=a")


def test_a_file_may_be_encoded_as_in_any_url(tmp_path):
    with sqlite3.connect(tmp_path / "my crm.db") as connection:
        connection.execute("create table leads as select 1 lead_id")
    connection.close()
    for name in ("my crm.db", "my%20crm.db"):
        assert read_sql(f"sqlite:///{tmp_path}/{name}?table=leads") == {"lead_id": [1]}


def test_schemas_are_told_apart(database):
    if database.startswith("sqlite"):
        pytest.skip("has no schemas")
    usual = "main" if database.startswith("duckdb") else "public"
    run(database, "create schema sales", "create table sales.reps (n integer)", "create table leads (n integer)")
    assert read_sql(f"{database}table=sales.reps") == read_sql(f"{database}table={usual}.leads") == {"n": []}
    assert refused(f"{database}table=sales.rep").endswith('did you mean "sales.reps"?')
    assert refused(database.rstrip("?&")).endswith("it holds leads, sales.reps")


def test_wrong_logins_are_a_sentence_without_the_password(postgres):
    for wrong in (postgres.replace("s3cr", "xyzzy"), postgres.replace("/postgres?", "/nobase?")):
        said = refused(f"{wrong}table=a")
        assert said.startswith("postgresql://crm:***@/")
        assert "xyzzy" not in said and "word" not in said.replace("password", "")


def test_other_names_of_postgresql_are_known(postgres):
    for name in ("postgres:", "postgresql+psycopg:"):
        assert read_sql(f"{postgres.replace('postgresql:', name)}query=select 1 a") == {"a": [1]}


def test_a_duckdb_file_that_this_process_writes_can_be_read(tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / "a.db")) as connection:
        connection.execute("create table leads as select 1 lead_id")
        assert read_sql(f"duckdb:///{tmp_path}/a.db?table=leads") == {"lead_id": [1]}


def test_duckdb_reads_files_by_a_query(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id,source\n1,web\n")
    table = read_sql(f"duckdb://?query=select * from '{tmp_path}/leads.csv'")
    assert table == {"lead_id": [1], "source": ["web"]}


# The same answers as from tables in memory

WON = [("01", "web", 9), ("01", "fair", 5), ("02", "web", 5), ("02", "fair", 5)]
FLOOR = {
    "leads": {"lead_id": ["007", "8", "9"], "source": ["web", "fair", "web"], "value": [10.0, 20.0, 5.0]},
    "reps": {"rep_id": ["01", "02"], "capacity": [1, 1]},
    "history": {
        "rep_id": [rep for rep, _, _ in WON for _ in range(10)],
        "source": [source for _, source, _ in WON for _ in range(10)],
        "converted": [int(k < won) for _, _, won in WON for k in range(10)],
        "at": [dt.date(2025, 1, 1 + k) for _ in WON for k in range(10)],
    },
}


@pytest.fixture
def floor(database):
    """The same tables in memory and in a database."""
    kinds = {str: "varchar(9)", int: "integer", float: "double precision", dt.date: "date"}
    for name, table in FLOOR.items():
        columns = ", ".join(f'"{column}" {kinds[type(cells[0])]}' for column, cells in table.items())
        rows = ", ".join(
            str(tuple(str(cell) if isinstance(cell, dt.date) else cell for cell in row))
            for row in zip(*table.values(), strict=True)
        )
        run(database, f"create table {name} ({columns})", f"insert into {name} values {rows}")
    return {name: f"{database}table={name}" for name in FLOOR}


def test_a_plan_is_the_same_from_a_database(floor):
    stored, plain = assign(**floor), assign(**FLOOR)
    assert stored.assignments == plain.assignments
    assert stored.case.lead_ids == ("007", "8", "9")
    assert stored.notes == plain.notes
    assert "crm" not in stored.to_json() and "postgres" not in stored.to_json()


def test_models_and_backtests_read_a_database(floor):
    ScoreModel(columns=["source"]).fit(floor["history"])
    assert learned(floor["history"]) == learned_at_hand()


def learned(history):
    """Return what is learned and said of a history."""
    found = backtest(history, segment_by=["source"], folds=2)
    return AffinityModel(segment_by=["source"]).fit(history).frame(), found.summary()


@cache
def learned_at_hand():
    return learned(FLOOR["history"])


def test_settings_name_the_columns_of_a_database_too(crm):
    url = crm(
        "create table reps (\"Rep No\" text, \"Max\" text); insert into reps values ('1', '2');"
        "create table leads (\"Lead No\" text); insert into leads values ('1'), ('2');"
    )
    columns = Columns(lead_id="Lead No", rep_id="Rep No", capacity="Max")
    plan = assign(f"{url}?table=leads", f"{url}?table=reps", policy=Policy(columns=columns))
    assert plan.case.lead_ids == ("1", "2")
    assert plan.assignments[0]["Rep No"] == "1"


def test_ids_that_are_bytes_are_refused_with_their_row(crm):
    url = crm("create table leads (lead_id blob); insert into leads values (x'00ff')")
    with pytest.raises(InvalidInput, match=r"leads.lead_id, row 1: an id must be text or a whole number; found b'"):
        assign(f"{url}?table=leads", [{"rep_id": "Ann"}])


def test_a_missing_column_names_the_nearest(crm):
    url = crm('create table leads ("Lead ID" text); insert into leads values (1)')
    with pytest.raises(InvalidInput, match='column "lead_id" is missing; "Lead ID" looks like it'):
        Table(f"{url}?table=leads", "leads").ids("lead_id")
