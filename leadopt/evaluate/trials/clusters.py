"""Intervals of a lift where leads of a cluster hang together: whole reps or whole days in one group, or split ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice, product
from math import comb, exp, log, prod, sqrt

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.evaluate.trials.counts import Counts
from leadopt.progress import loaded

_MOST_LOTS = 9_999  # beyond, so many are drawn: the ends of intervals move by a twentieth of their length at most
_FEWEST_LOTS, _MOST_PLACES = 999, 50_000_000  # fewer where there are so many clusters that these would take long
_BLOCK = 2**22  # places of draws held at once
_TIE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """A trial by cluster and stratum.

    Parameters
    ----------
    n1, n0, k1, k0
        planned and random leads, and how many of them converted, float64 (n_clusters, n_strata)
    """

    n1: Floats
    n0: Floats
    k1: Floats
    k0: Floats

    @classmethod
    def of(cls, cluster: Ints, stratum: Ints, planned: Bools, won: Floats, n: Floats) -> Clusters:
        """Return the counts of leads that are given with how many are alike."""
        shape = int(cluster.max()) + 1, int(stratum.max()) + 1
        # The last cell is there, with leads or none.
        cell = np.append(cluster * shape[1] + stratum, shape[0] * shape[1] - 1)
        flat = Counts.of(cell, np.append(planned, True), np.append(won, 0.0), np.append(n, 0.0))
        n1, n0, k1, k0 = (part.reshape(shape) for part in (flat.n1, flat.n0, flat.k1, flat.k0))
        return cls(n1=n1, n0=n0, k1=k1, k0=k0)

    @property
    def whole(self) -> bool:
        """Whether every cluster is in one group."""
        return not ((self.n1.sum(axis=1) > 0) & (self.n0.sum(axis=1) > 0)).any()

    @property
    def n(self) -> int:
        """How many clusters there are."""
        return len(self.n1)

    def counts(self, without: int | None = None) -> Counts:
        """Return the counts by stratum, perhaps without one cluster, of strata that have both groups."""
        kept = np.arange(self.n) != (-1 if without is None else without)
        n1, n0, k1, k0 = (part[kept].sum(axis=0) for part in (self.n1, self.n0, self.k1, self.k0))
        return Counts(n1=n1, n0=n0, k1=k1, k0=k0).both


Interval = tuple[float, float]


def cluster_intervals(clusters: Clusters, level: float, rng: np.random.Generator) -> tuple[Interval, Interval]:
    """Return the intervals of the difference and of the ratio: by lot over whole clusters, else by leaving one out."""
    return by_lot(clusters, level, rng) if clusters.whole else leaving_one_out(clusters, level)


def by_lot(clusters: Clusters, level: float, rng: np.random.Generator) -> tuple[Interval, Interval]:
    r"""Return the intervals that a randomisation test of whole clusters does not reject.

    If the plan adds D to every rate, then conversions less D for each planned lead are what they would have been
    without it, whichever clusters were drawn. D is rejected where the difference of Mantel and Haenszel between the
    groups as drawn is, of these, among the (1 - level) / 2 largest or smallest of all draws: a test that is exact
    however much the leads of a cluster hang together. Each draw t rejects on one side of a point,

    .. math:: D_t = \frac{d - a_t}{1 - b_t},

    with d the difference seen, a_t that of the conversions and b_t that of planned leads between the groups of t, so
    that the ends are order statistics of these. With ratios likewise. Where there are too few draws for any to be
    rare, such as 3 of 6 clusters (20 draws), the interval is all that is possible.

    References
    ----------
    Gail, Mark, Carroll, Green & Pee (1996), On design considerations and randomization-based inference for community
    intervention trials, Statistics in Medicine 15(11); Ernst (2004), Permutation methods, Statistical Science 19(4),
    sec. 3, for intervals; Phipson & Smyth (2010), Permutation p-values should never be zero, SAGMB 9(1), for draws
    """
    n, k = clusters.n1 + clusters.n0, clusters.k1 + clusters.k0
    planned = clusters.n1.sum(axis=1) > 0
    own = planned[:, None] * 1.0
    values, lots = (k, n * own, k * own, k * (1.0 - own)), _lots(planned, n, rng)
    blocks = list[list[Floats]]()
    while some := list(islice(lots, max(1, _BLOCK // len(n)))):
        blocks.append([_apart(np.array(some), n, value) for value in values])
    parts = [np.concatenate(part) for part in zip(*blocks, strict=True)]
    defined = np.isfinite(parts[0])
    shift, overlap, better, base = (part[defined] for part in parts)
    most = int((1.0 - level) / 2.0 * len(shift) + _TIE)
    return _difference(shift, overlap, most), _ratio(better, base, most)


def _lots(planned: Bools, n: Floats, rng: np.random.Generator) -> Iterator[Bools]:
    """Yield the draw that was made, then all others, or many: with as many planned clusters in each stratum."""
    own = n > 0
    nested = bool((own.sum(axis=1) == 1).all())
    stratum = own.argmax(axis=1) if nested else np.zeros(len(n), dtype=np.int64)
    blocks = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    yield planned
    if prod(comb(len(block), int(planned[block].sum())) for block in blocks) <= _MOST_LOTS:
        ways = (combinations(block.tolist(), int(planned[block].sum())) for block in blocks)
        for chosen in product(*ways):
            lot = np.zeros(len(planned), dtype=bool)
            lot[[one for part in chosen for one in part]] = True
            if (lot != planned).any():
                yield lot
        return
    for _ in range(min(_MOST_LOTS, max(_FEWEST_LOTS, _MOST_PLACES // len(n)))):
        lot = planned.copy()
        for block in blocks:
            lot[block] = rng.permutation(planned[block])
        yield lot


def _apart(lots: Bools, n: Floats, values: Floats) -> Floats:
    """Return the difference of Mantel and Haenszel between the groups of each draw, NaN where nothing is compared."""
    n1, v1 = lots @ n, lots @ values
    total, n0, v0 = n.sum(axis=0), n.sum(axis=0) - n1, values.sum(axis=0) - v1
    weight = (n1 * n0 / total).sum(axis=1)
    apart = ((v1 * n0 - v0 * n1) / total).sum(axis=1)
    return np.asarray(np.divide(apart, weight, out=np.full(len(lots), np.nan), where=weight > 0.0))


def _difference(shift: Floats, overlap: Floats, most: int) -> Interval:
    """Return the ends, given each draw's difference of conversions and of planned leads, those as drawn first."""
    other = overlap < 1.0 - _TIE
    points = np.sort((shift[0] - shift[other]) / (1.0 - overlap[other]))
    points[np.abs(points) < _TIE] = 0.0
    spare = most - int((~other).sum())
    if spare < 0 or spare >= len(points):
        return -1.0, 1.0
    return max(-1.0, float(points[spare])), min(1.0, float(points[-1 - spare]))


