r"""Programs in whole numbers, solved exactly: leads that each take one of their options, under bounds of any kind.

.. math:: \max \sum_o gain_o x_o - \sum_k penalty_k\, beyond_k,\quad \sum_{o \in lead} x_o = 1,\quad
   lower_k \le \sum_o used_{ko} x_o \le upper_k,\quad x_o \in \{0, 1\}

A search in floating-point numbers keeps to tolerances that are absolute, and what it calls best or impossible is so
within these. CP-SAT counts in whole numbers alone. So each row is put into steps so fine that rounding to them moves
no load by more than `ROUNDING` of the bound, and gains into steps as fine as need be (`objective`): what is proved is
proved in any unit, and for amounts that are twelve orders of magnitude apart. Amounts that are whole in some usual
unit, such as quarters of an hour or cents, stay small numbers, which are quicker to search.

References
----------
Perron and Didier, CP-SAT, https://developers.google.com/optimization/cp/cp_solver
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import ROUNDING
from leadopt.progress import LATE_S, OutOfTime, apart, loaded
from leadopt.solvers.whole.objective import Objective
from leadopt.solvers.whole.steps import MOST, NICE, finest_steps, usual_unit, weighted_sum, whole_steps

_NEAR = 1 / 64  # of an upper bound: one row serves for a lower bound that is no less, as its steps are fine enough
_TOLD = 1e-9  # of all gains and penalties of an answer: what steps may be off by, as a proof may be
_SEED = 0


class Found(NamedTuple):
    """The best answer found: the option of each lead, None if there is none, and whether nothing better exists."""

    at: Ints | None
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeProgram:
    """A program in whole numbers.

    Parameters
    ----------
    first
        int64 (n_leads + 1,), where the options of each lead begin; each has one at least
    gain
        float64 (n_options,)
    used
        sparse by row (n_rows, n_options), not negative: what each option takes of each row
    lower, upper, penalty
        float64 (n_rows,): the bounds, hard ones wider by `ROUNDING`, and gain lost per unit beyond; inf = hard
    """

    first: Ints
    gain: Floats
    used: Any
    lower: Floats
    upper: Floats
    penalty: Floats

    def solved(
        self, at: Ints | None, most_work: float, left_s: float, near: float = 0.0, besides: float = 0.0
    ) -> Found:
        """Return the best answer that is found, from one that is known, whether it is allowed or not.

        Parameters
        ----------
        at
            (n_leads,), an option of each lead; None = nothing is known
        most_work
            effort, in seconds as the backend counts them: by its steps, so that they are the same on any machine
        left_s
            seconds of a clock that it may take
        near
            of the best: a gap below this ends the search, which then counts as complete
        besides
            what is gained beside these leads: a proof may be off by a billionth of all
        """
        objective = Objective(
            first=self.first,
            gain=self.gain,
            used=self.used,
            lower=self.lower,
            upper=self.upper,
            penalty=self.penalty,
        )
        found = self._best(objective.coarse, at, most_work, left_s, near)
        if found.at is None or not found.complete or objective.off <= _TOLD * (besides + self._size(found.at)):
            return found
        # Gains or penalties too far apart for the steps of one number: the rest of each decides among what is near.
        after = self._best(partial(objective.fine, at=found.at), found.at, most_work, left_s, near)
        if after.at is None:
            return found._replace(complete=False)
        told = objective.fine_off <= _TOLD * (besides + self._size(after.at))
        return after._replace(complete=after.complete and told)

    def _best(
        self, maximise: Callable[[Any, list[Any]], None], at: Ints | None, most_work: float, left_s: float, near: float
    ) -> Found:
        """Return what one search finds, once the objective was set by `maximise`."""
        until = perf_counter() + left_s
        try:
            loaded("ortools.sat.python.cp_model", left_s)
        except OutOfTime:
            return Found(None, False)
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        chosen = [model.new_bool_var("") for _ in range(len(self.gain))]
        if not self._bounded(model, chosen):
            return Found(None, True)
        for start, stop in zip(self.first[:-1].tolist(), self.first[1:].tolist(), strict=True):
            model.add_exactly_one(chosen[start:stop])
        maximise(model, chosen)
        if at is not None:
            known = np.zeros(len(self.gain), dtype=np.int64)
            known[at] = 1
            for variable, value in zip(chosen, known.tolist(), strict=True):
                model.add_hint(variable, value)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = _SEED
        # Less than none, which time that has run out since leaves, would make the program invalid.
        solver.parameters.max_deterministic_time = max(0.0, most_work)
        solver.parameters.relative_gap_limit = near
        solver.parameters.catch_sigint_signal = False
        # In 9.15 this step of presolve adds amounts up in 32 bits, and so proves what is not so: or-tools issue 5293.
        solver.parameters.presolve_inclusion_work_limit = 0
        if np.isfinite(left_s):
            solver.parameters.max_time_in_seconds = max(0.0, until - perf_counter())
        try:
            status = apart(lambda: solver.solve(model), solver.stop_search, until - perf_counter() + LATE_S)
        except OutOfTime:
            return Found(None, False)
        if status == cp_model.MODEL_INVALID:
            raise AssertionError(f"CP-SAT refused a program: {model.validate()}")
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Found(None, status == cp_model.INFEASIBLE)
        best = np.flatnonzero([solver.boolean_value(variable) for variable in chosen])
        return Found(best, status == cp_model.OPTIMAL)

    @property
    def _n_leads(self) -> int:
        return len(self.first) - 1

    def _bounded(self, model: Any, chosen: list[Any]) -> bool:
        """Add the hard rows; return False if one cannot be met whatever the leads do."""
        ends, options, amounts = self.used.indptr, self.used.indices, self.used.data
        for k in np.flatnonzero(np.isinf(self.penalty)).tolist():
            here = slice(int(ends[k]), int(ends[k + 1]))
            if not self._bound(model, [chosen[o] for o in options[here].tolist()], amounts[here], k):
                return False
        return True

    def _bound(self, model: Any, variables: list[Any], amounts: Floats, k: int) -> bool:
        lower, upper = float(self.lower[k]), float(self.upper[k])
        if upper < 0.0:
            return False
        if np.isfinite(upper):
            for place in np.flatnonzero(amounts > upper).tolist():
                model.add(variables[place] == 0)
            fits = amounts <= upper
            variables = [variable for variable, there in zip(variables, fits.tolist(), strict=True) if there]
            amounts = amounts[fits]
        has_lower, has_upper = lower > 0.0, np.isfinite(upper) and amounts.sum() > upper
        if amounts.sum() < lower:
            return False
        together = has_lower and has_upper and lower >= _NEAR * upper
        if has_upper or together:
            row = _Row.of(amounts, self._n_leads)
            model.add_linear_constraint(
                weighted_sum(variables, row.whole), row.at_least(lower) if together else 0, row.at_most(upper)
            )
        if has_lower and not together:  # more than all that is wanted is as good as all of it
            enough = lower * (1.0 + ROUNDING)  # to be enough after rounding, too
            row = _Row.of(np.minimum(amounts, enough), self._n_leads)
            model.add_linear_constraint(weighted_sum(variables, row.whole), row.at_least(lower), int(row.whole.sum()))
        return True

    def _size(self, at: Ints) -> float:
        """Return what gains and penalties of some options add up to, without their signs; at least the least gain.

        Whatever is better than nothing gains that much.
        """
        load = np.asarray(self.used[:, at].sum(axis=1)).reshape(-1)
        beyond = np.maximum(np.maximum(load - self.upper, self.lower - load), 0.0)
        gains = np.abs(self.gain)
        least = float(gains[gains > 0].min(initial=np.inf))
        soft = np.isfinite(self.penalty)
        size = float(gains[at].sum() + (self.penalty[soft] * beyond[soft]).sum())
        return max(size, least) if np.isfinite(least) else size


class _Row(NamedTuple):
    """Amounts in whole steps: ``unit * 2**exponent`` of them make one. Rounding moves all by `off` steps at most."""

    whole: Ints
    unit: float
    exponent: int
    off: float

    @classmethod
    def of(cls, amounts: Floats, n_leads: int) -> "_Row":
        """Return amounts, none above the bound that they are for, in steps that are fine enough for it."""
        if (unit := usual_unit(amounts)) is not None:
            return cls(whole_steps(unit * amounts), unit, 0, 0.0)
        exponent = -int(np.frexp(amounts.sum())[1])
        return cls(finest_steps(amounts, exponent), MOST / 2.0, exponent, min(n_leads, len(amounts)) / 2)

    def at_most(self, upper: float) -> int:
        """Return the most steps that an upper bound allows: never one too many, as far as steps are fine enough."""
        exact, off = self._bound(upper)
        return int(np.floor(exact - off))

    def at_least(self, lower: float) -> int:
        """Return the fewest steps that a lower bound allows."""
        exact, off = self._bound(lower)
        return int(np.ceil(exact + off))

    def _bound(self, bound: float) -> tuple[float, float]:
        """Return a bound in steps, and by how many to keep away from it: less than 0 if they are too coarse."""
        exact = self.unit * float(np.ldexp(bound, self.exponent))
        if self.off == 0.0:
            return exact, -NICE * exact
        return exact, self.off if 2.0 * self.off <= ROUNDING * exact else -self.off
