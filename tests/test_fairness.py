"""Entitlements, bands and quotas as limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.errors import InvalidInput
from leadopt.fairness import (
    Fairness,
    NewcomerQuota,
    band_limits,
    entitlement_weights,
    entitlements,
    is_newcomer,
    quota_limits,
    ramp_up,
)
from leadopt.problem.gains import Affinity
from leadopt.tables import Table
from leadopt.tables.columns import Columns
from tests.strategies import examples


def refused(act, *arguments, **more):
    with pytest.raises(InvalidInput) as caught:
        act(*arguments, **more)
    return str(caught.value)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=5), st.integers(0, 40))
@examples(50)
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
        'fairness.entitlement: must be "capacity", "equal", "performance" or a column of reps '
        "(rep_id, seniority); found 'senority'; did you mean \"seniority\"?"
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
        ({"of": ["hot"]}, 'fairness.of: must be "leads", "value" or "hot"; found [\'hot\']; did you mean "hot"?'),
        ({"weight": -1}, "fairness.weight: must be a number, 0 or more, or None for a hard band; found -1"),
        ({"weight": float("nan")}, "fairness.weight: must be a number, 0 or more, or None for a hard band; found nan"),
        ({"weight": True}, "fairness.weight: must be a number, 0 or more, or None for a hard band; found True"),
        ({"maximin": 1}, "fairness.maximin: must be true or false; found 1"),
        ({"maximin": True, "weight": 1}, "fairness: maximin takes no weight, as it is no band; leave one of them out"),
        ({"hot_share": 1.5}, "fairness.hot_share: must be a number from 0 to 1; found 1.5"),
        ({"hot_share": 0}, "fairness.hot_share: must be above 0, so that a lead can be hot; found 0"),
        (
            {"entitlement": 5},
            'fairness.entitlement: must be "capacity", "equal", "performance" or a column of reps; found 5',
        ),
    ],
)
def test_a_band_without_one_is_refused(settings, said):
    assert refused(Fairness, **settings) == said


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"share": 1.5}, "newcomers.share: must be a number from 0 to 1; found 1.5"),
        ({"share": "10%"}, "newcomers.share: must be a number from 0 to 1; found '10%'"),
        ({"value_share": -0.1}, "newcomers.value_share: must be a number from 0 to 1; found -0.1"),
        ({"max_hot_share": float("nan")}, "newcomers.max_hot_share: must be a number from 0 to 1; found nan"),
        ({"hot_share": None}, "newcomers.hot_share: must be a number from 0 to 1; found None"),
        ({"protect": True}, "newcomers.protect: must be the name of a column of leads; found True"),
        ({"ramp_days": 0}, "newcomers.ramp_days: must be a number above 0, or None; found 0"),
        (
            {"ramp": [0, 0.5]},
            "newcomers.ramp: must be two or more fractions that never fall and end at 1, "
            "as in [0, 0.25, 1]; found [0, 0.5]",
        ),
        (
            {"ramp": [0.5, 0.2, 1]},
            "newcomers.ramp: must be two or more fractions that never fall and end at 1, "
            "as in [0, 0.25, 1]; found [0.5, 0.2, 1]",
        ),
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


def test_soft_and_value_bands_are_limits_with_a_penalty_and_unrounded_bounds():
    soft = band_limits(Fairness(weight=2.5), np.array([4.0]), np.array([9]), ["a"])
    assert [(limit.lower, limit.upper, limit.penalty) for limit in soft] == [(3, 5, 2.5)]
    worth = Affinity(rates=[[0.5, 0.25]])
    value = band_limits(Fairness(of="value"), np.array([0.3, 0.1]), np.array([1, 2]), ["a", "b"], usage=worth)
    assert [limit.name for limit in value] == ["value band of a", "value band of b"]
    assert [limit.usage is worth for limit in value] == [True, True]
    assert [(limit.lower, limit.upper) for limit in value] == [(0.8 * 0.3, 1.2 * 0.3), (0.8 * 0.1, 1.2 * 0.1)]


def test_bands_on_hot_leads_share_one_array_of_leads():
    hot = np.array([1, 3])
    limits = band_limits(Fairness(of="hot"), np.array([1.0, 1.0]), np.array([2, 2]), ["a", "b"], leads=hot)
    assert [limit.name for limit in limits] == ["hot-lead band of a", "hot-lead band of b"]
    assert all(np.shares_memory(limit.leads, hot) for limit in limits)


def test_a_quota_bounds_value_from_below_and_hot_leads_from_above():
    worth, quota = Affinity(rates=np.ones((5, 2))), NewcomerQuota(value_share=0.25, max_hot_share=0.5)
    limits = quota_limits(
        quota, np.array([True, False]), np.ones(2), 5, ["a", "b"], value=(worth, 8.0), hot=np.array([0, 1, 4])
    )
    assert [(limit.name, limit.lower, limit.upper, limit.reps.tolist()) for limit in limits] == [
        ("newcomer value quota", 2.0, np.inf, [0]),
        ("newcomer ceiling on hot leads", 0, 1, [0]),
    ]
    assert limits[0].usage is worth
    assert limits[1].leads.tolist() == [0, 1, 4]


def test_a_ramp_grows_with_tenure_from_nothing_to_full():
    def ramp(quota, now=None, **columns):
        return ramp_up(quota, Table(columns, "reps"), Columns(), now)

    linear = NewcomerQuota(ramp_days=100)
    assert ramp(linear, tenure_days=[-5, 0, 25, 99, 100, 500, None]).tolist() == [0, 0, 0.25, 0.99, 1, 1, 1]
    assert ramp(linear, tenure_days=[50, 50], is_newcomer=[1, 0]).tolist() == [0.5, 1]
    assert ramp(linear, now="2026-01-11", hired_on=["2026-01-01", None]).tolist() == [0.1, 1]
    steps = NewcomerQuota(ramp_days=90, ramp=[0.25, 0.5, 1])
    assert ramp(steps, tenure_days=[0, 45, 67.5, 90]).tolist() == [0.25, 0.5, 0.75, 1]
    assert ramp(NewcomerQuota(), rep_id=[1]) is None
    assert ramp(None, rep_id=[1]) is None
    assert refused(ramp, linear, rep_id=[1]) == (
        'reps: ramp_days needs a column "tenure_days" or "hired_on"; found rep_id'
    )
    assert refused(ramp, linear, hired_on=["2026-01-01"]).startswith("reps.hired_on: needs now=")


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
