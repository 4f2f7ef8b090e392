r"""A level of conversion that drifts: how it wandered, where it stands, and whether to reckon with it.

Beside what cells have in common over time (the structure), a level that all share moves from week to week:

.. math:: \operatorname{logit} p_{ct} = \text{structure}_c + \text{level}_t

The structure is fitted with the level for a known offset, and the level with the structure for one, in turn, until
neither moves. The base of the structure stands where the level is expected when leads settle, so that chances, and all
that explains them, are of then. Whether a history's level drifts is for its own later outcomes to say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np

from leadopt.arrays import Floats
from leadopt.learning.course import FEWEST, Course
from leadopt.learning.effects.families import Family, FamilyEffects
from leadopt.learning.effects.level import Level, LevelDoubt, learn_level
from leadopt.learning.effects.logistic import column_priors, expected_rate
from leadopt.learning.effects.offsets import OffsetBinomial
from leadopt.learning.effects.posterior import Effects, fit_effects
from leadopt.tables.text import count, percent

ORIGINS = (0.5, 0.625, 0.75, 0.875)
"""Shares of a history after which its further course is foretold, to see whether a level that drifts helps."""
WORTHWHILE = 0.5
"""Nats by which all that is foretold has to be likelier: where the level stays, chance makes .3 at most."""
_ROUNDS, _STEPS = 4, 2  # of structure and level in turn, and of Newton's method on the level in each, at most
_STILL = 0.05  # on the logit: a level that moves by less is settled
_REACH = 3.0  # of a step
_LEAST_INFORMATION = 1e-10  # of a period
_ADDITIVE_ITERATIONS = 12  # to judge a level, other effects need not be exact

Fit = Callable[[OffsetBinomial, Effects | None], FamilyEffects]
"""Of the structure, given each period's level: from the outcomes, and effects near by to begin from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """How the level of all chances wandered, as far as it is known.

    Parameters
    ----------
    foretells
        whether chances are of its forecast; else they are of the whole history, and it makes intervals wider alone
    level
        on the logit, 0 where it is expected to be at the horizon
    horizon_days
        after the last outcome, when leads are taken to settle
    doubt
        what it adds to each logit
    rates
        float64 (n_periods,), what all leads of the history would have converted at in each period
    expected
        the same at the horizon
    """

    foretells: bool
    level: Level
    horizon_days: float
    doubt: LevelDoubt
    rates: Floats
    expected: float

    @classmethod
    def of(
        cls, course: Course, fitted: FamilyEffects, level: Level, horizon_days: float, *, foretells: bool
    ) -> "Drift":
        """Return what a structure and a level tell."""
        variance = float(level.forecast(_ahead(course, horizon_days))[1])
        # Chances of the whole history are off, besides, by how far its mean level is from the forecast; and where that
        # foretold no better, the level may be wherever it ever goes.
        off = np.average(level.mean, weights=course.by_period(course.tried) + _LEAST_INFORMATION)
        anywhere = float(level.forecast(np.array(np.inf))[1])
        apart = max(variance + float(off) ** 2, anywhere)
        structure, doubt = _structure(course, fitted)
        of_cell = np.bincount(course.cell, course.tried, minlength=course.n_cells).astype(np.float64)
        of_cell = of_cell if of_cell.any() else np.ones(course.n_cells)  # where no outcome counts, none counts more
        rates = [np.average(expected_rate(structure + one, doubt), weights=of_cell) for one in (*level.mean, 0.0)]
        return cls(
            foretells=foretells,
            level=level,
            horizon_days=horizon_days,
            doubt=LevelDoubt(variance=variance) if foretells else LevelDoubt.around(apart),
            rates=np.array(rates[:-1]),
            expected=float(rates[-1]),
        )

    @property
    def is_told(self) -> bool:
        """Whether it wandered by more than chance, or chances follow it."""
        return self.foretells or self.level.spread.is_telling

    def notes(self, assigned: str | None, by_assignment: bool = False) -> list[str]:
        """Return what is said of it, in words; nothing where it hardly wandered.

        Parameters
        ----------
        assigned
            the column that tells how long leads take to settle; None = there is none
        by_assignment
            whether leads are dated by that column
        """
        if not self.is_told:
            return []
        low, high, now = (percent(float(rate)) for rate in (self.rates.min(), self.rates.max(), self.expected))
        wandered = f"the level of conversion wandered between {low} and {high}"
        if not self.foretells:
            return [
                f"{wandered}, but where it stood foretold later outcomes no better than all of history: chances are of "
                "the whole, and intervals hold what the level may still do"
            ]
        days = f"{count(round(self.horizon_days), 'day')} after the last outcome"
        when = days if self.horizon_days >= 0.5 else "where it was last"
        if by_assignment:
            return [
                f"{wandered}, by {assigned}: it counts as it is for leads that come now ({now}), and intervals hold "
                "what it may still do"
            ]
        why = "when leads that come now usually settle" if assigned else "as no assigned_at tells how long leads take"
        return [f"{wandered}: it counts {when}, {why} ({now}), and intervals hold what it may still do"]


def learn_drift(course: Course, fit: Fit, horizon_days: float) -> tuple[FamilyEffects, Drift]:
    """Return structure and level of a course whose level drifts.

    Parameters
    ----------
    fit
        of the structure, given each period's level
    horizon_days
        after the last outcome, when leads are taken to settle
    """
    _, near = _in_turn(course, partial(_additive, course), horizon_days)
    fitted, level = _in_turn(course, fit, horizon_days, near)
    drift = Drift.of(course, fitted, level, horizon_days, foretells=True)
    return replace(fitted, wandering=drift.doubt), drift


def learn_doubt(course: Course, horizon_days: float) -> Drift | None:
    """Return what chances of the whole history leave open, as its level may have wandered; None if nothing can tell."""
    if len(course.day) < FEWEST:
        return None
    fitted, level = _in_turn(course, partial(_additive, course), horizon_days)
    return Drift.of(course, fitted, level, horizon_days, foretells=False)


def drifts(course: Course) -> bool:
    r"""Return whether a level that drifts foretells a course's later periods better than one that stays.

    From each of `ORIGINS` on, all up to the next one is foretold by what was known then (rolling origin): by columns
    whose effects add up, with and without a level that drifts. It has to make the later outcomes likelier by
    `WORTHWHILE` together.

    References
    ----------
    Tashman (2000), Out-of-sample tests of forecasting accuracy, International Journal of Forecasting 16(4),
    doi:10.1016/S0169-2070(00)00065-0.
    """
    weight = max(float(course.tried.sum()), _LEAST_INFORMATION) / course.n_outcomes
    return sum(_gains(course), 0.0) > WORTHWHILE * weight


def _gains(course: Course) -> Iterator[float]:
    """Yield by how much likelier later outcomes are with a level that drifts, from each origin to the next."""
    n = course.by_period(course.tried)
    if len(n) < FEWEST:
        return
    # Origins are the beginnings of periods, so that several shares may be one.
    reached = np.searchsorted(n.cumsum(), np.array(ORIGINS) * n.sum()) + 1
    origins = sorted({int(period) for period in reached if FEWEST - 2 <= period < len(n)})
    near: Effects | None = None
    for origin, end in pairwise([*origins, len(n)]):
        before = course.until(origin)
        judged = course.part((course.period >= origin) & (course.period < end))
        stays = _additive(before, before.likelihood(np.zeros(origin), np.zeros(origin)).merged(), near)
        near = stays.effects
        fitted, level = _in_turn(before, partial(_additive, before), first=stays)
        ahead, doubt = level.forecast(np.maximum(course.day - course.day[origin - 1], 0.0))
        likelihoods = [
            judged.log_likelihood(_rate(judged, each, *at_level))
            for each, at_level in ((stays, (np.zeros_like(ahead), np.zeros_like(ahead))), (fitted, (ahead, doubt)))
        ]
        yield likelihoods[1] - likelihoods[0]


def settled_level(course: Course) -> Level:
    """Return the level of each period, beside a structure that adds up."""
    return _in_turn(course, partial(_additive, course))[1]


def loss_of_structure(course: Course, level: Level, fit: Fit, early: float) -> float:
    """Return less the log-likelihood of later outcomes by the structure of the early ones, all levels being known.

    Parameters
    ----------
    early
        share of the outcomes
    """
    n = course.by_period(course.tried).cumsum()
    origin = min(int(np.searchsorted(n, early * n[-1])) + 1, len(n) - 1)
    fitted = fit(course.until(origin).likelihood(level.mean[:origin], level.variance[:origin]).merged(), None)
    late = course.part((course.period >= origin) & (course.period < len(n)))
    return -late.log_likelihood(_rate(late, fitted, level.mean, level.variance))


def _structure(course: Course, fitted: FamilyEffects) -> tuple[Floats, Floats]:
    """Return mean and variance of the logit of each cell, but for the level.

    Of all spreads that may be, those in use are enough to tell the level from them.
    """
    return fitted.effects.total(fitted.levels(course.codes), np.arange(course.n_cells))


def _rate(course: Course, fitted: FamilyEffects, level: Floats, doubt: Floats) -> Floats:
    """Return the chance that each row has, given mean and variance of each period's level."""
    mean, variance = _structure(course, fitted)
    return expected_rate(mean[course.cell] + level[course.period], variance[course.cell] + doubt[course.period])


