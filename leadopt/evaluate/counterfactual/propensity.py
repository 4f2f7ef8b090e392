"""With what chance a log's policy chose the rep that it chose, estimated from how often reps had leads of a segment."""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import loaded

_STEPS = 61


def log_propensities(rep: Ints, segment: Ints) -> Floats:
    r"""Return the estimated chance that each row's rep was chosen, float64 (n_rows,).

    Shares of a segment are shrunk towards those of the whole log, f_a:

    .. math:: p(a | s) = \frac{n_{sa} + \kappa f_a}{n_s + \kappa},

    with kappa, the concentration, that makes the counts likeliest (Dirichlet-multinomial), searched on a logarithmic
    grid from 0.1 to 1e5. Where the choice did not depend on the segment, kappa is large, and shares are the log's.

    Parameters
    ----------
    rep, segment
        int64 (n_rows,), from 0

    References
    ----------
    Minka (2000), Estimating a Dirichlet distribution, eq. 23 (the likelihood of the Polya distribution).

    Examples
    --------
    >>> log_propensities(np.array([0, 0, 0, 1] * 50), np.array([0, 0, 1, 1] * 50)).round(2)[:4]
    array([1. , 1. , 0.5, 0.5])
    """
    if not len(rep):
        return np.zeros(0)
    share = np.bincount(rep) / len(rep)
    pair, place, count = np.unique(segment * len(share) + rep, return_inverse=True, return_counts=True)
    prior, tried = share[pair % len(share)], np.bincount(segment)
    grid = np.geomspace(0.1, 1e5, _STEPS)
    kappa = grid[int(np.argmax([_log_likelihood(one, count, prior, tried[tried > 0]) for one in grid]))]
    return np.asarray(((count + kappa * prior) / (tried[pair // len(share)] + kappa))[place.reshape(-1)])


def _log_likelihood(kappa: float, count: Ints, prior: Floats, tried: Ints) -> float:
    loaded("scipy.special")
    from scipy.special import gammaln

    within = gammaln(count + kappa * prior) - gammaln(kappa * prior)
    return float(within.sum() + (gammaln(kappa) - gammaln(tried + kappa)).sum())
