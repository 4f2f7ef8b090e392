"""The compiled loop of `EnvelopeOracle`: walking along the envelopes of some rows. Needs the extra `fast` (numba)."""

from typing import Any

import numpy as np

from leadopt.solvers.kernels import compiled


@compiled
def walk(lines: Any, height: Any, begin: Any, end: Any, row: Any, option: Any, left: Any) -> int:
    """Write the pieces of the envelope of every row from scale `begin` to `end`, and return how many there are.

    On a line, the next one is that which crosses it first among all steeper ones; -1 = nobody.
    """
    n = 0
    for r in range(len(lines)):
        here, line, best = begin[r], -1, -np.inf
        for k in range(len(height)):
            if lines[r, k] > -np.inf and height[k] > -np.inf:
                value = lines[r, k] * here + height[k]
                if value > best or (value == best and lines[r, k] > lines[r, line]):
                    line, best = k, value
        row[n], option[n], left[n] = r, line, here
        n += 1
        while line >= 0:
            crossing, following = np.inf, -1
            for k in range(len(height)):
                rise = lines[r, k] - lines[r, line]
                # Dividing only where it pays is half the time.
                if rise > 0 and height[line] - height[k] < crossing * rise and height[k] > -np.inf:
                    at = (height[line] - height[k]) / rise
                    if at < crossing:
                        crossing, following = at, k
            if following < 0 or crossing > end[r]:
                break
            line, here = following, max(crossing, here)
            row[n], option[n], left[n] = r, line, here
            n += 1
    return n


@compiled
def places(scales: Any, first: Any, row: Any, left: Any, start: Any) -> None:
    """Write where each piece begins among the leads of its row, which are from ``first[row]``, by scale."""
    for k in range(len(row)):
        low, high = first[row[k]], first[row[k] + 1]
        if k > 0 and row[k] == row[k - 1]:
            low = start[k - 1]
        else:
            start[k] = low  # the first piece of a row begins with its first lead
            continue
        while low < high:
            middle = (low + high) // 2
            if scales[middle] < left[k]:
                low = middle + 1
            else:
                high = middle
        start[k] = low
