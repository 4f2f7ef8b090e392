"""The compiled loops of `Auction`: scanning rows for their best reps, bidding, pruning. Needs the extra `fast` (numba).

All run without the GIL; threads work on parts of the leads that the caller cuts. A lead gains
``rates[row[lead]] * scale[lead]``. Comparisons are written so that a NaN (0 x -inf: worth nothing, and not eligible)
never wins. Numba compiles at the first call and keeps the result beside this file, or in the user's cache.
"""

from typing import Any

import numpy as np

from leadopt.solvers.compiled import compiled

_LANES = 16  # reps that are compared at once: a few of the processor's registers


@compiled
def scratch(n_reps: int) -> Any:
    """Return what `best_of_row` writes on: a row after prices, the best of each lane, and candidates."""
    return np.empty(n_reps), np.empty(_LANES), np.empty(n_reps, dtype=np.int64)


@compiled
def best_of_row(
    rates: Any, scale: float, prices: Any, after: Any, lanes: Any, found: Any, reps: Any, gains: Any, reduced: Any
) -> None:
    """Write the best reps of one row after prices, best first: rep, gain, and gain less price (-inf where none).

    The best of 16 lanes of reps are found side by side. Of these, the one whose place is last on the list is a bar that
    as many reps meet, and few others do.
    """
    n_reps, n_kept = len(rates), len(reps)
    lanes[:] = -np.inf
    for start in range(0, n_reps - _LANES + 1, _LANES):
        for lane in range(_LANES):
            value = rates[start + lane] * scale - prices[start + lane]
            after[start + lane] = value
            lanes[lane] = value if value > lanes[lane] else lanes[lane]
    for rep in range(n_reps - n_reps % _LANES, n_reps):
        value = rates[rep] * scale - prices[rep]
        after[rep] = value
        lanes[rep % _LANES] = value if value > lanes[rep % _LANES] else lanes[rep % _LANES]
    bar = np.inf
    for lane in range(_LANES):
        n_better = 0
        for other in range(_LANES):
            n_better += lanes[other] > lanes[lane]
        if n_better < n_kept:
            bar = min(bar, lanes[lane])
    n_found = 0
    for rep in range(n_reps):
        found[n_found] = rep
        n_found += after[rep] >= bar
    reps[:], gains[:], reduced[:] = 0, -np.inf, -np.inf
    for k in range(n_found):
        rep, value = found[k], after[found[k]]
        if value > reduced[n_kept - 1]:
            place = n_kept - 1
            while place > 0 and value > reduced[place - 1]:
                reps[place], reduced[place] = reps[place - 1], reduced[place - 1]
                place -= 1
            reps[place], reduced[place] = rep, value
    for place in range(n_kept):
        if reduced[place] > -np.inf:
            gains[place] = rates[reps[place]] * scale


@compiled
def shortlist(
    rates: Any, row: Any, scale: Any, prices: Any, start: int, stop: int, reps: Any, gains: Any, left_out: Any
) -> None:
    """Write the best few reps of every lead from `start` to `stop`, and the best reduced gain among all others."""
    most = reps.shape[1]
    few_reps, few_gains = np.empty(most + 1, dtype=np.int32), np.empty(most + 1)
    reduced = np.empty(most + 1)
    after, lanes, found = scratch(len(prices))
    for lead in range(start, stop):
        best_of_row(rates[row[lead]], scale[lead], prices, after, lanes, found, few_reps, few_gains, reduced)
        reps[lead], gains[lead], left_out[lead] = few_reps[:most], few_gains[:most], reduced[most]


@compiled
def sift_up(bids: Any, bidders: Any, first: int, size: int, bid: float, bidder: int) -> None:
    """Add a bid to a heap of `size` bids that begins at `first`; the lowest one is on top."""
    place = size
    while place > 0:
        above = (place - 1) // 2
        if bids[first + above] <= bid:
            break
        bids[first + place], bidders[first + place] = bids[first + above], bidders[first + above]
        place = above
    bids[first + place], bidders[first + place] = bid, bidder


@compiled
def replace_lowest(bids: Any, bidders: Any, first: int, size: int, bid: float, bidder: int) -> int:
    """Put a bid in place of the lowest one, and return whose that was."""
    out = bidders[first]
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
    return int(out)


