r"""The core of a problem with limits of any kind as a program for HiGHS: the options still open to some leads.

.. math:: \max \sum_o gain_o z_o - \sum_k M_k s_k,\quad \sum_{o \in lead} z_o = 1,\quad
   lower_k - s_k^- \le \sum_o used_{ko} z_o \le upper_k + s_k^+

with what the other leads take of the rows subtracted from their bounds.
"""

from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import Problem
from leadopt.problem.reduced_gains import paid_for_bounds
from leadopt.progress import LATE_S, OutOfTime, apart, loaded
from leadopt.solvers.drafts.rows import Rows, members
from leadopt.solvers.whole.branch_and_bound import branched, most_taken
from leadopt.solvers.whole.exact import WholeProgram

# As exact as the backend can be: what is a tolerance in its units may be what a limit is missed by.
_EXACT = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
_SIMPLEX = 5_000  # options up to which the simplex method, whose prices are exact, is quick enough
_TOLERANCE = 1e-6  # of the backend, on rows of amounts of 1 or so
_DEAREST = 1e6  # times what breaking a hard bound costs
_MOMENT_S = 1e-3  # the backend wants a positive limit


class Relaxed(NamedTuple):
    """A program without whole numbers: shares ``z`` (n_options,), prices (n_rows,), and how far bounds are broken."""

    z: Floats
    prices: Floats
    broken: Floats


