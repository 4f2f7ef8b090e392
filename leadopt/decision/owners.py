"""The owner of an account first: as many leads as can be go to their owner, and only then gain decides."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from leadopt.arrays import Bools, Ints
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.reading.accounts import Owned
from leadopt.errors import Infeasible, SolverFailed, enumerate_some
from leadopt.matching import Status
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.presolved.in_leads import slots_of
from leadopt.problem.problem import Limit, Problem
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.ids import IdBook
from leadopt.tables.text import count

_PART = 1 / 3  # of the time left: what is found sooner leaves more to the plan
_OURS = re.compile(r"owner first: |[\d,]+ leads? whose owner ")
_WHOLE = 1e-6  # a bound on a number of leads may be off by rounding


def reps_named(table: Table, column: str, rep_ids: Sequence[Id]) -> tuple[Ints, tuple[str | None, ...]]:
    """Return the rep that each row of a column names, -1 = none who is in reps; and what it says, None = nothing.

    A name that is no rep's as it stands is that of the one rep who differs in letter case or blanks alone.
    """
    said = [None if level is None or not level.strip() else level for level in table.levels(column)]
    book = IdBook(map(str, rep_ids))
    places = [None if one is None else book.place(one) for one in said]
    return np.array([-1 if place is None else place for place in places], dtype=np.int64), tuple(said)


def owners_first(case: Case, clock: Clock) -> Case:
    r"""Return the case in which as many leads as can be go to their owner; all else is decided within that.

    .. math:: \sum_i x_{i,\,owner(i)} \ge \max_x \sum_i x_{i,\,owner(i)}

    under eligibility, slots, pins and hard limits. Where each rep alone can have as many own leads as all can together,
    that is a minimum of each rep; else it is one of all of them. Limits with a penalty give way to an owner.

    Notes
    -----
    One solve more, of a problem whose gains are 0 and 1.
    """
    owned = case.owned
    if owned is None:
        return case
    able = _able(case.problem, owned.owner)
    leads = np.flatnonzero(able)
    if not len(leads):
        return replace(case, owned=replace(owned, most=0, proven=True), notes=(*case.notes, *_notes(case, able, 0)))
    most, proven = _most(case.problem, leads, owned.owner[leads], clock)
    limits = _limits(case, leads, owned.owner[leads], most)
    problem = case.problem.replace(limits=(*case.problem.limits, *limits))
    owned = replace(owned, most=most, proven=proven)
    return replace(case, problem=problem, owned=owned, notes=(*case.notes, *_notes(case, able, most, proven=proven)))


def _able(problem: Problem, owner: Ints) -> Bools:
    """Return whose owner is there, may have it, and is not passed over by a pin, bool (n_leads,)."""
    able = owner >= 0
    leads = np.flatnonzero(able)
    open_ = np.isfinite(problem.affinity.at(leads, owner[leads])) & (problem.capacity[owner[leads]] > 0)
    open_ &= (problem.pins[leads] < 0) | (problem.pins[leads] == owner[leads])
    able[leads[~open_]] = False
    return np.asarray(able)


def _most(problem: Problem, leads: Ints, owner: Ints, clock: Clock) -> tuple[int, bool]:
    """Return how many leads can be with their owner together, and whether more are impossible; 0 if nothing fits."""
    ones = _ones(problem.affinity, leads, owner)
    counting = problem.replace(
        affinity=ones,
        limits=[limit for limit in problem.limits if limit.penalty is None],
        reserve=0.0 if np.isfinite(problem.reserve) else -np.inf,
    )
    try:
        found = clock.solve(counting, "as many leads as can be with their owner", part=_PART, capped=True)
    except (Infeasible, SolverFailed):  # the plan's own solve will say so, in the user's names
        return 0, True
    with_owner = int((found.rep_of_lead[leads] == owner).sum())
    return with_owner, found.bound < with_owner + 1 - _WHOLE or found.status is not Status.FEASIBLE


def _ones(affinity: Affinity, leads: Ints, owner: Ints) -> Affinity:
    """Return 1 for each of some leads with its owner, 0 for all other pairs, and -inf where a pair is ineligible."""
    nothing = affinity.mapped(np.zeros_like, scale=np.ones(affinity.n_leads))
    kinds, kind = np.unique(np.column_stack([affinity.row[leads], owner]), axis=0, return_inverse=True)
    own = nothing.rates_of(kinds[:, 0])
    own[np.arange(len(kinds)), kinds[:, 1]] = 1.0
    row = affinity.row.copy()
    row[leads] = affinity.n_rows + kind.reshape(-1)
    return nothing.extended(own, row, nothing.scale)


def _limits(case: Case, leads: Ints, owner: Ints, most: int) -> list[Limit]:
    """Return the minimums that ask for so many leads with their owner."""
    problem = case.problem
    if not most:
        return []
    alone = np.minimum(np.bincount(owner, minlength=problem.n_reps), slots_of(problem))
    if alone.sum() == most:
        return [
            Limit(
                reps=[rep],
                leads=leads[owner == rep],
                lower=float(alone[rep]),
                name=f"{LimitKind.OWNER}: leads of {case.rep_ids[rep]}",
                kind=LimitKind.OWNER,
                of=rep,
            )
            for rep in np.flatnonzero(alone).tolist()
        ]
    ones = _ones(problem.affinity, leads, owner)
    usage = Affinity(rates=np.maximum(ones.full_rates(), 0.0), row=ones.row)
    return [Limit(usage=usage, lower=float(most), name=str(LimitKind.OWNER), kind=LimitKind.OWNER)]


def _notes(case: Case, able: Bools, most: int, *, proven: bool = True) -> list[str]:
    owned, column = case.owned, case.policy.columns.owner
    if owned is None:
        return []
    n_owned = sum(one is not None for one in owned.named)
    if not n_owned:
        return [f"owner first: no lead has an entry in {column}"]
    at_least = "" if proven else "at least "
    found = [
        f"owner first: {at_least}{most} of {count(n_owned, 'lead')} with an owner ({column}) go to that rep; leave "
        "columns.owner out to go by gain alone"
    ]
    why: dict[str, list[int]] = {}
    for lead, said in enumerate(owned.named):
        if said is not None and not able[lead]:
            why.setdefault(_barred(case, lead), []).append(lead)
    for reason, leads in why.items():
        who = enumerate_some(dict.fromkeys(owned.named[lead] for lead in leads), most=4)
        found.append(f"{count(len(leads), 'lead')} whose owner {reason}: {who}")
    torn = _torn(case.problem, owned.owner, able)
    if torn:
        found.append(f"{count(torn, 'lead')} whose owner is not the one of all its account, which goes to one rep")
    full, all_of_it = int(able.sum()) - most - torn, "" if case.problem.together is None else " for all of its account"
    if full > 0:
        found.append(f"{count(full, 'lead')} whose owner has no room{all_of_it}, by capacity or a limit")
    return found


def _torn(problem: Problem, owner: Ints, able: Bools) -> int:
    """Return how many leads cannot be with their owner because their account goes to one rep, who is another's."""
    if problem.together is None:
        return 0
    leads = np.flatnonzero(able)
    pairs, times = np.unique(np.column_stack([problem.together[leads], owner[leads]]), axis=0, return_counts=True)
    most = np.zeros(problem.n_leads, dtype=np.int64)
    np.maximum.at(most, pairs[:, 0], times)
    return int(len(leads) - most.sum())


