"""Bids: leads bid for slots until nobody is outbid, and the prices are near the best ones.

A rep keeps its best bids, and its price is the lowest one kept. A lead bids for its best rep what that is worth to it
beyond its second best, from a short list of a few reps; it reads its row again only when the list can no longer prove
its best two.

References
----------
Bertsekas and Castanon (1989), The auction algorithm for the transportation problem. doi:10.1007/BF02186476
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import in_parts
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.capacities.bid_kernels import (
    Bids,
    Leads,
    Lists,
    Offers,
    Pace,
    PairsOf,
    Prices,
    Queue,
    Scratch,
    Seats,
    Slots,
    bid,
    count_possible,
    list_possible,
    refill,
    shortlist,
)
from leadopt.solvers.capacities.finish import Box
from leadopt.solvers.oracles.protocols import Open

# Half and twice of each bring the same answer, dense 10,000 x 100 and uniform 20,000 x 200, in .04 and .07 s of a core,
# and in as long but for what is said; times so short differ by a fifth.
_LISTED = 6  # reps on a lead's short list; half and twice: .06 and .05 s, and then .06 and .08 s
_STEP = 0.003  # of the mean margin between best and second best: what a bid adds
_ASKED = 1_000  # leads whose margins are looked at
_STEP_OF_SPREAD = 1e-5  # of the mean spread of a short list, at least
_BIDS = 8  # bids per lead before steps grow
_MORE = 2  # bids per lead before they grow again
_GROWTH = 8.0  # by how much
_SCALING = 4.0  # by how much they shrink when bids begin anew
_GROWTHS = 12  # times that they may; leads that must be placed and cannot be would bid for ever
_BACK = 2.0  # steps by which prices are lowered before bids begin anew
_PHASES = 6  # times that bids begin anew with smaller steps
_BIDS_A_LOOK = 300_000  # between looks at the clock, about 50 ms
_CELLS_A_LOOK = 50_000_000  # that leads read anew in as long
_FALL = 4.0  # standard errors by which the price of a rep that was not filled may have begun too high
_WIDTH = 5.0  # steps by which the final prices may be off


@dataclass(kw_only=True)
class Floor:
    """The leads of an auction, their short lists, and the bids that reps hold."""

    leads: Leads
    lists: Lists
    bids: Bids
    listed_at: Floats  # prices that are as high as those of every short list, or higher
    idle: int = 0  # slots that cost something and that nobody held when bids ended
    seats: Ints | None = None  # the rep of each lead, once it is not the holder of its bid any more

    @classmethod
    def of(cls, problem: Problem, leads: Ints, room: Ints, prices: Floats) -> Self:
        """Return an auction before the first bid, every lead's short list drawn up at the given prices."""
        affinity, n, m = problem.affinity, len(leads), len(room)
        n_listed = min(_LISTED, m)
        n_places = 4 * n + 16 * m  # a heap that outgrows its place moves to one of twice the size: that holds all
        floor = cls(
            leads=Leads(affinity.full_rates(), affinity.row[leads], affinity.scale[leads], problem.reserve),
            lists=Lists(np.empty((n, n_listed), dtype=np.int32), np.empty((n, n_listed)), np.empty(n)),
            bids=Bids(
                room=np.minimum(room, n),
                prices=np.where(room > 0, prices, np.inf),
                bids=np.empty(n_places),
                bidders=np.empty(n_places, dtype=np.int32),
                first=np.zeros(m, dtype=np.int64),
                allotted=np.zeros(m, dtype=np.int64),
                held=np.zeros(m, dtype=np.int64),
            ),
            listed_at=np.where(room > 0, prices, np.inf),
        )

        def draw_up(start: int, stop: int) -> None:
            shortlist(floor.leads, floor.lists, floor.bids.prices, start, stop, Scratch.of(m, n_listed))

        in_parts(n, m, draw_up)
        return floor

    @property
    def prices(self) -> Floats:
        """What a slot of each rep costs, (n_reps,); inf = it has none."""
        return self.bids.prices

    def step(self) -> float:
        """Return what a bid should add: little beside the mean margin of the best option over the second best."""
        some = slice(None, None, 1 + len(self.lists.gains) // _ASKED)
        after = self.lists.gains[some] - self.prices[self.lists.reps[some]]
        options = np.column_stack([after, np.full(len(after), self.leads.reserve)])
        options.sort(axis=1)
        options = options[np.isfinite(options[:, -2])]
        margins = options[:, -1] - options[:, -2]
        # Where everything is tied, margins say nothing: the spread of the short lists does, or how far the pool is.
        usual = [_typical(_spread(few)) for few in (after, options)]
        spread = usual[0] or usual[1]
        return max(_STEP * _typical(margins), _STEP_OF_SPREAD * spread, 5e-324)

    def sell(self, step: float, noise: float, meter: Meter, begin: float = 1.0, most_growth: float = np.inf) -> float:
        """Let all leads bid until nobody is outbid, and return the step that the prices are good to.

        Where bids chase each other in small steps, steps grow; then prices are lowered and bids begin anew with smaller
        ones. `noise` is how far the prices of reps that stay unfilled may have begun too high, `begin` how many times
        the step the first ones are. Where time runs out, leads are left waiting, and the step is inf; so it is where
        steps have grown by more than `most_growth` at first.
        """
        reached = self._bid(begin * step, _BIDS, meter)
        if reached > most_growth * begin * step:
            return np.inf
        highest = self.prices.copy()
        for _ in range(_PHASES):
            if reached <= _SCALING * step or meter.left_s <= 0:
                break
            kept = self.bids.copy()
            self._lower(_BACK * reached, max(_FALL * noise, _WIDTH * reached))
            before, reached = reached, self._bid(max(step, reached / _SCALING), 2 * _BIDS, meter)
            highest = np.maximum(highest, self.prices)
            if reached >= before:
                self.bids, reached = kept, before
                break
        self.listed_at = highest
        room, held = self.bids.room, self.bids.held
        self.idle = int((room - held)[(self.prices > 0) & (room > 0)].sum())
        if meter.left_s > 0 and self.idle:
            self._refill(reached)
        return reached

    def _lower(self, usual: float, unfilled: float) -> None:
        room, prices = self.bids.room, self.prices
        open_ = room > 0
        fall = np.where(self.bids.held < room, unfilled, usual)[open_]
        lowered = np.maximum(prices[open_] - fall, 0.0)
        self.lists.left_out[:] += float((prices[open_] - lowered).max(initial=0.0))
        prices[open_] = lowered

    def _bid(self, step: float, patience: int, meter: Meter) -> float:
        """Let all leads bid anew; return the step at the end, larger after too many bids, inf if time ran out."""
        (n, n_listed), m = self.lists.gains.shape, len(self.prices)
        waiting, n_waiting = np.arange(n, dtype=np.int32)[::-1].copy(), n
        self.bids.held[:] = self.bids.allotted[:] = 0
        end, left, scratch = 0, patience * n + 1000, Scratch.of(m, n_listed)
        finite = self.lists.gains[np.isfinite(self.lists.gains)]
        spread = float(np.ptp(finite)) if len(finite) else 0.0
        growths, most_scans = 0, 1 + _CELLS_A_LOOK // m
        while n_waiting and growths < _GROWTHS:
            if meter.left_s <= 0:
                return np.inf
            meter.still("price")
            pace = Pace(step, spread + step, min(left, _BIDS_A_LOOK), most_scans)
            n_waiting, end, made, _ = bid(self.leads, self.lists, self.bids, waiting, n_waiting, end, pace, scratch)
            left -= made
            if left <= 0:
                step, left, growths = _GROWTH * step, _MORE * n + 1000, growths + 1
        return step

    def _refill(self, step: float) -> None:
        """Let reps that cost something and are not filled lower their prices."""
        (n, n_listed), m = self.lists.reps.shape, len(self.prices)
        rep_of, gain_of = self.holders(), np.zeros(n)
        placed = np.flatnonzero(rep_of >= 0)
        gain_of[placed] = self.leads.rates[self.leads.row[placed], rep_of[placed]] * self.leads.scale[placed]
        reps = self.lists.reps.reshape(-1)
        listed = np.argsort(reps.astype(np.int16) if m < 2**15 else reps, kind="stable")  # radix sort on 16 bits
        first = np.concatenate([[0], np.cumsum(np.bincount(reps, minlength=m))])
        pairs = PairsOf(first, listed // n_listed, self.lists.gains.reshape(-1)[listed], self.leads.reserve)
        slots, offers = (
            Slots(self.bids.room, self.bids.prices, self.bids.held),
            Offers(self.bids.bids, self.bids.bidders),
        )
        refill(pairs, slots, offers, Seats(rep_of, gain_of), step, _BIDS * n, Queue.of(m))
        self.seats = rep_of

    def holders(self) -> Ints:
        """Return the rep of each lead, -1 = none."""
        if self.seats is not None:
            return self.seats
        rep_of, bids = np.full(len(self.leads.row), -1, dtype=np.int64), self.bids
        for rep, (first, held) in enumerate(zip(bids.first.tolist(), bids.held.tolist(), strict=True)):
            rep_of[bids.bidders[first : first + held]] = rep
        return rep_of

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what a box of prices leaves open, from the short lists where they suffice."""
        n, n_listed = self.lists.reps.shape
        with np.errstate(invalid="ignore"):
            fall = np.where(np.isfinite(low), self.listed_at - low, 0.0)
        usual, dropped = _usual_fall(fall)
        choice, n_possible = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
        leads, lists, box = self.leads, self.lists, Prices(low, high)

        def count(start: int, stop: int) -> None:
            scratch = Scratch.of(len(low), n_listed)
            count_possible(leads, lists, box, dropped, usual, start, stop, choice, n_possible, scratch)

        in_parts(n, n_listed, count)
        self.listed_at = low
        lead = np.flatnonzero(n_possible)
        first = np.concatenate([[0], np.cumsum(n_possible[lead])]).astype(np.int64)
        rep = np.empty(first[-1], dtype=np.int64)
        list_possible(leads, lists, box, lead, first, rep, Scratch.of(len(low), n_listed))
        return Open(choice=choice, lead=lead, first=first, rep=rep)

    def box(self, start: Floats, noise: float, step: float) -> Box:
        """Return the box around the final prices, given those at the start, their noise, and the step reached.

        A rep that was not filled began too dear, and may end anywhere below.
        """
        short = (self.bids.held < self.bids.room) & (start > 0)
        prices = np.where(self.bids.room > 0, self.prices, 0.0)
        return Box.around(prices, below=np.where(short, _FALL * noise, _WIDTH * step), above=_WIDTH * step)


def _usual_fall(fall: Floats) -> tuple[float, Ints]:
    """Return how far prices fell, but for few reps that fell much farther: these are looked at one by one."""
    n_few = len(fall) // 16
    most = max(float(np.partition(fall, len(fall) - 1 - n_few)[len(fall) - 1 - n_few]), 0.0)
    far = np.flatnonzero(fall > 3.0 * most)
    others = np.delete(fall, far)
    return max(float(others.max(initial=0.0)), 0.0), far


def _spread(options: Floats) -> Floats:
    """Return how far the options of each lead lie apart; below 0 where there are none."""
    with np.errstate(invalid="ignore"):
        lowest = np.where(np.isfinite(options), options, np.inf).min(axis=1, initial=np.inf)
        return np.asarray(options.max(axis=1, initial=-np.inf) - lowest)


def _typical(margins: Floats) -> float:
    """Return the mean of the positive ones, or, where few huge ones make it, some medians."""
    positive = margins[margins > 0]
    return min(float(positive.mean()), 4.0 * float(np.median(positive))) if len(positive) else 0.0
