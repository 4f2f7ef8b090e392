"""From settings to limits: what each setting asks for, against brute force where answers can be enumerated."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Affinity, Columns, Fairness, Infeasible, InvalidInput, NewcomerQuota, Plan, Policy, assign
from leadopt.decision.build import build
from leadopt.decision.know import know
from leadopt.problem.problem import Limit
from leadopt.progress import Meter
from tests.oracles import brute_force
from tests.strategies import examples
from tests.test_assign import HISTORY, leads_of, reps_of


def case_of(leads, reps, affinity=None, history=None, pins=None, **settings):
    policy = Policy(**settings)
    return build(know(leads, reps, history, affinity, policy, Meter(None)), policy, pins, None)


def refused(*tables, **more):
    with pytest.raises((InvalidInput, Infeasible)) as caught:
        case_of(*tables, **more)
    return str(caught.value)


def tried(problem, limits=None):
    """Brute force of a problem whose usages may be factored."""
    limits = problem.limits if limits is None else limits
    plain = [
        Limit(reps=one.reps, leads=one.leads, lower=one.lower, upper=one.upper, penalty=one.penalty,
              usage=one.usage.dense() if isinstance(one.usage, Affinity) else one.usage)
        for one in limits
    ]  # fmt: skip
    return brute_force(problem, limits=plain)


def bounds_of(case):
    return {limit.name: (limit.lower, limit.upper) for limit in case.problem.limits}


cells = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, -np.inf])


@st.composite
def floors(draw):
    n_leads, n_reps = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    gains = np.array(draw(st.lists(cells, min_size=n_leads * n_reps, max_size=n_leads * n_reps)))
    capacity = draw(st.lists(st.integers(0, 4), min_size=n_reps, max_size=n_reps))
    return gains.reshape(n_leads, n_reps), capacity


@given(floors(), st.sampled_from([(0.5, 1.5), (0.0, 1.0), (0.8, 2.0)]), st.sampled_from([None, 0.5, 3.0]))
@examples(40)
def test_a_value_band_divides_what_the_best_plan_without_it_is_worth(floor, band, weight):
    gains, capacity = floor
    fairness = Fairness(of="value", low=band[0], high=band[1], weight=weight)
    case = case_of(leads_of(len(gains)), reps_of(*capacity), gains, fairness=fairness)
    (shared,) = case.shared
    worth = np.where(gains > 0, gains, 0.0)
    free = tried(case.problem, limits=[])
    assert shared.entitlement.sum() == pytest.approx(free.best)  # nothing negative is placed: the reserve is 0
    for rep, slots in enumerate(capacity):
        assert shared.entitlement[rep] <= np.sort(worth[:, rep])[::-1][:slots].sum() + 1e-9
    limits = [limit for limit in case.problem.limits if limit.name.startswith("value band of ")]
    assert len({id(limit.usage) for limit in limits}) <= 1
    for limit in limits:
        (rep,) = limit.reps.tolist()
        expected = (band[0] * shared.entitlement[rep], band[1] * shared.entitlement[rep])
        assert (limit.lower, limit.upper) == pytest.approx(expected)
        assert limit.penalty == weight
        answer = free.answers[-1]
        assert case.problem.load(limit, answer) == pytest.approx(sum(worth[answer == rep, rep]))
    if weight is not None:  # a soft band forbids nothing
        assert tried(case.problem).allowed.sum() == free.allowed.sum()


@given(floors(), st.sampled_from([0.2, 0.5, 1.0]))
@examples(40)
def test_a_hot_band_shares_the_best_leads_that_can_be_placed(floor, hot_share):
    gains, capacity = floor
    case = case_of(
        leads_of(len(gains)), reps_of(*capacity), gains, fairness=Fairness(of="hot", hot_share=hot_share, low=0)
    )
    (shared,) = case.shared
    best = np.where(np.array(capacity) > 0, gains, -np.inf).max(axis=1)
    hot = [i for i in range(len(gains)) if best[i] > -np.inf and (best > best[i]).sum() < hot_share * len(gains)]
    assert shared.leads.tolist() == hot
    reach = [min(capacity[j], sum(np.isfinite(gains[i, j]) for i in hot)) for j in range(len(capacity))]
    assert (shared.entitlement <= np.array(reach) + 1e-9).all()
    assert shared.entitlement.sum() == pytest.approx(min(len(hot), sum(reach)))
    limits = [limit for limit in case.problem.limits if len(hot)]
    if len(hot) == len(gains):  # a set of all leads is that of every limit without one
        assert all(limit.leads is None for limit in limits)
    else:
        assert all(np.shares_memory(limit.leads, shared.leads) for limit in limits)


def test_a_score_says_who_is_hot_where_there_is_one():
    leads = leads_of(4, stars=[1, 9, 3, 8])
    gains = np.array([[9.0, 1, 1, 1], [9, 1, 1, 1]]).T
    fairness = Fairness(of="hot", hot_share=0.5)
    case = case_of(leads, reps_of(4, 4), gains, fairness=fairness, score={"stars": 1})
    assert case.shared[0].leads.tolist() == [1, 3]
    assert case_of(leads, reps_of(4, 4), gains, fairness=fairness).shared[0].leads.tolist() == [0, 1, 2, 3]
    assert "2 leads hot: the best 50% by score that can be placed" in case.notes


def test_hot_leads_are_shared_out_in_a_plan():
    gains = np.array([[9.0, 1], [8, 1], [2, 1], [1, 1]])
    plan = assign(leads_of(4), reps_of(2, 2), affinity=gains, fairness=Fairness(of="hot", hot_share=0.5, low=1, high=1))
    assert sorted(plan.rep_of_lead[:2]) == [0, 1]
    assert plan.status == "OPTIMAL"
    assert "hot-lead band of Ann" in plan.limit_prices
    assert "| Ann |         1 |           1 |     100% |" in plan.report()


def test_a_soft_band_costs_its_weight():
    gains = np.array([[3.0, 1.0]] * 4)
    call = {"leads": leads_of(4), "reps": reps_of(4, 4), "affinity": gains}
    for weight, loads in ((0.5, [4, 0]), (5.0, [2, 2])):
        plan = assign(**call, fairness=Fairness(low=1, high=1, weight=weight))
        assert np.bincount(plan.rep_of_lead, minlength=2).tolist() == loads
        shortfall = 2 * (loads[0] - 2)
        assert plan.objective == pytest.approx(gains[0] @ loads - weight * shortfall)


@given(floors(), st.sampled_from(["leads", "value", "hot"]), st.sampled_from(["capacity", "equal"]))
@examples(30)
def test_a_higher_weight_never_leaves_the_share_less_fair(floor, of, entitlement):
    """For w < w' the best plans have g - w v >= g' - w v' and g' - w' v' >= g - w' v, so that v' <= v."""
    gains, capacity = floor
    outside = []
    for weight in (0.1, 0.7, 20.0):
        setting = Fairness(of=of, low=0.9, high=1.1, weight=weight, entitlement=entitlement)
        plan = assign(leads_of(len(gains)), reps_of(*capacity), affinity=gains, fairness=setting)
        assert plan.status in ("OPTIMAL", "SOLVED")
        limits = plan.case.problem.limits
        loads = [plan.case.problem.load(limit, plan.rep_of_lead) for limit in limits]
        outside.append(
            sum(max(one.lower - load, load - one.upper, 0.0) for one, load in zip(limits, loads, strict=True))
        )
    assert all(after <= before + 1e-7 for before, after in pairwise(outside))


def test_several_settings_hold_together_and_keep_their_names_apart():
    fairness = [Fairness(low=0.5), Fairness(of="hot", low=0.5), Fairness(low=0.9, entitlement="equal", weight=0.1)]
    plan = assign(leads_of(6), reps_of(4, 4), affinity=np.arange(12.0).reshape(6, 2), fairness=fairness)
    assert list(plan.limit_prices) == [
        *("fairness band of Ann", "fairness band of Bo", "hot-lead band of Ann", "hot-lead band of Bo"),
        *("fairness band 2 of Ann", "fairness band 2 of Bo"),
    ]
    assert [one.words for one in plan.case.shared] == ["fairness band", "hot-lead band", "fairness band 2"]


def test_performance_is_the_mean_estimated_conversion_over_these_leads():
    leads, reps = leads_of(4, kind=["a", "a", "a", "b"]), reps_of(9, 9)
    fairness = Fairness(entitlement="performance")
    case = case_of(leads, reps, history=HISTORY, segment_by="kind", fairness=fairness)
    chance = case.evidence.estimates.probability
    segment = dict(zip(case.evidence.segments, range(2), strict=True))
    assert case.shared[0].weight == pytest.approx(0.75 * chance[segment["a",]] + 0.25 * chance[segment["b",]])
    given_gains = case_of(leads, reps, np.array([[1.0, 2], [3, -9], [-np.inf, 0], [0, 2]]), fairness=fairness)
    assert given_gains.shared[0].weight.tolist() == [1.0, 1.0]


def test_an_entitlement_of_nothing_for_anybody_is_refused():
    reps = reps_of(2, 0, seniority=[0, 5])
    assert refused(leads_of(2), reps, fairness=Fairness(entitlement="seniority")) == (
        'fairness.entitlement: "seniority" gives a weight of 0 to every rep who can get leads, so that nobody is '
        "entitled to anything; give somebody a weight"
    )


def test_credit_is_read_from_the_column_of_its_kind():
    reps = reps_of(8, 8, credit=[1, -1])
    assert case_of(leads_of(8), reps, fairness=Fairness()).shared[0].entitlement.tolist() == [5, 3]
    assert case_of(leads_of(8), reps_of(8, 8, credit=[2, None]), fairness=Fairness()).shared[0].credit.tolist() == [
        2,
        0,
    ]
    both = [Fairness(), Fairness(of="hot", hot_share=1)]
    own = reps_of(8, 8, credit_leads=[1, -1], credit_hot=[-1, 1])
    assert [one.entitlement.tolist() for one in case_of(leads_of(8), own, fairness=both).shared] == [[5, 3], [3, 5]]
    assert refused(leads_of(8), reps, fairness=both) == (
        "reps.credit: could be owed of hot or leads, as fairness shares each of them; call the column credit_hot or "
        "credit_leads"
    )
    assert refused(leads_of(8), reps_of(8, 8, credit=["x", 1]), fairness=Fairness()).startswith("reps.credit, row 1: ")
    named = case_of(leads_of(8), reps_of(8, 8, owed=[1, -1]), fairness=Fairness(), columns=Columns(credit="owed"))
    assert named.shared[0].entitlement.tolist() == [5, 3]


def test_a_value_quota_counts_what_newcomers_gain():
    gains = np.array([[4.0, 1.0], [2.0, 1.0]])
    reps = reps_of(2, 2, is_newcomer=[0, 1])
    case = case_of(leads_of(2), reps, gains, newcomers=NewcomerQuota(value_share=0.25))
    assert bounds_of(case) == {"newcomer value quota": (1.5, np.inf)}
    assert case.problem.load(case.problem.limits[0], np.array([1, 1])) == 2.0
    assert refused(leads_of(2), reps, gains, newcomers=NewcomerQuota(value_share=0.5)) == (
        "no plan meets every limit: newcomer value quota cannot be met: Bo must get 3 gain or more, and the best leads "
        "in their slots are worth 2. Lower value_share or raise these reps' capacity."
    )


@given(floors(), st.sampled_from([0.0, 0.3, 1.0]))
@examples(40)
def test_newcomers_never_get_more_hot_leads_than_the_ceiling(floor, share):
    gains, capacity = floor
    reps = reps_of(*capacity, is_newcomer=[1] * len(capacity))
    quota = NewcomerQuota(max_hot_share=share, hot_share=0.5)
    case = case_of(leads_of(len(gains)), reps, gains, newcomers=quota)
    (limit,) = case.problem.limits
    hot = np.full(len(gains), limit.leads is None)
    hot[slice(0) if limit.leads is None else limit.leads] = True
    assert limit.upper == np.floor(share * hot.sum() + 1e-9)
    found = tried(case.problem)
    assert ((found.answers[found.allowed][:, hot] >= 0).sum(axis=1) <= share * hot.sum() + 1e-9).all()


def test_protected_leads_never_go_to_newcomers_and_reasons_say_so():
    leads = leads_of(3, key=[True, None, "no"])
    reps = reps_of(0, 3, is_newcomer=[0, 1])
    quota = NewcomerQuota(protect="key")
    plan = assign(leads, reps, affinity=np.ones((3, 2)), newcomers=quota)
    assert plan.rep_of_lead.tolist() == [-1, 1, 1]
    alone = assign(leads, {"rep_id": ["Bo"], "capacity": [3], "is_newcomer": [1]}, affinity=np.ones((3, 1)),
                   newcomers=quota)  # fmt: skip
    assert [row["because"] for row in alone.unassigned] == ["no rep meets: not a newcomer (key)"]
    pinned = assign(leads, reps, affinity=np.ones((3, 2)), newcomers=quota, pins={0: "Bo"})
    assert pinned.rep_of_lead[0] == 1
    assert "lead 0 is pinned to Bo against: not a newcomer (key)" in pinned.notes
    assert refused(leads_of(1), reps, newcomers=NewcomerQuota(protect="kee")).startswith(
        'leads: column "kee" (newcomers.protect) is missing'
    )
    assert refused(leads_of(1, kee=[7]), reps, newcomers=NewcomerQuota(protect="kee")).startswith("leads.kee, row 1: ")


def test_a_newcomer_ramps_up_in_slots_minimums_and_hours():
    reps = reps_of(10, 10, tenure_days=[45, 400], min_leads=[4, 4], hours=[40, 40])
    quota = NewcomerQuota(ramp_days=90, min_leads=2)
    case = case_of(leads_of(9, effort=[1, 2] * 4 + [3]), reps, np.ones((9, 2)), newcomers=quota)
    assert case.problem.capacity.tolist() == [5, 10]
    assert bounds_of(case) == {
        **{"minimum of Ann": (2, np.inf), "minimum of Bo": (4, np.inf)},
        **{"hours of Ann": (0, 20), "hours of Bo": (0, 40), "newcomer minimum of Ann": (1, np.inf)},
    }


def test_what_cannot_be_placed_at_all_is_said_by_the_plan_itself():
    with pytest.raises(Infeasible, match="every lead must be placed"):
        assign(
            leads_of(3), reps_of(1, 1), affinity=np.ones((3, 2)),
            policy=Policy(fairness=Fairness(of="value"), reserve=-np.inf),
        )  # fmt: skip


def test_minimums_that_contradict_a_band_are_named():
    with pytest.raises(Infeasible) as caught:
        assign(leads_of(4), reps_of(4, 4, min_leads=[4, 0]), fairness=Fairness(low=0.9, high=1.1))
    assert "band of" in str(caught.value) and "minimum of Ann" in str(caught.value)


def test_maximin_raises_the_worst_off_and_gain_decides_the_rest():
    gains = np.array([[3.0, 1.0]] * 5)
    plan = assign(leads_of(5), reps_of(5, 5), affinity=gains, fairness=Fairness(maximin=True))
    assert np.bincount(plan.rep_of_lead).tolist() == [3, 2]
    assert plan.status == "OPTIMAL"
    hot = Fairness(maximin=True, of="hot", hot_share=0.4)
    plan = assign(leads_of(5), reps_of(5, 5), affinity=gains * np.arange(1, 6)[:, None], fairness=hot)
    assert sorted(plan.rep_of_lead[3:]) == [0, 1]


# Reps who stay out


OUT = {"rep_id": ["A", "B", "C", "D"], "capacity": [20] * 4}
RISING = [[0.1, 0.2, 0.3, 0.4]] * 20


@pytest.mark.parametrize("balance", [[1, 1, 0, 0], [1, 1, None, None], [2, 2, 0, None]])
def test_who_has_no_weight_stays_out_and_the_others_share_what_they_have(balance):
    even = assign(leads_of(20), OUT | {"balance": balance}, fairness=Fairness(entitlement="balance"))
    assert np.bincount(even.rep_of_lead).tolist() == [5, 5, 5, 5]
    assert even.case.shared[0].entitlement.tolist() == [5, 5, 0, 0]
    assert (
        "2 reps stay out of fairness and get what the plan gives: C, D; the others share the 10 leads that they have "
        "in the best plan without it"
    ) in even.notes
    setting = Fairness(entitlement="balance", low=1, high=1)
    best = assign(leads_of(20), OUT | {"balance": balance}, affinity=RISING, fairness=setting)
    assert np.bincount(best.rep_of_lead, minlength=4).tolist() == [0, 0, 0, 20]
    reps = OUT | {"balance": balance, "capacity": [20, 20, 6, 4]}
    full = assign(leads_of(20), reps, affinity=RISING, fairness=setting)
    assert np.bincount(full.rep_of_lead).tolist() == [5, 5, 6, 4]
    assert list(full.limit_prices) == ["fairness band of A", "fairness band of B"]


@pytest.mark.parametrize("of", ["leads", "value", "hot"])
@pytest.mark.parametrize("maximin", [False, True])
def test_a_column_says_who_is_out_in_every_kind_of_fairness(of, maximin):
    gains = np.array([[3.0, 2.0, 4.0]] * 6)
    reps = {"rep_id": ["A", "B", "Boss"], "capacity": [6, 6, 2], "in_fairness": [True, None, False]}
    setting = {"maximin": True} if maximin else {"low": 0.5}
    fairness = Fairness(of=of, entitlement="equal", hot_share=1, **setting)
    plan = assign(leads_of(6), reps, affinity=gains, fairness=fairness)
    (one,) = plan.case.shared
    assert one.outside.tolist() == [False, False, True]
    # What the plan gives: B's share of value takes three leads, where A's took two.
    assert plan.n_leads_of_rep[2] == (1 if of == "value" and maximin else 2)
    assert min(plan.n_leads_of_rep[:2]) >= 1
    assert "Boss" not in plan.carry()
    assert sum(plan.carry().values()) == pytest.approx(0)
    again = Plan.from_json(plan.to_json())
    assert again.report() == plan.report()
    assert "| Boss |" in plan.report()
    column = assign(leads_of(6), reps | {"in_fairness": [1, 1, 1]}, affinity=gains, fairness=fairness)
    assert column.case.shared[0].outside is None


def test_credit_of_who_is_out_counts_for_nothing():
    reps = {"rep_id": ["A", "B"], "capacity": [6, 6], "in_fairness": [True, False], "credit": [0, 5]}
    plan = assign(leads_of(6), reps, fairness=Fairness(entitlement="equal"))
    assert plan.case.shared[0].entitlement.tolist() == [3, 0]


@given(floors(), st.sampled_from([(0.5, 1.5), (1.0, 1.0)]), st.integers(0, 2))
@examples(40)
def test_those_who_are_in_share_as_the_band_says_and_the_plan_is_the_best_of_such(floor, band, out):
    gains, capacity = floor
    reps = reps_of(*capacity, in_fairness=[int(rep != out) for rep in range(len(capacity))])
    setting = Fairness(entitlement="equal", low=band[0], high=band[1])
    inside = [rep for rep, slots in enumerate(capacity) if rep != out and slots]
    try:
        plan = assign(leads_of(len(gains)), reps, affinity=gains, fairness=setting)
    except InvalidInput:
        assert not inside  # nobody is in
        return
    except Infeasible:
        return
    due = plan.case.shared[0].entitlement
    plain = plan.case.problem.replace(limits=())
    found = tried(plain)
    counts = np.stack([(found.answers == rep).sum(axis=1) for rep in range(len(capacity))], axis=1)
    in_band = np.ones(len(counts), dtype=bool)
    if due.any():
        for rep in inside:
            low = min(np.floor(band[0] * due[rep] + 1e-9), capacity[rep])
            in_band &= (counts[:, rep] >= low) & (counts[:, rep] <= max(low, np.ceil(band[1] * due[rep] - 1e-9)))
    assert plan.objective == pytest.approx(found.worth[found.allowed & in_band].max())
    best = counts[found.allowed & (found.worth >= found.best - 1e-9)]
    assert due.sum() == pytest.approx(due.sum().round())
    reach = best[:, inside].sum(axis=1) if inside else np.zeros(1)
    if out < len(capacity):  # else all share whatever can be placed, at a loss too
        assert reach.min() - 1e-9 <= due.sum() <= reach.max() + 1e-9


# Ties


@pytest.mark.parametrize("setting", [{}, {"low": 0.5, "high": 2}, {"weight": 0.1}, {"maximin": True}])
def test_equally_good_plans_are_told_apart_by_entitlements(setting):
    reps = reps_of(20, 20, 20, quota=[5, 3, 2])
    plan = assign(leads_of(20), reps, fairness=Fairness(entitlement="quota", **setting))
    assert np.bincount(plan.rep_of_lead).tolist() == [10, 6, 4]
    assert np.bincount(assign(leads_of(20), reps).rep_of_lead).max() == 7


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(1, 12))
@examples(30)
def test_ties_are_as_near_to_entitlements_as_whole_leads_can_be(weights, n):
    reps = {"rep_id": list(range(len(weights))), "capacity": [12] * len(weights), "w": weights}
    plan = assign(leads_of(n), reps, fairness=Fairness(entitlement="w", low=0, high=9))
    share = np.array(weights) / sum(weights)
    counts = np.stack(np.meshgrid(*[np.arange(n + 1)] * len(weights)), axis=-1).reshape(-1, len(weights))
    counts = counts[(counts.sum(axis=1) == n) & (counts <= np.ceil(9 * n * share)).all(axis=1)]
    uneven = (counts**2 / share).sum(axis=1).min()
    assert (plan.n_leads_of_rep**2 / share).sum() == pytest.approx(uneven)


def test_fairness_that_nobody_is_in_is_refused():
    assert refused(leads_of(2), reps_of(2, 2, in_fairness=[0, 0]), fairness=Fairness()) == (
        "reps.in_fairness: false for every rep who can get leads, so that nobody shares anything; let somebody in, or "
        "leave fairness out"
    )


def test_fair_shares_of_value_that_whole_leads_miss_are_asked_for_less():
    """43 leads of 1,000 for 6 reps: 99% of an even 7,167 is out of reach of 7 whole ones, and there was no plan."""
    maximin = Fairness(of="value", maximin=True)
    reps = {"rep_id": list("abcdef"), "capacity": [20] * 6}
    plan = assign(leads_of(43), reps, affinity=np.full((43, 6), 1_000.0), fairness=maximin)
    assert sorted(np.bincount(plan.rep_of_lead)) == [7, 7, 7, 7, 7, 8]
    (note,) = [note for note in plan.notes if note.startswith("fair shares")]
    assert note == "fair shares were computed as if leads could be divided; of whole ones 94% of each is asked for"
