"""`Milp`: limits of any kind: overlapping, in hours or in value, with penalties, with minimums.

1. **Price** every bound by the dual (`dual`): on samples first, then on all leads. Where many leads share few rows of
   rates, by annealing along lines (`annealing`, `sharpening`); their shares are dealt out (`dealing`, `repairs`).
2. **Prune**: leads whose best option is well ahead of the next one take it; the others are the core (`covering`).
3. **Solve** the core without whole numbers (HiGHS; `program`): its prices are better than those it came from. Make
   leads whole, large ones first (`rounding`), and mend what that breaks by ejection chains (`chains`). A problem that
   is small enough goes to HiGHS in whole numbers, as far as the bound leaves it open.
4. The prices bound what any answer is worth. As leads cannot be divided, the bound is seldom reached exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.errors import SolverFailed
from leadopt.problem.knapsack_bound import Knapsacks
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OnProgress, OutOfTime
from leadopt.solvers.base import Answer, checked_prices, checked_time_limit
from leadopt.solvers.factored.annealing import Soft, annealed
from leadopt.solvers.factored.newton import sharpest
from leadopt.solvers.factored.oracle import LineOracle
from leadopt.solvers.factored.repairs import repaired
from leadopt.solvers.factored.rounding import dealt
from leadopt.solvers.flow.infeasible import refuse_empty_bounds
from leadopt.solvers.lagrangian.dual import Dual, PairOracle, priced
from leadopt.solvers.lagrangian.ejection_chains import improved, losses
from leadopt.solvers.lagrangian.infeasible import (
    refuse_conflict,
    refuse_exact,
    refuse_pinned,
    refuse_stranded,
    refuse_whole,
    row_name,
)
from leadopt.solvers.lagrangian.lead_prices import lead_prices
from leadopt.solvers.lagrangian.neighbourhoods import searched_around
from leadopt.solvers.lagrangian.open_options import open_options
from leadopt.solvers.lagrangian.program import Core, Relaxed
from leadopt.solvers.lagrangian.relax_and_fix import largest, rounded
from leadopt.solvers.lagrangian.rows import Rows

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WHOLE = 20_000  # options up to which all are in the core
_SEARCHED = 2_500  # open options up to which branch and bound may still end,
_TRIED = 4_000  # and up to which it may find something better in a limited time
_FEW = 20  # leads that a search tries in every way
_OPEN_PER_ROW = 5  # leads in the core, by row,
_LEAST_OPEN = 1_000  # and at least
_WIDER = 2  # times as many if these find no answer
_ROUNDS = 3  # cores, each at the prices of the last, before
_NEAR = 1e-7  # a core changes the bound by so little, relatively, or
_TIGHT = 3e-6  # its shares lack so little to the bound
_CLOSED = 0.5  # of the open options: where more stay open, a second search would get no farther
_AT_FIRST, _AROUND = 0.4, 0.9  # parts of the time left for a search of all, and for one of neighbourhoods after it
_SEARCH = 0.9  # part of the time left that a search may take if a bound is to be found after it
_OPEN_DEALT, _TRIES = 20, 6  # leads in a core beside leads that are dealt out, by row; and how many cores are tried
_NEARLY = 20.0  # temperatures that an option loses at most there, at first
_DEAR = 20.0  # usual prices that breaking a hard bound costs while shares are allowed
_DEARER = 100.0  # times as much where shares break bounds that they need not
_NOTHING = 1e-10  # of all gains: lacking less is lacking nothing
_NONE_FOUND = "Milp found no allowed answer, though there may be one, as hardly any room is left between the limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Milp:
    """For limits of any kind; exact where they are few, near the bound and honest about the gap where they are many.

    Parameters
    ----------
    most_nodes
        of the backend's branch and bound, for a core that is small enough to search

    Notes
    -----
    A step of the pricing looks at every pair, and a few hundred are taken, half of them on samples.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming. doi:10.1007/BFb0120690. Huangfu and Hall (2018),
    Parallelizing the dual revised simplex method (HiGHS). doi:10.1007/s12532-017-0130-5
    """

    most_nodes: int = 1_000
    name = "Milp"

    def refuses(self, problem: Problem) -> str | None:
        """Return None: it takes every problem."""
        return None

    def solve(
        self,
        problem: Problem,
        on_progress: OnProgress | None = None,
        *,
        prices: ArrayLike | None = None,
        time_limit_s: float | None = None,
    ) -> Answer:
        """Return the best answer and its prices."""
        hint, limit_s = checked_prices(prices, problem.n_reps), checked_time_limit(time_limit_s)
        work = _Work.of(problem, Meter(on_progress, limit_s), self.most_nodes)
        y = np.zeros(work.rows.n)
        if hint is not None:
            y[: problem.n_reps] = hint
        return work.answer(y)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One solve under way: the problem, its rows, and the leads that are free."""

    problem: Problem
    rows: Rows
    leads: Ints
    meter: Meter
    most_nodes: int

    @classmethod
    def of(cls, problem: Problem, meter: Meter, most_nodes: int) -> _Work:
        rows = Rows.of(problem)
        leads = np.flatnonzero(problem.pins < 0)
        refuse_empty_bounds(problem)
        refuse_pinned(problem, rows.upper)
        if np.isneginf(problem.reserve):
            refuse_stranded(problem, leads)
        return cls(problem=problem, rows=rows, leads=leads, meter=meter, most_nodes=most_nodes)

    def answer(self, y: Floats) -> Answer:
        """Return the answer, from a hint of the prices."""
        oracle = PairOracle.of(self.problem, self.rows, self.leads)
        dual = Dual.of(oracle, self.rows)
        if len(self.leads) * self.problem.n_reps <= _WHOLE:
            try:
                return self.small(oracle, dual.unit)
            except OutOfTime:
                return self.in_haste(oracle, dual.unit, y, len(oracle.leads))
        self.meter.enter("price")
        try:
            if (lines := LineOracle.if_lines(oracle)) is not None:
                by_lines = replace(dual, oracle=lines)
                y, soft = sharpest(*annealed(lines, by_lines, y, self.meter), by_lines, self.meter)
                if (answer := self.as_dealt(oracle, dual, y, soft, lines.margins(y)[1])) is not None:
                    return answer
            else:
                y = priced(self.problem, self.rows, self.leads, y, self.meter)
            return self.from_core(oracle, dual, y)
        except OutOfTime:
            return self.in_haste(oracle, dual.unit, y, max(_LEAST_OPEN, _OPEN_PER_ROW * self.rows.n))

    def from_core(self, oracle: PairOracle, dual: Dual, y: Floats) -> Answer:
        """Return the answer at some prices, from cores that grow until one allows an answer.

        Raises
        ------
        OutOfTime
            there is none yet
        """
        wider = 1
        while True:
            core, draft, shares, y = self.core(oracle, dual, y, wider)
            # Where even shares break a bound, leads that are settled are in the way: no chain would mend that.
            if not core.breaks(shares.broken):
                at, _ = self.mended(core, shares.z, y, dual.unit)
                if core.allows(at):
                    return self.finished(core, at, draft, y)
            if len(core.leads) == len(oracle.leads):
                refuse_conflict(self.problem, core, dual.unit, self.meter)
                raise SolverFailed(f"{_NONE_FOUND}: loosen a limit, or give one a penalty")
            self.meter.check()
            wider *= _WIDER

    def in_haste(self, oracle: PairOracle, unit: Floats, y: Floats, n_open: int) -> Answer:
        """Return the answer from every lead's best option at some prices, mended for a moment, as time is over."""
        core, draft = self.opened(oracle, y, n_open, 1)
        self.meter.enter("round")
        at, _ = improved(core, y, largest(core, -losses(core, y)), unit, self.meter)
        if core.allows(at):
            return self.finished(core, at, draft, y)
        broken = np.where(np.isinf(core.penalty), core.broken(at), 0.0)
        worst = int((broken / np.maximum(1.0, np.abs(core.loads(at)))).argmax())
        raise SolverFailed(
            f"Milp found no allowed answer in time: {int((broken > 0).sum())} of the hard limits are still broken, "
            f"most of all {row_name(self.problem, worst)}, by {broken[worst]:g}; allow more time (time_limit_s=...), "
            "loosen a limit, or give one a penalty"
        )

    def core(self, oracle: PairOracle, dual: Dual, y: Floats, wider: int) -> tuple[Core, Ints, Relaxed, Floats]:
        """Return the core at some prices, the answer so far, the core's shares, and better prices if these tell them.

        The prices of a core are the best for all leads if no option left out beats those inside: if they are worth
        what the shares of the core gain beside the leads that are settled.
        """
        n_open = wider * max(_LEAST_OPEN, _OPEN_PER_ROW * self.rows.n)
        for _ in range(_ROUNDS):
            core, draft = self.opened(oracle, y, n_open, wider)
            self.meter.enter("core")
            shares = core.relaxed(_DEAR * np.clip(np.abs(y), dual.unit, _DEARER * dual.unit), self.meter.left_s)
            before, after = dual.at(y), dual.at(shares.prices)
            if after >= before:
                break
            y = shares.prices
            soft = np.isfinite(core.penalty)
            paid = float(core.penalty[soft] @ shares.broken[soft])
            gained = self.worth(oracle, draft) + float(core.gain @ shares.z) - paid
            if after - gained <= _TIGHT * abs(after) or before - after <= _NEAR * abs(after) or self.meter.left_s <= 0:
                break
        return core, draft, shares, y

    def worth(self, oracle: PairOracle, draft: Ints) -> float:
        """Return what the leads of an oracle are worth where they are so far."""
        rep = draft[oracle.leads]
        placed = np.flatnonzero(rep >= 0)
        reserve = self.problem.reserve if np.isfinite(self.problem.reserve) else 0.0
        gained = self.problem.affinity.at(oracle.leads[placed], rep[placed]).sum()
        return float(gained) + reserve * (len(rep) - len(placed))

    def as_dealt(self, oracle: PairOracle, dual: Dual, y: Floats, soft: Soft, margin: Floats) -> Answer | None:
        """Return the answer with leads nearly where their shares are, None if a hard bound stays broken.

        Hosts of leads have options that are nearly as good: some from everywhere among them are open.
        """
        self.meter.check()
        self.meter.enter("round")
        placed = dealt(soft, y, self.rows, dual.unit, dual.gain, self.meter)
        n_open, dearest = max(_LEAST_OPEN, _OPEN_DEALT * self.rows.n), _NEARLY * soft.temperature
        for _ in range(_TRIES):
            near = np.flatnonzero(margin <= dearest)
            places = near[:: 1 + len(near) // n_open]
            core, draft, start = self.opened_beside(oracle, y, placed, places, dearest)
            at = repaired(core, self.problem, self.rows, y, start, dual.unit, self.meter)
            if core.allows(at):
                better, _ = improved(core, y, at, dual.unit, self.meter)
                better = repaired(core, self.problem, self.rows, y, better, dual.unit, self.meter)
                return self.finished(core, better if core.allows(better) else at, draft, y)
            placed[places] = np.where(core.rep[at] == self.problem.n_reps, -1, core.rep[at])
            self.meter.check()
            dearest *= _WIDER
        return None

    def opened_beside(
        self, oracle: PairOracle, y: Floats, placed: Ints, places: Ints, dearest: float
    ) -> tuple[Core, Ints, Ints]:
        """Return the core of the leads at some places beside all others where they are, the answer so far, and a start.

        A lead has the options that lose no more than `dearest`, and, to start with, the one where it is.
        """
        m, settled = self.problem.n_reps, placed.copy()
        settled[places] = -1
        draft = self.problem.pins.copy()
        draft[oracle.leads] = settled
        lead, rep = oracle.options(y, places, np.full(len(places), dearest), np.full(m + 1, -np.inf))
        here = np.arange(len(places)) * (m + 1) + np.where(placed[places] < 0, m, placed[places])
        options = np.union1d(lead * (m + 1) + rep, here)
        lead, rep = np.divmod(options, m + 1)
        core = Core.of(self.problem, self.rows, oracle.leads[places], lead, rep, oracle.loads(settled))
        return core, draft, np.searchsorted(options, here)

    def opened(self, oracle: PairOracle, y: Floats, n_open: int, wider: int) -> tuple[Core, Ints]:
        """Return the core of the open leads, and the answer so far, they themselves in the pool."""
        places, lead, rep, settled = open_options(oracle, y, n_open, wider)
        draft = self.problem.pins.copy()
        draft[oracle.leads] = settled
        return Core.of(self.problem, self.rows, oracle.leads[places], lead, rep, oracle.loads(settled)), draft

    def small(self, oracle: PairOracle, unit: Floats) -> Answer:
        """Return the answer of a problem all of whose options are in the core, searched as far as the nodes last."""
        n = len(oracle.leads)
        core, draft = self.opened(oracle, np.zeros(self.rows.n), n, 1)
        self.meter.enter("core")
        shares = self.shares(core, unit)
        # A search to come makes up for a rough beginning.
        rough = len(core.rep) <= _SEARCHED
        at, lacking = self.mended(core, shares.z, shares.prices, unit, rough)
        fits = core.allows(at)
        if fits and lacking <= _NOTHING * np.abs(core.gain[at]).sum():
            return self.finished(core, at, draft, shares.prices)
        self.meter.enter("search")
        packs = Knapsacks.of(self.problem)
        reserved_s = (1.0 - _SEARCH) * self.meter.left_s if packs and np.isfinite(self.meter.left_s) else 0.0
        at, fits, complete = self.searched(core, shares.prices, at, lacking, fits, reserved_s)
        if not fits:
            if complete:
                refuse_whole(self.problem, core, self.meter)
            raise SolverFailed(f"{_NONE_FOUND}: allow more nodes (Milp(most_nodes=...)), or loosen a limit")
        answer = self.finished(core, at, draft, shares.prices, complete=float(complete))
        if packs is None or complete:
            return answer
        self.meter.enter("price leads")
        return replace(answer, lead_prices=self.lead_prices(core, at, packs, shares.prices))

    def searched(
        self, core: Core, y: Floats, at: Ints, lacking: float, fits: bool, reserved_s: float
    ) -> tuple[Ints, bool, bool]:
        """Return the options that a search finds, whether they are allowed, and whether nothing can be better.

        Where branch and bound does not end, neighbourhoods are searched: if a better answer closes
        many options, it is tried once more.
        """

        def whole(at: Ints, fits: bool, share: float) -> tuple[Ints, bool, bool]:
            # An answer that lacks less has no option that loses more.
            open_ = loss <= best - core.worth(at) if fits else np.ones(len(core.rep), dtype=bool)
            if fits and open_.sum() > (_SEARCHED if np.isinf(self.meter.left_s) else _TRIED):
                return at, fits, False
            found = core.whole(open_, at, self.most_nodes, share * (self.meter.left_s - reserved_s))
            if found.at is None or not core.allows(found.at) or (fits and core.worth(found.at) <= core.worth(at)):
                return at, fits, found.complete
            return found.at, True, found.complete

        loss, best = losses(core, y), core.worth(at) + lacking
        # Without an allowed answer there is nothing to search around.
        at, fits, complete = whole(at, fits, _AT_FIRST if fits else 1.0)
        if complete or not fits or self.meter.left_s <= reserved_s:
            return at, fits, complete
        left_s = self.meter.left_s - reserved_s
        until_s = reserved_s + (1.0 - _AROUND) * left_s if np.isfinite(left_s) else 0.0
        around = searched_around(core, y, at, self.meter, until_s)
        before, after = ((loss <= best - core.worth(some)).sum() for some in (at, around))
        return whole(around, fits, 1.0) if after <= _CLOSED * before else (around, fits, False)

    def lead_prices(self, core: Core, at: Ints, packs: Knapsacks, y: Floats) -> Floats:
        """Return prices of leads for the bound by knapsacks, from what each is worth after the prices of the rows."""
        reserve = self.problem.reserve if np.isfinite(self.problem.reserve) else 0.0
        worth, start = core.gain - core.used.T @ y, np.zeros(self.problem.n_leads)
        start[core.leads] = reserve + np.maximum.reduceat(worth, core.first[:-1])
        least = core.worth(at) + reserve * len(core.leads)
        return lead_prices(packs, self.problem.reserve, start, least, self.meter)

    def shares(self, core: Core, unit: Floats) -> Relaxed:
        """Return the best shares; raise `Infeasible` if even they must break a hard bound."""
        dear, checked = _DEAR * unit, False
        while True:
            found = core.relaxed(dear, self.meter.left_s)
            if not core.breaks(found.broken):
                return found
            if not checked:
                refuse_conflict(self.problem, core, unit, self.meter)
            dear, checked = _DEARER * dear, True

    def mended(self, core: Core, z: Floats, y: Floats, unit: Floats, rough: bool = False) -> tuple[Ints, float]:
        """Return an option of each lead near its shares, mended by chains, and what is lacking to the bound."""
        self.meter.enter("round")
        if len(core.leads) > _FEW:
            refuse_exact(self.problem, core, largest(core, z))
        start = largest(core, z) if rough else rounded(core, z, y, unit, self.meter)
        return improved(core, y, start, unit, self.meter)

    def finished(self, core: Core, at: Ints, draft: Ints, y: Floats, **stats: float) -> Answer:
        """Return the answer with the core's leads where they are."""
        m = self.problem.n_reps
        draft[core.leads] = np.where(core.rep[at] == m, -1, core.rep[at])
        if self.meter.left_s <= 0:
            stats["stopped"] = 1.0
        stats |= {"open_leads": len(core.leads), "open_pairs": len(core.rep)}
        return Answer(rep_of_lead=draft, prices=np.maximum(y[:m], 0.0), limit_prices=y[m:], stats=stats)
