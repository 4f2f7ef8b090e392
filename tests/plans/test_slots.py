"""What one more slot adds is told exactly where it is known, and at most elsewhere: against solving again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from leadopt import Fairness, assign
from leadopt.errors import LeadoptError
from leadopt.plans.slots import one_more_slot
from tests import many_seeds, seeds
from tests.plans.test_pins import plans
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of


@given(plans())
@examples(45)
def test_no_slot_adds_more_than_is_told_and_exactly_that_where_it_is_known(plan):
    for rep, name in enumerate(plan.case.rep_ids):
        change = plan.what_if(capacity={name: 1}).change
        adds = one_more_slot(plan, rep)
        assert change <= adds.amount + 1e-7
        if adds.exact:
            assert change == pytest.approx(adds.amount, abs=1e-7)
        if not plan.case.problem.limits:
            assert adds.exact
        assert plan.explain_rep(name).one_more_slot == adds.amount


def banded():
    return assign(
        leads_of(3), reps_of(2, 1), affinity=[[5.0, 6.0], [6.0, 9.0], [1.0, 7.0]], fairness=Fairness(high=1.0)
    )


def test_a_slot_that_a_band_keeps_empty_adds_nothing():
    plan = banded()
    assert plan.what_if(capacity={"Bo": 1}).change == 0
    assert plan.capacity_prices[1] > 0
    assert plan.prices["Bo"] == 0
    bo = plan.explain_rep("Bo")
    assert bo.one_more_slot == 0
    assert any(line.startswith("One more slot would add nothing") for line in bo.lines)
    assert "one more slot adds at most" in plan.report()
    told = [line for lead in range(3) for line in plan.explain(lead).lines if "Bo would gain" in line]
    assert any("is full (one more slot alone adds nothing)" in line for line in told)


def test_without_limits_the_price_is_what_a_slot_adds():
    plan = assign(leads_of(3), reps_of(1, 1), affinity=[[5.0, 1.0], [4.0, 3.0], [3.5, 1.0]])
    assert "one more slot adds |" in plan.report()
    for name, price in plan.prices.items():
        assert plan.what_if(capacity={name: 1}).change == pytest.approx(price)


def test_a_plan_that_is_not_proven_counts_what_it_may_lack():
    plan = assign(leads_of(3, effort=[3.0, 2.0, 2.0]), reps_of(2, hours=[4]), affinity=[[9.0], [5.0], [5.0]])
    assert plan.is_best  # by prices of leads, which say that a slot adds nothing; without them:
    assert one_more_slot(plan, 0) == (0.0, True)
    plan = replace(plan, lead_prices=None)
    lacking = plan.bound - plan.objective
    assert lacking > 0
    for rep, name in enumerate(plan.case.rep_ids):
        adds = one_more_slot(plan, rep)
        assert adds == (pytest.approx(plan.capacity_prices[rep] + lacking), False)
        assert plan.prices[name] == plan.capacity_prices[rep]
        assert plan.what_if(capacity={name: 1}).change <= adds.amount
        assert f"One more slot would add {adds.amount:.3g} at most" in str(plan.explain_rep(name))


def test_a_slot_of_a_rep_who_is_away_adds_nothing():
    """At a price without an upper end, a rep without slots was said to add more than all leads are worth."""
    reps = reps_of(2, 3, 1, available=[True, False, True])
    for fairness in (None, Fairness(high=1.0), Fairness(low=0.5, high=1.0, of="value")):
        plan = assign(leads_of(5), reps, affinity=[[5.0, 9.0, 4.0]] * 5, fairness=fairness)
        away = plan.case.rep_ids[1]
        assert one_more_slot(plan, 1) == (0.0, True)
        assert plan.prices[away] == plan.explain_rep(away).one_more_slot == 0.0


@many_seeds
def test_at_most_is_never_below_a_solve_nor_above_the_best_lead_under_bands_that_cross():
    told = 0
    for seed in seeds(12, 300):
        rng = np.random.default_rng(seed)
        gains = 1000.0 * rng.random((12, 4))
        reps = reps_of(*rng.integers(0, 5, size=4).tolist(), available=(rng.random(4) < 0.8).tolist())
        try:
            plan = assign(leads_of(12), reps, affinity=gains, fairness=Fairness(high=1.5, of="value"))
        except LeadoptError:
            continue
        for rep in np.flatnonzero(~plan.case.away).tolist():
            adds = one_more_slot(plan, rep)
            change = plan.what_if(capacity={plan.case.rep_ids[rep]: 1}).change
            assert change <= adds.amount + 1e-6
            if plan.status in ("OPTIMAL", "SOLVED"):
                assert adds.amount <= gains[:, rep].max() + 1e-6
            told += 1
    assert told > 20
