"""The loops of `repairs`, compiled where numba is installed and plain Python where it is not.

As in `chain_kernels`; ``into[into_from[j]:into_from[j + 1]]`` are the options at rep j.
"""

from typing import Any

import numpy as np

from leadopt.solvers.compiled import compiled
from leadopt.solvers.lagrangian.chain_kernels import change

_BESIDE = 8  # leads with a little more, and as many with a little less, that are tried beside one that goes


@compiled
def shift(old: int, new: int, used_from: Any, used_row: Any, used: Any, load: Any) -> None:
    """Change the loads as if a lead went from one of its options to another."""
    for a in range(used_from[old], used_from[old + 1]):
        load[used_row[a]] -= used[a]
    for b in range(used_from[new], used_from[new + 1]):
        load[used_row[b]] += used[b]


@compiled
def taken(option: int, row: int, used_from: Any, used_row: Any, used: Any) -> float:
    """Return what an option takes of a row."""
    total = 0.0
    for a in range(used_from[option], used_from[option + 1]):
        if used_row[a] == row:
            total += used[a]
    return total


@compiled
def swaps(
    bad: Any, reps: Any, lead_of: Any, first: Any, into: Any, into_from: Any, loss: Any, used_from: Any, used_row: Any,
    used: Any, rows: Any, slopes: Any, at: Any, least: float, looks: int,
) -> Any:  # fmt: skip
    """At reps of broken rows, let a lead go, one come, or both, whatever wins most, as long as that is over `least`.

    Row ``bad[t]`` is tried at rep ``reps[t]``. Beside a lead that goes, those few are tried that come and bring the row
    nearest to its bound. Return (gain, looks left); `at` and the loads in `rows` are changed in place.
    """
    (load, lower, upper), won = rows, 0.0
    for t in range(len(bad)):
        row, j = bad[t], reps[t]
        begin, end = into_from[j], into_from[j + 1]
        comers, brings = np.empty(end - begin, dtype=np.int64), np.empty(end - begin)
        while looks > 0:
            beyond = max(load[row] - upper[row], 0.0) - max(lower[row] - load[row], 0.0)
            if beyond == 0.0:
                break
            best, goes, comes, n = -least, -1, -1, 0
            for q in range(begin, end):
                option, here = into[q], at[lead_of[into[q]]]
                if here != option:
                    comers[n] = option
                    brings[n] = taken(option, row, used_from, used_row, used)
                    brings[n] -= taken(here, row, used_from, used_row, used)
                    looks, n = looks - 1, n + 1
                    cost = change(here, option, loss, used_from, used_row, used, rows, slopes)
                    if cost < best:
                        best, comes = cost, option
            order = np.argsort(brings[:n])
            sorted_ = brings[:n][order]
            for q in range(begin, end):
                lead, here = lead_of[into[q]], into[q]
                if at[lead] != here:
                    continue
                for new in range(first[lead], first[lead + 1]):
                    if new == here:
                        continue
                    total = change(here, new, loss, used_from, used_row, used, rows, slopes)
                    if total < best:
                        best, goes, comes = total, new, -1
                    left = taken(here, row, used_from, used_row, used) - taken(new, row, used_from, used_row, used)
                    shift(here, new, used_from, used_row, used, load)
                    middle = np.searchsorted(sorted_, left - beyond)
                    for k in range(max(middle - _BESIDE, 0), min(middle + _BESIDE, n)):
                        option = comers[order[k]]
                        looks -= 1
                        cost = total
                        cost += change(at[lead_of[option]], option, loss, used_from, used_row, used, rows, slopes)
                        if cost < best:
                            best, goes, comes = cost, new, option
                    shift(new, here, used_from, used_row, used, load)
            if goes < 0 and comes < 0:
                break
            won -= best
            for option in (goes, comes):
                if option >= 0:
                    shift(at[lead_of[option]], option, used_from, used_row, used, load)
                    at[lead_of[option]] = option
    return won, looks


@compiled
def fits(option: int, more: bool, used_from: Any, used_row: Any, used: Any, rows: Any) -> bool:
    """Return whether one lead more (or less) that uses an option keeps every upper (or lower) bound there."""
    load, lower, upper = rows
    for a in range(used_from[option], used_from[option + 1]):
        row = used_row[a]
        if more and load[row] + used[a] > upper[row]:
            return False
        if not more and load[row] - used[a] < lower[row]:
            return False
    return True


@compiled
def along(
    start: int, out: bool, inside: Any, hop: float, lead_of: Any, first: Any, rep: Any, into: Any, into_from: Any,
    loss: Any, used_from: Any, used_row: Any, used: Any, rows: Any, at: Any,
) -> int:  # fmt: skip
    """Send a lead on from a rep (or towards it), one from there on, and so on, to where one more (or less) fits.

    The path is the one that loses least, each hop at least `hop`; only leads `inside` go. Return its hops, 0 = none.
    """
    n = len(into_from) - 1
    lost, done = np.full(n, np.inf), np.zeros(n, dtype=np.bool_)
    via, origin = np.full(n, -1), np.full(n, -1)
    lost[start] = 0.0
    while True:
        j = -1
        for other in range(n):
            if not done[other] and lost[other] < np.inf and (j < 0 or lost[other] < lost[j]):
                j = other
        if j < 0:
            return 0
        done[j] = True
        if j != start and fits(via[j] if out else at[lead_of[via[j]]], out, used_from, used_row, used, rows):
            break
        for q in range(into_from[j], into_from[j + 1]):
            lead, here = lead_of[into[q]], at[lead_of[into[q]]]
            if not inside[lead] or (out and here != into[q]) or (not out and here == into[q]):
                continue
            for option in range(first[lead], first[lead + 1]) if out else range(into[q], into[q] + 1):
                other = rep[option] if out else rep[here]
                total = lost[j] + max(loss[option] - loss[here], 0.0) + hop
                if option != here and not done[other] and total < lost[other]:
                    lost[other], via[other], origin[other] = total, option, j
    hops = 0
    while j != start:
        lead = lead_of[via[j]]
        shift(at[lead], via[j], used_from, used_row, used, rows[0])
        at[lead] = via[j]
        hops, j = hops + 1, origin[j]
    return hops
