"""Empirical-Bayes estimates of conversion rates from counts: the mathematics of `AffinityModel`, on arrays alone.

1. *Crossed effects* (`effects`): what rep and segment alone lead one to expect of a cell, and how sure that is.
2. *Cells*: what a rep does with a segment beyond that is beta-binomial around the expected rate.
3. *Intervals*: a Beta distribution with the mean of the estimate and the variance of 1 and 2 together, computed only
   for the pairs that are asked for; an estimate carries the number of outcomes that it is worth.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.effects import Cells, Effects, fit_effects, sigmoid
from leadopt.errors import InvalidInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_INTERACTION = 1e6
"""The concentration that says: cells are exactly as their rep and segment lead one to expect."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """What happened in each cell, and one more cell at the end, empty, for all that never happened.

    Parameters
    ----------
    keys
        int64 (n_cells,), ascending, the number that stands for a cell
    tried, converted
        int64 (n_cells + 1,), outcomes as they are
    weighted_tried, weighted_converted
        float64 (n_cells + 1,), outcomes discounted by age
    squared_weights
        float64 (n_cells + 1,), sum of the squared weights of the outcomes
    """

    keys: Ints
    tried: Ints
    converted: Ints
    weighted_tried: Floats
    weighted_converted: Floats
    squared_weights: Floats

    @classmethod
    def of(cls, keys: Ints, count: Ints, converted: Ints, day: Ints | None, half_life: float | None) -> "Tally":
        """Return the tally of groups of outcomes: their cell's key, how many, whether won, when.

        A group of age t days, counted back from the latest, weighs ``0.5**(t / half_life)``.
        """
        age = np.zeros(len(keys)) if day is None else day.max(initial=0) - day
        # In this order the sums, and so the last digits of everything, do not depend on the order of the history.
        order = np.lexsort((count, converted, age, keys))
        cells, cell = np.unique(keys[order], return_inverse=True)
        n, k = count[order], (count * converted)[order]
        weight = 0.5 ** (age[order] / (half_life or np.inf))
        tried, won, *weighted = (
            np.bincount(cell, number, minlength=len(cells) + 1).astype(np.float64)
            for number in (n, k, n * weight, k * weight, n * weight**2)
        )
        return cls(
            keys=cells,
            tried=tried.astype(np.int64),
            converted=won.astype(np.int64),
            weighted_tried=weighted[0],
            weighted_converted=weighted[1],
            squared_weights=weighted[2],
        )

    def find(self, keys: Ints) -> Ints:
        """Return each key's cell, the empty one where it has none."""
        place = np.searchsorted(self.keys, keys)
        return np.where(np.append(self.keys, -1)[place] == keys, place, len(self.keys))

    def cells(self, levels: Ints, sizes: tuple[int, ...]) -> Cells:
        """Return the discounted counts of the cells that are not empty, with their levels."""
        tried, squares = self.weighted_tried[:-1], self.squared_weights[:-1]
        inflation = np.divide(tried, squares, out=np.ones_like(tried), where=squares > 0.0)
        return Cells(
            levels=levels, sizes=sizes, tried=tried, converted=self.weighted_converted[:-1], inflation=inflation
        )


def fit(cells: Cells, rounds: int = 8) -> tuple[Effects, float]:
    """Return the effects and the concentration of the cells around them.

    The two are learned in turn. Outcomes of one cell resemble each other, so that n of them tell about the effects
    only as much as ``n * (kappa + 1) / (kappa + n)`` independent ones; without that discount a large cell's own
    peculiarity would pass for its rep's.

    Parameters
    ----------
    cells
        counts, in an order that does not depend on the order of the history
    rounds
        at most so many turns; it ends when the concentration moves by less than 2%

    References
    ----------
    Williams (1982), Extra-binomial variation in logistic linear models, Applied Statistics 31(2), method II.
    """
    from threadpoolctl import threadpool_limits

    # Matrices of a few hundred rows gain nothing from threads, and on a busy machine these wait for each other.
    with threadpool_limits(1, user_api="blas"):
        return _fit_in_turn(cells, rounds)


def _fit_in_turn(cells: Cells, rounds: int) -> tuple[Effects, float]:
    concentration, discounted = NO_INTERACTION, cells
    n, k = cells.tried * cells.inflation, cells.converted * cells.inflation
    effects = fit_effects(cells)
    for _ in range(rounds):
        before = concentration
        concentration = fit_concentration(n, k, *leave_one_out(discounted, effects))
        if abs(np.log(concentration / before)) < 0.02:
            break
        discounted = cells.discounted(np.minimum(1.0, (concentration + 1.0) / (concentration + cells.tried)))
        effects = fit_effects(discounted, start=effects)
    return effects, concentration


