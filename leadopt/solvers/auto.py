"""`Auto`: chooses the solver by the problem, as measured."""

from __future__ import annotations

from dataclasses import dataclass

from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.assignment.capacities_alone import is_quick
from leadopt.solvers.auction import Auction
from leadopt.solvers.base import Answer, Near, Solver, checked_time_limit
from leadopt.solvers.compiled import compiled
from leadopt.solvers.envelope import Envelope
from leadopt.solvers.flow.equal_leads import few_kinds
from leadopt.solvers.hungarian import Hungarian
from leadopt.solvers.milp import Milp
from leadopt.solvers.min_cost_flow import MinCostFlow

# Pairs from which `Auction` is quicker where reps have many leads each: 10,000 x 100 takes more than twice as long
# without it where slots are scarce, and 3,000 x 50 thirty times as long with it.
_LARGE = 500_000
_SMALL = 100_000  # pairs that SciPy's shortest paths take no time for to speak of, whatever gains are like


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """Chooses the solver by the problem: the quickest one as measured by ``benchmarks/auto_table.py``.

    ====================================================================  =================
    problem                                                               solver
    ====================================================================  =================
    limits that overlap or count other amounts than leads, limited time   `Milp`
    nested limits with usage 1                                            `MinCostFlow`
    capacities alone, limited time                                        `Auction`
    one slot per rep at most, up to 100,000 pairs (* 4 million)           `Hungarian`
    up to 4 slots per rep on average, 500,000 pairs or more (* none)      `Hungarian`
    few distinct leads: 2 million pairs of kinds and reps at most         `MinCostFlow`
    32 leads or more per row of rates, 500,000 pairs or more (* 2 mill.)  `Envelope`
    500,000 pairs or more (* 2 million)                                   `Auction`
    everything else                                                       `MinCostFlow`
    ====================================================================  =================

    Sizes after a * hold where loops are not compiled (`leadopt.compiled`). Of up to 4 slots per rep, 50 million pairs
    at most, unless leads are many and reps few; and where all leads want the same reps, `Auction` takes over.
    """

    name = "Auto"
    untimed = None

    def choose(self, problem: Problem, time_limit_s: float | None = None) -> Solver:
        """Return the solver for a problem."""
        limited = checked_time_limit(time_limit_s) is not None
        if not problem.limits:
            return Auction() if limited else self._choose_for_capacities(problem)
        return Milp() if limited or MinCostFlow().refuses(problem) else MinCostFlow()

    def _choose_for_capacities(self, problem: Problem) -> Solver:
        n_pairs, loops = problem.n_leads * problem.n_reps, compiled()
        unit = problem.capacity.max(initial=0) <= 1
        if unit and n_pairs <= (_SMALL if loops else 4_000_000):
            return Hungarian()
        if is_quick(problem) and n_pairs >= _LARGE and not Hungarian().refuses(problem):
            return Hungarian(otherwise=Auction())
        if n_pairs < (_LARGE if loops else 2_000_000) or few_kinds(problem.affinity):
            return MinCostFlow()
        shared = not problem.affinity.is_dense and problem.n_leads >= 32 * len(problem.affinity.rates)
        return Envelope() if shared else Auction()

    def refuses(self, problem: Problem) -> str | None:
        """Return None: there is a solver for every problem."""
        return None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the answer of the chosen solver."""
        return self.choose(problem, meter.limit_s).solve(problem, near, meter)
