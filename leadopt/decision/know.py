"""What is known of a batch before any rule: the tables as they are read, and the gains as they are given or learned."""

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.decision.case import Evidence, States
from leadopt.decision.lead_values import scale_of
from leadopt.decision.reading.columns_read import (
    Tables,
    check_named,
    check_needed,
    read_note,
    unread_notes,
)
from leadopt.decision.reading.footers import doubtful_ids, without_footer
from leadopt.decision.reading.labels import given_gains
from leadopt.decision.reading.segments import found_segments, insisted_notes
from leadopt.decision.reading.settled import settled_note
from leadopt.decision.reading.units import unit_notes
from leadopt.errors import InvalidInput, UnknownReps, enumerate_some
from leadopt.learning.classifier import Classifier, chances
from leadopt.learning.history.checks import copies_notes, nameless_note
from leadopt.learning.history.codes import RepRow, distinct
from leadopt.learning.lead_worth import Valued
from leadopt.learning.value_model import ValueModel
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.progress import Meter, telling
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.dates import check_settled
from leadopt.tables.engines import history_table
from leadopt.tables.headers import Kind
from leadopt.tables.ids import IdBook, look_alikes, twice_but_for_blanks
from leadopt.tables.reading.reader import Reading
from leadopt.tables.text import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The tables, and what is known about the gains before any rule: the same for every fairness setting.

    Parameters
    ----------
    leads, reps
        the tables
    lead_ids, rep_ids
        in the tables' order
    gains
        of every pair, eligible or not
    evidence
        what they rest on; None if they were given, or there is no history
    unit
        what a gain of 1 is
    notes
        what was assumed or noticed, in words
    valued
        the leads whose value was learned; None if none was
    rates_are_chances
        whether the rates of the gains are chances of conversion, of which no evidence is known
    """

    leads: Table
    reps: Table
    lead_ids: list[Id]
    rep_ids: list[Id]
    gains: Affinity
    evidence: Evidence | None
    unit: str
    notes: tuple[str, ...]
    valued: Valued | None
    rates_are_chances: bool = False


def know(
    leads: Any,
    reps: Any,
    history: Any,
    affinity: Any,
    policy: Policy,
    meter: Meter,
    now: Any = None,
    *,
    values: ValueModel | None = None,
    usual_value: float | None = None,
) -> Known:
    """Return the tables as they are read, and the gains as they are given or learned.

    `values` is what learned won values, where an `AffinityModel` is given in place of history; None = nothing did.
    `usual_value` is what a lead counts whose value nobody knows; None = the median of the others.

    Raises
    ------
    InvalidInput
        a table or setting breaks a rule; says where, which rule, what was found

    Warns
    -----
    UnknownReps
        history knows none of the reps
    """
    meter.enter("read")
    if history is not None and affinity is not None:
        raise InvalidInput("history and affinity: give one of them, not both")
    given = affinity is not None and not isinstance(affinity, AffinityModel | Classifier)
    batch = _read(leads, reps, history, policy, given=given)
    meter.enter("learn")
    known = partial(Known, leads=batch.leads, reps=batch.reps, lead_ids=batch.lead_ids, rep_ids=batch.rep_ids)
    if isinstance(affinity, Classifier):
        found = _classified(affinity, batch.leads, batch.reps, policy)
        return known(**{**found, "notes": batch.told((), found["notes"])})
    if given:
        gains, noticed = given_gains(affinity, batch.lead_ids, batch.rep_ids, policy.columns.lead_id)
        return known(gains=gains, evidence=None, unit="gain", notes=batch.told((), noticed), valued=None)
    with telling(meter):
        model, notes = (affinity, []) if batch.history is None else _learned(batch, batch.history, now)
    if model is not None and not hasattr(model, "n_outcomes_"):
        raise InvalidInput("affinity: this AffinityModel has learned nothing yet; call fit(history) first")
    scale = scale_of(batch.leads, batch.history, _segment_by(model), policy, values, usual_value)
    known = partial(known, valued=scale.valued)
    if model is None or model.n_outcomes_ == 0:
        nothing = (
            "no evidence: no settled outcomes to learn from, so all reps count as equal and the split is even, "
            "as far as slots, rules, limits and what is kept allow"
        )
        everywhere = np.zeros(batch.leads.n_rows, dtype=np.int64)
        gains = Affinity(rates=np.ones((1, len(batch.rep_ids))), row=everywhere, scale=scale.values)
        told = batch.told((), (*scale.notes, nothing))
        return known(gains=gains, evidence=None, unit=scale.unit or "leads", notes=told)
    with telling(meter):
        evidence = _evidence(batch.leads, model.rep_rows_of(batch.reps, policy.columns.rep_id), model)
    gains = Affinity(rates=evidence.estimates.probability, row=evidence.segment_of_lead, scale=scale.values)
    learned = (*_nobody_known(evidence, batch.rep_ids, model), *notes, *_evidence_notes(evidence, batch.rep_ids, model))
    told = batch.told(_segment_by(model), (*learned, *scale.notes))
    return known(gains=gains, evidence=evidence, unit=scale.unit or "deals", notes=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """The tables, their columns called by the names that all share.

    `own` are the same as the user calls their columns, `worth` says whether values of leads are read, `noticed` what
    was left out or may be wrong, and `policy` are the settings.
    """

    leads: Table
    reps: Table
    history: Table | None
    lead_ids: list[Id]
    rep_ids: list[Id]
    own: Tables
    worth: bool
    noticed: tuple[str, ...]
    policy: Policy

    def told(self, segments: Sequence[str], notes: Iterable[str]) -> tuple[str, ...]:
        """Return all notes: what may be wrong first, which columns were read last."""
        unread = unread_notes(self.policy, self.own, worth=self.worth)
        unlike = unit_notes(self.policy, self.own, worth=self.worth)
        return (*self.noticed, *unlike, *unread, *notes, read_note(self.policy, self.own, segments, worth=self.worth))


def _read(leads: Any, reps: Any, history: Any, policy: Policy, *, given: bool) -> _Batch:
    columns, notes = policy.columns, list[str]()
    read = partial(Table, reading=Reading(formats=policy.formats, outcomes=policy.outcomes), ids=columns.ids)
    own: dict[Kind, Table] = {"leads": read(leads, "leads"), "reps": read(reps, "reps")}
    if history is not None:
        own["history"] = history_table(history, reading=own["reps"].reading, ids=columns.ids)
    check_needed(policy, own)
    ids: dict[Kind, str] = {"leads": columns.of("leads").lead_id, "reps": columns.of("reps").rep_id}
    for kind, table in own.items():
        # Gains that are given have a row for every row of leads, whatever that is.
        whole = table if given else None
        own[kind], said = (whole, []) if whole else without_footer(table, ids.get(kind, columns.of(kind).rep_id))
        notes += said
    notes += check_named(policy, own, worth=not given)
    called = {kind: table.called(columns.renamed(kind)) for kind, table in own.items()}
    lead_ids, rep_ids = _ids(called["leads"], columns.lead_id), _ids(called["reps"], columns.rep_id)
    notes += doubtful_ids(called["leads"], columns.lead_id, lead_ids)
    notes += doubtful_ids(called["reps"], columns.rep_id, rep_ids)
    if "history" in own and own["history"].columns:  # an empty one cannot name its columns
        called["history"] = called["history"].counting(columns.count).judged(columns.converted)
    return _Batch(
        leads=called["leads"],
        reps=called["reps"],
        history=_judged(called.get("history"), columns.converted),
        lead_ids=lead_ids,
        rep_ids=rep_ids,
        own=own,
        worth=not given,
        noticed=tuple(notes),
        policy=policy,
    )


def _judged(history: Table | None, converted: str) -> Table | None:
    """Return history with its outcomes read; an empty one, which cannot name its columns, as it is."""
    return history.judged(converted) if history is not None and history.columns else history


def _ids(table: Table, column: str) -> list[Id]:
    ids = table.ids(column)
    if twice := twice_but_for_blanks(ids):
        blanks = "".join(map(str, twice)).isascii() or len({"".join(str(one).split()) for one in twice}) == 1
        how = "in blanks" if blanks else "in blanks or in how its letters are stored"
        rule = f"ids must be unique, and {twice[0]!r} differs from it {how} alone"
        table.refuse(column, ids.index(twice[1]), rule, twice[1], "Remove one of them.")
    return ids


def _classified(model: Classifier, leads: Table, reps: Table, policy: Policy) -> dict[str, Any]:
    """Return what is known by a classifier that the user brought."""
    found = chances(model, leads, reps, policy.columns.rep_id, policy.rep_by)
    scale = scale_of(leads, None, (), policy)
    return {
        "gains": Affinity(rates=found.rates, row=found.row, scale=scale.values),
        "evidence": None,
        "unit": scale.unit or "deals",
        "notes": (
            f"chances are those of {type(model).__name__}, asked for {count(len(found.rates), 'kind')} of leads",
            *scale.notes,
        ),
        "valued": None,
        "rates_are_chances": True,
    }


def _learned(batch: _Batch, history: Table, now: Any) -> tuple[AffinityModel, list[str]]:
    columns = batch.policy.columns
    model, notes = learn(history, batch.leads, batch.rep_ids, batch.policy, now)
    return model, notes + settled_note(history, columns.lead_id, columns.converted, batch.lead_ids)


def learn(
    history: Table, leads: Table | None, rep_ids: Sequence[Id], policy: Policy, now: Any
) -> tuple[AffinityModel, list[str]]:
    """Return what a policy learns of a history, and notes.

    Parameters
    ----------
    history
        with its columns called by the names that all tables share
    leads
        leads to come, which tell columns that are segments where the policy names none; None = there are none
    rep_ids
        how reps are written elsewhere
    now
        the day that it is, as of `AffinityModel`
    """
    columns, notes = policy.columns, list[str]()
    segment_by = policy.segment_by
    if segment_by is None:
        found = found_segments(history, columns, leads, policy.together)
        segment_by = found.columns
        notes += found.notes
    else:
        history.expect([columns.rep_id, *policy.rep_by, *segment_by, columns.converted])
        notes += [] if leads is None else insisted_notes(leads, history, segment_by, columns)
    model = AffinityModel(
        segment_by=segment_by,
        rep_by=policy.rep_by,
        bins=policy.bins,
        half_life_days=policy.half_life_days,
        rep=columns.rep_id,
        converted=columns.converted,
        at=columns.at,
        assigned=columns.assigned_at,
        now=now,
    )
    model.fit(history, rep_ids)
    if now is not None and policy.half_life_days is None:  # else the model has looked
        notes += check_settled(history, columns.converted, columns.at, now)
    notes += copies_notes(history, columns.converted, (columns.lead_id, columns.rep_id, columns.at))
    if policy.half_life_days == "learn":
        days = model.half_life_days_
        notes.append("half-life: none predicts best" if days is None else f"half-life: {days:g} days predict best")
    return model, notes + nameless_note(history, columns.rep_id, columns.converted)


def _segment_by(model: AffinityModel | None) -> tuple[str, ...]:
    return () if model is None else model.segment_by_


def _evidence(leads: Table, rep_rows: Sequence[RepRow], model: AffinityModel) -> Evidence:
    segments, segment_of_lead = distinct(model.segments_of(leads))
    return Evidence(
        segment_by=_segment_by(model),
        segments=tuple(segments),
        segment_of_lead=segment_of_lead,
        estimates=model.estimate(segments, rep_rows),
        n_outcomes=model.n_outcomes_,
        states=_states(rep_rows, model),
        joint=model.joint(segments, rep_rows),
        past=model.past_assignment_,
    )


def _states(rep_rows: Sequence[RepRow], model: AffinityModel) -> States | None:
    if not model.rep_by_:
        return None
    levels = tuple(tuple(None if level is None else str(level) for level in row[1:]) for row in rep_rows)
    return States(columns=model.rep_by_, levels=levels, adds=model.state_effects(rep_rows))


def _strangers_note(strangers: Sequence[Id], gone: Sequence[Id]) -> str:
    found = look_alikes(strangers, gone)
    pairs = enumerate_some((f'"{rep}" in reps and "{past}" in history' for rep, past in found.items()), most=3)
    return f"{count(len(strangers), 'rep')} without history, counted as average: {enumerate_some(strangers)}" + (
        f"; who may be the same is {pairs}: write them alike" if found else ""
    )


def _nobody_known(evidence: Evidence, rep_ids: Sequence[Id], model: AffinityModel) -> list[str]:
    """Say it loudly, and first, where history knows nobody: mostly two systems name the same people in two ways."""
    gone = _gone(rep_ids, model)
    if not gone or not rep_ids or evidence.estimates.known_rep.any():
        return []
    found = look_alikes(rep_ids, gone)
    pairs = enumerate_some((f'"{rep}" may be "{past}"' for rep, past in found.items()), most=3)
    said = (
        f"history knows none of the reps ({enumerate_some(rep_ids, 3)}), it is of {enumerate_some(gone, 3)}: all reps "
        f"count as average; if they are the same people, write them alike{f': {pairs}' if found else ''}"
    )
    warnings.warn(said, UnknownReps, stacklevel=4)  # where `assign` was called
    return [said]


def _gone(rep_ids: Sequence[Id], model: AffinityModel) -> list[Id]:
    """Return the reps of history who are not among these."""
    book = IdBook(rep_ids)
    return [rep for rep in model.reps_ if book.place(rep) is None]


def _evidence_notes(evidence: Evidence, rep_ids: Sequence[Id], model: AffinityModel) -> list[str]:
    notes = [f"learned from {count(evidence.n_outcomes, 'settled outcome')}", *model.notes_]
    if evidence.states is not None:
        by = " and ".join(evidence.states.columns)
        notes.append(
            f"chances depend on the state of reps ({by}): as their table has it, else as in most of their history"
        )
    strangers = [rep for rep, known in zip(rep_ids, evidence.estimates.known_rep, strict=True) if not known]
    gone = _gone(rep_ids, model)
    if strangers:
        notes.append(_strangers_note(strangers, gone))
    if gone:
        notes.append(f"the outcomes of {count(len(gone), 'rep')} not in reps tell about segments alone")
    unseen = ~evidence.estimates.known_segment[evidence.segment_of_lead]
    if unseen.any():
        unknown = count(int(unseen.sum()), "lead")
        notes.append(f"{unknown} of a segment that history never saw: what is known of its parts was used")
    return notes
