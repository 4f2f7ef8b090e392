"""Why limits of any kind have no answer: a small set of them that cannot be met together."""

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import Infeasible, SolverFailed, Witness, enumerate_some
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.lagrangian.program import Core

_NONE_FOUND = "Milp found no allowed answer, though there may be one"
_EXACT = 1e-6  # relative to a bound: less between the lower and the upper one is next to no room
_WORK = 1.0  # effort of a search, as the backend counts it in seconds
_NO_PRICE = 1e-9  # of a usual one: what is left of none
_NOISE = 1e-13  # of all that is added up
_MOST_FILTERED = 60  # rows that are tried without one after the other


def refuse_stranded(problem: Problem, leads: Ints) -> None:
    """Raise `Infeasible` if every lead must be placed and some are eligible for no rep that has a slot."""
    open_ = problem.capacity > 0
    reachable = problem.affinity.reaches(open_)[problem.affinity.row[leads]]
    if reachable.all():
        return
    stuck = leads[~reachable]
    reps = np.unique(problem.affinity.pairs(stuck).rep)
    where = (
        f"can only go to rep{'s' * (len(reps) != 1)} {enumerate_some(reps)}, with room for 0"
        if len(reps)
        else "are eligible for no rep"
    )
    raise Infeasible(
        f"every lead must be placed, but {len(stuck)} leads ({enumerate_some(stuck)}) {where}",
        Witness(leads=_plain(stuck), reps=_plain(reps), need=len(stuck), room=0),
    )


def refuse_pinned(problem: Problem, upper: Floats) -> None:
    """Raise `Infeasible` if pinned leads alone exceed a hard limit; `upper` is what they leave of each row."""
    hard = np.array([True] * problem.n_reps + [limit.penalty is None for limit in problem.limits], dtype=bool)
    for row in np.flatnonzero(hard & (upper < 0.0)):
        name, reps = row_name(problem, int(row)), _reps(problem, int(row))
        pinned = np.flatnonzero(np.isin(problem.pins, reps))
        taken, most = _upper(problem)[row] - upper[row], _upper(problem)[row]
        raise Infeasible(
            f"{len(pinned)} leads are pinned to {enumerate_some(reps)} and take {taken:g}, and {name} allows {most:g}",
            Witness(
                leads=_plain(pinned),
                reps=_plain(reps),
                limits=(name,),
                rows=(int(row),),
                need=int(taken),
                room=int(max(0.0, most)),
            ),
        )


def refuse_conflict(problem: Problem, core: Core, unit: Floats, meter: Meter) -> None:
    """Raise `Infeasible` with hard bounds that cannot be met together even if leads could be divided.

    Returns if none is proved. Bounds that a program gives a price while nothing is gained are a conflict if their
    prices prove it; one after the other is left out of it for as long as the conflict remains.

    Parameters
    ----------
    core
        all leads with all their options
    unit
        (n_rows,), a usual price

    Raises
    ------
    OutOfTime
        it is not known in time whether there are any
    """
    blank = replace(core, gain=np.zeros(len(core.gain)), penalty=np.where(np.isfinite(core.penalty), 0.0, np.inf))

    def held(rows: Bools) -> Ints:
        try:
            found = blank.relaxed(np.where(rows, unit, 0.0), max(meter.left_s, meter.grace_s))
        except SolverFailed:  # a search will find out
            return np.zeros(0, dtype=np.int64)
        prices = np.where(rows & (np.abs(found.prices) > _NO_PRICE * unit), found.prices, 0.0)
        # Farkas' lemma: where nothing is gained, allowed options are worth 0; prices that bound them by less prove that
        # there are none. By more than rounding.
        proved = blank.bound(prices) < -_NOISE * blank.turnover(prices)
        return np.flatnonzero(prices) if proved else np.zeros(0, dtype=np.int64)

    if len(conflict := held(np.isinf(core.penalty))):
        _refuse(problem, held, conflict, meter)


def refuse_whole(problem: Problem, core: Core, meter: Meter) -> NoReturn:
    """Raise `Infeasible` with hard bounds that a search has shown cannot be met together by leads as a whole."""

    def held(rows: Bools) -> Ints:
        loose = replace(core, penalty=np.where(rows, core.penalty, 0.0))
        everything = np.ones(len(core.rep), dtype=bool)
        found = loose.whole(everything, core.first[:-1], _WORK, max(meter.left_s, meter.grace_s))
        return np.flatnonzero(rows) if found.at is None and found.complete else np.zeros(0, dtype=np.int64)

    bounded = np.isinf(core.penalty) & (np.isfinite(core.upper) | (core.lower > 0))
    _refuse(problem, held, np.flatnonzero(bounded), meter)


