"""Where leads that nobody owns go: to the reps to whom they are worth most now, to a manager, or to the pool."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.lifecycle import bars, credit, events
from leadopt.lifecycle.book import Where
from leadopt.lifecycle.draft import Draft, Offer
from leadopt.lifecycle.records import Credit, Lead, Rep
from leadopt.lifecycle.rules import Rules
from leadopt.lifecycle.stages import Stage
from leadopt.matching import match

NOBODY_LEFT = "nobody left"
ELSEWHERE = "worth more with another lead"
RETURNED = "returned"
_RETURNED_TOO_OFTEN = 3
_TIE = 1e-9  # of the largest gain: what credit may add, so that it decides between equal gains only
_RUNNERS_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """To whom leads go that are solved together, and what that rests on.

    Parameters
    ----------
    rep_of
        lead -> rep; leads that nobody gets are not in it
    reps
        who was there
    offers
        lead -> rep -> what it is worth, of pairs that are eligible
    """

    rep_of: Mapping[str, str]
    reps: Sequence[Rep]
    offers: Mapping[str, Mapping[str, Offer]]


def place(
    draft: Draft, leads: Sequence[str], via: str, *, reviewed: bool = False, causes: Mapping[str, int] | None = None
) -> None:
    """Give leads to the reps to whom they are worth most now, solved together over the room that there is.

    Credit breaks ties. Who is nowhere eligible or barred everywhere goes to a manager, as does what a rule of review
    asks for, unless it is `reviewed`; what nobody has room for goes to the pool. A lead that waits for the owner of its
    account is left to wait. `causes` has the event that led here, of some leads.
    """
    found = [lead for lead in map(draft.lead, dict.fromkeys(leads)) if not waits(draft, lead)]
    answer = solved(draft, found)
    for lead in found:
        put(draft, lead, answer, via, reviewed=reviewed, cause=(causes or {}).get(lead.id))


def solved(draft: Draft, leads: Sequence[Lead], *, without: str | None = None) -> Solved:
    """Return to whom leads go over the room that there is now, solved together; nothing happens yet."""
    reps = draft.reps()
    offers = draft.worths.offers(leads, reps)
    others = [rep for rep in reps if rep.id != without]
    rep_of = _solved(draft, leads, others, allowed(draft, leads, others, offers))
    return Solved(rep_of=rep_of, reps=reps, offers=offers)


def waits(draft: Draft, lead: Lead) -> bool:
    """Return whether a lead waits for the owner of its account, who is away and back soon."""
    return lead.waits_until is not None and lead.waits_until > draft.at


def give(
    draft: Draft,
    lead: Lead,
    rep: str,
    via: str,
    *,
    decision: Mapping[str, Any] | None = None,
    override: str | None = None,
    cause: int | None = None,
) -> int:
    """Let a rep own a lead, and book what that is in credit."""
    received, gain = dict(draft.worths.shared(lead)), (decision or {}).get("gain")
    if "value" in received and gain is not None:
        received["value"] = max(float(gain), 0.0)
    weights = {} if via == "import" else _entitled(draft, lead, rep)
    entitled = credit.split(received, weights) if rep in weights else {}
    return draft.emit(
        events.Assigned(
            lead=lead.id,
            rep=rep,
            via=via,
            decision=decision or {},
            entitled=entitled,
            received=received,
            override=override,
        ),
        cause=cause,
    )


def to_pool(draft: Draft, lead: Lead, why: str, *, pool: str | None = None, cause: int | None = None) -> int:
    """Put a lead into a pool: the one named, else the first whose condition holds, else the default."""
    named = draft.rules.pool_named(pool) if pool is not None else draft.rules.pool_of(lead.columns)
    embargo = draft.rules.claim.embargo
    until = None if embargo is None else draft.calendar.add(draft.at, embargo)
    return draft.emit(events.Pooled(lead=lead.id, pool=named.name, why=why, embargo_until=until), cause=cause)


def to_review(
    draft: Draft, lead: Lead, rule: str, rep: str | None, offer: Mapping[str, Any], *, cause: int | None = None
) -> int:
    """Ask a manager about a lead; the proposed rep's slot is kept."""
    return draft.emit(events.ReviewAsked(lead=lead.id, rule=rule, rep=rep, offer=offer), cause=cause)


