"""Who has a place where, and at what prices: leads bid for places.

A lead is best off where the cost of an arc and the price of its column are least.
"""

from typing import NamedTuple

from leadopt.arrays import Ints
from leadopt.solvers.assignment.options_kernels import Arcs

_FAR = 0x4000_0000_0000_0000  # dearer than any column
_NEVER = 0x1000_0000_0000_0000  # as in `options_kernels`
_BIDS = 6  # of each lead, on average at most; who has no place then is placed along a shortest path
_LOOK = 2  # columns that are read in the time that one look at a lead in a column takes


class Leads(NamedTuple):
    """Where each lead is, -1 = nowhere, and at what cost; who is before and after it there; up to what price it stays.

    `queue` holds those without a place.
    """

    rep: Ints
    paid: Ints
    after: Ints
    before: Ints
    stays: Ints
    queue: Ints


class Columns(NamedTuple):
    """Room, load, price and first lead of each column; the last one is the pool, a rep with room for everybody."""

    room: Ints
    load: Ints
    price: Ints
    head: Ints


def enter(lead: int, to: int, paid: int, leads: Leads, columns: Columns) -> None:
    """Put a lead at the head of a column's list."""
    rep, pays, after, before = leads.rep, leads.paid, leads.after, leads.before
    load, head = columns.load, columns.head
    rep[lead], pays[lead], after[lead], before[lead] = to, paid, head[to], -1
    if head[to] >= 0:
        before[head[to]] = lead
    head[to] = lead
    load[to] += 1


def leave(lead: int, leads: Leads, columns: Columns) -> None:
    """Take a lead off its column's list."""
    rep, after, before = leads.rep, leads.after, leads.before
    load, head = columns.load, columns.head
    at = rep[lead]
    if before[lead] >= 0:
        after[before[lead]] = after[lead]
    else:
        head[at] = after[lead]
    if after[lead] >= 0:
        before[after[lead]] = before[lead]
    rep[lead] = -1
    load[at] -= 1


def begin(room: Ints, leads: Leads, columns: Columns) -> None:
    """Let nobody have a place."""
    n_leads, n_reps = len(leads.rep), len(room)
    for at in range(n_reps + 1):
        columns.room[at] = min(room[at], n_leads) if at < n_reps else n_leads
        columns.load[at], columns.price[at], columns.head[at] = 0, 0, -1
    for lead in range(n_leads):
        leads.rep[lead], leads.queue[lead] = -1, lead


def settle(key: Ints, then: Ints, order: Ints, n: int, at: int) -> None:
    """Let an entry go down a heap of n, which has the least key on top; of equal ones, that of the least `then`."""
    node = order[at]
    below = 2 * at + 1
    while below < n:
        if below + 1 < n:
            left, right = order[below], order[below + 1]
            below += key[right] < key[left] or (key[right] == key[left] and then[right] < then[left])
        least = order[below]
        if key[least] > key[node] or (key[least] == key[node] and then[least] >= then[node]):
            break
        order[at] = least
        at = below
        below = 2 * at + 1
    order[at] = node


def put_last(key: Ints, then: Ints, order: Ints, n: int, kept: int) -> None:
    """Put those with the least keys of the first n behind the others, the least last; `kept` remain in any order."""
    for at in range(n // 2 - 1, -1, -1):
        settle(key, then, order, n, at)
    for end in range(n - 1, kept - 1, -1):
        order[0], order[end] = order[end], order[0]
        settle(key, then, order, end, 0)


def order_by_loss(arcs: Arcs, leads: Leads) -> None:
    """Put leads in the queue by what they lose at worst, most first.

    Where all leads want the same, as all agree on who is best, nobody who has a place is outbid then.
    """
    first, cost, key, queue = arcs.first, arcs.cost, leads.stays, leads.queue
    n = len(queue)
    for lead in range(n):
        queue[lead], key[lead] = lead, 0
        for k in range(first[lead], first[lead + 1]):
            if cost[k] < _NEVER:
                key[lead] = max(key[lead], cost[k])
    put_last(key, key, queue, n, 1)


def bid(arcs: Arcs, leads: Leads, columns: Columns) -> int:
    """Let leads bid for places in the order of the queue; return how many are left without one, who are the queue then.

    A lead bids up to what its second-best column is worth. Prices rise only as long as every lead that has a place
    could have none that is better. Who is outbid bids at once, unless no price rose.
    """
    first, column, cost, _ = arcs
    _, _, after, _, stays, queue = leads
    room, load, price, head = columns
    n_left, n_bids = 0, 0
    for begins in range(len(queue)):
        lead = queue[begins]
        while lead >= 0:
            least, second, to, paid = _FAR, _FAR, -1, 0
            for k in range(first[lead], first[lead + 1]):
                reduced = cost[k] + price[column[k]]
                if reduced < second:
                    if reduced < least:
                        second, least, to, paid = least, reduced, column[k], cost[k]
                    else:
                        second = reduced
            n_bids += 1
            stays[lead] = second - paid
            if load[to] < room[to]:
                enter(lead, to, paid, leads, columns)
                break
            # Of those who want a place, the one that stays up to the lowest price goes; all others pay the next lowest.
            n_bids += (_LOOK * load[to]) // len(load)  # to look at them takes as long as so many bids
            goes, lowest, next_lowest = lead, stays[lead], _FAR
            other = head[to]
            while other >= 0:
                if stays[other] < lowest:
                    goes, lowest, next_lowest = other, stays[other], lowest
                elif stays[other] < next_lowest:
                    next_lowest = stays[other]
                other = after[other]
            if goes != lead:
                leave(goes, leads, columns)
                enter(lead, to, paid, leads, columns)
            rises = next_lowest > price[to]
            price[to] = next_lowest
            lead = goes
            if not rises or n_bids >= _BIDS * len(queue):
                queue[n_left] = lead
                n_left += 1
                lead = -1
    return n_left
