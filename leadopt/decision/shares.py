"""What reps share (leads, expected gain, hot leads), what each is entitled to of it, and who got how much."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.sharing.open_work import levelled
from leadopt.fairness import entitlements
from leadopt.problem.gains import Affinity

_MANY_LEADS = 512  # a row of rates; from there, halving a threshold beats a look at every pair
_HALVINGS = 45  # of the threshold, to a relative 1e-13


SHARED = ("leads", "value", "hot")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """Something that reps share; arrays are float64 (n_reps,).

    Parameters
    ----------
    of
        "leads", "value" or "hot"
    words
        what its limits are called
    leads
        int64, the leads that count; None = all
    usage
        what a lead counts
    weight
        what everything is divided by; of a rep who is away, what it would be were the rep there
    most
        what each rep can get at most
    credit
        what each is owed from earlier batches
    entitlement
        what each is entitled to in this batch, credit included
    outside
        bool, who stays out of it: entitled to nothing, bound by nothing; None = nobody
    held
        open work that is levelled with it; None where only what is new counts
    """

    of: str
    words: str
    leads: Ints | None
    usage: float | Affinity
    weight: Floats
    most: Floats
    credit: Floats
    entitlement: Floats
    outside: Bools | None = None
    held: Floats | None = None

    @property
    def usable(self) -> bool:
        """Whether there is anything to be shared."""
        return bool(self.entitlement.any())

    def received(self, rep_of_lead: ArrayLike) -> Floats:
        """Return how much of it each rep has in an answer, float64 (n_reps,)."""
        answer = np.asarray(rep_of_lead, dtype=np.int64)
        leads = np.flatnonzero(answer >= 0) if self.leads is None else self.leads[answer[self.leads] >= 0]
        reps = answer[leads]
        amounts = self.usage.at(leads, reps) if isinstance(self.usage, Affinity) else np.full(len(leads), self.usage)
        return np.bincount(reps, weights=amounts, minlength=len(self.weight)).astype(np.float64)


def with_credit(weight: Floats, most: Floats, total: float, credit: Floats, held: Floats | None = None) -> Floats:
    r"""Return what each rep is entitled to of a total, after what is owed from earlier batches.

    .. math:: e'_j \propto \max(0, e_j + credit_j) \text{ up to } most_j, \quad \sum_j e'_j = \min(total, \sum_j most_j)

    with :math:`e` the entitlements without credit, or what levels open work (`held`). A rep who had more than all of
    its next share waits until that is paid off.

    Examples
    --------
    >>> with_credit(np.ones(2), np.full(2, 10.0), 8.0, np.array([1.0, -1.0]))
    array([5., 3.])
    """
    fair = entitlements(weight, most, total) if held is None else levelled(weight, most, total, held)
    if not credit.any():
        return fair
    owed = np.maximum(fair + credit, 0.0)
    return entitlements(owed, most, total) if owed[most > 0].any() else fair


def worth(affinity: Affinity) -> Affinity:
    """Return what a lead counts with each rep where value is shared: its gain, 0 where negative or ineligible.

    It has the leads' rows and scales as they are, and is the affinity itself where no pair is ineligible.
    """
    if affinity.is_amount:
        return affinity
    return Affinity(rates=np.maximum(affinity.full_rates(), 0.0), row=affinity.row, scale=affinity.scale)


def best_gains(affinity: Affinity, open_reps: ArrayLike) -> Floats:
    """Return the best gain of each lead with any eligible rep of these, float64 (n_leads,); -inf without one."""
    best = affinity.best_rates(open_reps)[affinity.row]
    return np.where(best > -np.inf, np.where(best > -np.inf, best, 0.0) * affinity.scale, -np.inf)


def eligible_counts(affinity: Affinity, leads: Ints) -> Floats:
    """Return how many of some leads each rep is eligible for, float64 (n_reps,)."""
    rows = np.bincount(affinity.row[leads], minlength=affinity.n_rows).astype(np.float64)
    return affinity.rows.summed(lambda rates: rates > -np.inf, rows)


def most_worth(usage: Affinity, slots: Ints) -> Floats:
    r"""Return what each rep can get at most: the sum of its `slots` largest usages, float64 (n_reps,).

    Notes
    -----
    Where many leads share a row, the smallest usage among these is found by halving, with one search a row and step;
    else every rep's leads are partitioned, O(n_leads x n_reps).
    """
    if usage.n_leads >= _MANY_LEADS * usage.n_rows:
        return _most_by_threshold(usage, slots)
    most = np.zeros(usage.n_reps)
    every = np.arange(usage.n_leads)
    for rep in np.flatnonzero(slots > 0).tolist():
        amounts, k = usage.at(every, np.full(usage.n_leads, rep)), int(slots[rep])
        most[rep] = amounts.sum() if k >= len(amounts) else np.partition(amounts, -k)[-k:].sum()
    return most


def _most_by_threshold(usage: Affinity, slots: Ints) -> Floats:
    order, start = usage.by_size
    scale = usage.scale[order]
    rows = [scale[low:high] for low, high in zip(start[:-1].tolist(), start[1:].tolist(), strict=True)]
    low = np.zeros(usage.n_reps)
    high = np.nextafter(2.0 * usage.full_rates().max(axis=0, initial=0.0) * scale.max(initial=0.0), np.inf)  # nobody's
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        count = sum(len(sizes) - first for sizes, _, first in _from(rows, usage.full_rates(), middle))
        low, high = np.where(count >= slots, middle, low), np.where(count >= slots, high, middle)
    # Fewer than the slots reach `high`, and count whole; the others of the slots reach `low` and hardly more.
    count, total = np.zeros(usage.n_reps, dtype=np.int64), np.zeros(usage.n_reps)
    for sizes, rate, first in _from(rows, usage.full_rates(), high):
        until = np.concatenate([[0.0], np.cumsum(sizes)])
        count += len(sizes) - first
        total += rate * (until[-1] - until[first])
    return np.where(slots > 0, total + (np.minimum(slots, usage.n_leads) - count) * low, 0.0)


def _from(rows: list[Floats], rates: Floats, threshold: Floats) -> Iterator[tuple[Floats, Floats, Ints]]:
    """Yield the sizes of each row, its rates, and where among the sizes each rep's usages reach its threshold."""
    for sizes, rate in zip(rows, rates, strict=True):
        with np.errstate(divide="ignore", invalid="ignore"):
            yield sizes, rate, np.searchsorted(sizes, np.where(rate > 0, threshold / rate, np.inf), side="left")
