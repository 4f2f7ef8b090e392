"""The linear algebra of crossed families, against plain matrices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadopt.learning.effects import crossed as linear
from leadopt.learning.effects import nested
from leadopt.learning.effects.crossed import Crossed


def problem(rng, sizes, n_cells):
    levels = np.array([rng.integers(size, size=n_cells) for size in sizes]).reshape(len(sizes), n_cells)
    crossed = Crossed.of(levels, tuple(sizes))
    design = np.zeros((n_cells, crossed.n_effects))
    design[np.arange(n_cells)[None, :], crossed.places] = 1.0
    return crossed, design, rng.gamma(1.0, 3.0, n_cells), rng.gamma(2.0, 1.0, crossed.n_effects)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 7), max_size=3), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_the_covariance_is_the_inverse_by_blocks(seed, sizes, n_cells):
    crossed, design, weights, precisions = problem(np.random.default_rng(seed), sizes, n_cells)
    solved = crossed.solved(weights, precisions)
    right = np.linalg.inv(design.T @ np.diag(weights) @ design + np.diag(precisions))
    assert solved.covariance == pytest.approx(right, abs=1e-9)
    assert solved.cell_variance() == pytest.approx(np.einsum("ij,jk,ik->i", design, right, design), abs=1e-9)
    for family, part in enumerate(crossed.slices):
        known = right[0, 0] + 2.0 * right[0, part] + np.diagonal(right)[part]
        assert solved.with_base(family, 0.5) == pytest.approx([*known, right[0, 0] + 0.25], abs=1e-9)
    target = np.arange(crossed.n_effects, dtype=float)
    assert solved.times_inverse(target) == pytest.approx(right @ target, abs=1e-7)
    assert crossed.add_up(target) == pytest.approx(design @ target)
    assert crossed.collect(weights) == pytest.approx(design.T @ weights)
    own, share = weights / 5, np.linspace(0, 1, n_cells)
    scatter = np.diag(own) + (share[:, None] * design) @ right @ (share[:, None] * design).T
    assert solved.cell_scatter(own, share) == pytest.approx(scatter, abs=1e-9)


def test_draws_and_conjugate_gradients_agree_with_the_inverse(monkeypatch):
    crossed, design, weights, precisions = problem(np.random.default_rng(0), (12, 8), 200)
    right = np.linalg.inv(design.T @ np.diag(weights) @ design + np.diag(precisions))
    monkeypatch.setattr(linear, "MOST_DENSE", -1)
    monkeypatch.setattr(nested, "MOST_PRODUCTS", 0)
    monkeypatch.setattr(linear, "_MOST_DRAWS", 4_000)
    monkeypatch.setattr(linear, "_DRAWN_TERMS", 10**9)
    solved = crossed.solved(weights, precisions).drawn()
    target = np.linspace(-1, 1, crossed.n_effects)
    assert solved.times_inverse(target) == pytest.approx(right @ target, abs=0.01)
    assert solved.variances() == pytest.approx(np.diagonal(right), rel=0.1)
    assert solved.cell_variance() == pytest.approx(np.einsum("ij,jk,ik->i", design, right, design), rel=0.1)
    assert np.cov(solved.draw(20_000, np.random.default_rng(1)).T) == pytest.approx(right, abs=0.01)


def test_a_level_never_seen_adds_nothing():
    crossed, _, weights, precisions = problem(np.random.default_rng(1), (3, 2), 20)
    solved = crossed.solved(weights, precisions)
    mean = np.arange(6.0)
    value, variance = solved.sum_of(mean, [np.array([3, 0]), np.array([2, 2])])
    assert value.tolist() == [0.0, 1.0]
    assert variance[0] == pytest.approx(solved.covariance[0, 0])
