"""The loops of `EnvelopeOracle`: walking along the envelopes of some rows."""

from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Floats2, Ints, Ints2
from leadopt.solvers.compiled import kernel


class Lines(NamedTuple):
    """The gain with each option by scale, ``rates[row] * scale + height``; options of a row as their rates rise."""

    rates: Floats2
    rising: Ints2
    height: Floats


class Found(NamedTuple):
    """The pieces of envelopes, row by row: whose, which option (-1 = nobody), and the scale that each begins at."""

    row: Ints
    option: Ints
    left: Floats


@kernel
def walk(lines: Lines, begin: Floats, end: Floats, found: Found) -> int:
    """Write the pieces of the envelope of every row from scale `begin` to `end`, and return how many there are.

    Lines are added in the order `rising`, that of their slopes. Each takes over all that is right of where it crosses
    the last piece; pieces that begin beyond go.
    """
    rates, rising, height = lines
    row, option, left = found
    n = 0
    for r in range(rates.shape[0]):
        bottom = n
        for k in rising[r]:
            slope, base = rates[r, k], height[k]
            if slope == -np.inf or base == -np.inf:
                continue
            at = begin[r]
            while n > bottom:
                rise, fall = slope - rates[r, option[n - 1]], height[option[n - 1]] - base
                if (rise > 0 and fall <= rise * left[n - 1]) or (rise == 0 and fall < 0):
                    n -= 1
                    continue
                at = max(fall / rise, left[n - 1]) if rise > 0 else np.inf
                break
            if at <= end[r]:
                row[n], option[n], left[n] = r, k, at
                n += 1
        if n == bottom:
            row[n], option[n], left[n] = r, -1, begin[r]
            n += 1
    return n


@kernel
def places(scales: Floats, first: Ints, row: Ints, left: Floats, start: Ints) -> None:
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
