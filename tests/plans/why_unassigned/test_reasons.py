"""Every reason why a lead stays in the pool: its sentence, its remedy, and that the remedy works."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadopt import Affinity, Columns, Fairness, Infeasible, Limit, Policy, assign
from leadopt.limit_rules import LimitRule
from leadopt.plans.why_unassigned.barriers import Pool
from leadopt.plans.why_unassigned.reasons import Reason
from leadopt.policy import exclude, match, skills
from leadopt.problem.problem import ROUNDING
from tests.strategies import examples


def leads_of(n, **columns):
    return {"lead_id": list(range(n))} | columns


def reps_of(*capacity, **columns):
    return {"rep_id": ["Ann", "Bo", "Cy"][: len(capacity)], "capacity": list(capacity)} | columns


def only(plan):
    (row,) = plan.unassigned_leads
    assert plan.unassigned == [
        {"lead_id": row.lead_id, "reason": row.reason.value, "because": row.because, "remedy": row.remedy}
    ]
    return row


def is_placed(plan, lead):
    return plan.rep_of_lead[plan.case.lead(lead)] >= 0


def test_no_eligible_rep_for_want_of_a_skill():
    leads, reps = leads_of(2, skills=["de", "fr;it"]), reps_of(5, 5, skills=["de;fr", "de"])
    row = only(assign(leads, reps, policy=Policy(eligibility=[skills()])))
    assert (row.lead_id, row.reason) == (1, Reason.NO_ELIGIBLE_REP)
    assert row.because == "no rep meets: skills must include fr and it"
    assert row.remedy == 'drop the rule "skills must include fr and it" for this lead (then Ann or Bo could take it)'
    assert is_placed(assign(leads | {"skills": ["de", None]}, reps, policy=Policy(eligibility=[skills()])), 1)


def test_no_eligible_rep_names_the_one_rule_whose_end_would_do():
    leads, reps = leads_of(1, zone=["N"], skills=["fr"]), reps_of(5, 5, zone=["N", "S"], skills=["de", "de"])
    rules = [match("zone"), skills()]
    row = only(assign(leads, reps, policy=Policy(eligibility=rules)))
    assert row.because == 'no rep meets: zone must be "n"; skills must include fr'
    assert row.remedy == 'drop the rule "skills must include fr" for this lead (then Ann could take it)'
    assert is_placed(assign(leads, reps, policy=Policy(eligibility=rules[:1])), 0)
    assert not is_placed(assign(leads, reps, policy=Policy(eligibility=rules[1:])), 0)


def test_no_eligible_rep_where_no_single_rule_is_to_blame():
    leads, reps = leads_of(1, zone=["W"], skills=["fr"]), reps_of(5, 5, zone=["N", "S"], skills=["de", "de"])
    row = only(assign(leads, reps, policy=Policy(eligibility=[match("zone"), skills()])))
    assert row.remedy == "give a rep what the lead asks for, or drop these rules for it"
    able = reps | {"zone": ["W", "S"], "skills": ["fr", "de"]}
    assert is_placed(assign(leads, able, policy=Policy(eligibility=[match("zone"), skills()])), 0)


def test_no_reps_at_all():
    row = only(assign(leads_of(1), []))
    assert (row.reason, row.because, row.remedy) == (Reason.NO_ELIGIBLE_REP, "there are no reps", "add a rep")
    assert is_placed(assign(leads_of(1), reps_of(1)), 0)


def test_an_affinity_that_rules_everybody_out():
    row = only(assign(leads_of(1), reps_of(1, 1), affinity=np.full((1, 2), -np.inf)))
    assert row.reason is Reason.NO_ELIGIBLE_REP
    assert row.because == "no rep is eligible by the given affinity"
    assert row.remedy == "give it a gain with some rep"
    assert is_placed(assign(leads_of(1), reps_of(1, 1), affinity=[[1.0, -np.inf]]), 0)


def test_excluded_by_rule():
    leads, reps = leads_of(1, zone=["N"]), reps_of(5, 5, zone=["N", "S"])
    rules = [match("zone"), exclude([(0, "Ann")])]
    row = only(assign(leads, reps, policy=Policy(eligibility=rules)))
    assert row.reason is Reason.EXCLUDED_BY_RULE
    assert row.because == "the only reps who fit are excluded: Ann"
    assert row.remedy == "remove the exclusion of Ann"
    assert is_placed(assign(leads, reps, policy=Policy(eligibility=rules[:1])), 0)


def test_all_away():
    leads, reps = leads_of(1, zone=["N"]), reps_of(5, 5, 5, zone=["N", "N", "S"], available=[0, False, 1])
    policy = Policy(eligibility=[match("zone")])
    row = only(assign(leads, reps, policy=policy))
    assert row.reason is Reason.ALL_AWAY
    assert row.because == "everyone eligible is away: Ann and Bo"
    assert row.remedy == "wait for Ann and Bo"
    assert is_placed(assign(leads, reps | {"available": [1, 0, 1]}, policy=policy), 0)


def test_below_the_reserve():
    gains = [[0.2, 0.3]]
    row = only(assign(leads_of(1), reps_of(1, 1), affinity=gains, policy=Policy(reserve=0.3)))
    assert row.reason is Reason.BELOW_RESERVE
    assert row.because == "its best gain, 0.3 with Bo, is not above the reserve of 0.3"
    assert row.remedy == "lower the reserve below 0.3"
    assert is_placed(assign(leads_of(1), reps_of(1, 1), affinity=gains, policy=Policy(reserve=0.29)), 0)


def test_a_lead_worth_nothing_is_below_the_default_reserve():
    row = only(assign(leads_of(1, value=[0]), reps_of(1)))
    assert (row.reason, row.because) == (
        Reason.BELOW_RESERVE,
        "its value is 0, so that it gains nothing with anybody, and the reserve is 0",
    )
    assert row.remedy == "lower the reserve below 0; or fill in its value, and leave it empty where it is not known"
    assert is_placed(assign(leads_of(1, value=[0]), reps_of(1), policy=Policy(reserve=-0.1)), 0)


def test_all_full_and_next_in_line():
    gains = [[3.0], [2.0], [1.0]]
    plan = assign(leads_of(3), reps_of(2), affinity=gains)
    row = only(plan)
    assert (row.lead_id, row.reason) == (2, Reason.ALL_FULL)
    assert row.because == "all eligible reps are full: Ann"
    assert row.remedy == "one more slot for Ann"
    more = assign(leads_of(3), reps_of(3), affinity=gains)
    assert is_placed(more, 2)
    assert more.objective == plan.objective + plan.prices["Ann"]


def test_all_full_behind_others_costs_what_it_says():
    gains = [[3.0], [2.0], [1.0]]
    plan = assign(leads_of(3), reps_of(1), affinity=gains)
    rows = {row.lead_id: row for row in plan.unassigned_leads}
    assert rows[1].remedy == "one more slot for Ann"
    assert rows[2].remedy == (
        "several more slots for Ann, as other leads gain more there; or pin it to Ann, which costs 2"
    )
    assert is_placed(assign(leads_of(3), reps_of(3), affinity=gains), 2)
    pinned = assign(leads_of(3), reps_of(1), affinity=gains, pins={2: "Ann"})
    assert is_placed(pinned, 2)
    assert plan.objective - pinned.objective == 2


def test_all_full_by_open_work_though_nobody_is_away():
    reps = reps_of(5, open_leads=[5])
    row = only(assign(leads_of(1), reps))
    assert (row.reason, row.remedy) == (Reason.ALL_FULL, "one more slot for Ann")
    assert is_placed(assign(leads_of(1), reps | {"capacity": [6]}), 0)


def test_held_by_a_fairness_band_the_remedy_is_the_band_and_not_a_slot():
    leads = leads_of(10, zone=["N"] * 8 + ["S"] * 2)
    reps = reps_of(10, 10, zone=["N", "S"])
    policy = Policy(eligibility=[match("zone")], fairness=Fairness(low=0, high=1.2, entitlement="equal"))
    plan = assign(leads, reps, policy=policy)
    assert len(plan.unassigned_leads) == 2
    for row in plan.unassigned_leads:
        assert row.reason is Reason.ALL_FULL
        assert row.because == "Ann can take no more under: fairness band of Ann"
        assert row.remedy == (
            'loosen fairness band of Ann; or drop the rule "zone must be "n"" for this lead (then Bo could take it)'
        )
    wider = policy.replace(fairness=Fairness(low=0, high=1.6, entitlement="equal"))
    assert not assign(leads, reps, policy=wider).unassigned_leads


def test_left_by_a_method_that_does_not_look_further():
    leads, reps = leads_of(1, territory=["W"]), reps_of(1, 1, territory=["N", "S"])
    row = only(assign(leads, reps).baseline("territory"))
    assert row.reason is Reason.LEFT_BY_METHOD
    assert row.because == "this method found nobody for it"
    assert row.remedy == "Ann or Bo could take it"
    assert is_placed(assign(leads, reps), 0)


def test_every_reason_has_a_case_here():
    assert {reason.name for reason in Reason} == {
        "NO_ELIGIBLE_REP", "EXCLUDED_BY_RULE", "ALL_AWAY", "ALL_FULL", "BELOW_RESERVE", "LEFT_BY_METHOD",
        "TOO_LARGE"
    }  # fmt: skip


def test_many_names_are_cut_short():
    reps = {"rep_id": list("abcdefg"), "capacity": [0] * 7}
    assert only(assign(leads_of(1), reps)).because == "all eligible reps are full: a, b, c and 4 more"


@given(st.data(), st.integers(2, 6), st.integers(1, 3))
@examples(25)
def test_remedies_of_leads_that_found_no_room_work(data, n_leads, n_reps):
    cell = st.one_of(st.integers(1, 6).map(float), st.just(-np.inf))
    rates = np.array(data.draw(st.lists(cell, min_size=n_leads * n_reps, max_size=n_leads * n_reps)))
    gains = Affinity(rates=rates.reshape(n_leads, n_reps))
    capacity = data.draw(st.lists(st.integers(0, 2), min_size=n_reps, max_size=n_reps))
    plan = assign(leads_of(n_leads), reps_of(*capacity), affinity=gains)
    rows = [row for row in plan.unassigned_leads if row.reason is Reason.ALL_FULL]
    assume(rows)
    for row in rows:
        if row.remedy.startswith("one more slot for "):
            for name in row.remedy.removeprefix("one more slot for ").replace(" or ", ", ").split(", "):
                rep = plan.case.rep(name)
                more = [most + (j == rep) for j, most in enumerate(capacity)]
                added = assign(leads_of(n_leads), reps_of(*more), affinity=gains).objective - plan.objective
                assert added == pytest.approx(plan.prices[name])
                assert added > 0
        elif "pin it" in row.remedy:
            name = row.remedy.partition("pin it to ")[2].partition(",")[0]
            pinned = assign(leads_of(n_leads), reps_of(*capacity), affinity=gains, pins={row.lead_id: name})
            assert plan.objective - pinned.objective == pytest.approx(float(row.remedy.rpartition("which costs ")[2]))


def places(plan, row, change):
    """Whether a change leads to a best plan with the lead placed: one where pinning it to some rep costs nothing."""
    after = plan.what_if(**change)
    if is_placed(after.plan, row.lead_id):
        return True
    gains = plan.case.gains.of([plan.case.lead(row.lead_id)])[0]
    pinned = []
    for rep in np.flatnonzero(np.isfinite(gains)):
        try:
            pinned.append(after.plan.what_if(pins={row.lead_id: plan.case.rep_ids[rep]}).change)
        except Infeasible:
            continue
    return max(pinned, default=-np.inf) >= -1e-9


@given(st.data(), st.integers(2, 6), st.integers(1, 3))
@examples(40)
def test_every_change_that_a_remedy_names_places_the_lead(data, n_leads, n_reps):
    cell = st.one_of(st.integers(1, 6).map(float), st.just(-np.inf))
    rates = np.array(data.draw(st.lists(cell, min_size=n_leads * n_reps, max_size=n_leads * n_reps)))
    capacity = data.draw(st.lists(st.integers(0, 3), min_size=n_reps, max_size=n_reps))
    band = data.draw(st.sampled_from([None, Fairness(low=0, high=1), Fairness(low=0.5, high=1, entitlement="equal")]))
    call = {"affinity": Affinity(rates=rates.reshape(n_leads, n_reps)), "fairness": band}
    team = data.draw(st.sampled_from([None, 1, 2]))
    try:
        plan = assign(leads_of(n_leads), reps_of(*capacity), **call)
        if team is not None:
            plan = plan.what_if(limits={"team cap": Limit(upper=team)}).plan
    except Infeasible:
        return
    for row in plan.unassigned_leads:
        if row.reason is Reason.ALL_FULL:
            assert row.changes or "several more" in row.remedy or "by more than one lead" in row.remedy
        for change in row.changes:
            assert places(plan, row, change), (row, change)


def test_one_remedy_names_all_that_is_full_at_once():
    plan = assign(leads_of(3), reps_of(2), affinity=[[3.0], [2.0], [1.0]], fairness=Fairness(low=0, high=1))
    plan = plan.what_if(limits={"fairness band of Ann": {"upper": 2}}).plan
    row = only(plan)
    assert row.remedy == "one more slot for Ann and loosen fairness band of Ann"
    assert row.changes == ({"limits": {"fairness band of Ann": {"upper": 3.0}}, "capacity": {"Ann": 1}},)
    assert is_placed(plan.what_if(**row.changes[0]).plan, 2)
    assert not is_placed(plan.what_if(capacity={"Ann": 1}).plan, 2)
    assert not is_placed(plan.what_if(limits={"fairness band of Ann": {"upper": 3}}).plan, 2)


def test_a_rule_that_is_not_all_that_bars_a_lead_is_not_the_whole_remedy():
    leads, reps = leads_of(2, zone=["N", "W"], value=[2, 1]), reps_of(1, zone=["N"])
    policy = Policy(eligibility=[match("zone")])
    row = only(assign(leads, reps, policy=policy))
    assert row.remedy == (
        'drop the rule "zone must be "w"" for this lead (then Ann could take it) and one more slot for Ann'
    )
    assert not is_placed(assign(leads, reps), 1)
    assert is_placed(assign(leads, reps | {"capacity": [2]}), 1)
    away = only(assign(leads_of(1, zone=["W"]), reps_of(1, zone=["N"], available=[0]), policy=policy))
    assert away.remedy.endswith("(then Ann could take it) and wait for Ann, who is away")
    cheap = only(assign(leads_of(1, zone=["W"], value=[0]), reps_of(1, zone=["N"]), policy=policy))
    assert cheap.remedy.endswith("and lower the reserve below 0")
    ahead = only(assign(leads | {"value": [2, 1]}, reps_of(1, zone=["N"]), policy=policy.replace(reserve=0.5)))
    assert "one more slot for Ann" in ahead.remedy


def test_a_full_rep_or_the_rule_that_bars_one_with_room():
    leads, reps = leads_of(2, skills=["de", "de"]), reps_of(1, 1, skills=["de", "fr"])
    row = only(assign(leads, reps, policy=Policy(eligibility=[skills()])))
    assert row.remedy == (
        'one more slot for Ann; or drop the rule "skills must include de" for this lead (then Bo could take it)'
    )
    assert not assign(leads | {"skills": ["de", None]}, reps, policy=Policy(eligibility=[skills()])).unassigned_leads


def test_leads_that_wait_behind_others_may_be_pinned():
    plan = assign(leads_of(3), reps_of(1), affinity=[[3.0], [2.0], [1.0]])
    row = next(row for row in plan.unassigned_leads if row.lead_id == 2)
    assert row.changes == ({"pins": {2: "Ann"}},)
    assert plan.what_if(**row.changes[0]).change == -2
    assert is_placed(plan.what_if(capacity={"Ann": 3}).plan, 2)


NOTE = (
    'not above the reserve of 0, and {} in the pool: set value_zero = "missing" where 0 means "not filled in", or set '
    "reserve"
)


def test_notes_count_leads_that_the_reserve_keeps_and_those_of_value_0():
    plan = assign(leads_of(4, value=[0, 5, 0, 7]), reps_of(4))
    assert f"2 leads have a value of 0, {NOTE.format('stay')} below 0" in plan.notes
    assert (
        f"1 lead has a value of 0, {NOTE.format('stays')} below 0" in assign(leads_of(1, value=[0]), reps_of(1)).notes
    )
    gains = [[0.2], [0.4], [0.1]]
    held = assign(leads_of(3), reps_of(3), affinity=gains, policy=Policy(reserve=0.3))
    assert (
        "2 leads gain no more than the reserve of 0.3 with anybody, and stay in the pool: lower the reserve to hand "
        "them out"
    ) in held.notes
    assert not [note for note in assign(leads_of(3), reps_of(3), affinity=gains).notes if "reserve" in note]
    pinned = assign(leads_of(3), reps_of(1), affinity=gains, pins={0: "Ann"}, policy=Policy(reserve=0.3))
    assert [note.partition(" gain")[0] for note in pinned.notes if "reserve" in note] == ["1 lead"]


def test_a_lead_that_is_longer_than_anybodys_hours_names_itself():
    leads = {"lead_id": ["X", "Y"], "effort": [12, 3]}
    reps = {"rep_id": ["A", "B"], "hours": [10, 8]}
    row = only(assign(leads, reps))
    assert (row.lead_id, row.reason) == ("X", Reason.TOO_LARGE)
    assert row.because == "lead X takes 12 hours, and nobody eligible has more than 10 (A)"
    assert row.remedy == "split it, or give A 12 hours or more"
    assert is_placed(assign(leads, reps | {"hours": [12, 8]}), "X")
    alone = only(assign({"lead_id": ["X"], "effort": [12]}, reps))  # hours are slots then
    assert alone.because == row.because
    slow = only(assign(leads, reps | {"pace": [2, 1]}))
    assert slow.because == "lead X takes 12 hours of B, who has 8, and no other rep can take it either"
    assert is_placed(assign(leads, reps | {"pace": [2, 1], "hours": [10, 12]}), "X")


def test_a_lead_that_no_limit_has_room_for_is_too_large_whoever_else_is_there():
    plan = assign(leads_of(2), reps_of(2, 2), affinity=[[3.0, 3.0], [1.0, 1.0]])
    budget = plan.what_if(limits={"budget": Limit(usage=[7.0, 2.0], upper=5)}).plan
    row = only(budget)
    assert row.reason is Reason.TOO_LARGE
    assert row.because == "lead 0 alone takes 7 of budget, which allows 5, and no other rep can take it either"
    assert row.remedy == "split it, or raise budget to 7 or more"
    assert is_placed(budget.what_if(limits={"budget": {"upper": 9}}).plan, 0)


def rows_of(gains, slots, **more):
    leads = {"lead_id": list(range(1, len(gains) + 1)), "own": more.pop("own", [None] * len(gains))}
    plan = assign(leads, {"rep_id": list("AB")[: len(slots)], "capacity": slots}, affinity=gains, **more)
    return plan, {row.lead_id: row for row in plan.unassigned_leads}


def test_a_lower_reserve_is_no_remedy_without_room():
    gains = [[5.0], [0.0]]
    _, rows = rows_of(gains, [1])
    assert rows[2].remedy.startswith("lower the reserve below 0 and one more slot for A")
    assert not rows_of(gains, [2], policy=Policy(reserve=-1.0))[1]
    _, rows = rows_of([[5.0, -9.0], [0.0, -2.0]], [1, 1])
    assert rows[2].remedy == "lower the reserve below -2"
    assert not rows_of([[5.0, -9.0], [0.0, -2.0]], [1, 1], policy=Policy(reserve=-3.0))[1]


def test_several_more_slots_name_the_limit_that_holds_then():
    cap = Policy(limit=[LimitRule(reps=["A"], most=2)])
    _, rows = rows_of([[5.0], [4.0], [3.0]], [1], policy=cap)
    assert rows[2].remedy == "one more slot for A"
    assert rows[3].remedy.startswith(
        "several more slots for A and more room under leads of A, as other leads gain more"
    )
    wide = Policy(limit=[LimitRule(reps=["A"], most=9)])
    assert "room under" not in rows_of([[5.0], [4.0], [3.0]], [1], policy=wide)[1][3].remedy


def test_a_slot_that_an_owner_would_use_is_no_remedy_for_others():
    owners = Policy(columns=Columns(owner="own"))
    plan, rows = rows_of([[1.0, 3.0], [6.0, 0.0]], [0, 1], own=["A", None], policy=owners)
    assert rows[2].remedy == "several more slots for A, as its own leads come first there" and not rows[2].changes
    assert plan.what_if(capacity={"A": 2}).plan.rep_of_lead.tolist() == [0, 0]
    plan, rows = rows_of([[1.0, 3.0], [6.0, 2.0], [0.0, 1.0]], [1, 1], own=["A", None, None], policy=owners)
    assert rows[3].remedy == "one more slot for B"
    assert plan.what_if(**rows[3].changes[0]).plan.rep_of_lead.tolist() == [0, 1, 1]


def test_leads_that_stay_together_are_told_of_room_for_all_of_them():
    """After a lead by itself was asked about the same rep, for whom one slot is enough."""
    leads = {"lead_id": [0, 1, 2], "value": [0.0, 5.0, 5.0], "company": [None, "acme", "acme"]}
    plan = assign(leads, {"rep_id": ["Ann"], "capacity": [1]}, policy=Policy(together="company"))
    alone, *acme = plan.unassigned_leads
    assert alone.reason is Reason.BELOW_RESERVE
    assert [row.reason for row in acme] == [Reason.ALL_FULL] * 2
    assert acme[0] == plan.explain(1).unassigned


@pytest.mark.parametrize("seed", range(12))
def test_barriers_are_those_of_each_rep_by_itself(seed):
    """Slots and limits on some leads and reps, by numbers, by lead and by pair, each counted pair by pair."""
    rng = np.random.default_rng(seed)
    n, m = 14, 5
    limits = [
        Limit(
            reps=None if k == 0 else np.flatnonzero(rng.random(m) < 0.6),
            leads=None if seed % 3 == 0 else np.flatnonzero(rng.random(n) < 0.6),
            usage=(2.0, rng.integers(0, 4, n).astype(float), rng.integers(0, 4, (n, m)).astype(float))[
                0 if seed % 3 == 0 else (seed + k) % 3
            ],
            upper=float(rng.integers(1, 9)),
            name=f"limit {k}",
        )
        for k in range(4)
    ]
    company = [None if k < 4 else f"c{k}" for k in rng.integers(0, 8, n)] if seed % 2 else [None] * n
    plan = assign(
        {"lead_id": list(range(n)), "company": company},
        {"rep_id": list(range(m)), "capacity": [2] * m},
        affinity=rng.random((n, m)),
        policy=Policy(together="company"),
    ).what_if(limits={limit.name: limit for limit in limits})
    answer, pool = plan.plan, Pool(plan.plan)
    case, problem = answer.case, answer.case.problem
    for lead in np.flatnonzero(answer.rep_of_lead < 0).tolist():
        found, size = pool.barriers(lead), len(case.members(lead))
        for rep in range(m):
            lacking = int(answer.n_leads_of_rep[rep]) + size - int(problem.capacity[rep])
            beyond = {
                k: float(answer.used[k]) + takes - problem.limits[k].upper
                for k, takes in case.limits_around(lead, rep).items()
            }
            short = {k: lacks for k, lacks in beyond.items() if lacks > ROUNDING * problem.limits[k].upper}
            price = max(0, lacking) * answer.capacity_prices[rep]
            price += sum(lacks * max(0.0, answer.limit_prices_of_problem[k]) for k, lacks in short.items())
            around = case.limits_around(lead, rep).items()
            of_own = [(k, takes) for k, takes in around if size > 1 or not isinstance(problem.limits[k].usage, float)]
            if any(takes > problem.limits[k].upper for k, takes in of_own):
                price = np.inf  # no room beside others: it is too large by itself
            assert found.full[rep] == (lacking > 0) and found.held[rep] == bool(short)
            assert found.short(rep) == short
            assert found.price[rep] == pytest.approx(price)
            assert found.is_open[rep] == (lacking <= 0 and not short)
