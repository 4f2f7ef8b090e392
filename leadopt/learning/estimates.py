"""What a history says about pairs of rep and segment: chances, intervals, draws, and whose record they rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.errors import InvalidInput
from leadopt.learning.effects.families import FamilyEffects
from leadopt.learning.effects.logistic import expected_rate, sigmoid, weighted
from leadopt.learning.history.tally import Tally
from leadopt.tables.cells import is_number

_MOST_WEIGHT = 0.999  # a leverage of 1 would leave nothing to divide by: all that is known of the pair is its own


def check_level(level: Any) -> None:
    """Refuse what is no level of an interval.

    Raises
    ------
    InvalidInput
        it is no number between 0 and 1
    """
    if not (is_number(level) and 0.0 < level < 1.0):
        raise InvalidInput(f"level: must be between 0 and 1, such as 0.9; found {level!r}")


def credible_interval(
    probability: Floats, logit: Floats, deviation: Floats, level: float = 0.9
) -> tuple[Floats, Floats]:
    """Return the ends of the central credible interval of each rate, ``0 <= low <= probability <= high <= 1``.

    The rate's logit is normal, so its quantiles are those of the logit, mapped.

    Raises
    ------
    InvalidInput
        the level is not between 0 and 1
    """
    from statistics import NormalDist

    check_level(level)
    reach = NormalDist().inv_cdf(0.5 + level / 2.0) * deviation
    # The mean of a very skewed distribution lies outside its central interval.
    return np.minimum(sigmoid(logit - reach), probability), np.maximum(sigmoid(logit + reach), probability)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """What a history says about every pair of some segments and reps; arrays (n_segments, n_reps) unless noted.

    Parameters
    ----------
    probability
        float64, expected chance of conversion, in (0, 1)
    logit, deviation
        float64, mean and standard deviation of the chance's logit, which is normal
    tried, converted
        int64, the pair's own settled and won outcomes, each counted once whatever its age
    expected
        float64, what all but the pair's own outcomes lead one to expect
    weight
        float64 in [0, 1), share of the pair's own outcomes in the estimate; the rest is `expected`
    known_rep
        bool (n_reps,), False for a rep that history never saw
    known_segment
        bool (n_segments,), False for a combination of levels that history never saw
    still_open
        int64, the pair's leads without an outcome that count by how long they are open; None = there are none
    """

    probability: Floats
    logit: Floats
    deviation: Floats
    tried: Ints
    converted: Ints
    expected: Floats
    weight: Floats
    known_rep: Bools
    known_segment: Bools
    still_open: Ints | None = None

    def interval(
        self, segments: Any = slice(None), reps: Any = slice(None), level: float = 0.9
    ) -> tuple[Floats, Floats]:
        """Return low and high (`credible_interval`) of the pairs that these numpy indices pick; all by default."""
        pick = segments, reps
        return credible_interval(self.probability[pick], self.logit[pick], self.deviation[pick], level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """All that was learned. Its methods take cells of the tally and codes of all columns there, which may broadcast."""

    tally: Tally
    fitted: FamilyEffects

    def probability(self, cell: Ints, codes: Sequence[Ints]) -> Floats:
        """Return the expected chance of conversion, in the shape of `cell`."""
        return self.fitted.logits(codes, cell).rate(self.fitted.level.averaged)

    def interval(self, cell: Ints, codes: Sequence[Ints], level: float) -> tuple[Floats, Floats]:
        """Return the ends of the credible intervals, in the shape of `cell`."""
        known = self.fitted.logits(codes, cell)
        logit, variance = self.fitted.level.added(*known.normal())
        return credible_interval(known.rate(self.fitted.level.averaged), logit, np.sqrt(variance), level)

    def estimates(self, cell: Ints, codes: Sequence[Ints], *, known_rep: Bools, known_segment: Bools) -> Estimates:
        """Return everything about some segments (rows of `cell`) and reps (its columns).

        A pair's own outcomes are taken out to first order, under each set of spreads: with their information w, the
        logit s that they stand for, and the mean m and variance v of the logit, the leverage is ``h = v w``, and the
        rest expects ``(m - h s) / (1 - h)`` with variance ``v / (1 - h)``; v as far as known levels support it.

        References
        ----------
        Pregibon (1981), Logistic regression diagnostics, Annals of Statistics 9(4), doi:10.1214/aos/1176345513, sec. 4.
        """
        known = self.fitted.logits(codes, cell)
        logit, variance = known.normal()
        information, seen = (np.append(part, np.zeros((len(part), 1)), axis=1)[:, cell] for part in self.fitted.told)
        leverage = np.clip(known.variance * information, 0.0, _MOST_WEIGHT)
        rest = (known.mean - leverage * seen) / (1.0 - leverage)
        supported = known.variance - known.unsupported
        doubt_of_rest = supported / (1.0 - np.clip(supported * information, 0.0, _MOST_WEIGHT))
        wide, doubt = self.fitted.level.added(logit, variance)
        return Estimates(
            probability=known.rate(self.fitted.level.averaged),
            logit=wide,
            deviation=np.sqrt(doubt),
            tried=self.tally.tried[cell],
            converted=self.tally.converted[cell],
            expected=weighted(known.weight, expected_rate(rest, doubt_of_rest + self.fitted.level.averaged)),
            weight=weighted(known.weight, leverage),
            known_rep=known_rep,
            known_segment=known_segment,
            still_open=self.tally.still_open[cell] if self.tally.still_open.any() else None,
        )
