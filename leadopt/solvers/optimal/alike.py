"""Leads that are alike in all that counts: gains, what they take of each limit, and which limits hold them."""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.solvers.flow.equal_leads import equal_rows


def kinds(problem: Problem, leads: Ints) -> Ints:
    """Return a number for each of some leads, the same for those that could change places."""
    found = _joined(np.zeros(len(leads), dtype=np.int64), problem.counted.classes.of_lead[leads])
    for amounts in (problem.affinity, *problem.counted.usages[1:]):
        for column in _columns(amounts, leads):
            found = _joined(found, column)
    return found


def _columns(amounts: "float | Floats | Affinity", leads: Ints) -> list[Ints]:
    if isinstance(amounts, Affinity):
        return [equal_rows(amounts, leads), np.unique(amounts.scale[leads], return_inverse=True)[1].reshape(-1)]
    if isinstance(amounts, float):
        return []
    if amounts.ndim == 1:
        return [np.unique(amounts[leads], return_inverse=True)[1].reshape(-1)]
    return [equal_rows(Affinity(rates=amounts), leads)]


def _joined(one: Ints, other: Ints) -> Ints:
    """Return one number for each pair of numbers."""
    both = one * (int(other.max(initial=0)) + 1) + other
    return np.asarray(np.unique(both, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def drawn(kind: Ints, rep_of_lead: Ints, rng: "np.random.Generator") -> Ints:
    """Return the same answer but for leads of one kind, which change places by lot."""
    result = np.empty_like(rep_of_lead)
    result[np.lexsort((rng.random(len(kind)), kind))] = rep_of_lead[np.argsort(kind, kind="stable")]
    return result


def settled_in(kind: Ints, rep_of_lead: Ints, wanted: Ints) -> Ints:
    """Return the same answer but for leads of one kind, which change places so that as many as can are where wanted.

    Examples
    --------
    >>> settled_in(np.array([0, 0, 0, 1]), np.array([2, 1, 1, 2]), np.array([1, 2, 1, 1])).tolist()
    [1, 2, 1, 2]
    """
    n_places = 2 + max(int(rep_of_lead.max(initial=-1)), int(wanted.max(initial=-1)))
    has, wants = kind * n_places + rep_of_lead + 1, kind * n_places + wanted + 1
    held = np.bincount(has, minlength=int(max(has.max(initial=0), wants.max(initial=0))) + 1)
    stays = _places(wants) < held[wants]
    left = _places(has) >= np.bincount(wants[stays], minlength=len(held))[has]
    result = np.where(stays, wanted, -1)
    moves, free = np.flatnonzero(~stays), np.flatnonzero(left)
    result[moves[np.argsort(kind[moves], kind="stable")]] = rep_of_lead[free[np.argsort(kind[free], kind="stable")]]
    return result


def _places(key: Ints) -> Ints:
    """Return 0, 1, ... within each key."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    place = np.empty_like(order)
    place[order] = np.arange(len(order)) - np.searchsorted(ranked, ranked)
    return place
