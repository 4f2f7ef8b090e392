"""Who writes C$ and $ in one column means two currencies."""

import pytest

from leadopt import InvalidInput, Policy, assign

REPS = [{"rep_id": "Ann"}, {"rep_id": "Bo"}]


@pytest.mark.parametrize("cells", [["C$10", "$20"], ["$20", "A$10"], ["$20", "CAD 10"], ["NZ$5", "$1"], ["US$5", "$1"]])
def test_two_kinds_of_dollars_in_a_column_are_refused(cells: list[str]) -> None:
    leads = {"lead_id": [1, 2], "value": cells}
    with pytest.raises(InvalidInput, match=r"leads\.value, row \d: \$ may be another currency than that of"):
        assign(leads, REPS)


@pytest.mark.parametrize(
    "cells", [["$10", "$20"], ["C$10", "C$20"], ["USD 10", "$20"], ["¥10", "20元"], ["kr 10", "20 SEK"]]
)
def test_one_currency_in_two_ways_is_one(cells: list[str]) -> None:
    assert assign({"lead_id": [1, 2], "value": cells}, REPS).objective == 30.0


def test_a_column_that_names_them_settles_it() -> None:
    leads = {"lead_id": [1, 2], "value": ["C$10", "$20"], "currency": ["CAD", "USD"]}
    assert assign(leads, REPS, policy=Policy(currencies={"CAD": 1, "USD": 2})).objective == 50.0
