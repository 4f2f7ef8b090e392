"""`Auto`: chooses the solver by the problem, as measured."""

from __future__ import annotations

from dataclasses import dataclass

from leadopt.problem.problem import Problem
from leadopt.progress import Meter
from leadopt.solvers.auction import Auction
from leadopt.solvers.base import Answer, Near, Solver, checked_time_limit
from leadopt.solvers.compiled import compiled
from leadopt.solvers.envelope import Envelope
from leadopt.solvers.flow.equal_leads import few_kinds
from leadopt.solvers.hungarian import Hungarian
from leadopt.solvers.milp import Milp
from leadopt.solvers.min_cost_flow import MinCostFlow

# Pairs from which bids are quicker than a flow: 5 ms of a core beside 7 at 9,000, 9 beside 68 at 150,000. In a process
# that solves once they are at any size, as a flow loads OR-Tools, for 40 ms.
_WORTH_BIDS, _WORTH_SAMPLES = 10_000, 2_000_000
_WORTH_ENVELOPES = 500_000
_WORTH_HUNGARIAN, _WORTH_HUNGARIAN_TO_SAMPLES = 100_000, 4_000_000


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
    few distinct leads: 2 million pairs of kinds and reps at most         `MinCostFlow`
    32 leads or more per row of rates, 500,000 pairs or more (* 2 mill.) `Envelope`
    10,000 pairs or more (* 2 million)                                    `Auction`
    everything else                                                       `MinCostFlow`
    ====================================================================  =================

    Sizes after a * hold where loops are not compiled (`leadopt.compiled`).
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
        n_pairs = problem.n_leads * problem.n_reps
        unit, loops = problem.capacity.max(initial=0) <= 1, compiled()
        if unit and n_pairs <= (_WORTH_HUNGARIAN if loops else _WORTH_HUNGARIAN_TO_SAMPLES):
            return Hungarian()
        if n_pairs < (_WORTH_BIDS if loops else _WORTH_SAMPLES) or few_kinds(problem.affinity):
            return MinCostFlow()
        shared = not problem.affinity.is_dense and problem.n_leads >= 32 * len(problem.affinity.rates)
        return Envelope() if shared and n_pairs >= _WORTH_ENVELOPES else Auction()

    def refuses(self, problem: Problem) -> str | None:
        """Return None: there is a solver for every problem."""
        return None

    def solve(self, problem: Problem, near: Near, meter: Meter) -> Answer:
        """Return the answer of the chosen solver."""
        return self.choose(problem, meter.limit_s).solve(problem, near, meter)