def _in_turn(
    course: Course,
    fit: Fit,
    horizon_days: float = 0.0,
    start: Level | None = None,
    first: FamilyEffects | None = None,
) -> tuple[FamilyEffects, Level]:
    """Return structure and level, each fitted given the other in turn, from a level or a structure that is near."""
    mean, variance = (np.zeros(len(course.day)),) * 2 if start is None else (start.mean, start.variance)
    weights = course.by_period(course.tried) + _LEAST_INFORMATION
    fitted = fit(course.likelihood(mean, variance).merged(), None) if first is None else first
    for number in range(_ROUNDS):
        if number:
            fitted = fit(course.likelihood(mean, variance).merged(), fitted.effects)
        level = _level_given(course, fitted, mean, variance)
        forecast = float(level.forecast(_ahead(course, horizon_days))[0])
        fitted, level = _raised(fitted, forecast), level.raised(-forecast)
        moved = np.average(np.abs(level.mean - mean), weights=weights)
        mean, variance = level.mean, level.variance
        if moved < _STILL:
            break
    return fitted, level


def _level_given(course: Course, fitted: FamilyEffects, mean: Floats, variance: Floats) -> Level:
    """Return what outcomes say of the level if this is the structure, by a filter on outcomes made linear in it."""
    structure, doubt = _structure(course, fitted)
    for _ in range(_STEPS):
        pull, information = course.likelihood(mean, variance, fades=False).by_row(structure, doubt)
        of_period = np.maximum(course.by_period(information), _LEAST_INFORMATION)
        step = np.clip(course.by_period(pull) / of_period, -_REACH, _REACH)
        level = learn_level(course.day, mean + step, of_period)
        mean, variance = level.mean, level.variance
    return level


def _ahead(course: Course, horizon_days: float) -> Floats:
    return np.array(horizon_days + 0.5 * course.width)  # from the middle of the last period


def _raised(fitted: FamilyEffects, by: float) -> FamilyEffects:
    effects, mean = fitted.effects, fitted.effects.mean.copy()
    mean[0] += by
    outcomes = effects.likelihood
    raised = outcomes.raised(by) if isinstance(outcomes, OffsetBinomial) else outcomes
    return replace(fitted, effects=replace(effects, mean=mean, likelihood=raised))


def _additive(course: Course, outcomes: OffsetBinomial, near: Effects | None) -> FamilyEffects:
    """Return effects of the columns that add up, which are enough to judge a level by."""
    families = tuple(Family.of((column,), course.codes, course.sizes) for column in range(len(course.codes)))
    effects = fit_effects(
        [family.find(course.codes) for family in families],
        tuple(len(family.keys) for family in families),
        column_priors(len(families)),
        outcomes,
        start=near,
        iterations=_ADDITIVE_ITERATIONS,
    )
    return FamilyEffects(families=families, effects=effects)
