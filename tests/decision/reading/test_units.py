"""Units that headers state are held against what columns are read as, and told."""

import pytest

from leadopt import assign
from leadopt.policy import Policy
from leadopt.tables.columns import Columns
from leadopt.tables.headers import _TEXT
from leadopt.tables.reading.units import misstated, unit_of, unlike


@pytest.mark.parametrize(
    ("field", "header", "said"),
    [
        ("tenure_days", "Tenure (months)", "months"),
        ("tenure_days", "Ancienneté (mois)", "months"),
        ("tenure_days", "tenureYears", "years"),
        ("effort", "Effort (min)", "minutes"),
        ("effort", "Aufwand (Tage)", "days"),
        ("effort", "工时（分钟）", "minutes"),
        ("hours", "Hours (min)", "minutes"),
        ("capacity", "Capacity %", "per cent"),
        ("capacity", "Quota (EUR)", "an amount"),
        ("open_leads", "Open deals value", "an amount"),
        ("pace", "Pace %", "per cent"),
    ],
)
def test_another_unit_is_seen(field, header, said):
    assert f"its header says {said}, and {field} is " in misstated(field, header)


@pytest.mark.parametrize(
    ("field", "header"),
    [
        ("hours", "Hours per week"),
        ("hours", "Stunden (Woche)"),
        ("hours", "Working hours/month"),
        ("capacity", "Leads per day"),
        ("min_leads", "Min leads"),
        ("available", "Verfügbar (%)"),
        ("tenure_days", "Dienstalter (Tage)"),
    ],
)
def test_a_period_or_the_same_unit_is_none(field, header):
    assert misstated(field, header) is None


def test_no_usual_header_contradicts_itself():
    for field, text in _TEXT.items():
        for word in [field, *text.split(";")]:
            assert misstated(field, " ".join(word.split())) is None, word


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("Value (k EUR)", "Amount EUR", True),
        ("Betrag (Tsd. €)", "Betrag", True),
        ("金额（万元）", "金额（元）", True),
        ("T€ Wert", "Deal value kEUR", False),
        ("Value (USD)", "Amount EUR", True),
        ("Value ($)", "Amount CAD", False),
        ("Value", "Amount EUR", False),
        ("MRR", "ARR", True),
    ],
)
def test_amounts_in_other_units_are_unlike(one, other, differ):
    assert unlike(unit_of(one), unit_of(other)) == differ
    assert unlike(unit_of(other), unit_of(one)) == differ


def noted(leads, reps=None, past=None, **columns):
    plan = assign(leads, reps or {"rep_id": ["Ann", "Bo"]}, past, policy=Policy(columns=Columns(**columns)))
    return "\n".join(plan.notes)


def test_assign_tells_units_of_the_columns_it_reads():
    reps = {"rep_id": ["Ann", "Bo"], "Tenure (months)": [3, 40]}
    assert "its header says months, and tenure_days is in days" in noted(
        {"lead_id": [1]}, reps, tenure_days="Tenure (months)"
    )
    said = noted({"lead_id": [1]}, reps)
    assert "looks like tenure_days and was not read: its header says months" in said
    assert "set columns.tenure_days" not in said


def test_assign_tells_values_in_other_units():
    leads = {"lead_id": [1, 2], "Value (USD)": [10.0, None]}
    past = {"rep_id": ["Ann", "Bo"], "converted": [1, 0], "Amount EUR": [9.0, None]}
    said = noted(leads, None, past, value="Value (USD)", history={"value": "Amount EUR"})
    assert 'values are in USD in leads ("Value (USD)") and in EUR in history ("Amount EUR")' in said
    said = noted(leads, None, past, value="Value (USD)")
    assert 'column "Amount EUR" of history was not read: values are in USD' in said
    said = noted({"lead_id": [1, 2], "Value (USD)": ["€100", "€20"]}, value="Value (USD)")
    assert "is in USD by its header, and holds '€100'" in said
    assert "by its header" not in noted({"lead_id": [1, 2], "Value (USD)": ["$100", "$20"]}, value="Value (USD)")


@pytest.mark.parametrize("header, told", [("Value (k EUR)", True), ("Value (EUR)", False), ("Value", False)])
def test_a_value_in_thousands_is_told_without_a_history_too(header, told):
    leads, reps = {"lead_id": [1], header: [3.0]}, {"rep_id": ["Ann"], "capacity": [1]}
    plan = assign(leads, reps, affinity=[[0.5]], policy=Policy(columns=Columns(value=header)))
    bare = assign(leads, reps, policy=Policy(columns=Columns(value=header)))
    said = f'values are read as they stand, in thousands EUR ("{header}"): so are gains, reserve and costs'
    assert (said in bare.notes) is told and said not in plan.notes
