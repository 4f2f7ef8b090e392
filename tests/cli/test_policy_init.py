"""From three raw exports to a plan by `policy init` and `assign`, without touching a cell."""

import sqlite3
import tomllib
from pathlib import Path

import pytest

from leadopt.cli.policy_schema import FIRST_LINE, SCHEMA_NAME, schema_text
from leadopt.policy import Policy
from leadopt.tables.files import read_table, write_table
from tests.cli.exports import EXPORTS
from tests.cli.test_commands import good, refusal, run
from tests.cli.test_policy_schema import VALIDATOR

TABLES = ("leads.csv", "reps.csv", "history.csv")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text, name):
    Path(name).write_text(text, encoding="utf-8")


def rows(header, *lines):
    return "\n".join([header, *lines, ""])


def policy(path="policy.toml"):
    told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    VALIDATOR.validate(told)
    return told


PAST = [f"{k},{'Ann' if k % 2 else 'Bo'},{'web' if k % 3 else 'fair'},{'Won' if k % 5 else 'Lost'}" for k in range(60)]


@pytest.mark.parametrize("name", EXPORTS)
def test_three_raw_exports_become_a_plan(folder, name):
    export = EXPORTS[name]
    export.write(folder)
    out = good("policy", "init", *TABLES)
    assert "6 of 6 leads placed, expected value " in out
    command = out.split("Next: leadopt ")[1].split()
    assert command == [
        *("assign", "leads.csv", "reps.csv", "--history", "history.csv", "--policy", "policy.toml", "-o", "plan.csv")
    ]
    said = good(*command)
    assert "learned from 234 settled outcomes" in said  # one in forty is open
    told = policy()
    assert told["segment_by"] == [export.leads.split("|")[1]]
    plan = read_table("plan.csv", (export.leads.split("|")[0], export.reps.split("|")[0]))
    # Each rep is good at one source; five of six leads are where they are won.
    whose = dict(zip(plan[export.leads.split("|")[0]], plan[export.reps.split("|")[0]], strict=True))
    assert [whose[f"L-00{k + 1}"] for k in range(4)] == [*export.people, *export.people]
    assert plan["gain"].sum() > 1000 * (1 if name != "indian" else 10)


def test_the_file_says_where_its_schema_is(folder):
    EXPORTS["german"].write(folder)
    good("policy", "init", *TABLES)
    assert Path("policy.toml").read_text(encoding="utf-8").splitlines()[0] == FIRST_LINE
    assert Path(SCHEMA_NAME).read_text(encoding="utf-8") == schema_text()
    told = policy()
    assert told["columns"]["lead_id"] == "Anfrage-Nr."
    assert told["columns"]["history"] == {"rep_id": "Zuständig"}
    assert told["formats"] == {"dates": "day first", "decimal": ","}
    assert "[fairness]" in Path("policy.toml").read_text(encoding="utf-8")
    assert "fairness" not in told  # switched off


def test_nothing_is_replaced_without_force(folder):
    EXPORTS["german"].write(folder)
    written("mine", "policy.toml")
    written("mine too", SCHEMA_NAME)
    assert refusal(2, "policy", "init", *TABLES) == (
        "policy.toml: is there already; name another file with -o, or let it be replaced with --force"
    )
    assert refusal(2, "policy", "init", *TABLES, "-o", "leads.csv", "--force") == (
        "leads.csv: is also read, and would be replaced; write to another file"
    )
    assert Path("policy.toml").read_text() == "mine"
    assert "Wrote policy.toml.\n" in good("policy", "init", *TABLES, "--force")
    assert Path(SCHEMA_NAME).read_text() == "mine too"
    assert good("policy", "init", *TABLES, "-o", "other.toml").count("Wrote other.toml.") == 1


