"""An assignment under capacities alone by compiled loops: from gains to reps, least prices and ties in one pass.

What takes less than some milliseconds altogether has no time for arrays of arcs, and where reps have one place each few
pairs of each lead are ever used.
"""

from math import ldexp

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.problem.reduced_gains import largest_gain
from leadopt.progress import apart
from leadopt.solvers.assignment import assign_kernels as kernels
from leadopt.solvers.assignment.options_kernels import Arcs, best_options
from leadopt.solvers.base import Answer
from leadopt.solvers.compiled import compiled

_MOST_PAIRS = 2_000_000  # of reps that have many leads each: from here on `Auction` is quicker
_MOST_SHARED = 500_000  # of leads that share rows, which other solvers make use of
_MOST_CELLS = 50_000_000  # of reps that have few
_FEW_LEADS = 4  # that a rep has room for, on average
_FEW_REPS = 256  # that leads want nearly all of: with `_FEW_LEADS` for each or more, all pairs are looked at
_AT_ONCE = 100_000  # pairs up to which all are looked at
_SCARCE_AT_ONCE, _SCARCE = 500_000, 0.6  # the same where leads have no more slots than this share of their number
_OPTIONS = 16  # that are looked at of each lead, at first
_ROUNDS = 4  # each with twice as many
_FAR_OFF = 0.25  # of the leads: where more would be better off with other reps, all pairs are looked at
_WANTED = 0.25  # of the reps at most: where leads could want more of them, all are looked at
_APART = 1e-9  # of the largest gain: what is no tie, however costs are rounded
_SOON = 1_000_000  # pairs, which take some hundredths of a second: nobody waits for these
_EFFORT = 1  # times that all pairs may be read for paths among few, before all are looked at


def solve_capacities(problem: Problem) -> Answer | None:
    """Return a best answer under capacities alone and its prices.

    None where another way has to be taken: loops are not compiled, there are limits or too many pairs, or leads that
    must be placed cannot be.
    """
    if not is_quick(problem):
        return None
    affinity, pinned, room = problem.affinity, problem.pinned, problem.capacity
    leads = None if not len(pinned) else np.flatnonzero(problem.pins < 0)
    if leads is not None:
        room = room - np.bincount(problem.pins[pinned], minlength=problem.n_reps)
        if not len(leads) or room.min() < 0:
            return None
    if affinity.is_dense:
        gains = affinity.full_rates() if leads is None else affinity.full_rates()[leads]
    else:
        gains = affinity.of(np.arange(problem.n_leads) if leads is None else leads)
    largest = largest_gain(problem)
    wanted = _wanted(gains, room, problem.reserve, largest)
    if wanted is None:
        work = _solved(gains, room, problem.reserve, largest)
    else:
        work = _solved(np.ascontiguousarray(gains[:, wanted]), room[wanted], problem.reserve, largest)
    if work is None:
        return None
    rep, prices, tied, exponent, n_arcs, rounds = work
    if wanted is not None:
        rep, of_wanted, prices = np.append(wanted, -1)[rep], prices, np.zeros(problem.n_reps)
        prices[wanted] = of_wanted
        if not room.all():
            kernels.price_closed(gains, room, problem.reserve, prices)
    if leads is not None:
        rep_of_lead = problem.pins.copy()
        rep_of_lead[leads] = rep
        rep, tied = rep_of_lead, leads[tied]
    return Answer(
        rep_of_lead=rep,
        prices=prices,
        limit_prices=np.zeros(0),
        undecided=tied,
        rounding=ldexp(0.5 * problem.n_leads, -exponent),
        stats={"pairs": n_arcs, "rounds": rounds},
    )


def is_quick(problem: Problem) -> bool:
    """Return whether this is the way to go, as far as sizes tell."""
    n_leads, n_reps = problem.n_leads, problem.n_reps
    if problem.limits or problem.together is not None or not n_leads or not n_reps or not compiled():
        return False
    n_pairs = n_leads * n_reps
    if n_pairs < (_MOST_PAIRS if problem.affinity.is_dense else _MOST_SHARED):
        return True
    if problem.affinity.is_sparse:
        return False
    slots = int(np.minimum(problem.capacity, n_leads).sum())
    return not _are_few(n_leads, n_reps) and n_pairs <= _MOST_CELLS and slots <= _FEW_LEADS * n_reps


