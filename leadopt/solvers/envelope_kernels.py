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
                if rise > 0 and height[k] > -np.inf:
                    at = (height[line] - height[k]) / rise
                    if at < crossing:
                        crossing, following = at, k
            if following < 0 or crossing > end[r]:
                break
            line, here = following, max(crossing, here)
            row[n], option[n], left[n] = r, line, here
            n += 1
    return n
