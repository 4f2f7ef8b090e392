"""The loops of a network simplex for transportation: rows with supplies, columns with room.

Arcs lead from rows to columns, row by row: those of row r are ``first[r] : first[r + 1]``. The last column is the root,
which takes everything, and the last row stands for nobody: it fills the room that is left over. A basis is a tree over
columns and rows, the node of row r being ``n_columns + r``. Since columns are few and most rows are leaves, only
columns have a potential of their own: that of a row follows from the arc above it.

The tree is kept strongly feasible (an arc without flow leads towards the root), so that ties never make it go round in
circles.

References
----------
Cunningham (1976), A network simplex method. doi:10.1007/BF01580379
Bonneel et al. (2011), Displacement interpolation using Lagrangian mass transport. doi:10.1145/2070781.2024192
"""

from typing import NamedTuple, Self

import numpy as np

from leadopt.arrays import Ints
from leadopt.solvers.compiled import kernel

_MOST = 0x7FFF_FFFF_FFFF_FFFF


class Arcs(NamedTuple):
    """The arcs of each row, and what a unit costs on each."""

    first: Ints
    column: Ints
    cost: Ints


class Basis(NamedTuple):
    """What joins each node of the tree to the one above it: which node, by which arc, with how much flow."""

    parent: Ints
    arc: Ints
    flow: Ints


class Tree(NamedTuple):
    """A basis with what is quickly found in it.

    `child` is the first column or row below a node, `after` and `before` are its neighbours below the same one; a row
    is on its column's list only while columns are below it. `depth` is of columns alone, and `listed` has columns that
    were found together.
    """

    basis: Basis
    child: Ints
    after: Ints
    before: Ints
    depth: Ints
    listed: Ints

    @classmethod
    def of(cls, basis: Basis, n_columns: int) -> Self:
        """Return a tree of which only the basis is known."""
        nobody = np.full(len(basis.parent), -1, dtype=np.int64)
        depth, listed = np.full((2, n_columns), -1, dtype=np.int64)
        return cls(basis, nobody, nobody.copy(), nobody.copy(), depth, listed)


@kernel
def begin(arcs: Arcs, supply: Ints, left: Ints, value: Ints, basis: Basis) -> None:
    """Write a first tree: every row in turn takes its cheapest columns that have room `left`, at the prices `-value`.

    The row that fills a column is above it; a row is below the last column that it entered and did not fill, or below
    the root. Every row has an arc to the root, the last of its arcs, and so has every column with room one from nobody,
    in order of columns.
    """
    first, column, cost = arcs
    parent, arc, flow = basis
    root, nobody = len(left), len(supply) - 1
    for row in range(nobody):
        node, amount = root + 1 + row, supply[row]
        last = first[row + 1] - 1
        parent[node], arc[node], flow[node] = root, last, 0
        while amount > 0:
            best, least = last, cost[last]
            for k in range(first[row], last):
                if left[column[k]] > 0 and cost[k] - value[column[k]] < least:
                    best, least = k, cost[k] - value[column[k]]
            to = column[best]
            if to == root or left[to] > amount:
                parent[node], arc[node], flow[node] = to, best, amount
                if to != root:
                    left[to] -= amount
                break
            amount -= left[to]
            parent[to], arc[to], flow[to] = node, best, left[to]
            left[to] = 0
    node, amount = root + 1 + nobody, supply[nobody]
    for k in range(first[nobody], first[nobody + 1] - 1):
        if left[column[k]] > 0:
            parent[column[k]], arc[column[k]], flow[column[k]] = node, k, left[column[k]]
            amount -= left[column[k]]
    parent[node], arc[node], flow[node] = root, first[nobody + 1] - 1, amount


class Served(NamedTuple):
    """What a first flow came to: what each arc carries, by which arc each row hangs, which column each arc filled.

    A row hangs by its last arc that carries something; or, if that filled a column, by its next best one, or else by
    the one to the root, the last of its arcs. The column that an arc filled is the innermost one, -1 = none.
    """

    amount: Ints
    hook: Ints
    filled: Ints


