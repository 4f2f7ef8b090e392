"""What a policy has learned from the desk's own past: chances, won values, and the hash of all that is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.decision.know import learn
from leadopt.decision.lead_values import learn_values
from leadopt.desk.planning.history import Rows
from leadopt.desk.planning.tables import by_shared_names
from leadopt.learning.value_model import ValueModel
from leadopt.policy import Policy
from leadopt.tables import Table
from leadopt.tables.cells import Id, is_number
from leadopt.tables.reading.reader import Reading

_SAMPLE = 2_000  # leads, the newest, whose gains say from where a lead is hot


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """What is known about chances and values.

    Parameters
    ----------
    model
        of chances; None = nothing has ended yet, and all reps count as equal
    values
        of won values; None = none is known
    usual_value
        median of the values that leads came with, for one that has none; None = none has
    called
        what each rep is called, by random id, as the model knows them
    sample
        columns of leads that came lately
    n_outcomes
        how many leads have ended in what was learned from
    on
        the day to which it was learned
    notes
        what was noticed, in words
    """

    model: AffinityModel | None = None
    values: ValueModel | None = None
    usual_value: float | None = None
    called: Mapping[str, Id] = field(default_factory=dict)
    sample: Sequence[Mapping[str, Any]] = ()
    n_outcomes: int = 0
    on: date | None = None
    notes: tuple[str, ...] = ()

    @property
    def segment_by(self) -> tuple[str, ...]:
        """The columns that chances are learned by."""
        return () if self.model is None else self.model.segment_by_

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the posterior's arrays in hex digits; "" = nothing was learned."""
        return "" if self.model is None else _digest(self.model, self.values)


def learned_from(
    history: Rows,
    policy: Policy,
    *,
    on: date,
    called: Mapping[str, Id],
    sample: Sequence[Mapping[str, Any]] = (),
) -> Learned:
    """Return what a policy learns of a history.

    Parameters
    ----------
    history
        as `history_of` tells it; leads that were imported are in it
    policy
        says by which columns, and how old evidence counts
    on
        the day that it is
    called
        what each rep is called, by random id
    sample
        columns of leads that came lately, in the order in which they came

    Notes
    -----
    100,000 outcomes of 50 reps take a second or two: it is done once a day, and never as a lead comes in.
    """
    policy = by_shared_names(policy)
    columns, lately = policy.columns, list(sample)[-_SAMPLE:]
    ended = sum(one is not None for one in history.get(columns.converted, ()))
    usual = _usual(lately, policy)
    if not ended:
        return Learned(called=called, sample=lately, usual_value=usual, on=on)
    table = _table(history, policy).judged(columns.converted)
    model, notes = learn(table, _leads(lately, policy), list(dict.fromkeys(called.values())), policy, on)
    return Learned(
        model=model,
        values=learn_values(table, model.segment_by_, policy) if _known(history.get(columns.value, ())) else None,
        usual_value=usual,
        called=called,
        sample=lately,
        n_outcomes=ended,
        on=on,
        notes=tuple(notes),
    )


def _table(history: Rows, policy: Policy) -> Table:
    """Return a history as a table, with a missing column for each that a setting names and that nobody has."""
    rows = len(next(iter(history.values())))
    asked = (*(policy.segment_by or ()), *policy.rep_by)
    filled = {name: [None] * rows for name in asked if name not in history} | dict(history)
    reading = Reading(formats=policy.formats, outcomes=policy.outcomes)
    return Table(filled, "history", reading=reading, ids=policy.columns.ids)


def _leads(sample: Sequence[Mapping[str, Any]], policy: Policy) -> Table | None:
    """Return leads that came lately as a table: they tell columns that are segments where nobody names any."""
    if policy.segment_by is not None or not sample:
        return None
    names = dict.fromkeys(name for one in sample for name in one)
    return Table({name: [one.get(name) for one in sample] for name in names}, "leads")


def _usual(sample: Sequence[Mapping[str, Any]], policy: Policy) -> float | None:
    column, zero = policy.columns.value, policy.value_zero == "missing"
    values = [float(one[column]) for one in sample if is_number(one.get(column))]
    told = [value for value in values if value or not zero]
    return float(np.median(told)) if told else None


def _known(cells: Iterable[Any]) -> bool:
    return any(cell is not None for cell in cells)


def _digest(model: AffinityModel, values: ValueModel | None) -> str:
    """Return the SHA-256 of the arrays of all effects; one pair stands for all, whose arrays are the same."""
    segments, reps = model.segments_[:1], model.reps_[:1]
    joint, found = model.joint(segments, reps), sha256()
    for one in fields(joint):
        if one.name not in ("levels", "cell"):
            found.update(one.name.encode() + b"\0" + _bytes(getattr(joint, one.name)))
    if values is not None:
        expected = values.expected(Table({name: [None] for name in values.columns_} or {"": [None]}, "leads"))
        found.update(_bytes(expected) + _bytes([values.n_won_, values.scatter_]))
    return found.hexdigest()


def _bytes(value: Any) -> bytes:
    """Return an array or number as bytes that are the same on any machine; None = none."""
    return b"-" if value is None else np.ascontiguousarray(value, dtype="<f8").tobytes()
