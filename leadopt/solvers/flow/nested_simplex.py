"""Leads under nested limits, as cheaply as can be: a compiled network simplex over a tree of limits.

The network simplex knows rows with supplies and columns that take so much. A limit t that lets ``x`` leads through to
the one around it, at most ``u``, fits that: t is a column that takes exactly u, and a row with a supply of u is its
valve, which puts x into the limit around it and the rest, ``u - x``, back into t. So as much goes on as comes in. There
is a valve for each stretch of loads: up to the lower bound, between the bounds, and beyond, where a unit costs more.

It begins at given prices: leads, the most decided ones first, take what is best where there is room on the whole way.
Where a limit is filled, the last lead that came holds its price: by what it lost on its next best choice. As that lead
is one of the least decided, these prices are near the given ones. With a few more pairs it goes on where it ended.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.progress import apart
from leadopt.solvers.flow.costs import FREE, Costs
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.limit_tree import LimitTree, Room
from leadopt.solvers.flow.network_simplex import NEVER
from leadopt.solvers.flow.simplex_kernels import Arcs, Basis, Served, Tree, serve, simplex

_HARD = NEVER >> 4  # that a unit beyond a hard bound costs: more than anything real, less than an arc that is none
_MOST = 2.0**58  # prices beyond are cut off
_BLOCK = 0.3  # of the root of the arcs are read for the next one to enter, as in `network_simplex`
_SOON = 20_000  # arcs, which take some milliseconds: nobody waits for these
_PIVOTS = 50  # by arc: many times what was ever seen


class Ended(NamedTuple):
    """A cheapest flow (rep -1 is the pool), and a price of every node at which it is one, in units of gain."""

    flows: tuple[Ints, Ints, Ints]
    prices: Floats
    network: "Network"
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Groups of leads and valves as rows, capacities and limits as columns, the root as the last one.

    Parameters
    ----------
    lower, upper
        (n_nodes,), the bounds of each node, within what can come
    first, to, cost
        the arcs of each row: (n_rows + 1,), and the column and the cost of each; the last one of a row leads to the
        root
    supply
        (n_rows,), of groups, of valves by node and from the lowest stretch up, and of nobody, whom the kernel knows
    valve_of, begins
        (n_valves,), the column of each valve, and the load at which its stretch begins
    arc_of_pair
        (n_pairs,)
    """

    costs: Costs
    groups: Groups
    tree: LimitTree
    lower: Ints
    upper: Ints
    first: Ints
    to: Ints
    cost: Ints
    supply: Ints
    valve_of: Ints
    begins: Ints
    arc_of_pair: Ints

    @classmethod
    def of(cls, costs: Costs, groups: Groups, tree: LimitTree, room: Room) -> "Network":
        """Return the network of some pairs."""
        n, most, root = len(groups.size), int(groups.size.sum()), tree.root
        lower = np.minimum(room.lower, np.maximum(room.upper, 0))
        # One more than can come: a bound that is out of reach has no price.
        upper = np.clip(room.upper, lower, np.maximum(lower, most + 1))
        hard = costs.penalty == FREE
        steep = np.where(hard, _HARD, costs.penalty)
        ends = np.array([np.zeros_like(upper), lower, upper, upper + np.where(hard, 0, most)])
        sizes = np.diff(ends, axis=0)
        node, stretch = np.nonzero(sizes.T > 0)
        n_arcs = np.concatenate([np.diff(costs.first) + 1, np.full(len(node), 3), [root + 1]])
        first = np.concatenate([[0], np.cumsum(n_arcs)]).astype(np.int64)
        to, cost = np.full(first[-1], root), np.full(first[-1], NEVER)
        arc_of_pair = np.arange(len(costs.pair)) + costs.group
        to[arc_of_pair], cost[arc_of_pair] = tree.entry[costs.kind[costs.group], costs.rep], costs.pair
        if costs.pool is not None:
            cost[first[1 : n + 1] - 1] = costs.pool
        valve = first[n:-2]
        to[valve], cost[valve] = node, np.where(stretch == 0, steep[node], 0)
        to[valve + 1], cost[valve + 1] = tree.parent[node], np.where(stretch == 2, steep[node], 0)
        to[first[-2] : -1], cost[-1] = np.arange(root), 0
        return cls(
            costs=costs,
            groups=groups,
            tree=tree,
            lower=lower,
            upper=upper,
            first=first,
            to=to,
            cost=cost,
            supply=np.concatenate([groups.size, sizes[stretch, node], [ends[-1].sum()]]).astype(np.int64),
            valve_of=node,
            begins=ends[stretch, node],
            arc_of_pair=arc_of_pair,
        )

    def ended(self, basis: Basis, left_s: float = np.inf) -> Ended | None:
        """Return the best flow, from a basis, which is overwritten.

        None if a hard bound would have to be broken, or if there is no end: another solver should have a look.

        Raises
        ------
        OutOfTime
            there is none in `left_s` seconds
        """
        (parent, arc, flow), value = basis, np.zeros(self._root + 1, dtype=np.int64)
        most, block = _PIVOTS * len(self.to), int(_BLOCK * np.sqrt(len(self.to)))
        tree = Tree.of(basis, len(value))

        def improved() -> int:
            return simplex(self.arcs, tree, value, most, block)

        pivots = improved() if len(self.to) < _SOON else apart(improved, left_s=left_s)
        used = np.flatnonzero(flow > 0)
        if pivots >= most or (self.cost[arc[used]] >= _HARD).any():
            return None
        row = np.where(used > self._root, used, parent[used]) - self._row(0)
        real = row < self._n_groups
        rep_of = np.full(len(self.to), -1)
        rep_of[self.arc_of_pair] = self.costs.rep
        flows = row[real], rep_of[arc[used[real]]], flow[used[real]]
        return Ended(flows, self.costs.gain(value[self.tree.parent] - value[:-1]), self, basis)

    def basis_near(self, prices: Floats) -> Basis:
        """Return a basis of an allowed flow, or nearly so, at some prices (n_nodes,) of the nodes."""
        n, tree = self._n_groups, self.tree
        most = self.costs.gain(_MOST)
        own = np.floor(np.ldexp(np.clip(prices, -most, most), self.costs.exponent)).astype(np.int64)
        toll = np.append(own, 0)
        for node in tree.outward[::-1].tolist():
            toll[node] += toll[tree.parent[node]]
        # A minimum that binds is filled like a room of its size; who pays the whole penalty fills nothing.
        hard = self.costs.penalty == FREE
        binds = (own < 0) & (self.lower > 0) & (hard | (own > -self.costs.penalty))
        gives_way = ~hard & (own >= self.costs.penalty)
        space = np.where(binds, self.lower, np.where(gives_way, int(self.groups.size.sum()) + 1, self.upper))
        served = Served(np.zeros(self.first[n], dtype=np.int64), np.empty(n, dtype=np.int64), self._no_pairs)
        serve(self.arcs, self.supply, self._by_margin(toll), tree.parent, space, -toll, served)
        return self._basis(*served)

    def basis_after(self, ended: Ended) -> Basis:
        """Return the basis at which a flow over fewer pairs ended, all else as it was."""
        before, (parent, arc, flow) = ended.network, ended.basis
        held = np.flatnonzero(arc >= 0)
        row = before._row_of(arc[held])
        # Arcs that are no pairs stand at the end of their row.
        moved = self.first[row + 1] - (before.first[row + 1] - arc[held])
        pair_of = np.full(len(before.to), -1)
        pair_of[before.arc_of_pair] = np.arange(len(before.arc_of_pair))
        pair = pair_of[arc[held]]
        width = self.tree.root + 1
        keys = before.costs.group * width + before.costs.rep
        at = np.searchsorted(self.costs.group * width + self.costs.rep, keys[pair[pair >= 0]])
        moved[pair >= 0] = self.arc_of_pair[at]
        arc[held] = moved
        return Basis(parent, arc, flow)

    @property
    def arcs(self) -> Arcs:
        """The arcs as loops read them."""
        return Arcs(self.first, self.to, self.cost)

    @property
    def _n_groups(self) -> int:
        return len(self.groups.size)

    @property
    def _root(self) -> int:
        return self.tree.root

    @property
    def _no_pairs(self) -> Ints:
        return np.full(self.first[self._n_groups], -1)

    def _row(self, number: int) -> int:
        """Return the node of a row."""
        return self._root + 1 + number

    def _by_margin(self, toll: Ints) -> Ints:
        """Return the groups, those first that lose most by what is not their best choice."""
        n, end = self._n_groups, self.first[self._n_groups]
        start, size = self.first[:n], np.diff(self.first[: n + 1])
        after = (self.cost[:end] + toll[self.to[:end]]).astype(np.float64)
        best = np.minimum.reduceat(after, start)
        at = np.flatnonzero(after <= np.repeat(best, size))
        row = np.searchsorted(start, at, side="right") - 1
        after[at[np.diff(row, prepend=-1) > 0]] = np.inf  # the best one, once: what is left tells the second best
        return np.argsort(best - np.minimum.reduceat(after, start), kind="stable")

    def _basis(self, amount: Ints, hook: Ints, filled: Ints) -> Basis:
        """Return the basis of what `serve` found.

        A limit that was not filled hangs by its first valve that is open, one that was by the lead that filled it: that
        came by a column within it, and could go to one outside. Each lead that fills a limit cuts one tie of the tree
        and makes another; so it stays a tree.
        """
        n, root, tree, n_rows = self._n_groups, self._root, self.tree, len(self.supply)
        parent = np.full(self._row(n_rows), -1)
        arc, flow = parent.copy(), np.zeros_like(parent)
        groups, valves = self._row(0) + np.arange(n), self._row(n) + np.arange(len(self.valve_of))
        parent[groups], arc[groups], flow[groups] = self.to[hook], hook, amount[hook]
        taken = np.flatnonzero(amount)
        entered = np.zeros(root + 1, dtype=np.int64)
        np.add.at(entered, self.to[taken], amount[taken])
        size, back = self.supply[n:-1], self.first[n:-2]
        through = np.clip(tree.loads(entered[:-1])[self.valve_of] - self.begins, 0, size)
        shut = through == size
        parent[valves] = np.where(shut, tree.parent[self.valve_of], self.valve_of)
        arc[valves], flow[valves] = np.where(shut, back + 1, back), size
        by_lead = np.flatnonzero(filled >= 0)
        node, at = np.unique(self.valve_of[~shut], return_index=True)
        by_valve = np.flatnonzero(~shut)[at][~np.isin(node, filled[by_lead])]
        ties = np.concatenate([back[by_valve], back[by_valve] + 1, by_lead, _each(hook[self._row_of(by_lead)])])
        carried = np.concatenate([(size - through)[by_valve], through[by_valve], amount[ties[2 * len(by_valve) :]]])
        basis = Basis(parent, arc, flow)
        nobody = self._row(n_rows - 1)
        parent[nobody], arc[nobody], flow[nobody] = root, len(self.to) - 1, self.supply[-1]
        seen = np.zeros(len(parent), dtype=np.bool_)
        seen[[root, nobody]] = True
        neighbours = self._neighbours(ties, carried)
        _hang(root, neighbours, seen, basis)
        # Limits without room, and those that one lead filled together with another one, hang by nobody at first.
        while len(alone := np.flatnonzero(~seen[:root])):
            column = int(alone[0])
            parent[column], arc[column], flow[column] = nobody, self.first[-2] + column, 0
            _hang(column, neighbours, seen, basis)
        return basis

    def _row_of(self, arcs: Ints) -> Ints:
        return np.searchsorted(self.first, arcs, side="right") - 1

    def _neighbours(self, ties: Ints, carried: Ints) -> dict[int, list[tuple[int, int, int]]]:
        """Return for each node those that some arcs tie it to, with the arc and what it carries."""
        ends = zip((self._row(0) + self._row_of(ties)).tolist(), self.to[ties].tolist(), strict=True)
        found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for (row, column), arc, amount in zip(ends, ties.tolist(), carried.tolist(), strict=True):
            found[row].append((column, arc, amount))
            found[column].append((row, arc, amount))
        return found


