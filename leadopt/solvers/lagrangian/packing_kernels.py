"""The loops of a search by packings: each rep alone packs leads into its time by dynamic programming.

At prices of leads, what all reps pack and all prices together are no less than what any answer is worth. The same
tables say what is lost if a lead goes to some rep. Options that lose too much are closed, leads with a single option
are placed, prices are mended: that is a node of a depth-first search, which undoes it all on its way back.
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints, Ints2
from leadopt.solvers.compiled import kernel


class Packs(NamedTuple):
    """What each lead gains and takes with each rep and, last, in the pool; what room and slots each rep has left.

    `gain` and `weight` are (n_reps + 1, n_leads), -inf = may not.
    """

    gain: Floats2
    weight: Ints2
    room: Ints
    slots: Ints


class Open(NamedTuple):
    """Options still open: the first ``number[rep]`` of ``lead[rep]``, each ``at`` its place; how many a lead has."""

    lead: Ints2
    at: Ints2
    number: Ints
    options: Ints


class Free(NamedTuple):
    """Leads not placed yet: the first ``number[0]`` of ``lead``, each at ``at[lead]``; with whom the others are."""

    lead: Ints
    at: Ints
    number: Ints
    rep: Ints


class Table(NamedTuple):
    """Of one rep: ``best[k, c]``, what the first k items bring in room c; what those after them do in the room but c.

    Items are leads with a profit. `work` counts the cells of all tables.
    """

    best: Floats2
    after: Floats
    item: Ints
    profit: Floats
    work: Ints


class Scratch(NamedTuple):
    """Prices of a step, how often each lead is packed, what each option loses, and what all lose without a lead."""

    now: Floats
    taken: Floats
    loss: Floats2
    out: Floats


class Path(NamedTuple):
    """A search under way: at each depth, prices, where its trail begins, what was tried, how often that was wrong.

    The trail is of options that were closed, rep -1 = a lead that was placed. What `state` holds say the constants.
    """

    u: Floats2
    mark: Ints
    rep: Ints
    lead: Ints
    wrong: Ints
    trail_rep: Ints
    trail_lead: Ints
    state: Ints


class Packing(NamedTuple):
    """All of it."""

    packs: Packs
    open_: Open
    free: Free
    table: Table
    scratch: Scratch
    path: Path


class Effort(NamedTuple):
    """Steps of prices at a node and their length; how often a path may go against the likelier choice; cells."""

    steps: int
    length: float
    wrong: int
    work: int


# What `Path.state` holds: the depth, whether a node is entered there or left, the end of the trail, nodes so far, and
# whether a path was cut for being wrong too often.
DEPTH = 0
ENTERS = 1
TRAIL = 2
NODES = 3
CUT = 4
N_STATE = 5
ENDED = 0
FOUND = 1
UNDER_WAY = 2
_ROUNDS = 2  # of closing at a node. Proofs at five instances: 1 takes .32 s, 2 .34 s, 8 .36 s; nodes 6.7, 4.5, 3.5 k
_LITTLE = 1e-4  # of the mean gain: a choice that loses less counts for so much


def filled(packing: Packing, rep: int, u: Floats) -> int:
    """Fill the table of a rep; return how many items there are."""
    packs, open_, _, table, _, _ = packing
    best, room, n = table.best, packs.room[rep], 0
    for c in range(room + 1):
        best[0, c] = 0.0
    for k in range(open_.number[rep]):
        lead = open_.lead[rep, k]
        profit, w = packs.gain[rep, lead] - u[lead], packs.weight[rep, lead]
        if profit > 0.0 and w <= room:
            table.item[n], table.profit[n] = lead, profit
            last, next_ = best[n], best[n + 1]
            for c in range(w):
                next_[c] = last[c]
            for c in range(w, room + 1):
                next_[c] = max(last[c], last[c - w] + profit)
            n += 1
    table.work[0] += (n + 1) * (room + 1) + open_.number[rep]
    return n


def packed(packing: Packing, u: Floats) -> float:
    """Return what the free leads are worth at most, and write how often each is packed."""
    packs, open_, free, table, scratch, _ = packing
    bound, pool, taken = 0.0, len(packs.room), scratch.taken
    for k in range(free.number[0]):
        bound += u[free.lead[k]]
        taken[free.lead[k]] = 0.0
    for k in range(open_.number[pool]):
        lead = open_.lead[pool, k]
        if packs.gain[pool, lead] > u[lead]:
            bound += packs.gain[pool, lead] - u[lead]
            taken[lead] = 1.0
    for rep in range(pool):
        n, left = filled(packing, rep, u), packs.room[rep]
        bound += table.best[n, left]
        for k in range(n - 1, -1, -1):
            if table.best[k + 1, left] > table.best[k, left]:
                taken[table.item[k]] += 1.0
                left -= packs.weight[rep, table.item[k]]
    return bound


def lowered(packing: Packing, u: Floats, least: float, effort: Effort) -> float:
    """Lower the bound by subgradient steps from prices `u`, which become the best; return it once below `least`.

    Polyak's step: as long as if `least` were the lowest bound there is.
    """
    free, scratch = packing.free, packing.scratch
    now, taken, n, lowest = scratch.now, scratch.taken, free.number[0], np.inf
    for k in range(n):
        now[free.lead[k]] = u[free.lead[k]]
    for _ in range(effort.steps):
        bound, size = packed(packing, now), 0.0
        if bound < lowest:
            lowest = bound
            for k in range(n):
                u[free.lead[k]] = now[free.lead[k]]
        for k in range(n):
            size += (1.0 - taken[free.lead[k]]) * (1.0 - taken[free.lead[k]])
        if size == 0.0 or bound < least:
            break
        step = effort.length * (bound - least) / size
        for k in range(n):
            now[free.lead[k]] -= step * (1.0 - taken[free.lead[k]])
    return lowest


def together(before: Floats, after: Floats, start: int, n: int) -> float:
    """Return the most of n sums of both, the second ones from a start on; no part is negative."""
    most = [0.0] * 8
    for c in range(0, n - 7, 8):
        for k in range(8):
            most[k] = max(most[k], before[c + k] + after[start + c + k])
    for c in range(n - n % 8, n):
        most[0] = max(most[0], before[c] + after[start + c])
    for k in range(1, 8):
        most[0] = max(most[0], most[k])
    return most[0]


def lost(packing: Packing, u: Floats) -> float:
    """Write what the bound loses at least if a lead takes an option; return the bound.

    With a lead, its rep packs the others into what room is left; all other reps pack without it.
    """
    packs, open_, free, table, scratch, _ = packing
    pool, bound, loss, out, after = len(packs.room), 0.0, scratch.loss, scratch.out, table.after
    for k in range(free.number[0]):
        bound += u[free.lead[k]]
        out[free.lead[k]] = 0.0
    for k in range(open_.number[pool]):
        lead = open_.lead[pool, k]
        profit = packs.gain[pool, lead] - u[lead]
        loss[pool, lead], out[lead] = -profit, max(profit, 0.0)
        bound += max(profit, 0.0)
    for rep in range(pool):
        n, room, k = filled(packing, rep, u), packs.room[rep], 0
        full = table.best[n, room]
        bound += full
        for a in range(open_.number[rep]):
            lead = open_.lead[rep, a]
            w = packs.weight[rep, lead]
            if k < n and table.item[k] == lead:
                k += 1
            elif w <= room:
                loss[rep, lead] = full - (packs.gain[rep, lead] - u[lead]) - table.best[n, room - w]
            else:
                loss[rep, lead] = np.inf
        for c in range(room + 1):
            after[c] = 0.0
        for k in range(n - 1, -1, -1):
            lead, before = table.item[k], table.best[k]
            w, without = packs.weight[rep, lead], together(before, after, 0, room + 1)
            loss[rep, lead] = without - together(before, after, w, room + 1 - w) - table.profit[k]
            out[lead] += full - without
            for c in range(room + 1 - w):
                after[c] = max(after[c], after[c + w] + table.profit[k])
        table.work[0] += 3 * (n + 1) * (room + 1)
    for rep in range(pool + 1):
        for k in range(open_.number[rep]):
            loss[rep, open_.lead[rep, k]] += out[open_.lead[rep, k]]
    return bound


def close(open_: Open, path: Path, rep: int, lead: int) -> None:
    """Close an option. It stays behind the last open one, so that to open it again is to count one more."""
    last, at, n = open_.number[rep] - 1, open_.at[rep, lead], path.state[TRAIL]
    other = open_.lead[rep, last]
    open_.lead[rep, at], open_.at[rep, other] = other, at
    open_.lead[rep, last], open_.at[rep, lead] = lead, last
    open_.number[rep] = last
    open_.options[lead] -= 1
    path.trail_rep[n], path.trail_lead[n], path.state[TRAIL] = rep, lead, n + 1


def place(packing: Packing, rep: int, lead: int) -> bool:
    """Place a lead and close all of its options; return whether it fits."""
    packs, open_, free, _, _, path = packing
    if rep < len(packs.room):
        if packs.weight[rep, lead] > packs.room[rep] or packs.slots[rep] == 0:
            return False
        packs.room[rep] -= packs.weight[rep, lead]
        packs.slots[rep] -= 1
    for other in range(len(packs.room) + 1):
        if open_.at[other, lead] < open_.number[other]:
            close(open_, path, other, lead)
    last, at, n = free.number[0] - 1, free.at[lead], path.state[TRAIL]
    moved = free.lead[last]
    free.lead[at], free.at[moved] = moved, at
    free.lead[last], free.at[lead] = lead, last
    free.number[0], free.rep[lead] = last, rep
    path.trail_rep[n], path.trail_lead[n], path.state[TRAIL] = -1, lead, n + 1
    return True


def undo(packing: Packing, mark: int) -> None:
    """Open and free what was closed and placed since a mark of the trail."""
    packs, open_, free, _, _, path = packing
    for n in range(path.state[TRAIL] - 1, mark - 1, -1):
        rep, lead = path.trail_rep[n], path.trail_lead[n]
        if rep >= 0:
            open_.number[rep] += 1
            open_.options[lead] += 1
        else:
            free.number[0] += 1
            if free.rep[lead] < len(packs.room):
                packs.room[free.rep[lead]] += packs.weight[free.rep[lead], lead]
                packs.slots[free.rep[lead]] += 1
    path.state[TRAIL] = mark


def placed_worth(packs: Packs, free: Free) -> float:
    """Return what the leads that are placed gain."""
    worth = 0.0
    for k in range(free.number[0], len(free.lead)):
        worth += packs.gain[free.rep[free.lead[k]], free.lead[k]]
    return worth


def place_single(packing: Packing) -> bool:
    """Place every lead that has one option; return False if one has none, or does not fit."""
    packs, open_, free, _, _, _ = packing
    for k in range(free.number[0]):
        if open_.options[free.lead[k]] == 0:
            return False
    for rep in range(len(packs.room) + 1):
        k = 0
        while k < open_.number[rep]:
            lead = open_.lead[rep, k]
            if open_.options[lead] > 1:
                k += 1
            elif not place(packing, rep, lead):
                return False
    return True


def settled(packing: Packing, u: Floats, target: float, effort: Effort) -> bool:
    """Close and place what an answer worth the target leaves no choice of; return whether there may be one."""
    packs, open_, free, _, scratch, path = packing
    for _ in range(_ROUNDS):
        if free.number[0] == 0:
            break
        least, before = target - placed_worth(packs, free), path.state[TRAIL]
        if lowered(packing, u, least, effort) < least:
            return False
        bound = lost(packing, u)
        for rep in range(len(packs.room) + 1):
            for k in range(open_.number[rep] - 1, -1, -1):
                if bound - scratch.loss[rep, open_.lead[rep, k]] < least:
                    close(open_, path, rep, open_.lead[rep, k])
        if not place_single(packing):
            return False
        if path.state[TRAIL] == before:
            break
    return free.number[0] > 0 or placed_worth(packs, free) >= target


def choose(packing: Packing, depth: int, target: float, surely: bool) -> None:
    """Write the option to try at a depth, the best of a lead.

    The lead is the one whose second option loses most by the first if that is to be `surely` right; else, to end soon,
    it is one whose best two options both lose much.
    """
    packs, open_, free, _, scratch, path = packing
    most, little = -1.0, _LITTLE * abs(target) / max(len(free.lead), 1)
    for k in range(free.number[0]):
        lead = free.lead[k]
        first, second, best = np.inf, np.inf, -1
        for rep in range(len(packs.room) + 1):
            if open_.at[rep, lead] < open_.number[rep]:
                loss = scratch.loss[rep, lead]
                if loss < first or best < 0:
                    second, first, best = first, loss, rep
                elif loss < second:
                    second = loss
        score = max(second - first, 0.0) if surely else max(first, little) * max(second, little)
        if score > most:
            most, path.rep[depth], path.lead[depth] = score, best, lead


@kernel
def begin(packing: Packing, most: Ints, slots: Ints, held: Ints) -> bool:
    """Begin anew with all options open, but for leads that are held with a rep (n_reps = pool, -1 = free).

    Return whether these fit into the rooms, `most`, and the slots.
    """
    packs, open_, free, _, _, path = packing
    n_leads, n_reps = len(held), len(packs.room)
    for lead in range(n_leads):
        open_.options[lead], free.lead[lead], free.at[lead] = 0, lead, lead
    free.number[0] = n_leads
    for rep in range(n_reps + 1):
        n = 0
        if rep < n_reps:
            packs.room[rep], packs.slots[rep] = most[rep], slots[rep]
        for lead in range(n_leads):
            open_.at[rep, lead] = n_leads
            if packs.gain[rep, lead] > -np.inf:
                open_.lead[rep, n], open_.at[rep, lead] = lead, n
                open_.options[lead] += 1
                n += 1
        open_.number[rep] = n
    for k in range(N_STATE):
        path.state[k] = 0
    path.state[ENTERS], path.wrong[0] = 1, 0
    for lead in range(n_leads):
        if held[lead] >= 0 and not place(packing, held[lead], lead):
            return False
    path.mark[0] = path.state[TRAIL]
    return True


@kernel
def price(packing: Packing, u: Floats, least: float, effort: Effort) -> float:
    """Lower the bound of all free leads from prices `u`, and write what each option loses then; return the bound."""
    lowered(packing, u, least, effort)
    return lost(packing, u)


@kernel
def explore(packing: Packing, target: float, effort: Effort, surely: bool, nodes: int) -> int:
    """Search on for an answer worth the target: ENDED = there is none (but for what was cut), FOUND, or UNDER_WAY.

    It stops after so many nodes in all, or so much work. When called again, it goes on: after an answer, to the next.
    """
    _, open_, free, table, _, path = packing
    state, until = path.state, table.work[0] + effort.work
    depth, found = state[DEPTH], UNDER_WAY
    while found == UNDER_WAY and (state[ENTERS] == 0 or (state[NODES] < nodes and table.work[0] < until)):
        if state[ENTERS] != 0:
            state[NODES] += 1
            state[ENTERS] = 0
            if settled(packing, path.u[depth], target, effort):
                if free.number[0] == 0:
                    found = FOUND
                else:
                    choose(packing, depth, target, surely)
                    for k in range(free.number[0]):
                        path.u[depth + 1, free.lead[k]] = path.u[depth, free.lead[k]]
                    path.mark[depth + 1], path.wrong[depth + 1] = state[TRAIL], path.wrong[depth]
                    depth += 1
                    state[ENTERS] = 1 if place(packing, path.rep[depth - 1], path.lead[depth - 1]) else 0
        else:
            undo(packing, path.mark[depth])
            depth -= 1
            if depth < 0:
                found = ENDED
            else:
                path.wrong[depth] += 1
                if path.wrong[depth] > effort.wrong:
                    state[CUT] = 1
                else:
                    close(open_, path, path.rep[depth], path.lead[depth])
                    state[ENTERS] = 1 if open_.options[path.lead[depth]] > 0 else 0
    state[DEPTH] = depth
    return found
