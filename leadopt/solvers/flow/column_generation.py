"""Nested limits over many leads: a flow over few pairs of each lead, and every pair that its prices show is missing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.problem.rates.full_rows import scaled
from leadopt.progress import Meter
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.core import CoreTooSmall, core_costs, solve_core
from leadopt.solvers.flow.costs import Costs, Pairs, every_pair
from leadopt.solvers.flow.duals import prices_of
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.limit_tree import LimitTree, Room
from leadopt.solvers.flow.nested_simplex import Ended, nested_flow

LEAST_PAIRS = 500_000
"""Pairs of groups and reps; with fewer, one flow over all of them takes less."""
LEAST_PAIRS_NEAR = 50_000
"""The same where prices are known that need no sample: at 50,000 (1,000 x 50) a change takes .8 of a solve anew if the
prices are good, and as long as one if a rep goes away; below, there is little to save."""
_WHOLE = 200_000  # pairs that are solved at once: prices of fewer leads are no good beginning
_SMALLER = 4  # by which a sample is smaller
# Pairs of each group at first, and at most so many more of it in a round. From known prices under nested limits, 6 take
# as long to twice as long (1,000 x 50 to 20,000 x 100), though a round fewer may do where a rep has gone away.
_OPTIONS = 4
_SEED = 20_260_201

Flows = tuple[Ints, Ints, Ints]
Found = tuple[Costs, Flows, Floats, int]


def flow_by_columns(
    problem: Problem,
    groups: Groups,
    tree: LimitTree,
    room: Room,
    near: Floats | None = None,
    meter: Meter | None = None,
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
    # Fewer are solved sooner than looked through.
    by_simplex = compiled() and len(groups.size) * len(reps) >= LEAST_PAIRS
    try:
        found = _solved(
            problem, groups, elastic, room, reps, near, meter=meter or Meter(), compiled=by_simplex, exact=True
        )
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
    meter: Meter,
    compiled: bool,
    exact: bool,
) -> Found:
    n_groups, rounds, keys, prices = len(groups.size), 1, None, near
    whole = 0 if near is not None else max(_WHOLE, _SMALLER * len(reps))
    if n_groups * len(reps) <= whole:
        pairs = every_pair(problem, groups, tree, room)
    else:
        if prices is None:
            part, smaller = _sample(groups, room)
            prices = _solved(problem, part, tree, smaller, reps, meter=meter, compiled=compiled, exact=False)[2]
        keys = _best(problem, groups, tree, reps, prices)
        pairs = _pairs(problem, groups, keys)
    solver = _Solver(
        problem=problem, groups=groups, tree=tree, room=room, meter=meter, compiled=compiled, least_prices=exact
    )
    while True:
        meter.still("price")
        meter.check()
        costs, flows, prices = solver.solved(pairs, prices)
        if keys is None:
            return costs, flows, prices, rounds
        missing = _missing(problem, groups, tree, reps, prices, keys, float(costs.gain(2)))
        if len(missing) <= (0 if exact else n_groups // 20):
            return costs, flows, prices, rounds
        keys, rounds = _joined(keys, missing), rounds + 1
        pairs = _pairs(problem, groups, keys)


@dataclass(kw_only=True, slots=True)
class _Solver:
    """Solves flows over more and more pairs: by the compiled network simplex, where the last one ended, or OR-Tools.

    The prices are the least ones, or just any that prove the flow, which cost nothing more where it is compiled.
    """

    problem: Problem
    groups: Groups
    tree: LimitTree
    room: Room
    meter: Meter
    compiled: bool
    least_prices: bool
    last: Ended | None = None

    def solved(self, pairs: Pairs, near: Floats | None) -> tuple[Costs, Flows, Floats]:
        """Return costs, the best flow over some pairs, and the prices of every node."""
        problem, groups, tree, room = self.problem, self.groups, self.tree, self.room
        if self.compiled:
            costs = core_costs(problem, groups, tree, pairs, 0.0)
            self.last = nested_flow(costs, groups, tree, room, near, self.last, self.meter.left_s)
        if self.last is None:
            costs, flows, _ = solve_core(problem, groups, tree, room, pairs, pruned=True)
        else:
            flows = self.last.flows
            if not self.least_prices:
                return costs, flows, self.last.prices
        return costs, flows, prices_of(costs, tree, room, *flows)


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
    n_kept = min(_OPTIONS, len(reps))

    def best(start: int, reduced: Floats) -> Ints:
        return _first_options(start, reduced, n_kept)

    return np.sort(np.concatenate(_over_reduced(problem, groups, tree, reps, prices, best)))


def _missing(
    problem: Problem, groups: Groups, tree: LimitTree, reps: Ints, prices: Floats, keys: Ints, slack: float
) -> Ints:
    """Return the keys of pairs that gain more after prices than the best one of their group among `keys`."""
    tolls, kinds = _tolls(tree, prices), tree.class_of_lead[groups.example]
    group, rep = np.divmod(keys, problem.n_reps)
    enough = np.full(len(groups.size), problem.reserve)
    np.maximum.at(enough, group, problem.affinity.at(groups.example[group], rep) - tolls[kinds[group], rep])
    enough += slack
    n_kept = min(_OPTIONS, len(reps))

    def missing(start: int, reduced: Floats) -> Ints:
        bar = enough[start : start + len(reduced)]
        most = reduced[np.arange(len(reduced)), reduced.argmax(axis=1)]
        rows = np.flatnonzero(most > bar)
        return rows[:0] if not len(rows) else _first_options(start, reduced, n_kept, rows, bar)

    return np.sort(np.concatenate(_over_reduced(problem, groups, tree, reps, prices, missing)))


def _first_options(
    start: int, reduced: Floats, n_kept: int, rows: Ints | None = None, bar: Floats | None = None
) -> Ints:
    """Return the keys of the best few options of some rows, those above a bar; overwrites them.

    A few times the best one of each row are found many times faster than a row is partitioned.
    """
    if rows is None:
        rows = np.arange(len(reduced))
    elif len(rows) < len(reduced):
        reduced = reduced[rows]
    least = -np.inf if bar is None else bar[rows]
    every, found = np.arange(len(rows)), []
    for _ in range(n_kept):
        rep = reduced.argmax(axis=1)
        wanted = reduced[every, rep] > least
        found.append(((start + rows) * reduced.shape[1] + rep)[wanted])
        reduced[every, rep] = -np.inf
    return np.concatenate(found)


def _over_reduced(
    problem: Problem, groups: Groups, tree: LimitTree, reps: Ints, prices: Floats, work: Callable[[int, Floats], Ints]
) -> list[Ints]:
    """Return what `work` makes of the gains of all groups after prices, block by block; it takes the first's number.

    They are -inf with all but some reps.
    """
    affinity, kinds = problem.affinity, tree.class_of_lead[groups.example]
    tolls = np.full((len(tree.entry), problem.n_reps), np.inf)
    tolls[:, reps] = _tolls(tree, prices)[:, reps]

    def block(start: int, stop: int, scratch: Floats) -> Ints:
        leads = groups.example[start:stop]
        gains = affinity.rates_of(affinity.row[leads], out=scratch)
        if not affinity.is_dense:
            gains = scaled(gains, affinity.scale[leads, None])
        gains -= tolls[0] if len(tolls) == 1 else tolls[kinds[start:stop]]
        return work(start, gains)

    return over_blocks(len(groups.size), problem.n_reps, block)


def _pairs(problem: Problem, groups: Groups, keys: Ints) -> Pairs:
    group, rep = np.divmod(keys, problem.n_reps)
    return Pairs(group=group, rep=rep, gain=problem.affinity.at(groups.example[group], rep))


def _joined(keys: Ints, more: Ints) -> Ints:
    """Return keys of both, each once and in order."""
    both = np.sort(np.concatenate([keys, more]), kind="stable")
    return both[np.flatnonzero(np.diff(both, prepend=-1))]
