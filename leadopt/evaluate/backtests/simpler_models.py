"""The simpler estimates that an affinity model is held against: global, rep, segment, rep + segment, raw cells."""

from collections.abc import Sequence

import numpy as np

from leadopt.arrays import Bools, Floats, Ints
from leadopt.evaluate.history.combinations import crossed
from leadopt.evaluate.history.records import Records
from leadopt.learning.effects.logistic import fit_additive
from leadopt.learning.effects.posterior import Effects


def global_rate(records: Records, learned: Bools, weight: Floats) -> Floats:
    """Return the rate of all rows that are learned from, for every row: ``(k + 1/2) / (n + 1)``."""
    return smoothed(np.zeros(records.n_rows, dtype=np.int64), records.won, np.where(learned, weight, 0.0))


def raw_cells(records: Records, learned: Bools, weight: Floats) -> Floats:
    """Return the rate of each row's own rep and segment, ``(k + 1/2) / (n + 1)``; 1/2 where there is no outcome."""
    return smoothed(records.cell + 1, records.won, np.where(learned, weight, 0.0))


def smoothed(group: Ints, won: Floats, weight: Floats) -> Floats:
    """Return each row's smoothed rate of its group, float64 (n_rows,)."""
    tried = np.bincount(group, weight)
    converted = np.bincount(group, weight * won)
    return np.asarray(((converted + 0.5) / (tried + 1.0))[group])


def families(records: Records, *, rep: bool, segment: bool) -> list[Ints]:
    """Return the families of effects: the rep, each segment column, and with several columns their combination."""
    columns = list(records.levels) if segment else []
    # Nobody is a level of its own.
    return [*([records.rep + 1] if rep else []), *columns, *([records.segment] if len(columns) > 1 else [])]


def additive(
    levels: Sequence[Ints], won: Floats, learned: Bools, weight: Floats, start: Effects | None = None
) -> Effects:
    """Return additive effects of these families on the logit, each shrunk as far as the data say.

    See `leadopt.learning.effects.logistic`: the affinity model without what a rep does with a segment beyond the
    sum of the two.
    `start` are the effects of other rows, where the search begins.
    """
    table = np.array(levels, dtype=np.int64).reshape(len(levels), len(won))
    cells, cell = crossed(table[:, learned])
    n = np.bincount(cell, weight[learned], minlength=cells.shape[1]).astype(np.float64)
    k = np.bincount(cell, (weight * won)[learned], minlength=cells.shape[1]).astype(np.float64)
    sizes = tuple(int(family.max(initial=-1)) + 1 for family in table)
    return fit_additive(cells, sizes, n, k, start)
