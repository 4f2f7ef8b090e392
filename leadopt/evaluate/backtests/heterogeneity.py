r"""Do groups of outcomes differ by more than chance, how small a difference would have shown, and how many show one?

The model under the null hypothesis is additive on the logit, with effects as `leadopt.learning.effects.logistic` learns
them: outcome i has chance p_i and variance :math:`v_i = p_i (1 - p_i)`. The score for a further variance
:math:`\sigma^2` of groups g
is what two outcomes of one group have in common,

.. math:: U = \sum_g \sum_{i \ne j \in g} (y_i - p_i)(y_j - p_j).

Effects that were fitted to the outcomes take from it. With X the design, W = diag(v), Lambda the prior precisions of
the effects and Z the groups, residuals have the covariance
:math:`M = W - W X (X' W X + \Lambda)^{-1} X' W` and sums over groups :math:`K = Z' M Z`, so that U has the mean
:math:`\operatorname{tr} K - \sum_i m_{ii} + \sigma^2 T` and, for small sigma, the variance 2 T, with
:math:`T = \operatorname{tr} K^2 - \operatorname{tr} M^2`.

References
----------
Lin (1997), Variance component testing in generalised linear models with random effects, Biometrika 84(2), eq. 3-8;
Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics Bulletin 2(6).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.history.combinations import crossed
from leadopt.learning.effects.logistic import expected_rate, fit_additive

ALPHA = 0.01
"""How often a history without differences shows one."""
POWER = 0.8
_MOST_EFFECTS = 3000
_BLOCK = 2**22
_MOST_TIMES = 1e6  # as many outcomes again would be no advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """Whether groups differ beyond an additive model.

    Parameters
    ----------
    groups
        what they are, in words
    n_groups, n_outcomes
        how many
    p_value
        chance of as large a score if there were no difference
    deviation
        estimated standard deviation of the groups on the logit, 0 where the score is below its mean
    alpha
        p-values below are taken for a difference
    detectable
        the least standard deviation that such a history shows with a power of 80%; inf if none
    wanted
        the standard deviation that is worth knowing
    needed
        how many outcomes, spread like these, show `wanted` with that power; None if no number of them does
    """

    groups: str
    n_groups: int
    n_outcomes: int
    p_value: float
    alpha: float
    deviation: float
    detectable: float
    wanted: float
    needed: int | None

    @property
    def found(self) -> bool:
        """Whether the groups differ by more than chance."""
        return self.p_value < self.alpha

    @property
    def would_show(self) -> bool:
        """Whether a difference worth knowing would have shown."""
        return self.detectable <= self.wanted


def heterogeneity(
    names: str, group: Ints, families: Sequence[Ints], won: Floats, *, wanted: float, alpha: float = ALPHA
) -> Heterogeneity:
    """Return whether groups differ beyond additive effects of some families.

    Parameters
    ----------
    names
        what the groups are, in words
    group
        int64 (n_rows,), from 0
    families
        the level of each row, int64 (n_rows,) each, from 0
    won
        1 or 0
    wanted
        standard deviation on the logit that is worth knowing
    alpha
        p-values below are taken for a difference

    Notes
    -----
    Time and memory grow with the rows, and with the cube and the square of the number of effects. Beyond 3,000 effects
    what was fitted is not corrected for: the test then finds less.
    """
    if not len(won):
        return Heterogeneity(
            groups=names,
            n_groups=0,
            n_outcomes=0,
            p_value=1.0,
            alpha=alpha,
            deviation=0.0,
            detectable=float("inf"),
            wanted=wanted,
            needed=None,
        )
    cells, cell = crossed(np.array([group, *families]))
    n = np.bincount(cell, minlength=cells.shape[1]).astype(np.float64)
    k = np.bincount(cell, won, minlength=cells.shape[1]).astype(np.float64)
    score, spectrum = _score(cells[0], cells[1:], n, k)
    return Heterogeneity(
        groups=names,
        n_groups=len(np.unique(group)),
        n_outcomes=len(won),
        p_value=spectrum.chance_above(score),
        alpha=alpha,
        deviation=float(np.sqrt(max(0.0, score) / spectrum.pairs)) if spectrum.pairs > 0.0 else 0.0,
        detectable=_least(lambda sigma: spectrum.power(sigma, alpha) >= POWER, 1e-3, 10.0),
        wanted=wanted,
        needed=_needed(spectrum, wanted, alpha, len(won)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Spectrum:
    """What is known of K: its diagonal, the trace of its square, and that of M, which single outcomes make alone."""

    diagonal: Floats
    square: float
    single: float

    @property
    def pairs(self) -> float:
        """T: half the variance of the score without a difference."""
        return max(0.0, self.square - self.single)

    def times(self, factor: float) -> "_Spectrum":
        """Return the spectrum of so many times the outcomes."""
        return _Spectrum(diagonal=factor * self.diagonal, square=factor**2 * self.square, single=factor * self.single)

    def chance_above(self, score: float, sigma: float = 0.0) -> float:
        """Return the chance of a larger score, its mean under the null taken off, if groups differ by so much."""
        from scipy.special import chdtrc

        if self.pairs <= 1e-12:
            return 1.0
        grown = self.diagonal * (1.0 + sigma**2 * self.diagonal)
        more = 2.0 * sigma**2 * (self.diagonal**3).sum() + sigma**4 * (self.diagonal**4).sum()
        deviation = np.sqrt(2.0 * (self.pairs + more))
        z = (score - sigma**2 * self.pairs) / deviation
        # Few groups make a skewed score: that of a chi-square with as many degrees of freedom as equal groups.
        freedom = max(1.0, float(grown.sum() ** 2 / (grown**2).sum()))
        return float(chdtrc(freedom, max(0.0, freedom + z * np.sqrt(2.0 * freedom))))

    def power(self, sigma: float, alpha: float) -> float:
        """Return the chance that groups that differ by so much are found."""
        from scipy.special import chdtri

        if self.pairs <= 1e-12:
            return 0.0
        freedom = max(1.0, float(self.diagonal.sum() ** 2 / (self.diagonal**2).sum()))
        critical = (float(chdtri(freedom, alpha)) - freedom) / np.sqrt(2.0 * freedom)
        return self.chance_above(critical * np.sqrt(2.0 * self.pairs), sigma)


def _score(group: Ints, levels: Ints, n: Floats, k: Floats) -> tuple[float, _Spectrum]:
    """Return U less its mean under the null, and the spectrum of K, from counts by cell; groups are from 0."""
    rate, places, precisions = _null(levels, n, k)
    v, residual = rate * (1.0 - rate), k - n * rate
    n_groups = int(group.max(initial=-1)) + 1
    total = np.bincount(group, n * v, minlength=n_groups)
    taken = _taken(group, places, n, v, precisions)
    diagonal = np.maximum(total - taken.of_groups, 0.0)
    squares = k * (1.0 - rate) ** 2 + (n - k) * rate**2
    score = (np.bincount(group, residual, minlength=n_groups) ** 2).sum() - squares.sum()
    mean = diagonal.sum() - (n * (v - taken.of_outcomes)).sum()
    spectrum = _Spectrum(
        diagonal=diagonal[diagonal > 0.0],
        square=float((total**2).sum()) - taken.of_square,
        single=float((n * v**2).sum()) - taken.of_single,
    )
    return float(score - mean), spectrum


def _null(levels: Ints, n: Floats, k: Floats) -> tuple[Floats, Ints, Floats]:
    """Return each cell's chance in the additive model, where its effects stand, and the effects' prior precisions."""
    sizes = tuple(int(family.max(initial=-1)) + 1 for family in levels)
    effects = fit_additive(levels, sizes, n, k)
    return expected_rate(*effects.total(list(levels), np.arange(len(n)))), effects.crossed.places, effects.precisions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Taken:
    """What fitted effects take from W: from the diagonal of K, from that of M by cell, from tr K^2 and from tr M^2."""

    of_groups: Floats
    of_outcomes: Floats
    of_square: float
    of_single: float


def _taken(group: Ints, places: Ints, n: Floats, v: Floats, precisions: Floats) -> _Taken:
    """Return what fitted effects take; with A their covariance and B = Z' W X, from the diagonal diag(B A B')."""
    from scipy.sparse import csr_matrix

    n_cells, n_effects, n_groups = len(n), len(precisions), int(group.max(initial=-1)) + 1
    if n_effects > _MOST_EFFECTS:
        return _Taken(of_groups=np.zeros(n_groups), of_outcomes=np.zeros(n_cells), of_square=0.0, of_single=0.0)
    rows = np.tile(np.arange(n_cells), len(places))
    design: Any = csr_matrix((np.ones(places.size), (rows, places.ravel())), (n_cells, n_effects))
    members: Any = csr_matrix((n * v, (group, np.arange(n_cells))), (n_groups, n_cells))
    covariance: Floats = np.linalg.inv(_gram(design, n * v) + np.diag(precisions)).astype(np.float64)
    mixed, total = members @ design, np.bincount(group, n * v, minlength=n_groups).astype(np.float64)
    parts = [np.asarray(part.multiply(part @ covariance).sum(axis=1)).reshape(-1) for part in _blocks(mixed)]
    leverage = sum((covariance[one, other] for one in places for other in places), start=np.zeros(n_cells))
    return _Taken(
        of_groups=np.concatenate(parts),
        of_outcomes=v**2 * leverage,
        of_square=_of_square(covariance, _gram(mixed, np.ones(n_groups)), _gram(mixed, total)),
        of_single=_of_square(covariance, _gram(design, n * v**2), _gram(design, n * v**3)),
    )


def _gram(matrix: Any, weight: Floats) -> Floats:
    """Return X' diag(weight) X of a sparse matrix X."""
    from scipy.sparse import diags

    return np.asarray((matrix.T @ (diags(weight) @ matrix)).toarray())


def _of_square(covariance: Floats, plain: Floats, weighted: Floats) -> float:
    """Return tr D^2 - tr (D - B A B')^2, that is 2 tr(A B' D B) - tr((A B' B)^2)."""
    image = covariance @ plain
    return float(2.0 * (covariance * weighted).sum() - (image * image.T).sum())


def _blocks(matrix: Any) -> Iterator[Any]:
    """Yield some rows after others, so that their product with a square matrix stays small."""
    step = max(1, _BLOCK // max(1, matrix.shape[1]))
    for start in range(0, matrix.shape[0], step):
        yield matrix[start : start + step]


def _least(shows: Callable[[float], bool], low: float, high: float) -> float:
    """Return the least number that shows, to 0.1%, searched in proportion; inf if not even `high` does."""
    if not shows(high):
        return float("inf")
    while high / low > 1.001:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def _needed(spectrum: _Spectrum, wanted: float, alpha: float, n_outcomes: int) -> int | None:
    times = _least(lambda factor: spectrum.times(factor).power(wanted, alpha) >= POWER, 1e-3, _MOST_TIMES)
    return int(np.ceil(times * n_outcomes)) if np.isfinite(times) else None
