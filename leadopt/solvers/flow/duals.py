r"""Shadow prices from an optimal answer: longest paths in the residual graph, in exact integers.

OR-Tools and SciPy return an assignment without its duals. With costs :math:`c` and node potentials :math:`y`
(what one unit pays to pass a limit and all those around it), an answer is optimal if and only if

- a lead at node a that could go to node b satisfies :math:`y_b \ge y_a + c_a - c_b`,
- a limit and its parent satisfy :math:`lo \le y_t - y_{parent} \le hi`, where lo..hi is 0..0 between the bounds,
  0..inf at the upper one, -inf..0 at the lower one (and ±penalty instead of ±inf for a soft limit).

These are difference constraints; the least solution from the root (price 0) is a longest path. The least prices are
the ones whose price of a rep is what one more slot would add.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.problem.reduced_gains import reduced_gains, reduced_pairs
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.costs import FREE, Costs
from leadopt.solvers.flow.limit_tree import LimitTree, Room
from leadopt.solvers.flow.potential_kernels import raise_potentials

NONE = np.iinfo(np.int64).min  # no constraint between two nodes
_UNKNOWN = -(2**61)  # below every potential; the sum of twice this and a potential is no more
_MOST_DENSE = 3_000  # nodes, each two of which get a number
_ROWS = 64  # rows of constraints read together
_BLOCK = 1 << 20
_CYCLE = "positive cycle: the answer whose prices are asked for is not optimal"
_GIVES_WAY = 16  # times that a floor is lowered


class NotOptimal(Exception):
    """An answer whose prices are asked for has none, as it is not optimal."""


class Constraints(NamedTuple):
    """Difference constraints ``y[head] >= y[tail] + least`` on the potentials of `n_nodes` nodes, the root the last."""

    tail: Ints
    head: Ints
    least: Ints
    n_nodes: int

    @classmethod
    def of(cls, parts: Iterable[tuple[Ints, Ints, Ints]], n_nodes: int) -> "Constraints":
        """Return the strictest constraint between each two nodes, from parts of many (tail, head, least)."""
        keys, leasts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        matrix = np.zeros(0, dtype=np.int64)
        for tail, head, least in parts:
            if 16 * len(tail) < n_nodes**2:
                key, value = _strictest(tail * n_nodes + head, least)
                keys, leasts = [*keys, key], [*leasts, value]
                continue
            if not len(matrix):  # so many constraints that most pairs of nodes have some: no need to sort them
                matrix = np.full(n_nodes**2, NONE, dtype=np.int64)
            np.maximum.at(matrix, tail * n_nodes + head, least)
        key, least = np.concatenate(keys), np.concatenate(leasts)
        if len(matrix):
            np.maximum.at(matrix, key, least)
            key = np.flatnonzero(matrix != NONE)
            least = matrix[key]
        else:
            key, least = _strictest(key, least)
        between = key % (n_nodes + 1) != 0  # or from a node to itself
        key, least = key[between], least[between]
        tail, head = np.divmod(key, n_nodes)
        return cls(tail, head, least, n_nodes)

    def dense(self, none: int = NONE) -> Ints:
        """Return D (n_nodes, n_nodes) with ``y[b] >= y[a] + D[a, b]``; `none` where nothing binds."""
        matrix = np.full((self.n_nodes, self.n_nodes), none, dtype=np.int64)
        matrix[self.tail, self.head] = self.least
        return matrix


def _strictest(key: Ints, least: Ints) -> tuple[Ints, Ints]:
    if len(key) == 0:
        return key, least
    if (np.diff(key) < 0).any():
        order = np.argsort(key, kind="stable")
        key, least = key[order], least[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    return key[start], np.asarray(np.maximum.reduceat(least, start))


def pair_constraints(costs: Costs, tree: LimitTree, group: Ints, rep: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield (tail, head, least) with ``y[head] >= y[tail] + least`` from where leads sit, in blocks.

    Parameters
    ----------
    costs
        of every group of leads with every rep
    tree
        the limits
    group, rep
        (n_sitting,), each group with each rep that some of its leads have; rep -1 is the pool
    """
    here, placed = np.full(len(rep), tree.root), rep >= 0
    here[placed] = tree.entry[costs.kind[group[placed]], rep[placed]]
    paid = costs.paid(group, rep)
    n_options = np.diff(costs.first)[group]
    for part in _parts(n_options):
        sitting = np.repeat(np.arange(part.start, part.stop), n_options[part])
        options = costs.first[group[sitting]] + _places(n_options[part])
        there = tree.entry[costs.kind[costs.group[options]], costs.rep[options]]
        yield here[sitting], there, paid[sitting] - costs.pair[options]
    if costs.pool is not None:
        yield here, np.full(len(here), tree.root), paid - costs.pool[group]


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


