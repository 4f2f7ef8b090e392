"""Columns of the user's that are called like leadopt's own lose nothing: every table of a plan has all its columns."""

import pytest

from leadopt import AffinityModel, Policy, assign
from leadopt.cli.assigning import plan_table
from leadopt.evaluate import holdout
from leadopt.learning.scoring import scored
from leadopt.tables.columns import NAMED, WRITTEN, Columns
from tests.tables_strategies import KINDS, framed, records

OWN = ["gain", "leads", "hours", "reason", "capacity", "group", "rank", "from", "probability"]


def plan_with(lead_id, rep_id, kind="list of dicts"):
    leads = framed(kind, {lead_id: ["L1", "L2", "L3"], "effort": [1, 1, 2], "size": [1, 2, 3]})
    reps = framed(kind, {rep_id: ["Ann", "Bo"], "max_open": [1, 1], "working": [9, 9]})
    columns = Columns(lead_id=lead_id, rep_id=rep_id, hours="working")
    return leads, assign(leads, reps, policy=Policy(columns=columns))


def check(leads, plan, lead_id, rep_id):
    lead, rep = plan.case.policy.columns.written
    assert lead != rep and not {lead, rep} & WRITTEN
    placed, pool, loads = records(plan.assignments), records(plan.unassigned), records(plan.loads())
    assert sorted(row[lead] for row in [*placed, *pool]) == ["L1", "L2", "L3"]
    assert [row[rep] for row in loads] == ["Ann", "Bo"] and sum(row["leads"] for row in loads) == 2
    assert all(row["gain"] == pytest.approx(1.0) and row[rep] in ("Ann", "Bo") for row in placed)
    assert all(row["reason"] and row["remedy"] for row in pool)
    assert len(loads[0]) == 9 and len(placed[0]) == 6 and len(pool[0]) == 4
    table = plan_table(plan)
    assert table[lead] == ["L1", "L2", "L3"] and len(table) == 9
    assert "| Ann |" in plan.report() and "Ann" in plan._repr_html_() and str(plan.explain("L1"))
    more = plan.what_if(capacity={"Ann": 1})
    assert [row[rep] for row in records(more.loads)] == ["Ann", "Bo"] and len(records(more.moves)[0]) == 6
    trial = records(holdout(leads, plan=plan, share=0.5, rng=0, lead_id=lead_id).frame())
    assert [row[lead] for row in trial] == ["L1", "L2", "L3"] and len(trial[0]) == 4


@pytest.mark.parametrize("name", OWN)
def test_an_id_may_have_any_name(name):
    for lead_id, rep_id in ((name, "lead_id"), ("rep_id", name), (name, name)):
        if rep_id in NAMED and rep_id != "lead_id":
            continue  # reps have such a column for something else
        check(*plan_with(lead_id, rep_id), lead_id, rep_id)


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_name_of_leadopts_own_gives_way(name):
    assert name in WRITTEN and Columns(lead_id=name).written == ("lead_id", "rep_id")
    assert Columns(rep_id=name, lead_id="rep_id").written == ("lead_id", "rep_id")
    assert Columns(lead_id="Nr", rep_id=name).written == ("Nr", "rep_id")


def test_every_column_of_a_plans_tables_is_known():
    leads, plan = plan_with("lead_id", "rep_id")
    tables = (plan.assignments, plan.unassigned, plan.loads(), plan.what_if(capacity={"Ann": 1}).moves)
    found = {name for table in tables for row in records(table) for name in row}
    found |= {name for row in records(holdout(leads, plan=plan, share=0.5, rng=0).frame()) for name in row}
    assert found - {"lead_id", "rep_id"} <= WRITTEN


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_in_every_kind_of_table(kind):
    check(*plan_with("gain", "leads", kind), "gain", "leads")


@pytest.mark.parametrize("name", OWN)
def test_other_columns_may_too(name):
    history = {"rep_id": ["Ann", "Bo"] * 10, "converted": [1, 0] * 10, name: ["a", "a", "b", "b"] * 5}
    leads = {"lead_id": [1, 2], name: ["a", "b"]}
    plan = assign(leads, {"rep_id": ["Ann", "Bo"], "max_open": [1, 1]}, history, policy=Policy(segment_by=name))
    assert f"{name}=a" in str(plan.explain(1)) and plan.report()
    assert [row["lead_id"] for row in plan.assignments] == [1, 2]


@pytest.mark.parametrize("name", ["tried", "low", "high", "estimate", "raw_rate"])
def test_a_table_of_estimates_keeps_the_levels(name):
    history = {"rep_id": ["Ann", "Bo"] * 10, "converted": [1, 0] * 10, name: ["a", "a", "b", "b"] * 5}
    rows = AffinityModel(segment_by=name).fit(history).frame()
    assert {row[f"{name}_"] for row in rows} == {"a", "b"} and all(isinstance(row["low"], float) for row in rows)


@pytest.mark.parametrize("name", ["rank", "score"])
def test_scores_keep_the_ids(name):
    rows = scored({name: ["A", "B"], "x": [1, 2]}, {"x": 1}, lead_id=name).frame()
    assert [(row["lead_id"], row["rank"]) for row in rows] == [("B", 1), ("A", 2)]
