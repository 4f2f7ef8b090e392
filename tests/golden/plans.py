"""Plans of the golden files: histories, values, rules, matrices and solvers."""

import dataclasses
import random
from uuid import UUID

import numpy as np

import leadopt
from leadopt import Affinity, AffinityModel, Columns, Fairness, NewcomerQuota, Policy
from leadopt.policy import exclude, match, skills

PLANS: dict = {}


PLANS: dict = {}


def plan(make):
    PLANS[make.__name__] = make
    return make


def history(reps, n=240, seed=1, names=None, extra=lambda rng, rep: {}, open_share=0.05):
    """Outcomes by rep, industry and size, at dates of 2025, with what was won for."""
    rng = random.Random(seed)
    names = names or {}
    rows = []
    for k in range(n):
        rep = rng.choice(reps)
        industry, size = rng.choice(["steel", "food", "law"]), rng.choice(["small", "large"])
        chance = 0.15 + 0.1 * reps.index(rep) + 0.2 * (industry == "steel") + 0.1 * (size == "large")
        won = rng.random() < chance
        row = {
            "rep_id": rep,
            "industry": industry,
            "size": size,
            "converted": None if rng.random() < open_share else won,
            "at": f"2025-{1 + k * 12 // n:02d}-{1 + k % 28:02d}",
            **extra(rng, rep),
        }
        rows.append({names.get(key, key): value for key, value in row.items()})
    return rows


def with_value(rng, rep):
    return {"value": round(100 * rng.lognormvariate(0, 0.5), 2)}


def leads_of(n, **more):
    kinds = [(i, s) for i in ("steel", "food", "law") for s in ("small", "large")]
    rows = [{"lead_id": k + 1, "industry": kinds[k % 6][0], "size": kinds[k % 6][1]} for k in range(n)]
    for name, values in more.items():
        for k, row in enumerate(rows):
            row[name] = values[k % len(values)]
    return rows


@plan
def learned():
    """History, all found by itself."""
    reps = [{"rep_id": "Ann", "capacity": 3}, {"rep_id": "Bo", "capacity": 2}]
    return leadopt.assign(leads_of(6), reps, history(["Ann", "Bo"]))


@plan
def learned_states():
    """segment_by, rep_by, bins (number and edges), a half-life, now, a stranger, open rows, territory."""
    hours = lambda rng, rep: {  # noqa: E731
        "team": "Nord" if rep in ("Ann", "Cy") else "Süd",
        "response_hours": rng.choice([0.5, 1.5, 4.25, 8.5, 24.75, 30.5]),
        "budget": rng.randint(1, 100) / 7,
    }
    policy = Policy(
        segment_by=["industry", "budget"],
        rep_by=["team", "response_hours"],
        bins={"response_hours": [1, 4, 24], "budget": 3},
        half_life_days=180,
        eligibility=[match("territory")],
    )
    reps = [
        {"rep_id": "Ann", "capacity": 2, "team": "Nord", "response_hours": 0.5, "territory": "EU"},
        {"rep_id": "Bo", "capacity": 2, "team": "Süd", "response_hours": 25, "territory": "EU;US"},
        {"rep_id": "Neu", "capacity": 2, "team": "Nord", "response_hours": 2, "territory": "EU"},
        {"rep_id": "Cy", "capacity": 2, "team": None, "response_hours": None, "territory": "US"},
    ]
    rows = leads_of(8, budget=[1.5, 7.5, 13.5, None], territory=["EU", "US", None])
    past = history(["Ann", "Bo", "Cy", "Weg"], extra=hours, seed=2)
    return leadopt.assign(rows, reps, past, policy=policy, now="2026-01-31")


@plan
def half_life_learn():
    """half_life_days="learn"; by rep alone."""
    reps = [{"rep_id": "Ann", "capacity": 2}, {"rep_id": "Bo", "capacity": 2}, {"rep_id": "Cy", "capacity": 1}]
    policy = Policy(segment_by=(), half_life_days="learn")
    return leadopt.assign(leads_of(5), reps, history(["Ann", "Bo", "Cy"], n=400), policy=policy, now="2026-01-31")


