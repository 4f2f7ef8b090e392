"""From counted outcomes to the posterior: what strangers get, states, and the half-life that predicts best."""

from datetime import date, timedelta

import numpy as np
import pytest

from leadopt import AffinityModel
from leadopt.learning.chances import HALF_LIVES, learn_chances
from leadopt.learning.history.outcomes import count_outcomes
from leadopt.tables import Table

ROWS = {
    "rep_id": ["Ann", "Bo"] * 60,
    "team": ["north", "north", "south", "south"] * 30,
    "source": ["web", "web", "web", "fair", "fair"] * 24,
    "converted": [k % 3 == 0 or k % 7 == 0 for k in range(120)],
}


def learned(half_life_days=None, rows=ROWS, at=None):
    counts = count_outcomes(Table(rows, "history"), "rep_id", ["team", "source"], "converted", at)
    return learn_chances(counts, np.ones(len(counts.count)), [counts.keys[1]], [counts.keys[2]], half_life_days)


def test_what_is_learned_is_what_the_model_says():
    model = AffinityModel(segment_by="source", rep_by="team").fit(ROWS)
    found = learned()
    assert float(found.of_strangers([None] * 3)[0]) == model.base_
    assert {name: deviation for name, deviation, _ in found.spreads(("rep", "team", "source"))} == model.strengths_
    assert found.usual_row("Cy") == ("Cy", None)
    assert found.usual_row("Ann") == model.rep_rows_of([{"rep_id": "Ann"}])[0]


def test_a_state_never_seen_adds_nothing():
    effects = learned().state_effects([("Ann", "north"), ("Bo", "north"), ("Cy", "east")])
    assert effects.shape == (3, 1)
    assert effects[0] == effects[1]  # the state's own, not the rep's
    assert effects[2] == 0.0


@pytest.mark.parametrize("half_life", [None, 90.0])
def test_a_half_life_that_is_given_is_kept(half_life):
    dated = ROWS | {"at": ["2025-01-05"] * 120}
    assert learned(half_life, dated, "at").half_life_days == half_life


def test_with_one_day_alone_no_half_life_can_be_learned():
    assert learned("learn", ROWS | {"at": ["2025-01-05"] * 120}, "at").half_life_days is None
    assert learned("learn").half_life_days is None  # no dates were counted


def steady(seed):
    """A history of three reps who never change, nor does the level."""
    rng = np.random.default_rng(seed)
    rep = rng.integers(0, 3, 1500)
    days = np.sort(rng.integers(0, 720, 1500))
    return {
        "rep_id": [f"r{one}" for one in rep],
        "converted": (rng.random(1500) < np.array([0.2, 0.25, 0.3])[rep]).tolist(),
        "at": [date(2024, 1, 1) + timedelta(int(day)) for day in days],
    }


@pytest.mark.parametrize("drift", [None, False])
def test_a_steady_history_is_kept_whole(drift):
    """Without a gain worth forgetting for, half of such histories were given a half-life, of 45 days and more."""
    models = [AffinityModel(half_life_days="learn", drift=drift, now="2026-01-01") for _ in range(8)]
    kept = [model.fit(steady(seed)).half_life_days_ for seed, model in enumerate(models)]
    assert kept.count(None) >= 6


def test_a_half_life_is_one_of_the_list():
    dated = ROWS | {"at": [f"2025-{1 + k // 28:02d}-{1 + k % 28:02d}" for k in range(120)]}
    assert learned("learn", dated, "at").half_life_days in HALF_LIVES
