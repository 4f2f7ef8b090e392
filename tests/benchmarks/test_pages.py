"""`python -m benchmarks`: what is asked for and what is refused, and what of a page stays when parts are measured."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from benchmarks import __main__ as pages
from benchmarks import harness


@dataclass(frozen=True)
class Own:
    TITLE: ClassVar[str] = "Of one benchmark"
    INTRO: ClassVar[str] = ""
    HEAD: ClassVar[tuple[str, ...]] = ("name", "number:")

    cells: tuple[str, str]


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A page of two benchmarks, a and b, that share one table, of which b has another of its own."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "PAGES", {"page": pages.Page(names=("a", "b"), text="# Page\n\nText.\n\n{machine}\n")})
    rows = {
        "a": [harness.Row(instance="one", seconds=1.0), harness.Row(instance="two", seconds=2.0)],
        "b": [harness.Row(instance="three", seconds=3.0), Own(("four", "4"))],
    }
    asked = []

    def measured(name, quick):
        asked.append((name, quick))
        yield from rows[name]

    monkeypatch.setattr(pages, "measured", measured)
    return tmp_path / "docs" / "page.md", rows, asked


def test_every_benchmark_is_on_one_page():
    names = [name for page in pages.PAGES.values() for name in page.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("wrong", [["nonsense"], ["--foo"], ["honesty", "--quick", "--wri"], ["honesty", "x"]])
def test_what_is_unknown_is_refused_in_a_sentence_that_lists_what_is_known(wrong, page, capsys):
    with pytest.raises(SystemExit) as ended:
        pages.main(wrong)
    told = capsys.readouterr().err
    assert ended.value.code == 2 and told.count("\n") == 1
    assert wrong[-1] in told and "page, a, b, --quick, --write" in told
    assert page[2] == [] and not page[0].exists()


def test_flags_that_contradict_each_other_are_refused(page):
    with pytest.raises(SystemExit, match="2"):
        pages.main(["--quick", "--write", "a"])
    assert page[2] == [] and not page[0].exists()


def test_help_says_names_and_measures_nothing(page, capsys):
    with pytest.raises(SystemExit, match="0"):
        pages.main(["--help"])
    assert "Pages: page. Benchmarks: a, b." in capsys.readouterr().out
    assert page[2] == [] and not page[0].exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a"], [("a", False)]),
        (["--quick", "a"], [("a", True)]),
        (["page", "--quick"], [("a", True), ("b", True)]),
    ],
)
def test_what_is_printed_writes_no_page(arguments, expected, page, capsys):
    pages.main(arguments)
    assert page[2] == expected and "one | 1.000" in capsys.readouterr().out
    assert not page[0].exists()


@pytest.mark.parametrize("arguments", [[], ["page"]])
def test_a_page_has_the_lines_of_all_its_benchmarks(arguments, page):
    pages.main(arguments)
    text = page[0].read_text(encoding="utf-8")
    assert text.startswith("# Page\n\nText.\n\n- CPU: ")
    assert [text.count(f"| {name} |") for name in ("one", "two", "three", "four")] == [1, 1, 1, 1]
    assert text.count("## From tables to plans") == 1
    assert "`a`: measured on " in text and "`b`: measured on " in text and "\n\nMeasured on " in text


def test_what_stands_before_the_first_section_and_what_others_measured_stay(page):
    path, rows, _ = page
    pages.main(["page"])
    text = path.read_text(encoding="utf-8")
    cpu = next(line for line in text.splitlines() if line.startswith("- CPU"))
    head, _, rest = text.partition("\n## ")
    by_hand = head.replace("Text.", "Text by hand.").replace(cpu, "- CPU: another") + "\nMore by hand: {x}\n"
    path.write_text(f"{by_hand}\n## {rest}\n## By hand\n\nas it was\n", encoding="utf-8")
    rows["a"] = [harness.Row(instance="two", seconds=5.0), harness.Row(instance="five", seconds=6.0)]
    pages.main(["--write", "a"])
    now = path.read_text(encoding="utf-8")
    assert "\n\nText by hand.\n\n- CPU: " in now and "another" not in now and "\n\nMore by hand: {x}\n\n## " in now
    assert now.endswith("## By hand\n\nas it was\n")
    lines = [line.split(" | ")[:2] for line in now.splitlines() if line.startswith("| ") and "---" not in line]
    assert lines[1:5] == [["| one", "1.000"], ["| two", "5.000"], ["| five", "6.000"], ["| three", "3.000"]]
    assert now.count("`a`: measured on ") == now.count("`b`: measured on ") == now.count("## Of one benchmark") == 1
    pages.main(["--write", "a"])
    assert path.read_text(encoding="utf-8").partition("\n## ")[2] == now.partition("\n## ")[2]


def test_a_shared_table_of_other_columns_is_written_anew():
    old = "## From tables to plans, and claims\n\n| instance | s |\n| --- | ---: |\n| a | 1 |"
    found = harness.sections([harness.Row(instance="b")], kept={harness.Row.TITLE: old})
    assert found == harness.sections([harness.Row(instance="b")])
