"""An answer that leads are moved in: its loads, and what a move makes of every limit around the reps it touches."""

from dataclasses import dataclass, field

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.problem import ROUNDING, Problem

LAST_DIGITS = 2.0**-49  # of a number: what adding up a few in another order can do to it
_KEPT = 20_000_000  # numbers of what leads take that are kept; beyond, they are looked up each time


@dataclass(slots=True, kw_only=True)
class Standing:
    """Where every lead is, what that takes of every limit, and what may be done about it.

    Parameters
    ----------
    problem
        what is solved
    rep_of_lead
        int64 (n_leads,), the pool is n_reps here
    n_leads_of_rep
        int64 (n_reps + 1,), the pool the last
    used
        float64 (n_limits,)
    rows
        the limits that each rep is in, and none for the pool
    lower, upper, penalty
        float64 (n_limits,), of each limit; inf = hard
    """

    problem: Problem
    rep_of_lead: Ints
    n_leads_of_rep: Ints
    used: Floats
    rows: tuple[Ints, ...]
    lower: Floats
    upper: Floats
    penalty: Floats
    _leads: dict[int, Ints] = field(default_factory=dict)
    _inside: dict[int, Bools] = field(default_factory=dict)
    _taken: dict[int, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, problem: Problem, rep_of_lead: Ints) -> "Standing":
        """Return how things stand with an answer, which may have -1 for the pool."""
        m = problem.n_reps
        rows: list[list[int]] = [[] for _ in range(m + 1)]
        for k, limit in enumerate(problem.limits):
            for rep in range(m) if limit.reps is None else limit.reps.tolist():
                rows[rep].append(k)
        bounds = np.array([limit.reachable for limit in problem.limits]).reshape(-1, 2)
        return cls(
            problem=problem,
            rep_of_lead=np.where(rep_of_lead < 0, m, rep_of_lead),
            n_leads_of_rep=np.bincount(np.where(rep_of_lead < 0, m, rep_of_lead), minlength=m + 1),
            used=problem.loads(rep_of_lead),
            rows=tuple(np.array(some, dtype=np.int64) for some in rows),
            lower=bounds[:, 0],
            upper=bounds[:, 1],
            penalty=np.array([np.inf if limit.penalty is None else limit.penalty for limit in problem.limits]),
        )

    @property
    def answer(self) -> Ints:
        """The answer with -1 for the pool."""
        return np.where(self.rep_of_lead == self.problem.n_reps, -1, self.rep_of_lead)

    def leads_of(self, rep: int) -> Ints:
        """Return who is with a rep, or in the pool."""
        if not self._leads:
            order = np.argsort(self.rep_of_lead, kind="stable")
            self._leads = dict(enumerate(np.split(order, np.cumsum(self.n_leads_of_rep)[:-1])))
        return self._leads[rep]

    def gains(self, leads: Ints, rep: int) -> Floats:
        """Return what leads gain with a rep or in the pool; -inf where that is not allowed."""
        if rep == self.problem.n_reps:
            return np.full(len(leads), self.problem.reserve)
        return self.problem.affinity.at(leads, np.full(len(leads), rep))

    def takes(self, leads: Ints, rep: int, rows: Ints) -> Floats:
        """Return what leads take with a rep of each of some limits, float64 (len(leads), len(rows))."""
        found = np.zeros((len(leads), len(rows)))
        if len(self.rows[rep]):
            found[:, np.searchsorted(rows, self.rows[rep])] = self._takes(leads, rep)
        return found

    def moved(self, leads: Ints, here: int, there: int, rows: Ints) -> tuple[Floats, Floats]:
        """Return what each lead's move from rep to rep gains at most, and what it changes of some limits.

        Gains are what they are and a rounding more, so that what loses nothing is not taken for a loss.
        """
        gain = gained(self.gains(leads, here), self.gains(leads, there))
        return gain, self.takes(leads, there, rows) - self.takes(leads, here, rows)

    def around(self, *reps: int) -> Ints:
        """Return the limits that some reps are in, ascending."""
        return np.unique(np.concatenate([self.rows[rep] for rep in reps]))

    def allows(self, rows: Ints, change: Floats, gain: Floats) -> Bools:
        """Return which changes keep every hard limit and lose nothing, penalties being paid: bool (n_changes,).

        A limit that is missed already may be, by no more.
        """
        lower, upper, now, hard = self.lower[rows], self.upper[rows], self.used[rows], np.isinf(self.penalty[rows])
        then = now + change
        fits = (then <= upper + ROUNDING * upper) | (change <= 0)
        fits &= (then >= lower - ROUNDING * lower) | (change >= 0)
        paid = np.zeros(len(change))
        if not hard.all():
            soft = ~hard
            before, after = missed(now[soft], lower[soft], upper[soft]), missed(then[:, soft], lower[soft], upper[soft])
            paid = (after * (1.0 - LAST_DIGITS) - before * (1.0 + LAST_DIGITS)) @ self.penalty[rows][soft]
        return np.asarray((fits | ~hard).all(axis=1) & (gain >= paid))

    def move(self, leads: Ints, there: int) -> None:
        """Move leads to a rep, or to the pool."""
        here = self.rep_of_lead[leads]
        for rep in np.unique(here).tolist():
            some = leads[here == rep]
            rows = self.around(rep, there)
            self.used[rows] += self.moved(some, rep, there, rows)[1].sum(axis=0)
            self.n_leads_of_rep[rep] -= len(some)
            self.n_leads_of_rep[there] += len(some)
            if self._leads:
                self._leads[rep] = np.setdiff1d(self._leads[rep], some, assume_unique=True)
                self._leads[there] = np.concatenate([self._leads[there], some])
        self.rep_of_lead[leads] = there

    def _takes(self, leads: Ints, rep: int) -> Floats:
        n, rows = self.problem.n_leads, self.rows[rep]
        if n * sum(map(len, self.rows)) > _KEPT:
            return self._looked_up(leads, rep)
        if rep not in self._taken:
            self._taken[rep] = self._looked_up(np.arange(n), rep)
        return self._taken[rep][leads] if len(rows) else np.zeros((len(leads), 0))

    def _looked_up(self, leads: Ints, rep: int) -> Floats:
        reps, columns = np.full(len(leads), rep), []
        for k in self.rows[rep].tolist():
            limit = self.problem.limits[k]
            usage = limit.usage_at(leads, reps)
            columns.append(usage if limit.leads is None else np.where(self._among(k)[leads], usage, 0.0))
        return np.stack(columns, axis=1)

    def _among(self, k: int) -> Bools:
        chosen = int(self.problem.counted.set_of[k])
        if chosen not in self._inside:
            self._inside[chosen] = np.zeros(self.problem.n_leads, dtype=bool)
            self._inside[chosen][self.problem.limits[k].leads] = True
        return self._inside[chosen]


def gained(here: Floats, there: Floats) -> Floats:
    """Return what gains elsewhere are more than here, rounded up; -inf where a lead may not be there."""
    allowed = np.isfinite(there)
    difference = np.where(allowed, there, 0.0) - here
    allowance = np.where(difference == 0.0, 0.0, LAST_DIGITS * (np.abs(here) + np.abs(np.where(allowed, there, 0.0))))
    return np.where(allowed, difference + allowance, -np.inf)


def missed(load: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return by how much loads are beyond their bounds."""
    return np.asarray(np.maximum(0.0, load - upper) + np.maximum(0.0, lower - load))