def test_reps_are_found_by_what_history_calls_them(folder):
    written(rows("id,src", "1,web", "2,fair"), "leads.csv")
    written(rows("id,name,max", "17,Ann,2", "18,Bo,2"), "reps.csv")
    written(rows("id,owner,src,result", *PAST), "history.csv")
    good("policy", "init", *TABLES)
    assert policy()["columns"] == {
        **{"lead_id": "id", "rep_id": "name", "capacity": "max", "converted": "result"},
        "history": {"rep_id": "owner"},
    }


def test_columns_that_no_header_tells_are_found_by_their_cells(folder):
    written(rows("Foo,Bar", "x1,web", "x2,fair"), "leads.csv")
    written(rows("Baz,Qux", "Ann,2", "Bo,2"), "reps.csv")
    written(rows("A,B,C,D", *PAST), "history.csv")
    out = good("policy", "init", *TABLES)
    for said in (
        'leads: "Foo" is taken for lead_id, as it is another in each row',
        'history: "D" is taken for converted, as it holds words of outcomes',
        'rep_id: "Baz" of reps and "B" of history hold the same reps',
        '"Bar" of leads and "C" of history hold the same: give both one name to learn by it',
        "Not understood, and not used: Qux",
    ):
        assert said in out
    assert "2 of 2 leads placed" in out
    assert policy()["columns"] == {"lead_id": "Foo", "rep_id": "Baz", "converted": "D", "history": {"rep_id": "B"}}


