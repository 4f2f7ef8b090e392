"""From the user's tables to a `Case`: read, learn, say what is allowed, and build the problem."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from leadopt.affinity import AffinityModel
from leadopt.arrays import Bools, Floats, Ints
from leadopt.capacity import hours_limits, minimum_limits, slots
from leadopt.decision.case import Case, Evidence, States
from leadopt.decision.clock import Clock
from leadopt.decision.entitlements import Ground, appraise, entitle, with_limits
from leadopt.decision.lead_values import scale_of
from leadopt.eligibility import ProtectRule, Verdicts, judge, pinned_reps
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.fairness import NewcomerQuota, is_newcomer, ramp_up
from leadopt.learning.classifier import Classifier, chances
from leadopt.learning.history.checks import copies_note
from leadopt.learning.history.codes import RepRow, distinct
from leadopt.learning.lead_worth import Valued
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.linear_algebra import applied
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.tables import Table
from leadopt.tables.cells import Id
from leadopt.tables.columns import Columns
from leadopt.tables.dates import check_settled
from leadopt.tables.text import count

_MOST_LEVELS = 50  # a column with more categories is taken for a name or a number, unless segment_by asks for it


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


def know(leads: Any, reps: Any, history: Any, affinity: Any, policy: Policy, meter: Meter, now: Any = None) -> Known:
    """Return the tables as they are read, and the gains as they are given or learned.

    Raises
    ------
    InvalidInput
        a table or setting breaks a rule; says where, which rule, what was found
    """
    meter.enter("read")
    ids = (policy.columns.lead_id, policy.columns.rep_id)
    lead_table, rep_table = Table(leads, "leads", ids=ids), Table(reps, "reps", ids=ids)
    lead_ids, rep_ids = lead_table.ids(policy.columns.lead_id), rep_table.ids(policy.columns.rep_id)
    meter.enter("learn")
    if history is not None and affinity is not None:
        raise InvalidInput("history and affinity: give one of them, not both")
    known = partial(Known, leads=lead_table, reps=rep_table, lead_ids=lead_ids, rep_ids=rep_ids)
    if isinstance(affinity, Classifier):
        return known(**_classified(affinity, lead_table, rep_table, policy))
    if affinity is not None and not isinstance(affinity, AffinityModel):
        gains = _given(affinity, lead_table.n_rows, len(rep_ids))
        return known(gains=gains, evidence=None, unit="gain", notes=(), valued=None)
    past = None if history is None else Table(history, "history", ids=ids)
    model, notes = (affinity, []) if past is None else _learn(lead_table, past, policy, now)
    if model is not None and not hasattr(model, "n_outcomes_"):
        raise InvalidInput("affinity: this AffinityModel has learned nothing yet; call fit(history) first")
    scale = scale_of(lead_table, past, _segment_by(model), policy)
    known = partial(known, valued=scale.valued)
    if model is None or model.n_outcomes_ == 0:
        nothing = (
            "no evidence: no settled outcomes to learn from, so all reps count as equal and the split is even, "
            "as far as slots, rules, limits and what is kept allow"
        )
        everywhere = np.zeros(lead_table.n_rows, dtype=np.int64)
        gains = Affinity(rates=np.ones((1, len(rep_ids))), row=everywhere, scale=scale.values)
        return known(gains=gains, evidence=None, unit=scale.unit or "leads", notes=(*scale.notes, nothing))
    evidence = _evidence(lead_table, model.rep_rows_of(rep_table, policy.columns.rep_id), model)
    gains = Affinity(rates=evidence.estimates.probability, row=evidence.segment_of_lead, scale=scale.values)
    notes = [*notes, *_evidence_notes(evidence, rep_ids, model), *scale.notes]
    return known(gains=gains, evidence=evidence, unit=scale.unit or "deals", notes=tuple(notes))


def build(
    known: Known,
    policy: Policy,
    pins: Mapping[Any, Any] | None,
    now: Any,
    total_value: float | None = None,
    clock: Clock | None = None,
) -> Case:
    """Return the decision that a policy makes of what is known: who may get what, and under which limits.

    `total_value` is what value shared is a part of, where it is known already (`best_value`); None = it is found out,
    as far as the clock has time.
    """
    leads, reps, lead_ids, rep_ids = known.leads, known.reps, known.lead_ids, known.rep_ids
    new = _newcomers(reps, policy, now)
    free = slots(reps, policy.columns, len(lead_ids), leads, ramp_up(policy.newcomers, reps, policy.columns, now))
    rules = [judge(rule, leads, lead_ids, reps, rep_ids) for rule in (*policy.eligibility, *_protection(policy, new))]
    pinned = pinned_reps({} if pins is None else pins, leads, lead_ids, reps, rep_ids)
    allowed, pin_notes = _eligible(known.gains, rules, pinned, lead_ids, rep_ids)
    names = tuple(map(str, rep_ids))
    ground = appraise(
        Ground(
            problem=Problem(
                affinity=allowed,
                capacity=free.most,
                limits=(*minimum_limits(free.least, names), *hours_limits(free.hours, names)),
                pins=pinned,
                reserve=policy.reserve,
            ),
            policy=policy,
            leads=leads,
            reps=reps,
            slots=free,
            newcomer=new,
            names=names,
            performance=lambda: _performance(known),
            unit=known.unit,
            total_value=total_value,
            clock=clock or Clock(),
        )
    )
    shared, share_notes = entitle(ground)
    problem, limit_notes = with_limits(ground, shared)
    return Case(
        lead_ids=tuple(lead_ids),
        rep_ids=tuple(rep_ids),
        problem=problem,
        policy=policy,
        rules=tuple(rules),
        evidence=known.evidence,
        away=free.away,
        newcomer=new,
        territory_of_lead=_territories(leads, policy.columns),
        territory_of_rep=_territories(reps, policy.columns),
        unit=known.unit,
        rates_are_chances=known.rates_are_chances,
        notes=(*known.notes, *free.notes, *pin_notes, *share_notes, *limit_notes, *_newcomer_notes(policy, new)),
        shared=shared,
        valued=known.valued,
    )


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


def _given(affinity: Any, n_leads: int, n_reps: int) -> Affinity:
    gains = Affinity.coerce(affinity)
    if (gains.n_leads, gains.n_reps) != (n_leads, n_reps):
        raise InvalidInput(
            f"affinity: must have a row per lead and a column per rep, ({n_leads}, {n_reps}); "
            f"found ({gains.n_leads}, {gains.n_reps})"
        )
    return gains


def _learn(leads: Table, history: Table, policy: Policy, now: Any) -> tuple[AffinityModel, list[str]]:
    columns, notes = policy.columns, []
    segment_by = policy.segment_by
    if segment_by is None:
        segment_by = _shared_categories(leads, history, columns)
        names = (
            ", ".join(segment_by) if segment_by else "no column: leads and history share none with 2 to 50 categories"
        )
        notes.append(f"segments by {names} (set segment_by to choose)")
    model = AffinityModel(
        segment_by=segment_by,
        rep_by=policy.rep_by,
        bins=policy.bins,
        half_life_days=policy.half_life_days,
        rep=columns.rep_id,
        converted=columns.converted,
        at=columns.at,
        now=now,
    )
    model.fit(history)
    if now is not None and policy.half_life_days is None:  # else the model has looked
        check_settled(history, columns.converted, columns.at, now)
    if copies := copies_note(history, columns.converted, (columns.lead_id, columns.rep_id, columns.at)):
        notes.append(copies)
    if policy.half_life_days == "learn":
        days = model.half_life_days_
        notes.append("half-life: none predicts best" if days is None else f"half-life: {days:g} days predict best")
    return model, notes


def _shared_categories(leads: Table, history: Table, columns: Columns) -> tuple[str, ...]:
    of_reps = {columns.hours, columns.open_hours, columns.pace, columns.credit}
    reserved = {getattr(columns, name) for name in columns.__dataclass_fields__} - of_reps - {columns.territory}
    return tuple(
        column
        for column in leads.columns
        if column in history
        and column not in reserved
        and leads.is_categorical(column)
        and 2 <= history.n_levels(column) <= _MOST_LEVELS
    )


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
    )


def _states(rep_rows: Sequence[RepRow], model: AffinityModel) -> States | None:
    if not model.rep_by_:
        return None
    levels = tuple(tuple(None if level is None else str(level) for level in row[1:]) for row in rep_rows)
    return States(columns=model.rep_by_, levels=levels, adds=model.state_effects(rep_rows))


def _evidence_notes(evidence: Evidence, rep_ids: Sequence[Id], model: AffinityModel) -> list[str]:
    notes = [f"learned from {count(evidence.n_outcomes, 'settled outcome')}", *model.notes_]
    if evidence.states is not None:
        by = " and ".join(evidence.states.columns)
        notes.append(
            f"chances depend on the state of reps ({by}): as their table has it, else as in most of their history"
        )
    if model.n_open_:
        notes.append(f"{count(model.n_open_, 'history row')} without an outcome, left out")
    strangers = [rep for rep, known in zip(rep_ids, evidence.estimates.known_rep, strict=True) if not known]
    if strangers:
        notes.append(f"{count(len(strangers), 'rep')} without history, counted as average: {enumerate_some(strangers)}")
    gone = sorted(set(map(str, model.reps_)) - set(map(str, rep_ids)))
    if gone:
        notes.append(f"the outcomes of {count(len(gone), 'rep')} not in reps tell about segments alone")
    unseen = ~evidence.estimates.known_segment[evidence.segment_of_lead]
    if unseen.any():
        unknown = count(int(unseen.sum()), "lead")
        notes.append(f"{unknown} of a segment that history never saw: what is known of its parts was used")
    return notes


def _eligible(
    base: Affinity, rules: Sequence[Verdicts], pinned: Ints, lead_ids: Sequence[Id], rep_ids: Sequence[Id]
) -> tuple[Affinity, list[str]]:
    """Return the gains with -inf where a rule forbids a pair; a pin overrules, and a note says so."""
    kinds = np.stack([base.row, *(rule.kind_of_lead for rule in rules)])
    distinct, row = (
        np.unique(kinds, axis=1, return_inverse=True) if rules else (np.arange(len(base.rates))[None], base.row)
    )
    rates = base.rates[distinct[0]].copy() if rules else base.rates
    for rule, kind in zip(rules, distinct[1:], strict=True):
        rates[~rule.allowed[kind]] = -np.inf
    row = row.reshape(-1)
    against = [int(i) for i in np.flatnonzero(pinned >= 0) if np.isneginf(rates[row[i], pinned[i]])]
    for lead in against:
        if np.isneginf(base.rates[base.row[lead], pinned[lead]]):
            raise InvalidInput(
                f"pins: lead {lead_ids[lead]!r} is pinned to rep {rep_ids[pinned[lead]]!r}, a pair that the given "
                "affinity rules out (-inf); give it a gain or remove the pin"
            )
    overruling = rates[row[against]]  # the rules' own choices stay, so that it can be said what the pin costs
    overruling[np.arange(len(against)), pinned[against]] = base.rates[base.row[against], pinned[against]]
    row = row.copy()
    row[against] = len(rates) + np.arange(len(against))
    notes = [
        f"lead {lead_ids[i]} is pinned to {rep_ids[pinned[i]]} against: "
        + "; ".join(
            rule.words[rule.kind_of_lead[i]] for rule in rules if not rule.allowed[rule.kind_of_lead[i], pinned[i]]
        )
        for i in against
    ]
    return Affinity(rates=np.vstack([rates, overruling]) if against else rates, row=row, scale=base.scale), notes


def _newcomers(reps: Table, policy: Policy, now: Any) -> Bools:
    days = policy.newcomers.tenure_days if policy.newcomers else NewcomerQuota().tenure_days
    return is_newcomer(reps, policy.columns, days, now, required=policy.newcomers is not None)


def _newcomer_notes(policy: Policy, new: Bools) -> list[str]:
    if policy.newcomers is not None and not new.any():
        return ["no rep is a newcomer, so the newcomer quota asks for nothing"]
    return []


def _protection(policy: Policy, new: Bools) -> list[ProtectRule]:
    column = policy.newcomers.protect if policy.newcomers else None
    return [] if column is None else [ProtectRule(column, tuple(new.tolist()))]


def _performance(known: Known) -> Floats:
    """Return each rep's mean estimated conversion over these leads, or mean gain where there are no estimates."""
    if known.evidence is not None:
        leads = np.bincount(known.evidence.segment_of_lead, minlength=len(known.evidence.segments))
        return applied(known.evidence.estimates.probability.T, leads / max(1, leads.sum()))
    gains = known.gains
    scale = np.bincount(gains.row, weights=gains.scale, minlength=len(gains.rates))
    return applied(np.maximum(gains.rates, 0.0).T, scale / max(1, gains.n_leads))


def _territories(table: Table, columns: Columns) -> tuple[str | None, ...] | None:
    return tuple(table.levels(columns.territory)) if columns.territory in table else None
