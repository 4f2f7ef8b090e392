"""Draws of logits from the posterior, in which how much the levels of a family differ is itself uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.mixture import Mixture
from leadopt.learning.effects.posterior import Effects
from leadopt.learning.effects.spreads import Spread


@dataclass(frozen=True, kw_only=True, eq=False)
class Joint:
    """What draws of the logits of some pairs, all together, rest on: arrays that can be saved.

    The covariance of the effects is no part of it, as it grows with their square: it is worked out for a draw.

    Parameters
    ----------
    sizes
        how many levels each family has
    level_of_cell
        int64 (n_families, n_cells), of each cell that history holds
    information
        float64 (n_cells,), Fisher information of each cell's outcomes
    mean
        float64 (n_effects,), the base, then each family's levels
    base_deviation, deviations
        prior standard deviation of the base, and float64 (n_families,), those of the families in use
    spreads
        float64 (n_families, n_spreads), equally likely standard deviations of each family
    own_deviation, own_mean, own_spreads
        the same of the cells' own effects, float64 (n_cells,) and (n_spreads,); no spreads where they have none
    levels, cell
        of the pairs, as for `Effects.total`
    seen
        float64 (n_cells,), the logit that each cell's outcomes stand for; None in a plan of an earlier version
    """

    sizes: tuple[int, ...]
    level_of_cell: Ints
    information: Floats
    mean: Floats
    base_deviation: float
    deviations: Floats
    spreads: Floats
    own_deviation: float
    own_mean: Floats
    own_spreads: Floats
    levels: tuple[Ints, ...]
    cell: Ints
    seen: Floats | None = None
    nodes: Floats | None = None
    weight: Floats | None = None

    @classmethod
    def of(cls, effects: Effects, mixture: Mixture, levels: Sequence[Ints], cell: Ints) -> "Joint":
        """Return what was learned, for some pairs."""
        crossed, own = effects.crossed, effects.own_spread
        return cls(
            sizes=crossed.sizes,
            level_of_cell=crossed.places[1:] - crossed.starts[1:, None],
            information=effects.information,
            mean=effects.mean,
            base_deviation=mixture.base_deviation,
            deviations=effects.deviations,
            spreads=_quantiles(effects.spreads),
            own_deviation=float(effects.own_deviation),
            own_mean=effects.own_mean,
            own_spreads=np.zeros(0) if own is None else np.array(own.quantiles),
            levels=tuple(levels),
            cell=cell,
            seen=mixture.seen,
            nodes=mixture.nodes,
            weight=mixture.weight,
        )

    @cached_property
    def mixture(self) -> Mixture:
        """Return the posterior with what is not known of the spreads."""
        crossed = Crossed.of(self.level_of_cell, self.sizes)
        used = np.append(self.deviations, self.own_deviation)[None]
        return Mixture(
            crossed=crossed,
            base_deviation=self.base_deviation,
            information=self.information,
            seen=self._seen_by_means(crossed) if self.seen is None else self.seen,
            nodes=used if self.nodes is None else self.nodes,
            weight=np.ones(1) if self.weight is None else self.weight,
        )

    def _seen_by_means(self, crossed: Crossed) -> Floats:
        """Return what outcomes stand for where they drew each cell's last effect to its mean, in an earlier plan.

        Cells had effects of their own, or one family whose levels they are, or no effects.
        """
        pull = np.zeros(len(self.information))
        if self.own_deviation:
            pull = self.own_mean / self.own_deviation**2
        elif len(self.sizes) == 1:
            pull = self.mean[crossed.places[1]] / self.deviations[0] ** 2
        return np.asarray(crossed.add_up(self.mean) + self.own_mean + pull / self.information)

    def draw(self, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return logits drawn together, float64 (n_draws, *shape of the pairs)."""
        return self.mixture.draw(self.levels, self.cell, n_draws, rng)


def _quantiles(spreads: Sequence[Spread]) -> Floats:
    return np.array([spread.quantiles for spread in spreads]).reshape(len(spreads), -1 if spreads else 0)
