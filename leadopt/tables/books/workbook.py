"""A workbook that people can hand on: sheets with a frozen header, widths that fit, per cents, dates and numbers."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any

from leadopt.errors import InvalidInput

MOST_ROWS = 1_048_575
"""That a sheet holds below its header."""
_LONGEST = 32_767  # characters of a cell
_WIDEST, _NARROWEST = 60, 6  # characters of a column
_EXACT = 2**53  # whole numbers beyond are not kept by a sheet, which holds floats
_MEASURED = 1_000  # rows that tell how wide a column is
_MADE = datetime(2000, 1, 1)  # the same table is the same file, whenever it is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A sheet to be written.

    Parameters
    ----------
    name
        of the sheet
    columns
        cells by the name of their column
    percents
        columns of shares, to be shown as per cents
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    percents: Collection[str] = ()


def workbook(pages: Sequence[Page]) -> bytes:
    """Return a workbook with a sheet for each page.

    Raises
    ------
    InvalidInput
        more rows than a sheet holds
    """
    import xlsxwriter

    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": _MADE})
        head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#DDE6F0", "valign": "top", "text_wrap": True})
        for page in pages:
            _write(book, book.add_worksheet(page.name), page, head)
    return content.getvalue()


def _write(book: Any, sheet: Any, page: Page, head: Any) -> None:
    n_rows = len(next(iter(page.columns.values()), ()))
    if n_rows > MOST_ROWS:
        raise InvalidInput(f"a sheet holds {MOST_ROWS:,} rows at most; found {n_rows:,}: write .csv or .parquet")
    for place, (name, cells) in enumerate(page.columns.items()):
        sheet.write_string(0, place, name, head)
        shape = book.add_format({"num_format": _shape(cells, percent=name in page.percents), "valign": "top"})
        long = _length(name, cells) > _WIDEST
        shape.set_text_wrap(long)
        for row, cell in enumerate(cells, 1):
            _write_cell(sheet, row, place, cell, shape)
        sheet.set_column(place, place, max(_NARROWEST, min(_WIDEST, _length(name, cells))) + 2)
    sheet.freeze_panes(1, 1 if len(page.columns) > 2 else 0)
    if page.columns and n_rows:
        sheet.autofilter(0, 0, n_rows, len(page.columns) - 1)


def _write_cell(sheet: Any, row: int, column: int, cell: Any, shape: Any) -> None:
    if cell is None or (isinstance(cell, float) and not isfinite(cell)):
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, shape)
    elif isinstance(cell, int | float) and abs(cell) < _EXACT:
        sheet.write_number(row, column, cell, shape)
    elif isinstance(cell, date) and not (isinstance(cell, datetime) and cell.tzinfo) and cell.year > 1900:
        sheet.write_datetime(row, column, cell, shape)
    else:
        sheet.write_string(row, column, str(cell)[:_LONGEST], shape)


def _shape(cells: Sequence[Any], *, percent: bool) -> str:
    """Return how the cells of a column are shown."""
    known = [cell for cell in cells if cell is not None]
    if any(isinstance(cell, datetime) for cell in known):
        return "yyyy-mm-dd hh:mm"
    if any(isinstance(cell, date) for cell in known):
        return "yyyy-mm-dd"
    numbers = [cell for cell in known if isinstance(cell, int | float) and not isinstance(cell, bool)]
    if not numbers:
        return "@" if any(isinstance(cell, str) for cell in known) else "General"
    if percent:
        return "0.0%"
    if all(isinstance(number, int) for number in numbers):
        return "#,##0"
    size = max((abs(number) for number in numbers if isfinite(number)), default=0.0)
    return "#,##0" if size >= 1e4 else "#,##0.00" if size >= 1.0 else "0.0000"


def _length(name: str, cells: Sequence[Any]) -> int:
    shown = (f"{cell:,.2f}" if isinstance(cell, float) else str(cell) for cell in cells[:_MEASURED] if cell is not None)
    return max([len(name) + 2, *map(_columns_of, shown)])


def _columns_of(text: str) -> int:
    """Return how many columns text takes: Chinese characters take two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