@plan
def values_learned():
    """Values that leads lack are learned; currencies; some leads have a value."""
    reps = [{"rep_id": "Ann", "capacity": 3}, {"rep_id": "Bo", "capacity": 3}]
    currency = lambda rng, rep: {**with_value(rng, rep), "currency": rng.choice(["EUR", "usd"])}  # noqa: E731
    policy = Policy(segment_by=["industry", "size"], currencies={"USD": 1.0, "eur": 1.08}, reserve=20.0)
    rows = leads_of(8, value=[None, 120.5, None, 80, 0], currency=["EUR", "EUR", None, "USD", "USD"])
    return leadopt.assign(rows, reps, history(["Ann", "Bo"], extra=currency, seed=3), policy=policy)


@plan
def values_none_given():
    """No column of values in leads at all: each is learned, with a score on top."""
    reps = [{"rep_id": "Ann", "capacity": 3}, {"rep_id": "Bo", "capacity": 3}]
    policy = Policy(segment_by=["industry"], score={"size": {"large": 2, "small": 1}})
    past = history(["Ann", "Bo"], extra=with_value, seed=4)
    return leadopt.assign(leads_of(6), reps, past, policy=policy)


@plan
def values_median():
    """Values of which some are missing, and a history that knows none: the median."""
    reps = [{"rep_id": "Ann", "capacity": 2}, {"rep_id": "Bo", "capacity": 3}]
    rows = leads_of(6, value=[10, None, 30.5, 0])
    return leadopt.assign(rows, reps, history(["Ann", "Bo"], seed=5), policy=Policy(segment_by="industry"))


COLUMNS = Columns(
    lead_id="线索",
    rep_id="Verkäufer",
    value="Wert",
    currency="Währung",
    capacity="Plätze",
    available="da",
    open_leads="offen",
    max_open="höchstens_offen",
    min_leads="mindestens",
    effort="Aufwand",
    hours="Stunden",
    open_hours="offene_Stunden",
    pace="Tempo",
    credit="Guthaben",
    is_newcomer="neu",
    tenure_days="Tage",
    hired_on="seit",
    territory="Gebiet",
    converted="gewonnen",
    at="am",
)


@plan
def columns_renamed():
    """Every column renamed, in Chinese and German; ids are UUIDs; names of reps are Chinese and German."""
    names = {"rep_id": "Verkäufer", "converted": "gewonnen", "at": "am"}
    past = history(["王伟", "Jürgen Groß", "李娜"], names=names, seed=6)
    reps = [
        {"Verkäufer": rep, "Plätze": 4, "da": da, "offen": 1, "höchstens_offen": 5, "mindestens": 1, "Stunden": 9.5}
        | {"offene_Stunden": 1.25, "Tempo": pace, "Guthaben": owed, "neu": new, "Tage": days, "Gebiet": where}
        for rep, da, pace, owed, new, days, where in [
            ("王伟", 1, 1.0, 0.5, False, 900, "Nord"),
            ("Jürgen Groß", 1, 1.5, -0.5, False, 400, "Süd"),
            ("李娜", 0.75, 1.0, 0, True, 60, "Nord"),
        ]
    ]
    rows = [
        {"线索": UUID(int=k + 10**20), "industry": kind, "size": "large", "Wert": 100 + 7 * k, "Währung": "CHF"}
        | {"Aufwand": 1 + k % 3, "Gebiet": ["Nord", "Süd", None][k % 3]}
        for k, kind in enumerate(["steel", "food", "law"] * 3)
    ]
    policy = Policy(
        segment_by="industry",
        columns=COLUMNS,
        currencies={"CHF": 1.1, "EUR": 1},
        fairness=Fairness(low=0.5, high=1.5, weight=3.5),
        newcomers=NewcomerQuota(min_leads=1, tenure_days=120, ramp_days=100, ramp=[0.5, 1]),
        eligibility=[match("Gebiet")],
        half_life_days=365,
    )
    return leadopt.assign(rows, reps, past, policy=policy, now="2026-01-31")


