"""What leads are worth if won, as far as that was learned, and in words where a value comes from."""

from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.history.codes import Segment, in_words
from leadopt.tables.text import count, number

_NORMAL_95 = 1.6448536269514722  # between which and its negative 90% of a standard normal distribution lie


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worths:
    """What leads of some segments are worth if won.

    Parameters
    ----------
    segments
        the levels of each column, per segment; None = missing
    expected
        float64 (n_segments,)
    low, high
        float64 (n_segments,), ends of the credible interval of what is expected
    won
        int64 (n_segments,), won leads with a value that history has of this very segment
    """

    segments: tuple[Segment, ...]
    expected: Floats
    low: Floats
    high: Floats
    won: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valued:
    """The leads whose value was learned from history.

    Parameters
    ----------
    columns
        by which it was learned
    n_won
        won leads with a value, in all
    noise
        standard deviation of the logarithm of a single value around what is known of its lead; where some are 0, that
        of the log-normal distribution that varies as much
    worths
        of every segment of such leads
    segment_of_lead
        int64 (n_leads,), -1 = the lead came with a value of its own
    """

    columns: tuple[str, ...]
    n_won: int
    noise: float
    worths: Worths
    segment_of_lead: Ints

    @property
    def doubt(self) -> Floats:
        """Standard deviation of the logarithm of what is expected of each segment, float64 (n_segments,)."""
        sure = self.worths.high == self.worths.low  # of nothing, too
        low, high = (np.log(np.where(sure, 1.0, end)) for end in (self.worths.low, self.worths.high))
        return np.asarray((high - low) / (2.0 * _NORMAL_95))

    @property
    def source(self) -> str:
        """Where values come from: ``312 won leads by industry, source``."""
        return f"{count(self.n_won, 'won lead')}{' by ' if self.columns else ''}{', '.join(self.columns)}"

    def sentence(self, lead: int) -> str | None:
        """Return where the value of a lead comes from; None if the lead came with it."""
        segment = int(self.segment_of_lead[lead])
        if segment < 0:
            return None
        found = self.worths
        interval = f"90% interval {number(found.low[segment])} to {number(found.high[segment])}"
        same = f", {found.won[segment]:,} of them with {in_words(self.columns, found.segments[segment])}"
        return (
            f"Its value, {number(found.expected[segment])} if won ({interval}), was learned from "
            f"{self.source}{same if self.columns else ''}."
        )
