r"""Newton's method for prices at low temperatures, where the quasi-Newton steps of `annealing` get little further.

Softened choices have a curvature: at temperature :math:`\tau` the leads of bin b, of warmth :math:`h_b`, choose option
o with chance :math:`p_{bo}`, and the loads change with the prices y as

.. math:: \sum_b \frac{n_b}{\tau h_b} \Big(\sum_o p_{bo}\, u_o u_o^T - \bar u_b \bar u_b^T\Big), \quad
   \bar u_b = \sum_o p_{bo}\, u_o

where :math:`u_o` is what a lead takes of each row there. The bounds of a row are softened too, as the kink of the dual
where its price is 0. A step goes as far along Newton's direction as the dual falls. Where the prices of two
temperatures are known, those of the next one lie nearly on the line through both: few steps are left to take there.

References
----------
Nocedal and Wright (2006), Numerical optimization, sections 3.5 and 11.3. doi:10.1007/978-0-387-40065-5
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from leadopt.arrays import Bools, Floats
from leadopt.problem.linear_algebra import inner, solved
from leadopt.progress import Meter, loaded
from leadopt.solvers.compiled import compiled
from leadopt.solvers.drafts.rows import Rows
from leadopt.solvers.factored.annealing import Soft, options_near, shares
from leadopt.solvers.factored.annealing_kernels import Bins, Lines, Options, spread
from leadopt.solvers.factored.line_oracle import LineOracle
from leadopt.solvers.lagrangian.dual import Dual

# Measured on `limits.banded` of factored 10,000 x 50, sent along lines: a gap of 7.6e-5 in 2.3 s of a core. Half and
# twice come to the same answer in as long, but for what is said.
_COOLER = 0.5  # times as cold, from stage to stage; the same at .25 and .71
# To which temperature, of a usual gain. Half and twice: gaps of 1.8e-4 and 6.1e-5; at 20,000 x 100, where this comes to
# 8.1e-5, of 2.6e-4 and 7.7e-5. Bounds are lower by up to 1e-6 and higher by up to 2e-6.
_COLDEST = 3e-5
_NEXT = 1.4  # times as warm as the coldest is too near to it for a stage of its own
_STEPS, _ALMOST, _CLOSE = 60, 0.3, 1e-3  # in a stage; leads by which bounds may be broken after it, and at last, by row
_AROUND = (60.0, 240.0, 1e3)  # temperatures that an option may lose to be asked about: more where that leads astray
# Prices within which a bound gives way softly: of a usual one, by temperature. Half and twice: 7.6e-5 and 9.9e-5.
_BLUR = 0.1
_GIVES = 1e-4  # usual leads by which any bound gives way at a usual price, so that there are always best prices
_LEAST_DAMPED, _MOST_DAMPED = 1e-7, 10.0  # of its curvature: what is added in every direction,
_STIFFER = 30.0  # times as much after a step
_SHORT, _LONG = 0.1, 0.5  # parts of the way to a point: less is too short, and more is long; 7.7e-5 at twice the first
# Of the slope: less ends a step, 7.9e-5 and 7.8e-5; looks along it, and how many times as far.
_FLAT, _LOOKS, _FARTHEST = 0.3, 12, 4.0
_PARTS = 2  # in which curvature is added up: as many on any machine, as sums depend on it
_NEAR = 1e-9  # of what all leads gain, by temperature: a step that should win less is the last


class Step(NamedTuple):
    """Prices, what the dual is there, and its slope."""

    y: Floats
    value: float
    slope: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharp:
    """The dual of softened choices and bounds, with its curvature.

    Parameters
    ----------
    soft
        what leads choose
    rows
        the bounds that are left to them
    unit
        (n_rows,), a usual price
    gain
        a usual gain
    anchor, gives
        (n_rows,), prices, and by how many usual leads each bound gives way where its price is a usual one away
    """

    soft: Soft
    rows: Rows
    unit: Floats
    gain: float
    anchor: Floats | float = 0.0
    gives: float = _GIVES

    def step(self, y: Floats) -> Step:
        """Return the nearest prices that have a meaning, with the dual there."""
        y = self.within(y)
        return Step(y, *self.value(y))

    def value(self, y: Floats) -> tuple[float, Floats]:
        """Return the dual value and its slope by scaled prices, ``y / unit``."""
        found, middle, half, root = self.soft.loads(y), *self._bounds, self._root(y)
        away, gives = (y - self.anchor) / self.unit, self.gives * self.gain
        total = found.value + float((middle * y + half * root).sum()) + 0.5 * gives * inner(away, away)
        slope = (middle + half * y / root - found.load) * self.unit + gives * away
        return total, slope

    def free(self, here: Step) -> Bools:
        """Return which prices may go where the dual falls."""
        return np.asarray(self.within(here.y - here.slope * self.unit) != here.y)

    def curvature(self, y: Floats) -> Floats:
        """Return the second derivatives of the dual by scaled prices, float64 (n_rows, n_rows)."""
        soft, (_, half), root = self.soft, self._bounds, self._root(y)
        oracle, bins, options = soft.oracle, soft.bins, soft.options
        lines = Lines(*oracle.lines(y), oracle.pairs.problem.reserve)
        _, share, bin_ = shares(lines, bins, options, soft.temperature, 0, len(bins.kind))
        found = np.zeros((self.rows.n, self.rows.n))
        kinds, amounts = oracle.quantities()
        row = bins.kind[bin_] % oracle.n_rows
        used = [usage.full_rates()[row, options.rep] * bins.scale[bin_] for usage in amounts]
        cuts = np.searchsorted(bins.kind, np.arange(len(lines.paid) + 1) * oracle.n_rows)
        for k in range(len(lines.paid)):
            spread = _spread(bins, options, share, used, (cuts[k], cuts[k + 1]), lines.slopes.shape[1])
            counting = [part for part in zip(oracle.families, kinds, strict=True) if k in part[0][2]]
            for n, ((f, of_f, _), quantity) in enumerate(counting):
                for (g, of_g, _), other in counting[: n + 1]:
                    block = of_f @ (of_g @ spread[quantity][other].T).T  # both are sparse
                    found[np.ix_(f.member, g.member)] += block
                    if f is not g:
                        found[np.ix_(g.member, f.member)] += block.T
        found *= self.unit[:, None] * (self.unit / soft.temperature)
        blur = (_BLUR * soft.temperature / self.gain * self.unit) ** 2
        found[np.diag_indices(self.rows.n)] += half * blur / root**3 * self.unit**2 + self.gives * self.gain
        return found

    @property
    def _bounds(self) -> tuple[Floats, Floats]:
        """The middle between the bounds of each row, and half of what is between; where there is none, it is far."""
        lower = np.maximum(self.rows.lower, 0.0)
        upper = np.maximum(self.rows.upper, 0.0)
        reach = 4.0 * lower + len(self.soft.oracle.pairs.leads) * self.gain / self.unit
        upper = np.where(np.isfinite(upper), upper, reach)
        return (upper + lower) / 2, np.maximum(upper - lower, 0.0) / 2

    def _root(self, y: Floats) -> Floats:
        return np.asarray(np.sqrt(y * y + (_BLUR * self.soft.temperature / self.gain * self.unit) ** 2))

    def within(self, y: Floats) -> Floats:
        """Return the nearest prices that have a meaning: none above a penalty, or for a bound that there is not."""
        most = np.where(np.isfinite(self.rows.upper), self.rows.penalty, 0.0)
        least = np.where(self.rows.lower > 0, -self.rows.penalty, -np.inf)
        return np.clip(y, least, np.maximum(most, least))


def sharpest(y: Floats, soft: Soft, dual: Dual, meter: Meter) -> tuple[Floats, Soft]:
    """Return the best prices but for little, from annealed ones, and what leads choose there.

    Where time is over, they are those of the last temperature, if the dual is lower there than at the one before.
    """
    temperature, guess, warmer = soft.temperature / dual.gain, y, None
    while meter.left_s > 0:
        there, colder_soft = _at(soft.oracle, dual, temperature, y, guess, meter)
        if meter.left_s <= 0 and dual.at(there) >= dual.at(y):
            break
        soft = colder_soft
        if temperature <= _COLDEST:
            return there, soft
        colder = _COOLER * temperature
        colder = colder if colder > _NEXT * _COLDEST else _COLDEST
        guess = there
        if warmer is not None:
            guess = there + (colder - temperature) / (temperature - warmer[0]) * (there - warmer[1])
        temperature, y, warmer = colder, there, (temperature, there)
    return y, soft


def _at(
    oracle: LineOracle, dual: Dual, temperature: float, y: Floats, guess: Floats, meter: Meter
) -> tuple[Floats, Soft]:
    """Return the prices at a temperature, and what leads choose there, from a guess, or from those of a warmer one."""
    near = _CLOSE if temperature <= _COLDEST else _ALMOST
    heat, bins = temperature * dual.gain, Bins.at(oracle, temperature)
    most = dual.at(y) + heat * len(oracle.pairs.leads)
    for around in _AROUND:
        options = options_near(oracle, bins, guess, around * heat)
        soft = Soft(oracle=oracle, bins=bins, options=options, temperature=heat)
        sharp = Sharp(soft=soft, rows=dual.rows, unit=dual.unit, gain=dual.gain)
        there = sharpened(sharp, guess, _STEPS, near, meter)
        # Where the options asked about cannot keep a bound, its price grows without end.
        if dual.at(there) <= most:
            return there, soft
        guess = y
    return y, soft


def sharpened(sharp: Sharp, y: Floats, steps: int, near: float, meter: Meter) -> Floats:
    """Return prices that minimise the softened dual but for little, from given ones.

    Parameters
    ----------
    steps
        at most so many
    near
        leads by which bounds may be broken together, by row: shares that break less are good enough
    """
    here, damping = sharp.step(y), _LEAST_DAMPED
    least = _NEAR * sharp.soft.temperature * float(sharp.soft.bins.size.sum())
    for _ in range(steps):
        if np.abs(here.slope * sharp.free(here)).mean() <= near * sharp.gain or meter.left_s <= 0:
            break
        curvature = sharp.curvature(here.y)
        while True:
            move = _direction(sharp, here, curvature, damping)
            there, share = _along(sharp, here, move)
            if share >= _SHORT or damping > _MOST_DAMPED:
                break
            damping *= _STIFFER  # a price that next to nothing depends on would go so far that none gets anywhere
        if share > _LONG:
            damping = max(damping / _STIFFER, _LEAST_DAMPED)
        if there.value >= here.value:
            break
        wanted, here = -inner(here.slope, move), there
        if wanted <= least:
            break
        meter.still("price")
    return here.y


def _direction(sharp: Sharp, here: Step, curvature: Floats, damping: float) -> Floats:
    """Return Newton's direction, in scaled prices; those that can go no farther stay."""
    free = np.flatnonzero(sharp.free(here))
    move = np.zeros(len(here.y))
    if len(free):
        system = curvature.copy() if len(free) == len(curvature) else curvature[np.ix_(free, free)]
        own = system.diagonal()
        system[np.diag_indices(len(free))] += damping * (own + np.median(own))
        move[free] = -solved(system, here.slope[free])
    return move


