"""Fair shares as limits: bands around an entitlement, newcomer quotas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.columns import Columns
from leadopt.errors import InvalidInput
from leadopt.frames import Table
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
