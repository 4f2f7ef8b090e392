"""Leads of one account go to one rep, whatever else holds."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leadopt
from leadopt import Infeasible, InvalidInput, NewcomerQuota, Policy
from leadopt.errors import NoPlanFound
from leadopt.fairness import Fairness
from leadopt.policy import exclude, match
from tests.oracles import brute_force
from tests.strategies import examples
from tests.tables_strategies import KINDS, framed, records

LEADS = {
    "lead_id": [1, 2, 3, 4, 5],
    "account": ["Acme", "acme ", None, "Bolt", "Bolt"],
    "region": ["N", "N", "S", "S", "N"],
}
REPS = {"rep_id": ["Ann", "Bo"], "capacity": [3, 3], "region": ["N", "S"]}
GAINS = np.array([[5.0, 1.0], [1.0, 4.0], [2.0, 3.0], [3.0, 2.0], [1.0, 4.0]])
TOGETHER = Policy(together="account")


def rep_of(plan):
    return {row["lead_id"]: row["rep_id"] for row in records(plan.assignments)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_table(kind):
    plan = leadopt.assign(framed(kind, LEADS), framed(kind, REPS), affinity=GAINS, policy=TOGETHER)
    assert rep_of(plan) == {1: "Ann", 2: "Ann", 3: "Bo", 4: "Bo", 5: "Bo"}
    assert plan.status == "OPTIMAL" and plan.objective == 15
    assert "together: 4 leads of 2 accounts go to one rep each (account), at most 2" in plan.notes
    assert "1 lead without account: each alone" in plan.notes


def test_explanations_tell_of_all_leads_of_the_account():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER)
    lines = plan.explain(2).lines
    assert lines[0] == "2 -> Ann: expected gain 1."
    assert lines[1] == "It stays together with 1, which gains 6 for all."
    assert lines[2].startswith("Bo would gain 5 (1 less)")


def test_an_account_needs_a_rep_who_may_have_all_of_it():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER.replace(eligibility=[match("region")]))
    assert rep_of(plan) == {1: "Ann", 2: "Ann", 3: "Bo"}
    because = {row["lead_id"]: row["because"] for row in plan.unassigned}
    assert because[4] == 'no rep meets: region must be "s"; who may have all leads of its account (4, 5)'


def test_a_pin_of_one_lead_holds_for_its_account():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER, pins={2: "Bo"})
    assert rep_of(plan)[1] == rep_of(plan)[2] == "Bo"
    assert plan.pin_costs() == {1: 3.0, 2: 3.0}
    with pytest.raises(InvalidInput, match=r"pins: leads 1 and 2 stay together \(policy.together\), but are pinned to"):
        leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER, pins={1: "Ann", 2: "Bo"})


def test_a_pin_against_a_rule_of_its_account_is_told():
    policy = TOGETHER.replace(eligibility=[match("region")])
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=policy, pins={4: "Bo"})
    assert rep_of(plan)[4] == rep_of(plan)[5] == "Bo"
    assert 'lead 5 is pinned to Bo against: region must be "n"' in plan.notes


def test_no_room_for_an_account_says_how_much_is_missing():
    reps = {"rep_id": ["Ann", "Bo"], "capacity": [1, 1]}
    plan = leadopt.assign(LEADS, reps, affinity=GAINS, policy=TOGETHER)
    rows = {row["lead_id"]: row for row in plan.unassigned}
    assert rows[4]["reason"] == "all_full"
    assert rows[4]["because"] == "Ann and Bo cannot take all 2 leads of its account"
    assert rows[4]["remedy"] == (
        "give Ann 1 more slot, or more where other leads gain more there; or let its leads go one by one"
    ) or rows[4]["remedy"].startswith("give Bo 2 more slots")


def test_what_ifs_keep_accounts_together():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER)
    after = plan.what_if(capacity={"Bo": -1}).plan
    assert brute_force(after.case.problem).best == after.objective
    pinned = plan.what_if(pins={1: "Bo"}).plan
    assert rep_of(pinned)[1] == rep_of(pinned)[2] == "Bo"
    assert rep_of(pinned.what_if(pins={2: None}).plan)[1] == "Ann"


def test_a_saved_plan_comes_back_with_its_accounts():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER)
    again = leadopt.Plan.from_json(plan.to_json())
    assert again.to_json() == plan.to_json()
    assert again.case.problem.together.tolist() == plan.case.problem.together.tolist()
    assert str(again.explain(1)) == str(plan.explain(1))


def test_a_missing_column_names_the_nearest():
    with pytest.raises(InvalidInput, match=r'did you mean "account"'):
        leadopt.assign(LEADS, REPS, affinity=GAINS, policy=Policy(together="acount"))


def test_nobody_shares_an_account():
    leads = LEADS | {"account": ["a", "b", "", None, "c"]}
    plan = leadopt.assign(leads, REPS, affinity=GAINS, policy=TOGETHER)
    assert plan.case.problem.together is None
    assert "together: no two leads have the same account, so all go one by one" in plan.notes


def test_a_word_for_none_is_noticed():
    leads = {"lead_id": list(range(60)), "account": ["n/a"] * 60}
    plan = leadopt.assign(leads, {"rep_id": ["Ann"], "capacity": [60]}, policy=TOGETHER)
    assert '60 leads have account "n/a": leave it blank where that is no account' in plan.notes


def test_account_ids_are_no_segments():
    history = {"rep_id": ["Ann", "Bo"] * 4, "account": ["x", "x", "y", "y"] * 2, "converted": [1, 0, 0, 1] * 2}
    plan = leadopt.assign(LEADS, REPS, history, policy=TOGETHER)
    assert plan.case.evidence.segment_by == ()


def test_frontiers_keep_accounts_together():
    found = leadopt.frontier(LEADS, REPS, affinity=GAINS, policy=TOGETHER, values=[1.0, 0.5])
    for plan in found.plans:
        where = rep_of(plan)
        assert where.get(1) == where.get(2) and where.get(4) == where.get(5)


def test_earlier_holders_of_one_account_may_be_several():
    keep = {1: "Ann", 2: "Bo", 3: "Ann", 4: "Bo", 5: "Bo"}
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=TOGETHER, keep=keep, move_cost=0.1)
    assert plan.moves().brings is None
    assert {move.lead_id for move in plan.moves().moves} == {2, 3}
    assert plan.objective == pytest.approx(brute_force(plan.case.problem).best - plan.case.credit)


@st.composite
def floors(draw):
    """Leads with accounts, reps, gains, and rules of several kinds at once."""
    n, m = draw(st.integers(1, 5)), draw(st.integers(1, 3))

    def column(values, size):
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    leads = {
        "lead_id": list(range(n)),
        "account": column(["a", "b", None], n),
        "region": column(["N", "S", None], n),
        "effort": column([1, 2, 3.5], n),
    }
    reps = {"rep_id": list("ABC")[:m], "capacity": column([0, 1, 2, 5], m), "region": column(["N", "S"], m)}
    if draw(st.booleans()):
        reps["hours"] = column([2, 5, 8], m)
    if draw(st.booleans()):
        reps["min_leads"] = column([0, 0, 1], m)
    reps["is_newcomer"] = column([True, False], m)
    if balanced := draw(st.integers(0, 3)) == 0:
        reps |= {"open_leads": column([0, 1, 3], m), "max_open": column([2, 5], m)}
    if draw(st.integers(0, 3)) == 0:
        del reps["capacity"]
    rules = [
        {"leads": {"region": "N"}, "most": 1},
        {"reps": ["A"], "least": 1},
        {"most": 4, "usage": "effort", "each": True},
    ]
    policy = Policy(
        together="account",
        eligibility=draw(st.sampled_from([(), (match("region"),), (exclude([(0, "A")]),)])),
        fairness=draw(st.sampled_from([None, Fairness(), Fairness(of="value", weight=0.5), Fairness(maximin=True)])),
        newcomers=draw(st.sampled_from([None, NewcomerQuota(min_leads=1), NewcomerQuota(share=0.3)])),
        balance_open=balanced,
        limit=draw(st.sampled_from([(), (), *((rule,) for rule in rules)])),
        reserve=draw(st.sampled_from([0.0, 0.0, 1.5, -1.0, float("-inf")])),
    )
    gains = np.array(draw(st.lists(st.integers(-2, 9), min_size=n * m, max_size=n * m)), dtype=float).reshape(n, m)
    return leads, reps, gains, policy


@examples(30)
@given(floors())
def test_rules_in_pairs_as_every_answer_tells(floor):
    leads, reps, gains, policy = floor
    try:
        plan = leadopt.assign(leads, reps, affinity=gains, policy=policy)
    except (Infeasible, NoPlanFound):
        return
    problem = plan.case.problem
    truth = brute_force(problem)
    assert plan.certificate.violations == ()
    assert plan.objective == pytest.approx(truth.best, abs=1e-6) and plan.bound >= truth.best - 1e-6
    account = leads["account"]
    for one in range(problem.n_leads):
        for other in range(one):
            if account[one] is not None and account[one] == account[other]:
                assert plan.rep_of_lead[one] == plan.rep_of_lead[other]
    for lead in leads["lead_id"]:
        assert plan.explain(lead).lines
    assert plan.report() and plan.unassigned is not None and str(plan.compare())
    for rep in reps["rep_id"]:
        assert str(plan.explain_rep(rep))
    json.loads(plan.to_json())
