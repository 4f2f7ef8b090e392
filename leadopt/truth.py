"""True chances of conversion, drawn at random: what a simulation knows and an estimate does not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadopt.errors import InvalidInput
from leadopt.values import is_number

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strengths:
    """How much conversion depends on what: standard deviations on the logit.

    Parameters
    ----------
    base_rate
        chance of conversion where every effect is 0, in (0, 1)
    segment_sd, rep_sd, interaction_sd
        of segments (all columns together), of reps, and of who is good at what
    by_column
        whether who is good at what is a sum of a part for each column, or differs from segment to segment
    """

    base_rate: float = 0.16
    segment_sd: float = 0.8
    rep_sd: float = 0.3
    interaction_sd: float = 0.25
    by_column: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no chance or no standard deviation."""
        if not (is_number(self.base_rate) and 0.0 < self.base_rate < 1.0):
            raise InvalidInput(f"strengths.base_rate: must be between 0 and 1, such as 0.16; found {self.base_rate!r}")
        for name in ("segment_sd", "rep_sd", "interaction_sd"):
            sd = getattr(self, name)
            if not (is_number(sd) and 0.0 <= sd < np.inf):
                raise InvalidInput(f"strengths.{name}: must be a number, 0 or more; found {sd!r}")

    def draw(self, rng: np.random.Generator, sizes: Sequence[int], n_reps: int) -> tuple[Floats, Floats]:
        """Return the logits and, of these, the part that is the rep's; both float64 (n_segments, n_reps).

        Segments are the combinations of the columns' levels, `sizes` of them, the last column's changing fastest.
        """
        part = 1.0 / np.sqrt(len(sizes))
        segment = _crossed([rng.normal(0.0, self.segment_sd * part, (size, 1)) for size in sizes])
        of_rep = rng.normal(0.0, self.rep_sd, n_reps)
        if self.by_column:
            good_at = _crossed([rng.normal(0.0, self.interaction_sd * part, (size, n_reps)) for size in sizes])
        else:
            good_at = rng.normal(0.0, self.interaction_sd, (len(segment), n_reps))
        return logit(self.base_rate) + segment + of_rep + good_at, of_rep + good_at


def _crossed(parts: Sequence[Floats]) -> Floats:
    """Return the sums of a row of each part, for all combinations; float64 (n_combinations, n_columns)."""
    total = np.zeros((1, 1))
    for part in parts:
        total = (total[:, None, :] + part[None, :, :]).reshape(-1, part.shape[1])
    return total


def logit(rate: float) -> float:
    """Return the logarithm of the odds of a chance in (0, 1)."""
    return float(np.log(rate / (1.0 - rate)))
