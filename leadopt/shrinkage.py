"""Empirical-Bayes estimates of conversion rates from counts: the mathematics of `AffinityModel`, in numpy alone.

1. *Crossed effects*: the logit of a cell's rate is a base plus one effect of each family (rep, segment column, ...),
   every family normal around zero with a spread that is learned. A family without signal shrinks to nothing.
2. *Cells*: what a rep does with a segment beyond that is beta-binomial around the expected rate.
3. *Intervals*: a Beta distribution with the mean of the estimate and the variance of 1 and 2 together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BASE_DEVIATION = 3.0
"""Prior standard deviation of the base logit; that of Jeffreys' Beta(1/2, 1/2) is pi."""
NO_INTERACTION = 1e6
"""The concentration that says: cells are exactly as their rep and segment lead one to expect."""
_FIRST_DEVIATION = 0.5
_LEAST_VARIANCE = 1e-8
_MOST_DENSE = 600  # effects; up to here their full covariance costs less than 20 ms a step
_LOGIT_BOUND = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Counts by cell, and which level of each family of effects a cell has.

    Parameters
    ----------
    levels
        int64 (n_families, n_cells), from 0 to the family's size - 1
    sizes
        how many levels each family has
    tried, converted
        float64 (n_cells,), ``0 <= converted <= tried``; fractions are fine (decayed counts)
    inflation
        float64 (n_cells,), ``sum(w) / sum(w**2)`` of the weights w of a cell's outcomes. Counts times this scatter like
        whole outcomes (Kish's effective sample size); weighted counts as they are scatter less, and a cell's own rate
        would hide in that
    """

    levels: Ints
    sizes: tuple[int, ...]
    tried: Floats
    converted: Floats
    inflation: Floats

    def discounted(self, factor: Floats) -> "Cells":
        """Return the cells with their counts multiplied by a factor, float64 (n_cells,)."""
        return replace(self, tried=self.tried * factor, converted=self.converted * factor)


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """The base and all effects in one vector: the base, then each family's levels and one level never seen.

    Parameters
    ----------
    values
        float64 (n_effects,), on the logit
    covariance
        float64 (n_effects, n_effects), or (n_effects,) where only the variances are known
    deviations
        float64 (1 + n_families,), standard deviation of the base's prior and of each family
    starts
        int64 (1 + n_families,), where the base and each family start
    """

    values: Floats
    covariance: Floats
    deviations: Floats
    starts: Ints

    def places(self, levels: Sequence[Ints]) -> list[Ints]:
        """Return where the base and each family's levels stand in `values`; the arrays may broadcast."""
        base = np.zeros(np.shape(levels[0]) if levels else 0, dtype=np.int64)
        return [base, *(start + level for start, level in zip(self.starts[1:], levels, strict=True))]

    def rate(self, levels: Sequence[Ints]) -> Floats:
        """Return the expected rate, ``sigmoid(base + sum of effects)``, in the broadcast shape of `levels`."""
        return sigmoid(sum((self.values[place] for place in self.places(levels)), start=np.zeros(())))

    def logit_variance(self, levels: Sequence[Ints]) -> Floats:
        """Return the posterior variance of the logit, ``sum of cov(effect, effect')``, in the shape of `rate`."""
        places = self.places(levels)
        if self.covariance.ndim == 1:
            return sum((self.covariance[place] for place in places), start=np.zeros(()))
        every = (self.covariance[one, other] for one in places for other in places)
        # Rounding may leave a tiny negative where effects nearly cancel.
        return np.maximum(sum(every, start=np.zeros(())), 0.0)


def sigmoid(logit: Floats) -> Floats:
    """Return ``1 / (1 + exp(-logit))``, strictly inside (0, 1)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -_LOGIT_BOUND, _LOGIT_BOUND))))


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


def fit_effects(cells: Cells, start: Effects | None = None, iterations: int = 200) -> Effects:
    """Return the mode and the covariance of all effects, with the spread of each family learned from the data.

    Maximises ``sum(k * eta - n * log(1 + exp(eta))) - sum(u**2 / (2 * tau_f**2))`` by Newton steps, and after each one
    sets every family's variance by MacKay's fixed point, ``tau_f**2 = sum(u**2) / sum(1 - v / tau_f**2)``, where v are
    the posterior variances and the denominator counts the effects that the data, not the prior, determine.

    References
    ----------
    MacKay (1992), Bayesian interpolation, Neural Computation 4(3), doi:10.1162/neco.1992.4.3.415, eq. 4.9-4.10;
    Breslow & Clayton (1993), Approximate inference in generalized linear mixed models, JASA 88(421).
    """
    design = _Design.of(cells)
    variances = np.full(len(cells.sizes), _FIRST_DEVIATION**2) if start is None else start.deviations[1:] ** 2
    values = np.zeros(design.n_effects) if start is None else start.values
    for _ in range(iterations):
        before, old = values, variances
        values = design.newton_step(values, design.precisions(variances))
        covariance = design.covariance(values, design.precisions(variances))
        variances = design.updated_variances(values, covariance, variances)
        if np.abs(values - before).max() < 1e-5 and np.abs(np.log(variances / old)).max(initial=0.0) < 1e-3:
            break
    return Effects(
        values=values,
        covariance=covariance,
        deviations=np.sqrt(np.append(BASE_DEVIATION**2, variances)),
        starts=design.starts,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Design:
    """Which effects each cell adds up, as places in one vector: int64 (1 + n_families, n_cells)."""

    places: Ints
    starts: Ints
    sizes: Ints
    cells: Cells

    @classmethod
    def of(cls, cells: Cells) -> "_Design":
        sizes = np.array([0, *cells.sizes], dtype=np.int64)
        starts = np.cumsum(np.append(0, sizes + 1))[:-1]
        base = np.zeros((1, len(cells.tried)), dtype=np.int64)
        return cls(places=np.vstack([base, cells.levels + starts[1:, None]]), starts=starts, sizes=sizes, cells=cells)

    @property
    def n_effects(self) -> int:
        return int(self.sizes.sum() + len(self.sizes))

    def precisions(self, variances: Floats) -> Floats:
        return np.repeat(1.0 / np.append(BASE_DEVIATION**2, variances), self.sizes + 1)

    def logit(self, values: Floats) -> Floats:
        return np.asarray(values[self.places].sum(axis=0))

    def collect(self, per_cell: Floats) -> Floats:
        """Return the sum over the cells of each effect, float64 (n_effects,)."""
        repeated = np.tile(per_cell, len(self.places))
        return np.bincount(self.places.ravel(), repeated, minlength=self.n_effects).astype(np.float64)

    def information(self, values: Floats) -> Floats:
        rate = sigmoid(self.logit(values))
        return self.cells.tried * rate * (1.0 - rate)

    def loss(self, values: Floats, precisions: Floats) -> float:
        logit = self.logit(values)
        fit = self.cells.tried * np.logaddexp(0.0, logit) - self.cells.converted * logit
        return float(fit.sum() + 0.5 * (precisions * values**2).sum())

    def newton_step(self, values: Floats, precisions: Floats) -> Floats:
        """Return the effects after one Newton step, halved until the loss falls."""
        residual = self.cells.converted - self.cells.tried * sigmoid(self.logit(values))
        gradient = self.collect(residual) - precisions * values
        step = self.solve(self.information(values), precisions, gradient)
        limit = self.loss(values, precisions)
        for _ in range(40):
            if self.loss(values + step, precisions) <= limit:
                return values + step
            step = step / 2.0
        return values

    def solve(self, information: Floats, precisions: Floats, target: Floats) -> Floats:
        if self.n_effects <= _MOST_DENSE:
            return np.asarray(np.linalg.solve(self.precision_matrix(information, precisions), target))
        return self.conjugate_gradients(information, precisions, target)

    def precision_matrix(self, information: Floats, precisions: Floats) -> Floats:
        n = self.n_effects
        pairs = (self.places[:, None, :] * n + self.places[None, :, :]).ravel()
        matrix = np.bincount(pairs, np.tile(information, len(self.places) ** 2), minlength=n * n).reshape(n, n)
        return np.asarray(matrix + np.diag(precisions), dtype=np.float64)

    def conjugate_gradients(self, information: Floats, precisions: Floats, target: Floats) -> Floats:
        diagonal = self.collect(information) + precisions
        solution, residual = np.zeros_like(target), target
        direction = scaled = residual / diagonal
        size = first = float(residual @ scaled)
        for _ in range(300):
            if size <= 1e-10 * first:
                break
            image = self.collect(information * self.logit(direction)) + precisions * direction
            length = size / float(direction @ image)
            solution, residual = solution + length * direction, residual - length * image
            scaled = residual / diagonal
            size, last = float(residual @ scaled), size
            direction = scaled + size / last * direction
        return solution

    def covariance(self, values: Floats, precisions: Floats) -> Floats:
        information = self.information(values)
        if self.n_effects <= _MOST_DENSE:
            return np.asarray(np.linalg.inv(self.precision_matrix(information, precisions)))
        return np.asarray(1.0 / (self.collect(information) + precisions))

    def updated_variances(self, values: Floats, covariance: Floats, variances: Floats) -> Floats:
        uncertain = covariance if covariance.ndim == 1 else np.diagonal(covariance)
        updated = variances.copy()
        # Levels without data have u = 0 and v = tau**2, and so count neither above nor below the fraction bar.
        for family, (start, size) in enumerate(zip(self.starts[1:], self.sizes[1:], strict=True)):
            own = slice(start, start + size)
            determined = float((1.0 - uncertain[own] / variances[family]).sum())
            # Without data, rounding alone decides the sign.
            if determined > 1e-12:
                updated[family] = (values[own] ** 2).sum() / determined
        return np.clip(updated, _LEAST_VARIANCE, BASE_DEVIATION**2)


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
    from scipy.special import betaln

    a, b = concentration * m, concentration * (1.0 - m)
    return float((betaln(k + a, n - k + b) - betaln(a, b)).sum())


def shrunk(tried: Floats, converted: Floats, expected: Floats, concentration: float) -> Floats:
    """Return the posterior mean of a cell's rate, ``(k + kappa * m) / (n + kappa)``.

    Examples
    --------
    >>> shrunk(np.array([0.0, 10.0]), np.array([0.0, 5.0]), np.array([0.2, 0.2]), 10.0)
    array([0.2 , 0.35])
    """
    return np.asarray((converted + concentration * expected) / (tried + concentration))


def credible_interval(
    estimate: Floats, *, tried: Floats, expected: Floats, logit_variance: Floats, concentration: float, level: float
) -> tuple[Floats, Floats]:
    """Return the ends of the central credible interval of each cell's rate.

    Quantiles of the Beta distribution with the estimate p as its mean and the variance of two stages (law of total
    variance): ``p * (1 - p) / (n + kappa + 1)`` within the cell given m, and ``(kappa / (n + kappa))**2 * var(m)`` for
    m itself. The delta method gives ``var(m) = m * (1 - m) * s`` with ``s = m * (1 - m) * v``; ``s / (1 + s)`` in place
    of s agrees for small v and keeps the variance possible for large. The distribution is never wider than one with
    ``a + b = 1``, which at p = 1/2 is Jeffreys' prior.

    Parameters
    ----------
    estimate, tried, expected, logit_variance
        p, n, m and v; float64 of shapes that broadcast
    concentration
        kappa
    level
        probability inside, in (0, 1)

    Returns
    -------
    tuple of Floats
        low and high, with ``0 <= low <= estimate <= high <= 1``
    """
    from scipy.special import betaincinv

    binomial = expected * (1.0 - expected)
    s = binomial * logit_variance
    share = concentration / (tried + concentration)
    within = estimate * (1.0 - estimate) / (tried + concentration + 1.0)
    variance = within + share**2 * binomial * s / (1.0 + s)
    outcomes = np.maximum(estimate * (1.0 - estimate) / variance - 1.0, 1.0)
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
    low, high
        float64, ends of its credible interval
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
    low: Floats
    high: Floats
    tried: Ints
    converted: Ints
    expected: Floats
    weight: Floats
    known_rep: Bools
    known_segment: Bools


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

    def interval(self, cell: Ints, levels: Sequence[Ints], level: float) -> tuple[Floats, Floats]:
        """Return the ends of its credible interval."""
        return credible_interval(
            self.probability(cell, levels),
            tried=self.tally.weighted_tried[cell],
            expected=self.effects.rate(levels),
            logit_variance=self.effects.logit_variance(levels),
            concentration=self.concentration,
            level=level,
        )

    def estimates(
        self, cell: Ints, levels: Sequence[Ints], *, known_rep: Bools, known_segment: Bools, level: float
    ) -> Estimates:
        """Return everything about some segments (rows of `cell`) and reps (its columns)."""
        low, high = self.interval(cell, levels, level)
        tried = self.tally.weighted_tried[cell]
        return Estimates(
            probability=self.probability(cell, levels),
            low=low,
            high=high,
            tried=self.tally.tried[cell],
            converted=self.tally.converted[cell],
            expected=np.broadcast_to(self.effects.rate(levels), cell.shape),
            weight=tried / (tried + self.concentration),
            known_rep=known_rep,
            known_segment=known_segment,
        )
