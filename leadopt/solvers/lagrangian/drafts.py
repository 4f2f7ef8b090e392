"""Allowed answers that cost next to nothing, and the way from a nearly allowed answer to an allowed one.

A search may end without an answer, or with one that is worth less than what anybody would have done by hand. So it
begins with drafts: nobody placed beside the pins, pair by pair the greatest gain first, leads dealt in turn, and an
answer that is known, such as the plan that is kept. A draft that breaks upper bounds is mended as any answer is: leads
are taken out of rows that are too full, those with the least loss per unit first, and what room that leaves is filled
again. Minimums that a draft breaks stay broken. Where each of them breaks one, another is made: first whoever lacks
something gets the leads that gain most there, then all others are placed. That is for want of time alone: a search
finds a better one.

All of it is linear in leads but for the greedy draft, which looks at every pair: among more than `_MOST_PAIRS` of them
it is left out.
"""

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import ROUNDING, Problem
from leadopt.problem.rates.full_rows import scaled
from leadopt.progress import Meter
from leadopt.solvers.lagrangian.rows import Family, Rows, usage_at

_MOST_PAIRS = 12_000_000  # up to which leads are dealt greedily: 0.5 s of one core at 10 million
_LOOKS = 30_000_000  # at pairs, in all rounds that fill what room is left; leads with the greatest gain come first
_LOOKS_A_SECOND, _FILLING_S = 50_000_000, 0.05  # and what it may take where no time is left
_PAIRS_A_SECOND = 25_000_000  # that are dealt greedily, where time is limited: in a tenth of it,
_PART = 0.1  # and no draft is mended after so much of it, if an allowed one is known;
_SOON_S = 0.02  # if none is, after so much since the first draft and at least so many seconds
_ROUNDS = 50  # in which leads are taken out: each mends every row but where minimums hold leads


def best_draft(problem: Problem, rows: Rows, start: Ints | None = None, meter: Meter | None = None) -> Ints | None:
    """Return the allowed draft that is worth most, int64 (n_leads,), -1 = pool; None if none is allowed.

    Once a part of the meter's time is over and a draft is allowed, the others are compared as they are and not mended;
    but for room that is filled where nothing better than nobody placed is allowed. Where none is allowed, as much time
    is spent on mending them, and on the first one more if need be: minimums that all of them break are seldom mended.

    Parameters
    ----------
    start
        (n_leads,), an answer that is known
    """
    limit_s = None if meter is None else meter.limit_s
    began_s, soon_s = _left_s(meter), np.inf if limit_s is None else max(_PART * limit_s, _SOON_S)
    most_pairs = _MOST_PAIRS if limit_s is None else min(_MOST_PAIRS, _PART * limit_s * _PAIRS_A_SECOND)
    best, most, drafts = None, -np.inf, _drafts(problem, start, most_pairs)
    for draft in drafts:
        if (value := worth(problem, draft)) > most:
            best, most = draft, value
    nobody, *others = drafts
    # Where minimums are broken, leads that are dealt evenly may mend them; else nobody's room is filled by gains.
    for number, draft in enumerate([*others, nobody] if best is None else drafts):
        if number > 0 and best is None and began_s - _left_s(meter) >= soon_s:
            break
        if best is not None and best is not nobody and _is_late(meter):
            break
        answer = mended(problem, rows, draft)
        if (value := worth(problem, answer)) > most:
            best, most = answer, value
    if best is None and limit_s is not None and problem.n_leads * problem.n_reps <= most_pairs:
        answer = _Room(problem, rows, problem.pins.copy()).served()
        best = answer if worth(problem, answer) > -np.inf else None
    return best


def _left_s(meter: Meter | None) -> float:
    return 0.0 if meter is None or meter.limit_s is None else meter.left_s


