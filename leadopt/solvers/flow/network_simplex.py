"""Rows with supplies into columns with room, as cheaply as can be: a network simplex, for where loops are compiled.

It begins where every row takes what is cheapest at given prices, which leaves little to do where these are near the
best ones; and ties cost it no more than anything else.
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Ints
from leadopt.progress import apart
from leadopt.solvers.flow.simplex_kernels import Arcs, Basis, Tree, begin, simplex

NEVER = 2**60  # costs so much that nothing real is dearer; sums of it and of costs along a path fit an int64
_BLOCK = 0.3  # of the root of the arcs are read for the next one to enter
_SOON = 20_000  # arcs, which take some milliseconds: nobody waits for these
_PIVOTS = 50  # by arc: many times what was ever seen


class Flow(NamedTuple):
    """How much goes from each row to each column, -1 = to none; and prices (n_columns,) that prove it best.

    Columns without room have a price of no meaning.
    """

    row: Ints
    column: Ints
    amount: Ints
    price: Ints


def transport(
    row: Ints,
    column: Ints,
    cost: Ints,
    supply: Ints,
    room: Ints,
    *,
    aside: Ints | int = NEVER,
    idle: Ints | int = 0,
    prices: Ints | None = None,
    first_cost: Ints | None = None,
    first_aside: Ints | None = None,
) -> "Flow | None":
    """Return a cheapest flow, and prices of the columns that prove it.

    None if there is no flow without supplies or room left over that must not be, or if it does not come to an end:
    another solver should have a look.

    Parameters
    ----------
    row, column, cost
        (n_arcs,), ascending by row; costs from 0 to ``2**58`` by the number of rows and columns
    supply, room
        (n_rows,) and (n_columns,), whole amounts, not negative
    aside
        (n_rows,) or one for all: what a unit costs that goes to no column, which is -1 in the result
    idle
        (n_columns,) or one for all: what a unit of room costs that stays empty
    prices
        (n_columns,), whole costs by which the columns are dearer for the first flow; None = 0
    first_cost, first_aside
        what the first flow goes by, which serves one row after the other; None = `cost` and `aside`

    Examples
    --------
    >>> transport(*np.array([[0, 0, 1, 1], [0, 1, 0, 1], [3, 5, 1, 4]]), np.array([1, 2]), np.array([2, 2]))
    Flow(row=array([1, 0]), column=array([0, 1]), amount=array([2, 1]), price=array([3, 0]))
    """
    n_rows, root = len(supply), len(room)
    open_ = room[column] > 0
    columns = np.flatnonzero(room)
    first, place = _places(row[open_], n_rows, len(columns))
    tos = np.full(first[-1], root)
    tos[place], tos[first[-2] : -1] = column[open_], columns
    supplies, values = np.append(supply, room.sum()), np.append(np.zeros_like(room) if prices is None else -prices, 0)
    basis = Basis(*(np.full(root + 1 + n_rows + 1, -1, dtype=np.int64) for _ in range(3)))
    parent, arc, flow = basis
    costs = np.zeros(first[-1], dtype=np.int64)
    costs[place], costs[first[1:-1] - 1] = cost[open_], aside
    costs[first[-2] : -1] = np.broadcast_to(idle, root)[columns]
    first_costs = costs.copy()
    if first_cost is not None:
        first_costs[place] = first_cost[open_]
    if first_aside is not None:
        first_costs[first[1:-1] - 1] = first_aside
    begin(Arcs(first, tos, first_costs), supplies, room.copy(), values, basis)
    most = _PIVOTS * len(tos)
    block, tree = int(_BLOCK * np.sqrt(len(tos))), Tree.of(basis, root + 1)

    def pivots() -> int:
        return simplex(Arcs(first, tos, costs), tree, values, most, block)

    ended = (pivots() if len(tos) < _SOON else apart(pivots)) < most
    used = np.flatnonzero(flow > 0)
    if not ended or (costs[arc[used]] >= NEVER).any():
        return None
    source = np.where(used > root, used, parent[used]) - root - 1
    real = source < n_rows
    target = tos[arc[used[real]]]
    return Flow(source[real], np.where(target == root, -1, target), flow[used[real]], -values[:-1])


def _places(row: Ints, n_rows: int, n_columns: int) -> tuple[Ints, Ints]:
    """Return where the arcs of each row begin, and where the given ones stand: each row has one more, to the root.

    One row more, nobody, leads to all columns and to the root.
    """
    sizes = np.append(np.bincount(row, minlength=n_rows), n_columns) + 1
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), np.arange(len(row)) + row
