"""An assignment under capacities alone by compiled loops: from gains to reps, least prices and ties in one pass.

What takes less than some milliseconds altogether has no time for arrays of arcs, and where reps have one place each few
pairs of each lead are ever used.
"""

from math import ldexp

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.problem.reduced_gains import largest_gain
from leadopt.solvers.assignment import assign_kernels as kernels
from leadopt.solvers.assignment.options_kernels import Arcs, best_options
from leadopt.solvers.assignment.paths_kernels import Moves, Paths
from leadopt.solvers.assignment.places_kernels import Columns, Leads, near_prices
from leadopt.solvers.base import Answer
from leadopt.solvers.compiled import compiled
from leadopt.solvers.flow.duals import with_closed_prices
from leadopt.solvers.flow.limit_tree import Room

_MOST_PAIRS = 500_000  # of reps that have many leads each: from here on `Auction` is quicker
_MOST_CELLS = 50_000_000  # of reps that have few
_FEW_LEADS = 4  # that a rep has room for, on average
_FEW_REPS = 256  # a pair of which can be kept for each pair of leads
_OPTIONS = 16  # that are looked at of each lead, at first
_ROUNDS = 4  # each with twice as many
_FAR_OFF = 0.25  # of the leads: where more would be better off with other reps, prices are sought among all pairs
_STEPS = (0.1, 0.02, 0.004, 0.001)  # of the largest gain, by which they are
_WANTED = 0.25  # of the reps at most: where leads could want more of them, all are looked at
_APART = 1e-9  # of the largest gain: what is no tie, however costs are rounded
_EFFORT = (32, 1_000)  # times that all pairs may be read on the way, the latter where reps are few


def solve_capacities(problem: Problem) -> Answer | None:
    """Return a best answer under capacities alone and its prices.

    None where another way has to be taken: loops are not compiled, there are limits or too many pairs, leads that must
    be placed cannot be, or gains are such that it would take long, as where all leads want the same reps.
    """
    if not is_quick(problem):
        return None
    affinity, pinned, room = problem.affinity, problem.pinned, problem.capacity
    everybody = not len(pinned)
    leads = np.arange(problem.n_leads) if everybody else np.flatnonzero(problem.pins < 0)
    if not everybody:
        room = room - np.bincount(problem.pins[pinned], minlength=problem.n_reps)
        if not len(leads) or room.min() < 0:
            return None
    gains = affinity.full_rates() if everybody and affinity.is_dense else affinity.of(leads)
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
    rep_of_lead = problem.pins.copy()
    rep_of_lead[leads] = rep
    closed = bool(room.min() <= 0)
    if closed:
        prices = with_closed_prices(problem, leads, Room(lower=np.zeros_like(room), upper=room), prices, np.zeros(0))
    return Answer(
        rep_of_lead=rep_of_lead,
        prices=prices,
        limit_prices=np.zeros(0),
        undecided=None if closed else leads[tied],
        rounding=ldexp(0.5 * problem.n_leads, -exponent),
        stats={"pairs": n_arcs, "rounds": rounds},
    )


def is_quick(problem: Problem) -> bool:
    """Return whether this is the way to go, as far as sizes tell."""
    n_leads, n_reps = problem.n_leads, problem.n_reps
    if problem.limits or problem.together is not None or not n_leads or not n_reps or not compiled():
        return False
    n_pairs = n_leads * n_reps
    if n_pairs < _MOST_PAIRS:
        return True
    if problem.affinity.is_sparse:
        return False
    slots = int(np.minimum(problem.capacity, n_leads).sum())
    return not _are_few(n_leads, n_reps) and n_pairs <= _MOST_CELLS and slots <= _FEW_LEADS * n_reps


def _are_few(n_leads: int, n_reps: int) -> bool:
    return n_reps <= _FEW_REPS and _FEW_LEADS * n_reps <= n_leads


def _wanted(gains: Floats, room: Ints, reserve: float, largest: float) -> Ints | None:
    """Return the reps that some of n leads may want, ascending, where these are far fewer than all.

    Those are the best n of each lead that have room, as other leads fill n - 1 of them at most: at the least prices one
    costs nothing, and what is worse than the n-th is out of the question. None where something is as good as that.
    """
    n_leads, n_reps = gains.shape
    most = n_leads + 1
    if n_leads * most > _WANTED * n_reps:
        return None
    n_arcs = n_leads * (most + 1)
    first, column, gain = np.empty(n_leads + 1, dtype=np.int64), np.empty(n_arcs, dtype=np.int64), np.empty(n_arcs)
    arcs = Arcs(first, column, column, gain)
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
    """Return reps, prices, leads that may be tied, exponent of the costs, arcs and rounds."""
    n_leads, n_reps = gains.shape
    few = _are_few(n_leads, n_reps)
    prices, best, n_columns = np.zeros(n_reps), np.empty(n_leads), n_reps + 1
    sought = False
    for k in range(_ROUNDS):
        most = n_reps if few else min(n_reps, _OPTIONS << k)
        n_arcs, n_moves = n_leads * (most + 1), n_columns**2 if few else 1
        tied, first = np.empty(n_leads, dtype=np.int64), np.empty(n_leads + 1, dtype=np.int64)
        of_arcs, of_leads, of_columns, of_moves = (
            np.empty((n, size), dtype=np.int64)
            for n, size in ((2, n_arcs), (6, n_leads), (10, n_columns), (2, n_moves))
        )
        leads, columns = Leads(*of_leads), Columns(*of_columns[:4])
        state, exponent, n_tied, n_found = kernels.assign(
            gains,
            room,
            reserve,
            few,
            most,
            largest,
            _EFFORT[few] * n_leads * n_columns,
            Arcs(first, of_arcs[0], of_arcs[1], np.empty(n_arcs)),
            leads,
            columns,
            Paths(*of_columns[4:]),
            Moves(*of_moves),
            best,
            prices,
            tied,
        )
        if state == kernels.FOUND:
            rep = leads.rep
            rep[rep == n_reps] = -1
            return rep, prices, tied[:n_tied], exponent, n_found, k + 1
        if state != kernels.TOO_FEW or (sought and n_tied > _FAR_OFF * n_leads):
            return None
        if n_tied > _FAR_OFF * n_leads:
            sought = True
            _seek(gains, room, reserve, largest, prices, leads, columns)
    return None


def _seek(
    gains: Floats,
    room: Ints,
    reserve: float,
    largest: float,
    prices: Floats,
    leads: Leads,
    columns: Columns,
) -> None:
    """Write prices that are near the best ones, in steps ever smaller; each begins a little below the last."""
    prices[:], before, stays = 0.0, 0.0, np.empty(len(gains))
    for step in _STEPS:
        np.maximum(prices - before, 0.0, out=prices)
        before = step * largest
        near_prices(gains, room, reserve, before, prices, leads, columns, stays)
