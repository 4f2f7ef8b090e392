r"""What a program in whole numbers maximises: gains less penalties, coarsely first, and then to the last digit.

.. math:: amount = step\,(coarse + fine / B)

One number of 64 bits holds eighteen digits. Where a gain that nobody can get, or a penalty that nobody pays, is twelve
orders of magnitude above what is gained, few of these are left for what one answer differs from another by. So each
amount is two numbers. The coarse one is searched for by itself, and tells to within some coarse steps what the best
answer is worth. Among the answers that are worth so much, sums of coarse numbers differ by little, and both numbers
together fit in 64 bits.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.solvers.whole.steps import MOST, finest_steps, usual_unit, weighted_sum, whole_steps

_PRODUCT = 33  # coarse steps that a product of floating-point numbers may be off by: 53 of its 59 bits are right
_BITS = 57  # of a sum of fine steps


class _Soft(NamedTuple):
    """A row that may be broken: its options, what they take, its bounds, and what breaking it costs per unit."""

    options: list[int]
    used: Floats
    lower: float
    upper: float
    penalty: float

    @property
    def costs(self) -> Floats:
        """What each option would cost were all of it beyond, and then the bounds."""
        return self.penalty * np.append(self.used, [self.lower, self.upper])

    @property
    def exact_costs(self) -> list[Fraction]:
        penalty = Fraction(self.penalty)
        return [penalty * Fraction(value) for value in (*self.used.tolist(), self.lower, self.upper)]


@dataclass(frozen=True, kw_only=True)
class Objective:
    """Gains less penalties; the fields are those of `WholeProgram`."""

    first: Ints
    gain: Floats
    used: Any
    lower: Floats
    upper: Floats
    penalty: Floats

    @cached_property
    def off(self) -> float:
        """By how much coarse steps may be off, of two answers together: 0 where amounts are whole in a usual unit."""
        return self._off_steps * float(self._step)

    @cached_property
    def fine_off(self) -> float:
        """By how much fine steps may be off, of two answers together: half a step for each amount that is rounded."""
        if all(rest.denominator == 1 for some in self._rest for rest in some):
            return 0.0
        n_leads, n_soft = len(self.first) - 1, len(self._soft)
        return (n_leads * (1 + n_soft) + 2 * n_soft) * float(self._step / self._base)

    def coarse(self, model: Any, chosen: list[Any]) -> None:
        """Set what is maximised in coarse steps."""
        gains, *rows = self._coarse
        terms, weights = list(chosen), list(gains)
        for row, whole in zip(self._soft, rows, strict=True):
            *each, least, greatest = whole
            load, worst = weighted_sum([chosen[o] for o in row.options], each), max(least, sum(each) - greatest, 0)
            if worst == 0:
                continue
            beyond = model.new_int_var(0, worst, "")
            model.add(load - beyond <= greatest)
            if least > 0:
                model.add(load + beyond >= least)
            terms.append(beyond)
            weights.append(-1)
        model.maximize(weighted_sum(terms, weights))

    def fine(self, model: Any, chosen: list[Any], at: Ints) -> None:
        """Set what is maximised in fine steps, among answers that are worth what the best one in coarse steps is.

        Parameters
        ----------
        at
            (n_leads,), the option of each lead in that one
        """
        around, base = 4 * (self._off_steps + 1), self._base
        gains, *rows = self._coarse
        fine_gains, *fine_rows = [[round(rest) for rest in some] for some in self._rest]
        best = sum(gains[o] for o in at.tolist())
        terms, weights, fine_terms, fine_weights = list(chosen), list(gains), list(chosen), list(fine_gains)
        for row, whole, rest in zip(self._soft, rows, fine_rows, strict=True):
            best -= _beyond(row, whole, set(at.tolist()))
            variables, most = [chosen[o] for o in row.options], _Pair(sum(map(abs, whole)), sum(map(abs, rest)))
            load = _Pair(weighted_sum(variables, whole[:-2]), weighted_sum(variables, rest[:-2]))
            for excess, most_coarse in (
                (_Pair(load.coarse - whole[-1], load.fine - rest[-1]), sum(whole[:-2]) - whole[-1]),
                (_Pair(whole[-2] - load.coarse, rest[-2] - load.fine), whole[-2]),
            ):
                if most_coarse >= -_carried(most, base):
                    paid = _paid(model, excess, most, base)
                    terms.append(paid.coarse)
                    fine_terms.append(paid.fine)
        n_paid = len(terms) - len(chosen)
        weights, fine_weights = [*weights, *[-1] * n_paid], [*fine_weights, *[-1] * n_paid]
        near = model.new_int_var(-around, around, "")
        model.add(weighted_sum(terms, weights) - near == best)
        model.maximize(base * near + weighted_sum(fine_terms, fine_weights))

    @cached_property
    def _soft(self) -> list[_Soft]:
        ends, options, amounts = self.used.indptr, self.used.indices, self.used.data
        rows = []
        for k in np.flatnonzero(np.isfinite(self.penalty) & (self.penalty > 0)).tolist():
            here = slice(int(ends[k]), int(ends[k + 1]))
            lower, upper = max(0.0, float(self.lower[k])), min(float(self.upper[k]), float(amounts[here].sum()))
            rows.append(_Soft(options[here].tolist(), amounts[here], lower, upper, float(self.penalty[k])))
        return rows

    @cached_property
    def _amounts(self) -> list[Floats]:
        return [self.gain, *(row.costs for row in self._soft)]

    @cached_property
    def _unit(self) -> float | None:
        return usual_unit(np.concatenate(self._amounts))

    @cached_property
    def _exponent(self) -> int:
        """Of a power of two that no sum of amounts exceeds: of gains, one of each lead's options counts.

        But all of them together are no more than four times as much, as CP-SAT adds them up before it looks at leads.
        """
        gains = np.abs(self.gain)
        most = float(np.maximum.reduceat(gains, self.first[:-1]).sum()) if len(gains) else 0.0
        most = max(most, float(gains.sum()) / 4.0)
        return int(np.frexp(most + sum(float(np.abs(costs).sum()) for costs in self._amounts[1:]))[1])

    @property
    def _step(self) -> Fraction:
        return Fraction(2) ** self._exponent / Fraction(MOST / 2.0)

    @cached_property
    def _coarse(self) -> list[list[int]]:
        """The amounts in coarse steps."""
        if (unit := self._unit) is not None:
            return [whole_steps(unit * amounts).tolist() for amounts in self._amounts]
        return [finest_steps(amounts, -self._exponent).tolist() for amounts in self._amounts]

    @cached_property
    def _off_steps(self) -> int:
        n_leads = len(self.first) - 1
        return 0 if self._unit is not None else n_leads + 2 * _PRODUCT * (n_leads + 2) * len(self._soft)

    @cached_property
    def _base(self) -> int:
        """How many fine steps make a coarse one."""
        largest = max(16 * (self._off_steps + 1), 2 * _PRODUCT * (len(self.gain) + 2))
        return 1 << (_BITS - largest.bit_length())

    @cached_property
    def _rest(self) -> list[list[Fraction]]:
        """What coarse steps leave of each amount, in fine steps, which need not be whole."""
        exact = [list(map(Fraction, self.gain.tolist())), *(row.exact_costs for row in self._soft)]
        step, base = self._step, self._base
        return [
            [(amount / step - whole) * base for amount, whole in zip(some, steps, strict=True)]
            for some, steps in zip(exact, self._coarse, strict=True)
        ]


class _Pair(NamedTuple):
    """A sum of amounts: its coarse steps, and its fine ones."""

    coarse: Any
    fine: Any


def _beyond(row: _Soft, whole: list[int], at: set[int]) -> int:
    """Return by how many coarse steps an answer breaks a row."""
    load = sum(steps for option, steps in zip(row.options, whole[:-2], strict=True) if option in at)
    return max(load - whole[-1], whole[-2] - load, 0)


def _paid(model: Any, excess: _Pair, most: _Pair, base: int) -> _Pair:
    """Return what is paid for an excess: all of it where it is above nothing, else nothing."""
    is_paid, carried = model.new_bool_var(""), _carried(most, base)
    paid = _Pair(model.new_int_var(-carried, most.coarse, ""), model.new_int_var(-most.fine, most.fine, ""))
    for one, whole in zip(paid, excess, strict=True):
        model.add(one == whole).only_enforce_if(is_paid)
        model.add(one == 0).only_enforce_if(~is_paid)
    # A coarse sum beyond what fine ones can make up for counts as just so much, to stay within 64 bits.
    above, below = model.new_int_var(-carried, carried, ""), model.new_int_var(-carried, carried, "")
    model.add(above <= excess.coarse).only_enforce_if(is_paid)
    model.add(base * above + excess.fine >= 0).only_enforce_if(is_paid)
    model.add(below >= excess.coarse).only_enforce_if(~is_paid)
    model.add(base * below + excess.fine <= 0).only_enforce_if(~is_paid)
    return paid


def _carried(most: _Pair, base: int) -> int:
    """Return the most coarse steps that fine ones can make up for."""
    return int(most.fine // base + 2)
