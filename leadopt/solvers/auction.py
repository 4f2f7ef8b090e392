"""`Auction`: price by competition, prune by the prices, solve exactly what they leave open.

1. **Price.** Where loops are compiled, leads bid for slots until nobody is outbid (`bids`), from prices that samples of
   them paid (`samples`). Elsewhere ever larger samples are solved exactly, each within the box of prices of the last.
2. **Prune, solve.** The prices are near enough for `finish` to settle most leads and to solve the others exactly.

Where gains tie, exactly or nearly, bids rise by next to nothing and prices leave nearly everything open: then compiled
loops find prices by Newton steps, and the answer by moves of leads between reps (`newton`, which says when). Where
leads want the same reps and a sample bids on and on, a simplex over the rows of gains takes its place (`row_simplex`).

Prices of an earlier match take the place of the samples. When time is over, leads stay where they are, and those that
wait are placed on free slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.base import Answer, Near
from leadopt.solvers.capacities.alike_reps import solved_as_one
from leadopt.solvers.capacities.bids import Floor
from leadopt.solvers.capacities.finish import finish
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.newton import are_worth_steps, jolt_of, solve_by_newton, solve_contested
from leadopt.solvers.capacities.pair_bids import PairFloor
from leadopt.solvers.capacities.row_simplex import sampled_by_simplex, seated
from leadopt.solvers.capacities.samples import (
    MOST_GROWTH,
    Contested,
    boxes_by_samples,
    least_sample,
    row_oracle,
    sampled_prices,
)
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.equal_leads import distinct_share
from leadopt.solvers.flow.every_pair import flow_seconds, in_part_of_time, solve_every_pair
from leadopt.solvers.flow.infeasible import refuse_few_slots

_ALIKE = 0.25  # share of distinct leads up to which merging them is worth more than prices
_MISLED = 0.1  # idle slots, by lead, from which on a hint is forgotten: its prices are far too high
# Times the least sample: fewer leads go straight to a flow, as `sampled_prices` draws no sample of more than an eighth.
_WORTH_SAMPLES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Auction:
    """Exact for capacities alone; the fastest for large dense gains, and the one that keeps a time limit.

    Parameters
    ----------
    compiled
        True = by bids, in compiled loops; False = by samples, in numpy and flows; None = by bids if loops are compiled
        (`leadopt.compiled`)
    sampled
        share of the leads in each of two samples that bid before all do; half of it takes a third longer on dense gains
        10,000 x 100, twice as much a tenth, and little changes on whole ones. In numpy, samples are as large as they
        must be

    Notes
    -----
    Time grows a little more than the pairs of leads and reps: about ten reads of the matrix. Memory beyond the gains:
    about 150 bytes a lead. Bids run without the GIL.

    References
    ----------
    Bertsekas and Castanon (1989), The auction algorithm for the transportation problem. doi:10.1007/BF02186476
    """

    compiled: bool | None = None
    sampled: float = 0.03
    untimed = None

    @property
    def name(self) -> str:
        """What a match calls it: "Auction", or "Auction (numpy)" where nothing is compiled."""
        return "Auction" if self._bids else "Auction (numpy)"

    @property
    def _bids(self) -> bool:
        return compiled() if self.compiled is None else self.compiled

    def refuses(self, problem: Problem) -> str | None:
        """Return whether there are limits besides capacity."""
        return f"there are {len(problem.limits)} limits besides the capacities" if problem.limits else None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the best answer and its prices."""
        if reason := self.refuses(problem):
            raise InvalidInput(f"Auction cannot solve this: {reason}")
        if self.compiled and not compiled():
            raise InvalidInput(
                "Auction(compiled=True) needs compiled loops, and leadopt was installed without a C compiler: "
                "install one, then leadopt anew"
            )
        rest = Remainder.of(problem)
        refuse_few_slots(problem, rest.room, rest.leads)
        if (answer := solved_as_one(problem, near, partial(self.solve, meter=meter))) is not None:
            return answer
        draft = _Draft.begun(rest, near.prices)
        try:
            return self._solve(rest, near.prices, meter, draft)
        except OutOfTime:
            # An answer that is not allowed is none: who must be placed is, however long that takes.
            return draft.answer() or self._solve(rest, draft.prices, Meter(meter.relay), draft)

    def _solve(self, rest: Remainder, hint: Floats | None, meter: Meter, draft: _Draft) -> Answer:
        if (answer := self._by_flow(rest, meter)) is not None:
            return answer
        meter.check()
        meter.enter("price")
        if self._bids and rest.problem.affinity.is_sparse:
            return _finish_pairs(rest, meter, draft)
        if self._bids:
            jolt = jolt_of(rest)
            found = None if jolt is None else solve_by_newton(rest, jolt, hint, meter)
            return found or self._by_bids(rest, hint, meter, draft)
        return _finish_samples(rest, hint, meter, draft)

    def _by_bids(self, rest: Remainder, hint: Floats | None, meter: Meter, draft: _Draft) -> Answer:
        try:
            most_growth = MOST_GROWTH if are_worth_steps(rest) else np.inf
            return _finish_bids(rest, hint, self.sampled, meter, draft, most_growth)
        except Contested:
            draft.sit(draft.start, meter)
            draft.start = draft.prices = sampled_by_simplex(rest, meter) if hint is None else hint
            draft.sit(draft.prices, meter)
        answer = solve_contested(rest, draft.prices, meter)
        return answer or _finish_bids(rest, hint, self.sampled, meter, draft, np.inf)

    def _by_flow(self, rest: Remainder, meter: Meter) -> Answer | None:
        """Return the answer as one flow, where that is the faster way and is found in a part of the time."""
        share = self._share_at_once(rest)
        if share is None or meter.left_s <= flow_seconds(share * rest.n_pairs):
            return None
        return in_part_of_time(partial(solve_every_pair, rest.problem, rest.tree, rest.room, rest.leads), meter)

    def _share_at_once(self, rest: Remainder) -> float | None:
        """Return the share of the pairs in a flow that is faster than prices would be, None if prices are."""
        if rest.n_pairs == 0 or rest.closed.all():
            return 0.0
        if rest.problem.affinity.is_sparse:
            return None if self._bids else 1.0
        if not self._bids and len(rest.leads) < _WORTH_SAMPLES * least_sample(rest.problem):
            return 1.0
        return distinct_share(rest.problem.affinity, rest.leads, _ALIKE)


