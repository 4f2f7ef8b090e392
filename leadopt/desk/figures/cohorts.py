"""Conversion by week of arrival: counted where it is over, foretold where the weeks are young."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.desk.figures.facts import Facts
from leadopt.desk.figures.figure import DAY
from leadopt.desk.figures.periods import Period
from leadopt.desk.figures.waits import arrived
from leadopt.learning.rates.groups import Prior, learn_prior
from leadopt.learning.rates.kaplan_meier import Curve, kaplan_meier
from leadopt.progress import loaded

_NODES = (np.arange(400) + 0.5) / 400
_RATES = np.sin(_NODES * np.pi / 2.0) ** 2  # of a week: close to each other near 0 and 1
_NEARLY_ALL = 0.9
_NEVER = 1e-6  # part of the leads that nobody ever settles, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The leads that came in a week.

    Parameters
    ----------
    first
        its first day
    arrived, won
        how many came, and were won so far (within the horizon)
    maturity
        which part of the wins to come has come by now, from 0 to 1, as known of all weeks
    is_over
        whether none of its leads is open and younger than the horizon: then conversion is counted, else foretold
    conversion, low, high
        the share of them that will have been won within the horizon, and the interval of what is foretold of it; all
        three are what was counted where the week is over
    """

    first: date
    arrived: int
    won: int
    maturity: float
    is_over: bool
    conversion: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohorts:
    """The weeks of a period.

    Parameters
    ----------
    weeks
        those in which leads came
    horizon_days
        within how many days of arrival wins count; NaN = nothing has been won, so that it is not known
    usual_days
        within how many half of them come: the median time to win
    """

    weeks: tuple[Week, ...]
    horizon_days: float
    usual_days: float


def cohorts(facts: Facts, period: Period, level: float, within_days: int | None = None) -> Cohorts:
    r"""Return conversion by week of arrival.

    How wins and losses come with age is read off all leads, by Kaplan and Meier: with F and L the parts of all that are
    won and lost by an age and H the horizon, :math:`G(a) = F(a) / F(H)` of the wins and
    :math:`D(a) = L(a) / (1 - F(H))` of the others have come. The rates :math:`\pi` of weeks are drawn to each other as
    far as the data say (`learn_prior`), and of a week in which k are won, l are lost, and i is open at age :math:`a_i`,

    .. math:: p(\pi) \propto \mathrm{prior}(\pi)\ \pi^k (1 - \pi)^l \prod_i o_i, \quad
              o_i = \pi (1 - G(a_i)) + (1 - \pi) (1 - D(a_i)), \quad q_i = \frac{\pi (1 - G(a_i))}{o_i}

    with :math:`q_i` the chance that lead i is still to be won within the horizon. What is foretold is how many of the
    week will have been won, its interval that of this number.

    Parameters
    ----------
    facts
        of leads
    period
        whose weeks they are, from its first day on
    level
        of the intervals
    within_days
        the horizon; None = the age by which nine in ten of the wins known so far had come

    Notes
    -----
    That the courses G and D are themselves estimated widens no interval; that leads of an age have the mean chance of
    all that are open in their week does, a little.

    References
    ----------
    Larson & Dinse (1985), A mixture model for the regression analysis of competing risks data, Applied Statistics
    34(3), for the mixture; Bornhuetter & Ferguson (1972), The actuary and IBNR, for the idea
    """
    leads = facts.leads
    if leads.won is None:
        return Cohorts(weeks=(), horizon_days=float("nan"), usual_days=float("nan"))
    course, horizon = _course(facts, within_days)
    if not np.isfinite(horizon):
        return Cohorts(weeks=(), horizon_days=horizon, usual_days=horizon)
    usual = course.quantile_within(0.5, horizon * DAY, level).value / DAY
    weeks = [(week, np.flatnonzero(arrived(facts, week))) for week in period.each_week()]
    weeks = [(week, mine) for week, mine in weeks if len(mine)]
    courses = _Courses.of(course, _losses(facts), horizon * DAY)
    seen = [_Seen.of(facts, mine, courses) for _, mine in weeks]
    k, n = np.array([one.won for one in seen], dtype=np.float64), np.array([one.worth for one in seen])
    prior = learn_prior(k, np.maximum(n, k))
    told = tuple(_week(week.first, one, prior, level) for (week, _), one in zip(weeks, seen, strict=True))
    return Cohorts(weeks=told, horizon_days=horizon, usual_days=float(usual))


def _course(facts: Facts, within_days: int | None) -> tuple[Curve, float]:
    """Return how wins come with age, and the horizon in days; NaN = nothing is won."""
    course = _curve(facts, _won_at(facts))
    if not course.n_ended:
        return course, float("nan")
    if within_days is not None:
        return course, float(within_days)
    late = course.quantile_within(_NEARLY_ALL, course.reach, 0.9).value
    return course, float(np.ceil(late / DAY))


def _losses(facts: Facts) -> Curve:
    """Return how ends without a win come with age."""
    return _curve(facts, np.where(np.isnan(_won_at(facts)), facts.leads.ended, np.nan))


def _won_at(facts: Facts) -> Floats:
    """Return when leads were won; NaN = not, or nobody knows."""
    won = facts.leads.won
    return np.full(len(facts.leads.received), np.nan) if won is None else won


