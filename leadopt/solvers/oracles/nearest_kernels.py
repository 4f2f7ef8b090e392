"""The loops of `nearest`: the best two options of every lead at some prices, from short lists.

Comparisons are written so that a NaN (0 x -inf: worth nothing, and not eligible) never wins.
"""

from typing import NamedTuple, Self

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints, Shorts2
from leadopt.solvers.compiled import kernel

_LANES = 16  # reps that are compared at once: a few of the processor's registers


class Jolted(NamedTuple):
    """Leads that gain ``rates[row[lead], rep] * scale[lead] + jolts[place[lead] + rep]`` each, or the reserve."""

    rates: Floats2
    row: Ints
    scale: Floats
    reserve: float
    jolts: Floats
    place: Ints


class Lists(NamedTuple):
    """The short list of each lead: reps, gains, what all others left at most, and at which of all prices asked about.

    `fall` is by how much prices have fallen since each of these, at most.
    """

    reps: Shorts2
    gains: Floats2
    left_out: Floats
    asked: Ints
    fall: Floats


class Best(NamedTuple):
    """The best two reps of each lead, -1 = none, and what they leave after prices; the pool is not among them."""

    first: Ints
    second: Ints
    worth: Floats
    next_worth: Floats


class Scratch(NamedTuple):
    """What a look at a row writes on: the row after prices, and candidates."""

    after: Floats
    found: Ints

    @classmethod
    def of(cls, n_reps: int) -> Self:
        """Return one for so many reps."""
        return cls(after=np.empty(n_reps), found=np.empty(n_reps, dtype=np.int64))


def bar_of(after: Floats, n_reps: int, n_kept: int) -> float:
    """Return a value that at least so many of the first entries meet, where there are so many, and few others do.

    The best of 16 lanes are found side by side: of these, the one whose place is last among those to be kept.
    """
    lanes = [-np.inf] * _LANES
    for start in range(0, n_reps - _LANES + 1, _LANES):
        for lane in range(_LANES):
            value = after[start + lane]
            lanes[lane] = value if value > lanes[lane] else lanes[lane]
    for rep in range(n_reps - n_reps % _LANES, n_reps):
        lanes[rep % _LANES] = after[rep] if after[rep] > lanes[rep % _LANES] else lanes[rep % _LANES]
    n_better = [0] * _LANES
    for other in range(_LANES):
        for lane in range(_LANES):
            n_better[lane] += lanes[other] > lanes[lane]
    bar = np.inf
    for lane in range(_LANES):
        if n_better[lane] < n_kept:
            bar = min(bar, lanes[lane])
    return bar


def list_lead(leads: Jolted, lists: Lists, lead: int, prices: Floats, asked: int, scratch: Scratch) -> None:
    """Write the best reps of a lead after prices, as `best_of_row` of the bids does."""
    after, found = scratch
    n_reps, n_kept = len(prices), lists.reps.shape[1]
    row, scale, place = leads.row[lead], leads.scale[lead], leads.place[lead]
    for rep in range(n_reps):
        after[rep] = leads.rates[row, rep] * scale + leads.jolts[place + rep] - prices[rep]
    bar = bar_of(after, n_reps, n_kept + 1)
    n_found = 0
    for rep in range(n_reps):
        found[n_found] = rep
        n_found += after[rep] >= bar
    n_listed, left_out = 0, -np.inf
    for k in range(n_kept):
        lists.reps[lead, k], lists.gains[lead, k] = 0, -np.inf
    for k in range(n_found):
        rep = found[k]
        value = after[rep]
        if not value > -np.inf:
            continue
        if n_listed == n_kept:
            last = after[lists.reps[lead, n_kept - 1]]
            if not value > last:
                left_out = max(left_out, value)
                continue
            left_out = max(left_out, last)
            n_listed -= 1
        at = n_listed
        while at > 0 and value > after[lists.reps[lead, at - 1]]:
            lists.reps[lead, at] = lists.reps[lead, at - 1]
            at -= 1
        lists.reps[lead, at] = rep
        n_listed += 1
    for k in range(n_listed):
        rep = lists.reps[lead, k]
        lists.gains[lead, k] = leads.rates[row, rep] * scale + leads.jolts[place + rep]
    lists.left_out[lead], lists.asked[lead] = left_out, asked


@kernel
def best_two(
    leads: Jolted, lists: Lists, prices: Floats, asked: int, start: int, stop: int, best: Best, scratch: Scratch
) -> None:
    """Write the best two reps of each lead from `start` to `stop`, from its short list.

    A list is drawn up anew where it cannot tell.
    """
    for lead in range(start, stop):
        for look in range(2):
            first, other, most, less = -1, -1, -np.inf, -np.inf
            for k in range(lists.reps.shape[1]):
                rep = lists.reps[lead, k]
                value = lists.gains[lead, k] - prices[rep]
                if value > most:
                    other, less = first, most
                    first, most = rep, value
                elif value > less:
                    other, less = rep, value
            bar = lists.left_out[lead] + lists.fall[lists.asked[lead]]
            # Whoever is not listed is no better than the second, or than the pool and the best.
            if look == 1 or bar <= less or (bar <= leads.reserve and bar <= most):
                break
            list_lead(leads, lists, lead, prices, asked, scratch)
        best.first[lead], best.second[lead], best.worth[lead], best.next_worth[lead] = first, other, most, less
