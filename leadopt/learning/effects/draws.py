"""Draws of logits from the posterior, in which how much the levels of a family differ is itself uncertain."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.posterior import Effects
from leadopt.learning.effects.spreads import Spread


def draw_logits(effects: Effects, levels: Sequence[Ints], cell: Ints, n_draws: int, rng: np.random.Generator) -> Floats:
    """Return logits of pairs drawn from the posterior, all pairs together, float64 (n_draws, *shape of the pairs).

    Estimates take each family's standard deviation t for known, and rather too large than too small. A draw has its
    own, s, from what is known of it: then an effect of information h has a mean and a variance ``(s**2 / t**2)
    (1 + t**2 h) / (1 + s**2 h)`` times as large, the other effects as they are. On average a draw's effects are those
    under the expected variance, so that what is chosen for its estimate is not overstated in the draws.

    Parameters
    ----------
    effects
        what was learned
    levels, cell
        as for `Effects.total`
    """
    information = effects.crossed.collect(effects.cell_information)
    families = [
        _DrawnSpreads.of(spread, deviation, information[part])
        for part, spread, deviation in zip(
            effects.crossed.slices, effects.spreads, effects.deviations.tolist(), strict=True
        )
    ]
    own = None
    if effects.own_spread is not None:
        own = _DrawnSpreads.of(effects.own_spread, effects.own_deviation, effects.information)
    draws = np.empty((n_draws, *np.shape(cell)))
    deviations = effects.crossed.draw(n_draws, rng)
    for number, deviation in enumerate(deviations):
        mean, noise = effects.mean.copy(), deviation
        chosen = [int(rng.integers(len(family.spreads))) for family in families]
        for part, family, choice in zip(effects.crossed.slices, families, chosen, strict=True):
            mean[part] *= family.centred[choice]
            noise[part] *= np.sqrt(family.factors[choice])
        moved = effects.crossed.sum_of_draw(noise, levels)
        for family, choice, size, level in zip(families, chosen, effects.crossed.sizes, levels, strict=True):
            if (new := level == size).any():  # who shares a level never seen shares its effect
                moved = moved + new * family.spreads[choice] * rng.standard_normal(np.shape(level))
        own_mean, share, scatter = _own(effects, own, rng)
        draws[number] = effects.crossed.sum_of_draw(mean, levels) + own_mean[cell] + (1.0 - share[cell]) * moved
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
    def of(cls, spread: Spread, used: float, information: Floats) -> "_DrawnSpreads":
        spreads = np.array(spread.quantiles)
        factors = _factor(spreads[:, None], used, information)
        usual = _factor(np.sqrt((spreads**2).mean()), used, information)
        return cls(spreads=spreads, factors=factors, centred=factors * usual / np.maximum(factors.mean(axis=0), 1e-12))


def _factor(spread: Floats, used: float, information: Floats) -> Floats:
    return np.asarray(spread**2 / used**2 * (1.0 + used**2 * information) / (1.0 + spread**2 * information))


def _own(effects: Effects, own: _DrawnSpreads | None, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Return each cell's own effect, its share of the rest's moves, and its scatter, in one draw; a new cell's last."""
    if own is None:
        nothing = np.zeros(len(effects.own_mean) + 1)
        return nothing, nothing, nothing
    choice = int(rng.integers(len(own.spreads)))
    return (
        np.append(own.centred[choice] * effects.own_mean, 0.0),
        np.append(own.factors[choice] * effects.own_share, 0.0),
        np.append(np.sqrt(own.factors[choice] * effects.own_variance), own.spreads[choice]),
    )
