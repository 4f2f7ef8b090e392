r"""Do groups of outcomes differ by more than chance among leads of the same time?

The model of `heterogeneity` with effects of periods that are not shrunk: whatever level a period has, only outcomes of
one period are compared, so that who works when all goes well does not look good. With F the periods, X the other
effects, V and eta the variances and logits of outcomes,

.. math:: M_F = V - V F (F' V F)^{-1} F' V, \quad M = M_F - M_F X (X' M_F X + \Lambda)^{-1} X' M_F,

residuals are those of one Newton step, :math:`M (\eta + V^{-1} (y - p))`. Sums over groups Z have the covariance
:math:`K = Z' M Z`, and the score its moments as there.

References
----------
Lin (1997), as in `heterogeneity`; Frisch & Waugh (1933), Partial time regressions as compared with individual trends,
Econometrica 1(4), eq. 2, for taking F out first. doi:10.2307/1907330
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.evaluate.backtests.heterogeneity import LEAST_KEPT, MANY, Null, Spectrum
from leadopt.evaluate.history.combinations import crossed
from leadopt.progress import loaded

_FREE = 1e-6  # precision of an effect that is not shrunk: an outcome at a chance of 20% tells .16
_BLOCK = 2**22
_MOST_EFFECTS = 1500  # that are shrunk; without the largest families, groups have less beyond chance, not more


@dataclass(frozen=True, kw_only=True, eq=False)
class Within:
    """An additive model of outcomes within periods, of which groups may be more than it says; an `Additive`.

    Parameters
    ----------
    won
        float64 (n_rows,), 1 or 0
    cell
        int64 (n_rows,), the cell of each row: all rows of a cell have the same levels and period
    n, rate
        float64 (n_cells,), outcomes and their chance by the model without free effects
    period
        int64 (n_cells,), from 0
    places
        int64 (n_families + 1, n_cells), where the other effects of each cell stand
    precisions
        float64 (n_effects,), of the prior
    """

    won: Floats
    cell: Ints
    n: Floats
    rate: Floats
    period: Ints
    places: Ints
    precisions: Floats

    @classmethod
    def of(cls, null: Null, period: Ints, free: Sequence[Ints]) -> "Within":
        """Return a model within periods, int64 (n_rows,), from 0; `free` are further families that are not shrunk."""
        levels, cell = crossed(np.stack([null.cell, period, *free]))
        known = null.largest_left_out(_MOST_EFFECTS)
        sizes = [len(known.precisions), *(int(level.max(initial=-1)) + 1 for level in free)]
        starts = np.cumsum(sizes)[:-1]
        return cls(
            won=null.won,
            cell=cell,
            n=np.bincount(cell, minlength=levels.shape[1]).astype(np.float64),
            rate=null.rate[levels[0]],
            period=levels[1],
            places=np.vstack([known.places[:, levels[0]], levels[2:] + starts[:, None]]),
            precisions=np.append(known.precisions, np.full(sum(sizes[1:]), _FREE)),
        )

    def score(self, group: Ints) -> tuple[float, Spectrum]:
        """Return the score and its spectrum; see `Additive`."""
        members, total, inside = self._of_groups(group)
        shared = (inside.multiply(1.0 / self._total(1)).tocsr() @ inside.T).tocsr()  # Z' V F (F' V F)^-1 F' V Z
        diagonal = total - shared.diagonal()
        square = float((total * (total - 2.0 * shared.diagonal())).sum() + shared.multiply(shared).sum())
        size = len(self.precisions)
        plain, weighted, by_period = np.zeros((size, size)), np.zeros((size, size)), np.zeros((inside.shape[1], size))
        for rows in _blocks(len(total), size):
            mixed = self._mixed(members[rows], inside[rows])
            diagonal[rows] -= ((mixed @ self.covariance) * mixed).sum(axis=1)
            plain += mixed.T @ mixed
            weighted += mixed.T @ (total[rows, None] * mixed)
            by_period += inside[rows].T @ mixed
        weighted -= by_period.T @ (by_period / self._total(1)[:, None])
        square += _square(self.covariance @ plain) - 2.0 * float((self.covariance * weighted).sum())
        trace, single = self._traces
        diagonal, missed = np.maximum(diagonal, 0.0), np.bincount(group, self.residual)
        score = float((missed**2).sum() - (self.residual**2).sum() - (diagonal.sum() - trace))
        return score, Spectrum(diagonal=diagonal[diagonal > 0.0], square=square, single=single)

    def told_apart(self, group: Ints) -> bool:
        """Return whether anything is left to the groups; see `Additive`."""
        members, total, inside = self._of_groups(group)
        left = float(total.sum() - inside.multiply(inside).multiply(1.0 / self._total(1)).sum())
        for rows in _blocks(len(total), len(self.precisions)):
            mixed = self._mixed(members[rows], inside[rows])
            left -= float(((mixed @ self._covariance_of_many) * mixed).sum())
        return left > LEAST_KEPT * float(total.sum())

    @cached_property
    def variance(self) -> Floats:
        """Variance of an outcome of each cell, v, float64 (n_cells,)."""
        return np.asarray(self.rate * (1.0 - self.rate))

    @cached_property
    def covariance(self) -> Floats:
        """The covariance of the effects, once periods are taken out."""
        return np.linalg.inv(self._gram(1) + np.diag(self.precisions)).astype(np.float64)

    @cached_property
    def _covariance_of_many(self) -> Floats:
        """The same with hardly any prior, as if outcomes were many."""
        prior = float((self.n * self.variance).sum()) / MANY
        return np.linalg.inv(self._gram(1) + prior * np.eye(len(self.precisions))).astype(np.float64)

    @cached_property
    def residual(self) -> Floats:
        """What each outcome is beyond the model, float64 (n_rows,); the sum of a period is 0."""
        v, rate = self.variance[self.cell], self.rate[self.cell]
        pull = self.won - rate + v * np.log(rate / (1.0 - rate))
        level = np.bincount(self.period[self.cell], pull) / self._total(1)
        beyond = np.bincount(self.cell, pull - v * level[self.period[self.cell]], minlength=len(self.n))
        effects = self.covariance @ (self._design.T @ beyond)  # those of periods add up to 0
        logit = self._design @ effects + (level - self._level @ effects)[self.period]
        return np.asarray(pull - v * logit[self.cell])

    @cached_property
    def _traces(self) -> tuple[float, float]:
        """The traces of M and M^2, to which single outcomes add up."""
        covariance, total, once, twice = self.covariance, *(self._total(power) for power in (1, 2, 3))
        second = self._gram(2)
        mixed = self._by_period(2).toarray() - self._level.T.multiply(once).toarray()
        third = self._gram(3) - (mixed / total) @ mixed.T
        n, v = self.n, self.variance
        trace = float((n * v).sum() - (once / total).sum() - (covariance * second).sum())
        square = float((n * v**2).sum() - 2.0 * (twice / total).sum() + ((once / total) ** 2).sum())
        return trace, square - 2.0 * float((covariance * third).sum()) + _square(covariance @ second)

    def _of_groups(self, group: Ints) -> tuple[Any, Floats, Any]:
        """Return Z' V by group and cell, its sums, and the same by group and period, sparse."""
        members = _sparse(self.variance[self.cell], group, self.cell, (int(group.max(initial=-1)) + 1, len(self.n)))
        return members, np.asarray(members.sum(axis=1)).reshape(-1), (members @ self._periods).tocsr()

    def _mixed(self, members: Any, inside: Any) -> Floats:
        """Return Z' V (X - its mean in each period), by group and effect, of some groups."""
        return np.asarray((members @ self._design).toarray() - (inside @ self._level).toarray())

    def _gram(self, power: int) -> Floats:
        """Return the sum of ``v^power x x'`` over outcomes, x less its mean in each period, float64 (n_effects,)^2."""
        weighed = self._design.T.multiply(self.n * self.variance**power).tocsr()
        cross = (self._by_period(power) @ self._level).toarray()
        levels = (self._level.T.multiply(self._total(power)).tocsr() @ self._level).toarray()
        return np.asarray((weighed @ self._design).toarray() - cross - cross.T + levels)

    def _total(self, power: int) -> Floats:
        """Return the sum of ``v^power`` over the outcomes of each period, float64 (n_periods,)."""
        return np.bincount(self.period, self.n * self.variance**power).astype(np.float64)

    def _by_period(self, power: int) -> Any:
        """Return the sum of ``v^power x`` over outcomes, by effect and period, sparse."""
        return (self._design.T.multiply(self.n * self.variance**power).tocsr() @ self._periods).tocsr()

    @cached_property
    def _level(self) -> Any:
        """The mean of X in each period, by period and effect, sparse."""
        return self._by_period(1).multiply(1.0 / self._total(1)).T.tocsr()

    @cached_property
    def _design(self) -> Any:
        """X by cell, sparse."""
        rows = np.tile(np.arange(len(self.n)), len(self.places))
        return _sparse(np.ones(self.places.size), rows, self.places.ravel(), (len(self.n), len(self.precisions)))

    @cached_property
    def _periods(self) -> Any:
        """F by cell, sparse."""
        n_cells = len(self.n)
        shape = n_cells, int(self.period.max(initial=-1)) + 1
        return _sparse(np.ones(n_cells), np.arange(n_cells), self.period, shape)


def _sparse(values: Floats, rows: Ints, columns: Ints, shape: tuple[int, int]) -> Any:
    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix

    return csr_matrix((values, (rows, columns)), shape)


def _square(matrix: Floats) -> float:
    """Return the trace of the square."""
    return float((matrix * matrix.T).sum())


def _blocks(n_rows: int, n_columns: int) -> Iterator[slice]:
    """Yield some rows after others, so that a dense matrix of them stays small."""
    step = max(1, _BLOCK // max(1, n_columns))
    for start in range(0, n_rows, step):
        yield slice(start, start + step)
