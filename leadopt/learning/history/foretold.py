"""Columns that tell the outcome, such as a stage or a reason for loss: filled in after it, and no help before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.learning.history.codes import distinct
from leadopt.tables.text import count, percent

# Shares of what decides an outcome (`explained`). In four real histories no column that is known when a lead arrives
# reached .20 (the client of a deal, who had bought before), and those that are known after began at .25 (how many
# people had worked on an incident, once it was closed).
_BEYOND_BELIEF = 0.5
_SUSPECT = 0.2
_LITTLE = 0.05  # below, a column changes no chance by much, and whatever it tells does no harm
_FEWEST = 10  # outcomes of the rarer kind, below which a column explains by accident, or in an example
_ONE_SIDED = 0.05  # chance of a level's outcomes being all alike by luck; many such levels together are no accident
_BY_LUCK = (
    1e-5  # the same of all levels together that leads to come hardly have, which are not chosen by their outcomes
)
_MUCH, _SOME = 0.2, 0.1  # of outcomes: in levels that were only won or only lost; in those that leads to come lack
_RARER = 0.25  # of their share in history: what is known before is as frequent among leads to come
_FEW = 0.1  # of leads to come


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelCounts:
    """How often each level of a column was tried and won, float64 (n_levels,), and rows that may repeat each other.

    Parameters
    ----------
    names, tried, won
        of each level
    level, tried_together, won_together, times
        of each group of rows of one level that may be copies of one event, (n_groups,): its level, how many they are,
        how many of them are won, and how many such groups there are
    """

    names: tuple[Any, ...]
    tried: Floats
    won: Floats
    level: Ints
    tried_together: Floats
    won_together: Floats
    times: Floats

    @classmethod
    def of(
        cls, levels: Sequence[Any], converted: Ints, outcomes: Ints, reps: Sequence[Any] | None = None
    ) -> "LevelCounts":
        """Return the levels of groups of outcomes: each one's level, whether it was won, how many there are, whose.

        Copies of a lead are of one rep. Without reps, or with one alone, each outcome is taken for its own.
        """
        names, place = distinct(levels)
        tried, won = (
            np.bincount(place, each, minlength=len(names)).astype(np.float64)
            for each in (outcomes, outcomes * converted)
        )
        owner = np.zeros(len(place)) if reps is None else np.asarray(distinct(reps)[1])
        if len(np.unique(owner)) > 1:
            pairs, cell = np.unique(np.stack([place, owner]), axis=1, return_inverse=True)
            size, wins = (np.bincount(cell.reshape(-1), each) for each in (outcomes, outcomes * converted))
            level, times = pairs[0].astype(np.int64), np.ones(len(size))
        else:
            level, wins = np.tile(np.arange(len(names)), 2), np.repeat([1, 0], len(names))
            size, times = np.ones_like(level), np.concatenate([won, tried - won])
        return cls(
            names=tuple(names),
            tried=tried,
            won=won,
            level=level,
            tried_together=size.astype(np.float64),
            won_together=wins.astype(np.float64),
            times=times,
        )

    @property
    def rate(self) -> float:
        """Which share of all outcomes was won."""
        return float(self.won.sum() / self.tried.sum())

    @property
    def one_sided(self) -> Bools:
        """Which levels were only ever won, or only ever lost, though both were to be expected."""
        by_luck = np.where(self.won == 0.0, 1.0 - self.rate, self.rate) ** self.tried
        return np.asarray(((self.won == 0.0) | (self.won == self.tried)) & (by_luck < _ONE_SIDED))

    def all_alike(self, chosen: Bools) -> bool:
        """Return whether all outcomes of some levels are won, or all lost, and not by luck."""
        tried, won = float(self.tried[chosen].sum()), float(self.won[chosen].sum())
        share = 1.0 - self.rate if won == 0.0 else self.rate
        return won in (0.0, tried) and tried * float(np.log(share)) < np.log(_BY_LUCK)


def explained(levels: LevelCounts) -> float:
    r"""Return which share of what decides an outcome its level tells: 0 = nothing, 1 = all.

    It is Theil's coefficient of uncertainty, each outcome foretold by the others of its level that are no copies of
    it, those of other reps,

    .. math:: 1 - \frac{\sum_i -\log \hat p_{-i}}{n H(p)}, \quad
              \hat p_{-i} = \frac{k_{-i} + p}{n_{-i} + 1}

    with p the share of all outcomes that are like i, so that many levels of few outcomes explain nothing by accident.

    References
    ----------
    Theil (1972), Statistical Decomposition Analysis, ch. 1; Stone (1974), Cross-validatory choice and assessment of
    statistical predictions, JRSS B 36(2), for leaving one out.

    Examples
    --------
    >>> outcomes = np.full(4, 50)
    >>> stage = LevelCounts.of(["won", "won", "lost", "lost"], np.array([1, 1, 0, 0]), outcomes)
    >>> source = LevelCounts.of(["web", "fair", "web", "fair"], np.array([1, 1, 0, 0]), outcomes)
    >>> round(explained(stage), 2), explained(source) < 0.01
    (0.99, True)
    """
    total = levels.tried.sum()
    if not 0.0 < levels.won.sum() < total:
        return 0.0
    rate = levels.rate

    others = levels.tried[levels.level] - levels.tried_together + 1.0
    won = (levels.won[levels.level] - levels.won_together + rate) / others
    lost_together = levels.tried_together - levels.won_together
    told = levels.won_together * np.log(np.maximum(won, 1e-300)) + lost_together * np.log(np.maximum(1.0 - won, 1e-300))
    all_told = -float((levels.times * told).sum())
    return 1.0 - all_told / float(-total * (rate * np.log(rate) + (1.0 - rate) * np.log1p(-rate)))


def why_foretold(levels: LevelCounts, coming: Mapping[Any, int] | None = None) -> str | None:
    """Return in words why a column seems to be filled in after the outcome, None where it does not.

    It tells more than anything can that is known before; or levels that were only ever won, or only ever lost, hold
    many outcomes, and leads to come hardly have them; or leads to come have none of the levels that tell.

    Parameters
    ----------
    levels
        of settled outcomes
    coming
        how many leads without an outcome have each level; None = there are none to look at
    """
    if min(levels.won.sum(), levels.tried.sum() - levels.won.sum()) < _FEWEST:
        return None
    told = explained(levels)
    if told > _BEYOND_BELIEF:
        return f"it alone tells {percent(told)} of what decides an outcome"
    if told < _LITTLE:
        return None
    one_sided = levels.one_sided
    share = float(levels.tried[one_sided].sum() / levels.tried.sum())
    if not coming or not sum(coming.values()):
        if share > _MUCH and told > _SUSPECT:
            return f"{_sides(levels, one_sided)} hold {percent(share)} of the outcomes"
        return None
    n_coming, place = sum(coming.values()), {name: k for k, name in enumerate(levels.names)}
    known = sum(n for level, n in coming.items() if level in place)
    if known < _FEW * n_coming and told > _SUSPECT:
        return f"of {count(n_coming, 'lead')} to come {known or 'none'} has a level that history knows"
    there = np.bincount(
        [place[level] for level in coming if level in place],
        [n for level, n in coming.items() if level in place],
        minlength=len(place),
    )
    absent = there / n_coming < _RARER * levels.tried / levels.tried.sum()
    if (share := float(levels.tried[absent].sum() / levels.tried.sum())) > _SOME and levels.all_alike(absent):
        held = f"{_sides(levels, absent)} hold {percent(share)} of the outcomes"
        return f"{held} and {percent(float(there[absent].sum() / n_coming))} of the leads to come"
    return None


def _sides(levels: LevelCounts, one_sided: Bools) -> str:
    won = bool((levels.won[one_sided] > 0).any())
    lost = bool((levels.won[one_sided] == 0).any())
    which = "only ever won or only ever lost" if won and lost else "only ever won" if won else "only ever lost"
    return f"levels that were {which}"
