"""Gains in a table are those of the ids that label it, in whatever order; positions count only where there are none."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import InvalidInput, Policy, assign
from leadopt.decision.reading.labels import given_gains
from leadopt.tables.columns import Columns

LEADS, REPS = ["L1", "L2", "L3"], ["Ann", "Bo"]
GAINS = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])


def read(affinity, leads=LEADS, reps=REPS, **more):
    gains, notes = given_gains(affinity, leads, reps, **more)
    return gains.dense().tolist(), notes


def shuffled(make):
    """The gains with rows and columns in another order, each row with its label."""
    return make({"lead_id": ["L3", "L1", "L2"], "Bo": [6.0, 2.0, 4.0], "Ann": [5.0, 1.0, 3.0]})


TABLES = {
    "pandas, a column": shuffled(pd.DataFrame),
    "pandas, its index": shuffled(pd.DataFrame).set_index("lead_id"),
    "pandas, an index without a name": shuffled(pd.DataFrame).set_index("lead_id").rename_axis(None),
    "pandas of arrow": shuffled(pd.DataFrame).convert_dtypes(dtype_backend="pyarrow"),
    "polars": shuffled(pl.DataFrame),
    "polars, lazy": shuffled(pl.DataFrame).lazy(),
    "pyarrow": shuffled(pa.table),
    "dict of columns": shuffled(dict),
    "list of dicts": shuffled(pl.DataFrame).to_dicts(),
    "a column of another name": shuffled(pl.DataFrame).rename({"lead_id": "Anfrage"}),
    "other spellings": shuffled(pl.DataFrame).rename({"Ann": "ANN ", "Bo": " bo"}),
}


@pytest.mark.parametrize("kind", TABLES)
def test_labels_win_over_positions(kind):
    assert read(TABLES[kind]) == (GAINS.tolist(), [])


def test_numbers_as_ids_are_labels():
    frame = pd.DataFrame([[4.0, 3.0], [2.0, 1.0]], index=[20, 10], columns=[8, 7])
    assert read(frame, [10, 20], [7, 8])[0] == [[1.0, 2.0], [3.0, 4.0]]
    assert read(pl.DataFrame({"id": [20, 10], "8": [4, 2], "7": [3, 1]}), [10, 20], [7, 8])[0] == [[1, 2], [3, 4]]


@pytest.mark.parametrize("reps", [[1, 2], [0, 1], ["Ann", "Bo"], ["0", "2"]])
def test_numbers_from_0_that_are_no_ids_count_by_position(reps):
    assert read(pd.DataFrame(GAINS), LEADS, reps) == (GAINS.tolist(), [])
    assert read(pd.DataFrame(GAINS), [1, 2, 3], reps) == (GAINS.tolist(), [])


def test_arrays_count_by_position():
    for array in (GAINS, GAINS.tolist(), pd.DataFrame(GAINS).to_numpy()):
        assert read(array) == (GAINS.tolist(), [])


def test_columns_alone_may_be_labelled():
    assert read(pd.DataFrame(GAINS[:, ::-1], columns=["Bo", "Ann"]))[0] == GAINS.tolist()
    assert read(pl.DataFrame(GAINS[:, ::-1], schema=["Bo", "Ann"]))[0] == GAINS.tolist()


def test_a_default_index_is_none_and_is_told():
    frame = pd.DataFrame({"Ann": [5.0, 2, 4], "Bo": [1.0, 9, 3]})
    gains = [[5.0, 1.0], [2.0, 9.0], [4.0, 3.0]]
    told = 'affinity: its rows count by position: its index is only counted; a column "lead_id" says otherwise'
    assert read(frame, [2, 0, 1]) == (gains, [told])
    assert read(frame, ["2", "0", "1"]) == (gains, [told])
    assert read(frame, [0, 1, 2]) == (gains, [])
    assert read(frame, [7, 8, 9]) == (gains, [])
    by_id = [gains[2], gains[0], gains[1]]
    told = 'affinity: its rows go by its index as ids of leads; a column "lead_id" says otherwise'
    assert read(frame.set_axis(pd.Index([0, 1, 2], dtype="int64")), [2, 0, 1]) == (by_id, [told])
    assert read(frame.rename_axis("lead_id"), [2, 0, 1])[0] == by_id
    assert read(frame.iloc[::-1], [2, 1, 0]) == (gains[::-1], [])


def test_default_columns_are_none_and_are_told():
    told = "affinity: its columns count by position: their names are only counted; an array (to_numpy()) has none"
    assert read(pd.DataFrame(GAINS), LEADS, [1, 0]) == (GAINS.tolist(), [told])
    frame = pd.DataFrame({0: GAINS[:, 0], 1: GAINS[:, 1]}).set_axis([0, 1], axis=1)
    told = "affinity: its columns go by their names as ids of reps; an array (to_numpy()) has none"
    for labelled in (frame, pl.DataFrame({"0": GAINS[:, 0], "1": GAINS[:, 1]})):
        assert read(labelled, LEADS, [1, 0]) == (GAINS[:, ::-1].tolist(), [told])


@pytest.mark.parametrize("ids", [[1, 2, 3], ["1", "2", "3"], [0, 1, 2], [2, 1, 0]])
@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, dict])
def test_a_column_that_may_be_a_ranking_is_refused(make, ids):
    data = {"Ann": [5.0, 2, 4], "Bo": [1.0, 9, 3], "rank": [ids[2], ids[0], ids[1]]}
    with pytest.raises(InvalidInput, match=r'column "rank" may hold the ids of leads, in another order, or be a rank'):
        read(make(data), ids)
    assert read(make({**data, "rank": ids}), ids)[0] == [[5.0, 1.0], [2.0, 9.0], [4.0, 3.0]]
    del data["rank"]
    assert read(make({**data, "lead_id": [ids[2], ids[0], ids[1]]}), ids) == ([[2.0, 9.0], [4.0, 3.0], [5.0, 1.0]], [])


def test_a_column_that_was_taken_as_ids_is_told():
    frame = pl.DataFrame({"Ann": [5.0, 2.0], "Bo": [1.0, 9.0], "rank": [20, 10]})
    told = 'affinity: its column "rank" was taken as the ids of leads, by which its rows are put in order'
    assert read(frame, [10, 20]) == ([[2.0, 9.0], [5.0, 1.0]], [told])


def test_what_is_of_nobody_is_left_out_and_told():
    frame = TABLES["pandas, its index"]
    more = frame.assign(Cy=9.0)
    more.loc["L9"] = 9.0
    assert read(more) == (
        GAINS.tolist(),
        [
            "affinity: 1 column of no rep in this batch, left out: Cy",
            "affinity: 1 row of no lead in this batch, left out: L9",
        ],
    )


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (
            TABLES["polars"].drop("Bo"),
            "affinity: 1 rep without a column: Bo; did you mean",
        ),
        (TABLES["polars"].rename({"Bo": "Bob"}), 'affinity: 1 rep without a column: Bo; did you mean "Bob"?'),
        (TABLES["polars"].head(2), "affinity: 1 lead without a row: L2"),
        (TABLES["pandas, its index"].rename({"L1": "L1x"}), 'affinity: 1 lead without a row: L1; did you mean "L1x"?'),
        (pl.concat([TABLES["polars"], TABLES["polars"]]), "affinity: lead 'L3' has more than one row; keep one"),
        (TABLES["polars"].with_columns(ANN=1.0), "affinity: rep 'Ann' has more than one column; keep one"),
        (
            TABLES["pandas, its index"].T,
            "affinity: must have a row per lead and a column per rep; its columns are ids of leads (L3, L1, L2)",
        ),
        (
            TABLES["polars"].with_columns(Ann=pl.lit("much")),
            "affinity.Ann, row 1: gains must be numbers, -inf for a pair that must not be; found 'much' (and 2 more",
        ),
        (
            TABLES["polars"].with_columns(Ann=pl.lit(None, pl.Float64)),
            "affinity.Ann, row 1: gains must be numbers, -inf for a pair that must not be; found nothing (and 2 more",
        ),
        (
            TABLES["polars"].with_columns(Ann=pl.Series([[1.0], [2.0], [3.0]])),
            "affinity.Ann, row 1: gains must be numbers, -inf for a pair that must not be; found [1.0] (and 2 more",
        ),
        (pd.DataFrame(GAINS[:2]), "affinity: must have a row per lead and a column per rep, (3, 2); found (2, 2)"),
    ],
)
def test_what_does_not_fit_is_refused(frame, said):
    with pytest.raises(InvalidInput) as caught:
        read(frame)
    found = str(caught.value)
    assert found.startswith(said.removesuffix("; did you mean"))
    assert "Traceback" not in found and "\n" not in found


def test_a_pair_that_must_not_be_stays_so():
    frame = TABLES["pandas, its index"].copy()
    frame.loc["L2", "Ann"] = -np.inf
    assert read(frame)[0][1] == [-np.inf, 4.0]


@given(st.permutations(range(4)), st.permutations(range(3)))
def test_any_order_gives_the_same_gains(rows, columns):
    leads, reps, gains = [5, 3, 9, 1], ["x", "y", "z"], np.arange(12.0).reshape(4, 3)
    frame = pd.DataFrame(gains, index=leads, columns=reps).iloc[list(rows), list(columns)]
    assert read(frame, leads, reps)[0] == gains.tolist()
    data = {"id": frame.index.tolist()} | {name: frame[name].tolist() for name in frame}
    assert read(pl.DataFrame(data), leads, reps)[0] == gains.tolist()


def test_a_plan_goes_by_labels():
    leads, reps = [{"Nr": lead} for lead in LEADS], [{"rep_id": rep, "capacity": 2} for rep in REPS]
    policy = Policy(columns=Columns(lead_id="Nr"))
    plan = assign(leads, reps, affinity=TABLES["pandas, its index"].rename_axis("Nr"), policy=policy)
    by_position = assign(leads, reps, affinity=GAINS, policy=policy)
    assert plan.assignments == by_position.assignments
