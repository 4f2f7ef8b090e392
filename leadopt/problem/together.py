"""The smaller problem in which leads that stay together are one lead: any solver takes it, as it is a `Problem`."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import Infeasible, Witness, enumerate_some
from leadopt.problem.gains import Affinity
from leadopt.problem.groups import Groups
from leadopt.problem.problem import Limit, Problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contraction:
    r"""A problem of groups, and the way back.

    A group gains with a rep what its leads gain together, and takes of each limit what they take together:

    .. math:: gain_{gj} = \sum_{i \in g} gain_{ij}, \quad usage_{kgj} = \sum_{i \in g} usage_{kij}

    Where groups have several sizes, capacities are limits whose usage is the size. Amounts are in units of what all
    groups take a multiple of, so that limits on groups of one size count groups, and flows stay flows.

    Parameters
    ----------
    problem
        of groups
    groups
        who belongs together
    unit
        leads that one unit of a capacity stands for
    units
        float64 (n_limits,), what one unit of each limit stands for
    slots_are_limits
        whether the first limits stand for the capacities
    offset
        what the problem of groups counts less, whatever the answer
    """

    problem: Problem
    groups: Groups
    unit: int
    units: Floats
    slots_are_limits: bool
    offset: float

    @classmethod
    def of(cls, problem: Problem, groups: Groups) -> Self:
        """Return the problem of groups."""
        unit = int(np.gcd.reduce(groups.size))
        sizes, most = groups.size // unit, problem.capacity // unit
        affinity, reserve, offset = _gains(problem, groups)
        slots = [] if (sizes == 1).all() else _slots(sizes, most)
        known: dict[tuple[int, int], Affinity | Floats] = {}
        limits = [_limit(limit, groups, known) for limit in problem.limits]
        smaller = Problem(
            affinity=affinity,
            capacity=np.full(problem.n_reps, len(sizes)) if slots else most,
            limits=(*slots, *(limit for limit, _ in limits)),
            pins=problem.pins[groups.order[groups.start]],
            reserve=reserve,
        )
        return cls(
            problem=smaller,
            groups=groups,
            unit=unit,
            units=np.array([each for _, each in limits], dtype=np.float64),
            slots_are_limits=bool(slots),
            offset=offset,
        )

    def expanded(self, rep_of_group: Ints) -> Ints:
        """Return the rep of each lead, int64 (n_leads,), given that of each group."""
        return rep_of_group[self.groups.of_lead]

    def contracted(self, rep_of_lead: Ints) -> Ints:
        """Return the rep of each group by that of its first lead."""
        return rep_of_lead[self.groups.order[self.groups.start]]

    def prices_of_groups(self, prices: Floats, limit_prices: Floats) -> tuple[Floats, Floats]:
        """Return prices of slots and limits for the problem of groups."""
        slots, limits = prices * self.unit, limit_prices * self.units
        return (np.zeros(len(slots)), np.concatenate([slots, limits])) if self.slots_are_limits else (slots, limits)

    def prices_of_leads(self, prices: Floats, limit_prices: Floats) -> tuple[Floats, Floats]:
        """Return prices of slots and limits for the problem of leads."""
        n_slots = self.problem.n_reps if self.slots_are_limits else 0
        slots = limit_prices[:n_slots] if n_slots else prices
        return slots / self.unit, limit_prices[n_slots:] / self.units

    def limit(self, k: int) -> Limit:
        """Return the limit on groups that stands for limit k."""
        return self.problem.limits[k + (self.problem.n_reps if self.slots_are_limits else 0)]

    def shared_out(self, prices: Floats) -> Floats:
        """Return prices of groups as prices of leads, equal parts within each, float64 (n_leads,)."""
        return (prices / self.groups.size)[self.groups.of_lead]

    def refusal(self, error: Infeasible) -> Infeasible:
        """Return why no answer exists, with the leads and limits of the problem of leads."""
        m, told = self.problem.n_reps, error.witness
        shift = m if self.slots_are_limits else 0
        rows = tuple(row - shift if row >= m else row for row in told.rows)
        leads = tuple(np.flatnonzero(np.isin(self.groups.of_lead, told.leads)).tolist())
        each = 1 if self.slots_are_limits else self.unit
        need = len(leads) if leads else told.need * each
        witness = Witness(
            leads=leads, reps=told.reps, limits=told.limits, rows=rows, need=need, room=min(told.room * each, need)
        )
        who = f" (leads {enumerate_some(leads)})" if leads else ""
        return Infeasible(f"while leads stay together, each group counting as one{who}: {error}", witness)


def contraction_of(problem: Problem) -> Contraction | None:
    """Return the problem of groups, None where no leads stay together; worked out once for each problem."""
    if problem.together is None:
        return None
    if not hasattr(problem, "_contraction"):
        object.__setattr__(problem, "_contraction", Contraction.of(problem, Groups.of(problem.together)))
    found: Contraction = problem._contraction  # type: ignore[assignment]
    return found


def _gains(problem: Problem, groups: Groups) -> tuple[Affinity, float, float]:
    """Return the gains of groups, what each gains in the pool, and what is left out of both."""
    gains, reserve = groups.summed(problem.affinity), problem.reserve
    one_size = bool((groups.size == groups.size[:1]).all())
    if reserve == 0.0 or np.isneginf(reserve):
        return gains, reserve, 0.0
    if one_size:
        return gains, reserve * float(groups.size[0]), 0.0
    # A problem has one reserve for all: what a group gains more than in the pool.
    more = gains.dense() - reserve * groups.size[:, None]
    return Affinity(rates=more), 0.0, reserve * len(groups.of_lead)


def _slots(sizes: Ints, most: Ints) -> list[Limit]:
    usage = sizes.astype(np.float64)
    return [
        Limit(reps=[rep], usage=usage, upper=slots, name=f"capacity of rep {rep}")
        for rep, slots in enumerate(most.tolist())
    ]


def _limit(limit: Limit, groups: Groups, known: dict[tuple[int, int], Affinity | Floats]) -> tuple[Limit, float]:
    """Return a limit on groups, and what one unit of it stands for.

    What a limit counts, which is one object where it is equal, is added up once: `known` has it by who and what counts.
    """
    inside = np.ones(len(groups.of_lead), dtype=bool)
    if limit.leads is not None:
        inside = np.zeros(len(groups.of_lead), dtype=bool)
        inside[limit.leads] = True
    if isinstance(limit.usage, float):
        counts = groups.totals(inside.astype(np.float64))
        return _counting(limit, counts.astype(np.int64), limit.usage)
    kind = id(limit.leads), id(limit.usage)
    if kind not in known:
        known[kind] = _usage(limit.usage, groups, inside)
    return replace(limit, leads=None, usage=known[kind]), 1.0


def _usage(usage: Affinity | Floats, groups: Groups, inside: Bools) -> Affinity | Floats:
    """Return what groups take, of which some leads count."""
    if isinstance(usage, Affinity):
        return groups.summed(replace(usage, scale=usage.scale * inside))
    return groups.totals(usage * (inside if usage.ndim == 1 else inside[:, None]))


def _counting(limit: Limit, counts: Ints, each: float) -> tuple[Limit, float]:
    """Return a limit under which all leads take the same, in units of what all groups take a multiple of."""
    leads = None if counts.all() else np.flatnonzero(counts)
    unit = int(np.gcd.reduce(counts)) or 1
    alike = bool((counts[counts > 0] == unit).all())
    usage = 1.0 if alike else counts / unit
    if each == 0.0:
        return replace(limit, leads=leads, usage=0.0), 1.0
    of_unit = each * unit
    penalty = None if limit.penalty is None else limit.penalty * of_unit
    lower, upper = limit.lower / of_unit, limit.upper / of_unit
    return replace(limit, leads=leads, usage=usage, lower=lower, upper=upper, penalty=penalty), of_unit
