"""Leads taken off a rep and given to others: solved together before anything happens, so each move has its price."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from leadopt.arrays import Floats
from leadopt.lifecycle import events, placing
from leadopt.lifecycle.acts.by_feeds import cool_off, reverse_credit
from leadopt.lifecycle.draft import Draft, Offer
from leadopt.lifecycle.records import Lead, Rep
from leadopt.matching import match


def hand_over(draft: Draft, leads: Sequence[Lead], rep: str, reason: str, *, most: int | None = None) -> None:
    """Give leads of a rep to others, as far as somebody has room; all others stay where they are.

    Parameters
    ----------
    draft
        the command at work
    leads
        which of the rep's; they are solved together
    rep
        whose
    reason
        "leave" or "overload", which alone makes the rep cool off; the booking is taken back for both
    most
        at most so many: those for which moving is worth most; None = all
    """
    answer = placing.solved(draft, leads, without=rep)
    if most is not None and most < len(answer.rep_of):
        answer = replace(answer, rep_of=_dearest_moves(draft, leads, rep, answer, most))
    for lead in leads:
        if lead.id in answer.rep_of:
            cooling = cool_off(draft) if reason == "overload" else None
            seq = draft.emit(events.Reassigned(lead=lead.id, rep=rep, reason=reason, cool_until=cooling))
            reverse_credit(draft, lead.id, reason)
            placing.put(draft, draft.lead(lead.id), answer, "router", cause=seq)


def _dearest_moves(draft: Draft, leads: Sequence[Lead], rep: str, answer: placing.Solved, most: int) -> dict[str, str]:
    r"""Return at most so many moves that bring most together.

    Solved with one column more, of those that stay, which has room for all but `most`:

    .. math:: \max \sum_{i \to j} (M + gain_{ij} - own_i) + 10 M \, |stay|

    with :math:`M` above every difference, so that staying fills its room first, and each move left over pays.
    """
    others = [one for one in answer.reps if one.id != rep]
    brings = _brings(draft, leads, rep, others, answer.offers)
    large = 1.0 + float(np.abs(brings[np.isfinite(brings)]).max(initial=0.0))
    table = np.column_stack([large + brings, np.full(len(leads), 10.0 * large)])
    slots = [*placing.slots_of(draft, others, len(leads)).tolist(), len(leads) - most]
    found = match(np.asarray(table, dtype=np.float64), np.array(slots, dtype=np.int64))
    pairs = zip(leads, found.rep_of_lead.tolist(), strict=True)
    return {lead.id: others[to].id for lead, to in pairs if 0 <= to < len(others)}


def _brings(
    draft: Draft, leads: Sequence[Lead], rep: str, others: Sequence[Rep], offers: Mapping[str, Mapping[str, Offer]]
) -> Floats:
    """Return what each move brings against staying."""
    stays = [offers[lead.id][rep].gain if rep in offers.get(lead.id, {}) else draft.worths.reserve for lead in leads]
    pairs = placing.allowed(draft, leads, others, offers)
    return np.asarray(placing.gains_of(draft, leads, others, pairs) - np.array(stays)[:, None], dtype=np.float64)


def propose_others(draft: Draft, leads: Sequence[Lead], without: Rep) -> None:
    """Ask managers anew about leads that are proposed to a rep who gets nothing any more."""
    answer = placing.solved(draft, leads, without=without.id)
    for lead in leads:
        if lead.review is not None:
            rep = answer.rep_of.get(lead.id)
            why = placing.explained(draft, lead, rep, answer.reps, answer.offers.get(lead.id, {}))
            placing.to_review(draft, lead, lead.review.rule, rep, why)
