"""Draws of logits from the posterior, in which how much the levels of a family differ is itself uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.level import NO_DOUBT, LevelDoubt
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
        float64 (n_cells,), Fisher information of each cell's outcomes, or (n_nodes, n_cells) where delays leave it open
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
        float64 (n_nodes, n_cells), the logit that each cell's outcomes stand for in each node, (n_cells,) where it is
        the same in all; None in a plan of an earlier version, as are
    nodes, weight
        of the mixture
    level_deviation, level_stretch
        of the level that all share: the root of its variance, and `LevelDoubt.stretch`
    populations
        of the mixture; in a plan of an earlier version none
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
    level_deviation: float = 0.0
    level_stretch: float = 1.0
    populations: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, effects: Effects, mixture: Mixture, levels: Sequence[Ints], cell: Ints, level: LevelDoubt = NO_DOUBT
    ) -> "Joint":
        """Return what was learned, for some pairs."""
        crossed, own = effects.crossed, effects.own_spread
        return cls(
            sizes=crossed.sizes,
            level_of_cell=crossed.places[1:] - crossed.starts[1:, None],
            information=mixture.information,
            mean=effects.mean,
            base_deviation=mixture.base_deviation,
            deviations=effects.deviations,
            spreads=_quantiles(effects.spreads),
            own_deviation=float(effects.own_deviation),
            own_mean=effects.own_mean,
            own_spreads=np.zeros(0) if own is None else np.array(own.quantiles),
            levels=tuple(levels),
            cell=cell,
            seen=mixture.seen_by_node,
            nodes=mixture.nodes,
            weight=mixture.weight,
            level_deviation=level.variance**0.5,
            level_stretch=level.stretch,
            populations=mixture.populations,
        )

    @property
    def cell_information(self) -> Floats:
        """What each cell tells about the effects that it shares with others; as of `Effects`."""
        return np.asarray(self.information / (1.0 + self.own_deviation**2 * self.information))

    @cached_property
    def crossed(self) -> Crossed:
        """Return the distribution of the effects around their means, under the standard deviations in use."""
        crossed = Crossed.of(self.level_of_cell, self.sizes)
        precisions = crossed.spread_out(1.0 / np.append(self.base_deviation, self.deviations) ** 2)
        return crossed.solved(self.cell_information, precisions)

    @cached_property
    def mixture(self) -> Mixture | None:
        """Return the posterior with what is not known of the spreads; None = an earlier version saved less."""
        if self.seen is None or self.nodes is None or self.weight is None:
            return None
        return Mixture(
            crossed=Crossed.of(self.level_of_cell, self.sizes),
            base_deviation=self.base_deviation,
            information=self.information,
            seen=self.seen,
            nodes=self.nodes,
            weight=self.weight,
            populations=self.populations,
        )

    def draw(self, n_draws: int, rng: "np.random.Generator") -> Floats:
        """Return logits drawn together, float64 (n_draws, *shape of the pairs)."""
        if self.mixture is None:
            return _drawn_as_before(self, n_draws, rng)
        level = LevelDoubt(variance=self.level_deviation**2, stretch=self.level_stretch)
        return level.drawn(self.mixture.draw(self.levels, self.cell, n_draws, rng), rng)


def _quantiles(spreads: Sequence[Spread]) -> Floats:
    return np.array([spread.quantiles for spread in spreads]).reshape(len(spreads), -1 if spreads else 0)


def _drawn_as_before(joint: Joint, n_draws: int, rng: "np.random.Generator") -> Floats:
    """Return logits drawn together, float64 (n_draws, *shape of the pairs), by what a plan of an earlier version holds.

    A draw has a standard deviation s of each family from what is known of it: an effect of information h then has a
    mean and a variance ``(s**2 / t**2) (1 + t**2 h) / (1 + s**2 h)`` times as large as with the t in use. Where few
    levels could stand in for the base that is too wide, but what a plan has said stands.
    """
    crossed = joint.crossed
    information, levels, cell = crossed.collect(joint.cell_information), joint.levels, joint.cell
    families = [
        _DrawnSpreads.of(spreads, deviation, information[part])
        for part, spreads, deviation in zip(crossed.slices, joint.spreads, joint.deviations.tolist(), strict=True)
    ]
    own = None
    if len(joint.own_spreads):
        own = _DrawnSpreads.of(joint.own_spreads, joint.own_deviation, joint.information)
    draws = np.empty((n_draws, *np.shape(cell)))
    deviations = crossed.draw(n_draws, rng)
    for number, deviation in enumerate(deviations):
        mean, noise = joint.mean.copy(), deviation
        chosen = [int(rng.integers(len(family.spreads))) for family in families]
        for part, family, choice in zip(crossed.slices, families, chosen, strict=True):
            mean[part] *= family.centred[choice]
            noise[part] *= np.sqrt(family.factors[choice])
        moved = crossed.sum_of_draw(noise, levels)
        for family, choice, size, level in zip(families, chosen, crossed.sizes, levels, strict=True):
            if (new := level == size).any():  # who shares a level never seen shares its effect
                moved = moved + new * family.spreads[choice] * rng.standard_normal(np.shape(level))
        own_mean, share, scatter = _own(joint, own, rng)
        draws[number] = crossed.sum_of_draw(mean, levels) + own_mean[cell] + (1.0 - share[cell]) * moved
        draws[number] += scatter[cell] * rng.standard_normal(np.shape(cell))
    return draws


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _DrawnSpreads:
    """Equally likely standard deviations of a family (n_spreads,), and what each makes of its effects.

    `factors` (n_spreads, n_levels) multiply variances; `centred` multiply means, and are on average what the root of
    the expected variance makes of them.
    """

    spreads: Floats
    factors: Floats
    centred: Floats

    @classmethod
    def of(cls, spreads: Floats, used: float, information: Floats) -> "_DrawnSpreads":
        factors = _factor(spreads[:, None], used, information)
        usual = _factor(np.sqrt((spreads**2).mean()), used, information)
        return cls(spreads=spreads, factors=factors, centred=factors * usual / np.maximum(factors.mean(axis=0), 1e-12))


def _factor(spread: Floats, used: float, information: Floats) -> Floats:
    return np.asarray(spread**2 / used**2 * (1.0 + used**2 * information) / (1.0 + spread**2 * information))


def _own(joint: Joint, own: _DrawnSpreads | None, rng: "np.random.Generator") -> tuple[Floats, Floats, Floats]:
    """Return each cell's own effect, its share of the rest's moves, and its scatter, in one draw; a new cell's last."""
    if own is None:
        nothing = np.zeros(len(joint.own_mean) + 1)
        return nothing, nothing, nothing
    choice = int(rng.integers(len(own.spreads)))
    variance = joint.own_deviation**2 / (1.0 + joint.own_deviation**2 * joint.information)
    return (
        np.append(own.centred[choice] * joint.own_mean, 0.0),
        np.append(own.factors[choice] * (variance * joint.information), 0.0),
        np.append(np.sqrt(own.factors[choice] * variance), own.spreads[choice]),
    )
