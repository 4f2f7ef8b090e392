"""The loops of `annealing`, compiled where numba is installed; dealing out is plain Python where it is not."""

from collections.abc import Callable
from typing import Any

import numpy as np

from leadopt.solvers.sampling import has_numba

_NOTHING = 30.0  # temperatures below the best: e to the minus that is nothing


def _as_given(function: Callable[..., Any]) -> Any:
    return function


if has_numba():
    from leadopt.solvers.kernels import compiled
else:
    compiled = _as_given


@compiled
def soften(
    slopes: Any, paid: Any, bins: Any, options: Any, temperature: float, reserve: float,
    low: int, high: int, n_rows: int, count: Any, summed: Any,
) -> float:  # fmt: skip
    """Return the smoothed sum of some bins; add what their leads choose to `count`, and their scales to `summed`."""
    kind, _, size, scale = bins
    first, rep = options
    total, worth = 0.0, np.empty(slopes.shape[1])
    for b in range(low, high):
        k, n, best = kind[b], first[b + 1] - first[b], reserve
        c = k // n_rows
        for a in range(n):
            j = rep[first[b] + a]
            worth[a] = slopes[k, j] * scale[b] - paid[c, j]
            best = max(best, worth[a])
        if best == -np.inf:
            continue
        least, whole = best - _NOTHING * temperature, np.exp((reserve - best) / temperature)
        for a in range(n):
            if worth[a] > least:
                worth[a] = np.exp((worth[a] - best) / temperature)
                whole += worth[a]
            else:
                worth[a] = 0.0
        total += size[b] * (best + temperature * np.log(whole))
        for a in range(n):
            if worth[a] > 0.0:
                j, share = rep[first[b] + a], size[b] * worth[a] / whole
                count[c, j] += share
                summed[k, j] += share * scale[b]
    return total


@compiled
def deal(
    slopes: Any, bins: Any, options: Any, share: Any, n_rows: int, may_stay: bool, carried: Any, place: Any
) -> None:
    """Write a rep for each place: of each bin about its share, what is left of it carried on within the class."""
    kind, start, size, _ = bins
    first, rep = options
    m = slopes.shape[1]
    want, taken = np.empty(m + 1), np.empty(m + 1, dtype=np.int64)
    for b in range(len(kind)):
        c, n = kind[b] // n_rows, first[b + 1] - first[b]
        left, pooled = start[b + 1] - start[b], size[b]
        for a in range(n):
            want[a] = carried[c, rep[first[b] + a]] + share[first[b] + a]
            pooled -= share[first[b] + a]
        n_options = n + 1 if may_stay or n == 0 else n
        want[n] = carried[c, m] + max(pooled, 0.0)
        for a in range(n_options):
            taken[a] = max(0, int(np.floor(want[a])))
            left -= taken[a]
        while left != 0:
            at = -1
            for a in range(n_options):
                if left > 0 or taken[a] > 0:
                    better = at < 0 or (want[a] - taken[a] > want[at] - taken[at]) == (left > 0)
                    if better:
                        at = a
            taken[at] += 1 if left > 0 else -1
            left += -1 if left > 0 else 1
        steep = np.zeros(n_options)
        for a in range(n):
            steep[a] = slopes[kind[b], rep[first[b] + a]]
            carried[c, rep[first[b] + a]] = want[a] - taken[a]
        if n_options > n:
            carried[c, m] = want[n] - taken[n]
        at = start[b]
        for a in np.argsort(steep):
            for _ in range(taken[a]):
                place[at] = rep[first[b] + a] if a < n else -1
                at += 1
