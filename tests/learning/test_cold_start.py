"""With no history a plan is a fair split that says so; with a little, it moves as far as the evidence goes."""

import numpy as np
import pytest

from leadopt import AffinityModel, Policy, assign
from tests import many_seeds, seeds

STRENGTH = {"Ann": 0.6, "Bo": 0.2, "Cy": -0.2, "Di": -0.6}
SOURCES = {"web": 0.5, "fair": 0.0, "ad": -0.5}
LEADS = [{"lead_id": i, "source": ["web", "fair", "ad", "tv"][i % 4]} for i in range(40)]
REPS = [{"rep_id": rep, "capacity": 15} for rep in STRENGTH]
POLICY = Policy(segment_by="source")


def history(n, seed=0):
    rng = np.random.default_rng(seed)
    rows = [(str(rng.choice(list(STRENGTH))), str(rng.choice(list(SOURCES)))) for _ in range(n)]
    logits = [STRENGTH[rep] + SOURCES[source] - 1.2 for rep, source in rows]
    return [
        {"rep_id": rep, "source": source, "converted": bool(rng.random() < 1 / (1 + np.exp(-logit)))}
        for (rep, source), logit in zip(rows, logits, strict=True)
    ]


def loads(plan):
    return np.bincount(plan.rep_of_lead, minlength=len(plan.case.rep_ids)).tolist()


@pytest.mark.parametrize("known", [None, [], [row | {"converted": None} for row in history(20)]])
@pytest.mark.parametrize("explore", [0.0, 1.0])
def test_without_an_outcome_the_split_is_even_and_says_that_it_has_no_evidence(known, explore):
    plan = assign(LEADS, REPS, known, policy=POLICY.replace(explore=explore))
    assert loads(plan) == [10] * 4
    assert (
        "no evidence: no settled outcomes to learn from, so all reps count as equal and the split is even, "
        "as far as slots, rules, limits and what is kept allow"
    ) in plan.notes
    assert ("explores nothing: without evidence all reps count as equal" in plan.notes) == (explore > 0)
    assert plan.exploration_cost == 0.0


@pytest.mark.parametrize("n", [1, 5])
def test_outcomes_that_all_end_alike_leave_the_split_even(n):
    rows = [row | {"converted": False} for row in history(n)]
    plan = assign(LEADS, REPS, rows, policy=POLICY)
    assert loads(plan) == [10] * 4
    assert any("all have the same chance" in note for note in plan.notes)


@many_seeds
def test_estimates_move_as_far_as_the_evidence_goes():
    """The more outcomes, the nearer to the truth."""
    rows, truth = list(STRENGTH), np.array([1 / (1 + np.exp(1.2 - s)) for s in STRENGTH.values()])
    errors = {}
    for n in (5, 50, 500, 5_000):
        found = [
            AffinityModel().fit(history(n, seed)).probability([{"rep_id": rep} for rep in rows])
            for seed in seeds(6, 36)
        ]
        errors[n] = np.sqrt(np.mean((np.array(found) - truth) ** 2))
    assert errors[5_000] < errors[500] < errors[50] < errors[5]
    assert errors[5_000] < 0.02


def test_newcomers_leavers_and_segments_never_seen_are_told():
    reps = [*REPS[1:], {"rep_id": "Zed", "capacity": 15}]
    plan = assign(LEADS, reps, history(500), policy=POLICY)
    assert plan.notes == (
        "learned from 500 settled outcomes",
        "1 rep without history, counted as average: Zed",
        "the outcomes of 1 rep not in reps tell about segments alone",
        "10 leads of a segment that history never saw: what is known of its parts was used",
        "columns read: leads lead_id, source as segment; reps rep_id, capacity; history rep_id, converted, source as "
        "segment. Not used: none",
    )
    chances = plan.case.evidence.estimates.probability[0]
    assert chances[2] < chances[3] < 0.45  # Zed is thought better than Di, who is known to be weak
    low, high = plan.case.evidence.estimates.interval(0, 3)
    narrow = plan.case.evidence.estimates.interval(0, 2)
    assert high - low > 1.5 * (narrow[1] - narrow[0])


def test_what_exploring_costs_is_told_in_expected_deals():
    reps = [*REPS[1:], {"rep_id": "Zed", "capacity": 15}]
    plan = assign(LEADS, reps, history(500), policy=POLICY.replace(explore=1.0), rng=3)
    best = assign(LEADS, reps, history(500), policy=POLICY)
    assert plan.exploration_cost == pytest.approx(best.objective - plan.expected)
    assert plan.exploration_cost > 0
    assert "expected deals, for what is learned from it." in plan.report()
