"""Ridge logistic regression on one-hot reps, columns and rep x column: cross-validated, and as good as can be."""

from typing import Any

import numpy as np

from benchmarks.lift_worlds import STRENGTHS, Floor, World

INVERSE_PENALTIES = np.logspace(-2.5, 0.5, 7)
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


def with_known_spreads(floor: Floor, world: World) -> Any:
    """Return the chances (n_segments, n_reps) as far as they can be known: the true spreads are the priors.

    The mode of all effects, and the mean of the logit's normal approximation around it (MacKay's probit formula).
    """
    shape = (len(floor.rates), floor.n_reps)
    design = _scaled_one_hot(floor, world)
    cell = np.ravel_multi_index((floor.past, floor.rep), shape)
    model = _model(design, cell, floor.won, 1.0)
    logit = model.decision_function(design)
    chance = 1.0 / (1.0 + np.exp(-logit))
    weight = np.bincount(cell, minlength=design.shape[0]) * chance * (1.0 - chance)
    dense = design.toarray()
    covariance = np.linalg.inv((dense.T * weight) @ dense + np.eye(dense.shape[1]))
    variance = ((dense @ covariance) * dense).sum(axis=1)
    return (1.0 / (1.0 + np.exp(-logit / np.sqrt(1.0 + np.pi * variance / 8.0)))).reshape(shape)


def _scaled_one_hot(floor: Floor, world: World) -> Any:
    """Return one column for each effect, times its true standard deviation."""
    part = 1.0 / np.sqrt(len(floor.sizes))
    spreads = [STRENGTHS.rep_sd] + [STRENGTHS.segment_sd * part, world.interaction_sd * part] * len(floor.sizes)
    parts = _parts(floor)
    if not world.by_column:
        cells = np.arange(len(floor.rates) * floor.n_reps)
        parts = [parts[0], *parts[1::2], (cells, len(cells))]
        spreads = [STRENGTHS.rep_sd] + [STRENGTHS.segment_sd * part] * len(floor.sizes) + [world.interaction_sd]
    return _stacked([part for part, spread in zip(parts, spreads, strict=True) if spread], [s for s in spreads if s])


def _parts(floor: Floor) -> list[tuple[Any, int]]:
    """Return the level of each pair of segment and rep in each family, and how many levels that has."""
    segment, rep = np.divmod(np.arange(len(floor.rates) * floor.n_reps), floor.n_reps)
    parts = [(rep, floor.n_reps)]
    for code, size in zip(np.unravel_index(segment, floor.sizes), floor.sizes, strict=True):
        parts += [(code, size), (code * floor.n_reps + rep, size * floor.n_reps)]
    return parts


def _one_hot(floor: Floor) -> Any:
    return _stacked(_parts(floor), [1.0] * (1 + 2 * len(floor.sizes)))


def _stacked(parts: Any, scales: Any) -> Any:
    from scipy.sparse import csr_array, hstack

    n = len(parts[0][0])
    blocks = [
        csr_array((np.full(n, scale), (np.arange(n), code)), shape=(n, size))
        for (code, size), scale in zip(parts, scales, strict=True)
    ]
    return hstack(blocks, format="csr")


def _fitted(design: Any, cell: Any, won: Any, inverse_penalty: float) -> Any:
    return _model(design, cell, won, inverse_penalty).predict_proba(design)[:, 1]


def _model(design: Any, cell: Any, won: Any, inverse_penalty: float) -> Any:
    from scipy.sparse import vstack
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    n = design.shape[0]
    tried = np.bincount(cell, minlength=n).astype(float)
    converted = np.bincount(cell, won, minlength=n)
    weight = np.concatenate([converted, tried - converted])
    there = np.flatnonzero(weight)
    model = LogisticRegression(C=inverse_penalty, tol=1e-6, max_iter=2000)
    with threadpool_limits(1):  # so little work gains nothing from threads, which wait for each other on a busy machine
        return model.fit(vstack([design, design], format="csr")[there], there < n, sample_weight=weight[there])


def _loss(chance: Any, cell: Any, won: Any) -> float:
    return -float(np.log(np.where(won, chance[cell], 1.0 - chance[cell])).sum())
