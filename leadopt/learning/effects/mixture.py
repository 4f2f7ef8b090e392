"""What is known of sums of effects when how much each family differs is itself uncertain: a mixture over its spreads.

Given all standard deviations the posterior of the effects is normal. Few levels leave them open, and then it is a
mixture of such normal distributions, one for each of some sets of standard deviations: a *node*.

What a rep converts of whom nothing is known is what the known ones do. On the logit that would not hold on average
(see `strangers`). So logits of who is not known are moved, and the part of the variance that the scatter of the known
levels does not support widens intervals and draws, while the expected chance does without it (`Logits.shift`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.effects.alternatives import others_of, told_by_node
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.logistic import Logits
from leadopt.learning.effects.posterior import Effects, Likelihood, around
from leadopt.learning.effects.spreads import Spread
from leadopt.learning.effects.strangers import Strangers
from leadopt.problem.linear_algebra import rooted
from leadopt.progress import loaded

# With 32 of 256 that are tried, ends of intervals agree with the exact ones to 6% of their width, with 32 of 32 to 20%.
_MOST_NODES, _FEWEST_NODES, _MOST_TRIED = 32, 8, 256
_WORK, _TRIED_WORK = 1e9, 1e8  # multiplications of all together: about half a second
_AT_ONCE = 1_000_000  # numbers of matrices that are factored together
_SEED = 20_260_102  # which quantiles of the families meet is part of the estimate, and the same anywhere
# Quantile of what spreads may be at which it is worked out what cells tell, where that says how likely nodes are. At .8
# wide nodes look likelier than they are, and plans of 60 floors drawn from the priors promise 2.0 +- 1.0% too much; at
# .5 it is -.4 +- .9%, but of four reps by two sources chances are 6% off the exact ones, at .65 2%.
_MIDDLE = 0.65
_REACH = 1.0  # of a Newton step, on the logit: where open leads leave a likelihood flat, it would lead anywhere
# Prior standard deviation of the base where levels differ: one that drew it to a chance of a half would draw levels
# never seen there, and the more so the less is known of the spread. Outcomes of both kinds hold it well enough.
_FLAT = 1e5


def _hypercube(n: int, spreads: Sequence[Spread], telling: Bools) -> tuple[Floats, Floats]:
    """Return n sets of standard deviations, float64 (n, n_families), and the logarithm of what is proposed of each.

    Every family's quantiles are met once each, in an order of its own, as if what is known of one spread did not
    depend on the others. The orders go by the spreads' sizes, so that they are the same in whatever order columns come,
    and those of families of one level come last, so that the others have theirs as if there were none.
    """
    rng = np.random.default_rng(_SEED)
    deviations, known = np.empty((n, len(spreads))), np.zeros(n)
    by_size = sorted(
        range(len(spreads)), key=lambda family: (not telling[family], np.round(spreads[family].quantiles, 9).tolist())
    )
    for family in by_size:
        spread = spreads[family]
        places = rng.permutation(((np.arange(n) + 0.5) / n * len(spread.quantiles)).astype(np.int64))
        deviations[:, family] = np.array(spread.quantiles)[places]
        known += np.array(spread.likelihoods)[places]
    return deviations, known


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """The posterior of base and effects under each of several sets of standard deviations.

    The likelihood of each cell is taken for normal in the sum of its effects, as it is around the mean of each set.

    Parameters
    ----------
    crossed
        which effects each cell adds up
    base_deviation
        prior standard deviation of the base
    information, seen
        float64 (n_cells,), Fisher information of each cell, and the logit that its outcomes stand for, or
        (n_nodes, n_cells) where both depend on the node
    nodes
        float64 (n_nodes, n_families + 1), standard deviations of the families, then that of the cells' own effects
    weight
        float64 (n_nodes,), posterior probability of each
    populations
        numbers of the families of which chances of new levels are what those of the known ones are (`Strangers.moved`)
    likelihoods
        of what was seen, one of each node: what cells stand for is worked out there; () = `seen` says it already
    """

    crossed: Crossed
    base_deviation: float
    information: Floats
    seen: Floats
    nodes: Floats
    weight: Floats
    populations: tuple[int, ...] = ()
    likelihoods: tuple[Likelihood, ...] = ()

    @classmethod
    def of(cls, effects: Effects, populations: Sequence[int] = ()) -> "Mixture":
        """Return the mixture around what was fitted.

        There are so many nodes as take no longer than the fit did. By blocks the likelihood of a set is not worked out:
        what is known of one spread is taken not to depend on the others. Where the covariance is not computed, there is
        one node: what is used.
        """
        spreads = [*effects.spreads, *([] if effects.own_spread is None else [effects.own_spread])]
        used = np.append(effects.deviations, effects.own_deviation)[None]
        is_exact, is_normal, others = effects.crossed.is_exact, effects.likelihood.is_normal, others_of(effects)
        if spreads and effects.crossed.is_dense and not is_normal:
            middle = np.array([np.quantile(spread.quantiles, _MIDDLE) for spread in spreads])
            n = len(effects.spreads)
            effects = around(effects, middle[:n], float(middle[n]) if len(middle) > n else 0.0)
        one = cls(
            crossed=effects.crossed,
            base_deviation=_FLAT if effects.spreads else float(effects.likelihood.base_deviation),
            information=effects.information,
            seen=effects.seen,
            nodes=used,
            weight=np.ones(1),
            populations=tuple(populations),
        )
        if not is_exact or (not spreads and others is None):
            return one
        nodes, weight = one._spread_nodes(spreads, others is not None) if spreads else (used, np.ones(1))
        if others is not None and len(nodes) == 1:
            nodes, weight = np.repeat(nodes, _MOST_NODES, axis=0), np.full(_MOST_NODES, 1.0 / _MOST_NODES)
        one = replace(one, nodes=nodes, weight=weight)
        if is_normal:
            return one
        information, seen, likelihoods = told_by_node(effects, len(nodes))
        return replace(one, information=information, seen=seen, likelihoods=likelihoods if spreads else ())

    def _spread_nodes(self, spreads: Sequence[Spread], with_others: bool) -> tuple[Floats, Floats]:
        """Return sets of standard deviations and the probability of each; one may come again with other delays."""
        padded = ((0, 0), (0, self.nodes.shape[1] - len(spreads)))
        sizes = np.array(self.crossed.sizes, dtype=np.int64)
        telling = np.append(sizes > 1, np.ones(len(spreads) - len(sizes), dtype=bool))
        if not self.crossed.is_dense:
            deviations, _ = _hypercube(_FEWEST_NODES, spreads, telling)
            return np.pad(deviations, padded), np.full(_FEWEST_NODES, 1.0 / _FEWEST_NODES)
        n_effects = 1 + int(sizes[sizes > 1].sum())
        n = int(np.clip(_WORK / _cost(n_effects, self.crossed.sizes), _FEWEST_NODES, _MOST_NODES))
        tried = int(np.clip(_TRIED_WORK / n_effects**3, n, _MOST_TRIED))
        deviations, proposed = _hypercube(tried, spreads, telling)
        deviations = np.pad(deviations, padded)
        likelihood = self._evidence(deviations) - proposed
        weight = np.exp(likelihood - likelihood.max())
        weight /= weight.sum()
        if tried == n:
            return deviations, weight
        # As many of each as its weight says, evenly from narrow to wide, so that few stand for all that were tried.
        squares = deviations[:, : len(spreads)] ** 2
        order = np.lexsort((squares[:, ~telling].sum(axis=1), squares[:, telling].sum(axis=1)))
        deviations, weight = deviations[order], weight[order]
        places = np.searchsorted(weight.cumsum()[:-1], (np.arange(n) + 0.5) / n, side="right")
        if with_others:
            return deviations[places], np.full(n, 1.0 / n)
        chosen, times = np.unique(places, return_counts=True)
        return deviations[chosen], times / n

    def _evidence(self, deviations: Floats) -> Floats:
        """Return the logarithm of the likelihood of sets of standard deviations, (n_sets,), up to a constant."""
        loaded("scipy.sparse")
        from scipy.sparse import csr_matrix

        crossed, own, n = self.crossed, deviations[:, -1:], self.crossed.n_effects
        weight = self.information / (1.0 + own**2 * self.information)
        spreads = np.pad(deviations[:, :-1], ((0, 0), (1, 0)), constant_values=self.base_deviation)
        precisions = 1.0 / np.repeat(spreads, [1, *crossed.sizes], axis=1) ** 2
        n_terms, n_cells = crossed.places.shape
        pairs = (crossed.places[:, None, :] * n + crossed.places[None, :, :]).reshape(-1)
        cells = np.tile(np.arange(n_cells), n_terms**2)
        added = csr_matrix((np.ones(len(pairs)), (pairs, cells)), shape=(n * n, n_cells))
        design = csr_matrix(
            (np.ones(crossed.places.size), (crossed.places.reshape(-1), np.tile(np.arange(n_cells), n_terms))),
            shape=(n, n_cells),
        )
        found = np.empty(len(deviations))
        step = max(1, _AT_ONCE // (n * n))
        for start in range(0, len(deviations), step):
            some = slice(start, start + step)
            matrices = np.asarray((added @ weight[some].T).T).reshape(-1, n, n)
            matrices[:, np.arange(n), np.arange(n)] += precisions[some]
            targets = np.asarray((design @ (weight[some] * self.seen).T).T)
            roots, pulled = rooted(matrices, targets)
            determinant = 2.0 * np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
            prior = np.log(weight[some]).sum(axis=1) + np.log(precisions[some]).sum(axis=1)
            misses = (pulled**2).sum(axis=1) - (weight[some] * self.seen**2).sum(axis=1)
            found[some] = 0.5 * (misses + prior - determinant)
        return found

    @property
    def n_nodes(self) -> int:
        """How many there are."""
        return len(self.nodes)

    @property
    def seen_by_node(self) -> Floats:
        """The logit that each cell's outcomes stand for in each node, float64 (n_nodes, n_cells)."""
        return np.stack([self.given(number).seen for number in range(self.n_nodes)])

    @cached_property
    def _given(self) -> "dict[int, Node]":
        return {}

    def given(self, number: int) -> "Node":
        """Return the posterior under one set of standard deviations, worked out once."""
        if number not in self._given:
            self._given[number] = self._node(number)
        return self._given[number]

    def _node(self, number: int) -> "Node":
        families, own = self.nodes[number, :-1], float(self.nodes[number, -1])
        information, seen = (part if part.ndim == 1 else part[number] for part in (self.information, self.seen))
        weight = information / (1.0 + own**2 * information)
        crossed = self.crossed.solved(
            weight, self.crossed.spread_out(1.0 / np.append(self.base_deviation, families) ** 2)
        ).drawn()
        of_level = crossed.collect(weight)
        own_variance = own**2 / (1.0 + own**2 * information)
        share = own_variance * information

        def means(seen: Floats) -> tuple[Floats, Floats]:
            mean = crossed.times_inverse(crossed.collect(weight * seen))
            return mean, share * (seen - crossed.add_up(mean))

        mean, own_mean = means(seen)
        if self.likelihoods:  # a Newton step: a second one moves no rate by a thousandth of itself
            sums = crossed.add_up(mean) + own_mean
            variance = own_variance + (1.0 - share) ** 2 * crossed.cell_variance()
            away = sums + self.likelihoods[number].slopes(sums, variance)[0] / information - seen
            step, own_step = means(away)
            length = float(np.abs(crossed.add_up(step) + own_step).max(initial=0.0))
            seen = seen + min(1.0, _REACH / max(length, 1e-300)) * away
            mean, own_mean = means(seen)
        strangers = [
            Strangers.of(
                deviation,
                of_level[part],
                mean[part],
                scatter,
                crossed.with_base(family, deviation) if family in self.populations else None,
            )
            for family, (part, deviation, scatter) in enumerate(
                zip(crossed.slices, families.tolist(), crossed.scatter(), strict=True)
            )
        ]
        return Node(
            crossed=crossed.for_sums(),
            seen=seen,
            mean=mean,
            families=families,
            own=own,
            own_variance=own_variance,
            own_share=share,
            own_mean=own_mean,
            strangers=strangers,
            own_unsupported=Strangers.of(
                own, information, own_mean, crossed.cell_scatter(own_variance, share)
            ).unsupported
            if own
            else np.zeros(len(share) + 1),
        )

    def logits(self, levels: Sequence[Ints], cell: Ints) -> Logits:
        """Return what is known of pairs; parameters as of `Effects.total`."""
        return self._logits(range(self.n_nodes), levels, cell)

    def draw(self, levels: Sequence[Ints], cell: Ints, n_draws: int, rng: "np.random.Generator") -> Floats:
        """Return logits of pairs drawn together, float64 (n_draws, *shape of the pairs).

        Every set of standard deviations has as many draws as its probability says, as far as they can be shared out.
        """
        draws, places = np.empty((n_draws, *np.shape(cell))), (np.arange(n_draws) + rng.random()) / n_draws
        chosen = rng.permutation(np.searchsorted(self.weight.cumsum()[:-1], places, side="right"))
        numbers = np.unique(chosen).tolist()
        known = self._logits(numbers, levels, cell)
        for number, middle in zip(numbers, known.mean + known.shift(), strict=True):
            mine = np.flatnonzero(chosen == number)
            draws[mine] = middle + self.given(number).scatter(levels, cell, len(mine), rng)
        return draws

    def _logits(self, numbers: Sequence[int], levels: Sequence[Ints], cell: Ints) -> Logits:
        parts = [self.given(number).total(levels, cell) for number in numbers]
        mean, variance, unsupported = (np.stack(part) for part in zip(*parts, strict=True))
        return Logits(weight=self.weight[list(numbers)], mean=mean, variance=variance, unsupported=unsupported)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """The normal posterior under one set of standard deviations, and the logit that each cell stands for in it."""

    crossed: Crossed
    seen: Floats
    mean: Floats
    families: Floats
    own: float
    own_variance: Floats
    own_share: Floats
    own_mean: Floats
    strangers: list[Strangers]
    own_unsupported: Floats

    def total(self, levels: Sequence[Ints], cell: Ints) -> tuple[Floats, Floats, Floats]:
        """Return mean, variance and what of that is unsupported, of the whole sums."""
        mean, variance = self.crossed.sum_of(self.mean, levels)
        unsupported, moved = np.zeros(()), np.zeros(())
        for family, deviation in enumerate(self.families):
            level = levels[family]
            variance = variance + np.where(level == self.crossed.sizes[family], deviation**2, 0.0)
            unsupported = unsupported + self.strangers[family].unsupported[level]
            moved = moved + self.strangers[family].moved(level, mean)
        own_variance = np.append(self.own_variance, self.own**2)[cell]
        kept = 1.0 - np.append(self.own_share, 0.0)[cell]
        mean = mean + np.append(self.own_mean, 0.0)[cell] + kept * moved
        variance = own_variance + kept**2 * variance
        unsupported = self.own_unsupported[cell] + kept**2 * unsupported
        return mean, variance, np.clip(unsupported, 0.0, variance)

    def scatter(self, levels: Sequence[Ints], cell: Ints, n_draws: int, rng: "np.random.Generator") -> Floats:
        """Return by how much the whole sums differ from their means in draws, float64 (n_draws, *shape)."""
        moved = self.crossed.sum_of_draw(self.crossed.draw(n_draws, rng), levels)
        moved = moved.reshape(n_draws, *([1] * (np.ndim(cell) + 1 - moved.ndim)), *moved.shape[1:])
        for deviation, size, level in zip(self.families.tolist(), self.crossed.sizes, levels, strict=True):
            if (new := level == size).any():  # who shares a level never seen shares its effect
                moved = moved + new * deviation * rng.standard_normal((n_draws, *np.shape(level)))
        kept, own = 1.0 - np.append(self.own_share, 0.0)[cell], np.sqrt(np.append(self.own_variance, self.own**2))[cell]
        return np.asarray(kept * moved + own * rng.standard_normal((n_draws, *np.shape(cell))))


def rate_by_families(effects: Effects, levels: Sequence[Ints]) -> Floats:
    """Return the expected rate of combinations of levels by the families alone, without effects of cells."""
    nowhere = np.full(np.broadcast_shapes(*(np.shape(level) for level in levels)), len(effects.own_mean))
    return Mixture.of(effects).logits(levels, nowhere).rate()


def _cost(n_effects: int, sizes: Sequence[int]) -> float:
    """Return the multiplications of one inverse, of this many effects in families of these sizes."""
    return float(max(1, n_effects - max(sizes, default=0)) * n_effects**2)
