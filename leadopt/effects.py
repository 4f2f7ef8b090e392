"""Crossed random effects on the logit: what each level of each family adds, and how much a family's levels differ.

The logit of a cell's rate is a base plus one effect of each family (rep, segment column, ...), every family normal
around zero with a spread that is learned. A family without signal shrinks to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BASE_DEVIATION = 3.0
"""Prior standard deviation of the base logit; that of Jeffreys' Beta(1/2, 1/2) is pi."""
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
        # One inverse serves the step and the variances: where it ends, values no longer move between the two.
        covariance = design.covariance(values, design.precisions(variances))
        values = design.newton_step(values, design.precisions(variances), covariance)
        variances = design.updated_variances(values, covariance, variances)
        # In deviations, not in their logarithms: a family without signal creeps to zero for ever.
        if np.abs(values - before).max() < 1e-5 and np.abs(np.sqrt(variances) - np.sqrt(old)).max(initial=0.0) < 1e-4:
            break
    return Effects(
        values=values,
        covariance=design.covariance(values, design.precisions(variances)),
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

    def newton_step(self, values: Floats, precisions: Floats, covariance: Floats) -> Floats:
        """Return the effects after one Newton step, halved until the loss falls."""
        residual = self.cells.converted - self.cells.tried * sigmoid(self.logit(values))
        gradient = self.collect(residual) - precisions * values
        if covariance.ndim == 2:
            step = covariance @ gradient
        else:
            step = self.conjugate_gradients(self.information(values), precisions, gradient)
        limit = self.loss(values, precisions)
        for _ in range(40):
            if self.loss(values + step, precisions) <= limit:
                return values + step
            step = step / 2.0
        return values

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
