"""Prices of leads that make the bound of `leadopt.problem.knapsack_bound` small, by subgradient steps.

The packings of all reps take each lead some number of times; its price rises where that is more than once and falls
where nobody takes it.

References
----------
Polyak (1969), Minimization of unsmooth functionals. doi:10.1016/0041-5553(69)90061-5. Held, Wolfe and Crowder (1974),
Validation of subgradient optimization. doi:10.1007/BF01580223
"""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.knapsack_bound import Knapsacks
from leadopt.problem.linear_algebra import inner
from leadopt.progress import Meter

# At 80 x 8 as in `neighbourhoods`, where the bound is -4,910:
_STEPS = 400  # at a few ms each; patience ends most runs before. Half: a bound of -4,909, twice: the same
_PATIENCE = 20  # steps without a better bound before steps are halved; half and twice: -4,909
_CLOSE = 1e-9  # of a bound: no step is worth it


def lead_prices(packs: Knapsacks, reserve: float, start: Floats, least: float, meter: Meter) -> Floats:
    """Return prices of leads, float64 (n_leads,).

    Parameters
    ----------
    start
        (n_leads,), such as what each lead is worth after the prices of time
    least
        what some answer is worth: no bound is below
    """
    u, best, lowest, length, waited = start.copy(), start, np.inf, 1.0, 0
    for _ in range(_STEPS):
        meter.still()
        bound, taken = _packed_all(packs, reserve, u)
        waited += 1
        if bound < lowest - _CLOSE * abs(bound):
            best, lowest, waited = u.copy(), bound, 0
        slope = 1.0 - taken
        size = inner(slope, slope)
        if size == 0 or lowest - least <= _CLOSE * abs(lowest) or meter.left_s <= 0:
            break
        if waited == _PATIENCE:
            u, length, waited = best.copy(), length / 2, 0
            continue
        u = u - length * max(bound - least, _CLOSE * abs(bound)) / size * slope
    return best


def _packed_all(packs: Knapsacks, reserve: float, u: Floats) -> tuple[float, Floats]:
    """Return the bound at some prices, and how often each lead is taken, by reps and by the pool."""
    pool = reserve > u
    bound = float(u.sum()) + (float((reserve - u)[pool].sum()) if np.isfinite(reserve) else 0.0)
    taken = pool.astype(np.float64)
    for rep, room in enumerate(packs.room.tolist()):
        value, chosen = _packing(packs.gain[:, rep] - u, packs.weight[:, rep], room)
        bound += value
        taken[chosen] += 1.0
    return bound, taken


def _packing(profit: Floats, weight: Ints, room: int) -> tuple[float, list[int]]:
    """Return the most profit that fits, and which leads bring it."""
    leads = np.flatnonzero((profit > 0) & (weight <= room)).tolist()
    best, better = np.zeros(room + 1), np.zeros((len(leads), room + 1), dtype=bool)
    for k, lead in enumerate(leads):
        w = int(weight[lead])
        with_it = best[: room + 1 - w] + profit[lead]
        np.greater(with_it, best[w:], out=better[k, w:])
        np.maximum(best[w:], with_it, out=best[w:])
    left, chosen = room, []
    for k in range(len(leads) - 1, -1, -1):
        if better[k, left]:
            chosen.append(leads[k])
            left -= int(weight[leads[k]])
    return float(best[-1]), chosen
