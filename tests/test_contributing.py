"""CONTRIBUTING.md points at files and `make` targets that exist, and leaves no target out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUOTED = re.findall(r"`([^`\n]+)`", TEXT)
ONLY_AFTER_SETUP = {".venv"}


def paths():
    """What is quoted and looks like a path, also where it is an argument of a command."""
    words = {word for quoted in QUOTED for word in quoted.split()}
    found = {word for word in words if "/" in word or word.endswith(".md")}
    return sorted(found | set(re.findall(r"\]\(([^)]+)\)", TEXT)))


def test_every_path_exists():
    named = [path for path in paths() if Path(path).parts[0] not in ONLY_AFTER_SETUP]
    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_target_exists_and_every_one_is_told():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split())
    told = {word for quoted in QUOTED if quoted.startswith("make ") for word in quoted.split()[1:] if "=" not in word}
    assert told == targets


def test_short_names_of_modules_are_those_of_files():
    names = {quoted for quoted in QUOTED if re.fullmatch(r"\w+\.py", quoted)}
    assert names <= {path.name for path in (ROOT / "leadopt").rglob("*.py")}
