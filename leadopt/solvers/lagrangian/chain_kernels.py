"""The loops of ejection chains: a lead goes to another of its options, one of those there gives way, and so on."""

from typing import NamedTuple, Self

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints
from leadopt.solvers.compiled import kernel


class Choices(NamedTuple):
    """The options of all leads: those of lead i are from ``first[i]`` to ``first[i + 1]``.

    Each is a rep, loses something, and takes amounts ``used`` of some rows: from ``used_from[k]`` on.
    """

    lead: Ints
    first: Ints
    rep: Ints
    loss: Floats
    used_from: Ints
    used_row: Ints
    used: Floats


class Bounds(NamedTuple):
    """What each row holds, its bounds, and what a unit lacks within and beyond the upper and the lower one."""

    load: Floats
    lower: Floats
    upper: Floats
    slopes: Floats2


class Lists(NamedTuple):
    """The leads at each rep, doubly linked; -1 = none."""

    head: Ints
    after: Ints
    before: Ints


class Effort(NamedTuple):
    """How long a chain may be, how dear an option, what it must win at least, and how many options are looked at."""

    depth: int
    dearest: float
    least: float
    looks: int


class Scratch(NamedTuple):
    """Who is at each rep, the last chain that a lead took part in, and who moved in a chain and from where."""

    lists: Lists
    used_in: Ints
    moved: Ints
    left: Ints

    @classmethod
    def of(cls, n_leads: int, n_reps: int, depth: int) -> Self:
        """Return one for so many reps, the pool among them."""
        lists = Lists(*(np.full(n, -1, dtype=np.int64) for n in (n_reps, n_leads, n_leads)))
        moved, left = np.empty(depth, dtype=np.int64), np.empty(depth, dtype=np.int64)
        return cls(lists, np.zeros(n_leads, dtype=np.int64), moved, left)


def lack(load: float, lower: float, upper: float, slopes: Floats) -> float:
    """Return what a load lacks to the bound."""
    above = slopes[0] * (upper - load) if load < upper else slopes[1] * (load - upper)
    below = slopes[2] * (load - lower) if load > lower else slopes[3] * (lower - load)
    return float(above + below)


def change(choices: Choices, rows: Bounds, old: int, new: int) -> float:
    """Return by how much what is lacking grows if a lead goes from one of its options to another."""
    load, lower, upper, slopes = rows
    used_from, used_row, used = choices.used_from, choices.used_row, choices.used
    total = choices.loss[new] - choices.loss[old]
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


def shift(choices: Choices, load: Floats, old: int, new: int) -> None:
    """Change the loads as if a lead went from one of its options to another."""
    used_from, used_row, used = choices.used_from, choices.used_row, choices.used
    for a in range(used_from[old], used_from[old + 1]):
        load[used_row[a]] -= used[a]
    for b in range(used_from[new], used_from[new + 1]):
        load[used_row[b]] += used[b]


def join(lists: Lists, lead: int, rep: int) -> None:
    """Put a lead at the head of a rep's list."""
    head, after, before = lists
    after[lead], before[lead] = head[rep], -1
    if head[rep] >= 0:
        before[head[rep]] = lead
    head[rep] = lead


def move(choices: Choices, load: Floats, at: Ints, lists: Lists, lead: int, new: int) -> None:
    """Give a lead another of its options."""
    head, after, before = lists
    old = at[lead]
    shift(choices, load, old, new)
    if before[lead] >= 0:
        after[before[lead]] = after[lead]
    else:
        head[choices.rep[old]] = after[lead]
    if after[lead] >= 0:
        before[after[lead]] = before[lead]
    join(lists, lead, choices.rep[new])
    at[lead] = new


@kernel
def chains(
    choices: Choices, rows: Bounds, at: Ints, starts: Ints, effort: Effort, scratch: Scratch
) -> tuple[float, int]:
    """Try a chain from each start that is an option cheap enough; return (gain, looks left).

    `at` and the loads in `rows` are changed in place. A chain is kept up to its best move if that wins more than the
    `least`. A look is one at an option; once they are used up, no chain begins.
    """
    depth, dearest, least, looks = effort
    lists, used_in, moved, left = scratch
    first, rep, loss = choices.first, choices.rep, choices.loss
    for lead in range(len(at)):
        join(lists, lead, rep[at[lead]])
    number, won = 0, 0.0
    for start in starts:
        lead, new = choices.lead[start], start
        if at[lead] == start or loss[start] > dearest:
            continue
        if looks <= 0:
            break
        number += 1
        total, best, n_best, n_moves = 0.0, -least, 0, 0
        while lead >= 0:
            total += change(choices, rows, at[lead], new)
            moved[n_moves], left[n_moves], used_in[lead] = lead, at[lead], number
            n_moves += 1
            move(choices, rows.load, at, lists, lead, new)
            if total < best:
                best, n_best = total, n_moves
            if n_moves == depth:
                break
            other, lead, cheapest = lists.head[rep[new]], -1, np.inf
            while other >= 0:
                if used_in[other] != number:
                    for option in range(first[other], first[other + 1]):
                        if option != at[other] and loss[option] <= dearest:
                            looks -= 1
                            cost = change(choices, rows, at[other], option)
                            if cost < cheapest:
                                cheapest, lead, new = cost, other, option
                other = lists.after[other]
        while n_moves > n_best:
            n_moves -= 1
            move(choices, rows.load, at, lists, moved[n_moves], left[n_moves])
        if n_best > 0:
            won -= best
    return won, looks
