"""A problem of nested limits as one flow over every pair, and about how long that takes."""

from collections.abc import Callable

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.base import Answer
from leadopt.solvers.flow.column_generation import LEAST_PAIRS, LEAST_PAIRS_NEAR, flow_by_columns
from leadopt.solvers.flow.core import solve_core
from leadopt.solvers.flow.costs import every_pair
from leadopt.solvers.flow.duals import prices_of, with_closed_prices
from leadopt.solvers.flow.equal_leads import group_leads
from leadopt.solvers.flow.limit_tree import LimitTree, Room

_PAIRS_A_SECOND = 2_000_000
# Of one flow over all of them, at least: 500,000 of teams, tiers and minimums take .25 s, whole gains with ties .1 s.
_LEAST_A_SECOND = 400_000
_BEGIN_S = 0.05
# Part of a time limit for a flow, which proves its answer the best: prices alone leave an answer far from it where
# leads are alike.
_FOR_FLOW = 0.6


def solve_every_pair(
    problem: Problem,
    tree: LimitTree,
    room: Room,
    leads: Ints,
    near: Floats | None = None,
    meter: Meter | None = None,
) -> Answer:
    """Return the best answer for some leads within some room, with no pair left out.

    `near` are prices that may be near the best ones, of every node of the tree: under limits, `flow_by_columns` begins
    with them, under capacities alone `solve_core`. Where a simplex serves for nested limits, it raises `OutOfTime` by
    the meter.
    """
    groups = group_leads(problem.affinity, tree.class_of_lead, leads)
    found = None
    least = LEAST_PAIRS if near is None else LEAST_PAIRS_NEAR
    if problem.limits and not problem.affinity.is_sparse and len(groups.size) * problem.n_reps >= least:
        found = flow_by_columns(problem, groups, tree, room, near, meter)
    if found is None:
        pairs = every_pair(problem, groups, tree, room)
        known, left_s = None if problem.limits else near, np.inf if meter is None else meter.left_s
        costs, flows, _ = solve_core(problem, groups, tree, room, pairs, pruned=False, near=known, left_s=left_s)
        found = costs, flows, prices_of(costs, tree, room, *flows), 0
    costs, flows, prices, rounds = found
    rep_of_lead = problem.pins.copy()
    groups.deal_out(*flows, rep_of_lead)
    limit_prices = prices[problem.n_reps :]
    return Answer(
        rep_of_lead=rep_of_lead,
        prices=with_closed_prices(problem, groups.example, room, prices[: problem.n_reps], limit_prices),
        limit_prices=limit_prices,
        rounding=float(costs.gain(0.5 * problem.n_leads)),
        stats={"groups": len(groups.size), "pairs": len(costs.pair), "rounds": rounds},
    )


def most_flow_seconds(n_pairs: float) -> float:
    """Return about how long an answer under nested limits takes at most, several times what was ever seen.

    Time grows with pairs up to where few of each lead are looked at closely.
    """
    return _BEGIN_S + min(n_pairs, LEAST_PAIRS) / _LEAST_A_SECOND + n_pairs / _PAIRS_A_SECOND


def flow_seconds(n_pairs: float) -> float:
    """Return about how long a flow over so many pairs takes at least."""
    return n_pairs / _PAIRS_A_SECOND


def in_part_of_time(flow: Callable[..., Answer], meter: Meter) -> Answer | None:
    """Return the answer of a flow if that is found in a part of the time, None if not."""
    try:
        return flow(meter=meter.keeping((1.0 - _FOR_FLOW) * meter.left_s))
    except OutOfTime:
        return None
