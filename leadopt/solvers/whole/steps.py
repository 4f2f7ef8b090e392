"""Amounts as whole numbers of steps: few where they are whole in a usual unit, else as fine as 64 bits allow."""

from typing import Any

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.progress import loaded

MOST = 2.0**60  # what all numbers of a row may add up to, so that sums stay within 64 bits
UNITS = (1.0, 2.0, 4.0, 10.0, 12.0, 60.0, 100.0, 1e3, 1e4, 1e6)  # steps in one, tried from the coarsest
NICE = 1e-13  # relative: what is so near to a whole number is one, as 0.1 * 10 is
_SMALL = 2.0**40  # numbers of steps that count as small


def usual_unit(values: Floats) -> float | None:
    """Return of how many steps to one all values are small whole numbers, None = of no usual one."""
    return next((unit for unit in UNITS if _is_nice(values, unit)), None)


def _is_nice(values: Floats, unit: float) -> bool:
    scaled = unit * values
    near = np.abs(scaled - np.rint(scaled)) <= NICE * np.abs(scaled)
    return bool(near.all()) and float(np.abs(scaled).sum()) <= _SMALL


def whole_steps(values: Floats) -> Ints:
    """Return values that are near to whole numbers as these."""
    return np.asarray(np.rint(values), dtype=np.int64)


def finest_steps(values: Floats, exponent: int) -> Ints:
    """Return values in the finest steps, times a power of two first: it alone may exceed what a number can hold."""
    return whole_steps(MOST / 2.0 * np.ldexp(values, exponent))


def weighted_sum(variables: list[Any], whole: Ints | list[int]) -> Any:
    """Return the sum of variables, each so many times, as CP-SAT writes it."""
    loaded("ortools.sat.python.cp_model")
    from ortools.sat.python import cp_model

    return cp_model.LinearExpr.weighted_sum(variables, whole if isinstance(whole, list) else whole.tolist())
