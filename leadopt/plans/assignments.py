"""A plan as a table: who got which lead, each with the runner-up; all leads, as files and databases keep them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np

from leadopt.arrays import Ints
from leadopt.decision.answered import Answered
from leadopt.tables.sql import Column, Kind, Saved, write_sql

_CELLS = 1 << 20  # leads x reps looked at together
_POOL = ("reason", "because", "remedy")
_NUMBERS = ("probability", "gain", "runner_up_gain", "substitute_gain")
_TEXTS = (*_POOL, "no_substitute")
_LARGEST = 2**63  # whole numbers beyond are text in a database, as they are in a file
_ALONE = {bool: Kind.TRUTH, UUID: Kind.UUID, float: Kind.NUMBER}


def assignment_columns(plan: Answered) -> dict[str, list[Any]]:
    """Return one entry per placed lead: ids, probability, gain, and the runner-up, the next best after prices."""
    case = plan.case
    lead_id, rep_id = case.policy.columns.written
    leads = np.flatnonzero(plan.rep_of_lead >= 0)
    reps = plan.rep_of_lead[leads]
    probability = case.probability(leads, reps)
    second = _runners_up(plan, leads, reps)
    gains = case.gains.at(leads, np.maximum(second, 0)).tolist()
    return {
        lead_id: [case.lead_ids[lead] for lead in leads],
        rep_id: [case.rep_ids[rep] for rep in reps],
        "probability": [None] * len(leads) if probability is None else probability.tolist(),
        "gain": case.gains.at(leads, reps).tolist(),
        "runner_up": [None if rep < 0 else case.rep_ids[rep] for rep in second],
        "runner_up_gain": [None if rep < 0 else gain for rep, gain in zip(second, gains, strict=True)],
    }


def _runners_up(plan: Answered, leads: Ints, reps: Ints) -> Ints:
    """Return the eligible rep with the greatest reduced gain but for the chosen one, -1 if none."""
    second = np.full(len(leads), -1, dtype=np.int64)
    step = max(1, _CELLS // max(1, plan.case.problem.n_reps))
    for start in range(0, len(leads), step):
        part = slice(start, start + step)
        reduced = plan.reduced_gains(leads[part])
        rows = np.arange(len(reduced))
        reduced[rows, reps[part]] = -np.inf
        best = reduced.argmax(axis=1)
        second[part] = np.where(np.isfinite(reduced[rows, best]), best, -1)
    return second


def plan_table(plan: Any, *, substitutes: bool = False) -> dict[str, list[Any]]:
    """Return one row per lead, in the leads' order: the assignment, or why it stays in the pool.

    With `substitutes`, columns beside it say who stands in for the rep, and why nobody does.
    """
    placed = assignment_columns(plan)
    lead_id = next(iter(placed))
    rows = {row[0]: dict(zip(placed, row, strict=True)) for row in zip(*placed.values(), strict=True)}
    for left in plan.unassigned_leads:
        why = (left.reason.value, left.because, left.remedy)
        rows[left.lead_id] = {lead_id: left.lead_id, **dict(zip(_POOL, why, strict=True))}
    beside: tuple[str, ...] = ()
    if substitutes:
        found = plan.substitutes().by_column()
        beside = tuple(found)[2:]
        for row in zip(*found.values(), strict=True):
            rows[row[0]] |= dict(zip(beside, row[2:], strict=True))
    return {name: [rows[lead].get(name) for lead in plan.case.lead_ids] for name in (*placed, *beside, *_POOL)}


def to_sql(plan: Any, target: str, *, replace: bool = False, substitutes: bool = False) -> None:
    """Write the plan to a table in a database: one row per lead, placed or not, all in one transaction.

    The whole plan goes with it, into the table `leadopt_plans`, from which `Plan.from_sql` and the command line read it
    again. Ids keep their type: whole numbers, text, UUIDs.

    Parameters
    ----------
    target
        the URL of the database with the table, such as ``sqlite:///crm.db?table=plan``; a SQLite or DuckDB file is made
        if there is none. A table that leadopt wrote is replaced, any other is not
    replace
        whether any table of that name may be replaced
    substitutes
        whether columns say who stands in for each lead's rep, as `Plan.substitutes` does

    Raises
    ------
    InvalidInput
        a table of that name that leadopt did not write, no such database, or whatever it refuses; then nothing has
        changed

    Examples
    --------
    >>> import tempfile
    >>> from leadopt.assign import assign
    >>> plan = assign([{"lead_id": 1}], [{"rep_id": "Ann", "capacity": 1}])
    >>> url = f"sqlite:///{tempfile.mkdtemp()}/crm.db?table=plan"
    >>> plan.to_sql(url)
    >>> type(plan).from_sql(url).summary() == plan.summary()
    True
    """
    ids, columns = _kind(plan.case.rep_ids), {}
    for name, cells in plan_table(plan, substitutes=substitutes).items():
        usual = Kind.NUMBER if name in _NUMBERS else Kind.TEXT if name in _TEXTS else ids
        kind = _kind(cells) or usual or Kind.TEXT
        columns[name] = Column(kind=kind, cells=[_cell(cell, kind) for cell in cells])
    written = datetime.now(UTC).isoformat(timespec="seconds")
    write_sql(target, columns, Saved(written_at=written, summary=plan.summary(), plan=plan.to_json()), replace=replace)


def _kind(cells: Sequence[Any]) -> Kind | None:
    """Return what the cells of a column are, None if there are none."""
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds == {int} and not all(-_LARGEST <= cell < _LARGEST for cell in cells if cell is not None):
        return Kind.TEXT
    if kinds <= {int, float} and kinds:
        return Kind.WHOLE if kinds == {int} else Kind.NUMBER
    return _ALONE.get(kinds.pop(), Kind.TEXT) if len(kinds) == 1 else Kind.TEXT if kinds else None


def _cell(cell: Any, kind: Kind) -> Any:
    return str(cell) if kind is Kind.TEXT and cell is not None else cell
