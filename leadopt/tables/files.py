"""Tables from files and to files: CSV, Parquet and Excel, told apart by the extension.

A spreadsheet's export is full of traps, so a CSV file is read as text and each column is typed as a whole: ids stay
text ("007" is not 7), a column is numeric only if every cell is a number that loses nothing, and a separator, a
byte-order mark or a decimal comma is recognised. What could mean two things stays text, and is refused where a number
is needed.
"""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from leadopt.errors import InvalidInput
from leadopt.tables.text import count

if TYPE_CHECKING:
    import polars as pl  # 100 ms, and an extra: imported where a file is met

EXTENSIONS = (".csv", ".tsv", ".parquet", ".xlsx")

_SEPARATORS = (",", ";", "\t")
_NUMBER = r"^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$"
_WHOLE = r"^[+-]?(?:0|[1-9]\d*)$"
_WHOLE_FLOAT = r"^\d+\.0$"
_COMMA_NUMBER = r"^[+-]?(?:0|[1-9]\d*)(?:,\d+)?$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TRUTH = r"^(?i:true|false)$"
_UNNAMED = "unnamed column"


def read_table(path: str | Path, text: Collection[str] = ("lead_id", "rep_id")) -> "pl.DataFrame":
    """Return the table in a file.

    Parameters
    ----------
    path
        a .csv or .tsv file (UTF-8; fields separated by comma, semicolon or tab, whichever the header uses), .parquet,
        or .xlsx (the first sheet)
    text
        columns that are read as text whatever they hold: the ids

    Returns
    -------
    polars.DataFrame
        columns of whole numbers, floats, true/false, dates or text; rows without any cell are left out

    Raises
    ------
    InvalidInput
        no such file, an unknown extension, no readable table, or a package that is not installed

    Notes
    -----
    In a CSV file with semicolons, 1,5 is a number; 1.500 could be either 1500 or 1.5 and stays text.
    """
    path = Path(path)
    read = _READERS[_extension(path)]
    _need_polars()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {_reason(error)}") from None
    if not content.strip():
        raise InvalidInput(f"{path}: the file is empty; a table needs a line with the names of its columns")
    frame = read(path, content, frozenset(text))
    for column in set(text) & set(frame.columns):
        frame = frame.with_columns(_as_text(frame[column]))
    return frame.filter(_any_cell(frame))


def write_table(table: "pl.DataFrame | Mapping[str, Sequence[Any]]", path: str | Path) -> None:
    """Write a table, a data frame or columns by name, to a file in the format of its extension; replaces the file.

    Raises
    ------
    InvalidInput
        an unknown extension, a file that cannot be written, or a package that is not installed
    """
    path = Path(path)
    check_writable(path)
    _need_polars()
    import polars as pl

    frame = pl.DataFrame(dict(table), strict=False) if isinstance(table, Mapping) else table
    frame = frame.with_columns(pl.col(pl.Null).cast(pl.String))
    content = io.BytesIO()
    try:
        _WRITERS[_extension(path)](frame, content)
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    write_bytes(path, content.getvalue())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, or raise `InvalidInput` with the path and the reason."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be written: {_reason(error)}") from None


def check_writable(path: Path) -> None:
    """Raise `InvalidInput` if no table can be written there, before any work is done."""
    _extension(path)
    if path.is_dir():
        raise InvalidInput(f"{path}: cannot be written: it is a folder")
    if not path.parent.is_dir():
        raise InvalidInput(f"{path}: cannot be written: there is no folder {path.parent}")


def _extension(path: Path) -> str:
    extension = path.suffix.lower()
    if extension not in EXTENSIONS:
        found = f"found {extension!r}" if extension else "found none"
        raise InvalidInput(f"{path}: the extension must be {', '.join(EXTENSIONS[:-1])} or {EXTENSIONS[-1]}; {found}")
    return extension


def _read_csv(path: Path, content: bytes, text: frozenset[str]) -> "pl.DataFrame":
    import polars as pl

    try:
        table = content.decode("utf-8-sig").lstrip("\r\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput(
            f"{path}, line {line}: must be text in UTF-8; found byte {content[error.start]:#04x}. "
            'Save it as "CSV UTF-8"'
        ) from None
    separator = _separator(table.splitlines()[0])
    names = _header(path, table, separator)
    try:
        frame = pl.read_csv(table.encode(), separator=separator, infer_schema=False, new_columns=names)
    except pl.exceptions.PolarsError as error:
        _refuse_csv(path, table, separator, len(names), _first_line(error))
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    unnamed = [name for name in names if name.startswith(_UNNAMED) and frame[name].null_count() == len(frame)]
    comma = separator == ";"
    return frame.drop(unnamed).with_columns(
        _typed(frame[name], decimal_comma=comma) for name in names if name not in text and name not in unnamed
    )


def _read_parquet(path: Path, content: bytes, text: frozenset[str]) -> "pl.DataFrame":
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(f"{path}: is not a Parquet file that can be read: {_first_line(error)}") from None


