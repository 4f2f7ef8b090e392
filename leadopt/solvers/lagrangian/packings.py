r"""Branch and bound by packings, for reps who each have so much time.

With a price :math:`u_i` of each lead, each rep alone packs what brings it most into its time: a knapsack. All of these
and the prices together are no less than any answer is worth (`problem.knapsack_bound`), and far nearer to it than what
a linear program says: at E 100 x 20 of generalised assignment costs are 10,686.4 at least by these, 10,621 by that,
and 10,693 at best. What the bound loses if a lead goes to a rep comes from the same tables. So an answer that is to be
worth some target has few options left, often none.

Rules beside the time, such as slots, minimums and quotas, charge for what they bound at prices that are given: gains
are less by that, and the bound is more by what the rules are paid. Slots are counted on the way; a search that comes to
an answer that breaks another rule goes on.

Targets between the best answer and the bound are tried by trees of few nodes. In turn with these, all leads of a few
reps choose anew while the others stay.

References
----------
Fisher, Jaikumar and Van Wassenhove (1986), A multiplier adjustment method for the generalized assignment problem.
doi:10.1287/mnsc.32.9.1095. Posta, Ferland and Michelon (2012), An exact method with variable fixing for solving the
generalized assignment problem. doi:10.1007/s10589-011-9432-0. Harvey and Ginsberg (1995), Limited discrepancy search.
"""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.knapsack_bound import Knapsacks
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.drafts.drafts import worth
from leadopt.solvers.lagrangian.packing_kernels import (
    CUT,
    ENDED,
    ENTERS,
    FOUND,
    N_STATE,
    NODES,
    UNDER_WAY,
    Effort,
    Free,
    Open,
    Packing,
    Packs,
    Path,
    Scratch,
    Table,
    begin,
    explore,
    price,
)

_STEPS, _LENGTH = 15, 1.5  # of prices at a node; 10 steps of 1.5 and 20 of 1 take a tenth and a third more for a proof
_AT_ONCE = 10_000_000  # cells of tables between looks at the clock: about a hundredth of a second
_FIRST_STEPS, _FIRST_TIMES = 20, 60  # of prices at first, and how often
_PRICED, _DIVED = 0.3, 0.5  # parts of the time and work left for prices at first, and then for the way down
_LEAST_TREES = 1_000_000_000  # cells at least; else trees take as many as searches around have taken before
_SPAN, _LEAST_SPAN = 2e-3, 4e-6  # of all gains: by how much the first steps try to lower the bound
_FARTHER, _DIVES = 2e-3, 13  # of all gains: how far below the bound an answer is looked for, twice as far each time
_DIVE_STEPS, _DIVE_NODES = 3, 2  # of prices at its nodes; of these, by leads
_NOISE = 1e-12  # of all gains: rounding
_AMPLE = 2.0  # times what an answer can afford to lose: rounding leaves no option out
_PROOF = 1e-9  # of the best answer's gains: what a proof may be off by where gains are not whole numbers
_MOST_CELLS = 16_000_000  # of a table: 128 MB
_PARTS = (0.5, 0.25, 0.1, 0.0)  # of what may be won at most: what targets ask for
_SELDOM, _EVER = 3, 1 << 40  # how often a path may go against the likelier choice
_AT_FIRST, _IDLE = 30.0, 40  # leads that choose anew, and how often in vain before trees get a turn
_FEWEST, _MORE, _FEWER = 10.0, 1.02, 0.9  # leads: after a search that ended, and after one that did not
_AROUND = 2  # times the work of trees
_NODES = 200  # of one such search
_USUAL = 0.1  # of what all leads lose: what reps without any loss count for together in the draw
_SEED = 20_260_101  # any: the same problem has the same answer every time


class Searched(NamedTuple):
    """The best allowed answer found, (n_leads,), None = none; whether nothing is better; prices for the bound."""

    rep_of_lead: Ints | None
    complete: bool
    lead_prices: Floats


