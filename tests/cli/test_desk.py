"""`leadopt desk ...`: made, filled, planned, claimed from, asked and checked; refusals have exit codes of their own."""

import builtins
import sqlite3
import sys
from contextlib import closing

import pytest
from typer.testing import CliRunner

import leadopt
from leadopt import cli

MONDAY, LATER = "2026-11-30T09:00+01:00", "2026-11-30T12:00+01:00"
RULES = """\
time.zone = "Europe/Berlin"
claim.embargo = "2 hours"
"""
TABLES = {
    "reps.csv": "rep_id,max_open,team\nAnn,20,north\nBo,20,north\nCy,20,south\n",
    "leads.csv": "lead_id,region,tier,email\nL1,north,standard,kim@example.com\nL2,south,standard,\nL3,north,key,\n",
    "crm.csv": "lead_id,stage,rep_id\nOld1,assigned,Ann\nOld2,working,Bo\n",
    "rules.toml": RULES,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def desk(folder):
    good("init", "--rules", "rules.toml", "--reps", "reps.csv")
    good("receive", "leads.csv")
    return folder


def run(*arguments, now=MONDAY):
    return CliRunner().invoke(cli.build_app(), ["desk", "--now", now, *map(str, arguments)])


def good(*arguments, now=MONDAY):
    result = run(*arguments, now=now)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def refusal(code, *arguments, now=MONDAY):
    result = run(*arguments, now=now)
    assert result.exit_code == code, result.output
    assert "unexpected" not in result.stderr
    return result.stderr


def test_init_says_which_policy_is_in_force_and_where_it_is_from(folder):
    (folder / "policy.toml").write_text('segment_by = ["region"]\n')
    first = good("init", "--rules", "rules.toml")
    assert "Policy in force: the usual one; --policy puts another one there." in first
    given = good("init", "--policy", "policy.toml")
    fingerprint = leadopt.Policy.from_toml(folder / "policy.toml").fingerprint[:12]
    assert f"Policy in force: {fingerprint}, as policy.toml says." in given
    assert f"Policy in force: {fingerprint}, as before; --policy puts another one there." in good("init")


def test_a_time_without_a_zone_is_one_of_the_desk(folder):
    """It was one of the machine's, so that a desk in Berlin that is run from New York acted six hours late."""
    good("init", "--rules", "rules.toml", "--reps", "reps.csv", now="2026-11-30T09:00")
    assert "Mon 2026-11-30 09:00" in good("why", "1", now="2026-11-30T10:00")
    good("receive", "leads.csv", now="2026-11-30T10:00")
    good("assign", "L1", "--to", "Ann", now="2026-11-30T10:00")
    good("follow-up", "L1", "--at", "2026-11-30T10:30", now="2026-11-30T11:00")
    assert "Mon 2026-11-30 10:30" in good("show", "L1", now="2026-11-30T11:00")


def test_init_sets_reps_and_says_where_the_desk_stands(folder):
    said = good("init", "--rules", "rules.toml", "--reps", "reps.csv")
    assert "Rep Ann was set: at most 20 open leads, team north. [4]" in said
    assert "The desk stands: desk.db, time zone Europe/Berlin." in said
    assert "Europe/Berlin" in good("rules")


def test_a_desk_can_be_made_by_a_time_zone_alone_and_elsewhere(folder):
    assert "mine.db" in good("-f", "mine.db", "init", "--zone", "Europe/Paris")
    assert "leave one out" in refusal(2, "init", "--zone", "Europe/Paris", "--rules", "rules.toml")


def test_import_takes_over_what_another_system_has_once(desk):
    assert "Lead Old1 was taken over from another system as assigned with Ann." in good("import", "crm.csv")
    assert "is known already: nothing was changed" in good("import", "crm.csv")
    assert "Lead Old2 is working with Bo" in good("show", "Old2")


def test_a_plan_is_shown_and_apply_does_it(desk):
    assert "placed" in good("plan")
    assert "is new" in good("show", "L1")
    assert "Lead L1 goes to" in good("apply")
    assert "is assigned with" in good("show", "L1")
    assert 'rule "key accounts"' in good("show", "L3")
    assert good("plan") == "No lead is without an owner.\n"


def test_apply_writes_its_plan_and_report(desk):
    good("apply", "-o", "plan.csv", "--report", "report.md")
    assert (desk / "plan.csv").read_text().startswith("lead_id")
    assert (desk / "report.md").read_text().startswith("# leadopt plan")


def test_a_claim_is_denied_with_code_4_until_the_embargo_is_over(desk):
    good("to-pool", "L1")
    said = refusal(4, "claim", "L1", "--by", "Ann")
    assert said == (
        "leadopt: denied: Lead 'L1' may not be claimed yet. Remedy: wait. Over by itself: Mon 2026-11-30 11:00.\n"
    )
    assert "who claimed it out of the pool" in good("claim", "L1", "--by", "Ann", now=LATER)
    assert "is not in a pool any more" in refusal(4, "claim", "L1", "--by", "Bo", now=LATER)


def test_all_that_is_shown_tells_moments_by_the_clock_of_the_desk(desk):
    good("assign", "L1", "--to", "Ann")
    good("place", "L3")  # a key account: a manager is asked
    good("to-pool", "L2")
    shown = good("show", "L1")
    assert "due Thu 2026-12-03 09:00." in shown
    assert "  Mon 2026-11-30 09:00  Lead L1 came in. [7]" in shown
    assert "Thu 2026-12-03 09:00" in good("rep", "Ann")
    assert "Mon 2026-11-30 11:00" in good("pool", "main")
    assert "By feed at Mon 2026-11-30 09:00." in good("why", "7")
    assert "Mon 2026-11-30 14:00" in good("reviews")
    assert "Thu 2026-12-03 09:00" in good("overdue", now="2026-12-03T10:00+01:00")
    good("run-due", now="2026-12-02T10:00+01:00")
    assert "Wed 2026-12-02 10:00" in good("messages", now="2026-12-02T10:00+01:00")


def test_of_several_leads_each_is_answered(desk):
    good("to-pool", "L1")
    result = run("claim", "L1", "L2", "nobody", "--by", "Ann", now=LATER)
    assert result.exit_code == 4
    assert "Lead L1 goes to Ann" in result.stdout
    assert len(result.stderr.splitlines()) == 2


def test_who_refuses_a_lead_is_told_of_when_it_is_shown_and_asked_why(desk):
    good("assign", "L1", "--to", "Ann")
    said = good("refuse", "L1", "--by", "Ann", "--reason", "wrong_segment")
    seq = said.split("[")[-1].split("]")[0]
    assert "Ann refused lead L1 (wrong_segment)" in good("show", "L1")
    assert "By Ann (rep)" in good("why", seq)
    assert "must be the number of an event" in refusal(2, "why", "999")


def test_reviews_are_listed_and_approved(desk):
    good("apply")
    assert "L3" in good("reviews")
    assert "goes to Cy, as a manager approved" in good("approve", "L3", "--to", "Cy")


def test_what_is_late_is_shown_reminded_and_taken_back(desk):
    good("assign", "L1", "--to", "Ann")
    assert "No" in good("overdue") or "0 overdue" in good("overdue")
    assert "Ann was reminded" in good("run-due", now="2026-12-02T12:00+01:00")
    assert "escalated" in good("run-due", now="2026-12-03T12:00+01:00")
    assert "recall" in good("overdue", now="2026-12-03T12:00+01:00")
    assert "was taken back from Ann" in good("run-due", now="2026-12-04T18:00+01:00")


def test_messages_are_shown_until_they_are_noted_as_sent(desk):
    good("assign", "L1", "--to", "Ann")
    assert "assigned" in good("messages")
    assert "1 noted as sent." in good("messages", "--sent")
    assert "0 messages." in good("messages")


def test_a_changed_byte_is_found_with_code_5(desk):
    good("assign", "L1", "--to", "Ann")
    kept = good("checkpoint", "-o", "kept.txt").strip()
    assert (desk / "kept.txt").read_text().strip() == kept
    assert "as written" in good("verify", "--checkpoint", "kept.txt")
    with closing(sqlite3.connect(desk / "desk.db")) as file:
        ((body,),) = file.execute("select body from log where seq = 7").fetchall()
        file.execute("update log set body = ? where seq = 7", (body[:-3] + bytes([body[-3] ^ 1]) + body[-2:],))
        file.commit()
    assert "Record 7 is wrong" in refusal(5, "verify")


def test_the_past_is_shown(desk):
    good("assign", "L1", "--to", "Ann", now=LATER)
    assert "Lead L1 is new." in good("show", "L1", "--at", MONDAY, now=LATER)
    said = refusal(2, "show", "L1", "--at", MONDAY, "--by", "Ann", now=LATER)
    assert "a past moment is shown to managers only" in said


def test_absence_leave_and_erasure(desk):
    good("assign", "L1", "--to", "Ann")
    good("absence", "Ann", "--start", "2026-12-01", "--end", "2026-12-11")
    good("run-due", now="2026-12-01T09:00+01:00")
    assert "with Ann" not in good("show", "L1", now="2026-12-01T09:00+01:00")
    good("rep-leaves", "Bo", now="2026-12-01T10:00+01:00")
    good("erase", "L1", now="2026-12-01T10:00+01:00")
    assert b"kim@example.com" not in (desk / "desk.db").read_bytes()
    assert "as written" in good("verify", now="2026-12-01T10:00+01:00")
    assert "as they were" in good("rebuild", now="2026-12-01T10:00+01:00")


def test_a_rep_is_called_otherwise(desk):
    good("assign", "L1", "--to", "Ann")
    assert "Rep Anna was called otherwise before." in good("rename-rep", "Ann", "--to", "Anna", "--by", "Mia")
    assert "with Anna" in good("show", "L1")
    assert "There is a rep 'Bo' already." in refusal(4, "rename-rep", "Anna", "--to", "bo").replace("'bo'", "'Bo'")
    assert "as they were" in good("rebuild")


def test_caps_stay_where_a_table_lacks_them_and_are_lifted_by_word(desk):
    (desk / "teams.csv").write_text("rep_id,team\nAnn,far\n")
    (desk / "caps.csv").write_text("rep_id,max_open\nAnn,\n")
    cap = good("rep", "Ann")
    assert "Rep Ann was set: at most " in good("reps", "teams.csv")
    assert "It is so already" in good("reps", "caps.csv")
    assert good("rep", "Ann") == cap
    assert "no limit of open leads" in good("reps", "caps.csv", "--clear", "max_open")


def test_a_desk_that_is_not_there_is_said_so(folder):
    said = refusal(2, "pool")
    how = "make one with: leadopt desk --file desk.db init --zone Europe/Berlin"
    assert said == f"leadopt: desk.db: there is no desk; {how}\n"


def test_a_file_that_is_no_desk_is_said_so(folder):
    (folder / "desk.db").write_text("no database, but long enough to be looked at as one" * 20)
    assert "desk.db" in run("pool").stderr


def test_a_moment_that_is_none_is_refused(desk):
    assert "--now: must be a moment like" in run("pool", now="tomorrow").stderr


def test_a_moment_before_the_end_of_the_log_is_refused_by_every_command(desk):
    good("park", "L1", "--until", "2027-05-01", "--reason", "asked", now=LATER)
    before = (desk / "desk.db").read_bytes()
    for words in (("pool",), ("unpark", "L1"), ("init", "--rules", "rules.toml"), ("run-due",), ("show", "L1")):
        said = refusal(2, *words, now=MONDAY)
        assert "clock: must not be behind the log, which ends at Mon 2026-11-30 12:00" in said
        assert "found Mon 2026-11-30 09:00 (on the command line: --now)" in said
    assert (desk / "desk.db").read_bytes() == before
    good("unpark", "L1", now=LATER)  # in the same minute


def test_a_clock_that_is_behind_the_log_is_said_so(folder):
    far = "2999-11-30T09:00+01:00"
    good("init", "--rules", "rules.toml", now=far)
    told = CliRunner().invoke(cli.build_app(), ["desk", "rules"])
    assert told.exit_code == 0
    assert "leadopt: the clock is behind the log, which ends at Sat 2999-11-30 09:00" in told.stderr


def test_without_the_extra_the_package_is_named(folder, monkeypatch):
    usual = builtins.__import__

    def missing(name, *more):
        if name.startswith("sqlalchemy"):
            raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")
        return usual(name, *more)

    for name in [one for one in sys.modules if one.startswith("leadopt.desk")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", missing)
    for command in (("init", "--zone", "Europe/Berlin"), ("demo",)):
        said = run(*command).stderr
        assert said == 'leadopt: the desk needs sqlalchemy; install it with: pip install "leadopt[desk]"\n'


def test_a_policy_that_is_none_is_refused_in_a_sentence_before_a_desk_is_made(folder):
    (folder / "policy.toml").write_text("[columns]\nreceived = 'Eingang'\n")
    said = refusal(2, "init", "--zone", "Europe/Berlin", "--policy", "policy.toml")
    assert said.startswith('leadopt: policy.toml: policy.columns: unknown key "received"')
    assert not (folder / "desk.db").exists()


def test_a_desk_without_rules_says_how_to_make_it(folder):
    said = refusal(2, "init", "--reps", "reps.csv")
    assert "leadopt desk init --zone Europe/Berlin" in said
    assert not (folder / "desk.db").exists()  # nothing is left that is no desk
    assert "leadopt desk --file desk.db init --zone Europe/Berlin" in refusal(2, "receive", "leads.csv")
    good("init", "--zone", "Europe/Berlin", "--reps", "reps.csv")


def test_the_column_of_caps_that_a_policy_names_is_read_and_planned_by(folder):
    (folder / "reps.csv").write_text("Vertriebler;Offen\nM\u00fcller;1\n\u00d6zil;\n")
    (folder / "policy.toml").write_text('[columns]\nrep_id = "Vertriebler"\nmax_open = "Offen"\n')
    told = good("init", "--zone", "Europe/Berlin", "--policy", "policy.toml", "--reps", "reps.csv")
    assert "Rep M\u00fcller was set: at most 1 open lead." in told
    assert "Rep \u00d6zil was set: no limit of open leads." in told
    good("receive", "leads.csv")
    assert "3 of 3 leads placed" in good("apply")
    assert "room for 0 more" in good("rep", "M\u00fcller")


def test_a_policy_that_names_a_column_of_caps_plans_without_any(folder):
    (folder / "reps.csv").write_text("rep_id\nAnn\n")
    (folder / "policy.toml").write_text('[columns]\nmax_open = "Offen"\n')
    good("init", "--zone", "Europe/Berlin", "--policy", "policy.toml", "--reps", "reps.csv")
    good("receive", "leads.csv")
    assert "3 of 3 leads placed" in good("apply")


def test_a_copy_is_told_of_when_it_comes_in(desk):
    (desk / "copy.csv").write_text("lead_id,email\nL9,kim@example.com\n")
    assert "Lead L9 came in. Lead L9 is a copy of lead L1, which lives on. [10]" in good("receive", "copy.csv")


def test_what_was_taken_back_is_so_once(desk):
    good("assign", "L1", "--to", "Ann")
    good("undo", "10")
    said = "denied: Event 10 was taken back already, by event 11. Remedy: nothing is to be done."
    assert refusal(4, "undo", "10") == f"leadopt: {said}\n"


def test_leads_that_moved_as_a_rep_left_are_counted(desk):
    good("assign", "L1", "L2", "--to", "Ann")
    assert "Rep Ann left and gets nothing any more. 2 leads moved." in good("rep-leaves", "Ann")


@pytest.mark.parametrize(
    "reason", ["Kim (kim@example.com) said no!", "call 0151 234 567 89", "mail to kim@example.com", "x" * 61, "a\nb"]
)
def test_a_reason_is_a_code_as_the_log_keeps_it_for_good(desk, reason):
    good("assign", "L1", "--to", "Ann")
    said = refusal(4, "lost", "L1", "--reason", reason)
    assert 'must be a code, such as "wrong_segment"' in said
    with closing(sqlite3.connect("desk.db")) as connection:
        assert not list(connection.execute("select 1 from log where kind = 'lost'"))


@pytest.mark.parametrize("reason", ["out of scope", "Preis zu hoch", "\u4ef7\u683c\u592a\u9ad8", "n/a"])
def test_a_reason_is_a_code_in_any_language(desk, reason):
    good("assign", "L1", "--to", "Ann")
    assert f"({reason})" in good("lost", "L1", "--reason", reason)


def test_a_reason_that_another_system_wrote_as_text_is_refused_by_row(desk):
    (desk / "crm.csv").write_text(
        "lead_id,stage,rep_id,reason\nOld1,parked,Ann,Kim (kim@example.com) is ill\nOld2,assigned,Bo,\n"
    )
    result = run("import", "crm.csv")
    assert 'reason: must be a code, such as "wrong_segment"' in result.stderr
    assert "Old2" in result.stdout


def test_a_lead_that_never_was_in_a_pool_is_not_said_to_have_left_it(desk):
    assert "Lead 'L2' is not in a pool: it is new. " in refusal(4, "claim", "L2", "--by", "Ann")


def test_a_desk_stands_though_a_rep_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reps.csv").write_text("rep_id,max_open\nAnn,x\nBo,2\n")
    refused = run("init", "--zone", "Europe/Berlin", "--reps", "reps.csv")
    assert refused.exit_code == 4
    assert "found 'x'. Remedy: mend the row and send it again." in refused.stderr
    assert "Rep Bo was set: at most 2 open leads." in refused.stdout
    assert "The desk stands: desk.db, time zone Europe/Berlin." in refused.stdout
