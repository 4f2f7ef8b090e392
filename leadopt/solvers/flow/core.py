"""The exact core: groups of leads and the pairs still open to them as a min-cost flow, solved in whole numbers."""

from dataclasses import replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.backend import CostsTooLarge, min_cost_flow
from leadopt.solvers.flow.costs import Costs, Pairs, whole_costs
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.infeasible import refuse_infeasible
from leadopt.solvers.flow.limit_tree import LimitTree, Room
from leadopt.solvers.flow.nested_simplex import nested_flow
from leadopt.solvers.flow.network import needed, network, supplies
from leadopt.solvers.flow.network_simplex import NEVER, Flow, transport

# Cost scaling multiplies costs by the number of nodes; 2**58 leaves room for the prices it builds up.
_MOST = 2.0**58
# Pairs from which a simplex serves: it takes .25 to .6 of OR-Tools' time from 50,000 to 500,000, capacities alone or
# nested limits, with ties or without; a whole match of 6,000 to 18,000 takes .3 to .8 of it, of 1,000 as long. And a
# thread of its own where it takes a while, as OR-Tools holds the interpreter's lock.
MANY = 3_000


class CoreTooSmall(Exception):
    """The open pairs have no answer: open more."""


def solve_core(
    problem: Problem,
    groups: Groups,
    tree: LimitTree,
    room: Room,
    pairs: Pairs,
    *,
    beside: float = 0.0,
    pruned: bool,
    near: Floats | None = None,
    left_s: float = np.inf,
) -> tuple[Costs, tuple[Ints, Ints, Ints], Ints | None]:
    """Return costs, at the finest scale that the backend's integers hold, and (group, rep, amount) of the best flow.

    And whole prices (n_reps,) that prove it, where the backend tells them. Rep -1 is the pool; prices to `beside` fit
    the scale too. Where there are only capacities and the best prices are known to be `near` some, a network simplex
    begins there; else, many pairs are solved by one for any nested limits, and few by OR-Tools' cost scaling.

    Raises
    ------
    CoreTooSmall
        no flow exists and the pairs are `pruned`: some are not among them
    Infeasible
        no flow exists though all pairs are there
    OutOfTime
        a simplex for nested limits has taken `left_s` seconds
    """
    most = _most(groups, tree)
    while True:
        costs = whole_costs(problem, groups, tree, pairs, most, beside)
        if near is not None and (found := _by_simplex(costs, groups, room, near)) is not None:
            return costs, (found.row, found.column, found.amount), found.price
        many = near is None and len(pairs.group) >= MANY and compiled()
        if many and (ended := nested_flow(costs, groups, tree, room, None, left_s=left_s)) is not None:
            return costs, ended.flows, None
        arcs, supply = network(groups, tree, room, costs), supplies(groups, tree, needed(tree, room))
        try:
            flow = min_cost_flow(replace(arcs, cost=_shortened(arcs.cost)), supply)
        except CostsTooLarge:
            most /= 16
            continue
        if flow is not None:
            return costs, _sitting(groups, pairs, flow), None
        if pruned:
            raise CoreTooSmall
        refuse_infeasible(problem, groups, tree, arcs, supply)


def _by_simplex(costs: Costs, groups: Groups, room: Room, near: Floats) -> Flow | None:
    prices = np.floor(np.ldexp(np.minimum(near, costs.gain(_MOST)), costs.exponent)).astype(np.int64)
    aside = NEVER if costs.pool is None else costs.pool
    upper = np.maximum(room.upper, 0)
    return transport(costs.group, costs.rep, costs.pair, groups.size, upper, aside=aside, prices=prices)


def _shortened(cost: Ints) -> Ints:
    """Return costs without the power of two that all share: cost scaling takes a pass for every few binary digits."""
    bits = int(np.bitwise_or.reduce(cost, initial=0))
    return cost >> max((bits & -bits).bit_length() - 1, 0)


def core_costs(problem: Problem, groups: Groups, tree: LimitTree, pairs: Pairs, beside: float) -> Costs:
    """Return the costs of a core that is solved already."""
    return whole_costs(problem, groups, tree, pairs, _most(groups, tree), beside)


def _most(groups: Groups, tree: LimitTree) -> float:
    return _MOST / (len(groups.size) + tree.root + 1)


def _sitting(groups: Groups, pairs: Pairs, flow: Ints) -> tuple[Ints, Ints, Ints]:
    taken = flow[: len(pairs.group)]
    used = np.flatnonzero(taken)
    left = groups.size - np.bincount(pairs.group, weights=taken, minlength=len(groups.size)).astype(np.int64)
    pooled = np.flatnonzero(left)
    return (
        np.concatenate([pairs.group[used], pooled]),
        np.concatenate([pairs.rep[used], np.full(len(pooled), -1)]),
        np.concatenate([taken[used], left[pooled]]),
    )