def _read_excel(path: Path, content: bytes, text: frozenset[str]) -> "pl.DataFrame":
    import polars as pl

    try:
        return pl.read_excel(io.BytesIO(content), infer_schema_length=None, raise_if_empty=False)
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    except Exception as error:  # fastexcel and polars raise types of their own for each way to be no workbook
        raise InvalidInput(f"{path}: is not an Excel file that can be read: {_first_line(error)}") from None


def _separator(header: str) -> str:
    # max takes the first of equals, so a single column counts as comma-separated.
    return max(_SEPARATORS, key=lambda separator: len(next(csv.reader([header], delimiter=separator))))


def _header(path: Path, table: str, separator: str) -> list[str]:
    names = [name.strip() for name in next(csv.reader(io.StringIO(table), delimiter=separator))]
    twice = [name for k, name in enumerate(names) if name and name in names[:k]]
    if twice:
        raise InvalidInput(f"{path}: column names must be unique; found {twice[0]!r} twice")
    return [name or f"{_UNNAMED} {k}" for k, name in enumerate(names, 1)]


def _refuse_csv(path: Path, table: str, separator: str, n_columns: int, reason: str) -> NoReturn:
    rows = csv.reader(io.StringIO(table), delimiter=separator)
    for row in rows:
        if len(row) > n_columns:
            raise InvalidInput(
                f"{path}, line {rows.line_num}: has {len(row)} fields, and the header names "
                f"{count(n_columns, 'column')} (with {_word(separator)} between them); "
                f"put quotes around a field that holds {_word(separator)}"
            ) from None
    raise InvalidInput(f"{path}: is not a table with {_word(separator)} between its fields: {reason}") from None


def _typed(column: "pl.Series", *, decimal_comma: bool) -> "pl.Series":
    """Return a column of text as what all its cells are: true/false, whole numbers, floats, ISO dates, else text."""
    import polars as pl

    cells = column.drop_nulls()
    if cells.is_empty():
        return column
    if cells.str.contains(_TRUTH).all():
        return column.str.to_lowercase() == "true"
    typed = column
    if cells.str.contains(_WHOLE).all():
        typed = column.cast(pl.Int64, strict=False)
    elif cells.str.contains(_NUMBER).all() and not (decimal_comma and cells.str.contains(_THOUSANDS).any()):
        typed = column.cast(pl.Float64, strict=False)
    elif decimal_comma and cells.str.contains(_COMMA_NUMBER).all():
        typed = column.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    elif cells.str.contains(_DATE).all():
        typed = column.str.to_date("%Y-%m-%d", strict=False)
    # A number beyond 64 bits, or the 30th of February, is left for leadopt to refuse with its row.
    return typed if typed.null_count() == column.null_count() else column


def typed_text(cells: Sequence[str | None]) -> list[Any]:
    """Return cells of text as what all of them are, by the rules of a CSV file with commas between its fields.

    >>> typed_text(["1.5", None, "2"]), typed_text(["007", "8"]), typed_text(["2026-01-31"])
    ([1.5, None, 2.0], ['007', '8'], [datetime.date(2026, 1, 31)])
    """
    _need_polars()
    import polars as pl

    column = pl.Series("cells", list(cells), dtype=pl.String).str.strip_chars().replace("", None)
    return _typed(column, decimal_comma=False).to_list()


def _as_text(column: "pl.Series") -> "pl.Series":
    """Return ids as text; whole numbers that were floats because one was missing lose their ".0"."""
    import polars as pl

    if column.dtype.is_float() and (column.is_null() | (column == column.floor())).all():
        column = column.cast(pl.Int64)
    ids = column if column.dtype == pl.String else column.cast(pl.String)
    return ids.str.strip_suffix(".0") if ids.drop_nulls().str.contains(_WHOLE_FLOAT).all() else ids


def _any_cell(frame: "pl.DataFrame") -> "pl.Expr":
    import polars as pl

    return pl.any_horizontal(pl.all().is_not_null()) if frame.columns else pl.lit(value=True)


def _need_polars() -> None:
    try:
        import polars  # noqa: F401  # the functions below import it again, where the type checker follows
    except ModuleNotFoundError as error:
        raise _missing(error) from None


def _missing(error: ModuleNotFoundError) -> InvalidInput:
    package = error.name or "fastexcel and xlsxwriter"  # polars reports these two without a name
    return InvalidInput(f'reading and writing files needs {package}; install it with: pip install "leadopt[cli]"')


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _word(separator: str) -> str:
    return {",": "a comma", ";": "a semicolon", "\t": "a tab"}[separator]


def _csv_writer(separator: str) -> Callable[["pl.DataFrame", io.BytesIO], object]:
    return lambda frame, content: frame.write_csv(content, separator=separator)


_READERS: dict[str, Callable[[Path, bytes, frozenset[str]], "pl.DataFrame"]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
}
_WRITERS: dict[str, Callable[["pl.DataFrame", io.BytesIO], object]] = {
    ".csv": _csv_writer(","),
    ".tsv": _csv_writer("\t"),
    ".parquet": lambda frame, content: frame.write_parquet(content),
    ".xlsx": lambda frame, content: frame.write_excel(content),
}
