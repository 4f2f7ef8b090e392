"""Single amounts that are far from all that is known of their kind: a slip, a placeholder, a deal in another league."""

from collections.abc import Callable

import numpy as np

from leadopt.arrays import Bools, Floats

_FAR = 6.0
"""Standard deviations: of normal logarithms one in 500 million lies beyond. On 90 simulated histories of 20, 60 and 400
log-normal amounts none is odd at 5, 6 or 8."""
_LEAST_DEVIATION = 0.5
"""What is within a factor of 20 (e to the power of 6 times this) is never odd: price lists have no noise at all, and
list prices that are rare are no slips."""
_MOST_ROUNDS = 6  # amounts far out may hide those less far; simulated histories settle within 3

_FEW = 5.0  # of few amounts the scale is known badly, and too small where effects have followed them
_MOST = 0.1  # of all amounts: what is more frequent is no slip, but a kind of deal
_MOST_LEVERAGE = 0.999

Fit = Callable[[Bools], tuple[Floats, Floats, Floats]]


def odd_ones(logs: Floats, count: Floats, fit: Fit) -> Bools:
    r"""Return which groups of amounts are odd, bool (n_groups,): those that the others do not expect at all.

    With residuals :math:`r_g` of the groups' mean logarithms around what is expected, a robust scale

    .. math:: s = \left(1 + \frac{5}{n}\right)
        \max\left(s_0, 1.4826 \operatorname{median} |r - \operatorname{median} r|\right)

    and the leverage h of one amount of a group, it is suspected where
    :math:`|r_g - \operatorname{median} r| > 6 s (1 - h_g)`: an amount that is alone at its level is all that the
    level is known by. Suspects are judged by what is learned without them: they are odd where
    :math:`|r_g - \operatorname{median} r| > 6 \sqrt{s^2 (1 + h_g) + d_g}`, with the variance d of levels that only
    suspects have. So a segment that is far from all others is not odd if segments differ as much, or if two of its
    deals agree. Where more than a tenth of the amounts would be odd, none is.

    Parameters
    ----------
    logs
        float64 (n_groups,), mean logarithm
    count
        float64 (n_groups,), above 0, amounts
    fit
        what is expected of each group by what is learned from some of them: the mean of the logarithm, its variance in
        units of the noise, and the variance of levels that are not known, float64 (n_groups,)

    References
    ----------
    Rousseeuw & Leroy (1987), Robust regression and outlier detection, doi:10.1002/0471725382, sec. 5.1, for the scale;
    Hadi & Simonoff (1993), Procedures for the identification of multiple outliers in linear models, JASA 88(424), for
    judging suspects without them.
    """
    odd, acquitted = np.zeros(len(logs), dtype=bool), np.zeros(len(logs), dtype=bool)
    for _ in range(_MOST_ROUNDS):
        mean, leverage, _ = fit(~odd)
        missed, scale = _missed(logs - mean, count)
        alone = 1.0 - np.minimum(leverage, _MOST_LEVERAGE)
        suspects = odd | ((np.abs(missed) > _FAR * scale * alone) & ~acquitted)
        if suspects.all() or (suspects == odd).all():
            break
        mean, leverage, unknown = fit(~suspects)
        missed, scale = _missed(logs - mean, count)
        guilty = suspects & (np.abs(missed) > _FAR * np.sqrt(scale**2 * (1.0 + leverage) + unknown))
        acquitted |= suspects & ~guilty
        if (guilty == odd).all():
            break
        odd = guilty
    return odd if count[odd].sum() <= max(1.0, _MOST * count.sum()) else np.zeros(len(logs), dtype=bool)


def _missed(residual: Floats, count: Floats) -> tuple[Floats, float]:
    """Return residuals around their median, and their scale."""
    missed = residual - _median(residual, count)
    scale = max(_LEAST_DEVIATION, 1.4826 * _median(np.abs(missed), count))
    return missed, scale * (1.0 + _FEW / float(count.sum()))


def _median(values: Floats, count: Floats) -> float:
    order = np.argsort(values, kind="stable")
    total = count[order].cumsum()
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])
