"""How much the levels of a family of effects differ: the posterior of its standard deviation, from noisy effects."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.problem.linear_algebra import along_axes, applied

NO_EFFECT = 0.15
"""Prior probability that a family has no effect at all.

What 45 columns of four real histories show is likeliest so, with a half-normal prior of the scale 1.5 beside it (see
`logistic.COLUMN_SCALE`): the logarithm of the likelihood falls by 2.8, 1.0 and 7.2 at .05, .3 and .5."""
QUANTILE = 0.8
"""Of the posterior: the value to work with where one stands for all, as among many effects; few are averaged over all
that they may be (see `mixture`). A spread taken too small shrinks away what is there, and makes what is left look
certain: at .65 held-out losses on incidents are .3335 and .2705 in place of .3328 and .2681, and 85% of the 90%
intervals on floors of 30 reps by three columns hold the truth, not 92%."""
TELLING = 1.35
"""Log-likelihood ratio against no effect that chance alone exceeds once in twenty families (a mixed chi-square)."""
# On the logit: .005 is nothing (an eighth of a point of chance), and 8 takes a chance of 2% to 98%.
_LEAST, _MOST = 0.005, 8.0
# The coarse grid only finds where the posterior is; the fine one of 60 within that carries the sums.
_COARSE = np.append(_LEAST, np.geomspace(0.02, _MOST, 40))
_N_QUANTILES = 40  # equally likely, and drawn from: enough for two beyond the 95% quantile
# So many levels take ten times as long one by one as gathered by an information that is alike to one in 500, by which
# the logarithm of the likelihood of 300,000 levels moves by less than .01.
_MOST_APART, _ALIKE = 5_000, 2e-3
_FALL = 12.0  # in the logarithm: what is less likely than that by so much is left out


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What is known about the standard deviation of a family of effects, on the logit.

    Parameters
    ----------
    deviation
        the value to work with: the `QUANTILE` of its posterior, about 0 where probably there is no effect
    low, high
        ends of the central 90% credible interval, given that there is an effect
    evidence
        logarithm of the likelihood ratio of the likeliest value against none; 0 = none is likeliest
    quantiles
        of the posterior, equally likely values in ascending order; the lowest ones stand for no effect
    likelihoods
        logarithm of the likelihood ratio of each of these against none
    """

    deviation: float
    low: float
    high: float
    evidence: float
    quantiles: tuple[float, ...]
    likelihoods: tuple[float, ...]

    @property
    def is_telling(self) -> bool:
        """Whether the data tell this family from one without any effect."""
        return self.evidence > TELLING


