"""Columns as levels: measurements binned by what they weigh, names left out with the reason."""

import numpy as np
import pytest

from leadopt.errors import InvalidInput
from leadopt.learning.history.attributes import read_attributes


def test_categories_stay_measurements_are_binned_and_names_are_left_out():
    cells = {
        "source": ["web", None] * 20,
        "size": [k + 0.5 for k in range(20)] * 2,
        "mail": [f"{k}@x.org" for k in range(40)],
        "number": list(range(40)),
    }
    found = read_attributes("history", cells, np.ones(40, dtype=np.int64), noun="won lead")
    assert list(found.levels) == ["source", "size"]
    assert found.levels["source"] == cells["source"]
    assert (list(found.edges), len(set(found.levels["size"]))) == (["size"], 8)
    assert found.notes == [
        "mail has 40 levels in 40 won leads: it names leads, so it is left out",
        "number has 40 levels in 40 won leads: it names leads, so it is left out; if it measures something, bin it: "
        "bins={'number': 8}",
    ]


def test_bins_that_are_asked_for_make_levels_of_numbers_that_would_name_leads():
    found = read_attributes(
        "history", {"number": list(range(40))}, np.ones(40, dtype=np.int64), bins={"number": (10.0, 20.0)}
    )
    assert (set(found.levels["number"]), found.notes) == ({"below 10", "10 to 20", "20 or more"}, [])


def test_bins_hold_equally_much_of_the_weights():
    outcomes, heavy = np.full(4, 10), np.array([1.0, 1.0, 1.0, 97.0])
    cells = {"size": [1, 2, 3, 4]}
    even = read_attributes("history", cells, outcomes, bins={"size": 2})
    assert even.edges == {"size": (3.0,)}
    assert read_attributes("history", cells, outcomes, weights=heavy, bins={"size": 2}).edges == {"size": (4.0,)}


def test_what_is_no_number_cannot_be_binned():
    with pytest.raises(InvalidInput) as caught:
        read_attributes("history", {"size": [1, "big"]}, np.ones(2, dtype=np.int64), bins={"size": 2})
    assert str(caught.value) == "history.size: is binned, so values must be numbers; found 'big'"