@compiled
def bid(
    rates: Any,
    row: Any,
    scale: Any,
    reserve: float,
    room: Any,
    step: float,
    lone_step: float,
    prices: Any,
    reps: Any,
    gains: Any,
    left_out: Any,
    waiting: Any,
    n_waiting: int,
    bids: Any,
    bidders: Any,
    first: Any,
    allotted: Any,
    held: Any,
    end: int,
    most_bids: int,
    most_scans: int,
) -> Any:
    """Let waiting leads bid until none waits or so much is done; return (n_waiting, end, bids made, rows scanned).

    A lead bids for its best rep what that rep is worth to it beyond its second best, and `step` more. A rep keeps its
    `room` best bids; once it is full its price is the lowest of them, and who is outbid waits again. A lead whose short
    list can no longer prove its best two reads its whole row. `lone_step` is what a lead without a second option adds.
    The bids of each rep are a heap in ``bids[first : first + allotted]``, which moves to `end` when it outgrows that.
    """
    most = reps.shape[1]
    few_reps, few_gains = np.empty(most + 1, dtype=np.int32), np.empty(most + 1)
    reduced = np.empty(most + 1)
    after, lanes, found = scratch(len(prices))
    n_bids, n_scans = 0, 0
    while n_waiting > 0 and n_bids < most_bids and n_scans < most_scans:
        n_waiting -= 1
        lead = waiting[n_waiting]
        while True:
            best, second, place = reserve, -np.inf, -1
            for option in range(most):
                value = gains[lead, option] - prices[reps[lead, option]]
                if value > best:
                    best, second, place = value, best, option
                elif value > second:
                    second = value
            if second >= left_out[lead]:
                break
            n_scans += 1
            best_of_row(rates[row[lead]], scale[lead], prices, after, lanes, found, few_reps, few_gains, reduced)
            reps[lead], gains[lead], left_out[lead] = few_reps[:most], few_gains[:most], reduced[most]
        if place < 0:
            continue
        n_bids += 1
        rep = reps[lead, place]
        offer = gains[lead, place] - second + step if second > -np.inf else prices[rep] + lone_step
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


@compiled
def refill(
    reps: Any,
    gains: Any,
    reserve: float,
    room: Any,
    step: float,
    prices: Any,
    rep_of: Any,
    gain_of: Any,
    held: Any,
    first: Any,
    listed: Any,
    bids: Any,
    bidders: Any,
    most_moves: int,
) -> int:
    """Let reps that cost something and have free slots lower their prices until they are filled; return the moves left.

    The bids in reverse: a rep offers its slots to the leads on whose short lists it is, which pay most for leaving
    where they are, at the price at which one lead more would come. Who loses a lead does the same in turn; at price 0 a
    rep may stay unfilled. `first` and `listed` give the places of each rep in all short lists.
    """
    n_reps, most = len(room), reps.shape[1]
    queue, queued = np.empty(n_reps, dtype=np.int64), np.zeros(n_reps, dtype=np.bool_)
    head, n_queued = 0, 0
    for rep in range(n_reps):
        if held[rep] < room[rep] and prices[rep] > 0.0:
            queue[n_queued], queued[rep] = rep, True
            n_queued += 1
    while n_queued > 0 and most_moves > 0:
        rep = queue[head]
        head, n_queued, queued[rep] = (head + 1) % n_reps, n_queued - 1, False
        free = room[rep] - held[rep]
        n_offers = 0
        for k in range(first[rep], first[rep + 1]):
            lead = listed[k] // most
            here = rep_of[lead]
            if here == rep:
                continue
            worth = gain_of[lead] - prices[here] if here >= 0 else reserve
            offer = gains[lead, listed[k] % most] - worth
            if not offer > 0.0:
                continue
            if n_offers <= free:
                sift_up(bids, bidders, 0, n_offers, offer, listed[k])
                n_offers += 1
            elif offer > bids[0]:
                replace_lowest(bids, bidders, 0, n_offers, offer, listed[k])
        lowest = 0
        if n_offers > free:  # the lowest offer gets no slot, and sets the price
            prices[rep] = min(prices[rep], max(bids[0] - step, 0.0))
            lowest = 1
        else:
            prices[rep] = 0.0
        for k in range(lowest, n_offers):
            lead, option = bidders[k] // most, bidders[k] % most
            here = rep_of[lead]
            if here >= 0:
                held[here] -= 1
                if prices[here] > 0.0 and not queued[here]:
                    queue[(head + n_queued) % n_reps], queued[here] = here, True
                    n_queued += 1
            rep_of[lead], gain_of[lead] = rep, gains[lead, option]
            held[rep] += 1
            most_moves -= 1
    return most_moves


