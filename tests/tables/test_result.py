"""One result shows the same in text, HTML and JSON."""

import json
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

import numpy as np
import pytest

from leadopt.tables.result import Parts, Result


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Found(Result):
    who: object
    value: float = float("nan")
    many: tuple = ()
    like: object = field(default=None, repr=False)

    def summary(self):
        return f"{self.who} was found"

    def below(self, page=True):
        return Parts(
            lines=["here"], tables=[(["a", "b"], [["<x>", "1"]])], notes=["that is all" if page else "no more"]
        )


def test_text_is_the_summary_with_lines_tables_and_notes():
    told = "Ann was found\n  here\n\n| a   |   b |\n| --- | --: |\n| <x> |   1 |\n\nno more"
    assert str(Found(who="Ann")) == told
    assert repr(Found(who="Ann")) == "<Found: Ann was found>"


def test_html_escapes_every_part():
    page = Found(who="<script>")._repr_html_()
    assert page.startswith("<p><b>&lt;script&gt; was found</b></p><ul><li>here</li></ul><table>")
    assert "&lt;x&gt;" in page and page.endswith("<p>that is all</p>") and "<script>" not in page


def test_json_holds_the_fields_that_are_shown():
    told = Found(
        who=UUID(int=7),
        value=float("inf"),
        many=(Colour.RED, np.array([1.5, np.nan]), {2: "b"}, Found(who=np.int64(3))),
    )
    assert json.loads(told.to_json()) == {
        "who": "00000000-0000-0000-0000-000000000007",
        "value": None,
        "many": ["red", [1.5, None], {"2": "b"}, {"who": 3, "value": None, "many": []}],
    }


def test_a_result_without_parts_is_its_summary():
    class Bare(Result):
        def summary(self):
            return "a & b"

    assert (str(Bare()), Bare()._repr_html_()) == ("a & b", "<p><b>a &amp; b</b></p>")
    with pytest.raises(NotImplementedError):
        Result().summary()
