"""What 0.1.0 called its limits, read once: every rule and setting, and names that only look like it."""

from dataclasses import replace

import numpy as np
import pytest

from leadopt import Fairness, Limit, NewcomerQuota, Policy, assign
from leadopt.plans.saved.names_of_format_1 import kind_from_name, with_kinds
from leadopt.problem.limit_kinds import LimitKind

# Rep ids that hold the words of kinds, commas, and each other.
REPS = ["hours of nobody", "Ann", "minimum of Ann", "王 of 招聘", "a, b"]


def case_of(**more):
    leads = {"lead_id": range(12), "value": np.arange(1.0, 13.0), "effort": np.linspace(1, 2, 12)}
    reps = {
        "rep_id": REPS,
        "capacity": [3] * 5,
        "hours": [9] * 5,
        "min_leads": [1, 0, 1, 0, 1],
        "is_newcomer": [0, 1, 0, 1, 0],
    }
    return assign(leads, reps, **more).case


@pytest.mark.parametrize(
    "fairness",
    [
        [],
        [Fairness(low=0), Fairness(of="value", low=0), Fairness(of="hot", low=0), Fairness(low=0, high=2.0)],
    ],
)
def test_the_names_that_leadopt_gives_tell_their_kind(fairness):
    quota = NewcomerQuota(share=0.2, value_share=0.1, min_leads=1, max_hot_share=0.9)
    case = case_of(policy=Policy(fairness=fairness, newcomers=quota))
    limits = case.problem.limits
    assert len({limit.kind for limit in limits}) >= 6
    assert from_names(case) == [(limit.kind, limit.of) for limit in limits]


def from_names(case):
    blank = [replace(limit, kind=LimitKind.OWN, of=None) for limit in case.problem.limits]
    return [(limit.kind, limit.of) for limit in with_kinds(blank, case.rep_ids)]


def test_reps_who_compete_share_a_limit():
    case = assign({"lead_id": range(8)}, {"rep_id": REPS, "capacity": [3] * 5}, fairness=Fairness(maximin=True)).case
    assert {(limit.kind, len(limit.reps) > 1) for limit in case.problem.limits} == {
        ("fair share", 0),
        ("fair share", 1),
    }
    assert from_names(case) == [(limit.kind, limit.of) for limit in case.problem.limits]
    assert kind_from_name("fair share of Ann, a, b", [1, 4], REPS) == (LimitKind.FAIR_SHARE, None)
    assert kind_from_name("hours of Ann, a, b", [1, 4], REPS) == (LimitKind.OWN, None)


@pytest.mark.parametrize(
    "name, reps",
    [
        (None, [0]),
        ("", [1]),
        ("newcomer desk in Ann's office", [1]),
        ("newcomer quota of Ann", [1]),
        ("hours of overtime", [1]),
        ("hours of nobody", []),
        ("hours of Ann", [3]),
        ("hours of Ann", [0, 1]),
        ("hours", [1]),
        ("own of Ann", [1]),
        ("fairness band x of Ann", [1]),
        ("minimum 2 of Ann", [1]),
        ("Fairness band of Ann", [1]),
    ],
)
def test_whatever_else_is_called_is_its_users_own(name, reps):
    assert kind_from_name(name, reps, REPS) == (LimitKind.OWN, None)


@pytest.mark.parametrize(
    "name, limit",
    [
        ("minimum of Ann", {"usage": np.arange(12.0), "upper": 9}),
        ("minimum of Ann", {"leads": [0, 1], "lower": 1}),
        ("minimum of Ann", {"usage": 2.0, "lower": 2}),
        ("hours of Ann", {"upper": 3}),
        ("value band of Ann", {"upper": 3}),
        ("fairness band of Ann", {"leads": [0, 1], "upper": 1}),
        ("hot-lead band of Ann", {"upper": 3}),
        ("fair share of Ann", {"usage": np.arange(12.0), "lower": 1}),
        ("newcomer quota", {"leads": [0, 1], "lower": 1}),
        ("newcomer value quota", {"lower": 1}),
        ("newcomer ceiling on hot leads", {"upper": 1}),
    ],
)
def test_a_users_limit_of_our_name_that_counts_something_else_stays_its_users_own(name, limit):
    """It was taken for ours: lifted with our minimums, and said to be one."""
    (read,) = with_kinds([Limit(reps=[1], name=name, **limit)], REPS)
    assert (read.kind, read.of) == (LimitKind.OWN, None)


def test_of_two_limits_of_one_name_the_second_is_its_users_own():
    ours, users = Limit(reps=[1], lower=1, name="minimum of Ann"), Limit(reps=[1], lower=2, name="minimum of Ann")
    assert [limit.kind for limit in with_kinds([ours, users], REPS)] == [LimitKind.MINIMUM, LimitKind.OWN]
