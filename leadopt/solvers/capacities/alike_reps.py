"""Reps with whom every lead gains the same are one rep with all their slots: ties between them decide nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import Infeasible
from leadopt.problem.blocks import over_blocks
from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.solvers.base import Answer, Near
from leadopt.solvers.flow.limit_tree import limit_tree, room_beside_pins

_WORTH_A_LOOK = 100_000  # pairs; fewer are solved as soon
_FEWER = 0.75  # share of the reps that are left; with more, little is won by a matrix without the others
_SAMPLED = 32  # rows that tell nearly always that no two reps are alike


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeReps:
    """A problem without limits beside capacities in which alike reps are one, and the way back.

    `rep_of` has the rep of `merged` that each rep is.
    """

    problem: Problem
    merged: Problem
    rep_of: Ints

    @classmethod
    def of(cls, problem: Problem) -> "AlikeReps | None":
        """Return the smaller problem, None where no reps are alike, or finding that out is not worth it."""
        affinity = problem.affinity
        if affinity.is_sparse or affinity.n_leads * affinity.n_reps < _WORTH_A_LOOK:
            return None
        rates = affinity.full_rates()
        first = _first_alike(rates[:: 1 + len(rates) // _SAMPLED])
        if (first == np.arange(len(first))).all():
            return None
        same = _same(rates, first)
        kept, rep_of = np.unique(np.where(same, first, np.arange(len(first))), return_inverse=True)
        if len(kept) > _FEWER * len(first):
            return None
        slots = np.zeros(len(kept), dtype=np.int64)
        np.add.at(slots, rep_of, np.minimum(problem.capacity, affinity.n_leads))
        merged = Problem(
            affinity=Affinity(rates=np.ascontiguousarray(rates[:, kept]), row=affinity.row, scale=affinity.scale),
            capacity=slots,
            pins=np.where(problem.pins < 0, -1, rep_of[problem.pins]),
            reserve=problem.reserve,
        )
        return cls(problem=problem, merged=merged, rep_of=rep_of)

    def solved(self, near: Near, solve: Callable[[Problem, Near], Answer]) -> Answer | None:
        """Return the answer of the whole problem from that of the merged one: free leads fill one rep after another.

        None where there is none: why, and which reps are meant, the whole problem says.
        """
        try:
            found = solve(self.merged, Near(prices=self._least(near.prices)))
        except Infeasible:
            return None
        reps = np.argsort(self.rep_of, kind="stable")
        room = np.maximum(room_beside_pins(self.problem, limit_tree(self.problem)).upper[reps], 0)
        slot = np.repeat(reps, np.minimum(room, self.problem.n_leads))
        first = np.searchsorted(self.rep_of[slot], np.arange(self.merged.n_reps))
        free = np.flatnonzero((self.problem.pins < 0) & (found.rep_of_lead >= 0))
        order = free[np.argsort(found.rep_of_lead[free], kind="stable")]
        merged = found.rep_of_lead[order]
        rep_of_lead = self.problem.pins.copy()
        rep_of_lead[order] = slot[first[merged] + np.arange(len(order)) - np.searchsorted(merged, merged)]
        return replace(found, rep_of_lead=rep_of_lead, prices=found.prices[self.rep_of], undecided=None)

    def _least(self, prices: Floats | None) -> Floats | None:
        """Return the least of the prices of those who are one, None for none."""
        if prices is None:
            return None
        least = np.full(self.merged.n_reps, np.inf)
        np.minimum.at(least, self.rep_of, prices)
        return least


def solved_as_one(problem: Problem, near: Near, solve: Callable[[Problem, Near], Answer]) -> Answer | None:
    """Return the answer of a problem by that of the one in which alike reps are one; None where that is no way."""
    alike = AlikeReps.of(problem)
    return None if alike is None else alike.solved(near, solve)


def _first_alike(rates: Floats) -> Ints:
    """Return the first rep with the same rates, for each rep."""
    _, first, alike = np.unique(rates, axis=1, return_index=True, return_inverse=True)
    return np.asarray(first[alike.reshape(-1)])


def _same(rates: Floats, as_rep: Ints) -> Bools:
    """Return which reps have the rates of another one."""
    other = np.flatnonzero(as_rep != np.arange(len(as_rep)))
    parts = over_blocks(
        len(rates), len(as_rep), lambda a, b, _: (rates[a:b, other] == rates[a:b, as_rep[other]]).all(axis=0)
    )
    found = np.ones(len(as_rep), dtype=np.bool_)
    found[other] = np.logical_and.reduce(parts)
    return found
