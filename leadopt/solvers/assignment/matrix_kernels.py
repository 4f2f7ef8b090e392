"""All pairs as a matrix of whole costs, and the cheapest assignment by a network simplex.

A row of costs is read at once, which takes next to no time: most goes into moves of the tree. What counts is where it
begins. Leads with most to lose are served first, each takes what is cheapest of what is left, and who fills a column is
held by its next best one, which somebody after it fills. Where all leads agree on who is best, that is the answer with
its prices; the north-west corner of a transport in sorted order is a case of it.
"""

import math
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints, Ints2
from leadopt.solvers.assignment.options_kernels import scale_of
from leadopt.solvers.assignment.places_kernels import Columns, Leads, enter, put_last
from leadopt.solvers.flow.simplex_kernels import Basis, Tree, bring_in, write_potentials

_FAR = 0x4000_0000_0000_0000  # farther than any column
_NEVER = 0x1000_0000_0000_0000  # as in `options_kernels`
_BARRED = 0x2000_0000_0000_0000  # as there
_BLOCK = 0.3  # of the root of the pairs are read for the next one to enter, as in `network_simplex`: a row, if long
_PIVOTS = 50  # by pair: many times what was ever seen


class Matrix(NamedTuple):
    """What each lead pays with each rep and, last, in the pool; and, as one lead more, what idle places cost: nothing.

    `order` is in which leads are served.
    """

    cost: Ints
    order: Ints


def write_matrix(
    gain: Floats2, room: Ints, reserve: float, largest_gain: float, matrix: Matrix, leads: Leads, best: Floats
) -> int:
    """Write what each pair loses against its lead's best one, and the order of the leads; return the exponent of costs.

    Leads are ordered by what they lose at worst, most first, and then by what they lose with all reps together: one
    that is not open to them counts as the pool. Where places are fewer than leads, those come before all others that
    lose most in the pool, as many as there are places; of equal ones, who loses least with all reps together.
    """
    cost, order = matrix
    lost, together, kept, in_pool = leads.stays, leads.paid, leads.after, leads.before
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    n = n_reps + 1
    pooled = reserve > -np.inf
    largest, n_places = 0.0, 0
    for rep in range(n_reps):
        n_places += min(room[rep], n_leads)
    for lead in range(n_leads):
        high, low = reserve, np.inf
        for rep in range(n_reps):
            value = gain[lead, rep]
            if value >= reserve and value > -np.inf and room[rep] > 0:
                high, low = max(high, value), min(low, value)
        best[lead] = high if high > -np.inf else 0.0
        largest = max(largest, high - reserve if pooled else high - min(low, high))
    if not largest > 0.0:
        largest = largest_gain
    up, again, exponent = scale_of(largest, n_leads + n)
    for lead in range(n_leads):
        high, at, worst, total, n_open = best[lead], lead * n, 0, 0, 0
        for rep in range(n_reps):
            value, paid = gain[lead, rep], _BARRED
            if value >= reserve and value > -np.inf and room[rep] > 0:
                paid = int((high - value) * up * again + 0.5)
                worst, total = max(worst, paid), total + paid
                n_open += 1
            cost[at + rep] = paid
        out = int((high - reserve if pooled else largest) * up * again + 0.5)
        cost[at + n_reps] = out if pooled else _NEVER
        total += (n_reps - n_open) * out
        order[lead], lost[lead], in_pool[lead] = lead, max(worst, out) if n_open < n_reps else worst, out
        together[lead], kept[lead] = total, -total
    for rep in range(n):
        cost[n_leads * n + rep] = 0 if rep == n_reps or room[min(rep, n_reps - 1)] > 0 else _BARRED
    n_first = min(n_places, n_leads)
    if n_first < n_leads:
        put_last(in_pool, kept, order, n_leads, n_first)
    put_last(lost, together, order, n_first, 1)
    return exponent


def least_of(cost: Ints, less: Ints) -> int:
    """Return the least of a row of costs, less what is given by column."""
    least = cost[0] - less[0]
    for k in range(1, len(less)):
        least = min(least, cost[k] - less[k])
    return int(least)


def place_of(cost: Ints, less: Ints, value: int) -> int:
    """Return the first place where that comes to a value."""
    k = 0
    while cost[k] - less[k] != value:
        k += 1
    return k


def tree_of(of_nodes: Ints2, of_columns: Ints2) -> Tree:
    """Return a tree without any node; space for columns begins with row 10."""
    n = of_nodes.shape[1]
    for row in range(6):
        for node in range(n):
            of_nodes[row, node] = -1
    for at in range(of_columns.shape[1]):
        of_columns[10, at], of_columns[11, at] = -1, -1
    basis = Basis(of_nodes[0], of_nodes[1], of_nodes[2])
    return Tree(basis, of_nodes[3], of_nodes[4], of_nodes[5], of_columns[10], of_columns[11])


