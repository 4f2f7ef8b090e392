"""Linear algebra of crossed families: sums over levels, and the inverse of ``X' W X + P`` or draws from it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.blocks import Blocks, pair_sum
from leadopt.learning.effects.nested import Nest
from leadopt.problem.linear_algebra import applied, cholesky, inverse, product
from leadopt.progress import loaded

MOST_DENSE = 800
"""Effects; up to here their covariance is computed in full, in time that grows with the cube of all but the largest
family. With 900 effects in one family and 40 in another a fit takes 1.1 s either way, and 92% of the 90% intervals hold
the truth, by draws 88%."""
_MOST_ENTANGLED = 150  # levels; with more, no single effect of the others can stand in for many of them
# The plain variance of n draws is off by the part sqrt(2 / n), 20% with 48. With 24 and 96 the loss is the same, 87.6%
# and 88.0% of the intervals hold the truth in place of 88.2%, and 96 take 1.6 times as long.
_MOST_DRAWS, _FEWEST_DRAWS = 48, 8
_MOST_OF_PRIOR = 0.9  # of a variance by draws, which is off by more than that leaves: such a level tells nothing
_DRAWN_TERMS = 1_500_000  # draws times terms of all cells; more would take seconds
_SEED = 20_260_101  # draws are part of the estimate, which must not depend on when or where it is made


def are_drawn(n_cells: int, n_terms: int) -> bool:
    """Return whether draws that are enough can be afforded, of sums of so many terms in each cell."""
    return min(_MOST_DRAWS, _DRAWN_TERMS // max(1, n_cells * n_terms)) >= _FEWEST_DRAWS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crossed:
    """Which effects each cell adds up: a base and one level of each family, as places in one vector.

    After `solved`, it is also the normal distribution with the precision matrix ``X' diag(w) X + diag(p)``: in full;
    for many effects by blocks, which is exact too, where families are nested in one as those of rep x column are in
    the rep; else as draws by which variances are known to some 15%; for very many, effects count as uncorrelated.

    Parameters
    ----------
    places
        int64 (1 + n_families, n_cells)
    sizes
        how many levels each family has
    starts
        int64 (1 + n_families,), where the base and each family start
    """

    places: Ints
    sizes: tuple[int, ...]
    starts: Ints
    nest: Nest | None = None
    matrix: Any = None
    noise: tuple[Floats, Floats] | None = None
    weights: Floats = field(default_factory=lambda: np.zeros(0))
    precisions: Floats = field(default_factory=lambda: np.zeros(0))
    covariance: Floats | None = None
    blocks: Blocks | None = None
    draws: Floats | None = None

    @classmethod
    def of(cls, levels: Ints, sizes: tuple[int, ...]) -> "Crossed":
        """Return the families' places; levels are int64 (n_families, n_cells)."""
        levels = levels.astype(np.int64)  # without families there are none, of any type
        starts = np.cumsum([0, 1, *sizes])[:-1].astype(np.int64)
        places = np.vstack([np.zeros((1, levels.shape[1]), dtype=np.int64), levels + starts[1:, None]])
        many = 1 + sum(sizes) > MOST_DENSE and levels.size > 0
        return cls(places=places, sizes=sizes, starts=starts, nest=Nest.of(levels, sizes) if many else None)

    @property
    def n_effects(self) -> int:
        """How many effects there are, the base included."""
        return 1 + sum(self.sizes)

    @property
    def is_dense(self) -> bool:
        """Whether the covariance is computed in full."""
        return self.n_effects <= MOST_DENSE

    @property
    def is_exact(self) -> bool:
        """Whether the covariance is computed, in full or by blocks."""
        return self.is_dense or self.nest is not None

    @property
    def n_draws(self) -> int:
        """How many draws stand for the covariance; 0 = only variances are known, effects taken for uncorrelated."""
        n_terms, n_cells = self.places.shape
        return min(_MOST_DRAWS, _DRAWN_TERMS // max(1, self.places.size)) if are_drawn(n_cells, n_terms) else 0

    @property
    def pace(self) -> float:
        """Which part of the way to go at once where variances depend on each other; noisy ones want patience."""
        # Whole steps let families that compete for the same outcomes overshoot by turns. By draws, .175 and .7 give
        # the same loss, and 87% and 90% of the intervals hold the truth in place of 88%.
        return 0.7 if self.is_exact else 0.35

    @property
    def slices(self) -> list[slice]:
        """Where each family stands in the vector of effects."""
        return [slice(start, start + size) for start, size in zip(self.starts[1:], self.sizes, strict=True)]

    def spread_out(self, by_family: Floats) -> Floats:
        """Return the base's and each family's number once for every effect."""
        return np.repeat(by_family, [1, *self.sizes])

    def add_up(self, values: Floats) -> Floats:
        """Return the sum of the effects of each cell, float64 (n_cells,)."""
        return np.asarray(values[self.places].sum(axis=0))

    def collect(self, per_cell: Floats) -> Floats:
        """Return the sum over the cells of each effect, float64 (n_effects,)."""
        repeated = np.tile(per_cell, len(self.places))
        return np.bincount(self.places.ravel(), repeated, minlength=self.n_effects).astype(np.float64)

    def solved(self, weights: Floats, precisions: Floats) -> "Crossed":
        """Return the distribution with the precision matrix ``X' diag(weights) X + diag(precisions)``."""
        if self.is_dense:
            return replace(
                self,
                weights=weights,
                precisions=precisions,
                covariance=self._inverse(self.precision_matrix(weights, precisions)),
            )
        if self.nest is not None:
            blocks = Blocks.of(self.nest, self.places, weights, precisions)
            return replace(self, weights=weights, precisions=precisions, blocks=blocks)
        known = self
        if self.matrix is None:
            known = replace(self, matrix=self._design(), noise=self._noise(self.n_draws, np.random.default_rng(_SEED)))
        return replace(known, weights=weights, precisions=precisions)

    def for_sums(self) -> "Crossed":
        """Return the same in less memory, where sums will be asked of it rather than draws."""
        return self if self.blocks is None else replace(self, blocks=self.blocks.for_sums())

    def unsolved(self) -> "Crossed":
        """Return the same without covariances, where they are worked out anew for other weights all the same."""
        return replace(self, covariance=None, blocks=None)

    def times_inverse(self, target: Floats) -> Floats:
        """Return the covariance times a vector."""
        if self.covariance is not None:
            return applied(self.covariance, target)
        if self.blocks is not None:
            return self.blocks.times(target)
        return self._conjugate_gradients(target[:, None], np.zeros((len(target), 1)), 1e-2)[:, 0]

    def drawn(self) -> "Crossed":
        """Return the same with draws, which many effects need for variances; the last ones are where it begins."""
        if self.noise is None or not self.n_draws:
            return self
        target = self._scattered(*self.noise)
        start = np.zeros_like(target) if self.draws is None else self.draws
        return replace(self, draws=self._conjugate_gradients(target, start, 5e-2))

    def draw(self, n_draws: int, rng: "np.random.Generator") -> Floats:
        """Return deviations from the mean drawn from the distribution, float64 (n_draws, n_effects)."""
        if self.covariance is not None:
            # A trifle on the diagonal, lest rounding makes what is next to singular less than that.
            trifle = 1e-12 * float(np.diagonal(self.covariance).max())
            root = cholesky(self.covariance + trifle * np.eye(self.n_effects))
            return np.asarray(product(root, rng.standard_normal((self.n_effects, n_draws))).T)
        if self.blocks is not None:
            return self.blocks.draw(n_draws, rng)
        target = self._scattered(*self._noise(n_draws, rng))
        return np.ascontiguousarray(self._conjugate_gradients(target, np.zeros_like(target), 1e-2).T)

    def cell_variance(self) -> Floats:
        """Return the variance of each cell's sum of effects, float64 (n_cells,)."""
        if self.covariance is not None:
            # Rounding may leave a tiny negative where effects nearly cancel.
            return np.maximum(pair_sum(self.covariance, list(self.places)), 0.0)
        if self.blocks is not None:
            return self.blocks.cell_variance
        if self.draws is None:
            return self.add_up(self.variances()) if len(self.weights) else np.zeros(self.places.shape[1])
        return np.asarray(((self.matrix @ self.draws) ** 2).mean(axis=1))

    def scatter(self) -> list[Floats]:
        """Return each family's covariance (n_levels, n_levels), or its variances (n_levels,) where levels are many.

        Infinite where draws cannot tell what is known from nothing.
        """
        variances = self.variances()
        if self.draws is not None:
            variances = np.where(variances * self.precisions > _MOST_OF_PRIOR, np.inf, variances)

        def of_family(part: slice, size: int) -> Floats:
            if size > _MOST_ENTANGLED:
                return variances[part]
            if self.covariance is not None:
                return self.covariance[part, part]
            return variances[part] if self.blocks is None else self.blocks.scatter(part)

        return [of_family(part, size) for part, size in zip(self.slices, self.sizes, strict=True)]

    def cell_scatter(self, own: Floats, share: Floats) -> Floats:
        """Return the covariance of effects ``e - share * (sum of a cell's effects)`` with e of variance `own`.

        Variances alone where there are many.
        """
        if self.covariance is None or self.places.shape[1] > _MOST_ENTANGLED:
            return np.asarray(own + share**2 * self.cell_variance())
        rows = np.zeros((self.places.shape[1], self.n_effects))
        rows[np.arange(len(rows))[None, :], self.places] = share
        return np.asarray(np.diag(own) + product(product(rows, self.covariance), rows.T))

    def variances(self) -> Floats:
        """Return the variance of each effect, float64 (n_effects,).

        From draws x, by the variance of an effect given all others and the scatter of its mean given them, which is far
        less noisy than the scatter of the draws where an effect hangs on few cells.

        References
        ----------
        Siden, Lindgren, Bolin & Villani (2018), Efficient covariance approximations for large sparse precision
        matrices, JCGS 27(4), doi:10.1080/10618600.2018.1473782, sec. 3.1.
        """
        if self.covariance is not None:
            return np.diagonal(self.covariance).copy()
        if self.blocks is not None:
            return self.blocks.variances()
        weight: Floats = self.matrix.T @ self.weights
        if self.draws is None:
            return np.asarray(1.0 / (weight + self.precisions))
        draws = self.draws
        others = self.matrix.T @ (self.weights[:, None] * (self.matrix @ draws)) - weight[:, None] * draws
        alone, pulled = weight + self.precisions, (others**2).mean(axis=1)
        conditional = 1.0 / alone + pulled / alone**2
        entangled = pulled > 0.5 * alone * weight
        return np.asarray(np.where(entangled, np.minimum((draws**2).mean(axis=1), conditional), conditional))

    def sum_of(self, mean: Floats, levels: Sequence[Ints]) -> tuple[Floats, Floats]:
        """Return mean and variance of the base plus one known level of each family; arrays that broadcast.

        A level that is its family's size is one never seen, and adds nothing.
        """
        places = self._padded_places(levels)
        total = sum((np.append(mean, 0.0)[place] for place in places), start=np.zeros(()))
        if self.covariance is not None:
            padded = np.pad(self.covariance, (0, 1))
            return np.asarray(total), np.maximum(pair_sum(padded, places), 0.0)
        if self.blocks is not None:
            return np.asarray(total), self.blocks.sum_variance(places)
        if self.draws is None:
            alone = np.append(self.variances(), 0.0)
            return np.asarray(total), np.asarray(sum((alone[place] for place in places), start=np.zeros(())))
        variance = np.zeros(np.shape(total))
        for draw in self.draws.T:
            variance += self.sum_of_draw(draw, levels) ** 2
        return np.asarray(total), variance / self.n_draws

    def with_base(self, family: int, deviation: float) -> Floats:
        """Return the variance of the base and each level of a family, and of one never seen, (n_levels + 1,)."""
        part, new = self.slices[family], deviation**2
        if self.covariance is not None:
            base, with_base = self.covariance[0, 0], self.covariance[0, part]
            known = base + 2.0 * with_base + np.diagonal(self.covariance)[part]
        else:
            levels = [np.array(size) for size in self.sizes]
            levels[family] = np.arange(self.sizes[family] + 1)
            *_, base = known = self.sum_of(np.zeros(self.n_effects), levels)[1]
            known = known[:-1]
        return np.append(known, base + new)

    def sum_of_draw(self, deviation: Floats, levels: Sequence[Ints]) -> Floats:
        """Return the sum of a draw's deviations for the base and one level of each family; several draws come first."""
        padded = np.concatenate([deviation, np.zeros((*deviation.shape[:-1], 1))], axis=-1)
        return np.asarray(sum((padded[..., place] for place in self._padded_places(levels)), start=np.zeros(())))

    def _padded_places(self, levels: Sequence[Ints]) -> list[Ints]:
        base = np.zeros(np.broadcast_shapes(*(np.shape(level) for level in levels)) if levels else (), dtype=np.int64)
        known = zip(levels, self.starts[1:], self.sizes, strict=True)
        return [base, *(np.where(level < size, start + level, self.n_effects) for level, start, size in known)]

    def precision_matrix(self, weights: Floats, precisions: Floats) -> Floats:
        """Return ``X' diag(weights) X + diag(precisions)``."""
        matrix = np.zeros((self.n_effects, self.n_effects))
        families = list(zip([slice(0, 1), *self.slices], self.places, strict=True))
        # One pair of families at a time: of all at once, there would be many times as many numbers as cells.
        for number, (part, one) in enumerate(families):
            for beside, other in families[number:]:
                shape = (part.stop - part.start, beside.stop - beside.start)
                key = (one - part.start) * shape[1] + (other - beside.start)
                found = np.bincount(key, weights, minlength=shape[0] * shape[1]).reshape(shape)
                matrix[part, beside], matrix[beside, part] = found, found.T
        matrix.ravel()[:: self.n_effects + 1] += precisions
        return np.asarray(matrix)

    def _inverse(self, matrix: Floats) -> Floats:
        """Return the inverse, by blocks: that of the largest family is diagonal, since no cell has two of its levels.

        With D for that block, B for its rows in the others' columns and the Schur complement ``S = A - B' B / D``, the
        inverse is ``S^-1`` there, and ``1 / D + (B / D) S^-1 (B / D)'`` on the block.
        """
        if not self.sizes:
            return inverse(matrix)
        block = self.slices[int(np.argmax(self.sizes))]
        rest = np.delete(np.arange(self.n_effects), block)
        diagonal, across = np.diagonal(matrix)[block].copy(), matrix[block][:, rest]
        scaled = across / diagonal[:, None]
        inner = inverse(matrix[rest][:, rest] - product(across.T, scaled))
        mixed = product(scaled, inner)
        within = product(mixed, scaled.T)
        within.ravel()[:: len(within) + 1] += 1.0 / diagonal
        found = np.empty_like(matrix)
        found[np.ix_(rest, rest)] = inner
        found[block, block] = within
        found[block, rest] = -mixed
        found[rest, block] = -mixed.T
        return found

    def _design(self) -> Any:
        loaded("scipy.sparse")
        from scipy.sparse import csr_matrix

        n_terms, n_cells = self.places.shape
        rows = np.tile(np.arange(n_cells), n_terms)
        return csr_matrix((np.ones(rows.size), (rows, self.places.ravel())), shape=(n_cells, self.n_effects))

    def _noise(self, n_draws: int, rng: "np.random.Generator") -> tuple[Floats, Floats]:
        return rng.standard_normal((self.places.shape[1], n_draws)), rng.standard_normal((self.n_effects, n_draws))

    def _scattered(self, of_cells: Floats, of_effects: Floats) -> Floats:
        """Return vectors whose covariance is the precision matrix: the inverse times them is a draw."""
        cells, priors = np.sqrt(self.weights)[:, None] * of_cells, np.sqrt(self.precisions)[:, None] * of_effects
        return np.asarray(self.matrix.T @ cells + priors)

    def _conjugate_gradients(self, target: Floats, start: Floats, tolerance: float) -> Floats:
        """Return the inverse times each column of `target`, preconditioned by the diagonal."""
        transposed, weights, precisions = self.matrix.T.tocsr(), self.weights[:, None], self.precisions[:, None]
        diagonal = (transposed @ self.weights)[:, None] + precisions
        enough = tolerance**2 * (target**2 / diagonal).sum(axis=0) + 1e-300

        def image(values: Floats) -> Floats:
            return np.asarray(transposed @ (weights * (self.matrix @ values)) + precisions * values)

        solution, residual = start, target - image(start)
        scaled = residual / diagonal
        direction, size = scaled, (residual * scaled).sum(axis=0)
        for _ in range(300):
            if (size <= enough).all():
                break
            moved = image(direction)
            length = size / np.maximum((direction * moved).sum(axis=0), 1e-300)
            solution, residual = solution + length * direction, residual - length * moved
            scaled = residual / diagonal
            last, size = size, (residual * scaled).sum(axis=0)
            direction = scaled + size / np.maximum(last, 1e-300) * direction
        return solution
