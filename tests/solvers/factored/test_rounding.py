"""Leads dealt out whole as their shares are: large ones first, by count and by value."""

import numpy as np
import pytest

from leadopt.progress import Meter
from leadopt.solvers.factored import annealing, rounding
from leadopt.solvers.factored.annealing import annealed, options_near
from leadopt.solvers.factored.newton import sharpest
from leadopt.solvers.factored.rounding import dealt
from leadopt.solvers.lagrangian.dual import Dual
from tests.solvers.factored.test_annealing import soft_of, some_prices
from tests.solvers.factored.test_line_oracle import banded, oracles


@pytest.fixture(scope="module")
def priced():
    problem = banded(n=4_000, m=8, n_rows=4)
    pairs, lines = oracles(problem)
    dual = Dual.of(pairs, pairs.rows)
    y, soft = sharpest(*annealed(lines, dual, np.zeros(pairs.rows.n), Meter()), dual, Meter())
    return problem, pairs, dual, y, soft


def test_every_bound_is_kept_to_within_a_small_lead(priced):
    _, pairs, dual, y, soft = priced
    rep = dealt(soft, y, dual.rows, dual.unit, dual.gain, Meter())
    load = pairs.taken(rep)
    broken = np.maximum(np.maximum(load - dual.rows.upper, dual.rows.lower - load), 0.0) * dual.unit / dual.gain
    assert broken.max() < 2.5
    assert broken.mean() < 0.3


def test_what_is_dealt_out_is_worth_nearly_the_bound(priced):
    problem, pairs, dual, y, soft = priced
    rep = dealt(soft, y, dual.rows, dual.unit, dual.gain, Meter())
    placed = np.flatnonzero(rep >= 0)
    worth = problem.affinity.at(pairs.leads[placed], rep[placed]).sum()
    worth += problem.reserve * (len(rep) - len(placed)) if np.isfinite(problem.reserve) else 0.0
    assert worth == pytest.approx(dual.at(y), rel=2e-3)


def test_counts_and_amounts_of_one_stage_are_those_of_the_shares_but_for_few_leads(monkeypatch):
    monkeypatch.setattr(rounding, "_CUTS", (0.0,))
    problem = banded(n=2_000, reserve=0.4)
    lines, soft = soft_of(problem, 6, 0.1)
    y, dual = some_prices(problem), Dual.of(lines.pairs, lines.pairs.rows)
    wide = type(dual.rows)(
        lower=np.zeros(dual.rows.n), upper=np.full(dual.rows.n, np.inf), penalty=dual.rows.penalty,
        families=dual.rows.families,
    )  # fmt: skip
    rep = dealt(soft, y, wide, dual.unit, dual.gain, Meter())
    off = (lines.pairs.taken(rep) - soft.loads(y).load) * dual.unit / dual.gain
    m = problem.n_reps
    value = slice(m, 2 * m)
    assert np.abs(np.delete(off, value)).max() < 2.0
    assert np.abs(off[value]).mean() < 2.0  # in usual leads; the largest one is worth twenty


def test_no_rep_is_dealt_more_leads_than_it_may_have():
    problem = banded(n=2_000)
    lines, soft = soft_of(problem, 6, 0.1)
    y, dual = np.zeros(lines.pairs.rows.n), Dual.of(lines.pairs, lines.pairs.rows)
    rep = dealt(soft, y, dual.rows, dual.unit, dual.gain, Meter(time_limit_s=1e-9))
    assert (np.bincount(rep[rep >= 0], minlength=problem.n_reps) <= problem.capacity).all()


def test_options_of_some_bins_are_those_near_at_the_prices():
    problem = banded(n=500)
    _, soft = soft_of(problem, 4, 0.1)
    left, y = np.array([0, 2, 5]), some_prices(problem)
    part = rounding._only(soft, left, y, 2.0)
    near = options_near(soft.oracle, soft.bins, y, rounding._AROUND * 0.2)
    assert part.temperature == 0.2
    for k, b in enumerate(left):
        mine = part.options.rep[part.options.first[k] : part.options.first[k + 1]]
        assert mine.tolist() == near.rep[near.first[b] : near.first[b + 1]].tolist()
    assert annealing.Bins(*part.bins).size.tolist() == soft.bins.size[left].tolist()


def test_bounds_on_amounts_are_narrowed_and_those_on_counts_are_not():
    problem = banded(n=500)
    lines, _ = soft_of(problem, 4, 0.1)
    rows, m = lines.pairs.rows, problem.n_reps
    found, value = rounding._narrowed(rows, lines, np.ones(rows.n)), slice(m, 2 * m)
    np.testing.assert_allclose(found.upper[value], rows.upper[value] - rounding._MARGIN)
    np.testing.assert_allclose(found.lower[value], rows.lower[value] + rounding._MARGIN)
    assert (np.delete(found.upper, range(m, 2 * m)) == np.delete(rows.upper, range(m, 2 * m))).all()
    huge = rounding._narrowed(rows, lines, np.full(rows.n, 1e9))
    assert (huge.lower[value] < huge.upper[value]).all()


def test_rows_that_count_no_lead_any_more_have_no_bound():
    problem = banded(n=500)
    _, soft = soft_of(problem, 4, 0.1)
    oracle = soft.oracle
    cold = rounding._only(soft, np.flatnonzero(soft.bins.kind < oracle.n_rows), np.zeros(oracle.pairs.rows.n), 1.0)
    place = np.full(problem.n_leads, rounding._OPEN)
    beside = rounding._beside(cold, oracle.pairs.rows, rounding._numbers(oracle), place)
    hot = next(family for family, _, classes in oracle.families if classes.tolist() == [1])
    assert (beside.upper[hot.member] == 0).all() and (beside.lower[hot.member] == 0).all()
    assert (np.delete(beside.upper, hot.member) == np.delete(oracle.pairs.rows.upper, hot.member)).all()
