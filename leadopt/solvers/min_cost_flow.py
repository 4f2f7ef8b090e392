"""`MinCostFlow`: any nested limits, exactly, by OR-Tools' cost-scaling push-relabel.

Leads (identical ones merged) flow to the innermost limit of a rep, from there through every limit around it to the
root; staying in the pool is an arc straight to the root. A lower bound is a demand that the parent supplies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.errors import InvalidInput
from leadopt.problem import Problem
from leadopt.progress import OnProgress
from leadopt.solvers.base import Answer
from leadopt.solvers.costs import INELIGIBLE, Costs, whole_costs
from leadopt.solvers.flow import CostsTooLarge, min_cost_flow
from leadopt.solvers.grouping import Groups, group_leads
from leadopt.solvers.limit_tree import LimitTree, NotNested, Room, limit_tree, room_beside_pins
from leadopt.solvers.network import needed, network, supplies
from leadopt.solvers.prices import prices_of, with_closed_prices
from leadopt.solvers.witness import refuse_empty_bounds, refuse_infeasible, refuse_pins

Ints = NDArray[np.int64]

# Cost scaling multiplies costs by the number of nodes; 2**58 leaves room for the prices it builds up.
_MOST = 2.0**58


@dataclass(frozen=True, slots=True, kw_only=True)
class MinCostFlow:
    """Exact for nested limits with usage 1, hard or with penalties.

    Notes
    -----
    Time grows with the pairs of distinct leads and reps: 10 million take about 6 s and 1 GB. OR-Tools holds the GIL
    and knows no time limit.

    References
    ----------
    Goldberg (1997), An efficient implementation of a scaling minimum-cost flow algorithm. doi:10.1006/jagm.1995.0805
    """

    name = "MinCostFlow"

    def refuses(self, problem: Problem) -> str | None:
        """Return which limits are not nested, None if all are."""
        try:
            limit_tree(problem)
        except NotNested as reason:
            return str(reason)
        return None

    def solve(self, problem: Problem, on_progress: OnProgress | None = None) -> Answer:
        """Return the best answer and its prices."""
        try:
            tree = limit_tree(problem)
        except NotNested as reason:
            raise InvalidInput(f"MinCostFlow solves nested limits only: {reason}") from None
        refuse_empty_bounds(problem)
        room = room_beside_pins(problem, tree)
        refuse_pins(problem, tree, room)
        groups = group_leads(problem.affinity, tree.class_of_lead, np.flatnonzero(problem.pins < 0))
        costs, flows = _cheapest(problem, groups, tree, room)
        rep_of_lead = problem.pins.copy()
        groups.deal_out(*flows, rep_of_lead)
        prices = prices_of(costs, tree, room, *flows)
        limit_prices = prices[problem.n_reps :]
        return Answer(
            rep_of_lead=rep_of_lead,
            prices=with_closed_prices(problem, groups.example, room, prices[: problem.n_reps], limit_prices),
            limit_prices=limit_prices,
            stats={
                "groups": len(groups.size),
                "pairs": int((costs.pair != INELIGIBLE).sum()),
                "rounding": float(costs.gain(0.5 * problem.n_leads)),
            },
        )


def _cheapest(problem: Problem, groups: Groups, tree: LimitTree, room: Room) -> tuple[Costs, tuple[Ints, Ints, Ints]]:
    """Return costs and flows at the finest scale that the backend's integers hold."""
    nodes = len(groups.size) + tree.root + 1
    most = _MOST / nodes
    while True:
        costs = whole_costs(problem, groups, tree, room, most)
        try:
            return costs, _solve(problem, groups, tree, room, costs)
        except CostsTooLarge:
            most /= 16


def _solve(problem: Problem, groups: Groups, tree: LimitTree, room: Room, costs: Costs) -> tuple[Ints, Ints, Ints]:
    """Return (group, rep, amount) of the cheapest flow; rep -1 is the pool."""
    group, rep = np.nonzero(costs.pair != INELIGIBLE)
    arcs = network(groups, tree, room, costs, group, rep)
    supply = supplies(groups, tree, needed(tree, room))
    flow = min_cost_flow(arcs, supply)
    if flow is None:
        refuse_infeasible(problem, groups, tree, arcs, supply)
    taken = flow[: len(group)]
    used = np.flatnonzero(taken)
    left = groups.size - np.bincount(group, weights=taken, minlength=len(groups.size)).astype(np.int64)
    pooled = np.flatnonzero(left)
    return (
        np.concatenate([group[used], pooled]),
        np.concatenate([rep[used], np.full(len(pooled), -1)]),
        np.concatenate([taken[used], left[pooled]]),
    )
