"""Nested (laminar) limits as a tree: the shape that makes them a flow.

Every limit covers a set of pairs, leads x reps. If any two of these sets are nested or disjoint, each pair flows
through a chain of limits, from the innermost to the root, and the problem is a min-cost flow with integer answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Limit, Problem

_UNHEARD_OF = 2.0**40  # leads: to ask for more is the same, and sums of it are whole numbers still


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTree:
    """Capacities and limits as nodes; node j < n_reps is the capacity of rep j, node n_reps + k is limit k.

    Parameters
    ----------
    parent
        (n_nodes,), the innermost limit around each; the last index + 1 is the root
    lower, upper
        (n_nodes,), whole bounds
    penalty
        (n_nodes,), gain lost per unit beyond; inf = hard
    class_of_lead
        (n_leads,), leads in the same limits share a class
    entry
        (n_classes, n_reps), the innermost node around a lead of this class with this rep
    outward
        nodes from the innermost to the outermost: children before parents
    """

    parent: Ints
    lower: Ints
    upper: Ints
    penalty: Floats
    class_of_lead: Ints
    entry: Ints
    outward: Ints

    @property
    def root(self) -> int:
        """The node everything flows to."""
        return len(self.parent)

    def loads(self, entered: Ints) -> Ints:
        """Return how much passes each node, given how much enters at each, int64 (n_nodes,)."""
        load = np.append(entered, 0)
        # What flows to the root at once is carried to no other limit.
        for node in self.outward[self.parent[self.outward] != self.root]:
            load[self.parent[node]] += load[node]
        return load[:-1]

    def loads_of(self, rep_of_lead: Ints) -> Ints:
        """Return how many leads of an answer pass each node, int64 (n_nodes,)."""
        placed = np.flatnonzero(rep_of_lead >= 0)
        entered = np.zeros(self.root, dtype=np.int64)
        np.add.at(entered, self.entry[self.class_of_lead[placed], rep_of_lead[placed]], 1)
        return self.loads(entered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is left of each node's bounds for the free leads once pinned ones have theirs, int64 (n_nodes,)."""

    lower: Ints
    upper: Ints


def room_beside_pins(problem: Problem, tree: LimitTree) -> Room:
    """Return the bounds less what pins take; an upper bound below 0 says that pins alone exceed a limit."""
    taken = tree.loads_of(problem.pins)
    return Room(lower=np.maximum(tree.lower - taken, 0), upper=tree.upper - taken)


class NotNested(Exception):
    """Two limits overlap without one containing the other, or a limit does not count leads; says which."""


def limit_tree(problem: Problem) -> LimitTree:
    """Return the limits of a problem as a tree, found once: several ask for it on the way to an answer.

    Raises
    ------
    NotNested
        with the reason in words
    """
    if not hasattr(problem, "_nesting"):
        try:
            found: LimitTree | str = _found_tree(problem)
        except NotNested as reason:
            found = str(reason)
        object.__setattr__(problem, "_nesting", found)
    if isinstance(problem._nesting, str):
        raise NotNested(problem._nesting)
    assert isinstance(problem._nesting, LimitTree)
    return problem._nesting


def _found_tree(problem: Problem) -> LimitTree:
    if problem.together is not None:
        raise NotNested("leads that stay together are one choice; `matching.solve` makes one lead of them")
    if not problem.limits:
        return _capacities(problem)
    for k, limit in enumerate(problem.limits):
        _check_countable(limit, _label(problem, problem.n_reps + k))
    classes = problem.counted.classes
    nodes = [_Node.of(problem, k) for k in range(problem.n_reps + len(problem.limits))]
    # What lies within something else never comes after it.
    n_leads, n_reps = np.array([(node.n_leads, len(node.reps)) for node in nodes]).T
    outward = np.lexsort((n_leads, n_reps))
    parent, entry = _nested(problem, nodes, outward)
    lower, upper, penalty = _bounds(problem)
    return LimitTree(
        parent=parent,
        lower=lower,
        upper=upper,
        penalty=penalty,
        class_of_lead=classes.of_lead,
        entry=entry,
        outward=outward,
    )