def _along(sharp: Sharp, here: Step, move: Floats) -> tuple[Step, float]:
    """Return about the lowest point in a direction, where the slope is a part of what it is here, and how far it is."""
    best, farthest, start, share = here, 0.0, inner(here.slope, move), 1.0
    low, high = (0.0, start), (np.inf, 0.0)
    for _ in range(_LOOKS):
        wanted = here.y + share * move * sharp.unit
        there = sharp.step(wanted)
        slope = inner(there.slope, np.where(there.y == wanted, move, 0.0))
        if there.value < best.value:
            best, farthest = there, share
        if abs(slope) <= _FLAT * abs(start) or (slope < 0 and share >= _FARTHEST):
            break
        if slope > 0:
            high = (share, slope)
        else:
            low = (share, slope)
        if np.isinf(high[0]):
            share *= 2
        else:
            # Beyond a kink, slopes say nothing of where it is.
            part = _SHORT if there.value > here.value else np.clip(low[1] / (low[1] - high[1]), _SHORT, 1.0 - _SHORT)
            share = low[0] + (high[0] - low[0]) * float(part)
    return best, farthest


def _spread(
    bins: Bins, options: Options, share: Floats, used: list[Floats], part: tuple[int, int], n_reps: int
) -> list[list[Floats]]:
    """Return how counts and amounts at each two reps vary together among some bins, [quantity][quantity] (m, m)."""
    n = 1 + len(used)
    amounts = np.vstack([np.ones(len(share)), *used])
    if compiled():
        found = _spread_compiled(bins, options, share, amounts, part, n_reps)
        cuts = [slice(k * n_reps, (k + 1) * n_reps) for k in range(n)]
        for cut in cuts:
            found[cut, cut] += np.tril(found[cut, cut], -1).T
        return [[found[cuts[k], cuts[j]] if k >= j else found[cuts[j], cuts[k]].T for j in range(n)] for k in range(n)]
    return _spread_plain(bins, options, share, amounts, part, n_reps)


