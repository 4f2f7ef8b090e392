"""Headers of people's own files are told by their words, in five languages; what means something else is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.tables.columns import NAMED, Columns
from leadopt.tables.headers import NEEDED, READ_OF, clearly, header_for, likely, same_header

LEADS = {
    "Salesforce": (
        [
            "Lead ID",
            "First Name",
            "Last Name",
            "Company",
            "Lead Source",
            "Lead Owner",
            "Annual Revenue",
            "Created Date",
        ],
        {"lead_id": "Lead ID"},
    ),
    "HubSpot": (["Record ID", "Email", "Lifecycle Stage", "Contact owner", "Country/Region"], {"lead_id": "Record ID"}),
    "Pipedrive": (
        ["Lead - Title", "Lead - Owner", "Lead - Value", "Lead - Currency of Value", "Lead - Source"],
        {"lead_id": "Lead - Title", "value": "Lead - Value"},
    ),
    "Chinese": (
        ["线索编号", "客户名称", "来源", "预计金额(元)", "行业"],
        {"lead_id": "线索编号", "value": "预计金额(元)"},
    ),
    "German": (
        ["Anfrage-Nr.", "Firma", "PLZ", "Auftragswert (EUR)", "Aufwand (h)"],
        {"lead_id": "Anfrage-Nr.", "value": "Auftragswert (EUR)", "effort": "Aufwand (h)"},
    ),
    "Spanish": (
        ["ID oportunidad", "Cliente", "Importe estimado", "Moneda", "Zona"],
        {"lead_id": "ID oportunidad", "value": "Importe estimado", "currency": "Moneda", "territory": "Zona"},
    ),
    "French": (
        ["Numéro", "Société", "Montant estimé (€)", "Devise"],
        {"lead_id": "Numéro", "value": "Montant estimé (€)", "currency": "Devise"},
    ),
    "letter case and typing": (
        ["LEADID", "dealValue", "Curency"],
        {"lead_id": "LEADID", "value": "dealValue", "currency": "Curency"},
    ),
}
REPS = {
    "English": (
        ["Name", "On duty", "Max leads", "Open leads", "Hire Date", "Team"],
        {
            "rep_id": "Name",
            "capacity": "Max leads",
            "available": "On duty",
            "open_leads": "Open leads",
            "hired_on": "Hire Date",
        },
    ),
    "Chinese": (
        ["姓名", "是否在岗", "线索上限", "在跟线索", "入职日期"],
        {
            "rep_id": "姓名",
            "capacity": "线索上限",
            "available": "是否在岗",
            "open_leads": "在跟线索",
            "hired_on": "入职日期",
        },
    ),
    "German": (
        ["Verkäufer", "Verfügbar", "Kapazität", "offene Leads", "Eintrittsdatum", "Gebiet"],
        {
            "rep_id": "Verkäufer",
            "capacity": "Kapazität",
            "available": "Verfügbar",
            "open_leads": "offene Leads",
            "hired_on": "Eintrittsdatum",
            "territory": "Gebiet",
        },
    ),
    "German without umlauts": (
        ["VERKAEUFER", "VERFUEGBAR", "KAPAZITAET"],
        {"rep_id": "VERKAEUFER", "capacity": "KAPAZITAET", "available": "VERFUEGBAR"},
    ),
    "Spanish": (
        ["Vendedor", "Disponible", "Capacidad", "Leads abiertos", "Antigüedad (días)"],
        {
            "rep_id": "Vendedor",
            "capacity": "Capacidad",
            "available": "Disponible",
            "open_leads": "Leads abiertos",
            "tenure_days": "Antigüedad (días)",
        },
    ),
    "French": (
        ["Commercial", "Présent", "Capacité", "Leads en cours", "Date d'embauche"],
        {
            "rep_id": "Commercial",
            "capacity": "Capacité",
            "available": "Présent",
            "open_leads": "Leads en cours",
            "hired_on": "Date d'embauche",
        },
    ),
    "the opposite is not the same": (["RepId", "Unavailable", "inactive"], {"rep_id": "RepId"}),
}
HISTORY = {
    "Salesforce": (
        ["Opportunity ID", "Opportunity Name", "Owner", "Stage", "Amount", "Close Date", "Lead Source"],
        {
            "rep_id": "Owner",
            "converted": "Stage",
            "at": "Close Date",
            "lead_id": "Opportunity ID",
            "value": "Amount",
        },
    ),
    "Pipedrive": (
        ["Deal - Title", "Deal - Status", "Deal - Owner", "Deal - Won time", "Deal - Value"],
        {
            "rep_id": "Deal - Owner",
            "converted": "Deal - Status",
            "at": "Deal - Won time",
            "lead_id": "Deal - Title",
            "value": "Deal - Value",
        },
    ),
    "a public data set": (
        [
            "opportunity_id",
            "sales_agent",
            "product",
            "account",
            "deal_stage",
            "engage_date",
            "close_date",
            "close_value",
        ],
        {
            "rep_id": "sales_agent",
            "converted": "deal_stage",
            "at": "close_date",
            "lead_id": "opportunity_id",
            "value": "close_value",
        },
    ),
    "Chinese": (
        ["线索编号", "负责人", "是否成交", "成交日期", "成交金额"],
        {
            "rep_id": "负责人",
            "converted": "是否成交",
            "at": "成交日期",
            "lead_id": "线索编号",
            "value": "成交金额",
        },
    ),
    "German": (
        ["Vorgang", "Mitarbeiter", "Ergebnis", "Abschlussdatum", "Umsatz"],
        {
            "rep_id": "Mitarbeiter",
            "converted": "Ergebnis",
            "at": "Abschlussdatum",
            "lead_id": "Vorgang",
            "value": "Umsatz",
        },
    ),
}
TABLES = [
    pytest.param(kind, headers, meant, id=f"{kind}: {name}")
    for kind, tables in (("leads", LEADS), ("reps", REPS), ("history", HISTORY))
    for name, (headers, meant) in tables.items()
]


@pytest.mark.parametrize(("kind", "headers", "meant"), TABLES)
def test_headers_are_told_by_their_words(kind, headers, meant):
    assert likely(headers, kind) == meant


@pytest.mark.parametrize(("kind", "headers", "meant"), TABLES)
def test_the_order_of_the_columns_does_not_matter(kind, headers, meant):
    assert likely(headers[::-1], kind) == meant


@pytest.mark.parametrize("kind", READ_OF)
def test_usual_names_mean_themselves(kind):
    assert likely(READ_OF[kind], kind) == {field: field for field in READ_OF[kind]}
    assert set(READ_OF[kind]) <= set(Columns.__dataclass_fields__) and set(NEEDED[kind]) <= set(READ_OF[kind])


def test_every_column_is_read_of_some_table():
    assert {field for fields in READ_OF.values() for field in fields} == set(NAMED)


def test_what_is_clear_leaves_out_what_could_be_many_things():
    fields = READ_OF["reps"]
    assert clearly(["Avail", "Max", "New", "Open", "Hire Date"], fields) == {
        "available": "Avail",
        "hired_on": "Hire Date",
    }


@given(st.lists(st.text(max_size=12), max_size=8, unique=True), st.sampled_from(sorted(READ_OF)))
def test_any_headers_are_given_out_once(headers, kind):
    found = likely(headers, kind)
    assert set(found) <= set(READ_OF[kind]) and set(found.values()) <= set(headers)
    assert len(set(found.values())) == len(found)


def test_one_field_is_looked_for():
    assert header_for("rep_id", ["Kapazität", "Verkäufer"]) == "Verkäufer"
    assert header_for("rep_id", []) is None and header_for("no field", ["x"]) is None


def test_case_blanks_and_punctuation_make_no_other_header():
    assert same_header("On duty", ["rep_id", " ON-DUTY"]) == " ON-DUTY"
    assert same_header("On duty", ["On duties"]) is None and same_header("?", ["!"]) is None
