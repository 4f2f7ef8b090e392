"""The inverse of ``X' W X + P`` where effects are nested in the levels of a hub: exact, and never in full."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.nested import Nest
from leadopt.problem.linear_algebra import applied, cholesky, inverse, product

_SMALL = 64  # rows up to which LAPACK takes one thread for each of many matrices (`linear_algebra`)
_AT_ONCE = 16_384  # sums, of which the terms fit into a cache


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    r"""The normal distribution with the precision matrix ``X' diag(w) X + diag(p)``, by blocks.

    No cell has effects of two blocks. With D for a block, B for its rows in the rest's columns and A for the rest,

    .. math:: S = A - \sum B' D^{-1} B, \quad E = D^{-1} B, \quad
       \Sigma = \begin{pmatrix} D^{-1} + E S^{-1} E' & -E S^{-1} \\ -S^{-1} E' & S^{-1} \end{pmatrix}

    and between two blocks :math:`E_1 S^{-1} E_2'`.

    Parameters
    ----------
    nest
        where effects stand
    alone
        float64 (n_blocks, width, width), the inverse of each D: the covariance if the rest were known
    carried
        float64 (n_blocks, width, n_rest), E
    rest
        float64 (n_rest, n_rest), the covariance of the rest
    across
        float64 (n_blocks, width, n_rest), that of each block with it
    within
        float64 (n_blocks, width, width), that of each block

    References
    ----------
    Bates & DebRoy (2004), Linear mixed models and penalized least squares, Journal of Multivariate Analysis 91(1),
    doi:10.1016/j.jmva.2004.04.013, on eliminating nested effects by blocks.
    """

    nest: Nest
    alone: Floats
    carried: Floats
    rest: Floats
    across: Floats
    within: Floats

    @classmethod
    def of(cls, nest: Nest, places: Ints, weights: Floats, precisions: Floats) -> "Blocks":
        """Return the distribution; places are as of `Crossed`, weights of its cells and precisions of its effects."""
        block, across, rest = _precision(nest, places, weights, precisions)
        alone = _inverses(block)
        carried = _products(alone, across)
        flat = (-1, rest.shape[0])
        covariance = inverse(rest - product(across.reshape(flat).T, carried.reshape(flat)))
        mixed = -product(carried.reshape(flat), covariance).reshape(carried.shape)
        within = alone - _products(mixed, carried.swapaxes(1, 2))
        return cls(nest=nest, alone=alone, carried=carried, rest=covariance, across=mixed, within=within)

    def times(self, target: Floats) -> Floats:
        """Return the covariance times a vector."""
        of_blocks = np.append(target, 0.0)[self.nest.members]
        rest = target[self.nest.rest] - np.einsum("bwr,bw->r", self.carried, of_blocks)
        found = applied(self.rest, rest)
        return self._joined(np.einsum("bvw,bw->bv", self.alone, of_blocks) - self.carried @ found, found)

    def variances(self) -> Floats:
        """Return the variance of each effect, float64 (n_effects,)."""
        return self._joined(np.einsum("bww->bw", self.within), np.diagonal(self.rest))

    def scatter(self, part: slice) -> Floats:
        """Return the covariance of some effects, all of them in blocks or none."""
        block, slot = self.nest.block_of[part], self.nest.slot_of[part]
        if (block == len(self.alone)).all():
            return self.rest[np.ix_(slot, slot)]
        found = -product(self.across[block, slot], np.ascontiguousarray(self.carried[block, slot].T))
        same = block[:, None] == block
        return np.asarray(found + np.where(same, self.alone[block[:, None], slot[:, None], slot], 0.0))

    def draw(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return deviations drawn from the distribution, float64 (n_draws, n_effects)."""
        rest = product(_root(self.rest), rng.standard_normal((len(self.rest), n_draws)))
        noise = rng.standard_normal((*self.alone.shape[:2], n_draws))
        found = np.empty((n_draws, len(self.nest.block_of) - 1))
        found[:, self.nest.rest] = rest.T
        for block, members in enumerate(self.nest.members):
            drawn = product(_root(self.alone[block]), noise[block]) - product(self.carried[block], rest)
            known = members < found.shape[1]
            found[:, members[known]] = drawn[known].T
        return found

    def cell_variance(self, places: Ints) -> Floats:
        """Return the variance of each cell's sum of effects; a twin adds up with its nested effect first."""
        nest, n_rest = self.nest, len(self.rest)
        padded, parent = np.pad(self.rest, (0, 1)), nest.parent_of
        shared = np.pad(self.across, ((0, 0), (0, 0), (0, 1)))
        to_parents = np.take_along_axis(shared, parent[:, None, :], axis=2)
        pairs = self.within + to_parents + to_parents.swapaxes(1, 2) + padded[parent[:, :, None], parent[:, None, :]]
        block = nest.block_of[places[1 + nest.hub]]
        row = [block * parent.shape[1] + nest.slot_of[places[1 + family]] for family in nest.nested]
        slot = [nest.slot_of[places[1 + family]] for family in nest.nested]
        lone = [nest.slot_of[places[1 + family]] for family in nest.lone]
        total = _pair_sum(pairs.reshape(-1, parent.shape[1]), row, slot)
        if lone:
            total = total + _pair_sum(self.rest, lone, lone)
            with_rest = self.across.reshape(-1, n_rest) + padded[parent.ravel(), :-1]
            for one in row:
                for other in lone:
                    total += 2.0 * with_rest[one, other]
        return np.maximum(total, 0.0)

    def sum_variance(self, places: Sequence[Ints]) -> Floats:
        """Return the variance of sums of the base and one effect of each family; their number stands for none."""
        nest, (_, width, n_rest) = self.nest, self.across.shape
        # What two effects of the rest have in common is the same for all that have both.
        others = [nest.slot_of[places[1 + family]] for family in sorted((*nest.twinned, *nest.lone))]
        among_rest = _pair_sum(np.pad(self.rest, (0, 1)), others, others)
        shape = np.broadcast_shapes(*(np.shape(place) for place in places))
        every = [np.broadcast_to(place, shape).ravel() for place in places]
        # Block after block, and a few sums at once: what is looked up is at hand then.
        order = np.argsort(nest.block_of[every[1 + nest.hub]], kind="stable")
        within, across = (np.pad(part, ((0, 1), (0, 1), (0, 1))) for part in (self.within, self.across))
        total = np.empty(len(order))
        for start in range(0, len(order), _AT_ONCE):
            chosen = order[start : start + _AT_ONCE]
            terms = [place[chosen] for place in every]
            own = nest.block_of[terms[1 + nest.hub]]
            inside = [nest.block_of[terms[1 + family]] < len(self.alone) for family in nest.nested]
            slot = [np.where(here, nest.slot_of[terms[1 + k]], width) for here, k in zip(inside, nest.nested, strict=True)]
            row = [own * (width + 1) + each for each in slot]
            beside = [nest.slot_of[terms[1 + family]] for family in sorted((*nest.twinned, *nest.lone))]
            total[chosen] = _pair_sum(within.reshape(-1, width + 1), row, slot)
            for one in row:
                for other in beside:
                    total[chosen] += 2.0 * across.reshape(-1, n_rest + 1)[one, other]
        total = total.reshape(shape) + among_rest
        # Where a level was never seen with this one of the hub, its effect is another block's.
        own = nest.block_of[every[1 + nest.hub]]
        found = [nest.block_of[every[1 + family]] for family in nest.nested]
        astray = np.flatnonzero(sum(((one < len(self.alone)) & (one != own) for one in found), np.zeros(len(own), bool)))
        for start in range(0, len(astray), _AT_ONCE):
            chosen = astray[start : start + _AT_ONCE]
            total.ravel()[chosen] = self._across_blocks(np.array([place[chosen] for place in every]))
        return np.maximum(total, 0.0)

    def _across_blocks(self, places: Ints) -> Floats:
        """Return the variance of sums whose terms lie anywhere, int64 (n_terms, n_sums)."""
        block, slot = self.nest.block_of[places], self.nest.slot_of[places]
        inside, n_rest = block < len(self.alone), len(self.rest)
        left, total = np.zeros((block.shape[1], n_rest + 1)), np.zeros(block.shape[1])
        every = np.arange(block.shape[1])
        for one, its_slot, known in zip(block, slot, inside, strict=True):
            left[every[~known], its_slot[~known]] += 1.0
            left[known, :-1] -= self.carried[one[known], its_slot[known]]
            for other, other_slot in zip(block, slot, strict=True):
                same = known & (one == other)
                total[same] += self.alone[one[same], its_slot[same], other_slot[same]]
        left = left[:, :-1]
        return np.asarray(total + (product(left, self.rest) * left).sum(axis=1))

    def _joined(self, of_blocks: Floats, rest: Floats) -> Floats:
        found = np.empty(len(self.nest.block_of))
        found[self.nest.members] = of_blocks
        found[self.nest.rest] = rest
        return found[:-1]


