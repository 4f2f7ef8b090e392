"""Gains as whole costs: what a solver in integers needs, scaled so that nothing overflows and the loss is known."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.problem.reduced_gains import largest_gain
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.limit_tree import LimitTree, Room

FREE = np.iinfo(np.int64).max  # the penalty of a hard limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The pairs that an answer may use, by group of leads and then by rep: one entry each.

    Parameters
    ----------
    group, rep
        (n_pairs,), ascending by group, then by rep
    gain
        (n_pairs,), of one lead of the group
    """

    group: Ints
    rep: Ints
    gain: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Whole costs of all pairs: what each choice loses against its group's best one, times a power of two.

    Parameters
    ----------
    group, rep
        (n_pairs,), as in `Pairs`
    first
        (n_groups + 1,), where each group's pairs begin
    pair
        (n_pairs,), the cost of each
    pool
        (n_groups,), cost of staying in the pool; None = no lead may
    kind
        (n_groups,), class of limits of each group
    penalty
        (n_nodes,), per unit beyond a limit's bounds; `FREE` for a hard one
    exponent
        a cost is a gain times ``2**exponent``, so that scaling itself loses nothing, however small the gains
    """

    group: Ints
    rep: Ints
    first: Ints
    pair: Ints
    pool: Ints | None
    kind: Ints
    penalty: Ints
    exponent: int

    def gain(self, cost: Ints | float) -> Floats:
        """Return costs in units of gain."""
        return np.asarray(np.ldexp(np.asarray(cost, dtype=np.float64), -self.exponent))

    def paid(self, group: Ints, rep: Ints) -> Ints:
        """Return the cost of each group with the rep at the same place, or in the pool where that is -1."""
        cost = np.zeros(len(group), dtype=np.int64) if self.pool is None else self.pool[group]
        placed = np.flatnonzero(rep >= 0)
        width = int(self.rep.max(initial=0)) + 1
        cost[placed] = self.pair[np.searchsorted(self.group * width + self.rep, group[placed] * width + rep[placed])]
        return cost


def every_pair(problem: Problem, groups: Groups, tree: LimitTree, room: Room) -> Pairs:
    """Return all pairs that some best answer may have.

    Left out, lest a huge gain there coarsens all costs, are those of a rep without room and, where no limit has a
    minimum to fill, those below the reserve.
    """
    open_ = room.upper[: problem.n_reps] > 0
    least = problem.reserve if np.isfinite(problem.reserve) and not tree.lower.any() else -np.inf
    if problem.affinity.is_sparse:
        pairs = problem.affinity.pairs(groups.example)
        pairs = pairs.only(open_[pairs.rep] & (pairs.gain >= least))
        return Pairs(group=pairs.row, rep=pairs.rep, gain=pairs.gain)
    gains = problem.affinity.of(groups.example)
    wanted = np.isfinite(gains)
    wanted[:, ~open_] = False
    if least > -np.inf:
        wanted &= gains >= least
    group, rep = np.nonzero(wanted)
    return Pairs(group=group, rep=rep, gain=gains[wanted])


def whole_costs(
    problem: Problem, groups: Groups, tree: LimitTree, pairs: Pairs, most: float, beside: float = 0.0
) -> Costs:
    """Return the costs of some pairs with the largest one, and what else is `beside` them, just below `most`.

    Costs are differences to each group's own best choice, so precision follows the spread of the gains, not their size.
    """
    pooled = np.isfinite(problem.reserve)
    best = np.full(len(groups.size), problem.reserve if pooled else -np.inf)
    np.maximum.at(best, pairs.group, pairs.gain)
    best = np.where(np.isfinite(best), best, 0.0)
    loss = best[pairs.group] - pairs.gain
    hard = np.isinf(tree.penalty)
    largest = max(
        beside,
        float(loss.max(initial=0.0)),
        float((best - problem.reserve).max(initial=0.0)) if pooled else 0.0,
        float(tree.penalty.max(initial=0.0, where=~hard)),
    )
    # Where nothing is ever lost, a step of 1 may be more than gains differ by where they are not looked at.
    largest = largest or largest_gain(problem)
    exponent = int(np.floor(np.log2(most) - np.log2(largest))) - 1 if largest > 0 else 0
    return Costs(
        group=pairs.group,
        rep=pairs.rep,
        first=np.searchsorted(pairs.group, np.arange(len(groups.size) + 1)),
        pair=np.rint(np.ldexp(loss, exponent)).astype(np.int64),
        pool=np.rint(np.ldexp(best - problem.reserve, exponent)).astype(np.int64) if pooled else None,
        kind=tree.class_of_lead[groups.example],
        penalty=np.where(hard, FREE, np.rint(np.ldexp(np.where(hard, 0.0, tree.penalty), exponent)).astype(np.int64)),
        exponent=exponent,
    )
