"""What is left to decide under capacities alone, once pins have their slots; and how to place leads in haste."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.linear_algebra import inner
from leadopt.problem.problem import Problem
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.problem.reduced_gains import largest_gain
from leadopt.solvers.base import Answer
from leadopt.solvers.flow.duals import with_closed_prices
from leadopt.solvers.flow.equal_leads import Groups, group_leads
from leadopt.solvers.flow.infeasible import refuse_pins
from leadopt.solvers.flow.limit_tree import LimitTree, Room, limit_tree, room_beside_pins
from leadopt.solvers.oracles.envelopes import EnvelopeOracle

_CELLS = 1 << 21  # gains looked at together
_ROUNDS = 8  # in which leads are placed together
_PER_ROW = 32  # leads per row of rates from which on envelopes are quicker than a look at each, as in `ties`


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """The leads that are not pinned, and the slots that pins leave.

    Parameters
    ----------
    tree, room
        the capacities as nodes, and what is left of them
    leads
        the leads in question, ascending; indices of leads below are places in it unless said otherwise
    """

    problem: Problem
    tree: LimitTree
    room: Room
    leads: Ints

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return what pins leave of a problem without further limits; raise `Infeasible` where they exceed one."""
        tree = limit_tree(problem)
        room = room_beside_pins(problem, tree)
        refuse_pins(problem, tree, room)
        return cls(problem=problem, tree=tree, room=room, leads=np.flatnonzero(problem.pins < 0))

    @property
    def closed(self) -> Bools:
        """Which reps have no slot left."""
        return np.asarray(self.room.upper <= 0)

    @property
    def n_pairs(self) -> int:
        """How many pairs of leads and reps there are, of eligible ones where these alone are held."""
        affinity = self.problem.affinity
        if affinity.is_sparse:
            return int(affinity.n_options[affinity.row[self.leads]].sum())
        return len(self.leads) * self.problem.n_reps

    @property
    def largest(self) -> float:
        """The largest absolute gain or reserve that anybody can have: what is small beside it is rounding."""
        return largest_gain(self.problem)

    @property
    def all_placed(self) -> bool:
        """Whether no lead may stay in the pool."""
        return bool(np.isneginf(self.problem.reserve))

    def left_by(self, rep_of: Ints) -> Room:
        """Return the room beside leads that have a rep (-1 = none); negative where there are too many."""
        loads = np.bincount(rep_of + 1, minlength=self.problem.n_reps + 1)[1:]
        return Room(lower=self.room.lower, upper=self.room.upper - loads)

    def groups(self, some: Ints) -> Groups:
        """Return some of the leads as groups of equal ones."""
        return group_leads(self.problem.affinity, self.tree.class_of_lead, self.leads[some])

    def worth(self, rep_of: Ints, prices: Floats) -> Floats:
        """Return what each lead gains after prices where it is, float64 (n_leads,)."""
        worth = np.full(len(self.leads), self.problem.reserve)
        placed = np.flatnonzero(rep_of >= 0)
        worth[placed] = self.problem.affinity.at(self.leads[placed], rep_of[placed]) - prices[rep_of[placed]]
        return worth

    def answer(self, rep_of: Ints, prices: Floats, *, stopped: bool = False) -> Answer:
        """Return an answer from the rep of each lead; the prices of closed reps are filled in."""
        rep_of_lead = self.problem.pins.copy()
        rep_of_lead[self.leads] = rep_of
        prices = with_closed_prices(self.problem, self.leads, self.room, prices, np.zeros(0))
        return Answer(
            rep_of_lead=rep_of_lead,
            prices=prices,
            limit_prices=np.zeros(0),
            stopped=stopped,
        )

    def bound(self, prices: Floats) -> float:
        """Return what the leads in question are worth at most by some prices, -inf if one has no option."""
        affinity, reserve = self.problem.affinity, self.problem.reserve
        paid = inner(prices, self.room.upper)
        free = self.problem.pins < 0
        if affinity.is_sparse:
            return paid + sum(
                affinity.over_pairs(None, lambda start, pairs: _left(pairs, prices, reserve, free[start:]))
            )
        if not affinity.is_dense and affinity.n_leads >= _PER_ROW * affinity.n_rows:
            return paid + EnvelopeOracle.of(affinity, self.leads, reserve).loads(prices).value

        def best(start: int, stop: int, scratch: Floats) -> float:
            after = np.subtract(affinity.between(start, stop, scratch), prices, out=scratch)
            return float(after.max(axis=1, initial=reserve)[free[start:stop]].sum())

        return paid + sum(over_blocks(self.problem.n_leads, self.problem.n_reps, best))

    def placed(self, rep_of: Ints, prices: Floats) -> Ints:
        """Return the rep of each lead, those without one (-1) placed on free slots where that gains, best first.

        A lead asks for its best rep after prices, and a rep takes those that lose most if it does not. Who is turned
        down asks for the best of those that have slots left. O(n_reps) for each lead that has no rep.
        """
        rep_of, free = rep_of.copy(), self.left_by(rep_of).upper
        waiting = np.flatnonzero(rep_of < 0)
        step = max(1, _CELLS // max(1, self.problem.n_reps))
        for start in range(0, len(waiting), step):
            if not (free > 0).any():
                break
            some = waiting[start : start + step]
            gains = self.problem.affinity.of(self.leads[some])
            after = np.where(gains > self.problem.reserve, gains - prices, -np.inf)
            rep_of[some] = _place(after, free)
        return rep_of


def _left(pairs: SparseRows, prices: Floats, reserve: float, free: Bools) -> float:
    """Return what the free ones of some leads have after prices at most."""
    after = pairs.gain - prices[pairs.rep]
    return float(pairs.mapped(lambda _: after).best(reserve)[free[: len(pairs)]].sum())


def _place(after: Floats, free: Ints) -> Ints:
    """Return a rep or -1 for each row of gains after prices, and take the slots off those that are free.

    Each round, who asks is placed, or finds a rep full for good. Where all want the same reps, there would be as many
    rounds as reps: after a few, leads are placed one by one, those that lose most first.
    """
    rep_of = np.full(len(after), -1, dtype=np.int64)
    asking = np.arange(len(after))
    for _ in range(_ROUNDS):
        if not len(asking):
            break
        after[:, free <= 0] = -np.inf
        rows = after[asking]
        best = rows.argmax(axis=1)
        first = rows[np.arange(len(rows)), best]
        rows[np.arange(len(rows)), best] = -np.inf
        can = first > -np.inf
        asking, best = asking[can], best[can]
        loss = first[can] - rows[can].max(axis=1, initial=-np.inf)
        order = np.lexsort((-loss, best))
        asking, best = asking[order], best[order]
        taken = np.arange(len(best)) - np.searchsorted(best, best) < free[best]
        rep_of[asking[taken]] = best[taken]
        free -= np.bincount(best[taken], minlength=len(free))
        order = np.argsort(-loss[order][~taken], kind="stable")
        asking = asking[~taken][order]
    for lead in asking.tolist():
        row = np.where(free > 0, after[lead], -np.inf)
        best_one = int(row.argmax())
        if row[best_one] > -np.inf:
            rep_of[lead] = best_one
            free[best_one] -= 1
    return rep_of
