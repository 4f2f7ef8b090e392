"""The peer: ridge logistic regression on one-hot reps, columns and rep x column, its penalty by cross-validation."""

from typing import Any

import numpy as np

from benchmarks.lift_worlds import Floor

INVERSE_PENALTIES = np.logspace(-2.5, 1.0, 8)
FOLDS = 5


def rates(floor: Floor) -> Any:
    """Return the chances (n_segments, n_reps) that the peer learns from the floor's past.

    Outcomes of one rep and segment are one weighted row, which gives the same fit as a row each.
    """
    shape = (len(floor.rates), floor.n_reps)
    design = _one_hot(floor)
    cell = np.ravel_multi_index((floor.past, floor.rep), shape)
    fold = np.random.default_rng(0).permutation(len(cell)) % FOLDS
    losses = [
        sum(
            _loss(_fitted(design, cell[fold != k], floor.won[fold != k], c), cell[fold == k], floor.won[fold == k])
            for k in range(FOLDS)
        )
        for c in INVERSE_PENALTIES
    ]
    best = INVERSE_PENALTIES[int(np.argmin(losses))]
    return _fitted(design, cell, floor.won, best).reshape(shape)


def _one_hot(floor: Floor) -> Any:
    segment, rep = np.divmod(np.arange(len(floor.rates) * floor.n_reps), floor.n_reps)
    parts = [(rep, floor.n_reps)]
    for code, size in zip(np.unravel_index(segment, floor.sizes), floor.sizes, strict=True):
        parts += [(code, size), (code * floor.n_reps + rep, size * floor.n_reps)]
    return np.hstack([np.eye(size)[code] for code, size in parts])


def _fitted(design: Any, cell: Any, won: Any, inverse_penalty: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    tried = np.bincount(cell, minlength=len(design)).astype(float)
    converted = np.bincount(cell, won, minlength=len(design))
    weight = np.concatenate([converted, tried - converted])
    outcome = np.repeat([1, 0], len(design))
    there = weight > 0
    model = LogisticRegression(C=inverse_penalty, solver="newton-cholesky")
    model.fit(np.vstack([design, design])[there], outcome[there], sample_weight=weight[there])
    return model.predict_proba(design)[:, 1]


def _loss(chance: Any, cell: Any, won: Any) -> float:
    return -float(np.log(np.where(won, chance[cell], 1.0 - chance[cell])).sum())
