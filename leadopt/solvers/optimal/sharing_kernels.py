"""Tied leads shared out evenly, one by one: each to the emptiest of its choices, then along paths of moves.

Nodes are the reps and, as the last one, the pool, which is never full. A move costs nothing, so that only loads count:
they are most even exactly if no path leads from a rep to one that would even then be emptier.

References
----------
Harvey, Ladner, Lovasz and Tamir (2006), Semi-matchings for bipartite graphs and load balancing, section 4.
doi:10.1016/j.jalgor.2004.12.001
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints, Ints2
from leadopt.solvers.compiled import kernel

_FULL = 1e300  # a load beyond any other
_EMPTY = -1.0  # a load before any other
_EFFORT = 20  # times that all choices may be read on the way, beside a look at every rep for each lead
_AT_FIRST = 5  # as many while the order is by lot alone


class Choices(NamedTuple):
    """The nodes that are as good as any for each lead: ``option[first[i] : first[i + 1]]``, looked at from `begin`."""

    first: Ints
    option: Ints
    begin: Ints


class Loads(NamedTuple):
    """How many of these leads each node has, must and may have; what others are there; and what that is a share of.

    `favour` tells equal loads apart, the least first.
    """

    load: Ints
    least: Ints
    most: Ints
    beside: Ints
    share: Floats
    favour: Ints


class Lists(NamedTuple):
    """The node of each lead, -1 = none yet, and the leads of each node as a list."""

    node: Ints
    after: Ints
    before: Ints
    head: Ints


class Search(NamedTuple):
    """Who would move to each node, -1 = it is not reached; those that are, in order; 1 where nothing is to be had."""

    mover: Ints
    queue: Ints
    settled: Ints


def before_joining(loads: Loads, node: int) -> float:
    """Return how full a node is that takes one more lead; what it must have comes first."""
    load = loads.load[node]
    if load < loads.least[node]:
        return _EMPTY
    if load >= loads.most[node]:
        return _FULL
    return float((loads.beside[node] + load + 0.5) / loads.share[node])


def before_leaving(loads: Loads, node: int) -> float:
    """Return how full a node is that might send a lead on."""
    load = loads.load[node]
    return float((loads.beside[node] + load - 0.5) / loads.share[node]) if load > loads.least[node] else _EMPTY


def enter(lead: int, to: int, lists: Lists, loads: Loads) -> None:
    """Put a lead at the head of a node's list."""
    node, after, before, head = lists
    node[lead], after[lead], before[lead] = to, head[to], -1
    if head[to] >= 0:
        before[head[to]] = lead
    head[to] = lead
    loads.load[to] += 1


def leave(lead: int, lists: Lists, loads: Loads) -> None:
    """Take a lead off its node's list."""
    node, after, before, head = lists
    if before[lead] >= 0:
        after[before[lead]] = after[lead]
    else:
        head[node[lead]] = after[lead]
    if after[lead] >= 0:
        before[after[lead]] = before[lead]
    loads.load[node[lead]] -= 1


def emptiest(lead: int, choices: Choices, loads: Loads) -> int:
    """Return the emptiest of a lead's choices, -1 if all are full."""
    first, option, begin = choices
    found, least = -1, _FULL
    n = first[lead + 1] - first[lead]
    for k in range(n):
        at = begin[lead] + k
        node = option[first[lead] + (at if at < n else at - n)]
        level = before_joining(loads, node)
        if level < least or (found >= 0 and _EMPTY < level <= least and loads.favour[node] < loads.favour[found]):
            found, least = node, level
    return found


