"""The command line with tables in a database."""

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest

from leadopt.cli.sources import with_ids_alike
from leadopt.tables.files import read_table, write_table
from leadopt.tables.sql import read_sql
from tests.cli.test_commands import good, refusal

HISTORY = [(rep, source, int(k < won)) for rep, source, won in
           ((1, "web", 9), (1, "fair", 5), (2, "web", 5), (2, "fair", 5)) for k in range(10)]  # fmt: skip


@pytest.fixture
def crm(tmp_path, monkeypatch):
    """A folder with a database whose ids are whole numbers."""
    monkeypatch.chdir(tmp_path)
    with sqlite3.connect("crm.db") as connection:
        connection.executescript(
            "create table leads (lead_id integer, source text); insert into leads values (7, 'web'), (8, 'fair');"
            "create table reps (rep_id integer, capacity integer); insert into reps values (1, 1), (2, 1);"
            "create table history (rep_id integer, source text, converted integer)"
        )
        connection.executemany("insert into history values (?, ?, ?)", HISTORY)
    connection.close()
    return tmp_path


LEADS, REPS, PLAN = (f"sqlite:///crm.db?table={name}" for name in ("leads", "reps", "plan"))
HISTORY_URL = "sqlite:///crm.db?query=select * from history where rep_id > 0"


def test_tables_of_a_database_become_a_table_of_it(crm):
    for _ in range(2):
        out = good("assign", LEADS, REPS, "--history", HISTORY_URL, "-o", PLAN)
        assert f"Wrote {PLAN}." in out
        assert f"Next: leadopt explain '{PLAN}' 7" in out
    table = read_sql(PLAN)
    assert (table["lead_id"], table["rep_id"]) == ([7, 8], [1, 2])
    assert "7 -> 1" in good("explain", PLAN, "7")
    assert "this plan" in good("compare", PLAN)
    assert good("report", PLAN).startswith("# leadopt plan")
    assert "Verdict" in good("evaluate", HISTORY_URL, "--segment-by", "source")
    assert list(crm.iterdir()) == [crm / "crm.db"]


def test_files_and_databases_can_be_mixed(crm):
    write_table({"lead_id": ["8"], "rep_id": ["1"]}, "pins.csv")
    write_table({"rep_id": ["1", "2"], "capacity": [1, 1]}, "reps.csv")
    good("assign", LEADS, "reps.csv", "--history", HISTORY_URL, "--pins", "pins.csv", "-o", PLAN)
    assert read_sql(PLAN)["rep_id"] == [2, 1]
    good("assign", LEADS, "reps.csv", "--history", HISTORY_URL, "--pins", PLAN, "-o", "plan.csv")
    assert read_table("plan.csv")["rep_id"].to_list() == ["2", "1"]


def test_a_table_that_leadopt_did_not_write_is_replaced_if_told(crm):
    with sqlite3.connect("crm.db") as connection:
        connection.execute("create table plan (lead_id)")
    connection.close()
    said = refusal(2, "assign", LEADS, REPS, "-o", PLAN)
    assert said == (
        f"{PLAN}: the table is there already and was not written by leadopt; name another, or let it be replaced "
        "(--replace; in Python replace=True)"
    )
    good("assign", LEADS, REPS, "-o", PLAN, "--replace")
    assert read_sql(PLAN)["lead_id"] == [7, 8]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((LEADS, REPS, "-o", LEADS), f"{LEADS}: is also read, and would be replaced; write to another table"),
        ((LEADS, REPS, "-o", "sqlite:///crm.db?table=Leads"),
         "sqlite:///crm.db?table=Leads: is also read, and would be replaced; write to another table"),
        ((LEADS, REPS, "-o", "sqlite:///crm.db"),
         "sqlite:///crm.db: name the table of the plan, as in sqlite:///crm.db?table=plan"),
        ((LEADS, "sqlite:///crm.db?table=rep"),
         'sqlite:///crm.db?table=rep: there is no table "rep"; did you mean "reps"?'),
        (("sqlite:///none.db?table=leads", REPS), "sqlite:///none.db?table=leads: there is no such file"),
        ((LEADS, REPS, "-o", PLAN, "--report", "none/r.md"),
         "none/r.md: cannot be written: it is a folder, or in a folder that does not exist"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_or_written_is_refused(crm, arguments, said):
    assert refusal(2, "assign", *arguments) == said


def test_a_password_is_shown_nowhere(crm):
    url = "postgresql://ann:hidden@localhost:1/crm?table=leads"
    assert "hidden" not in refusal(2, "assign", url, REPS)
    assert "hidden" not in refusal(2, "assign", LEADS, REPS, "-o", url)
    assert "hidden" not in refusal(2, "explain", url, "7")
    assert not [path for path in Path().iterdir() if b"hidden" in path.read_bytes()]


ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("first", "second", "becomes"),
    [
        ([1, 2], ["1", "2"], ([1, 2], [1, 2])),
        (["-1", None], [5], ([-1, None], [5])),
        ([1, 2], ["1", "02"], (["1", "2"], ["1", "02"])),
        ([1, 2], ["1", "A"], (["1", "2"], ["1", "A"])),
        ([ONE], [str(ONE), str(TWO)], ([ONE], [ONE, TWO])),
        ([ONE], ["A"], ([str(ONE)], ["A"])),
        ([ONE], [1], ([str(ONE)], ["1"])),
        (["a"], ["b"], (["a"], ["b"])),
        ([], [1], ([], [1])),
    ],
)
def test_ids_of_two_sources_become_alike(first, second, becomes):
    tables = [{"rep_id": first, "x": first}, None, {"seller": second}, {"other": [1]}]
    alike = with_ids_alike(tables, [["lead_id"] * 4, ["rep_id", "rep_id", "seller", "rep_id"]])
    assert (alike[0]["rep_id"], alike[2]["seller"]) == becomes
    assert (alike[0]["x"], alike[1], alike[3]) == (first, None, {"other": [1]})
