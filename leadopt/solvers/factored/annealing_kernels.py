"""The loops of `annealing` and `rounding`, and the arrays that they share."""

import math
from typing import NamedTuple, Self

import numpy as np

from leadopt.arrays import Floats, Floats2, Floats3, Ints, Ints2
from leadopt.problem.linear_algebra import inner
from leadopt.solvers.compiled import kernel
from leadopt.solvers.factored.line_oracle import LineOracle

_NOTHING = 30.0  # temperatures below the best: e to the minus that is nothing
_TRACE = 1e-9  # of a bin: a share that adds nothing to a curvature
_SELDOM = 1e-3  # leads: a share that gets none as long as there are others
_FULL = 1e6  # stands for no room
_FINE = 0.03  # bins of each row and class, by temperature
# And at most; half and twice: gaps of 1.0e-4 and the same, and at 20,000 x 100 of 1.3e-4 and 1.0e-4 in place of 8.1e-5.
_MOST_BINS = 64
_LEAST_SCALE = 0.01  # of the mean: smaller leads are as soft


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
    def of(cls, oracle: LineOracle, most: int) -> Self:
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
    def at(cls, oracle: LineOracle, temperature: float) -> Self:
        """Return bins as fine as a temperature, in usual gains, can tell apart."""
        return cls.of(oracle, int(np.clip(_FINE / temperature, 1, _MOST_BINS)))


class Options(NamedTuple):
    """The reps that each bin may choose: those of bin b are ``rep[first[b]:first[b + 1]]``."""

    first: Ints
    rep: Ints


class Lines(NamedTuple):
    """What options are worth: ``slopes[class * n_rows + row, rep] * scale - paid[class, rep]``, nobody the reserve."""

    slopes: Floats2
    paid: Floats2
    reserve: float


class Sums(NamedTuple):
    """What leads choose: how many of each class choose each rep, and their scales by class and row."""

    leads: Floats2
    scales: Floats2


class Limits(NamedTuple):
    """How leads count in families of limits.

    ``kinds[family, class]``: 0 = not at all, 1 = as leads, 2 = by amounts, ``rates[family, row, rep] * scale``; of each
    family ``usual`` is an amount that matters as much as one lead.
    """

    kinds: Ints2
    rates: Floats3
    usual: Floats
    n_rows: int


@kernel
def soften(
    lines: Lines, bins: Bins, options: Options, temperature: float, low: int, high: int, sums: Sums, worth: Floats
) -> float:
    """Return the smoothed sum of some bins, from `low` to `high`, and add what they choose; `worth` is written on."""
    slopes, paid, reserve = lines
    kind, _, size, scale, warmth = bins
    first, rep = options
    n_rows = slopes.shape[0] // paid.shape[0]
    total = 0.0
    for b in range(low, high):
        k, n, best = kind[b], first[b + 1] - first[b], reserve
        c, heat = k // n_rows, temperature * warmth[b]
        for a in range(n):
            j = rep[first[b] + a]
            worth[a] = slopes[k, j] * scale[b] - paid[c, j]
            best = max(best, worth[a])
        if best == -np.inf:
            continue
        least, whole = best - _NOTHING * heat, math.exp((reserve - best) / heat)
        for a in range(n):
            if worth[a] >= least:  # the best one is, even where its rounding is more than the temperatures
                worth[a] = math.exp((worth[a] - best) / heat)
                whole += worth[a]
            else:
                worth[a] = 0.0
        total += size[b] * (best + heat * math.log(whole))
        for a in range(n):
            if worth[a] > 0.0:
                j, share = rep[first[b] + a], size[b] * worth[a] / whole
                sums.leads[c, j] += share
                sums.scales[k, j] += share * scale[b]
    return total


@kernel
def spread(
    bins: Bins, options: Options, share: Floats, amounts: Floats2, low: int, high: int, out: Floats2, at: Ints,
    mean: Floats,
) -> None:  # fmt: skip
    """Add to `out`, below its diagonal, how quantities at reps vary together: rows are quantity * n_reps + rep.

    `at` and `mean`, of as many rows, are written on.
    """
    _, _, size, _, warmth = bins
    first, rep = options
    n_kinds = amounts.shape[0]
    m = out.shape[0] // n_kinds
    for b in range(low, high):
        n = 0
        for o in range(first[b], first[b + 1]):
            if share[o] <= _TRACE * size[b]:
                continue
            for q in range(n_kinds):
                row = q * m + rep[o]
                at[n], mean[n] = row, share[o] * amounts[q, o] / warmth[b]
                for r in range(q + 1):
                    out[row, r * m + rep[o]] += mean[n] * amounts[r, o]
                n += 1
        for i in range(n):
            part = mean[i] * warmth[b] / size[b]
            for k in range(i + 1):
                out[max(at[i], at[k]), min(at[i], at[k])] -= part * mean[k]


@kernel
def deal(
    order: Ints, bins: Bins, options: Options, share: Floats, scale: Floats, limits: Limits, owed: Floats2,
    room: Floats2, place: Ints,
) -> None:  # fmt: skip
    """Give the leads of some bins, one bin after the other, to the reps that are owed most by their shares.

    Parameters
    ----------
    order
        which bins
    share
        of each option, among which the pool is, as rep n_reps
    scale
        of the lead at each place
    owed, room
        (n_families, n_reps + 1): what shares come to less what was given; how many leads more may be given at all
    place
        the rep of the lead at each place, written
    """
    kind, start, size, _, _ = bins
    first, rep = options
    kinds, rates, usual, n_rows = limits
    n_families, m = kinds.shape[0], owed.shape[1] - 1
    for b in order:
        c, row, begin, end = kind[b] // n_rows, kind[b] % n_rows, start[b], start[b] + int(size[b])
        mean = 0.0
        for i in range(begin, end):
            mean += scale[i]
        mean /= size[b]
        for o in range(first[b], first[b + 1]):
            for f in range(n_families):
                if kinds[f, c] == 1:
                    owed[f, rep[o]] += share[o]
                elif kinds[f, c] == 2 and rep[o] < m:
                    owed[f, rep[o]] += share[o] * rates[f, row, rep[o]] * mean
        for i in range(end - 1, begin - 1, -1):
            best, at = -np.inf, m
            for o in range(first[b], first[b + 1]):
                j = rep[o]
                won = -_FULL if share[o] <= _SELDOM else 0.0
                for f in range(n_families):
                    if kinds[f, c] == 1:
                        won += 2.0 * owed[f, j] - 1.0
                        if room[f, j] <= 0.0:
                            won -= _FULL
                    elif kinds[f, c] == 2 and j < m:
                        part = rates[f, row, j] * scale[i] / usual[f]
                        won += part * (2.0 * owed[f, j] / usual[f] - part)
                if won > best:
                    best, at = won, j
            place[i] = at
            for f in range(n_families):
                if kinds[f, c] == 1:
                    owed[f, at] -= 1.0
                    room[f, at] -= 1.0
                elif kinds[f, c] == 2 and at < m:
                    owed[f, at] -= rates[f, row, at] * scale[i]
