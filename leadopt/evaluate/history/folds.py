"""Which outcomes are judged by what was learned from which: blocks of time, or folds drawn by lot."""

from collections.abc import Iterator

import numpy as np

from leadopt.arrays import Bools, Floats, Ints

FIRST = 0.5
"""Share of a dated history that is only learned from."""


def rolling_folds(time: Floats, n_folds: int, first: float = FIRST) -> Ints:
    """Return the block of time of each row, int64 (n_rows,): 0 is only learned from, 1 to n_folds are judged in turn.

    Blocks hold about equally many rows; rows of one time stay together, so a block may be empty.

    Examples
    --------
    >>> rolling_folds(np.array([1.0, 2, 3, 4, 5, 6, 7, 7]), 2)
    array([0, 0, 0, 0, 1, 1, 2, 2])
    """
    earlier = np.searchsorted(np.sort(time), time, side="left") / max(1, len(time))
    block = np.floor((earlier - first) / (1.0 - first) * n_folds + 1e-9).astype(np.int64) + 1
    return np.asarray(np.maximum(block, 0))


def random_folds(n_rows: int, n_folds: int, rng: np.random.Generator) -> Ints:
    """Return the fold of each row, 1 to n_folds, drawn by lot and as equal in size as can be, int64 (n_rows,)."""
    return np.asarray(rng.permutation(np.arange(n_rows) % n_folds) + 1, dtype=np.int64)


def splits(fold: Ints, *, by_time: bool) -> Iterator[tuple[int, Bools, Bools]]:
    """Yield each fold's number, the rows that are learned from and the rows that are judged, as masks."""
    for number in np.unique(fold[fold > 0]).tolist():
        learned = fold < number if by_time else fold != number
        yield number, learned, fold == number
