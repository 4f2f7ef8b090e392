"""What every solver is and returns. The contract is stated here once; a solver says only what differs."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from leadopt.problem import Problem
from leadopt.progress import OnProgress

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a solver found; nothing in it is believed before `certify` has recomputed it.

    Parameters
    ----------
    rep_of_lead
        int64 (n_leads,), -1 = pool
    prices
        (n_reps,), dual values of the capacities
    limit_prices
        (n_limits,), dual values of the limits: negative where a lower bound holds leads against their gain
    stats
        figures of the solve, such as how many nodes it had
    """

    rep_of_lead: Ints
    prices: Floats
    limit_prices: Floats
    stats: dict[str, float] = field(default_factory=dict)


class Solver(Protocol):
    """A value that holds only its options; solving leaves no trace in it."""

    @property
    def name(self) -> str:
        """What `Match.solver` and reports call it."""
        ...

    def refuses(self, problem: Problem) -> str | None:
        """Return why this solver cannot take the problem, None if it can. Never solves."""
        ...

    def solve(self, problem: Problem, on_progress: OnProgress | None = None) -> Answer:
        """Return the best answer and its prices.

        Raises
        ------
        Infeasible
            no answer meets every hard limit; carries a witness
        InvalidInput
            the solver refuses the problem
        """
        ...
