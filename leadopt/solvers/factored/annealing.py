r"""Prices and shares of factored problems under limits of any line (`lines`), by annealing.

Few rows of rates make the dual a function of hard edges: a price that moves a little moves leads by the hundred, or
none at all, and no method that follows its slope gets far. So leads choose softly at first,

.. math:: \sum_b n_b\, \tau \log\Big(e^{reserve / \tau} + \sum_j e^{worth_{bj} / \tau}\Big)

which is smooth, and tends to the dual as the temperature :math:`\tau` falls. Leads of one row and class that are
neighbours in order of scale are one bin b of :math:`n_b` leads, the finer the colder. At the end there are prices near
the best ones, and shares of each bin that nearly keep the limits: `sharpening` goes on from there.

References
----------
Nesterov (2005), Smooth minimization of non-smooth functions. doi:10.1007/s10107-004-0552-5
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.progress import Meter
from leadopt.solvers.compiled import compiled
from leadopt.solvers.factored.annealing_kernels import Bins, Lines, Options, Sums, soften
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.lagrangian.dual import Dual
from leadopt.solvers.oracles.protocols import Loads

# Half and twice of each come to the same answer in about as long, but for what is said (factored 10,000 x 50 as in
# `newton`, a gap of 7.6e-5 in 2.3 s of a core): prices are sharpened after it.
# Temperatures, of a usual gain. Newton's steps need no colder ones: bands of 50,000 x 100 end at 2e-3, 1e-2 and 6e-2
# at the same gap, 3.1e-5, after 7.0, 5.0 and 4.2 s of a core, 300,000 x 300 at 2.7e-5 after 18.7, 17.2 and 18.0 s.
_HOTTEST, _COLDEST = 0.3, 1e-2
_COOLER = 0.4  # times as hot is the next stage; at twice, in 3.1 s
_STEPS = 100  # of a quasi-Newton method at each temperature
_TOLERANCE = 1e-10  # of the dual, relative: a step of a quasi-Newton method that wins less is the last
_NEAR = 25.0  # temperatures by which an option may lose at the prices of the stage before, and be asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """What bins of leads choose at some temperature."""

    oracle: LineOracle
    bins: Bins
    options: Options
    temperature: float

    def loads(self, y: Floats) -> Loads:
        """Return the smoothed dual sum and the loads."""
        slopes, paid = self.oracle.lines(y)
        summed, lines = np.zeros_like(slopes), Lines(slopes, paid, self.oracle.pairs.problem.reserve)
        summing = soften if compiled() else _soften
        cuts = np.searchsorted(self.bins.kind, np.arange(len(slopes) + 1))

        def part(start: int, stop: int, _: Floats) -> tuple[float, Floats]:
            count, low, high, worth = np.zeros_like(paid), cuts[start], cuts[stop], np.empty(slopes.shape[1])
            total = summing(lines, self.bins, self.options, self.temperature, low, high, Sums(count, summed), worth)
            return total, count

        found = over_blocks(len(slopes), max(1, len(self.options.rep) // len(slopes)), part)
        count = np.sum([count for _, count in found], axis=0)
        return Loads(load=self.oracle.taken(count, summed), value=float(np.sum([value for value, _ in found])))


def annealed(oracle: LineOracle, dual: Dual, y: Floats, meter: Meter) -> tuple[Floats, Soft]:
    """Return prices that nearly minimise the dual, from given ones, and what leads choose softly there.

    Where time is over, they are those of the last temperature, if the dual is lower there than at the one before.
    """
    dual, temperature, near = _evened(dual), _HOTTEST, np.inf
    last: tuple[Floats, Soft] | None = None
    while True:
        there, soft = _stage(oracle, dual, y, temperature, near, meter)
        if near < np.inf and dual.at(there) > dual.at(y):
            # Prices went to where options count that were not asked about.
            there, soft = _stage(oracle, dual, y, temperature, np.inf, meter)
        if meter.left_s <= 0 and last is not None and dual.at(there) >= dual.at(y):
            return last
        y, last = there, (there, soft)
        if temperature <= _COLDEST or meter.left_s <= 0:
            return last
        near = _NEAR * temperature * dual.gain
        temperature *= _COOLER


def _stage(
    oracle: LineOracle, dual: Dual, y: Floats, temperature: float, near: float, meter: Meter
) -> tuple[Floats, Soft]:
    """Return the prices at one temperature, from given ones, and what leads choose there of the options near them."""
    bins = Bins.at(oracle, temperature)
    options = options_near(oracle, bins, y, near)
    soft = Soft(oracle=oracle, bins=bins, options=options, temperature=temperature * dual.gain)
    return replace(dual, oracle=soft).minimised(y, _STEPS, _TOLERANCE, meter), soft


def _evened(dual: Dual) -> Dual:
    """Return the dual in units in which rows that count many leads are as stiff as those that count few."""
    bound = np.where(np.isfinite(dual.rows.upper), dual.rows.upper, dual.rows.lower)
    count = np.maximum(bound * dual.unit / dual.gain, 1.0)
    return replace(dual, unit=dual.unit * np.sqrt(np.median(count) / count))


def options_near(oracle: LineOracle, bins: Bins, y: Floats, near: float) -> Options:
    """Return the reps of each bin that lose no more than `near`, times its warmth, against the best option."""
    slopes, paid = oracle.lines(y)
    m, reserve = slopes.shape[1], oracle.pairs.problem.reserve

    def look(start: int, stop: int, worth: Floats) -> tuple[Ints, Ints]:
        kind = bins.kind[start:stop]
        slopes.take(kind, axis=0, out=worth, mode="clip")
        barred = np.isneginf(worth)
        with np.errstate(invalid="ignore"):
            worth *= bins.scale[start:stop, None]
        worth -= paid[kind // oracle.n_rows]
        worth[barred] = -np.inf
        least = np.maximum(worth.max(axis=1, initial=reserve), reserve) - near * bins.warmth[start:stop]
        here, rep = np.nonzero((worth >= least[:, None]) & ~barred)
        return np.bincount(here, minlength=stop - start), rep

    parts = over_blocks(len(bins.kind), m, look)
    count = np.concatenate([np.zeros(0, dtype=np.int64), *(part[0] for part in parts)])
    rep = np.concatenate([np.zeros(0, dtype=np.int64), *(part[1] for part in parts)])
    return Options(np.concatenate([[0], np.cumsum(count)]).astype(np.int64), rep)


def _soften(
    lines: Lines, bins: Bins, options: Options, temperature: float, low: int, high: int, sums: Sums, _: Floats
) -> float:
    """Add up, as `soften` does, which is compiled."""
    worth, share, bin_ = shares(lines, bins, options, temperature, low, high)
    rep = options.rep[options.first[low] : options.first[high]]
    kind, (n_kinds, m), count = bins.kind[bin_], lines.slopes.shape, sums.leads
    n_rows = n_kinds // len(count)
    count += np.bincount(kind // n_rows * m + rep, share, minlength=count.size).reshape(count.shape)
    first, last = bins.kind[low], bins.kind[high - 1]
    amounts = np.bincount((kind - first) * m + rep, share * bins.scale[bin_], minlength=(last - first + 1) * m)
    sums.scales[first : last + 1] += amounts.reshape(-1, m)
    return worth


def shares(
    lines: Lines, bins: Bins, options: Options, temperature: float, low: int, high: int
) -> tuple[float, Floats, Ints]:
    """Return the smoothed sum of some bins, the leads of each option, and its bin."""
    (slopes, paid, reserve), n_rows = lines, len(lines.slopes) // len(lines.paid)
    n = np.diff(options.first[low : high + 1])
    bin_ = np.repeat(np.arange(low, high), n)
    rep = options.rep[options.first[low] : options.first[high]]
    worth = slopes[bins.kind[bin_], rep] * bins.scale[bin_] - paid[bins.kind[bin_] // n_rows, rep]
    best = np.full(high - low, reserve)
    np.maximum.at(best, bin_ - low, worth)
    best[np.isneginf(best)] = 0.0
    heat = temperature * bins.warmth[low:high]
    weight = np.exp((worth - best[bin_ - low]) / heat[bin_ - low])
    beside = np.exp((reserve - best) / heat)
    whole = beside + np.bincount(bin_ - low, weight, minlength=high - low)
    whole = np.where(whole > 0, whole, 1.0)
    size = bins.size[low:high]
    total = float((size * (best + heat * np.log(whole))).sum())
    return total, (size / whole)[bin_ - low] * weight, bin_
