"""Who is away by a column that is not read is told, as such reps may get leads."""

import pytest

from leadopt import assign
from leadopt.policy import Policy
from leadopt.tables.columns import Columns


def notes(reps, **columns):
    plan = assign({"lead_id": [1, 2]}, {"rep_id": ["Ann", "Bo"], **reps}, policy=Policy(columns=Columns(**columns)))
    return "\n".join(plan.notes)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Out of office", ["yes", "no"]),
        ("On leave?", [True, False]),
        ("Absent", [1, 0]),
        ("Is_Inactive", ["x", None]),
        ("Urlaub", ["ja", "nein"]),
        ("En congé", ["oui", "non"]),
        ("请假", ["是", "否"]),
        ("Pensum", ["0 %", "100 %"]),
        ("Pensum %", [0, 100]),
        ("Where", ["Urlaub", "Büro"]),
        ("Comment", ["on leave", None]),
    ],
)
def test_a_column_of_who_is_away_is_told(header, cells):
    assert "is not read, so " in notes({header: cells})


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Out of office", ["no", "no"]),
        ("On leave", [None, None]),
        ("Pensum", ["80 %", "100 %"]),
        ("Team", ["north", "south"]),
        ("Shoes", ["off-white", "in"]),
    ],
)
def test_nothing_is_told_where_nobody_is_away(header, cells):
    assert "is not read, so " not in notes({header: cells})


def test_nothing_is_told_of_a_column_that_is_read():
    assert "is not read, so " not in notes({"Where": ["Urlaub", "yes"]}, available="Where")
