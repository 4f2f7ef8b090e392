"""Plans of the golden files: fairness, newcomers, hours, kept leads, baselines and limits."""

import dataclasses
from datetime import date, timedelta

import numpy as np
from scipy.sparse import csr_array

import leadopt
from leadopt import Affinity, Columns, Fairness, Limit, NewcomerQuota, Policy
from leadopt.policy import exclude, match, skills
from leadopt.tables.reading.formats import Formats
from leadopt.tables.reading.outcomes import Outcomes
from tests.golden.plans import PLANS, history, leads_of, learned_states, plan, with_value

__all__ = ["PLANS"]


@plan
def fairness_leads():
    """A hard band of leads by capacity, that costs; one rep is away; the column credit."""
    reps = [
        {"rep_id": "Ann", "capacity": 6, "credit": 1.5, "available": True},
        {"rep_id": "Bo", "capacity": 6, "credit": -1.5, "available": True},
        {"rep_id": "Cy", "capacity": 3, "credit": None, "available": True},
        {"rep_id": "Weg", "capacity": 3, "credit": 2, "available": False},
    ]
    gains = [[5.0 - k * 0.1, 2.0, 1.0 + k * 0.05, 9.0] for k in range(10)]
    return leadopt.assign(leads_of(10), reps, affinity=gains, fairness=Fairness(low=0.9, high=1.1))


@plan
def fairness_several():
    """Leads, value, hot and leads again, at prices; entitlements equal, a column, capacity, performance; credits."""
    reps = [
        {"rep_id": n, "capacity": c, "weight": w, "credit_leads": a, "credit_value": b, "credit_hot": h}
        for n, c, w, a, b, h in [
            ("Ann", 5, 2, 1.0, 10.5, 0.5),
            ("Bo", 4, 1, -1.0, -10.5, -0.5),
            ("Cy", 3, 1.5, None, None, None),
        ]
    ]
    settings = [
        Fairness(low=0.85, high=1.15, entitlement="equal", weight=2.5),
        Fairness(low=0.5, high=1.5, entitlement="weight", of="value", weight=0.125),
        Fairness(low=0.75, high=1.25, entitlement="capacity", of="hot", weight=1.5, hot_share=0.3),
        Fairness(low=0.6, high=1.75, entitlement="performance", of="leads", weight=0.0),
    ]
    rows = leads_of(10, value=[100, 20, 35.5, 60, 47])
    policy = Policy(segment_by=["industry", "size"], fairness=settings)
    return leadopt.assign(rows, reps, history(["Ann", "Bo", "Cy"], seed=9), policy=policy)


@plan
def fairness_hot_hard():
    """Hot leads in a hard band, by the score; the score has levels, numbers and the level "~"."""
    reps = [{"rep_id": n, "capacity": 4} for n in ("Ann", "Bo", "Cy")]
    rows = leads_of(9, visits=[0, 3, None, 10, 7], mark=["~", "x", None], value=[10, 12])
    policy = Policy(
        segment_by="industry",
        score={"size": {"large": 3, "small": 0.5}, "visits": 2, "mark": {"~": 1.5, "x": 1}},
        fairness=Fairness(of="hot", hot_share=0.4, low=0.8, high=1.0, entitlement="equal"),
    )
    return leadopt.assign(rows, reps, history(["Ann", "Bo", "Cy"], seed=10), policy=policy)


@plan
def value_solved():
    """A hard band of value: searched, and best of a complete search (SOLVED, with a gap)."""
    reps = [{"rep_id": n, "capacity": 5} for n in ("Ann", "Bo", "Cy")]
    gains = [
        [7.3, 5.1, 6.2],
        [11.9, 13.7, 3.3],
        [2.1, 8.8, 9.4],
        [6.6, 1.2, 5.5],
        [3.7, 4.9, 4.1],
        [9.8, 9.1, 2.2],
        [5.9, 5.3, 6.1],
    ]
    return leadopt.assign(
        leads_of(7), reps, affinity=gains, fairness=Fairness(of="value", entitlement="equal", low=0.85, high=1.15)
    )


