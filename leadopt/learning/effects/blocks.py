"""The inverse of ``X' W X + P`` where effects are nested in the levels of a hub: exact, and never in full."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.nested import Nest
from leadopt.problem.linear_algebra import applied, choleskies, inverse, product
from leadopt.progress import loaded

_SMALL = 64  # rows up to which LAPACK takes one thread for each of many matrices (`linear_algebra`)
_AT_ONCE = 16_384  # sums, of which the terms fit into a cache


@dataclass(frozen=True, kw_only=True, eq=False)
class Blocks:
    r"""The normal distribution with the precision matrix ``X' diag(w) X + diag(p)``, by blocks.

    No cell has effects of two blocks. With D for a block, B for its rows in the rest's columns and A for the rest,

    .. math:: S = A - \sum B' D^{-1} B, \quad E = D^{-1} B, \quad
       \Sigma = \begin{pmatrix} D^{-1} + E S^{-1} E' & -E S^{-1} \\ -S^{-1} E' & S^{-1} \end{pmatrix}

    and between two blocks :math:`E_1 S^{-1} E_2'`.

    Parameters
    ----------
    nest, places
        where effects stand, and which each cell has, as of `Crossed`
    weights, precisions
        float64 (n_cells,), w, and (n_effects,), p
    within
        float64, the covariance of each block, as `Nest.start_of` has their numbers one after another
    across
        float64 (n_rows + 1, n_rest + 1), the covariance of each row with the rest; 0 at the end, which stands for none
    rest
        float64 (n_rest, n_rest), the covariance of the rest
    known
        `alone` and `carried`; None = they are worked out anew where they are asked for

    References
    ----------
    Bates & DebRoy (2004), Linear mixed models and penalized least squares, Journal of Multivariate Analysis 91(1),
    doi:10.1016/j.jmva.2004.04.013, on eliminating nested effects by blocks.
    """

    nest: Nest
    places: Ints
    weights: Floats
    precisions: Floats
    within: Floats
    across: Floats
    rest: Floats
    known: tuple[Floats, Floats] | None = None

    @classmethod
    def of(cls, nest: Nest, places: Ints, weights: Floats, precisions: Floats) -> "Blocks":
        """Return the distribution with these weights of cells and precisions of effects."""
        block, across, rest = _precision(nest, places, weights, precisions)
        alone, carried = _eliminated(nest, block, across)
        if nest.is_thin:
            covariance = inverse(rest - (across.T @ carried).toarray())
            shared, carried = carried @ covariance, carried.toarray()
        else:
            covariance = inverse(rest - product(across.T, carried))
            shared = product(carried, covariance)
        del across  # as large as E, and of no use any more
        mixed = np.zeros((len(nest.rows) + 1, len(nest.rest) + 1))
        np.negative(shared, out=mixed[:-1, :-1])
        for rows in nest.groups:
            squares = _squares(nest, rows)
            block[squares] = alone[squares] - _products(mixed[rows, :-1], carried[rows].swapaxes(1, 2))
        return cls(
            nest=nest,
            places=places,
            weights=weights,
            precisions=precisions,
            within=block,
            across=mixed,
            rest=covariance,
            known=(alone, carried),
        )

    @cached_property
    def _given_rest(self) -> tuple[Floats, Floats]:
        if self.known is not None:
            return self.known
        block, across, _ = _precision(self.nest, self.places, self.weights, self.precisions)
        alone, carried = _eliminated(self.nest, block, across)
        return alone, np.asarray(carried.toarray() if self.nest.is_thin else carried)

    @property
    def alone(self) -> Floats:
        """The inverse of each D, the covariance if the rest were known, one after another as `within`."""
        return self._given_rest[0]

    @property
    def carried(self) -> Floats:
        """E, float64 (n_rows, n_rest)."""
        return self._given_rest[1]

    def for_sums(self) -> "Blocks":
        """Return the same in half the memory: variances of sums do without D and E, only draws need them."""
        return replace(self, known=None)

    def times(self, target: Floats) -> Floats:
        """Return the covariance times a vector."""
        of_rows = target[self.nest.rows]
        found = applied(self.rest, target[self.nest.rest] - applied(self.carried.T, of_rows))
        ours = -applied(self.carried, found)
        for rows in self.nest.groups:
            ours[rows] += np.einsum("bvw,bw->bv", self.alone[_squares(self.nest, rows)], of_rows[rows])
        return self._joined(ours, found)

    def variances(self) -> Floats:
        """Return the variance of each effect, float64 (n_effects,)."""
        nest = self.nest
        return self._joined(self.within[nest.start_of[:-1] + nest.slot_of[nest.rows]], np.diagonal(self.rest))

    def scatter(self, part: slice) -> Floats:
        """Return the covariance of some effects, all of them in blocks or none."""
        nest, row, slot = self.nest, self.nest.row_of[part], self.nest.slot_of[part]
        if (row == len(nest.rows)).all():
            return self.rest[np.ix_(slot, slot)]
        found = -product(self.across[row, :-1], np.ascontiguousarray(self.carried[row].T))
        same = nest.block_of[row][:, None] == nest.block_of[row]
        one, other = np.nonzero(same)
        found[same] += self.alone[nest.start_of[row[one]] + slot[other]]
        return found

    def draw(self, n_draws: int, rng: "np.random.Generator") -> Floats:
        """Return deviations drawn from the distribution, float64 (n_draws, n_effects)."""
        nest, rest = self.nest, product(_roots(self.rest[None])[0], rng.standard_normal((len(self.rest), n_draws)))
        noise = rng.standard_normal((len(nest.rows), n_draws))
        ours = -product(self.carried, rest)
        for rows in nest.groups:
            ours[rows] += _products(_roots(self.alone[_squares(nest, rows)]), noise[rows])
        found = np.empty((n_draws, len(ours) + len(rest)))
        found[:, nest.rows], found[:, nest.rest] = ours.T, rest.T
        return found

    @cached_property
    def cell_variance(self) -> Floats:
        """Variance of each cell's sum of effects, float64 (n_cells,); a twin adds up with its nested effect first."""
        nest, places = self.nest, self.places
        padded = np.pad(self.rest, (0, 1))
        pairs = self.within.copy()
        for rows in nest.groups:
            parent = nest.parent_of[rows]
            to_parents = self.across[rows[:, :, None], parent[:, None, :]]
            both = padded[parent[:, :, None], parent[:, None, :]]
            pairs[_squares(nest, rows)] += to_parents + to_parents.swapaxes(1, 2) + both
        row = [nest.row_of[places[1 + family]] for family in nest.nested]
        slot = [nest.slot_of[places[1 + family]] for family in nest.nested]
        lone = [nest.slot_of[places[1 + family]] for family in nest.lone]
        total = np.zeros(places.shape[1])
        for number, one in enumerate(row):
            start = nest.start_of[one]
            total += pairs[start + slot[number]]
            for other in slot[number + 1 :]:
                total += 2.0 * pairs[start + other]
        if lone:
            total += pair_sum(self.rest, lone)
            for one in row:
                parent = nest.parent_of[one]
                for other in lone:
                    total += 2.0 * (self.across[one, other] + padded[parent, other])
        return np.maximum(total, 0.0)

    def sum_variance(self, places: Sequence[Ints]) -> Floats:
        """Return the variance of sums of the base and one effect of each family; their number stands for none."""
        nest = self.nest
        # What two effects of the rest have in common is the same for all that have both.
        among_rest = pair_sum(np.pad(self.rest, (0, 1)), [nest.slot_of[places[1 + family]] for family in nest.others])
        shape = np.broadcast_shapes(*(np.shape(place) for place in places))
        every = [np.broadcast_to(place, shape).ravel() for place in places]
        # Block after block, and a few sums at once: what is looked up is at hand then.
        order = np.argsort(nest.row_of[every[1 + nest.hub]], kind="stable")
        total = np.broadcast_to(among_rest, shape).flatten()
        within = np.append(self.within, np.zeros(1))
        for start in range(0, len(order), _AT_ONCE):
            chosen = order[start : start + _AT_ONCE]
            terms = [place[chosen] for place in every]
            row = [nest.row_of[terms[1 + family]] for family in nest.nested]
            slot = [nest.slot_of[terms[1 + family]] for family in nest.nested]
            beside = [nest.slot_of[terms[1 + family]] for family in nest.others]
            block = [nest.block_of[each] for each in row]
            astray = np.zeros(len(chosen), dtype=bool)
            found = np.zeros(len(chosen))
            for number, one in enumerate(row):
                for other in beside:
                    found += 2.0 * self.across[one, other]
                for second in range(number, len(row)):
                    same = (block[number] == block[second]) & (block[number] >= 0)
                    astray |= ~same & (block[number] >= 0) & (block[second] >= 0)
                    at = np.where(same, nest.start_of[one] + slot[second], len(within) - 1)
                    found += (1.0 if second == number else 2.0) * within[at]
            total[chosen] += found
            if astray.any():  # a level was never seen with this one of the hub: its effect is another block's
                total[chosen[astray]] = self._across_blocks(np.array(terms)[:, astray])
        return np.maximum(total, 0.0).reshape(shape)

    def _across_blocks(self, places: Ints) -> Floats:
        """Return the variance of sums whose terms lie anywhere, int64 (n_terms, n_sums)."""
        nest, every = self.nest, np.arange(places.shape[1])
        row, slot, n_rows = nest.row_of[places], nest.slot_of[places], len(nest.rows)
        block = nest.block_of[row]
        left, total = np.zeros((len(every), len(self.rest) + 1)), np.zeros(len(every))
        for number in range(len(places)):
            known = row[number] < n_rows
            left[every[~known], slot[number, ~known]] += 1.0
            left[known, :-1] -= self.carried[row[number, known]]
            for other in range(len(places)):
                same = known & (block[number] == block[other])
                total[same] += self.alone[nest.start_of[row[number, same]] + slot[other, same]]
        left = np.ascontiguousarray(left[:, :-1])
        return np.asarray(total + (product(left, self.rest) * left).sum(axis=1))

    def _joined(self, of_rows: Floats, of_rest: Floats) -> Floats:
        found = np.empty(len(of_rows) + len(of_rest))
        found[self.nest.rows], found[self.nest.rest] = of_rows, of_rest
        return found


