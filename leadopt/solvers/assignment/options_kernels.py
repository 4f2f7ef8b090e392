"""The options of leads as arcs with whole costs: all pairs, or the best few of each lead."""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints
from leadopt.solvers.compiled import kernel

_NEVER = 0x1000_0000_0000_0000  # dearer than anything real; sums of it and of costs along a path fit in 64 bits
_BARRED = 0x2000_0000_0000_0000  # dearer still: what cannot be
_STRETCH = 8  # reps of which only the best one is looked at first
_MOST = float(0x0400_0000_0000_0000)  # all costs along any path together, at most


class Arcs(NamedTuple):
    """What each lead may do, lead by lead: those of lead i are ``first[i] : first[i + 1]``, the last one to the pool.

    An arc leads to a column, which is a rep or, last, the pool; it has a whole cost, and what it was made of, a gain.
    """

    first: Ints
    column: Ints
    cost: Ints
    gain: Floats


def sink(column: Ints, worth: Floats, begin: int, n: int, at: int) -> None:
    """Let an option go down a heap of n, which has what is worth least on top."""
    rep, key = column[begin + at], worth[begin + at]
    below = 2 * at + 1
    while below < n:
        if below + 1 < n and worth[begin + below + 1] < worth[begin + below]:
            below += 1
        if worth[begin + below] >= key:
            break
        column[begin + at], worth[begin + at] = column[begin + below], worth[begin + below]
        at = below
        below = 2 * at + 1
    column[begin + at], worth[begin + at] = rep, key


