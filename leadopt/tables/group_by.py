"""Group-bys in the engine that holds a frame: rows of one kind, how many there are and what they add up to."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.tables.amounts import LOG_UNIT, MOST_AMOUNT, WIDTH, Amounts
from leadopt.tables.cells import as_moment
from leadopt.tables.cells.coded import Coded, combined
from leadopt.tables.cells.engine_codes import coded, engine_codes
from leadopt.tables.holder import utc

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met

MOST_GROUPS = 2_000_000
"""Groups by day, from which days are counted by spans of them: what is made of groups takes 200 bytes of each."""
SPANS = (1, 7, 30, 91)
"""Days that are counted as one, at the mean day of each group's rows, so that ages are right on average. With 20,000
rows on days at random, 7, 30 and 91 days move a chance by up to .00001, .00003 and .00012 at a half-life of 120 days,
where its 90% interval is .028 wide, and by .00002, .0002 and .0008 at one of 60 (.039)."""
_AT_ONCE = 2_000_000  # rows that are grouped at a time
_FEW = 100_000  # rows that are grouped as they are
COUNTED = ("known", "free", "wrong", "logs", "squared_logs")
"""What is counted of amounts; logs in units."""
_SUMMED = ("total", "squares")
ZONE = r"(?:Z|[+-]\d{2}:?\d{2})$"


def span_of(n_cells: int, n_days: int) -> int:
    """Return how many days are counted as one, so that cells by spans of days are at most `MOST_GROUPS`."""
    return next((span for span in SPANS if n_cells * -(-n_days // span) <= MOST_GROUPS), SPANS[-1])


def groups_of_frame(
    whole: "nw.DataFrame[Any]", table: str, columns: Sequence[str], at: str | None, times: str | None = None
) -> tuple[list[Any], int]:
    """Return what `Table.grouped` does, and the span of its days, of a frame whose engine finds days by itself.

    `table` is its name; `times` is the column with how many leads a row stands for.
    """
    import narwhals.stable.v2 as nw

    names = [f"k{number}" for number in range(len(columns))]
    frame = whole.select(
        *(nw.col(column).alias(name) for column, name in zip(columns, names, strict=True)),
        *([nw.col(at).alias("day")] if at else []),
        *([nw.col(times).cast(nw.Int64).alias("count")] if times else []),
    )
    sums: dict[str, str | None] = {"count": "count" if times else None}
    if at:
        _check_zones(frame, table, at)
        many = len(names) > 1 and len(frame) > MOST_GROUPS
        span = _span_of_frame(frame, names, sums, table, columns) if many else 1
        if span > 1:
            keys, sums = [*names, "part"], sums | {"total": "total"}
            grouped = _added_up(frame, keys, sums, table, columns, lambda part: _with_parts(part, span))
            return [*_coded(grouped, names), mean_days(grouped), whole_numbers(grouped["count"])], span
        names.append("day")
    days_ready = at is not None and frame.schema["day"] == nw.Date
    # Days are quicker to group than their text; moments have to be made days first.
    grouped = _added_up(frame, names, sums, table, columns, None if days_ready or not at else _with_days)
    *cells, days = _coded(grouped, names) if at else [*_coded(grouped, names), Coded.of([None] * len(grouped))]
    days = days.mapped(lambda day: day.isoformat() if isinstance(day, date) else day)
    return [*cells, days, whole_numbers(grouped["count"])], 1


def _coded(grouped: "nw.DataFrame[Any]", names: Sequence[str]) -> list[Coded]:
    return [coded(grouped[name]) for name in names]


def _span_of_frame(
    frame: "nw.DataFrame[Any]",
    names: Sequence[str],
    sums: Mapping[str, str | None],
    table: str,
    columns: Sequence[str],
) -> int:
    cells = _added_up(frame.drop("day"), names, sums, table, columns) if names else frame[:1]
    known = frame["day"].drop_nulls()
    days = [as_moment(_day_text(end)) for end in (known.min(), known.max())] if len(known) else []
    first, last = days or (None, None)
    return 1 if first is None or last is None else span_of(len(cells), last.toordinal() - first.toordinal() + 1)


def _day_text(cell: Any) -> Any:
    return cell[:10] if isinstance(cell, str) else cell


def mean_days(grouped: "nw.DataFrame[Any]") -> Coded:
    """Return the mean day of each group by part, whose days of the calendar were added up; None where there is none."""
    total, counts, part = (
        whole_numbers(grouped["total"]),
        whole_numbers(grouped["count"]),
        whole_numbers(grouped["part"], missing=-1),
    )
    ordinals = np.rint(total / np.maximum(1, counts)).astype(np.int64)
    known = Coded.of_numbers(np.where(part < 0, -1, ordinals))
    return known.as_cells([None if number < 0 else date.fromordinal(number) for number in known.cells])


def whole_numbers(series: "nw.Series[Any]", missing: int = 0) -> Ints:
    """Return whole numbers of an engine as int64, whatever it holds them in."""
    import narwhals.stable.v2 as nw

    if series.is_null().any():
        series = series.fill_null(missing)
    return np.array(series.cast(nw.Int64).to_numpy(), dtype=np.int64)


def _with_parts(frame: "nw.DataFrame[Any]", span: int) -> "nw.DataFrame[Any]":
    """Return the frame with which span of the calendar each day is in, and the days of all leads of a row, added up."""
    import narwhals.stable.v2 as nw

    ready = frame.schema["day"] == nw.Date and frame.implementation.is_polars()
    days = _ordinals_of(frame if ready else _with_days(frame), "day")
    made = {"part": np.where(days < 0, -1, days // span), "total": np.maximum(days, 0)}
    frame = frame.drop("day").with_columns(
        *(nw.new_series(name, each, backend=frame.implementation) for name, each in made.items())
    )
    return frame.with_columns(nw.col("total") * nw.col("count")) if "count" in frame.columns else frame


def _added_up(
    frame: "nw.DataFrame[Any]",
    names: Sequence[str],
    sums: Mapping[str, str | None],
    table: str,
    columns: Sequence[str],
    made: "Callable[[nw.DataFrame[Any]], nw.DataFrame[Any]] | None" = None,
) -> "nw.DataFrame[Any]":
    """Return sums by group: of some rows at a time and then of these, which takes a fifth of the memory.

    `sums` names them, and of each the column, None for the number of rows; `made` adds columns to the rows of a part.
    """
    import narwhals.stable.v2 as nw

    parts = (frame[start : start + _AT_ONCE] for start in range(0, max(1, len(frame)), _AT_ONCE))
    try:
        found = [_grouped(part if made is None else made(part), names, sums) for part in parts]
        if len(found) == 1:
            return found[0]
        summed = [nw.col(name).sum() for name in found[0].columns if name not in names]
        return nw.concat(found).group_by(names).agg(*summed)
    except Exception as error:  # engines raise their own types for columns that cannot be grouped
        raise InvalidInput(_ungroupable(table, columns, error)) from None


def _grouped(part: "nw.DataFrame[Any]", names: Sequence[str], sums: Mapping[str, str | None]) -> "nw.DataFrame[Any]":
    """Return sums by group of some rows: where they are of whole numbers, by codes, at a third of the cost."""
    import narwhals.stable.v2 as nw

    exact = all(column is None or part.schema[column].is_integer() for column in sums.values())
    codes = _codes(part, names) if exact and names and len(part) > _FEW else None
    if codes is None:
        added = (nw.len() if column is None else nw.col(column).sum() for column in sums.values())
        named = [each.alias(name) for name, each in zip(sums, added, strict=True)]
        return part.group_by(list(names)).agg(*named)
    first, group = combined(codes, len(part))
    found = part[first.tolist()].select(*names)  # any row of a group has its cells
    counts = [
        nw.new_series(
            name,
            np.bincount(group, None if column is None else part[column].to_numpy()).astype(np.int64),
            nw.Int64,
            backend=part.implementation,
        )
        for name, column in sums.items()
    ]
    grouped: nw.DataFrame[Any] = found.with_columns(*counts)
    return grouped


def _codes(part: "nw.DataFrame[Any]", names: Sequence[str]) -> list[tuple[Ints, int]] | None:
    """Return the codes of each column, None where they are no quick way to count."""
    if not part.implementation.is_polars():  # others take as long to find codes as to count
        return None
    codes = list[tuple[Ints, int]]()
    for name in names:
        found = engine_codes(part[name])
        if found is None or found[1] > len(part):
            return None
        codes.append(found)
    return codes


def spells_of_frame(
    whole: "nw.DataFrame[Any]",
    table: str,
    columns: Sequence[str],
    days: tuple[str, str],
    since: int,
    times: str | None,
) -> list[Any]:
    """Return what `Table.grouped_spells` does, of a frame with two columns as `Table.with_days` makes them."""
    import narwhals.stable.v2 as nw

    names = [f"k{number}" for number in range(len(columns))]
    begin, end = (_ordinals_of(whole, day) for day in days)
    made = {"took": end - begin, "before": np.maximum(since - begin, 0), "both": (begin >= 0) & (end >= 0)}
    frame = whole.select(
        *(nw.col(column).alias(name) for column, name in zip(columns, names, strict=True)),
        *([nw.col(times).cast(nw.Int64).alias("count")] if times else []),
        *(nw.new_series(name, each, backend=whole.implementation) for name, each in made.items()),
    )
    found = frame.filter(nw.col("both")).drop("both")
    spell = ["took", "before"]
    grouped = _added_up(found, [*names, *spell], {"count": "count" if times else None}, table, columns)
    return [*_coded(grouped, names), *(whole_numbers(grouped[name]) for name in (*spell, "count"))]


def _ordinals_of(frame: "nw.DataFrame[Any]", column: str) -> Ints:
    """Return the proleptic ordinals of days, -1 where there is none, int64 (n_rows,)."""
    import narwhals.stable.v2 as nw

    series = frame[column]
    if series.dtype == nw.Date and frame.implementation.is_polars():
        return np.asarray((series.cast(nw.Int64) + date(1970, 1, 1).toordinal()).fill_null(-1).to_numpy())
    cells = series.drop_nulls().unique().to_list()
    numbers = [-1 if (moment := as_moment(cell)) is None else moment.toordinal() for cell in cells]
    if not cells:
        return np.full(len(series), -1, dtype=np.int64)
    found = series.replace_strict(cells, numbers, default=-1, return_dtype=nw.Int64)
    return np.asarray(found.fill_null(-1).to_numpy(), dtype=np.int64)


def _check_zones(frame: "nw.DataFrame[Any]", table: str, at: str) -> None:
    import narwhals.stable.v2 as nw

    if frame.schema["day"] != nw.String:
        return
    zoned = frame["day"].drop_nulls().str.contains(ZONE)
    if zoned.any() and not zoned.all():
        raise InvalidInput(mixed_zones(table, at))


def mixed_zones(table: str, at: str) -> str:
    """Return that some times of a column have a zone and others none."""
    return f"{table}.{at}: times must be either all with a time zone or all without; found both"


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
    sums = {"rows": None, **{name: name for name in (*COUNTED, *_SUMMED)}}
    return amounts_of_groups(_added_up(frame, [*names, "magnitude"], sums, table, columns, with_amounts), names)


def amounts_of_groups(
    grouped: "nw.DataFrame[Any]", names: Sequence[str], unit: float | None = None
) -> tuple[list[list[Any]], Amounts]:
    """Return the cells of groups, and their amounts as `with_amounts` made them, added up.

    `unit` is what their sums are counted in, of e to the power of 1 + their magnitude; None = they are no counts.
    """
    whole = {name: np.array(grouped[name].to_list(), dtype=np.int64) for name in ("rows", *COUNTED)}
    total, squares = (np.array(grouped[name].to_list(), dtype=np.float64) for name in _SUMMED)
    if unit is not None:
        most = np.exp(1.0 + np.array(grouped["magnitude"].to_list(), dtype=np.float64))
        total, squares = total * unit * most, squares * unit * most * most
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


def _with_days(frame: "nw.DataFrame[Any]") -> "nw.DataFrame[Any]":
    """Return the frame with its moments, if it has any, as days, or as text that begins with the day."""
    import narwhals.stable.v2 as nw

    if "day" not in frame.columns:
        return frame
    day, kind = nw.col("day"), frame.schema["day"]
    if kind == nw.String:
        return frame.with_columns(day.str.slice(0, 10))
    of_moment = utc(day, kind).dt
    days = of_moment.date() if frame.implementation.is_polars() else of_moment.to_string("%Y-%m-%d")
    return frame.with_columns(days)


def with_amounts(frame: Any) -> Any:
    """Return a frame, or a lazy one, with what is added up of its column "total", and of its logarithms."""
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
    return frame.with_columns(
        (nw.col("known") - nw.col("free") - nw.col("sound").cast(nw.Int64)).alias("wrong"),
        (log // WIDTH).alias("magnitude"),
    )


def _ungroupable(table: str, columns: Sequence[str], error: Exception) -> str:
    return (
        f"{table}: columns {', '.join(columns)} must hold plain values that can be grouped; "
        f"{type(error).__name__}: {str(error).splitlines()[0]}"
    )