def emptiest_reached(
    lead: int, start: int, enough: float, choices: Choices, lists: Lists, loads: Loads, search: Search
) -> tuple[int, int, int]:
    """Return the emptiest node that moves lead to, from a lead (or from a node, with lead -1); -1 if all are full.

    It ends where one is as empty as is `enough`. Also how many nodes are reached, and how many choices were read.
    """
    first, option, begin = choices
    mover, queue, settled = search
    for node in range(len(mover)):
        mover[node] = -1
    found, least, n_reached, n_done, n_read = -1, _FULL, 0, 0, len(mover)
    if lead < 0:
        mover[start], queue[0] = lists.head[start], start
        n_reached, n_done, lead = 1, 1, lists.head[start]
    while True:
        while lead >= 0:
            n = first[lead + 1] - first[lead]
            n_read += n
            for k in range(n):
                at = begin[lead] + k
                node = option[first[lead] + (at if at < n else at - n)]
                if mover[node] < 0 and settled[node] == 0:
                    mover[node], queue[n_reached] = lead, node
                    n_reached += 1
                    level = before_joining(loads, node)
                    if level < least or (found >= 0 and level == least and loads.favour[node] < loads.favour[found]):
                        found, least = node, level
            if least <= enough:
                return found, n_reached, n_read
            lead = lists.after[lead] if lists.node[lead] >= 0 else -1
        if n_done == n_reached:
            return found, n_reached, n_read
        lead = lists.head[queue[n_done]]
        n_done += 1


def pass_on(end: int, source: int, lists: Lists, loads: Loads, search: Search) -> None:
    """Make the moves of a path to its end, from a node or, with source -1, from a lead that has none."""
    to = end
    while True:
        lead = search.mover[to]
        was = lists.node[lead]
        if was >= 0:
            leave(lead, lists, loads)
        enter(lead, to, lists, loads)
        if was == source:
            break
        to = was


def list_choices(
    gain: Floats2, leads: Ints, own: Ints, price: Floats, reserve: float, tolerance: float, first: Ints, option: Ints
) -> None:
    """Write which reps and, last, the pool are as good for some leads as their best, among them where they are."""
    n_reps, at = gain.shape[1], 0
    for k in range(len(leads)):
        lead, best = leads[k], reserve
        first[k] = at
        for rep in range(n_reps):
            best = max(best, gain[lead, rep] - price[rep])
        least = best - tolerance
        for rep in range(n_reps):
            worth = gain[lead, rep] - price[rep]
            option[at] = rep
            at += (worth >= least and worth > -np.inf) or rep == own[k]
        option[at] = n_reps
        at += (reserve >= least and reserve > -np.inf) or own[k] == n_reps
    first[len(leads)] = at


def shuffle(order: Ints, lots: Floats, begin: int) -> None:
    """Write numbers from 0 in an order by lot: of chances from 0 to 1, those that begin at a place."""
    for k in range(len(order)):
        other = int(lots[begin + k] * (k + 1))
        order[k] = order[other]
        order[other] = k


def put_fewest_first(order: Ints, first: Ints, lists: Lists) -> None:
    """Order leads by how many choices they have, the fewest first; who has as many stays in the order that they are in.

    `lists` are space.
    """
    after, head = lists.after, lists.head
    for n in range(len(head)):
        head[n] = -1
    for k in range(len(order) - 1, -1, -1):
        lead = order[k]
        n = first[lead + 1] - first[lead] - 1
        after[lead], head[n] = head[n], lead
    k = 0
    for n in range(len(head)):
        lead = head[n]
        while lead >= 0:
            order[k] = lead
            k, lead = k + 1, after[lead]


def count(rep: Ints, capacity: Ints, price: Floats, own: Ints, loads: Loads) -> None:
    """Write what reps and the pool must and may have of some leads: where a price holds the load, what they have."""
    load, least, most, beside, _, _ = loads
    pool = len(capacity)
    for node in range(pool + 1):
        load[node], beside[node] = 0, 0
    for lead in range(len(rep)):
        if rep[lead] >= 0:
            beside[rep[lead]] += 1
    for k in range(len(own)):
        load[own[k]] += 1
    for node in range(pool):
        beside[node] -= load[node]
        least[node], most[node] = load[node], load[node]
        if price[node] <= 0.0:
            least[node], most[node] = 0, max(capacity[node] - beside[node], load[node])
    least[pool], most[pool] = 0, len(own) + 1


