"""What looks the same is the same, and what is asked twice or of nobody is said."""

import unicodedata
from typing import Any

import pandas as pd
import polars as pl
import pytest

from leadopt import Columns, InvalidInput, Policy, assign
from leadopt.affinity import AffinityModel
from leadopt.eligibility import match, skills
from leadopt.evaluate import backtest

LEADS = [{"lead_id": 1}, {"lead_id": 2}]
REPS = [{"rep_id": "Ann"}, {"rep_id": "Bo"}]


def composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize("name", ["José", "Müller", "Łucja Dą"])
def test_two_reps_that_look_the_same_are_refused(name: str) -> None:
    reps = [{"rep_id": composed(name)}, {"rep_id": apart(name)}]
    with pytest.raises(InvalidInput, match="in how its letters are stored alone"):
        assign(LEADS, reps)


def test_territories_match_however_accents_are_stored() -> None:
    leads = [{"lead_id": 1, "territory": composed("Málaga")}]
    reps = [{"rep_id": "Ann", "territory": "x"}, {"rep_id": "Bo", "territory": apart(" MÁLAGA ")}]
    plan = assign(leads, reps, policy=Policy(eligibility=[match("territory")]))
    assert plan.assignments[0]["rep_id"] == "Bo"


@pytest.mark.parametrize("engine", [dict, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("nobody", [None, "", " "])
def test_outcomes_of_nobody_are_told(engine: Any, nobody: Any) -> None:
    history = engine({"rep_id": ["Ann", nobody, "Bo", nobody], "converted": ["won", "lost", "lost", None]})
    notes = assign(LEADS, REPS, history).notes
    assert "1 settled outcome of history without a rep: they tell of leads, and of nobody's chances" in notes


def test_nothing_is_said_where_all_name_one() -> None:
    notes = assign(LEADS, REPS, {"rep_id": ["Ann", "Bo"], "converted": [1, 0]}).notes
    assert not [note for note in notes if "without a rep" in note]


@pytest.mark.parametrize(
    "columns",
    [
        Columns(capacity="capacity", max_open="capacity"),
        Columns(open_leads="capacity"),
        Columns(reps={"hours": "capacity"}),
        Columns(tenure_days="rep_id"),
    ],
)
def test_a_column_means_one_thing(columns: Columns) -> None:
    reps = [{"rep_id": "Ann", "capacity": 3}, {"rep_id": "Bo", "capacity": 2}]
    with pytest.raises(InvalidInput, match=r"reps: column .* cannot be both"):
        assign(LEADS, reps, policy=Policy(columns=columns))


@pytest.mark.parametrize(("column", "what"), [("converted", "outcome"), ("rep_id", "rep")])
def test_outcomes_and_reps_are_no_segments(column: str, what: str) -> None:
    history = {"rep_id": ["Ann", "Bo"] * 20, "converted": [1, 0, 0, 1] * 10}
    with pytest.raises(InvalidInput, match=f"segment_by: '{column}' is the {what} of history"):
        backtest(history, segment_by=column)
    with pytest.raises(InvalidInput, match=f"segment_by: '{column}' is the {what} of history"):
        AffinityModel(segment_by=[column]).fit(history)


@pytest.mark.parametrize(
    ("needs", "has"), [("en, de", "en;de"), ("en/de", "de|en"), ("de, en", "en, de"), ("en", "en, de")]
)
def test_skills_with_commas_get_a_hint(needs: str, has: str) -> None:
    leads, reps = [{"lead_id": 1, "skills": needs}], [{"rep_id": "Ann", "skills": has}]
    notes = assign(leads, reps, policy=Policy(eligibility=[skills()])).notes
    assert [note for note in notes if "counts as one skill; if it is several, write ; or | between them" in note]


@pytest.mark.parametrize(
    ("needs", "has"), [("en;de", "en;de"), ("R&D", "R&D"), ("sales, inside", "cold calls"), ("TCP/IP", "TCP/IP;x")]
)
def test_skills_that_have_marks_of_their_own_get_none(needs: str, has: str) -> None:
    leads, reps = [{"lead_id": 1, "skills": needs}], [{"rep_id": "Ann", "skills": has}]
    notes = assign(leads, reps, policy=Policy(eligibility=[skills()])).notes
    assert not [note for note in notes if "counts as one skill" in note]
