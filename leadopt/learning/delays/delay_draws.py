"""Delays that may be, beside the likeliest: draws from what settled and open leads leave open."""

from dataclasses import dataclass, replace

import numpy as np

from leadopt.arrays import Floats
from leadopt.learning.delays.delay_likelihood import DelayLikelihood
from leadopt.learning.delays.delays import Ages, Delays

N_DRAWS = 16  # with 32, intervals are as wide and hold as often, to .01, and plans take twice the room
_TRIED = 256  # worth 100 to 200 of the posterior's own
_SEED = 20_260_103  # draws are part of the estimate, which must not depend on when or where it is made
_GRID, _ENOUGH, _DROP, _MOST_GRIDS = 10, 5, 6.0, 6  # angles; those within so many nats of the likeliest; grids at most
_ENDS = (0.01, 1.3)  # of the angle: from a lead in 10,000 that is never settled to all but a few
_WIDER = 1.1  # draws are tried from a distribution that is wider than the posterior seems, and weighed
_CERTAIN = 1.0 - 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DelayDraws:
    """Equally likely delays, in the order of what they make of the level of chances.

    Parameters
    ----------
    delays
        of each draw
    raised
        float64 (n_draws,), ascending: by how much the logit of all chances is higher than under the likeliest delays
    """

    delays: tuple[Delays, ...]
    raised: Floats


def draw_delays(ages: Ages, delays: Delays, chances: Floats, n_draws: int = N_DRAWS) -> DelayDraws:
    r"""Return delays drawn from their posterior.

    Whether old open leads are late wins, late losses or will never be settled is what data tell least. So the share z
    of the latter is drawn from its marginal posterior on a grid, and all else given z from the normal distribution
    around the likeliest. Such draws are weighed by the posterior (importance sampling, with weights of :math:`\sqrt{n}`
    times the mean at most), and few chosen that stand for all, evenly from low to high in the base.

    Parameters
    ----------
    ages
        of settled and open leads
    delays, chances
        the likeliest, and the chance of each group of open leads, as `learn_delays` returns them

    References
    ----------
    Tierney & Kadane (1986), Accurate approximations for posterior moments and marginal densities, JASA 81(393),
    doi:10.1080/01621459.1986.10478240; Ionides (2008), Truncated importance sampling, JCGS 17(2),
    doi:10.1198/106186008X320456.
    """
    won, lost = delays.shares(chances, ages.open_days, ages.open_kind)
    n_won = float(ages.settled_count @ ages.settled_won + ages.open_count @ won) + 0.5
    n_lost = float(ages.settled_count @ (1 - ages.settled_won) + ages.open_count @ lost) + 0.5
    base = float(np.log(n_won / n_lost))
    told = DelayLikelihood.of(ages, delays)
    angle, points, weight = _tried(told, _Profile.of(told, told.start(base)))
    order = np.argsort(points[:, 0], kind="stable")
    chosen = order[np.searchsorted(weight[order].cumsum()[:-1], (np.arange(n_draws) + 0.5) / n_draws, side="right")]
    hazards, never = np.clip(told.hazards(points[chosen]), 1e-12, _CERTAIN), np.sin(angle[chosen]) ** 2
    return DelayDraws(
        delays=tuple(
            replace(delays, hazards=each, never=share) for each, share in zip(hazards, never.tolist(), strict=True)
        ),
        raised=points[chosen, 0] - base,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Profile:
    """The posterior on a grid of angles of z: the likeliest point of each, roots of covariances, and the density."""

    angle: Floats
    points: Floats
    roots: Floats
    half_log_det: Floats
    density: Floats

    @classmethod
    def of(cls, told: DelayLikelihood, start: Floats) -> "_Profile":
        """Return it on a grid so fine that several points are likely."""
        low, high = _ENDS
        for _ in range(_MOST_GRIDS):
            angle = np.linspace(low, high, _GRID)
            found: list[tuple[Floats, Floats]] = []
            for each in angle.tolist():
                point, root = told.likeliest(float(np.sin(each) ** 2), found[-1][0] if found else start)
                found.append((point, root))
            points, roots = (np.array(part) for part in zip(*found, strict=True))
            half_log_det = np.linalg.slogdet(roots)[1]
            density = told.log_posterior(angle, points) + half_log_det  # Laplace's approximation of the marginal
            near = np.flatnonzero(density > density.max() - _DROP)
            first, last = max(near[0] - 1, 0), min(near[-1] + 1, _GRID - 1)
            if len(near) >= _ENOUGH:
                break
            low, high, start = float(angle[first]), float(angle[last]), points[first]
        density = np.exp(density - density.max())
        return cls(angle=angle, points=points, roots=roots, half_log_det=half_log_det, density=density)


def _tried(told: DelayLikelihood, profile: _Profile) -> tuple[Floats, Floats, Floats]:
    """Return angles and points that were tried, and the probability of each."""
    rng = np.random.default_rng(_SEED)
    wide, density = np.diff(profile.angle), profile.density
    mass = np.append(0.0, (0.5 * (density[1:] + density[:-1]) * wide).cumsum())
    places = (np.arange(_TRIED) + 0.5) / _TRIED * mass[-1]
    # Evenly within each piece of the grid: what the density does there, weights know.
    piece = np.clip(np.searchsorted(mass, places, side="right") - 1, 0, len(wide) - 1)
    part = (places - mass[piece]) / np.diff(mass)[piece]
    angle = profile.angle[piece] + part * wide[piece]
    nearest = piece + (part > 0.5)
    noise = rng.standard_normal((_TRIED, profile.points.shape[1]))
    middle = profile.points[piece] + part[:, None] * (profile.points[piece + 1] - profile.points[piece])
    points = middle + _WIDER * np.einsum("nij,nj->ni", profile.roots[nearest], noise)
    proposed = np.log(np.diff(mass)[piece] / wide[piece]) - profile.half_log_det[nearest] - 0.5 * (noise**2).sum(axis=1)
    weight = told.log_posterior(angle, points) - proposed
    weight = np.exp(weight - weight.max())
    weight = np.minimum(weight, weight.mean() * _TRIED**0.5)
    return angle, points, np.asarray(weight / weight.sum())
