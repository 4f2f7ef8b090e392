r"""Ejection chains: from a nearly allowed answer to an allowed one that is nearly best.

With prices y that give a bound, what an answer lacks to it is

.. math:: \sum_i loss_i + \sum_k y_k^+ (upper_k - load_k) + y_k^- (load_k - lower_k)

where loss is what a lead is worth less after prices than with its best option. Beyond a hard bound a slope takes the
place of the price, so that one sum measures both what is broken and what is lost. A chain moves a lead, then one of
those at the rep where it went, and so on, always the cheapest next; its best beginning is kept if that pays.

References
----------
Glover (1996), Ejection chains, reference structures and alternating path methods for traveling salesman problems.
doi:10.1016/0166-218X(94)00037-E. Lin and Kernighan (1973), doi:10.1287/opre.21.2.498
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import Meter, apart
from leadopt.solvers.compiled import compiled
from leadopt.solvers.lagrangian.chain_kernels import Bounds, Choices, Effort, Scratch, chains
from leadopt.solvers.lagrangian.program import Core

_CHEAPER = 0.5  # share of the dearest move, from stage to stage: a dear one that is made early stays
_WORTHWHILE = 0.03  # of what is lacking: a round that wins less is the last of its stage
_LEAST = 1e-9  # of what is lacking: less is rounding
_BROKEN = (5.0, 100.0, 1e4, 1e6, 1e8)  # usual prices that a unit beyond a hard bound counts: more if less mends not all
_A_SECOND = 5e6  # looks, where time is limited
_SOON = 50_000  # looks, which take a hundredth of a second: nobody waits for these
_FAR = 1e300  # stands for no bound


class _Effort(NamedTuple):
    """Moves in a chain, stages of dearer and dearer moves, rounds of a stage, and looks at options in all of them."""

    depth: int
    stages: int
    rounds: int
    looks: int


_COMPILED = _Effort(depth=4, stages=5, rounds=3, looks=40_000_000)
_PLAIN = _Effort(depth=4, stages=2, rounds=2, looks=200_000)  # plain loops are some hundred times as slow


def improved(
    core: Core,
    y: Floats,
    at: Ints,
    unit: Floats,
    meter: Meter,
    spare_s: float = 1.0,
    nearest: int | None = None,
) -> tuple[Ints, float]:
    """Return options of a core's leads that lack less to the bound, and how much they still do.

    Parameters
    ----------
    y
        (n_rows,), prices
    at
        (n_leads,), the option of each lead to begin with
    unit
        (n_rows,), a usual price: several times as much is what breaking a hard bound counts
    spare_s
        seconds that it may take where there are none left
    nearest
        so many options a lead, those that lose least, take part; None = all. Among all options of many leads, one look
        at each in every chain would use up what looks there are before much is won
    """
    if not len(at):
        return at, 0.0
    effort = _COMPILED if compiled() else _PLAIN
    looks = int(min(effort.looks, (spare_s + max(meter.left_s, 0.0)) * _A_SECOND))
    dearest = np.inf if nearest is None else _at_rank(losses(core, y), nearest * len(core.leads))
    # What is allowed is not broken again for a gain.
    for broken in _BROKEN[1:] if core.allows(at) else _BROKEN:
        work = Search.of(core, y, broken * unit, broken)
        if looks <= 0 or meter.left_s + spare_s <= 0:
            break
        at, looks = work.searched(at, effort, looks, meter, dearest)
        if core.allows(at):
            break
    return at, work.lacking(at)


class Search(NamedTuple):
    """A core with what its options lose and its bounds cost."""

    core: Core
    loss: Floats
    lower: Floats
    upper: Floats
    slopes: Floats

    @classmethod
    def of(cls, core: Core, y: Floats, unit: Floats, broken: float) -> "Search":
        within, below = np.maximum(y, 0.0), np.maximum(-y, 0.0)
        beyond = np.maximum(broken * np.abs(y), unit)
        slopes = [within, np.minimum(core.penalty - within, beyond), below, np.minimum(core.penalty - below, beyond)]
        lower, upper = np.maximum(core.lower, -_FAR), np.minimum(core.upper, _FAR)
        return cls(core, losses(core, y), lower, upper, np.column_stack(slopes))

    def lacking(self, at: Ints) -> float:
        """Return what options lack to the bound."""
        load, slopes = self.core.loads(at), self.slopes
        above = slopes[:, 0] * np.maximum(self.upper - load, 0.0) + slopes[:, 1] * np.maximum(load - self.upper, 0.0)
        below = slopes[:, 2] * np.maximum(load - self.lower, 0.0) + slopes[:, 3] * np.maximum(self.lower - load, 0.0)
        return float(self.loss[at].sum() + above.sum() + below.sum())

    def searched(self, at: Ints, effort: _Effort, looks: int, meter: Meter, most: float = np.inf) -> tuple[Ints, int]:
        """Return options after chains from every start that loses no more than `most`, and the looks that are left."""
        loss, at = self.loss, at.copy()
        starts = np.argsort(loss, kind="stable")
        for stage in range(effort.stages):
            # An answer that lacks less has no option that loses more than this one lacks.
            dearest = min(float(loss.max(initial=0.0)), most, self.lacking(at)) * _CHEAPER ** (
                effort.stages - 1 - stage
            )
            won = 0.0
            for _ in range(effort.rounds):
                before = self.lacking(at)
                last, looks = self._chains(starts, at, effort.depth, dearest, before, looks)
                won += last
                if last <= _WORTHWHILE * before or meter.left_s <= 0:
                    break
            if won == 0.0 and self.core.allows(at):  # what is dearer still wins nothing either
                break
        return at, looks

    def after_chains(self, starts: Ints, at: Ints, depth: int, looks: int) -> Ints:
        """Return options after chains from some starts."""
        at = at.copy()
        self._chains(starts, at, depth, np.inf, self.lacking(at), looks)
        return at

    def _chains(
        self, starts: Ints, at: Ints, depth: int, dearest: float, before: float, looks: int
    ) -> tuple[float, int]:
        """Change options by chains from some starts; return what they win, and the looks that are left."""
        effort = Effort(depth, dearest, _LEAST * before, looks)
        scratch = Scratch.of(len(at), int(self.core.rep.max(initial=0)) + 1, depth)
        choices, bounds = self.choices(), self.bounds(at)

        def search() -> tuple[float, int]:
            return chains(choices, bounds, at, starts, effort, scratch)

        won, looks = search() if looks < _SOON else apart(search)
        return won, looks

    def choices(self) -> Choices:
        """Return the options as loops read them."""
        core, used = self.core, self.core.used
        indptr, indices = used.indptr.astype(np.int64), used.indices.astype(np.int64)
        return Choices(core.lead, core.first, core.rep, self.loss, indptr, indices, used.data)

    def bounds(self, at: Ints) -> Bounds:
        """Return the rows as loops read them; the loads are those of options, and may be written to."""
        return Bounds(self.core.loads(at), self.lower, self.upper, self.slopes)


def _at_rank(loss: Floats, rank: int) -> float:
    return float(np.partition(loss, rank)[rank]) if rank < len(loss) else np.inf


def losses(core: Core, y: Floats) -> Floats:
    """Return what each option is worth less after prices than the best one of its lead, float64 (n_options,)."""
    worth = core.gain - core.used.T @ y
    best = np.maximum.reduceat(worth, core.first[:-1]) if len(worth) else worth
    return np.asarray(best[core.lead] - worth)
