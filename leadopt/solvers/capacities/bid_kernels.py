"""The loops of `Auction`: scanning rows for their best reps, bidding, pruning.

Threads work on parts of the leads that the caller cuts, each with a `Scratch` of its own. Comparisons are written so
that a NaN (0 x -inf: worth nothing, and not eligible) never wins.
"""

from typing import NamedTuple, Self

import numpy as np

from leadopt.arrays import Bools, Floats, Floats2, Ints, Shorts, Shorts2
from leadopt.solvers.compiled import kernel
from leadopt.solvers.oracles.nearest_kernels import bar_of


class Leads(NamedTuple):
    """Leads that each gain ``rates[row[lead]] * scale[lead]``, or the reserve where nobody gets them."""

    rates: Floats2
    row: Ints
    scale: Floats
    reserve: float


class Lists(NamedTuple):
    """The short list of each lead: a few reps with their gains, and what all others leave after prices at most."""

    reps: Shorts2
    gains: Floats2
    left_out: Floats


class Bids(NamedTuple):
    """The slots of reps, their prices, and the bids that they hold.

    The bids of each rep are a heap in ``bids[first : first + allotted]`` of which `held` are filled.
    """

    room: Ints
    prices: Floats
    bids: Floats
    bidders: Shorts
    first: Ints
    allotted: Ints
    held: Ints

    def copy(self) -> "Bids":
        """Return the same in arrays of its own."""
        room, prices, bids, bidders, first, allotted, held = self
        return Bids(room, prices.copy(), bids.copy(), bidders.copy(), first.copy(), allotted.copy(), held.copy())


class Pace(NamedTuple):
    """What a bid adds, what one adds of a lead without a second option, and after how many bids and scans to stop."""

    step: float
    lone_step: float
    most_bids: int
    most_scans: int


class Scratch(NamedTuple):
    """What a scan of a row writes on: the row after prices, candidates, and the best few."""

    after: Floats
    found: Ints
    reps: Shorts
    gains: Floats
    reduced: Floats

    @classmethod
    def of(cls, n_reps: int, n_listed: int) -> Self:
        """Return one for short lists of so many reps."""
        return cls(
            after=np.empty(n_reps),
            found=np.empty(n_reps, dtype=np.int64),
            reps=np.empty(n_listed + 1, dtype=np.int32),
            gains=np.empty(n_listed + 1),
            reduced=np.empty(n_listed + 1),
        )


def best_of_row(rates: Floats, scale: float, prices: Floats, scratch: Scratch) -> None:
    """Write the best reps of one row after prices, best first: rep, gain, and gain less price (-inf where none).

    Only those are put in order that meet the bar, which as many do as there are places, and few others.
    """
    after, found, reps, gains, reduced = scratch
    n_reps, n_kept = len(rates), len(reps)
    for rep in range(n_reps):
        after[rep] = rates[rep] * scale - prices[rep]
    bar = bar_of(after, n_reps, n_kept)
    n_found = 0
    for rep in range(n_reps):
        found[n_found] = rep
        n_found += after[rep] >= bar
    for k in range(n_kept):
        reps[k], gains[k], reduced[k] = 0, -np.inf, -np.inf
    for k in range(n_found):
        rep = found[k]
        value = after[rep]
        if value > reduced[n_kept - 1]:
            place = n_kept - 1
            while place > 0 and value > reduced[place - 1]:
                reps[place], reduced[place] = reps[place - 1], reduced[place - 1]
                place -= 1
            reps[place], reduced[place] = rep, value
    for place in range(n_kept):
        if reduced[place] > -np.inf:
            gains[place] = rates[reps[place]] * scale


def draw_up(leads: Leads, lists: Lists, prices: Floats, lead: int, scratch: Scratch) -> None:
    """Write the short list of a lead."""
    best_of_row(leads.rates[leads.row[lead]], leads.scale[lead], prices, scratch)
    n_listed = lists.reps.shape[1]
    for k in range(n_listed):
        lists.reps[lead, k], lists.gains[lead, k] = scratch.reps[k], scratch.gains[k]
    lists.left_out[lead] = scratch.reduced[n_listed]


@kernel
def shortlist(leads: Leads, lists: Lists, prices: Floats, start: int, stop: int, scratch: Scratch) -> None:
    """Write the best few reps of every lead from `start` to `stop`, and the best reduced gain among all others."""
    for lead in range(start, stop):
        draw_up(leads, lists, prices, lead, scratch)


def sift_up(bids: Floats, bidders: Shorts, first: int, size: int, bid: float, bidder: int) -> None:
    """Add a bid to a heap of `size` bids that begins at `first`; the lowest one is on top."""
    place = size
    while place > 0:
        above = (place - 1) // 2
        if bids[first + above] <= bid:
            break
        bids[first + place], bidders[first + place] = bids[first + above], bidders[first + above]
        place = above
    bids[first + place], bidders[first + place] = bid, bidder


