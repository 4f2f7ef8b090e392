"""From logarithms back to amounts: by how much the log-normal form misses what was really earned."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.problem.linear_algebra import inner

_DIGITS = 9  # sums of floats differ in their last digits with the order of the rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What expected amounts are multiplied by.

    Parameters
    ----------
    log_factor
        its logarithm
    variance
        of that
    """

    log_factor: float
    variance: float


def learn_correction(expected: Floats, count: Floats, total: Floats, squares: Floats) -> Correction:
    r"""Return how far all amounts together are from what was expected of them, as far as that is not chance.

    Logarithms that are not normal, such as those of price lists of which the model does not know the products, make
    expected amounts wrong on average. With :math:`\delta = \log(\sum y / \sum e)` and its sampling variance
    :math:`\nu = \sum (y - \min(1, \sum y / \sum e) e)^2 / \min(\sum y, \sum e)^2`, the factor is

    .. math:: \exp\left(\delta \, \max(0, 1 - \nu / \delta^2)\right)

    Nothing is corrected where chance would do as much; above all, a few huge amounts have a large variance, and little
    to say.

    Parameters
    ----------
    expected
        float64 (n_cells,), above 0, of one amount of each cell
    count, total, squares
        float64 (n_cells,), amounts, their sum, and the sum of their squares

    References
    ----------
    Duan (1983), Smearing estimate: a nonparametric retransformation method, JASA 78(383),
    doi:10.1080/01621459.1983.10478017; James & Stein (1961), Estimation with quadratic loss, for the shrinkage.

    Examples
    --------
    >>> n = np.array([1000.0])
    >>> learn_correction(np.array([150.0]), n, n * 100.0, n * 100.0**2 * 1.5).log_factor.__round__(2)
    -0.4
    >>> learn_correction(np.array([100.0]), n, n * 101.0, n * 101.0**2 * 1.5).log_factor
    0.0
    """
    unit = float(max(expected.max(), (total / count).max()))  # squares of amounts could overflow
    expected, total, squares = expected / unit, total / unit, squares / unit / unit
    earned, foreseen = float(total.sum()), inner(count, expected)
    if not min(earned, foreseen) ** 2 > 0.0:  # too far apart for a float: nothing but chance
        return Correction(log_factor=0.0, variance=0.0)
    met = expected * min(1.0, earned / foreseen)  # what is expected far too high scatters no more for that
    missed = float((squares - 2.0 * met * total + count * met**2).sum())
    delta = float(np.log(earned / foreseen))
    chance = max(0.0, missed) / min(earned, foreseen) ** 2
    if delta**2 <= chance:
        return Correction(log_factor=0.0, variance=0.0)
    kept = 1.0 - chance / delta**2
    return Correction(log_factor=round(kept * delta, _DIGITS), variance=round(kept * chance, _DIGITS))