def even_out(order: Ints, effort: int, choices: Choices, loads: Loads, lists: Lists, search: Search) -> bool:
    """Share out leads in some order, with most even loads; False where there is no way, or it takes too long.

    Parameters
    ----------
    effort
        how many choices are read at most
    loads, lists
        written: how many leads each node has, and the node of each lead
    """
    n_nodes, n_waiting, n_read = len(loads.load), 0, 0
    for node in range(n_nodes):
        loads.load[node], lists.head[node], search.settled[node] = 0, -1, 0
    for k in range(len(order)):
        lead = order[k]
        to = emptiest(lead, choices, loads)
        lists.node[lead] = -1
        if to >= 0:
            enter(lead, to, lists, loads)
        else:
            order[n_waiting] = lead  # who came before has a place, or waits there
            n_waiting += 1
    for k in range(n_waiting):
        end, _, read = emptiest_reached(order[k], -1, _EMPTY, choices, lists, loads, search)
        n_read += read
        if end < 0 or n_read > effort:
            return False
        pass_on(end, -1, lists, loads, search)
    # From the fullest down: where nothing is to be had from one, nothing is from whom it reaches.
    while n_read <= effort:
        start, fullest, enough = -1, _EMPTY, _FULL
        for node in range(n_nodes):
            if search.settled[node] == 0:
                level = before_leaving(loads, node)
                if level > fullest:
                    start, fullest = node, level
                enough = min(enough, before_joining(loads, node))
        if start < 0:
            break
        if enough >= fullest:
            break
        end, n_reached, read = emptiest_reached(-1, start, enough, choices, lists, loads, search)
        n_read += read
        if end >= 0 and before_joining(loads, end) < fullest:
            pass_on(end, start, lists, loads, search)
        else:
            for k in range(n_reached):
                search.settled[search.queue[k]] = 1
    for node in range(n_nodes):
        if loads.load[node] < loads.least[node]:
            return False
    return n_read <= effort


@kernel
def share_out(
    gain: Floats2,
    price: Floats,
    reserve: float,
    tolerance: float,
    capacity: Ints,
    share: Floats,
    leads: Ints,
    lots: Floats,
    rep: Ints,
    of_leads: Ints2,
    of_nodes: Ints2,
    first: Ints,
    option: Ints,
) -> bool:
    """Share out leads that may be tied, in an order by lot, with most even loads.

    Where that takes too long, those with few choices come first: if these are all choices of the others too, as where
    reps are open from some size on, nobody has to make way for them then. False where there is no way, or that takes
    too long as well.

    Parameters
    ----------
    gain, price, reserve, capacity
        of all leads and reps
    tolerance
        by how much an option may be worse than the best and be as good
    share
        what loads are a share of, and last inf, as the pool is always empty
    leads, lots
        who may be tied; two chances for each of them, and one for each rep, by which equal loads are told apart
    rep
        of all leads, -1 = pool: those of the tied ones are written
    of_leads, of_nodes, first, option
        space: 6 numbers for each of these leads, 9 for each rep and the pool, one for each lead and one more, and one
        for each pair of lead and rep or pool
    """
    n, pool = len(leads), len(capacity)
    own, order, begin = of_leads[0], of_leads[1], of_leads[2]
    favour = of_nodes[4]
    lists = Lists(of_leads[3], of_leads[4], of_leads[5], of_nodes[5])
    loads = Loads(of_nodes[0], of_nodes[1], of_nodes[2], of_nodes[3], share, favour)
    for k in range(n):
        own[k] = rep[leads[k]] if rep[leads[k]] >= 0 else pool
    list_choices(gain, leads, own, price, reserve, tolerance, first, option)
    for k in range(n):
        begin[k] = int(lots[k] * (first[k + 1] - first[k]))
    shuffle(order, lots, n)
    shuffle(favour[:pool], lots, 2 * n)
    favour[pool] = pool
    count(rep, capacity, price, own, loads)
    choices = Choices(first, option, begin)
    search = Search(of_nodes[6], of_nodes[7], of_nodes[8])
    if not even_out(order, _AT_FIRST * first[n] + n * pool, choices, loads, lists, search):
        shuffle(order, lots, n)
        put_fewest_first(order, first, lists)
        if not even_out(order, _EFFORT * first[n] + n * pool, choices, loads, lists, search):
            return False
    for k in range(n):
        rep[leads[k]] = lists.node[k] if lists.node[k] < pool else -1
    return True
