"""Answers as frames of the kind that the user brought; what makes one of something that is none, or has odd names."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.tables.text import quoted

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met


def frame_of(
    like: "nw.DataFrame[Any]", data: Mapping[str, Sequence[Any]], numbers: Collection[str], own: Collection[str]
) -> Any:
    """Return columns as a frame of the user's kind, like another one; parameters as of `Table.build`."""
    import narwhals.stable.v2 as nw

    backend = like.implementation
    frame = nw.from_dict({name: _series(values, backend) for name, values in data.items()}, backend=backend)
    untyped = [name for name, values in data.items() if all(value is None for value in values)]
    kinds: dict[str, Any] = {name: nw.Float64 if name in numbers else nw.String for name in untyped}
    kinds |= _kinds(like, own)
    wrong = [name for name, kind in kinds.items() if kind != frame.schema[name]]
    return frame.with_columns(nw.col(name).cast(kinds[name]) for name in wrong).to_native()


def frame_beside(
    frame: "nw.DataFrame[Any]",
    other: "nw.DataFrame[Any] | None",
    columns: Sequence[str],
    values: Callable[[str], Sequence[Any]],
    order: Sequence[str],
) -> Any:
    """Return a frame of the user's kind with columns of another table, whose frame they are taken from if it is alike.

    Else `values` tells their cells; `order` are the columns that come back.
    """
    import narwhals.stable.v2 as nw

    backend = frame.implementation
    if other is not None and other.implementation == backend:
        series = [other[name] for name in columns]
    else:
        series = [nw.new_series(name, _series(values(name), backend), backend=backend) for name in columns]
    return frame.with_columns(*series).select(*order).to_native()


def _kinds(like: "nw.DataFrame[Any]", columns: Collection[str]) -> dict[str, Any]:
    """Return the types of some columns, of those that can be cast to."""
    import narwhals.stable.v2 as nw

    texts, schema = (nw.String, nw.Categorical, nw.Enum), like.schema
    return {
        name: schema[name]
        for name in columns
        if name in schema and (schema[name].is_numeric() or isinstance(schema[name], texts))
    }


def _series(values: Sequence[Any], backend: "nw.Implementation") -> Any:
    """Return a column as an engine takes it: pandas makes floats of whole numbers with a gap, Arrow's end at 2**63."""
    column = list(values)
    whole = [value for value in column if isinstance(value, int)]
    if backend.is_pandas_like() and None in column and whole:
        return np.array(column, dtype=object)
    if backend.is_pyarrow() and any(not -(2**63) <= value < 2**63 for value in whole):
        return [None if value is None else Decimal(value) for value in column]
    return column


_TO_TABLES = ("to_table", "read_all", "to_arrow", "to_pyarrow_table", "to_polars", "to_pandas", "to_dataframe")
_SCANNED = "polars.scan_pyarrow_dataset(it) or duckdb.from_arrow(it), which count without holding its rows"


def way_out(data: object) -> str:
    """Return what makes a table of something that is none, by what it offers itself; "" if it offers nothing.

    What can be scanned again and again may stay where it is; a reader is used up by the first question.

    >>> from types import SimpleNamespace
    >>> way_out(SimpleNamespace(read_all=list)), way_out(3)
    ('; pass its .read_all()', '')
    """
    ways = [_SCANNED] if callable(getattr(data, "scanner", None)) else []
    ways += [f"its .{name}()" for name in _TO_TABLES if callable(getattr(data, name, None))][:1]
    return f"; pass {', or '.join(ways)}" if ways else ""


def patterns(engine: "nw.Implementation", columns: Iterable[str]) -> list[str]:
    """Return the columns whose names an engine takes for patterns of several: "*", and in polars "^...$"."""
    return [
        name
        for name in columns
        if (name == "*" and (engine.is_polars() or engine.is_duckdb()))
        or (engine.is_polars() and name.startswith("^") and name.endswith("$"))
    ]


def refuse_twins(data: Any, table: str) -> None:
    """Refuse a data frame of pandas or pyarrow in which two columns have one name.

    Raises
    ------
    InvalidInput
        says which name, and what makes a table without the second one
    """
    of_pandas, names = hasattr(data, "set_axis"), getattr(data, "column_names", None)
    names = list(getattr(data, "columns", ())) if of_pandas else names if isinstance(names, list) else []
    twice = [name for name, times in Counter(map(str, names)).items() if times > 1]
    if not twice:
        return
    mend = (
        f"Rename one, or pass {table}.loc[:, ~{table}.columns.duplicated()], which keeps the first"
        if of_pandas
        else f"Give each a name of its own: pass {table}.rename_columns([...])"
    )
    raise InvalidInput(f"{table}: column names must be unique; found {quoted(twice[0])} twice. {mend}")
