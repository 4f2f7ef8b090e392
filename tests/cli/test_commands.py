import json
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadopt import assign, cli, compiled
from leadopt.cli import assigning, terminal
from leadopt.cli.demo import telling_leads
from leadopt.cli.sources import read_source
from leadopt.errors import NoPlanFound, PrecisionWarning, SolverFailed
from leadopt.evaluate.seasons.floor import sales_floor
from leadopt.plans.plan import Plan
from leadopt.policy import Policy
from leadopt.progress import Progress
from leadopt.tables.files import EXTENSIONS, read_table, write_table

LEADS = {"lead_id": ["007", "08", "9"], "source": ["web", "fair", "web"]}
REPS = {"rep_id": ["01", "02"], "capacity": [1, 1]}
WON = [("01", "web", 9), ("01", "fair", 5), ("02", "web", 5), ("02", "fair", 5)]
HISTORY = {
    "rep_id": [rep for rep, _, _ in WON for _ in range(10)],
    "source": [source for _, source, _ in WON for _ in range(10)],
    "converted": [k < won for _, _, won in WON for k in range(10)],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, table in (("leads", LEADS), ("reps", REPS), ("history", HISTORY)):
        write_table(table, f"{name}.csv")
    return tmp_path


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("floor") / "demo"
    return folder, run("demo", "--folder", str(folder))


def run(*arguments):
    return CliRunner().invoke(cli.build_app(), list(arguments))


def good(*arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refusal(code, *arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("leadopt: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("leadopt: ").rstrip("\n")


TABLES = ("leads.csv", "reps.csv", "--history", "history.csv")


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_assign_reads_and_writes_every_format(folder, kind):
    for name in ("leads", "reps", "history"):
        write_table(read_table(f"{name}.csv"), f"in_{name}{kind}")
    out = good("assign", f"in_leads{kind}", f"in_reps{kind}", "--history", f"in_history{kind}", "-o", f"plan{kind}")
    frame = read_table(f"plan{kind}")
    assert frame.columns == [
        *("lead_id", "rep_id", "probability", "gain", "runner_up", "runner_up_gain", "reason", "because", "remedy")
    ]
    assert frame["lead_id"].to_list() == ["007", "08", "9"]
    assert sorted(frame["rep_id"].to_list(), key=str) == ["01", "02", None]
    pool = frame.row(frame["rep_id"].to_list().index(None), named=True)
    assert (pool["gain"], pool["runner_up"], pool["reason"]) == (None, None, "all_full")
    assert pool["because"]
    assert pool["remedy"]
    assert f"Wrote plan{kind} and plan.json." in out
    assert Plan.from_json(Path("plan.json").read_text()).status == "OPTIMAL"


def test_semicolons_byte_order_mark_and_leading_zeros_come_through(folder):
    Path("leads.csv").write_bytes("\ufefflead_id;source;value\r\n007;web;1,5\r\n08;fair;20\r\n".encode())
    good("assign", *TABLES, "-o", "plan.csv")
    assert read_table("plan.csv")["lead_id"].to_list() == ["007", "08"]
    assert Path("plan.csv").read_text().splitlines()[1].startswith("007,")
    assert "007" in good("explain", "plan.json", "007")


def test_assign_prints_the_summary_loads_and_notes(folder):
    out = good("assign", *TABLES, "-o", "plan.csv", "--report", "report.md")
    assert out.startswith("2 of 3 leads placed, expected deals ")
    assert "segments by source (set segment_by to choose)" in out
    assert "one more" in out
    assert "Wrote plan.csv and plan.json and report.md." in out
    assert "Next: leadopt explain plan.json 007" in out
    assert Path("report.md").read_text().startswith("# leadopt plan")
    assert Path("report.md").read_text().strip() == good("report", "plan.json").strip()


def test_assign_without_output_shows_the_head_and_saves_nothing(folder):
    before = set(folder.iterdir())
    out = good("assign", *TABLES)
    assert "Nothing was saved: add -o plan.csv" in out
    assert "all_full" in out
    assert set(folder.iterdir()) == before


def test_pins_are_kept(folder):
    write_table({"lead_id": ["08", "9"], "rep_id": ["01", "02"]}, "pins.csv")
    good("assign", *TABLES, "--pins", "pins.csv", "-o", "plan.csv")
    assert read_table("plan.csv")["rep_id"].to_list() == [None, "01", "02"]


def test_column_names_of_the_policy_hold_for_files_too(folder):
    write_table({"key": ["1", "02"], "source": ["web", "fair"]}, "leads.csv")
    Path("policy.toml").write_text('columns = {lead_id = "key"}\n')
    write_table({"key": ["1"], "rep_id": ["02"]}, "pins.csv")
    good("assign", *TABLES, "--policy", "policy.toml", "--pins", "pins.csv", "-o", "plan.csv")
    assert read_table("plan.csv", ["key", "rep_id"]).select("key", "rep_id").rows() == [("1", "02"), ("02", "01")]


def test_now_counts_tenure(folder):
    write_table(REPS | {"hired_on": ["2026-01-01", "2020-01-01"]}, "reps.csv")
    assert "new" in good("assign", *TABLES, "--now", "2026-01-31")
    assert "  new" not in good("assign", *TABLES, "--now", "2027-01-31")


def test_no_leads_give_an_empty_plan(folder):
    write_table({"lead_id": [], "source": []}, "leads.csv")
    assert "0 of 0 leads placed" in good("assign", *TABLES, "-o", "plan.csv")
    assert read_table("plan.csv").height == 0
    assert "0 of 0 leads placed" in good("assign", *TABLES)


def test_same_seed_same_bytes(folder):
    for name in ("a", "b"):
        good("assign", *TABLES, "-o", f"{name}.csv", "--seed", "3")
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert Path("a.json").read_bytes() == Path("b.json").read_bytes()


def test_explain_and_compare_and_report_read_the_plan(folder):
    good("assign", *TABLES, "-o", "plan.csv")
    out = good("explain", "plan.json", "007", "08")
    assert out.startswith("007 -> ")
    assert "08 stays in the pool" in out
    assert "Remedy: " in out
    assert good("explain", "plan.csv", "007", "08") == out  # the table's name will do
    rows = good("compare", "plan.json").splitlines()
    assert [row.split("  ")[0] for row in rows if row[:1].islower()] == [
        *("method", "this plan", "round robin", "performance", "profile", "greedy")
    ]


def test_bad_input_is_one_sentence_and_exit_code_2(folder):
    Path("bad.toml").write_text("segment_by = [")
    Path("typo.toml").write_text("segmnt_by = []")
    Path("bytes.toml").write_bytes(b"\xff")
    Path("bad.json").write_text("{}")
    write_table({"lead_id": ["007"], "rep_id": ["05"]}, "pins.csv")
    write_table({"lead_id": ["007", "007"], "rep_id": ["01", "02"]}, "twice.csv")
    good("assign", *TABLES, "-o", "plan.csv")
    for arguments, sentence in [
        (("assign", "no.csv", "reps.csv"), "no.csv: cannot be read: no such file or directory"),
        (("assign", "leads.txt", "reps.csv"), "leads.txt: the extension must be .csv, .tsv, .parquet or .xlsx"),
        (("assign", "reps.csv", "leads.csv"), 'leads: column "lead_id" is missing; known are rep_id, capacity'),
        (("assign", *TABLES, "--policy", "no.toml"), "no.toml: cannot be read: no such file or directory"),
        (("assign", *TABLES, "--policy", "."), ".: cannot be read: is a directory"),
        (("assign", *TABLES, "--policy", "bad.toml"), "bad.toml: is not valid TOML"),
        (("assign", *TABLES, "--policy", "bytes.toml"), "bytes.toml: must be text in UTF-8"),
        (("assign", *TABLES, "--policy", "typo.toml"), 'typo.toml: policy: unknown key "segmnt_by"'),
        (("assign", *TABLES, "--pins", "pins.csv"), "pins: lead '007' is pinned to rep '05', who is not in reps"),
        (("assign", *TABLES, "--pins", "twice.csv"), "pins.lead_id, twice.csv, line 3: ids must be unique"),
        (("assign", *TABLES, "--now", "31.1.2026"), "--now: must be a date like 2026-01-31; found '31.1.2026'"),
        (("assign", *TABLES, "--seed", "-1"), "--seed: must be 0 or more; found -1"),
        (("assign", *TABLES, "-o", "plan.json"), "plan.json: the extension must be"),
        (("assign", *TABLES, "-o", "no/plan.csv"), "no/plan.csv: cannot be written: there is no folder no"),
        (("assign", *TABLES, "-o", "leads.csv"), "leads.csv: is also read, and would be replaced"),
        (("assign", *TABLES, "--report", "reps.csv"), "reps.csv: is also read, and would be replaced"),
        (("assign", *TABLES, "--report", "no/r.md"), "no/r.md: cannot be written"),
        (("assign", *TABLES, "-o", "p.csv", "--report", "p.json"), "p.json: plan and report cannot be written"),
        (("explain", "no.json", "007"), "no.json: cannot be read: no such file or directory"),
        (("explain", "bad.json", "007"), "bad.json: this is not a plan that leadopt wrote"),
        (("explain", "bytes.toml", "007"), "bytes.toml: must be text in UTF-8"),
        (("explain", "plan.json", "0007"), "lead '0007' is not in this plan; did you mean \"007\"?"),
        (("compare", "typo.toml"), "typo.toml: this is not a plan that leadopt wrote"),
        (("report", "leads.csv"), "leads.json: cannot be read: no such file or directory"),
        (("demo", "--folder", "."), ".: holds files that are not of the demo; name another folder with --folder"),
        (("demo", "--folder", "leads.csv"), "leads.csv: is no folder that can be made: file exists"),
        (("demo", "--seed", "-1"), "--seed: must be 0 or more; found -1"),
    ]:
        assert refusal(2, *arguments).startswith(sentence), arguments


def test_contradicting_limits_are_one_sentence_and_exit_code_3(folder):
    Path("policy.toml").write_text('reserve = "-inf"\n')
    sentence = refusal(3, "assign", *TABLES, "--policy", "policy.toml", "-o", "plan.csv")
    assert sentence.startswith("no plan meets every limit: every lead must be placed")
    assert not Path("plan.csv").exists()


def test_anything_else_is_exit_code_1_with_a_hint(folder, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("the moon")

    monkeypatch.setattr(assigning, "assign", fail)
    assert refusal(1, "assign", *TABLES) == (
        "something unexpected went wrong, RuntimeError: the moon; run it again with --debug to see where"
    )
    result = run("assign", *TABLES, "--debug")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr
    assert "the moon" in result.stderr

    def give_up(*_, **__):
        raise SolverFailed("status 7")

    monkeypatch.setattr(assigning, "assign", give_up)
    assert refusal(1, "assign", *TABLES).startswith("something unexpected went wrong, status 7")


def test_an_interrupt_has_an_exit_code_and_a_closed_pipe_is_quiet(folder, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(assigning, "assign", interrupt)
    result = run("assign", *TABLES)
    assert (result.exit_code, result.output) == (130, "")  # `cli.main` says so: test_interrupts
    script = (
        "import sys; from leadopt import cli; from leadopt.cli import commands\n"
        "from types import SimpleNamespace as Plan\n"
        "commands.load_plan = lambda path: Plan(report=lambda: 'x' * 999_999)\n"
        "sys.argv = ['leadopt', 'report', 'p.json']\n"
        "cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.read(10) == "x" * 10
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 0


def test_warnings_of_leadopt_are_spoken_and_others_left_alone(folder, monkeypatch):
    usual = assigning.assign

    def warn(*arguments, **options):
        warnings.warn(PrecisionWarning("gains were rounded"), stacklevel=1)
        return usual(*arguments, **options)

    monkeypatch.setattr(assigning, "assign", warn)
    result = run("assign", *TABLES)
    assert (result.exit_code, result.stderr) == (0, "leadopt: note: gains were rounded\n")


def test_progress_goes_to_a_terminal_on_stderr(monkeypatch):
    monkeypatch.setattr(terminal, "_SHOW_PROGRESS_AFTER_S", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    heard = []
    with terminal.progress_bar() as listen:
        listen(Progress(stage="learn", iteration=1, elapsed_s=0.0))
        heard.append(listen)
    assert heard


@pytest.fixture
def after_a_second(monkeypatch):
    """Return the timers that were started, which count no time: each acts when it is told to."""
    started = []

    class Fake:
        def __init__(self, seconds, act):
            self.seconds, self.act, self.cancelled = seconds, act, False

        def start(self):
            started.append(self)

        def cancel(self):
            self.cancelled = True

        def join(self):
            pass

    monkeypatch.setattr(terminal, "Timer", Fake)
    return started


def test_where_stderr_is_no_terminal_a_line_says_what_is_searched_for(capsys, after_a_second):
    with terminal.progress_bar() as listen:
        for stage in (
            "learn",
            "search for fair shares, 5 s",
            "solve",
            "search for the plan, 9 s",
            "core",
        ):
            listen(Progress(stage=stage, iteration=1, elapsed_s=0.0))
        first, second = after_a_second
        assert first.cancelled and not second.cancelled and second.seconds == 1.0
        second.act()
        listen(Progress(stage="certify", iteration=1, elapsed_s=0.0))
        assert second.cancelled
    assert capsys.readouterr() == ("", "leadopt: search for the plan, 9 s\n")


def test_the_bar_says_what_a_search_is_for_before_its_steps(monkeypatch, after_a_second):
    from rich.progress import Progress as Bar

    said = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(Bar, "update", lambda self, task, **how: said.append(how["description"]))
    with terminal.progress_bar() as listen:
        for stage in ("solve", "search for the plan, 9 s at most", "core", "certify", "solve"):
            listen(Progress(stage=stage, iteration=1, elapsed_s=0.0))
    plan = "search for the plan, 9 s at most"
    assert said == ["solve", plan, f"{plan}: core", "certify", "solve"]


def test_a_time_limit_is_seconds_or_inf(folder, monkeypatch):
    given = []

    def watched(*tables, time_limit_s, **how):
        given.append(time_limit_s)
        return assign(*tables, time_limit_s=time_limit_s, **how)

    monkeypatch.setattr(assigning, "assign", watched)
    for seconds in ("0", "-1", "nan"):
        said = refusal(2, "assign", *TABLES, "--time-limit", seconds)
        assert said.startswith("--time-limit: must be seconds, more than 0, or inf for no limit; found ")
    for more in ((), ("--time-limit", "2.5"), ("--time-limit", "inf")):
        good("assign", *TABLES, *more)
    assert given == [None, 2.5, float("inf")]


def test_a_search_that_finds_nothing_is_one_sentence_and_exit_code_3(folder, monkeypatch):
    def nothing(*_, **__):
        raise NoPlanFound("no plan that meets every limit was found in 10 s")

    monkeypatch.setattr(assigning, "assign", nothing)
    assert refusal(3, "assign", *TABLES) == "no plan that meets every limit was found in 10 s"


def test_python_m_leadopt_and_version():
    done = subprocess.run(
        [sys.executable, "-m", "leadopt", "--version"], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout in (
        "leadopt 0.2.0.dev0 (loops compiled)\n",
        "leadopt 0.2.0.dev0 (loops not compiled: large matches take longer)\n",
    )
    assert good("--version") == done.stdout
    assert ("not compiled" in done.stdout) == (not compiled())


def test_missing_typer_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "typer", None)
    monkeypatch.delitem(sys.modules, "leadopt.cli.commands", raising=False)
    with pytest.raises(
        SystemExit, match=r'the command line needs typer; install it with: pip install "leadopt\[cli\]"'
    ):
        cli.main()


def test_usage_errors_are_exit_code_2():
    assert run("assign").exit_code == 2
    assert run("nonsense").exit_code == 2
    assert "Usage" in run().output


def test_demo_writes_files_that_load_again(demo):
    folder, result = demo
    assert (result.exit_code, result.stderr) == (0, "")
    names = [
        *(".leadopt-demo.json", "history.csv", "leads.csv", "plan.csv", "plan.json", "policy.schema.json"),
        *("policy.toml", "report.md", "reps.csv"),
    ]
    assert sorted(path.name for path in folder.iterdir()) == names
    floor = sales_floor(rng=0)
    for name in ("leads", "reps", "history"):
        assert read_table(folder / f"{name}.csv").to_dict(as_series=False) == getattr(floor, name)
    policy = Policy.from_toml(folder / "policy.toml")
    assert policy.segment_by == ("industry", "source")
    assert policy.newcomers.share == 0.1
    plan = assigning.load_plan(folder / "plan.json")
    assert plan.case.policy == policy
    assert plan.status == "OPTIMAL"
    assert read_table(folder / "plan.csv")["lead_id"].to_list() == floor.leads["lead_id"]
    assert json.loads((folder / "plan.json").read_text())["summary"] == plan.summary()


def test_demo_compares_estimates_and_truth(demo):
    folder, result = demo
    floor, plan = sales_floor(rng=0), assigning.load_plan(folder / "plan.json")
    lines = result.stdout.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("this plan"))
    rows = [line.split() for line in lines[start : start + 6]]
    assert [row[0] for row in rows] == ["this", "round", "territory", "performance", "profile", "greedy"]
    comparison = {outcome.method: outcome for outcome in plan.compare().outcomes}
    assert comparison["this plan"].gain >= max(outcome.gain for outcome in comparison.values())
    assert f"{floor.true_gain(plan.rep_of_lead):,.0f}" in lines[start]
    assert f"{floor.true_gain(plan.baseline('greedy').rep_of_lead):,.0f}" in lines[start + 5]
    assert all(outcome.broken == () for outcome in comparison.values())


def test_demo_explains_three_different_decisions(demo):
    folder, result = demo
    plan = assigning.load_plan(folder / "plan.json")
    moved, new, pool = (lead for _, lead in telling_leads(plan))
    gains = plan.case.problem.affinity.of([moved])[0]
    assert gains.max() > gains[plan.rep_of_lead[moved]]
    assert not plan.case.newcomer[plan.rep_of_lead[moved]]
    assert plan.case.newcomer[plan.rep_of_lead[new]]
    assert plan.rep_of_lead[pool] == -1
    for lead in (moved, new, pool):
        assert good("explain", str(folder / "plan.json"), plan.case.lead_ids[lead]).rstrip() in result.stdout


def test_demo_fits_80_columns_where_it_is_no_prose(demo):
    _, result = demo
    tables = [line for line in result.stdout.splitlines() if "  " in line.strip() and not line.startswith("  ")]
    assert len(tables) > 15
    assert max(map(len, tables)) <= 80


def test_the_command_that_the_demo_shows_gives_the_same_plan(demo, monkeypatch):
    folder, result = demo
    shown = result.stdout.split("$ leadopt ", 1)[1].split("\n\n", 1)[0].replace("\\\n", " ").split()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    good(*shown)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_demo_may_run_again_in_its_own_folder(demo):
    folder, result = demo
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert run("demo", "--folder", str(folder)).stdout == result.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_demo_never_overwrites_what_somebody_changed(demo, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(demo[0], folder)
    (folder / "notes.txt").write_text("mine")
    good("demo", "--folder", str(folder))
    for name in ("leads.csv", "policy.toml", "plan.csv", "plan.json", "report.md"):
        written = (folder / name).read_bytes()
        (folder / name).write_bytes(written + b"\n")
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert refusal(2, "demo", "--folder", str(folder)) == (
            f"{folder / name}: was changed since the demo wrote it, and would be overwritten; name another folder with "
            "--folder, or move or delete the file"
        )
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        (folder / name).write_bytes(written)
    (folder / name).unlink()
    good("demo", "--folder", str(folder))


@pytest.mark.parametrize("record", [None, "", "[]", "{}", '{"files": 1}', "\0"])
def test_demo_leaves_a_folder_alone_whose_record_is_lost(demo, tmp_path, record):
    folder = tmp_path / "mine"
    shutil.copytree(demo[0], folder)
    (folder / ".leadopt-demo.json").unlink() if record is None else (folder / ".leadopt-demo.json").write_text(record)
    assert "holds files that are not of the demo" in refusal(2, "demo", "--folder", str(folder))


def test_prose_is_broken_to_the_terminal_and_only_there(monkeypatch):
    text = "word " * 40
    assert terminal.prose(text, "  ") == "  " + text
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "50")
    lines = terminal.prose(text, "  ").splitlines()
    assert len(lines) > 3
    assert max(map(len, lines)) <= 50
    assert all(line.startswith("    ") for line in lines[1:])


def test_demo_says_so_where_chance_favours_a_custom(tmp_path):
    out = good("demo", "--folder", str(tmp_path), "--seed", "5")
    assert "30.3% more than round robin and 1.1% less than greedy." in out
    assert "The most valuable lead in the pool" in out


def test_substitutes_are_columns_of_the_plan_and_fractions_go_to_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("leads.csv").write_text("lead_id\n1\n2\n")
    Path("reps.csv").write_text("rep_id,capacity\nAnn,2.5\nBo,1.25\n")
    done = run("assign", "leads.csv", "reps.csv", "-o", "plan.csv", "--substitutes", "--carry", "after.csv")
    assert done.exit_code == 0 and "with a substitute." in done.stdout
    assert "substitute,substitute_gain,no_substitute" in Path("plan.csv").read_text()
    assert Path("after.csv").read_text() == "rep_id,capacity,carried\nAnn,2.5,0.5\nBo,1.25,0.25\n"
    again = run("assign", "leads.csv", "after.csv", "--carry", "after.csv")
    assert again.exit_code == 2 and "is also read, and would be replaced" in again.stderr
    Path("reps.csv").write_text("rep_id,capacity\nAnn,2\n")
    written = Path("plan.csv").read_bytes()
    whole = run("assign", "leads.csv", "reps.csv", "-o", "plan.csv", "--carry", "x.csv")
    assert whole.exit_code == 2 and "nothing is carried over, as capacities are whole" in whole.stderr
    assert Path("plan.csv").read_bytes() == written and not Path("x.csv").exists()


def test_substitutes_go_to_a_database_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("leads.csv").write_text("lead_id\n1\n2\n")
    Path("reps.csv").write_text("rep_id,capacity\nAnn,2\nBo,1\n")
    out = good("assign", "leads.csv", "reps.csv", "-o", "sqlite:///crm.db?table=plan", "--substitutes")
    assert "with a substitute." in out
    with closing(sqlite3.connect("crm.db")) as known:
        rows = known.execute("select lead_id, rep_id, substitute from plan").fetchall()
    assert len(rows) == 2 and any(rep != other for _, rep, other in rows if other is not None)


def test_files_are_read_once_also_where_fractions_are_carried_over(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("leads.csv").write_text("lead_id\n1\n2\n")
    Path("reps.csv").write_text("rep_id,capacity\nAnn,2.5\nBo,1.25\n")
    read = []

    def watched(source, *more, **call):
        read.append(call["name"])
        return read_source(source, *more, **call)

    monkeypatch.setattr("leadopt.cli.inputs.read_source", watched)
    good("assign", "leads.csv", "reps.csv", "--carry", "after.csv")
    assert read == ["leads", "reps"]


def test_an_interrupted_demo_can_be_run_again_over_what_it_was_writing(tmp_path, monkeypatch):
    from leadopt.cli import demo

    assert demo.run_demo(tmp_path / "demo") is not None

    def interrupted(*_, **__):
        (tmp_path / "demo" / "plan.csv").write_text("half a plan")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(demo, "run_assign", interrupted)
        with pytest.raises(KeyboardInterrupt):
            demo.run_demo(tmp_path / "demo")
    assert demo.run_demo(tmp_path / "demo") is not None