def _squares(nest: Nest, rows: Ints) -> Ints:
    """Return where the numbers of some blocks stand, int64 (n_blocks, width, width)."""
    return np.asarray(nest.start_of[rows][:, :, None] + np.arange(rows.shape[1]))


def _precision(nest: Nest, places: Ints, weights: Floats, precisions: Floats) -> tuple[Floats, Any, Floats]:
    """Return D, B and A: with twins, most sums of B and A are sums of D. B is sparse where it is thin."""
    n_rest, start_of = len(nest.rest), nest.start_of
    row = [nest.row_of[places[1 + family]] for family in nest.nested]
    slot = [nest.slot_of[places[1 + family]] for family in nest.nested]
    block = np.zeros(int(start_of[-1]))
    for number, one in enumerate(row[1:], 1):
        block += _sums(start_of[one] + np.array(slot[:number]), weights, len(block))
    for rows in nest.groups:
        block[_squares(nest, rows)] += block[_squares(nest, rows)].swapaxes(1, 2)
    diagonal = start_of[:-1] + nest.slot_of[nest.rows]
    block[diagonal] = sum((_sums(each, weights, len(nest.rows)) for each in row), np.zeros(len(nest.rows)))
    across, rest = _thinly(nest, places, row, weights) if nest.is_thin else _in_full(nest, places, row, weights, block)
    rest.ravel()[:: n_rest + 1] += precisions[nest.rest]
    block[diagonal] += precisions[nest.rows]
    return block, across, rest


