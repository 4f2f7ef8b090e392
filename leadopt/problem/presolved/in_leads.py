"""Limits under which all leads take the same, said in leads; and those on one rep, said as its slots.

Hours of which every lead takes two are a count of leads: flows take them, and where nothing else is asked, so do
solvers of slots alone. Prices come back as those of the limits as they were.
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import ROUNDING, Limit, Problem


def in_leads(problem: Problem) -> Problem:
    """Return the problem with every hard limit under which all leads take the same as one that counts them.

    A price of such a limit is that of a lead: of the problem's own, it is so many times as much as a lead `takes`.
    Where there is none, the problem is the same object.
    """
    if not any(map(_takes_the_same, problem.limits)):
        return problem
    if not hasattr(problem, "_in_leads"):
        object.__setattr__(problem, "_in_leads", problem.replace(limits=tuple(map(_counting, problem.limits))))
    found: Problem = problem._in_leads  # type: ignore[assignment]
    return found


def takes(problem: Problem) -> Floats:
    """Return what a lead takes of each limit that is said in leads; 1 of all others, float64 (n_limits,)."""
    sizes = [limit.usage if _takes_the_same(limit) else 1.0 for limit in problem.limits]
    return np.array(sizes, dtype=np.float64)


def _takes_the_same(limit: Limit) -> bool:
    return limit.penalty is None and isinstance(limit.usage, float) and limit.usage not in (0.0, 1.0)


def _counting(limit: Limit) -> Limit:
    if not _takes_the_same(limit) or not isinstance(limit.usage, float):
        return limit
    return replace(limit, usage=1.0, lower=limit.lower / limit.usage, upper=limit.upper / limit.usage)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folded:
    """A problem without the limits that say how many leads one rep may get: slots say it.

    Parameters
    ----------
    problem
        without them, with as few slots as they allow
    n_limits
        how many there were
    kept
        int64, those that are left, by number
    held_by
        int64 (n_reps,), the limit that allows fewer leads than the rep has slots; -1 = none
    """

    problem: Problem
    n_limits: int
    kept: Ints
    held_by: Ints

    @classmethod
    def of(cls, problem: Problem) -> "Folded | None":
        """Return the problem without such limits, None where it has none."""
        gone = [k for k, limit in enumerate(problem.limits) if _is_of_slots(limit)]
        if not gone:
            return None
        slots, held_by = problem.capacity.copy(), np.full(problem.n_reps, -1, dtype=np.int64)
        for k in gone:
            rep, most = int(problem.limits[k].reps[0]), int(problem.limits[k].reachable[1])  # type: ignore[index]
            if most < slots[rep]:
                slots[rep], held_by[rep] = most, k
        kept = np.array([k for k in range(len(problem.limits)) if k not in set(gone)], dtype=np.int64)
        limits = [problem.limits[k] for k in kept.tolist()]
        even_by = problem.even_by
        if even_by is None and (problem.capacity != slots).any():
            even_by = problem.shares  # what loads are even in proportion to stays as it was
        fewer = problem.replace(capacity=slots, limits=limits, even_by=even_by)
        return cls(problem=fewer, n_limits=len(problem.limits), kept=kept, held_by=held_by)

    def prices_of_fewer(self, prices: Floats, limit_prices: Floats) -> tuple[Floats, Floats]:
        """Return prices of slots and limits for the problem without such limits."""
        found, held = prices.copy(), np.flatnonzero(self.held_by >= 0)
        found[held] += np.maximum(limit_prices[self.held_by[held]], 0.0)
        return found, limit_prices[self.kept]

    def prices_of_all(self, prices: Floats, limit_prices: Floats) -> tuple[Floats, Floats]:
        """Return prices of slots and limits: what holds a rep has the price."""
        slots, held = prices.copy(), np.flatnonzero(self.held_by >= 0)
        limits = np.zeros(self.n_limits)
        limits[self.kept] = limit_prices
        limits[self.held_by[held]] = slots[held]
        slots[held] = 0.0
        return slots, limits


def _is_of_slots(limit: Limit) -> bool:
    return _is_of_one_rep(limit) and limit.counts_leads and limit.lower <= 0.0


def _is_of_one_rep(limit: Limit) -> bool:
    """Return whether a limit is a hard upper bound on all leads of one rep."""
    single = limit.reps is not None and len(limit.reps) == 1
    return single and limit.leads is None and limit.penalty is None and bool(np.isfinite(limit.upper))


def slots_of(problem: Problem) -> Ints:
    """Return how many leads each rep can get, int64 (n_reps,): its capacity, or fewer where its hours hold fewer.

    The shortest come first. Hours of which a lead takes so many, times so many for the rep, say so; those of which each
    pair takes its own do not.
    """
    slots, known = problem.capacity.copy(), dict[int, Floats]()
    for limit in problem.limits:
        if limit.kind is not LimitKind.HOURS or not _is_of_one_rep(limit):
            continue
        rep = int(limit.reps[0])  # type: ignore[index]
        if isinstance(limit.usage, float):
            if limit.usage > 0.0:
                slots[rep] = min(slots[rep], round(limit.reachable[1] / limit.usage))
        elif (found := _by_lead(limit.usage, rep)) is not None:
            sizes, times = found
            if id(sizes) not in known:
                known[id(sizes)] = np.cumsum(np.sort(sizes))
            if times > 0.0:
                room = limit.upper / times * (1.0 + ROUNDING)
                slots[rep] = min(slots[rep], np.searchsorted(known[id(sizes)], room, side="right"))
    return slots


def _by_lead(usage: Floats | Affinity, rep: int) -> tuple[Floats, float] | None:
    """Return what each lead takes, and what a rep multiplies it by; None where that is not all there is to it."""
    if isinstance(usage, Affinity):
        return (usage.scale, float(usage.full_rates()[0, rep])) if usage.n_rows == 1 else None
    return (usage, 1.0) if usage.ndim == 1 else None
