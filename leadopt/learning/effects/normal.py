"""Crossed random effects of a normal quantity: what each level of each family adds, families' spreads and the noise.

As `effects`, for a quantity that is seen itself, not by its successes: the likelihood is normal, the posterior exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leadopt.learning.effects.crossed import Crossed, one_thread
from leadopt.learning.effects.spreads import Strength, family_strength, learn_strength, towards

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

USUAL_NOISE = 1.0
"""Variance that noise is expected to have; it counts as much as one observation."""
_BASE_PRECISION = 1e-6  # of the base, around the mean of all: nothing is held to be known of it
_ITERATIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sums:
    """Observations added up by cell, and which level of each family a cell has.

    Parameters
    ----------
    levels
        int64 (n_families, n_cells), from 0 to the family's size - 1
    sizes
        how many levels each family has
    scales
        prior scale of each family's standard deviation
    count, total, squares
        float64 (n_cells,): observations, at least one; their sum, and the sum of their squares
    """

    levels: Ints
    sizes: tuple[int, ...]
    scales: tuple[float, ...]
    count: Floats
    total: Floats
    squares: Floats

    @property
    def mean(self) -> Floats:
        """The mean of each cell."""
        return np.asarray(self.total / self.count)

    @property
    def scatter(self) -> float:
        """Sum of squared deviations of all observations from the means of their cells."""
        return max(0.0, float((self.squares - self.total**2 / self.count).sum()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NormalEffects:
    """The posterior of the base and of all effects.

    Parameters
    ----------
    crossed
        the normal distribution of base and effects around their means
    mean
        float64 (n_effects,), the base, then each family's levels
    with_base
        float64 (n_effects,), covariances with the base
    strengths
        what is known of each family's spread
    deviations
        float64 (n_families,), the spreads in use
    noise
        variance of an observation around its cell
    freedom
        observations that are left to learn the noise from: their number less that of parameters in effect
    """

    crossed: Crossed
    mean: Floats
    with_base: Floats
    strengths: tuple[Strength, ...]
    deviations: Floats
    noise: float
    freedom: float

    def known(self, levels: Sequence[Ints]) -> tuple[Floats, Floats, Floats]:
        """Return mean and variance of the base plus these levels, and its covariance with the base.

        Levels may broadcast; one that is its family's size is one never seen, and adds nothing.
        """
        mean, variance = self.crossed.sum_of(self.mean, levels)
        return mean, variance, self.crossed.sum_of(self.with_base, levels)[0]

    def information(self, sums: Sums) -> tuple[Floats, Floats]:
        """Return each cell's pull and information, as `learn_strength` takes them, on a further effect."""
        weight = sums.count / self.noise
        return weight * (sums.mean - self.crossed.add_up(self.mean)), weight


def fit_normal(sums: Sums) -> NormalEffects:
    r"""Return the posterior of all effects, with the families' spreads and the noise learned from the data.

    With :math:`\bar y` the means of cells, n their counts, noise :math:`\sigma^2` and prior precisions P,

    .. math:: C^{-1} = X^T \mathrm{diag}(n / \sigma^2) X + P, \qquad m = C X^T \mathrm{diag}(n / \sigma^2)\, \bar y

    and in turn `learn_strength` for every family, of which the median is taken, and

    .. math:: \sigma^2 = \frac{\sum (y - X m)^2 + \sigma_0^2}{N - \mathrm{tr}(C X^T \mathrm{diag}(n / \sigma^2) X) + 1}

    which is where the marginal likelihood is stationary in it, but for one observation's worth of prior
    (`USUAL_NOISE`). The base has a flat prior.

    Parameters
    ----------
    sums
        with one observation at least, centred near 0

    References
    ----------
    MacKay (1992), Bayesian interpolation, Neural Computation 4(3), doi:10.1162/neco.1992.4.3.415, eq. 4.8-4.10.
    """
    with one_thread():
        state = _first(sums)
        for number in range(_ITERATIONS):
            before, state = state, _improved(sums, _solved(sums, state))
            if number > 3 and _settled(before, state):
                break
        return _finished(sums, state)


