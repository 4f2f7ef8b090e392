"""Caps and minimums of a policy: what they choose, what they count, against brute force; their names and refusals."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Columns, Fairness, Infeasible, InvalidInput, Plan, Policy, assign
from leadopt.cli.assigning import plan_files
from leadopt.limit_rules import LimitRule
from tests.oracles import _all_answers
from tests.strategies import examples
from tests.test_assign import HISTORY, leads_of, loads

LEADS = leads_of(
    6, source=["web", "Web ", "fair", None, "web", "fair"], size=[1, 2, 3, 4, 5, 6], value=[9, 8, 7, 6, 5, 4]
)
REPS = {"rep_id": ["Ann", "Bo", "Cy"], "team": ["North", "north", "South"], "capacity": [6, 6, 6]}
KINDS = {"rows": dict, "pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def planned(*rules, leads=LEADS, reps=REPS, **more):
    fields = {name: more.pop(name) for name in ("reserve", "columns", "fairness") if name in more}
    return assign(leads, reps, policy=Policy(limit=list(rules), **fields), **more)


def limits_of(plan):
    return {
        limit.name: (limit.lower, limit.upper, limit.reps, limit.leads) for limit in plan.case.problem.limits
    }  # fmt: skip


def refused(*rules, **more):
    with pytest.raises(InvalidInput) as caught:
        planned(*rules, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    "rule, words",
    [
        ({"most": 5}, "leads of all reps"),
        ({"reps": "Ann", "most": 5}, "leads of Ann"),
        ({"reps": ["Ann", 7], "most": 5}, "leads of Ann, 7"),
        ({"leads": {"source": "web"}, "most": 5}, "leads with source web"),
        ({"leads": {"source": ["web", ""]}, "most": 5}, "leads with source web or empty"),
        ({"leads": [1, 2], "reps": {"team": "North"}, "most": 1}, "leads 1, 2 of team North"),
        (
            {"usage": "value", "reps": {"team": ["N", "S"], "new": True}, "least": 1},
            "value of team N or S and new true",
        ),
        (
            {"usage": "gain", "leads": {"a": 1, "b": "x"}, "most": 1},
            "expected gain of leads with a 1 and b x",
        ),
        ({"usage": "effort", "reps": {"team": "N"}, "most": 9}, "hours of team N"),
        ({"name": "travel", "reps": {"team": "N"}, "most": 9}, "travel"),
    ],
)  # fmt: skip
def test_a_limit_is_called_what_it_says(rule, words):
    assert LimitRule.of(rule).words == words
    assert LimitRule.of(LimitRule.of(rule).plain()) == LimitRule.of(rule)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_levels_are_chosen_in_every_kind_of_table_whatever_their_case(kind):
    make = KINDS[kind]
    rule = {"reps": {"team": "NORTH"}, "leads": {"source": "web"}, "most": 1}
    plan = planned(rule, leads=make(LEADS), reps=make(REPS), affinity=[[3.0, 2.0, 1.0]] * 6)
    ((name, (_, upper, reps, leads)),) = limits_of(plan).items()
    assert (name, upper, reps.tolist(), leads.tolist()) == ("leads with source web of team NORTH", 1, [0, 1], [0, 1, 4])
    assert sum(plan.rep_of_lead[lead] < 2 for lead in (0, 1, 4)) == 1
    assert plan.status == "OPTIMAL"


def test_each_rep_or_each_level_has_a_limit_of_its_own():
    each = limits_of(planned({"leads": {"source": ["fair", ""]}, "most": 1, "each": True, "name": "fairs"}))
    assert list(each) == ["fairs of Ann", "fairs of Bo", "fairs of Cy"]
    teams = limits_of(planned({"most": 3, "each": "team"}))
    assert {name: reps.tolist() for name, (_, _, reps, _) in teams.items()} == {
        "leads of team North": [0, 1], "leads of team South": [2]}  # fmt: skip
    gaps = REPS | {"team": ["North", None, " "]}
    assert list(limits_of(planned({"most": 3, "each": "team"}, reps=gaps))) == [
        "leads of team North",
        "leads of team empty",
    ]
    some = limits_of(planned({"reps": ["Cy", "Ann"], "most": 3, "each": True}))
    assert list(some) == ["leads of Ann", "leads of Cy"]


def test_what_a_lead_counts():
    leads = LEADS | {"effort": [1, 1, 2, 2, 3, 3]}
    reps = REPS | {"hours": [40, 40, 40], "pace": [1, 2, 1]}
    for usage, counts in (("value", [9, 8, 7]), ("size", [1, 2, 3]), ("effort", [2, 2, 4]), ("hours", [2, 2, 4])):
        rule = {"usage": usage, "reps": "Bo", "most": 100, "name": "x"}
        plan = planned(rule, leads=leads, reps=reps)
        (limit,) = [one for one in plan.case.problem.limits if one.name == "x"]
        assert limit.usage_at([0, 1, 2], [1, 1, 1]).tolist() == counts
    plan = planned({"usage": "gain", "most": 6.5}, affinity=[[3.0, -2.0, 1.0]] * 6)
    assert plan.objective == 6 and plan.status in ("OPTIMAL", "SOLVED")
    learned = planned(
        {"usage": "value", "least": 1}, history=HISTORY, leads=leads_of(3, kind=["a", "b", "a"], value=[5, None, 7])
    )
    assert learned.case.problem.limits[-1].usage.tolist() == [5, 6, 7]
    own = planned({"usage": "value", "most": 3}, leads=leads_of(2, worth=[2, 2]), columns=Columns(value="worth"))
    assert len(own.unassigned) == 1


def test_a_hard_cap_leaves_leads_in_the_pool_and_says_why():
    plan = planned({"leads": {"source": "fair"}, "most": 1}, affinity=[[1.0, 2.0, 3.0]] * 6)
    (row,) = plan.unassigned
    assert row["because"] == "Cy, Bo and Ann can take no more under: leads with source fair"
    assert row["remedy"].startswith("loosen leads with source fair")
    more = plan.what_if(limits={"leads with source fair": {"upper": 2}})
    assert more.change == 3
    assert plan.what_if(without=["leads with source fair"]).change == 3
    again = Plan.from_json(plan.to_json())
    assert again.case.policy == plan.case.policy
    assert again.unassigned == plan.unassigned


def test_a_minimum_is_named_where_it_decides():
    rule = {"name": "web for South", "reps": {"team": "South"}, "leads": {"source": "web"}, "least": 2}
    plan = planned(rule, affinity=[[3.0, 2.0, 1.0 + lead / 10] for lead in range(6)])
    assert plan.rep_of_lead.tolist() == [0, 2, 0, 0, 2, 0]
    assert "Cy gets it because of web for South" in str(plan.explain(1))
    assert "web for South: 2" in str(plan.explain_rep("Cy"))
    assert "web for South" in plan.report()


def test_a_soft_limit_costs_its_weight():
    for weight, n in ((0.5, 6), (5.0, 2)):
        plan = planned({"reps": "Ann", "most": 2, "weight": weight}, affinity=[[3.0, 2.0, 1.0]] * 6)
        assert loads(plan)["Ann"] == n
        assert plan.objective == 3 * n + 2 * (6 - n) - weight * (n - 2)


def test_contradictions_name_the_rules():
    team = {"name": "cap of the North", "reps": {"team": "north"}, "most": 2}
    with pytest.raises(Infeasible) as caught:
        planned(team, reps=REPS | {"min_leads": [2, 1, 0]})
    assert all(name in str(caught.value) for name in ("cap of the North", "minimum of Ann", "minimum of Bo"))
    with pytest.raises(Infeasible) as caught:
        planned(team, {"name": "the North needs fairs", "reps": {"team": "north"}, "usage": "size", "least": 20})
    assert all(name in str(caught.value) for name in ("cap of the North", "the North needs fairs"))
    with pytest.raises(Infeasible) as caught:
        planned({"name": "web", "leads": {"source": "web"}, "most": 1}, pins={0: "Ann", 1: "Bo"})
    assert "web" in str(caught.value)
    with pytest.raises(Infeasible) as caught:
        planned({"most": 1, "each": "team"}, reserve=-np.inf)
    assert "leads of team North" in str(caught.value) and "leads of team South" in str(caught.value)


def test_a_batch_without_such_leads_is_an_ordinary_one():
    plan = planned({"leads": {"source": ["tv", "web"]}, "most": 1})
    assert 'limit leads with source tv or web: no lead here has source "tv"; known are fair, web' in plan.notes
    assert refused({"leads": {"source": "fare"}, "least": 1}) == (
        'policy.limit: asks for 1 or more, and no lead here has source "fare"; did you mean "fair"?; lower '
        "least, or give it a weight"
    )
    assert not planned({"leads": {"source": "tv"}, "least": 1, "name": "x"}, leads=[]).unassigned
    assert planned({"leads": {"source": "tv"}, "least": 1, "weight": 0.1}).objective == pytest.approx(39 - 0.1)


def test_nothing_is_asked_of_who_is_away():
    reps = REPS | {"available": [1, 1, 0]}
    plan = planned({"least": 2, "each": "team"}, reps=reps)
    assert "limit leads of team South: asks for nothing of Cy, who is away" in plan.notes
    assert plan.unassigned == []
    capped = planned({"least": 1, "most": 4, "each": True}, reps=reps)
    assert limits_of(capped)["leads of Cy"][:2] == (0, 4)


@pytest.mark.parametrize(
    "rule, said",
    [
        ({"reps": "An", "most": 1}, "policy.limit: reps: 'An' is not in reps; did you mean \"Ann\"?"),
        ({"reps": {"tem": "N"}, "most": 1}, 'policy.limit: reps: reps has no column "tem"; did you mean "team"?'),
        ({"reps": {"team": "Nroth"}, "most": 1}, 'policy.limit: reps: no rep has team "Nroth"; did you mean "North"?'),
        ({"leads": {"sourc": "web"}, "most": 1, "name": "x"},
         'policy.limit "x": leads: leads has no column "sourc"; did you mean "source"?'),
        ({"leads": [99], "most": 1}, "policy.limit: leads: 99 is not in leads; known are 0, 1, 2, 3, 4, 5"),
        ({"each": "teem", "most": 1}, 'policy.limit: each: reps has no column "teem"; did you mean "team"?'),
        ({"usage": "sise", "most": 1}, 'policy.limit: usage "sise" is no column of leads; did you mean "size"?'),
        ({"usage": "hours", "most": 1},
         'policy.limit: usage "hours" needs a column "effort" of leads; known are lead_id, source, size, value'),
        ({"usage": "source", "most": 1}, "leads.source, row 1: must be a finite number, 0 or more; "
         "found 'web' (and 5 more rows)"),
        ({"most": -1}, "policy.limit: most must be a number, 0 or more; found -1"),
        ({"least": "2"}, "policy.limit: least must be a number, 0 or more; found '2'"),
        ({"least": 3, "most": 2}, "policy.limit: least must not exceed most; found 3 > 2"),
        ({"reps": "Ann"}, 'policy.limit: needs "most" or "least"; found neither'),
        ({"most": True}, "policy.limit: most must be a number, 0 or more; found True"),
        ({"most": 1, "weight": float("inf")}, "policy.limit: weight must be a number, 0 or more; found inf"),
        ({"most": 1, "usage": 5}, 'policy.limit: usage must be "leads", "value", "gain", "effort", "hours" or a column '
         "of leads; found 5"),
        ({"most": 1, "each": 2}, "policy.limit: each must be true, false or a column of reps; found 2"),
        ({"most": 1, "name": ""}, "policy.limit: name must be a text, or left out; found ''"),
        ({"most": 1, "reps": []},
         'policy.limit: reps must be ids, or columns with levels as in {team = "North"}; found []'),
        ({"most": 1, "reps": {}}, 'policy.limit: reps must name columns with levels, as in {team = "North"}; found {}'),
        ({"most": 1, "leads": {"source": []}},
         "policy.limit: leads.source: must be a level or a list of them; found []"),
        ({"most": 1, "rep": "Ann"}, 'policy.limit: unknown key "rep"; did you mean "reps"?'),
        (5, 'policy.limit: a limit must look like {reps = {team = "North"}, most = 5} ([[limit]] in TOML); found 5'),
    ],
)  # fmt: skip
def test_what_is_no_limit_gets_one_sentence(rule, said):
    assert refused(rule) == said


def test_it_comes_from_a_policy_file_with_text_ids(tmp_path):
    (tmp_path / "leads.csv").write_text(
        "lead_id,source\n" + "".join(f"{k},{'web' if k % 2 else 'fair'}\n" for k in range(6))
    )
    (tmp_path / "reps.csv").write_text("rep_id,team,capacity\n1,North,6\n2,South,6\n")
    (tmp_path / "policy.toml").write_text(
        '[[limit]]\nname = "web of 1"\nreps = 1\nleads = {source = "Web"}\nmost = 0\n'
        '[[limit]]\nreps = {team = "South"}\nmost = 4\n'
    )
    plan = plan_files(*(tmp_path / name for name in ("leads.csv", "reps.csv")), policy=tmp_path / "policy.toml")
    assert [plan.rep_of_lead[lead] for lead in (1, 3, 5)] == [1, 1, 1]
    assert set(plan.limit_prices) == {"web of 1", "leads of team South"}


SOURCES, TEAMS = ["web", "fair", ""], ["N", "S"]


@st.composite
def rules(draw, n_reps):
    least = draw(st.sampled_from([None, None, 1, 2]))
    most = draw(st.sampled_from([0, 1, 2, 3])) if least is None or draw(st.booleans()) else None
    most = most if most is None or least is None else max(least, most)
    return {
        "reps": draw(st.sampled_from([None, {"team": "N"}, {"team": ["n", "s"]}, [f"R{n_reps - 1}"]])),
        "leads": draw(st.sampled_from([None, {"source": "web"}, {"source": ["fair", ""]}])),
        "most": most,
        "least": least,
        "usage": draw(st.sampled_from(["leads", "leads", "size", "value", "gain"])),
        "weight": draw(st.sampled_from([None, None, 0.3, 4.0])),
        "each": draw(st.sampled_from([False, True, "team"])),
    }


@st.composite
def floors(draw):
    n_leads, n_reps = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    cells = st.sampled_from([-np.inf, -1.0, 0.5, 1.0, 2.0])

    def column(values, size):
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size))

    gains = np.array(draw(st.lists(cells, min_size=n_leads * n_reps, max_size=n_leads * n_reps)))
    leads = leads_of(n_leads, source=column(SOURCES, n_leads), size=column([0, 1, 2], n_leads))
    leads |= {"value": column([1, 3], n_leads)}
    reps = {"rep_id": [f"R{k}" for k in range(n_reps)], "team": ["N", *column(["N", "S", "s"], n_reps - 1)]}
    if "s" not in "".join(reps["team"]).casefold():
        reps["team"][-1] = "S" if n_reps > 1 else "N"
    reps |= {"capacity": [4] * n_reps}
    return gains.reshape(n_leads, n_reps), leads, reps, draw(st.lists(rules(n_reps), min_size=1, max_size=2))


def spent(rule, leads, reps, gains, answer):
    """What each set of reps that has a limit of its own uses, looked at one lead at a time."""
    groups = {}
    for rep, (name, team) in enumerate(zip(reps["rep_id"], reps["team"], strict=True)):
        among = rule["reps"]
        teams = [] if not isinstance(among, dict) else [level.lower() for level in np.atleast_1d(among["team"])]
        if among is None or name in among or team.lower() in teams:
            key = {False: 0, True: name, "team": team.lower()}[rule["each"]]
            groups.setdefault(key, 0.0)
            for lead, chosen in enumerate(answer):
                source = leads["source"][lead]
                if chosen == rep and (rule["leads"] is None or source in np.atleast_1d(rule["leads"]["source"])):
                    count = {"leads": 1, "gain": max(0.0, gains[lead, rep])}
                    groups[key] += count.get(rule["usage"], leads.get(rule["usage"], [0] * 9)[lead])
    return groups.values()


@given(floors())
@examples(50)
def test_plans_are_the_best_that_the_rules_allow(floor):
    gains, leads, reps, wanted = floor
    if len(set(map(str.lower, reps["team"]))) == 1:
        wanted = [rule | {"reps": None} if isinstance(rule["reps"], dict) else rule for rule in wanted]
    best = None
    for answer in _all_answers(*gains.shape).tolist():
        worth = sum(gains[lead, rep] for lead, rep in enumerate(answer) if rep >= 0)
        for rule in wanted:
            for used in spent(rule, leads, reps, gains, answer):
                beyond = max(used - (np.inf if rule["most"] is None else rule["most"]), (rule["least"] or 0) - used, 0)
                worth -= beyond * (np.inf if rule["weight"] is None and beyond else rule["weight"] or 0)
        best = worth if np.isfinite(worth) and (best is None or worth > best) else best
    try:
        plan = planned(*wanted, leads=leads, reps=reps, affinity=gains)
    except (Infeasible, InvalidInput) as refusal:
        assert best is None
        assert "limit" in str(refusal)
        return
    assert plan.objective == pytest.approx(best)
    assert plan.status in ("OPTIMAL", "SOLVED")


@given(floors(), st.sampled_from([Fairness(low=0.5, weight=0.2), Fairness(maximin=True)]))
@examples(25)
def test_together_with_fairness_and_no_capacity_the_caps_hold(floor, fairness):
    gains, leads, reps, wanted = floor
    if len(set(map(str.lower, reps["team"]))) == 1:
        wanted = [rule | {"reps": None} if isinstance(rule["reps"], dict) else rule for rule in wanted]
    capped = [rule | {"least": None, "most": 1, "weight": None} for rule in wanted]
    plan = planned(*capped, leads=leads, reps={k: v for k, v in reps.items() if k != "capacity"}, affinity=gains,
                   fairness=fairness)  # fmt: skip
    for rule in capped:
        assert all(used <= 1 for used in spent(rule, leads, reps, gains, plan.rep_of_lead.tolist()))
