"""The plan beside the baselines: no baseline that keeps the rules is worth more, and the figures are right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import Infeasible, InvalidInput, Policy, assign
from leadopt.metrics import jain
from leadopt.plans.compare import compare_answers
from tests.strategies import examples
from tests.tables_strategies import floors, policies
from tests.test_assign import HISTORY, leads_of, reps_of


@given(floors(), st.data())
@examples(25)
def test_no_baseline_that_keeps_the_rules_gains_more_than_the_plan(floor, data):
    policy = data.draw(policies(floor)).replace(reserve=0.0)
    try:
        plan = assign(**floor, policy=policy)
    except (Infeasible, InvalidInput):
        return
    ours, *others = plan.compare().outcomes
    assert ours.gain == pytest.approx(plan.objective)
    assert (ours.broken, ours.lift is None) == ((), ours.gain <= 0)
    for other in others:
        if not other.broken:
            assert ours.gain >= other.gain - 1e-9
            assert other.lift is None or other.lift >= -1e-9


@given(floors(), st.data())
@examples(25)
def test_with_a_reserve_no_baseline_that_keeps_the_rules_is_worth_more(floor, data):
    policy = data.draw(policies(floor))
    try:
        plan = assign(**floor, policy=policy)
    except (Infeasible, InvalidInput):
        return
    for name in ("round robin", "performance", "profile", "greedy"):
        dealt = plan.baseline(name)
        assert dealt.certificate.violations or plan.objective >= dealt.objective - 1e-9


def test_the_figures_are_those_of_the_answer():
    leads, reps = leads_of(3, kind=["a", "b", "a"], value=[10, 20, 30]), reps_of(2, 4, 0, is_newcomer=[0, 1, 0])
    plan = assign(leads, reps, HISTORY, policy=Policy(segment_by="kind"))
    answer = np.array([0, 1, -1])
    found = compare_answers(plan.case, {"mine": answer, "all": np.array([0, 1, 0])}, plan.like).outcomes
    chance = plan.case.probability(np.array([0, 1]), np.array([0, 1]))
    assert found[0].gain == pytest.approx(10 * chance[0] + 20 * chance[1])
    assert found[0].deals == pytest.approx(chance.sum())
    assert (found[0].placed, found[0].newcomer_share) == (2, 0.5)
    assert (found[0].emptiest, found[0].fullest) == (0.25, 0.5)
    assert found[0].evenness == pytest.approx(jain([0.5, 0.25]))
    assert found[1].lift == pytest.approx(found[0].gain / found[1].gain - 1)
    assert found[0].lift == 0


def test_the_table_holds_what_the_outcomes_hold():
    plan = assign(leads_of(3, kind=["a", "b", "a"], value=[1, 2, 3]), reps_of(2, 2), HISTORY)
    found = plan.compare()
    rows = found.frame()
    assert [row["method"] for row in rows] == ["this plan", "round robin", "performance", "profile", "greedy"]
    assert [row["rules_broken"] for row in rows] == [0] * 5
    headers, cells = found.below().tables[0]
    assert len(headers) == len(cells[0]) == 8
    assert headers[:3] == ("method", "expected value", "expected deals")
    assert str(found).count("\n") == 6
    assert "<table>" in found._repr_html_()
    assert repr(found).startswith(f"<Comparison: {found.outcomes[0].method} beside ")


def test_territory_is_compared_only_where_both_tables_have_one():
    leads, reps = leads_of(1, territory=["N"]), reps_of(1, territory=["N"])
    assert "territory" in [row["method"] for row in assign(leads, reps).compare().frame()]
    assert "territory" not in [row["method"] for row in assign(leads, reps_of(1)).compare().frame()]


def test_comparing_nothing_is_no_error():
    for leads, reps in (([], []), (leads_of(2), []), ([], reps_of(1)), (leads_of(1), reps_of(0))):
        found = assign(leads, reps).compare()
        assert {outcome.gain for outcome in found.outcomes} == {0}
        assert {outcome.lift for outcome in found.outcomes} == {None}
        str(found)


def test_what_happened_can_be_compared_by_ids():
    leads, reps = [{"lead_id": i} for i in (1, 2)], [{"rep_id": "Ann", "capacity": 1}, {"rep_id": "Bo", "capacity": 1}]
    plan = assign(leads, reps, affinity=[[3.0, 1.0], [2.0, 1.0]])
    found = plan.compare({"what happened": {1: "Bo", 2: "Ann"}}).outcomes[1]
    assert (found.method, found.gain, found.placed, found.broken) == ("what happened", 3.0, 2, ())
    assert found.lift == pytest.approx(4 / 3 - 1)
    with pytest.raises(InvalidInput, match=r"rep 'Zoe' is not in this plan"):
        plan.compare({"what happened": {1: "Zoe"}})
