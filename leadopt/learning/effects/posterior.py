"""Crossed random effects: what each level of each family adds, how much a family's levels differ, and the fit of both.

What a cell shows depends on a sum: a base, one effect of each family (rep, segment column, rep x column, ...) and
perhaps an effect of the cell's own, every family normal around zero with a spread that is learned. How it depends on
the sum is the `Likelihood`: `logistic.Binomial` for outcomes, `normal.Normal` for a quantity that is seen itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.crossed import Crossed
from leadopt.learning.effects.spreads import Prior, Spread, family_spreads, half_normal, spread_under, towards
from leadopt.problem.linear_algebra import inner

# Figures: mean loss in thousandths of a nat (19.2), and how many 90% intervals hold the truth (93%), on 24 simulated
# floors of 300 and 2,500 outcomes of 15 reps by two columns.
_FIRST_DEVIATION, _FIRST_OWN_DEVIATION = 0.5, 0.3  # where spreads begin; half: 19.15, twice: 19.35, own: no difference
_FEWEST_ITERATIONS = 5  # at first means are under way, and spreads that follow them may stand still for a step
_FEWEST_FROM_START = 2  # where means and spreads of nearly the same outcomes are known
_REACH = 3.0  # of a Newton step, which overshoots where few outcomes leave the slope flat; 1.5 and 6: no difference
_MOST_RATE, _MOST_AHEAD = 0.9, 0.7  # see `_ahead`: of a step that is left in the next; of the logarithm of a spread
# A mean that still moves by a tenth, on the logit 2.5 points of chance, calls for another step; .05 and .2: 19.35 and
# 19.21. The noise is a number for all observations, and settles first: half and twice make no difference.
_STEADY_STEP, _STEADY_NOISE = 0.1, 1e-3


class Likelihood(Protocol):
    """What was seen in the cells, and what it says about the sum of each one's effects.

    Attributes
    ----------
    is_normal
        whether it is normal in the sum: then one Newton step is the whole way, from wherever it begins
    base_deviation
        prior standard deviation of the base
    tolerance
        by which part standard deviations of families may still move when the fit ends
    noise, freedom
        variance of an observation around its cell, and how many observations are left to learn it from; 1 and inf where
        there is nothing to learn
    """

    is_normal: ClassVar[bool]
    base_deviation: ClassVar[float]
    tolerance: ClassVar[float]

    @property
    def n_cells(self) -> int: ...

    @property
    def noise(self) -> float: ...

    @property
    def freedom(self) -> float: ...

    def first_base(self) -> float:
        """Return where the base begins."""
        ...

    def slopes(self, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
        """Return each cell's pull and information, for normal sums of this mean and variance, float64 (n_cells,).

        They are the expected first derivative of the log-likelihood in the sum, and less the expected second one.
        """
        ...

    def deviation(self, spread: Spread) -> float:
        """Return the standard deviation of a family to work with, of all that it may be."""
        ...

    def learned(self, crossed: Crossed, mean: Floats) -> Self:
        """Return the same with the noise that agrees best with the effects' posterior."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """The posterior of the base, of all effects, and of each cell's own.

    Parameters
    ----------
    likelihood
        of what was seen, with its noise
    crossed
        the normal distribution of base and effects around their means
    mean
        float64 (n_effects,), the base, then each family's levels
    priors, own_prior
        of each family's standard deviation, and of the cells' own; None = they have no effects of their own
    deviations, own_deviation
        float64 (n_families,), the standard deviations in use; that of the cells' own effects, 0 if they have none
    spreads, own_spread
        what is known about these
    kin
        numbers of families of one kind, whose spreads are alike
    own_mean
        float64 (n_cells,), each cell's own effect
    pull, information
        float64 (n_cells,), `Likelihood.slopes` there: on outcomes, what a cell won beyond what is expected of it, and
        its Fisher information
    """

    likelihood: Likelihood
    crossed: Crossed
    mean: Floats
    priors: tuple[Prior, ...]
    own_prior: Prior | None
    deviations: Floats
    own_deviation: float
    spreads: tuple[Spread, ...] = ()
    own_spread: Spread | None = None
    kin: tuple[int, ...] = ()
    own_mean: Floats
    pull: Floats
    information: Floats

    @property
    def precisions(self) -> Floats:
        """Prior precision of the base and of every effect, float64 (n_effects,)."""
        return self.crossed.spread_out(1.0 / np.append(self.likelihood.base_deviation, self.deviations) ** 2)

    @property
    def seen(self) -> Floats:
        """The sum of effects that each cell's outcomes stand for, as far as a normal likelihood does, (n_cells,)."""
        return np.asarray(self.crossed.add_up(self.mean) + self.own_mean + self.pull / self.information)

    @property
    def own_variance(self) -> Floats:
        """Variance of each cell's own effect if all others were known, float64 (n_cells,)."""
        return np.asarray(self.own_deviation**2 / (1.0 + self.own_deviation**2 * self.information))

    @property
    def own_share(self) -> Floats:
        """By how much each cell's own effect falls where the others rise by 1, float64 (n_cells,)."""
        return self.own_variance * self.information

    @property
    def cell_variance(self) -> Floats:
        """Variance of each cell's sum, float64 (n_cells,)."""
        return np.asarray(self.own_variance + (1.0 - self.own_share) ** 2 * self.crossed.cell_variance())

    @property
    def cell_information(self) -> Floats:
        """What each cell tells about a further effect that it shares with others: ``w / (1 + tau**2 w)``."""
        return np.asarray(self.information / (1.0 + self.own_deviation**2 * self.information))

    def known(self, levels: Sequence[Ints]) -> tuple[Floats, Floats]:
        """Return mean and variance of the base plus these levels; one that is its family's size adds nothing."""
        return self.crossed.sum_of(self.mean, levels)

    def with_base(self, levels: Sequence[Ints]) -> Floats:
        """Return the covariance of that sum with the base."""
        base = np.zeros(self.crossed.n_effects)
        base[0] = 1.0
        return self.crossed.sum_of(self.crossed.times_inverse(base), levels)[0]

    def total(self, levels: Sequence[Ints], cell: Ints) -> tuple[Floats, Floats]:
        """Return mean and variance of the whole sum, in which effects never seen are as diverse as their family.

        Parameters
        ----------
        levels
            each family's level, its size where it was never seen; arrays that broadcast
        cell
            each pair's cell, the number of cells where it has none
        """
        mean, variance = self.known(levels)
        for deviation, size, level in zip(self.deviations, self.crossed.sizes, levels, strict=True):
            variance = variance + np.where(level == size, deviation**2, 0.0)
        own_variance = np.append(self.own_variance, self.own_deviation**2)[cell]
        share = np.append(self.own_share, 0.0)[cell]
        return mean + np.append(self.own_mean, 0.0)[cell], own_variance + (1.0 - share) ** 2 * variance

    def evidence(self, level: Ints, size: int, prior: Prior) -> float:
        """Return the log-likelihood ratio of a further family, all other effects as they are.

        Parameters
        ----------
        level
            int64 (n_cells,), which of its `size` levels each cell has
        prior
            of its standard deviation
        """
        information = self.cell_information
        pull = information * (self.own_mean + self.pull / self.information)
        of_levels = np.array([np.bincount(level, part, minlength=size) for part in (pull, information)])
        return spread_under(prior, of_levels[0], of_levels[1]).evidence