@dataclass(kw_only=True)
class _Draft:
    """What is known while a solve is under way: prices, and the rep of each lead (-1 = it waits).

    Bids that are interrupted may have driven prices beyond all reason: those at the `start` may bound more.
    """

    rest: Remainder
    start: Floats
    prices: Floats
    rep_of: Ints

    @classmethod
    def begun(cls, rest: Remainder, hint: Floats | None) -> _Draft:
        """Return the draft in which everybody waits."""
        prices = np.zeros(rest.problem.n_reps) if hint is None else hint
        return cls(rest=rest, start=prices, prices=prices, rep_of=np.full(len(rest.leads), -1, dtype=np.int64))

    def sit(self, prices: Floats, meter: Meter) -> None:
        """Give leads in turn the best slot that is left at some prices, if time may end."""
        if meter.limit_s is not None:
            self.rep_of = seated(self.rest, prices)

    def answer(self) -> Answer | None:
        """Return the draft with who waits placed where there is room, None if somebody must be placed and is not."""
        rep_of = self.rest.placed(self.rep_of, self.prices)
        if self.rest.all_placed and (rep_of < 0).any():
            return None
        return min(
            (self.rest.answer(rep_of, prices, stopped=True) for prices in (self.prices, self.start)),
            key=lambda answer: self.rest.bound(answer.prices),
        )


def _finish_bids(
    rest: Remainder,
    hint: Floats | None,
    sampled: float,
    meter: Meter,
    draft: _Draft,
    most_growth: float,
) -> Answer:
    """Return the answer from prices that leads bid, in compiled loops; raise `Contested` where they bid on and on."""
    if hint is None:
        start, noise = sampled_prices(
            rest.problem, rest.leads, rest.room, share=sampled, meter=meter, most_growth=most_growth
        )
    else:
        start, noise = hint, 0.0
    draft.start = draft.prices = start
    meter.check()
    floor = Floor.of(rest.problem, rest.leads, rest.room.upper, start)
    step = floor.sell(floor.step(), noise, meter, most_growth=most_growth)
    draft.prices, draft.rep_of = np.where(rest.closed, 0.0, floor.prices), floor.holders()
    meter.check()
    if step == np.inf:
        raise Contested
    if hint is not None and floor.idle > _MISLED * len(rest.leads):
        return _finish_bids(rest, None, sampled, meter, draft, most_growth)
    box = floor.box(start, noise, step)
    return finish(rest.problem, rest.tree, rest.room, rest.leads, floor, box, meter)


def _finish_pairs(rest: Remainder, meter: Meter, draft: _Draft) -> Answer:
    """Return the answer from prices that leads bid who read all their pairs, as these are few."""
    floor = PairFloor.of(rest)
    step = floor.sell(floor.step(), meter)
    draft.prices, draft.rep_of = floor.prices, floor.holders()
    meter.check()
    if (prices := floor.proved(draft.rep_of)) is not None:
        return rest.answer(draft.rep_of, prices)
    box = floor.box(step)
    return finish(rest.problem, rest.tree, rest.room, rest.leads, floor, box, meter, proved=floor.proved)


def _finish_samples(rest: Remainder, hint: Floats | None, meter: Meter, draft: _Draft) -> Answer:
    """Return the answer from prices of samples that are solved exactly, by numpy and flows."""
    for box in boxes_by_samples(rest, hint, meter):
        draft.prices = box.middle
    return finish(rest.problem, rest.tree, rest.room, rest.leads, row_oracle(rest), box, meter)
