r"""A bound from prices of leads, for reps that each have so much time: tighter than prices of the time itself.

With a price :math:`u_i` of having lead i served once, no answer is worth more than

.. math:: \sum_i u_i + \sum_i (reserve - u_i)^+ + \sum_j \max\Big\{\sum_{i \in S} (gain_{ij} - u_i):
   \sum_{i \in S} usage_{ij} \le upper_j\Big\}

as each rep alone then packs the best leads into its time, a knapsack in whole leads; prices of time would divide them.
Rules of other kinds are left out, which cannot lower the bound, or have prices: gains are less what these charge a
pair, and the bound is more by what they are paid for their bounds (Lagrangian relaxation). Whole gains add up to whole
numbers: then it is rounded down.

References
----------
Fisher, Jaikumar and Van Wassenhove (1986), A multiplier adjustment method for the generalized assignment problem.
doi:10.1287/mnsc.32.9.1095
"""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.reduced_gains import paid_for_bounds, reduced_gains

_UNITS = (1, 2, 4, 5, 10, 12, 20, 60, 100, 1_000)  # steps to one that amounts may be whole numbers of
_LEAST = 40  # or so many to the least of them, at most
_WHOLE = 1e-9  # of a step: so near to a whole number
# That an upper bound is divided into where amounts are in no such unit: at most for a bound, at most for a search, and
# at least. At 100 x 10 with log-normal hours, 1,000 and 4,000 in a search of 8 s come to 89.026 and 89.033.
_FINEST, _FINE, _COARSE = 20_000, 4_000, 1_000
_MOST_STEPS = 20_000  # that it may have in one
_MOST = 200_000_000  # leads times all steps: a tenth of a second a bound, and seldom more than a fifth of that
_SLACK = 1e-9  # relative: what the certificate lets a load exceed its bound by
_UNIT = 2.0**-53  # of all that is added up, for each sum on the way: those of NumPy, and one for each lead
_SUMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Knapsacks:
    """Whole weights of leads and the room of each rep.

    Parameters
    ----------
    gain
        float64 (n_leads, n_reps), -inf = ineligible
    weight
        int64 (n_leads, n_reps), amounts in steps
    room
        int64 (n_reps,)
    limit
        int64 (n_reps,), which limit each rep's knapsack is of, -1 = its capacity
    slots
        int64 (n_reps,), how many leads each may get beside
    exact
        whether amounts are whole steps, so that what fits here is what fits
    alone
        whether the problem has no other rules
    """

    gain: Floats
    weight: Ints
    room: Ints
    limit: Ints
    slots: Ints
    exact: bool
    alone: bool

    @classmethod
    def of(cls, problem: Problem, up: bool = False) -> "Knapsacks | None":
        """Return the knapsacks of a problem; None if no rep has one, some leads are pinned, or they are too large.

        Amounts that are not whole steps are rounded down: all that fits, fits here too. Or `up`: what fits here, fits.
        """
        of_rep = {int(limit.reps[0]): k for k, limit in enumerate(problem.limits) if _is_knapsack(limit)}  # type: ignore[index]
        if not of_rep or (problem.pins >= 0).any():
            return None
        n, m = problem.n_leads, problem.n_reps
        room = np.minimum(problem.capacity, n).astype(np.int64)
        alone, amounts = len(of_rep) == len(problem.limits), dict[int, Ints]()
        steps = int(min(_FINE if up else _FINEST, _MOST / max(1, n * m)))
        exact = steps > 0
        for rep, k in of_rep.items() if exact else ():
            limit = problem.limits[k]
            alone = alone and limit.lower <= 0 and problem.capacity[rep] >= n
            amounts[rep], room[rep], whole = _whole(limit, rep, n, steps, up)
            exact = exact and whole
            if steps < _COARSE and not exact:
                break  # before there are numbers for every pair
        if n * float(room.sum()) > _MOST * (1.0 + _SLACK) or (steps < _COARSE and not exact):
            return None
        weight = np.ones((n, m), dtype=np.int64)
        for rep, amount in amounts.items():
            weight[:, rep] = amount
        return cls(
            gain=problem.affinity.dense(),
            weight=weight,
            room=room,
            limit=np.array([of_rep.get(rep, -1) for rep in range(problem.n_reps)], dtype=np.int64),
            slots=np.minimum(problem.capacity, n).astype(np.int64),
            exact=exact,
            alone=bool(alone),
        )

    def beside(self, problem: Problem, prices: Floats, limit_prices: Floats) -> tuple[Floats, Floats]:
        """Return gains less the prices of all other rules, (n_leads, n_reps), and what each is paid for its bounds.

        The upper bounds that are knapsacks charge nothing; what breaks a limit with a penalty, no more than that.
        """
        limits, inside = problem.limits, self.limit[self.limit >= 0]
        most = np.array([np.inf if limit.penalty is None else limit.penalty for limit in limits])
        other, slots = np.clip(limit_prices, -most, most), np.where(self.limit >= 0, np.maximum(prices, 0.0), 0.0)
        other[inside] = np.minimum(other[inside], 0.0)
        bounds = np.array([limit.reachable for limit in limits]).reshape(-1, 2)
        paid = paid_for_bounds(
            np.append(slots, other), np.append(0.0 * slots, bounds[:, 0]), np.append(self.slots, bounds[:, 1])
        )
        return reduced_gains(problem, np.arange(problem.n_leads), slots, other), paid


