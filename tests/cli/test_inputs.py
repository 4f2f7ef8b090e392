"""One workbook or several files, with the words, dates and money of eight exports: a plan without touching a cell."""

import random
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter
from typer.testing import CliRunner

from leadopt import cli
from leadopt.tables.files import read_table

REPS = ("Ann Lee", "José", "Cy")


def run(*arguments):
    return CliRunner().invoke(cli.build_app(), list(arguments))


def good(*arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def refusal(*arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("leadopt: ").strip()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(n, *cells):
    """Rows of a history: each cell is a function of the row's number, or a cycle of texts."""
    return [[cell(k) if callable(cell) else cell[k % len(cell)] for cell in cells] for k in range(n)]


def text(header, lines, mark=","):
    quoted = [[f'"{cell}"' if mark in cell else cell for cell in line] for line in lines]
    return "\n".join(mark.join(line) for line in [header, *quoted]) + "\n"


def write(name, content, encoding="utf-8", end="\r\n"):
    Path(name).write_bytes(content.replace("\n", end).encode(encoding))


def salesforce():
    """A report: a title above the header, American dates and dollars, stages."""
    rng = random.Random(0)
    history = rows(
        *(40, lambda k: f"006{k:03d}", REPS, ["Web", "Web", "Fair"]),
        lambda k: rng.choice(["Closed Won", "Closed Lost", "Negotiation/Review"]),
        lambda k: f"{k % 12 + 1}/{k % 28 + 1}/2024, {k % 12 + 1}:05 PM",
        lambda k: f"${1000 + 137 * k:,.2f}",
    )
    header = ["Opportunity ID", "Owner", "Lead Source", "Stage", "Close Date", "Amount"]
    write("history.csv", '"Won and lost"\n\n"Filtered By: all"\n' + text(header, history), "utf-8-sig")
    leads = [["00Q1", "Web", "$5,000.00"], ["00Q2", "Fair", "$12,500.00"]]
    write("leads.csv", text(["Opportunity ID", "Lead Source", "Amount"], leads))
    write("reps.csv", text(["Owner", "capacity"], [[rep, "2"] for rep in REPS]))
    return ("Opportunity ID", "Owner", "Stage", "Close Date", "Amount", "Lead Source"), {
        "history.Close Date: text read as dates, '1/13/2024' as 13 January 2024",
        "leads.Amount: text read as numbers, '$5,000.00' as 5,000 in $",
        "history.csv: 2 lines above the header left out",
    }


def pipedrive():
    """UTF-16, tabs, euros with thin blanks; times without doubt."""
    history = rows(
        *(30, lambda k: f"{k}", REPS, ["Hot", "Hot", "Cold"], ["Won", "Lost", "Open"]),
        *(lambda k: f"2024-{k % 12 + 1:02d}-03 10:00:00", lambda k: f"{k + 1}\u202f500,50 €"),
    )
    header = ["Deal - ID", "Deal - Owner", "Label", "Status", "Deal - Closed", "Deal - Value"]
    write("history.csv", text(header, history, "\t"), "utf-16")
    write("leads.csv", text(["Deal - ID", "Label", "Deal - Value"], [["90", "Hot", "1\u202f500,50 €"]], "\t"), "utf-16")
    write("reps.csv", text(["Deal - Owner", "capacity"], [[rep, "2"] for rep in REPS]))
    return ("Deal - ID", "Deal - Owner", "Status", "Deal - Closed", "Deal - Value", "Label"), {
        "leads.Deal - Value: text read as numbers, '1 500,50 €' as 1,500.5 in EUR"
    }


def zoho():
    """Rupees in lakhs, a day that could be a month only at first sight, a sep= line, old Mac line ends."""
    history = rows(
        *(30, lambda k: f"z{k}", REPS, ["Web", "Web", "Call"], ["Closed Won", "Closed-Lost to Competition"]),
        *(lambda k: f"{k % 28 + 1:02d}-{k % 12 + 1:02d}-2024 09:05 AM", lambda k: f"Rs. {k + 1},00,000"),
    )
    header = ["Record Id", "Lead Owner", "Lead Source", "Stage", "Closing Date", "Amount"]
    write("history.csv", "sep=,\n" + text(header, history), end="\r")
    write("leads.csv", text(["Record Id", "Lead Source", "Amount"], [["1", "Web", "Rs. 12,50,000.50"]]), end="\r")
    write("reps.csv", text(["Lead Owner", "capacity"], [[rep, "2"] for rep in REPS]))
    return ("Record Id", "Lead Owner", "Stage", "Closing Date", "Amount", "Lead Source"), {
        "leads.Amount: text read as numbers, 'Rs. 12,50,000.50' as 1,250,000.5 in INR",
        "history.Closing Date: text read as dates, '13-01-2024' as 13 January 2024",
    }


def chinese():
    history = rows(
        *(24, lambda k: f"H{k}", ["张三", "李四"], ["网站", "网站", "展会"], ["赢单", "输单", "跟进中"]),
        *(lambda k: f"2024年{k % 12 + 1}月3日", lambda k: f"￥{k + 1}万"),
    )
    write("history.csv", text(["编号", "销售", "来源", "状态", "结束日期", "金额"], history), "gb18030")
    write("leads.csv", text(["编号", "来源", "金额"], [["L1", "网站", "￥3万"], ["L2", "展会", "￥12,500"]]), "gb18030")
    write("reps.csv", text(["销售", "capacity"], [["张三", "3"], ["李四", "3"]]), "gb18030")
    return ("编号", "销售", "状态", "结束日期", "金额", "来源"), {
        "leads.csv: read as GB18030",
        "leads.金额: text read as numbers, '￥12,500' as 12,500 in ¥",
        "history.状态: read '赢单' as won, '输单' as lost, '跟进中' as open",
    }


def spanish():
    history = rows(
        *(30, lambda k: f"h{k}", REPS, ["Web", "Web", "Teléfono"], ["Ganada", "Perdida", "En negociación"]),
        *(lambda k: f"{k % 28 + 1:02d}/{k % 12 + 1:02d}/2024 10:05", lambda k: f"{k + 1}.500,50 €"),
    )
    write("history.csv", text(["id", "comercial", "origen", "estado", "fecha", "importe"], history, ";"), "cp1252")
    write("leads.csv", text(["id", "origen", "importe"], [["1", "Teléfono", "22.700,00 €"]], ";"), "cp1252")
    write("reps.csv", text(["comercial", "capacity"], [[rep, "2"] for rep in REPS], ";"), "cp1252")
    return ("id", "comercial", "estado", "fecha", "importe", "origen"), {
        "leads.csv: read as Windows-1252",
        "leads.importe: text read as numbers, '22.700,00 €' as 22,700 in EUR",
        "history.fecha: text read as dates, '13/01/2024' as 13 January 2024",
    }


def indian():
    """Lakh commas without a sign."""
    history = rows(
        *(30, lambda k: f"h{k}", REPS, ["Pune", "Pune", "Delhi"], ["yes", "no"]),
        *(lambda k: f"{k % 28 + 1} Apr, 2024 00:03", lambda k: f"{k + 1},00,000"),
    )
    write("history.csv", text(["id", "rep", "city", "won?", "closed", "deal"], history))
    write("leads.csv", text(["id", "city", "deal"], [["1", "Pune", "1,00,000"], ["2", "Delhi", "75,000"]]))
    write("reps.csv", text(["rep", "capacity"], [[rep, "2"] for rep in REPS]))
    return ("id", "rep", "won?", "closed", "deal", "city"), {
        "leads.deal: text read as numbers, '1,00,000' as 100,000",
        "history.closed: text read as dates, '1 Apr, 2024' as 1 April 2024",
    }


def workbook(leads, reps, history):
    """Write a book with these sheets, each a name and rows."""
    with xlsxwriter.Workbook("book.xlsx") as book:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        book.add_worksheet("Read me").write(0, 0, "Exported by our CRM")
        for name, lines in (leads, reps, history):
            sheet = book.add_worksheet(name)
            for r, line in enumerate(lines):
                for c, cell in enumerate(line):
                    sheet.write(r, c, cell, *([day] if isinstance(cell, datetime) else []))


def hubspot():
    """Ids that are numbers, money as numbers, dates as dates and as text."""
    history = rows(
        *(40, lambda k: k + 1, REPS, ["Organic", "Organic", "Paid"], ["Closed won", "Closed lost", "Contract sent"]),
        *(lambda k: datetime(2024, k % 12 + 1, 3) if k % 2 else f"2024-{k % 12 + 1:02d}-03 09:00", lambda k: 500.5 + k),
    )
    workbook(
        ("New Leads", [["Record ID", "Source", "Amount"], [9000001, "Organic", 1000.5], [9000002, "Paid", None]]),
        ("Owners", [["Team", None], ["Deal owner", "capacity"], *([rep, 2] for rep in REPS)]),
        ("Closed deals", [["Record ID", "Deal owner", "Source", "Deal Stage", "Close Date", "Amount"], *history]),
    )
    return ("Record ID", "Deal owner", "Deal Stage", "Close Date", "Amount", "Source"), {
        "book.xlsx: leads from sheet 'New Leads', reps from sheet 'Owners', history from sheet 'Closed deals'",
        "book.xlsx, sheet Owners: 1 row above the header left out",
    }


def german():
    """Numbers and dates as text, ids with leading zeros, a title with blank rows."""
    history = rows(
        *(30, lambda k: f"00{k}", ["AL", "BC"], ["Stahl", "Stahl", "Bau"], ["gewonnen", "verloren", "in Bearbeitung"]),
        *(lambda k: f"{k % 28 + 1:02d}.{k % 12 + 1:02d}.2024", lambda k: f"{k + 1}.000,00 €"),
    )
    workbook(
        (
            "Anfragen",
            [
                ["Offene Anfragen"],
                [],
                [None, "Kundennr", "Branche", "Wert"],
                [None, "007", "Stahl", "1.500,00 €"],
                [None, "008", "Bau", ""],
            ],
        ),
        ("Vertrieb", [["Kürzel", "capacity", "available"], ["AL", 2, "ja"], ["BC", 2, "50 %"]]),
        ("Historie", [["Kundennr", "Kürzel", "Branche", "Ergebnis", "Datum", "Wert"], *history]),
    )
    return ("Kundennr", "Kürzel", "Ergebnis", "Datum", "Wert", "Branche"), {
        "leads.Wert: text read as numbers, '1.500,00 €' as 1,500 in EUR",
        "reps.available: text read as numbers, '50 %' as 0.5",
        "book.xlsx, sheet Anfragen: 1 row above the header left out",
    }


EXPORTS = (salesforce, hubspot, pipedrive, zoho, chinese, german, spanish, indian)


@pytest.mark.parametrize("export", EXPORTS)
def test_an_export_becomes_a_plan_without_touching_a_cell(folder, export):
    (lead_id, rep_id, converted, at, value, segment), notes = export()
    columns = {"lead_id": lead_id, "rep_id": rep_id, "converted": converted, "at": at, "value": value}
    named = "\n".join(f'{name} = "{column}"' for name, column in columns.items())
    policy = f'segment_by = ["{segment}"]\nhalf_life_days = 200\n[columns]\n{named}\n'
    Path("policy.toml").write_bytes(policy.encode("utf-8-sig"))
    files = ["book.xlsx"] if Path("book.xlsx").exists() else ["leads.csv", "reps.csv", "--history", "history.csv"]
    out = good("assign", *files, "--policy", "policy.toml", "--now", "2025-01-31", "-o", "plan.xlsx")
    assert "leads placed, expected value" in out
    assert {note for note in notes if f"  {note}" not in out} == set()
    plan = read_table("plan.xlsx:plan", [lead_id, rep_id])
    assert plan[rep_id].null_count() == 0
    assert read_table("plan.xlsx:reps")["fill"].max() <= 1.0
    assert "007" in good("explain", "plan.json", plan[lead_id][0]) or plan[lead_id][0] != "007"


def test_the_same_sheet_cannot_be_two_tables(folder):
    with xlsxwriter.Workbook("one.xlsx") as book:
        book.add_worksheet("Tabelle1").write_row(0, 0, ["lead_id"])
    assert refusal("assign", "one.xlsx") == (
        "one.xlsx, sheet Tabelle1: cannot be both leads and reps; say which sheet is which: --sheet reps=NAME"
    )


def test_sheets_are_named_by_an_option_or_after_a_colon(folder):
    with xlsxwriter.Workbook("b.xlsx") as book:
        for name, lines in (("A", ["lead_id", "1"]), ("B", ["rep_id", "Ann"]), ("C", ["rep_id", "Bo"])):
            book.add_worksheet(name).write_column(0, 0, lines)
    for arguments in (("b.xlsx", "--sheet", "leads=A", "--sheet", "reps=B"), ("b.xlsx:A", "b.xlsx:B")):
        assert "Ann" in good("assign", *arguments)
    assert refusal("assign", "b.xlsx", "--sheet", "B") == (
        "--sheet: must be like leads=NAME, for leads, reps, history, pins; found 'B'"
    )
    assert refusal("assign", "b.xlsx:A", "--sheet", "reps=B").startswith(
        "reps: name their file after that of the leads"
    )
    assert refusal("assign", "b.xlsx:A", "b.xlsx:B", "-o", "b.xlsx").startswith("b.xlsx: is also read")
    assert refusal("assign", "b.xlsx:A", "b.xlsx:B", "--sheet", "pins=C").startswith("--sheet pins=C: no file is named")


def sheets(**lines):
    with xlsxwriter.Workbook("b.xlsx") as book:
        for name, cells in lines.items():
            book.add_worksheet(name.replace("_", " ")).write_column(0, 0, cells)


def test_sheets_that_were_not_read_are_listed(folder):
    sheets(Old_leads=["lead_id", "0"], Reps_archive_2019=["rep_id", "Zed"], Leads=["lead_id", "1"], Won=["rep_id"],
        Reps=["rep_id", "Ann"])  # fmt: skip
    out = " ".join(good("assign", "b.xlsx").split())
    assert "Ann" in out and "Zed" not in out
    assert "b.xlsx: leads from sheet 'Leads', reps from sheet 'Reps' (--sheet leads=NAME names another)" in out
    assert (
        "b.xlsx: not read: sheet 'Old leads', sheet 'Reps archive 2019', sheet 'Won' (--sheet history=NAME reads one)"
    ) in out
    write("reps.csv", "rep_id\nAnn\n")
    assert "b.xlsx: read sheet 'Leads', not 'Old leads', " in " ".join(good("assign", "b.xlsx", "reps.csv").split())


def test_two_sheets_of_a_kind_are_refused(folder):
    sheets(Leads=["lead_id", "1"], Reps=["rep_id", "Ann"], History_2024=["rep_id"], History_2025=["rep_id"])
    assert refusal("assign", "b.xlsx").startswith(
        "b.xlsx: 2 sheets may be the history: 'History 2024', 'History 2025'. Name the one: "
    )
    sheets(Leads_Jan=["lead_id", "1"], Leads_Feb=["lead_id", "2"], Reps=["rep_id", "Ann"])
    assert refusal("assign", "b.xlsx").startswith("b.xlsx: 2 sheets may be the leads: 'Leads Jan', 'Leads Feb'. ")
    assert refusal("policy", "init", "b.xlsx").startswith("b.xlsx: 2 sheets may be the leads: ")
    assert "Ann" in good("assign", "b.xlsx", "--sheet", "leads=Leads Feb")


def test_evaluate_takes_a_sheet(folder):
    with xlsxwriter.Workbook("b.xlsx") as book:
        book.add_worksheet("Cover").write(0, 0, "x")
        sheet = book.add_worksheet("Alt")
        for r, row in enumerate([["rep_id", "converted"], *(["Ann", "gewonnen"], ["Bo", "verloren"]) * 5]):
            sheet.write_row(r, 0, row)
    out = good("evaluate", "b.xlsx", "--sheet", "Alt")
    assert "history.converted: read 'gewonnen' as won, 'verloren' as lost" in out
    assert good("evaluate", "b.xlsx:Alt") == out


def test_messages_name_the_files_own_lines(folder):
    write("reps.csv", "rep_id,capacity\nAnn,3\n")
    write("leads.csv", 'Leads of March\n\nlead_id,value\nL1,"1\n"\n,\n\nL2,abc\nL3,def\n')
    assert refusal("assign", "leads.csv", "reps.csv") == (
        "leads.value, leads.csv, line 8: must be a finite number, 0 or more; found 'abc' (and 1 more row)"
    )
    write("leads.csv", "lead_id,value\nL1,1\n,,\nL1,2\nL1,3\n".replace(",,", ","))
    assert refusal("assign", "leads.csv", "reps.csv") == (
        "leads.lead_id, leads.csv, line 4: ids must be unique, and leads.csv, line 2 has the same; found 'L1' "
        "(and 1 more row). Remove the duplicate or give it an id of its own."
    )
