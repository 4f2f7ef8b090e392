"""Effects of one family, drawn anew given everything else: each level by itself, by Metropolis and Hastings."""

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.effects.logistic import sigmoid

_STEPS = 2  # of Newton's method from what was likeliest given nearly the same
_MOST_STEP = 2.0
_WIDER = 1.1  # proposals than the normal at the mode, so that tails are reached
_LEAST_DEVIATION = 1e-6


class Family:
    """The levels of a column as effects on the logit, ``N(0, 1 / precision)``.

    Parameters
    ----------
    level
        of each lead, int64 (n_leads,)
    effects
        at first, float64 (n_levels,)
    """

    def __init__(self, level: Ints, effects: Floats) -> None:
        self.level, self.effects, self._mode = level, effects.copy(), effects.copy()

    def each(self) -> Floats:
        """Return what the family adds to each lead's logit, float64 (n_leads,)."""
        return np.asarray(self.effects[self.level])

    def redraw(self, others: Floats, won: Floats, precision: float, rng: np.random.Generator) -> Floats:
        """Return what the family adds to each lead's logit now, given what all else adds.

        References
        ----------
        Hastings (1970), Monte Carlo sampling methods using Markov chains and their applications, Biometrika 57(1),
        doi:10.1093/biomet/57.1.97, with the normal at the mode as an independent proposal (Gamerman 1997, Sampling
        from the posterior distribution in generalized linear mixed models, doi:10.1023/A:1018509429360).
        """
        for _ in range(_STEPS):
            pull, information = self._slopes(others + self._mode[self.level], won)
            step = (pull - precision * self._mode) / (information + precision)
            self._mode = self._mode + np.clip(step, -_MOST_STEP, _MOST_STEP)
        scale = _WIDER / np.sqrt(information + precision)
        proposed = self._mode + scale * rng.standard_normal(len(scale))
        gain = self._log(others, won, precision, proposed) - self._log(others, won, precision, self.effects)
        gain += 0.5 * (((proposed - self._mode) / scale) ** 2 - ((self.effects - self._mode) / scale) ** 2)
        taken: Bools = np.log(rng.random(len(gain))) < gain
        self.effects = np.where(taken, proposed, self.effects)
        return self.each()

    def redraw_spread(self, others: Floats, won: Floats, spreads: Floats, rng: np.random.Generator) -> float:
        r"""Return a standard deviation of the effects, drawn from some that are equally likely, whatever they are now.

        The likelihood of each level is taken for that of a normal at no effect, so that the integral over the effect e
        with pull g and information I is :math:`(1 + I \omega^2)^{-1/2} \exp(g^2 \omega^2 / (2 (1 + I \omega^2)))`.
        """
        pull, information = self._slopes(others, won)
        share = spreads[:, None] ** 2 / (1.0 + information * spreads[:, None] ** 2)
        log = (0.5 * pull**2 * share - 0.5 * np.log1p(information * spreads[:, None] ** 2)).sum(axis=1)
        weight = np.exp(log - log.max())
        return float(rng.choice(spreads, p=weight / weight.sum()))

    def clear(self) -> Floats:
        """Let no level have an effect, and return that."""
        self.effects, self._mode = np.zeros_like(self.effects), np.zeros_like(self._mode)
        return self.each()

    def _slopes(self, logit: Floats, won: Floats) -> tuple[Floats, Floats]:
        rate, n = sigmoid(logit), len(self.effects)
        pull, information = (np.bincount(self.level, each, n) for each in (won - rate, rate * (1.0 - rate)))
        return np.asarray(pull), np.asarray(information)

    def _log(self, others: Floats, won: Floats, precision: float, effects: Floats) -> Floats:
        logit = others + effects[self.level]
        fit = np.bincount(self.level, won * logit - np.logaddexp(0.0, logit), len(effects))
        return np.asarray(fit - 0.5 * precision * effects**2)