def _hang(top: int, neighbours: dict[int, list[tuple[int, int, int]]], seen: Bools, basis: Basis) -> None:
    """Write what is above each node that is tied to the top."""
    seen[top], waiting = True, [top]
    while waiting:
        above = waiting.pop()
        for node, arc, amount in neighbours[above]:
            if not seen[node]:
                seen[node] = True
                basis.parent[node], basis.arc[node], basis.flow[node] = above, arc, amount
                waiting.append(node)


def _each(numbers: Ints) -> Ints:
    return np.flatnonzero(np.bincount(numbers, minlength=1))


def nested_flow(
    costs: Costs,
    groups: Groups,
    tree: LimitTree,
    room: Room,
    near: Floats | None,
    before: Ended | None = None,
    left_s: float = np.inf,
) -> Ended | None:
    """Return a cheapest flow; None where another solver should have a look: if there is none, or it has no end.

    Parameters
    ----------
    near
        (n_nodes,), prices of capacities and limits that may be near the best ones; None = 0
    before
        how it ended over some of the pairs, all else as it is: goes on there, and does not leave it as it was
    left_s
        seconds after which it raises `OutOfTime`
    """
    network = Network.of(costs, groups, tree, room)
    if before is not None:
        return network.ended(network.basis_after(before), left_s)
    return network.ended(network.basis_near(np.zeros(tree.root) if near is None else near), left_s)
