import json
from uuid import UUID

import pytest

from leadopt import InvalidInput, Plan, assign
from leadopt.tables.sql import Column, Kind, Saved, check_target, load_saved, read_sql, write_sql
from tests.tables.sql.conftest import run

SAVED = Saved(written_at="2026-01-31T10:00:00+00:00", summary="one of two", plan='{"a": "%s :x \'"}')
COLUMNS = {
    "Lead id": Column(kind=Kind.WHOLE, cells=[2**62, 2]),
    "rep_id": Column(kind=Kind.TEXT, cells=["Ann's 100%:x", None]),
    "select": Column(kind=Kind.NUMBER, cells=[0.1, None]),
    "key": Column(kind=Kind.UUID, cells=[UUID(int=7), None]),
    "new": Column(kind=Kind.TRUTH, cells=[True, None]),
}
WHOLE = {name: list(column.cells) for name, column in COLUMNS.items()}


def refused(function, *arguments, **more):
    with pytest.raises(InvalidInput) as error:
        function(*arguments, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


def stored(source):
    table = read_sql(source)
    table["key"] = [None if cell is None else UUID(str(cell)) for cell in table["key"]]  # text in SQLite
    return table


def test_what_is_written_is_read_again(database):
    for name in ("plan", "My plan 100%", "PLAN2"):
        for _ in range(2):  # a table that leadopt wrote is replaced
            write_sql(f"{database}table={name}", COLUMNS, SAVED)
            assert stored(f"{database}table={name}") == WHOLE
            assert load_saved(f"{database}table={name}") == SAVED.plan
    registry = read_sql(f"{database}table=leadopt_plans")
    assert registry["table_name"] == ["plan", "My plan 100%", "PLAN2"]
    assert set(registry["summary"]) == {"one of two"}


def test_other_columns_replace_the_table_that_leadopt_wrote(database):
    write_sql(f"{database}table=plan", COLUMNS, SAVED)
    fewer = {"Lead id": Column(kind=Kind.TEXT, cells=["a"])}
    write_sql(f"{database}table=plan", fewer, SAVED)
    assert read_sql(f"{database}table=plan") == {"Lead id": ["a"]}
    nothing = {"Lead id": Column(kind=Kind.TEXT, cells=[])}
    write_sql(f"{database}table=plan", nothing, SAVED)
    assert read_sql(f"{database}table=plan") == {"Lead id": []}


def test_what_depends_on_the_table_stays_where_the_columns_do(database):
    write_sql(f"{database}table=plan", COLUMNS, SAVED)
    run(database, "create view placed as select rep_id from plan where rep_id is not null")
    write_sql(f"{database}table=plan", COLUMNS, SAVED)
    assert read_sql(f"{database}table=placed") == {"rep_id": ["Ann's 100%:x"]}


def test_a_table_that_leadopt_did_not_write_is_left_alone_unless_told(database):
    run(database, "create table plan (lead_id integer)", "insert into plan values (1)")
    for refuse in (check_target, lambda target: write_sql(target, COLUMNS, SAVED)):
        assert refused(refuse, f"{database}table=plan").endswith(
            "the table is there already and was not written by leadopt; name another, or let it be replaced "
            "(--replace; in Python replace=True)"
        )
    assert read_sql(f"{database}table=plan") == {"lead_id": [1]}
    check_target(f"{database}table=plan", replace=True)
    write_sql(f"{database}table=plan", COLUMNS, SAVED, replace=True)
    assert stored(f"{database}table=plan") == WHOLE


def test_a_table_that_somebody_has_changed_is_left_alone(database):
    write_sql(f"{database}table=plan", COLUMNS, SAVED)
    run(database, "alter table plan add column remark varchar(9)")
    assert "has other columns than leadopt wrote" in refused(write_sql, f"{database}table=plan", COLUMNS, SAVED)
    assert list(read_sql(f"{database}table=plan")) == [*COLUMNS, "remark"]
    run(database, "drop table plan", "create table plan (lead_id integer)")
    assert "has other columns than leadopt wrote" in refused(write_sql, f"{database}table=plan", COLUMNS, SAVED)


def test_a_write_that_fails_half_way_leaves_what_was_there(database):
    write_sql(f"{database}table=plan", COLUMNS, SAVED)
    later = Saved(written_at="later", summary="later", plan="{}")
    if database.startswith("sqlite"):  # the last row of the plan is refused
        raising = "begin select raise(abort, 'no more rows'); end"
        run(database, f'create trigger stop before insert on plan when new."Lead id" = 3 {raising}')
    elif database.startswith("postgresql"):
        run(database, 'alter table plan add check ("Lead id" <> 3)')
    cells = [1, "x" if database.startswith("duckdb") else 3]
    wrong = COLUMNS | {"Lead id": Column(kind=Kind.WHOLE, cells=cells)}
    assert "the database refuses: " in refused(write_sql, f"{database}table=plan", wrong, later)
    assert stored(f"{database}table=plan") == WHOLE
    assert load_saved(f"{database}table=plan") == SAVED.plan


def test_a_failure_after_the_table_is_dropped_leaves_it(database):
    run(database, "create table plan (lead_id integer)", "insert into plan values (1)")
    bad = {"a": Column(kind=Kind.WHOLE, cells=["x", 2**70])}
    refused(write_sql, f"{database}table=plan", bad, SAVED, replace=True)
    assert read_sql(f"{database}table=plan") == {"lead_id": [1]}


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("?table=leadopt_plans", "leadopt_plans is where leadopt keeps its plans; name another table"),
        ("", "name the table of the plan, as in sqlite:///crm.db?table=plan"),
        ("?query=select 1", "name the table of the plan, as in sqlite:///crm.db?table=plan"),
    ],
)
def test_what_is_no_place_for_a_plan_is_refused(tmp_path, rest, said):
    url = f"sqlite:///{tmp_path}/a.db"
    write_sql(f"{url}?table=plan", COLUMNS, SAVED)
    for check in (check_target, lambda target: write_sql(target, COLUMNS, SAVED)):
        assert refused(check, url + rest).endswith(said)


