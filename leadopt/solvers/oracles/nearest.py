r"""What leads want at given prices, from the best two options of each: for gains without any structure.

A lead changes hands once its best option is dearer by its margin over the second. So how many leads lie within some
margin of a tie says how many change hands by price: a density, which is read off the nearest ones. Every lead has a
short list of its best reps, which tells its best two until prices have moved far.

Where gains tie, nobody is near a tie, but at one. `jolts` break ties: every gain is a little higher, by chance. They
serve to find prices, and are no part of any answer.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.problem.blocks import in_parts, over_blocks
from leadopt.problem.gains import Affinity
from leadopt.solvers.oracles.nearest_kernels import Best, Jolted, Lists, Scratch, best_two
from leadopt.solvers.oracles.protocols import Open, SlopedLoads
from leadopt.solvers.oracles.pruning import RowOracle

_LISTED = 6  # reps on a short list
_NEAR = 24  # leads per rep that are near enough to a tie to tell how many there are
_FEW = 4  # of them, below which a rep looks farther
_PLACES = 1 << 14  # jolts that leads begin at, each at the same one whatever leads it is asked about with
_SPREAD = 2_654_435_761  # 2**32 by the golden ratio: multiples of it lie evenly (Knuth's multiplicative hash)
_NARROW = 1e-13  # of the largest price and gain: ties no farther apart are as one


@dataclass(kw_only=True)
class NearestOracle:
    """Answers for some leads by looking at each.

    Parameters
    ----------
    affinity, leads, reserve
        whose gains, which of them, and the gain of staying in the pool
    gains
        the gains with their jolts, as the loops take them
    lists
        the short list of each lead
    asked
        the prices asked about so far
    """

    affinity: Affinity
    leads: Ints
    reserve: float
    gains: Jolted
    lists: Lists
    asked: list[Floats]

    @classmethod
    def of(cls, affinity: Affinity, leads: Ints, reserve: float, jolt: float = 0.0) -> Self:
        """Return the oracle for some leads whose gains are raised by up to `jolt` each."""
        n = len(leads)
        n_listed = min(_LISTED, affinity.n_reps)
        table = np.random.default_rng(0).random(_PLACES + affinity.n_reps) * jolt
        gains = Jolted(
            rates=affinity.full_rates(),
            row=affinity.row[leads],
            scale=affinity.scale[leads],
            reserve=reserve,
            jolts=table,
            place=leads * _SPREAD % 2**32 // (2**32 // _PLACES),
        )
        lists = Lists(
            reps=np.zeros((n, n_listed), dtype=np.int32),
            gains=np.full((n, n_listed), -np.inf),
            left_out=np.full(n, np.inf),
            asked=np.zeros(n, dtype=np.int64),
            fall=np.zeros(1),
        )
        return cls(affinity=affinity, leads=leads, reserve=reserve, gains=gains, lists=lists, asked=[])

    def choices(self, prices: Floats) -> Best:
        """Return the best two reps of every lead at some prices; the pool is not among them."""
        n, n_reps = len(self.leads), self.affinity.n_reps
        before = np.array(self.asked).reshape(-1, n_reps)
        with np.errstate(invalid="ignore"):
            fallen = np.where(before == prices, 0.0, before - prices).max(axis=1, initial=0.0)
        lists = self.lists._replace(fall=np.append(fallen, 0.0))
        best = Best(np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64), np.empty(n), np.empty(n))

        def look(start: int, stop: int) -> None:
            best_two(self.gains, lists, prices, len(fallen), start, stop, best, Scratch.of(n_reps))

        in_parts(n, n_reps, look)
        self.asked.append(prices.copy())
        return best

    def wanted(self, prices: Floats) -> Ints:
        """Return the best option of every lead at some prices, -1 = pool."""
        found = self.choices(prices)
        return np.where(found.worth > self.reserve, found.first, -1)

    def loads(self, prices: Floats, broad: float = 0.0) -> SlopedLoads:
        """Return them, and how leads change hands, from a few leads a rep near a tie, or a share `broad` of all."""
        found, n_reps = self.choices(prices), self.affinity.n_reps
        placed = found.worth > self.reserve
        pooled = len(placed) - int(np.count_nonzero(placed))
        highest = float(np.abs(prices[np.isfinite(prices)]).max(initial=0.0))
        narrow = _NARROW * max(highest, self.affinity.largest_at_most) + np.finfo(np.float64).tiny
        n_near = max(_NEAR * n_reps, int(broad * len(self.leads)))
        parts = [_between_reps(found, placed, self.reserve, n_reps, n_near, narrow)]
        if np.isfinite(self.reserve):
            parts.append(_to_pool(found, self.reserve, n_reps, n_near, narrow))
        pair, of_pair = np.unique(np.concatenate([pair for pair, _ in parts]), return_inverse=True)
        weight = np.bincount(of_pair.reshape(-1), np.concatenate([weight for _, weight in parts]), len(pair))
        a, b = np.divmod(pair, n_reps + 1)
        return SlopedLoads(
            load=np.bincount(found.first[placed], minlength=n_reps).astype(np.float64),
            value=float(found.worth[placed].sum()) + (pooled * self.reserve if np.isfinite(self.reserve) else 0.0),
            a=a,
            b=b,
            weight=weight.astype(np.float64),
        )

    def entries(self, prices: Floats, reps: Ints) -> Floats:
        """Return the highest price of each of some reps at which some lead would take it."""
        found = self.choices(prices)
        left_with = np.maximum(found.worth, self.reserve)

        def highest(start: int, stop: int, scratch: Floats) -> Floats:
            some = self.leads[start:stop]
            gains = self.affinity.at(np.repeat(some, len(reps)), np.tile(reps, len(some))).reshape(len(some), -1)
            gains += self.gains.jolts[self.gains.place[start:stop, None] + reps]
            with np.errstate(invalid="ignore"):  # a lead that nobody may have
                return np.asarray(np.nan_to_num(gains - left_with[start:stop, None], nan=-np.inf).max(axis=0))

        parts = [np.zeros(len(reps)), *over_blocks(len(self.leads), len(reps), highest)]
        return np.asarray(np.maximum.reduce(parts))

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what a box leaves open, of the gains as they are, by reading every row."""
        return RowOracle(affinity=self.affinity, leads=self.leads, reserve=self.reserve).open(low, high)