@plan
def maximin_leads():
    """Leximin of leads by performance."""
    reps = [{"rep_id": n, "capacity": c} for n, c in (("Ann", 6), ("Bo", 4), ("Cy", 5))]
    policy = Policy(segment_by="size", fairness=Fairness(maximin=True, entitlement="performance"))
    return leadopt.assign(leads_of(9), reps, history(["Ann", "Bo", "Cy"], seed=11), policy=policy)


@plan
def maximin_value():
    """Leximin of value."""
    reps = [{"rep_id": n, "capacity": 4} for n in ("Ann", "Bo", "Cy")]
    gains = [[5.0, 2.5, 1.25], [4, 3.5, 2], [3, 3, 1], [6, 1, 2.75], [2, 2, 2], [1, 4, 3.5], [8, 2, 0.5]]
    return leadopt.assign(
        leads_of(7), reps, affinity=gains, fairness=Fairness(of="value", maximin=True, entitlement="equal")
    )


@plan
def newcomers():
    """Every field of the quota: share, min_leads, tenure_days, value_share, ceiling on hot leads, protect, ramp."""
    reps = [
        {"rep_id": "Ann", "capacity": 6, "tenure_days": 2000},
        {"rep_id": "Bo", "capacity": 6, "tenure_days": 95},
        {"rep_id": "Neu", "capacity": 6, "tenure_days": 50},
        {"rep_id": "Jung", "capacity": 6, "tenure_days": 80},
        {"rep_id": "Unbekannt", "capacity": 2, "tenure_days": None},
    ]
    quota = NewcomerQuota(
        share=0.25,
        min_leads=1,
        tenure_days=100,
        value_share=0.15,
        max_hot_share=0.5,
        hot_share=0.3,
        protect="key_account",
        ramp_days=180,
        ramp=[0.25, 0.5, 1],
    )
    rows = leads_of(12, value=[100, 20, 60, 45], key_account=[True, False, None, False, False])
    policy = Policy(segment_by=["industry"], newcomers=quota)
    past = history(["Ann", "Bo", "Neu", "Unbekannt"], seed=12)
    return leadopt.assign(rows, reps, past, policy=policy, pins={1: "Neu", 3: "Ann"})


@plan
def newcomers_nobody():
    """A quota, and nobody is new."""
    reps = [{"rep_id": "Ann", "capacity": 2, "is_newcomer": False}, {"rep_id": "Bo", "capacity": 2, "is_newcomer": 0}]
    return leadopt.assign(leads_of(3), reps, affinity=[[1.0, 2], [2, 1], [3, 3]], newcomers=NewcomerQuota(share=0.1))


@plan
def hours():
    """Effort, hours, open hours, pace; capacity there too."""
    reps = [
        {"rep_id": "Ann", "capacity": 5, "hours": 8, "open_hours": 1.5, "pace": 1, "available": 1},
        {"rep_id": "Bo", "capacity": 5, "hours": 6.5, "open_hours": None, "pace": 1.5, "available": 0.5},
        {"rep_id": "Cy", "capacity": 5, "hours": 10, "open_hours": 12, "pace": 0.75, "available": 1},
        {"rep_id": "Weg", "capacity": 5, "hours": 10, "open_hours": 0, "pace": 1, "available": 0},
    ]
    rows = leads_of(8, effort=[2, 1.5, 3, 0.75, 2.25])
    gains = [[2.0 + k % 3, 1.5 + k % 4, 3, 5] for k in range(8)]
    return leadopt.assign(rows, reps, affinity=gains)


@plan
def hours_alone():
    """Hours without capacity, and fairness by working time."""
    reps = [{"rep_id": "Ann", "hours": 8}, {"rep_id": "Bo", "hours": 4}]
    rows = leads_of(7, effort=[2, 1, 3])
    gains = [[2.0 + k % 3, 1.5 + k % 4] for k in range(7)]
    return leadopt.assign(rows, reps, affinity=gains, fairness=Fairness(low=0.5, high=1.25, weight=0.75))


