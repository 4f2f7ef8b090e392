"""Minimums first: leads go to whoever lacks something, and then all others are placed that fit.

It is done at prices of all bounds, which may be rough. Who goes to a rep in need anyway comes first, then who loses
least by going there for what it brings. If a rep is full and still lacks something, those who bring little leave for
others, at ever higher pay for what is lacking.
"""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.drafts.room import LOOKS, Room, best_of
from leadopt.solvers.drafts.rows import Family, Rows, counted_in

# How often room is made for what reps lack, and which part of their leads leave at a time.
_ROOM_MADE, _PART_OUT = 4, 0.2
# Cells of leads by reps in need that are worked out at a time, and how many reps are read in the time of one.
_CELLS, _COPIED = 10_000_000, 8


def served(
    problem: Problem, rows: Rows, y: Floats, usual: Floats, looks: int = LOOKS, meter: Meter | None = None
) -> Ints:
    """Return an answer, int64 (n_leads,), -1 = pool, that keeps all upper bounds.

    And minimums, as far as so many looks at pairs suffice, or the time of a meter.

    Parameters
    ----------
    y
        (n_rows,), prices
    usual
        (n_rows,), usual ones: steps in which the pay for what is lacking rises
    """
    return _Serving(problem, rows, problem.pins.copy()).served(y, usual, looks, Meter() if meter is None else meter)


class _Serving(Room):
    """An answer in the making whose minimums are served."""

    def served(self, y: Floats, usual: Floats, looks: int, meter: Meter) -> Ints:
        costs = [family.cost(y) for family in self.rows.families]
        everybody, self.looks, self.meter = np.flatnonzero(self.free), 0, meter
        best = np.full(len(self.answer), -1)
        margin, worth = np.zeros(len(self.answer)), np.zeros(len(self.answer))
        anywhere = np.full(self.rows.n, np.inf)
        best[everybody], margin[everybody], worth[everybody] = self._margins(everybody, anywhere, costs)
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
            if self._over(looks) or not lacking.any():
                break
            y = np.where(lacking, y - usual, y)
            costs = [family.cost(y) for family in self.rows.families]
            self._make_room(families)
            self._serve(families, costs, worth, looks, moving=True, paid=True)
            self._deal(costs, looks)
        self._fill(max(0, looks - self.looks))
        return self.answer

    def _over(self, looks: int) -> bool:
        return self.looks >= looks or self.meter.left_s <= 0

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
            while not self._over(looks) and (lacking := self._lack(family) > 0).any():
                needy = np.append((family.reps[lacking] > 0).any(axis=0), False)
                there = self.answer[counted]
                waiting = counted[there < 0]
                if moving:
                    waiting = np.append(waiting, self._spared(counted[(there >= 0) & ~needy[there]]))
                reps = np.flatnonzero(needy)[: max(1, _CELLS // max(1, len(waiting)))]
                if not self._serve_reps(family, waiting, reps, costs, worth, paid):
                    break

    def _spared(self, leads: Ints) -> Ints:
        """Return which of some placed leads may each leave its rep with that one's minimums kept."""
        load, reps, may = self._load(), self.answer[leads], np.ones(len(leads), dtype=bool)
        spare = np.where(self.hard & (self.rows.lower > 0), load - self.rows.lower, np.inf)
        for family, left in zip(self.rows.families, self._rooms(spare), strict=True):
            if not np.isposinf(left).all():
                taken = self._taken(family, leads, reps)
                may &= (taken == 0) | (taken <= left[reps])
        return leads[may]

    def _serve_reps(
        self, family: Family, waiting: Ints, reps: Ints, costs: list[Floats], worth: Floats, paid: bool
    ) -> bool:
        """Give some reps what they lack, who is still in need, until nobody goes; return whether any lead went."""
        rooms = self._rooms(np.where(self.hard, self.rows.upper - self._load(), np.inf))
        self.looks += len(waiting) * (len(reps) + self.problem.n_reps // _COPIED)
        width = self.problem.n_reps
        parts = over_blocks(len(waiting), width, lambda a, b, _: self._worth(waiting[a:b], rooms, costs, reps))
        gains, any_ = np.concatenate([np.zeros((0, len(reps))), *parts]), False
        before = self.answer[waiting]
        while len(waiting) and len(reps):
            best, gain = best_of(gains, -np.inf)
            able = best >= 0
            some, rep, gain = waiting[able], reps[best[able]], gain[able]
            usage = self._taken(family, some, rep)
            with np.errstate(divide="ignore", invalid="ignore"):
                loss = np.where(usage > 0, (worth[some] - gain) / (1.0 if paid else usage), np.inf)
            if not self._give(family, some, rep, loss):
                break
            any_ = True
            lacking = np.asarray((family.reps[self._lack(family) > 0] > 0).any(axis=0))[reps]
            left = self.answer[waiting] == before
            gains, waiting, before, reps = gains[left][:, lacking], waiting[left], before[left], reps[lacking]
        return any_

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
