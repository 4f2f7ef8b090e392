"""From a box that should hold the prices to an exact answer: prune, solve, and widen the box where it was too small.

Whatever a pricer found, three things make its work exact. Pairs that no prices in the box can make best are pruned. The
rest, a core of few leads, is a min-cost flow. If the core has optimal prices within the box, these are optimal for the
whole problem too, since every pruned pair loses against them: that is the proof. If not, the box is widened to where
the core's prices went, and in the end holds everything.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.base import Answer
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.least_prices import lowered
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.core import CoreTooSmall, core_costs, solve_core
from leadopt.solvers.flow.costs import Costs, Pairs
from leadopt.solvers.flow.duals import NotOptimal, potentials_above, residual_constraints
from leadopt.solvers.flow.equal_leads import Groups
from leadopt.solvers.flow.every_pair import flow_seconds, solve_every_pair
from leadopt.solvers.flow.limit_tree import LimitTree, Room
from leadopt.solvers.oracles.protocols import Open, OpenOracle

# Half and twice of each bring the same answer in as long, as in `bids`, where a box seldom has to be opened.
_ROUNDS = 8  # then all pairs at once
_MOST_TOO_SMALL = 2  # cores without an answer before all pairs are asked, which also know why nothing fits
_WIDER = 4.0
_WIDENINGS = 20  # of a box whose reps are overfull, before all pairs are asked
_REACH = 10.0  # half-widths
_FALL = 1 / 32  # of the greatest price, by which a box that holds prices up is opened downwards at first
_FALLS = 5  # widenings of a box that holds prices up before it reaches down to 0
_DRAWN_ALONG = 3.0  # times the mean distance of prices from it, by which it is opened for the others, which fall too
_MANY = 100_000  # pairs of a core from which on leads keep only their best ones at first, and prices stay as they are
_KEPT = 12  # pairs that such a lead keeps; in numpy, 6 and 24 took 1.1 and 1.2 times as long (dense 10,000 x 100)
_FARTHEST = 2.0  # times the greatest difference of two options: no price needs to be higher
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

    def below(self, most: float) -> "Box":
        """Return the box with all prices cut off at `most`: absurd ones would take the digits of the others."""
        return Box(low=np.minimum(self.low, most), high=np.minimum(self.high, most))

    @property
    def middle(self) -> Floats:
        """The prices in its middle."""
        return (self.low + self.high) / 2

    def outside(self, prices: Floats, slack: float) -> Bools:
        """Return which prices lie outside by more than `slack`."""
        return np.maximum(prices - self.high, self.low - prices) > slack

    def widened(self, which: Bools, least: float) -> "Box":
        """Return the box with some sides several times as wide, by `least` or more."""
        wider = np.where(which, _WIDER * (self.high - self.low) + least, 0.0)
        return Box(low=np.maximum(self.low - wider, 0.0), high=self.high + wider)

    def reaching(self, prices: Floats, slack: float) -> "Box":
        """Return the box widened to hold some prices, and as much around them as it held before.

        A core that knows little of a rep may price it absurdly: no side moves by more than a few half-widths.
        """
        half, out = (self.high - self.low) / 2, self.outside(prices, slack)
        center = np.clip(prices, self.middle - _REACH * half, self.middle + _REACH * half)
        low = np.where(out, np.minimum(self.low, center - half), self.low)
        return Box(low=np.maximum(low, 0.0), high=np.where(out, np.maximum(self.high, center + half), self.high))


def finish(
    problem: Problem,
    tree: LimitTree,
    room: Room,
    leads: Ints,
    oracle: OpenOracle,
    box: Box,
    meter: Meter | None = None,
    *,
    proved: Callable[[Ints], Floats | None] | None = None,
) -> Answer:
    """Return an optimal answer under capacities alone, and its prices.

    Parameters
    ----------
    tree, room
        the capacities, and what pinned leads leave of them
    leads
        the leads in question, which `oracle` answers for: those that are not pinned, or some of them
    box
        where the prices should be; a wrong box costs time, not exactness
    meter
        is told of every stage, and says when time is over: then the best answer so far comes back, `stopped`
    proved
        returns the least prices that prove the best whatever the box, given the rep of each lead, None if it is not;
        None = boxes alone prove it

    Raises
    ------
    Infeasible
        not every lead that must be placed can be
    OutOfTime
        time is over before there is an answer
    """
    rest = Remainder(problem=problem, tree=tree, room=room, leads=leads)
    return _Finish(rest=rest, oracle=oracle, meter=meter or Meter(), proved=proved).run(box)


@dataclass(kw_only=True)
class _Finish:
    """The rounds of `finish`: what is asked, and what is known so far.

    `kept` is how many pairs each lead of a large core keeps, `n_too_small` how many cores had no answer, `draft` the
    rep of each lead and the prices of an answer that is allowed but not proved best.
    """

    rest: Remainder
    oracle: OpenOracle
    meter: Meter
    proved: Callable[[Ints], Floats | None] | None = None
    kept: int = _KEPT
    n_too_small: int = 0
    draft: tuple[Ints, Floats] | None = None

    def run(self, box: Box) -> Answer:
        """Return the answer, from a box that is moved and widened until it holds the prices of its core."""
        box = box.below(_FARTHEST * (self.rest.largest + self.reserve))
        widths = (box.high - box.low)[~self.rest.closed]
        least = max(float(widths.max(initial=0.0)), np.finfo(np.float64).tiny)
        for rounds in range(1, _ROUNDS + 1):
            if self.is_over():
                return self.stopped()
            try:
                opened, box = self.fitting(box, least)
            except CoreTooSmall:
                break
            if self.is_over():
                return self.stopped()
            if self.rest.all_placed and _nobody_takes(opened).any():
                break
            if self.is_over(len(opened.rep)):
                return self.stopped()
            try:
                core, prices, slack = self.solve(opened, box)
            except CoreTooSmall:
                self.n_too_small, self.kept = self.n_too_small + 1, 4 * self.kept
                if self.n_too_small > _MOST_TOO_SMALL:
                    break
                box = box.widened(~self.rest.closed, least)
                continue
            except NotOptimal:
                self.kept *= 4
                continue
            if self.proved is not None and (lowest := self.proved(core.rep_of)) is not None:
                answer = self.rest.answer(core.rep_of, lowest)
                return replace(answer, stats=_figures(rounds, opened))
            outside = box.outside(prices, slack).any()
            undecided = self.undecided(core.rep_of, prices, slack) if outside else opened.lead
            if undecided is not None:
                low, stats = np.minimum(box.low, prices), _figures(rounds, opened)
                return self.finished(core, undecided, low, prices, slack, stats)
            self.draft = core.rep_of, np.clip(prices, box.low, box.high)
            box = box.reaching(prices, slack)
        if self.is_over(self.rest.n_pairs):
            return self.stopped()
        # It needs no box, and says why nothing fits.
        near = box.middle if compiled() else None
        return solve_every_pair(self.rest.problem, self.rest.tree, self.rest.room, self.rest.leads, near)

    @property
    def reserve(self) -> float:
        """How much the pool can add to a price; prices of leads that must be placed can add up along all reps."""
        all_reps = self.rest.problem.n_reps * self.rest.largest
        return all_reps if self.rest.all_placed else abs(self.rest.problem.reserve)

    def is_over(self, n_pairs: int = 0) -> bool:
        """Return whether there is no time left for a flow over so many pairs."""
        return self.meter.left_s <= flow_seconds(n_pairs)

    def stopped(self) -> Answer:
        """Return the best answer so far."""
        if self.draft is None:
            raise OutOfTime
        return self.rest.answer(*self.draft, stopped=True)

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what a box leaves open; who has no room takes nobody."""
        self.meter.enter("prune")
        return self.oracle.open(np.where(self.rest.closed, np.inf, low), np.where(self.rest.closed, np.inf, high))

    def overfull(self, opened: Open) -> Bools:
        """Return which reps cannot even hold the leads that are settled."""
        return np.asarray(~self.rest.closed & (self.rest.left_by(_settled(opened)).upper < 0))

    def solve(self, opened: Open, box: Box) -> tuple["_Core", Floats, float]:
        """Return the core with its answer and the prices at which it is best, and how far rounding moves them."""
        self.meter.enter("core")
        rest, left, groups = self.rest, self.rest.left_by(_settled(opened)), self.rest.groups(opened.lead)
        pairs = _pairs(rest, groups, opened)
        fewer = pairs if compiled() else _thinned(pairs, groups, rest.problem.n_reps, box, self.kept)
        beside, near = float(box.low.max(initial=0.0)), box.middle if compiled() else None
        costs, flows, proof = solve_core(
            rest.problem, groups, rest.tree, left, fewer, beside=beside, pruned=True, near=near
        )
        rep_of_lead = rest.problem.pins.copy()
        rep_of_lead[rest.leads] = opened.choice
        groups.deal_out(*flows, rep_of_lead)
        rep_of, noise = rep_of_lead[rest.leads], 0.0
        if fewer is not pairs:
            costs, flows, proof, noise = *_seated(rest, groups, pairs, rep_of, box.low), None, float(costs.gain(4))
        core = _Core(tree=rest.tree, left=left, groups=groups, costs=costs, flows=flows, rep_of=rep_of)
        prices, slack = core.prices(box.low, noise, box.high, proof)
        prices[rest.closed] = box.low[rest.closed]
        return core, prices, slack

    def undecided(self, rep_of: Ints, prices: Floats, slack: float) -> Ints | None:
        """Return who has several best options at some prices, up to rounding; None if anyone envies another.

        If nobody does, the prices are optimal.
        """
        near = self.open(np.maximum(prices - slack, 0.0), prices)
        envy = self.rest.worth(near.choice, prices) - self.rest.worth(rep_of, prices)
        return near.lead if (envy <= slack).all() else None

    def fitting(self, box: Box, least: float) -> tuple[Open, Box]:
        """Return what a box leaves open, widened where reps could not even hold the leads that are settled.

        Raises `CoreTooSmall` where they never can, as leads that must be placed may have nowhere else to go.
        """
        for _ in range(_WIDENINGS):
            opened = self.open(box.low, box.high)
            overfull = self.overfull(opened)
            if not overfull.any() or self.is_over():
                return opened, box
            box = box.widened(overfull, least)
        raise CoreTooSmall

    def finished(
        self, core: "_Core", undecided: Ints, low: Floats, prices: Floats, slack: float, stats: dict[str, float]
    ) -> Answer:
        """Return the answer of a core at prices that are proved optimal."""
        stopped, lowest = False, None
        # Beyond, the search is dear, and prices that so many leads or ties hold in place hardly move.
        if max(stats["open_pairs"], len(self.rest.leads)) <= _MANY:
            lowest = lowered(self.rest, core.rep_of, prices, slack) if self.held_up(prices, low, slack).any() else None
            if lowest is None:
                prices, undecided, stopped = self.least_prices(core.rep_of, prices, undecided, low, slack)
        return replace(
            self.rest.answer(core.rep_of, prices if lowest is None else lowest, stopped=stopped),
            undecided=self.rest.leads[undecided] if lowest is None else None,
            rounding=float(core.costs.gain(0.5 * stats["open_leads"])),
            stats=stats,
        )

    def held_up(self, prices: Floats, low: Floats, slack: float) -> Bools:
        """Return which prices are held up by the box alone."""
        return np.asarray(~self.rest.closed & (prices <= low + slack) & (low > 0))

    def least_prices(
        self, rep_of: Ints, prices: Floats, undecided: Ints, low: Floats, slack: float
    ) -> tuple[Floats, Ints, bool]:
        """Return the least of all optimal prices, which are what one more slot adds, who is open there, if time ended.

        Where prices are held up by the box alone, it is opened downwards, and who is open now says how far they fall,
        and others with them.
        """
        high, proof = prices + slack, prices
        along = float(np.maximum(prices - low, 0.0).sum()) / max(1, len(prices))
        for k in range(_FALLS):
            held_up = self.held_up(prices, low, slack)
            if not held_up.any():
                break
            if self.is_over():
                return prices, undecided, True
            fall = np.where(held_up, _WIDER**k * _FALL * prices.max(), _DRAWN_ALONG * along)
            low = np.maximum(low - fall, 0.0) if k < _FALLS - 1 else np.zeros_like(low)
            opened = self.open(low, high)
            core = self.sitting(opened, rep_of, low)
            prices, finer = core.prices(low, slack, proof=core.whole(proof))
            # Fewer leads may be open, in finer units; what the core's units have lost stays lost.
            slack, undecided = max(slack, finer), opened.lead
        return prices, undecided, False

    def sitting(self, opened: Open, rep_of: Ints, low: Floats) -> "_Core":
        """Return the core of the open leads where an answer has put them."""
        rest, settled = self.rest, rep_of.copy()
        settled[opened.lead] = -1
        groups = rest.groups(opened.lead)
        costs, flows = _seated(rest, groups, _pairs(rest, groups, opened), rep_of, low)
        left = rest.left_by(settled)
        return _Core(tree=rest.tree, left=left, groups=groups, costs=costs, flows=flows, rep_of=rep_of)