def _ratio(better: Floats, base: Floats, most: int) -> Interval:
    """Return the ends, given each draw's difference of planned and of random conversions, those as drawn first.

    The planned conversions times u, one by the ratio, are what they would have been without the plan; the difference
    of a draw is ``base + u * better``.
    """
    rise, start = better - better[0], base - base[0]  # of a draw above the one that was made
    rise[np.abs(rise) < _TIE], start[np.abs(start) < _TIE] = 0.0, 0.0
    turn = np.divide(-start, rise, out=np.full(len(rise), -1.0), where=rise != 0.0)  # where the two are equal
    points = np.unique(turn[turn > 0.0])
    values = np.concatenate([[0.0], points, [np.inf]])
    place = np.where(turn > 0.0, np.searchsorted(points, turn) + 1, 0)

    def ends(sign: float) -> Floats:
        """Return where more draws than `most` are at or beyond the one that was made, on one side."""
        slope = sign * rise
        always = (slope > 0.0) & (turn <= 0.0) | (slope == 0.0) & (sign * start >= 0.0)
        from_here, up_to_here = (slope > 0.0) & (turn > 0.0), (slope < 0.0) & (turn >= 0.0)
        begin, end = (np.bincount(place[which], minlength=len(values)) for which in (from_here, up_to_here))
        many = always.sum() + np.cumsum(begin) + up_to_here.sum() - (np.cumsum(end) - end)
        return np.asarray(values[many > most])

    high, low = ends(1.0).max(initial=0.0), ends(-1.0).min(initial=np.inf)
    return (1.0 / float(high) if high else float("inf")), (1.0 / float(low) if low else float("inf"))


def leaving_one_out(clusters: Clusters, level: float) -> tuple[Interval, Interval]:
    r"""Return the intervals by the jackknife over clusters, each of which may have leads of both groups.

    .. math:: d \pm t_{G - 1} \sqrt{\frac{G - 1}{G} \sum_g (d_{(g)} - d)^2},

    with d_(g) the difference without cluster g; of the ratio likewise, by its logarithm. It is not too small however
    the leads of a cluster hang together (CR3).

    References
    ----------
    Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples, Survey
    Methodology 28(2); Hansen (2025), Jackknife standard errors for clustered regression, sec. 4
    """
    loaded("scipy.special")
    from scipy.special import stdtrit

    least = (-1.0, 1.0), (0.0, float("inf"))
    others = [clusters.counts(without=one) for one in range(clusters.n)]
    if clusters.n < 2 or not all(len(one.n1) for one in others):
        return least
    whole, reach = clusters.counts(), float(stdtrit(clusters.n - 1.0, (1.0 + level) / 2.0))

    def error(seen: float, without: list[float]) -> float:
        squares = float(((np.array(without) - seen) ** 2).sum())
        return reach * sqrt((clusters.n - 1.0) / clusters.n * squares)

    by = error(whole.difference, [one.difference for one in others])
    difference = max(-1.0, whole.difference - by), min(1.0, whole.difference + by)
    ratios = [one.ratio for one in (whole, *others)]
    if not all(0.0 < one < float("inf") for one in ratios):
        return difference, least[1]
    by = error(log(ratios[0]), [log(one) for one in ratios[1:]])
    return difference, (ratios[0] * exp(-by), ratios[0] * exp(by))