def replace_lowest(bids: Floats, bidders: Shorts, first: int, size: int, bid: float, bidder: int) -> int:
    """Put a bid in place of the lowest one, and return whose that was."""
    out = int(bidders[first])
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and bids[first + below + 1] < bids[first + below]:
            below += 1
        if bids[first + below] >= bid:
            break
        bids[first + place], bidders[first + place] = bids[first + below], bidders[first + below]
        place = below
    bids[first + place], bidders[first + place] = bid, bidder
    return out


@kernel
def bid(
    leads: Leads, lists: Lists, market: Bids, waiting: Shorts, n_waiting: int, end: int, pace: Pace, scratch: Scratch
) -> tuple[int, int, int, int]:
    """Let waiting leads bid until none waits or so much is done; return (n_waiting, end, bids made, rows scanned).

    A lead bids for its best rep what that rep is worth to it beyond its second best, and a step more. A rep keeps its
    `room` best bids; once it is full its price is the lowest of them, and who is outbid waits again. A lead whose short
    list can no longer prove its best two reads its whole row. A heap of bids moves to `end` when it outgrows its place.
    """
    room, prices, bids, bidders, first, allotted, held = market
    reps, gains, left_out = lists
    n_bids, n_scans = 0, 0
    while n_waiting > 0 and n_bids < pace.most_bids and n_scans < pace.most_scans:
        n_waiting -= 1
        lead = waiting[n_waiting]
        listed, worth = reps[lead], gains[lead]
        while True:
            best, second, place = leads.reserve, -np.inf, -1
            for option in range(len(listed)):
                value = worth[option] - prices[listed[option]]
                if value > best:
                    best, second, place = value, best, option
                elif value > second:
                    second = value
            if second >= left_out[lead]:
                break
            n_scans += 1
            draw_up(leads, lists, prices, lead, scratch)
        if place < 0:
            continue
        n_bids += 1
        rep = listed[place]
        offer = worth[place] - second + pace.step if second > -np.inf else prices[rep] + pace.lone_step
        if held[rep] < room[rep]:
            if held[rep] == allotted[rep]:
                wider = min(2 * allotted[rep] + 8, room[rep])
                for k in range(held[rep]):
                    bids[end + k], bidders[end + k] = bids[first[rep] + k], bidders[first[rep] + k]
                first[rep], allotted[rep] = end, wider
                end += wider
            sift_up(bids, bidders, first[rep], held[rep], offer, lead)
            held[rep] += 1
        else:
            waiting[n_waiting] = replace_lowest(bids, bidders, first[rep], held[rep], offer, lead)
            n_waiting += 1
        if held[rep] == room[rep]:
            prices[rep] = bids[first[rep]]
    return n_waiting, end, n_bids, n_scans


class Queue(NamedTuple):
    """Reps that wait for their turn, in a ring, and who they are."""

    reps: Ints
    waits: Bools

    @classmethod
    def of(cls, n_reps: int) -> Self:
        """Return one that is written over."""
        return cls(reps=np.empty(n_reps, dtype=np.int64), waits=np.empty(n_reps, dtype=np.bool_))


class PairsOf(NamedTuple):
    """Eligible pairs, by lead or by rep: those of one are ``first[one] : first[one + 1]``, with the `other` of each."""

    first: Ints
    other: Ints
    gain: Floats
    reserve: float


class Slots(NamedTuple):
    """The slots of reps, their prices, and how many are held."""

    room: Ints
    prices: Floats
    held: Ints


class Offers(NamedTuple):
    """A heap of offers for one rep's slots, the lowest on top, which is written over: one place more than any has."""

    bids: Floats
    bidders: Shorts


class Seats(NamedTuple):
    """Where each lead is, -1 = pool, and what it gains there."""

    rep_of: Ints
    gain_of: Floats


@kernel
def refill(
    pairs: PairsOf, slots: Slots, offers: Offers, seats: Seats, step: float, most_moves: int, queue: Queue
) -> int:
    """Let reps that cost something and have free slots lower their prices until they are filled; return the moves left.

    The bids in reverse: a rep offers its slots to the leads of its `pairs`, which pay most for leaving where they are,
    at the price at which one lead more would come. Who loses a lead does the same in turn; at price 0 a rep may stay
    unfilled.
    """
    first, lead_of, gain, reserve = pairs
    room, prices, held = slots
    bids, bidders = offers
    rep_of, gain_of = seats
    reps, waits = queue
    n_reps = len(room)
    head, n_queued = 0, 0
    for rep in range(n_reps):
        waits[rep] = held[rep] < room[rep] and prices[rep] > 0.0
        if waits[rep]:
            reps[n_queued] = rep
            n_queued += 1
    while n_queued > 0 and most_moves > 0:
        rep = reps[head]
        head, n_queued, waits[rep] = (head + 1) % n_reps, n_queued - 1, False
        free = room[rep] - held[rep]
        n_offers = 0
        for k in range(first[rep], first[rep + 1]):
            here = rep_of[lead_of[k]]
            if here == rep:
                continue
            worth = gain_of[lead_of[k]] - prices[here] if here >= 0 else reserve
            offer = gain[k] - worth
            if not offer > 0.0:
                continue
            if n_offers <= free:
                sift_up(bids, bidders, 0, n_offers, offer, k)
                n_offers += 1
            elif offer > bids[0]:
                replace_lowest(bids, bidders, 0, n_offers, offer, k)
        lowest = 0
        if n_offers > free:  # the lowest offer gets no slot, and sets the price
            prices[rep] = min(prices[rep], max(bids[0] - step, 0.0))
            lowest = 1
        else:
            prices[rep] = 0.0
        for k in range(lowest, n_offers):
            lead = lead_of[bidders[k]]
            here = rep_of[lead]
            if here >= 0:
                held[here] -= 1
                if prices[here] > 0.0 and not waits[here]:
                    reps[(head + n_queued) % n_reps], waits[here] = here, True
                    n_queued += 1
            rep_of[lead], gain_of[lead] = rep, gain[bidders[k]]
            held[rep] += 1
            most_moves -= 1
    return most_moves


