"""Columns as levels: measurements binned by what they weigh, names left out with the reason."""

import numpy as np
import pytest

from leadopt.errors import InvalidInput
from leadopt.learning.history.attributes import read_attributes
from leadopt.learning.history.bins import Results


def read(table, cells, outcomes, **settings):
    """Return what is read where all outcomes are lost."""
    return read_attributes(table, cells, outcomes, Results.of_won(np.zeros(len(outcomes)), outcomes), **settings)


def test_categories_stay_measurements_are_binned_and_names_are_left_out():
    cells = {
        "source": ["web", None] * 20,
        "size": [k + 0.5 for k in range(20)] * 2,
        "mail": [f"{k}@x.org" for k in range(40)],
        "number": list(range(40)),
    }
    found = read("history", cells, np.ones(40, dtype=np.int64), noun="won lead")
    assert list(found.levels) == ["source", "size", "number"]
    assert found.levels["source"] == cells["source"]
    assert list(found.edges) == ["size", "number"]
    assert [len(set(found.levels[name])) for name in found.edges] == [8, 8]
    assert found.notes == [
        "mail has 40 levels in 40 won leads: it names leads, so it is left out",
        "number holds whole numbers, 40 levels in 40 won leads: it counts in 8 bins (below 5, 5 to 10, 10 to 15, 15 to "
        "20, 20 to 25, 25 to 30, 30 to 35, 35 or more); edges of your own, or text where they are codes, say "
        "otherwise: bins={'number': [...]}",
    ]


def test_bins_that_are_asked_for_make_levels_of_numbers_that_would_name_leads():
    found = read("history", {"number": list(range(40))}, np.ones(40, dtype=np.int64), bins={"number": (10.0, 20.0)})
    assert (set(found.levels["number"]), found.notes) == ({"below 10", "10 to 20", "20 or more"}, [])


def test_bins_hold_equally_much_of_the_weights():
    outcomes, heavy = np.full(4, 10), np.array([1.0, 1.0, 1.0, 97.0])
    cells = {"size": [1, 2, 3, 4]}
    even = read("history", cells, outcomes, bins={"size": 2})
    assert even.edges == {"size": (3.0,)}
    assert read("history", cells, outcomes, weights=heavy, bins={"size": 2}).edges == {"size": (4.0,)}


def test_what_is_no_number_cannot_be_binned():
    with pytest.raises(InvalidInput) as caught:
        read("history", {"size": [1, "big"]}, np.ones(2, dtype=np.int64), bins={"size": 2})
    assert str(caught.value) == "history.size: is binned, so values must be numbers; found 'big'"
