"""Pairs that no answer has, as the lead alone takes more of a hard limit than there is: as good as ineligible.

A price of such a limit would have to be as high as the lead gains, so that nobody bids for what nobody can have; and
what is charged with it to leads that do fit would be given back nowhere. Without these pairs, prices are of what room
is worth to those who fit, and the bound is tighter. It is the certificate that leaves them out, so that all who ask for
prices mean the same.
"""

from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem

_EXCESS = 1e-9  # of an upper bound: what a load may be beyond it, as it is broken by more
_MOST_PAIRS = 4_000_000  # beyond, a few leads that are too large loosen no bound to speak of, and stay


def fitting(problem: Problem) -> Problem:
    """Return the problem without pairs that break a hard limit by themselves, found once; the same object without any.

    Limits under which all leads take the same are left to prices, as slots are: who has room for none is as one without
    slots. Pins stay as they are, and leads that stay together are no single leads: their groups are (`contraction_of`).
    Among more than four million pairs, all stay.
    """
    if not problem.limits or problem.together is not None or problem.n_leads * problem.n_reps > _MOST_PAIRS:
        return problem
    if not hasattr(problem, "_fitting"):
        object.__setattr__(problem, "_fitting", _without_too_large(problem))
    found: Problem | None = problem._fitting  # type: ignore[assignment]
    return problem if found is None else found


def _without_too_large(problem: Problem) -> Problem | None:
    too_large = None
    for numbers in problem.counted.families:
        one, most = problem.limits[numbers[0]], _least(problem, [problem.limits[k] for k in numbers])
        if isinstance(one.usage, float) or _largest(one.usage) <= most.min(initial=np.inf):
            continue
        leads = np.arange(problem.n_leads) if one.leads is None else one.leads
        if too_large is None:
            too_large = np.zeros((problem.n_leads, problem.n_reps), dtype=bool)
        too_large[leads] |= one.usage_of(leads) > most
    if too_large is None:
        return None
    too_large[problem.pinned] = False
    some = np.flatnonzero(too_large.any(axis=1))
    too_large[some] &= problem.affinity.of(some) > -np.inf
    if not too_large.any():
        return None
    fits = problem.replace(affinity=_without(problem.affinity, too_large))
    object.__setattr__(fits, "_fitting", None)
    return fits


def _least(problem: Problem, limits: list[Limit]) -> Floats:
    """Return the least upper bound that each rep has under some limits, float64 (n_reps,)."""
    most = np.full(problem.n_reps, np.inf)
    for limit in limits:
        if limit.penalty is None and np.isfinite(limit.upper):
            reps = slice(None) if limit.reps is None else limit.reps
            most[reps] = np.minimum(most[reps], limit.upper * (1.0 + _EXCESS))
    return most


def _largest(usage: Floats | Affinity) -> float:
    """Return no less than what a lead takes at most."""
    return usage.largest_at_most if isinstance(usage, Affinity) else float(usage.max(initial=0.0))


def _without(affinity: Affinity, too_large: Bools) -> Affinity:
    """Return gains without some pairs; leads of one row that lose the same share a row as before."""
    packed = np.packbits(too_large, axis=1)
    kinds = np.column_stack([affinity.row.astype(np.int64)[:, None].view(np.uint8), packed])
    _, first, kind = np.unique(kinds, axis=0, return_index=True, return_inverse=True)

    def may(places: Any, reps: Any) -> Bools:
        return np.asarray(~too_large[first[places], reps])

    rows = affinity.rows.ruled(affinity.row[first], may)
    return Affinity(rates=rows.held, row=kind.reshape(-1), scale=affinity.scale)
