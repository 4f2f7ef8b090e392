r"""Leximin shares of any usage under any limits: integer programmes for few pairs, linear ones for many.

The k smallest of the shares s sum to :math:`\theta_k = \max_t \; k t - \sum_j \max(0, t - s_j)`, so raising
:math:`\theta_1, \theta_2, \dots` in turn, each held from then on, is leximin, and every step is linear.

References
----------
Ogryczak & Sliwinski (2006), On direct methods for lexicographic min-max optimization. doi:10.1007/11751595_85
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.errors import Infeasible, SolverFailed, Witness, enumerate_some
from leadopt.problem.counted import Classes
from leadopt.problem.problem import Limit, Problem
from leadopt.progress import Meter, OutOfTime, apart, loaded
from leadopt.solvers.flow.equal_leads import group_leads
from leadopt.solvers.leximin.counts import eligibility
from leadopt.solvers.whole.branch_and_bound import Mixed, mixed, most_taken

TOLERANCE = 1e-6  # the backends' own, on shares of mean 1 or so
_NODES = 100_000  # of one search: few take more than some hundreds
_ROUNDS = 20  # of leads that are as large as a share: few change it by much after that
_PARTS = 12  # of the least amount, for entitlements such as 2 and 3
_MOST_STEPS = 1_000  # of an amount: the backend's tolerances are for numbers about 1
_WHOLE = 1e-9  # what rounding may leave of a number of steps


@dataclass(frozen=True, slots=True, kw_only=True)
class _Programme:
    """Hard limits on the free pairs as rows ``lower <= matrix @ x <= upper``, and the shares as ``shares @ x + fixed``.

    Shares are in units of a typical one.
    """

    lead: Ints  # of each pair, or one of its group
    rep: Ints
    most: Floats  # how many leads each pair stands for
    matrix: Any  # scipy.sparse
    lower: Floats
    upper: Floats
    shares: Any  # scipy.sparse, (n_entitled, n_pairs)
    fixed: Floats
    unit: float
    whole: bool = False  # shares are whole numbers

    @classmethod
    def of(cls, problem: Problem, measure: Limit, entitlement: Floats, leads: Ints, size: Floats) -> "_Programme":
        """Return the programme of a problem whose limits are all hard, for free leads that stand for `size` each."""
        loaded("scipy.sparse")
        from scipy.sparse import csr_array, vstack

        pairs = problem.affinity.pairs(leads)
        place, rep = pairs.row, pairs.rep
        lead, every = leads[place], np.arange(len(place))
        n, m = len(leads), problem.n_reps
        once = csr_array((np.ones(len(every)), (place, every)), shape=(n, len(every)))
        slots = csr_array((np.ones(len(every)), (rep, every)), shape=(m, len(every)))
        limits = [_row(problem, limit, lead, rep) for limit in problem.limits]
        taken = problem.loads(problem.pins)
        reach = np.array([limit.reachable for limit in problem.limits]).reshape(-1, 2)
        pinned = np.bincount(problem.pins[problem.pins >= 0], minlength=m)
        placed = size if np.isneginf(problem.reserve) else np.zeros(n)
        used = _row(problem, measure, lead, rep)
        rows = vstack(limits, format="csr") if limits else csr_array((0, len(every)))
        # The backend's tolerances are for numbers about 1.
        most = most_taken(rows)
        most = np.where(most > 0, most, 1.0)
        unit = float((used.max(axis=None) if used.nnz else 0.0) * size.sum() / entitlement.sum()) or 1.0
        by_rep = slots[np.flatnonzero(entitlement > 0)].multiply(used).tocsr()
        share = entitlement[entitlement > 0] * unit
        return cls(
            lead=lead,
            rep=rep,
            most=size[place],
            matrix=vstack([once, slots, rows.multiply(1.0 / most[:, None])], format="csr"),
            lower=np.concatenate([placed, np.full(m, -np.inf), (reach[:, 0] - taken) / most]),
            upper=np.concatenate([size, problem.capacity - pinned, (reach[:, 1] - taken) / most]),
            shares=by_rep.multiply(1.0 / share[:, None]).tocsr(),
            fixed=loads_of(problem, measure, problem.pins)[entitlement > 0] / share,
            unit=unit,
        )

    def with_leads_below(self, level: Floats) -> "_Programme":
        """Return the programme in which no lead counts more than a rep's whole share; itself if none does.

        Whoever gets such a lead as a whole has that share, and what is beyond it cannot be divided among the others.
        """
        most = np.repeat(level, np.diff(self.shares.indptr))
        if (self.shares.data <= most * (1.0 + TOLERANCE)).all():
            return self
        shares = self.shares.copy()
        shares.data = np.minimum(shares.data, most)
        return replace(self, shares=shares)

    def in_steps(self) -> "_Programme":
        """Return the programme with shares counted in steps, if all of them can be; else as it is.

        Where the sum of the smallest shares is a whole number, a search ends as soon as the next one is out of reach.
        """
        amounts = np.concatenate([self.shares.data, self.fixed])
        least = float(amounts[amounts > 0].min(initial=np.inf))
        for parts in range(1, _PARTS + 1):
            steps = amounts / least * parts
            if np.isfinite(least) and steps.max() <= _MOST_STEPS and np.abs(steps - np.round(steps)).max() <= _WHOLE:
                shares = self.shares.multiply(parts / least).tocsr()
                shares.data = np.round(shares.data)
                fixed = np.round(self.fixed / least * parts)
                return replace(self, shares=shares, fixed=fixed, unit=self.unit * least / parts, whole=True)
        return self


def _row(problem: Problem, limit: Limit, lead: Ints, rep: Ints) -> Any:
    """Return what each pair uses of a limit, scipy.sparse (1, n_pairs)."""
    loaded("scipy.sparse")
    from scipy.sparse import csr_array

    inside = np.flatnonzero(_mask(limit.leads, problem.n_leads)[lead] & _mask(limit.reps, problem.n_reps)[rep])
    used = limit.usage_at(lead[inside], rep[inside])
    return csr_array((used, (np.zeros(len(inside), dtype=np.int64), inside)), shape=(1, len(lead)))


def _mask(chosen: Ints | None, size: int) -> NDArray[np.bool_]:
    mask = np.full(size, chosen is None)
    mask[slice(0) if chosen is None else chosen] = True
    return mask


def loads_of(problem: Problem, measure: Limit, rep_of_lead: Ints) -> Floats:
    """Return how much of a measure each rep has, float64 (n_reps,)."""
    leads = np.arange(problem.n_leads) if measure.leads is None else measure.leads
    held = leads[rep_of_lead[leads] >= 0]
    reps = rep_of_lead[held]
    return np.bincount(reps, weights=measure.usage_at(held, reps), minlength=problem.n_reps).astype(np.float64)


class BestFound(NamedTuple):
    """The most gainful of all leximin answers, int64 (n_leads,), or the fairest one that a search found."""

    rep_of_lead: Ints
    fair: bool = True  # proven to be leximin
    gainful: bool = True  # proven to gain the most of those


def best_leximin(problem: Problem, measure: Limit, entitlement: Floats, meter: Meter | None = None) -> BestFound | None:
    """Return the best answer that is found, by one integer programme per entitled rep; None if there is none.

    Shares that differ by a millionth of a typical one count as equal. A search that does not end within the effort that
    is allowed ends all, and its answer counts.

    Raises
    ------
    Infeasible
        no answer meets every limit
    OutOfTime
        the meter's time is over
    """
    free = np.flatnonzero(problem.pins < 0)
    programme = _Programme.of(problem, measure, entitlement, free, np.ones(len(free))).in_steps()
    sums: list[float] = []
    rep_of_lead: Ints | None = None
    for k in (*range(1, len(programme.fixed) + 1), None):
        found = _solve(problem, programme, sums, k, meter)
        if found.values is not None:
            x = np.round(found.values[: len(programme.lead)])
            rep_of_lead = problem.pins.copy()
            rep_of_lead[programme.lead[x > 0.5]] = programme.rep[x > 0.5]
        if not found.complete:
            return None if rep_of_lead is None else BestFound(rep_of_lead, fair=k is None, gainful=False)
        if k is not None:
            sums.append(float(np.sort(programme.shares @ x + programme.fixed)[:k].sum()))
    assert rep_of_lead is not None
    return BestFound(rep_of_lead)


def _solve(problem: Problem, programme: _Programme, sums: list[float], k: int | None, meter: Meter | None) -> Mixed:
    """Return the answer with the greatest sum of the k smallest shares (None: gain) that keeps the sums before it.

    Variables are the pairs, then for each sum its level t and what each share lacks to it.
    """
    loaded("scipy.sparse")
    from scipy.sparse import block_diag, csr_array, eye_array, hstack, kron, vstack

    n_pairs, n_shares, n_sums = len(programme.lead), len(programme.fixed), len(sums) + (k is not None)
    lacks = kron(eye_array(n_sums), np.hstack([-np.ones((n_shares, 1)), np.eye(n_shares)]))
    totals = block_diag([np.append(float(count), -np.ones(n_shares))[None] for count in range(1, n_sums + 1)])
    n_more = n_sums * (1 + n_shares)
    rules = hstack([programme.matrix, csr_array((programme.matrix.shape[0], n_more))], format="csr")
    reach = hstack([vstack([programme.shares] * n_sums), lacks], format="csr")
    total = hstack([csr_array((n_sums, n_pairs)), totals], format="csr")
    worth = np.append(_gains(problem, programme), np.zeros(n_more)) if k is None else total[[-1]].toarray()[0]
    found = mixed(
        cost=-worth,
        matrix=vstack([rules, reach, total]),
        lower=np.concatenate(
            [
                programme.lower,
                -np.tile(programme.fixed, n_sums),
                np.append(sums, np.zeros(n_sums - len(sums))) - TOLERANCE,
            ]
        ),
        upper=np.append(programme.upper, np.full(n_shares * n_sums + n_sums, np.inf)),
        most=np.append(np.ones(n_pairs), np.full(n_more, np.inf)),
        n_whole=n_pairs + n_more if programme.whole else n_pairs,
        known=None,
        most_nodes=_NODES,
        left_s=_left_s(meter),
    )
    if found.values is None and found.complete:
        raise _no_answer(problem)
    if not found.complete and meter is not None:
        meter.check()
    return found


def _gains(problem: Problem, programme: _Programme) -> Floats:
    pool = problem.reserve if np.isfinite(problem.reserve) else 0.0
    gains = problem.affinity.at(programme.lead, programme.rep) - pool
    return np.asarray(gains / (float(np.abs(gains).max(initial=0.0)) or 1.0))


def relaxed_loads(
    problem: Problem, measure: Limit, entitlement: Floats, leads: Ints, size: Floats, meter: Meter | None = None
) -> Floats:
    """Return the leximin loads, float64 (n_reps,), where leads may be divided: linear programmes, one a level.

    Free leads come as kinds, with how many each stands for.

    The level of all reps rises together. A rep whose price is positive is held back in every best answer; it stays, and
    the others rise on. A lead that is larger than the share of its rep counts as that share, and the levels are found
    anew: it goes to one rep, and leaves the others what the smaller ones are worth.

    Raises
    ------
    Infeasible
        no answer meets every limit
    OutOfTime
        the meter's time is over
    """
    programme = _Programme.of(problem, measure, entitlement, leads, size)
    level = _levels(problem, programme, meter)
    for _ in range(_ROUNDS):
        smaller = programme.with_leads_below(level)
        if smaller is programme:
            break
        programme, level = smaller, _levels(problem, smaller, meter)
    loads = np.zeros(problem.n_reps)
    loads[entitlement > 0] = level * programme.unit * entitlement[entitlement > 0]
    return loads


def _levels(problem: Problem, programme: _Programme, meter: Meter | None) -> Floats:
    """Return the leximin shares where leads may be divided, float64 (n_entitled,)."""
    level, rising = np.zeros(len(programme.fixed)), np.ones(len(programme.fixed), dtype=bool)
    while rising.any():
        level[rising], price = _raised(problem, programme, level, rising, meter)
        rising &= price <= 1e-7  # the prices of those that rise add up to 1 at least
    return level


def _raised(
    problem: Problem, programme: _Programme, level: Floats, rising: NDArray[np.bool_], meter: Meter | None
) -> tuple[float, Floats]:
    """Return how high the rising reps can rise together while the others keep their levels, and the price of each."""
    loaded("scipy.optimize")
    from scipy.optimize import linprog

    loaded("scipy.sparse")
    from scipy.sparse import csr_array, hstack, vstack

    low, high = np.isfinite(programme.lower), np.isfinite(programme.upper)
    rules = vstack([programme.matrix[high], -programme.matrix[low]])
    column = csr_array(np.concatenate([np.zeros(rules.shape[0]), rising])[:, None])
    kept = np.where(rising, 0.0, np.maximum(level - TOLERANCE, 0.0))
    solve: Any = partial(
        linprog,
        np.append(np.zeros(len(programme.lead)), -1.0),
        A_ub=hstack([vstack([rules, -programme.shares]), column], format="csr"),
        b_ub=np.concatenate([programme.upper[high], -programme.lower[low], programme.fixed - kept]),
        bounds=np.column_stack([np.zeros(len(programme.lead) + 1), np.append(programme.most, np.inf)]),
        options=_left(meter),
        method="highs-ipm",  # ten times as quick as simplex here, as nearly every rep holds back another
    )
    result = apart(solve)
    _check(problem, result)
    return float(result.x[-1]), -result.ineqlin.marginals[rules.shape[0] :] * rising


def kinds_of(problem: Problem, measure: Limit) -> tuple[Ints, Floats]:
    """Return a lead of every kind that measure and limits cannot tell apart, and how many free ones each stands for."""
    free = np.flatnonzero(problem.pins < 0)
    if not all(isinstance(limit.usage, float) for limit in (measure, *problem.limits)):
        return free, np.ones(len(free))
    sets = [leads for leads in (measure.leads, *problem.counted.sets) if leads is not None]
    kind = Classes.of(problem.n_leads, sets).of_lead
    groups = group_leads(eligibility(problem.affinity), kind, free)
    return groups.example, groups.size.astype(np.float64)


def _left_s(meter: Meter | None) -> float:
    """Return the seconds that are left; raise `OutOfTime` if there are none."""
    if meter is None:
        return np.inf
    meter.check()
    return meter.left_s


def _left(meter: Meter | None) -> Any:
    """Return HiGHS' option for the time that is left."""
    return {"time_limit": left_s} if np.isfinite(left_s := _left_s(meter)) else {}


def _no_answer(problem: Problem) -> Infeasible:
    names = tuple(limit.name or f"limit {k}" for k, limit in enumerate(problem.limits))
    need = problem.n_leads if np.isneginf(problem.reserve) else 1
    return Infeasible(
        f"no assignment meets every hard limit ({enumerate_some(names) or 'capacities'}), so none is fair",
        Witness(limits=names, rows=tuple(range(problem.n_reps, problem.n_reps + len(names))), need=need, room=0),
    )


def _check(problem: Problem, result: Any) -> None:
    """Refuse what HiGHS could not solve: status 1 says that time is over, 2 that nothing meets the limits."""
    if result.status == 1:
        raise OutOfTime
    if result.status == 2:
        raise _no_answer(problem)
    if result.status != 0:
        raise SolverFailed(f"HiGHS reported {result.status}: {result.message}")
