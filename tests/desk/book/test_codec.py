"""Records as text and back."""

import json

from leadopt.desk.book.codec import decode, encode
from leadopt.lifecycle.book import KINDS
from leadopt.lifecycle.records import Lead, Rep, Review
from leadopt.lifecycle.stages import Stage
from tests.desk.desks import records, with_leads


def test_a_record_comes_back_as_it_was():
    lead = Lead(
        id="L-1",
        stage=Stage.REVIEW,
        refused_by=frozenset({"R-2", "R-1"}),
        linked=("L-0",),
        cooling={"R-3": 5},
        review=Review(rule="key", rep="R-1", asked_at=7, offer={"gain": 0.1}),
        columns={"b": 1.5, "a": None},
        value=0.0,
    )
    assert decode(Lead, encode(lead)) == lead
    assert json.loads(encode(lead))["refused_by"] == ["R-1", "R-2"]


def test_equal_records_are_equal_text_and_defaults_are_left_out():
    one = Rep(id="R-1", columns={"a": 1.0, "b": 2.0})
    other = Rep(id="R-1", columns={"b": 2.0, "a": 1.0}, open=0)
    assert encode(one) == encode(other) == '{"columns":{"a":1.0,"b":2.0},"id":"R-1"}'


def test_all_records_of_a_desk_come_back_as_they_were(tmp_path):
    desk = with_leads(tmp_path, *range(12))
    desk.absence("Ann", desk.clock.now, desk.clock.now.replace(day=9))
    found = records(desk)
    assert {kind for kind in KINDS if found[kind]} >= {Lead, Rep}
    for kind, each in found.items():
        for one in each:
            assert decode(kind, encode(one)) == one