@kernel
def serve(arcs: Arcs, supply: Ints, order: Ints, above: Ints, space: Ints, value: Ints, served: Served) -> None:
    """Let rows take in turn what is cheapest where there is space, in a column and in all those above it.

    Parameters
    ----------
    order
        the rows, in the order in which they are served
    above
        the column that each column flows on to, the root for the outermost
    space
        what may still come to each column; becomes what is left
    value
        the first flow goes by costs less these
    served
        begins with no amounts and no column filled
    """
    first, column, cost = arcs
    amount, hook, filled = served
    root = len(above)
    for row in order:
        left, last = supply[row], first[row + 1] - 1
        while True:
            best, least, most = last, cost[last], left
            for k in range(first[row], last):
                to = column[k]
                if cost[k] - value[to] < least and space[to] > 0:
                    room, at = left + 1, to
                    while at < root and room > 0:
                        room = min(room, space[at])
                        at = above[at]
                    if room > 0:
                        best, least, most = k, cost[k] - value[to], min(room, left)
            hook[row] = best
            if best == last:
                amount[best] = left
                break
            amount[best] += most
            left -= most
            if most == 0:
                break
            at = column[best]
            while at < root:
                space[at] -= most
                if space[at] == 0 and filled[best] < 0:
                    filled[best] = at
                at = above[at]
            if filled[best] < 0:
                break


def add_child(tree: Tree, node: int, above: int) -> None:
    """Put a node at the head of the list of those below another."""
    child, after, before = tree.child, tree.after, tree.before
    head = child[above]
    child[above], after[node], before[node] = node, head, -1
    if head >= 0:
        before[head] = node


def drop_child(tree: Tree, node: int, above: int) -> None:
    """Take a node off the list of those below another."""
    child, after, before = tree.child, tree.after, tree.before
    if before[node] >= 0:
        after[before[node]] = after[node]
    else:
        child[above] = after[node]
    if after[node] >= 0:
        before[after[node]] = before[node]


def hang(tree: Tree, node: int, above: int) -> None:
    """Move a node below another."""
    parent, child = tree.basis.parent, tree.child
    was = parent[node]
    if node >= len(tree.depth):
        if child[node] >= 0:
            drop_child(tree, node, was)
            add_child(tree, node, above)
    else:
        drop_child(tree, node, was)
        if child[was] < 0:
            drop_child(tree, was, parent[was])
        if child[above] < 0:
            add_child(tree, above, parent[above])
        add_child(tree, node, above)
    parent[node] = above


def below(tree: Tree, top: int) -> int:
    """List all columns from a node down, none before the one above it; return how many. Brings depths up to date."""
    parent, child, after, listed = tree.basis.parent, tree.child, tree.after, tree.listed
    n = 0
    if top < len(tree.depth):
        listed[0], n = top, 1
    else:
        column = child[top]
        while column >= 0:
            listed[n], n, column = column, n + 1, after[column]
    k = 0
    while k < n:
        at = listed[k]
        tree.depth[at] = tree.depth[parent[parent[at]]] + 2 if parent[at] >= 0 else 0
        row = child[at]
        while row >= 0:
            column = child[row]
            while column >= 0:
                listed[n], n, column = column, n + 1, after[column]
            row = after[row]
        k += 1
    return n


