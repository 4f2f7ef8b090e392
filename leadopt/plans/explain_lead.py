"""Why a lead went where it went: the evidence, the runners-up, what a move would cost, and which limits decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.answered import Answered
from leadopt.decision.case import Case
from leadopt.decision.owners import told_of_owner
from leadopt.errors import enumerate_some
from leadopt.plans.pins import costs_of_moves
from leadopt.plans.slots import Adds, one_more_slot, room_in, without_room
from leadopt.plans.why_unassigned.barriers import Pool
from leadopt.plans.why_unassigned.reasons import Unassigned, why_unassigned
from leadopt.plans.why_unassigned.too_large import Need, need_of
from leadopt.problem.limit_kinds import LimitKind
from leadopt.tables.cells import Id
from leadopt.tables.result import Parts, Result
from leadopt.tables.text import number, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known about one rep with one lead's segment.

    Parameters
    ----------
    segment
        the segment in words
    probability, low, high
        estimated chance of conversion and its 90% credible interval
    tried, converted
        this rep's outcomes with this segment
    borrowed
        share of the estimate that comes from the rep's other leads and the segment's other reps
    expected
        what these alone lead one to expect
    state
        the state that the rep is in and what it does to the odds, in words; empty where chances depend on none
    still_open
        this rep's leads of this segment without an outcome, which count by how long they are open
    """

    segment: str
    probability: float
    low: float
    high: float
    tried: int
    converted: int
    borrowed: float
    expected: float
    state: str = ""
    still_open: int = 0

    def __str__(self) -> str:
        tries = f"{self.converted} won of {self.tried}" if self.tried else "none settled" if self.still_open else ""
        tries = (tries or "no tries yet") + (f" and {self.still_open} open" if self.still_open else "")
        here, does = (" in this state", f"; {self.state}") if self.state else ("", "")
        return (
            f"{percent(self.probability, 1)} chance (90% interval {percent(self.low)} to {percent(self.high)}): "
            f"{tries} with {self.segment}{here}; {percent(self.borrowed)} of the estimate is borrowed from the rep's "
            f"and the segment's other leads, which suggest {percent(self.expected, 1)}{does}"
        )


