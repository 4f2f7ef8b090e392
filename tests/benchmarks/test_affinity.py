"""Simulated floors and peers of the benchmarks of what is learned: shares of a wrong truth are worth nothing."""

import numpy as np
import pytest

from benchmarks import affinity_lift, ridge, season_value
from benchmarks.lift_worlds import LEADS_A_REP, NEWCOMERS, PAST_LEADS_A_REP, World
from leadopt.learning.effects.logistic import sigmoid
from tests import many_seeds, seeds

SMALL = World(name="small", sizes=(3, 2), n_reps=6, by_column=True)


def test_a_floor_comes_from_its_seed_alone():
    one, same, other = SMALL.floor(0), SMALL.floor(0), SMALL.floor(1)
    np.testing.assert_array_equal(one.rates, same.rates)
    np.testing.assert_array_equal(one.leads, same.leads)
    assert not np.array_equal(one.rates, other.rates)


def test_every_rep_has_its_past_leads_and_newcomers_none():
    tried, won = SMALL.floor(0).counts
    assert tried.sum(axis=0).tolist() == [PAST_LEADS_A_REP] * 6
    assert (won <= tried).all() and won.sum() > 0
    assert SMALL.floor(0).rates.shape == (6, 6 + NEWCOMERS)


def test_nobody_earns_more_than_who_knows_the_truth():
    floor = SMALL.floor(2)
    best = floor.earned(floor.plan(floor.rates[:, :6]))
    assert best > floor.earned(floor.round_robin)
    for guess in (affinity_lift.raw(floor), affinity_lift.learned(floor)[0]):
        plan = floor.plan(guess)
        assert np.bincount(plan).max() <= floor.capacity[0] and len(plan) == 6 * LEADS_A_REP
        assert floor.earned(plan) <= best + 1e-9


def test_ridge_on_weighted_cells_is_ridge_on_rows_and_finds_the_truth_better_than_raw_rates():
    linear_model = pytest.importorskip("sklearn.linear_model")
    floor = SMALL.floor(3)
    design = ridge._one_hot(floor)
    assert design.shape == (36, 6 + 3 + 18 + 2 + 12) and design.sum() == 36 * 5
    cell = np.ravel_multi_index((floor.past, floor.rep), (6, 6))
    rows = linear_model.LogisticRegression(C=0.1, solver="newton-cholesky").fit(design.toarray()[cell], floor.won)
    expected = rows.predict_proba(design.toarray())[:, 1]
    np.testing.assert_allclose(ridge._fitted(design, cell, floor.won, 0.1), expected, atol=1e-4)
    error, raw_error = (
        np.abs(guess - floor.rates[:, :6]).mean() for guess in (ridge.rates(floor), affinity_lift.raw(floor))
    )
    assert error < raw_error


@many_seeds
@pytest.mark.parametrize("by_column", [True, False])
def test_who_is_told_the_spreads_is_closest_to_the_truth(by_column):
    pytest.importorskip("sklearn")
    world = World(name="", sizes=(4, 3), n_reps=12, by_column=by_column)
    floors = [world.floor(seed) for seed in seeds(2, 12)]
    told, peer = (
        np.mean([np.square(guess(floor) - floor.rates[:, :12]).mean() for floor in floors])
        for guess in (lambda floor: ridge.with_known_spreads(floor, world), ridge.rates)
    )
    assert told < peer


def test_a_goal_within_two_standard_errors_of_the_peer_is_met():
    shares = np.random.default_rng(0).normal(0.5, 0.1, 50)
    row = affinity_lift.Obtained(
        world="w", oracle_lift=np.full(50, 0.2), known=shares, leadopt=shares, raw=shares - 0.2, ridge=shares[::-1]
    )
    assert row.cells[-1] == "yes"
    worse = affinity_lift.Obtained(
        world="w", oracle_lift=np.full(50, 0.2), known=shares, leadopt=shares, raw=shares - 0.09, ridge=shares
    )
    assert worse.cells[-1] == "**no**"


@pytest.mark.parametrize("by_column", [True, False])
def test_effects_spread_as_asked(by_column):
    rates = World(name="", sizes=(40, 30), n_reps=80, by_column=by_column).floor(0).rates
    logits = np.log(rates / (1 - rates))
    np.testing.assert_allclose(sigmoid(logits), rates)
    segment, rep = logits.mean(axis=1), logits.mean(axis=0)
    interaction = logits - segment[:, None] - rep[None, :] + logits.mean()
    assert segment.std() == pytest.approx(0.8, abs=0.12)
    assert rep.std() == pytest.approx(0.3, abs=0.06)
    assert interaction.std() == pytest.approx(0.25, abs=0.02)


def test_a_season_says_and_sees_what_its_plan_brings():
    found = season_value.season(SMALL, 5)
    assert found["true"] > found["lift"] > 0
    assert found["raw_plan_said"] > found["said"]
    assert found == season_value.season(SMALL, 5)
