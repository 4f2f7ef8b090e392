"""OR-Tools' min-cost flow and max flow behind two functions: arcs as arrays in, flows out, every status by name.

OR-Tools' bulk calls corrupt bad input silently (wide node ids wrap, fractions are cut): only this file calls them,
and it hands over int32 nodes and int64 amounts.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Ints
from leadopt.errors import SolverFailed
from leadopt.progress import apart, loaded

_SOON = 20_000  # arcs, which take about a hundredth of a second: nobody waits for these


class CostsTooLarge(Exception):
    """The costs overflow inside the solver: scale them down and try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arcs:
    """Arcs of a network, one entry each: from `tail` to `head`, at most `capacity`, each unit at `cost`."""

    tail: Ints
    head: Ints
    capacity: Ints
    cost: Ints

    @classmethod
    def of(cls, *parts: tuple[Any, Any, Any, Any]) -> "Arcs":
        """Return all parts (tail, head, capacity, cost; numbers spread over arrays) as one set of arcs."""
        columns = zip(*(np.broadcast_arrays(*map(np.atleast_1d, part)) for part in parts), strict=True)
        tail, head, capacity, cost = (np.concatenate(column).astype(np.int64) for column in columns)
        return cls(tail=tail, head=head, capacity=capacity, cost=cost)


def min_cost_flow(arcs: Arcs, supply: Ints) -> Ints | None:
    """Return the cheapest flow of every arc that serves all supplies, None if there is none.

    Raises
    ------
    CostsTooLarge
        the costs overflow
    SolverFailed
        any other status
    """
    loaded("ortools.graph.python.min_cost_flow")
    from ortools.graph.python import min_cost_flow as backend

    flow = backend.SimpleMinCostFlow()
    numbers = flow.add_arcs_with_capacity_and_unit_cost(
        arcs.tail.astype(np.int32), arcs.head.astype(np.int32), arcs.capacity, arcs.cost
    )
    flow.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply.astype(np.int64))
    status = flow.solve() if len(numbers) < _SOON else apart(flow.solve)
    if status == flow.OPTIMAL:
        return np.asarray(flow.flows(numbers), dtype=np.int64)
    if status == flow.INFEASIBLE:
        return None
    if status == flow.BAD_COST_RANGE:
        raise CostsTooLarge
    raise SolverFailed(f"OR-Tools' min-cost flow reported {status.name} on {len(supply)} nodes and {len(numbers)} arcs")


def stuck_side(arcs: Arcs, supply: Ints) -> tuple[NDArray[np.bool_], int]:
    """Return which nodes lie on the full side of a minimum cut, and how much supply cannot be served.

    Supplies flow in from a source and out to a sink; what stays unserved is held back by the arcs that leave the side.
    """
    loaded("ortools.graph.python.max_flow")
    from ortools.graph.python import max_flow as backend

    n = len(supply)
    source, sink = n, n + 1
    gives, takes = np.flatnonzero(supply > 0), np.flatnonzero(supply < 0)
    flow = backend.SimpleMaxFlow()
    for tail, head, capacity in (
        (arcs.tail, arcs.head, arcs.capacity),
        (np.full(len(gives), source), gives, supply[gives]),
        (takes, np.full(len(takes), sink), -supply[takes]),
    ):
        flow.add_arcs_with_capacity(tail.astype(np.int32), head.astype(np.int32), capacity.astype(np.int64))
    status = apart(lambda: flow.solve(source, sink))
    if status != flow.OPTIMAL:
        raise SolverFailed(f"OR-Tools' max flow reported {status.name} on {n} nodes")
    side = np.zeros(n + 2, dtype=bool)
    side[flow.get_source_side_min_cut()] = True
    return side[:n], int(supply[gives].sum() - flow.optimal_flow())