@plan
def open_work():
    """available, open_leads, max_open, min_leads."""
    reps = [
        {"rep_id": "Ann", "capacity": 5, "available": 1, "open_leads": 8, "max_open": 10, "min_leads": 2},
        {"rep_id": "Bo", "capacity": 4, "available": 0.5, "open_leads": None, "max_open": 9, "min_leads": 2},
        {"rep_id": "Cy", "capacity": 3, "available": "false", "open_leads": 0, "max_open": 3, "min_leads": None},
        {"rep_id": "Dee", "capacity": 3, "available": "true", "open_leads": 7, "max_open": 5, "min_leads": None},
    ]
    gains = [[1.0 + k, 2.5 + k / 2, 9, 9] for k in range(6)]
    return leadopt.assign(leads_of(6), reps, affinity=gains)


@plan
def open_work_in_capacity():
    """open_leads without max_open: the capacity counts them too."""
    reps = [{"rep_id": "Ann", "capacity": 5, "open_leads": 3}, {"rep_id": "Bo", "capacity": 4, "open_leads": 3}]
    return leadopt.assign(leads_of(5), reps, affinity=[[1.0 + k, 2.5 + k / 2] for k in range(5)])


@plan
def few_eligible():
    """Gains of eligible pairs alone, one of them 0, as a sparse matrix; a territory rules some out, a pin overrules."""
    reps = [{"rep_id": n, "capacity": 2, "territory": t} for n, t in (("Ann", "EU"), ("Bo", "US"), ("Cy", "EU"))]
    gains = csr_array(
        ([5.0, 2.5, 3.0, 0.0, 4.5, 1.25, 2.0], ([0, 0, 1, 1, 2, 4, 4], [0, 2, 0, 1, 0, 1, 2])), shape=(5, 3)
    )
    policy = Policy(eligibility=[match("territory")], reserve=-0.5)
    return leadopt.assign(leads_of(5, territory=["EU", "US"]), reps, affinity=gains, policy=policy, pins={5: "Bo"})


@plan
def no_capacity():
    """No capacity, no evidence: shared evenly by availability."""
    reps = [{"rep_id": "Ann", "available": 1}, {"rep_id": "Bo", "available": 0.5}, {"rep_id": "张敏", "available": 1}]
    return leadopt.assign(leads_of(7), reps, rng=5)


def last_week():
    reps = [{"rep_id": n, "capacity": 3, "territory": "EU"} for n in ("Ann", "Bo", "Cy")]
    gains = [[5.0 - k * 0.5, 3.0 + k * 0.25, 2.5] for k in range(8)]
    return leadopt.assign(leads_of(8, territory=["EU"]), reps, affinity=gains)


@plan
def keep_plan():
    """keep = a plan, with a move_cost and a reserve; one rep has fewer slots, one is gone, one may not any more."""
    reps = [{"rep_id": "Ann", "capacity": 1, "territory": "EU"}, {"rep_id": "Bo", "capacity": 4, "territory": "EU"}]
    reps += [{"rep_id": "Neu", "capacity": 3, "territory": "EU"}]
    rows = leads_of(8, territory=["EU"])
    rows[4]["territory"] = "US"
    gains = [[5.0 - k * 0.5, 3.5 + k * 0.25, 4.0 - k % 2] for k in range(8)]
    policy = Policy(eligibility=[match("territory")], reserve=0.5)
    return leadopt.assign(rows, reps, affinity=gains, policy=policy, keep=last_week(), move_cost=0.75, pins={2: "Bo"})


@plan
def keep_free():
    """keep = a dict, moving costs nothing: ties stay where they are."""
    reps = [{"rep_id": n, "capacity": 4} for n in ("Ann", "Bo")]
    return leadopt.assign(leads_of(6), reps, keep={1: "Bo", 2: "Bo", 3: "Ann", 6: "Ann"}, fairness=Fairness())


@plan
def empty():
    """No leads."""
    reps = [{"rep_id": "Ann", "capacity": 2}, {"rep_id": "Bo", "capacity": 1}]
    return leadopt.assign({"lead_id": []}, reps, policy=Policy(reserve=1.0))


@plan
def nobody_there():
    """Leads, and every rep is away or full."""
    reps = [{"rep_id": "Ann", "capacity": 2, "available": 0}, {"rep_id": "Bo", "capacity": 0, "available": 1}]
    return leadopt.assign(leads_of(3), reps, affinity=[[1.0, 2], [2, 1], [3, 3]])


