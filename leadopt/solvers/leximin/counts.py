r"""Counts of leads per rep, raised level by level: leximin shares by flows.

What loads reps can have is an M-natural-convex set where every limit is of one rep (the outflows of a network), so the
next unit of the rep that is worst off is either feasible or will never be, and what ties is a matroid.

References
----------
Federgruen & Groenevelt (1986), The greedy procedure for resource allocation problems. doi:10.1287/opre.34.6.909
Frank & Murota (2022), Decreasing minimization on M-convex sets: algorithms and applications.
doi:10.1007/s10107-021-01711-5
"""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.solvers.flow.backend import Arcs, min_cost_flow
from leadopt.solvers.flow.equal_leads import Groups, group_leads
from leadopt.solvers.flow.infeasible import refuse_empty_bounds, refuse_infeasible, refuse_pins
from leadopt.solvers.flow.limit_tree import LimitTree, NotNested, Room, limit_tree, room_beside_pins
from leadopt.solvers.flow.network import needed, supplies


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """The leximin counts.

    Parameters
    ----------
    least
        int64 (n_reps,), what every leximin answer gives each rep at least; 0 where not entitled
    tied
        disjoint sets of reps that compete for the last units: each of them gets `least` or one more
    units
        how many reps of each set get one more
    """

    least: Ints
    tied: tuple[Ints, ...]
    units: tuple[int, ...]


def loads_are_convex(problem: Problem, leads: Ints) -> bool:
    """Return whether units can be raised one at a time: each limit is of one rep, and other leads need no room.

    All limits are hard. Limits of several reps, or leads that must be placed and are not counted, intersect two
    M-convex sets; greedy fails there.
    """
    everyone = len(leads) == problem.n_leads
    if not everyone and np.isneginf(problem.reserve):
        return False
    if not all(_is_of_one_rep(limit, problem) for limit in problem.limits):
        return False
    counted = np.zeros(problem.n_leads, dtype=bool)
    counted[leads] = True
    if not everyone and any(limit.lower > 0 and not _counted(limit, counted) for limit in problem.limits):
        return False
    try:
        limit_tree(problem)
    except NotNested:
        return False
    return True


def _is_of_one_rep(limit: Limit, problem: Problem) -> bool:
    return (problem.n_reps if limit.reps is None else len(limit.reps)) <= 1


def _counted(limit: Limit, counted: Bools) -> bool:
    return limit.leads is not None and bool(counted[limit.leads].all())


