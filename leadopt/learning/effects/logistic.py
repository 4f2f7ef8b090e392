"""Outcomes, won or lost, as a likelihood of effects on the logit; the logit, its mixtures and its expected values."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.posterior import Effects, fit_effects
from leadopt.learning.effects.spreads import Prior, Spread, half_normal
from leadopt.learning.effects.waiting import Waiting
from leadopt.progress import loaded

BASE_DEVIATION = 3.0
"""Prior standard deviation of the base logit; that of Jeffreys' Beta(1/2, 1/2) is pi. At half and twice, losses on
simulated floors (see `posterior`) are 19.0 and 19.3 in place of 19.2: a few outcomes outweigh it."""
COLUMN_SCALE = 1.5
"""Prior scale of a column's standard deviation on the logit, if it is the only one: odds that differ by a factor of
e^1.5 are usual. Learned from 45 columns of real data, each by itself: those of a service desk's incidents (BPI
Challenge 2013, 7,554 rows), of a B2B seller's deals (salvirt, Bohanec et al., 448), of a CRM without signal (Maven
Analytics, 6,711), and of a bank's campaign (UCI Bank Marketing, Moro et al. 2014, 41,188). With a half-normal of .8,
1.2, 2 and 3 in place of 1.5 the logarithm of their likelihood falls by 13.2, 1.7, 1.0 and 5.0. Three of the columns are
reps, whose deviations are 0, 1.1 and 5: too few for a scale of their own."""
_LOGIT_BOUND = 30.0  # 1 - sigmoid(30) is 1e-13, so that neither chance nor its complement is lost to rounding
# Gauss-Hermite: with 17 nodes chances are off by 5e-10, 6e-6 and 2e-3 at standard deviations of 1, 2 and 4; with 9 by
# 5e-7, 3e-4 and 1e-2, with 33 by 1e-4 at 4, in half and twice the time.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(17)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_ITERATIONS = 15  # of additive effects: simulated floors settle within 7, families that stand in for each other never
_USUAL = 0.9  # level of the interval that a normal distribution in place of a mixture shares with it
_BISECTIONS = 40
LEAST_INFORMATION = 1e-10  # of a cell, lest pull / information be 0 / 0 where a chance is next to 0 or 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Binomial:
    """Outcomes by cell, of which the sum of effects is the logit; see `Likelihood`.

    Parameters
    ----------
    tried, converted
        float64 (n_cells,), ``0 <= converted <= tried``; fractions are fine (decayed counts)
    waiting
        leads of these cells that are open still; None = there are none, or nothing is known of them
    """

    tried: Floats
    converted: Floats
    waiting: Waiting | None = None

    is_normal: ClassVar[bool] = False
    base_deviation: ClassVar[float] = BASE_DEVIATION
    # At .03 held-out losses are .5757 in place of .5748 (salvirt by source) and .5114 in place of .5110 (by six
    # columns), and those of incidents and maven-crm the same.
    tolerance: ClassVar[float] = 0.01
    noise: ClassVar[float] = 1.0
    freedom: ClassVar[float] = np.inf

    @property
    def n_cells(self) -> int:
        """How many cells there are."""
        return len(self.tried)

    def first_base(self) -> float:
        """Return the logit of the rate of all cells together."""
        total = float(self.tried.sum())
        rate = (float(self.converted.sum()) + 0.5) / (total + 1.0)
        return float(np.log(rate / (1.0 - rate))) if total else 0.0

    def slopes(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Return ``k - n E[sigmoid]``, what cells won beyond expectation, and their information ``n E[sigmoid']``.

        Open leads add what `Waiting.slopes` says, expected likewise.
        """
        pull, information = expected_slopes(mean, variance, self.tried, self.converted, self.waiting)
        return pull, np.maximum(information, LEAST_INFORMATION)

    def deviation(self, spread: Spread) -> float:
        """Return the high quantile: logits that are shrunk too far cost more than those shrunk too little."""
        return spread.deviation

    def learned(self, crossed: Crossed, mean: Floats) -> "Binomial":
        """Return the same: a chance says how much outcomes scatter."""
        return self


def fit_additive(
    levels: Ints, sizes: tuple[int, ...], tried: Floats, converted: Floats, start: Effects | None = None
) -> Effects:
    """Return effects of families that are all that tells cells apart, none of them a pair of columns."""
    outcomes = Binomial(tried=tried, converted=converted)
    return fit_effects(levels, sizes, column_priors(len(sizes)), outcomes, start=start, iterations=_ITERATIONS)


def column_priors(n_columns: int) -> tuple[Prior, ...]:
    """Return the prior of each column's standard deviation: the more columns, the less each should add."""
    return (half_normal(COLUMN_SCALE / max(1, n_columns) ** 0.25),) * n_columns


