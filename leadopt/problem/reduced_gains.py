"""What a lead is worth with each rep after prices: for solvers, and for plans that explain themselves by prices.

`certify` has a computation of its own, so that nothing a solver used is believed by what proves its answer.
"""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.problem.problem import Limit, Problem
from leadopt.problem.rates.sparse_rows import SparseRows

_FEW = 0.25  # share of the reps up to which charging those with a price alone is quicker than charging all


def reduced_gains(problem: Problem, leads: Ints, prices: Floats, limit_prices: Sequence[float] | Floats) -> Floats:
    """Return gains less the prices of every limit a pair is in, float64 (len(leads), n_reps); -inf where ineligible."""
    everywhere, partial = _charges(problem, prices, limit_prices)
    reduced = problem.affinity.of(leads)
    reduced -= everywhere
    for limit, price in partial:
        columns = np.flatnonzero(price)
        rows = np.arange(len(leads)) if limit.leads is None else np.flatnonzero(_among(limit.leads, leads))
        usage = 1.0 if isinstance(limit.usage, float) else limit.usage_of(leads[rows])
        if len(columns) < _FEW * len(price):
            some = usage if isinstance(usage, float) or usage.shape[1] == 1 else usage[:, columns]
            reduced[np.ix_(rows, columns)] -= some * price[columns]
        elif len(rows) == len(leads):
            reduced -= usage * price
        else:
            reduced[rows] -= usage * price
    return reduced


def reduced_pairs(
    problem: Problem, leads: Ints, pairs: SparseRows, prices: Floats, limit_prices: Sequence[float] | Floats
) -> SparseRows:
    """Return the same for some pairs of some leads, a row for each lead."""
    everywhere, partial = _charges(problem, prices, limit_prices)
    lead, rep = np.repeat(leads, pairs.n_of_row), pairs.rep
    reduced = pairs.gain - everywhere[rep]
    for limit, price in partial:
        paying = price[rep] != 0.0
        if limit.leads is not None:
            paying &= _among(limit.leads, lead)
        some = np.flatnonzero(paying)
        usage = 1.0 if isinstance(limit.usage, float) else limit.usage_at(lead[some], rep[some])
        reduced[some] -= usage * price[rep[some]]
    return pairs.mapped(lambda _: reduced)


def paid_for_bounds(prices: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return what prices make of bounds, ``price+ upper - price- lower`` each; a bound of inf has no price."""
    return np.where(prices > 0, np.where(prices > 0, upper, 0.0) * prices, lower * prices)


def largest_gain(problem: Problem) -> float:
    """Return the largest absolute gain of any eligible pair, or the reserve where that is larger.

    Those of a rep without capacity do not count: nobody gains them, and what is small beside them would be no gain.
    """
    affinity = problem.affinity
    largest = affinity.largest if problem.capacity.all() else affinity.largest_with(problem.capacity > 0)
    return max(largest, abs(problem.reserve)) if isfinite(problem.reserve) else largest


def _charges(
    problem: Problem, prices: Floats, limit_prices: Sequence[float] | Floats
) -> tuple[Floats, list[tuple[Limit, Floats]]]:
    """Return what every lead pays with each rep, and what those of a priced family pay, with a limit of the family.

    That is per unit of usage, or for each lead where usages are numbers.
    """
    found: dict[tuple[int, int], tuple[Limit, Floats]] = {}
    everywhere, counted = np.array(prices, dtype=np.float64), problem.counted
    for k in np.flatnonzero(limit_prices).tolist():
        limit, kind = problem.limits[k], (int(counted.set_of[k]), int(counted.usage_of[k]))
        if kind not in found:
            found[kind] = limit, everywhere if kind == (0, 0) else np.zeros(problem.n_reps)
        number = limit.usage if isinstance(limit.usage, float) else 1.0
        found[kind][1][slice(None) if limit.reps is None else limit.reps] += number * limit_prices[k]
    found.pop((0, 0), None)
    return everywhere, list(found.values())


def _among(chosen: Ints, leads: Ints) -> NDArray[np.bool_]:
    """Return which leads are among some, which are in order."""
    if not len(chosen):
        return np.zeros(len(leads), dtype=np.bool_)
    return np.asarray(chosen.take(np.searchsorted(chosen, leads), mode="clip") == leads)
