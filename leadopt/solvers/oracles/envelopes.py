r"""What leads want at given prices, without looking at each: upper envelopes of lines.

Leads of one row of rates differ by their scale s alone, and what a lead is left with after prices is

.. math:: h(s) = \max\big(reserve, \max_j rate_j\, s - p_j\big)

the upper envelope of one line a rep: convex, and made of few pieces. So loads, their derivatives by the prices, and who
is open within a box of prices cost O(rows x reps x pieces + pieces x log leads), not O(leads x reps).
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.problem.gains import Affinity
from leadopt.problem.linear_algebra import inner
from leadopt.solvers.compiled import compiled
from leadopt.solvers.oracles.envelope_kernels import Found, Lines, places, walk
from leadopt.solvers.oracles.protocols import Open, SlopedLoads

_CELLS = 1 << 18  # rows x reps worked on together
_BLUR = 1e-12  # relative: what rounding can move a crossing by
_WINDOW = 4  # leads on each side of a crossing from which their density is read


class Pieces(NamedTuple):
    """The pieces of all envelopes, by row and then from left to right.

    ``row``, ``option`` (the rep, n_reps = the pool), ``start`` and ``stop`` among the leads in order of row and scale,
    and ``left``, the scale at which each piece begins.
    """

    row: Ints
    option: Ints
    start: Ints
    stop: Ints
    left: Floats


_NONE = np.zeros(0, dtype=np.int64)
_NO_PIECES = Pieces(_NONE, _NONE, _NONE, _NONE, np.zeros(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeOracle:
    """Answers for leads by row and scale.

    Parameters
    ----------
    lines
        float64 (n_rows, n_reps + 1), the rates, and 0 for the pool; -inf = ineligible
    rising
        (n_rows, n_reps + 1), the options of each row by rate
    reserve
        gain of staying in the pool
    order
        (n_leads,), which of the leads asked about is at each place in order of row and scale
    scales
        (n_leads,), their scales in that order
    first
        (n_rows + 1,), where each row begins
    sums
        (n_leads + 1,), the scales added up in that order
    """

    lines: Floats
    rising: Ints
    reserve: float
    order: Ints
    scales: Floats
    first: Ints
    sums: Floats

    @classmethod
    def of(cls, affinity: Affinity, leads: Ints, reserve: float) -> "EnvelopeOracle":
        """Return the oracle for some leads, which are ascending."""
        order, first = affinity.by_size
        if len(leads) < affinity.n_leads:
            asked = np.zeros(affinity.n_leads, dtype=bool)
            asked[leads] = True
            kept = asked[order]
            first = np.concatenate([[0], np.cumsum(kept)])[first]
            order = (np.cumsum(asked) - 1)[order[kept]]
            scales = affinity.scale[leads][order]
        else:
            scales = affinity.scale[order]
        pool = np.full(affinity.n_rows, 0.0 if np.isfinite(reserve) else -np.inf)
        lines = np.column_stack([affinity.full_rates(), pool])
        return cls(
            lines=lines,
            rising=np.argsort(lines, axis=1, kind="stable"),
            reserve=reserve,
            order=order,
            scales=scales,
            first=first,
            sums=np.concatenate([[0.0], np.cumsum(scales)]),
        )

    def sloped(self, rates: Floats) -> "EnvelopeOracle":
        """Return the oracle with other rates, (n_rows, n_reps); the order of reps by rate is found anew if need be."""
        if np.array_equal(rates, self.lines[:, :-1]):
            return self
        lines = np.column_stack([rates, self.lines[:, -1]])
        return replace(self, lines=lines, rising=np.argsort(lines, axis=1))

    @property
    def n_reps(self) -> int:
        """How many reps there are."""
        return int(self.lines.shape[1]) - 1

    def pieces(self, prices: Floats) -> Pieces:
        """Return who is best for whom at some prices."""
        rows = np.flatnonzero(np.diff(self.first))
        size = max(1, _CELLS // (self.n_reps + 1))
        walked, heights = _walk_compiled if compiled() else _walk, self._heights(prices)
        parts = []
        for start in range(0, len(rows), size):
            part = rows[start : start + size]
            begin, end = self.scales[self.first[part]], self.scales[self.first[part + 1] - 1]
            row, option, left = walked(self.lines[part], self.rising[part], heights, begin, end)
            parts.append(self._placed(part[row], np.where(option < 0, self.n_reps, option), left))
        return _joined(parts)

    def _placed(self, row: Ints, option: Ints, left: Floats) -> Pieces:
        """Return the pieces with the places of the leads on them."""
        start = np.empty(len(row), dtype=np.int64)
        (places if compiled() else _places)(self.scales, self.first, row, left, start)
        last = np.flatnonzero(np.diff(row, append=-1))
        stop = np.append(start[1:], 0)
        stop[last] = self.first[row[last] + 1]
        return Pieces(row=row, option=option, start=start, stop=np.maximum(stop, start), left=left)

    def loads(self, prices: Floats, broad: float = 0.0) -> SlopedLoads:
        r"""Return them, and how leads change hands, from the crossings of lines.

        Where rep a hands over to the steeper rep b at scale s, a price moves s by 1 / (rate_b - rate_a), and as many
        leads change sides as there are per unit of scale: among the nearest ones, or in a share `broad` of both pieces.
        """
        pieces, n = self.pieces(prices), self.n_reps
        size = (pieces.stop - pieces.start).astype(np.float64)
        rate = np.where(pieces.option < n, self.lines[pieces.row, pieces.option], 0.0)
        kept = self._heights(prices)[pieces.option]
        gained = inner(rate, self.sums[pieces.stop] - self.sums[pieces.start])
        after = np.flatnonzero(pieces.row[1:] == pieces.row[:-1]) + 1
        row, at = pieces.row[after], pieces.start[after]
        low = np.maximum(at - (broad * size[after - 1]).astype(np.int64) - _WINDOW, self.first[row])
        high = np.minimum(at + (broad * size[after]).astype(np.int64) + _WINDOW, self.first[row + 1] - 1)
        width = np.maximum(self.scales[high] - self.scales[low], 1e-9 * self.scales[high] + 1e-300)
        return SlopedLoads(
            load=np.bincount(pieces.option, weights=size, minlength=n + 1)[:n].astype(np.float64),
            value=gained + inner(np.where(np.isfinite(kept), kept, 0.0), size),
            a=pieces.option[after - 1],
            b=pieces.option[after],
            weight=(high - low) / width / (rate[after] - rate[after - 1]),
        )

    def entries(self, prices: Floats, reps: Ints) -> Floats:
        """Return the highest prices at which some lead would take each of some reps that nobody takes.

        A line less a convex envelope is concave in the scale, and straight along a piece: of the leads on a piece, the
        first or the last one would pay most. Kinks between leads are nobody's.
        """
        pieces, heights = self.pieces(prices), self._heights(prices)
        held = np.flatnonzero(pieces.stop > pieces.start)
        row, option = np.tile(pieces.row[held], 2), np.tile(pieces.option[held], 2)
        scale = self.scales[np.append(pieces.start[held], pieces.stop[held] - 1)]
        left_with = np.where(option < self.n_reps, self.lines[row, option], 0.0) * scale + heights[option]
        highest = np.zeros(len(reps))
        for place, rep in enumerate(reps.tolist()):
            rate = self.lines[row, rep]
            over = np.where(np.isfinite(rate), rate, 0.0) * scale - left_with
            highest[place] = over.max(initial=0.0, where=np.isfinite(rate))
        return highest

    def open(self, low: Floats, high: Floats) -> Open:
        """Return what a box of prices leaves open.

        A rep is possible where its line at the low price reaches the envelope at the high ones: as the envelope is
        convex, these leads are neighbours in order of scale.
        """
        pieces = self.pieces(high)
        place_of_choice = np.repeat(pieces.option, pieces.stop - pieces.start)
        possible = self._possible(pieces, low, high)
        count = np.zeros(len(self.order) + 1, dtype=np.int32)
        np.add.at(count, possible.start, 1)
        np.add.at(count, possible.stop, -1)
        several = np.flatnonzero(np.cumsum(count[:-1], dtype=np.int32) > 1)
        begin, end = np.searchsorted(several, possible.start), np.searchsorted(several, possible.stop)
        reps = (possible.option < self.n_reps) & (end > begin)
        n = (end - begin)[reps]
        place = several[np.repeat(begin[reps] - (np.cumsum(n) - n), n) + np.arange(int(n.sum()))]
        rep, lead = np.repeat(possible.option[reps], n), self.order[place]
        by_lead = np.lexsort((rep, lead))
        lead, rep = lead[by_lead], rep[by_lead]
        first = np.flatnonzero(np.diff(lead, prepend=-1))
        choice = np.empty(len(self.order), dtype=np.int64)
        choice[self.order] = np.where(place_of_choice == self.n_reps, -1, place_of_choice)
        return Open(choice=choice, lead=lead[first], first=np.append(first, len(lead)), rep=rep)

    def _possible(self, pieces: Pieces, low: Floats, high: Floats) -> Pieces:
        """Return for each row the reps that may be best, each with the leads for which it may."""
        cuts = np.flatnonzero(np.diff(pieces.row, prepend=-1, append=-1))
        found = [self._possible_of(pieces, a, b, low, high) for a, b in pairwise(cuts.tolist())]
        return _joined(found)

    def _possible_of(self, pieces: Pieces, start: int, stop: int, low: Floats, high: Floats) -> Pieces:
        row = int(pieces.row[start])
        first, end = self.first[row], self.first[row + 1]
        scales, lines = self.scales[first:end], self.lines[row]
        kinks = np.append(pieces.left[start:stop], scales[-1])
        option = np.append(pieces.option[start:stop], pieces.option[stop - 1])
        rise = np.where(option < self.n_reps, lines[option], 0.0) * kinks  # there may be no pool either
        height = self._heights(high)[option]
        envelope = rise + height
        raised = self._heights(low)
        eligible = np.flatnonzero(np.isfinite(lines) & np.isfinite(raised))
        own = lines[eligible, None] * kinks
        short = envelope - (own + raised[eligible, None])  # convex in the scale: what is not positive is one stretch
        near = short <= _BLUR * (np.abs(rise) + np.abs(height) + np.abs(own) + np.abs(raised[eligible, None]))
        some = np.flatnonzero(near.any(axis=1))
        short, near = short[some], near[some]
        begin, end_ = near.argmax(axis=1), near.shape[1] - 1 - near[:, ::-1].argmax(axis=1)
        low_s = _crossing(kinks, short, np.maximum(begin - 1, 0), begin)
        high_s = _crossing(kinks, short, np.minimum(end_ + 1, len(kinks) - 1), end_)
        return Pieces(
            row=np.full(len(some), row),
            option=eligible[some],
            start=first + np.searchsorted(scales, low_s * (1 - _BLUR)),
            stop=first + np.searchsorted(scales, high_s * (1 + _BLUR), side="right"),
            left=low_s,
        )

    def _heights(self, prices: Floats) -> Floats:
        """Return where each line crosses scale 0: what a rep costs, and what the pool is worth; -inf = takes nobody."""
        return np.append(-prices, self.reserve)


def _places(scales: Floats, first: Ints, row: Ints, left: Floats, start: Ints) -> None:
    """Write where each piece begins among the leads; as `places` does, which is compiled."""
    for low, high in pairwise(np.flatnonzero(np.diff(row, prepend=-1, append=-1)).tolist()):
        begin, end = first[row[low]], first[row[low] + 1]
        start[low:high] = begin + np.searchsorted(scales[begin:end], left[low:high])
        start[low] = begin


def _walk_compiled(
    lines: Floats, rising: Ints, height: Floats, begin: Floats, end: Floats
) -> tuple[Ints, Ints, Floats]:
    most = lines.size + len(lines)
    found = Found(np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64), np.empty(most))
    n = walk(Lines(lines, rising, height), begin, end, found)
    return found.row[:n], found.option[:n], found.left[:n]


def _walk(lines: Floats, rising: Ints, height: Floats, begin: Floats, end: Floats) -> tuple[Ints, Ints, Floats]:
    """Walk along the envelopes of some rows at once; as `walk` does, which is compiled, one by one."""
    option = np.full((len(lines), lines.shape[1] + 1), -1)
    left = np.repeat(begin[:, None], option.shape[1], axis=1)
    n = np.zeros(len(lines), dtype=np.int64)
    for k in rising.T:
        slope, base = lines[np.arange(len(lines)), k], height[k]
        rows = np.flatnonzero((slope > -np.inf) & (base > -np.inf))
        at, asked = begin.copy(), rows[n[rows] > 0]
        while len(asked):
            last = option[asked, n[asked] - 1]
            rise, fall = slope[asked] - lines[asked, last], height[last] - base[asked]
            begins = left[asked, n[asked] - 1]
            goes = np.where(rise > 0, fall <= rise * begins, fall < 0)
            with np.errstate(all="ignore"):
                at[asked] = np.where(goes, begin[asked], np.where(rise > 0, np.maximum(fall / rise, begins), np.inf))
            n[asked[goes]] -= 1
            asked = asked[goes & (n[asked] > 0)]
        rows = rows[at[rows] <= end[rows]]
        option[rows, n[rows]], left[rows, n[rows]] = k[rows], at[rows]
        n[rows] += 1
    option[n == 0, 0], left[n == 0, 0] = -1, begin[n == 0]
    kept = np.arange(option.shape[1]) < np.maximum(n, 1)[:, None]
    return np.nonzero(kept)[0], option[kept], left[kept]


def _joined(parts: list[Pieces]) -> Pieces:
    return Pieces(*(np.concatenate(column) for column in zip(_NO_PIECES, *parts, strict=True)))


def _crossing(kinks: Floats, short: Floats, outside: Ints, inside: Ints) -> Floats:
    """Return the scale between two kinks at which a straight piece of `short` reaches 0, or else the one inside."""
    line = np.arange(len(short))
    far, near = np.maximum(short[line, outside], 0.0), np.minimum(short[line, inside], 0.0)
    share = np.divide(far, far - near, out=np.ones_like(far), where=far > near)
    return np.asarray(kinks[outside] + (kinks[inside] - kinks[outside]) * share)
