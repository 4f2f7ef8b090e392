"""The test of heterogeneity: its moments by enumeration, its size and its power by simulation with known truth."""

import itertools

import numpy as np
import pytest

from leadopt.evaluate.backtests.heterogeneity import ALPHA, POWER, Null, heterogeneity
from leadopt.learning.effects.logistic import sigmoid
from tests import many_seeds, seeds

N_REPS, N_SEGMENTS, N_ROWS = 12, 5, 2400
SEEDS = seeds(30, 180)


def simulated(seed, *, rep_sd, pair_sd):
    """Outcomes of reps and segments: the segments differ, and reps and pairs by so much."""
    rng = np.random.default_rng(seed)
    rep, segment = rng.integers(N_REPS, size=N_ROWS), rng.integers(N_SEGMENTS, size=N_ROWS)
    logit = -1.2 + rng.normal(0, 0.8, N_SEGMENTS)[segment] + rep_sd * rng.normal(size=N_REPS)[rep]
    logit += pair_sd * rng.normal(size=(N_REPS, N_SEGMENTS))[rep, segment]
    return rep, segment, (rng.random(N_ROWS) < sigmoid(logit)).astype(np.float64)


def between(what, seed, sd):
    """The test of reps within segments, or of pairs beyond rep + segment, where the truth differs by `sd`."""
    if what == "reps":
        rep, segment, won = simulated(seed, rep_sd=sd, pair_sd=0.0)
        return heterogeneity("reps", rep, Null.of([segment], won), wanted=0.25)
    rep, segment, won = simulated(seed, rep_sd=0.3, pair_sd=sd)
    return heterogeneity("pairs", rep * N_SEGMENTS + segment, Null.of([rep, segment], won), wanted=0.25)


@many_seeds
@pytest.mark.parametrize("what", ["reps", "pairs"])
def test_without_a_difference_one_is_rarely_found_and_with_a_detectable_one_mostly(what):
    """Of 60 histories each, at 1%, more than 4 false alarms have a chance below 0.1%; a power of 80% gives 37 to 57."""
    null = [between(what, seed, 0.0) for seed in SEEDS]
    assert np.mean([test.found for test in null]) <= 4 / 60
    assert 0.35 < np.mean([test.p_value for test in null]) < 0.68
    detectable = float(np.median([test.detectable for test in null]))
    shown = [between(what, 1000 + seed, detectable) for seed in SEEDS]
    assert 37 / 60 <= np.mean([test.found for test in shown]) <= 57 / 60
    assert np.mean([test.deviation for test in shown]) == pytest.approx(detectable, rel=0.2)


@pytest.mark.parametrize("what", ["reps", "pairs"])
def test_as_many_outcomes_as_are_needed_make_what_is_wanted_detectable(what):
    rep, segment, won = simulated(3, rep_sd=0.2, pair_sd=0.0)
    few = slice(0, 600)

    def of(rows, times=1):
        parts = [np.tile(part[rows], times) for part in (rep, segment, won)]
        group = parts[0] if what == "reps" else parts[0] * N_SEGMENTS + parts[1]
        families = [parts[1]] if what == "reps" else parts[:2]
        return heterogeneity(what, group, Null.of(families, parts[2]), wanted=0.25)

    found = of(few)
    assert found.detectable > 0.25 and not found.would_show
    again = of(few, times=-(-found.needed // 600))  # the same history several times over
    assert again.detectable == pytest.approx(0.25, rel=0.12)


def test_the_score_has_its_mean_and_variance_over_every_outcome():
    """Nothing but the base is fitted, and to outcomes that sum to one total: 4 of 8, every way that may happen."""
    group = np.repeat(np.arange(4), 2)
    ways = [np.isin(np.arange(8), won).astype(np.float64) for won in itertools.combinations(range(8), 4)]
    found = [heterogeneity("x", group, Null.of([], won), wanted=0.25) for won in ways]
    shares = {round(test.p_value, 9): 0 for test in found}
    for test in found:
        shares[round(test.p_value, 9)] += 1 / len(ways)
    # Groups that agree are rarer than groups that do not, and have the lower p-values.
    agreeing = [all(won[2 * g] == won[2 * g + 1] for g in range(4)) for won in ways]
    lowest = min(test.p_value for test in found)
    assert [test.p_value == lowest for test in found] == agreeing


def test_groups_of_one_outcome_tell_nothing():
    won = (np.arange(50) % 3 == 0).astype(np.float64)
    found = heterogeneity("reps", np.arange(50), Null.of([], won), wanted=0.25)
    assert (found.p_value, found.detectable, found.deviation) == (1.0, np.inf, 0.0)
    assert not found.found and not found.would_show
    assert found.needed > 1000  # of the same 50 groups


def test_outcomes_of_one_kind_tell_nothing():
    found = heterogeneity("reps", np.arange(50) % 5, Null.of([np.arange(50) % 2], np.zeros(50)), wanted=0.25)
    assert not found.found and not found.would_show


def test_more_effects_than_are_corrected_for_find_less_and_not_more(monkeypatch):
    exact = between("pairs", 7, 0.5)
    monkeypatch.setattr("leadopt.evaluate.backtests.heterogeneity._MOST_EFFECTS", 3)
    assert between("pairs", 7, 0.5).p_value >= exact.p_value


def test_the_levels_are_those_that_the_verdict_states():
    assert (ALPHA, POWER) == (0.01, 0.8)
