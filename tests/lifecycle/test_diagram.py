"""The picture of the stages is that of the code."""

from pathlib import Path

from leadopt.lifecycle.diagram import mermaid
from leadopt.lifecycle.stages import OPEN, TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"


def test_the_docs_hold_the_diagram_that_is_drawn():
    text = PAGE.read_text(encoding="utf-8")
    drawn = text.split("```mermaid\n")[1].split("```")[0]
    assert drawn == mermaid(), "docs/lifecycle.md: put what leadopt.lifecycle.diagram.mermaid() returns"


def test_every_way_of_the_table_is_an_arrow_and_no_other():
    ways = set()
    for line in mermaid().splitlines():
        if "-->" in line:
            (begin, end), names = line.strip().split(": ")[0].split(" --> "), line.split(": ")[1].split(", ")
            begins = sorted(OPEN) if begin == "open" else [begin]
            ways |= {(str(one), end, name) for one in begins for name in names if str(one) != end}
    for event, (begins, end) in TRANSITIONS.items():
        if end is not None:
            name = event.replace("_", " ")
            table = {(str(begin), str(end), name) for begin in begins if begin is not end} or {("[*]", str(end), name)}
            assert table == {way for way in ways if way[2] == name}