def _precision(nest: Nest, places: Ints, weights: Floats, precisions: Floats) -> tuple[Floats, Floats, Floats]:
    """Return D, B and A: with twins, most sums of B and A are sums of D."""
    (n_blocks, width), n_rest, n_cells = nest.members.shape, len(nest.rest), places.shape[1]
    slot = [nest.slot_of[places[1 + family]] for family in nest.nested]
    row = [nest.block_of[places[1 + nest.hub]] * width + each for each in slot]
    lone = np.array([nest.slot_of[places[1 + family]] for family in nest.lone], dtype=np.int64).reshape(-1, n_cells)
    half = np.zeros(n_blocks * width * width)
    for number, one in enumerate(row[1:], 1):
        at = (one * width + np.array(slot[:number])).ravel()
        half += np.bincount(at, np.tile(weights, number), minlength=len(half))
    own = sum((np.bincount(each, weights, minlength=n_blocks * width) for each in row), np.zeros(n_blocks * width))
    block = half.reshape(n_blocks, width, width)
    block = block + block.swapaxes(1, 2)
    np.einsum("bww->bw", block)[:] += own.reshape(n_blocks, width)
    of_rest = np.zeros((n_blocks * width, n_rest + 1))
    parents = nest.parent_of.reshape(n_blocks, 1, width)
    np.put_along_axis(of_rest.reshape(n_blocks, width, -1), np.broadcast_to(parents, block.shape), block, axis=2)
    of_rest = np.ascontiguousarray(of_rest[:, :-1])
    if len(lone):
        more = np.zeros(of_rest.size)
        for one in row:
            more += np.bincount((one * n_rest + lone).ravel(), np.tile(weights, len(lone)), minlength=len(more))
        of_rest += more.reshape(of_rest.shape)
    rest = np.zeros((n_rest + 1, n_rest))
    np.add.at(rest, nest.parent_of.ravel(), of_rest)
    rest = rest[:-1]
    if len(lone):
        alone = np.zeros(n_rest * n_rest)
        for one in lone:
            alone += np.bincount((one * n_rest + lone).ravel(), np.tile(weights, len(lone)), minlength=len(alone))
        which = np.zeros(n_rest, dtype=bool)
        which[lone.ravel()] = True
        rest[which] = rest[:, which].T
        rest[np.ix_(which, which)] = alone.reshape(n_rest, n_rest)[np.ix_(which, which)]
    rest.ravel()[:: n_rest + 1] += precisions[nest.rest]
    np.einsum("bww->bw", block)[:] += np.append(precisions, 1.0)[nest.members]
    return block, of_rest.reshape(n_blocks, width, n_rest), rest


