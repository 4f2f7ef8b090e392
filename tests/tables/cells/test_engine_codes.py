from datetime import date, datetime

import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from leadopt.tables.cells import as_level
from leadopt.tables.cells.coded import Coded
from leadopt.tables.cells.engine_codes import coded, engine_codes, values_of

COLUMNS = {
    "text": ["web", None, "fair", "web"],
    "number": [3, 1, None, 3],
    "float": [0.5, None, 0.5, 2.0],
    "truth": [True, None, False, True],
    "day": [date(2026, 1, 2), None, date(2026, 1, 1), date(2026, 1, 2)],
    "moment": [datetime(2026, 1, 2, 3), None, datetime(2026, 1, 1), datetime(2026, 1, 2, 3)],
}
MAKE = {
    "polars": lambda cells: pl.DataFrame({"x": cells}),
    "categories": lambda cells: pl.DataFrame({"x": cells}).with_columns(
        pl.col("x").cast(pl.Categorical) if isinstance(cells[0], str) else pl.col("x")
    ),
    "pandas": lambda cells: pd.DataFrame({"x": cells}),
    "objects": lambda cells: pd.DataFrame({"x": pd.Series(cells, dtype=object)}),
    "pyarrow": lambda cells: pa.table({"x": cells}),
    "pieces": lambda cells: pa.concat_tables([pa.table({"x": cells[:2]}), pa.table({"x": cells[2:]})]),
}


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("engine", MAKE)
def test_an_engine_s_codes_stand_for_its_cells(engine, kind):
    series = nw.from_native(MAKE[engine](COLUMNS[kind]))["x"]
    column = coded(series)
    assert list(column) == values_of(series)
    assert len(column.cells) == 3 and column.cells.count(None) == 1
    assert column.take(Coded.of([0]).code).cells == [values_of(series)[0]]


@pytest.mark.parametrize("engine", MAKE)
def test_no_rows_have_no_cells(engine):
    series = nw.from_native(MAKE[engine](COLUMNS["text"]))["x"][:0]
    assert len(coded(series)) == len(coded(series).cells) == 0


def test_numbers_that_are_too_far_apart_are_looked_at_one_by_one():
    far = pl.Series("x", [-(2**63), 2**63 - 1, None])
    series = nw.from_native(far, series_only=True)
    assert engine_codes(series) is None and list(coded(series)) == far.to_list()


def test_a_collection_is_a_cell_that_a_table_may_refuse():
    for frame in (
        pl.DataFrame({"x": [["a"], ["b"]]}),
        pd.DataFrame({"x": [["a"], ["b"]]}),
        pa.table({"x": [["a"], ["b"]]}),
    ):
        assert list(map(list, coded(nw.from_native(frame)["x"]))) == [["a"], ["b"]]


def test_objects_that_are_equal_and_read_in_two_ways_are_two():
    column = coded(nw.from_native(pd.DataFrame({"x": pd.Series([1, True, 1], dtype=object)}))["x"])
    assert list(column.mapped(as_level)) == ["1", "true", "1"]
