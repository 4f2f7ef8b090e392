"""The least of all prices that prove an answer under capacities alone, from some that do."""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.solvers.capacities.free_leads import Remainder
from leadopt.solvers.capacities.least_kernels import Far, Places, lower
from leadopt.solvers.compiled import compiled

_MOST_CELLS = 10_000_000  # pairs, and pairs of reps, that are looked at: some hundredths of a second


def lowered(rest: Remainder, rep_of: Ints, prices: Floats, slack: float) -> Floats | None:
    """Return the least prices (n_reps,) at which an answer is best, given some, by one look at every pair.

    None where pairs are too many or not a matrix, loops are not compiled, or rounding makes the prices bound more than
    those given, by more than `slack` for each lead.
    """
    affinity, n_reps, n = rest.problem.affinity, rest.problem.n_reps, len(rest.leads)
    if not (compiled() and affinity.is_dense and max(rest.n_pairs, n_reps**2) <= _MOST_CELLS):
        return None
    given = np.where(rest.closed, 0.0, prices)
    lowest = given.copy()
    lower(
        affinity.full_rates(),
        rest.leads,
        np.where(rep_of < 0, n_reps, rep_of),
        np.where(rest.closed, np.inf, 0.0),
        rest.problem.reserve,
        lowest,
        Places(np.empty(n_reps + 1, dtype=np.int64), np.empty(n, dtype=np.int64)),
        Far(np.empty(n_reps), np.empty(n_reps, dtype=np.bool_)),
    )
    return lowest if _bound(rest, lowest) <= _bound(rest, given) + slack * n else None


def _bound(rest: Remainder, prices: Floats) -> float:
    """Return what leads are worth at most, where nobody can have a rep without slots."""
    reserve = 0.0 if rest.all_placed else abs(rest.problem.reserve)
    beyond = float(prices.max(initial=0.0)) + 2.0 * (rest.problem.affinity.largest + reserve)
    return rest.bound(np.where(rest.closed, beyond, prices))