def more_diverse(sums: Sums, effects: NormalEffects) -> NormalEffects:
    """Return the posterior if families differ by as much as they well may, the high quantile of `learn_strength`.

    Its variances are what intervals need: with few observations a spread may be anything, and taken for the likeliest
    value it makes effects look too certain.
    """
    state = _State(
        crossed=effects.crossed,
        mean=effects.mean,
        deviations=np.array([strength.deviation for strength in effects.strengths]),
        strengths=effects.strengths,
        noise=effects.noise,
        freedom=effects.freedom,
    )
    with one_thread():
        return _finished(sums, state)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    crossed: Crossed
    mean: Floats
    deviations: Floats
    strengths: tuple[Strength, ...]
    noise: float
    freedom: float


def _first(sums: Sums) -> _State:
    crossed = Crossed.of(sums.levels, sums.sizes)
    n = float(sums.count.sum())
    nothing = np.zeros(0)
    return _State(
        crossed=crossed,
        mean=np.zeros(crossed.n_effects),
        deviations=np.array([min(0.5, scale) for scale in sums.scales]),
        strengths=tuple(learn_strength(nothing, nothing, scale) for scale in sums.scales),
        noise=(float(sums.squares.sum()) + USUAL_NOISE) / (n + 1.0),
        freedom=n,
    )


def _solved(sums: Sums, state: _State) -> _State:
    """Return the state with the posterior under its spreads and noise."""
    precisions = state.crossed.spread_out(np.append(_BASE_PRECISION, 1.0 / state.deviations**2))
    weight = sums.count / state.noise
    crossed = state.crossed.solved(weight, precisions)
    gradient = crossed.collect(weight * (sums.mean - crossed.add_up(state.mean))) - precisions * state.mean
    return replace(state, crossed=crossed.drawn(), mean=state.mean + crossed.times_inverse(gradient))


def _improved(sums: Sums, state: _State) -> _State:
    """Return the state with spreads and noise that agree better with its posterior."""
    crossed, pace = state.crossed, state.crossed.pace
    strengths = tuple(
        family_strength(state.mean[part], scatter, deviation**2, scale)
        for part, scatter, deviation, scale in zip(
            crossed.slices, crossed.scatter(), state.deviations, sums.scales, strict=True
        )
    )
    # Values want the middle of what a spread may be: exp makes a bias of one that is taken too large.
    found = np.array([np.median(strength.quantiles) for strength in strengths])
    missed = sums.scatter + float((sums.count * (sums.mean - crossed.add_up(state.mean)) ** 2).sum())
    fitted = float((sums.count / state.noise * crossed.cell_variance()).sum())  # parameters in effect
    freedom = max(0.0, float(sums.count.sum()) - fitted)
    return replace(
        state,
        deviations=towards(state.deviations, found, pace) if len(found) else found,
        strengths=strengths,
        noise=(missed + USUAL_NOISE) / (freedom + 1.0),
        freedom=freedom,
    )


def _settled(before: _State, state: _State) -> bool:
    """Return whether no spread, unless next to nothing, moves by more than 1%, and the noise by no more than 0.1%."""
    steady = (np.abs(state.deviations - before.deviations) < 0.01 * state.deviations + 1e-3).all()
    return bool(steady) and abs(state.noise - before.noise) < 1e-3 * state.noise


def _finished(sums: Sums, state: _State) -> NormalEffects:
    for _ in range(1 if state.crossed.is_dense else 3):  # many effects are solved for little by little
        state = _solved(sums, state)
    base = np.zeros(state.crossed.n_effects)
    base[0] = 1.0
    return NormalEffects(
        crossed=state.crossed,
        mean=state.mean,
        with_base=state.crossed.times_inverse(base),
        strengths=state.strengths,
        deviations=state.deviations,
        noise=state.noise,
        freedom=state.freedom,
    )
