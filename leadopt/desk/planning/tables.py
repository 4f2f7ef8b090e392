"""Leads and reps of a batch as tables, called as the policy calls their columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from leadopt.arrays import Floats
from leadopt.decision.reading.columns_read import named_columns
from leadopt.decision.shares import SHARED
from leadopt.desk.planning.history import Rows
from leadopt.eligibility import ExcludeRule
from leadopt.lifecycle import bars, credit
from leadopt.lifecycle.book import Book, Where
from leadopt.lifecycle.records import Conduct, Lead, Level, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import HELD
from leadopt.policy import Policy
from leadopt.tables.cells import Id
from leadopt.tables.columns import Columns
from leadopt.tables.headers import Kind

_BETWEEN_REPS = ";"


def by_shared_names(policy: Policy) -> Policy:
    """Return a policy that calls columns by the names that all tables share: a desk holds them by these alone."""
    return policy.replace(columns=replace(policy.columns, leads={}, reps={}, history={}))


def of_reps(policy: Policy) -> tuple[str, ...]:
    """Return the columns of leads that name reps: by random ids, as the log holds them."""
    listed = (rule.column for rule in policy.eligibility if isinstance(rule, ExcludeRule))
    return tuple(name for name in (*listed, policy.columns.owner) if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepsNow:
    """The reps as a plan finds them.

    Parameters
    ----------
    reps
        all who have not left, in the order of the table
    table
        their table
    factors
        float64, by what conduct multiplies what each is entitled to
    absent, restricted
        ids of who is away, and of who gets no new leads
    """

    reps: tuple[Rep, ...]
    table: Rows
    factors: Floats
    absent: frozenset[str]
    restricted: frozenset[str]


def leads_table(
    leads: Sequence[Lead],
    ids: Sequence[Id],
    policy: Policy,
    segment_by: Iterable[str] = (),
    called: Mapping[str, Id] | None = None,
) -> Rows:
    """Return the table of leads: what is known of each, and a missing cell where a setting names what nobody has.

    `called` tells what reps are called, whom cells name by random ids; None = so they are left.
    """
    names = dict.fromkeys((*segment_by, *asked_of(policy, "leads")))
    names |= dict.fromkeys(name for lead in leads for name in lead.columns)
    rows = {name: [lead.columns.get(name) for lead in leads] for name in names}
    for name in (name for name in of_reps(policy) if name in rows and called is not None):
        rows[name] = [_reps_called(cell, called or {}) for cell in rows[name]]
    return {policy.columns.lead_id: list(ids), **rows}


def with_effort(rows: Rows, policy: Policy) -> Rows:
    """Return leads with the hours that each takes, where reps have hours: as many as usual of who comes without."""
    column, n_leads = policy.columns.effort, len(rows[policy.columns.lead_id])
    cells = rows.get(column, [None] * n_leads)
    known = [number_of(cell) for cell in cells if cell is not None]
    usual = float(np.median(known)) if known else 1.0
    return {**rows, column: [usual if cell is None else cell for cell in cells]}


def _reps_called(cell: Level, called: Mapping[str, Id]) -> str | None:
    """Return a cell with what reps are called in place of their random ids."""
    if cell is None:
        return None
    parts = str(cell).split(_BETWEEN_REPS)
    return _BETWEEN_REPS.join(str(called.get(part, part)) for part in parts)


def reps_now(
    book: Book,
    reps: Sequence[Rep],
    ids: Sequence[Id],
    policy: Policy,
    rules: Rules,
    at: int,
    n_leads: int,
    carried: Mapping[str, float] | None = None,
) -> RepsNow:
    """Return the table of reps with all that the desk knows: open work, kept slots, absences, credit, conduct.

    Slots are the room that there is: ``max_open - open - kept``, at most what is left of the day, none under a
    restriction. A rep whom nothing limits has a slot for every lead. `carried` is what each had left of a slot after
    the plan before, where capacities are fractions.

    A minimum is one of a day: what came today counts, and where there are fewer leads than minimums, all of them give
    way alike, as the next plan has others.
    """
    absent = frozenset(rep.id for rep in reps if bars.absence_at(book, rep.id, at) is not None)
    restricted = frozenset(rep.id for rep in reps if not bars.takes_new_leads(book, rep.id, at))
    table = {policy.columns.rep_id: list(ids), **own_columns(reps)}
    table |= _days(reps, policy, rules) | _presence(reps, absent, table, policy)
    table |= _slots(reps, table, policy, rules, at, restricted, n_leads) | _credits(book, reps, policy, at)
    table |= _open_hours(book, reps, table, policy) | _minimums(reps, table, policy, rules, at, n_leads)
    if carried and policy.columns.capacity in table and policy.columns.carried not in table:
        table[policy.columns.carried] = [carried.get(rep.id, 0.0) for rep in reps]
    return RepsNow(
        reps=tuple(reps),
        table=table,
        factors=np.array([credit.factor(book.find(Conduct, Where(rep=rep.id)), at) for rep in reps], dtype=np.float64),
        absent=absent,
        restricted=restricted,
    )


def own_columns(reps: Sequence[Rep]) -> dict[str, list[Any]]:
    """Return what the user's table of reps says."""
    names = dict.fromkeys(name for rep in reps for name in rep.columns)
    return {name: [rep.columns.get(name) for rep in reps] for name in names}


