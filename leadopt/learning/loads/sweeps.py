r"""Change points together with all else that busy weeks differ in, drawn by turns (Gibbs).

.. math:: \operatorname{sigmoid}(b + \textstyle\sum_f \beta_f + \epsilon + a_j - s_j \max(L / c_j - 1, 0)^q)

with :math:`\beta` what leads are like (columns, and the time when they came), of next to no prior, and
:math:`\epsilon \sim N(0, \omega^2)` what a rep's week was like for no reason that history knows. Reps' change points
are known only as far as these are: what they might be as well counts for the intervals.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.loads.change_points import ChangePoints, Grid, OutcomesByLoad, likelihood
from leadopt.learning.loads.in_common import InCommon
from leadopt.learning.loads.redraws import Family

_PRECISION = 1.5**-2.0  # of what leads are like: low, as what shrinkage left of a bad week would look like load
_SPREADS = np.array([0.0, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0])  # of reps' weeks, equally likely
_FIRST, _SWEEPS = 15, 60  # left out, as they show where the search began; and averaged
_FIRST_STEPS, _NEXT_STEPS = 8, 2
_LOADS_ALIKE = 0.04  # that differ by less, relatively, are one: points of the grid are 10% apart
_OFFSETS_ALIKE = 0.75  # merged about their mean, which moves a chance by .002 at most where load is the same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leads:
    """The outcomes that are judged, arrays (n_leads,).

    Parameters
    ----------
    rep
        number of the rep, each of whom has a lead, int64
    families
        what leads are like, int64 (n_families, n_leads)
    season
        in which week they came, int64
    load, won
        how many leads the rep had; 1 or 0
    """

    rep: Ints
    families: Ints
    season: Ints
    load: Ints
    won: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """Where sweeps begin: the base logit, effects of each family, and what each lead's rep adds."""

    base: float
    effects: list[Floats]
    of_rep: Floats


def sweep(
    leads: Leads, start: Start, rng: np.random.Generator, told: Callable[[], None]
) -> tuple[ChangePoints, Floats]:
    """Return what is known of the reps' change points, and the expected offset of each lead, float64 (n_leads,).

    What is returned of change points is the mean of their exact posteriors given each draw of all else (Rao-Blackwell).

    Parameters
    ----------
    leads, start
        the outcomes, and where to begin
    rng
        generator
    told
        called once for each sweep

    References
    ----------
    Gelfand & Smith (1990), Sampling-based approaches to calculating marginal densities, JASA 85(410),
    doi:10.1080/01621459.1990.10476213.
    """
    state = _State(leads, start)
    chance, level, offset = np.zeros_like(state.levels), np.zeros_like(state.levels), np.zeros(len(leads.won))
    for number in range(_FIRST + _SWEEPS):
        state.redraw_families(rng)
        found = state.redraw_reps(_NEXT_STEPS if number else _FIRST_STEPS, rng)
        told()
        if number >= _FIRST:
            here = found.chance()
            chance, level, offset = chance + here, level + here * state.levels, offset + state.offset
    known = ChangePoints(points=state.grid.points, chance=chance / _SWEEPS, level=level / np.maximum(chance, 1e-300))
    return known, offset / _SWEEPS


class _State:
    """What is drawn so far."""

    def __init__(self, leads: Leads, start: Start) -> None:
        self._leads, self._base, self._shift = leads, start.base, start.of_rep
        self._families = [Family(level, effects) for level, effects in zip(leads.families, start.effects, strict=True)]
        weeks, week = np.unique(np.stack([leads.rep, leads.season]), axis=1, return_inverse=True)
        self._weeks = Family(week.reshape(-1), np.zeros(weeks.shape[1]))
        _, self._bin = np.unique(np.round(np.log(leads.load) / _LOADS_ALIKE), return_inverse=True)
        self.grid = Grid.of(np.bincount(self._bin, leads.load) / np.bincount(self._bin))
        self.levels = np.zeros((int(leads.rep.max()) + 1, self.grid.size))
        self.offset = start.base + self._added()

    def _added(self) -> Floats:
        return sum((family.each() for family in self._families), start=self._weeks.each())

    def redraw_families(self, rng: np.random.Generator) -> None:
        """Draw what leads are like, then how reps' weeks differ, given reps and load."""
        won, total = self._leads.won, self.offset + self._shift
        for family in self._families:
            others = total - family.each()
            total = others + family.redraw(others, won, _PRECISION, rng)
        others = total - self._weeks.each()
        spread = self._weeks.redraw_spread(others, won, _SPREADS, rng)
        weeks = self._weeks.redraw(others, won, spread**-2.0, rng) if spread else self._weeks.clear()
        self.offset = others - self._shift + weeks

    def redraw_reps(self, steps: int, rng: np.random.Generator) -> InCommon:
        """Draw change points, slopes and levels given offsets, and return the posterior that they are drawn from."""
        merged = zip(self._merged(), self.levels, strict=True)
        each = [likelihood(rep, self.grid, level, steps) for rep, level in merged]
        self.levels = np.array([one.level for one in each])
        found = InCommon(np.array([one.log for one in each]), self.grid)
        drawn, reps = found.draw(rng), np.arange(len(each))
        scale = np.array([one.precision for one in each])[reps, drawn] ** -0.5
        level = self.levels[reps, drawn] + scale * rng.standard_normal(len(reps))
        self._shift = level[self._leads.rep] + self.grid.fall[self._bin, drawn[self._leads.rep]]
        return found

    def _merged(self) -> list[OutcomesByLoad]:
        """Return each rep's outcomes, those of like load and offset together."""
        about = np.round(self.offset / _OFFSETS_ALIKE).astype(np.int64)
        about -= about.min()
        shape = (len(self.levels), len(self.grid.fall), int(about.max()) + 1)
        group = np.ravel_multi_index((self._leads.rep, self._bin, about), shape)
        tried, won, offset = (
            np.bincount(group, weights, int(np.prod(shape))).reshape(shape)
            for weights in (None, self._leads.won, self.offset)
        )
        merged = []
        for rep in range(shape[0]):
            load, at = np.nonzero(tried[rep])
            n = tried[rep][load, at].astype(np.float64)
            merged.append(OutcomesByLoad(load=load, offset=offset[rep][load, at] / n, tried=n, won=won[rep][load, at]))
        return merged
