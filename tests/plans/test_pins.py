"""What pins cost is what solving again without them brings, under minimums, bands, quotas and hours."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt import Fairness, NewcomerQuota, assign
from leadopt.errors import InvalidInput, LeadoptError
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of


@st.composite
def plans(draw, pins=True):
    """Small plans under settings of every kind, with pins."""
    n_leads, n_reps = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    cells = draw(st.lists(st.integers(-2, 9), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    some = st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps)
    capacity = draw(some)
    leads, columns = leads_of(n_leads), {}
    if draw(st.booleans()):
        columns["min_leads"] = np.minimum(draw(some), capacity).tolist()
    if draw(st.integers(0, 2)) == 0:
        leads["effort"] = draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=n_leads, max_size=n_leads))
        columns["hours"] = [2.0 * hours for hours in draw(some)]
    band = {
        "low": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "high": draw(st.sampled_from([1.0, 1.5])),
        "of": draw(st.sampled_from(["leads", "leads", "value"])),
        "weight": draw(st.sampled_from([None, 0.5, 2.0])),
        "entitlement": draw(st.sampled_from(["capacity", "equal"])),
    }
    fairness = draw(st.sampled_from([None, Fairness(**band)]))
    quota = None
    if n_reps > 1 and draw(st.integers(0, 3)) == 0:
        columns["is_newcomer"] = [False] * (n_reps - 1) + [True]
        quota = NewcomerQuota(**{draw(st.sampled_from(["share", "value_share"])): draw(st.sampled_from([0.2, 0.5]))})
    reps = reps_of(*capacity, **columns)
    pinned = draw(st.sets(st.integers(0, n_leads - 1), max_size=3)) if pins else ()
    pinned = {lead: draw(st.sampled_from(reps["rep_id"])) for lead in pinned}
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    try:
        return assign(leads, reps, affinity=gains, fairness=fairness, newcomers=quota, pins=pinned)
    except LeadoptError:
        assume(False)


@given(plans())
@examples(45)
def test_a_pin_costs_what_what_if_without_it_brings(plan):
    for lead, cost in plan.pin_costs().items():
        changed = plan.what_if(pins={lead: None})
        if changed.plan.is_best and plan.is_best:
            assert cost == pytest.approx(changed.change, abs=1e-7)
        else:
            assert np.isnan(cost)


def test_a_pin_that_meets_a_minimum_costs_less_than_its_move():
    reps = reps_of(2, 2, min_leads=[1, 0])
    plan = assign(leads_of(2), reps, affinity=[[1.0, 9.0], [3.0, 4.0]], pins={0: "Ann"})
    assert plan.pin_costs() == {0: 7.0}
    assert plan.what_if(pins={0: None}).change == 7.0
    assert plan.explain(0).lines[1] == "Bo would gain 9 (8 more); moving it there saves 7."
    assert "|    0 | Ann |            7 |" in plan.report()


def test_under_hours_a_pin_takes_a_solve_and_is_not_known_without_time():
    leads = leads_of(3, effort=[2.0, 1.0, 1.0])
    plan = assign(leads, reps_of(3, 3, hours=[2, 2]), affinity=[[1.0, 4.0], [5.0, 3.0], [5.0, 3.0]], pins={0: "Ann"})
    change = plan.what_if(pins={0: None}).change
    assert change > 0
    assert plan.pin_costs() == {0: pytest.approx(change)} == plan.pin_costs(time_limit_s=None)
    assert np.isnan(plan.pin_costs(time_limit_s=1e-9)[0])
    assert "not known without another solve" in plan.report()
    with pytest.raises(InvalidInput, match="time_limit_s"):
        plan.pin_costs(time_limit_s=0)
    assert plan.pin_costs(time_limit_s=np.inf) == plan.pin_costs()


def test_what_a_pin_costs_a_plan_that_is_not_proven_best_is_not_known_and_the_report_says_why():
    rng = np.random.default_rng(0)
    leads, reps = leads_of(60, effort=rng.lognormal(0, 0.5, 60).round(2).tolist()), reps_of(20, 20, 20, hours=[12] * 3)
    plan = assign(leads, reps, affinity=rng.random((60, 3)), pins={0: "Ann"}, time_limit_s=1e-6)
    assert not plan.is_best
    assert np.isnan(plan.pin_costs(time_limit_s=np.inf)[0])
    assert "not known as the plan is not proven best" in plan.report()
