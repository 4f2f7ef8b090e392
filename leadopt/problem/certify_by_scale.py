"""Stretches of leads of one row with one best choice: a convex function of the scale, without a look at every lead.

For the certificate alone: solvers have their own envelopes, so that neither believes the other.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadopt.arrays import Floats, Ints
from leadopt.problem.blocks import over_blocks
from leadopt.problem.rates.full_rows import scaled

_NOISE = 4 * float(np.finfo(np.float64).eps)  # how far two ways to compute one reduced gain are apart, relatively


@dataclass(frozen=True, slots=True)
class _Ends:
    """Some leads, by their place in order of size, each with its row, best choice and what that is worth."""

    place: Ints
    row: Ints
    choice: Ints
    worth: Floats

    def chosen(self, which: NDArray[Any]) -> "_Ends":
        return _Ends(self.place[which], self.row[which], self.choice[which], self.worth[which])

    def joined(self, other: "_Ends") -> "_Ends":
        return _Ends(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Lines:
    """What each choice is worth to a lead of some row: ``rates[row, j] * scale - prices[j]``, or the reserve.

    Parameters
    ----------
    rates
        float64 (n_rows, n_reps), -inf where ineligible
    prices
        float64 (n_reps,), finite
    reserve
        what the pool is worth to any lead; -inf = it may not stay there. As a choice it comes after the last rep
    """

    rates: Floats
    prices: Floats
    reserve: float

    def stretches(self, size: Floats, first: Ints) -> tuple[Ints, Floats, Floats] | None:
        """Return where each stretch of one best choice starts, its rate and its price; None if a lead has no choice.

        A stretch ends where the next starts. A row starts as one; each that has no one best choice is cut where the
        best ones of its two ends meet, which is where a third one, if any, leads.

        Parameters
        ----------
        size
            float64 (n_leads,), the scales of all leads, row by row and ascending within each
        first
            int64 (n_rows + 1,), where each row starts in `size`

        Notes
        -----
        Each stretch costs a look at every choice of a few leads, and a binary search. What is best at both ends but for
        rounding counts as best between them.
        """
        rows = np.flatnonzero(np.diff(first))
        low, high = self._ends(size, first[rows], rows), self._ends(size, first[rows + 1] - 1, rows)
        if np.isneginf(low.worth).any():
            return None
        done = high  # the last lead of a row is a stretch by itself
        several = low.place < high.place
        low, high = low.chosen(several), high.chosen(several)
        while len(low.place):
            low_lasts = self._lasts(low, high, size) | (high.place - low.place == 1)
            one = low_lasts | self._lasts(high, low, size)
            choice = np.where(low_lasts, low.choice, high.choice)
            done = done.joined(_Ends(low.place, low.row, choice, low.worth).chosen(one))
            low, high = low.chosen(~one), high.chosen(~one)
            middle = self._ends(size, self._meet(low, high, size), low.row)
            low, high = low.joined(middle), middle.joined(high)
        done = done.chosen(np.argsort(done.place))
        return done.place, *self._line(done)

    def _line(self, ends: _Ends) -> tuple[Floats, Floats]:
        rep = np.minimum(ends.choice, len(self.prices) - 1)
        pool = ends.choice == len(self.prices)
        return np.where(pool, 0.0, self.rates[ends.row, rep]), np.where(pool, -self.reserve, self.prices[rep])

    def _lasts(self, here: _Ends, there: _Ends, size: Floats) -> NDArray[np.bool_]:
        """Return whether what is best here is also best there, but for rounding."""
        rate, price = self._line(here)
        noise = _NOISE * (np.abs(there.worth) + np.maximum(np.abs(price), np.abs(self._line(there)[1])))
        return np.asarray(rate * size[there.place] - price >= there.worth - noise)

    def _meet(self, low: _Ends, high: _Ends, size: Floats) -> Ints:
        """Return a place strictly between two, where their choices are worth the same, or half way if nowhere."""
        (low_rate, low_price), (high_rate, high_price) = self._line(low), self._line(high)
        with np.errstate(all="ignore"):
            meet = (high_price - low_price) / (high_rate - low_rate)
        place, beyond = low.place + 1, high.place - 1
        half = (place + beyond) // 2
        while (searching := place < beyond).any():
            middle = (place + beyond) // 2
            under = searching & (size[middle] < meet)
            place, beyond = np.where(under, middle + 1, place), np.where(searching & ~under, middle, beyond)
        return np.where((size[low.place] < meet) & (meet <= size[high.place]), place, half)

    def _ends(self, size: Floats, place: Ints, row: Ints) -> _Ends:
        n_reps = len(self.prices)

        def best(start: int, stop: int, scratch: Floats) -> tuple[Ints, Floats]:
            worth = self.rates.take(row[start:stop], axis=0, out=scratch, mode="clip")
            worth = scaled(worth, size[place[start:stop], None])
            worth -= self.prices
            choice = worth.argmax(axis=1)
            most = worth[np.arange(stop - start), choice]
            return np.where(most < self.reserve, n_reps, choice), np.maximum(most, self.reserve)

        parts = over_blocks(len(place), n_reps, best)
        choice = np.concatenate([np.zeros(0, dtype=np.int64), *(part[0] for part in parts)])
        return _Ends(place, row, choice, np.concatenate([np.zeros(0), *(part[1] for part in parts)]))