@compiled
def possible_reps(reserve: float, low: Any, high: Any, reps: Any, gains: Any, left_out: float, found: Any) -> Any:
    """Write the reps that may be best within low <= prices <= high; return (how many, whether the pool may be, best).

    How many is -1 where the short list cannot tell: others leave at most `left_out` at the low prices.
    """
    least, best = reserve, -1
    for option in range(len(reps)):
        value = gains[option] - high[reps[option]]
        if value > least:
            least, best = value, reps[option]
    if not left_out < least:
        return -1, False, -1
    n = 0
    for option in range(len(reps)):
        if gains[option] > -np.inf and gains[option] - low[reps[option]] >= least:
            found[n] = reps[option]
            n += 1
    return n, reserve >= least, best


@compiled
def possible_of_row(rates: Any, scale: float, reserve: float, low: Any, high: Any, found: Any) -> Any:
    """Write and return the same, by looking at every rep."""
    least, best, n = reserve, -1, 0
    for rep in range(len(rates)):
        value = rates[rep] * scale - high[rep]
        if value > least:
            least, best = value, rep
    for rep in range(len(rates)):
        value = rates[rep] * scale - low[rep]
        if value > -np.inf and value >= least:
            found[n] = rep
            n += 1
    return n, reserve >= least, best


@compiled
def count_possible(
    rates: Any,
    row: Any,
    scale: Any,
    reserve: float,
    low: Any,
    high: Any,
    reps: Any,
    gains: Any,
    left_out: Any,
    dropped: Any,
    drop: float,
    start: int,
    stop: int,
    choice: Any,
    n_possible: Any,
) -> None:
    """Write for each lead its best option at the high prices, and how many reps are open to it (0 = it is settled).

    Short lists are brought up to the low prices: the bound on all other reps grows by `drop`, by which prices fell, or
    to what one of the `dropped` reps leaves, whose prices fell farther; a list that cannot tell any more is drawn anew.
    """
    most = reps.shape[1]
    few_reps, few_gains = np.empty(most + 1, dtype=np.int32), np.empty(most + 1)
    reduced = np.empty(most + 1)
    after, lanes, found = scratch(len(low))
    for lead in range(start, stop):
        mine = rates[row[lead]]
        left_out[lead] += drop
        for rep in dropped:
            value = mine[rep] * scale[lead] - low[rep]
            if value > left_out[lead]:
                listed = False
                for option in range(most):
                    listed |= reps[lead, option] == rep and gains[lead, option] > -np.inf
                if not listed:
                    left_out[lead] = value
        n, pool, best = possible_reps(reserve, low, high, reps[lead], gains[lead], left_out[lead], found)
        if n < 0:
            best_of_row(mine, scale[lead], low, after, lanes, found, few_reps, few_gains, reduced)
            reps[lead], gains[lead], left_out[lead] = few_reps[:most], few_gains[:most], reduced[most]
            n, pool, best = possible_reps(reserve, low, high, reps[lead], gains[lead], left_out[lead], found)
        if n < 0:
            n, pool, best = possible_of_row(mine, scale[lead], reserve, low, high, found)
        choice[lead] = best
        n_possible[lead] = n if pool or n > 1 else 0


@compiled
def list_possible(
    rates: Any,
    row: Any,
    scale: Any,
    reserve: float,
    low: Any,
    high: Any,
    reps: Any,
    gains: Any,
    left_out: Any,
    leads: Any,
    first: Any,
    rep_of_pair: Any,
) -> None:
    """Write the reps open to some leads, those of lead k from ``first[k]``, ascending; after `count_possible`."""
    found = np.empty(rates.shape[1], dtype=np.int64)
    for k in range(len(leads)):
        lead = leads[k]
        n, _, _ = possible_reps(reserve, low, high, reps[lead], gains[lead], left_out[lead], found)
        if n < 0:
            n, _, _ = possible_of_row(rates[row[lead]], scale[lead], reserve, low, high, found)
        rep_of_pair[first[k] : first[k] + n] = np.sort(found[:n])