def _figures(rounds: int, opened: Open) -> dict[str, float]:
    return {"rounds": rounds, "open_leads": len(opened.lead), "open_pairs": len(opened.rep)}


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
    """The open leads, solved: who sits where; `rep_of` is the rep of every lead, open or not."""

    tree: LimitTree
    left: Room
    groups: Groups
    costs: Costs
    flows: tuple[Ints, Ints, Ints]
    rep_of: Ints

    def prices(
        self, low: Floats, noise: float = 0.0, high: Floats | None = None, proof: Ints | None = None
    ) -> tuple[Floats, float]:
        """Return the least prices above `low`, or from there to `high` or near it, and how far rounding moves them.

        `proof` are some whole prices at which the answer is best, which save the search for them; `noise` is what
        rounding at another scale may have made of the answer: so much is no reason for a price.
        """
        constraints = residual_constraints(self.costs, self.tree, self.left, *self.flows)
        if noise:
            # Beyond 2**60, noise exceeds every price and cost here, and nothing is a reason for a price.
            blur = int(np.ceil(min(np.ldexp(noise, self.costs.exponent), 2.0**60))) + 2
            constraints = constraints._replace(least=constraints.least - blur)
        floor = np.append(self.whole(low), 0)
        ceiling = None if high is None else np.append(self.whole(high) + 1, 0)
        known = None if proof is None else np.append(proof, 0)
        return self.costs.gain(potentials_above(constraints, floor, ceiling, known)[:-1]), float(self.costs.gain(4))

    def whole(self, prices: Floats) -> Ints:
        """Return prices in whole costs, rounded down."""
        return np.floor(np.ldexp(np.minimum(prices, self.costs.gain(2**60)), self.costs.exponent)).astype(np.int64)