def learn_spread(pull: Floats, information: Floats, scale: float) -> Spread:
    r"""Return what noisy effects say about their standard deviation.

    Level i is seen as :math:`\hat u_i \sim N(0, \sigma^2 + 1 / h_i)` with the information :math:`h_i` and the pull
    :math:`z_i = h_i \hat u_i`, so that

    .. math:: \ell(\sigma) = -\tfrac12 \sum_i \log(1 + \sigma^2 h_i) - \frac{\sigma^2 z_i^2}{1 + \sigma^2 h_i}

    up to a constant. Where it is stationary, so is the evidence lower bound of `posterior`. The prior is half-normal
    with the given scale, and with probability `NO_EFFECT` there is no effect. With few levels the likelihood is flat
    and the likeliest value, often 0, would be overconfident: hence a high quantile. With many levels all of them agree.

    Parameters
    ----------
    pull, information
        z and h, float64 (n_levels,); h >= 0
    scale
        of the prior

    References
    ----------
    DerSimonian & Laird (1986), Meta-analysis in clinical trials, Controlled Clinical Trials 7(3); Gelman (2006), Prior
    distributions for variance parameters in hierarchical models, Bayesian Analysis 1(3), doi:10.1214/06-BA117A.

    Examples
    --------
    >>> h = np.full(50, 100.0)
    >>> learn_spread(h * np.linspace(-1.0, 1.0, 50), h, 1.0).deviation.__round__(2)
    0.64
    >>> nothing = learn_spread(np.sqrt(h) * np.linspace(-1.7, 1.7, 50), h, 1.0)  # as chance alone scatters
    >>> nothing.is_telling, nothing.deviation < 0.05
    (False, True)
    """
    coarse = _log_likelihood(_COARSE, pull, information)
    posterior = coarse + _log_prior(_COARSE, scale)
    likely = np.flatnonzero(posterior > posterior.max() - _FALL)
    first, last = max(int(likely[0]) - 1, 0), min(int(likely[-1]) + 1, len(_COARSE) - 1)
    grid = np.unique(np.concatenate([_COARSE[first : last + 1], np.linspace(_COARSE[first], _COARSE[last], 60)]))
    fine = _log_likelihood(grid, pull, information)
    posterior = fine + _log_prior(grid, scale)
    top = max(0.0, float(posterior.max()))
    density = np.exp(posterior - top)
    mass = np.append(0.0, (0.5 * (density[1:] + density[:-1]) * np.diff(grid)).cumsum())
    nothing = NO_EFFECT / (1.0 - NO_EFFECT) * np.exp(-top)
    likeliest = max(0.0, float(coarse.max()), float(fine.max()))
    low, high = np.interp((0.05 * mass[-1], 0.95 * mass[-1]), mass, grid)
    # Where no effect takes up a quantile, the least one stands for it.
    wanted = np.append(QUANTILE, (np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES)
    deviation, *quantiles = np.interp(wanted * (nothing + mass[-1]) - nothing, mass, grid, left=_LEAST).tolist()
    return Spread(
        deviation=deviation,
        low=float(low),
        high=float(high),
        evidence=likeliest,
        quantiles=tuple(quantiles),
        likelihoods=tuple(_log_likelihood(np.array(quantiles), pull, information).tolist()),
    )


def family_spread(mean: Floats, scatter: Floats, tau: float, scale: float) -> Spread:
    """Return what the posterior of a family's effects says of its spread, the prior N(0, tau) taken out of it.

    `scatter` is their covariance, or their variances alone. Along the axes of the covariance effects are independent;
    taken for independent as they are, levels that the base could stand in for would look less certain than they are.
    """
    if scatter.ndim == 2:
        scatter, mean = along_axes(scatter, mean)
    plain = np.clip(scatter, 1e-12, tau * (1.0 - 1e-9))
    # A variance above the prior's, as draws may have it, is of a level of which nothing is known.
    return learn_spread(mean / plain, np.where(scatter < tau, 1.0 / plain - 1.0 / tau, 0.0), scale)


def towards(old: Floats, new: Floats, pace: float) -> Floats:
    """Return standard deviations moved towards new ones: at once, families that compete would overshoot in turns."""
    return np.asarray(old * np.exp(np.clip(pace * np.log(new / old), -pace, pace)))


def _log_prior(deviations: Floats, scale: float) -> Floats:
    """Return the logarithm of the half-normal density."""
    return np.asarray(np.log(np.sqrt(2.0 / np.pi) / scale) - 0.5 * (deviations / scale) ** 2)


def _log_likelihood(deviations: Floats, pull: Floats, information: Floats) -> Floats:
    """Return the logarithm of the likelihood against no effect."""
    telling = information > 0
    h = information[telling]
    # sigma^2 z^2 / (1 + sigma^2 h) is (z^2 / h) (1 - 1 / (1 + sigma^2 h)).
    squared, count = pull[telling] ** 2 / h, np.ones(len(h))
    if len(h) > _MOST_APART:
        h, squared, count = _gathered(h, squared)
    shrunk = 1.0 + (deviations**2)[:, None] * h
    return np.asarray(0.5 * (squared.sum() - applied(1.0 / shrunk, squared) - applied(np.log(shrunk), count)))


def _gathered(information: Floats, squared: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the mean information of levels that hardly differ in it, their sum of squares, and how many they are."""
    place = np.floor(np.log(information) / _ALIKE).astype(np.int64)
    place -= place.min()
    count = np.bincount(place).astype(np.float64)
    some = count > 0.0
    total, squares = (np.bincount(place, part)[some].astype(np.float64) for part in (information, squared))
    return total / count[some], squares, count[some]