def _eliminated(nest: Nest, block: Floats, across: Any) -> tuple[Floats, Any]:
    """Return the inverse of each D, and E; sparse where B is."""
    alone = np.empty_like(block)
    for rows in nest.groups:
        alone[_squares(nest, rows)] = _inverses(block[_squares(nest, rows)])
    if nest.is_thin:
        return alone, _thin(nest, alone) @ across
    carried = np.empty_like(across)
    for rows in nest.groups:
        carried[rows] = _products(alone[_squares(nest, rows)], across[rows])
    return alone, carried


def _thinly(nest: Nest, places: Ints, row: Sequence[Ints], weights: Floats) -> tuple[Any, Floats]:
    """Return B, of which most is 0, as a sparse matrix, and A."""
    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix

    beside = np.array([nest.slot_of[places[1 + family]] for family in nest.others])
    one, other = np.repeat(np.array(row), len(beside), axis=0), np.tile(beside, (len(row), 1))
    repeated, shape = np.tile(weights, len(one)), (len(nest.rows), len(nest.rest))
    return csr_matrix((repeated, (one.ravel(), other.ravel())), shape=shape), _among(beside, weights, len(nest.rest))


def _in_full(nest: Nest, places: Ints, row: Sequence[Ints], weights: Floats, block: Floats) -> tuple[Floats, Floats]:
    """Return B and A, D without the prior being known."""
    n_rest, n_rows = len(nest.rest), len(nest.rows)
    across = np.zeros((n_rows, n_rest + 1))
    for rows in nest.groups:
        across[rows[:, :, None], nest.parent_of[rows][:, None, :]] = block[_squares(nest, rows)]
    across = np.ascontiguousarray(across[:, :-1])
    lone = np.array([nest.slot_of[places[1 + family]] for family in nest.lone], dtype=np.int64)
    if len(lone):
        for one in row:
            across += _sums(one * n_rest + lone, weights, across.size).reshape(across.shape)
    rest = np.zeros((n_rest + 1, n_rest))
    np.add.at(rest, nest.parent_of, across)
    rest = rest[:-1]
    if len(lone):
        which = np.zeros(n_rest, dtype=bool)
        which[lone.ravel()] = True
        rest[which] = rest[:, which].T
        rest[np.ix_(which, which)] = _among(lone, weights, n_rest)[np.ix_(which, which)]
    return across, rest


