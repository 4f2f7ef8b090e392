"""What a newcomer quota costs: the difference between two plans, each the best of its kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, NewcomerQuota, Plan, assign
from leadopt.plans.quota_cost import quota_cost
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of


@given(st.data(), st.integers(1, 6), st.sampled_from([0.2, 0.5, 1.0]))
@examples(30)
def test_a_quota_costs_the_difference_of_two_plans(data, n_leads, share):
    cells = data.draw(st.lists(st.integers(0, 9), min_size=3 * n_leads, max_size=3 * n_leads))
    call = {
        "leads": leads_of(n_leads),
        "reps": reps_of(3, 2, 2, is_newcomer=[0, 1, 1]),
        "affinity": np.array(cells, dtype=float).reshape(-1, 3),
        "fairness": data.draw(st.sampled_from([None, Fairness(low=0)])),
    }
    try:
        plan = assign(**call, newcomers=NewcomerQuota(share=share))
    except Infeasible:
        return
    free, cost = assign(**call), quota_cost(plan)
    assert cost.total == pytest.approx(free.objective - plan.objective)
    assert cost.uncertain == 0
    assert cost.newcomers.keys() == {"Bo", "Cy"}
    assert sum(one.cost for one in cost.newcomers.values()) == pytest.approx(cost.total)
    leads = np.bincount(plan.rep_of_lead[plan.rep_of_lead >= 0], minlength=3)
    assert [one.leads for one in cost.newcomers.values()] == leads[1:].tolist()


def quota_plan(**more):
    gains = np.array([[4.0, 1.0], [2.0, 1.0], [1.0, 0.5]])
    quota = NewcomerQuota(share=0.3)
    return assign(leads_of(3), reps_of(3, 3, is_newcomer=[0, 1]), affinity=gains, newcomers=quota, **more)


def test_the_report_says_what_the_quota_costs_and_a_saved_plan_says_the_same():
    plan = quota_plan()
    report = plan.report()
    assert "1 of 2 reps, with 1 lead (33%). The quota costs 0.5 gain." in report
    assert "| Bo  |     1 |             0 |           0.5 |             0 |   0.5 |" in report
    again = Plan.from_json(plan.to_json())
    assert again.report() == report
    assert quota_cost(again) == quota_cost(plan)


def test_a_quota_cost_is_shown_as_a_sentence_and_a_table():
    cost = quota_cost(quota_plan())
    assert repr(cost) == "<QuotaCost: The quota costs 0.5 gain.>"
    assert str(cost).splitlines()[0] == cost.summary()
    assert str(cost).splitlines()[-1] == "| Bo  |     1 |             0 |           0.5 |             0 |   0.5 |"
    assert "<td" in cost._repr_html_()


def test_without_a_quota_there_is_nothing_to_cost():
    assert quota_cost(assign(leads_of(2), reps_of(2, 2))) is None
    nobody_new = assign(leads_of(2), reps_of(2, 2, is_newcomer=[0, 0]), newcomers=NewcomerQuota(share=0.5))
    assert quota_cost(nobody_new) is None
    assert "costs" not in nobody_new.report()
