"""Leads that ended or are held are a history: who had them, since when, and what became of it."""

from datetime import date

import pytest

from leadopt.desk.planning.history import Days, history_of
from leadopt.lifecycle.records import Lead
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import Stage
from leadopt.tables.columns import Columns
from tests.desk.planning.floors import DAY, MONDAY

CALENDAR = Rules.from_dict({"time": {"zone": "Europe/Berlin"}}).calendar


def told(*leads: Lead) -> dict:
    return dict(history_of(leads, lambda rep: rep.upper(), CALENDAR, Columns()))


def test_won_lost_and_open_leads_are_rows_and_others_are_not() -> None:
    owned = {"owner": "ann", "started": MONDAY, "columns": {"industry": "steel"}}
    rows = told(
        Lead(id="1", stage=Stage.WON, outcome_at=MONDAY + 3 * DAY, value=7.0, **owned),
        Lead(id="2", stage=Stage.LOST, outcome_at=MONDAY + 2 * DAY, **owned),
        Lead(id="3", stage=Stage.WORKING, **owned),
        Lead(id="4", stage=Stage.POOL, columns={"industry": "wood"}),
        Lead(id="5", stage=Stage.CLOSED, reason="spam"),
    )
    assert rows == {
        "industry": ["steel"] * 3,
        "rep_id": ["ANN"] * 3,
        "converted": [True, False, None],
        "at": [date(2026, 1, 8), date(2026, 1, 7), None],
        "assigned_at": [date(2026, 1, 5)] * 3,
        "value": [7.0, None, None],
    }


@pytest.mark.parametrize("received", [MONDAY - 9 * DAY, MONDAY + 9 * DAY])
def test_an_imported_lead_was_given_when_it_came_in_and_not_after_it_ended(received: int) -> None:
    imported = {"via": "import", "owner": "ann", "started": MONDAY + 9 * DAY, "received_at": received}
    rows = told(Lead(id="1", stage=Stage.WON, outcome_at=MONDAY, **imported))
    assert rows["assigned_at"] == [CALENDAR.day(min(received, MONDAY))]
    assert rows["at"] == [date(2026, 1, 5)]


def test_days_are_those_of_the_zone_on_both_sides_of_midnight_and_of_a_change_of_clocks() -> None:
    days = Days(CALENDAR)
    for at in range(MONDAY, MONDAY + 120 * DAY, 7 * 15 * 60_000_000):
        assert days.of(at) == CALENDAR.day(at)
