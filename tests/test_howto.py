"""What the how-to pages tell a reader to type works, and prints what they say.

The blocks of a page are run in order in one folder and one namespace. A block whose first line names a file behind its
kind (```csv leads.csv) is that file; a ```text block is what the Python before it prints. In a ```console block the
lines below a command are its output, in order, with "..." for what is left out.
"""

import contextlib
import io
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadopt import cli

PAGES = sorted((Path(__file__).parents[1] / "docs/howto").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run_page(page, folder):
    """Run the blocks of a page; return how many of them were run."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    names, printed, n_run = {}, "", 0
    with contextlib.chdir(folder):
        for kind, name, text in blocks:
            if name:
                Path(name).write_text(text, encoding="utf-8")
            elif kind == "python":
                printed = printed_by(text, page.name, names)
            elif kind == "console":
                for command, output in commands(text):
                    holds(printed_by_command(command, output), output, command)
            elif kind == "text":
                assert printed.rstrip() == text.rstrip(), page.name
            n_run += kind in ("python", "console")
    return n_run


def printed_by(code, page, names):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, page, "exec"), names)
    return printed.getvalue()


def commands(text):
    """Each command of a console block with the output that is shown below it."""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    return [(command.strip(), output) for command, _, output in (part.partition("\n") for part in parts)]


def printed_by_command(command, shown):
    """What a command prints; it may be refused only where the page shows how."""
    if not command.startswith("leadopt "):
        done = subprocess.run(["bash", "-c", command], check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout
    result = CliRunner().invoke(cli.build_app(), shlex.split(command)[1:])
    refusal = any(line.startswith("leadopt: ") and "note: " not in line for line in shown.splitlines())
    assert (result.exit_code != 0) == refusal, f"{command}: {result.output}"
    return result.output


def holds(printed, shown, command):
    """Assert that output has the lines that a page shows, in order; all of it where the page leaves nothing out."""
    wanted, there = shown.rstrip().splitlines(), printed.rstrip().splitlines()
    if "..." not in wanted:
        assert not wanted or there == wanted, command
        return
    place = 0
    for line in wanted:
        if line != "...":
            assert line in there[place:], f"{command}: {line!r} is not in {printed}"
            place = there.index(line, place) + 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_does_what_it_says(page, tmp_path):
    assert run_page(page, tmp_path) > 0


def test_there_are_pages():
    assert PAGES


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```\n```text\n2\n```\n",
        "```python\nraise ValueError\n```\n",
        "```console\n$ leadopt assign nothing.csv nobody.csv\n```\n```python\n```\n",
        "```console\n$ leadopt --version\nleadopt 9.9.9 beta\n```\n",
        "```console\n$ leadopt --version\n...\nnever said\n```\n",
        "```console\n$ false\n```\n",
    ],
)
def test_a_page_that_is_wrong_fails(text, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises((AssertionError, ValueError)):
        run_page(page, tmp_path)
