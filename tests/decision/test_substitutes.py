"""A substitute for each lead: from what is left, each free slot promised once, whoever steps in."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import leadopt
from leadopt import Infeasible, Policy
from leadopt.errors import NoPlanFound
from leadopt.fairness import Fairness
from leadopt.policy import match
from tests.strategies import examples
from tests.tables_strategies import KINDS, framed, records

LEADS = {"lead_id": [1, 2, 3], "region": ["N", "N", "S"]}
REPS = {"rep_id": ["Ann", "Bo", "Cy"], "capacity": [2, 2, 1], "region": ["N", "N", "S"]}
GAINS = np.array([[5.0, 4.0, 1.0], [6.0, 2.0, 3.0], [1.0, 7.0, 6.5]])


def of(plan):
    return {row.lead_id: row.substitute for row in plan.substitutes().rows}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_table(kind):
    plan = leadopt.assign(framed(kind, LEADS), framed(kind, REPS), affinity=GAINS)
    assert [row["rep_id"] for row in records(plan.assignments)] == ["Ann", "Ann", "Bo"]
    rows = records(plan.substitutes().frame())
    # One slot is left with Bo and one with Cy: 4 + 3 for the first two, or 4 + 6.5 for the first and the third.
    assert [(row["substitute"], row["substitute_gain"]) for row in rows] == [("Bo", 4.0), (None, None), ("Cy", 6.5)]
    assert rows[1]["no_substitute"] == "all that is left is promised to other leads: Bo, Cy"


def test_the_page_and_the_sentence():
    found = leadopt.assign(LEADS, REPS, affinity=GAINS).substitutes()
    assert found.summary() == "2 of 3 placed leads with a substitute"
    assert "none: all that is left is promised" in str(found) and "<table" in found._repr_html_()
    assert '"substitute": "Bo"' in found.to_json() and found.gain == 10.5


@pytest.mark.parametrize(
    "change, policy, said",
    [
        ({"capacity": [3, 0, 0]}, Policy(), "everyone else who may have it is full: Bo, Cy"),
        ({"available": [1, 0, 0], "capacity": [3, 3, 3]}, Policy(), "everyone else who may have it is away: Bo, Cy"),
        ({"capacity": [3, 3, 3]}, Policy(reserve=4.5), "it gains no more than the reserve with anybody else (4.5)"),
    ],
)
def test_why_there_is_none(change, policy, said):
    rows = leadopt.assign(LEADS, REPS | change, affinity=GAINS, policy=policy).substitutes().rows
    assert rows[0].rep_id == "Ann" and rows[0].because == said


def test_nobody_else_may_have_it():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS, policy=Policy(eligibility=[match("region")]))
    assert plan.substitutes().rows[2].because == "no other rep may have it"


def test_leads_in_the_pool_have_none_and_an_empty_plan_is_fine():
    plan = leadopt.assign(LEADS, REPS | {"capacity": [1, 0, 0]}, affinity=GAINS)
    assert len(plan.substitutes().rows) == 1
    assert leadopt.assign({"lead_id": []}, REPS).substitutes().summary() == "0 of 0 placed leads with a substitute"


def test_without_capacities_everybody_stands_in_for_an_even_share():
    plan = leadopt.assign({"lead_id": [1, 2, 3, 4]}, {"rep_id": ["Ann", "Bo"]})
    holders = {row.lead_id: row.rep_id for row in plan.substitutes().rows}
    assert all(holders[lead] != other and other is not None for lead, other in of(plan).items())


def test_an_account_has_one_substitute():
    leads = LEADS | {"account": ["x", "x", None]}
    plan = leadopt.assign(leads, REPS | {"capacity": [3, 3, 3]}, affinity=GAINS, policy=Policy(together="account"))
    assert of(plan)[1] == of(plan)[2] == "Bo"


def test_a_saved_plan_has_the_same_substitutes():
    plan = leadopt.assign(LEADS, REPS, affinity=GAINS)
    assert of(leadopt.Plan.from_json(plan.to_json())) == of(plan)


def allowed(case, answer):
    """Whether slots and the upper bounds of hard limits hold."""
    problem = case.problem
    counts = np.bincount(answer[answer >= 0], minlength=problem.n_reps)
    if (counts > problem.capacity).any():
        return False
    loads = problem.loads(answer)
    return all(
        load <= limit.upper + 1e-9 for limit, load in zip(problem.limits, loads, strict=True) if limit.penalty is None
    )


@examples(25)
@given(st.data())
def test_whoever_steps_in_no_rule_is_broken_and_nothing_better_is_left(data):
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))

    def column(values, size):
        return data.draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    leads = {"lead_id": list(range(n)), "effort": column([1, 2, 3], n), "account": column(["x", None], n)}
    reps = {"rep_id": list("ABC")[:m], "capacity": column([0, 1, 2, 4], m), "available": column([1, 1, 0], m)}
    if timed := data.draw(st.booleans()):
        reps["hours"] = column([2, 5, 9], m)
    policy = Policy(
        fairness=data.draw(st.sampled_from([None, Fairness(low=0, high=1.5), Fairness(of="value", low=0)])),
        together=data.draw(st.sampled_from([None, "account"])),
        reserve=data.draw(st.sampled_from([0.0, 1.0])),
    )
    gains = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n * m, max_size=n * m)), dtype=float).reshape(n, m)
    try:
        plan = leadopt.assign(leads, reps, affinity=gains, policy=policy)
    except (Infeasible, NoPlanFound):
        return
    found, holder = plan.substitutes(), plan.rep_of_lead
    stand_in = np.full(n, -1)
    for row in found.rows:
        if row.substitute is not None:
            stand_in[row.lead_id] = plan.case.rep(row.substitute)
            assert stand_in[row.lead_id] != holder[row.lead_id]
        assert (row.substitute is None) == bool(row.because)
    for chosen in product([False, True], repeat=n):
        steps_in = np.array(chosen) & (stand_in >= 0)
        assert allowed(plan.case, np.where(steps_in, stand_in, holder))
    if not timed and policy.fairness is None and policy.together is None:
        left = plan.case.problem.capacity - plan.n_leads_of_rep
        best = 0.0
        for answer in product(range(-1, m), repeat=n):
            y = np.array(answer)
            placed = np.flatnonzero(y >= 0)
            fits = (np.bincount(y[placed], minlength=m) <= left).all() and (holder[placed] >= 0).all()
            if fits and (y[placed] != holder[placed]).all() and (~plan.case.away[y[placed]]).all():
                best = max(best, float((gains[placed, y[placed]] - policy.reserve).sum()))
        with_one = np.flatnonzero(stand_in >= 0)
        assert float((gains[with_one, stand_in[with_one]] - policy.reserve).sum()) == pytest.approx(best)