@plan
def baseline_round_robin():
    """A baseline, whose turn is kept; it breaks the band."""
    return fairness_leads().baseline("round robin", turn="Bo")


@plan
def baseline_greedy():
    """A baseline that is allowed, though not the best: FEASIBLE with a gap."""
    reps = [{"rep_id": "Ann", "capacity": 1}, {"rep_id": "Bo", "capacity": 1}]
    return leadopt.assign(leads_of(3), reps, affinity=[[5.0, 4.75], [4.5, 1.0], [1.0, 0.5]]).baseline("greedy")


@plan
def baseline_territory():
    """Territory of leads and reps, missing in some."""
    return learned_states().baseline("territory")


@plan
def baseline_broken():
    """A baseline that breaks minimums of hours and quotas."""
    return newcomers().baseline("performance")


@plan
def limits():
    """Limits of one's own, by what_if: shared among reps, over some leads; usage a number, by lead, pair or rate."""
    base = last_week()
    effort = Affinity(rates=[[1.0, 1.5, 0.5], [2.0, 1.0, 1.0]], row=[0, 1] * 4, scale=[1, 2, 0.5, 1, 1, 2, 1, 1])
    given = {
        "团队北": Limit(reps=[0, 1], upper=4),
        "Großkunden": Limit(leads=[0, 2, 4], reps=[1, 2], lower=1, upper=2),
        "budget": Limit(usage=[1.5, 2, 1, 3, 0.5, 2, 1, 1], upper=9, penalty=0.4),
        "travel": Limit(usage=np.arange(24.0).reshape(8, 3) / 8, reps=[0, 2], upper=7.5),
        "effort": Limit(usage=effort, reps=[1], upper=3.25, lower=0.5, penalty=1.25),
        "all": Limit(usage=2.0, upper=14),
    }
    return base.what_if(limits=given).plan


@plan
def limit_without_name():
    """Limits that have no name, as `Problem` allows."""
    base = last_week()
    problem = base.case.problem.replace(
        limits=(Limit(reps=[0, 2], upper=4), Limit(leads=[1, 3, 5, 7], reps=[1], lower=1, upper=2))
    )
    found = leadopt.match(problem.affinity, problem.capacity, limits=problem.limits)
    return dataclasses.replace(
        base,
        case=dataclasses.replace(base.case, problem=problem),
        rep_of_lead=found.rep_of_lead,
        capacity_prices=found.prices,
        limit_prices_of_problem=found.limit_prices,
        method=found.solver,
    )


@plan
def limits_nested():
    """Nested limits, which a flow takes: a team within a floor, a minimum at a price, shared among reps."""
    given = {
        "Etage": Limit(upper=6, name="Etage"),
        "Team Süd": Limit(reps=[1, 2], lower=2, upper=3),
        "Cy allein": Limit(reps=[2], lower=2, penalty=0.375),
    }
    return last_week().what_if(limits=given, capacity={"Ann": 2}, away=["Bo"], pins={8: "Ann"}).plan


@plan
def everything():
    """History, values, score, currencies, rules, fairness, quota, hours, pins, keep: all at once."""
    past = history(
        ["Ann", "Bo", "Cy"],
        extra=lambda r, p: {**with_value(r, p), "currency": "EUR", "team": "A" if p == "Ann" else "B"},
        seed=13,
    )
    reps = [
        {"rep_id": n, "capacity": 6, "hours": h, "team": t, "tenure_days": d, "lang": "de;en" if n != "Cy" else "de"}
        for n, h, t, d in (("Ann", 12, "A", 800), ("Bo", 9.5, "B", 300), ("Cy", 8, "B", 30))
    ]
    rows = leads_of(
        10, value=[120, None, 80], currency=["EUR", "EUR", "USD"], effort=[1, 2, 1.5], lang=["de", "en", None]
    )
    policy = Policy(
        segment_by=["industry"],
        rep_by=["team"],
        half_life_days=270.5,
        eligibility=[skills("lang", "lang"), exclude([(10, "Ann")])],
        fairness=[Fairness(low=0.4, high=1.8, weight=1.0), Fairness(of="hot", low=0.3, high=2, weight=0.5)],
        newcomers=NewcomerQuota(share=0.1, max_hot_share=0.5),
        score={"size": {"large": 2, "small": 1}},
        explore=0.2,
        currencies={"EUR": 1.08, "USD": 1.0},
        reserve=1.5,
        columns=Columns(territory="region"),
    )
    had = {1: "Bo", 2: "Ann", 3: "Cy", 5: "Ann"}
    return leadopt.assign(
        rows, reps, past, policy=policy, pins={4: "Cy"}, keep=had, move_cost=2.5, now="2026-01-31", rng=2
    )


