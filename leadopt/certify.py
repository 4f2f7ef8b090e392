"""Whether an answer is allowed, what it is worth, and how far from the best it can be at most.

Shares no code with any solver: everything is recomputed from the problem, the answer and the prices. Weak duality
does the rest: whatever the prices, no allowed answer is worth more than the bound they give.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.problem import Limit, Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OPTIMAL_GAP = 1e-9
_CHUNK = 1 << 21  # pairs looked at together: 16 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What can be proved about an answer.

    Parameters
    ----------
    objective
        gains of the placed leads, plus the reserve of each other (where finite), less penalties
    bound
        no allowed answer is worth more
    gap
        ``(bound - objective) / max(|bound|, turnover)``, the turnover being the sum of all |gains|, |reserves| and
        penalties in the objective: relative, blind to the unit, and sound where gains cancel
    violations
        every broken rule in words; empty for an allowed answer
    """

    objective: float
    bound: float
    gap: float
    violations: tuple[str, ...] = ()

    @property
    def optimal(self) -> bool:
        """Whether this proves the answer allowed and best."""
        return not self.violations and abs(self.gap) <= OPTIMAL_GAP


def certify(
    problem: Problem,
    rep_of_lead: Ints,
    prices: Floats | None = None,
    limit_prices: Sequence[float] | Floats | None = None,
) -> Certificate:
    r"""Return objective, feasibility, bound and gap of any answer.

    With prices :math:`p_j` of the capacities and :math:`q_k` of the limits, the bound is the Lagrangian dual

    .. math:: \sum_i \max\Big(reserve, \max_j gain_{ij} - p_j - \sum_{k \ni ij} usage_{kij} q_k\Big)
       + \sum_j p_j\, capacity_j + \sum_k (q_k^+ upper_k - q_k^- lower_k)

    Parameters
    ----------
    problem
        what was to be solved
    rep_of_lead
        int64 (n_leads,), the rep of each lead, -1 = pool
    prices
        (n_reps,), prices of the capacities; None = 0, which bounds little but is valid; negative ones count as 0
    limit_prices
        one for each limit; clipped to where the dual is finite (the penalty; 0 above for a limit without upper bound)

    Notes
    -----
    One pass over the pairs, in blocks; O(n_leads x n_reps) time, 16 MB.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming, eq. 2. doi:10.1007/BFb0120690

    Examples
    --------
    >>> problem = Problem(affinity=[[3.0, 1.0], [2.0, 1.5]], capacity=[1, 1])
    >>> certify(problem, np.array([0, 1]), np.array([1.0, 0.0]))
    Certificate(objective=4.5, bound=4.5, gap=0.0, violations=())
    """
    answer = np.asarray(rep_of_lead, dtype=np.int64)
    p = np.zeros(problem.n_reps) if prices is None else np.maximum(np.asarray(prices, dtype=np.float64), 0.0)
    q = _dual_range(problem.limits, limit_prices)
    bound = float(_bound(problem, p, q))
    if malformed := _malformed(problem, answer):
        return Certificate(objective=-np.inf, bound=bound, gap=np.inf, violations=malformed)
    objective = _objective(problem, answer)
    size = max(abs(bound), _turnover(problem, answer))
    gap = (bound - objective) / size if 0 < size < np.inf else 0.0 if bound == objective else np.inf
    return Certificate(objective=objective, bound=bound, gap=gap, violations=_violations(problem, answer))


def reduced_gains(problem: Problem, leads: Ints, prices: Floats, limit_prices: Floats) -> Floats:
    """Return gains less the prices of every limit a pair is in, float64 (len(leads), n_reps); -inf where ineligible."""
    everywhere = prices.copy()
    partial: list[tuple[Limit, float]] = []
    for limit, price in zip(problem.limits, limit_prices, strict=True):
        if price == 0.0:
            continue
        if limit.leads is None and isinstance(limit.usage, float):
            everywhere[slice(None) if limit.reps is None else limit.reps] += price * limit.usage
        else:
            partial.append((limit, float(price)))
    reduced = problem.affinity.of(leads) - everywhere
    for limit, price in partial:
        _charge(reduced, limit, price, leads)
    return reduced


def _charge(reduced: Floats, limit: Limit, price: float, leads: Ints) -> None:
    rows = np.arange(len(leads)) if limit.leads is None else np.flatnonzero(np.isin(leads, limit.leads))
    columns = np.arange(reduced.shape[1]) if limit.reps is None else limit.reps
    usage = np.asarray(limit.usage)
    if usage.ndim == 1:
        usage = usage[leads[rows], None]
    elif usage.ndim == 2:
        usage = usage[np.ix_(leads[rows], columns)]
    reduced[np.ix_(rows, columns)] -= price * usage