def explained_now(draft: Draft, lead: Lead, rep: Rep) -> dict[str, Any]:
    """Return what giving a lead to a rep rests on, by what all reps offer now."""
    reps = draft.reps()
    return explained(draft, lead, rep.id, reps, draft.worths.offers([lead], reps).get(lead.id, {}))


def explained(
    draft: Draft,
    lead: Lead,
    rep: str | None,
    reps: Sequence[Rep],
    offers: Mapping[str, Offer],
    *,
    passed_by: str = "not chosen",
) -> dict[str, Any]:
    """Return what a decision rests on: the choice, the next three and why not, and what barred all others.

    `before` has the rep who had the lead last, and what it is worth there: the difference is the price of the move.
    `passed_by` says why somebody with whom it is worth more, and whom nothing bars, did not get it.
    """
    here = offers[rep].gain if rep is not None and rep in offers else draft.worths.reserve
    reasons = {one.id: _code(draft, lead, one, offers) for one in reps}
    others = sorted((one for one in offers if one != rep), key=lambda one: (-offers[one].gain, one))[:_RUNNERS_UP]
    next_ = tuple(
        {"rep": one, "gain": gain, "why": reasons.get(one) or _beside(gain, here, passed_by)}
        for one, gain in ((one, offers[one].gain) for one in others)
    )
    barred = Counter(code for one, code in reasons.items() if code is not None and one != rep)
    choice = {} if rep is None or rep not in offers else {"gain": offers[rep].gain, "chance": offers[rep].chance}
    had = lead.previous
    before = {} if had is None or had not in offers else {"before": {"rep": had, "gain": offers[had].gain}}
    return {**choice, **before, "next": next_, "barred": dict(sorted(barred.items()))}


def _beside(gain: float, here: float, passed_by: str) -> str:
    return "worth less" if gain < here else "worth as much" if gain == here else passed_by


def review_rule(draft: Draft, lead: Lead) -> str | None:
    """Return the name of the rule by which a manager looks at a lead before anybody gets it; None = none does."""
    return review_rule_of(draft.rules, lead)


def review_rule_of(rules: Rules, lead: Lead) -> str | None:
    """Return the same by some rules."""
    if lead.returned >= _RETURNED_TOO_OFTEN:
        return RETURNED
    rule = rules.review_of(lead.columns)
    return None if rule is None else rule.name


def nobody_left(draft: Draft, lead: Lead, reps: Sequence[Rep], offers: Mapping[str, Offer]) -> bool:
    """Return whether eligibility, refusals, complaints and cool-offs leave a lead nobody, now or when all are back."""
    return all(_code(draft, lead, rep, offers) in (*bars.BARS, "not_eligible") for rep in reps)


def put(
    draft: Draft, lead: Lead, answer: Solved, via: str, *, reviewed: bool = False, cause: int | None = None
) -> None:
    """Let a lead go where it was solved to go: to its rep, to a manager first, or to the pool."""
    rep, offers = answer.rep_of.get(lead.id), answer.offers.get(lead.id, {})
    reps = [draft.rep(one.id) for one in answer.reps]  # with the room that leads before it left
    decision = explained(draft, lead, rep, reps, offers, passed_by=ELSEWHERE)
    rule = None if reviewed else review_rule(draft, lead)
    if rep is None and nobody_left(draft, lead, answer.reps, offers):
        if lead.stage is not Stage.REVIEW:
            to_review(draft, lead, NOBODY_LEFT, None, decision, cause=cause)
    elif rule is not None and lead.stage is not Stage.REVIEW:
        to_review(draft, lead, rule, rep, decision, cause=cause)
    elif rep is not None:
        give(draft, lead, rep, via, decision=decision, cause=cause)
    elif lead.stage is not Stage.POOL:
        to_pool(draft, lead, "no_room", cause=cause)


def _code(draft: Draft, lead: Lead, rep: Rep, offers: Mapping[str, Offer]) -> str | None:
    denied = bars.why_not(draft, lead, rep)
    if denied is not None and denied.code in bars.BARS:
        return denied.code
    return "not_eligible" if rep.id not in offers else None if denied is None else denied.code


