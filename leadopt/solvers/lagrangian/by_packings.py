"""Reps who each have so much time and no other rules, over more pairs than a linear program is quick for.

Prices of time come from the dual, an answer from the draft by chains, and what is better from packings (`packings`).
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.knapsack_bound import Knapsacks
from leadopt.problem.problem import Problem
from leadopt.solvers.base import Answer
from leadopt.solvers.compiled import compiled
from leadopt.solvers.lagrangian.dual import priced
from leadopt.solvers.lagrangian.ejection_chains import losses
from leadopt.solvers.lagrangian.packings import Search, may_be_searched
from leadopt.solvers.lagrangian.program import Core
from leadopt.solvers.lagrangian.relax_and_fix import largest
from leadopt.solvers.lagrangian.work import Work

_FEW = 2_000  # pairs up to which a linear program tells better prices about as soon
_KEPT, _SEARCHED = 0.6, 0.5  # parts of a time limit that prices leave, and that chains after them leave
_NEAREST = 4  # options a lead that take part in chains, as in `pairs`
MOST_PACKED = 20_000_000_000
"""Cells of tables in a search that is to end by itself: some five seconds of a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPackings:
    """The way of a problem whose reps have hours alone.

    Parameters
    ----------
    packs
        what of the hours each lead takes, in whole steps
    """

    work: Work
    packs: Knapsacks

    @classmethod
    def of(cls, work: Work) -> "ByPackings | None":
        """Return the way of a problem, None if it has other rules, is small, or too large."""
        problem = work.problem
        if problem.n_leads * problem.n_reps <= _FEW or not problem.limits:
            return None
        packs = Knapsacks.of(problem, up=True)
        return cls(work=work, packs=packs) if packs is not None and packs.alone and in_loops(packs) else None

    def answer(self, y: Floats) -> Answer | None:
        """Return the answer from prices to begin with; None if none was found.

        Raises
        ------
        OutOfTime
            there is no time for anything better than the draft
        """
        work, meter = self.work, self.work.meter
        if work.draft is not None:
            meter.check()
        meter.enter("price")
        limit_s = meter.limit_s or 0.0
        y = priced(work.problem, work.rows, work.oracle.leads, y, meter, _KEPT * limit_s)
        core, others = work.opened(y, work.n_leads)
        known = self._begun(core, others, y)
        meter.enter("search")
        u = lead_prices_at(work.problem, core, y)
        found = Search(work.problem, self.packs, known, u, meter, 0.0, MOST_PACKED).run()
        if found.rep_of_lead is None:
            return None
        answer = work.answer(found.rep_of_lead, core, y, complete=found.complete)
        return replace(answer, lead_prices=found.lead_prices)

    def _begun(self, core: Core, others: Ints, y: Floats) -> Ints | None:
        """Return an allowed answer after chains from each lead's best option, or from the draft; None = none."""
        meter = self.work.meter
        meter.enter("round")
        # What prices say is nearer to the best than a draft, and chains mend what it breaks.
        work = replace(self.work, meter=meter.keeping(_SEARCHED * (meter.limit_s or 0.0)))
        best = work.chained(core, y, largest(core, -losses(core, y)), others, _NEAREST)[1]
        return work.polished(core, best, y, _NEAREST) if best is work.draft and best is not None else best


def in_loops(packs: Knapsacks) -> bool:
    """Return whether packings are quick: loops are compiled, and tables small enough for them."""
    return compiled() and may_be_searched(packs)


def lead_prices_at(problem: Problem, core: Core, y: Floats) -> Floats:
    """Return prices of leads to begin with: what each is worth after prices of the rows."""
    reserve = problem.reserve if np.isfinite(problem.reserve) else 0.0
    worth, start = core.gain - core.used.T @ y, np.zeros(problem.n_leads)
    start[core.leads] = reserve + np.maximum.reduceat(worth, core.first[:-1])
    return start
