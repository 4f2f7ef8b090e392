"""The loops of `row_simplex`: a network simplex that reads rows of gains as they are, without arcs of its own.

Columns are the reps and, as the last one and the root, the pool, which gains the reserve and whose price is 0; a rep
without slots has a price of inf, and nothing above it. The last row is nobody, whom idle slots gain nothing. A tree of
both is kept as in `flow/simplex_kernels`, but gains and prices are no whole numbers: a pair enters only if it gains
more than a tolerance, and prices are worked out anew from the tree before rounding adds up to that.
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Floats2, Ints, Ints2
from leadopt.solvers.capacities.bid_kernels import Leads
from leadopt.solvers.compiled import kernel
from leadopt.solvers.flow.simplex_kernels import Basis, Tree, below, pivot, plant

_LANES = 16  # reps that are compared at once, as in `nearest_kernels`
_FRESH = 200  # pivots, after which prices are worked out anew
_READ = 5  # rows with a pair that may gain are read, and the best enters; 2 and 10 take as long


class Options(NamedTuple):
    """The best two options of each lead at some prices, n_reps = the pool, and how much better the first one is."""

    first: Ints
    second: Ints
    margin: Floats


class Ways(NamedTuple):
    """What passing on one lead from column to column loses at least, and which lead that is, -1 = nobody.

    `far` is what a column is from the root, and `done` whether that is known.
    """

    loss: Floats2
    lead: Ints2
    far: Floats
    done: Bools


class Drift(NamedTuple):
    """Prices at which options were looked at, and, in `most`, how far any has risen above them and fallen below."""

    begun: Floats
    most: Floats


def best_left(rates: Floats, scale: float, price: Floats) -> float:
    """Return the most that a row has left after prices, -inf where nobody is eligible."""
    n_reps = len(rates)
    lanes = [-np.inf] * _LANES
    for start in range(0, n_reps - _LANES + 1, _LANES):
        for lane in range(_LANES):
            value = rates[start + lane] * scale - price[start + lane]
            lanes[lane] = value if value > lanes[lane] else lanes[lane]
    best = -np.inf
    for lane in range(_LANES):
        best = lanes[lane] if lanes[lane] > best else best
    for rep in range(n_reps - n_reps % _LANES, n_reps):
        value = rates[rep] * scale - price[rep]
        best = value if value > best else best
    return best


def place_of(rates: Floats, scale: float, price: Floats, best: float, other: int) -> int:
    """Return the first rep, but for one, that leaves so much."""
    rep = 0
    while rep == other or rates[rep] * scale - price[rep] != best:
        rep += 1
    return rep


def best_of(rates: Floats, scale: float, price: Floats, reserve: float) -> int:
    """Return the best rep of a row after prices, or the pool where that is as good."""
    best = best_left(rates, scale, price)
    return place_of(rates, scale, price, best, -1) if best > reserve else len(rates)


@kernel
def write_options(leads: Leads, price: Floats, start: int, stop: int, options: Options) -> None:
    """Write the best two options of each lead from `start` to `stop` after prices."""
    n_reps, reserve = leads.rates.shape[1], leads.reserve
    for lead in range(start, stop):
        rates, scale = leads.rates[leads.row[lead]], leads.scale[lead]
        most = [-np.inf] * _LANES
        next_most = [-np.inf] * _LANES
        for first in range(0, n_reps - _LANES + 1, _LANES):
            for lane in range(_LANES):
                value = rates[first + lane] * scale - price[first + lane]
                less = value if value < most[lane] else most[lane]
                most[lane] = value if value > most[lane] else most[lane]
                next_most[lane] = less if less > next_most[lane] else next_most[lane]
        best, second = -np.inf, -np.inf
        for lane in range(_LANES):
            second = max(second, next_most[lane])
            second = max(second, min(best, most[lane]))
            best = max(best, most[lane])
        for rep in range(n_reps - n_reps % _LANES, n_reps):
            value = rates[rep] * scale - price[rep]
            if value > -np.inf:
                second = max(second, min(best, value))
                best = max(best, value)
        at, other = n_reps, n_reps
        if best > reserve:
            at = place_of(rates, scale, price, best, -1)
            other = place_of(rates, scale, price, second, at) if second > reserve else n_reps
        elif best > -np.inf:
            other = place_of(rates, scale, price, best, -1)
        options.first[lead], options.second[lead] = at, other
        options.margin[lead] = max(best, reserve) - max(second, min(best, reserve))


def clear(ways: Ways) -> None:
    """Forget all ways."""
    loss, through, far, done = ways
    for a in range(len(far)):
        done[a], far[a] = False, np.inf
        for b in range(len(far)):
            loss[a, b], through[a, b] = np.inf, -1


def hang_up(ways: Ways, left: Ints, basis: Basis) -> None:
    """Hang every rep by the lead that passes on to another one at the least loss, along shortest paths to the root.

    Reps that have slots left hang by nobody, and those without a way to the root by some lead of theirs.
    """
    parent, _, flow = basis
    loss, through, far, done = ways
    n_reps, n = len(left), len(far)
    nobody = len(parent) - 1
    for at in range(n):
        far[at] = 0.0 if at == n_reps or left[at] > 0 else np.inf
    while True:
        at, least = -1, np.inf
        for k in range(n):
            if not done[k] and far[k] < least:
                at, least = k, far[k]
        if at < 0:
            break
        done[at] = True
        if at < n_reps and left[at] > 0:
            parent[at], flow[at] = nobody, left[at]
        elif at < n_reps:
            to = parent[at]
            parent[at], flow[at] = n + through[at, to], 1
            parent[n + through[at, to]], flow[n + through[at, to]] = to, 0
        for k in range(n_reps):
            if not done[k] and far[at] + loss[k, at] < far[k]:
                far[k], parent[k] = far[at] + loss[k, at], at
    for at in range(n_reps):
        lead = through[at, at]
        if not done[at] and lead >= 0:
            parent[at], flow[at] = n + lead, 1
            parent[n + lead], flow[n + lead] = n_reps, 0


@kernel
def settle(leads: Leads, options: Options, order: Ints, left: Ints, price: Floats, basis: Basis, ways: Ways) -> None:
    """Write a first tree from options at some prices, which are written over: those of the tree are near them.

    Leads take in turn their best option that has slots `left`; who comes last should lose least by another one.
    """
    parent, _, flow = basis
    loss, through, _, _ = ways
    n_reps, n = len(left), len(left) + 1
    clear(ways)
    for rep in range(n_reps):
        parent[rep] = -1
        price[rep] = price[rep] if left[rep] > 0 else np.inf
    for lead in order:
        at, to = options.first[lead], options.second[lead]
        if at < n_reps and left[at] == 0:
            at = best_of(leads.rates[leads.row[lead]], leads.scale[lead], price, leads.reserve)
        elif options.margin[lead] < loss[at, to]:
            loss[at, to], through[at, to] = options.margin[lead], lead
        parent[n + lead], flow[n + lead] = at, 1
        if at < n_reps:
            left[at] -= 1
            price[at] = price[at] if left[at] > 0 else np.inf
            through[at, at] = lead
    # As many idle slots as there are leads may come to the pool, should it be best to place fewer leads than here.
    parent[n + len(order)], flow[n + len(order)] = n_reps, len(order)
    hang_up(ways, left, basis)


def gain_of(leads: Leads, row: int, column: int) -> float:
    """Return what a row gains with a column."""
    if row == len(leads.row):
        return 0.0
    if column == leads.rates.shape[1]:
        return leads.reserve
    return float(leads.rates[leads.row[row], column] * leads.scale[row])


def write_prices(leads: Leads, tree: Tree, price: Floats, n: int) -> None:
    """Write the prices of the columns listed, which are all from the root down."""
    parent, n_columns = tree.basis.parent, len(price)
    price[n_columns - 1] = 0.0
    for k in range(1, n):
        at = tree.listed[k]
        row, above = parent[at] - n_columns, parent[parent[at]]
        price[at] = price[above] + (gain_of(leads, row, at) - gain_of(leads, row, above))


def note(drift: Drift, price: Floats, tree: Tree, n: int) -> None:
    """Note how far the prices of the columns listed have moved."""
    up, down = drift.most[0], drift.most[1]
    for k in range(n):
        by = price[tree.listed[k]] - drift.begun[tree.listed[k]]
        up, down = max(up, by), max(down, -by)
    drift.most[0], drift.most[1] = up, down


@kernel
def begin(leads: Leads, tree: Tree, price: Floats, drift: Drift) -> None:
    """Write what is known of a new tree, and its prices; a rep without slots has a price of inf already."""
    n = plant(tree)
    write_prices(leads, tree, price, n)
    note(drift, price, tree, n)


def best_column(leads: Leads, row: int, price: Floats) -> int:
    """Return the best column of a row after prices."""
    n_reps = len(price) - 1
    if row < len(leads.row):
        return best_of(leads.rates[leads.row[row]], leads.scale[row], price[:n_reps], leads.reserve)
    least = n_reps
    for rep in range(n_reps):
        least = rep if price[rep] < price[least] else least
    return least


@kernel
def climb(
    leads: Leads, options: Options, tree: Tree, price: Floats, drift: Drift, tolerance: float, most: int, row: int
) -> tuple[int, int]:
    """Let pairs enter that gain more than the tolerance until none does, or so many have; return how many, and a row.

    The best of a few rows, read in turn, enters. The row is the one to go on with, -1 at the end. A lead with its best
    option is passed over as long as prices have moved by less than its margin.
    """
    parent = tree.basis.parent
    n_columns = len(price)
    n_reps, n_leads = n_columns - 1, len(leads.row)
    n_pivots, read, since, gained, of = 0, 0, 0, tolerance, -1
    while since <= n_leads and n_pivots < most:
        above = parent[n_columns + row]
        moved = drift.most[0] + drift.most[1]
        if row == n_leads or above != options.first[row] or options.margin[row] <= moved:
            to = n_reps
            if row < n_leads:
                rates, scale = leads.rates[leads.row[row]], leads.scale[row]
                best = max(best_left(rates, scale, price[:n_reps]), leads.reserve)
            else:
                to = best_column(leads, row, price)
                best = -price[to]
            more = best - (gain_of(leads, row, above) - price[above])
            if more > gained:
                gained, of = more, row
            read += 1
        since += 1
        row = row + 1 if row < n_leads else 0
        if of >= 0 and (read >= _READ or since > n_leads):
            n, is_end = pivot(tree, of, -1, best_column(leads, of, price))
            for k in range(n):
                price[tree.listed[k]] += gained if is_end else -gained
            n_pivots += 1
            if n_pivots % _FRESH == 0:
                n = below(tree, n_reps)
                write_prices(leads, tree, price, n)
            note(drift, price, tree, n)
            row, read, since, gained, of = of, 0, 0, tolerance, -1
    return n_pivots, row if since <= n_leads else -1


@kernel
def read_off(tree: Tree, rep_of: Ints) -> None:
    """Write the rep of each lead, -1 = pool."""
    parent, _, flow = tree.basis
    n_columns, n_leads = len(tree.depth), len(rep_of)
    for lead in range(n_leads):
        at = parent[n_columns + lead]
        rep_of[lead] = at if flow[n_columns + lead] > 0 and at < n_columns - 1 else -1
    for rep in range(n_columns - 1):
        if flow[rep] > 0 and n_columns <= parent[rep] < n_columns + n_leads:
            rep_of[parent[rep] - n_columns] = rep