def _is_late(meter: Meter | None) -> bool:
    return meter is not None and meter.limit_s is not None and meter.left_s <= (1.0 - _PART) * meter.limit_s


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
    looks = _LOOKS if meter is None else min(_LOOKS, (max(meter.left_s, 0.0) + _FILLING_S) * _LOOKS_A_SECOND)
    return _Room(problem, rows, answer).mended(int(looks))


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
    answer, slots = problem.pins.copy(), _slots(problem).tolist()
    open_, turn = [rep for rep, left in enumerate(slots) if left > 0], 0
    able = np.flatnonzero((answer < 0) & (scaled(affinity.best_rates()[affinity.row], affinity.scale) > least))
    refused = len(able) < int((answer < 0).sum())
    for lead, row, scale in zip(able.tolist(), affinity.row[able].tolist(), affinity.scale[able].tolist(), strict=True):
        if not open_:
            break
        start = bisect_left(open_, turn) % len(open_)
        rep = open_[start]
        rates = affinity.rates_of(row)
        if not rates.item(rep) * scale > least:
            refused = True
            may = np.flatnonzero(scaled(rates[open_], affinity.scale[lead : lead + 1]) > least)
            if not len(may):
                continue
            rep = open_[may[np.searchsorted(may, start) % len(may)]]
        answer[lead], turn = rep, rep + 1
        slots[rep] -= 1
        if slots[rep] == 0:
            open_.remove(rep)
    return Dealt(answer, refused)


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
        return _best(gains, problem.reserve)

    return _joined(over_blocks(len(leads), problem.n_reps, look))


def _best(gains: Floats, reserve: float) -> tuple[Ints, Floats]:
    if not gains.shape[1]:
        return np.full(len(gains), -1), np.full(len(gains), -np.inf)
    best = gains.argmax(axis=1)
    most = gains[np.arange(len(gains)), best]
    return np.where(most > reserve, best, -1), most