def fit_effects(
    levels: Sequence[Ints] | Ints,
    sizes: tuple[int, ...],
    priors: tuple[Prior, ...],
    likelihood: Likelihood,
    *,
    own_prior: Prior | None = None,
    kin: tuple[int, ...] = (),
    start: Effects | None = None,
    iterations: int = 60,
) -> Effects:
    r"""Return the posterior of all effects, with the spread of each family and the noise learned from the data.

    The normal distribution :math:`q = N(m, C)` that is nearest to the posterior (Gaussian variational inference) solves

    .. math:: X^T E_q[g(X u)] = P m, \qquad C^{-1} = X^T \mathrm{diag}(E_q[h(X u)]) X + P

    with the pull g and the information h of the likelihood and the prior precisions P. Newton steps on m, the variances
    of the cells' sums in between, and after each pair of them `learn_spread` for every family, and the noise. The
    cells' own effects are eliminated: given the others they are independent, and a cell of information h then counts as
    :math:`h / (1 + \tau^2 h)`.

    Unlike its mode, q stays right where most cells hold few outcomes. Of a normal quantity the posterior is q itself.

    Parameters
    ----------
    levels
        int64 (n_cells,) of each family, from 0 to its size - 1; cells in an order that does not depend on that of the
        history
    sizes
        how many levels each family has
    priors, own_prior
        as of `Effects`
    likelihood
        of what was seen in the cells
    kin
        as of `Effects`
    start
        effects of the same families, or of the first of them, to begin from
    iterations
        at most; without convergence the last one counts

    References
    ----------
    Opper & Archambeau (2009), The variational Gaussian approximation revisited, Neural Computation 21(3),
    doi:10.1162/neco.2008.08-07-592, eq. 15-18; Ormerod & Wand (2012), Gaussian variational approximate inference for
    generalized linear mixed models, JCGS 21(1), doi:10.1198/jcgs.2011.09118.
    """
    table = np.array(levels, dtype=np.int64).reshape(len(sizes), likelihood.n_cells)
    effects = replace(_first(Crossed.of(table, sizes), priors, likelihood, own_prior, start), kin=kin)
    fewest = _FEWEST_ITERATIONS if start is None or likelihood.is_normal else _FEWEST_FROM_START
    course, last = [effects], effects
    for number in range(iterations):
        (effects, step), last = _stepped(effects, last), effects
        effects = _learned(effects)
        if number + 1 >= fewest and step < _STEADY_STEP and _settled(course[-1], effects):
            break
        if len(course) > 1 and 2 <= number < iterations - 3:
            effects = _outline(_ahead(course[-2], course[-1], effects))
            course, last = [effects], effects
        else:
            effects = _outline(effects)
            course = [*course, effects]
    effects = _outline(effects)
    return _finished(effects)


