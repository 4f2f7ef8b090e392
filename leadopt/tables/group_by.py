"""Group-bys in the engine that holds a frame: rows of one kind, how many there are and what they add up to."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.errors import InvalidInput
from leadopt.tables.amounts import LOG_UNIT, MOST_AMOUNT, WIDTH, Amounts

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met

_AT_ONCE = 2_000_000  # rows that are grouped at a time
_COUNTED = ("known", "free", "wrong", "logs", "squared_logs")  # of amounts; logs in units
_SUMMED = ("total", "squares")
_ZONE = r"(?:Z|[+-]\d{2}:?\d{2})$"


def groups_of_frame(whole: "nw.DataFrame[Any]", table: str, columns: Sequence[str], at: str | None) -> list[list[Any]]:
    """Return what `Table.grouped` does, of a frame whose engine finds the days by itself; `table` is its name."""
    import narwhals.stable.v2 as nw

    names = [f"k{number}" for number in range(len(columns))]
    frame = whole.select(
        *(nw.col(column).alias(name) for column, name in zip(columns, names, strict=True)),
        *([nw.col(at).alias("day")] if at else []),
    )
    if at:
        _check_zones(frame, table, at)
        names.append("day")
    count, days = nw.len().alias("count"), at is not None and frame.schema["day"] == nw.Date

    def counted(part: "nw.DataFrame[Any]") -> "nw.DataFrame[Any]":
        # Days are quicker to group than their text; moments have to be made days first.
        return (part if days else _with_day_text(part)).group_by(names).agg(count)

    grouped = _added_up(frame, names, counted, table, columns)
    grouped = _with_day_text(grouped) if days else grouped
    series = [grouped[name].to_list() for name in names]
    return [*series, *([] if at else [[None] * len(grouped)]), grouped["count"].to_list()]


def _added_up(
    frame: "nw.DataFrame[Any]",
    names: Sequence[str],
    sums: "Callable[[nw.DataFrame[Any]], nw.DataFrame[Any]]",
    table: str,
    columns: Sequence[str],
) -> "nw.DataFrame[Any]":
    """Return sums by group: of some rows at a time and then of these, which takes a fifth of the memory."""
    import narwhals.stable.v2 as nw

    parts = [frame[start : start + _AT_ONCE] for start in range(0, max(1, len(frame)), _AT_ONCE)]
    try:
        found = [sums(part) for part in parts]
        if len(found) == 1:
            return found[0]
        summed = [nw.col(name).sum() for name in found[0].columns if name not in names]
        return nw.concat(found).group_by(names).agg(*summed)
    except Exception as error:  # engines raise their own types for columns that cannot be grouped
        raise InvalidInput(_ungroupable(table, columns, error)) from None


def _check_zones(frame: "nw.DataFrame[Any]", table: str, at: str) -> None:
    import narwhals.stable.v2 as nw

    if frame.schema["day"] != nw.String:
        return
    zoned = frame["day"].drop_nulls().str.contains(_ZONE)
    if zoned.any() and not zoned.all():
        raise InvalidInput(f"{table}.{at}: times must be either all with a time zone or all without; found both")


def amounts_of_frame(
    frame: "nw.DataFrame[Any]", table: str, columns: Sequence[str], number: str
) -> tuple[list[list[Any]], Amounts]:
    """Return what `Table.grouped_amounts` does, of a column of numbers; `table` is the frame's name."""
    import narwhals.stable.v2 as nw

    names = [f"k{place}" for place in range(len(columns))]
    frame = frame.select(
        *(nw.col(column).alias(name) for column, name in zip(columns, names, strict=True)),
        nw.col(number).alias("total"),
    )
    by = [*names, "magnitude"]
    grouped = _added_up(frame, by, lambda part: _amounts_of(part, by), table, columns)
    whole = {name: np.array(grouped[name].to_list(), dtype=np.int64) for name in ("rows", *_COUNTED)}
    total, squares = (np.array(grouped[name].to_list(), dtype=np.float64) for name in _SUMMED)
    return [grouped[name].to_list() for name in names], Amounts(
        rows=whole["rows"],
        known=whole["known"],
        free=whole["free"],
        wrong=whole["wrong"],
        logs=np.asarray(LOG_UNIT * whole["logs"], dtype=np.float64),
        squared_logs=np.asarray(LOG_UNIT * whole["squared_logs"], dtype=np.float64),
        total=total,
        squares=squares,
    )


def reads_days(frame: "nw.DataFrame[Any]", at: str) -> bool:
    """Return whether an engine finds the day of each cell of a column by itself."""
    import narwhals.stable.v2 as nw

    kind = frame.schema[at]
    return kind == nw.String or (kind.is_temporal() and not isinstance(kind, nw.Time | nw.Duration))


def _with_day_text(frame: "nw.DataFrame[Any]") -> "nw.DataFrame[Any]":
    """Return the frame with its moments, if it has any, as text that begins with the day."""
    import narwhals.stable.v2 as nw

    if "day" not in frame.columns:
        return frame
    day = nw.col("day")
    return frame.with_columns(
        day.str.slice(0, 10) if frame.schema["day"] == nw.String else day.dt.to_string("%Y-%m-%d")
    )


def _amounts_of(frame: "nw.DataFrame[Any]", names: Sequence[str]) -> "nw.DataFrame[Any]":
    """Return the sums of the column "total", and of its logarithms, by group."""
    import narwhals.stable.v2 as nw

    value, log = nw.col("total"), nw.col("logs")
    frame = frame.with_columns(value.cast(nw.Float64))
    # Comparisons with null are null, and engines differ in whether NaN is one.
    frame = frame.with_columns(
        (~(value.is_null() | value.is_nan())).fill_null(value=False).alias("known"),
        ((value > 0.0) & (value <= MOST_AMOUNT)).fill_null(value=False).alias("sound"),
        (value == 0.0).fill_null(value=False).alias("free"),
    )
    frame = frame.with_columns(
        nw.when(nw.col("sound")).then(value).otherwise(1.0).log().alias("logs"),
        nw.when(nw.col("sound")).then(value).otherwise(0.0).alias("total"),
    )
    frame = frame.with_columns(
        nw.col("known").cast(nw.Int64),
        nw.col("free").cast(nw.Int64),
        (log / LOG_UNIT).round(0).cast(nw.Int64),
        (log * log / LOG_UNIT).round(0).cast(nw.Int64).alias("squared_logs"),
        (value * value).alias("squares"),
    )
    frame = frame.with_columns(
        (nw.col("known") - nw.col("free") - nw.col("sound").cast(nw.Int64)).alias("wrong"),
        (log // WIDTH).alias("magnitude"),
    )
    return frame.group_by(names).agg(nw.len().alias("rows"), *(nw.col(name).sum() for name in (*_COUNTED, *_SUMMED)))


def _ungroupable(table: str, columns: Sequence[str], error: Exception) -> str:
    return (
        f"{table}: columns {', '.join(columns)} must hold plain values that can be grouped; "
        f"{type(error).__name__}: {str(error).splitlines()[0]}"
    )
