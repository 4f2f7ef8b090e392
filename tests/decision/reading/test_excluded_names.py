"""A column of reps that must not get a lead: names that are no rep's are never passed over in silence."""

from typing import Any

import pandas as pd
import polars as pl
import pytest

from leadopt import Plan, Policy, assign
from leadopt.eligibility import exclude

REPS = [{"rep_id": "Ann"}, {"rep_id": "Bo"}, {"rep_id": "Cy"}]


def planned(cell: Any, reps: Any = REPS) -> Plan:
    leads = [{"lead_id": 1, "no": cell}]
    return assign(leads, reps, policy=Policy(eligibility=[exclude(column="no")]))


def told(plan: Plan) -> list[str]:
    return [note.removeprefix("eligibility.exclude: leads.no: ") for note in plan.notes if "exclude:" in note]


@pytest.mark.parametrize(
    "cell",
    [
        "Ann, Bo",
        "Ann,Bo",
        "Ann/Bo",
        "Ann\nBo",
        "Ann\r\nBo",
        "Ann & Bo",
        "ann + BO",
        "Ann、Bo",
        "Ann and Bo",
        "Ann und Bo",
    ],
)
def test_reps_with_another_mark_between_them_are_all_excluded(cell: str) -> None:
    plan = planned(cell)
    assert plan.assignments[0]["rep_id"] == "Cy"
    assert told(plan) == [f"{cell!r} read as several reps (write ; or | between them)"]


@pytest.mark.parametrize("cell", ["Ann; Bo", "Ann|Bo", ["Ann", "Bo"], " ann ;BO"])
def test_nothing_is_said_of_names_that_are_known(cell: Any) -> None:
    plan = planned(cell)
    assert plan.assignments[0]["rep_id"] == "Cy" and told(plan) == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("Anne", """'Anne' is not in reps, so it forbids nothing; did you mean "Ann"?"""),
        ("Zed", "'Zed' is not in reps, so it forbids nothing; known are Ann, Bo, Cy"),
        ("Lee, Kim", "'Lee, Kim' is not in reps, so it forbids nothing; known are Ann, Bo, Cy"),
        ("Zed; Kim", "'Kim', 'Zed' are not in reps, so they forbid nothing; known are Ann, Bo, Cy"),
    ],
)
def test_names_of_nobody_are_told(cell: str, said: str) -> None:
    assert told(planned(cell)) == [said]


def test_a_part_that_is_nobody_is_told_beside_those_that_are_reps() -> None:
    plan = planned("Ann, Bo, Zed")
    assert plan.assignments[0]["rep_id"] == "Cy"
    assert len(told(plan)) == 2 and told(plan)[1].startswith("'Zed' is not in reps")


def test_a_comma_may_be_part_of_a_rep() -> None:
    plan = planned("Ann, Bo", reps=[{"rep_id": "Ann, Bo"}, {"rep_id": "Ann"}])
    assert plan.assignments[0]["rep_id"] == "Ann" and told(plan) == []


@pytest.mark.parametrize("engine", [pd.DataFrame, pl.DataFrame])
def test_numbers_in_text_and_frames_are_read_so_too(engine: Any) -> None:
    leads = engine({"lead_id": [1, 2], "no": ["7, 8", None]})
    plan = assign(leads, engine({"rep_id": [7, 8, 9]}), policy=Policy(eligibility=[exclude(column="no")]))
    owner = dict(zip(list(plan.assignments["lead_id"]), list(plan.assignments["rep_id"]), strict=True))
    assert owner[1] == 9
    assert [note for note in plan.notes if "several reps" in note]
