"""What is written can be handed on: names and text as they are, per cents, dates, widths, a frozen header."""

import io
import zipfile
from datetime import date

import fastexcel
import pytest

from leadopt.errors import InvalidInput
from leadopt.tables.books.workbook import MOST_ROWS, Page, workbook

PAGE = Page(
    name="plan",
    columns={
        "lead_id": ["007", "=1+1", "x" * 40_000],
        "probability": [0.25, None, float("nan")],
        "gain": [22700.5, 1.0, -3.0],
        "at": [date(2026, 1, 31), None, date(2026, 2, 1)],
        "big": [2**60, 1, None],
    },
    percents=("probability",),
)


def part(content, name):
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


def test_cells_are_what_they_were():
    frame = fastexcel.read_excel(workbook([PAGE])).load_sheet("plan", dtypes="string").to_polars()
    assert frame["lead_id"].to_list()[:2] == ["007", "=1+1"]
    assert frame["probability"].to_list() == ["0.25", None, None]
    assert frame["big"].to_list() == [str(2**60), "1", None]
    assert frame["at"][0].startswith("2026-01-31")


def test_shapes_and_a_frozen_header():
    content = workbook([PAGE, Page(name="notes", columns={"notes": []})])
    sheet, styles = part(content, "xl/worksheets/sheet1.xml"), part(content, "xl/styles.xml")
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet
    assert 'formatCode="0.0%"' in styles
    assert 'formatCode="yyyy-mm-dd"' in styles
    assert "<f>" not in sheet
    assert workbook([PAGE]) == workbook([PAGE])


def test_more_rows_than_a_sheet_holds_are_refused():
    with pytest.raises(InvalidInput, match=r"a sheet holds 1,048,575 rows at most; found 1,048,576"):
        workbook([Page(name="a", columns={"a": range(MOST_ROWS + 1)})])
