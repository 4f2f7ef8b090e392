"""The loops of `chains`, compiled where numba is installed and plain Python where it is not.

Options of lead i are those from ``first[i]`` to ``first[i + 1]``; each takes amounts of some rows (``used_from``,
``used_row``, ``used``). The leads at a rep are a doubly linked list (``head``, ``after``, ``before``).
"""

from typing import Any

import numpy as np

from leadopt.solvers.compiled import compiled


@compiled
def lack(load: float, lower: float, upper: float, slopes: Any) -> float:
    """Return what a load lacks to the bound; the slopes are those within and beyond the upper and the lower bound."""
    above = slopes[0] * (upper - load) if load < upper else slopes[1] * (load - upper)
    below = slopes[2] * (load - lower) if load > lower else slopes[3] * (lower - load)
    return float(above + below)


@compiled
def change(old: int, new: int, loss: Any, used_from: Any, used_row: Any, used: Any, rows: Any, slopes: Any) -> float:
    """Return by how much what is lacking grows if a lead goes from one of its options to another."""
    load, lower, upper = rows
    total = loss[new] - loss[old]
    for a in range(used_from[old], used_from[old + 1]):
        row, more = used_row[a], -used[a]
        for b in range(used_from[new], used_from[new + 1]):
            if used_row[b] == row:
                more += used[b]
        if more != 0.0:
            total += lack(load[row] + more, lower[row], upper[row], slopes[row])
            total -= lack(load[row], lower[row], upper[row], slopes[row])
    for b in range(used_from[new], used_from[new + 1]):
        row, shared = used_row[b], False
        for a in range(used_from[old], used_from[old + 1]):
            shared |= used_row[a] == row
        if not shared:
            total += lack(load[row] + used[b], lower[row], upper[row], slopes[row])
            total -= lack(load[row], lower[row], upper[row], slopes[row])
    return float(total)


@compiled
def join(lead: int, rep: int, head: Any, after: Any, before: Any) -> None:
    """Put a lead at the head of a rep's list."""
    after[lead], before[lead] = head[rep], -1
    if head[rep] >= 0:
        before[head[rep]] = lead
    head[rep] = lead


@compiled
def move(
    lead: int, new: int, at: Any, rep: Any, used_from: Any, used_row: Any, used: Any, load: Any, lists: Any
) -> None:
    """Give a lead another of its options."""
    head, after, before = lists
    old = at[lead]
    for a in range(used_from[old], used_from[old + 1]):
        load[used_row[a]] -= used[a]
    for b in range(used_from[new], used_from[new + 1]):
        load[used_row[b]] += used[b]
    if before[lead] >= 0:
        after[before[lead]] = after[lead]
    else:
        head[rep[old]] = after[lead]
    if after[lead] >= 0:
        before[after[lead]] = before[lead]
    join(lead, rep[new], head, after, before)
    at[lead] = new


@compiled
def chains(
    starts: Any,
    lead_of: Any,
    first: Any,
    rep: Any,
    loss: Any,
    used_from: Any,
    used_row: Any,
    used: Any,
    rows: Any,
    slopes: Any,
    at: Any,
    n_reps: int,
    depth: int,
    dearest: float,
    least: float,
    looks: int,
) -> Any:
    """Try a chain from each start that is an option as cheap as `dearest`; return (gain, looks left).

    `at` and the loads in `rows` are changed in place. A chain is kept up to its best move if that wins more than
    `least`. A look is one at an option; once they are used up, no chain begins.
    """
    n = len(at)
    head, after, before = np.full(n_reps + 1, -1), np.full(n, -1), np.full(n, -1)
    lists = (head, after, before)
    for lead in range(n):
        join(lead, rep[at[lead]], head, after, before)
    used_in, number = np.zeros(n, dtype=np.int64), 0
    moved, left = np.empty(depth, dtype=np.int64), np.empty(depth, dtype=np.int64)
    won = 0.0
    for start in starts:
        lead, new = lead_of[start], start
        if at[lead] == start or loss[start] > dearest:
            continue
        if looks <= 0:
            break
        number += 1
        total, best, n_best, n_moves = 0.0, -least, 0, 0
        while lead >= 0:
            total += change(at[lead], new, loss, used_from, used_row, used, rows, slopes)
            moved[n_moves], left[n_moves], used_in[lead] = lead, at[lead], number
            n_moves += 1
            move(lead, new, at, rep, used_from, used_row, used, rows[0], lists)
            if total < best:
                best, n_best = total, n_moves
            if n_moves == depth:
                break
            other, lead, cheapest = head[rep[new]], -1, np.inf
            while other >= 0:
                if used_in[other] != number:
                    for option in range(first[other], first[other + 1]):
                        if option != at[other] and loss[option] <= dearest:
                            looks -= 1
                            cost = change(at[other], option, loss, used_from, used_row, used, rows, slopes)
                            if cost < cheapest:
                                cheapest, lead, new = cost, other, option
                other = after[other]
        while n_moves > n_best:
            n_moves -= 1
            move(moved[n_moves], left[n_moves], at, rep, used_from, used_row, used, rows[0], lists)
        if n_best > 0:
            won -= best
    return won, looks