def leave_one_out(cells: Cells, effects: Effects) -> tuple[Floats, Floats]:
    """Return each cell's expected rate and logit variance as the other cells alone would have them, to first order.

    With ``r = k - n * m`` and the leverage ``h = v * n * m * (1 - m)``: ``eta - v * r / (1 - h)`` and ``v / (1 - h)``.
    Effects lean towards the cells they are fitted to; judged by that fit, cells seem to need no rate of their own.

    References
    ----------
    Pregibon (1981), Logistic regression diagnostics, Annals of Statistics 9(4), doi:10.1214/aos/1176345513, sec. 4.
    """
    levels = list(cells.levels)
    rate, variance = effects.rate(levels), effects.logit_variance(levels)
    # Where only the diagonal of the covariance is known, the leverage may come out above 1.
    kept = np.maximum(1.0 - variance * cells.tried * rate * (1.0 - rate), 0.05)
    logit = np.log(rate / (1.0 - rate)) - variance * (cells.converted - cells.tried * rate) / kept
    return sigmoid(logit), variance / kept


def fit_concentration(tried: Floats, converted: Floats, expected: Floats, logit_variance: Floats) -> float:
    """Return the concentration kappa under which ``k ~ BetaBinomial(n, c * m, c * (1 - m))`` is likeliest.

    ``1 / c = 1 / kappa + m * (1 - m) * v``: that m itself is uncertain explains part of the scatter around it (delta
    method). Searched on a logarithmic grid from 0.1 to `NO_INTERACTION`, then on two finer ones around its best point.

    Parameters
    ----------
    tried, converted
        n and k, float64 (n_cells,)
    expected, logit_variance
        m and v, float64 (n_cells,), from the other cells (`leave_one_out`)

    References
    ----------
    Skellam (1948), A probability distribution derived from the binomial distribution by regarding the probability
    of success as variable between the sets of trials, JRSS B 10(2).

    Examples
    --------
    >>> n, m, v = np.full(4, 50.0), np.full(4, 0.5), np.zeros(4)
    >>> fit_concentration(n, np.array([25.0, 24.0, 26.0, 25.0]), m, v) > 1e5  # no more scatter than chance
    True
    >>> fit_concentration(n, np.array([5.0, 45.0, 10.0, 40.0]), m, v) < 5
    True
    """
    # A cell of one outcome is Bernoulli(m) whatever the concentration.
    telling = tried > 1.0
    if not telling.any():
        return NO_INTERACTION
    n, k, m = tried[telling], converted[telling], expected[telling]
    blur = m * (1.0 - m) * logit_variance[telling]
    low, high = np.log(0.1), np.log(NO_INTERACTION)
    for _ in range(3):
        grid = np.linspace(low, high, 13)
        best = int(np.argmax([_log_marginal(1.0 / (np.exp(-point) + blur), n, k, m) for point in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 12)]
    return float(np.exp(grid[best]))


def _log_marginal(concentration: Floats, n: Floats, k: Floats, m: Floats) -> float:
    a, b = concentration * m, concentration * (1.0 - m)
    above = log_gamma(k + a) + log_gamma(n - k + b) - log_gamma(n + a + b)
    below = log_gamma(a) + log_gamma(b) - log_gamma(a + b)
    return float((above - below).sum())


def log_gamma(x: Floats) -> Floats:
    """Return the logarithm of the gamma function of positive numbers, to 1e-11.

    Stirling's series, from 8 on; below, ``gamma(x) = gamma(x + 8) / (x (x + 1) ... (x + 7))``. SciPy has it too, but
    importing `scipy.special` takes longer than learning from 200,000 rows, and nothing else here needs it at once.

    References
    ----------
    Abramowitz & Stegun (1964), Handbook of Mathematical Functions, eq. 6.1.15 and 6.1.41.

    Examples
    --------
    >>> log_gamma(np.array([1.0, 5.0])).round(9)
    array([-0.      ,  3.17805383])
    """
    small = x < 8.0
    y = np.where(small, x + 8.0, x)
    inverse = 1.0 / (y * y)
    series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / y
    result = (y - 0.5) * np.log(y) - y + 0.5 * np.log(2.0 * np.pi) + series
    low = x[small]
    product = low.copy()
    for step in range(1, 8):
        product *= low + step
    result[small] -= np.log(product)
    return np.asarray(result)


def shrunk(tried: Floats, converted: Floats, expected: Floats, concentration: float) -> Floats:
    """Return the posterior mean of a cell's rate, ``(k + kappa * m) / (n + kappa)``.

    Examples
    --------
    >>> shrunk(np.array([0.0, 10.0]), np.array([0.0, 5.0]), np.array([0.2, 0.2]), 10.0)
    array([0.2 , 0.35])
    """
    return np.asarray((converted + concentration * expected) / (tried + concentration))


def effective_outcomes(
    estimate: Floats, *, tried: Floats, expected: Floats, logit_variance: Floats, concentration: float
) -> Floats:
    """Return how many outcomes each estimate is worth: the ``a + b`` of the Beta distribution that describes it.

    The distribution has the estimate p as its mean and the variance of two stages (law of total variance):
    ``p * (1 - p) / (n + kappa + 1)`` within the cell given m, and ``(kappa / (n + kappa))**2 * var(m)`` for m itself.
    The delta method gives ``var(m) = m * (1 - m) * s`` with ``s = m * (1 - m) * v``; ``s / (1 + s)`` in place of s
    agrees for small v and keeps the variance possible for large. It is never wider than one with ``a + b = 1``,
    which at p = 1/2 is Jeffreys' prior.

    Parameters
    ----------
    estimate, tried, expected, logit_variance
        p, n, m and v; float64 of shapes that broadcast
    concentration
        kappa
    """
    binomial = expected * (1.0 - expected)
    s = binomial * logit_variance
    share = concentration / (tried + concentration)
    within = estimate * (1.0 - estimate) / (tried + concentration + 1.0)
    variance = within + share**2 * binomial * s / (1.0 + s)
    return np.asarray(np.maximum(estimate * (1.0 - estimate) / variance - 1.0, 1.0))


def credible_interval(estimate: Floats, outcomes: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the ends of the central credible interval of each rate, ``0 <= low <= estimate <= high <= 1``.

    Quantiles of the Beta distribution with mean `estimate` and ``a + b = outcomes``, a few microseconds each.

    Parameters
    ----------
    estimate, outcomes
        float64 of shapes that broadcast
    level
        probability inside, in (0, 1)

    Raises
    ------
    InvalidInput
        the level is not between 0 and 1
    """
    from scipy.special import betaincinv

    if not 0.0 < level < 1.0:
        raise InvalidInput(f"level: must be between 0 and 1, such as 0.9; found {level!r}")
    a, b = outcomes * estimate, outcomes * (1.0 - estimate)
    low, high = (betaincinv(a, b, (1.0 + side * level) / 2.0) for side in (-1.0, 1.0))
    # The mean of a very skewed Beta lies outside its central interval.
    return np.minimum(low, estimate), np.maximum(high, estimate)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """What a history says about every pair of some segments and reps; arrays (n_segments, n_reps) unless noted.

    Parameters
    ----------
    probability
        float64, estimated chance of conversion, in (0, 1)
    outcomes
        float64, how many outcomes the estimate is worth, borrowed ones included (`effective_outcomes`)
    tried, converted
        int64, the pair's own settled and won outcomes, each counted once whatever its age
    expected
        float64, what rep and segment alone lead one to expect
    weight
        float64 in [0, 1), share of the pair's own outcomes in the estimate; the rest is `expected`
    known_rep
        bool (n_reps,), False for a rep that history never saw
    known_segment
        bool (n_segments,), False for a combination of levels that history never saw
    """

    probability: Floats
    outcomes: Floats
    tried: Ints
    converted: Ints
    expected: Floats
    weight: Floats
    known_rep: Bools
    known_segment: Bools

    def interval(
        self, segments: Any = slice(None), reps: Any = slice(None), level: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Return low and high (`credible_interval`) of the pairs that these numpy indices pick; all by default."""
        return credible_interval(self.probability[segments, reps], self.outcomes[segments, reps], level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """All that was learned. Its methods take cells of the tally and each family's level there, which may broadcast."""

    tally: Tally
    effects: Effects
    concentration: float

    def probability(self, cell: Ints, levels: Sequence[Ints]) -> Floats:
        """Return the estimated chance of conversion, in the shape of `cell`."""
        tried, converted = self.tally.weighted_tried[cell], self.tally.weighted_converted[cell]
        return shrunk(tried, converted, self.effects.rate(levels), self.concentration)

    def outcomes(self, cell: Ints, levels: Sequence[Ints]) -> Floats:
        """Return how many outcomes that estimate is worth."""
        return effective_outcomes(
            self.probability(cell, levels),
            tried=self.tally.weighted_tried[cell],
            expected=self.effects.rate(levels),
            logit_variance=self.effects.logit_variance(levels),
            concentration=self.concentration,
        )

    def estimates(self, cell: Ints, levels: Sequence[Ints], *, known_rep: Bools, known_segment: Bools) -> Estimates:
        """Return everything about some segments (rows of `cell`) and reps (its columns)."""
        tried = self.tally.weighted_tried[cell]
        return Estimates(
            probability=self.probability(cell, levels),
            outcomes=self.outcomes(cell, levels),
            tried=self.tally.tried[cell],
            converted=self.tally.converted[cell],
            expected=np.broadcast_to(self.effects.rate(levels), cell.shape),
            weight=tried / (tried + self.concentration),
            known_rep=known_rep,
            known_segment=known_segment,
        )