def tree_constraints(tree: LimitTree, room: Room, penalty: Ints, load: Ints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield (tail, head, least) for the least and greatest ``y[t] - y[parent[t]]`` that each node's load allows.

    A lower bound that pins alone have met holds nothing back: where nothing flows and nothing must, least is 0.
    """
    hard = penalty == FREE
    down, up = np.where(hard, NONE, -penalty), np.where(hard, FREE, penalty)
    zero = np.zeros_like(load)
    least = np.where((load <= room.lower) & (room.lower > 0), down, np.where(load > room.upper, up, zero))
    most = np.where(load >= room.upper, up, np.where(load < room.lower, down, zero))
    node, held = np.flatnonzero(least != NONE), np.flatnonzero(most != FREE)
    yield tree.parent[node], node, least[node]
    yield held, tree.parent[held], -most[held]


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
    if problem.affinity.is_sparse:
        return _filled_by_pairs(problem, leads, closed, filled, limit_prices)
    step = max(1, _BLOCK // problem.n_reps)
    for start in range(0, len(leads), step):
        reduced = reduced_gains(problem, leads[start : start + step], np.where(closed, 0.0, prices), limit_prices)
        otherwise = reduced[:, ~closed].max(axis=1, initial=problem.reserve)
        here = reduced[:, closed]
        # Rounded up: a price that is too high costs a rep without slots nothing, one that is too low spoils the bound.
        adds = here - otherwise[:, None] + 4 * np.finfo(np.float64).eps * np.abs(np.where(here > -np.inf, here, 0.0))
        filled[closed] = np.maximum(filled[closed], adds.max(axis=0, initial=0.0))
    return filled


def _filled_by_pairs(problem: Problem, leads: Ints, closed: Bools, filled: Floats, limit_prices: Floats) -> Floats:
    """Return the same from the eligible pairs alone."""

    def adds(start: int, pairs: SparseRows) -> Floats:
        reduced = reduced_pairs(problem, leads[start : start + len(pairs)], pairs, filled, limit_prices)
        otherwise = np.repeat(reduced.only(~closed[pairs.rep]).best(problem.reserve), pairs.n_of_row)
        here = np.flatnonzero(closed[pairs.rep])
        more = reduced.gain[here] - otherwise[here] + 4 * np.finfo(np.float64).eps * np.abs(reduced.gain[here])
        found = np.zeros(problem.n_reps)
        np.maximum.at(found, pairs.rep[here], more)
        return found

    return np.asarray(np.maximum.reduce([filled, *problem.affinity.over_pairs(leads, adds)]))


def residual_constraints(
    costs: Costs, tree: LimitTree, room: Room, group: Ints, rep: Ints, amount: Ints
) -> Constraints:
    """Return the constraints of an answer's leads and its limits together.

    ``-least`` is what passing one lead from tail to head costs.
    """
    placed = rep >= 0
    entered = np.zeros(tree.root, dtype=np.int64)
    np.add.at(entered, tree.entry[costs.kind[group[placed]], rep[placed]], amount[placed])
    parts = pair_constraints(costs, tree, group, rep), tree_constraints(tree, room, costs.penalty, tree.loads(entered))
    return Constraints.of(chain(*parts), tree.root + 1)


def potentials(constraints: Constraints) -> Ints:
    """Return y that meets all constraints and is 0 at the last node.

    Nodes that a path from the root reaches get their least value. From the others, which nothing pushes up, those
    that lead to a known node get their greatest one, and so on in turn; what is tied to nothing starts at 0.
    """
    n = constraints.n_nodes
    backwards = constraints._replace(tail=constraints.head, head=constraints.tail)
    y = np.zeros(n, dtype=np.int64)
    known = np.zeros(n, dtype=bool)
    known[-1] = True
    while True:
        _spread(constraints, y, known)
        if known.all():
            return np.asarray(y)
        before = known.sum()
        negated = -y
        _spread(backwards, negated, known)
        y = -negated
        if known.sum() == before:
            known[np.flatnonzero(~known)[0]] = True


def potentials_above(constraints: Constraints, low: Ints, high: Ints | None = None, known: Ints | None = None) -> Ints:
    """Return y that meets all constraints and is 0 at the last node: the least y >= low there is.

    Given `high` too, both give way, by half their distance and then four times as much each time, until there is
    one between them: a single bound that is wrong must not carry everybody with it. Where there is none, and without
    `high` where there is none above `low`, the result is that of `potentials`, which knows no bounds.

    `known` potentials that meet all constraints save rounds of a search, as many as there are nodes where gains lie
    along a line: what any node may give way to them is a shortest path without negative arcs (Johnson).
    """
    lower = None if known is None else _lowering(constraints, known)
    everybody = np.ones(len(low), dtype=bool)
    half = np.zeros_like(low) if high is None else (high - low) // 2 + 1
    half[-1] = 0
    for k in range(1 if high is None else _GIVES_WAY):
        reach = np.minimum(half, 2**60 // 4**k) * (4**k - 1)
        y = low - reach
        if lower is None:
            _raise_until_met(constraints, y, everybody.copy(), ~everybody)
        else:
            y = lower(y)
        if y[-1] == 0 and (high is None or (y <= high + reach).all()):
            return np.asarray(y)
    return potentials(constraints)


def _lowering(constraints: Constraints, known: Ints) -> Callable[[Ints], Ints] | None:
    """Return what tells the least potentials above some, given any; None if these break a constraint, or are many."""
    n = constraints.n_nodes
    if n > _MOST_DENSE:
        return None
    needed = constraints.dense(2 * _UNKNOWN)
    slack = np.where(needed > 2 * _UNKNOWN, known - known[:, None] - needed, -2 * _UNKNOWN)
    if (slack < 0).any():
        return None

    def least(low: Ints) -> Ints:
        gives, done = known - low, np.zeros(n, dtype=np.int64)
        for _ in range(n):
            node = int((gives + done).argmin())
            done[node] = -_UNKNOWN
            np.minimum(gives, gives[node] + slack[node], out=gives)
        return known - gives

    return least


def _spread(constraints: Constraints, y: Ints, known: Bools) -> None:
    """Give every unknown node that known ones reach its longest path from them, in place."""
    _raise_until_met(constraints, y, known, known.copy())


def _raise_until_met(constraints: Constraints, y: Ints, known: Bools, fixed: Bools) -> None:
    """Raise what is not `fixed`, in place, until every constraint from a known node is met (Bellman and Ford)."""
    dense = 16 * len(constraints.tail) >= constraints.n_nodes**2
    if compiled() and not dense:
        y[~known] = _UNKNOWN
        if not _raised(constraints, y, fixed):
            raise NotOptimal(_CYCLE)
        known |= y > _UNKNOWN
        y[~known] = 0
        return
    best = _best_by_rows(constraints, fixed) if dense else _best_by_heads(constraints, fixed)
    y[~known] = _UNKNOWN
    active = np.flatnonzero(known)
    for _ in range(len(y) + 1):
        if not len(active):
            known |= y > _UNKNOWN
            y[~known] = 0
            return
        candidate = best(y, active)
        active = np.flatnonzero(candidate > y)
        y[active] = candidate[active]
    raise NotOptimal(_CYCLE)


def _raised(constraints: Constraints, y: Ints, fixed: Bools) -> bool:
    """Return whether all constraints could be met, by a compiled loop."""
    n, order = constraints.n_nodes, np.argsort(constraints.tail, kind="stable")
    first = np.searchsorted(constraints.tail[order], np.arange(n + 1))
    head, least, scratch = constraints.head[order], constraints.least[order], np.empty(n, dtype=np.int64)
    return raise_potentials(first, head, least, fixed, y, _UNKNOWN, scratch, np.empty(n, dtype=bool))


def _best_by_rows(constraints: Constraints, fixed: Bools) -> Callable[[Ints, Ints], Ints]:
    """Return what tells how far some nodes push each, from a whole row of constraints for every node."""
    step = constraints.dense(2 * _UNKNOWN)
    step[:, fixed] = 2 * _UNKNOWN

    def best(y: Ints, active: Ints) -> Ints:
        found = np.full(len(y), _UNKNOWN)
        for start in range(0, len(active), _ROWS):
            some = active[start : start + _ROWS]
            pushed = step[some]
            pushed += y[some, None]
            np.maximum(found, pushed.max(axis=0), out=found)
        return found

    return best


def _best_by_heads(constraints: Constraints, fixed: Bools) -> Callable[[Ints, Ints], Ints]:
    """Return what tells how far some nodes push each, from a list of constraints."""
    order = np.argsort(constraints.head, kind="stable")
    order = order[~fixed[constraints.head[order]]]
    tail, head, least = constraints.tail[order], constraints.head[order], constraints.least[order]
    is_active = np.zeros(len(fixed), dtype=bool)

    def best(y: Ints, active: Ints) -> Ints:
        is_active[active] = True
        at = np.flatnonzero(is_active[tail])
        is_active[active] = False
        found = np.full(len(y), _UNKNOWN)
        if len(at):
            start = np.flatnonzero(np.diff(head[at], prepend=-1))
            found[head[at][start]] = np.maximum.reduceat(y[tail[at]] + least[at], start)
        return found

    return best