def fair_counts(problem: Problem, leads: Ints, entitlement: Floats) -> Levels:
    """Return the leximin counts of some leads over entitlements, where `loads_are_convex`.

    Raises
    ------
    Infeasible
        no answer meets every limit
    """
    network = _Network.of(problem, leads)
    greedy = _Greedy(
        network=network,
        entitlement=entitlement,
        held=network.pinned.copy(),
        least=network.pinned.copy(),
        growing=entitlement > 0,
    )
    return greedy.run()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Network:
    """Groups of free leads that may go to the same reps, and the limits; arcs of capacities are added for each flow."""

    groups: Groups
    tree: LimitTree
    room: Room
    pinned: Ints  # (n_reps,), counted leads that are fixed to each rep
    most: Ints  # (n_reps,), counted leads each rep can have at most
    arcs: tuple[Ints, Ints, Ints]  # tail, head, capacity of all arcs but those of capacities

    @classmethod
    def of(cls, problem: Problem, leads: Ints) -> "_Network":
        tree = limit_tree(problem)
        refuse_empty_bounds(problem)
        room = room_beside_pins(problem, tree)
        refuse_pins(problem, tree, room)
        pins = problem.pins[leads]
        groups = group_leads(eligibility(problem.affinity), tree.class_of_lead, leads[pins < 0])
        pinned = np.bincount(pins[pins >= 0], minlength=problem.n_reps).astype(np.int64)
        network = cls(
            groups=groups,
            tree=tree,
            room=room,
            pinned=pinned,
            most=pinned + np.minimum(room.upper[: problem.n_reps], int(groups.size.sum())),
            arcs=_arcs(problem, groups, tree, room),
        )
        if network.flow(pinned) is None:
            refuse_infeasible(problem, groups, tree, *network.posed(pinned))
        return network

    def flow(self, held: Ints, reward: Ints | None = None) -> Ints | None:
        """Return counts that reach `held` and earn the most, None if none do; `reward` is for one unit beyond."""
        if (held > self.most).any():
            return None
        n_reps = len(held)
        arcs, supply = self.posed(held, reward)
        flow = min_cost_flow(arcs, supply)
        return None if flow is None else np.maximum(held, self.pinned) + flow[-2 * n_reps : -n_reps] + flow[-n_reps:]

    def posed(self, held: Ints, reward: Ints | None = None) -> tuple[Arcs, Ints]:
        """Return arcs and supplies; the last arcs are each rep's next unit, then the rest of its room."""
        n_reps, n_groups = len(held), len(self.groups.size)
        lower = needed(self.tree, self.room)
        lower[:n_reps] = np.maximum(held - self.pinned, 0)
        spare = np.maximum(np.minimum(self.room.upper[:n_reps], int(self.groups.size.sum())) - lower[:n_reps], 0)
        unit, cost = np.minimum(spare, 1), np.zeros(n_reps, dtype=np.int64) if reward is None else -reward
        node = n_groups + np.arange(n_reps)
        parent = n_groups + self.tree.parent[:n_reps]
        arcs = Arcs.of((*self.arcs, 0), (node, parent, unit, cost), (node, parent, spare - unit, 0))
        return arcs, supplies(self.groups, self.tree, lower)


def eligibility(affinity: Affinity) -> Affinity:
    """Return gains of 0 and -inf, under which all leads with the same eligible reps are alike."""
    return affinity.mapped(np.zeros_like, scale=np.ones(affinity.n_leads))


def _arcs(problem: Problem, groups: Groups, tree: LimitTree, room: Room) -> tuple[Ints, Ints, Ints]:
    n_groups, n_reps = len(groups.size), problem.n_reps
    pairs = problem.affinity.pairs(groups.example)
    group, rep = pairs.row, pairs.rep
    entry = n_groups + tree.entry[tree.class_of_lead[groups.example[group]], rep]
    pool = np.arange(0 if np.isneginf(problem.reserve) else n_groups)
    limits = np.arange(n_reps, tree.root)
    return (
        np.concatenate([group, pool, n_groups + limits]),
        np.concatenate([entry, np.full(len(pool), n_groups + tree.root), n_groups + tree.parent[limits]]),
        np.concatenate([groups.size[group], groups.size[pool], room.upper[limits] - room.lower[limits]]),
    )


