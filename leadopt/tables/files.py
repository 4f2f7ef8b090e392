"""Tables from files and to files: CSV, Parquet and Excel, told apart by the extension.

A spreadsheet's export is full of traps, so a file without types is read as text and each column is typed as a whole:
ids stay text ("007" is not 7), a column is numeric only if every cell is a number that loses nothing, and a separator,
an encoding or a title above the header is recognised and said. What could mean two things stays text, for `Table` to
read where it is needed, or to refuse with its line.
"""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from leadopt.errors import InvalidInput, enumerate_some
from leadopt.progress import loaded
from leadopt.tables.books.marks import charts_of
from leadopt.tables.books.sheets import BOOKS, choose_sheet, read_sheet, split_sheet
from leadopt.tables.books.typed import shown_mark, typed
from leadopt.tables.books.workbook import Page, workbook
from leadopt.tables.reading.encodings import Undecodable, decode, other_kind
from leadopt.tables.reading.grids import broken_quote, header_row, hinted_separator, likely_separator
from leadopt.tables.reading.place import Place
from leadopt.tables.reading.reader import Reading
from leadopt.tables.table import Table
from leadopt.tables.text import count

if TYPE_CHECKING:
    import polars as pl  # 100 ms, and an extra: imported where a file is met

EXTENSIONS = (".csv", ".tsv", ".parquet", ".xlsx")
"""That are written; other kinds of workbooks are read too."""

