"""`Hungarian`: few leads per rep, by shortest augmenting paths: of our own, or SciPy's with a column for each slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Ints
from leadopt.errors import InvalidInput
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, loaded
from leadopt.solvers.assignment.capacities_alone import solve_capacities
from leadopt.solvers.base import Answer, Near, Solver
from leadopt.solvers.flow.costs import Costs, every_pair, whole_costs
from leadopt.solvers.flow.duals import prices_of, with_closed_prices
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.infeasible import refuse_infeasible, refuse_pins
from leadopt.solvers.flow.limit_tree import LimitTree, Room, limit_tree, room_beside_pins
from leadopt.solvers.flow.network import needed, network, supplies


@dataclass(frozen=True, slots=True, kw_only=True)
class Hungarian:
    """Exact for capacities alone; best where reps take one lead each.

    Parameters
    ----------
    most_cells
        refuses a matrix of leads x slots with more cells than this, 8 bytes each
    otherwise
        what solves it where loops do not, as they are not compiled or leads must be placed that cannot be; None = SciPy

    Notes
    -----
    Where loops are compiled, a few pairs of each lead are looked at first, and all at the end: O(leads x reps) where
    gains differ, and as much memory as these pairs. Where all leads want the same reps, a network simplex over all
    pairs takes over, and as much memory as the gains. SciPy takes O(n^3) time and leads x slots memory: capacities
    above a handful belong to `MinCostFlow`.

    References
    ----------
    Volgenant (1996), Linear and semi-assignment problems: a core oriented approach. doi:10.1016/0305-0548(96)00010-X
    Crouse (2016), On implementing 2D rectangular assignment algorithms. doi:10.1109/TAES.2016.140952
    """

    most_cells: int = 50_000_000
    otherwise: Solver | None = None
    name = "Hungarian"
    untimed = "SciPy"

    def refuses(self, problem: Problem) -> str | None:
        """Return whether there are limits besides capacity, or too many slots."""
        if problem.limits:
            return f"there are {len(problem.limits)} limits besides the capacities"
        cells = problem.n_leads * int(np.minimum(problem.capacity, problem.n_leads).sum())
        if cells > self.most_cells:
            return f"{cells} cells of leads x slots are more than most_cells={self.most_cells}"
        return None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the best answer and its prices, which need no hints."""
        if reason := self.refuses(problem):
            raise InvalidInput(f"Hungarian cannot solve this: {reason}")
        if (answer := solve_capacities(problem)) is not None:
            return answer
        if self.otherwise is not None:
            return self.otherwise.solve(problem, near, meter)
        tree = limit_tree(problem)
        room = room_beside_pins(problem, tree)
        refuse_pins(problem, tree, room)
        leads = np.flatnonzero(problem.pins < 0)
        groups = _singles(leads)
        slots = np.repeat(np.arange(problem.n_reps), np.minimum(room.upper, len(leads)))
        # SciPy computes in float64, which holds whole numbers exactly up to 2**53 along the longest augmenting path.
        pairs = every_pair(problem, groups, tree, room)
        costs = whole_costs(problem, groups, tree, pairs, 2.0**52 / (min(len(leads), len(slots)) + 1))
        rep = _cheapest(costs, problem.n_reps, slots)
        if costs.pool is None and (rep < 0).any():
            _refuse(problem, groups, tree, room, costs)
        rep_of_lead = problem.pins.copy()
        rep_of_lead[leads] = rep
        prices = prices_of(costs, tree, room, np.arange(len(leads)), rep, np.ones(len(leads), dtype=np.int64))
        prices = with_closed_prices(problem, leads, room, prices, np.zeros(0))
        return Answer(
            rep_of_lead=rep_of_lead,
            prices=prices,
            limit_prices=np.zeros(0),
            rounding=float(costs.gain(0.5 * problem.n_leads)),
            stats={"cells": len(leads) * len(slots)},
        )


def _singles(leads: Ints) -> Groups:
    n = len(leads)
    return Groups(example=leads, size=np.ones(n, dtype=np.int64), members=leads, start=np.arange(n + 1))


def _cheapest(costs: Costs, n_reps: int, slots: Ints) -> Ints:
    """Return the rep of each lead, -1 for the pool, or for all where they must be placed and cannot be."""
    loaded("scipy.optimize")
    from scipy.optimize import linear_sum_assignment

    cost = np.full((len(costs.kind), n_reps), np.inf)
    cost[costs.group, costs.rep] = costs.pair
    cost = cost[:, slots]
    rep = np.full(len(cost), -1, dtype=np.int64)
    if costs.pool is not None:
        # Staying in the pool is a slot of one's own: only what a pair saves against it counts.
        saved = np.maximum(costs.pool[:, None] - cost, 0.0)
        lead, slot = linear_sum_assignment(saved, maximize=True)
        placed = saved[lead, slot] > 0
        rep[lead[placed]] = slots[slot[placed]]
    elif len(cost) <= len(slots):
        try:
            lead, slot = linear_sum_assignment(cost)
        except ValueError:  # "cost matrix is infeasible"
            return rep
        rep[lead] = slots[slot]
    return rep


def _refuse(problem: Problem, groups: Groups, tree: LimitTree, room: Room, costs: Costs) -> None:
    arcs = network(groups, tree, room, costs)
    refuse_infeasible(problem, groups, tree, arcs, supplies(groups, tree, needed(tree, room)))
