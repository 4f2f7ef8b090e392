"""Outcomes at known offsets: the same as without where offsets are 0, and derivatives of the very likelihood."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.effects.logistic import Binomial, sigmoid
from leadopt.learning.effects.offsets import OffsetBinomial
from leadopt.learning.effects.posterior import fit_effects
from leadopt.learning.effects.spreads import half_normal
from leadopt.learning.effects.waiting import Waiting


def outcomes(seed, n_rows=60, n_cells=7, spread=1.0):
    rng = np.random.default_rng(seed)
    tried = rng.integers(1, 30, n_rows).astype(float)
    return OffsetBinomial(
        n_cells=n_cells,
        cell=rng.integers(0, n_cells, n_rows),
        tried=tried,
        converted=np.floor(tried * rng.random(n_rows)),
        offset=rng.normal(0.0, spread, n_rows),
        scatter=rng.random(n_rows) * 0.1,
    )


@given(seed=st.integers(0, 10_000))
def test_pull_is_the_derivative_of_the_log_likelihood(seed):
    rows = outcomes(seed)
    rows = OffsetBinomial(**{name: getattr(rows, name) for name in rows.__slots__} | {"scatter": np.zeros(60)})
    mean, nothing, step = np.random.default_rng(seed).normal(0.0, 1.0, 7), np.zeros(7), 1e-5

    def likelihood(by):
        logit = (mean + by)[rows.cell] + rows.offset
        each = rows.converted * np.log(sigmoid(logit)) + (rows.tried - rows.converted) * np.log(sigmoid(-logit))
        return np.bincount(rows.cell, each, minlength=7)

    pull, information = rows.slopes(mean, nothing)
    assert pull == pytest.approx((likelihood(step) - likelihood(-step)) / (2 * step), abs=1e-4)
    bent = (likelihood(10 * step) - 2 * likelihood(0.0) + likelihood(-10 * step)) / (10 * step) ** 2
    assert information == pytest.approx(np.maximum(-bent, 1e-10), abs=1e-2)


def test_without_offsets_it_is_the_likelihood_of_the_counts():
    rows = outcomes(1, spread=0.0)
    tried, converted = (np.bincount(rows.cell, each) for each in (rows.tried, rows.converted))
    mean, variance = np.linspace(-2.0, 1.0, 7), np.full(7, 0.2)
    plain = Binomial(tried=tried, converted=converted)
    steady = OffsetBinomial(**{name: getattr(rows, name) for name in rows.__slots__} | {"scatter": np.zeros(60)})
    for one, other in zip(steady.slopes(mean, variance), plain.slopes(mean, variance), strict=True):
        assert one == pytest.approx(other, rel=1e-6)
    assert steady.first_base() == pytest.approx(plain.first_base())


def with_open(rows, seed, n_groups=40):
    """The same outcomes, and open leads of some of the rows."""
    rng = np.random.default_rng([seed, 2])
    waiting = Waiting(
        cell=rng.integers(0, len(rows.cell), n_groups),
        count=rng.integers(1, 9, n_groups).astype(float),
        if_won=rng.uniform(0.05, 0.9, n_groups),
        if_lost=rng.uniform(0.05, 0.9, n_groups),
        never=0.05,
    )
    return replace(rows, waiting=waiting)


@given(seed=st.integers(0, 10_000))
def test_open_leads_pull_as_their_likelihood_says(seed):
    rows = with_open(outcomes(seed), seed)
    rows = replace(rows, scatter=np.zeros(60))
    mean, step = np.random.default_rng(seed).normal(0.0, 1.0, 7), 1e-5

    def likelihood(by):
        return rows.waiting.log_likelihood(sigmoid((mean + by)[rows.cell] + rows.offset))

    pull = rows.by_row(mean, np.zeros(7))[0] - replace(rows, waiting=None).by_row(mean, np.zeros(7))[0]
    assert pull.sum() == pytest.approx((likelihood(step) - likelihood(-step)) / (2 * step), abs=1e-4)
    alone = np.arange(7) == 3
    found = (likelihood(step * alone) - likelihood(-step * alone)) / (2 * step)
    assert rows.by_cell(pull)[3] == pytest.approx(found, abs=1e-4)


@given(seed=st.integers(0, 10_000))
def test_open_leads_whose_rows_are_counted_together_pull_the_same(seed):
    rows = with_open(outcomes(seed, n_rows=400), seed)
    merged, mean, variance = rows.merged(), np.linspace(-1.0, 1.0, 7), np.full(7, 0.1)
    for one, other in zip(merged.slopes(mean, variance), rows.slopes(mean, variance), strict=True):
        assert one == pytest.approx(other, rel=2e-3, abs=0.5)


@given(seed=st.integers(0, 10_000))
def test_rows_that_are_counted_together_say_the_same(seed):
    rows = outcomes(seed, n_rows=400)
    merged, mean, variance = rows.merged(), np.linspace(-1.0, 1.0, 7), np.full(7, 0.1)
    assert len(merged.cell) < len(rows.cell)
    assert merged.tried.sum() == pytest.approx(rows.tried.sum())
    assert merged.converted.sum() == pytest.approx(rows.converted.sum())
    for one, other in zip(merged.slopes(mean, variance), rows.slopes(mean, variance), strict=True):
        assert one == pytest.approx(other, rel=2e-3, abs=0.5)


def test_effects_are_found_whatever_was_added_to_them():
    rng = np.random.default_rng(5)
    effects, cell = np.array([-1.0, -0.4, 0.3, 0.9]), np.repeat(np.arange(4), 300)
    offset = rng.normal(-1.0, 1.0, len(cell)) + 0.8 * (cell == 3)  # the best one was tried in better times
    won = rng.binomial(20, sigmoid(effects[cell] + offset))
    rows = OffsetBinomial(
        n_cells=4, cell=cell, tried=np.full(1200, 20.0), converted=won.astype(float), offset=offset,
        scatter=np.zeros(1200),
    )  # fmt: skip
    fitted = fit_effects([np.arange(4)], (4,), (half_normal(2.0),), rows.merged())
    assert fitted.known([np.arange(4)])[0] == pytest.approx(effects, abs=0.1)