def _outline(effects: Effects) -> Effects:
    """Return effects for a next step, which has covariances of its own: the last ones would double the memory."""
    return replace(effects, crossed=effects.crossed.unsolved())


def effects_under(
    levels: Sequence[Ints], sizes: tuple[int, ...], deviations: Floats, likelihood: Likelihood, steps: int = 10
) -> Effects:
    """Return the posterior of all effects under known standard deviations of families, after some Newton steps."""
    table = np.array(levels, dtype=np.int64).reshape(len(sizes), likelihood.n_cells)
    priors = tuple(half_normal(deviation) for deviation in deviations.tolist())
    effects = _first(Crossed.of(table, sizes), priors, likelihood, None, None)
    effects = replace(effects, deviations=deviations)
    last = effects
    for _ in range(steps):
        (effects, _), last = _stepped(effects, last), effects
    return _finished(effects)


def more_diverse(effects: Effects) -> Effects:
    """Return the posterior if families differ by as much as they well may, the high quantile of `learn_spread`.

    Its variances are what intervals need: with few observations a spread may be anything, and taken for the likeliest
    value it makes effects look too certain.
    """
    return _finished(replace(effects, deviations=np.array([each.deviation for each in effects.spreads])))


def around(effects: Effects, deviations: Floats, own_deviation: float) -> Effects:
    """Return the effects and what cells tell under other standard deviations, two Newton steps from where they are."""
    moved = replace(effects, deviations=deviations, own_deviation=own_deviation)
    for _ in range(2):
        moved, _ = _stepped(moved, moved)
    return moved


def _first(
    crossed: Crossed, priors: tuple[Prior, ...], likelihood: Likelihood, own_prior: Prior | None, start: Effects | None
) -> Effects:
    mean, nothing = np.zeros(crossed.n_effects), np.zeros(likelihood.n_cells)
    mean[0] = likelihood.first_base()
    deviations = np.array([min(_FIRST_DEVIATION, prior.scale) for prior in priors])
    own_deviation, own_mean = 0.0 if own_prior is None else min(_FIRST_OWN_DEVIATION, own_prior.scale), nothing
    if start is not None and start.crossed.sizes == crossed.sizes[: len(start.deviations)]:
        mean[: len(start.mean)] = start.mean
        if not likelihood.is_normal:  # whose spreads are looked for from one place, so that the last digits agree
            deviations[: len(start.deviations)] = start.deviations
            if start.likelihood is likelihood and own_prior is not None:
                own_deviation, own_mean = start.own_deviation, start.own_mean
    pull, information = likelihood.slopes(crossed.add_up(mean) + own_mean, nothing)
    return Effects(
        likelihood=likelihood,
        crossed=crossed,
        mean=mean,
        priors=priors,
        own_prior=own_prior,
        deviations=deviations,
        own_deviation=own_deviation,
        own_mean=own_mean,
        pull=pull,
        information=information,
    )


def _stepped(effects: Effects, last: Effects) -> tuple[Effects, float]:
    """Return the effects after one Newton step, and how large it was.

    A cell whose information turns back from where it came from, in the step that began at `last`, goes half of the way:
    where few outcomes are all alike, more variance makes for more information, and this for less variance, so that both
    would swing for ever.
    """
    own, share, precisions = effects.own_variance, effects.own_share, effects.precisions
    # Own effects are eliminated from the equations of both (their Schur complement), as their block is diagonal.
    crossed = effects.crossed.solved(effects.cell_information, precisions)
    pull = effects.pull - (effects.own_mean / effects.own_deviation**2 if effects.own_deviation else 0.0)
    step = crossed.times_inverse(crossed.collect(effects.pull - share * pull) - precisions * effects.mean)
    own_step = own * (pull - effects.information * crossed.add_up(step))
    size = max(float(np.abs(step).max()), float(np.abs(own_step).max(initial=0.0)))
    part = 1.0 if effects.likelihood.is_normal else min(1.0, _REACH / max(size, 1e-12))
    stepped = replace(
        effects, crossed=crossed, mean=effects.mean + part * step, own_mean=effects.own_mean + part * own_step
    )
    pull, information = effects.likelihood.slopes(
        crossed.add_up(stepped.mean) + stepped.own_mean, _cell_variance(stepped)
    )
    back = (information - effects.information) * (effects.information - last.information) < 0.0
    information = np.where(back, np.sqrt(information * effects.information), information)
    return replace(stepped, pull=pull, information=information), size


