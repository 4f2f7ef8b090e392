"""What a desk refuses on the command line: its sentence and nothing else, and an exit code that says so."""

import sqlite3

import pytest
from typer.testing import CliRunner

from leadopt.cli.commands import app

RULES = 'time.zone = "Europe/Berlin"\n'


def other_program(file):
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE t (x)")
    connection.close()


@pytest.fixture
def desk(tmp_path):
    def ask(*words, file="desk.db"):
        found = CliRunner().invoke(app, ["desk", "--file", str(tmp_path / file), *words])
        return found.exit_code, found.output.strip()

    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "leads.csv").write_text("lead_id\n1\n\n2\n")
    assert ask("init", "--rules", str(tmp_path / "rules.toml"))[0] == 0
    ask.folder = tmp_path
    return ask


def test_who_is_refused_hears_why_once_and_the_exit_code_says_so(desk):
    known = "look at how it was called when it came in"
    assert desk("won", "99") == (4, f"leadopt: not_found: There is no lead '99'. Remedy: {known}.")
    opened = "Event 1 (opened) is not about a lead. Remedy: only acts on leads are undone."
    assert desk("undo", "1") == (4, f"leadopt: denied: {opened}")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda file: file.write_text("hello " * 1000), "it is no SQLite database"),
        (other_program, "it is a database of another program"),
    ],
)
def test_a_file_that_is_no_desk_is_one_sentence(desk, make, sentence):
    make(desk.folder / "other.db")
    code, told = desk("reviews", file="other.db")
    assert code == 1
    assert sentence in told
    assert "unexpected" not in told


def test_a_rebuilt_desk_says_so_in_a_sentence(desk):
    code, told = desk("rebuild")
    assert code == 0
    assert told.endswith("made anew from 3 events: all as they were.")
