"""The loops of bids over eligible pairs alone, and of the prices that prove an answer by them.

A lead reads all its pairs for each bid: where they are few, no short list is worth keeping.
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints, Shorts
from leadopt.solvers.capacities.bid_kernels import PairsOf, Queue, Seats, replace_lowest, sift_up
from leadopt.solvers.compiled import kernel


class Heaps(NamedTuple):
    """The slots of reps, their prices, and the bids that they hold.

    Those of rep j are a heap from ``bids[first[j]]``, which has a place for each slot; `held` are filled.
    """

    room: Ints
    prices: Floats
    bids: Floats
    bidders: Shorts
    first: Ints
    held: Ints


@kernel
def bid_for_pairs(
    pairs: PairsOf, market: Heaps, waiting: Shorts, n_waiting: int, step: float, lone_step: float, most_bids: int
) -> tuple[int, int]:
    """Let waiting leads bid until none waits or so many bids are made; return (n_waiting, bids made).

    As in `bid_kernels.bid`: what a rep is worth beyond the second best, and `step` more; `lone_step` where there is no
    second.
    """
    first, rep, gain, reserve = pairs
    room, prices, bids, bidders, heap, held = market
    n_bids = 0
    while n_waiting > 0 and n_bids < most_bids:
        n_waiting -= 1
        lead = waiting[n_waiting]
        best, second, place = reserve, -np.inf, -1
        for pair in range(first[lead], first[lead + 1]):
            value = gain[pair] - prices[rep[pair]]
            if value > best:
                best, second, place = value, best, pair
            elif value > second:
                second = value
        if place < 0:
            continue
        n_bids += 1
        to = rep[place]
        offer = gain[place] - second + step if second > -np.inf else prices[to] + lone_step
        if held[to] < room[to]:
            sift_up(bids, bidders, heap[to], held[to], offer, lead)
            held[to] += 1
        else:
            waiting[n_waiting] = replace_lowest(bids, bidders, heap[to], held[to], offer, lead)
            n_waiting += 1
        if held[to] == room[to]:
            prices[to] = bids[heap[to]]
    return n_waiting, n_bids


class Sitting(NamedTuple):
    """The leads of each rep, ``leads[first[rep] : first[rep + 1]]``, and which reps are closed, or have a free slot."""

    first: Ints
    leads: Ints
    closed: Bools
    has_room: Bools


@kernel
def least_prices(pairs: PairsOf, seats: Seats, sitting: Sitting, slack: float, prices: Floats, queue: Queue) -> bool:
    """Write the least prices at which nobody is better off elsewhere by more than `slack`; return whether there are.

    Who would rather be at another rep raises its price, which those who are there are charged too, so that they would
    rather be elsewhere, and so on (Bellman and Ford). A rep with a free slot costs nothing, and so does the pool: where
    these would have to cost something, or prices rise for ever, leads can change places at a gain, and the answer is
    not the best.
    """
    first, rep, gain, reserve = pairs
    rep_of, gain_of = seats
    start, leads, closed, has_room = sitting
    reps, waits = queue
    n_reps = len(prices)
    for j in range(n_reps):
        prices[j] = 0.0
    for lead in range(len(rep_of)):
        if rep_of[lead] >= 0:
            continue
        for pair in range(first[lead], first[lead + 1]):
            to, asked = rep[pair], gain[pair] - reserve
            if not closed[to] and asked > prices[to]:
                if has_room[to] and asked > slack:
                    return False
                prices[to] = asked
    head, n_queued = 0, 0
    for j in range(n_reps):
        waits[j] = start[j + 1] > start[j]
        if waits[j]:
            reps[n_queued] = j
            n_queued += 1
    rounds, left = 0, n_queued
    while n_queued > 0:
        if left == 0:
            rounds, left = rounds + 1, n_queued
            if rounds > n_reps + 1:
                return False
        j = reps[head]
        head, n_queued, left, waits[j] = (head + 1) % n_reps, n_queued - 1, left - 1, False
        for k in range(start[j], start[j + 1]):
            lead = leads[k]
            base = prices[j] - gain_of[lead]
            if base + reserve > slack:
                return False
            for pair in range(first[lead], first[lead + 1]):
                to, asked = rep[pair], base + gain[pair]
                if asked > prices[to] + slack and not closed[to]:
                    if has_room[to]:
                        return False
                    prices[to] = asked
                    if not waits[to]:
                        reps[(head + n_queued) % n_reps], waits[to] = to, True
                        n_queued += 1
    return True
