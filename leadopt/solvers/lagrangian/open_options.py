"""Which options are still open at some prices: those nearest to a tie, and some for every rep and class of leads.

What is nearest to a tie are small leads. But where a minimum of hot leads binds, a hot lead must come from somewhere:
so for each rep, of the leads that the same limits count, the cheapest moves to it and away from it are open too.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.solvers.lagrangian.dual import PairOracle

# At dense 5,000 x 30 under bands, half and twice of each come to gaps from 7.1e-5 to 7.7e-5 in place of 7.7e-5, in as
# long; too few show as shares that break a bound, and the next core has twice as many.
_MOVES = 30  # to each rep and away from it, shared among classes of leads,
_LEAST_MOVES = 4  # and at least, by class
_SAMPLE = 4_000  # leads of a class that say what the cheapest moves to each rep lose


class Open(NamedTuple):
    """Open leads by their ``places`` at an oracle, their options (by place among these), and where the others are."""

    places: Ints
    lead: Ints
    rep: Ints
    settled: Ints


def open_options(oracle: PairOracle, y: Floats, n_open: int, wider: int = 1) -> Open:
    """Return the `n_open` leads nearest to a tie, what covers every rep and class, and all that loses no more.

    Parameters
    ----------
    wider
        times as many moves to and from each rep
    """
    n, m = len(oracle.leads), oracle.problem.n_reps
    if n_open >= n:
        places = np.arange(n)
        lead, rep = oracle.options(y, places, np.full(n, np.inf), np.full(m + 1, np.inf))
        return Open(places, lead, rep, np.full(n, -1))
    best, margin = oracle.margins(y)
    nearest = float(np.partition(margin, n_open - 1)[n_open - 1])
    moves = wider * max(_LEAST_MOVES, _MOVES // (len(oracle.starts) - 1))
    dearest = np.where(margin <= nearest, nearest, -1.0)
    leads, reps = [], []
    for start, stop in pairwise(oracle.starts):
        places = np.arange(start, stop)
        leaving = places[_first_by_group(best[start:stop], margin[start:stop], moves)]
        dearest[leaving] = np.maximum(dearest[leaving], margin[leaving])
        sample = places[:: 1 + len(places) // _SAMPLE]
        rank = int(np.ceil(moves * len(sample) / len(places)))
        at_rep = np.maximum(nearest, oracle.cheapest(y, sample, rank))
        lead, rep = oracle.options(y, places, dearest[start:stop], at_rep)
        leads.append(start + lead)
        reps.append(rep)
    lead, rep = np.concatenate(leads), np.concatenate(reps)
    several = np.bincount(lead, minlength=n) > 1
    inside = several[lead]
    return Open(
        places=np.flatnonzero(several),
        lead=(np.cumsum(several) - 1)[lead[inside]],
        rep=rep[inside],
        settled=np.where(several, -1, best),
    )


def _first_by_group(group: Ints, amount: Floats, number: int) -> Ints:
    """Return where the given number of least amounts of each group are."""
    order = np.lexsort((amount, group))
    start = np.flatnonzero(np.diff(group[order], prepend=-2))
    rank = np.arange(len(group)) - np.repeat(start, np.diff(np.append(start, len(group))))
    return np.asarray(order[rank < number])
