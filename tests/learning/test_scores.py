"""The order of service, the tables and the words of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.learning.scoring import scored
from tests.strategies import examples
from tests.tables_strategies import KINDS, records


@given(st.permutations(range(8)), st.lists(st.integers(0, 2), min_size=8, max_size=8))
@examples(60)
def test_the_order_of_service_is_by_score_then_by_id_whatever_the_order_of_the_table(ids, points):
    found = scored({"lead_id": ids, "stars": [points[k] for k in ids]}, {"stars": {0: 0, 1: 1, 2: 2}})
    assert [found.lead_ids[i] for i in found.order] == sorted(range(8), key=lambda k: (-points[k], k))
    assert found.rank[found.order].tolist() == list(range(1, 9))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_table_is_best_first_and_of_the_leads_kind(kind):
    leads = KINDS[kind]({"lead_id": ["B", "A", "C"], "budget": ["no", "yes", None]})
    rows = records(scored(leads, {"budget": {"yes": 4, "no": 1}}).frame())
    assert rows == [
        {"lead_id": "A", "rank": 1, "score": 1.0, "adds budget": 1.0},
        {"lead_id": "B", "rank": 2, "score": 0.25, "adds budget": 0.25},
        {"lead_id": "C", "rank": 3, "score": 0.0, "adds budget": 0.0},
    ]


def test_scores_are_shown_in_a_notebook_with_their_reasons_escaped():
    found = scored({"lead_id": range(12), "kind": ["<script>"] * 12}, {"kind": {"<script>": 1}})
    shown = found._repr_html_()
    assert "kind=&lt;script&gt;: 1 of 1." in shown
    assert "<script>" not in shown + found.explain(0)._repr_html_()
    assert "2 more leads in" in shown
    assert repr(found) == "<Scores: 12 leads scored by kind; median 1 of 1>"
    assert repr(found.explain(3)) == "<ScoreExplanation: 3: score 1 of 1, rank 4 of 12.>"


def test_no_leads_have_no_scores():
    found = scored({"lead_id": [], "kind": []}, {"kind": {"a": 1}})
    assert (found.order.tolist(), found.frame(), found.values.tolist()) == ([], [], [])
    assert str(found) == "0 leads scored by kind; median 0 of 1"


def test_who_has_no_score_and_who_has_two_are_named():
    leads = {"lead_id": ["A10", "A11"], "kind": ["a", "b"]}
    with pytest.raises(InvalidInput, match=r'lead \'A12\' has no score; did you mean "A1[01]"\?'):
        scored(leads, {"kind": {"a": 1}}).explain("A12")
    with pytest.raises(InvalidInput, match=r"leads\.lead_id, row 2: .*'A10'"):
        scored(leads | {"lead_id": ["A10", "A10"]}, {"kind": {"a": 1}})


def test_scores_reach_whole_numbers_of_leads_that_arrays_can_index():
    found = scored({"lead_id": [3, 1, 2], "a": [1, 2, 3]}, {"a": 1})
    assert np.array_equal(np.array([30, 10, 20])[found.order], [20, 10, 30])