def pushed(column: Ints, worth: Floats, begin: int, n: int, most: int, rep: int, key: float) -> int:
    """Let an option into a heap of n, which keeps the best ones; return how many it has: `most` at most."""
    if n < most:
        column[begin + n], worth[begin + n] = rep, key
        n += 1
        if n == most:
            for below in range(n // 2 - 1, -1, -1):
                sink(column, worth, begin, n, below)
    elif key > worth[begin]:
        column[begin], worth[begin] = rep, key
        sink(column, worth, begin, n, 0)
    return n


def best_among(row: Floats, room: Ints, reserve: float, price: Floats, start: int, end: int) -> float:
    """Return what the best of some reps is worth to a lead after prices; -inf where none is an option."""
    best = -np.inf
    for rep in range(start, end):
        best = max(best, row[rep] - price[rep] if room[rep] > 0 and row[rep] >= reserve else -np.inf)
    return best


def best_stretches(
    row: Floats, room: Ints, reserve: float, price: Floats, most: int, begins: int, arcs: Arcs, at: int
) -> tuple[int, bool]:
    """Write the first reps of the stretches that have the best options; return how many, and whether no more have any.

    No option of others is better than any of theirs is.
    """
    start_of, worth = arcs.cost, arcs.gain
    n_reps, n, k, complete = len(row), 0, 0, True
    while k < n_reps:
        start = begins + k if begins + k < n_reps else begins + k - n_reps
        end = min(start + _STRETCH, n_reps if start >= begins else begins)
        k += end - start
        if end == start + _STRETCH:
            key = best_among(row, room, reserve, price, start, start + _STRETCH)
        else:
            key = best_among(row, room, reserve, price, start, end)
        if key == -np.inf:
            continue
        complete = complete and n < most
        n = pushed(start_of, worth, at, n, most, start, key)
    return n, complete


def take_among(
    row: Floats,
    room: Ints,
    reserve: float,
    price: Floats,
    least: float,
    most: int,
    start: int,
    end: int,
    arcs: Arcs,
    at: int,
    n: int,
) -> tuple[int, bool]:
    """Let the options among some reps into a heap of n, which keeps the best ones; return how many it has, and if all.

    Written are the reps, and what they are worth after prices: `least` at least.
    """
    column, worth, complete = arcs.column, arcs.gain, True
    for rep in range(start, end):
        value, key = row[rep], row[rep] - price[rep]
        if key < least or (n == most and key <= worth[at]):
            complete = complete and (value < reserve or value == -np.inf or room[rep] <= 0)
            continue
        if room[rep] <= 0 or value < reserve or value == -np.inf:
            continue
        complete = complete and n < most
        n = pushed(column, worth, at, n, most, rep, key)
    return n, complete


def write_best(gain: Floats2, room: Ints, reserve: float, price: Floats, most: int, arcs: Arcs, best: Floats) -> bool:
    """Write the few arcs of each lead that are best after prices; return whether these are all that it has.

    Of many reps, only those of the stretches with the best ones are looked at one by one. Of equally good ones
    different leads take different ones, as each begins elsewhere.
    """
    first, column, start_of, found = arcs
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    at, complete, by_stretch = 0, True, n_reps > most * _STRETCH
    for lead in range(n_leads):
        first[lead] = at
        row, begins, n, every = gain[lead], (lead * n_reps) // n_leads, 0, True
        if by_stretch:
            n_stretches, every = best_stretches(row, room, reserve, price, most, begins, arcs, at)
            complete, least = complete and every, found[at] if n_stretches == most else -np.inf
            for k in range(n_stretches):
                start = start_of[at + k]
                end = min(start + _STRETCH, n_reps if start >= begins else begins)
                n, every = take_among(row, room, reserve, price, least, most, start, end, arcs, at, n)
                complete = complete and every
        else:
            n, every = take_among(row, room, reserve, price, -np.inf, most, begins, n_reps, arcs, at, n)
            complete = complete and every
            n, every = take_among(row, room, reserve, price, -np.inf, most, 0, begins, arcs, at, n)
            complete = complete and every
        high = reserve
        for k in range(at, at + n):
            found[k] = gain[lead, column[k]]
            high = max(high, found[k])
        at += n
        column[at], found[at] = n_reps, reserve
        at += 1
        best[lead] = high if high > -np.inf else 0.0
    first[n_leads] = at
    return complete


@kernel
def best_options(gain: Floats2, room: Ints, reserve: float, price: Floats, most: int, arcs: Arcs, best: Floats) -> bool:
    """Write what `write_best` does."""
    return write_best(gain, room, reserve, price, most, arcs, best)


def scale_of(largest: float, n_nodes: int) -> tuple[float, float, int]:
    """Return the power of two by which gains become costs, in two factors, and its exponent.

    The largest cost is just small enough for sums along any path: see `costs.whole_costs`.
    """
    most = _MOST / n_nodes
    # Two factors, as one may be out of range.
    up, again, exponent = 1.0, 1.0, 0
    if largest > 0.0:
        while largest * up * 2.0 < most and up < 1e300:
            up *= 2.0
            exponent += 1
        while largest * up * again * 2.0 < most:
            again *= 2.0
            exponent += 1
        while largest * up >= most:
            up *= 0.5
            exponent -= 1
    return up, again, exponent


def write_costs(arcs: Arcs, best: Floats, n_columns: int, arcs_pooled: bool, largest_gain: float) -> int:
    """Write what each arc loses against its lead's best one, times a power of two, and return the exponent of that.

    That is as if the largest gain could be lost where nothing can.
    """
    first, _, cost, found = arcs
    n_leads = len(first) - 1
    largest = 0.0
    for lead in range(n_leads):
        for k in range(first[lead], first[lead + 1]):
            if found[k] > -np.inf:
                largest = max(largest, best[lead] - found[k])
    if largest == 0.0:
        largest = largest_gain
    up, again, exponent = scale_of(largest, n_leads + n_columns)
    for lead in range(n_leads):
        for k in range(first[lead], first[lead + 1]):
            cost[k] = int((best[lead] - found[k]) * up * again + 0.5) if found[k] > -np.inf else _BARRED
        if not arcs_pooled:
            cost[first[lead + 1] - 1] = _NEVER
    return exponent
