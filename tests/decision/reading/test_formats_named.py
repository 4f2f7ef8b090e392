"""A format is that of a column: one that no table has is refused, not passed over."""

from typing import Any

import pytest

from leadopt import Columns, Formats, InvalidInput, Policy, assign

LEADS = {"lead_id": [1, 2], "value": ["1.500", "1.25"]}
REPS = {"rep_id": ["Ann", "Bo"]}
HISTORY = {"rep_id": ["Ann", "Bo"], "converted": [1, 0], "value": ["2", None]}


@pytest.mark.parametrize("history", [None, HISTORY])
@pytest.mark.parametrize("key", ["Value", "VALUE ", "histry.value", "lead.value", "leads.Value", "leads.valeu"])
@pytest.mark.parametrize("setting", ["decimal", "dates"])
def test_a_column_that_is_not_there_is_refused(history: Any, key: str, setting: str) -> None:
    formats = Formats(**{setting: {key: "," if setting == "decimal" else "day first"}})
    with pytest.raises(InvalidInput, match=rf'column ".*" \(formats\.{setting}\) is missing; did you mean'):
        assign(LEADS, REPS, history, policy=Policy(formats=formats))


@pytest.mark.parametrize("key", ["history.at", "history.value", "at"])
def test_a_column_of_a_history_that_is_not_given_may_be_named(key: str) -> None:
    assign(LEADS, REPS, policy=Policy(formats=Formats(decimal={key: ".", "value": "."})))


def test_a_column_of_a_history_that_is_given_may_not() -> None:
    with pytest.raises(InvalidInput, match=r"history: column \"at\" \(formats\.dates\) is missing"):
        assign(LEADS, REPS, HISTORY, policy=Policy(formats=Formats(dates={"history.at": "day first"})))


@pytest.mark.parametrize("key", ["Betrag", "leads.Betrag", "value", "leads.value"])
def test_a_column_may_have_the_users_name_or_that_of_all_tables(key: str) -> None:
    leads = {"lead_id": [1, 2], "Betrag": ["1.500", "1.250"]}
    policy = Policy(columns=Columns(leads={"value": "Betrag"}), formats=Formats(decimal={key: ","}))
    assert assign(leads, REPS, policy=policy).objective == 2750.0


def test_a_header_with_a_point_is_a_column() -> None:
    leads = {"lead_id": [1, 2], "No. of x": ["1", "2"]}
    assign(leads, REPS, policy=Policy(formats=Formats(decimal={"No. of x": ","})))
