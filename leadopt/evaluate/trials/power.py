"""How many leads a trial needs, and what a trial of so many leads can show: two proportions, normal approximation."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

from leadopt.errors import InvalidInput
from leadopt.tables.cells import is_number

_NORMAL = NormalDist()
_MOST_LEADS = 10**12  # a trial of more is none


def leads_needed(base_rate: float, lift: float, *, share: float = 0.5, power: float = 0.8, level: float = 0.95) -> int:
    r"""Return how many leads, both groups together, a trial needs to show a lift.

    With p0 the rate of the leads sent at random, p1 = p0 (1 + lift) that of the others, h the share sent at random and
    pbar = h p0 + (1 - h) p1,

    .. math:: n = \left(\frac{z_{(1 + level)/2} \sqrt{\bar p (1 - \bar p) / (h (1 - h))}
              + z_{power} \sqrt{p_0 (1 - p_0) / h + p_1 (1 - p_1) / (1 - h)}}{p_1 - p_0}\right)^2

    Parameters
    ----------
    base_rate
        chance that a lead converts if it is sent at random, in (0, 1)
    lift
        relative: 0.1 = a tenth more conversions, -0.1 = a tenth fewer
    share
        of the leads that is sent at random, in (0, 1); one half needs the fewest leads
    power
        chance that the trial shows the lift if there is one, in (0, 1)
    level
        of the interval that must then exclude 0, in (0, 1)

    Returns
    -------
    int
        rounded up

    Raises
    ------
    InvalidInput
        a number is out of its range, there is no lift to find, or so large a one is impossible

    Notes
    -----
    A normal approximation: fine from about ten expected conversions a group on. `power_of` is its inverse.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14 and 4.19 without
    the correction for continuity. doi:10.1002/0471445428

    Examples
    --------
    >>> leads_needed(0.16, 0.2), leads_needed(0.16, 0.2, share=0.1)
    (4445, 12609)
    """
    _check_trial(base_rate, share, level)
    _check("power", power, 0.0, 1.0)
    better = _rate(base_rate, lift)
    if better == base_rate:
        raise InvalidInput(f"lift: must be a number other than 0, such as 0.1 for 10% more; found {lift!r}")
    at_null, as_is = _deviations(base_rate, better, share)
    needed = (_critical(level) * at_null + _NORMAL.inv_cdf(power) * as_is) / abs(better - base_rate)
    if needed <= 0.0:  # such power is had by luck alone
        return 2
    if needed**2 > _MOST_LEADS:
        raise InvalidInput(f"lift: {lift!r} is too small to be shown by {_MOST_LEADS:,} leads")
    return max(2, ceil(needed**2))


def power_of(n_leads: int, base_rate: float, lift: float, *, share: float = 0.5, level: float = 0.95) -> float:
    """Return the chance that a trial of so many leads, both groups together, shows a lift: its interval excludes 0.

    Parameters
    ----------
    n_leads
        of both groups together, 2 or more
    base_rate, lift, share, level
        as of `leads_needed`

    Returns
    -------
    float
        in (0, 1); where there is no lift, 1 - level

    Raises
    ------
    InvalidInput
        a number is out of its range

    Notes
    -----
    The formula of `leads_needed`, solved for the power, in the direction of the lift; with no lift, both directions.

    Examples
    --------
    >>> round(power_of(4445, 0.16, 0.2), 3), round(power_of(1000, 0.16, 0.2), 3)
    (0.8, 0.264)
    """
    _check_trial(base_rate, share, level)
    _check_leads(n_leads)
    better = _rate(base_rate, lift)
    at_null, as_is = _deviations(base_rate, better, share)
    margin = abs(better - base_rate) * sqrt(n_leads)
    if margin == 0.0:
        return 1.0 - level
    return _NORMAL.cdf((margin - _critical(level) * at_null) / as_is)


def detectable_lift(
    n_leads: int, base_rate: float, *, share: float = 0.5, power: float = 0.8, level: float = 0.95
) -> float:
    """Return the least lift that a trial of so many leads, both groups together, shows with this power.

    Parameters
    ----------
    n_leads
        of both groups together, 2 or more
    base_rate, share, power, level
        as of `leads_needed`

    Returns
    -------
    float
        relative: 0.1 = a tenth more conversions; inf where even a rate of 1 would not show

    Raises
    ------
    InvalidInput
        a number is out of its range

    Examples
    --------
    >>> round(detectable_lift(4445, 0.16), 3), round(detectable_lift(500, 0.16), 3)
    (0.2, 0.638)
    """
    _check_trial(base_rate, share, level)
    _check("power", power, 0.0, 1.0)
    _check_leads(n_leads)

    def shows(lift: float) -> bool:
        return power_of(n_leads, base_rate, lift, share=share, level=level) >= power

    low, high = 0.0, (1.0 / base_rate - 1.0) * (1.0 - 1e-9)
    if not shows(high):
        return float("inf")
    for _ in range(80):
        middle = (low + high) / 2.0
        low, high = (low, middle) if shows(middle) else (middle, high)
    return high


def _critical(level: float) -> float:
    return _NORMAL.inv_cdf((1.0 + level) / 2.0)


def _deviations(base_rate: float, better: float, share: float) -> tuple[float, float]:
    """Return the standard deviation of the difference, times sqrt(n): where nothing differs, and as it is."""
    pooled = share * base_rate + (1.0 - share) * better
    at_null = sqrt(pooled * (1.0 - pooled) / (share * (1.0 - share)))
    return at_null, sqrt(base_rate * (1.0 - base_rate) / share + better * (1.0 - better) / (1.0 - share))


def _rate(base_rate: float, lift: float) -> float:
    better = base_rate * (1.0 + lift) if is_number(lift) else float("nan")
    if not 0.0 < better < 1.0:
        raise InvalidInput(
            f"lift: must be relative, as in 0.1 for 10% more, and leave a rate between 0 and 1; "
            f"found {lift!r} of a base rate of {base_rate:g}"
        )
    return better


def _check_trial(base_rate: float, share: float, level: float) -> None:
    for name, value in (("base_rate", base_rate), ("share", share), ("level", level)):
        _check(name, value, 0.0, 1.0)


def _check(name: str, value: Any, low: float, high: float) -> None:
    if not (is_number(value) and low < value < high):
        raise InvalidInput(f"{name}: must be a number between {low:g} and {high:g}, ends excluded; found {value!r}")


def _check_leads(n_leads: Any) -> None:
    if not (is_number(n_leads) and n_leads == n_leads // 1 and n_leads >= 2):
        raise InvalidInput(f"n_leads: must be a whole number, 2 or more; found {n_leads!r}")
