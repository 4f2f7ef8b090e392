"""The compiled loops of `exchanges`: the cheapest move of one lead between each two reps, and shortest paths of moves.

Nodes are the reps and, as the last one, the pool, which also has the slots that stay idle. A rep that passes a lead on
loses ``cost[a, b]``, its gain there less that here, with the lead for which that is least; -1 stands for no lead: a
slot of b that falls idle on its way from the pool, or one of a that is no longer. Comparisons are written so that a NaN
(0 x -inf: worth nothing, and not eligible) never wins.
"""

from typing import Any, NamedTuple

import numpy as np

from leadopt.solvers.compiled import compiled


class Leads(NamedTuple):
    """Leads that each gain ``rates[row[lead]] * scale[lead]``, or the reserve; `shut` is inf for reps without slots."""

    rates: Any
    row: Any
    scale: Any
    reserve: float
    shut: Any


class Places(NamedTuple):
    """Who is where: the node of each lead, the leads of each node as a list, and the idle slots of each rep."""

    node_of: Any
    head: Any
    after: Any
    before: Any
    idle: Any


class Moves(NamedTuple):
    """What passing one lead from node to node costs at least, and which lead that is."""

    cost: Any
    lead: Any


@compiled
def join(places: Any, lead: int, node: int) -> None:
    """Put a lead at the head of the list of a node."""
    first = places.head[node]
    places.node_of[lead], places.after[lead], places.before[lead] = node, first, -1
    if first >= 0:
        places.before[first] = lead
    places.head[node] = lead


@compiled
def leave(places: Any, lead: int) -> None:
    """Take a lead off the list of its node."""
    before, after = places.before[lead], places.after[lead]
    if before >= 0:
        places.after[before] = after
    else:
        places.head[places.node_of[lead]] = after
    if after >= 0:
        places.before[after] = before


@compiled
def weigh_lead(leads: Any, places: Any, moves: Any, lead: int) -> None:
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


@compiled
def clear(leads: Any, places: Any, moves: Any, node: int, to: int) -> None:
    """Forget the leads that may pass from one node to another."""
    n_reps = len(leads.shut)
    moves.cost[node, to], moves.lead[node, to] = np.inf, -1
    if (node == n_reps and to < n_reps and leads.shut[to] == 0.0) or (
        to == n_reps and node < n_reps and places.idle[node] > 0
    ):
        moves.cost[node, to] = 0.0


@compiled
def begin(leads: Any, places: Any, moves: Any) -> None:
    """Draw up the lists of all nodes, and weigh every move; leads have their nodes."""
    n_nodes = len(places.head)
    for node in range(n_nodes):
        places.head[node] = -1
        for to in range(n_nodes):
            clear(leads, places, moves, node, to)
    for lead in range(len(places.node_of)):
        join(places, lead, places.node_of[lead])
        weigh_lead(leads, places, moves, lead)


@compiled
def weigh_again(leads: Any, places: Any, moves: Any, node: int, gone: int, stale: Any) -> None:
    """Weigh anew what a lead that has left a node (-1 = an idle slot) was the cheapest for."""
    n_reps, n_stale = len(leads.shut), 0
    for to in range(n_reps + 1):
        if moves.lead[node, to] == gone and to != node:
            stale[n_stale] = to
            n_stale += 1
            clear(leads, places, moves, node, to)
    if n_stale == 0:
        return
    lead = places.head[node]
    while lead >= 0:
        row, scale = leads.row[lead], leads.scale[lead]
        own = leads.reserve if node == n_reps else leads.rates[row, node] * scale
        for k in range(n_stale):
            to = stale[k]
            cost = own - leads.reserve if to == n_reps else own - leads.rates[row, to] * scale + leads.shut[to]
            if cost < moves.cost[node, to]:
                moves.cost[node, to], moves.lead[node, to] = cost, lead
        lead = places.after[lead]