def without_owner_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Return notes without those on owners, which a change of the case makes anew."""
    return tuple(note for note in notes if not _OURS.match(note))


def _barred(case: Case, lead: int) -> str:
    """Return why the owner of a lead cannot have it, whatever room there is."""
    owned, problem = case.owned, case.problem
    rep = -1 if owned is None else int(owned.owner[lead])
    if rep < 0:
        return "is not in reps"
    if problem.pins[lead] >= 0 and problem.pins[lead] != rep:
        return "is passed over by a pin"
    if case.away[rep]:
        return "is away"
    if np.isneginf(problem.affinity.at([lead], [rep])[0]):
        return "may not have it, by a rule"
    return "has no slot"


def told_of_owner(case: Case, lead: int, rep: int) -> str | None:
    """Return in a sentence whether a lead went to its owner, and why not; None for one without owner."""
    owned = case.owned
    said = None if owned is None else owned.named[lead]
    if owned is None or said is None:
        return None
    if rep >= 0 and rep == owned.owner[lead]:
        return f"Its owner is {said}, who comes first."
    if not _able(case.problem, owned.owner)[lead]:
        return f"Its owner is {said}, who {_barred(case, lead)}."
    members = case.members(lead)
    if len(members) > 1:
        return f"Its owner is {said}, who {_not_all(case, lead, members, rep)}."
    return (
        f"Its owner is {said}, who has no room for it: as many leads as capacity and limits allow, {owned.most} in "
        "all, are with their owners."
    )


def _not_all(case: Case, lead: int, members: Ints, rep: int) -> str:
    """Return why the owner of a lead does not have its account, which goes to one rep."""
    if case.owned is None:
        return ""
    owners = case.owned.owner[members[_able(case.problem, case.owned.owner)[members]]]
    theirs, ours = int((owners == rep).sum()), int((owners == case.owned.owner[lead]).sum())
    if rep >= 0 and theirs >= ours:
        return f"owns {ours} of its account, which goes to one rep: {case.rep_ids[rep]} owns {theirs} of it"
    return f"has no room for all {len(members)} leads of its account, which go to one rep, by capacity or a limit"


def owned_leads(leads: Table, column: str | None, rep_ids: Sequence[Id]) -> Owned | None:
    """Return who owns which lead; None where no column of owners is named."""
    if column is None:
        return None
    leads.require(column)
    owner, said = reps_named(leads, column, rep_ids)
    return Owned(owner=owner, named=said)
