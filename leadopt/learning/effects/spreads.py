"""How much the levels of a family of effects differ: the posterior of its standard deviation, from noisy effects."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from leadopt.arrays import Floats
from leadopt.problem.linear_algebra import along_axes, applied

NO_EFFECT, NO_PAIR_EFFECT = 0.15, 0.1
"""Prior probability that a family has no effect at all: beside a half-normal prior, and beside an exponential one.

The first is what 45 columns of four real histories show is likeliest, with the scale 1.5 (see `logistic.COLUMN_SCALE`):
the logarithm of the likelihood falls by 2.8, 1.0 and 7.2 at .05, .3 and .5. The second matters less, as the density is
highest next to nothing: see `families.PAIR_SCALE`."""
LIKENESS, _ALONE = 0.25, 0.02
"""Of families that are alike: how far the logarithms of their standard deviations scatter around what they share, and
the probability that one has no effect though others do.

Of 20 floors of 10 reps by four columns, and of as many by five, plans lose .041 and .035 of the oracle's lift to those
of who knows all standard deviations, and .052 and .045 where each family is by itself. Taken for alike in any case it
were .023 and .029, but where one family alone differs plans would lose .057 more (now .004 +- .004). Three real
histories leave it open: the odds of alike are 1.4 (incidents), 1.0 (salvirt) and 2.9 (a CRM without signal)."""
# What they share, and standard deviations over which sums are taken, on the logit; a step of .2 on the logarithm.
_SHARED = np.geomspace(0.02, 8.0, 31)
_GRID = np.geomspace(0.005, 8.0, 61)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is known of a standard deviation beforehand.

    Parameters
    ----------
    nothing
        probability that there is no effect at all
    log_density
        logarithm of the density of standard deviations, given that there is an effect
    scale
        about how large they are
    """

    nothing: float
    log_density: Callable[[Floats], Floats]
    scale: float


def half_normal(scale: float) -> Prior:
    """Return the half-normal prior of this scale.

    References
    ----------
    Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian Analysis 1(3),
    doi:10.1214/06-BA117A.
    """
    constant = float(np.log(np.sqrt(2.0 / np.pi) / scale))
    return Prior(
        nothing=NO_EFFECT, log_density=lambda deviation: constant - 0.5 * (deviation / scale) ** 2, scale=scale
    )


def exponential(mean: float) -> Prior:
    """Return the exponential prior of this mean: the density is highest where there is next to no effect.

    References
    ----------
    Simpson, Rue, Riebler, Martins & Sorbye (2017), Penalising model component complexity, Statistical Science 32(1),
    doi:10.1214/16-STS576, sec. 3.
    """
    constant = -float(np.log(mean))
    return Prior(nothing=NO_PAIR_EFFECT, log_density=lambda deviation: constant - deviation / mean, scale=mean)


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
    return spread_under(half_normal(scale), pull, information)


def spread_under(prior: Prior, pull: Floats, information: Floats) -> Spread:
    """Return the same under any prior."""
    coarse = log_likelihood(_COARSE, pull, information)
    posterior = coarse + prior.log_density(_COARSE)
    likely = np.flatnonzero(posterior > posterior.max() - _FALL)
    first, last = max(int(likely[0]) - 1, 0), min(int(likely[-1]) + 1, len(_COARSE) - 1)
    grid = np.unique(np.concatenate([_COARSE[first : last + 1], np.linspace(_COARSE[first], _COARSE[last], 60)]))
    fine = log_likelihood(grid, pull, information)
    posterior = fine + prior.log_density(grid)
    top = max(0.0, float(posterior.max()))
    density = np.exp(posterior - top)
    mass = np.append(0.0, (0.5 * (density[1:] + density[:-1]) * np.diff(grid)).cumsum())
    nothing = prior.nothing / max(1.0 - prior.nothing, 1e-300) * np.exp(-top)
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
        likelihoods=tuple(log_likelihood(np.array(quantiles), pull, information).tolist()),
    )


def family_spreads(families: Sequence[tuple[Floats, Floats, float, Prior]], kin: Sequence[int]) -> list[Spread]:
    """Return what the posterior of each family's effects says of its spread, the prior N(0, tau) taken out of it.

    Parameters
    ----------
    families
        of each: the mean of its effects, their covariance, or their variances alone, tau, and the spread's prior
    kin
        families of one kind, whose spreads are alike (`alike`)
    """
    seen = [_sights(mean, scatter, tau) for mean, scatter, tau, _ in families]
    priors = [prior for *_, prior in families]
    if len(kin) > 1:
        likelihoods = [partial(log_likelihood, pull=seen[one][0], information=seen[one][1]) for one in kin]
        for one, prior in zip(kin, alike(likelihoods, families[kin[0]][3]), strict=True):
            priors[one] = prior
    return [spread_under(prior, *each) for prior, each in zip(priors, seen, strict=True)]


