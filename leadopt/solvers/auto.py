"""`Auto`: chooses the solver by the problem, as measured."""

from __future__ import annotations

from dataclasses import dataclass

from leadopt.problem.gains import Affinity
from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.assignment.capacities_alone import is_quick
from leadopt.solvers.auction import Auction
from leadopt.solvers.base import Answer, Near, Solver, checked_time_limit
from leadopt.solvers.compiled import compiled
from leadopt.solvers.envelope import Envelope
from leadopt.solvers.flow.equal_leads import few_kinds
from leadopt.solvers.flow.every_pair import most_flow_seconds
from leadopt.solvers.hungarian import Hungarian
from leadopt.solvers.milp import Milp
from leadopt.solvers.min_cost_flow import MinCostFlow

# Pairs from which prices are worth finding before all pairs are looked at: 10,000 x 100 takes a half to a twentieth of
# the time without them, 50,000 x 200 three times as long.
_LARGE = 2_000_000
_SHARED = 500_000  # the same where leads share rows of rates, or only eligible pairs are held
# Pairs that no way takes time for to speak of, whatever gains are like, and though most may be ineligible.
_SMALL = 100_000
_FEW_CELLS = 1 << 22  # rows x reps that are held in full: 32 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """Chooses the solver by the problem: the quickest one as measured by ``benchmarks/auto_table.py``.

    ====================================================================  =================
    problem                                                               solver
    ====================================================================  =================
    limits that overlap or count other amounts than leads                 `Milp`
    nested limits with usage 1, if time is not limited or surely enough   `MinCostFlow`
    the same, if it may not be                                            `Milp`
    32 leads or more per row of eligible pairs, 500,000 pairs or more     `Envelope`
    capacities alone, if time may not be enough (3)                       `Auction`
    other eligible pairs alone (* `MinCostFlow`) (4)                      `Auction`
    one slot per rep at most, up to 100,000 pairs (* 4 million)           `Hungarian`
    up to 4 slots per rep on average, 2 to 50 million pairs (1) (2)       `Hungarian`
    few distinct leads: 2 million pairs of kinds and reps at most         `MinCostFlow`
    32 leads or more per row of rates, 500,000 pairs or more (* 2 mill.)  `Envelope`
    2 million pairs or more (2)                                           `Auction`
    everything else                                                       `MinCostFlow`
    ====================================================================  =================

    What follows a * holds where loops are not compiled (`leadopt.compiled`). (1) Unless leads are many and reps few.
    (2) From 500,000 where leads share rows of rates (* 2 million). (3) It surely is for compiled loops, within .05 to
    2.3 s by pairs; and `Envelope` keeps it. `Auction` tries a flow first where few leads are distinct. (4) Over 100,000
    leads x reps (* any number); fewer are solved as if every pair was given.
    """

    name = "Auto"
    untimed = None

    def choose(self, problem: Problem, time_limit_s: float | None = None) -> Solver:
        """Return the solver for a problem."""
        limit_s = checked_time_limit(time_limit_s)
        may_be_late = limit_s is not None and most_flow_seconds(problem.n_leads * problem.n_reps) > limit_s
        if not problem.limits:
            chosen = self._choose_for_capacities(problem)
            surely = limit_s is None or (is_quick(problem) and not may_be_late)
            return chosen if surely or isinstance(chosen, Envelope) else Auction()
        return Milp() if may_be_late or MinCostFlow().refuses(problem) else MinCostFlow()

    def _choose_for_capacities(self, problem: Problem) -> Solver:
        n_pairs, loops = problem.n_leads * problem.n_reps, compiled()
        if problem.affinity.is_sparse and not (loops and n_pairs <= _SMALL):
            return self._choose_for_pairs(problem.affinity, loops)
        unit = problem.capacity.max(initial=0) <= 1
        if unit and n_pairs <= (_SMALL if loops else 4_000_000):
            return Hungarian()
        large = n_pairs >= (_LARGE if problem.affinity.is_dense or not loops else _SHARED)
        if large and is_quick(problem) and not Hungarian().refuses(problem):
            return Hungarian(otherwise=Auction())
        if not large or few_kinds(problem.affinity):
            return MinCostFlow()
        shared = not problem.affinity.is_dense and problem.n_leads >= 32 * problem.affinity.n_rows
        return Envelope() if shared else Auction()

    def _choose_for_pairs(self, affinity: Affinity, loops: bool) -> Solver:
        shared = affinity.n_leads >= 32 * affinity.n_rows and affinity.n_rows * affinity.n_reps <= _FEW_CELLS
        if shared and affinity.n_pairs >= _SHARED:
            return Envelope()
        return Auction() if loops else MinCostFlow()

    def refuses(self, problem: Problem) -> str | None:
        """Return None: there is a solver for every problem."""
        return None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the answer of the chosen solver."""
        return self.choose(problem, meter.limit_s).solve(problem, near, meter)
