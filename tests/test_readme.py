"""What the README tells a newcomer to type works, and prints what the README says."""

import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadopt import Policy, cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the demo has run."""
    path = tmp_path_factory.mktemp("readme")
    with contextlib.chdir(path):
        result = CliRunner().invoke(cli.build_app(), ["demo"])
    assert result.exit_code == 0, result.output
    return path, result.output


def after(kind: str) -> list[tuple[str, str]]:
    """Each block of a kind with the text block that follows it, or nothing."""
    followers = [*BLOCKS[1:], ("", "")]
    return [
        (block, text if follower == "text" else "")
        for (here, block), (follower, text) in zip(BLOCKS, followers, strict=True)
        if here == kind
    ]


def test_python_blocks_print_what_the_readme_says(folder):
    names: dict[str, object] = {}
    blocks = after("python")
    assert len(blocks) >= 3
    with contextlib.chdir(folder[0]):
        for code, expected in blocks:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), names)
            if expected:
                assert printed.getvalue().rstrip() == expected.rstrip()


def test_the_demo_prints_what_the_readme_shows(folder):
    shown = next(text for code, text in after("console") if "make demo" in code)
    assert shown.strip() in folder[1]


def test_commands_run(folder):
    commands = [line[2:] for code, _ in after("console") for line in code.splitlines() if line.startswith("$ leadopt")]
    assert len(commands) >= 3
    with contextlib.chdir(folder[0]):
        for command in commands:
            result = CliRunner().invoke(cli.build_app(), shlex.split(command)[1:])
            assert result.exit_code == 0, f"{command}: {result.output}"


def test_make_targets_exist():
    targets = {a or b for a, b in re.findall(r"`make (\w+)`|^\$ make (\w+)", README, re.MULTILINE)}
    assert targets >= {"demo", "test", "check", "bench"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_the_policy_file_does_for_the_demo(folder, tmp_path):
    """Two seconds of search are enough for a plan; who types it gets ten."""
    (text,) = [block for kind, block in BLOCKS if kind == "toml"]
    (tmp_path / "policy.toml").write_text(text)
    tables = [str(folder[0] / "demo" / name) for name in ("leads.csv", "reps.csv", "history.csv")]
    policy = ["--policy", str(tmp_path / "policy.toml"), "--time-limit", "2"]
    result = CliRunner().invoke(cli.build_app(), ["assign", *tables[:2], "--history", tables[2], *policy])
    assert result.exit_code == 0, result.output
    assert " of 240 leads placed, expected value " in result.output


def test_the_policy_file_is_a_policy():
    (text,) = [block for kind, block in BLOCKS if kind == "toml"]
    policy = Policy.from_dict(tomllib.loads(text))
    assert Policy.from_dict(policy.to_dict()) == policy
    assert (policy.fairness, policy.newcomers) != (None, None)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
