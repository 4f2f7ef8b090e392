"""What companies do without leadopt: round robin, territory, by performance, by customer profile, and greedy.

Every baseline keeps pins, capacities and eligibility, so that the comparison is fair, and ignores the rest (minimums,
bands, quotas): a plan made by one says which of these it breaks. Leads are handed out in the order of their table.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.decision.case import Case
from leadopt.errors import InvalidInput
from leadopt.fairness import ENTITLEMENT_WORDS
from leadopt.problem.linear_algebra import applied
from leadopt.problem.presolved.in_leads import slots_of
from leadopt.tables.ids import level_alike

_AT_ONCE = 1_000  # leads whose gains are looked up at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Dealt:
    """Leads as a baseline handed them out.

    Parameters
    ----------
    rep_of_lead
        int64 (n_leads,), -1 = left
    turn
        index of the rep whose turn is next (round robin); pass it on to carry the round over to the next batch
    """

    rep_of_lead: Ints
    turn: int = 0


Baseline = Callable[[Case, int], Dealt]


def round_robin(case: Case, turn: int = 0) -> Dealt:
    """Return the leads dealt in turn; a rep who is full or not eligible is passed over, and the turn goes on.

    Where fairness shares leads by a column of weights, a rep of twice the weight has twice as many turns (smooth
    weighted round robin).
    """
    weight = _turns(case)
    if weight is not None:
        return _weighted_robin(case, weight, turn)

    def choose(lead: int, allowed: Bools) -> int:
        nonlocal turn
        order = np.flatnonzero(allowed)
        rep = int(order[np.searchsorted(order, turn)]) if order[-1] >= turn else int(order[0])
        turn = (rep + 1) % case.problem.n_reps
        return rep

    return Dealt(rep_of_lead=_deal(case, choose), turn=turn)


def _turns(case: Case) -> Floats | None:
    """Return what turns are in proportion to, float64 (n_reps,); None where each rep has as many.

    Who stays out of fairness has as many turns as the others on average.
    """
    for fairness, one in zip(case.policy.fairnesses, case.shared, strict=False):
        if fairness.of == "leads" and fairness.entitlement not in ENTITLEMENT_WORDS and one.weight.any():
            usual = one.weight[one.weight > 0].mean()
            return one.weight if one.outside is None else np.where(one.outside, usual, one.weight)
    return None


def _weighted_robin(case: Case, weight: Floats, turn: int) -> Dealt:
    """Return the leads dealt in turn by weight: who is owed most is next, among equals as the turn goes."""
    n_reps, owed = case.problem.n_reps, np.zeros(case.problem.n_reps)

    def choose(lead: int, allowed: Bools) -> int:
        nonlocal turn
        owed[allowed] += weight[allowed]
        from_turn = np.roll(np.arange(n_reps), -turn)
        rep = int(from_turn[np.argmax(np.where(allowed, owed, -np.inf)[from_turn])])
        owed[rep] -= weight[allowed].sum()
        turn = (rep + 1) % n_reps
        return rep

    return Dealt(rep_of_lead=_deal(case, choose), turn=turn)


def territory(case: Case, turn: int = 0) -> Dealt:
    """Return each lead with the emptiest rep of its territory; a lead of nobody's territory is left.

    How full a rep is counts pinned leads. Territories are alike as a rule that matches them has it, whatever the case
    of their letters.

    Raises
    ------
    InvalidInput
        leads or reps have no territory column
    """
    if case.territory_of_lead is None or case.territory_of_rep is None:
        raise InvalidInput(f'the territory baseline needs a column "{case.policy.columns.territory}" in leads and reps')
    # Plans that were saved before territories were folded hold them as the tables had them.
    lead_territory = [level_alike(level) for level in case.territory_of_lead]
    rep_territory = np.array([level_alike(level) for level in case.territory_of_rep], dtype=object)
    pinned = case.problem.pins[case.problem.pins >= 0]
    loads = np.bincount(pinned, minlength=case.problem.n_reps).astype(np.float64)

    def choose(lead: int, allowed: Bools) -> int:
        here = np.flatnonzero(allowed & (rep_territory == lead_territory[lead]))
        if lead_territory[lead] is None or not len(here):
            return -1
        rep = int(here[np.argmin(loads[here])])
        loads[rep] += 1
        return rep

    return Dealt(rep_of_lead=_deal(case, choose))


def performance(case: Case, turn: int = 0) -> Dealt:
    """Return the leads dealt in proportion to the reps' performance: their mean chance of conversion over these leads.

    Smooth weighted round robin: every lead raises each eligible rep's credit by the rep's weight, and the richest rep
    pays the sum of the weights for it. Without evidence all weights are equal.
    """
    weight = _performance(case)
    credit = np.zeros(case.problem.n_reps)

    def choose(lead: int, allowed: Bools) -> int:
        credit[allowed] += weight[allowed]
        rep = int(np.argmax(np.where(allowed, credit, -np.inf)))
        credit[rep] -= weight[allowed].sum()
        return rep

    return Dealt(rep_of_lead=_deal(case, choose))


def profile(case: Case, turn: int = 0) -> Dealt:
    """Return each lead, in order, with the free rep who does best with its segment."""

    def choose(lead: int, allowed: Bools) -> int:
        fit = case.problem.affinity.rates_of(int(case.problem.affinity.row[lead]))
        return int(np.argmax(np.where(allowed, fit, -np.inf)))

    return Dealt(rep_of_lead=_deal(case, choose))


def greedy(case: Case, turn: int = 0) -> Dealt:
    """Return the leads handed out pair by pair, the greatest gain that is still possible first."""
    answer, room = _pinned(case)
    queue = []
    for lead, gains in _each(case, np.flatnonzero(answer < 0)):
        if best := _best(case, gains, room):
            queue.append((-best[0], lead, best[1]))
    heapq.heapify(queue)
    while queue:
        _, lead, rep = heapq.heappop(queue)
        if room[rep] > 0:
            answer[lead] = rep
            room[rep] -= 1
        elif best := _best(case, case.problem.affinity.of([lead])[0], room):
            heapq.heappush(queue, (-best[0], lead, best[1]))
    return Dealt(rep_of_lead=answer)


ALL: dict[str, Baseline] = {
    "round robin": round_robin,
    "territory": territory,
    "performance": performance,
    "profile": profile,
    "greedy": greedy,
}


def _deal(case: Case, choose: Callable[[int, Bools], int]) -> Ints:
    """Hand out leads in order, to whom `choose` names among eligible reps with room and a gain above the reserve."""
    answer, room = _pinned(case)
    for lead, gains in _each(case, np.flatnonzero(answer < 0)):
        allowed = (gains > -np.inf) & (room > 0) & (gains > case.problem.reserve)
        if allowed.any():
            rep = choose(lead, allowed)
            answer[lead] = rep
            if rep >= 0:
                room[rep] -= 1
    return answer


def _pinned(case: Case) -> tuple[Ints, Ints]:
    answer = case.problem.pins.copy()
    taken = np.bincount(answer[answer >= 0], minlength=case.problem.n_reps)
    return answer, np.maximum(slots_of(case.problem) - taken, 0)


def _each(case: Case, leads: Ints) -> Iterator[tuple[int, Floats]]:
    """Yield some leads with their gains, which are looked up for many at a time."""
    for start in range(0, len(leads), _AT_ONCE):
        some = leads[start : start + _AT_ONCE]
        yield from zip(some.tolist(), case.problem.affinity.of(some), strict=True)


def _best(case: Case, gains: Floats, room: Ints) -> tuple[float, int] | None:
    if not len(gains):
        return None
    possible = np.where(room > 0, gains, -np.inf)
    rep = int(possible.argmax())
    best = float(possible[rep])
    return None if best <= case.problem.reserve else (best, rep)


def _performance(case: Case) -> Floats:
    evidence = case.evidence
    if evidence is None or not case.problem.n_leads:
        return np.ones(case.problem.n_reps)
    share = np.bincount(evidence.segment_of_lead, minlength=len(evidence.segments)) / case.problem.n_leads
    return applied(evidence.estimates.probability.T, share)
