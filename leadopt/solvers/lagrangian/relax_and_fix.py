"""Whole leads from the shares of a core: large leads first, and small ones make up for what that changes.

The shares of a core divide about as many leads as bounds are tight. To round a large lead changes by much what its reps
carry. That costs little while smaller ones may still be divided: the best shares under what is fixed already shift
these to and fro. So stage by stage the largest leads go where most of their shares are, and the shares of all smaller
ones are found again. The last few are given away in whole numbers.

References
----------
Pochet and Wolsey (2006), Production planning by mixed integer programming, section 3.6 (relax and fix).
doi:10.1007/0-387-33477-7
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import LATE_S, Meter, OutOfTime, apart, loaded
from leadopt.solvers.lagrangian.program import Core
from leadopt.solvers.whole.branch_and_bound import most_taken
from leadopt.solvers.whole.exact import WholeProgram

# At dense 5,000 x 30 under bands, a gap of 7.7e-5 in 1.8 s of a core. Half and twice of each come to gaps from 7.1e-5
# to 7.7e-5 in as long, but for what is said: chains come after it, and mend what a rougher rounding leaves.
_WHOLE = 1.0 - 1e-6  # a share that is all of a lead
# About so many, by the leads divided at first. Half and twice: 9.5e-5 in 1.3 s, and 5.6e-5 in 2.8 s; at 5,000 x 50,
# 2.2e-4 and 2.3e-4 in 1.8 and 3.2 s in place of 1.9e-4 in 1.8 s.
_STAGES = 8
# Divided leads in a stage. Twice takes 1.3 s, and at 2,000 x 20 comes to 2.9e-4 in place of 3.1e-4 in half as long; but
# where large leads are few, bounds are broken by more (the tests of this file).
_LEAST = 4
_LAST = 10  # leads that are given away in whole numbers,
_WORK = 0.02  # by a search of so much effort, as the backend counts it in seconds
_NEAR = 1e-3  # of all that is gained: less is not searched for
_DEAR = 20.0  # usual prices that breaking a hard bound costs
_LEAST_S = 0.1  # that the backend takes for a step at least


def rounded(core: Core, z: Floats, y: Floats, unit: Floats, meter: Meter) -> Ints:
    """Return an option of each lead near its shares `z`, (n_leads,); bounds may be broken by a little.

    Parameters
    ----------
    y
        (n_rows,), prices; how much a lead takes is measured by them
    unit
        (n_rows,), a usual price
    """
    if not len(core.leads):
        return np.zeros(0, dtype=np.int64)
    program = _Program.of(core, y, unit)
    size = np.maximum.reduceat(np.abs(core.gain) + core.used.T @ np.abs(y), core.first[:-1])
    order = np.argsort(-size, kind="stable")
    best = largest(core, z)
    in_stage = max(_LEAST, int((z[best] < _WHOLE).sum()) // _STAGES)
    at = np.full(len(core.leads), -1)
    while len(order):
        divided = np.cumsum(z[best[order]] < _WHOLE)
        if divided[-1] == 0 or meter.left_s <= 0:
            at[order] = best[order]
            break
        cut = int(np.searchsorted(divided, in_stage)) + 1
        last = len(order) - cut <= _LAST
        if not last:
            at[order[:cut]], order = best[order[:cut]], order[cut:]
        if last:
            at[order] = program.whole(at, best, max(meter.left_s, _LEAST_S))[order]
            break
        z = program.shares(z, at, left_s=meter.left_s)
        best = largest(core, z)
    return at


def largest(core: Core, z: Floats) -> Ints:
    """Return the option of each lead that has the largest share."""
    return np.asarray(np.lexsort((-z, core.lead))[core.first[:-1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A core in the backend's units: usual gains, and each row in parts of the most that an option takes of it.

    Parameters
    ----------
    cost
        (n_options,), what each gains less than its lead's best
    used
        sparse by option (n_rows, n_options), of the rows that have bounds
    lower, upper, dear
        (n_rows,); what breaking one costs
    """

    core: Core
    cost: Floats
    used: Any
    lower: Floats
    upper: Floats
    dear: Floats

    @classmethod
    def of(cls, core: Core, y: Floats, unit: Floats) -> "_Program":
        loaded("scipy.sparse")
        from scipy.sparse import diags_array

        usual = float(np.abs(core.gain).mean()) or 1.0
        bound = np.flatnonzero(np.isfinite(core.upper) | (core.lower > 0))
        used = core.used.tocsr()[bound]
        most = most_taken(used)
        most[most == 0] = 1.0
        dear = np.minimum(core.penalty, np.maximum(_DEAR * np.abs(y), unit))[bound]
        best = np.maximum.reduceat(core.gain, core.first[:-1])
        return cls(
            core=core,
            cost=(best[core.lead] - core.gain) / usual,
            used=(diags_array(1.0 / most) @ used).tocsc(),
            lower=core.lower[bound] / most,
            upper=core.upper[bound] / most,
            dear=dear * most / usual,
        )

    def whole(self, at: Ints, best: Ints, left_s: float) -> Ints:
        """Return the options of all leads, where those that are free (`at` < 0) are given away in whole numbers."""
        options, beside = self._free(at)
        free = at < 0
        place = np.full(len(self.core.rep), -1)
        place[options] = np.arange(len(options))
        program = WholeProgram(
            first=np.append(place[self.core.first[:-1][free]], len(options)),
            gain=-self.cost[options],
            used=self.used[:, options].tocsr(),
            lower=self.lower - beside,
            upper=self.upper - beside,
            penalty=self.dear,
        )
        found = program.solved(place[best[free]], _WORK, left_s, _NEAR).at
        given = np.where(free, best, at)
        if found is not None:
            given[free] = options[found]
        return given

    def _free(self, at: Ints) -> tuple[Ints, Floats]:
        """Return the options of the free leads, and what the others take of each row."""
        free = at < 0
        return np.flatnonzero(free[self.core.lead]), np.asarray(self.used[:, at[~free]].sum(axis=1)).reshape(-1)

    def shares(self, z: Floats, at: Ints, left_s: float) -> Floats:
        """Return the best shares of the leads that are free (`at` < 0) in a copy of `z`.

        Where there is no time to find any, they are as they were.
        """
        loaded("scipy.optimize")
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array, eye_array, hstack

        free, (options, beside) = at < 0, self._free(at)
        n, k = len(options), len(self.lower)
        row = (np.cumsum(free) - 1)[self.core.lead[options]]
        each = csr_array((np.ones(n), (row, np.arange(n))), shape=(int(free.sum()), n + 2 * k))
        loads = hstack([self.used[:, options], eye_array(k), -eye_array(k)]).tocsr()
        solve = partial(
            milp,
            np.concatenate([self.cost[options], self.dear, self.dear]),
            constraints=[
                LinearConstraint(each, 1.0, 1.0),
                LinearConstraint(loads, self.lower - beside, self.upper - beside),
            ],
            bounds=Bounds(0.0, np.concatenate([np.ones(n), np.full(2 * k, np.inf)])),
            options={"time_limit": max(left_s, _LEAST_S)},
        )
        shares = z.copy()
        try:
            found = apart(solve, left_s=max(left_s, _LEAST_S) + LATE_S)
        except OutOfTime:
            return shares
        if found.x is not None:
            shares[options] = found.x[:n]
        return shares
