"""Change points against outcomes drawn from known ones, and against sums over a grid done by hand."""

import numpy as np
import pytest

from leadopt.learning.loads.change_points import (
    LEVEL_DEVIATION,
    SHAPES,
    SLOPES,
    ChangePoints,
    Grid,
    OutcomesByLoad,
    by_parts,
    falls,
    likelihood,
)
from leadopt.learning.loads.in_common import NO_DROP, InCommon


def outcomes(loads, offset, tried, won):
    """A rep's outcomes at loads that are to be put on a grid."""
    return np.asarray(loads, dtype=float), np.asarray(offset, dtype=float), np.asarray(tried, dtype=float), won


def drawn(seed, slope, n_reps=12, weeks=52, shape=1.0):
    """Reps who had around 14 leads in each of some weeks, and their true change points around 14."""
    rng = np.random.default_rng(seed)
    truth = 14.0 * np.exp(rng.normal(0, 0.2, n_reps))
    reps = []
    for point, level in zip(truth, rng.normal(-1.1, 0.4, n_reps), strict=True):
        load = rng.poisson(14 * rng.lognormal(0, 0.45, weeks)).clip(1).astype(float)
        chance = 1 / (1 + np.exp(-level + slope * np.maximum(load / point - 1, 0) ** shape))
        reps.append(outcomes(load, np.full(weeks, -1.1), load, rng.binomial(load.astype(int), chance).astype(float)))
    return reps, truth


def fitted(reps):
    """Change points of reps whose leads are known but for load."""
    loads, at = np.unique(np.concatenate([load for load, *_ in reps]), return_inverse=True)
    places = np.split(at, np.cumsum([len(load) for load, *_ in reps])[:-1])
    grid = Grid.of(loads)
    found = [
        likelihood(OutcomesByLoad(load=place, offset=offset, tried=tried, won=won), grid, np.zeros(grid.size), steps=8)
        for place, (_, offset, tried, won) in zip(places, reps, strict=True)
    ]
    chance = InCommon(np.array([one.log for one in found]), grid).chance()
    return ChangePoints(points=grid.points, chance=chance, level=np.array([one.level for one in found]))


def test_intervals_hold_the_true_change_points_as_often_as_they_say():
    held, errors = [], []
    for seed in range(6):
        reps, truth = drawn(seed, slope=1.13)
        found = fitted(reps)
        low, middle, high = (found.quantile(share) for share in (0.05, 0.5, 0.95))
        held += ((low <= truth) & (truth <= high)).tolist()
        errors += np.abs(middle / truth - 1).tolist()
        assert (found.dropped(np.array([load.max() for load, *_ in reps])) > 0.9).mean() > 0.9
        assert found.slope() == pytest.approx(1.13, rel=0.35)
    assert 0.8 <= np.mean(held) <= 0.98
    assert np.mean(errors) < 0.15


def test_no_drop_is_found_where_load_does_not_matter():
    for seed in range(6):
        reps, _ = drawn(seed, slope=0.0)
        found = fitted(reps)
        assert found.dropped(np.array([load.max() for load, *_ in reps])).max() < 0.2
        assert np.isinf(found.quantile(0.5)).all()


def test_a_rep_who_never_had_much_is_taken_for_the_others():
    reps, truth = drawn(0, slope=2.0)
    few = outcomes([2, 3], [0, 0], [2, 3], np.array([1.0, 1.0]))
    found = fitted([*reps, few])
    assert found.quantile(0.5)[-1] == pytest.approx(np.median(truth), rel=0.2)
    width = found.quantile(0.95) - found.quantile(0.05)
    assert width[-1] > width[:-1].max()
    assert found.dropped(np.array([3.0] * 13))[-1] < 0.05


def test_who_is_better_and_has_more_leads_does_not_look_overloaded_or_idle():
    rng = np.random.default_rng(1)
    reps = []
    for level, load in ((-2.0, 5.0), (-1.0, 15.0), (0.0, 40.0), (0.0, 5.0), (-2.0, 40.0)):
        loads = np.full(80, load)
        won = rng.binomial(int(load), 1 / (1 + np.exp(-level)), 80).astype(float)
        reps.append(outcomes(loads, np.full(80, -1.0), loads, won))
    assert fitted(reps).dropped(np.full(5, 40.0)).max() < 0.5  # each at one load alone: nothing to compare


