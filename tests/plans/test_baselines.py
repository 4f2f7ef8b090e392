"""What companies do today: each baseline against its own definition, and all of them keep the hard rules."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, InvalidInput, Policy, assign
from leadopt.plans.baselines import ALL
from leadopt.policy import match
from tests.strategies import examples
from tests.tables_strategies import floors, policies
from tests.test_assign import HISTORY, given_to, leads_of, reps_of


@given(floors(), st.data())
@examples(30)
def test_every_baseline_keeps_capacity_eligibility_and_pins(floor, data):
    policy = data.draw(policies(floor))
    ids, reps = floor["leads"]["lead_id"], floor["reps"]["rep_id"]
    pins = {data.draw(st.sampled_from(ids)): data.draw(st.sampled_from(reps))} if ids and reps else None
    try:
        plan = assign(**floor, policy=policy, pins=pins)
    except (Infeasible, InvalidInput):
        return
    problem = plan.case.problem
    gains = problem.affinity.dense()
    for name in ALL:
        if name == "territory" and plan.case.territory_of_lead is None:
            continue
        answer = plan.baseline(name).rep_of_lead
        placed = np.flatnonzero(answer >= 0)
        assert np.isfinite(gains[placed, answer[placed]]).all()
        assert (np.bincount(answer[placed], minlength=problem.n_reps) <= problem.capacity).all()
        assert (answer[problem.pins >= 0] == problem.pins[problem.pins >= 0]).all()
        assert all(gains[lead, answer[lead]] > policy.reserve for lead in placed if problem.pins[lead] < 0)


def test_round_robin_deals_in_turn_and_remembers_whose_turn_is_next():
    dealt = assign(leads_of(4), reps_of(9, 9, 9)).baseline("round robin")
    assert list(given_to(dealt).values()) == ["Ann", "Bo", "Cy", "Ann"]
    assert dealt.next_in_turn == "Bo"
    second = assign(leads_of(2), reps_of(9, 9, 9)).baseline("round robin", turn=dealt.next_in_turn)
    assert list(given_to(second).values()) == ["Bo", "Cy"]
    assert second.next_in_turn == "Ann"


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.integers(1, 4))
@examples(25)
def test_round_robin_in_batches_is_round_robin_at_once(batches, n_reps):
    reps = {"rep_id": list(range(n_reps)), "capacity": [99] * n_reps}
    at_once = list(given_to(assign(leads_of(sum(batches)), reps).baseline("round robin")).values())
    dealt, turn = [], None
    for size in batches:
        batch = assign(leads_of(size), reps).baseline("round robin", turn=turn)
        dealt += given_to(batch).values()
        turn = batch.next_in_turn
    assert dealt == at_once


def test_round_robin_passes_over_who_is_full_or_not_eligible():
    leads, reps = leads_of(4, zone=[None, "N", None, None]), reps_of(1, 9, 9, zone=["N", "S", "N"])
    plan = assign(leads, reps, policy=Policy(eligibility=[match("zone")]))
    assert list(given_to(plan.baseline("round robin")).values()) == ["Ann", "Cy", "Bo", "Cy"]


@given(st.data(), st.integers(0, 6), st.integers(1, 3))
@examples(40)
def test_greedy_takes_the_greatest_gain_that_is_still_possible(data, n_leads, n_reps):
    cells = data.draw(st.lists(st.integers(0, 5), min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    gains = np.array(cells, dtype=float).reshape(n_leads, n_reps)
    room = data.draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    plan = assign(leads_of(n_leads), reps_of(*room), affinity=gains)
    answer = [-1] * n_leads
    while pairs := [
        (-gains[lead, rep], lead, rep)
        for lead in range(n_leads)
        for rep in range(n_reps)
        if answer[lead] < 0 and room[rep] and gains[lead, rep] > 0
    ]:
        _, lead, rep = min(pairs)
        answer[lead] = rep
        room[rep] -= 1
    assert plan.baseline("greedy").rep_of_lead.tolist() == answer


def test_territory_gives_each_lead_to_the_emptiest_rep_of_its_territory():
    leads = leads_of(6, territory=["N", "N", "N", "S", "W", None])
    plan = assign(leads, reps_of(9, 1, 9, territory=["N", "N", "S"]))
    assert given_to(plan.baseline("territory")) == {0: "Ann", 1: "Bo", 2: "Ann", 3: "Cy"}


def test_territory_counts_pins_as_load_and_no_letter_case():
    leads = leads_of(4, territory=["north", "North", "NORTH ", "north"])
    plan = assign(leads, reps_of(9, 9, territory=["North", "nORTH"]), pins={0: "Ann", 1: "Ann"})
    answer = plan.baseline("territory").rep_of_lead
    assert answer.tolist() == [0, 0, 1, 1]


def test_profile_gives_each_lead_in_order_to_who_does_best_with_its_segment():
    history = HISTORY
    plan = assign(leads_of(3, kind=["b", "a", "a"]), reps_of(2, 2), history, policy=Policy(segment_by="kind"))
    assert given_to(plan.baseline("profile")) == {0: "Ann", 1: "Ann", 2: "Bo"}


def test_performance_shares_approach_the_weights():
    plan = assign(leads_of(400, kind=["a", "b"] * 200), reps_of(400, 400), HISTORY, policy=Policy(segment_by="kind"))
    weight = plan.case.evidence.estimates.probability.mean(axis=0)
    dealt = Counter(given_to(plan.baseline("performance")).values())
    assert dealt["Ann"] == pytest.approx(400 * weight[0] / weight.sum(), abs=1)


def test_performance_without_evidence_is_even():
    dealt = Counter(given_to(assign(leads_of(9), reps_of(9, 9, 9)).baseline("performance")).values())
    assert set(dealt.values()) == {3}


def test_a_baseline_s_plan_says_which_rules_it_breaks():
    plan = assign(leads_of(4), reps_of(4, 4, min_leads=[0, 3]))
    dealt = plan.baseline("round robin")
    assert dealt.status == "BROKEN"
    assert dealt.method == "round robin"
    assert "breaks 1 rules" in str(dealt)


def test_baselines_survive_nothing_to_deal():
    for leads, reps in ((leads_of(0), reps_of(1)), (leads_of(2), []), ([], [])):
        plan = assign(leads, reps)
        for name in ALL.keys() - {"territory"}:
            assert (plan.baseline(name).rep_of_lead == -1).all()
            plan.baseline(name).next_in_turn  # noqa: B018


def test_worthless_leads_that_somebody_may_not_have_raise_no_warning():
    leads, reps = leads_of(2, zone=["N", "S"], value=[0, 1]), reps_of(1, 1, zone=["N", "S"])
    plan = assign(leads, reps, policy=Policy(eligibility=[match("zone")]))
    assert given_to(plan.baseline("round robin")) == {1: "Bo"}


def test_unknown_baselines_and_missing_territories_are_refused():
    plan = assign(leads_of(1), reps_of(1))
    with pytest.raises(InvalidInput) as caught:
        plan.baseline("round-robin")
    assert str(caught.value) == "baseline 'round-robin' is unknown; did you mean \"round robin\"?"
    with pytest.raises(InvalidInput) as caught:
        plan.baseline("territory")
    assert str(caught.value) == 'the territory baseline needs a column "territory" in leads and reps'
    with pytest.raises(InvalidInput, match="rep 'Zoe' is not in this plan"):
        plan.baseline("round robin", turn="Zoe")


def test_round_robin_takes_turns_by_the_weights_of_fairness():
    reps = {"rep_id": ["A", "B", "C"], "capacity": [99] * 3, "part": [2, 1, 1]}
    leads = {"lead_id": list(range(8))}
    plan = assign(leads, reps, fairness=Fairness(entitlement="part"))
    dealt = plan.baseline("round robin")
    assert np.bincount(dealt.rep_of_lead).tolist() == [4, 2, 2]
    assert np.bincount(dealt.rep_of_lead[:4]).tolist() == [2, 1, 1]
    assert plan.baseline("round robin", turn="B").rep_of_lead[0] == 0  # who is owed most comes first
    out = assign(leads, reps | {"part": [1, 1, None]}, fairness=Fairness(entitlement="part"))
    assert np.bincount(out.baseline("round robin").rep_of_lead).tolist() == [3, 3, 2]
    even = assign(leads, reps, fairness=Fairness(entitlement="equal"))
    assert even.baseline("round robin").rep_of_lead.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
