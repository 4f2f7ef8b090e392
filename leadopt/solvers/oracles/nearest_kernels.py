"""The compiled loops of `nearest`: the best two options of every lead at some prices, from short lists.

Comparisons are written so that a NaN (0 x -inf: worth nothing, and not eligible) never wins.
"""

from typing import Any, NamedTuple

import numpy as np

from leadopt.solvers.compiled import compiled

_LANES = 16  # reps that are compared at once: a few of the processor's registers


class Jolted(NamedTuple):
    """Leads that gain ``rates[row[lead], rep] * scale[lead] + jolts[place[lead] + rep]`` each, or the reserve."""

    rates: Any
    row: Any
    scale: Any
    reserve: float
    jolts: Any
    place: Any


class Lists(NamedTuple):
    """The short list of each lead: reps, gains, what all others left at most, and at which of all prices asked about.

    `fall` is by how much prices have fallen since each of these, at most.
    """

    reps: Any
    gains: Any
    left_out: Any
    asked: Any
    fall: Any


@compiled
def list_lead(leads: Any, lists: Any, lead: int, prices: Any, asked: int, after: Any, lanes: Any, found: Any) -> None:
    """Write the best reps of a lead after prices, as `best_of_row` of the bids does."""
    n_reps, n_kept = len(prices), lists.reps.shape[1]
    row, scale, place = leads.row[lead], leads.scale[lead], leads.place[lead]
    for lane in range(_LANES):
        lanes[lane] = -np.inf
    for start in range(0, n_reps - _LANES + 1, _LANES):
        for lane in range(_LANES):
            rep = start + lane
            value = leads.rates[row, rep] * scale + leads.jolts[place + rep] - prices[rep]
            after[rep] = value
            lanes[lane] = value if value > lanes[lane] else lanes[lane]
    for rep in range(n_reps - n_reps % _LANES, n_reps):
        value = leads.rates[row, rep] * scale + leads.jolts[place + rep] - prices[rep]
        after[rep] = value
        lanes[rep % _LANES] = value if value > lanes[rep % _LANES] else lanes[rep % _LANES]
    bar = np.inf
    for lane in range(_LANES):
        n_better = 0
        for other in range(_LANES):
            n_better += lanes[other] > lanes[lane]
        if n_better <= n_kept:
            bar = min(bar, lanes[lane])
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


@compiled
def best_two(
    leads: Any,
    lists: Any,
    prices: Any,
    asked: int,
    start: int,
    stop: int,
    best: Any,
    second: Any,
    worth: Any,
    next_worth: Any,
    after: Any,
    lanes: Any,
    found: Any,
) -> int:
    """Write the best two reps of each lead from `start` to `stop`, -1 = none, and what they leave after prices.

    From its short list, which is drawn up anew where it cannot tell. The pool is not looked at. Return how many were.
    """
    n_drawn = 0
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
            list_lead(leads, lists, lead, prices, asked, after, lanes, found)
            n_drawn += 1
        best[lead], second[lead], worth[lead], next_worth[lead] = first, other, most, less
    return n_drawn