def _seated(
    rest: Remainder, groups: Groups, pairs: Pairs, rep_of: Ints, low: Floats
) -> tuple[Costs, tuple[Ints, Ints, Ints]]:
    """Return the costs of some groups, and (group, rep, amount) as an answer has put them."""
    width = rest.problem.n_reps + 1
    group = np.repeat(np.arange(len(groups.size)), groups.size)
    sits = rep_of[np.searchsorted(rest.leads, groups.members)]
    key, amount = np.unique(group * width + sits + 1, return_counts=True)
    group, rep = np.divmod(key, width)
    costs = core_costs(rest.problem, groups, rest.tree, pairs, float(low.max(initial=0.0)))
    return costs, (group, rep - 1, amount)


def _nobody_takes(opened: Open) -> Bools:
    alone = opened.choice < 0
    alone[opened.lead] = False
    return alone


def _settled(opened: Open) -> Ints:
    """Return the rep of each lead that is settled, -1 for those that are open."""
    settled = opened.choice.copy()
    settled[opened.lead] = -1
    return settled


def _pairs(rest: Remainder, groups: Groups, opened: Open) -> Pairs:
    """Return the open pairs of each group of equal leads, which are those of any of its members."""
    place = np.searchsorted(rest.leads[opened.lead], groups.example)
    n = np.diff(opened.first)[place]
    group = np.repeat(np.arange(len(place)), n)
    rep = opened.rep[np.repeat(opened.first[place] - (np.cumsum(n) - n), n) + np.arange(int(n.sum()))]
    return Pairs(group=group, rep=rep, gain=rest.problem.affinity.at(groups.example[group], rep))
