"""Fair shares as limits (bands around an entitlement, newcomer quotas), and measures of how even a split is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.columns import Columns
from leadopt.errors import InvalidInput
from leadopt.frames import Table
from leadopt.gains import Affinity
from leadopt.problem import Limit
from leadopt.values import as_moment, is_number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    r"""A band on every rep's number of leads around what the rep is entitled to.

    .. math:: \lfloor low \cdot e_j \rfloor \le leads_j \le \lceil high \cdot e_j \rceil

    Parameters
    ----------
    low, high
        the band, as multiples of the entitlement, ``0 <= low <= 1 <= high``
    entitlement
        what the leads are divided by: "capacity" (slots), "equal", or the name of a column of reps with weights

    Examples
    --------
    >>> Fairness(low=0.9)
    Fairness(low=0.9, high=1.2, entitlement='capacity')
    """

    low: float = 0.8
    high: float = 1.2
    entitlement: str = "capacity"

    def __post_init__(self) -> None:
        """Refuse a band that does not hold 1: no split could meet it."""
        known = is_number(self.low) and is_number(self.high)
        if not (known and 0 <= self.low <= 1 <= self.high < np.inf):
            raise InvalidInput(f"fairness: must have 0 <= low <= 1 <= high; found low={self.low!r}, high={self.high!r}")
        if not isinstance(self.entitlement, str):
            raise InvalidInput(
                f'fairness.entitlement: must be "capacity", "equal" or a column of reps; found {self.entitlement!r}'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewcomerQuota:
    """A minimum for new reps, so that they get leads to learn on.

    New is who `is_newcomer` says, else whose `tenure_days` (or days from `hired_on` to `now`) are below the bound.

    Parameters
    ----------
    share
        fraction of the leads that can be placed which newcomers together get at least; None = no such minimum
    min_leads
        leads each newcomer gets at least (in proportion to availability); None = no such minimum
    tenure_days
        reps with fewer days than this are new

    Examples
    --------
    >>> NewcomerQuota(share=0.1)
    NewcomerQuota(share=0.1, min_leads=None, tenure_days=90)
    """

    share: float | None = None
    min_leads: int | None = None
    tenure_days: float = 90

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1] and negative counts."""
        share, least, days = self.share, self.min_leads, self.tenure_days
        if share is not None and not (is_number(share) and 0 <= share <= 1):
            raise InvalidInput(f"newcomers.share: must be a number from 0 to 1; found {share!r}")
        if least is not None and not (is_number(least) and 0 <= least < np.inf and least == int(least)):
            raise InvalidInput(f"newcomers.min_leads: must be a whole number, 0 or more; found {least!r}")
        if not (is_number(days) and days >= 0):
            raise InvalidInput(f"newcomers.tenure_days: must be a number, 0 or more; found {days!r}")


def entitlements(weights: ArrayLike, slots: ArrayLike, n_leads: float) -> Floats:
    r"""Return each rep's fair number of leads: in proportion to weight, never more than the slots.

    .. math:: e_j = \min(slots_j, \lambda\, weight_j) \quad\text{with}\quad \sum_j e_j = \min(n, \sum_j slots_j)

    (over the reps with a weight). What one rep has no slots for goes to the others in proportion.

    Examples
    --------
    >>> entitlements([1, 1, 2], [10, 1, 10], 9)
    array([2.66666667, 1.        , 5.33333333])
    """
    w, most = np.asarray(weights, dtype=np.float64), np.asarray(slots, dtype=np.float64)
    share = np.zeros_like(w)
    open_reps = (w > 0) & (most > 0)
    left = min(float(n_leads), float(most[open_reps].sum()))
    while open_reps.any() and left > 0:
        level = left * w / w[open_reps].sum()
        full = open_reps & (level >= most)
        if not full.any():
            share[open_reps] = level[open_reps]
            break
        share[full] = most[full]
        left -= float(most[full].sum())
        open_reps &= ~full
    return share


def entitlement_weights(fairness: Fairness, reps: Table, slots: Ints) -> Floats:
    """Return the weights that a fairness setting divides the leads by, float64 (n_reps,)."""
    if fairness.entitlement == "capacity":
        return slots.astype(np.float64)
    if fairness.entitlement == "equal":
        return np.ones(len(slots))
    if fairness.entitlement not in reps:
        raise InvalidInput(
            f'fairness.entitlement: must be "capacity", "equal" or a column of {reps.name} '
            f"({', '.join(reps.columns)}); found {fairness.entitlement!r}"
        )
    return reps.numbers(fairness.entitlement, low=0)


def band_limits(fairness: Fairness, share: Floats, slots: Ints, names: Sequence[str]) -> list[Limit]:
    """Return one limit for each rep: floor(low e) <= leads <= ceil(high e), within the slots."""
    lower = np.minimum(np.floor(fairness.low * share + 1e-9), slots)
    upper = np.ceil(fairness.high * share - 1e-9)
    return [
        Limit(reps=[rep], lower=lower[rep], upper=max(lower[rep], upper[rep]), name=f"fairness band of {names[rep]}")
        for rep in range(len(slots))
        if slots[rep] > 0
    ]


