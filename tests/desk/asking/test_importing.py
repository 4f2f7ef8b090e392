"""Leads and history of another system: whatever words they use."""

import pytest

from tests.desk.desks import opened

HISTORY = {"lead_id": ["h1", "h2", "h3"], "rep_id": ["Ann", "Ann", "Bo"], "at": ["2026-01-05", "2026-01-06", ""]}


@pytest.mark.parametrize(
    "outcomes",
    [[True, False, None], ["yes", "no", ""], ["gewonnen", "verloren", "offen"], [1, 0, None], ["won", "lost", None]],
)
def test_outcomes_are_read_in_any_words(tmp_path, outcomes):
    with opened(tmp_path) as desk:
        assert desk.import_(history={**HISTORY, "converted": outcomes}).ok
        assert [desk.lead(lead).stage for lead in HISTORY["lead_id"]] == ["won", "lost", "assigned"]


def test_an_outcome_that_says_neither_refuses_its_row_alone(tmp_path):
    with opened(tmp_path) as desk:
        results = desk.import_(history={**HISTORY, "converted": [1, 7, 0]})
        assert [one.ok for one in results] == [True, False, True]
        assert "7" in results[1].sentence


def test_a_lead_that_is_known_stays_and_is_told_how_it_changes(tmp_path):
    desk = opened(tmp_path)
    desk.import_([{"lead_id": 1, "value": 100}])
    again = desk.import_([{"lead_id": 1, "value": 150}])[0]
    assert again.code == "unchanged"
    assert again.sentence == "Lead 1 is known already: nothing was changed; `receive` changes what is known of a lead."
    assert desk.lead(1).columns["value"] == 100
