"""A substitute for each lead: the best other rep from what is left after the plan, each free slot promised once."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.errors import enumerate_some
from leadopt.matching import Status
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.problem import ROUNDING, Limit, Problem
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.result import Cells, Parts, Result
from leadopt.tables.text import count, number

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """Who stands in for the rep of a lead. The lead has one holder all the same.

    Parameters
    ----------
    lead_id, rep_id
        the lead and its holder
    substitute
        who takes it if the holder cannot; None = nobody is left
    gain
        what the lead would gain there; None without a substitute
    because
        why there is none, in a sentence; empty with one
    """

    lead_id: Id
    rep_id: Id
    substitute: Id | None
    gain: float | None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Substitutes(Result):
    """A substitute for each lead that somebody holds, as far as there are any.

    All of them could step in at once, and any of them alone: no slot is promised twice, and no upper bound of a limit
    is broken by whoever steps in.

    Parameters
    ----------
    rows
        one for each placed lead, in the order of the leads
    gain
        what the substitutes would gain together
    gap
        how far that may be from the most that they could, relative; 0 after a complete search
    unit
        of gains
    """

    rows: tuple[Substitute, ...]
    gain: float
    gap: float
    unit: str
    lead_column: str = field(repr=False)
    rep_column: str = field(repr=False)
    like: Table = field(repr=False)

    def by_column(self) -> dict[str, list[Any]]:
        """Return what `frame` holds, by the names of its columns."""
        return {
            self.lead_column: [row.lead_id for row in self.rows],
            self.rep_column: [row.rep_id for row in self.rows],
            "substitute": [row.substitute for row in self.rows],
            "substitute_gain": [row.gain for row in self.rows],
            "no_substitute": [row.because or None for row in self.rows],
        }

    def frame(self) -> Any:
        """Return one row per placed lead, of the same kind of table as the leads were.

        Columns: the ids of lead and holder, substitute, substitute_gain, and no_substitute, why there is none.
        """
        return self.like.build(self.by_column(), numbers=("substitute_gain",), own=(self.lead_column,))

    def summary(self) -> str:
        """Return how many leads have a substitute in one sentence."""
        there = sum(row.substitute is not None for row in self.rows)
        lacks = f", at most {self.gap:.2%} below the best" if self.gap > 1e-9 else ""
        return f"{there} of {count(len(self.rows), 'placed lead')} with a substitute{lacks}"

    @property
    def _cells(self) -> Cells:
        rows = [
            [
                str(row.lead_id),
                str(row.rep_id),
                f"none: {row.because}" if row.substitute is None else str(row.substitute),
                "-" if row.gain is None else number(row.gain),
            ]
            for row in self.rows[:_SHOWN]
        ]
        return ["lead", "holder", "substitute", "would gain"], rows

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        rest = len(self.rows) - _SHOWN
        return Parts(
            tables=[self._cells] if self.rows else [], notes=[f"and {rest} more in .frame()"] if rest > 0 else []
        )


def substitutes(plan: Answered, time_limit_s: float | None = None) -> Substitutes:
    r"""Return the best other rep for each placed lead, from the slots and the room in limits that the plan leaves.

    .. math:: \max \sum_{ij} gain_{ij} y_{ij}, \quad y_{i,\,holder(i)} = 0, \quad
       \sum_i y_{ij} \le capacity_j - load_j

    and every limit has room for what a substitute takes more than the holder does. Eligibility holds as ever, and a
    lead is given to nobody for less than the reserve. Minimums ask for nothing: whoever holds a lead holds it.

    Where capacities are assumed, each rep stands in for as many leads as an even share.

    Parameters
    ----------
    time_limit_s
        as of `assign`
    """
    case, holder = plan.case, plan.rep_of_lead
    problem = _left(plan)
    found = Clock(time_limit_s).solve(problem, "substitutes")
    answer = found.rep_of_lead
    columns, leads = case.policy.columns, np.flatnonzero(holder >= 0)
    with_one = np.flatnonzero(answer >= 0)
    promised = np.bincount(answer[with_one], minlength=problem.n_reps)
    free = problem.capacity - promised
    same = columns.lead_id == columns.rep_id
    return Substitutes(
        rows=tuple(
            Substitute(
                lead_id=case.lead_ids[lead],
                rep_id=case.rep_ids[holder[lead]],
                substitute=None if answer[lead] < 0 else case.rep_ids[answer[lead]],
                gain=None if answer[lead] < 0 else float(case.gains.at([lead], [answer[lead]])[0]),
                because="" if answer[lead] >= 0 else _why_none(case, problem, lead, free),
            )
            for lead in leads.tolist()
        ),
        gain=float(case.gains.at(with_one, answer[with_one]).sum()),
        gap=max(0.0, found.gap) if found.status is Status.FEASIBLE else 0.0,
        unit=case.unit,
        lead_column="lead_id" if same else columns.lead_id,
        rep_column="rep_id" if same else columns.rep_id,
        like=plan.like,
    )


def _left(plan: Answered) -> Problem:
    """Return what is left after a plan, as a problem."""
    case, problem, holder = plan.case, plan.case.problem, plan.rep_of_lead
    said = case.assumed is None
    free = problem.capacity - plan.n_leads_of_rep if said else problem.capacity
    limits = [
        limit
        for k, one in enumerate(problem.limits)
        if np.isfinite(one.upper) and one.kind is not LimitKind.EVEN_SHARE
        for limit in _room(one, float(plan.used[k]), holder)
    ]
    return problem.replace(
        affinity=_others(case.gains, holder),
        capacity=np.where(case.away, 0, np.maximum(free, 0)),
        limits=limits,
        pins=None,
        reserve=_reserve(problem, case.gains),
        even_by=None,
    )


def _others(gains: Affinity, holder: Ints) -> Affinity:
    """Return the gains with all but the holder; of leads that nobody holds, with nobody."""
    kinds, kind = np.unique(np.column_stack([gains.row, holder]), axis=0, return_inverse=True)
    rates = gains.rates_of(kinds[:, 0])
    held = np.flatnonzero(kinds[:, 1] >= 0)
    rates[held, kinds[held, 1]] = -np.inf
    rates[kinds[:, 1] < 0] = -np.inf
    return Affinity(rates=rates, row=kind.reshape(-1), scale=gains.scale)


def _reserve(problem: Problem, gains: Affinity) -> float:
    """Return what a substitute must be worth; where every lead must be placed, anybody is better than nobody."""
    if np.isfinite(problem.reserve):
        return problem.reserve
    return -2.0 * max(1.0, gains.largest)


def _room(limit: Limit, used: float, holder: Ints) -> list[Limit]:
    """Return the room that a limit has for what substitutes take more than holders do; none where nobody can."""
    left = max(0.0, limit.upper - used) if limit.upper - used > ROUNDING * limit.upper else 0.0
    counted = np.zeros(len(holder), dtype=bool)
    counted[slice(None) if limit.leads is None else limit.leads] = True
    counted &= holder >= 0
    inside = counted & _among(limit.reps, holder)
    if isinstance(limit.usage, float) or (not isinstance(limit.usage, Affinity) and limit.usage.ndim == 1):
        # Within a team, who takes a lead over takes of the team's room what the holder gives back.
        leads = np.flatnonzero(counted & ~inside)
        return [replace(limit, leads=leads, lower=0.0, upper=left)] if len(leads) else []
    if not inside.any() or (limit.reps is not None and len(limit.reps) == 1):
        # With one rep alone, holders inside have nobody to hand over to.
        return [replace(limit, leads=np.flatnonzero(counted & ~inside), lower=0.0, upper=left)]
    leads = np.flatnonzero(counted)
    usage = np.zeros((len(holder), _n_reps(limit)))
    usage[leads] = limit.usage_of(leads)
    back = np.where(inside, usage[np.arange(len(holder)), np.maximum(holder, 0)], 0.0)
    return [replace(limit, leads=leads, usage=np.maximum(usage - back[:, None], 0.0), lower=0.0, upper=left)]


def _n_reps(limit: Limit) -> int:
    return limit.usage.n_reps if isinstance(limit.usage, Affinity) else int(np.shape(limit.usage)[1])


def _among(reps: Ints | None, holder: Ints) -> Bools:
    return np.ones(len(holder), dtype=bool) if reps is None else np.isin(holder, reps)


def _why_none(case: Case, problem: Problem, lead: int, free: Ints) -> str:
    """Return why a lead has no substitute, in words."""
    members = case.members(lead)
    gains: Floats = problem.affinity.of(members).sum(axis=0)
    others = np.isfinite(gains)
    if not others.any():
        return "no other rep may have it"
    there = others & ~case.away
    if not there.any():
        return f"everyone else who may have it is away: {_names(case, others)}"
    gaining = there & (gains > problem.reserve * len(members))
    if not gaining.any():
        return f"it gains no more than the reserve with anybody else ({number(problem.reserve)})"
    able = gaining & (problem.capacity >= len(members))
    if not able.any():
        return f"everyone else who may have it is full: {_names(case, gaining)}"
    if (free[able] < len(members)).all():
        return f"all that is left is promised to other leads: {_names(case, able)}"
    return f"limits leave no room for it with {_names(case, able & (free >= len(members)))}"


def _names(case: Case, reps: Bools) -> str:
    found = np.flatnonzero(reps)
    return enumerate_some([case.rep_ids[rep] for rep in found[:3].tolist()], most=3, of=len(found))
