r"""Programs in whole numbers, solved exactly: leads that each take one of their options, under bounds of any kind.

.. math:: \max \sum_o gain_o x_o - \sum_k penalty_k\, beyond_k,\quad \sum_{o \in lead} x_o = 1,\quad
   lower_k \le \sum_o used_{ko} x_o \le upper_k,\quad x_o \in \{0, 1\}

A search in floating-point numbers keeps to tolerances that are absolute, and what it calls best or impossible is so
within these. CP-SAT counts in whole numbers alone. So each row is put into steps so fine that rounding to them moves
no load by more than `ROUNDING` of the bound, and gains into steps of less than a billionth of a billionth of all: what
is proved is proved in any unit, and for amounts that are twelve orders of magnitude apart. Amounts that are whole in
some usual unit, such as quarters of an hour or cents, stay small numbers, which are quicker to search.

References
----------
Perron and Didier, CP-SAT, https://developers.google.com/optimization/cp/cp_solver
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import ROUNDING

_MOST = 2.0**60  # what all numbers of a row may add up to, so that sums stay within 64 bits
_UNITS = (1.0, 2.0, 4.0, 10.0, 12.0, 60.0, 100.0, 1e3, 1e4, 1e6)  # steps in one, tried from the coarsest
_SMALL = 2.0**40  # numbers of steps that count as small
_NICE = 1e-13  # relative: what is so near to a whole number is one, as 0.1 * 10 is
_NEAR = 1 / 64  # of an upper bound: one row serves for a lower bound that is no less, as its steps are fine enough
_TOLD = 1e-9  # of the gains: what steps may be off by together, as that is what a proof may be off by
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

    def solved(self, at: Ints | None, most_work: float, left_s: float, near: float = 0.0) -> Found:
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
        """
        from ortools.sat.python import cp_model

        model = cp_model.CpModel()
        chosen = [model.new_bool_var("") for _ in range(len(self.gain))]
        if not self._bounded(model, chosen):
            return Found(None, True)
        for start, stop in zip(self.first[:-1].tolist(), self.first[1:].tolist(), strict=True):
            model.add_exactly_one(chosen[start:stop])
        exact = self._valued(model, chosen)
        if at is not None:
            known = np.zeros(len(self.gain), dtype=np.int64)
            known[at] = 1
            for variable, value in zip(chosen, known.tolist(), strict=True):
                model.add_hint(variable, value)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = _SEED
        solver.parameters.max_deterministic_time = most_work
        solver.parameters.relative_gap_limit = near
        solver.parameters.catch_sigint_signal = False
        if np.isfinite(left_s):
            solver.parameters.max_time_in_seconds = left_s
        status = solver.solve(model)
        if status == cp_model.MODEL_INVALID:
            raise AssertionError(f"CP-SAT refused a program: {model.validate()}")
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Found(None, status == cp_model.INFEASIBLE)
        taken = np.array([solver.boolean_value(variable) for variable in chosen])
        return Found(np.flatnonzero(taken), exact and status == cp_model.OPTIMAL)

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
                _sum(variables, row.whole), row.at_least(lower) if together else 0, row.at_most(upper)
            )
        if has_lower and not together:  # more than all that is wanted is as good as all of it
            row = _Row.of(np.minimum(amounts, lower), self._n_leads)
            model.add_linear_constraint(_sum(variables, row.whole), row.at_least(lower), int(row.whole.sum()))
        return True

    def _valued(self, model: Any, chosen: list[Any]) -> bool:
        """Set what is maximised: gains less penalties, all in the same steps; return whether these tell gains apart.

        They do not where penalties dwarf the gains: what is found is best but for the size of a step then.
        """
        soft = np.flatnonzero(np.isfinite(self.penalty) & (self.penalty > 0)).tolist()
        ends, options = self.used.indptr, self.used.indices
        rows = [slice(int(ends[k]), int(ends[k + 1])) for k in soft]
        costs = [self.penalty[k] * self.used.data[row] for k, row in zip(soft, rows, strict=True)]
        bounds = [
            (self.penalty[k] * max(0.0, self.lower[k]), self.penalty[k] * min(self.upper[k], self.used.data[row].sum()))
            for k, row in zip(soft, rows, strict=True)
        ]
        gains = float(np.maximum.reduceat(np.abs(self.gain), self.first[:-1]).sum()) if self._n_leads else 0.0
        most = gains + sum(
            float(cost.sum()) + abs(low) + abs(high) for cost, (low, high) in zip(costs, bounds, strict=True)
        )
        if most == 0.0:
            return True
        every = np.concatenate([self.gain, *costs, np.array(bounds).reshape(-1)])
        in_steps = _in_steps(every, most)
        parts = np.split(in_steps, np.cumsum([len(self.gain), *map(len, costs)]))
        terms, weights = list(chosen), parts[0].tolist()
        for row, whole, (least, greatest) in zip(rows, parts[1:-1], parts[-1].reshape(-1, 2).tolist(), strict=True):
            load = _sum([chosen[o] for o in options[row].tolist()], whole)
            worst = max(least, int(whole.sum()) - greatest, 0)
            if worst == 0:
                continue
            beyond = model.new_int_var(0, worst, "")
            model.add(load - beyond <= greatest)
            if least > 0:
                model.add(load + beyond >= least)
            terms.append(beyond)
            weights.append(-1)
        model.maximize(_sum(terms, np.array(weights)))
        whole_steps = any(_is_nice(every, unit) for unit in _UNITS)
        return whole_steps or 2.0 * len(every) * most / _MOST <= _TOLD * gains


class _Row(NamedTuple):
    """Amounts in whole steps: ``unit * 2**exponent`` of them make one. Rounding moves all by `off` steps at most."""

    whole: Ints
    unit: float
    exponent: int
    off: float

    @classmethod
    def of(cls, amounts: Floats, n_leads: int) -> "_Row":
        """Return amounts, none above the bound that they are for, in steps that are fine enough for it."""
        for unit in _UNITS:
            if _is_nice(amounts, unit):
                return cls(_whole(unit * amounts), unit, 0, 0.0)
        exponent = -int(np.frexp(amounts.sum())[1])
        return cls(_fine(amounts, exponent), _MOST / 2.0, exponent, min(n_leads, len(amounts)) / 2)

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
            return exact, -_NICE * exact
        return exact, self.off if 2.0 * self.off <= ROUNDING * exact else -self.off


def _sum(variables: list[Any], whole: Ints) -> Any:
    from ortools.sat.python import cp_model

    return cp_model.LinearExpr.weighted_sum(variables, whole.tolist())


def _whole(values: Floats) -> Ints:
    return np.asarray(np.rint(values), dtype=np.int64)


def _is_nice(values: Floats, unit: float) -> bool:
    scaled = unit * values
    near = np.abs(scaled - np.rint(scaled)) <= _NICE * np.abs(scaled)
    return bool(near.all()) and float(np.abs(scaled).sum()) <= _SMALL


def _in_steps(values: Floats, most: float) -> Ints:
    """Return values whose sizes add up to `most` in whole steps: few if they are whole in a usual unit."""
    for unit in _UNITS:
        if _is_nice(values, unit):
            return _whole(unit * values)
    return _fine(values, -int(np.frexp(most)[1]))


def _fine(values: Floats, exponent: int) -> Ints:
    """Return values in the finest steps, times a power of two first: it alone may exceed what a number can hold."""
    return _whole(_MOST / 2.0 * np.ldexp(values, exponent))
