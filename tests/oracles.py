"""Other ways to the same answer, each without a line of leadopt's own mathematics."""

from dataclasses import dataclass
from functools import cache

import networkx as nx
import numpy as np
from scipy.optimize import linear_sum_assignment, linprog

from leadopt.problem.gains import Affinity


@cache
def _all_answers(n_leads, n_reps):
    if n_leads == 0:
        return np.zeros((1, 0), dtype=np.int64)
    return np.indices((n_reps + 1,) * n_leads).reshape(n_leads, -1).T.astype(np.int64) - 1


@dataclass(frozen=True)
class BruteForce:
    """Every answer there is, (n_answers, n_leads); its worth; and whether every hard rule allows it."""

    answers: np.ndarray
    worth: np.ndarray
    allowed: np.ndarray

    @property
    def feasible(self):
        return bool(self.allowed.any())

    @property
    def best(self):
        return float(self.worth[self.allowed].max())


def loads(problem, limit, answers):
    """The usage of a limit by each answer, by adding up its cells one lead at a time."""
    usage = np.zeros((problem.n_leads, problem.n_reps + 1))
    leads = np.arange(problem.n_leads) if limit.leads is None else limit.leads
    reps = np.arange(problem.n_reps) if limit.reps is None else limit.reps
    amount = limit.usage.dense() if isinstance(limit.usage, Affinity) else np.asarray(limit.usage, dtype=float)
    full = np.broadcast_to(amount[:, None] if amount.ndim == 1 else amount, (problem.n_leads, problem.n_reps))
    usage[np.ix_(leads, reps)] = full[np.ix_(leads, reps)]
    total = np.zeros(len(answers))
    for lead in range(problem.n_leads):
        total += usage[lead, answers[:, lead]]  # -1 is the last column: the pool
    return total


def brute_force(problem, *, limits=None, must_place=None):
    """All answers of a small problem; `limits` and `must_place` (leads) stand in for the problem's own."""
    answers = _all_answers(problem.n_leads, problem.n_reps)
    limits = problem.limits if limits is None else limits
    if must_place is None:
        must_place = range(problem.n_leads) if np.isneginf(problem.reserve) else ()
    pool = problem.reserve if np.isfinite(problem.reserve) else 0.0
    gains = np.column_stack([problem.affinity.dense(), np.full(problem.n_leads, pool)])
    worth = np.zeros(len(answers))
    allowed = np.ones(len(answers), dtype=bool)
    for lead in range(problem.n_leads):
        chosen = answers[:, lead]
        worth += gains[lead, chosen]
        if problem.pins[lead] >= 0:
            allowed &= chosen == problem.pins[lead]
        if lead in must_place:
            allowed &= chosen >= 0
    for rep in range(problem.n_reps):
        allowed &= (answers == rep).sum(axis=1) <= problem.capacity[rep]
    for limit in limits:
        load = loads(problem, limit, answers)
        if limit.penalty is None:
            allowed &= (load >= limit.lower) & (load <= limit.upper)
        else:
            worth -= limit.penalty * (np.maximum(0, load - limit.upper) + np.maximum(0, limit.lower - load))
    if problem.together is not None:
        for one, other in zip(*np.triu_indices(problem.n_leads, 1), strict=True):
            if problem.together[one] == problem.together[other]:
                allowed &= answers[:, one] == answers[:, other]
    allowed &= np.isfinite(worth)
    return BruteForce(answers=answers, worth=worth, allowed=allowed)


def scipy_assignment(problem):
    """The optimum under capacities and a finite reserve, by SciPy on leads x (slots and one pool place a lead)."""
    slots = np.repeat(np.arange(problem.n_reps), np.minimum(problem.capacity, problem.n_leads))
    pool = np.where(np.eye(problem.n_leads, dtype=bool), problem.reserve, -np.inf)
    gains = np.hstack([problem.affinity.dense()[:, slots], pool])
    lead, column = linear_sum_assignment(gains, maximize=True)
    return float(gains[lead, column].sum())


def networkx_flow(problem):
    """The optimum under capacities and a finite reserve for whole gains, by networkx's network simplex."""
    graph = nx.DiGraph()
    graph.add_node("sink", demand=problem.n_leads)
    for rep in range(problem.n_reps):
        graph.add_edge(("rep", rep), "sink", capacity=int(problem.capacity[rep]), weight=0)
    gains = problem.affinity.dense()
    for lead in range(problem.n_leads):
        graph.add_node(("lead", lead), demand=-1)
        graph.add_edge(("lead", lead), "sink", capacity=1, weight=-int(problem.reserve))
        for rep in np.flatnonzero(np.isfinite(gains[lead])):
            graph.add_edge(("lead", lead), ("rep", int(rep)), capacity=1, weight=-int(gains[lead, rep]))
    return -nx.min_cost_flow_cost(graph)


def linear_programme(problem):
    """The optimum of the relaxation with hard and soft limits, by HiGHS; None if there is none."""
    n, m, soft = problem.n_leads, problem.n_reps, [lim for lim in problem.limits if lim.penalty is not None]
    gains = problem.affinity.dense()
    eligible = np.isfinite(gains)
    pool = problem.reserve if np.isfinite(problem.reserve) else 0.0
    size = n * m + 2 * len(soft)
    objective = np.zeros(size)
    objective[: n * m] = -(np.where(eligible, gains, 0.0) - pool).reshape(-1)
    rows, most = [], []

    def at_most(cells, bound, slack=None):
        row = np.zeros(size)
        row[: n * m] = cells.reshape(-1)
        if slack is not None:
            row[n * m + slack] = -1.0
        rows.append(row)
        most.append(bound)

    for lead in range(n):
        cells = np.zeros((n, m))
        cells[lead] = 1.0
        at_most(cells, 1.0)
        if np.isneginf(problem.reserve):
            at_most(-cells, -1.0)
    for rep in range(m):
        cells = np.zeros((n, m))
        cells[:, rep] = 1.0
        at_most(cells, float(problem.capacity[rep]))
    for limit in problem.limits:
        cells = np.zeros((n, m))
        leads = np.arange(n) if limit.leads is None else limit.leads
        reps = np.arange(m) if limit.reps is None else limit.reps
        amount = limit.usage.dense() if isinstance(limit.usage, Affinity) else np.asarray(limit.usage, dtype=float)
        full = np.broadcast_to(amount[:, None] if amount.ndim == 1 else amount, (n, m))
        cells[np.ix_(leads, reps)] = full[np.ix_(leads, reps)]
        k = None if limit.penalty is None else 2 * next(i for i, lim in enumerate(soft) if lim is limit)
        if k is not None:
            objective[n * m + k : n * m + k + 2] = limit.penalty
        if np.isfinite(limit.upper):
            at_most(cells, limit.upper, k)
        at_most(-cells, -limit.lower, None if k is None else k + 1)
    pairs = [
        (1.0 if problem.pins[i] == j else 0.0, 1.0 if eligible[i, j] and problem.pins[i] in (-1, j) else 0.0)
        for i in range(n)
        for j in range(m)
    ]
    if size == 0:
        return pool * n if all(b >= 0 for b in most) else None
    result = linprog(objective, A_ub=np.array(rows) if rows else None, b_ub=most or None,
                     bounds=pairs + [(0, None)] * (2 * len(soft)), method="highs")  # fmt: skip
    return None if result.status == 2 else pool * n - result.fun
