import sys
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from leadopt.errors import InvalidInput
from leadopt.tables.files import EXTENSIONS, read_table, write_table


@pytest.fixture
def csv(tmp_path):
    def read(text, name="leads.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return read_table(path)

    return read


def refusal(function, *arguments):
    with pytest.raises(InvalidInput) as caught:
        function(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_what_is_written_is_read_back(tmp_path, extension):
    table = {
        "lead_id": ["007", "a;b", 'say "x"'],
        "value": [1.5, None, -2e-7],
        "n": [1, 2, 3],
        "won": [True, None, False],
        "at": [date(2026, 1, 31), None, date(1999, 12, 1)],
        "nothing": [None, None, None],
    }
    path = tmp_path / f"table{extension}"
    write_table(table, path)
    frame = read_table(path)
    assert frame.to_dict(as_series=False) == table
    write_table(frame, path)
    assert read_table(path).equals(frame)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_ids_are_text_in_every_format(tmp_path, extension):
    path = tmp_path / f"table{extension}"
    write_table({"lead_id": [17, 18], "rep_id": [4.0, None], "n": [17, 18]}, path)
    assert read_table(path).rows() == [("17", "4", 17), ("18", None, 18)]


def test_the_names_of_id_columns_are_an_option(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("key,lead_id\n01,01\n2,2\n")
    assert read_table(path, ["key"]).rows() == [("01", "01"), ("2", "2")]
    path.write_text("key,lead_id\n1,1\n2,2\n")
    assert read_table(path, ["key"]).rows() == [("1", 1), ("2", 2)]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_table_without_rows_keeps_its_columns(tmp_path, extension):
    path = tmp_path / f"table{extension}"
    write_table({"lead_id": [], "value": []}, path)
    frame = read_table(path)
    assert frame.columns == ["lead_id", "value"]
    assert frame.height == 0


def test_semicolons_byte_order_mark_decimal_comma_and_leading_zeros(csv):
    frame = csv("\ufefflead_id;value;on\r\n007;1,5;2026-01-31\r\n 08 ;2;\r\n")
    assert frame.rows() == [("007", 1.5, date(2026, 1, 31)), ("08", 2.0, None)]
    assert frame.columns == ["lead_id", "value", "on"]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "a;b\n1;2\n", "a\tb\n1\t2\n", '"a;b",b\n1,2\n', "\n\na,b\n1,2"])
def test_the_header_tells_the_separator(csv, text):
    assert csv(text).rows() == [(1, 2)]


def test_a_single_column_needs_no_separator(csv):
    assert csv("lead_id\n7\n").rows() == [("7",)]


@pytest.mark.parametrize(
    ("cells", "typed"),
    [
        (["1", "-2", "+3"], [1, -2, 3]),
        (["1", "2.5", "1e3"], [1.0, 2.5, 1000.0]),
        (["true", "FALSE", ""], [True, False, None]),
        (["01", "2", "3"], ["01", "2", "3"]),
        (["1", "x", ""], ["1", "x", None]),
        (["1,5", "2", "3"], ["1,5", "2", "3"]),
        (["99999999999999999999", "1", "2"], ["99999999999999999999", "1", "2"]),
        (["2026-01-31", "", "2025-12-01"], [date(2026, 1, 31), None, date(2025, 12, 1)]),
        (["2026-02-30", "2026-01-01", ""], ["2026-02-30", "2026-01-01", None]),
        (["31.01.2026", "01.02.2026", ""], ["31.01.2026", "01.02.2026", None]),
        (["", "", ""], [None, None, None]),
    ],
)
def test_a_column_is_typed_only_if_every_cell_agrees(csv, cells, typed):
    rows = "".join(f'x{k},"{cell}"\n' for k, cell in enumerate(cells))
    assert csv(f"lead_id,c\n{rows}")["c"].to_list() == typed


@pytest.mark.parametrize(
    ("cells", "typed"),
    [
        (["1,5", "2", "3,25"], [1.5, 2.0, 3.25]),
        (["1.5", "2", "3"], [1.5, 2.0, 3.0]),
        (["1.500", "2", "3"], ["1.500", "2", "3"]),
        (["1.500,25", "2", "3"], ["1.500,25", "2", "3"]),
    ],
)
def test_semicolon_files_may_have_decimal_commas_but_nothing_is_guessed(csv, cells, typed):
    rows = "".join(f"x{k};{cell}\n" for k, cell in enumerate(cells))
    assert csv(f"lead_id;c\n{rows}")["c"].to_list() == typed


def test_types_are_judged_by_the_last_row_too(csv):
    rows = "".join(f"{k},{k}\n" for k in range(2000))
    assert csv(f"lead_id,c\n{rows}x,0.5\n")["c"][-1] == 0.5


def test_blank_rows_and_unnamed_empty_columns_are_left_out(csv):
    frame = csv("lead_id;a;;\n1;2;;\n;;;\n\n")
    assert frame.columns == ["lead_id", "a"]
    assert frame.rows() == [("1", 2)]


def test_excel_gives_its_first_sheet(tmp_path):
    import xlsxwriter

    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, value in (("first", 1), ("second", 2)):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["lead_id", "at", "v"])
            sheet.write(1, 0, value)
            sheet.write_datetime(1, 1, datetime(2026, 1, 31), book.add_format({"num_format": "yyyy-mm-dd"}))
            sheet.write(1, 2, 0.5)
    assert read_table(path).rows() == [("1", date(2026, 1, 31), 0.5)]


