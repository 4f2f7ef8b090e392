"""A file's column of text as what all its cells are: true/false, whole numbers, floats, dates, else text still."""

from typing import TYPE_CHECKING

from leadopt.progress import loaded

if TYPE_CHECKING:
    import polars as pl  # 100 ms, and an extra: imported where a file is met

_NUMBER = r"^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?(?:0|[1-9]\d*)$"
_COMMA_NUMBER = r"^[+-]?(?:0|[1-9]\d*)(?:,\d+)?$"
_DOUBTFUL = {  # three digits after the only mark may be thousands, unless another cell tells
    ".": r"^[+-]?(?:[1-9]\d{0,2}\.\d{3}|0|[1-9]\d*)$",
    ",": r"^[+-]?(?:[1-9]\d{0,2},\d{3}|0|[1-9]\d*)$",
}
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_MIDNIGHT = r"^\d{4}-\d{2}-\d{2} 00:00:00$"  # how a workbook's dates come
_MOMENT = r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)?$"
_TRUTH = r"^(?i:true|false)$"


def shown_mark(column: "pl.Series") -> str | None:
    """Return a number of a column that shows its decimal mark, in doubt one that could be read otherwise; else None."""
    cells = _nameless(column).drop_nulls()
    marked = cells.filter(cells.str.contains(r"\d[.,]\d"))
    doubtful = marked.filter(marked.str.contains(r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"))
    return next(iter([*doubtful.head(1), *marked.head(1)]), None)


def typed(column: "pl.Series", *, decimal_comma: bool) -> "pl.Series":
    """Return a column of text as what all its cells are; where it could be two kinds of numbers, it stays text."""
    return _typed(_nameless(column), decimal_comma=decimal_comma).alias(column.name)


def _nameless(column: "pl.Series") -> "pl.Series":
    """Return a column without its name, which polars could take for a pattern: "*"."""
    return column.alias("")


def _typed(column: "pl.Series", *, decimal_comma: bool) -> "pl.Series":
    loaded("polars")
    import polars as pl

    cells = column.drop_nulls()
    if cells.is_empty():
        return column
    if cells.str.contains(_TRUTH).all():
        return column.str.to_lowercase() == "true"
    found = column
    if cells.str.contains(_WHOLE).all():
        found = column.cast(pl.Int64, strict=False)
    elif cells.str.contains(_NUMBER).all() and not (
        cells.str.contains(_DOUBTFUL["."]).all() or (decimal_comma and cells.str.contains(_THOUSANDS).any())
    ):
        found = column.cast(pl.Float64, strict=False)
    elif decimal_comma and cells.str.contains(_COMMA_NUMBER).all() and not cells.str.contains(_DOUBTFUL[","]).all():
        found = column.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    elif cells.str.contains(_DATE).all():
        found = column.str.to_date("%Y-%m-%d", strict=False)
    elif cells.str.contains(_MIDNIGHT).all():
        found = column.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    elif cells.str.contains(_MOMENT).all():
        found = column.str.to_datetime(strict=False, time_unit="us")
    # A number beyond 64 bits, or the 30th of February, is left for leadopt to refuse with its row.
    return found if found.null_count() == column.null_count() else column
