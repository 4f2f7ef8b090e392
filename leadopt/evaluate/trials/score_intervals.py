"""Intervals of the difference and of the ratio of two rates, over strata, by inverting score tests."""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

import numpy as np

from leadopt.arrays import Floats
from leadopt.evaluate.trials.counts import Counts

_EXACT = 1e-10  # of a difference, or of the logarithm of a ratio
_STEEP = 1e6  # standard errors: where the variance vanishes, scores are infinite, and roots need numbers


def difference_interval(counts: Counts, z: float) -> tuple[float, float]:
    r"""Return the interval of the common difference of rates: all differences that a score test does not reject.

    With the weights of Mantel and Haenszel, w_s = n_1s n_0s / n_s, d_s the difference seen and p_1s, p_0s = p_1s - D
    the rates of the stratum that are likeliest among those that differ by D, D is rejected where

    .. math:: \Big(\sum_s w_s (d_s - D)\Big)^2 > z^2 \sum_s w_s^2 \frac{n_s}{n_s - 1}
              \Big(\frac{p_{1s} (1 - p_{1s})}{n_{1s}} + \frac{p_{0s} (1 - p_{0s})}{n_{0s}}\Big)

    At D = 0 that is the test of Cochran, Mantel and Haenszel, whose variance is that of the exact conditional
    distribution: it holds for many strata of few leads as well as for few of many. With a handful of conversions the
    score may rise again beyond an end, as the variance does: differences in between that are rejected are inside then.

    References
    ----------
    Miettinen & Nurminen (1985), Comparative analysis of two rates, Statistics in Medicine 4(2), eq. 9, 10 and 27 to 29
    """

    def score(difference: float) -> float:
        p1, p0 = _likeliest_apart(counts, difference)
        return _score(counts, counts.difference - difference, p1, p0, 1.0)

    return _bounds(score, z, counts.difference, -1.0, 1.0)


def ratio_interval(counts: Counts, z: float) -> tuple[float, float]:
    r"""Return the interval of the common ratio of rates: all ratios that a score test does not reject.

    As `difference_interval`, with :math:`p_{1s} - R p_{0s}` in place of the difference; at R = 1 it is the same test.
    The upper end is inf where nothing converted at random; where nothing converted at all, every ratio is possible.

    References
    ----------
    Miettinen & Nurminen (1985), eq. 11 and 12; Koopman (1984), Confidence intervals for the ratio of two binomial
    proportions, Biometrics 40(2)
    """
    if not (counts.k1 + counts.k0).any():
        return 0.0, float("inf")
    w = counts.weight

    def score(log_ratio: float) -> float:
        ratio = float(np.exp(log_ratio))
        p1, p0 = _likeliest_in_ratio(counts, ratio)
        gap = float((w * (counts.k1 / counts.n1 - ratio * counts.k0 / counts.n0)).sum() / w.sum())
        return _score(counts, gap, p1, p0, ratio)

    seen, far = counts.ratio, 30.0  # exp(30): ten million million times
    start = -far if seen == 0.0 else far if np.isinf(seen) else log(seen)
    low, high = _bounds(score, z, start, -far, far)
    return 0.0 if low == -far else float(np.exp(low)), float("inf") if high == far else float(np.exp(high))


def _score(counts: Counts, gap: float, p1: Floats, p0: Floats, ratio: float) -> float:
    """Return by how many standard errors the weighted mean gap is off."""
    w, n = counts.weight, counts.n
    variance = p1 * (1.0 - p1) / counts.n1 + ratio**2 * p0 * (1.0 - p0) / counts.n0
    error = sqrt(float((w**2 * variance * n / (n - 1.0)).sum())) / float(w.sum())
    return gap / error if error > 0.0 else float("inf") if gap > 0.0 else float("-inf") if gap < 0.0 else 0.0


def _bounds(score: Callable[[float], float], z: float, seen: float, low: float, high: float) -> tuple[float, float]:
    """Return where the score, which falls, passes z below what was seen and -z above it."""
    return _crossing(score, z, low, seen), _crossing(score, -z, seen, high)


def _crossing(score: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Return where a falling function passes a level: an end of the range if it does not."""
    if score(low) <= level:
        return low
    if score(high) >= level:
        return high
    f_low, f_high = _within(score(low)) - level, _within(score(high)) - level
    while high - low > _EXACT * max(1.0, abs(low)):
        wide = high - low
        # A chord, and where that did not halve the range, its middle: few steps where scores are nearly straight.
        for share in (f_low / (f_low - f_high), 0.5):
            middle = low + share * (high - low)
            if not low < middle < high:
                return middle
            f_middle = _within(score(middle)) - level
            if f_middle > 0.0:
                low, f_low = middle, f_middle
            else:
                high, f_high = middle, f_middle
            if high - low <= 0.5 * wide:
                break
    return (low + high) / 2.0


def _within(score: float) -> float:
    return min(max(score, -_STEEP), _STEEP)


def _likeliest_apart(counts: Counts, difference: float) -> tuple[Floats, Floats]:
    """Return the likeliest rates of each stratum that differ by so much: the root in range of a cubic (eq. 27, 28)."""
    n1, n0, n, k = counts.n1, counts.n0, counts.n, counts.k1 + counts.k0
    # In the rate of the random group, c3 p^3 + c2 p^2 + c1 p + c0 = 0.
    c3, c2 = n, (n1 + 2.0 * n0) * difference - n - k
    c1, c0 = (n0 * difference - n - 2.0 * counts.k0) * difference + k, counts.k0 * difference * (1.0 - difference)
    q = c2**3 / (3.0 * c3) ** 3 - c1 * c2 / (6.0 * c3**2) + c0 / (2.0 * c3)
    p = np.where(q < 0.0, -1.0, 1.0) * np.sqrt(np.maximum(c2**2 / (3.0 * c3) ** 2 - c1 / (3.0 * c3), 0.0))
    cosine = np.clip(np.divide(q, p**3, out=np.zeros_like(q), where=p != 0.0), -1.0, 1.0)
    p0 = 2.0 * p * np.cos((np.pi + np.arccos(cosine)) / 3.0) - c2 / (3.0 * c3)
    lowest, highest = max(0.0, -difference), min(1.0, 1.0 - difference)
    p0 = np.clip(p0, lowest, highest)
    # Where nothing converted, or everything, it is an end of the range: the cubic has a double root near it, of which
    # half the digits are lost.
    p0 = np.where(k == 0.0, lowest, np.where(k == n, highest, p0))
    return np.clip(p0 + difference, 0.0, 1.0), p0


def _likeliest_in_ratio(counts: Counts, ratio: float) -> tuple[Floats, Floats]:
    """Return the likeliest rates of each stratum in this ratio: the lesser root of a quadratic (eq. 11, 12)."""
    k = counts.k1 + counts.k0
    a, b = counts.n * ratio, -(counts.n1 * ratio + counts.k1 + counts.n0 + counts.k0 * ratio)
    # 2c / (-b + root) is the lesser root without the loss of digits where ratios are far from 1.
    p0 = 2.0 * k / (-b + np.sqrt(np.maximum(b * b - 4.0 * a * k, 0.0)))
    p0 = np.where(k == counts.n, 1.0, p0)  # exactly, as above
    p0 = np.clip(p0, 0.0, min(1.0, 1.0 / ratio))
    return np.clip(p0 * ratio, 0.0, 1.0), p0
