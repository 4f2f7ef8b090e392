"""Fair shares as limits: bands around an entitlement, newcomer quotas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import Limit
from leadopt.tables import Table
from leadopt.tables.cells import as_moment, is_number
from leadopt.tables.columns import Columns

_BANDS = {"leads": LimitKind.FAIRNESS_BAND, "value": LimitKind.VALUE_BAND, "hot": LimitKind.HOT_LEAD_BAND}
_NEWCOMERS = "newcomers"
ENTITLEMENT_WORDS = ("capacity", "equal", "performance")  # entitlements that are no columns of reps


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    r"""How evenly something is shared: a band around what each rep is entitled to, hard or at a price, or leximin.

    .. math:: \lfloor low \cdot e_j \rfloor \le received_j \le \lceil high \cdot e_j \rceil

    Leads are counted whole; for value the bounds are not rounded.

    Parameters
    ----------
    low, high
        the band, as multiples of the entitlement, ``0 <= low <= 1 <= high``
    entitlement
        what it is divided by: "capacity" (slots, or working time where reps have `hours` alone), "equal",
        "performance" (mean estimated conversion over these leads), or the name of a column of reps with weights: who
        has none there, or 0, stays out of fairness
    of
        what is shared: "leads", "value" (expected gain; negative gains count 0), or "hot" (leads of the top tier)
    weight
        gain lost per unit of shortfall below the band, or of excess above it; None = the band is hard
    maximin
        instead of a band: raise the share of the worst-off rep first, then that of the next, and so on (leximin)
    hot_share
        which leads are hot: the best `hot_share` of them by the policy's score, or without one by their best gain with
        any eligible rep. Leads that tie with the last of them are hot too

    Notes
    -----
    The column `credit` of reps (`Columns.credit`) shifts the entitlement: a rep who is owed 3 leads from earlier
    batches is entitled to 3 more, and all entitlements are then scaled back to what there is.
    `Plan.carry` computes it after each batch. A rep without slots is entitled to nothing in this batch.

    Who stays out (no weight, or false in the column `in_fairness`) gets what the plan gives, entitled to nothing and
    bound by nothing; the others share what they have in the best plan without fairness.

    Examples
    --------
    >>> Fairness(low=0.9)
    Fairness(low=0.9, high=1.2, entitlement='capacity', of='leads', weight=None, maximin=False, hot_share=0.2)
    """

    low: float = 0.8
    high: float = 1.2
    entitlement: str = "capacity"
    of: str = "leads"
    weight: float | None = None
    maximin: bool = False
    hot_share: float = 0.2

    def __post_init__(self) -> None:
        """Refuse a band that does not hold 1: no split could meet it; and what is no setting."""
        known = is_number(self.low) and is_number(self.high)
        if not (known and 0 <= self.low <= 1 <= self.high < np.inf):
            raise InvalidInput(f"fairness: must have 0 <= low <= 1 <= high; found low={self.low!r}, high={self.high!r}")
        if not isinstance(self.entitlement, str):
            raise InvalidInput(f"fairness.entitlement: must be {_ENTITLEMENTS}; found {self.entitlement!r}")
        if not isinstance(self.of, str) or self.of not in _BANDS:
            raise InvalidInput(
                f'fairness.of: must be "leads", "value" or "hot"; found {self.of!r}{did_you_mean(str(self.of), _BANDS)}'
            )
        if self.weight is not None and not (is_number(self.weight) and 0 <= self.weight < np.inf):
            raise InvalidInput(
                f"fairness.weight: must be a number, 0 or more, or None for a hard band; found {self.weight!r}"
            )
        if not isinstance(self.maximin, bool):
            raise InvalidInput(f"fairness.maximin: must be true or false; found {self.maximin!r}")
        if self.maximin and self.weight is not None:
            raise InvalidInput("fairness: maximin takes no weight, as it is no band; leave one of them out")
        _check_fraction("fairness.hot_share", self.hot_share)
        if self.hot_share == 0:
            raise InvalidInput("fairness.hot_share: must be above 0, so that a lead can be hot; found 0")

    @property
    def words(self) -> str:
        """What limits and reports call it: "fairness band", "value band", "hot-lead band"."""
        return str(_BANDS[self.of])


_ENTITLEMENTS = '"capacity", "equal", "performance" or a column of reps'


@dataclass(frozen=True, slots=True, kw_only=True)
class NewcomerQuota:
    """What new reps get at least and at most, so that they learn on what one can afford to lose.

    New is who `is_newcomer` says, else whose `tenure_days` (or days from `hired_on` to `now`) are below the bound.

    Parameters
    ----------
    share
        fraction of the leads that can be placed which newcomers together get at least; None = no such minimum
    min_leads
        leads each newcomer gets at least (in proportion to availability and ramp); None = no such minimum
    tenure_days
        reps with fewer days than this are new
    value_share
        fraction of the expected gain of the best plan without quota and fairness which newcomers together get at
        least; None = no such minimum
    max_hot_share
        fraction of the hot leads which newcomers together get at most; None = no such ceiling
    hot_share
        which leads are hot, as in `Fairness`
    protect
        column of leads, true for those that no newcomer may get (key accounts); missing is false
    ramp_days
        days of tenure in which a newcomer's capacity and hours grow from nothing to full; None = full at once
    ramp
        fractions of full capacity at equal distances of tenure from day 0 to `ramp_days`, linear in between

    Notes
    -----
    `ramp_days` may be longer than `tenure_days`. It looks at tenure alone, except that a rep whose `is_newcomer` is
    false has full capacity. What a quota costs says `Plan.quota_cost`.

    Examples
    --------
    >>> NewcomerQuota(share=0.1).share
    0.1
    """

    share: float | None = None
    min_leads: int | None = None
    tenure_days: float = 90
    value_share: float | None = None
    max_hot_share: float | None = None
    hot_share: float = 0.2
    protect: str | None = None
    ramp_days: float | None = None
    ramp: tuple[float, ...] = (0.0, 1.0)

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1], negative counts and a ramp that is none."""
        least, days = self.min_leads, self.tenure_days
        for name in ("share", "value_share", "max_hot_share"):
            if getattr(self, name) is not None:
                _check_fraction(f"newcomers.{name}", getattr(self, name))
        if least is not None and not (is_number(least) and 0 <= least < np.inf and least == int(least)):
            raise InvalidInput(f"newcomers.min_leads: must be a whole number, 0 or more; found {least!r}")
        if not (is_number(days) and days >= 0):
            raise InvalidInput(f"newcomers.tenure_days: must be a number, 0 or more; found {days!r}")
        _check_fraction("newcomers.hot_share", self.hot_share)
        if self.protect is not None and not isinstance(self.protect, str):
            raise InvalidInput(f"newcomers.protect: must be the name of a column of leads; found {self.protect!r}")
        if self.ramp_days is not None and not (is_number(self.ramp_days) and 0 < self.ramp_days < np.inf):
            raise InvalidInput(f"newcomers.ramp_days: must be a number above 0, or None; found {self.ramp_days!r}")
        object.__setattr__(self, "ramp", _checked_ramp(self.ramp))


