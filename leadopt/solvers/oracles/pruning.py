r"""Prune: which pairs may be part of a best answer, given a box that holds its prices.

If optimal prices lie within ``low <= p <= high``, a pair can only be used if

.. math:: gain_{ij} - low_j \ge \max\big(reserve, \max_k gain_{ik} - high_k\big)

so a lead with one option left is settled, and only the others go to the exact core. The test costs one look at each
lead, and nothing has to be known about how the box was found.
"""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.gains import Affinity
from leadopt.problem.rates.sparse_rows import SparseRows
from leadopt.solvers.oracles.protocols import Open


@dataclass(frozen=True, slots=True, kw_only=True)
class RowOracle:
    """Reads every lead's gains, in blocks, by numpy alone.

    Parameters
    ----------
    affinity
        of all leads
    leads
        which leads are asked about
    reserve
        gain of staying in the pool
    """

    affinity: Affinity
    leads: Ints
    reserve: float

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what the box leaves open; O(n_leads x n_reps)."""

        def look(start: int, stop: int, after: Floats) -> tuple[Ints, Ints, Ints, Ints]:
            gains = self.affinity.of(self.leads[start:stop])
            np.subtract(gains, high, out=after)
            best = after.argmax(axis=1)
            least = np.maximum(after[np.arange(len(after)), best], self.reserve)
            np.subtract(gains, low, out=after)
            possible = (after >= least[:, None]) & (gains > -np.inf)
            n, pool = np.count_nonzero(possible, axis=1), self.reserve >= least
            several = np.flatnonzero((n > 1) | (pool & (n > 0)))
            return np.where(pool, -1, best), several + start, n[several], np.nonzero(possible[several])[1]

        if self.affinity.is_sparse:
            return self._open_pairs(low, high)
        if self.affinity.n_reps == 0:
            return _all_pooled(len(self.leads))
        parts = over_blocks(len(self.leads), self.affinity.n_reps, look)
        choice, lead, n, rep = (_joined([part[k] for part in parts]) for k in range(4))
        return Open(choice=choice, lead=lead, first=np.concatenate([[0], np.cumsum(n)]).astype(np.int64), rep=rep)

    def _open_pairs(self, low: Floats, high: Floats) -> Open:
        """Return the same from the eligible pairs alone."""

        def look(start: int, pairs: SparseRows) -> tuple[Ints, Ints, Ints, Ints]:
            after = pairs.mapped(lambda gain: gain - high[pairs.rep])
            least, row = after.best(self.reserve), pairs.row
            best = np.full(len(pairs), -1, dtype=np.int64)
            first = np.flatnonzero(after.gain == least[row])[::-1]
            best[row[first]] = pairs.rep[first]
            possible = pairs.gain - low[pairs.rep] >= least[row]
            pool = self.reserve >= least
            n = pairs.only(possible).n_of_row
            several = (n > 1) | (pool & (n > 0))
            rep = pairs.rep[possible & several[row]]
            return np.where(pool, -1, best), np.flatnonzero(several) + start, n[several], rep

        everybody = len(self.leads) == self.affinity.n_leads
        parts = self.affinity.over_pairs(None if everybody else self.leads, look)
        choice, lead, n, rep = (_joined([part[k] for part in parts]) for k in range(4))
        return Open(choice=choice, lead=lead, first=np.concatenate([[0], np.cumsum(n)]).astype(np.int64), rep=rep)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]).astype(np.int64, copy=False)


def _all_pooled(n_leads: int) -> Open:
    nobody = np.zeros(0, dtype=np.int64)
    return Open(choice=np.full(n_leads, -1, dtype=np.int64), lead=nobody, first=np.zeros(1, dtype=np.int64), rep=nobody)