def _cell_variance(effects: Effects) -> Floats:
    """Return the variance of each cell's sum; a normal likelihood is as curved everywhere, so that it does without."""
    return effects.own_variance if effects.likelihood.is_normal else effects.cell_variance


def _learned(effects: Effects) -> Effects:
    """Return the effects with standard deviations and noise that agree better with their posterior."""
    # Draws are of use for spreads and noise alone, so that the steps between do without.
    crossed, likelihood = effects.crossed.drawn(), effects.likelihood
    families = zip(crossed.slices, crossed.scatter(), effects.deviations, effects.priors, strict=True)
    parts = [(effects.mean[part], scatter, float(dev**2), prior) for part, scatter, dev, prior in families]
    spreads = tuple(family_spreads(parts, effects.kin))
    wanted = np.array([likelihood.deviation(spread) for spread in spreads])
    own_spread, own_deviation = None, np.zeros(1)
    if effects.own_prior is not None:
        scatter = crossed.cell_scatter(effects.own_variance, effects.own_share)
        own = (effects.own_mean, scatter, effects.own_deviation**2, effects.own_prior)
        own_spread = family_spreads([own], ())[0]
        own_wanted = np.array([likelihood.deviation(own_spread)])
        own_deviation = towards(np.array([effects.own_deviation]), own_wanted, crossed.pace)
    learned = likelihood.learned(crossed, effects.mean)
    return replace(
        effects,
        likelihood=learned,
        crossed=crossed,
        deviations=towards(effects.deviations, wanted, crossed.pace),
        own_deviation=float(own_deviation[0]),
        spreads=spreads,
        own_spread=own_spread,
        # Both are in proportion to the precision of an observation.
        pull=effects.pull * (likelihood.noise / learned.noise),
        information=effects.information * (likelihood.noise / learned.noise),
    )


def _ahead(first: Effects, second: Effects, third: Effects) -> Effects:
    """Return the effects where three in a row seem to lead: steps that shrink by the rate r lead r / (1 - r) further.

    The rate is that of all standard deviations together, on the logarithm. Where many levels are known badly it is .9,
    and the way would take thirty steps.

    References
    ----------
    Varadhan & Roland (2008), Simple and globally convergent methods for accelerating the convergence of any EM
    algorithm, Scandinavian Journal of Statistics 35(2), doi:10.1111/j.1467-9469.2007.00585.x.
    """
    course = (first, second, third)
    last, now = np.diff([np.log(np.append(each.deviations, each.own_deviation or 1.0)) for each in course], axis=0)
    rate = min(max(inner(last, now) / max(inner(last, last), 1e-300), 0.0), _MOST_RATE)
    further = min(rate / (1.0 - rate), _MOST_AHEAD / max(float(np.abs(now).max(initial=0.0)), 1e-300))
    if further == 0.0:
        return third
    moved = np.exp(further * now)
    mean, own_mean = (
        three + np.where((three - two) * (two - one) > 0.0, further * (three - two), 0.0)  # what swings leads nowhere
        for one, two, three in (tuple(each.mean for each in course), tuple(each.own_mean for each in course))
    )
    ahead = replace(
        third,
        deviations=third.deviations * moved[:-1],
        own_deviation=third.own_deviation * float(moved[-1]),
        mean=mean,
        own_mean=own_mean,
    )
    pull, information = third.likelihood.slopes(third.crossed.add_up(mean) + own_mean, _cell_variance(ahead))
    return replace(ahead, pull=pull, information=information)


def _settled(before: Effects, after: Effects) -> bool:
    """Return whether no standard deviation, unless next to nothing, and not the noise still moves."""
    old, new = (np.append(each.deviations, each.own_deviation) for each in (before, after))
    steady = (np.abs(new - old) < after.likelihood.tolerance * (new + 0.1)).all()
    was, noise = before.likelihood.noise, after.likelihood.noise
    return bool(steady) and abs(noise - was) < _STEADY_NOISE * noise


def _finished(effects: Effects) -> Effects:
    """Return the effects with the posterior under their last spreads and noise."""
    if not effects.likelihood.is_normal:  # a further step would move the mean by less than the tolerance
        crossed = effects.crossed.solved(effects.cell_information, effects.precisions)
        return replace(effects, crossed=crossed.drawn().for_sums())
    for _ in range(1 if effects.crossed.is_exact else 3):  # many effects are solved for little by little
        effects, _ = _stepped(effects, effects)
    return replace(effects, crossed=effects.crossed.drawn())
