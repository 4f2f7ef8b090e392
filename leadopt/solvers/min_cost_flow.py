"""`MinCostFlow`: any nested limits, exactly, by OR-Tools' cost-scaling push-relabel.

Leads (identical ones merged) flow to the innermost limit of a rep, from there through every limit around it to the
root; staying in the pool is an arc straight to the root. A lower bound is a demand that the parent supplies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.errors import InvalidInput
from leadopt.problem import Problem
from leadopt.progress import OnProgress
from leadopt.solvers.base import Answer, refuse_time_limit
from leadopt.solvers.column_generation import LEAST_PAIRS, flow_by_columns
from leadopt.solvers.core import solve_core
from leadopt.solvers.costs import every_pair
from leadopt.solvers.grouping import group_leads
from leadopt.solvers.limit_tree import LimitTree, NotNested, Room, limit_tree, room_beside_pins
from leadopt.solvers.prices import prices_of, with_closed_prices
from leadopt.solvers.witness import refuse_empty_bounds, refuse_pins

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_PAIRS_A_SECOND = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MinCostFlow:
    """Exact for nested limits with usage 1, hard or with penalties.

    Notes
    -----
    Time grows with the pairs of distinct leads and reps: 10 million take about 6 s and 1 GB; under limits other than
    capacities 2 s, as few pairs of each lead are looked at closely. OR-Tools holds the GIL and knows no time limit.

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

    def solve(
        self,
        problem: Problem,
        on_progress: OnProgress | None = None,
        *,
        prices: ArrayLike | None = None,
        time_limit_s: float | None = None,
    ) -> Answer:
        """Return the best answer and its prices, which need no hint."""
        refuse_time_limit(self.name, "OR-Tools", time_limit_s)
        try:
            tree = limit_tree(problem)
        except NotNested as reason:
            raise InvalidInput(f"MinCostFlow solves nested limits only: {reason}") from None
        refuse_empty_bounds(problem)
        room = room_beside_pins(problem, tree)
        refuse_pins(problem, tree, room)
        return solve_every_pair(problem, tree, room, np.flatnonzero(problem.pins < 0))


def solve_every_pair(problem: Problem, tree: LimitTree, room: Room, leads: Ints, near: Floats | None = None) -> Answer:
    """Return the best answer for some leads within some room, with no pair left out; `near` as in `solve_core`."""
    groups = group_leads(problem.affinity, tree.class_of_lead, leads)
    found = None
    if problem.limits and len(groups.size) * problem.n_reps >= LEAST_PAIRS:
        found = flow_by_columns(problem, groups, tree, room)
    if found is None:
        pairs = every_pair(problem, groups, tree, room)
        costs, flows = solve_core(problem, groups, tree, room, pairs, pruned=False, near=near)
        found = costs, flows, prices_of(costs, tree, room, *flows), 0
    costs, flows, prices, rounds = found
    rep_of_lead = problem.pins.copy()
    groups.deal_out(*flows, rep_of_lead)
    limit_prices = prices[problem.n_reps :]
    return Answer(
        rep_of_lead=rep_of_lead,
        prices=with_closed_prices(problem, groups.example, room, prices[: problem.n_reps], limit_prices),
        limit_prices=limit_prices,
        stats={
            "groups": len(groups.size),
            "pairs": len(costs.pair),
            "rounds": rounds,
            "rounding": float(costs.gain(0.5 * problem.n_leads)),
        },
    )


def flow_seconds(n_pairs: float) -> float:
    """Return about how long a flow over so many pairs takes at least."""
    return n_pairs / _PAIRS_A_SECOND
