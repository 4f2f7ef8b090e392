"""Allowed answers that cost next to nothing, and the way from a nearly allowed answer to an allowed one.

A search may end without an answer, or with one that is worth less than what anybody would have done by hand. So it
begins with drafts: nobody placed beside the pins, pair by pair the greatest gain first, leads dealt in turn, and an
answer that is known, such as the plan that is kept. A draft that breaks upper bounds is mended as any answer is: leads
are taken out of rows that are too full, those with the least loss per unit first, and what room that leaves is filled
again. Minimums that a draft breaks stay broken. Where each of them breaks one, another is made: first whoever lacks
something gets the leads that gain most there, then all others are placed. That is for want of time alone: a search
finds a better one.

Where every lead must be placed and reps have little time, such drafts end with leads that find no room: whoever goes
by gains alone fills reps with what takes long. So what takes much of a bound has its price there, of all bounds alike
in usual prices, and who would lose most with anybody else is placed first. Dear enough, it is room alone that counts;
the least price at which all find room is sought (Martello and Toth (1990), Knapsack problems, section 7.4, try several
measures for that reason).

All of it is linear in leads but for the greedy draft and that at prices, which look at every pair: the first is left
out among more than `_MOST_PAIRS` of them, the second ends after `LOOKS`.
"""

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import ROUNDING, Problem
from leadopt.problem.rates.full_rows import scaled
from leadopt.progress import Meter
from leadopt.solvers.drafts.room import LOOKS, Room, best_of, joined
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.drafts.served import served

_MOST_PAIRS = 12_000_000  # up to which leads are dealt greedily: 0.5 s of one core at 10 million
_LOOKS_A_SECOND, _FILLING_S = 50_000_000, 0.05  # and what it may take where no time is left
_PAIRS_A_SECOND = 25_000_000  # that are dealt greedily, where time is limited: in a tenth of it,
# Of prices at which all leads are dealt; usual prices at most. Generalised assignment of types C, D and E, 1,000 x 20:
# 8 trials take .05 s of a core and end 1.5%, 2.5% and 3.9% above the best costs known.
_TRIALS, _DEARER, _DEAREST = 8, 4.0, 256.0
_DEALT = 0.4  # part of a time limit after which no better price is sought: the first one is often far too dear
_SERVED = 200_000  # pairs up to which minimums are served at no prices; among more, those of a sample are found first
_ONE_BY_ONE = 64  # leads that are dealt in turn one by one after a rep was passed over
_PART = 0.1  # and no draft is mended after so much of it, if an allowed one is known;
_SOON_S = 0.02  # if none is, after so much since the first draft and at least so many seconds


def best_draft(
    problem: Problem,
    rows: Rows,
    start: Ints | None = None,
    meter: Meter | None = None,
    usual: Floats | None = None,
) -> Ints | None:
    """Return the allowed draft that is worth most, int64 (n_leads,), -1 = pool; None if none is allowed.

    Once a part of the meter's time is over and a draft is allowed, the others are compared as they are and not mended;
    but for room that is filled where nothing better than nobody placed is allowed. Where none is allowed, as much time
    is spent on mending them, and on the first one more if need be: minimums that all of them break are seldom mended.

    Parameters
    ----------
    start
        (n_leads,), an answer that is known
    usual
        (n_rows,), a usual price; None = no draft at prices
    """
    meter = Meter() if meter is None else meter
    began_s, limit_s = meter.spent_s, meter.limit_s
    soon_s = np.inf if limit_s is None else max(_PART * limit_s, _SOON_S)
    most_pairs = _MOST_PAIRS if limit_s is None else min(_MOST_PAIRS, _PART * limit_s * _PAIRS_A_SECOND)
    best, most, drafts = None, -np.inf, _drafts(problem, start, most_pairs)
    for draft in drafts:
        if (value := worth(problem, draft)) > most:
            best, most = draft, value
    if best is None and usual is not None and np.isneginf(problem.reserve):
        best = _priced(problem, rows, usual, meter)
        most = -np.inf if best is None else worth(problem, best)
    nobody, *others = drafts
    # Where minimums are broken, leads that are dealt evenly may mend them; else nobody's room is filled by gains.
    for number, draft in enumerate([*others, nobody] if best is None else drafts):
        if number > 0 and best is None and meter.spent_s - began_s >= soon_s:
            break
        if best is not None and best is not nobody and meter.has_spent(_PART):
            break
        answer = mended(problem, rows, draft)
        if (value := worth(problem, answer)) > most:
            best, most = answer, value
    if (
        best is None
        and usual is not None
        and limit_s is not None
        and problem.n_leads * problem.n_reps <= min(most_pairs, _SERVED)
    ):
        answer = served(problem, rows, np.zeros(rows.n), usual)
        best = answer if worth(problem, answer) > -np.inf else None
    return best


