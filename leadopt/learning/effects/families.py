"""Which families of effects a model has: one for each column, for pairs of columns, and for single cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from leadopt.arrays import Floats, Ints
from leadopt.learning.effects.alternatives import raised_by_others
from leadopt.learning.effects.crossed import MOST_DENSE, are_drawn
from leadopt.learning.effects.draws import Joint
from leadopt.learning.effects.level import NO_DOUBT, LevelDoubt
from leadopt.learning.effects.logistic import COLUMN_SCALE, Binomial, Logits
from leadopt.learning.effects.mixture import Mixture
from leadopt.learning.effects.nested import MOST_PRODUCTS, n_products
from leadopt.learning.effects.posterior import Effects, Likelihood, fit_effects
from leadopt.learning.effects.spreads import Prior, exponential, half_normal
from leadopt.learning.effects.waiting import Waiting

PAIR_SCALE, CELL_SCALE = 0.4, 0.2
"""Prior means of standard deviations on the logit: of pairs of columns (if there is one), and of cells beyond them.

In every real history seen pairs of rep and segment matter less than columns, and plans live on them: what a prior has
them differ by too much, plans promise too much. Of 29 pairs of three real histories (see `logistic.COLUMN_SCALE`), the
21 of 448 deals counting a quarter, the logarithm of the likelihood is .4 less with an exponential prior of .5 than with
the half-normal of 1 that was used before, and 1.3 less with .3. Of 15 reps by two columns of six, 750 outcomes, plans
promise too much by 10.4 +- 1.7% (no effects at all), 10.3 +- 1.6% (columns and reps alone) and 4.2 +- 2.7% (pairs of
.3), before 15.0, 17.1 and 11.0%; chances are nearer to the truth in each. With `mixture._MIDDLE` at .5 it is 9.6% and
3.7% of the last two at .4, 8.2 and .9% at .3, 11.5 and 6.1% at .6; deals by six columns lose .5148, .5172 and .5135.
Who has strong pairs (1.0) is promised 2.8 +- 1.1% too little."""
_ITERATIONS = 30  # simulated floors settle within 7


_WORTH = 0.5
"""Log-likelihood ratio against no effect from which a pair of columns joins. Chance exceeds it once in six families,
and then its spread is next to nothing. A pair that is left out can cost more: at 1.35, which chance exceeds once in
twenty, the loss of incidents by four columns is .2505, at .5 and .01 .2465."""
_ROUGH = 6  # iterations: to tell pairs that matter from others, the columns' effects need not be exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Prior scales of standard deviations: the more columns or pairs there are, the less each should add.

    Parameters
    ----------
    column, pair
        of a column and of a pair of them, if it is the only one
    cell
        of the cells' own effects; None = they have none
    of_pairs
        the prior of such a scale, of pairs and cells; that of columns is half-normal
    """

    column: float
    pair: float
    cell: float | None = None
    of_pairs: Callable[[float], Prior] = half_normal


