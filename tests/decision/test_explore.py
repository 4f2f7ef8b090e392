"""Plans by drawn chances: how often who gets a lead, what that costs, and that all is certified and told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt import policy as rules
from leadopt.affinity import AffinityModel
from leadopt.assign import assign
from leadopt.decision.draws import drawn_rates
from leadopt.decision.explore import unexplored
from leadopt.errors import Infeasible, InvalidInput
from leadopt.evaluate import plan_value
from leadopt.fairness import Fairness
from leadopt.frontier import frontier
from leadopt.matching import match
from leadopt.plans.plan import Plan
from leadopt.policy import Policy
from leadopt.problem.certify import certify
from leadopt.tables.text import number
from tests import many_seeds, seeds
from tests.strategies import examples
from tests.tables_strategies import floors, policies

SOURCES = ("web", "fair", "mail")
HISTORY = [
    {"rep_id": rep, "source": source, "converted": i < won}
    for rep, source, won, tried in [
        *(("Ann", "web", 60, 200), ("Ann", "fair", 30, 200), ("Bo", "web", 40, 200), ("Bo", "fair", 40, 200)),
        *(("Cy", "web", 2, 6), ("Cy", "fair", 1, 7), ("Ann", "mail", 1, 3)),
    ]
    for i in range(tried)
]
REPS = [{"rep_id": rep, "capacity": 15} for rep in ("Ann", "Bo", "Cy", "New")]
LEADS = [{"lead_id": i, "source": SOURCES[i % 3]} for i in range(40)]
EXPLORE = Policy(segment_by="source", explore=1.0)


MODEL = AffinityModel(segment_by="source").fit(HISTORY)


def explored(rng=0, policy=EXPLORE, **settings):
    return assign(LEADS, REPS, affinity=MODEL, policy=policy, rng=rng, **settings)


def loads(plan):
    return np.bincount(plan.rep_of_lead, minlength=4)


def test_nothing_is_drawn_unless_it_is_asked_for():
    plan = explored(policy=EXPLORE.replace(explore=0.0))
    assert plan.case.explored is None and plan.exploration_cost == 0.0
    assert plan.expected == plan.objective
    assert "explor" not in plan.report().lower()


@many_seeds
def test_a_rep_gets_a_lead_as_often_as_it_may_be_the_best():
    record = (("Ann", 30), ("Bo", 24), ("Cy", 8), ("Di", 50))
    history = [{"rep_id": rep, "converted": i < won} for rep, won in record for i in range(60)]
    lead, reps = [{"lead_id": 1}], [{"rep_id": "Ann"}, {"rep_id": "Bo"}]
    model = AffinityModel(segment_by=()).fit(history)
    plans = [assign(lead, reps, affinity=model, policy=Policy(explore=1.0), rng=seed) for seed in seeds(80, 800)]
    pairs = np.zeros(2, dtype=np.int64), np.arange(2)
    ann, bo = drawn_rates(plans[0].case.evidence, *pairs, 20_000, np.random.default_rng(7)).T
    expected = float((ann > bo).mean())
    share = np.mean([plan.rep_of_lead[0] == 0 for plan in plans])
    assert 0.55 < expected < 0.95
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / len(plans))


@pytest.mark.parametrize("seed", range(5))
def test_the_plan_is_certified_by_the_drawn_chances_and_its_cost_is_that_of_the_best_plan(seed):
    plan = explored(seed)
    assert plan.status == "OPTIMAL"
    assert match(plan.case.problem.affinity, plan.case.problem.capacity).objective == pytest.approx(plan.objective)
    best = explored(seed, EXPLORE.replace(explore=0.0))
    assert plan.expected == pytest.approx(sum(row["gain"] for row in plan.assignments))
    assert plan.exploration_cost == pytest.approx(best.objective - plan.expected, abs=1e-9)
    assert plan.exploration_cost >= 0


def test_less_of_the_way_costs_less_and_moves_fewer_leads():
    costs = [
        np.mean([explored(seed, EXPLORE.replace(explore=share)).exploration_cost for seed in range(8)])
        for share in (0.1, 0.5, 1.0)
    ]
    assert costs == sorted(costs) and costs[0] < 0.5 * costs[-1]


def test_with_much_evidence_there_is_little_to_explore():
    plenty = [row for row in HISTORY if row["rep_id"] in ("Ann", "Bo") and row["source"] != "mail"] * 50
    plan, best = (
        assign([lead for lead in LEADS if lead["source"] != "mail"], REPS[:2], plenty, policy=policy)
        for policy in (EXPLORE, EXPLORE.replace(explore=0.0))
    )
    assert plan.exploration_cost < 0.01 * best.objective


def test_same_seed_same_plan_and_newcomers_get_leads_now_and_then():
    np.testing.assert_array_equal(explored(3).rep_of_lead, explored(3).rep_of_lead)
    new = [loads(explored(seed))[3] for seed in range(12)]
    assert len(set(new)) > 1 and max(new) > min(new)


def test_limits_and_pins_are_kept_and_counted_by_the_estimates():
    policy = EXPLORE.replace(fairness=Fairness(low=0.8, high=1.2, entitlement="equal"), explore=1.0)
    plan = explored(1, policy, pins={0: "New", 1: "Cy"})
    assert plan.status == "OPTIMAL" and not plan.certificate.violations
    assert plan.rep_of_lead[0] == 3 and plan.rep_of_lead[1] == 2
    assert certify(unexplored(plan.case).problem, plan.rep_of_lead).violations == ()
    assert (np.abs(loads(plan) - 10) <= 2).all()


def test_comparison_and_baselines_are_by_the_estimates():
    plan, plain = explored(2), explored(2, EXPLORE.replace(explore=0.0))
    ours, other = plan.compare().outcomes[1:], plain.compare().outcomes[1:]
    assert [outcome.gain for outcome in ours] == [outcome.gain for outcome in other]
    assert plan.compare().outcomes[0].gain == pytest.approx(plan.expected)
    assert plan.baseline("greedy").objective == plain.baseline("greedy").objective
    assert plan_value(plan).estimate == pytest.approx(plan.expected, rel=0.15)


def test_moves_are_by_the_estimates_too():
    before = explored(0, EXPLORE.replace(explore=0.0))
    plan = explored(0, keep=before, move_cost=0.02)
    assert plan.status == "OPTIMAL"
    moved = int((plan.rep_of_lead != before.rep_of_lead).sum())
    assert plan.expected == pytest.approx(sum(row["gain"] for row in plan.assignments) - 0.02 * moved)
    assert plan.exploration_cost == pytest.approx(before.objective - plan.expected, abs=1e-9)
    assert len(plan.moves().frame()) == moved


def test_it_is_told_in_words_and_survives_saving():
    plan = explored(4)
    again = Plan.from_json(plan.to_json())
    assert again.exploration_cost == plan.exploration_cost and again.objective == plan.objective
    drawn = plan.case.problem.affinity.at([0], [plan.rep_of_lead[0]])[0]
    assert plan.explain(0).drawn_gain == drawn
    assert "By the chances drawn to explore it gains " in str(plan.explain(0))
    assert "drawn" not in str(explored(4, EXPLORE.replace(explore=0.0)).explain(0))
    assert "proven best for the drawn chances" in plan.summary()
    assert any(note.startswith("explores: planned by chances drawn") for note in plan.notes)
    assert (
        f"Exploring costs {number(plan.exploration_cost)} expected deals, for what is learned from it." in plan.report()
    )


def test_without_evidence_there_is_nothing_to_explore():
    plan = assign(LEADS, REPS, policy=Policy(explore=1.0))
    assert "explores nothing: without evidence all reps count as equal" in plan.notes
    assert sorted(loads(plan)) == [10, 10, 10, 10]


def test_a_frontier_is_by_the_estimates_alone():
    with pytest.raises(
        InvalidInput, match=r"policy.explore: a frontier is by the estimates alone: pass policy.replace"
    ):
        frontier(LEADS, REPS, HISTORY, policy=EXPLORE, over="band", values=[1])


@given(floors(), st.data(), st.integers(0, 3))
@examples(25)
def test_any_explored_plan_is_certified_and_told_by_the_estimates(floor, data, seed):
    policy = data.draw(policies(floor))
    try:
        plan = assign(**floor, policy=policy.replace(explore=1.0), rng=seed)
        best = assign(**floor, policy=policy, rng=seed)
    except (Infeasible, InvalidInput):
        return
    assert plan.status == best.status and not plan.certificate.violations
    assert plan.expected <= best.bound + 1e-9 * max(1.0, abs(best.bound))
    assert Plan.from_json(plan.to_json()).expected == plan.expected
    assert plan.report()


def test_rows_that_rules_made_have_the_draw_of_their_segment():
    reps = [{"rep_id": name, "capacity": 8, "area": area} for name, area in (("Ann", "N"), ("Bo", "S"))]
    leads = [{"lead_id": k, "source": "web" if k % 2 else "fair", "area": "N" if k < 4 else "S"} for k in range(8)]
    past = [
        {"rep_id": name, "source": source, "converted": k < won}
        for name in ("Ann", "Bo")
        for source, won in (("web", 5), ("fair", 2))
        for k in range(9)
    ]
    policy = Policy(explore=1.0, segment_by="source", eligibility=[rules.match("area")])
    case = assign(leads, reps, past, policy=policy).case
    free = assign(leads, reps, past, policy=policy.replace(eligibility=())).case
    drawn, allowed = case.problem.affinity.dense(), np.isfinite(case.problem.affinity.dense())
    assert allowed.sum() == 8
    np.testing.assert_allclose(drawn[allowed], free.problem.affinity.dense()[allowed])
