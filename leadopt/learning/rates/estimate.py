"""A value with its limits: rates that were counted, rates over time, and what two of them differ by."""

from math import exp, isfinite, log
from typing import NamedTuple

from leadopt.arrays import Floats
from leadopt.learning.rates.intervals import difference_ends, wilson
from leadopt.progress import loaded


class Estimate(NamedTuple):
    """A value and the interval that holds the truth as often as its level says; NaN = not known, inf = no end seen."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> "Estimate":
        """Return it in another unit, a factor above 0."""
        return Estimate(self.value * factor, self.low * factor, self.high * factor)


UNKNOWN = Estimate(float("nan"), float("nan"), float("nan"))


def share(happened: Floats, weight: Floats, level: float) -> Estimate:
    r"""Return the share of rows in which something happened, with Wilson's interval.

    Weighted rows count as :math:`(\sum w)^2 / \sum w^2` that are not: so many would leave the share as uncertain.

    Parameters
    ----------
    happened, weight
        float64 (n,): 1 or 0, and how much each row counts, 0 or more; none at all is not known
    level
        of the interval, in (0, 1)

    References
    ----------
    Wilson (1927), JASA 22(158); Kish (1965), Survey sampling, section 11.7, for the number that weighted rows are worth

    Examples
    --------
    >>> import numpy as np
    >>> share(np.array([1.0, 0.0, 0.0, 1.0]), np.ones(4), 0.9).value
    0.5
    """
    total = float(weight.sum())
    if not total:
        return UNKNOWN
    rate, n = float((weight * happened).sum()) / total, worth_of(weight)
    return Estimate(rate, *wilson(rate * n, n, level))


def worth_of(weight: Floats) -> float:
    """Return how many rows without weights tell as much as these; 0 of none."""
    squares = float((weight**2).sum())
    return float(weight.sum()) ** 2 / squares if squares else 0.0


def events_over(count: int, exposure: float, level: float) -> Estimate:
    r"""Return how often something happens, per unit of exposure, with its exact interval.

    With a count k that is Poisson, the limits are those means under which so few, or so many, are seen in half of
    (1 - level) of all cases:

    .. math:: \frac{1}{T} \Big( \tfrac12 \chi^2_{\alpha/2}(2k),\ \tfrac12 \chi^2_{1-\alpha/2}(2k + 2) \Big)

    Parameters
    ----------
    count
        how often it happened
    exposure
        over how much: days, years, leads; 0 is not known
    level
        of the interval, in (0, 1)

    References
    ----------
    Garwood (1936), Fiducial limits for the Poisson distribution, Biometrika 28

    Examples
    --------
    >>> [round(end, 2) for end in events_over(0, 12.0, 0.9)]  # nobody left in 12 years of reps
    [0.0, 0.0, 0.25]
    """
    loaded("scipy.special")
    from scipy.special import gammaincinv

    if not exposure > 0.0:
        return UNKNOWN
    tail = (1.0 - level) / 2.0
    low = float(gammaincinv(count, tail)) if count else 0.0
    return Estimate(count / exposure, low / exposure, float(gammaincinv(count + 1, 1.0 - tail)) / exposure)


def difference(after: Estimate, before: Estimate) -> Estimate:
    """Return by how much one estimate is larger than another that is independent of it, from the limits of both.

    References
    ----------
    Zou & Donner (2008), Construction of confidence limits about effect measures, Statistics in Medicine 27(10), eq. 6

    Examples
    --------
    >>> [round(end, 3) for end in difference(Estimate(0.5, 0.4, 0.6), Estimate(0.3, 0.2, 0.4))]
    [0.2, 0.059, 0.341]
    """
    if not (isfinite(after.value) and isfinite(before.value)):
        return UNKNOWN
    return Estimate(after.value - before.value, *difference_ends(after, before))


def ratio(after: Estimate, before: Estimate) -> Estimate:
    """Return how many times one positive estimate is another that is independent of it, from the limits of both.

    The same on a scale of logarithms; not known where either is 0.

    Examples
    --------
    >>> [round(end, 2) for end in ratio(Estimate(8.0, 7.0, 9.0), Estimate(10.0, 9.0, 11.0))]
    [0.8, 0.68, 0.94]
    """
    if not (after.value > 0.0 and before.value > 0.0):
        return UNKNOWN
    gap = difference(_logs(after), _logs(before))
    return Estimate(*(exp(end) if end < 700.0 else float("inf") for end in gap))


def _logs(estimate: Estimate) -> Estimate:
    return Estimate(*(log(end) if end > 0.0 else float("-inf") for end in estimate))
