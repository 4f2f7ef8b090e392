"""An answer in the making, and what room its bounds leave: leads are taken out, served and filled in."""

from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.solvers.drafts.rows import Family, Rows, columns_of, counted_in, usage_at

LOOKS = 30_000_000
"""Looks at pairs in all rounds that fill what room is left; leads with the greatest gain come first."""
# How often room is made for what reps lack, and which part of their leads leave at a time.
_ROOM_MADE, _PART_OUT = 4, 0.1
_ROUNDS = 50  # in which leads are taken out: each mends every row but where minimums hold leads


class Room:
    """An answer in the making, and what is left of the upper and lower bound of each row beside it.

    `looks` counts those at pairs while leads are `dealt`. Rows with a penalty are filled no further than their bounds,
    unless every lead must be placed: then they give way.
    """

    def __init__(self, problem: Problem, rows: Rows, answer: Ints) -> None:
        self.problem, self.rows, self.answer = problem, rows, answer
        self.hard = np.isinf(rows.penalty)
        self.free = problem.pins < 0
        self.alone = [_Alone.of(family) for family in rows.families]
        self.looks = 0
        self.pool = 0.0 if np.isneginf(problem.reserve) else problem.reserve

    def mended(self, looks: int = LOOKS) -> Ints:
        for _ in range(_ROUNDS):
            if not self._take_out():
                break
        self._fill(looks)
        return self.answer

    def served(self, y: Floats, usual: Floats, looks: int = LOOKS) -> Ints:
        """Return the answer with leads given to whoever lacks something, and then all others placed that fit.

        What a lead gains is after prices `y` of the rows. Who goes to a rep in need anyway comes first, then who loses
        least by going there for what it brings. If a rep is full and still lacks something, those who bring little
        leave for others, at ever higher pay for what is lacking, in steps of the `usual` prices.
        """
        costs = [family.cost(y) for family in self.rows.families]
        everybody, self.looks = np.flatnonzero(self.free), 0
        wishes = self._margins(everybody, np.full(self.rows.n, np.inf), costs)
        best, margin, worth = (_spread(part, everybody, len(self.answer)) for part in wishes)
        hard = np.flatnonzero(self.hard & (self.rows.lower > 0))
        families = [family for family in self.rows.families if np.isin(family.member, hard).any()]
        # What few leads can give comes first, and what any lead gives as well as another one last.
        families.sort(key=self._n_counted)
        for family in families:
            # In no order, so that they take of other rows what leads there usually take.
            waiting = self._counted(family, np.flatnonzero(self.free & (self.answer < 0)))
            self._give(family, waiting, best[waiting], np.zeros(len(waiting)))
            self._serve([family], costs, worth, looks)
        waiting = np.flatnonzero(self.free & (self.answer < 0) & (best >= 0))
        self._place(waiting, best[waiting], -margin[waiting])
        self._deal(costs, looks)
        self._serve(families, costs, worth, looks, moving=True)
        for _ in range(_ROOM_MADE):
            load = self._load()
            lacking = self.hard & (self.rows.lower > 0) & (load < self.rows.lower)
            if self.looks >= looks or not lacking.any():
                break
            y = np.where(lacking, y - usual, y)
            costs = [family.cost(y) for family in self.rows.families]
            self._make_room(families)
            self._serve(families, costs, worth, looks, moving=True, paid=True)
            self._deal(costs, looks)
        self._fill(max(0, looks - self.looks))
        return self.answer

    def _make_room(self, families: list[Family]) -> None:
        """Take leads that count least for what a rep lacks away from there."""
        out = np.zeros(len(self.answer), dtype=bool)
        load, lower = self._load(), self.rows.lower
        spare = np.where(self.hard & (lower > 0) & (load >= lower), load - lower, np.inf)
        for family in families:
            lacking = self._lack(family) > 0
            needy = np.append((family.reps[lacking] > 0).any(axis=0), False)
            leads = np.flatnonzero(self.free & needy[self.answer] & ~out)
            if not len(leads):
                continue
            reps = self.answer[leads]
            order = np.lexsort((self._taken(family, leads, reps), reps))
            first = np.searchsorted(reps[order], reps[order])
            n_leads = np.bincount(reps)[reps[order]]
            leads = leads[order[np.arange(len(order)) - first < np.ceil(_PART_OUT * n_leads)]]
            leads = leads[self._fitting(leads, self.answer[leads], spare)]
            spare -= self.rows.loads(self.problem, leads, self.answer[leads])
            out[leads] = True
        self.answer[out] = -1

    def dealt(self, y: Floats) -> bool:
        """Place every lead of the pool where it gains most after prices of the rows; return whether all have a place.

        Who would lose most with anybody else comes first.
        """
        return self._deal([family.cost(y) for family in self.rows.families])

    def _deal(self, costs: list[Floats], looks: float = np.inf) -> bool:
        """Place leads of the pool as `dealt` does, after so many looks in all at most; return whether none is left.

        Those who are worth no more than in the pool stay there. Where all must be placed, it ends at one who cannot.
        """
        waiting = np.flatnonzero(self.free & (self.answer < 0))
        while len(waiting) and self.looks < looks:
            room = np.where(self.hard, self.rows.upper - self._load(), np.inf)
            rep, margin, _ = self._margins(waiting, room, costs)
            if np.isneginf(self.problem.reserve) and (rep < 0).any():
                return False
            waiting, rep, margin = waiting[rep >= 0], rep[rep >= 0], margin[rep >= 0]
            if not self._place(waiting, rep, -margin):
                break
            waiting = waiting[self.answer[waiting] < 0]
        return not (self.free & (self.answer < 0)).any()

    def _place(self, leads: Ints, reps: Ints, loss: Floats) -> bool:
        """Place leads with the given reps as far as there is room, who loses least first; return whether any fits.

        Who is placed already leaves a rep only while that one's minimums are kept.
        """
        order = np.argsort(loss, kind="stable")
        leads, reps = leads[order], reps[order]
        load, before = self._load(), self.answer[leads]
        fits = self._fitting(leads, reps, np.where(self.hard, self.rows.upper - load, np.inf))
        if (moved := fits & (before >= 0)).any():
            spare = np.where(self.hard & (self.rows.lower > 0), load - self.rows.lower, np.inf)
            fits[moved] = self._fitting(leads[moved], before[moved], spare)
        self.answer[leads[fits]] = reps[fits]
        return bool(fits.any())

    def _n_counted(self, family: Family) -> tuple[int, bool]:
        n = self.problem.n_leads
        return n if family.limit is None or family.limit.leads is None else len(family.limit.leads), family.counts_leads

    def _counted(self, family: Family, leads: Ints) -> Ints:
        """Return which of some leads a family counts."""
        return leads[counted_in(family, self.problem, leads)]

    def _lack(self, family: Family) -> Floats:
        member = family.member
        return np.where(self.hard[member], self.rows.lower[member] - self._load()[member], 0.0)

    def _serve(
        self,
        families: list[Family],
        costs: list[Floats],
        worth: Floats,
        looks: int,
        moving: bool = False,
        paid: bool = False,
    ) -> None:
        """Give each rep that lacks something in the rows of some families leads, while that helps and looks last.

        Parameters
        ----------
        worth
            (n_leads,), what each lead is worth at best, after costs
        moving
            whether leads come not only from the pool, but from reps who lack nothing in the family, too
        paid
            whether costs pay for what is lacking in full, so that who gains most comes first
        """
        for family in families:
            counted = self._counted(family, np.flatnonzero(self.free))
            while self.looks < looks and (lacking := self._lack(family) > 0).any():
                needy = np.append((family.reps[lacking] > 0).any(axis=0), False)
                there = self.answer[counted]
                waiting = counted[~needy[there] if moving else there < 0]
                room = np.where(self.hard, self.rows.upper - self._load(), np.inf)
                rep, _, gain = self._margins(waiting, room, costs, needy[:-1])
                waiting, rep, gain = waiting[rep >= 0], rep[rep >= 0], gain[rep >= 0]
                usage = self._taken(family, waiting, rep)
                with np.errstate(divide="ignore", invalid="ignore"):
                    loss = np.where(usage > 0, (worth[waiting] - gain) / (1.0 if paid else usage), np.inf)
                if not self._give(family, waiting, rep, loss):
                    break

    def _give(self, family: Family, leads: Ints, reps: Ints, loss: Floats) -> bool:
        """Place leads with the given reps (-1 = nowhere) while these lack something in a family's rows, as `_place`."""
        lack = self._lack(family)
        order = np.argsort(loss, kind="stable")
        order = order[reps[order] >= 0]
        leads, reps, loss = leads[order], reps[order], loss[order]
        usage, wanted = self._taken(family, leads, reps), np.zeros(len(leads), dtype=bool)
        for k in np.flatnonzero(lack > 0).tolist():
            amount = usage * family.reps[k, reps]
            wanted |= (amount > 0) & (np.cumsum(amount) - amount < lack[k])
        return self._place(leads[wanted], reps[wanted], loss[wanted])

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

    def _fill(self, looks: int = LOOKS) -> None:
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

    def _wishes(self, leads: Ints, room: Floats) -> tuple[Ints, Floats]:
        """Return where each lead gains most among the reps that have room for it alone, -1 = the pool, and what."""
        problem, rooms = self.problem, self._rooms(room)

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            some = leads[start:stop]
            gains = problem.affinity.of(some)
            self._close(gains, some, rooms)
            return best_of(gains, problem.reserve)

        rep, gain = joined(over_blocks(len(leads), problem.n_reps, look), 2)
        return rep, gain

    def _margins(
        self, leads: Ints, room: Floats, costs: list[Floats], needy: Bools | None = None
    ) -> tuple[Ints, Floats, Floats]:
        """Return where each lead is worth most after costs among the reps that have room for it alone, or in the pool.

        And by how much it beats the next option, inf if there is none, and what it is worth. -1 = the pool, or nowhere.
        Where reps are `needy`, a mask, it goes to one of these, whatever it is worth.
        """
        problem, rooms = self.problem, self._rooms(room)
        pool = problem.reserve if needy is None else -np.inf

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats, Floats]:
            some = leads[start:stop]
            gains, every = problem.affinity.of(some), np.arange(stop - start)
            for family, cost in zip(self.rows.families, costs, strict=True):
                if not cost.any():
                    continue
                if family.limit is None:
                    gains -= cost
                    continue
                inside = counted_in(family, problem, some)
                columns, usage = columns_of(family.limit, some, cost != 0.0)
                gains[:, columns] -= inside[:, None] * usage * cost[columns]
            if needy is not None:
                gains[:, ~needy] = -np.inf
            self._close(gains, some, rooms)
            best, most = best_of(gains, pool)
            if problem.n_reps:
                gains[every, gains.argmax(axis=1)] = -np.inf
            with np.errstate(invalid="ignore"):
                margin = np.where(best < 0, pool - most, most - np.maximum(gains.max(axis=1, initial=-np.inf), pool))
            return best, margin, np.maximum(most, pool)

        self.looks += len(leads) * problem.n_reps
        best, margin, worth = joined(over_blocks(len(leads), problem.n_reps, look), 3)
        return best, np.where(np.isnan(margin), -np.inf, margin), worth

    def _rooms(self, room: Floats) -> list[Floats]:
        """Return what the rows of each family leave to a lead at each rep."""
        return [_least_by_rep(family.reps, room[family.member]) for family in self.rows.families]

    def _close(self, gains: Floats, leads: Ints, rooms: list[Floats]) -> None:
        """Make the gain of some leads -inf with reps who have no room for them."""
        for family, left in zip(self.rows.families, rooms, strict=True):
            if np.isposinf(left).all():
                continue
            if family.limit is None:
                gains[:, left < 1.0] = -np.inf
                continue
            inside = counted_in(family, self.problem, leads)
            columns, usage = columns_of(family.limit, leads, ~np.isposinf(left))
            gains[:, columns] = np.where(inside[:, None] & (usage > left[columns]), -np.inf, gains[:, columns])

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


def best_of(gains: Floats, reserve: float) -> tuple[Ints, Floats]:
    if not gains.shape[1]:
        return np.full(len(gains), -1), np.full(len(gains), -np.inf)
    best = gains.argmax(axis=1)
    most = gains[np.arange(len(gains)), best]
    return np.where(most > reserve, best, -1), most


def joined(parts: list[Any], n: int) -> Any:
    """Return parts of `n` columns, the first of whole numbers, as whole columns."""
    kinds = [np.int64] + [np.float64] * (n - 1)
    return tuple(np.concatenate([np.zeros(0, dtype=kinds[k]), *(part[k] for part in parts)]) for k in range(n))


def _spread(part: Any, leads: Ints, n: int) -> Any:
    """Return figures of some leads among those of all; the others' are -1 or less."""
    found = np.full(n, -1 if part.dtype == np.int64 else -np.inf, dtype=part.dtype)
    found[leads] = part
    return found
