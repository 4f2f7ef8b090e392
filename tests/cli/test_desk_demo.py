"""`leadopt desk demo`: two weeks of it, what it says, the desk it leaves, and the folder that it respects."""

import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from leadopt import cli
from leadopt.cli.desk import demo as demonstrating
from leadopt.cli.desk.demo import run_desk_demo
from leadopt.desk.desk import Desk
from leadopt.errors import InvalidInput
from leadopt.evaluate.quarters.setting import Quarter


def run(*arguments):
    return CliRunner().invoke(cli.build_app(), [str(one) for one in arguments])


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quarter") / "demo"
    result = run("desk", "demo", "--folder", folder, "--weeks", 2)
    assert (result.exit_code, result.stderr) == (0, "")
    return folder, result.stdout


def test_the_demo_says_what_happened_and_that_the_truth_is_simulated(demo):
    _, said = demo
    for words in (
        "A simulated sales floor: 12 reps, two times 2 weeks.",
        "week  1:",
        "week  2:",
        "Before and after, as a company sees it",
        "Before/after is no experiment",
        "What the simulation knows: the same leads by hand and at the desk",
        "assumed and not measured",
        "A lead that was taken back:",
        "A refusal:",
    ):
        assert words in said
    assert not re.search(r"\b(nan|inf|None)\b", said)


def test_what_the_demo_tells_to_type_next_works(demo):
    _, said = demo
    commands = [line.strip() for line in said.splitlines() if line.startswith("  leadopt desk")]
    assert len(commands) == 7
    for command in commands:
        result = run(*shlex.split(command)[1:])
        assert result.exit_code == 0, f"{command}: {result.output}"


def test_the_demo_leaves_a_desk_that_is_whole_with_its_rules_and_policy(demo):
    folder, _ = demo
    with Desk.open(f"sqlite:///{folder}/desk.db", rules=folder / "desk-rules.toml") as desk:
        assert desk.verify().ok
        assert desk.rules().pool[0].name == "main"
        assert [rule.words for rule in desk.rules().restrict] == ["slow", "overdue"]


def test_every_event_of_the_demo_can_be_asked_why(demo):
    folder, _ = demo
    with Desk.open(f"sqlite:///{folder}/desk.db") as desk:
        said = [desk.why(seq) for seq in range(1, desk.checkpoint().seq + 1)]
    assert len(said) > 500
    for one in said:
        assert one.summary().endswith(".")
        assert not re.search(r"\b[LRA]-\w{6,}", str(one)), f"a random id stays in {one}"


def test_the_same_seed_writes_the_same_desk(demo, tmp_path):
    folder, said = demo
    again = run("desk", "demo", "--folder", tmp_path / "demo", "--weeks", 2)
    assert again.stdout.replace(str(tmp_path / "demo"), str(folder)) == said
    with (
        Desk.open(f"sqlite:///{folder}/desk.db") as one,
        Desk.open(f"sqlite:///{tmp_path}/demo/desk.db") as other,
    ):
        assert one.checkpoint() == other.checkpoint()


def test_a_folder_of_others_and_what_was_changed_is_left_alone(tmp_path, monkeypatch):
    (tmp_path / "mine.txt").write_text("mine")
    result = run("desk", "demo", "--folder", tmp_path)
    assert result.exit_code == 2
    assert "holds files that are not of the demo; name another folder with --folder" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_demo_goes_again_over_its_own_files_but_not_over_changed_ones(tmp_path, monkeypatch):
    small = Quarter(weeks=1, n_reps=3, leads_a_day=4, leaves=0)
    monkeypatch.setattr(demonstrating, "Quarter", lambda weeks: small)
    run_desk_demo(tmp_path / "demo", weeks=1)
    run_desk_demo(tmp_path / "demo", weeks=1)
    (tmp_path / "demo" / "desk-rules.toml").write_text("changed")
    with pytest.raises(InvalidInput, match=r"desk-rules.toml: was changed since the demo wrote it"):
        run_desk_demo(tmp_path / "demo", weeks=1)
    told = json.loads((tmp_path / "demo" / ".leadopt-demo.json").read_text())
    assert set(told["files"]) == {"desk.db", "desk-rules.toml", "desk-policy.toml", "crm.csv"}


@pytest.mark.parametrize("weeks", [0, 53])
def test_weeks_that_are_none_are_refused(weeks, tmp_path):
    result = run("desk", "demo", "--folder", tmp_path / "demo", "--weeks", weeks)
    assert (result.exit_code, result.stderr) == (2, f"leadopt: --weeks: must be from 1 to 52; found {weeks}\n")


def test_a_demo_that_was_interrupted_can_be_run_again_and_keeps_what_was_changed(tmp_path, monkeypatch):
    folder = tmp_path / "demo"

    def interrupted(*_, file, **__):
        file.write_bytes(b"half a desk")
        raise KeyboardInterrupt

    def cut(*_, **__):
        raise KeyboardInterrupt

    for name, broken in (("write_bytes", cut), ("write_table", cut), ("simulate_desk", interrupted)):
        with monkeypatch.context() as patched:
            patched.setattr(demonstrating, name, broken)
            for _ in range(2):  # the second time in the folder that the first one left
                result = run("desk", "demo", "--folder", folder, "--weeks", 1)
                assert (result.exit_code, result.stderr) == (130, ""), name  # `cli.main` says so
    policy = (folder / "desk-policy.toml").read_bytes()
    (folder / "desk-policy.toml").write_bytes(policy + b"# mine")
    changed = run("desk", "demo", "--folder", folder, "--weeks", 1)
    assert (changed.exit_code, "was changed since the demo wrote it" in changed.stderr) == (2, True)
    (folder / "desk-policy.toml").write_bytes(policy)
    assert run("desk", "demo", "--folder", folder, "--weeks", 1).exit_code == 0
    with Desk.open(f"sqlite:///{folder}/desk.db") as desk:
        assert desk.verify().ok
