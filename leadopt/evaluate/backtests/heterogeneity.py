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
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.history.combinations import crossed
from leadopt.learning.effects.logistic import expected_rate, fit_additive
from leadopt.progress import loaded

ALPHA = 0.01
"""How often a history without differences shows one."""
POWER = 0.8
_MOST_EFFECTS = 3000
_BLOCK = 2**22
_FEW = 0.05  # of a matrix that is not 0: up to here sums over these are sooner done than those over all
_NO_PAIRS = 1e-12  # what rounding makes of none
_MOST_TIMES = 1e6  # as many outcomes again would be no advice
MANY = 1e6  # information, that of 6 million outcomes at a rate of 20%, beside which a prior is nothing
LEAST_KEPT = 2e-3  # of it, by groups that share the levels of other families with others at least now and then


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
    told_apart
        whether outcomes can tell the groups from what else is in the model, however many there are
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
    told_apart: bool = True

    @property
    def found(self) -> bool:
        """Whether the groups differ by more than chance."""
        return self.p_value < self.alpha

    @property
    def would_show(self) -> bool:
        """Whether a difference worth knowing would have shown."""
        return self.detectable <= self.wanted and self.told_apart


class Additive(Protocol):
    """An additive model of outcomes, by which groups of them are tested."""

    def score(self, group: Ints) -> "tuple[float, Spectrum]":
        """Return U less its mean under the null, and the spectrum of K, of rows' groups, from 0."""
        ...

    def told_apart(self, group: Ints) -> bool:
        """Return whether effects that hardly are shrunk leave something to the groups, as if outcomes were many.

        Where each level of a family has one group alone, the two are one: more outcomes do not help.
        """
        ...


