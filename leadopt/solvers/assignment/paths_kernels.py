"""Shortest paths of moves: who has no place is placed along one, and the least prices are as far as the pool is.

References
----------
Jonker & Volgenant (1987), A shortest augmenting path algorithm for dense and sparse linear assignment problems.
doi:10.1007/BF02278710
"""

from typing import NamedTuple

from leadopt.arrays import Ints
from leadopt.solvers.assignment.options_kernels import Arcs
from leadopt.solvers.assignment.places_kernels import Columns, Leads, enter, leave

_FAR = 0x4000_0000_0000_0000  # farther than any column


class Paths(NamedTuple):
    """How far each column is, who would move there at what cost, and a heap of those that were reached."""

    far: Ints
    mover: Ints
    cost: Ints
    heap: Ints
    place: Ints
    reached: Ints


def lift(paths: Paths, node: int, n: int) -> int:
    """Move a column up the heap of n after its distance fell, or add it; return how many there are."""
    far, heap, place = paths.far, paths.heap, paths.place
    at = place[node]
    if at < 0:
        at = n
        n += 1
    while at > 0:
        above = (at - 1) // 2
        if far[heap[above]] <= far[node]:
            break
        heap[at] = heap[above]
        place[heap[at]] = at
        at = above
    heap[at] = node
    place[node] = at
    return n


def pop(paths: Paths, n: int) -> int:
    """Take the nearest column off a heap of n, and return it; its place is -2 then."""
    far, heap, place = paths.far, paths.heap, paths.place
    top, node = heap[0], heap[n - 1]
    n -= 1
    at, below = 0, 1
    while below < n:
        if below + 1 < n and far[heap[below + 1]] < far[heap[below]]:
            below += 1
        if far[heap[below]] >= far[node]:
            break
        heap[at] = heap[below]
        place[heap[at]] = at
        at = below
        below = 2 * at + 1
    if n > 0:
        heap[at] = node
        place[node] = at
    place[top] = -2
    return int(top)


def augment(arcs: Arcs, leads: Leads, columns: Columns, n_left: int, paths: Paths, most_read: int) -> bool:
    """Place the leads that are left, each along a shortest path of moves to a column with room.

    That is for few leads in a column. Return whether it came to an end before so many arcs were read.
    """
    first, column, cost, _ = arcs
    rep, pays, after, _, _, queue = leads
    room, load, price, head = columns
    far, mover, mover_cost, heap, place, reached = paths
    for node in range(len(far)):
        far[node], place[node] = _FAR, -1
    n_read = 0
    for some in range(n_left):
        source = queue[some]
        n_heap, n_reached, end, nearest = 0, 0, -1, _FAR
        at, lead, base = -1, source, 0
        while True:
            for k in range(first[lead], first[lead + 1]):
                to = column[k]
                new = base + cost[k] + price[to]
                if new < nearest and new < far[to]:
                    if far[to] == _FAR:
                        reached[n_reached] = to
                        n_reached += 1
                    far[to], mover[to], mover_cost[to] = new, lead, cost[k]
                    if load[to] < room[to]:
                        end, nearest = to, new
                    else:
                        n_heap = lift(paths, to, n_heap)
            n_read += first[lead + 1] - first[lead]
            lead = after[lead] if at >= 0 else -1
            if lead < 0:
                if n_heap == 0 or far[heap[0]] >= nearest:
                    break
                at = pop(paths, n_heap)
                n_heap -= 1
                lead = head[at]
            base = far[at] - pays[lead] - price[at]
        for k in range(n_reached):
            to = reached[k]
            if place[to] == -2:
                price[to] += nearest - far[to]
            far[to], place[to] = _FAR, -1
        at = end
        while True:
            lead = mover[at]
            was = rep[lead]
            if lead != source:
                leave(lead, leads, columns)
            enter(lead, at, mover_cost[at], leads, columns)
            if lead == source:
                break
            at = was
        if n_read > most_read:
            return False
    return True


def lower(arcs: Arcs, leads: Leads, columns: Columns, paths: Paths) -> None:
    """Lower the prices of a best answer to the least there are, by the shortest path from the pool to each column."""
    first, column, cost, _ = arcs
    pays, after = leads.paid, leads.after
    price, head, far, place = columns.price, columns.head, paths.far, paths.place
    n = len(price)
    n_heap = 0
    for at in range(n):
        far[at], place[at] = price[at], -1
        n_heap = lift(paths, at, n_heap)
    while n_heap > 0:
        at = pop(paths, n_heap)
        n_heap -= 1
        lead = head[at]
        while lead >= 0:
            base = far[at] - pays[lead] - price[at]
            for k in range(first[lead], first[lead + 1]):
                to = column[k]
                if base + cost[k] + price[to] < far[to]:
                    far[to] = base + cost[k] + price[to]
                    n_heap = lift(paths, to, n_heap)
            lead = after[lead]
    for at in range(n):
        price[at] -= far[at]
