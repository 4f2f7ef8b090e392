"""`Milp`: limits of any kind: overlapping, in hours or in value, with penalties, with minimums.

Nested limits over many pairs, where time is limited, are tried as a flow first (`MinCostFlow`).

1. **Draft** what is plain to see (`drafts`): the answer is worth no less.
2. **Price** every bound by the dual (`dual`): on samples first, then on all leads (`pairs`). Where many leads share few
   rows of rates, by annealing along lines (`by_lines`); their shares are dealt out.
3. **Prune**: leads whose best option is well ahead of the next one take it; the others are the core (`open_options`).
4. **Solve** the core without whole numbers (HiGHS; `program`): its prices are better than those it came from. Make
   leads whole, large ones first (`relax_and_fix`), and mend what that breaks by ejection chains (`ejection_chains`). A
   problem that is small enough is searched in whole numbers, as far as the bound leaves it open (`small`); by packings
   where reps have hours (`packings`).
5. The prices bound what any answer is worth. As leads cannot be divided, the bound is seldom reached exactly. Where a
   few leads are many times as large as others, that is most of the gap: at dense 5,000 x 50 under bands, with the 25
   largest in whole numbers and all others of the core in shares, 1.1e-4 of 1.9e-4 and (another seed) 1.7e-4 of 2.5e-4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from leadopt.arrays import Floats
from leadopt.errors import SolverFailed
from leadopt.problem.problem import Problem
from leadopt.progress import Meter, OutOfTime
from leadopt.solvers.base import Answer, Near
from leadopt.solvers.compiled import compiled
from leadopt.solvers.drafts.affordable import affordable
from leadopt.solvers.factored.by_lines import ByLines
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.flow.core import MANY
from leadopt.solvers.flow.every_pair import in_part_of_time
from leadopt.solvers.lagrangian.by_packings import ByPackings
from leadopt.solvers.lagrangian.pairs import Pairs
from leadopt.solvers.lagrangian.small import Small
from leadopt.solvers.lagrangian.work import Work
from leadopt.solvers.min_cost_flow import MinCostFlow


@dataclass(frozen=True, slots=True, kw_only=True)
class Milp:
    """For limits of any kind; exact where they are few, near the bound and honest about the gap where they are many.

    Parameters
    ----------
    most_work
        effort of a search over a core that is small enough, in seconds as the backend counts them: by its steps, so
        that they end at the same answer on any machine
    exactly
        options open up to which a search is exact, in whole numbers
    most_nodes
        of branch and bound over linear programs where more are open; at E 100 x 10 of the generalised assignment
        problem, 1,000 end at 11,369 after 25 s of a core, 4,000 at 11,368, proved after 27
    whole_options
        pairs of leads and reps up to which all of them are in one core, and branch and bound may end the search: a
        linear program of so many takes about a quarter of a second
    searched, searched_in_time
        options still open there up to which branch and bound is begun; the second, larger one where time is limited,
        as it may find something better there though it does not end; but eight a lead at most. At 1,000 x 10, half of
        the first brings the same answer, and twice a gap of 6.9e-5 in place of 1.1e-4, in 61 s of a core in place of 4
    open_leads, open_leads_per_row
        leads in a core of a larger problem, at least, and by bound: a bound divides about one lead, and its neighbours
        make up for it. At 5,000 x 50, 500, 1,000 and 2,000 leads come to gaps of 2.2e-4, 1.9e-4 and 2.1e-4 in 5.9, 6.3
        and 10 s of a core; 10 by bound to 1.9e-4 in 7.5 s
    cores
        how many of them are solved, each at the prices of the last: fewer where prices are as good as they get. One and
        six come to the same answer at 5,000 x 50
    dealt_leads_per_row, dealt_cores
        the same where millions of leads share few rows, and how many cores are tried there, each with options that
        lose twice as much, until one keeps every bound

    Notes
    -----
    Without a time limit, branch and bound takes as long as its nodes (`most_nodes`): 2,000 of 300 x 8 under hours and
    bands on value that bind, three quarters of a minute on a busy machine.

    A step of the pricing looks at every pair, and fifty or more are taken, and as many on samples. What is not said to
    be measured at half and twice of a default has not been.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming. doi:10.1007/BFb0120690. Huangfu and Hall (2018),
    Parallelizing the dual revised simplex method (HiGHS). doi:10.1007/s12532-017-0130-5
    """

    most_work: float = 2.0
    exactly: int = 600
    most_nodes: int = 2_000
    whole_options: int = 20_000
    searched: int = 2_500
    searched_in_time: int = 4_000
    open_leads: int = 1_000
    open_leads_per_row: int = 5
    cores: int = 3
    dealt_leads_per_row: int = 20
    dealt_cores: int = 6
    name = "Milp"
    untimed = None

    def refuses(self, problem: Problem) -> str | None:
        """Return None: it takes every problem."""
        return None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the best answer and its prices."""
        if (answer := self._by_flow(problem, near, meter)) is not None:
            return answer
        work = Work.of(problem, meter, near.rep_of_lead)
        if work.draft is not None and problem.n_leads * problem.n_reps <= self.whole_options:
            left = affordable(problem, work.draft)
            work = work if left is None else Work.of(left, meter, work.draft)
        y = np.zeros(work.rows.n)
        if near.prices is not None:
            y[: problem.n_reps] = near.prices
        try:
            return self._answer(work, y)
        except SolverFailed:
            if work.draft is None:
                raise
            # An allowed answer with an honest gap is worth more than the backend's excuse.
            return work.answer(work.draft, None, y)

    def _by_flow(self, problem: Problem, near: Near, meter: Meter) -> Answer | None:
        """Return the answer as a flow under nested limits over many pairs, if that is found in a part of the time."""
        flow = MinCostFlow()
        many = problem.n_leads * problem.n_reps >= MANY
        if meter.limit_s is None or not (many and compiled()) or flow.refuses(problem):
            return None
        return in_part_of_time(partial(flow.solve_in_time, problem, near), meter)

    def _answer(self, work: Work, y: Floats) -> Answer:
        """Return the answer by the way that suits the problem's size; a quick one where that takes too long."""
        pairs = Pairs(
            work=work,
            open_leads=self.open_leads,
            open_leads_per_row=self.open_leads_per_row,
            cores=self.cores,
        )
        packed = ByPackings.of(work)
        try:
            if packed is not None and (answer := packed.answer(y)) is not None:
                return answer
        except OutOfTime:
            return pairs.in_haste(y, work.n_leads)
        if work.n_leads * work.problem.n_reps <= self.whole_options:
            small = Small(
                work=work,
                most_work=self.most_work,
                exactly=self.exactly,
                most_nodes=self.most_nodes,
                searched=self.searched,
                searched_in_time=self.searched_in_time,
            )
            try:
                return small.answer()
            except OutOfTime:
                return pairs.in_haste(y, work.n_leads)
        pairs, y = pairs.begun(y)
        try:
            if (lines := LineOracle.if_lines(work.oracle)) is None:
                pairs, y = pairs.priced(y)
            else:
                by_lines = self._by_lines(pairs.work, lines)
                y, soft = by_lines.priced(y)
                if (answer := by_lines.answer(y, soft)) is not None:
                    return answer
            return pairs.answer(y)
        except OutOfTime:
            return pairs.in_haste(y)

    def _by_lines(self, work: Work, lines: LineOracle) -> ByLines:
        return ByLines(
            work=work,
            lines=lines,
            open_leads=self.open_leads,
            open_leads_per_row=self.dealt_leads_per_row,
            cores=self.dealt_cores,
        )
