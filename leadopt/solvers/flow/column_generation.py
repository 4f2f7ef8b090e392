"""Nested limits over many leads: a flow over few pairs of each lead, and every pair that its prices show is missing."""

from dataclasses import replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.solvers.flow.core import CoreTooSmall, solve_core
from leadopt.solvers.flow.costs import Costs, Pairs, every_pair
from leadopt.solvers.flow.duals import prices_of
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.limit_tree import LimitTree, Room

LEAST_PAIRS = 500_000
"""Pairs of groups and reps; with fewer, one flow over all of them takes less."""
LEAST_PAIRS_NEAR = 50_000
"""The same where prices are known that need no sample: at 50,000 (1,000 x 50) a change takes .8 of a solve anew if the
prices are good, and as long as one if a rep goes away; below, there is little to save."""
_WHOLE = 700_000  # pairs that are solved at once: prices of fewer leads are no good beginning
_SMALLER = 4  # by which a sample is smaller
# Pairs of each group at first, and at most so many more of it in a round. From known prices under nested limits, 6 take
# as long to twice as long (1,000 x 50 to 20,000 x 100), though a round fewer may do where a rep has gone away.
_OPTIONS = 4
_SEED = 20_260_201

Flows = tuple[Ints, Ints, Ints]
Found = tuple[Costs, Flows, Floats, int]


def flow_by_columns(
    problem: Problem, groups: Groups, tree: LimitTree, room: Room, near: Floats | None = None
) -> Found | None:
    """Return costs, the best flow, the price of every node, and the rounds it took; None where limits cannot be met.

    A sample of the groups, under limits that are as much smaller, gives the first prices; it is solved the same way.
    Prices `near` the best ones, of every node but the root, take its place: those of a similar problem.
    Each group begins with its best few reps by them. The prices of a flow prove it best for all pairs if no pair that
    was left out gains more after them than its group's best one in it. Pairs that do are added, and the flow is solved
    again (column generation, with all columns in sight). Hard limits give way at a price above all gains, so that there
    is a flow from the start; in the end there is none that gives way.

    References
    ----------
    Gilmore & Gomory (1961), A linear programming approach to the cutting-stock problem, Operations Research 9(6),
    doi:10.1287/opre.9.6.849.
    """
    reps = np.flatnonzero(room.upper[: problem.n_reps] > 0)
    elastic = replace(tree, penalty=np.where(np.isinf(tree.penalty), _above_all(problem, groups), tree.penalty))
    try:
        found = _solved(problem, groups, elastic, room, reps, near, exact=True)
    except CoreTooSmall:  # leads that must be placed may go nowhere among so few pairs
        return None
    return None if _gives_way(groups, tree, room, found[1]) else found


