"""The state of a rep (response time) on simulated histories with known truth: learned, planned with, and explained."""

import numpy as np
import polars as pl
import pytest

from leadopt import AffinityModel, Plan, Policy, assign

N_REPS = 12
USUAL = np.exp(np.random.default_rng(1).normal(1.5, 0.8, N_REPS)).round(1)  # hours until each rep answers
REPS = [f"R{j:02d}" for j in range(N_REPS)]


def truth(hours):
    return 1 / (1 + np.exp(0.6 + 0.7 * np.log(np.asarray(hours) / 4.5)))


def history(n, *, varies, matters=True, seed=3):
    """Past leads; response hours are each rep's own, or vary from lead to lead as well."""
    rng = np.random.default_rng(seed)
    rep = rng.integers(N_REPS, size=n)
    hours = USUAL[rep] * (np.exp(rng.normal(0.0, 0.7, n)) if varies else 1.0)
    chance = truth(hours if matters else np.full(n, 4.5))
    return pl.DataFrame(
        {"rep_id": [REPS[j] for j in rep], "response_hours": hours, "converted": rng.random(n) < chance}
    )


@pytest.fixture(scope="module")
def over_time():
    return history(6_000, varies=True)


def test_a_state_that_varies_is_learned_and_a_rep_who_changes_is_judged_by_it(over_time):
    model = AffinityModel(rep_by="response_hours").fit(over_time)
    (telling,) = [row for row in model.variance_components().rows(named=True) if row["family"] == "response_hours"]
    assert telling["telling"]
    now = {"rep_id": [REPS[0]] * 4, "response_hours": [1.2, 3.0, 7.0, 14.0]}
    assert model.probability(now) == pytest.approx(truth(now["response_hours"]), abs=0.07)
    assert model.strengths_["rep"] < 0.2  # what made reps differ is how quickly they answer


def test_a_state_that_is_each_rep_s_own_says_what_to_expect_of_newcomers():
    model = AffinityModel(rep_by="response_hours").fit(history(6_000, varies=False))
    quick, slow = model.probability({"rep_id": ["new", "newer"], "response_hours": [1.0, 20.0]})
    # In truth .61 and .16; but of twelve reps one or two have each state, so that it may be the reps' doing.
    # The exact posterior (tests/learning/effects/exact_posterior.py) has means of .39 and .31.
    assert abs(quick - 0.39) < 0.03
    assert abs(slow - 0.31) < 0.03


@pytest.mark.parametrize("varies", [False, True])
def test_a_state_without_effect_shrinks_to_nothing(varies):
    model = AffinityModel(rep_by="response_hours").fit(history(6_000, varies=varies, matters=False))
    new = model.probability({"rep_id": ["new", "newer"], "response_hours": [1.0, 20.0]})
    assert np.ptp(new) < 0.04
    effects = model.state_effects(model.rep_rows_of({"rep_id": ["a", "b"], "response_hours": [1.0, 20.0]}))
    assert effects.shape == (2, 1)
    assert np.abs(effects).max() < 0.12


def test_effects_are_those_on_the_logit(over_time):
    model = AffinityModel(rep_by="response_hours").fit(over_time)
    rows = {"rep_id": ["new"] * 3, "response_hours": [1.0, 4.0, None]}
    effects = model.state_effects(model.rep_rows_of(rows, unique=False))[:, 0]
    chance = model.probability(rows)
    assert effects - effects[2] == pytest.approx(np.log(chance / (1 - chance)) - np.log(chance / (1 - chance))[2])
    assert effects[2] == 0.0  # history has no row without one
    assert AffinityModel().fit(over_time).state_effects([("new",)]).shape == (1, 0)


def test_the_plan_follows_the_state_and_explains_it(over_time):
    leads = {"lead_id": list(range(6))}
    reps = pl.DataFrame({"rep_id": REPS, "capacity": [1] * N_REPS, "response_hours": USUAL})
    policy = Policy(rep_by="response_hours")
    plan = assign(leads, reps, over_time, policy=policy)
    quickest = [REPS[j] for j in np.argsort(USUAL)[:2]]
    assert set(quickest) <= {REPS[j] for j in plan.rep_of_lead}
    said = (
        "chances depend on the state of reps (response_hours): as their table has it, else as in most of their history"
    )
    assert said in plan.notes
    now_slow = reps.with_columns(
        response_hours=pl.when(pl.col("rep_id") == quickest[0]).then(60.0).otherwise(pl.col("response_hours"))
    )
    other = assign(leads, now_slow, over_time, policy=policy)
    assert quickest[0] not in {REPS[j] for j in other.rep_of_lead}
    lead = int(np.flatnonzero(plan.rep_of_lead == REPS.index(quickest[0]))[0])
    explained = plan.explain(lead)
    assert explained.evidence.state.startswith("response_hours=")
    assert "raises the odds" in explained.evidence.state
    assert str(explained.evidence).endswith(f"; {explained.evidence.state}")
    assert " with any lead in this state; " in str(explained.evidence)
    assert str(Plan.from_json(plan.to_json()).explain(lead)) == str(explained)


def test_without_the_column_in_reps_the_usual_state_counts(over_time):
    plan = assign({"lead_id": [1]}, {"rep_id": REPS, "capacity": [1] * N_REPS}, over_time,
                  policy=Policy(rep_by="response_hours", bins={"response_hours": [2, 8]}))  # fmt: skip
    usual = [states[0] for states in plan.case.evidence.states.levels]
    bins = [("below 2", USUAL < 1), ("2 to 8", (USUAL > 3) & (USUAL < 6)), ("8 or more", USUAL > 14)]
    for name, clear in bins:
        assert {usual[j] for j in np.flatnonzero(clear)} <= {name}
