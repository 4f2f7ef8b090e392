"""The loops of `annealing`, compiled where numba is installed; dealing out is plain Python where it is not."""

from typing import Any

import numpy as np

from leadopt.solvers.compiled import compiled

_NOTHING = 30.0  # temperatures below the best: e to the minus that is nothing
_TRACE = 1e-9  # of a bin: a share that adds nothing to a curvature
_SELDOM = 1e-3  # leads: a share that gets none as long as there are others
_FULL = 1e6  # stands for no room


@compiled
def soften(
    slopes: Any, paid: Any, bins: Any, options: Any, temperature: float, reserve: float,
    low: int, high: int, n_rows: int, count: Any, summed: Any,
) -> float:  # fmt: skip
    """Return the smoothed sum of some bins; add what their leads choose to `count`, and their scales to `summed`."""
    kind, _, size, scale, warmth = bins
    first, rep = options
    total, worth = 0.0, np.empty(slopes.shape[1])
    for b in range(low, high):
        k, n, best = kind[b], first[b + 1] - first[b], reserve
        c, heat = k // n_rows, temperature * warmth[b]
        for a in range(n):
            j = rep[first[b] + a]
            worth[a] = slopes[k, j] * scale[b] - paid[c, j]
            best = max(best, worth[a])
        if best == -np.inf:
            continue
        least, whole = best - _NOTHING * heat, np.exp((reserve - best) / heat)
        for a in range(n):
            if worth[a] > least:
                worth[a] = np.exp((worth[a] - best) / heat)
                whole += worth[a]
            else:
                worth[a] = 0.0
        total += size[b] * (best + heat * np.log(whole))
        for a in range(n):
            if worth[a] > 0.0:
                j, share = rep[first[b] + a], size[b] * worth[a] / whole
                count[c, j] += share
                summed[k, j] += share * scale[b]
    return total


@compiled
def spread(bins: Any, options: Any, share: Any, amounts: Any, low: int, high: int, out: Any) -> None:
    """Add to `out`, below its diagonal, how quantities at reps vary together: rows are quantity * n_reps + rep."""
    (_, _, size, _, warmth), (first, rep) = bins, options
    n_kinds = len(amounts)
    m = out.shape[0] // n_kinds
    at = np.empty(m * n_kinds, dtype=np.int64)
    mean = np.empty(m * n_kinds)
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


@compiled
def deal(
    order: Any, bins: Any, n_rows: int, options: Any, share: Any, scale: Any, kinds: Any, rates: Any, usual: Any,
    owed: Any, room: Any, place: Any,
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
    kinds
        (n_families, n_classes): 0 = does not count, 1 = counts leads, 2 = amounts, ``rates[family, row, rep] * scale``
    usual
        (n_families,), an amount that matters as much as one lead
    owed, room
        (n_families, n_reps + 1): what shares come to less what was given; how many leads more may be given at all
    place
        the rep of the lead at each place, written
    """
    kind, start, size, _, _ = bins
    first, rep = options
    n_families, m = kinds.shape[0], owed.shape[1] - 1
    for b in order:
        c, row, begin, end = kind[b] // n_rows, kind[b] % n_rows, start[b], start[b] + int(size[b])
        mean = scale[begin:end].mean()
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