class Search:
    """A search under way.

    Parameters
    ----------
    packs
        the time of each rep in whole steps, rounded up where it is not: what fits there, fits
    known
        an allowed answer, None = none is known
    u
        (n_leads,), prices of leads to begin with
    until_s
        the search ends when the meter has no more seconds left,
    most_work
        or after so many cells of tables, if it is to end by itself
    y
        (n_reps + n_limits,), prices of slots and limits; None = there are no rules beside the time
    """

    def __init__(
        self,
        problem: Problem,
        packs: Knapsacks,
        known: Ints | None,
        u: Floats,
        meter: Meter,
        until_s: float,
        most_work: int,
        y: Floats | None = None,
    ) -> None:
        self.problem, self.meter, self.until_s = problem, meter, until_s
        self.most_work = float(most_work) if meter.ends_by_itself else np.inf
        self.room, self.slots, self.exact = packs.room, packs.slots, packs.exact
        m, charged, paid = problem.n_reps, packs.gain, np.zeros(0)
        if y is not None:
            charged, paid = packs.beside(problem, y[:m], y[m:])
        self.paid, self.all_paid = float(paid.sum()), float(np.abs(paid).sum())
        self.gain = np.vstack([packs.gain.T, np.full((1, problem.n_leads), problem.reserve)])
        self.packing = _packing(packs, charged, problem.reserve)
        gains = self.packing.packs.gain
        self.fits = np.isfinite(gains) & (self.packing.packs.weight <= np.append(self.room, 0)[:, None])
        self.everybody = np.full(problem.n_leads, -1)
        self.best = None if known is None else np.where(known < 0, problem.n_reps, known)
        self.value = -np.inf if known is None else worth(problem, known)
        self._measure()
        self.u, self.bound = u.copy(), np.inf
        self._grant(_PRICED)
        self.bound = self._priced()
        self.loss = self.packing.scratch.loss.copy()
        self.rng, self.at_once = np.random.default_rng(_SEED), _AT_FIRST

    def run(self) -> Searched:
        """Search until nothing better can be there, or time or work is over."""
        self._grant(_DIVED)
        self._dive()
        self._grant()
        trees, around, nodes = 0, 0, self.problem.n_leads
        while self.best is not None and not self._over():
            before = self.work
            self._around(max(0, _AROUND * trees - around))
            around += self.work - before
            before, value = self.work, self.value
            self._grant(most_work=max(around, _LEAST_TREES))
            self._trees(nodes)
            self._grant()
            trees += self.work - before
            nodes *= 1 if self.value > value else 2
        found = None if self.best is None else np.where(self.best == self.problem.n_reps, -1, self.best)
        believed = self.exact and (self.whole or self.step > 4.0 * self.noise)
        return Searched(found, believed and self._is_best(), self.u)

    def _measure(self) -> None:
        """Find out what rounding may hide, by the gains that an answer no worse than the best one found can have."""
        gains, fits = self.packing.packs.gain, self.fits
        # What is worse than the pool is in no best answer, nor what loses more than all others can make up for: a huge
        # loss there, such as one that stands for "may not", would drown all gains in noise.
        best = np.where(fits, gains, -np.inf).max(axis=0)
        spare = max(float(best.sum()) + self.paid - self.value, 0.0)
        least = best - _AMPLE * spare if np.isfinite(spare) else -np.inf
        wanted = fits & (gains >= np.maximum(self.problem.reserve, least))
        self.size = float(np.abs(np.where(wanted, gains, 0.0)).max(axis=0).sum()) + self.all_paid or 1.0
        self.noise = _NOISE * self.size
        sizes = np.abs(self.gain[fits & (self.gain != 0)])
        self.least = float(sizes.min(initial=np.inf)) if len(sizes) else 1.0
        hard = all(limit.penalty is None for limit in self.problem.limits)
        self.whole = hard and bool((self.gain[fits] == np.rint(self.gain[fits])).all()) and self.noise < 0.1

    @property
    def work(self) -> int:
        """Cells of tables so far."""
        return int(self.packing.table.work[0])

    @property
    def step(self) -> float:
        """By how much a better answer is to be better."""
        if self.whole:
            return 1.0
        gained = 0.0 if self.best is None else self.gain[self.best, np.arange(len(self.best))]
        # Whatever is better than nothing gains the least there is.
        return max(_PROOF * max(float(np.abs(gained).sum()), self.least), 4.0 * self.noise)

    def _is_best(self) -> bool:
        return self.value >= self.bound - (0.5 if self.whole else 1.5 * self.step)

    def _grant(self, part: float = 1.0, most_work: float = np.inf) -> None:
        """Let what follows take a part of the time and of the work that are left, and so much work at most."""
        left_s = self.meter.left_s - self.until_s
        self.stop_s = self.until_s + (1.0 - part) * left_s if np.isfinite(left_s) else self.until_s
        self.stop_work = self.work + min(part * (self.most_work - self.work), most_work)

    def _over(self) -> bool:
        return self._is_best() or self.work >= self.stop_work or self.meter.left_s <= self.stop_s

    def _priced(self) -> float:
        """Lower the bound as far as it goes, and return it: each round tries to lower it by a span."""
        begin(self.packing, self.room, self.slots, self.everybody)
        span, bound = _SPAN * self.size, price(self.packing, self.u, -np.inf, Effort(1, 0.0, 0, 0))
        for _ in range(_FIRST_TIMES):
            self.meter.still()
            if span < _LEAST_SPAN * self.size or self._over():
                break
            before = bound
            bound = price(self.packing, self.u, bound - span, Effort(_FIRST_STEPS, 1.0, 0, 0))
            span = 2.0 * span if bound < before - span / 2 else span / 2
        return self._rounded(bound + self.paid)

    def _dive(self) -> None:
        """Find an answer near the bound, or ever farther from it, with few nodes that are not the way to it."""
        far, nodes = _FARTHER * self.size, _DIVE_NODES * self.problem.n_leads
        for k in range(_DIVES):
            target = self.bound - far
            if target <= self.value or self._over():
                break
            # Where the likelier way leads nowhere, the other one may lead somewhere.
            if self._explored(target, nodes, surely=k % 2 == 0, steps=_DIVE_STEPS) == FOUND:
                break
            far *= 2.0

    def _trees(self, nodes: int) -> None:
        """Try targets, the dearest first, until one is found."""
        for part in _PARTS:
            for wrong in (_SELDOM, _EVER):
                if self._over():
                    return
                target = self._rounded(self.value + max(self.step, part * (self.bound - self.value)))
                # Who goes against the likelier choice seldom had better be surely right.
                if self._explored(target, nodes, wrong, surely=wrong == _SELDOM) == FOUND:
                    return

    def _rounded(self, worth: float) -> float:
        """Return what answers worth no more are worth at most."""
        return float(np.floor(worth + self.noise)) if self.whole else worth

    def _around(self, most_work: int) -> None:
        """Let all leads of a few reps choose anew, again and again, for so much work and while that pays."""
        until, idle = self.work + most_work, 0
        while (idle < _IDLE or self.work < until) and not self._over():
            found = self._explored(self.value + self.step, _NODES, held=self._held())
            if found == FOUND:
                idle = 0
                continue
            idle += 1
            change = _MORE if found == ENDED else _FEWER
            self.at_once = float(np.clip(self.at_once * change, _FEWEST, self.problem.n_leads))

    def _held(self) -> Ints:
        """Return where leads stay, -1 = they choose anew: all of a few reps, drawn by what their leads lose.

        And all of a rep that a known answer gives more than fits there when amounts are rounded up.
        """
        n_reps, at = self.problem.n_reps + 1, self.best
        assert at is not None
        each = at, np.arange(len(at))
        over = np.bincount(at, self.packing.packs.weight[each], minlength=n_reps) > np.append(self.room, 0)
        lost = np.bincount(at, np.where(over[at], 0.0, self.loss[each]), minlength=n_reps)
        # In a unit of their own: a part of the smallest losses there are would be none, and every rep may be drawn.
        lost = np.maximum(lost, 0.0)
        unit = max(float(lost.sum()), self.noise) or 1.0
        usual = max(_USUAL * (float(lost.sum()) / unit), self.noise / unit) or 1.0
        weight = lost / unit + usual / n_reps
        order = self.rng.choice(n_reps, n_reps, replace=False, p=weight / weight.sum())
        n_leads = np.cumsum(np.bincount(at, minlength=n_reps)[order])
        drawn = order[: max(2, int(np.searchsorted(n_leads, self.at_once)) + 1)]
        return np.where(np.isin(at, drawn) | over[at], -1, at)

    def _explored(
        self,
        target: float,
        nodes: int,
        wrong: int = _EVER,
        held: Ints | None = None,
        surely: bool = False,
        steps: int = _STEPS,
    ) -> int:
        """Search for an answer worth a target in so many nodes, and keep it; return what `explore` does.

        A search of everybody that comes to its end lowers the bound.
        """
        begin(self.packing, self.room, self.slots, self.everybody if held is None else held)
        path = self.packing.path
        path.u[0] = self.u
        effort, found = Effort(steps, _LENGTH, wrong, _AT_ONCE), UNDER_WAY
        while found == UNDER_WAY:
            found = explore(self.packing, target - self.paid - self.noise, effort, surely, nodes)
            self.meter.still()
            if found == FOUND and not self._kept():
                found = UNDER_WAY
            if self._over() or (path.state[NODES] >= nodes and path.state[ENTERS]):
                break
        if found == ENDED and not path.state[CUT] and (held is None or (held < 0).all()):
            self.bound = min(self.bound, float(np.ceil(target - self.noise)) - 1.0 if self.whole else target)
        return found

    def _kept(self) -> bool:
        """Keep the answer of the search if it is allowed, which rounding can hide, and better."""
        answer = self.packing.free.rep.copy()
        value = worth(self.problem, np.where(answer == self.problem.n_reps, -1, answer))
        if value <= self.value:
            return False
        self.best, self.value = answer, value
        self._measure()
        return True


