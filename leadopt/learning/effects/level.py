r"""A level that wanders: the logit of all chances together, period by period, and what it may be later.

The level is :math:`\mu + z(t)` with an Ornstein-Uhlenbeck process z, which forgets where it was:

.. math:: z(t) \sim N(0, \sigma^2), \quad \operatorname{cov}(z(t), z(t')) = \sigma^2 e^{-|t - t'| / \tau}

Nothing is held to be known of :math:`\mu`. The spread :math:`\sigma` and the memory :math:`\tau` lie on grids, over
which sums are exact; given both, a Kalman filter sums over all paths.
"""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats
from leadopt.learning.effects.spreads import NO_EFFECT, Spread

SCALE, ROUGHNESS = 0.7, 1.5
r"""Prior of the spread on the logit and of the memory: a half-normal density of this scale, and one that is even in the
logarithm, times their roughness :math:`\sigma^2 / \tau` to this power. A level that is taken for too smooth looks too
certain: with a power of 0, 1, 1.5 and 2, 82%, 85%, 87% and 88% of the 90% intervals of forecasts hold the truth on
simulated levels (spread .5, memory of 30 to 90 days), with the same error of the forecasts."""
# Finer grids than these and twice as wide ones tell the same to the third digit.
_SPREADS = np.append(0.0, np.geomspace(0.03, 2.5, 20))
_MEMORIES_DAYS = np.geomspace(7.0, 1460.0, 12)
_SPREAD, _MEMORY = (grid.ravel() for grid in np.meshgrid(_SPREADS, _MEMORIES_DAYS, indexing="ij"))
_N_QUANTILES = 40
_PROBIT = 16.0 * np.sqrt(3.0) / (15.0 * np.pi)  # scale at which the normal distribution function is next to sigmoid's


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """What is known of the level; periods (n_periods,), points of the grid of spread and memory (n_points,).

    Parameters
    ----------
    mean, variance
        of each period's level, given all periods
    spread
        what is known of sigma
    memory_days
        tau: after so many days a third of a deviation is left (its geometric mean, if the level wanders at all)
    chance
        posterior of each point of the grid, adding up to 1
    usual, usual_precision
        mu at each point, and one over its variance
    last, last_usual, last_variance
        z in the last period at each point, given mu = 0; what it falls by where mu rises by 1; its variance given mu
    """

    mean: Floats
    variance: Floats
    spread: Spread
    memory_days: float
    chance: Floats
    usual: Floats
    usual_precision: Floats
    last: Floats
    last_usual: Floats
    last_variance: Floats

    def raised(self, by: float) -> "Level":
        """Return the same where all that was seen is so much higher."""
        return replace(self, mean=self.mean + by, usual=self.usual + by, last=self.last + by * self.last_usual)

    def forecast(self, days: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of the level so many days after the last period, each of the shape of `days`."""
        kept = np.exp(-np.asarray(days, dtype=np.float64)[..., None] / _MEMORY)
        mean = self.usual + kept * (self.last - self.last_usual * self.usual)
        variance = kept**2 * self.last_variance + (1.0 - kept**2) * _SPREAD**2
        variance = variance + (1.0 - kept * self.last_usual) ** 2 / self.usual_precision
        return _mixed(mean, variance, self.chance)


def learn_level(day: Floats, seen: Floats, information: Floats) -> Level:
    r"""Return what noisy sights of a level say about it.

    Parameters
    ----------
    day
        float64 (n_periods,), ascending, when each period was
    seen, information
        float64 (n_periods,): the level as it looked then, off by noise of variance 1 / information

    Notes
    -----
    Time grows with the number of periods: ten years of weeks take 30 ms.

    References
    ----------
    Uhlenbeck & Ornstein (1930), On the theory of the Brownian motion, Physical Review 36, doi:10.1103/PhysRev.36.823;
    Durbin & Koopman (2012), Time Series Analysis by State Space Methods, 2nd ed., sec. 4.3-4.4 for filter and smoother,
    5.7 (de Jong's augmented filter) for what is not known of :math:`\mu`.

    Examples
    --------
    >>> week = 7.0 * np.arange(52)
    >>> steady = learn_level(week, np.full(52, -1.5), np.full(52, 40.0))
    >>> tuple(float(one.round(2)) for one in steady.forecast(np.array(7.0)))
    (-1.5, 0.0)
    >>> moved = learn_level(week, np.where(week < 180, -2.0, -1.0), np.full(52, 40.0))
    >>> float(moved.forecast(np.array(7.0))[0].round(1)), moved.spread.is_telling
    (-1.0, True)
    """
    path = _filtered(day, seen, information)
    precision = (path.of_usual**2 / path.noise).sum(axis=0)
    usual = (path.of_usual * path.error / path.noise).sum(axis=0) / precision
    missed = ((path.error - path.of_usual * usual) ** 2 / path.noise).sum(axis=0)
    likelihood = -0.5 * (missed + np.log(path.noise).sum(axis=0) + np.log(precision))
    chance = _posterior(likelihood)
    z, fall, variance = _smoothed(path)
    mean, spread_out = _mixed(usual + z - fall * usual, variance + (1.0 - fall) ** 2 / precision, chance)
    return Level(
        mean=mean,
        variance=spread_out,
        spread=_spread(chance, likelihood),
        memory_days=_memory(chance),
        chance=chance,
        usual=usual,
        usual_precision=precision,
        last=path.z[-1],
        last_usual=path.fall[-1],
        last_variance=path.variance[-1],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Path:
    """What the filter passes through, each (n_periods, n_points).

    `kept` is which part is left of the period before; `error`, `of_usual` and `noise` are what was not foreseen if mu
    is 0, what mu adds to that, and its variance. `z`, `fall` and `variance` are the state with this period's sight, and
    the same `_before` it: its mean if mu is 0, by how much it falls where mu rises by 1, and its variance given mu.
    """

    kept: Floats
    error: Floats
    of_usual: Floats
    noise: Floats
    z: Floats
    fall: Floats
    variance: Floats
    z_before: Floats
    fall_before: Floats
    variance_before: Floats


def _filtered(day: Floats, seen: Floats, information: Floats) -> _Path:
    kept = np.exp(-np.diff(day, prepend=-np.inf)[:, None] / _MEMORY)
    fresh = (1.0 - kept**2) * _SPREAD**2
    found = np.empty((9, *kept.shape))
    z = fall = variance = np.zeros(kept.shape[1])
    for period, (part, new, value, noise) in enumerate(zip(kept, fresh, seen, 1.0 / information, strict=True)):
        z, fall, variance = part * z, part * fall, part**2 * variance + new
        found[6:, period] = z, fall, variance
        error, of_usual, total = value - z, 1.0 - fall, variance + noise
        gain = variance / total
        z, fall, variance = z + gain * error, fall + gain * of_usual, variance * (1.0 - gain)
        found[:6, period] = error, of_usual, total, z, fall, variance
    names = ("error", "of_usual", "noise", "z", "fall", "variance", "z_before", "fall_before", "variance_before")
    return _Path(kept=kept, **dict(zip(names, found, strict=True)))


def _smoothed(path: _Path) -> tuple[Floats, Floats, Floats]:
    """Return the state of each period given all of them (Rauch, Tung & Striebel)."""
    z, fall, variance = path.z.copy(), path.fall.copy(), path.variance.copy()
    for period in range(len(z) - 2, -1, -1):
        after = period + 1
        back = variance[period] * path.kept[after] / np.maximum(path.variance_before[after], 1e-300)
        z[period] += back * (z[after] - path.z_before[after])
        fall[period] += back * (fall[after] - path.fall_before[after])
        variance[period] += back**2 * (variance[after] - path.variance_before[after])
    return z, fall, variance


def _posterior(likelihood: Floats) -> Floats:
    """Return the chance of each point: there is no wandering with probability `NO_EFFECT`, else as `SCALE` says."""
    wandering = _SPREAD > 0.0
    step = np.repeat(np.append(0.0, np.gradient(_SPREADS[1:])), len(_MEMORIES_DAYS))
    prior = step * np.exp(-0.5 * (_SPREAD / SCALE) ** 2) * (_SPREAD**2 / _MEMORY) ** ROUGHNESS
    prior = np.where(wandering, (1.0 - NO_EFFECT) * prior / prior.sum(), NO_EFFECT / (~wandering).sum())
    log = likelihood + np.log(prior)
    chance = np.exp(log - log.max())
    return np.asarray(chance / chance.sum())


def _mixed(mean: Floats, variance: Floats, chance: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance over the grid, its last axis."""
    middle = (mean * chance).sum(axis=-1)
    around = variance + (mean - middle[..., None]) ** 2
    return np.asarray(middle), np.asarray((around * chance).sum(axis=-1))


def _spread(chance: Floats, likelihood: Floats) -> Spread:
    by_spread = chance.reshape(len(_SPREADS), -1).sum(axis=1)
    total, there = by_spread.cumsum(), by_spread[1:].cumsum() / max(by_spread[1:].sum(), 1e-300)
    low, high = np.interp((0.05, 0.95), there, _SPREADS[1:]).tolist()
    shares = (np.arange(_N_QUANTILES) + 0.5) / _N_QUANTILES
    quantiles = np.interp(shares, total, _SPREADS)
    likeliest = likelihood.reshape(len(_SPREADS), -1).max(axis=1) - likelihood[0]  # whatever the memory
    return Spread(
        deviation=float(np.sqrt((by_spread * _SPREADS**2).sum())),
        low=low,
        high=high,
        evidence=max(0.0, float(likelihood.max() - likelihood[0])),
        quantiles=tuple(quantiles.tolist()),
        likelihoods=tuple(np.interp(quantiles, _SPREADS, likeliest).tolist()),
    )


def _memory(chance: Floats) -> float:
    wandering = chance.reshape(len(_SPREADS), -1)[1:].sum(axis=0)
    return float(np.exp((wandering * np.log(_MEMORIES_DAYS)).sum() / max(wandering.sum(), 1e-300)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelDoubt:
    r"""What all logits have in common besides their effects: a level that may go on wandering until leads settle.

    Parameters
    ----------
    variance
        of it
    stretch
        what logits are multiplied by, lest doubt about the level alone would draw all chances towards 1/2

    References
    ----------
    Bishop (2006), Pattern Recognition and Machine Learning, eq. 4.153: the expected sigmoid of a normal x is about
    :math:`\operatorname{sigmoid}(m / \sqrt{1 + \pi v / 8})`.
    """

    variance: float = 0.0
    stretch: float = 1.0

    @classmethod
    def around(cls, variance: float) -> "LevelDoubt":
        """Return a doubt that leaves expected chances as they are."""
        return cls(variance=variance, stretch=float(np.sqrt(1.0 + _PROBIT**2 * variance)))

    def wider(self, variance: float) -> "LevelDoubt":
        """Return it with so much more doubt; chances that it left as they are stay so."""
        if self.averaged:
            return replace(self, variance=self.variance + variance)
        return LevelDoubt.around(self.variance + variance) if variance else self

    def added(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Return mean and variance of logits with it."""
        return self.stretch * mean, self.stretch**2 * variance + self.variance

    @property
    def averaged(self) -> float:
        """The variance that expected chances are averaged over besides: none where they are left as they are."""
        return self.variance if self.stretch == 1.0 else 0.0

    def drawn(self, logits: Floats, rng: "np.random.Generator") -> Floats:
        """Return drawn logits (n_draws, ...) with a level of its own in each draw."""
        if not self.variance:
            return logits
        level = self.variance**0.5 * rng.standard_normal(len(logits))
        return np.asarray(self.stretch * logits + level.reshape(-1, *([1] * (logits.ndim - 1))))


NO_DOUBT = LevelDoubt()
