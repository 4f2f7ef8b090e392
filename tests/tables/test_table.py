"""Every kind of table says the same; every refusal says where, which rule and what was found."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

from leadopt.errors import InvalidInput
from leadopt.tables import Table, check_same_kind
from leadopt.tables.cells import as_id, as_level, blanked
from leadopt.tables.engines import history_table
from tests.tables_strategies import KINDS, records

COLUMNS = {
    "id": [3, 1, 2, 10],
    "name": ["Ann", "Bo", None, "é漢🙂"],
    "size": [1.5, None, 0.25, 4.0],
    "count": [1, 2, None, 4],
    "won": [True, False, None, True],
    "on": [date(2026, 1, 31), None, date(2025, 12, 1), date(2026, 1, 31)],
    "skills": ["de;fr", " en | de ", None, ""],
}

every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def table(columns, kind="dict of lists"):
    return Table(KINDS[kind](columns), "leads")


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


@every_kind
def test_every_kind_reads_the_same(kind):
    read = table(COLUMNS, kind)
    assert read.columns == tuple(COLUMNS)
    assert read.n_rows == 4
    assert "size" in read
    assert "missing" not in read
    assert read.ids("id") == [3, 1, 2, 10]
    assert read.values("name") == ["Ann", "Bo", None, "é漢🙂"]
    assert read.values("size") == [1.5, None, 0.25, 4.0]
    assert read.values("count") == [1, 2, None, 4]
    assert read.values("won") == [True, False, None, True]
    assert read.numbers("size", missing=-1.0).tolist() == [1.5, -1, 0.25, 4]
    assert read.fractions("won").tolist() == [1, 0, 1, 1]
    assert read.levels("count") == ["1", "2", None, "4"]
    assert read.levels("won") == ["true", "false", None, "true"]
    assert read.sets("skills") == [{"de", "fr"}, {"en", "de"}, set(), set()]
    ordinal = date(2026, 1, 31).toordinal()
    assert read.days("on") == [ordinal, None, date(2025, 12, 1).toordinal(), ordinal]
    assert read.is_categorical("name")
    assert read.is_categorical("count")
    assert not read.is_categorical("size")
    assert not read.is_categorical("on")
    assert read.n_levels("name") == 4


@every_kind
def test_every_kind_builds_its_own_kind(kind):
    source = KINDS[kind](COLUMNS)
    built = Table(source, "leads").build({"id": [1, 2], "gain": [0.5, None], "who": ["A", None], "none": [None, None]})
    own = {"polars lazy": pl.DataFrame, "duckdb": pa.Table, "dict of lists": list}.get(kind, type(source))
    assert isinstance(built, own)
    assert records(built) == [
        {"id": 1, "gain": 0.5, "who": "A", "none": None},
        {"id": 2, "gain": None, "who": None, "none": None},
    ]


@every_kind
def test_every_kind_builds_an_empty_table(kind):
    built = table(COLUMNS, kind).build({"id": [], "gain": []})
    assert records(built) == []
    assert isinstance(built, list) or list(getattr(built, "column_names", built.columns)) == ["id", "gain"]


OWN_IDS = {
    "whole": pl.Series([1, 2, 3], dtype=pl.Int32),
    "float": pl.Series([1.0, 2.0, 3.0]),
    "category": pl.Series(["a", "b", "c"], dtype=pl.Categorical),
    "text": pl.Series(["a", "b", "c"]),
}


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize("ids", OWN_IDS)
def test_what_is_built_joins_with_its_table_even_where_it_is_empty(kind, ids):
    frame = {"polars": lambda f: f, "pandas": pl.DataFrame.to_pandas, "pyarrow": pl.DataFrame.to_arrow}[kind](
        pl.DataFrame({"id": OWN_IDS[ids]})
    )
    source = Table(frame, "leads")
    for found in ([], source.ids("id")[:2]):
        built = source.build({"id": found, "gain": [0.5 for _ in found]}, numbers=["gain"], own=["id"])
        joined = frame.merge(built, "left", "id") if kind == "pandas" else pl.DataFrame(frame).join(
            pl.DataFrame(built), "id", "left", maintain_order="left"
        )  # fmt: skip
        assert [row["gain"] for row in records(joined)] == [0.5] * len(found) + [None] * (3 - len(found))
        assert str(joined["gain"].dtype).lower() == "float64"


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_ids_of_any_type_can_be_built(kind):
    for ids in ([UUID(int=1), UUID(int=2)], [10**25, 2], [2**63 + 5, 1], [1, None], ["é", None]):
        built = records(table(COLUMNS, kind).build({"id": ids}))
        assert [as_id(row["id"]) if type(row["id"]) is not bytes else UUID(bytes=row["id"]) for row in built] == ids


def test_pandas_keeps_whole_numbers_beside_a_gap():
    built = table(COLUMNS, "pandas").build({"id": [7, None]})
    assert built["id"].tolist() == [7, None]


MISSING = [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), np.timedelta64("NaT"),
           Decimal("NaN"), Decimal("sNaN")]  # fmt: skip


@pytest.mark.parametrize("value", MISSING, ids=repr)
def test_nan_null_nat_and_na_are_one(value):
    assert table({"a": [value, 1]}).values("a") == [None, 1]
    assert as_level(value) is as_id(value) is None


def test_nan_and_null_are_one_in_polars():
    assert Table(pl.DataFrame({"a": [1.0, None, float("nan")]}), "x").values("a") == [1.0, None, None]


def test_a_table_of_a_table_is_the_same_table():
    first = table(COLUMNS, "polars")
    assert Table(first, "again").values("name") == first.values("name")


@every_kind
@pytest.mark.parametrize("columns", [{"a": []}, {"a": [], "b": []}])
def test_empty_tables_read_as_empty(kind, columns):
    read = table({name: pd.Series([], dtype="float64") if kind == "pandas" else [] for name in columns}, kind)
    assert read.n_rows == 0
    assert read.values("a") == read.ids("a") == read.levels("a") == read.days("a") == read.sets("a") == []
    assert read.numbers("a").shape == read.fractions("a").shape == (0,)


@pytest.mark.parametrize(
    "empty", [[], {}, pd.DataFrame(), pl.DataFrame(), pa.table({})], ids=lambda e: type(e).__name__
)
def test_a_table_without_columns_and_rows_reads_as_empty(empty):
    read = Table(empty, "leads")
    assert read.n_rows == 0
    assert read.ids("lead_id") == []
    read.require("lead_id")


def test_rows_without_columns_lack_them():
    said = refused(Table(pd.DataFrame(index=range(3)), "leads").ids, "lead_id")
    assert said == (
        'leads: column "lead_id" is missing '
        "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"
    )


def test_a_missing_key_in_a_dict_is_a_missing_value():
    assert Table([{"a": 1}, {"b": 2}], "leads").values("a") == [1, None]


@pytest.mark.parametrize("at_once", [1_000_000, 2])
@every_kind
def test_every_kind_groups_the_same(kind, at_once, monkeypatch):
    monkeypatch.setattr("leadopt.tables.group_by._AT_ONCE", at_once)
    columns = {"rep": ["A", "A", "B", None, "A"], "n": [1, 1, 2, 2, None], "on": [date(2026, 1, 31)] * 4 + [None]}
    *keys, days, counts = table(columns, kind).grouped(["rep", "n"], "on")
    groups = zip(*map(blanked, keys), (day and str(day) for day in days), counts, strict=True)
    day = "2026-01-31"
    assert set(groups) == {("A", 1, day, 2), ("B", 2, day, 1), (None, 2, day, 1), ("A", None, None, 1)}


READABLE = "leads: must be a data frame (pandas, polars, pyarrow, ...), a list of dicts or a dict of lists; found "


@pytest.mark.parametrize(
    "data, said",
    [
        ([1], "leads, row 1: a list must hold dicts, one per row; found int"),
        ([{"a": 1}, None], "leads, row 2: a list must hold dicts, one per row; found NoneType"),
        ({"a": [1], "b": []}, "leads: every column must have the same length; found {'a': 1, 'b': 0}"),
        ({"a": 3}, "leads.a: a dict of columns must hold a list for each; found int"),
        ({"a": "xyz"}, "leads.a: a dict of columns must hold a list for each; found str"),
    ],
)
def test_what_is_no_table_is_refused(data, said):
    assert refused(Table, data, "leads") == said


@pytest.mark.parametrize(
    "data",
    ["leads.csv", 5, None, np.ones((2, 2)), pd.Series([1]), iter([{"a": 1}])],
    ids=lambda data: type(data).__name__,
)  # fmt: skip
def test_what_is_no_frame_is_refused(data):
    assert refused(Table, data, "leads").startswith(READABLE + type(data).__name__)


def test_a_missing_column_names_the_nearest():
    assert refused(table({"Rep ID": [1]}).ids, "rep_id") == (
        'leads: column "rep_id" is missing; "Rep ID" looks like it: Policy(columns=Columns(rep_id="Rep ID")), or '
        'rep_id = "Rep ID" under [columns] in a policy file'
    )
    assert refused(table({"x": [1], "y": [1]}).ids, "rep_id") == (
        'leads: column "rep_id" is missing; known are x, y '
        "(column names are settings: Policy(columns=Columns(...)), or [columns] in a policy file)"
    )


@pytest.mark.parametrize(
    "cells, bounds, said",
    [
        ([1, None], {}, "leads.a, row 2: must be a finite number; found nothing"),
        ([float("nan")], {}, "leads.a, row 1: must be a finite number; found nothing"),
        ([1, float("inf")], {"missing": 0.0}, "leads.a, row 2: must be a finite number; found inf"),
        ([10**400], {}, "leads.a, row 1: must be a finite number; found a whole number of about 401 digits"),
        (["7", "-1.5", "many", "few"], {}, "leads.a, row 3: must be a finite number; found 'many' (and 1 more row)"),
        (
            ["7", "1,200"],
            {},
            "leads.a, row 2: may be 1,200 or 1.2, and nothing in the column tells which; found '1,200'. "
            'Set [formats] decimal = "." for 1,200 or decimal = "," for 1.2 in the policy, '
            'Policy(formats=Formats(decimal="."))',
        ),
        ([True], {}, "leads.a, row 1: must be a finite number; found True"),
        ([-1], {"low": 0}, "leads.a, row 1: must be a finite number, 0 or more; found -1"),
        ([2], {"low": 0, "high": 1}, "leads.a, row 1: must be a finite number from 0 to 1; found 2"),
        ([1.5], {"low": 0, "whole": True}, "leads.a, row 1: must be a whole number, 0 or more; found 1.5"),
        (
            [-1],
            {"low": 0, "high": 2.0**53, "whole": True},
            "leads.a, row 1: must be a whole number, 0 or more; found -1",
        ),
        (
            [10**30],
            {"low": 0, "high": 2.0**53, "whole": True},
            f"leads.a, row 1: must be a whole number from 0 to 9.0072e+15; found {10**30}",
        ),
    ],
)
def test_numbers_refuse(cells, bounds, said):
    assert refused(table({"a": cells}).numbers, "a", **bounds) == said


@pytest.mark.parametrize(
    "cells, said",
    [
        ([1, 1.5], "leads.a, row 2: must be true, false or a number from 0 to 1; found 1.5"),
        ([-0.1], "leads.a, row 1: must be true, false or a number from 0 to 1; found -0.1"),
        (["maybe"], "leads.a, row 1: must be true, false or a number from 0 to 1; found 'maybe'"),
        (["0.5", "half"], "leads.a, row 2: must be true, false or a number from 0 to 1; found 'half'"),
        ([float("inf")], "leads.a, row 1: must be true, false or a number from 0 to 1; found inf"),
    ],
)
def test_fractions_refuse(cells, said):
    assert refused(table({"a": cells}).fractions, "a") == said


def test_fractions_are_truths_words_or_shares():
    assert table({"a": [True, "no", 0.25, None, np.False_, "Yes"]}).fractions("a").tolist() == [1, 0, 0.25, 1, 0, 1]


@pytest.mark.parametrize(
    "cells, said",
    [
        (["a", None], "leads.a, row 2: an id must be text or a whole number; found nothing"),
        ([1, 2.5], "leads.a, row 2: an id must be text or a whole number; found 2.5"),
        ([" "], "leads.a, row 1: an id must be text or a whole number; found ' '"),
        ([True], "leads.a, row 1: an id must be text or a whole number; found True"),
        (
            [1, "1"],
            "leads.a, row 2: ids must be of one kind, and row 1 holds whole numbers (1); found '1'. "
            "Read the column as text.",
        ),
        (
            ["a", "b", "a"],
            "leads.a, row 3: ids must be unique, and row 1 has the same; found 'a'. "
            "Remove the duplicate or give it an id of its own.",
        ),
        (
            [1, 1.0],
            "leads.a, row 2: ids must be unique, and row 1 has the same; found 1. "
            "Remove the duplicate or give it an id of its own.",
        ),
    ],
)
def test_ids_refuse(cells, said):
    assert refused(table({"a": cells}).ids, "a") == said


def test_ids_may_repeat_where_asked():
    assert table({"a": [1, 1]}).ids("a", unique=False) == [1, 1]


@pytest.mark.parametrize(
    "cells, said",
    [
        (["2026-02-30"], "leads.a, row 1: must be a date or an ISO date like 2026-01-31; found '2026-02-30'"),
        ([None, 5], "leads.a, row 2: must be a date or an ISO date like 2026-01-31; found 5"),
        (
            [datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)],
            "leads.a: times must be either all with a time zone or all without; found both",
        ),
        (
            ["2026-01-01T00:00", "2026-01-01T00:00+02:00"],
            "leads.a: times must be either all with a time zone or all without; found both",
        ),
    ],
)
def test_days_refuse(cells, said):
    assert refused(table({"a": cells}).days, "a") == said


def test_ids_of_two_kinds_never_meet():
    check_same_kind("pins", [1], "leads", [2])
    check_same_kind("pins", [], "leads", [2])
    assert refused(check_same_kind, "pins", ["1"], "leads", [1]) == (
        "pins holds text ('1') and leads holds whole numbers (1): ids must be of one kind to match. "
        "Read both columns as text."
    )
    assert "holds UUID" in refused(check_same_kind, "history", [UUID(int=1)], "reps", ["1"])


@pytest.mark.parametrize(
    "kind",
    [
        dict,
        lambda table: pl.DataFrame(table).to_dicts(),
        pl.DataFrame,
        lambda table: pl.DataFrame(table).to_pandas(),
        lambda table: pl.DataFrame(table).to_arrow(),
    ],
)
def test_rows_are_taken_in_the_order_asked_for_and_copies_counted(kind):
    table = Table(kind({"a": [1, 2, 1, 3], "b": ["x", None, "x", "y"]}), "t")
    taken = table.take(np.array([3, 0]))
    assert (taken.n_rows, taken.columns, taken.values("a"), taken.values("b")) == (2, ("a", "b"), [3, 1], ["y", "x"])
    assert (table.n_copies(), taken.n_copies()) == (1, 0)
    assert table.take(np.array([], dtype=np.int64)).values("b") == []


@pytest.mark.parametrize("kind", ["dataset", "file", "scanner", "reader", "batch"])
def test_what_is_no_table_names_its_own_way_to_one(kind, tmp_path):
    whole = pa.table({"rep_id": ["a", "b"] * 20, "converted": [1, 0, 0, 1] * 10})
    pa.parquet.write_table(whole, tmp_path / "history.parquet")
    make = {
        "dataset": lambda: pa.dataset.dataset(whole),
        "file": lambda: pa.dataset.dataset(tmp_path / "history.parquet"),
        "scanner": lambda: pa.dataset.dataset(whole).scanner(),
        "reader": whole.to_reader,
        "batch": lambda: whole.to_batches()[0],
    }[kind]
    with pytest.raises(InvalidInput, match=r"^history: must be a data frame .*; found .*; pass ") as caught:
        history_table(make())
    ways = str(caught.value).rpartition("; pass ")[2]
    own = re.search(r"its \.(\w+)\(\)$", ways)
    assert own is not None
    tables = [getattr(make(), own[1])()]
    assert ("duckdb.from_arrow(it)" in ways) == (kind in ("dataset", "file"))  # what can be asked more than once
    if "polars.scan_pyarrow_dataset(it)" in ways:
        tables += [pl.scan_pyarrow_dataset(make()), pytest.importorskip("duckdb").from_arrow(make())]
    for table in tables:
        rep, converted, _, counts = history_table(table).grouped(["rep_id", "converted"])
        assert dict(zip(zip(rep, converted, strict=True), counts, strict=True)) == {
            (rep, won): 10 for rep in "ab" for won in (0, 1)
        }
