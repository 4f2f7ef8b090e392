"""Whatever is given, there is one sentence that says what it must be, and never another exception."""

import numpy as np
import pytest

from leadopt.errors import InvalidInput
from leadopt.matching import match
from leadopt.problem.problem import Limit

GAINS = [[1.0, 2.0], [3.0, 1.0]]
RAGGED = [[1], [2, 3]]
LIMITS = {
    "usage": ["a", ["a"], RAGGED, [np.nan, 1.0], [1.0, -2.0], [np.inf, 1.0], 1j, {}, object()],
    "leads": [[[0, 1]], ["a"], [0.5], RAGGED, {"a": 1}, [10**30], np.ones((2, 2), dtype=int)],
    "reps": ["Ann", [[0], [1]], [None]],
    "lower": ["3", None, np.nan, np.inf, -1, [1, 2], True, 1j],
    "upper": ["3", None, np.nan, -1, [1, 2], False, 1j, 10**400],
    "penalty": ["x", [1], np.nan, -1, np.inf, 1j],
    "of": [-3, 1.5, []],
    "kind": [3, "quota of mine", None],
}
MATCHES = {
    "affinity": [None, "a", [["a"]], RAGGED, [[np.nan, 1.0]], [[np.inf, 1.0]], np.ones((2, 2, 2)), [[object(), 1.0]]],
    "capacity": ["x", None, RAGGED, -1, [1, np.nan], [1.5, 1], [1, 2, 3]],
    "limits": [Limit(upper=1), [{}], 3, "abc", None, [None], [Limit(usage=np.ones((2, 2, 2)))], [Limit(leads=[5])]],
    "pins": ["a", RAGGED, {"a": 0}, {0: "x"}, {0: 10**30}, {0: 1.5}, [0, 9], 7],
    "reserve": ["a", None, [1, 2], np.nan, np.inf, 1e300, True],
    "time_limit_s": ["a", 0, -1, np.nan],
    "solver": ["Milp", 3],
    "rng": ["x", -1],
    "prices": ["x", RAGGED, [1], [-1, 0], [np.nan, 0]],
    "on_progress": [3, "x"],
}


def one_sentence(error):
    text = str(error)
    assert ("\n" not in text and "must" in text) or "known are" in text or "does not exist" in text or "found" in text


@pytest.mark.parametrize("name, value", [(name, value) for name, values in LIMITS.items() for value in values])
def test_a_limit_says_what_it_wants(name, value):
    with pytest.raises(InvalidInput) as refused:
        Limit(**{name: value})
        match(GAINS, 2, limits=[Limit(**{name: value})])
    one_sentence(refused.value)


@pytest.mark.parametrize("name, value", [(name, value) for name, values in MATCHES.items() for value in values])
def test_match_says_what_it_wants(name, value):
    with pytest.raises(InvalidInput) as refused:
        match(**{"affinity": GAINS, "capacity": 2} | {name: value})
    one_sentence(refused.value)


def test_a_name_stays_on_one_line():
    with pytest.raises(InvalidInput, match=r"^limit 'hours\\nof Bo': upper must"):
        Limit(name="hours\nof Bo", upper=-1)
