"""Names for the indices of a problem."""

import uuid
from dataclasses import replace

import numpy as np
import pytest

from leadopt import Fairness, InvalidInput, Limit, Policy, assign


def case_of(lead_ids, **more):
    return assign({"lead_id": lead_ids}, {"rep_id": ["Ann", "Bo"], "capacity": [2, 2]}, **more).case


def test_leads_and_reps_are_found_by_their_id():
    case = case_of([30, 10, 20])
    assert [case.lead(10), case.lead(np.int64(20)), case.lead(30.0)] == [1, 2, 0]
    assert case.rep("Bo") == 1


def test_text_finds_numbers_and_uuids_as_on_a_command_line():
    assert case_of([7, 17]).lead("17") == 1
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]
    assert case_of(ids).lead(str(ids[1])) == case_of(ids).lead(ids[1]) == 1


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(InvalidInput) as caught:
        case_of([7]).rep("Anne")
    assert str(caught.value) == "rep 'Anne' is not in this plan; did you mean \"Ann\"?"
    for unknown in (None, [1], float("nan"), True):
        with pytest.raises(InvalidInput, match="is not in this plan"):
            case_of([7]).lead(unknown)


def test_limits_and_segments_have_names():
    case = case_of([1, 2], fairness=Fairness())
    assert case.limit_names() == ["fairness band of Ann", "fairness band of Bo"]
    history = [{"rep_id": "Ann", "kind": kind, "converted": 1} for kind in ("a", None, "b")]
    by_kind = Policy(segment_by="kind")
    told = assign(
        [{"lead_id": 1, "kind": None}], [{"rep_id": "Ann", "capacity": 1}], history, policy=by_kind
    ).case.evidence
    assert told.describe(0) == "kind=(missing)"
    none = assign([{"lead_id": 1}], [{"rep_id": "Ann", "capacity": 1}], history).case.evidence
    assert none.describe(0) == "any lead"


def test_without_evidence_there_is_no_probability():
    case = case_of([1, 2])
    assert case.probability(np.array([0]), np.array([0])) is None


def test_the_limits_around_a_pair_are_those_that_count_it():
    limits = (
        Limit(reps=[0], upper=2),
        Limit(leads=[1], upper=1),
        Limit(usage=np.array([[1.0, 0.0], [2.0, 3.0]]), upper=99),
    )
    case = case_of([1, 2])
    case = replace(case, problem=case.problem.replace(limits=limits))
    assert case.limits_of_reps() == ((0, 1, 2), (1, 2))
    assert case.limits_around(0, 0) == {0: 1.0, 2: 1.0}
    assert case.limits_around(0, 1) == {}
    assert case.limits_around(1, 1) == case.limits_around(1, 1, case.limits_of_reps()[1]) == {1: 1.0, 2: 3.0}
