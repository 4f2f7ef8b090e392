"""Bids where few pairs are eligible: leads read all of theirs, and prices begin at nothing.

Prices that only rise from 0 leave no rep that costs something and has a free slot, so that nobody has to lower any.

References
----------
Bertsekas and Castanon (1989), The auction algorithm for the transportation problem. doi:10.1007/BF02186476
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.progress import Meter
from leadopt.solvers.capacities.bid_kernels import Offers, PairsOf, Queue, Seats, Slots, refill
from leadopt.solvers.capacities.finish import Box
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.pair_bid_kernels import (
    Heaps,
    Sitting,
    bid_for_pairs,
    least_prices,
)
from leadopt.solvers.capacities.samples import row_oracle
from leadopt.solvers.oracles.protocols import Open

_STEP = 1e-4  # of the mean margin between best and second best: what a bid adds
_STEP_OF_SPREAD = 1e-6  # of the spread of the gains, at least
_BIDS = 12  # bids per lead before all begin anew with larger steps
_MOST = 40  # bids per lead with larger steps; leads that must be placed and cannot be would bid for ever
_BEGIN = 1 / 32  # of the spread: the largest step
_SCALING = 8.0  # by which steps shrink
_BACK = 2.0  # steps by which prices are lowered then
_BIDS_A_LOOK = 300_000  # between looks at the clock
_SLACK = 1e-14  # of the largest gain: what rounding can make of a round of exchanges that changes nothing
_WIDTH = 5.0  # steps by which the final prices may be off


@dataclass(kw_only=True)
class PairFloor:
    """The leads of an auction with their eligible pairs, and the bids that reps hold."""

    rest: Remainder
    pairs: SparseRows
    market: Heaps
    seats: Ints | None = None  # the rep of each lead, once it is not the holder of its bid any more

    @classmethod
    def of(cls, rest: Remainder) -> Self:
        """Return an auction before the first bid."""
        pairs = rest.problem.affinity.pairs(rest.leads if len(rest.leads) < rest.problem.n_leads else None)
        if rest.closed.any():  # what nobody can have is no measure of steps
            pairs = pairs.only(~rest.closed[pairs.rep])
        asked = np.bincount(pairs.rep, minlength=rest.problem.n_reps)
        room = np.minimum(np.maximum(rest.room.upper, 0), asked)
        n_places = int(room.sum())
        market = Heaps(
            room=room,
            prices=np.where(rest.closed, np.inf, 0.0),
            bids=np.empty(n_places),
            bidders=np.empty(n_places, dtype=np.int32),
            first=np.cumsum(room) - room,
            held=np.zeros(len(room), dtype=np.int64),
        )
        return cls(rest=rest, pairs=pairs, market=market)

    @property
    def prices(self) -> Floats:
        """The prices so far, 0 for those who have no slot."""
        return np.where(self.rest.closed, 0.0, self.market.prices)

    def step(self) -> float:
        """Return what a bid should add: little beside the mean margin of the best option over the second best."""
        pairs, reserve = self.pairs, self.rest.problem.reserve
        best = pairs.best(reserve)
        others = pairs.only(pairs.gain < np.repeat(best, pairs.n_of_row)).best(reserve)
        with np.errstate(invalid="ignore"):  # a lead that nobody may have
            margin = best - others
        margin = margin[np.isfinite(margin) & (margin > 0)]
        typical = min(float(margin.mean()), 4.0 * float(np.median(margin))) if len(margin) else 0.0
        return max(_STEP * typical, _STEP_OF_SPREAD * self._spread, 5e-324)

    @property
    def _spread(self) -> float:
        return float(np.ptp(self.pairs.gain)) if self.pairs.n_pairs else 0.0

    @property
    def _by_lead(self) -> PairsOf:
        return PairsOf(self.pairs.first, self.pairs.rep, self.pairs.gain, self.rest.problem.reserve)

    def sell(self, step: float, meter: Meter) -> float:
        """Let all leads bid until nobody is outbid, and return the step that the prices are good to.

        Where bids chase each other in small steps, all begin anew with large ones, and again with smaller ones from
        prices somewhat below those reached: then reps may cost something and not be filled, and lower their prices.
        Where time runs out, leads are left waiting, and the step is inf.
        """
        if self._bid(step, _BIDS * len(self.pairs) + 1000, meter):
            return step
        prices, open_, lowest = self.market.prices, self.market.room > 0, step
        prices[open_], step = 0.0, max(_BEGIN * self._spread, lowest)
        while self._bid(step, _MOST * len(self.pairs), meter) and step > lowest:
            prices[open_] = np.maximum(prices[open_] - _BACK * step, 0.0)
            step = max(step / _SCALING, lowest)
        if meter.left_s <= 0:
            return np.inf
        self._refill(step)
        return step

    def _bid(self, step: float, left: int, meter: Meter) -> bool:
        """Let all leads bid anew, so many times at most; return whether nobody is left waiting."""
        pairs, lone_step, n_waiting = self._by_lead, self._spread + step, len(self.pairs)
        waiting = np.arange(n_waiting, dtype=np.int32)[::-1].copy()
        self.market.held[:] = 0
        while n_waiting and left > 0:
            if meter.left_s <= 0:
                return False
            meter.still("price")
            most = min(left, _BIDS_A_LOOK)
            n_waiting, made = bid_for_pairs(pairs, self.market, waiting, n_waiting, step, lone_step, most)
            left -= made
        return not n_waiting

    def _refill(self, step: float) -> None:
        """Let reps that cost something and are not filled lower their prices."""
        pairs, rep_of, n_reps = self.pairs, self.holders(), len(self.market.room)
        placed, order = np.flatnonzero(rep_of >= 0), np.argsort(self.pairs.rep, kind="stable")
        gain_of = np.zeros(len(rep_of))
        gain_of[placed] = pairs.at(placed, rep_of[placed])
        first = np.concatenate([[0], np.cumsum(np.bincount(pairs.rep, minlength=n_reps))]).astype(np.int64)
        by_rep = PairsOf(first, pairs.row[order], pairs.gain[order], self.rest.problem.reserve)
        most = int(self.market.room.max(initial=0)) + 1
        slots = Slots(self.market.room, self.market.prices, self.market.held)
        offers = Offers(np.empty(most), np.empty(most, dtype=np.int32))
        refill(by_rep, slots, offers, Seats(rep_of, gain_of), step, _BIDS * len(rep_of), Queue.of(n_reps))
        self.seats = rep_of

    def holders(self) -> Ints:
        """Return the rep of each lead, -1 = none."""
        if self.seats is not None:
            return self.seats
        rep_of, held = np.full(len(self.pairs), -1, dtype=np.int64), self.market.held
        place = np.repeat(self.market.first - (np.cumsum(held) - held), held) + np.arange(int(held.sum()))
        rep_of[self.market.bidders[place]] = np.repeat(np.arange(len(held)), held)
        return rep_of

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what a box of prices leaves open."""
        return row_oracle(self.rest).open(low, high)

    def proved(self, rep_of: Ints) -> Floats | None:
        """Return the least prices that prove an answer the best, from a look at all pairs; None if it is not."""
        rest, m = self.rest, self.rest.problem.n_reps
        if rest.all_placed and (rep_of < 0).any():
            return None
        load = np.bincount(rep_of + 1, minlength=m + 1)
        placed = np.flatnonzero(rep_of >= 0)
        gain_of = np.zeros(len(rep_of))
        gain_of[placed] = self.pairs.at(placed, rep_of[placed])
        sitting = Sitting(
            first=np.concatenate([[0], np.cumsum(load[1:])]).astype(np.int64),
            leads=np.argsort(rep_of, kind="stable")[load[0] :],
            closed=rest.closed,
            has_room=load[1:] < rest.room.upper,
        )
        prices = np.zeros(m)
        found = least_prices(self._by_lead, Seats(rep_of, gain_of), sitting, _SLACK * rest.largest, prices, Queue.of(m))
        return prices if found else None

    def box(self, step: float) -> Box:
        """Return the box around the final prices, given the step reached."""
        return Box.around(self.prices, below=_WIDTH * step, above=_WIDTH * step)
