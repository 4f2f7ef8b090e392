"""Balance of open work: what reps have is level as far as it goes, against brute force and by pouring."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Affinity, Columns, Fairness, InvalidInput, Limit, Plan, Policy, assign
from leadopt.cli.assigning import plan_files
from leadopt.decision.sharing.open_work import levelled, with_open_work
from leadopt.policy import exclude
from leadopt.problem.problem import Problem
from tests.oracles import _all_answers
from tests.strategies import examples
from tests.test_assign import HISTORY, leads_of, loads

REPS = {"rep_id": ["A", "B", "C"], "max_open": [40, 40, 40], "open_leads": [10, 0, 2]}
ON = Policy(balance_open=True)


@pytest.mark.parametrize("kind", [dict, pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    "reps", [REPS, {k: v for k, v in REPS.items() if k != "max_open"}, REPS | {"capacity": [9] * 3}]
)
def test_10_0_and_2_open_and_9_new(kind, reps):
    assert max(loads(assign(leads_of(9), reps)).values()) <= 4  # off by default
    plan = assign(kind(leads_of(9)), kind(reps), policy=ON)
    assert np.bincount(plan.rep_of_lead, minlength=3).tolist() in ([0, 5, 4], [0, 6, 3])
    note = 'balance_open: what reps have is levelled, "open_leads" and new leads together, the least of it raised first'
    assert note in plan.notes
    again = Plan.from_json(plan.to_json())
    assert again.report() == plan.report()
    assert "open before" in plan.report()
    assert again.carry() == plan.carry()


def test_gains_decide_within_what_is_level():
    gains = [[9.0, 1.0, 1.0 + lead / 10] for lead in range(9)]
    assert np.bincount(assign(leads_of(9), REPS, affinity=gains, policy=ON).rep_of_lead, minlength=3).tolist() == [
        0,
        5,
        4,
    ]
    band = assign(leads_of(9), REPS, affinity=gains, policy=ON, fairness=Fairness(low=1, high=1))
    assert band.case.shared[0].entitlement.tolist() == [0, 5.5, 3.5]
    assert np.bincount(band.rep_of_lead, minlength=3).tolist() == [0, 5, 4]
    soft = assign(leads_of(9), REPS, affinity=gains, policy=ON, fairness=Fairness(low=1, high=1, weight=0.5))
    assert np.bincount(soft.rep_of_lead, minlength=3)[0] == 9


def test_uneven_entitlements_level_in_proportion():
    reps = REPS | {"open_leads": [4, 0, 2], "part": [2, 1, 1]}
    for setting in (Fairness(entitlement="part", low=1, high=1), Fairness(entitlement="part", maximin=True)):
        plan = assign(leads_of(10), reps, policy=ON, fairness=setting)
        assert loads(plan) == {"A": 4, "B": 4, "C": 2}  # 8, 4 and 4 then
    half = REPS | {"open_leads": [4, 0, 0], "available": [1, 0.5, 0.5], "max_open": [20, 20, 20]}
    assert loads(assign(leads_of(12), half, policy=ON)) == {"A": 4, "B": 4, "C": 4}


def test_without_capacity_and_with_a_policy_file(tmp_path):
    (tmp_path / "leads.csv").write_text("lead_id\n" + "".join(f"L{k}\n" for k in range(9)))
    (tmp_path / "reps.csv").write_text("rep_id,In work\nA,10\nB,\nC,2\n")
    (tmp_path / "policy.toml").write_text('balance_open = true\n[columns]\nopen_leads = "In work"\n')
    plan = plan_files(*(tmp_path / name for name in ("leads.csv", "reps.csv")), policy=tmp_path / "policy.toml")
    assert np.bincount(plan.rep_of_lead, minlength=3).tolist() in ([0, 5, 4], [0, 6, 3])


def test_what_nobody_else_may_have_goes_to_who_has_most():
    barred = [(lead, rep) for lead in range(5) for rep in "BC"]
    plan = assign(leads_of(9), REPS, policy=ON.replace(eligibility=[exclude(barred)]))
    assert loads(plan) == {"A": 5, "B": 3, "C": 1}


def test_with_history_and_other_fairness_beside_it():
    leads = leads_of(6, kind=["a", "b"] * 3)
    reps = {"rep_id": ["Ann", "Bo"], "capacity": [12, 12], "open_leads": [4, 0]}
    plan = assign(leads, reps, HISTORY, policy=Policy(balance_open=True, segment_by="kind"))
    assert loads(plan) == {"Ann": 1, "Bo": 5}
    hot = assign(leads, reps, policy=ON, fairness=Fairness(of="hot", hot_share=0.3, low=0.5))
    assert [one.of for one in hot.case.shared] == ["hot", "leads"]
    assert loads(hot) == {"Ann": 1, "Bo": 5}


@pytest.mark.parametrize(
    "call, said",
    [
        ({"policy": {"balance_open": 1}}, "policy.balance_open: must be true or false; found 1"),
        ({"reps": {"rep_id": ["A"], "open_work": [1]}},
         'policy.balance_open: needs a column "open_leads" of reps, the leads that each rep has in work; '
         "known are rep_id, open_work"),
        ({"reps": {"rep_id": ["A"], "open_leads": [1.5]}},
         "reps.open_leads, row 1: must be a whole number, 0 or more; found 1.5"),
    ],
)  # fmt: skip
def test_what_cannot_be_levelled_is_refused(call, said):
    with pytest.raises(InvalidInput) as caught:
        assign(leads_of(2), call.get("reps", REPS), policy=Policy.from_dict(call.get("policy", {"balance_open": True})))
    assert str(caught.value) == said


def test_off_is_the_policy_that_it_was():
    assert Policy(balance_open=False).fingerprint == Policy().fingerprint != ON.fingerprint
    assert Policy.from_dict(ON.to_dict()) == ON
    assert [one.maximin for one in ON.fairnesses] == [True]


numbers = st.lists(st.integers(0, 6), min_size=3, max_size=3)


@given(st.lists(st.sampled_from([0, 1, 1, 2, 0.5]), min_size=3, max_size=3), numbers, numbers, st.integers(0, 15))
@examples(50)
def test_pouring_levels_what_all_have(weight, most, held, total):
    w, room, had = (np.array(column, dtype=float) for column in (weight, most, held))
    share = levelled(w, room, float(total), had)
    takes = (w > 0) & (room > 0)
    assert (share >= 0).all() and (share <= room + 1e-9).all()
    assert share.sum() == pytest.approx(min(total, room[takes].sum()))
    for one in np.flatnonzero(takes & (share > 1e-9)):  # nobody who could take more has less than who got something
        for other in np.flatnonzero(takes & (share < room - 1e-9)):
            assert (had + share)[other] / w[other] >= (had + share)[one] / w[one] - 1e-9


@st.composite
def floors(draw):
    n_leads, n_reps = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = draw(
        st.lists(st.sampled_from([-np.inf, 0.5, 1.0, 2.0]), min_size=n_leads * n_reps, max_size=n_leads * n_reps)
    )
    held = draw(st.lists(st.integers(0, 4), min_size=n_reps, max_size=n_reps))
    room = draw(st.lists(st.integers(0, 4), min_size=n_reps, max_size=n_reps))
    weight = draw(st.lists(st.sampled_from([1, 1, 2, 3]), min_size=n_reps, max_size=n_reps))
    return np.array(cells).reshape(n_leads, n_reps), held, room, weight


@given(floors(), st.booleans(), st.sampled_from([None, 1, 2]))
@examples(40)
def test_the_least_is_raised_first_and_gains_decide_the_rest(floor, equal, cap):
    gains, held, room, weight = floor
    n, m = gains.shape
    reps = {
        "rep_id": [f"R{k}" for k in range(m)],
        "capacity": room,
        "max_open": [9] * m,
        "open_leads": held,
        "w": weight,
    }
    limit = [] if cap is None else [{"reps": "R0", "most": cap}]
    settings = {} if equal else {"fairness": Fairness(entitlement="w", maximin=True)}
    plan = assign(leads_of(n), reps, affinity=gains, policy=Policy(balance_open=True, limit=limit), **settings)
    answers = _all_answers(n, m)
    counts = np.stack([(answers == rep).sum(axis=1) for rep in range(m)], axis=1)
    worth = sum(np.column_stack([gains, np.zeros(n)])[lead, answers[:, lead]] for lead in range(n))
    allowed = np.isfinite(worth) & (counts <= room).all(axis=1)
    if cap is not None:
        allowed &= counts[:, 0] <= cap
    w = np.ones(m) if equal else np.array(weight, dtype=float)
    raised = np.array(room) > 0
    level = np.sort(((counts + held) / w)[:, raised], axis=1)[allowed]
    best = level[np.lexsort(level.T[::-1])[-1]] if raised.any() else level[0]
    fair = np.isclose(level, best).all(axis=1)
    mine = np.sort(((plan.n_leads_of_rep + np.array(held)) / w)[raised])
    assert mine == pytest.approx(best)
    assert plan.objective == pytest.approx(worth[allowed][fair].max())


def test_open_leads_stand_beside_every_limit():
    usage = Affinity(rates=[[1.0, 2.0]], row=[0, 0], scale=[1.0, 3.0])
    limits = [Limit(reps=[0], upper=1), Limit(usage=[1.0, 2.0], upper=3), Limit(usage=usage, lower=1), Limit(leads=[1])]
    problem = Problem(affinity=np.ones((2, 2)), capacity=[1, 2], limits=limits)
    more = with_open_work(problem, np.array([2.0, 0.0]))
    assert (more.n_leads, more.capacity.tolist(), more.pins.tolist()) == (4, [3, 2], [-1, -1, 0, 0])
    answer = np.array([0, 1])
    assert more.loads(np.array([0, 1, 0, 0])).tolist() == problem.loads(answer).tolist()


def test_names_of_columns_are_settings():
    reps = {"rep_id": ["A", "B"], "capacity": [9, 9], "busy": [4, 0]}
    plan = assign(leads_of(6), reps, policy=Policy(balance_open=True, columns=Columns(open_leads="busy")))
    assert loads(plan) == {"A": 1, "B": 5}


def test_leads_that_gain_nothing_stay_in_the_pool_all_the_same():
    leads = leads_of(12, value=[0, 5, 5] * 4)
    for reps in (REPS, {"rep_id": REPS["rep_id"], "open_leads": REPS["open_leads"]}):
        plan = assign(leads, reps, policy=ON)
        assert {row["reason"] for row in plan.unassigned} == {"below_reserve"}
        assert np.bincount(plan.rep_of_lead[plan.rep_of_lead >= 0], minlength=3).tolist() == [0, 5, 3]
        band = assign(leads, reps, policy=ON, fairness=Fairness(low=1, high=1))
        assert band.case.shared[0].entitlement.tolist() == [0, 5, 3]
        assert np.bincount(band.rep_of_lead[band.rep_of_lead >= 0], minlength=3).tolist() == [0, 5, 3]
