r"""What is to be expected of a level of which little is known, from the known ones of its family.

By the normal distribution of effects alone it would be wrong on the scale of chances, in two ways. Where few levels
leave open how much they differ, the mean of ``sigmoid`` over a wide normal distribution lies nearer to a half than what
is seen of any of them. And levels need not be normal: of a few stars among many weak reps the normal distribution with
the same mean and variance of the logits has another mean chance. So of the variance only counts what the scatter of the
known levels supports, and logits move so that the chance of a new level is what theirs are on average.
"""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.logistic import sigmoid
from leadopt.problem.linear_algebra import applied, inner

_LOGITS = np.linspace(-9.0, 9.0, 19)  # where moves are worked out, straight between them
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_TRIFLE = 0.01  # of a move, on the logit
_ROUNDS = 3  # with which odds of new levels are off by 1.5% at most, of few stars among many weak ones
_KNOWN = 1e-3  # part of a move of who is well known, who has none
_LARGE = 300.0  # exponents of floats end at 709


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strangers:
    r"""What known levels of a family say of those next to unknown, given its standard deviation.

    Before its own outcomes a level has the variance T beside the base, of which U is supported by the others. With
    weights :math:`\omega_l \propto 1 / (\sigma^2 + 1 / h_l)`, those by which the base is learned from the levels, their
    effects scatter by S:

    .. math:: T = \sigma^2 + \frac{1}{\sum_l 1 / (\sigma^2 + 1 / h_l)}, \qquad U = S + \frac{1}{\sum_l h_l}, \qquad
              S = \sum_l \omega_l E(u_l - \bar u)^2

    with sums over the other levels; outcomes of information h leave ``T / (1 + T h)`` and ``U / (1 + U h)`` of that.

    Let the supported posterior of the base and each level be :math:`N(x + m_l, v_l)`, and that of a level never seen
    :math:`N(x, v)`. The logit of one never seen moves by d, so that its chance is what one step of the EM algorithm
    makes of it where effects may be of any distribution:

    .. math:: E_{N(x + d, v)} \operatorname{sigmoid} =
              \frac{\sum_l (1 - k_l) E_{N(x + m_l, v_l)} \operatorname{sigmoid}}{\sum_l (1 - k_l)},
              \qquad k_l = (1 + T h_l)^{-3}

    That of level l moves by :math:`k_l d`: its outcomes leave so much of the third cumulant of its effect.

    Parameters
    ----------
    unsupported
        float64 (n_levels + 1,), the part of the variance that is not supported, of each level and of one never seen
    unknown
        float64 (n_levels + 1,), k
    moves
        float64 (n_logits,), d at each x of `_LOGITS`; None = next to none

    References
    ----------
    Laird (1978), Nonparametric maximum likelihood estimation of a mixing distribution, JASA 73(364),
    doi:10.1080/01621459.1978.10480103.
    """

    unsupported: Floats
    unknown: Floats
    moves: Floats | None = None

    @classmethod
    def of(
        cls, deviation: float, information: Floats, mean: Floats, scatter: Floats, with_base: Floats | None = None
    ) -> "Strangers":
        """Return what levels say of which that is known.

        Parameters
        ----------
        deviation
            of the family
        information
            float64 (n_levels,), of each level's outcomes
        mean, scatter
            of the effects: float64 (n_levels,), and their covariance, or their variances alone
        with_base
            float64 (n_levels + 1,), variance of the sum of base and effect, of each level and of one never seen; None =
            nothing moves
        """
        nothing = np.zeros(len(mean) + 1)
        known = information / (1.0 + deviation**2 * information)
        total, outcomes = float(known.sum()), float(information.sum())
        if total <= 0.0:
            return cls(unsupported=nothing, unknown=nothing)
        spread, h = _spread(known / total, 1.0 / total - 1.0 / outcomes, mean, scatter), np.append(information, 0.0)
        by_others, of_others = total - np.append(known, 0.0), outcomes - h
        before = by_others / (1.0 + deviation**2 * by_others)
        whole, supported = before + h, of_others / (1.0 + spread * of_others) + h
        unsure = whole > 1e-12 * outcomes  # nothing is left unsupported of what nothing is known of
        whole = np.where(unsure, whole, 1.0)
        unsupported = np.where(unsure, np.maximum(1.0 / whole - 1.0 / np.maximum(supported, 1e-300), 0.0), nothing)
        if with_base is None:
            return cls(unsupported=unsupported, unknown=nothing)
        unknown = np.where(unsure, (before / whole) ** 3, nothing)
        unknown = np.where(unknown > _KNOWN, unknown, 0.0)
        weight, variance = 1.0 - unknown[:-1], np.maximum(with_base - unsupported, 0.0)
        if not (of_known := float(weight.sum())) > _KNOWN:
            return cls(unsupported=unsupported, unknown=unknown)
        return cls(unsupported=unsupported, unknown=unknown, moves=_moves(weight / of_known, mean, variance))

    def moved(self, level: Ints, logit: Floats) -> Floats:
        """Return by how much the logits of pairs that have these levels move; both broadcast."""
        if self.moves is None or not (part := self.unknown[level]).any():
            return np.zeros(())
        return np.asarray(part * np.interp(logit, _LOGITS, self.moves))


def _spread(weight: Floats, doubt: float, mean: Floats, scatter: Floats) -> float:
    """Return by how much levels scatter around their mean, of which there is that much doubt besides the base's."""
    if scatter.ndim == 2:
        with_mean = applied(scatter, weight)
        around = np.diagonal(scatter) - 2.0 * with_mean + inner(weight, with_mean)
    else:
        around = np.maximum(scatter - max(0.0, doubt), 0.0)
    return inner(weight, (mean - inner(weight, mean)) ** 2 + around)


def _moves(weight: Floats, mean: Floats, variance: Floats) -> Floats | None:
    """Return d of each of `_LOGITS`, None where it is next to none; the last variance is of a level never seen."""
    new, half = variance[-1], 0.5 * (variance[:-1] - variance[-1])
    # Where chances are next to 0, and next to 1, sigmoid is an exponential, and d at its largest.
    ends = [np.log(inner(weight, np.exp(np.minimum(half + side * mean, _LARGE)))) for side in (1.0, -1.0)]
    if max(map(abs, ends)) < _TRIFLE:
        return None
    wanted = applied(_rate(_LOGITS[:, None] + mean, variance[:-1]), weight)
    # A normal distribution flattens the sigmoid by next to this factor (Bishop 2006, eq. 4.153).
    flat, moved = np.sqrt(1.0 + np.pi / 8.0 * new), np.zeros(len(_LOGITS))
    for _ in range(_ROUNDS):
        found = _rate(_LOGITS + moved, new)
        moved += flat * np.log(wanted * (1.0 - found) / (found * (1.0 - wanted)))
    return moved


def _rate(mean: Floats, variance: Floats) -> Floats:
    """Return the expected sigmoid, as `logistic.expected_rate` does, but of few logits at once."""
    at_nodes = sigmoid(mean[..., None] + np.sqrt(variance)[..., None] * _NODES)
    return np.asarray(np.einsum("...n,n->...", at_nodes, _WEIGHTS))