class Prices(NamedTuple):
    """A box of prices: the lowest and the highest of each rep."""

    low: Floats
    high: Floats


def possible_reps(
    reserve: float, box: Prices, reps: Shorts, gains: Floats, left_out: float, found: Ints
) -> tuple[int, bool, int]:
    """Write the reps that may be best within low <= prices <= high; return (how many, whether the pool may be, best).

    How many is -1 where the short list cannot tell: others leave at most `left_out` at the low prices.
    """
    least, best = reserve, -1
    for option in range(len(reps)):
        value = gains[option] - box.high[reps[option]]
        if value > least:
            least, best = value, reps[option]
    if not left_out < least:
        return -1, False, -1
    n = 0
    for option in range(len(reps)):
        if gains[option] > -np.inf and gains[option] - box.low[reps[option]] >= least:
            found[n] = reps[option]
            n += 1
    return n, reserve >= least, best


def possible_of_row(rates: Floats, scale: float, reserve: float, box: Prices, found: Ints) -> tuple[int, bool, int]:
    """Write and return the same, by looking at every rep."""
    least, best, n = reserve, -1, 0
    for rep in range(len(rates)):
        value = rates[rep] * scale - box.high[rep]
        if value > least:
            least, best = value, rep
    for rep in range(len(rates)):
        value = rates[rep] * scale - box.low[rep]
        if value > -np.inf and value >= least:
            found[n] = rep
            n += 1
    return n, reserve >= least, best


@kernel
def count_possible(
    leads: Leads, lists: Lists, box: Prices, dropped: Ints, drop: float, start: int, stop: int, choice: Ints,
    n_possible: Ints, scratch: Scratch,
) -> None:  # fmt: skip
    """Write for each lead its best option at the high prices, and how many reps are open to it (0 = it is settled).

    Short lists are brought up to the low prices: the bound on all other reps grows by `drop`, by which prices fell, or
    to what one of the `dropped` reps leaves, whose prices fell farther; a list that cannot tell any more is drawn anew.
    """
    reps, gains, left_out = lists
    found = scratch.found
    for lead in range(start, stop):
        mine, scale = leads.rates[leads.row[lead]], leads.scale[lead]
        left_out[lead] += drop
        for rep in dropped:
            value = mine[rep] * scale - box.low[rep]
            if value > left_out[lead]:
                listed = False
                for option in range(reps.shape[1]):
                    listed |= reps[lead, option] == rep and gains[lead, option] > -np.inf
                if not listed:
                    left_out[lead] = value
        n, pool, best = possible_reps(leads.reserve, box, reps[lead], gains[lead], left_out[lead], found)
        if n < 0:
            draw_up(leads, lists, box.low, lead, scratch)
            n, pool, best = possible_reps(leads.reserve, box, reps[lead], gains[lead], left_out[lead], found)
        if n < 0:
            n, pool, best = possible_of_row(mine, scale, leads.reserve, box, found)
        choice[lead] = best
        n_possible[lead] = n if pool or n > 1 else 0


@kernel
def list_possible(
    leads: Leads, lists: Lists, box: Prices, some: Ints, first: Ints, rep_of_pair: Ints, scratch: Scratch
) -> None:
    """Write the reps open to some leads, those of lead k from ``first[k]``, ascending; after `count_possible`."""
    reps, gains, left_out = lists
    found = scratch.found
    for k in range(len(some)):
        lead = some[k]
        n, _, _ = possible_reps(leads.reserve, box, reps[lead], gains[lead], left_out[lead], found)
        if n < 0:
            n, _, _ = possible_of_row(leads.rates[leads.row[lead]], leads.scale[lead], leads.reserve, box, found)
        for i in range(n):
            rep, place = found[i], first[k] + i
            while place > first[k] and rep_of_pair[place - 1] > rep:
                rep_of_pair[place] = rep_of_pair[place - 1]
                place -= 1
            rep_of_pair[place] = rep