def _pair_sum(table: Floats, rows: Sequence[Ints], columns: Sequence[Ints]) -> Floats:
    """Return the sum over all pairs of terms of a symmetric table, of which the terms are rows and columns."""
    total = np.zeros(())
    for number, one in enumerate(rows):
        total = total + table[one, columns[number]]
        for other in columns[number + 1 :]:
            total = total + 2.0 * table[one, other]
    return np.asarray(total)


def _inverses(blocks: Floats) -> Floats:
    """Return the inverse of each of many matrices."""
    return np.linalg.inv(blocks) if blocks.shape[1] <= _SMALL else np.stack([inverse(block) for block in blocks])


def _products(a: Floats, b: Floats) -> Floats:
    """Return the products of many pairs of matrices, in pieces for which BLAS takes one thread (`linear_algebra`)."""
    found = np.zeros((len(a), a.shape[1], b.shape[2]))
    pieces = [[slice(start, start + _SMALL) for start in range(0, size, _SMALL)] for size in (*found.shape[1:], a.shape[2])]
    for down in pieces[0]:
        for across in pieces[1]:
            for inner in pieces[2]:
                found[:, down, across] += a[:, down, inner] @ b[:, inner, across]
    return found


def _root(covariance: Floats) -> Floats:
    """Return a Cholesky factor, with a trifle on the diagonal, lest rounding makes what is next to singular less."""
    trifle = 1e-12 * float(np.diagonal(covariance).max())
    return cholesky(covariance + trifle * np.eye(len(covariance)))
