r"""Where a rep's conversion begins to drop with load: change points on the logit, which reps have in common in part.

With rep j's load L, what its leads are like as a known offset o, and its own level a, the chance of conversion is

.. math:: \operatorname{sigmoid}(o + a_j - s \max(L / c_j - 1, 0)), \qquad
          a_j \sim N(0, \sigma^2), \quad \log c_j \sim N(\mu, \tau^2).

The slope s is the same for all: by how much the logit has fallen at twice the change point. There may be none (s = 0).
Change points, slopes, mu and tau lie on grids, over which sums are exact; a_j is integrated out by Laplace's method.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.learning.effects.logistic import sigmoid

SLOPES = np.append(0.0, 0.25 * 2.0 ** (np.arange(13) / 3.0))
"""None, and from 0.25 to 4: less is no drop that anybody would plan by."""
NO_DROP = 0.5
"""Prior probability that load does not matter. With .25 and .75 the same drops are found on simulated teams."""
LEVEL_DEVIATION = 1.5
"""Prior standard deviation of a rep's own level: wide, so that only its own busy and quiet times are compared. At
half and twice, change points of simulated teams of eight with 192 leads each are missed by 12.0% and 12.7%, not 12.5%.
"""
_N_POINTS = 80  # 5% apart; with 40 and 160 the same errors, in .6 and 1.9 times the time
# Of the logarithms of change points, from reps who are next to equal to reps of whom one takes three times as many as
# another. Twice as many make no difference; .15 alone, the truth there, holds it in 92% of the intervals, not in 95%.
_SPREADS = np.array([0.05, 0.15, 0.3, 0.6])
_NEWTON_STEPS = (
    8  # of at most 2 each: levels of reps who win all or nothing lie far out; 4 and 16 err as little on others
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutcomesByLoad:
    """One rep's outcomes by load; float64 (n_groups,).

    Parameters
    ----------
    load
        how many leads the rep had
    offset
        logit of what is expected of such leads, whoever has them
    tried, won
        how many
    """

    load: Floats
    offset: Floats
    tried: Floats
    won: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChangePoints:
    """What is known of every rep's change point.

    Parameters
    ----------
    points
        float64 (n_points,), ascending
    chance
        float64 (n_reps, n_points, n_slopes), posterior of change point and slope; each rep's adds up to 1
    level
        float64, of the same shape: the rep's own level given both
    """

    points: Floats
    chance: Floats
    level: Floats

    def below(self, load: Floats) -> Floats:
        """Return the probability that each rep's conversion begins to drop at a load of at most so much, (n_reps,)."""
        there = self.points[None, :] <= load[:, None]
        return np.asarray((self._drop * there).sum(axis=1))

    def quantile(self, share: float) -> Floats:
        """Return the load below which each rep's drop begins with this probability, inf where none may, (n_reps,)."""
        total = self._drop.cumsum(axis=1)
        steps = np.concatenate([np.zeros((len(total), 1)), total], axis=1)
        half_step = np.sqrt(self.points[1] / self.points[0])  # each point stands for what is around it
        loads = np.append(self.points[0] / half_step, self.points * half_step)
        return np.array([np.interp(share, step, loads, right=np.inf) for step in steps])

    def slope(self) -> float:
        """Return the expected slope, if there is a drop at all."""
        each = self.chance[:, :, 1:].sum(axis=(0, 1))
        return float(each @ SLOPES[1:] / max(each.sum(), 1e-300))

    def shift(self, rep: int, load: Floats) -> Floats:
        """Return what a rep and its load are expected to add to the logit, float64 (len(load),)."""
        total = self.level[rep] + _fall(load, self.points)
        return np.asarray((total * self.chance[rep]).sum(axis=(1, 2)))

    def rates(self, rep: int, load: Floats, offset: Floats) -> Floats:
        """Return the expected chance of conversion at some loads, float64 (len(load),)."""
        logit = offset[:, None, None] + self.level[rep] + _fall(load, self.points)
        return np.asarray((sigmoid(logit) * self.chance[rep]).sum(axis=(1, 2)))

    @property
    def _drop(self) -> Floats:
        return np.asarray(self.chance[:, :, 1:].sum(axis=2))