def _joined(parts: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    none = (np.zeros(0, dtype=np.int64), np.zeros(0))
    return np.concatenate([none[0], *(part[0] for part in parts)]), np.concatenate(
        [none[1], *(part[1] for part in parts)]
    )


def _slots(problem: Problem) -> Ints:
    """Return how many leads each rep can take beside the pins."""
    pinned = np.bincount(problem.pins[problem.pins >= 0], minlength=problem.n_reps)
    return np.asarray(np.minimum(problem.capacity, problem.n_leads) - pinned)


class _Room:
    """An answer in the making, and what is left of the upper and lower bound of each row beside it.

    Rows with a penalty are filled no further than their bounds, unless every lead must be placed: then they give way.
    """

    def __init__(self, problem: Problem, rows: Rows, answer: Ints) -> None:
        self.problem, self.rows, self.answer = problem, rows, answer
        self.hard = np.isinf(rows.penalty)
        self.free = problem.pins < 0
        self.alone = [_Alone.of(family) for family in rows.families]
        self.pool = 0.0 if np.isneginf(problem.reserve) else problem.reserve

    def mended(self, looks: int = _LOOKS) -> Ints:
        for _ in range(_ROUNDS):
            if not self._take_out():
                break
        self._fill(looks)
        return self.answer

    def served(self) -> Ints:
        """Return the answer with leads given to whoever lacks something, and then all others placed that fit."""
        hard = np.flatnonzero(self.hard & (self.rows.lower > 0))
        families = [family for family in self.rows.families if np.isin(family.member, hard).any()]
        # What few leads can give comes first, and what any lead gives as well as another one last.
        looks = _LOOKS
        for family in sorted(families, key=self._n_counted):
            while looks > 0 and (looked := self._serve(family)):
                looks -= looked * self.problem.n_reps
        self._fill()
        return self.answer

    def _n_counted(self, family: Family) -> tuple[int, bool]:
        n = self.problem.n_leads
        return n if family.limit is None or family.limit.leads is None else len(family.limit.leads), family.counts_leads

    def _serve(self, family: Family) -> int:
        """Give each rep that lacks something in a family's rows leads that it counts.

        Return how many leads were looked at, 0 if none could be given.
        """
        load, member = self._load(), family.member
        lack = np.where(self.hard[member], self.rows.lower[member] - load[member], 0.0)
        lacking = np.flatnonzero(lack > 0)
        waiting = np.flatnonzero(self.free & (self.answer < 0))
        waiting = waiting[usage_at(family, self.problem, waiting, np.zeros(len(waiting), dtype=np.int64))[0]]
        if not len(lacking) or not len(waiting):
            return 0
        looked, room = len(waiting), np.where(self.hard, self.rows.upper - load, np.inf)
        rep, gain = self._wishes(waiting, room, np.asarray((family.reps[lacking] > 0).any(axis=0)))
        able = rep >= 0
        waiting, rep, gain = waiting[able], rep[able], gain[able]
        order = np.argsort(-gain, kind="stable")
        waiting, rep = waiting[order], rep[order]
        usage, wanted = self._taken(family, waiting, rep), np.zeros(len(waiting), dtype=bool)
        for k in lacking.tolist():
            amount = usage * family.reps[k, rep]
            wanted |= (amount > 0) & (np.cumsum(amount) - amount < lack[k])
        waiting, rep = waiting[wanted], rep[wanted]
        fits = self._fitting(waiting, rep, room)
        self.answer[waiting[fits]] = rep[fits]
        return looked if fits.any() else 0

    def _load(self) -> Floats:
        leads = np.flatnonzero(self.free & (self.answer >= 0))
        return self.rows.loads(self.problem, leads, self.answer[leads])

    def _take_out(self) -> bool:
        """Take leads out of every row that is too full; return whether any could be."""
        load = self._load()
        bad = self.hard & (load > self.rows.upper)
        if not bad.any():
            return False
        spare = np.where(self.hard & (self.rows.lower > 0), load - self.rows.lower, np.inf)
        leads = np.flatnonzero(self.free & (self.answer >= 0))
        leads = leads[np.argsort(self.answer[leads], kind="stable")]
        first = np.searchsorted(self.answer[leads], np.arange(self.problem.n_reps + 1))
        out = np.zeros(len(self.answer), dtype=bool)
        for family in self.rows.families:
            for k in np.flatnonzero(bad[family.member]).tolist():
                reps = np.flatnonzero(family.reps[k] > 0)
                at = np.concatenate([leads[first[rep] : first[rep + 1]] for rep in reps])
                amount = self._taken(family, at, self.answer[at]) * family.reps[k, self.answer[at]]
                gone = float(amount[out[at]].sum())
                able = (amount > 0) & ~out[at]
                at, amount = at[able], amount[able]
                loss = self.problem.affinity.at(at, self.answer[at]) - self.pool
                order = np.argsort(loss / amount, kind="stable")
                at, amount = at[order], amount[order]
                may = self._fitting(at, self.answer[at], spare)
                at, amount = at[may], amount[may]
                row = family.member[k]
                over = load[row] - gone - self.rows.upper[row]
                n = int(np.searchsorted(np.cumsum(amount), over)) + 1
                chosen = at[:n] if over > 0.0 else at[:0]
                out[chosen] = True
                if len(chosen):
                    spare -= self.rows.loads(self.problem, chosen, self.answer[chosen])
        self.answer[out] = -1
        return bool(out.any())

    def _fill(self, looks: int = _LOOKS) -> None:
        """Place leads of the pool, round by round, each where it gains most among the reps that have room for it."""
        waiting = np.flatnonzero(self.free & (self.answer < 0))
        give_way = np.isneginf(self.problem.reserve)
        while len(waiting) and looks > 0:
            room = np.where(self.hard | (not give_way), self.rows.upper - self._load(), np.inf)
            waiting = waiting[: max(1, looks // self.problem.n_reps)] if self.problem.n_reps else waiting[:0]
            looks -= len(waiting) * self.problem.n_reps
            rep, gain = self._wishes(waiting, room)
            able = rep >= 0
            waiting, rep, gain = waiting[able], rep[able], gain[able]
            order = np.argsort(-gain, kind="stable")
            fits = self._fitting(waiting[order], rep[order], room)
            chosen = order[fits]
            if not len(chosen):  # but for rounding, the first one fits
                break
            self.answer[waiting[chosen]] = rep[chosen]
            waiting = np.delete(waiting, chosen)

    def _wishes(self, leads: Ints, room: Floats, lacking: Bools | None = None) -> tuple[Ints, Floats]:
        """Return where each lead gains most among the reps that have room for it alone, -1 = nowhere, and what.

        It gains more than in the pool; but with reps that are `lacking` it is whatever it gains.
        """
        problem = self.problem
        least = problem.reserve if lacking is None else -np.inf
        rooms = [_least_by_rep(family.reps, room[family.member]) for family in self.rows.families]

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            some = leads[start:stop]
            gains = problem.affinity.of(some)
            if lacking is not None:
                gains[:, ~lacking] = -np.inf
            for family, left in zip(self.rows.families, rooms, strict=True):
                if np.isposinf(left).all():
                    continue
                if family.limit is None:
                    gains[:, left < 1.0] = -np.inf
                    continue
                inside = usage_at(family, problem, some, np.zeros(len(some), dtype=np.int64))[0]
                gains[inside[:, None] & (family.limit.usage_of(some) > left)] = -np.inf
            return _best(gains, least)

        return _joined(over_blocks(len(leads), problem.n_reps, look))

    def _taken(self, family: Family, leads: Ints, reps: Ints) -> Floats:
        """Return what each lead takes of a family with the rep at the same place; 0 where it does not count."""
        inside, usage = usage_at(family, self.problem, leads, reps)
        taken = np.zeros(len(leads))
        taken[inside] = usage
        return taken

    def _fitting(self, leads: Ints, reps: Ints, room: Floats) -> Bools:
        """Return which of some leads fit at their reps if all those before them are there: never too many."""
        fits = np.ones(len(leads), dtype=bool)
        by_rep = np.argsort(reps, kind="stable")
        there = reps[by_rep]
        first = np.searchsorted(there, np.arange(self.problem.n_reps + 1))
        for family, alone in zip(self.rows.families, self.alone, strict=True):
            left = room[family.member]
            if not np.isfinite(left).any():
                continue
            usage = self._taken(family, leads, reps)
            # Rows of one rep, all in one go.
            taken = np.concatenate([[0.0], np.cumsum(usage[by_rep])])
            of_rep = alone.least_by_rep(left, self.problem.n_reps)
            fits[by_rep] &= (taken[1:] - taken[first[there]] <= of_rep[there]) | (usage[by_rep] == 0)
            for k in alone.others[np.isfinite(left[alone.others])].tolist():
                amount = usage * family.reps[k, reps]
                fits &= (np.cumsum(amount) <= left[k]) | (amount == 0)
        return fits


class _Alone(NamedTuple):
    """The rows of a family that are about one rep or none: which ones, that rep, and what a unit there takes."""

    row: Ints
    rep: Ints
    taken: Floats
    others: Ints

    @classmethod
    def of(cls, family: Family) -> "_Alone":
        n_reps = (family.reps > 0).sum(axis=1)
        row = np.flatnonzero(n_reps == 1)
        rep = np.nonzero(family.reps[row] > 0)[1]
        return cls(row, rep, family.reps[row, rep], np.flatnonzero(n_reps > 1))

    def least_by_rep(self, room: Floats, n_reps: int) -> Floats:
        """Return what these rows leave to a lead at each rep, in units of the family's usage; inf = no bound."""
        left = np.full(n_reps, np.inf)
        np.minimum.at(left, self.rep, room[self.row] / self.taken)
        return left


def _least_by_rep(reps: Floats, room: Floats) -> Floats:
    """Return what the rows of a family together leave to a lead at each rep, in units of its usage; inf = no bound."""
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(reps > 0, room[:, None] / reps, np.inf)
    return np.asarray(left.min(axis=0, initial=np.inf))
