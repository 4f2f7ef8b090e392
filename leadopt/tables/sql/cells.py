"""What the cells of a database mean: typed columns stay typed, text is read as in a CSV file."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from leadopt.progress import loaded
from leadopt.tables.books.typed import typed
from leadopt.tables.cells import as_level, is_missing
from leadopt.tables.sql.database import missing


def column_of(values: Sequence[Any], *, text: bool) -> list[Any]:
    """Return a column as `Table` reads it.

    Decimals become whole numbers or floats, blank text is missing, and text is typed as a column of a CSV file is,
    unless it is to stay `text`, as ids do.

    Examples
    --------
    >>> column_of([Decimal("1.50"), None], text=False), column_of(["7", " "], text=False), column_of(["7"], text=True)
    ([1.5, None], [7, None], ['7'])
    """
    plain = [_plain(value) for value in values]
    kinds = set(map(type, plain)) - {type(None)}
    if kinds & {float} and kinds <= {int, float}:
        return plain
    if str not in kinds or kinds - {str, int, float, bool}:
        return plain
    # SQLite lets a column hold numbers and text; one text makes text of all, as in a file.
    cells = [None if value is None else as_level(value) for value in plain]
    return cells if text else typed_text(cells)


def typed_text(cells: Sequence[str | None]) -> list[Any]:
    """Return cells of text as what all of them are, by the rules of a CSV file with commas between its fields.

    >>> typed_text(["1.5", None, "2"]), typed_text(["007", "8"]), typed_text(["2026-01-31"])
    ([1.5, None, 2.0], ['007', '8'], [datetime.date(2026, 1, 31)])
    """
    try:
        loaded("polars")
        import polars as pl
    except ModuleNotFoundError:
        raise missing("polars") from None
    return list(typed(pl.Series("cells", list(cells), dtype=pl.String), decimal_comma=False).to_list())


def columns_of(names: Sequence[str], rows: Sequence[Sequence[Any]], text: Collection[str]) -> dict[str, list[Any]]:
    """Return rows as columns by name, each as `column_of` reads it; `text` are those that stay text."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: column_of(list(values), text=name in text) for name, values in zip(names, columns, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, memoryview | bytearray):
        return bytes(value)
    return None if is_missing(value) else value


def _number(value: Decimal) -> int | float | None:
    if value.is_nan():
        return None
    return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
