"""Entitlements, bands and quotas as limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.columns import Columns
from leadopt.errors import InvalidInput
from leadopt.fairness import (
    Fairness,
    NewcomerQuota,
    band_limits,
    entitlement_weights,
    entitlements,
    is_newcomer,
    quota_limits,
)
from leadopt.frames import Table
from tests.strategies import examples


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=5), st.integers(0, 40))
@examples(200)
def test_entitlements_share_in_proportion_up_to_the_slots(reps, n_leads):
    weights, most = map(np.array, zip(*reps, strict=True))
    found = entitlements(weights, most, n_leads)
    known = (weights > 0) & (most > 0)
    assert found.sum() == pytest.approx(min(n_leads, most[known].sum()))
    assert (found <= most + 1e-9).all()
    assert (found[~known] == 0).all()
    below = known & (found < most - 1e-9)
    if below.any():
        level = (found[below] / weights[below]).max()
        assert found[below] == pytest.approx(level * weights[below])
        assert (found[known] <= level * weights[known] + 1e-9).all()


def test_bands_round_outwards_and_stay_within_the_slots():
    limits = band_limits(Fairness(low=0.8, high=1.2), np.array([4.0, 3.5, 0.0]), np.array([9, 2, 0]), ["a", "b", "c"])
    assert [(limit.name, limit.lower, limit.upper) for limit in limits] == [
        ("fairness band of a", 3, 5),
        ("fairness band of b", 2, 5),
    ]


def test_weights_are_slots_equal_or_a_column():
    reps = Table({"rep_id": [1, 2], "seniority": [1, 3]}, "reps")
    most = np.array([4, 0])
    assert entitlement_weights(Fairness(), reps, most).tolist() == [4, 0]
    assert entitlement_weights(Fairness(entitlement="equal"), reps, most).tolist() == [1, 1]
    assert entitlement_weights(Fairness(entitlement="seniority"), reps, most).tolist() == [1, 3]
    assert refused(entitlement_weights, Fairness(entitlement="senority"), reps, most) == (
        'fairness.entitlement: must be "capacity", "equal" or a column of reps (rep_id, seniority); found \'senority\''
    )


def test_quotas_round_up_for_the_group_and_down_for_each():
    quota = NewcomerQuota(share=0.25, min_leads=3)
    limits = quota_limits(quota, np.array([True, False, True]), np.array([1, 1, 0.2]), 5, ["a", "b", "c"])
    assert [(limit.name, limit.lower, limit.reps.tolist()) for limit in limits] == [
        ("newcomer quota", 2, [0, 2]),
        ("newcomer minimum of a", 3, [0]),
    ]
    assert quota_limits(quota, np.zeros(3, dtype=bool), np.ones(3), 5, ["a", "b", "c"]) == []


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"low": 1.1}, "fairness: must have 0 <= low <= 1 <= high; found low=1.1, high=1.2"),
        ({"high": 0.9}, "fairness: must have 0 <= low <= 1 <= high; found low=0.8, high=0.9"),
        ({"low": float("nan")}, "fairness: must have 0 <= low <= 1 <= high; found low=nan, high=1.2"),
        ({"high": float("inf")}, "fairness: must have 0 <= low <= 1 <= high; found low=0.8, high=inf"),
        ({"low": "a"}, "fairness: must have 0 <= low <= 1 <= high; found low='a', high=1.2"),
        ({"low": None}, "fairness: must have 0 <= low <= 1 <= high; found low=None, high=1.2"),
        ({"entitlement": 5}, 'fairness.entitlement: must be "capacity", "equal" or a column of reps; found 5'),
    ],
)
def test_a_band_without_one_is_refused(settings, said):
    assert refused(Fairness, **settings) == said


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"share": 1.5}, "newcomers.share: must be a number from 0 to 1; found 1.5"),
        ({"share": "10%"}, "newcomers.share: must be a number from 0 to 1; found '10%'"),
        ({"min_leads": -1}, "newcomers.min_leads: must be a whole number, 0 or more; found -1"),
        ({"min_leads": 1.5}, "newcomers.min_leads: must be a whole number, 0 or more; found 1.5"),
        ({"min_leads": float("inf")}, "newcomers.min_leads: must be a whole number, 0 or more; found inf"),
        ({"min_leads": "1"}, "newcomers.min_leads: must be a whole number, 0 or more; found '1'"),
        ({"tenure_days": -1}, "newcomers.tenure_days: must be a number, 0 or more; found -1"),
        ({"tenure_days": None}, "newcomers.tenure_days: must be a number, 0 or more; found None"),
        ({"tenure_days": float("nan")}, "newcomers.tenure_days: must be a number, 0 or more; found nan"),
    ],
)
def test_what_is_no_quota_is_refused(settings, said):
    assert refused(NewcomerQuota, **settings) == said


def newcomers(required=True, now=None, **columns):
    return is_newcomer(Table(columns, "reps"), Columns(), 90, now, required=required)


def test_new_is_who_is_flagged_or_short_of_tenure_or_lately_hired():
    assert newcomers(is_newcomer=[True, 0], tenure_days=[999, 1]).tolist() == [True, False]
    assert newcomers(tenure_days=[89, 90, None]).tolist() == [True, False, False]
    hired = ["2026-01-01", "2025-10-03", "2025-10-02", None]
    assert newcomers(hired_on=hired, now="2026-01-01").tolist() == [True, False, False, False]
    assert newcomers(hired_on=["2025-10-04"], now="2026-01-01").tolist() == [True]
    assert newcomers(required=False, hired_on=["2026-01-01"]).tolist() == [False]
    assert newcomers(required=False, rep_id=[1]).tolist() == [False]


def test_a_quota_without_a_column_says_which_it_could_use():
    assert refused(newcomers, rep_id=[1]) == (
        'reps: a newcomer quota needs a column "is_newcomer", "tenure_days" or "hired_on"; found rep_id'
    )
    assert refused(newcomers, hired_on=["2026-01-01"]) == (
        'reps.hired_on: needs now=, the date to count tenure to, as in now="2026-01-31"; found None'
    )
    assert refused(newcomers, hired_on=["2026-01-01"], now="today").endswith("found 'today'")
