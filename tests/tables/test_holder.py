"""Tables as they are held: whatever a column is called, it is that column."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from leadopt import AffinityModel, Policy, assign
from leadopt.errors import InvalidInput
from tests.tables_strategies import KINDS

HISTORY = {"rep_id": ["a", "b"] * 60, "source": ["x", "y", "z"] * 40, "converted": [1, 0, 0, 1, 1] * 24}
LEADS = {"lead_id": [1, 2, 3], "source": ["x", "y", "z"]}
REPS = {"rep_id": ["a", "b"], "capacity": [2, 2]}


def called(name, table):
    return {name if column == "source" else column: cells for column, cells in table.items()}


@pytest.mark.parametrize("name", ["*", "^s$", "^.*$", "a*", '"', "'"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_names_that_engines_take_for_patterns_are_names(name, kind):
    """polars and DuckDB read "*" as all columns, and polars what stands between ^ and $."""
    make, wanted = KINDS[kind], assign(LEADS, REPS, HISTORY).objective
    leads, reps, history = make(called(name, LEADS)), make(REPS), make(called(name, HISTORY))
    for policy in (Policy(), Policy(segment_by=[name])):
        plan = assign(leads, reps, history, policy=policy)
        assert plan.objective == wanted
        assert any(f"{name} as segment" in note for note in plan.notes)
    beside = assign(make(LEADS | {name: ["x", "y", "z"]}), reps, make(HISTORY | {name: ["x", "y", "z"] * 40}))
    assert beside.objective == wanted
    assert any(f"Not used: {name} " in note for note in beside.notes)
    chance = (
        AffinityModel(segment_by=name).fit(history).probability(make(called(name, {"rep_id": ["a"], "source": ["x"]})))
    )
    assert chance == AffinityModel(segment_by="source").fit(HISTORY).probability({"rep_id": ["a"], "source": ["x"]})


@pytest.mark.parametrize("name", ["*", "^s$"])
def test_answers_are_of_the_kind_that_came_in_whatever_columns_are_called(name):
    plan = assign(pl.DataFrame(called(name, LEADS)), pl.DataFrame(REPS), pl.DataFrame(called(name, HISTORY)))
    assert isinstance(plan.loads(), pl.DataFrame)
    assert plan.loads()["rep_id"].to_list() == REPS["rep_id"]


@pytest.mark.parametrize(
    ("leads", "mend"),
    [
        (
            pd.DataFrame([[1, "a", "b"]], columns=["lead_id", "source", "source"]),
            "Rename one, or pass leads.loc[:, ~leads.columns.duplicated()], which keeps the first",
        ),
        (
            pa.table([pa.array([1]), pa.array(["a"]), pa.array(["b"])], names=["lead_id", "source", "source"]),
            "Give each a name of its own: pass leads.rename_columns([...])",
        ),
    ],
    ids=["pandas", "pyarrow"],
)
def test_two_columns_of_one_name_are_refused_with_a_mend_that_works(leads, mend):
    with pytest.raises(InvalidInput) as caught:
        assign(leads, REPS)
    assert str(caught.value) == f'leads: column names must be unique; found "source" twice. {mend}'
    mended = leads.rename_columns(["lead_id", "source", "other"]) if isinstance(leads, pa.Table) else (
        leads.loc[:, ~leads.columns.duplicated()]
    )  # fmt: skip
    assert len(assign(mended, REPS).assignments) == 1