def none_found(problem: Problem, core: Core, at: Ints, remedy: str) -> SolverFailed:
    """Return an error that says that no allowed answer was found, though none is proved impossible, and what may help.

    Parameters
    ----------
    at
        (n_leads,), options of the core's leads that break bounds
    remedy
        what may help in general
    """
    exact = exact_rows(problem, core, at)
    if exact:
        leave, them = ("leaves", "it") if len(exact) == 1 else ("leave", "them")
        why = f"{enumerate_some(exact)} {leave} next to no room between the lower and the upper bound"
        return SolverFailed(
            f"{_NONE_FOUND}: {why}, and leads cannot be divided to meet {them}; widen {them}, or give a penalty"
        )
    return SolverFailed(f"{_NONE_FOUND}, as hardly any room is left between the limits: {remedy}")


def exact_rows(problem: Problem, core: Core, at: Ints) -> tuple[str, ...]:
    """Return the names of broken rows with next to no room between their bounds for amounts that are not round.

    Such amounts, of leads that cannot be divided, add up to an exact figure by chance alone.
    """
    bounded = np.isfinite(core.upper)
    size = np.where(bounded, np.abs(core.upper), 0.0)
    close = bounded & (core.upper - core.lower <= _EXACT * np.maximum(core.largest, size))
    by_row = core.used.tocsr()
    rows = np.flatnonzero(np.isinf(core.penalty) & close & (core.broken(at) > 0)).tolist()
    return tuple(
        row_name(problem, row) for row in rows if not _round(by_row.data[by_row.indptr[row] : by_row.indptr[row + 1]])
    )


def _round(amounts: Floats) -> bool:
    """Return whether amounts are whole in hundredths: many add up to a round figure then."""
    return bool(np.all(np.abs(100.0 * amounts - np.rint(100.0 * amounts)) < 1e-6))


def _refuse(problem: Problem, held: Callable[[Bools], Ints], conflict: Ints, meter: Meter) -> NoReturn:
    """Raise `Infeasible` with rows of a conflict that is proved: as few as time is left to find."""
    if len(conflict) <= _MOST_FILTERED:
        # Limits first: what remains of them says more than capacities do.
        for row in sorted(conflict.tolist()):
            rest = np.zeros(problem.n_reps + len(problem.limits), dtype=bool)
            rest[conflict[conflict != row]] = True
            if row in conflict and meter.left_s > 0 and len(fewer := _or_none(held, rest)):
                conflict = fewer
    named = tuple(conflict[::-1].tolist())
    names = tuple(row_name(problem, row) for row in named)
    reps = np.unique(np.concatenate([_reps(problem, int(row)) for row in conflict]))
    placed = ", as every lead must be placed" if np.isneginf(problem.reserve) else ""
    raise Infeasible(
        f"{enumerate_some(names)} cannot be met together{placed}"
        if len(names) > 1
        else f"{names[0]} cannot be met{placed}",
        Witness(reps=_plain(reps), limits=names, rows=named, need=0, room=0),
    )


def _or_none(held: Callable[[Bools], Ints], rows: Bools) -> Ints:
    """Return which rows conflict, as far as that is known in time."""
    try:
        return held(rows)
    except OutOfTime:
        return np.zeros(0, dtype=np.int64)


def row_name(problem: Problem, row: int) -> str:
    """Return what a row is called in messages."""
    if row < problem.n_reps:
        return f"capacity of rep {row}"
    return problem.limits[row - problem.n_reps].name or f"limit {row - problem.n_reps}"


def _reps(problem: Problem, row: int) -> Ints:
    if row < problem.n_reps:
        return np.array([row], dtype=np.int64)
    chosen = problem.limits[row - problem.n_reps].reps
    return np.arange(problem.n_reps) if chosen is None else chosen


def _upper(problem: Problem) -> Floats:
    return np.concatenate([problem.capacity.astype(np.float64), [limit.upper for limit in problem.limits]])


def _plain(indices: Ints) -> tuple[int, ...]:
    return tuple(int(index) for index in indices)
