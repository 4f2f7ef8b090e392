"""Ties under capacities alone, shared out in one compiled pass, lead by lead: `ties` without groups and flows."""

import numpy as np

from leadopt.arrays import Ints
from leadopt.problem.problem import Problem
from leadopt.solvers.base import Answer
from leadopt.solvers.compiled import compiled
from leadopt.solvers.optimal.sharing_kernels import share_out

_MOST_CELLS = 4_000_000  # leads x reps: 32 MB, if all of them tie


def shared_one_by_one(
    problem: Problem, answer: Answer, leads: Ints, tolerance: float, rng: np.random.Generator
) -> Ints | None:
    """Return an answer of the same worth in which some leads are dealt out anew, so that loads are most even.

    None where another way is to be taken: there are limits, leads share rows, so that groups of them are few, or pairs
    are many, or it takes long, as where leads are far from even and can hardly move.
    """
    affinity, n, n_reps = problem.affinity, len(leads), problem.n_reps
    if problem.limits or not compiled() or n * (n_reps + 1) > _MOST_CELLS or affinity.is_sparse:
        return None
    if not affinity.is_dense:
        return None
    share = np.empty(n_reps + 1)
    share[:-1], share[-1] = problem.shares, np.inf
    result = answer.rep_of_lead.copy()
    found = share_out(
        affinity.full_rates(),
        answer.prices,
        problem.reserve,
        tolerance,
        problem.capacity,
        share,
        leads,
        rng.random(2 * n + n_reps),
        result,
        np.empty((6, n), dtype=np.int64),
        np.empty((9, n_reps + 1), dtype=np.int64),
        np.empty(n + 1, dtype=np.int64),
        np.empty(n * (n_reps + 1), dtype=np.int64),
    )
    return result if found else None