def serve(matrix: Matrix, columns: Columns, tree: Tree, open_: Ints) -> None:
    """Write a first tree: leads take in turn what is cheapest of what has room; `open_` is written over."""
    cost, order = matrix
    parent, arc, flow = tree.basis
    left = columns.load
    n, n_leads = len(open_), len(order)
    pool, nobody = n - 1, n + n_leads
    for at in range(n):
        left[at] = columns.room[at]
        parent[at], open_[at] = -1, 0 if left[at] > 0 else -_FAR
    for lead in order:
        first, node = lead * n, n + lead
        row = cost[first : first + n]
        at = place_of(row, open_, least_of(row, open_))
        if at < pool:
            left[at] -= 1
        if at == pool or left[at] > 0:
            parent[node], arc[node], flow[node] = at, first + at, 1
            continue
        parent[at], arc[at], flow[at], open_[at] = node, first + at, 1, -_FAR
        at = place_of(row, open_, least_of(row, open_))
        parent[node], arc[node], flow[node] = at, first + at, 0
    for at in range(pool):
        if left[at] > 0:
            parent[at], arc[at], flow[at] = nobody, n_leads * n + at, left[at]
    # As many idle places as there are leads may come in the pool, should it be best to place fewer leads than here.
    parent[nobody], arc[nobody], flow[nobody] = pool, n_leads * n + pool, n_leads


def improve(cost: Ints, tree: Tree, value: Ints) -> bool:
    """Improve a tree until no pair does; return whether it came to that.

    Writes the potentials of the columns, 0 for the pool.
    """
    parent, arc = tree.basis.parent, tree.basis.arc
    n = len(value)
    n_rows = len(parent) - n
    block, most_pivots = int(_BLOCK * math.sqrt(n * n_rows)), _PIVOTS * n * n_rows
    write_potentials(cost, tree, value)
    row, n_pivots, read, since, best, of = 0, 0, 0, 0, 0, -1
    while since < n_rows and n_pivots < most_pivots:
        own = cost[arc[n + row]] - value[parent[n + row]]
        reduced = least_of(cost[row * n : (row + 1) * n], value) - own
        if reduced < best:
            best, of = reduced, row
        read += n
        since += 1
        row = row + 1 if row + 1 < n_rows else 0
        if of >= 0 and (read >= block or since >= n_rows):
            first = of * n
            own = cost[arc[n + of]] - value[parent[n + of]]
            end = place_of(cost[first : first + n], value, best + own)
            bring_in(tree, of, first + end, end, best, value)
            n_pivots += 1
            row, read, since, best, of = of, 0, 0, 0, -1
    return since >= n_rows


def read_off(matrix: Matrix, tree: Tree, value: Ints, leads: Leads, columns: Columns) -> None:
    """Write who has a place where, and at what prices."""
    cost, order = matrix
    parent, arc, flow = tree.basis
    n = len(value)
    for at in range(n):
        columns.load[at], columns.head[at] = 0, -1
        columns.price[at] = -value[at] if columns.room[at] > 0 else 0
    for lead in range(len(order)):
        if flow[n + lead] > 0:
            enter(lead, parent[n + lead], cost[arc[n + lead]], leads, columns)
    for at in range(n - 1):
        if parent[at] >= n and flow[at] > 0 and parent[at] < n + len(order):
            enter(parent[at] - n, at, cost[arc[at]], leads, columns)


def lower_all(cost: Ints, leads: Leads, columns: Columns, far: Ints, done: Ints) -> None:
    """Lower the prices of a best answer to the least there are, as `lower` does, where every pair is there.

    Only columns that have leads lead on to others: of few leads by many reps, next to none does.
    """
    pays, after = leads.paid, leads.after
    price, head = columns.price, columns.head
    n = len(price)
    n_taken = 0
    for at in range(n):
        far[at], done[at] = price[at], 0 if head[at] >= 0 else -_FAR
        n_taken += head[at] >= 0
    for _ in range(n_taken):
        at = place_of(far, done, least_of(far, done))
        done[at] = -_FAR
        lead = head[at]
        while lead >= 0:
            base, first = far[at] - pays[lead] - price[at], lead * n
            for to in range(n):
                far[to] = min(far[to], base + cost[first + to] + price[to])
            lead = after[lead]
    for at in range(n):
        price[at] -= far[at]
