"""Whatever is given, there is one sentence that says what it must be, and never another exception."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from leadopt.errors import Infeasible, InvalidInput
from leadopt.matching import match
from leadopt.problem.problem import Limit
from leadopt.solvers import Milp

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


MASKED = np.ma.masked_array([[1.0, 2.0], [3.0, 1.0]], mask=[[0, 0], [1, 0]])
TOLD = [  # what was given, and what is said of it, word for word
    ({"affinity": MASKED}, "affinity.rates: must not be masked, as at place 1, 0; fill it first: .filled(-numpy.inf) "),
    ({"capacity": np.ma.masked_array([1, 2], mask=[0, 1])}, "capacity: must not be masked, as at place 1; fill it"),
    ({"affinity": [[1, 2], [3]]}, "affinity.rates: must be numbers of shape (rows, reps); row 1 has 1, row 0 has 2"),
    ({"affinity": [["1", "2"]]}, "affinity.rates: must be numbers of shape (rows, reps); found <U1, such as '1'"),
    ({"affinity": [[1, 2 + 1j]]}, "affinity.rates: must be numbers of shape (rows, reps); found complex128, such as"),
    (
        {"affinity": [np.array(["2020-01-01"], "M8[D]")]},
        "affinity.rates: must be numbers of shape (rows, reps); found ",
    ),
    ({"affinity": [[1, 2], [3, None]]}, "affinity.rates, row 1, rep 1: must be a number; found None"),
    ({"affinity": [[1, 2], [3, np.nan]]}, "affinity, row 1, rep 1: gains must be finite, or -inf for an ineligible pa"),
    ({"capacity": [None, 1]}, "capacity of rep 0: must be a whole number, 0 or more; found None"),
    ({"capacity": {0: 1, 1: 1}}, "capacity: must be one whole number, or one for each of 2 reps; found {0: 1, 1: 1}"),
    ({"together": [-2, -2]}, "together: must be one whole number for each lead, the same for leads that stay together"),
    ({"pins": {True: 1}}, "pins: lead True does not exist; there are 2"),
    ({"pins": {0: 2**70}}, f"pins: lead 0 is pinned to rep {2**70}, which does not exist"),
    ({"solver": Milp}, "solver: must be a solver, such as Milp(); found the class, without brackets"),
]


@pytest.mark.parametrize("given, said", TOLD)
def test_match_says_where_and_what(given, said):
    with pytest.raises(InvalidInput) as refused:
        match(**{"affinity": GAINS, "capacity": 2} | given)
    assert str(refused.value).startswith(said)


def test_capacities_of_any_size_and_kind_are_numbers():
    for given in (2**64, [2**64, 1], [Fraction(2), 1], np.ma.masked_array([2, 1], mask=[0, 0])):
        assert match(GAINS, given).problem.capacity.min() > 0
    with pytest.raises(InvalidInput, match="capacity of rep 1: must be a whole number, 0 or more; found Fraction"):
        match(GAINS, [1, Fraction(1, 2)])


def test_numbers_of_pythons_own_kinds_are_gains():
    gains = [[Decimal("1.5"), Fraction(1, 4)], [True, 2**70]]
    assert match(gains, 2).problem.affinity.dense().tolist() == [[1.5, 0.25], [1.0, 2.0**70]]


def broken(kind):
    values = np.array([1.0, 2.0, 3.0])
    if kind == "columns of coo":
        matrix = scipy.sparse.coo_matrix((values, ([0, 1, 1], [0, 1, 0])), shape=(2, 2))
        matrix.col[1] = 99
        return matrix
    matrix = scipy.sparse.csr_matrix((values, np.array([0, 1, 0]), np.array([0, 2, 3])), shape=(2, 2))
    matrix.indptr[1] = {"beyond the end": 9, "below nought": -5}[kind]
    return matrix


@pytest.mark.parametrize("kind", ["beyond the end", "below nought", "columns of coo"])
def test_a_sparse_matrix_that_contradicts_itself_is_refused(kind):
    with pytest.raises(InvalidInput, match="affinity: the sparse matrix must "):
        match(broken(kind), 1)


def test_labels_that_repeat_are_refused():
    gains = pd.DataFrame(GAINS, columns=["a", "b"])
    with pytest.raises(InvalidInput, match=r"capacity: its labels must each stand there once.*found a twice"):
        match(gains, pd.Series([2, 0, 1], index=["b", "a", "a"]))
    with pytest.raises(InvalidInput, match=r"affinity: its columns must each stand there once.*found a twice"):
        match(pd.DataFrame(GAINS, columns=["a", "a"]), pd.Series([2, 1], index=["a", "b"]))
    with pytest.raises(InvalidInput, match="capacity: must be one number, or one for each of 2 reps; found shape"):
        match(gains, pd.DataFrame({"a": [1], "b": [1]}))


@pytest.mark.parametrize("time_limit_s", [None, 1.0])
def test_minimums_without_reps_have_a_witness(time_limit_s):
    limits = [Limit(usage=np.ones((2, 0)), lower=1), Limit(usage=[1.0, 2.0], lower=1, penalty=0.5)]
    with pytest.raises(Infeasible):
        match(np.zeros((2, 0)), [], limits=limits, time_limit_s=time_limit_s)
    with pytest.raises(Infeasible, match="there are 0 slots of no rep and 0 leads for them"):
        match(np.zeros((2, 0)), [], limits=[Limit(lower=1)], time_limit_s=time_limit_s)


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