def test_numpy_columns_can_be_written(tmp_path):
    write_table({"a": np.array([1.5, 2.5]).tolist()}, tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet")["a"].to_list() == [1.5, 2.5]


def test_bad_files_are_refused_in_one_sentence_with_their_path(csv, tmp_path):
    path = tmp_path / "leads.csv"
    assert refusal(read_table, path) == f"{path}: cannot be read: no such file or directory"
    empty = f"{path}: the file is empty; a table needs a line with the names of its columns"
    assert refusal(csv, "") == refusal(csv, " \n\n") == empty
    assert refusal(csv, "a,b\n1,2\n1,2,3\n") == (
        f"{path}, line 3: has 3 fields, and the header names 2 columns (with a comma between them); "
        "put quotes around a field that holds a comma"
    )
    assert refusal(csv, "Notes\na,b\n1,2\n\n1,2,3\n") == (
        f"{path}, line 5: has 3 fields, and the header names 2 columns (with a comma between them); "
        "put quotes around a field that holds a comma"
    )
    assert refusal(csv, "a;b;a\n1;2;3\n") == f"{path}: column names must be unique; found 'a' twice"
    assert refusal(csv, 'a\tb\n"1\t2\n').startswith(f"{path}, line 2: a field holds a quote that does not stand around")
    assert refusal(csv, "lead_id,name\n1,Иван\n", "leads.csv", "cp1251") == (
        f'{path}, line 2: must be text in UTF-8; found byte 0xc8. Save it as "CSV UTF-8"'
    )


@pytest.mark.parametrize(("name", "format"), [("a.parquet", "a Parquet file"), ("a.xlsx", "an Excel file")])
def test_files_that_are_not_what_they_are_called_are_refused(csv, tmp_path, name, format):  # noqa: A002
    assert refusal(csv, "a,b\n1,2\n", name).startswith(f"{tmp_path / name}: is not {format} that can be read: ")


@pytest.mark.parametrize(("name", "found"), [("a.txt", "'.txt'"), ("a", "none"), ("a.json", "'.json'")])
def test_unknown_extensions_name_the_known_ones(tmp_path, name, found):
    path = tmp_path / name
    sentence = f"{path}: the extension must be .csv, .tsv, .parquet or .xlsx; found {found}"
    assert refusal(read_table, path) == refusal(write_table, {"a": [1]}, path) == sentence


def test_extensions_may_be_upper_case(csv):
    assert csv("a,b\n1,2\n", "LEADS.CSV").rows() == [(1, 2)]


def test_files_that_cannot_be_written_are_refused(tmp_path):
    path = tmp_path / "no" / "a.csv"
    assert refusal(write_table, {"a": [1]}, path) == f"{path}: cannot be written: there is no folder {path.parent}"
    (tmp_path / "b.csv").mkdir()
    assert refusal(write_table, {"a": [1]}, tmp_path / "b.csv").endswith("b.csv: cannot be written: it is a folder")
    assert refusal(read_table, tmp_path / "b.csv").endswith("b.csv: cannot be read: is a directory")


def test_a_missing_package_says_how_to_install_it(tmp_path, csv, monkeypatch):
    csv("a,b\n1,2\n")
    monkeypatch.setitem(sys.modules, "polars", None)
    sentence = 'reading and writing files needs polars; install it with: pip install "leadopt[cli]"'
    assert refusal(read_table, tmp_path / "leads.csv") == sentence
    assert refusal(write_table, {"a": [1]}, tmp_path / "b.csv") == sentence


def test_missing_excel_packages_say_how_to_install_them(tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    write_table({"a": [1]}, path)
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    for call in ((read_table, path), (write_table, {"a": [1]}, path)):
        assert refusal(*call).endswith('install it with: pip install "leadopt[cli]"')


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ('1,"ok"\n2,"open\n3,b\n4,c\n', 3),
        ('1,"a" b\n2,c\n', 2),
        ('1,x\n2,12" pipe\n3,y\n', 3),
        ('1,"x\ny"\n2,"12" pipe"\n', 4),
    ],
)
def test_a_broken_quote_is_refused_with_its_line_and_a_remedy(csv, tmp_path, lines, line):
    assert refusal(csv, f"lead_id,note\n{lines}") == (
        f"{tmp_path / 'leads.csv'}, line {line}: a field holds a quote that does not stand around all of it; put "
        'quotes around the whole field, and double those within ("12"" pipe")'
    )


@pytest.mark.parametrize(
    "text", ["lead_id,source\n1,we\0b\n2,x\n", "lead_id,source\n1,\0\n22,x\n", "id,né\n1,José\0\n2,x\n"]
)
def test_a_byte_0_is_refused_with_its_line(csv, tmp_path, text):
    path = tmp_path / "leads.csv"
    assert refusal(csv, text) == f'{path}, line 2: holds a byte 0, as damaged files do; save it as "CSV UTF-8" anew'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\x14\0\0", "a workbook: let its name end on .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "a workbook: let its name end on .xls"),
        (b"PAR1\0\0PAR1", "Parquet: let its name end on .parquet"),
        (b"%PDF-1.7\n", "a PDF: export the table as CSV"),
        (b"\n<HTML><table>", "a web page: open it in a spreadsheet and save it as CSV"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_it_is(tmp_path, content, kind):
    path = tmp_path / "leads.csv"
    path.write_bytes(content)
    assert refusal(read_table, path) == f"{path}: is {kind}"


def test_a_header_may_begin_as_parquet_does(csv):
    assert csv("PAR1,x\n1,2\n").columns == ["PAR1", "x"]