def heterogeneity(names: str, group: Ints, null: Additive, *, wanted: float, alpha: float = ALPHA) -> Heterogeneity:
    """Return whether groups differ beyond additive effects of some families.

    Parameters
    ----------
    names
        what the groups are, in words
    group
        int64 (n_rows,), from 0
    null
        the additive model of these rows
    wanted
        standard deviation on the logit that is worth knowing
    alpha
        p-values below are taken for a difference

    Notes
    -----
    Time and memory grow with the rows, and with the cube and the square of the number of effects. Beyond 3,000 effects
    what was fitted is not corrected for: the test then finds less.
    """
    if not len(group):
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
    score, spectrum = null.score(group)
    apart = null.told_apart(group)
    return Heterogeneity(
        groups=names,
        n_groups=len(np.unique(group)),
        n_outcomes=len(group),
        p_value=spectrum.chance_above(score),
        alpha=alpha,
        deviation=float(np.sqrt(max(0.0, score) / spectrum.pairs)) if spectrum.pairs > _NO_PAIRS else 0.0,
        detectable=_least(lambda sigma: spectrum.power(sigma, alpha) >= POWER, 1e-3, 10.0),
        wanted=wanted,
        needed=_needed(spectrum, wanted, alpha, len(group)) if apart else None,
        told_apart=apart,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Null:
    """An additive model of outcomes, of which several groups may be more than it says.

    Parameters
    ----------
    won
        float64 (n_rows,), 1 or 0
    cell
        int64 (n_rows,), the cell of each row: all rows of a cell have the same levels
    n, k, rate
        float64 (n_cells,), outcomes, won ones and their chance
    places
        int64 (n_families + 1, n_cells), where the effects of each cell stand
    precisions
        float64 (n_effects,), of the prior
    """

    won: Floats
    cell: Ints
    n: Floats
    k: Floats
    rate: Floats
    places: Ints
    precisions: Floats

    @classmethod
    def of(cls, families: Sequence[Ints], won: Floats) -> "Null":
        """Return the model of rows with these levels, int64 (n_rows,) each, from 0, that were won (1) or not (0)."""
        levels, cell = crossed(np.array(families, dtype=np.int64).reshape(len(families), len(won)))
        n = np.bincount(cell, minlength=levels.shape[1]).astype(np.float64)
        k = np.bincount(cell, won, minlength=levels.shape[1]).astype(np.float64)
        effects = fit_additive(levels, tuple(int(family.max(initial=-1)) + 1 for family in levels), n, k)
        rate = expected_rate(*effects.total(list(levels), np.arange(len(n))))
        places, precisions = effects.crossed.places, effects.precisions
        return cls(won=won, cell=cell, n=n, k=k, rate=rate, places=places, precisions=precisions)

    def score(self, group: Ints) -> "tuple[float, Spectrum]":
        """Return the score and its spectrum; see `Additive`."""
        return _score(group, self)

    def told_apart(self, group: Ints) -> bool:
        """Return whether anything is left to the groups; see `Additive`."""
        return _told_apart(group, self)

    @property
    def variance(self) -> Floats:
        """Variance of an outcome of each cell, v, float64 (n_cells,)."""
        return self.rate * (1.0 - self.rate)

    def largest_left_out(self, most: int) -> "Null":
        """Return the same rates, of which no more effects count as fitted than that: the largest families do not."""
        places, precisions = list[Ints](), list[Floats]()
        known = [np.unique(place, return_inverse=True) for place in self.places]
        for effects, place in sorted(known, key=lambda each: len(each[0])):
            if (n := sum(map(len, precisions))) + len(effects) <= most:
                places.append(place.reshape(-1) + n)
                precisions.append(self.precisions[effects])
        return replace(self, places=np.array(places), precisions=np.concatenate(precisions))

    @property
    def is_known(self) -> bool:
        """Whether what fitted effects take is computed."""
        return len(self.precisions) <= _MOST_EFFECTS

    @cached_property
    def design(self) -> Any:
        """X by cell, sparse."""
        loaded("scipy.sparse")
        from scipy.sparse import csr_matrix

        n_cells = len(self.n)
        rows = np.tile(np.arange(n_cells), len(self.places))
        return csr_matrix((np.ones(self.places.size), (rows, self.places.ravel())), (n_cells, len(self.precisions)))

    @cached_property
    def covariance(self) -> Floats:
        """A, the covariance of the effects."""
        precision = _gram(self.design, self.n * self.variance).toarray() + np.diag(self.precisions)
        return np.linalg.inv(precision).astype(np.float64)

    @property
    def many(self) -> float:
        """How many times the outcomes hold so much information that a prior is nothing beside it."""
        return MANY / max(float((self.n * self.variance).sum()), _NO_PAIRS)

    @cached_property
    def covariance_of_many(self) -> Floats:
        """The covariance of the effects, hardly shrunk, if there were so many outcomes."""
        precision = _gram(self.design, self.many * self.n * self.variance).toarray() + np.eye(len(self.precisions))
        return np.linalg.inv(precision).astype(np.float64)

    @cached_property
    def taken_of_outcomes(self) -> Floats:
        """What fitted effects take from the diagonal of M, float64 (n_cells,)."""
        if not self.is_known:
            return np.zeros(len(self.n))
        pairs = (self.covariance[one, other] for one in self.places for other in self.places)
        return np.asarray(self.variance**2 * sum(pairs, start=np.zeros(len(self.n))))

    @cached_property
    def single(self) -> float:
        """The trace of M^2, to which single outcomes add up."""
        n, v = self.n, self.variance
        taken = 0.0
        if self.is_known:
            taken = _of_square(self.covariance, _gram(self.design, n * v**2), _gram(self.design, n * v**3))
        return float((n * v**2).sum()) - taken


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """What is known of K: its diagonal, the trace of its square, and that of M, which single outcomes make alone."""

    diagonal: Floats
    square: float
    single: float

    @property
    def pairs(self) -> float:
        """T: half the variance of the score without a difference."""
        return max(0.0, self.square - self.single)

    def times(self, factor: float) -> "Spectrum":
        """Return the spectrum of so many times the outcomes."""
        return Spectrum(diagonal=factor * self.diagonal, square=factor**2 * self.square, single=factor * self.single)

    def chance_above(self, score: float, sigma: float = 0.0) -> float:
        """Return the chance of a larger score, its mean under the null taken off, if groups differ by so much."""
        loaded("scipy.special")
        from scipy.special import chdtrc

        if self.pairs <= _NO_PAIRS:
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
        loaded("scipy.special")
        from scipy.special import chdtri

        if self.pairs <= _NO_PAIRS:
            return 0.0
        freedom = max(1.0, float(self.diagonal.sum() ** 2 / (self.diagonal**2).sum()))
        critical = (float(chdtri(freedom, alpha)) - freedom) / np.sqrt(2.0 * freedom)
        return self.chance_above(critical * np.sqrt(2.0 * self.pairs), sigma)


def _score(group: Ints, null: Null) -> tuple[float, Spectrum]:
    """Return U less its mean under the null, and the spectrum of K, of rows' groups, from 0."""
    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix, diags

    rate, v, shape = null.rate, null.variance, (int(group.max(initial=-1)) + 1, len(null.n))
    tried, won = (csr_matrix((each, (group, null.cell)), shape) for each in (np.ones(len(group)), null.won))
    total = np.asarray(tried @ v)
    of_groups, of_square = _taken(tried @ diags(v), total, null)
    diagonal = np.maximum(total - of_groups, 0.0)
    squares = null.k * (1.0 - rate) ** 2 + (null.n - null.k) * rate**2
    missed = np.asarray(won.sum(axis=1)).reshape(-1) - np.asarray(tried @ rate)
    mean = diagonal.sum() - (null.n * (v - null.taken_of_outcomes)).sum()
    spectrum = Spectrum(
        diagonal=diagonal[diagonal > 0.0], square=float((total**2).sum()) - of_square, single=null.single
    )
    return float((missed**2).sum() - squares.sum() - mean), spectrum


def _taken(members: Any, total: Floats, null: Null) -> tuple[Floats, float]:
    """Return what fitted effects take from the diagonal of K and from tr K^2; members are Z' W, by group and cell.

    With A their covariance and B = Z' W X, diag(B A B') from the diagonal.
    """
    if not null.is_known:
        return np.zeros(len(total)), 0.0
    mixed = members @ null.design
    parts = [np.asarray(part.multiply(part @ null.covariance).sum(axis=1)).reshape(-1) for part in _blocks(mixed)]
    square = _of_square(null.covariance, _gram(mixed, np.ones(len(total))), _gram(mixed, total))
    return np.concatenate(parts), square


def _told_apart(group: Ints, null: Null) -> bool:
    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix

    if not null.is_known:
        return True
    shape = int(group.max(initial=-1)) + 1, len(null.n)
    members = csr_matrix((null.many * null.variance[null.cell], (group, null.cell)), shape)
    mixed, total = members @ null.design, float(members.sum())
    taken = sum(float(part.multiply(part @ null.covariance_of_many).sum()) for part in _blocks(mixed))
    return total - taken > LEAST_KEPT * total


def _gram(matrix: Any, weight: Floats) -> Any:
    """Return X' diag(weight) X of a sparse matrix X, sparse."""
    loaded("scipy.sparse")
    from scipy.sparse import diags

    return (matrix.T @ (diags(weight) @ matrix)).tocsr()


def _of_square(covariance: Floats, plain: Any, weighted: Any) -> float:
    """Return tr D^2 - tr (D - B A B')^2, that is 2 tr(A B' D B) - tr((A B' B)^2), of sparse B' B and B' D B."""
    few = plain.nnz < _FEW * covariance.size
    image = plain @ covariance if few else plain.toarray() @ covariance
    return float(2.0 * weighted.multiply(covariance).sum() - (image * image.T).sum())


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


def _needed(spectrum: Spectrum, wanted: float, alpha: float, n_outcomes: int) -> int | None:
    times = _least(lambda factor: spectrum.times(factor).power(wanted, alpha) >= POWER, 1e-3, _MOST_TIMES)
    return int(np.ceil(times * n_outcomes)) if np.isfinite(times) else None