_WHOLE_FLOAT = r"^\d+\.0$"
_UNNAMED = "unnamed column"
_HEAD = 40  # lines that tell the separator and the header


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is read: the file as it is named in messages, columns of text, the table that it holds, and its sheet."""

    path: Path
    text: frozenset[str]
    kind: str | None
    sheet: str | None


def read_file(
    path: str | Path,
    text: Collection[str] = ("lead_id", "rep_id"),
    *,
    name: str | None = None,
    sheet: str | None = None,
) -> Table:
    """Return the table in a file, which knows its lines: messages name them.

    Parameters
    ----------
    path
        a .csv or .tsv file (UTF-8, UTF-16, and GB18030 or Windows-1252 where nothing else fits; fields separated by
        comma, semicolon, tab or bar, whichever fits), .parquet, or a workbook (.xlsx, .xlsm, .xls, .xlsb, .ods), with
        a sheet after a colon: ``book.xlsx:Leads``
    text
        columns that are read as text whatever they hold: the ids. They tell the header, too
    name
        what messages call the table, "leads" or "reps", by which a sheet is found; None = as the file
    sheet
        of a workbook; None = as the path has it, or the one whose name speaks of the table, else the first

    Returns
    -------
    Table
        of a polars data frame, with columns of whole numbers, floats, true/false, dates or text; rows without any cell
        are left out. Its notes say what was recognised

    Raises
    ------
    InvalidInput
        no such file or sheet, an unknown extension, no readable table, or a package that is not installed
    """
    file, named = (str(path), None) if Path(path).exists() else split_sheet(str(path))
    asked = _Asked(path=Path(file), text=frozenset(text), kind=name, sheet=sheet or named)
    extension = _extension(asked.path, (*EXTENSIONS, *BOOKS[1:]))
    if asked.sheet is not None and extension not in BOOKS:
        raise InvalidInput(f"{file}: has no sheets; only workbooks ({', '.join(BOOKS)}) have them")
    _need_polars()
    content = _content(asked.path)
    frame, place, notes = _READERS.get(extension, _read_excel)(asked, content)
    for column in set(text) & set(frame.columns):
        frame = frame.with_columns(_as_text(frame[column]))
    reading = Reading(notes=dict.fromkeys(notes))
    table = Table(frame, name or file, reading, place)
    there = frame.select(_any_cell(frame)).to_series().to_numpy()
    return table if there.all() else table.take(there.nonzero()[0])


def sheets_of(path: str | Path) -> tuple[list[str], list[str], dict[str, str]]:
    """Return the names of the sheets of a workbook, of those that are shown, and what others without cells are.

    Raises
    ------
    InvalidInput
        it cannot be read
    """
    return _open_book(Path(path), _content(Path(path)))[1:]


def read_table(path: str | Path, text: Collection[str] = ("lead_id", "rep_id")) -> "pl.DataFrame":
    """Return the table in a file as a data frame; see `read_file`."""
    frame: pl.DataFrame = read_file(path, text).native
    return frame


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


def write_book(pages: Sequence[Page], path: Path) -> None:
    """Write a workbook with several sheets; replaces the file."""
    try:
        write_bytes(path, workbook(pages))
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error}") from None


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


def _extension(path: Path, known: Sequence[str] = EXTENSIONS) -> str:
    extension = path.suffix.lower()
    if extension not in known:
        found = f"found {extension!r}" if extension else "found none"
        raise InvalidInput(f"{path}: the extension must be {', '.join(EXTENSIONS[:-1])} or {EXTENSIONS[-1]}; {found}")
    return extension


_Read = tuple["pl.DataFrame", Place | None, list[str]]


def _read_csv(asked: _Asked, content: bytes) -> _Read:
    import polars as pl

    path = asked.path
    table, notes = _decoded(path, content)
    lines = table.split("\n", _HEAD + 1)[: _HEAD + 1]
    hint = hinted_separator(lines[0])
    head = lines[1:] if hint else lines
    separator = hint or likely_separator(head)
    rows = csv.reader([f"{line}\n" for line in head], delimiter=separator)
    starts = [(line, row) for line, row in _numbered(rows)]
    place = header_row([row for _, row in starts], asked.text)
    skipped = sum(any(map(str.strip, row)) for _, row in starts[:place])
    first = starts[place][0] + bool(hint)  # lines are counted from 1
    table = table.split("\n", first - 1)[-1]
    notes += [f"{path}: {count(skipped, 'line')} above the header left out"] if skipped else []
    names = _header(path, starts[place][1])
    try:
        frame = pl.read_csv(table.encode(), separator=separator, infer_schema=False, new_columns=names)
    except pl.exceptions.PolarsError as error:
        _refuse_csv(path, table, separator, len(names), _first_line(error), first - 1)
    frame = frame.with_columns(pl.all().str.strip_chars().replace("", None))
    numbers, comma = partial(_lines_of, table, separator, first - 1), separator == ";"
    found = _named(frame, asked.text, decimal_comma=comma)
    floats = [name for name in found.columns if comma and found[name].dtype.is_float()]
    shown = {name: cell for name in floats if (cell := shown_mark(frame[name])) is not None}
    return found, Place(file=str(path), unit="line", numbers=numbers, decimals=shown), notes


def _decoded(path: Path, content: bytes) -> tuple[str, list[str]]:
    if kind := other_kind(content):
        raise InvalidInput(f"{path}: is {kind}")
    try:
        text, guessed = decode(content)
    except Undecodable as error:
        if error.byte == 0:
            raise InvalidInput(
                f'{path}, line {error.line}: holds a byte 0, as damaged files do; save it as "CSV UTF-8" anew'
            ) from None
        raise InvalidInput(
            f'{path}, line {error.line}: must be text in UTF-8; found byte {error.byte:#04x}. Save it as "CSV UTF-8"'
        ) from None
    if not text.strip():
        raise InvalidInput(f"{path}: the file is empty; a table needs a line with the names of its columns")
    said = f'{path}: read as {guessed}; if letters look wrong, save it as "CSV UTF-8"'
    return text, [said] if guessed else []


def _numbered(rows: Any) -> list[tuple[int, list[str]]]:
    """Return the records of a CSV reader with the line that each begins on."""
    found, begins = [], 1
    try:
        for row in rows:
            found.append((begins, row))
            begins = rows.line_num + 1
    except csv.Error:  # a field beyond any size: what is wrong is said where the whole file is read
        pass
    return found or [(1, [])]


def _lines_of(table: str, separator: str, before: int) -> list[int]:
    """Return the line of each record with a cell below the header; `before` lines stand above it."""
    records = _numbered(csv.reader(io.StringIO(table), delimiter=separator))
    return [before + line for line, _ in records[1:]]


def _named(frame: "pl.DataFrame", text: Collection[str], *, decimal_comma: bool) -> "pl.DataFrame":
    """Return a frame of text with typed columns, and without those that have neither a name nor a cell."""
    unnamed = [name for name in frame.columns if name.startswith(_UNNAMED) and frame[name].null_count() == len(frame)]
    kept = [name for name in frame.columns if name not in unnamed]
    return frame.select(
        frame[name] if name in text else typed(frame[name], decimal_comma=decimal_comma) for name in kept
    )


def _read_parquet(asked: _Asked, content: bytes) -> _Read:
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(content)), None, []
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(f"{asked.path}: is not a Parquet file that can be read: {_first_line(error)}") from None


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {_reason(error)}") from None
    if not content.strip():
        raise InvalidInput(f"{path}: the file is empty; a table needs a line with the names of its columns")
    return content


def _open_book(path: Path, content: bytes) -> tuple[Any, list[str], list[str], dict[str, str]]:
    """Return a workbook, and what `sheets_of` does."""
    try:
        loaded("fastexcel")
        import fastexcel

        book = fastexcel.read_excel(content)
        charts = charts_of(content)  # to load one would print a warning of calamine's
        names = [name for name in book.sheet_names if name not in charts]
        sheets = [book.load_sheet(name, n_rows=1, header_row=None, dtypes="string") for name in names]
        return book, names, [sheet.name for sheet in sheets if sheet.visible == "visible"], charts
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    except Exception as error:  # fastexcel raises types of its own for each way to be no workbook
        reason = f"it is {kind}" if (kind := other_kind(content)) and ".xls" not in kind else _first_line(error)
        raise InvalidInput(f"{path}: is not an Excel file that can be read: {reason}") from None


def _read_excel(asked: _Asked, content: bytes) -> _Read:
    path = asked.path
    book, names, shown, charts = _open_book(path, content)
    name = choose_sheet(str(path), names, shown, asked.kind, asked.sheet, charts)
    where = f"{path}, sheet {name}"
    try:
        grid = book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except Exception as error:
        raise InvalidInput(f"{where}: cannot be read: {_first_line(error)}") from None
    sheet = read_sheet(grid, content, name, sorted(asked.text))
    if not any(sheet.names):
        raise InvalidInput(f"{where}: is empty; a table needs a row with the names of its columns")
    others = [f"{other!r}" for other in names if other != name]
    notes = [f"{where}: {note}" for note in sheet.notes]
    notes += [f"{path}: sheet {other!r} is {what}, and left out" for other, what in charts.items() if not asked.sheet]
    if others and asked.sheet is None:
        notes.insert(0, f"{path}: read sheet {name!r}, not {enumerate_some(others, 4)} ({path}:SHEET reads another)")
    frame = sheet.grid.rename(dict(zip(sheet.grid.columns, _header(Path(where), sheet.names), strict=True)))
    rows = range(sheet.first_row, sheet.first_row + frame.height)
    at = Place(file=where, unit="row", numbers=lambda: rows)
    return _named(frame, asked.text, decimal_comma=False), at, notes


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    names = [name.strip() for name in cells]
    twice = [name for k, name in enumerate(names) if name and name in names[:k]]
    if twice:
        raise InvalidInput(f"{path}: column names must be unique; found {twice[0]!r} twice")
    return [name or f"{_UNNAMED} {k}" for k, name in enumerate(names, 1)]


def _refuse_csv(path: Path, table: str, separator: str, n_columns: int, reason: str, before: int) -> NoReturn:
    if line := broken_quote(table, separator):
        raise InvalidInput(
            f"{path}, line {before + line}: a field holds a quote that does not stand around all of it; put quotes "
            'around the whole field, and double those within ("12"" pipe")'
        ) from None
    rows = csv.reader(io.StringIO(table), delimiter=separator)
    for row in rows:
        if len(row) > n_columns:
            raise InvalidInput(
                f"{path}, line {before + rows.line_num}: has {len(row)} fields, and the header names "
                f"{count(n_columns, 'column')} (with {_word(separator)} between them); "
                f"put quotes around a field that holds {_word(separator)}"
            ) from None
    raise InvalidInput(f"{path}: is not a table with {_word(separator)} between its fields: {reason}") from None


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
        loaded("polars")
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
    return {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}.get(separator, repr(separator))


def _csv_writer(separator: str) -> Callable[["pl.DataFrame", io.BytesIO], object]:
    return lambda frame, content: frame.write_csv(content, separator=separator)


def _write_excel(frame: "pl.DataFrame", content: io.BytesIO) -> None:
    content.write(workbook([Page(name="table", columns=frame.to_dict(as_series=False))]))


_READERS: dict[str, Callable[[_Asked, bytes], _Read]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".parquet": _read_parquet,
}
_WRITERS: dict[str, Callable[["pl.DataFrame", io.BytesIO], object]] = {
    ".csv": _csv_writer(","),
    ".tsv": _csv_writer("\t"),
    ".parquet": lambda frame, content: frame.write_parquet(content),
    ".xlsx": _write_excel,
}
