"""A column that is not found: the advice works when it is followed, and says what the eye does not see."""

import unicodedata

import pytest

from leadopt import Columns, InvalidInput, Policy, assign
from leadopt.eligibility import match

REPS = [{"rep_id": "Ann", "territory": "N"}]


@pytest.mark.parametrize("header", ["Teritory", "Territorry", "Region"])
def test_the_advice_for_a_rule_is_of_the_rule(header: str) -> None:
    leads = [{"lead_id": 1, header: "N"}]
    with pytest.raises(InvalidInput) as caught:
        assign(leads, REPS, policy=Policy(eligibility=[match("territory")]))
    said = str(caught.value)
    assert "[columns]" not in said and f'"{header}" looks like it: write that name in the rule' in said
    assert 'column = "..." for leads, reps_column = "..." for reps' in said
    assign(leads, REPS, policy=Policy(eligibility=[match(header, "territory")]))


@pytest.mark.parametrize(
    ("asked", "header", "what"),
    [
        ("Deal Size", "Deal\u00a0Size", "a blank of another kind (U+00A0)"),
        ("Deal Size", "Deal\u202fSize", "a blank of another kind (U+202F)"),
        ("Größe", unicodedata.normalize("NFD", "Größe"), "letters that are stored in another way"),
    ],
)
def test_what_looks_the_same_says_how_it_differs(asked: str, header: str, what: str) -> None:
    leads = [{"lead_id": 1, header: 3}]
    with pytest.raises(InvalidInput) as caught:
        assign(leads, REPS, policy=Policy(columns=Columns(value=asked)))
    assert f"looks the same and has {what}: copy the name from the table" in str(caught.value)
    with pytest.raises(InvalidInput, match="looks the same and has"):
        assign(leads, REPS, policy=Policy(eligibility=[match(asked, "territory")]))