@plan
def columns_renamed_dates():
    """hired_on says who is new; ids of reps are UUIDs, those of leads text."""
    ann, bo = UUID(int=1), UUID("12345678-1234-5678-1234-567812345678")
    reps = [
        {"rep_id": ann, "capacity": 3, "hired_on": "2020-02-29"},
        {"rep_id": bo, "capacity": 3, "hired_on": "2025-12-24"},
    ]
    gains = [[3.0, 1.0], [2.5, 2.0], [2.0, 0.5], [1.5, 1.25]]
    quota = NewcomerQuota(share=0.5)
    rows = [{"lead_id": name} for name in ("α", "客户", "Ω-3", 'Müller & Söhne "x"')]
    return leadopt.assign(rows, reps, affinity=gains, newcomers=quota, now="2026-01-31", pins={"客户": bo})


@plan
def eligibility():
    """All rules: match (own and other column), skills, exclude by pairs and by a column; pins with and against them."""
    policy = Policy(
        eligibility=[
            match("territory"),
            match("language", "speaks"),
            skills(),
            skills(needs="braucht", has="kann"),
            exclude([(1, "Ann"), (6, "Bo")]),
            exclude(column="not_to"),
            exclude(pairs=[(2, "Ann")], column="not_to"),
        ]
    )
    rows = [
        {"lead_id": k + 1, "territory": t, "language": lang, "skills": s, "braucht": b, "not_to": x}
        for k, (t, lang, s, b, x) in enumerate(
            [
                ("EU", "de", "CRM", None, None),
                ("eu", None, "CRM;SAP", "法律", "Bo"),
                ("US", "en", None, "Recht|Steuern", ""),
                (None, "de", "", None, "Ann;Bo"),
                ("EU", "fr", "CRM", None, None),
                ("EU", "de", None, None, None),
                ("Mars", None, None, None, None),
            ]
        )
    ]
    reps = [
        {"rep_id": "Ann", "capacity": 2, "territory": "EU", "speaks": "de", "skills": "crm|sap", "kann": "法律"},
        {"rep_id": "Bo", "capacity": 2, "territory": "EU", "speaks": "de", "skills": "CRM", "kann": None},
        {"rep_id": "Cy", "capacity": 2, "territory": "US", "speaks": "en", "skills": None, "kann": "recht;steuern;x"},
    ]
    gains = [[5, 4, 3], [4, 4, 2], [1, 2, 6], [3, 3, 3], [7, 7, 7], [2, 3, 1], [1, 1, 1]]
    return leadopt.assign(rows, reps, affinity=np.array(gains, float), policy=policy, pins={5: "Cy", 1: "Bo"})


@plan
def matrix():
    """A matrix of gains with -inf and negative ones; a reserve; leads in the pool for several reasons."""
    no = -np.inf
    gains = [
        [3.0, no, 1.5],
        [no, no, no],
        [0.25, 0.1, no],
        [2.0, 2.5, -1.0],
        [-0.5, -2.0, no],
        [4.0, 4.5, 5.0],
        [3.5, 1, 2],
    ]
    reps = [{"rep_id": 7, "capacity": 2}, {"rep_id": 11, "capacity": 1}, {"rep_id": 13, "capacity": 0}]
    rows = [{"lead_id": k} for k in (100, 2**40, -3, 4, 5, 6, 7)]
    return leadopt.assign(rows, reps, affinity=gains, policy=Policy(reserve=0.3), pins={4: 11})


@plan
def reserve_inf():
    """Every lead must be placed, even at a loss."""
    reps = [{"rep_id": "Ann", "capacity": 2}, {"rep_id": "Bo", "capacity": 3}]
    gains = [[-3.0, -1.0], [-2.5, -2.0], [2.0, 0.5], [1.5, -np.inf]]
    return leadopt.assign(leads_of(4), reps, affinity=gains, policy=Policy(reserve=float("-inf")))