def _priced(problem: Problem, rows: Rows, usual: Floats, meter: Meter) -> Ints | None:
    """Return an allowed answer that has all leads placed, int64 (n_leads,); None if none was found.

    Parameters
    ----------
    usual
        (n_rows,), a usual price
    """
    charged = np.where(np.isfinite(rows.upper) & np.isinf(rows.penalty), usual, 0.0)
    charged[: problem.n_reps][rows.upper[: problem.n_reps] >= problem.n_leads] = 0.0
    best, most, looks = None, -np.inf, 0
    low, high, price = 0.0, np.inf, 1.0
    for _ in range(_TRIALS):
        room = Room(problem, rows, problem.pins.copy())
        if room.dealt(price * charged):
            high = price
            if (value := worth(problem, room.answer)) > most:
                best, most = room.answer, value
        else:
            low = price
        looks += room.looks
        if looks > LOOKS or price > _DEAREST or (best is not None and meter.has_spent(_DEALT)):
            break
        price = price * _DEARER if np.isinf(high) else (low + high) / 2.0 if low > 0.0 else high / _DEARER
    return best


def worth(problem: Problem, rep_of_lead: Ints) -> float:
    """Return what an answer is worth, as the certificate adds it up; -inf if it breaks a hard rule."""
    placed = np.flatnonzero(rep_of_lead >= 0)
    must = np.isneginf(problem.reserve)
    count = np.bincount(rep_of_lead[placed], minlength=problem.n_reps)
    pinned = problem.pins >= 0
    unkept = (rep_of_lead != problem.pins)[pinned].any()
    if (count > problem.capacity).any() or unkept or (must and len(placed) < problem.n_leads):
        return -np.inf
    total = float(problem.affinity.at(placed, rep_of_lead[placed]).sum())
    for limit, load in zip(problem.limits, problem.loads(rep_of_lead).tolist(), strict=True):
        beyond = max(limit.lower - load, load - limit.upper, 0.0)
        if limit.penalty is not None:
            total -= limit.penalty * beyond
        elif not limit.lower * (1.0 - ROUNDING) <= load <= limit.upper * (1.0 + ROUNDING):
            return -np.inf
    return total if must else total + problem.reserve * (problem.n_leads - len(placed))


def mended(problem: Problem, rows: Rows, rep_of_lead: Ints, meter: Meter | None = None) -> Ints:
    """Return an answer with leads taken out of hard rows that are too full, and the room that is left filled again.

    Where little time is left, it is filled with those leads alone that gain most.
    """
    answer = np.where(problem.pins >= 0, problem.pins, rep_of_lead)
    looks = LOOKS if meter is None else min(LOOKS, (max(meter.left_s, 0.0) + _FILLING_S) * _LOOKS_A_SECOND)
    return Room(problem, rows, answer).mended(int(looks))


def _drafts(problem: Problem, start: Ints | None, most_pairs: float = _MOST_PAIRS) -> list[Ints]:
    dealt = in_turn(problem, problem.reserve)
    drafts = [problem.pins.copy(), dealt.rep_of_lead]
    # Minimums may need leads that gain less than the pool does.
    if dealt.refused and problem.reserve > -np.inf:
        drafts.append(in_turn(problem, -np.inf).rep_of_lead)
    n_pairs = problem.n_leads * problem.n_reps
    if n_pairs <= most_pairs:
        drafts.append(greedy(problem))
    if start is not None:
        known = np.flatnonzero(start >= 0)
        able = known[problem.affinity.at(known, start[known]) > -np.inf]
        drafts.append(np.full(problem.n_leads, -1))
        drafts[-1][able] = start[able]
    return drafts


class Dealt(NamedTuple):
    """The rep of each lead, -1 = pool, and whether a lead or a rep whose turn it was gains too little."""

    rep_of_lead: Ints
    refused: bool


def in_turn(problem: Problem, least: float) -> Dealt:
    """Return the free leads dealt in turn beside the pins, to reps with a slot whose gain is above the least one."""
    affinity = problem.affinity
    turns = _Turns(problem, least)
    able = np.flatnonzero((problem.pins < 0) & (scaled(affinity.best_rates()[affinity.row], affinity.scale) > least))
    refused, size = len(able) < int((problem.pins < 0).sum()), _ONE_BY_ONE
    while len(able) and turns.open_:
        n = turns.deal_at_once(able[:size])
        able, size = able[n:], 2 * size
        if n < size // 2:  # somebody refused, and seldom alone; or a rep is full
            refused |= turns.deal_one_by_one(able[:_ONE_BY_ONE])
            able, size = able[_ONE_BY_ONE:], _ONE_BY_ONE
    return Dealt(turns.answer, refused)