def _solved(
    problem: Problem,
    groups: Groups,
    tree: LimitTree,
    room: Room,
    reps: Ints,
    near: Floats | None = None,
    *,
    exact: bool,
) -> Found:
    n_groups, rounds, keys = len(groups.size), 1, None
    whole = 0 if near is not None else max(_WHOLE, _SMALLER * len(reps))
    if n_groups * len(reps) <= whole:
        pairs = every_pair(problem, groups, tree, room)
    else:
        prices = near
        if prices is None:
            part, smaller = _sample(groups, room)
            prices = _solved(problem, part, tree, smaller, reps, exact=False)[2]
        keys = _best(problem, groups, tree, reps, prices)
        pairs = _pairs(problem, groups, keys)
    while True:
        costs, flows = solve_core(problem, groups, tree, room, pairs, pruned=True)
        prices = prices_of(costs, tree, room, *flows)
        if keys is None:
            return costs, flows, prices, rounds
        missing = _missing(problem, groups, tree, reps, prices, keys, float(costs.gain(2)))
        if len(missing) <= (0 if exact else n_groups // 20):
            return costs, flows, prices, rounds
        keys, rounds = np.union1d(keys, missing), rounds + 1
        pairs = _pairs(problem, groups, keys)


def _above_all(problem: Problem, groups: Groups) -> float:
    """Return a price that no gain is worth breaking a limit for."""
    most = problem.affinity.largest_at_most
    return 4.0 * max(most, abs(problem.reserve) if np.isfinite(problem.reserve) else 0.0)


def _gives_way(groups: Groups, tree: LimitTree, room: Room, flows: Flows) -> bool:
    """Return whether a hard limit is broken."""
    group, rep, amount = flows
    placed = rep >= 0
    entered = np.zeros(tree.root, dtype=np.int64)
    kinds = tree.class_of_lead[groups.example[group[placed]]]
    np.add.at(entered, tree.entry[kinds, rep[placed]], amount[placed])
    loads, hard = tree.loads(entered), np.isinf(tree.penalty)
    return bool(((loads < room.lower) | (loads > room.upper))[hard].any())


def _sample(groups: Groups, room: Room) -> tuple[Groups, Room]:
    """Return some of the groups, and the room that is their share."""
    n_sampled = max(1, len(groups.size) // _SMALLER)
    chosen = np.sort(np.random.default_rng(_SEED).permutation(len(groups.size))[:n_sampled])
    size = groups.size[chosen]
    share = size.sum() / groups.size.sum()
    part = Groups(example=groups.example[chosen], size=size, members=groups.members[:0], start=groups.start[:1])
    lower, upper = np.rint(share * room.lower), np.rint(share * room.upper)
    return part, Room(lower=lower.astype(np.int64), upper=np.maximum(lower, upper).astype(np.int64))


def _tolls(tree: LimitTree, prices: Floats) -> Floats:
    """Return what a lead of each class pays on its way from each rep to the root, float64 (n_classes, n_reps)."""
    toll = np.append(prices, 0.0)
    for node in tree.outward[::-1]:
        toll[node] += toll[tree.parent[node]]
    return np.asarray(toll[tree.entry])


def _best(problem: Problem, groups: Groups, tree: LimitTree, reps: Ints, prices: Floats) -> Ints:
    """Return the keys, ``group * n_reps + rep``, of each group's best pairs after prices."""
    tolls, kinds = _tolls(tree, prices)[:, reps], tree.class_of_lead[groups.example]
    n_kept = min(_OPTIONS, len(reps))

    def block(start: int, stop: int, scratch: Floats) -> Ints:
        reduced = problem.affinity.of(groups.example[start:stop])[:, reps] - tolls[kinds[start:stop]]
        kept = np.argpartition(reduced, len(reps) - n_kept, axis=1)[:, len(reps) - n_kept :]
        group = np.repeat(np.arange(start, stop), n_kept)
        worth = np.isfinite(np.take_along_axis(reduced, kept, axis=1)).ravel()
        return np.asarray((group * problem.n_reps + reps[kept].ravel())[worth])

    return np.sort(np.concatenate(over_blocks(len(groups.size), len(reps), block)))


def _missing(
    problem: Problem, groups: Groups, tree: LimitTree, reps: Ints, prices: Floats, keys: Ints, slack: float
) -> Ints:
    """Return the keys of pairs that gain more after prices than the best one of their group among `keys`."""
    tolls, kinds = _tolls(tree, prices), tree.class_of_lead[groups.example]
    first = np.searchsorted(keys, np.arange(len(groups.size) + 1) * problem.n_reps)

    def block(start: int, stop: int, scratch: Floats) -> Ints:
        reduced = problem.affinity.of(groups.example[start:stop]) - tolls[kinds[start:stop]]
        own = keys[first[start] : first[stop]]
        group, rep = own // problem.n_reps - start, own % problem.n_reps
        best = np.full(stop - start, problem.reserve)
        np.maximum.at(best, group, reduced[group, rep])
        more = reduced[:, reps] > (best + slack)[:, None]
        rows = np.flatnonzero(more.any(axis=1))
        if not len(rows):
            return np.zeros(0, dtype=np.int64)
        n_kept = min(_OPTIONS, len(reps))
        those = np.where(more[rows], reduced[rows][:, reps], -np.inf)
        kept = np.argpartition(those, len(reps) - n_kept, axis=1)[:, len(reps) - n_kept :]
        found = np.take_along_axis(more[rows], kept, axis=1).ravel()
        return np.asarray((np.repeat(rows + start, n_kept) * problem.n_reps + reps[kept].ravel())[found])

    return np.sort(np.concatenate(over_blocks(len(groups.size), problem.n_reps, block)))


def _pairs(problem: Problem, groups: Groups, keys: Ints) -> Pairs:
    group, rep = np.divmod(keys, problem.n_reps)
    return Pairs(group=group, rep=rep, gain=problem.affinity.at(groups.example[group], rep))