@plan
def factored():
    """An `Affinity` with rows and scales, one of them 0; the reserve is negative."""
    gains = Affinity(
        rates=[[0.1, 0.3, -np.inf], [0.2, -0.1, 0.25]], row=[0, 1, 0, 1, 1, 0], scale=[1, 10, 0, 2.5, 0.5, 3]
    )
    reps = [{"rep_id": name, "capacity": 2} for name in ("Ann", "Bo", "Cy")]
    return leadopt.assign(leads_of(6), reps, affinity=gains, policy=Policy(reserve=-0.25))


@plan
def hungarian():
    """One slot each, no limit: the Hungarian method."""
    reps = [{"rep_id": name, "capacity": 1} for name in ("Ann", "Bo", "Cy", "Dee")]
    gains = [[5.0, 1, 2, 0.5], [4, 4.5, 1, 1], [2, 2, 3.25, 1], [1, 1, 1, 0.75], [3, 3, 3, 3]]
    return leadopt.assign(leads_of(5), reps, affinity=gains)


def solved_by(solver):
    """The plan of `factored` by another solver, whose prices may differ."""
    base = factored()
    problem = base.case.problem
    found = leadopt.match(problem.affinity, problem.capacity, reserve=problem.reserve, solver=solver)
    return dataclasses.replace(
        base, rep_of_lead=found.rep_of_lead, capacity_prices=found.prices, method=found.solver, complete=False
    )


@plan
def auction():
    """By the auction."""
    return solved_by(leadopt.Auction())


@plan
def envelope():
    """By the envelope."""
    return solved_by(leadopt.Envelope())


@plan
def milp():
    """By mixed-integer programming, though a flow would do."""
    return solved_by(leadopt.Milp())


@plan
def affinity_model():
    """A fitted `AffinityModel`; explores all the way, with keep and move_cost."""
    model = AffinityModel(segment_by=["industry", "size"]).fit(history(["Ann", "Bo", "Cy"], n=120, seed=7))
    reps = [{"rep_id": name, "capacity": 3} for name in ("Ann", "Bo", "Cy")]
    had = {1: "Cy", 2: "Ann", 3: "Ann", 4: "Bo"}
    return leadopt.assign(
        leads_of(8), reps, affinity=model, policy=Policy(explore=1.0), keep=had, move_cost=0.02, rng=3
    )


@plan
def explore_some():
    """History; explores part of the way."""
    reps = [{"rep_id": name, "capacity": 2} for name in ("Ann", "Bo", "Neu")]
    policy = Policy(segment_by="industry", explore=0.35)
    rows = leads_of(6, value=[100, 50, 75.5])
    return leadopt.assign(rows, reps, history(["Ann", "Bo"], n=90, seed=8), policy=policy, rng=11)


@plan
def explore_nothing():
    """Explores, but there is no evidence."""
    reps = [{"rep_id": "Ann", "capacity": 2}, {"rep_id": "Bo", "capacity": 2}]
    return leadopt.assign(leads_of(4), reps, policy=Policy(explore=0.5))


class Table:
    """A classifier: chances that a table lists."""

    feature_names_in_ = np.array(["industry", "rep_id", "team"], dtype=object)
    classes_ = np.array(["lost", "won"])

    def predict_proba(self, X):
        won = [
            {"steel": 0.5, "food": 0.3, "law": 0.2}[row["industry"]]
            + {"Ann": 0.1, "Bo": 0.0, "Cy": 0.05}[row["rep_id"]]
            + 0.125 * (row["team"] == "A")
            for row in X
        ]
        return np.column_stack([1 - np.array(won), won])


@plan
def classifier():
    """A classifier of one's own, with values of the leads."""
    reps = [{"rep_id": n, "capacity": 2, "team": t} for n, t in (("Ann", "B"), ("Bo", "A"), ("Cy", "B"))]
    return leadopt.assign(leads_of(7, value=[10, 20, 35]), reps, affinity=Table(), policy=Policy(rep_by="team"))
