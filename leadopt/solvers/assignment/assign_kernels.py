"""From gains to an assignment, its least prices and its ties in one pass."""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Floats2, Ints, Ints2
from leadopt.solvers.assignment.matrix_kernels import (
    Matrix,
    improve,
    lower_all,
    read_off,
    serve,
    tree_of,
    write_matrix,
)
from leadopt.solvers.assignment.options_kernels import Arcs, write_best, write_costs
from leadopt.solvers.assignment.paths_kernels import Paths, augment, lower
from leadopt.solvers.assignment.places_kernels import Columns, Leads, begin, bid, order_by_loss
from leadopt.solvers.compiled import kernel

_NEVER = 0x1000_0000_0000_0000  # as in `options_kernels`
_MANY_LEFT = 8  # more than one lead in so many has no place: they bid once more, in another order
_ROUNDED = 8.881784197001252e-16  # of a gain, 2**-50: who has no room is priced up, as too low a price spoils the bound
_TIED = 1e-12  # of the largest gain or price: what is no difference; as in `optimal.ties`

FOUND = 0
INFEASIBLE = 1
TOO_FEW = 2  # pairs were looked at
TOO_LONG = 3


class Space(NamedTuple):
    """What a solve writes on: where leads are, columns, and paths between these."""

    leads: Leads
    columns: Columns
    paths: Paths
    tied: Ints


def space_of(of_leads: Ints2, of_columns: Ints2) -> Space:
    """Return the space that two arrays are: 7 numbers or more for each lead, and 10 or more for each column."""
    return Space(
        Leads(of_leads[0], of_leads[1], of_leads[2], of_leads[3], of_leads[4], of_leads[5]),
        Columns(of_columns[0], of_columns[1], of_columns[2], of_columns[3]),
        Paths(of_columns[4], of_columns[5], of_columns[6], of_columns[7], of_columns[8], of_columns[9]),
        of_leads[6],
    )


def n_from(row: Floats, price: Floats, least: float) -> int:
    """Return how many reps are worth so much after prices, or more: counting reads in wide registers, a maximum not."""
    found = 0
    for rep in range(len(price)):
        found += row[rep] - price[rep] >= least
    return found


def look(
    gain: Floats2,
    room: Ints,
    reserve: float,
    price: Floats,
    slack: float,
    tolerance: float,
    leads: Leads,
    option: Ints,
    tied: Ints,
) -> tuple[int, int, int]:
    """Return how many leads would be better off elsewhere at these prices, how many may be tied, and their options.

    Better is by more than `slack`, and tied who has another option that is as good to within a tolerance: those of a
    lead are written to `option`, from its `queue` to its `stays`, as long as there is space; all are counted.
    """
    rep, begins, ends = leads.rep, leads.queue, leads.stays
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    n_better, n_tied, n_options = 0, 0, 0
    for lead in range(n_leads):
        row, own, begins[lead] = gain[lead], reserve, n_options
        if rep[lead] < n_reps:
            own = gain[lead, rep[lead]] - price[rep[lead]]
        best = max(own, reserve)
        near = n_from(row, price, best - tolerance) + (reserve >= best - tolerance)
        if near > 1:
            for to in range(n_reps):
                if row[to] - price[to] > best and room[to] > 0:
                    best = row[to] - price[to]
            near = n_from(row, price, best - tolerance) + (reserve >= best - tolerance)
        n_better += best > own + slack
        if near > 1:
            tied[n_tied] = lead
            n_tied += 1
            for to in range(n_reps + 1):
                worth = row[to] - price[to] if to < n_reps else reserve
                if worth >= best - tolerance and to != rep[lead]:
                    if n_options < len(option):
                        option[n_options] = to
                    n_options += 1
        ends[lead] = n_options
    return n_better, n_tied, n_options


@kernel
def write_choices(gain: Floats2, price: Floats, reserve: float, tolerance: float, choice: Bools) -> None:
    """Write for each lead whether each rep and, last, the pool is as good as its best option, lead by lead."""
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    for lead in range(n_leads):
        at, best = lead * (n_reps + 1), reserve
        for rep in range(n_reps):
            best = max(best, gain[lead, rep] - price[rep])
        for rep in range(n_reps):
            worth = gain[lead, rep] - price[rep]
            choice[at + rep] = worth >= best - tolerance and worth > -np.inf
        choice[at + n_reps] = reserve >= best - tolerance and reserve > -np.inf