def _sights(mean: Floats, scatter: Floats, tau: float) -> tuple[Floats, Floats]:
    """Return pull and information of independent sights of a family's effects.

    Along the axes of the covariance effects are independent; taken for independent as they are, levels that the base
    could stand in for would look less certain than they are. For a level that is alone the base stands in altogether:
    it says nothing of how levels differ.
    """
    if len(mean) == 1:
        return np.zeros(1), np.zeros(1)
    if scatter.ndim == 2:
        scatter, mean = along_axes(scatter, mean)
    plain = np.clip(scatter, 1e-12, tau * (1.0 - 1e-9))
    # A variance above the prior's, as draws may have it, is of a level of which nothing is known.
    return mean / plain, np.where(scatter < tau, 1.0 / plain - 1.0 / tau, 0.0)


def towards(old: Floats, new: Floats, pace: float) -> Floats:
    """Return standard deviations moved towards new ones: at once, families that compete would overshoot in turns."""
    return np.asarray(old * np.exp(np.clip(pace * np.log(new / old), -pace, pace)))


def log_likelihood(deviations: Floats, pull: Floats, information: Floats) -> Floats:
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


def alike(likelihoods: Sequence[Callable[[Floats], Floats]], prior: Prior) -> list[Prior]:
    r"""Return for each of several families what the others say of its standard deviation.

    Families of a kind, such as what reps do with each column, may be alike: then their standard deviations
    :math:`\sigma_f` scatter little around one that they share,

    .. math:: \log \sigma_f \sim N(\log c, \omega^2), \qquad c \sim p,

    each being 0 with a small probability, and all with that of p. Or each is by itself, with p as its prior. Both are
    as likely beforehand; the others' likelihoods, taken for independent, say which it is, what c may be, and so what
    this one may be.

    Parameters
    ----------
    likelihoods
        of each family: the logarithm of the likelihood ratio of standard deviations against none
    prior
        p, of c and of each by itself

    References
    ----------
    Gelman (2006), as above, sec. 6, on a hierarchical model of several standard deviations.
    """
    kernel = np.exp(-0.5 * (np.log(_GRID / _SHARED[:, None]) / LIKENESS) ** 2)
    kernel /= kernel.sum(axis=1, keepdims=True)
    shared, alone = _mass(_SHARED, prior), _mass(_GRID, prior)
    told, apart = np.empty((len(likelihoods), 1 + len(_SHARED))), np.empty(len(likelihoods))
    for number, likelihood in enumerate(likelihoods):
        log = likelihood(_GRID)
        top = max(0.0, float(log.max()))
        density, nothing = np.exp(log - top), float(np.exp(-top))
        there = _ALONE * nothing + (1.0 - _ALONE) * applied(kernel, density)
        told[number] = top + np.log(np.maximum(np.append(nothing, there), 1e-300))
        apart[number] = top + np.log(np.append(nothing, density) @ alone)
    together = np.log(np.maximum(shared, 1e-300)) + told.sum(axis=0)
    return [
        _around(together - own, float(apart.sum() - by_itself), prior)
        for own, by_itself in zip(told, apart, strict=True)
    ]


def _mass(deviations: Floats, prior: Prior) -> Floats:
    """Return the prior chances of no effect and of standard deviations in even steps of the logarithm."""
    density = deviations * np.exp(prior.log_density(deviations))
    return np.append(prior.nothing, (1.0 - prior.nothing) * density / density.sum())


def _around(alike: Floats, apart: float, by_itself: Prior) -> Prior:
    """Return the prior of one family by the logarithms of what is said for each c, no effect first, and for none."""
    top = max(float(alike.max()), apart)
    chance, single = np.exp(alike - top), float(np.exp(apart - top))
    total = float(chance.sum()) + single
    chance, single = chance / total, single / total
    nothing = float(chance[0] + _ALONE * chance[1:].sum()) + single * by_itself.nothing

    def log_density(deviation: Floats) -> Floats:
        near = np.exp(-0.5 * (np.log(deviation[:, None] / _SHARED) / LIKENESS) ** 2)
        density = (1.0 - _ALONE) * applied(near, chance[1:]) / (np.sqrt(2.0 * np.pi) * LIKENESS * deviation)
        density += single * (1.0 - by_itself.nothing) * np.exp(by_itself.log_density(deviation))
        return np.asarray(np.log(np.maximum(density / max(1.0 - nothing, 1e-300), 1e-300)))

    return Prior(nothing=nothing, log_density=log_density, scale=by_itself.scale)
