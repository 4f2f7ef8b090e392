"""`Envelope`: millions of leads that share few rows of rates, priced by Newton steps on the dual.

The dual function is convex, and its derivatives cost no look at single leads: slots less loads are its gradient, and
how many leads a crossing of two lines passes over per unit of price is its curvature. A few dozen steps from the prices
of a sample bring every load to within a few leads of its slots. The leads near the crossings are what is left open, and
`finish` deals them out exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import InvalidInput
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.base import Answer, Near
from leadopt.solvers.capacities.alike_reps import solved_as_one
from leadopt.solvers.capacities.bids import Floor
from leadopt.solvers.capacities.descent import descend
from leadopt.solvers.capacities.finish import Box, finish
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.samples import price_within
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.every_pair import solve_every_pair
from leadopt.solvers.flow.infeasible import refuse_few_slots
from leadopt.solvers.flow.limit_tree import Room
from leadopt.solvers.oracles.envelopes import EnvelopeOracle

# Half and twice of each bring the same answer, factored 50,000 x 200 in .21 s of a core, and in as long, .18 to .24 s,
# but for what is said.
_SAMPLED = 10  # leads per rep in the sample that prices begin from; fewer where it is solved exactly, by plain loops
_SAMPLED_EXACTLY = 4
# Leads per row below which so many cells are refused, rows by reps: 6,000 x 50 of one lead each take 3.2 s of a core,
# and twice as many more than twice as long.
_SHARED_BY, _FEW_CELLS = 8, 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Exact for capacities alone; the fastest where many leads share few rows of rates and differ by their scale.

    Parameters
    ----------
    most_steps
        Newton steps on the dual at most; with fewer, prices are worse and more leads are left to the exact core. From
        the prices of a sample, 15 are as good as 150 (factored 50,000 x 200); a hint that is far off may need more
    open_leads
        how many leads of each rep the box around the prices leaves open on each side; half as many take as long, twice
        as many a fifth longer (factored 50,000 x 200)

    Notes
    -----
    A step of the descent costs O(rows x reps x pieces), whatever the number of leads, and little memory: 10 million
    leads of 200 rows by 1,000 reps take about as long as one million. Useless for a dense matrix, where every row has
    one lead: that belongs to `Auction`, and is refused from 500,000 pairs on.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming. doi:10.1007/BFb0120690.
    """

    most_steps: int = 150
    open_leads: float = 16.0
    name = "Envelope"
    untimed = None

    def refuses(self, problem: Problem) -> str | None:
        """Return whether there are limits besides capacity, or too many rows that hardly any leads share."""
        if problem.limits:
            return f"there are {len(problem.limits)} limits besides the capacities"
        affinity = problem.affinity
        if affinity.n_leads >= _SHARED_BY * affinity.n_rows or affinity.n_rows * affinity.n_reps <= _FEW_CELLS:
            return None
        shared = affinity.n_leads / affinity.n_rows
        return (
            f"it is for rows of rates that many leads share, and each of these {affinity.n_rows:,} is that of "
            f"{shared:.2g} on average: that would take minutes, and Auction takes seconds"
        )

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the best answer and its prices."""
        if reason := self.refuses(problem):
            raise InvalidInput(f"Envelope cannot solve this: {reason}")
        hint, rest = near.prices, Remainder.of(problem)
        refuse_few_slots(problem, rest.room, rest.leads)
        if (answer := solved_as_one(problem, near, partial(self.solve, meter=meter))) is not None:
            return answer
        if rest.n_pairs == 0 or rest.closed.all():
            return solve_every_pair(rest.problem, rest.tree, rest.room, rest.leads)
        meter.enter("price")
        oracle = EnvelopeOracle.of(problem.affinity, rest.leads, problem.reserve)
        start = np.zeros(problem.n_reps) if hint is None else hint
        try:
            start = _sampled_prices(rest, oracle, meter) if hint is None else hint
            descent = descend(oracle, rest.room.upper.astype(np.float64), start, meter, self.most_steps)
            start = np.where(rest.closed, 0.0, descent.prices)
            box = descent.box(self.open_leads)
            return finish(problem, rest.tree, rest.room, rest.leads, oracle, box, meter)
        except OutOfTime:
            # An answer that is not allowed is none: who must be placed is, however long that takes.
            return _so_far(rest, oracle, start) or self.solve(problem, replace(near, prices=start), Meter(meter.relay))


def _so_far(rest: Remainder, oracle: EnvelopeOracle, prices: Floats) -> Answer | None:
    """Return an allowed answer in which most leads have their best rep at some prices, None if one is left over."""
    charged = np.where(rest.closed, np.inf, prices)
    rep_of = oracle.open(charged, charged).choice
    order = np.argsort(rep_of, kind="stable")
    rank = np.arange(len(order)) - np.searchsorted(rep_of[order], rep_of[order])
    room = np.append(rest.room.upper, 0)
    rep_of[order[rank >= room[rep_of[order]]]] = -1
    rep_of = rest.placed(rep_of, prices)
    left_over = rest.all_placed and bool((rep_of < 0).any())
    return None if left_over else rest.answer(rep_of, prices, stopped=True)


def _sampled_prices(rest: Remainder, oracle: EnvelopeOracle, meter: Meter) -> Floats:
    """Return the prices of a small sample: leads at even places in order of row and scale, who stand for all."""
    meter.check()
    problem, leads = rest.problem, rest.leads
    size = (_SAMPLED if compiled() else _SAMPLED_EXACTLY) * problem.n_reps
    if 2 * size > len(leads):
        return np.zeros(problem.n_reps)
    places = (np.arange(size) * len(leads) + len(leads) // 2) // size
    sample = np.sort(leads[oracle.order[places]])
    slots = np.floor(rest.room.upper * (size / len(leads)) + 0.5).astype(np.int64)
    if compiled():
        floor = Floor.of(problem, sample, slots, np.zeros(problem.n_reps))
        floor.sell(floor.step(), 0.0, meter, begin=16.0)
        return np.where(slots > 0, floor.prices, 0.0)
    few = replace(rest, room=Room(lower=rest.room.lower, upper=slots), leads=sample)
    highest = np.full(problem.n_reps, rest.largest)
    return price_within(few, Box(low=np.zeros(problem.n_reps), high=highest), meter)