@plan
def own_limits():
    """Limits of a policy, open work that is levelled, one who stays out of it, hours, owners, leads whose rep left."""
    names, parts = ("Ann", "Bo", "Cy", "Boss"), (2, 1, 1, None)
    reps = [
        {"rep_id": name, "max_open": 9, "open_leads": had, "hours": hours, "part": part, "team": team}
        for name, had, hours, part, team in zip(
            names, (4, 0, 2, 0), (12, 20, 15, 8), parts, ("N", "S", "s", "N"), strict=True
        )
    ]
    policy = Policy(
        columns=Columns(owner="from_"),
        formats=Formats(dates="day first"),
        outcomes=Outcomes(won=["Ja"]),
        balance_open=True,
        fairness=Fairness(entitlement="part", low=0.5, high=1.5),
        limit=[
            {"name": "small for the South", "reps": {"team": "S"}, "leads": {"size": "small"}, "least": 1, "most": 4},
            {"reps": ["Ann", "Bo"], "most": 6, "each": True, "usage": "effort", "weight": 0.25},
        ],
    )
    rows = leads_of(9, effort=[1, 2, 3], account=["x", "y", None], from_=["Bo", None, None])
    gains = [[5.0 - k * 0.25, 2.0 + k * 0.125, 3.0, 1.0 + k * 0.5] for k in range(9)]
    return leadopt.assign(rows, reps, affinity=gains, policy=policy, keep={2: "Zoe", 3: "Bo", 5: "Cy"}, move_cost=0.5)


@plan
def accounts():
    """Leads that stay together, owners, who has the leads now, and capacities that are fractions."""
    names = ("Ann", "Bo", "Cy")
    reps = [
        {"rep_id": n, "capacity": c, "carried": k} for n, c, k in zip(names, (3.45, 2.5, 4), (0.6, 0, 0.5), strict=True)
    ]
    rows = leads_of(
        9,
        account=["a", "A ", None, "b", "b", None, "c", None, "b"],
        owned_by=["Ann", None, "bo", "Zoe", None, "Bo", "Cy", "Ann", None],
        holder=["Bo", "Bo", None, "Cy", "Zed", None, "Ann", "Cy", None],
    )
    columns = Columns(owner="owned_by", current_rep="holder")
    policy = Policy(together="account", move_cost=0.75, columns=columns, reserve=0.5)
    gains = [[5.0 - k * 0.25, 2.0 + k * 0.125, 3.0] for k in range(9)]
    return leadopt.assign(rows, reps, affinity=gains, policy=policy, pins={8: "Ann"})


@plan
def no_value_filled_in():
    """Values of 0 are of fields that nobody filled in."""
    rows = leads_of(5, value=[20.0, 0, None, 40.0, 0])
    gains = [[0.5 - k * 0.0625, 0.25] for k in range(5)]
    return leadopt.assign(
        rows, [{"rep_id": n, "capacity": 2} for n in ("Ann", "Bo")], affinity=gains, policy=Policy(value_zero="missing")
    )