class _Turns:
    """Leads dealt in turn, and the reps who have slots left."""

    def __init__(self, problem: Problem, least: float) -> None:
        self.affinity, self.least, self.answer = problem.affinity, least, problem.pins.copy()
        self.slots, self.turn = _slots(problem).tolist(), 0
        self.open_ = [rep for rep, left in enumerate(self.slots) if left > 0]

    def deal_at_once(self, leads: Ints) -> int:
        """Deal leads until one gains too little where it is its turn, or a rep may be full; return how many."""
        n_open, start = len(self.open_), bisect_left(self.open_, self.turn)
        leads = leads[: n_open * min(self.slots[rep] for rep in self.open_)]
        reps = np.array(self.open_)[(start + np.arange(len(leads))) % n_open]
        fine = self.affinity.at(leads, reps) > self.least
        n = len(leads) if fine.all() else int(fine.argmin())
        self.answer[leads[:n]] = reps[:n]
        for rep, taken in enumerate(np.bincount(reps[:n]).tolist()):
            self.slots[rep] -= taken
        self.turn = int(reps[n - 1]) + 1 if n else self.turn
        self.open_ = [rep for rep in self.open_ if self.slots[rep] > 0]
        return n

    def deal_one_by_one(self, leads: Ints) -> bool:
        """Deal leads, each to the next rep with whom it gains enough; return whether a rep was passed over."""
        affinity, refused = self.affinity, False
        for lead, row, scale in zip(
            leads.tolist(), affinity.row[leads].tolist(), affinity.scale[leads].tolist(), strict=True
        ):
            if not self.open_:
                break
            start = bisect_left(self.open_, self.turn) % len(self.open_)
            rep = self.open_[start]
            rates = affinity.rates_of(row)
            if not rates.item(rep) * scale > self.least:
                refused = True
                may = np.flatnonzero(scaled(rates[self.open_], affinity.scale[lead : lead + 1]) > self.least)
                if not len(may):
                    continue
                rep = self.open_[may[np.searchsorted(may, start) % len(may)]]
            self.answer[lead], self.turn = rep, rep + 1
            self.slots[rep] -= 1
            if self.slots[rep] == 0:
                self.open_.remove(rep)
        return refused


def greedy(problem: Problem) -> Ints:
    """Return the free leads dealt pair by pair beside the pins, the greatest gain that is still possible first.

    What comes next is that a rep is full. So not every pair is looked at in turn, but where leads wait that are more
    than a rep has slots for, the rep for whom that is so at the greatest gain keeps its best ones, and the others go
    on to who is open to them.
    """
    answer, slots = problem.pins.copy(), _slots(problem)
    gain, leads = np.full(problem.n_leads, -np.inf), np.flatnonzero(answer < 0)
    waiting = [leads[:0]] * problem.n_reps
    full_at, late = np.full(problem.n_reps, -np.inf), np.zeros(problem.n_reps, dtype=np.int64)
    while True:
        rep, gain[leads] = _best_open(problem, leads, slots)
        order = np.argsort(rep, kind="stable")
        first = np.searchsorted(rep[order], np.arange(problem.n_reps + 1))
        for other in np.unique(rep[rep >= 0]).tolist():
            waiting[other] = np.concatenate([waiting[other], leads[order[first[other] : first[other + 1]]]])
            if len(waiting[other]) > slots[other]:
                full_at[other], late[other] = _first_late(waiting[other], gain, slots[other])
        most = full_at.max(initial=-np.inf)
        if most == -np.inf:
            break
        tied = np.flatnonzero(full_at == most)
        next_ = int(tied[late[tied].argmin()])
        ranked = waiting[next_][np.lexsort((waiting[next_], -gain[waiting[next_]]))]
        waiting[next_], leads = ranked[: slots[next_]], ranked[slots[next_] :]
        slots[next_], full_at[next_] = 0, -np.inf
    for rep_, some in enumerate(waiting):
        answer[some] = rep_
    return answer


def _first_late(leads: Ints, gain: Floats, slots: int) -> tuple[float, int]:
    """Return the first lead, by gain and then by number, that comes when all slots are taken: what it gains, and it."""
    gains = gain[leads]
    at = float(-np.partition(-gains, slots)[slots])
    tied = np.sort(leads[gains == at])
    return at, int(tied[slots - np.count_nonzero(gains > at)])


def _best_open(problem: Problem, leads: Ints, slots: Ints) -> tuple[Ints, Floats]:
    """Return the rep with a slot with whom each lead gains most, -1 = none above the reserve, and what it gains."""
    full = slots <= 0

    def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
        gains = problem.affinity.of(leads[start:stop])
        gains[:, full] = -np.inf
        return best_of(gains, problem.reserve)

    rep, gain = joined(over_blocks(len(leads), problem.n_reps, look), 2)
    return rep, gain


def _slots(problem: Problem) -> Ints:
    """Return how many leads each rep can take beside the pins."""
    pinned = np.bincount(problem.pins[problem.pins >= 0], minlength=problem.n_reps)
    return np.asarray(np.minimum(problem.capacity, problem.n_leads) - pinned)