def _is_knapsack(limit: Limit) -> bool:
    single = limit.reps is not None and len(limit.reps) == 1
    return single and limit.penalty is None and np.isfinite(limit.upper) and not limit.counts_leads


def _whole(limit: Limit, rep: int, n_leads: int, most_steps: int, up: bool) -> tuple[Ints, int, bool]:
    """Return a limit's amounts and its upper bound in steps, `most_steps` unless amounts are whole ones; are they?"""
    amounts = np.zeros(n_leads)
    leads = np.arange(n_leads) if limit.leads is None else limit.leads
    amounts[leads] = limit.usage_at(leads, np.full(len(leads), rep))
    upper = min(limit.upper * (1.0 if up else 1.0 + _SLACK), float(amounts.sum()))
    if upper == 0.0:
        return (amounts > 0).astype(np.int64), 0, True
    least = float(amounts[amounts > 0].min())
    units = (*_UNITS, *(parts / least for parts in range(1, _LEAST + 1)))
    unit = next(
        (unit for unit in units if unit * upper <= _MOST_STEPS and _are_whole(unit * amounts, unit * upper)), None
    )
    if unit is not None:
        whole = np.rint(unit * amounts)
        room = int(np.floor(unit * upper * (1.0 + _SLACK) + np.abs(unit * amounts - whole).sum()))
    else:
        steps = most_steps / upper
        room = int(np.floor(steps * upper))
        whole = np.ceil(np.minimum(steps * amounts, 2.0 * room)) if up else np.floor(steps * amounts)
    return np.minimum(whole, room + 1.0).astype(np.int64), room, unit is not None


def _are_whole(amounts: Floats, upper: float) -> bool:
    # Beside a bound of less than a step, in a unit too large, all amounts would be near to none.
    return bool((np.abs(amounts - np.rint(amounts)) <= _WHOLE * min(1.0, upper)).all())


def knapsack_bound(
    problem: Problem,
    lead_prices: Floats,
    prices: Floats | None = None,
    limit_prices: Floats | None = None,
    knapsacks: Knapsacks | None = None,
) -> float:
    """Return what no answer is worth more than, from a price of each lead, float64 (n_leads,); inf if none applies.

    Prices of slots (n_reps,) and of limits (n_limits,) charge for rules beside the knapsacks; None = they are left out.
    Of knapsacks None = those of the problem.

    Examples
    --------
    >>> hours = Limit(reps=[0], usage=[3.0, 3.0], upper=5)
    >>> problem = Problem(affinity=[[4.0], [4.0]], capacity=2, limits=[hours])
    >>> knapsack_bound(problem, np.zeros(2))  # a price of time allows 20 / 3
    4.0
    """
    found = Knapsacks.of(problem) if knapsacks is None else knapsacks
    if found is None:
        return np.inf
    u, m = np.asarray(lead_prices, dtype=np.float64), problem.n_reps
    slots = np.zeros(m) if prices is None else np.asarray(prices, dtype=np.float64)
    other = np.zeros(len(problem.limits)) if limit_prices is None else np.asarray(limit_prices, dtype=np.float64)
    gain, paid = found.beside(problem, slots, other)
    pool = float(np.maximum(problem.reserve - u, 0.0).sum()) if np.isfinite(problem.reserve) else 0.0
    packed = sum(_packed(gain[:, rep] - u, found.weight[:, rep], int(room)) for rep, room in enumerate(found.room))
    # Prices far above the gains, where some cannot be had, leave rounding behind.
    rounding = _UNIT * (_SUMS + problem.n_leads + problem.n_reps + len(problem.limits))
    size = float(np.abs(u).sum() + np.abs(paid).sum()) + pool + packed
    bound = float(u.sum() + paid.sum()) + pool + packed + rounding * size
    return float(np.floor(bound + _SLACK * abs(bound))) if _is_whole(problem, found.gain) else bound


def _is_whole(problem: Problem, gain: Floats) -> bool:
    """Return whether no answer can be worth anything but a whole number."""
    parts = np.append(gain[np.isfinite(gain)], problem.reserve if np.isfinite(problem.reserve) else 0.0)
    return bool((parts == np.rint(parts)).all()) and all(limit.penalty is None for limit in problem.limits)


def _packed(profit: Floats, weight: Ints, room: int) -> float:
    """Return the most profit that fits, by dynamic programming over the room."""
    best = np.zeros(room + 1)
    for lead in np.flatnonzero((profit > 0) & (weight <= room)).tolist():
        w = int(weight[lead])
        best[w:] = np.maximum(best[w:], best[: room + 1 - w] + profit[lead])
    return float(best[-1])