SCALES = Scales(column=COLUMN_SCALE, pair=PAIR_SCALE, of_pairs=exponential)
"""Of effects on chances."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """The combinations of levels of some columns that history holds.

    Parameters
    ----------
    columns
        positions of the columns
    sizes
        how many levels each of these columns has; a code as large as that is a level never seen
    keys
        int64 (n_levels,), ascending, the number that stands for a combination
    """

    columns: tuple[int, ...]
    sizes: tuple[int, ...]
    keys: Ints

    @classmethod
    def of(cls, columns: tuple[int, ...], codes: Sequence[Ints], sizes: Sequence[int]) -> "Family":
        """Return the family of the cells with these codes, a list of one int64 (n_cells,) for each column of all."""
        own = tuple(sizes[column] for column in columns)
        return cls(columns=columns, sizes=own, keys=np.unique(_keys(columns, own, codes)))

    def codes_of(self, column: int) -> Ints:
        """Return the code in one of its columns that each level has."""
        sizes = [size + 1 for size in self.sizes]
        return np.unravel_index(self.keys, sizes)[self.columns.index(column)].astype(np.int64)

    def find(self, codes: Sequence[Ints]) -> Ints:
        """Return the level of each combination, the number of levels where history has none; codes may broadcast."""
        keys = _keys(self.columns, self.sizes, codes)
        place = np.searchsorted(self.keys, keys)
        return np.where(np.append(self.keys, -1)[place] == keys, place, len(self.keys))


def _keys(columns: Sequence[int], sizes: Sequence[int], codes: Sequence[Ints]) -> Ints:
    key = np.zeros((), dtype=np.int64)
    for column, size in zip(columns, sizes, strict=True):
        key = key * (size + 1) + codes[column]
    return key


@dataclass(frozen=True, kw_only=True, eq=False)
class FamilyEffects:
    """Families, the effects that were learned for them, and which pairs of columns were left out.

    `wandering` is what a level that all share leaves open besides.
    """

    families: tuple[Family, ...]
    effects: Effects
    left_out: tuple[tuple[int, ...], ...] = ()
    wandering: LevelDoubt = NO_DOUBT

    @cached_property
    def level(self) -> LevelDoubt:
        """What all logits have in common besides their effects: as the level wanders, and what delays leave open.

        The latter where the mixture does not tell it cell by cell.
        """
        in_common = 0.0 if self.effects.crossed.is_exact else raised_by_others(self.effects)
        return self.wandering.wider(in_common)

    def levels(self, codes: Sequence[Ints]) -> list[Ints]:
        """Return the level that combinations of codes, which may broadcast, have of each family."""
        return [family.find(codes) for family in self.families]

    @cached_property
    def mixture(self) -> Mixture:
        """The posterior with what is not known of the spreads."""
        # A new pair of levels is of two populations, and not of one of pairs.
        return Mixture.of(self.effects, [k for k, family in enumerate(self.families) if len(family.columns) == 1])

    @property
    def told(self) -> tuple[Floats, Floats]:
        """Information and seen logit of each cell, float64 (n_nodes or 1, n_cells) each."""
        return np.atleast_2d(self.mixture.information), self.mixture.seen_by_node

    def logits(self, codes: Sequence[Ints], cell: Ints) -> Logits:
        """Return what is known of the sums of effects of combinations of codes, and their cells, but for the level."""
        return self.mixture.logits(self.levels(codes), cell)

    def draw(self, codes: Sequence[Ints], cell: Ints, n_draws: int, rng: "np.random.Generator") -> Floats:
        """Return sums drawn together, float64 (n_draws, *shape of the codes)."""
        return self.level.drawn(self.mixture.draw(self.levels(codes), cell, n_draws, rng), rng)

    def joint(self, codes: Sequence[Ints], cell: Ints) -> Joint:
        """Return what draws of these sums rest on."""
        return Joint.of(self.effects, self.mixture, self.levels(codes), cell, self.level)


def fit_families(
    codes: Sequence[Ints],
    sizes: Sequence[int],
    pairs: Iterable[tuple[int, int]],
    likelihood: Likelihood,
    scales: Scales,
    *,
    kept: Iterable[tuple[int, int]] = (),
    all_if_exact: bool = False,
    rough: int = 60,
    iterations: int = 60,
    near: Effects | None = None,
) -> FamilyEffects:
    """Return the effects of every column, of the pairs of columns that are kept or earn it, and of the cells.

    Pairs whose effects the cells do not tell from chance, judged without any pairs, are left out. That chance alone
    could do as much is no evidence that there is nothing: what estimates live on is kept. Where its covariance can be
    computed, and not so much as drawn with all telling pairs, the most telling ones join it that leave that so.

    Parameters
    ----------
    codes
        one int64 (n_cells,) for each column
    sizes
        how many levels each column has
    pairs
        of columns that may have effects of their own
    likelihood
        of what was seen in the cells
    scales
        of standard deviations
    kept
        further pairs, which have effects whatever the cells say, and whose spreads are alike
    all_if_exact
        whether all pairs stay where the covariance with them is computed
    rough, iterations
        of the fit by which pairs are judged, and of the last one, at most
    near
        effects to begin from where they are of the same families
    """
    always = [Family.of((column,), codes, sizes) for column in range(len(codes))]
    always += [Family.of(pair, codes, sizes) for pair in kept]
    judged = [Family.of(pair, codes, sizes) for pair in pairs]
    n_pairs = len(always) - len(codes) + len(judged)
    n_telling = sum(len(family.keys) > 1 for family in always[: len(codes)])
    of_pair = scales.of_pairs(float(scales.pair / max(1, n_pairs) ** 0.5))

    def prior_of(family: Family) -> Prior:
        if len(family.columns) > 1:
            return of_pair
        # What is the same everywhere tells none from another: it adds to what its next level may be, and leaves the
        # others be.
        return half_normal(scales.column / (n_telling if len(family.keys) > 1 else len(codes)) ** 0.25)

    kin = {family.columns for family in always[len(codes) :]}

    def fitted(families: Sequence[Family], iterations: int) -> FamilyEffects:
        effects = fit_effects(
            [family.find(codes) for family in families],
            tuple(len(family.keys) for family in families),
            tuple(map(prior_of, families)),
            likelihood,
            own_prior=None if scales.cell is None else scales.of_pairs(scales.cell),
            kin=tuple(place for place, family in enumerate(families) if family.columns in kin),
            start=near,
            iterations=iterations,
        )
        left_out = tuple(family.columns for family in judged if family not in families)
        return FamilyEffects(families=tuple(families), effects=effects, left_out=left_out)

    every = [*always, *judged]
    if not judged or (all_if_exact and _n_products(every, codes) <= MOST_PRODUCTS):
        return fitted(every, iterations)
    plain = fitted(always[: len(codes)], rough)
    evidence = [plain.effects.evidence(pair.find(codes), len(pair.keys), of_pair) for pair in judged]
    telling = [judged[place] for place in np.argsort(-np.array(evidence), kind="stable") if evidence[place] > _WORTH]
    if not are_drawn(likelihood.n_cells, 1 + len(always) + len(telling)):
        while telling and _n_products(always, codes) <= MOST_PRODUCTS < _n_products([*always, *telling], codes):
            telling.pop()
    chosen = [*always, *(pair for pair in judged if pair in telling)]
    return fitted(chosen, iterations) if len(chosen) > len(codes) or rough < iterations else plain


def _n_products(families: Sequence[Family], codes: Sequence[Ints]) -> float:
    """Return about how many products the covariance of all effects takes, nested in the column for which it is least.

    0 for as many effects as are computed in full.
    """
    total, found = 1 + sum(len(family.keys) for family in families), []
    for hub in (family for family in families if len(family.columns) == 1):
        nested = [family for family in families if hub.columns[0] in family.columns]
        widths = np.bincount(np.concatenate([family.codes_of(hub.columns[0]) for family in nested]))
        n_links = (1 + len(families) - len(nested)) * np.bincount(codes[hub.columns[0]], minlength=len(widths))
        found.append(n_products(widths, total - int(widths.sum()), n_links)[0])
    return 0.0 if total <= MOST_DENSE else min(found)


def fit_chances(
    codes: Sequence[Ints],
    sizes: Sequence[int],
    n_rep_columns: int,
    tried: Floats,
    converted: Floats,
    waiting: Waiting | None = None,
    outcomes: Likelihood | None = None,
    near: Effects | None = None,
) -> FamilyEffects:
    """Return the effects on the logit of chances.

    Pairs are a rep or its cohort with a column of the lead, which alone say who fits which lead and always stay, and
    two columns of the lead, which do where their covariance is computed; who a rep is says already which cohort it is
    in.

    Where all outcomes are won, or all are lost, nothing tells levels from each other, and no family has effects; that
    levels with more outcomes could be surer of theirs is no reason to prefer them.

    Parameters
    ----------
    codes, sizes
        as of `fit_families`: the rep, further columns of reps, then those of leads
    n_rep_columns
        how many of the columns describe the rep
    tried, converted
        float64 (n_cells,)
    waiting
        leads that are open still
    outcomes
        the same by what else is known of them, such as when they were; None = nothing is
    near
        effects of the same families by next to the same outcomes, to begin from; None = from nothing
    """
    n_columns, outcomes = len(codes), outcomes or Binomial(tried=tried, converted=converted, waiting=waiting)
    if len(tried) and converted.sum() in (0.0, tried.sum()):
        return fit_families([], [], [], outcomes, SCALES)
    # What a column of one level does with another is what the other does: nothing could tell the two apart.
    several = [column for column in range(n_columns) if sizes[column] > 1]
    pairs = [pair for pair in combinations(several, 2) if len(several) > 2 and pair[1] >= n_rep_columns]
    kept = [pair for pair in pairs if pair[0] < n_rep_columns]
    cell = {0: None, 1: None, 2: PAIR_SCALE}.get(len(several), CELL_SCALE)  # of two columns a cell is their pair
    return fit_families(
        codes,
        sizes,
        pairs[len(kept) :],
        outcomes,
        replace(SCALES, cell=cell),
        kept=kept,
        all_if_exact=True,
        rough=_ROUGH,
        iterations=_ITERATIONS,
        near=near,
    )
