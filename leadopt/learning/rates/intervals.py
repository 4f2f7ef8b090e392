"""Intervals of rates that were counted, and of what two of them differ by."""

from math import hypot
from statistics import NormalDist

import numpy as np

from leadopt.arrays import Floats

Ends = tuple[float, float, float]  # a value, and the lower and upper limit of its interval


def wilson(k: float, n: float, level: float) -> tuple[float, float]:
    """Return Wilson's interval of a rate of k in n.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22(158).

    Examples
    --------
    >>> tuple(round(end, 3) for end in wilson(0, 10, 0.95))
    (0.0, 0.278)
    """
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    middle, spread = k + z * z / 2.0, z * (k * (n - k) / n + z * z / 4.0) ** 0.5
    return max(0.0, (middle - spread) / (n + z * z)), min(1.0, (middle + spread) / (n + z * z))


def wilson_of_each(k: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    """Return `wilson` of many rates, float64 (n_rates,) each.

    Examples
    --------
    >>> [ends.round(3).tolist() for ends in wilson_of_each(np.array([0.0, 5.0]), np.array([10.0, 10.0]), 0.95)]
    [[0.0, 0.237], [0.278, 0.763]]
    """
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    middle, spread = k + z * z / 2.0, z * np.sqrt(np.maximum(k * (n - k) / n, 0.0) + z * z / 4.0)
    return np.maximum(0.0, (middle - spread) / (n + z * z)), np.minimum(1.0, (middle + spread) / (n + z * z))


def difference_ends(one: Ends, other: Ends) -> tuple[float, float]:
    r"""Return the interval of the difference of two independent values r, made of the limits l and u of both.

    .. math:: D = r_1 - r_0, \quad \Big(D - \sqrt{(r_1 - l_1)^2 + (u_0 - r_0)^2},\
              D + \sqrt{(u_1 - r_1)^2 + (r_0 - l_0)^2}\Big)

    References
    ----------
    Zou & Donner (2008), Construction of confidence limits about effect measures, Statistics in Medicine 27(10), eq. 6

    Examples
    --------
    >>> [round(end, 3) for end in difference_ends((0.5, 0.4, 0.6), (0.3, 0.2, 0.4))]
    [0.059, 0.341]
    """
    (r1, l1, u1), (r0, l0, u0) = one, other
    return r1 - r0 - hypot(r1 - l1, u0 - r0), r1 - r0 + hypot(u1 - r1, r0 - l0)
