"""`MinCostFlow`: any nested limits, exactly, by OR-Tools' cost-scaling push-relabel.

Small problems under capacities alone are solved by shortest augmenting paths (`assignment/`), where loops are
compiled. All others are flows:

Leads (identical ones merged) flow to the innermost limit of a rep, from there through every limit around it to the
root; staying in the pool is an arc straight to the root. A lower bound is a demand that the parent supplies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.assignment.capacities_alone import is_quick, solve_capacities
from leadopt.solvers.base import Answer, Near
from leadopt.solvers.flow.every_pair import solve_every_pair
from leadopt.solvers.flow.infeasible import refuse_empty_bounds, refuse_pins
from leadopt.solvers.flow.limit_tree import NotNested, limit_tree, room_beside_pins


@dataclass(frozen=True, slots=True, kw_only=True)
class MinCostFlow:
    """Exact for nested limits with usage 1, hard or with penalties.

    Notes
    -----
    Time grows with the pairs of distinct leads and reps: 10 million take about 6 s and 1 GB; under limits other than
    capacities half a second (2 s where loops are not compiled), as few pairs of each lead are looked at closely.
    OR-Tools knows no time limit.

    References
    ----------
    Goldberg (1997), An efficient implementation of a scaling minimum-cost flow algorithm. doi:10.1006/jagm.1995.0805
    """

    name = "MinCostFlow"
    untimed = "OR-Tools"

    def refuses(self, problem: Problem) -> str | None:
        """Return which limits are not nested, None if all are."""
        if not problem.limits and problem.together is None:
            return None
        try:
            limit_tree(problem)
        except NotNested as reason:
            return str(reason)
        return None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the best answer and its prices; only under limits do known prices save it time."""
        if (answer := solve_capacities(problem)) is not None:
            return answer
        return self.solve_in_time(problem, near, Meter(meter.relay))

    def solve_in_time(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the same under limits; where a compiled loop does it, raise `OutOfTime` if that takes too long."""
        try:
            tree = limit_tree(problem)
        except NotNested as reason:
            raise InvalidInput(f"MinCostFlow solves nested limits only: {reason}") from None
        refuse_empty_bounds(problem)
        room = room_beside_pins(problem, tree)
        refuse_pins(problem, tree, room)
        free = np.flatnonzero(problem.pins < 0)
        return solve_every_pair(problem, tree, room, free, _known(problem, near), meter)


def _known(problem: Problem, near: Near) -> Floats | None:
    """Return prices of every node, if those of limits are known too: without them, the others mislead.

    Under capacities alone, no prices are good enough for the network simplex to begin with; it is quicker than OR-Tools
    where reps have few leads each.
    """
    if not problem.limits:
        return np.zeros(problem.n_reps) if is_quick(problem) and 4 * problem.n_reps > problem.n_leads else None
    if near.prices is None or near.limit_prices is None:
        return None
    return np.concatenate([near.prices, near.limit_prices])