def test_dates_that_could_be_two_are_left_to_choose(folder):
    written(rows("lead_id,src", "1,web", "2,fair"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    past = [f"Ann,{'web' if k % 3 else 'fair'},{k % 2},0{k % 9 + 1}/0{k % 8 + 1}/2025" for k in range(40)]
    written(rows("rep_id,src,converted,at", *past), "history.csv")
    out = good("policy", "init", *TABLES)
    assert 'choose under [formats]: dates = "day first" or dates = "month first"' in out
    text = Path("policy.toml").read_text(encoding="utf-8")
    assert "[formats]\n# history.at, history.csv, line 10: may be " in text
    written(text.replace('# dates = "day first"', 'dates = "day first"'), "policy.toml")
    assert policy()["formats"] == {"dates": "day first"}
    good("policy", "check", "policy.toml", *TABLES)


def test_amounts_that_could_be_two_are_left_to_choose(folder):
    written(rows("lead_id;value", "1;20,500", "2;31,000"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    out = good("policy", "init", "leads.csv", "reps.csv")
    assert "may be 20,500 or 20.5" in out
    assert 'choose under [formats]: decimal = "." or decimal = ","' in out
    text = Path("policy.toml").read_text(encoding="utf-8")
    written(text.replace('# decimal = "."', 'decimal = "."'), "policy.toml")
    assert "value of the leads placed 51,500" in good("policy", "check", "policy.toml", "leads.csv", "reps.csv")


def test_how_one_table_writes_amounts_says_nothing_of_another(folder):
    written(rows("lead_id;Wert", "1;1.500,50", "2;"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    written(rows("rep_id;converted;Amount", "Ann;won;1,500", "Bo;won;2,000", "Bo;lost;", "Ann;lost;"), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert 'choose under [formats.decimal]: "history.Amount" = "." or "history.Amount" = ","' in out
    assert policy()["formats"] == {"decimal": {"leads.Wert": ","}}
    text = Path("policy.toml").read_text(encoding="utf-8")
    written(text.replace('# "history.Amount" = "."', '"history.Amount" = "."'), "policy.toml")
    assert policy()["formats"] == {"decimal": {"leads.Wert": ",", "history.Amount": "."}}
    assert "expected value 1,695" in good("policy", "check", "policy.toml", *TABLES)


@pytest.mark.parametrize(
    ("telling", "doubtful", "way"),
    [
        (("31/12/2024", "30/11/2024"), ("03/10/2025", "10/03/2025"), "day first"),
        (("12-31-2024", "11-30-2024"), ("03-10-2025", "10-03-2025"), "month first"),
    ],
)
def test_how_one_table_writes_days_says_nothing_of_another(folder, telling, doubtful, way):
    written(rows("lead_id", "1", "2"), "leads.csv")
    written(rows("rep_id,hired_on", f"Ann,{doubtful[0]}", f"Bo,{doubtful[1]}"), "reps.csv")
    written(rows("rep_id,converted,at", f"Ann,won,{telling[0]}", f"Bo,won,{telling[1]}"), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert '"reps.hired_on" = "day first" or "reps.hired_on" = "month first"' in out
    assert policy()["formats"] == {"dates": {"history.at": way}}


def test_a_column_that_is_read_as_its_neighbours_is_told(folder):
    written(rows("lead_id;Wert;Aufwand", "1;1.500,50;1,250", "2;7,5;2,500"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    out = " ".join(good("policy", "init", "leads.csv", "reps.csv").split())
    assert 'leads: "Aufwand" could be read in two ways, and is read like "Wert" ([formats] decimal = ",")' in out


def test_words_that_are_not_known_are_proposed_as_guesses(folder):
    written(rows("lead_id,src", "1,web", "2,fair"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    words = ["Closed Won - upsell", "Lost to rival", "Demo", "won"]
    past = [f"{'Ann' if k % 2 else 'Bo'},{'web' if k % 3 else 'fair'},{words[k % 4]}" for k in range(40)]
    written(rows("rep_id,src,Stage", *past), "history.csv")
    out = good("policy", "init", *TABLES)
    assert "[outcomes] holds words that are guesses: Closed Won - upsell, Lost to rival, Demo" in out
    assert policy()["outcomes"] == {"won": ["Closed Won - upsell"], "lost": ["Lost to rival"], "open": ["Demo"]}
    assert "# Known as won: won." in Path("policy.toml").read_text(encoding="utf-8")


def test_rules_that_the_tables_allow_are_there_to_be_switched_on(folder):
    leads = ["1,web,north,en,100,EUR", "2,fair,south,de,200,USD", "3,fair,north,fr,200,USD"]
    reps = ["Ann,North,en;de,2026-01-01", "Bo,South,en;de;fr,2020-01-01", "Cy,north,fr,2020-01-01"]
    written(rows("lead_id,source,region,language,value,currency", *leads), "leads.csv")
    written(rows("rep_id,area,langs,hired_on", *reps), "reps.csv")
    out = good("policy", "init", "leads.csv", "reps.csv")
    assert "values are in EUR and USD: fill in [currencies]" in out
    assert "With it these tables cannot be read yet: leads.currency" in out
    text = Path("policy.toml").read_text(encoding="utf-8")
    for block in (
        '# [[eligibility]]\n# rule = "match"\n# column = "region"\n# reps_column = "area"',
        '# [[eligibility]]\n# rule = "skills"\n# needs = "language"\n# has = "langs"',
        "# [currencies]\n# EUR = 1.0\n# USD = 1.0",
        "# [newcomers]\n# share = 0.1",
    ):
        assert block in text
        text = text.replace(block, "\n".join(line.removeprefix("# ") for line in block.splitlines()))
    written(text.replace("# tenure_days", "tenure_days"), "policy.toml")
    rules = Policy.from_toml("policy.toml").eligibility
    assert [type(rule).__name__ for rule in rules] == ["MatchRule", "SkillsRule"]
    assert "It does for leads.csv, reps.csv: " in good("policy", "check", "policy.toml", "leads.csv", "reps.csv")


def test_settings_that_the_tables_allow_are_there_to_be_switched_on(folder):
    written(rows("lead_id,Company,current_rep", "1,Acme,Ann", "2,Acme,Bo", "3,Beta,", "4,Gamma,Ann"), "leads.csv")
    written(rows("rep_id,capacity,open_leads,Team", "Ann,2,1,North", "Bo,2,0,South", "Cy,3,1,North"), "reps.csv")
    good("policy", "init", "leads.csv", "reps.csv")
    text, usual = Path("policy.toml").read_text(encoding="utf-8"), Policy.from_toml("policy.toml")
    assert (usual.together, usual.balance_open, usual.move_cost, usual.limit) == (None, False, 0.0, ())
    for block in (
        '# together = "Company"',
        "# balance_open = true",
        "# move_cost = 0.1",
        '# [[limit]]\n# reps = { "Team" = "North" }\n# most = 4',
    ):
        assert text.count(block) == 1
        text = text.replace(block, "\n".join(line.removeprefix("# ") for line in block.splitlines()))
    written(text, "policy.toml")
    asked = Policy.from_toml("policy.toml")
    assert (asked.together, asked.balance_open, asked.move_cost) == ("Company", True, 0.1)
    assert [(rule.reps, rule.most) for rule in asked.limit] == [({"Team": ("North",)}, 4)]
    done = run("policy", "check", "policy.toml", "leads.csv", "reps.csv")  # a search, which says so on stderr
    assert done.exit_code == 0 and "It does for leads.csv, reps.csv: " in done.stdout


def test_what_does_not_fit_is_switched_off_with_its_first_cell(folder):
    written(rows("lead_id", "1"), "leads.csv")
    written(rows("rep_id,Available,Capacity", "Ann,yes,many", "Bo,no,3"), "reps.csv")
    out = good("policy", "init", "leads.csv", "reps.csv")
    assert '"Capacity" looks like capacity, but reps.Capacity, ' in out
    assert policy()["columns"] == {"available": "Available"}
    assert '\n# capacity = "Capacity"' in Path("policy.toml").read_text(encoding="utf-8")


def test_a_capacity_may_be_a_fraction(folder):
    written(rows("lead_id", "1"), "leads.csv")
    written(rows("rep_id,Capacity,Max open", "Ann,8.5,2", "Bo,0.45,2.5"), "reps.csv")
    out = good("policy", "init", "leads.csv", "reps.csv")
    assert policy()["columns"] == {"capacity": "Capacity"}  # open leads are counted, and not shared out by the day
    assert "must be a whole number, 0 or more; found 2.5" in " ".join(out.split())


def test_headers_of_another_unit_are_switched_off(folder):
    written(rows("lead_id,Effort (min)", "1,30", "2,60"), "leads.csv")
    head = "rep_id,Tenure (months),Capacity %,Open deals value,Working hours per week"
    written(rows(head, "Ann,3,100,100000,40", "Bo,40,50,2000,20"), "reps.csv")
    out = " ".join(good("policy", "init", "leads.csv", "reps.csv").split())
    assert '"Effort (min)" looks like effort, but its header says minutes, and effort is in hours' in out
    assert '"Tenure (months)" looks like tenure_days, but its header says months' in out
    assert '"Capacity %" looks like capacity, but' in out
    assert '"Open deals value" looks like open_leads, but' in out
    assert policy()["columns"] == {"hours": "Working hours per week"}


def test_a_column_in_the_right_unit_is_taken_before_one_in_another(folder):
    written(rows("lead_id,Effort (min),Estimated hours", "1,30,0.5"), "leads.csv")
    written(rows("rep_id", "Ann"), "reps.csv")
    good("policy", "init", "leads.csv", "reps.csv")
    assert policy()["columns"] == {"effort": "Estimated hours"}


def test_values_of_another_unit_are_not_learned_from(folder):
    written(rows("lead_id,Value (k EUR)", "1,10", "2,"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    written(rows("rep_id,converted,Amount EUR", "Ann,won,10000", "Bo,won,12000", "Bo,lost,"), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert 'values are in thousands EUR in leads ("Value (k EUR)") and in EUR in history ("Amount EUR")' in out
    assert policy()["columns"] == {"value": "Value (k EUR)"}


def test_outcomes_in_words_that_nobody_knows_are_found(folder):
    written(rows("lead_id", "1", "2"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    words = ["Order Received", "Dropped", "Lost to competitor"]
    past = [f"{'Ann' if k % 2 else 'Bo'},{words[k % 3]},2025-01-{k + 1:02}" for k in range(28)]
    written(rows("rep_id,Final Status,Closed On", *past), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert 'history: "Final Status" is taken for converted, as it holds words of outcomes' in out
    assert policy()["columns"] == {"converted": "Final Status", "at": "Closed On"}
    assert policy()["outcomes"] == {"won": ["Order Received"], "lost": ["Dropped", "Lost to competitor"]}


def test_words_that_say_nothing_are_listed(folder):
    written(rows("lead_id", "1", "2"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    past = [f"{'Ann' if k % 2 else 'Bo'},{'AX'[k % 2]},2025-01-{k + 1:02}" for k in range(28)]
    written(rows("rep_id,Final Status,Closed On", *past), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert 'no column looks like converted, which it must have: name it under [columns.history] ("rep_id" holds' in out
    assert '"Final Status" holds X, A' in out or '"Final Status" holds A, X' in out
    assert '"Closed On" looks like it' not in out


def test_outcomes_of_one_kind_are_told(folder):
    written(rows("lead_id", "1", "2"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    written(rows("rep_id,converted", "Ann,won", "Bo,Zzz", "Bo,won"), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert 'history: no outcome in "converted" is lost, so nothing can be learned' in out


def test_a_header_whose_cells_do_not_fit_gives_way_to_the_next(folder):
    written(rows("lead_id", "1", "2"), "leads.csv")
    written(rows("rep_id", "Ann", "Bo"), "reps.csv")
    past = ["Ann,ja,31.12.2024", "Bo,nein,30.11.2024", "Ann,nein,29.10.2024"]
    written(rows("rep_id,Abschluss,Datum", *past), "history.csv")
    out = " ".join(good("policy", "init", *TABLES).split())
    assert policy()["columns"] == {"converted": "Abschluss", "at": "Datum"}
    assert "looks like at" not in out


def test_who_is_away_by_a_column_that_is_not_read_is_to_be_looked_at(folder):
    written(rows("lead_id", "1", "2"), "leads.csv")
    written(rows("rep_id,Out of office,Pensum", "Ann,yes,100 %", "Bo,no,0 %"), "reps.csv")
    out = " ".join(good("policy", "init", "leads.csv", "reps.csv").split("Look at")[1].split())
    assert 'column "Out of office" of reps says who is away and is not read, so they may get leads' in out
    assert 'column "Pensum" of reps has reps at 0 and is not read' in out


def test_ids_that_are_there_twice_are_to_be_mended(folder):
    written(rows("Lead ID,src", "1,web", "1,fair"), "leads.csv")
    written(rows("rep_id", "Ann"), "reps.csv")
    out = good("policy", "init", "leads.csv", "reps.csv")
    assert "ids must be unique" in out
    assert "mend the rows" in out
    assert policy()["columns"] == {"lead_id": "Lead ID"}


@pytest.mark.parametrize(
    ("leads", "reps", "history"),
    [
        ("lead_id\n", "rep_id\n", "rep_id,converted\n"),
        ("a\n1\n", "b\n1\n", "c\n1\n"),
        ("a,b\n,\n", "a\n\n", "a,b,c\n1,2,3\n"),
        ('"a ""b""",c\n1,2\n', "é\\n,x\nAnn,1\n", "won\nyes\n"),
        ("lead_id,value\n1,1\n2,x\n", "rep_id,capacity\nAnn,\n", "rep_id,converted,at\nAnn,1,yesterday\nAnn,maybe,\n"),
        ("rep_id\n1\n", "lead_id\nAnn\n", "value\n1\n"),
    ],
)
def test_whatever_the_tables_hold_a_policy_comes_of_it(folder, leads, reps, history):
    for name, text in (("leads", leads), ("reps", reps), ("history", history)):
        written(text, f"{name}.csv")
    out = good("policy", "init", *TABLES)
    assert "With it" in out
    policy()


def test_databases_and_workbooks_are_looked_at_too(folder):
    with sqlite3.connect("crm.db") as crm:
        crm.execute('create table deals ("Deal ID" integer, "Src" text)')
        crm.executemany("insert into deals values (?, ?)", [(1, "web"), (2, "fair")])
    crm.close()
    write_table({"Seller": ["Ann", "Bo"], "Max": [1, 1]}, "reps.xlsx")
    written(rows("Deal ID,Seller,Src,Won?", *PAST), "history.csv")
    out = good("policy", "init", "sqlite:///crm.db?table=deals", "reps.xlsx", "history.csv")
    assert "2 of 2 leads placed" in out
    assert "Next: leadopt assign 'sqlite:///crm.db?table=deals' reps.xlsx --history history.csv" in out


# Check


def test_check_tells_what_a_policy_sets(folder):
    written('segment_by = ["src"]\nreserve = 2\n[columns]\nlead_id = "id"\n[fairness]\nlow = 0.9\n', "policy.toml")
    assert good("policy", "check", "policy.toml") == (
        "policy.toml is a policy: segment_by (src), fairness, reserve (2), columns (lead_id).\n"
    )
    written("", "policy.toml")
    assert good("policy", "check", "policy.toml") == "policy.toml is a policy: every setting is left at its default.\n"


@pytest.mark.parametrize(
    ("text", "tables", "code", "said"),
    [
        ("segmentby = []", (), 2, 'policy.toml: policy: unknown key "segmentby"; did you mean "segment_by"?'),
        ("fairness = 3", (), 2, "policy.toml: policy.fairness: must be a table of settings; found 3"),
        ("[fairness", (), 2, "policy.toml: is not valid TOML"),
        ("", ("leads.csv",), 2, "reps: name their file after that of the leads; only a workbook can hold both"),
        ('segment_by = ["none"]', TABLES, 2, 'column "none"'),
        ("reserve = '-inf'", TABLES, 3, "2 leads"),
    ],
)
def test_check_refuses_what_is_wrong(folder, text, tables, code, said):
    written(text, "policy.toml")
    written(rows("lead_id,src", "1,web", "2,fair"), "leads.csv")
    written(rows("rep_id,capacity", "Ann,1"), "reps.csv")
    written(rows("lead_id,rep_id,src,converted", *PAST), "history.csv")
    from tests.cli.test_commands import run

    result = run("policy", "check", "policy.toml", *tables)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_check_holds_a_policy_against_tables(folder):
    written(rows("lead_id,src", "1,web", "2,fair"), "leads.csv")
    written(rows("rep_id,capacity", "Ann,1", "Bo,1"), "reps.csv")
    written(rows("lead_id,rep_id,src,converted", *PAST), "history.csv")
    written('segment_by = ["src"]', "policy.toml")
    out = good("policy", "check", "policy.toml", *TABLES)
    assert "It does for leads.csv, reps.csv, history.csv: 2 of 2 leads placed" in out
    assert "Notes" in out
    assert not Path("plan.csv").exists()


def test_totals_and_repeated_headers_say_nothing_of_a_column(folder):
    Path("leads.csv").write_text("Lead No,Amount\nA1,10\nA2,20\nLead No,Amount\nSubtotal,30\nA3,5\nA4,6\nSubtotal,11\n")
    Path("reps.csv").write_text("Rep,Capacity\nAnn,9\nRep,Capacity\nBo,9\n")
    told = good("policy", "init", "leads.csv", "reps.csv")
    assert "leads, leads.csv, line 4: repeats the header: left out" in told
    policy = tomllib.loads(Path("policy.toml").read_text())["columns"]
    assert {"lead_id", "value", "rep_id", "capacity"} <= {*policy, *policy.get("leads", {}), *policy.get("reps", {})}