@kernel
def find_tied(gain: Floats2, price: Floats, reserve: float, tolerance: float, tied: Ints) -> int:
    """Write the leads with two options, the pool among them, that are as good as any; return how many there are."""
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    n_tied = 0
    for lead in range(n_leads):
        best, near = reserve, 0
        for rep in range(n_reps):
            best = max(best, gain[lead, rep] - price[rep])
        for rep in range(n_reps):
            near += gain[lead, rep] - price[rep] >= best - tolerance
        near += reserve >= best - tolerance
        tied[n_tied] = lead
        n_tied += near > 1
    return n_tied


@kernel
def price_closed(gain: Floats2, room: Ints, reserve: float, price: Floats) -> None:
    """Write what a first place would add with reps that have no room: see `duals.with_closed_prices`."""
    n_leads, n_reps, n_closed = gain.shape[0], gain.shape[1], 0
    for rep in range(n_reps):
        if room[rep] <= 0:
            price[rep] = 0.0
            n_closed += 1
    if n_closed == 0:
        return
    for lead in range(n_leads):
        otherwise = reserve
        for rep in range(n_reps):
            worth = gain[lead, rep] - price[rep] if room[rep] > 0 else -np.inf
            otherwise = max(otherwise, worth)
        if otherwise == -np.inf:
            continue
        for rep in range(n_reps):
            value = gain[lead, rep]
            adds = value - otherwise + _ROUNDED * abs(value) if value > -np.inf else 0.0
            price[rep] = max(price[rep], adds) if room[rep] <= 0 else price[rep]


def count_ties(lead: int, by: int, leads: Leads, option: Ints, paths: Paths, n: int) -> int:
    """Add to the counts of nodes to which a lead is tied; stack those that come to 0, and return how many are."""
    into, node, _, stack, _, _ = paths
    for k in range(leads.queue[lead], leads.stays[lead]):
        to = node[option[k]]
        into[to] += by
        if into[to] == 0:
            stack[n] = to
            n += 1
    return n


def could_move(price: Floats, tied: Ints, leads: Leads, columns: Columns, option: Ints, paths: Paths) -> bool:
    """Return whether tied leads could change places at no loss: nobody can where ties do not lead round in a circle.

    A column with a price stays full, so who comes there sends another one on. Loads of the others may change: they
    are one node with the pool. Nodes that no tie leads to are taken away, with the ties that begin there, until none
    is left, or only such that ties lead round. Who is tied to which option was written by `look`.
    """
    into, node, _, stack, _, _ = paths
    n_reps = len(price)
    n_left = 1
    for at in range(n_reps + 1):
        into[at] = 0
        node[at] = at if at < n_reps and price[min(at, n_reps - 1)] > 0.0 else n_reps
        n_left += node[at] < n_reps
    for lead in tied:
        count_ties(lead, 1, leads, option, paths, 0)
    n = 0
    for at in range(n_reps + 1):
        if into[at] == 0 and node[at] == at:
            stack[n] = at
            n += 1
    while n > 0:
        n -= 1
        top = stack[n]
        n_left -= 1
        for at in range(n_reps + 1 if top == n_reps else 1):
            lead = -1
            if top < n_reps:
                lead = columns.head[top]
            elif node[at] == top:
                lead = columns.head[at]
            while lead >= 0:
                n = count_ties(lead, -1, leads, option, paths, n)
                lead = leads.after[lead]
    return n_left > 0


def prove(
    gain: Floats2,
    room: Ints,
    reserve: float,
    largest: float,
    exponent: int,
    leads: Leads,
    columns: Columns,
    paths: Paths,
    option: Ints,
    price: Floats,
    tied: Ints,
) -> tuple[int, int]:
    """Write prices in units of gain, and who may be tied; return how many would be better off, and how many are tied.

    Where there is no room the price is inf: what that is worth, `price_closed` finds out. Nobody is tied where ties let
    nobody change places. `option` is space for ties; where there are more, many are tied.
    """
    # Two factors once more.
    down, unit = 1.0, 1.0
    for k in range(abs(exponent)):
        if k % 2 == 0:
            down *= 0.5 if exponent > 0 else 2.0
        else:
            unit *= 0.5 if exponent > 0 else 2.0
    for rep in range(len(price)):
        price[rep] = columns.price[rep] * unit * down if room[rep] > 0 else np.inf  # nobody can go there
        largest = max(largest, price[rep] if room[rep] > 0 else 0.0)
    unit *= down
    tolerance = max(_TIED * largest, 2.0 * unit) * (1.0 + _TIED)
    slack = 4.0 * unit + _TIED * largest
    n_better, n_tied, n_ties = look(gain, room, reserve, price, slack, tolerance, leads, option, tied)
    listed = n_ties <= len(option)
    if n_better == 0 and listed and not could_move(price, tied[:n_tied], leads, columns, option, paths):
        n_tied = 0
    return n_better, n_tied