class Held(NamedTuple):
    """What a rep is held by: a limit or its slots, and the price of room for the lead."""

    name: str
    price: float
    slots: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another rep who could have had the lead.

    Parameters
    ----------
    rep_id
        the rep
    gain
        what the lead would gain there
    slot_price
        what the limits of a slot there add up to
    away
        whether the rep is not there at all
    move_cost
        what the plan would lose if the lead had to go there, all else rearranged at its best; inf where no plan allows
        it. None where the plan is not known to be the best, and where limits do not nest (hours, bands of value,
        accounts) in plans of more than 100 pairs of leads and reps, for which `Plan.what_if` with a pin tells it
    held_by
        the capacity and the limits with a price that this rep is under, the dearest first; those without room for the
        lead where it gains more there and none has a price
    adds
        what room for the lead adds in each of them, at most or exactly
    too_large
        what the lead takes of a limit there beyond all that it allows; None where it fits by itself
    evidence
        as for the chosen rep; None without history
    """

    rep_id: Id
    gain: float
    slot_price: float
    away: bool
    move_cost: float | None
    held_by: tuple[Held, ...]
    evidence: Record | None
    adds: tuple[Adds, ...] = ()
    too_large: Need | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Explanation(Result):
    """Why a lead went to its rep, or to nobody.

    Parameters
    ----------
    lead_id, rep_id
        the decision; `rep_id` is None for a lead in the pool
    gain
        what it is worth there
    unit
        of gains: "deals", "value", "leads" or "gain"
    gain_words
        what they are called: "expected deals", or "value placed" where nobody knows chances
    pinned
        whether a person decided
    evidence
        what the chosen rep's probability rests on; None without history, or in the pool
    alternatives
        the runners-up, the cheapest move first
    unassigned
        the reason and remedy, for a lead in the pool
    asked_by
        limits whose minimum asks for this lead where it is, with the price for it (what asking for one more such lead
        would cost at least), dearest first
    previous
        the rep who had the lead before; None if nobody, or nobody asked to keep the leads
    move_cost
        what taking it away from there costs
    drawn_gain
        what the lead gains there by the drawn chances, where the policy explores; moves are counted by these
    learned_value
        what its value was learned from, in a sentence; None for a lead that came with a value, or counts 1
    together
        the leads that stay with it; then the alternatives are told for all of them together
    gain_together
        what all of them gain; None for a lead by itself
    owner
        who owns its account and whether that rep has it, in a sentence; None where nobody does, or it does not count
    may_not_stay
        whether the rep who had it is not in reps any more, or not eligible
    owners_first
        whether the costs of moves are those of plans in which as many leads as can be are with their owners
    """

    lead_id: Id
    rep_id: Id | None
    gain: float
    unit: str
    gain_words: str
    pinned: bool
    evidence: Record | None
    alternatives: tuple[Alternative, ...]
    unassigned: Unassigned | None
    asked_by: tuple[Held, ...] = ()
    previous: Id | None = None
    move_cost: float = 0.0
    drawn_gain: float | None = None
    learned_value: str | None = None
    together: tuple[Id, ...] = ()
    gain_together: float | None = None
    owner: str | None = None
    may_not_stay: bool = False
    owners_first: bool = False

    @property
    def best(self) -> Alternative | None:
        """The rep that the lead would gain most with, if that is not the one it has."""
        best = max(self.alternatives, key=lambda other: other.gain, default=None)
        return best if best is not None and best.gain > self._base else None

    @property
    def _base(self) -> float:
        """What the gains of the alternatives are beside."""
        return self.gain if self.gain_together is None else self.gain_together

    @property
    def lines(self) -> list[str]:
        """The explanation in sentences."""
        valued = [] if self.learned_value is None else [self.learned_value]
        if self.together:
            gain = "" if self.gain_together is None else f", which gains {number(self.gain_together)} for all"
            valued.append(f"It stays together with {enumerate_some(self.together)}{gain}.")
        valued += [] if self.owner is None else [self.owner]
        if self.unassigned is not None:
            return [
                f"{self.lead_id} stays in the pool ({self.unassigned.reason.value}): {self.unassigned.because}.",
                f"Remedy: {self.unassigned.remedy}.",
                *valued,
            ]
        why = ", pinned by a person" if self.pinned else ""
        lines = [f"{self.lead_id} -> {self.rep_id}: {self.gain_words} {number(self.gain)}{why}."]
        if self.evidence is not None:
            lines.append(f"{self.rep_id}: {self.evidence}.")
        lines += valued
        if self.drawn_gain is not None:
            drawn = number(self.drawn_gain)
            lines.append(f"By the chances drawn to explore it gains {drawn} there, and moves are counted by these.")
        lines += [
            f"{self.rep_id} gets it because of {name}: counting towards that minimum is worth {number(cost)}."
            for name, cost, _ in self.asked_by
        ]
        if self.previous is not None and self.may_not_stay:
            lines.append(f"It was with {self.previous}, who may not have it any more.")
        elif self.previous is not None:
            stays = "stays where it was" if self.previous == self.rep_id else f"was with {self.previous}"
            lines.append(f"It {stays}; taking it away costs {number(self.move_cost)}.")
        lines += [self._about(other) for other in self.alternatives]
        return lines if self.alternatives else [*lines, "No other rep is eligible."]

    def _about(self, other: Alternative) -> str:
        worth = f"{other.rep_id} would gain {number(other.gain)} ({self._difference(other)})"
        held = [_held(one, adds) for one, adds in zip(other.held_by, other.adds, strict=True)]
        if other.too_large is not None and not other.away:
            return f"{worth} but it {other.too_large.of(other.rep_id)}."
        state = " but is away" if other.away else f" but {' and '.join(held)}" if held else ""
        return f"{worth}{state}{self._move(other)}."

    def _move(self, other: Alternative) -> str:
        cost = other.move_cost
        if cost is None:
            return ""
        if np.isinf(cost):
            within = " while as many leads as can be go to their owners" * (self.owners_first and not other.away)
            return f"; no plan allows it there{within}"
        if cost <= 0:
            return "; moving it there costs nothing" if cost == 0 else f"; moving it there saves {number(-cost)}"
        return f"; moving it there costs {number(cost)}"

    def _difference(self, other: Alternative) -> str:
        difference = other.gain - self._base
        if abs(difference) <= 1e-3 * abs(self._base):
            return "about the same"
        return f"{number(abs(difference))} {'more' if difference > 0 else 'less'}"

    def summary(self) -> str:
        """Return who has the lead and what it gains, in one sentence."""
        return self.lines[0]

    def below(self, page: bool = True) -> Parts:
        """Return what stands below the summary."""
        return Parts(lines=self.lines[1:])


def explain(plan: Answered, lead: int, most: int = 3) -> Explanation:
    """Return why a lead is where it is, with up to `most` alternatives, the cheapest moves first."""
    case, rep = plan.case, int(plan.rep_of_lead[lead])
    if rep < 0:
        return Explanation(
            lead_id=case.lead_ids[lead],
            rep_id=None,
            gain=case.problem.reserve,
            unit=case.unit,
            gain_words=case.gain_words,
            pinned=False,
            evidence=None,
            alternatives=(),
            unassigned=why_unassigned(Pool(plan), lead),
            **_before(case, lead, rep),
        )
    members = case.members(lead)
    gains = case.gains.of(members).sum(axis=0)
    noise = 1e-9 * max(1e-300, float(np.abs(gains[np.isfinite(gains)]).max(initial=0.0)))
    return Explanation(
        lead_id=case.lead_ids[lead],
        rep_id=case.rep_ids[rep],
        gain=float(case.gains.at([lead], [rep])[0]),
        gain_together=float(gains[rep]) if len(members) > 1 else None,
        unit=case.unit,
        gain_words=case.gain_words,
        pinned=bool(case.problem.pins[lead] >= 0),
        evidence=_record(case, lead, rep),
        alternatives=_alternatives(plan, lead, gains, noise, most),
        unassigned=None,
        asked_by=_dearest([held._replace(price=-held.price) for held in _priced(plan, lead, rep)], noise),
        drawn_gain=None if case.explored is None else float(case.problem.affinity.at([lead], [rep])[0]),
        **_before(case, lead, rep),
    )


def _alternatives(plan: Answered, lead: int, gains: Floats, noise: float, most: int) -> tuple[Alternative, ...]:
    """Return some of the other reps who could have a lead, the cheapest moves first."""
    case, rep = plan.case, int(plan.rep_of_lead[lead])
    others = np.flatnonzero(np.isfinite(gains) & (np.arange(len(gains)) != rep))
    reduced = plan.reduced_gains(np.array([lead]))[0]
    too_large, costs, found = np.isneginf(reduced), np.full(len(gains), np.nan), costs_of_moves(plan, lead, others)
    costs[others] = np.nan if found is None else found
    costs[too_large] = np.inf
    dearness = -reduced if found is None else costs
    nearest = others[np.lexsort((-gains[others], dearness[others]))]
    return tuple(
        Alternative(
            rep_id=case.rep_ids[other],
            gain=float(gains[other]),
            slot_price=sum(held.price for held in priced),
            away=bool(case.away[other]),
            move_cost=None if np.isnan(costs[other]) else float(costs[other]),
            held_by=(held_by := () if too_large[other] else _holding(plan, lead, other, priced, gains, noise)),
            evidence=_record(case, lead, other),
            adds=tuple(_adds(plan, lead, other, held) for held in held_by),
            too_large=need_of(plan, lead, other, counts=True) if too_large[other] else None,
        )
        for other in _shown(nearest, gains, rep, most)
        for priced in [_priced(plan, lead, other)]
    )


def _holding(
    plan: Answered, lead: int, rep: int, priced: Sequence[Held], gains: Floats, noise: float
) -> tuple[Held, ...]:
    """Return what a rep is held by who could have had a lead."""
    found = _dearest(priced, noise)
    if found or gains[rep] <= gains[plan.rep_of_lead[lead]] + noise:
        return found
    return tuple(Held(name, 0.0, slots) for name, slots in without_room(plan, lead, rep))


def _adds(plan: Answered, lead: int, rep: int, held: Held) -> Adds:
    """Return what room for a lead adds in what holds a rep."""
    if held.slots:
        return one_more_slot(plan, rep)
    k = plan.limit_names.index(held.name)
    return room_in(plan, k, plan.case.limits_around(lead, rep, (k,))[k])


def _shown(nearest: Ints, gains: Floats, rep: int, most: int) -> list[int]:
    """Return the first few, and the rep that the lead would gain most with if it is not among them."""
    shown = nearest[:most].tolist()
    best = max(nearest.tolist(), key=lambda other: gains[other], default=rep)
    return [*shown, best] if most and best not in shown and gains[best] > gains[rep] else shown


def _held(held: Held, adds: Adds) -> str:
    if not held.slots:
        return f"is held by {held.name} (room for this lead adds {adds})"
    return f"is full (one more slot{' alone' * (adds == (0.0, True))} adds {adds})"


def _before(case: Case, lead: int, rep: int) -> dict[str, Any]:
    """Return what a lead came with: what its value was learned from, who had it before, what taking it away costs."""
    told = {
        "learned_value": None if case.valued is None else case.valued.sentence(lead),
        "together": tuple(case.lead_ids[other] for other in case.members(lead).tolist() if other != lead),
        "owner": told_of_owner(case, lead, rep),
        "owners_first": any(limit.kind is LimitKind.OWNER for limit in case.problem.limits),
    }
    if case.kept is None:
        return told
    if case.kept.previous[lead] < 0:
        previous = dict(case.kept.lost).get(lead)
        return told | {"previous": previous, "may_not_stay": previous is not None}
    return told | {
        "previous": case.rep_ids[case.kept.previous[lead]],
        "move_cost": case.kept.move_cost,
    }


def _priced(plan: Answered, lead: int, rep: int) -> list[Held]:
    """Return what a pair pays for each limit it counts in, the capacity first; negative where a minimum asks for it."""
    names, prices = plan.limit_names, plan.limit_prices_of_problem
    around = plan.case.limits_around(lead, rep, plan.limits_of_reps[rep]).items()
    slot = Held(f"capacity of {plan.case.rep_ids[rep]}", float(plan.capacity_prices[rep]), slots=True)
    return [slot, *(Held(names[k], float(prices[k] * usage)) for k, usage in around)]


def _dearest(priced: Sequence[Held], noise: float) -> tuple[Held, ...]:
    return tuple(sorted((held for held in priced if held.price > noise), key=lambda held: -held.price))


def _record(case: Case, lead: int, rep: int) -> Record | None:
    known = case.evidence
    if known is None:
        return None
    segment = int(known.segment_of_lead[lead])
    pair = known.estimates
    low, high = pair.interval(segment, rep)
    return Record(
        segment=known.describe(segment),
        probability=float(pair.probability[segment, rep]),
        low=float(low),
        high=float(high),
        tried=int(pair.tried[segment, rep]),
        converted=int(pair.converted[segment, rep]),
        borrowed=1.0 - float(pair.weight[segment, rep]),
        expected=float(pair.expected[segment, rep]),
        state="" if known.states is None else known.states.describe(rep),
        still_open=0 if pair.still_open is None else int(pair.still_open[segment, rep]),
    )