def asked_of(policy: Policy, kind: Kind) -> tuple[str, ...]:
    """Return the columns of a table that settings of a policy name."""
    return tuple(dict.fromkeys(one.column for one in named_columns(policy) if kind in one.tables))


def hired_days(reps: Sequence[Rep], rules: Rules) -> list[date | None]:
    """Return the day on which each rep was hired."""
    return [None if rep.hired_on is None else rules.calendar.day(rep.hired_on) for rep in reps]


def number_of(cell: Level) -> float:
    """Return a cell as a number; what is none counts 0."""
    return float(cell) if isinstance(cell, int | float) and not isinstance(cell, bool) else 0.0


def _days(reps: Sequence[Rep], policy: Policy, rules: Rules) -> dict[str, list[Any]]:
    hired = hired_days(reps, rules)
    return {policy.columns.hired_on: hired} if any(day is not None for day in hired) else {}


def _presence(
    reps: Sequence[Rep], absent: frozenset[str], table: Mapping[str, Sequence[Any]], policy: Policy
) -> dict[str, list[Any]]:
    column = policy.columns.available
    usual = table.get(column, [None] * len(reps))
    if column not in table and not absent:
        return {}
    there = zip(reps, usual, strict=True)
    return {column: [0 if rep.id in absent else 1 if part is None else part for rep, part in there]}


def _slots(
    reps: Sequence[Rep],
    table: Mapping[str, Sequence[Any]],
    policy: Policy,
    rules: Rules,
    at: int,
    restricted: frozenset[str],
    n_leads: int,
) -> dict[str, list[Any]]:
    """Return columns of open work and of what each rep can take; none where nothing limits anybody."""
    columns = policy.columns
    open_, most = [rep.open + rep.kept for rep in reps], [bars.most_open(rules, rep) for rep in reps]
    batch = [0 if rep.id in restricted else bars.left_today(rules, rep, at) for rep in reps]
    told: dict[str, list[Any]] = {columns.open_leads: open_}
    own = table.get(columns.capacity)
    is_named = columns.max_open != Columns().max_open  # a policy that names a column wants to find it
    if is_named or any(limit is not None for limit in (*most, *batch)):
        told[columns.max_open] = [
            had + n_leads if limit is None else limit for had, limit in zip(open_, most, strict=True)
        ]
    if own is not None or any(limit is not None for limit in batch):
        given = [None] * len(reps) if own is None else own
        told[columns.capacity] = [
            _least(amount, limit, had + n_leads) for amount, limit, had in zip(given, batch, open_, strict=True)
        ]
    return told


def _least(amount: Any, limit: int | None, every: int) -> Any:
    """Return the smaller of the user's capacity and what is left; where neither is there, room for every lead."""
    if limit is None:
        return every if amount is None else amount
    return limit if amount is None else min(float(amount), limit)


def _minimums(
    reps: Sequence[Rep], table: Mapping[str, Sequence[Any]], policy: Policy, rules: Rules, at: int, n_leads: int
) -> dict[str, list[Any]]:
    """Return the fewest leads that each rep gets of this batch, where the table of reps has some."""
    column, today = policy.columns.min_leads, str(rules.calendar.day(at))
    if column not in table:
        return {}
    asked = zip(reps, table[column], strict=True)
    least = [max(0.0, number_of(cell) - rep.on(today)[0]) for rep, cell in asked]
    part = min(1.0, n_leads / sum(least)) if any(least) else 1.0
    return {column: [int(amount * part + 1e-9) for amount in least]}


def _open_hours(
    book: Book, reps: Sequence[Rep], table: Mapping[str, Sequence[Any]], policy: Policy
) -> dict[str, list[Any]]:
    """Return the working time that open leads take, where reps have hours and their table does not say it."""
    columns, effort = policy.columns, policy.columns.effort
    if columns.hours not in table or columns.open_hours in table:
        return {}
    spent = dict.fromkeys((rep.id for rep in reps), 0.0)
    for lead in (lead for stage in sorted(HELD) for lead in book.find(Lead, Where(stage=stage))):
        if lead.owner in spent:
            spent[lead.owner] += number_of(lead.columns.get(effort))
    paces = table.get(columns.pace, [None] * len(reps))
    timed = zip(reps, paces, strict=True)
    return {columns.open_hours: [spent[rep.id] * (1.0 if pace is None else float(pace)) for rep, pace in timed]}


def _credits(book: Book, reps: Sequence[Rep], policy: Policy, at: int) -> dict[str, list[Any]]:
    kinds = [kind for kind in SHARED if kind in {one.of for one in policy.fairnesses}]
    column = policy.columns.credit
    return {f"{column}_{of}": [credit.balance(book, rep.id, of, at) for rep in reps] for of in kinds}