def end(gain: Floats2, room: Ints, reserve: float, price: Floats, rep: Ints) -> None:
    """Price reps without room, and call the pool -1."""
    price_closed(gain, room, reserve, price)
    for lead in range(len(rep)):
        rep[lead] = rep[lead] if rep[lead] < len(room) else -1


@kernel
def assign(
    gain: Floats2,
    room: Ints,
    reserve: float,
    most: int,
    largest: float,
    effort: int,
    arcs: Arcs,
    of_leads: Ints2,
    of_columns: Ints2,
    best: Floats,
    price: Floats,
) -> tuple[int, int, int, int]:
    """Return how an assignment by few pairs ended, the exponent of its costs, how many are tied, and its arcs.

    Where pairs were too few, the third is how many leads would be better off with others.

    Parameters
    ----------
    gain, room, reserve
        of free leads with each rep, what room reps have, and what a lead gains in the pool; -inf where it must not be
    most
        how many pairs of each lead are looked at, the best ones
    largest
        the largest absolute gain or reserve, by which it is told what is tied
    effort
        how many arcs are read at most before it is given up
    of_leads, of_columns
        space; written, first the rep of each lead, -1 being the pool, and in row 6 the leads that may have another
        option that is as good
    price
        written: what it is worth to have one more place with each rep; read before: by which the best pairs are chosen
    """
    n_leads, n_reps = gain.shape[0], gain.shape[1]
    space = space_of(of_leads, of_columns)
    leads, columns, paths, tied = space
    complete = write_best(gain, room, reserve, price, most, arcs, best)
    n_arcs = int(arcs.first[n_leads])
    exponent = write_costs(arcs, best, n_reps + 1, reserve > -np.inf, largest)
    begin(room, leads, columns)
    n_left = bid(arcs, leads, columns)
    if _MANY_LEFT * n_left > n_leads:
        begin(room, leads, columns)
        order_by_loss(arcs, leads)
        n_left = bid(arcs, leads, columns)
    if not augment(arcs, leads, columns, n_left, paths, effort):
        return TOO_LONG, exponent, 0, n_arcs
    for lead in range(n_leads):
        if leads.paid[lead] >= _NEVER:
            return (INFEASIBLE if complete else TOO_FEW), exponent, 0, n_arcs
    lower(arcs, leads, columns, paths)
    n_better, n_tied = prove(gain, room, reserve, largest, exponent, leads, columns, paths, arcs.column, price, tied)
    if n_better > 0 and not complete:
        return TOO_FEW, exponent, n_better, n_arcs
    end(gain, room, reserve, price, leads.rep)
    return FOUND, exponent, n_tied, n_arcs


@kernel
def assign_all(
    gain: Floats2,
    room: Ints,
    reserve: float,
    largest: float,
    cost: Ints,
    of_leads: Ints2,
    of_columns: Ints2,
    of_nodes: Ints2,
    best: Floats,
    price: Floats,
) -> tuple[int, int, int]:
    """Return how an assignment by all pairs ended, the exponent of its costs, and how many leads are tied.

    Parameters are as in `assign`, with 8 numbers for each lead, 13 for each column, 6 for each node of the tree, which
    are two more than leads and reps, and `cost` for each pair, with one lead and one rep more.
    """
    space = space_of(of_leads, of_columns)
    leads, columns, paths, tied = space
    matrix, tree, value = Matrix(cost, of_leads[7]), tree_of(of_nodes, of_columns), of_columns[12]
    exponent = write_matrix(gain, room, reserve, largest, matrix, leads, best)
    begin(room, leads, columns)
    serve(matrix, columns, tree, value)
    if not improve(matrix.cost, tree, value):
        return TOO_LONG, exponent, 0
    read_off(matrix, tree, value, leads, columns)
    for lead in range(len(leads.paid)):
        if leads.paid[lead] >= _NEVER:
            return INFEASIBLE, exponent, 0
    lower_all(matrix.cost, leads, columns, paths.far, paths.place)
    _, n_tied = prove(gain, room, reserve, largest, exponent, leads, columns, paths, matrix.cost, price, tied)
    end(gain, room, reserve, price, leads.rep)
    return FOUND, exponent, n_tied
