"""Two digits in front may be a year: where both ends are as likely, both readings are told."""

import pytest

from leadopt import Formats, InvalidInput, Policy, assign
from leadopt.tables.reading.moments import read_days


@pytest.mark.parametrize(
    "texts",
    [
        ["25-03-04", "25-03-15"],
        ["25-03-04"],
        ["24-03-25", "24-05-25"],
        ["25/03/04", "25/03/30"],
        ["2025-01-02", "25-03-04"],
    ],
)
def test_a_year_may_be_in_front(texts: list[str]) -> None:
    doubt = read_days(texts).doubt
    assert doubt is not None and {"day first", "year first"} <= doubt[1].keys()


@pytest.mark.parametrize(
    "texts",
    [["31/12/24"], ["31/12/24", "15/01/25"], ["15/03/25", "20/04/25"], ["15/03/25"], ["25.03.04"], ["14-11-2018"]],
)
def test_a_year_at_the_end_is_no_doubt(texts: list[str]) -> None:
    found = read_days(texts)
    assert found.doubt is None and found.order == "day first"


def test_the_refusal_has_both_readings_and_the_setting_ends_it() -> None:
    history = {"rep_id": ["Ann", "Bo"], "converted": [1, 0], "at": ["25-03-04", "25-03-15"]}
    tables = ([{"lead_id": 1}], [{"rep_id": "Ann"}, {"rep_id": "Bo"}], history)
    with pytest.raises(
        InvalidInput, match=r'may be 25 March 2004 or 4 March 2025.*dates = "day first" or "year first"'
    ):
        assign(*tables, policy=Policy(half_life_days=30), now="2025-06-01")
    formats = Formats(dates="year first")
    plan = assign(*tables, policy=Policy(half_life_days=30, formats=formats), now="2025-06-01")
    assert any("'25-03-04' as 4 March 2025" in note for note in plan.notes)