def _bound(problem: Problem, p: Floats, q: Floats) -> float:
    # Pinned leads take their share of every bound first: their prices would cancel, and leave rounding behind.
    pinned = problem.pins >= 0
    taken = np.bincount(problem.pins[pinned], minlength=problem.n_reps)
    total = float(p @ (problem.capacity - taken)) + float(
        problem.affinity.at(np.flatnonzero(pinned), problem.pins[pinned]).sum()
    )
    for limit, price in zip(problem.limits, q, strict=True):
        if price != 0:
            lower, upper = _reachable(limit)
            total += price * ((upper if price > 0 else lower) - problem.load(limit, problem.pins))
    free = np.flatnonzero(~pinned)
    step = max(1, _CHUNK // max(1, problem.n_reps))
    best = [0.0]
    for start in range(0, len(free), step):
        reduced = reduced_gains(problem, free[start : start + step], p, q)
        best.append(float(reduced.max(axis=1, initial=problem.reserve).sum()))
    return total + float(np.sum(best))


def _reachable(limit: Limit) -> tuple[float, float]:
    """Return the bounds that a load can be at: whole ones where a hard limit counts leads."""
    if limit.penalty is None and limit.counts_leads:
        return float(np.ceil(limit.lower)), float(np.floor(limit.upper))
    return limit.lower, limit.upper


def _objective(problem: Problem, answer: Ints) -> float:
    gains, reserves, penalties = _parts(problem, answer)
    return float(gains.sum()) + reserves - penalties


def _turnover(problem: Problem, answer: Ints) -> float:
    gains, reserves, penalties = _parts(problem, answer)
    return float(np.abs(gains).sum()) + abs(reserves) + penalties


def _parts(problem: Problem, answer: Ints) -> tuple[Floats, float, float]:
    """Return the gains of the placed leads, the reserves of the others together, and the penalties together."""
    placed = np.flatnonzero(answer >= 0)
    reserves = problem.reserve * (problem.n_leads - len(placed)) if np.isfinite(problem.reserve) else 0.0
    penalties = 0.0
    for limit in problem.limits:
        if limit.penalty is not None:
            load = problem.load(limit, answer)
            penalties += limit.penalty * (max(0.0, load - limit.upper) + max(0.0, limit.lower - load))
    return problem.affinity.at(placed, answer[placed]), reserves, penalties


def _dual_range(limits: Sequence[Limit], limit_prices: Sequence[float] | Floats | None) -> Floats:
    q = np.zeros(len(limits)) if limit_prices is None else np.array(limit_prices, dtype=np.float64)
    for k, limit in enumerate(limits):
        penalty = np.inf if limit.penalty is None else limit.penalty
        q[k] = np.clip(q[k], -penalty, penalty if np.isfinite(limit.upper) else 0.0)
    return q


def largest_gain(problem: Problem) -> float:
    """Return the largest absolute gain of any eligible pair, or the reserve where that is larger."""
    rates, row, scale = problem.affinity.rates, problem.affinity.row, problem.affinity.scale
    finite = np.where(np.isneginf(rates), 0.0, np.abs(rates)).max(axis=1, initial=0.0)
    largest = float((finite[row] * scale).max(initial=0.0))
    return max(largest, abs(problem.reserve)) if np.isfinite(problem.reserve) else largest


def _malformed(problem: Problem, answer: Ints) -> tuple[str, ...]:
    if answer.shape == (problem.n_leads,) and ((answer >= -1) & (answer < problem.n_reps)).all():
        return ()
    return (f"the answer must give each of {problem.n_leads} leads a rep from 0 to {problem.n_reps - 1}, or -1",)


def _violations(problem: Problem, answer: Ints) -> tuple[str, ...]:
    found = []
    placed = np.flatnonzero(answer >= 0)
    ineligible = placed[np.isneginf(problem.affinity.at(placed, answer[placed]))]
    found += [f"lead {lead} is not eligible for rep {answer[lead]}" for lead in ineligible]
    unkept = np.flatnonzero((problem.pins >= 0) & (answer != problem.pins))
    found += [f"lead {lead} is pinned to rep {problem.pins[lead]} but went to {answer[lead]}" for lead in unkept]
    loads = np.bincount(answer[placed], minlength=problem.n_reps)
    over = np.flatnonzero(loads > problem.capacity)
    found += [f"rep {rep} has {loads[rep]} leads and capacity {problem.capacity[rep]}" for rep in over]
    if np.isneginf(problem.reserve):
        found += [f"lead {lead} must be placed" for lead in np.flatnonzero(answer < 0)]
    for k, limit in enumerate(problem.limits):
        load = problem.load(limit, answer)
        slack = OPTIMAL_GAP * max(1.0, abs(load))
        if limit.penalty is None and not (limit.lower - slack <= load <= limit.upper + slack):
            found.append(f"limit {limit.name or k} has {load:g}, not from {limit.lower:g} to {limit.upper:g}")
    return tuple(found)
