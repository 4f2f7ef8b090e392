"""Millions of leads that share few rows: prices by annealing, and shares that are dealt out."""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import Meter
from leadopt.solvers.base import Answer
from leadopt.solvers.factored.annealing import Soft, annealed
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.factored.newton import sharpest
from leadopt.solvers.factored.repairs import repaired
from leadopt.solvers.factored.rounding import dealt
from leadopt.solvers.lagrangian.ejection_chains import improved
from leadopt.solvers.lagrangian.program import Core
from leadopt.solvers.lagrangian.work import NEAR_ENOUGH, Work

# Measured as in `newton`: a gap of 7.6e-5.
_WIDER = 2  # times as much may an option lose in the next core; the first one sufficed
# Temperatures that an option loses at most in the first one. Half and twice: 1.2e-4 and 6.5e-5 in as long; at
# 20,000 x 100, of 1.2e-4 and 6.1e-5 in place of 8.1e-5.
_NEARLY = 20.0
# Options that a lead has in it on average, at most, and leads that tell; where prices are sharp, they are 3 to 6.
_MOST_OPTIONS, _SAMPLE = 8, 500
_PRICING = 0.6  # part of a time limit: as in `pairs`
# Part of what is left after it that dealing leaves for repairs. Without, 50,000 x 100 under bands came to no allowed
# answer in 2.5 s.
_REPAIRING = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLines:
    """The way of a problem whose leads share few rows.

    Parameters
    ----------
    open_leads, open_leads_per_row
        leads in a core beside leads that are dealt out, at least, and by row
    cores
        how many are tried, each with options that lose more than those of the last
    """

    work: Work
    lines: LineOracle
    open_leads: int
    open_leads_per_row: int
    cores: int

    def priced(self, y: Floats) -> tuple[Floats, Soft]:
        """Return the best prices but for little, from a hint, and what leads choose there."""
        dual, meter = replace(self.work.dual, oracle=self.lines), self.work.meter
        meter.enter("price")
        part = Meter(meter.relay, None if meter.limit_s is None else _PRICING * meter.left_s)
        return sharpest(*annealed(self.lines, dual, y, part), dual, part)

    def answer(self, y: Floats, soft: Soft) -> Answer | None:
        """Return the answer with leads nearly where their shares are, None if a hard bound stays broken.

        Hosts of leads have options that are nearly as good: some from everywhere among them are open.
        """
        margin = self.lines.margins(y)[1]
        work, meter, unit = self.work, self.work.meter, self.work.dual.unit
        late = meter.keeping(min(meter.left_s, 0.0) - work.grace_s)  # for want of any allowed answer
        late.check()
        meter.enter("round")
        placed = dealt(soft, y, work.rows, unit, work.dual.gain, meter.keeping(_REPAIRING * max(meter.left_s, 0.0)))
        n_open = max(self.open_leads, self.open_leads_per_row * work.rows.n)
        dearest = self._with_few_options(y, margin, _NEARLY * soft.temperature)
        for _ in range(self.cores):
            near = np.flatnonzero(margin <= dearest)
            places = near[:: 1 + len(near) // n_open]
            core, others, start = self._opened(y, placed, places, dearest)
            at = repaired(core, work.problem, work.rows, y, start, unit, late)
            if core.allows(at):
                better, _ = improved(core, y, at, unit, late, 0.0)
                better = repaired(core, work.problem, work.rows, y, better, unit, late)
                at = better if core.allows(better) else at
                break
            placed[places] = np.where(core.rep[at] == work.problem.n_reps, -1, core.rep[at])
            if late.left_s <= 0:
                break
            dearest *= _WIDER
        best = work.best(work.rep_of_lead(core, at, others))
        if best is None:
            meter.check()
            return None
        if meter.left_s > 0 and not core.allows(at) and work.lacking(best, y) > NEAR_ENOUGH:
            return None
        return work.answer(best, core, y)

    def _with_few_options(self, y: Floats, margin: Floats, dearest: float) -> float:
        """Return what an option may lose so that leads have few: less where time ended before prices were sharp."""
        oracle, m = self.work.oracle, self.work.problem.n_reps
        while True:
            near = np.flatnonzero(margin <= dearest)
            some = near[:: 1 + len(near) // _SAMPLE]
            lead, _ = oracle.options(y, some, np.full(len(some), dearest), np.full(m + 1, -np.inf))
            if len(lead) <= _MOST_OPTIONS * len(some):
                return dearest
            dearest /= _WIDER

    def _opened(self, y: Floats, placed: Ints, places: Ints, dearest: float) -> tuple[Core, Ints, Ints]:
        """Return the core of the leads at some places beside all others where they are, these, and a start.

        A lead has the options that lose no more than `dearest`, and, to start with, the one where it is.
        """
        work, oracle = self.work, self.work.oracle
        m, settled = work.problem.n_reps, placed.copy()
        settled[places] = -1
        others = work.problem.pins.copy()
        others[oracle.leads] = settled
        lead, rep = oracle.options(y, places, np.full(len(places), dearest), np.full(m + 1, -np.inf))
        here = np.arange(len(places)) * (m + 1) + np.where(placed[places] < 0, m, placed[places])
        options = np.union1d(lead * (m + 1) + rep, here)
        lead, rep = np.divmod(options, m + 1)
        core = Core.of(work.problem, work.rows, oracle.leads[places], lead, rep, oracle.taken(settled))
        return core, others, np.searchsorted(options, here)
