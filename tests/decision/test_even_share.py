"""What is assumed where nobody names a capacity gives way to whatever is said, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Fairness, Infeasible, InvalidInput, NewcomerQuota, Plan, Policy, assign
from leadopt.policy import exclude, match, skills
from tests.oracles import _all_answers
from tests.strategies import examples
from tests.test_assign import leads_of, loads

ABC = {"rep_id": ["A", "B", "C"]}
NOTE = 'no column "capacity" in reps: '


def note_of(plan):
    (note,) = [note for note in plan.notes if note.startswith(NOTE)]
    return note.removeprefix(NOTE)


@pytest.mark.parametrize("kind", ["rows", "pandas", "polars", "pyarrow"])
def test_shares_are_said_by_an_entitlement(kind):
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    make = {"rows": dict, "pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[kind]
    reps = make({"rep_id": ["A", "B", "C"], "quota": [50, 30, 20]})
    for setting in ({"low": 1, "high": 1}, {"maximin": True}, {"low": 1, "high": 1, "weight": 9.0}, {}):
        plan = assign(make(leads_of(20)), reps, fairness=Fairness(entitlement="quota", **setting))
        assert np.bincount(plan.rep_of_lead).tolist() == [10, 6, 4]
        assert note_of(plan) == "nobody has a ceiling, and fairness alone says how leads are shared"


def test_rules_come_first_and_nobody_waits_in_the_pool():
    leads = leads_of(30, needs=["de"] * 24 + [None] * 6)
    policy = Policy(eligibility=[skills("needs", "can")])
    plan = assign(leads, ABC | {"can": ["de", "en", "en"]}, policy=policy)
    assert (loads(plan), plan.status, plan.unassigned) == ({"A": 24, "B": 3, "C": 3}, "OPTIMAL", [])
    assert note_of(plan) == (
        "leads are shared evenly by availability, at most 10 each; more for who may need it by what is said: A 24"
    )
    assert plan.objective == 30


def test_a_lead_is_not_left_over_for_one_that_gains_more():
    # A gains most from lead 1, which B can have, too; lead 0 is for A alone.
    gains = [[0.1, -np.inf], [1.0, 0.5]]
    plan = assign(leads_of(2), {"rep_id": ["A", "B"]}, affinity=gains)
    assert loads(plan) == {"A": 1, "B": 1}


@pytest.mark.parametrize("n", [3, 8])
def test_pins_minimums_and_quotas_come_first(n):
    leads, said = leads_of(10), {"pins": dict.fromkeys(range(n), "A")}
    assert loads(assign(leads, ABC, **said))["A"] == max(n, 3) if n > 4 else {3, 4}
    assert loads(assign(leads, ABC | {"min_leads": [8, 0, 0]})) == {"A": 8, "B": 1, "C": 1}
    newcomers = {"newcomers": NewcomerQuota(share=0.6)}
    assert loads(assign(leads, ABC | {"is_newcomer": [0, 0, 1]}, **newcomers)) == {"A": 2, "B": 2, "C": 6}


def test_leads_that_cost_something_to_move_stay():
    had = dict.fromkeys(range(9), "A")
    assert loads(assign(leads_of(10), ABC, keep=had, move_cost=0.1))["A"] == 9
    assert sorted(loads(assign(leads_of(10), ABC, keep=had)).values()) == [3, 3, 4]


def test_with_evidence_the_best_rep_does_not_get_all():
    plan = assign(leads_of(10), ABC, affinity=[[0.9, 0.1, 0.1]] * 10)
    assert loads(plan) == {"A": 4, "B": 3, "C": 3}
    few = assign(leads_of(2), ABC, affinity=[[0.9, 0.8, 0.1]] * 2)
    assert loads(few) == {"A": 1, "B": 1}


def test_shares_are_by_availability_and_ramp():
    reps = ABC | {"available": [1, 0.5, 0], "tenure_days": [45, 400, 400]}
    assert loads(assign(leads_of(9), ABC | {"available": [1, 0.5, 0]})) == {"A": 6, "B": 3}
    ramped = assign(leads_of(8), reps, newcomers=NewcomerQuota(ramp_days=90))
    assert loads(ramped) == {"A": 4, "B": 4}


def test_leads_that_gain_nothing_count_in_no_share():
    leads = leads_of(8, value=[0, 5, 0, 5, 0, 5, 0, 5])
    gains = [[value * 0.9, value * 0.1] for value in leads["value"]]
    plan = assign(leads, {"rep_id": ["A", "B"]}, affinity=gains)
    assert (loads(plan), note_of(plan).partition(";")[0]) == (
        {"A": 2, "B": 2}, "leads are shared evenly by availability, at most 2 each")  # fmt: skip


def test_what_if_assumes_anew_and_survives_a_file():
    plan = Plan.from_json(assign(leads_of(10), ABC).to_json())
    without = plan.what_if(away=["A"]).plan
    assert (loads(without), note_of(without)) == (
        {"B": 5, "C": 5}, "leads are shared evenly by availability, at most 5 each")  # fmt: skip
    assert loads(plan.what_if(pins=dict.fromkeys(range(9), "B")).plan)["B"] == 9
    more = plan.what_if(capacity={"A": 3}).plan
    assert more.case.problem.capacity.tolist() == [7, 4, 4]
    bent = assign(leads_of(4), ABC, policy=Policy(eligibility=[exclude([(i, r) for i in range(4) for r in "BC"])]))
    assert bent.what_if(capacity={"A": -1}).plan.rep_of_lead.tolist().count(-1) == 1


def test_what_if_nothing_is_assumed():
    for policy in (Policy(), Policy(eligibility=[exclude([(0, "B")])])):
        plan = assign(leads_of(4), ABC, affinity=[[3.0, 2, 1]] * 4, policy=policy)
        change = plan.what_if(without=["even share"])
        assert (loads(change.plan), change.notes) == ({"A": 4}, ("without an even share",))


def test_a_said_ceiling_is_why_a_lead_is_left_over():
    cap = {"reps": "A", "most": 1, "name": "cap of A"}
    policy = Policy(limit=[cap], eligibility=[exclude([(lead, rep) for lead in range(3) for rep in "BC"])])
    plan = assign(leads_of(6), ABC, policy=policy)
    assert plan.n_leads_of_rep.tolist() == [1, 2, 1] or plan.n_leads_of_rep.tolist() == [1, 1, 2]
    assert {row["because"] for row in plan.unassigned} == {"A can take no more under: cap of A"}
    assert len(plan.what_if(limits={"cap of A": {"upper": 3}}).plan.unassigned) == 0


def test_reps_who_are_all_away_get_nothing():
    plan = assign(leads_of(3), ABC | {"available": [0, 0, 0]})
    assert {row["reason"] for row in plan.unassigned} == {"all_away"}


gains_of_pairs = st.sampled_from([-np.inf, -0.5, 0.0, 0.25, 0.5, 1.0])


@st.composite
def floors(draw):
    n_leads, n_reps = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    cells = draw(st.lists(gains_of_pairs, min_size=n_leads * n_reps, max_size=n_leads * n_reps))
    if draw(st.booleans()):  # mostly allowed
        cells = [0.75 if cell <= 0 and k % 3 else cell for k, cell in enumerate(cells)]
    available = draw(st.lists(st.sampled_from([1, 1, 0.5, 0]), min_size=n_reps, max_size=n_reps))
    least = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=n_reps, max_size=n_reps))
    return np.array(cells).reshape(n_leads, n_reps), available, least


@given(floors(), st.sampled_from([0.0, 0.2, -1.0]), st.booleans())
@examples(40)
def test_what_is_placed_without_the_assumption_is_placed_with_it(floor, reserve, minimums):
    gains, available, least = floor
    reps = {"rep_id": [f"R{k}" for k in range(len(available))], "available": available}
    reps |= {"min_leads": least} if minimums else {}
    policy = Policy(reserve=reserve)
    n = len(gains)
    try:
        free = assign(leads_of(n), reps | {"capacity": [9 * n] * len(available)}, affinity=gains, policy=policy)
    except (Infeasible, InvalidInput) as refused:
        with pytest.raises(type(refused)):
            assign(leads_of(n), reps, affinity=gains, policy=policy)
        return
    plan = assign(leads_of(n), reps, affinity=gains, policy=policy)
    assert plan.status in ("OPTIMAL", "SOLVED")
    able = np.where(np.array(available) > 0, gains, -np.inf)
    answers = _all_answers(n, len(available))
    places = np.column_stack([able, np.full(n, reserve)])
    worth = sum(places[lead, answers[:, lead]] for lead in range(n))
    counts = np.stack([(answers == rep).sum(axis=1) for rep in range(len(available))], axis=1)
    good = (places.T[answers[:, range(n)], range(n)] > reserve) if n else np.ones((1, 0), dtype=bool)
    allowed = np.isfinite(worth)
    if minimums:
        allowed &= (counts >= np.floor(np.array(least) * available)).all(axis=1)
    else:
        # Every lead that gains somewhere is placed where it gains, and the plan is the best of such answers within its
        # slots; these are more than even shares only as far as the most even ones need.
        assert ((plan.rep_of_lead >= 0) == (able > reserve).any(axis=1)).all()
        wanted = (able > reserve).any(axis=1)
        placing = allowed & (good.sum(axis=1) == wanted.sum()) & ((answers >= 0).sum(axis=1) == wanted.sum())
        slots = plan.case.problem.capacity
        assert plan.objective == pytest.approx(worth[placing & (counts <= slots).all(axis=1)].max())
        total = sum(available)
        share = np.ceil(wanted.sum() * np.array(available) / total - 1e-9) if total else np.zeros(len(available))
        excess = np.maximum(counts - share, 0).sum(axis=1)
        if total:
            assert np.maximum(slots - share, 0).sum() == excess[placing].min()
    assert plan.objective <= free.objective + 1e-9


@given(floors(), st.lists(st.integers(1, 4), min_size=3, max_size=3))
@examples(30)
def test_entitlements_are_as_with_capacities_that_do_not_bind(floor, weights):
    gains, available, _ = floor
    n, reps = len(gains), {"rep_id": list(range(len(available))), "w": weights[: len(available)]}
    there = [int(part > 0) for part in available]
    for setting in (Fairness(entitlement="w", low=0.5), Fairness(entitlement="equal", maximin=True)):
        known = {"affinity": gains, "fairness": setting}
        plan = assign(leads_of(n), reps | {"available": there}, **known)
        wide = assign(leads_of(n), reps | {"capacity": [n * part for part in there]}, **known)
        assert plan.objective == pytest.approx(wide.objective)


def test_territories_and_a_reserve_that_places_every_lead():
    leads, reps = leads_of(9, zone=["N"] * 7 + ["S"] * 2), ABC | {"zone": ["N", "S", "S"]}
    for reserve in (0.0, float("-inf"), -3.0):
        plan = assign(leads, reps, policy=Policy(eligibility=[match("zone")], reserve=reserve))
        assert loads(plan) == {"A": 7, "B": 1, "C": 1}


@st.composite
def said(draw, n_leads, n_reps):
    """Rules beside the assumption: a quota, a cap or a minimum of a policy, a pin, leads that had a rep."""
    limits = [
        {"reps": "R0", "most": draw(st.integers(0, 3))},
        {"leads": {"kind": "a"}, "reps": f"R{n_reps - 1}", "least": 1, "weight": 0.3},
        {"usage": "size", "each": True, "most": 2},
    ]
    return {
        "limit": draw(st.lists(st.sampled_from(limits), max_size=2, unique_by=str)),
        "share": draw(st.sampled_from([None, None, 0.3])),
        "pin": draw(st.none() | st.integers(0, n_leads - 1)),
        "kept": draw(st.none() | st.integers(0, n_reps - 1)),
        "move_cost": draw(st.sampled_from([0.0, 0.4])),
    }


@given(floors(), st.data())
@examples(35)
def test_in_pairs_with_other_rules_it_refuses_nothing_and_leaves_nothing_over(floor, data):
    gains, available, _ = floor
    n, m = gains.shape
    rules = data.draw(said(n, m))
    leads = leads_of(n, kind=["ab"[lead % 2] for lead in range(n)], size=[1 + lead % 2 for lead in range(n)])
    reps = {"rep_id": [f"R{rep}" for rep in range(m)], "available": [int(part > 0) for part in available]}
    reps |= {"is_newcomer": [int(rep == 0) for rep in range(m)]}
    quota = None if rules["share"] is None else NewcomerQuota(share=rules["share"])
    can = [] if rules["pin"] is None else np.flatnonzero(np.isfinite(gains[rules["pin"]])).tolist()
    more = {"pins": {rules["pin"]: f"R{can[0]}"} if can else {}}
    if rules["kept"] is not None:
        more |= {"keep": dict.fromkeys(range(n), f"R{rules['kept']}"), "move_cost": rules["move_cost"]}
    call = {"affinity": gains, "policy": Policy(limit=rules["limit"], newcomers=quota), **more}
    try:
        free = assign(leads, reps | {"capacity": [n] * m}, **call)
    except (Infeasible, InvalidInput) as refused:
        with pytest.raises(type(refused)):
            assign(leads, reps, **call)
        return
    plan = assign(leads, reps, **call)
    assert plan.status in ("OPTIMAL", "SOLVED")
    assert not plan.certificate.violations
    assert (plan.rep_of_lead >= 0).sum() >= (free.rep_of_lead >= 0).sum()
    assert plan.objective <= free.objective + 1e-9


def test_who_goes_beyond_an_even_share_is_who_gains_most():
    gains = [[3.0, 2.0, 1.0]] * 6
    together = assign(leads_of(6, account=["x"] * 6), ABC, affinity=gains, policy=Policy(together="account"))
    assert (loads(together), together.objective) == ({"A": 6}, 18.0)
    capped = assign(leads_of(6), ABC, affinity=gains, policy=Policy(limit=[{"reps": "A", "most": 1}]))
    assert (loads(capped), capped.objective) == ({"A": 1, "B": 3, "C": 2}, 11.0)
    said = [{"reps": "A", "most": 1}, {"reps": "B", "most": 2}]
    assert loads(assign(leads_of(6), ABC, affinity=gains, policy=Policy(limit=said))) == {"A": 1, "B": 2, "C": 3}


@given(st.data())
@examples(40)
def test_of_equally_even_answers_the_one_that_gains_most_is_chosen(data):
    n, m = data.draw(st.integers(1, 6)), data.draw(st.integers(2, 3))
    cells = data.draw(st.lists(st.sampled_from([-np.inf, 0.5, 1.0, 2.0, 3.0]), min_size=n * m, max_size=n * m))
    gains = np.array(cells).reshape(n, m)
    gains[:, -1] = np.maximum(gains[:, -1], 0.25)  # the last rep can have every lead, so that all are placed
    accounts = data.draw(st.none() | st.lists(st.sampled_from(["x", "y", None]), min_size=n, max_size=n))
    caps = data.draw(st.lists(st.none() | st.integers(0, 2), min_size=m - 1, max_size=m - 1))
    policy = Policy(
        together=None if accounts is None else "account",
        limit=[{"reps": f"R{rep}", "most": cap} for rep, cap in enumerate(caps) if cap is not None],
    )
    columns = {} if accounts is None else {"account": accounts}
    plan = assign(leads_of(n, **columns), {"rep_id": [f"R{rep}" for rep in range(m)]}, affinity=gains, policy=policy)
    answers = _all_answers(n, m)
    answers = answers[(answers >= 0).all(axis=1)]
    worth = gains[np.arange(n), answers].sum(axis=1)
    counts = np.stack([(answers == rep).sum(axis=1) for rep in range(m)], axis=1)
    allowed = np.isfinite(worth) & (counts[:, :-1] <= [n if cap is None else cap for cap in caps]).all(axis=1)
    for account in "xy" if accounts else "":
        theirs = answers[:, [lead for lead in range(n) if accounts[lead] == account]]
        allowed &= (theirs == theirs[:, :1]).all(axis=1)
    share = -(-n // m)
    profile = -np.sort(-np.maximum(counts - share, 0), axis=1)
    found = -np.sort(-(plan.case.problem.capacity - share))
    assert found.sum() == profile[allowed].sum(axis=1).min()
    if accounts is None:
        assert tuple(found) == min(map(tuple, profile[allowed]))
    as_even = allowed & (profile == found).all(axis=1)
    if as_even.any():
        assert plan.objective >= worth[as_even].max() - 1e-9
    assert (plan.rep_of_lead >= 0).all()
    assert plan.objective == pytest.approx(worth[allowed & (counts <= plan.case.problem.capacity).all(axis=1)].max())