def _check_fraction(name: str, value: Any) -> None:
    if not (is_number(value) and 0 <= value <= 1):
        raise InvalidInput(f"{name}: must be a number from 0 to 1; found {value!r}")


def _checked_ramp(ramp: Any) -> tuple[float, ...]:
    known = isinstance(ramp, list | tuple) and len(ramp) >= 2 and all(map(is_number, ramp))
    if not (known and ramp[0] >= 0 and ramp[-1] == 1 and list(ramp) == sorted(ramp)):
        raise InvalidInput(
            "newcomers.ramp: must be two or more fractions that never fall and end at 1, as in [0, 0.25, 1]; "
            f"found {ramp!r}"
        )
    return tuple(map(float, ramp))


def entitlements(weights: ArrayLike, slots: ArrayLike, n_leads: float) -> Floats:
    r"""Return each rep's fair number of leads (or amount of value): in proportion to weight, never more than the slots.

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


def entitlement_weights(fairness: Fairness, reps: Table, slots: ArrayLike, performance: Floats | None = None) -> Floats:
    """Return the weights that a fairness setting divides by, float64 (n_reps,); 0 where a column has none.

    `slots` are the weights of "capacity", `performance` those of "performance".
    """
    capacity = np.asarray(slots, dtype=np.float64)
    words = {"capacity": capacity, "equal": np.ones(len(capacity)), "performance": performance}
    weights = words.get(fairness.entitlement)
    if weights is not None:
        return weights
    if fairness.entitlement not in reps:
        near = did_you_mean(fairness.entitlement, [*words, *reps.columns])
        raise InvalidInput(
            f"fairness.entitlement: must be {_ENTITLEMENTS.removesuffix(' of reps')} of {reps.name} "
            f"({', '.join(reps.columns)}); found {fairness.entitlement!r}{near if near.endswith('?') else ''}"
        )
    return reps.numbers(fairness.entitlement, low=0, missing=0.0)


def band_limits(
    fairness: Fairness,
    share: Floats,
    slots: Ints,
    names: Sequence[str],
    *,
    leads: Ints | None = None,
    usage: float | Affinity = 1.0,
    words: str | None = None,
) -> list[Limit]:
    """Return one limit for each rep with slots: low e <= received <= high e, hard or at a price.

    Parameters
    ----------
    share
        float64 (n_reps,), the entitlements e
    leads, usage
        what counts as received, shared by all limits; where each lead counts 1, bounds are rounded outwards
    words
        what the limits are called; None = `Fairness.words`
    """
    lower, upper = fairness.low * share, fairness.high * share
    if not isinstance(usage, Affinity):
        lower, upper = np.minimum(np.floor(lower + 1e-9), slots), np.ceil(upper - 1e-9)
    return [
        Limit(
            reps=np.array([rep]),
            leads=leads,
            usage=usage,
            lower=lower[rep],
            upper=max(lower[rep], upper[rep]),
            penalty=fairness.weight,
            name=f"{words or fairness.words} of {names[rep]}",
            kind=_BANDS[fairness.of],
            of=rep,
        )
        for rep in range(len(slots))
        if slots[rep] > 0
    ]


def quota_limits(
    quota: NewcomerQuota,
    newcomer: Bools,
    available: Floats,
    n_leads: int,
    names: Sequence[str],
    *,
    value: tuple[Affinity, float] | None = None,
    hot: Ints | None = None,
) -> list[Limit]:
    """Return the minimums and the ceiling of a newcomer quota; none if nobody is new.

    ``ceil(share n) <= leads of newcomers``, ``value_share T <= value of newcomers``,
    ``hot leads of newcomers <= floor(max_hot_share n_hot)``, ``floor(min_leads available_j) <= leads of newcomer j``.

    Parameters
    ----------
    available
        float64 (n_reps,), fraction of full capacity that is there
    n_leads
        how many leads can be placed
    value
        what leads are worth, and the T that `value_share` is a part of
    hot
        indices of the hot leads
    """
    new = np.flatnonzero(newcomer)
    return list(_quota_limits(quota, new, available, n_leads, names, value, hot)) if len(new) else []


def _quota_limits(
    quota: NewcomerQuota,
    new: Ints,
    available: Floats,
    n_leads: int,
    names: Sequence[str],
    value: tuple[Affinity, float] | None,
    hot: Ints | None,
) -> Iterator[Limit]:
    theirs = partial(Limit, reps=new, of=_NEWCOMERS)
    if quota.share:
        least_of_all = np.ceil(quota.share * n_leads - 1e-9)
        yield theirs(lower=least_of_all, name="newcomer quota", kind=LimitKind.NEWCOMER_QUOTA)
    if quota.value_share and value is not None:
        worth, total = value
        least_value = quota.value_share * total
        yield theirs(usage=worth, lower=least_value, name="newcomer value quota", kind=LimitKind.NEWCOMER_VALUE_QUOTA)
    if quota.max_hot_share is not None and hot is not None:
        most = np.floor(quota.max_hot_share * len(hot) + 1e-9)
        yield theirs(leads=hot, upper=most, name="newcomer ceiling on hot leads", kind=LimitKind.NEWCOMER_CEILING)
    least = np.floor((quota.min_leads or 0) * available + 1e-9)
    for rep in new[least[new] > 0].tolist():
        yield Limit(
            reps=[rep],
            lower=least[rep],
            name=f"newcomer minimum of {names[rep]}",
            kind=LimitKind.NEWCOMER_MINIMUM,
            of=rep,
        )


def tenures(reps: Table, columns: Columns, now: date | datetime | str | None) -> Floats | None:
    """Return the days of tenure of each rep, float64 (n_reps,), inf where unknown; None without a column that says.

    Raises
    ------
    InvalidInput
        `hired_on` without `now`
    """
    if columns.tenure_days in reps:
        return reps.numbers(columns.tenure_days, missing=np.inf)
    if columns.hired_on not in reps:
        return None
    today = as_moment(now)
    if today is None:
        raise InvalidInput(
            f'{reps.name}.{columns.hired_on}: needs now=, the date to count tenure to, as in now="2026-01-31"; '
            f"found {now!r}"
        )
    hired = reps.days(columns.hired_on)
    return np.array([np.inf if day is None else today.toordinal() - day for day in hired], dtype=np.float64)


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
        said = np.array([cell is not None for cell in reps.values(columns.is_newcomer)], dtype=bool)
        return said & (reps.fractions(columns.is_newcomer) > 0)  # of whom nothing is said is not new
    known = columns.tenure_days in reps or required or now is not None
    tenure = tenures(reps, columns, now) if known else None
    if tenure is not None:
        return tenure < tenure_days
    if required:
        raise InvalidInput(
            f'{reps.name}: a newcomer quota needs a column "{columns.is_newcomer}", "{columns.tenure_days}" or '
            f'"{columns.hired_on}"; found {", ".join(reps.columns)}'
        )
    return np.zeros(reps.n_rows, dtype=bool)


def ramp_up(
    quota: NewcomerQuota | None, reps: Table, columns: Columns, now: date | datetime | str | None
) -> Floats | None:
    r"""Return the fraction of full capacity that each rep has reached, float64 (n_reps,); None without a ramp.

    .. math:: ramp_j = curve\big(\min(1, tenure_j / ramp\_days)\big)

    Raises
    ------
    InvalidInput
        a ramp without a column of tenure
    """
    if quota is None or quota.ramp_days is None:
        return None
    tenure = tenures(reps, columns, now)
    if tenure is None:
        raise InvalidInput(
            f'{reps.name}: ramp_days needs a column "{columns.tenure_days}" or "{columns.hired_on}"; '
            f"found {', '.join(reps.columns)}"
        )
    reached = np.interp(tenure / quota.ramp_days, np.linspace(0.0, 1.0, len(quota.ramp)), quota.ramp)
    if columns.is_newcomer in reps:
        reached[reps.fractions(columns.is_newcomer) == 0] = 1.0
    return reached