def test_levels_are_integrated_out_as_by_quadrature():
    rng = np.random.default_rng(2)
    load, tried = np.array([5.0, 10.0, 30.0]), np.array([20.0, 30.0, 40.0])
    rep = OutcomesByLoad(load=np.arange(3), offset=rng.normal(-1, 0.3, 3), tried=tried, won=np.array([6.0, 8.0, 4.0]))
    points = np.array([8.0, 20.0])
    found = likelihood(
        rep,
        Grid(points=points, fall=falls(load, points)),
        np.zeros(1 + len(SHAPES) * len(points) * len(SLOPES)),
        steps=8,
    )
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)

    def exact(fall):
        logit = rep.offset + fall + LEVEL_DEVIATION * nodes[:, None]
        each = np.exp((rep.won * logit - tried * np.log1p(np.exp(logit))).sum(axis=1))
        return np.log(each @ weights / weights.sum())

    assert found.log[-1] == pytest.approx(exact(0.0), abs=0.05)
    by_hand = np.array([
        exact(-slope * np.where(load > point, np.maximum(load / point - 1, 0) ** shape, 0.0))
        for shape in SHAPES
        for point in points
        for slope in SLOPES
    ])  # fmt: skip
    likely = by_hand > by_hand.max() - 40  # beyond, logits are cut off
    assert likely.sum() > 30
    assert found.log[:-1][likely] == pytest.approx(by_hand[likely], abs=0.05)


def test_how_the_fall_goes_on_is_told_by_the_outcomes():
    for k, shape in enumerate(SHAPES):
        reps, _ = drawn(int(10 * shape), slope=2.0, shape=shape, n_reps=20, weeks=100)
        found = fitted(reps)
        by_shape = by_parts(found.chance, len(found.points)).sum(axis=(2, 3)).mean(axis=0)
        assert by_shape.argmax() == k


def test_slopes_that_differ_between_reps_are_told_apart():
    steep, _ = drawn(3, slope=3.5, n_reps=6)
    slow, _ = drawn(4, slope=0.7, n_reps=6)
    found = fitted([*steep, *slow])
    by_slope = by_parts(found.chance, len(found.points)).sum(axis=(1, 2))
    each = by_slope @ SLOPES / by_slope.sum(axis=1)
    assert each[:6].mean() > 1.5 * each[6:].mean()


def test_without_information_the_prior_stays():
    nothing = outcomes([9], [0], [0], np.zeros(1))
    found = fitted([nothing, nothing])
    assert found.chance[:, -1] == pytest.approx([NO_DROP] * 2)
    assert found.chance.sum(axis=1) == pytest.approx([1, 1])


def test_what_is_drawn_is_as_frequent_as_its_chance():
    reps, _ = drawn(5, slope=1.0, n_reps=3, weeks=8)
    loads = np.unique(np.concatenate([load for load, *_ in reps]))
    grid = Grid.of(loads)
    log = np.array([
        likelihood(OutcomesByLoad(load=np.searchsorted(loads, load), offset=offset, tried=tried, won=won), grid,
                   np.zeros(grid.size), steps=8).log
        for load, offset, tried, won in reps
    ])  # fmt: skip
    found, rng = InCommon(log, grid), np.random.default_rng(0)
    n = 4000
    draws = np.array([found.draw(rng) for _ in range(n)])
    assert (draws[:, 0] == grid.size - 1).mean() == pytest.approx(found.chance()[0, -1], abs=0.03)
    parts = by_parts(found.chance(), len(grid.points)).sum(axis=(1, 3))
    point = np.where(draws == grid.size - 1, -1, draws // len(SLOPES) % len(grid.points))
    for rep in range(3):
        often = np.bincount(point[:, rep][point[:, rep] >= 0], minlength=len(grid.points)) / n
        assert np.abs(often.cumsum() - parts[rep].cumsum()).max() < 0.03
