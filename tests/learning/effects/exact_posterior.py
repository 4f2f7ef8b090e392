"""The exact posterior of a small model of crossed effects, by sums over spreads and importance sampling: an oracle.

Nothing of the library's arithmetic is used: each family's standard deviation takes equally likely values of its prior,
and for all combinations of them the posterior of base and effects is sampled around its mode with heavy tails. Weights
make it exact but for the number of draws and of values.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import erfinv, gammaln

FREEDOM = 6.0  # of the t distribution that is drawn from


@dataclass(frozen=True, kw_only=True)
class Exact:
    """Weighted draws: base (n,), effects of each family (n, n_levels), spreads (n, n_families)."""

    weight: np.ndarray
    base: np.ndarray
    effects: list[np.ndarray]
    spreads: np.ndarray

    def logits(self, levels, rng):
        """Return draws of the sum of the base and one level of each family; None = one never seen."""
        total = self.base.copy()
        for number, level in enumerate(levels):
            unseen = self.spreads[:, number] * rng.standard_normal(len(total))
            total += unseen if level is None else self.effects[number][:, level]
        return total

    def mean(self, values):
        return float(self.weight @ values)

    def quantiles(self, values, wanted):
        order = np.argsort(values)
        return np.interp(wanted, self.weight[order].cumsum(), values[order])


def half_normal_spreads(no_effect, scale, n):
    """Return values of a standard deviation and their prior probabilities: none, or half-normal."""
    return _spreads(no_effect, scale * np.sqrt(2.0) * erfinv((np.arange(n) + 0.5) / n))


def exponential_spreads(no_effect, mean, n):
    """Return the same where it is none, or exponential."""
    return _spreads(no_effect, -mean * np.log1p(-(np.arange(n) + 0.5) / n))


def _spreads(no_effect, quantiles):
    n = len(quantiles)
    return np.append(1e-3, quantiles), np.append(no_effect, np.full(n, (1.0 - no_effect) / n))


def exact_posterior(levels, sizes, priors, tried, converted, *, base_deviation, n_draws, rng):
    """Return draws from the posterior, given each cell's level of each family, and its outcomes."""
    n_cells, n_effects = len(tried), 1 + sum(sizes)
    starts = np.cumsum([1, *sizes])
    design = np.zeros((n_cells, n_effects))
    design[:, 0] = 1.0
    for start, level in zip(starts, levels, strict=False):
        design[np.arange(n_cells), start + level] = 1.0
    parts = []
    for chosen in product(*(range(len(values)) for values, _ in priors)):
        spreads = np.array([values[k] for (values, _), k in zip(priors, chosen, strict=True)])
        log_prior = sum(np.log(weights[k]) for (_, weights), k in zip(priors, chosen, strict=True))
        deviation = np.repeat(np.append(base_deviation, spreads), [1, *sizes])
        draws, log_weight = _conditional(design * deviation, tried, converted, n_draws, rng)
        parts.append((draws * deviation, log_weight + log_prior, spreads))
    log_weight = np.concatenate([weight for _, weight, _ in parts])
    weight = np.exp(log_weight - log_weight.max())
    effects = np.concatenate([draws for draws, _, _ in parts])
    return Exact(
        weight=weight / weight.sum(),
        base=effects[:, 0],
        effects=[effects[:, start : start + size] for start, size in zip(starts, sizes, strict=False)],
        spreads=np.repeat([spreads for *_, spreads in parts], n_draws, axis=0),
    )


def _conditional(design, tried, converted, n_draws, rng):
    """Return draws of standardised effects, prior N(0, 1) each, and the logarithms of their weights."""
    n = design.shape[1]
    mode = np.zeros(n)
    for _ in range(60):
        rate = 1.0 / (1.0 + np.exp(-design @ mode))
        precision = design.T @ ((tried * rate * (1.0 - rate))[:, None] * design) + np.eye(n)
        step = np.linalg.solve(precision, design.T @ (converted - tried * rate) - mode)
        mode = mode + step * min(1.0, 2.0 / max(1e-12, np.abs(design @ step).max()))
        if np.abs(step).max() < 1e-8:
            break
    root = np.linalg.inv(np.linalg.cholesky(precision)).T
    normal = rng.standard_normal((n_draws, n))
    scaled = normal / np.sqrt(rng.chisquare(FREEDOM, n_draws) / FREEDOM)[:, None]
    draws = mode + scaled @ root.T
    logit = draws @ design.T
    log_target = (converted * logit - tried * np.logaddexp(0.0, logit)).sum(axis=1) - 0.5 * (draws**2).sum(axis=1)
    log_proposal = -0.5 * (FREEDOM + n) * np.log1p((scaled**2).sum(axis=1) / FREEDOM)
    log_proposal += gammaln((FREEDOM + n) / 2) - gammaln(FREEDOM / 2) - 0.5 * n * np.log(FREEDOM / 2)
    log_proposal -= np.log(np.abs(np.diagonal(root))).sum()
    return draws, log_target - log_proposal - np.log(n_draws)