def _between_reps(
    found: Best, placed: Bools, reserve: float, n_reps: int, n_near: int, narrow: float
) -> tuple[Ints, Floats]:
    """Return for each lead that is nearly tied between two reps which they are, as a number, and its density."""
    lead = np.flatnonzero(placed & (found.next_worth >= reserve) & (found.next_worth > -np.inf))
    a, b, margin = found.first[lead], found.second[lead], found.worth[lead] - found.next_worth[lead]
    window = np.full(n_reps, _nearest(margin, n_near))
    near = margin <= window[0] if len(window) else np.zeros(0, dtype=bool)
    n_of = np.bincount(a[near], minlength=n_reps) + np.bincount(b[near], minlength=n_reps)
    for rep in np.flatnonzero(n_of < _FEW).tolist():
        window[rep] = max(window[rep], _nearest(margin[(a == rep) | (b == rep)], _FEW))
    wide = np.maximum(window[a], window[b])
    near = margin <= wide
    pair = np.minimum(a, b)[near] * (n_reps + 1) + np.maximum(a, b)[near]
    return pair, 0.5 / np.maximum(wide[near], narrow)


def _to_pool(found: Best, reserve: float, n_reps: int, n_near: int, narrow: float) -> tuple[Ints, Floats]:
    """Return the same of leads that are nearly tied between their best rep and the pool."""
    lead = np.flatnonzero(found.first >= 0)
    over = found.worth[lead] - reserve
    near = np.abs(over) <= _nearest(np.abs(over), n_near)
    width = float(over[near].max(initial=0.0) - over[near].min(initial=0.0))
    return found.first[lead[near]] * (n_reps + 1) + n_reps, np.full(int(near.sum()), 1.0 / max(width, narrow))


def _nearest(margin: Floats, n: int) -> float:
    """Return the margin that so many have at most."""
    if len(margin) == 0:
        return 0.0
    return float(margin.max() if n >= len(margin) else np.partition(margin, n)[n])