class Whole(NamedTuple):
    """The option of each lead in whole numbers, None = none was found; and whether there is nothing better."""

    at: Ints | None
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Open leads, their options, and what is left of the rows for them.

    Parameters
    ----------
    leads
        (n_leads,), which leads of the problem they are
    lead, rep
        (n_options,), of each option, by lead; rep n_reps is the pool
    gain
        (n_options,), less the reserve where that is finite
    first
        (n_leads + 1,), where the options of each lead begin
    used
        sparse by option (n_rows, n_options), what each takes of each row
    lower, upper, penalty
        (n_rows,)
    """

    leads: Ints
    lead: Ints
    rep: Ints
    gain: Floats
    first: Ints
    used: Any
    lower: Floats
    upper: Floats
    penalty: Floats

    @classmethod
    def of(cls, problem: Problem, rows: Rows, leads: Ints, lead: Ints, rep: Ints, taken: Floats) -> "Core":
        """Return the core of some leads and options, beside others that have `taken` their part of the rows."""
        reserve = problem.reserve if np.isfinite(problem.reserve) else 0.0
        pool = rep == problem.n_reps
        gain = np.zeros(len(rep))
        gain[~pool] = problem.affinity.at(leads[lead[~pool]], rep[~pool]) - reserve
        return cls(
            leads=leads,
            lead=lead,
            rep=rep,
            gain=gain,
            first=np.searchsorted(lead, np.arange(len(leads) + 1)),
            used=_used(problem, rows, leads[lead], rep),
            lower=rows.lower - taken,
            upper=rows.upper - taken,
            penalty=rows.penalty,
        )

    def loads(self, at: Ints) -> Floats:
        """Return what each row takes if the leads have the given options."""
        return np.asarray(self.used[:, at].sum(axis=1)).reshape(-1)

    def broken(self, at: Ints) -> Floats:
        """Return by how much each row's bounds are broken if the leads have the given options."""
        load = self.loads(at)
        return np.maximum(np.maximum(load - self.upper, self.lower - load), 0.0)

    def allows(self, at: Ints) -> bool:
        """Return whether the given options keep every hard bound."""
        return not self.broken(at)[np.isinf(self.penalty)].any()

    def breaks(self, broken: Floats) -> bool:
        """Return whether shares break a hard bound by more than the backend's tolerance."""
        bounds = np.maximum(np.where(np.isfinite(self.upper), np.abs(self.upper), 0.0), np.abs(self.lower))
        return bool((broken > _TOLERANCE * np.maximum(self.largest, bounds))[np.isinf(self.penalty)].any())

    def worth(self, at: Ints) -> float:
        """Return what the given options gain, less penalties."""
        soft = np.isfinite(self.penalty)
        return float(self.gain[at].sum() - (self.broken(at)[soft] * self.penalty[soft]).sum())

    def bound(self, y: Floats) -> float:
        """Return what no options are worth more than, by prices (n_rows,) that no penalty is below."""
        paid = paid_for_bounds(y, self.lower, self.upper).sum()
        best = np.maximum.reduceat(self.gain - self.used.T @ y, self.first[:-1]).sum() if len(self.rep) else 0.0
        return float(best + paid)

    def turnover(self, y: Floats) -> float:
        """Return what gains and charges add up to at most, without their signs: rounding is relative to it."""
        paid = paid_for_bounds(y, self.lower, self.upper)
        each = np.abs(self.gain) + self.used.T @ np.abs(y)
        best = np.maximum.reduceat(each, self.first[:-1]).sum() if len(self.rep) else 0.0
        return float(best + np.abs(paid).sum())

    def relaxed(self, dear: Floats, left_s: float = np.inf) -> Relaxed:
        """Return the best shares, where breaking a hard bound costs `dear` (n_rows,) per unit.

        Raises
        ------
        OutOfTime
            they were not found in `left_s` seconds
        """
        until = perf_counter() + left_s
        loaded("scipy.optimize", left_s)
        from scipy.optimize import linprog
        from scipy.sparse import block_array, csr_array, diags_array, eye_array

        cost, n = np.where(np.isinf(self.penalty), dear, self.penalty), len(self.rep)
        if n == 0:
            broken = np.maximum(np.maximum(self.lower, -self.upper), 0.0)
            return Relaxed(np.zeros(0), np.where(broken > 0, np.where(self.lower > 0, -cost, cost), 0.0), broken)
        # A penalty beyond all that prices come to is as good as any, and the backend takes no numbers so far apart.
        cost = np.minimum(cost, _DEAREST * dear)
        up, down = np.flatnonzero(np.isfinite(self.upper)), np.flatnonzero(self.lower > 0)
        # The backend's tolerances are for numbers about 1: a row is in parts of the most that an option takes of it.
        most = self.largest
        size = self._size or float((cost * most).max(initial=0.0)) or 1.0
        by_row = (diags_array(1.0 / most) @ self.used).tocsr()
        bounds = block_array([[by_row[up], -eye_array(len(up)), None], [-by_row[down], None, -eye_array(len(down))]])
        each = csr_array((np.ones(n), (self.lead, np.arange(n))), shape=(len(self.leads), n + len(up) + len(down)))
        # An interior point is much the quicker among many options; where it fails, the simplex method seldom does.
        for method in ("highs-ds",) if n <= _SIMPLEX else ("highs-ipm", "highs-ds"):
            solve: Any = partial(
                linprog,
                np.concatenate([-self.gain, cost[up] * most[up], cost[down] * most[down]]) / size,
                A_ub=bounds.tocsr(),
                b_ub=np.concatenate([self.upper[up] / most[up], -self.lower[down] / most[down]]),
                A_eq=each,
                b_eq=np.ones(len(self.leads)),
                method=method,
                options={"time_limit": max(until - perf_counter(), _MOMENT_S), **_EXACT},
            )
            found = apart(solve, left_s=max(until - perf_counter(), _MOMENT_S) + LATE_S)
            if found.status == 0:
                break
            if found.status == _LIMIT or perf_counter() >= until:
                raise OutOfTime
        checked(found)
        prices, broken = np.zeros(len(self.lower)), np.zeros(len(self.lower))
        price = size * np.maximum(-found.ineqlin.marginals, 0.0)
        prices[up] += price[: len(up)] / most[up]
        prices[down] -= price[len(up) :] / most[down]
        broken[up] += found.x[n : n + len(up)] * most[up]
        broken[down] += found.x[n + len(up) :] * most[down]
        return Relaxed(found.x[:n], self._uncapped(np.clip(prices, -self.penalty, self.penalty), broken, cost), broken)

    def _uncapped(self, prices: Floats, broken: Floats, cost: Floats) -> Floats:
        """Return prices, in full for rows that are broken whatever leads do and whose penalty was capped.

        Their excess costs the whole penalty: at less, the bound lies above what any answer can be worth.
        """
        capped = (broken > 0) & np.isfinite(self.penalty) & (cost < self.penalty)
        if not capped.any():
            return prices
        full = np.where(capped, np.copysign(self.penalty, prices), prices)
        return full if self.bound(full) < self.bound(prices) else prices

    def whole(self, open_: Bools, at: Ints, most_work: float, left_s: float, most_nodes: int | None = None) -> Whole:
        """Return the best of the open options, a mask, in whole numbers; leads with none or one stay where they are.

        Parameters
        ----------
        at
            (n_leads,), the option of each lead to begin with, whether that is allowed or not
        most_work, left_s
            as in `WholeProgram.solved`
        most_nodes
            of branch and bound, which takes the place of the exact search; None = it does not
        """
        several = np.bincount(self.lead[open_], minlength=len(self.leads)) > 1
        options = np.flatnonzero(open_ & several[self.lead])
        beside = self.loads(at[~several])
        if not len(options):
            return Whole(at if self.allows(at) else None, True)
        number = np.full(len(self.rep), -1)
        number[options] = np.arange(len(options))
        # Who begins outside of the open options begins with the first of them.
        first = np.flatnonzero(np.diff(self.lead[options], prepend=-1))
        known = np.where(number[at[several]] >= 0, number[at[several]], first)
        program = WholeProgram(
            first=np.append(first, len(options)),
            gain=self.gain[options],
            used=self.used[:, options].tocsr(),
            lower=self.lower - beside,
            upper=self.upper - beside,
            penalty=self.penalty,
        )
        if most_nodes is None:
            found = program.solved(known, most_work, left_s, besides=float(np.abs(self.gain[at[~several]]).sum()))
        else:
            found = branched(program, known, most_nodes, max(left_s, _MOMENT_S))
        if found.at is None:
            return Whole(None, found.complete)
        chosen = at.copy()
        chosen[several] = options[found.at]
        return Whole(chosen, found.complete)

    @property
    def largest(self) -> Floats:
        """The most that an option takes of each row, float64 (n_rows,); its bound or 1 where none takes anything."""
        most = most_taken(self.used)
        bound = np.maximum(np.abs(self.lower), np.where(np.isfinite(self.upper), np.abs(self.upper), 0.0))
        return np.where(most > 0, most, np.where(bound > 0, bound, 1.0))

    @property
    def _size(self) -> float:
        """The largest gain: the backend's tolerances are for numbers about 1."""
        return float(np.abs(self.gain).max(initial=0.0))


