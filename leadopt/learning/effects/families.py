"""Which families of effects a model has: one for each column, for pairs of columns, and for single cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from leadopt.learning.effects.crossed import MOST_DENSE
from leadopt.learning.effects.draws import draw_logits
from leadopt.learning.effects.logistic import Cells, Effects, column_scales, fit_effects
from leadopt.learning.effects.spreads import TELLING, learn_strength

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PAIR_SCALE, CELL_SCALE = 1.0, 0.1
"""Prior scales of standard deviations on the logit: of pairs of columns (if there is one), and of cells beyond them."""


_ROUGH = 6


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """Families, and the effects that were learned for them."""

    families: tuple[Family, ...]
    effects: Effects

    def logit(self, codes: Sequence[Ints], cell: Ints) -> tuple[Floats, Floats]:
        """Return mean and variance of the logit of combinations of codes, which may broadcast, and their cells."""
        return self.effects.logit([family.find(codes) for family in self.families], cell)

    def draw(self, codes: Sequence[Ints], cell: Ints, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return logits drawn together, float64 (n_draws, *shape of the codes)."""
        return draw_logits(self.effects, [family.find(codes) for family in self.families], cell, n_draws, rng)


def fit_families(
    codes: Sequence[Ints], sizes: Sequence[int], n_rep_columns: int, tried: Floats, converted: Floats
) -> Fitted:
    """Return the effects of every column, of the pairs of columns that earn it, and of the cells.

    Pairs are a rep or its cohort with a column of the lead, and two columns of the lead; who a rep is says already
    which cohort it is in. Where all pairs are too many to be fitted in full, those are left out whose effects the cells
    do not tell from chance, judged without them.

    Where all outcomes are won, or all are lost, nothing tells levels from each other, and no family has effects; that
    levels with more outcomes could be surer of theirs is no reason to prefer them.

    Parameters
    ----------
    codes
        one int64 (n_cells,) for each column: the rep, further columns of reps, then those of leads
    sizes
        how many levels each column has
    n_rep_columns
        how many of the columns describe the rep
    tried, converted
        float64 (n_cells,)
    """
    n_columns = len(codes)
    singles = [Family.of((column,), codes, sizes) for column in range(n_columns)]
    pairs = [
        Family.of(pair, codes, sizes)
        for pair in combinations(range(n_columns), 2)
        if n_columns > 2 and pair[1] >= n_rep_columns
    ]
    scales = _scales(len(singles), len(pairs), n_columns)

    def fitted(families: Sequence[Family], iterations: int = 30) -> Fitted:
        cells = Cells(
            levels=np.array([family.find(codes) for family in families], dtype=np.int64).reshape(
                len(families), len(tried)
            ),
            sizes=tuple(len(family.keys) for family in families),
            scales=tuple(scales[len(family.columns) - 1] for family in families),
            own_scale=scales[2] if families and n_columns > 1 else None,
            tried=tried,
            converted=converted,
        )
        return Fitted(families=tuple(families), effects=fit_effects(cells, iterations=iterations))

    if len(tried) and converted.sum() in (0.0, tried.sum()):
        return fitted([])
    if sum(len(family.keys) for family in (*singles, *pairs)) <= MOST_DENSE:
        return fitted([*singles, *pairs])
    # To tell pairs that matter from others, the columns' effects need not be exact.
    plain = fitted(singles, iterations=_ROUGH)
    telling = [pair for pair in pairs if _evidence(pair, codes, plain.effects, scales[1]) > TELLING]
    return fitted([*singles, *telling])


def _scales(n_singles: int, n_pairs: int, n_columns: int) -> tuple[float, float, float]:
    """Return the prior scales of columns, pairs and cells."""
    pair_scale = PAIR_SCALE / max(1, n_pairs) ** 0.5
    return column_scales(n_singles)[0], pair_scale, PAIR_SCALE if n_columns == 2 else CELL_SCALE


def _evidence(family: Family, codes: Sequence[Ints], effects: Effects, scale: float) -> float:
    """Return the log-likelihood ratio of a family that is not in the model, with the others' effects as they are."""
    level = family.find(codes)
    pull, information = (
        np.bincount(level, part, minlength=len(family.keys)).astype(np.float64)
        for part in (effects.cell_pull, effects.cell_information)
    )
    return learn_strength(pull, information, scale).evidence
