"""The loops of `exchanges`: the cheapest move of one lead between each two reps, and shortest paths of moves.

Nodes are the reps and, as the last one, the pool, which also has the slots that stay idle. A rep that passes a lead on
loses ``cost[a, b]``, its gain there less that here, with the lead for which that is least; -1 stands for no lead: a
slot of b that falls idle on its way from the pool, or one of a that is no longer. Comparisons are written so that a NaN
(0 x -inf: worth nothing, and not eligible) never wins.
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Floats2, Ints, Ints2
from leadopt.solvers.compiled import kernel


class Asking(NamedTuple):
    """Leads that each gain ``rates[row[lead]] * scale[lead]``, or the reserve; `shut` is inf for reps without slots."""

    rates: Floats2
    row: Ints
    scale: Floats
    reserve: float
    shut: Floats


class Places(NamedTuple):
    """Who is where: the node of each lead, the leads of each node as a list, and the idle slots of each rep."""

    node_of: Ints
    head: Ints
    after: Ints
    before: Ints
    idle: Ints


class Moves(NamedTuple):
    """What passing one lead from node to node costs at least, and which lead that is."""

    cost: Floats2
    lead: Ints2


class Search(NamedTuple):
    """What a search for a path writes on, by node: where it came from, how far it is, if it is done; and a list.

    `read` is how many pairs have been read to weigh moves anew, one number.
    """

    before: Ints
    far: Floats
    done: Bools
    stale: Ints
    read: Ints


def join(places: Places, lead: int, node: int) -> None:
    """Put a lead at the head of the list of a node."""
    first = places.head[node]
    places.node_of[lead], places.after[lead], places.before[lead] = node, first, -1
    if first >= 0:
        places.before[first] = lead
    places.head[node] = lead


def leave(places: Places, lead: int) -> None:
    """Take a lead off the list of its node."""
    before, after = places.before[lead], places.after[lead]
    if before >= 0:
        places.after[before] = after
    else:
        places.head[places.node_of[lead]] = after
    if after >= 0:
        places.before[after] = before


def weigh_lead(leads: Asking, places: Places, moves: Moves, lead: int) -> None:
    """Let a lead be the cheapest one of its node wherever it is."""
    n_reps, node = len(leads.shut), places.node_of[lead]
    row, scale = leads.row[lead], leads.scale[lead]
    own = leads.reserve if node == n_reps else leads.rates[row, node] * scale
    for rep in range(n_reps):
        cost = own - leads.rates[row, rep] * scale + leads.shut[rep]
        if cost < moves.cost[node, rep]:
            moves.cost[node, rep], moves.lead[node, rep] = cost, lead
    if own - leads.reserve < moves.cost[node, n_reps]:
        moves.cost[node, n_reps], moves.lead[node, n_reps] = own - leads.reserve, lead


def clear(leads: Asking, places: Places, moves: Moves, node: int, to: int) -> None:
    """Forget the leads that may pass from one node to another."""
    n_reps = len(leads.shut)
    moves.cost[node, to], moves.lead[node, to] = np.inf, -1
    if (node == n_reps and to < n_reps and leads.shut[to] == 0.0) or (
        to == n_reps and node < n_reps and places.idle[node] > 0
    ):
        moves.cost[node, to] = 0.0


@kernel
def begin(leads: Asking, places: Places, moves: Moves) -> None:
    """Draw up the lists of all nodes, and weigh every move; leads have their nodes."""
    n_nodes = len(places.head)
    for node in range(n_nodes):
        places.head[node] = -1
        for to in range(n_nodes):
            clear(leads, places, moves, node, to)
    for lead in range(len(places.node_of)):
        join(places, lead, places.node_of[lead])
        weigh_lead(leads, places, moves, lead)


def weigh_again(leads: Asking, places: Places, moves: Moves, node: int, gone: int, search: Search) -> None:
    """Weigh anew what a lead that has left a node (-1 = an idle slot) was the cheapest for."""
    n_reps, n_stale = len(leads.shut), 0
    for to in range(n_reps + 1):
        if moves.lead[node, to] == gone and to != node:
            search.stale[n_stale] = to
            n_stale += 1
            clear(leads, places, moves, node, to)
    if n_stale == 0:
        return
    lead = places.head[node]
    while lead >= 0:
        row, scale = leads.row[lead], leads.scale[lead]
        own = leads.reserve if node == n_reps else leads.rates[row, node] * scale
        for k in range(n_stale):
            to = search.stale[k]
            cost = own - leads.reserve if to == n_reps else own - leads.rates[row, to] * scale + leads.shut[to]
            if cost < moves.cost[node, to]:
                moves.cost[node, to], moves.lead[node, to] = cost, lead
        search.read[0] += n_stale
        lead = places.after[lead]


@kernel
def pass_on(leads: Asking, places: Places, moves: Moves, start: int, end: int, excess: Ints, search: Search) -> None:
    """Make the moves of a path, told by the node `before` each, from its end back to its start; equal = a cycle."""
    n_reps, to = len(leads.shut), end
    excess[start] -= 1
    excess[end] += 1
    while True:
        node = search.before[to]
        lead = moves.lead[node, to]
        if lead >= 0:
            leave(places, lead)
            join(places, lead, to)
            weigh_again(leads, places, moves, node, lead, search)
            weigh_lead(leads, places, moves, lead)
        elif node == n_reps:
            places.idle[to] += 1
            if moves.cost[to, n_reps] > 0.0:
                moves.cost[to, n_reps], moves.lead[to, n_reps] = 0.0, -1
        else:
            places.idle[node] -= 1
            if places.idle[node] == 0:
                weigh_again(leads, places, moves, node, -1, search)
        to = node
        if to == start:
            break


def nearest(moves: Moves, price: Floats, excess: Ints, stage: int, search: Search) -> int:
    """Return the nearest node that lacks a lead, or that is the pool, from those with too many; -1 if there is none.

    In stage 1, from the pool to one that lacks a lead. Prices are lowered by how far each node is, so that
    no move costs less than nothing after prices, and the path costs nothing (Dijkstra, O(n_nodes^2)).
    """
    n_nodes = len(price)
    pool = n_nodes - 1
    for node in range(n_nodes):
        search.before[node], search.done[node], search.far[node] = -1, False, np.inf
        if (stage == 0 and node != pool and excess[node] > 0) or (stage == 1 and node == pool):
            search.far[node] = 0.0
    found = -1
    while True:
        node, least = -1, np.inf
        for k in range(n_nodes):
            if not search.done[k] and search.far[k] < least:
                node, least = k, search.far[k]
        if node < 0:
            break
        search.done[node] = True
        if (node != pool and excess[node] < 0) or (node == pool and stage == 0):
            found = node
            break
        for to in range(n_nodes):
            if not search.done[to]:
                length = moves.cost[node, to] + price[to] - price[node]
                reached = least + (length if length > 0.0 else 0.0)
                if reached < search.far[to]:
                    search.far[to], search.before[to] = reached, node
    if found >= 0:
        for node in range(n_nodes):
            price[node] -= min(search.far[node], search.far[found])
    return found


@kernel
def even_out(
    leads: Asking,
    places: Places,
    moves: Moves,
    price: Floats,
    excess: Ints,
    most: int,
    most_read: int,
    search: Search,
) -> int:
    """Pass leads on along cheapest paths until no node has too many or lacks one, or so many times; return how many.

    -1 if some lead can go nowhere, or so many pairs have been read.
    """
    n_nodes, n_made = len(price), 0
    for stage in range(2):
        while True:
            n_waiting = 0
            for node in range(n_nodes - 1):
                n_waiting += (stage == 0 and excess[node] > 0) or (stage == 1 and excess[node] < 0)
            if n_waiting == 0:
                break
            if n_made == most:
                return n_made
            if search.read[0] > most_read:
                return -1
            end = nearest(moves, price, excess, stage, search)
            if end < 0:
                return -1
            start = end
            while search.before[start] >= 0:
                start = search.before[start]
            pass_on(leads, places, moves, start, end, excess, search)
            n_made += 1
    return n_made


@kernel
def raise_prices(moves: Moves, price: Floats, tolerance: float, search: Search) -> int:
    """Raise prices until no move gains more than the tolerance after them; the node of a cycle that gains, -1 if none.

    ``price[b] >= price[a] - cost[a, b]`` (Bellman and Ford).
    """
    n_nodes = len(price)
    for node in range(n_nodes):
        search.before[node], search.done[node] = -1, True
    for _ in range(n_nodes + 1):
        last = -1
        for node in range(n_nodes):
            if search.done[node]:
                search.done[node] = False
                for to in range(n_nodes):
                    least = price[node] - moves.cost[node, to]
                    if to != node and least > price[to] + tolerance:
                        price[to], search.before[to], search.done[to], last = least, node, True, to
        if last < 0:
            return -1
    for _ in range(n_nodes):
        last = search.before[last]
    return last
