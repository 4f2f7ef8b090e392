"""`Limit` and `Problem`: validated once, frozen, and every refusal says where, which rule and what was found."""

import copy
import pickle
import re

import numpy as np
import pytest

from leadopt.errors import InvalidInput
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem

ONES = np.ones((3, 2))


def refused(message):
    return pytest.raises(InvalidInput, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize(
    "more, message",
    [
        ({"usage": -1}, "limit 'x': usage must be finite numbers, 0 or more; found -1.0"),
        ({"usage": [1.0, np.nan]}, "limit 'x': usage of lead 1 must be finite numbers, 0 or more; found nan"),
        ({"usage": np.inf}, "limit 'x': usage must be finite numbers, 0 or more; found inf"),
        ({"lower": -1}, "limit 'x': lower must be a finite number, 0 or more; found -1"),
        ({"lower": np.nan}, "limit 'x': lower must be a finite number, 0 or more; found nan"),
        ({"lower": np.inf}, "limit 'x': lower must be a finite number, 0 or more; found inf"),
        ({"upper": -0.5}, "limit 'x': upper must be a number, 0 or more; found -0.5"),
        ({"upper": np.nan}, "limit 'x': upper must be a number, 0 or more; found nan"),
        ({"lower": 3, "upper": 2}, "limit 'x': lower must not exceed upper; found 3 > 2"),
        ({"penalty": -1}, "limit 'x': penalty must be from 0 to 1e+290, or None for a hard limit; found -1"),
        ({"penalty": np.nan}, "limit 'x': penalty must be from 0 to 1e+290, or None for a hard limit; found nan"),
        ({"penalty": np.inf}, "limit 'x': penalty must be from 0 to 1e+290, or None for a hard limit; found inf"),
        ({"reps": [0.5]}, "limit 'x': reps: must be indices or a mask; found float64"),
        ({"leads": ["a"]}, "limit 'x': leads: must be indices or a mask; found <U1"),
    ],
)
def test_a_limit_says_which_rule_it_breaks(more, message):
    with refused(message):
        Limit(name="x", **more)


def test_a_limit_without_a_name_is_called_limit():
    with refused("limit: lower must not exceed upper; found 3 > 2"):
        Limit(lower=3, upper=2)


def test_masks_and_indices_mean_the_same():
    limits = [Limit(reps=[True, False, True]), Limit(reps=[2, 0, 2])]
    mask, indices = Problem(affinity=np.ones((1, 3)), capacity=1, limits=limits).limits
    assert mask.reps.tolist() == indices.reps.tolist() == [0, 2]
    assert repr(limits[0]) == repr(limits[1]) == repr(mask)
    assert Limit(reps=1).reps.tolist() == [1]
    assert Limit(reps=[]).reps.tolist() == []


@pytest.mark.parametrize(
    "limit, said",
    [
        (Limit(), "Limit(None: 0 <= leads of all reps <= inf)"),
        (Limit(reps=[1], leads=[0, 1], lower=1, upper=2, name="q"), "Limit('q': 1 <= 2 leads of 1 rep <= 2)"),
        (Limit(reps=[0, 1], upper=2.5, penalty=3), "Limit(None: 0 <= leads of 2 reps <= 2.5, penalty 3)"),
    ],
)
def test_a_limit_reads_as_its_inequality(limit, said):
    assert repr(limit) == said


def test_usage_is_looked_up_by_lead_or_by_pair():
    assert Limit(usage=2).usage_at([0, 1], [0, 0]).tolist() == [2.0, 2.0]
    assert Limit(usage=[1.0, 3.0]).usage_at([1, 0], [0, 0]).tolist() == [3.0, 1.0]
    assert Limit(usage=[[1.0, 2.0], [3.0, 4.0]]).usage_at([1, 0], [0, 1]).tolist() == [3.0, 2.0]
    assert Limit(usage=1).counts_leads
    assert Limit(usage=[1.0, 1.0]).counts_leads
    assert not Limit(usage=[1.0, 2.0]).counts_leads


@pytest.mark.parametrize(
    "more, message",
    [
        ({"capacity": -1}, "capacity of rep 0: must be a whole number, 0 or more; found -1"),
        ({"capacity": [1, 1.5]}, "capacity of rep 1: must be a whole number, 0 or more; found 1.5"),
        ({"capacity": [1, np.nan]}, "capacity of rep 1: must be a whole number, 0 or more; found nan"),
        ({"capacity": [np.inf, 1]}, "capacity of rep 0: must be a whole number, 0 or more; found inf"),
        ({"capacity": [1, 2, 3]}, "capacity: must be one number, or one for each of 2 reps; found shape (3,)"),
        ({"capacity": [[1, 2]]}, "capacity: must be one number, or one for each of 2 reps; found shape (1, 2)"),
        ({"capacity": ["1", "2"]}, "capacity: must be one whole number, or one for each of 2 reps; found ['1', '2']"),
        (
            {"capacity": [True, False]},
            "capacity: must be one whole number, or one for each of 2 reps; found [True, False]",
        ),
        ({"pins": {3: 0}}, "pins: lead 3 does not exist; there are 3"),
        ({"pins": {-1: 0}}, "pins: lead -1 does not exist; there are 3"),
        ({"pins": {"a": 0}}, "pins: lead a does not exist; there are 3"),
        ({"pins": {0: 2}}, "pins: lead 0 is pinned to rep 2, which does not exist"),
        ({"pins": {0: -2}}, "pins: lead 0 is pinned to rep -2, which does not exist"),
        ({"pins": {0: 0.7}}, "pins: lead 0 must be pinned to a rep's index; found 0.7"),
        ({"pins": {0: "bob"}}, "pins: lead 0 must be pinned to a rep's index; found 'bob'"),
        ({"pins": {0: True}}, "pins: lead 0 must be pinned to a rep's index; found True"),
        ({"pins": [0, 1]}, "pins: must be one rep index (or -1) per lead; found int64 (2,)"),
        ({"pins": [0.0, 1.0, 1.0]}, "pins: must be one rep index (or -1) per lead; found float64 (3,)"),
        ({"pins": [-1, 5, -1]}, "pins: lead 1 is pinned to rep 5, which does not exist"),
        (
            {"affinity": [[1.0, -np.inf], [1.0, 1.0], [1.0, 1.0]], "pins": {0: 1}},
            "pins: lead 0 is pinned to rep 1, which is not eligible for it",
        ),
        (
            {"reserve": np.nan},
            "reserve: must be finite and at most 1e+290, or -inf where every lead must be placed; found nan",
        ),
        (
            {"reserve": np.inf},
            "reserve: must be finite and at most 1e+290, or -inf where every lead must be placed; found inf",
        ),
        (
            {"affinity": [[1.0, 1.0], [-1e291, 0.0], [1.0, 1.0]]},
            "affinity of lead 1: gains must be at most 1e+290, so that they can be added up; "
            "found 1e+291; give them in a larger unit",
        ),
        ({"limits": [Limit(reps=[0, 2], name="t")]}, "limit 't': reps must be from 0 to 1; found 0 to 2"),
        ({"limits": [Limit(reps=[-1])]}, "limit: reps must be from 0 to 1; found -1 to -1"),
        ({"limits": [Limit(leads=[1, 3])]}, "limit: leads must be from 0 to 2; found 1 to 3"),
        (
            {"limits": [Limit(usage=[1.0, 1.0], name="u")]},
            "limit 'u': usage must be a number, (n_leads,) or (n_leads, n_reps); found shape (2,)",
        ),
    ],
)
def test_a_problem_says_which_rule_it_breaks(more, message):
    with refused(message):
        Problem(**({"affinity": ONES, "capacity": 1} | more))


@pytest.mark.parametrize("gain", [np.nan, np.inf])
def test_gains_that_are_not_numbers_are_refused(gain):
    with refused(f"affinity, row 1, rep 0: gains must be finite, or -inf for an ineligible pair; found {gain}"):
        Problem(affinity=[[1.0], [gain]], capacity=1)


def test_an_ineligible_pair_stays_ineligible_for_a_lead_worth_nothing():
    problem = Problem(affinity=Affinity(rates=[[-np.inf, 1.0]], scale=[0.0]), capacity=1)
    with refused("pins: lead 0 is pinned to rep 0, which is not eligible for it"):
        problem.replace(pins={0: 0})


def test_one_capacity_serves_all_and_huge_ones_are_kept_within_int64():
    assert Problem(affinity=ONES, capacity=4).capacity.tolist() == [4, 4]
    assert Problem(affinity=ONES, capacity=[1e30, 2**64 - 1]).capacity.tolist() == [2**62, 2**62]


def test_arrays_are_frozen_and_the_callers_stay_his():
    pins, usage = np.array([0, -1, -1]), np.array([1.0, 2.0, 1.0])
    problem = Problem(affinity=ONES, capacity=[1, 1], pins=pins, limits=[Limit(usage=usage, reps=[0])])
    for array in (problem.capacity, problem.pins, problem.limits[0].usage, problem.limits[0].reps):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        problem.reserve = 1.0
    pins[1] = 1
    assert usage.flags.writeable
    assert problem.pins.tolist() == [0, -1, -1]


@pytest.mark.parametrize(
    ("rules", "pinned"),
    [
        ({}, []),
        ({"pins": {2: 0}}, [2]),
        ({"pins": [0, -1, -1, 1]}, [0, 3]),
        ({"pins": {2: 0}, "together": [5, -1, 5, 5]}, [0, 2, 3]),
        ({"together": [5, -1, 5, 5]}, []),
    ],
)
def test_who_is_pinned_is_known(rules, pinned):
    problem = Problem(affinity=np.ones((4, 2)), capacity=4, **rules)
    for same in (problem, problem.replace(reserve=0.5), copy.copy(problem), pickle.loads(pickle.dumps(problem))):
        assert same.pinned.tolist() == pinned == np.flatnonzero(same.pins >= 0).tolist()


def test_replace_validates_again():
    problem = Problem(affinity=ONES, capacity=1)
    assert problem.replace(reserve=2.0).reserve == 2.0
    with refused("capacity of rep 0: must be a whole number, 0 or more; found -3"):
        problem.replace(capacity=-3)


def test_load_adds_up_the_usage_of_placed_leads_inside_the_limit():
    problem = Problem(affinity=ONES, capacity=3)
    answer = np.array([0, 1, -1])
    assert problem.load(Limit(), answer) == 2.0
    assert problem.load(Limit(reps=[1]), answer) == 1.0
    assert problem.load(Limit(reps=[0, 1], usage=0.5), answer) == 1.0
    assert problem.load(Limit(reps=[]), answer) == problem.load(Limit(leads=[]), answer) == 0.0
    assert problem.load(Limit(leads=[0, 2], usage=2.5), answer) == 2.5
    assert problem.load(Limit(reps=[0], usage=[[4.0, 9.0]] * 3), answer) == 4.0


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(InvalidInput, match=r"limit 'team': reps: a mask must have 2 entries; found 3"):
        Problem(affinity=np.ones((2, 2)), capacity=1, limits=[Limit(reps=[True, False, True], name="team")])


def test_a_large_rate_of_small_leads_only_is_not_too_large():
    affinity = Affinity(rates=[[1e300, -np.inf], [-1.0, 2.0]], row=[0, 1], scale=[1e-100, 1e5])
    assert Problem(affinity=affinity, capacity=1).affinity is affinity
    with refused(
        "affinity of lead 1: gains must be at most 1e+290, so that they can be added up; "
        "found inf; give them in a larger unit"
    ):
        Problem(affinity=Affinity(rates=[[1.0], [-1e300]], row=[0, 1, 1], scale=[1.0, 1e10, 1.0]), capacity=1)


def test_pairs_that_are_all_ineligible_are_not_too_large():
    assert Problem(affinity=np.full((2, 3), -np.inf), capacity=1).affinity.largest == 0.0


def test_usage_may_be_factored_and_several_limits_may_share_it():
    effort = Affinity(rates=[[1.0, 2.0]], row=[0, 0], scale=[1.0, 3.0])
    limit = Limit(reps=[1], usage=effort, upper=5)
    assert limit.usage is effort
    assert limit.usage_at([0, 1], [0, 1]).tolist() == [1.0, 6.0]
    problem = Problem(affinity=np.ones((2, 2)), capacity=2, limits=[limit])
    assert problem.load(problem.limits[0], np.array([1, 1])) == 8.0


@pytest.mark.parametrize("rate", [-1.0, -np.inf])
def test_factored_usage_must_be_finite_and_not_negative(rate):
    with pytest.raises(InvalidInput, match="limit 'hours': usage must be finite numbers, 0 or more, for every pair"):
        Limit(usage=Affinity(rates=[[1.0, rate]]), name="hours")


def test_factored_usage_must_fit_the_problem():
    limit = Limit(usage=Affinity(rates=[[1.0, 1.0]]), name="hours")
    with pytest.raises(InvalidInput, match=r"limit 'hours': usage must be .* found shape \(1, 2\)"):
        Problem(affinity=np.ones((2, 2)), capacity=2, limits=[limit])