def _among(places: Ints, weights: Floats, size: int) -> Floats:
    """Return the sums of weights by pairs of places, float64 (size, size)."""
    found = np.zeros(size * size)
    for one in places:
        found += _sums(one * size + places, weights, len(found))
    return found.reshape(size, size)


def _sums(places: Ints, weights: Floats, size: int) -> Floats:
    """Return the sums of weights by place, float64 (size,), of places (..., n_weights)."""
    if places.ndim > 1 and len(weights) > size:
        return np.asarray(sum((_sums(each, weights, size) for each in places), np.zeros(size)))
    repeated = np.broadcast_to(weights, places.shape).ravel()
    return np.asarray(np.bincount(places.ravel(), repeated, minlength=size), dtype=np.float64)


def _thin(nest: Nest, flat: Floats) -> Any:
    """Return blocks that stand one after another as a sparse matrix."""
    loaded("scipy.sparse")
    from scipy.sparse import csr_matrix

    columns = np.empty(len(flat), dtype=np.int64)
    for rows in nest.groups:
        columns[_squares(nest, rows)] = rows[:, None, :]
    return csr_matrix((flat, columns, nest.start_of), shape=(len(nest.rows), len(nest.rows)))


def pair_sum(table: Floats, places: Sequence[Ints]) -> Floats:
    """Return the sum over all pairs of terms of a symmetric table."""
    n, flat, total = len(table), np.ascontiguousarray(table).ravel(), np.zeros(())
    for number, one in enumerate(places):
        total = total + flat.take(one * (n + 1))
        for other in places[number + 1 :]:
            total = total + 2.0 * flat.take(one * n + other)
    return np.asarray(total)


def _inverses(blocks: Floats) -> Floats:
    """Return the inverse of each of many matrices."""
    if blocks.shape[1] <= _SMALL:
        return np.asarray(np.linalg.inv(blocks), dtype=np.float64)
    return np.stack([inverse(block) for block in blocks])


def _products(a: Floats, b: Floats) -> Floats:
    """Return the products of many pairs of matrices, in pieces for which BLAS takes one thread (`linear_algebra`)."""
    if a.shape[1] == b.shape[2] == 1:
        return np.asarray(np.einsum("bvi,biw->bvw", a, b))
    found = np.zeros((len(a), a.shape[1], b.shape[2]))
    sizes = (*found.shape[1:], a.shape[2])
    pieces = [[slice(start, start + _SMALL) for start in range(0, size, _SMALL)] for size in sizes]
    for down in pieces[0]:
        for across in pieces[1]:
            for inner in pieces[2]:
                found[:, down, across] += a[:, down, inner] @ b[:, inner, across]
    return found


def _roots(covariances: Floats) -> Floats:
    """Return Cholesky factors, with a trifle on the diagonals, lest rounding makes what is next to singular less."""
    trifle = 1e-12 * np.diagonal(covariances, axis1=1, axis2=2).max(axis=1)
    return choleskies(covariances + trifle[:, None, None] * np.eye(covariances.shape[1]))
