"""Change points against outcomes drawn from known ones, and against sums over a grid done by hand."""

import numpy as np
import pytest

from leadopt.learning.change_points import (
    LEVEL_DEVIATION,
    NO_DROP,
    SLOPES,
    OutcomesByLoad,
    _likelihood,
    fit_change_points,
)


def drawn(seed, slope, n_reps=12, weeks=52):
    """Reps who had around 14 leads in each of some weeks, and their true change points around 14."""
    rng = np.random.default_rng(seed)
    truth = 14.0 * np.exp(rng.normal(0, 0.2, n_reps))
    reps = []
    for point, level in zip(truth, rng.normal(-1.1, 0.4, n_reps), strict=True):
        load = rng.poisson(14 * rng.lognormal(0, 0.45, weeks)).clip(1).astype(float)
        chance = 1 / (1 + np.exp(-level + slope * np.maximum(load / point - 1, 0)))
        won = rng.binomial(load.astype(int), chance).astype(float)
        reps.append(OutcomesByLoad(load=load, offset=np.full(weeks, -1.1), tried=load, won=won))
    return reps, truth


def test_intervals_hold_the_true_change_points_as_often_as_they_say():
    held, errors = [], []
    for seed in range(6):
        reps, truth = drawn(seed, slope=1.13)
        found = fit_change_points(reps)
        low, middle, high = (found.quantile(share) for share in (0.05, 0.5, 0.95))
        held += ((low <= truth) & (truth <= high)).tolist()
        errors += np.abs(middle / truth - 1).tolist()
        assert (found.below(np.array([rep.load.max() for rep in reps])) > 0.9).mean() > 0.9
        assert found.slope() == pytest.approx(1.13, rel=0.35)
    assert 0.8 <= np.mean(held) <= 0.98
    assert np.mean(errors) < 0.15


def test_no_drop_is_found_where_load_does_not_matter():
    for seed in range(6):
        reps, _ = drawn(seed, slope=0.0)
        found = fit_change_points(reps)
        assert found.below(np.array([rep.load.max() for rep in reps])).max() < 0.2
        assert np.isinf(found.quantile(0.5)).all()


def test_a_rep_who_never_had_much_is_taken_for_the_others():
    reps, truth = drawn(0, slope=2.0)
    few = OutcomesByLoad(
        load=np.array([2.0, 3.0]), offset=np.zeros(2), tried=np.array([2.0, 3.0]), won=np.array([1.0, 1.0])
    )
    found = fit_change_points([*reps, few])
    assert found.quantile(0.5)[-1] == pytest.approx(np.median(truth), rel=0.2)
    width = found.quantile(0.95) - found.quantile(0.05)
    assert width[-1] > width[:-1].max()
    assert found.below(np.array([3.0] * 13))[-1] < 0.05


def test_who_is_better_and_has_more_leads_does_not_look_overloaded_or_idle():
    rng = np.random.default_rng(1)
    reps = []
    for level, load in ((-2.0, 5.0), (-1.0, 15.0), (0.0, 40.0), (0.0, 5.0), (-2.0, 40.0)):
        loads = np.full(80, load)
        won = rng.binomial(int(load), 1 / (1 + np.exp(-level)), 80).astype(float)
        reps.append(OutcomesByLoad(load=loads, offset=np.full(80, -1.0), tried=loads, won=won))
    assert fit_change_points(reps).below(np.full(5, 40.0)).max() < 0.5  # each at one load alone: nothing to compare


def test_levels_are_integrated_out_as_by_quadrature():
    rng = np.random.default_rng(2)
    load, tried = np.array([5.0, 10.0, 30.0]), np.array([20.0, 30.0, 40.0])
    rep = OutcomesByLoad(load=load, offset=rng.normal(-1, 0.3, 3), tried=tried, won=np.array([6.0, 8.0, 4.0]))
    points = np.array([8.0, 20.0])
    found, _ = _likelihood(rep, points)
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for i, point in enumerate(points):
        for j, slope in enumerate(SLOPES):
            logit = rep.offset - slope * np.maximum(load / point - 1, 0) + LEVEL_DEVIATION * nodes[:, None]
            each = np.exp((rep.won * logit - tried * np.log1p(np.exp(logit))).sum(axis=1))
            assert found[i, j] == pytest.approx(np.log(each @ weights / weights.sum()), abs=0.05)


def test_without_information_the_prior_stays():
    nothing = OutcomesByLoad(load=np.array([9.0]), offset=np.zeros(1), tried=np.zeros(1), won=np.zeros(1))
    found = fit_change_points([nothing, nothing])
    assert found.chance[:, :, 0].sum(axis=1) == pytest.approx([NO_DROP] * 2)
    assert found.chance.sum(axis=(1, 2)) == pytest.approx([1, 1])