def _curve(facts: Facts, came: Floats) -> Curve:
    """Return how something comes with the age of leads; one to which it can come no more is seen to the last day."""
    received = facts.leads.received
    mine = facts.leads.seen & (received < facts.known_until)
    happened = ~np.isnan(came[mine])
    until = np.where(happened, came[mine], facts.known_until)
    return kaplan_meier(np.maximum(until - received[mine], 0.0), happened)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Courses:
    """Which parts of the wins within the horizon, and of the other ends, have come by an age."""

    wins: Curve
    losses: Curve
    horizon: float  # microseconds
    won: float  # part of all leads, within the horizon

    @classmethod
    def of(cls, wins: Curve, losses: Curve, horizon: float) -> _Courses:
        return cls(wins=wins, losses=losses, horizon=horizon, won=float(_part(wins, np.array([horizon]))[0]))

    def of_wins(self, age: Floats) -> Floats:
        return np.asarray(_part(self.wins, np.minimum(age, self.horizon)) / self.won)

    def of_losses(self, age: Floats) -> Floats:
        return np.asarray(np.minimum(_part(self.losses, age) / max(1.0 - self.won, _NEVER), 1.0 - _NEVER))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What is seen of a week.

    Parameters
    ----------
    n, won, lost
        how many came, are won within the horizon, and will not be
    worth
        how many leads, all followed to the horizon, tell as much of the rate
    wins, losses, open
        float64 (n_ages,): which parts of wins and other ends have come by the age of open leads, and how many
        are of that age
    """

    n: int
    won: int
    lost: int
    worth: float
    wins: Floats
    losses: Floats
    open: Floats

    @classmethod
    def of(cls, facts: Facts, mine: Ints, courses: _Courses) -> _Seen:
        """Return what is seen of some leads."""
        leads = facts.leads
        age = facts.known_until - leads.received[mine]
        won = _won_at(facts)[mine] - leads.received[mine] <= courses.horizon
        still = np.isnan(leads.ended[mine]) & (age < courses.horizon) & ~won
        ages, counts = np.unique(age[still], return_counts=True)
        return cls(
            n=len(mine),
            won=int(won.sum()),
            lost=int((~won & ~still).sum()),
            worth=float(won.sum() + courses.of_wins(age[~won]).sum()),
            wins=courses.of_wins(ages),
            losses=courses.of_losses(ages),
            open=counts.astype(np.float64),
        )

    @property
    def is_over(self) -> bool:
        """Whether nothing is open within the horizon."""
        return not len(self.open)

    def still_open(self, rates: Floats) -> tuple[Floats, Floats]:
        """Return the chance that a lead is open at each age, and open and still to be won, (n_rates, n_ages)."""
        to_win = rates[:, None] * (1.0 - self.wins)
        return to_win + (1.0 - rates[:, None]) * (1.0 - self.losses), to_win


def _part(course: Curve, age: Floats) -> Floats:
    place = np.searchsorted(course.at, age, side="right")
    return np.asarray(1.0 - np.append(1.0, course.waiting)[place], dtype=np.float64)


def _week(first: date, seen: _Seen, prior: Prior, level: float) -> Week:
    if seen.is_over:
        rate = low = high = seen.won / seen.n
    else:
        rate, low, high = (count / seen.n for count in _foretold(seen, prior, level))
    return Week(
        first=first,
        arrived=seen.n,
        won=seen.won,
        maturity=1.0 if seen.is_over else seen.worth / seen.n,
        is_over=seen.is_over,
        conversion=rate,
        low=low,
        high=high,
    )


def _foretold(seen: _Seen, prior: Prior, level: float) -> tuple[float, float, float]:
    """Return how many will have been won, and the limits of that number."""
    loaded("scipy.special")
    from scipy.special import bdtr

    weight = _posterior(seen, prior)
    is_open, to_win = seen.still_open(_RATES)
    to_come, n_open = (to_win / is_open) @ seen.open, int(seen.open.sum())
    # Chances differ by age: with their mean, the number varies a little more than it does.
    below = bdtr(np.arange(n_open + 1, dtype=np.float64)[:, None], n_open, np.minimum(to_come / n_open, 1.0)) @ weight
    tail = (1.0 - level) / 2.0
    low, high = (min(int(np.searchsorted(below, part)), n_open) for part in (tail, 1.0 - tail))
    return seen.won + float(weight @ to_come), seen.won + low, seen.won + high


def _posterior(seen: _Seen, prior: Prior) -> Floats:
    """Return what each of `_RATES` weighs, given the week and, through the prior, all others; adds up to 1."""
    likely = seen.won * np.log(_RATES) + seen.lost * np.log1p(-_RATES) + np.log(seen.still_open(_RATES)[0]) @ seen.open
    a, b = (prior.mean * prior.likeness)[:, None], ((1.0 - prior.mean) * prior.likeness)[:, None]
    # Nodes are even in the angle whose squared sine is the rate: a Beta's density there has half more in each exponent.
    log_prior = (a - 0.5) * np.log(_RATES) + (b - 0.5) * np.log1p(-_RATES)
    of_nodes = log_prior + likely
    of_nodes = np.exp(of_nodes - of_nodes.max(axis=1, keepdims=True))
    return np.asarray(prior.weight @ (of_nodes / of_nodes.sum(axis=1, keepdims=True)), dtype=np.float64)
