"""From what is known of a batch to a `Case`: say what is allowed, and build the problem."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.capacity import Slots, hours_limits, minimum_limits, slots
from leadopt.decision.case import Case
from leadopt.decision.clock import Clock
from leadopt.decision.entitlements import Ground, appraise, entitle, even_by, with_limits
from leadopt.decision.know import Known
from leadopt.decision.lead_values import values_of
from leadopt.decision.owners import owned_leads, owners_first
from leadopt.decision.reading.accounts import accounts_of, barred_together, pinned_together
from leadopt.decision.shares import best_gains, worth
from leadopt.decision.sharing.even_share import evenly_shared
from leadopt.eligibility import ProtectRule, Rule, Verdicts, judge, pinned_reps
from leadopt.errors import InvalidInput, enumerate_some
from leadopt.fairness import NewcomerQuota, is_newcomer, ramp_up
from leadopt.limit_rules import Floor, rule_limits
from leadopt.policy import Policy
from leadopt.problem.gains import Affinity
from leadopt.problem.limit_kinds import LimitKind
from leadopt.problem.linear_algebra import applied
from leadopt.problem.problem import Limit, Problem
from leadopt.tables import Table
from leadopt.tables.cells import Id, as_moment
from leadopt.tables.columns import Columns
from leadopt.tables.ids import alike
from leadopt.tables.text import count, number


def build(
    known: Known,
    policy: Policy,
    pins: Mapping[Any, Any] | None,
    now: Any,
    total_value: float | None = None,
    clock: Clock | None = None,
    *,
    rules: Sequence[Rule] = (),
    factors: Floats | None = None,
) -> Case:
    """Return the decision that a policy makes of what is known: who may get what, and under which limits.

    `total_value` is what value shared is a part of, where it is known already (`best_value`); None = it is found out,
    as far as the clock has time. `rules` are rules of eligibility beside those of the policy, `factors` what each rep's
    weight is multiplied by where something is shared, float64 (n_reps,); None = 1.
    """
    leads, reps = known.leads, known.reps
    new = _newcomers(reps, policy, now)
    free = slots(reps, policy.columns, len(known.lead_ids), leads, ramp_up(policy.newcomers, reps, policy.columns, now))
    may = _who_may_get_what(known, policy, pins, (*policy.eligibility, *_protection(policy, new), *rules))
    problem, rule_notes = _without_fairness(known, policy, may, free)
    ground = appraise(
        Ground(
            problem=problem,
            policy=policy,
            leads=leads,
            reps=reps,
            slots=free,
            newcomer=new,
            names=tuple(map(str, known.rep_ids)),
            performance=lambda: _performance(known),
            unit=known.unit,
            total_value=total_value,
            clock=clock or Clock(),
            factors=factors,
        )
    )
    shared, share_notes = entitle(ground)
    problem, limit_notes = with_limits(ground, shared)
    problem = problem.replace(even_by=even_by(ground, shared))
    case = Case(
        lead_ids=tuple(known.lead_ids),
        rep_ids=tuple(known.rep_ids),
        problem=problem,
        policy=policy,
        rules=may.rules,
        evidence=known.evidence,
        away=free.away,
        newcomer=new,
        territory_of_lead=_territories(leads, policy.columns),
        territory_of_rep=_territories(reps, policy.columns),
        unit=known.unit,
        rates_are_chances=known.rates_are_chances,
        notes=(
            *known.notes,
            *leads.reading.notes,
            *free.notes,
            *may.notes,
            *rule_notes,
            *share_notes,
            *limit_notes,
            *_newcomer_notes(policy, new),
            *_not_begun(reps, policy, now),
        ),
        shared=shared,
        valued=known.valued,
        assumed=free.assumed,
        hours=free.hours,
        carried=free.carried,
        owned=owned_leads(leads, policy.columns.owner, known.rep_ids),
    )
    case = evenly_shared(owners_first(case, ground.clock), clock)
    return replace(case, notes=(*case.notes, *_reserve_notes(case)))


class _Allowed(NamedTuple):
    """Who may get what: the gains with -inf where somebody may not, and by which rules, pins and accounts."""

    gains: Affinity
    rules: tuple[Verdicts, ...]
    pinned: Ints
    together: Ints | None
    notes: tuple[str, ...]


def _who_may_get_what(known: Known, policy: Policy, pins: Mapping[Any, Any] | None, asked: Sequence[Rule]) -> _Allowed:
    """Return who may get what by these rules; leads of one account go together."""
    leads, reps, lead_ids, rep_ids = known.leads, known.reps, known.lead_ids, known.rep_ids
    verdicts = [judge(rule, leads, lead_ids, reps, rep_ids) for rule in asked]
    together, account_notes = accounts_of(leads, policy.together)
    pinned = pinned_reps({} if pins is None else pins, leads, lead_ids, reps, rep_ids)
    pinned = pinned_together(pinned, together, lead_ids, rep_ids)
    gains, pin_notes = _eligible(known.gains, verdicts, pinned, lead_ids, rep_ids)
    gains, account_rules = barred_together(gains, together, lead_ids, policy.together)
    notes = (*account_notes, *pin_notes)
    return _Allowed(gains=gains, rules=(*verdicts, *account_rules), pinned=pinned, together=together, notes=notes)


def _without_fairness(known: Known, policy: Policy, may: _Allowed, free: Slots) -> tuple[Problem, list[str]]:
    """Return the problem before anything is shared out, and notes."""
    names = tuple(map(str, known.rep_ids))
    own, notes = _own_limits(known, policy, may.gains, free)
    limits = (*minimum_limits(free.least, names), *hours_limits(free.hours, names), *own)
    problem = Problem(
        affinity=may.gains,
        capacity=free.slots,
        limits=limits,
        pins=may.pinned,
        reserve=policy.reserve,
        together=may.together,
    )
    return problem, notes


def _own_limits(known: Known, policy: Policy, gains: Affinity, free: Slots) -> tuple[list[Limit], list[str]]:
    """Return the limits that the policy names, and notes."""
    if not policy.limit:
        return [], []
    floor = Floor(
        leads=known.leads,
        reps=known.reps,
        lead_ids=known.lead_ids,
        rep_ids=known.rep_ids,
        columns=policy.columns,
        gain=worth(gains),
        value=values_of(known.leads, policy, known.valued),
        away=free.away,
    )
    return rule_limits(policy.limit, floor)


def _eligible(
    base: Affinity, rules: Sequence[Verdicts], pinned: Ints, lead_ids: Sequence[Id], rep_ids: Sequence[Id]
) -> tuple[Affinity, list[str]]:
    """Return the gains with -inf where a rule forbids a pair; a pin overrules, and a note says so."""
    gains = _ruled(base, rules)
    held = np.flatnonzero(pinned >= 0)
    against = held[np.isneginf(gains.rate_at(held, pinned[held]))].tolist()
    for lead in against:
        if np.isneginf(base.rate_at(np.array([lead]), pinned[[lead]])[0]):
            raise InvalidInput(
                f"pins: lead {lead_ids[lead]!r} is pinned to rep {rep_ids[pinned[lead]]!r}, a pair that the given "
                "affinity rules out (-inf); give it a gain or remove the pin"
            )
    notes = [
        f"lead {lead_ids[i]} is pinned to {rep_ids[pinned[i]]} against: "
        + "; ".join(
            rule.words[rule.kind_of_lead[i]] for rule in rules if not rule.allowed[rule.kind_of_lead[i], pinned[i]]
        )
        for i in against
    ]
    if not against:
        return gains, notes
    row = gains.row.copy()
    overruling = gains.rates_of(row[against])  # the rules' own choices stay, so that it can be said what the pin costs
    overruling[np.arange(len(against)), pinned[against]] = base.rate_at(np.array(against), pinned[against])
    row[against] = gains.n_rows + np.arange(len(against))
    return gains.extended(overruling, row, base.scale), notes


def _ruled(base: Affinity, rules: Sequence[Verdicts]) -> Affinity:
    """Return the gains with -inf where a rule forbids a pair; eligible pairs alone where they are few among many."""
    if not rules:
        return base
    kinds = np.stack([base.row, *(rule.kind_of_lead for rule in rules)])
    distinct, row = np.unique(kinds, axis=1, return_inverse=True)

    def may(places: Any, reps: Any) -> Bools:
        verdicts = zip(rules, distinct[1:], strict=True)
        return reduce(np.logical_and, (rule.allowed[kind[places], reps] for rule, kind in verdicts))

    return Affinity(rates=base.rows.ruled(distinct[0], may).held, row=row.reshape(-1), scale=base.scale)


def _newcomers(reps: Table, policy: Policy, now: Any) -> Bools:
    days = policy.newcomers.tenure_days if policy.newcomers else NewcomerQuota().tenure_days
    return is_newcomer(reps, policy.columns, days, now, required=policy.newcomers is not None)


def _newcomer_notes(policy: Policy, new: Bools) -> list[str]:
    if policy.newcomers is not None and not new.any():
        return ["no rep is a newcomer, so the newcomer quota asks for nothing"]
    return []


def _not_begun(reps: Table, policy: Policy, now: Any) -> list[str]:
    """Return who is hired later than `now`, where that counts for tenure."""
    columns, today = policy.columns, as_moment(now)
    said = columns.is_newcomer in reps and not (policy.newcomers is not None and policy.newcomers.ramp_days)
    if said or today is None or columns.tenure_days in reps or columns.hired_on not in reps:
        return []
    days = reps.days(columns.hired_on)
    late = [row for row, day in enumerate(days) if day is not None and day > today.toordinal()]
    who = enumerate_some((str(reps.values(columns.rep_id)[row]) for row in late), most=4)
    told = f"{count(len(late), 'rep')} hired after {date.fromordinal(today.toordinal())} ({who})"
    return [f"{told}: on their first day by tenure; who is not there yet is {columns.available} = 0"] if late else []


def _reserve_notes(case: Case) -> list[str]:
    """Return how many leads gain too little to be handed out, and of how many a value of 0 is why."""
    problem, gains = case.problem, case.gains
    best = best_gains(problem.affinity, ~case.away)
    left = (problem.pins < 0) & np.isfinite(best) & (best <= problem.reserve)
    asked = any(limit.lower > 0 and limit.kind is not LimitKind.EVEN_SHARE for limit in problem.limits)
    worthless = left & (gains.scale == 0) if case.unit == "value" else np.zeros(len(left), dtype=bool)
    notes = []
    if n := int(worthless.sum()):
        notes.append(
            f"{count(n, 'lead')} {_have(n)} a value of 0, not above the reserve of {number(problem.reserve)}, and "
            f'{_stay(n, asked)}: set value_zero = "missing" where 0 means "not filled in", or set reserve below 0'
        )
    if n := int((left & ~worthless).sum()):
        notes.append(
            f"{count(n, 'lead')} {'gains' if n == 1 else 'gain'} no more than the reserve of {number(problem.reserve)} "
            f"with anybody, and {_stay(n, asked)}: lower the reserve to hand {'it' if n == 1 else 'them'} out"
        )
    return notes


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def _stay(n: int, asked: bool) -> str:
    return f"{'stays' if n == 1 else 'stay'} in the pool{' unless a minimum asks for it' if asked else ''}"


def _protection(policy: Policy, new: Bools) -> list[ProtectRule]:
    column = policy.newcomers.protect if policy.newcomers else None
    return [] if column is None else [ProtectRule(column, tuple(new.tolist()))]


def _performance(known: Known) -> Floats:
    """Return each rep's mean estimated conversion over these leads, or mean gain where there are no estimates."""
    if known.evidence is not None:
        leads = np.bincount(known.evidence.segment_of_lead, minlength=len(known.evidence.segments))
        return applied(known.evidence.estimates.probability.T, leads / max(1, leads.sum()))
    gains = known.gains
    scale = np.bincount(gains.row, weights=gains.scale, minlength=gains.n_rows)
    return gains.rows.summed(lambda rates: np.maximum(rates, 0.0), scale / max(1, gains.n_leads))


def _territories(table: Table, columns: Columns) -> tuple[str | None, ...] | None:
    if columns.territory not in table:
        return None
    return tuple(None if level is None else alike(level) for level in table.levels(columns.territory))