@compiled
def pass_on(leads: Any, places: Any, moves: Any, start: int, end: int, before: Any, excess: Any, stale: Any) -> None:
    """Make the moves of a path, told by the node `before` each, from its end back to its start; equal = a cycle."""
    n_reps, to = len(leads.shut), end
    excess[start] -= 1
    excess[end] += 1
    while True:
        node = before[to]
        lead = moves.lead[node, to]
        if lead >= 0:
            leave(places, lead)
            join(places, lead, to)
            weigh_again(leads, places, moves, node, lead, stale)
            weigh_lead(leads, places, moves, lead)
        elif node == n_reps:
            places.idle[to] += 1
            if moves.cost[to, n_reps] > 0.0:
                moves.cost[to, n_reps], moves.lead[to, n_reps] = 0.0, -1
        else:
            places.idle[node] -= 1
            if places.idle[node] == 0:
                weigh_again(leads, places, moves, node, -1, stale)
        to = node
        if to == start:
            break


@compiled
def nearest(moves: Any, price: Any, excess: Any, from_pool: bool, before: Any, far: Any, done: Any) -> int:
    """Return the nearest node that lacks a lead, or that is the pool, from those with too many; -1 if there is none.

    Of the pool alone, to one that lacks a lead, where `from_pool`. Prices are lowered by how far each node is, so that
    no move costs less than nothing after prices, and the path costs nothing (Dijkstra, O(n_nodes^2)).
    """
    n_nodes = len(price)
    pool = n_nodes - 1
    for node in range(n_nodes):
        starts = node == pool if from_pool else node != pool and excess[node] > 0
        before[node], done[node] = -1, False
        far[node] = 0.0 if starts else np.inf
    found = -1
    while True:
        node, least = -1, np.inf
        for k in range(n_nodes):
            if not done[k] and far[k] < least:
                node, least = k, far[k]
        if node < 0:
            break
        done[node] = True
        if (node != pool and excess[node] < 0) or (node == pool and not from_pool):
            found = node
            break
        for to in range(n_nodes):
            if not done[to]:
                length = moves.cost[node, to] + price[to] - price[node]
                reached = least + (length if length > 0.0 else 0.0)
                if reached < far[to]:
                    far[to], before[to] = reached, node
    if found >= 0:
        for node in range(n_nodes):
            price[node] -= min(far[node], far[found])
    return found


@compiled
def even_out(
    leads: Any,
    places: Any,
    moves: Any,
    price: Any,
    excess: Any,
    most: int,
    before: Any,
    far: Any,
    done: Any,
    stale: Any,
) -> int:
    """Pass leads on along cheapest paths until no node has too many or lacks one, or so many times; return how many.

    -1 if some lead can go nowhere.
    """
    n_nodes, n_made = len(price), 0
    for from_pool in (False, True):
        while True:
            waits = False
            for node in range(n_nodes - 1):
                waits |= excess[node] < 0 if from_pool else excess[node] > 0
            if not waits:
                break
            if n_made == most:
                return n_made
            end = nearest(moves, price, excess, from_pool, before, far, done)
            if end < 0:
                return -1
            start = end
            while before[start] >= 0:
                start = before[start]
            pass_on(leads, places, moves, start, end, before, excess, stale)
            n_made += 1
    return n_made


@compiled
def raise_prices(moves: Any, price: Any, tolerance: float, before: Any, active: Any) -> int:
    """Raise prices until no move gains more than the tolerance after them; the node of a cycle that gains, -1 if none.

    ``price[b] >= price[a] - cost[a, b]`` (Bellman and Ford).
    """
    n_nodes = len(price)
    for node in range(n_nodes):
        before[node], active[node] = -1, True
    for _ in range(n_nodes + 1):
        last = -1
        for node in range(n_nodes):
            if active[node]:
                active[node] = False
                for to in range(n_nodes):
                    least = price[node] - moves.cost[node, to]
                    if to != node and least > price[to] + tolerance:
                        price[to], before[to], active[to], last = least, node, True, to
        if last < 0:
            return -1
    for k in range(n_nodes):
        last = before[last]
    return last