def may_be_searched(packs: Knapsacks) -> bool:
    """Return whether the tables of some knapsacks are small enough, and the prices that each node may have."""
    n = len(packs.gain)
    return n * max(n, int(packs.room.max(initial=0))) <= _MOST_CELLS


def _packing(packs: Knapsacks, gains: Floats, reserve: float) -> Packing:
    """Return the arrays of a search."""
    n, m = packs.gain.shape
    room, depth, trail = int(packs.room.max(initial=0)) + 1, n + 2, (m + 2) * n + 1

    def whole(*shape: int) -> Ints:
        return np.zeros(shape, dtype=np.int64)

    gain = np.vstack([gains.T, np.full((1, n), reserve)])
    weight = np.vstack([packs.weight.T, whole(1, n)])
    return Packing(
        packs=Packs(np.ascontiguousarray(gain), np.ascontiguousarray(weight), packs.room.copy(), packs.slots.copy()),
        open_=Open(whole(m + 1, n), whole(m + 1, n), whole(m + 1), whole(n)),
        free=Free(whole(n), whole(n), whole(1), whole(n)),
        table=Table(np.zeros((n + 1, room)), np.zeros(room), whole(n), np.zeros(n), whole(1)),
        scratch=Scratch(np.zeros(n), np.zeros(n), np.zeros((m + 1, n)), np.zeros(n)),
        path=Path(
            np.zeros((depth, n)), whole(depth), whole(depth), whole(depth), whole(depth), whole(trail), whole(trail),
            whole(N_STATE),
        ),
    )  # fmt: skip
