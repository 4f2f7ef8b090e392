"""Crossed random effects on the logit: what each level of each family adds, and how much a family's levels differ.

The logit of a cell's rate is a base plus one effect of each family (rep, segment column, rep x column, ...) plus an
effect of the cell's own, every family normal around zero with a spread that is learned. The posterior is approximated
by the normal distribution nearest to it (Gaussian variational inference), which unlike its mode stays right where most
cells hold few outcomes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from leadopt.learning.effects.crossed import Crossed, one_thread
from leadopt.learning.effects.spreads import Strength, family_strength, towards

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BASE_DEVIATION = 3.0
"""Prior standard deviation of the base logit; that of Jeffreys' Beta(1/2, 1/2) is pi."""
COLUMN_SCALE = 2.0
"""Prior scale of a column's standard deviation on the logit, if it is the only one."""
_LOGIT_BOUND = 30.0
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(17)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_LEAST_INFORMATION = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """Counts by cell, and which level of each family of effects a cell has.

    Parameters
    ----------
    levels
        int64 (n_families, n_cells), from 0 to the family's size - 1
    sizes
        how many levels each family has
    scales
        prior scale of each family's standard deviation
    own_scale
        the same for effects of single cells; None = cells have none
    tried, converted
        float64 (n_cells,), ``0 <= converted <= tried``; fractions are fine (decayed counts)
    """

    levels: Ints
    sizes: tuple[int, ...]
    scales: tuple[float, ...]
    own_scale: float | None
    tried: Floats
    converted: Floats

    @classmethod
    def additive(cls, levels: Ints, sizes: tuple[int, ...], tried: Floats, converted: Floats) -> "Cells":
        """Return cells whose families are all that tells them apart, none of them a pair of columns."""
        return cls(
            levels=levels,
            sizes=sizes,
            scales=column_scales(len(sizes)),
            own_scale=None,
            tried=tried,
            converted=converted,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Effects:
    """The posterior of the base, of all effects, and of each cell's own.

    Parameters
    ----------
    crossed
        the normal distribution of base and effects
    mean
        float64 (n_effects,), the base, then each family's levels
    strengths
        of each family
    own_strength
        of the cells' own effects, None if they have none
    own_mean
        float64 (n_cells,), each cell's own effect
    own_variance
        float64 (n_cells,), of the own effect if all others were known
    own_share
        float64 (n_cells,), by how much the own effect falls where the others rise by 1
    missed, information
        float64 (n_cells,), what a cell won beyond what is expected of it, and its Fisher information
    """

    crossed: Crossed
    mean: Floats
    strengths: tuple[Strength, ...]
    own_strength: Strength | None
    own_mean: Floats
    own_variance: Floats
    own_share: Floats
    missed: Floats
    information: Floats

    @property
    def cell_information(self) -> Floats:
        """What each cell tells about a further effect that it shares with others: ``w / (1 + tau**2 w)``."""
        return np.asarray(self.information * (1.0 - self.own_share))

    @property
    def cell_pull(self) -> Floats:
        """How far, times that information, each cell's own outcomes lie from what the families expect of it."""
        return np.asarray(self.cell_information * (self.own_mean + self.missed / self.information))

    def logit(self, levels: Sequence[Ints], cell: Ints) -> tuple[Floats, Floats]:
        """Return mean and variance of the logit.

        Parameters
        ----------
        levels
            each family's level, its size where it was never seen; arrays that broadcast
        cell
            each pair's cell, the number of cells where it has none
        """
        mean, variance = self.crossed.sum_of(self.mean, levels)
        for strength, size, level in zip(self.strengths, self.crossed.sizes, levels, strict=True):
            variance = variance + np.where(level == size, strength.deviation**2, 0.0)
        unseen = 0.0 if self.own_strength is None else self.own_strength.deviation**2
        own_variance, share = np.append(self.own_variance, unseen)[cell], np.append(self.own_share, 0.0)[cell]
        return mean + np.append(self.own_mean, 0.0)[cell], own_variance + (1.0 - share) ** 2 * variance

    def rate(self, levels: Sequence[Ints]) -> Floats:
        """Return the expected rate of combinations of levels by the families alone, without effects of cells."""
        nowhere = np.full(np.broadcast_shapes(*(np.shape(level) for level in levels)), len(self.own_mean))
        return expected_rate(*self.logit(levels, nowhere))


def column_scales(n_columns: int) -> tuple[float, ...]:
    """Return the prior scale of each column's standard deviation: the more columns, the less each should add."""
    return (COLUMN_SCALE / max(1, n_columns) ** 0.25,) * n_columns


def sigmoid(logit: Floats) -> Floats:
    """Return ``1 / (1 + exp(-logit))``, strictly inside (0, 1)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -_LOGIT_BOUND, _LOGIT_BOUND))))


def expected_rate(mean: Floats, variance: Floats) -> Floats:
    """Return the expected value of ``sigmoid(x)`` for normal x, by Gauss-Hermite quadrature.

    Examples
    --------
    >>> expected_rate(np.array([2.0, 2.0]), np.array([0.0, 4.0])).round(3)
    array([0.881, 0.775])
    """
    deviation = np.sqrt(variance)
    total = np.zeros(np.broadcast_shapes(np.shape(mean), np.shape(variance)))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * sigmoid(mean + node * deviation)
    return total


def _expected_slope(mean: Floats, variance: Floats) -> Floats:
    """Return the expected value of ``sigmoid'(x)`` for normal x."""
    deviation = np.sqrt(variance)
    total = np.zeros(len(mean))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        rate = sigmoid(mean + node * deviation)
        total += weight * rate * (1.0 - rate)
    return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    """Where the fit stands: standard deviations, means, the last posterior, and the variance of each cell's logit."""

    crossed: Crossed
    deviations: Floats
    own_deviation: float
    mean: Floats
    own_mean: Floats
    cell_variance: Floats


def fit_effects(cells: Cells, start: "Effects | None" = None, iterations: int = 60) -> Effects:
    r"""Return the posterior of all effects, with the spread of each family learned from the data.

    The normal distribution :math:`q = N(m, C)` that is nearest to the posterior solves, with :math:`\eta = X u` and
    the expectations under q,

    .. math:: X^T (k - n\,E[\sigma(\eta)]) = P m, \qquad C^{-1} = X^T \mathrm{diag}(n\,E[\sigma'(\eta)]) X + P

    with the prior precisions P. Newton steps on m, the variances of the cells' logits in between, and after each pair
    of them `learn_strength` for every family. The cells' own effects are eliminated: given the others they are
    independent, and a cell of information w then counts as :math:`w / (1 + \tau^2 w)`.

    Parameters
    ----------
    cells
        counts, in an order that does not depend on the order of the history
    start
        effects of the same families, to begin from

    References
    ----------
    Opper & Archambeau (2009), The variational Gaussian approximation revisited, Neural Computation 21(3),
    doi:10.1162/neco.2008.08-07-592, eq. 15-18; Ormerod & Wand (2012), Gaussian variational approximate inference for
    generalized linear mixed models, JCGS 21(1), doi:10.1198/jcgs.2011.09118.
    """
    with one_thread():
        return _Fit.of(cells).run(start, iterations)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    cells: Cells
    crossed: Crossed

    @classmethod
    def of(cls, cells: Cells) -> "_Fit":
        return cls(cells=cells, crossed=Crossed.of(cells.levels, cells.sizes))

    def run(self, start: Effects | None, iterations: int) -> Effects:
        state = self.first(start)
        for number in range(iterations):
            before = state
            state, step = self.newton(state)
            state, strengths, own = self.strengths(state)
            if number > 3 and _settled(before, state) and step < 0.1:
                break
        return self.finish(state, strengths, own)

    def first(self, start: Effects | None) -> _State:
        cells = self.cells
        mean = np.zeros(self.crossed.n_effects)
        total = cells.tried.sum()
        rate = (cells.converted.sum() + 0.5) / (total + 1.0)
        mean[0] = np.log(rate / (1.0 - rate)) if total else 0.0
        return _State(
            crossed=self.crossed,
            deviations=np.array([min(0.5, scale) for scale in cells.scales]),
            own_deviation=0.0 if cells.own_scale is None else min(0.3, cells.own_scale),
            mean=mean if start is None or len(start.mean) != len(mean) else start.mean,
            own_mean=np.zeros(len(cells.tried)),
            cell_variance=np.zeros(len(cells.tried)),
        )

    def precisions(self, state: _State) -> Floats:
        return self.crossed.spread_out(1.0 / np.append(BASE_DEVIATION, state.deviations) ** 2)

    def information(self, state: _State) -> tuple[Floats, Floats]:
        """Return what cells still miss, ``k - n E[sigmoid]``, and their information ``n E[sigmoid']``."""
        logit = self.crossed.add_up(state.mean) + state.own_mean
        missed = self.cells.converted - self.cells.tried * expected_rate(logit, state.cell_variance)
        slope = self.cells.tried * _expected_slope(logit, state.cell_variance)
        return missed, np.maximum(slope, _LEAST_INFORMATION)

    def solved(self, state: _State) -> tuple[Floats, Floats, Floats, Crossed]:
        missed, information = self.information(state)
        tau = state.own_deviation**2
        crossed = state.crossed.solved(information / (1.0 + tau * information), self.precisions(state))
        return missed, information, tau / (1.0 + tau * information), crossed

    def newton(self, state: _State) -> tuple[_State, float]:
        """Return the state after one Newton step, and how large it was."""
        missed, information, own, crossed = self.solved(state)
        precisions = self.precisions(state)
        pull = missed - (state.own_mean / state.own_deviation**2 if state.own_deviation else 0.0)
        gradient = self.crossed.collect(missed - own * information * pull) - precisions * state.mean
        step = crossed.times_inverse(gradient)
        own_step = own * (pull - information * self.crossed.add_up(step))
        size = max(float(np.abs(step).max()), float(np.abs(own_step).max(initial=0.0)))
        part = min(1.0, 3.0 / max(size, 1e-12))
        share = own * information
        variance = own + (1.0 - share) ** 2 * crossed.cell_variance()
        return _State(
            crossed=crossed,
            deviations=state.deviations,
            own_deviation=state.own_deviation,
            mean=state.mean + part * step,
            own_mean=state.own_mean + part * own_step,
            cell_variance=variance,
        ), size

    def strengths(self, state: _State) -> tuple[_State, tuple[Strength, ...], Strength | None]:
        """Return the state with new standard deviations, and all that is known about these."""
        _, information = self.information(state)
        tau = state.own_deviation**2
        own, crossed = tau / (1.0 + tau * information), state.crossed.drawn()
        pace = crossed.pace
        found = [
            family_strength(state.mean[part], scatter, deviation**2, scale)
            for part, scatter, deviation, scale in zip(
                crossed.slices, crossed.scatter(), state.deviations, self.cells.scales, strict=True
            )
        ]
        deviations = towards(state.deviations, np.array([strength.deviation for strength in found]), pace)
        own_found, own_deviation = None, 0.0
        if self.cells.own_scale is not None:
            scatter = crossed.cell_scatter(own, own * information)
            own_found = family_strength(state.own_mean, scatter, tau, self.cells.own_scale)
            own_deviation = float(towards(np.array([state.own_deviation]), np.array([own_found.deviation]), pace)[0])
        found_all = replace(state, crossed=crossed, deviations=deviations, own_deviation=own_deviation)
        return found_all, tuple(found), own_found

    def finish(self, state: _State, strengths: tuple[Strength, ...], own_strength: Strength | None) -> Effects:
        missed, information, own, crossed = self.solved(state)
        return Effects(
            crossed=crossed.drawn(),
            mean=state.mean,
            strengths=tuple(
                replace(strength, deviation=float(deviation))
                for strength, deviation in zip(strengths, state.deviations, strict=True)
            ),
            own_strength=None if own_strength is None else replace(own_strength, deviation=state.own_deviation),
            own_mean=state.own_mean,
            own_variance=own,
            own_share=own * information,
            missed=missed,
            information=information,
        )


def _settled(before: _State, state: _State) -> bool:
    """Return whether no standard deviation, unless next to nothing, moves by more than 3%."""
    old, new = (np.append(each.deviations, each.own_deviation) for each in (before, state))
    return bool((np.abs(new - old) < 0.03 * new + 3e-3).all())
