"""Workbooks as people keep them: titles, several sheets, merged, hidden and failed cells, numbers as text."""

from datetime import datetime

import pytest
import xlsxwriter

from leadopt.errors import InvalidInput
from leadopt.tables.books.sheets import choose_sheet, kind_of_sheet, split_sheet
from leadopt.tables.files import read_file, read_table, sheets_of


def book(path, **sheets):
    """Write sheets: rows of cells, a string that begins with = as a formula that failed, a date as a date."""
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as file:
        day = file.add_format({"num_format": "dd.mm.yyyy"})
        for name, rows in sheets.items():
            sheet = file.add_worksheet(name.replace("_", " "))
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(r, c, cell, day)
                    elif isinstance(cell, str) and cell.startswith("=#"):
                        sheet.write_formula(r, c, "=1/0", None, cell[1:])
                    elif cell is not None:
                        sheet.write(r, c, cell)
            if name.startswith("Hidden"):
                sheet.hide()
    return path


def said(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


def test_text_blanks_and_numbers_as_text_are_read_as_in_a_csv_file(tmp_path):
    rows = [["lead_id", "value", "won"], ["007", "1000", True], [8, " ", None], [12345678901, "800", False]]
    path = book(tmp_path / "a.xlsx", Leads=rows)
    assert read_table(path).rows() == [("007", 1000, True), ("8", None, None), ("12345678901", 800, False)]


def test_numbers_beside_text_keep_their_own_value(tmp_path):
    rows = [["lead_id", "v"], ["a", "1.500"], ["b", 2500.5], ["c", "2.750,25"], ["d", 7]]
    table = read_file(book(tmp_path / "a.xlsx", X=rows), name="leads")
    assert table.numbers("v").tolist() == [1500, 2500.5, 2750.25, 7]
    rows = [["lead_id", "v"], ["a", "1.500"], ["b", 2500.5]]
    table = read_file(book(tmp_path / "b.xlsx", X=rows), name="leads")
    assert "may be 1.5 or 1,500, and nothing in the column tells which" in said(table.numbers, "v")


def test_dates_come_as_dates_and_as_text(tmp_path):
    rows = [["lead_id", "at"], ["a", datetime(2025, 4, 3)], ["b", "13.04.2025"], ["c", 45678]]
    table = read_file(book(tmp_path / "a.xlsx", X=rows), name="leads")
    days = [datetime(2025, 4, 3), datetime(2025, 4, 13), datetime(2025, 1, 21)]
    assert table.days("at") == [day.toordinal() for day in days]


def test_a_title_and_blank_rows_are_counted_in_messages(tmp_path):
    rows = [[], [None, "Leads of March"], [], [None, "lead_id", "v"], [None, "a", 1], [], [None, "b", "lots"]]
    table = read_file(book(tmp_path / "a.xlsx", Leads=rows), name="leads")
    where = f"{tmp_path / 'a.xlsx'}, sheet Leads"
    assert said(table.numbers, "v") == f"leads.v, {where}, row 7: must be a finite number; found 'lots'"
    assert next(iter(table.reading.notes)) == f"{where}: 1 row above the header left out"


def test_merged_hidden_and_failed_cells_are_said(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as file:
        sheet = file.add_worksheet("Leads")
        sheet.write_row(1, 1, ["lead_id", "source", "v", "w"])
        for row in range(2, 6):
            sheet.write_row(row, 1, [f"L{row}", None, row, row])
        sheet.merge_range(2, 2, 3, 2, "web")
        sheet.merge_range(4, 2, 5, 2, "fair")
        sheet.set_row(3, None, None, {"hidden": True})
        sheet.write_formula(4, 3, "=NA()", None, "#N/A")
        sheet.write_formula(5, 4, "=1/0", None, "#DIV/0!")
    table = read_file(path, name="leads")
    assert table.values("source") == ["web", "web", "fair", "fair"]
    assert table.numbers("v", missing=-1).tolist() == [2, 3, -1, 5]
    assert said(table.numbers, "w").endswith(
        "row 6: must be a finite number; found '#DIV/0!'. A formula failed there: mend it in the spreadsheet, or leave "
        "the cell empty."
    )
    assert [note.removeprefix(f"{path}, sheet Leads: ") for note in table.reading.notes][:3] == [
        "2 cells with what a failed formula left, #N/A in D5 first; #N/A counts as missing",
        "merged cells: each of their rows has the value (2 ranges)",
        "hidden row 4 is read like the others; delete what should not count",
    ]


def test_sheets_are_found_by_name(tmp_path):
    path = book(
        tmp_path / "b.xlsx",
        Cover=[["Export of our CRM"]],
        Hidden_leads=[["lead_id"], ["h"]],
        Neue_Anfragen=[["lead_id"], ["a"]],
        Vertrieb=[["rep_id"], ["r"]],
        Historie=[["rep_id"], ["p"]],
    )
    assert sheets_of(path)[1] == ["Cover", "Neue Anfragen", "Vertrieb", "Historie"]
    for name, cell in (("leads", "a"), ("reps", "r"), ("history", "p")):
        assert read_file(path, name=name).native.row(0) == (cell,)
    assert read_table(f"{path}:Vertrieb").row(0) == ("r",)
    assert read_file(path, sheet="vertrieb").native.row(0) == ("r",)
    assert said(read_file, path, sheet="Team") == (
        f"{path}: has no sheet 'Team'; its sheets are 'Cover', 'Hidden leads', 'Neue Anfragen', 'Vertrieb', 'Historie'"
    )
    first = read_file(path)
    assert first.columns == ("Export of our CRM",)
    assert next(iter(first.reading.notes)).startswith(f"{path}: read sheet 'Cover', not 'Hidden leads', ")


def with_charts(path, *names, first=True):
    """Write charts, before or after a sheet of leads with all that other readers warn of; without it where None."""
    with xlsxwriter.Workbook(path) as file:
        charts = [file.add_chartsheet(name) for name in names] if first is not False else []
        if first is not None:
            sheet = file.add_worksheet("Leads")
            sheet.write_row(0, 0, ["lead_id", "source", "empty"])
            sheet.write_row(1, 0, ["a", "web"])
            sheet.write_row(2, 0, ["b", 3])
            sheet.data_validation("B2:B9", {"validate": "list", "source": ["web", "fair"]})
            sheet.conditional_format("B2:B9", {"type": "data_bar", "data_bar_2010": True})
            charts = charts or [file.add_chartsheet(name) for name in names]
        for chart in charts:
            bars = file.add_chart({"type": "bar"})
            bars.add_series({"values": "={1,2}"})
            chart.set_chart(bars)
    return path


@pytest.mark.parametrize("first", [True, False])
def test_a_chart_is_no_sheet_of_a_table_and_nothing_is_printed(first, tmp_path, capfd, caplog):
    path = with_charts(tmp_path / "c.xlsx", "Chart", "Reps by source", first=first)
    assert sheets_of(path) == (["Leads"], ["Leads"], {"Chart": "a chart", "Reps by source": "a chart"})
    for name in ("leads", "reps", None):
        table = read_file(path, name=name)
        assert table.native.rows() == [("a", "web", None), ("b", "3", None)]
        assert list(table.reading.notes) == [
            f"{path}: sheet 'Chart' is a chart, and left out",
            f"{path}: sheet 'Reps by source' is a chart, and left out",
        ]
    assert not read_file(path, sheet="Leads").reading.notes
    assert said(read_file, path, sheet="Chart") == (
        f"{path}: sheet 'Chart' is a chart, without cells; those with cells are 'Leads'"
    )
    assert capfd.readouterr() == ("", "")
    assert not caplog.records  # a logger that nobody set up would print them


def test_a_book_of_charts_alone_says_so(tmp_path):
    path = with_charts(tmp_path / "c.xlsx", "Leads", "Won", first=None)
    assert said(read_file, path, name="leads") == (
        f"{path}: holds no sheet with cells; 'Leads' is a chart, 'Won' is a chart"
    )


def test_a_book_without_the_table_says_how_to_name_its_sheet(tmp_path):
    path = book(tmp_path / "b.xlsx", Leads=[["lead_id"]], Leads_2=[["lead_id"]])
    assert said(read_file, path, name="reps") == (
        f"{path}: no sheet is named as one of reps; its sheets are 'Leads', 'Leads 2'. "
        f"Name it: {path}:SHEET, or --sheet reps=SHEET"
    )
    assert said(read_file, book(tmp_path / "e.xlsx", Nothing=[])) == (
        f"{tmp_path / 'e.xlsx'}, sheet Nothing: is empty; a table needs a row with the names of its columns"
    )
    (tmp_path / "a.csv").write_text("lead_id\n1\n")
    assert said(read_file, tmp_path / "a.csv", sheet="X").endswith("a.csv: has no sheets; only workbooks "
        "(.xlsx, .xlsm, .xls, .xlsb, .ods) have them")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Leads", "leads"),
        ("New leads 2025", "leads"),
        ("Past leads", "history"),
        ("Verkäufer", "reps"),
        ("Equipo", "reps"),
        ("Historique", "history"),
        ("历史线索", "history"),
        ("销售员", "reps"),
        ("线索", "leads"),
        ("Pins", "pins"),
        ("Tabelle1", None),
    ],
)
def test_what_sheets_are_called(name, kind):
    assert kind_of_sheet(name) == kind