@pytest.mark.parametrize("target", ["sqlite://?table=plan", "sqlite:///:memory:?table=plan", "duckdb://?table=plan"])
def test_a_plan_is_not_written_where_it_is_lost(target):
    assert refused(write_sql, target, COLUMNS, SAVED).endswith(
        "is in memory alone, and gone with this run; name a file"
    )


def test_a_file_is_no_database():
    said = "plan.csv: is not a database's URL, such as sqlite:///crm.db?table=plan"
    for function in (lambda target: write_sql(target, COLUMNS, SAVED), load_saved, check_target):
        assert refused(function, "plan.csv") == said


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    assert "there is no folder" in refused(check_target, f"sqlite:///{tmp_path}/none/a.db?table=plan")
    check_target(f"sqlite:///{tmp_path}/a.db?table=plan")
    assert not list(tmp_path.iterdir())


def test_a_plan_needs_its_table_to_be_loaded(database):
    run(database, "create table leads (lead_id integer)")
    assert refused(load_saved, f"{database}table=leads").endswith(
        "leadopt did not write this table, so there is no plan to it"
    )
    assert 'there is no table "lead"; did you mean "leads"?' in refused(load_saved, f"{database}table=lead")


def test_schemas_hold_plans_of_their_own(database):
    if database.startswith("sqlite"):
        pytest.skip("has no schemas")
    run(database, "create schema sales")
    write_sql(f"{database}table=sales.plan", COLUMNS, SAVED)
    assert stored(f"{database}table=sales.plan") == WHOLE
    assert load_saved(f"{database}table=sales.plan") == SAVED.plan
    assert "none" in refused(write_sql, f"{database}table=none.plan", COLUMNS, SAVED)


# Plans


@pytest.mark.parametrize(
    "ids", [[1, 2, 3], ["007", "8", "9"], [UUID(int=k) for k in (1, 2, 3)], [2**70, 2**71, 2**72]], ids=str
)
def test_ids_keep_their_type(database, ids):
    leads = [{"lead_id": lead, "source": "web"} for lead in ids]
    reps = [{"rep_id": rep, "capacity": 1} for rep in ids[:2]]
    plan = assign(leads, reps)
    plan.to_sql(f"{database}table=plan")
    table = read_sql(f"{database}table=plan")
    asked = ids
    if ids[0] == 2**70 or (ids[0] == UUID(int=1) and database.startswith("sqlite")):
        asked = [str(lead) for lead in ids]
    assert table["lead_id"] == asked
    assert sorted(table["rep_id"], key=str)[:2] == sorted(asked[:2], key=str)[:2]
    again = Plan.from_sql(f"{database}table=plan")
    assert again.to_json() == plan.to_json()
    assert str(again.explain(ids[0])) == str(plan.explain(ids[0]))


def test_all_columns_are_there_whatever_the_plan(database):
    reps = [{"rep_id": "Ann", "capacity": 1}]
    full = [*("lead_id", "rep_id", "probability", "gain", "runner_up", "runner_up_gain", "reason", "because", "remedy")]
    for leads in ([{"lead_id": 1}], [], [{"lead_id": 1}, {"lead_id": 2}]):
        for capacity in (0, 1):
            assign(leads, [reps[0] | {"capacity": capacity}]).to_sql(f"{database}table=plan")
            assert list(read_sql(f"{database}table=plan")) == full
    kinds = json.loads(read_sql(f"{database}table=leadopt_plans")["columns"][0])
    assert [kinds[name] for name in full] == ["whole", "text", "number", "number", "text", "number", *["text"] * 3]


def test_substitutes_stand_in_columns_of_the_table(database):
    leads, reps = {"lead_id": [1, 2, 3]}, {"rep_id": ["Ann", "Bo"], "capacity": [2, 1]}
    plan = assign(leads, reps, affinity=[[3.0, 2.0], [2.0, 1.0], [1.0, 3.0]], pins={1: "Ann"})
    plan.to_sql(f"{database}table=plan", substitutes=True)
    told = plan.substitutes().by_column()
    read = read_sql(f"{database}table=plan")
    assert [read[name] for name in ("lead_id", "substitute", "substitute_gain", "no_substitute")] == [
        told[name] for name in ("lead_id", "substitute", "substitute_gain", "no_substitute")
    ]
    assert Plan.from_sql(f"{database}table=plan").to_json() == plan.to_json()
