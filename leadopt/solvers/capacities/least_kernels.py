"""From some prices that prove an answer to the least ones that do, by one look at every pair."""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Floats2, Ints
from leadopt.solvers.compiled import kernel


class Places(NamedTuple):
    """Who is where: the first lead of each rep and, last, of the pool, and who comes after each lead there."""

    head: Ints
    after: Ints


class Far(NamedTuple):
    """How far each rep is from the pool, and whether that is final."""

    far: Floats
    done: Bools


@kernel
def lower(
    gain: Floats2, leads: Ints, own: Ints, shut: Floats, reserve: float, price: Floats, places: Places, work: Far
) -> None:
    """Lower prices to the least that prove an answer, by the shortest path from the pool to each rep (Dijkstra).

    A move of a lead from rep a to b is as long as what it loses at these prices; a price can fall to 0, and as far as
    those who would come then fall. O(leads x reps + reps^2).

    Parameters
    ----------
    leads, own
        the leads in question, as rows of `gain`, and the node of each: its rep, n_reps = pool
    shut
        (n_reps,), inf for reps that have no room
    price
        (n_reps,), written
    """
    head, after = places
    far, done = work
    n_reps = len(price)
    for node in range(n_reps + 1):
        head[node] = -1
        if node < n_reps:
            far[node], done[node] = price[node], False
    for k in range(len(leads)):
        after[k] = head[own[k]]
        head[own[k]] = k
    node, base = n_reps, 0.0
    while True:
        k = head[node]
        while k >= 0:
            lead = leads[k]
            # A move to the lead's own rep is as long as 0.
            here = base + (reserve if node == n_reps else gain[lead, node] - price[node])
            for to in range(n_reps):
                length = here - (gain[lead, to] - price[to]) + shut[to]
                if length < far[to]:
                    far[to] = max(length, base)
            k = after[k]
        node, base = -1, np.inf
        for to in range(n_reps):
            if not done[to] and far[to] < base:
                node, base = to, far[to]
        if node < 0:
            break
        done[node] = True
    for to in range(n_reps):
        price[to] = max(price[to] - far[to], 0.0)
