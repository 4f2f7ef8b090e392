"""Newton's method on softened choices: its slope and curvature are those of the dual, and its prices the best ones."""

import numpy as np
import pytest

from leadopt.progress import Meter
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.factored import newton
from leadopt.solvers.factored.annealing import annealed
from leadopt.solvers.factored.newton import Sharp, sharpened, sharpest
from leadopt.solvers.lagrangian.dual import Dual
from tests.loops import plain
from tests.oracles import linear_programme
from tests.solvers.factored.test_annealing import soft_of, some_prices
from tests.solvers.factored.test_line_oracle import banded, oracles


def sharp_of(problem, temperature=0.2):
    lines, soft = soft_of(problem, 5, temperature)
    dual = Dual.of(lines.pairs, lines.pairs.rows)
    return Sharp(soft=soft, rows=dual.rows, unit=dual.unit, gain=dual.gain)


def moved(sharp, y, k, by=1e-5):
    """The slope of the dual beside some prices."""
    step = np.zeros(len(y))
    step[k] = by * sharp.unit[k]
    (above, up), (below, down) = sharp.value(y + step), sharp.value(y - step)
    return (above - below) / (2 * by), (up - down) / (2 * by)


def test_slope_and_curvature_are_those_of_the_dual():
    problem = banded(n=400)
    sharp, y = sharp_of(problem), some_prices(problem)
    slope, curvature = sharp.value(y)[1], sharp.curvature(y)
    for k in (0, 7, 13, 25, 30):
        by_value, by_slope = moved(sharp, y, k)
        assert by_value == pytest.approx(slope[k], rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(by_slope, curvature[k], rtol=1e-4, atol=1e-4 * np.abs(curvature).max())


def test_curvature_of_many_reps_is_that_of_the_dual_too():
    """Among more reps than a tile of a dense matrix has rows: counts and amounts of each rep are sparse."""
    problem = banded(n=600, m=100)
    sharp, y = sharp_of(problem), some_prices(problem)
    curvature = sharp.curvature(y)
    for k in (0, 50, 150, 250):
        np.testing.assert_allclose(moved(sharp, y, k)[1], curvature[k], rtol=1e-4, atol=1e-4 * np.abs(curvature).max())


def test_without_compiled_loops_the_curvature_is_the_same():
    problem = banded(n=400)
    sharp, y = sharp_of(problem), some_prices(problem)
    found = sharp.curvature(y)
    with plain():
        by_scipy = sharp.curvature(y)
    np.testing.assert_allclose(by_scipy, found, rtol=1e-7, atol=1e-9 * np.abs(found).max())


def test_shares_at_sharp_prices_keep_every_bound():
    problem = banded(n=1_500, m=8, n_rows=3)
    sharp = sharp_of(problem, 0.01)
    y = sharpened(sharp, np.zeros(sharp.rows.n), 200, 1e-4, Meter())
    load = sharp.soft.loads(y).load
    broken = np.maximum(load - sharp.rows.upper, sharp.rows.lower - load) * sharp.unit / sharp.gain
    assert broken.max() < 0.05


def test_prices_stay_where_they_have_a_meaning():
    sharp = sharp_of(banded(n=400))
    rows = Rows(
        lower=np.r_[0.0, np.ones(sharp.rows.n - 1)], upper=np.r_[5.0, np.full(sharp.rows.n - 1, np.inf)],
        penalty=np.full(sharp.rows.n, 2.0), families=sharp.rows.families,
    )  # fmt: skip
    within = Sharp(soft=sharp.soft, rows=rows, unit=sharp.unit, gain=sharp.gain).within(np.full(rows.n, 3.0))
    assert within[0] == 2.0 and (within[1:] == 0.0).all()
    assert (Sharp(soft=sharp.soft, rows=rows, unit=sharp.unit, gain=sharp.gain).within(-within - 3.0)[1:] == -2.0).all()


def test_sharp_prices_bound_tighter_than_annealed_ones():
    problem = banded(n=1_500, m=8, n_rows=3)
    pairs, lines = oracles(problem)
    dual = Dual.of(pairs, pairs.rows)
    y, soft = annealed(lines, dual, np.zeros(pairs.rows.n), Meter())
    y, soft = sharpest(y, soft, dual, Meter())
    bound, best = dual.value(y, pairs.loads(y).value), linear_programme(problem)
    assert best * (1 - 1e-9) <= bound <= best * (1 + 5e-5)


def test_time_that_is_over_leaves_prices_as_they_are():
    sharp = sharp_of(banded(n=400))
    y = np.zeros(sharp.rows.n)
    assert (sharpened(sharp, y, 10, 1e-6, Meter(time_limit_s=1e-9)) == y).all()


def test_a_bound_that_cannot_be_kept_gives_way_and_leaves_the_others_alone():
    problem = banded(n=1_500, m=8, n_rows=3)
    sharp = sharp_of(problem, 0.05)
    y, m = sharpened(sharp, np.zeros(sharp.rows.n), 200, 1e-4, Meter()), problem.n_reps
    lower = sharp.rows.lower.copy()
    lower[m] = 3.0 * problem.affinity.scale.sum()  # a minimum of value that all leads together have not
    rows = Rows(lower=lower, upper=np.maximum(sharp.rows.upper, lower), penalty=sharp.rows.penalty,
                families=sharp.rows.families)  # fmt: skip
    beside = Sharp(soft=sharp.soft, rows=rows, unit=sharp.unit, gain=sharp.gain, anchor=y, gives=100.0)
    found = sharpened(beside, y, 100, 1e-4, Meter())
    slope = np.abs(beside.value(found)[1] * beside.free(beside.step(found))) / sharp.gain
    assert slope.max() < 1e-2
    assert found[m] < y[m]  # one that is dear, though not without end
    assert np.abs(found / sharp.unit).max() < 100.0


def test_newton_ends_from_far_away():
    sharp = sharp_of(banded(n=1_500, m=8, n_rows=3), 0.02)
    found = sharpened(sharp, 5.0 * sharp.unit, 120, 1e-4, Meter())
    assert np.abs(sharp.value(found)[1]).mean() <= 1e-4 * sharp.gain


def test_prices_whose_options_led_astray_are_found_with_more_of_them(monkeypatch):
    problem = banded(n=1_500, m=8, n_rows=3)
    pairs, lines = oracles(problem)
    dual = Dual.of(pairs, pairs.rows)
    y, soft = annealed(lines, dual, np.zeros(pairs.rows.n), Meter())
    asked = []
    near = newton.options_near
    monkeypatch.setattr(newton, "_AROUND", (0.0, 60.0))
    monkeypatch.setattr(newton, "options_near", lambda *given: asked.append(given[3]) or near(*given))
    found, _ = sharpest(y, soft, dual, Meter())
    assert min(asked) == 0.0 and max(asked) > 0.0
    best = linear_programme(problem)
    assert best * (1 - 1e-9) <= dual.at(found) <= best * (1 + 5e-5)


def test_curvature_in_parts_is_that_of_the_whole(monkeypatch):
    problem = banded(n=400)
    sharp, y = sharp_of(problem), some_prices(problem)
    found = sharp.curvature(y)
    monkeypatch.setattr(newton, "_PARTS", 1)
    np.testing.assert_allclose(sharp.curvature(y), found, rtol=1e-9, atol=1e-12 * np.abs(found).max())
