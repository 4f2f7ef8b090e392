r"""Capacities and limits of any kind as families: those that count the same leads by the same usage.

A price :math:`y_k` of every limit k makes a cost of every pair, :math:`\sum_k y_k usage_k(i, j)`. As a family shares
its leads and its usage, it needs one price a rep, :math:`c_f(j) = \sum_{k \in f} y_k [j \in reps_k]`, and one load a
rep, whatever the number of its limits.
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import ROUNDING, Limit, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Limits on the same leads and usage.

    Parameters
    ----------
    limit
        one of them, for its leads and its usage; None = the capacities, and limits that count all leads
    member
        (n_members,), which rows they are
    reps
        float64 (n_members, n_reps), 1 where a rep counts (or what each lead takes there)
    """

    limit: Limit | None
    member: Ints
    reps: Floats

    @property
    def counts_leads(self) -> bool:
        """Whether each lead takes the same with a rep, so that loads are numbers of leads."""
        return self.limit is None or isinstance(self.limit.usage, float)

    def cost(self, y: Floats) -> Floats:
        """Return what a unit of usage costs with each rep, float64 (n_reps,)."""
        return y[self.member] @ self.reps


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Every bound of a problem as a row: the capacities first, then the limits.

    Parameters
    ----------
    lower, upper
        float64 (n_rows,), less what pins take; hard ones wider by what rounding may add up to, so that loads can be
        compared with them as they are
    penalty
        float64 (n_rows,), gain lost per unit beyond; inf = hard
    families
        the rows by what they count
    """

    lower: Floats
    upper: Floats
    penalty: Floats
    families: tuple[Family, ...]

    @classmethod
    def of(cls, problem: Problem) -> "Rows":
        """Return the rows of a problem beside its pins."""
        m, limits = problem.n_reps, problem.limits
        pins = problem.pins
        taken = np.bincount(pins + 1, minlength=m + 1)[1:]
        beside = problem.loads(pins)
        penalty = np.array([np.inf if limit.penalty is None else limit.penalty for limit in limits])
        bounds = np.array([limit.reachable for limit in limits]).reshape(-1, 2)
        bounds *= 1.0 + np.isinf(penalty)[:, None] * ROUNDING * np.array([-1.0, 1.0])
        return cls(
            lower=np.concatenate([np.zeros(m), bounds[:, 0] - beside]),
            upper=np.concatenate([problem.capacity - taken, bounds[:, 1] - beside]),
            penalty=np.concatenate([np.full(m, np.inf), penalty]),
            families=_families(problem),
        )

    @property
    def n(self) -> int:
        """How many rows there are."""
        return len(self.lower)

    def shared(self, share: float) -> "Rows":
        """Return the rows that a sample of so large a share of the leads has to keep."""
        return replace(self, lower=share * self.lower, upper=share * self.upper)

    def loads(self, problem: Problem, leads: Ints, reps: Ints) -> Floats:
        """Return what some leads take of each row, where they are, float64 (n_rows,)."""
        found = np.zeros(self.n)
        for family in self.families:
            inside, usage = usage_at(family, problem, leads, reps)
            found[family.member] = family.reps @ np.bincount(reps[inside], weights=usage, minlength=problem.n_reps)
        return found


def counted_in(family: Family, problem: Problem, leads: Ints) -> Bools:
    """Return which of some leads a family counts."""
    if family.limit is None or family.limit.leads is None:
        return np.ones(len(leads), dtype=bool)
    return members(family.limit.leads, problem.n_leads)[leads]


def usage_at(family: Family, problem: Problem, leads: Ints, reps: Ints) -> tuple[Bools, Floats]:
    """Return which of some leads a family counts, and what those take with the rep at the same place."""
    inside = counted_in(family, problem, leads)
    return inside, np.ones(len(leads)) if family.limit is None else family.limit.usage_at(leads[inside], reps[inside])


def columns_of(
    limit: Limit, leads: Ints, chosen: Bools, reps: slice | Ints = slice(None)
) -> tuple[slice | Ints, Floats]:
    """Return which columns the chosen ones of some reps, a mask, are, and what leads take there, to be broadcast.

    Where each rep has hours of its own, to look at all reps for every limit would look at each of them many times over.
    """
    at = np.flatnonzero(chosen)
    columns = slice(int(at[0]), int(at[-1]) + 1) if len(at) and at[-1] - at[0] + 1 == len(at) else at
    usage = limit.usage_of(leads)
    return columns, usage if usage.shape[1] == 1 else usage[:, reps][:, columns]


def members(chosen: Ints, n: int) -> Bools:
    """Return a mask of chosen indices among n."""
    mask = np.zeros(n, dtype=bool)
    mask[chosen] = True
    return mask


def _families(problem: Problem) -> tuple[Family, ...]:
    limits, m, counted = problem.limits, problem.n_reps, problem.counted
    plain = np.flatnonzero((counted.set_of == 0) & (counted.usage_of == 0))
    everywhere = np.vstack([np.eye(m), *(_counted(limits[k], m) for k in plain)])
    families = [Family(limit=None, member=np.concatenate([np.arange(m), m + plain]), reps=everywhere)]
    for numbers in counted.families:
        first = limits[numbers[0]]
        if first.leads is None and isinstance(first.usage, float):
            continue
        reps = np.array([_counted(limits[k], m) for k in numbers]).reshape(len(numbers), m)
        families.append(Family(limit=_by_lead(first), member=m + np.array(numbers, dtype=np.int64), reps=reps))
    return tuple(families)


def _by_lead(limit: Limit) -> Limit:
    """Return a limit whose number a lead takes, if it is one, is left to `Family.reps`."""
    return Limit(leads=limit.leads) if isinstance(limit.usage, float) else limit


def _counted(limit: Limit, n_reps: int) -> Floats:
    found = np.zeros(n_reps)
    found[slice(None) if limit.reps is None else limit.reps] = limit.usage if isinstance(limit.usage, float) else 1.0
    return found
