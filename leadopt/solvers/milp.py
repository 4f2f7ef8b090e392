"""`Milp`: limits of any kind: overlapping, in hours or in value, with penalties, with minimums.

1. **Price** every bound by the dual (`dual`): on samples first, then on all leads.
2. **Prune**: leads whose best option is well ahead of the next one take it; the others are the core (`program`).
3. **Solve** the core without whole numbers (HiGHS), round what is left of a lead, and mend the rest by ejection chains
   (`chains`). A problem that is small enough goes to HiGHS in whole numbers, as far as the bound leaves it open.
4. The prices bound what any answer is worth. As leads cannot be divided, the bound is seldom reached exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from leadopt.errors import SolverFailed
from leadopt.problem import Problem
from leadopt.progress import Meter, OnProgress
from leadopt.solvers.base import Answer, checked_prices, checked_time_limit
from leadopt.solvers.chains import improved, losses
from leadopt.solvers.conflict import refuse_conflict, refuse_pinned, refuse_stranded, refuse_whole
from leadopt.solvers.dual import Dual, PairOracle, priced
from leadopt.solvers.families import Rows
from leadopt.solvers.program import Core, Relaxed
from leadopt.solvers.witness import refuse_empty_bounds

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_WHOLE = 20_000  # options up to which all are in the core
_SEARCHED = 4_000  # open options up to which branch and bound may still find something better
_OPEN_PER_ROW = 10  # leads in the core, by row,
_LEAST_OPEN = 1_000  # and at least
_WIDER = 2  # times as many if these find no answer
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
    def of(cls, problem: Problem, meter: Meter, most_nodes: int) -> "_Work":
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
        unit = Dual.of(oracle, self.rows).unit
        if len(self.leads) * self.problem.n_reps <= _WHOLE:
            return self.small(oracle, unit)
        self.meter.enter("price")
        y = priced(self.problem, self.rows, self.leads, y, self.meter)
        best, margin = oracle.margins(y)
        n_open = max(_LEAST_OPEN, _OPEN_PER_ROW * self.rows.n)
        while True:
            core, draft = self.core(oracle, y, best, margin, n_open)
            self.meter.enter("core")
            shares = core.relaxed(_DEAR * np.clip(np.abs(y), unit, _DEARER * unit))
            # Where even shares break a bound, leads that are settled are in the way: no chain would mend that.
            if not core.breaks(shares.broken):
                at, _ = self.mended(core, shares.z, y, unit)
                if core.allows(at):
                    return self.finished(core, at, draft, y)
            if n_open >= len(margin):
                refuse_conflict(self.problem, core, unit)
                raise SolverFailed(f"{_NONE_FOUND}: loosen a limit, or give one a penalty")
            n_open *= _WIDER

    def small(self, oracle: PairOracle, unit: Floats) -> Answer:
        """Return the answer of a problem all of whose options are in the core, searched as far as the nodes last."""
        n = len(oracle.leads)
        core, draft = self.core(oracle, np.zeros(self.rows.n), np.full(n, -1), np.zeros(n), n)
        self.meter.enter("core")
        shares = self.shares(core, unit)
        at, lacking = self.mended(core, shares.z, shares.prices, unit)
        fits = core.allows(at)
        if fits and lacking <= _NOTHING * np.abs(core.gain[at]).sum():
            return self.finished(core, at, draft, shares.prices)
        self.meter.enter("search")
        # An answer that lacks less has no option that loses more.
        open_ = losses(core, shares.prices) <= lacking if fits else np.ones(len(core.rep), dtype=bool)
        if fits and open_.sum() > _SEARCHED:
            return self.finished(core, at, draft, shares.prices)
        found = core.whole(open_, at, self.most_nodes, self.meter.left_s)
        if found.at is not None and core.allows(found.at) and not (fits and core.worth(found.at) <= core.worth(at)):
            fits, at = True, found.at
        if not fits:
            if found.complete:
                refuse_whole(self.problem, core)
            raise SolverFailed(f"{_NONE_FOUND}: allow more nodes (Milp(most_nodes=...)), or loosen a limit")
        return self.finished(core, at, draft, shares.prices, complete=float(found.complete))

    def shares(self, core: Core, unit: Floats) -> Relaxed:
        """Return the best shares; raise `Infeasible` if even they must break a hard bound."""
        dear, checked = _DEAR * unit, False
        while True:
            found = core.relaxed(dear)
            if not core.breaks(found.broken):
                return found
            if not checked:
                refuse_conflict(self.problem, core, unit)
            dear, checked = _DEARER * dear, True

    def core(self, oracle: PairOracle, y: Floats, best: Ints, margin: Floats, n_open: int) -> tuple[Core, Ints]:
        """Return the core of the leads with the smallest margins, and the answer so far, they themselves in the pool.

        An open lead has every option that loses no more than the largest of these margins.
        """
        everybody = n_open >= len(margin)
        dearest = np.inf if everybody else float(np.partition(margin, n_open - 1)[n_open - 1])
        places = np.flatnonzero(margin <= dearest)
        settled = best.copy()
        settled[places] = -1
        draft = self.problem.pins.copy()
        draft[oracle.leads] = settled
        lead, rep = oracle.options(y, places, dearest)
        return Core.of(self.problem, self.rows, oracle.leads[places], lead, rep, oracle.loads(settled)), draft

    def mended(self, core: Core, z: Floats, y: Floats, unit: Floats) -> tuple[Ints, float]:
        """Return each lead's option of the largest share, mended by chains, and what is lacking to the bound."""
        self.meter.enter("round")
        order = np.lexsort((-z, core.lead))
        return improved(core, y, order[core.first[:-1]], unit, self.meter)

    def finished(self, core: Core, at: Ints, draft: Ints, y: Floats, **stats: float) -> Answer:
        """Return the answer with the core's leads where they are."""
        m = self.problem.n_reps
        draft[core.leads] = np.where(core.rep[at] == m, -1, core.rep[at])
        if self.meter.left_s <= 0:
            stats["stopped"] = 1.0
        stats |= {"open_leads": len(core.leads), "open_pairs": len(core.rep)}
        return Answer(rep_of_lead=draft, prices=np.maximum(y[:m], 0.0), limit_prices=y[m:], stats=stats)
