r"""Newton's method for prices at low temperatures, where the quasi-Newton steps of `annealing` get little further.

Softened choices have a curvature: at temperature :math:`\tau` the leads of bin b choose option o with chance
:math:`p_{bo}`, and the loads change with the prices y as

.. math:: \frac{1}{\tau} \sum_b n_b \Big(\sum_o p_{bo}\, u_o u_o^T - \bar u_b \bar u_b^T\Big), \quad
   \bar u_b = \sum_o p_{bo}\, u_o

where :math:`u_o` is what a lead takes of each row there. The bounds of a row are softened too, as the kink of the dual
where its price is 0. Steps are damped (Levenberg, Marquardt) as far as the dual is not what slope and curvature say.

References
----------
Nocedal and Wright (2006), Numerical optimization, sections 4.1 and 10.3. doi:10.1007/978-0-387-40065-5
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadopt.progress import Meter
from leadopt.solvers.annealing import MOST_BINS, Bins, Soft, options_near, shares
from leadopt.solvers.dual import Dual
from leadopt.solvers.families import Rows
from leadopt.solvers.sampling import has_numba

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_COOLER = (0.4, 0.4)  # times as cold, from stage to stage
_STEPS, _CLOSE = 60, 1e-3  # in a stage, and leads by which bounds may be broken at its end, by row
_AROUND = 60.0  # temperatures that an option may lose to be asked about
_BLUR = 0.1  # prices within which a bound gives way softly: of a usual one, by temperature
_GIVES = 1e-4  # usual leads by which any bound gives way at a usual price, so that there are always best prices
_DAMPED, _LEAST, _MOST = 1e-6, 1e-10, 1e4  # damping at first, and within which bounds
_STIFFER, _LOOSER = 10.0, 5.0  # by how much it changes
_POOR, _GOOD, _ANY = 0.25, 0.75, 1e-3  # of what a step should win: less is poor, more is good, and next to nothing
_NEAR = 1e-9  # of what all leads gain, by temperature: a step that should win less is the last


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
    """

    soft: Soft
    rows: Rows
    unit: Floats
    gain: float

    def value(self, y: Floats) -> tuple[float, Floats]:
        """Return the dual value and its slope by scaled prices, ``y / unit``."""
        found, middle, half, root = self.soft.totals(y), *self._bounds, self._root(y)
        scaled = y / self.unit
        total = found.total + float((middle * y + half * root).sum()) + 0.5 * self._gives * float(scaled @ scaled)
        slope = (middle + half * y / root - found.load) * self.unit + self._gives * scaled
        return total, slope

    def curvature(self, y: Floats) -> Floats:
        """Return the second derivatives of the dual by scaled prices, float64 (n_rows, n_rows)."""
        soft, (_, half), root = self.soft, self._bounds, self._root(y)
        oracle, bins, options = soft.oracle, soft.bins, soft.options
        slopes, paid = oracle.lines(y)
        _, share, bin_ = shares(
            slopes, paid, bins, options, soft.temperature, oracle.pairs.problem.reserve, 0, len(bins.kind),
            oracle.n_rows,
        )  # fmt: skip
        found = np.zeros((self.rows.n, self.rows.n))
        kinds, amounts = oracle.quantities()
        used = [usage.rates[bins.kind[bin_] % oracle.n_rows, options.rep] * bins.scale[bin_] for usage in amounts]
        cuts = np.searchsorted(bins.kind, np.arange(len(paid) + 1) * oracle.n_rows)
        for k in range(len(paid)):
            spread = _spread(bins.size, options, share, used, (cuts[k], cuts[k + 1]), slopes.shape[1])
            counting = [part for part in zip(oracle.families, kinds, strict=True) if k in part[0][2]]
            for n, ((f, of_f, _), quantity) in enumerate(counting):
                for (g, of_g, _), other in counting[: n + 1]:
                    block = of_f @ (of_g @ spread[quantity][other].T).T
                    found[np.ix_(f.member, g.member)] += block
                    if f is not g:
                        found[np.ix_(g.member, f.member)] += block.T
        found *= self.unit[:, None] * (self.unit / soft.temperature)
        blur = (_BLUR * soft.temperature / self.gain * self.unit) ** 2
        found[np.diag_indices(self.rows.n)] += half * blur / root**3 * self.unit**2 + self._gives
        return found

    @property
    def _gives(self) -> float:
        return _GIVES * self.gain

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
    """Return the best prices but for little, from annealed ones, and what leads choose there."""
    temperature = soft.temperature
    for cooler in (1.0, *_COOLER):
        temperature *= cooler
        bins = Bins.of(soft.oracle, MOST_BINS)
        options = options_near(soft.oracle, bins, y, _AROUND * temperature)
        soft = Soft(oracle=soft.oracle, bins=bins, options=options, temperature=temperature)
        y = sharpened(Sharp(soft=soft, rows=dual.rows, unit=dual.unit, gain=dual.gain), y, _STEPS, _CLOSE, meter)
        if meter.left_s <= 0:
            break
    return y, soft