def pivot(tree: Tree, row: int, enters: int, end: int) -> tuple[int, bool]:
    """Let an arc from a row to the column `end` into the tree and another out of it.

    Flow goes round the cycle that the arc closes, in its direction, until an arc is empty. Of several the last on the
    way round from the top leaves, which keeps the tree strongly feasible. What hung below it is hung up by the new arc:
    returns how many columns, which are listed now, and whether that is the end of the arc. Their potentials change by
    the arc's reduced cost then, and else by as much less.
    """
    parent, arc, flow = tree.basis
    depth = tree.depth
    n_columns = len(depth)
    start = n_columns + row
    from_start, out_of_start, from_end, out_of_end = _MOST, -1, _MOST, -1
    a, b = start, end
    while a != b:
        depth_a = depth[a] if a < n_columns else depth[parent[a]] + 1
        depth_b = depth[b] if b < n_columns else depth[parent[b]] + 1
        if depth_a >= depth_b:
            if a >= n_columns and flow[a] < from_start:
                from_start, out_of_start = flow[a], a
            a = parent[a]
        else:
            if b < n_columns and flow[b] <= from_end:
                from_end, out_of_end = flow[b], b
            b = parent[b]
    top, amount = a, min(from_start, from_end)
    if amount > 0:
        a, b = start, end
        while a != top:
            flow[a] += -amount if a >= n_columns else amount
            a = parent[a]
        while b != top:
            flow[b] += amount if b >= n_columns else -amount
            b = parent[b]
    if from_end <= from_start:
        node, above, out = end, start, out_of_end
    else:
        node, above, out = start, end, out_of_start
    through, carried, moved = enters, amount, node
    while True:
        was_above, was_through, was_carried = parent[node], arc[node], flow[node]
        hang(tree, node, above)
        arc[node], flow[node] = through, carried
        if node == out:
            break
        above, through, carried, node = node, was_through, was_carried, was_above
    return below(tree, moved), moved == end


def plant(tree: Tree) -> int:
    """Write what is known of a basis, and list all its columns from the root down; return how many.

    What has no room has nothing above it, and is not in the tree.
    """
    parent, child = tree.basis.parent, tree.child
    for node in range(len(tree.depth) - 1):
        above = parent[node]
        if above >= 0:
            if child[above] < 0:
                add_child(tree, above, parent[above])
            add_child(tree, node, above)
    return below(tree, len(tree.depth) - 1)


def write_potentials(cost: Ints, tree: Tree, value: Ints) -> None:
    """Write the potentials of the columns of a tree that is new, 0 at the root."""
    parent, arc = tree.basis.parent, tree.basis.arc
    value[len(value) - 1] = 0
    for k in range(1, plant(tree)):
        at = tree.listed[k]
        row = parent[at]
        value[at] = cost[arc[at]] - cost[arc[row]] + value[parent[row]]


def bring_in(tree: Tree, row: int, enters: int, end: int, reduced: int, value: Ints) -> None:
    """Let an arc of a reduced cost into the tree, and bring the potentials up to date."""
    n, is_end = pivot(tree, row, enters, end)
    by = reduced if is_end else -reduced
    for k in range(n):
        value[tree.listed[k]] += by


@kernel
def simplex(arcs: Arcs, tree: Tree, value: Ints, most_pivots: int, block: int) -> int:
    """Improve a tree until no arc does, or so many pivots are made; return how many were.

    The best of about `block` arcs, read in turn, enters. Writes the potentials of the columns, 0 at the root.
    """
    first, column, cost = arcs
    parent, arc = tree.basis.parent, tree.basis.arc
    n_columns, n_rows = len(value), len(first) - 1
    write_potentials(cost, tree, value)
    row, n_pivots, read, since = 0, 0, 0, 0
    best, enters, of = 0, -1, -1
    while since < n_rows and n_pivots < most_pivots:
        node = n_columns + row
        own = cost[arc[node]] - value[parent[node]]
        for k in range(first[row], first[row + 1]):
            reduced = cost[k] - own - value[column[k]]
            if reduced < best:
                best, enters, of = reduced, k, row
        read += first[row + 1] - first[row]
        since += 1
        row = row + 1 if row + 1 < n_rows else 0
        if enters >= 0 and (read >= block or since >= n_rows):
            bring_in(tree, of, enters, column[enters], best, value)
            n_pivots += 1
            best, enters, read, since = 0, -1, 0, 0
    return n_pivots
