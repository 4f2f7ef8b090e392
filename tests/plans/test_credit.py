"""What is owed after a batch, and that it makes shares fair over many of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, InvalidInput, assign
from leadopt.plans.credit import carry
from tests.strategies import examples
from tests.test_assign import leads_of, reps_of

NAMES = ["Ann", "Bo", "Cy"]


def batch(rng, fairness, credit, n_leads=12, **columns):
    reps = {"rep_id": NAMES, "credit": [credit.get(name) for name in NAMES]} | columns
    gains = rng.random((n_leads, 3)) * [1.0, 0.6, 0.3]  # Ann is best at everything, and would get all she can
    return assign(leads_of(n_leads), reps, affinity=gains, fairness=fairness)


@pytest.mark.parametrize("of", ["leads", "hot"])
@pytest.mark.parametrize("entitlement", ["equal", "seniority"])
def test_shares_converge_to_entitlements_over_batches(of, entitlement):
    rng, credit, received, n = np.random.default_rng(1), {}, np.zeros(3), 30
    for _ in range(n):
        fairness = Fairness(of=of, low=0.5, high=1.5, entitlement=entitlement, hot_share=0.34)
        plan = batch(rng, fairness, credit, capacity=[8, 8, 8], seniority=[3, 2, 1])
        received += plan.case.shared[0].received(plan.rep_of_lead)
        credit = carry(plan)
    weights = np.array([3, 2, 1] if entitlement == "seniority" else [1, 1, 1])
    due = received.sum() * weights / weights.sum()
    assert list(credit.values()) == pytest.approx((due - received).tolist())
    assert np.abs(received - due).max() <= 8  # one batch's doing, however many there were
    assert np.abs(received / received.sum() - due / due.sum()).max() < 0.08


def test_without_credit_the_same_batches_drift_apart():
    rng, received = np.random.default_rng(1), np.zeros(3)
    for _ in range(30):
        plan = batch(rng, Fairness(low=0.5, high=1.5), {}, capacity=[8, 8, 8])
        received += plan.case.shared[0].received(plan.rep_of_lead)
    assert received[0] - received[2] > 100


@given(st.data())
@examples(25)
def test_credits_add_up_to_what_they_were(data):
    credit = {name: data.draw(st.integers(-3, 3)) for name in NAMES}
    capacity = data.draw(st.lists(st.integers(0, 6), min_size=3, max_size=3))
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    plan = batch(rng, Fairness(low=0), credit, n_leads=6, capacity=capacity)
    after = carry(plan)
    assert sum(after.values()) == pytest.approx(sum(credit.values()), abs=1e-9)
    assert after.keys() == set(NAMES)


def test_leave_neither_earns_nor_costs_unless_it_is_owed():
    away = {"capacity": [4, 4, 4], "available": [0, 1, 1]}
    plan = batch(np.random.default_rng(0), Fairness(low=1, high=1), {"Ann": 1.5}, n_leads=6, **away)
    assert carry(plan) == {"Ann": 1.5, "Bo": 0, "Cy": 0}
    assert carry(plan, owe_leave=True) == {"Ann": 3.5, "Bo": -1, "Cy": -1}


def test_a_joiner_begins_at_nothing_and_a_given_back_lead_was_never_received():
    plan = assign(leads_of(4), reps_of(4, 4), affinity=np.ones((4, 2)), fairness=Fairness(low=1, high=1))
    assert carry(plan) == {"Ann": 0, "Bo": 0}
    bad = int(np.flatnonzero(plan.rep_of_lead == 0)[0])
    assert carry(plan, given_back=[bad]) == {"Ann": 0.5, "Bo": -0.5}
    reps = reps_of(6, 6, 6, credit=[1, -1, None])
    assert assign(leads_of(6), reps, fairness=Fairness()).case.shared[0].entitlement.tolist() == [3, 1, 2]


def test_who_had_more_than_the_next_share_waits():
    plan = assign(leads_of(3), reps_of(3, 3, credit=[-9, 0]), fairness=Fairness(low=1, high=1))
    assert plan.rep_of_lead.tolist() == [1, 1, 1]
    assert carry(plan) == {"Ann": -7.5, "Bo": -1.5}


def test_what_is_owed_must_be_shared_by_the_plan():
    plan = assign(leads_of(2), reps_of(2, 2))
    both = assign(leads_of(2), reps_of(2, 2), fairness=[Fairness(), Fairness(of="hot")])
    for act, said in (
        (
            lambda: carry(plan),
            "of: must be something that the plan shares, and it has no setting of fairness; found None",
        ),
        (lambda: carry(both), "of: must be something that the plan shares, and it shares leads and hot; found None"),
        (lambda: carry(both, given_back=[7], of="hot"), "lead 7 is not in this plan"),
    ):
        with pytest.raises(InvalidInput) as caught:
            act()
        assert str(caught.value).startswith(said)
    assert carry(both, of="hot").keys() == {"Ann", "Bo"}