def _are_few(n_leads: int, n_reps: int) -> bool:
    return n_reps <= _FEW_REPS and _FEW_LEADS * n_reps <= n_leads


def _at_once(room: Ints, n_leads: int) -> bool:
    """Return whether all pairs are looked at from the start.

    Where slots are far fewer than leads, many leads would have a long way to the pool through few pairs of each.
    """
    n_reps = len(room)
    n_pairs = n_leads * n_reps
    if n_pairs <= _AT_ONCE or _are_few(n_leads, n_reps):
        return True
    return n_pairs <= _SCARCE_AT_ONCE and int(np.minimum(room, n_leads).sum()) <= _SCARCE * n_leads


def _wanted(gains: Floats, room: Ints, reserve: float, largest: float) -> Ints | None:
    """Return the reps that some of n leads may want, ascending, where these are far fewer than all.

    Those are the best n of each lead that have room, as other leads fill n - 1 of them at most: at the least prices one
    costs nothing, and what is worse than the n-th is out of the question. None where something is as good as that.
    """
    n_leads, n_reps = gains.shape
    if np.count_nonzero(room) <= _WANTED * n_reps:  # of those without room, only prices are to be found
        return np.flatnonzero(room)
    most = n_leads + 1
    if n_leads * most > _WANTED * n_reps:
        return None
    n_arcs = n_leads * (most + 1)
    first, (column, cost) = np.empty(n_leads + 1, dtype=np.int64), np.empty((2, n_arcs), dtype=np.int64)
    gain = np.empty(n_arcs)
    arcs = Arcs(first, column, cost, gain)
    best_options(gains, room, reserve, np.zeros(n_reps), most, arcs, np.empty(n_leads))
    n_options = np.diff(first) - 1
    for lead in np.flatnonzero(n_options == most).tolist():
        # A heap has the least on top, and the next above it.
        least = gain[first[lead] : first[lead] + most]
        if least[1 : min(3, most)].min() - least[0] <= _APART * largest:
            return None
    to_rep = np.ones(first[-1], dtype=bool)
    to_rep[first[1:] - 1] = False
    found = np.unique(column[: first[-1]][to_rep])
    return found if len(found) else None


def _solved(
    gains: Floats, room: Ints, reserve: float, largest: float
) -> tuple[Ints, Floats, Ints, int, int, int] | None:
    """Return reps, prices, leads that may be tied, exponent of the costs, pairs looked at and rounds."""
    n_leads, n_reps = gains.shape
    prices, best = np.zeros(n_reps), np.empty(n_leads)
    of_leads, of_columns = np.empty((8, n_leads), dtype=np.int64), np.empty((13, n_reps + 1), dtype=np.int64)
    state, rounds = kernels.TOO_FEW, 0
    most_rounds = 0 if _at_once(room, n_leads) else _ROUNDS
    while state == kernels.TOO_FEW and rounds < most_rounds:
        most, rounds = min(n_reps, _OPTIONS << rounds), rounds + 1
        n_arcs = n_leads * (most + 1)
        first, of_arcs = np.empty(n_leads + 1, dtype=np.int64), np.empty((2, n_arcs), dtype=np.int64)
        arcs, effort = Arcs(first, of_arcs[0], of_arcs[1], np.empty(n_arcs)), _EFFORT * n_leads * n_reps
        state, exponent, n_tied, n_pairs = kernels.assign(
            gains, room, reserve, most, largest, effort, arcs, of_leads, of_columns, best, prices
        )
        if state == kernels.TOO_FEW and n_tied > _FAR_OFF * n_leads:
            break
    if state in (kernels.TOO_FEW, kernels.TOO_LONG):
        rounds, n_pairs = rounds + 1, n_leads * n_reps
        cost = np.empty((n_leads + 1) * (n_reps + 1), dtype=np.int64)
        of_nodes = np.empty((6, n_leads + n_reps + 2), dtype=np.int64)

        def assign_all() -> tuple[int, int, int]:
            return kernels.assign_all(gains, room, reserve, largest, cost, of_leads, of_columns, of_nodes, best, prices)

        state, exponent, n_tied = assign_all() if n_pairs < _SOON else apart(assign_all)
    if state != kernels.FOUND:
        return None
    return of_leads[0].copy(), prices, of_leads[6, :n_tied].copy(), exponent, n_pairs, rounds
