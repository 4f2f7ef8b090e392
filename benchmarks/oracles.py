"""Independent solves: OR-Tools, HiGHS and networkx called directly, and every answer in whole-number arithmetic."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np


def flow(costs: Any, capacity: Any) -> Any:
    """Return the rep of each lead, -1 = pool, at the least cost, by OR-Tools' `SimpleMinCostFlow`; the pool costs 0.

    Parameters
    ----------
    costs
        whole numbers (n_leads, n_reps)
    """
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

    n, m = costs.shape
    reps, pool, sink = n + np.arange(m), n + m, n + m + 1
    lead = np.arange(n)
    tail = np.concatenate([np.repeat(lead, m), lead, reps, [pool]])
    head = np.concatenate([np.tile(reps, n), np.full(n, pool), np.full(m + 1, sink)])
    room = np.concatenate([np.ones(n * m + n, dtype=np.int64), capacity, [n]])
    cost = np.concatenate([costs.reshape(-1), np.zeros(n + m + 1, dtype=np.int64)])
    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(tail, head, room, cost)
    solver.set_nodes_supplies(np.append(lead, sink), np.append(np.ones(n, dtype=np.int64), -n))
    if solver.solve() != solver.OPTIMAL:
        raise AssertionError("OR-Tools found no flow")
    used = np.asarray(solver.flows(arcs[: n * m])).reshape(n, m)
    return np.where(used.any(axis=1), used.argmax(axis=1), -1)


def flow_optimum(gains: Any, capacity: Any) -> float:
    """Return the greatest total gain with a pool worth 0, of real gains rounded to 40 bits for OR-Tools."""
    costs = -np.round(gains * (2.0**40 / np.abs(gains).max())).astype(np.int64)
    rep = flow(costs, capacity)
    placed = np.flatnonzero(rep >= 0)
    return float(gains[placed, rep[placed]].sum())


def transport_optimum(rates: Any, n_alike: Any, capacity: Any) -> float:
    """Return the greatest total gain of leads that come in kinds, as a transportation problem for HiGHS."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    kinds, m = rates.shape
    cell = np.arange(kinds * m)
    rows = np.concatenate([cell // m, kinds + cell % m])
    matrix = coo_array((np.ones(2 * kinds * m), (rows, np.tile(cell, 2)))).tocsr()
    found = linprog(-rates.reshape(-1), A_ub=matrix, b_ub=np.concatenate([n_alike, capacity]), method="highs")
    if found.status:
        raise AssertionError(found.message)
    return float(-found.fun)


def network_simplex(gains: Any, capacity: Any, reserve: int) -> int:
    """Return the greatest total of whole gains, by networkx's network simplex; -inf = ineligible."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_node("sink", demand=len(gains))
    for rep, most in enumerate(capacity):
        graph.add_edge(("rep", rep), "sink", capacity=int(most), weight=0)
    for lead, row in enumerate(gains):
        graph.add_node(("lead", lead), demand=-1)
        graph.add_edge(("lead", lead), "sink", capacity=1, weight=-reserve)
        for rep in np.flatnonzero(np.isfinite(row)):
            graph.add_edge(("lead", lead), ("rep", int(rep)), capacity=1, weight=-int(row[rep]))
    return -int(nx.min_cost_flow_cost(graph))


def exact_total(gains: Any, rep_of_lead: Any, reserve: float) -> Fraction | None:
    """Return what an answer is worth without any rounding; None if it uses an ineligible pair or a forbidden pool."""
    worths = [reserve if rep < 0 else gains[lead][rep] for lead, rep in enumerate(rep_of_lead)]
    return None if -np.inf in worths else sum((Fraction(float(worth)) for worth in worths), Fraction())


def best_of_all(gains: Any, capacity: Any, reserve: float) -> Fraction | None:
    """Return the worth of the best of all answers, without any rounding; None if none is allowed."""
    n = len(gains)
    options = [
        [(rep, Fraction(float(worth))) for rep, worth in enumerate([*row, reserve]) if worth > -np.inf] for row in gains
    ]
    room = [*map(int, capacity), n]
    best = None
    for answer in product(*options):
        left = room.copy()
        for rep, _ in answer:
            left[rep] -= 1
        if min(left) >= 0:
            total = sum((worth for _, worth in answer), Fraction())
            best = total if best is None else max(best, total)
    return best
