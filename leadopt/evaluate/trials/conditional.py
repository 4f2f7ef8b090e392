"""The exact test of two groups over strata, given how many converted in each stratum: Fisher's, where there is one."""

import numpy as np

from leadopt.arrays import Floats
from leadopt.evaluate.trials.counts import Counts
from leadopt.progress import loaded

_LEAST = 1e-18  # chances below are nothing beside the least that a test looks for


def exact_tails(counts: Counts) -> tuple[float, float]:
    r"""Return the chance of so many planned conversions or more, and of so many or fewer, if groups make no difference.

    Given the k_s conversions of a stratum of n_s leads, which of them are among the n_1s planned ones is then the lot
    alone, so that a_s of them has the chance of the hypergeometric distribution,

    .. math:: \binom{n_{1s}}{a_s} \binom{n_{0s}}{k_s - a_s} \Big/ \binom{n_s}{k_s},

    and the sum over strata that of their convolution. No rate has to be known, and it holds at any size.

    References
    ----------
    Fisher (1935), The logic of inductive inference, JRSS 98(1); Mehta, Patel & Gray (1985), Computing an exact
    confidence interval for the common odds ratio in several 2 x 2 contingency tables, JASA 80(392), eq. 2.1 to 2.4

    Examples
    --------
    >>> trial = Counts(n1=np.array([216.0]), n0=np.array([24.0]), k1=np.array([22.0]), k0=np.array([0.0]))
    >>> round(exact_tails(trial)[0], 3)
    0.088
    """
    chance, first = np.ones(1), 0
    for n1, n0, k in zip(counts.n1, counts.n0, counts.k1 + counts.k0, strict=True):
        part, start = _hypergeometric(int(n1), int(n0), int(k))
        chance, first = np.convolve(chance, part), first + start
    seen = int(counts.k1.sum()) - first
    upper, lower = chance[max(seen, 0) :].sum(), chance[: max(seen + 1, 0)].sum()
    return min(1.0, float(upper)), min(1.0, float(lower))


def _hypergeometric(n1: int, n0: int, k: int) -> tuple[Floats, int]:
    """Return the chances of how many of k conversions are planned, those next to none cut off, and the first number."""
    loaded("scipy.special")
    from scipy.special import gammaln

    a = np.arange(max(0, k - n0), min(n1, k) + 1)
    logs = -(gammaln(a + 1.0) + gammaln(n1 - a + 1.0) + gammaln(k - a + 1.0) + gammaln(n0 - k + a + 1.0))
    chance = np.exp(logs - logs.max())
    chance /= chance.sum()
    kept = np.flatnonzero(chance >= _LEAST)
    return chance[kept[0] : kept[-1] + 1], int(a[kept[0]])