def fit_change_points(reps: Sequence[OutcomesByLoad], told: Callable[[], None] = lambda: None) -> ChangePoints:
    """Return what outcomes by load say about each rep's change point, and about what reps have in common.

    Parameters
    ----------
    reps
        one for each rep, one outcome at least in all
    told
        called once for each rep

    Notes
    -----
    Time grows with groups x 1,120 combinations of change point and slope: 200 reps of 200 groups take two seconds.

    References
    ----------
    Carlin, Gelfand & Smith (1992), Hierarchical Bayesian analysis of changepoint problems, Applied Statistics 41(2),
    doi:10.2307/2347570; Tierney & Kadane (1986), Accurate approximations for posterior moments and marginal
    densities, JASA 81(393), doi:10.1080/01621459.1986.10478240, for the integral over levels.
    """
    loads = np.concatenate([rep.load for rep in reps])
    points = np.geomspace(max(1.0, loads.min()), 2.0 * loads.max(), _N_POINTS)
    found = []
    for rep in reps:
        found.append(_likelihood(rep, points))
        told()
    likelihood = np.exp([log - log.max() for log, _ in found])
    return ChangePoints(
        points=points, chance=_posterior(likelihood, points), level=np.array([level for _, level in found])
    )


def _fall(load: Floats, points: Floats) -> Floats:
    """Return what load takes from the logit, float64 (n_loads, n_points, n_slopes)."""
    return np.asarray(-np.maximum(load[:, None] / points - 1.0, 0.0)[:, :, None] * SLOPES)


def _likelihood(rep: OutcomesByLoad, points: Floats) -> tuple[Floats, Floats]:
    """Return the log-likelihood of each change point and slope, and the rep's likeliest level; (n_points, n_slopes)."""
    known = rep.offset[:, None, None] + _fall(rep.load, points)
    tried, won = rep.tried[:, None, None], rep.won[:, None, None]
    level, prior = np.zeros(known.shape[1:]), 1.0 / LEVEL_DEVIATION**2
    for _ in range(_NEWTON_STEPS):
        rate = sigmoid(known + level)
        curvature = (tried * rate * (1.0 - rate)).sum(axis=0) + prior
        step = ((won - tried * rate).sum(axis=0) - prior * level) / curvature
        level = level + np.clip(step, -2.0, 2.0)
    rate = sigmoid(known + level)
    curvature = (tried * rate * (1.0 - rate)).sum(axis=0) + prior
    fit = (won * np.log(rate) + (tried - won) * np.log1p(-rate)).sum(axis=0)
    return fit - 0.5 * prior * level**2 - 0.5 * np.log(curvature / prior), level


def _posterior(likelihood: Floats, points: Floats) -> Floats:
    """Return each rep's posterior of change point and slope, by Bayes' rule on the grid of mu, tau and s."""
    log = np.log(points)
    prior = np.exp(-0.5 * ((log - log[:, None])[:, None, :] / _SPREADS[:, None]) ** 2).reshape(-1, len(points))
    prior /= prior.sum(axis=1, keepdims=True)
    evidence = np.einsum("hk,jkg->jhg", prior, likelihood, optimize=True)
    slopes = np.append(NO_DROP, np.full(len(SLOPES) - 1, (1.0 - NO_DROP) / (len(SLOPES) - 1)))
    total = np.log(np.maximum(evidence, 1e-300)).sum(axis=0) + np.log(slopes)
    shared = np.exp(total - total.max())
    shared /= shared.sum()
    chance = likelihood * np.einsum("jhg,hk->jkg", shared / np.maximum(evidence, 1e-300), prior, optimize=True)
    return np.asarray(chance / chance.sum(axis=(1, 2), keepdims=True))
