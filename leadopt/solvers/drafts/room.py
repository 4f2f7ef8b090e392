"""An answer in the making, and what room its bounds leave: leads are taken out, served and filled in."""

from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.solvers.drafts.rows import Family, Rows, columns_of, counted_in, usage_at

LOOKS = 30_000_000
"""Looks at pairs in all rounds that fill what room is left; leads with the greatest gain come first."""
_ROUNDS = 50  # in which leads are taken out: each mends every row but where minimums hold leads


class Room:
    """An answer in the making, and what is left of the upper and lower bound of each row beside it.

    `looks` counts those at pairs while leads are dealt. Rows with a penalty are filled no further than their bounds,
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
        rooms, free = self._rooms(room), [np.zeros(self.problem.n_reps)] * len(self.rows.families)

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            return best_of(self._worth(leads[start:stop], rooms, free), self.problem.reserve)

        rep, gain = joined(over_blocks(len(leads), self.problem.n_reps, look), 2)
        return rep, gain

    def _margins(self, leads: Ints, room: Floats, costs: list[Floats]) -> tuple[Ints, Floats, Floats]:
        """Return where each lead is worth most after costs among the reps that have room for it alone, or in the pool.

        And by how much it beats the next option, inf if there is none, and what it is worth. -1 = the pool, or nowhere.
        """
        problem, rooms, pool = self.problem, self._rooms(room), self.problem.reserve

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats, Floats]:
            gains, every = self._worth(leads[start:stop], rooms, costs), np.arange(stop - start)
            best, most = best_of(gains, pool)
            if problem.n_reps:
                gains[every, gains.argmax(axis=1)] = -np.inf
            with np.errstate(invalid="ignore"):
                margin = np.where(best < 0, pool - most, most - np.maximum(gains.max(axis=1, initial=-np.inf), pool))
            return best, margin, np.maximum(most, pool)

        self.looks += len(leads) * problem.n_reps
        best, margin, worth = joined(over_blocks(len(leads), problem.n_reps, look), 3)
        return best, np.where(np.isnan(margin), -np.inf, margin), worth

    def _worth(self, leads: Ints, rooms: list[Floats], costs: list[Floats], reps: Ints | None = None) -> Floats:
        """Return what leads are worth after costs with all reps, or some; -inf with those who have no room for them."""
        chosen = slice(None) if reps is None else reps
        gains = self.problem.affinity.of(leads)[:, chosen]
        for family, every_cost, every_left in zip(self.rows.families, costs, rooms, strict=True):
            cost, left = every_cost[chosen], every_left[chosen]
            if family.limit is None:
                gains -= cost
                gains[:, left < 1.0] = -np.inf
                continue
            bounds = (cost != 0.0) | ~np.isposinf(left)
            if not bounds.any():
                continue
            inside = counted_in(family, self.problem, leads)
            columns, usage = columns_of(family.limit, leads, bounds, chosen)
            after = gains[:, columns] - inside[:, None] * usage * cost[columns]
            gains[:, columns] = np.where(inside[:, None] & (usage > left[columns]), -np.inf, after)
        return gains

    def _rooms(self, room: Floats) -> list[Floats]:
        """Return what the rows of each family leave to a lead at each rep."""
        return [_least_by_rep(family.reps, room[family.member]) for family in self.rows.families]

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