def allowed(
    draft: Draft, leads: Sequence[Lead], reps: Sequence[Rep], offers: Mapping[str, Mapping[str, Offer]]
) -> dict[str, dict[str, Offer]]:
    """Return lead -> rep -> offer for pairs that nothing bars now."""
    return {lead.id: _allowed(draft, lead, reps, offers.get(lead.id, {})) for lead in leads}


def _allowed(draft: Draft, lead: Lead, reps: Sequence[Rep], offers: Mapping[str, Offer]) -> dict[str, Offer]:
    return {rep.id: offers[rep.id] for rep in reps if rep.id in offers and bars.why_not(draft, lead, rep) is None}


def _solved(
    draft: Draft, leads: Sequence[Lead], reps: Sequence[Rep], pairs: Mapping[str, Mapping[str, Offer]]
) -> dict[str, str]:
    """Return the rep of each lead in the assignment with the greatest gain; leads that nobody gets are not in it."""
    if not leads or not reps:
        return {}
    if len(leads) == 1:
        return _best_of(draft, leads[0], pairs[leads[0].id])
    found = match(gains_of(draft, leads, reps, pairs), slots_of(draft, reps, len(leads)), reserve=draft.worths.reserve)
    return {lead.id: reps[rep].id for lead, rep in zip(leads, found.rep_of_lead.tolist(), strict=True) if rep >= 0}


def _best_of(draft: Draft, lead: Lead, offers: Mapping[str, Offer]) -> dict[str, str]:
    worth = [rep for rep, offer in sorted(offers.items()) if offer.gain > draft.worths.reserve]
    if not worth:
        return {}
    return {lead.id: max(worth, key=lambda rep: (offers[rep].gain, _owed(draft, rep)))}


def gains_of(
    draft: Draft, leads: Sequence[Lead], reps: Sequence[Rep], pairs: Mapping[str, Mapping[str, Offer]]
) -> Floats:
    """Return the gain of each lead with each rep, with what breaks ties; -inf where the pair is barred."""
    gains = np.full((len(leads), len(reps)), -np.inf)
    for row, lead in enumerate(leads):
        for column, rep in enumerate(reps):
            if rep.id in pairs[lead.id]:
                gains[row, column] = pairs[lead.id][rep.id].gain
    owed: Floats = np.array([_owed(draft, rep.id) for rep in reps], dtype=np.float64)
    largest = float(np.abs(gains[np.isfinite(gains)]).max(initial=0.0))
    tie = _TIE * largest / max(float(np.abs(owed).max()), 1.0)
    return np.asarray(gains + tie * owed, dtype=np.float64)


def _owed(draft: Draft, rep: str) -> float:
    """Return what a rep is owed, of all that is shared together."""
    return sum(credit.balance(draft.book, rep, one.of, draft.at) for one in draft.book.find(Credit, Where(rep=rep)))


def slots_of(draft: Draft, reps: Sequence[Rep], n_leads: int) -> Ints:
    """Return how many of so many leads each rep has room for now."""
    rooms = [bars.room(draft.rules, rep, draft.at) for rep in reps]
    return np.array([n_leads if room is None else min(room, n_leads) for room in rooms], dtype=np.int64)


def _entitled(draft: Draft, lead: Lead, chosen: str) -> dict[str, float]:
    """Return the weights of who is entitled to a share: eligible, present and unrestricted reps."""
    reps = draft.reps()
    offers = draft.worths.offers([lead], reps).get(lead.id, {})
    passing = (*bars.BARS, "absent", "restricted")
    inside = [rep for rep in reps if rep.id == chosen or (rep.id in offers and _may(draft, lead, rep, passing))]
    weights = draft.worths.weights(inside)
    return {rep: weight * credit.factor(draft.conduct(rep), draft.at) for rep, weight in weights.items()}


def _may(draft: Draft, lead: Lead, rep: Rep, passing: Sequence[str]) -> bool:
    denied = bars.why_not(draft, lead, rep)
    return denied is None or denied.code not in passing
