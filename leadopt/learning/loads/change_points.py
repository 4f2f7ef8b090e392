r"""Where a rep's conversion begins to drop with load: change points on the logit, which reps have in common in part.

With rep j's load L, what its leads are like as a known offset o, and its own level a, the chance of conversion is

.. math:: \operatorname{sigmoid}(o + a_j - s_j \max(L / c_j - 1, 0)^q), \qquad a_j \sim N(0, \sigma^2).

The slope s is by how much the logit has fallen at twice the change point c. The shape q, everybody's, says how the fall
goes on: it is all there at once (0, for which 0 to the power of 0 is 0), levels off (1/2), is even (1), or sets in
slowly (2). There may be no fall at all. Shapes, change points and
slopes lie on a grid, over which sums are exact; a_j is integrated out by Laplace's method. What reps have in common is
in `in_common`.
"""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.logistic import sigmoid

SLOPES = 0.25 * 2.0 ** (np.arange(7) * 2.0 / 3.0)
"""From 0.25 to 4: less is no drop that anybody would plan by."""
SHAPES = np.array([0.0, 0.5, 1.0, 2.0])
"""Exponents of the fall. With 1 alone, 90% intervals hold 8 to 62% where the fall sets in slowly or levels off; without
0, of a fall at once, 54% where it does so."""
LEVEL_DEVIATION = 1.5
"""Prior standard deviation of a rep's own level: wide, so that only its own busy and quiet times are compared. At
half and twice, change points of simulated teams of eight with 192 leads each are missed by 12.0% and 12.7%, not 12.5%.
"""
N_POINTS = 48  # 10% apart where the busiest had 50 leads
_NOTICED = 0.1  # on the logit: what sets in slowly is no drop where it begins. At .05 and .2, 1 and 2 of 135
# simulated reps are named otherwise.
_MOST_STEP = 2.0  # of a Newton step: levels of reps who win all or nothing lie far out
_LEAST_LOGIT = -30.0  # below, a lead is as good as lost, and exp stays finite


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomesByLoad:
    """One rep's outcomes by load, arrays (n_groups,).

    Parameters
    ----------
    load
        where the load of each group stands among the grid's loads, int64
    offset
        logit of what is expected of such leads, whoever has them
    tried, won
        how many
    """

    load: Ints
    offset: Floats
    tried: Floats
    won: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """Every combination of shape, change point and slope, in this order, and no drop as the last of them.

    Parameters
    ----------
    points
        change points, float64 (n_points,), ascending by a constant factor
    fall
        what each of some loads takes from the logit, float64 (n_loads, n_combinations), at most 0
    """

    points: Floats
    fall: Floats

    @classmethod
    def of(cls, loads: Floats) -> "Grid":
        """Return change points from the least of some loads to twice the highest."""
        points = np.geomspace(max(1.0, loads.min()), 2.0 * loads.max(), N_POINTS)
        return cls(points=points, fall=falls(loads, points))

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return int(self.fall.shape[1])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByCombination:
    """What one rep's outcomes say at each combination of a grid, float64 (n_combinations,).

    Parameters
    ----------
    log
        logarithm of their likelihood, but for a constant
    level
        the rep's likeliest level
    precision
        of that level
    """

    log: Floats
    level: Floats
    precision: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangePoints:
    """What is known of every rep's change point.

    Parameters
    ----------
    points
        float64 (n_points,), ascending
    chance
        float64 (n_reps, n_combinations), posterior of the combinations of a `Grid`; each rep's adds up to 1
    level
        float64, of the same shape: the rep's own level given each
    """

    points: Floats
    chance: Floats
    level: Floats

    def dropped(self, load: Floats) -> Floats:
        """Return the probability that each rep's odds are lower by a tenth at least at such a load, (n_reps,)."""
        return np.asarray((self.chance * (falls(load, self.points) <= -_NOTICED)).sum(axis=1))

    def quantile(self, share: float) -> Floats:
        """Return the load below which each rep's drop begins with this probability, inf where none may, (n_reps,)."""
        total = self._drop.cumsum(axis=1)
        steps = np.concatenate([np.zeros((len(total), 1)), total], axis=1)
        half_step = np.sqrt(self.points[1] / self.points[0])  # each point stands for what is around it
        loads = np.append(self.points[0] / half_step, self.points * half_step)
        return np.array([np.interp(share, step, loads, right=np.inf) for step in steps])

    def slope(self) -> float:
        """Return the expected slope, if there is a drop at all."""
        each = by_parts(self.chance, len(self.points)).sum(axis=(0, 1, 2))
        return float(each @ SLOPES / max(each.sum(), 1e-300))

    def rates(self, rep: int, load: Floats, offset: Floats) -> Floats:
        """Return the expected chance of conversion at some loads, float64 (len(load),)."""
        logit = offset[:, None] + self.level[rep] + falls(load, self.points)
        return np.asarray(sigmoid(logit) @ self.chance[rep])

    @property
    def _drop(self) -> Floats:
        return np.asarray(by_parts(self.chance, len(self.points)).sum(axis=(1, 3)))


def by_parts(of_combinations: Floats, n_points: int) -> Floats:
    """Return what reps have at each combination but no drop, (n_reps, n_shapes, n_points, n_slopes)."""
    return of_combinations[:, :-1].reshape(len(of_combinations), len(SHAPES), n_points, len(SLOPES))


def falls(load: Floats, points: Floats) -> Floats:
    """Return what loads take from the logit at each combination, float64 (n_loads, n_combinations)."""
    over = np.maximum(load[:, None] / points - 1.0, 0.0)[:, None, :]
    beyond = np.where(over > 0.0, over ** SHAPES[:, None], 0.0)
    fall = -(beyond[..., None] * SLOPES).reshape(len(load), -1)
    return np.hstack([fall, np.zeros((len(load), 1))])


def likelihood(rep: OutcomesByLoad, grid: Grid, level: Floats, steps: int) -> ByCombination:
    """Return what a rep's outcomes say at each combination.

    Parameters
    ----------
    rep
        the outcomes
    grid
        the combinations
    level
        where the search for the likeliest level begins, float64 (n_combinations,)
    steps
        of Newton's method: 8 from anywhere, 2 from what was likeliest given nearly the same offsets

    Notes
    -----
    Time is that of groups x combinations. Single precision would take half of it, but what is drawn after it would be
    another draw on processors that add in another order.
    """
    known = rep.offset[:, None] + grid.fall[rep.load]
    prior = 1.0 / LEVEL_DEVIATION**2
    logit, rate, spare = (np.empty_like(known) for _ in range(3))  # filled anew by each step: fresh ones take longer

    def rates() -> Floats:
        """Fill in logits and rates, and return the precision of the level."""
        np.maximum(np.add(known, level, out=logit), _LEAST_LOGIT, out=logit)
        np.add(1.0, np.exp(np.negative(logit, out=rate), out=rate), out=rate)
        np.divide(1.0, rate, out=rate)
        np.multiply(rate, np.subtract(1.0, rate, out=spare), out=spare)
        return np.asarray(rep.tried @ spare + prior)

    for _ in range(steps):
        precision = rates()
        pull = rep.won.sum() - rep.tried @ rate - prior * level
        level = level + np.clip(pull / precision, -_MOST_STEP, _MOST_STEP)
    precision = rates()
    # log(1 - rate) = log(rate) - logit
    log = rep.tried @ np.log(rate, out=spare) - (rep.tried - rep.won) @ logit
    log = log - 0.5 * prior * level**2 - 0.5 * np.log(precision / prior)
    return ByCombination(log=log, level=level, precision=precision)
