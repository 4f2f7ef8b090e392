"""The exceptions: what they are, what they carry, and the words they share."""

import pickle

import pytest

from leadopt import errors
from leadopt.errors import Infeasible, InvalidInput, Witness, did_you_mean, enumerate_some


def test_every_exception_is_a_leadopt_error_and_a_builtin_where_that_helps():
    builtins = {"InvalidInput": ValueError, "Infeasible": Exception}
    builtins |= {"SolverFailed": RuntimeError, "StorageFailed": RuntimeError}
    for name, builtin in builtins.items():
        assert issubclass(getattr(errors, name), errors.LeadoptError)
        assert issubclass(getattr(errors, name), builtin)
    assert issubclass(errors.NoPlanFound, errors.SolverFailed)
    assert issubclass(errors.PrecisionWarning, errors.LeadoptWarning)
    assert issubclass(errors.LeadoptWarning, UserWarning)


def test_infeasible_keeps_its_witness_when_pickled():
    witness = Witness(leads=(1, 2), reps=(0,), limits=("team",), need=2, room=1)
    again = pickle.loads(pickle.dumps(Infeasible("no room", witness)))
    assert str(again) == "no room"
    assert again.witness == witness


def test_invalid_input_is_caught_as_a_value_error():
    with pytest.raises(ValueError, match="here"):
        raise InvalidInput("here")


@pytest.mark.parametrize(
    "name, known, said",
    [
        ("Capacity", ["capacity", "rep_id"], '; did you mean "capacity"?'),
        ("lead id", ["lead_id", "rep_id"], '; did you mean "lead_id"?'),
        ("LeadID", ["rep_id", "lead_id"], '; did you mean "lead_id"?'),
        ("zzz", ["a", "b"], "; known are a, b"),
        ("zzz", [], ""),
        ("3", [30, 4], '; did you mean "30"?'),
    ],
)
def test_a_near_miss_is_named_and_else_what_is_known(name, known, said):
    assert did_you_mean(name, known) == said


def test_long_lists_are_cut_and_counted():
    assert enumerate_some([]) == ""
    assert enumerate_some(["a"]) == "a"
    assert enumerate_some(range(8)) == "0, 1, 2, 3, 4, 5, 6, 7"
    assert enumerate_some(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7 and 2 more"