@dataclass(slots=True, kw_only=True)
class _Greedy:
    """The state of the greedy procedure: units are granted in the order of the level they start from."""

    network: _Network
    entitlement: Floats
    held: Ints  # what flows must reach: `least`, and one choice among ties
    least: Ints
    growing: Bools  # may still be raised

    def run(self) -> Levels:
        ties: list[tuple[Ints, int]] = []
        self.growing &= self.held < self.network.most
        while self.growing.any():
            rep, start = self._units()
            starts = np.unique(start)
            granted = self._most_levels(rep, start, starts)
            if granted:
                self._raise(np.bincount(rep[start <= starts[granted - 1]], minlength=len(self.held)))
            if granted < len(starts):
                ties += self._share_out(np.unique(rep[start == starts[granted]]))
                self._close_stuck()
            self.growing &= self.held < self.network.most
        least = np.where(self.entitlement > 0, self.least, 0)
        return Levels(least=least, tied=tuple(reps for reps, _ in ties), units=tuple(units for _, units in ties))

    def _units(self) -> tuple[Ints, Floats]:
        """Return the next units of every growing rep, more than there are leads for, with the levels they start from.

        Unit k of rep j starts from level (k - 1) / e_j.
        """
        reps = np.flatnonzero(self.growing)
        share, held, most = self.entitlement[reps], self.held[reps], self.network.most[reps]
        upto = np.maximum(_enough(share, held, most, int(self.network.groups.size.sum()) + 1), held + 1)
        count = upto - held
        rep = np.repeat(reps, count)
        before = np.arange(len(rep)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(held, count)
        start = before / self.entitlement[rep]
        # No level may lack a unit that starts from it or below: rounding may have left one out.
        complete = (start < np.min(upto / share, initial=np.inf, where=upto < most)) | (start == start.min())
        return rep[complete], start[complete]

    def _most_levels(self, rep: Ints, start: Floats, starts: Floats) -> int:
        """Return how many levels all units up to there can be granted together; feasibility is monotone: bisect."""
        good, bad = 0, len(starts) + 1
        while bad - good > 1:
            middle = (good + bad) // 2
            more = np.bincount(rep[start <= starts[middle - 1]], minlength=len(self.held))
            if self.network.flow(self.held + more) is None:
                bad = middle
            else:
                good = middle
        return good

    def _share_out(self, reps: Ints) -> list[tuple[Ints, int]]:
        """Grant what can be had of the units of one level; those of the least entitlement, worth most, come first."""
        ties = []
        for share in np.unique(self.entitlement[reps]):
            equal = reps[self.entitlement[reps] == share]
            raised = self._raisable(equal)
            always = self._in_every_choice(equal, raised)
            competing = equal[~np.isin(equal, always)]
            if units := len(raised) - len(always):
                ties.append((competing, units))
            self.growing[competing] = False
            self._raise(_ones(always, len(self.held)))
            self.held[np.setdiff1d(raised, always)] += 1
        return ties

    def _in_every_choice(self, reps: Ints, raised: Ints) -> Ints:
        """Return which of the raised reps are raised in every largest choice: others are tried while any can do."""
        always = raised
        while len(always) and len(raised) < len(reps):
            others = np.intersect1d(always, self._raisable(reps, spurned=always))
            if len(others) == len(always):
                break
            always = others
        return np.asarray(always)

    def _raisable(self, reps: Ints, spurned: Ints | None = None) -> Ints:
        """Return a largest set of reps that can have one more together, with as few as possible of the spurned."""
        reward = _ones(reps, len(self.held)) * (len(reps) + 1)
        if spurned is not None:
            reward[spurned] -= 1
        flow = self.network.flow(self.held, reward)
        assert flow is not None  # what is held is feasible
        return reps[flow[reps] > self.held[reps]]

    def _close_stuck(self) -> None:
        """Stop raising reps that not even alone can have one more."""
        stuck = np.flatnonzero(self.growing)
        while len(stuck) and len(can := self._raisable(stuck)):
            stuck = np.setdiff1d(stuck, can)
        self.growing[stuck] = False

    def _raise(self, by: Ints) -> None:
        self.held += by
        self.least += by


def _enough(share: Floats, held: Ints, most: Ints, units: int) -> Ints:
    """Return counts up to a common level that hold `units` more than is held, and few beyond, or all there is."""

    def counts(level: float) -> Ints:
        with np.errstate(over="ignore", invalid="ignore"):
            wanted = np.ceil(np.minimum(level * share, 2.0**53))
        return np.clip(wanted.astype(np.int64), held, most)

    with np.errstate(over="ignore"):
        high = float(min(np.max(most / share), np.finfo(np.float64).max))
    if (counts(high) - held).sum() <= units:
        return most
    low = 0.0
    for _ in range(200):  # halves of float64, at which level differs by less than a unit
        middle = 0.5 * (low + high)
        total = int((counts(middle) - held).sum())
        if units <= total <= units + len(share):
            return counts(middle)
        low, high = (middle, high) if total < units else (low, middle)
    return counts(high)


def _ones(reps: Ints, n_reps: int) -> Ints:
    ones = np.zeros(n_reps, dtype=np.int64)
    ones[reps] = 1
    return ones