class _Node(NamedTuple):
    """The pairs of a capacity or a limit: some reps with the leads of some classes."""

    reps: Ints
    classes: Ints
    n_leads: int

    @classmethod
    def of(cls, problem: Problem, node: int) -> "_Node":
        m, classes = problem.n_reps, problem.counted.classes
        limit = None if node < m else problem.limits[node - m]
        some = None if limit is None else limit.leads
        reps = np.array([node]) if limit is None else np.arange(m) if limit.reps is None else limit.reps
        return cls(reps, classes.within(some), problem.n_leads if some is None else len(some))


def _nested(problem: Problem, nodes: Sequence[_Node], outward: Ints) -> tuple[Ints, Ints]:
    """Return the parent of each node, and the innermost one around each pair of a class and a rep.

    Nodes are laid over each other from the outermost to the innermost: each must fall on one alone. What is time and
    memory is the sum of what the nodes cover, not every pair of them.
    """
    root = len(nodes)
    entry = np.full((len(problem.counted.classes.example), problem.n_reps), root, dtype=np.int64)
    parent = np.full(root, root, dtype=np.int64)
    for k in outward[::-1].tolist():
        node = nodes[k]
        covered = entry[node.classes[:, None], node.reps]
        if covered.size and (covered != covered[0, 0]).any():
            first, second = (_label(problem, node) for node in _crossing(nodes, k, np.unique(covered)))
            raise NotNested(f"{first} and {second} overlap, and neither contains the other")
        if covered.size:
            parent[k] = covered[0, 0]
        entry[node.classes[:, None], node.reps] = k
    return parent, entry


def _crossing(nodes: Sequence[_Node], k: int, under: Ints) -> tuple[int, int]:
    """Return two nodes that overlap, the first in order among those that cross one that node k falls on in part."""
    one = next(other for other in under.tolist() if other < len(nodes) and not _contains(nodes[other], nodes[k]))
    for other in range(k):
        if _cross(nodes[one], nodes[other]):
            return min(one, other), max(one, other)
    return min(one, k), max(one, k)


def _cross(one: _Node, other: _Node) -> bool:
    overlap = np.isin(one.reps, other.reps).any() and np.isin(one.classes, other.classes).any()
    return bool(overlap) and not _contains(one, other) and not _contains(other, one)


def _contains(one: _Node, other: _Node) -> bool:
    return bool(np.isin(other.reps, one.reps).all() and np.isin(other.classes, one.classes).all())


def _capacities(problem: Problem) -> LimitTree:
    """Return the tree of a problem without limits: every rep's capacity under the root."""
    lower, upper, penalty = _bounds(problem)
    return LimitTree(
        parent=np.full(problem.n_reps, problem.n_reps),
        lower=lower,
        upper=upper,
        penalty=penalty,
        class_of_lead=np.zeros(problem.n_leads, dtype=np.int64),
        entry=np.arange(problem.n_reps)[None, :],
        outward=np.arange(problem.n_reps),
    )


def countable(limit: Limit) -> bool:
    """Return whether a flow could take a limit: it counts leads, and its bounds are whole numbers if it gives way."""
    return limit.counts_leads and not _gives_way_between(limit)


def _gives_way_between(limit: Limit) -> bool:
    return limit.penalty is not None and any(np.isfinite(b) and b != np.floor(b) for b in (limit.lower, limit.upper))


def _check_countable(limit: Limit, label: str) -> None:
    if not limit.counts_leads:
        raise NotNested(f"{label} counts other amounts than one per lead")
    if _gives_way_between(limit):
        raise NotNested(f"{label} has a penalty and bounds that are not whole numbers")


def _label(problem: Problem, node: int) -> str:
    if node < problem.n_reps:
        return f"the capacity of rep {node}"
    return f"limit {problem.limits[node - problem.n_reps].name or node - problem.n_reps!r}"


def _bounds(problem: Problem) -> tuple[Ints, Ints, Floats]:
    # One more than can come: a bound that is out of reach must not look as if it were met.
    most = problem.n_leads + 1
    reach = [limit.reachable for limit in problem.limits]
    lower = [0] * problem.n_reps + [int(np.ceil(min(low, _UNHEARD_OF))) for low, _ in reach]
    uppers = [int(np.floor(min(high, most))) for _, high in reach]
    penalty = [np.inf] * problem.n_reps + [np.inf if lim.penalty is None else lim.penalty for lim in problem.limits]
    upper = np.concatenate([np.minimum(problem.capacity, most), np.array(uppers, dtype=np.int64)])
    return np.array(lower, dtype=np.int64), upper.astype(np.int64), np.array(penalty, dtype=np.float64)
