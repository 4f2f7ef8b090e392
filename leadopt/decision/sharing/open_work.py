"""Balance of open work: what each rep has, open leads and new ones, is levelled, not what each gets."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput, did_you_mean
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Limit, Problem
from leadopt.tables import Table

_MOST = 2.0**53  # floats beyond are no exact whole numbers


def open_work(policy: Policy, reps: Table) -> Floats | None:
    """Return the leads that each rep has in work, float64 (n_reps,); None where they are not to be levelled.

    Raises
    ------
    InvalidInput
        they are, and no column says how many there are
    """
    if not policy.balance_open:
        return None
    column = policy.columns.open_leads
    if column not in reps and (reps.columns or reps.n_rows):
        raise InvalidInput(
            f'policy.balance_open: needs a column "{column}" of {reps.name}, the leads that each rep has in work'
            f"{did_you_mean(column, reps.columns)}"
        )
    return reps.numbers(column, low=0, high=_MOST, whole=True, missing=0.0)


def levelled(weight: Floats, most: Floats, total: float, held: Floats) -> Floats:
    r"""Return what each rep gets of a total so that what all have is level, as far as it goes: poured like water.

    .. math:: e_j = \min(most_j, \max(0, \lambda w_j - held_j)), \quad \sum_j e_j = \min(total, \sum_j most_j)

    over the reps with a weight.

    Examples
    --------
    >>> levelled(np.ones(3), np.full(3, 40.0), 9.0, np.array([10.0, 0.0, 2.0]))
    array([0. , 5.5, 3.5])
    """
    taking = (weight > 0) & (most > 0)
    w, room, had = weight[taking], most[taking], held[taking]
    share = np.zeros_like(weight)
    left = min(float(total), float(room.sum()))
    if not taking.any() or left <= 0:
        return share
    starts, ends = had / w, (had + room) / w
    edges = np.unique(np.concatenate([starts, ends]))
    poured = np.array([np.clip(edge * w - had, 0.0, room).sum() for edge in edges])
    below = max(0, int(np.searchsorted(poured, left, side="left")) - 1)
    rising = (starts <= edges[below]) & (ends > edges[below])
    level = edges[below] + (left - poured[below]) / w[rising].sum() if rising.any() else edges[-1]
    share[taking] = np.clip(level * w - had, 0.0, room)
    return share


def with_open_work(problem: Problem, held: Floats) -> Problem:
    """Return the problem in which open leads are leads too, pinned to the reps who have them, beside all limits."""
    n, count = problem.n_leads, held.astype(np.int64)
    owner = np.repeat(np.arange(problem.n_reps), count)
    affinity, together = problem.affinity, problem.together
    return problem.replace(
        affinity=_padded(affinity, len(owner)),
        capacity=problem.capacity + count,
        limits=tuple(_of_new_leads(limit, n, len(owner)) for limit in problem.limits),
        pins=np.concatenate([problem.pins, owner]),
        together=None if together is None else np.concatenate([together, np.full(len(owner), -1)]),
    )


def with_open_leads(leads: Ints | None, n_leads: int, held: Floats) -> Ints | None:
    """Return which leads count, open ones too, where those are behind all others; None = all."""
    return None if leads is None else np.append(leads, n_leads + np.arange(int(held.sum())))


def less_open_work(limits: Sequence[Limit], held: Floats, leads: Ints | None) -> tuple[Limit, ...]:
    """Return limits on what reps have as limits on what they get of the leads that count."""
    return tuple(_less(limit, held if limit.reps is None else held[limit.reps], leads) for limit in limits)


def _less(limit: Limit, held: Floats, leads: Ints | None) -> Limit:
    had = float(held.sum())
    return replace(limit, leads=leads, lower=max(0.0, limit.lower - had), upper=max(0.0, limit.upper - had))


def _padded(affinity: Affinity, n_more: int) -> Affinity:
    """Return an affinity with so many more leads, which count nothing."""
    row = np.concatenate([affinity.row, np.full(n_more, affinity.n_rows)])
    return affinity.extended(np.zeros((1, affinity.n_reps)), row, np.concatenate([affinity.scale, np.ones(n_more)]))


def _of_new_leads(limit: Limit, n_leads: int, n_more: int) -> Limit:
    leads: Ints = np.arange(n_leads) if limit.leads is None else limit.leads
    if isinstance(limit.usage, float):
        return replace(limit, leads=leads)
    if isinstance(limit.usage, Affinity):
        return replace(limit, leads=leads, usage=_padded(limit.usage, n_more))
    zeros = np.zeros((n_more, *limit.usage.shape[1:]))
    return replace(limit, leads=leads, usage=np.concatenate([limit.usage, zeros]))


def balance_note(policy: Policy) -> str:
    """Return what is levelled, in words."""
    banded = any(not one.maximin for one in policy.fairnesses if one.of == "leads")
    how = "as far as the fairness band allows" if banded else "the least of it raised first"
    return f'balance_open: what reps have is levelled, "{policy.columns.open_leads}" and new leads together, {how}'
