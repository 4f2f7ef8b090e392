"""Planning again: who had the leads before, and what taking one away costs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.case import Case, Kept
from leadopt.decision.owners import reps_named
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.problem.problem import Problem
from leadopt.tables import Table, check_same_kind
from leadopt.tables.cells import Id, as_id, is_number
from leadopt.tables.ids import IdBook
from leadopt.tables.text import count, number


def keep(case: Case, previous: Mapping[Any, Any], move_cost: float) -> Case:
    r"""Return the case in which taking a lead away from the rep who had it costs something.

    .. math:: \max \sum_{ij} gain_{ij} x_{ij} - move\_cost \cdot \#\{i : i \text{ leaves its previous rep}\} + \dots

    A lead that is sent back to the pool is taken away, too. Leads that had no rep, or one who is not among the reps any
    more, is away, or may not have them, are free, and notes say how many.

    Parameters
    ----------
    previous
        lead id -> rep id; leads that are not in this batch are passed over
    move_cost
        in the unit of gains, 0 or more

    Raises
    ------
    InvalidInput
        a cost that is none, ids of another kind, or no lead in common

    Notes
    -----
    O(kept leads x reps) memory: each of them gets rates of its own, unless it is like another in all respects.
    """
    return _kept(case, *_previous_reps(case, previous), move_cost)


def keep_current(
    case: Case, leads: Table, previous: Mapping[Any, Any] | None = None, move_cost: float | None = None
) -> Case:
    """Return the case of `keep`, by what the caller passes or else by the column of who has the leads now.

    Parameters
    ----------
    leads
        the table with that column
    previous
        as of `keep`; None = the column, if there is one
    move_cost
        as of `keep`; None = that of the policy

    Raises
    ------
    InvalidInput
        as `keep`; or a cost is given, and nobody has the leads
    """
    column, cost = case.policy.columns.current_rep, case.policy.move_cost if move_cost is None else move_cost
    if previous is not None:
        found = keep(case, previous, cost)
        unread = [f'who has the leads is as keep= says: the column "{column}" is not used'] if column in leads else []
        return replace(found, notes=(*found.notes, *unread))
    if column in leads:
        return _keep_column(case, leads, column, cost)
    if move_cost:
        raise InvalidInput(
            f"move_cost: counts for leads that somebody has: pass keep=, or a column {column} of leads; "
            f"found {move_cost!r} without"
        )
    unused = f"policy.move_cost counts for nothing, as nobody has the leads: no column {column}, and no keep="
    return replace(case, notes=(*case.notes, unused)) if cost else case


def _keep_column(case: Case, leads: Table, column: str, move_cost: float) -> Case:
    had, said = reps_named(leads, column, case.rep_ids)
    n_held = sum(one is not None for one in said)
    if not n_held:
        return case
    gone = np.array([one is not None for one in said]) & (had < 0)
    cost = f"taking one away costs {number(float(move_cost))} (policy.move_cost)"
    told = f"{count(n_held, 'lead')} with a rep now ({column}): {cost}"
    strangers = enumerate_some(dict.fromkeys(one for one, is_gone in zip(said, gone, strict=True) if is_gone), most=4)
    case = replace(case, notes=(*case.notes, told))
    held = [one if place < 0 else case.rep_ids[place] for one, place in zip(said, had.tolist(), strict=True)]
    return _kept(case, had, held, _gone(int(gone.sum()), strangers), move_cost)


def _kept(case: Case, had: Ints, said: Sequence[Id | None], notes: list[str], move_cost: float) -> Case:
    """Return the case given the rep who has each lead, -1 = none, and what is said of it; who may not stay is free."""
    if not (is_number(move_cost) and 0 <= move_cost < np.inf):
        raise InvalidInput(f"move_cost: must be a finite number, 0 or more; found {move_cost!r}")
    held = np.flatnonzero(had >= 0)
    away = case.away[had[held]]
    barred = held[~away & np.isneginf(case.problem.affinity.at(held, had[held]))]
    left = held[away]
    had[barred] = had[left] = -1
    lost = tuple((lead, one) for lead, one in enumerate(said) if one is not None and had[lead] < 0)
    if len(barred):
        notes = [*notes, f"{count(len(barred), 'lead')} may not stay with their rep: not eligible any more"]
    if len(left):
        who = enumerate_some(dict.fromkeys(one for lead in left.tolist() if (one := said[lead]) is not None), most=4)
        notes = [*notes, f"{count(len(left), 'lead')} had a rep who is away ({who}): free to go anywhere"]
    problem = with_stay_bonus(case.problem, had, float(move_cost))
    kept = Kept(previous=had, move_cost=float(move_cost), gains=case.gains, lost=lost)
    return replace(case, problem=problem, kept=kept, notes=(*case.notes, *notes))


def _gone(n_leads: int, names: str = "") -> list[str]:
    who = f" ({names})" if names else ""
    return [f"{count(n_leads, 'lead')} had a rep who is not in reps any more{who}: free to go anywhere"] * bool(n_leads)


def _previous_reps(case: Case, previous: Mapping[Any, Any]) -> tuple[Ints, list[Id | None], list[str]]:
    """Return the rep that each lead had, -1 = none who is in reps, whom it had, and who was left out, in words."""
    if not isinstance(previous, Mapping):
        raise InvalidInput(f"keep: must be a Plan or a dict from lead id to rep id; found {type(previous).__name__}")
    plain = {as_id(lead): as_id(rep) for lead, rep in previous.items()}
    check_same_kind("keep (lead ids)", [lead for lead in plain if lead is not None], "leads", case.lead_ids)
    check_same_kind("keep (rep ids)", [rep for rep in plain.values() if rep is not None], "reps", case.rep_ids)
    leads, reps = IdBook(case.lead_ids), IdBook(case.rep_ids)
    said: list[Id | None] = [None] * len(case.lead_ids)
    places = [leads.place(lead) for lead in plain]
    for place, rep in zip(places, plain.values(), strict=True):
        if place is not None:
            said[place] = rep
    if plain and case.lead_ids and all(place is None for place in places):
        raise InvalidInput(f"keep: none of its {len(plain)} leads is among the leads; pass the plan of the same leads")
    at = [None if rep is None else reps.place(rep) for rep in said]
    had = np.array([-1 if place is None else place for place in at], dtype=np.int64)
    return had, said, _gone(sum(rep is not None for rep in said) - int((had >= 0).sum()))


def with_stay_bonus(problem: Problem, previous: Ints, bonus: float) -> Problem:
    """Return the problem in which each lead gains `bonus` more with its previous rep (-1 = none)."""
    held = np.flatnonzero(previous >= 0)
    if not bonus or not len(held):
        return problem
    affinity = problem.affinity
    kinds = np.column_stack([affinity.row[held], previous[held]])
    _, example, kind = np.unique(
        np.column_stack([kinds, affinity.scale[held].view(np.int64)]), axis=0, return_index=True, return_inverse=True
    )
    rates = affinity.of(held[example])
    rates[np.arange(len(rates)), previous[held[example]]] += bonus
    row, scale = affinity.row.copy(), affinity.scale.copy()
    row[held], scale[held] = affinity.n_rows + kind.reshape(-1), 1.0
    return problem.replace(affinity=affinity.extended(rates, row, scale))
