"""What SQLAlchemy answers a query with is a table as that of a URL is, and the connection stays its owner's."""

import sqlite3
from collections import namedtuple
from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from leadopt import AffinityModel, InvalidInput, assign
from leadopt.tables import Table

LEADS = "select lead_id, source, value, seen from leads order by lead_id"
REPS = [{"rep_id": "Ann", "capacity": 1}, {"rep_id": "Bo", "capacity": 1}]


@pytest.fixture
def engine(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path}/crm.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("create table leads (lead_id text, source text, value numeric, seen text)")
        connection.exec_driver_sql(
            "insert into leads values ('1', 'web', 12.5, '2026-01-31'), ('2', 'fair', 7, '2026-02-01')"
        )
    yield engine
    engine.dispose()


def columns(data):
    table = Table(data, "leads")
    return {name: table.values(name) for name in table.columns}


@pytest.mark.parametrize("of", [lambda result: result, lambda result: result.mappings()], ids=["rows", "mappings"])
def test_a_result_is_read_as_the_same_query_by_its_url_is(engine, of):
    with engine.connect() as connection:
        found = columns(of(connection.execute(sa.text(LEADS))))
    assert found == columns(f"{engine.url}?query={LEADS}")
    assert found["lead_id"] == ["1", "2"] and found["seen"] == [date(2026, 1, 31), date(2026, 2, 1)]


def test_the_transaction_goes_on_and_what_it_has_not_committed_is_seen(engine):
    with engine.connect() as connection:
        connection.execute(sa.text("insert into leads values ('3', 'call', 1, null)"))
        plan = assign(connection.execute(sa.text(LEADS)), REPS)
        assert plan.case.lead_ids == ("1", "2", "3")
        assert connection.in_transaction() and not connection.closed
        connection.rollback()
        assert connection.execute(sa.text("select count(*) from leads")).scalar() == 2


@pytest.mark.parametrize("kind", ["SQLAlchemy", "sqlite3", "named tuples"])
def test_rows_that_know_their_columns_are_dicts(engine, kind):
    if kind == "SQLAlchemy":
        with engine.connect() as connection:
            rows = connection.execute(sa.text(LEADS)).all()
    elif kind == "sqlite3":
        driver = sqlite3.connect(engine.url.database)
        driver.row_factory = sqlite3.Row
        rows = driver.execute(LEADS).fetchall()
        driver.close()
    else:
        lead = namedtuple("Lead", "lead_id source value seen")
        rows = [lead("1", "web", Decimal("12.5"), "2026-01-31"), lead("2", "fair", 7, "2026-02-01")]
    told = [{"lead_id": "1", "source": "web", "value": 12.5, "seen": "2026-01-31"}]
    told += [{"lead_id": "2", "source": "fair", "value": 7, "seen": "2026-02-01"}]
    assert columns(rows) == columns(told)


def test_models_learn_of_a_result(engine):
    rows = [{"rep_id": rep, "converted": k % n == 0} for rep, n in (("Ann", 2), ("Bo", 5)) for k in range(40)]
    with engine.begin() as connection:
        connection.exec_driver_sql("create table history (rep_id text, converted integer)")
        connection.execute(sa.text("insert into history values (:rep_id, :converted)"), rows)
        model = AffinityModel().fit(connection.execute(sa.text("select * from history")))
    asked = [{"rep_id": "Ann"}, {"rep_id": "Bo"}]
    assert model.probability(asked).tolist() == AffinityModel().fit(rows).probability(asked).tolist()


def test_what_is_no_answer_is_refused_with_what_to_pass(engine):
    mend = "pass what a query returns, as connection.execute(select(...)) does, or the database's URL as text"
    with engine.connect() as connection, sqlite3.connect(":memory:") as driver:
        for wrong in (engine, connection, engine.url, sa.select(sa.literal(1)), driver):
            with pytest.raises(InvalidInput) as refused:
                assign(wrong, REPS)
            assert str(refused.value) == f"leads: found {type(wrong).__name__}, which is no table; {mend}"
        with pytest.raises(InvalidInput, match=r"^leads, row 1: a list must hold dicts.* found Connection; pass what"):
            assign([connection], REPS)
    driver.close()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select lead_id, source as lead_id from leads", 'leads: column names must be unique; found "lead_id" twice'),
        ("update leads set value = 1", "leads: the result holds no rows any more: it was read before, or its query"),
    ],
)
def test_an_answer_that_is_no_table_is_refused(engine, query, said):
    with engine.connect() as connection, pytest.raises(InvalidInput) as refused:
        assign(connection.execute(sa.text(query)), REPS)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("of", [lambda result: result, lambda result: result.mappings()], ids=["rows", "mappings"])
def test_a_result_that_was_read_is_refused_and_not_taken_for_an_empty_table(engine, of):
    with engine.connect() as connection:
        empty = of(connection.execute(sa.text(f"select * from ({LEADS}) where lead_id = '9'")))
        assert assign(empty, REPS).case.lead_ids == ()
        for read in (lambda result: assign(result, REPS), lambda result: result.all(), lambda result: result.close()):
            result = of(connection.execute(sa.text(LEADS)))
            read(result)
            with pytest.raises(InvalidInput, match=r"^leads: the result holds no rows any more: it was read before"):
                assign(result, REPS)
