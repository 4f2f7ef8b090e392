"""Nested (laminar) limits as a tree: the shape that makes them a flow.

Every limit covers a set of pairs, leads x reps. If any two of these sets are nested or disjoint, each pair flows
through a chain of limits, from the innermost to the root, and the problem is a min-cost flow with integer answers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.problem.problem import Limit, Problem

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


_BITS = 30  # that one code of a lead's sets grows by before it is numbered anew


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
        for node in self.outward:
            load[self.parent[node]] += load[node]
        return load[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is left of each node's bounds for the free leads once pinned ones have theirs, int64 (n_nodes,)."""

    lower: Ints
    upper: Ints


def room_beside_pins(problem: Problem, tree: LimitTree) -> Room:
    """Return the bounds less what pins take; an upper bound below 0 says that pins alone exceed a limit."""
    pinned = np.flatnonzero(problem.pins >= 0)
    entered = np.zeros(tree.root, dtype=np.int64)
    np.add.at(entered, tree.entry[tree.class_of_lead[pinned], problem.pins[pinned]], 1)
    taken = tree.loads(entered)
    return Room(lower=np.maximum(tree.lower - taken, 0), upper=tree.upper - taken)


class NotNested(Exception):
    """Two limits overlap without one containing the other, or a limit does not count leads; says which."""


def limit_tree(problem: Problem) -> LimitTree:
    """Return the limits of a problem as a tree.

    Raises
    ------
    NotNested
        with the reason in words
    """
    if not problem.limits:
        return _capacities(problem)
    for k, limit in enumerate(problem.limits):
        _check_countable(limit, _label(problem, problem.n_reps + k))
    reps = _rep_sets(problem)
    lead_sets, set_of_node = _lead_sets(problem)
    contains = _contains(reps)
    lead_contains = _contains(lead_sets)
    inside = contains & lead_contains[np.ix_(set_of_node, set_of_node)]  # [a, b]: a lies within b
    overlap = _overlaps(reps) & _overlaps(lead_sets)[np.ix_(set_of_node, set_of_node)]
    crossing = np.argwhere(overlap & ~inside & ~inside.T)
    if len(crossing):
        first, second = crossing[0]
        raise NotNested(
            f"{_label(problem, int(first))} and {_label(problem, int(second))} overlap, and neither contains the other"
        )
    outward = np.lexsort((np.arange(len(reps)), lead_sets.sum(axis=1)[set_of_node], reps.sum(axis=1)))
    class_of_lead, members = _classes(lead_sets)
    lower, upper, penalty = _bounds(problem)
    return LimitTree(
        parent=_parents(inside, outward),
        lower=lower,
        upper=upper,
        penalty=penalty,
        class_of_lead=class_of_lead,
        entry=_entries(reps, members[:, set_of_node], outward),
        outward=outward,
    )


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


def _check_countable(limit: Limit, label: str) -> None:
    if not limit.counts_leads:
        raise NotNested(f"{label} counts other amounts than one per lead")
    bounds = (limit.lower, limit.upper)
    if limit.penalty is not None and any(np.isfinite(b) and b != np.floor(b) for b in bounds):
        raise NotNested(f"{label} has a penalty and bounds that are not whole numbers")


def _label(problem: Problem, node: int) -> str:
    if node < problem.n_reps:
        return f"the capacity of rep {node}"
    return f"limit {problem.limits[node - problem.n_reps].name or node - problem.n_reps!r}"


def _rep_sets(problem: Problem) -> Bools:
    sets = np.zeros((problem.n_reps + len(problem.limits), problem.n_reps), dtype=bool)
    sets[: problem.n_reps] = np.eye(problem.n_reps, dtype=bool)
    for k, limit in enumerate(problem.limits):
        sets[problem.n_reps + k, slice(None) if limit.reps is None else limit.reps] = True
    return sets


def _lead_sets(problem: Problem) -> tuple[Bools, Ints]:
    """Return the distinct lead sets, all leads first, and which one each node has."""
    distinct: dict[bytes, int] = {}
    masks = [np.ones(problem.n_leads, dtype=bool)]
    set_of_node = np.zeros(problem.n_reps + len(problem.limits), dtype=np.int64)
    for k, limit in enumerate(problem.limits):
        if limit.leads is None or len(limit.leads) == problem.n_leads:
            continue
        key = limit.leads.tobytes()
        if key not in distinct:
            distinct[key] = len(masks)
            mask = np.zeros(problem.n_leads, dtype=bool)
            mask[limit.leads] = True
            masks.append(mask)
        set_of_node[problem.n_reps + k] = distinct[key]
    return np.array(masks), set_of_node


def _overlaps(sets: Bools) -> Bools:
    counts = sets.astype(np.float32)
    return np.asarray(counts @ counts.T > 0)


def _contains(sets: Bools) -> Bools:
    """Return [a, b]: set a lies within set b."""
    counts = sets.astype(np.float32)
    return np.asarray(counts @ (1.0 - counts).T == 0)


def _parents(inside: Bools, outward: Ints) -> Ints:
    n_nodes = len(outward)
    parent = np.full(n_nodes, n_nodes, dtype=np.int64)
    for place, node in enumerate(outward):
        around = outward[place + 1 :][inside[node, outward[place + 1 :]]]
        if len(around):
            parent[node] = around[0]
    return parent


def _classes(lead_sets: Bools) -> tuple[Ints, Bools]:
    """Return the class of each lead, and which lead sets each class lies in, bool (n_classes, n_sets)."""
    code = np.zeros(lead_sets.shape[1], dtype=np.int64)
    for k, members in enumerate(lead_sets):
        if k % _BITS == 0 and k > 0:  # as many as there are leads at most, not one for each way to be in some sets
            code = np.unique(code, return_inverse=True)[1]
        code = 2 * code + members
    _, example, class_of_lead = np.unique(code, return_index=True, return_inverse=True)
    return class_of_lead.astype(np.int64), lead_sets[:, example].T


def _entries(reps: Bools, members: Bools, outward: Ints) -> Ints:
    entry = np.empty((len(members), reps.shape[1]), dtype=np.int64)
    for node in outward[::-1]:
        entry[np.ix_(members[:, node], reps[node])] = node
    return entry


def _bounds(problem: Problem) -> tuple[Ints, Ints, Floats]:
    # One more than can come: a bound that is out of reach must not look as if it were met.
    most = problem.n_leads + 1
    lower = [0] * problem.n_reps + [int(np.ceil(limit.lower)) for limit in problem.limits]
    uppers = [int(np.floor(min(limit.upper, most))) for limit in problem.limits]
    penalty = [np.inf] * problem.n_reps + [np.inf if lim.penalty is None else lim.penalty for lim in problem.limits]
    upper = np.concatenate([np.minimum(problem.capacity, most), np.array(uppers, dtype=np.int64)])
    return np.array(lower, dtype=np.int64), upper.astype(np.int64), np.array(penalty, dtype=np.float64)
