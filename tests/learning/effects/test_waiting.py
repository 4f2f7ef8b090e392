"""Open leads as evidence, against the log-likelihood itself, differentiated by numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.logistic import Binomial, sigmoid
from leadopt.learning.effects.posterior import fit_effects
from leadopt.learning.effects.spreads import half_normal
from leadopt.learning.effects.waiting import Waiting

part = st.floats(0.01, 1.0)


def waiting(cell, count, if_won, if_lost, never=0.0):
    floats = (np.array(each, dtype=np.float64) for each in (count, if_won, if_lost))
    return Waiting(cell=np.array(cell), **dict(zip(("count", "if_won", "if_lost"), floats, strict=True)), never=never)


def log_likelihood(logit, one):
    p = sigmoid(np.asarray(logit))
    return float((one.count * np.log(p * one.if_won + (1 - p) * one.if_lost + one.never)).sum())


@given(st.floats(-4, 4), part, part, st.floats(0, 0.5), st.floats(0.1, 5))
def test_slopes_are_the_derivatives_of_the_log_likelihood(logit, if_won, if_lost, never, count):
    one, step = waiting([0], [count], [if_won], [if_lost], never), 1e-3
    low, middle, high = (log_likelihood(logit + move, one) for move in (-step, 0.0, step))
    pull, information = one.slopes(sigmoid(np.array([logit])))
    assert pull[0] == pytest.approx((high - low) / (2 * step), abs=1e-5 * count)
    assert information[0] == pytest.approx(-(high - 2 * middle + low) / step**2, abs=1e-4 * count)


@given(st.floats(0.01, 0.99), part, st.floats(0, 0.5))
def test_open_leads_tell_nothing_where_both_ends_take_as_long(rate, still, never):
    pull, information = waiting([0], [7], [still], [still], never).slopes(np.array([rate]))
    assert pull[0] == pytest.approx(0.0, abs=1e-12)
    # A lead that may never be settled is a little less telling; one that is sure to be tells exactly nothing.
    assert information[0] == pytest.approx(0.0, abs=1e-12)


def test_a_lead_that_can_only_be_won_counts_as_won():
    cells = {"tried": np.array([30.0, 20.0]), "converted": np.array([12.0, 5.0])}
    known = Binomial(**cells)
    extra = Binomial(tried=np.array([30.0, 26.0]), converted=np.array([12.0, 11.0]))
    still = Binomial(**cells, waiting=waiting([1], [6], [1.0], [1e-12]))
    prior, pair = (half_normal(1.0),), np.array([[0, 1]])
    found, wanted, without = (fit_effects(pair, (2,), prior, each) for each in (still, extra, known))
    assert found.mean == pytest.approx(wanted.mean, abs=1e-3)
    assert found.crossed.variances() == pytest.approx(wanted.crossed.variances(), abs=1e-3)
    assert np.abs(wanted.mean - without.mean).max() > 0.1


def test_the_fit_is_the_posterior_by_quadrature():
    """One rate, a normal prior of known width, and open leads: against the integral over its logit."""
    one = waiting([0, 0], [40, 25], [0.9, 0.5], [0.4, 0.05], 0.01)
    outcomes = Binomial(tried=np.array([60.0]), converted=np.array([9.0]), waiting=one)
    found = fit_effects([], (), (), outcomes)
    grid = np.linspace(-6, 6, 4001)
    prior = 0.5 * (grid / outcomes.base_deviation) ** 2
    density = np.array([9 * x - 60 * np.log1p(np.exp(x)) + log_likelihood(x, one) for x in grid]) - prior
    weight = np.exp(density - density.max())
    weight /= weight.sum()
    mean = float(weight @ grid)
    deviation = float(np.sqrt(weight @ (grid - mean) ** 2))
    assert found.mean[0] == pytest.approx(mean, abs=0.02)
    assert np.sqrt(found.crossed.variances()[0]) == pytest.approx(deviation, rel=0.05)


def test_open_leads_alone_do_not_break_a_fit():
    levels, nothing = np.array([[0, 1, 2]]), np.zeros(3)
    one = waiting([0, 1, 1, 2], [10, 1e4, 3, 5], [1.0, 0.9, 1e-300, 0.0], [1.0, 1e-300, 0.9, 0.0], 1e-3)
    outcomes = Binomial(tried=nothing, converted=nothing, waiting=one)
    found = fit_effects(levels, (3,), (half_normal(1.0),), outcomes)
    assert np.isfinite(found.mean).all() and np.isfinite(found.crossed.variances()).all()
    assert Crossed.of(levels, (3,)).n_effects == len(found.mean)
