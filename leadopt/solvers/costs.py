"""Gains as whole costs: what a solver in integers needs, scaled so that nothing overflows and the loss is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.problem import Problem
from leadopt.solvers.grouping import Groups
from leadopt.solvers.limit_tree import LimitTree, Room

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INELIGIBLE = np.iinfo(np.int64).max  # the cost of a pair that may not be matched
FREE = np.iinfo(np.int64).max  # the penalty of a hard limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Whole costs of every group of leads: what each choice loses against the group's best one, times `scale`.

    Parameters
    ----------
    pair
        (n_groups, n_reps), `INELIGIBLE` where a pair may not, or need not, be matched
    pool
        (n_groups,), cost of staying in the pool; None = no lead may
    kind
        (n_groups,), class of limits of each group
    penalty
        (n_nodes,), per unit beyond a limit's bounds; `FREE` for a hard one
    exponent
        a cost is a gain times ``2**exponent``, so that scaling itself loses nothing, however small the gains
    """

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
        placed = rep >= 0
        cost[placed] = self.pair[group[placed], rep[placed]]
        return cost


def whole_costs(problem: Problem, groups: Groups, tree: LimitTree, room: Room, most: float) -> Costs:
    """Return the costs of all groups with the largest one just below `most`.

    Costs are differences to each group's own best choice, so precision follows the spread of the gains, not their size.
    Pairs that no best answer has are left out, lest a huge gain there coarsens all others: those of a rep without room
    and, where no limit has a minimum to fill, those below the reserve.
    """
    gains = problem.affinity.of(groups.example)
    pooled = np.isfinite(problem.reserve)
    gains[:, room.upper[: problem.n_reps] <= 0] = -np.inf
    if pooled and not tree.lower.any():
        gains[gains < problem.reserve] = -np.inf
    best = gains.max(axis=1, initial=problem.reserve if pooled else -np.inf)
    best = np.where(np.isfinite(best), best, 0.0)
    loss = best[:, None] - gains
    eligible = np.isfinite(loss)
    hard = np.isinf(tree.penalty)
    largest = max(
        float(loss.max(initial=0.0, where=eligible)),
        float((best - problem.reserve).max(initial=0.0)) if pooled else 0.0,
        float(tree.penalty.max(initial=0.0, where=~hard)),
    )
    exponent = int(np.floor(np.log2(most) - np.log2(largest))) - 1 if largest > 0 else 0
    return Costs(
        pair=np.where(eligible, np.rint(np.ldexp(np.where(eligible, loss, 0.0), exponent)), 0).astype(np.int64)
        + np.where(eligible, 0, INELIGIBLE),
        pool=np.rint(np.ldexp(best - problem.reserve, exponent)).astype(np.int64) if pooled else None,
        kind=tree.class_of_lead[groups.example],
        penalty=np.where(hard, FREE, np.rint(np.ldexp(np.where(hard, 0.0, tree.penalty), exponent)).astype(np.int64)),
        exponent=exponent,
    )
