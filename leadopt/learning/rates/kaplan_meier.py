"""Waiting times of which some have not ended yet: the curve of Kaplan and Meier, and what can be read off it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.learning.rates.estimate import UNKNOWN, Estimate
from leadopt.learning.rates.intervals import wilson, wilson_of_each

_ROUNDING = 1e-12  # of parts
_FEW = 0.05  # of all: what becomes of so many is not waited for


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    r"""Which part of all still waits after each time, where those who wait still are counted for as long as they did.

    .. math:: S(t) = \prod_{t_j \le t} \Big(1 - \frac{d_j}{n_j}\Big), \qquad
              V(t) = \sum_{t_j \le t} \frac{d_j / n_j}{m_j (1 - d_j / n_j)}

    with :math:`d_j` that end at :math:`t_j` of :math:`n_j` that were seen to wait until then, both weighted, and
    :math:`m_j` what the weights of those who wait are worth in rows (Kish); :math:`S^2 V` is the variance of S.

    Parameters
    ----------
    at
        float64 (n_times,), the times at which any wait ended, ascending
    waiting
        float64 (n_times,), S just after each
    spread
        float64 (n_times,), V just after each; inf where nobody waits any more
    waits
        float64 (n,), how long each was seen to wait, ascending
    rows
        float64 (n + 1,), what those who waited so long or longer are worth in rows; 0 at the end
    n_ended
        how many of them ended
    """

    at: Floats
    waiting: Floats
    spread: Floats
    waits: Floats
    rows: Floats
    n_ended: int

    @property
    def n(self) -> int:
        """How many there are."""
        return len(self.waits)

    @property
    def reach(self) -> float:
        """The longest wait that was seen, ended or not; beyond it nothing is known."""
        return float(self.waits[-1]) if len(self.waits) else 0.0

    def by(self, time: float, level: float) -> Estimate:
        """Return the part of waits that ended by a time, with its interval; not known far beyond `reach`.

        The interval is Wilson's of as many rows as would leave the part as uncertain without any that still wait.
        Beyond `reach`, if no more than a twentieth waits still, it is the part that ended until then, and its upper
        limit is 1, as all of these may have ended.

        References
        ----------
        Rothman (1978), Estimation of confidence limits for the cumulative probability of survival in life table
        analysis, Journal of Chronic Diseases 31(8)
        """
        place = self._place(time)
        left = self._waiting(place)
        if self.n and time > self.reach and 0.0 < left <= _FEW + _ROUNDING:
            return self._ended(place, level)._replace(high=1.0)
        if not self.n or (time > self.reach and left > 0.0):
            return UNKNOWN
        if left == 1.0:
            return Estimate(0.0, *wilson(0.0, float(self.rows[np.searchsorted(self.waits, time)]), level))
        return self._ended(place, level)

    def quantile(self, part: float, level: float) -> Estimate:
        """Return the time by which a part of all waits ended; inf = not seen yet, for the value and for its limits.

        The limits are the times at which those of `by` reach the part.

        References
        ----------
        Brookmeyer & Crowley (1982), A confidence interval for the median survival time, Biometrics 38(1)
        """
        if not self.n:
            return UNKNOWN
        ended, worth = 1.0 - self.waiting, self._worths()
        lows, highs = wilson_of_each(ended * worth, worth, level)
        value, low, high = (_first(self.at, bound >= part - _ROUNDING) for bound in (ended, highs, lows))
        return Estimate(value, min(low, self.reach), high)

    def quantile_within(self, part: float, time: float, level: float) -> Estimate:
        r"""Return by when a part of those waits ended that ended by a time: as a win, say, that is to come at all.

        With F = 1 - S, it is the first m with :math:`F(m) \ge p\,F(t)`, and its limits are those m at which
        :math:`F(m) - p\,F(t)` is no more than z of its standard errors from 0, of the variance

        .. math:: S_m^2 V_m + p^2 S_t^2 V_t - 2 p\,S_m S_t V_m

        Not known if `time` is beyond `reach`, or nothing ended by then.
        """
        last = self._place(time)
        if not self.n or last < 0 or (time > self.reach and self._waiting(last) > 0.0):
            return UNKNOWN
        at, left = self.at[: last + 1], self.waiting[: last + 1]
        gap = (1.0 - left) - part * (1.0 - left[-1])
        error = NormalDist().inv_cdf((1.0 + level) / 2.0) * np.sqrt(_variance_of_gap(left, self.spread, part))
        value, low = _first(at, gap >= -_ROUNDING), _first(at, gap + error >= 0.0)
        high = _first(at, gap - error > 0.0)
        return Estimate(value, low, min(high, time))

    def _place(self, time: float) -> int:
        return int(np.searchsorted(self.at, time, side="right")) - 1

    def _waiting(self, place: int) -> float:
        return 1.0 if place < 0 else float(self.waiting[place])

    def _ended(self, place: int, level: float) -> Estimate:
        """Return the part that ended just after one of the times."""
        ended, worth = 1.0 - self._waiting(place), float(self._worths()[place])
        return Estimate(ended, *wilson(ended * worth, worth, level))

    def _worths(self) -> Floats:
        """Return how many rows, all followed to their end, would leave each part that ended as uncertain."""
        with np.errstate(divide="ignore", invalid="ignore"):
            worth = (1.0 - self.waiting) / (self.waiting * self.spread)
        if len(worth) and self.waiting[-1] == 0.0:  # as before the last of them ended
            worth[-1] = worth[-2] if len(worth) > 1 else self.rows[0]
        return np.asarray(worth, dtype=np.float64)


def kaplan_meier(time: Floats, ended: Bools, weight: Floats | None = None) -> Curve:
    """Return the curve of waiting times, those that had not ended when they were last looked at among them.

    Parameters
    ----------
    time
        float64 (n,), 0 or more: how long each wait took, or how long it had lasted when it was last looked at
    ended
        bool (n,), whether it took so long, or lasts still
    weight
        float64 (n,), how much each row counts; None = all alike. Rows of weight 0 count as not there

    Notes
    -----
    Waits that have not ended must be no different from others of their age; an end comes before a last look at the
    same time. A wait that lasts still never brings any quantile forward. Takes the time of a sort.

    References
    ----------
    Kaplan & Meier (1958), Nonparametric estimation from incomplete observations, JASA 53(282); Xie & Liu (2005),
    Adjusted Kaplan-Meier estimator and log-rank test with inverse probability of treatment weighting, Statistics in
    Medicine 24(20), eq. 3, for weights

    Examples
    --------
    >>> curve = kaplan_meier(np.array([1.0, 2.0, 2.0, 5.0]), np.array([True, True, False, True]))
    >>> curve.waiting
    array([0.75, 0.5 , 0.  ])
    >>> curve.quantile(0.5, 0.9).value
    2.0
    """
    kept = np.ones(len(time)) if weight is None else weight
    there = kept > 0.0
    time, ended, kept = time[there], ended[there], kept[there]
    order = np.argsort(time, kind="stable")
    time, ended, kept = time[order], ended[order], kept[order]
    at = np.unique(time[ended])
    weights, rows = _from_end(kept), _from_end(kept) ** 2 / _from_end(kept**2)
    first = np.searchsorted(time, at, side="left")
    ending = np.bincount(np.searchsorted(at, time[ended]), kept[ended], minlength=len(at)).astype(np.float64)
    part = ending / weights[first]
    part[part > 1.0 - _ROUNDING] = 1.0
    with np.errstate(divide="ignore"):
        spread = np.cumsum(part / (rows[first] * (1.0 - part)))
    return Curve(
        at=at,
        waiting=np.asarray(np.cumprod(1.0 - part), dtype=np.float64),
        spread=spread,
        waits=time,
        rows=np.append(rows, 0.0),
        n_ended=int(ended.sum()),
    )


def _from_end(values: Floats) -> Floats:
    return np.asarray(np.cumsum(values[::-1])[::-1], dtype=np.float64)


def _first(at: Floats, there: Bools) -> float:
    return float(at[int(np.argmax(there))]) if there.any() else float("inf")


def _variance_of_gap(left: Floats, spread: Floats, part: float) -> Floats:
    spread = spread[: len(left)]
    ends_there = left == 0.0
    v = np.where(ends_there, 0.0, spread)  # S^2 V is 0 where nobody waits any more
    s_t, v_t = float(left[-1]), float(v[-1])
    found = left**2 * v + part**2 * s_t**2 * v_t - 2.0 * part * left * s_t * v
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)
