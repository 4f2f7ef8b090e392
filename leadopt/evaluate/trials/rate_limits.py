"""Intervals of the difference and the ratio of two rates that are made of the limits of each rate."""

from __future__ import annotations

from math import sqrt

import numpy as np

from leadopt.arrays import Floats
from leadopt.evaluate.trials.counts import Counts
from leadopt.learning.rates.intervals import difference_ends, wilson
from leadopt.progress import loaded

FEW = 5
"""Conversions of a group, or leads of it that did not convert, below which other intervals hold the truth too seldom:
in 92% of trials at worst, where the random group expects fewer than one. Three times as many widen the intervals of
trials that expect 20, too (`tests/evaluate/trials/test_rate_limits.py`)."""


def newcombe(counts: Counts, level: float) -> tuple[float, float]:
    """Return Newcombe's interval of the difference of two rates, from Wilson's of each; of one stratum.

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine
    17(8), method 10
    """
    groups = (counts.k1, counts.n1), (counts.k0, counts.n0)
    planned, at_random = ((float(k[0] / n[0]), *wilson(float(k[0]), float(n[0]), level)) for k, n in groups)
    return difference_ends(planned, at_random)


def few(counts: Counts) -> bool:
    """Return whether a group has fewer conversions, or fewer leads that did not convert, than intervals need."""
    groups = (counts.n1, counts.k1), (counts.n0, counts.k0)
    return any(min(float(k.sum()), float((n - k).sum())) < FEW for n, k in groups)


def hulls(counts: Counts, level: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return intervals of the difference and of the ratio, made of the limits of the rates of both groups.

    Each rate is the mean of those of the strata, weighted as the difference is; its limits
    are those of Clopper and Pearson for the conversions of the group, which are never too narrow.

    References
    ----------
    Zou & Donner (2008), Construction of confidence limits about effect measures, Statistics in Medicine 27(10), eq. 6;
    Donner & Zou (2012), Closed-form confidence intervals for functions of the normal mean and standard deviation,
    Statistical Methods in Medical Research 21(4), eq. 9; Dobson, Kuulasmaa, Eberle & Scherer (1991), Confidence
    intervals for weighted sums of Poisson parameters, Statistics in Medicine 10(3), eq. 5, for the strata
    """
    r1, l1, u1 = _limits(counts.n1, counts.k1, counts.weight, level)
    r0, l0, u0 = _limits(counts.n0, counts.k0, counts.weight, level)
    return difference_ends((r1, l1, u1), (r0, l0, u0)), (
        _ratio_end(r1, r0, l1, u0, -1.0),
        _ratio_end(r1, r0, u1, l0, 1.0),
    )


def _limits(n: Floats, k: Floats, weight: Floats, level: float) -> tuple[float, float, float]:
    """Return the weighted rate of a group and its limits."""
    loaded("scipy.special")
    from scipy.special import betaincinv

    each, tried, won = weight / n / weight.sum(), float(n.sum()), float(k.sum())
    tail = (1.0 - level) / 2.0
    low = float(betaincinv(won, tried - won + 1.0, tail)) * tried if won > 0.0 else 0.0
    high = float(betaincinv(won + 1.0, tried - won, 1.0 - tail)) * tried if won < tried else tried
    among = k if won > 0.0 else n
    one = sqrt(float((each**2 * among).sum()) / float(among.sum()))  # what a conversion adds to the rate
    rate = float((each * k).sum())
    return rate, max(0.0, rate - one * (won - low)), min(1.0, rate + one * (high - won))


def _ratio_end(r1: float, r0: float, end1: float, end0: float, sign: float) -> float:
    """Return the end of the ratio's interval that goes with an end of each rate."""
    below = end0 * (2.0 * r0 - end0)
    if below <= 0.0:
        return float("inf") if sign > 0.0 else 0.0
    root = np.sqrt(max(0.0, (r1 * r0) ** 2 - end1 * (2.0 * r1 - end1) * below))
    return float(max(0.0, (r1 * r0 + sign * root) / below))
