"""From a box that should hold the prices to an exact answer: prune, solve, and widen the box where it was too small.

Whatever a pricer found, three things make its work exact. Pairs that no prices in the box can make best are pruned. The
rest, a core of few leads, is a min-cost flow. If the core has optimal prices within the box, these are optimal for the
whole problem too, since every pruned pair loses against them: that is the proof. If not, the box is widened to where
the core's prices went, and in the end holds everything.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.problem import Problem
from leadopt.solvers.base import Answer
from leadopt.solvers.core import CoreTooSmall, core_costs, solve_core
from leadopt.solvers.costs import Costs, Pairs
from leadopt.solvers.grouping import Groups, group_leads
from leadopt.solvers.limit_tree import LimitTree, Room
from leadopt.solvers.min_cost_flow import MinCostFlow
from leadopt.solvers.prices import NONE, NotOptimal, potentials_above, residual_constraints, with_closed_prices
from leadopt.solvers.pruning import Open, Oracle

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDS = 20  # then all pairs at once
_MOST_TOO_SMALL = 2  # cores without an answer before all pairs are asked, which also know why nothing fits
_WIDER = 4.0
_FALLS = 5  # widenings of a box that holds prices up before it reaches down to 0
_MANY = 100_000  # pairs of a core from which on leads keep only their best ones at first
_KEPT = 12  # pairs that such a lead keeps
_ALIKE = 4  # equal leads that are still thinned: more of them need more reps


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where optimal prices are believed to be, each float64 (n_reps,)."""

    low: Floats
    high: Floats

    @classmethod
    def around(cls, prices: Floats, below: Floats | float, above: Floats | float) -> "Box":
        """Return the box from `below` under some prices, not under 0, to `above` over them."""
        return cls(low=np.maximum(prices - below, 0.0), high=prices + above)

    @property
    def middle(self) -> Floats:
        """The prices in its middle."""
        return (self.low + self.high) / 2

    def outside(self, prices: Floats, slack: float) -> NDArray[np.bool_]:
        """Return which prices lie outside by more than `slack`."""
        return np.maximum(prices - self.high, self.low - prices) > slack

    def widened(self, which: NDArray[np.bool_], least: float) -> "Box":
        """Return the box with some sides several times as wide, by `least` or more."""
        wider = np.where(which, _WIDER * (self.high - self.low) + least, 0.0)
        return Box(low=np.maximum(self.low - wider, 0.0), high=self.high + wider)

    def moved(self, prices: Floats, slack: float) -> "Box":
        """Return a box around some prices, twice as wide where they lay outside; who stuck to its floor stays put.

        A core that knows little of a rep may price it absurdly: no step is longer than three half-widths.
        """
        half = (self.high - self.low) / 2
        center = np.where(np.abs(prices - self.low) <= slack, self.middle, prices)
        center = np.clip(center, self.middle - 3 * half, self.middle + 3 * half)
        wider = half * np.where(self.outside(prices, slack), 2.0, 1.0)
        return Box.around(center, wider, wider)


