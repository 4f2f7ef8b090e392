"""Ties under capacities alone, shared out in one compiled pass, lead by lead: `ties` without groups and flows."""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.solvers.base import Answer
from leadopt.solvers.compiled import compiled
from leadopt.solvers.optimal.sharing_kernels import Choices, Lists, Loads, Search, list_choices, share_out

_MOST_CELLS = 4_000_000  # leads x reps: 32 MB, if all of them tie
_EFFORT = 20  # times that all choices may be read on the way, beside a look at every rep for each lead


def shared_one_by_one(
    problem: Problem, answer: Answer, leads: Ints, tolerance: float, rng: "np.random.Generator"
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
    own = answer.rep_of_lead[leads]
    first, option = np.empty(n + 1, dtype=np.int64), np.empty(n * (n_reps + 1), dtype=np.int64)
    at = np.where(own < 0, n_reps, own)
    list_choices(affinity.full_rates(), leads, at, answer.prices, problem.reserve, tolerance, first, option)
    n_options, option = np.diff(first), option[: first[-1]]
    loads = _loads(problem, answer, own, rng.permutation(n_reps))
    node, after, before = np.empty((3, n), dtype=np.int64)
    head, mover, queue = np.empty((3, n_reps + 1), dtype=np.int64)
    lists, search = Lists(node, after, before, head), Search(mover, queue, np.empty(n_reps + 1, dtype=np.bool_))
    effort = _EFFORT * len(option) + n * n_reps
    choices = Choices(first, option, rng.integers(0, n_options))
    if not share_out(rng.permutation(n), effort, choices, loads, lists, search):
        return None
    result = answer.rep_of_lead.copy()
    result[leads] = np.where(lists.node == n_reps, -1, lists.node)
    return result


def _loads(problem: Problem, answer: Answer, own: Ints, favour: Ints) -> Loads:
    """Return what reps and the pool must and may have of some leads: where a price holds the load, what they have."""
    n_reps = problem.n_reps
    now = np.bincount(answer.rep_of_lead + 1, minlength=n_reps + 1)[1:]
    have = np.bincount(own + 1, minlength=n_reps + 1)[1:]
    held, free = answer.prices > 0, np.maximum(problem.capacity - (now - have), have)
    return Loads(
        load=np.empty(n_reps + 1, dtype=np.int64),
        least=np.append(np.where(held, have, 0), 0),
        most=np.append(np.where(held, have, free), len(own) + 1),
        beside=np.append(now - have, 0),
        share=_with_pool(problem.shares),
        favour=np.append(favour, n_reps),
    )


def _with_pool(shares: Floats) -> Floats:
    """Return shares, and last that of the pool, which is always empty."""
    return np.append(shares, np.inf)