def expected_slopes(
    mean: Floats,
    variance: Floats,
    tried: Floats,
    converted: Floats,
    waiting: Waiting | None,
    rule: tuple[Floats, Floats] = (_NODES, _WEIGHTS),
) -> tuple[Floats, Floats]:
    """Return pull and information of binomial outcomes and open leads, expected over normal logits, float64 (n,).

    Parameters
    ----------
    mean, variance
        of the logits, float64 (n,)
    tried, converted
        float64 (n,)
    waiting
        open leads of these logits, which may add less than nothing; None = none
    rule
        nodes and weights of the quadrature
    """
    deviation, rate, slope = np.sqrt(variance), np.zeros(len(mean)), np.zeros(len(mean))
    pull, information = np.zeros(len(mean)), np.zeros(len(mean))
    for node, weight in zip(*rule, strict=True):
        at_node = sigmoid(mean + node * deviation)
        rate += weight * at_node
        slope += weight * at_node * (1.0 - at_node)
        if waiting is not None:
            first, second = waiting.slopes(at_node)
            pull, information = pull + weight * first, information + weight * second
    return converted - tried * rate + pull, tried * slope + information


def sigmoid(logit: Floats) -> Floats:
    """Return ``1 / (1 + exp(-logit))``, strictly inside (0, 1)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -_LOGIT_BOUND, _LOGIT_BOUND))))


def expected_rate(mean: Floats, variance: Floats) -> Floats:
    """Return the expected value of ``sigmoid(x)`` for normal x, by Gauss-Hermite quadrature.

    Examples
    --------
    >>> expected_rate(np.array([2.0, 2.0]), np.array([0.0, 4.0])).round(3)
    array([0.881, 0.775])
    """
    deviation = np.sqrt(variance)
    total = np.zeros(np.broadcast_shapes(np.shape(mean), np.shape(variance)))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * sigmoid(mean + node * deviation)
    return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Logits:
    r"""Logits of some pairs: a mixture of normal distributions, float64 (n_nodes, *shape) each.

    Parameters
    ----------
    weight
        float64 (n_nodes,), adds up to 1
    mean, variance
        of each node
    unsupported
        which part of the variance known levels do not support, as they scatter by less
    """

    weight: Floats
    mean: Floats
    variance: Floats
    unsupported: Floats

    def rate(self, besides: float = 0.0) -> Floats:
        """Return the expected chance of each pair, over what known levels support, and a variance besides."""
        supported = np.maximum(self.variance - self.unsupported, 0.0)
        return weighted(self.weight, expected_rate(self.mean, supported + besides))

    def normal(self) -> tuple[Floats, Floats]:
        """Return mean and variance of the normal distribution with the same central 90% interval."""
        from statistics import NormalDist

        mean, deviation = self.mean + self.shift(), np.sqrt(self.variance)
        if len(mean) == 1:
            return mean[0], self.variance[0]
        reach = NormalDist().inv_cdf(0.5 + 0.5 * _USUAL)
        low, high = (_quantile(self.weight, mean, deviation, 0.5 + side * 0.5 * _USUAL) for side in (-1.0, 1.0))
        return 0.5 * (low + high), ((high - low) / (2.0 * reach)) ** 2

    def shift(self) -> Floats:
        """Return by how much logits move so that they are, on average over chances, what `rate` says."""
        wanted = expected_rate(self.mean, np.maximum(self.variance - self.unsupported, 0.0))
        shift = np.zeros_like(self.mean)
        moves = self.unsupported > 1e-9
        if not moves.any():
            return shift
        mean, variance, target, moved = self.mean[moves], self.variance[moves], wanted[moves], np.zeros(moves.sum())
        for _ in range(4):  # Newton steps: the expected rate is next to straight over the way
            now = expected_rate(mean + moved, variance)
            slope = _expected_slope(mean + moved, variance)
            moved = moved + np.clip((target - now) / slope, -1.0, 1.0)
        shift[moves] = moved
        return shift


def _expected_slope(mean: Floats, variance: Floats) -> Floats:
    """Return how fast the expected rate rises with the mean."""
    step = 1e-3
    return np.asarray((expected_rate(mean + step, variance) - expected_rate(mean - step, variance)) / (2.0 * step))


def weighted(weight: Floats, values: Floats) -> Floats:
    """Return the weighted sum along the first axis, one after the other: the same whatever else is asked for."""
    total = np.zeros(values.shape[1:])
    for part, value in zip(weight.tolist(), values, strict=True):
        total += part * value
    return total


def _quantile(weight: Floats, mean: Floats, deviation: Floats, level: float) -> Floats:
    """Return the quantile of weighted normal distributions, by bisection."""
    loaded("scipy.special")
    from scipy.special import ndtr, ndtri

    ends = mean + ndtri(level) * deviation
    low, high = ends.min(axis=0), ends.max(axis=0)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        below = weighted(weight, ndtr((middle - mean) / np.maximum(deviation, 1e-12))) < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
        if (high - low < 1e-6).all():
            break
    return np.asarray(0.5 * (low + high))
