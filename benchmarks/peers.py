"""The peers, as a user would call them: gains (0 or more, the pool gains 0) and capacities in, reps out, -1 = pool."""

from collections.abc import Callable
from typing import Any

import numpy as np

_CHUNK = 1 << 22  # arcs handed over together


def ortools(gains: Any, capacity: Any) -> Any:
    """`SimpleMinCostFlow`: costs scaled to the largest whole numbers it takes, arcs added in blocks to save memory.

    OR-Tools multiplies costs by the number of nodes, and adds up costs along paths, in 64 bits. A pair that gains
    nothing has no arc, as the pool is as good.
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = gains.shape
    pool, sink = n + m, n + m + 1
    scale = 2.0**59 / (n + m + 2) / max(float(gains.max(initial=0.0)), 1e-300)
    solver = SimpleMinCostFlow()
    blocks = range(0, n, max(1, _CHUNK // m))
    for start in blocks:
        part = gains[start : start + blocks.step]
        lead, rep = (index.astype(np.int32) for index in np.nonzero(part))
        cost = np.rint(part[part != 0.0] * -scale).astype(np.int64)
        solver.add_arcs_with_capacity_and_unit_cost(lead + start, rep + n, np.ones(len(cost), dtype=np.int64), cost)
    lead, reps = np.arange(n, dtype=np.int32), np.arange(n, n + m + 1, dtype=np.int32)
    none = np.zeros(n + m + 1, dtype=np.int64)
    solver.add_arcs_with_capacity_and_unit_cost(
        lead, np.full(n, pool, dtype=np.int32), np.ones(n, dtype=np.int64), none[:n]
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        reps, np.full(m + 1, sink, dtype=np.int32), np.append(capacity, n), none[: m + 1]
    )
    solver.set_nodes_supplies(np.append(lead, sink), np.append(np.ones(n, dtype=np.int64), -n))
    if (status := solver.solve()) != solver.OPTIMAL:
        raise AssertionError(f"OR-Tools: {status}")
    found, arcs = np.full(n, -1), 0
    for start in blocks:
        pair = np.flatnonzero(gains[start : start + blocks.step])
        used = pair[np.asarray(solver.flows(np.arange(arcs, arcs + len(pair), dtype=np.int32))) > 0]
        found[start + used // m] = used % m
        arcs += len(pair)
    return found


def pot(gains: Any, capacity: Any) -> Any:
    """POT's `ot.emd`: masses must balance, so a pool takes the leads too many, or a lead nobody has the slots too many.

    Its limit of 100,000 pivots is far too low here, and is only warned about. It calls balanced problems whose costs
    are all negative infeasible, so costs are what a pair gains less than the largest gain.
    """
    import ot

    n, m = gains.shape
    spare = int(capacity.sum()) - n
    largest = gains.max(initial=0.0)
    costs = np.full((n + (spare > 0), m + (spare < 0)), largest)
    np.subtract(largest, gains, out=costs[:n, :m])
    lead, slots = np.ones(n), np.asarray(capacity, dtype=float)
    if spare > 0:
        lead = np.append(lead, float(spare))
    elif spare < 0:
        slots = np.append(slots, float(-spare))
    plan, log = ot.emd(lead, slots, costs, numItermax=10**12, log=True)
    if log["warning"]:
        raise AssertionError(f"POT: {log['warning']}")
    rep = plan[:n].argmax(axis=1)
    return np.where(rep < m, rep, -1)


def scipy_slots(gains: Any, capacity: Any) -> Any:
    """SciPy's `linear_sum_assignment` with a column per slot; rows it leaves out stay in the pool."""
    from scipy.optimize import linear_sum_assignment

    slots = np.repeat(np.arange(gains.shape[1]), np.minimum(capacity, len(gains)))
    found = np.full(len(gains), -1)
    lead, slot = linear_sum_assignment(gains[:, slots], maximize=True)
    found[lead] = slots[slot]
    return found


def lapx(gains: Any, capacity: Any) -> Any:
    """lapx's `lapjv` with a column per slot."""
    import lap

    slots = np.repeat(np.arange(gains.shape[1]), np.minimum(capacity, len(gains)))
    # Costs of 0 or more: `extend_cost` pads a rectangle with zeros.
    costs = gains.max(initial=0.0) - gains[:, slots]
    slot_of_lead, _ = lap.lapjv(costs, extend_cost=True, return_cost=False)
    return np.where(slot_of_lead >= 0, slots[slot_of_lead], -1)


def highs(gains: Any, capacity: Any) -> Any:
    """HiGHS through `scipy.optimize.linprog`: the transportation problem, whose vertices are whole."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, eye_array, kron, vstack

    n, m = gains.shape
    one_each = kron(eye_array(n), csr_array(np.ones((1, m))))
    slots = kron(csr_array(np.ones((1, n))), eye_array(m))
    largest = max(float(gains.max(initial=0.0)), 1e-300)  # its tolerances are absolute
    found = linprog(
        gains.reshape(-1) / -largest,
        A_ub=vstack([one_each, slots]).tocsr(),
        b_ub=np.concatenate([np.ones(n), capacity]),
        method="highs",
        options={"dual_feasibility_tolerance": 1e-10, "primal_feasibility_tolerance": 1e-10},
    )
    if found.status:
        raise AssertionError(f"HiGHS: {found.message}")
    share = found.x.reshape(n, m)
    return np.where(share.max(axis=1) > 0.5, share.argmax(axis=1), -1)


def networkx(gains: Any, capacity: Any) -> Any:
    """networkx's `network_simplex`, in plain Python, with whole costs."""
    import networkx as nx

    n, m = gains.shape
    scale = 2.0**52 / max(float(gains.max(initial=0.0)), 1e-300)
    weight = np.rint(gains * -scale).astype(np.int64).tolist()
    graph = nx.DiGraph()
    graph.add_node(n + m, demand=n)
    graph.add_nodes_from(range(n), demand=-1)
    graph.add_edges_from((lead, n + m, {"capacity": 1, "weight": 0}) for lead in range(n))
    graph.add_edges_from((n + rep, n + m, {"capacity": int(most), "weight": 0}) for rep, most in enumerate(capacity))
    for lead, row in enumerate(weight):
        graph.add_edges_from((lead, n + rep, {"capacity": 1, "weight": cost}) for rep, cost in enumerate(row))
    _, flow = nx.network_simplex(graph)
    rep = [next(node for node, amount in flow[lead].items() if amount) - n for lead in range(n)]
    return np.where(np.array(rep) < m, rep, -1)


PEERS: dict[str, Callable[[Any, Any], Any]] = {
    "OR-Tools": ortools,
    "POT": pot,
    "SciPy": scipy_slots,
    "lapx": lapx,
    "HiGHS": highs,
    "networkx": networkx,
}


def solve(name: str, gains: Any, capacity: Any) -> Any:
    """Return the answer of a peer, with pairs that gain nothing in the pool: they may be ineligible."""
    found = PEERS[name](gains, capacity)
    worthless = (found >= 0) & (gains[np.arange(len(gains)), np.maximum(found, 0)] == 0.0)
    found[worthless] = -1
    return found
