"""What each decision of a plan rests on, and who was entitled to what it gives away: what the log keeps of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.shares import Shared
from leadopt.desk.planning.bars import bars_of
from leadopt.desk.planning.costs import move_cost
from leadopt.desk.planning.plans import UNSHARED, DeskPlan, certificate_of
from leadopt.fairness import entitlements
from leadopt.lifecycle.records import Shares
from leadopt.lifecycle.stages import Stage
from leadopt.plans.credit import due
from leadopt.plans.why_unassigned.barriers import Pool
from leadopt.plans.why_unassigned.reasons import why_unassigned
from leadopt.problem.gains import Affinity
from leadopt.problem.presolved.in_leads import slots_of

_RUNNERS_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a plan decides of one lead.

    Parameters
    ----------
    lead, version
        random id, and at which version the plan saw it
    rep
        random id; None = nobody
    told
        gain, chance, price, the next three and why not, who was barred by what, model, certificate
    entitled, received
        what is booked: see `leadopt.lifecycle.credit`
    why
        why nobody gets it, as a code; None = somebody does
    """

    lead: str
    version: int
    rep: str | None
    told: Mapping[str, Any]
    entitled: Shares
    received: Mapping[str, float]
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """One thing that a plan shares, as it is booked lead by lead.

    Parameters
    ----------
    of
        "leads", "value" or "hot"
    amount
        float64 (n_leads,), what the rep of each lead receives of it; 0 where that is booked nowhere
    part
        float64 (n_reps,), who was entitled to what part of all that was given; it adds up to 1

    Notes
    -----
    Each lead is booked as ``amount`` received and ``amount * part`` entitled. Over all leads of the plan that adds up
    to what `Plan.carry` says, and a lead that was changed meanwhile takes both sides with it. So does one that is given
    back, which is what ``carry(given_back=)`` says too, unless a rep was entitled to all that it can get at most.
    """

    of: str
    amount: Floats
    part: Floats


def given_by(plan: DeskPlan) -> list[Given]:
    """Return everything that a plan shares; of several settings that share the same thing the first one, as `carry`.

    A plan without fairness shares leads in proportion to slots, so that credit goes on all the same.
    """
    kinds: dict[str, Shared] = {}
    for shared in plan.case.shared:
        kinds.setdefault(shared.of, shared)
    if not kinds:
        return [] if UNSHARED in plan.notes else _by_slots(plan)
    found = [_given(plan, shared) for shared in kinds.values()]
    return [one for one in found if one is not None]


def decisions_of(plan: DeskPlan) -> Iterator[Decision]:
    """Yield the decisions of a plan, the oldest lead first; leads in a pool that nobody gets stay there in silence."""
    told, shares = _Told(plan), _Booked(plan, given_by(plan))
    for lead, (record, rep) in enumerate(zip(plan.leads, plan.rep_of_lead.tolist(), strict=True)):
        if rep < 0 and record.stage is Stage.POOL:
            continue
        received = shares.received(lead)
        yield Decision(
            lead=record.id,
            version=record.version,
            rep=None if rep < 0 else plan.reps[rep].id,
            told=told.about(lead),
            entitled={} if rep < 0 else shares.entitled(received),
            received={} if rep < 0 else received,
            why=told.why_nobody(lead) if rep < 0 else None,
        )


class _Booked:
    """What is booked of each lead."""

    def __init__(self, plan: DeskPlan, given: Sequence[Given]) -> None:
        self._amounts = [(one.of, one.amount.tolist()) for one in given]
        reps = [rep.id for rep in plan.reps]
        self._parts = {
            one.of: {rep: part for rep, part in zip(reps, one.part.tolist(), strict=True) if part} for one in given
        }

    def received(self, lead: int) -> dict[str, float]:
        return {of: amounts[lead] for of, amounts in self._amounts if amounts[lead]}

    def entitled(self, received: Mapping[str, float]) -> dict[str, dict[str, float]]:
        return {of: {rep: amount * part for rep, part in self._parts[of].items()} for of, amount in received.items()}