@plan
def drifting():
    """The level of conversion fell in the middle of a year, and chances are as it is now."""
    first = date(2025, 1, 6)
    history = {
        "rep_id": [("Ann", "Bo")[k % 2] for k in range(1040)],
        "converted": [int(k * 7 % 10 < (6 if k < 520 else 2) + k % 2) for k in range(1040)],
        "at": [(first + timedelta(k // 3)).isoformat() for k in range(1040)],
    }
    return leadopt.assign([{"lead_id": k} for k in range(6)], [{"rep_id": "Ann"}, {"rep_id": "Bo"}], history)


@plan
def open_leads():
    """Leads of history that are open still count by how long they are."""
    first = date(2025, 1, 6)
    days = [first + timedelta(k // 2) for k in range(360)]
    took = [3 + k * 7 % 11 + (20 if k % 3 == 0 else 0) for k in range(360)]
    end = first + timedelta(180)
    over = [day + timedelta(n) < end for day, n in zip(days, took, strict=True)]
    history = {
        "rep_id": [("Ann", "Bo")[k % 2] for k in range(360)],
        "got_on": [day.isoformat() for day in days],
        "converted": [int(k % 3 == 0) if done else None for k, done in enumerate(over)],
        "at": [
            (day + timedelta(n)).isoformat() if done else None for day, n, done in zip(days, took, over, strict=True)
        ],
    }
    reps = [{"rep_id": n, "capacity": 3} for n in ("Ann", "Bo")]
    policy = Policy(columns=Columns(assigned_at="got_on"))
    return leadopt.assign(leads_of(5), reps, history, policy=policy, now="2025-07-05")


@plan
def slow_wins():
    """Wins take longer than losses, and some leads are never settled: what delays leave open is in what plans bring."""
    first, end = date(2025, 1, 6), date(2025, 7, 5)
    days = [first + timedelta(k // 2) for k in range(360)]
    took = [1000 if k % 7 == 0 else 40 + k * 7 % 31 if k % 3 == 0 else 3 + k % 5 for k in range(360)]
    ends = [day + timedelta(n) for day, n in zip(days, took, strict=True)]
    history = {
        "rep_id": [("Ann", "Bo", "Cy")[k % 5 % 3] for k in range(360)],
        "assigned_at": [day.isoformat() for day in days],
        "converted": [int(k % 3 == 0) if one < end else None for k, one in enumerate(ends)],
        "at": [one.isoformat() if one < end else None for one in ends],
    }
    reps = [{"rep_id": n, "capacity": 2} for n in ("Ann", "Bo", "Cy")]
    return leadopt.assign(leads_of(5), reps, history, now=end.isoformat())


@plan
def handed_out():
    """Leads went by what they are, and some of them are open still."""
    reps = [{"rep_id": name, "capacity": 2} for name in ("Ann", "Bo", "Cy")]
    past = [
        {
            "rep_id": "Ann" if (source := ("web", "fair", "call")[k % 3]) == "web" else ("Bo", "Cy")[k % 2],
            "source": source,
            "assigned_at": str(date(2026, 1, 5) + timedelta(days=k)),
            "at": str(date(2026, 1, 8) + timedelta(days=k + k % 9)) if k < 100 or k % 3 else None,
            "converted": int(k % 4 == 0 or k % 7 == 0) if k < 100 or k % 3 else None,
        }
        for k in range(120)
    ]
    rows = [{"lead_id": k, "source": ("web", "fair")[k % 2]} for k in range(5)]
    return leadopt.assign(rows, reps, past, policy=Policy(segment_by="source"))


@plan
def counted():
    """A history that somebody has aggregated: each row stands for several leads."""
    history = {
        "rep_id": ["Ann", "Ann", "Bo", "Bo"],
        "converted": [1, 0, 1, 0],
        "n": [30, 70, 12, 88],
    }
    reps = [{"rep_id": n, "capacity": 2} for n in ("Ann", "Bo")]
    return leadopt.assign(leads_of(3), reps, history, policy=Policy(columns=Columns(count="n")))


@plan
def few_stars():
    """One rep of five wins far more than the others, and a newcomer is expected to do what they do on average."""
    won = {"Ann": 30, "Bo": 2, "Cy": 1, "Di": 1, "Ed": 2}
    rows = [{"rep_id": rep, "converted": int(k < n)} for rep, n in won.items() for k in range(200)]
    reps = [{"rep_id": rep, "capacity": 3} for rep in (*won, "New")]
    return leadopt.assign(leads_of(9), reps, rows)
