"""Many leads, each looked at with every rep: prices, and cores of the leads that are nearest to a tie."""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.errors import SolverFailed
from leadopt.problem.linear_algebra import inner
from leadopt.problem.problem import Problem
from leadopt.progress import OutOfTime
from leadopt.solvers.base import Answer
from leadopt.solvers.drafts.drafts import worth
from leadopt.solvers.drafts.served import served
from leadopt.solvers.lagrangian.dual import priced, roughly_priced
from leadopt.solvers.lagrangian.ejection_chains import losses
from leadopt.solvers.lagrangian.infeasible import exact_rows, none_found, refuse_conflict, row_name
from leadopt.solvers.lagrangian.program import Core, Relaxed
from leadopt.solvers.lagrangian.relax_and_fix import largest, rounded
from leadopt.solvers.lagrangian.work import DEAR, DEARER, NEAR_ENOUGH, Work

_WIDER = 2  # times as many leads in the next core, if one allows no answer
_NEAR = 1e-7  # a core changes the bound by so little, relatively, or
_PRICING = 0.6  # part of a time limit: what follows makes leads whole, and takes about half as long
_SAMPLING = 0.25  # and of it for those of a sample at first, by which leads are dealt
# Part of the time left in which leads are dealt if an answer is known, and looks at pairs meanwhile.
_DEALING, _LOOKS_A_SECOND = 0.5, 50_000_000
# Part of it for chains after that, and mending: so much is left where no shares of the core are found in time.
_MENDING = 0.2
_TIGHT = 3e-6  # its shares lack so little to the bound: another one at its prices would win nothing
# Options a lead that take part in chains where a core holds all of them. At 1,000 x 30 under hours for 0.6 of the work,
# 2, 4, 8 and 16 come to a gap of .0032, .0029, .0029 and .0026 in 1.3, 1.1, 3.2 and 5.4 s; all 31 to .0040 in 5.6 s.
_NEAREST = 4
_REMEDY = "allow more time (time_limit_s=...), loosen a limit, or give one a penalty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The way of a problem of many leads.

    Parameters
    ----------
    open_leads, open_leads_per_row
        leads in the first core at least, and by row
    cores
        how many are solved, each at the prices of the last, before leads are made whole
    rough
        (n_leads of the problem,), an answer that breaks little, if anything; None = there is none
    """

    work: Work
    open_leads: int
    open_leads_per_row: int
    cores: int
    rough: Ints | None = None

    def begun(self, y: Floats) -> tuple["Pairs", Floats]:
        """Return the way on and prices of a sample, with leads dealt at these, where time is limited and allows it.

        Lest there be no answer in the end, or none but what is plain to see.
        """
        work, leads = self.work, self.work.oracle.leads
        limit_s = work.meter.limit_s
        if limit_s is None or work.n_leads * work.problem.n_reps > _DEALING * limit_s * _LOOKS_A_SECOND:
            return self, y
        work.meter.enter("draft")
        y = roughly_priced(work.problem, work.rows, leads, y, work.meter, work.meter.left_s - _SAMPLING * limit_s)
        return self.drafted(y), y

    def priced(self, y: Floats) -> tuple["Pairs", Floats]:
        """Return the way on, and prices near the best, from a hint; if time is limited, leads are dealt at these."""
        work, leads = self.work, self.work.oracle.leads
        work.meter.enter("price")
        if work.meter.limit_s is None:
            return self, priced(work.problem, work.rows, leads, y, work.meter)
        y = priced(work.problem, work.rows, leads, y, work.meter, (1.0 - _PRICING) * work.meter.limit_s)
        return self.drafted(y), y

    def drafted(self, y: Floats) -> "Pairs":
        """Return the way on with an answer that is dealt at some prices, if there is time and it is better."""
        work = self.work
        part = 1.0 if work.draft is None else _DEALING
        left_s = work.meter.left_s
        seconds = part * max(left_s, 0.0) + work.grace_s
        if seconds * _LOOKS_A_SECOND <= work.n_leads * work.problem.n_reps:
            return self
        meter, looks = work.meter.keeping(left_s - seconds), int(seconds * _LOOKS_A_SECOND)
        answer = served(work.problem, work.rows, y, work.dual.unit, looks, meter)
        value = worth(work.problem, answer)
        if value == -np.inf and work.draft is None:
            return replace(self, rough=answer)
        if work.draft is not None and worth(work.problem, work.draft) >= value:
            return self
        return replace(self, rough=answer, work=replace(work, draft=answer))

    def answer(self, y: Floats) -> Answer:
        """Return the answer at some prices, from cores that grow until one allows an answer.

        Raises
        ------
        OutOfTime
            there is none yet
        """
        work, wider, best = self.work, 1, None
        if work.draft is not None:
            work.meter.check()
        while True:
            core, others, shares, y = self._core(y, wider)
            if shares is None:
                return self._chained(core, others, y) if best is None else work.answer(best, core, y)
            everything = len(core.leads) == work.n_leads
            # Where even shares break a bound, leads that are settled are in the way: no chain would mend that.
            stuck = core.breaks(shares.broken)
            at = largest(core, shares.z) if stuck else self._whole(core, shares, y, others, everything)
            found = work.rep_of_lead(core, at, others)
            best = work.best(found, best)
            if best is not None:
                # What the core found is polished already.
                if not np.array_equal(best, found):
                    best = work.polished(core, best, y, _NEAREST if everything else None)
                if core.allows(at) or everything or work.meter.left_s <= 0 or work.lacking(best, y) <= NEAR_ENOUGH:
                    return work.answer(best, core, y)
            elif everything:
                refuse_conflict(work.problem, core, work.dual.unit, work.meter)
                raise none_found(work.problem, core, at, "loosen a limit, or give one a penalty")
            elif not stuck and exact_rows(work.problem, core, at):
                # More leads make no exact figure likelier than the thousands of sums that chains have tried.
                raise none_found(work.problem, core, at, "")
            else:
                work.meter.check()
            wider *= _WIDER

    def in_haste(self, y: Floats, n_open: int | None = None) -> Answer:
        """Return the answer from every lead's best option at some prices, mended for a moment, as time is over.

        At no prices that is what drafts begin with, so that an allowed draft is the answer; and where time is over.
        """
        work = self.work
        if work.draft is not None and (not y.any() or work.meter.left_s <= 0):
            return work.answer(work.draft, None, y)
        if work.draft is None and work.grace_s <= 0:
            raise SolverFailed(f"Milp found no allowed answer in time: {_REMEDY}")
        return self._chained(*work.opened(y, self._n_open if n_open is None else n_open), y)

    def _chained(self, core: Core, others: Ints, y: Floats) -> Answer:
        """Return the answer from the best option of each of a core's leads at some prices, after chains."""
        work = self.work
        work.meter.enter("round")
        if self.rough is not None:
            polished = work.polished(core, self.rough, y)
            if worth(work.problem, polished) > -np.inf:
                return work.answer(polished, core, y)
            if work.grace_s <= 0:
                raise _out_of_time(work.problem, *work.beside(core, self.rough))
        at, best = work.chained(core, y, largest(core, -losses(core, y)), others)
        if best is None:
            raise _out_of_time(work.problem, core, at)
        return work.answer(best, core, y)

    @property
    def _n_open(self) -> int:
        return max(self.open_leads, self.open_leads_per_row * self.work.rows.n)

    @property
    def _mending_s(self) -> float:
        """Seconds of a time limit that are left for chains."""
        return _MENDING * (self.work.meter.limit_s or 0.0)

    def _core(self, y: Floats, wider: int) -> tuple[Core, Ints, Relaxed | None, Floats]:
        """Return the core at some prices, the answer so far, the core's shares, and better prices if these tell them.

        None where no shares were found in time.

        The prices of a core are the best for all leads if no option left out beats those inside: if they are worth
        what the shares of the core gain beside the leads that are settled.
        """
        work, dual = self.work, self.work.dual
        last: tuple[Core, Ints, Relaxed] | None = None
        for _ in range(self.cores):
            core, others = work.opened(y, wider * self._n_open, wider)
            work.meter.enter("core")
            dear = DEAR * np.clip(np.abs(y), dual.unit, DEARER * dual.unit)
            try:
                shares = work.relaxed(core, dear, self._mending_s)
            except OutOfTime:
                return (core, others, None, y) if last is None else (*last, y)
            last = core, others, shares
            before, after = dual.at(y), dual.at(shares.prices)
            if after >= before:
                break
            y = shares.prices
            soft = np.isfinite(core.penalty)
            paid = inner(core.penalty[soft], shares.broken[soft])
            gained = self._gained(others) + inner(core.gain, shares.z) - paid
            near = after - gained <= _TIGHT * abs(after) or before - after <= _NEAR * abs(after)
            if near or work.meter.left_s <= 0:
                break
        return core, others, shares, y

    def _gained(self, others: Ints) -> float:
        """Return what the free leads are worth where they are so far."""
        problem, leads = self.work.problem, self.work.oracle.leads
        rep = others[leads]
        placed = np.flatnonzero(rep >= 0)
        reserve = problem.reserve if np.isfinite(problem.reserve) else 0.0
        gained = problem.affinity.at(leads[placed], rep[placed]).sum()
        return float(gained) + reserve * (len(rep) - len(placed))

    def _whole(self, core: Core, shares: Relaxed, y: Floats, others: Ints, everything: bool) -> Ints:
        """Return an option of each lead near its shares, after chains."""
        work, unit = self.work, self.work.dual.unit
        work.meter.enter("round")
        start = rounded(core, shares.z, y, unit, work.meter.keeping(self._mending_s))
        return work.chained(core, y, start, others, _NEAREST if everything else None)[0]


def _out_of_time(problem: Problem, core: Core, at: Ints) -> SolverFailed:
    """Return an error that says which limits are still broken."""
    broken = np.where(np.isinf(core.penalty), core.broken(at), 0.0)
    worst = int((broken / np.maximum(core.largest, np.abs(core.loads(at)))).argmax())
    return SolverFailed(
        f"Milp found no allowed answer in time: {int((broken > 0).sum())} of the hard limits are still broken, "
        f"most of all {row_name(problem, worst)}, by {broken[worst]:g}; {_REMEDY}"
    )