_LIMIT = 1
_STATUS = {_LIMIT: "stopped at a limit", 2: "infeasible", 3: "unbounded", 4: "numerical difficulties"}


def checked(found: Any) -> None:
    """Raise `SolverFailed` unless a linear program was solved."""
    from leadopt.errors import SolverFailed

    if found.status != 0:
        raise SolverFailed(f"HiGHS reported {_STATUS.get(found.status, found.status)} for a linear program")


def _used(problem: Problem, rows: Rows, leads: Ints, rep: Ints) -> Any:
    """Return what each option takes of each row, sparse by option."""
    loaded("scipy.sparse")
    from scipy.sparse import csc_array

    m = problem.n_reps
    by_rep = np.argsort(rep, kind="stable")
    first = np.searchsorted(rep[by_rep], np.arange(m + 1))
    parts = []
    for family in rows.families:
        chosen = None if family.limit is None else family.limit.leads
        # Where each rep's entries begin among those of the family, by rep: most families know one rep or two.
        of_rep, number = np.nonzero(family.reps.T)
        begin = np.searchsorted(of_rep, np.arange(m + 1))
        at = np.concatenate([by_rep[first[j] : first[j + 1]] for j in np.unique(of_rep)] or [by_rep[:0]])
        if chosen is not None:
            at = at[members(chosen, problem.n_leads)[leads[at]]]
        amount = np.ones(len(at)) if family.limit is None else family.limit.usage_at(leads[at], rep[at])
        n = np.diff(begin)[rep[at]]
        entry = np.repeat(begin[rep[at]] - (np.cumsum(n) - n), n) + np.arange(int(n.sum()))
        share = family.reps[number[entry], of_rep[entry]]
        parts.append((family.member[number[entry]], np.repeat(at, n), share * np.repeat(amount, n)))
    row, option, used = (np.concatenate(part) for part in zip(*parts, strict=True))
    stacked = csc_array((used, (row, option)), shape=(rows.n, len(rep)))
    stacked.eliminate_zeros()
    return stacked
