"""The options of leads as arcs with whole costs: all pairs, or the best few of each lead."""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints
from leadopt.solvers.compiled import kernel

_NEVER = 0x1000_0000_0000_0000  # dearer than anything real; sums of it and of costs along a path fit in 64 bits
_BARRED = 0x2000_0000_0000_0000  # dearer still: what cannot be
_MOST = float(0x0400_0000_0000_0000)  # all costs along any path together, at most


class Arcs(NamedTuple):
    """What each lead may do, lead by lead: those of lead i are ``first[i] : first[i + 1]``, the last one to the pool.

    An arc leads to a column, which is a rep or, last, the pool; it has a whole cost, and what it was made of, a gain.
    """

    first: Ints
    column: Ints
    cost: Ints
    gain: Floats


def sink(column: Ints, found: Floats, price: Floats, begin: int, n: int, at: int) -> None:
    """Let an option go down a heap of n, which has what is worth least after prices on top."""
    rep, value = column[begin + at], found[begin + at]
    key = value - price[rep]
    below = 2 * at + 1
    while below < n:
        least = found[begin + below] - price[column[begin + below]]
        if below + 1 < n:
            other = found[begin + below + 1] - price[column[begin + below + 1]]
            if other < least:
                below, least = below + 1, other
        if least >= key:
            break
        column[begin + at], found[begin + at] = column[begin + below], found[begin + below]
        at = below
        below = 2 * at + 1
    column[begin + at], found[begin + at] = rep, value


def write_best(gain: Floats2, room: Ints, reserve: float, price: Floats, most: int, arcs: Arcs, best: Floats) -> bool:
    """Write the few arcs of each lead that are best after prices; return whether these are all that it has.

    Of equally good ones different leads take different ones, as each begins elsewhere.
    """
    first, column, _, found = arcs
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    at, complete = 0, True
    for lead in range(n_leads):
        first[lead] = at
        high = reserve
        begins = (lead * n_reps) // n_leads
        n, bar = 0, -np.inf
        for k in range(n_reps):
            rep = begins + k
            if rep >= n_reps:
                rep -= n_reps
            value = gain[lead, rep]
            if n == most and value - price[rep] <= bar:
                complete = complete and (value < reserve or value == -np.inf or room[rep] <= 0)
                continue
            if room[rep] <= 0 or value < reserve or value == -np.inf:
                continue
            high = max(high, value)
            if n < most:
                column[at + n], found[at + n] = rep, value
                n += 1
                if n == most:
                    for below in range(n // 2 - 1, -1, -1):
                        sink(column, found, price, at, n, below)
                    bar = found[at] - price[column[at]]
            else:
                complete = False
                column[at], found[at] = rep, value
                sink(column, found, price, at, n, 0)
                bar = found[at] - price[column[at]]
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