def finish(problem: Problem, tree: LimitTree, room: Room, leads: Ints, oracle: Oracle, box: Box) -> Answer:
    """Return an optimal answer under capacities alone, and its prices.

    Parameters
    ----------
    tree, room
        the capacities, and what pinned leads leave of them
    leads
        the leads that are not pinned, which `oracle` answers for
    box
        where the prices should be; a wrong box costs time, not exactness

    Raises
    ------
    Infeasible
        not every lead that must be placed can be
    """
    closed = room.upper <= 0
    least = max(float((box.high - box.low)[~closed].max(initial=0.0)), np.finfo(np.float64).tiny)
    too_small, kept = 0, _KEPT
    for rounds in range(1, _ROUNDS + 1):
        opened = oracle.open(np.where(closed, np.inf, box.low), np.where(closed, np.inf, box.high))
        if np.isneginf(problem.reserve) and _nobody_takes(opened).any():
            break
        left = Room(lower=room.lower, upper=room.upper - _settled_loads(opened, problem.n_reps))
        overfull = ~closed & (left.upper < 0)
        if overfull.any():
            box = box.widened(overfull, least)
            continue
        groups = group_leads(problem.affinity, tree.class_of_lead, leads[opened.lead])
        pairs = _pairs(problem, groups, leads, opened)
        fewer = _thinned(pairs, groups, problem.n_reps, box, kept)
        try:
            core = _solve(problem, tree, left, groups, fewer, box)
        except CoreTooSmall:
            too_small += 1
            if too_small > _MOST_TOO_SMALL:
                break
            box, kept = box.widened(~closed, least), 4 * kept
            continue
        rep_of_lead = problem.pins.copy()
        rep_of_lead[leads] = opened.choice
        core.groups.deal_out(*core.flows, rep_of_lead)
        try:
            if fewer is pairs:
                prices, slack = core.prices(box.low)
            else:
                noise = float(core.costs.gain(4))
                core = _seated(problem, tree, left, groups, pairs, rep_of_lead, box.low)
                prices, slack = core.prices(box.low, noise)
        except NotOptimal:
            kept *= 4
            continue
        prices[closed] = box.low[closed]
        if not box.outside(prices, slack).any() or _nobody_envies(
            problem, leads, oracle, rep_of_lead, np.where(closed, np.inf, prices), slack
        ):
            floor = np.minimum(box.low, prices)
            return Answer(
                rep_of_lead=rep_of_lead,
                prices=_least_prices(problem, tree, room, leads, oracle, rep_of_lead, prices, floor, slack),
                limit_prices=np.zeros(0),
                stats={
                    "rounds": rounds,
                    "open_leads": len(opened.lead),
                    "open_pairs": len(opened.rep),
                    "rounding": float(core.costs.gain(0.5 * len(opened.lead))),
                },
            )
        box = box.moved(prices, slack)
    return MinCostFlow().solve(problem)  # it needs no prices, and says why nothing fits


def _nobody_envies(
    problem: Problem, leads: Ints, oracle: Oracle, rep_of_lead: Ints, prices: Floats, slack: float
) -> bool:
    """Return whether every lead has its best option at some prices, up to rounding: then these are optimal."""
    best = oracle.open(prices, prices).choice
    return bool(
        (_worth(problem, leads, best, prices) - _worth(problem, leads, rep_of_lead[leads], prices) <= slack).all()
    )


def _worth(problem: Problem, leads: Ints, reps: Ints, prices: Floats) -> Floats:
    worth = np.full(len(leads), problem.reserve)
    placed = np.flatnonzero(reps >= 0)
    worth[placed] = problem.affinity.at(leads[placed], reps[placed]) - prices[reps[placed]]
    return worth


