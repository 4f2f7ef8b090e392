"""Columns of text in the engine that holds them: their distinct cells, read once, and put back as one plain kind."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from leadopt.tables.cells import as_level
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.moments import Moment, read_days
from leadopt.tables.reading.numerals import is_read, read_numbers

if TYPE_CHECKING:
    import narwhals.stable.v2 as nw  # 45 ms: imported where a data frame is met

_ISO_DAYS = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$"
_LOOKED_AT = 50  # distinct cells of a column that tell whether the others are worth reading
NOT_WON = {1: "won", 0: "lost", None: ""}


def is_text(frame: "nw.DataFrame[Any]", column: str) -> bool:
    """Return whether an engine holds a column as text."""
    import narwhals.stable.v2 as nw

    return isinstance(frame.schema[column], nw.String | nw.Categorical | nw.Enum)


def distinct(frame: "nw.DataFrame[Any]", column: str) -> list[Any]:
    """Return the distinct cells of a column, without null."""
    return list(frame[column].drop_nulls().unique(maintain_order=True).to_list())


def holds_iso_days(frame: "nw.DataFrame[Any]", column: str) -> bool:
    """Return whether every cell of a column of text is an ISO date or moment, or null; no row is touched in Python."""
    import narwhals.stable.v2 as nw

    if frame.schema[column] != nw.String:
        return False
    return bool(frame[column].drop_nulls().str.contains(_ISO_DAYS).all())


def mapped(frame: "nw.DataFrame[Any]", column: str, text_of: Mapping[Any, str]) -> "nw.DataFrame[Any]":
    """Return the frame with a column of text, in which each cell has its text and null stays null."""
    import narwhals.stable.v2 as nw

    series = frame[column]
    if not text_of:
        return frame
    if not is_text(frame, column):  # engines differ in what they can look up
        values = [text_of.get(value) for value in series.to_list()]
        return frame.with_columns(nw.new_series(column, values, nw.String, backend=frame.implementation))
    plain = series.cast(nw.String)
    return frame.with_columns(
        plain.replace_strict(list(text_of), list(text_of.values()), return_dtype=nw.String).alias(column)
    )


def with_numbers(frame: "nw.DataFrame[Any]", column: str, number_of: Mapping[str, float | None]) -> "nw.DataFrame[Any]":
    """Return the frame with a column of text as floats, NaN for what says nothing."""
    import narwhals.stable.v2 as nw

    if not number_of:
        return frame
    numbers = [float("nan") if number is None else number for number in number_of.values()]
    plain = frame[column].cast(nw.String)
    found = plain.replace_strict(list(number_of), numbers, return_dtype=nw.Float64)
    return frame.with_columns(found.alias(column))


def iso(moment: Moment | None) -> str:
    """Return a moment as ISO text, nothing for none."""
    return "" if moment is None else moment.isoformat()


def text_columns(
    columns: Sequence[str], but: Collection[str], texts_of: Callable[[str], Collection[str]]
) -> Iterator[tuple[str, Collection[str]]]:
    """Return columns with their distinct texts, those that hold any number or day among the first few."""
    for column in columns:
        if column in but:
            continue
        texts = texts_of(column)
        first = list(texts)[:_LOOKED_AT]
        if first and (_are_numbers(first) or not read_days(first).unread):
            yield column, texts


def _are_numbers(texts: Iterable[str]) -> bool:
    return all(map(is_read, read_numbers(texts).value.values()))


def own_meaning(value: Any, own: Mapping[str, str]) -> str | None:
    """Return what a setting says that a cell which is no text means: 2 where it lists "2"."""
    level = as_level(value)
    return None if level is None else own.get(level.casefold())


def formats_of(columns: Iterable[tuple[str, Collection[str]]]) -> Formats:
    """Return the formats of columns of text that leave no doubt: one way where all agree, else each column's own.

    Columns that need no setting, as every text is one number or day only, are those that tell; those in doubt get what
    the others have.
    """
    orders: dict[str, str] = {}
    marks: dict[str, str] = {}
    for column, texts in columns:
        days = read_days(texts)
        if not days.unread:
            orders |= {column: days.order} if days.order is not None and days.doubt is None else {}
        elif _are_numbers(texts):
            mark = read_numbers(texts).decimal
            marks |= {column: mark} if mark is not None else {}
    return Formats(dates=_one_way(orders), decimal=_one_way(marks))


def _one_way(ways: dict[str, str]) -> str | dict[str, str] | None:
    distinct_ways = set(ways.values())
    return next(iter(distinct_ways)) if len(distinct_ways) == 1 else (ways or None)
