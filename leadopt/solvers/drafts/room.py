"""An answer in the making, and what room its bounds leave: leads are taken out, served and filled in."""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.solvers.drafts.rows import Family, Rows, columns_of, usage_at

LOOKS = 30_000_000
"""Looks at pairs in all rounds that fill what room is left; leads with the greatest gain come first."""
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

    def served(self) -> Ints:
        """Return the answer with leads given to whoever lacks something, and then all others placed that fit."""
        hard = np.flatnonzero(self.hard & (self.rows.lower > 0))
        families = [family for family in self.rows.families if np.isin(family.member, hard).any()]
        # What few leads can give comes first, and what any lead gives as well as another one last.
        looks = LOOKS
        for family in sorted(families, key=self._n_counted):
            while looks > 0 and (looked := self._serve(family)):
                looks -= looked * self.problem.n_reps
        self._fill()
        return self.answer

    def dealt(self, y: Floats) -> bool:
        """Place every lead of the pool where it gains most after prices of the rows; return whether all have a place.

        Who would lose most with anybody else comes first.
        """
        waiting = np.flatnonzero(self.free & (self.answer < 0))
        costs = [family.cost(y) for family in self.rows.families]
        while len(waiting):
            room = np.where(self.hard, self.rows.upper - self._load(), np.inf)
            rep, margin = self._margins(waiting, room, costs)
            self.looks += len(waiting) * self.problem.n_reps
            order = np.argsort(-margin, kind="stable")
            chosen = order[self._fitting(waiting[order], rep[order], room)]
            if (rep < 0).any() or not len(chosen):
                return False
            self.answer[waiting[chosen]] = rep[chosen]
            waiting = np.delete(waiting, chosen)
        return True

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
        if not len(lacking) or not self.problem.n_reps:
            return 0
        waiting = np.flatnonzero(self.free & (self.answer < 0))
        waiting = waiting[usage_at(family, self.problem, waiting, np.zeros(len(waiting), dtype=np.int64))[0]]
        if not len(waiting):
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

    def _wishes(self, leads: Ints, room: Floats, lacking: Bools | None = None) -> tuple[Ints, Floats]:
        """Return where each lead gains most among the reps that have room for it alone, -1 = nowhere, and what.

        It gains more than in the pool; but with reps that are `lacking` it is whatever it gains.
        """
        problem = self.problem
        least = problem.reserve if lacking is None else -np.inf
        rooms = self._rooms(room)

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            some = leads[start:stop]
            gains = problem.affinity.of(some)
            if lacking is not None:
                gains[:, ~lacking] = -np.inf
            self._close(gains, some, rooms)
            return best_of(gains, least)

        return joined(over_blocks(len(leads), problem.n_reps, look))

    def _margins(self, leads: Ints, room: Floats, costs: list[Floats]) -> tuple[Ints, Floats]:
        """Return where each lead gains most after costs among the reps that have room for it alone, and its margin.

        -1 = nowhere; the margin is to the next rep, inf if there is none.
        """
        problem, rooms = self.problem, self._rooms(room)

        def look(start: int, stop: int, _: Floats) -> tuple[Ints, Floats]:
            some = leads[start:stop]
            gains, every = problem.affinity.of(some), np.arange(stop - start)
            for family, cost in zip(self.rows.families, costs, strict=True):
                if family.limit is None:
                    gains -= cost
                    continue
                inside = usage_at(family, problem, some, np.zeros(len(some), dtype=np.int64))[0]
                columns, usage = columns_of(family.limit, some, cost != 0.0)
                gains[:, columns] -= inside[:, None] * usage * cost[columns]
            self._close(gains, some, rooms)
            best, most = best_of(gains, -np.inf)
            gains[every, best] = -np.inf
            with np.errstate(invalid="ignore"):
                margin = most - gains.max(axis=1, initial=-np.inf)
            return best, np.where(best < 0, -np.inf, margin)

        return joined(over_blocks(len(leads), problem.n_reps, look))

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
            inside = usage_at(family, self.problem, leads, np.zeros(len(leads), dtype=np.int64))[0]
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


def joined(parts: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    none = (np.zeros(0, dtype=np.int64), np.zeros(0))
    return np.concatenate([none[0], *(part[0] for part in parts)]), np.concatenate(
        [none[1], *(part[1] for part in parts)]
    )