def _thinned(pairs: Pairs, groups: Groups, n_reps: int, box: Box, kept: int) -> Pairs:
    """Return the pairs, of leads with many only the best few at the prices in the middle of the box.

    Where ties open nearly all pairs, an answer needs few of them, if different leads keep different ones: what cannot
    be told apart within the box is drawn by lot.
    """
    if len(pairs.group) <= _MANY or kept >= n_reps:
        return pairs
    worth = pairs.gain - box.middle[pairs.rep]
    first = np.searchsorted(pairs.group, np.arange(len(groups.size) + 1))
    many = np.flatnonzero((np.diff(first) > kept) & (groups.size <= _ALIKE))
    wanted = np.ones(len(worth), dtype=bool)
    rng = np.random.default_rng(0)
    step = max(1, _MANY // n_reps)
    for start in range(0, len(many), step):
        part = many[start : start + step]
        sizes = np.diff(first)[part]
        row = np.repeat(np.arange(len(part)), sizes)
        entry = np.repeat(first[part] - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
        cells = np.full((len(part), n_reps), -np.inf)
        cells[row, pairs.rep[entry]] = worth[entry]
        bar = np.partition(cells, n_reps - kept // 2, axis=1)[:, n_reps - kept // 2]
        drawn = rng.random(len(entry)) < kept / 2 / sizes[row]
        wanted[entry] = drawn | (cells[row, pairs.rep[entry]] >= bar[row])
    return Pairs(group=pairs.group[wanted], rep=pairs.rep[wanted], gain=pairs.gain[wanted])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Core:
    """The open leads, solved: who sits where, and at what prices."""

    tree: LimitTree
    left: Room
    groups: Groups
    costs: Costs
    flows: tuple[Ints, Ints, Ints]

    def prices(self, low: Floats, noise: float = 0.0) -> tuple[Floats, float]:
        """Return the least prices above `low`, less what these make a free slot cost, and how far rounding moves them.

        `noise` is what rounding at another scale may have made of the answer: so much is no reason for a price.
        """
        constraints = residual_constraints(self.costs, self.tree, self.left, *self.flows)
        if noise:
            constraints[constraints != NONE] -= int(np.ceil(np.ldexp(noise, self.costs.exponent))) + 2
        whole = np.floor(np.ldexp(low, self.costs.exponent)).astype(np.int64)
        return self.costs.gain(potentials_above(constraints, np.append(whole, 0))[:-1]), float(self.costs.gain(4))


def _solve(problem: Problem, tree: LimitTree, left: Room, groups: Groups, pairs: Pairs, box: Box) -> _Core:
    beside = float(box.low.max(initial=0.0))
    costs, flows = solve_core(problem, groups, tree, left, pairs, beside=beside, pruned=True)
    return _Core(tree=tree, left=left, groups=groups, costs=costs, flows=flows)


def _least_prices(
    problem: Problem,
    tree: LimitTree,
    room: Room,
    leads: Ints,
    oracle: Oracle,
    rep_of_lead: Ints,
    prices: Floats,
    low: Floats,
    slack: float,
) -> Floats:
    """Return the least of all optimal prices, which are what one more slot adds, given some optimal ones.

    Where prices are held up by the box alone, it is opened downwards, and who is open now says how far they fall.
    """
    closed, high = room.upper <= 0, prices + slack
    for k in range(_FALLS):
        held_up = ~closed & (prices <= low + slack) & (low > 0)
        if not held_up.any():
            break
        fall = 0.0 if k == _FALLS - 1 else low - _WIDER**k * (prices.max() / 64)
        low = np.where(held_up, np.maximum(fall, 0.0), low)
        opened = oracle.open(np.where(closed, np.inf, low), np.where(closed, np.inf, high))
        core = _sitting(problem, tree, room, leads, opened, rep_of_lead, low)
        prices, slack = core.prices(low, slack)
    return with_closed_prices(problem, leads, room, prices, np.zeros(0))


def _sitting(
    problem: Problem, tree: LimitTree, room: Room, leads: Ints, opened: Open, rep_of_lead: Ints, low: Floats
) -> _Core:
    """Return the open leads where an answer has put them."""
    groups = group_leads(problem.affinity, tree.class_of_lead, leads[opened.lead])
    settled = np.delete(leads, opened.lead)
    loads = np.bincount(rep_of_lead[settled] + 1, minlength=problem.n_reps + 1)[1:]
    left = Room(lower=room.lower, upper=room.upper - loads)
    return _seated(problem, tree, left, groups, _pairs(problem, groups, leads, opened), rep_of_lead, low)


def _seated(
    problem: Problem, tree: LimitTree, left: Room, groups: Groups, pairs: Pairs, rep_of_lead: Ints, low: Floats
) -> _Core:
    """Return the core of some groups where an answer has put them."""
    width = problem.n_reps + 1
    group = np.repeat(np.arange(len(groups.size)), groups.size)
    key, amount = np.unique(group * width + rep_of_lead[groups.members] + 1, return_counts=True)
    group, rep = np.divmod(key, width)
    costs = core_costs(problem, groups, tree, pairs, float(low.max(initial=0.0)))
    return _Core(tree=tree, left=left, groups=groups, costs=costs, flows=(group, rep - 1, amount))


def _nobody_takes(opened: Open) -> NDArray[np.bool_]:
    alone = opened.choice < 0
    alone[opened.lead] = False
    return alone


def _settled_loads(opened: Open, n_reps: int) -> Ints:
    settled = np.ones(len(opened.choice), dtype=bool)
    settled[opened.lead] = False
    return np.bincount(opened.choice[settled] + 1, minlength=n_reps + 1)[1:].astype(np.int64)


def _pairs(problem: Problem, groups: Groups, leads: Ints, opened: Open) -> Pairs:
    """Return the open pairs of each group of equal leads, which are those of any of its members."""
    place = np.searchsorted(leads[opened.lead], groups.example)
    n = np.diff(opened.first)[place]
    group = np.repeat(np.arange(len(place)), n)
    rep = opened.rep[np.repeat(opened.first[place] - (np.cumsum(n) - n), n) + np.arange(int(n.sum()))]
    return Pairs(group=group, rep=rep, gain=problem.affinity.at(groups.example[group], rep))
