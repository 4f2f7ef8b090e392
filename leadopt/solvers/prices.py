r"""Shadow prices from an optimal answer: longest paths in the residual graph, in exact integers.

OR-Tools and SciPy return an assignment without its duals. With costs :math:`c` and node potentials :math:`y`
(what one unit pays to pass a limit and all those around it), an answer is optimal if and only if

- a lead at node a that could go to node b satisfies :math:`y_b \ge y_a + c_a - c_b`,
- a limit and its parent satisfy :math:`lo \le y_t - y_{parent} \le hi`, where lo..hi is 0..0 between the bounds,
  0..inf at the upper one, -inf..0 at the lower one (and ±penalty instead of ±inf for a soft limit).

These are difference constraints; the least solution from the root (price 0) is a longest path. The least prices are
the ones whose price of a rep is what one more slot would add.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from leadopt.certify import reduced_gains
from leadopt.problem import Problem
from leadopt.solvers.costs import FREE, Costs
from leadopt.solvers.limit_tree import LimitTree, Room

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NONE = np.iinfo(np.int64).min  # no constraint between two nodes
_BLOCK = 1 << 20


class NotOptimal(Exception):
    """An answer whose prices are asked for has none, as it is not optimal."""


def pair_constraints(costs: Costs, tree: LimitTree, group: Ints, rep: Ints) -> Ints:
    """Return D (n_nodes + 1, n_nodes + 1) with ``y[b] >= y[a] + D[a, b]`` from where leads sit; the root is last.

    Parameters
    ----------
    costs
        of every group of leads with every rep
    tree
        the limits
    group, rep
        (n_sitting,), each group with each rep that some of its leads have; rep -1 is the pool
    """
    constraints = np.full((tree.root + 1, tree.root + 1), NONE, dtype=np.int64)
    here, placed = np.full(len(rep), tree.root), rep >= 0
    here[placed] = tree.entry[costs.kind[group[placed]], rep[placed]]
    paid = costs.paid(group, rep)
    n_options = np.diff(costs.first)[group]
    for part in _parts(n_options):
        sitting = np.repeat(np.arange(part.start, part.stop), n_options[part])
        options = costs.first[group[sitting]] + _places(n_options[part])
        there = tree.entry[costs.kind[costs.group[options]], costs.rep[options]]
        _raise_to(constraints, here[sitting], there, paid[sitting] - costs.pair[options])
    if costs.pool is not None:
        _raise_to(constraints, here, np.full(len(here), tree.root), paid - costs.pool[group])
    np.fill_diagonal(constraints, NONE)
    return constraints


def _parts(sizes: Ints) -> list[slice]:
    """Return slices of the entries whose sizes add up to about a block each."""
    block = np.cumsum(sizes) // _BLOCK
    cuts = np.flatnonzero(np.diff(block, prepend=-1, append=-2)) if len(sizes) else np.zeros(1, dtype=np.int64)
    return [slice(int(start), int(stop)) for start, stop in pairwise(cuts)]


def _places(sizes: Ints) -> Ints:
    """Return 0, 1, ... within each entry.

    >>> _places(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _raise_to(constraints: Ints, a: Ints, b: Ints, value: Ints) -> None:
    np.maximum.at(constraints.reshape(-1), a * len(constraints) + b, value)


def tree_constraints(tree: LimitTree, room: Room, penalty: Ints, load: Ints) -> tuple[Ints, Ints]:
    """Return the least and greatest ``y[t] - y[parent[t]]`` that each node's load allows; NONE and FREE bound nothing.

    A lower bound that pins alone have met holds nothing back: where nothing flows and nothing must, least is 0.
    """
    hard = penalty == FREE
    down, up = np.where(hard, NONE, -penalty), np.where(hard, FREE, penalty)
    zero = np.zeros_like(load)
    least = np.where((load <= room.lower) & (room.lower > 0), down, np.where(load > room.upper, up, zero))
    most = np.where(load >= room.upper, up, np.where(load < room.lower, down, zero))
    return least, most


def prices_of(costs: Costs, tree: LimitTree, room: Room, group: Ints, rep: Ints, amount: Ints) -> Floats:
    """Return the price of every node of the tree, float64 (n_nodes,), in units of gain.

    Parameters
    ----------
    group, rep, amount
        the optimal answer: how many leads of a group each rep (or the pool, -1) has
    """
    y = potentials(residual_constraints(costs, tree, room, group, rep, amount))
    return costs.gain(y[:-1] - y[tree.parent])


def with_closed_prices(problem: Problem, leads: Ints, room: Room, prices: Floats, limit_prices: Floats) -> Floats:
    r"""Return the prices with those of reps without room filled in: what a first slot would add.

    .. math:: p_j = \max_i \big(gain_{ij} - \max(reserve, \max_k gain_{ik} - p_k)\big)^+

    over the given leads and the reps k with room, all gains less the prices of the limits.
    """
    closed = room.upper[: problem.n_reps] <= 0
    filled = np.where(closed, 0.0, prices)
    if not closed.any() or (closed.all() and np.isneginf(problem.reserve)):
        return filled
    step = max(1, _BLOCK // problem.n_reps)
    for start in range(0, len(leads), step):
        reduced = reduced_gains(problem, leads[start : start + step], np.where(closed, 0.0, prices), limit_prices)
        otherwise = reduced[:, ~closed].max(axis=1, initial=problem.reserve)
        here = reduced[:, closed]
        # Rounded up: a price that is too high costs a rep without slots nothing, one that is too low spoils the bound.
        adds = here - otherwise[:, None] + 4 * np.finfo(np.float64).eps * np.abs(np.where(here > -np.inf, here, 0.0))
        filled[closed] = np.maximum(filled[closed], adds.max(axis=0, initial=0.0))
    return filled


def residual_constraints(costs: Costs, tree: LimitTree, room: Room, group: Ints, rep: Ints, amount: Ints) -> Ints:
    """Return D with ``y[b] >= y[a] + D[a, b]`` from an answer's leads and its limits together.

    ``-D[a, b]`` is what passing one lead from a to b costs.
    """
    placed = rep >= 0
    entered = np.zeros(tree.root, dtype=np.int64)
    np.add.at(entered, tree.entry[costs.kind[group[placed]], rep[placed]], amount[placed])
    constraints = pair_constraints(costs, tree, group, rep)
    least, most = tree_constraints(tree, room, costs.penalty, tree.loads(entered))
    for node, up in enumerate(tree.parent):
        if least[node] != NONE:
            constraints[up, node] = max(constraints[up, node], least[node])
        if most[node] != FREE:
            constraints[node, up] = max(constraints[node, up], -most[node])
    return constraints


def potentials(constraints: Ints) -> Ints:
    """Return y with ``y[b] >= y[a] + D[a, b]`` for all pairs and y = 0 at the last node.

    Nodes that a path from the root reaches get their least value. From the others, which nothing pushes up, those
    that lead to a known node get their greatest one, and so on in turn; what is tied to nothing starts at 0.
    """
    n = len(constraints)
    y = np.zeros(n, dtype=np.int64)
    known = np.zeros(n, dtype=bool)
    known[-1] = True
    while True:
        _spread(constraints, y, known)
        if known.all():
            return y
        before = known.sum()
        negated = -y
        _spread(constraints.T, negated, known)
        y = -negated
        if known.sum() == before:
            known[np.flatnonzero(~known)[0]] = True


def potentials_above(constraints: Ints, low: Ints) -> Ints:
    """Return y with ``y[b] >= y[a] + D[a, b]`` for all pairs and y = 0 at the last node: the least y >= low there is.

    Where there is none above `low`, the result is that of `potentials`, which knows no floor.
    """
    y = low.copy()
    known = np.ones(len(y), dtype=bool)
    _raise_until_met(constraints, y, known, np.zeros(len(y), dtype=bool))
    return y if y[-1] == 0 else potentials(constraints)


def _spread(constraints: Ints, y: Ints, known: NDArray[np.bool_]) -> None:
    """Bellman-Ford: give every unknown node that known ones reach its longest path from them, in place."""
    _raise_until_met(constraints, y, known, known.copy())


def _raise_until_met(constraints: Ints, y: Ints, known: NDArray[np.bool_], fixed: NDArray[np.bool_]) -> None:
    active = np.flatnonzero(known)
    for _ in range(len(y) + 1):
        reach = constraints[active]
        candidate = np.where(reach == NONE, NONE, y[active, None] + np.where(reach == NONE, 0, reach)).max(axis=0)
        better = (candidate > np.where(known, y, NONE)) & ~fixed
        if not better.any():
            return
        y[better] = candidate[better]
        known |= better
        active = np.flatnonzero(better)
    raise NotOptimal("positive cycle: the answer whose prices are asked for is not optimal")