def _spread_compiled(
    bins: Bins, options: Options, share: Floats, amounts: Floats, part: tuple[int, int], n_reps: int
) -> Floats:
    """Return the same as one matrix, below its diagonal: in parts of about as much work, side by side."""
    from concurrent.futures import ThreadPoolExecutor

    low, high = part
    work = np.concatenate([[0], np.cumsum(np.diff(options.first[low : high + 1]) ** 2)])
    cuts = low + np.searchsorted(work, work[-1] * np.arange(_PARTS + 1) / _PARTS)

    def some(start: int, stop: int) -> Floats:
        n = len(amounts) * n_reps
        found = np.zeros((n, n))
        spread(bins, options, share, amounts, start, stop, found, np.empty(n, dtype=np.int64), np.empty(n))
        return found

    with ThreadPoolExecutor(_PARTS) as pool:
        parts = list(pool.map(some, cuts[:-1], cuts[1:]))
    for other in parts[1:]:
        parts[0] += other
    return parts[0]


def _spread_plain(
    bins: Bins, options: Options, share: Floats, amounts: Floats, part: tuple[int, int], n_reps: int
) -> list[list[Floats]]:
    loaded("scipy.sparse")
    from scipy.sparse import csr_array, diags_array

    low, high = part
    first, some = options.first[low : high + 1], slice(options.first[low], options.first[high])
    rep, warmth = options.rep[some], np.repeat(bins.warmth[low:high], np.diff(first))
    drawn = [csr_array((share[some] * u[some], rep, first - first[0]), (high - low, n_reps)) for u in amounts]
    weight = diags_array(1.0 / (bins.size[low:high] * bins.warmth[low:high]))
    found = []
    for k, u in enumerate(amounts):
        own = [np.bincount(rep, share[some] * u[some] * v[some] / warmth, minlength=n_reps) for v in amounts]
        found.append([np.diag(own[j]) - (drawn[k].T @ weight @ drawn[j]).toarray() for j in range(len(amounts))])
    return found
