"""A problem with nested limits as a flow network: groups of leads, then limits, then the root."""

import numpy as np

from leadopt.arrays import Ints
from leadopt.solvers.flow.backend import Arcs
from leadopt.solvers.flow.costs import FREE, Costs
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.limit_tree import LimitTree, Room


def network(groups: Groups, tree: LimitTree, room: Room, costs: Costs) -> Arcs:
    """Return the arcs of the flow, those of the pairs first; nodes are groups, then limits, then the root."""
    n_groups = len(groups.size)
    entry = n_groups + tree.entry[costs.kind[costs.group], costs.rep]
    pairs = (costs.group, entry, groups.size[costs.group], costs.pair)
    pool = [(np.arange(n_groups), n_groups + tree.root, groups.size, costs.pool)] if costs.pool is not None else []
    return Arcs.of(pairs, *pool, *_limit_arcs(n_groups, tree, room, costs.penalty))


def _limit_arcs(n_groups: int, tree: LimitTree, room: Room, penalty: Ints) -> list[tuple[Ints, Ints, Ints, Ints]]:
    """Return the arcs from every limit to the one around it.

    A hard limit is one arc. A soft one is three: up to its lower bound each unit earns the penalty, between the bounds
    it is free, beyond the upper bound it costs the penalty.
    """
    hard = penalty == FREE
    upper = np.maximum(room.upper, 0)
    lower = np.minimum(room.lower, upper)
    tail, head = n_groups + np.arange(tree.root), n_groups + tree.parent
    soft = np.flatnonzero(~hard)
    beyond = np.full(len(soft), 2**31, dtype=np.int64)
    return [
        (tail, head, upper - lower, np.zeros_like(tail)),
        (tail[soft], head[soft], lower[soft], -penalty[soft]),
        (tail[soft], head[soft], beyond, penalty[soft]),
    ]


def supplies(groups: Groups, tree: LimitTree, needed: Ints) -> Ints:
    """Return the supply of every node: leads at their groups, and what each limit needs from its parent to its node."""
    limits = np.append(-needed, 0)
    np.add.at(limits, tree.parent, needed)
    limits[-1] -= groups.size.sum()
    return np.concatenate([groups.size, limits])


def needed(tree: LimitTree, room: Room) -> Ints:
    """Return the lower bounds that a flow must meet: those of the hard limits."""
    return np.where(np.isinf(tree.penalty), room.lower, 0)