def quota_limits(
    quota: NewcomerQuota, newcomer: Bools, available: Floats, n_leads: int, names: Sequence[str]
) -> list[Limit]:
    """Return the minimum of the group, ceil(share n) <= leads of newcomers, and the minimum of each newcomer."""
    new = np.flatnonzero(newcomer)
    limits = []
    if quota.share and len(new):
        limits.append(Limit(reps=new, lower=np.ceil(quota.share * n_leads - 1e-9), name="newcomer quota"))
    if quota.min_leads:
        least = np.floor(quota.min_leads * available + 1e-9)
        limits += [
            Limit(reps=[rep], lower=least[rep], name=f"newcomer minimum of {names[rep]}")
            for rep in new.tolist()
            if least[rep] > 0
        ]
    return limits


def is_newcomer(
    reps: Table, columns: Columns, tenure_days: float, now: date | datetime | str | None, *, required: bool
) -> Bools:
    """Return which reps are new, bool (n_reps,).

    Raises
    ------
    InvalidInput
        required, and no column says who is new; or `hired_on` without `now`
    """
    if columns.is_newcomer in reps:
        return reps.fractions(columns.is_newcomer) > 0
    if columns.tenure_days in reps:
        return reps.numbers(columns.tenure_days, missing=np.inf) < tenure_days
    if columns.hired_on in reps and (required or now is not None):
        today = as_moment(now)
        if today is None:
            raise InvalidInput(
                f'{reps.name}.{columns.hired_on}: needs now=, the date to count tenure to, as in now="2026-01-31"; '
                f"found {now!r}"
            )
        hired = reps.days(columns.hired_on)
        return np.array([day is not None and today.toordinal() - day < tenure_days for day in hired], dtype=bool)
    if required:
        raise InvalidInput(
            f'{reps.name}: a newcomer quota needs a column "{columns.is_newcomer}", "{columns.tenure_days}" or '
            f'"{columns.hired_on}"; found {", ".join(reps.columns)}'
        )
    return np.zeros(reps.n_rows, dtype=bool)


def gini(shares: ArrayLike) -> float:
    r"""Return the Gini coefficient of non-negative shares: 0 = all equal, towards 1 = one has all.

    .. math:: G = \frac{\sum_{i,j} |x_i - x_j|}{2 n \sum_i x_i}

    All zero is equal: 0. `References`: Gini (1912), Variabilità e mutabilità.

    >>> gini([1, 1, 1]), gini([0, 0, 4])
    (0.0, 0.6666666666666666)
    """
    x = np.sort(_shares(shares))
    total = x.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(x) + 1)
    return max(0.0, float(((2 * ranks - len(x) - 1) * (x / total)).sum() / len(x)))


def jain(shares: ArrayLike) -> float:
    r"""Return Jain's index of non-negative shares: 1 = all equal, 1/n = one has all.

    .. math:: J = \frac{(\sum_i x_i)^2}{n \sum_i x_i^2}

    All zero is equal: 1. `References`: Jain, Chiu & Hawe (1984), DEC-TR-301, eq. 1.

    >>> jain([2, 2]), jain([0, 5])
    (1.0, 0.5)
    """
    x = _shares(shares)
    if not len(x) or x.max() == 0:
        return 1.0
    x = x / x.max()
    return float(x.sum() ** 2 / (len(x) * (x**2).sum()))


def min_max_ratio(shares: ArrayLike) -> float:
    """Return the smallest share over the largest: 1 = all equal, 0 = somebody has nothing. All zero is equal: 1.

    >>> min_max_ratio([2, 4])
    0.5
    """
    x = _shares(shares)
    return 1.0 if not len(x) or x.max() == 0 else float(x.min() / x.max())


def largest_envy(affinity: Affinity, rep_of_lead: ArrayLike) -> float:
    r"""Return by how much the most envious rep would rather have another's leads, in units of gain; 0 = no envy.

    .. math:: \max_{r,s} \sum_{i \in leads_s} gain_{ir} - \sum_{i \in leads_r} gain_{ir}

    A lead that a rep is not eligible for is worth nothing to that rep. `References`: Foley (1967), Resource
    allocation and the public sector.

    >>> largest_envy(Affinity(rates=[[3.0, 2.0], [1.0, 1.0]]), [1, 0])
    2.0
    """
    held = np.asarray(rep_of_lead, dtype=np.int64)
    worth = np.zeros((affinity.n_reps, affinity.n_reps))  # [s, r]: the leads of s, as r values them
    placed = np.flatnonzero(held >= 0)
    for leads in np.array_split(placed, max(1, len(placed) * affinity.n_reps >> 21)):
        gains = affinity.of(leads)
        np.add.at(worth, held[leads], np.where(np.isfinite(gains), gains, 0.0))
    return float((worth - np.diag(worth)).max(initial=0.0))


def _shares(shares: ArrayLike) -> Floats:
    x = np.asarray(shares, dtype=np.float64).reshape(-1)
    if not (np.isfinite(x).all() and (x >= 0).all()):
        raise InvalidInput("shares must be finite and not negative")
    return x
