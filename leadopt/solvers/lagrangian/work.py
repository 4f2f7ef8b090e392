"""One solve under way: what every way to an answer needs, and how each begins with a draft and ends with an answer."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, loaded
from leadopt.solvers.base import Answer
from leadopt.solvers.drafts.drafts import best_draft, mended, worth
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.flow.infeasible import refuse_empty_bounds
from leadopt.solvers.lagrangian.dual import Dual, PairOracle
from leadopt.solvers.lagrangian.ejection_chains import improved
from leadopt.solvers.lagrangian.infeasible import refuse_pinned, refuse_stranded, row_name
from leadopt.solvers.lagrangian.open_options import open_options
from leadopt.solvers.lagrangian.program import Core, Relaxed

_LARGEST = 1e298  # a price: two billions of these are still numbers
DEAR = 20.0  # usual prices that breaking a hard bound costs while shares are allowed
DEARER = 100.0  # times as much where shares break bounds that they need not
# Parts of the grace, one after the other: most often the first mends what is broken, or brings it near enough to be
# mended. 2,000 x 20 under bands of value and hours at .05 s ends after 0.4 s, in place of 1.0 s and a gap of 2.7%.
_GRACES = (0.1, 0.3, 1.0)
# Of the bound: an answer that had to be mended and lacks less is not searched for any farther. At 2,000 x 20 under
# bounds on value, that spares a core of all leads at .44 and .6 of the mean best share; one takes 30 s at .825.
NEAR_ENOUGH = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One solve under way.

    Parameters
    ----------
    oracle, dual
        of the leads that are not pinned
    draft
        the best allowed answer that is known before any search; None = there is none
    """

    problem: Problem
    rows: Rows
    meter: Meter
    oracle: PairOracle
    dual: Dual
    draft: Ints | None

    @classmethod
    def of(cls, problem: Problem, meter: Meter, start: Ints | None = None) -> "Work":
        """Return the work on a problem, from an answer that is known; raise `Infeasible` where that is plain to see."""
        loaded("scipy.sparse")
        rows = Rows.of(problem)
        leads = np.flatnonzero(problem.pins < 0)
        refuse_empty_bounds(problem)
        refuse_pinned(problem, rows.upper)
        if np.isneginf(problem.reserve):
            refuse_stranded(problem, leads)
        oracle = PairOracle.of(problem, rows, leads)
        dual = Dual.of(oracle, rows)
        _check_prices(problem, dual)
        draft = best_draft(problem, rows, start, meter, dual.unit)
        return cls(problem=problem, rows=rows, meter=meter, oracle=oracle, dual=dual, draft=draft)

    @property
    def n_leads(self) -> int:
        """How many leads are free."""
        return len(self.oracle.leads)

    @property
    def grace_s(self) -> float:
        """Seconds that are taken where there are none left: only for want of any allowed answer."""
        return self.meter.grace_s if self.draft is None else 0.0

    def relaxed(self, core: Core, dear: Floats, kept_s: float = 0.0) -> Relaxed:
        """Return the shares of a core, as far as time goes but for what is kept for their mending."""
        return core.relaxed(dear, max(self.meter.left_s - kept_s, self.grace_s))

    def opened(self, y: Floats, n_open: int, wider: int = 1) -> tuple[Core, Ints]:
        """Return the core of the leads open at some prices, and where all others are, they themselves in the pool."""
        places, lead, rep, settled = open_options(self.oracle, y, n_open, wider)
        others = self.problem.pins.copy()
        others[self.oracle.leads] = settled
        taken = self.oracle.taken(settled)
        return Core.of(self.problem, self.rows, self.oracle.leads[places], lead, rep, taken), others

    def beside(self, core: Core, rep_of_lead: Ints) -> tuple[Core, Ints]:
        """Return a core beside the other leads of an answer, and its leads' options there, which it may have lacked."""
        n_options = self.problem.n_reps + 1
        others = rep_of_lead.copy()
        others[core.leads] = -1
        here = self._keys(core, rep_of_lead)
        options = np.union1d(core.lead * n_options + core.rep, here)
        lead, rep = np.divmod(options, n_options)
        placed = np.flatnonzero((others >= 0) & (self.problem.pins < 0))
        taken = self.rows.loads(self.problem, placed, others[placed])
        return Core.of(self.problem, self.rows, core.leads, lead, rep, taken), np.searchsorted(options, here)

    def options(self, core: Core, rep_of_lead: Ints) -> Ints:
        """Return the options that a core's leads have in an answer, if they are among the core's."""
        keys = core.lead * (self.problem.n_reps + 1) + core.rep
        return np.searchsorted(keys, self._keys(core, rep_of_lead))

    def _keys(self, core: Core, rep_of_lead: Ints) -> Ints:
        """Return the option of each of a core's leads in an answer as one number, lead by lead."""
        m, there = self.problem.n_reps, rep_of_lead[core.leads]
        return np.arange(len(core.leads)) * (m + 1) + np.where(there < 0, m, there)

    def rep_of_lead(self, core: Core, at: Ints, others: Ints) -> Ints:
        """Return an answer: the core's leads have the given options, beside the others."""
        found = others.copy()
        found[core.leads] = np.where(core.rep[at] == self.problem.n_reps, -1, core.rep[at])
        return found

    def best(self, found: Ints, known: Ints | None = None) -> Ints | None:
        """Return the best allowed one of what was found, mended if need be, what is known, and the draft; None if none.

        Parameters
        ----------
        known
            an allowed answer, None = none but the draft
        """
        problem = self.problem
        if (value := worth(problem, found)) == -np.inf:
            found = mended(problem, self.rows, found, self.meter)
            value = worth(problem, found)
        for other in (known, self.draft):
            if other is not None and (its := worth(problem, other)) > value:
                found, value = other, its
        return found if value > -np.inf else None

    def chained(
        self, core: Core, y: Floats, at: Ints, others: Ints, nearest: int | None = None
    ) -> tuple[Ints, Ints | None]:
        """Return a core's options after chains, and the best allowed answer near them beside the others, None = none.

        Where there is no time left, chains go on only while nothing is allowed that way.
        """
        best, graces_s = None, _GRACES if self.draft is None and self.meter.left_s < self.grace_s else (1.0,)
        for part in graces_s:
            at, _ = improved(core, y, at, self.dual.unit, self.meter, part * self.grace_s, nearest)
            best = self.best(self.rep_of_lead(core, at, others))
            if best is not None or core.allows(at):
                break
        return at, best

    def lacking(self, answer: Ints, y: Floats) -> float:
        """Return what part of the bound at some prices an allowed answer lacks."""
        pinned = np.flatnonzero(self.problem.pins >= 0)
        bound = self.dual.at(y) + float(self.problem.affinity.at(pinned, self.problem.pins[pinned]).sum())
        return (bound - worth(self.problem, answer)) / max(abs(bound), 1e-300)

    def polished(self, core: Core, answer: Ints, y: Floats, nearest: int | None = None) -> Ints:
        """Return an allowed answer after chains among a core's leads."""
        beside, at = self.beside(core, answer)
        better, _ = improved(beside, y, at, self.dual.unit, self.meter, self.grace_s, nearest)
        return self.rep_of_lead(beside, better, answer) if beside.allows(better) else answer

    def answer(self, rep_of_lead: Ints, core: Core | None, y: Floats, *, complete: bool = False) -> Answer:
        """Return an answer with its prices, and how much of the problem was open in the core that it is from."""
        m = self.problem.n_reps
        return Answer(
            rep_of_lead=rep_of_lead,
            prices=np.maximum(y[:m], 0.0),
            limit_prices=y[m:],
            stopped=self.meter.left_s <= 0,
            complete=complete,
            stats={} if core is None else {"open_leads": len(core.leads), "open_pairs": len(core.rep)},
        )


def _check_prices(problem: Problem, dual: Dual) -> None:
    """Refuse amounts so far from the gains that no number can hold a price of one by the other."""
    known = (dual.unit > 0.0) & (dual.unit <= _LARGEST)
    for row in np.flatnonzero(~known)[:1].tolist():
        with np.errstate(over="ignore", divide="ignore"):
            usage = dual.gain / dual.unit[row]
        raise InvalidInput(
            f"{row_name(problem, row)}: what a lead takes is about {usage:g} where it gains about {dual.gain:g}: too "
            "far apart for a price of one by the other; give gains or usage in another unit"
        )