def test_the_sheet_after_a_colon():
    assert split_sheet("a b.xlsx:Neue Leads") == ("a b.xlsx", "Neue Leads")
    assert split_sheet("c:/x/leads.csv") == ("c:/x/leads.csv", None)
    assert choose_sheet("f", ["A", "B"], [], None, None) == "A"


@pytest.mark.parametrize(
    ("names", "kind", "chosen"),
    [
        (["Reps archive 2019", "Reps"], "reps", "Reps"),
        (["Former reps", "Reps"], "reps", "Reps"),
        (["Team", "Reps"], "reps", "Reps"),
        (["Vertrieb alt", "Vertrieb Nord"], "reps", "Vertrieb Nord"),
        (["Leads backup", "Leads"], "leads", "Leads"),
        (["Lost leads", "New leads"], "leads", "New leads"),
        (["Contacted leads", "Leads"], "leads", "Leads"),
        (["Old leads", "Leads"], "leads", "Leads"),
        (["Leads 2024", "LEADS "], "leads", "LEADS "),
        (["Deals 2024", "Deals"], "leads", "Deals"),
        (["History old", "History"], "history", "History"),
        (["Leads", "Closed Won"], "history", "Closed Won"),
        (["线索 备份", "线索"], "leads", "线索"),
        (["Prospectos viejos", "Prospectos"], "leads", "Prospectos"),
        (["Anything"], "reps", "Anything"),
        (["Lost leads", "Sheet1", "Reps"], "leads", "Sheet1"),
    ],
)
def test_the_sheet_that_says_it_best_is_the_table(names, kind, chosen):
    assert choose_sheet("f.xlsx", names, names, kind, None) == chosen
    assert choose_sheet("f.xlsx", names[::-1], names[::-1], kind, None) == chosen


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["Leads Jan", "Leads Feb", "Reps"], "leads"),
        (["History 2024", "History 2025"], "history"),
        (["Team", "Verkäufer"], "reps"),
        (["Anfragen Mai", "Leads Juni"], "leads"),
    ],
)
def test_several_that_say_it_as_well_are_refused(names, kind):
    message = said(choose_sheet, "f.xlsx", names, names, kind, None)
    assert message == (
        f"f.xlsx: 2 sheets may be the {kind}: {names[0]!r}, {names[1]!r}. Name the one: "
        f"f.xlsx:SHEET, or --sheet {kind}=SHEET; or put their rows into one sheet"
    )


def test_what_was_put_away_or_is_hidden_is_no_table():
    assert said(choose_sheet, "f.xlsx", ["Lost leads", "Reps"], ["Lost leads", "Reps"], "leads", None).startswith(
        "f.xlsx: no sheet is named as one of leads; its sheets are 'Lost leads', 'Reps'. Name it"
    )
    for shown in (["Reps"], ["Reps", "History"]):
        assert "(hidden, and so not looked at: 'Leads')" in said(
            choose_sheet, "f.xlsx", ["Leads", *shown], shown, "leads", None
        )
