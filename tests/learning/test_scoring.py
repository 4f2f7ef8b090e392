"""Scores and tiers against their definitions."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput, LeadoptWarning
from leadopt.learning.scoring import (
    plain_weights,
    score,
    scored,
    tiers,
    tiers_by_threshold,
    top,
)
from tests.strategies import examples
from tests.tables_strategies import KINDS

LEADS = {"budget": ["yes", "no", None], "stars": [1, 5, 3], "won": [True, False, True]}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_scores_are_shares_of_the_points_that_can_be_had(kind):
    found = score(KINDS[kind](LEADS), {"budget": {"yes": 2, "no": 1}, "stars": 2})
    assert found == pytest.approx([(2 + 0) / 4, (1 + 2) / 4, (0 + 1) / 4])


def test_levels_may_be_written_as_the_column_holds_them():
    assert score(LEADS, {"stars": {1: 3, 5.0: 1}}).tolist() == pytest.approx([1, 1 / 3, 0])
    assert score(LEADS, {"won": {True: 2}}).tolist() == [1, 0, 1]


def test_a_column_without_spread_gives_its_points_to_all_who_have_a_value():
    assert score({"a": [5, 5, None]}, {"a": 2}).tolist() == [1, 1, 0]
    assert score({"a": []}, {"a": 2}).tolist() == []
    with pytest.warns(LeadoptWarning, match="^score.a: no lead has any, so none has points by it$"):
        assert score({"a": [None]}, {"a": 2}).tolist() == [0]


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9), st.floats(0.1, 10))
@examples(60)
def test_a_scaled_column_keeps_its_order_within_zero_and_one(values, points):
    found = score({"a": values}, {"a": points})
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found[np.argsort(values, kind="stable")]) >= 0).all()


@pytest.mark.parametrize(
    "weights, said",
    [
        ({}, "score: at least one column must give points"),
        ({"stars": 0}, "score: at least one column must give points"),
        ({"stars": -1}, "score.stars: points must be numbers from 0 to 1e+100; found -1"),
        ({"stars": True}, "score.stars: points must be numbers from 0 to 1e+100; found True"),
        ({"budget": {"yes": float("nan")}}, "score.budget: points must be numbers from 0 to 1e+100; found nan"),
        ({"budget": {"yes": "2"}}, "score.budget: points must be numbers from 0 to 1e+100; found '2'"),
        ({"budgt": 1}, 'leads: column "budgt" is missing; did you mean "budget"? '
                       "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"),
        ({"budget": 1}, "leads.budget, row 1: must be a finite number; found 'yes' (and 1 more row)"),
        (5, "score: must give points by column, like {'budget': 3}; found 5"),
        ({5: 1}, "score: must give points by column, like {'budget': 3}; found {5: 1}"),
    ],
)  # fmt: skip
def test_what_gives_no_points_is_refused(weights, said):
    with pytest.raises(InvalidInput) as caught:
        score(LEADS, weights)
    assert str(caught.value) == said


def test_levels_that_no_lead_has_give_nothing_and_are_told():
    weights = {"budget": {"yse": 1}, "stars": 1}
    said = 'score.budget: no lead has level "yse"; did you mean "yes"?'
    with pytest.warns(LeadoptWarning) as caught:
        found = score(LEADS, weights)
    assert [str(one.message) for one in caught] == [said]
    assert found.tolist() == [part / 2 for part in score(LEADS, {"stars": 1})]
    ids = {"lead_id": list(range(len(found)))}
    assert scored(LEADS | ids, weights).notes == (said,)


def test_huge_values_are_refused_rather_than_overflowing():
    with pytest.raises(InvalidInput, match=r"leads\.a, row 2: must be a finite number, 1e\+100 or less; found"):
        score({"a": [1.0, 1.7e308]}, {"a": 1})


def test_plain_weights_are_plain():
    assert plain_weights({"a": {1.0: np.int64(2)}, "b": np.float32(0.5)}) == {"a": {"1": 2}, "b": 0.5}
    assert type(plain_weights({"a": np.int64(2)})["a"]) is int
    assert plain_weights({"a": {Decimal("2.0"): 1}}) == {"a": {"2": 1}}


def test_tiers_fill_from_the_top_and_ties_share_the_better_one():
    shares = {"hot": 0.25, "warm": 0.25, "cold": 0.5}
    assert tiers([4, 3, 2, 1], shares) == ["hot", "warm", "cold", "cold"]
    assert tiers([1, 1, 1, 1], shares) == ["hot"] * 4
    assert tiers([9, 5, 5, 5], shares) == ["hot", "warm", "warm", "warm"]
    assert tiers([], shares) == []


@given(st.lists(st.integers(0, 9), max_size=20))
@examples(60)
def test_a_better_score_never_has_a_worse_tier(scores):
    order = ["a", "b", "c"]
    found = [order.index(tier) for tier in tiers(scores, {"a": 0.2, "b": 0.3, "c": 0.5})]
    for one, tier in zip(scores, found, strict=True):
        assert all(tier <= other for score, other in zip(scores, found, strict=True) if score < one)


@pytest.mark.parametrize(
    "scores, shares, said",
    [
        ([1], {"a": 0.5}, "tiers: shares must be 0 or more and sum to 1; found {'a': 0.5}"),
        ([1], {"a": 1.5, "b": -0.5}, "tiers: shares must be 0 or more and sum to 1; found {'a': 1.5, 'b': -0.5}"),
        ([1], {}, "tiers: shares must be 0 or more and sum to 1; found {}"),
        ([float("nan")], {"a": 1}, "tiers: scores must be finite"),
        (["x"], {"a": 1}, "tiers: scores must be numbers, one for each lead; found ['x']"),
        ([[1]], {"a": 1}, "tiers: scores must be one for each lead; found an array of shape (1, 1)"),
        ([1], {"a": float("nan"), "b": 1}, "tiers: shares must be 0 or more and sum to 1; found {'a': nan, 'b': 1}"),
        ([1], {"a": "1"}, "tiers: shares must be 0 or more and sum to 1; found {'a': '1'}"),
        ([1], [1], "tiers: must be given by name, like {'hot': 0.2, 'cold': 0.8}; found [1]"),
    ],
)
def test_what_are_no_tiers_is_refused(scores, shares, said):
    with pytest.raises(InvalidInput) as caught:
        tiers(scores, shares)
    assert str(caught.value) == said


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 7.0, -np.inf]), max_size=8), st.sampled_from([0.1, 0.5, 0.9, 1.0]))
@examples(60)
def test_the_top_is_the_first_of_two_tiers(scores, share):
    found = top(scores, share)
    finite = np.where(np.isinf(scores), -1e9, scores)
    first = [i for i, tier in enumerate(tiers(finite, {"hot": share, "other": 1 - share})) if tier == "hot"]
    assert found.tolist() == [i for i in first if scores[i] > -np.inf]


@pytest.mark.parametrize("share", [1.5, -0.1, float("nan"), "half", None])
def test_the_top_is_a_share(share):
    with pytest.raises(InvalidInput, match=r"^top: share must be a number from 0 to 1, such as 0\.1; found "):
        top([0.9, 0.1], share)
    with pytest.raises(InvalidInput, match=r"^top: scores must be numbers; found nan$"):
        top([0.9, float("nan")], 0.5)


def test_what_columns_add_makes_the_score():
    weights = {"budget": {"yes": 2, "no": 1}, "stars": 2}
    found = scored({"lead_id": [7, 8, 9], **LEADS}, weights)
    assert found.values == pytest.approx(score(LEADS, weights))
    assert sum(found.parts.values()) == pytest.approx(found.values)
    assert found.parts["budget"].tolist() == [0.5, 0.25, 0]
    assert str(found.explain(9)) == (
        "9: score 0.25 of 1, rank 3 of 3.\n"
        "  stars=3: 0.25 of 0.5.\n"
        "  budget=missing: 0 of 0.5."
    )  # fmt: skip
    assert str(found) == "3 leads scored by budget, stars; median 0.5 of 1"


def test_thresholds_are_reached_from_the_top():
    least = {"hot": 0.5, "warm": 0.25, "cold": -np.inf}
    assert tiers_by_threshold([0.5, 0.49, 0.25, 0.1, 1], least) == ["hot", "warm", "warm", "cold", "hot"]
    assert tiers_by_threshold([], least) == []


@given(st.lists(st.floats(0, 1), max_size=20), st.lists(st.floats(0.01, 0.99), unique=True, max_size=4))
@examples(60)
def test_a_tier_by_threshold_is_the_first_that_is_reached(scores, edges):
    least = {f"tier {k}": edge for k, edge in enumerate([*sorted(edges, reverse=True), 0.0])}
    found = tiers_by_threshold(scores, least)
    assert found == [next(name for name, edge in least.items() if value >= edge) for value in scores]


@pytest.mark.parametrize(
    "scores, least, said",
    [
        ([1], {}, "tiers: thresholds must be numbers, from the best tier's down; found {}"),
        ([1], {"a": 0.1, "b": 0.5}, "tiers: thresholds must be numbers, from the best tier's down; "
                                    "found {'a': 0.1, 'b': 0.5}"),
        ([1], {"a": "high"}, "tiers: thresholds must be numbers, from the best tier's down; found {'a': 'high'}"),
        ([float("nan")], {"a": 0}, "tiers: scores must be numbers; found nan"),
        ([0.5, 0.1], {"a": 0.5, "b": 0.2},
         'tiers: a score of 0.1 reaches no tier, as "b", the last one, begins at 0.2; let it begin lower'),
    ],
)  # fmt: skip
def test_what_are_no_thresholds_is_refused(scores, least, said):
    with pytest.raises(InvalidInput) as caught:
        tiers_by_threshold(scores, least)
    assert str(caught.value) == said