class _Told:
    """What is told of each lead of a plan, worked out for all of them at once."""

    def __init__(self, plan: DeskPlan) -> None:
        self._plan, case = plan, plan.case
        every = np.arange(len(plan.leads))
        self._gains = case.gains.of(every)
        self._reduced = plan.reduced_gains(every)
        self._chances = case.probability(every, np.maximum(plan.rep_of_lead, 0)) if len(plan.reps) else None
        self._certificate = certificate_of(plan)
        self._slots = slots_of(case.problem)
        self._full = plan.n_leads_of_rep >= self._slots
        self._moves: tuple[int, list[float]] = -1, []  # what moves of the lead that is told of cost
        self._of_reps = [self._code_of_rep(place) for place in range(len(plan.reps))]

    @cached_property
    def _pool(self) -> Pool:
        return Pool(self._plan)

    def about(self, lead: int) -> dict[str, Any]:
        """Return the body of a decision."""
        plan, rep = self._plan, int(self._plan.rep_of_lead[lead])
        codes = self._codes(lead)
        barred = Counter(code for place, code in enumerate(codes) if code is not None and place != rep)
        told: dict[str, Any] = {"next": self._next(lead, rep, codes), "barred": dict(sorted(barred.items()))}
        if rep >= 0:
            told |= {"gain": float(self._gains[lead, rep]), "price": self._price(lead, rep)}
            told |= {} if self._chances is None else {"chance": float(self._chances[lead])}
            told |= self._costs(lead)
        return {**told, "model": plan.model, "certificate": self._certificate}

    def _costs(self, lead: int) -> dict[str, Any]:
        """Return what it costs to give a lead to each other rep, where a manager looks at it first."""
        plan = self._plan
        if plan.leads[lead].id not in plan.reviewed:
            return {}
        able = np.flatnonzero(np.isfinite(self._gains[lead])).tolist()
        return {"costs": {plan.reps[rep].id: move_cost(plan, lead, rep).told() for rep in able}}

    def why_nobody(self, lead: int) -> str:
        """Return the reason for which nobody gets a lead, as a code."""
        return str(why_unassigned(self._pool, lead).reason.value)

    def _price(self, lead: int, rep: int) -> float:
        """Return what the slot and the room of limits cost that a lead takes with a rep."""
        return float(self._gains[lead, rep] - self._reduced[lead, rep])

    def _next(self, lead: int, rep: int, codes: Sequence[str | None]) -> list[dict[str, Any]]:
        """Return who came next once prices are paid, and why it was not them."""
        gains, reduced = self._gains[lead], self._reduced[lead]
        able = np.flatnonzero(np.isfinite(reduced) & (np.arange(len(gains)) != rep))
        nearest = able[np.lexsort((-gains[able], -reduced[able]))][:_RUNNERS_UP]
        here = gains[rep] if rep >= 0 else self._plan.case.pool_gain
        return [
            {
                "rep": self._plan.reps[other].id,
                "gain": float(gains[other]),
                "price": self._price(lead, other),
                "why": codes[other] or ("worth less" if gains[other] <= here else "price"),
                **self._cost(lead, other),
            }
            for other in nearest.tolist()
        ]

    def _cost(self, lead: int, rep: int) -> dict[str, float]:
        """Return what moving a lead to a rep would cost the plan, where that is known exactly."""
        if self._plan.exchange is None:
            return {}
        if self._moves[0] != lead:
            self._moves = lead, self._plan.exchange.move_costs(lead).tolist()
        cost = self._moves[1][rep]
        return {"cost": cost} if cost < np.inf else {}

    def _codes(self, lead: int) -> list[str | None]:
        """Return what stands between a lead and each rep, in the order of `leadopt.lifecycle.bars`."""
        plan, record = self._plan, self._plan.leads[lead]
        bars = dict(bars_of(record, frozenset(rep.id for rep in plan.reps), plan.at)) if _has_bars(record) else {}
        able, fits = (np.isfinite(values[lead]).tolist() for values in (self._gains, self._reduced))
        return [
            bars.get(rep.id) or ("not_eligible" if not may else code or (None if room else "full"))
            for rep, may, room, code in zip(plan.reps, able, fits, self._of_reps, strict=True)
        ]

    def _code_of_rep(self, place: int) -> str | None:
        rep = self._plan.reps[place].id
        if rep in self._plan.absent:
            return "absent"
        if rep in self._plan.restricted:
            return "restricted"
        return "full" if self._full[place] and not self._slots[place] else None


def _has_bars(record: Any) -> bool:
    return bool(record.refused_by or record.complained_of or record.cooling)


def _given(plan: DeskPlan, shared: Shared) -> Given | None:
    """Return one thing that a plan shares; None = nobody received any of it."""
    inside = np.ones(len(plan.reps), dtype=bool) if shared.outside is None else ~shared.outside
    amount = _amounts(shared, plan.rep_of_lead, inside)
    total = float(np.where(inside, shared.received(plan.rep_of_lead), 0.0).sum())
    entitled = due(plan.case, shared, total)
    if not entitled.any():
        return None
    return Given(of=shared.of, amount=amount, part=entitled / entitled.sum())


def _amounts(shared: Shared, rep_of_lead: Ints, inside: Bools) -> Floats:
    """Return what each lead's rep receives of it, float64 (n_leads,); nothing outside of fairness."""
    leads = np.arange(len(rep_of_lead)) if shared.leads is None else shared.leads
    leads = leads[rep_of_lead[leads] >= 0]
    leads = leads[inside[rep_of_lead[leads]]]
    found, usage = np.zeros(len(rep_of_lead)), shared.usage
    found[leads] = usage.at(leads, rep_of_lead[leads]) if isinstance(usage, Affinity) else usage
    return found


def _by_slots(plan: DeskPlan) -> list[Given]:
    slots = slots_of(plan.case.problem).astype(np.float64)
    placed = (plan.rep_of_lead >= 0).astype(np.float64)
    entitled = entitlements(slots, slots, float(placed.sum()))
    return [Given(of="leads", amount=placed, part=entitled / entitled.sum())] if entitled.any() else []
