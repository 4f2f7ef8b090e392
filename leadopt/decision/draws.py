"""Draws of the rates of pairs from what the evidence leaves open."""

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.decision.case import Evidence
from leadopt.learning.effects.logistic import sigmoid


def drawn_rates(evidence: Evidence, segments: Ints, reps: Ints, n_draws: int, rng: "np.random.Generator") -> Floats:
    """Return draws of the rates of pairs of segment and rep from the posterior, float64 (n_draws, n_pairs).

    All pairs together, so that they share what is uncertain of a rep or a segment. In an earlier version's plan, which
    holds single pairs alone, each by itself, which makes sums a little too certain.
    """
    if evidence.joint is not None:
        return sigmoid(evidence.joint.draw(n_draws, rng)[:, segments, reps])
    return _drawn_apart(evidence, segments, reps, n_draws, rng)


def _drawn_apart(evidence: Evidence, segments: Ints, reps: Ints, n_draws: int, rng: "np.random.Generator") -> Floats:
    known = evidence.estimates
    logit, deviation = known.logit[segments, reps], known.deviation[segments, reps]
    return sigmoid(logit + deviation * rng.standard_normal((n_draws, len(segments))))
