"""Draws of the rates of pairs from what the evidence leaves open."""

import numpy as np
from numpy.typing import NDArray

from leadopt.case import Evidence

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def drawn_rates(evidence: Evidence, segments: Ints, reps: Ints, n_draws: int, rng: np.random.Generator) -> Floats:
    """Return draws of the rates of pairs of segment and rep from the posterior, float64 (n_draws, n_pairs)."""
    known = evidence.estimates
    chance, outcomes = known.probability[segments, reps], known.outcomes[segments, reps]
    return rng.beta(outcomes * chance, outcomes * (1.0 - chance), (n_draws, len(segments)))