class Step(NamedTuple):
    """Prices, what the dual is there, and its slope."""

    y: Floats
    value: float
    slope: Floats


def sharpened(sharp: Sharp, y: Floats, steps: int, near: float, meter: Meter) -> Floats:
    """Return prices that minimise the softened dual but for little, from given ones.

    Parameters
    ----------
    steps
        at most so many
    near
        leads by which bounds may be broken together, by row: shares that break less are good enough
    """
    here, damping = Step(sharp.within(y), *sharp.value(sharp.within(y))), _DAMPED
    least = _NEAR * sharp.soft.temperature * float(sharp.soft.bins.size.sum())
    for _ in range(steps):
        if np.abs(here.slope).mean() <= near * sharp.gain or meter.left_s <= 0:
            break
        curvature = sharp.curvature(here.y)
        before = here
        while True:
            there, wanted = _step(sharp, here, curvature, damping)
            won = (here.value - there.value) / wanted if wanted > 0 else 0.0
            if won >= _ANY:
                here = there
            if won < _POOR:
                damping = max(damping, 1e-9) * _STIFFER
            elif won > _GOOD:
                damping = max(damping / _LOOSER, _LEAST)
            if won >= _ANY or damping > _MOST or wanted <= least:
                break
        if here is before or wanted <= least:
            break
        meter.still("price")
    return here.y


def _step(sharp: Sharp, here: Step, curvature: Floats, damping: float) -> tuple[Step, float]:
    """Return where a damped step leads, and what it should win."""
    from scipy.linalg import cho_factor, cho_solve

    beyond = sharp.within(here.y - here.slope * sharp.unit) == here.y
    free = np.flatnonzero(~beyond)
    if not len(free):
        return here, 0.0
    system = curvature.copy() if len(free) == len(curvature) else curvature[np.ix_(free, free)]
    own = system.diagonal()
    system[np.diag_indices(len(free))] += damping * (own + np.median(own)) + _LEAST * own
    move = np.zeros(len(here.y))
    move[free] = -cho_solve(cho_factor(system, lower=True, overwrite_a=True, check_finite=False), here.slope[free])
    y = sharp.within(here.y + move * sharp.unit)
    move = (y - here.y) / sharp.unit
    wanted = -float(here.slope @ move) - 0.5 * float(move @ (curvature @ move))
    return Step(y, *sharp.value(y)), wanted


def _spread(
    size: Floats, options: Any, share: Floats, used: list[Floats], part: tuple[int, int], n_reps: int
) -> list[list[Floats]]:
    """Return how counts and amounts at each two reps vary together among some bins, [quantity][quantity] (m, m)."""
    n = 1 + len(used)
    amounts = np.vstack([np.ones(len(share)), *used])
    if has_numba():
        from leadopt.solvers.annealing_kernels import spread

        found = np.zeros((n * n_reps, n * n_reps))
        spread(options.first, options.rep, share, size, amounts, *part, found)
        cuts = [slice(k * n_reps, (k + 1) * n_reps) for k in range(n)]
        for cut in cuts:
            found[cut, cut] += np.tril(found[cut, cut], -1).T
        return [[found[cuts[k], cuts[j]] if k >= j else found[cuts[j], cuts[k]].T for j in range(n)] for k in range(n)]
    return _spread_plain(size, options, share, amounts, part, n_reps)


def _spread_plain(
    size: Floats, options: Any, share: Floats, amounts: Floats, part: tuple[int, int], n_reps: int
) -> list[list[Floats]]:
    from scipy.sparse import csr_array, diags_array

    low, high = part
    first, some = options.first[low : high + 1], slice(options.first[low], options.first[high])
    rep = options.rep[some]
    drawn = [csr_array((share[some] * u[some], rep, first - first[0]), (high - low, n_reps)) for u in amounts]
    weight = diags_array(1.0 / size[low:high])
    found = []
    for k, u in enumerate(amounts):
        own = [np.bincount(rep, share[some] * u[some] * v[some], minlength=n_reps) for v in amounts]
        found.append([np.diag(own[j]) - (drawn[k].T @ weight @ drawn[j]).toarray() for j in range(len(amounts))])
    return found
