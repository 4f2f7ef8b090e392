"""`make_plan`: the leads that nobody owns and the reps as the desk knows them, solved as a batch."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np

from leadopt.capacity import slots
from leadopt.decision.build import build
from leadopt.decision.clock import Clock
from leadopt.decision.explore import explored
from leadopt.decision.know import Known, know
from leadopt.decision.solve import solved
from leadopt.desk.planning.bars import BarRule, bars_of
from leadopt.desk.planning.costs import Cost, absence_cost, move_cost
from leadopt.desk.planning.learned import Learned
from leadopt.desk.planning.tables import RepsNow, by_shared_names, leads_table, reps_now, with_effort
from leadopt.eligibility import ExcludeRule, Rule
from leadopt.fairness import ENTITLEMENT_WORDS, ramp_up
from leadopt.lifecycle.book import Book, Where
from leadopt.lifecycle.placing import review_rule_of
from leadopt.lifecycle.records import Lead, Rep
from leadopt.lifecycle.stages import Stage
from leadopt.plans.plan import Plan, plan_of
from leadopt.policy import Policy
from leadopt.progress import Meter, OnProgress
from leadopt.tables import Table
from leadopt.tables.cells import Id

UNSHARED = "fairness is left out of this plan: nobody who shares has room now"
Called = Callable[[str], Id | None]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DeskPlan(Plan):
    """A plan that a desk has made: it knows which leads and reps it was made from, and is applied by `Desk.apply`.

    Parameters
    ----------
    id
        random; every decision of the plan has it
    leads, reps
        the leads and reps as they were, in the order of `case.lead_ids` and `case.rep_ids`
    absent, restricted
        random ids of who was away, and of who gets no new leads
    reviewed
        random ids of leads that managers look at first
    at
        when it was made, in microseconds UTC
    model
        hash of what was known of chances; "" = nothing
    policy
        fingerprint of the policy in force
    """

    id: str
    leads: tuple[Lead, ...]
    reps: tuple[Rep, ...]
    absent: frozenset[str]
    restricted: frozenset[str]
    reviewed: frozenset[str]
    at: int
    model: str
    policy: str

    def cost(self, lead_id: Id | str, rep_id: Id | str | None, *, time_limit_s: float | None = 0.0) -> Cost:
        """Return what it costs to put a lead with another rep (None = the pool): an override, a claim, a transfer.

        Parameters
        ----------
        lead_id, rep_id
            as the plan calls them
        time_limit_s
            for a solve with a pin where the plan alone bounds it and no more; 0 = none is made, None = no limit

        Raises
        ------
        InvalidInput
            the plan has no such lead or rep; names the nearest id
        """
        rep = -1 if rep_id is None else self.case.rep(rep_id)
        return move_cost(self, self.case.lead(lead_id), rep, time_limit_s=time_limit_s)

    def cost_of_absence(self, rep_id: Id | str, *, time_limit_s: float | None = 10.0) -> Cost:
        """Return what it costs that a rep is away and gets nothing of this plan: solved anew, from its prices."""
        return absence_cost(self, self.case.rep(rep_id), time_limit_s=time_limit_s)


def make_plan(
    book: Book,
    called: Called,
    policy: Policy,
    learned: Learned,
    now: int,
    *,
    plan_id: str,
    leads: Collection[str] | None = None,
    carried: Mapping[str, float] | None = None,
    rng: int | np.random.Generator = 0,
    time_limit_s: float | None = None,
    on_progress: OnProgress | None = None,
    like: Table | None = None,
) -> DeskPlan:
    """Return the plan for all leads in `new` and in pools, the oldest first, with the reps as they are now.

    What the desk knows stands beside the policy, which is not changed: refusals, complaints and cool-offs are pairs
    that must not be; room is what caps, open work, kept slots, restrictions and the day leave; credit is what each rep
    is owed of what fairness shares; conduct multiplies what a rep is entitled to.

    Parameters
    ----------
    book
        as it stands
    called
        what a lead or rep is called in tables, by random id
    policy
        in force
    learned
        by that policy
    now
        in microseconds UTC
    plan_id
        random
    leads
        random ids of the leads that are asked for; None = all
    carried
        what each rep had left of a slot after the plan before (`carried_by`), by random id; None = nothing
    rng, time_limit_s, on_progress
        as of `leadopt.assign`
    like
        the table whose kind the plan's tables are of; None = dicts of lists

    Raises
    ------
    InvalidInput, Infeasible, NoPlanFound
        as `leadopt.assign`
    """
    fingerprint, policy = policy.fingerprint, by_shared_names(policy)
    Clock(time_limit_s)  # refused before any work, if it is no time
    rules, meter = book.rules_at(now), Meter(on_progress)
    today, waiting = rules.calendar.day(now), _waiting(book, now, leads)
    reps = sorted((rep for rep in book.find(Rep, Where()) if rep.left_at is None), key=lambda rep: str(called(rep.id)))
    names = _names([rep.id for rep in reps], called, learned.called)
    found = reps_now(book, reps, names, policy, rules, now, len(waiting), carried)
    known, policy = _known(waiting, found, called, policy, learned, meter, today)
    policy, notes = _with_whom_to_share(policy, known, today)
    meter.enter("limits")
    clock = Clock(time_limit_s, meter)
    barred = _bars(waiting, reps, names, now)
    case = build(known, policy, None, today, clock=clock, rules=barred, factors=found.factors)
    case = explored(replace(case, notes=(*case.notes, *notes)), rng)
    plan = plan_of(case, solved(case, rng=rng, clock=clock), like or known.leads, rng=rng, clock=clock)
    return DeskPlan(
        **{one.name: getattr(plan, one.name) for one in fields(plan)},
        id=plan_id,
        leads=tuple(waiting),
        reps=tuple(reps),
        absent=found.absent,
        restricted=found.restricted,
        reviewed=frozenset(lead.id for lead in waiting if review_rule_of(rules, lead) is not None),
        at=now,
        model=learned.digest,
        policy=fingerprint,
    )


def carried_by(plan: DeskPlan) -> dict[str, float]:
    """Return what each rep has left of a slot for the next plan, by random id; nothing where capacities are whole."""
    names = dict(zip(plan.case.rep_ids, plan.reps, strict=True))
    return {names[rep].id: part for rep, part in plan.carried.items()}


def certificate_of(plan: Plan) -> dict[str, Any]:
    """Return what is proven of a plan, as plain data."""
    numbers = {"objective": plan.objective, "bound": plan.bound, "gap": plan.gap}
    return {"status": plan.status, **{name: float(value) for name, value in numbers.items()}}


def _waiting(book: Book, now: int, asked: Collection[str] | None) -> list[Lead]:
    """Return the leads that nobody owns, the oldest first, but for those that wait for the owner of their account."""
    free = [lead for stage in (Stage.NEW, Stage.POOL) for lead in book.find(Lead, Where(stage=stage))]
    wanted = None if asked is None else set(asked)
    chosen = [lead for lead in free if (wanted is None or lead.id in wanted) and not _waits(lead, now)]
    return sorted(chosen, key=lambda lead: (lead.received_at, lead.id))


def _waits(lead: Lead, now: int) -> bool:
    until = lead.waits_until
    return lead.stage is Stage.NEW and until is not None and until > now


def _known(
    leads: Sequence[Lead],
    reps: RepsNow,
    called: Called,
    policy: Policy,
    learned: Learned,
    meter: Meter,
    today: date,
) -> tuple[Known, Policy]:
    """Return what is known of the batch, and the policy with the pairs that it excludes, as far as they are in it."""
    names = _names([lead.id for lead in leads], called)
    called_reps = dict(zip((rep.id for rep in reps.reps), reps.table[policy.columns.rep_id], strict=True))
    rows = leads_table(leads, names, policy, learned.segment_by, called_reps)
    if policy.columns.hours in reps.table:
        rows = with_effort(rows, policy)
    policy = _of_batch(policy, names, reps.table[policy.columns.rep_id])
    known = know(
        rows,
        reps.table,
        None,
        learned.model,
        policy,
        meter,
        today,
        values=learned.values,
        usual_value=learned.usual_value,
    )
    return known, policy


def _of_batch(policy: Policy, leads: Sequence[Any], reps: Sequence[Any]) -> Policy:
    """Return a policy whose excluded pairs are those of this batch: others are of leads that are elsewhere now."""
    here = {str(one) for one in leads}, {str(one) for one in reps}
    if not any(isinstance(rule, ExcludeRule) and rule.pairs for rule in policy.eligibility):
        return policy
    return policy.replace(eligibility=tuple(_here(rule, *here) for rule in policy.eligibility))


def _here(rule: Rule, leads: Collection[str], reps: Collection[str]) -> Rule:
    if not isinstance(rule, ExcludeRule):
        return rule
    pairs = tuple(pair for pair in rule.pairs if str(pair[0]) in leads and str(pair[1]) in reps)
    return ExcludeRule(pairs, rule.column)


def _with_whom_to_share(policy: Policy, known: Known, today: date) -> tuple[Policy, list[str]]:
    """Return a policy without fairness on a day on which nobody who shares has room, and a note.

    In a batch by itself that is a mistake, and refused; at a desk it passes.
    """
    columns, reps = policy.columns, known.reps
    ramp = ramp_up(policy.newcomers, reps, columns, today)
    room = slots(reps, columns, known.leads.n_rows, known.leads, ramp).most > 0
    shares = np.ones(reps.n_rows, dtype=bool)
    if columns.in_fairness in reps:
        shares &= reps.fractions(columns.in_fairness) > 0
    for one in policy.fairnesses:
        if one.entitlement not in ENTITLEMENT_WORDS and one.entitlement in reps:
            shares &= reps.numbers(one.entitlement, low=0, missing=0.0) > 0
    if not policy.fairnesses or (shares & room).any() or not room.any():
        return policy, []
    return policy.replace(fairness=None, balance_open=False), [UNSHARED]


def _names(ids: Sequence[str], called: Called, known: Mapping[str, Id] | None = None) -> list[Id]:
    """Return what leads or reps are called; where several have one name, or none, these are called by their ids.

    Whole numbers are text where one name is, of those that are known beside these too: a table has ids of one kind.
    """
    names = [called(one) for one in ids]
    times = Counter(map(str, names))
    whole = {type(name) for name in (*names, *(known or {}).values())} == {int}
    alone = [one if name is None or times[str(name)] > 1 else name for one, name in zip(ids, names, strict=True)]
    return list(alone) if whole and all(isinstance(one, int) for one in alone) else [str(one) for one in alone]


def _bars(leads: Sequence[Lead], reps: Sequence[Rep], names: Sequence[Id], now: int) -> list[BarRule]:
    here = frozenset(rep.id for rep in reps)
    bars = tuple(bars_of(lead, here, now) for lead in leads)
    return [BarRule(bars, tuple(rep.id for rep in reps), tuple(names))] if any(bars) else []
