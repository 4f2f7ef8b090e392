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
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.linear_algebra import inner
from leadopt.progress import Meter
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.lagrangian.dual import Dual
from leadopt.solvers.oracles.protocols import Loads

# Half and twice of each come to the same answer in about as long, but for what is said (factored 10,000 x 50 as in
# `newton`, a gap of 7.6e-5 in 2.3 s of a core): prices are sharpened after it.
_HOTTEST, _COLDEST = 0.3, 2e-3  # temperatures, of a usual gain
_COOLER = 0.4  # times as hot is the next stage; at twice, in 3.1 s
_STEPS = 100  # of a quasi-Newton method at each temperature
_TOLERANCE = 1e-10  # of the dual, relative: a step of a quasi-Newton method that wins less is the last
_FINE = 0.03  # bins of each row and class, by temperature
# And at most; half and twice: gaps of 1.0e-4 and the same, and at 20,000 x 100 of 1.3e-4 and 1.0e-4 in place of 8.1e-5.
_MOST_BINS = 64
_LEAST_SCALE = 0.01  # of the mean: smaller leads are as soft
_NEAR = 25.0  # temperatures by which an option may lose at the prices of the stage before, and be asked about


class Bins(NamedTuple):
    """Neighbouring leads of one row and class.

    ``kind`` (class * n_rows + row) and ``first``, the place of the first lead of each in order of class, row and scale,
    with the number of leads at the end; ``size``, how many they are, their mean ``scale``, and their ``warmth``, by
    which they choose more softly than others. Prices of value move large leads most, prices of leads small ones: where
    warmth is the root of the scale, either moves all of them about as far.
    """

    kind: Ints
    first: Ints
    size: Floats
    scale: Floats
    warmth: Floats

    @classmethod
    def of(cls, oracle: LineOracle, most: int) -> "Bins":
        """Return the leads of each row and class in `most` bins of about as many leads each."""
        starts, kinds, scales, n = [], [], [], 0
        for k, envelope in enumerate(oracle.envelopes):
            low, count = envelope.first[:-1], np.diff(envelope.first)
            cuts = low[:, None] + count[:, None] * np.arange(most) // most
            cut, first = np.unique(cuts[count > 0], return_index=True)
            row = np.repeat(np.flatnonzero(count), most)[first]
            stop = np.append(cut[1:], len(envelope.order))
            scales.append((envelope.sums[stop] - envelope.sums[cut]) / (stop - cut))
            starts.append(n + cut)
            kinds.append(k * oracle.n_rows + row)
            n += len(envelope.order)
        places = np.concatenate([*starts, [n]])
        size, scale = np.diff(places).astype(np.float64), np.concatenate(scales)
        mean = inner(size, scale) / max(1.0, float(size.sum()))
        warmth = np.sqrt(np.maximum(scale / mean if mean > 0 else np.ones(len(scale)), _LEAST_SCALE))
        return cls(np.concatenate(kinds), places, size, scale, warmth)

    @classmethod
    def at(cls, oracle: LineOracle, temperature: float) -> "Bins":
        """Return bins as fine as a temperature, in usual gains, can tell apart."""
        return cls.of(oracle, int(np.clip(_FINE / temperature, 1, _MOST_BINS)))


class Options(NamedTuple):
    """The reps that each bin may choose: those of bin b are ``rep[first[b]:first[b + 1]]``."""

    first: Ints
    rep: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Soft:
    """What bins of leads choose at some temperature."""

    oracle: LineOracle
    bins: Bins
    options: Options
    temperature: float

    def loads(self, y: Floats) -> Loads:
        """Return the smoothed dual sum and the loads."""
        soften = _compiled("soften") or _soften
        slopes, paid = self.oracle.lines(y)
        summed, reserve = np.zeros_like(slopes), self.oracle.pairs.problem.reserve
        cuts = np.searchsorted(self.bins.kind, np.arange(len(slopes) + 1))

        def part(start: int, stop: int, _: Floats) -> tuple[float, Floats]:
            count, low, high = np.zeros_like(paid), cuts[start], cuts[stop]
            total = soften(
                slopes, paid, self.bins, self.options, self.temperature, reserve, low, high, self.oracle.n_rows,
                count, summed,
            )  # fmt: skip
            return total, count

        found = over_blocks(len(slopes), max(1, len(self.options.rep) // len(slopes)), part)
        count = np.sum([count for _, count in found], axis=0)
        return Loads(load=self.oracle.taken(count, summed), value=float(np.sum([value for value, _ in found])))


def annealed(oracle: LineOracle, dual: Dual, y: Floats, meter: Meter) -> tuple[Floats, Soft]:
    """Return prices that nearly minimise the dual, from given ones, and what leads choose softly there."""
    dual, temperature, near = _evened(dual), _HOTTEST, np.inf
    while True:
        there, soft = _stage(oracle, dual, y, temperature, near, meter)
        if near < np.inf and dual.at(there) > dual.at(y):
            # Prices went to where options count that were not asked about.
            there, soft = _stage(oracle, dual, y, temperature, np.inf, meter)
        y = there
        if temperature <= _COLDEST or meter.left_s <= 0:
            return y, soft
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
    slopes: Floats, paid: Floats, bins: Bins, options: Options, temperature: float, reserve: float,
    low: int, high: int, n_rows: int, count: Floats, summed: Floats,
) -> float:  # fmt: skip
    """Add up, as `annealing_kernels.soften` does, which is compiled."""
    worth, share, bin_ = shares(slopes, paid, bins, options, temperature, reserve, low, high, n_rows)
    rep = options.rep[options.first[low] : options.first[high]]
    kind, m = bins.kind[bin_], slopes.shape[1]
    count += np.bincount(kind // n_rows * m + rep, share, minlength=count.size).reshape(count.shape)
    first, last = bins.kind[low], bins.kind[high - 1]
    amounts = np.bincount((kind - first) * m + rep, share * bins.scale[bin_], minlength=(last - first + 1) * m)
    summed[first : last + 1] += amounts.reshape(-1, m)
    return worth


def shares(
    slopes: Floats, paid: Floats, bins: Bins, options: Options, temperature: float, reserve: float,
    low: int, high: int, n_rows: int,
) -> tuple[float, Floats, Ints]:  # fmt: skip
    """Return the smoothed sum of some bins, the leads of each option, and its bin."""
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


def _compiled(name: str):  # type: ignore[no-untyped-def]
    from leadopt.solvers.compiled import has_numba

    if not has_numba():
        return None
    from leadopt.solvers.factored import annealing_kernels

    return getattr(annealing_kernels, name)
