"""Assignments that are drawn so that all are equally likely, exactly: by counting the ways that are left."""

from collections.abc import Sequence
from math import prod

import numpy as np

from leadopt.arrays import Ints

MOST_STATES = 20_000
"""Loads that may be left at some point, beyond which ways are not counted: a twentieth of a second."""


def few_enough(loads: Sequence[int]) -> bool:
    """Return whether the ways to reach these loads can be counted."""
    return prod(load + 1 for load in loads) <= MOST_STATES


def drawn_exactly(options: Sequence[Sequence[int]], loads: Sequence[int], rng: np.random.Generator) -> Ints:
    r"""Return one of all ways to give each unit to one of its options at these loads, each with the same chance.

    With W_i(l) the number of ways to place units i and later at the loads l that are left,

    .. math:: W_i(l) = \sum_{j \in options_i, l_j > 0} W_{i + 1}(l - e_j),

    and unit i goes to j with the chance W_{i+1}(l - e_j) / W_i(l).

    Parameters
    ----------
    options
        the reps that each unit may go to
    loads
        how many units each rep gets, by rep
    """
    step = np.cumprod([1, *(load + 1 for load in loads)])[:-1].tolist()
    size = [load + 1 for load in loads]
    full = sum(load * each for load, each in zip(loads, step, strict=True))
    reached: list[set[int]] = [{full}]
    for reps in options:
        reached.append({s - step[j] for s in reached[-1] for j in reps if s // step[j] % size[j]})
    ways: list[dict[int, int]] = [{} for _ in reached]
    ways[-1] = dict.fromkeys(reached[-1], 1)
    for i in range(len(options) - 1, -1, -1):
        later = ways[i + 1]
        for s in reached[i]:
            ways[i][s] = sum(later[s - step[j]] for j in options[i] if s // step[j] % size[j])
    chosen, state = np.empty(len(options), dtype=np.int64), full
    for i, (reps, luck) in enumerate(zip(options, rng.random(len(options)).tolist(), strict=True)):
        left = [j for j in reps if state // step[j] % size[j]]
        below = np.cumsum([ways[i + 1][state - step[j]] / ways[i][state] for j in left])
        chosen[i] = left[int(np.searchsorted(below, luck * below[-1], side="right"))]
        state -= step[chosen[i]]
    return chosen
